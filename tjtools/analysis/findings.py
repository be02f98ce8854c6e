"""What a table says, in a sentence: the titles of its chart, and the words for who can't see it."""

from __future__ import annotations

import math

import pandas as pd

from tjtools.analysis.frame import DIMENSIONS, LACKING
from tjtools.analysis.rates import CONFIDENCE
from tjtools.analysis.reviewtime import Review

FEW = 3  # that a sentence names


def of_inventory(table: pd.DataFrame, by: str) -> str:
    """Which value has the most creatives, and how many have none."""
    total, what = int(table["creatives"].sum()), DIMENSIONS[by].lower()
    told = table[~table[by].isin(LACKING)]
    if not total:
        return "There is no creative to count"
    if told.empty:
        return f"No {what} is known for any of {_creatives(total)}"
    top, rest = told.iloc[0], total - int(told["creatives"].sum())
    first = f"{top[by]} holds the most: {top['creatives']:,} of {_creatives(total)}"
    if len(told) == 1:
        first = f"{top[by]} is the only {what}: {top['creatives']:,} of {_creatives(total)}"
    return f"{first}; no {what} is known of {rest:,}" if rest else first


def of_gaps(table: pd.DataFrame, rows: str = "category", columns: str = "section", outside: int = 0) -> str:
    """Where nothing is live; `outside` creatives are not in the map."""
    kinds = f"{DIMENSIONS[rows].lower()} and {DIMENSIONS[columns].lower()}"
    either = kinds.replace(" and ", " or ")
    left = f"; {_creatives(outside)} not counted: the {either} can't be told" if outside else ""
    return _gaps(table, rows, columns, kinds) + left


def _gaps(table: pd.DataFrame, rows: str, columns: str, kinds: str) -> str:
    if table.empty:
        return f"No name tells a {DIMENSIONS[rows].lower()}: gaps can't be seen"
    gaps = table[table["live"] == 0]
    named = [f"{one} in {other}" for one, other in zip(gaps[rows], gaps[columns], strict=True)]
    if not named:
        least = table.iloc[int(table["live"].argmin())]
        return (
            f"Something is live for each {kinds}; the least, {least['live']:,}, for {least[rows]} in {least[columns]}"
        )
    return f"Nothing is live in {len(gaps):,} of {len(table):,} pairs of {kinds}: {some(named)}"


def of_pairs(table: pd.DataFrame) -> str:
    """How many native pairs need something, and what."""
    if table.empty:
        return "The library holds no native creatives"
    counts = table["state"].value_counts()
    words = {
        "no image": "without an image",
        "no video": "without a video",
        "half rejected": "with one half rejected",
        "both rejected": "with both halves rejected",
    }
    needy = [f"{counts[state]:,} {told}" for state, told in words.items() if state in counts]
    number = sum(counts.get(state, 0) for state in words)
    if not number:
        return f"No native pair needs anything: {counts.get('live', 0):,} of {len(table):,} are live"
    return f"{number:,} of {len(table):,} native pairs need something: {', '.join(needy)}"


def of_uploads(table: pd.DataFrame, every: str, unknown: int) -> str:
    """How many were added since when, the busiest `week`, `month` or `year`, and how many days nobody knows."""
    if table.empty and not unknown:
        return "There is no creative to count"
    if table.empty:
        told = f"No upload date is known of {_creatives(unknown)}"
        return f"{told}: the site shows none, only uploads by tjtools note theirs"
    added = table.groupby("period")["added"].sum()
    first, busiest = pd.Timestamp(str(added.index[0])), pd.Timestamp(str(added.idxmax()))
    when = {"week": f"the week of {_day(busiest)}", "month": f"{busiest:%B %Y}", "year": f"{busiest:%Y}"}
    total = int(added.sum())
    told = f"{_creatives(total)} {'was' if total == 1 else 'were'} added since {_day(first)}"
    told += f", most in {when[every]}: {added.max():,}" if len(added) > 1 else ""
    return f"{told}; the day of {unknown:,} more is unknown" if unknown else told


def _day(day: pd.Timestamp) -> str:
    return f"{day.day} {day:%B %Y}"


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


def of_time(review: Review) -> str:
    """How long review takes, if it can be told."""
    if not review.creatives:
        return "How long review takes can't be told yet: the history has no creative that an upload of tjtools began"
    if not math.isfinite(review.median):
        return (
            f"Half of the creatives take longer than can be seen yet: {review.decided:,} of {review.creatives:,}"
            " uploads are decided"
        )
    interval = f" (95 % sure: {in_time(review.low)} to {in_time(review.high)})" if review.could_be else ""
    return f"Half of the creatives are decided within {in_time(review.median)}{interval}"


def of_waiting(table: pd.DataFrame) -> str:
    """How many wait, and how long the oldest of them."""
    if table.empty:
        return "No creative waits for review"
    who = f"{_creatives(len(table))} {'waits' if len(table) == 1 else 'wait'}"
    aged = table[table["days"].notna()]
    if aged.empty:
        return f"{who} for review; since when, the history does not tell"
    longest = aged.iloc[0]
    told = f"{who} for review, the longest {'at least ' * bool(longest['at_least'])}"
    unknown = len(table) - len(aged)
    rest = f"; since when, is unknown of {unknown:,}" if unknown else ""
    slow = int(table["slow"].sum())
    odd = f"; {slow:,} longer than 95 % of their section" if slow else ""
    return f"{told}{longest['days']:.1f} days{odd}{rest}"


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


def _creatives(number: int) -> str:
    return number_of(number, "creative")


def number_of(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def some(named: list[str]) -> str:
    """The first few of these, and how many more there are."""
    more = len(named) - FEW
    return ", ".join(named[:FEW]) + (f" and {more:,} more" if more > 0 else "")
