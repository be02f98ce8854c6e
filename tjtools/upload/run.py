"""One run over a plan: dry up to the file input, or live, batch by batch, each recorded before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from tjtools.cache.library import Library
from tjtools.diff.repeats import RepeatKind
from tjtools.diff.session import FileReview, Verdict, review_file
from tjtools.model.creative import Key, Section, SessionFile, UploadStatus
from tjtools.model.errors import Cancelled, SiteError, TeamError, TJToolsError
from tjtools.model.words import counted
from tjtools.site import FileResult, FileState, Site
from tjtools.site.browser import heeding
from tjtools.site.inspection import demand_unchanged
from tjtools.team import Claims, Left, Wanted, claims_of
from tjtools.upload.campaign import write_campaigns
from tjtools.upload.doubt import IN_DOUBT, Doubt, gone, hand_over_of, unseen
from tjtools.upload.handover import Outcome, hand_over, log, newest_id, pair, settle
from tjtools.upload.journal import NOT_BEGUN, STALLED, Ended, HandedOver, Journal, Recorded, Settled, Unfinished
from tjtools.upload.plan import Batch, Plan, why_not
from tjtools.upload.record import KNOWN, FileProgress, Records, UploadReport, log_confirmed, settled_of, sum_up
from tjtools.upload.resume import only_live_run, recover
from tjtools.upload.run_files import add_status, free_name, status_row
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits
from tjtools.workspace.settings import Settings

A_TAB = 100  # files, then comes a new one: a tab keeps something of every file that went through it
ROUNDS = 20  # in which a batch is claimed: whatever the team tells meanwhile is looked at first
TOO_BUSY = "the team's library changes faster than its files can be claimed: nothing of this batch was handed over."
_BY_CONTENT = {Verdict.RENAMED_DUPLICATE, Verdict.IN_SESSION, Verdict.SKIPPED}


def upload(
    plan: Plan,
    workspace: Workspace,
    library: Library,
    settings: Settings,
    connect: Callable[[], Site],
    *,
    now: Callable[[], datetime],
    live: bool = False,
    force: bool = False,
    once_more: Mapping[Key, datetime] = {},
    resumed: Unfinished | None = None,
    progress: Callable[[FileProgress], None] | None = None,
) -> UploadReport:
    """Carry out a plan; without `live`, walk the real pages up to, and not including, the hand-over of files.

    `connect` opens the site at its Media Library, once there is something to do there. Each confirmed ID is in library,
    master and status CSV before the next batch begins. A page that has changed, an error of the site or a cancelled run
    ends it; what is known until then is recorded, and the report's `stopped` says why.

    A live run first records what an earlier one had confirmed, and looks on the site for files that one handed over
    without learning what came of them. What the site timed out on and does not list goes up again only where it holds
    the same still and was handed over before the person's word, whose moment is in `once_more`. `resumed` is the
    unfinished run that it goes on with, under its name; any other has ended then.
    """
    run = resumed.run if resumed else free_name(workspace, now())
    records, force = Records(workspace, library, run), resumed.force if resumed else force
    return _Run(plan, settings, connect, records, now, live, force, once_more, resumed, progress).carry_out()


@dataclass
class _Run:
    plan: Plan
    settings: Settings
    connect: Callable[[], Site]
    records: Records
    now: Callable[[], datetime]
    live: bool
    force: bool
    once_more: Mapping[Key, datetime]
    resumed: Unfinished | None
    progress: Callable[[FileProgress], None] | None
    outcomes: list[Outcome] = field(default_factory=list)
    site: Site | None = None
    begun: bool = False
    in_tab: int = 0
    demand_alone: Callable[[], None] = lambda: None
    asked_to_stop: Callable[[], bool] = lambda: False
    claims: Claims = field(default_factory=Claims)
    stalled_elsewhere: set[Key] = field(default_factory=set)
    unseen: dict[Key, Doubt] = field(default_factory=dict)
    through: set[Key] = field(default_factory=set)
    counted: int = 0

    def __post_init__(self) -> None:
        self.name, self.workspace = self.records.run, self.records.workspace
        self.journal = Journal(self.workspace.log)
        self.to_do = {file.key for file in self.plan.files}
        self.confirmed = {file.key for file in self.resumed.confirmed} if self.resumed else set[Key]()
        reviews = [*self.plan.held_back, *self.plan.repeats, *self.plan.reviews]
        self.files = [one.file for one in reviews]
        self.reviewed = {one.file.key: one.content for one in reviews if one.content}
        self.sizes = {one.file.key: one.facts.size for one in reviews if one.facts}

    def carry_out(self) -> UploadReport:
        stopped: TJToolsError | None = None
        campaigns: tuple[Path, ...] = ()
        with ExitStack() as alone:
            try:
                if self.live:
                    run = alone.enter_context(only_live_run(self.workspace))
                    self.demand_alone, self.asked_to_stop = run.demand, run.asked_to_stop
                    alone.enter_context(heeding(run.asked_to_stop))
                    self.claims = alone.enter_context(claims_of(self.workspace, self.name, self.settings.upload))
                    self._begin()
                for batch in self.plan.batches:
                    self._batch(batch)
            except TJToolsError as error:
                elsewhere = isinstance(error, Cancelled) and self.asked_to_stop()
                stopped = Cancelled("Stopped from another window.") if elsewhere else error
            finally:
                if self.site:
                    self.site.close()
            try:
                self._note_the_rest(stopped)
                campaigns = self._campaigns(self.name) if self.begun else ()
                if self.begun and not stopped and not any(one.open for one in self.outcomes):
                    self.journal.note(Ended(run=self.name, at=self.now()))
            except TJToolsError as error:
                stopped = stopped or error
        sum_up(self.plan, self.outcomes, stopped=stopped is not None)
        status_file = self.workspace.status_file(self.name)
        held_back = (*self.plan.held_back, *self.plan.repeats, *self.plan.unseen)
        return UploadReport(self.live, tuple(self.outcomes), held_back, status_file, campaigns, stopped)

    def _begin(self) -> None:
        recover(self.workspace, self.records.library, self.journal, now=self.now)
        if not self.resumed:
            while earlier := self.journal.unfinished():  # this run takes its place
                self._campaigns(earlier.run)
                self.journal.note(Ended(run=earlier.run, at=self.now()))
            allowed = [one.file.key for one in self.plan.reviews if one.goes_up and one.repeats_rejected]
            self.journal.begun(self.plan.files, run=self.name, now=self.now(), force=self.force, repeats=allowed)
        self.begun = True
        in_doubt = self.journal.in_doubt()
        known = self.journal.files() | {file.key: file for file in self.files}
        doubtful: dict[HandedOver, list[SessionFile]] = {}
        for (section, name), handed in self.journal.hand_overs().items():
            if (section, name) in in_doubt:
                file = known.get((section, name)) or SessionFile(Path(name), section.creative_type)
                doubtful.setdefault(handed[-1], []).append(file)
        self.to_do |= {file.key for files in doubtful.values() for file in files}
        for last, files in doubtful.items():
            self._settle_doubtful(last, files)

    def _campaigns(self, run: str) -> tuple[Path, ...]:
        last = {one.file.key: one for one in self.journal.outcomes(run)}
        folder, settings, at = self.workspace.campaigns, self.settings.campaign, self.now()
        caps = load_limits(self.workspace.limits_file).campaign
        return write_campaigns(folder, [*last.values()], settings, run, others=self.files, caps=caps, backup=at)

    def _settle_doubtful(self, handed: HandedOver, files: Sequence[SessionFile]) -> None:
        site = self._open_section(handed.section)
        doubt = Doubt(handed, files, self.sizes, self.reviewed, self.records.library)
        self._doing(f"looking for {counted(len(files), 'file')} of an earlier run")
        found = doubt.look_for(site, patience=self.settings.upload.patience, now=self.now())
        stalled = set() if self.force and not self.resumed else self.journal.stalled() | self.stalled_elsewhere
        stalled -= doubt.allowed(self.once_more)
        again = [*unseen(found)]
        here = {file.key for file in self.files}
        ours = here | {file.key for file in self.plan.cleared}
        self.unseen = {one.file.key: doubt for one in again} | self.unseen
        others = gone(one for one in again if one.file.key not in here | self.journal.stalled())
        told = [one for one in found if one not in again and (one.status in KNOWN or one.file.key in ours)]
        self._confirm([*told, *doubt.timed_out(again, stalled & ours), *others], handed)

    def _batch(self, batch: Batch) -> None:
        for line in ("=" * 60, batch.title, "=" * 60):
            log.info("%s", line)
        files = self._skip_known(batch)
        if not files:
            log.info("No files to upload in this batch (all skipped)")
            return
        site = self._open_section(batch.creative_type.section)
        demand_unchanged(site.inspect_section(batch.creative_type.section), self.workspace, self.now())
        if self.live:
            self._go_live(site, files, batch)
            return
        self._open_panel(site, batch)
        self._picture(site, batch, "panel")
        log.info("Dry run: %s would be handed over now", counted(len(files), "file"))
        self._note([Outcome(file, UploadStatus.DRY_RUN) for file in files])
        self._count()

    def _skip_known(self, batch: Batch) -> list[SessionFile]:
        self.claims.sync()
        self.records.library.refresh()
        told = {one.file.key for one in self.outcomes}
        asked = [self._asked_again(one) for one in batch.reviews if one.file.key not in told]
        at, skipped = self.now(), [one for one in asked if not one.goes_up]
        settled: list[Settled] = []
        for one in skipped:
            why, in_cache = why_not(one), one.verdict is Verdict.ALREADY_THERE and one.creative_id
            known = f"Already exists on TJ (ID: {one.creative_id} from cache)" if in_cache else why
            log.info("Skipping %s: %s", one.file.name, known)
            half = next((each for each in one.known if each.creative_id == one.creative_id), None)
            if self.live and one.file.pair and half and one.file.key not in self.confirmed:
                skip = UploadStatus.SKIPPED  # the ad of the other half needs its ID
                settled.append(Settled(at=at, run=self.name, file=one.file, status=skip, creative=half, message=why))
        self.journal.note(*settled)
        there = [Outcome(one.file, UploadStatus.SKIPPED, one.creative_id or "", why_not(one)) for one in skipped]
        self._note(there, at)
        if settled:
            self.journal.note(Recorded(run=self.name, at=self.now()))
        self._count()
        return [one.file for one in asked if one.goes_up]

    def _asked_again(self, one: FileReview) -> FileReview:
        if one.verdict in _BY_CONTENT and self.records.contents([one.file]).get(one.file.name) != one.content:
            why = "it changed since the review: review it again"
            return replace(one, verdict=Verdict.INVALID, creative_id=None, reason=why)
        asked = review_file(one.file, self.records.library, force=self.force and one.goes_up)
        stays = {Verdict.NEW} if one.verdict is not Verdict.ALREADY_THERE else set()
        stays |= {Verdict.UNCLEAR} if one.verdict in _BY_CONTENT else set()
        if asked.verdict in stays and one.goes_up and not self.force and (there := self.records.there(one.file)):
            one = one.held(Verdict.RENAMED_DUPLICATE, f"same content as ID {there}, which an earlier run handed over")
            return replace(one, creative_id=there, known=self.records.library.get(there))
        return one if asked.verdict in stays else asked

    def _open_section(self, section: Section) -> Site:
        if self.site is None:
            self.site = self.connect()
        elif self.in_tab >= A_TAB:
            self.site.renew()
            self.in_tab = 0
        self.site.open_section(section)
        return self.site

    def _go_live(self, site: Site, files: Sequence[SessionFile], batch: Batch) -> None:
        section = batch.creative_type.section
        if not (files := self._as_reviewed(files)):
            return
        files, newest = self._claimed(site, batch, files)
        files = self._still_unseen(site, files)
        if not files:
            return
        self._open_panel(site, batch)
        if not (files := self._as_reviewed(files)):
            return
        self.demand_alone()
        self.claims.hold({file.key for file in files})
        contents = self.records.contents(files).items()
        handed = self.journal.handed_over(
            files, section=section, run=self.name, now=self.now(), newest=newest, contents=contents
        )
        log.info("Processing upload...")
        self.in_tab += len(files)
        self.claims.demand_awake()
        results, error = hand_over(site, files, self.settings.upload, partial(self._tell, section))
        self._doing("reading the new Creative IDs off the site's list")
        outcomes = pair(files, results, (), (), self.sizes)
        try:
            if error is None:
                self._picture(site, batch, "uploaded")
                wait = self.settings.upload.card_timeout
                outcomes = settle(site, files, results, newest_before=newest, sizes=self.sizes, card_timeout=wait)
        except (SiteError, Cancelled) as late:
            error = late
        stalled = {name for name, result in results.items() if result.state is FileState.STALLED}
        self._confirm(outcomes, handed, stalled)
        if error:
            raise error

    def _claimed(self, site: Site, batch: Batch, files: Sequence[SessionFile]) -> tuple[Sequence[SessionFile], str]:
        """The files of a batch that nobody else in the team hands over, and the section's highest ID till now."""
        section = batch.creative_type.section
        same = RepeatKind.SAME_CONTENT
        knew = {one.file.key for one in batch.reviews if any(each.kind is same for each in one.repeats)}
        newest = newest_id(site, section)
        for _ in range(ROUNDS):
            contents = self.records.contents(files)
            asked = [Wanted(one.key, contents.get(one.name, ""), self.force, one.key in knew) for one in files]
            claimed = self.claims.take(asked, newest)
            held = [file for file in files if file.key in claimed.held]
            self._note([Outcome(file, UploadStatus.SKIPPED, message=claimed.held[file.key]) for file in held])
            files = [file for file in files if file not in held]
            if claimed.stale:
                fresh = self._skip_known(batch)
                files = [file for file in files if file in fresh]
            elif claimed.left:
                files = self._look_for_left(claimed.left, files)
                site.open_section(section)
                newest = newest_id(site, section)
            else:
                return files, newest
            if not files:
                return (), ""
        raise TeamError(TOO_BUSY, remedy="Go on with it: tjtools upload --resume")

    def _look_for_left(self, left: Sequence[Left], files: Sequence[SessionFile]) -> list[SessionFile]:
        """Look on the site for what somebody began to hand over without a sign of life since; what goes up is left."""
        self.stalled_elsewhere |= {one.key for one in left if one.stalled}
        for one in left:
            self._settle_doubtful(hand_over_of(one), [file for file in files if file.key == one.key])
        told = {one.file for one in self.outcomes}
        rest = [file for file in files if file not in told]
        self.claims.looked([one for one in left if one.key in {file.key for file in rest}])
        return rest

    def _still_unseen(self, site: Site, files: Sequence[SessionFile]) -> Sequence[SessionFile]:
        """The files without those of earlier runs that the site has come to list since they were looked for."""
        for doubt in dict.fromkeys(self.unseen[file.key] for file in files if file.key in self.unseen):
            mine = [file for file in files if self.unseen.get(file.key) is doubt]
            if shown := replace(doubt, files=mine).shown_since(site):
                self._confirm(shown, doubt.handed)
                files = [file for file in files if file not in {one.file for one in shown}]
            site.open_section(doubt.handed.section)
        return files

    def _open_panel(self, site: Site, batch: Batch) -> None:
        self._picture(site, batch, "section")
        site.open_upload_panel()
        demand_unchanged(site.inspect_upload_panel(), self.workspace, self.now())

    def _picture(self, site: Site, batch: Batch, step: str) -> None:
        name = f"{self.name}_batch{batch.number:02}_{batch.creative_type.value}_{step}.png"
        site.screenshot(self.workspace.screenshots / name)

    def _as_reviewed(self, files: Sequence[SessionFile]) -> list[SessionFile]:
        """The files that are there as the review saw them; the others fail, and are not handed over."""
        for file in files:
            if file.row:
                self.workspace.guard(file.path)
        if whys := self.records.not_as_reviewed(files, self.reviewed):
            self._confirm([Outcome(one, UploadStatus.FAILED, message=why) for one, why in whys.items()], None)
        return [file for file in files if file not in whys]

    def _confirm(self, outcomes: Sequence[Outcome], handed: HandedOver | None, timed_out: Container[str] = ()) -> None:
        """Write down what came of files that went up so: the journal first, then library, master and status CSV.

        `timed_out` are the names of those on which the site did: they stay in doubt where no ID is known.
        """
        now, before = self.now(), self.journal.hand_overs()
        settled = [
            settled_of(
                one, handed, run=self.name, at=now, size=self.sizes.get(one.file.key, ""),
                retries=max(len(before.get(one.file.key, ())) - 1, 0),
            )
            for one in outcomes
            if one.status in KNOWN
        ]  # fmt: skip
        unknown = [one for one in outcomes if one.status not in KNOWN]
        stalled = [one.file for one in unknown if one.file.name in timed_out]
        self.journal.note(*settled, *(Settled(at=now, run=self.name, file=one, status=STALLED) for one in stalled))
        self.outcomes += outcomes
        added = self.records.record(settled, now, [status_row(self.workspace, one, now) for one in unknown])
        self.records.remember(settled, now)
        self.journal.note(Recorded(run=self.name, at=now))
        self.claims.done()
        log_confirmed(outcomes, added, self.workspace.library.name)
        self._count()

    def _note_the_rest(self, stopped: TJToolsError | None) -> None:
        reasons, planned = self.plan.stays, dict[SessionFile, FileReview]()
        if self.live and not (self.begun or self.resumed):  # the run that was quicker may be called after this second
            self.name = free_name(self.workspace, self.now())
        if stopped:
            planned = {one.file: one if one.goes_up else self._asked_again(one) for one in self.plan.reviews}
            left = f"{NOT_BEGUN}: {stopped.message}"
            reasons |= {file: left if one.goes_up else why_not(one) for file, one in planned.items()}
        doubt = self.journal.in_doubt() if self.begun else set[Key]()  # it was stopped before it had found that out
        told, rest = {one.file for one in self.outcomes}, list[Outcome]()
        for file in (file for file in reasons if file not in told):
            there = planned[file].creative_id if file in planned and file.key not in doubt else None
            status = UploadStatus.UNKNOWN_ID if file.key in doubt else UploadStatus.SKIPPED
            why = f"{IN_DOUBT}: {stopped.message}" if file.key in doubt and stopped else reasons[file]
            rest.append(Outcome(file, status, there or "", why))
        self._note(rest)

    def _note(self, outcomes: Sequence[Outcome], at: datetime | None = None) -> None:
        at, new = at or self.now(), [one for one in outcomes if one.file.key not in self.confirmed]
        add_status(self.workspace, self.name, [status_row(self.workspace, one, at) for one in new])
        self.outcomes += outcomes

    def _tell(self, section: Section, name: str, result: FileResult) -> None:
        self.claims.renew()
        self.through |= {(section, name)} if result.state.final else set()
        self._doing(result.state.value, name)

    def _doing(self, what: str, name: str = "") -> None:
        self.counted = len(self._through())
        if self.progress:
            self.progress(FileProgress(name, what, self.counted, len(self.to_do)))

    def _count(self) -> None:
        """Tell of files that are through without a word of the site: found there, known, gone, or of a dry run."""
        if len(self._through()) != self.counted:
            self._doing("recorded")

    def _through(self) -> set[Key]:
        return (self.through | {one.file.key for one in self.outcomes}) & self.to_do
