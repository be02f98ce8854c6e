"""By what a content is found among many: its marks, made of the points and hashes of its pictures.

A point is known by 128 signs of its descriptor: patterns of its 16 cells by waves of its 8 directions, so that those of
the mirrored picture are the same ones, some turned over; so it is with the hashes. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from tjtools.media.look import Frame, keys
from tjtools.media.points import Picture, picture, still

cv2.setNumThreads(1)  # a child a core is enough

_SIDE, _MOVING_SIDE = 256, 192  # pixels: what is found so is found as well as in a larger one, in half the time
_POINTS, _LEAST = 200, 40  # of a still; a clip's pictures share so many among them, and have so many each at least
_CLIPS, _FEWEST = 800, 4  # points of a clip; pictures of one that is short
_COARSE_POINTS = 50  # of a still's: it may be a small part of a template, which has only these
_HEAD = 6  # bytes: how many pictures, and their width and height

_SQUARE = np.array([[1, 1], [1, -1]])
_CELLS = np.kron(np.kron(_SQUARE, _SQUARE), np.kron(_SQUARE, _SQUARE))
_TURNS = np.outer((0, 1, 1, 2, 2, 3, 3, 4), np.arange(8) * np.pi / 4)
_ODD = np.array([0, 0, 1, 0, 1, 0, 1, 0], bool)  # waves that a mirror turns over
_WAVES = np.where(_ODD[:, None], np.sin(_TURNS), np.cos(_TURNS))
# cell pattern and wave of the signs by which a point is looked up: those that an edit changes least
_SURE = "21 02 11 b2 82 22 e1 04 c2 d1 83 20 84 23 42 24"
_FIRST = [8 * int(one[0], 16) + int(one[1]) for one in _SURE.split()]
_ORDER = [*_FIRST, *sorted({*range(128)} - {*_FIRST})]
_SIGNS = np.kron(_CELLS, _WAVES)[_ORDER].T.astype(np.float32)
_TURNED = np.array([(number & 12).bit_count() % 2 for number in range(16)], bool)  # patterns that it turns over
MIRROR = np.packbits(np.logical_xor.outer(_TURNED, _ODD).ravel()[_ORDER]).view(np.uint64)
MIRROR_HASH = np.packbits(np.tile([1, 0], 128))


class Marks(NamedTuple):
    """By what a content is found; rows of `signs` and `spots` are its points, the strongest of a picture first; of a
    smooth still those of a larger picture follow.

    `shape` is the width and height of its pictures, `counts` how many points each of them has, `frames` the number of
    its frame. `signs` are two words each, `spots` four bytes: x and y in 256ths of width and height, the size in
    sixteenths of a power of two, the direction in 256ths of a turn.
    """

    shape: np.ndarray
    counts: np.ndarray
    frames: np.ndarray
    signs: np.ndarray
    spots: np.ndarray
    hashes: np.ndarray


def of_frames(frames: Sequence[Frame]) -> bytes:
    """The marks of a content with these frames."""
    if len(frames) == 1:
        return marks([still(frames[0].pixels, _SIDE, _POINTS, _COARSE_POINTS)])
    shown = keys(frames, _FEWEST)
    return marks([picture(frames[number].pixels, _MOVING_SIDE, _most(len(shown))) for number in shown], shown)


def marks(pictures: Sequence[Picture], frames: Sequence[int] | None = None) -> bytes:
    """By what a content is found: its pictures' points, and their hashes; each is of the frame of that number."""
    most, count = _most(len(pictures)), len(pictures)
    counts = [min(most, len(one.points)) for one in pictures]
    points = np.concatenate([one.points[:most] for one in pictures])
    signs = np.packbits(points.astype(np.float32) @ _SIGNS > 0, axis=1)
    head = np.array([count, *pictures[0].pixels.shape[1::-1]], np.uint16)
    told = head.tobytes() + bytes(counts) + bytes(range(count) if frames is None else frames)
    parts = [signs, *(_spots(one)[:most] for one in pictures), *(one.hashes for one in pictures)]
    return told + b"".join(one.tobytes() for one in parts)


def _most(pictures: int) -> int:
    return _POINTS if pictures == 1 else max(_LEAST, min(_POINTS, _CLIPS // pictures))


def _spots(one: Picture) -> np.ndarray:
    places = one.places * 256 / one.pixels.shape[1::-1]
    turns = np.column_stack([16 * np.log2(one.turns[:, 0]), one.turns[:, 1] * 256 / 360 % 256])
    return np.column_stack([places, turns]).clip(0, 255).astype(np.uint8)


def read(kept: bytes) -> Marks:
    """What they tell; raises ValueError where they are damaged."""
    count, *shape = np.frombuffer(kept[:_HEAD], np.uint16)
    counts, frames = np.frombuffer(kept[_HEAD : _HEAD + 2 * int(count)], np.uint8).reshape(2, -1)
    signs = _HEAD + 2 * int(count)
    spots, end = (signs + each * int(counts.sum()) for each in (16, 20))
    if not len(counts) or end > len(kept):
        raise ValueError("these are no marks")
    words = np.frombuffer(kept[signs:spots], np.uint64).reshape(-1, 2)
    places = np.frombuffer(kept[spots:end], np.uint8).reshape(-1, 4)
    hashes = np.frombuffer(kept[end:], np.uint8).reshape(-1, 32)
    return Marks(np.array(shape), counts, frames, words, places, hashes)
