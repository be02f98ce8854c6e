"""A look: what is kept of a creative's pictures, so that it is known again when its file is gone.

Of a still it is a jpg, of what moves an mp4 of a few frames a second, small: some 4 kB a second.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import islice

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from PIL import Image

SIDE, MOVING_SIDE = 400, 320  # pixels of the longer side of a still, and of a frame
RATE = 4  # frames a second
FEWEST_FRAMES, MOST_FRAMES = 32, 120  # what is short has more of them a second, what is long fewer
_FASTEST = 25
_TICKS = Fraction(1, 1000)
_QUALITY = {
    "preset": "veryfast",
    "crf": "33.5",
    "bf": "0",
    "threads": "1",
    "x264-params": "subme=0:me=dia:weightp=0",
    "a53cc": "0",  # no subtitles of the file's
}
_HARDLY = 1e-3  # seconds
_COARSE, _SAME_SCENE = 10, 0.95  # pixels; correlation
_LARGEST = 2 * SIDE  # of what another may have put there


@dataclass(frozen=True, eq=False)
class Frame:
    """What is to be seen from a second on: pixels, or a decoder's picture, of which most are not asked for theirs."""

    second: float
    shown: np.ndarray | av.VideoFrame
    shaper: VideoReformatter | None = None  # one for all of a clip: each takes a while to be made
    _greys: list[np.ndarray] = field(default_factory=list, init=False, repr=False)

    @cached_property
    def pixels(self) -> np.ndarray:
        """BGR, 8 bits each."""
        if isinstance(self.shown, np.ndarray):
            return self.shown
        return (self.shaper or VideoReformatter()).reformat(self.shown, format="bgr24", threads=1).to_ndarray()

    def grey(self, halved: int = 0) -> np.ndarray:
        """The brightness, 8 bits each, of the picture halved so many times, which is made once."""
        import cv2  # slow to load, and for nothing else

        if not self._greys:
            self._greys.append(np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY)))
        while len(self._greys) <= halved:
            tall, wide = (of := self._greys[-1]).shape
            self._greys.append(np.asarray(cv2.resize(of, (wide // 2, tall // 2), interpolation=cv2.INTER_AREA)))
        return self._greys[halved]

    @property
    def shape(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if isinstance(self.shown, np.ndarray):
            return self.shown.shape[1], self.shown.shape[0]
        return self.shown.width, self.shown.height


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
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as file:
        apart = max(1, round((frames[1].second - frames[0].second) / _TICKS))
        stream = file.add_stream("libx264", rate=Fraction(_TICKS.denominator, apart), options=_QUALITY)
        stream.width, stream.height = size = even(*frames[0].shape)
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", _TICKS
        for one in frames:
            frame = one.shown if isinstance(one.shown, av.VideoFrame) else _picture(one.shown, size)
            frame.pts, frame.time_base = round(one.second / _TICKS), _TICKS
            frame.pict_type = PictureType.NONE  # else x264 would take over which frames the source had predicted
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return made.getvalue()


def _picture(pixels: np.ndarray, size: tuple[int, int]) -> av.VideoFrame:
    import cv2  # slow to load, and for nothing else

    fitting = pixels if size == pixels.shape[1::-1] else cv2.resize(pixels, size)
    planes = np.asarray(cv2.cvtColor(fitting, cv2.COLOR_BGR2YUV_I420), np.uint8)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def even(width: int, height: int) -> tuple[int, int]:
    """The size of what is kept of a picture that moves: an encoder takes nothing odd."""
    return max(2, width & ~1), max(2, height & ~1)


def frames(look: bytes) -> list[Frame]:
    """The frames of a look; raises ValueError where it is damaged."""
    try:
        if look.startswith(b"\xff\xd8"):
            with Image.open(io.BytesIO(look), formats=("JPEG",)) as picture:
                return [_checked(Frame(0.0, np.asarray(picture.convert("RGB"))[..., ::-1]))]
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
        shaper = VideoReformatter()
        for frame in file.decode(stream):
            yield _checked(Frame(frame.time or 0.0, frame, shaper))


def _checked(frame: Frame) -> Frame:
    if max(frame.shape) > _LARGEST:
        raise ValueError("the look is damaged: it is larger than any")
    return frame


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
