"""What is well and what is not with browser, workspace, settings and tracking files, each with its remedy."""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.history import History
from tjtools.cache.inventory import ID_COLUMNS, NEEDED_COLUMNS, load_session, master_ids, read_master
from tjtools.cache.library import COLUMNS as LIBRARY_COLUMNS
from tjtools.cache.library import Library
from tjtools.diff.repeats import Decisions
from tjtools.media.content import Fingerprints
from tjtools.model.cells import read_day, told_id
from tjtools.model.errors import SignInNeeded, TJToolsError, translated
from tjtools.scrape.connection import site_of
from tjtools.site import Element
from tjtools.site.browser import find_browser
from tjtools.site.inspection import REMEDY, keep_evidence
from tjtools.site.selectors import load_selectors
from tjtools.upload.journal import Journal
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.disk import LOCAL_DISK, NO_LOCKS, locks_hold
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log
from tjtools.workspace.settings import load_limits, load_settings


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
        return (_browser(None), Finding("workspace", False, error.message, error.remedy))
    looks: tuple[tuple[str, Callable[[Workspace], Finding]], ...] = (
        ("settings", _settings),
        ("selectors", _selectors),
        ("limits", _limits),
        ("library", _library),
        ("session", _session),
        ("master", _master),
        ("history", _history),
        ("fingerprints", _fingerprints),
        ("decisions", _decisions),
        ("log", _log),
        ("browser session", _browser_session),
        ("locks", _locks),
    )
    findings = [Finding("workspace", True, str(workspace.root))]
    findings += [_guarded(what, look, workspace) for what, look in looks]
    return (_browser(workspace), *findings)


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
    names = [one.name for one in inspection.changed]
    if names:
        remedy = "Sign in on the site, read the box, and close it." if names == ["library.overlay"] else REMEDY
        if "sign_in.signed_in" in names:
            remedy = f"Nothing shows that somebody is signed in: first run tjtools login, and look again. {REMEDY}"
        found = f"changed: {', '.join(names)}; redacted pages: {folder}"
        return Finding("site", False, found, remedy, inspection.elements)
    return Finding("site", True, "all that was seen is as the driver expects", elements=inspection.elements)


def _guarded(what: str, look: Callable[[Workspace], Finding], workspace: Workspace) -> Finding:
    try:
        return look(workspace)
    except TJToolsError as error:
        return Finding(what, False, error.message, error.remedy)


def _browser(workspace: Workspace | None) -> Finding:
    try:
        configured = load_settings(workspace).browser.executable if workspace else None
        found = find_browser(configured)
    except TJToolsError as error:
        return Finding("browser", False, error.message, error.remedy)
    if found:
        return Finding("browser", True, str(found))
    remedy = "Install Google Chrome or Chromium, or run: python -m playwright install --with-deps chromium"
    return Finding("browser", False, "none was found", remedy)


def _settings(workspace: Workspace) -> Finding:
    site = load_settings(workspace).site
    if site:
        return Finding("settings", True, f"{site.kind} at {site.origin}")
    return Finding("settings", False, "no site yet", f"Run: tjtools init {workspace.root} --site live")


def _selectors(workspace: Workspace) -> Finding:
    load_selectors(workspace.selectors_file)
    own = workspace.selectors_file.exists()
    return Finding("selectors", True, str(workspace.selectors_file) if own else "the package's own")


def _limits(workspace: Workspace) -> Finding:
    limits = load_limits(workspace.limits_file)
    whose = str(workspace.limits_file) if workspace.limits_file.exists() else "the package's own"
    return Finding("limits", True, f"{whose}, checked on {limits.checked}")


