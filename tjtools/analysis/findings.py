"""What a table says, in a sentence: the titles of its chart, and the words for who can't see it."""

from __future__ import annotations

import math
from datetime import datetime

import pandas as pd

from tjtools.analysis.contents import UNKNOWN_AGE, cost_of, dry
from tjtools.analysis.estimates import CONFIDENCE, LOOKED_AT, Review
from tjtools.analysis.frame import DIMENSIONS, LACKING, STATUSES
from tjtools.analysis.reviews import BACK, KINDS, REMOVED
from tjtools.model.words import counted

FEW = 3  # that a sentence names
_CHANGED = {kind: kind for kind in KINDS} | {REMOVED: "gone from the site", BACK: "back on it"}
_NEEDY = {
    "no image": "without an image",
    "no video": "without a video",
    "half rejected": "with one half rejected",
    "both rejected": "with both halves rejected",
}
_NOTHING = "There is no creative to count"


def of_inventory(table: pd.DataFrame, by: str) -> str:
    total, what = int(table["creatives"].sum()), DIMENSIONS[by].lower()
    told, all_of_them = table[~table[by].isin(LACKING)], counted(total, "creative")
    if told.empty:
        return f"No {what} is known for any of {all_of_them}" if total else _NOTHING
    top, rest = told.iloc[0], total - int(told["creatives"].sum())
    first = f"{top[by]} holds the most" if len(told) > 1 else f"{top[by]} is the only {what}"
    return f"{first}: {top['creatives']:,} of {all_of_them}" + _also(rest, f"no {what} is known of {rest:,}")


def of_gaps(table: pd.DataFrame, columns: str = "section", outside: int = 0) -> str:
    """Where nothing is live; `outside` creatives are not in the map."""
    across, gaps = DIMENSIONS[columns].lower(), table[table["live"] == 0]
    told = "No name tells a category: gaps can't be seen"
    if len(gaps):
        named = [f"{one} in {other}" for one, other in zip(gaps["category"], gaps[columns], strict=True)]
        told = f"Nothing is live in {len(gaps):,} of {len(table):,} pairs of category and {across}: {_some(named)}"
    elif len(table):
        least = table.iloc[int(table["live"].argmin())]
        where = f"{least['live']:,}, for {least['category']} in {least[columns]}"
        told = f"Something is live for each category and {across}; the least, {where}"
    number = counted(outside, "creative")
    return told + _also(outside, f"{number} not counted: the category or {across} can't be told")


def of_pairs(table: pd.DataFrame) -> str:
    counts = table["state"].value_counts()
    needy = [f"{counts[state]:,} {told}" for state, told in _NEEDY.items() if state in counts]
    if needy:
        number = table["state"].isin(list(_NEEDY)).sum()
        return f"{number:,} of {len(table):,} native pairs need something: {', '.join(needy)}"
    if table.empty:
        return "The library holds no native creatives"
    return f"No native pair needs anything: {counts.get('live', 0):,} of {len(table):,} are live"


def of_shared_days(shared: pd.Series, known: int) -> str:
    """That many of the `known` upload dates are the same; `""` where none is."""
    if shared.empty:
        return ""
    days = [_day(day) for day in pd.DatetimeIndex(shared.index)]
    if len(days) > 1:
        days = [f"{day} ({number:,})" for day, number in zip(days, shared, strict=True)]
    number = int(shared.sum())
    of = f"{number:,} of {known:,}" if number < known else f"all {known:,}"
    return (
        f"{of} known upload dates are {' or '.join(days)}: a refresh by another tool may have written its own day there"
    )


def of_uploads(table: pd.DataFrame, every: str, unknown: int, shared: str = "") -> str:
    """How many were added since when, the busiest `week`, `month` or `year`, and how many days nobody knows.

    `shared` is said of days that are not in the table.
    """
    if shared and table.empty:
        return shared + _also(unknown, f"the day of {unknown:,} more is unknown")
    if table.empty:
        told = f"No upload date is known of {counted(unknown, 'creative')}: the site shows none"
        return f"{told}, only uploads by tjtools note theirs" if unknown else _NOTHING
    added = table.groupby("period")["added"].sum()
    first, busiest, total = pd.Timestamp(str(added.index[0])), pd.Timestamp(str(added.idxmax())), int(added.sum())
    when = {"week": f"the week of {_day(busiest)}", "month": f"{busiest:%B %Y}", "year": f"{busiest:%Y}"}
    most = f", most in {when[every]}: {added.max():,}" if len(added) > 1 else ""
    told = f"{counted(total, 'creative')} {'was' if total == 1 else 'were'} added since {_day(first)}{most}"
    told = f"{shared}; of the others, {told}" if shared else told
    return told + _also(unknown, f"the day of {unknown:,} more is unknown")


