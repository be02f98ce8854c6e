"""What chance and the undecided leave open: approval rates, what rejected ones share, and the time in review.

The time is Turnbull's estimate of times that are known to lie in intervals: no shape is assumed. Kept libraries fit a
shape (`scipy.stats` with `CensoredData`) or need an older pandas (lifelines).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import NormalDist, harmonic_mean
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tjtools.analysis.contents import inventory
from tjtools.analysis.frame import DIMENSIONS, LACKING, on_site, values_of
from tjtools.analysis.reviews import DECIDED, of_ids

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
LOOKED_AT = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
LOOKED_AT |= {"model_sex": "Model sex", "style": "Style"}  # in what rejected ones share
STEPS = 40  # into which the hours by which nine in ten are decided are divided: finer ones cost time, change nothing
REPEATS = 100
_ROUNDS = 5_000
_CLOSE = 3e-4  # how little a probability moves in a round when it stands


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    """The Wilson score interval of a rate, of 95 %, low and high; 0 to 1 where there is no trial.

    >>> low, high = wilson([9], [10])
    >>> f"{low[0]:.4f} {high[0]:.4f}"
    '0.5958 0.9821'
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (k + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    half = np.where(n > 0, half, middle)  # nothing is known: all of 0 to 1
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def approval_rates(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Approval by a dimension, the surest good ones first: sorted by `low`, so that small samples don't shout,
    those without a value last.

    One row a value: `by` (str), `approved`, `rejected`, `decided`, `pending` (int64); `rate` (float64, 0 to 1) among
    the decided, missing where none is, with its Wilson interval of 95 %, `low` to `high`, and what it would be
    `if_rejected` or `if_approved` were all the pending. `chance`: that a difference as large from all other creatives
    arises by chance (Fisher's exact test, two-sided, Holm's correction). Gone and unknown ones are not counted.
    """
    table = inventory(frame, by)[[by, "approved", "rejected", "pending"]]
    table.insert(3, "decided", table["approved"] + table["rejected"])
    table = table[table["decided"] + table["pending"] > 0]
    everything = table["decided"] + table["pending"]
    table = _with_rate(table, "approved").assign(
        if_rejected=table["approved"] / everything,
        if_approved=(table["approved"] + table["pending"]) / everything,
        chance=_against_the_rest(table["approved"], table["decided"]),
    )
    table = table.assign(last=table[by].isin(LACKING), known=table["rate"].notna())
    table = table.sort_values(["last", "known", "low"], ascending=[True, False, False], ignore_index=True)
    return table.drop(columns=["last", "known"])


def _with_rate(table: pd.DataFrame, counted: str) -> pd.DataFrame:
    low, high = wilson(table[counted], table["decided"])
    return table.assign(rate=table[counted] / table["decided"].where(table["decided"] > 0), low=low, high=high)


def overall(frame: pd.DataFrame) -> pd.DataFrame:
    """Approval of all creatives together: one row as `approval_rates` has it, or none where there is nothing."""
    return approval_rates(frame.assign(all="all creatives"), "all")


def _against_the_rest(yes: pd.Series[int], of: pd.Series[int], *every: int) -> Floats:
    """The chance of each value's difference from all others, corrected; missing where there is nothing to compare.

    `every` are the sums of the two, where a creative counts for several values.
    """
    all_yes, all_of = every or (int(yes.sum()), int(of.sum()))
    counts = zip(yes.tolist(), of.tolist(), strict=True)
    return holm(
        [fisher(a, n - a, all_yes - a, all_of - n - all_yes + a) if 0 < n < all_of else np.nan for a, n in counts]
    )


def holm(chances: ArrayLike) -> Floats:
    """Probabilities corrected for looking at many (Holm); missing ones stay missing and do not count.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(chances, dtype=np.float64)
    corrected = np.full(given.shape, np.nan)
    order = [place for place in np.argsort(given, kind="stable") if not np.isnan(given[place])]
    steps = given[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected


def fisher(a: int, b: int, c: int, d: int) -> float:
    """The probability of a table of four counts as uneven as this one or more so, its sums given; two-sided.

    >>> round(fisher(8, 2, 1, 5), 6)
    0.034965
    """
    first, second, yes = a + b, c + d, a + c
    log = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, first + second + 1)))])  # of the factorials
    k = np.arange(max(0, yes - second), min(yes, first) + 1)
    chances = np.exp(
        (log[first] - log[k] - log[first - k])
        + (log[second] - log[yes - k] - log[second - yes + k])
        - (log[first + second] - log[yes] - log[first + second - yes])
    )
    return min(1.0, float(chances[chances <= chances[a - k[0]] * (1 + 1e-7)].sum()))


