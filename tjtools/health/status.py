"""A workspace at a glance, and what to do next in it: in the day's order, each step with its notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tjtools.cache.history import COLUMNS
from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.cache.snapshots import snapshots_of
from tjtools.diff.session import Verdict
from tjtools.model.cells import told_id
from tjtools.model.creative import ReviewStatus
from tjtools.model.words import counted
from tjtools.upload import Prepared
from tjtools.upload.journal import Journal
from tjtools.upload.run_files import status_files
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

STALE_AFTER = timedelta(days=7)
LATELY = timedelta(days=7)

REVIEW, UPLOAD, REFRESH = "01_review_session.ipynb", "02_upload.ipynb", "03_refresh_and_sync.ipynb"
OUTCOMES = "05_review_outcomes.ipynb"


@dataclass(frozen=True, slots=True)
class Overview:
    """`facts` by name, for people and for JSON; `to_do` says in words what waits for a person."""

    facts: dict[str, str | int | None]
    to_do: tuple[str, ...]


class Step(NamedTuple):
    """Something to do: what, and the notebook for it, `""` where the command line is the place."""

    what: str
    notebook: str = ""


def overview(workspace: Workspace, *, now: datetime) -> Overview:
    """Look at a workspace without its site.

    Raises `WrongHeader` or `NotText` for a tracking file that can't be read.
    """
    settings, library, session = load_settings(workspace), Library.load(workspace.library), load_session(workspace)
    statuses = Counter(one.review_status.value if one.review_status else "unknown status" for one in library)
    journal = Journal(workspace.log)
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
        "last_run": next((path.name for path in reversed(status_files(workspace))), None),
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


def next_steps(workspace: Workspace, prepared: Prepared, *, now: datetime) -> tuple[Step, ...]:
    """What waits for a person, most urgent first; `prepared` is the session against the library.

    Raises `WrongHeader` or `NotText` for a tracking file that can't be read.
    """
    return (
        *_place(workspace),
        *_mend(workspace, prepared),
        *_doubt(workspace),
        *_rejected(workspace, prepared, now),
        *_session(prepared),
        *_stale(workspace, now),
    )


def last_refresh(workspace: Workspace) -> datetime | None:
    """When the library last followed the site as a whole, None where that is not known.

    In a workspace that has never read the site, it is when the file was written.
    """
    snapshots = snapshots_of(workspace)
    if snapshots or not workspace.library.exists():
        return max((one.at for one in snapshots if one.source == "refresh" and one.whole), default=None)
    return datetime.fromtimestamp(workspace.library.stat().st_mtime, tz=UTC)


def newly_rejected(workspace: Workspace, prepared: Prepared, *, now: datetime) -> tuple[str, ...]:
    """The IDs of creatives that were first seen rejected in the last seven days, and still are, newest last."""
    since = f"{(now - LATELY).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    rows = read_table(workspace.history, COLUMNS).rows
    rejected = ReviewStatus.REJECTED
    new = (row for row in rows if row["observed_at"] >= since and row["to_status"] == rejected.value)
    found = [told_id(row["creative_id"]) for row in new]
    library = prepared.library
    return tuple(key for key in dict.fromkeys(found) if any(one.review_status is rejected for one in library.get(key)))


def _place(workspace: Workspace) -> Iterator[Step]:
    if load_settings(workspace).site is None:
        yield Step(f"Say which site this folder belongs to: tjtools init {workspace.root} --site live --account NAME")
    elif not workspace.browser_session.exists():
        yield Step("Sign in: no sign-in is saved yet", UPLOAD)


def _mend(workspace: Workspace, prepared: Prepared) -> Iterator[Step]:
    library = prepared.library
    of_library = (*library.bad_lines, *library.doubtful_days)
    for path, bad in ((workspace.library, of_library), (workspace.session, prepared.bad_lines)):
        if bad:
            yield Step(f"Mend {counted(len(bad), 'line')} of {path.name} that can't be read: tjtools doctor lists them")


def _doubt(workspace: Workspace) -> Iterator[Step]:
    journal = Journal(workspace.log)
    doubt, unfinished = journal.in_doubt(), journal.unfinished()
    if unfinished:
        yield Step(f"Go on with the live upload that was not finished: {unfinished.told}", UPLOAD)
    elif doubt:
        told = counted(len(doubt), "file")
        yield Step(
            f"Find out the Creative ID of {told} that the site may have taken: a live upload looks first", UPLOAD
        )


def _rejected(workspace: Workspace, prepared: Prepared, now: datetime) -> Iterator[Step]:
    rejected = newly_rejected(workspace, prepared, now=now)
    if rejected:
        yield Step(f"Look at {counted(len(rejected), 'creative')} newly rejected in the last seven days", OUTCOMES)


def _session(prepared: Prepared) -> Iterator[Step]:
    count = Counter(one.verdict for one in prepared.reviews)
    apart = count[Verdict.HALF_PAIR] + count[Verdict.UNCLEAR]
    held = sum(one.needs_a_person and not one.goes_up for one in prepared.reviews) - apart
    near, unclear = count[Verdict.NEAR_DUPLICATE], count[Verdict.UNCLEAR]
    if count[Verdict.HALF_PAIR]:
        yield Step(f"Complete {counted(count[Verdict.HALF_PAIR], 'native pair')} of which half is missing", REVIEW)
    if held:
        yield Step(f"Mend {counted(held, 'file')} that can't be uploaded", REVIEW)
    if unclear:
        yield Step(f"Say of {counted(unclear, 'file')} whether the site has it already: unclear by its name", REVIEW)
    if near:
        yield Step(f"Look at {counted(near, 'file')} that may be there already: near duplicates", REVIEW)
    if new := count[Verdict.NEW] + near:
        yield Step(f"Choose among {counted(new, 'new file')} not sent yet, and save the plan", REVIEW)
        yield Step("Upload the plan", UPLOAD)


def _stale(workspace: Workspace, now: datetime) -> Iterator[Step]:
    at = last_refresh(workspace)
    if at is None:
        yield Step("Read the library off the site: there is none here yet", REFRESH)
    elif now - at >= STALE_AFTER:
        yield Step(f"Refresh the library: the last time was {(now - at).days} days ago", REFRESH)
