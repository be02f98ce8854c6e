"""The one live run of a workspace: watched and stopped from another window, and gone on with where it was cut off.

Then what it had confirmed is recorded, and the rest is planned again. Its lock and the log tell of it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.diff.review import Prepared, prepare
from tjtools.diff.session import review_file
from tjtools.media.content import Progress
from tjtools.model.creative import CreativeType, Key
from tjtools.model.errors import TrackingFileError, WorkspaceError, translated
from tjtools.model.words import counted
from tjtools.upload.handover import log
from tjtools.upload.journal import CONFIRMED, WITHOUT_ID, Journal, Recorded, Settled, Unfinished
from tjtools.upload.plan import Choice, Plan, make_plan
from tjtools.upload.record import Records
from tjtools.workspace.disk import LOCAL_DISK, NO_LOCKS, locks_hold
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import Settings

if TYPE_CHECKING:
    from filelock import SoftFileLease

LEASE = 120.0  # seconds without a sign of life after which a run on another machine counts as dead
STOP_IT = "Wait for it, or stop it: tjtools upload --stop"
GLANCE = 0.5  # seconds to wait for one that only looks whether a run is under way
LOOK = 0.2  # seconds between two looks at whether it has stopped
STOPS_WITHIN = 60.0  # seconds


class Rest(NamedTuple):
    """What is left of an unfinished run, ready to go on with; `notes` say what the session no longer has of it."""

    prepared: Prepared
    plan: Plan
    notes: tuple[str, ...]


def unfinished_run(workspace: Workspace) -> Unfinished | None:
    """The live run that never came to its end, None where there is none; raises `TrackingFileError`."""
    return Journal(workspace.log).unfinished()


def demand_settled(workspace: Workspace) -> None:
    """Raise `WorkspaceError` where it is not known of every file that was handed over what became of it."""
    if (running := unfinished_run(workspace)) or Journal(workspace.log).in_doubt():
        told = f": {running.told}" if running else ""
        remedy = "Go on with it first: tjtools upload --resume" if running else "Upload again: it finds that out first."
        raise WorkspaceError(f"An upload has not found out yet what became of its files{told}.", remedy=remedy)


def prepare_rest(
    workspace: Workspace,
    run: Unfinished,
    settings: Settings,
    *,
    now: Callable[[], datetime],
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Rest:
    """Look again at the files that an unfinished run left, and plan them; what it had confirmed is recorded first.

    Whether what repeats a rejected creative goes was said when the run began: who is under way is not asked again.

    Raises what `prepare` raises, and `TrackingFileError` where another live run is under way.
    """
    with only_live_run(workspace):
        recover(workspace, Library.load(workspace.library), Journal(workspace.log), now=now)
    session = load_session(workspace).files
    # what its row calls a video went as a banner, where its content is in a banner's size
    videos = (file for file in session if file.creative_type is CreativeType.VIDEO)
    rows = {file._replace(creative_type=CreativeType.VIDEO_BANNER).key: file for file in videos}
    rows |= {file.key: file for file in session}
    there = [rows[file.key] for file in run.left if file.row and file.key in rows]
    cleared = tuple(file for file in run.left if file.row and file.key not in rows)
    # the other halves of their pairs come along: one that the site refused goes up again with its pair
    pairs = {file.pair for file in there if file.pair}
    files = [*there, *(file for file in session if file.pair in pairs and file not in there)]
    files += [file for file in run.left if not file.row]
    prepared = prepare(workspace, files, force=run.force, progress=progress, cancelled=cancelled)
    there_for_good = {file.key for file in run.confirmed}  # a forced run hands over what is there, but not what it took
    reviews = tuple(
        replace(review_file(one.file, prepared.library), facts=one.facts, repeats=one.repeats, content=one.content)
        if one.file.key in there_for_good
        else one
        for one in prepared.reviews
    )
    chosen = Choice(run.at, frozenset(one.file.key for one in reviews))
    allowed = run.repeats | {file.key for file in run.under_way}
    plan = make_plan(reviews, batch_size=settings.upload.batch_size, choice=chosen, allow_repeats=allowed)
    words = {True: "and looked for on the site", False: "so it is not uploaded"}
    notes = (f"No longer in the session, {words[file in run.under_way]}: {file.name}" for file in cleared)
    return Rest(replace(prepared, reviews=reviews), replace(plan, cleared=cleared), tuple(notes))


def recover(workspace: Workspace, library: Library, journal: Journal, *, now: Callable[[], datetime]) -> None:
    """Tell the tracking files what was settled before a run was cut off; what they know already stays as it is.

    The caller has the lock of the live run.
    """
    library.refresh()
    for run, settled in journal.unrecorded().items():
        confirmed = counted(len(settled), "file")
        log.info("Recording %s that the run %s had confirmed when it was cut off", confirmed, run)
        records = Records(workspace, library, run)
        records.record([_as_known(one, library) for one in settled], at := now())
        records.remember(settled, at)
        journal.note(Recorded(run=run, at=at))


def _as_known(one: Settled, library: Library) -> Settled:
    """The same without its review status, where the library has learned another since."""
    known = {each.review_status for each in library.get(one.creative_id)}
    if one.creative and known - {None, one.creative.review_status}:
        return one.model_copy(update={"creative": one.creative._replace(review_status=None)})
    return one


class _Taken(TrackingFileError):
    """Another live run is under way."""


class Alone(NamedTuple):
    """The one live run of its workspace; `path` stands for it in errors, `request` is where one asks it to stop."""

    path: Path
    lease: SoftFileLease
    request: Path

    def demand(self) -> None:
        """Raise `TrackingFileError` where it is that no more.

        The heartbeat sleeps with its machine, and another machine may take the run for dead.
        """
        with translated(self.path, "locked"):
            there = Path(self.lease.lock_file).read_text("utf-8", errors="replace")
        if self.lease.compromise or not self.lease.token or self.lease.token not in there:
            raise _Taken(
                "this run gave no sign of life for so long that another one has taken its place.",
                path=self.path,
                remedy="See how the other one ends; then run: tjtools upload --resume",
            )

    def asked_to_stop(self) -> bool:
        """Whether another window has asked this very run to stop: each run has its own token, also one gone on with."""
        with suppress(OSError, ValueError):
            return self.request.read_text("utf-8") == self.lease.token
        return False


def lease_of(workspace: Workspace) -> SoftFileLease:
    """The lock of the live run."""
    from filelock import SoftFileLease

    return SoftFileLease(workspace.private / "locks" / "live-run.lease", lease_duration=LEASE)


def stop_request(workspace: Workspace) -> Path:
    """The file in which another window asks the live run to stop, by the token of its lock."""
    return workspace.private / "locks" / "live-run.stop"


def _let_go(lease: SoftFileLease) -> None:
    """Break the lock of a run that died: its parent has not noticed, or it ran on another machine, silent for long.

    filelock itself counts the silence anew in each process, and no command waits for that.
    """
    owner = lease.owner
    if not owner:
        return
    with suppress(OSError, ValueError, IndexError):  # there is no /proc, or no such process
        told = Path(f"/proc/{owner.pid}/stat").read_text("ascii", "replace")
        state, *fields = told.rpartition(")")[2].split()
        same = owner.start is not None and owner.start % 2**64 == int(fields[18])
        if state == "Z" and same and lease.owner == owner:
            lease.force_break()
    with suppress(OSError):
        if owner.hostname not in _names_here() and _silence(lease) > LEASE and lease.owner == owner:
            lease.force_break()


def _names_here() -> set[str]:
    """What filelock calls this machine, or this container, where a machine has several."""
    name = socket.gethostname()
    with suppress(OSError):  # there is no /proc
        return {name, f"{name}?pidns-{Path('/proc/self/ns/pid').stat().st_ino:x}"}
    return {name}


def _silence(lease: SoftFileLease) -> float:
    """Seconds since a lock's last sign of life, by the clock of the disk that it is on."""
    with TemporaryFile(dir=Path(lease.lock_file).parent) as probe:
        return os.fstat(probe.fileno()).st_mtime - Path(lease.lock_file).stat().st_mtime


