"""The CSVs for the campaign uploader: what a run uploaded, ready to become ads.

`tracking/Upload_CSV/Batch###_YYYYMMDD_HHMMSS_Native.csv` and `…_Preroll.csv`, and beside each one more a category. The
campaign uploader takes at most 50 ads and 500 kB a file: what is beyond goes into `…_part2.csv` and so on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

from tjtools.diff.session import unclear_pairs
from tjtools.model.creative import CreativeType, Section, SessionFile, UploadStatus
from tjtools.model.names import stem
from tjtools.upload.journal import Settled
from tjtools.workspace.csvfile import encoded, write_rows
from tjtools.workspace.settings import CampaignSettings

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
MOST_ADS = 50
MOST_BYTES = 500_000
LONGEST_SLUG = 60  # bytes of a category in the name of a file
_NUMBER = re.compile(r"Batch(\d+)_")

Ad = tuple[str, dict[str, str]]  # its category, and its values by their columns


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
    native, preroll = _native(outcomes, others, settings), _preroll(outcomes, settings)
    prefix = f"Batch{_number_of(folder, run):03}_{run}"
    written: list[Path] = []
    for kind, columns, ads in (("Native", NATIVE_COLUMNS, native), ("Preroll", PREROLL_COLUMNS, preroll)):
        files: dict[str, tuple[str, list[list[str]]]] = {}  # some disks hold `Cars` and `cars` for one
        for category, ad in ads:
            for suffix in ("", f"_{_slug(category)}"):
                _, rows = files.setdefault(suffix.casefold(), (suffix, []))
                rows.append([ad.get(column, "") for column in columns])
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
            ad = _ad(video, "Video Creative ID", settings) | half | {"Brand Name": settings.brand_name}
            ads.append((video.file.category, ad))
    return ads


def _preroll(outcomes: Sequence[Settled], settings: CampaignSettings) -> list[Ad]:
    call = {"Custom CTA Text": settings.call_to_action, "Custom CTA URL": settings.target_url}
    return [
        (one.file.category, _ad(one, "Creative ID", settings) | call)
        for one in outcomes
        if one.status is UploadStatus.SUCCESS and one.file.section is Section.IN_STREAM_VIDEO
    ]


def _ad(one: Settled, column: str, settings: CampaignSettings) -> dict[str, str]:
    return {"Ad Name": stem(one.file.name), "Target URL": settings.target_url, column: one.creative_id}


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
    found = {path.name: int(match[1]) for path in folder.glob("Batch*_*.csv") if (match := _NUMBER.match(path.name))}
    own = [number for name, number in found.items() if name.partition("_")[2].startswith(f"{run}_")]
    return own[0] if own else max(found.values(), default=0) + 1


def _slug(category: str) -> str:
    slug = re.sub(r"[^\w-]+", "-", category).strip("-") or "Uncategorised"
    if len(slug.encode()) <= LONGEST_SLUG:
        return slug
    return f"{slug.encode()[:LONGEST_SLUG].decode(errors='ignore')}-{crc32(slug.encode()):08X}"
