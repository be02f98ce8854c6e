"""How the pictures of two contents may lie on one another, by nothing but points that both have, for many at once.

A point's size and direction say alone, roughly, how one picture lies on the other; what most of a pair's points agree
on is made exact by them. Where it lies so, each part of a picture either has points in common with the other, or has
points and none in common: that speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tjtools.media.laid import nudged, placed, share
from tjtools.media.look import Frame

_MOST = 32  # points of a pair of pictures
_TURNED, _SCALES = 30.0, (-3.0, 3.0)  # degrees between two directions; powers of two between two sizes
_ALIKE_TURNED, _ALIKE_SCALED = 20.0, 0.6  # the same between two points that agree
_ROUGHLY, _FARTHER = 4.0, 0.15  # pixels that they may be off, and such a share of how far they are apart
_NEARER, _NEAR = 6.0, 4.0  # pixels, where it is made exact
_BESIDE, _FEWEST = (2.0, 1.2), 3  # pixels, once all points that are the same have told; points that are enough then
_STIFF = 400.0  # square pixels that points must be spread before they bend what one of them says
_PARTS = 5  # of width and height
_BITS = 44  # of 128 in which a point and the same one of the other picture may differ
_SMALLEST = 1.9  # pixels of the smallest point that is found
_EDGE = 2.0  # pixels
_COVERED = 0.5  # of the one picture or of the other that both have
FLIP = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1.0]])  # mirrors a place in fractions
_GOES_ALONG = 0.3  # of a copy's places, whatever was put over it or in its place

Common: TypeAlias = tuple[np.ndarray, np.ndarray]


class Points(NamedTuple):
    """Places in pixels, as complex numbers, sizes in powers of two, directions in degrees."""

    places: np.ndarray
    sizes: np.ndarray
    turns: np.ndarray

    @classmethod
    def of(cls, spots: np.ndarray, shape: np.ndarray, mirrored: np.ndarray | bool = False) -> Points:
        """What marks tell of points, in pictures of this width and height."""
        told = spots.astype(np.float32)
        x, y = ((told[..., side] + 0.5) * (shape[..., side] / np.float32(256)) for side in (0, 1))
        turns = told[..., 3] * np.float32(360 / 256)
        places = np.where(mirrored, shape[..., 0] - x, x) + 1j * y
        return cls(places.astype(np.complex64), told[..., 2] / 16, np.where(mirrored, 180 - turns, turns))


class Lies(NamedTuple):
    """How a frame of theirs may lie on one of mine, which is mirrored or not: a 2x3 matrix in fractions of width and
    height. `few`: they are of clips, and only a few of their many points say so."""

    mine: int
    theirs: int
    mirrored: bool
    matrix: Sequence[Sequence[float]]
    few: bool = False

    @property
    def whole(self) -> np.ndarray:
        """The same onto mine as it is, 3x3."""
        way = np.vstack([self.matrix, [0, 0, 1]])
        return FLIP @ way if self.mirrored else way


class Ways(NamedTuple):
    """How theirs lies on mine: its place `z` is at `along * z + across * conj(z) + moved`; and how many points say so.

    That is any affine map; without `across` it turns and scales. `counts` are 0 where nobody would have laid it so.
    """

    along: np.ndarray
    across: np.ndarray
    moved: np.ndarray
    counts: np.ndarray

    def one(self, row: int) -> Ways:
        """That of one row."""
        return Ways(*(each[row] for each in self))

    @property
    def area(self) -> np.ndarray:
        """How much larger theirs is in mine."""
        return np.asarray(np.abs(self.along) ** 2 - np.abs(self.across) ** 2)

    @property
    def coarser(self) -> np.ndarray:
        """How much less exact a place of theirs is in mine."""
        return np.asarray(np.maximum(1, np.abs(self.area) ** 0.25))

    def in_fractions(self, shape: np.ndarray, their_shape: np.ndarray) -> list[list[float]]:
        """The matrix, with places in fractions of width and height."""
        right, down = self.along + self.across, 1j * (self.along - self.across)
        (wide, tall), (their_wide, their_tall) = shape.tolist(), their_shape.tolist()
        rows = [right.real * their_wide, down.real * their_tall, self.moved.real]
        feet = [right.imag * their_wide, down.imag * their_tall, self.moved.imag]
        return [[float(one / wide) for one in rows], [float(one / tall) for one in feet]]

    def onto(self, theirs: np.ndarray) -> np.ndarray:
        """Where in mine these are."""
        return np.asarray(self.along * theirs + self.across * theirs.conj() + self.moved)

    def back(self, mine: np.ndarray) -> np.ndarray:
        """Where in theirs these are."""
        off = mine - self.moved
        return np.asarray((np.conj(self.along) * off - self.across * off.conj()) / self.area)


def plausible(mine: Points, theirs: Points) -> np.ndarray:
    """Which of these pairs of points may be of pictures that are laid as an advertiser would."""
    scaled = mine.sizes - theirs.sizes
    return np.asarray((np.abs(_between(mine, theirs)) < _TURNED) & (scaled > _SCALES[0]) & (scaled < _SCALES[1]))


def table(groups: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """For each group a row of numbers of its members, those that are least apart; -1 where it has no more."""
    order = np.lexsort((apart, groups))
    sizes = np.bincount(groups)
    rank = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    made = np.full((len(sizes), min(_MOST, sizes.max(initial=1))), -1)
    near = rank < _MOST
    made[groups[order][near], rank[near]] = order[near]
    return made


def ways(mine: Points, theirs: Points, numbers: tuple[np.ndarray, np.ndarray], there: np.ndarray) -> Ways:
    """How they lie, for each row of pairs of points; `numbers` are those of the points of mine and of theirs, and a
    pair counts where it is `there`."""
    way, some = _agreed(mine, theirs, there)
    for least in (_NEARER, _NEAR):
        way = _fitted(mine.places, theirs.places, some, way)
        some = there & (np.abs(mine.places - way.onto(theirs.places)) < least * way.coarser)
    counts = np.minimum(*(_different(each, some) for each in numbers))
    along, across, moved, _ = (each[:, 0] for each in way)
    return Ways(along, across, moved, np.where(_as_laid(along, across), counts, 0))


def near(mine: np.ndarray, theirs: np.ndarray, way: Ways) -> np.ndarray:
    """Which of these places are where theirs lie so."""
    return np.asarray(np.abs(mine - way.onto(theirs)) < _NEAR * way.coarser)


def _between(mine: Points, theirs: Points) -> np.ndarray:
    return np.asarray((mine.turns - theirs.turns + 180) % 360 - 180)


def _agreed(mine: Points, theirs: Points, there: np.ndarray) -> tuple[Ways, np.ndarray]:
    """How the point says that they lie with which most others agree; and these."""
    scaled, turned = mine.sizes - theirs.sizes, _between(mine, theirs)
    along = (np.exp2(scaled) * np.exp(1j * np.radians(turned))).astype(np.complex64)
    apart = along[:, :, None] * (theirs.places[:, None] - theirs.places[:, :, None])
    off = np.abs(mine.places[:, None] - mine.places[:, :, None] - apart)
    agree = off < _ROUGHLY + _FARTHER * np.abs(apart)
    agree &= np.abs(scaled[:, None] - scaled[:, :, None]) < _ALIKE_SCALED
    agree &= np.abs(turned[:, None] - turned[:, :, None]) < _ALIKE_TURNED
    agree &= there[:, None] & there[:, :, None]
    best = (np.arange(len(agree)), agree.sum(2).argmax(1))
    first = along[best][:, None]
    return Ways(first, 0 * first, 0 * first, there[:, :1]), agree[best]


def _fitted(mine: np.ndarray, theirs: np.ndarray, some: np.ndarray, way: Ways) -> Ways:
    """The way that takes theirs to mine with the least squares; what they leave open is as it was."""
    count = np.maximum(some.sum(1, keepdims=True), 1)
    middle, their_middle = ((each * some).sum(1, keepdims=True) / count for each in (mine, theirs))
    one, other = (mine - middle) * some, (theirs - their_middle) * some
    spread = (np.abs(other) ** 2).sum(1, keepdims=True) + _STIFF
    askew = (other * other).sum(1, keepdims=True)
    first = (one * other.conj()).sum(1, keepdims=True) + _STIFF * way.along
    second = (one * other).sum(1, keepdims=True) + _STIFF * way.across
    whole = spread**2 - np.abs(askew) ** 2
    along, across = (spread * first - askew.conj() * second) / whole, (spread * second - askew * first) / whole
    return Ways(along, across, middle - along * their_middle - across * their_middle.conj(), way.counts)


def _different(numbers: np.ndarray, some: np.ndarray) -> np.ndarray:
    ordered = np.sort(np.where(some, numbers, -1), 1)
    return np.asarray((np.diff(ordered, prepend=-1, axis=1) > 0).sum(1))


def _as_laid(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Whether an advertiser may have laid it so: neither turned much nor sheared, with a margin."""
    wide, tall = np.abs(along + across), np.maximum(np.abs(along - across), 1e-6)
    straight = np.abs(along) ** 2 - np.abs(across) ** 2 > 0.9 * wide * tall
    turned = np.abs(np.degrees(np.angle(along + across)))
    return np.asarray((0.6 * tall < wide) & (wide < 1.7 * tall) & straight & (turned < 15) & (wide > 0.12) & (wide < 8))


