"""Files on their way into the workspace: what a browser sends, until all of it is there.

`uploaded/incoming/20261128T120000-1a2b3c4d/` is one transfer. In it a file has a number for a name, so that no name can
lead anywhere; when all are whole they get their own names, folder by folder. What is there is a session's file never.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA
from tjtools.media.content import LookedAt
from tjtools.model.errors import TrackingFileError, WorkspaceError, translated
from tjtools.model.names import is_source
from tjtools.prepare.delivery import AS_IS, look_through
from tjtools.prepare.intake import Intake, plan_session
from tjtools.prepare.session import alone, write_session
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace

QUIET = 120.0  # seconds without a change after which a transfer is taken for cut off
_AGAIN = "Drop the files again."


class Offered(NamedTuple):
    """A file that the browser offers: its path below what was dropped, with `/`, and how many bytes it has."""

    path: str
    size: int

    @property
    def parts(self) -> tuple[str, ...]:
        """Its folders and its name."""
        return tuple(self.path.split("/"))

    @property
    def is_media(self) -> bool:
        """Whether it is an image or a video by its name; of others nobody says a word."""
        ending = self.parts[-1].rstrip(" .").rpartition(".")[2].lower()
        return ending in MEDIA | OTHER_MEDIA and not any(part.startswith(".") for part in self.parts)

    @property
    def why_not(self) -> str:
        """Why it is not even sent; `""` where it is."""
        if any(part in ("", "..") or set(part) & {"\\", "\0"} for part in self.parts):
            return "its name is a path, not a file's name: rename it"
        return "ORG_ files are sources that were converted" if is_source(self.parts[-1]) else ""


class Incoming(NamedTuple):
    """One transfer: its folder, the files that are to come, by the names under which they are sent, and the others."""

    folder: Path
    files: dict[str, Offered]
    left_out: tuple[tuple[Path, str], ...] = ()

    @classmethod
    def begin(cls, workspace: Workspace, offered: Iterable[Offered], *, now: datetime) -> Incoming:
        """Make room for what is media; raises TrackingFileError where the disk does not take it."""
        media = [(f"{number:05}.part", one) for number, one in enumerate(offered) if one.is_media]
        files = {name: one for name, one in media if not one.why_not}
        folder = _home(workspace) / f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        workspace.guard(folder)
        if files:
            with translated(folder, "made"):
                folder.mkdir(parents=True)
        return cls(folder, files, tuple((Path(one.path), one.why_not) for _, one in media if one.why_not))

    def discard(self) -> None:
        """Remove it all."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()  # the last one


def take_in(
    workspace: Workspace,
    incoming: Incoming,
    *,
    now: datetime,
    progress: Callable[[LookedAt], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Intake:
    """Add what has come to the session, as `tjtools session DIR` would; nothing else of it stays.

    Raises WorkspaceError, with nothing taken, where a file is not whole, and what `look_through` and `write_session`
    raise.
    """
    with locked(workspace.tracking / "incoming"), alone(workspace, now=now):
        try:
            unnamed, media = _named(incoming), incoming.folder / "files"
            delivery = look_through(workspace, media, AS_IS, progress=progress, cancelled=cancelled)
            found = plan_session(workspace, delivery, now=now)
            taken = [one._replace(row={**one.row, "source_path": _below(one.source, media)}) for one in found.taken]
            made = write_session(workspace, found._replace(taken=tuple(taken)), folder="the desk", now=now)
            left_out = [(Path(_below(path, media)), why) for path, why in made.left_out]
            return made._replace(left_out=(*incoming.left_out, *unnamed, *left_out))
        finally:
            incoming.discard()


def _named(incoming: Incoming) -> list[tuple[Path, str]]:
    """Give each file its own name; returns those that the disk can't name so, each with the reason."""
    for name, one in incoming.files.items():
        path = incoming.folder / name
        came = path.stat().st_size if path.is_file() else 0
        if came != one.size:
            raise WorkspaceError(f"{came:,} of {one.size:,} bytes of {one.parts[-1]} came.", remedy=_AGAIN)
    unnamed = []
    (incoming.folder / "files").mkdir()
    for name, one in incoming.files.items():
        target = incoming.folder.joinpath("files", *one.parts)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            (incoming.folder / name).rename(target)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", "") or str(error)
            unnamed.append((Path(one.path), f"this disk can't hold its name: {why}"))
    return unnamed


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def clear_cut_off(workspace: Workspace) -> int:
    """Remove what transfers left that were cut off, and say how many; one that goes on somewhere stays."""
    home, cut_off = _home(workspace), 0
    if not home.is_dir() or home.is_symlink():
        return 0
    with suppress(OSError, TrackingFileError), locked(workspace.tracking / "incoming", patience=0):
        for folder in sorted(home.iterdir()):
            if time.time() - max(one.lstat().st_mtime for one in (folder, *folder.iterdir())) > QUIET:
                Incoming(folder, {}).discard()
                cut_off += 1
    return cut_off


def _home(workspace: Workspace) -> Path:
    return workspace.root / "uploaded" / "incoming"
