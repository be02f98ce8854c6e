"""How old the creatives on the site are."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from tjtools.analysis.frame import STANDING, on_site

AGES = {"up to a week": 7, "up to 30 days": 30, "up to 90 days": 90, "up to half a year": 183, "up to a year": 365}
OLDER, UNKNOWN_AGE = "over a year", "unknown"


def days_on_site(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The age of each creative, one row each with the frame's index.

    `days` (float64) since its upload date, or else since it was first seen, missing if neither is known; `at_least`
    (bool): it was seen so long ago, and may be older.
    """
    today = pd.Timestamp(now).tz_localize(None).normalize()
    first_seen = frame["first_seen"].dt.tz_convert(now.tzinfo).dt.tz_localize(None).dt.normalize()
    begun = frame["upload_date"].fillna(first_seen)
    days = (today - begun).dt.days.astype("float64").clip(lower=0)
    return pd.DataFrame({"days": days, "at_least": frame["upload_date"].isna() & first_seen.notna()})


def ages(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Creatives on the site by age, the youngest first, those of unknown age last.

    One row a class of age, also those without a creative: `age` (str), `creatives` (int64), `at_least` (int64: of
    these, those that were seen so long ago and may be older), and by review status `approved`, `pending`, `rejected`
    and `unknown` (int64). Every creative on the site is counted in exactly one row.
    """
    there = on_site(frame)
    aged = days_on_site(there, now)
    classes = _classes(aged["days"])
    table = pd.DataFrame({"creatives": classes.value_counts(sort=False)})
    table["at_least"] = classes[aged["at_least"]].value_counts(sort=False)
    statuses = there["review_status"].astype(str)
    for status in STANDING:
        table[status] = classes[statuses == status].value_counts(sort=False)
    return table.fillna(0).astype("int64").rename_axis("age").reset_index().astype({"age": "str"})


def of_age(frame: pd.DataFrame, now: datetime, age: str) -> pd.DataFrame:
    """The creatives behind a row of `ages`: `creative_id`, `filename`, `section`, `review_status`, `upload_date`, and
    `days` and `at_least` as `days_on_site` has them."""
    there = on_site(frame)
    aged = days_on_site(there, now)
    found = there[["creative_id", "filename", "section", "review_status", "upload_date"]].join(aged)
    return found[_classes(aged["days"]) == age].reset_index(drop=True)


def _classes(days: pd.Series[float]) -> pd.Series:
    classes = pd.cut(days, [-1, *AGES.values(), np.inf], labels=[*AGES, OLDER]).cat.add_categories(UNKNOWN_AGE)
    return classes.fillna(UNKNOWN_AGE).rename("age")


def median_age(frame: pd.DataFrame, now: datetime) -> float:
    """The age in days that half of the creatives of known upload date are older than; missing where none is known."""
    there = on_site(frame)
    return float(days_on_site(there[there["upload_date"].notna()], now)["days"].median())
