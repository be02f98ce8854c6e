"""What an uploaded file really is, and whether its section takes it: judged by content, never by name."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from tjtools.sandbox.words import Refusal, Section

MP4 = frozenset({"mp4"})
STILLS = frozenset({"gif", "png", "jpg"})
NATIVE = frozenset({(640, 360)})
STATIC_SIZES = frozenset({(300, 250), (300, 100)})
VIDEO_SIZES = frozenset({(300, 250), (320, 480), (950, 250), (300, 100), (970, 90), (468, 60)})
IMAGE_FORMATS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tiff"}
POSTER_SIZE = (640, 480)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a section takes; None: no limit."""

    kinds: frozenset[str]
    sizes: frozenset[tuple[int, int]] | None = None
    max_bytes: int | None = None
    seconds: tuple[float, float] | None = None


LIMITS = {
    Section.STATIC: Limits(STILLS, STATIC_SIZES),
    Section.VIDEO: Limits(MP4, VIDEO_SIZES),
    Section.IN_STREAM: Limits(MP4, seconds=(5, 31)),
    Section.NATIVE_STATIC: Limits(frozenset({"png", "jpg"}), NATIVE, max_bytes=300_000),
    Section.NATIVE_ROLLOVER: Limits(MP4, NATIVE),
}


@dataclass(frozen=True, slots=True)
class Media:
    """A file that its section takes."""

    kind: str
    width: int
    height: int
    poster: bytes | None  # a video's first frame, as jpg


def examine(path: Path, section: Section) -> Media:
    """Read the file and hold it against its section's limits; a `Refusal` says what doesn't fit."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise Refusal("The file is empty.")
    if head[4:8] == b"ftyp":
        return _video(path, "mov" if head[8:12] == b"qt  " else "mp4", section)
    return _image(path, section)


def _image(path: Path, section: Section) -> Media:
    limits = LIMITS[section]
    try:
        with Image.open(path, formats=tuple(IMAGE_FORMATS)) as picture:
            kind = IMAGE_FORMATS.get(picture.format or "", "jpg")  # Pillow calls a camera's jpg MPO
            _check_kind(kind, section)
            _check_size(picture.size, section)
            size = path.stat().st_size
            if limits.max_bytes and size > limits.max_bytes:
                raise Refusal(f"The image has {size:,} bytes; {section.value} takes at most {limits.max_bytes:,}.")
            picture.load()
            return Media(kind, *picture.size, None)
    # Pillow tells of broken files in many ways
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(f"The file can't be read; {section.value} takes {_listed(limits.kinds)}.") from error


def _video(path: Path, kind: str, section: Section) -> Media:
    _check_kind(kind, section)
    try:
        # the format is given: a text file must never be read as a playlist
        with av.open(str(path), format="mp4", metadata_errors="ignore") as container:
            if not container.streams.video:
                raise Refusal("The file has no picture: it holds only sound.")
            stream = container.streams.video[0]
            size = (stream.width, stream.height)
            _check_size(size, section)
            _check_length((container.duration or 0) / av.time_base, section)
            frame = next(container.decode(stream))
            if any(packet.is_corrupt for packet in container.demux(stream)):
                raise Refusal("The video breaks off: the file isn't whole.")
            return Media(kind, *size, _poster(frame.to_image()))  # type: ignore[no-untyped-call]
    except (av.FFmpegError, StopIteration) as error:
        raise Refusal("The video can't be read.") from error


def _poster(picture: Image.Image) -> bytes:
    picture.thumbnail(POSTER_SIZE)
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=85)
    return jpeg.getvalue()


def _check_kind(kind: str, section: Section) -> None:
    if kind not in (kinds := LIMITS[section].kinds):
        what = {"mp4": "an mp4 video", "mov": "a mov video"}.get(kind, f"a {kind} image")
        raise Refusal(f"The file is {what}; {section.value} takes {_listed(kinds)}.")


def _check_size(size: tuple[int, int], section: Section) -> None:
    sizes = LIMITS[section].sizes
    if sizes is not None and size not in sizes:
        taken = _listed(f"{width}x{height}" for width, height in sorted(sizes))
        raise Refusal(f"The size is {size[0]}x{size[1]}; {section.value} takes {taken}.")


def _check_length(seconds: float, section: Section) -> None:
    if (limit := LIMITS[section].seconds) is None:
        return
    least, most = limit
    if not least <= seconds <= most:
        shown = f"{seconds:.1f}" if abs(seconds - round(seconds, 1)) < 0.005 else f"{seconds:.3f}"
        raise Refusal(f"The video is {shown} s long; {section.value} takes {least} to {most} s.")


def _listed(words: Iterable[str]) -> str:
    """`gif, jpg or png`."""
    *others, last = sorted(words)
    return f"{', '.join(others)} or {last}" if others else last
