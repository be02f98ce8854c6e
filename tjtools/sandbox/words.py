"""What the sandbox's modules share, checked where it comes in, and the library that a fresh one holds.

>>> [len([one for one in seeded(481) if one.section is section]) for section in Section]
[21, 170, 99, 99, 92]
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

ReviewStatus = Literal["pending", "approved", "rejected"]  # what the site's reviewers say
Outcome = Literal["accepted", "dropped", "refused"]  # what became of a received file


class Section(Enum):
    """A list of the Media Library, by the name that people use."""

    STATIC = "Static Banner"
    VIDEO = "Video Banners"
    IN_STREAM = "In-Stream Video"
    NATIVE_STATIC = "Native Static Banner"
    NATIVE_ROLLOVER = "Native Rollover"


class Takes(NamedTuple):
    """What a section takes, the usual first; None: of any size. Its cards show the size where it is limited."""

    kinds: tuple[str, ...]
    sizes: tuple[str, ...] | None = None
    shows_kind: bool = False
    max_bytes: float = math.inf
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
    dimensions: Annotated[str | None, Field(pattern=r"^[1-9]\d*x[1-9]\d*$")] = None
    file_type: str | None = None
    review_status: ReviewStatus = "pending"
    file_name: str | None = None
    sha256: str | None = None
    uploaded_at: float = 0.0
    media: Annotated[str | None, Field(exclude=True)] = None  # the kept file's suffix

    @model_validator(mode="before")
    @classmethod
    def _as_shown(cls, told: dict[str, Any]) -> dict[str, Any]:
        takes = TAKES[Section(told["section"])]
        size = told.get("dimensions") or takes.sizes[0] if takes.sizes else None
        kind = told.get("file_type") or f".{takes.kinds[0]}" if takes.shows_kind else None
        return told | {"dimensions": size, "file_type": kind}


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


SHARES = dict(zip(Section, (21, 170, 99, 99, 92), strict=True))
CATEGORIES = ("Sports", "Gaming", "Travel", "Cooking", "Music", "Fitness", "Gardening", "Cinema")
CREATORS = ("Ana", "Bea", "Chloe", "Dora", "Eva")
STATUSES: tuple[ReviewStatus, ...] = (*("approved",) * 7, "rejected", "pending", "pending")
FIRST_DAY = 1_717_200_000  # the oldest creative's upload; then one every two hours
BETWEEN = 7_200


@lru_cache(maxsize=4)
def seeded(count: int) -> tuple[NewCreative, ...]:
    """The library of a fresh sandbox, from the oldest creative to the newest: the same names for the same count."""
    dice = random.Random(count)  # noqa: S311 (a repeatable library, no secrets)
    bounds = [round(count * seen / sum(SHARES.values())) for seen in accumulate(SHARES.values(), initial=0)]
    counts = {section: after - before for section, (before, after) in zip(SHARES, pairwise(bounds), strict=True)}
    stills, moving = counts[Section.NATIVE_STATIC], counts[Section.NATIVE_ROLLOVER]
    pairs = list(_pairs(max(stills, moving), dice))
    creatives = [_creative(Section.NATIVE_STATIC, still, dice) for still, _ in pairs[:stills]]
    creatives += [_creative(Section.NATIVE_ROLLOVER, rollover, dice) for _, rollover in pairs[:moving]]
    for section in (Section.STATIC, Section.VIDEO, Section.IN_STREAM):
        creatives += [_creative(section, name, dice) for name in _names(section, counts[section], dice)]
    dice.shuffle(creatives)
    days = [{"uploaded_at": float(FIRST_DAY + BETWEEN * age)} for age in range(count)]
    return tuple(one.model_copy(update=day) for one, day in zip(creatives, days, strict=True))


def _pairs(count: int, dice: random.Random) -> Iterator[tuple[str, str]]:
    """Most native creatives come as pairs: a still and a rollover, with one ID or with one plain name."""
    for number in range(count):
        if number % 2:
            plain = _plain_name(number // 3, dice)  # the counter goes slower than the loop: some come twice
            yield plain, plain
            continue
        middle, length, identity = _middle(number, dice), dice.choice((4, 4, 4, 6)), _identity(dice)
        yield f"IMG_{middle}_ID-{identity}-IMG", f"VID_{middle}_{length}sec_ID-{identity}-VID"


def _names(section: Section, count: int, dice: random.Random) -> Iterator[str]:
    """About half by the convention; every 16th name has been there before."""
    given: list[str] = []
    for number in range(count):
        if number % 16 == 15:
            name = dice.choice(given)
        elif number % 2:
            name = _plain_name(number, dice)
        else:
            length = "" if section is Section.STATIC else f"_{dice.randint(5, 30)}sec"
            name = f"{_middle(number, dice)}{length}_ID-{_identity(dice)}"
        given.append(name)
        yield name


def _middle(number: int, dice: random.Random) -> str:
    language, category = dice.choice(("EN", "EN", "EN", "FR", "DE", "ES")), dice.choice(CATEGORIES)
    creator, rating = dice.choice(CREATORS), f"SFW_{dice.choice(('Generic', 'Outdoor', 'Event'))}"
    if number % 8 == 6:
        return f"{language}_{category}"
    if number % 8 == 4:
        return f"{language}_{category}_{rating}_{creator}"
    return f"{language}_{category}_{dice.choice('FMT')}_{dice.choice(('Real', 'Anime'))}_{rating}_{creator}"


def _plain_name(number: int, dice: random.Random) -> str:
    category, creator = dice.choice(CATEGORIES), dice.choice(CREATORS)
    return dice.choice(
        (
            f"banner {number} final",
            f"AdN_{number:02}_Summer_{1 + number % 3}",
            f"{category} {creator} {number}",
            f"{category.lower()}-teaser v{1 + number % 3}.{number}",
            f"{creator} & friends ({category}) {number}",
        )
    )


def _identity(dice: random.Random) -> str:
    return f"{dice.getrandbits(32):08X}"


def _creative(section: Section, name: str, dice: random.Random) -> NewCreative:
    sizes, kinds = TAKES[section].sizes or (), TAKES[section].kinds
    return NewCreative(
        name=name,
        section=section,
        dimensions=dice.choice(sizes) if len(sizes) > 1 else None,
        file_type=f".{dice.choice(kinds)}" if len(kinds) > 1 else None,
        review_status=dice.choice(STATUSES),
    )
