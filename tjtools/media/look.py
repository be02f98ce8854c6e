"""A look: what is kept of a creative's pictures, so that it is known again when its file is gone.

Of a still it is a jpg, of what moves an mp4 of a few frames a second, small: some 4 kB a second.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image

SIDE, MOVING_SIDE = 400, 320  # pixels of the longer side of a still, and of a frame
RATE = 4  # frames a second
FEWEST_FRAMES, MOST_FRAMES = 32, 120  # what is short has more of them a second, what is long fewer
_FASTEST = 25
_TICKS = Fraction(1, 1000)
_QUALITY = {"preset": "veryfast", "crf": "33.5", "bf": "0", "threads": "1", "x264-params": "subme=0:me=dia:weightp=0"}
_HARDLY = 1e-3  # seconds
_COARSE, _SAME_SCENE = 10, 0.95  # pixels; correlation
_LARGEST = 2 * SIDE  # of what another may have put there


class Frame(NamedTuple):
    """What is to be seen from a second on; `pixels` are BGR, 8 bits each."""

    second: float
    pixels: np.ndarray


def step(seconds: float) -> float:
    """How many seconds lie between two frames of what lasts so long."""
    return max(min(1 / RATE, seconds / FEWEST_FRAMES), seconds / MOST_FRAMES, 1 / _FASTEST)


def kept(frames: Sequence[Frame]) -> bytes:
    """The look with these frames, which have one size."""
    if len(frames) == 1:
        made = io.BytesIO()
        Image.fromarray(frames[0].pixels[..., ::-1]).save(made, "jpeg", quality=80, subsampling=0)
        return made.getvalue()
    return _moving(frames)


def _moving(frames: Sequence[Frame]) -> bytes:
    import cv2  # slow to load, and for nothing else

    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as file:
        apart = max(1, round((frames[1].second - frames[0].second) / _TICKS))
        stream = file.add_stream("libx264", rate=Fraction(_TICKS.denominator, apart), options=_QUALITY)
        tall, wide = frames[0].pixels.shape[:2]
        size = stream.width, stream.height = max(2, wide & ~1), max(2, tall & ~1)
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", _TICKS
        for one in frames:
            even = one.pixels if size == (wide, tall) else cv2.resize(one.pixels, size)
            planes = np.asarray(cv2.cvtColor(even, cv2.COLOR_BGR2YUV_I420), np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = round(one.second / _TICKS), _TICKS
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return made.getvalue()


def frames(look: bytes) -> list[Frame]:
    """The frames of a look; raises ValueError where it is damaged."""
    try:
        if look.startswith(b"\xff\xd8"):
            with Image.open(io.BytesIO(look), formats=("JPEG",)) as picture:
                return [Frame(0.0, _checked(np.asarray(picture.convert("RGB"))[..., ::-1]))]
        if found := list(islice(_shown(look), MOST_FRAMES + 1)):
            return found
        raise ValueError("the look is damaged: it has no frame")
    except (OSError, SyntaxError, av.error.FFmpegError, Image.DecompressionBombError) as error:
        raise ValueError(f"the look is damaged: {error}") from error


def _shown(look: bytes) -> Iterator[Frame]:
    with av.open(io.BytesIO(look), "r", format="mp4") as file:
        stream = next(iter(file.streams.video), None)
        if not stream or not stream.codec_context or stream.codec_context.name != "h264":
            raise ValueError("the look is damaged: it has no picture")
        stream.codec_context.thread_count = 1  # more take longer on so little
        shaper = VideoReformatter()  # one for all: each takes a while to be made
        for frame in file.decode(stream):
            yield Frame(frame.time or 0.0, _checked(shaper.reformat(frame, format="bgr24", threads=1).to_ndarray()))


def _checked(pixels: np.ndarray) -> np.ndarray:
    if max(pixels.shape) > _LARGEST:
        raise ValueError("the look is damaged: it is larger than any")
    return pixels


def keys(frames: Sequence[Frame], fewest: int = 0) -> list[int]:
    """The numbers of those by which it is found: one every other second, and where the picture changes; of what is
    short so many, or more where it changes, for what moves fast is elsewhere after its start is cut."""
    lasting = len(frames) * frames[-1].second / max(1, len(frames) - 1)
    found, every = [0], min(2.0, lasting / fewest) if fewest else 2.0
    for number, one in enumerate(frames[1:], 1):
        since = one.second - frames[found[-1]].second + _HARDLY
        if since >= every or (since >= every / 2 and _differs(one, frames[found[-1]])):
            found.append(number)
    return found


def _differs(one: Frame, other: Frame) -> bool:
    small, before = (each.pixels[::_COARSE, ::_COARSE].astype(np.float32).ravel() for each in (one, other))
    small, before = small - small.mean(), before - before.mean()
    return bool(small @ before <= _SAME_SCENE * np.sqrt((small @ small) * (before @ before)))
