"""Whether two pictures are one, whatever was done to one of them, and what was done.

Points that both have tell how one lies on the other; then both are compared place by place.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from tjtools.media.points import Picture
from tjtools.media.recipe import Box

_FEWEST_POINTS, _FEWEST_PLACES = 8, 6  # that lie on one another
_LEAST_SHARE = 0.7  # of the places that must go along with each other
_GOES_ALONG = 0.75  # correlation at a place
_COMPARED = 160  # pixels of the longer side
_PLACE = 13  # pixels
_NOISE = 60.0  # variance of the brightness that an encoder's noise may have


class Likeness(NamedTuple):
    """How two pictures are one: mine, and theirs.

    `closeness` is from 0 to 1. `matrix` takes a place of theirs to its place of mine, both in fractions of width and
    height; where mine is `mirrored`, so does it. `shown` is the part of theirs that is seen in mine, `changed` the
    parts of mine that differ. `other_words`: all that differs are words that both have, and they are others.
    """

    closeness: float
    mirrored: bool
    matrix: np.ndarray
    shown: Box
    changed: tuple[Box, ...] = ()
    other_words: bool = False


def likeness(mine: Picture, theirs: Picture) -> Likeness | None:
    """How both are one picture; None where they are not."""
    both = (_lying(mine, one, flipped) for flipped, one in ((False, theirs), (True, theirs.mirrored())))
    return max(filter(None, both), key=lambda one: one.closeness, default=None)


def _lying(mine: Picture, theirs: Picture, mirrored: bool) -> Likeness | None:
    matrix, count = _matrix(mine, theirs)
    if matrix is None or count < _FEWEST_POINTS or not _plausible(matrix):
        return None
    alike, inside, told = _places(mine.pixels, theirs.pixels, matrix)
    compared = inside & told
    share = float((alike[compared] > _GOES_ALONG).mean()) if compared.any() else 0.0
    if compared.sum() < _FEWEST_PLACES or share < _LEAST_SHARE:
        return None
    whole = _in_fractions(matrix, mine.pixels, theirs.pixels)
    if mirrored:
        whole = whole @ np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1.0]])
    return Likeness(share, mirrored, whole[:2], _shown(whole))


def _matrix(mine: Picture, theirs: Picture) -> tuple[np.ndarray | None, int]:
    """How theirs lies on mine, in pixels, and how many points say so."""
    if min(len(mine.points), len(theirs.points)) < 4:
        return None, 0
    one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in map(_floats, (mine, theirs)))
    alike = one @ other.T
    best = alike.argmax(1)
    ordered = np.partition(alike, -2, 1)
    first, second = (np.sqrt(np.maximum(2 - 2 * ordered[:, -number], 1e-9)) for number in (1, 2))
    clear = (first < 0.88 * second) & (first < 0.65)
    if clear.sum() < 4:
        return None, 0
    cv2.setRNGSeed(1)
    matrix, fits = cv2.estimateAffine2D(
        theirs.places[best[clear]], mine.places[clear], method=cv2.RANSAC, ransacReprojThreshold=4, maxIters=1000
    )
    return (None, 0) if matrix is None else (np.asarray(matrix), int(fits.sum()))


def _floats(one: Picture) -> np.ndarray:
    return one.points.astype(np.float32)


def _plausible(matrix: np.ndarray) -> bool:
    """Whether an advertiser would have laid it so: neither turned much nor sheared."""
    wide, tall = np.hypot(matrix[0, 0], matrix[1, 0]), np.hypot(matrix[0, 1], matrix[1, 1])
    area = float(np.linalg.det(matrix[:, :2]))
    turned = abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return bool(
        area > 0.02 and 0.66 < wide / tall < 1.5 and area / (wide * tall) > 0.95 and turned < 12 and 0.15 < wide < 6
    )


def _places(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each place how it goes along with the other's, whether both have it, and whether something is there."""
    scale = _COMPARED / max(mine.shape[:2])
    size = round(mine.shape[1] * scale), round(mine.shape[0] * scale)
    one = cv2.cvtColor(cv2.resize(mine, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY).astype(np.float32)
    shrunk = min(1.0, max(0.05, float(np.sqrt(np.linalg.det(matrix[:, :2]))) * scale))
    small = cv2.resize(theirs, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    onto = matrix * scale
    onto[:, :2] /= shrunk
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    other = cv2.warpAffine(grey, onto, size)
    there = cv2.warpAffine(np.ones(grey.shape, np.float32), onto, size)
    mean, other_mean = _means(one), _means(other)
    varies, other_varies = _means(one * one) - mean**2, _means(other * other) - other_mean**2
    together = _means(one * other) - mean * other_mean
    alike = (together + _NOISE) / (np.sqrt(np.maximum(varies, 0) * np.maximum(other_varies, 0)) + _NOISE)
    return alike, _means(there) > 0.98, np.maximum(varies, other_varies) > _NOISE


def _means(values: np.ndarray) -> np.ndarray:
    """The mean of every place; places overlap by half."""
    step = _PLACE // 2
    return np.asarray(cv2.boxFilter(values, -1, (_PLACE, _PLACE)))[step::step, step::step]


def _in_fractions(matrix: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    (tall, wide), (their_tall, their_wide) = mine.shape[:2], theirs.shape[:2]
    whole = np.vstack([matrix, [0, 0, 1]])
    return np.asarray(np.diag([1 / wide, 1 / tall, 1]) @ whole @ np.diag([their_wide, their_tall, 1.0]))


def _shown(whole: np.ndarray) -> Box:
    back = np.linalg.inv(whole) @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1.0]])
    low, high = back[:2].min(1).clip(0, 1), back[:2].max(1).clip(0, 1)
    return Box(*map(float, (*low, *(high - low))))


def told(likeness: Likeness) -> str:
    """What was done to theirs, in words; `""` where nothing was."""
    part = likeness.shown
    said = ["mirrored"] if likeness.mirrored else []
    share = part.width * part.height
    if share < 0.97:
        said.append(f"cropped to {100 * share:.0f} %")
    return ", ".join(said)
