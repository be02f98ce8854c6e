"""Which creatives look the same: an index over their hashes finds candidates, their pictures confirm or reject them.

The hashes find re-encodings and other sizes, and also what shares most of its picture: the same template with other
words. So the kept pictures are compared place by place. Loading this room takes a while: who compares, imports it then.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import faiss
import numpy as np
from PIL import Image

from tjtools.media.pool import Fingerprint

# Chosen on seed A of the corpus in tests/corpus.py, measured on seed B: tests/benchmarks/duplicates.md
MOST_BITS = 7.0  # of 64, on average over the pictures
LEAST_LIKENESS = 0.91  # at the least like place, of 1
FEWEST_PICTURES = 3  # of five that both have and that are not plain

_BITS = 64
_PARTS = 4  # a hash is looked up by quarters: of at most 7 bits that differ, one quarter has at most 1
_SHAPE = 1.1  # by which factor width to height may differ
_SECONDS, _SHARE = 0.5, 0.1  # durations may differ by so much, and so much of the longer one
_TALL, _WIDE = 72, 128  # pixels at which two pictures are compared
_PLACE_TALL, _PLACE_WIDE = 12, 16  # places overlap by half
_NOISE = 400.0  # variance of the brightness that an encoder's noise may have (20 of 255, squared)
_STRAYS = 5  # places that may differ more: a small mark in a corner


class LooksIndex:
    """The looks of many creatives, ready to be searched; `compared` counts the hashes that were compared.

    Nobody else knows how looks are compared. `picture` gives the strip that is kept for a checksum.
    faiss looks the hashes up by their quarters, with up to one bit of each flipped: by the pigeonhole principle that
    misses none within `MOST_BITS`.
    """

    def __init__(self, fingerprints: Iterable[Fingerprint], picture: Callable[[str], bytes | None]) -> None:
        self.fingerprints, self._picture = tuple(fingerprints), picture
        self.compared = 0
        hashes = [(place, look) for place, one in enumerate(self.fingerprints) for look in one.looks if look]
        self._place = [place for place, _ in hashes]
        self._index: Any = faiss.IndexBinaryMultiHash(_BITS, _PARTS, _BITS // _PARTS)
        self._index.nflip = int(MOST_BITS) // _PARTS
        if hashes:
            self._index.add(_packed([look for _, look in hashes]))

    def near(self, fingerprint: Fingerprint) -> list[tuple[int, float]]:
        """The places of the candidates for a fingerprint, and by how many bits each differs, nearest first."""
        asked = [look for look in fingerprint.looks if look]
        if not self._place or not asked:
            return []
        counted: Any = faiss.cvar  # its counters have no types
        before = counted.indexBinaryHash_stats.ndis
        _, _, numbers = self._index.range_search(_packed(asked), int(MOST_BITS) + 1)
        self.compared += counted.indexBinaryHash_stats.ndis - before
        found = {self._place[number] for number in numbers}
        apart = ((place, bits_apart(fingerprint, self.fingerprints[place])) for place in found)
        near = [(place, bits) for place, bits in apart if bits is not None and bits <= MOST_BITS]
        return sorted(near, key=lambda one: (one[1], one[0]))

    def confirmed(self, fingerprint: Fingerprint, place: int, bits: float) -> float | None:
        """How close a candidate is, from 0 to 1; None where the pictures say that the two are not the same.

        Without both strips, or with one that is damaged, the hashes alone count: what may be the same is shown rather
        than passed over.
        """
        mine, theirs = self._picture(fingerprint.checksum), self._picture(self.fingerprints[place].checksum)
        if mine and theirs:
            with suppress(OSError, ValueError, SyntaxError):
                alike = closeness(mine, theirs, len(fingerprint.looks))
                return alike if alike >= LEAST_LIKENESS else None
        return 1 - bits / _BITS


def _packed(looks: Sequence[str]) -> np.ndarray:
    return np.frombuffer(bytes.fromhex("".join(looks)), dtype=np.uint8).reshape(len(looks), -1)


def bits_apart(one: Fingerprint, other: Fingerprint) -> float | None:
    """How many of 64 bits differ on average over the pictures; None where the two can't be compared.

    They can't if one is moving and the other still, if shape or duration differ, or if too much of either is plain.
    """
    mine, theirs = one.facts, other.facts
    if len(one.looks) != len(other.looks) or mine.medium is not theirs.medium:
        return None
    shape, others = mine.width * theirs.height, mine.height * theirs.width
    if not 0 < max(shape, others) <= _SHAPE * min(shape, others):
        return None
    seconds = mine.seconds or 0.0, theirs.seconds or 0.0
    if max(seconds) - min(seconds) > _SECONDS + _SHARE * max(seconds):
        return None
    pairs = [(int(a, 16), int(b, 16)) for a, b in zip(one.looks, other.looks, strict=True) if a and b]
    if len(pairs) < min(FEWEST_PICTURES, len(one.looks)) or not pairs:
        return None
    return sum((a ^ b).bit_count() for a, b in pairs) / len(pairs)


def closeness(one: bytes, other: bytes, pictures: int) -> float:
    """How alike two strips of so many pictures are at their least like place, from 0 to 1.

    The brightness is compared place by place, each by how its pattern goes along with the other's; a few places may
    stray. Of several pictures, the least like counts.
    """
    return min(_alike(a, b) for a, b in zip(_pictures(one, pictures), _pictures(other, pictures), strict=True))


def _pictures(strip: bytes, count: int) -> list[np.ndarray]:
    with Image.open(io.BytesIO(strip)) as picture:
        tall = picture.height // count
        grey = picture.convert("L")
    parts = [grey.crop((0, number * tall, grey.width, (number + 1) * tall)) for number in range(count)]
    return [np.asarray(part.resize((_WIDE, _TALL), Image.Resampling.BICUBIC), dtype=np.float64) for part in parts]


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    mean, other_mean = _means(one), _means(other)
    varies = _means(one * one) - mean**2
    other_varies = _means(other * other) - other_mean**2
    together = _means(one * other) - mean * other_mean
    alike = np.sort(((2 * together + _NOISE) / (varies + other_varies + _NOISE)).ravel())
    return float(max(0.0, min(1.0, alike[_STRAYS])))


def _means(values: np.ndarray) -> np.ndarray:
    """The mean of every place."""
    places = np.lib.stride_tricks.sliding_window_view(values, (_PLACE_TALL, _PLACE_WIDE))
    means: np.ndarray = places[:: _PLACE_TALL // 2, :: _PLACE_WIDE // 2].mean((2, 3))
    return means
