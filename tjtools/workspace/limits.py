"""What the site accepts: the package's small, dated limits.toml, and the workspace's own `limits.toml` over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from tjtools.model.creative import CreativeType
from tjtools.model.errors import SettingsError
from tjtools.workspace.folder import read_toml


class Table(BaseModel):
    """A table of a toml file that a person writes: every key is known, and no value is shown where it is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Words = tuple[Annotated[str, StringConstraints(pattern=r"^([^A-Z .]([^A-Z]*[^A-Z .])?)?$")], ...]
_Formats = Annotated[_Words, Field(description='a list like ["mp4"], in lower case')]
_Codecs = Annotated[_Words, Field(description='a list like ["h264"], in lower case')]
_Size = Annotated[str, StringConstraints(pattern=r"^\d+x\d+$")]
_Sizes = Annotated[tuple[_Size, ...], Field(description='a list like ["640x360"]')]
_Number = Annotated[float, Field(strict=True, gt=0, lt=10**15)]  # larger is a slip of the hand


class Limit(Table):
    """What a file of one creative type must be; an empty or None field is no limit.

    `sizes` are `WIDTHxHEIGHT` in pixels, `max_bytes` counts bytes, the times are seconds, both ends included.
    What is usual is customary: another value is worth a word and no refusal.
    """

    formats: _Formats = ()
    codecs: _Codecs = ()
    sizes: _Sizes = ()
    max_bytes: int | None = Field(None, strict=True, gt=0, lt=10**15, description="a number of bytes like 300_000")
    min_seconds: _Number | None = Field(None, description="a number of seconds like 5")
    max_seconds: _Number | None = Field(None, description="a number of seconds like 31")
    usual_seconds: _Number | None = Field(None, description="a number of seconds like 4")
    usual_codecs: _Codecs = ()
    usual_pixels: Annotated[_Words, Field(description='a list like ["yuv420p"], in lower case')] = ()

    @model_validator(mode="after")
    def _some_video_does(self) -> Limit:
        if self.min_seconds and self.max_seconds and self.min_seconds > self.max_seconds:
            told = f"min_seconds {self.min_seconds:g} is more than max_seconds {self.max_seconds:g}: no video would do"
            raise ValueError(told)
        return self


_ROOM = "a number of characters like 65"
_Characters = Annotated[int, Field(strict=True, gt=0, lt=10**6, description=_ROOM)]


class CampaignCaps(Table):
    """How many characters the campaign uploader takes: of names, headlines, and the settings of the same names."""

    ad_name: int = Field(strict=True, ge=40, lt=10**6, description=f"{_ROOM}, 40 or more")  # with room for two IDs
    headline: _Characters
    brand_name: _Characters
    call_to_action: _Characters
    banner_title: _Characters
    banner_subtitle: _Characters


class Limits(Table):
    """The limits of all creative types; `checked` is the day on which somebody compared them with the site."""

    checked: date = Field(strict=True)
    by_type: dict[CreativeType, Limit]
    campaign: CampaignCaps

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
    package = _package_limits()
    told = read_toml(own) if own and own.is_file() else package
    sections = {
        word: package[word] | limit if word in package and isinstance(limit, dict) else limit
        for word, limit in (package | told).items()
        if word != "checked"
    }
    campaign = sections.pop("campaign")
    try:
        return Limits.model_validate({"checked": told.get("checked"), "campaign": campaign, "by_type": sections})
    except ValidationError as error:
        remedy = "Correct it; the package's limits.toml shows every key."
        raise SettingsError(f"{own}: {_limit_in_words(error.errors()[0], told)}.", remedy=remedy) from error


@cache
def _package_limits() -> dict[str, Any]:
    return tomllib.loads(files("tjtools.workspace").joinpath("limits.toml").read_text("utf-8"))


def _limit_in_words(error: ErrorDetails, told: Mapping[str, Any]) -> str:
    word, key = (*(str(part) for part in error["loc"] if part != "by_type"), "", "")[:2]
    if word == "checked":
        return "checked must be the day on which the limits were compared with the site, like 2026-11-24"
    if error["type"] == "value_error":
        return f"[{word}] {error['msg'].removeprefix('Value error, ')}"
    fields = CampaignCaps.model_fields if word == "campaign" else Limit.model_fields
    if key in fields:
        return f"[{word}] {key} must be {fields[key].description}, not {told[word][key]!r}"
    if key == "[key]" or not key:
        return f"[{word}] is no section; known are {', '.join(kind.value for kind in CreativeType)}, campaign"
    return f"[{word}] {key} is no limit; known are {', '.join(fields)}"
