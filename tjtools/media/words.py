"""Whether two pictures that are one have other words, or the like, over them: looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from tjtools.media.laid import (
    THREE,
    Laid,
    Mask,
    Pixels,
    beyond,
    closed,
    differing,
    laid,
    most,
    patterns,
    pieces,
    square,
)

_FINE = 400  # pixels at which they are compared
_OTHER, _SMALLEST = 18.0, 0.0007  # of 255, by which a colour must be off; of what is compared: the smallest change
_EXCHANGED = 0.15  # of 1, how much of what differs was exchanged where words were
_LEAST_OWN, _LEAST_SHARED = 0.04, 0.12  # of outlines that both have; and of those of the one with more
_SURELY_OWN, _TIMES = 0.03, 3  # of outlines of one place that are of one alone; times those of the other
_ONES, _HARDLY_ANY = 0.1, 0.02  # of outlines; the part of them that the other one has: nothing was exchanged
_FAR = (61, 61)  # pixels around
_LONG, _HIGHER = 2.5, 0.5  # times as wide as tall: a line of words; of its height, that a bar may reach above and below
_SEEN, _MOST_OFF = 12.0, 30.0  # of 255, by which pixels may be off that a bar lets through; more counts as no more
_HALF, _MORE = 0.5, 0.1  # of the pixels across a bar that go along through it; more than without one
_THROUGH = np.arange(1.0, 0.24, -0.05)  # how much of the picture a bar may let through
_SOME = 1000  # pixels that tell
_AROUND, _ENOUGH = (11, 25, 81), 0.08  # pixels around, the nearest that do; how many of them must be known
_EACH = 0.12  # of what differs, that each has of its own


class Place(NamedTuple):
    """A place that differs: how much of outlines mine and theirs have of their own, and what `_exchanged` says."""

    own: tuple[float, float]
    exchanged: float
    differs: float


def swapped(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray) -> tuple[bool, bool]:
    """Whether words, or the like, were surely exchanged for others; and whether both have some of their own."""
    pair = laid(mine, theirs, matrix, _FINE)
    if pair is None:
        return False, False
    parts, differs = _parts(pair)
    if not parts:
        return False, False
    surely = _exchange(_places(pair, parts, differs))
    return surely, surely or _both_written(pair, parts, differs)


def _exchange(found: Sequence[Place]) -> bool:
    sums = np.sum([one.own for one in found], 0)
    less, more = float(sums.min()), float(sums.max())
    exchanged = sum(one.exchanged * one.differs for one in found) / sum(one.differs for one in found)
    elsewhere = all(any(_of(one.own[side], one.own[1 - side]) for one in found) for side in (0, 1))
    put_over = more > _ONES and less < _HARDLY_ANY * more
    return elsewhere or less > max(_LEAST_OWN, _LEAST_SHARED * more) or (exchanged > _EXCHANGED and not put_over)


def _both_written(pair: Laid, parts: Sequence[Mask], differs: Mask) -> bool:
    """Whether both have, each where the other has none, what is off the picture around it, all of it the same way.

    So are letters, and what is under the other's letters is not. What an encoder leaves is less than a change, and what
    a blurred letter has around it is no other than the letter. Where one has a bar that one can see through, the other
    is seen through one like it.
    """
    bare = _bare(pair, parts)
    if bare is not pair:
        pair, (parts, differs) = bare, _parts(bare)
    if not parts:
        return False
    spots = (np.maximum.reduce(parts) & differs & cv2.erode(pair.both, square(5))) > 0
    around, varies = _around(pair, differs, spots)
    off = [one[spots] - around for one in pair[:2]]
    by = [np.maximum(np.abs(one).max(1, initial=0) - varies, 0) for one in off]
    others = [beyond(pair[side], pair[1 - side])[spots] > _OTHER for side in (0, 1)]
    own = [_one_way(off[side][others[side] & (by[side] > _SEEN) & (by[1 - side] < by[side] / 2)]) for side in (0, 1)]
    return min(own) > max(_EACH * len(around), _SMALLEST * float(pair.both.sum()))


def _one_way(own: np.ndarray) -> float:
    """How many pixels these are, so far as all are brighter than what is around, or darker."""
    return len(own) * float(np.abs(own.sum(0)).max() / np.abs(own).max(1).sum()) if len(own) else 0.0


def _around(pair: Laid, differs: Mask, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean colour of what is around each of these and doesn't differ, as near as there is some; how it varies."""
    known = ((cv2.dilate(differs, THREE) == 0) & (pair.both > 0)).astype(np.float32)
    ground = (pair.mine + pair.theirs) * (known[..., None] / 2)
    power = ground * ground
    there = np.zeros(int(spots.sum()), np.float32)
    mean, varies = np.zeros((len(there), 3), np.float32), np.zeros((len(there), 3), np.float32)
    for side in _AROUND:
        weight = cv2.blur(known, (side, side))[spots]
        news = there <= _ENOUGH
        if not news.any():
            break
        first, second = (
            cv2.blur(one, (side, side))[spots][news] / np.maximum(weight[news, None], 1e-3) for one in (ground, power)
        )
        mean[news], varies[news], there[news] = first, second - first * first, weight[news]
    return mean, np.sqrt(np.maximum(varies.max(1, initial=0), 0))


