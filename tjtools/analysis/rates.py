"""Approval rates, with what chance and the undecided leave open, and what rejected ones share."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tjtools.analysis.contents import inventory
from tjtools.analysis.frame import DIMENSIONS, LACKING, on_site, values_of
from tjtools.analysis.reviews import DECIDED

CONFIDENCE = 0.95
LOOKED_AT = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
LOOKED_AT |= {"model_sex": "Model sex", "style": "Style"}  # in what rejected ones share


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    low, high = wilson(table["approved"], table["decided"])
    table = table.assign(
        rate=table["approved"] / table["decided"].where(table["decided"] > 0),
        low=low,
        high=high,
        if_rejected=table["approved"] / everything,
        if_approved=(table["approved"] + table["pending"]) / everything,
        chance=_against_the_rest(table["approved"], table["decided"]),
    )
    table = table.assign(last=table[by].isin(LACKING), known=table["rate"].notna())
    table = table.sort_values(["last", "known", "low"], ascending=[True, False, False], ignore_index=True)
    return table.drop(columns=["last", "known"])


def overall(frame: pd.DataFrame) -> pd.DataFrame:
    """Approval of all creatives together: one row as `approval_rates` has it, or none where there is nothing."""
    return approval_rates(frame.assign(all="all creatives"), "all")


def _against_the_rest(yes: pd.Series[int], of: pd.Series[int], *every: int) -> NDArray[np.float64]:
    """The chance of each value's difference from all others, corrected; missing where there is nothing to compare.

    `every` are the sums of the two, where a creative counts for several values.
    """
    all_yes, all_of = every or (int(yes.sum()), int(of.sum()))
    counts = zip(yes.tolist(), of.tolist(), strict=True)
    return holm(
        [fisher(a, n - a, all_yes - a, all_of - n - all_yes + a) if 0 < n < all_of else np.nan for a, n in counts]
    )


def holm(chances: ArrayLike) -> NDArray[np.float64]:
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
    low, high = wilson(table["rejected"], table["decided"])
    table = table.assign(
        rate=table["rejected"] / table["decided"],
        low=low,
        high=high,
        rest_rate=(rejected - table["rejected"]) / others.where(others > 0),
        chance=_against_the_rest(table["rejected"], table["decided"], rejected, total),
    )
    found = table[table["rate"] > table["rest_rate"]]
    return found.sort_values(["chance", "low"], ascending=[True, False], kind="stable", ignore_index=True)


def _by_part(values: pd.Series[str], is_rejected: pd.Series[bool]) -> pd.DataFrame:
    told = ~values.isin(LACKING)
    return pd.DataFrame(is_rejected[told].groupby(values[told]).agg(rejected="sum", decided="count"))
