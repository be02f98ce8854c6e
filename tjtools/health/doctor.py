"""What is well and what is not with browser, workspace, settings and tracking files, each with its remedy."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.inventory import ID_COLUMNS, NEEDED_COLUMNS, load_session, master_ids, read_master
from tjtools.cache.library import COLUMNS as LIBRARY_COLUMNS
from tjtools.cache.library import Library
from tjtools.diff.repeats import Decisions
from tjtools.health.status import sandbox_off
from tjtools.media.content import Fingerprints
from tjtools.model.cells import read_day, told_id
from tjtools.model.errors import (
    BrowserNotFound,
    SettingsError,
    SignInNeeded,
    TJToolsError,
    WorkspaceError,
    translated,
)
from tjtools.model.words import as_typed, counted
from tjtools.prepare.remembered import preparations
from tjtools.prepare.session import cut_off
from tjtools.scrape.connection import site_of
from tjtools.site import Element
from tjtools.site.browser import BY_HAND, find_browser, lacks_display, sign_in_without_display
from tjtools.site.inspection import REMEDY, keep_evidence
from tjtools.site.sitepage import load_selectors
from tjtools.upload.journal import Journal
from tjtools.workspace.csvfile import BadLine, read_table
from tjtools.workspace.disk import LOCAL_DISK, NO_LOCKS, locks_hold
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits
from tjtools.workspace.log import Log
from tjtools.workspace.settings import load_settings, start_of_sandbox

Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is `""` where all is well, `elements` are those of the site's pages."""

    what: str
    well: bool
    found: str
    remedy: str = ""
    elements: tuple[Element, ...] = ()


def examine(named: Path | None, *, cwd: Path) -> tuple[Finding, ...]:
    """Look at everything that can be looked at without the site; nothing is changed."""
    try:
        workspace = Workspace.find(named, cwd=cwd)
    except TJToolsError as error:
        return _look("browser", _browser, None), Finding("workspace", False, error.message, error.remedy)
    findings = [_look(what, look, workspace) for what, look in _LOOKS.items()]
    return _look("browser", _browser, workspace), Finding("workspace", True, str(workspace.root)), *findings


def _look(what: str, look: Callable[[Place], str], place: Place) -> Finding:
    try:
        return Finding(what, True, look(place))
    except TJToolsError as error:
        return Finding(what, False, error.message, error.remedy)


def examine_site(named: Path | None, *, cwd: Path, now: datetime, say: Callable[[str], None]) -> Finding:
    """Look at the site's pages with the saved sign-in, and change nothing there.

    Where an element has changed, redacted pages are kept in the workspace. Without a sign-in that the site accepts, the
    finding has no elements.
    """
    try:
        workspace = Workspace.find(named, cwd=cwd)
        if not workspace.browser_session.exists():
            raise SignInNeeded("no sign-in is saved", remedy="Run: tjtools login")
        with site_of(workspace, load_settings(workspace), say=say, headless=True, pictures=False) as site:
            inspection = site.inspect()
        folder = keep_evidence(inspection.evidence, workspace, now)
    except TJToolsError as error:
        return Finding("site", False, error.message, error.remedy)
    found, remedy, names = "all that was seen is as the driver expects", "", [one.name for one in inspection.changed]
    if names:
        found = f"changed: {', '.join(names)}; redacted pages: {folder}"
        remedy = "Sign in on the site, read the box, and close it." if names == ["library.overlay"] else REMEDY
    if "sign_in.signed_in" in names:
        remedy = f"Nothing shows that somebody is signed in: first run tjtools login, and look again. {REMEDY}"
    return Finding("site", not names, found, remedy, inspection.elements)


def _browser(workspace: Workspace | None) -> str:
    found = find_browser(load_settings(workspace).browser.executable if workspace else None)
    if not found:
        raise BrowserNotFound("none was found", remedy=BY_HAND)
    return str(found)


def _settings(workspace: Workspace) -> str:
    site = load_settings(workspace).site
    if not site:
        raise SettingsError("no site yet", remedy=f"Run: tjtools init {as_typed(workspace.root)} --site live")
    if sandbox_off(site):
        start = start_of_sandbox(site.origin, workspace.root)
        raise WorkspaceError(
            f"the sandbox at {site.origin} does not run",
            remedy=f"Run in another window: {start} (tjtools lab starts it, too)",
        )
    return f"{site.kind} at {site.origin}"


def _selectors(workspace: Workspace) -> str:
    load_selectors(workspace.selectors_file)
    return _whose(workspace.selectors_file)


def _whose(path: Path) -> str:
    return str(path) if path.exists() else "the package's own"


