"""Copies of a tracking file as it was before a rewrite, in `tracking/.tjtools/backups/`.

A backup is called like the file with the time (UTC) before its ending, `TJ_Creative_Library.20251113T120000.csv`, and
holds the bytes of the file as they were. The last twenty of each file are kept.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

KEPT = 20


def private_folder(path: Path) -> Path:
    """The folder for what only our programs read, for a tracking file or one of the workspace's other CSV files.

    >>> private_folder(Path("shop/tracking/Upload_CSV/Batch001_Native.csv")).as_posix()
    'shop/tracking/.tjtools'
    """
    tracking = next((folder for folder in path.parents if folder.name == "tracking"), path.parent)
    return tracking / ".tjtools"


def keep(path: Path, now: datetime) -> Path:
    """Keep the file as it is under the time `now`, and drop the oldest backups beyond `KEPT`; the caller has the lock.

    A hard link where the file system can, else a copy. Raises OSError if neither can be made.
    """
    folder = private_folder(path) / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    backup = _free_name(folder, path, now)
    try:
        os.link(path, backup)
    except OSError:
        import shutil  # rarely needed, and slow to import

        shutil.copy2(path, backup)
    older = [other for other in backups_of(path) if other != backup]
    for other in older[: max(len(older) - KEPT + 1, 0)]:
        other.unlink()
    return backup


def backups_of(path: Path) -> list[Path]:
    """The backups of a tracking file, oldest first by the time in their names."""
    return sorted((private_folder(path) / "backups").glob(f"{path.stem}.[0-9]*T[0-9]*{path.suffix}"))


def _free_name(folder: Path, path: Path, now: datetime) -> Path:
    time = f"{now.astimezone(UTC):%Y%m%dT%H%M%S}"
    for number in range(1000):
        backup = folder / f"{path.stem}.{time}{f'-{number:03}' if number else ''}{path.suffix}"
        if not backup.exists():
            return backup
    raise FileExistsError(f"{folder} holds a thousand backups of one second")
