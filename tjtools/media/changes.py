"""Where two pictures laid on one another differ, place by place, and which one is to blame.

What was put over a picture has an outline of its own, at which the picture underneath has none. Where both have one,
something was put in the place of something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from tjtools.media.laid import (
    OTHER,
    PLACE,
    PLAIN,
    THREE,
    Laid,
    Mask,
    Pixels,
    closed,
    differing,
    patterns,
    pieces,
    square,
)

_AROUND = 16  # pixels of what is around a place that count, too
_FAINT, _AFAR = 9.0, 4  # variance up to which nothing is at a place, seen from afar: so many times smaller
_BESIDE = 0.3  # of a bar's height, beside its words
_SMALLEST = 0.003  # of what is compared: the smallest change
_STEP = 10.0  # of 255, by which an outline is more than what is beside it
_PART = 0.02  # of what is compared: what was put in its place, or over it and isn't of few colours, is another picture
_SMALL, _BAR = 0.07, 0.25  # of what is compared: a button; a bar with words
_SEEN, _MORE = 0.6, 0.2  # of what is behind a bar, at least; more than is so without it
_DIMMED, _EXACTLY, _OFF = 0.75, 0.9, 14.0  # contrast behind a bar; correlation; of 255, by which a colour may be off
_INK, _HARDLY_ANY = 0.57, 0.03  # of words that are of one colour; of what is around them
_ONE_COLOUR, _LEAST_INK = 30.0, 30  # of 255, by which it may be off; pixels
_THICK, _HARDLY_THICK = 13, 0.1  # pixels of no letter's line; of all that differs
_ALL_AROUND, _FRAMED, _OUTLINED, _HARDLY, _NO_OUTLINE = 0.9, 0.6, 0.5, 0.4, 0.1  # of an outline


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
    closer: Callable[[], Laid | None] | None = None  # the same with more pixels, where that is needed

    @cached_property
    def _patterns(self) -> tuple[Mask, Mask]:
        return patterns(self.pair)

    @cached_property
    def _differs(self) -> Mask:
        differs = differing(self.pair, self._patterns, OTHER)
        return closed(cv2.morphologyEx(differs, cv2.MORPH_OPEN, square(2)), 7)

    @cached_property
    def _places(self) -> tuple[int, int]:
        """How many places that aren't plain there are where nothing was changed, and how many of them go along."""
        along, told = self._patterns
        near = cv2.dilate(self._differs, square(PLACE)) > 0
        some = ((cv2.erode(self.pair.both, square(PLACE)) > 0) & told & ~near)[2::5, 2::5]
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
        found = tuple(_change(self.pair, one, self._patterns[1]) for one in self._parts)
        return tuple(one._replace(strip=True) if self._of_words(one, found) else one for one in found)

    def _of_words(self, change: Change, changes: Sequence[Change]) -> bool:
        """Whether it is part of a line of words, or of the bar behind them: these differ where what is under them is
        as bright, and so look like several things that were put in the place of others."""
        if change.strip or not (change.replaced or change.exchanged):
            return False
        line = _line(change, changes)
        if any(
            self._is_strip(one) and _seen_through(_part(self.pair, one)) for one in ((0.0, line[1], 1.0, line[3]), line)
        ):
            return True
        closer = self.closer() if self._is_strip(line) and self.closer else None
        return closer is not None and _written(_part(closer, line))

    def _is_strip(self, line: tuple[float, float, float, float]) -> bool:
        tall, wide = self.pair.both.shape
        return _strip((line[2] - line[0]) * wide, (line[3] - line[1]) * tall, tall)

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


def _line(change: Change, changes: Sequence[Change]) -> tuple[float, float, float, float]:
    """Left, top, right and foot of all that was changed on one line with it."""
    line, more = list[Change](), [change]
    while len(more) > len(line):
        line = more
        top, foot = min(one.top for one in line), max(one.top + one.height for one in line)
        more = [one for one in changes if _on_one_line((top, foot), (one.top, one.top + one.height))]
    return min(one.left for one in line), top, max(one.left + one.width for one in line), foot


