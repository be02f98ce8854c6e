"""Whether two pictures are one, whatever was done to one of them, and what was done.

Points that both have tell how one lies on the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

from tjtools.media.changes import Change, Compared
from tjtools.media.laid import Laid, laid, nudged, placed, share
from tjtools.media.lying import FLIP
from tjtools.media.points import Picture, within
from tjtools.media.recipe import Box
from tjtools.media.words import swapped, through_bars

_FEWEST_POINTS, _FEWEST_PLACES = 6, 6  # that lie on one another
_SURE_POINTS = 60  # from which their places are exact
_MANY_POINTS, _MANY_PLACES = 8, 40  # from which a few places suffice; places that go along where points are fewer
_LEAST_SHARE, _POINTLESS_SHARE = 0.8, 0.92  # of the places that must go along with each other; where points are few
_MOST_CHANGED, _MOST_REPLACED, _MOST_WORDS = 0.4, 0.005, 0.016  # of what both have; of words, where they are others
_LEAST_ALIKE = 0.65  # correlation of two pictures, or of what is within their borders, that may lie so
_SURELY = 0.95  # the same, where it is tried before anything else
_HALF, _NEARLY_ALL = 0.5, 0.85  # of all places, whatever differs; of those where nothing does
_MOST_AFAR = 0.008  # of what both have
_LEAST_COVERED, _LEAST_OF_EITHER = 0.6, 0.05  # of the one picture; of the other
_CLOSER = 400  # pixels at which it is seen whether what differs are words
_TURNED = 1.0  # degrees, from which it is said

Matrix: TypeAlias = tuple[tuple[float, ...], ...]


class Likeness(NamedTuple):
    """How two pictures are one: mine, and theirs.

    `closeness` is from 0 to 1. `matrix` takes a place of theirs to its place of mine, both in fractions of width and
    height; where mine is `mirrored`, so does it. `shown` is the part of theirs that is seen in mine, `changed` the
    parts of mine that differ, those among them that are `taken` have something in theirs alone. `other_words`: all
    that differs are words that both have, and they are others.
    """

    closeness: float
    mirrored: bool
    matrix: Matrix
    shown: Box
    changed: tuple[Box, ...] = ()
    other_words: bool = False
    taken: tuple[Box, ...] = ()


def likeness(mine: Picture, theirs: Picture, mirrored: bool | None = None) -> Likeness | None:
    """How both are one picture, which is mirrored or not, or may be either; None where they are not."""
    ways = (False, True) if mirrored is None else (mirrored,)
    both = (_lying(mine, theirs.mirrored() if flipped else theirs, flipped) for flipped in ways)
    return max(filter(None, both), key=lambda one: one.closeness, default=None)


def surely(mine: np.ndarray, theirs: np.ndarray, whole: np.ndarray | None = None) -> Likeness | None:
    """How both are one, if that can be seen without their points, which take most of the time; but for words that are
    exchanged: how they lie must be known better.

    Theirs lies on mine as `whole` says, 3x3 and in fractions, or else all on all, mirrored or not.
    """
    for way in (np.eye(3), FLIP) if whole is None else (whole,):
        mirrored, other, onto = _in_pixels(mine, theirs, way)
        if whole is None and _correlation(*(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (mine, other))) < _SURELY:
            continue
        if _plausible(onto) and (found := _judged(mine, other, onto, None, mirrored)):
            return found
    return None


def may_be(mine: np.ndarray, theirs: np.ndarray, whole: np.ndarray) -> bool:
    """Whether theirs, which lies on mine about so, is worth that their points are looked for."""
    _, other, onto = _in_pixels(mine, theirs, whole)
    pair = placed(mine, other, onto)
    again = pair and placed(mine, other, nudged(pair, onto))
    along, best = max(((share(one), one) for one in (pair, again) if one), key=lambda one: one[0], default=(1.0, None))
    if best is None or along >= _HALF:
        return True
    told = Compared(best.recoloured())
    return told.changed <= _HALF and told.share >= _NEARLY_ALL


def _in_pixels(mine: np.ndarray, theirs: np.ndarray, way: np.ndarray) -> tuple[bool, np.ndarray, np.ndarray]:
    """Whether theirs lies mirrored on mine, it itself so, and how it lies then."""
    mirrored = bool(np.linalg.det(way) < 0)
    other = np.ascontiguousarray(theirs[:, ::-1]) if mirrored else theirs
    (tall, wide), (their_tall, their_wide) = mine.shape[:2], other.shape[:2]
    onto = np.diag([wide, tall, 1]) @ (way @ FLIP if mirrored else way) @ np.diag([1 / their_wide, 1 / their_tall, 1])
    return mirrored, other, onto[:2]


def lying(mine: Picture, theirs: Picture, *, mirrored: bool = False) -> tuple[np.ndarray, int] | None:
    """How theirs lies on mine by their points, 3x3 and in fractions, and how many say so; or None."""
    matrix, count = _matrix(mine, theirs.mirrored() if mirrored else theirs)
    if matrix is None or count < _FEWEST_POINTS or not _plausible(matrix):
        return None
    whole = _in_fractions(matrix, mine.pixels, theirs.pixels)
    return whole @ FLIP if mirrored else whole, count


def _lying(mine: Picture, theirs: Picture, mirrored: bool) -> Likeness | None:
    found = (_judged(mine.pixels, theirs.pixels, *way, mirrored) for way in _ways(mine, theirs))
    return max(filter(None, found), key=lambda one: one.closeness, default=None)


def _ways(mine: Picture, theirs: Picture) -> Iterator[tuple[np.ndarray, int]]:
    """How theirs may lie on mine: as points say, and how many do; where few do, all on all, or within both borders."""
    matrix, count = _matrix(mine, theirs)
    if matrix is not None and count >= _FEWEST_POINTS and _plausible(matrix):
        yield matrix, count
    if count < _SURE_POINTS:
        greys = [cv2.cvtColor(one.pixels, cv2.COLOR_BGR2GRAY) for one in (mine, theirs)]
        edges = [(0, 0, one.shape[1], one.shape[0]) for one in greys], [within(one) for one in greys]
        for (left, top, right, bottom), (x, y, end, foot) in edges[: 1 + (edges[0] != edges[1])]:
            wide, tall = (right - left) / (end - x), (bottom - top) / (foot - y)
            whole = np.array([[wide, 0, left - wide * x], [0, tall, top - tall * y]])
            parts = greys[0][top:bottom, left:right], greys[1][y:foot, x:end]
            if _plausible(whole) and _correlation(*parts) > _LEAST_ALIKE:
                yield whole, 0


def _correlation(*greys: np.ndarray) -> float:
    small = [cv2.resize(one, (32, 32), interpolation=cv2.INTER_AREA).astype(float) for one in greys]
    one, other = (each - each.mean() for each in small)
    return float((one * other).sum() / max(1.0, np.sqrt((one**2).sum() * (other**2).sum())))


def _judged(
    mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray, telling: int | None, mirrored: bool
) -> Likeness | None:
    """How they are one where they lie so, as so many points tell; None: as nobody does, and no words are exchanged."""
    points = telling or 0
    matrix, pair = _settled(mine, theirs, matrix, points)
    whole = _in_fractions(matrix, mine, theirs)
    part, covered = shown(np.linalg.inv(whole)), shown(whole)
    areas = part.width * part.height, covered.width * covered.height
    if pair is None or max(areas) < _LEAST_COVERED or min(areas) < _LEAST_OF_EITHER:
        return None
    told = _compared(Compared(pair, lambda: laid(mine, theirs, matrix, _CLOSER)), points)
    if not _same(told, points):
        return None
    exchanged, words = swapped(mine, theirs, matrix)
    if exchanged and telling is None:
        return None
    if told.replaced > _MOST_REPLACED and not (exchanged and _so_from_there(mine, theirs, matrix)):
        return None
    if mirrored:
        whole, part = whole @ FLIP, part._replace(left=1 - part.left - part.width)
    close = told.share * (1 - told.changed)
    places = {_place(one, covered): one.taken for one in told.changes if not one.graded}
    taken = tuple(place for place, gone in places.items() if gone)
    return Likeness(close, mirrored, matrix_of(whole), part, tuple(places), words, taken)


def _compared(told: Compared, points: int) -> Compared:
    """Both as they are, or through the bars of either where they aren't one picture as they are."""
    if told.share < _HALF or (_same(told, points) and told.replaced <= _MOST_REPLACED):
        return told
    bare = through_bars(told.pair)
    through = told if bare is told.pair else Compared(bare)
    return through if _same(through, points) else told


