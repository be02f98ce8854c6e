"""The CSVs that a run of the upload writes: its status CSV, and what it uploaded, ready to become ads.

`upload_logs/upload_status_YYYYMMDD_HHMMSS.csv` tells what each run wrote down, and what it became. For the campaign
uploader: `tracking/Upload_CSV/Batch###_YYYYMMDD_HHMMSS_Native.csv` and `…_Preroll.csv`, and beside each one more a
category. It takes at most 50 ads and 500 kB a file: what is beyond goes into `…_part2.csv` and so on.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from tjtools.diff.session import unclear_pairs
from tjtools.model.cells import told_id
from tjtools.model.creative import CreativeType, Key, Section, SessionFile, UploadStatus
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import cut_names, stem
from tjtools.upload.journal import Settled
from tjtools.upload.pairing import Outcome
from tjtools.workspace.csvfile import BadLine, append_rows, encoded, read_table, write_rows
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import CampaignCaps, CampaignSettings, load_limits

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("tjtools.upload")

NATIVE_COLUMNS = ("Ad Name", "Target URL", "Video Creative ID", "Thumbnail Creative ID", "Headline", "Brand Name")
PREROLL_COLUMNS = (
    "Ad Name",
    "Target URL",
    "Creative ID",
    "Custom CTA Text",
    "Custom CTA URL",
    "Banner CTA Creative ID",
    "Banner CTA Title",
    "Banner CTA Subtitle",
    "Banner CTA URL",
    "Tracking Pixel",
)
CAPPED = {  # which cap a column has
    "Ad Name": "ad_name",
    "Headline": "headline",
    "Brand Name": "brand_name",
    "Custom CTA Text": "call_to_action",
    "Banner CTA Title": "banner_title",
    "Banner CTA Subtitle": "banner_subtitle",
}
MOST_ADS = 50
MOST_BYTES = 500_000
LONGEST_SLUG = 60  # bytes of a category in the name of a file
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
WITHOUT_ID = {UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}
_LIVE = {UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}
_STARTED = "%Y%m%d_%H%M%S"
_BATCH = re.compile(r"Batch(\d+)_(\d{8}_\d{6})?")


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
    def problems_first(self) -> tuple[RecordedFile, ...]:
        """Its files, those first that got no Creative ID although they were to."""
        return tuple(sorted(self.files, key=lambda one: one.status not in WITHOUT_ID))

    @property
    def told(self) -> str:
        """How many files ended how, in words."""
        count = Counter(one.status for one in self.files)
        return " · ".join(f"{words}: {count[status]}" for status, words in OUTCOMES.items() if count[status])

    def report(self, place: str) -> str:
        """What came of each file of it, at this place, as a text to send or to keep."""
        rows = [
            "  ".join(filter(None, (f"{OUTCOMES[one.status]:16}", one.creative_id, one.name, one.message)))
            for one in self.problems_first
        ]
        return "\n".join((f"Upload {self.name}, {place}", self.told, "", *rows, ""))

    def packed(self, place: str) -> bytes:
        """All that it wrote, and the report, as one zip; raises OSError where a file of it can't be read."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in (self.status_file, *self.campaign_files):
                archive.writestr(path.name, path.read_bytes())
            archive.writestr("report.txt", self.report(place).encode("utf-8", "backslashreplace"))
        return made.getvalue()


