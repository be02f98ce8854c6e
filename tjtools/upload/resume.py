"""One live run a workspace at a time; and what an earlier one left open: recorded, told, and gone on with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.diff.review import Prepared, prepare
from tjtools.diff.session import review_file
from tjtools.media.content import LookedAt
from tjtools.model.creative import SessionFile
from tjtools.model.errors import TrackingFileError, translated
from tjtools.upload.campaign import write_campaigns
from tjtools.upload.journal import Journal, Unfinished
from tjtools.upload.plan import Choice, Plan, make_plan
from tjtools.upload.record import Records
from tjtools.workspace.disk import LOCAL_DISK, NO_LOCKS, locks_hold
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import CampaignSettings, Settings

log = logging.getLogger("tjtools.upload")

LEASE = 120.0  # seconds without a sign of life after which a run on another machine counts as dead
GLANCE = 0.5  # seconds to wait for one that only looks whether a run is under way


class Rest(NamedTuple):
    """What is left of an unfinished run, ready to go on with; `cleared` are files that the session no longer has."""

    prepared: Prepared
    plan: Plan
    cleared: tuple[SessionFile, ...]


def unfinished_run(workspace: Workspace) -> Unfinished | None:
    """The live run that never came to its end, None where there is none; raises `TrackingFileError`."""
    return Journal(workspace.log).unfinished()


def prepare_rest(
    workspace: Workspace,
    run: Unfinished,
    settings: Settings,
    *,
    progress: Callable[[LookedAt], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Rest:
    """Look again at the files that an unfinished run left, and plan them; a row that a person cleared stays cleared.

    What it had confirmed is recorded first: a half of a native pair goes up only where the other one is known. Raises
    what `prepare` raises, and `TrackingFileError` where another live run is under way.
    """
    with only_live_run(workspace):
        recover(workspace, Library.load(workspace.library), Journal(workspace.log), now=now)
    session = load_session(workspace).files
    rows = {file.key: file for file in session}
    named = [file for file in run.left if not file.row]
    there = [rows[file.key] for file in run.left if file.row and file.key in rows]
    cleared = tuple(file for file in run.left if file.row and file.key not in rows)
    # the other halves of their pairs come along: one that the site refused goes up again with its pair
    pairs = {file.pair for file in there if file.pair}
    files = [*there, *(file for file in session if file.pair in pairs and file not in there), *named]
    prepared = prepare(workspace, files, force=run.force, progress=progress, cancelled=cancelled)
    there_for_good = {file.key for file in run.confirmed}  # a forced run hands over what is there, but not what it took
    reviews = tuple(
        review_file(one.file, prepared.library) if one.file.key in there_for_good else one for one in prepared.reviews
    )
    choice = Choice(run.at, frozenset(file.key for file in files))
    plan = make_plan(reviews, batch_size=settings.upload.batch_size, choice=choice)
    return Rest(replace(prepared, reviews=reviews), plan, cleared)


def recover(workspace: Workspace, library: Library, journal: Journal, *, now: Callable[[], datetime]) -> None:
    """Tell the tracking files what was settled before a run was cut off; what they know already stays as it is.

    The caller has the lock of the live run.
    """
    for run, settled in journal.unrecorded().items():
        log.info("Recording %d files that the run %s had confirmed when it was cut off", len(settled), run)
        Records(workspace, library, run).record(settled)
        journal.recorded(run=run, now=now())


def close_earlier(
    workspace: Workspace,
    journal: Journal,
    settings: CampaignSettings,
    others: Sequence[SessionFile],
    *,
    now: Callable[[], datetime],
) -> None:
    """End the runs that never came to their end: a new one takes their place, what they uploaded gets its campaigns."""
    while run := journal.unfinished():
        write_run_campaigns(workspace, journal, run.run, settings, others)
        journal.ended(run=run.run, now=now())


def write_run_campaigns(
    workspace: Workspace, journal: Journal, run: str, settings: CampaignSettings, others: Sequence[SessionFile]
) -> tuple[Path, ...]:
    """The campaign CSVs of what a run uploaded, as the journal knows it; `others` are the files of the session now."""
    last = {one.key: one for one in journal.outcomes(run)}
    return write_campaigns(workspace.campaigns, [*last.values()], settings, run, others=others)


@contextmanager
def only_live_run(workspace: Workspace, *, patience: float = GLANCE) -> Iterator[Callable[[], None]]:
    """Be the one live run of the workspace, until it ends or its process does; what it yields raises if it is no more.

    It holds on a network share too, where other locks may fail: a run on this machine that died is known at once, one
    on another machine after two minutes without a sign of life: a machine that slept so long may have lost its place,
    and has to ask before it hands anything over. Raises `TrackingFileError` where another run is under way, and where
    the folder's file system keeps nobody out.
    """
    from filelock import LeaseSettingsMismatch, SoftFileLease, Timeout

    path = workspace.private / "live-run"
    with translated(path, "locked"):
        if not locks_hold(workspace.private / "locks"):
            raise TrackingFileError(NO_LOCKS, path=workspace.private, remedy=LOCAL_DISK)
        lease = SoftFileLease(workspace.private / "locks" / "live-run.lease", lease_duration=LEASE)
        try:
            lease.acquire(timeout=patience)
        except (Timeout, LeaseSettingsMismatch) as error:
            raise _Taken("another live upload is running here.", path=path, remedy="Wait for it, or end it.") from error

    def demand_ours() -> None:  # the heartbeat sleeps with its machine, and another one may take the run for dead
        with translated(path, "locked"):
            there = Path(lease.lock_file).read_text("utf-8", errors="replace")
        if lease.compromise or not lease.token or lease.token not in there:
            raise _Taken(
                "this run gave no sign of life for so long that another one has taken its place.",
                path=path,
                remedy="See how the other one ends; then run: tjtools upload --resume",
            )

    try:
        yield demand_ours
    finally:
        lease.release()


def runs_elsewhere(workspace: Workspace) -> bool:
    """Whether a live upload is under way in this workspace now, in another notebook or command."""
    try:
        with only_live_run(workspace, patience=0):
            return False
    except _Taken:
        return True
    except TrackingFileError:
        return False  # a run would say what is wrong


class _Taken(TrackingFileError):
    """Another live run is under way."""
