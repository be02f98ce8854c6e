"""The view of refresh and sync: what to read, what was read, what differs, and whether to apply it."""

from __future__ import annotations

from functools import partial

import ipywidgets as w
import pandas as pd

from tjtools.diff.libraries import COLUMNS, LibraryDifference
from tjtools.scrape.apply import UpdateReport
from tjtools.scrape.section import Certificate
from tjtools.widgets.markup import Markup, Node, node
from tjtools.widgets.refresh import Refresh, Ways
from tjtools.widgets.table import Table, table_view
from tjtools.widgets.view import actions, button, column, follow, row

CHANGES = 200  # rows of the difference on the screen


def refresh_view(panel: Refresh) -> w.Widget:
    """Read, look, apply or discard; each part shows once there is something to show."""
    return column(_ways(panel), _certificates(panel), _difference(panel), _decision(panel), _outcome(panel))


def _ways(panel: Refresh) -> w.Widget:
    looks = {Ways.FULL: ("primary", "refresh"), Ways.NEW: ("", "arrow-down")}
    buttons = []
    for way in Ways:
        style, icon = looks.get(way, ("", "check"))
        made = button(way.value.label, partial(panel.read, way), style=style, icon=icon, title=way.value.meaning)
        follow(panel.task, "state", partial(_lock, made, panel))
        buttons.append(made)
    meanings = [node("li", node("strong", way.value.label), f" {way.value.meaning}.") for way in Ways]
    return column(Markup(node("ul", *meanings, css="tj-note")), actions(panel, *buttons))


def _lock(made: w.Button, panel: Refresh) -> None:
    made.disabled = panel.busy


def _certificates(panel: Refresh) -> w.Widget:
    shown = Markup()

    def show() -> None:
        of = panel.report or panel.update
        shown.show(certificates_node(of.certificates) if of else node("div"))

    follow(panel, "update report", show)
    return shown


def certificates_node(certificates: tuple[Certificate, ...]) -> Node:
    """What was read of each section, and whether it is complete."""
    numbers = ("Site's total", "Read", "Pages", "Re-reads", "Moved")
    heads = (
        node("th", "Section"),
        *(node("th", text, css="tj-number") for text in numbers),
        node("th", "Verdict"),
    )
    rows = [
        node(
            "tr",
            node("td", one.section.value),
            *(node("td", text, css="tj-number") for text in _counts(one)),
            node("td", f"{'✓' if one.complete else '●'} {one.verdict}"),
        )
        for one in certificates
    ]
    head = node("thead", node("tr", *heads))
    return node("div", node("h3", "Certificate: what was read"), node("table", head, node("tbody", *rows)))


def _counts(one: Certificate) -> tuple[str, ...]:
    total = "not stated" if one.total is None else f"{one.total:,}"
    return (total, f"{one.unique:,}", f"{one.pages:,}", f"{one.rereads}", f"{one.drift}")


def _difference(panel: Refresh) -> w.Widget:
    counts, table = Markup(), Table(_frame(LibraryDifference()), what="changes", most=CHANGES)
    rows = table_view(table)

    def show() -> None:
        of = panel.report or (panel.update if panel.update and not panel.update.stopped else None)
        difference = of.difference if of else LibraryDifference()
        counts.show(_counted(difference) if of else node("div"))
        rows.layout.display = "" if difference else "none"
        table.put(_frame(difference))

    follow(panel, "update report", show)
    return column(counts, rows)


def _counted(difference: LibraryDifference) -> Node:
    found = ", ".join(f"{count:,} {what}" for what, count in difference.counts.items() if count)
    return node("div", node("h3", "Difference: site and cache"), node("p", found or "✓ No difference."))


def _frame(difference: LibraryDifference) -> pd.DataFrame:
    return pd.DataFrame(list(difference.rows()), columns=list(COLUMNS), dtype="str")


def _decision(panel: Refresh) -> w.Widget:
    guard, allowed = Markup(), w.BoundedIntText(min=0, max=10**9, layout=w.Layout(width="8em"))
    w.link((panel, "allowed"), (allowed, "value"))
    apply = button("Apply to the cache", panel.apply, style="success", icon="check")
    discard = button("Discard", panel.discard, icon="times")
    both = row(apply, discard)

    def show() -> None:
        decidable = bool(panel.update and not panel.update.stopped)
        allowed.layout.display = "" if decidable and panel.gone else "none"
        both.layout.display = "" if decidable else "none"
        apply.disabled, discard.disabled = not panel.appliable, panel.busy
        guard.show(_guarded(panel) if decidable and panel.gone else node("div"))

    follow(panel, "update allowed", show)
    panel.task.observe(lambda _change: show(), "state")
    return column(guard, allowed, both)


def _guarded(panel: Refresh) -> Node:
    there = panel.update.there if panel.update else 0
    return node(
        "div",
        node("strong", f"⚠ {panel.gone:,} of {there:,} creatives of the cache are gone from the site."),
        node("p", f"Look whether that is so. To let it through, write {panel.gone} into the field below."),
        css="tj-error",
        role="alert",
    )


def _outcome(panel: Refresh) -> w.Widget:
    shown = Markup()

    def show() -> None:
        shown.show(_applied(panel, panel.report) if panel.report else node("p", panel.note))

    follow(panel, "report note", show)
    return shown


def _applied(panel: Refresh, report: UpdateReport) -> Node:
    library = panel.workspace.library.name
    return node(
        "p",
        node("strong", f"✓ Applied to {library}."),
        f" {report.history_rows:,} rows in the review history; the library as it is now is kept as the snapshot"
        f" {report.snapshot.name}, with its certificate.",
    )
