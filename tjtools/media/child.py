"""The child process: answers one JSON line for each that it reads, until its standard input ends.

A still image has one picture; an animation and a video have five, at fixed fractions of their duration, so that a
re-encoding, another size or another container is seen at the same moments.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import av
from blake3 import blake3
from PIL import Image, ImageStat

from tjtools.media import MediaFacts, canvas, headers, making, stills
from tjtools.media.pool import STILL_CONTAINERS
from tjtools.media.recipe import drafts

MOST_MEMORY = 3 << 30  # bytes of address space; a file that needs more is no creative
FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
HASH_SIDE = 8  # 64 bits
PLAIN = 5.0  # standard deviation of the brightness, of 255, below which a picture is too plain to tell
_TURNED = {3: 180, 6: 270, 8: 90}  # degrees
_SEEN = 160  # pixels: what is hashed is at least this wide, where the picture is
_KEPT = 128 * 72  # pixels of each picture in the strip
_POSTER = (320, 180)
_BROKEN = (av.error.FFmpegError, *stills.BROKEN)  # by what decoders tell that a file is broken

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

Seen: TypeAlias = tuple[MediaFacts, list[Image.Image]]


def main() -> None:
    """Answer requests."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a decoder prints is no answer
    _limit_memory()

    def say(told: dict[str, Any]) -> None:
        answers.write(json.dumps(told) + "\n")
        answers.flush()

    for line in sys.stdin:
        say(_answer(json.loads(line), say))


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = MOST_MEMORY if allowed == resource.RLIM_INFINITY else min(MOST_MEMORY, allowed)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(request: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    path = Path(request.pop("path"))
    try:
        match request.pop("what"):
            case "make":
                return _make(path, lambda done: say({"done": done}), **request)
            case what:
                return ANSWERS[what](path, **request)
    except OSError as error:
        return {"trouble": error.strerror or str(error)}
    except MemoryError:
        return {"trouble": "it needs more memory than any creative does"}


def _checksum(path: Path) -> dict[str, Any]:
    with path.open("rb", buffering=0) as file:
        kept = hashlib.file_digest(file, blake3)  # type: ignore[arg-type]  # its stubs name the argument otherwise
    return {"checksum": kept.hexdigest()}


def _look(path: Path) -> dict[str, Any]:
    facts, shown = _seen(path)
    return {"facts": facts._asdict(), "looks": [*map(_hash, shown)], "strip": _strip(shown) if shown else ""}


def _poster(path: Path) -> dict[str, Any]:
    shown = _seen(path)[1][:2][-1:]  # a video's first one is often black
    for picture in shown:
        picture.thumbnail(_POSTER)
    return {"poster": "".join(map(_jpg, shown))}


def _pictures(path: Path, seconds: list[float] | int) -> dict[str, Any]:
    try:
        return {"pictures": [base64.b64encode(one).decode() for one in making.pictures(path, seconds)]}
    except _BROKEN as error:
        return {"trouble": f"its picture can't be decoded ({error})"}


def _make(path: Path, say: Callable[[float], None], target: str, recipe: list[Any], threads: int) -> dict[str, Any]:
    draft = drafts(Path(target))[1]
    try:
        draft.open("wb").close()
    except OSError as error:
        return {"trouble": f"the result can't be written: {error.strerror}"}
    try:
        made = making.made(path, Path(target), making.recipe_of(recipe), threads, say)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        made |= {"facts": _seen(draft)[0]._asdict(), **_checksum(draft)}
        if trouble := made["facts"]["trouble"]:
            raise ValueError(f"the result is no good: {trouble}")
        draft.replace(target)
    except _BROKEN as error:
        told = getattr(error, "strerror", None) or str(error)
        if isinstance(error, av.error.InvalidDataError):
            told = "no image or video that can be read"
        return {"trouble": f"the result can't be written: {told}" if getattr(error, "errno", 0) in _FULL else told}
    return made


ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    "checksum": _checksum,
    "look": _look,
    "poster": _poster,
    "pictures": _pictures,
}


def _seen(path: Path) -> Seen:
    """A file's facts and its pictures, small and upright.

    What is wrong with it stands in the facts' `trouble`, with whatever else could be found out.
    """
    facts = MediaFacts(path.stat().st_size, "")
    if not facts.bytes:
        return facts._replace(trouble="the file is empty"), []
    found = _image(path, facts) or _video(path, facts)
    return found or (facts._replace(trouble="no image or video that can be read"), [])


def _image(path: Path, facts: MediaFacts) -> Seen | None:
    """The image; where a part that it does not need is damaged, the image without."""
    found = _still(path, facts)
    if (found is None or found[0].trouble) and (bare := headers.bare(path)):
        without = _still(io.BytesIO(bare), facts)
        return without if without and not without[0].trouble else found
    return found


def _still(source: Path | io.BytesIO, facts: MediaFacts) -> Seen | None:
    try:
        picture = stills.opened(source)
    except Image.DecompressionBombError as error:
        return facts._replace(trouble=str(error)), []
    except _BROKEN:
        return None
    name = (picture.format or "").lower()
    facts = facts._replace(container={"jpeg": "jpg", "mpo": "jpg", "heif": "heic"}.get(name, name))
    with picture:
        return _decoded(facts._replace(width=picture.width, height=picture.height), partial(_stills, picture))


