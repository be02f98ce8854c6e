"""The model of the upload: connect, check the plan, rehearse it, upload it live, and look at what is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import ClassVar, NamedTuple

from traitlets import Bool, Dict, Instance, Int, Tuple, UseEnum

from tjtools import upload as steps
from tjtools.model.creative import SessionFile, UploadStatus
from tjtools.model.errors import SignInNeeded, WorkspaceError
from tjtools.model.words import counted
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.scrape.connection import connect
from tjtools.site import FileState, Site
from tjtools.upload import Choice, Expected, FileProgress, Plan, Prepared, RecordedRun, Rest
from tjtools.upload.journal import Journal, Unfinished
from tjtools.widgets.panel import Panel, Task, keys_code, python
from tjtools.widgets.review import with_halves

WAITING = "waiting"
FAILED = {UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}
CONNECT = "connect(workspace, settings, say=print).close()  # headless=False opens a window to sign in"
CHECK = """\
prepared = prepare(workspace)
plan = make_plan(prepared.reviews, batch_size=settings.upload.batch_size, choice={choice})"""
UPLOAD = """
report = upload(
    plan,
    workspace,
    prepared.library,
    settings,
    lambda: connect(workspace, settings, say=print),
    now=lambda: datetime.now(tz=UTC).astimezone(),
    live={live},
)"""
CHOICE = """\
Choice(
    datetime.now(tz=UTC),
    frozenset([
{keys}    ]),
)"""


class Step(Enum):
    """What a person does, one after the other: its place, the words to do it and to do it again, and the icon."""

    CONNECT = 0, "Connect and sign in", "Connect again", "plug"
    CHECK = 1, "Check the plan", "Check again", "search"
    REHEARSE = 2, "Dry run", "Dry run again", "play"
    UPLOAD = 3, "Live upload", "", ""

    def __init__(self, place: int, label: str, again: str, icon: str) -> None:
        self.place, self.label, self.again, self.icon = place, label, again, icon


class Checked(NamedTuple):
    """A plan that was looked at; `choice` is the saved one, None where every new file goes; a `retry` has its own."""

    prepared: Prepared
    plan: Plan
    choice: Choice | None
    expected: Expected
    retry: bool


class Upload(Panel):
    """Steps that unlock one another; each is one method, which does nothing while its step is locked.

    `step` is the one that the task carries out, or did last. `rehearsed` holds the section and name of each file that a
    dry run took as far as it goes, `confirmed` is the person's word for one live run. `states` says of each file of the
    running `batch` how far it is. `recorded` is the last live run as its files tell it, `doubt` the files of which
    nobody knows whether the site holds them, `elsewhere` whether another notebook or command uploads here now,
    `unfinished` the live run that was cut off or stopped, to go on with.
    """

    title: ClassVar[str] = "Upload"
    step = UseEnum(Step, allow_none=True, default_value=None)
    connected = Bool()
    checked = Instance(Checked, allow_none=True)
    rehearsed = Instance(frozenset, ())
    confirmed = Bool()
    batch = Int()
    states = Dict()
    uploaded = Bool()
    recorded = Instance(RecordedRun, allow_none=True)
    doubt = Tuple()
    elsewhere = Bool()
    unfinished = Instance(Unfinished, allow_none=True)

    def set_up(self) -> None:
        with self.attempt():
            self._look_back()

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """The files of the plan that was checked."""
        return self.checked.plan.files if self.checked else ()

    @property
    def outcomes(self) -> Counter[UploadStatus]:
        """How many files of the recorded run ended so."""
        return Counter(one.status for one in self.recorded.files) if self.recorded else Counter()

    @property
    def retryable(self) -> int:
        """How many files of the recorded run have no Creative ID although they were to get one."""
        return sum(self.outcomes[status] for status in FAILED)

    @property
    def under_way(self) -> str:
        told = super().under_way
        return f"{self.step.label}. {told}" if told and self.step else told

    @property
    def news(self) -> str:
        if self.step is not Step.UPLOAD:
            return ""
        return (
            f"✓ {self.outcomes[UploadStatus.SUCCESS]:,} uploaded"
            if self.uploaded
            else f"Upload: {self.task.state.value}"
        )

    def told(self) -> Iterable[str]:
        if self.checked:
            plan = self.checked.plan
            yield f"Plan: {counted(len(plan.files), 'file')} in {counted_batches(plan)}"
            yield from sorted(f"held back, {one.verdict.value}: {one.file.name}" for one in plan.held_back)
            yield from sorted(f"new since the plan: {one.file.name}" for one in plan.unseen)
        if self.recorded:
            files, count = self.recorded.files, self.outcomes
            told = ", ".join(f"{count[status]} {status.value}" for status in UploadStatus if count[status])
            yield f"Last live upload, {counted(len(files), 'file')}: {told}"
            others = (one for one in files if one.status is not UploadStatus.SUCCESS)
            yield from sorted(f"{one.status.value}: {one.name}" for one in others)
        else:
            yield "Nothing was uploaded yet"
        if self.unfinished:
            yield f"Not finished: {self.unfinished.told}"
        yield from (f"unknown whether the site holds it: {name} ({section.value})" for section, name in self.doubt)

    def unlocked(self, step: Step) -> bool:
        """Whether the steps before are done."""
        rehearsed = {file.key for file in self.files} <= self.rehearsed
        return all((self.connected, bool(self.files), rehearsed)[: step.place])

    def done(self, step: Step) -> bool:
        """Whether this step is done."""
        checked = self.checked is not None
        return (self.connected, checked, self.unlocked(Step.UPLOAD), self.uploaded and not checked)[step.place]

    def call_for(self, step: Step) -> str:
        """The Python that does this step, after those before it."""
        retry = self.checked.choice if self.checked and self.checked.retry else None
        name, section, choice = "load_choice", "", "load_choice(workspace)"
        if retry:
            name, section, choice = "Choice", "Section, ", CHOICE.format(keys=keys_code(retry.files))
        check = CHECK.format(choice=choice)
        upload = UPLOAD.format(live=step is Step.UPLOAD)
        body = (CONNECT, check, check + upload, check + upload)[step.place]
        return python(
            f"settings = load_settings(workspace)\n\n{body}",
            f"tjtools import {section}Workspace",
            "tjtools.scrape.connection import connect",
            "tjtools.workspace.settings import load_settings",
            f"tjtools.upload import {name}, make_plan, prepare, upload",
        )

    def connect(self) -> None:
        """Try the saved sign-in; without one, the sandbox gives one, and on the live site a window opens."""
        self._start(Step.CONNECT, self._connect)

    def check(self) -> None:
        """Look at the session again and plan what goes up: the saved plan, or every new file."""
        self._start(Step.CHECK, partial(self._check, retry=False))

    def retry(self) -> None:
        """Plan those files alone which the recorded run left without a Creative ID, with the halves of their pairs."""
        if self.retryable:
            self._start(Step.CHECK, partial(self._check, retry=True))

    def rehearse(self) -> None:
        """Walk the real pages with the plan up to, and not including, the hand-over of files."""
        if self.checked:
            self._start(Step.REHEARSE, partial(self._carry_out, of=self.checked, live=False))

    def upload(self) -> None:
        """Upload the plan, once for each time that a person confirmed it."""
        if self.confirmed and self.checked and not self.busy:
            self.confirmed = False  # a second click finds nothing confirmed
            self._start(Step.UPLOAD, partial(self._upload, self.checked))

    def resume(self) -> None:
        """Go on with the live run that was cut off, as `tjtools upload --resume` does."""
        if self.unfinished and self.connected:
            self._start(Step.UPLOAD, self._resume, locked=False)

    def press(self) -> None:
        for action in (self.connect, self.check, self.rehearse, self.upload):
            self.confirmed = self.unlocked(Step.UPLOAD)
            action()
            self.task.wait()

    def _start(self, step: Step, work: Callable[[Task], object], *, locked: bool = True) -> None:
        if not self.task.running and (self.unlocked(step) or not locked):
            self.step, self.batch, self.states = None, 0, {}
            self.task.start(partial(self._as_step, step, work))

    def _as_step(self, step: Step, work: Callable[[Task], object], task: Task) -> object:
        """Do the step's work; where the command line's remedy is `tjtools login`, here it is a button."""
        self.step = step  # not before the task has forgotten the last step's log
        try:
            return work(task)
        except SignInNeeded as error:
            self.connected = False
            raise SignInNeeded(error.message, remedy=f"Press {Step.CONNECT.label} in step 1.") from error

    def _connect(self, task: Task) -> None:
        task.progress("trying the saved sign-in")
        try:
            self._site(task).close()
        except SignInNeeded:
            if (bound := self.settings.site) and bound.kind == "sandbox":
                task.say("The sandbox signs its practice account in by itself.")
                bind_to_sandbox(self.workspace, bound.origin)
                self._site(task).close()
            else:
                task.progress("a browser window is open: sign in there, by LOG IN or by Google")
                self._site(task, headless=False).close()
        self.connected = True

    def _site(self, task: Task, *, headless: bool | None = None) -> Site:
        return connect(self.workspace, self.settings, say=task.say, headless=headless, cancelled=task.cancelled)

    def _check(self, task: Task, *, retry: bool) -> None:
        self.confirmed, self.checked = False, None
        self._look_back()
        self.checked = self._made(task, retry=retry)

    def _made(self, task: Task, *, retry: bool) -> Checked:
        """The plan as it is now; a `retry` is of what failed and still is to go up, with the halves of its pairs."""
        task.progress("looking at each file of the session")
        prepared = steps.prepare(self.workspace, progress=task.looked_at, cancelled=task.cancelled)
        if retry:
            failed = {one.key for one in self.recorded.files if one.status in FAILED} if self.recorded else set()
            new = [one.file for one in prepared.reviews if one.goes_up]
            choice: Choice | None = Choice(self.clock(), with_halves(new, failed))
        else:
            choice = steps.load_choice(self.workspace)
        plan = steps.make_plan(prepared.reviews, batch_size=self.settings.upload.batch_size, choice=choice)
        plan = replace(plan, not_chosen=(), unseen=()) if retry else plan
        return Checked(prepared, plan, choice, steps.expected_time(plan, Journal(self.workspace.log)), retry)

    def _upload(self, checked: Checked, task: Task) -> None:
        if self._made(task, retry=checked.retry).plan.files != checked.plan.files:
            self.checked = None
            raise WorkspaceError(
                "Nothing was uploaded: the session, its files, the library or the saved plan changed since the check.",
                remedy="Check the plan again in step 2, and confirm what it shows.",
            )
        self._carry_out(task, checked, live=True)

    def _resume(self, task: Task) -> None:
        unfinished = steps.unfinished_run(self.workspace)
        if unfinished is None:
            raise WorkspaceError("Every live run here came to its end: there is none to go on with.")
        task.progress("looking at each file that is left")
        rest = steps.prepare_rest(
            self.workspace, unfinished, self.settings, progress=task.looked_at, cancelled=task.cancelled
        )
        for file in rest.cleared:
            task.say(f"No longer in the session, so it is left alone: {file.name}")
        self._carry_out(task, rest, live=True, resumed=unfinished)

    def _carry_out(self, task: Task, of: Checked | Rest, *, live: bool, resumed: Unfinished | None = None) -> None:
        task.progress("opening the site", 0, len(of.plan.files) * live)
        self.uploaded = False
        try:
            report = steps.upload(
                of.plan,
                self.workspace,
                of.prepared.library,
                self.settings,
                lambda: self._site(task),
                now=self.clock,
                live=live,
                resumed=resumed,
                progress=partial(self._hear, task, of.plan),
            )
            if report.stopped:
                raise report.stopped
            self.uploaded = live
            if not live:
                self.rehearsed = self.rehearsed | {file.key for file in of.plan.files}
        finally:
            if live:
                self.checked = None
                self._look_back()

    def _hear(self, task: Task, plan: Plan, event: FileProgress) -> None:
        """Note how far a file is; a name may stand in several sections, whose batches follow one another."""
        ahead = (one for one in plan.batches if one.number >= self.batch)
        found = next((one for one in ahead if event.name in {file.name for file in one.files}), None)
        if found is None:
            return
        before = self.states if found.number == self.batch else {file.name: WAITING for file in found.files}
        states = before | {event.name: event.state}
        self.batch, self.states = found.number, states
        through = all(state != WAITING and FileState(state).final for state in states.values())
        text = "reading the new Creative IDs off the site's list" if through else f"{event.state}: {event.name}"
        task.progress(text, event.done, event.total)

    def _look_back(self) -> None:
        self.elsewhere = steps.runs_elsewhere(self.workspace)
        self.recorded = steps.last_live_run(self.workspace)
        doubt = Journal(self.workspace.log).in_doubt()
        self.doubt = tuple(sorted(doubt, key=lambda key: (key[0].value, key[1])))
        self.unfinished = None if self.elsewhere else steps.unfinished_run(self.workspace)


def counted_batches(plan: Plan) -> str:
    """How many of its batches hand files over."""
    return counted(sum(bool(batch.files) for batch in plan.batches), "batch")
