"""Which of many contents may look like one: those whose pictures share points with its own, or nearly share a hash.

A point is known by 128 signs of its descriptor: patterns of its 16 cells by waves of its 8 directions, so that those of
the mirrored picture are the same ones, some turned over; so it is with the hashes. Nothing is trained: the index is
made of what is kept of each content, its marks, and a content can be added at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

import faiss
import numpy as np

from tjtools.media.points import Picture

MOST_BITS, MOST_HASH_BITS = 24, 60  # of 128 and 256, in which the same point and the same picture may differ
FEWEST_POINTS = 3  # that both have
_POINTS, _LEAST = 200, 40  # of a still; a clip's pictures share so many among them, and have so many each at least
_CLIPS = 800

_SQUARE = np.array([[1, 1], [1, -1]])
_CELLS = np.kron(np.kron(_SQUARE, _SQUARE), np.kron(_SQUARE, _SQUARE))
_TURNS = np.outer((0, 1, 1, 2, 2, 3, 3, 4), np.arange(8) * np.pi / 4)
_ODD = np.array([0, 0, 1, 0, 1, 0, 1, 0], bool)  # waves that a mirror turns over
_WAVES = np.where(_ODD[:, None], np.sin(_TURNS), np.cos(_TURNS))
# cell pattern and wave of the signs by which a point is looked up: those that an edit changes least
_SURE = "21 02 11 b2 82 22 e1 04 c2 d1 83 20 84 23 42 24"
_FIRST = [8 * int(one[0], 16) + int(one[1]) for one in _SURE.split()]
_ORDER = [*_FIRST, *sorted({*range(128)} - {*_FIRST})]
_SIGNS = np.kron(_CELLS, _WAVES)[_ORDER].T.astype(np.float32)
_TURNED = np.array([(number & 12).bit_count() % 2 for number in range(16)], bool)  # patterns that it turns over
_MIRROR = np.packbits(np.logical_xor.outer(_TURNED, _ODD).ravel()[_ORDER]).view(np.uint64)
_MIRROR_HASH = np.packbits(np.tile([1, 0], 128))
_NEAR = np.array([0, *(1 << bit for bit in range(16))], np.uint16)  # one of the sure signs may differ


def marks(pictures: Sequence[Picture]) -> bytes:
    """By what a content is found: its pictures' points, the strongest first, and hashes."""
    most = _POINTS if len(pictures) == 1 else max(_LEAST, min(_POINTS, _CLIPS // max(1, len(pictures))))
    points = np.concatenate([np.empty((0, 128), np.uint8), *(one.points[:most] for one in pictures)])
    hashes = b"".join(one.hashes.tobytes() for one in pictures)
    signs = np.packbits(points.astype(np.float32) @ _SIGNS > 0, axis=1)
    return len(points).to_bytes(4, "little") + signs.tobytes() + hashes


def _read(kept: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The signs, each as two words, and the hashes; raises ValueError where they are damaged."""
    end = 4 + 16 * int.from_bytes(kept[:4], "little")
    if not 4 <= end <= len(kept):
        raise ValueError("these are no marks")
    signs = np.frombuffer(kept[4:end], np.uint64).reshape(-1, 2)
    return signs, np.frombuffer(kept[end:], np.uint8).reshape(-1, 32)


class Index:
    """Contents by their marks."""

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.contents = [*kept]
        read = [_read(one) for one in kept.values()]
        signs, owners = _owned([one for one, _ in read], np.empty((0, 2), np.uint64))
        keys = signs.view(np.uint16)[:, 0]
        order = np.argsort(keys, kind="stable")
        self._signs, self._owners = signs[order], owners[order]
        self._starts = np.searchsorted(keys[order], np.arange(2**16 + 1))
        hashes, self._hash_owners = _owned([one for _, one in read], np.empty((0, 32), np.uint8))
        self._hashes: Any = faiss.IndexBinaryFlat(256)
        self._hashes.add(hashes)

    def like(self, kept: bytes) -> Iterator[str]:
        """The contents that may look like the one with these marks, the likeliest first."""
        signs, hashes = _read(kept)
        by_points = self._ranked([self._sharing(one) for one in (signs, signs ^ _MIRROR)], FEWEST_POINTS)
        by_hashes = self._ranked([self._nearly(one) for one in (hashes, hashes ^ _MIRROR_HASH)], 1)
        numbers = chain.from_iterable(zip_longest(by_points, by_hashes))
        return (self.contents[one] for one in dict.fromkeys(numbers) if one is not None)

    def _sharing(self, asked: np.ndarray) -> np.ndarray:
        """Pairs of one of these points and a content that has it too."""
        keys = np.ascontiguousarray(asked).view(np.uint16).reshape(-1, 8)[:, :1] ^ _NEAR
        starts = self._starts[keys].ravel()
        counts = self._starts[keys.astype(np.int64) + 1].ravel() - starts
        which = np.repeat(np.arange(len(asked)), counts.reshape(keys.shape).sum(1))
        found = np.arange(len(which)) + np.repeat(starts - np.cumsum(counts) + counts, counts)
        near = np.bitwise_count(self._signs[found, 0] ^ asked[which, 0]) <= MOST_BITS
        which, found = which[near], found[near]
        near = np.bitwise_count(self._signs[found] ^ asked[which]).sum(1) <= MOST_BITS
        return self._pairs(which[near], self._owners[found[near]])

    def _nearly(self, asked: np.ndarray) -> np.ndarray:
        """Pairs of one of these hashes and a content that has it nearly."""
        if not len(asked) or not self._hashes.ntotal:
            return np.empty((2, 0), np.int64)
        ends, _, found = self._hashes.range_search(np.ascontiguousarray(asked), MOST_HASH_BITS + 1)
        return self._pairs(np.repeat(np.arange(len(asked)), np.diff(ends.astype(np.int64))), self._hash_owners[found])

    def _pairs(self, which: np.ndarray, owners: np.ndarray) -> np.ndarray:
        return np.array(np.divmod(np.unique(which * len(self.contents) + owners), max(1, len(self.contents))))

    def _ranked(self, ways: Sequence[np.ndarray], fewest: int) -> list[int]:
        """The contents by what they share, either way round; what many have too tells little."""
        best = np.zeros(len(self.contents))
        for which, owners in ways:
            alone = 1 / np.bincount(which, minlength=1)[which] if len(which) else np.empty(0)
            votes = np.bincount(owners, minlength=len(best))
            told = np.bincount(owners, alone, minlength=len(best))
            best = np.maximum(best, np.where(votes >= fewest, told, 0))
        found = np.flatnonzero(best)
        return [int(one) for one in found[np.argsort(-best[found], kind="stable")]]


def _owned(parts: Sequence[np.ndarray], none: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All rows, and the number of the content that each is of."""
    counts = [len(one) for one in parts]
    return np.concatenate([none, *parts]), np.repeat(np.arange(len(parts)), counts)
