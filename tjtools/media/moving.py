"""A video made out of a video: cut, framed and encoded anew, with picture and sound at the same instants.

Its clock begins with the first frame that is kept; sound from before that is left out, and sound that begins later
begins as much later. The encoders are libx264, whose licence is the GPL, and FFmpeg's AAC, both out of PyAV's wheel.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.frame import PictureType
from PIL import Image

from tjtools.media import headers
from tjtools.media.canvas import LIMITED, Canvas, Frame, kept_light, kept_matrix, pixels_of
from tjtools.media.recipe import Box, Recipe

Packet: TypeAlias = Any  # PyAV's types allow None where a demuxer and a decoder always have a number
Track: TypeAlias = Any

PRESET = "medium"
COPIED = "the same picture, not encoded again"
MP4 = {COPIED: 0, **{f"CRF {one}": one for one in range(20, 45)}}
_FASTEST = 60  # frames a second
_HARDLY = 1e-4  # seconds
_RUN_UP = 0.25  # seconds of sound before a cut, which a decoder needs to be in tune
_TICKS = 10_000  # a second, at least
_SOUND_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
_SOUND_BITS = 64_000  # a second and channel
_GAP = 0.05  # seconds of sound that lack, which silence fills


class Source(NamedTuple):
    """A video as far as its first frame tells; seconds are on its own clock."""

    path: Path
    orientation: int
    width: int  # as it is shown, as is the height
    height: int
    plain: bool  # it could be copied: H.264 of the usual kind, nothing turned, stretched, or hidden before its begin
    begins: float
    lasts: float


def seen(path: Path) -> Source:
    """Look at a video's first frame; raises ValueError where there is none, and what PyAV does."""
    with headers.opened(path) as file:
        picture = _picture_of(file)
        packets = file.demux(picture)
        first = next(packets)
        frames = chain(first.decode(), (frame for packet in packets for frame in packet.decode()))
        frame = next((frame for frame in frames if frame.pts is not None), None)
        if frame is None:
            raise ValueError("it has no frame")
        told: Any = frame.side_data  # its types are told wrongly
        orientation = headers.video_orientation(bytes(told.get("DISPLAYMATRIX") or b""))
        shape = headers.stretched(picture.width, picture.height, picture.sample_aspect_ratio)
        usual = (picture.codec_context.name, pixels_of(frame), orientation) == ("h264", "yuv420p", 1)
        plain = usual and shape == (picture.width, picture.height) and (picture.average_rate or 0) <= _FASTEST
        return Source(
            path,
            orientation,
            *(shape[::-1] if orientation > 4 else shape),
            plain and first.is_keyframe and first.pts == frame.pts,
            frame.time,
            headers.lasts(file, picture, path)[0],
        )


def ladder(source: Source, recipe: Recipe) -> list[str]:
    """The qualities in which it can be made, in words, the best first; raises ValueError where it ends too early."""
    if recipe.start and recipe.start >= source.lasts:
        raise ValueError(f"it lasts {source.lasts:g} s: nothing is to be seen at {recipe.start:g} s")
    same = recipe.box == Box() and (recipe.width, recipe.height) == (source.width, source.height)
    if source.plain and same and _whole(source, recipe) and _nothing_hidden(source.path):
        return [*MP4]
    return [one for one in MP4 if one != COPIED]


def _whole(source: Source, recipe: Recipe) -> bool:
    return not recipe.start and (recipe.seconds is None or recipe.seconds >= source.lasts - _HARDLY)


def _nothing_hidden(path: Path) -> bool:
    """Whether all that is in the track is shown: an editor may only have told where it begins and ends."""
    with headers.opened(path) as file:
        return not any(packet.is_discard or packet.is_corrupt for packet in file.demux(_picture_of(file)))