def _library(workspace: Workspace) -> Finding:
    library, rows = Library.load(workspace.library), read_table(workspace.library, LIBRARY_COLUMNS).rows
    problems = [f"line {bad.line}: {bad.reason}" for bad in sorted((*library.bad_lines, *library.doubtful_days))]
    problems += [f"the rows of ID {one.creative_id} contradict each other" for one in library.conflicts]
    found = f"{len(library)} creatives" if workspace.library.exists() else "not there yet (created on first upload)"
    return _with_problems("library", found + _read_as(rows, "creative_id", "upload_date"), problems, workspace.library)


def _session(workspace: Workspace) -> Finding:
    session = load_session(workspace)
    problems = [f"line {bad.line}: {bad.reason}" for bad in session.bad_lines]
    return _with_problems("session", f"{len(session.files)} files", problems, session.path)


def _master(workspace: Workspace) -> Finding:
    problems = [f"line {bad.line}: {bad.reason}" for bad in read_master(workspace)[1]]
    rows = read_table(workspace.master, NEEDED_COLUMNS).rows
    found = f"{len(master_ids(workspace))} files with a Creative ID{_read_as(rows, *ID_COLUMNS)}"
    return _with_problems("master", found, problems, workspace.master)


def _history(workspace: Workspace) -> Finding:
    history = History.of(workspace)
    table = read_table(history.path, HISTORY_COLUMNS)
    problems = [f"line {bad.line}: {bad.reason}" for bad in table.bad]
    found = f"{len(table.rows)} observations{_read_as(table.rows, 'creative_id')}"
    return _with_problems("history", found, problems, history.path)


def _fingerprints(workspace: Workspace) -> Finding:
    fingerprints = Fingerprints.load(workspace)
    return Finding("fingerprints", True, f"{len(fingerprints)} files, {len(list(fingerprints.uploads()))} uploads")


def _decisions(workspace: Workspace) -> Finding:
    return Finding("decisions", True, f"{len(Decisions.load(workspace))} that a person made")


def _log(workspace: Workspace) -> Finding:
    """After what reads it: so each event was asked for what it tells."""
    found = f"{len(Journal(workspace.log).events())} events of live runs"
    problems = [f"line {bad.line}: {bad.reason}" for bad in Log.at(workspace.log).bad_lines]
    return _with_problems("log", found, problems, workspace.log)


def _browser_session(workspace: Workspace) -> Finding:
    path = workspace.browser_session
    if not path.exists():
        return Finding("browser session", True, "none saved: tjtools login makes one")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding("browser session", False, f"{path} can be read by others ({mode:o})", f"Run: chmod 600 {path}")
    return Finding("browser session", True, "saved, readable by its owner alone")


def _locks(workspace: Workspace) -> Finding:
    """Asked only where tjtools has written before: looking makes no folder."""
    folder = workspace.private / "locks"
    if not folder.is_dir():
        return Finding("locks", True, "not needed yet")
    with translated(folder, "locked"):
        if locks_hold(folder):
            return Finding("locks", True, "the file system keeps a second writer out")
    return Finding("locks", False, NO_LOCKS, LOCAL_DISK)


def _read_as(rows: Collection[Mapping[str, str]], id_column: str, day_column: str = "") -> str:
    """How many IDs and days are not written as they are read, with an example of each, in words; `""`: none."""
    told = ""
    for words, column, read in (("IDs", id_column, told_id), ("days", day_column, _told_day)):
        texts = [text for row in rows if (text := row.get(column, "").strip()) and read(text) != text]
        told += f"; {words} that a spreadsheet rewrote: {len(texts)} ({texts[0]} is {read(texts[0])})" if texts else ""
    return told


def _told_day(text: str) -> str:
    try:
        return str(read_day(text))
    except ValueError:
        return text


def _with_problems(what: str, found: str, problems: list[str], path: Path) -> Finding:
    if not problems:
        return Finding(what, True, found)
    return Finding(what, False, f"{found}; {'; '.join(_first(problems))}", f"Mend these lines in {path}")


def _first(problems: list[str], most: int = 10) -> Iterator[str]:
    yield from problems[:most]
    if len(problems) > most:
        yield f"and {len(problems) - most} more"
