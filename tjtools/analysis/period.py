"""A span of days: the creatives that were uploaded in it, or decided."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pandas as pd

from tjtools.analysis.reviewtime import DECIDED

UPLOADED, DECISION = KINDS = ("uploaded", "decided")


class Period(NamedTuple):
    """From one day to another, both included, None for an open end; `kind` says whose days: one of `KINDS`."""

    kind: str = UPLOADED
    since: date | None = None
    until: date | None = None

    @property
    def open(self) -> bool:
        """Whether every day lies in it."""
        return self.since is None and self.until is None


def dated(frame: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """The frame with two columns more: `uploaded` and `decided` (datetime64, days in UTC, missing if unknown).

    The day of upload is the library's, or else that on which an upload of ours began its stay in review. The day of the
    decision is that of the look which saw it; of a creative that waits, or was decided when first seen, none is known.
    """
    ours = stays[stays["start_known"]].drop_duplicates("creative_id")
    done = stays[stays["outcome"].isin(DECIDED)].drop_duplicates("creative_id", keep="last")
    began = _days(ours["began"], ours["creative_id"], frame)
    seen = _days(done["began"] + pd.to_timedelta(done["high"], unit="h"), done["creative_id"], frame)
    uploaded = frame["upload_date"].fillna(began)
    return frame.assign(uploaded=uploaded, decided=seen.where(frame["review_status"].isin(DECIDED)))


def _days(times: pd.Series, ids: pd.Series, frame: pd.DataFrame) -> pd.Series:
    """The days of these times, for each creative of the frame."""
    days = times.dt.tz_localize(None).dt.normalize().astype("datetime64[us]").set_axis(ids)
    found: pd.Series = days.reindex(frame["creative_id"])
    return found.set_axis(frame.index)


def within(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The creatives of a `dated` frame whose day lies in the period; those without a known day only where it is open.

    `unknown_days` counts the ones that are lost thereby.
    """
    if period.open:
        return frame
    days = frame[period.kind]
    kept = days.notna()
    if period.since:
        kept &= days >= pd.Timestamp(period.since)
    if period.until:
        kept &= days <= pd.Timestamp(period.until)
    return frame[kept]


def unknown_days(frame: pd.DataFrame, period: Period) -> int:
    """How many creatives of a `dated` frame have no known day for this period."""
    return 0 if period.open else int(frame[period.kind].isna().sum())
