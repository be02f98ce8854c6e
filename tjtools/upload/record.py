"""What a run writes down: library, master, status CSV, review history and fingerprints, in that order."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tjtools.cache.history import History, Source
from tjtools.cache.inventory import record_in_master
from tjtools.cache.library import Library
from tjtools.diff.session import FileReview
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints, Upload
from tjtools.media.looking import look_at
from tjtools.model.creative import SessionFile, UploadStatus
from tjtools.model.errors import TrackingFileError
from tjtools.upload.events import Settled
from tjtools.upload.pairing import Outcome
from tjtools.upload.runlog import STATUS_COLUMNS
from tjtools.workspace.csvfile import append_rows, read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.locks import locked

log = logging.getLogger("tjtools.upload")

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
        return now is not None and any(now.checksum == each.fingerprint.checksum for each in one.repeats)

    def record(self, settled: Sequence[Settled]) -> int:
        """Tell the tracking files what came of files, and return how many IDs the library did not have before.

        What they were told before is not written again, so that a journal can be played back.
        """
        became = [one for one in settled if one.status in _BECAME and one.creative]
        added = self.library.add(one.creative for one in became if one.creative)
        if became:
            self._complete_master(became)
        self._add_rows(self._row(one, one.at, one.creative_id, one.retries) for one in settled)
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
                uploads.append((one.file.path, Upload(one.creative_id, one.file.name, kind, seen)))
        try:
            self.fingerprints.keep_uploads(uploads, now=now)
        except TrackingFileError as error:
            log.warning("%s", error)

    def note(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Write rows of the status CSV alone."""
        append_rows(self.status_file, STATUS_COLUMNS, [self._row(one, now, one.creative_id, 0) for one in outcomes])

    def _add_rows(self, rows: Iterable[list[str]]) -> None:
        """The rows that the status CSV does not have yet."""
        with locked(self.status_file):
            there = {tuple(row.values()) for row in read_table(self.status_file, STATUS_COLUMNS).rows}
            append_rows(self.status_file, STATUS_COLUMNS, [row for row in rows if tuple(row) not in there])

    def _row(self, one: Outcome | Settled, at: datetime, creative_id: str, retries: int) -> list[str]:
        return [
            one.file.unique_id,
            one.file.name,
            self._shown(one.file),
            f"{at:%Y-%m-%d}",
            f"{at:%H:%M:%S}",
            "TrafficJunky",
            creative_id,
            one.status if isinstance(one.status, str) else one.status.value,
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
