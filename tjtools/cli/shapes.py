"""The shapes of `--json`: what the records that the package returns become."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tjtools.diff.repeats import Known, Repeat
    from tjtools.diff.session import FileReview
    from tjtools.health.doctor import Finding
    from tjtools.model.creative import SessionFile
    from tjtools.upload import Outcome

_NULL_IF_EMPTY = {"dimensions", "file_type", "old"}  # fields whose empty text means that nobody knows


def print_json(value: object) -> None:
    """The answer of a command with `--json`: one JSON value on standard output.

    Letters of all scripts stand as they are; what a terminal would take for a command is escaped, as JSON escapes it.
    """
    import json  # only here: `check` starts without it

    lines = json.dumps(plain(value), ensure_ascii=False, indent=2).split("\n")
    told = ("".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line) for line in lines)
    sys.stdout.write("\n".join(told) + "\n")


def plain(value: object) -> Any:
    """What JSON can hold: a record is its fields, an enum its value; days, paths and errors are text."""
    if fields := getattr(value, "_fields", None) or getattr(value, "__dataclass_fields__", None):
        told = {name: plain(getattr(value, name)) for name in fields}
        return told | {name: None for name in _NULL_IF_EMPTY & told.keys() if not told[name]}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Path | Exception) else value


def some_of(record: object, *names: str) -> dict[str, object]:
    """These fields and properties of a record."""
    return {name: getattr(record, name) for name in names}


def of_review(one: FileReview) -> dict[str, object]:
    """A file's verdict."""
    told = some_of(one, "verdict", "reason", "creative_id", "known", "notes")
    return _of_file(one.file) | told | {"repeats": [_of_repeat(repeat) for repeat in one.repeats]}


def _of_repeat(one: Repeat) -> dict[str, object]:
    """What a file repeats, and how closely."""
    return some_of(one, "kind") | {"closeness": round(one.closeness, 4), "decision": one.decision} | of_known(one.known)


def of_known(one: Known) -> dict[str, object]:
    """A creative or a file that was looked at; `rejected_at` is None for what was never rejected."""
    facts = one.fingerprint.facts
    return some_of(one, "creative", "name", "path") | {
        "checksum": one.fingerprint.checksum,
        "bytes": facts.bytes,
        "dimensions": facts.size or None,
        "seconds": facts.seconds,
        "rejected_at": one.rejected_at,
        "history": one.history,
    }


def of_outcome(one: Outcome) -> dict[str, object]:
    """What came of a file."""
    return _of_file(one.file) | {"status": one.status, "creative_id": one.creative_id or None, "message": one.message}


def _of_file(file: SessionFile) -> dict[str, object]:
    return {"file_name": file.name, "creative_type": file.creative_type}


def of_finding(one: Finding) -> dict[str, object]:
    """What was looked at, whether it is well, and how to mend it; the site's has its elements."""
    return some_of(one, "what", "well", "found", "remedy", *(["elements"] if one.elements else []))
