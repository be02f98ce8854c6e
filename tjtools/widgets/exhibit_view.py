"""The view of an exhibit: heading, finding, chart; below it the table, to unfold, its copies, and the call."""

from __future__ import annotations

import ipywidgets as w

from tjtools.widgets.chart import chart_view
from tjtools.widgets.exhibit import Exhibit
from tjtools.widgets.markup import Markup, node
from tjtools.widgets.saved import Saved
from tjtools.widgets.table import table_view
from tjtools.widgets.view import call_node, column, follow, row


def exhibit_view(exhibit: Exhibit, *, unfolded: bool = False) -> w.Widget:
    """Everything of an exhibit; with `unfolded`, the rows are there at first."""
    chart, rows, said, calls = w.VBox(), w.VBox(), Markup(), Markup()
    unfold = w.ToggleButton(value=unfolded, description="Table", icon="table", layout=w.Layout(width="auto"))
    saved = Saved("Save CSV", exhibit.filename, lambda: exhibit.csv)
    copy = Markup()
    tools = row(unfold, copy, saved, calls)

    def show() -> None:
        # the chart's title, as text of the page: it can be read in any theme
        said.show(
            node(
                "div",
                *([node("h3", exhibit.heading)] if exhibit.heading else []),
                node("p", node("strong", exhibit.finding)),
            )
        )
        chart.children = (chart_view(exhibit.draw(""), exhibit.finding),) if exhibit.draw else ()
        copy.show(node("copy", exhibit.copied) if exhibit.copied else node("span"))
        calls.show(call_node(exhibit.code) if exhibit.code else node("div"))
        tools.layout.display = "" if len(exhibit.frame) else "none"
        fill()

    def fill() -> None:
        rows.children = (table_view(exhibit.table),) if unfold.value else ()

    follow(exhibit, "version", show)
    unfold.observe(lambda _change: fill(), "value")
    explained = (Markup(node("p", exhibit.explained, css="tj-note")),) if exhibit.explained else ()
    return column(said, chart, *explained, tools, rows)
