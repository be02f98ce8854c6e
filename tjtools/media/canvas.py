"""A video's frames as a screen shows them: upright, with square pixels, in usual colours, and framed by a recipe."""

from __future__ import annotations

from typing import Any, TypeAlias

import av

from tjtools.media.recipe import Recipe
from tjtools.media.stills import placed

Frame: TypeAlias = Any  # PyAV's type allows None where a decoder always has a number

LIMITED, FULL = 1, 2  # how much of a byte brightness takes
BT709, BT601 = 1, 6  # by which numbers brightness and colours are told: as FFmpeg counts them
_RGB, _MATRICES = 0, {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_HIGH = 720  # pixels from which browsers take a video that does not say so for BT.709
_GLARING = {16: "smpte2084", 18: "arib-std-b67"}  # light beyond what a usual screen has
_GAUDY = {9: "bt2020", 11: "smpte431", 12: "smpte432"}  # and colours
_FLAGS = "bicubic+accurate_rnd+full_chroma_int"
_TURNS = {
    2: ["hflip"],
    3: ["hflip", "vflip"],
    4: ["vflip"],
    5: ["transpose=cclock_flip"],
    6: ["transpose=clock"],
    7: ["transpose=clock_flip"],
    8: ["transpose=cclock"],
}


class Canvas:
    """Draws a source's frames, one by one; without a recipe as they are, in RGB.

    `orientation` is as EXIF tells it, `shape` the size at which the whole is shown.
    """

    def __init__(self, orientation: int, shape: tuple[int, int], recipe: Recipe | None = None) -> None:
        self._orientation, self._shape, self._recipe = orientation, shape, recipe
        self._graph, self._made_for = av.filter.Graph(), (0, 0, "", 0, 0, 0)

    def drawn(self, frame: Frame) -> Frame:
        """The frame as it shall be; a source may change its size midway."""
        kind = frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, frame.color_trc
        if kind != self._made_for:
            self._graph, self._made_for = self._made(frame), kind
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _made(self, frame: Frame) -> av.filter.Graph:
        told = (
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000:pixel_aspect=1/1"
            f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
        )
        steps = [*_TURNS.get(self._orientation, ()), "sidedata=mode=delete"]
        if self._recipe is None:
            steps += [f"scale={_read(frame)}{_tamed(frame, always=True)}:out_range=full", "format=rgb24"]
        else:
            steps += self._framed(frame, self._recipe)
        graph = av.filter.Graph()
        nodes = [graph.add("buffer", told), *(graph.add(*step.split("=", 1)) for step in steps)]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph

    def _framed(self, frame: Frame, recipe: Recipe) -> list[str]:
        """The filters that crop and scale, and put it on black."""
        wide, tall = (frame.height, frame.width) if self._orientation > 4 else (frame.width, frame.height)
        part = _even(recipe.box.width * wide, wide), _even(recipe.box.height * tall, tall)
        at = round(recipe.box.left * wide / 2) * 2, round(recipe.box.top * tall / 2) * 2
        size = placed(recipe.box.width * self._shape[0], recipe.box.height * self._shape[1], recipe)
        size = _even(size[0], recipe.width), _even(size[1], recipe.height)
        colours = f"{_read(frame)}{_tamed(frame)}:out_range=limited:out_color_matrix={_MATRICES[kept_matrix(frame)]}"
        return [
            f"crop={part[0]}:{part[1]}:{min(at[0], wide - part[0])}:{min(at[1], tall - part[1])}",
            f"scale={size[0]}:{size[1]}:{colours}",
            "format=yuv420p",
            f"pad={recipe.width}:{recipe.height}:(ow-iw)/2:(oh-ih)/2",
        ]


def _even(length: float, most: int) -> int:
    """The next even length; the last pixel of an odd one goes."""
    return max(2, min(most // 2, round(length / 2)) * 2)


def _read(frame: Frame) -> str:
    """How the scaler is to read a frame's colours."""
    full = frame.color_range == FULL or frame.format.name.startswith("yuvj")
    matrix = "" if frame.format.is_rgb else f":in_color_matrix={_MATRICES[_matrix(frame)]}"
    return f"flags={_FLAGS}:in_range={'full' if full else 'limited'}{matrix}"


def _matrix(frame: Frame) -> int:
    """The frame's own; where it does not say, what browsers take it for."""
    told = int(frame.colorspace)
    return told if told in _MATRICES else BT709 if min(frame.width, frame.height) >= _HIGH else BT601


def kept_matrix(frame: Frame) -> int:
    """The matrix of a result: the source's, so that nothing is calculated twice, or the usual one."""
    return BT601 if not frame.format.is_rgb and _MATRICES[_matrix(frame)] == "bt601" else BT709


def kept_light(frame: Frame) -> tuple[int, int]:
    """The result's primaries and transfer: the source's, or usual ones where it has more light than a screen."""
    return (BT709, BT709) if frame.color_trc in _GLARING else (frame.color_primaries, frame.color_trc)


def pixels_of(frame: Frame) -> str:
    """How a frame's pixels are stored, and whether they have more light than a usual screen."""
    return f"{frame.format.name}{' HDR' if frame.color_trc in _GLARING else ''}"


def _tamed(frame: Frame, *, always: bool = False) -> str:
    """How more light than a usual screen has is brought down; the colours of a file that can't tell them `always`."""
    light, colours = _GLARING.get(frame.color_trc), _GAUDY.get(frame.color_primaries)
    if not light and not (colours and always):
        return ""
    return (
        f":in_transfer={light or 'bt709'}:in_primaries={colours or 'bt709'}:out_transfer=bt709:out_primaries=bt709"
        ":intent=perceptual"
    )
