"""Whether two pictures that are one have other words, or the like, over them: looked at closely."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from tjtools.media.laid import THREE, Laid, Pixels, closed, differing, laid, most, patterns, pieces, square

_FINE = 400  # pixels at which they are compared
_OTHER, _SMALLEST = 18.0, 0.0007  # of 255, by which a colour must be off; of what is compared: the smallest change
_EXCHANGED = 0.15  # of 1, how much of what differs was exchanged where words were
_LEAST_OWN, _LEAST_SHARED = 0.04, 0.12  # of outlines that both have; and of those of the one with more
_SURELY_OWN, _TIMES = 0.03, 3  # of outlines of one place that are of one alone; times those of the other
_ONES, _HARDLY_ANY = 0.1, 0.02  # of outlines; the part of them that the other one has: nothing was exchanged
_FAR = (61, 61)  # pixels around


class Place(NamedTuple):
    """A place that differs: how much of outlines mine and theirs have of their own, and what `_exchanged` says."""

    own: tuple[float, float]
    exchanged: float
    differs: float


def swapped(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray) -> bool:
    """Whether both have words, or the like, of their own."""
    pair = laid(mine, theirs, matrix, _FINE)
    found = _places(pair) if pair else []
    if not found:
        return False
    sums = np.sum([one.own for one in found], 0)
    less, more = float(sums.min()), float(sums.max())
    exchanged = sum(one.exchanged * one.differs for one in found) / sum(one.differs for one in found)
    elsewhere = all(any(_of(one.own[side], one.own[1 - side]) for one in found) for side in (0, 1))
    put_over = more > _ONES and less < _HARDLY_ANY * more
    return elsewhere or less > max(_LEAST_OWN, _LEAST_SHARED * more) or (exchanged > _EXCHANGED and not put_over)


def _of(own: float, others: float) -> bool:
    """Whether a place is of one alone."""
    return own > max(_SURELY_OWN, _TIMES * others)


def _places(pair: Laid) -> list[Place]:
    """What differs, place by place: outlines of its own are steeper than the other's, and than what is around."""
    differs = differing(pair, patterns(pair), _OTHER)
    parts = [*pieces(closed(differs, 15), _SMALLEST * float(pair.both.sum()))]
    if not parts:
        return []
    steep = [_steepness(one) for one in pair[:2]]
    inner, whole = cv2.erode(pair.both, square(5)) > 0, float(pair.both.sum())
    near = cv2.dilate(np.maximum.reduce(parts), square(9)) > 0
    own = [_own(one, other, ((pair.both > 0) & ~near).astype(np.float32)) for one, other in (steep, steep[::-1])]
    found = []
    for part in parts:
        spots = part & differs
        line = (cv2.dilate(spots, THREE) > cv2.erode(spots, square(5))) & inner
        mine, theirs = (float(one[line].sum()) / whole for one in own)
        found.append(Place((mine, theirs), *_exchanged(pair, spots > 0)))
    return found


def _own(one: np.ndarray, other: np.ndarray, around: np.ndarray) -> np.ndarray:
    """By how much the one is steeper than the other, and than usual around."""
    mean, varies = _weighed(one, around)
    return np.asarray(np.maximum(one - np.maximum(cv2.dilate(other, square(5)), mean + 1.5 * np.sqrt(varies)), 0))


def _exchanged(pair: Laid, spots: np.ndarray) -> tuple[float, float]:
    """How much, of 1, mine and theirs have the same two colours at a place, the other way round; and how much differs.

    So it is with other words before one ground. Where words were put over a picture, all of mine is theirs.
    """
    mine, theirs = pair.mine[spots], pair.theirs[spots]
    between = mine - theirs
    way = np.linalg.eigh(between.T @ between)[1][:, -1]
    by = between @ way
    more = by > 0
    if more.all() or not more.any():
        return 0.0, float(np.abs(by).sum())
    steps = [float((one[more].mean(0) - one[~more].mean(0)) @ way) for one in (mine, theirs)]
    alike = max(0.0, min(steps[0], -steps[1])) / max(1.0, *map(abs, steps))
    sums = float(by[more].sum()), float(-by[~more].sum())
    return alike * min(sums) / max(sums), sum(sums)


def _weighed(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance around each pixel of what has weight."""
    total = np.maximum(cv2.boxFilter(weight, -1, _FAR), 1e-3)
    mean, square = (cv2.boxFilter(each * weight, -1, _FAR) / total for each in (values, values * values))
    return mean, np.maximum(square - mean * mean, 0)


def _steepness(pixels: Pixels) -> np.ndarray:
    soft = cv2.GaussianBlur(pixels, (3, 3), 0)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *way, scale=0.25) for way in ((1, 0), (0, 1)))
    return most(cv2.magnitude(across, down))