def common(mine: Points, theirs: Points, signs: tuple[np.ndarray, np.ndarray], way: Ways) -> Common:
    """The points of two pictures, laid so, that are the same and at one place: their numbers in mine, and in theirs."""
    off, onto = _NEAR * way.coarser, way.onto(theirs.places)
    near = np.abs(mine.places.real[:, None] - onto.real) < off
    one, other = np.nonzero(near & (np.abs(mine.places.imag[:, None] - onto.imag) < off))
    same = np.bitwise_count(signs[0][one] ^ signs[1][other]).sum(1, dtype=int) <= _BITS
    return one[same], other[same]


def exact(mine: Points, theirs: Points, both: Common, way: Ways, *, closely: bool = True) -> Ways:
    """The way by all points that are the same, where it was told by a few.

    `closely`: those that it then leaves beside it don't count; where a pattern comes again and again, the next one of
    it is near, and the same. Where little else than words speaks for it, that makes words lie on words.
    """
    one, other = (each.places[some] for each, some in zip((mine, theirs), both, strict=True))
    for beside in (np.inf, *_BESIDE) if closely else (np.inf,):
        near = np.abs(one - way.onto(other)) < beside * way.coarser
        if np.count_nonzero(near) < _FEWEST:
            break
        begun = Ways(*(np.reshape(each, (1, 1)) for each in way))
        way = _fitted(one[None], other[None], near[None], begun).one(0).one(0)
    return way


