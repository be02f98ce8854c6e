"""What of a picture is compared: its pixels, small; the points that stand out in it, described; hashes of the whole.

The points are OpenCV's SIFT, their descriptors square roots (RootSIFT) as whole numbers. Those of the mirrored picture
are the same ones in another order, so that nothing is looked for twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import numpy as np

SIDE = 400  # pixels of the longer side
MOST_POINTS = 400
_COARSE = 6.0  # pixels that a coarse point has at least
_FEW_CORNERS, _SMOOTH = 250, 40  # which are found in no time, and tell about how many points there are
_FROM_CORNER = 0.25  # pixels: OpenCV's places are so far off, which counts in a picture that it doubled
_SCALE = 512.0  # what 1 of a descriptor of length 1 is as a whole number
_HASHED = 64
_PLAIN = 5.0  # deviation of the brightness, of 255, below which a hash would be of noise
_BORDER = 8.0  # deviation within a row or column that is still border

_CELLS = np.arange(128).reshape(4, 4, 8)
_MIRRORED = _CELLS[::-1, :, [0, 7, 6, 5, 4, 3, 2, 1]].ravel()
_WAVES = np.cos(np.pi / _HASHED * np.outer(np.arange(1, 17), np.arange(_HASHED) + 0.5))


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture ready to be compared.

    `pixels` are BGR, 8 bits each; `places` are x and y of each point in pixels from the corner, `points` its
    descriptor of 128 bytes, the strongest first, `turns` its size in pixels and its direction in degrees.
    """

    pixels: np.ndarray
    places: np.ndarray
    points: np.ndarray
    turns: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.float32))

    @property
    def hashes(self) -> np.ndarray:
        """Rows of 32 bytes: of the whole, and of what is within a border; none of a plain picture."""
        return _hashes(self.pixels)

    def mirrored(self) -> Picture:
        """The picture the other way round, without turns."""
        pixels = np.ascontiguousarray(self.pixels[:, ::-1])
        places = np.column_stack([pixels.shape[1] - self.places[:, 0], self.places[:, 1]])
        return Picture(pixels, places, np.ascontiguousarray(self.points[:, _MIRRORED]))


def picture(pixels: np.ndarray, side: int = SIDE, most: int = MOST_POINTS, coarse: int = 0) -> Picture:
    """What is compared of an image, BGR of 8 bits, of at most so many pixels on the longer side and so many points.

    So many of these are `coarse` ones, if there are: where it is a small part of another, the others are too fine.
    """
    pixels = _small(pixels, side)
    grey, detector = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), _detector(0 if coarse else most)
    described = None
    if not coarse:
        found, described = detector.detectAndCompute(grey, None)
    elif _corners_in(grey) < _FEW_CORNERS:  # there is little to leave out: in one go it takes less
        found, described = detector.detectAndCompute(grey, None)
        chosen = _chosen(found, most, coarse)
        found, described = [found[one] for one in chosen], described[chosen] if chosen else None
    elif found := detector.detect(grey):  # those that are left out need not be described
        found, described = detector.compute(grey, [found[one] for one in _chosen(found, most, coarse)])
    if described is None:
        described = np.empty((0, 128), np.float32)
    strongest = np.argsort([-one.response for one in found], kind="stable")[:most].astype(int)
    described = described[strongest]
    share = described / np.maximum(described.sum(1, keepdims=True), 1e-6)
    points = np.minimum(np.sqrt(share) * _SCALE, 255).round().astype(np.uint8)
    told = np.array([(*one.pt, one.size, one.angle) for one in found], np.float32).reshape(-1, 4)[strongest]
    return Picture(pixels, told[:, :2] + _FROM_CORNER, points, told[:, 2:])


def still(pixels: np.ndarray, side: int, most: int, coarse: int) -> Picture:
    """The same of a still; of a smooth one there are so few that those of a larger picture follow, while there is room:
    what is left of them in a part of it, or under words, wouldn't do."""
    small = picture(pixels, side, most, coarse)
    room = most - len(small.points)
    if room <= 0 or _corners_in(cv2.cvtColor(small.pixels, cv2.COLOR_BGR2GRAY)) >= _SMOOTH:
        return small
    large = picture(pixels, SIDE, room)
    by = small.pixels.shape[1] / large.pixels.shape[1]
    if by == 1:
        return small
    parts = (small.places, by * large.places), (small.points, large.points), (small.turns, large.turns * (by, 1))
    return Picture(small.pixels, *map(np.concatenate, parts))


def _chosen(found: Sequence[Any], most: int, coarse: int) -> list[int]:
    """The numbers of the strongest coarse ones, and of the strongest of all others."""
    ordered = sorted(range(len(found)), key=lambda number: -found[number].response)
    first = [number for number in ordered if found[number].size >= _COARSE][:coarse]
    met = {*first}
    return first + [number for number in ordered if number not in met][: most - len(first)]


def _corners_in(grey: np.ndarray) -> int:
    return len(_corners().detect(grey))


@cache
def _corners() -> Any:
    return cv2.FastFeatureDetector_create()  # type: ignore[attr-defined]


@cache
def _detector(most: int) -> Any:
    return cv2.SIFT_create(nfeatures=most, contrastThreshold=0.003, edgeThreshold=20)  # type: ignore[attr-defined]


def _small(pixels: np.ndarray, side: int) -> np.ndarray:
    tall, wide = pixels.shape[:2]
    scale = side / max(tall, wide)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _hashes(pixels: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    left, top, right, bottom = within(grey)
    inner = grey[top:bottom, left:right]
    versions = [grey] if inner.shape == grey.shape else [grey, inner]
    told = [_hash(one) for one in versions if cv2.meanStdDev(one)[1][0, 0] > _PLAIN]
    return np.array(told, np.uint8).reshape(-1, 32)


def within(grey: np.ndarray) -> tuple[int, int, int, int]:
    """What lies within a border of one colour: left, top, right, bottom."""
    rows, columns = (np.flatnonzero(_varies(grey, axis) > _BORDER**2) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return 0, 0, grey.shape[1], grey.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _varies(grey: np.ndarray, axis: int) -> np.ndarray:
    """The variance of each row or column (numpy's own takes six times as long)."""
    values = grey.astype(np.float32)
    each = (cv2.reduce(one, axis, cv2.REDUCE_AVG, dtype=cv2.CV_64F) for one in (values, values * values))
    mean, square = (one.ravel() for one in each)
    return np.asarray(square - mean * mean)


def _hash(grey: np.ndarray) -> np.ndarray:
    values = cv2.resize(grey, (_HASHED, _HASHED), interpolation=cv2.INTER_AREA).astype(np.float64)
    told = _WAVES @ values @ _WAVES.T
    return np.packbits(told > np.median(told))
