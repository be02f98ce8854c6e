"""A workspace at a glance, and what to do next in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
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
from tjtools.upload import Prepared, watched
from tjtools.upload.journal import Journal
from tjtools.upload.run_files import status_files
from tjtools.workspace.csvfile import BadLine, read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

STALE_AFTER = timedelta(days=7)
LATELY = timedelta(days=7)
_TIME = "%Y-%m-%dT%H:%M:%SZ"

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
    site, running = settings.site, watched(workspace)
    facts: dict[str, str | int | None] = {
        "workspace": str(workspace.root),
        "site": site.kind if site else None,
        "origin": site.origin if site else None,
        "account": site.account if site else None,
        "browser_session": "saved" if workspace.browser_session.exists() else None,
        "library": len(library),
        "merged_rows": library.merged,
        "review": ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())),
        "library_written": _age(workspace, now),
        "session_files": len(session.files),
        "upload": f"runs: {running.how_far} (tjtools upload --stop ends it)" if running else None,
        "last_run": next((path.name for path in reversed(status_files(workspace))), None),
    }
    return Overview(facts, tuple(step.what for step in _first_of_all(workspace, library, session.bad_lines)))


def _age(workspace: Workspace, now: datetime) -> str | None:
    if not workspace.library.exists():
        return None
    written = datetime.fromtimestamp(workspace.library.stat().st_mtime, tz=now.tzinfo)
    return f"{written:%Y-%m-%d %H:%M}, {max((now - written).days, 0)} days ago"


def next_steps(workspace: Workspace, prepared: Prepared, *, now: datetime) -> tuple[Step, ...]:
    """What waits for a person, most urgent first; `prepared` is the session against the library.

    Raises `WrongHeader` or `NotText` for a tracking file that can't be read.
    """
    count = Counter(one.verdict for one in prepared.reviews)
    halves, near, unclear = (count[one] for one in (Verdict.HALF_PAIR, Verdict.NEAR_DUPLICATE, Verdict.UNCLEAR))
    held = sum(one.needs_a_person and not one.goes_up for one in prepared.reviews) - halves - unclear
    new, rejected = count[Verdict.NEW] + near, len(newly_rejected(workspace, prepared, now=now))
    signed_out = load_settings(workspace).site and not workspace.browser_session.exists()
    counts = (
        (rejected, "creative", "Look at {} newly rejected in the last seven days", OUTCOMES),
        (halves, "native pair", "Complete {} of which half is missing", REVIEW),
        (held, "file", "Mend {} that can't be uploaded", REVIEW),
        (unclear, "file", "Say of {} whether the site has it already: unclear by its name", REVIEW),
        (near, "file", "Look at {} that may be there already: near duplicates", REVIEW),
        (new, "new file", "Choose among {} not sent yet, and save the plan", REVIEW),
        (new, "new file", "Upload the plan", UPLOAD),
    )
    return (
        *([Step("Sign in: no sign-in is saved yet", UPLOAD)] if signed_out else []),
        *_first_of_all(workspace, prepared.library, prepared.bad_lines),
        *(Step(what.format(counted(many, noun)), notebook) for many, noun, what, notebook in counts if many),
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
    since, rejected = f"{(now - LATELY).astimezone(UTC):{_TIME}}", ReviewStatus.REJECTED
    rows = read_table(workspace.history, COLUMNS).rows
    new = (row for row in rows if row["observed_at"] >= since and row["to_status"] == rejected.value)
    found = dict.fromkeys(told_id(row["creative_id"]) for row in new)
    return tuple(key for key in found if any(one.review_status is rejected for one in prepared.library.get(key)))


def _first_of_all(workspace: Workspace, library: Library, session_lines: Collection[BadLine]) -> Iterator[Step]:
    """What comes before anything else: the site, lines that can't be read, and IDs that nobody knows."""
    if load_settings(workspace).site is None:
        yield Step(f"Say which site this folder belongs to: tjtools init {workspace.root} --site live --account NAME")
    of_library = (*library.bad_lines, *library.doubtful_days)
    for path, bad in ((workspace.library, of_library), (workspace.session, session_lines)):
        if bad:
            yield Step(f"Mend {counted(len(bad), 'line')} of {path.name} that can't be read: tjtools doctor lists them")
    journal = Journal(workspace.log)
    if watched(workspace):
        return  # its own files are unknown until it has settled them
    if unfinished := journal.unfinished():
        told = f"{unfinished.told} (tjtools upload --resume)"
        yield Step(f"Go on with the live upload that was not finished: {told}", UPLOAD)
    elif doubt := journal.in_doubt():
        what = f"Find out the Creative ID of {counted(len(doubt), 'file')} that the site may have taken"
        yield Step(f"{what}: a live upload looks first (tjtools upload --live)", UPLOAD)


def _stale(workspace: Workspace, now: datetime) -> Iterator[Step]:
    at = last_refresh(workspace)
    if at is None:
        yield Step("Read the library off the site: there is none here yet", REFRESH)
    elif now - at >= STALE_AFTER:
        yield Step(f"Refresh the library: the last time was {(now - at).days} days ago", REFRESH)
