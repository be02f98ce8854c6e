"""What a rehearsal looks at: the plan as it is now, and the Python that makes it and carries it out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from tjtools import upload as steps
from tjtools.model.creative import Key
from tjtools.upload import Choice, Plan, Prepared, RecordedRun
from tjtools.upload.doubt import TIMED_OUT
from tjtools.upload.journal import Journal
from tjtools.upload.plan import exchanged
from tjtools.widgets.panel import Task, keys_code, python
from tjtools.widgets.review import with_halves
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import Settings

CALL = """\
settings, prepared = load_settings(workspace), prepare(workspace)
plan = make_plan(
    prepared.reviews,
    batch_size=settings.upload.batch_size,
    choice={choice},
    allow_repeats={allow},  # what repeats a rejected creative
)
report = upload(
    plan,
    workspace,
    prepared.library,
    settings,
    lambda: connect(workspace, settings, say=print),  # headless=False opens a window to sign in
    now=lambda: datetime.now(tz=UTC).astimezone(),
    live={live},{again}
)"""
AGAIN = """
    once_more=dict.fromkeys([  # on these the site timed out
{keys}    ], datetime.now(tz=UTC)),"""
CHOICE = """\
Choice(
        datetime.now(tz=UTC),
        frozenset([
{keys}    ]),
    )"""


class Checked(NamedTuple):
    """What a rehearsal looked at: the `plan`, and the `whole` of it, with what repeats a rejected creative.

    `choice` is the saved one, None where every new file goes; a `retry` has its own. `expected` is how many seconds the
    whole takes. `stalled` are the files on which the site had timed out when this was made, `at`.
    """

    prepared: Prepared
    plan: Plan
    whole: Plan
    choice: Choice | None
    expected: float
    retry: bool
    stalled: frozenset[Key]
    at: datetime

    def exchanged(self, now: Checked) -> list[str]:
        """The names of the files that go up and have another content now."""
        contents = {one.file.key: one.content for one in now.whole.reviews}
        return [one.name for one in exchanged(self.whole.reviews, contents)]

    @property
    def since_the_plan(self) -> list[str]:
        """The names of the files that go up and had another content when the plan was saved."""
        return [one.name for one in exchanged(self.whole.reviews, self.choice.contents)] if self.choice else []


def check(
    workspace: Workspace, settings: Settings, task: Task, *, last: RecordedRun | None, retry: bool, now: datetime
) -> Checked:
    """Look at the session again; a `retry` is of what failed in the `last` run, with the halves of its pairs.

    Whoever was handed over before is not asked about again: neither those in doubt, nor what is tried again.
    """
    task.progress("looking at each file of the session")
    prepared = steps.prepare(workspace, progress=task.looked_at, cancelled=task.cancelled)
    journal = Journal(workspace.log)
    allowed = journal.in_doubt()
    choice = steps.load_choice(workspace)
    recorded = last.files if last else ()
    stalled = journal.stalled() | {one.key for one in recorded if one.message == TIMED_OUT}  # in a colleague's run
    if retry:
        failed = {one.key for one in recorded if one.retryable}
        new = [one.file for one in prepared.reviews if one.goes_up]
        choice, allowed = Choice(now, with_halves(new, failed)), allowed | failed
    make = partial(steps.make_plan, prepared.reviews, batch_size=settings.upload.batch_size, choice=choice)
    plan, whole = make(allow_repeats=allowed), make(allow_repeats=True)
    if retry:
        plan, whole = (replace(one, not_chosen=(), unseen=()) for one in (plan, whole))
    expected = steps.expected_time(whole, journal)
    return Checked(prepared, plan, whole, choice, expected, retry, frozenset(stalled), now)


def call_of(retry: Choice | None, *, live: bool, repeats_too: bool, once_more: Collection[Key] = ()) -> str:
    """The Python that uploads the saved plan or a `retry`, or rehearses it."""
    name, choice, again = "load_choice", "load_choice(workspace)", ""
    if retry:
        name, choice = "Choice", CHOICE.format(keys=keys_code(retry.files))
    if once_more and live:
        again = AGAIN.format(keys=keys_code(once_more))
    return python(
        CALL.format(choice=choice, live=live, allow=repeats_too or not live, again=again),
        f"tjtools import {'Section, ' * bool(retry or again)}Workspace",
        "tjtools.scrape.connection import connect",
        "tjtools.workspace.settings import load_settings",
        f"tjtools.upload import {name}, make_plan, prepare, upload",
    )
