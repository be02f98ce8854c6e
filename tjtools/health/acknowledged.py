"""Up to when a person has seen what changed: `tracking/.tjtools/acknowledged.json`.

It holds `{"until": "2025-11-13T12:00:00Z", "rows": 12}`, the time and how many rows the review history had: a row bears
the time at which its reading began, and can come later. Only a person's word writes it: looking at a notebook does not.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

from tjtools.model.errors import translated
from tjtools.workspace.disk import locked, replace_file
from tjtools.workspace.folder import Workspace

_FORM = "%Y-%m-%dT%H:%M:%SZ"


class Seen(NamedTuple):
    """Up to when (UTC), and how many rows of the history, a person has seen."""

    until: datetime
    rows: int


def acknowledged(workspace: Workspace) -> Seen | None:
    """What a person has said that they have seen of the changes; None where nobody has.

    A file that can't be understood says nothing. Raises TrackingFileError if the disk can't be read.
    """
    with translated(workspace.acknowledged, "read"):
        if not workspace.acknowledged.exists():
            return None
        text = workspace.acknowledged.read_text("utf-8", errors="replace")
    try:
        told = json.loads(text)
        return Seen(datetime.strptime(told["until"], _FORM).replace(tzinfo=UTC), int(told["rows"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def acknowledge(workspace: Workspace, seen: Seen) -> None:
    """Remember that the changes were seen so far; raises TrackingFileError if the disk does not take it."""
    with locked(workspace.acknowledged):
        told = json.dumps({"until": f"{seen.until.astimezone(UTC):{_FORM}}", "rows": seen.rows})
        replace_file(workspace.acknowledged, told.encode())
