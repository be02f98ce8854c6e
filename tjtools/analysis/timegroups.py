"""Time in review by group: by section, and by the week of the upload."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.frame import NOT_KNOWN
from tjtools.analysis.reviewtime import time_in_review

FEW = 20  # decided creatives, below which a group's median is said to rest on few
_HOURS = ("median_hours", "low_hours", "high_hours")
REPEATS, STEPS = 40, 24  # samples for an interval and their grid: there are many groups


def time_by_section(stays: pd.DataFrame, frame: pd.DataFrame, *, repeats: int = REPEATS) -> pd.DataFrame:
    """Time in review by section, the most uploads first: columns as `time_by` has them, the first is `section`."""
    table = time_by(stays, _sections(stays, frame), repeats=repeats)
    return table.sort_values(["uploads", "section"], ascending=[False, True], ignore_index=True)


def time_by_week(stays: pd.DataFrame, *, repeats: int = REPEATS) -> pd.DataFrame:
    """Time in review by the week of the upload, the first week first: columns as `time_by` has them.

    The first is `week` (datetime64, its Monday, UTC).
    """
    return time_by(stays, _weeks(stays), repeats=repeats)


def behind_section(stays: pd.DataFrame, frame: pd.DataFrame, section: str) -> pd.DataFrame:
    """The stays that a row of `time_by_section` was reckoned from, those that took longest first."""
    return _behind(stays, _sections(stays, frame) == section)


def behind_week(stays: pd.DataFrame, week: pd.Timestamp) -> pd.DataFrame:
    """The stays that a row of `time_by_week` was reckoned from, those that took longest first."""
    return _behind(stays, _weeks(stays) == week)


def behind_hours(stays: pd.DataFrame, hours: float) -> pd.DataFrame:
    """The stays that were seen decided within so many hours of the upload, those that took longest first."""
    return _behind(stays, stays["high"] <= hours)


def time_by(stays: pd.DataFrame, groups: pd.Series, *, repeats: int = REPEATS) -> pd.DataFrame:
    """Time in review of each group of stays, of those whose start is known.

    One row a group: its value; `uploads` and of these `decided` (int64); `median_hours` (float64, infinite
    where half of them take longer than can be seen) with its interval of 95 %, `low_hours` to `high_hours`; `few`
    (bool): fewer than 20 are decided, so that the median tells little.
    """
    known = stays["start_known"]
    found = []
    for value, group in stays[known].groupby(groups[known], sort=True):
        review = time_in_review(group, repeats=repeats, steps=STEPS)
        found.append((value, review.creatives, review.decided, review.median, review.low, review.high))
    table = pd.DataFrame(found, columns=[groups.name, "uploads", "decided", *_HOURS])
    table = table.astype({"uploads": "int64", "decided": "int64"} | dict.fromkeys(_HOURS, "float64"))
    table[groups.name] = table[groups.name].astype(groups.dtype)
    return table.assign(few=table["decided"] < FEW)


def _sections(stays: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    known = frame.drop_duplicates("creative_id").set_index("creative_id")["section"].astype(object)
    return stays["creative_id"].map(known).fillna(NOT_KNOWN).astype("str").rename("section")


def _weeks(stays: pd.DataFrame) -> pd.Series:
    days = stays["began"].dt.tz_localize(None).dt.normalize()
    mondays: pd.Series = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    return mondays.rename("week")


def _behind(stays: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    kept = stays[stays["start_known"] & chosen].rename(columns={"low": "more_than_hours", "high": "at_most_hours"})
    return kept.sort_values("more_than_hours", ascending=False, kind="stable", ignore_index=True)