def _settled(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray, points: int) -> tuple[np.ndarray, Laid | None]:
    """Theirs laid on mine; where few points tell how, put right by all that is seen, if both are nearer so."""
    pair = laid(mine, theirs, matrix)
    if pair is None or points >= _SURE_POINTS:
        return matrix, pair
    moved = nudged(pair, matrix)
    again = laid(mine, theirs, moved)
    return (moved, again) if again and again.apart < pair.apart else (matrix, pair)


def _so_from_there(mine: np.ndarray, theirs: np.ndarray, matrix: np.ndarray) -> bool:
    """Whether mine laid on theirs has no more replaced than words; another figure may pass for some from one side."""
    pair = laid(theirs, mine, cv2.invertAffineTransform(matrix))
    return pair is not None and Compared(pair).replaced <= _MOST_WORDS


def _same(told: Compared, points: int) -> bool:
    """Whether enough goes along, and what differs may have been done to a copy."""
    places, share = (_FEWEST_PLACES, _LEAST_SHARE) if points >= _MANY_POINTS else (_MANY_PLACES, _POINTLESS_SHARE)
    if told.places < places or told.share < share:
        return False
    return told.changed <= _MOST_CHANGED and told.replaced <= _MOST_WORDS and told.afar <= _MOST_AFAR


