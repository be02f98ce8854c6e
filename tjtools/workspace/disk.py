"""What is put on the disk, by one process at a time: locks, appends, the one atomic replace, and what was before.

`tracking/.tjtools/backups/TJ_Creative_Library.20251113T120000.csv` is a file as it was (time in UTC): the last twenty
of each. With the snapshots they take at most a gigabyte: the oldest go first, never the newest of a file.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from itertools import count
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tjtools.model.errors import TrackingFileError, translated

log = logging.getLogger("tjtools")

KEPT = 20
ROOM = 1 << 30  # bytes, of backups and snapshots together
NO_LOCKS = "the file system takes no locks, as some network shares: two programs could write at once."
LOCAL_DISK = "Move the workspace to a disk of this machine, or mount the share with locks."
_PATIENCE = 60.0  # seconds to wait for another process that writes
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_TAIL = 1 << 22  # bytes that are compared to tell a file that has grown from one that was edited: all of most files


def private_folder(path: Path) -> Path:
    """The folder for what only our programs read, for a tracking file or one of the workspace's other CSV files.

    >>> private_folder(Path("shop/tracking/Upload_CSV/Batch001_Native.csv")).as_posix()
    'shop/tracking/.tjtools'
    """
    tracking = next((folder for folder in path.parents if folder.name == "tracking"), path.parent)
    return tracking / ".tjtools"


@contextmanager
def locked(path: Path, *, patience: float = _PATIENCE) -> Iterator[None]:
    """Keep every other process of ours from writing this file; re-entrant in one thread.

    The lock ends with the process that holds it; a person's `echo >>` does not heed it. Raises TrackingFileError if
    another process holds it for a minute, if the folder can't be written, or if its file system has no locks.
    """
    from filelock import FileLock, Timeout

    folder = private_folder(path.absolute()) / "locks"
    with translated(path, "locked"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{path.name}.lock", is_singleton=True, fallback_to_soft=False)
        try:
            lock.acquire(patience, poll_interval=0.005)
        except Timeout as error:
            told = "another process has been writing it for a minute."
            raise TrackingFileError(told, path=path, remedy="Wait for it, or end it.") from error
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise TrackingFileError(NO_LOCKS, path=folder, remedy=LOCAL_DISK) from error
            raise
    try:
        yield
    finally:
        lock.release()


def locks_hold(folder: Path) -> bool:
    """Whether locks keep a second holder out, as some network shares only say; OSError where there are none at all."""
    from filelock import lock_descriptor

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"probe.{os.getpid()}.lock"
    try:
        with path.open("w") as one, path.open("w") as other:
            lock_descriptor(one.fileno(), blocking=False)
            return not lock_descriptor(other.fileno(), blocking=False)
    finally:
        path.unlink(missing_ok=True)


class Seen(NamedTuple):
    """How much of which file was read: `size` bytes, the last of them `tail`; as it is made, no file at all."""

    device: int = 0
    inode: int = 0
    size: int = 0
    changed: int = 0
    tail: bytes = b""

    def follow(self, path: Path) -> tuple[Seen, bytes, bool]:
        """What was appended since, or all and True where it is another file now; a missing file has nothing.

        Raises TrackingFileError if the disk can't be read.
        """
        with translated(path, "read"), suppress(FileNotFoundError), path.open("rb") as file:
            if self.holds(file):
                return self, b"", False
            begun = self.begins(file)
            file.seek(self.size if begun else 0)
            data = file.read()
            stat, size = os.fstat(file.fileno()), file.tell()
            changed = stat.st_mtime_ns if stat.st_size == size else 0  # it grew meanwhile: it is to be looked at again
            tail = ((self.tail if begun else b"") + data[-_TAIL:])[-_TAIL:]
            return Seen(stat.st_dev, stat.st_ino, size, changed, tail), data, not begun
        return Seen(), b"", True

    def holds(self, file: BinaryIO) -> bool:
        """Whether the file is as it was."""
        stat = os.fstat(file.fileno())
        return self[:4] == (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)

    def begins(self, file: BinaryIO) -> bool:
        """Whether the file has only grown since, as far as its tail tells."""
        stat = os.fstat(file.fileno())
        if (stat.st_dev, stat.st_ino) != self[:2] or stat.st_size <= self.size:
            return False
        file.seek(self.size - len(self.tail))
        return file.read(len(self.tail)) == self.tail


def append_lines(path: Path, lines: list[bytes]) -> None:
    """Append whole lines in one write, on the disk when this returns, or none of them; raises OSError."""
    created = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileIO(path, "ab+") as file:
        begun = _at_line(file, file.seek(0, os.SEEK_END))
        _write_whole(file, (b"" if begun else b"\n") + b"".join(lines))
        # A person's printf can have slipped in between, without a newline: then our first line is glued to it.
        while not _at_line(file, file.tell() - sum(map(len, lines))):
            lines = lines[:1]
            _write_whole(file, b"\n" + lines[0])
        os.fsync(file.fileno())
    if created:
        sync(path.parent)


def _at_line(file: FileIO, at: int) -> bool:
    here = file.tell()
    file.seek(max(at - 1, 0))
    found = at == 0 or file.read(1) == b"\n"
    file.seek(here)
    return found


def _write_whole(file: FileIO, data: bytes) -> None:
    """Write all of it or nothing: what a full disk took is cut off again, unless somebody wrote behind it."""
    done = 0
    try:
        while done < len(data):
            done += file.write(data[done:])
    except OSError:
        end = file.tell()
        if done and file.seek(0, os.SEEK_END) == end:
            file.truncate(end - done)
        raise


def replace_file(path: Path, data: bytes, *, backup: datetime | None = None, seen: Seen | None = None) -> None:
    """Put `data` in the place of the file, which a reader sees as it was or as it is then; the caller has the lock.

    `backup` is the time under which the old file is kept. `seen` is what `data` takes into account of a file that
    others write too: lines that they have appended since, until the last moment, are brought over, and another file is
    kept as a backup. Raises TrackingFileError; the old file is then as it was.
    """
    with translated(path, "written"):
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.tmp")  # one name: what a killed process left is written over
        with _held(target, seen) as (others, changed):
            try:
                _write_synced(temporary, data, like=target)
                while late := _lines(others):
                    append_lines(temporary, late)
                time = backup or changed
                if time and target.exists():
                    keep(target, time)
                if others and sys.platform == "win32":
                    others.close()  # it replaces none that is open
                temporary.replace(target)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            sync(target.parent)
            if late := _lines(others):
                append_lines(target, late)


@contextmanager
def _held(path: Path, seen: Seen | None) -> Iterator[tuple[BinaryIO | None, datetime | None]]:
    """The file, open behind what was `seen` of it, and when another program put its own version there."""
    if seen is None or not path.exists():
        yield None, None
        return
    with path.open("rb", buffering=0) as file:
        if seen.holds(file) or seen.begins(file):
            file.seek(seen.size)
            yield file, None
        else:
            log.warning("%s: another program has changed it meanwhile; its version is a backup now", path.name)
            changed = os.fstat(file.fileno()).st_mtime
            file.seek(0, os.SEEK_END)
            yield file, datetime.fromtimestamp(changed).astimezone()


def _lines(file: BinaryIO | None) -> list[bytes]:
    late = file.read() if file and not file.closed else b""
    return [line + b"\n" for line in late.split(b"\n") if line]


def _write_synced(path: Path, data: bytes, *, like: Path) -> None:
    """Write a file with the rights of another, if there is one, from its first byte."""
    rights = like.stat().st_mode & 0o777 if like.exists() else None
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, _NEW, 0o666 if rights is None else rights & 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if rights is not None:
        path.chmod(rights)


def sync(path: Path) -> None:
    """See to it that a folder's names, or a file that another program wrote, are on the disk; raises OSError."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    with suppress(OSError):  # some network file systems can't, for a folder
        os.fsync(descriptor)
    os.close(descriptor)


