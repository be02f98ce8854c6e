"""The panels of the analysis: exhibits that follow what is asked, the look-up of names or IDs, how the reviews went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Bool, HasTraits, Instance, Int, Unicode

from tjtools.analysis import findings
from tjtools.analysis.exhibits import KEPT, LIBRARY, OUTCOMES, Collection, Exhibit, Shown
from tjtools.analysis.frame import DIMENSIONS, SECTIONS, on_site, readable
from tjtools.analysis.sources import Asked, Files
from tjtools.cache.history import Seen, acknowledge
from tjtools.cache.library import ANSWER_COLUMNS, Library, answer_rows, look_up, pasted
from tjtools.model.words import counted
from tjtools.widgets.markup import Markup, Node, Saved, call_node, lines, node, note
from tjtools.widgets.panel import Panel, python
from tjtools.widgets.view import Table, actions, button, choice, column, error_view, linked, row, tied, told

NARROW = w.Layout(width="13em")
_NONE = -1
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


class Pane(HasTraits):
    """An exhibit and what it shows now."""

    exhibit = Instance(Exhibit)
    shown = Instance(Shown, ())


class Analysis(Panel):
    """A collection of exhibits over the tracking files; `panel["gaps"]` is what the exhibit of that name shows.

    Its traits are parts of `Asked`: each exhibit is made again when one that it follows changes.
    """

    collection: ClassVar[Collection]
    section = Unicode()
    since = Instance(date, allow_none=True)
    until = Instance(date, allow_none=True)

    def set_up(self) -> None:
        self.files = Files(self.workspace, self.clock)
        self.notes = self.collection.notes(self.files)
        self.panes = {one.name: Pane(exhibit=one) for one in self.collection.exhibits}
        self._show()
        self.observe(lambda change: self._show(change["name"]), list(Asked._fields))

    def __getitem__(self, name: str) -> Shown:
        return self.panes[name].shown

    @property
    def asked(self) -> Asked:
        """What the panel is asked for."""
        return self.collection.asked._replace(
            **{name: getattr(self, name) for name in Asked._fields if self.has_trait(name)}
        )

    @property
    def left_out(self) -> str:
        """Of how many creatives nobody knows the day, and what becomes of them; nothing where every day counts."""
        return ""

    @property
    def frame(self) -> Any:
        """The one frame for pandas."""
        return self.files.frame

    @property
    def kept(self) -> Any:
        """The creatives that the filter leaves of it."""
        return self.asked.keep(self.frame)

    def _show(self, changed: str = "") -> None:
        for pane in self.panes.values():
            if not changed or changed in pane.exhibit.follows:
                pane.shown = pane.exhibit.shown(self.files, self.asked)


def exhibit_view(pane: Pane, *asked: w.Widget, unfolded: bool = False) -> w.Widget:
    """Everything of an exhibit; `asked` are controls of its own, with `unfolded`, the rows are there at first."""
    exhibit = pane.exhibit
    heading = [node("h3", exhibit.heading)] if exhibit.heading else []

    def places() -> list[tuple[str, int]]:
        return [(text, place) for place, text in enumerate(("choose a row", *pane.shown.rows), _NONE)]

    unfold = w.ToggleButton(value=unfolded, description="Table", icon="table", layout=w.Layout(width="auto"))
    of = w.Dropdown(layout=w.Layout(width="16em"))  # the row of the table of which the rows behind are shown
    tied(pane, "shown", of, options=places, value=lambda: _NONE)
    picture = Saved("Save PNG", f"{exhibit.name}.png", lambda: pane.shown.png)
    tools = row(
        unfold,
        told(pane, "shown", lambda: node("copy", pane.shown.copied) if pane.shown.copied else None),
        Saved("Save CSV", f"{exhibit.name}.csv", lambda: pane.shown.csv),
        tied(pane, "shown", picture, shown=lambda: pane.shown.draw),
        tied(pane, "shown", row(Markup("The rows behind"), of), shown=lambda: pane.shown.rows),
        told(pane, "shown", lambda: call_node(pane.shown.code)),
    )

    def table() -> tuple[Table, ...]:
        return (Table(readable(pane.shown.frame), what=exhibit.what),) if unfold.value else ()

    return column(
        told(pane, "shown", lambda: node("div", *heading, node("p", node("strong", pane.shown.finding)))),
        *asked,
        tied(pane, "shown", w.VBox(), children=lambda: _chart(pane.shown)),
        *([Markup(note(exhibit.explained))] if exhibit.explained else []),
        tied(pane, "shown", tools, shown=lambda: len(pane.shown.frame)),
        tied(unfold, "value", tied(pane, "shown", w.VBox(), children=table), children=table),
        tied(of, "value", w.VBox(), children=lambda: _behind(pane.shown, of.value)),
    )


def _chart(shown: Shown) -> tuple[w.Widget, ...]:
    if shown.draw is None:
        return ()
    from tjtools.analysis.charts import bundle

    data = bundle(shown.draw(""), shown.finding)
    return (w.Output(outputs=({"output_type": "display_data", "data": data, "metadata": {}},)),)


def _behind(shown: Shown, place: int) -> tuple[Table, ...]:
    return (Table(readable(shown.behind(place))),) if shown.behind and place != _NONE else ()


def filter_view(panel: Analysis, *days: w.Widget) -> w.Widget:
    """Section and days to keep, and what is left out; `days` stands before the days and says which they are."""
    sections = [("All sections", ""), *((one, one) for one in SECTIONS)]

    def every_day() -> None:
        panel.since = panel.until = None

    return column(
        row(
            Markup("Keep"),
            choice(panel, "section", lambda: sections, layout=NARROW),
            *days,
            linked(panel, "since", w.DatePicker(layout=NARROW)),
            Markup("to"),
            linked(panel, "until", w.DatePicker(layout=NARROW)),
            button("All days", every_day),
        ),
        told(panel, " ".join(KEPT), lambda: note(panel.left_out, role="status") if panel.left_out else None),
    )


def dimension_view(panel: Analysis, words: str, trait: str, options: dict[str, str]) -> w.Widget:
    """A list of values, each with its label, for a trait of the panel."""
    labels = [(label, one) for one, label in options.items()]
    return row(Markup(words), choice(panel, trait, lambda: labels, layout=NARROW))


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

    @property
    def left_out(self) -> str:
        there = on_site(Asked(self.section).keep(self.frame))
        unknown = 0 if self.asked.every_day else int(there["upload_date"].isna().sum())
        stays = "Kept too" if self.undated else "Left out"
        return f"{stays}: {counted(unknown, 'creative')} of unknown upload date" if unknown else ""


def library_view(panel: LibraryAnalysis) -> w.Widget:
    """Notes, the filter, and the exhibits one below the other, each with what it is asked for."""
    by = dimension_view(panel, "Count by", "by", DIMENSIONS)
    asked = {"inventory": [by], "gaps": [dimension_view(panel, "Category by", "across", ACROSS)]}
    undated = w.Checkbox(description="also those of unknown day", indent=False, layout=w.Layout(width="auto"))
    tied(panel, "since until", linked(panel, "undated", undated), shown=lambda: not panel.asked.every_day)
    return column(
        Markup(lines(panel.notes)),
        row(filter_view(panel, Markup("added from")), undated),
        *(exhibit_view(pane, *asked.get(name, ())) for name, pane in panel.panes.items()),
    )


class LookUp(Panel):
    """`text` is what a person pastes, one name or ID a line; `ask` fills `answers`."""

    title: ClassVar[str] = "Look up"
    call = Unicode(CALL)
    text = Unicode()

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
        if self.answers.frame.empty:
            return (f"Nothing asked yet; the library holds {counted(len(self.library), 'creative')}",)
        counts = Counter(self.answers.frame["answer"])
        return (self.answers.finding, *(f"{number:,} × {answer}" for answer, number in counts.items()))

    def press(self) -> None:
        names, ids = [one.filename for one in self.library], [one.creative_id for one in self.library]
        self.text = "\n".join([*names[:1], *ids[1:2], "no such"])
        self.ask()


def lookup_view(panel: LookUp) -> w.Widget:
    """Field, button, answers with copy and CSV."""
    field = w.Textarea(placeholder="Paste names or Creative IDs, one a line", rows=6, layout=w.Layout(width="44em"))

    def ids() -> Node | None:
        label = f"{counted(len(panel.ids.split()), 'Creative ID')} alone, one a line: "
        return node("div", node("span", label), node("copy", panel.ids)) if panel.ids else None

    answers = exhibit_view(panel.pane, unfolded=True)
    return column(
        linked(panel, "text", field),
        actions(panel, button("Look up", panel.ask, style="primary", icon="search")),
        tied(panel.pane, "shown", answers, shown=lambda: len(panel.answers.frame)),
        told(panel.pane, "shown", ids),
    )


class ReviewOutcomes(Analysis):
    """Approval rates, time in review, what waits, and what changed.

    `since` and `until` keep the creatives that were `uploaded` or `decided` (`day`) in these days; `by` splits the
    rates. `within` is the days from now by which what waits may be decided; changes are listed since `last_looked`.
    """

    title: ClassVar[str] = OUTCOMES.title
    collection: ClassVar[Collection] = OUTCOMES
    day = Unicode("uploaded")
    by = Unicode("category")
    within = Int(7)
    last_looked = Instance(datetime, allow_none=True)

    @property
    def stays(self) -> Any:
        """What the history tells of each stay in review, as `analysis.reviews.reviews` has it."""
        return self.files.stays

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

    @property
    def left_out(self) -> str:
        if self.asked.every_day:
            return ""
        unknown, decided = int(Asked(self.section).keep(self.frame)[self.day].isna().sum()), self.day == "decided"
        day, are = "decision" if decided else "upload", "is" if unknown == 1 else "are"
        more = " Times and what waits are of all days: those decided in some days are not all that waited then."
        return f"{counted(unknown, 'creative')} without a known day of {day} {are} left out.{more * decided}"


def outcomes_view(panel: ReviewOutcomes) -> w.Widget:
    """What changed; then notes, the filter, and the exhibits one below the other, each below what it is asked for."""
    rates = dimension_view(panel, "Rates by", "by", BY)
    asked = {"approval_rates": [rates], "pending": [_ahead(panel)]}
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
    def choose(change: dict[str, Any]) -> None:
        if change["new"]:
            panel.last_looked = datetime.combine(change["new"], time.min).astimezone()

    day = w.DatePicker(value=panel.files.last_looked.astimezone().date(), layout=NARROW)
    seen = button("I have seen this", panel.have_seen, icon="check", style="primary")
    nothing = "You have not said yet what you have seen: the last seven days are listed."

    def said() -> Node:
        seen = panel.files.seen
        return note(f"You saw everything up to {seen[0].astimezone():%d %B %Y, %H:%M}." if seen else nothing)

    day.observe(choose, "value")
    return column(row(seen, Markup("or list what changed since"), day), told(panel, "last_looked", said))


def _ahead(panel: ReviewOutcomes) -> w.Widget:
    def choose(change: dict[str, Any]) -> None:
        if change["new"]:
            panel.within = min(max(1, (change["new"] - panel.clock().date()).days), 365)

    days = linked(panel, "within", w.BoundedIntText(min=1, max=365, layout=w.Layout(width="6em")))
    day = w.DatePicker(layout=NARROW)
    tied(panel, "within", day, value=lambda: panel.clock().date() + timedelta(days=panel.within))
    day.observe(choose, "value")
    return row(Markup("Decided within"), days, Markup("days, by"), day)
