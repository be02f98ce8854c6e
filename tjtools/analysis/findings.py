"""What a table says, in a sentence: the titles of its chart, and the words for who can't see it."""

from __future__ import annotations

import math
from datetime import datetime

import pandas as pd

from tjtools.analysis.contents import UNKNOWN_AGE, cost_of, dry
from tjtools.analysis.frame import DIMENSIONS, LACKING
from tjtools.analysis.rates import CONFIDENCE, LOOKED_AT, Comparison
from tjtools.analysis.reviews import AGAIN, APPROVED, BACK, NEW, REJECTED, REMOVED
from tjtools.analysis.times import Review

FEW = 3  # that a sentence names
_CHANGED = {
    REJECTED: "rejected",
    APPROVED: "approved",
    NEW: "new",
    REMOVED: "gone from the site",
    BACK: "back on it",
    AGAIN: "in review again",
}
_NEEDY = {
    "no image": "without an image",
    "no video": "without a video",
    "half rejected": "with one half rejected",
    "both rejected": "with both halves rejected",
}


def of_inventory(table: pd.DataFrame, by: str) -> str:
    """Which value has the most creatives, and how many have none."""
    total, what = int(table["creatives"].sum()), DIMENSIONS[by].lower()
    told = table[~table[by].isin(LACKING)]
    if not total:
        return "There is no creative to count"
    if told.empty:
        return f"No {what} is known for any of {counted(total)}"
    top, rest = told.iloc[0], total - int(told["creatives"].sum())
    first = f"{top[by]} holds the most: {top['creatives']:,} of {counted(total)}"
    if len(told) == 1:
        first = f"{top[by]} is the only {what}: {top['creatives']:,} of {counted(total)}"
    return f"{first}; no {what} is known of {rest:,}" if rest else first


def of_gaps(table: pd.DataFrame, rows: str = "category", columns: str = "section", outside: int = 0) -> str:
    """Where nothing is live; `outside` creatives are not in the map."""
    kinds = f"{DIMENSIONS[rows].lower()} and {DIMENSIONS[columns].lower()}"
    gaps = table[table["live"] == 0]
    named = [f"{one} in {other}" for one, other in zip(gaps[rows], gaps[columns], strict=True)]
    told = f"Nothing is live in {len(gaps):,} of {len(table):,} pairs of {kinds}: {some(named)}"
    if table.empty:
        told = f"No name tells a {DIMENSIONS[rows].lower()}: gaps can't be seen"
    elif not named:
        least = table.iloc[int(table["live"].argmin())]
        told = (
            f"Something is live for each {kinds}; the least, {least['live']:,}, for {least[rows]} in {least[columns]}"
        )
    either = kinds.replace(" and ", " or ")
    return f"{told}; {counted(outside)} not counted: the {either} can't be told" if outside else told


def of_pairs(table: pd.DataFrame) -> str:
    """How many native pairs need something, and what."""
    if table.empty:
        return "The library holds no native creatives"
    counts = table["state"].value_counts()
    needy = [f"{counts[state]:,} {told}" for state, told in _NEEDY.items() if state in counts]
    number = sum(counts.get(state, 0) for state in _NEEDY)
    if not number:
        return f"No native pair needs anything: {counts.get('live', 0):,} of {len(table):,} are live"
    return f"{number:,} of {len(table):,} native pairs need something: {', '.join(needy)}"


def of_uploads(table: pd.DataFrame, every: str, unknown: int) -> str:
    """How many were added since when, the busiest `week`, `month` or `year`, and how many days nobody knows."""
    if table.empty and not unknown:
        return "There is no creative to count"
    if table.empty:
        told = f"No upload date is known of {counted(unknown)}"
        return f"{told}: the site shows none, only uploads by tjtools note theirs"
    added = table.groupby("period")["added"].sum()
    first, busiest = pd.Timestamp(str(added.index[0])), pd.Timestamp(str(added.idxmax()))
    when = {"week": f"the week of {_day(busiest)}", "month": f"{busiest:%B %Y}", "year": f"{busiest:%Y}"}
    total = int(added.sum())
    told = f"{counted(total)} {'was' if total == 1 else 'were'} added since {_day(first)}"
    told += f", most in {when[every]}: {added.max():,}" if len(added) > 1 else ""
    return f"{told}; the day of {unknown:,} more is unknown" if unknown else told


