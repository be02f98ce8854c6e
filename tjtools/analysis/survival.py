"""The distribution of a time that is known only to lie in an interval: Turnbull's estimator, and what follows from it.

No shape is assumed. `Curve` is the share decided by each hour; between two hours at which it is determined, it is taken
to rise evenly. Kept libraries fit a shape (`scipy.stats` with `CensoredData`) or need an older pandas (lifelines).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
REPEATS = 200
_ROUNDS = 5_000
_EXACT, _CLOSE = 1e-13, 3e-4  # how little a probability moves in a round when it stands; for an interval less will do
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """The share decided by each of `hours`, which begin with 0; beyond the last one nothing is known."""

    hours: Floats
    share: Floats

    def at(self, hours: ArrayLike) -> Floats:
        """The share decided by these hours; missing beyond what is known."""
        return np.interp(np.asarray(hours, dtype=np.float64), self.hours, self.share, right=np.nan)

    def quantile(self, share: float) -> float:
        """The hour by which this share is decided; infinite where the curve does not get there."""
        if not len(self.share) or self.share[-1] < share:
            return float("inf")
        place = int(np.searchsorted(self.share, share))
        if place == 0 or self.share[place] == self.share[place - 1]:
            return float(self.hours[place])
        part = (share - self.share[place - 1]) / (self.share[place] - self.share[place - 1])
        return float(self.hours[place - 1] + part * (self.hours[place] - self.hours[place - 1]))

    def between(self, share: float) -> tuple[float, float]:
        """The two determined hours between which this share is reached: the data don't tell where."""
        if not len(self.share) or self.share[-1] < share:
            return float(self.hours[-1]), float("inf")
        place = int(np.searchsorted(self.share, share))
        return float(self.hours[max(place - 1, 0)]), float(self.hours[place])


def averaged(curves: Sequence[Curve]) -> Curve:
    """The mean of some curves at every hour; where one ends before the others, it stays as high as it was."""
    hours = np.unique(np.concatenate([one.hours for one in curves]))
    share = np.mean([np.interp(hours, one.hours, one.share) for one in curves], axis=0)
    return Curve(hours, np.minimum(np.maximum.accumulate(share), 1.0))


