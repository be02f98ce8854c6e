"""What was: tracking files before each rewrite, and the library as each refresh left it, in one bounded store.

`tracking/.tjtools/backups/` holds a file's bytes under its name with the time (UTC) before the ending,
`TJ_Creative_Library.20251113T120000.csv`: the last twenty of each file. `tracking/.tjtools/snapshots/` holds what
`tjtools.cache.snapshots` keeps. Together they take at most a gigabyte: the oldest go first, never the newest of a file.
Where no backup is asked for, the last five of a file stay all the same, as `creative_inventory.replaced-000001.csv`.

A backup is the file itself under a second name, where the file system has hard links. Whoever had it open before it was
replaced (a person's `echo … >>`) writes into the backup: `tracking/.tjtools/lengths/NAME.csv.json` says up to where
each is known, so that what came later is brought over when the file is next read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

KEPT = 20
ROOM = 1 << 30  # bytes, of backups and snapshots together
_REPLACED = ".replaced-"  # and a number, instead of the time
PASSING = 5  # of the files of which no backup was asked for: a person may still have one of the last open


def private_folder(path: Path) -> Path:
    """The folder for what only our programs read, for a tracking file or one of the workspace's other CSV files.

    >>> private_folder(Path("shop/tracking/Upload_CSV/Batch001_Native.csv")).as_posix()
    'shop/tracking/.tjtools'
    """
    tracking = next((folder for folder in path.parents if folder.name == "tracking"), path.parent)
    return tracking / ".tjtools"


def keep(path: Path, now: datetime | None) -> Path:
    """Keep the file as it is under the time `now`, and drop the oldest beyond the bounds; the caller has the lock.

    Without a time, it is kept only until the fifth such call after it. A hard link where the file system can, else a
    copy. Raises OSError if neither can be made.
    """
    folder = private_folder(path) / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    backup = _free_name(folder, path, now) if now else _passing_name(folder, path)
    try:
        os.link(path, backup)
    except OSError:
        import shutil  # rarely needed, and slow to import

        shutil.copy2(path, backup)
    kept, most = (backups_of(path), KEPT) if now else (_passing(folder, path), PASSING)
    older = [other for other in kept if other != backup]
    for other in older[: max(len(older) - most + 1, 0)]:
        other.unlink(missing_ok=True)
    bound(folder.parent, but=backup)
    return backup


def bound(private: Path, *, but: Path | None = None) -> None:
    """Drop the oldest backups and snapshots beyond `ROOM`, but not the newest of each file, nor `but`; raises OSError.

    Files without a time, of which no backup was asked for, go before all others.
    """
    found = sorted(_stored(private), key=lambda path: _time_of(path) or "")
    newest = {(path.parent, _name_of(path)): path for path in found}
    sizes = {path: size for path in found if (size := _size_of(path)) is not None}
    total = sum(sizes.values())
    for path, size in sizes.items():
        if total > ROOM and path != but and path not in newest.values():
            total -= size
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)


def _size_of(path: Path) -> int | None:
    """In bytes; None where another process has dropped it meanwhile."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return None


def note_length(path: Path, backup: Path, length: int) -> None:
    """Note up to where a backup of the file is known; the caller has the lock. Raises OSError."""
    folder, lengths = backup.parent, _lengths_file(path)
    there = {name: size for name, size in _lengths(path).items() if (folder / name).exists()}
    noted = {name: length if (folder / name).samefile(backup) else size for name, size in there.items()}
    lengths.parent.mkdir(parents=True, exist_ok=True)
    beside = lengths.with_suffix(".new")
    beside.write_text(json.dumps(noted | {backup.name: length}), "utf-8")
    beside.replace(lengths)


def late(path: Path) -> list[tuple[Path, int]]:
    """The backups of a file that have grown since it was replaced, and up to where each is known; raises OSError."""
    folder = private_folder(path) / "backups"
    found = []
    for name, known in _lengths(path).items():
        with suppress(FileNotFoundError):
            if (folder / name).stat().st_size > known and not (folder / name).samefile(path):
                found.append((folder / name, known))
    return found


def _lengths_file(path: Path) -> Path:
    return private_folder(path) / "lengths" / f"{path.name}.json"


def _lengths(path: Path) -> dict[str, int]:
    try:
        told = json.loads(_lengths_file(path).read_text("utf-8"))
        return {Path(str(name)).name: int(size) for name, size in told.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}  # damaged: what comes late stays in the backup, and nothing is doubled


def _stored(private: Path) -> Iterator[Path]:
    for folder in (private / "backups", private / "snapshots"):
        yield from (path for path in folder.glob("*") if path.suffix != ".json" and (_time_of(path) or _number(path)))


def _time_of(path: Path) -> str:
    """The time in the name of a backup or a snapshot; `""` for another file."""
    time = path.stem.rpartition(".")[2]
    return time if time[:1].isdigit() and "T" in time else ""


def _name_of(path: Path) -> str:
    return path.stem.rpartition(".")[0] + path.suffix


def backups_of(path: Path) -> list[Path]:
    """The backups of a tracking file, oldest first by the time in their names."""
    return sorted((private_folder(path) / "backups").glob(f"{path.stem}.[0-9]*T[0-9]*{path.suffix}"))


def _passing_name(folder: Path, path: Path) -> Path:
    """A name after those of the files that were replaced before."""
    earlier = _passing(folder, path)
    return folder / f"{path.stem}{_REPLACED}{_number(earlier[-1]) + 1 if earlier else 1:06}{path.suffix}"


def _passing(folder: Path, path: Path) -> list[Path]:
    """The files that were replaced and of which no backup was asked for, the oldest first."""
    return sorted((one for one in folder.glob(f"{path.stem}{_REPLACED}*{path.suffix}") if _number(one)), key=_number)


def _number(path: Path) -> int:
    """The number in the name of a passing copy; 0 for another file."""
    number = path.stem.rpartition(_REPLACED)[2]
    return int(number) if number.isascii() and number.isdecimal() else 0


def _free_name(folder: Path, path: Path, now: datetime) -> Path:
    time = f"{now.astimezone(UTC):%Y%m%dT%H%M%S}"
    for number in range(1000):
        backup = folder / f"{path.stem}.{time}{f'-{number:03}' if number else ''}{path.suffix}"
        if not backup.exists():
            return backup
    raise FileExistsError(f"{folder} holds a thousand backups of one second")
