"""What a person decided about two contents that look the same: events `decided` in the log.

`not the same` holds for the two contents whichever of them comes again; `skip` holds back the first one for as long as
it looks like the other. Of several about two contents the last one counts.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

_DECIDED = "decided"


class Decision(Enum):
    """What is to be done with a file that looks like another; `UNDECIDED` takes an earlier word back."""

    NOT_THE_SAME = "not the same"
    SKIP = "skip"
    UNDECIDED = "undecided"


class Content(NamedTuple):
    """One of two contents: its checksum, and the name that a person saw it under."""

    checksum: str
    name: str


class Decisions:
    """The decisions of one workspace; `Decisions.load(workspace)` reads them."""

    def __init__(self, workspace: Workspace) -> None:
        self._log = Log.at(workspace.log)
        self._made: dict[tuple[str, str], Decision] = {}

    @classmethod
    def load(cls, workspace: Workspace) -> Decisions:
        """Read them; raises TrackingFileError if the log can't be read.

        An event that can't be understood decides nothing: the file is shown to a person again.
        """
        decisions = cls(workspace)
        for checksum, other, decision in decisions._log.told({_DECIDED: _told}).values():
            decisions._take(checksum, other, decision)
        return decisions

    def __len__(self) -> int:
        return len({frozenset(pair) for pair in self._made})

    def of(self, checksum: str, other: str) -> Decision:
        """What was decided about a file beside another."""
        return self._made.get((checksum, other), Decision.UNDECIDED)

    def decide(self, one: Content, other: Content, decision: Decision, *, now: datetime) -> None:
        """Remember a decision, on the disk when this returns; raises TrackingFileError if the disk does not take it."""
        told = {"decision": decision.value, "checksum": one.checksum, "other_checksum": other.checksum}
        told |= {"name": one.name, "other_name": other.name}
        self._log.append([Entry(_DECIDED, now, told, f"{one.checksum} {other.checksum}")])
        self._take(one.checksum, other.checksum, decision)

    def _take(self, checksum: str, other: str, decision: Decision) -> None:
        self._made[checksum, other] = decision
        if decision is not Decision.SKIP:
            self._made[other, checksum] = decision


def _told(entry: Entry) -> tuple[str, str, Decision]:
    return str(entry.data["checksum"]), str(entry.data["other_checksum"]), Decision(entry.data["decision"])
