"""Refresh and sync: read the site, look at the difference and the certificate, apply it or not."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import NamedTuple

import ipywidgets as w
import pandas as pd
from traitlets import Instance, Int, Unicode, UseEnum

from tjtools.diff.libraries import COLUMNS, LibraryDifference
from tjtools.model.errors import SignInNeeded
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import Certificate
from tjtools.scrape.refresh import Update, UpdateReport, apply_update, plan_refresh, plan_sync
from tjtools.widgets.markup import Markup, Node, node, table_node
from tjtools.widgets.panel import Panel
from tjtools.widgets.table import Table, table_view
from tjtools.widgets.task import Run
from tjtools.widgets.view import actions, alert, button, column, follow, row, told, watch

CHANGES = 200  # rows of the difference on the screen


class Way(NamedTuple):
    """One way to follow the site: the button's words, what it means, the call in Python, and what it does."""

    label: str
    meaning: str
    module: str
    call: str
    plan: Callable[..., Update]


class Ways(Enum):
    """The ways that a person can choose from."""

    FULL = Way(
        "Refresh everything",
        "reads all five sections to their ends, so that creatives that are gone are found too",
        "from tjtools.scrape.refresh import refresh_library",
        "refresh_library(workspace, confirm=lambda update: True)",
        plan_refresh,
    )
    NEW = Way(
        "Only what is new",
        "reads each section from its top down to what its last complete reading has covered",
        "from tjtools.scrape.refresh import refresh_library",
        "refresh_library(workspace, new=True, confirm=lambda update: True)",
        partial(plan_refresh, new=True),
    )
    SYNC = Way(
        "Sync statuses",
        "reads the review statuses of the cached creatives, and adds none",
        "from tjtools.scrape.refresh import sync_status",
        "sync_status(workspace)",
        plan_sync,
    )
    PENDING = Way(
        "Sync pending only",
        "reads no further than it must to find the pending ones, and marks none removed",
        "from tjtools.scrape.refresh import sync_status",
        "sync_status(workspace, pending=True)",
        partial(plan_sync, pending=True),
    )


CALL = """\
from pathlib import Path

from tjtools import Workspace
{module}

workspace = Workspace.find(cwd=Path.cwd())
{call}"""


class Refresh(Panel):
    """Reading makes an `update`, which is shown; `apply` writes it down and makes the `report`, `discard` forgets it.

    `allowed` is how many removals the person lets through, for an update that would remove many at once.
    """

    title = "Refresh and sync"
    call = Unicode(CALL.format(module=Ways.FULL.value.module, call=Ways.FULL.value.call))
    way = UseEnum(Ways, default_value=Ways.FULL)
    update = Instance(Update, allow_none=True)
    report = Instance(UpdateReport, allow_none=True)
    allowed = Int()
    note = Unicode()

    def read(self, way: Ways) -> None:
        """Read the site in this way; nothing is written."""
        if self.busy or self.task.running:
            return
        self._choose(way)
        self.task.start(self._read)

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
    def appliable(self) -> bool:
        """Whether there is something to write, and the person may."""
        return bool(self.update and not self.update.stopped and self.allowed >= self.gone and not self.busy)

    @property
    def summary(self) -> str:
        """What was read of each section, what differs, and whether it was applied."""
        if told := self.under_way:
            return told
        shown = self.report or self.update
        if shown is None:
            return "nothing read"
        lines = [f"{one.section.value}: {one.unique} of {one.total} read, {one.verdict}" for one in shown.certificates]
        found = ", ".join(f"{count} {what}" for what, count in shown.difference.counts.items() if count)
        return "\n".join((*lines, found or "no difference", "applied" if self.report else "not applied"))

    def press(self) -> None:
        """Read everything and apply it."""
        self.read(Ways.FULL)
        self.task.wait()
        self.apply()
        self.task.wait()

    def _choose(self, way: Ways) -> None:
        self.way, self.update, self.report, self.allowed, self.note = way, None, None, 0, ""
        self.call = CALL.format(module=way.value.module, call=way.value.call)

    def _read(self, run: Run) -> Update:
        access = access_to(self.workspace, self.settings, say=run.say, cancelled=run.cancelled)
        way: Way = self.way.value
        try:
            update = way.plan(
                self.workspace,
                access,
                now=self.clock,
                progress=lambda section, read, total: run.progress(section.value, read, total),
                cancelled=run.cancelled,
            )
        except SignInNeeded as error:
            raise _to_sign_in(error) from error
        self.update = update
        if isinstance(update.stopped, SignInNeeded):
            raise _to_sign_in(update.stopped)
        if update.stopped:
            raise update.stopped
        run.progress("read; nothing is written yet", 0)
        return update

    def _apply(self, update: Update, run: Run) -> UpdateReport:
        run.progress("Writing it down", 0)
        report = apply_update(update, now=self.clock(), allow_removals=self.allowed)
        self.update, self.report = None, report
        run.progress("written down", 0)
        return report


def _to_sign_in(error: SignInNeeded) -> SignInNeeded:
    """The same error, with the remedy that a notebook has."""
    return SignInNeeded(error.message, remedy="Sign in with step 1 of 02_upload.ipynb, then read again.")


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
    def made() -> Node:
        of = panel.report or panel.update
        return certificates_node(of.certificates) if of else node("div")

    return told(panel, "update report", made)


def certificates_node(certificates: tuple[Certificate, ...]) -> Node:
    """What was read of each section, and whether it is complete."""
    heads = ("Section", "Site's total", "Read", "Pages", "Re-reads", "Moved", "Verdict")
    rows = [(one.section.value, *_counts(one), f"{'✓' if one.complete else '●'} {one.verdict}") for one in certificates]
    table = table_node(heads, rows, numbers=heads[1:-1])
    return node("div", node("h3", "Certificate: what was read"), table)


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

    watch(panel, "update allowed", show)
    return column(guard, allowed, both)


def _guarded(panel: Refresh) -> Node:
    there = len(panel.update.known) if panel.update else 0
    return alert(
        node("strong", f"⚠ {panel.gone:,} of {there:,} creatives of the cache are gone from the site."),
        node("p", f"Look whether that is so. To let it through, write {panel.gone} into the field below."),
    )


def _outcome(panel: Refresh) -> w.Widget:
    return told(panel, "report note", lambda: _applied(panel, panel.report) if panel.report else node("p", panel.note))


def _applied(panel: Refresh, report: UpdateReport) -> Node:
    library = panel.workspace.library.name
    return node(
        "p",
        node("strong", f"✓ Applied to {library}."),
        f" {report.history_rows:,} rows in the review history; the library as it is now is kept as the snapshot"
        f" {report.snapshot.name}, with its certificate.",
    )
