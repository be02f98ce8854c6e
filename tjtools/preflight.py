"""What a file really is, and whether the site would refuse it: read from the file, not from what the inventory says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tjtools.limits import limits
from tjtools.models import CreativeType


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a file says of itself.

    `container` is `mp4`, `png`, `jpg`, `gif`, or whatever else it is; `""` where it can't be read. `seconds` is None
    for a still image.
    """

    bytes: int
    container: str
    width: int = 0
    height: int = 0
    seconds: float | None = None

    @property
    def size(self) -> str:
        """`WIDTHxHEIGHT` in pixels."""
        return f"{self.width}x{self.height}" if self.width else ""


def probe(path: Path) -> MediaFacts | None:
    """Read a file's container, dimensions and duration from its head; None where there is no such file."""
    try:
        if not path.is_file():
            return None
        length = path.stat().st_size
    except OSError:  # a name or a folder that the system does not let us look at
        return None
    return _probe_image(path, length) or _probe_video(path, length) or MediaFacts(length, "")


def problems(facts: MediaFacts, creative_type: CreativeType) -> tuple[str, ...]:
    """Why the site would refuse such a file in this type's section: limit, value and remedy; empty if it would not.

    >>> problems(MediaFacts(310_000, "png", 640, 360), CreativeType.NATIVE_IMAGE)
    ('310,000 bytes; a native_image has at most 300,000: compress it further',)
    """
    limit, kind = limits()[creative_type], creative_type.value
    if not facts.container:
        return (f"no image or video that can be read; a {kind} is {_either(limit.formats)}: export it again",)
    found = []
    if limit.formats and facts.container not in limit.formats:
        found.append(f"the content is {facts.container}; a {kind} is {_either(limit.formats)}: convert it")
    if limit.sizes and facts.size not in limit.sizes:
        found.append(f"{facts.size} pixels; a {kind} has {_either(limit.sizes)}: scale or crop it")
    if limit.max_bytes and facts.bytes > limit.max_bytes:
        found.append(f"{facts.bytes:,} bytes; a {kind} has at most {limit.max_bytes:,}: compress it further")
    return (*found, *_duration_problems(facts, creative_type))


def _duration_problems(facts: MediaFacts, creative_type: CreativeType) -> tuple[str, ...]:
    limit, kind = limits()[creative_type], creative_type.value
    if facts.seconds is None:
        return ()
    if limit.min_seconds is not None and facts.seconds < limit.min_seconds:
        return (f"{facts.seconds:.1f} s long; a {kind} lasts at least {limit.min_seconds:g} s: make it longer",)
    if limit.max_seconds is not None and facts.seconds > limit.max_seconds:
        return (f"{facts.seconds:.1f} s long; a {kind} lasts at most {limit.max_seconds:g} s: cut it",)
    return ()


def _probe_image(path: Path, length: int) -> MediaFacts | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            container = "jpg" if picture.format == "JPEG" else (picture.format or "").lower()
            return MediaFacts(length, container, picture.width, picture.height)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None


def _probe_video(path: Path, length: int) -> MediaFacts | None:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            seconds = container.duration / av.time_base if container.duration else 0.0
            names = container.format.name.split(",")
            kind = "mp4" if "mp4" in names else names[0]
            return MediaFacts(length, kind, stream.width, stream.height, seconds)
    except (av.error.FFmpegError, OSError, ValueError):
        return None


def _either(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
