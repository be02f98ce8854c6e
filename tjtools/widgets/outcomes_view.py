"""The view of how the reviews went."""

from __future__ import annotations

import ipywidgets as w

from tjtools.analysis.frame import SECTIONS
from tjtools.widgets.exhibit_view import exhibit_view
from tjtools.widgets.markup import Markup, lines
from tjtools.widgets.outcomes import BY, ReviewOutcomes
from tjtools.widgets.view import column, error_view, row


def outcomes_view(panel: ReviewOutcomes) -> w.Widget:
    """Notes, the filter, and the exhibits one below the other."""
    section = w.Dropdown(options=[("All sections", ""), *((one, one) for one in SECTIONS)])
    by = w.Dropdown(options=[(label, name) for name, label in BY.items()])
    w.link((panel, "section"), (section, "value"))
    w.link((panel, "by"), (by, "value"))
    section.layout.width = by.layout.width = "13em"
    return column(
        Markup(lines(panel.notes)),
        row(Markup("Keep"), section, Markup("Rates by"), by),
        *map(exhibit_view, panel.exhibits),
        error_view(panel),
    )
