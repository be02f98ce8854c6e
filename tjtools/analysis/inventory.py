"""What the library holds: counts by a dimension, gaps, and days of upload."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.frame import LACKING, SECTIONS, STANDING, on_site, values_of


def inventory(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Creatives on the site by a dimension, most first, those without a value last.

    One row a value: `by` (str), `creatives` (int64), `share` (float64, 0 to 1), and of these `approved`, `pending`,
    `rejected` and `unknown` (int64). Every creative on the site is counted in exactly one row.
    """
    there = on_site(frame)
    table = pd.crosstab(values_of(there, by).rename(by), there["review_status"].astype(str))
    table = table.reindex(columns=list(STANDING), fill_value=0).astype("int64")
    table.insert(0, "creatives", table.sum(axis=1))
    table.insert(1, "share", table["creatives"] / max(len(there), 1))
    table = table.rename_axis(index=by, columns=None).reset_index().astype({by: "str"})
    table["last"] = table[by].isin(LACKING)
    return table.sort_values(["last", "creatives", by], ascending=[True, False, True], ignore_index=True).drop(
        columns="last"
    )


def gap_map(frame: pd.DataFrame, rows: str = "category", columns: str = "section") -> pd.DataFrame:
    """What is live where: every pair of values of two dimensions, also those with nothing.

    One row a pair: `rows` and `columns` (str), `live` (int64, approved), `pending`, `rejected` and `unknown` (int64).
    Creatives without a value in one of the two are not in it: count them with `inventory`. The sections are all five.
    """
    there = on_site(frame)
    values = pd.DataFrame({name: values_of(there, name) for name in (rows, columns)})
    values["status"] = there["review_status"].astype(str)
    told = values[~values[rows].isin(LACKING) & ~values[columns].isin(LACKING)]
    axes = [sorted(told[rows].unique()), list(SECTIONS) if columns == "section" else sorted(told[columns].unique())]
    every = pd.MultiIndex.from_product(axes, names=[rows, columns])
    counts = told.groupby([rows, columns, "status"]).size().unstack("status", fill_value=0)
    counts = counts.reindex(index=every, columns=list(STANDING), fill_value=0).astype("int64")
    return counts.rename(columns={"approved": "live"}).rename_axis(columns=None).reset_index()


def uploads(frame: pd.DataFrame, every: str = "") -> pd.DataFrame:
    """Creatives by the week, month or year in which they were added to the site, as far as that is known.

    `every` is `week` (from Monday), `month` or `year`; `""` takes weeks for up to half a year and years beyond ten.
    One row a period and section, from the first to the last period: `period` (datetime64, its first day), `section`
    (str), `added` (int64), `total` (int64, added until the period's end). Creatives that are gone count where they were
    added.
    """
    dated = frame[frame["upload_date"].notna()]
    if dated.empty:
        return pd.DataFrame({"period": [], "section": [], "added": [], "total": []}).astype(_UPLOADS)
    period = dated["upload_date"].dt.to_period(_PERIODS[every or period_of(dated)])
    added = dated.groupby([period, values_of(dated, "section")]).size().unstack(fill_value=0)
    added = added.reindex(pd.period_range(period.min(), period.max()), fill_value=0)
    table = pd.DataFrame({"added": added.stack(), "total": added.cumsum().stack()})
    table = table.rename_axis(index=["period", "section"]).reset_index()
    table["period"] = table["period"].dt.to_timestamp()
    return table.astype(_UPLOADS)


_PERIODS = {"week": "W-SUN", "month": "M", "year": "Y"}
_UPLOADS = {"period": "datetime64[us]", "section": "str", "added": "int64", "total": "int64"}


def added_in(frame: pd.DataFrame, period: pd.Timestamp, section: str, every: str = "") -> pd.DataFrame:
    """The creatives behind a row of `uploads`: `creative_id`, `filename`, `section`, `review_status`, `upload_date`."""
    dated = frame[frame["upload_date"].notna()]
    begins = dated["upload_date"].dt.to_period(_PERIODS[every or period_of(dated)]).dt.start_time
    found: pd.DataFrame = dated[(begins == period) & (values_of(dated, "section") == section)]
    return found[["creative_id", "filename", "section", "review_status", "upload_date"]].reset_index(drop=True)


def period_of(frame: pd.DataFrame) -> str:
    """The period that suits the days of upload: `week`, `month` or `year`."""
    if frame["upload_date"].isna().all():
        return "month"
    days = (frame["upload_date"].max() - frame["upload_date"].min()).days
    return "week" if days <= 183 else "month" if days <= 3660 else "year"