def rejected_in_common(frame: pd.DataFrame) -> pd.DataFrame:
    """The values that are rejected more often than all other decided creatives, the surest first.

    One row a value: `part` (str, a key of `LOOKED_AT`), `value` (str), `rejected` of `decided` (int64), `rate`
    (float64, the share rejected) with its Wilson interval of 95 %, `low` to `high`; `rest_rate`, that of all others,
    also those without a value; `chance` of such a difference, as in `approval_rates`, for all values of all parts.
    """
    there = on_site(frame)
    decided = there[there["review_status"].isin(DECIDED)]
    is_rejected = decided["review_status"] == "rejected"
    parts = [_by_part(values_of(decided, part), is_rejected).assign(part=part) for part in LOOKED_AT]
    counts = pd.concat(parts).rename_axis("value").reset_index()[["part", "value", "rejected", "decided"]]
    table = counts.astype({"part": "str", "value": "str", "rejected": "int64", "decided": "int64"})
    rejected, total = int(is_rejected.sum()), len(decided)
    others = total - table["decided"]
    table = _with_rate(table, "rejected").assign(
        rest_rate=(rejected - table["rejected"]) / others.where(others > 0),
        chance=_against_the_rest(table["rejected"], table["decided"], rejected, total),
    )
    found = table[table["rate"] > table["rest_rate"]]
    return found.sort_values(["chance", "low"], ascending=[True, False], kind="stable", ignore_index=True)


def _by_part(values: pd.Series[str], is_rejected: pd.Series[bool]) -> pd.DataFrame:
    told = ~values.isin(LACKING)
    return pd.DataFrame(is_rejected[told].groupby(values[told]).agg(rejected="sum", decided="count"))


class Curve(NamedTuple):
    """The share decided by each of `hours`, which begin with 0; beyond the last one nothing is known.

    Between two hours at which the share is determined, it is taken to rise evenly.
    """

    hours: Floats
    share: Floats

    def at(self, hours: ArrayLike) -> Floats:
        """The share decided by these hours; missing beyond what is known."""
        return np.interp(np.asarray(hours, dtype=np.float64), self.hours, self.share, right=np.nan)

    def quantile(self, share: float) -> float:
        """The hour by which this share is decided; infinite where the curve does not get there."""
        before, after = self.between(share)
        if not np.isfinite(after) or before == after:
            return after
        return float(np.interp(share, np.interp([before, after], self.hours, self.share), [before, after]))

    def between(self, share: float) -> tuple[float, float]:
        """The two determined hours between which this share is reached: the data don't tell where."""
        if self.share[-1] < share:
            return float(self.hours[-1]), float("inf")
        place = int(np.searchsorted(self.share, share))
        return float(self.hours[max(place - 1, 0)]), float(self.hours[place])


