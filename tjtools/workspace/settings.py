"""What a person sets: the settings of a workspace, and what the site accepts.

Settings come from the environment (`TJTOOLS_UPLOAD__BATCH_SIZE=5`), `.env` and `tjtools.toml` (`batch_size` in
`[upload]`), in that order. `[site]` binds a workspace to its site: an environment that disagrees is refused. Limits
come from a small, dated file in the package, and the workspace's own `limits.toml` over it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from tjtools.model.creative import CreativeType
from tjtools.model.errors import SettingsError, SiteMismatch
from tjtools.workspace.folder import Workspace, read_toml

LIVE_ORIGIN = "https://advertiser.trafficjunky.com"
LIVE_SIGN_IN = "https://www.trafficjunky.com/sign-in"
SANDBOX_ORIGIN = "http://127.0.0.1:8642"
_SECTIONS = ("site", "browser", "upload", "campaign", "names", "prepare", "duplicates", "team")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SiteSettings(_Section):
    """The site that the workspace belongs to. `origin` is scheme, host and port, without a slash at the end."""

    kind: Literal["sandbox", "live"]
    origin: str
    account: str = ""

    @field_validator("origin")
    @classmethod
    def _bare(cls, value: str) -> str:
        address = urlsplit(value.rstrip("/"))
        if "@" in address.netloc:
            raise ValueError("a user name or password does not belong into the address: see TJTOOLS_USERNAME")
        if value.rstrip("/") != f"{address.scheme}://{address.netloc}" or address.port == 0:
            raise ValueError("it is scheme, host and port, like https://example.com")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _kind_fits_origin(self) -> SiteSettings:
        address = urlsplit(self.origin)
        on_this_machine = address.hostname in ("127.0.0.1", "localhost", "::1")
        if self.kind == "sandbox" and not on_this_machine:
            raise ValueError(f"a sandbox runs on this machine (127.0.0.1), not at {self.origin}")
        if self.kind == "live" and (on_this_machine or address.scheme != "https"):
            raise ValueError(f"the live site is reached over https, not at {self.origin}")
        return self

    @property
    def sign_in_url(self) -> str:
        """Where a person signs in."""
        return LIVE_SIGN_IN if self.origin == LIVE_ORIGIN else f"{self.origin}/sign-in"


class BrowserSettings(_Section):
    """`executable`: a browser of the Chromium family to use instead of the one that is found."""

    executable: Path | None = None
    headless: bool = True


class UploadSettings(_Section):
    """More than ten files in one go has proved fragile; large in-stream videos have taken 200 s to process.

    `processing_timeout` and `card_timeout` are in seconds: without any change of a file's state, and until a new
    creative shows in the list.
    """

    batch_size: int = Field(default=10, ge=1, le=10)
    processing_timeout: float = Field(default=300, gt=0)
    card_timeout: float = Field(default=30, gt=0)


class CampaignSettings(_Section):
    """What the campaign CSVs say beside names and IDs; statuses older than `max_age_days` make none on demand."""

    target_url: str = "PLACEHOLDER_URL"
    brand_name: str = "PLACEHOLDER_BRAND"
    call_to_action: str = "PLACEHOLDER_CTA"
    max_age_days: float = Field(default=7, gt=0, lt=10**5)


class NameSettings(_Section):
    """`pair_suffixes`: what one half of a native pair has behind its name, beside those that are known."""

    pair_suffixes: tuple[Annotated[str, StringConstraints(pattern=r"[^\W_]")], ...] = ()


class PrepareSettings(_Section):
    """`native_sound`: whether the videos of native pairs that are made keep their sound."""

    native_sound: bool = True


class DuplicatesSettings(_Section):
    """`other_words`: whether a person is told of the same picture with other words."""

    other_words: bool = True


class TeamSettings(_Section):
    """The team that shares the workspace's library: its database, the account there, and who one is to the others."""

    url: str
    account: Annotated[str, StringConstraints(min_length=1)]
    name: str = ""

    @field_validator("url")
    @classmethod
    def _without_password(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme not in ("postgresql", "postgres") or not (address.hostname and address.path.strip("/")):
            raise ValueError("it is an address like postgresql://anna@db.example.com/library")
        if address.password is not None or "password=" in address.query:
            told = "leave the password out of the address: it would stand in files and in the list of processes"
            raise ValueError(f"{told}; keep it in the keyring, in ~/.pgpass or in PGPASSWORD")
        return value


class Settings(BaseSettings):
    """All settings of one workspace; `site` is None in a folder that no `tjtools init` has bound to a site."""

    model_config = SettingsConfigDict(
        env_prefix="TJTOOLS_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )

    site: SiteSettings | None = None
    browser: BrowserSettings = BrowserSettings()
    upload: UploadSettings = UploadSettings()
    campaign: CampaignSettings = CampaignSettings()
    names: NameSettings = NameSettings()
    prepare: PrepareSettings = PrepareSettings()
    duplicates: DuplicatesSettings = DuplicatesSettings()
    team: TeamSettings | None = None
    username: str = ""
    password: SecretStr = SecretStr("")
    press: bool = False  # the notebooks' tests: a panel presses its own buttons, on a sandbox alone

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic-settings' signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file comes in as the initial values: the environment goes before it."""
        return env_settings, dotenv_settings, init_settings


def load_settings(workspace: Workspace) -> Settings:
    """Read the settings; raises `SettingsError`, and `SiteMismatch` where the environment names another site."""
    told, environment = read_toml(workspace.settings_file), workspace.root / ".env"
    told.pop("reading", None)  # its one setting is gone, and each older workspace was made with it
    if unknown := sorted(set(told) - {*_SECTIONS}):
        raise SettingsError(
            f"{workspace.settings_file}: unknown section or key {', '.join(unknown)}.",
            remedy=f"Known: {', '.join(f'[{one}]' for one in _SECTIONS)}; credentials belong in the keyring.",
        )
    try:
        settings = Settings(_env_file=environment, **told)  # type: ignore[call-arg]
        bound = SiteSettings(**told["site"]) if "site" in told else None
    except (SourceError, OSError, ValueError, RecursionError) as error:
        why = f"The environment or {environment} can't be read: {error}."
        if isinstance(error, ValidationError):
            why = f"{workspace.settings_file}, {environment} or environment: {_in_words(error)}"
        raise SettingsError(why, remedy="Correct it and try again.") from error
    if settings.site != bound:
        raise SiteMismatch(
            f"The environment names the site {settings.site.origin if settings.site else ''}, "
            f"but {workspace.root} belongs to {bound.origin if bound else 'no site yet'}.",
            remedy="A workspace belongs to one site: unset TJTOOLS_SITE__…, or use another workspace.",
        )
    if settings.press and bound and bound.kind == "live":
        raise SettingsError(
            "TJTOOLS_PRESS makes panels press their own buttons, and this workspace is live: only a person does that.",
            remedy="Unset TJTOOLS_PRESS; it is for tests on the sandbox.",
        )
    _demand_room(settings.campaign, workspace, environment)
    return settings


def _demand_room(campaign: CampaignSettings, workspace: Workspace, environment: Path) -> None:
    """Refuse a text that the campaign uploader would refuse; limits that can't be used are told where they are used."""
    caps = load_limits().campaign
    with suppress(SettingsError):
        caps = load_limits(workspace.limits_file).campaign
    for name, most in caps:
        if (length := len(getattr(campaign, name, ""))) > most:
            told = f"campaign.{name} has {length} characters; the campaign uploader takes at most {most}."
            where = f"{workspace.settings_file}, {environment} or environment"
            raise SettingsError(f"{where}: {told}", remedy="Shorten it.")


def bound_site(workspace: Workspace, settings: Settings) -> SiteSettings:
    """The site of a workspace; raises `SiteMismatch` for a folder that belongs to none yet."""
    if settings.site is None:
        raise SiteMismatch(
            f"{workspace.root} does not say which site its files belong to.",
            remedy=f"Bind it once with: tjtools init {workspace.root} --site live (or --site sandbox)",
        )
    return settings.site


def bind(workspace: Workspace, site: SiteSettings) -> bool:
    """Write the `tjtools.toml` that binds a workspace to a site; False where it was bound to it already.

    Raises `SiteMismatch` where the workspace belongs to another site: an ID of one must not get into the other's files.
    """
    file, bound = workspace.settings_file, load_settings(workspace).site
    if bound and (bound.kind, bound.origin) != (site.kind, site.origin):
        raise SiteMismatch(
            f"{workspace.root} belongs to {bound.origin} and stays with it.",
            remedy="Make a workspace of its own for each site: tjtools init OTHER_DIR",
        )
    if bound:
        return False
    kept = file.read_text("utf-8").rstrip() + "\n\n" if file.exists() else _of_package("template.toml")
    lines = (
        "[site]",
        *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in site.model_dump().items()),
    )
    file.write_text(kept + "\n".join(lines) + "\n", "utf-8")
    return True


def password_for(settings: Settings, site: SiteSettings) -> tuple[str, SecretStr]:
    """User name and password to fill in at sign-in, from the environment or the system's keyring; empty if unknown."""
    if settings.username or not site.account:
        return settings.username, settings.password
    import keyring
    from keyring.errors import KeyringError

    kept = None
    with suppress(KeyringError):  # on a machine without a keyring the person types the password
        kept = keyring.get_password(f"tjtools {site.origin}", site.account)
    return site.account, SecretStr(kept or "")


def _in_words(error: ValidationError) -> str:
    parts = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"])
        section, *key = item["loc"]
        plain = key and section in ("browser", "upload") and item["type"] != "extra_forbidden"  # no secrets there
        value = f", not {item['input']!r}" if plain else ""
        parts.append(f"{name}: {item['msg'].removeprefix('Value error, ')}{value}")
    return "; ".join(parts)


_Words = tuple[Annotated[str, StringConstraints(pattern=r"^([^A-Z .]([^A-Z]*[^A-Z .])?)?$")], ...]
_Formats = Annotated[_Words, Field(description='a list like ["mp4"], in lower case')]
_Codecs = Annotated[_Words, Field(description='a list like ["h264"], in lower case')]
_Size = Annotated[str, StringConstraints(pattern=r"^\d+x\d+$")]
_Sizes = Annotated[tuple[_Size, ...], Field(description='a list like ["640x360"]')]
_Number = Annotated[float, Field(strict=True, gt=0, lt=10**15)]  # larger is a slip of the hand


class Limit(_Section):
    """What a file of one creative type must be; an empty or None field is no limit.

    `sizes` are `WIDTHxHEIGHT` in pixels, `max_bytes` counts bytes, the times are seconds, both ends included.
    `usual_seconds` and `usual_codecs` are what is customary: another value is worth a word and no refusal.
    """

    formats: _Formats = ()
    codecs: _Codecs = ()
    sizes: _Sizes = ()
    max_bytes: int | None = Field(None, strict=True, gt=0, lt=10**15, description="a number of bytes like 300_000")
    min_seconds: _Number | None = Field(None, description="a number of seconds like 5")
    max_seconds: _Number | None = Field(None, description="a number of seconds like 31")
    usual_seconds: _Number | None = Field(None, description="a number of seconds like 4")
    usual_codecs: _Codecs = ()

    @model_validator(mode="after")
    def _some_video_does(self) -> Limit:
        if self.min_seconds and self.max_seconds and self.min_seconds > self.max_seconds:
            told = f"min_seconds {self.min_seconds:g} is more than max_seconds {self.max_seconds:g}: no video would do"
            raise ValueError(told)
        return self


_ROOM = "a number of characters like 65"
_Characters = Annotated[int, Field(strict=True, gt=0, lt=10**6, description=_ROOM)]


class CampaignCaps(_Section):
    """How many characters the campaign uploader takes: of names, headlines, and the settings of the same names."""

    ad_name: int = Field(strict=True, ge=40, lt=10**6, description=f"{_ROOM}, 40 or more")  # with room for two IDs
    headline: _Characters
    brand_name: _Characters
    call_to_action: _Characters
    banner_title: _Characters
    banner_subtitle: _Characters


class Limits(_Section):
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
    return tomllib.loads(_of_package("limits.toml"))


def _of_package(name: str) -> str:
    return files("tjtools.workspace").joinpath(name).read_text("utf-8")


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
