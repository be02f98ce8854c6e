"""What a run found out, and where it is written: library, master, status CSV, history, fingerprints, in this order.

One live run a workspace at a time does so; the next one records what it left, and may go on with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.history import History, Source
from tjtools.cache.inventory import load_session, record_in_master
from tjtools.cache.library import Library
from tjtools.diff.review import Prepared, prepare
from tjtools.diff.session import FileReview, review_file
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints, LookedAt, Upload, look_at
from tjtools.model.creative import Creative, SessionFile, UploadStatus
from tjtools.model.errors import TrackingFileError, translated
from tjtools.model.names import extension, file_type
from tjtools.scrape.reading import creative_of
from tjtools.upload.handover import Outcome, log
from tjtools.upload.journal import HandedOver, Journal, Recorded, Settled, Unfinished
from tjtools.upload.plan import Choice, Plan, make_plan
from tjtools.upload.run_files import add_status, status_row
from tjtools.workspace.disk import LOCAL_DISK, NO_LOCKS, locks_hold
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import Settings

LEASE = 120.0  # seconds without a sign of life after which a run on another machine counts as dead
GLANCE = 0.5  # seconds to wait for one that only looks whether a run is under way
KNOWN = (UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED)


@dataclass
class Records:
    """The files that one run writes into; `run` is its name, `20251113_120000`."""

    workspace: Workspace
    library: Library
    run: str
    master_kept: bool = False
    handed: dict[Path, Fingerprint] = field(default_factory=dict)

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """What is known of contents; raises `TrackingFileError`."""
        return Fingerprints.load(self.workspace)

    def look(self, files: Iterable[SessionFile]) -> None:
        """Keep in mind the content of files that are about to be handed over; those of a review are not read again."""
        try:
            seen = look_at([file.path for file in files], self.fingerprints)
            self.handed |= {path: one for path, one in seen.items() if one and one.checksum}
        except TrackingFileError as error:
            log.warning("%s", error)

    def still(self, one: FileReview) -> bool:
        """Whether a file that was judged by its content still has it: a change shows in its size or time."""
        now = self.fingerprints.of(one.file.path)
        return now is not None and any(now.checksum == each.file.fingerprint.checksum for each in one.repeats)

    def record(self, settled: Sequence[Settled], unknown: Iterable[tuple[str, ...]] = ()) -> int:
        """Tell the tracking files what came of files, and return how many IDs the library did not have before.

        What they were told before is not written again, so that a journal can be played back. The first time in a run,
        the old master is kept as a backup. `unknown` are rows that the status CSV alone gets.
        """
        became = [(one, one.creative) for one in settled if one.creative and one.status in KNOWN]
        added = self.library.add(creative for _, creative in became)
        if became:
            found = [(one.file, one.creative_id, one.day) for one, _ in became]
            backup = None if self.master_kept else became[0][0].at
            for line in record_in_master(self.workspace, found, backup=backup):
                log.warning("%s:%d: moved to quarantine: %s", self.workspace.master.name, line.line, line.reason)
            self.master_kept = True
        rows = [status_row(self.workspace, one, one.at, one.retries) for one in settled]
        add_status(self.workspace, self.run, [*rows, *unknown])
        try:
            for at in dict.fromkeys(one.at for one, _ in became):
                creatives = [creative for one, creative in became if one.at == at]
                History.of(self.workspace).record(creatives, source=Source.UPLOAD, now=at)
        except TrackingFileError as error:  # the history is no part of what an upload needs
            log.warning("%s", error)
        return len(added)

    def remember(self, outcomes: Iterable[Outcome], now: datetime) -> None:
        """Which content got which ID, so that it is known again under another name; only where it is certain.

        A file that changed after it was looked at, or that an earlier run handed over, may have been another content.
        """
        uploads = [
            Upload(one.creative_id, one.file.name, one.file.section.creative_type, seen)
            for one in outcomes
            if one.status is UploadStatus.SUCCESS and (seen := self.handed.get(one.file.path))
            if self.fingerprints.of(one.file.path) == seen
        ]
        try:
            if uploads:
                self.fingerprints.keep_uploads(uploads, now=now)
        except TrackingFileError as error:
            log.warning("%s", error)


def settled_of(one: Outcome, handed: Sequence[HandedOver], *, run: str, at: datetime, size: str) -> Settled:
    """The event for an outcome that is known; `handed` are the file's hand-overs, `size` its true `WIDTHxHEIGHT`."""
    day = (handed[-1].at if handed else at).date()
    return Settled(
        at=at,
        run=run,
        file=one.file,
        status=one.status,
        creative=_creative(one, day, size),
        message=one.message,
        day=day if one.status is UploadStatus.SUCCESS else None,
        retries=max(len(handed) - 1, 0),
    )


