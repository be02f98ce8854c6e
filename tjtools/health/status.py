"""A workspace at a glance, and what to do next in it."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.cache.snapshots import snapshots_of
from tjtools.diff.session import FileReview, Verdict, review_file
from tjtools.model.creative import Key
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import is_source
from tjtools.model.words import ago, as_typed, counted
from tjtools.prepare.session import cut_off
from tjtools.upload import Prepared, load_choice, make_plan, watched
from tjtools.upload.journal import Journal
from tjtools.upload.run_files import status_files
from tjtools.workspace.csvfile import BadLine
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, load_settings, start_of_sandbox

REVIEW, UPLOAD = "tjtools review", "tjtools upload --live"
STALE_AFTER = timedelta(days=7)
NEW, THERE, LEFT, UNCLEAR = "new", "there", "left out", "perhaps there"
_LIKE, _MEND = "to compare", "to mend"
_MISSING = _LIKE, UNCLEAR, _MEND


class Step(NamedTuple):
    """Something that a person can do now, with what else there is to know of it (`more`).

    `tab` is the place on the desk and `command` the one on the command line; `""` where there is none.
    `urgent`: nothing else comes before it.
    """

    what: str
    tab: str = ""
    command: str = ""
    more: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """`facts` by name, for people and for JSON; `steps` are what to do next, the first one first.

    `needs_a_person`: one of them is more than the day's usual work.
    """

    facts: dict[str, str | int | None]
    steps: tuple[Step, ...]
    needs_a_person: bool


def overview(workspace: Workspace, *, now: datetime) -> Overview:
    """Look at a workspace without its site, and at its files by their names alone.

    Raises `WrongHeader` or `NotText` for a tracking file that can't be read.
    """
    settings, library, session = load_settings(workspace), Library.load(workspace.library), load_session(workspace)
    statuses = Counter(one.review_status.value if one.review_status else "unknown status" for one in library)
    site, running, off = settings.site, watched(workspace), sandbox_off(settings.site)
    facts: dict[str, str | int | None] = {
        "workspace": str(workspace.root),
        "site": site.kind if site else None,
        "origin": site.origin if site else None,
        "account": site.account if site else None,
        "browser_session": "saved" if workspace.browser_session.exists() else None,
        "library": len(library),
        "merged_rows": library.merged,
        "review": ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())),
        "library_as_of": _aged(last_refresh(workspace), now),
        "library_written": _aged(_written(workspace), now),
        "session_files": len(session.files),
        "upload": f"runs: {running.how_far} (tjtools upload --stop ends it)" if running else None,
        "last_run": next((path.name for path in reversed(status_files(workspace))), None),
    }
    start = []
    if site and off:
        start = [Step("Start the sandbox, in another window", command=start_of_sandbox(site.origin, workspace.root))]
    if site and site.kind == "sandbox":
        facts["sandbox"] = "does not run" if off else "runs"
    first = tuple(_first_of_all(workspace, library, session.bad_lines))
    left = sum(not (is_source(file.name) or review_file(file, library).is_there) for file in session.files)
    files = f"{counted(left, 'file')} of the session {'is' if left == 1 else 'are'} not in the library by name"
    of_session = (Step(f"{files}: review them", "review", "tjtools review"),) if left else (_more_files(workspace),)
    begin = (*start, *first, *_to_begin(workspace))
    return Overview(facts, (*begin, *of_session, *_stale(workspace, now)), bool(first))


def sandbox_off(site: SiteSettings | None) -> bool:
    """Whether it is a sandbox that does not run: nobody answers at its port, which shows at once."""
    if site is None or site.kind != "sandbox":
        return False
    place = urlsplit(site.origin)
    with suppress(OSError), socket.create_connection((place.hostname or "", place.port or 80), timeout=1):
        return False
    return True


def _written(workspace: Workspace) -> datetime | None:
    there = workspace.library.exists()
    return datetime.fromtimestamp(workspace.library.stat().st_mtime, tz=UTC) if there else None


def _aged(at: datetime | None, now: datetime) -> str | None:
    return None if at is None else f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}, {ago((now - at).days)}"


def next_steps(
    workspace: Workspace, prepared: Prepared, *, now: datetime, rejected: int = 0, slow: int = 0
) -> tuple[Step, ...]:
    """What a person can do now, the most important first; `prepared` is the session against the library.

    `rejected` creatives are so since a person last looked, `slow` ones wait longer than is usual. Raises `WrongHeader`
    or `NotText` for a tracking file that can't be read.
    """
    outcomes = (
        (rejected, "creative", "{} rejected since you last looked: see which"),
        (slow, "creative", "{} waiting too long for review: see which"),
    )
    first = tuple(_first_of_all(workspace, prepared.library, prepared.bad_lines))
    of_session = tuple(_of_session(workspace, prepared))
    waits = of_session or any(one.tab == "upload" for one in first)
    return (
        *first,
        *_to_begin(workspace),
        *of_session,
        *(Step(what.format(counted(many, noun)), "outcomes") for many, noun, what in outcomes if many),
        *([] if waits else [_more_files(workspace)]),
        *_stale(workspace, now),
    )


def _of_session(workspace: Workspace, prepared: Prepared) -> Iterator[Step]:
    """What is to be done with the session's files: choose among the new ones, mend or decide, upload."""
    if running := watched(workspace):
        yield Step("An upload runs: watch it", "upload", "tjtools status", running.how_far)
        return
    try:
        choice = load_choice(workspace)
    except TrackingFileError as error:
        yield Step("Choose the files anew: the saved plan can't be read", "review", REVIEW, error.message)
        return
    plan = make_plan(prepared.reviews, choice=choice)
    count, needs = tally(prepared.reviews), sum(one.needs_a_person for one in prepared.reviews)
    journal = Journal(workspace.log)
    doubt, cut_short = journal.in_doubt(), journal.unfinished()  # each is a step of its own
    new = new_files(plan.unseen if choice else prepared.reviews, doubt)
    elsewhere = doubt.union(file.key for file in cut_short.not_begun) if cut_short else doubt
    going = sum(file.key not in elsewhere for file in plan.files)
    asking = {what: count[what] for what in _MISSING if what in count}
    more = " · ".join(f"{number:,} {what}" for what, number in asking.items())
    if new:
        yield Step(f"{counted(new, 'new file')}: review {_them(new)}", "review", REVIEW, more)
    if going:
        known = [*(["the saved plan"] if choice else []), *([f"{plan.asks}: you are asked"] if plan.asks else [])]
        yield Step(f"Upload {counted(going, 'file')}", "upload", UPLOAD, " · ".join(known))
    elif plan.asks and not cut_short:
        yield Step(f"{plan.asks}: decide", "upload", UPLOAD)
    if not new and needs:
        (first, number), *others = asking.items()
        told = [f"{counted(number, 'file')} {first}", *(f"{number:,} {what}" for what, number in others)]
        yield Step(f"{', '.join(told)}: look at {_them(needs)}", "review", REVIEW)


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def tally(reviews: Iterable[FileReview]) -> dict[str, int]:
    """How many files there are of each kind, in words, in the order in which they matter."""
    count = Counter(_kind(one) for one in reviews)
    return {what: count[what] for what in (NEW, THERE, LEFT, *_MISSING) if count[what]}


