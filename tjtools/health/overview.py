"""A workspace at a glance: what is there, how old it is, and what waits for a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings


@dataclass(frozen=True, slots=True)
class Overview:
    """`facts` by name, for people and for JSON; `to_do` says in words what waits for a person."""

    facts: dict[str, str | int | None]
    to_do: tuple[str, ...]


def overview(workspace: Workspace, *, now: datetime) -> Overview:
    """Look at a workspace without its site.

    Raises `WrongHeader` or `NotText` for a tracking file that can't be read.
    """
    settings, library, session = load_settings(workspace), Library.load(workspace.library), load_session(workspace)
    statuses = Counter(one.review_status.value if one.review_status else "unknown status" for one in library)
    journal = Journal(workspace.journal)
    doubt, unfinished = journal.in_doubt(), journal.unfinished()
    facts: dict[str, str | int | None] = {
        "workspace": str(workspace.root),
        "site": settings.site.kind if settings.site else None,
        "origin": settings.site.origin if settings.site else None,
        "account": settings.site.account if settings.site else None,
        "browser_session": "saved" if workspace.browser_session.exists() else None,
        "library": len(library),
        "review": ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())),
        "library_written": _age(workspace, now),
        "session_files": len(session.files),
        "last_run": max((path.name for path in workspace.upload_logs.glob("upload_status_*.csv")), default=None),
    }
    bad = len(library.bad_lines) + len(library.doubtful_days)
    to_do = (
        f"the folder belongs to no site yet: tjtools init {workspace.root} --site live" if not settings.site else "",
        f"mend {bad} lines of {workspace.library.name} that can't be read: tjtools doctor lists them" if bad else "",
        f"mend {len(session.bad_lines)} lines of {session.path.name}: tjtools review lists them"
        if session.bad_lines
        else "",
        f"the live upload {unfinished.run} was not finished ({unfinished.told}): tjtools upload --resume"
        if unfinished
        else "",
        f"{len(doubt)} files were handed over and nobody knows what came of them: tjtools upload --live looks"
        if doubt and not unfinished
        else "",
    )
    return Overview(facts, tuple(line for line in to_do if line))


def _age(workspace: Workspace, now: datetime) -> str | None:
    """When the library was written, and how long ago."""
    if not workspace.library.exists():
        return None
    written = datetime.fromtimestamp(workspace.library.stat().st_mtime, tz=now.tzinfo)
    return f"{written:%Y-%m-%d %H:%M}, {max((now - written).days, 0)} days ago"
