"""Which of many contents may look like one: those whose pictures share points with its own, or nearly share a hash.

The index is made of the contents' marks, each time anew: nothing is trained, and a content can be added at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

import faiss
import numpy as np

from tjtools.media.marks import MIRROR, MIRROR_HASH, read

faiss.omp_set_num_threads(1)  # threads cost more than they bring on what is asked here

MOST_BITS, MOST_HASH_BITS = 24, 60  # of 128 and 256, in which the same point and the same picture may differ
FEWEST_POINTS, LEAST_POINTS = 3, 1 / 60  # that both have: so many, and so many of those of a clip
FAIR, SURE = 0.01, 0.02  # of its points, each by how few have it: what a candidate has, or much
_MOST_FIRST = 14  # of the first 64 signs
_NEAR = np.array([0, *(1 << bit for bit in range(16))], np.uint16)  # one of the first signs may differ


class Index:
    """Contents by their marks."""

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.contents = [*kept]
        told = [read(one) for one in kept.values()]
        signs, owners = _owned([one for one, _ in told], np.empty((0, 2), np.uint64))
        keys = signs.view(np.uint16)[:, 0]
        order = np.argsort(keys, kind="stable")
        self._first, self._second = (np.ascontiguousarray(signs[order, word]) for word in (0, 1))
        self._owners = owners[order]
        self._starts = np.searchsorted(keys[order], np.arange(2**16 + 1))
        hashes, self._hash_owners = _owned([one for _, one in told], np.empty((0, 32), np.uint8))
        self._hashes: Any = faiss.IndexBinaryFlat(256)
        self._hashes.add(hashes)

    def like(self, kept: bytes) -> Iterator[tuple[str, bool]]:
        """The contents that may look like the one with these marks, the likeliest first; and whether much says so."""
        signs, hashes = read(kept)
        fewest = max(FEWEST_POINTS, int(len(signs) * LEAST_POINTS))
        by_points = self._ranked([self._sharing(one) for one in (signs, signs ^ MIRROR)], fewest, len(signs))
        by_hashes = self._ranked([self._nearly(one) for one in (hashes, hashes ^ MIRROR_HASH)], 1)
        sure = [one for one, told in by_points.items() if told >= SURE * len(signs)]
        first = dict.fromkeys(one for one in chain(*zip_longest(sure, by_hashes)) if one is not None)
        return ((self.contents[one], one in first) for one in (first | by_points))

    def _sharing(self, asked: np.ndarray) -> np.ndarray:
        """Pairs of one of these points and a content that has it too."""
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
        return self._pairs(which[apart <= MOST_BITS], self._owners[found[apart <= MOST_BITS]])

    def _nearly(self, asked: np.ndarray) -> np.ndarray:
        """Pairs of one of these hashes and a content that has it nearly."""
        if not len(asked) or not self._hashes.ntotal:
            return np.empty((2, 0), np.int64)
        ends, _, found = self._hashes.range_search(np.ascontiguousarray(asked), MOST_HASH_BITS + 1)
        return self._pairs(np.repeat(np.arange(len(asked)), np.diff(ends.astype(np.int64))), self._hash_owners[found])

    def _pairs(self, which: np.ndarray, owners: np.ndarray) -> np.ndarray:
        return np.array(np.divmod(np.unique(which * len(self.contents) + owners), max(1, len(self.contents))))

    def _ranked(self, ways: Sequence[np.ndarray], fewest: int, of: int = 0) -> dict[int, float]:
        """The contents by what they share of so much, either way round; what many have too tells less, as in a text
        the words that all texts have (their inverse document frequency)."""
        best, all_of_them = np.zeros(len(self.contents)), np.log(len(self.contents) + 2)
        for which, owners in ways:
            rare = 1 - np.log(np.bincount(which, minlength=1).clip(1)) / all_of_them
            votes = np.bincount(owners, minlength=len(best))
            told = np.bincount(owners, rare[which], minlength=len(best))
            best = np.maximum(best, np.where((votes >= fewest) & (told >= FAIR * of), told, 0))
        found = np.flatnonzero(best)
        return {int(one): float(best[one]) for one in found[np.argsort(-best[found], kind="stable")]}


def _owned(parts: Sequence[np.ndarray], none: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All rows, and the number of the content that each is of."""
    counts = [len(one) for one in parts]
    return np.concatenate([none, *parts]), np.repeat(np.arange(len(parts)), counts)
