"""Which of many contents may look like one: those whose pictures share points with its own, or nearly share a hash.

The index is made of the contents' marks, each time anew: nothing is trained, and a content can be added at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import chain, zip_longest
from typing import Any, NamedTuple, TypeAlias

import faiss
import numpy as np

from tjtools.media import lying
from tjtools.media.lying import Common, Lies, Points, Ways
from tjtools.media.marks import MIRROR, MIRROR_HASH, Marks, read

MOST_BITS, MOST_HASH_BITS = 24, 60  # of 128 and 256, in which the same point and the same picture may differ
FEWEST_POINTS = 3  # that both have
FAIR = 0.01  # of its points, each by how few have it, that a candidate has
LEAST_BALANCE, OF_MANY = -2, 2  # parts of a picture where points are in common, less those where none is; of a clip's
_FEW, _PART = 15, 0.5  # points that clips have in common, and of those that one has, below which these are few
_PAIRS, _MOST_LAID = 3, 200  # of pictures of two contents that are laid on each other; such contents
_MOST_TOGETHER, _SMALL, _CELL = 20, 0.5, 4  # clips that are laid by all pictures; of the larger; 256ths of a picture
_REMEMBERED = 4096  # pictures whose points are at hand, since they are asked for again and again
_FAR_MORE = 2  # times what the next one has in common
_MOST_FIRST = 14  # of the first 64 signs
_NEAR = np.array([0, *(1 << bit for bit in range(16))], np.uint16)  # one of the first signs may differ

Pairs: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]
Part: TypeAlias = tuple[Points, np.ndarray]  # of a picture: its points and their signs
Candidate: TypeAlias = tuple[str, Lies | None]  # a content, and how it may lie on the one that is asked for


class _Pair(NamedTuple):
    """Two pictures, the first turned over or not, as one may lie on the other: their frames, their points, those that
    are the same then, and their shapes."""

    frames: tuple[int, int, bool]
    mine: Points
    other: Points
    both: Common
    shapes: tuple[np.ndarray, np.ndarray]


class Index:
    """Contents by their marks."""

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.contents = [*kept]
        self._told = contents = [read(one) for one in kept.values()]
        self._part = lru_cache(_REMEMBERED)(lambda content, number: _part(contents[content], number))
        self._pictures = np.repeat(np.arange(len(kept)), [len(one.counts) for one in self._told])  # whose each is
        self._shapes = np.array([one.shape for one in self._told]).reshape(-1, 2)
        signs = np.concatenate([np.empty((0, 2), np.uint64), *(one.signs for one in self._told)])
        counts = np.concatenate([np.empty(0, np.uint8), *(one.counts for one in self._told)])
        keys = signs.view(np.uint16)[:, 0]
        order = np.argsort(keys, kind="stable")
        self._first, self._second = (np.ascontiguousarray(signs[order, word]) for word in (0, 1))
        self._of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)[order]  # the picture that each point is of
        self._spots = np.concatenate([np.empty((0, 4), np.uint8), *(one.spots for one in self._told)])[order]
        self._starts = np.searchsorted(keys[order], np.arange(2**16 + 1))
        hashes, self._hash_owners = _owned([one.hashes for one in self._told], np.empty((0, 32), np.uint8))
        self._hashes: Any = faiss.IndexBinaryFlat(256)
        self._hashes.add(hashes)

    def like(self, kept: bytes, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Candidate]:
        """The contents that may look like the one with these marks, of those that are wanted: the likeliest first.

        One with a picture of nearly the same hash, or that has far more points in common than any other, is looked at
        closer however its points lie: those along a smooth line slide, and what is cut out of it has few. Of a clip
        that is small within a page, whose pictures have few points each, all of them together tell how it lies.
        """
        told = read(kept)
        ways = self._ways(told)
        owned = [self._pairs(which, self._pictures[self._of[found]]) for which, found, _ in ways]
        sharing, by_hashes = (
            {one: shared for one, shared in each.items() if wanted(self.contents[one])}
            for each in (
                self._ranked(owned, FEWEST_POINTS),
                self._ranked([self._nearly(one) for one in (told.hashes, told.hashes ^ MIRROR_HASH)], 1),
            )
        )
        by_points = {one: shared for one, shared in sharing.items() if shared >= FAIR * len(told.signs)}
        near = ((one, None) for one in by_hashes)
        others = [one for one in by_points if one not in by_hashes][:_MOST_LAID]
        met = set[int]()
        for one, lies in filter(None, chain(*zip_longest(near, self._lying(told, ways, others)))):
            met.add(one)
            yield self.contents[one], lies
        if len(told.counts) > 1:
            left = [one for one in sharing if one not in met][:_MOST_TOGETHER]
            for one, lies in self._lying_together(told, ways, left):
                met.add(one)
                yield self.contents[one], lies
        most, next_most = [*by_points.values(), 0, 0][:2]
        first = next(iter(by_points), None)
        if first is not None and first not in met and most >= _FAR_MORE * next_most:
            yield self.contents[first], None

    def _ways(self, told: Marks) -> list[Pairs]:
        """Pairs of one of its points and a known one that may be the same, as it is and turned over."""
        return [self._sharing(told.signs ^ turn) for turn in (np.uint64(0), MIRROR)]

    def _sharing(self, asked: np.ndarray) -> Pairs:
        """Pairs of one of these points and a known one that may be the same, by their numbers; and their distances."""
        first, second = (np.ascontiguousarray(asked[:, word]) for word in (0, 1))
        keys = (first.view(np.uint16)[::4, None] ^ _NEAR).astype(np.int64)
        starts = self._starts[keys]
        counts = self._starts[keys + 1] - starts
        which = np.repeat(np.arange(len(asked)), counts.sum(1))
        found = np.arange(len(which)) + np.repeat(
            (starts - np.cumsum(counts).reshape(counts.shape) + counts).ravel(), counts.ravel()
        )
        near = np.flatnonzero(np.bitwise_count(self._first[found] ^ first[which]) <= _MOST_FIRST)
        which, found = which[near], found[near]
        apart = np.bitwise_count(self._first[found] ^ first[which]) + np.bitwise_count(
            self._second[found] ^ second[which]
        )
        near = np.flatnonzero(apart <= MOST_BITS)
        return which[near], found[near], apart[near]

    def _lying(self, told: Marks, ways: Sequence[Pairs], among: Sequence[int]) -> Iterator[tuple[int, Lies]]:
        """Those among which have a picture on which one of these lies: the surest first."""
        asked, met = cache(partial(_part, told)), set[int]()
        for owner, pair, way in self._laid(told, ways, among):
            if owner not in met and (lies := self._lies(told, asked, pair, way)):
                met.add(owner)
                yield owner, lies

    def _laid(self, told: Marks, ways: Sequence[Pairs], among: Sequence[int]) -> Iterator[tuple[int, int, Ways]]:
        """Those among which have a picture on whose place some points agree, that pair of pictures, and how it lies."""
        which, found, apart, turned = self._plausible(told, ways, among)
        pair = self._pair(told, which, found, turned)
        groups, group, counts = np.unique(pair, return_inverse=True, return_counts=True)
        pictures = groups % max(1, len(self._pictures))
        likely = self._likely(pictures, counts)
        table = lying.table(group, apart)[likely]
        numbers = which[table], found[table]
        laid = lying.ways(*self._both(told, *numbers, turned[table]), numbers, table >= 0)
        for row in np.argsort(-laid.counts, kind="stable"):
            if laid.counts[row] >= FEWEST_POINTS:
                yield int(self._pictures[pictures[likely[row]]]), int(groups[likely[row]]), laid.one(row)

    def _lying_together(self, told: Marks, ways: Sequence[Pairs], among: Sequence[int]) -> Iterator[tuple[int, Lies]]:
        """Those clips among which lie on this one as points of all their pictures say, where no two pictures do.

        One of them must be small within the other, most of whose points are of the page around it: clips that are as
        large have as many points as others, and what little they share is the template's.
        """
        which, found, apart, turned = self._plausible(told, ways, among)
        owners = self._pictures[self._of[found]]
        groups, group, counts = np.unique(turned * len(self.contents) + owners, return_inverse=True, return_counts=True)
        groups, table = groups[enough := counts >= FEWEST_POINTS], lying.table(group, apart)[enough]
        mine, theirs = both = self._both(told, which[table], found[table], turned[table])
        spots = told.spots[which[table]], self._spots[found[table]]
        cells = tuple(each[..., :2].astype(int) // _CELL @ [2**8, 1] for each in spots)
        laid, asked, met = lying.ways(*both, cells, table >= 0), cache(partial(_part, told)), set[int]()
        for row in np.argsort(-laid.counts, kind="stable"):
            owner, way = int(groups[row] % len(self.contents)), laid.one(row)
            if way.counts < FEWEST_POINTS or _SMALL < way.area < 1 / _SMALL or owner in met:
                continue
            some = table[row][(table[row] >= 0) & lying.near(mine.places[row], theirs.places[row], way)]
            pairs, counts = np.unique(self._pair(told, which[some], found[some], turned[some]), return_counts=True)
            for pair in pairs[np.argsort(-counts, kind="stable")][:_PAIRS]:
                if lies := self._lies(told, asked, int(pair), way, LEAST_BALANCE):
                    met.add(owner)
                    yield owner, lies
                    break

    def _plausible(self, told: Marks, ways: Sequence[Pairs], among: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Pairs of its points and of those among which, their distances, and whether it is turned over, that may be of
        pictures that are laid on one another."""
        which, found, apart = (np.concatenate(each) for each in zip(*ways, strict=True))
        turned = np.repeat([False, True], [len(way[0]) for way in ways])
        wanted = np.zeros(len(self.contents), bool)
        wanted[among] = True
        rows = np.flatnonzero(wanted[self._pictures[self._of[found]]])
        rows = rows[lying.plausible(*self._both(told, which[rows], found[rows], turned[rows]))]
        return which[rows], found[rows], apart[rows], turned[rows]

    def _pair(self, told: Marks, which: np.ndarray, found: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """The numbers of the pairs of pictures that these points are of."""
        of = np.repeat(np.arange(len(told.counts)), told.counts)
        return np.asarray((turned * len(told.counts) + of[which]) * len(self._pictures) + self._of[found])

    def _likely(self, pictures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Of each content the numbers of those pairs of pictures that have most points in common."""
        order = np.lexsort((-counts, self._pictures[pictures]))
        owners = self._pictures[pictures][order]
        sizes = np.bincount(owners) if len(owners) else np.empty(0, int)
        rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return order[(rank < _PAIRS) & (counts[order] >= FEWEST_POINTS)]

    def _both(self, told: Marks, which: np.ndarray, found: np.ndarray, turned: np.ndarray) -> tuple[Points, Points]:
        """These points of the one that is asked for, turned over or not, and known ones."""
        shapes = self._shapes[self._pictures[self._of[found]]]
        return Points.of(told.spots[which], told.shape, turned), Points.of(self._spots[found], shapes)

    def _lies(
        self, told: Marks, asked: Callable[[int, bool], Part], pair: int, way: Ways, least: int = OF_MANY
    ) -> Lies | None:
        """How two pictures lie on one another, if more of the one speaks for it than against it."""
        frames, mine, other, both, shapes = self._shared(told, asked, pair, way)
        still, balance = len(told.counts) == 1, lying.balance(mine, other, both, shapes, way)
        if balance < (LEAST_BALANCE if still else least):
            return None
        way = lying.exact(mine, other, both, way, closely=balance > 0)
        hardly = not still and len(both[0]) < min(_FEW, _PART * min(len(mine.places), len(other.places)))
        return Lies(*frames, way.in_fractions(*shapes), hardly)

    def _shared(self, told: Marks, asked: Callable[[int, bool], Part], pair: int, way: Ways) -> _Pair:
        picture, known = divmod(pair, len(self._pictures))
        turned, number = divmod(picture, len(told.counts))
        owner = int(self._pictures[known])
        theirs, their_number = self._told[owner], known - int(np.searchsorted(self._pictures, owner))
        (mine, signs), (other, their_signs) = asked(number, bool(turned)), self._part(owner, their_number)
        frames = int(told.frames[number]), int(theirs.frames[their_number]), bool(turned)
        both = lying.common(mine, other, (signs, their_signs), way)
        return _Pair(frames, mine, other, both, (told.shape, theirs.shape))

    def together(self, told: Marks) -> Iterator[np.ndarray]:
        """Of each pair of pictures that may lie on one another the points that are the same then."""
        asked, ways = cache(partial(_part, told)), self._ways(told)
        for _, pair, way in self._laid(told, ways, range(len(self.contents))):
            yield self._shared(told, asked, pair, way).both[0]

    def _nearly(self, asked: np.ndarray) -> np.ndarray:
        """Pairs of one of these hashes and a content that has it nearly."""
        if not len(asked) or not self._hashes.ntotal:
            return np.empty((2, 0), np.int64)
        faiss.omp_set_num_threads(1)  # asked by this thread: more cost more than they bring on so little
        ends, _, found = self._hashes.range_search(np.ascontiguousarray(asked), MOST_HASH_BITS + 1)
        return self._pairs(np.repeat(np.arange(len(asked)), np.diff(ends.astype(np.int64))), self._hash_owners[found])

    def _pairs(self, which: np.ndarray, owners: np.ndarray) -> np.ndarray:
        return np.array(np.divmod(np.unique(which * len(self.contents) + owners), max(1, len(self.contents))))

    def _ranked(self, ways: Sequence[np.ndarray], fewest: int) -> dict[int, float]:
        """The contents by what they share of so much, either way round; what many have too tells less, as in a text
        the words that all texts have (their inverse document frequency)."""
        best, all_of_them = np.zeros(len(self.contents)), np.log(len(self.contents) + 2)
        for which, owners in ways:
            rare = 1 - np.log(np.bincount(which, minlength=1).clip(1)) / all_of_them
            votes = np.bincount(owners, minlength=len(best))
            told = np.bincount(owners, rare[which], minlength=len(best))
            best = np.maximum(best, np.where(votes >= fewest, told, 0))
        found = np.flatnonzero(best)
        return {int(one): float(best[one]) for one in found[np.argsort(-best[found], kind="stable")]}


def few(mine: bytes, theirs: bytes) -> bool:
    """Whether of many points of a clip but a few agree, at most, with those of another on how one lies on it."""
    told, other = read(mine), read(theirs)
    if len(told.counts) == 1 or _PART * min(told.counts.max(), other.counts.max()) < _FEW:
        return False
    return all(len(one) < _FEW for one in Index({"": theirs}).together(told))


def _part(told: Marks, number: int, turned: bool = False) -> Part:
    """The points of one picture, turned over or not."""
    start = int(told.counts[:number].sum(dtype=int))
    its = slice(start, start + int(told.counts[number]))
    return Points.of(told.spots[its], told.shape, turned), told.signs[its] ^ (MIRROR if turned else np.uint64(0))


def _owned(parts: Sequence[np.ndarray], none: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All rows, and the number of the content that each is of."""
    counts = [len(one) for one in parts]
    return np.concatenate([none, *parts]), np.repeat(np.arange(len(parts)), counts)
