"""One run over a plan: dry up to the file input, or live, batch by batch, each recorded before the next begins."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tjtools.cache import Library
from tjtools.csvfile import locked
from tjtools.diff import FileReview, Verdict, review_file
from tjtools.errors import Cancelled, SiteError, TJToolsError, TrackingFileError
from tjtools.inspection import demand_unchanged
from tjtools.journal import STALLED, Journal
from tjtools.models import SessionFile, UploadStatus
from tjtools.settings import Settings
from tjtools.site import FileResult, FileState, Inspection, Site
from tjtools.upload.campaign import write_campaigns
from tjtools.upload.handover import hand_over, look_for, newest_id, settle
from tjtools.upload.pairing import Outcome, pair
from tjtools.upload.plan import Batch, Plan
from tjtools.upload.records import Records
from tjtools.workspace import Workspace

log = logging.getLogger("tjtools.upload")

LINE = "=" * 60


@dataclass(frozen=True, slots=True)
class FileProgress:
    """Where a run is: a file and its state, and how many of the run's files are through."""

    name: str
    state: str
    done: int
    total: int


@dataclass(frozen=True)
class UploadReport:
    """What came of every file of a run, and the files that it wrote.

    `stopped` is the error that ended the run before its time, None where it came to its end.
    """

    live: bool
    outcomes: tuple[Outcome, ...]
    held_back: tuple[FileReview, ...]
    status_file: Path
    campaign_files: tuple[Path, ...] = ()
    stopped: TJToolsError | None = None

    def count(self, status: UploadStatus) -> int:
        """How many files ended so."""
        return sum(one.status is status for one in self.outcomes)

    @property
    def needs_a_person(self) -> bool:
        """Whether anything was left that a person has to look at."""
        doubtful = self.count(UploadStatus.FAILED) + self.count(UploadStatus.UNKNOWN_ID)
        return bool(doubtful or self.held_back or self.stopped)


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
    progress: Callable[[FileProgress], None] | None = None,
) -> UploadReport:
    """Carry out a plan; without `live`, walk the real pages up to, and not including, the hand-over of files.

    `connect` opens the site at its Media Library and is called only when there is something to upload. Each confirmed
    ID is in the library, the master and the status CSV before the next batch begins. Section and upload panel are
    inspected before a batch is handed over. A page that has changed, an error of the site, a closed browser or a
    cancelled run ends it; what is known until then is recorded, and the report's `stopped` says why.
    """
    started = now()
    records = Records(workspace, library, workspace.status_file(started))
    run = _Run(plan, settings, connect, records, Journal(workspace.journal), started, now, live, force, progress)
    return run.carry_out()


@contextmanager
def only_live_run(workspace: Workspace) -> Iterator[None]:
    """One live run a workspace at a time: two would hand the same files over.

    Raises `TrackingFileError` where another one is under way.
    """
    with locked(workspace.private / "live-run", patience=0, busy="another live upload is running here."):
        yield


