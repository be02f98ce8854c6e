"""A video made out of a video: cut, turned, cropped, scaled and encoded anew, picture and sound at the same instants.

Its clock begins with the first frame that is kept; sound from before that is left out, and sound that begins later
begins as much later. The encoders are libx264, whose licence is the GPL, and FFmpeg's AAC, both out of PyAV's wheel.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from tjtools.media import headers
from tjtools.media.recipe import Box, Recipe
from tjtools.media.stills import placed

# whose types allow None where a decoder always has a number
Frame: TypeAlias = Any
Packet: TypeAlias = Any

PRESET = "medium"
COPIED = "the same picture"
MP4 = {COPIED: 0, **{f"CRF {one}": one for one in range(20, 45)}}
_FASTEST = 60  # frames a second
_HARDLY = 1e-4  # seconds
_RUN_UP = 0.25  # seconds of sound before a cut, which a decoder needs to be in tune
_TICKS = 10_000  # a second, at least
_SOUND_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
_TURNS = {
    2: ["hflip"],
    3: ["hflip", "vflip"],
    4: ["vflip"],
    5: ["transpose=cclock_flip"],
    6: ["transpose=clock"],
    7: ["transpose=clock_flip"],
    8: ["transpose=cclock"],
}
_FLAGS = "bicubic+accurate_rnd+full_chroma_int"
_SOUND_BITS = 64_000  # a second and channel
_GAP = 0.05  # seconds of sound that lack, which silence fills
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_BT709, _UNKNOWN, _BT601, _FULL, _LIMITED, _RGB = 1, 2, 6, 2, 1, 0
_HIGH = 720  # pixels from which browsers take a picture that does not say so for BT.709
_WIDE_LIGHT = {16: "smpte2084", 18: "arib-std-b67"}  # brighter than a usual screen


class Source(NamedTuple):
    """A video as far as its first frame tells."""

    path: Path
    orientation: int
    width: int  # as it is shown, as is the height
    height: int
    plain: bool  # H.264 of a usual kind, with nothing to be turned or stretched
    begins: float  # seconds, on its own clock
    lasts: float


def seen(path: Path) -> Source:
    """Look at a video's first frame; raises ValueError where there is none, and what PyAV does."""
    with headers.opened(path) as file:
        picture = headers.picture_of(file)
        if picture is None or not picture.codec_context:
            raise ValueError("it has no picture that can be decoded")
        frame = next(_decoded(file, picture), None)
        if frame is None:
            raise ValueError("it has no frame")
        told: Any = frame.side_data  # its types are told wrongly
        orientation = headers.video_orientation(bytes(told.get("DISPLAYMATRIX") or b""))
        wide, tall = headers.stretched(picture.width, picture.height, picture.sample_aspect_ratio)
        plain = picture.codec_context.name == "h264" and frame.format.name == "yuv420p" and orientation == 1
        return Source(
            path,
            orientation,
            *((tall, wide) if orientation > 4 else (wide, tall)),
            plain and (wide, tall) == (picture.width, picture.height) and not frame.interlaced_frame,
            frame.time,
            headers.lasts(file, picture, path)[0],
        )


def ladder(source: Source, recipe: Recipe) -> list[str]:
    """The qualities in which it can be made, in words, the best first; raises ValueError where it ends too early."""
    if recipe.start and recipe.start >= source.lasts:
        raise ValueError(f"it lasts {source.lasts:g} s: nothing is to be seen at {recipe.start:g} s")
    same = recipe.box == Box() and (recipe.width, recipe.height) == (source.width, source.height)
    best = source.plain and same and _whole(source, recipe)
    return [*MP4] if best else [*MP4][1:]


def _whole(source: Source, recipe: Recipe) -> bool:
    return not recipe.start and (recipe.seconds is None or recipe.seconds >= source.lasts - _HARDLY)


def write(
    source: Source, recipe: Recipe, path: Path, quality: str, *, threads: int, say: Callable[[float], None]
) -> None:
    """Write the mp4 by the words of its ladder; raises what PyAV does, and ValueError."""
    end = None if _whole(source, recipe) else recipe.seconds
    with ExitStack() as stack:
        file, other = (stack.enter_context(headers.opened(source.path)) for _ in range(2))
        options = {"movflags": "+faststart"}
        made = stack.enter_context(av.open(str(path), "w", format="mp4", options=options))
        picture, sound = headers.picture_of(file), _sound_of(other) if recipe.sound else None
        if picture is None:
            raise ValueError("it has no picture that can be decoded")
        picture.codec_context.thread_count = threads
        if quality == COPIED:
            cut, pictures = source.begins, _copied(picture, made, source.begins)
        else:
            frames = _frames(file, picture, source.begins + recipe.start if recipe.start else None)
            cut, pictures = _encoded(frames, picture, made, source, recipe, MP4[quality], threads, end)
        sounds = _sounds(other, sound, made, cut, recipe.seconds) if sound else iter(())
        length = end or source.lasts or 1.0
        for packet in heapq.merge(pictures, sounds, key=lambda one: one.dts * one.time_base):
            made.mux(packet)
            say(min(1.0, max(0.0, float(packet.dts * packet.time_base) / length)))