def _day(day: pd.Timestamp) -> str:
    return f"{day.day} {day:%B %Y}"


def of_ages(table: pd.DataFrame, aged: pd.DataFrame, shared: str = "") -> str:
    """How old half of the creatives are at most, and of how many the age is known only in part or not at all.

    `aged` are their `days_on_site`; `shared` is said of their upload dates.
    """
    total, partly = int(table["creatives"].sum()), int(table["at_least"].sum())
    unknown = int(table.loc[table["age"] == UNKNOWN_AGE, "creatives"].sum())
    dated = total - unknown - partly
    told = f"No upload date is known of {counted(total, 'creative')}" if total else _NOTHING
    if dated:
        median = counted(round(aged["days"].mask(aged["at_least"]).median()), "day")
        told = f"The median of {counted(dated, 'known upload date')} is {median} ago" + _also(len(shared), shared)
    told += _also(partly, f"{partly:,} are at least as old as their first sight tells")
    return told + _also(unknown and dated + partly, f"the age of {unknown:,} is unknown")


def of_runs(table: pd.DataFrame) -> str:
    if table.empty:
        return "No run of tjtools has uploaded anything here yet: there is no status CSV in upload_logs"
    real = table[~dry(table)]
    runs, sums = real["run"].nunique(), real[["success", "failed", "unknown_id", *STATUSES]].sum()
    now = [f"{sums[status]:,} {status}" for status in ("approved", "pending", "rejected", "removed") if sums[status]]
    told = f"{counted(int(sums['success']), 'file')} uploaded in {counted(runs, 'run')}"
    told += f": now {', '.join(now)}" if now else ""
    told += _also(sums["failed"], f"{sums['failed']} failed")
    told += _also(sums["unknown_id"], f"{sums['unknown_id']} without a known ID")
    rehearsals = int(table["run"].nunique()) - runs
    rest = _also(rehearsals, f"{counted(rehearsals, 'run')} handed nothing over")
    return (told if runs else "No run has handed a file over yet") + rest


def of_copies(table: pd.DataFrame, known: int) -> str:
    """How many creatives repeat others, and what it cost; of `known` creatives the content was seen."""
    seen = f"{counted(known, 'creative')} was compared" if known else "none is known: only names were compared"
    if table.empty:
        return f"No creative repeats another one of its section; the content of {seen}"
    costs = cost_of(table)
    number, spent = int(costs["copies"].sum()), int(costs["reviews"].sum())
    why = _some([f"{why} {copies:,}" for why, copies in zip(costs["why"], costs["copies"], strict=True)])
    cost = f"at least {counted(spent, 'review')} went into them" if spent else "none of them is known to be reviewed"
    verb = "repeats" if number == 1 else "repeat"
    return f"{counted(number, 'creative')} {verb} another one of the section ({why}): {cost}; the content of {seen}"


def of_odd_names(table: pd.DataFrame, total: int) -> str:
    if table.empty:
        return "Every name follows the convention" if total else "There is no name to look at"
    return f"{len(table):,} of {counted(total, 'name')} break the convention"


def of_rates(table: pd.DataFrame, everything: pd.DataFrame, by: str) -> str:
    if not everything["decided"].sum():
        return "Nothing has been decided yet"
    one, several = everything.iloc[0], (table["decided"] > 0).sum() > 1
    interval = f"{_per_cent(one['low'])} to {_per_cent(one['high'])}"
    told = f"{_per_cent(one['rate'])} of {one['decided']:,} decided creatives are approved (95 % sure: {interval})"
    odd = table[table["chance"] < 1 - CONFIDENCE]
    named = [
        f"{value} {'more' if rate > one['rate'] else 'less'} often ({_per_cent(rate)})"
        for value, rate in zip(odd[by], odd["rate"], strict=True)
    ]
    none = f"no {DIMENSIONS[by].lower()} differs from the rest by more than chance"
    return told + _also(named or several, _some(named) or none)