class RunLog(NamedTuple):
    """What all runs came to, file by file, and what of it can't be read, in words.

    `rows` has one row a file and run, the oldest run first:

    | column | dtype | what |
    |---|---|---|
    | run | datetime64 | when the run started, local time |
    | batch | str | the number of the CSVs for the campaign uploader, `""` where it wrote none |
    | section, file_name, creative_id | str | `""` for an ID that is not known |
    | status | str | as `UploadStatus` has it |
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

    names = (_BATCH.match(path.name) for path in workspace.campaigns.glob("Batch*_*.csv"))
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
            (run, batches.get(stamp, ""), one.key[0].value, one.name, one.creative_id, one.status.value, one.message)
            for one in files
        ]
    texts = ("batch", "section", "file_name", "creative_id", "status", "message")
    kinds = {"run": "datetime64[us]"} | dict.fromkeys(texts, "str")
    return RunLog(pd.DataFrame(rows, columns=list(kinds)).astype(kinds), tuple(problems))


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


class Ad(NamedTuple):
    """One ad: the file that it is named after, and its values by their columns."""

    named_after: Settled
    values: dict[str, str]


def write_campaigns(
    folder: Path,
    outcomes: Sequence[Settled],
    settings: CampaignSettings,
    run: str,
    *,
    others: Sequence[SessionFile] = (),
    caps: CampaignCaps | None = None,
) -> tuple[Path, ...]:
    """Write the ads of one run, none where it uploaded nothing, and return the files; `run` is its name.

    A native ad needs both halves of its pair: at least one uploaded in this run, the other then or before. A pair ID
    that more files have, among them the `others` of the session, makes none. What is longer than its cap (the
    package's, if none are given) is cut, and said. A run that is gone on with has its files written anew, under its
    number.
    """
    caps = caps or load_limits().campaign
    native, preroll = _native(outcomes, others, settings), _preroll(outcomes, settings)
    prefix = f"Batch{_number_of(folder, run):03}_{run}"
    written: list[Path] = []
    for kind, columns, ads in (("Native", NATIVE_COLUMNS, native), ("Preroll", PREROLL_COLUMNS, preroll)):
        files: dict[str, tuple[str, list[list[str]]]] = {}  # some disks hold `Cars` and `cars` for one
        for ad in _fitted(ads, caps):
            for suffix in ("", f"_{_slug(ad.named_after.file.category)}"):
                _, rows = files.setdefault(suffix.casefold(), (suffix, []))
                rows.append([ad.values.get(column, "") for column in columns])
        for _, (suffix, rows) in sorted(files.items()):
            written += _write(folder, f"{prefix}_{kind}{suffix}", columns, rows)
    return tuple(written)


def _native(outcomes: Sequence[Settled], others: Sequence[SessionFile], settings: CampaignSettings) -> list[Ad]:
    unclear = unclear_pairs([*(one.file for one in outcomes), *others])
    for why in unclear.values():
        log.warning("No ad: %s", why)
    pairs: dict[str, dict[CreativeType, Settled]] = {}
    for one in outcomes:
        if one.file.pair and one.file.pair not in unclear and one.creative_id:
            pairs.setdefault(one.file.pair, {})[one.file.creative_type] = one
    ads: list[Ad] = []
    for halves in pairs.values():
        video, image = halves.get(CreativeType.NATIVE_VIDEO), halves.get(CreativeType.NATIVE_IMAGE)
        if video and image and UploadStatus.SUCCESS in (video.status, image.status):
            half = {"Thumbnail Creative ID": image.creative_id, "Headline": video.file.category}
            values = _values(video, "Video Creative ID", settings) | half | {"Brand Name": settings.brand_name}
            ads.append(Ad(video, values))
    return ads


def _preroll(outcomes: Sequence[Settled], settings: CampaignSettings) -> list[Ad]:
    call = {"Custom CTA Text": settings.call_to_action, "Custom CTA URL": settings.target_url}
    return [
        Ad(one, _values(one, "Creative ID", settings) | call)
        for one in outcomes
        if one.status is UploadStatus.SUCCESS and one.file.section is Section.IN_STREAM_VIDEO
    ]


def _values(one: Settled, column: str, settings: CampaignSettings) -> dict[str, str]:
    return {"Ad Name": stem(one.file.name), "Target URL": settings.target_url, column: one.creative_id}


def _fitted(ads: Sequence[Ad], caps: CampaignCaps) -> Iterator[Ad]:
    """The ads within their caps, each with a name of its own: the uploader refuses a whole file for one bad row."""
    whole = (ad.values["Ad Name"] for ad in ads)
    taken = {name.casefold() for name in whole if len(name) <= caps.ad_name}
    for ad in ads:
        cut = {}
        for column, cap in CAPPED.items():
            text, most = ad.values.get(column, ""), getattr(caps, cap)
            if len(text) <= most:
                continue
            cut[column] = text[:most].rstrip()
            if column == "Ad Name":
                file = ad.named_after.file
                names = cut_names(text, file.unique_id, ad.named_after.creative_id, most)
                cut[column] = next((name for name in names if name.casefold() not in taken), names[-1])
                taken.add(cut[column].casefold())
            log.warning("the %s of %s is cut to %d characters: %s", column, ad.named_after.file.name, most, cut[column])
        yield ad._replace(values=ad.values | cut)


def _write(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Path]:
    native = columns is NATIVE_COLUMNS
    head, *lengths = map(len, encoded(folder / name, [columns, *rows], quote_all=native))
    parts: list[list[Sequence[str]]] = []
    room = 0
    for row, length in zip(rows, lengths, strict=True):
        if length > room or len(parts[-1]) == MOST_ADS:
            parts.append([])
            room = MOST_BYTES - head
        parts[-1].append(row)
        room -= length
    for number, part in enumerate(parts, start=1):
        path = folder / (f"{name}.csv" if number == 1 else f"{name}_part{number}.csv")
        write_rows(path, columns, part, quote_all=native)
        yield path


def _number_of(folder: Path, run: str) -> int:
    """The batch number that the run has already, or one more than the highest that is there."""
    found = {path.name: int(match[1]) for path in folder.glob("Batch*_*.csv") if (match := _BATCH.match(path.name))}
    own = [number for name, number in found.items() if name.partition("_")[2].startswith(f"{run}_")]
    return own[0] if own else max(found.values(), default=0) + 1


def _slug(category: str) -> str:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFC", category))
    slug = re.sub(r"[^\w-]+", "-", plain).strip("-") or "Uncategorised"
    if len(slug.encode()) <= LONGEST_SLUG:
        return slug
    return f"{slug.encode()[:LONGEST_SLUG].decode(errors='ignore')}-{crc32(slug.encode()):08X}"
