"""The view of how the reviews went."""

from __future__ import annotations

import ipywidgets as w

from tjtools.analysis.frame import SECTIONS
from tjtools.analysis.period import DECISION, UPLOADED
from tjtools.widgets.exhibit_view import exhibit_view
from tjtools.widgets.markup import Markup, lines, node
from tjtools.widgets.outcomes import BY, ReviewOutcomes
from tjtools.widgets.view import button, column, error_view, follow, row

_NARROW = w.Layout(width="13em")


def outcomes_view(panel: ReviewOutcomes) -> w.Widget:
    """What changed; then notes, the filter, and the exhibits one below the other, each below what it is asked for."""
    asked = {panel.rates: _by(panel), panel.comparison: _pair(panel), panel.outlook: _ahead(panel)}
    changes, *others = panel.exhibits
    shown = [exhibit_view(one, *((asked[one],) if one in asked else ())) for one in others]
    return column(
        exhibit_view(changes, _seen(panel)),
        error_view(panel),
        Markup(node("hr")),
        Markup(lines(panel.notes)),
        _filter(panel),
        *shown,
    )


def _seen(panel: ReviewOutcomes) -> w.Widget:
    """Since which day, and the word that all of it was seen."""
    said = Markup()
    day = w.DatePicker(value=panel.last_looked.astimezone().date(), layout=_NARROW)
    seen = button("I have seen this", lambda: panel.attempt(panel.have_seen), icon="check", style="primary")

    def show() -> None:
        word = f"You saw everything up to {panel.seen.until.astimezone():%d %B %Y, %H:%M}." if panel.seen else _NEVER
        said.show(node("p", word, css="tj-note"))

    day.observe(lambda change: panel.since_day(change["new"]), "value")
    follow(panel, "last_looked", show)
    return column(row(seen, Markup("or list what changed since"), day), said)


_NEVER = "You have not said yet what you have seen: the last seven days are listed."


def _filter(panel: ReviewOutcomes) -> w.Widget:
    section = w.Dropdown(options=[("All sections", ""), *((one, one) for one in SECTIONS)], layout=_NARROW)
    kind = w.Dropdown(options=[("uploaded", UPLOADED), ("decided", DECISION)], layout=w.Layout(width="8em"))
    since, until = w.DatePicker(layout=_NARROW), w.DatePicker(layout=_NARROW)
    for widget, name in ((section, "section"), (kind, "kind"), (since, "since"), (until, "until")):
        w.link((panel, name), (widget, "value"))
    said = Markup()
    follow(panel, "left_out", lambda: said.show(node("p", panel.left_out, css="tj-note") if panel.left_out else None))

    def every_day() -> None:
        since.value = until.value = None

    choice = row(Markup("Keep"), section, kind, Markup("from"), since, Markup("to"), until)
    return column(row(choice, button("All days", every_day)), said)


def _by(panel: ReviewOutcomes) -> w.Widget:
    by = w.Dropdown(options=[(label, name) for name, label in BY.items()], layout=_NARROW)
    w.link((panel, "by"), (by, "value"))
    return row(Markup("Rates by"), by)


def _pair(panel: ReviewOutcomes) -> w.Widget:
    """Two values of the dimension that the rates are split by."""
    one, other = w.Dropdown(layout=_NARROW), w.Dropdown(layout=_NARROW)

    filling = [False]

    def show() -> None:
        filling[0] = True
        for widget, value in ((one, panel.one), (other, panel.other)):
            widget.options = panel.values
            widget.value = value if value in panel.values else None
        filling[0] = False

    def choose(name: str, value: str | None) -> None:
        if not filling[0]:
            setattr(panel, name, value or "")

    one.observe(lambda change: choose("one", change["new"]), "value")
    other.observe(lambda change: choose("other", change["new"]), "value")
    follow(panel.comparison, "version", show)
    return row(Markup("Compare"), one, Markup("with"), other)


def _ahead(panel: ReviewOutcomes) -> w.Widget:
    """In how many days, or by which day: either tells the other."""
    days = w.BoundedIntText(min=1, max=365, layout=w.Layout(width="6em"))
    day = w.DatePicker(layout=_NARROW)
    w.link((panel, "within"), (days, "value"))
    follow(panel, "within", lambda: setattr(day, "value", panel.by_day))
    day.observe(lambda change: panel.decide_by(change["new"]), "value")
    return row(Markup("Decided within"), days, Markup("days, by"), day)
