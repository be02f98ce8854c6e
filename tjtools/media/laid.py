"""One picture laid on another: where they go along with each other, and where they differ, and which one is to blame.

What was put over a picture has an outline of its own, at which the picture underneath has none. Where both have one,
something was put in the place of something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

Pixels: TypeAlias = np.ndarray  # floats, BGR or grey
Mask: TypeAlias = np.ndarray  # 0 or 1 each

_LONGEST = 160  # pixels at which they are compared
_LEAST = 16  # pixels that both must have, in width and height
_PLACE = 11  # pixels
_AROUND = 16  # pixels of what is around a place that count, too
_BRIGHT = np.array([0.114, 0.587, 0.299], np.float32)  # blue, green, red
_ENOUGH = 8000  # pixels that tell how colours were changed
_PLAIN = 20.0  # variance of the brightness up to which nothing is at a place
_FAINT, _AFAR = 9.0, 4  # the same, seen from afar: so many times smaller
_BESIDE = 0.3  # of a bar's height, beside its words
_GOES_ALONG = 0.75  # correlation at a place
_OTHER = 26.0  # of 255, by which a colour must be off
_SMALLEST = 0.003  # of what is compared: the smallest change
_STEP = 10.0  # of 255, by which an outline is more than what is beside it
_PART = 0.02  # of what is compared: what was put in its place, or over it and isn't of few colours, is another picture
_SMALL, _BAR = 0.07, 0.25  # of what is compared: a button; a bar with words
_ALL_AROUND, _FRAMED, _OUTLINED, _HARDLY, _NO_OUTLINE = 0.9, 0.6, 0.5, 0.4, 0.1  # of an outline
THREE = np.ones((3, 3), np.uint8)


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
        return float(np.minimum(off, _OTHER).mean())


class Change(NamedTuple):
    """A place that differs: left, top, width, height and the share of all, each in fractions of what is compared.

    `outlined`: of how much of its outline mine and theirs have something of their own, `framed`: both close around it;
    `graphic`: who has more of it has few colours there; `plain`: most of it has no pattern, in neither.
    """

    left: float
    top: float
    width: float
    height: float
    share: float
    outlined: tuple[float, float]
    graphic: bool
    plain: bool
    strip: bool
    framed: float

    @property
    def graded(self) -> bool:
        """Whether it has no outline, in neither: colours that were changed everywhere end nowhere."""
        return max(self.outlined) < _NO_OUTLINE

    @property
    def taken(self) -> bool:
        """Whether it is theirs that has something there."""
        return self.outlined[1] > max(_OUTLINED, 1.5 * self.outlined[0])

    @property
    def _button(self) -> bool:
        return max(self.outlined) > _ALL_AROUND and min(self.outlined) < _HARDLY and self.share <= _SMALL

    @property
    def exchanged(self) -> bool:
        """Whether each has something of its own within one frame, as the products in a shop's template."""
        own = min(self.outlined) > _OUTLINED or self.framed > _FRAMED
        return self.framed > _ALL_AROUND or (own and not (self.strip or self._button))

    @property
    def replaced(self) -> bool:
        """Whether another picture is in the place of theirs, rather than something over it, or other words."""
        own, more = sorted(self.outlined)
        if self.framed > _ALL_AROUND or self.graded or self._button:
            return self.framed > _ALL_AROUND
        if self.share > _PART and not (self.strip or self.graphic):
            return True
        if self.strip or (self.plain and more < 0.35):  # a line of words, or a bar with them; in other colours
            return self.strip and self.share > _BAR
        return own > 0.15 or more < _ALL_AROUND if self.share > _SMALL else own > 0.33 and not self.graphic


