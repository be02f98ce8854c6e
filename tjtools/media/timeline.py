"""Whether two clips are one, whatever was done to one of them: cut, framed, mirrored, written over, made faster.

A few frames of both tell how one lies on the other, or what moves in both does; then all frames of both are compared,
place by place, and those that go along must lie on one time line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

from tjtools.media import alike, look, points
from tjtools.media.aligned import Both, Line, step
from tjtools.media.alike import Likeness
from tjtools.media.changes import Compared
from tjtools.media.laid import laid
from tjtools.media.look import Frame
from tjtools.media.lying import FLIP, Lies
from tjtools.media.points import Picture
from tjtools.media.recipe import Box
from tjtools.media.words import swapped

_SIDE = 256  # pixels of such a frame
_STRONGEST = 200  # points of a frame that vote
_NEAR, _NEARER = 0.8, 0.8  # cosine of two descriptors of what may be one point; and its distance to another's
_PAIRS, _NO_WAY = 6, 3  # of frames that are laid on each other; so many where none can be
_VOTES, _FEW_VOTES, _OF_POINTS = 12, 4, 0.1  # that such a pair has; where there are few points, of these
_LEAST_ALIKE = 0.3  # how well all goes along, times how much of what moves does
_SURELY, _HARDLY_ALIKE, _IN_VAIN = 0.6, 0.1, 3  # from where no other way is tried; as little as that in so many ways
_MOVES_MUCH = 0.1  # of all places on all frames
_REFINED, _TO_BEGIN_WITH = 2, 0.5  # times at most; of what must be covered in the end
_HOPELESS = 0.15  # how alike both are in a way that no refining makes one of them; others are hardly worth their time
_TINY, _LOOKS_SO = 16, 0.8  # pixels of two frames that may be one as they are, or mirrored; and their correlation
_STIRS, _SPECK = 40, 2  # of 255 that what moves changes, at least; pixels in a row or column that are none of it
_STRETCHED = 1.25  # times as much across as down, or down as across
_SAME_WAY = 0.02  # of width or height that two geometries differ
_COVERED = 0.6  # of one of the two pictures
_EDGE = 0.04  # of what both have: a border that is a pixel off is no change
_HARDLY = 0.5  # seconds, of five


@dataclass(frozen=True, eq=False)
class Shown:
    """What is seen of a creative; made once, it can be compared with many."""

    frames: Sequence[Frame]

    @cached_property
    def keys(self) -> list[Frame]:
        """Those of its frames by which it is laid on another."""
        return [self.frames[number] for number in look.keys(self.frames)]

    @cached_property
    def pictures(self) -> list[Picture]:
        side = points.SIDE if len(self.frames) == 1 else _SIDE
        return [points.picture(one.pixels, side) for one in self.keys]

    @cached_property
    def afar(self) -> np.ndarray:
        """All frames, tiny, each of length 1 less its mean."""
        return _tiny([one.pixels[::4, ::4, 1] for one in self.frames])

    @cached_property
    def stirring(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Where anything moves, as a matrix from fractions of that part to those of the whole, and the part from afar.

        What stands around a clip, its template or a border, does not move. None: nothing does.
        """
        greens = np.array([one.pixels[::2, ::2, 1] for one in self.frames])
        moves = greens.max(0) - greens.min(0) > _STIRS
        rows, columns = (np.flatnonzero(moves.sum(side) >= _SPECK) for side in (1, 0))
        if not len(rows) or not len(columns):
            return None
        (top, foot), (left, end) = ((each[0], each[-1] + 1) for each in (rows, columns))
        tall, wide = moves.shape
        part = np.array([[(end - left) / wide, 0, left / wide], [0, (foot - top) / tall, top / tall], [0, 0, 1]])
        return part, _tiny(greens[:, top:foot, left:end])


class Kinship(NamedTuple):
    """How two creatives are one: how their pictures are, and from which second to which of mine and of theirs.

    `speed` is how many seconds of theirs are seen in one of mine, `lasting` how many seconds mine and theirs have.
    """

    likeness: Likeness
    mine: tuple[float, float] = (0.0, 0.0)
    theirs: tuple[float, float] = (0.0, 0.0)
    speed: float = 1.0
    lasting: tuple[float, float] = (0.0, 0.0)


