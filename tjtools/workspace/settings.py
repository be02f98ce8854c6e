"""What a person sets: the settings of a workspace.

Settings come from the environment (`TJTOOLS_UPLOAD__BATCH_SIZE=5`), `.env` and `tjtools.toml` (`batch_size` in
`[upload]`), in that order. `[site]` binds a workspace to its site: an environment that disagrees is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from tjtools.model.errors import SettingsError, SiteMismatch
from tjtools.model.words import as_typed
from tjtools.workspace.disk import replace_file
from tjtools.workspace.folder import Workspace, read_toml
from tjtools.workspace.limits import Table, load_limits

LIVE_ORIGIN = "https://advertiser.trafficjunky.com"
LIVE_SIGN_IN = "https://www.trafficjunky.com/sign-in"
SANDBOX_ORIGIN = "http://127.0.0.1:8642"
HERE = ("localhost", "127.0.0.1", "::1")
_SECTIONS = ("site", "browser", "upload", "campaign", "names", "prepare", "duplicates", "team")


def on_this_machine(origin: str) -> bool:
    """Whether a site is here, as the sandbox is."""
    return urlsplit(origin).hostname in HERE


def start_of_sandbox(origin: str, folder: Path) -> str:
    """The command that starts the sandbox of the workspace in this folder.

    >>> start_of_sandbox("http://127.0.0.1:8642", Path())
    'tjtools sandbox --port 8642 --data sandbox'
    """
    port = urlsplit(origin).port or 80
    return as_typed("tjtools", "sandbox", "--port", port, "--data", folder / "sandbox")


class SiteSettings(Table):
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
        here = on_this_machine(self.origin)
        if self.kind == "sandbox" and not here:
            raise ValueError(f"a sandbox runs on this machine (127.0.0.1), not at {self.origin}")
        if self.kind == "live" and (here or urlsplit(self.origin).scheme != "https"):
            raise ValueError(f"the live site is reached over https, not at {self.origin}")
        return self

    @property
    def sign_in_url(self) -> str:
        """Where a person signs in."""
        return LIVE_SIGN_IN if self.origin == LIVE_ORIGIN else f"{self.origin}/sign-in"


class BrowserSettings(Table):
    """`executable`: a browser of the Chromium family to use instead of the one that is found."""

    executable: Path | None = None
    headless: bool = True


class UploadSettings(Table):
    """More than ten files in one go has proved fragile; large in-stream videos have taken 200 s to process.

    `processing_timeout` and `card_timeout` are in seconds: without any change of a file's state, and until a new
    creative shows in the list.
    """

    batch_size: int = Field(default=10, ge=1, le=10)
    processing_timeout: float = Field(default=300, gt=0)
    card_timeout: float = Field(default=30, gt=0)

    @property
    def patience(self) -> float:
        """The longest that somebody may be at work on a file without a sign."""
        return self.processing_timeout + self.card_timeout


class CampaignSettings(Table):
    """What the campaign CSVs say beside names and IDs; statuses older than `max_age_days` make none on demand."""

    target_url: str = "PLACEHOLDER_URL"
    brand_name: str = "PLACEHOLDER_BRAND"
    call_to_action: str = "PLACEHOLDER_CTA"
    max_age_days: float = Field(default=7, gt=0, lt=10**5)


class NameSettings(Table):
    """`pair_suffixes`: what one half of a native pair has behind its name, beside those that are known."""

    pair_suffixes: tuple[Annotated[str, StringConstraints(pattern=r"[^\W_]")], ...] = ()


class PrepareSettings(Table):
    """`native_sound`: whether the videos of native pairs that are made keep their sound."""

    native_sound: bool = True


class DuplicatesSettings(Table):
    """`other_words`: whether a person is told of the same picture with other words."""

    other_words: bool = True


class TeamSettings(Table):
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
            remedy=f"Bind it once with: tjtools init {as_typed(workspace.root)} --site live (or --site sandbox)",
        )
    return settings.site


def bind(workspace: Workspace, site: SiteSettings) -> bool:
    """Write the `tjtools.toml` that binds a workspace to a site; False where it was bound to it already.

    An account that it did not name yet is added. Raises `SiteMismatch` where the workspace belongs to another site, or
    account of the live one: an ID of one must not get into the other's files;
    and TrackingFileError where the disk does not take it, with what was there as it was.
    """
    file, bound = workspace.settings_file, load_settings(workspace).site
    elsewhere = bound and (bound.kind, bound.origin) != (site.kind, site.origin)
    others = bound and site.kind == "live" and site.account and bound.account not in ("", site.account)
    if bound and (elsewhere or others):
        owner = "" if elsewhere else f"the account {bound.account} at "
        raise SiteMismatch(
            f"{workspace.root} belongs to {owner}{bound.origin} and stays with it.",
            remedy="Make a workspace of its own for each site and account: tjtools init OTHER_DIR",
        )
    if bound:
        if site.account and not bound.account:
            put_section(file, "site", site.model_dump())
        return False
    put_section(file, "site", site.model_dump(), _TEMPLATE)
    return True


def put_section(file: Path, name: str, told: Mapping[str, object], text: str = "") -> None:
    """Write a section of a `tjtools.toml`, or take it out where nothing is told; a new file begins with `text`.

    Comments stay, and so does what tells the same already, however a person wrote it: the lines of comments of a
    section that is taken out may be about the next one.
    """
    import tomlkit
    from tomlkit import items

    text = file.read_bytes().decode("utf-8-sig") if file.exists() else text
    document = tomlkit.parse(text.replace("\r\n", "\n").rstrip() + "\n")
    if told:
        section, after = document.setdefault(name, tomlkit.table()), list[Any]()
        body = section.value.body if isinstance(section, items.Table) else []
        while body and body[-1][0] is None:  # blank lines and comments, which may be about the next one
            after.insert(0, body.pop())
        section.update({key: value for key, value in told.items() if section.get(key) != value})
        body += after
    else:
        places = [at for at, (key, _) in enumerate(document.body) if key == name]
        section = document.pop(name, None)
        if places and isinstance(section, items.Table):
            comments = "".join(one.as_string() for _, one in section.value.body if isinstance(one, items.Comment))
            document.body[places[0]] = None, items.Whitespace(comments, fixed=True)
    new = document.as_string()
    replace_file(file, (new.replace("\n", "\r\n") if "\r\n" in text else new).encode())


def kept_password(service: str, user: str) -> str:
    """What the system's keyring keeps, `""` where that is nothing, or where there is none."""
    import keyring
    from keyring.errors import KeyringError

    with suppress(KeyringError):
        return keyring.get_password(service, user) or ""
    return ""


