"""Which creatives look the same, whatever was done to one: an index proposes, their pictures confirm or reject.

What was looked at before there were looks, and is gone since, is known by its hashes alone, and compared by them.
Loading this room takes a while: who compares, imports it then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from blake3 import blake3
from PIL import Image

from tjtools.media import aligned, alike, changes, index, look, lying, points, timeline, words
from tjtools.media import laid as laying
from tjtools.media.content import Fingerprints
from tjtools.media.index import Index
from tjtools.media.look import Frame, kept
from tjtools.media.lying import Lies
from tjtools.media.pool import FRACTIONS, Children, Fingerprint
from tjtools.media.timeline import Kinship, kinship_of, told
from tjtools.model.creative import Medium
from tjtools.workspace.derived import KINSHIPS, Derived

_REFUSALS, _MOST = 20, 30  # candidates that are rejected one after another, and confirmed, before nobody looks further
_JUDGES = (aligned, alike, changes, index, laying, look, lying, points, timeline, words)  # of two contents
_AT_HAND = 256  # looks, since one is compared with some others
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
        whole = np.vstack([kin.likeness.matrix, [0, 0, 1]])
        onto = np.diag([wide, tall, 1]) @ whole @ np.diag([1 / their_wide, 1 / their_tall, 1])
        over = np.asarray(cv2.warpAffine(other.pixels, laying.of_middles(onto), (wide, tall)))
        found.append(Moment(kept([one]), kept([Frame(0.0, over)]), one.second, other.second))
    return found


class Copies:
    """The looks of many creatives, ready to be compared by the children of a room.

    `compared` counts the pairs whose pictures were, now; `failed` says in words which could not be.
    """

    def __init__(self, fingerprints: Sequence[Fingerprint], store: Fingerprints, room: Children) -> None:
        self.fingerprints, self.compared, self.failed = fingerprints, 0, deque[str]()
        self._store, self._cache, self._room = store, Derived(store.workspace), room
        self._before = [place for place, one in enumerate(fingerprints) if not one.looked and any(one.looks)]
        self._places = dict[str, list[int]]()
        for place, one in enumerate(fingerprints):
            self._places.setdefault(one.checksum, []).append(place)
        self._marks = store.marks((one.checksum for one in fingerprints if one.looked), room)
        self._index = Index(self._marks)
        self._found = self._cache.load(KINSHIPS, _judged)
        self._look = lru_cache(_AT_HAND)(store.look)

    def of(self, place: int, wanted: Callable[[int], bool]) -> Iterator[Copy]:
        """What looks like the one at this place, of those that are wanted: the likeliest first."""
        mine = self.fingerprints[place]
        if mine.checksum in self._marks:
            yield from self._confirmed(mine, wanted)
        if self._before:
            yield from (one for one in self._by_hashes(mine) if wanted(one.place))

    def _confirmed(self, mine: Fingerprint, wanted: Callable[[int], bool]) -> Iterator[Copy]:
        refused = found = 0
        moves = _moves(mine)

        @cache
        def places(checksum: str) -> list[int]:
            if checksum == mine.checksum or _moves(self.fingerprints[self._places[checksum][0]]) != moves:
                return []
            return [place for place in self._places[checksum] if wanted(place)]

        news = dict[str, Any]()
        try:
            for checksum, lies in self._index.like(self._marks[mine.checksum], lambda one: bool(places(one))):
                kin = self._kinship(mine.checksum, checksum, lies, news)
                refused, found = (0, found + 1) if kin else (refused + 1, found)
                if kin:
                    yield from (Copy(place, kin.likeness.closeness, kin) for place in places(checksum))
                if refused >= _REFUSALS or found == _MOST:
                    return
        finally:
            if news:
                self._cache.keep(KINSHIPS, news)  # once for all of them: each time takes a while

    def _kinship(self, mine: str, theirs: str, lies: Lies | None, news: dict[str, Any]) -> Kinship | None:
        """How both are one, which is found out once; what is to be kept of it is put to the news."""
        both = f"{mine} {theirs}"
        if both not in self._found:
            few = lies.few if lies else index.few(self._marks[mine], self._marks[theirs])
            answer = self._room.kin(self._look(mine) or b"", self._look(theirs) or b"", lies, few=few)
            if trouble := answer.get("trouble"):
                self.failed.append(f"Two contents could not be compared: {trouble} (blake3 {mine[:12]}, {theirs[:12]})")
                return None
            self.compared += 1
            self._found[both] = kinship_of(answer["kin"])
            news[both] = {"judges": _version(), "kin": answer["kin"]}
        return self._found[both]

    def _by_hashes(self, mine: Fingerprint) -> Iterator[Copy]:
        own = hashes(self._store.frames(mine), mine.facts.seconds or 0.0) if mine.looked else mine.looks
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


@cache
def _version() -> str:
    """Of all that decides whether two are one: what another has decided is found out again."""
    return blake3(b"".join(Path(one.__file__ or "").read_bytes() for one in _JUDGES)).hexdigest()[:16]


def _judged(kept: Any) -> Kinship | None:
    if kept["judges"] != _version():
        raise ValueError("another version's")
    return kinship_of(kept["kin"])


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
