"""The view of an exhibit: heading, finding, chart; below it the table, to unfold, its copies, and the call."""

from __future__ import annotations

import ipywidgets as w

from tjtools.widgets.chart import chart_view
from tjtools.widgets.exhibit import Exhibit, readable
from tjtools.widgets.markup import Markup, node
from tjtools.widgets.saved import Saved
from tjtools.widgets.table import Table, table_view
from tjtools.widgets.view import button, call_node, column, follow, row


def exhibit_view(exhibit: Exhibit, *asked: w.Widget, unfolded: bool = False) -> w.Widget:
    """Everything of an exhibit; `asked` are controls of its own, with `unfolded`, the rows are there at first."""
    chart, rows, said, calls = w.VBox(), w.VBox(), Markup(), Markup()
    unfold = w.ToggleButton(value=unfolded, description="Table", icon="table", layout=w.Layout(width="auto"))
    saved = Saved("Save CSV", exhibit.filename, lambda: exhibit.csv)
    picture = Saved("Save PNG", exhibit.filename.replace(".csv", ".png"), lambda: exhibit.png)
    ask = button("Show", exhibit.ask, icon="calculator", title="Reckon this table: it can take some seconds")
    copy = Markup()
    chosen, found = w.Dropdown(layout=w.Layout(width="16em")), w.VBox()
    tracing = row(Markup("The rows behind"), chosen)
    tools = row(unfold, copy, saved, picture, tracing, calls)

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
        copied = exhibit.copied
        copy.show(node("copy", copied) if copied else node("span"))
        calls.show(call_node(exhibit.code) if exhibit.code else node("div"))
        tools.layout.display = "" if len(exhibit.frame) else "none"
        picture.layout.display = "" if exhibit.draw else "none"
        ask.layout.display = "" if exhibit.waits else "none"
        tracing.layout.display = "" if exhibit.rows else "none"
        chosen.options = [("choose a row", -1), *((text, place) for place, text in enumerate(exhibit.rows))]
        chosen.value = -1
        trace()
        fill()

    def fill() -> None:
        rows.children = (table_view(exhibit.table),) if unfold.value else ()

    def trace() -> None:
        if exhibit.behind is None or chosen.value in (None, -1):
            found.children = ()
        else:
            found.children = (table_view(Table(readable(exhibit.behind(chosen.value)))),)

    follow(exhibit, "version", show)
    chosen.observe(lambda _change: trace(), "value")
    unfold.observe(lambda _change: fill(), "value")
    explained = (Markup(node("p", exhibit.explained, css="tj-note")),) if exhibit.explained else ()
    return column(said, *asked, ask, chart, *explained, tools, rows, found)
