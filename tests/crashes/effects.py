"""In a child process: every effect on the workspace and the site is counted, and one of them may be its last.

An effect is a write, an fsync, a file created, emptied, replaced, linked, removed or cut, a change of the cache that is
committed, and each hand-over of files to the site with each word that the site says of them. Its name is what it does
and to which file, `fsync log.jsonl`; the third one of that name is `fsync log.jsonl`, 3.

Nothing of the package knows of it: Python's own ways to the disk are replaced before the work begins.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial, wraps
from pathlib import Path
from typing import Any, NamedTuple

BEFORE, TORN, AFTER = "before", "torn", "after"
_CHANGING = re.compile(r"[wax+]")
_TIME = re.compile(r"\d{8}[T_]\d{6}(-[0-9a-f]{8}|-\d{3})?")
_ID = re.compile(r"(?<=ID-)[0-9A-F]{8}")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_FileIO, _open = io.FileIO, io.open


class Kill(NamedTuple):
    """Which effect is the last: its name, how many of that name there were with it, and at which moment of it."""

    effect: str
    number: int
    moment: str


class Effects:
    """The effects below one folder; each is told to `tell` with its name before it happens."""

    def __init__(self, folder: Path, tell: Callable[[str], None], kill: Kill | None) -> None:
        self.folder = os.path.realpath(folder)
        self.tell = tell
        self.kill = kill
        self.count: Counter[str] = Counter()

    @contextmanager
    def each(self, name: str) -> Iterator[bool]:
        """One effect happens inside; True where it has to stop half-way."""
        self.count[name] += 1
        self.tell(name)
        moment = self.kill.moment if self.kill and self.kill[:2] == (name, self.count[name]) else ""
        if moment == BEFORE:
            end()
        yield moment == TORN
        if moment == AFTER:
            end()

    def name(self, done: str, path: object) -> str:
        """The effect's name; `""` for a file that is not below the folder, or a lock, which holds nothing."""
        if isinstance(path, int):
            path = _path_of(path)
        full = os.path.realpath(os.path.dirname(os.fsdecode(path)))  # type: ignore[call-overload]  # noqa: PTH120
        if not f"{full}/".startswith(f"{self.folder}/") or os.path.basename(full) == "locks":  # noqa: PTH119
            return ""
        shown = os.path.basename(os.fsdecode(path)) or os.path.basename(full)  # type: ignore[call-overload]  # noqa: PTH119
        return f"{done} {_ID.sub('ID', _CHECKSUM.sub('CHECKSUM', _TIME.sub('TIME', shown)))}"

    def watch(self) -> None:
        """Replace Python's ways to the disk and Playwright's way to the site, for good."""
        self._watch_files()
        for done, module, name in (
            ("fsync", os, "fsync"),
            ("replace", os, "replace"),
            ("rename", os, "rename"),
            ("link", os, "link"),
            ("remove", os, "unlink"),
            ("remove", os, "remove"),
            ("cut", os, "truncate"),
            ("cut", os, "ftruncate"),
            ("create", os, "open"),
        ):
            setattr(module, name, self._watched(done, getattr(module, name), where=1 if done in _TARGETS else 0))
        self._watch_cache()
        self._watch_site()

    def _watched(self, done: str, real: Callable[..., Any], *, where: int) -> Callable[..., Any]:
        @wraps(real)
        def watched(*args: Any, **more: Any) -> Any:
            changes = _makes(args[0], args[1]) if done == "create" else done != "remove" or os.path.lexists(args[0])
            if not changes:
                return real(*args, **more)
            if not (name := self.name(done, args[where])):
                return real(*args, **more)
            with self.each(name):
                return real(*args, **more)

        return watched

    def _watch_files(self) -> None:
        effects = self

        class Watched(_FileIO):
            """A file that is made, emptied, written and cut as effects."""

            def __init__(self, file: Any, mode: str = "r", *args: Any, **more: Any) -> None:
                flags = os.O_TRUNC if "w" in mode else os.O_CREAT if _CHANGING.search(mode) else 0
                made = not isinstance(file, int) and _makes(file, flags) and effects.name("create", file)
                with effects.each(made) if made else nullcontext():
                    super().__init__(file, mode, *args, **more)

            def write(self, data: Any) -> int:
                name = effects.name("write", self.fileno())
                if not name:
                    return super().write(data)
                with effects.each(name) as torn:
                    if torn:
                        super().write(memoryview(data).cast("B")[: memoryview(data).nbytes // 2])
                        end()
                    return super().write(data)

            def truncate(self, size: int | None = None) -> int:
                with effects.each(effects.name("cut", self.fileno())):
                    return super().truncate(size)

        def opened(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **more: Any) -> Any:
            if not _CHANGING.search(mode) or not effects.name("create", file):
                return _open(file, mode, buffering, *args, **more)
            raw = Watched(file, mode.replace("b", "").replace("t", ""))
            return _layered(raw, mode, buffering, *args, **more)

        io.FileIO = Watched  # type: ignore[misc]
        io.open = builtins.open = opened  # type: ignore[assignment]
        shutil._USE_CP_SENDFILE = False  # type: ignore[attr-defined]  # copies go through `open` too
        import tjtools.workspace.disk

        tjtools.workspace.disk.FileIO = Watched  # type: ignore[misc]

    def _watch_cache(self) -> None:
        """SQLite writes by itself: it is ended in the middle of a change, and after one."""
        effects, connect = self, sqlite3.connect

        class Watched(sqlite3.Connection):
            def commit(self) -> None:
                with effects.each("commit cache"):
                    super().commit()

        sqlite3.connect = partial(connect, factory=Watched)  # type: ignore[assignment]

    def _watch_site(self) -> None:
        from playwright.async_api import Locator

        from tjtools.site import Site

        give, follow = Locator.set_input_files, Site.hand_over

        async def given(field: Locator, *args: Any, **more: Any) -> None:
            with self.each("hand over files"):
                await give(field, *args, **more)

        def followed(site: Site, paths: Sequence[Path], told: Callable[..., None], **more: Any) -> Any:
            def hear(name: str, result: Any) -> None:
                with self.each(f"hear {result.state.value}"):
                    told(name, result)

            return follow(site, paths, hear, **more)

        Locator.set_input_files, Site.hand_over = given, followed  # type: ignore[method-assign, assignment]


_TARGETS = {"replace", "rename", "link"}


def end() -> None:
    """As the kernel ends a process: nothing is flushed, nobody says goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def _path_of(descriptor: int) -> str:
    path = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
    return f"{path}/" if os.path.isdir(path) else path  # noqa: PTH112


def _makes(path: Any, flags: int) -> bool:
    """Whether opening creates the file, or empties one that has something in it."""
    if not flags & (os.O_CREAT | os.O_TRUNC):
        return False
    try:
        return bool(flags & os.O_TRUNC and os.stat(path).st_size)  # noqa: PTH116
    except FileNotFoundError:
        return True


def _layered(raw: io.FileIO, mode: str, buffering: int, *args: Any, **more: Any) -> Any:
    """The buffers and the text over a raw file, as `open` would put them."""
    if buffering == 0:
        return raw
    changed = "+" in mode
    binary = io.BufferedRandom(raw) if changed else io.BufferedWriter(raw)
    return binary if "b" in mode else io.TextIOWrapper(binary, *args, **more)
