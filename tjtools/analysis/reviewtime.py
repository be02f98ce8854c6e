"""Time in review, as far as the history tells it.

A decision falls between two looks at the site: the last that saw the creative pending and the first that saw it
decided. One that is pending still is not decided yet. When it came to the site is known only of a creative that an
upload of ours began. So each time in review is an interval, open to the right for those that wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from tjtools.analysis.frame import STATUSES, values_of
from tjtools.analysis.survival import Curve, Times, averaged

DECIDED = ("approved", "rejected")
STEPS = (
    40  # into which the hours are divided by which nine in ten are decided: finer ones cost time, and change nothing
)
_ENDINGS = (".mp4", ".png", ".jpg", ".jpeg", ".gif")


def reviews(history: pd.DataFrame, last_times: Mapping[str, tuple[str, str]] | None = None) -> pd.DataFrame:
    """Each stay of a creative in review, in the order in which they were seen to begin.

    `history` has the columns of `TJ_Review_History.csv`, all text; `last_times` tells when each creative was last seen
    and in which status. One row a stay:

    | column | dtype | what |
    |---|---|---|
    | creative_id, filename | str | |
    | began | datetime64, UTC | when it was first seen in review |
    | start_known | bool | an upload of ours began it; else it waited longer than `low` to `high` say |
    | low, high | float64 | hours in review: more than `low`, at most `high`; `high` is infinite while it is undecided |
    | outcome | str | `approved`, `rejected`, `removed` before a decision, or `pending` |

    A creative that was decided when it was first seen has no stay, unless our upload began it: then it took 0 h. Where
    it was seen pending after it was seen decided, a clock was set back: `low` is 0 then, `high` the later of the two.
    Rows with a time or a status that can't be read are left out; `unreadable` lists them.
    """
    rows = _ordered(history)
    known = (rows["place"] == 0) & (rows["source"] == "upload") & _whole_name(rows["filename"])
    pending = rows["to_status"] == "pending"
    at_once = known & rows["to_status"].isin(DECIDED)
    began = rows["at"]
    same = rows["creative_id"].shift(-1) == rows["creative_id"]
    following = rows["to_status"].shift(-1).where(same, "pending")
    seen_until = rows["previous"].shift(-1).where(same, _last_seen(rows, last_times or {}))
    ended = rows["at"].shift(-1).where(same & following.isin(DECIDED))
    table = pd.DataFrame(
        {
            "creative_id": rows["creative_id"],
            "filename": rows["filename"],
            "began": began,
            "start_known": known,
            "low": _hours(seen_until - began).clip(lower=0).fillna(0.0).mask(at_once, 0.0),
            "high": _hours(ended - began).fillna(np.inf).mask(at_once, 0.0),
            "outcome": following.mask(at_once, rows["to_status"]),
        }
    )[pending | at_once]
    back = table["low"] > table["high"]  # a clock was set back in between: all that is known is the later of the two
    table["high"] = table["high"].mask(back, table["low"])
    table["low"] = table["low"].mask(back, 0.0)
    return table.sort_values("began", kind="stable", ignore_index=True)


def unreadable(history: pd.DataFrame) -> pd.DataFrame:
    """The rows of the history that `reviews` leaves out, as they are."""
    times = times_of(history["observed_at"])
    return history[times.isna() | ~history["to_status"].isin(STATUSES[:-1])]


class Review(NamedTuple):
    """What the stays in review tell of the time that it takes; times are in hours.

    `creatives` are those with a known start, of which `decided` were decided; `others` have no known start and tell
    nothing. `median` is infinite where the data don't reach so far; `low` to `high` is its interval of 95 %: what
    chance, and the time between two looks, leave open. `most` is when 95 % are decided. `curve` is the share decided
    by each hour, `could_be` what it could be by chance.
    """

    creatives: int
    decided: int
    others: int
    median: float
    low: float
    high: float
    most: float
    curve: Curve
    could_be: tuple[Curve, ...]

    def chance(self, age: float, more: float) -> tuple[float, float, float]:
        """The chance that a creative of this age (h) is decided within so many hours more, and its interval of 95 %.

        Missing where the data don't reach so far.
        """
        chances = [_chance(curve, age, more) for curve in (self.curve, *self.could_be)]
        low, high = _middle(chances[1:])
        return chances[0], low, high


def time_in_review(stays: pd.DataFrame, *, repeats: int = 100, steps: int = STEPS) -> Review:
    """Estimate the time in review from `reviews`: Turnbull's estimate, averaged over `repeats` samples drawn anew.

    The samples tell the intervals, too. Alone, the estimate jumps between the few hours at which looks fell: averaged,
    it errs by less (with weekly looks at 150 uploads, by a third). The median is the harmonic mean of the samples'
    medians: they scatter further up than down, and their plain mean, or the averaged curve's median, is too long
    (`tests/benchmarks/estimates.md` has the numbers). The hours by which nine in ten are decided are divided into
    `steps`. Without samples, it is Turnbull's estimate itself.
    """
    known = stays[stays["start_known"]]
    times = Times(known["low"], known["high"])
    ended = known.loc[known["high"] < np.inf, "high"]
    longest = float(ended.max()) if len(ended) else 0.0
    rough = times.coarse(longest / STEPS).curve(1e-3) if longest else times.curve()
    reach = min(rough.quantile(0.9), rough.hours[-1])
    could_be = tuple(times.coarse(reach / steps).resampled(repeats)) if reach and repeats else ()
    alone = rough if could_be or not reach else times.coarse(reach / steps).curve(1e-5)
    curve = averaged(could_be) if could_be else alone
    median, most = _median(curve, could_be), curve.quantile(0.95)
    halves = [one.between(0.5) for one in could_be]
    low, high = _middle([begin for begin, _ in halves])[0], _middle([end for _, end in halves])[1]
    low, high = min(low, median), max(high, median)
    decided = int(known["outcome"].isin(DECIDED).sum())
    return Review(len(known), decided, len(stays) - len(known), median, low, high, most, curve, could_be)


def curve_table(review: Review, steps: int = 48) -> pd.DataFrame:
    """The share decided by each hour, from the upload until nearly all are, or as far as the data tell, in even steps.

    `hours` (float64), `share` (float64, 0 to 1), and `low` to `high`, its interval of 95 %; without rows where nothing
    is known.
    """
    reach = min(review.curve.hours[-1], review.curve.quantile(0.995))
    hours = np.linspace(0, reach, steps + 1) if reach else np.array([])
    share = review.curve.at(hours)
    if len(hours) and review.could_be:
        # a sample whose last hour comes earlier has nobody left to decide then
        could_be = np.array([np.nan_to_num(one.at(hours), nan=one.share[-1]) for one in review.could_be])
        low, high = np.quantile(could_be, [0.025, 0.975], axis=0)
    else:
        low = high = share
    return pd.DataFrame({"hours": hours, "share": share, "low": low, "high": high})


def _median(curve: Curve, could_be: Sequence[Curve]) -> float:
    """The samples' medians, averaged as rates; the curve's own where one of them is 0, or it does not get so far."""
    median, medians = curve.quantile(0.5), [one.quantile(0.5) for one in could_be]
    if np.isinf(median) or not medians or not min(medians):
        return median
    return float(len(medians) / sum(1 / hours for hours in medians))


def _chance(curve: Curve, age: float, more: float) -> float:
    now, then = curve.at([age, age + more])
    return float((then - now) / (1 - now)) if now < 1 else float("nan")


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of the values; infinite ones count as the largest."""
    known = sorted(value for value in values if not np.isnan(value))
    if not known:
        return float("nan"), float("nan")
    return known[int(0.025 * (len(known) - 1))], known[int(np.ceil(0.975 * (len(known) - 1)))]