def frame_at(source: Source, second: float) -> Image.Image:
    """The frame that is shown then, upright, as a Pillow image whose pixels may be no squares."""
    with headers.opened(source.path) as file:
        picture = headers.picture_of(file)
        if picture is None:
            raise ValueError("it has no picture that can be decoded")
        frame = next(_frames(file, picture, source.begins + second if second else None))
        made: Image.Image = _Canvas(source, None).drawn(frame).to_image()
        return made


def _sound_of(file: InputContainer) -> AudioStream | None:
    tracks = [one for one in file.streams.audio if one.codec_context]
    return min(tracks, key=lambda one: not one.disposition & av.stream.Disposition.default, default=None)


def _decoded(file: InputContainer, track: Any) -> Iterator[Frame]:
    return (frame for frame in file.decode(track) if frame.pts is not None)


def _frames(file: InputContainer, picture: Any, moment: float | None) -> Iterator[Frame]:
    """The frames from the one on that is shown at the moment, on the file's own clock; None: all."""
    if moment is None:
        yield from _decoded(file, picture)
        return
    file.seek(int(moment / picture.time_base), stream=picture)
    frames = _decoded(file, picture)
    current = next(frames, None)
    if current is None or current.time > moment + _HARDLY:  # an index that is wrong, or none
        file.seek(0, backward=True)
        frames = _decoded(file, picture)
        current = next(frames, None)
    for coming in frames:
        if current and coming.time > moment + _HARDLY:
            yield current
        current = coming
    if current:
        yield current


def _copied(picture: VideoStream, made: OutputContainer, zero: float) -> Iterator[Packet]:
    """A track's packets as they are, on the new clock."""
    stream = made.add_stream_from_template(picture)
    return _moved(picture, stream, zero)


def _moved(track: Any, stream: Any, zero: float) -> Iterator[Packet]:
    shift = round(zero / track.time_base)
    for packet in track.container.demux(track):
        if packet.dts is None or packet.pts is None:
            continue
        packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
        yield packet


def _encoded(
    frames: Iterator[Frame],
    picture: VideoStream,
    made: OutputContainer,
    source: Source,
    recipe: Recipe,
    crf: int,
    threads: int,
    end: float | None,
) -> tuple[float, Iterator[Packet]]:
    """When the first frame is shown on the source's clock, and the packets of the new track."""
    first = next(frames)
    rate = _rate(picture)
    stream = made.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": PRESET})
    context, painter = stream.codec_context, _Canvas(source, recipe)
    stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, "yuv420p"
    context.time_base = 1 / (rate.numerator * ceil(_TICKS / rate.numerator) * Fraction(1))
    context.thread_count = threads
    context.colorspace, context.color_range = _kept(_matrix(first)), _LIMITED
    timed = _timed(first, frames, rate, end)
    return first.time, _packets(stream, painter, timed)


def _rate(picture: VideoStream) -> Fraction:
    told = picture.average_rate or picture.guessed_rate or Fraction(25)
    return min(told, Fraction(_FASTEST)).limit_denominator(1001)


def _timed(
    first: Frame, others: Iterator[Frame], rate: Fraction, end: float | None
) -> Iterator[tuple[Frame, Fraction, Fraction]]:
    """Each frame that is kept, when it is shown, and until when."""
    step = first.time_base
    current, begins, at = first, Fraction(0), Fraction(0)
    for frame in others:
        exact = (frame.pts - first.pts) * step
        at = round(exact * rate) / rate
        at = at if abs(at - exact) <= step else exact  # a clock of whole milliseconds knows no 1/30 s
        if end is not None and exact > end - _HARDLY:
            yield current, begins, Fraction(end).limit_denominator(1_000_000)
            return
        if exact - begins < Fraction(1, _FASTEST) - step - Fraction(1, 10_000):
            continue
        yield current, begins, at
        current, begins = frame, at
    last = begins + (Fraction(current.duration * step) if current.duration else 1 / rate)
    yield current, begins, last if end is None else min(last, Fraction(end).limit_denominator(1_000_000))


def _packets(
    stream: VideoStream, painter: _Canvas, timed: Iterator[tuple[Frame, Fraction, Fraction]]
) -> Iterator[Packet]:
    base = stream.codec_context.time_base
    lasting = {}
    for frame, begins, ends in timed:
        drawn = painter.drawn(frame)
        drawn.pts, drawn.time_base = round(begins / base), base
        lasting[drawn.pts] = round(ends / base) - drawn.pts
        for packet in stream.encode(drawn):
            packet.duration = lasting.pop(packet.pts)
            yield packet
    for packet in stream.encode(None):
        packet.duration = lasting.pop(packet.pts)
        yield packet


