"""The view of what the library holds."""

from __future__ import annotations

import ipywidgets as w

from tjtools.analysis.frame import DIMENSIONS, SECTIONS
from tjtools.widgets.exhibit_view import exhibit_view
from tjtools.widgets.library import ACROSS, LibraryAnalysis
from tjtools.widgets.markup import Markup, lines, node
from tjtools.widgets.view import button, column, error_view, follow, row

_NARROW, _DAY = w.Layout(width="13em"), w.Layout(width="10em")


def library_view(panel: LibraryAnalysis) -> w.Widget:
    """Notes, the filter, and the exhibits one below the other, each with what it is asked for."""
    asked = {
        panel.inventory: _choice(panel, "Count by", "by", tuple(DIMENSIONS)),
        panel.gaps: _choice(panel, "Category by", "across", ACROSS),
    }
    shown = (exhibit_view(one, *((asked[one],) if one in asked else ())) for one in panel.exhibits)
    return column(Markup(lines(panel.notes)), _filter(panel), *shown, error_view(panel))


def _filter(panel: LibraryAnalysis) -> w.Widget:
    section = w.Dropdown(options=[("All sections", ""), *((one, one) for one in SECTIONS)], layout=_NARROW)
    since, until = w.DatePicker(layout=_DAY), w.DatePicker(layout=_DAY)
    undated = w.Checkbox(description="also those of unknown day", indent=False, layout=w.Layout(width="auto"))
    for widget, name in ((section, "section"), (since, "since"), (until, "until"), (undated, "undated")):
        w.link((panel, name), (widget, "value"))
    said = Markup()

    def show() -> None:
        undated.layout.display = "" if panel.since or panel.until else "none"
        said.show(node("p", panel.left_out, css="tj-note", role="status") if panel.left_out else None)

    def every_day() -> None:
        since.value = until.value = None

    follow(panel, "left_out since until", show)
    all_days = button("All days", every_day)
    return column(
        row(Markup("Keep"), section, Markup("added from"), since, Markup("to"), until, all_days, undated), said
    )


def _choice(panel: LibraryAnalysis, words: str, trait: str, values: tuple[str, ...]) -> w.Widget:
    chosen = w.Dropdown(options=[(DIMENSIONS[value], value) for value in values], layout=_NARROW)
    w.link((panel, trait), (chosen, "value"))
    return row(Markup(words), chosen)