def of_rejections(table: pd.DataFrame, rejected: int) -> str:
    if not rejected:
        return "No creative is rejected"
    odd = table[table["chance"] < 1 - CONFIDENCE]
    if odd.empty:
        return f"Nothing that names tell is more common among the {rejected:,} rejected creatives than chance allows"
    named = [
        f"{LOOKED_AT[part].lower()} {value} ({_per_cent(rate)} rejected, {_per_cent(rest)} elsewhere)"
        for part, value, rate, rest in zip(*(odd[name] for name in ("part", "value", "rate", "rest_rate")), strict=True)
    ]
    return f"Rejected more often than chance allows: {_some(named)}"


def of_repeats(table: pd.DataFrame, files: int, unseen: int) -> str:
    session = f"of {counted(files, 'file')} of the session"
    if unseen == files:
        return f"Nothing is known yet {session}: notebook 01 looks at them" if files else "The session holds no files"
    number = table["filename"].nunique()
    verb = "repeats a creative that was" if number == 1 else "repeat creatives that were"
    told = f"{number:,} {session} {verb} rejected"
    if not number:
        who = f"None of {counted(files - unseen, 'file')} of the session"
        told = f"{who} repeats a rejected creative, as far as is known"
    return told + _also(unseen, f"{counted(unseen, 'file')} not looked at yet: notebook 01 does")


def of_changes(table: pd.DataFrame, since: datetime | None) -> str:
    """How many changed since then, and in which way; without a time, the words leave it out."""
    when = f"since {since.astimezone():%d %B %Y, %H:%M}" if since else "since then"
    counts = table["change"].value_counts()
    told = ", ".join(f"{counts[kind]:,} {words}" for kind, words in _CHANGED.items() if kind in counts)
    return f"{counted(len(table), 'creative')} changed {when}: {told}" if told else f"Nothing has changed {when}"


def of_time(review: Review) -> str:
    """How long review takes, if it can be told."""
    if not review.creatives:
        return "How long review takes can't be told yet: the history has no creative that an upload of tjtools began"
    interval = f" (95 % sure: {in_time(review.low)} to {in_time(review.high)})" if review.low < review.high else ""
    told = f"Half of the creatives are decided within {in_time(review.median)}{interval}"
    if not math.isfinite(review.median):
        of = f"{review.decided:,} of {review.creatives:,} uploads"
        told = f"Half of the creatives take longer than can be seen yet: {of} are decided"
    return told


def of_waiting(table: pd.DataFrame, days: int = 7) -> str:
    """How many wait, how long the oldest of them, and how many are likely to be decided within so many days."""
    if table.empty:
        return "No creative waits for review"
    who = f"{counted(len(table), 'creative')} {'waits' if len(table) == 1 else 'wait'} for review"
    aged = table[table["days"].notna()]
    if aged.empty:
        return f"{who}; since when, the history does not tell"
    oldest = aged.iloc[0]["days"]
    longest = f"{'at least ' * bool(aged.iloc[0]['at_least'])}{oldest:.1f} days" if oldest >= 1 else "less than a day"
    slow, unknown = int(table["slow"].sum()), len(table) - len(aged)
    told = f"{who}, the longest {longest}" + _also(slow, f"{slow:,} longer than 95 % of their section")
    told += _also(unknown, f"since when, is unknown of {unknown:,}")
    known, within = table[table["chance"].notna()], counted(days, "day")
    if known.empty:
        why = "of none is the age known, or the time that it takes"
        return f"{told}. How many will be decided within {within} can't be told: {why}"
    missing, (expected, low, high) = len(table) - len(known), known[["chance", "low", "high"]].sum()
    sure = f" (95 % sure: {low:.0f} to {high:.0f} on average)" if round(high) > round(low) else ""
    told += f". Of {len(known):,}, {expected:.0f} are to be expected decided within {within}{sure}"
    return told + _also(missing, f"nothing can be said of {missing:,}, whose age is not known or beyond what was seen")


def in_time(hours: float) -> str:
    """Hours as a person reads them.

    >>> in_time(30.2), in_time(90), in_time(float("inf"))
    ('30 h', '3.8 days', 'unknown')
    """
    if not math.isfinite(hours):
        return "unknown"
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.0f} h" if hours >= 10 else f"{hours:.1f} h"


def _per_cent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _also(there: object, words: str) -> str:
    return f"; {words}" if there else ""


def _some(named: list[str]) -> str:
    more = len(named) - FEW
    return ", ".join(named[:FEW]) + (f" and {more:,} more" if more > 0 else "")