@dataclass(frozen=True)
class Compared:
    """Both, place by place; each answer is worked out when it is asked for, the dear ones last."""

    pair: Laid

    @cached_property
    def _patterns(self) -> tuple[Mask, Mask]:
        return patterns(self.pair)

    @cached_property
    def _differs(self) -> Mask:
        differs = differing(self.pair, self._patterns, _OTHER)
        return closed(cv2.morphologyEx(differs, cv2.MORPH_OPEN, square(2)), 7)

    @cached_property
    def _places(self) -> tuple[int, int]:
        """How many places that aren't plain there are where nothing was changed, and how many of them go along."""
        along, told = self._patterns
        near = cv2.dilate(self._differs, square(_PLACE)) > 0
        some = ((cv2.erode(self.pair.both, square(_PLACE)) > 0) & told & ~near)[2::5, 2::5]
        return int(some.sum()), int((along[2::5, 2::5] & some).sum())

    @property
    def places(self) -> int:
        """How many places go along."""
        return self._places[1]

    @property
    def share(self) -> float:
        """How many of those that might."""
        return self._places[1] / max(1, self._places[0])

    @cached_property
    def _parts(self) -> list[Mask]:
        return [*pieces(self._differs, _SMALLEST * float(self.pair.both.sum()))]

    @property
    def changed(self) -> float:
        """The share of all that differs."""
        return sum(float(one.sum()) for one in self._parts) / float(self.pair.both.sum())

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What differs."""
        return tuple(_change(self.pair, one, self._patterns[1]) for one in self._parts)

    @property
    def replaced(self) -> float:
        """The share of all that is another picture, or something that moved: each has it elsewhere."""
        told = [one for one in self.changes if not one.replaced and not one.strip and not one.graphic]
        own = [sum(one.share for one in told if (one.outlined[0] >= one.outlined[1]) is mine) for mine in (True, False)]
        exchanged = sum(one.share for one in self.changes if one.exchanged)
        replaced = min(own) + sum(one.share for one in self.changes if one.replaced)
        return max(replaced, exchanged) if exchanged > _PART else replaced

    @property
    def afar(self) -> float:
        """The share of all that differs from afar: faint things that moved."""
        return _afar(self.pair, self._differs, self.changes)


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
    middle = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    matrix = (middle @ onto @ back @ np.linalg.inv(middle))[:2]
    shown = cv2.warpAffine(small, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(np.full(small.shape[:2], 255, np.uint8), matrix, size)
    return shown.astype(np.float32), (there > 250).astype(np.uint8)


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
    some = told & (cv2.erode(pair.both, square(_PLACE)) > 0)
    return float((along & some).sum() / max(1, some.sum()))


def _afar(pair: Laid, differs: Mask, changes: Sequence[Change]) -> float:
    """The share of all where the brightness from afar goes another way: faint things that moved."""
    known = ((pair.both > 0) & (cv2.dilate(differs, square(9)) == 0)).astype(np.float32)
    tall, wide = known.shape
    for one in changes:  # a bar that one can see through is larger than its words
        top, bottom = (one.top - _BESIDE * one.height) * tall, (one.top + (1 + _BESIDE) * one.height) * tall
        left, right = (0.0, 1.0) if one.strip else (one.left, one.left + one.width)
        known[max(0, int(top)) : int(bottom) + 1, int(left * wide) : int(right * wide) + 1] = 0
    size = max(1, round(wide / _AFAR)), max(1, round(tall / _AFAR))
    weight = _shrunk(known, size)
    greys = (cv2.cvtColor(one.clip(0, 255), cv2.COLOR_BGR2GRAY) for one in pair[:2])
    one, other = (_shrunk(grey * known, size) / np.maximum(weight, 1e-3) for grey in greys)
    total = _summed(weight)
    mean, other_mean, power, other_power, both = (
        _summed(each * weight) / np.maximum(total, 1e-3) for each in (one, other, one * one, other * other, one * other)
    )
    varies, other_varies = power - mean**2, other_power - other_mean**2
    alike = (both - mean * other_mean + _FAINT) / (np.sqrt((varies * other_varies).clip(0)) + _FAINT)
    told = (np.maximum(varies, other_varies) > _FAINT) & (total > 0.4) & (weight > 0.5)
    return float((told & (alike < 0.7)).sum() / max(1, (weight > 0.5).sum()))


def _shrunk(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))


def _summed(values: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.boxFilter(values, -1, (5, 5)))


def differing(pair: Laid, seen: tuple[Mask, Mask], least: float) -> Mask:
    """Where the colours are off and the patterns don't go along."""
    along, told = seen
    off = np.maximum(_off(pair.mine, pair.theirs), _off(pair.theirs, pair.mine))
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
    return alike > _GOES_ALONG, np.maximum(varies, other_varies) > _PLAIN


