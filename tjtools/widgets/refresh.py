"""The model of refresh and sync: read the site, look at the difference, apply it or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import partial
from typing import NamedTuple

from traitlets import Instance, Int, Unicode, UseEnum

from tjtools.model.errors import SignInNeeded
from tjtools.scrape.apply import Update, UpdateReport, apply_update
from tjtools.scrape.connection import access_to
from tjtools.scrape.refresh import plan_refresh, plan_sync
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.task import Run, State
from tjtools.workspace.folder import Workspace


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
    way = UseEnum(Ways, default_value=Ways.FULL)
    update = Instance(Update, allow_none=True)
    report = Instance(UpdateReport, allow_none=True)
    allowed = Int()
    note = Unicode()

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self._choose(Ways.FULL)

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

    @property
    def busy(self) -> bool:
        """Whether it reads or writes."""
        return self.task.state is State.RUNNING

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
