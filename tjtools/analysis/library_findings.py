"""What the tables of ages, runs, names and copies say, in a sentence."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.ages import UNKNOWN_AGE
from tjtools.analysis.copies import cost_of
from tjtools.analysis.findings import number_of, some
from tjtools.analysis.runs import dry


def of_ages(table: pd.DataFrame, median: float) -> str:
    """How old half of the creatives are at most, and of how many the age is known only in part or not at all."""
    total = int(table["creatives"].sum())
    unknown = int(table.loc[table["age"] == UNKNOWN_AGE, "creatives"].sum())
    partly = int(table["at_least"].sum())
    dated = total - unknown - partly
    if not total:
        return "There is no creative to count"
    told = f"No upload date is known of {number_of(total, 'creative')}"
    if dated:
        told = f"The median of {number_of(dated, 'known upload date')} is {number_of(round(median), 'day')} ago"
    more = f"; {partly:,} are at least as old as their first sight tells" if partly else ""
    return f"{told}{more}" + (f"; the age of {unknown:,} is unknown" if unknown and dated + partly else "")


def of_runs(table: pd.DataFrame) -> str:
    """How many runs uploaded how much, and how it stands now."""
    if table.empty:
        return "No run of tjtools has uploaded anything here yet: there is no status CSV in upload_logs"
    real = table[~dry(table)]
    rehearsals = int(table["run"].nunique() - real["run"].nunique())
    rest = f"; {number_of(rehearsals, 'run')} handed nothing over" if rehearsals else ""
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
    return f"{number_of(up, 'file')} uploaded in {number_of(real['run'].nunique(), 'run')}{stands}{bad}{rest}"


def of_names(table: pd.DataFrame, total: int) -> str:
    """How many names break the convention, and for how many another can be suggested."""
    if table.empty:
        return "Every name follows the convention" if total else "There is no name to look at"
    complete = int(((table["suggested"] != "") & (table["unknown"] == "")).sum())
    gaps = int((table["suggested"] != "").sum()) - complete
    told = f"{len(table):,} of {number_of(total, 'name')} break the convention"
    if not complete + gaps:
        return f"{told}; of none is enough known to suggest another"
    return f"{told}: a whole name can be suggested for {complete:,}, one with gaps for {gaps:,}"


_UNSEEN = "; the content of none is known: only names were compared"


def of_copies(table: pd.DataFrame, known: int) -> str:
    """How many creatives repeat others, and what it cost; of `known` creatives the content was seen."""
    compared = f"; the content of {number_of(known, 'creative')} was compared" if known else _UNSEEN
    if table.empty:
        return f"No creative repeats another one of its section{compared}"
    extra, costs = table[~table["kept"]], cost_of(table)
    why = some([f"{why} {number:,}" for why, number in zip(costs["why"], costs["copies"], strict=True)])
    spent = int(extra["reviews"].sum())
    cost = f"at least {number_of(spent, 'review')} went into them" if spent else "none of them is known to be reviewed"
    verb = "repeats" if len(extra) == 1 else "repeat"
    return f"{number_of(len(extra), 'creative')} {verb} another one of the section ({why}): {cost}{compared}"