def keep(path: Path, now: datetime) -> Path:
    """Keep the file as it is under the time `now`, and drop the oldest beyond the bounds; the caller has the lock.

    Raises OSError as `keep_as` does.
    """
    folder = private_folder(path) / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    begun = f"{path.stem}.{now.astimezone(UTC):%Y%m%dT%H%M%S}"
    names = (folder / f"{begun}{f'-{number:03}' if number else ''}{path.suffix}" for number in count())
    backup = next(name for name in names if not name.exists())
    keep_as(path, backup)
    older = [other for other in backups_of(path) if other != backup]
    for other in older[: max(len(older) - KEPT + 1, 0)]:
        other.unlink(missing_ok=True)
    bound(folder.parent, but=backup)
    return backup


def keep_as(path: Path, other: Path) -> None:
    """Keep a file that is about to be replaced: a hard link where the file system can, else a copy; raises OSError."""
    try:
        os.link(path, other)
    except OSError:
        import shutil  # rarely needed, and slow to import

        shutil.copy2(path, other)


def bound(private: Path, *, but: Path | None = None) -> None:
    """Drop the oldest backups and snapshots beyond `ROOM`, never the newest of a file, nor `but`; raises OSError."""
    found = {}
    for path in (path for folder in ("backups", "snapshots") for path in (private / folder).glob("*")):
        begun, _, time = path.stem.rpartition(".")
        if path.suffix != ".json" and time[:1].isdigit() and "T" in time:
            with suppress(FileNotFoundError):  # another process has dropped it meanwhile
                found[time, path] = (path.parent, begun, path.suffix), path.stat().st_size
    newest = {file: path for (_, path), (file, _) in sorted(found.items())}
    total = sum(size for _, size in found.values())
    for (_, path), (file, size) in sorted(found.items()):
        if total > ROOM and path not in (but, newest[file]):
            total -= size
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)


def backups_of(path: Path) -> list[Path]:
    """The backups of a tracking file, oldest first by the time in their names."""
    return sorted((private_folder(path) / "backups").glob(f"{path.stem}.[0-9]*T[0-9]*{path.suffix}"))
