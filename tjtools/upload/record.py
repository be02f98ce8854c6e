"""What a run found out, and who is told: journal, library, master, status CSV, history, fingerprints; its caller."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from tjtools.cache.history import History, Source
from tjtools.cache.inventory import record_in_master
from tjtools.cache.library import Library
from tjtools.diff.session import FileReview
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import Creative, SessionFile, UploadStatus
from tjtools.model.errors import TJToolsError, TrackingFileError
from tjtools.model.names import extension, file_type
from tjtools.scrape.section import creative_of
from tjtools.upload.events import Settled
from tjtools.upload.pairing import Outcome
from tjtools.upload.status_csv import append_status, complete_status
from tjtools.workspace.folder import Workspace

log = logging.getLogger("tjtools.upload")

_KNOWN = (UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED)
_BECAME = (UploadStatus.SUCCESS, UploadStatus.DUPLICATE)  # the file is a creative now


@dataclass
class Records:
    """The files that one run writes into; `run` is its name, `20251113_120000`."""

    workspace: Workspace
    library: Library
    run: str
    master_kept: bool = False
    fingerprints: Fingerprints | None = None
    handed: dict[Path, Fingerprint] = field(default_factory=dict)

    @property
    def status_file(self) -> Path:
        """The run's status CSV."""
        return self.workspace.status_file(self.run)

    def look(self, files: Sequence[SessionFile]) -> None:
        """Keep in mind the content of files that are about to be handed over; those of a review are not read again."""
        try:
            if self.fingerprints is None:
                self.fingerprints = Fingerprints.load(self.workspace)
            seen = look_at([file.path for file in files], self.fingerprints)
        except TrackingFileError as error:
            log.warning("%s", error)
            return
        self.handed |= {path: one for path, one in seen.items() if one and one.checksum}

    def still(self, one: FileReview) -> bool:
        """Whether a file that was judged by its content still has it: a change shows in its size or time."""
        if self.fingerprints is None:
            self.fingerprints = Fingerprints.load(self.workspace)
        now = self.fingerprints.of(one.file.path)
        return now is not None and any(now.checksum == each.file.fingerprint.checksum for each in one.repeats)

    def record(self, settled: Sequence[Settled]) -> int:
        """Tell the tracking files what came of files, and return how many IDs the library did not have before.

        What they were told before is not written again, so that a journal can be played back.
        """
        became = [one for one in settled if one.status in _BECAME and one.creative]
        added = self.library.add(one.creative for one in became if one.creative)
        if became:
            self._complete_master(became)
        complete_status(self.workspace, self.run, settled)
        self._observe(became)
        return len(added)

    def _complete_master(self, became: Sequence[Settled]) -> None:
        """Write Creative IDs into the master; the first time in a run, the old one is kept as a backup."""
        found = [(one.file, one.creative_id, one.day) for one in became]
        bad = record_in_master(self.workspace, found, backup=None if self.master_kept else became[0].at)
        self.master_kept = True
        for line in bad:
            log.warning("%s:%d: moved to quarantine: %s", self.workspace.master.name, line.line, line.reason)

    def _observe(self, became: Sequence[Settled]) -> None:
        """The history is no part of what an upload needs: where it can't be written, the run goes on."""
        try:
            for at in dict.fromkeys(one.at for one in became):
                creatives = [one.creative for one in became if one.creative and one.at == at]
                History.of(self.workspace).record(creatives, source=Source.UPLOAD, now=at)
        except TrackingFileError as error:
            log.warning("%s", error)

    def remember(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Which content got which ID, so that it is known again under another name; only where it is certain.

        A file that changed after it was looked at, or that an earlier run handed over, may have been another content.
        """
        if self.fingerprints is None:
            return
        uploads = []
        for one in outcomes:
            seen = self.handed.get(one.file.path)
            if one.status is UploadStatus.SUCCESS and seen and self.fingerprints.of(one.file.path) == seen:
                kind = one.file.section.creative_type
                uploads.append(Upload(one.creative_id, one.file.name, kind, seen))
        try:
            self.fingerprints.keep_uploads(uploads, now=now)
        except TrackingFileError as error:
            log.warning("%s", error)

    def note(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Write rows of the status CSV alone."""
        append_status(self.workspace, self.run, outcomes, now=now)


def settled_of(
    outcome: Outcome, *, run: str, at: datetime, day: date, sizes: Mapping[str, str], retries: int = 0
) -> Settled | None:
    """The event for an outcome, None where nobody knows yet what came of the file.

    `day` is that of the hand-over, `sizes` the true `WIDTHxHEIGHT` by file name.
    """
    if outcome.status not in _KNOWN:
        return None
    ours = outcome.status is UploadStatus.SUCCESS
    return Settled(
        at=at,
        run=run,
        file=outcome.file,
        status=outcome.status,
        creative=_creative(outcome, day, sizes.get(outcome.file.name, "")),
        message=outcome.message,
        day=day if ours else None,
        retries=retries,
    )


def settled_by_library(one: FileReview, *, why: str, run: str, at: datetime) -> Settled | None:
    """The event for a half of a native pair that is there already: the other one's ad needs its ID."""
    creative = next((each for each in one.known if each.creative_id == one.creative_id), None)
    if creative is None or not one.file.pair:
        return None
    return Settled(at=at, run=run, file=one.file, status=UploadStatus.SKIPPED, creative=creative, message=why)


def _creative(one: Outcome, day: date, size: str) -> Creative | None:
    """An upload of ours has its full name and its day; one that was there before is recorded as the site shows it.

    But where that ends in an extension, it is the name of a file with two: else it would be taken for one with one.
    """
    if one.card is None:
        return None
    if one.status is not UploadStatus.SUCCESS:
        doubled = one.file.name if extension(one.card.name) else ""
        return creative_of(one.card, one.file.section, filename=doubled)
    shown = creative_of(one.card, one.file.section, filename=one.file.name, upload_date=day)
    return shown._replace(
        dimensions=shown.dimensions or size,
        file_type=shown.file_type or file_type(one.file.name),
    )


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
