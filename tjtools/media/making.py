"""A file made out of another by a recipe, in the best quality that its bytes allow, beside where it will stand."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from math import ceil, log
from pathlib import Path
from typing import Any

from PIL import Image

from tjtools.media import moving, stills
from tjtools.media.recipe import Box, Recipe, drafts

_WITHIN = (640, 640)  # pixels of a picture for a person's eye
_FALL = log(2) / 6  # of the logarithm of a video's bytes from one CRF to the next
Write = Callable[[Path, str], None]


def recipe_of(told: list[Any]) -> Recipe:
    """A recipe as JSON has it."""
    read = Recipe(*told)
    return read._replace(box=Box(*read.box))


def made(source: Path, target: Path, recipe: Recipe, threads: int, say: Callable[[float], None]) -> dict[str, Any]:
    """Make the best draft, and tell its quality, in words, and what the next better one weighs.

    Raises ValueError where it can't be made, and whatever a decoder or the disk does.
    """
    if target.exists() and target.samefile(source):
        raise ValueError("the result would take the place of its source")
    write, steps = _way(source, recipe, threads, say)
    quality, better = _best(write, steps, recipe.max_bytes, drafts(target))
    return {"quality": quality, "next_bytes": better}


def _way(source: Path, recipe: Recipe, threads: int, say: Callable[[float], None]) -> tuple[Write, list[str]]:
    """How it is written, and in which qualities, the best first."""
    picture = stills.read(source)
    if recipe.container == "gif":
        if picture is None:
            raise ValueError("it is a video: no gif is made of it")
        return partial(stills.write_animation, stills.animation(source, recipe)), [*stills.GIF]
    if recipe.container == "mp4":
        if picture:
            raise ValueError("it is a still picture: no video is made of it")
        video, recipe = moving.seen(source), recipe._replace(width=recipe.width & ~1, height=recipe.height & ~1)
        return partial(moving.write, video, recipe, threads=threads, say=say), moving.ladder(video, recipe)
    shape = None
    if picture is None:
        video = moving.seen(source)
        picture, shape = moving.frame_at(video, recipe.start), (video.width, video.height)
    return partial(stills.write, stills.canvas(picture, recipe, shape)), [*stills.LADDERS[recipe.container]]


def _best(write: Write, steps: list[str], most: int | None, paths: tuple[Path, Path]) -> tuple[str, int | None]:
    """Write the best that has no more bytes than `most`, as the second path, and tell it and what the next weighs."""
    draft, kept = paths
    weighed: dict[int, int] = {}
    step, fits = 0, len(steps)
    while step < fits:
        write(draft, steps[step])
        weighed[step] = draft.stat().st_size
        if most is None or weighed[step] <= most:
            draft.replace(kept)
            fits = step
        heavy = max((one for one in weighed if one < fits), default=-1)
        step = _between(heavy, fits, weighed, most or 0) if fits - heavy > 1 else fits
    if fits == len(steps):
        raise ValueError(f"even as {steps[-1]} it has {weighed[fits - 1]:,} bytes")
    return steps[fits], weighed.get(fits - 1)


def _between(heavy: int, fits: int, weighed: dict[int, int], most: int) -> int:
    """The step to try next, as if the bytes fell evenly."""
    over = log(weighed[heavy] / max(1, most))
    fall = log(weighed[heavy] / max(1, weighed[fits])) / (fits - heavy) if fits in weighed else _FALL
    return min(max(heavy + 1, heavy + ceil(over / max(fall, 1e-6))), fits - 1)


def pictures(source: Path, seconds: list[float] | int) -> list[bytes]:
    """Jpgs of the source at the seconds, or so many, evenly over its length."""
    picture = stills.read(source)
    if picture:
        return [small(picture, picture.size)]
    video = moving.seen(source)
    if isinstance(seconds, int):
        seconds = [video.lasts * number / seconds for number in range(seconds)]
    return [small(moving.frame_at(video, one), (video.width, video.height)) for one in seconds]


def small(picture: Image.Image, shape: tuple[int, int], within: tuple[int, int] = _WITHIN) -> bytes:
    """A jpg of a picture that is shown in this shape, of at most so many pixels."""
    scale = min(1.0, *(most / side for most, side in zip(within, shape, strict=True)))
    size = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    shown, kept = stills.on_white(picture.resize(size, Image.Resampling.LANCZOS)), io.BytesIO()
    shown.save(kept, "jpeg", quality=80, subsampling=0)  # words differ from what is behind them by colour alone
    return kept.getvalue()
