"""What a person decided about two contents that look the same: `tracking/.tjtools/decisions.csv`.

`decided_at,decision,checksum,other_checksum,name,other_name`: `not the same` holds for the two contents whichever of
them comes again; `skip` holds back the first one for as long as it looks like the other. Append only; of several rows
for two contents the last one counts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from tjtools.workspace.csvfile import BadLine, append_rows, read_table
from tjtools.workspace.folder import Workspace

COLUMNS = ("decided_at", "decision", "checksum", "other_checksum", "name", "other_name")


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
        self._path = workspace.decisions
        self.bad_lines: tuple[BadLine, ...] = ()
        self._made: dict[tuple[str, str], Decision] = {}

    @classmethod
    def load(cls, workspace: Workspace) -> Decisions:
        """Read them; a missing file holds none. Raises WrongHeader, NotText or TrackingFileError.

        A line that can't be understood is in `bad_lines` and decides nothing: the file is shown to a person again.
        """
        decisions = cls(workspace)
        table = read_table(workspace.decisions, COLUMNS)
        bad = list(table.bad)
        for line, row in zip(table.lines, table.rows, strict=True):
            try:
                decisions._take(row["checksum"], row["other_checksum"], Decision(row["decision"]))
            except ValueError as error:
                bad.append(BadLine(line, str(error), ",".join(row.values())))
        decisions.bad_lines = tuple(sorted(bad, key=lambda one: one.line))
        return decisions

    def __len__(self) -> int:
        return len({frozenset(pair) for pair in self._made})

    def of(self, checksum: str, other: str) -> Decision:
        """What was decided about a file beside another."""
        return self._made.get((checksum, other), Decision.UNDECIDED)

    def decide(self, one: Content, other: Content, decision: Decision, *, now: datetime) -> None:
        """Remember a decision, on the disk when this returns; raises TrackingFileError if the disk does not take it."""
        at = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        row = (at, decision.value, one.checksum, other.checksum, one.name, other.name)
        append_rows(self._path, COLUMNS, [row])
        self._take(one.checksum, other.checksum, decision)

    def _take(self, checksum: str, other: str, decision: Decision) -> None:
        self._made[checksum, other] = decision
        if decision is not Decision.SKIP:
            self._made[other, checksum] = decision
