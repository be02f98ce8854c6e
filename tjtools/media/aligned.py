"""Two clips laid on one another: all frames of both are compared, place by place, and found on one time line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np

from tjtools.media.laid import of_corners, of_middles
from tjtools.media.look import Frame

_SPEEDS = (1.0, *map(float, np.geomspace(0.8, 1.25, 11)))
_USUALLY = 1.1  # times as likely that the speed is the same
_LEAST_SHARE = 0.35  # of the places that go along, in two frames that lie on it
_MOMENT = 5  # times as much counts what a frame has in common with one moment alone
_COMPARED, _PLACE = 128, 8  # pixels: what both have, on its longer side, and a place in it
_TOO_FINE = 0.5  # pixels of what is compared that one of a frame takes: below that it is halved, lest it flickers
_NOISE = 60.0  # variance of the brightness that an encoder's noise may have
_GOES_ALONG, _FEWEST_PLACES = 0.7, 6  # correlation at a place; places that are not plain
_EXACTLY = 0.93  # correlation of the places that go along
_FEWEST_FRAMES = 3  # on a time line
_ALL_ALONG, _MOST_OVER = 0.9, 0.25  # of all frames; of all places that may be put over a clip
_LEAST_COVERED, _SURE_SECONDS, _OF_SHORT = 0.6, 1.5, 0.85  # of the shorter one; of one that is shorter than that
_USUAL = 75  # per cent: what of a line tells how well it goes along
_HARDLY, _WELL = 0.6, 0.9  # of that: what goes along no better is not covered, and what does so well is
_BETWEEN, _SHORTLY = 0.75, 0.3  # seconds that lack between two moments of a line, or hardly go along: covered too
_MOVED = 0.6  # correlation of what moved
_FEWEST_MOVED, _LEAST_MOVED = 20, 0.02  # places on all frames, and share of them, from which that tells something
_REFINED_BY = 5  # pairs of frames
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)


class Line(NamedTuple):
    """Frames of mine and of theirs that are shown at one moment of a time line, and how well they go along."""

    score: float
    speed: float
    pairs: np.ndarray

    @property
    def close(self) -> float:
        return self.score / len(self.pairs)


@dataclass(frozen=True)
class Both:
    """Both clips laid on one another: the brightness at each place that both have, frame by frame, less its mean."""

    mine: Sequence[Frame]
    theirs: Sequence[Frame]
    whole: np.ndarray
    crop: np.ndarray  # from fractions of mine to pixels of what is compared
    ones: np.ndarray  # frames x tall x wide
    others: np.ndarray
    there: np.ndarray  # places

    @classmethod
    def of(cls, mine: Sequence[Frame], theirs: Sequence[Frame], whole: np.ndarray) -> Both | None:
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
        """Of each that is compared; what one of them alone has over a plain ground all along, as words, is not.

        Where each has something that the other has not, these may be two products of one shop; but what stands around a
        clip that is mirrored is at another place for that alone.
        """
        ones, others = _tiled(self.ones)[self.there], _tiled(self.others)[self.there]
        seen, they_seen = (_varies(each) > _NOISE for each in (ones, others))
        found = _put_over(ones, seen, they_seen), _put_over(others, they_seen, seen)
        less, over = sorted(found, key=np.count_nonzero)
        if np.linalg.det(self.whole) < 0:
            less, over = np.zeros_like(less), less | over
        return (ones, others) if less.any() or over.sum() > _MOST_OVER * len(over) else (ones[~over], others[~over])

    @cached_property
    def _variances(self) -> tuple[np.ndarray, np.ndarray]:
        """How much each place varies, of each on each frame."""
        ones, others = self.places
        return _varies(ones), _varies(others)

    @cached_property
    def _along(self) -> np.ndarray:
        """How each place goes along in each two frames; what is plain goes along with nothing else."""
        (ones, others), (varies, they_vary) = self.places, self._variances
        together = ones @ others.transpose(0, 2, 1) / _PLACE**2 + _NOISE
        return np.asarray(together / (np.sqrt(varies + _NOISE)[:, :, None] * np.sqrt(they_vary + _NOISE)[:, None]))

    @cached_property
    def compared(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each two frames the share of places that go along, how well all do, and how exactly those that do."""
        (varies, they_vary), along = self._variances, self._along
        told = np.maximum(varies[:, :, None], they_vary[:, None]) > _NOISE
        going, count = (along > _GOES_ALONG) & told, told.sum(0)
        enough = count >= _FEWEST_PLACES
        share = np.where(enough, going.sum(0) / np.maximum(count, 1), 0)
        mean = np.where(enough, (along.clip(0, 1) * told).sum(0) / np.maximum(count, 1), 0)
        return share, mean, (along * going).sum(0) / np.maximum(going.sum(0), 1)

    def may_be(self) -> bool:
        """Whether the first frames go along, or too little is to be seen there to tell."""
        share, mean, _ = self.compared
        return bool(share[0, 0] >= _LEAST_SHARE or not mean[0, 0])

    def exact(self, line: Line) -> bool:
        """Whether what goes along does so as exactly as can be."""
        return bool(np.mean(self.compared[2][tuple(line.pairs.T)]) >= _EXACTLY)

    @cached_property
    def _rougher(self) -> bool:
        """Whether mine has fewer frames a second; of two that have as many it is the brighter one, whoever asks."""
        return (step(self.mine), self.ones.mean()) >= (step(self.theirs), self.others.mean())

    def line(self) -> Line | None:
        """The time line on which most goes along, above all with its moment alone.

        It is looked for by the frames of the one that has fewer a second: each has one of the other's near it.
        """
        share, mean, _ = self.compared
        if self._rougher:
            return _line(self.mine, self.theirs, share, mean)
        found = _line(self.theirs, self.mine, share.T, mean.T)
        return found and found._replace(speed=1 / found.speed, pairs=found.pairs[:, ::-1])

    def refined(self, line: Line) -> np.ndarray:
        """How theirs lies on mine more exactly, by frames that are shown at one moment."""
        found = []
        for one, other in line.pairs[np.linspace(0, len(line.pairs) - 1, _REFINED_BY).astype(int)]:
            still: Any = np.eye(2, 3, dtype=np.float32)
            with suppress(cv2.error):  # it does not converge
                found.append(cv2.findTransformECC(self.ones[one], self.others[other], still, criteria=_STEPS)[1])
        if not found:
            return self.whole
        moved = of_corners(np.median(found, 0))
        return np.asarray(np.linalg.inv(moved @ self.crop) @ self.crop @ self.whole)

    def straightened(self, whole: np.ndarray) -> np.ndarray:
        """The same way without what a few frames that move may tell wrongly: neither turned nor stretched, as most is
        laid, about the middle of what both have."""
        shapes = ((one[0].pixels.shape[1], one[0].pixels.shape[0]) for one in (self.mine, self.theirs))
        mine, theirs = (np.diag([*shape, 1.0]) for shape in shapes)
        onto = mine @ whole @ np.linalg.inv(theirs)
        scale = np.sqrt(abs(np.linalg.det(onto[:2, :2])))
        made = np.diag([np.copysign(scale, onto[0, 0]), np.copysign(scale, onto[1, 1]), 1])
        middle = mine @ np.linalg.inv(self.crop) @ [self.ones.shape[2] / 2, self.ones.shape[1] / 2, 1]
        made[:2, 2] = (middle - made @ np.linalg.inv(onto) @ middle)[:2]
        return np.asarray(np.linalg.inv(mine) @ made @ theirs)

    def covers(self, line: Line, part: float = 1.0) -> bool:
        """Whether enough of the shorter one lies on the line, nearly all where that is short, or a part of what would
        be enough; what is plain does not count.

        A moment counts by how well it goes along beside the best ones: what follows one intro hardly does. What moves
        fast is seen at other instants of each, so that what lacks between two moments counts as they do. So does
        what hardly goes along, for an instant: longer, it is another scene between two that both clips have.
        """
        lasting = []
        for varies, frames in zip(self._variances, (self.mine, self.theirs), strict=True):
            told = (varies > _NOISE).sum(0) >= _FEWEST_PLACES
            lasting.append(float(told.sum() * step(frames)))
        shorter = min(lasting[0] * line.speed, lasting[1])
        means = self.compared[1][tuple(line.pairs.T)]
        worth = ((means / np.percentile(means, _USUAL) - _HARDLY) / (_WELL - _HARDLY)).clip(0, 1)
        apart = step(self.mine) * line.speed if self._rougher else step(self.theirs)
        numbers = line.pairs[:, 0 if self._rougher else 1]
        lack = np.diff(numbers) - 1
        lack[lack * apart > _BETWEEN] = 0
        filled = worth.sum() + (lack * np.minimum(worth[1:], worth[:-1])).sum()
        seconds = apart * max(filled, _closed(worth, numbers, int(_SHORTLY / apart)).sum())
        enough = max(_LEAST_COVERED * shorter, min(_SURE_SECONDS, _OF_SHORT * shorter))
        return bool(seconds >= part * enough)

    def moved_together(self, line: Line) -> tuple[float, float]:
        """At what share of places something moves in either, and how much of that is the same in both, from 0 to 1.

        Two takes before one background have all that stands still in common, and nothing that moves.
        """
        ones, others = self.places
        (mine, theirs), counts = line.pairs.T, (ones.shape[1], others.shape[1])
        apart = max(1, min(round(1 / max(step(self.mine), step(self.theirs))), len(line.pairs) // 2))
        moves, they_move = _moves(ones[:, mine], apart), _moves(others[:, theirs], apart)
        either = int((moves | they_move).sum())
        if either < max(_FEWEST_MOVED, _LEAST_MOVED * moves.size):
            return 0.0, 1.0
        along = np.zeros(moves.shape)
        for by in (-1, 0, 1):  # the frames before and after of the one that has more of them
            way = (mine, theirs + by) if self._rougher else (mine + by, theirs)
            one, other = (np.clip(each, 0, count - 1) for each, count in zip(way, counts, strict=True))
            along = np.maximum(along, self._along[:, one, other])
        return either / moves.size, float(along[moves & they_move].sum().clip(0) / either)


def _line(ones: Sequence[Frame], others: Sequence[Frame], share: np.ndarray, mean: np.ndarray) -> Line | None:
    there, low, high = _lines(tuple(one.second for one in ones), tuple(one.second for one in others), step(others))
    nearer = np.where(mean.take(low) >= mean.take(high), low, high)
    alone = mean + _MOMENT * (mean - np.median(mean, 1, keepdims=True))
    told, speeds = share >= _LEAST_SHARE, np.array(_SPEEDS)
    likely = np.where(speeds == 1, _USUALLY, np.minimum(speeds, 1))[:, None]
    speaks = ((alone * told).take(nearer) * there).sum(2) * likely
    best = np.unravel_index(speaks.argmax(), speaks.shape)
    pairs = np.column_stack(np.divmod(nearer[best], len(others)))[there[best] & told.take(nearer[best])]
    found = Line(float(mean[tuple(pairs.T)].sum()), _SPEEDS[best[0]], pairs)
    return found if len(pairs) >= _FEWEST_FRAMES else None


@lru_cache(4)  # one clip is laid on another in some ways
def _lines(times: tuple[float, ...], theirs: tuple[float, ...], apart: float) -> tuple[np.ndarray, ...]:
    """By speed, by when the others begin, and by frame: whether one of theirs is shown then, and the numbers of the two
    pairs of frames that are nearest."""
    mine, last, here = np.array(times), len(theirs) - 1, np.arange(len(times)) * len(theirs)
    first, steps = np.ceil(-2 * max(_SPEEDS) * mine[-1] / apart), np.ceil(2 * theirs[-1] / apart)
    later = np.arange(first, steps + 1)[:, None] * apart / 2
    at = (mine * np.array(_SPEEDS)[:, None, None] + later) / apart
    low, high = (np.clip(each, 0, last).astype(int) + here for each in (np.floor(at), np.ceil(at)))
    return (at > -0.5) & (at < last + 0.5), low, high


def _closed(worth: np.ndarray, numbers: np.ndarray, between: int) -> np.ndarray:
    """What frames with these numbers are worth, and so many or fewer between two of them as much as these."""
    row = np.zeros((1, numbers[-1] - numbers[0] + 1 + 2 * between), np.float32)
    row[0, numbers - numbers[0] + between] = worth
    return np.asarray(cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, between + 1), np.uint8)))