def _part(pair: Laid, line: tuple[float, float, float, float]) -> Laid:
    """What is between left, top, right and foot."""
    tall, wide = pair.both.shape
    part = np.s_[int(line[1] * tall) : round(line[3] * tall), int(line[0] * wide) : round(line[2] * wide)]
    return Laid(pair.mine[part], pair.theirs[part], pair.both[part], pair.onto)


def _written(part: Laid) -> bool:
    """Whether what differs is thin, and of one colour, which the ground around it has not, in one of both."""
    anywhere = np.zeros(part.both.shape, bool)
    differs = differing(part, (anywhere, anywhere), OTHER)
    ink, ground = cv2.erode(differs, THREE) > 0, (cv2.dilate(differs, square(5)) == 0) & (part.both > 0)
    thick = cv2.morphologyEx(differs, cv2.MORPH_OPEN, square(_THICK))
    if ink.sum() < _LEAST_INK or thick.sum() > _HARDLY_THICK * differs.sum():
        return False
    for pixels in (part.mine, part.theirs):
        near = ink & (np.abs(pixels - np.median(pixels[ink], 0)).max(2) <= 2 * _ONE_COLOUR)
        colour = np.median(pixels[near if near.any() else ink], 0)
        told = np.abs(pixels - colour).max(2) <= _ONE_COLOUR
        if _mean(told, ink) > _INK and _mean(told, ground) < _HARDLY_ANY:
            return True
    return False


def _on_one_line(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether half of the lower one stands beside the other; both are top and foot."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    return common > min(one[1] - one[0], other[1] - other[0]) / 2


def _strip(wide: float, tall: float, of: float) -> bool:
    return wide > 2.5 * tall and tall < 0.3 * of


def _seen_through(part: Laid) -> bool:
    """Whether most of mine is theirs behind a bar, or theirs mine: with less contrast, or more."""
    given, wanted = (each[part.both > 0] for each in (part.theirs, part.mine))
    as_it_is = _mean(np.abs(wanted - given).max(1) <= _OFF, np.ones(len(given), bool))
    if as_it_is >= _SEEN or not len(given):
        return False
    for gain in (_DIMMED / 2, 2 / _DIMMED):
        for _ in range(4):
            rest = wanted - gain * given
            off = np.abs(rest - np.median(rest, 0)).max(1)
            kept = off <= max(_OFF, float(np.median(off)))
            one, other = (each[kept] - each[kept].mean(0) for each in (given, wanted))
            power, both, theirs = (float((a * b).sum()) for a, b in ((one, one), (one, other), (other, other)))
            gain = both / max(power, 1.0)
        seen = _mean(off <= _OFF, off >= 0) > max(_SEEN, as_it_is + _MORE) and power > PLAIN * one.size
        if seen and both > _EXACTLY * np.sqrt(power * theirs) and not _DIMMED < gain < 1 / _DIMMED:
            return True
    return False


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


def _change(pair: Laid, part: Mask, told: Mask) -> Change:
    left, top, wide, tall = cv2.boundingRect(part)
    all_tall, all_wide = part.shape
    near = np.s_[max(0, top - _AROUND) : top + tall + _AROUND, max(0, left - _AROUND) : left + wide + _AROUND]
    mine, theirs, both, share = pair.mine[near], pair.theirs[near], pair.both[near], float(part.sum() / pair.both.sum())
    part = part[near]
    outlined, lines = zip(*(_outlined(each, part, both) for each in (mine, theirs)), strict=True)
    owner = mine if outlined[0] >= outlined[1] else theirs
    plain, strip = _mean(told[near], part > 0) < 0.5, _strip(wide, tall, all_tall)
    framed = 0.0 if plain or strip else _mean(np.minimum(*lines) > OTHER, lines[0] >= 0)
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
