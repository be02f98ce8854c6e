"""What may have been meant by a name or an ID that the library does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tjtools.cache.library import Answer, Library
from tjtools.model.creative import Creative
from tjtools.model.names import meant

MOST_ASKED = 20  # in vain; of more it would take long, and be no help
SHORT = 4  # letters; what is shorter is like too much
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz" + _DIGITS
_ENDING = re.compile(r"\.[a-z0-9]{1,5}(?=\0|$)")
_BETWEEN_WORDS = dict.fromkeys(map(ord, " _-.,()&+"))


def near(library: Library, answers: Iterable[Answer]) -> dict[str, tuple[Creative, ...]]:
    """Of each of a few that were asked in vain, the creatives that may have been meant; of many, of none."""
    lost = [asked for asked, match in answers if not any(match)]
    return {asked: like(library, asked) for asked in (lost if len(lost) <= MOST_ASKED else ())}


def like(library: Library, asked: str) -> tuple[Creative, ...]:
    """The creatives whose ID or name is as asked, but for a letter; and those that have it as a part of their name.

    One letter may be another, too many or lacking, or two have changed places. Capitals, the name's ending and what
    stands between words don't count.
    """
    creatives = [*library]
    it = "".join(meant(asked)[-1:]).replace("\0", "")  # which an address may hold as %00
    plain = "\0".join([it, *(one.filename for one in creatives)]).lower()
    it, *names = _ENDING.sub("", plain).translate(_BETWEEN_WORDS).split("\0")
    if len(it) < SHORT:
        return ()
    letters = _LETTERS if plain.isascii() else {*plain}
    ids = (one for key in sorted(_one_off(it, _DIGITS)) for one in library.get(key)) if it.isdecimal() else ()
    found, named = _one_off(it, letters).intersection(names), [*zip(creatives, names, strict=True)]
    parts = (one for one, name in named if it in name)
    return tuple(dict.fromkeys([*ids, *(one for one, name in named if name in found), *parts]))


def _one_off(text: str, letters: Iterable[str]) -> set[str]:
    """The text, and every other one that is at most one letter off."""
    halves = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    swapped = {before + after[1::-1] + after[2:] for before, after in halves}
    other = (before + letter + rest for before, after in halves for rest in (after, after[1:]) for letter in letters)
    return {*swapped, *(before + after[1:] for before, after in halves), *other}
