"""Approval rates, with what chance and the undecided leave open."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tjtools.analysis.frame import LACKING
from tjtools.analysis.inventory import inventory

CONFIDENCE = 0.95


def wilson(
    successes: ArrayLike, trials: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Wilson score interval of a rate, low and high; 0 to 1 where there is no trial.

    >>> low, high = wilson([9], [10])
    >>> f"{low[0]:.4f} {high[0]:.4f}"
    '0.5958 0.9821'
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (k + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    half = np.where(n > 0, half, middle)  # nothing is known: all of 0 to 1
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def approval_rates(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Approval by a dimension, the surest good ones first: sorted by `low`, so that small samples don't shout,
    those without a value last.

    One row a value: `by` (str), `approved`, `rejected`, `decided`, `pending` (int64); `rate` (float64, 0 to 1) among
    the decided, missing where none is, with its Wilson interval of 95 %, `low` to `high`. `if_rejected` and
    `if_approved` are what the rate would be if all the pending were rejected, or approved. `chance` is the probability
    that a difference as large from all other creatives arises by chance (Fisher's exact test, two-sided, Holm's
    correction for looking at every value). Creatives that are gone, or of unknown status, are not counted.
    """
    table = inventory(frame, by)[[by, "approved", "rejected", "pending"]]
    table.insert(3, "decided", table["approved"] + table["rejected"])
    decided, everything = table["decided"], table["decided"] + table["pending"]
    table = table[everything > 0].copy()
    table["rate"] = table["approved"] / decided.where(decided > 0)
    table["low"], table["high"] = wilson(table["approved"], table["decided"])
    table["if_rejected"] = table["approved"] / everything
    table["if_approved"] = (table["approved"] + table["pending"]) / everything
    table["chance"] = holm(_against_the_rest(table))
    order = table.assign(last=table[by].isin(LACKING), known=table["rate"].notna())
    order = order.sort_values(["last", "known", "low"], ascending=[True, False, False], kind="stable")
    return order.drop(columns=["last", "known"]).reset_index(drop=True)


def overall(frame: pd.DataFrame) -> pd.DataFrame:
    """Approval of all creatives together: one row as `approval_rates` has it, or none where there is nothing."""
    return approval_rates(frame.assign(all="all creatives"), "all")


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


def _against_the_rest(table: pd.DataFrame) -> list[float]:
    approved, rejected = int(table["approved"].sum()), int(table["rejected"].sum())
    return [
        fisher(a, b, approved - a, rejected - b) if a + b and approved + rejected > a + b else float("nan")
        for a, b in zip(table["approved"].tolist(), table["rejected"].tolist(), strict=True)
    ]


def fisher(a: int, b: int, c: int, d: int) -> float:
    """The probability of a table of four counts as uneven as this one or more so, its sums given; two-sided.

    >>> round(fisher(8, 2, 1, 5), 6)
    0.034965
    """
    first, second, yes = a + b, c + d, a + c
    log = _log_factorials(first + second)
    k = np.arange(max(0, yes - second), min(yes, first) + 1)
    chances = np.exp(
        (log[first] - log[k] - log[first - k])
        + (log[second] - log[yes - k] - log[second - yes + k])
        - (log[first + second] - log[yes] - log[first + second - yes])
    )
    seen = chances[a - k[0]]
    return min(1.0, float(chances[chances <= seen * (1 + 1e-7)].sum()))


@lru_cache(maxsize=8)
def _log_factorials(upto: int) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, upto + 1)))])
