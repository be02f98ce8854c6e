"""The view of the look-up: a field to paste into, and the answers."""

from __future__ import annotations

import ipywidgets as w

from tjtools.widgets.exhibit_view import exhibit_view
from tjtools.widgets.lookup import LookUp
from tjtools.widgets.markup import Markup, node
from tjtools.widgets.view import actions, button, column, follow, row


def lookup_view(panel: LookUp) -> w.Widget:
    """Field, button, answers with copy and CSV."""
    field = w.Textarea(placeholder="Paste names or Creative IDs, one a line", rows=6, layout=w.Layout(width="44em"))
    w.link((panel, "text"), (field, "value"))
    answers = exhibit_view(panel.answers, unfolded=True)
    ids = Markup()

    def show() -> None:
        answers.layout.display = "" if panel.asked else "none"
        found = panel.ids
        number = found.count("\n") + 1
        label = f"{number:,} Creative ID{'s' * (number != 1)} alone, one a line: "
        ids.show(node("div", node("span", label), node("copy", found)) if found else node("div"))

    follow(panel.answers, "version", show)
    return column(
        field, actions(panel, row(button("Look up", panel.ask, style="primary", icon="search"))), answers, ids
    )
