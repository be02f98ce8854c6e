"""Whether two clips are one, whatever was done to one of them: cut, framed, mirrored, written over, made faster.

A few frames of both tell how one lies on the other; then all frames of both are compared, place by place, and those
that go along must lie on one time line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np

from tjtools.media import alike, look
from tjtools.media.alike import Likeness
from tjtools.media.look import Frame
from tjtools.media.points import Picture

_SPEEDS = (1.0, *map(float, np.geomspace(0.8, 1.25, 11)))
_USUALLY = 1.1  # times as likely that the speed is the same
_MOMENT = 5  # times as much counts what a frame has in common with one moment alone
_STRONGEST = 300  # points of a frame that vote
_NEAR, _NEARER = 0.8, 0.8  # cosine of two descriptors of what may be one point; and its distance to another's
_PAIRS, _FEWEST_VOTES, _FEWEST_POINTS = 6, 4, 5  # of frames that are laid on each other
_COMPARED, _PLACE = 128, 8  # pixels: what both have, on its longer side, and a place in it
_TOO_FINE = 0.5  # pixels of what is compared that one of a frame takes: below that it is halved, lest it flickers
_NOISE = 60.0  # variance of the brightness that an encoder's noise may have
_FEWEST_PLACES = 6
_GOES_ALONG, _LEAST_SHARE, _AT_FIRST = 0.7, 0.6, 0.35
_FEWEST_FRAMES, _LEAST_COVERED, _SURE_SECONDS, _OF_SHORT = 3, 0.6, 1.5, 0.85
_MOVED, _FEWEST_MOVED, _LEAST_TOGETHER = 0.6, 20, 0.3
_HARDLY = 0.5  # seconds, of five
_SURELY = 0.9  # how much goes along where no other way is tried
_SAME_WAY = 0.02  # of width or height that two geometries differ
_REFINED_BY = 5  # pairs of frames
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)


class Shown(NamedTuple):
    """What is seen of a creative: its frames, and what makes one of them, by its number, ready to be compared."""

    frames: Sequence[Frame]
    picture: Callable[[int], Picture]


class Kinship(NamedTuple):
    """How two creatives are one: how their pictures are, and from which second to which of mine and of theirs.

    `speed` is how many seconds of theirs are seen in one of mine, `lasting` how many seconds mine and theirs have.
    """

    likeness: Likeness
    mine: tuple[float, float] = (0.0, 0.0)
    theirs: tuple[float, float] = (0.0, 0.0)
    speed: float = 1.0
    lasting: tuple[float, float] = (0.0, 0.0)


def told(kinship: Kinship, name: str) -> str:
    """What was done to theirs, which has that name, in words; nothing where nothing was."""
    said = []
    if _is_part(kinship.theirs, kinship.lasting[1]):
        said.append(f"seconds {kinship.theirs[0]:.0f} to {kinship.theirs[1]:.0f} of {name}")
    if kinship.speed > 1:
        said.append(f"{kinship.speed:.3g} times as fast")
    if kinship.speed < 1:
        said.append(f"slowed down to {100 * kinship.speed:.0f} %")
    if words := alike.told(kinship.likeness):
        said.append(words)
    if _is_part(kinship.mine, kinship.lasting[0]):
        said.append(f"as seconds {kinship.mine[0]:.0f} to {kinship.mine[1]:.0f} of this one")
    return ", ".join(said)


def _is_part(seconds: tuple[float, float], lasting: float) -> bool:
    return lasting - (seconds[1] - seconds[0]) > max(_HARDLY, _HARDLY * lasting / 5)


class _Line(NamedTuple):
    """Frames of mine and of theirs that are shown at one moment of a time line, and how well they go along."""

    score: float
    speed: float
    pairs: np.ndarray


def kinship(mine: Shown, theirs: Shown) -> Kinship | None:
    """How both are one; None where they are not, or where one is a still and the other none."""
    lengths = {len(mine.frames) > 1, len(theirs.frames) > 1}
    if lengths != {True}:
        still = alike.likeness(mine.picture(0), theirs.picture(0)) if lengths == {False} else None
        return Kinship(still) if still else None
    best: tuple[_Laid, _Line] | None = None
    for whole in _geometries(mine, theirs):
        laid = _Laid.of(mine.frames, theirs.frames, whole)
        line = laid and laid.line(_AT_FIRST)
        if laid and line and (best is None or line.score > best[1].score):
            best = laid, line
            if line.score > _SURELY * len(line.pairs) and laid.covers(line, _SURELY):
                break
    if best is None:
        return None
    laid, line = best
    for _ in range(2):
        again = _Laid.of(mine.frames, theirs.frames, laid.refined(line))
        better = again and again.line(_AT_FIRST)
        if again and better and better.score > line.score:
            laid, line = again, better
    line = laid.line(_LEAST_SHARE)
    return _told(mine, theirs, laid, line) if line and laid.same(line) else None


def _geometries(mine: Shown, theirs: Shown) -> Iterator[np.ndarray]:
    """How theirs may lie on mine, in fractions, by pairs of frames with points in common."""
    ones = [(number, mine.picture(number)) for number in look.keys(mine.frames)]
    others = [(number, theirs.picture(number)) for number in look.keys(theirs.frames)]
    voted = []
    for mirrored in (False, True):
        turned = [one.mirrored() if mirrored else one for _, one in others]
        votes = _votes([one for _, one in ones], turned)
        voted += [(votes[i, j], mirrored, ones[i][1], turned[j]) for i, j in np.argwhere(votes >= _FEWEST_VOTES)]
    tried: list[np.ndarray] = []
    for _, mirrored, one, other in sorted(voted, key=lambda each: -each[0])[:_PAIRS]:
        matrix, count = alike._matrix(one, other)
        if matrix is not None and count >= _FEWEST_POINTS and alike._plausible(matrix):
            whole = alike._in_fractions(matrix, one.pixels, other.pixels)
            whole = whole @ np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1.0]]) if mirrored else whole
            if all(abs(whole - each).max() > _SAME_WAY for each in tried):
                tried.append(whole)
                yield whole


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


@dataclass(frozen=True)
class _Laid:
    """Both clips laid on one another: the brightness at each place that both have, frame by frame, less its mean."""

    mine: Sequence[Frame]
    theirs: Sequence[Frame]
    whole: np.ndarray
    crop: np.ndarray  # from fractions of mine to pixels of what is compared
    ones: np.ndarray  # frames x tall x wide
    others: np.ndarray
    there: np.ndarray  # places

    @classmethod
    def of(cls, mine: Sequence[Frame], theirs: Sequence[Frame], whole: np.ndarray) -> _Laid | None:
        """None where too little of one is on the other."""
        tall, wide = mine[0].pixels.shape[:2]
        their_tall, their_wide = theirs[0].pixels.shape[:2]
        corners = (whole @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1.0]]))[:2]
        low, high = corners.min(1).clip(0, 1), corners.max(1).clip(0, 1)
        span = (high - low) * (wide, tall)
        if min(span) < 2 * _PLACE:
            return None
        size = np.maximum(1, np.round(span * min(1.0, _COMPARED / max(span)) / _PLACE)) * _PLACE
        crop = np.diag([*(size / (high - low)), 1]) @ np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
        across = int(size[0]), int(size[1])
        onto = crop @ np.diag([1 / wide, 1 / tall, 1])
        theirs_onto = crop @ whole @ np.diag([1 / their_wide, 1 / their_tall, 1])
        there = np.minimum(_inside(mine[0], onto, across), _inside(theirs[0], theirs_onto, across))
        return cls(mine, theirs, whole, crop, _warped(mine, onto, across), _warped(theirs, theirs_onto, across), there)

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        return _tiled(self.ones)[self.there], _tiled(self.others)[self.there]

    @cached_property
    def compared(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each two frames the share of places that go along, and how well."""
        ones, others = self.places
        along, told = _along(ones, others)
        count = told.sum(0)
        enough = count >= _FEWEST_PLACES
        share = np.where(enough, ((along > _GOES_ALONG) & told).sum(0) / np.maximum(count, 1), 0)
        return share, np.where(enough, (along.clip(0, 1) * told).sum(0) / np.maximum(count, 1), 0)

    def line(self, least: float) -> _Line | None:
        """The time line on which most goes along, above all with its moment alone."""
        found = max((self._at(speed, least) for speed in _SPEEDS), key=lambda each: each[0])[1]
        return found if len(found.pairs) >= _FEWEST_FRAMES else None

    def _at(self, speed: float, least: float) -> tuple[float, _Line]:
        """The best one of a speed, and how much speaks for it."""
        share, mean = self.compared
        times, their_times = (np.array([one.second for one in each]) for each in (self.mine, self.theirs))
        step, last, here = _step(self.theirs), len(their_times) - 1, np.arange(len(times))
        at = (times * speed + np.arange(-times[-1] * speed, their_times[-1], step / 2)[:, None]) / step
        low, high = (np.clip(each, 0, last).astype(int) for each in (np.floor(at), np.ceil(at)))
        nearer = np.where(mean[here, low] >= mean[here, high], low, high)
        good = (at > -0.5) & (at < last + 0.5) & (share[here, nearer] >= least)
        alone = mean + _MOMENT * (mean - np.median(mean, 1, keepdims=True))
        speaks = (alone[here, nearer] * good).sum(1) * (_USUALLY if speed == 1 else 1)
        line = int(speaks.argmax())
        pairs = np.column_stack([here, nearer[line]])[good[line]]
        return float(speaks[line]), _Line(float(mean[tuple(pairs.T)].sum()), speed, pairs)

    def refined(self, line: _Line) -> np.ndarray:
        """How theirs lies on mine more exactly, by frames that are shown at one moment."""
        found = []
        for one, other in line.pairs[np.linspace(0, len(line.pairs) - 1, _REFINED_BY).astype(int)]:
            still: Any = np.eye(2, 3, dtype=np.float32)
            with suppress(cv2.error):  # it does not converge
                found.append(cv2.findTransformECC(self.ones[one], self.others[other], still, criteria=_STEPS)[1])
        if not found:
            return self.whole
        moved = np.vstack([np.median(found, 0), [0, 0, 1]])
        return np.asarray(np.linalg.inv(moved @ self.crop) @ self.crop @ self.whole)

    def covers(self, line: _Line, least: float = _LEAST_COVERED) -> bool:
        """Whether enough of the shorter one lies on the line, nearly all where that is short; what is plain does not
        count."""
        lasting = []
        for places, frames in zip(self.places, (self.mine, self.theirs), strict=True):
            told = (_varies(places) > _NOISE).sum(0) >= _FEWEST_PLACES
            lasting.append(float(told.sum() * _step(frames)))
        shorter = min(lasting[0] * line.speed, lasting[1])
        seconds = len(line.pairs) * _step(self.mine) * line.speed
        return seconds >= max(least * shorter, min(_SURE_SECONDS, _OF_SHORT * shorter))

    def moved_together(self, line: _Line) -> float:
        """Where something moves in either, how much of it is the same in both, from 0 to 1; 1 where nothing moves.

        Two takes before one background have all that stands still in common, and nothing that moves.
        """
        ones, others = self.places
        mine, theirs = line.pairs.T
        apart = min(round(1 / _step(self.mine)), len(line.pairs) // 2)
        moves, they_move = _moves(ones[:, mine], apart), _moves(others[:, theirs], apart)
        near = [others[:, np.clip(theirs + by, 0, others.shape[1] - 1)] for by in (-1, 0, 1)]
        along = np.max([_pairwise(ones[:, mine], each) for each in near], 0).clip(0, 1)
        either = int((moves | they_move).sum())
        return 1.0 if either < _FEWEST_MOVED else float(along[moves & they_move].sum() / either)

    def same(self, line: _Line) -> bool:
        """Whether it covers enough of the shorter one, and what moves is the same."""
        return self.covers(line) and self.moved_together(line) >= _LEAST_TOGETHER


def _step(frames: Sequence[Frame]) -> float:
    return float(np.median(np.diff([one.second for one in frames])))


def _moves(places: np.ndarray, apart: int) -> np.ndarray:
    """Whether what is at a place is not there so many frames before or later."""
    found = np.zeros(places.shape[:2], bool)
    changed = _pairwise(places[:, apart:], places[:, :-apart]) < _MOVED
    found[:, apart:] |= changed
    found[:, :-apart] |= changed
    return found


def _varies(places: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("cfp,cfp->cf", places, places) / _PLACE**2)


def _pairwise(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    together = np.einsum("cfp,cfp->cf", ones, others) / _PLACE**2
    return np.asarray((together + _NOISE) / (np.sqrt(_varies(ones) * _varies(others)) + _NOISE))


def _along(ones: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How each place goes along in each two frames, and whether something is to be seen there."""
    varies, their_varies = _varies(ones)[:, :, None], _varies(others)[:, None]
    together = ones @ others.transpose(0, 2, 1) / _PLACE**2
    return (together + _NOISE) / (np.sqrt(varies * their_varies) + _NOISE), np.maximum(varies, their_varies) > _NOISE


def _warped(frames: Sequence[Frame], onto: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    found = []
    for one in frames:
        grey, matrix = cv2.cvtColor(one.pixels, cv2.COLOR_BGR2GRAY), onto
        while abs(np.linalg.det(matrix[:2, :2])) < _TOO_FINE and min(grey.shape) > 1:
            tall, wide = (side // 2 for side in grey.shape)
            matrix = matrix @ np.diag([grey.shape[1] / wide, grey.shape[0] / tall, 1])
            grey = cv2.resize(grey, (wide, tall), interpolation=cv2.INTER_AREA)
        found.append(cv2.warpAffine(grey, matrix[:2], size))
    return np.array(found)


def _tiled(stack: np.ndarray) -> np.ndarray:
    """Places x frames x pixels, less their mean."""
    count, tall, wide = stack.shape
    tiles = stack.astype(np.float32).reshape(count, tall // _PLACE, _PLACE, wide // _PLACE, _PLACE)
    places = tiles.transpose(1, 3, 0, 2, 4).reshape(-1, count, _PLACE**2)
    return np.asarray(places - places.mean(2, keepdims=True))


def _inside(frame: Frame, onto: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    whole = cv2.warpAffine(np.ones(frame.pixels.shape[:2], np.float32), onto[:2], size)
    tall, wide = whole.shape
    tiles = whole.reshape(tall // _PLACE, _PLACE, wide // _PLACE, _PLACE)
    return np.asarray(tiles.min((1, 3)).ravel() > 0.5)


def _told(mine: Shown, theirs: Shown, laid: _Laid, line: _Line) -> Kinship:
    number, their_number = map(int, line.pairs[len(line.pairs) // 2])
    middle = alike.likeness(mine.picture(number), theirs.picture(their_number))
    mirrored = bool(np.linalg.det(laid.whole) < 0)
    if middle is None or middle.mirrored is not mirrored:
        middle = Likeness(0.0, mirrored, laid.whole[:2], alike._shown(laid.whole))
    spans, lasting = [], []
    for frames, numbers in zip((mine.frames, theirs.frames), line.pairs.T, strict=True):
        step = _step(frames)
        spans.append((frames[numbers[0]].second, frames[numbers[-1]].second + step))
        lasting.append(frames[-1].second + step)
    closeness = line.score / len(line.pairs)
    likeness = middle._replace(closeness=closeness, matrix=laid.whole[:2], shown=alike._shown(laid.whole))
    return Kinship(likeness, spans[0], spans[1], line.speed, (lasting[0], lasting[1]))
