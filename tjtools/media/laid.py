"""One picture laid on another, in its colours: where they go along with each other, and where they differ.

How one lies on another takes a place, counted from a picture's corner, to a place: so it is the same in every size, and
a mirrored place is all of the width less it. OpenCV counts from the middle of the first pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

Pixels: TypeAlias = np.ndarray  # floats, BGR or grey
Mask: TypeAlias = np.ndarray  # 0 or 1 each

_LONGEST = 160  # pixels at which they are compared
_LEAST = 16  # pixels that both must have, in width and height
PLACE = 11  # pixels
_BRIGHT = np.array([0.114, 0.587, 0.299], np.float32)  # blue, green, red
_ENOUGH = 8000  # pixels that tell how colours were changed
PLAIN = 20.0  # variance of the brightness up to which nothing is at a place
_GOES_ALONG = 0.75  # correlation at a place
OTHER = 26.0  # of 255, by which a colour must be off
THREE = np.ones((3, 3), np.uint8)
_MIDDLE = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])  # of a pixel, from its corner


class Laid(NamedTuple):
    """The part of mine that theirs covers, theirs laid on it, and where both are.

    `onto` takes a place of my picture to one here, both in pixels.
    """

    mine: Pixels
    theirs: Pixels
    both: Mask
    onto: np.ndarray

    def recoloured(self) -> Laid:
        """The same in the colours of mine."""
        return self._replace(theirs=_recoloured(self.theirs, self.mine, self.both))

    @property
    def apart(self) -> float:
        """By how much their colours differ, of 255; what is another one counts as little more than what is moved."""
        off = most(np.abs(self.mine - self.theirs))[self.both > 0]
        return float(np.minimum(off, OTHER).mean())


def laid(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray, longest: int = _LONGEST) -> Laid | None:
    """Theirs on mine, in its colours; None where next to nothing of it is on it."""
    pair = placed(mine, theirs, matrix, longest)
    return pair and pair.recoloured()


def placed(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray, longest: int = _LONGEST) -> Laid | None:
    """The same in their own colours, which takes a third of the time."""
    (tall, wide), (their_tall, their_wide) = mine.shape[:2], theirs.shape[:2]
    corners = np.array([[0, their_wide, 0, their_wide], [0, 0, their_tall, their_tall], [1, 1, 1, 1]])
    reach = matrix @ corners
    low, high = reach.min(1).clip(0), np.minimum(reach.max(1), (wide, tall))
    if (high - low).min() < _LEAST:
        return None
    scale = min(1.0, longest / float((high - low).max()))
    size = (round(float(high[0] - low[0]) * scale), round(float(high[1] - low[1]) * scale))
    onto = np.array([[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale], [0, 0, 1]])
    if min(size) < _LEAST // 2:
        return None
    one, covered = _warped(mine, onto, size)
    other, covers = _warped(theirs, onto @ np.vstack([matrix, [0, 0, 1]]), size)
    both = cv2.erode(covered & covers, square(5), borderType=cv2.BORDER_CONSTANT, borderValue=0)  # edges are blurred
    return Laid(one, other, both, onto[:2]) if both.sum() > _LEAST**2 else None


def _warped(pixels: np.ndarray, onto: np.ndarray, size: tuple[int, int]) -> tuple[Pixels, Mask]:
    """The picture at its place, shrunk before where it becomes smaller; and where it is."""
    shrunk = min(1.0, max(0.05, float(np.sqrt(abs(np.linalg.det(onto[:2, :2]))))))
    small = cv2.resize(pixels, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA) if shrunk < 1 else pixels
    back = np.diag([pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0], 1.0])
    matrix = of_middles(onto @ back)
    shown = cv2.warpAffine(small, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(np.full(small.shape[:2], 255, np.uint8), matrix, size)
    return shown.astype(np.float32), (there > 250).astype(np.uint8)


def of_middles(onto: np.ndarray) -> np.ndarray:
    """How one lies on another, 3x3, as OpenCV is told it, 2x3."""
    return np.asarray((_MIDDLE @ onto @ np.linalg.inv(_MIDDLE))[:2])


def of_corners(told: np.ndarray) -> np.ndarray:
    """How one lies on another, 3x3, where OpenCV tells it, 2x3."""
    return np.asarray(np.linalg.inv(_MIDDLE) @ np.vstack([told, [0, 0, 1]]) @ _MIDDLE)


def _recoloured(theirs: Pixels, mine: Pixels, both: Mask) -> Pixels:
    """Theirs as bright, contrasty and colourful as mine, so far as somebody might have graded it."""
    where = np.flatnonzero(both)[:: 1 + np.count_nonzero(both) // _ENOUGH]
    wanted = mine.reshape(-1, 3)[where]
    theirs = _saturated(theirs, theirs.reshape(-1, 3)[where], wanted)
    given, wanted = theirs.reshape(-1, 3)[where].T.copy(), wanted.T.copy()
    return np.asarray(cv2.merge([*map(_graded, cv2.split(theirs), given, wanted)]))


def _saturated(pixels: Pixels, given: np.ndarray, wanted: np.ndarray) -> Pixels:
    """As far from grey as the wanted ones, beside how much their brightness varies."""
    off = np.abs(wanted - given).sum(1)
    kept = off <= 1.5 * _median(off)
    (grey, colours), (their_grey, their_colours) = (_apart(one[kept]) for one in (wanted, given))
    more = [
        float((one * other).sum() + _ENOUGH) / float((other * other).sum() + _ENOUGH)
        for one, other in ((colours, their_colours), (grey - grey.mean(), their_grey - their_grey.mean()))
    ]
    by = float(np.clip(more[0] / max(0.1, more[1]), 0.5, 2.0))
    return np.asarray(by * pixels + (1 - by) * (pixels @ _BRIGHT)[..., None])


def _apart(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How bright they are, and what makes them other than grey."""
    grey = colours @ _BRIGHT
    return grey, colours - grey[:, None]


