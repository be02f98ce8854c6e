"""The CSVs for the campaign uploader: what a run uploaded, ready to become ads.

`tracking/Upload_CSV/Batch###_YYYYMMDD_HHMMSS_Native.csv` and `…_Preroll.csv`, and beside each one more a category. The
campaign uploader takes at most 50 ads and 500 kB a file: what is beyond goes into `…_part2.csv` and so on.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from zlib import crc32

from tjtools.diff.session import unclear_pairs
from tjtools.model.creative import CreativeType, Section, SessionFile, UploadStatus
from tjtools.model.names import stem
from tjtools.upload.events import Settled
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.settings import CampaignSettings

log = logging.getLogger("tjtools.upload")

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
LONGEST_SLUG = 60  # bytes of a category in the name of a file
_NUMBER = re.compile(r"Batch(\d+)_")

Ad = tuple[str, tuple[str, ...]]  # its category and its row


def write_campaigns(
    folder: Path,
    outcomes: Sequence[Settled],
    settings: CampaignSettings,
    run: str,
    *,
    others: Sequence[SessionFile] = (),
) -> tuple[Path, ...]:
    """Write the ads of one run, none where it uploaded nothing, and return the files; `run` is its name.

    A native ad needs both halves of its pair: at least one uploaded in this run, the other then or before. A pair ID
    that more files have, among them the `others` of the session, makes none. A run that is gone on with has its files
    written anew, under its number.
    """
    kinds = (
        ("Native", NATIVE_COLUMNS, _native(outcomes, others, settings)),
        ("Preroll", PREROLL_COLUMNS, _preroll(outcomes, settings)),
    )
    if not any(ads for _, _, ads in kinds):
        return ()
    prefix = f"Batch{_number_of(folder, run):03}_{run}"
    written: list[Path] = []
    for kind, columns, ads in kinds:
        written += _write(folder, f"{prefix}_{kind}", columns, [row for _, row in ads])
        by_category: dict[str, list[Ad]] = {}
        for ad in ads:
            by_category.setdefault(_slug(ad[0]).casefold(), []).append(ad)  # some disks hold `Cars` and `cars` for one
        for _, chosen in sorted(by_category.items()):
            name = f"{prefix}_{kind}_{_slug(chosen[0][0])}"
            written += _write(folder, name, columns, [row for _, row in chosen])
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


def _preroll(outcomes: Iterable[Settled], settings: CampaignSettings) -> list[Ad]:
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


def _number_of(folder: Path, run: str) -> int:
    """The batch number that the run has already, or one more than the highest that is there."""
    found = {path.name: int(match[1]) for path in folder.glob("Batch*_*.csv") if (match := _NUMBER.match(path.name))}
    own = [number for name, number in found.items() if name.partition("_")[2].startswith(f"{run}_")]
    return own[0] if own else max(found.values(), default=0) + 1


def _slug(category: str) -> str:
    """A category as part of a file's name, which can't be longer than 255 bytes in all."""
    slug = re.sub(r"[^\w-]+", "-", category).strip("-") or "Uncategorised"
    if len(slug.encode()) <= LONGEST_SLUG:
        return slug
    return f"{slug.encode()[:LONGEST_SLUG].decode(errors='ignore')}-{crc32(slug.encode()):08X}"