def password_for(settings: Settings, site: SiteSettings) -> tuple[str, SecretStr]:
    """User name and password to fill in at sign-in, from the environment or the system's keyring; empty if unknown."""
    if settings.username or not site.account:
        return settings.username, settings.password
    return site.account, SecretStr(kept_password(f"tjtools {site.origin}", site.account))


def _in_words(error: ValidationError) -> str:
    parts = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"])
        section, *key = item["loc"]
        plain = key and section in ("browser", "upload") and item["type"] != "extra_forbidden"  # no secrets there
        value = f", not {item['input']!r}" if plain else ""
        parts.append(f"{name}: {item['msg'].removeprefix('Value error, ')}{value}")
    return "; ".join(parts)


_TEMPLATE = """\
[browser]
# executable = "/usr/bin/chromium"   # found by itself if not given
headless = true

[upload]
batch_size = 10             # at most 10: more has proved fragile
processing_timeout = 300    # seconds that a file may stay in one state
card_timeout = 30           # seconds until a new creative must show in the list

[campaign]
target_url = "PLACEHOLDER_URL"
brand_name = "PLACEHOLDER_BRAND"
call_to_action = "PLACEHOLDER_CTA"
max_age_days = 7            # statuses may be so old when `tjtools campaign` makes ads of what is approved

[names]
# pair_suffixes = ["preview"]   # beside those known: halves of a native pair may be called clip and clip_preview

[prepare]
native_sound = true         # whether the videos of native pairs that are made keep their sound

[duplicates]
other_words = true          # tell of the same picture with other words; false where variants of one are meant
"""
