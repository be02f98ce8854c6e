"""Refresh and sync: read the site, look at the difference and the certificate, apply it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from typing import ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Instance, Int, Unicode

from tjtools.diff.libraries import STATUS_WORDS, LibraryDifference
from tjtools.health.status import last_refresh
from tjtools.model.errors import SignInNeeded
from tjtools.model.words import counted
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import Certificate
from tjtools.scrape.refresh import NOTHING, Update, UpdateReport, apply_update, plan_refresh, plan_sync
from tjtools.widgets.markup import Markup, Node, alert, folded, node, note, table_node
from tjtools.widgets.panel import Panel, Task, python
from tjtools.widgets.view import (
    Table,
    button,
    call_view,
    column,
    error_view,
    idle,
    linked,
    row,
    tied,
    told,
    unfolding,
    until_done,
    way_on,
)

CHANGES = 200  # rows of the difference on the screen
WORDS = {"added": "new", "removed": "gone", "renamed": "renamed"}
FIRST = ("rejected", "approved", "in review again", "new", "gone", "renamed")


class Ways(Enum):
    """The ways to follow the site: the button, what it means, the call in Python, what reads the site."""

    FULL = (
        "Read the site",
        "Reads all five sections to their ends, so that creatives that are gone are found too",
        "refresh_library(workspace, confirm=lambda update: True)",
        plan_refresh,
    )
    NEW = (
        "Only what is new",
        "the top of each section: seconds, finds no removals",
        "refresh_library(workspace, new=True, confirm=lambda update: True)",
        partial(plan_refresh, new=True),
    )
    SYNC = (
        "Only statuses",
        "of what the library holds; adds none",
        "sync_status(workspace)",
        plan_sync,
    )
    PENDING = (
        "Only pending ones",
        "as few pages as find them; finds no removals",
        "sync_status(workspace, pending=True)",
        partial(plan_sync, pending=True),
    )

    def __init__(self, label: str, meaning: str, call: str, plan: Callable[..., Update]) -> None:
        self.label, self.meaning, self.plan = label, meaning, plan
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
        return (*lines, shown.difference.told or "no difference", "applied" if self.report else "not applied")

    def press(self) -> None:
        self.read(Ways.FULL)
        self.task.wait()
        self.apply()
        self.task.wait()

    def _read(self, way: Ways, task: Task) -> None:
        try:
            self.update = way.plan(
                self.workspace,
                access_to(self.workspace, self.settings, **task.ears),
                now=self.clock,
                progress=lambda section, read, total: task.progress(section.value, read, total),
                cancelled=task.cancelled,
            )
            if self.update.stopped:
                raise self.update.stopped
            if self.update.is_void:
                self.update, self.note = None, NOTHING
        except SignInNeeded as error:
            remedy = "Sign in on the upload's page, then read again."
            raise SignInNeeded(error.message, remedy=remedy) from error
        task.progress("")

    def _apply(self, update: Update, task: Task) -> None:
        task.progress("Writing it down")
        report = apply_update(update, now=self.clock(), allow_removals=self.allowed)
        self.update, self.report = None, report


def refresh_view(panel: Refresh) -> w.Widget:
    """One primary button at a time: read, then apply; the difference above, the certificate folded."""
    changes = "update report busy note"

    def rows() -> list[w.Widget]:
        shown = panel.report or (panel.update if panel.decidable else None)
        return [Table(_rows(shown.difference), what="changes", most=CHANGES)] if shown and shown.difference else []

    read = button(Ways.FULL.label, partial(panel.read, Ways.FULL), icon="refresh", title=Ways.FULL.meaning)
    tied(
        panel,
        changes,
        read,
        disabled=lambda: panel.busy,
        button_style=lambda: "" if _leads_elsewhere(panel) else "primary",
    )
    apply = button("Apply", panel.apply, style="primary", icon="check", title="Write this into the library")
    tied(panel, f"{changes} allowed", apply, disabled=lambda: not panel.appliable, shown=lambda: panel.decidable)
    discard = button("Discard", panel.discard, title="Forget it: nothing is written")
    tied(panel, changes, discard, disabled=lambda: panel.busy, shown=lambda: panel.decidable)
    looked = tied(
        panel, changes, way_on(panel, "outcomes", "See the outcomes", style="primary"), shown=lambda: panel.report
    )
    return column(
        told(panel, changes, lambda: _standing(panel)),
        _guarded(panel),
        row(apply, discard, read, looked),
        _under_way(panel),
        error_view(panel),
        tied(panel, "update report", column(), fresh=rows),
        told(panel, "update report", lambda: certificates_node(panel.shown.certificates) if panel.shown else None),
        _other_ways(panel),
    )


def _standing(panel: Refresh) -> Node | None:
    """Where it is, in a sentence: what was read, what was written, or how old the library is."""
    if panel.report:
        said = f"✓ Applied: {panel.report.difference.told or 'nothing had changed'}"
        rows = f"{counted(panel.report.history_rows, 'row')} more in the review history; "
        return node("div", _bold(said), note(f"{rows}a copy of the library as it is now is kept in snapshots."))
    if panel.update and panel.decidable:
        lost = counted(len(panel.update.reading.not_found), "pending creative")
        missing = f"{lost} not found: “{Ways.SYNC.label}” tells whether they are gone."
        found = _bold(panel.update.difference.told or "✓ Nothing has changed on the site")
        return node("div", found, *[note(missing)] * bool(panel.update.reading.not_found))
    if panel.busy:
        return None
    at = last_refresh(panel.workspace)
    since = f"The library is as the site was on {at.astimezone(panel.clock().tzinfo):%d %B %Y, %H:%M}." if at else ""
    return node("p", " ".join(filter(None, (panel.note, since or "The site has not been read yet."))))


def _bold(words: str) -> Node:
    return node("p", words, css="tj-finding")


def _leads_elsewhere(panel: Refresh) -> bool:
    return bool(panel.shown or panel.busy or isinstance(panel.task.error, SignInNeeded))


def _under_way(panel: Refresh) -> w.Widget:
    """The task while it runs or where it went wrong, and the way to sign in where that is what it needs."""
    task, sign_in = panel.task, row(way_on(panel, "upload", "Sign in", style="primary"))
    return column(until_done(task), tied(task, "state", sign_in, shown=lambda: isinstance(task.error, SignInNeeded)))


def _other_ways(panel: Refresh) -> w.Widget:
    """The smaller ways, each with what it does, and the call in Python: to unfold."""
    ways = [one for one in Ways if one is not Ways.FULL]
    buttons = [idle(panel, button(one.label, partial(panel.read, one), title=one.meaning)) for one in ways]
    lines = [row(made, Markup(note(one.meaning))) for made, one in zip(buttons, ways, strict=True)]
    heading = unfolding("Other ways", lambda: column(*lines, call_view(panel)))
    return column(heading, heading.room)


def certificates_node(certificates: tuple[Certificate, ...]) -> Node:
    """What was read of each section, folded to whether that is everything."""
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
    whole, read = [one for one in certificates if one.complete], sum(one.unique for one in certificates)
    said = f"{counted(read, 'creative')} read: {len(whole):,} of {counted(len(certificates), 'section')} to the end"
    mark = "✓" if len(whole) == len(certificates) else "●"
    return folded(f"{mark} {said}", table_node(heads, rows, numbers=heads[1:-1]))


def _rows(difference: LibraryDifference) -> pd.DataFrame:
    """The changes as a person reads them, what needs a look first."""
    rows = [
        (
            STATUS_WORDS.get(new, new) if what == "status changed" else WORDS.get(what, field.replace("_", " ")),
            name,
            key,
            *(("", "") if what == "status changed" else (old, new)),
        )
        for what, key, name, field, old, new in difference.rows()
    ]
    frame = pd.DataFrame(rows, columns=["change", "name", "creative ID", "before", "now"], dtype="str")
    order = frame["change"].map(lambda what: FIRST.index(what) if what in FIRST else len(FIRST))
    frame = frame.iloc[order.argsort(kind="stable")]
    return frame if frame["now"].any() else frame.drop(columns=["before", "now"])


def _guarded(panel: Refresh) -> w.Widget:
    """The number that a person has to write where many are gone at once."""
    allowed = linked(panel, "allowed", w.BoundedIntText(min=0, max=10**9, layout=w.Layout(width="8em")))

    def warned() -> Node | None:
        if panel.update is None or not panel.gone:
            return None
        gone = f"⚠ {panel.gone:,} of {len(panel.update.known):,} creatives are gone from the site."
        return alert(node("strong", gone), node("p", f"Is that so? Then write {panel.gone} here, and apply."))

    there = row(told(panel, "update", warned), allowed)
    return tied(panel, "update busy", there, shown=lambda: panel.gone)
