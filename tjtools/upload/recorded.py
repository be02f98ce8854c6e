"""What earlier runs wrote down: read back from their status CSV, so that it holds after a restart too."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tjtools.model.cells import told_id
from tjtools.model.creative import CreativeType, Section, UploadStatus
from tjtools.upload.runlog import STATUS_COLUMNS
from tjtools.workspace.csvfile import BadLine, read_table
from tjtools.workspace.folder import Workspace

_LIVE = {UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}


class RecordedFile(NamedTuple):
    """One row of a status CSV; `creative_id` is `""` where none is known."""

    name: str
    creative_type: CreativeType
    status: UploadStatus
    creative_id: str
    message: str

    @property
    def key(self) -> tuple[Section, str]:
        """Its section and name."""
        return self.creative_type.section, self.name


class RecordedRun(NamedTuple):
    """One run as its files tell it; `bad_lines` are those of the status CSV that can't be understood."""

    status_file: Path
    files: tuple[RecordedFile, ...]
    campaign_files: tuple[Path, ...]
    bad_lines: tuple[BadLine, ...] = ()

    def count(self, status: UploadStatus) -> int:
        """How many files ended so."""
        return sum(one.status is status for one in self.files)


def read_run(workspace: Workspace, status_file: Path) -> RecordedRun:
    """Read what a run wrote down; a status CSV that is not there tells of no file. A file's last row counts.

    Raises `WrongHeader`, `NotText` or `TrackingFileError` for one that can't be read.
    """
    table = read_table(status_file, STATUS_COLUMNS)
    files: dict[tuple[Section, str], RecordedFile] = {}
    bad = list(table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            kind, status = CreativeType.parse(row["creative_type"]), UploadStatus(row["status"])
        except ValueError as error:
            bad.append(BadLine(line, str(error), ",".join(row.values())))
        else:
            creative_id = told_id(row["tj_creative_id"])
            one = RecordedFile(row["file_name"], kind, status, creative_id, row["error_message"])
            files[one.key] = one
    stamp = status_file.stem.removeprefix("upload_status_")
    campaigns = sorted(workspace.campaigns.glob(f"Batch*_{stamp}_*.csv"))
    return RecordedRun(status_file, tuple(files.values()), tuple(campaigns), tuple(bad))


def last_live_run(workspace: Workspace) -> RecordedRun | None:
    """The last run that handed files over, None where there is none yet; raises what `read_run` raises."""
    for path in sorted(workspace.upload_logs.glob("upload_status_*.csv"), reverse=True):
        run = read_run(workspace, path)
        if any(one.status in _LIVE for one in run.files):
            return run
    return None