def _creative(one: Outcome, day: date, size: str) -> Creative | None:
    """An upload of ours has its full name and its day; one that was there before is recorded as the site shows it.

    But where that ends in an extension, it is the name of a file with two: else it would be taken for one with one.
    """
    if one.card is None:
        return None
    shown = creative_of(one.card, one.file.section)
    if one.status is not UploadStatus.SUCCESS:
        return shown._replace(filename=one.file.name) if extension(shown.filename) else shown
    return shown._replace(
        filename=one.file.name,
        upload_date=day,
        dimensions=shown.dimensions or size,
        file_type=shown.file_type or file_type(one.file.name),
    )


class Rest(NamedTuple):
    """What is left of an unfinished run, ready to go on with; `cleared` are files that the session no longer has."""

    prepared: Prepared
    plan: Plan
    cleared: tuple[SessionFile, ...]


def unfinished_run(workspace: Workspace) -> Unfinished | None:
    """The live run that never came to its end, None where there is none; raises `TrackingFileError`."""
    return Journal(workspace.log).unfinished()


def prepare_rest(
    workspace: Workspace,
    run: Unfinished,
    settings: Settings,
    *,
    progress: Callable[[LookedAt], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Rest:
    """Look again at the files that an unfinished run left, and plan them; what it had confirmed is recorded first.

    Raises what `prepare` raises, and `TrackingFileError` where another live run is under way.
    """
    with only_live_run(workspace):
        recover(workspace, Library.load(workspace.library), Journal(workspace.log), now=now)
    session = load_session(workspace).files
    rows = {file.key: file for file in session}
    there = [rows[file.key] for file in run.left if file.row and file.key in rows]
    cleared = tuple(file for file in run.left if file.row and file.key not in rows)
    # the other halves of their pairs come along: one that the site refused goes up again with its pair
    pairs = {file.pair for file in there if file.pair}
    files = [*there, *(file for file in session if file.pair in pairs and file not in there)]
    files += [file for file in run.left if not file.row]
    prepared = prepare(workspace, files, force=run.force, progress=progress, cancelled=cancelled)
    there_for_good = {file.key for file in run.confirmed}  # a forced run hands over what is there, but not what it took
    reviews = tuple(
        review_file(one.file, prepared.library) if one.file.key in there_for_good else one for one in prepared.reviews
    )
    chosen = Choice(run.at, frozenset(file.key for file in files))
    plan = make_plan(reviews, batch_size=settings.upload.batch_size, choice=chosen)
    return Rest(replace(prepared, reviews=reviews), plan, cleared)


def recover(workspace: Workspace, library: Library, journal: Journal, *, now: Callable[[], datetime]) -> None:
    """Tell the tracking files what was settled before a run was cut off; what they know already stays as it is.

    The caller has the lock of the live run.
    """
    for run, settled in journal.unrecorded().items():
        log.info("Recording %d files that the run %s had confirmed when it was cut off", len(settled), run)
        Records(workspace, library, run).record(settled)
        journal.note(Recorded(run=run, at=now()))


class _Taken(TrackingFileError):
    """Another live run is under way."""


@contextmanager
def only_live_run(workspace: Workspace, *, patience: float = GLANCE) -> Iterator[Callable[[], None]]:
    """Be the one live run of the workspace, until it ends or its process does; what it yields raises if it is no more.

    It holds on a network share too: a run on this machine that died is known at once, one on another after two minutes
    without a sign of life. A machine that slept so long has to ask before it hands anything over. Raises
    `TrackingFileError` where another run is under way, and where the folder's file system keeps nobody out.
    """
    from filelock import LeaseSettingsMismatch, SoftFileLease, Timeout

    path = workspace.private / "live-run"
    with translated(path, "locked"):
        if not locks_hold(workspace.private / "locks"):
            raise TrackingFileError(NO_LOCKS, path=workspace.private, remedy=LOCAL_DISK)
        lease = SoftFileLease(workspace.private / "locks" / "live-run.lease", lease_duration=LEASE)
        try:
            lease.acquire(timeout=patience)
        except (Timeout, LeaseSettingsMismatch) as error:
            raise _Taken("another live upload is running here.", path=path, remedy="Wait for it, or end it.") from error

    def demand_ours() -> None:  # the heartbeat sleeps with its machine, and another one may take the run for dead
        with translated(path, "locked"):
            there = Path(lease.lock_file).read_text("utf-8", errors="replace")
        if lease.compromise or not lease.token or lease.token not in there:
            raise _Taken(
                "this run gave no sign of life for so long that another one has taken its place.",
                path=path,
                remedy="See how the other one ends; then run: tjtools upload --resume",
            )

    try:
        yield demand_ours
    finally:
        lease.release()


def runs_elsewhere(workspace: Workspace) -> bool:
    """Whether a live upload is under way in this workspace now, in another notebook or command."""
    try:
        with only_live_run(workspace, patience=0):
            return False
    except TrackingFileError as error:
        return isinstance(error, _Taken)  # what else is wrong, a run would say