def _video(path: Path, facts: MediaFacts) -> Seen | None:
    try:
        container = headers.opened(path)
    except (av.error.FFmpegError, OSError, ValueError):
        return None
    with container:
        name, stream = headers.container_of(container, path), headers.picture_of(container)
        if name in STILL_CONTAINERS:
            return facts._replace(container=name), []
        if stream is None:
            return (facts._replace(trouble="it has sound and no picture"), []) if container.streams.audio else None
        if not stream.codec_context:
            return facts._replace(container=name, trouble="its picture can't be decoded (unknown codec)"), []
        stream.codec_context.thread_count = 1
        seconds, shortest, longest = (round(one, 6) for one in headers.lasts(container, stream, path))
        facts = facts._replace(
            container=name,
            width=stream.width,
            height=stream.height,
            seconds=seconds,
            codec=stream.codec_context.name,
            frames=stream.frames,
            shortest=shortest if shortest < seconds else None,
            longest=longest if longest > seconds else None,
        )
        return _decoded(facts, partial(_moments, container, stream))


def _decoded(facts: MediaFacts, pictures: Callable[[MediaFacts], Seen]) -> Seen:
    if facts.width * facts.height > stills.MOST_PIXELS:
        return facts._replace(trouble=f"{facts.size} pixels are more than any creative has"), []
    try:
        return pictures(facts)
    except _BROKEN as error:
        return facts._replace(trouble=f"its picture can't be decoded ({error})"), []


def _shown(facts: MediaFacts, shape: tuple[int, int], orientation: int) -> MediaFacts:
    """The facts with the size of a picture of that shape as it is shown, turned."""
    width, height = shape[::-1] if orientation > 4 else shape
    stored = "" if (width, height) == (facts.width, facts.height) else facts.size
    return facts._replace(width=width, height=height, turned=_TURNED.get(orientation, 0), stored=stored)


def _stills(picture: Image.Image, facts: MediaFacts) -> Seen:
    """The image, or an animation at its moments, and the facts with how it is turned when it is shown."""
    orientation = headers.photo_orientation(picture.info.get("exif") or b"")
    frames = (
        1 if picture.format in ("MPO", "HEIF") else getattr(picture, "n_frames", 1)
    )  # a phone's photo is no animation
    facts = _shown(facts, picture.size, orientation)._replace(frames=frames)
    if frames == 1:
        picture.draft("RGB", (_SEEN * 4, _SEEN * 4))
        return facts, [_upright(picture, orientation)]
    shown = []
    for fraction in FRACTIONS:
        picture.seek(int(frames * fraction))
        shown.append(_upright(picture, orientation))
    return facts, shown


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    """A small copy in colour, on white where it is transparent, turned as it is shown."""
    picture.load()
    if picture.mode.startswith(("I", "F")):
        picture = stills.of_eight_bits(picture)
    clear = "transparency" in picture.info or "A" in picture.getbands()
    factor = max(1, min(picture.width // (2 * _SEEN), picture.height // 64))
    small = picture.convert("RGBA" if clear else "RGB").reduce(factor)
    if clear:
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return stills.turned(small, orientation)


def _moments(container: av.container.InputContainer, stream: av.video.stream.VideoStream, facts: MediaFacts) -> Seen:
    """The pictures at the fractions, upright, and the facts with what the first frame tells: how it is turned."""
    if any(entry.pos + entry.size > facts.bytes for entry in stream.index_entries):
        raise ValueError("the file ends before its last frame: it was cut off")
    shown: list[Image.Image] = []
    shape = headers.stretched(facts.width, facts.height, stream.sample_aspect_ratio)
    wide = min(shape[0], 2 * _SEEN)
    tall, orientation = max(2, round(shape[1] * wide / shape[0])), 1
    for frame in _frames(container, stream, facts.seconds or 0.0):
        if not shown:
            told: Any = frame.side_data  # its types are told wrongly
            orientation = headers.video_orientation(bytes(told.get("DISPLAYMATRIX") or b""))
            facts = _shown(facts, shape, orientation)._replace(pixels=canvas.pixels_of(frame))
        small = frame.reformat(width=wide, height=tall, format="rgb24", interpolation="AREA").to_ndarray()
        shown.append(stills.turned(Image.fromarray(small), orientation))
    return facts, shown


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
        raise ValueError("it has no frame")
    for fraction in FRACTIONS:
        moment = start + seconds * fraction
        key = max((one for one in keys if one <= moment), default=start)
        if coming is not None and key > (coming.time or 0.0) + 0.5:
            container.seek(int(key / base), stream=stream)
            frames = container.decode(stream)
            current, coming = None, next(frames, None)
        while coming is not None and (current is None or (coming.time or 0.0) <= moment + 1e-6):
            current, coming = coming, next(frames, None)
        if current is None:
            raise ValueError(f"it has no frame at {moment:.1f} s")
        yield current


def _hash(picture: Image.Image) -> str:
    """The DCT hash of 64 bits; none of next to no contrast, of which noise is left, which matches anything."""
    import imagehash  # slow to load, and for nothing else

    grey = picture.convert("L")
    return "" if ImageStat.Stat(grey).stddev[0] < PLAIN else str(imagehash.phash(grey, HASH_SIDE))


def _strip(shown: Sequence[Image.Image]) -> str:
    """Small copies below each other, each with at most so many pixels that a strip stays within some kilobytes."""
    wide, tall = shown[0].size
    scale = min(1.0, (_KEPT / (wide * tall)) ** 0.5)
    wide, tall = max(1, round(wide * scale)), max(1, round(tall * scale))
    strip = Image.new("RGB", (wide, tall * len(shown)))
    for number, picture in enumerate(shown):
        strip.paste(picture.resize((wide, tall), Image.Resampling.LANCZOS), (0, number * tall))
    return _jpg(strip)


def _jpg(picture: Image.Image) -> str:
    """A jpg as base64."""
    kept = io.BytesIO()
    picture.save(kept, "jpeg", quality=75, subsampling=0)  # words differ from what is behind them by colour alone
    return base64.b64encode(kept.getvalue()).decode()


if __name__ == "__main__":
    main()
