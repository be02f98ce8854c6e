"""What the library holds: the analysis's first panel."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets as w
from traitlets import Bool, Unicode

from tjtools.analysis.exhibits import LIBRARY, Collection
from tjtools.analysis.frame import DIMENSIONS, on_site
from tjtools.analysis.sources import Asked
from tjtools.model.words import counted
from tjtools.widgets.analysis import Analysis, choice_view, filter_view
from tjtools.widgets.exhibit import exhibit_view
from tjtools.widgets.markup import Markup, lines
from tjtools.widgets.view import column, error_view, follow, row

ACROSS = {name: DIMENSIONS[name] for name in ("section", "language")}


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

    @property
    def summary(self) -> str:
        counts = self["inventory"].frame
        numbers = ", ".join(
            f"{value} {number:,}" for value, number in zip(counts[self.by], counts["creatives"], strict=True)
        )
        found = [self[name].finding for name in self.panes if name != "ages"]  # which changes with the day
        return "\n".join((*self.notes, f"{DIMENSIONS[self.by]}: {numbers or 'none'}", *found))

    def _left_out(self, asked: Asked) -> str:
        there = on_site(Asked(asked.section).keep(self.frame))
        unknown = 0 if asked.every_day else int(there["upload_date"].isna().sum())
        stays = "Kept too" if self.undated else "Left out"
        return f"{stays}: {counted(unknown, 'creative')} of unknown upload date" if unknown else ""


def library_view(panel: LibraryAnalysis) -> w.Widget:
    """Notes, the filter, and the exhibits one below the other, each with what it is asked for."""
    asked = {
        "inventory": [choice_view(panel, "Count by", "by", DIMENSIONS)],
        "gaps": [choice_view(panel, "Category by", "across", ACROSS)],
    }
    shown = (exhibit_view(pane, *asked.get(name, ())) for name, pane in panel.panes.items())
    undated = w.Checkbox(description="also those of unknown day", indent=False, layout=w.Layout(width="auto"))
    w.link((panel, "undated"), (undated, "value"))

    def show() -> None:
        undated.layout.display = "none" if panel.asked.every_day else ""

    follow(panel, "since until", show)
    choice = row(filter_view(panel, Markup("added from")), undated)
    return column(Markup(lines(panel.notes)), choice, *shown, error_view(panel))
