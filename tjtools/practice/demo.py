"""The main job on the sandbox, in a workspace of its own: what the demo does, for the command that shows it."""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tjtools.cache.inventory import COLUMNS
from tjtools.cache.library import Library
from tjtools.model.creative import Creative, CreativeType, Section, SessionFile
from tjtools.model.errors import WorkspaceError
from tjtools.practice import samples
from tjtools.scrape.section import creative_of, read_section
from tjtools.site import Site
from tjtools.site.driver import save_browser_session
from tjtools.upload import UploadReport
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind

MARK = ".tjtools-demo"
_KNOWN_TYPES = (CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE)


def fresh_folder(folder: Path) -> Workspace:
    """An empty workspace for the demo; an earlier demo's folder is cleared.

    Raises `WorkspaceError` for a folder that holds anything else: the demo removes nothing but its own.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise WorkspaceError(f"{folder} holds files that are not the demo's.", remedy="Give another folder with --dir.")
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("tracking", "uploaded"):
        (folder / part).mkdir(parents=True)
    (folder / MARK).write_text("Made by `tjtools demo`, which clears this folder when it runs again.\n", "utf-8")
    return Workspace(folder.resolve())


def bind_to_sandbox(workspace: Workspace, origin: str) -> None:
    """Make the workspace a sandbox's, with a sign-in that the sandbox hands out: only demo and tests take one."""
    bind(workspace, SiteSettings(kind="sandbox", origin=origin, account="demo"))
    session = ask_sandbox(origin, "session", method="POST")
    cookie = {"name": session["cookie"], "value": session["value"], "domain": urlsplit(origin).hostname, "path": "/"}
    cookie |= {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    save_browser_session(workspace.browser_session, {"cookies": [cookie], "origins": []})


def ask_sandbox(origin: str, what: str, *, method: str = "GET", body: object = None, timeout: float = 30) -> Any:
    """Ask one of the sandbox's control endpoints."""
    request = urllib.request.Request(  # noqa: S310 (an address of this machine)
        f"{origin}/_sandbox/{what}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
        return json.load(answer)


def read_library(site: Site, library: Library, progress: Callable[[str, int], None]) -> tuple[Creative, ...]:
    """Read all five sections into an empty library."""
    found: list[Creative] = []
    for section in Section:
        progress(section.value, len(found))
        found += [creative_of(card, section) for card in read_section(site, section).cards]
    return library.add(found)


def make_session(
    workspace: Workspace, library: Sequence[Creative], day: datetime, progress: Callable[[str, int], None]
) -> tuple[samples.SampleFile, ...]:
    """Draw real media files, two of them under names that the library holds, with their session and master CSV."""
    plan = samples.demo_session(_known_pair(library))
    done: list[str] = []

    def count(file: samples.SampleFile) -> None:
        done.append(file.new_filename)
        progress(file.new_filename, len(done))

    uploaded = workspace.root / "uploaded"
    samples.write_session(uploaded, plan, count)
    rows = samples.inventory_rows(plan, uploaded, f"{day:%Y-%m-%d}")
    for path in (workspace.session, workspace.master):
        write_rows(path, COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    return plan


def _known_pair(library: Sequence[Creative]) -> list[tuple[str, str]]:
    """The names of a native pair that the library holds, each once."""
    names = [creative.filename for creative in library]
    for creative in library:
        image = creative.filename.replace("VID_", "IMG_").replace("-VID", "-IMG").replace("_4sec", "")
        if creative.creative_type is CreativeType.NATIVE_VIDEO and creative.filename.startswith("VID_"):
            pair = (creative.filename, image)
            if all(names.count(name) == 1 for name in pair):
                return [(name, kind.value) for name, kind in zip(pair, _KNOWN_TYPES, strict=True)]
    return []


def confirmed(origin: str, report: UploadReport) -> tuple[int, int]:
    """Of how many IDs that a run wrote the sandbox holds the very file, by checksum; and how many it wrote."""
    truth = {one["creative_id"]: one["sha256"] for one in ask_sandbox(origin, "creatives")}
    written = [one for one in report.outcomes if one.card]
    right = sum(truth.get(one.creative_id) == _sha256(one.file) for one in written)
    return right, len(written)


def _sha256(file: SessionFile) -> str:
    return hashlib.sha256(file.path.read_bytes()).hexdigest()
