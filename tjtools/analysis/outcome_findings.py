"""What the tables of how reviews went say, in a sentence each."""

from __future__ import annotations

from datetime import datetime
from math import hypot
from statistics import NormalDist

import numpy as np
import pandas as pd

from tjtools.analysis.changes import AGAIN, APPROVED, BACK, NEW, REJECTED, REMOVED
from tjtools.analysis.comparison import Comparison
from tjtools.analysis.findings import in_time, number_of, per_cent, some
from tjtools.analysis.frame import DIMENSIONS
from tjtools.analysis.rates import CONFIDENCE
from tjtools.analysis.rejections import PARTS

_CHANGED = {
    REJECTED: "rejected",
    APPROVED: "approved",
    NEW: "new",
    REMOVED: "gone from the site",
    BACK: "back on it",
    AGAIN: "in review again",
}


def of_changes(table: pd.DataFrame, since: datetime | None) -> str:
    """How many changed since then, and in which way; without a time, the words leave it out."""
    when = f"since {since.astimezone():%d %B %Y, %H:%M}" if since else "since then"
    if table.empty:
        return f"Nothing has changed {when}"
    counts = table["change"].value_counts()
    told = ", ".join(f"{counts[kind]:,} {words}" for kind, words in _CHANGED.items() if kind in counts)
    return f"{number_of(len(table), 'creative')} changed {when}: {told}"


def of_comparison(compared: Comparison | None, by: str) -> str:
    """How far the two lie apart, and whether chance could do that."""
    if compared is None:
        return f"Nothing to compare: fewer than two values of {DIMENSIONS[by].lower()} have decided creatives"
    one, other = compared.one, compared.other
    undecided = [name for name, count in zip((one, other), compared.decided, strict=True) if not count]
    if one == other:
        return f"{one} can't be compared with itself"
    if undecided:
        return f"{one} and {other} can't be compared: nothing of {' and '.join(undecided)} has been decided yet"
    apart = f"{abs(compared.difference) * 100:.0f} points {'more' if compared.difference > 0 else 'less'} often"
    rates = " and ".join(per_cent(a / n) for a, n in zip(compared.approved, compared.decided, strict=True))
    points = f"{compared.low * 100:+.0f} to {compared.high * 100:+.0f} points".replace("-", "−")
    verdict = "which chance alone would hardly do" if compared.told_apart else "which chance alone can do"
    if not compared.told_apart and not compared.low <= 0 <= compared.high:
        verdict = "but too few are decided to be sure"  # interval and exact test disagree at the edge
    if compared.difference == 0:
        apart, verdict = "as often", "and no difference is to be told"
    as_or_than = "as" if compared.difference == 0 else "than"
    return f"{one} is approved {apart} {as_or_than} {other} ({rates}; 95 % sure: {points}), {verdict}"


def of_times(table: pd.DataFrame, by: str) -> str:
    """Where review is fastest and slowest, as far as enough are decided to tell."""
    if table.empty:
        return "How long review takes can't be told yet: the history has no creative that an upload of tjtools began"
    told = table[~table["few"] & np.isfinite(table["median_hours"])]
    few = int(table["few"].sum())
    rest = f"; {few:,} {by}{'s' * (few != 1)} with fewer than 20 decided tell{'s' * (few == 1)} little" if few else ""
    if told.empty:
        return f"No {by} has enough decided creatives to tell how long review takes"
    first, last = told.loc[told["median_hours"].idxmin()], told.loc[told["median_hours"].idxmax()]
    if len(told) == 1:
        return f"Median time in review of the only {by} that can be told, {_name(first, by)}: {_time(first)}{rest}"
    ways = "" if _apart(first, last, len(told)) else f"; of {len(told):,} {by}s, chance alone can put two so far apart"
    return (
        f"Review took between {_time(first)} ({_name(first, by)}) and {_time(last)} ({_name(last, by)}), by the median"
        f"{ways}{rest}"
    )


def _apart(first: pd.Series, last: pd.Series, groups: int) -> bool:
    """Whether two medians, the extremes of so many, differ by more than chance: by their intervals, and all pairs."""
    spread = hypot(*(one["high_hours"] - one["low_hours"] for one in (first, last))) / (2 * NormalDist().inv_cdf(0.975))
    if not spread > 0:  # unknown, too
        return False
    chance = 2 * (1 - NormalDist().cdf((last["median_hours"] - first["median_hours"]) / spread))
    return bool(chance * groups * (groups - 1) / 2 < 1 - CONFIDENCE)


def _name(row: pd.Series, by: str) -> str:
    return f"week of {row['week']:%Y-%m-%d}" if by == "week" else str(row[by])


def _time(row: pd.Series) -> str:
    return in_time(row["median_hours"])


def of_outlook(table: pd.DataFrame, days: int) -> str:
    """How many of those that wait are likely to be decided within so many days."""
    if table.empty:
        return "No creative waits for review"
    known = table["chance"].notna()
    number, missing = int(known.sum()), int((~known).sum())
    rest = f"; nothing can be said of {missing:,}, whose age is not known or beyond what was seen" if missing else ""
    within = f"within {number_of(days, 'day')}"
    if not number:
        return f"How many will be decided {within} can't be told: of none that waits is the age known, or the time"
    expected, low, high = (float(table.loc[known, name].sum()) for name in ("chance", "low", "high"))
    sure = f" (95 % sure: {low:.0f} to {high:.0f} on average)" if round(high) > round(low) else ""
    verb = "waits" if number == 1 else "wait"
    who = f"Of {number_of(number, 'creative')} that {verb}"
    return f"{who}, {expected:.0f} are to be expected decided {within}{sure}{rest}"


def of_rejections(table: pd.DataFrame, rejected: int) -> str:
    """What stands among the rejected ones more often than chance would have it."""
    if not rejected:
        return "No creative is rejected"
    odd = table[table["chance"] < 1 - CONFIDENCE]
    named = [
        f"{PARTS[part].lower()} {value} ({per_cent(rate)} rejected, {per_cent(rest)} elsewhere)"
        for part, value, rate, rest in zip(*(odd[name] for name in ("part", "value", "rate", "rest_rate")), strict=True)
    ]
    if odd.empty:
        return f"Nothing that names tell is more common among the {rejected:,} rejected creatives than chance allows"
    return f"Rejected more often than chance allows: {some(named)}"


def of_repeats(table: pd.DataFrame, files: int, unseen: int) -> str:
    """How many of the session's files repeat a rejected creative."""
    if not files:
        return "The session holds no files"
    if unseen == files:
        return f"Nothing is known yet of {number_of(files, 'file')} of the session: notebook 01 looks at them"
    rest = f"; {number_of(unseen, 'file')} not looked at yet: notebook 01 does" if unseen else ""
    if table.empty:
        who = f"None of {number_of(files - unseen, 'file')} of the session"
        return f"{who} repeats a rejected creative, as far as is known{rest}"
    number = table["filename"].nunique()
    verb = "repeats a creative that was" if number == 1 else "repeat creatives that were"
    return f"{number:,} of {number_of(files, 'file')} of the session {verb} rejected{rest}"
