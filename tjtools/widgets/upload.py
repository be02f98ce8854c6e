"""The model of the upload: connect, check the plan, rehearse it, upload it live, and look at what is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import ClassVar

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Instance, Int, Tuple, UseEnum

from tjtools import upload as steps
from tjtools.model.creative import Key, SessionFile, UploadStatus
from tjtools.model.errors import SignInNeeded, WorkspaceError
from tjtools.model.words import counted
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.scrape.connection import connect
from tjtools.site import FileState, Site
from tjtools.upload import Choice, FileProgress, Plan, Prepared, RecordedRun, UploadReport
from tjtools.upload.journal import Journal, Unfinished
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.task import Run
from tjtools.widgets.upload_plan import FAILED, Checked, call_of, choice_of_failed, counted_batches
from tjtools.workspace.folder import Workspace

WAITING = "waiting"


class Step(Enum):
    """What a person does, one after the other."""

    CONNECT = "Connect and sign in"
    CHECK = "Check the plan"
    REHEARSE = "Dry run"
    UPLOAD = "Live upload"


class Upload(Panel):
    """Steps that unlock one another; each is one method, which does nothing while its step is locked.

    `step` is the one that the task carries out, or did last. `rehearsed` holds the section and name of each file that
    a dry run took as far as it goes: with all of a plan's files in it, the live upload is unlocked, and `confirmed` is
    the person's word for that one run. `batch` is the number of the running batch and `states` says of each of its
    files how far it is. `recorded` is the last live run as its files tell it, `doubt` the files of which nobody knows
    whether the site holds them, `elsewhere` whether another notebook or command uploads here now. `unfinished` is the
    live run that was cut off or stopped, to go on with.
    """

    title: ClassVar[str] = "Upload"
    step = UseEnum(Step, allow_none=True, default_value=None)
    connected = Bool()
    checked = Instance(Checked, allow_none=True)
    rehearsed = AnyTrait(frozenset())
    confirmed = Bool()
    batch = Int()
    states = Dict()
    uploaded = Bool()
    recorded = Instance(RecordedRun, allow_none=True)
    doubt = Tuple()
    elsewhere = Bool()
    unfinished = Instance(Unfinished, allow_none=True)

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self.attempt(self._look_back)

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """The files of the plan that was checked."""
        return self.checked.plan.files if self.checked else ()

    @property
    def retryable(self) -> int:
        """How many files of the recorded run have no Creative ID although they were to get one."""
        return sum(one.status in FAILED for one in self.recorded.files) if self.recorded else 0

    @property
    def summary(self) -> str:
        if told := self.under_way:
            return f"{self.step.value}. {told}" if self.step else told
        return "\n".join((*self._told_plan(), *self._told_record(), *self._told_doubt()))

    def unlocked(self, step: Step) -> bool:
        """Whether the steps before are done."""
        return {
            Step.CONNECT: True,
            Step.CHECK: self.connected,
            Step.REHEARSE: self.connected and bool(self.files),
            Step.UPLOAD: self.connected and bool(self.files) and {file.key for file in self.files} <= self.rehearsed,
        }[step]

    def done(self, step: Step) -> bool:
        """Whether this step is done."""
        return {
            Step.CONNECT: self.connected,
            Step.CHECK: self.checked is not None,
            Step.REHEARSE: self.unlocked(Step.UPLOAD),
            Step.UPLOAD: self.uploaded and self.checked is None,
        }[step]

    def call_for(self, step: Step) -> str:
        """The Python that does this step, after those before it."""
        return call_of(list(Step).index(step), self.checked.choice if self.checked and self.checked.retry else None)

    def connect(self) -> None:
        """Try the saved sign-in; without one, the sandbox gives one, and on the live site a window opens."""
        self._start(Step.CONNECT, self._connect)

    def check(self) -> None:
        """Look at the session again and plan what goes up: the saved plan, or every new file."""
        self._start(Step.CHECK, self._check)

    def retry(self) -> None:
        """Plan those files alone which the recorded run left without a Creative ID, with the halves of their pairs."""
        if self.retryable:
            self._start(Step.CHECK, partial(self._check, retry=True))

    def rehearse(self) -> None:
        """Walk the real pages with the plan up to, and not including, the hand-over of files."""
        self._start(Step.REHEARSE, self._rehearse)

    def upload(self) -> None:
        """Upload the plan, once for each time that a person confirmed it."""
        if self.confirmed and not self.busy:
            self.confirmed = False  # a second click finds nothing confirmed
            self._start(Step.UPLOAD, self._upload)

    def resume(self) -> None:
        """Go on with the live run that was cut off, as `tjtools upload --resume` does."""
        if self.unfinished and self.connected:
            self._start(Step.UPLOAD, self._resume, locked=False)

    def press(self) -> None:
        for action in (self.connect, self.check, self.rehearse):
            action()
            self.task.wait()
        self.confirmed = self.unlocked(Step.UPLOAD)
        self.upload()
        self.task.wait()

    def _start(self, step: Step, work: Callable[[Run], object], *, locked: bool = True) -> None:
        """Begin a step's work; `locked`: not before the steps ahead of it are done."""
        if self.busy or self.task.running or (locked and not self.unlocked(step)):
            return
        self.step, self.call, self.batch, self.states = None, self.call_for(step), 0, {}
        self.task.start(partial(self._as_step, step, work))

    def _as_step(self, step: Step, work: Callable[[Run], object], run: Run) -> object:
        """Do the step's work; where the command line's remedy is `tjtools login`, here it is a button."""
        self.step = step  # not before the task has forgotten the last step's log
        try:
            return work(run)
        except SignInNeeded as error:
            self.connected = False
            raise SignInNeeded(error.message, remedy=f"Press {Step.CONNECT.value} in step 1.") from error
        finally:
            self.task.text = ""

    def _connect(self, run: Run) -> None:
        run.progress("trying the saved sign-in", 0)
        try:
            self._site(run).close()
        except SignInNeeded:
            self._sign_in(run)
        self.connected = True

    def _sign_in(self, run: Run) -> None:
        if self.place.site == "sandbox":
            run.say("The sandbox signs its practice account in by itself.")
            bind_to_sandbox(self.workspace, self.place.origin)
            self._site(run).close()
        else:
            run.progress("a browser window is open: sign in there, by LOG IN or by Google", 0)
            self._site(run, headless=False).close()

    def _site(self, run: Run, *, headless: bool | None = None) -> Site:
        return connect(self.workspace, self.settings, say=run.say, headless=headless, cancelled=run.cancelled)

    def _check(self, run: Run, *, retry: bool = False) -> None:
        self.confirmed, self.checked = False, None
        prepared = self._prepare(run)
        choice = self._failed(prepared) if retry else steps.load_choice(self.workspace)
        plan = self._plan(prepared, choice, retry=retry)
        expected = steps.expected_time(plan, Journal(self.workspace.log))
        self._look_back()
        self.checked = Checked(prepared, plan, choice, expected, retry)

    def _prepare(self, run: Run) -> Prepared:
        run.progress("looking at each file of the session", 0)
        return steps.prepare(self.workspace, progress=run.looked_at, cancelled=run.cancelled)

    def _plan(self, prepared: Prepared, choice: Choice | None, *, retry: bool) -> Plan:
        plan = steps.make_plan(prepared.reviews, batch_size=self.settings.upload.batch_size, choice=choice)
        return replace(plan, not_chosen=()) if retry else plan

    def _failed(self, prepared: Prepared) -> Choice:
        failed = {one.key for one in self.recorded.files if one.status in FAILED} if self.recorded else set()
        return choice_of_failed(prepared.reviews, failed, now=self.clock())

    def _rehearse(self, run: Run) -> None:
        checked = self.checked
        if checked is None:
            raise WorkspaceError("There is no plan.", remedy="Check the plan in step 2.")
        report = self._carry_out(run, checked.prepared, checked.plan, live=False)
        if report.stopped:
            raise report.stopped
        self.rehearsed = self.rehearsed | {file.key for file in self.files}

    def _upload(self, run: Run) -> None:
        checked = self._still_as_checked(run)
        self._go_live(run, checked.prepared, checked.plan)

    def _resume(self, run: Run) -> None:
        unfinished = steps.unfinished_run(self.workspace)
        if unfinished is None:
            raise WorkspaceError("Every live run here came to its end: there is none to go on with.")
        run.progress("looking at each file that is left", 0)
        rest = steps.prepare_rest(
            self.workspace, unfinished, self.settings, progress=run.looked_at, cancelled=run.cancelled
        )
        for file in rest.cleared:
            run.say(f"No longer in the session, so it is left alone: {file.name}")
        self._go_live(run, rest.prepared, rest.plan, resumed=unfinished)

    def _go_live(self, run: Run, prepared: Prepared, plan: Plan, resumed: Unfinished | None = None) -> None:
        self.uploaded = False
        try:
            report = self._carry_out(run, prepared, plan, live=True, resumed=resumed)
            self.recorded = steps.read_run(self.workspace, report.status_file)
            self.uploaded = report.stopped is None
        finally:
            self.checked, self.doubt, self.unfinished = None, self._in_doubt(), steps.unfinished_run(self.workspace)
        if report.stopped:
            raise report.stopped

    def _still_as_checked(self, run: Run) -> Checked:
        """What goes up is what the person confirmed, or nothing does."""
        checked = self.checked
        if checked is None:
            raise WorkspaceError("There is no plan to upload.", remedy="Check the plan in step 2.")
        choice = checked.choice if checked.retry else steps.load_choice(self.workspace)
        plan = self._plan(self._prepare(run), choice, retry=checked.retry)
        if plan.files != checked.plan.files:
            self.checked = None
            raise WorkspaceError(
                "Nothing was uploaded: the session, its files, the library or the saved plan changed since the check.",
                remedy="Check the plan again in step 2, and confirm what it shows.",
            )
        return checked

    def _carry_out(
        self, run: Run, prepared: Prepared, plan: Plan, *, live: bool, resumed: Unfinished | None = None
    ) -> UploadReport:
        run.progress("opening the site", 0, len(plan.files) * live)
        return steps.upload(
            plan,
            self.workspace,
            prepared.library,
            self.settings,
            lambda: self._site(run),
            now=self.clock,
            live=live,
            resumed=resumed,
            progress=partial(self._hear, run, plan),
        )

    def _hear(self, run: Run, plan: Plan, event: FileProgress) -> None:
        """Note how far a file is; a name may stand in several sections, whose batches follow one another."""
        number, states = self.batch, dict(self.states)
        if event.name not in states:
            ahead = [one for one in plan.batches if one.number > number]
            found = next((one for one in ahead if event.name in {file.name for file in one.files}), None)
            if found is None:
                return
            number, states = found.number, {file.name: WAITING for file in found.files}
        states[event.name] = event.state
        self.batch, self.states = number, states
        through = all(state != WAITING and FileState(state).final for state in states.values())
        text = "reading the new Creative IDs off the site's list" if through else f"{event.state}: {event.name}"
        run.progress(text, event.done, event.total)

    def _look_back(self) -> None:
        self.elsewhere = steps.runs_elsewhere(self.workspace)
        self.recorded = steps.last_live_run(self.workspace)
        self.doubt = self._in_doubt()
        self.unfinished = None if self.elsewhere else steps.unfinished_run(self.workspace)

    def _in_doubt(self) -> tuple[Key, ...]:
        return tuple(sorted(Journal(self.workspace.log).in_doubt(), key=lambda key: (key[0].value, key[1])))

    def _told_plan(self) -> tuple[str, ...]:
        if self.checked is None:
            return ()
        plan = self.checked.plan
        held = sorted(f"held back, {one.verdict.value}: {one.file.name}" for one in plan.held_back)
        return (f"Plan: {counted(len(plan.files), 'file')} in {counted_batches(plan)}", *held)

    def _told_record(self) -> tuple[str, ...]:
        if self.recorded is None:
            return ("Nothing was uploaded yet",)
        files = self.recorded.files
        count = Counter(one.status for one in files)
        told = ", ".join(f"{count[status]} {status.value}" for status in UploadStatus if count[status])
        rest = sorted(f"{one.status.value}: {one.name}" for one in files if one.status is not UploadStatus.SUCCESS)
        return (f"Last live upload, {counted(len(files), 'file')}: {told}", *rest)

    def _told_doubt(self) -> tuple[str, ...]:
        unknown = (f"unknown whether the site holds it: {name} ({section.value})" for section, name in self.doubt)
        return (*((f"Not finished: {self.unfinished.told}",) if self.unfinished else ()), *unknown)
