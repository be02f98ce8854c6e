"""An exhibit of the analysis on the screen: heading, finding, chart; its table to unfold, its files, and the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import HasTraits, Int, Unicode

from tjtools.analysis.exhibits import Exhibit, Shown
from tjtools.analysis.frame import readable
from tjtools.widgets.markup import STATIC, Markup, node
from tjtools.widgets.table import Table, table_view
from tjtools.widgets.view import call_node, column, follow, row

if TYPE_CHECKING:
    import altair as alt


class Pane(HasTraits):
    """The model: an exhibit and what it shows now; `version` rises when that is something else."""

    version = Int()

    def __init__(self, exhibit: Exhibit) -> None:
        super().__init__()
        self.exhibit, self.shown = exhibit, Shown()

    def put(self, shown: Shown) -> None:
        """Show this."""
        self.shown = shown
        self.version += 1


class Saved(AnyWidget):
    """A button that saves what `make` returns, text or bytes, in the browser's own way, where it was pressed."""

    _esm = STATIC / "saved.js"
    _css = STATIC / "panel.css"
    label = Unicode().tag(sync=True)
    filename = Unicode().tag(sync=True)

    def __init__(self, label: str, filename: str, make: Callable[[], str | bytes]) -> None:
        super().__init__(label=label, filename=filename)
        self._make = make
        self.on_msg(self._hear)

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        made = self._make()
        data = made.encode("utf-8", "backslashreplace") if isinstance(made, str) else made
        self.send({"view": told["view"]}, [data])


def exhibit_view(pane: Pane, *asked: w.Widget, unfolded: bool = False) -> w.Widget:
    """Everything of an exhibit; `asked` are controls of its own, with `unfolded`, the rows are there at first."""
    exhibit = pane.exhibit
    said, copy, calls, chart, rows = Markup(), Markup(), Markup(), w.VBox(), w.VBox()
    unfold = w.ToggleButton(value=unfolded, description="Table", icon="table", layout=w.Layout(width="auto"))
    saved = Saved("Save CSV", f"{exhibit.name}.csv", lambda: pane.shown.csv)
    picture = Saved("Save PNG", f"{exhibit.name}.png", lambda: pane.shown.png)
    behind = _Behind(pane)
    tools = row(unfold, copy, saved, picture, behind.choice, calls)

    def show() -> None:
        shown = pane.shown
        heading = [node("h3", exhibit.heading)] if exhibit.heading else []
        # the chart's title, as text of the page: it can be read in any theme
        said.show(node("div", *heading, node("p", node("strong", shown.finding))))
        chart.children = (_chart(shown.draw(""), shown.finding),) if shown.draw else ()
        copy.show(node("copy", shown.copied) if shown.copied else node("span"))
        calls.show(call_node(shown.code) if shown.code else node("div"))
        tools.layout.display = "" if len(shown.frame) else "none"
        picture.layout.display = "" if shown.draw else "none"
        fill()

    def fill() -> None:
        made = Table(readable(pane.shown.frame), what=exhibit.what) if unfold.value else None
        rows.children = (table_view(made),) if made else ()

    follow(pane, "version", show)
    unfold.observe(lambda _change: fill(), "value")
    explained = (Markup(node("p", exhibit.explained, css="tj-note")),) if exhibit.explained else ()
    return column(said, *asked, chart, *explained, tools, rows, behind.rows)


class _Behind:
    """A list of the table's rows, and the rows behind the one that is chosen."""

    def __init__(self, pane: Pane) -> None:
        self._pane, self.rows = pane, w.VBox()
        self._chosen = w.Dropdown(layout=w.Layout(width="16em"))
        self.choice = row(Markup("The rows behind"), self._chosen)
        follow(pane, "version", self._offer)
        self._chosen.observe(lambda _change: self._show(), "value")

    def _offer(self) -> None:
        offered = self._pane.shown.rows
        self.choice.layout.display = "" if offered else "none"
        self._chosen.options = [("choose a row", -1), *((text, place) for place, text in enumerate(offered))]
        self._chosen.value = -1
        self._show()

    def _show(self) -> None:
        behind, place = self._pane.shown.behind, self._chosen.value
        chosen = behind is not None and place not in (None, -1)
        self.rows.children = (table_view(Table(readable(behind(place)))),) if behind and chosen else ()


def _chart(chart: alt.TopLevelMixin, words: str) -> w.Widget:
    """A chart; `words` say the same in a sentence, for who can't see it."""
    from tjtools.analysis.charts import bundle

    return w.Output(outputs=({"output_type": "display_data", "data": bundle(chart, words), "metadata": {}},))
