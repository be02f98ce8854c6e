"""The CSVs for the campaign uploader: the ads of a run, and those of what is approved now, are written here alone.

`tracking/Upload_CSV/Batch###_YYYYMMDD_HHMMSS_Native.csv` and `…_Preroll.csv`, and beside each one more a category. The
uploader takes at most 50 ads and 500 kB a file: what is beyond goes into `…_part2.csv` and so on.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from zlib import crc32

from tjtools.diff.session import unclear_pairs
from tjtools.model.creative import CreativeType, Section, SessionFile, UploadStatus
from tjtools.model.names import cut_names, stem
from tjtools.upload.journal import Settled
from tjtools.workspace.csvfile import encoded, write_rows
from tjtools.workspace.disk import locked
from tjtools.workspace.limits import CampaignCaps, load_limits
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
COLUMNS = {"Native": NATIVE_COLUMNS, "Preroll": PREROLL_COLUMNS}
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
PLACEHOLDER = "PLACEHOLDER"  # how a setting begins that nobody has set
BATCH = re.compile(r"Batch(\d+)_(\d{8}_\d{6})?")


class Half(NamedTuple):
    """A creative with what its ad takes from file and inventory: an in-stream video, or one half of a native pair."""

    name: str
    creative_id: str
    category: str = ""
    unique_id: str = ""


class Texts(NamedTuple):
    """What ads say beside names and IDs; `headline` is `""` where it is the category."""

    target_url: str
    brand_name: str
    call_to_action: str
    headline: str = ""

    @classmethod
    def of(cls, settings: CampaignSettings) -> Texts:
        """What they say where nobody says otherwise."""
        return cls(settings.target_url, settings.brand_name, settings.call_to_action)

    @property
    def unset(self) -> tuple[str, ...]:
        """Those that nobody has set."""
        return tuple(text for text in self if text.startswith(PLACEHOLDER))


class Ad(NamedTuple):
    """One ad of a kind of `COLUMNS`, its values by them, and what is to be said of it; it is named after a half."""

    kind: str
    named_after: Half
    values: dict[str, str]
    notes: tuple[str, ...] = ()


class CampaignFile(NamedTuple):
    """A CSV that is to be written: at most so many ads, and bytes, as the uploader takes."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def native_ad(video: Half, image: Half, texts: Texts) -> Ad:
    """The ad of a native pair."""
    values = {
        "Ad Name": stem(video.name),
        "Target URL": texts.target_url,
        "Video Creative ID": video.creative_id,
        "Thumbnail Creative ID": image.creative_id,
        "Headline": texts.headline or video.category,
        "Brand Name": texts.brand_name,
    }
    return Ad("Native", video, values)


def preroll_ad(video: Half, texts: Texts) -> Ad:
    """The ad of an in-stream video."""
    values = {
        "Ad Name": stem(video.name),
        "Target URL": texts.target_url,
        "Creative ID": video.creative_id,
        "Custom CTA Text": texts.call_to_action,
        "Custom CTA URL": texts.target_url,
    }
    return Ad("Preroll", video, values)


def why_no_address(text: str) -> str:
    """Why an ad can't lead there, in words; `""` if it can. The network's `{macros}` may stand in it.

    >>> why_no_address("example.com"), why_no_address("https://example.com/?id={CampaignID}")
    ("'example.com' is no address like https://example.com/page", '')
    """
    with suppress(ValueError):  # brackets that are no IPv6 address
        if re.fullmatch(r"(?i)https?://\S+", text) and urlsplit(text).hostname:
            return ""
    return f"{text!r} is no address like https://example.com/page"


def write_campaigns(
    folder: Path,
    outcomes: Sequence[Settled],
    settings: CampaignSettings,
    run: str,
    *,
    others: Sequence[SessionFile] = (),
    caps: CampaignCaps | None = None,
    backup: datetime | None = None,
) -> tuple[Path, ...]:
    """Write the ads of one run, none where it uploaded nothing, and return the files; `run` is its name.

    A native ad needs both halves of its pair: at least one uploaded in this run, the other then or before. A pair ID
    that more files have, among them the `others` of the session, makes none. What is longer than its cap (the
    package's, if none are given) is cut, and said. A run that is gone on with has its files written anew, under its
    number: those that are there, where a person may have written, are kept under the time `backup`.
    """
    texts, caps = Texts.of(settings), caps or load_limits().campaign
    ads = fitted([*_native(outcomes, others, texts), *_preroll(outcomes, texts)], caps)
    if ads and texts.target_url not in texts.unset and (why := why_no_address(texts.target_url)):
        log.warning("The campaign uploader will not take these ads, target_url in tjtools.toml: %s", why)
    return tuple(file.path for file in write_ads(folder, ads, run, backup))