def naive_mean(stays: pd.DataFrame) -> float:
    """The mean, in hours, of the decided ones alone up to the look that saw it: wrong, and shown to say so.

    It leaves out the slow ones, which wait still, and takes the time until the next look for time in review.
    """
    decided = stays[stays["start_known"] & stays["outcome"].isin(DECIDED)]
    return float(decided["high"].mean()) if len(decided) else float("nan")


def waiting(stays: pd.DataFrame, frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The creatives that are pending by the library, those that wait longest first.

    One row a creative: `creative_id`, `filename`, `section` (str); `days` (float64), the age since our upload or else
    since the first sight, missing where the history has not seen it waiting; `at_least` (bool): the true age may be
    larger; `slow` (bool): it waits longer than 95 % of its section's creatives took.
    """
    pending = frame.loc[frame["review_status"] == "pending", ["creative_id", "filename", "section"]].copy()
    pending["section"] = values_of(pending, "section")
    open_stays = stays[stays["outcome"] == "pending"].drop_duplicates("creative_id", keep="last")
    found = pending.merge(open_stays[["creative_id", "began", "start_known"]], on="creative_id", how="left")
    found["days"] = _hours(pd.Timestamp(now) - found["began"]) / 24
    found["at_least"] = found["start_known"].astype("boolean").fillna(value=False).eq(other=False).astype(bool)
    usual = found["section"].map(_usual(stays, frame)).astype("float64")
    found["slow"] = found["days"] * 24 > usual
    order = found.sort_values("days", ascending=False, kind="stable", na_position="last", ignore_index=True)
    return order[["creative_id", "filename", "section", "days", "at_least", "slow"]]


def _usual(stays: pd.DataFrame, frame: pd.DataFrame) -> dict[str, float]:
    """By section, the hours within which 95 % of the creatives were decided; infinite where that is not known."""
    section = stays["creative_id"].map(frame.drop_duplicates("creative_id").set_index("creative_id")["section"])
    groups = stays.groupby(section.astype(object))
    return {str(name): time_in_review(group, repeats=0).most for name, group in groups}


def _ordered(history: pd.DataFrame) -> pd.DataFrame:
    """The readable rows, by creative and time, with their times and each one's place among its creative's."""
    at = times_of(history["observed_at"])
    rows = history.assign(at=at, previous=times_of(history["previous_seen_at"]))
    rows = rows[at.notna() & history["to_status"].isin(STATUSES[:-1])]
    rows = rows.sort_values(["creative_id", "at"], kind="stable", ignore_index=True)
    return rows.assign(place=rows.groupby("creative_id").cumcount())


def _last_seen(rows: pd.DataFrame, last_times: Mapping[str, tuple[str, str]]) -> pd.Series:
    """When each creative was last seen pending; its own row's time where that is not kept."""
    times = {key: at for key, (status, at) in last_times.items() if status == "pending"}
    kept = times_of(rows["creative_id"].map(times).astype("str"))
    return kept.fillna(rows["at"])


def times_of(texts: pd.Series) -> pd.Series:
    """Times as the history writes them (`2025-11-13T12:00:00Z`); missing where it is another text."""
    days = texts.where(texts.str.len() == 20).str.removesuffix("Z")  # without it, pandas reads them in bulk
    return pd.to_datetime(days, format="%Y-%m-%dT%H:%M:%S", errors="coerce").dt.tz_localize("UTC")


def _whole_name(names: pd.Series) -> pd.Series:
    """Whether an upload of ours began it: it notes the file's whole name; what was there before has the site's."""
    return names.str.lower().str.endswith(_ENDINGS)


def _hours(span: pd.Series) -> pd.Series:
    return pd.to_timedelta(span).dt.total_seconds() / 3600
