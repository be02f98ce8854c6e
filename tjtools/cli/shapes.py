"""The shapes of `--json`: plain dicts of the records that the package returns."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tjtools.model.creative import Creative
from tjtools.workspace.csvfile import BadLine

if TYPE_CHECKING:
    from tjtools.diff.libraries import FieldChange, LibraryDifference
    from tjtools.diff.repeats import Known, Repeat
    from tjtools.diff.session import FileReview
    from tjtools.health.doctor import Finding
    from tjtools.site import Element
    from tjtools.upload import Outcome


def print_json(value: object) -> None:
    """The answer of a command with `--json`: one JSON value on standard output.

    Letters of all scripts stand as they are; what a terminal would take for a command is escaped, as JSON escapes it.
    """
    import json  # only here: `check` starts without it

    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    told = ("".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line) for line in lines)
    sys.stdout.write("\n".join(told) + "\n")


def of_creative(creative: Creative) -> dict[str, str | None]:
    """Its seven columns; None: unknown."""
    return {
        "creative_id": creative.creative_id,
        "filename": creative.filename,
        "upload_date": creative.upload_date.isoformat() if creative.upload_date else None,
        "dimensions": creative.dimensions or None,
        "file_type": creative.file_type or None,
        "creative_type": creative.creative_type.value if creative.creative_type else None,
        "review_status": creative.review_status.value if creative.review_status else None,
    }


def of_bad_line(bad: BadLine) -> dict[str, str | int]:
    """Where it stands, why, and its text."""
    return {"line": bad.line, "reason": bad.reason, "text": bad.text}


def of_difference(difference: LibraryDifference) -> dict[str, list[dict[str, str | None]]]:
    """What came, what went, what changed."""
    return {
        "added": [of_creative(creative) for creative in difference.added],
        "removed": [of_creative(creative) for creative in difference.removed],
        "status_changed": [of_change(change) for change in difference.status_changed],
        "renamed": [of_change(change) for change in difference.renamed],
        "other": [of_change(change) for change in difference.other],
    }


def of_change(change: FieldChange) -> dict[str, str | None]:
    """A field before and after."""
    return {
        "creative_id": change.creative_id,
        "filename": change.filename,
        "field": change.field,
        "old": change.old or None,
        "new": change.new,
    }


def of_review(one: FileReview) -> dict[str, object]:
    """A file's verdict."""
    return {
        "file_name": one.file.name,
        "creative_type": one.file.creative_type.value,
        "verdict": one.verdict.value,
        "reason": one.reason,
        "creative_id": one.creative_id,
        "known": [of_creative(creative) for creative in one.known],
        "notes": list(one.notes),
        "repeats": [of_repeat(repeat) for repeat in one.repeats],
    }


def of_repeat(one: Repeat) -> dict[str, object]:
    """What a file repeats, and how closely."""
    told = {"kind": one.kind.value, "closeness": round(one.closeness, 4), "decision": one.decision.value}
    return told | of_known(one.known)


def of_known(one: Known) -> dict[str, object]:
    """A creative or a file that was looked at; `rejected_at` is None for what was never rejected."""
    facts = one.fingerprint.facts
    return {
        "creative": of_creative(one.creative) if one.creative else None,
        "name": one.name,
        "path": str(one.path) if one.path else None,
        "checksum": one.fingerprint.checksum,
        "bytes": facts.bytes,
        "dimensions": facts.size or None,
        "seconds": facts.seconds,
        "rejected_at": one.rejected_at,
        "history": [row._asdict() for row in one.history],
    }


def of_outcome(one: Outcome) -> dict[str, str | None]:
    """What came of a file."""
    return {
        "file_name": one.file.name,
        "creative_type": one.file.creative_type.value,
        "status": one.status.value,
        "creative_id": one.creative_id or None,
        "message": one.message,
    }


def of_finding(one: Finding) -> dict[str, object]:
    """What was looked at, whether it is well, and how to mend it; the site's has its elements."""
    told: dict[str, object] = {"what": one.what, "well": one.well, "found": one.found, "remedy": one.remedy}
    return told | ({"elements": [of_element(element) for element in one.elements]} if one.elements else {})


def of_element(one: Element) -> dict[str, str]:
    """An element of the site's pages: `ok`, `changed` or `not seen`."""
    return {
        "name": one.name,
        "selector": one.selector,
        "expected": one.expected,
        "found": one.found,
        "state": one.state.value,
    }
