"""The panels of the analysis: what the library holds, the look-up of many names or IDs, and how the reviews went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Bool, Instance, Int, Unicode

from tjtools.analysis import findings
from tjtools.analysis.exhibits import LIBRARY, OUTCOMES, Collection, Exhibit, Shown
from tjtools.analysis.frame import DIMENSIONS, on_site
from tjtools.analysis.sources import Asked
from tjtools.cache.library import ANSWER_COLUMNS, Library, answer_rows, look_up, pasted
from tjtools.health.status import Seen, acknowledge
from tjtools.model.words import counted
from tjtools.widgets.exhibit import NARROW, Analysis, Pane, dimension_view, exhibit_view, filter_view
from tjtools.widgets.markup import Markup, Node, lines, node, note
from tjtools.widgets.panel import Panel, python
from tjtools.widgets.view import actions, button, column, error_view, follow, linked, row, tied, told

ACROSS = {name: DIMENSIONS[name] for name in ("section", "language")}
BY = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
LOOK = """\
library = Library.load(workspace.library)
list(answer_rows(look_up(library, pasted(\"\"\"
clip.mp4
1032530571
\"\"\"))))
"""
CALL = python(LOOK, "tjtools import Library, Workspace", "tjtools.cache.library import answer_rows, look_up, pasted")


class LibraryAnalysis(Analysis):
    """Tables and charts of the library; `frame` is `library_frame`'s with the history, `kept` what the filter leaves.

    `since` and `until` keep what was added to the site in these days, `undated` also what is of unknown day. `by` is
    the dimension that the inventory counts by, `across` the one that the gap map sets against the category.
    """

    title: ClassVar[str] = LIBRARY.title
    collection: ClassVar[Collection] = LIBRARY
    undated = Bool(default_value=True)
    by = Unicode("section")
    across = Unicode("section")

    def told(self) -> Iterable[str]:
        counts = self["inventory"].frame
        pairs = zip(counts[self.by], counts["creatives"], strict=True)
        numbers = ", ".join(f"{value} {number:,}" for value, number in pairs)
        found = [self[name].finding for name in self.panes if name != "ages"]  # which changes with the day
        return (*self.notes, f"{DIMENSIONS[self.by]}: {numbers or 'none'}", *found)

    def _left_out(self, asked: Asked) -> str:
        there = on_site(Asked(asked.section).keep(self.frame))
        unknown = 0 if asked.every_day else int(there["upload_date"].isna().sum())
        stays = "Kept too" if self.undated else "Left out"
        return f"{stays}: {counted(unknown, 'creative')} of unknown upload date" if unknown else ""


def library_view(panel: LibraryAnalysis) -> w.Widget:
    """Notes, the filter, and the exhibits one below the other, each with what it is asked for."""
    asked = {
        "inventory": [dimension_view(panel, "Count by", "by", DIMENSIONS)],
        "gaps": [dimension_view(panel, "Category by", "across", ACROSS)],
    }
    undated = w.Checkbox(description="also those of unknown day", indent=False, layout=w.Layout(width="auto"))
    linked(panel, "undated", undated)
    tied(panel, "since until", undated, shown=lambda: not panel.asked.every_day)
    return column(
        Markup(lines(panel.notes)),
        row(filter_view(panel, Markup("added from")), undated),
        *(exhibit_view(pane, *asked.get(name, ())) for name, pane in panel.panes.items()),
        error_view(panel),
    )


class LookUp(Panel):
    """`text` is what a person pastes, one name or ID a line; `ask` fills `answers`, `asked` counts the lines."""

    title: ClassVar[str] = "Look up"
    call = Unicode(CALL)
    text = Unicode()
    asked = Int()

    def set_up(self) -> None:
        self.library = Library.load(self.workspace.library)
        nothing = Shown(pd.DataFrame(columns=list(ANSWER_COLUMNS), dtype="str"))
        self.pane = Pane(exhibit=Exhibit("look_up", "", "answers"), shown=nothing)

    def ask(self) -> None:
        """Look up what stands in `text`, in the library as it is now."""
        with self.attempt():
            self.library.refresh()
            found = look_up(self.library, pasted(self.text))
            table = pd.DataFrame(list(answer_rows(found)), columns=list(ANSWER_COLUMNS), dtype="str")
            there = sum(bool(one.there) for _, one in found)
            unclear = sum(one.is_unclear for _, one in found)
            missing = sum(not one.there and not one.is_unclear for _, one in found)
            told = f"{counted(len(found), 'line')} asked: {there:,} in the library, {missing:,} not"
            self.asked = len(found)
            self.pane.shown = Shown(table, f"{told}; {unclear:,} unclear" if unclear else told)

    @property
    def answers(self) -> Shown:
        """What was answered."""
        return self.pane.shown

    @property
    def ids(self) -> str:
        """The Creative IDs of what is there, one a line, each once."""
        frame = self.answers.frame
        return "\n".join(frame.loc[frame["answer"] == "already there", "creative_id"].unique())

    def told(self) -> Iterable[str]:
        if not self.asked:
            return (f"Nothing asked yet; the library holds {counted(len(self.library), 'creative')}",)
        counts = Counter(self.answers.frame["answer"])
        return (self.answers.finding, *(f"{number:,} × {answer}" for answer, number in counts.items()))

    def press(self) -> None:
        first = list(islice(self.library, 2))
        self.text = "\n".join(
            [one.filename for one in first[:1]] + [one.creative_id for one in first[1:]] + ["no such"]
        )
        self.ask()


def lookup_view(panel: LookUp) -> w.Widget:
    """Field, button, answers with copy and CSV."""
    field = w.Textarea(placeholder="Paste names or Creative IDs, one a line", rows=6, layout=w.Layout(width="44em"))

    def ids() -> Node | None:
        number = counted(panel.ids.count("\n") + 1, "Creative ID")
        label = node("span", f"{number} alone, one a line: ")
        return node("div", label, node("copy", panel.ids)) if panel.ids else None

    answers = exhibit_view(panel.pane, unfolded=True)
    return column(
        linked(panel, "text", field),
        actions(panel, button("Look up", panel.ask, style="primary", icon="search")),
        tied(panel, "asked", answers, shown=lambda: panel.asked),
        told(panel.pane, "shown", ids),
    )


class ReviewOutcomes(Analysis):
    """Approval rates, time in review, what waits, and what changed.

    `since` and `until` keep the creatives that were `uploaded` or `decided` (`day`) in these days; `by` splits the
    rates, `one` and `other` are two values of it to compare. `within` is the days from now by which what waits may be
    decided, `last_looked` the moment since which changes are listed.
    """

    title: ClassVar[str] = OUTCOMES.title
    collection: ClassVar[Collection] = OUTCOMES
    day = Unicode("uploaded")
    by = Unicode("category")
    one = Unicode()
    other = Unicode()
    within = Int(7)
    last_looked = Instance(datetime, allow_none=True)

    @property
    def stays(self) -> Any:
        """What the history tells of each stay in review, as `analysis.reviews.reviews` has it."""
        return self.files.stays

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

    def decide_by(self, day: date | None) -> None:
        """Ask for the chance that what waits is decided by this day, a day to come; None leaves it as it is."""
        if day:
            self.within = min(max(1, (day - self.clock().date()).days), 365)

    def since_day(self, day: date | None) -> None:
        """List what changed since the beginning of this day; None leaves it as it is."""
        if day:
            self.last_looked = datetime.combine(day, time.min).astimezone()

    def told(self) -> Iterable[str]:
        table = self["approval_rates"].frame
        columns = (table[name] for name in (self.by, "approved", "decided", "pending"))
        changed = "" if self.files.rows.empty else findings.of_changes(self["changes"].frame, None)
        yield from (*self.notes, changed, self["approval_rates"].finding)
        for value, approved, decided, pending in zip(*columns, strict=True):
            yield f"- {value}: {approved:,} of {decided:,} decided, {pending:,} pending"
        yield from (self[name].finding for name in self.panes if name not in ("changes", "approval_rates", "pending"))
        yield f"{counted(len(self['pending'].frame), 'creative')} pending"

    def have_seen(self) -> None:
        """Remember that everything shown was seen: from now on, what comes later is new."""
        latest = self.files.observations["at"].max()
        seen = Seen(self.clock() if pd.isna(latest) else latest.to_pydatetime(), len(self.files.rows))
        with self.attempt():
            acknowledge(self.workspace, seen)
            self.files.seen = seen
            self.last_looked = seen.until

    def _left_out(self, asked: Asked) -> str:
        """What the filter by days leaves out because nobody knows its day, and what it does not apply to."""
        if asked.every_day:
            return ""
        unknown, decided = int(Asked(asked.section).keep(self.frame)[asked.day].isna().sum()), asked.day == "decided"
        day, are = "decision" if decided else "upload", "is" if unknown == 1 else "are"
        more = " Times and what waits are of all days: those decided in some days are not all that waited then."
        return f"{counted(unknown, 'creative')} without a known day of {day} {are} left out.{more * decided}"


def outcomes_view(panel: ReviewOutcomes) -> w.Widget:
    """What changed; then notes, the filter, and the exhibits one below the other, each below what it is asked for."""
    rates = dimension_view(panel, "Rates by", "by", BY)
    asked = {"approval_rates": [rates], "comparison": [_pair(panel)], "pending": [_ahead(panel)]}
    changes, *others = panel.panes.items()
    kind = linked(panel, "day", w.Dropdown(options=["uploaded", "decided"], layout=w.Layout(width="8em")))
    return column(
        exhibit_view(changes[1], _seen(panel)),
        error_view(panel),
        Markup(node("hr")),
        Markup(lines(panel.notes)),
        filter_view(panel, kind, Markup("from")),
        *(exhibit_view(pane, *asked.get(name, ())) for name, pane in others),
    )


def _seen(panel: ReviewOutcomes) -> w.Widget:
    day = w.DatePicker(value=panel.files.last_looked.astimezone().date(), layout=NARROW)
    seen = button("I have seen this", panel.have_seen, icon="check", style="primary")

    def said() -> Node:
        if panel.files.seen:
            return note(f"You saw everything up to {panel.files.seen[0].astimezone():%d %B %Y, %H:%M}.")
        return note("You have not said yet what you have seen: the last seven days are listed.")

    day.observe(lambda change: panel.since_day(change["new"]), "value")
    return column(row(seen, Markup("or list what changed since"), day), told(panel, "last_looked", said))


def _pair(panel: ReviewOutcomes) -> w.Widget:
    lists, filling = [w.Dropdown(layout=NARROW), w.Dropdown(layout=NARROW)], False

    def show() -> None:
        nonlocal filling
        filling = True
        for place, widget in enumerate(lists):
            widget.options = panel.values
            widget.value = panel.pair[place] if panel.pair else None
        filling = False

    def choose(_change: object) -> None:
        if not filling:
            with panel.hold_trait_notifications():
                panel.one, panel.other = (widget.value or "" for widget in lists)

    for widget in lists:
        widget.observe(choose, "value")
    follow(panel.panes["comparison"], "shown", show)
    return row(Markup("Compare"), lists[0], Markup("with"), lists[1])


def _ahead(panel: ReviewOutcomes) -> w.Widget:
    days = linked(panel, "within", w.BoundedIntText(min=1, max=365, layout=w.Layout(width="6em")))
    day = w.DatePicker(layout=NARROW)
    tied(panel, "within", day, value=lambda: panel.clock().date() + timedelta(days=panel.within))
    day.observe(lambda change: panel.decide_by(change["new"]), "value")
    return row(Markup("Decided within"), days, Markup("days, by"), day)
