"""The CSVs for the campaign uploader: what a run uploaded, ready to become ads.

`tracking/Upload_CSV/Batch###_YYYYMMDD_HHMMSS_Native.csv` and `…_Preroll.csv`, and beside each one more a category. The
campaign uploader takes at most 50 ads and 500 kB a file: what is beyond goes into `…_part2.csv` and so on.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from tjtools.csvfile import write_rows
from tjtools.models import CreativeType, Section, UploadStatus
from tjtools.naming import stem
from tjtools.settings import CampaignSettings
from tjtools.upload.pairing import Outcome

NATIVE_COLUMNS = (
    "Ad Name",
    "Target URL",
    "Video Creative ID",
    "Thumbnail Creative ID",
    "Headline",
    "Brand Name",
)
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
MOST_ADS = 50
MOST_BYTES = 500_000

Ad = tuple[str, tuple[str, ...]]  # its category and its row


def write_campaigns(
    folder: Path, outcomes: Sequence[Outcome], settings: CampaignSettings, started: datetime
) -> tuple[Path, ...]:
    """Write the ads of one run, none where it uploaded nothing, and return the files.

    A native ad needs both halves of its pair: at least one uploaded in this run, the other then or before.
    """
    kinds = (
        ("Native", NATIVE_COLUMNS, _native(outcomes, settings)),
        ("Preroll", PREROLL_COLUMNS, _preroll(outcomes, settings)),
    )
    if not any(ads for _, _, ads in kinds):
        return ()
    prefix = f"Batch{_next_number(folder):03}_{started:%Y%m%d_%H%M%S}"
    written: list[Path] = []
    for kind, columns, ads in kinds:
        written += _write(folder, f"{prefix}_{kind}", columns, [row for _, row in ads])
        for category in sorted({_slug(category) for category, _ in ads}):
            chosen = [row for one, row in ads if _slug(one) == category]
            written += _write(folder, f"{prefix}_{kind}_{category}", columns, chosen)
    return tuple(written)


def _native(outcomes: Iterable[Outcome], settings: CampaignSettings) -> list[Ad]:
    pairs: dict[str, dict[CreativeType, Outcome]] = {}
    for one in outcomes:
        if one.file.native_pair_id and one.creative_id:
            pairs.setdefault(one.file.native_pair_id, {})[one.file.creative_type] = one
    ads: list[Ad] = []
    for halves in pairs.values():
        video, image = halves.get(CreativeType.NATIVE_VIDEO), halves.get(CreativeType.NATIVE_IMAGE)
        if video and image and UploadStatus.SUCCESS in (video.status, image.status):
            row = (
                stem(video.file.name),
                settings.target_url,
                video.creative_id,
                image.creative_id,
                video.file.category,
                settings.brand_name,
            )
            ads.append((video.file.category, row))
    return ads


def _preroll(outcomes: Iterable[Outcome], settings: CampaignSettings) -> list[Ad]:
    return [
        (
            one.file.category,
            (
                stem(one.file.name),
                settings.target_url,
                one.creative_id,
                settings.call_to_action,
                settings.target_url,
                "",
                "",
                "",
                "",
                "",
            ),
        )
        for one in outcomes
        if one.status is UploadStatus.SUCCESS and one.file.section is Section.IN_STREAM_VIDEO
    ]


def _write(folder: Path, name: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> list[Path]:
    native = columns is NATIVE_COLUMNS
    written = []
    for number, part in enumerate(_parts(columns, rows, quote_all=native), start=1):
        path = folder / (f"{name}.csv" if number == 1 else f"{name}_part{number}.csv")
        write_rows(path, columns, part, quote_all=native)
        written.append(path)
    return written


def _parts(
    columns: Sequence[str], rows: Sequence[tuple[str, ...]], *, quote_all: bool
) -> Iterable[list[tuple[str, ...]]]:
    """Cut where the next ad would be one too many, or one byte too much."""
    head = _bytes(columns, quote_all=quote_all)
    part: list[tuple[str, ...]] = []
    size = head
    for row in rows:
        length = _bytes(row, quote_all=quote_all)
        if part and (len(part) == MOST_ADS or size + length > MOST_BYTES):
            yield part
            part, size = [], head
        part.append(row)
        size += length
    if part:
        yield part


def _bytes(row: Sequence[str], *, quote_all: bool) -> int:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL, lineterminator="\n").writerow(row)
    return len(text.getvalue().encode())


def _next_number(folder: Path) -> int:
    """One more than the highest batch number that is there."""
    found = [re.match(r"Batch(\d+)_", path.name) for path in folder.glob("Batch*_*.csv")]
    return max((int(match[1]) for match in found if match), default=0) + 1


def _slug(category: str) -> str:
    """A category as part of a file's name."""
    return re.sub(r"[^\w-]+", "-", category).strip("-") or "Uncategorised"
