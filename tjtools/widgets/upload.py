"""The model of the upload: rehearse the plan, upload it live, and look at what is recorded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import ClassVar

from traitlets import Bool, Dict, Instance, Int, Tuple, UseEnum

from tjtools import upload as steps
from tjtools.cache.inventory import load_session
from tjtools.diff.session import FileReview
from tjtools.model.creative import Key, SessionFile, UploadStatus
from tjtools.model.errors import SignInNeeded, WorkspaceError
from tjtools.model.words import counted
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.scrape.connection import connect
from tjtools.site import Site
from tjtools.site.sitepage import load_selectors
from tjtools.upload import Choice, FileProgress, Plan, Prepared, RecordedRun
from tjtools.upload.journal import NOT_BEGUN, Journal, Settled, Unfinished
from tjtools.upload.run_files import not_begun
from tjtools.widgets.elsewhere import WAITING, Elsewhere
from tjtools.widgets.panel import Panel, Task
from tjtools.widgets.rehearsal import Checked, call_of, check

FEW = 3  # names in a sentence


class Step(Enum):
    """What a person does, one after the other."""

    REHEARSE = "Rehearsal"
    UPLOAD = "Upload"


class Upload(Panel):
    """Rehearse what goes up, then upload it: each is one method, which does nothing while it is not its turn.

    `step` is the one that the task carries out, or did last. `signed_in` says that the site took the sign-in, `checked`
    what there is to do, and `rehearsed` that a dry run took all of it as far as it goes. `repeats_too` is the person's
    word that what repeats a rejected creative goes up as well, `once_more` that what the site timed out on does, where
    the site does not list it. `states` says of each file of the running `batch` how far it is; `batches` are those that
    hand something over. `recorded` is the last live run as its files tell it, `doubt` the files of which nobody knows
    whether the site holds them, `other` the upload in another window, `elsewhere` whether there is one, `unfinished`
    the live run that was cut off or stopped, to go on with. `saved` is the plan on the disk, `rows` counts the files of
    the session, `retryable` those of the recorded run that have no Creative ID although they were to get one, and are
    still there.
    """

    title: ClassVar[str] = "Upload"
    step = UseEnum(Step, allow_none=True, default_value=None)
    signed_in = Bool()
    checked = Instance(Checked, allow_none=True)
    rehearsed = Bool()
    repeats_too = Bool()
    once_more = Bool()
    batch = Int()
    batches = Tuple()
    states = Dict()
    uploaded = Bool()
    recorded = Instance(RecordedRun, allow_none=True)
    doubt = Tuple()
    elsewhere = Bool()
    unfinished = Instance(Unfinished, allow_none=True)
    saved = Instance(Choice, allow_none=True)
    rows = Int()
    retryable = Int()

    def set_up(self) -> None:
        self._session: Sequence[SessionFile] = ()
        self._settled: Mapping[Key, datetime] = {}
        self.other = Elsewhere(self.workspace, own=lambda: self.busy and self.step is Step.UPLOAD)
        self.come_back()
        self.other.observe(lambda _change: self.come_back(), "there")

    def come_back(self) -> None:
        """Another plan, or another session, wants a rehearsal of its own."""
        if self.busy:
            return
        with self.attempt():
            before = self.saved, self._session
            self.other.look()
            self._look_back()
            self._look_ahead()
            if before != (self.saved, self._session):
                self._forget()
                self.uploaded = False

    @property
    def left(self) -> frozenset[Key]:
        """The files of the saved plan to which neither the last live run nor one since it was saved found an ID."""
        if self.saved is None:
            return frozenset()
        found = {one.key for one in self.recorded.files if one.creative_id} if self.recorded else set()
        return self.saved.files - found - {key for key, at in self._settled.items() if at >= self.saved.saved_at}

    @property
    def plan(self) -> Plan | None:
        """What an upload takes by the person's word so far; None before a rehearsal."""
        checked = self.checked
        return (checked.whole if self.repeats_too else checked.plan) if checked else None

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """The files that an upload hands over by the person's word so far."""
        stay = () if self.once_more else self.timed_out
        return tuple(file for file in self.plan.files if file not in stay) if self.plan else ()

    @property
    def timed_out(self) -> tuple[SessionFile, ...]:
        """The files of the plan on which the site timed out: an upload looks for them there first."""
        stalled = self.checked.stalled if self.checked else ()
        return tuple(file for file in self.plan.files if file.key in stalled) if self.plan else ()

    @property
    def looked_for(self) -> set[Key]:
        """The files that an upload looks for on the site before anything else, in the plan or not."""
        return {*self.doubt, *(file.key for file in self.timed_out)}

    @property
    def repeats(self) -> tuple[FileReview, ...]:
        """What repeats a rejected creative, and wants a word of its own."""
        return self.checked.plan.repeats if self.checked else ()

    @property
    def asks(self) -> bool:
        """Whether it waits for a person's word to upload what was rehearsed."""
        return self.rehearsed and self.checked is not None and not self.busy

    @property
    def outcomes(self) -> Counter[UploadStatus]:
        """How many files of the recorded run ended so."""
        return Counter(one.status for one in self.recorded.files) if self.recorded else Counter()

    @property
    def ids(self) -> tuple[str, ...]:
        """The Creative IDs that the recorded run found out, one a file."""
        got = {UploadStatus.SUCCESS, UploadStatus.DUPLICATE}
        files = self.recorded.files if self.recorded else ()
        return tuple(one.creative_id for one in files if one.creative_id and one.status in got)

    @property
    def place(self) -> str:
        """The site and the account, in words."""
        bound = self.settings.site
        account = f", account {bound.account}" if bound and bound.account else ""
        return f"{bound.origin}{account}" if bound else "no site"

    @property
    def library_page(self) -> str:
        """The address of the site's Media Library; nobody knows one of a creative's own."""
        path = load_selectors(self.workspace.selectors_file)["library"]["path"]
        return f"{self.settings.site.origin}{path}" if self.settings.site else ""

    @property
    def under_way(self) -> str:
        told = super().under_way
        return f"{self.step.value}. {told}" if told and self.step else told

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
            yield from sorted(f"repeats a rejected creative: {one.file.name}" for one in plan.repeats)
            yield from sorted(f"new since the plan: {one.file.name}" for one in plan.unseen)
            yield from sorted(f"exchanged since the plan: {name}" for name in self.checked.since_the_plan)
        if self.recorded:
            ended = [(NOT_BEGUN if not_begun(one) else one.status.value, one.name) for one in self.recorded.files]
            count, order = Counter(how for how, _name in ended), (*(one.value for one in UploadStatus), NOT_BEGUN)
            told = ", ".join(f"{count[how]} {how}" for how in order if count[how])
            yield f"Last live upload, {counted(len(ended), 'file')}: {told}"
            yield from sorted(f"{how}: {name}" for how, name in ended if how != UploadStatus.SUCCESS.value)
        else:
            yield "Nothing was uploaded yet"
        if self.other.run:
            yield self.other.run.told
        elif self.unfinished:
            yield f"Not finished: {self.unfinished.told}"
        doubt = () if self.elsewhere else self.doubt  # its own files are in doubt until they are settled
        yield from (f"unknown whether the site holds it: {name} ({section.value})" for section, name in doubt)

    def call_for(self, step: Step) -> str:
        """The Python that does this step."""
        retry = self.checked.choice if self.checked and self.checked.retry else None
        return call_of(retry, live=step is Step.UPLOAD, repeats_too=self.repeats_too, once_more=self._again)

    @property
    def _again(self) -> list[Key]:
        return [file.key for file in self.timed_out] if self.once_more else []

    def rehearse(self) -> None:
        """Sign in, plan what goes up, and walk the real pages with it up to, and not including, the hand-over of files.

        It takes the saved plan, or every new file. Without a saved sign-in, the sandbox gives one, and on the live site
        a window opens.
        """
        self._start(Step.REHEARSE, partial(self._rehearse, retry=False))

    def retry(self) -> None:
        """Rehearse only what the recorded run left without a Creative ID, with the halves of their pairs."""
        if self.retryable:
            self._start(Step.REHEARSE, partial(self._rehearse, retry=True))

    def upload(self) -> None:
        """Upload what was rehearsed, once."""
        if self.asks and self.checked and (self.files or self.looked_for):
            work = partial(self._upload, self.checked, repeats_too=self.repeats_too, once_more=self._again)
            self._start(Step.UPLOAD, work)

    def resume(self) -> None:
        """Go on with the live run that was cut off, as `tjtools upload --resume` does."""
        if self.unfinished:
            self._start(Step.UPLOAD, self._resume)

    def press(self) -> None:
        self.task.wait()
        for action in (self.rehearse, self.upload):
            action()
            self.task.wait()

    def _start(self, step: Step, work: Callable[[Task], object]) -> None:
        if not self.task.running:
            self.step, self.batch, self.states, self.uploaded = None, 0, {}, False
            self.task.start(partial(self._as_step, step, work))

    def _as_step(self, step: Step, work: Callable[[Task], object], task: Task) -> object:
        """Do the step's work; where the command line's remedy is `tjtools login`, here it is a button."""
        self.step = step  # not before the task has forgotten the last step's log
        try:
            return work(task)
        except SignInNeeded as error:
            self.signed_in = False
            press = "Go on" if self.unfinished else "Rehearse" if self.rows else "Sign in"
            raise SignInNeeded(error.message, remedy=f"Press {press}: it signs in anew.") from error

    def _connect(self, task: Task) -> Site:
        """The site at its Media Library; where no saved sign-in is taken, the sandbox or a person gives one."""
        task.progress("trying the saved sign-in")
        try:
            site = self._site(task)
        except SignInNeeded:
            if (bound := self.settings.site) and bound.kind == "sandbox":
                task.say("The sandbox signs its practice account in by itself.")
                bind_to_sandbox(self.workspace, bound.origin)
            else:
                task.progress("a browser window is open: sign in there, by LOG IN or by Google")
                self._site(task, headless=False).close()
            site = self._site(task)
        self.signed_in = True
        return site

    def _site(self, task: Task, *, headless: bool | None = None) -> Site:
        return connect(self.workspace, self.settings, headless=headless, **task.ears)

    def _rehearse(self, task: Task, *, retry: bool) -> None:
        self._forget()
        self._look_back()
        site = self._connect(task)
        try:
            self._look_ahead()
            self.checked = checked = self._made(task, retry=retry)
            if checked.whole.files:
                self._carry_out(task, checked.whole, checked.prepared, lambda: site, live=False)
            self.rehearsed = bool(checked.whole.files or self.looked_for)
        finally:
            site.close()

    def _forget(self) -> None:
        """What was rehearsed, and the person's word, no longer count."""
        self.rehearsed, self.repeats_too, self.once_more, self.checked = False, False, False, None

    def _made(self, task: Task, *, retry: bool) -> Checked:
        return check(self.workspace, self.settings, task, last=self.recorded, retry=retry, now=self.clock())

    def _upload(self, checked: Checked, task: Task, *, repeats_too: bool, once_more: Collection[Key]) -> None:
        now = self._made(task, retry=checked.retry)
        if _goes(now) != _goes(checked):
            exchanged = checked.exchanged(now)
            self._forget()
            what = ", ".join(exchanged[:FEW]) + " …" * (len(exchanged) > FEW) or "session, library or plan"
            raise WorkspaceError(
                f"Nothing was uploaded: {what} changed since the rehearsal.",
                remedy="Rehearse again, and look at what it shows.",
            )
        plan = checked.whole if repeats_too else checked.plan
        said = dict.fromkeys(once_more, checked.at)
        self._carry_out(task, plan, checked.prepared, lambda: self._connect(task), live=True, once_more=said)

    def _resume(self, task: Task) -> None:
        unfinished = steps.unfinished_run(self.workspace)
        if unfinished is None:
            raise WorkspaceError("Every live run here came to its end: there is none to go on with.")
        task.progress("looking at each file that is left")
        rest = steps.prepare_rest(
            self.workspace, unfinished, self.settings, now=self.clock, progress=task.looked_at, cancelled=task.cancelled
        )
        for words in rest.notes:
            task.say(words)
        self._carry_out(task, rest.plan, rest.prepared, lambda: self._connect(task), live=True, resumed=unfinished)

    def _carry_out(
        self,
        task: Task,
        plan: Plan,
        prepared: Prepared,
        site: Callable[[], Site],
        *,
        live: bool,
        once_more: Mapping[Key, datetime] = {},
        resumed: Unfinished | None = None,
    ) -> None:
        task.progress("opening the site", 0, len(plan.files) * live)
        try:
            report = steps.upload(
                plan,
                self.workspace,
                prepared.library,
                self.settings,
                site,
                now=self.clock,
                live=live,
                once_more=once_more,
                resumed=resumed,
                progress=partial(self._hear, task, plan),
            )
            if report.stopped:
                raise report.stopped
            self.uploaded = live
        finally:
            if live:
                self._forget()
                self._look_back()

    def _hear(self, task: Task, plan: Plan, event: FileProgress) -> None:
        """Note how far a file is; a name may stand in several sections, whose batches follow one another."""
        task.progress(event.told, event.done, event.total)
        ahead = (one for one in plan.batches if one.number >= self.batch)
        if found := next((one for one in ahead if event.name in {file.name for file in one.files}), None):
            before = self.states if found.number == self.batch else {file.name: WAITING for file in found.files}
            self.batches = tuple(one.number for one in plan.batches if one.files)
            self.batch, self.states = found.number, before | {event.name: event.state}

    def _look_back(self) -> None:
        self.elsewhere = self.other.there
        self.recorded = steps.last_live_run(self.workspace)
        journal = Journal(self.workspace.log)
        settled = (event for event in journal.events() if isinstance(event, Settled) and event.creative_id)
        self._settled = {event.file.key: event.at for event in settled}
        self.doubt = tuple(sorted(journal.in_doubt(), key=lambda key: (key[0].value, key[1])))
        self.unfinished = None if self.elsewhere else steps.unfinished_run(self.workspace)
        self._see_failed()

    def _look_ahead(self) -> None:
        self.saved = steps.load_choice(self.workspace)
        self._session = load_session(self.workspace).files
        self.rows = len(self._session)
        self._see_failed()

    def _see_failed(self) -> None:
        failed = [one.name for one in self.recorded.files if one.retryable] if self.recorded else []
        here = {file.name for file in self._session if file.name in failed and os.path.isfile(file.path)}  # noqa: PTH113 (a Path raises without rights)
        self.retryable = sum(name in here for name in failed)


def _goes(checked: Checked) -> list[tuple[SessionFile, str]]:
    """What goes up, each file with its content: what is certain, and what wants a person's word."""
    plans = checked.plan, checked.whole
    return [(one.file, one.content) for plan in plans for one in plan.reviews if one.goes_up]


def counted_batches(plan: Plan) -> str:
    """How many of its batches hand files over."""
    return counted(sum(bool(batch.files) for batch in plan.batches), "batch")
