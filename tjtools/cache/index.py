"""Where a name or an ID stands among the library's rows: built in bulk, asked one by one.

A million names are entered in some 0.4 s, because a name is entered as it is, without its match key being made. A
look-up tries the few names that a key can have come from. Names for which that does not do (a capital ending, a quote,
another Unicode form) are entered by their key too.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import compress, product
from operator import itemgetter, ne
from typing import Generic, TypeVar

from tjtools.model.names import extension, match_key

K = TypeVar("K", bound=Hashable)

_REWRITTEN = '"\r\n'  # what a browser rewrites in the name of a file that it sends
_ENDINGS = (".mp4", ".png", ".jpg", ".jpeg", ".gif")
_TAIL = itemgetter(slice(-4, None))
# The tails of names that end in one of these otherwise than in small letters.
_CAPITAL_TAILS = frozenset(
    "".join(letters)
    for ending in _ENDINGS
    for letters in product(*((letter, letter.upper()) for letter in ending[-4:]))
    if "".join(letters) != ending[-4:]
)


class Index(Generic[K]):
    """Row numbers by a key: in `first` the first one, in `others` the rest where there are several."""

    def __init__(self) -> None:
        self.first: dict[K, int] = {}
        self.others: dict[K, list[int]] = {}

    def add(self, keys: Sequence[K], rows: Sequence[int]) -> set[K]:
        """Enter rows under their keys; return the keys that more than one row has now.

        >>> Index[str]().add(["a", "b", "a"], [0, 1, 2])
        {'a'}
        """
        before = len(self.first)
        first = list(map(self.first.setdefault, keys, rows))
        if len(self.first) - before == len(keys):
            return set()
        places = list(compress(range(len(keys)), map(ne, first, rows)))
        for place in places:
            self.others.setdefault(keys[place], []).append(rows[place])
        return {keys[place] for place in places}

    def rows(self, key: K) -> list[int]:
        """The rows under a key, in their order."""
        first = self.first.get(key)
        return [] if first is None else [first, *self.others.get(key, ())]


class NameIndex:
    """Row numbers by what `naming.match_key` says of a name."""

    def __init__(self) -> None:
        self._by_name: Index[str] = Index()
        self._by_key: Index[str] = Index()
        self._endings: tuple[str, ...] = ()  # those that occur

    def add(self, names: Sequence[str], rows: Sequence[int]) -> None:
        """Enter names with their rows."""
        self._by_name.add(names, rows)
        tails = set(map(_TAIL, names))
        self._endings = tuple(each for each in _ENDINGS if each in self._endings or each[-4:] in tails)
        text = "".join(names)
        if tails.isdisjoint(_CAPITAL_TAILS) and text.isascii() and not any(mark in text for mark in _REWRITTEN):
            return
        unusual = [(match_key(name), row) for name, row in zip(names, rows, strict=True) if _unusual(name)]
        self._by_key.add([key for key, _ in unusual], [row for _, row in unusual])

    def rows(self, key: str) -> list[int]:
        """The rows whose names have this match key, in their order.

        >>> index = NameIndex()
        >>> index.add(["clip", "clip.mp4", "other", "clip.PNG"], [0, 1, 2, 3])
        >>> index.rows("clip")
        [0, 1, 3]
        """
        first, others = self._by_name.first, self._by_name.others
        found: list[int] = []
        for ending in self._endings:
            if (name := key + ending) in first:
                found.append(first[name])
                if name in others:
                    found += others[name]
        if key in first and not extension(key):  # a name that ends in an extension has another key
            found += self._by_name.rows(key)
        if self._by_key.first:
            found += self._by_key.rows(key)
        return sorted(set(found)) if len(found) > 1 else found


def _unusual(name: str) -> bool:
    """Whether a name may be something else than its match key and one of the endings."""
    return _TAIL(name) in _CAPITAL_TAILS or not name.isascii() or any(mark in name for mark in _REWRITTEN)
