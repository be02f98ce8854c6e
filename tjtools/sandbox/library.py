"""The library that a fresh sandbox holds: the same names for the same count, and all of them harmless.

>>> [len([one for one in seeded(481) if one.section is section]) for section in Section]
[21, 170, 99, 99, 92]
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache

from tjtools.sandbox.words import TAKES, NewCreative, ReviewStatus, Section

SHARES = {
    Section.STATIC: 21,
    Section.VIDEO: 170,
    Section.IN_STREAM: 99,
    Section.NATIVE_STATIC: 99,
    Section.NATIVE_ROLLOVER: 92,
}
CATEGORIES = ("Sports", "Gaming", "Travel", "Cooking", "Music", "Fitness", "Gardening", "Cinema")
CREATORS = ("Ana", "Bea", "Chloe", "Dora", "Eva")
STATUSES: tuple[ReviewStatus, ...] = (*("approved",) * 7, "rejected", "pending", "pending")
FIRST_DAY = 1_717_200_000  # the oldest creative's upload; then one every two hours
BETWEEN = 7_200


@lru_cache(maxsize=4)
def seeded(count: int) -> tuple[NewCreative, ...]:
    """Creatives from the oldest to the newest, the sections mixed as uploads mix them."""
    dice = random.Random(count)  # noqa: S311 (a repeatable library, no secrets)
    counts = _shared_out(count)
    creatives = _native(counts[Section.NATIVE_STATIC], counts[Section.NATIVE_ROLLOVER], dice)
    for section in (Section.STATIC, Section.VIDEO, Section.IN_STREAM):
        creatives += [_creative(section, name, dice) for name in _names(section, counts[section], dice)]
    dice.shuffle(creatives)
    days = [{"uploaded_at": float(FIRST_DAY + BETWEEN * age)} for age in range(count)]
    return tuple(one.model_copy(update=day) for one, day in zip(creatives, days, strict=True))


def _shared_out(count: int) -> dict[Section, int]:
    total, counts, given, seen = sum(SHARES.values()), {}, 0, 0
    for section, share in SHARES.items():
        seen += share
        counts[section] = round(count * seen / total) - given
        given += counts[section]
    return counts


def _native(stills: int, moving: int, dice: random.Random) -> list[NewCreative]:
    """Most native creatives come as pairs: a still and a rollover, with one ID or with one plain name."""
    names = list(_pairs(max(stills, moving), dice))
    return [_creative(Section.NATIVE_STATIC, still, dice) for still, _ in names[:stills]] + [
        _creative(Section.NATIVE_ROLLOVER, rollover, dice) for _, rollover in names[:moving]
    ]


def _pairs(count: int, dice: random.Random) -> Iterator[tuple[str, str]]:
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