class Times:
    """Times known to be more than `low` and at most `high`, which is infinite while nothing has happened.

    An exact time has `low` equal to `high`; the others are rounded to whole steps, none to less than one, or not for 0.
    """

    def __init__(self, low: ArrayLike, high: ArrayLike, step: float = 0.0) -> None:
        bounds = np.array([low, high], dtype=np.float64)
        exact = bounds[0] == bounds[1]
        if step:
            whole = np.round(bounds / step)
            bounds = np.where(exact, bounds, step * np.maximum(whole, [whole[0], whole[0] + 1]))
        # "more than low" as "at least the next number": then all intervals are closed
        bounds[0] = np.where(exact, bounds[0], np.nextafter(bounds[0], np.inf))
        bounds, self._count = np.unique(bounds, axis=1, return_counts=True)
        self._begin, self._end = _innermost(*bounds)
        # the innermost intervals that a time holds lie side by side: sums over them are differences of running sums
        self._first, self._past = (
            np.searchsorted(self._begin, bounds[0]),
            np.searchsorted(self._end, bounds[1], "right"),
        )
        self._by_past, places = np.argsort(self._past, kind="stable"), np.arange(len(self._begin))
        self._begun = np.searchsorted(self._first, places, "right")  # how many times begin at or before each place
        self._over = np.searchsorted(self._past[self._by_past], places, "right")

    def curve(self, close: float = _CLOSE) -> Curve:
        """Turnbull's estimate of the distribution, reckoned until no probability moves by more than `close`."""
        return self._curve(self._settled(self._even(), self._count[np.newaxis], close)[0])

    def resampled(self, repeats: int = REPEATS) -> list[Curve]:
        """The estimates of so many samples drawn from these times with repetition: what chance could have made."""
        total, even = int(self._count.sum()), self._even()
        start = 0.9 * self._settled(even, self._count[np.newaxis], _CLOSE) + 0.1 * even
        counts = np.random.default_rng(0).multinomial(total, self._count / total, size=repeats)
        return [self._curve(mass) for mass in self._settled(start.repeat(repeats, axis=0), counts, _CLOSE)]

    def _even(self) -> Floats:
        return np.full((1, len(self._begin)), 1 / max(len(self._begin), 1))

    def _settled(self, mass: Floats, counts: NDArray[np.int64], close: float) -> Floats:
        """The probability of each innermost interval, for each row of counts: self-consistency, until it stands."""
        share, moving = counts / max(self._count.sum(), 1), np.arange(len(mass))
        mass = np.where(self._held(counts), mass, 0.0)  # exactly: what no time of a row holds would only come near it
        for _ in range(_ROUNDS):
            before = mass[moving]
            one = self._step(before, share[moving])
            mass[moving] = after = self._step(_leap(before, one, self._step(one, share[moving])), share[moving])
            moving = moving[np.abs(after - before).max(axis=1, initial=0) > close]
            if not len(moving):
                break
        return mass

    def _step(self, mass: Floats, share: Floats) -> Floats:
        """One round of self-consistency: each time is shared out over its innermost intervals by their mass."""
        sums = _running(mass)
        inside = sums[:, self._past] - sums[:, self._first]
        held = self._held(np.divide(share, inside, out=np.zeros_like(share), where=inside > 0))
        return np.asarray(mass * np.maximum(held, 0))

    def _held(self, times: NDArray[Any]) -> NDArray[Any]:
        """Of each innermost interval the sum over the times that hold it."""
        over = _running(times[:, self._by_past])[:, self._over]
        return np.asarray(_running(times)[:, self._begun] - over)

    def _curve(self, mass: Floats) -> Curve:
        """The cumulative share, at both ends of each innermost interval that has an end."""
        known = np.isfinite(self._end)
        begin, end = self._begin[known], self._end[known]
        begin = np.where(begin == end, begin, np.nextafter(begin, -np.inf))
        share = np.minimum(np.cumsum(mass[known]), 1)
        before = np.concatenate([[0.0], share])
        hours, shares = np.array([begin, end]).T.ravel(), np.array([before[:-1], share]).T.ravel()
        return Curve(np.concatenate([[0.0], hours]), np.concatenate([[0.0], shares]))


def _running(values: NDArray[Any]) -> NDArray[Any]:
    """The sums of each row up to each place, 0 before the first."""
    return np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))