def new_files(reviews: Iterable[FileReview], doubt: Container[Key]) -> int:
    """How many files are new, but for those in doubt: an earlier run handed them over, and nobody knows of them."""
    return tally(one for one in reviews if one.file.key not in doubt).get(NEW, 0)


def _kind(one: FileReview) -> str:
    if one.needs_a_person:
        return _LIKE if one.goes_up else UNCLEAR if one.verdict is Verdict.UNCLEAR else _MEND
    return NEW if one.goes_up else THERE if one.is_there else LEFT


def last_refresh(workspace: Workspace) -> datetime | None:
    """When the site was last read as a whole, which the library has followed since; None where nobody knows."""
    whole = (one.read_at for one in snapshots_of(workspace) if one.source == "refresh" and one.whole)
    return max(whole, default=None)


def _first_of_all(workspace: Workspace, library: Library, session_lines: Collection[BadLine]) -> Iterator[Step]:
    """What comes before anything else: the site, lines that can't be read, and IDs that nobody knows."""
    if load_settings(workspace).site is None:
        name = f"tjtools init {as_typed(workspace.root)} --site live --account NAME"
        yield Step("Say which site this folder belongs to", command=name, urgent=True)
    of_library = (*library.bad_lines, *library.doubtful_days)
    for path, bad in ((workspace.library, of_library), (workspace.session, session_lines)):
        if bad:
            yield Step(
                f"Mend {counted(len(bad), 'line')} of {path.name} that can't be read",
                command="tjtools doctor",
                urgent=True,
            )
    if ended := cut_off(workspace):
        what = "Finish the preparation that was cut off" if ended.noted else "Prepare again what was cut off"
        yield Step(what, command=ended.command, more=ended.told, urgent=True)
    journal = Journal(workspace.log)
    if watched(workspace):
        return  # its own files are unknown until it has settled them
    if unfinished := journal.unfinished():
        yield Step(
            "Go on with the upload that was cut off", "upload", "tjtools upload --resume", unfinished.told, urgent=True
        )
    elif doubt := journal.in_doubt():
        what = f"Find out the Creative ID of {counted(len(doubt), 'file')} that the site may have taken"
        yield Step(what, "upload", UPLOAD, "a live upload looks for it first", urgent=True)


def _to_begin(workspace: Workspace) -> Iterator[Step]:
    """What a workspace lacks that nobody has worked in yet."""
    if load_settings(workspace).site and not workspace.browser_session.exists():
        yield Step("Sign in", "upload", "tjtools login", "no sign-in is saved yet", urgent=True)
    if not (workspace.library.exists() or last_refresh(workspace)):
        yield Step(
            "Read the library off the site", "sync", "tjtools refresh-library", "there is none here yet", urgent=True
        )


def _more_files(workspace: Workspace) -> Step:
    more = "nothing of the session waits" if workspace.session.exists() else "there is no session yet"
    return Step("Add new files", "review", "tjtools prepare DIR", more)


def _stale(workspace: Workspace, now: datetime) -> Iterator[Step]:
    at, age = last_refresh(workspace), ""
    if at and now - at >= STALE_AFTER:
        age = f"it is {(now - at).days} days old"
    elif at is None and workspace.library.exists():
        age = "nobody knows how old it is"
    if age:
        yield Step(f"Bring the library up to date: {age}", "sync", "tjtools refresh-library")
