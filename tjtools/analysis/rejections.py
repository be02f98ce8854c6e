"""What rejected creatives have in common: the values that stand among them more often than elsewhere."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.frame import LACKING, on_site, values_of
from tjtools.analysis.rates import fisher, holm, wilson

PARTS = {
    "section": "Section",
    "dimensions": "Dimensions",
    "file_type": "File type",
    "language": "Language",
    "category": "Category",
    "model_sex": "Model sex",
    "style": "Style",
    "rating": "Rating",
    "content_type": "Content type",
    "creator": "Creator",
    "test_id": "Test ID",
}


def rejected_in_common(frame: pd.DataFrame) -> pd.DataFrame:
    """The values that are rejected more often than all other decided creatives, the surest first.

    One row a value: `part` (str, a key of `PARTS`), `value` (str), `rejected` of `decided` (int64), `rate` (float64,
    the share rejected) with its Wilson interval of 95 %, `low` to `high`; `rest_rate`, the share rejected of all
    others; `chance` that a difference as large arises by chance (Fisher's exact test, two-sided, Holm's correction for
    every value of every part that was looked at). Creatives without a value in a part count among the others.
    """
    there = on_site(frame)
    decided = there[there["review_status"].isin(("approved", "rejected"))]
    table = pd.concat([_by_part(decided, part) for part in PARTS], ignore_index=True)
    rejected, total = int((decided["review_status"] == "rejected").sum()), len(decided)
    others = total - table["decided"]
    table["rate"] = table["rejected"] / table["decided"]
    table["low"], table["high"] = wilson(table["rejected"], table["decided"])
    table["rest_rate"] = (rejected - table["rejected"]) / others.where(others > 0)
    table["chance"] = holm(
        [
            fisher(r, n - r, rejected - r, total - n - rejected + r) if n < total else float("nan")
            for r, n in zip(table["rejected"].tolist(), table["decided"].tolist(), strict=True)
        ]
    )
    found = table[table["rate"] > table["rest_rate"]]
    return found.sort_values(["chance", "low"], ascending=[True, False], kind="stable", ignore_index=True)


def _by_part(decided: pd.DataFrame, part: str) -> pd.DataFrame:
    values = values_of(decided, part)
    told = ~values.isin(LACKING)
    counts = (decided["review_status"] == "rejected")[told].groupby(values[told]).agg(["sum", "count"])
    return pd.DataFrame(
        {
            "part": part,
            "value": counts.index.astype("str"),
            "rejected": counts["sum"].to_numpy(dtype="int64"),
            "decided": counts["count"].to_numpy(dtype="int64"),
        }
    ).astype({"part": "str", "value": "str"})