def write(
    source: Source, recipe: Recipe, path: Path, quality: str, *, threads: int, say: Callable[[float], None]
) -> None:
    """Write the mp4 by the words of its ladder; raises what PyAV does, and ValueError."""
    whole = _whole(source, recipe)
    end = None if whole else recipe.seconds
    with ExitStack() as stack:
        file, other = (stack.enter_context(headers.opened(source.path)) for _ in range(2))
        options = {"movflags": "+faststart"}
        made = stack.enter_context(av.open(str(path), "w", format="mp4", options=options))
        picture, sound = _picture_of(file), _sound_of(other) if recipe.sound else None
        if quality == COPIED:
            cut, pictures = source.begins, _copied(picture, made, source.begins)
        else:
            frames = _frames(file, picture, source.begins + recipe.start if recipe.start else None, threads)
            first = next(frames)
            cut, stream = first.time, _h264(made, recipe, first, _rate(picture), MP4[quality], threads)
            canvas = Canvas(source.orientation, (source.width, source.height), recipe)
            pictures = _encoded(stream, canvas, _timed(first, frames, _rate(picture), end))
        sounds = (
            _sounds(other, sound, made, cut, recipe.seconds, whole and recipe.seconds is None) if sound else iter(())
        )
        length = end or source.lasts or 1.0
        for packet in heapq.merge(pictures, sounds, key=lambda one: one.dts * one.time_base):
            made.mux(packet)
            say(min(1.0, max(0.0, float(packet.dts * packet.time_base) / length)))


def frame_at(source: Source, second: float) -> Image.Image:
    """The frame that is shown then, upright; its pixels may be no squares."""
    with headers.opened(source.path) as file:
        frame = next(_frames(file, _picture_of(file), source.begins + second if second else None, 1))
        made: Image.Image = Canvas(source.orientation, (source.width, source.height)).drawn(frame).to_image()
        return made


def _picture_of(file: InputContainer) -> Track:
    picture = headers.picture_of(file)
    if picture is None or not picture.codec_context:
        raise ValueError("it has no picture that can be decoded")
    picture.codec_context.thread_count = 1
    return picture


def _sound_of(file: InputContainer) -> Track:
    tracks = [one for one in file.streams.audio if one.codec_context]
    return min(tracks, key=lambda one: not one.disposition & Disposition.default, default=None)


def _decoded(file: InputContainer, track: Track) -> Iterator[Frame]:
    return (frame for frame in file.decode(track) if frame.pts is not None)


def _frames(file: InputContainer, picture: Track, moment: float | None, threads: int) -> Iterator[Frame]:
    """The frames from the one on that is shown at the moment, on the file's own clock; None: all."""
    if threads > 1:
        picture.codec_context.thread_count, picture.thread_type = threads, "AUTO"
    if moment is None:
        yield from _decoded(file, picture)
        return
    file.seek(int(moment / picture.time_base), stream=picture)
    frames = _decoded(file, picture)
    current = next(frames, None)
    if current is None or current.time > moment + _HARDLY:  # an index that is wrong, or none
        file.seek(0)
        frames = _decoded(file, picture)
        current = next(frames, None)
    for coming in frames:
        if current and coming.time > moment + _HARDLY:
            yield current
        current = coming
    if current:
        yield current


def _copied(track: Track, made: OutputContainer, zero: float) -> Iterator[Packet]:
    """A track's packets as they are, on the new clock."""
    stream = made.add_stream_from_template(track)
    return _moved(track, stream, round(zero / track.time_base))


def _moved(track: Track, stream: Track, shift: int) -> Iterator[Packet]:
    for packet in track.container.demux(track):
        if packet.dts is not None and packet.pts is not None:
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
            yield packet


def _h264(made: OutputContainer, recipe: Recipe, first: Frame, rate: Fraction, crf: int, threads: int) -> Track:
    stream: Track = made.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": PRESET})
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = recipe.width, recipe.height, "yuv420p"
    context.time_base = Fraction(1, rate.numerator * ceil(_TICKS / rate.numerator))
    context.thread_count, context.thread_type = threads, "FRAME"  # slices of a frame would weigh more
    context.colorspace, context.color_range = kept_matrix(first), LIMITED
    context.color_primaries, context.color_trc = kept_light(first)
    return stream


def _rate(picture: Track) -> Fraction:
    told = picture.average_rate or picture.guessed_rate or Fraction(25)
    return min(told, Fraction(_FASTEST)).limit_denominator(1001)