@dataclass
class _Run:
    plan: Plan
    settings: Settings
    connect: Callable[[], Site]
    records: Records
    journal: Journal
    started: datetime
    now: Callable[[], datetime]
    live: bool
    force: bool
    progress: Callable[[FileProgress], None] | None
    outcomes: list[Outcome] = field(default_factory=list)
    site: Site | None = None
    through: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return f"{self.started:%Y%m%d_%H%M%S}"

    def carry_out(self) -> UploadReport:
        stopped: TJToolsError | None = None
        try:
            with only_live_run(self.records.workspace) if self.live else nullcontext():
                for batch in self.plan.batches:
                    self._batch(batch)
        except TJToolsError as error:
            stopped = error
        finally:
            if self.site:
                self.site.close()
        campaigns: tuple[Path, ...] = ()
        try:
            self._note_the_rest(stopped)
            campaigns = self._campaigns()
        except TrackingFileError as error:
            stopped = stopped or error
        self._sum_up()
        held_back, outcomes = self.plan.held_back, tuple(self.outcomes)
        return UploadReport(self.live, outcomes, held_back, self.records.status_file, campaigns, stopped)

    def _batch(self, batch: Batch) -> None:
        shown = f"BATCH {batch.number}: {batch.creative_type.name} ({len(batch.reviews)}/{batch.of_type} files)"
        for line in (LINE, shown, LINE):
            log.info("%s", line)
        files = self._skip_known(batch)
        if files:
            self._open_section(batch)
            files = self._settle_doubtful(files, batch)
        if not files:
            log.info("No files to upload in this batch (all skipped)")
        elif self.live:
            self._go_live(files, batch)
        else:
            self._rehearse(files, batch)

    def _skip_known(self, batch: Batch) -> tuple[SessionFile, ...]:
        """Ask the library again, which other processes write too, and return the files that are still new."""
        self.records.library.refresh()
        asked = [self._asked_again(one) for one in batch.reviews]
        skipped = [one for one in asked if not one.goes_up]
        for one in skipped:
            in_cache = one.verdict is Verdict.ALREADY_THERE and one.creative_id
            known = f"Already exists on TJ (ID: {one.creative_id} from cache)" if in_cache else _why(one)
            log.info("Skipping %s: %s", one.file.name, known)
        self._note([Outcome(one.file, UploadStatus.SKIPPED, one.creative_id or "", _why(one)) for one in skipped])
        self._catch_up([one for one in skipped if one.verdict is Verdict.ALREADY_THERE])
        return tuple(one.file for one in asked if one.goes_up)

    def _asked_again(self, one: FileReview) -> FileReview:
        """What the library says of the file's name now; what its content told stays while it has that content."""
        if one.verdict in _BY_CONTENT and not self.records.still(one):
            return replace(
                one, verdict=Verdict.INVALID, creative_id=None, reason="it changed since the review: review it again"
            )
        asked = review_file(one.file, self.records.library, force=self.force and one.goes_up)
        return one if asked.verdict is Verdict.NEW and one.verdict is not Verdict.ALREADY_THERE else asked

    def _catch_up(self, known: Sequence[FileReview]) -> None:
        """Finish what an earlier run began to write down when it was cut off between the library and the master."""
        in_doubt = self.journal.in_doubt() if self.live else set()
        late = [one for one in known if one.creative_id and (one.file.section, one.file.name) in in_doubt]
        if late:
            self.records.complete_master(
                [(one.file, one.creative_id or "", one.known[0].upload_date) for one in late], now=self.now()
            )
            told = [(one.file, UploadStatus.SUCCESS.value, one.creative_id or "") for one in late]
            self.journal.settled(told, section=late[0].file.section, run=self.name, now=self.now())

    def _open_section(self, batch: Batch) -> Site:
        if self.site is None:
            self.site = self.connect()
        self.site.open_section(batch.creative_type.section)
        return self.site

    def _settle_doubtful(self, files: tuple[SessionFile, ...], batch: Batch) -> tuple[SessionFile, ...]:
        """Look on the site for files that an earlier run handed over without learning what came of it."""
        in_doubt = self.journal.in_doubt()
        doubtful = [file for file in files if (file.section, file.name) in in_doubt]
        if not (doubtful and self.live and self.site):
            return files
        log.info("Looking on the site for %d files of an earlier run...", len(doubtful))
        sizes = self._sizes(batch)
        settled = look_for(self.site, doubtful, self.journal.stalled(), sizes=sizes, force=self.force)
        self._confirm(settled, sizes)
        self.site.open_section(files[0].section)
        gone = {one.file for one in settled}
        return tuple(file for file in files if file not in gone)

    def _rehearse(self, files: Sequence[SessionFile], batch: Batch) -> None:
        self._inspect_section(batch)
        self._picture(batch, "section")
        self._open_upload_panel()
        self._picture(batch, "panel")
        log.info("Dry run: %d files would be handed over now", len(files))
        self._note([Outcome(file, UploadStatus.DRY_RUN) for file in files])

    def _go_live(self, files: Sequence[SessionFile], batch: Batch) -> None:
        site, section = self._here(), files[0].section
        files = self._still_there(files)
        if not files:
            return
        self._inspect_section(batch)
        newest_before = newest_id(site)
        self.records.look(files)
        self._picture(batch, "section")
        self._open_upload_panel()
        log.info("Processing upload...")
        retries = self._earlier(files)
        self.journal.handed_over(files, section=section, run=self.name, now=self.now())
        results, error = hand_over(site, files, self.settings.upload, self._tell)
        sizes = self._sizes(batch)
        outcomes = pair(files, results, (), (), sizes)
        try:
            if error is None:
                self._picture(batch, "uploaded")
                timeout = self.settings.upload.card_timeout
                outcomes = settle(site, files, results, newest_before=newest_before, sizes=sizes, card_timeout=timeout)
        except (SiteError, Cancelled) as late:
            error = late
        self._confirm(outcomes, sizes, retries, results)
        if error:
            raise error

    def _inspect_section(self, batch: Batch) -> None:
        """Raise `PageChanged` where the section, or a tab, is not as the driver knows it."""
        self._demand_unchanged(self._here().inspect_section(batch.creative_type.section))

    def _open_upload_panel(self) -> None:
        self._here().open_upload_panel()
        self._demand_unchanged(self._here().inspect_upload_panel())

    def _demand_unchanged(self, inspection: Inspection) -> None:
        demand_unchanged(inspection, self.records.workspace, self.now())

    def _still_there(self, files: Sequence[SessionFile]) -> tuple[SessionFile, ...]:
        """The files that can still be read where the review saw them; the others fail, and are not handed over."""
        for file in files:
            if file.row:
                self.records.workspace.guard(file.path)
        gone = [file for file in files if not file.path.is_file()]
        self._note([Outcome(file, UploadStatus.FAILED, message="the file is gone since the review") for file in gone])
        return tuple(file for file in files if file not in gone)

    def _confirm(
        self,
        outcomes: Sequence[Outcome],
        sizes: dict[str, str],
        retries: dict[str, int] | None = None,
        results: dict[str, FileResult] | None = None,
    ) -> None:
        """Write down what came of files that were handed over: library, master, status CSV, and then the journal."""
        now = self.now()
        added = self.records.confirm(outcomes, now=now, sizes=sizes, retries=retries or {})
        known = [(one.file, one.status.value, one.creative_id) for one in outcomes if _is_known(one)]
        for file, result in ((one.file, (results or {}).get(one.file.name)) for one in outcomes if not _is_known(one)):
            if result and result.state is FileState.STALLED:
                known.append((file, STALLED, ""))
        if outcomes:
            self.journal.settled(known, section=outcomes[0].file.section, run=self.name, now=now)
        self.outcomes += outcomes
        self._log_confirmed(outcomes, added)

    def _log_confirmed(self, outcomes: Sequence[Outcome], added: int) -> None:
        identified = [one for one in outcomes if one.status is UploadStatus.SUCCESS]
        if identified:
            log.info("✓ Batch upload successful! %d Creative IDs extracted", len(identified))
        for number, one in enumerate(identified, start=1):
            log.info("  [%d] %s → %s", number, one.file.name, one.creative_id)
        for one in outcomes:
            if one.status is not UploadStatus.SUCCESS:
                log.warning("  %s: %s: %s", one.file.name, one.status.value, one.message)
            if one.card:
                log.debug("Added to TJ Library cache: %s → %s", one.file.name, one.creative_id)
        if added:
            name = self.records.workspace.library.name
            log.info("[CACHE UPDATED: %d new IDs added to %s]", added, name)

    def _note_the_rest(self, stopped: TJToolsError | None) -> None:
        """Rows for the files that never went up: held back, beyond the limit, or not begun when the run stopped."""
        told = {one.file for one in self.outcomes}
        reasons = {one.file: f"{one.verdict.value}: {one.reason}" for one in self.plan.held_back}
        reasons |= {one.file: "beyond the limit of this run" for one in self.plan.left}
        reasons |= {one.file: "not chosen in the saved plan" for one in self.plan.not_chosen}
        if stopped:
            why = f"not begun: {stopped.message}"
            reasons |= {one.file: why for batch in self.plan.batches for one in batch.reviews if one.file not in told}
        self._note([Outcome(file, UploadStatus.SKIPPED, message=why) for file, why in reasons.items()])

    def _campaigns(self) -> tuple[Path, ...]:
        folder, settings = self.records.workspace.campaigns, self.settings.campaign
        return write_campaigns(folder, self.outcomes, settings, self.started) if self.live else ()

    def _sum_up(self) -> None:
        count = Counter(one.status for one in self.outcomes)
        everything_known = count.keys() == {UploadStatus.SKIPPED} and not (
            self.plan.held_back or self.plan.left or self.plan.not_chosen
        )
        if everything_known:
            log.info("[NO UPLOADS ATTEMPTED - ALL DUPLICATES DETECTED INSTANTLY]")
        if count[UploadStatus.DRY_RUN]:
            log.info("Dry run: %d files are ready to upload", count[UploadStatus.DRY_RUN])
        if self.plan.left:
            log.info("%d files are beyond --limit (a native pair counts two)", len(self.plan.left))
        if self.plan.not_chosen:
            log.info("%d new files are not chosen in the saved plan", len(self.plan.not_chosen))
        log.info("Total: %d uploaded, %d skipped", count[UploadStatus.SUCCESS], count[UploadStatus.SKIPPED])

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        self.records.note(outcomes, now=self.now())
        self.outcomes += outcomes

    def _tell(self, name: str, result: FileResult) -> None:
        if self.progress:
            total = len(self.plan.files)
            self.through |= {name} if result.state.final else set()
            self.progress(FileProgress(name, result.state.value, len(self.through), total))

    def _earlier(self, files: Sequence[SessionFile]) -> dict[str, int]:
        """How often each file was handed over in earlier runs."""
        count = self.journal.hand_overs()
        return {file.name: count[file.section, file.name] for file in files}

    def _sizes(self, batch: Batch) -> dict[str, str]:
        return {one.file.name: one.facts.size for one in batch.reviews if one.facts}

    def _picture(self, batch: Batch, step: str) -> None:
        name = f"{self.name}_batch{batch.number:02}_{batch.creative_type.value}_{step}.png"
        self._here().screenshot(self.records.workspace.screenshots / name)

    def _here(self) -> Site:
        if self.site is None:
            raise SiteError("The site is not open.")
        return self.site


def _why(one: FileReview) -> str:
    """The reason of a skip; the library's own words need no verdict before them."""
    return one.reason if one.verdict is Verdict.ALREADY_THERE else f"{one.verdict.value}: {one.reason}"


_BY_CONTENT = {Verdict.RENAMED_DUPLICATE, Verdict.IN_SESSION, Verdict.SKIPPED}


def _is_known(one: Outcome) -> bool:
    return one.status in (UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED)
