"""The words that everybody shares: sections, creative types, review statuses, creatives, session files.

Records on the way of `tjtools check` are named tuples: importing `dataclasses` takes a third of its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Medium(Enum):
    """Whether a creative moves."""

    MOVING = "moving"
    STILL = "still"


class Section(Enum):
    """One of the Media Library's five lists; the value is its name as the site and older tracking files write it."""

    STATIC_BANNER = "Static Banner"
    VIDEO_BANNERS = "Video Banners"
    IN_STREAM_VIDEO = "In-Stream Video"
    NATIVE_STATIC_BANNER = "Native Static Banner"
    NATIVE_ROLLOVER = "Native Rollover"

    @property
    def creative_type(self) -> CreativeType:
        """The type that the tracking files use for this section's creatives.

        >>> Section.NATIVE_ROLLOVER.creative_type.value
        'native_video'
        """
        return _TYPE_OF_SECTION[self]


class CreativeType(Enum):
    """What kind of creative a file is, as the tracking files write it."""

    NATIVE_VIDEO = "native_video"
    NATIVE_IMAGE = "native_image"
    VIDEO = "video"
    SHORT_VIDEO = "short_video"
    IMAGE = "image"
    VIDEO_BANNER = "video_banner"

    @property
    def section(self) -> Section:
        """The section that holds creatives of this type.

        >>> CreativeType.SHORT_VIDEO.section.value
        'In-Stream Video'
        """
        return _SECTION_OF_TYPE[self]

    @property
    def medium(self) -> Medium:
        """Whether creatives of this type move."""
        return Medium.STILL if self in (CreativeType.NATIVE_IMAGE, CreativeType.IMAGE) else Medium.MOVING

    @property
    def words(self) -> str:
        """As a person calls it."""
        return self.value.replace("_", " ")

    @property
    def one(self) -> str:
        """One of it, in words.

        >>> CreativeType.IMAGE.one, CreativeType.NATIVE_VIDEO.one
        ('an image', 'a native video')
        """
        return f"{'an' if self is CreativeType.IMAGE else 'a'} {self.words}"

    @property
    def other_half(self) -> CreativeType | None:
        """The type of a native pair's other half; None for what is no half of one.

        >>> CreativeType.NATIVE_VIDEO.other_half
        <CreativeType.NATIVE_IMAGE: 'native_image'>
        """
        return _OTHER_HALF.get(self)

    @classmethod
    def parse(cls, text: str) -> CreativeType:
        """Read a type: a word of ours, or a section name as older files write it, with any blanks and hyphens.

        Raises ValueError for any other text.

        >>> CreativeType.parse("Native Rollover")
        <CreativeType.NATIVE_VIDEO: 'native_video'>
        >>> CreativeType.parse("video_banner")
        <CreativeType.VIDEO_BANNER: 'video_banner'>
        """
        kind = _TYPE_OF_WORD.get(_word(text))
        if kind is None:
            raise ValueError(f"{text!r} is not a creative type")
        return kind


def _word(text: str) -> str:
    return " ".join(text.replace("-", " ").replace("_", " ").split()).lower().removesuffix("s")


_SECTION_OF_TYPE = {
    CreativeType.NATIVE_VIDEO: Section.NATIVE_ROLLOVER,
    CreativeType.NATIVE_IMAGE: Section.NATIVE_STATIC_BANNER,
    CreativeType.VIDEO: Section.IN_STREAM_VIDEO,
    CreativeType.SHORT_VIDEO: Section.IN_STREAM_VIDEO,
    CreativeType.IMAGE: Section.STATIC_BANNER,
    CreativeType.VIDEO_BANNER: Section.VIDEO_BANNERS,
}
_OTHER_HALF = {
    CreativeType.NATIVE_VIDEO: CreativeType.NATIVE_IMAGE,
    CreativeType.NATIVE_IMAGE: CreativeType.NATIVE_VIDEO,
}
_TYPE_OF_SECTION = {kind.section: kind for kind in reversed(CreativeType)}  # of two types, the first
_TYPE_OF_WORD = {_word(section.value): kind for section, kind in _TYPE_OF_SECTION.items()}
_TYPE_OF_WORD |= {_word(kind.value): kind for kind in CreativeType}
_TYPE_OF_WORD[_word("Regular Creatives")] = CreativeType.IMAGE  # as the oldest files call Static Banner


