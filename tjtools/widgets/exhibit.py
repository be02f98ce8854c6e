"""What the panels of the analysis have in common: their exhibits, which follow what is asked, and the filter."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import ipywidgets as w
from traitlets import HasTraits, Instance, Unicode

from tjtools.analysis.exhibits import Collection, Exhibit, Shown
from tjtools.analysis.frame import SECTIONS, readable
from tjtools.analysis.sources import Asked, Files, Others
from tjtools.diff.duplicates import known_groups, repeats_of_rejected
from tjtools.health.status import acknowledged
from tjtools.upload.run_files import load_runs
from tjtools.widgets.markup import Markup, Saved, call_node, node, note
from tjtools.widgets.panel import Panel
from tjtools.widgets.view import Table, button, choice, column, linked, row, tied, told

OTHERS = Others(load_runs, known_groups, repeats_of_rejected, acknowledged)
NARROW = w.Layout(width="13em")
_NONE = -1


class Pane(HasTraits):
    """The model of an exhibit: what it shows now."""

    exhibit = Instance(Exhibit)
    shown = Instance(Shown, ())


class Analysis(Panel):
    """A collection of exhibits over the tracking files; `panel["gaps"]` is what the exhibit of that name shows.

    Its traits are parts of `Asked`: each exhibit is made again when one that it follows changes. `left_out` says of how
    many creatives nobody knows the day.
    """

    collection: ClassVar[Collection]
    section = Unicode()
    since = Instance(date, allow_none=True)
    until = Instance(date, allow_none=True)
    left_out = Unicode()

    def set_up(self) -> None:
        self.files = Files(self.workspace, OTHERS, self.clock)
        self.notes = self.collection.notes(self.files)
        self.panes = {one.name: Pane(exhibit=one) for one in self.collection.exhibits}
        self._show()
        self.observe(lambda change: self._show(change["name"]), list(self._told))

    def __getitem__(self, name: str) -> Shown:
        return self.panes[name].shown

    @property
    def asked(self) -> Asked:
        """What the panel is asked for."""
        return self.collection.asked._replace(**self._told)

    @property
    def _told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Asked._fields if self.has_trait(name)}

    @property
    def frame(self) -> Any:
        """The one frame for pandas."""
        return self.files.frame

    @property
    def kept(self) -> Any:
        """The creatives that the filter leaves of it."""
        return self.asked.keep(self.frame)

    def _show(self, changed: str = "") -> None:
        asked = self.asked
        self.left_out = self._left_out(asked)
        for pane in self.panes.values():
            if not changed or changed in pane.exhibit.follows:
                pane.shown = pane.exhibit.shown(self.files, asked)

    def _left_out(self, asked: Asked) -> str:
        raise NotImplementedError


def exhibit_view(pane: Pane, *asked: w.Widget, unfolded: bool = False) -> w.Widget:
    """Everything of an exhibit; `asked` are controls of its own, with `unfolded`, the rows are there at first."""
    exhibit = pane.exhibit
    heading = [node("h3", exhibit.heading)] if exhibit.heading else []
    unfold = w.ToggleButton(value=unfolded, description="Table", icon="table", layout=w.Layout(width="auto"))
    of = w.Dropdown(layout=w.Layout(width="16em"))  # the row of the table of which the rows behind are shown
    tied(pane, "shown", of, options=lambda: _places(pane.shown), value=lambda: _NONE)
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

    rows = tied(pane, "shown", w.VBox(), children=table)
    unfold.observe(lambda _change: setattr(rows, "children", table()), "value")
    return column(
        told(pane, "shown", lambda: node("div", *heading, node("p", node("strong", pane.shown.finding)))),
        *asked,
        tied(pane, "shown", w.VBox(), children=lambda: _chart(pane.shown)),
        *([Markup(note(exhibit.explained))] if exhibit.explained else []),
        tied(pane, "shown", tools, shown=lambda: len(pane.shown.frame)),
        rows,
        tied(of, "value", w.VBox(), children=lambda: _behind(pane.shown, of.value)),
    )


def _chart(shown: Shown) -> tuple[w.Widget, ...]:
    if shown.draw is None:
        return ()
    from tjtools.analysis.charts import bundle

    data = bundle(shown.draw(""), shown.finding)
    return (w.Output(outputs=({"output_type": "display_data", "data": data, "metadata": {}},)),)


def _places(shown: Shown) -> list[tuple[str, int]]:
    return [("choose a row", _NONE), *((text, place) for place, text in enumerate(shown.rows))]


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
        told(panel, "left_out", lambda: note(panel.left_out, role="status") if panel.left_out else None),
    )


def dimension_view(panel: Analysis, words: str, trait: str, options: dict[str, str]) -> w.Widget:
    """A list of values, each with its label, for a trait of the panel."""
    return row(
        Markup(words), choice(panel, trait, lambda: [(label, one) for one, label in options.items()], layout=NARROW)
    )
