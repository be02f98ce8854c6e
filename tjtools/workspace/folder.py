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
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tjtools.model.creative import CreativeType
from tjtools.model.errors import UnsafePath, WorkspaceNotFound

VARIABLE = "TJTOOLS_WORKSPACE"
FOLDERS = ("tracking", "uploaded/Native/Video", "uploaded/Native/Image")
_FOLDERS = {
    CreativeType.NATIVE_VIDEO: PurePosixPath("Native/Video"),
    CreativeType.NATIVE_IMAGE: PurePosixPath("Native/Image"),
}


class Workspace(NamedTuple):
    """Where everything lies; `root` is the absolute path of the folder."""

    root: Path

    @classmethod
    def find(cls, named: Path | None = None, *, cwd: Path, environment: Mapping[str, str] = os.environ) -> Workspace:
        """The workspace named, or named by `TJTOOLS_WORKSPACE`, or the nearest one at or above `cwd`.

        Raises `WorkspaceNotFound` where there is none.
        """
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

    @property
    def settings_file(self) -> Path:
        """The settings, and the site that the workspace belongs to."""
        return self.root / "tjtools.toml"

    @property
    def selectors_file(self) -> Path:
        """The user's own selectors, which go before the package's."""
        return self.root / "selectors.toml"

    @property
    def notebooks(self) -> Path:
        """The workspace's own copies of the curated notebooks."""
        return self.root / "notebooks"

    @property
    def limits_file(self) -> Path:
        """The user's own limits, which go before the package's."""
        return self.root / "limits.toml"

    @property
    def tracking(self) -> Path:
        """The tracking files."""
        return self.root / "tracking"

    @property
    def private(self) -> Path:
        """What only tjtools reads."""
        return self.tracking / ".tjtools"

    @property
    def library(self) -> Path:
        """The library cache."""
        return self.tracking / "TJ_Creative_Library.csv"

    @property
    def session(self) -> Path:
        """The inventory of the files to upload now."""
        return self.tracking / "creative_inventory_session.csv"

    @property
    def master(self) -> Path:
        """The inventory of all files ever."""
        return self.tracking / "creative_inventory.csv"

    @property
    def campaigns(self) -> Path:
        """The CSVs for the campaign uploader."""
        return self.tracking / "Upload_CSV"

    @property
    def upload_logs(self) -> Path:
        """One status CSV a run."""
        return self.tracking / "upload_logs"

    @property
    def screenshots(self) -> Path:
        """One picture a step of a run."""
        return self.upload_logs / "screenshots"

    @property
    def browser_session(self) -> Path:
        """The saved sign-in, readable by its owner alone."""
        return self.private / "browser_session.json"

    @property
    def log(self) -> Path:
        """What can't be made again: runs, which content got which ID, decisions, the saved plan, what was seen."""
        return self.private / "log.jsonl"

    @property
    def history(self) -> Path:
        """What was seen when: first sights and changes of status."""
        return self.tracking / "TJ_Review_History.csv"

    @property
    def snapshots(self) -> Path:
        """The library as each refresh left it, with its certificate."""
        return self.private / "snapshots"

    @property
    def inspections(self) -> Path:
        """Redacted pages of a site that has changed."""
        return self.private / "inspections"

    @property
    def pictures(self) -> Path:
        """Small copies of the pictures of what was uploaded."""
        return self.private / "pictures"

    def status_file(self, run: str) -> Path:
        """The status CSV of a run, which is called after its start: `20251113_120000`."""
        return self.upload_logs / f"upload_status_{run}.csv"

    def media_file(self, filename: str, creative_type: CreativeType) -> Path:
        """Where the session's file of this name lies.

        Raises `UnsafePath` for a name that leads out of `uploaded/`, by its text or through a symbolic link: it must
        not be possible to upload any other file of this machine.
        """
        folder = self.root / "uploaded" / _FOLDERS.get(creative_type, PurePosixPath())
        path = folder / filename
        if filename != path.name or "\\" in filename or filename in {"", ".", ".."}:
            raise UnsafePath(f"{filename!r} is a path, not a file's name.", remedy="Put the bare name in new_filename.")
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
