"""What a run of the upload wrote down, file by file: `upload_logs/upload_status_YYYYMMDD_HHMMSS.csv`."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tjtools.model.cells import told_id
from tjtools.model.creative import CreativeType, Key, UploadStatus
from tjtools.model.errors import TrackingFileError
from tjtools.upload.campaign import BATCH
from tjtools.upload.handover import Outcome
from tjtools.upload.journal import NOT_BEGUN, Journal, Settled
from tjtools.workspace.csvfile import BadLine, append_rows, read_table
from tjtools.workspace.disk import locked
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

OUTCOMES = {  # in words for a person
    UploadStatus.FAILED: "✗ failed",
    UploadStatus.UNKNOWN_ID: "? ID unknown",
    UploadStatus.SUCCESS: "✓ uploaded",
    UploadStatus.DUPLICATE: "≡ was on the site",
    UploadStatus.SKIPPED: "○ skipped",
    UploadStatus.DRY_RUN: "○ dry run",
}
UNBEGUN = "not_begun"  # in the rows of all runs
_LEFT = f"○ {NOT_BEGUN}"
_RETRYABLE = {UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}
_LIVE = _RETRYABLE | {UploadStatus.SUCCESS, UploadStatus.DUPLICATE}
_STARTED = "%Y%m%d_%H%M%S"  # what a run is called after


def free_name(workspace: Workspace, at: datetime) -> str:
    """What a run that begins then is called: a time that no other run and no campaign bears."""
    begun = {event.run for event in Journal(workspace.log).events()}

    def taken(run: str) -> bool:
        return run in begun or workspace.status_file(run).exists() or any(workspace.campaigns.glob(f"Batch*_{run}_*"))

    while taken(f"{at:{_STARTED}}"):
        at += timedelta(seconds=1)
    return f"{at:{_STARTED}}"


def not_begun(one: RecordedFile | Outcome) -> bool:
    """Whether the run was stopped before it came to the file, which is `skipped` in the status CSV."""
    return one.status is UploadStatus.SKIPPED and one.message.startswith(NOT_BEGUN)


def in_words(one: RecordedFile) -> str:
    """What came of a file, for a person."""
    return _LEFT if not_begun(one) else OUTCOMES[one.status]


class RecordedFile(NamedTuple):
    """One row of a status CSV; `creative_id` is `""` where none is known."""

    name: str
    creative_type: CreativeType
    status: UploadStatus
    creative_id: str
    message: str

    @property
    def key(self) -> Key:
        """Its section and name."""
        return self.creative_type.section, self.name

    @property
    def retryable(self) -> bool:
        """Whether it got no Creative ID although it was to."""
        return self.status in _RETRYABLE


class RecordedRun(NamedTuple):
    """One run as its files tell it; `bad_lines` are those of the status CSV that can't be understood."""

    status_file: Path
    files: tuple[RecordedFile, ...]
    campaign_files: tuple[Path, ...]
    bad_lines: tuple[BadLine, ...] = ()

    @property
    def name(self) -> str:
        """When it began, as its files are called: `20251113_120000`."""
        return self.status_file.stem.removeprefix("upload_status_")

    @property
    def what_matters_first(self) -> tuple[RecordedFile, ...]:
        """Its files: what got no Creative ID although it was to, what got one, what stayed here, what was there."""

        def place(one: RecordedFile) -> tuple[bool, bool, bool]:
            skipped = one.status is UploadStatus.SKIPPED
            return not one.retryable, skipped, skipped and bool(one.creative_id)

        return tuple(sorted(self.files, key=place))

    @property
    def told(self) -> str:
        """How many files ended how, in words."""
        count = Counter(map(in_words, self.files))
        return " · ".join(f"{words}: {count[words]}" for words in (*OUTCOMES.values(), _LEFT) if count[words])

    def report(self, place: str) -> str:
        """What came of each file of it, at this place, as a text to send or to keep."""
        rows = [
            "  ".join(filter(None, (f"{in_words(one):16}", one.creative_id, one.name, one.message)))
            for one in self.what_matters_first
        ]
        return "\n".join((f"Upload {self.name}, {place}", self.told, "", *rows, ""))

    def packed(self, place: str) -> bytes:
        """All that it wrote, and the report, as one zip; raises OSError where a file of it can't be read."""
        report = self.report(place).encode("utf-8", "backslashreplace")
        return zipped((self.status_file, *self.campaign_files), {"report.txt": report})


