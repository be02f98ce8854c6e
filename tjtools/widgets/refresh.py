"""Refresh and sync: read the site, look at the difference and the certificate, apply it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from typing import ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Instance, Int, Unicode

from tjtools.diff.libraries import COLUMNS, LibraryDifference
from tjtools.model.errors import SignInNeeded
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import Certificate
from tjtools.scrape.refresh import Update, UpdateReport, apply_update, plan_refresh, plan_sync
from tjtools.widgets.markup import Markup, Node, alert, node, table_node
from tjtools.widgets.panel import Panel, Task, python
from tjtools.widgets.view import Table, actions, button, column, linked, row, tied, told

CHANGES = 200  # rows of the difference on the screen


class Ways(Enum):
    """The ways to follow the site: the button and its icon, what it means, the call in Python, what reads the site."""

    FULL = (
        "Refresh everything",
        "refresh",
        "reads all five sections to their ends, so that creatives that are gone are found too",
        "refresh_library(workspace, confirm=lambda update: True)",
        plan_refresh,
    )
    NEW = (
        "Only what is new",
        "arrow-down",
        "reads each section from its top down to what its last complete reading has covered",
        "refresh_library(workspace, new=True, confirm=lambda update: True)",
        partial(plan_refresh, new=True),
    )
    SYNC = (
        "Sync statuses",
        "check",
        "reads the review statuses of the cached creatives, and adds none",
        "sync_status(workspace)",
        plan_sync,
    )
    PENDING = (
        "Sync pending only",
        "check",
        "reads no further than it must to find the pending ones, and marks none removed",
        "sync_status(workspace, pending=True)",
        partial(plan_sync, pending=True),
    )

    def __init__(self, label: str, icon: str, meaning: str, call: str, plan: Callable[..., Update]) -> None:
        self.label, self.icon, self.meaning, self.plan = label, icon, meaning, plan
        used = f"tjtools.scrape.refresh import {call.partition('(')[0]}"
        self.call = python(call, "tjtools import Workspace", used)


class Refresh(Panel):
    """Reading makes an `update`, which is shown; `apply` writes it down and makes the `report`, `discard` forgets it.

    `allowed` is how many removals the person lets through, for an update that would remove many at once.
    """

    title: ClassVar[str] = "Refresh and sync"
    call = Unicode(Ways.FULL.call)
    update = Instance(Update, allow_none=True)
    report = Instance(UpdateReport, allow_none=True)
    allowed = Int()
    note = Unicode()

    def read(self, way: Ways) -> None:
        """Read the site in this way; nothing is written."""
        if not self.task.running:
            self.call, self.update, self.report, self.allowed, self.note = way.call, None, None, 0, ""
            self.task.start(partial(self._read, way))

    def apply(self) -> None:
        """Write down what is shown."""
        if self.update and self.appliable:
            self.task.start(partial(self._apply, self.update))

    def discard(self) -> None:
        """Forget what is shown; nothing is written."""
        if self.update and not self.busy:
            self.update, self.note = None, "Discarded: nothing was written."

    @property
    def gone(self) -> int:
        """How many removals the person has to let through; 0 where so few go without a question."""
        return self.update.removals_to_allow if self.update else 0

    @property
    def decidable(self) -> bool:
        """Whether what is shown can be applied or discarded: the site was read to its end."""
        return bool(self.update and not self.update.stopped)

    @property
    def appliable(self) -> bool:
        """Whether there is something to write, and the person may."""
        return self.decidable and self.allowed >= self.gone and not self.busy

    @property
    def shown(self) -> Update | UpdateReport | None:
        """What was applied, or what was read."""
        return self.report or self.update

    def told(self) -> Iterable[str]:
        shown = self.shown
        if shown is None:
            return ("nothing read",)
        lines = [f"{one.section.value}: {one.unique} of {one.total} read, {one.verdict}" for one in shown.certificates]
        found = ", ".join(f"{count} {what}" for what, count in shown.difference.counts.items() if count)
        return (*lines, found or "no difference", "applied" if self.report else "not applied")

    def press(self) -> None:
        self.read(Ways.FULL)
        self.task.wait()
        self.apply()
        self.task.wait()

    def _read(self, way: Ways, task: Task) -> None:
        try:
            self.update = way.plan(
                self.workspace,
                access_to(self.workspace, self.settings, say=task.say, cancelled=task.cancelled, waits=task.waits),
                now=self.clock,
                progress=lambda section, read, total: task.progress(section.value, read, total),
                cancelled=task.cancelled,
            )
            if self.update.stopped:
                raise self.update.stopped
        except SignInNeeded as error:
            remedy = "Sign in with Rehearse in 02_upload.ipynb, then read again."
            raise SignInNeeded(error.message, remedy=remedy) from error
        task.progress("")

    def _apply(self, update: Update, task: Task) -> None:
        task.progress("Writing it down")
        report = apply_update(update, now=self.clock(), allow_removals=self.allowed)
        self.update, self.report = None, report


def refresh_view(panel: Refresh) -> w.Widget:
    """Read, look, apply or discard; each part shows once there is something to show."""

    def changes() -> list[w.Widget]:
        shown = panel.report or (panel.update if panel.decidable else None)
        return difference_view(shown.difference) if shown else []

    return column(
        _ways(panel),
        told(panel, "update report", lambda: certificates_node(panel.shown.certificates) if panel.shown else None),
        tied(panel, "update report", column(), children=changes),
        _decision(panel),
        told(panel, "report note", lambda: _applied(panel, panel.report) if panel.report else node("p", panel.note)),
    )


def _ways(panel: Refresh) -> w.Widget:
    buttons = []
    for way in Ways:
        style = "primary" if way is Ways.FULL else ""
        made = button(way.label, partial(panel.read, way), style=style, icon=way.icon, title=way.meaning)
        buttons.append(tied(panel, "busy", made, disabled=lambda: panel.busy))
    meanings = [node("li", node("strong", way.label), f" {way.meaning}.") for way in Ways]
    return column(Markup(node("ul", *meanings, css="tj-note")), actions(panel, *buttons))


def certificates_node(certificates: tuple[Certificate, ...]) -> Node:
    """What was read of each section, and whether it is complete."""
    heads = ("Section", "Site's total", "Read", "Pages", "Re-reads", "Moved", "Verdict")
    rows = [
        (
            one.section.value,
            "not stated" if one.total is None else f"{one.total:,}",
            *(f"{number:,}" for number in (one.unique, one.pages, one.rereads, one.drift)),
            f"{'✓' if one.complete else '●'} {one.verdict}",
        )
        for one in certificates
    ]
    return node("div", node("h3", "Certificate: what was read"), table_node(heads, rows, numbers=heads[1:-1]))


def difference_view(difference: LibraryDifference) -> list[w.Widget]:
    """How much differs, and the changes."""
    found = ", ".join(f"{count:,} {what}" for what, count in difference.counts.items() if count)
    told = node("div", node("h3", "Difference: site and cache"), node("p", found or "✓ No difference."))
    frame = pd.DataFrame(difference.rows(), columns=list(COLUMNS), dtype="str")
    return [Markup(told), *([Table(frame, what="changes", most=CHANGES)] if difference else [])]


def _decision(panel: Refresh) -> w.Widget:
    changes = "update allowed busy"
    allowed = linked(panel, "allowed", w.BoundedIntText(min=0, max=10**9, layout=w.Layout(width="8em")))
    apply = button("Apply to the cache", panel.apply, style="success", icon="check")
    discard = button("Discard", panel.discard, icon="times")
    tied(panel, changes, apply, disabled=lambda: not panel.appliable)
    tied(panel, changes, discard, disabled=lambda: panel.busy)
    return column(
        told(panel, changes, lambda: _guarded(panel)),
        tied(panel, changes, allowed, shown=lambda: panel.gone),
        tied(panel, changes, row(apply, discard), shown=lambda: panel.decidable),
    )


def _guarded(panel: Refresh) -> Node | None:
    if panel.update is None or not panel.gone:
        return None
    there = len(panel.update.known)
    return alert(
        node("strong", f"⚠ {panel.gone:,} of {there:,} creatives of the cache are gone from the site."),
        node("p", f"Look whether that is so. To let it through, write {panel.gone} into the field below."),
    )


def _applied(panel: Refresh, report: UpdateReport) -> Node:
    return node(
        "p",
        node("strong", f"✓ Applied to {panel.workspace.library.name}."),
        f" {report.history_rows:,} rows in the review history; the library as it is now is kept as the snapshot"
        f" {report.snapshot.name}, with its certificate.",
    )