def held(lease: SoftFileLease) -> bool:
    """Whether a live run holds it; that of a process that died is let go."""
    from filelock import LeaseSettingsMismatch, Timeout

    _let_go(lease)
    with translated(Path(lease.lock_file), "locked"):
        try:
            lease.acquire(timeout=0)
        except (Timeout, LeaseSettingsMismatch):
            return True
        lease.release()
        return False


@contextmanager
def only_live_run(workspace: Workspace) -> Iterator[Alone]:
    """Be the one live run of the workspace, until it ends or its process does.

    It holds on a network share too: a run on this machine that died is known at once, one on another after two minutes
    without a sign of life. A machine that slept so long has to ask before it hands anything over. Raises
    `TrackingFileError` where another run is under way, and where the folder's file system keeps nobody out.
    """
    from filelock import LeaseSettingsMismatch, Timeout

    path = workspace.private / "live-run"
    with translated(path, "locked"):
        if not locks_hold(workspace.private / "locks"):
            raise TrackingFileError(NO_LOCKS, path=workspace.private, remedy=LOCAL_DISK)
        lease = lease_of(workspace)
        _let_go(lease)
        try:
            lease.acquire(timeout=GLANCE)
        except (Timeout, LeaseSettingsMismatch) as error:
            raise _Taken("another live upload is running here.", path=path, remedy=STOP_IT) from error
    try:
        yield Alone(path, lease, stop_request(workspace))
    finally:
        lease.release()