def balance(mine: Points, theirs: Points, both: Common, shapes: tuple[np.ndarray, np.ndarray], way: Ways) -> int:
    """In how many more parts of one of two pictures, laid so, points are in common than there are points and none is.

    Where one of the pictures has more over it or around it than the other, the other one tells. One of them must be
    nearly all of what both have: a word is no picture.
    """
    wide, tall = (float(each) for each in shapes[1])
    corners = way.onto(np.array([0, wide, 1j * tall, wide + 1j * tall]))
    low = max(0.0, corners.real.min()), max(0.0, corners.imag.min())
    high = min(shapes[0][0], corners.real.max()), min(shapes[0][1], corners.imag.max())
    area = max(0.0, high[0] - low[0]) * max(0.0, high[1] - low[1])
    if area < _COVERED * min(float(np.prod(shapes[0])), wide * tall * float(way.area)):
        return -_PARTS
    scale, onto, back = np.sqrt(way.area), way.onto(theirs.places), way.back(mine.places)
    seen = _within(back, shapes[1]) & (mine.sizes > np.log2(_SMALLEST * scale))
    they_seen = _within(onto, shapes[0]) & (theirs.sizes > np.log2(_SMALLEST / scale))
    found = []
    for places, there, same in ((mine.places, seen, both[0]), (onto, they_seen, both[1])):
        column, row = (
            np.minimum(np.maximum((each - low[side]) * (_PARTS / max(high[side] - low[side], 1e-6)), 0), _PARTS - 1)
            for side, each in enumerate((places.real, places.imag))
        )
        part = _PARTS * row.astype(int) + column.astype(int)
        shared, has, has_common = (np.zeros(size, bool) for size in (len(places), _PARTS**2, _PARTS**2))
        shared[same] = has[part[there]] = True
        has_common[part[there & shared]] = True
        found.append(2 * np.count_nonzero(has_common) - np.count_nonzero(has))
    return int(max(found))


def _within(places: np.ndarray, shape: np.ndarray) -> np.ndarray:
    across, down = places.real, places.imag
    return np.asarray((across > _EDGE) & (across < shape[0] - _EDGE) & (down > _EDGE) & (down < shape[1] - _EDGE))


def goes_along(mine: Sequence[Frame], theirs: Sequence[Frame], lies: Lies) -> bool:
    """Whether so much of two frames goes along where they lie so, or of clips about so, that it is worth a closer look.

    A clip has few points of each picture, which tell roughly how it lies.
    """
    if lies.mine >= len(mine) or lies.theirs >= len(theirs):
        return True
    one, other = mine[lies.mine].pixels, theirs[lies.theirs].pixels
    (tall, wide), (their_tall, their_wide) = one.shape[:2], other.shape[:2]
    matrix = np.diag([wide, tall]) @ np.array(lies.matrix) @ np.diag([1 / their_wide, 1 / their_tall, 1])
    one = np.ascontiguousarray(one[:, ::-1]) if lies.mirrored else one
    pair = placed(one, other, matrix)
    if pair and len(mine) > 1 and share(pair) < _GOES_ALONG:
        pair = placed(one, other, nudged(pair, matrix))
    return pair is not None and share(pair) >= _GOES_ALONG
