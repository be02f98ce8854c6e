"""What waits, and how likely it is to be decided by a given day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tjtools.analysis.reviewtime import Review

COLUMNS = ("creative_id", "filename", "section", "days", "chance", "low", "high")


def outlook(waits: pd.DataFrame, review: Review, more: float) -> pd.DataFrame:
    """The chance of each pending creative to be decided within so many hours more, the likeliest first.

    `waits` is `reviewtime.waiting`'s. One row a creative: `creative_id`, `filename`, `section` (str), `days` (float64,
    its age), `chance` (float64, 0 to 1) and its interval of 95 %, `low` to `high`. The chance is missing where the age
    is unknown or only a smaller age is sure, and where no upload has been seen to wait so long.
    """
    hours = (waits["days"] * 24).where(~waits["at_least"])
    ages = np.unique(hours.dropna())
    each = [chances(review, ages, more), *_could_be(review, ages, more)]
    table = waits[["creative_id", "filename", "section", "days"]].copy()
    for name, values in zip(("chance", "low", "high"), each, strict=True):
        table[name] = hours.map(dict(zip(ages, values, strict=True))).astype("float64")
    return table.sort_values("chance", ascending=False, kind="stable", ignore_index=True)


def chances(review: Review, ages: np.ndarray, more: float) -> np.ndarray:
    """The chance at each age (hours); missing where the data don't reach so far."""
    return _chances(review.curve.at(ages), review.curve.at(ages + more))


def chance_by_age(review: Review, more: float, longest: float, steps: int = 60) -> pd.DataFrame:
    """The chance to be decided within so many hours more by age, from the upload to an age of `longest` hours.

    `days` (float64), `chance` (float64, 0 to 1), `low` and `high`; rows end where the data end.
    """
    ages = np.linspace(0, longest, steps + 1)
    low, high = _could_be(review, ages, more)
    table = pd.DataFrame({"days": ages / 24, "chance": chances(review, ages, more), "low": low, "high": high})
    return table.dropna(ignore_index=True)


def _could_be(review: Review, ages: np.ndarray, more: float) -> tuple[np.ndarray, np.ndarray]:
    """The middle 95 % of the chances that the resampled curves give."""
    low, high = np.full((2, len(ages)), np.nan)
    if review.could_be and len(ages):
        every = np.array([_chances(curve.at(ages), curve.at(ages + more)) for curve in review.could_be])
        told = ~np.isnan(every).all(axis=0)
        if told.any():
            low[told], high[told] = np.nanquantile(every[:, told], [0.025, 0.975], axis=0)
    return low, high


def _chances(now: np.ndarray, then: np.ndarray) -> np.ndarray:
    unknown = np.full(now.shape, np.nan)
    return np.asarray(np.divide(then - now, 1 - now, out=unknown, where=now < 1))
