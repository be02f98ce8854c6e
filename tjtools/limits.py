"""What the site accepts, by creative type: a small, dated data file in the package."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tjtools.models import CreativeType


@dataclass(frozen=True, slots=True)
class Limit:
    """What a file of one creative type must be; an empty or None field is no limit.

    `sizes` are `WIDTHxHEIGHT` in pixels, `max_bytes` counts bytes, the times are seconds, both ends included.
    """

    formats: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    max_bytes: int | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None


@cache
def limits() -> dict[CreativeType, Limit]:
    """The limit of every creative type.

    >>> limits()[CreativeType.NATIVE_IMAGE].max_bytes
    300000
    """
    told = tomllib.loads(files("tjtools").joinpath("limits.toml").read_text("utf-8"))
    return {kind: _limit(told[kind.value]) for kind in CreativeType}


def true_type(claimed: CreativeType, size: str) -> CreativeType:
    """The type of a file of that size: a `video` in a banner size is a `video_banner`.

    >>> true_type(CreativeType.VIDEO, "300x250").value
    'video_banner'
    """
    banner = claimed is CreativeType.VIDEO and size in limits()[CreativeType.VIDEO_BANNER].sizes
    return CreativeType.VIDEO_BANNER if banner else claimed


def _limit(told: dict[str, object]) -> Limit:
    return Limit(**{key: tuple(value) if isinstance(value, list) else value for key, value in told.items()})  # type: ignore[arg-type]