def _place(change: Change, covered: Box) -> Box:
    """Where it is in the whole of mine."""
    left, top = covered.left + change.left * covered.width, covered.top + change.top * covered.height
    return Box(left, top, change.width * covered.width, change.height * covered.height)


def _matrix(mine: Picture, theirs: Picture) -> tuple[np.ndarray | None, int]:
    """How theirs lies on mine, in pixels, and how many points say so."""
    if min(len(mine.points), len(theirs.points)) < 4:
        return None, 0
    one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in map(_floats, (mine, theirs)))
    alike = one @ other.T
    best = alike.argmax(1)
    nearest = alike.max(1)
    alike[np.arange(len(best)), best] = -np.inf
    first, second = (np.sqrt(np.maximum(2 - 2 * each, 1e-9)) for each in (nearest, alike.max(1)))
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


def _in_fractions(matrix: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    (tall, wide), (their_tall, their_wide) = mine.shape[:2], theirs.shape[:2]
    whole = np.vstack([matrix, [0, 0, 1]])
    return np.asarray(np.diag([1 / wide, 1 / tall, 1]) @ whole @ np.diag([their_wide, their_tall, 1.0]))


def matrix_of(whole: np.ndarray) -> Matrix:
    """Its first two rows, as numbers that can be compared."""
    return tuple(map(tuple, whole[:2].tolist()))


def shown(whole: np.ndarray) -> Box:
    """The part that a picture laid so covers."""
    corners = whole @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1.0]])
    low, high = corners[:2].min(1).clip(0, 1), corners[:2].max(1).clip(0, 1)
    return Box(*map(float, (*low, *(high - low))))


def told(likeness: Likeness) -> str:
    """What was done to theirs, in words; `""` where nothing was."""
    said = ["the same picture, other words"] if likeness.other_words else []
    said += ["mirrored"] if likeness.mirrored else []
    turning = np.array(likeness.matrix)[:, :2]
    kept = min(likeness.shown.width * likeness.shown.height, 1 / abs(np.linalg.det(turning)))
    said += [f"cropped to {100 * kept:.0f} %"] if kept < 0.97 else []
    (across, askew, _), (sloping, down, _) = likeness.matrix
    turned = np.degrees(np.arctan(np.sqrt(max(0.0, -askew * sloping / (across * down)))))
    said += [f"turned by {turned:.0f}°"] if turned > _TURNED else []
    said += _framed(shown(np.vstack([likeness.matrix, [0, 0, 1]])))
    if not likeness.other_words:
        added = [one for one in likeness.changed if one not in likeness.taken]
        said += [*_named(added, "added"), *_named(likeness.taken, "taken away")]
    return ", ".join(said)


def _framed(covered: Box) -> list[str]:
    """What is around the picture in mine, which it covers so far."""
    wide, tall = covered.width, covered.height
    if wide * tall >= 0.97:
        return []
    off = 2 * covered.left + wide - 1, 2 * covered.top + tall - 1
    if max(wide, tall) > 0.97 and max(map(abs, off)) < 0.03:
        return ["put between bars"]
    return ["in a template" if wide * tall < 0.6 else "a border added"]


def _where(place: Box) -> str:
    middle = place.top + place.height / 2
    return "at the top" if middle < 1 / 3 else "at the bottom" if middle > 2 / 3 else "in the middle"


def _named(changed: Sequence[Box], done: str) -> Iterator[str]:
    for where in sorted({_where(one) for one in changed}):
        these = [one for one in changed if _where(one) == where]
        wide = max(one.left + one.width for one in these) - min(one.left for one in these)
        tall = max(one.top + one.height for one in these) - min(one.top for one in these)
        yield f"{'text' if wide > 2.5 * tall else 'something'} {done} {where}"
