"""What is to be made of a media file, told in what a person sees of it: upright, with square pixels."""

from __future__ import annotations

from typing import NamedTuple


class Box(NamedTuple):
    """A part of the upright picture, as fractions of its width and height."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0


class Recipe(NamedTuple):
    """What is to be made of a source.

    `container` is `mp4`, `png`, `jpg` or `gif`; `width` and `height` are the result's, in pixels. `box` is the part of
    the picture that is kept; where its shape is another than the result's, it is shown whole between black bars. Of a
    video the `seconds` from `start` on are kept, None: to its end; a still of a video is its frame at `start`. Without
    `sound` a video has none. `max_bytes`: the highest quality whose result has no more.
    """

    container: str
    width: int
    height: int
    box: Box = Box()
    start: float = 0.0
    seconds: float | None = None
    sound: bool = True
    max_bytes: int | None = None
