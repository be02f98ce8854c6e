"""Up to when a person has seen what changed: events `acknowledged` in the log, of which the last counts.

Each holds `{"until": "2025-11-13T12:00:00Z", "rows": 12}`, the time and how many rows the review history had: a row
bears the time at which its reading began, and can come later. Only a person's word writes it: looking at a notebook
does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

_ACKNOWLEDGED = "acknowledged"
_FORM = "%Y-%m-%dT%H:%M:%SZ"


class Seen(NamedTuple):
    """Up to when (UTC), and how many rows of the history, a person has seen."""

    until: datetime
    rows: int


def acknowledged(workspace: Workspace) -> Seen | None:
    """What a person has said that they have seen of the changes; None where nobody has.

    What can't be understood says nothing. Raises TrackingFileError if the log can't be read.
    """
    return next(reversed(Log.at(workspace.log).told({_ACKNOWLEDGED: _told}).values()), None)


def acknowledge(workspace: Workspace, seen: Seen) -> None:
    """Remember that the changes were seen so far; raises TrackingFileError if the disk does not take it."""
    told = {"until": f"{seen.until.astimezone(UTC):{_FORM}}", "rows": seen.rows}
    Log.at(workspace.log).append([Entry(_ACKNOWLEDGED, datetime.now(UTC), told, "")])


def _told(entry: Entry) -> Seen:
    return Seen(datetime.strptime(entry.data["until"], _FORM).replace(tzinfo=UTC), int(entry.data["rows"]))
