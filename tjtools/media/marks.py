"""By what a content is found among many: its marks, made of the points and hashes of its pictures.

A point is known by 128 signs of its descriptor: patterns of its 16 cells by waves of its 8 directions, so that those of
the mirrored picture are the same ones, some turned over; so it is with the hashes. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tjtools.media.look import Frame, keys
from tjtools.media.points import Picture, picture

cv2.setNumThreads(1)  # a child a core is enough

_SIDE = 256  # pixels: what is found so is found as well as in a larger one, in half the time
_POINTS, _LEAST = 200, 40  # of a still; a clip's pictures share so many among them, and have so many each at least
_CLIPS = 800

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


def of_frames(frames: Sequence[Frame]) -> bytes:
    """The marks of a content with these frames."""
    return marks([picture(frames[number].pixels, _SIDE) for number in keys(frames)])


def marks(pictures: Sequence[Picture]) -> bytes:
    """By what a content is found: its pictures' points, the strongest first, and hashes."""
    most = _POINTS if len(pictures) == 1 else max(_LEAST, min(_POINTS, _CLIPS // max(1, len(pictures))))
    points = np.concatenate([np.empty((0, 128), np.uint8), *(one.points[:most] for one in pictures)])
    hashes = b"".join(one.hashes.tobytes() for one in pictures)
    signs = np.packbits(points.astype(np.float32) @ _SIGNS > 0, axis=1)
    return len(points).to_bytes(4, "little") + signs.tobytes() + hashes


def read(kept: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The signs, each as two words, and the hashes; raises ValueError where they are damaged."""
    end = 4 + 16 * int.from_bytes(kept[:4], "little")
    if not 4 <= end <= len(kept):
        raise ValueError("these are no marks")
    signs = np.frombuffer(kept[4:end], np.uint64).reshape(-1, 2)
    return signs, np.frombuffer(kept[end:], np.uint8).reshape(-1, 32)