def _graded(channel: Pixels, given: np.ndarray, wanted: np.ndarray) -> Pixels:
    gain, lift = 1.0, float(np.clip(_median(wanted) - _median(given), -40, 40))
    for _ in range(3):
        off = np.abs(wanted - gain * given - lift)
        kept = off <= max(8.0, 1.5 * _median(off))  # what was changed is no measure
        one, other = given[kept], wanted[kept]
        together = float(((one - one.mean()) * (other - other.mean())).mean())
        gain = float(np.clip((together + 25) / (float(one.var()) + 25), 0.6, 1.7))
        lift = float(np.clip(other.mean() - gain * one.mean(), -60, 60))
    return gain * channel + lift


def _median(values: np.ndarray) -> float:
    """One of those in the middle (numpy's own takes three times as long)."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def nudged(pair: Laid, matrix: np.ndarray) -> np.ndarray:
    """The matrix of a pair that a few points told, put right by the whole of both."""
    one, other = (cv2.cvtColor(each.clip(0, 255), cv2.COLOR_BGR2GRAY) for each in pair[:2])
    start, enough = np.eye(2, 3, dtype=np.float32), (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        _, nudge = cv2.findTransformECC(one, other, start, cv2.MOTION_AFFINE, enough, pair.both, 5)
    except cv2.error:  # they don't go along at all
        return matrix
    onto, way, back = (np.vstack([each, [0, 0, 1]]) for each in (pair.onto, matrix, nudge))
    return np.asarray((np.linalg.inv(onto) @ np.linalg.inv(back) @ onto @ way)[:2])


def share(pair: Laid) -> float:
    """Of the places that are not plain how many go along, whatever differs."""
    along, told = patterns(pair)
    some = told & (cv2.erode(pair.both, square(PLACE)) > 0)
    return float((along & some).sum() / max(1, some.sum()))


def differing(pair: Laid, seen: tuple[Mask, Mask], least: float) -> Mask:
    """Where the colours are off and the patterns don't go along."""
    along, told = seen
    off = np.maximum(beyond(pair.mine, pair.theirs), beyond(pair.theirs, pair.mine))
    return np.asarray((off > least) & (pair.both > 0) & ~(along & told), np.uint8)


def closed(differs: Mask, gap: int) -> Mask:
    return np.asarray(cv2.morphologyEx(differs, cv2.MORPH_CLOSE, square(gap)))


def square(side: int) -> Mask:
    return np.ones((side, side), np.uint8)


def pieces(differs: Mask, least: float) -> Iterator[Mask]:
    """What hangs together, but for specks."""
    _, labels, told, _ = cv2.connectedComponentsWithStats(differs, connectivity=8)
    for number in np.flatnonzero(told[1:, cv2.CC_STAT_AREA] >= least) + 1:
        yield (labels == number).astype(np.uint8)


def patterns(pair: Laid) -> tuple[Mask, Mask]:
    """Where the patterns around a pixel go along with each other; and where there are any."""
    one, other = (cv2.cvtColor(each.clip(0, 255), cv2.COLOR_BGR2GRAY) for each in (pair.mine, pair.theirs))
    mean, other_mean = _means(one), _means(other)
    varies, other_varies = _means(one * one) - mean**2, _means(other * other) - other_mean**2
    together = _means(one * other) - mean * other_mean
    alike = together / np.sqrt(np.maximum(varies, 1) * np.maximum(other_varies, 1))
    return alike > _GOES_ALONG, np.maximum(varies, other_varies) > PLAIN


def _means(values: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.boxFilter(values, -1, (PLACE, PLACE)))


def beyond(one: Pixels, other: Pixels) -> np.ndarray:
    """By how much a pixel is out of the range of the other's around it."""
    return most(np.maximum(one - cv2.dilate(other, THREE), cv2.erode(other, THREE) - one))


def most(pixels: Pixels) -> np.ndarray:
    """Of each pixel the channel with most (numpy's own takes ten times as long)."""
    return np.asarray(cv2.max(cv2.max(pixels[..., 0], pixels[..., 1]), pixels[..., 2]))