def kinship_of(kept: Any) -> Kinship | None:
    """What JSON made of it; raises ValueError or TypeError for what is none."""
    if kept is None:
        return None
    (closeness, mirrored, matrix, shown, *places), mine, theirs, speed, lasting = kept
    changed, words, taken = places
    boxes = (tuple(Box(*one) for one in each) for each in (changed, taken))
    like = Likeness(closeness, mirrored, tuple(map(tuple, matrix)), Box(*shown), next(boxes), words, next(boxes))
    return Kinship(like, tuple(mine), tuple(theirs), speed, tuple(lasting))


def told(kinship: Kinship, name: str) -> str:
    """What was done to theirs, which has that name, in words; nothing where nothing was."""
    said = []
    if _is_part(kinship.theirs, kinship.lasting[1]):
        said.append(f"seconds {kinship.theirs[0]:.0f} to {kinship.theirs[1]:.0f} of {name}")
    if kinship.speed > 1:
        said.append(f"about {kinship.speed:.1f} times as fast")
    if kinship.speed < 1:
        said.append(f"slowed down to about {100 * kinship.speed:.0f} %")
    if words := alike.told(kinship.likeness):
        said.append(words)
    if _is_part(kinship.mine, kinship.lasting[0]):
        said.append(f"as seconds {kinship.mine[0]:.0f} to {kinship.mine[1]:.0f} of this one")
    return ", ".join(said)


def _is_part(seconds: tuple[float, float], lasting: float) -> bool:
    return lasting - (seconds[1] - seconds[0]) > max(_HARDLY, _HARDLY * lasting / 5)


def kinship(mine: Shown, theirs: Shown, lies: Lies | None = None, few: bool = False) -> Kinship | None:
    """How both are one; None where they are not, or where one is a still and the other none.

    Where it is known how theirs may lie on mine, that is tried before their points are looked for; where but a `few` of
    those that are known of clips agree, and laid so, or as they look from afar, they are none, no more are looked for.
    """
    lengths = {len(mine.frames) > 1, len(theirs.frames) > 1}
    if lengths != {True}:
        still = _still(mine, theirs, lies) if lengths == {False} else None
        return Kinship(still) if still else None
    best = _together(mine, theirs, lies, few)
    return _told(best.both, best.line) if best and best.stands else None


def _still(mine: Shown, theirs: Shown, lies: Lies | None) -> Likeness | None:
    one, other = mine.frames[0].pixels, theirs.frames[0].pixels
    if (sure := alike.surely(one, other)) or (lies and not alike.may_be(one, other, lies.whole)):
        return sure
    if lies and (sure := alike.surely(one, other, lies.whole)):  # a smooth one's own points may tell nothing
        return sure
    return alike.likeness(mine.pictures[0], theirs.pictures[0], lies.mirrored if lies else None)