class ReviewStatus(Enum):
    """How the network's review of a creative stands; `REMOVED` is ours, for a creative that is gone from the site."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REMOVED = "removed"

    @classmethod
    def parse(cls, text: str) -> ReviewStatus:
        """Read a status in any case; raises ValueError for a word that is none.

        >>> ReviewStatus.parse(" Approved ")
        <ReviewStatus.APPROVED: 'approved'>
        """
        return cls(text.strip().lower())


class UploadStatus(Enum):
    """What came of a file in a run, as the status CSV writes it.

    `UNKNOWN_ID`: the site took it, or may have, and its ID could not be read yet.
    """

    SUCCESS = "success"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    SKIPPED = "skipped"
    DRY_RUN = "dry_run"
    UNKNOWN_ID = "unknown_id"


class Creative(NamedTuple):
    """One creative of the library.

    `creative_id` is the site's ID, decimal digits as text. `filename` has an extension when an upload of ours is the
    source, none when it was read from the site. `upload_date` is the day it was added to the site, `dimensions` is
    `WIDTHxHEIGHT` in pixels, `file_type` is `mp4`, `png`, `jpg` or `gif`; an unknown value is None, or `""` for text.
    """

    creative_id: str
    filename: str
    upload_date: date | None = None
    dimensions: str = ""
    file_type: str = ""
    creative_type: CreativeType | None = None
    review_status: ReviewStatus | None = None

    @property
    def standing(self) -> str:
        """Its section, review status and day, in words.

        >>> Creative("1032530571", "a", creative_type=CreativeType.IMAGE).standing
        'Static Banner, status unknown, day unknown'
        """
        section = self.creative_type.section.value if self.creative_type else "unknown section"
        status = self.review_status.value if self.review_status else "status unknown"
        return f"{section}, {status}, {f'added {self.upload_date}' if self.upload_date else 'day unknown'}"

    @property
    def removed(self) -> bool:
        """Whether the creative is gone from the site; such a row never counts as there."""
        return self.review_status is ReviewStatus.REMOVED


def base_id(identity: str) -> str:
    """What the IDs of a pair's halves share: one is read with or without `ID-` before it, and the half behind it.

    >>> base_id("ID-99A0D7C3-VID") == base_id("99a0d7c3-IMG") == base_id("99A0D7C3")
    True
    """
    return identity.strip().upper().removeprefix("ID-").removesuffix("-VID").removesuffix("-IMG")


Key = tuple[Section, str]  # a file of a session: its section and name


class SessionFile(NamedTuple):
    """One file to upload: a row of the session inventory, or a file that a person named.

    `path` is where it lies. `duration` is in seconds, `width` and `height` in pixels, as the inventory claims them;
    None where it does not. `row` holds the inventory's row, column by column; empty for a file that a person named.
    """

    path: Path
    creative_type: CreativeType
    unique_id: str = ""
    category: str = ""
    native_pair_id: str = ""
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    row: Mapping[str, str] = MappingProxyType({})

    def __hash__(self) -> int:
        return hash(self[:-1])  # the row's mapping has no hash

    @property
    def name(self) -> str:
        """The file's name, with its extension."""
        return self.path.name

    @property
    def section(self) -> Section:
        """The section that it belongs into."""
        return self.creative_type.section

    @property
    def key(self) -> Key:
        """How a plan, the journal and the status CSVs know it: its section and name."""
        return self.section, self.name

    @property
    def pair(self) -> str:
        """What the two halves of its native pair have in common; `""` for a file of no pair."""
        native = self.creative_type in (CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE)
        return base_id(self.native_pair_id) if native else ""
