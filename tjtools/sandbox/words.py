"""What the sandbox's modules share, checked where it comes in: sections, creatives, received files and settings."""

from __future__ import annotations

import math
from enum import Enum
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

ReviewStatus = Literal["pending", "approved", "rejected"]  # what the site's reviewers say
Outcome = Literal["accepted", "dropped", "refused"]  # what became of a received file


class Section(Enum):
    """A list of the Media Library, by the name that people use."""

    STATIC = "Static Banner"
    VIDEO = "Video Banners"
    IN_STREAM = "In-Stream Video"
    NATIVE_STATIC = "Native Static Banner"
    NATIVE_ROLLOVER = "Native Rollover"

    @property
    def key(self) -> str:
        return self.name.lower()


class Takes(NamedTuple):
    """What a section takes, the usual first; None: no limit. Its cards show the size where there is a limit to it."""

    kinds: tuple[str, ...]
    sizes: tuple[str, ...] | None = None
    shows_kind: bool = False
    max_bytes: int | None = None
    seconds: tuple[float, float] = (0, math.inf)


TAKES = {
    Section.STATIC: Takes(("png", "jpg", "gif"), ("300x250", "300x100"), shows_kind=True),
    Section.VIDEO: Takes(("mp4",), ("300x250", "320x480", "950x250", "300x100", "970x90", "468x60")),
    Section.IN_STREAM: Takes(("mp4",), seconds=(5, 31)),
    Section.NATIVE_STATIC: Takes(("png", "jpg"), ("640x360",), shows_kind=True, max_bytes=300_000),
    Section.NATIVE_ROLLOVER: Takes(("mp4",), ("640x360",), shows_kind=True),
}


class Refusal(Exception):
    """The site doesn't take the file; the text is the reason that the person reads."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewCreative(_Record):
    """A creative before the site gives it an ID; dimensions and file type are those that its card shows.

    Where nobody says, they are the section's usual ones.
    """

    name: str
    section: Section
    dimensions: Annotated[str | None, Field(pattern=r"^[1-9]\d*x[1-9]\d*$", validate_default=True)] = None
    file_type: Annotated[str | None, Field(validate_default=True)] = None
    review_status: ReviewStatus = "pending"
    file_name: str | None = None
    sha256: str | None = None
    uploaded_at: float = 0.0
    media: Annotated[str | None, Field(exclude=True)] = None  # the kept file's suffix

    @field_validator("dimensions")
    @classmethod
    def _size_shown(cls, told: str | None, info: ValidationInfo) -> str | None:
        sizes = TAKES[info.data["section"]].sizes
        return told or sizes[0] if sizes else None

    @field_validator("file_type")
    @classmethod
    def _kind_shown(cls, told: str | None, info: ValidationInfo) -> str | None:
        takes = TAKES[info.data["section"]]
        return told or f".{takes.kinds[0]}" if takes.shows_kind else None


class Creative(NewCreative):
    creative_id: str


class Received(_Record):
    """A file that arrived in full, and what became of it."""

    file_name: str
    section: Section
    sha256: str
    bytes: int
    outcome: Outcome = "accepted"
    creative_id: str | None = None
    reason: str | None = None
    started_at: float
    ended_at: float = 0.0


class Settings(_Record):
    """How the site behaves; tests and demonstrations change it while it runs."""

    latency_ms: int = 0
    processing_s: float = 0.0
    card_delay_s: float = 0.0
    drops_duplicates: bool = True  # a name that the section holds: dropped in silence, as on the real site
    first_section: Section | None = None  # None: the one that this session opened last
    fault_s: float = 10.0  # how long what a fault delays is late


class Script(_Record):
    """What shall happen to a file of a certain name instead of the usual."""

    outcome: Literal["drop", "error"] | None = None
    message: str = "The file could not be processed."
    status: int = 400
    before: tuple[NewCreative, ...] = ()
    after: tuple[NewCreative, ...] = ()
