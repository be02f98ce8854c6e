"""Open a media file, take pictures out of it and hash them; only ever called in a child process.

A still image has one picture; an animation and a video have five, at fixed fractions of their duration, so that a
re-encoding, another size or another container is seen at the same moments. Each is hashed with imagehash's DCT hash of
64 bits. A picture with next to no contrast has no hash: what is left of it is noise, which matches anything.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageStat

from tjtools.media.facts import MediaFacts

FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
HASH_SIDE = 8  # 64 bits
PLAIN = 5.0  # standard deviation of the brightness, of 255, below which a picture is too plain to tell
MOST_PIXELS = 64_000_000  # of one picture; what is larger is no creative, and may be meant to exhaust the memory
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SEEN = 160  # pixels: what is hashed is at least this wide, where the picture is
_KEPT = 128 * 72  # pixels of each picture in the strip
_IMAGES = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
# nothing that names other files or addresses, as playlists do
_VIDEOS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf"
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _VIDEOS}


class Unreadable(Exception):
    """The file can't be read as a whole; the message says why."""


def look(path: Path) -> tuple[MediaFacts, tuple[str, ...], str]:
    """The facts of a file, its looks, and a strip of its pictures as base64 of a jpg (`""` without one).

    What is wrong with a file stands in its facts' `trouble`, with whatever else could be found out.
    """
    length = path.stat().st_size
    if not length:
        return MediaFacts(0, "", trouble="the file is empty"), (), ""
    found = _image(path, length) or _video(path, length)
    return found or (MediaFacts(length, "", trouble="no image or video that can be read"), (), "")


def _image(path: Path, length: int) -> tuple[MediaFacts, tuple[str, ...], str] | None:
    try:
        picture = Image.open(path, formats=_IMAGES)
    except Image.DecompressionBombError as error:
        return MediaFacts(length, "", trouble=str(error)), (), ""
    except (OSError, ValueError, SyntaxError):
        return None
    with picture:
        facts = MediaFacts(length, _container_of(picture), *picture.size)
        if picture.width * picture.height > MOST_PIXELS:
            return facts._replace(trouble=f"{facts.size} pixels are more than any creative has"), (), ""
        try:
            facts = _upright_facts(picture, facts)
            shown = [_upright(picture) for _ in _moments_of(picture)]
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            return facts._replace(trouble=f"its picture can't be decoded ({error})"), (), ""
        return facts, tuple(map(_hash, shown)), _strip(shown)


def _container_of(picture: Image.Image) -> str:
    name = (picture.format or "").lower()
    return {"jpeg": "jpg", "mpo": "jpg"}.get(name, name)


def _upright_facts(picture: Image.Image, facts: MediaFacts) -> MediaFacts:
    """The facts with how the picture is turned when it is shown, and how many there are."""
    orientation = picture.getexif().get(_ORIENTATION, 1)
    width, height = picture.size[::-1] if orientation > 4 else picture.size
    turned = {3: 180, 6: 270, 8: 90}.get(orientation, 0)
    return facts._replace(width=width, height=height, turned=turned, frames=_frames_of(picture))


def _frames_of(picture: Image.Image) -> int:
    """An animation's pictures; what else is in a phone's jpg is no animation."""
    return 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)


def _moments_of(picture: Image.Image) -> Iterator[int]:
    """Move an animation to each of its moments; a still image has one."""
    frames = _frames_of(picture)
    if frames == 1:
        picture.draft("RGB", (_SEEN * 4, _SEEN * 4))
        yield 0
        return
    for fraction in FRACTIONS:
        picture.seek(int(frames * fraction))
        yield picture.tell()


def _upright(picture: Image.Image) -> Image.Image:
    """A small copy in colour, on white where it is transparent, turned as it is shown."""
    orientation = picture.getexif().get(_ORIENTATION, 1)
    picture.load()
    clear = "transparency" in picture.info or "A" in picture.getbands()
    small = picture.convert("RGBA" if clear else "RGB").reduce(_factor(picture.size))
    if clear:
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return small.transpose(_TURNS[orientation]) if orientation in _TURNS else small


