"""What the driver reads off the pages, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Card:
    """One creative as the list shows it: text as it stands there, `""` where the card does not show it.

    `name` has no extension, `dimensions` is `WIDTHxHEIGHT` in pixels, `file_type` is e.g. `.mp4`.
    """

    creative_id: str
    name: str
    dimensions: str = ""
    file_type: str = ""
    review_status: str = ""


@dataclass(frozen=True, slots=True)
class CardPage:
    """One page of a section's list. `total` is the section's count as the page states it, None where it does not."""

    cards: tuple[Card, ...]
    first: int
    last: int
    total: int | None
    has_next: bool


class FileState(Enum):
    """How far the site is with one file that was handed over.

    `LOST`: the connection broke while it was sent, or a server answered with an error of its own; `STALLED`: no change
    for too long. The site may hold either. `DEFERRED`: the site wants to get it later; the message is when.
    """

    QUEUED = "queued"
    PROCESSING = "processing"
    TAKEN = "taken"
    REFUSED = "refused"
    LOST = "lost"
    STALLED = "stalled"
    DEFERRED = "deferred"

    @property
    def final(self) -> bool:
        """Whether it stays so."""
        return self in (FileState.TAKEN, FileState.REFUSED, FileState.LOST, FileState.DEFERRED)


@dataclass(frozen=True, slots=True)
class FileResult:
    """What the site says of one file; `message` is its own reason for a refusal."""

    state: FileState
    message: str = ""