def _innermost(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The closed intervals that begin with a `low`, end with a `high`, and hold no other bound between."""
    bounds = np.concatenate([low, high])
    is_end = np.repeat([False, True], len(low))
    order = np.lexsort([is_end, bounds])
    here = np.flatnonzero(~is_end[order][:-1] & is_end[order][1:])
    return bounds[order][here], bounds[order][here + 1]


def _leap(before: Floats, one: Floats, two: Floats) -> Floats:
    """A longer step in the direction of two rounds (SQUAREM), where it stays a distribution.

    Without it an interval is reckoned too early, and holds the truth in 90 % instead of 95.
    """
    change, bend = one - before, two - 2 * one + before
    size, curve = (np.linalg.norm(part, axis=1, keepdims=True) for part in (change, bend))
    length = np.minimum(-1, -np.divide(size, curve, out=np.ones_like(size), where=curve > 0))
    ahead = before - 2 * length * change + length**2 * bend
    good = ((ahead > 0) | ((ahead == 0) & (two == 0))).all(axis=1, keepdims=True)
    ahead = np.where(good, ahead, two)
    return np.asarray(ahead / ahead.sum(axis=1, keepdims=True))


class Review(NamedTuple):
    """What the stays in review of so many `creatives` tell of the time (h) that it takes.

    `median` is infinite where the data don't reach so far; `low` to `high` is its interval of 95 %: what chance, and
    the time between two looks, leave open. By `most`, 95 % are decided. `curve` is the mean of the `samples`.
    """

    creatives: int
    decided: int
    median: float
    low: float
    high: float
    most: float
    curve: Curve
    samples: tuple[Curve, ...]

    def chances(self, ages: ArrayLike, more: float) -> tuple[Floats, Floats, Floats]:
        """The chance at each age (h) to be decided within so many hours more, and its interval of 95 %, if known."""
        every = np.array(
            [_chances(curve, np.asarray(ages, dtype=np.float64), more) for curve in (self.curve, *self.samples)]
        )
        low, high = pd.DataFrame(every[1:]).quantile([0.025, 0.975]).to_numpy()
        return every[0], low, high


def _chances(curve: Curve, ages: Floats, more: float) -> Floats:
    now, then = curve.at(ages), curve.at(ages + more)
    return np.asarray(np.divide(then - now, 1 - now, out=np.full(now.shape, np.nan), where=now < 1))


def time_in_review(stays: pd.DataFrame, *, repeats: int = REPEATS) -> Review:
    """Estimate the time in review from `reviews`: Turnbull's estimate, averaged over `repeats` samples drawn anew.

    The samples tell the intervals, too. Alone, the estimate jumps between the few hours at which looks fell. The median
    is the harmonic mean of the samples' medians: they scatter further up than down, and with weekly looks at 150
    uploads the averaged curve's own median is 6 % too long (`tests/benchmarks/estimates.md`). Without samples,
    it is Turnbull's estimate itself, in coarse steps.
    """
    known = stays[stays["start_known"]]
    longest = float(known["high"].replace(np.inf, 0.0).max()) if len(known) else 0.0
    curve = Times(known["low"], known["high"], longest / STEPS).curve(close=1e-3)
    reach = min(curve.quantile(0.9), curve.hours[-1])
    samples: Sequence[Curve] = [curve]
    if reach and repeats:
        samples = Times(known["low"], known["high"], reach / STEPS).resampled(repeats)
        curve = Curve(samples[0].hours, np.mean([one.share for one in samples], axis=0))
    medians, halves = [one.quantile(0.5) for one in samples], np.array([one.between(0.5) for one in samples])
    median = harmonic_mean(medians) if np.isfinite(curve.quantile(0.5)) and min(medians) else curve.quantile(0.5)
    low, high = np.quantile(halves[:, 0], 0.025, method="lower"), np.quantile(halves[:, 1], 0.975, method="higher")
    decided = int(known["outcome"].isin(DECIDED).sum())
    interval = min(float(low), median), max(float(high), median)
    return Review(len(known), decided, median, *interval, curve.quantile(0.95), curve, tuple(samples))


def curve_table(review: Review, steps: int = 48) -> pd.DataFrame:
    """The share decided by each hour, in even steps until nearly all are, or as far as the data tell: `hours`, `share`
    (0 to 1), and `low` to `high`, its interval of 95 % (float64). No rows: nothing is known."""
    reach = min(review.curve.hours[-1], review.curve.quantile(0.995))
    hours = np.linspace(0, reach, steps + 1) if reach else np.array([])
    low, high = np.quantile([one.at(hours) for one in review.samples], [0.025, 0.975], axis=0)
    return pd.DataFrame({"hours": hours, "share": review.curve.at(hours), "low": low, "high": high})


def behind_hours(stays: pd.DataFrame, hours: float) -> pd.DataFrame:
    """The stays that were seen decided within so many hours of the upload, those that took longest first."""
    kept = stays[stays["start_known"] & (stays["high"] <= hours)]
    kept = kept.sort_values("low", ascending=False, kind="stable", ignore_index=True)
    return kept.rename(columns={"low": "more_than_hours", "high": "at_most_hours"})


def waiting(
    stays: pd.DataFrame, frame: pd.DataFrame, now: datetime, review: Review | None = None, days: int = 7
) -> pd.DataFrame:
    """`in_review`, and by `review` the `chance` (float64, 0 to 1) to be decided within so many `days` more.

    With its interval of 95 %, `low` to `high`: missing where no age is sure, or none waited so long.
    """
    found = in_review(stays, frame, now)
    hours = found["days"].mask(found["at_least"]) * 24
    chance, low, high = (review or time_in_review(stays)).chances(hours, days * 24)
    return found.assign(chance=chance, low=low, high=high)


def in_review(stays: pd.DataFrame, frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The creatives that are pending by the library, those that wait longest first.

    One row a creative: `creative_id`, `filename`, `section` (str); `days` (float64) since our upload or else the first
    sight, missing where the history has not seen it waiting; `at_least` (bool): it may be older; `slow` (bool): it
    waits longer than 95 % of its section took.
    """
    found = frame.loc[frame["review_status"] == "pending", ["creative_id", "filename", "section"]]
    open_stays = stays[stays["outcome"] == "pending"].drop_duplicates("creative_id", keep="last")
    found = found.assign(section=values_of(found, "section")).merge(
        open_stays, "left", "creative_id", suffixes=("", "_")
    )
    hours = (pd.Timestamp(now) - found["began"]).dt.total_seconds() / 3600
    at_least = ~found["start_known"].eq(other=True)  # or missing
    groups = stays.groupby(of_ids(frame, stays["creative_id"], "section"))
    usual = {str(name): time_in_review(group, repeats=0).most for name, group in groups}
    found = found[["creative_id", "filename", "section"]].assign(days=hours / 24, at_least=at_least)
    found["slow"] = hours > found["section"].map(usual).astype("float64")
    return found.sort_values("days", ascending=False, kind="stable", na_position="last", ignore_index=True)
