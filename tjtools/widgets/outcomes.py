"""How the reviews went: the model of the analysis's second panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pkgutil import resolve_name
from typing import ClassVar

import pandas as pd
from traitlets import Instance, Int, Unicode

from tjtools.analysis import findings
from tjtools.analysis import outcome_findings as told
from tjtools.analysis.behind import behind
from tjtools.analysis.changes import changes_since, last_observation
from tjtools.analysis.comparison import compare, comparison_table
from tjtools.analysis.frame import DIMENSIONS, library_frame
from tjtools.analysis.outlook import outlook
from tjtools.analysis.period import UPLOADED, Period, dated, unknown_days, within
from tjtools.analysis.rates import approval_rates, overall
from tjtools.analysis.rejections import rejected_in_common
from tjtools.analysis.reviewtime import curve_table, naive_mean, reviews, time_in_review, waiting
from tjtools.analysis.timegroups import behind_hours, behind_section, behind_week, time_by_section, time_by_week
from tjtools.cache.history import History
from tjtools.cache.library import Library
from tjtools.diff.duplicates import repeats_of_rejected
from tjtools.health.acknowledged import Seen, acknowledge, acknowledged
from tjtools.model.words import counted
from tjtools.widgets.exhibit import Behind, Draw, Exhibit
from tjtools.widgets.library import notes_on
from tjtools.widgets.outcomes_code import python
from tjtools.widgets.outcomes_words import (
    COMPARISON,
    GROUPS,
    OUTLOOK,
    RATES,
    REJECTIONS,
    REPEATS,
    TIME,
    left_out,
    notes_of,
)
from tjtools.widgets.panel import Panel, now
from tjtools.workspace.folder import Workspace

BY = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
AT_FIRST = timedelta(days=7)  # back, where nobody has said yet what they have seen


class ReviewOutcomes(Panel):
    """Approval rates, time in review, what waits, and what changed.

    `section` keeps one section (`""`: all), `since` and `until` the creatives that were uploaded or decided (`kind`) in
    these days; `by` splits the rates, `one` and `other` are two values of it to compare. `within` is the days from now
    by which what waits may be decided. `last_looked` is the moment since which changes are listed. `stays` is what the
    history tells of each stay in review, as `analysis.reviewtime.reviews` has it; `kept` and `begun` are the creatives
    that the filter leaves, for the rates and for the times.
    """

    title: ClassVar[str] = "Review outcomes"
    section = Unicode()
    kind = Unicode(UPLOADED)
    since = Instance(date, allow_none=True)
    until = Instance(date, allow_none=True)
    by = Unicode("category")
    one = Unicode()
    other = Unicode()
    within = Int(7)
    last_looked = Instance(datetime)
    left_out = Unicode()

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        library, history = Library.load(workspace.library), History.of(workspace)
        self.rows, bad = history.load()
        self.stays = reviews(self.rows, history.last_times())
        self.frame = self.kept = self.begun = dated(library_frame(library), self.stays)
        self.notes = (*notes_on(library, self.frame), *notes_of(self.rows, len(bad), self.stays))
        self.seen = acknowledged(workspace)
        self.last_looked = self.seen.until if self.seen else self.clock() - AT_FIRST
        self.changes = Exhibit("What changed since you last looked", "changes.csv", "creatives")
        self.rates = Exhibit("What is approved", "approval_rates.csv", "values", RATES)
        self.comparison = Exhibit("Two groups beside each other", "comparison.csv", "groups", COMPARISON)
        self.rejections = Exhibit("What rejected creatives share", "rejections.csv", "values", REJECTIONS)
        self.repeats = Exhibit("The session beside what was rejected", "repeats.csv", "repeats", REPEATS)
        self.time = Exhibit("Time in review", "time_in_review.csv", "hours", TIME)
        self.by_section = Exhibit("Time in review by section", "time_by_section.csv", "sections", GROUPS)
        self.by_week = Exhibit("Time in review by week of upload", "time_by_week.csv", "weeks", GROUPS)
        self.waiting = Exhibit("What waits for review", "pending.csv", "creatives")
        self.outlook = Exhibit("When it will be decided", "outlook.csv", "creatives", OUTLOOK)
        self._show_repeats(library)
        self._show_changes()
        self._filter()
        self.observe(lambda _change: self._filter(), ["section", "kind", "since", "until"])
        self.observe(lambda _change: self._rate(), "by")
        self.observe(lambda _change: self._compare(), ["one", "other"])
        self.observe(lambda _change: self._look_ahead(), "within")
        self.observe(lambda _change: self._show_changes(), "last_looked")

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """All that the panel shows, in its order."""
        return (
            *(self.changes, self.rates, self.comparison, self.rejections, self.repeats),
            *(self.time, self.by_section, self.by_week, self.waiting, self.outlook),
        )

    @property
    def values(self) -> tuple[str, ...]:
        """The values of `by` that have decided creatives: those that can be compared."""
        table = self.rates.frame
        return tuple(table.loc[table["decided"] > 0, self.by])

    @property
    def period(self) -> Period:
        """The days that are kept."""
        return Period(self.kind, self.since, self.until)

    @property
    def by_day(self) -> date:
        """The day by which what waits may be decided."""
        return self.clock().date() + timedelta(days=self.within)

    def decide_by(self, day: date | None) -> None:
        """Ask for the chance that what waits is decided by this day, a day to come; None leaves it as it is."""
        if day:
            self.within = min(max(1, (day - self.clock().date()).days), 365)

    @property
    def summary(self) -> str:
        rates = [
            f"- {value}: {approved:,} of {decided:,} decided, {pending:,} pending"
            for value, approved, decided, pending in zip(
                *(self.rates.frame[name] for name in (self.by, "approved", "decided", "pending")), strict=True
            )
        ]
        found = [one.finding for one in self.exhibits if one not in (self.changes, self.rates, self.waiting)]
        changed = "" if self.rows.empty else told.of_changes(self.changes.frame, None)
        waits = f"{counted(len(self.waiting.frame), 'creative')} pending"
        said = (*self.notes, changed, self.rates.finding, *rates, *found, waits)
        return "\n".join(dict.fromkeys(filter(None, said)))  # several may say that there is no history yet

    def since_day(self, day: date | None) -> None:
        """List what changed since the beginning of this day; None leaves it as it is."""
        if day:
            self.last_looked = datetime.combine(day, time.min).astimezone()

    def have_seen(self) -> None:
        """Remember that everything shown was seen: from now on, what comes later is new."""
        until = last_observation(self.rows) or self.clock()
        self.seen = Seen(until, len(self.rows))
        acknowledge(self.workspace, self.seen)
        self.last_looked = until

    def _show_changes(self) -> None:
        seen = self.seen.rows if self.seen and self.seen.until == self.last_looked else None
        table = changes_since(self.rows, self.frame, self.last_looked, rows_seen=seen)
        drawn = _draw("outcome_charts:changes_chart", table) if len(table) else None
        code = python(
            f"since = datetime.fromisoformat({self.last_looked.isoformat()!r})\n"
            f"changes_since(rows, frame, since{'' if seen is None else f', rows_seen={seen}'})",
            "from datetime import datetime",
            "from tjtools.analysis.changes import changes_since",
        )
        self.changes.put(table, told.of_changes(table, self.last_looked), drawn, code)

    def _show_repeats(self, library: Library) -> None:
        table, files, unseen = repeats_of_rejected(self.workspace, library, self.rows)
        imported = "from tjtools.diff.duplicates import repeats_of_rejected"
        code = python("repeats_of_rejected(workspace, library, rows).table", imported)
        drawn = _draw("outcome_charts:repeats_chart", table) if len(table) else None
        self.repeats.put(table, told.of_repeats(table, files, unseen), drawn, code)

    def _filter(self) -> None:
        frame = self.frame[self.frame["section"] == self.section] if self.section else self.frame
        self.kept = within(frame, self.period)
        self.begun = within(frame, self._begun)
        self.left_out = left_out(unknown_days(frame, self.period), self.period)
        self._rate()
        self._reject()
        self._time()

    @property
    def _begun(self) -> Period:
        """The days of upload that are kept: a choice by the decision would leave out the slow ones."""
        return self.period if self.kind == UPLOADED else Period()

    def _rate(self) -> None:
        table, by, frame = approval_rates(self.kept, self.by), self.by, self.kept
        found = findings.of_rates(table, overall(frame), by)
        drawn = _draw("charts:rates_chart", table, by) if table["decided"].sum() else None
        code = self._python(f"approval_rates(frame, {by!r})", "rates import approval_rates")
        self.rates.put(table, found, drawn, code, _behind(frame, table, by, by))
        with self.hold_trait_notifications():
            self.one, self.other = (*self.values[:2], "", "")[:2]
        self._compare()

    def _compare(self) -> None:
        if not {self.one, self.other} <= {*self.values}:
            self.comparison.put(pd.DataFrame(), told.of_comparison(None, self.by), None)
            return
        compared = compare(self.kept, self.by, self.one, self.other)
        table, frame, by = comparison_table(compared), self.kept, self.by
        call = f"comparison_table(compare(frame, {by!r}, {self.one!r}, {self.other!r}))"
        code = self._python(call, "comparison import compare, comparison_table")
        drawn = _draw("outcome_charts:comparison_chart", compared)
        self.comparison.put(
            table, told.of_comparison(compared, by), drawn, code, _behind(frame, table.head(2), by, "group")
        )

    def _reject(self) -> None:
        frame = self.kept
        table = rejected_in_common(frame)
        found = told.of_rejections(table, int((frame["review_status"] == "rejected").sum()))
        drawn = _draw("outcome_charts:rejections_chart", table) if len(table) else None
        code = self._python("rejected_in_common(frame)", "rejections import rejected_in_common")

        def rejected(place: int) -> pd.DataFrame:
            return behind(frame, table["part"].iloc[place], table["value"].iloc[place], "rejected")

        self.rejections.put(table, found, drawn, code, rejected)

    def _time(self) -> None:
        stays = self.stays
        if len(self.begun) < len(self.frame):
            stays = stays[stays["creative_id"].isin(self.begun["creative_id"])]
        self.review = review = time_in_review(stays)
        table, found = curve_table(review), findings.of_time(review)
        if review.decided:
            found += f"; the mean of the decided ones alone would say {findings.in_time(naive_mean(stays))}"
        code = self._python("curve_table(time_in_review(stays))", _TIMES + "curve_table, time_in_review", begun=True)
        drawn = _draw("charts:time_chart", review) if len(table) else None
        self.time.put(table, found, drawn, code, lambda place: behind_hours(stays, table["hours"].iloc[place]))
        self._time_by_group(stays)
        wait = waiting(stays, self.begun, self.clock())
        drawn = _draw("charts:waiting_chart", wait) if wait["days"].notna().any() else None
        code = self._python(_WAITING, _TIMES + "waiting", "datetime import UTC, datetime", begun=True)
        self.waiting.put(wait, findings.of_waiting(wait), drawn, code)
        self._look_ahead()

    def _time_by_group(self, stays: pd.DataFrame) -> None:
        frame, imported = self.begun, "timegroups import "
        table = time_by_section(stays, frame)
        drawn = _draw("outcome_charts:section_times_chart", table) if table["decided"].any() else None
        code = self._python("time_by_section(stays, frame)", imported + "time_by_section", begun=True)
        self.by_section.put(
            table,
            told.of_times(table, "section"),
            drawn,
            code,
            lambda place: behind_section(stays, frame, table["section"].iloc[place]),
        )
        weeks = time_by_week(stays)
        drawn = _draw("outcome_charts:week_times_chart", weeks) if weeks["decided"].any() else None
        code = self._python("time_by_week(stays)", imported + "time_by_week", begun=True)
        self.by_week.put(
            weeks,
            told.of_times(weeks, "week"),
            drawn,
            code,
            lambda place: behind_week(stays, weeks["week"].iloc[place]),
        )

    def _look_ahead(self) -> None:
        table = outlook(self.waiting.frame, self.review, self.within * 24)
        known = table["chance"].notna().any()
        drawn = _draw("outcome_charts:outlook_chart", table, self.review, self.within * 24) if known else None
        call = f"outlook({_WAITING}, time_in_review(stays), {self.within} * 24)"
        code = self._python(
            call,
            "outlook import outlook",
            _TIMES + "time_in_review, waiting",
            "datetime import UTC, datetime",
            begun=True,
        )
        self.outlook.put(table, told.of_outlook(table, self.within), drawn, code)

    def _python(self, call: str, *imported: str, begun: bool = False) -> str:
        lines = [f"from {'' if one.startswith('datetime') else 'tjtools.analysis.'}{one}" for one in imported]
        return python(call, *lines, section=self.section, period=self._begun if begun else self.period)


_TIMES = "reviewtime import "
_WAITING = "waiting(stays, frame, datetime.now(tz=UTC))"


def _draw(chart: str, *more: object) -> Draw:
    """Draws a chart of `tjtools.analysis`, named `module:function`, of these and a title."""

    def draw(title: str):  # type: ignore[no-untyped-def]
        return resolve_name(f"tjtools.analysis.{chart}")(*more, title)  # altair takes a second to import: not before

    return draw


def _behind(frame: pd.DataFrame, table: pd.DataFrame, by: str, column: str) -> Behind:
    return lambda place: behind(frame, by, table[column].iloc[place])
