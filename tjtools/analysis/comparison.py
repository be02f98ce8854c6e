"""Two groups beside each other: how far their approval rates lie apart, and whether chance alone could do that."""

from __future__ import annotations

from math import hypot
from typing import NamedTuple

import pandas as pd

from tjtools.analysis.rates import CONFIDENCE, approval_rates, fisher, wilson


class Comparison(NamedTuple):
    """Two values of a dimension, `one` and `other`, with their approved and decided creatives.

    `difference` is the rate of the first less that of the second (-1 to 1), `low` to `high` its interval: missing where
    one has no decision. `chance` is the probability that a difference as large arises by chance. Interval and chance
    are corrected for `pairs`, the pairs of values that could have been compared: 95 % hold for all of them at once.
    """

    one: str
    other: str
    approved: tuple[int, int]
    decided: tuple[int, int]
    difference: float
    low: float
    high: float
    chance: float
    pairs: int

    @property
    def told_apart(self) -> bool:
        """Whether chance alone would make such a difference in less than one of twenty cases."""
        return self.chance < 1 - CONFIDENCE


def compare(frame: pd.DataFrame, by: str, one: str, other: str) -> Comparison:
    """Compare the approval rates of two values of a dimension.

    The interval is Newcombe's of two Wilson intervals, the chance Fisher's exact test, two-sided; both with
    Bonferroni's correction. Raises KeyError for a value that no creative has.
    """
    table = approval_rates(frame, by).set_index(by)
    (a, m), (b, n) = (tuple(map(int, table.loc[value, ["approved", "decided"]])) for value in (one, other))
    with_decisions = int((table["decided"] > 0).sum())
    pairs = max(1, with_decisions * (with_decisions - 1) // 2)
    if not m or not n:
        unknown = float("nan")
        return Comparison(one, other, (a, b), (m, n), unknown, unknown, unknown, 1.0, pairs)
    low, high = newcombe(a, m, b, n, 1 - (1 - CONFIDENCE) / pairs)
    chance = min(1.0, fisher(a, m - a, b, n - b) * pairs)
    return Comparison(one, other, (a, b), (m, n), a / m - b / n, low, high, chance, pairs)


def newcombe(a: int, m: int, b: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of `a / m - b / n`: Newcombe's, made of the Wilson intervals of the two rates.

    >>> "{:.4f} {:.4f}".format(*newcombe(56, 70, 48, 80))
    '0.0524 0.3339'
    """
    one, other = a / m, b / n
    (low, low2), (high, high2) = wilson([a, b], [m, n], confidence)
    return (
        float(one - other - hypot(one - low, high2 - other)),
        float(one - other + hypot(high - one, other - low2)),
    )


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """The two groups and their difference.

    Three rows: `group` (str), `approved`, `decided` (Int64, missing for the difference), `rate` (float64: a share, or
    the difference of two), and `low` to `high`, its interval: of 95 % for a rate, corrected as in `Comparison` for the
    difference.
    """
    low, high = wilson(comparison.approved, comparison.decided)
    rates = [a / n if n else float("nan") for a, n in zip(comparison.approved, comparison.decided, strict=True)]
    return pd.DataFrame(
        {
            "group": [comparison.one, comparison.other, "the first less the second"],
            "approved": pd.array([*comparison.approved, None], "Int64"),
            "decided": pd.array([*comparison.decided, None], "Int64"),
            "rate": [*rates, comparison.difference],
            "low": [*low, comparison.low],
            "high": [*high, comparison.high],
        }
    ).astype({"group": "str"})