class _Canvas:
    """Draws frames by a recipe, in 4:2:0; without one as they are, in RGB. A source may change its size midway."""

    def __init__(self, source: Source, recipe: Recipe | None) -> None:
        self._source, self._recipe = source, recipe
        self._graph, self._made_for = av.filter.Graph(), (0, 0, "", 0, 0, 0)

    def drawn(self, frame: Frame) -> Frame:
        kind = frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, frame.color_trc
        if kind != self._made_for:
            self._graph, self._made_for = self._made(frame), kind
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _made(self, frame: Frame) -> av.filter.Graph:
        matrix = _matrix(frame)
        told = (
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000:pixel_aspect=1/1"
            f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
        )
        full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
        into = f"flags={_FLAGS}:in_range={'full' if full else 'limited'}"
        if matrix != _RGB:
            into += f":in_color_matrix={_MATRICES.get(matrix, 'bt709')}"
        steps = [*_TURNS.get(self._source.orientation, ()), "sidedata=mode=delete"]
        if self._recipe is None:
            steps += [f"scale={into}:out_range=full", "format=rgb24"]
        else:
            into += f":out_range=limited:out_color_matrix={_MATRICES[_kept(matrix)]}"
            steps += self._framed(frame, self._recipe, into)
        graph = av.filter.Graph()
        nodes = [graph.add("buffer", told), *(graph.add(*step.split("=", 1)) for step in steps)]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph

    def _framed(self, frame: Frame, recipe: Recipe, into: str) -> list[str]:
        """The filters that crop and scale, and put it on black."""
        wide, tall = (frame.height, frame.width) if self._source.orientation > 4 else (frame.width, frame.height)
        size = placed(recipe.box.width * self._source.width, recipe.box.height * self._source.height, recipe)
        part = _even(recipe.box.width * wide, wide), _even(recipe.box.height * tall, tall)
        at = round(recipe.box.left * wide / 2) * 2, round(recipe.box.top * tall / 2) * 2
        size = _even(size[0], recipe.width), _even(size[1], recipe.height)
        return [
            f"crop={part[0]}:{part[1]}:{min(at[0], wide - part[0])}:{min(at[1], tall - part[1])}",
            f"scale={size[0]}:{size[1]}:{into}",
            "format=yuv420p",
            f"pad={recipe.width}:{recipe.height}:(ow-iw)/2:(oh-ih)/2",
            "setsar=1",
        ]


def _even(length: float, most: int) -> int:
    """The next even length; the last pixel of an odd one goes."""
    return max(2, min(most // 2, round(length / 2)) * 2)


def _matrix(frame: Frame) -> int:
    """By which numbers brightness and colours are told; where a file does not say, what browsers take it for."""
    if frame.format.is_rgb:
        return _RGB
    told = int(frame.colorspace)
    return told if told in _MATRICES else _BT709 if min(frame.width, frame.height) >= _HIGH else _BT601


def _kept(matrix: int) -> int:
    """The matrix of a result: the source's, so that nothing is calculated twice, or the usual one."""
    return matrix if matrix in (_BT709, _BT601) else _BT709


def _sounds(file: InputContainer, sound: Any, made: OutputContainer, cut: float, end: float | None) -> Iterator[Packet]:
    """The packets of the sound from the cut on: as they are where it is AAC and whole, else encoded anew."""
    rate = min(_SOUND_RATES, key=lambda one: abs(one - sound.rate))
    layout = "mono" if sound.channels == 1 else "stereo"
    stream: Any = made.add_stream("aac", rate=rate, layout=layout)
    stream.bit_rate = _SOUND_BITS * (1 if layout == "mono" else 2)
    if cut > _RUN_UP:
        file.seek(int((cut - _RUN_UP) / sound.time_base), stream=sound)
    return _heard(_decoded(file, sound), stream, rate, layout, cut, end)


def _heard(
    frames: Iterator[Frame], stream: Any, rate: int, layout: str, cut: float, end: float | None
) -> Iterator[Packet]:
    graph = None
    for frame in frames:
        if end is not None and frame.time > cut + end:
            break
        if graph is None:
            until = "" if end is None else f":end={cut + end:.6f}"
            graph = av.filter.Graph()
            graph.link_nodes(
                graph.add_abuffer(
                    sample_rate=frame.sample_rate,
                    format=frame.format.name,
                    layout=frame.layout.name,
                    time_base=frame.time_base,
                ),
                graph.add("aresample", f"{rate}:async=1:min_hard_comp={_GAP}"),
                graph.add("aformat", f"sample_fmts=fltp:channel_layouts={layout}"),
                graph.add("atrim", f"start={cut:.6f}{until}"),
                graph.add("abuffersink"),
            ).configure()
        graph.push(frame)
        yield from _pulled(graph, stream, rate, cut)
    if graph:
        graph.push(None)
        yield from _pulled(graph, stream, rate, cut)
    yield from stream.encode(None)


def _pulled(graph: av.filter.Graph, stream: Any, rate: int, cut: float) -> Iterator[Packet]:
    while True:
        try:
            frame: Frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        base = Fraction(1, rate)
        frame.pts, frame.time_base = round(frame.pts * frame.time_base / base) - round(cut * rate), base
        yield from stream.encode(frame)
