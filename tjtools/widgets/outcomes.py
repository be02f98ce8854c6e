"""How the reviews went: the model of the analysis's second panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import ClassVar

import pandas as pd
from traitlets import Unicode

from tjtools.analysis import findings
from tjtools.analysis.frame import DIMENSIONS, library_frame
from tjtools.analysis.rates import approval_rates, overall
from tjtools.analysis.reviewtime import curve_table, naive_mean, reviews, time_in_review, unreadable, waiting
from tjtools.cache import Library
from tjtools.history import History
from tjtools.widgets.exhibit import Exhibit
from tjtools.widgets.library import LOAD, notes_on
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.words import counted
from tjtools.workspace import Workspace

BY = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
_HISTORY = """\
from tjtools.analysis.reviewtime import reviews, time_in_review, waiting
from tjtools.history import History

history = History.of(Workspace.find(cwd=Path.cwd()))
stays = reviews(history.load()[0], history.last_times())
"""
_RATES = (
    "● approved among the decided; thick line: where the true rate lies, with 95 % confidence (Wilson); dashed line:"
    " the rate if all that wait were rejected, or approved. The chance of a difference from all others is corrected for"
    " looking at every value (Fisher, Holm)."
)
_TIME = (
    "A decision is seen at the next look at the site, so that each time is known to lie between two looks, or to be"
    " longer than so far (Turnbull's estimate, band: 95 %, by resampling). The mean of the decided ones alone would be"
    " wrong: the slow ones are not in it yet, and it counts the wait for the next look as review."
)


class ReviewOutcomes(Panel):
    """Approval rates, time in review, and what waits; `section` keeps one section (`""`: all), `by` splits the rates.

    `stays` is what the history tells of each stay in review, as `analysis.reviewtime.reviews` has it.
    """

    title: ClassVar[str] = "Review outcomes"
    section = Unicode()
    by = Unicode("category")

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        library, history = Library.load(workspace.library), History.of(workspace)
        self.frame = self.kept = library_frame(library)
        rows, bad = history.load()
        self.stays = reviews(rows, history.last_times())
        self.notes = (*notes_on(library, self.frame), *_notes(rows, len(bad), self.stays))
        self.rates = Exhibit("What is approved", "approval_rates.csv", "values", _RATES)
        self.time = Exhibit("Time in review", "time_in_review.csv", "hours", _TIME)
        self.waiting = Exhibit("What waits for review", "pending.csv", "creatives")
        self.observe(lambda _change: self._filter(), "section")
        self.observe(lambda _change: self._rate(), "by")
        self._filter()

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """All that the panel shows, in its order."""
        return self.rates, self.time, self.waiting

    @property
    def summary(self) -> str:
        rates = [
            f"- {value}: {approved:,} of {decided:,} decided, {pending:,} pending"
            for value, approved, decided, pending in zip(
                *(self.rates.frame[name] for name in (self.by, "approved", "decided", "pending")), strict=True
            )
        ]
        waits = f"{counted(len(self.waiting.frame), 'creative')} pending"
        return "\n".join((*self.notes, self.rates.finding, *rates, self.time.finding, waits))

    def _filter(self) -> None:
        self.kept = self.frame[self.frame["section"] == self.section] if self.section else self.frame
        self._rate()
        stays = self.stays
        if self.section:
            stays = stays[stays["creative_id"].isin(self.kept["creative_id"])]
        review = time_in_review(stays)
        table, found = curve_table(review), findings.of_time(review)
        if review.decided:
            found += f"; the mean of the decided ones alone would say {findings.in_time(naive_mean(stays))}"
        code = LOAD + _HISTORY + "time_in_review(stays)\n"
        self.time.put(table, found, partial(_draw, "time_chart", review) if len(table) else None, code)
        wait = waiting(stays, self.kept, self.clock())
        drawn = partial(_draw, "waiting_chart", wait) if wait["days"].notna().any() else None
        code = f"from datetime import UTC, datetime\n{LOAD}{_HISTORY}waiting(stays, frame, datetime.now(tz=UTC))\n"
        self.waiting.put(wait, findings.of_waiting(wait), drawn, code)

    def _rate(self) -> None:
        table, by = approval_rates(self.kept, self.by), self.by
        found = findings.of_rates(table, overall(self.kept), by)
        drawn = partial(_draw, "rates_chart", table, by) if table["decided"].sum() else None
        code = f'{LOAD}approval_rates(frame, "{by}")\n'.replace(
            "\nframe", "from tjtools.analysis.rates import approval_rates\n\nframe", 1
        )
        self.rates.put(table, found, drawn, code)


def _draw(chart: str, *more: object):  # type: ignore[no-untyped-def]
    from tjtools.analysis import charts  # altair takes a second to import: only when something is drawn

    return getattr(charts, chart)(*more)


def _notes(rows: pd.DataFrame, bad: int, stays: pd.DataFrame) -> list[str]:
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
