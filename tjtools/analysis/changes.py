"""What changed since a moment, by the review history: what was decided, what is new, what is gone."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from tjtools.analysis.frame import NOT_KNOWN, STATUSES
from tjtools.analysis.reviewtime import DECIDED, times_of

REJECTED, APPROVED, NEW, REMOVED, BACK, AGAIN = KINDS = (
    *("rejected", "approved", "new", "removed"),
    *("back on the site", "in review again"),
)
COLUMNS = ("change", "creative_id", "filename", "section", "before", "now", "seen_at")


def changes_since(
    history: pd.DataFrame, frame: pd.DataFrame, since: datetime, *, rows_seen: int | None = None
) -> pd.DataFrame:
    """What is otherwise than it was at a moment: one row a creative, by kind, the latest first.

    `history` has the columns of `TJ_Review_History.csv`, all text. `change` (str) is one of `KINDS`: decided since, or
    else `new` for what was first seen since; `creative_id`, `filename`, `section` (str); `before` and `now` (str), the
    status then, `""` if it had not been seen, and the status last seen; `seen_at` (datetime64, UTC), when that was seen
    first. What changed to and fro and is as before is not listed. Rows behind the first `rows_seen` count whatever
    their time: a reading that began before that moment can have been written down after it.
    """
    rows = history.assign(seen_at=times_of(history["observed_at"]))
    late = np.arange(len(rows)) >= (len(rows) if rows_seen is None else rows_seen)
    rows = rows[((rows["seen_at"] > pd.Timestamp(since)) | late) & rows["to_status"].isin(STATUSES[:-1])]
    rows = rows[rows["seen_at"].notna()]
    rows = rows.sort_values("seen_at", kind="stable")
    first, last = rows.drop_duplicates("creative_id"), rows.drop_duplicates("creative_id", keep="last")
    table = last[["creative_id", "filename", "to_status", "seen_at"]].rename(columns={"to_status": "now"})
    table = table.merge(first[["creative_id", "from_status", "to_status"]], on="creative_id")
    table = table.rename(columns={"from_status": "before"})
    waited = (table["before"] != "") | (table["to_status"] == "pending")
    table["change"] = _kinds(table, waited)
    sections = frame.drop_duplicates("creative_id").set_index("creative_id")["section"].astype(object)
    table["section"] = table["creative_id"].map(sections).astype(object).fillna(NOT_KNOWN).astype("str")
    table["place"] = table["change"].map({kind: place for place, kind in enumerate(KINDS)})
    table = table[table["before"] != table["now"]]
    return table.sort_values(["place", "seen_at"], ascending=[True, False], kind="stable", ignore_index=True)[
        list(COLUMNS)
    ]


def _kinds(table: pd.DataFrame, waited: pd.Series) -> pd.Series:
    kind = table["now"].where(table["now"].isin(DECIDED) & waited)
    kind = kind.mask((table["before"] == "removed") & (table["now"] != "removed"), BACK)
    kind = kind.mask(kind.isna() & (table["before"] == ""), NEW)
    return kind.mask(table["now"] == "removed", REMOVED).fillna(AGAIN).astype("str")


def change_counts(table: pd.DataFrame) -> pd.DataFrame:
    """How many creatives changed in each way: `change` (str) and `creatives` (int64), only kinds that there are."""
    counts = table["change"].value_counts().reindex(list(KINDS)).dropna().astype("int64")
    return counts.rename("creatives").rename_axis("change").reset_index()


def last_observation(history: pd.DataFrame) -> datetime | None:
    """When the history was last added to (UTC); None where it holds no time."""
    latest = times_of(history["observed_at"]).max()
    return None if pd.isna(latest) else latest.to_pydatetime()
