"""A year of uploads and reviews: tracking files as looks at the site would leave them, and apart from them the truth.

Uploads come in a weekly rhythm, rates differ by category, and review takes a log-normal time. Everything that tjtools
could know is written to the library, the history and the times of the last look; what really happened is returned.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tjtools.analysis.reviews import DECIDED
from tjtools.cache import history
from tjtools.cache.rows import COLUMNS
from tjtools.model.creative import Section
from tjtools.workspace.derived import LAST_SEEN, Derived
from tjtools.workspace.folder import Workspace

RATES = {"Sports": 0.9, "Gaming": 0.82, "Travel": 0.93, "Cooking": 0.88, "Music": 0.6}
FIRST_DAY = pd.Timestamp("2025-01-06", tz="UTC")  # a Monday
WEEKDAYS = np.array([5, 4, 3, 3, 2, 0, 0]) / 17  # how uploads spread over a week


class Truth(NamedTuple):
    """What really happened: the hour of each upload and decision since the first day, and the decision itself.

    `median` and `mean` are those of the distribution that the times in review were drawn from, in hours; `until` is
    the hour at which the year ends.
    """

    uploaded: NDArray[np.float64]
    decided: NDArray[np.float64]
    approved: NDArray[np.bool_]
    category: NDArray[np.str_]
    median: float
    mean: float
    until: float


def year(count: int, seed: int, *, days: int = 364, median: float = 30, spread: float = 0.8) -> Truth:
    """Draw the truth: so many uploads over so many days; time in review is log-normal."""
    dice = np.random.default_rng(seed)
    weeks = dice.integers(0, days // 7, count)
    hours = (weeks * 7 + dice.choice(7, count, p=WEEKDAYS)) * 24 + dice.uniform(7, 18, count)
    uploaded = np.sort(hours)
    category = dice.choice(list(RATES), count)
    approved = dice.uniform(size=count) < np.array([RATES[one] for one in category])
    decided = uploaded + dice.lognormal(np.log(median), spread, count)
    return Truth(uploaded, decided, approved, category, median, median * float(np.exp(spread**2 / 2)), days * 24)


def looks(truth: Truth, period: float, seed: int) -> NDArray[np.float64]:
    """The hours of the looks at the site: one each day, or one a week on a day that varies, in working hours."""
    dice = np.random.default_rng(seed)
    starts = np.arange(0, truth.until - period + 1, period)
    day = dice.integers(0, max(1, min(5, period // 24)), len(starts)) if period > 24 else np.zeros(len(starts))
    return starts + 24 * day + dice.uniform(8, 19, len(starts))


def stays(truth: Truth, seen: NDArray[np.float64]) -> pd.DataFrame:
    """What the history of these looks tells of time in review, as `analysis.reviews.reviews` would find it."""
    at, known, before = _seen(truth, seen)
    low = np.where(known, before, np.maximum(seen[-1], truth.uploaded)) - truth.uploaded
    high = np.where(known, seen[np.minimum(at, len(seen) - 1)] - truth.uploaded, np.inf)
    outcome = np.where(known, np.where(truth.approved, "approved", "rejected"), "pending")
    return pd.DataFrame({"start_known": True, "low": low, "high": high, "outcome": outcome})


def _seen(truth: Truth, seen: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]:
    """The look that saw each decision, if one did, and the hour at which the creative was last seen pending."""
    at = np.searchsorted(seen, truth.decided)
    before = np.maximum(np.where(at > 0, seen[np.maximum(at - 1, 0)], 0), truth.uploaded)
    return at, at < len(seen), before


def naive_mean(stays: pd.DataFrame) -> float:
    """The mean, in hours, of the decided ones alone up to the look that saw it: wrong, and shown to say so: it leaves
    out the slow ones, which wait still, and takes the time until the next look for time in review."""
    decided = stays["start_known"] & stays["outcome"].isin(DECIDED)
    return float(stays.loc[decided, "high"].mean())


def write(workspace: Workspace, truth: Truth, seen: NDArray[np.float64]) -> None:
    """Write what tjtools knows after these looks."""
    at, known, before = _seen(truth, seen)
    outcome = np.where(truth.approved, "approved", "rejected")
    sections = [section for section in Section if "Native" not in section.value]
    ids = [str(1_032_530_511 + 10 * number) for number in range(len(at))]
    names = [f"EN_{one}_SFW_Generic_Ana_9sec_ID-{number:08X}.mp4" for number, one in enumerate(truth.category)]
    first = [(hour, row, ("", "pending", "", "upload")) for row, hour in enumerate(truth.uploaded)]
    later = [
        (seen[at[row]], row, ("pending", outcome[row], _time(before[row]), "refresh")) for row in np.flatnonzero(known)
    ]
    rows = [
        (_time(hour), ids[row], names[row], old, new, previous, source)
        for hour, row, (old, new, previous, source) in sorted(first + later)
    ]
    _write(workspace.history, history.COLUMNS, rows)
    _write(
        workspace.library,
        COLUMNS,
        [
            (
                *(ids[row], names[row], _time(hour)[:10], "640x360", "mp4"),
                *(sections[row % 3].creative_type.value, outcome[row] if known[row] else "pending"),
            )
            for row, hour in enumerate(truth.uploaded)
        ],
    )
    times = {ids[row]: ["pending", _time(max(seen[-1], truth.uploaded[row]))] for row in np.flatnonzero(~known)}
    Derived(workspace).keep(LAST_SEEN, times)


def _time(hour: float) -> str:
    return f"{FIRST_DAY + pd.Timedelta(seconds=round(hour * 3600)):%Y-%m-%dT%H:%M:%SZ}"


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