def _native(outcomes: Sequence[Settled], others: Sequence[SessionFile], texts: Texts) -> Iterator[Ad]:
    unclear = unclear_pairs([*(one.file for one in outcomes), *others])
    for why in unclear.values():
        log.warning("No ad: %s", why)
    pairs: dict[str, dict[CreativeType, Settled]] = {}
    for one in outcomes:
        if one.file.pair and one.file.pair not in unclear and one.creative_id:
            pairs.setdefault(one.file.pair, {})[one.file.creative_type] = one
    for halves in pairs.values():
        video, image = halves.get(CreativeType.NATIVE_VIDEO), halves.get(CreativeType.NATIVE_IMAGE)
        if video and image and UploadStatus.SUCCESS in (video.status, image.status):
            yield native_ad(_half(video), _half(image), texts)


def _preroll(outcomes: Sequence[Settled], texts: Texts) -> Iterator[Ad]:
    for one in outcomes:
        if one.status is UploadStatus.SUCCESS and one.file.section is Section.IN_STREAM_VIDEO:
            yield preroll_ad(_half(one), texts)


def _half(one: Settled) -> Half:
    return Half(one.file.name, one.creative_id, one.file.category, one.file.unique_id)


def fitted(ads: Iterable[Ad], caps: CampaignCaps) -> tuple[Ad, ...]:
    """The ads within their caps, what is cut under a name of its own: the uploader refuses a file for one bad row."""
    ads = [*ads]
    taken = {
        kind: {name.casefold() for ad in ads if ad.kind == kind and len(name := ad.values["Ad Name"]) <= caps.ad_name}
        for kind in COLUMNS
    }
    return tuple(_cut(ad, caps, taken[ad.kind]) for ad in ads)


def _cut(ad: Ad, caps: CampaignCaps, taken: set[str]) -> Ad:
    cut, notes, half = {}, [*ad.notes], ad.named_after
    for column, cap in CAPPED.items():
        text, most = ad.values.get(column, ""), getattr(caps, cap)
        if len(text) <= most:
            continue
        cut[column] = text[:most].rstrip()
        if column == "Ad Name":
            names = cut_names(text, half.unique_id, half.creative_id, most)
            cut[column] = next((name for name in names if name.casefold() not in taken), names[-1])
            taken.add(cut[column].casefold())
        notes.append(f"the {column} of {half.name} is cut to {most} characters: {cut[column]}")
    return ad._replace(values=ad.values | cut, notes=tuple(notes))


def write_ads(folder: Path, ads: Iterable[Ad], run: str, backup: datetime | None = None) -> tuple[CampaignFile, ...]:
    """Write ads that fit, under the run's number, or else the next one; what is to be said of them is logged."""
    ads = [*ads]
    for ad in ads:
        for note in ad.notes:
            log.warning("%s", note)
    if not ads:
        return ()
    with locked(folder):  # somebody else may be about to take the same number
        files = files_of(folder, ads, run)
        for file in files:
            write_rows(file.path, file.columns, file.rows, quote_all=file.columns is NATIVE_COLUMNS, backup=backup)
    return files


def files_of(folder: Path, ads: Iterable[Ad], run: str) -> tuple[CampaignFile, ...]:
    """What ads that fit are written into."""
    prefix = f"Batch{_number_of(folder, run):03}_{run}"
    files: dict[tuple[str, str], tuple[str, list[tuple[str, ...]]]] = {}  # some disks hold `Cars` and `cars` for one
    for ad in ads:
        values = tuple(ad.values.get(column, "") for column in COLUMNS[ad.kind])
        for suffix in ("", f"_{_slug(ad.named_after.category)}"):
            _, rows = files.setdefault((ad.kind, suffix.casefold()), (suffix, []))
            rows.append(values)
    return tuple(
        file
        for (kind, _), (suffix, rows) in sorted(files.items())
        for file in _split(folder / f"{prefix}_{kind}{suffix}.csv", COLUMNS[kind], rows)
    )


def _split(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[CampaignFile]:
    head, *lengths = map(len, encoded(path, [columns, *rows], quote_all=columns is NATIVE_COLUMNS))
    parts: list[list[tuple[str, ...]]] = []
    room = 0
    for row, length in zip(rows, lengths, strict=True):
        if length > room or len(parts[-1]) == MOST_ADS:
            parts.append([])
            room = MOST_BYTES - head
        parts[-1].append(row)
        room -= length
    for number, part in enumerate(parts, start=1):
        yield CampaignFile(path if number == 1 else path.with_stem(f"{path.stem}_part{number}"), columns, tuple(part))


def _number_of(folder: Path, run: str) -> int:
    """The batch number that the run has already, or one more than the highest that is there."""
    found = {path.name: int(match[1]) for path in folder.glob("Batch*_*.csv") if (match := BATCH.match(path.name))}
    own = [number for name, number in found.items() if name.partition("_")[2].startswith(f"{run}_")]
    return own[0] if own else max(found.values(), default=0) + 1


def _slug(category: str) -> str:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFC", category))
    slug = re.sub(r"[^\w-]+", "-", plain).strip("-") or "Uncategorised"
    slug = re.sub(r"(?i)(\A|_)part\d+\Z", r"\g<0>-", slug)  # as the part of a longer file is called
    if len(slug.encode()) <= LONGEST_SLUG:
        return slug
    return f"{slug.encode()[:LONGEST_SLUG].decode(errors='ignore')}-{crc32(slug.encode()):08X}"