@dataclass(frozen=True, eq=False)
class _Found:
    """Both laid on one another, on a time line; how alike that makes them, and at what share of places they move."""

    both: Both
    line: Line
    alike: float
    moves: float

    @classmethod
    def of(cls, both: Both, line: Line) -> _Found:
        moves, together = both.moved_together(line)
        return cls(both, line, line.close * together, moves)

    @property
    def surely(self) -> bool:
        """Whether no other way needs to be tried."""
        return self.alike >= _SURELY and self.stands

    @cached_property
    def stands(self) -> bool:
        """Whether that makes them one: where little moves, some of their pictures are one as stills are, too; a
        template may be all that moves."""
        if self.alike < _LEAST_ALIKE:
            return False
        if self.moves >= _MOVES_MUCH:
            return True
        (mine, theirs), middle = (self.both.mine, self.both.theirs), len(self.line.pairs) // 2
        pairs = (self.line.pairs[at] for at in (middle, middle // 2, middle + middle // 2))
        both = [(mine[one], theirs[other]) for one, other in pairs]
        return any(alike.surely(one.pixels, other.pixels, self.both.whole) for one, other in both) or any(
            alike.likeness(_picture(one), _picture(other)) for one, other in both
        )


@lru_cache(12)  # one clip may be laid on another in some ways
def _picture(frame: Frame) -> Picture:
    return points.picture(frame.pixels)


def _together(mine: Shown, theirs: Shown, lies: Lies | None, few: bool) -> _Found | None:
    """Theirs laid on mine in the best way that was found."""
    best = _lying(mine, theirs, lies.whole) if lies else None
    if best and best.surely:
        return best
    hopeless, tried = best is not None and best.alike < _HOPELESS, [*_by_what_moves(mine, theirs)]
    for whole in tried:
        best = _more_alike(best, _lying(mine, theirs, whole))
    if best and (best.surely or (hopeless and best.alike < _HOPELESS)):
        return best
    tried += [lies.whole] if lies else []
    for number, whole in enumerate(_geometries(mine, theirs, tried, few and not (best and best.alike >= _LEAST_ALIKE))):
        best = _more_alike(best, _lying(mine, theirs, whole))
        if (best and best.surely) or (number + 1 >= _IN_VAIN and not (best and best.alike >= _HARDLY_ALIKE)):
            break
    return best


def _more_alike(one: _Found | None, other: _Found | None) -> _Found | None:
    """The one that makes them one, or that makes them more alike: what stands still may be alike where it is not."""
    if not one or not other:
        return one or other
    return max(one, other, key=lambda each: (each.stands, each.alike))


def _lying(mine: Shown, theirs: Shown, whole: np.ndarray) -> _Found | None:
    """Theirs laid on mine so, and more exactly as long as that helps."""
    both = Both.of(mine.frames, theirs.frames, whole)
    line = both and both.line()
    if not both or not line or not both.covers(line, _TO_BEGIN_WITH):
        return None
    found = _Found.of(both, line)
    for _ in range(_REFINED):
        if found.alike < _HOPELESS or found.both.exact(found.line):
            break
        refined = found.both.refined(found.line)
        ways = (Both.of(mine.frames, theirs.frames, way) for way in (refined, found.both.straightened(refined)))
        again = [(way, better) for way in ways if way and (better := way.line())]
        best = max(again, key=lambda each: each[1].score, default=None)
        if not best or best[1].score <= found.line.score:
            break
        found = _Found.of(*best)
    return found if found.both.covers(found.line) else None


def _geometries(mine: Shown, theirs: Shown, but: Sequence[np.ndarray], few: bool) -> Iterator[np.ndarray]:
    """How theirs may lie on mine, in fractions: all of it, or as points say that two of their frames have in common;
    but for what is tried, where that is as exact, and for points where these are few and something was tried."""
    tried = [*_from_afar(mine.afar, theirs.afar)]
    yield from (one for one in tried if not any((one == each).all() for each in but))
    if few and (tried or but):
        return
    ones, others = mine.pictures, theirs.pictures
    voted = []
    for mirrored in (False, True):
        votes = _votes(ones, [one.mirrored() for one in others] if mirrored else others)
        for i, j in np.argwhere(votes >= _FEW_VOTES):
            if votes[i, j] >= min(_VOTES, _OF_POINTS * min(len(ones[i].points), len(others[j].points))):
                voted.append((votes[i, j], mirrored, i, j))
    for number, (_, mirrored, i, j) in enumerate(sorted(voted, key=lambda each: -each[0])[:_PAIRS]):
        lies = alike.lying(ones[i], others[j], mirrored=mirrored)
        if lies and all(abs(lies[0] - each).max() > _SAME_WAY for each in tried):
            tried.append(lies[0])
            pair = Both.of([mine.keys[i]], [theirs.keys[j]], lies[0])
            if pair and _covers(lies[0]) and pair.may_be():  # what moves before a background has points of its own
                yield lies[0]
        if not tried and number + 1 == _NO_WAY:
            return


def _tiny(pictures: Iterable[np.ndarray]) -> np.ndarray:
    small = (np.ascontiguousarray(one) for one in pictures)
    tiny = np.array([cv2.resize(one, (_TINY, _TINY), interpolation=cv2.INTER_AREA) for one in small], np.float32)
    told = tiny - tiny.mean((1, 2), keepdims=True)
    return np.asarray(told / np.maximum(1, np.sqrt((told**2).sum((1, 2), keepdims=True))))


def _by_what_moves(mine: Shown, theirs: Shown) -> Iterator[np.ndarray]:
    """What moves of theirs on what moves of mine, where that looks so from afar: whatever stands around either, and
    without points."""
    if mine.stirring and theirs.stirring:
        (part, tiny), (their_part, their_tiny) = mine.stirring, theirs.stirring
        for way in _from_afar(tiny, their_tiny):
            whole = part @ way @ np.linalg.inv(their_part)
            whole = way if abs(whole - way).max() < _SAME_WAY else whole  # it moves all but all over
            if _covers(whole) and _squarely(mine, theirs, whole):
                yield whole


def stirs_so(mine: Shown, theirs: Shown) -> bool:
    """Whether what moves of theirs looks like what moves of mine."""
    return next(_by_what_moves(mine, theirs), None) is not None


def _squarely(mine: Shown, theirs: Shown, whole: np.ndarray) -> bool:
    """Whether theirs is stretched as much across as down, or about so."""
    shapes = (one.frames[0].pixels.shape for one in (mine, theirs))
    (tall, wide), (their_tall, their_wide) = (shape[:2] for shape in shapes)
    stretched = abs(whole[0, 0] * wide * their_tall / (whole[1, 1] * tall * their_wide))
    return bool(1 / _STRETCHED < stretched < _STRETCHED)


def _from_afar(mine: np.ndarray, theirs: np.ndarray) -> Iterator[np.ndarray]:
    """All of theirs on all of mine, mirrored or not, where two of these tiny frames look so."""
    for way, other in ((np.eye(3), theirs), (FLIP, theirs[:, :, ::-1])):
        if (np.tensordot(mine, other, ((1, 2), (1, 2))) > _LOOKS_SO).any():
            yield way


def _covers(whole: np.ndarray) -> bool:
    """Whether much of the one or of the other is in both."""
    both = (alike.shown(each) for each in (whole, np.linalg.inv(whole)))
    return max(one.width * one.height for one in both) >= _COVERED


def _votes(ones: Sequence[Picture], others: Sequence[Picture]) -> np.ndarray:
    """How many points of each of the ones are near to one of each of the others, and to no other one of it."""
    mine, theirs = _directions(ones), _directions(others)
    alike = np.einsum("ipd,jqd->ipjq", mine, theirs, optimize=True)
    best = alike.argmax(3)[..., None]
    nearest = np.take_along_axis(alike, best, 3)[..., 0]
    np.put_along_axis(alike, best, -1, 3)
    first, second = (np.sqrt((2 - 2 * each).clip(0)) for each in (nearest, alike.max(3)))
    return np.asarray(((nearest > _NEAR) & (first < _NEARER * second)).sum(1))


def _directions(pictures: Sequence[Picture]) -> np.ndarray:
    """The strongest points of each, as many of each, with nothing where there are no more."""
    made = np.zeros((len(pictures), _STRONGEST, 128), np.float32)
    for number, one in enumerate(pictures):
        points = one.points[:_STRONGEST].astype(np.float32)
        made[number, : len(points)] = points / (np.linalg.norm(points, axis=1, keepdims=True) + 1e-6)
    return made


def _told(both: Both, line: Line) -> Kinship:
    spans, lasting = [], []
    for frames, numbers in zip((both.mine, both.theirs), line.pairs.T, strict=True):
        spans.append((frames[numbers[0]].second, frames[numbers[-1]].second + step(frames)))
        lasting.append(frames[-1].second + step(frames))
    shown, mirrored = alike.shown(np.linalg.inv(both.whole)), bool(np.linalg.det(both.whole) < 0)
    likeness = Likeness(line.close, mirrored, alike.matrix_of(both.whole), shown, *_changed(both, line))
    return Kinship(likeness, spans[0], spans[1], line.speed, (lasting[0], lasting[1]))


def _changed(both: Both, line: Line) -> tuple[tuple[Box, ...], bool]:
    """The places of mine that differ in each of some frames, and whether words do."""
    covered, places, words = alike.shown(both.whole), list[list[Box]](), 0
    for one, other in line.pairs[[len(line.pairs) * part // 4 for part in (2, 1, 3)]]:
        mine, theirs = both.mine[one].pixels, both.theirs[other].pixels
        (tall, wide), (their_tall, their_wide) = mine.shape[:2], theirs.shape[:2]
        onto = np.diag([wide, tall, 1]) @ both.whole @ np.diag([1 / their_wide, 1 / their_tall, 1])
        if np.linalg.det(onto) < 0:
            theirs = np.ascontiguousarray(theirs[:, ::-1])
            onto = onto @ np.array([[-1, 0, their_wide], [0, 1, 0], [0, 0, 1]])
        matrix = onto[:2]
        pair = laid(mine, theirs, matrix)
        places.append([alike._place(change, covered) for change in Compared(pair).changes] if pair else [])
        if not places[-1]:  # nothing lasts
            return (), False
        words += swapped(mine, theirs, matrix)[1]
    lasting = [place for place in places[0] if all(any(_meet(place, each) for each in one) for one in places)]
    lasting = [one for one in lasting if one.width > _EDGE * covered.width and one.height > _EDGE * covered.height]
    return tuple(lasting), bool(lasting) and words == len(places)


def _meet(one: Box, other: Box) -> bool:
    """Whether two places have half of each in common."""
    wide = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    tall = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return min(wide, tall) > 0 and wide * tall > max(one.width * one.height, other.width * other.height) / 2
