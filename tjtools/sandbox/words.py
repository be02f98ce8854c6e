"""What the sandbox's modules share, checked where it comes in: sections, creatives, received files and settings."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

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


# what a creative has where nobody says; a section that is not here shows none on its cards
USUAL = {
    "dimensions": {
        Section.STATIC: "300x250",
        Section.VIDEO: "300x250",
        Section.NATIVE_STATIC: "640x360",
        Section.NATIVE_ROLLOVER: "640x360",
    },
    "file_type": {Section.STATIC: ".png", Section.NATIVE_STATIC: ".png", Section.NATIVE_ROLLOVER: ".mp4"},
}


class Refusal(Exception):
    """The site doesn't take the file; the text is the reason that the person reads."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewCreative(_Record):
    """A creative before the site gives it an ID; dimensions and file type are those that its card shows."""

    name: str
    section: Section
    dimensions: Annotated[str | None, Field(pattern=r"^[1-9]\d*x[1-9]\d*$", validate_default=True)] = None
    file_type: Annotated[str | None, Field(validate_default=True)] = None
    review_status: ReviewStatus = "pending"
    file_name: str | None = None
    sha256: str | None = None
    uploaded_at: float = 0.0
    media: Annotated[str | None, Field(exclude=True)] = None  # the kept file's suffix

    @field_validator("dimensions", "file_type")
    @classmethod
    def _as_its_cards_show(cls, told: str | None, info: ValidationInfo) -> str | None:
        usual = USUAL[info.field_name or ""].get(info.data["section"])
        return usual and (told or usual)


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