def zipped(files: Iterable[Path], more: Mapping[str, bytes] = {}) -> bytes:
    """These files, and what else there is by its name, as one zip; raises OSError where a file can't be read."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*((path.name, path.read_bytes()) for path in files), *more.items()]:
            archive.writestr(name, data)
    return made.getvalue()


class RunLog(NamedTuple):
    """What all runs came to, file by file, and what of it can't be read, in words.

    `rows` has one row a file and run, the oldest run first:

    | column | dtype | what |
    |---|---|---|
    | run | datetime64 | when the run started, local time |
    | batch | str | the number of the CSVs for the campaign uploader, `""` where it wrote none |
    | section, file_name, creative_id | str | `""` for an ID that is not known |
    | status | str | as `UploadStatus` has it, or `not_begun`, which is `skipped` in the CSV |
    | message | str | why it failed or was skipped |

    Of several rows for a file in one run the last one counts.
    """

    rows: pd.DataFrame
    problems: tuple[str, ...]


def status_files(workspace: Workspace) -> list[Path]:
    """The status CSVs of all runs, the oldest first."""
    return sorted(workspace.upload_logs.glob("upload_status_*.csv"))


def read_run(workspace: Workspace, status_file: Path) -> RecordedRun:
    """Read what a run wrote down; a status CSV that is not there tells of no file. A file's last row counts.

    Raises `WrongHeader`, `NotText` or `TrackingFileError` for one that can't be read.
    """
    files, bad = _read(status_file)
    run = RecordedRun(status_file, files, (), bad)
    return run._replace(campaign_files=tuple(sorted(workspace.campaigns.glob(f"Batch*_{run.name}_*.csv"))))


def _read(status_file: Path) -> tuple[tuple[RecordedFile, ...], tuple[BadLine, ...]]:
    table = read_table(status_file, STATUS_COLUMNS)
    files: dict[Key, RecordedFile] = {}
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
    return tuple(files.values()), tuple(bad)


def last_live_run(workspace: Workspace) -> RecordedRun | None:
    """The last run that handed files over, None where there is none yet; raises what `read_run` raises."""
    for path in reversed(status_files(workspace)):
        run = read_run(workspace, path)
        if any(one.status in _LIVE for one in run.files):
            return run
    return None


def load_runs(workspace: Workspace) -> RunLog:
    """Read every run's status CSV; one that can't be read, and a line that can't, is told in `problems`."""
    import pandas as pd

    names = (BATCH.match(path.name) for path in workspace.campaigns.glob("Batch*_*.csv"))
    batches = {match[2]: match[1] for match in names if match}
    rows: list[tuple[object, ...]] = []
    problems: list[str] = []
    for path in status_files(workspace):
        stamp = path.stem.removeprefix("upload_status_")
        run = pd.to_datetime(stamp, format=_STARTED, errors="coerce")
        if pd.isna(run) or f"{run:{_STARTED}}" != stamp:
            problems.append(f"{path.name}: its name tells no time, as upload_status_20251113_120000.csv does")
            continue
        try:
            files, bad = _read(path)
        except TrackingFileError as error:
            problems.append(f"{path.name}: {error.message}")
            continue
        problems += [f"{path.name}:{one.line}: {one.reason}" for one in bad]
        rows += [
            (run, batches.get(stamp, ""), one.key[0].value, one.name, one.creative_id, _status(one), one.message)
            for one in files
        ]
    texts = ("batch", "section", "file_name", "creative_id", "status", "message")
    kinds = {"run": "datetime64[us]"} | dict.fromkeys(texts, "str")
    return RunLog(pd.DataFrame(rows, columns=list(kinds)).astype(kinds), tuple(problems))


def _status(one: RecordedFile) -> str:
    return UNBEGUN if not_begun(one) else one.status.value


def status_row(workspace: Workspace, one: Outcome | Settled, at: datetime, retries: int = 0) -> tuple[str, ...]:
    """What a run's status CSV says of a file; its path inside the workspace, or whole where a person named it."""
    path, root = one.file.path, workspace.root
    return (
        one.file.unique_id,
        one.file.name,
        path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path),
        f"{at:%Y-%m-%d}",
        f"{at:%H:%M:%S}",
        "TrafficJunky",
        one.creative_id,
        one.status if isinstance(one.status, str) else one.status.value,
        one.message,
        one.file.creative_type.value,
        one.file.native_pair_id,
        str(retries),
    )


def add_status(workspace: Workspace, run: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Add the rows that a run's status CSV does not have yet."""
    path = workspace.status_file(run)
    with locked(path):
        there = {tuple(row.values()) for row in read_table(path, STATUS_COLUMNS).rows}
        append_rows(path, STATUS_COLUMNS, [row for row in rows if row not in there])
