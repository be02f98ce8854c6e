"""Where a name or an ID stands among the library's rows: built in bulk, asked one by one.

A million names are entered in some 0.4 s, because a name is entered as it is, without its match key being made. A
look-up tries the few names that a key can have come from. Names for which that does not do (a capital ending, a quote,
another Unicode form) are entered by their key too.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product
from typing import Generic, TypeVar

from tjtools.naming import extension, match_key

K = TypeVar("K", bound=Hashable)

_ENDINGS = (".mp4", ".png", ".jpg", ".jpeg", ".gif")
# The last four characters of names that end in one of these otherwise than in small letters.
_CAPITAL_TAILS = frozenset(
    "".join(letters)
    for ending in _ENDINGS
    for letters in product(*((letter, letter.upper()) for letter in ending[-4:]))
    if "".join(letters) != ending[-4:]
)


class Index(Generic[K]):
    """Row numbers by a key: the first one, and the others where there are several."""

    def __init__(self) -> None:
        self._first: dict[K, int] = {}
        self._others: dict[K, list[int]] = {}

    def add(self, keys: Sequence[K], rows: Sequence[int]) -> set[K]:
        """Enter rows under their keys; return the keys that more than one row has now.

        >>> Index[str]().add(["a", "b", "a"], [0, 1, 2])
        {'a'}
        """
        before = len(self._first)
        first = list(map(self._first.setdefault, keys, rows))
        if len(self._first) - before == len(keys):
            return set()
        doubled = [(key, row) for key, row, found in zip(keys, rows, first, strict=True) if found != row]
        for key, row in doubled:
            self._others.setdefault(key, []).append(row)
        return {key for key, _ in doubled}

    def rows(self, key: K) -> list[int]:
        """The rows under a key, in their order."""
        first = self._first.get(key)
        if first is None:
            return []
        return [first, *self._others.get(key, ())]


class NameIndex:
    """Row numbers by what `naming.match_key` says of a name."""

    def __init__(self) -> None:
        self._by_name: Index[str] = Index()
        self._by_key: Index[str] = Index()

    def add(self, names: Sequence[str], rows: Sequence[int]) -> None:
        self._by_name.add(names, rows)
        unusual = [(match_key(name), row) for name, row in _unusual(names, rows)]
        self._by_key.add([key for key, _ in unusual], [row for _, row in unusual])

    def rows(self, key: str) -> list[int]:
        """The rows whose names have this match key, in their order.

        >>> index = NameIndex()
        >>> index.add(["clip", "clip.mp4", "other", "clip.PNG"], [0, 1, 2, 3])
        >>> index.rows("clip")
        [0, 1, 3]
        """
        by_name = self._by_name.rows
        found = [row for ending in _ENDINGS for row in by_name(key + ending)]
        if not extension(key):  # else that very name has another key
            found += by_name(key)
        found += self._by_key.rows(key)
        return sorted(set(found)) if len(found) > 1 else found


def _unusual(names: Sequence[str], rows: Sequence[int]) -> list[tuple[str, int]]:
    """The names that are not surely their match key and one of the endings."""
    text = "".join(names)
    if text.isascii() and '"' not in text and "\r" not in text and "\n" not in text:
        return [(name, row) for name, row in zip(names, rows, strict=True) if name[-4:] in _CAPITAL_TAILS]
    return [
        (name, row)
        for name, row in zip(names, rows, strict=True)
        if name[-4:] in _CAPITAL_TAILS or not name.isascii() or '"' in name or "\r" in name or "\n" in name
    ]
