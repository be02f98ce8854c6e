"""How the reviews went: the analysis's second panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Instance, Int, Unicode

from tjtools.analysis import findings
from tjtools.analysis.exhibits import OUTCOMES, Collection
from tjtools.analysis.frame import DIMENSIONS
from tjtools.analysis.sources import Asked
from tjtools.health.status import Seen, acknowledge
from tjtools.model.words import counted
from tjtools.widgets.analysis import NARROW, Analysis, choice_view, filter_view
from tjtools.widgets.exhibit import exhibit_view
from tjtools.widgets.markup import Markup, lines, node
from tjtools.widgets.panel import now
from tjtools.widgets.view import button, column, error_view, follow, row
from tjtools.workspace.folder import Workspace

BY = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
_NEVER = "You have not said yet what you have seen: the last seven days are listed."


class ReviewOutcomes(Analysis):
    """Approval rates, time in review, what waits, and what changed.

    `since` and `until` keep the creatives that were `uploaded` or `decided` (`day`) in these days; `by` splits the
    rates, `one` and `other` are two values of it to compare. `within` is the days from now by which what waits may be
    decided, `last_looked` the moment since which changes are listed. `stays` is what the history tells of each stay in
    review, as `analysis.reviews.reviews` has it.
    """

    title: ClassVar[str] = OUTCOMES.title
    collection: ClassVar[Collection] = OUTCOMES
    day = Unicode("uploaded")
    by = Unicode("category")
    one = Unicode()
    other = Unicode()
    within = Int(7)
    last_looked = Instance(datetime, allow_none=True)

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self.stays = self.files.stays

    @property
    def values(self) -> tuple[str, ...]:
        """The values of `by` that have decided creatives: those that can be compared."""
        table = self["approval_rates"].frame
        return tuple(table.loc[table["decided"] > 0, self.by])

    @property
    def pair(self) -> tuple[str, ...]:
        """The two values that are compared, if there are two."""
        table = self["comparison"].frame
        return tuple(table["group"].head(2)) if len(table) else ()

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
        table = self["approval_rates"].frame
        rates = [
            f"- {value}: {approved:,} of {decided:,} decided, {pending:,} pending"
            for value, approved, decided, pending in zip(
                *(table[name] for name in (self.by, "approved", "decided", "pending")), strict=True
            )
        ]
        changed = "" if self.files.rows.empty else findings.of_changes(self["changes"].frame, None)
        found = [self[name].finding for name in self.panes if name not in ("changes", "approval_rates", "pending")]
        waits = f"{counted(len(self['pending'].frame), 'creative')} pending"
        said = (*self.notes, changed, self["approval_rates"].finding, *rates, *found, waits)
        return "\n".join(filter(None, said))

    def since_day(self, day: date | None) -> None:
        """List what changed since the beginning of this day; None leaves it as it is."""
        if day:
            self.last_looked = datetime.combine(day, time.min).astimezone()

    def have_seen(self) -> None:
        """Remember that everything shown was seen: from now on, what comes later is new."""
        latest = self.files.observations["at"].max()
        seen = Seen(self.clock() if pd.isna(latest) else latest.to_pydatetime(), len(self.files.rows))
        acknowledge(self.workspace, seen)
        self.files.seen = seen
        self.last_looked = seen.until

    def _left_out(self, asked: Asked) -> str:
        """What the filter by days leaves out because nobody knows its day, and what it does not apply to."""
        if asked.every_day:
            return ""
        unknown = int(Asked(asked.section).keep(self.frame)[asked.day].isna().sum())
        day = "day of upload" if asked.day == "uploaded" else "day of decision"
        text = f"{counted(unknown, 'creative')} without a known {day} {'is' if unknown == 1 else 'are'} left out."
        if asked.day == "uploaded":
            return text
        return f"{text} Times and what waits are of all days: those decided in some days are not all that waited then."


def outcomes_view(panel: ReviewOutcomes) -> w.Widget:
    """What changed; then notes, the filter, and the exhibits one below the other, each below what it is asked for."""
    rates, comparison, pending = choice_view(panel, "Rates by", "by", BY), _pair(panel), _ahead(panel)
    asked = {"approval_rates": [rates], "comparison": [comparison], "pending": [pending]}
    changes, *others = panel.panes.items()
    kind = w.Dropdown(options=["uploaded", "decided"], layout=w.Layout(width="8em"))
    w.link((panel, "day"), (kind, "value"))
    return column(
        exhibit_view(changes[1], _seen(panel)),
        error_view(panel),
        Markup(node("hr")),
        Markup(lines(panel.notes)),
        filter_view(panel, kind, Markup("from")),
        *(exhibit_view(pane, *asked.get(name, ())) for name, pane in others),
    )


def _seen(panel: ReviewOutcomes) -> w.Widget:
    """Since which day, and the word that all of it was seen."""
    said = Markup()
    day = w.DatePicker(value=panel.files.last_looked.astimezone().date(), layout=NARROW)
    seen = button("I have seen this", lambda: panel.attempt(panel.have_seen), icon="check", style="primary")

    def show() -> None:
        until = panel.files.seen[0].astimezone() if panel.files.seen else None
        said.show(node("p", f"You saw everything up to {until:%d %B %Y, %H:%M}." if until else _NEVER, css="tj-note"))

    day.observe(lambda change: panel.since_day(change["new"]), "value")
    follow(panel, "last_looked", show)
    return column(row(seen, Markup("or list what changed since"), day), said)


def _pair(panel: ReviewOutcomes) -> w.Widget:
    """Two values of the dimension that the rates are split by."""
    lists, filling = [w.Dropdown(layout=NARROW), w.Dropdown(layout=NARROW)], [False]

    def show() -> None:
        filling[0] = True
        for place, widget in enumerate(lists):
            widget.options = panel.values
            widget.value = panel.pair[place] if panel.pair else None
        filling[0] = False

    def choose() -> None:
        if not filling[0]:
            with panel.hold_trait_notifications():
                panel.one, panel.other = (widget.value or "" for widget in lists)

    for widget in lists:
        widget.observe(lambda _change: choose(), "value")
    follow(panel.panes["comparison"], "version", show)
    return row(Markup("Compare"), lists[0], Markup("with"), lists[1])


def _ahead(panel: ReviewOutcomes) -> w.Widget:
    """In how many days, or by which day: either tells the other."""
    days = w.BoundedIntText(min=1, max=365, layout=w.Layout(width="6em"))
    day = w.DatePicker(layout=NARROW)
    w.link((panel, "within"), (days, "value"))
    follow(panel, "within", lambda: setattr(day, "value", panel.by_day))
    day.observe(lambda change: panel.decide_by(change["new"]), "value")
    return row(Markup("Decided within"), days, Markup("days, by"), day)
