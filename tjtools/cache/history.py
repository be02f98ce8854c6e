"""The review history, `TJ_Review_History.csv`: a row for the first sight of a creative and for every change of status.

It is append only. When each was last seen is in the cache; where it isn't, the time of its last row counts.
Up to when a person has seen the changes is an event `acknowledged` in the log, `{"until": "2025-11-13T12:00:00Z",
"rows": 12}`: the time, and how many rows there were, since a row's time is when its reading began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tjtools.model.cells import from_utc, in_utc, told_id
from tjtools.model.creative import Creative, ReviewStatus
from tjtools.workspace.csvfile import BadLine, append_rows, read_table
from tjtools.workspace.derived import LAST_SEEN, Derived
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

if TYPE_CHECKING:
    import pandas as pd
_ACKNOWLEDGED = "acknowledged"


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


COLUMNS = Observation._fields


class History(NamedTuple):
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
        """One row an observation, in order, all text, and the bad lines; raises what `check` does."""
        import pandas as pd

        table = read_table(self.path, COLUMNS)
        columns = {name: [row[name] for row in table.rows] for name in table.header}
        columns["creative_id"] = [told_id(text) for text in columns["creative_id"]]
        return pd.DataFrame(columns, dtype="str"), table.bad

    def last_times(self) -> dict[str, tuple[str, str]]:
        """The status in which each creative on the site was seen last, and when, as far as it was kept."""
        times = self.cache.load(LAST_SEEN, lambda told: (str(told[0]), str(told[1])))
        return {key: one for key, one in times.items() if one[0] != ReviewStatus.REMOVED.value}

    def rows(self) -> dict[str, tuple[Observation, ...]]:
        """Every creative's observations, the oldest first, by Creative ID; raises as `check` does."""
        found: dict[str, list[Observation]] = {}
        fields = itemgetter(*COLUMNS)
        for row in read_table(self.path, COLUMNS).rows:
            one = Observation._make(fields(row | {"creative_id": told_id(row["creative_id"])}))
            found.setdefault(one.creative_id, []).append(one)
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
        at = in_utc(now)
        with locked(self.path):
            before = {key: rows[-1] for key, rows in self.rows().items()}
            times, rows = self.last_times(), []
            for creative in seen:
                if creative.review_status is None:
                    continue
                key, status = creative.creative_id, creative.review_status.value
                held = (known or {}).get(key)
                if change := _change(status, before.get(key), held.value if held else "", times.get(key)):
                    before[key] = Observation(at, key, creative.filename, change[0], status, change[1], source.value)
                    rows.append(before[key])
                times[key] = status, at
            append_rows(self.path, COLUMNS, rows)
            self.cache.keep(LAST_SEEN, times)
        return len(rows)


def _change(status: str, before: Observation | None, held: str, last: tuple[str, str] | None) -> tuple[str, str] | None:
    """The status from which this is a change, and when it was last seen in that; None where nothing is new."""
    from_status = before.to_status if before else held
    if from_status == status:
        if before or status == ReviewStatus.REMOVED.value:
            return None
        from_status = ""  # the library knew it so, but the history has not seen it yet
    seen = [*([(before.to_status, before.observed_at)] if before else []), *([last] if last else [])]
    return from_status, max((at for one, at in seen if one == from_status != ""), default="")


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
    told = {"until": in_utc(seen.until), "rows": seen.rows}
    Log.at(workspace.log).append([Entry(_ACKNOWLEDGED, datetime.now(UTC), told, "")])


def _told(entry: Entry) -> Seen:
    return Seen(from_utc(entry.data["until"]), int(entry.data["rows"]))