def _day(day: pd.Timestamp) -> str:
    return f"{day.day} {day:%B %Y}"


def of_ages(table: pd.DataFrame, median: float) -> str:
    """How old half of the creatives are at most, and of how many the age is known only in part or not at all."""
    total = int(table["creatives"].sum())
    unknown = int(table.loc[table["age"] == UNKNOWN_AGE, "creatives"].sum())
    partly = int(table["at_least"].sum())
    dated = total - unknown - partly
    if not total:
        return "There is no creative to count"
    told = f"No upload date is known of {counted(total)}"
    if dated:
        told = f"The median of {counted(dated, 'known upload date')} is {counted(round(median), 'day')} ago"
    more = f"; {partly:,} are at least as old as their first sight tells" if partly else ""
    return f"{told}{more}" + (f"; the age of {unknown:,} is unknown" if unknown and dated + partly else "")


def of_runs(table: pd.DataFrame) -> str:
    """How many runs uploaded how much, and how it stands now."""
    if table.empty:
        return "No run of tjtools has uploaded anything here yet: there is no status CSV in upload_logs"
    real = table[~dry(table)]
    rehearsals = int(table["run"].nunique() - real["run"].nunique())
    rest = f"; {counted(rehearsals, 'run')} handed nothing over" if rehearsals else ""
    if real.empty:
        return f"No run has handed a file over yet{rest}"
    up = int(real["success"].sum())
    now = [f"{real[status].sum():,} {status}" for status in ("approved", "pending", "rejected", "removed")]
    told = [words for words in now if not words.startswith("0 ")]
    stands = f": now {', '.join(told)}" if told else ""
    trouble = [
        (real[name].sum(), words) for name, words in (("failed", "failed"), ("unknown_id", "without a known ID"))
    ]
    bad = "".join(f"; {count:,} {words}" for count, words in trouble if count)
    return f"{counted(up, 'file')} uploaded in {counted(real['run'].nunique(), 'run')}{stands}{bad}{rest}"


def of_copies(table: pd.DataFrame, known: int) -> str:
    """How many creatives repeat others, and what it cost; of `known` creatives the content was seen."""
    compared = f"; the content of {counted(known)} was compared"
    if not known:
        compared = "; the content of none is known: only names were compared"
    if table.empty:
        return f"No creative repeats another one of its section{compared}"
    extra, costs = table[~table["kept"]], cost_of(table)
    why = some([f"{why} {number:,}" for why, number in zip(costs["why"], costs["copies"], strict=True)])
    spent = int(extra["reviews"].sum())
    cost = f"at least {counted(spent, 'review')} went into them" if spent else "none of them is known to be reviewed"
    verb = "repeats" if len(extra) == 1 else "repeat"
    return f"{counted(len(extra))} {verb} another one of the section ({why}): {cost}{compared}"


def of_odd_names(table: pd.DataFrame, total: int) -> str:
    """How many names break the convention, of so many."""
    if table.empty:
        return "Every name follows the convention" if total else "There is no name to look at"
    return f"{len(table):,} of {counted(total, 'name')} break the convention"


def of_rates(table: pd.DataFrame, everything: pd.DataFrame, by: str) -> str:
    """The rate of all, and which values differ from the rest by more than chance."""
    if everything.empty or not everything["decided"].sum():
        return "Nothing has been decided yet"
    one = everything.iloc[0]
    interval = f"{per_cent(one['low'])} to {per_cent(one['high'])}"
    told = f"{per_cent(one['rate'])} of {one['decided']:,} decided creatives are approved (95 % sure: {interval})"
    odd = table[table["chance"] < 1 - CONFIDENCE]
    named = [
        f"{value} {'more' if rate > one['rate'] else 'less'} often ({per_cent(rate)})"
        for value, rate in zip(odd[by], odd["rate"], strict=True)
    ]
    if named:
        return f"{told}; {some(named)}"
    if (table["decided"] > 0).sum() < 2:
        return told
    return f"{told}; no {DIMENSIONS[by].lower()} differs from the rest by more than chance"


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


