"""What a run found out, and where it is written: library, master, status CSV, history, fingerprints, in this order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from tjtools.cache.history import History, Source
from tjtools.cache.inventory import record_in_master
from tjtools.cache.library import Library
from tjtools.diff.session import FileReview
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import Creative, Key, SessionFile, UploadStatus
from tjtools.model.errors import TJToolsError, TrackingFileError
from tjtools.model.names import extension, file_type
from tjtools.model.words import counted
from tjtools.scrape.reading import creative_of
from tjtools.upload.handover import Outcome, log
from tjtools.upload.journal import NOT_BEGUN, HandedOver, Settled
from tjtools.upload.plan import Plan
from tjtools.upload.run_files import add_status, not_begun, status_row
from tjtools.workspace.folder import Workspace

EXCHANGED = "it holds something else than what was reviewed: review it again"
KNOWN = (UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED)


@dataclass(frozen=True, slots=True)
class FileProgress:
    """Where a run is: a file and its state, and how many of the run's files are through.

    Without a name, the state is what the run itself is doing.
    """

    name: str
    state: str
    done: int
    total: int

    @property
    def told(self) -> str:
        """The words for it."""
        return f"{self.state}: {self.name}" if self.name else self.state


@dataclass(frozen=True)
class UploadReport:
    """What came of every file of a run, and the files that it wrote.

    `held_back` are the files that need a person first, `stopped` is the error that ended the run before its time, None
    where it came to its end.
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


@dataclass
class Records:
    """The files that one run writes into; `run` is its name, `20251113_120000`."""

    workspace: Workspace
    library: Library
    run: str
    master_kept: bool = False

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """What is known of contents; raises `TrackingFileError`."""
        return Fingerprints.load(self.workspace)

    def look(self, files: Iterable[SessionFile]) -> dict[Path, Fingerprint | None]:
        """Find out the content of files; those that did not change since a review are not read again."""
        return look_at([file.path for file in files], self.fingerprints)

    def not_as_reviewed(self, files: Sequence[SessionFile], reviewed: Mapping[Key, str]) -> dict[SessionFile, str]:
        """Why files are not, or not known to be, as the review saw them, by their checksums there; of these alone."""
        seen = self.look(files)
        return {file: why for file in files if (why := _why_not_so(seen[file.path], reviewed.get(file.key)))}

    def contents(self, files: Iterable[SessionFile]) -> dict[str, str]:
        """The checksums of files that were looked at, by their names; one that has changed since is not among them."""
        seen = ((file.name, self.fingerprints.of(file.path)) for file in files)
        return {name: one.checksum for name, one in seen if one}

    def there(self, file: SessionFile) -> str:
        """The Creative ID under which the file's section has its content, as far as that was recorded; else `""`."""
        seen = self.fingerprints.of(file.path)
        same = (one for one in self.fingerprints.uploads() if seen and one.fingerprint.checksum == seen.checksum)
        ids = (one.creative_id for one in same if one.creative_type and one.creative_type.section is file.section)
        return next((key for key in ids if any(not each.removed for each in self.library.get(key))), "")

    def record(self, settled: Sequence[Settled], now: datetime, unknown: Iterable[tuple[str, ...]] = ()) -> int:
        """Tell the tracking files what came of files, and return how many IDs the library did not have before.

        What they were told before is not written again, so that a journal can be played back. The first time in a run,
        the old master is kept as a backup of this time. `unknown` are rows that the status CSV alone gets.
        """
        became = [(one, one.creative) for one in settled if one.creative and one.status in KNOWN]
        added = self.library.add(creative for _, creative in became)
        if became:
            found = [(one.file, one.creative_id, one.day) for one, _ in became]
            backup = None if self.master_kept else now
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

    def remember(self, settled: Iterable[Settled], now: datetime) -> None:
        """Which content got which ID, so that it is known again under another name; only where it is certain.

        A file that is not as it was when it was handed over may have been another content, unless it is gone.
        """
        became = [one for one in settled if one.status is UploadStatus.SUCCESS and one.content]
        try:
            self.look(one.file for one in became)
            uploads = [
                Upload(one.creative_id, one.file.name, one.file.section.creative_type, seen)
                for one in became
                if (seen := self._seen(one)) and seen.checksum == one.content
            ]
            self.fingerprints.keep_uploads(uploads, now=now)
        except TrackingFileError as error:
            log.warning("%s", error)

    def _seen(self, one: Settled) -> Fingerprint | None:
        known = self.fingerprints
        return known.of(one.file.path) if one.file.path.exists() else known.with_checksum(one.content)


def _why_not_so(seen: Fingerprint | None, reviewed: str | None) -> str:
    if seen is None:
        return "the file is gone since the review"
    if not seen.checksum:
        return f"{seen.facts.trouble}: upload it again"
    return EXCHANGED if seen.checksum != (reviewed or seen.checksum) else ""


def settled_of(one: Outcome, handed: HandedOver | None, *, run: str, at: datetime, size: str, retries: int) -> Settled:
    """The event for an outcome that is known; `handed` is what it came of, `size` the file's true `WIDTHxHEIGHT`."""
    day = (handed.at if handed else at).date()
    return Settled(
        at=at,
        run=run,
        file=one.file,
        status=one.status,
        creative=_creative(one, day, size),
        message=one.message,
        day=day if one.status is UploadStatus.SUCCESS else None,
        retries=retries,
        content=dict(handed.contents).get(one.file.name, "") if handed else "",
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


def log_confirmed(outcomes: Sequence[Outcome], added: int, library: str) -> None:
    """Say what came of a batch, and how many IDs went into the library of this name."""
    identified = [one for one in outcomes if one.status is UploadStatus.SUCCESS]
    if identified:
        log.info("✓ Batch upload successful! %s extracted", counted(len(identified), "Creative ID"))
    for number, one in enumerate(identified, start=1):
        log.info("  [%d] %s → %s", number, one.file.name, one.creative_id)
    for one in outcomes:
        if one.status is not UploadStatus.SUCCESS:
            log.warning("  %s: %s: %s", one.file.name, one.status.value, one.message)
    if added:
        log.info("[CACHE UPDATED: %s added to %s]", counted(added, "new ID"), library)


def sum_up(plan: Plan, outcomes: Sequence[Outcome], *, stopped: bool) -> None:
    """Say what a run came to, and which files of its plan stay."""
    count = Counter(one.status for one in outcomes)
    if count.keys() == {UploadStatus.SKIPPED} and not (plan.stays or stopped):
        log.info("[NO UPLOADS ATTEMPTED - ALL DUPLICATES DETECTED INSTANTLY]")
    for files, told in (
        (count[UploadStatus.DRY_RUN], "Dry run: %s ready to upload"),
        (len(plan.left), "%s beyond --limit (a native pair counts two)"),
        (len(plan.not_chosen), "%s not chosen in the saved plan"),
        (len(plan.repeats), "%s held back for a rejected creative that is repeated, by it or its pair"),
        (len(plan.unseen), "%s newer than the saved plan, and not in it"),
    ):
        if files:
            log.info(told, counted(files, "file"))
    left = sum(map(not_begun, outcomes))
    told = f", {left} {NOT_BEGUN}" if left else ""
    log.info("Total: %d uploaded, %d skipped%s", count[UploadStatus.SUCCESS], count[UploadStatus.SKIPPED] - left, told)