def step(frames: Sequence[Frame]) -> float:
    return sorted(later.second - one.second for one, later in pairwise(frames))[(len(frames) - 1) // 2]


def _moves(places: np.ndarray, apart: int) -> np.ndarray:
    """Whether what is at a place is not there so many frames before or later."""
    found = np.zeros(places.shape[:2], bool)
    changed = _pairwise(places[:, apart:], places[:, :-apart]) < _MOVED
    found[:, apart:] |= changed
    found[:, :-apart] |= changed
    return found


def _put_over(ones: np.ndarray, seen: np.ndarray, others_seen: np.ndarray) -> np.ndarray:
    """Where ones have the same all along and the others, for the most part, nothing, by what is seen of either."""
    found = (seen.mean(1) > _ALL_ALONG) & (others_seen.mean(1) < 0.5)
    if min(seen.shape[1], others_seen.shape[1]) < _FEWEST_FRAMES or not found.any():
        return np.zeros(len(ones), bool)
    found[found] = (_pairwise(ones[found], ones[found].mean(1, keepdims=True)) > _GOES_ALONG).mean(1) > _ALL_ALONG
    return np.asarray(found)


def _varies(places: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("cfp,cfp->cf", places, places) / _PLACE**2)


def _pairwise(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    together = np.einsum("cfp,cfp->cf", ones, others) / _PLACE**2
    return np.asarray((together + _NOISE) / np.sqrt((_varies(ones) + _NOISE) * (_varies(others) + _NOISE)))


def _warped(frames: Sequence[Frame], onto: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    shape, halves = np.array(frames[0].pixels.shape[1::-1]), 0
    while abs(np.linalg.det(onto[:2, :2])) < _TOO_FINE and min(shape) > 1:
        onto, halves = onto @ np.diag([*(shape / (shape // 2)), 1]), halves + 1
        shape //= 2
    told = of_middles(onto)
    return np.array([cv2.warpAffine(one.grey(halves), told, size) for one in frames])


def _tiled(stack: np.ndarray) -> np.ndarray:
    """Places x frames x pixels, less their mean."""
    count, tall, wide = stack.shape
    tiles = stack.astype(np.float32).reshape(count, tall // _PLACE, _PLACE, wide // _PLACE, _PLACE)
    places = tiles.transpose(1, 3, 0, 2, 4).reshape(-1, count, _PLACE**2)
    return np.asarray(places - places.mean(2, keepdims=True))


def _inside(frame: Frame, onto: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    whole = cv2.warpAffine(np.ones(frame.pixels.shape[:2], np.float32), of_middles(onto), size)
    tall, wide = whole.shape
    tiles = whole.reshape(tall // _PLACE, _PLACE, wide // _PLACE, _PLACE)
    return np.asarray(tiles.min((1, 3)).ravel() > 0.5)
