"""What the outcomes' exhibits say beside their findings: how to read them, and what they leave out."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.period import UPLOADED, Period
from tjtools.analysis.reviewtime import unreadable
from tjtools.model.words import counted

RATES = (
    "● approved among the decided; thick line: where the true rate lies, with 95 % confidence (Wilson); dashed line:"
    " the rate if all that wait were rejected, or approved. The chance of a difference from all others is corrected for"
    " looking at every value (Fisher, Holm)."
)
COMPARISON = (
    "Thick line: where each true rate lies, with 95 % confidence. What is said of the difference (Newcombe's interval,"
    " Fisher's exact test) is corrected for all the pairs that you could have looked at."
)
TIME = (
    "A decision is seen at the next look at the site, so that each time is known to lie between two looks, or to be"
    " longer than so far (Turnbull's estimate, averaged over samples drawn anew; band: the middle 95 % of these). The"
    " mean of the decided ones alone would be wrong: the slow ones are not in it yet, and it counts the wait for the"
    " next look as review."
)
GROUPS = "● the median, by the same estimate; line: where it lies, with 95 % confidence."
OUTLOOK = "Reckoned from how long reviews took so far, given how long each has waited; band: 95 %, by resampling."
REJECTIONS = (
    "● rejected among the decided, with its interval of 95 %; | all other creatives. The chance of such a difference is"
    " corrected for every value of every part that was looked at (Fisher, Holm)."
)
REPEATS = "By content and by looks, of the files that were looked at; rejected once counts, also if it is gone since."


def left_out(unknown: int, period: Period) -> str:
    """What the filter by days leaves out because nobody knows its day, and what it does not apply to."""
    if period.open:
        return ""
    day = "day of upload" if period.kind == UPLOADED else "day of decision"
    text = f"{counted(unknown, 'creative')} without a known {day} {'is' if unknown == 1 else 'are'} left out."
    if period.kind == UPLOADED:
        return text
    return f"{text} Times and what waits are of all days: those decided in some days are not all that waited in them."


def notes_of(rows: pd.DataFrame, bad: int, stays: pd.DataFrame) -> list[str]:
    """What the history holds, and what in it tells nothing of the time in review."""
    if rows.empty and not bad:
        return ["The review history is empty: it begins with the first upload, refresh or sync"]
    known = int(stays["start_known"].sum())
    notes = [
        f"{counted(len(rows), 'row')} of review history: {counted(len(stays), 'stay')} in review,"
        f" the start of {known:,} is known"
    ]
    lost = bad + len(unreadable(rows))
    return [*notes, f"{counted(lost, 'row')} of the history can't be read"] if lost else notes
