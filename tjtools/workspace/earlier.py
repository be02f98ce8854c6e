"""What tjtools 0.1 kept in files of its own, as events for the log and values for the cache.

The files are read where they lie until the log is next written; from then on they lie in `backups/before-log/`. What
they tell has the same IDs each time, so that a process may end in the middle of that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.model.errors import translated
from tjtools.workspace.csvfile import read_table

_FOLDER = "before-log"
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # a time that is damaged: what is told counts all the same, as the oldest
_REMEDY = "Move it away; which content was uploaded under which ID, or what was decided, is then not known any more."
_NO_JSON = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Earlier(NamedTuple):
    """An event: its kind and time, what it tells, what it is about, and its ID."""

    kind: str
    at: datetime
    data: dict[str, Any]
    about: str | None = None
    id: str = ""


def earlier_events(private: Path) -> dict[Path, list[Earlier]]:
    """What each of the old files that is still there tells; raises TrackingFileError for one that can't be read."""
    found = {}
    for name, read in _FILES.items():
        path = private / name
        with translated(path, "read"):
            if path.exists():
                found[path] = [*_with_ids(name, read(path))]
    return found


def earlier_values(private: Path, name: str) -> dict[str, Any]:
    """What an old file of the cache held, by its keys; nothing where there is none, or where it is damaged."""
    for path in (private / name, private / "backups" / _FOLDER / name):
        with suppress(OSError, *_NO_JSON):
            if path.suffix == ".csv" and path.exists():
                return {row["path"]: row for row in read_table(path, ("path",)).rows}
            return dict(json.loads(path.read_text("utf-8")))
    return {}


def put_away(path: Path) -> None:
    """Move a file that was taken in among the backups, an old one into a folder of its own."""
    folder = path.parent / "backups" / (_FOLDER if path.name in _FILES else "")
    with translated(path, "moved"):
        folder.mkdir(parents=True, exist_ok=True)
        number, target = 1, folder / path.name
        while target.exists():
            number, target = number + 1, folder / f"{path.stem}-{number}{path.suffix}"
        with suppress(FileNotFoundError):
            path.replace(target)


def _with_ids(name: str, events: Iterator[Earlier]) -> Iterator[Earlier]:
    """Each with an ID by what it tells, and by how many before it told the same."""
    count: Counter[bytes] = Counter()
    for one in events:
        with suppress(ValueError):  # what is no text was never written by us
            told = json.dumps([name, one.kind, str(one.at), one.data], sort_keys=True, ensure_ascii=False).encode()
            count[told] += 1
            yield one._replace(id=blake2b(told + b"%d" % count[told], digest_size=8).hexdigest())


def _journal(path: Path) -> Iterator[Earlier]:
    for line in path.read_bytes().splitlines():
        with suppress(*_NO_JSON):  # torn by a crash
            told = json.loads(line)
            at, kind = datetime.fromisoformat(told.pop("at")), told.pop("event")
            if at.tzinfo and isinstance(kind, str):
                yield Earlier(kind, at, told)


def _uploads(path: Path) -> Iterator[Earlier]:
    for row in read_table(path, ("path", "checksum", "creative_id"), remedy=_REMEDY).rows:
        if row["creative_id"]:
            told = {name: value for name, value in row.items() if name not in {"seen_at", "path", "mtime_ns"}}
            yield Earlier("uploaded", _time(row.get("seen_at", "")), told, row["creative_id"])


def _decisions(path: Path) -> Iterator[Earlier]:
    for row in read_table(path, ("checksum", "other_checksum", "decision"), remedy=_REMEDY).rows:
        told = {name: value for name, value in row.items() if name != "decided_at"}
        about = f"{row['checksum']} {row['other_checksum']}"
        yield Earlier("decided", _time(row.get("decided_at", "")), told, about)


def _plan(path: Path) -> Iterator[Earlier]:
    text = path.read_text("utf-8", errors="replace")
    try:
        told = json.loads(text)
        yield Earlier("planned", _time(told["saved_at"]), {"files": told["files"]}, "")
    except _NO_JSON:
        yield Earlier("planned", _UNKNOWN, {"damaged": text}, "")  # is refused: it must not be taken for none


def _acknowledged(path: Path) -> Iterator[Earlier]:
    with suppress(*_NO_JSON):
        told = json.loads(path.read_text("utf-8", errors="replace"))
        yield Earlier("acknowledged", _time(told["until"]), told, "")


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return _UNKNOWN
    return at if at.tzinfo else _UNKNOWN


def _nothing(_path: Path) -> Iterator[Earlier]:
    yield from ()


_FILES: dict[str, Callable[[Path], Iterator[Earlier]]] = {
    "journal.jsonl": _journal,
    "fingerprints.csv": _uploads,
    "decisions.csv": _decisions,
    "plan.json": _plan,
    "acknowledged.json": _acknowledged,
    "covered.json": _nothing,  # the cache reads what these two held
    "last_seen.json": _nothing,
}