def _timed(
    first: Frame, others: Iterator[Frame], rate: Fraction, seconds: float | None
) -> Iterator[tuple[Frame, Fraction, Fraction]]:
    """Each frame that is kept, when it is shown, and until when."""
    step, end = first.time_base, Fraction(seconds or 0).limit_denominator(1_000_000)
    frame, begins, latest = first, Fraction(0), (Fraction(0), first.duration)
    for coming in others:
        exact = (coming.pts - first.pts) * step
        if end and exact > end - Fraction(_HARDLY):
            break
        latest = exact, coming.duration
        if exact - begins < Fraction(1, _FASTEST) - step - Fraction(_HARDLY):
            continue
        even = round(exact * rate) / rate  # a clock of whole milliseconds knows no 1/30 s
        at = even if abs(even - exact) <= step else exact
        yield frame, begins, at
        frame, begins = coming, at
    last = latest[0] + ((latest[1] or 0) * step or 1 / rate)
    yield frame, begins, min(last, end) if end else last


def _encoded(stream: Track, canvas: Canvas, timed: Iterator[tuple[Frame, Fraction, Fraction]]) -> Iterator[Packet]:
    base, lasting = stream.codec_context.time_base, dict[int, int]()
    for frame, begins, ends in timed:
        drawn = canvas.drawn(frame)
        drawn.pts, drawn.time_base = round(begins / base), base
        drawn.pict_type = PictureType.NONE  # else x264 would take over which frames the source had predicted
        lasting[drawn.pts] = round(ends / base) - drawn.pts
        yield from _lasting(stream.encode(drawn), lasting)
    yield from _lasting(stream.encode(None), lasting)


def _lasting(packets: list[Packet], lasting: dict[int, int]) -> Iterator[Packet]:
    for packet in packets:
        packet.duration = lasting.pop(packet.pts)
        yield packet


def _sounds(
    file: InputContainer, sound: Track, made: OutputContainer, cut: float, end: float | None, whole: bool
) -> Iterator[Packet]:
    """The packets of the sound from the cut on: as they are where it is AAC and whole, else encoded anew."""
    usual = sound.codec_context.name == "aac" and sound.channels <= 2 and "mp4" in file.format.name
    if usual and whole:
        return _copied(sound, made, cut)
    rate = min(_SOUND_RATES, key=lambda one: abs(one - sound.rate))
    layout = "mono" if sound.channels == 1 else "stereo"
    stream: Track = made.add_stream("aac", rate=rate, layout=layout)
    stream.bit_rate = _SOUND_BITS * (1 if layout == "mono" else 2)
    if cut > _RUN_UP:
        file.seek(int((cut - _RUN_UP) / sound.time_base), stream=sound)
    return _heard(_decoded(file, sound), stream, rate, layout, cut, end)


def _heard(
    frames: Iterator[Frame], stream: Track, rate: int, layout: str, cut: float, end: float | None
) -> Iterator[Packet]:
    """The packets of the new track; silence where the old one has none."""
    graph = None
    for frame in frames:
        if end is not None and frame.time > cut + end:
            break
        if graph is None:
            graph = _sound_graph(frame, rate, layout, cut, end)
        graph.push(frame)
        yield from _pulled(graph, stream, rate, cut)
    if graph:
        graph.push(None)
        yield from _pulled(graph, stream, rate, cut)
        yield from stream.encode(None)


def _sound_graph(frame: Frame, rate: int, layout: str, cut: float, end: float | None) -> av.filter.Graph:
    graph = av.filter.Graph()
    told = (
        f"sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}:channel_layout={frame.layout.name}"
        f":time_base={frame.time_base}"
    )
    graph.link_nodes(
        graph.add("abuffer", told),
        graph.add("aresample", f"{rate}:async=1:min_hard_comp={_GAP}"),
        graph.add("aformat", f"sample_fmts=fltp:channel_layouts={layout}"),
        graph.add("atrim", f"start={cut:.6f}" + ("" if end is None else f":end={cut + end:.6f}")),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _pulled(graph: av.filter.Graph, stream: Track, rate: int, cut: float) -> Iterator[Packet]:
    base = Fraction(1, rate)
    while True:
        try:
            frame: Frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        frame.pts, frame.time_base = round(frame.pts * frame.time_base / base) - round(cut * rate), base
        yield from stream.encode(frame)
