"""What the sandbox's modules share: sections, creatives, received files and settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Section(Enum):
    """A list of the Media Library, by the name that people use."""

    STATIC = "Static Banner"
    VIDEO = "Video Banners"
    IN_STREAM = "In-Stream Video"
    NATIVE_STATIC = "Native Static Banner"
    NATIVE_ROLLOVER = "Native Rollover"

    @property
    def key(self) -> str:
        """How the page's own requests call it."""
        return self.name.lower()

    @property
    def dimensions(self) -> str | None:
        """What a creative has where nobody says; None where cards show no dimensions."""
        return _DIMENSIONS.get(self)

    @property
    def file_type(self) -> str | None:
        """The same for the file type."""
        return _FILE_TYPES.get(self)


_DIMENSIONS = {
    Section.STATIC: "300x250",
    Section.VIDEO: "300x250",
    Section.NATIVE_STATIC: "640x360",
    Section.NATIVE_ROLLOVER: "640x360",
}
_FILE_TYPES = {Section.STATIC: ".png", Section.NATIVE_STATIC: ".png", Section.NATIVE_ROLLOVER: ".mp4"}


class ReviewStatus(Enum):
    """What the site's reviewers say."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Outcome(Enum):
    """What became of a received file."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    REFUSED = "refused"


class Scripted(Enum):
    """What a script makes of a file."""

    AS_USUAL = None
    DROP = "drop"
    ERROR = "error"


class Refusal(Exception):
    """The site doesn't take the file; the text is the reason that the person reads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCreative:
    """A creative before the site gives it an ID; dimensions and file type are those that its card shows."""

    name: str
    section: Section
    dimensions: str | None = None
    file_type: str | None = None
    review_status: ReviewStatus = ReviewStatus.PENDING
    file_name: str | None = None
    sha256: str | None = None
    uploaded_at: float = 0.0
    media: str | None = None  # the kept file's suffix


@dataclass(frozen=True, kw_only=True, slots=True)
class Creative(NewCreative):
    """A creative of the library."""

    creative_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A file that arrived, whatever became of it."""

    file_name: str
    section: Section
    sha256: str
    bytes: int
    outcome: Outcome
    creative_id: str | None
    reason: str | None
    started_at: float
    ended_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the site behaves; tests and demonstrations change it while it runs."""

    latency_ms: int = 0
    processing_s: float = 0.0
    card_delay_s: float = 0.0
    drops_duplicates: bool = True  # a name that the section holds: dropped in silence, as on the real site
    first_section: Section | None = None  # None: the one that this session opened last
    fault_s: float = 10.0  # how long what a fault delays is late


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What shall happen to a file of a certain name instead of the usual."""

    outcome: Scripted = Scripted.AS_USUAL
    message: str = "The file could not be processed."
    status: int = 400
    before: tuple[NewCreative, ...] = ()
    after: tuple[NewCreative, ...] = ()


def plain(record: NewCreative | Received | Settings) -> dict[str, Any]:
    """A record's values as JSON and SQLite know them."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(record).items()}
