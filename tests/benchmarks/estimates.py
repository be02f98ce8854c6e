"""Check the estimates against truths that they don't see, and write `estimates.md` beside this file.

Run as `python tests/benchmarks/estimates.py`; it takes some minutes. Everything is drawn from numbered seeds: the same
report comes out each time. Nothing is asserted here; the tests hold the same bounds on smaller samples.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from harness import head, write
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).parent.parent))  # the generator, which the tests use too
import reviewed

from tjtools.analysis.estimates import approval_rates, time_in_review, wilson

RATES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
DECIDED = (100, 150, 250, 400, 1000)
LIBRARIES, RUNS = 1000, 200
COUNTS, PERIODS = (150, 400, 1500), {"daily": 24.0, "weekly": 168.0}


def covered(decided: int, rate: float, seed: int) -> float:
    """The share of a thousand libraries whose interval holds the rate that they were drawn from."""
    dice = np.random.default_rng(seed)
    approved = (dice.uniform(size=(LIBRARIES, decided)) < rate).ravel()
    names = np.repeat([f"library {number}" for number in range(LIBRARIES)], decided)
    frame = pd.DataFrame({"category": names, "by_convention": True})
    frame["review_status"] = np.where(approved, "approved", "rejected")
    table = approval_rates(frame, "category")
    return float(((table["low"] <= rate) & (rate <= table["high"])).mean())


@cache
def exactly_covered(decided: int, rate: float) -> float:
    """The probability that the interval holds the rate, over every library that could be."""
    approved = np.arange(decided + 1)
    low, high = wilson(approved, np.full(decided + 1, decided))
    return float(binom.pmf(approved, decided, rate)[(low <= rate) & (rate <= high)].sum())


class Times(NamedTuple):
    """What came of the runs of one kind; hours."""

    medians: np.ndarray
    means: np.ndarray
    in_interval: float
    chance: float
    real_chance: float
    chance_in_interval: float
    truth: reviewed.Truth


def times(count: int, period: float) -> Times:
    """Estimate the time in review of so many years, each seen by looks of this period."""
    found = []
    for seed in range(RUNS):
        truth = reviewed.year(count, seed)
        stays = reviewed.stays(truth, reviewed.looks(truth, period, seed))
        review = time_in_review(stays)
        [chance], [low], [high] = review.chances([24], 24)
        found.append((review.median, reviewed.naive_mean(stays), review.low, review.high, chance, low, high))
    median, mean, low, high, chance, least, most = np.array(found).T
    real = _chance(truth.median, 24, 24)
    return Times(
        *(median, mean, float(((low <= truth.median) & (truth.median <= high)).mean())),
        *(float(np.nanmean(chance)), real, float(((least <= real) & (real <= most)).mean()), truth),
    )


def _chance(median: float, age: float, more: float, spread: float = 0.8) -> float:
    """The chance in the distribution that the years are drawn from."""
    from scipy.stats import lognorm

    law = lognorm(spread, scale=median)
    return float((law.cdf(age + more) - law.cdf(age)) / law.sf(age))


def rates_report() -> Iterator[str]:
    cells = {
        (decided, rate): covered(decided, rate, seed=1000 * decided + int(rate * 10))
        for decided in DECIDED
        for rate in RATES
    }
    exact = [exactly_covered(decided, rate) for decided in range(100, 1001) for rate in RATES]
    yield "## Approval rates: how often Wilson's interval of 95 % holds the truth"
    yield ""
    yield (
        f"Each cell: of {LIBRARIES:,} simulated libraries, all through `approval_rates`; in brackets the exact"
        " probability, over every library that could be. A simulated share differs from the exact one by up to 1.4"
        " points by chance."
    )
    yield ""
    yield "| decided | " + " | ".join(f"rate {rate}" for rate in RATES) + " |"
    yield "|--:|" + "--:|" * len(RATES)
    for decided in DECIDED:
        told = (f"{cells[decided, rate]:.1%} ({exactly_covered(decided, rate):.1%})" for rate in RATES)
        yield f"| {decided:,} | " + " | ".join(told) + " |"
    yield ""
    outside = {cell: share for cell, share in cells.items() if not 0.93 <= share <= 0.97}
    yield (
        f"Wanted: 93 to 97 %. Simulated: {min(cells.values()):.1%} to {max(cells.values()):.1%},"
        f" {len(cells) - len(outside)} of {len(cells)} cells within."
        + "".join(
            f" Outside: {decided:,} decided, rate {rate}: {share:.1%}." for (decided, rate), share in outside.items()
        )
        + f" Exact, for every number of decided creatives from 100 to 1,000: {min(exact):.1%} to {max(exact):.1%}."
    )


def times_report() -> Iterator[str]:
    yield "## Time in review: the median, and what the mean of the decided ones would say"
    yield ""
    truth = reviewed.year(1, 0)
    yield (
        f"Each line: {RUNS} years, of which the estimator sees what looks at the site leave in the history. Times are"
        f" log-normal, true median {truth.median:.1f} h, true mean {truth.mean:.1f} h. The interval is that of 95 %, by"
        " resampling; the chance is that of a creative which waits for 24 h to be decided within 24 h more."
    )
    yield ""
    yield (
        "| uploads | looks | median, averaged | off by | its spread | interval holds it | mean of the decided | off by"
        " | chance | true | interval holds it |"
    )
    yield "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    worst, naive = 0.0, float("inf")
    for count in COUNTS:
        for name, period in PERIODS.items():
            one = times(count, period)
            off = one.medians.mean() / one.truth.median - 1
            wrong = one.means.mean() / one.truth.mean - 1
            worst, naive = max(worst, abs(off)), min(naive, abs(wrong))
            yield (
                f"| {count:,} | {name} | {one.medians.mean():.1f} h | {off:+.1%} | {one.medians.std():.1f} h"
                f" | {one.in_interval:.0%} | {one.means.mean():.1f} h | {wrong:+.0%}"
                f" | {one.chance:.1%} | {one.real_chance:.1%} | {one.chance_in_interval:.0%} |"
            )
    yield ""
    yield (
        f"Wanted: the averaged median within 5 % of the truth, the mean of the decided off by more. Found: {worst:.1%}"
        f" at most, and {naive:.0%} at least. An average of {RUNS} runs itself varies by its spread divided by"
        f" {RUNS**0.5:.0f}."
    )


def report(_: Path) -> Iterator[str]:
    """The report's lines."""
    yield head(
        __file__,
        "The estimates, checked against the truth",
        ("numpy", "pandas", "scipy"),
        "The generator, `tests/reviewed.py`, draws uploads in a weekly rhythm, decisions with rates by category, and"
        " times in review; the estimators see only the looks.",
    )
    yield ""
    yield from rates_report()
    yield ""
    yield from times_report()
    yield from ("", "## Against other libraries", "")
    yield (
        "Fixed cases agree to 1e-9, in `tests/`, with the expected values as the others gave them: Wilson's"
        " interval and Holm's correction with statsmodels 0.15.0, Turnbull's and the Kaplan-Meier estimate"
        " with lifelines 0.30.3, each in an environment of its own; Wilson's interval and Fisher's exact test with"
        " scipy, in every run."
    )


if __name__ == "__main__":
    write(__file__, report)
