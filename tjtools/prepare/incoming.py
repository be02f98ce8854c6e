"""Files on their way into the workspace: what a browser sends, until all of it is there.

`uploaded/incoming/20261128T120000-1a2b3c4d/` is one transfer. In it a file has a number for a name, so that no name can
lead anywhere; when all are whole they get their own names, folder by folder, and are a delivery as any other. What is
there is a session's file never.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA
from tjtools.model.errors import WorkspaceError, translated
from tjtools.model.names import ending, is_source
from tjtools.prepare.besides import UNREADY, kinds_of
from tjtools.prepare.intake import Intake
from tjtools.workspace.folder import Workspace

QUIET = 120.0  # seconds without a change after which a transfer is taken for cut off
WAITS = 86_400.0  # seconds for which a whole one waits for a person's word
_WHOLE = "files"
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
        """Whether it is an image or a video by its name, or may hold some."""
        return self._ending in {*MEDIA, *OTHER_MEDIA, *UNREADY} and not self.is_hidden

    @property
    def is_hidden(self) -> bool:
        """Whether nobody means it."""
        return any(part.startswith(".") for part in self.parts)

    @property
    def _ending(self) -> str:
        return ending(self.parts[-1].rstrip(" ."))

    @property
    def why_not(self) -> str:
        """Why it is not even sent; `""` where it is."""
        if any(part in ("", "..") or set(part) & {"\\", "\0"} for part in self.parts):
            return "its name is a path, not a file's name: rename it"
        source = "ORG_ files are sources that were converted" if is_source(self.parts[-1]) else ""
        return UNREADY.get(self._ending, source)


class Incoming(NamedTuple):
    """One transfer: its folder, the files that are to come, by the names under which they are sent, and the others.

    `passed_over` counts what is no image or video by its name, by the names' endings.
    """

    folder: Path
    files: dict[str, Offered]
    left_out: tuple[tuple[Path, str], ...] = ()
    passed_over: Mapping[str, int] = MappingProxyType({})

    @classmethod
    def begin(cls, workspace: Workspace, offered: Iterable[Offered], *, now: datetime) -> Incoming:
        """Make room for what is media; raises TrackingFileError where the disk does not take it."""
        offered = [*offered]
        media = [(f"{number:05}.part", one) for number, one in enumerate(offered) if one.is_media]
        files = {name: one for name, one in media if not one.why_not}
        others = [one for one in offered if not (one.is_media or one.is_hidden)]
        folder = workspace.incoming / f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        workspace.guard(folder)
        if files:
            with translated(folder, "made"):
                folder.mkdir(parents=True)
        left_out = tuple((Path(one.path), one.why_not) for _, one in media if one.why_not)
        return cls(folder, files, left_out, kinds_of(one.parts[-1] for one in others))

    @property
    def whole(self) -> Path:
        """The folder in which the files have their own names when all are there."""
        return self.folder / _WHOLE

    @property
    def media(self) -> Path:
        """The folder to look through: the one that was dropped, or what holds them all."""
        inside = [*self.whole.iterdir()]
        return inside[0] if len(inside) == 1 and inside[0].is_dir() else self.whole

    def place(self, path: Path) -> str:
        """What a person who dropped a file or a folder calls it."""
        return path.relative_to(self.whole).as_posix()

    def arrived(self) -> Incoming:
        """Give each file its own name; what the disk can't name so joins those left out.

        Raises WorkspaceError, with nothing left of it, where a file is not whole.
        """
        for name, one in self.files.items():
            path = self.folder / name
            came = path.stat().st_size if path.is_file() else 0
            if came != one.size:
                self.discard()
                raise WorkspaceError(f"{came:,} of {one.size:,} bytes of {one.parts[-1]} came.", remedy=_AGAIN)
        with translated(self.folder, "made"):
            self.whole.mkdir()
        unnamed = [(Path(one.path), why) for name, one in self.files.items() if (why := self._named(name, one))]
        return self._replace(left_out=(*self.left_out, *unnamed))

    def _named(self, name: str, one: Offered) -> str:
        target = self.whole.joinpath(*one.parts)
        try:
            if os.path.lexists(target):
                return "another dropped file has this name"
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).rename(target)
        except (OSError, ValueError) as error:
            return f"this disk can't hold its name: {getattr(error, 'strerror', '') or error}"
        return ""

    def discard(self) -> None:
        """Remove it all."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()  # the last one


def as_dropped(intake: Intake, incoming: Incoming) -> Intake:
    """The same with each file called by its path in what was dropped: it lies nowhere else on this machine."""
    taken = [one._replace(row={**one.row, "source_path": incoming.place(one.source)}) for one in intake.taken]
    left_out = [(Path(incoming.place(path)), why) for path, why in intake.left_out]
    left_out = [*incoming.left_out, *left_out]
    return intake._replace(taken=tuple(taken), left_out=tuple(left_out), passed_over=incoming.passed_over)


def clear_cut_off(workspace: Workspace) -> int:
    """Remove what transfers left that were cut off, and say how many; one that goes on somewhere stays.

    So does, for a day, one that is whole: somebody is asked about it.
    """
    home, cut_off = workspace.incoming, 0
    if not home.is_dir() or home.is_symlink():
        return 0
    for folder in sorted(home.glob("*/")):
        patience = WAITS if (folder / _WHOLE).is_dir() else QUIET
        with suppress(OSError):
            if time.time() - max(one.lstat().st_mtime for one in (folder, *folder.iterdir())) > patience:
                Incoming(folder, {}).discard()
                cut_off += 1
    return cut_off