class Watched(NamedTuple):
    """A live upload that is under way: its lock's `token`, and what the log tells; None where it has noted nothing."""

    token: str
    run: Unfinished | None

    @property
    def states(self) -> dict[Key, str]:
        """How far each file is."""
        parts = self.run.parts if self.run else {}
        return {file.key: state for state, files in parts.items() for file in files}

    @property
    def done(self) -> int:
        """How many files are through."""
        return sum(state in (CONFIRMED, WITHOUT_ID) for state in self.states.values())

    @property
    def total(self) -> int:
        """How many files it is to hand over."""
        return len(self.states)

    @property
    def how_far(self) -> str:
        """How far it is, in words."""
        return f"{self.done:,} of {counted(self.total, 'file')}" if self.run else "it begins, or ends"

    @property
    def told(self) -> str:
        """That it runs, and how far it is."""
        return f"An upload runs in another window: {self.how_far}"


class Watch:
    """Looks at the live upload of a workspace, a few times a second if need be: only what has changed is read."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lease = lease_of(workspace)  # one for all looks: who gives no sign of life is known by watching it
        self._journal = Journal(workspace.log)
        self._seen: object = None
        self._run: Unfinished | None = None

    def look(self) -> Watched | None:
        """The live upload that is under way here; None where there is none, also where its process has died.

        Raises TrackingFileError for a log that can't be read.
        """
        owner = self._lease.owner
        if owner is None or not owner.token or not held(self._lease):
            return None
        with translated(self.workspace.log, "read"):
            there = self.workspace.log.stat() if self.workspace.log.exists() else None
        seen = there and (there.st_ino, there.st_size, there.st_mtime_ns)
        if seen != self._seen:
            self._seen, self._run = seen, self._journal.unfinished()
        return Watched(owner.token, self._run)

    def stop(self, watched: Watched) -> None:
        """Ask this very run to stop, as its own Cancel does: it looks within a second. Raises TrackingFileError."""
        path = stop_request(self.workspace)
        with translated(path, "written"):
            path.write_text(watched.token, "utf-8")


def stop_run(workspace: Workspace) -> Watched:
    """Stop the live upload of this workspace, and wait until it has; returns how far it was when it was last seen.

    Raises WorkspaceError where there is none, or where it has not stopped within a minute.
    """
    watch, pause = Watch(workspace), Event()
    last = watch.look()
    if last is None:
        raise WorkspaceError("No upload runs here: there is none to stop.")
    watch.stop(last)
    deadline = time.monotonic() + STOPS_WITHIN
    while (now := watch.look()) and now.token == last.token:
        if time.monotonic() > deadline:
            raise WorkspaceError(f"It has not stopped within {STOPS_WITHIN:g} s.", remedy="Stop it in its own window.")
        last = now
        pause.wait(LOOK)
    return last


def watched(workspace: Workspace) -> Watched | None:
    """The live upload that is under way in this workspace now, None where there is none."""
    return Watch(workspace).look()
