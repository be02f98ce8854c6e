"""What a run writes down: library, master, status CSV, review history and fingerprints, in that order."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from tjtools.cache import Library
from tjtools.csvfile import append_rows
from tjtools.diff import FileReview
from tjtools.errors import TrackingFileError
from tjtools.fingerprints import Fingerprints, Upload
from tjtools.history import History, Source
from tjtools.listing import creative_of
from tjtools.looking import look_at
from tjtools.media import Fingerprint
from tjtools.models import Creative, SessionFile, UploadStatus
from tjtools.naming import file_type
from tjtools.session import record_in_master
from tjtools.upload.pairing import Outcome
from tjtools.workspace import Workspace

log = logging.getLogger("tjtools.upload")

STATUS_COLUMNS = (
    "unique_id",
    "file_name",
    "file_path",
    "upload_date",
    "upload_time",
    "platform",
    "tj_creative_id",
    "status",
    "error_message",
    "creative_type",
    "native_pair_id",
    "retries",
)


@dataclass
class Records:
    """The files that one run writes into."""

    workspace: Workspace
    library: Library
    status_file: Path
    master_kept: bool = False
    fingerprints: Fingerprints | None = None
    handed: dict[Path, Fingerprint] = field(default_factory=dict)

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
        return now is not None and any(now.checksum == each.fingerprint.checksum for each in one.repeats)

    def confirm(
        self, outcomes: Sequence[Outcome], *, now: datetime, sizes: Mapping[str, str], retries: Mapping[str, int]
    ) -> int:
        """Write down what came of a batch, and return how many IDs the library did not have before."""
        identified = [one for one in outcomes if one.card is not None]
        creatives = [_creative(one, now, sizes.get(one.file.name, "")) for one in identified]
        added = self.library.add(creatives)
        if identified:
            self.complete_master([(one.file, one.creative_id, _day(one, now)) for one in identified], now=now)
        self.note(outcomes, now=now, retries=retries)
        self._observe(creatives, now)
        self._remember(outcomes, now)
        return len(added)

    def complete_master(self, found: Sequence[tuple[SessionFile, str, date | None]], *, now: datetime) -> None:
        """Write Creative IDs into the master; the first time in a run, the old one is kept as a backup."""
        bad = record_in_master(self.workspace, found, backup=None if self.master_kept else now)
        self.master_kept = True
        for line in bad:
            log.warning("%s:%d: moved to quarantine: %s", self.workspace.master.name, line.line, line.reason)

    def _observe(self, creatives: Sequence[Creative], now: datetime) -> None:
        """The history is no part of what an upload needs: where it can't be written, the run goes on."""
        try:
            History.of(self.workspace).record(creatives, source=Source.UPLOAD, now=now)
        except TrackingFileError as error:
            log.warning("%s", error)

    def _remember(self, outcomes: Sequence[Outcome], now: datetime) -> None:
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
                uploads.append((one.file.path, Upload(one.creative_id, one.file.name, kind, seen)))
        try:
            self.fingerprints.keep_uploads(uploads, now=now)
        except TrackingFileError as error:
            log.warning("%s", error)

    def note(self, outcomes: Sequence[Outcome], *, now: datetime, retries: Mapping[str, int] | None = None) -> None:
        """Write rows of the status CSV alone."""
        rows = [self._row(one, now, (retries or {}).get(one.file.name, 0)) for one in outcomes]
        append_rows(self.status_file, STATUS_COLUMNS, rows)

    def _row(self, one: Outcome, now: datetime, retries: int) -> list[str]:
        return [
            one.file.unique_id,
            one.file.name,
            self._shown(one.file),
            f"{now:%Y-%m-%d}",
            f"{now:%H:%M:%S}",
            "TrafficJunky",
            one.creative_id,
            one.status.value,
            one.message,
            one.file.creative_type.value,
            one.file.native_pair_id,
            str(retries),
        ]

    def _shown(self, file: SessionFile) -> str:
        """The path inside the workspace, or the whole path of a file that a person named elsewhere."""
        if file.path.is_relative_to(self.workspace.root):
            return file.path.relative_to(self.workspace.root).as_posix()
        return str(file.path)


def _creative(one: Outcome, now: datetime, size: str) -> Creative:
    """An upload of ours has its full name and its day; one that was there before is recorded as the site shows it."""
    if one.card is None:
        msg = f"{one.file.name} has no card"
        raise ValueError(msg)
    if one.status is not UploadStatus.SUCCESS:
        return creative_of(one.card, one.file.section)
    shown = creative_of(one.card, one.file.section, filename=one.file.name, upload_date=now.date())
    return shown._replace(
        dimensions=shown.dimensions or size,
        file_type=shown.file_type or file_type(one.file.name),
    )


def _day(one: Outcome, now: datetime) -> date | None:
    return now.date() if one.status is UploadStatus.SUCCESS else None
