"""What the history tells of each creative: when it was seen, when its status changed, how often it was reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tjtools.cache.history import Source

SOURCES = tuple(source.value for source in Source)
SEEN: dict[str, Any] = {
    "first_seen": "datetime64[us, UTC]",
    "last_seen": "datetime64[us, UTC]",
    "first_source": pd.CategoricalDtype(list(SOURCES)),
    "first_change": "datetime64[us, UTC]",
    "last_change": "datetime64[us, UTC]",
    "decided_after": "datetime64[us, UTC]",
    "decided_by": "datetime64[us, UTC]",
    "changes": "Int64",
    "reviews": "Int64",
}
_PENDING, _APPROVED, _REJECTED, _REMOVED, _NONE = 0, 1, 2, 3, -1
_CODES = {"pending": _PENDING, "approved": _APPROVED, "rejected": _REJECTED, "removed": _REMOVED}
Column: TypeAlias = NDArray[Any]


class _Rows(NamedTuple):
    """The history's rows that can be read, creative by creative, the oldest first; `key` numbers the creatives."""

    key: Column
    at: Column
    previous: Column
    before: Column
    status: Column
    source: Column

    def where(self, chosen: Column) -> _Rows:
        return _Rows(*(column[chosen] for column in self))

    @property
    def begins(self) -> Column:
        """Whether a row is the first of its creative."""
        return np.concatenate([[True], self.key[1:] != self.key[:-1]])[: len(self.key)]

    @property
    def status_before(self) -> Column:
        """The status in the row before; none for a creative's first."""
        return np.where(self.begins, _NONE, np.roll(self.status, 1))


def seen(history: pd.DataFrame, last_times: Mapping[str, tuple[str, str]] | None = None) -> pd.DataFrame:
    """One row a creative of which the history has a row that can be read; the index is its Creative ID.

    `history` has the columns of `TJ_Review_History.csv`, all text; `last_times` tells in which status each creative
    was seen last, and when. Times are datetime64 in UTC, and missing where the history can't tell.

    | column | dtype | what |
    |---|---|---|
    | first_seen, last_seen | datetime64, UTC | the first and the last look at the site that showed it there |
    | first_source | category of `SOURCES` | what noted it first |
    | first_change, last_change | datetime64, UTC | the looks that showed the first and the last change of its status |
    | decided_after, decided_by | datetime64, UTC | its last decision fell between these two looks |
    | changes | Int64 | changes of its status that were seen, to `removed` included |
    | reviews | Int64 | reviews that it took, at least: times in review, and decisions that replaced another |

    `decided_by` is missing for one that is in review, `decided_after` also for one that was decided when it was first
    seen.
    """
    rows, names = _ordered(history)
    changed = (rows.before != _NONE) & (rows.before != rows.status)
    known = rows.where(rows.begins)
    table = pd.DataFrame(index=pd.Index(names, name="creative_id", dtype="str"))
    count = len(names)
    table["first_seen"] = np.fmin(np.where(known.status == _REMOVED, _UNKNOWN, known.at), known.previous)
    table["last_seen"] = np.fmax(
        _last_there(rows, count), _times(pd.Series(names).map(_last(last_times)).astype("str"))
    )
    table["first_source"] = known.source
    table["first_change"] = _one_each(rows.key[changed][::-1], rows.at[changed][::-1], count)
    table["last_change"] = _one_each(rows.key[changed], rows.at[changed], count)
    table["decided_after"], table["decided_by"] = _decision(rows, count)
    table["changes"] = np.bincount(rows.key[changed], minlength=count)
    table["reviews"] = _reviews(rows, known.before, count)
    for name, kind in SEEN.items():
        timed = kind == SEEN["first_seen"]
        table[name] = table[name].dt.tz_localize("UTC") if timed else table[name].astype(kind)
    return table[list(SEEN)]


_UNKNOWN = np.datetime64("NaT", "us")


def _ordered(history: pd.DataFrame) -> tuple[_Rows, Column]:
    """The rows in order, and the Creative IDs by their numbers."""
    at, status = _times(history["observed_at"]), _statuses(history["to_status"])
    fine = ~np.isnat(at) & (status != _NONE)
    keys, names = pd.factorize(history["creative_id"][fine])
    rows = _Rows(
        keys.astype("int64"),
        at[fine],
        _times(history["previous_seen_at"])[fine],
        _statuses(history["from_status"])[fine],
        status[fine],
        history["source"].to_numpy(dtype=object)[fine],
    )
    order = np.lexsort((rows.at, rows.key))  # keeps the file's order at one time
    return _Rows(*(column[order] for column in rows)), np.asarray(names, dtype=object)


def _times(texts: pd.Series[str]) -> Column:
    """Times as the history writes them (`2025-11-13T12:00:00Z`); missing where it is another text."""
    days = texts.where(texts.str.len() == 20).str.removesuffix("Z")  # without it, pandas reads them in bulk
    return pd.to_datetime(days, format="%Y-%m-%dT%H:%M:%S", errors="coerce").to_numpy(dtype="datetime64[us]")


def _statuses(texts: pd.Series[str]) -> Column:
    return texts.map(_CODES).fillna(_NONE).to_numpy(dtype="int64")


def _last(last_times: Mapping[str, tuple[str, str]] | None) -> dict[str, str]:
    return {key: at for key, (_, at) in (last_times or {}).items()}


def _one_each(keys: Column, times: Column, count: int) -> Column:
    """Of each creative, the last of its times; missing where it has none."""
    found = np.full(count, _UNKNOWN)
    found[keys] = times
    return found


def _last_there(rows: _Rows, count: int) -> Column:
    """The last look that showed each on the site: one that is gone was last seen before."""
    at = np.where(rows.status == _REMOVED, rows.previous, rows.at)
    told = ~np.isnat(at)
    return _one_each(rows.key[told], at[told], count)


def _stays(rows: _Rows) -> _Rows:
    """The rows that tell another status than the one before, as if no creative had ever been gone."""
    there = rows.where(rows.status != _REMOVED)
    return there.where(there.status != there.status_before)


def _decision(rows: _Rows, count: int) -> tuple[Column, Column]:
    """Between which two looks the last decision fell; missing where the last status is none."""
    stays = _stays(rows)
    last = np.concatenate([stays.begins[1:], [True]])[: len(stays.key)] & (stays.status != _PENDING)
    looked_before = np.where(stays.begins, _UNKNOWN, np.roll(stays.at, 1))
    after = np.fmax(stays.previous, looked_before)
    return _one_each(stays.key[last], after[last], count), _one_each(stays.key[last], stays.at[last], count)


def _reviews(rows: _Rows, at_first: Column, count: int) -> Column:
    """How many reviews each took: a decision ends the review that was seen to go on, any other is one of its own.

    `at_first` is the status that the library knew of each creative before the history began.
    """
    stays = _stays(rows)
    known = (at_first != _NONE) & (at_first != _REMOVED)
    before = np.where(stays.begins, np.where(known, at_first, _NONE)[stays.key], stays.status_before)
    ends = (before == _PENDING) & (stays.status != _PENDING)
    more = np.bincount(stays.key[(stays.status != before) & ~ends], minlength=count)
    total: Column = more + known
    return total
