"""One live run a workspace at a time, also from several machines: two would hand the same files over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tjtools.model.errors import TrackingFileError, translated
from tjtools.workspace.folder import Workspace
from tjtools.workspace.locks import LOCAL_DISK, NO_LOCKS, locks_hold

if TYPE_CHECKING:
    from filelock import SoftFileLease

LEASE = 120.0  # seconds without a sign of life after which a run on another machine counts as dead
GLANCE = 0.5  # seconds to wait for one that only looks whether a run is under way


@contextmanager
def only_live_run(workspace: Workspace, *, patience: float = GLANCE) -> Iterator[Callable[[], None]]:
    """Be the one live run of the workspace, until it ends or its process does; what it yields raises if it is no more.

    It holds on a network share too, where other locks may fail: a run on this machine that died is known at once, one
    on another machine after two minutes without a sign of life: a machine that slept so long may have lost its place,
    and has to ask before it hands anything over. Raises `TrackingFileError` where another run is under
    way, and where the folder's file system keeps nobody out.
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
    try:
        yield partial(_demand_ours, lease, path)
    finally:
        lease.release()


def _demand_ours(lease: SoftFileLease, path: Path) -> None:
    """Raise `TrackingFileError` where another machine took the run for dead: the heartbeat sleeps with its machine."""
    with translated(path, "locked"):
        there = Path(lease.lock_file).read_text("utf-8", errors="replace")
    if lease.compromise or not lease.token or lease.token not in there:
        raise _Taken(
            "this run gave no sign of life for so long that another one has taken its place.",
            path=path,
            remedy="See how the other one ends; then run: tjtools upload --resume",
        )


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