def _library(workspace: Workspace) -> str:
    library, rows = Library.load(workspace.library), read_table(workspace.library, LIBRARY_COLUMNS).rows
    contradict = [f"the rows of ID {one.creative_id} contradict each other" for one in library.conflicts]
    found = (
        counted(len(library), "creative") if workspace.library.exists() else "not there yet (created on first upload)"
    )
    if library.merged:
        found += f" in {len(library) + library.merged:,} rows: {library.merged:,} merged with others of their ID"
    bad = sorted((*library.bad_lines, *library.doubtful_days))
    return _readable(found + _read_as(rows, "creative_id", "upload_date"), workspace.library, bad, contradict)


def _session(workspace: Workspace) -> str:
    session = load_session(workspace)
    return _readable(counted(len(session.files), "file"), session.path, session.bad_lines)


def _master(workspace: Workspace) -> str:
    rows = read_table(workspace.master, NEEDED_COLUMNS).rows
    found = f"{counted(len(master_ids(workspace)), 'file')} with a Creative ID{_read_as(rows, *ID_COLUMNS)}"
    return _readable(found, workspace.master, read_master(workspace)[1])


def _history(workspace: Workspace) -> str:
    table = read_table(workspace.history, HISTORY_COLUMNS)
    found = f"{counted(len(table.rows), 'observation')}{_read_as(table.rows, 'creative_id')}"
    return _readable(found, workspace.history, table.bad)


def _fingerprints(workspace: Workspace) -> str:
    fingerprints = Fingerprints.load(workspace)
    return f"{counted(len(fingerprints), 'file')}, {counted(len([*fingerprints.uploads()]), 'upload')}"


def _preparations(workspace: Workspace) -> str:
    noted = preparations(workspace)
    if ended := cut_off(workspace):
        raise WorkspaceError(f"{ended.told}.", remedy=f"Run: {ended.command}")
    return f"{len(noted)}, none of them cut off"


def _log(workspace: Workspace) -> str:
    found = f"{counted(len(Journal(workspace.log).events()), 'event')} of live runs"
    return _readable(found, workspace.log, Log.at(workspace.log).bad_lines)


def _browser_session(workspace: Workspace) -> str:
    path = workspace.browser_session
    if not path.exists() and lacks_display():
        site = load_settings(workspace).site
        raise WorkspaceError(
            "none saved, and this machine has no display for the window of tjtools login",
            remedy=sign_in_without_display(path, sandbox=bool(site and site.kind == "sandbox")),
        )
    if not path.exists():
        return "none saved: tjtools login makes one"
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 and os.name != "nt":  # where a file's mode says nothing about others
        raise WorkspaceError(f"{path} can be read by others ({mode:o})", remedy=f"Run: chmod 600 {path}")
    return "saved, readable by its owner alone"


def _locks(workspace: Workspace) -> str:
    """Asked only where tjtools has written before: looking makes no folder."""
    folder = workspace.private / "locks"
    if not folder.is_dir():
        return "not needed yet"
    with translated(folder, "locked"):
        if locks_hold(folder):
            return "the file system keeps a second writer out"
    raise WorkspaceError(NO_LOCKS, remedy=LOCAL_DISK)


# the log comes after all that read it: so each of its events was asked for what it tells
_LOOKS: dict[str, Callable[[Workspace], str]] = {
    "settings": _settings,
    "selectors": _selectors,
    "limits": lambda here: f"{_whose(here.limits_file)}, checked on {load_limits(here.limits_file).checked}",
    "library": _library,
    "session": _session,
    "master": _master,
    "history": _history,
    "fingerprints": _fingerprints,
    "decisions": lambda here: f"{len(Decisions.load(here))} that a person made",
    "preparations": _preparations,
    "log": _log,
    "browser session": _browser_session,
    "locks": _locks,
}


def _read_as(rows: Collection[Mapping[str, str]], id_column: str, day_column: str = "") -> str:
    """How many IDs and days are not written as they are read, with an example of each, in words; `""`: none."""

    def told_day(text: str) -> str:
        with suppress(ValueError):
            return str(read_day(text))
        return text

    told = ""
    for words, column, read in (("IDs", id_column, told_id), ("days", day_column, told_day)):
        texts = [text for row in rows if (text := row.get(column, "").strip()) and read(text) != text]
        told += f"; {words} that a spreadsheet rewrote: {len(texts)} ({texts[0]} is {read(texts[0])})" if texts else ""
    return told


def _readable(found: str, path: Path, bad: Iterable[BadLine], others: Sequence[str] = ()) -> str:
    """What was found in a file; raises with the first ten of its lines that can't be understood."""
    problems = [*(f"line {one.line}: {one.reason}" for one in bad), *others]
    if problems:
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        raise WorkspaceError(f"{found}; {'; '.join([*problems[:10], *more])}", remedy=f"Mend these lines in {path}")
    return found
