"""Which creatives look the same, whatever was done to one: an index proposes, their pictures confirm or reject.

What was looked at before there were looks, and is gone since, is known by its hashes alone, and compared by them.
Loading this room takes a while: who compares, imports it then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from tjtools.media.alike import Likeness
from tjtools.media.content import Fingerprints
from tjtools.media.index import Index
from tjtools.media.look import Frame, kept
from tjtools.media.points import picture
from tjtools.media.pool import FRACTIONS, Fingerprint
from tjtools.media.recipe import Box
from tjtools.media.timeline import Kinship, Shown, kinship, told
from tjtools.model.creative import Medium
from tjtools.workspace.derived import KINSHIPS, Derived

_REFUSALS, _MOST = 3, 30  # candidates that are rejected one after another, and confirmed, before nobody looks further
_REMEMBERED = 32  # creatives whose pictures are at hand
_SHOWN = 9  # moments of two clips that are laid on one another

_SIDE, _PLAIN = 32, 5.0  # as hashes were made: pixels, and deviation of the brightness, of 255, of a plain picture
_WAVES = np.cos(np.outer(np.arange(8), 2 * np.arange(_SIDE) + 1) * np.pi / (2 * _SIDE))
_MOST_BITS = 7.0  # of 64, on average over the pictures
_FEWEST_PICTURES = 3  # of five that both have and that are not plain
_SHAPE, _SECONDS, _SHARE = 1.1, 0.5, 0.1  # shapes may differ by this factor, durations by so much, or so much of one


class Copy(NamedTuple):
    """The place of another that looks the same, how close it is (0 to 1), and how; None: nobody knows any more."""

    place: int
    closeness: float
    kinship: Kinship | None

    @property
    def other_words(self) -> bool:
        """Whether all that differs are the words."""
        return self.kinship is not None and self.kinship.likeness.other_words

    def told(self, name: str) -> str:
        """What was done to the other one, which bears this name, in words; `""` where nothing was, or nobody knows."""
        return told(self.kinship, name) if self.kinship else ""


class Moment(NamedTuple):
    """Two creatives at one moment, as jpgs: a picture of mine, that of theirs laid on it, and the second of each."""

    mine: bytes
    theirs: bytes
    at: float
    their_at: float


def laid(kin: Kinship, mine: Sequence[Frame], theirs: Sequence[Frame]) -> list[Moment]:
    """Theirs as it lies on mine, mirrored back and cut as mine is, at some moments that both have."""
    found = []
    for second in np.linspace(*kin.mine, _SHOWN if len(mine) > 1 else 1):
        then = kin.theirs[0] + (second - kin.mine[0]) * kin.speed
        one, other = (
            min(each, key=lambda frame: abs(frame.second - at)) for each, at in ((mine, second), (theirs, then))
        )
        (tall, wide), (their_tall, their_wide) = one.pixels.shape[:2], other.pixels.shape[:2]
        onto = np.diag([wide, tall]) @ kin.likeness.matrix @ np.diag([1 / their_wide, 1 / their_tall, 1])
        over = np.asarray(cv2.warpAffine(other.pixels, onto, (wide, tall)))
        found.append(Moment(kept([one]), kept([Frame(0.0, over)]), one.second, other.second))
    return found


class Copies:
    """The looks of many creatives, ready to be compared; `compared` counts the pairs whose pictures were, now."""

    def __init__(self, fingerprints: Sequence[Fingerprint], store: Fingerprints) -> None:
        self.fingerprints, self.compared = fingerprints, 0
        self._store, self._cache = store, Derived(store.workspace)
        self._shown = lru_cache(_REMEMBERED)(self._show)
        self._before = [place for place, one in enumerate(fingerprints) if not one.looked and any(one.looks)]
        self._places = dict[str, list[int]]()
        for place, one in enumerate(fingerprints):
            self._places.setdefault(one.checksum, []).append(place)

    def of(self, place: int, wanted: Callable[[int], bool]) -> Iterator[Copy]:
        """What looks like the one at this place, of those that are wanted: the likeliest first."""
        mine = self.fingerprints[place]
        if mine.checksum in self._marks:
            yield from self._confirmed(mine, wanted)
        if self._before:
            yield from (one for one in self._by_hashes(mine) if wanted(one.place))

    @cached_property
    def _marks(self) -> dict[str, bytes]:
        return self._store.marks(one.checksum for one in self.fingerprints if one.looked)

    @cached_property
    def _index(self) -> Index:
        return Index(self._marks)

    def _confirmed(self, mine: Fingerprint, wanted: Callable[[int], bool]) -> Iterator[Copy]:
        refused = found = 0
        for checksum in self._index.like(self._marks[mine.checksum]):
            places = [place for place in self._places[checksum] if wanted(place)]
            theirs = self.fingerprints[self._places[checksum][0]]
            if checksum == mine.checksum or not places or _moves(mine) != _moves(theirs):
                continue
            kin = self._kinship(mine, theirs)
            refused, found = (0, found + 1) if kin else (refused + 1, found)
            if kin:
                yield from (Copy(place, kin.likeness.closeness, kin) for place in places)
            if refused == _REFUSALS or found == _MOST:
                return

    def _kinship(self, mine: Fingerprint, theirs: Fingerprint) -> Kinship | None:
        """How both are one, which is found out once."""
        both = f"{mine.checksum} {theirs.checksum}"
        if both not in self._found:
            shown = self._shown(mine), self._shown(theirs)
            self.compared += 1
            self._found[both] = kinship(*shown) if all(one.frames for one in shown) else None
            self._cache.keep(KINSHIPS, {both: _plain(self._found[both])})
        return self._found[both]

    @cached_property
    def _found(self) -> dict[str, Kinship | None]:
        return self._cache.load(KINSHIPS, _kinship_of)

    def _show(self, one: Fingerprint) -> Shown:
        frames = self._store.frames(one)
        return Shown(frames, lru_cache(None)(lambda number: picture(frames[number].pixels)))

    def _by_hashes(self, mine: Fingerprint) -> Iterator[Copy]:
        own = hashes(self._shown(mine).frames, mine.facts.seconds or 0.0) if mine.looked else mine.looks
        asked, clear = _numbers(own)
        for place in self._before:
            theirs = self.fingerprints[place]
            if theirs.checksum == mine.checksum or len(theirs.looks) != len(own) or not _one_shape(mine, theirs):
                continue
            others, theirs_clear = _numbers(theirs.looks)
            both = clear & theirs_clear
            if both.sum() >= min(_FEWEST_PICTURES, len(own)):
                bits = float(np.bitwise_count(asked ^ others)[both].mean())
                if bits <= _MOST_BITS:
                    yield Copy(place, 1 - bits / 64, None)


def _plain(kin: Kinship | None) -> Any:
    """What is kept in the cache of how two are one."""
    if kin is None:
        return None
    like = kin.likeness
    return kin._replace(likeness=like._replace(matrix=like.matrix.tolist()))


def _kinship_of(kept: Any) -> Kinship | None:
    if kept is None:
        return None
    (closeness, mirrored, matrix, shown, changed, words), mine, theirs, speed, lasting = kept
    like = Likeness(closeness, mirrored, np.array(matrix), Box(*shown), tuple(Box(*one) for one in changed), words)
    return Kinship(like, tuple(mine), tuple(theirs), speed, tuple(lasting))


def _moves(one: Fingerprint) -> bool:
    return one.facts.medium is Medium.MOVING or one.facts.frames > 1


def _one_shape(one: Fingerprint, other: Fingerprint) -> bool:
    mine, theirs = one.facts, other.facts
    shape, others = mine.width * theirs.height, mine.height * theirs.width
    seconds = mine.seconds or 0.0, theirs.seconds or 0.0
    lasting = max(seconds) - min(seconds) <= _SECONDS + _SHARE * max(seconds)
    return lasting and mine.medium is theirs.medium and 0 < max(shape, others) <= _SHAPE * min(shape, others)


def _numbers(looks: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([int(one or "0", 16) for one in looks], np.uint64), np.array([one != "" for one in looks], bool)


def hashes(frames: Sequence[Frame], seconds: float) -> tuple[str, ...]:
    """What was kept before there were looks: a DCT hash of a still, or of five moments; `""` of a plain picture."""
    moments = [seconds * one for one in FRACTIONS] if len(frames) > 1 else [0.0]
    shown = [max((one for one in frames if one.second <= moment), key=lambda one: one.second) for moment in moments]
    return tuple(_hash(one) for one in shown) if frames else ()


def _hash(frame: Frame) -> str:
    grey = Image.fromarray(frame.pixels[..., ::-1]).convert("L")
    if np.asarray(grey).std() < _PLAIN:
        return ""
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    told = _WAVES @ small @ _WAVES.T
    return np.packbits(told > np.median(told)).tobytes().hex()
