"""The review history, `TJ_Review_History.csv`: a row for the first sight of a creative and for every change of status.

It is append only. When each creative was last seen, and in which status, is in the cache. Where it isn't, the time of a
creative's last row in the history is the last that is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tjtools.model.cells import told_id, told_ids
from tjtools.model.creative import Creative, ReviewStatus
from tjtools.workspace.csvfile import BadLine, append_rows, read_table
from tjtools.workspace.derived import LAST_SEEN, Derived
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("observed_at", "creative_id", "filename", "from_status", "to_status", "previous_seen_at", "source")


class Source(Enum):
    """Where an observation comes from."""

    UPLOAD = "upload"
    REFRESH = "refresh"
    SYNC = "sync"
    MANUAL = "manual"


class Observation(NamedTuple):
    """A row of the history, as text: times in UTC, statuses as the library writes them, `""` for none."""

    observed_at: str
    creative_id: str
    filename: str
    from_status: str
    to_status: str
    previous_seen_at: str
    source: str


@dataclass(frozen=True, slots=True)
class _Seen:
    status: str
    at: str


@dataclass(frozen=True, slots=True)
class History:
    """The history of one workspace; `path` need not exist yet."""

    path: Path
    cache: Derived

    @classmethod
    def of(cls, workspace: Workspace) -> History:
        """The workspace's history."""
        return cls(workspace.history, Derived(workspace))

    def check(self) -> None:
        """Raise WrongHeader, NotText or TrackingFileError where the file can't be appended to."""
        read_table(self.path, COLUMNS)

    def load(self) -> tuple[pd.DataFrame, tuple[BadLine, ...]]:
        """One row an observation, in the file's order, all text, and the lines that can't be understood.

        Raises what `check` does; a missing file has no rows.
        """
        import pandas as pd

        table = read_table(self.path, COLUMNS)
        columns = {name: [row[name] for row in table.rows] for name in table.header}
        columns["creative_id"] = told_ids(columns["creative_id"])
        return pd.DataFrame(columns, dtype="str"), table.bad

    def last_times(self) -> dict[str, tuple[str, str]]:
        """The status in which each creative on the site was seen last, and when, as far as it was kept."""
        return {key: (one.status, one.at) for key, one in self._times().items()}

    def rows(self) -> dict[str, tuple[Observation, ...]]:
        """Every creative's observations, the oldest first, by Creative ID; raises as `check` does."""
        found: dict[str, list[Observation]] = {}
        for row in read_table(self.path, COLUMNS).rows:
            told = row | {"creative_id": told_id(row["creative_id"])}
            found.setdefault(told["creative_id"], []).append(Observation(*(told[column] for column in COLUMNS)))
        return {creative_id: tuple(rows) for creative_id, rows in found.items()}

    def record(
        self,
        seen: Iterable[Creative],
        *,
        source: Source,
        now: datetime,
        known: Mapping[str, ReviewStatus | None] | None = None,
    ) -> int:
        """Note the status in which each creative is seen `now`, and return how many rows were appended.

        A creative whose status is unknown is passed over. `known` are the statuses that the library held before, for
        creatives of which the history has no row yet.
        """
        at = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        with locked(self.path):
            before, times = self._before(), self._times()
            rows = []
            for creative in seen:
                if creative.review_status is None:
                    continue
                key, status = creative.creative_id, creative.review_status.value
                row = _row(creative, before.get(key), (known or {}).get(key), times.get(key))
                if row:
                    rows.append((at, *row, source.value))
                times[key] = _Seen(status, at)
                before[key] = times[key]
            append_rows(self.path, COLUMNS, rows)
            self.cache.keep(LAST_SEEN, {key: [one.status, one.at] for key, one in times.items()})
        return len(rows)

    def _before(self) -> dict[str, _Seen]:
        """The last row of each creative."""
        rows = read_table(self.path, COLUMNS).rows
        return {told_id(row["creative_id"]): _Seen(row["to_status"], row["observed_at"]) for row in rows}

    def _times(self) -> dict[str, _Seen]:
        times = self.cache.load(LAST_SEEN, lambda told: _Seen(*map(str, told)))
        return {key: one for key, one in times.items() if one.status != ReviewStatus.REMOVED.value}


def _row(
    creative: Creative, before: _Seen | None, known: ReviewStatus | None, last: _Seen | None
) -> tuple[str, str, str, str, str] | None:
    """ID, name, status before and now, and when it was last seen in the one before; None where nothing is new."""
    status = creative.review_status.value if creative.review_status else ""
    from_status = before.status if before else known.value if known else ""
    if before and from_status == status:
        return None
    if from_status == status:
        if creative.removed:
            return None
        from_status = ""  # the library knew it so, but the history has not seen it yet
    times = [one.at for one in (before, last) if one and one.status == from_status and from_status]
    return creative.creative_id, creative.filename, from_status, status, max(times, default="")
