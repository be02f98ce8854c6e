"""What a run tells: of its progress, and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tjtools.diff.session import FileReview
from tjtools.model.creative import UploadStatus
from tjtools.model.errors import TJToolsError
from tjtools.upload.pairing import Outcome


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
