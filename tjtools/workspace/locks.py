"""One writer at a time: a lock for each tracking file, and whether the disk keeps locks at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tjtools.model.errors import TrackingFileError, translated
from tjtools.workspace import backups

NO_LOCKS = "the file system takes no locks, as some network shares: two programs could write at once."
LOCAL_DISK = "Move the workspace to a disk of this machine, or mount the share with locks."
_PATIENCE = 60.0  # seconds to wait for another process that writes
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def locked(path: Path, *, patience: float = _PATIENCE) -> Iterator[None]:
    """Keep every other process of ours from writing this file; re-entrant in one thread.

    The lock lies in `tracking/.tjtools/locks/`, and ends with the process that holds it. A person's `echo >>` does not
    heed it. Raises TrackingFileError if another process holds it for a minute, if the folder can't be written, or if
    its file system has no locks.
    """
    from filelock import FileLock, Timeout

    folder = backups.private_folder(path.absolute()) / "locks"
    with translated(path, "locked"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{path.name}.lock", timeout=patience, is_singleton=True, fallback_to_soft=False)
        try:
            lock.acquire(poll_interval=0.005)
        except Timeout as error:
            told = "another process has been writing it for a minute."
            raise TrackingFileError(told, path=path, remedy="Wait for it, or end it.") from error
        except OSError as error:
            if error.errno in _NO_LOCKS:
                raise TrackingFileError(NO_LOCKS, path=folder, remedy=LOCAL_DISK) from error
            raise
    try:
        yield
    finally:
        lock.release()


def locks_hold(folder: Path) -> bool:
    """Whether the folder's file system keeps a second holder out; some network shares only say that they do.

    Raises OSError where it takes no locks at all.
    """
    from filelock import lock_descriptor

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"probe.{os.getpid()}.lock"
    try:
        with path.open("w") as one, path.open("w") as other:
            lock_descriptor(one.fileno(), blocking=False)
            return not lock_descriptor(other.fileno(), blocking=False)
    finally:
        path.unlink(missing_ok=True)
