"""What each run of the upload wrote down: `upload_logs/upload_status_YYYYMMDD_HHMMSS.csv`, and the batch it became."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tjtools.model.cells import told_id
from tjtools.model.creative import CreativeType, UploadStatus
from tjtools.model.errors import TrackingFileError
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    import pandas as pd

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


class RunLog(NamedTuple):
    """What all runs came to, file by file, and what of it can't be read, in words.

    `rows` has one row a file and run, the oldest run first:

    | column | dtype | what |
    |---|---|---|
    | run | datetime64 | when the run started, local time |
    | batch | str | the number of the CSVs for the campaign uploader, `""` where it wrote none |
    | section, file_name, creative_id | str | `""` for an ID that is not known |
    | status | str | as `models.UploadStatus` has it |
    | message | str | why it failed or was skipped |

    Of several rows for a file in one run the last one counts.
    """

    rows: pd.DataFrame
    problems: tuple[str, ...]


def load_runs(workspace: Workspace) -> RunLog:
    """Read every run's status CSV; one that can't be read, and a line that can't, is told in `problems`."""
    import pandas as pd

    batches = _batches(workspace)
    rows: list[tuple[object, ...]] = []
    problems: list[str] = []
    for path in sorted(workspace.upload_logs.glob("upload_status_*.csv")):
        stamp = re.fullmatch(r"upload_status_(\d{8}_\d{6})", path.stem)
        run = pd.to_datetime(stamp[1] if stamp else "", format="%Y%m%d_%H%M%S", errors="coerce")
        if stamp is None or pd.isna(run):
            problems.append(f"{path.name}: its name tells no time, as upload_status_20251113_120000.csv does")
            continue
        found, wrong = _files(path)
        problems += wrong
        rows += ((run, batches.get(stamp[1], ""), *file) for file in found)
    frame = pd.DataFrame(rows, columns=list(_ROWS)).astype(_ROWS)
    return RunLog(frame, tuple(problems))


_ROWS = {"run": "datetime64[us]"} | dict.fromkeys(
    ("batch", "section", "file_name", "creative_id", "status", "message"), "str"
)


def _files(path: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    """One run's files, and what can't be read."""
    try:
        table = read_table(path, STATUS_COLUMNS)
    except TrackingFileError as error:
        return [], [f"{path.name}: {error.message}"]
    problems = [f"{path.name}:{bad.line}: {bad.reason}" for bad in table.bad]
    files = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            section = CreativeType.parse(row["creative_type"]).section.value
            status = UploadStatus(row["status"]).value
        except ValueError as error:
            problems.append(f"{path.name}:{line}: {error}")
        else:
            told = (section, row["file_name"], told_id(row["tj_creative_id"]), status, row["error_message"])
            files[told[:2]] = told
    return list(files.values()), problems


def _batches(workspace: Workspace) -> dict[str, str]:
    """The batch numbers, by the times at which the runs started."""
    names = (path.name for path in workspace.campaigns.glob("Batch*_*.csv"))
    found = (re.match(r"Batch(\d+)_(\d{8}_\d{6})_", name) for name in names)
    return {match[2]: match[1] for match in found if match}