def of_rejections(table: pd.DataFrame, rejected: int) -> str:
    """What stands among the rejected ones more often than chance would have it."""
    if not rejected:
        return "No creative is rejected"
    odd = table[table["chance"] < 1 - CONFIDENCE]
    named = [
        f"{LOOKED_AT[part].lower()} {value} ({per_cent(rate)} rejected, {per_cent(rest)} elsewhere)"
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
        return f"Nothing is known yet of {counted(files, 'file')} of the session: notebook 01 looks at them"
    rest = f"; {counted(unseen, 'file')} not looked at yet: notebook 01 does" if unseen else ""
    if table.empty:
        who = f"None of {counted(files - unseen, 'file')} of the session"
        return f"{who} repeats a rejected creative, as far as is known{rest}"
    number = table["filename"].nunique()
    verb = "repeats a creative that was" if number == 1 else "repeat creatives that were"
    return f"{number:,} of {counted(files, 'file')} of the session {verb} rejected{rest}"


def of_changes(table: pd.DataFrame, since: datetime | None) -> str:
    """How many changed since then, and in which way; without a time, the words leave it out."""
    when = f"since {since.astimezone():%d %B %Y, %H:%M}" if since else "since then"
    if table.empty:
        return f"Nothing has changed {when}"
    counts = table["change"].value_counts()
    told = ", ".join(f"{counts[kind]:,} {words}" for kind, words in _CHANGED.items() if kind in counts)
    return f"{counted(len(table))} changed {when}: {told}"


def of_time(review: Review) -> str:
    """How long review takes, if it can be told."""
    if not review.creatives:
        return "How long review takes can't be told yet: the history has no creative that an upload of tjtools began"
    if not math.isfinite(review.median):
        return (
            f"Half of the creatives take longer than can be seen yet: {review.decided:,} of {review.creatives:,}"
            " uploads are decided"
        )
    interval = f" (95 % sure: {in_time(review.low)} to {in_time(review.high)})" if review.low < review.high else ""
    return f"Half of the creatives are decided within {in_time(review.median)}{interval}"


def of_waiting(table: pd.DataFrame, days: int = 7) -> str:
    """How many wait, how long the oldest of them, and how many are likely to be decided within so many days."""
    if table.empty:
        return "No creative waits for review"
    who = f"{counted(len(table))} {'waits' if len(table) == 1 else 'wait'} for review"
    aged = table[table["days"].notna()]
    if aged.empty:
        return f"{who}; since when, the history does not tell"
    longest = f"{'at least ' * bool(aged.iloc[0]['at_least'])}{aged.iloc[0]['days']:.1f} days"
    slow, unknown = int(table["slow"].sum()), len(table) - len(aged)
    odd = f"; {slow:,} longer than 95 % of their section" if slow else ""
    rest = f"; since when, is unknown of {unknown:,}" if unknown else ""
    return f"{who}, the longest {longest}{odd}{rest}. {_likely(table[table['chance'].notna()], len(table), days)}"


def _likely(known: pd.DataFrame, waiting: int, days: int) -> str:
    within, missing = f"within {counted(days, 'day')}", waiting - len(known)
    if known.empty:
        return f"How many will be decided {within} can't be told: of none is the age known, or the time that it takes"
    expected, low, high = known[["chance", "low", "high"]].sum()
    sure = f" (95 % sure: {low:.0f} to {high:.0f} on average)" if round(high) > round(low) else ""
    rest = f"; nothing can be said of {missing:,}, whose age is not known or beyond what was seen" if missing else ""
    return f"Of {len(known):,}, {expected:.0f} are to be expected decided {within}{sure}{rest}"


def in_time(hours: float) -> str:
    """Hours as a person reads them.

    >>> in_time(30.2), in_time(90), in_time(float("inf"))
    ('30 h', '3.8 days', 'unknown')
    """
    if not math.isfinite(hours):
        return "unknown"
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.0f} h" if hours >= 10 else f"{hours:.1f} h"


def per_cent(share: float) -> str:
    """A share as a person reads it."""
    return f"{share * 100:.0f} %"


def counted(number: int, noun: str = "creative") -> str:
    """A number of things."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def some(named: list[str]) -> str:
    """The first few of these, and how many more there are."""
    more = len(named) - FEW
    return ", ".join(named[:FEW]) + (f" and {more:,} more" if more > 0 else "")
