"""The child process: answers one JSON line for each that it reads, until its standard input ends.

A still image has one picture; an animation and a video have some a second, whatever their own rate is, so that a part
of it, a re-encoding, another size or another container is seen at the same moments.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from blake3 import blake3
from PIL import Image

from tjtools.media import MediaFacts, canvas, headers, look, making, moving, stills
from tjtools.media.look import Frame
from tjtools.media.pool import STILL_CONTAINERS, text
from tjtools.media.recipe import drafts

if TYPE_CHECKING:
    from tjtools.media.timeline import Shown

MOST_MEMORY = 3 << 30  # bytes of address space; a file that needs more is no creative
_HARDLY = 1e-6  # seconds
_SMALL: dict[str, Any] = {  # how a small copy is made of a video's picture
    "interpolation": "AREA",
    "threads": 1,
    "dst_colorspace": "ITU601",
    "dst_color_range": "MPEG",
}
_SHOWN = 100  # milliseconds that a picture is shown which says 0, as browsers do
_TURNED = {3: 180, 6: 270, 8: 90}  # degrees
_FAST = 15  # frames a second from which some are passed over
_LATE = 0.1  # seconds after its moment that a frame may be shown
_MOST_DECODED = 8_000_000_000  # pixels of a video, which take some 20 s; of a longer one only key frames are decoded
_POSTER, _POSTER_AT = (320, 180), 0.3  # pixels; of a video the share of its time: its first picture is often black
_BROKEN = (av.error.FFmpegError, *stills.BROKEN)  # by what decoders tell that a file is broken

_REMEMBERED = 200_000_000  # bytes of pictures at hand, since each is compared with some others
_OF_A_PIXEL = 6  # bytes: 3 of its colours, 1 of its brightness, and less than 2 of what was decoded
_AT_HAND = dict[str, "Shown"]()  # the one that was asked for last stands last
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

Seen: TypeAlias = tuple[MediaFacts, list[Frame]]


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
    if "path" in request:
        request["path"] = Path(request["path"])
    try:
        match request.pop("what"):
            case "make":
                return _make(say=lambda done: say({"done": done}), **request)
            case what:
                return ANSWERS[what](**request)
    except OSError as error:
        return {"trouble": error.strerror or str(error)}
    except MemoryError:
        return {"trouble": "it needs more memory than any creative does"}


def _checksum(path: Path) -> dict[str, Any]:
    with path.open("rb", buffering=0) as file:
        kept = hashlib.file_digest(file, blake3)  # type: ignore[arg-type]  # its stubs name the argument otherwise
    return {"checksum": kept.hexdigest()}


def _look(path: Path) -> dict[str, Any]:
    from tjtools.media import marks  # slow to load, and for nothing else

    facts, frames = _seen(path)
    kept, found = (look.kept(frames), marks.of_frames(frames)) if frames else (b"", b"")
    return {"facts": facts._asdict(), "look": text(kept), "marks": text(found)}


def _marks(kept: str) -> dict[str, Any]:
    from tjtools.media import marks

    try:
        return {"marks": text(marks.of_frames(look.frames(base64.b64decode(kept))))}
    except ValueError as error:
        return {"trouble": str(error)}


def _kin(mine: str, theirs: str, lies: list[Any] | None, few: bool = False) -> dict[str, Any]:
    from tjtools.media import lying, timeline

    try:
        one, other, way = _remembered(mine), _remembered(theirs), lying.Lies(*lies) if lies else None
        if way and not lying.goes_along(one.frames, other.frames, way) and not timeline.stirs_so(one, other):
            return {"kin": None}
        return {"kin": timeline.kinship(one, other, way, few)}
    except ValueError as error:
        return {"trouble": str(error)}


def _remembered(kept: str) -> Shown:
    from tjtools.media.timeline import Shown

    _AT_HAND[kept] = shown = _AT_HAND.pop(kept, None) or Shown(look.frames(base64.b64decode(kept)))
    sizes = [len(one.frames) * prod(one.frames[0].shape) * _OF_A_PIXEL for one in _AT_HAND.values()]
    while len(sizes) > 2 and sum(sizes) > _REMEMBERED:  # two are being compared
        del _AT_HAND[next(iter(_AT_HAND))], sizes[0]
    return shown


def _poster(path: Path) -> dict[str, Any]:
    try:
        picture = stills.read(path)
        shape = picture.size if picture else (0, 0)
        if picture is None:
            video = moving.seen(path)
            picture, shape = moving.frame_at(video, video.lasts * _POSTER_AT), (video.width, video.height)
    except _BROKEN as error:
        return {"trouble": f"its picture can't be decoded ({error})"}
    return {"poster": text(making.small(picture, shape, _POSTER))}


def _pictures(path: Path, seconds: list[float] | int) -> dict[str, Any]:
    try:
        return {"pictures": [text(one) for one in making.pictures(path, seconds)]}
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
    "marks": _marks,
    "kin": _kin,
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
        picture.draft("RGB", (look.SIDE, look.SIDE))
        return facts, [Frame(0.0, _upright(picture, orientation, look.SIDE))]
    return facts, list(islice(_animated(picture, frames, orientation), look.MOST_FRAMES))


def _animated(picture: Image.Image, frames: int, orientation: int) -> Iterator[Frame]:
    begins, moment, step = 0.0, 0.0, 0.0
    for number in range(frames):
        picture.seek(number)
        picture.load()  # only then some tell how long it is shown
        lasts = (picture.info.get("duration") or _SHOWN) / 1000
        step, begins = step or look.step(lasts * frames), begins + lasts
        if moment < begins - _HARDLY:
            pixels = _upright(picture, orientation, look.MOVING_SIDE)
        while moment < begins - _HARDLY:
            yield Frame(moment, pixels)
            moment += step


def _upright(picture: Image.Image, orientation: int, side: int) -> np.ndarray:
    """A small copy in colour, on white where it is transparent, turned as it is shown."""
    picture.load()
    if picture.mode.startswith(("I", "F")):
        picture = stills.of_eight_bits(picture)
    clear = "transparency" in picture.info or "A" in picture.getbands()
    small = picture.convert("RGBA" if clear else "RGB")
    small.thumbnail((side, side))
    if clear:
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return np.asarray(stills.turned(small, orientation))[..., ::-1]


def _moments(container: av.container.InputContainer, stream: av.video.stream.VideoStream, facts: MediaFacts) -> Seen:
    """The pictures at the fractions, upright, and the facts with what the first frame tells: how it is turned."""
    if any(entry.pos + entry.size > facts.bytes for entry in stream.index_entries):
        raise ValueError("the file ends before its last frame: it was cut off")
    seconds, frames = facts.seconds or 0.0, list[Frame]()
    shape = headers.stretched(facts.width, facts.height, stream.sample_aspect_ratio)
    scale, orientation = min(1.0, look.MOVING_SIDE / max(shape)), 1
    size, shaper = look.even(*(round(side * scale) for side in shape)), VideoReformatter()
    _in_haste(stream, shape[0] * shape[1] * seconds)
    for second, frame in _evenly(_decodable(container, stream), seconds):
        if not frames:
            told: Any = frame.side_data  # its types are told wrongly
            orientation = headers.video_orientation(bytes(told.get("DISPLAYMATRIX") or b""))
            facts = _shown(facts, shape, orientation)._replace(pixels=canvas.pixels_of(frame))
        small = Frame(second, shaper.reformat(frame, *size, "yuv420p", **_SMALL), shaper)
        if orientation > 1:
            small = Frame(second, np.asarray(stills.turned(Image.fromarray(small.pixels), orientation)))
        frames.append(small)
    if not frames:
        raise ValueError("it has no frame")
    return facts, frames


def _in_haste(stream: av.video.stream.VideoStream, pixels: float) -> None:
    """Let the decoder leave out what nobody misses in a small copy: smooth edges, and frames that no other needs.

    `pixels` are those of one picture, times the seconds.
    """
    context, rate = stream.codec_context, float(stream.average_rate or 0)
    context.options = {**context.options, "skip_loop_filter": "all"}
    if rate >= _FAST:
        context.skip_frame = "NONREF"
    if pixels * rate > _MOST_DECODED:
        context.skip_frame = "NONKEY"


def _decodable(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> Iterator[av.VideoFrame]:
    """The frames of a stream; those that are broken are passed over where others are not, as a player does."""
    whole, broken = False, None
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                whole = True
                yield frame
        except av.error.InvalidDataError as error:
            broken = error
    if broken and not whole:
        raise broken


def _evenly(frames: Iterator[av.VideoFrame], seconds: float) -> Iterator[tuple[float, av.VideoFrame]]:
    """The frame that is shown at each moment, as far as there are frames, the last one until the end."""
    step, number, start = look.step(seconds), 0, None
    late = min(_LATE, step / 3)
    before: av.VideoFrame | None = None
    for frame in frames:
        start = (frame.time or 0.0) if start is None else start
        time = (frame.time or 0.0) - start
        while number < look.MOST_FRAMES and number * step <= time + _HARDLY:
            moment = number * step
            yield moment, frame if before is None or time - moment <= late else before
            number += 1
        if number == look.MOST_FRAMES:
            return
        before = frame
    while before is not None and number < look.MOST_FRAMES and number * step < seconds - step / 2:
        yield number * step, before
        number += 1


if __name__ == "__main__":
    main()
