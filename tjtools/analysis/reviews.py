"""The review history, read once: what was seen of each creative, its stays in review, and what changed.

A decision falls between two looks at the site: the last that saw the creative pending and the first that saw it
decided. One that is pending still is not decided yet. When it came to the site is known only of a creative that an
upload of ours began. So each time in review is an interval, open to the right for those that wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from tjtools.cache.history import Source
from tjtools.model.creative import ReviewStatus

NOT_KNOWN = "(unknown)"
DECIDED = ("approved", "rejected")
_STATUSES = [status.value for status in ReviewStatus]
_ENDINGS = (".mp4", ".png", ".jpg", ".jpeg", ".gif")
_TIME = "datetime64[us, UTC]"
SEEN: dict[str, Any] = {
    "first_seen": _TIME,
    "last_seen": _TIME,
    "first_source": pd.CategoricalDtype([source.value for source in Source]),
    "first_change": _TIME,
    "last_change": _TIME,
    "decided_after": _TIME,
    "decided_by": _TIME,
    "uploaded": "datetime64[us]",
    "decided": "datetime64[us]",
    "changes": "Int64",
    "reviews": "Int64",
}
NEW, REMOVED, BACK, AGAIN = "new", "removed", "back on the site", "in review again"
KINDS = ("rejected", "approved", NEW, REMOVED, BACK, AGAIN)
LastTimes = Mapping[str, tuple[str, str]]  # in which status each creative was seen last, and when


def observations(history: pd.DataFrame) -> pd.DataFrame:
    """The rows of the history that can be read, creative by creative, the oldest first.

    `history` has the columns of `TJ_Review_History.csv`, all text, which stay as they are. New: `at` and `previous`
    (datetime64, UTC), the look that saw it and the one before; `line` (int64), the row's place in the file; `key`
    (int64), a number for each creative; `first` (bool), whether it is its creative's first row.
    """
    rows = history.assign(at=_times(history["observed_at"]), line=np.arange(len(history)))
    rows = rows[rows["at"].notna() & rows["to_status"].isin(_STATUSES)]
    rows = rows.assign(key=pd.factorize(rows["creative_id"])[0], previous=_times(rows["previous_seen_at"]))
    order = np.lexsort((rows["at"].dt.tz_localize(None), rows["key"]))  # keeps the file's order at one time
    return rows.iloc[order].reset_index(drop=True).assign(first=lambda each: ~each["key"].duplicated())


def _times(texts: pd.Series) -> pd.Series:
    """Times as the history writes them (`2025-11-13T12:00:00Z`); missing where it is another text."""
    days = texts.where(texts.str.len() == 20).str.removesuffix("Z")  # without it, pandas reads them in bulk
    times = pd.to_datetime(days, format="%Y-%m-%dT%H:%M:%S", errors="coerce")
    return times.astype("datetime64[us]").dt.tz_localize("UTC")


def seen(rows: pd.DataFrame, last_times: LastTimes | None = None) -> pd.DataFrame:
    """One row a creative of which there are `observations`; the index is its Creative ID.

    The columns are those of `SEEN`; `frame.library_frame` tells what they are. What the history can't tell is missing:
    `decided_by` for one that is in review, `decided_after` also for one that was decided when it was first seen; so is
    `decided`, unless an upload of ours began it. Reviews are times in review, and decisions that replaced another.
    """
    status, key, first = rows["to_status"], rows["key"], rows[rows["first"]].set_index("key")
    changed = rows["from_status"].isin(_STATUSES) & (rows["from_status"] != status)
    moves, steps = rows["at"][changed].groupby(key), _steps(rows)
    looked = rows["at"].mask(status == "removed", rows["previous"]).groupby(key).last()
    last = {creative_id: at for creative_id, (_, at) in (last_times or {}).items()}
    ended = steps[~steps["key"].duplicated(keep="last") & (steps["to_status"] != "pending")].set_index("key")
    ended = ended.reindex(first.index)
    after, began = _both(ended["previous"], ended["looked"]).max(axis=1), first["at"].where(_ours(first))
    table = pd.DataFrame(
        {
            "creative_id": first["creative_id"],
            "first_seen": _both(first["at"].mask(first["to_status"] == "removed"), first["previous"]).min(axis=1),
            "last_seen": _both(looked, _times(first["creative_id"].map(last).astype("str"))).max(axis=1),
            "first_source": first["source"],
            "first_change": moves.first(),
            "last_change": moves.last(),
            "decided_after": after,
            "decided_by": ended["at"],
            "uploaded": _days(began),
            "decided": _days(ended["at"].where(after.notna() | began.notna())),
            "changes": changed.groupby(key).sum(),
            "reviews": _reviews(steps, first["from_status"]),
        },
        index=first.index,
    )
    return table.astype(SEEN).set_index("creative_id")


def _ours(rows: pd.DataFrame) -> pd.Series:
    """Whether an upload of ours began it: it notes the file's whole name; what was there before has the site's."""
    return (rows["source"] == "upload") & rows["filename"].str.lower().str.endswith(_ENDINGS)


def _days(times: pd.Series) -> pd.Series:
    days: pd.Series = times.dt.tz_localize(None).dt.normalize()
    return days


def _both(one: pd.Series, other: pd.Series) -> pd.DataFrame:
    return pd.concat([one, other], axis=1)


def _steps(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that tell another status than the one before, as if no creative had ever been gone.

    `before` is that status, missing for a creative's first; `looked` is the row's time.
    """
    there = rows[rows["to_status"] != "removed"]
    steps = there[there["to_status"] != there.groupby("key")["to_status"].shift()]
    before = steps.groupby("key")[["to_status", "at"]].shift()
    return steps.assign(before=before["to_status"], looked=before["at"])