def _means(values: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.boxFilter(values, -1, (_PLACE, _PLACE)))


def _off(one: Pixels, other: Pixels) -> np.ndarray:
    """By how much a pixel is out of the range of the other's around it."""
    return most(np.maximum(one - cv2.dilate(other, THREE), cv2.erode(other, THREE) - one))


def most(pixels: Pixels) -> np.ndarray:
    """Of each pixel the channel with most (numpy's own takes ten times as long)."""
    return np.asarray(cv2.max(cv2.max(pixels[..., 0], pixels[..., 1]), pixels[..., 2]))


def _change(pair: Laid, part: Mask, told: Mask) -> Change:
    left, top, wide, tall = cv2.boundingRect(part)
    all_tall, all_wide = part.shape
    near = np.s_[max(0, top - _AROUND) : top + tall + _AROUND, max(0, left - _AROUND) : left + wide + _AROUND]
    mine, theirs, both, share = pair.mine[near], pair.theirs[near], pair.both[near], float(part.sum() / pair.both.sum())
    part = part[near]
    outlined, lines = zip(*(_outlined(each, part, both) for each in (mine, theirs)), strict=True)
    owner = mine if outlined[0] >= outlined[1] else theirs
    plain, strip = _mean(told[near], part > 0) < 0.5, wide > 2.5 * tall and tall < 0.3 * all_tall
    framed = 0.0 if plain or strip else _mean(np.minimum(*lines) > _OTHER, lines[0] >= 0)
    place = left / all_wide, top / all_tall, wide / all_wide, tall / all_tall
    apart = float(np.abs(mine - theirs).max(2)[part > 0].mean())
    return Change(*place, share, outlined, _flat(owner[part > 0], min(14.0, apart / 4)) > 0.7, plain, strip, framed)


def _outlined(pixels: Pixels, part: Mask, both: Mask) -> tuple[float, np.ndarray]:
    """At how much of a part's outline the colours change more than at lines within and around; by how much around."""
    lines = (cv2.erode(part, square(11)), cv2.dilate(part, square(11)))
    within, around = (_steps(pixels, one, both) if one.sum() > 30 else np.empty(0, np.float32) for one in lines)
    usual = [float(np.median(one)) for one in (within, around) if len(one)]
    steps = _steps(pixels, part, both)
    return _mean(steps > _STEP + sum(usual) / max(1, len(usual)), steps >= 0), around


def _steps(pixels: Pixels, part: Mask, both: Mask) -> np.ndarray:
    """By how much the colours on both sides of a line differ, along it."""
    inner = (part > 0) & (cv2.erode(part, square(7)) == 0) & (both > 0)
    outer = (cv2.dilate(part, square(3)) == 0) & (cv2.dilate(part, square(9)) > 0) & (both > 0)
    (one, some), (other, more) = (_nearby(pixels, side.astype(np.float32)) for side in (inner, outer))
    line = (cv2.morphologyEx(part, cv2.MORPH_GRADIENT, THREE) > 0) & some & more & (cv2.erode(both, square(5)) > 0)
    return np.asarray(np.abs(one[line] - other[line]).max(1, initial=0))


def _nearby(pixels: Pixels, side: Pixels) -> tuple[Pixels, np.ndarray]:
    """The mean colours of one side of a line; and where there is enough of it."""
    weight = cv2.boxFilter(side, -1, (13, 13))
    return cv2.boxFilter(pixels * side[..., None], -1, (13, 13)) / np.maximum(weight, 1e-6)[..., None], weight > 0.012


def _flat(colours: np.ndarray, off: float) -> float:
    """How many pixels are of one of three colours, or so little off."""
    if len(colours) < 12:
        return 0.0
    cv2.setRNGSeed(1)
    _, kinds, middles = cv2.kmeans(colours, 3, None, (3, 8, 1.0), 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return float((np.abs(colours - middles[kinds.ravel()]).max(1) < off).mean())


def _mean(values: np.ndarray, where: np.ndarray) -> float:
    return float(values[where].mean()) if where.any() else 0.0