def _factor(size: tuple[int, int]) -> int:
    return max(1, min(size[0] // (2 * _SEEN), size[1] // 64))


def _hash(picture: Image.Image) -> str:
    import imagehash

    grey = picture.convert("L")
    if ImageStat.Stat(grey).stddev[0] < PLAIN:
        return ""
    return str(imagehash.phash(grey, HASH_SIDE))


def _strip(shown: Sequence[Image.Image]) -> str:
    """Small copies below each other, as base64 of a jpg."""
    wide, tall = _small(shown[0].size)
    strip = Image.new("RGB", (wide, tall * len(shown)))
    for number, picture in enumerate(shown):
        strip.paste(picture.convert("RGB").resize((wide, tall), Image.Resampling.LANCZOS), (0, number * tall))
    kept = io.BytesIO()
    strip.save(kept, "jpeg", quality=75, subsampling=0)  # words differ from what is behind them by colour alone
    return base64.b64encode(kept.getvalue()).decode()


def _small(size: tuple[int, int]) -> tuple[int, int]:
    """The same shape, with at most so many pixels that a strip stays within some kilobytes."""
    scale = min(1.0, (_KEPT / (size[0] * size[1])) ** 0.5)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _video(path: Path, length: int) -> tuple[MediaFacts, tuple[str, ...], str] | None:
    try:
        container = av.open(str(path), options=_OPTIONS, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError):
        return None
    with container:
        if not container.streams.video:
            return MediaFacts(length, "", trouble="it has sound and no picture"), (), ""
        stream = container.streams.video[0]
        facts = _facts_of_video(container, stream, length)
        if facts.width * facts.height > MOST_PIXELS:
            return facts._replace(trouble=f"{facts.size} pixels are more than any creative has"), (), ""
        stream.codec_context.thread_count = 1
        try:
            shown, facts = _pictures(container, stream, facts)
        except (Unreadable, av.error.FFmpegError, OSError, ValueError, MemoryError) as error:
            return facts._replace(trouble=f"its picture can't be decoded ({error})"), (), ""
        return facts, tuple(map(_hash, shown)), _strip(shown)


def _facts_of_video(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, length: int
) -> MediaFacts:
    seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    if not seconds and container.duration:
        seconds = container.duration / av.time_base
    names = container.format.name.split(",")
    quicktime = container.metadata.get("major_brand", "").strip() == "qt"  # one demuxer reads both
    kind = ("mov" if quicktime else "mp4") if "mp4" in names else names[0]
    return MediaFacts(
        length, kind, stream.width, stream.height, round(seconds, 3), stream.codec_context.name, frames=stream.frames
    )


def _pictures(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, facts: MediaFacts
) -> tuple[list[Image.Image], MediaFacts]:
    """The pictures at the fractions, upright, and the facts with what the first frame tells: how it is turned."""
    if any(entry.pos + entry.size > facts.bytes for entry in stream.index_entries):
        raise Unreadable("the file ends before its last frame: it was cut off")
    shown = []
    for frame in _frames(container, stream, facts.seconds or 0.0):
        turned = round(frame.rotation) % 360
        if turned and not facts.turned:
            width, height = (facts.height, facts.width) if turned % 180 else (facts.width, facts.height)
            facts = facts._replace(turned=turned, width=width, height=height)
        shown.append(_picture(frame, turned))
    return shown, facts


def _frames(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, seconds: float
) -> Iterator[av.VideoFrame]:
    """The frame that is shown at each fraction of the duration; only what is needed for them is decoded."""
    base = stream.time_base or Fraction(1, av.time_base)
    start = float((stream.start_time or 0) * base)
    keys = [float(entry.timestamp * base) for entry in stream.index_entries if entry.is_keyframe]
    frames = container.decode(stream)
    current, coming = None, next(frames, None)
    if coming is None:
        raise Unreadable("it has no frame")
    for fraction in FRACTIONS:
        moment = start + seconds * fraction
        key = max((one for one in keys if one <= moment), default=start)
        if coming is not None and key > _time(coming) + 0.5:
            container.seek(int(key / base), stream=stream)
            frames = container.decode(stream)
            current, coming = None, next(frames, None)
        while coming is not None and (current is None or _time(coming) <= moment + 1e-6):
            current, coming = coming, next(frames, None)
        if current is None:
            raise Unreadable(f"it has no frame at {moment:.1f} s")
        yield current


def _time(frame: av.VideoFrame) -> float:
    return float(frame.time or 0.0)


def _picture(frame: av.VideoFrame, turned: int) -> Image.Image:
    width = min(frame.width, 2 * _SEEN)
    height = max(2, round(frame.height * width / frame.width))
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA").to_ndarray()
    return Image.fromarray(np.rot90(small, turned // 90).copy() if turned else small)
