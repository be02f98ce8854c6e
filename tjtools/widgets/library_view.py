"""The view of what the library holds."""

from __future__ import annotations

import ipywidgets as w

from tjtools.analysis.frame import DIMENSIONS, SECTIONS
from tjtools.widgets.exhibit_view import exhibit_view
from tjtools.widgets.library import LibraryAnalysis
from tjtools.widgets.markup import Markup, lines
from tjtools.widgets.view import column, error_view, row


def library_view(panel: LibraryAnalysis) -> w.Widget:
    """Notes, the filter, and the exhibits one below the other."""
    section = w.Dropdown(options=[("All sections", ""), *((one, one) for one in SECTIONS)])
    by = w.Dropdown(options=[(label, name) for name, label in DIMENSIONS.items()])
    w.link((panel, "section"), (section, "value"))
    w.link((panel, "by"), (by, "value"))
    section.layout.width = by.layout.width = "13em"
    inventory, *others = panel.exhibits
    return column(
        Markup(lines(panel.notes)),
        row(Markup("Keep"), section, Markup("Count by"), by),
        exhibit_view(inventory),
        *map(exhibit_view, others),
        error_view(panel),
    )