def _reviews(steps: pd.DataFrame, at_first: pd.Series) -> pd.Series:
    """How many reviews each took: a decision ends the review that was seen to go on, any other is one of its own.

    `at_first` is the status that the library knew of each creative before the history began.
    """
    known = at_first.where(at_first.isin(("pending", *DECIDED)))
    before = steps["before"].fillna(steps["key"].map(known))
    ends = (before == "pending") & (steps["to_status"] != "pending")
    counted = ((steps["to_status"] != before) & ~ends).groupby(steps["key"]).sum()
    return counted.reindex(at_first.index, fill_value=0) + known.notna()


def reviews(rows: pd.DataFrame, last_times: LastTimes | None = None) -> pd.DataFrame:
    """Each stay of a creative in review, by its `observations`, in the order in which they were seen to begin.

    | column | dtype | what |
    |---|---|---|
    | creative_id, filename | str | |
    | began | datetime64, UTC | when it was first seen in review |
    | start_known | bool | an upload of ours began it; else it waited longer than `low` to `high` say |
    | low, high | float64 | hours in review: more than `low`, at most `high`; `high` is infinite while it is undecided |
    | outcome | str | `approved`, `rejected`, `removed` before a decision, or `pending` |

    A creative that was decided when it was first seen has no stay, unless our upload began it: then it took 0 h. Where
    it was seen pending after it was seen decided, a clock was set back: `low` is 0 then, `high` the later of the two.
    """
    ours = rows["first"] & _ours(rows)
    at_once = ours & rows["to_status"].isin(DECIDED)
    same = rows["key"].shift(-1) == rows["key"]
    following = rows["to_status"].shift(-1).where(same, "pending")
    waiting = {key: at for key, (status, at) in (last_times or {}).items() if status == "pending"}
    last_seen = _times(rows["creative_id"].map(waiting).astype("str")).fillna(rows["at"])
    low = _hours(rows["previous"].shift(-1).where(same, last_seen) - rows["at"]).clip(lower=0).fillna(0.0)
    high = _hours(rows["at"].shift(-1).where(same & following.isin(DECIDED)) - rows["at"]).fillna(np.inf)
    low, high = low.mask(at_once, 0.0), high.mask(at_once, 0.0)
    back = low > high  # a clock was set back in between: all that is known is the later of the two
    table = rows[["creative_id", "filename"]].assign(
        began=rows["at"],
        start_known=ours,
        low=low.mask(back, 0.0),
        high=high.mask(back, low),
        outcome=following.mask(at_once, rows["to_status"]),
    )
    stays = table[(rows["to_status"] == "pending") | at_once]
    return stays.sort_values("began", kind="stable", ignore_index=True)


def _hours(span: pd.Series) -> pd.Series:
    return pd.to_timedelta(span).dt.total_seconds() / 3600


def of_ids(frame: pd.DataFrame, ids: pd.Series, column: str, missing: str = NOT_KNOWN) -> pd.Series[str]:
    """What a column of the library's frame tells of these Creative IDs, as text."""
    known = frame.drop_duplicates("creative_id").set_index("creative_id")[column].astype(object)
    return ids.map(known).astype(object).fillna(missing).astype("str").rename(column)


def changes_since(
    rows: pd.DataFrame, frame: pd.DataFrame, since: datetime, *, rows_seen: int | None = None
) -> pd.DataFrame:
    """What is otherwise than it was at a moment, by the `observations`: one row a creative, by kind, the latest first.

    `change` (str) is one of `KINDS`; `creative_id`, `filename`, `section` (str); `before` and `now` (str), the status
    then, `""` if it had not been seen, and the last; `seen_at` (datetime64, UTC), when that was seen first. What is as
    before is not listed. Rows behind the first `rows_seen` of the file count whatever their time: a reading that began
    before that moment can have been written down after it.
    """
    late = rows["line"] >= (np.inf if rows_seen is None else rows_seen)
    rows = rows[(rows["at"] > pd.Timestamp(since)) | late].sort_values(["at", "line"])
    start = rows.drop_duplicates("creative_id").set_index("creative_id")
    last = rows.drop_duplicates("creative_id", keep="last")
    ids, now = last["creative_id"], last["to_status"]
    before = ids.map(start["from_status"]).astype("str")
    waited = (before != "") | (ids.map(start["to_status"]) == "pending")
    kind = now.where(now.isin(DECIDED) & waited).mask((before == "removed") & (now != "removed"), BACK)
    kind = kind.mask(kind.isna() & (before == ""), NEW).mask(now == "removed", REMOVED).fillna(AGAIN)
    table = last[["creative_id", "filename"]].assign(
        section=of_ids(frame, ids, "section"), before=before, now=now, seen_at=last["at"]
    )
    table.insert(0, "change", kind.astype("str"))
    table = table[before != now].sort_values("seen_at", ascending=False, kind="stable")
    return table.sort_values("change", key=lambda kind: kind.map(KINDS.index), kind="stable", ignore_index=True)
