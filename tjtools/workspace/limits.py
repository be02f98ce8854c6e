"""What the site accepts, by creative type: a small, dated data file in the package, and the workspace's own over it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.model.creative import CreativeType
from tjtools.model.errors import SettingsError
from tjtools.workspace.tomlfile import read_toml

_MOST = 10**15  # of anything: larger is a slip of the hand


@dataclass(frozen=True, slots=True)
class Limit:
    """What a file of one creative type must be; an empty or None field is no limit.

    `sizes` are `WIDTHxHEIGHT` in pixels, `max_bytes` counts bytes, the times are seconds, both ends included.
    `usual_seconds` and `usual_codecs` are what is customary: another value is worth a word and no refusal.
    """

    formats: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    max_bytes: int | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    usual_seconds: float | None = None
    usual_codecs: tuple[str, ...] = ()


class Limits(NamedTuple):
    """The limits of all creative types; `checked` is the day on which somebody compared them with the site."""

    checked: date
    by_type: Mapping[CreativeType, Limit]

    def true_type(self, claimed: CreativeType, size: str) -> CreativeType:
        """The type of a file of that size: a `video` in a banner size is a `video_banner`.

        >>> load_limits().true_type(CreativeType.VIDEO, "300x250").value
        'video_banner'
        """
        banner = claimed is CreativeType.VIDEO and size in self.by_type[CreativeType.VIDEO_BANNER].sizes
        return CreativeType.VIDEO_BANNER if banner else claimed


def load_limits(own: Path | None = None) -> Limits:
    """The package's limits, the user's own file (if there is one) laid over them, key by key.

    Raises `SettingsError` where the user's file can't be used: it names the type, the key and what belongs there.

    >>> load_limits().by_type[CreativeType.NATIVE_IMAGE].max_bytes
    300000
    """
    if own is None or not own.is_file():
        return _package()
    try:
        return _laid_over(_package(), read_toml(own))
    except ValueError as error:
        remedy = "Correct it; the package's limits.toml shows every key."
        raise SettingsError(f"{own}: {error}.", remedy=remedy) from error


@cache
def _package() -> Limits:
    told = tomllib.loads(files("tjtools.workspace").joinpath("limits.toml").read_text("utf-8"))
    return _laid_over(Limits(date.min, dict.fromkeys(CreativeType, Limit())), told)


def _laid_over(limits: Limits, told: Mapping[str, Any]) -> Limits:
    """Limits with what a file tells in place of theirs; raises ValueError for what is no limit."""
    checked = told.get("checked")
    if type(checked) is not date:
        raise ValueError("checked must be the day on which the limits were compared with the site, like 2026-11-24")
    by_type = dict(limits.by_type)
    for word, values in told.items():
        if word == "checked":
            continue
        if word not in {kind.value for kind in CreativeType} or not isinstance(values, dict):
            known = ", ".join(kind.value for kind in CreativeType)
            raise ValueError(f"[{word}] is no section for a creative type; known are {known}")
        kind = CreativeType(word)
        by_type[kind] = _checked(word, replace(by_type[kind], **_values(word, values)))
    return Limits(checked, by_type)


def _values(word: str, values: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _BELONGS:
            raise ValueError(f"[{word}] {key} is no limit; known are {', '.join(_BELONGS)}")
        fits, what = _BELONGS[key]
        if not fits(value):
            raise ValueError(f"[{word}] {key} must be {what}, not {value!r}")
        found[key] = tuple(value) if isinstance(value, list) else value
    return found


def _checked(word: str, limit: Limit) -> Limit:
    least, most = limit.min_seconds, limit.max_seconds
    if least is not None and most is not None and least > most:
        raise ValueError(f"[{word}] min_seconds {least:g} is more than max_seconds {most:g}: no video would do")
    return limit


def _words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one == one.lower().strip(" .") for one in value)


def _sizes(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and re.fullmatch(r"\d+x\d+", one) for one in value)


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST


_BELONGS: dict[str, tuple[Callable[[object], bool], str]] = {
    "formats": (_words, 'a list like ["mp4"], in lower case'),
    "codecs": (_words, 'a list like ["h264"], in lower case'),
    "sizes": (_sizes, 'a list like ["640x360"]'),
    "max_bytes": (lambda value: _positive(value) and isinstance(value, int), "a number of bytes like 300_000"),
    "min_seconds": (_positive, "a number of seconds like 5"),
    "max_seconds": (_positive, "a number of seconds like 31"),
    "usual_seconds": (_positive, "a number of seconds like 4"),
    "usual_codecs": (_words, 'a list like ["h264"], in lower case'),
}