class Times:
    """Times known to be more than `low` and at most `high`, which is infinite while nothing has happened.

    An exact time has `low` equal to `high`; `count` is how often each occurs. Raises ValueError where `low` is larger
    than `high`, or negative.
    """

    def __init__(self, low: ArrayLike, high: ArrayLike, count: ArrayLike = 1) -> None:
        low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if not (low <= high).all() or not (low >= 0).all():
            msg = "each time needs 0 ≤ low ≤ high"
            raise ValueError(msg)
        # "more than low" as "at least the next number": then all intervals are closed
        low = np.where(low == high, low, np.nextafter(low, np.inf))
        self._low, self._high, self._count = _grouped(low, high, np.broadcast_to(count, low.shape))
        self._begin, self._end = _innermost(self._low, self._high)
        # the innermost intervals that lie in each time: a run, from first to before last
        self._first = np.searchsorted(self._begin, self._low, side="left")
        self._last = np.searchsorted(self._end, self._high, side="right")

    def __len__(self) -> int:
        return int(self._count.sum())

    def curve(self, close: float = _EXACT) -> Curve:
        """Turnbull's estimate of the distribution, reckoned until no probability moves by more than `close`."""
        even = np.full((1, len(self._begin)), 1 / max(len(self._begin), 1))
        return self._curve(self._settled(even, self._count[np.newaxis].astype(np.float64), close)[0])

    def coarse(self, step: float) -> Times:
        """The same times, their bounds rounded to whole steps; none becomes shorter than a step, but exact ones."""
        exact = self._low == self._high
        low = np.round(self._low / step)
        high = np.where(exact, low, np.maximum(np.round(self._high / step), low + 1))
        return Times(low * step, high * step, self._count)

    def resampled(self, repeats: int = REPEATS, seed: int = 0) -> list[Curve]:
        """The estimates of so many samples drawn from these times with repetition: what chance could have made."""
        total = len(self)
        if not total:
            return []
        even = np.full((1, len(self._begin)), 1 / len(self._begin))
        start = 0.9 * self._settled(even, self._count[np.newaxis].astype(np.float64), _CLOSE) + 0.1 * even
        dice = np.random.default_rng(seed)
        counts = dice.multinomial(total, self._count / total, size=repeats).astype(np.float64)
        return [self._curve(mass) for mass in self._settled(np.repeat(start, repeats, axis=0), counts, _CLOSE)]

    def _settled(self, mass: Floats, counts: Floats, close: float) -> Floats:
        """The probability of each innermost interval, for each row of counts: self-consistency, until it stands."""
        if not mass.size:
            return mass
        mass, share = mass.copy(), counts / counts.sum(axis=1, keepdims=True)
        moving = np.arange(len(mass))
        for _ in range(_ROUNDS):
            before = mass[moving]
            one = self._step(before, share[moving])
            two = self._step(one, share[moving])
            after = self._step(_leap(before, one, two), share[moving])
            mass[moving] = after
            moving = moving[np.abs(after - before).max(axis=1) > close]
            if not len(moving):
                break
        return mass

    def _step(self, mass: Floats, share: Floats) -> Floats:
        """One round of self-consistency: each time is shared out over its innermost intervals by their mass."""
        rows, width = len(mass), mass.shape[1] + 1
        summed = np.zeros((rows, width))
        np.cumsum(mass, axis=1, out=summed[:, 1:])
        inside = summed[:, self._last] - summed[:, self._first]
        weight = np.divide(share, inside, out=np.zeros_like(share), where=inside > 0).ravel()
        offsets = np.arange(rows)[:, np.newaxis] * width
        ups, downs = (
            np.bincount((offsets + place).ravel(), weight, rows * width) for place in (self._first, self._last)
        )
        return mass * np.cumsum((ups - downs).reshape(rows, width), axis=1)[:, :-1]

    def _curve(self, mass: Floats) -> Curve:
        """The cumulative share, at the ends of the innermost intervals that have any."""
        kept = (mass > _NOTHING) & np.isfinite(self._end)
        begin, end = self._begin[kept], self._end[kept]
        begin = np.where(begin == end, begin, np.nextafter(begin, -np.inf))
        share = np.minimum(np.cumsum(mass[kept]), 1)
        hours = np.column_stack([begin, end]).ravel()
        shares = np.column_stack([np.concatenate([[0.0], share])[:-1], share]).ravel()
        return Curve(np.concatenate([[0.0], hours]), np.concatenate([[0.0], shares]))


def _grouped(low: Floats, high: Floats, count: NDArray[np.int64]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Each pair of bounds once, in order, and how often it occurs."""
    order = np.lexsort([high, low])
    low, high = low[order], high[order]
    new = np.ones(len(low), dtype=bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    counts = np.add.reduceat(count[order], np.flatnonzero(new)) if len(low) else count
    return low[new], high[new], counts


def _innermost(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The closed intervals that begin with a `low`, end with a `high`, and hold no other bound between."""
    bounds = np.concatenate([low, high])
    is_end = np.repeat([False, True], len(low))
    order = np.lexsort([is_end, bounds])
    bounds, is_end = bounds[order], is_end[order]
    here = np.flatnonzero(~is_end[:-1] & is_end[1:])
    return bounds[here], bounds[here + 1]


def _leap(before: Floats, one: Floats, two: Floats) -> Floats:
    """A longer step in the direction of two rounds (SQUAREM), where it stays a distribution."""
    change, bend = one - before, two - 2 * one + before
    size, curve = np.linalg.norm(change, axis=1), np.linalg.norm(bend, axis=1)
    length = np.minimum(-1, -np.divide(size, curve, out=np.ones_like(size), where=curve > 0))[:, np.newaxis]
    ahead = before - 2 * length * change + length**2 * bend
    good = (ahead > 0).all(axis=1, keepdims=True) | ((ahead >= 0) & (two == 0)).all(axis=1, keepdims=True)
    ahead = np.where(good, ahead, two)
    return np.asarray(ahead / ahead.sum(axis=1, keepdims=True))
