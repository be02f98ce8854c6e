"""The workspace: a folder with `tracking/` and `uploaded/`, which belongs to one site.

::

    tjtools.toml                the site it belongs to, and its settings
    selectors.toml              optional: what to look for when the site has changed
    limits.toml                 optional: what the site accepts, where that has changed
    uploaded/                   the files, by kind
    notebooks/                  the day's work in JupyterLab
    tracking/                   what people and other tools read
    tracking/.tjtools/          what only tjtools reads: log, backups, locks, the saved browser session
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.model.creative import CreativeType
from tjtools.model.errors import SettingsError, UnsafePath, WorkspaceNotFound

VARIABLE = "TJTOOLS_WORKSPACE"
FOLDERS = ("tracking", "uploaded/Native/Video", "uploaded/Native/Image")
_FOLDERS = {CreativeType.NATIVE_VIDEO: "Native/Video", CreativeType.NATIVE_IMAGE: "Native/Image"}


class _Place:
    def __init__(self, below: str) -> None:
        self.below = below

    def __get__(self, workspace: Workspace, kind: type[Workspace]) -> Path:
        return workspace.root / self.below


class _Rooted(NamedTuple):
    root: Path


class Workspace(_Rooted):
    """Where everything lies; `root` is the absolute path of the folder."""

    __slots__ = ()

    settings_file = _Place("tjtools.toml")
    selectors_file = _Place("selectors.toml")  # the user's own, which go before the package's
    limits_file = _Place("limits.toml")  # the same
    notebooks = _Place("notebooks")
    tracking = _Place("tracking")
    library = _Place("tracking/TJ_Creative_Library.csv")
    history = _Place("tracking/TJ_Review_History.csv")
    session = _Place("tracking/creative_inventory_session.csv")
    master = _Place("tracking/creative_inventory.csv")
    defaults = _Place("tracking/metadata_defaults.csv")  # what is not in the names of a delivery
    incoming = _Place("uploaded/incoming")  # what is on its way into the session, and is none of its files yet
    campaigns = _Place("tracking/Upload_CSV")  # for the campaign uploader
    overrides = _Place("tracking/campaign_overrides.csv")  # what single ads are to say, if a person has written it
    upload_logs = _Place("tracking/upload_logs")  # one status CSV a run
    screenshots = _Place("tracking/upload_logs/screenshots")  # one picture a step of a run
    private = _Place("tracking/.tjtools")
    browser_session = _Place("tracking/.tjtools/browser_session.json")  # the sign-in, readable by its owner alone
    log = _Place("tracking/.tjtools/log.jsonl")  # what can't be made again
    snapshots = _Place("tracking/.tjtools/snapshots")  # the library as each refresh left it, with its certificate
    inspections = _Place("tracking/.tjtools/inspections")  # redacted pages of a site that has changed
    looks = _Place("tracking/.tjtools/looks")  # small copies of what was uploaded, by which it is known again
    strips = _Place("tracking/.tjtools/pictures")  # the same, as they were kept before there were looks

    @classmethod
    def find(cls, named: Path | None = None, *, cwd: Path, environment: Mapping[str, str] = os.environ) -> Workspace:
        """The workspace named, or named by `TJTOOLS_WORKSPACE`, or the nearest above `cwd`; else WorkspaceNotFound."""
        told = named or (Path(environment[VARIABLE]) if environment.get(VARIABLE) else None)
        candidates = [cwd / told] if told else [cwd, *cwd.parents]
        for folder in candidates:
            if (folder / "tracking").is_dir() or (folder / "tjtools.toml").is_file():
                return cls(folder.resolve())
        where = f"{candidates[0]} is no workspace" if told else f"No workspace was found at or above {cwd}"
        raise WorkspaceNotFound(
            f"{where}: it has neither a tracking folder nor a tjtools.toml.",
            remedy="Name one with --workspace, or make one with: tjtools init DIR",
        )

    def status_file(self, run: str) -> Path:
        """The status CSV of a run, which is called after its start: `20251113_120000`."""
        return self.upload_logs / f"upload_status_{run}.csv"

    def media_file(self, filename: str, creative_type: CreativeType) -> Path:
        """Where the session's file of this name lies, in whatever Unicode form the disk has the name.

        Raises `UnsafePath` for a name that leads out of `uploaded/`, by its text or through a symbolic link: it must
        not be possible to upload any other file of this machine.
        """
        folder = self.root / "uploaded" / _FOLDERS.get(creative_type, "")
        path = folder / filename
        if filename != path.name or "\\" in filename or filename in {"", ".", ".."}:
            raise UnsafePath(f"{filename!r} is a path, not a file's name.", remedy="Put the bare name in new_filename.")
        path = as_on_disk(path)
        self.guard(path)
        return path

    def guard(self, path: Path) -> None:
        """Raise `UnsafePath` where a path, links followed, lies outside the workspace's `uploaded/`."""
        home = self.root / "uploaded"
        if not path.resolve().is_relative_to(home):
            raise UnsafePath(
                f"{path} leads out of {home}, to {path.resolve()}.",
                remedy="Copy the file into the workspace; links out of it are not followed.",
            )


def as_on_disk(path: Path) -> Path:
    """The path of the one file that has this name in another Unicode form, where none has it in this one."""
    if path.name.isascii() or os.path.lexists(path) or not path.parent.is_dir():
        return path
    name = unicodedata.normalize("NFC", path.name)
    found = [other for other in path.parent.iterdir() if unicodedata.normalize("NFC", other.name) == name]
    return found[0] if len(found) == 1 else path


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file tells, also one that starts with a byte order mark; a missing file tells nothing.

    Raises `SettingsError`, with the line where there is one, for a file that is no TOML or can't be read.
    """
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        remedy = "Look at its rights, or move it away."
        raise SettingsError(f"{path} can't be read: {error.strerror or error}.", remedy=remedy) from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of thousands of digits, lists in lists
        remedy = "Correct the line that it names." if "line" in str(error) else "Correct it, or move it away."
        raise SettingsError(f"{path} is not valid TOML: {error}.", remedy=remedy) from error