def through_bars(pair: Laid) -> Laid:
    """Both seen through each bar across the picture that one of them has at a line of words; the same pair if none."""
    return _bare(pair, _parts(pair)[0])


def _bare(pair: Laid, parts: Sequence[Mask]) -> Laid:
    for part in parts:
        pair = _through(pair, part)
    return pair


def _through(pair: Laid, part: Mask) -> Laid:
    _, top, wide, tall = cv2.boundingRect(part)
    if wide <= _LONG * tall:
        return pair
    across = pair.both[top : top + tall] > 0
    some = [one[top : top + tall][across] for one in pair[:2]]
    mine, theirs = (one[:: 1 + len(one) // _SOME] for one in some)
    same = float((np.abs(mine - theirs).max(1) < _SEEN).mean()) if len(mine) else 1.0
    if same >= _HALF:
        return pair
    share, through, lift, barred = max((*_let(theirs, mine), 0), (*_let(mine, theirs), 1), key=lambda one: one[0])
    if share < max(_HALF, same + _MORE):
        return pair
    band = np.s_[max(0, int(top - _HIGHER * tall)) : int(top + (1 + _HIGHER) * tall) + 1]
    bare, other = pair[1 - barred].copy(), pair[barred]
    seen = through * bare[band] + lift
    off = [np.minimum(most(np.abs(other[band] - one)), _MOST_OFF) for one in (bare[band], seen)]
    nearer = closed((cv2.blur(off[0] - off[1], (15, 7)) > 0).astype(np.uint8), 9) > 0
    bare[band] = np.where(nearer[..., None], seen, bare[band])
    return pair._replace(mine=bare) if barred else pair._replace(theirs=bare)


def _let(bare: Pixels, barred: Pixels) -> tuple[float, float, Pixels]:
    """How much of these pixels one sees through a bar, if that explains the others: the share that it does, how much it
    lets through, and the colours that it adds."""
    best: tuple[float, float, Pixels] = (0.0, 1.0, np.zeros(3, np.float32))
    for through in map(float, _THROUGH):
        off = barred - through * bare
        lift = np.median(off, 0)
        share = float((np.abs(off - lift).max(1) < _SEEN).mean())
        if share > 1.05 * best[0] + 0.01:
            best = share, through, lift
    return best


def _of(own: float, others: float) -> bool:
    """Whether a place is of one alone."""
    return own > max(_SURELY_OWN, _TIMES * others)


def _places(pair: Laid, parts: Sequence[Mask], differs: Mask) -> list[Place]:
    """What differs, place by place: outlines of its own are steeper than the other's, and than what is around."""
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


def _parts(pair: Laid) -> tuple[list[Mask], Mask]:
    """The places that differ, each whole; and what does of all."""
    differs = differing(pair, patterns(pair), _OTHER)
    return [*pieces(closed(differs, 15), _SMALLEST * float(pair.both.sum()))], differs


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
