"""Watching a live upload from another window, as its lock and the log tell of it; and asking it to stop."""

from __future__ import annotations

import time
from threading import Event
from typing import NamedTuple

from tjtools.model.creative import Key
from tjtools.model.errors import WorkspaceError, translated
from tjtools.model.words import counted
from tjtools.upload.journal import Journal, Unfinished
from tjtools.upload.resume import held, lease_of, stop_request
from tjtools.workspace.folder import Workspace

LOOK = 0.2  # seconds between two looks at whether it has stopped
STOPS_WITHIN = 60.0  # seconds
CONFIRMED, WITHOUT_ID, UNDER_WAY, NOT_BEGUN = "confirmed", "without an ID", "under way", "not begun"


class Watched(NamedTuple):
    """A live upload that is under way: its lock's `token`, and what the log tells; None where it has noted nothing."""

    token: str
    run: Unfinished | None

    @property
    def states(self) -> dict[Key, str]:
        """How far each file is."""
        if self.run is None:
            return {}
        parts = {
            CONFIRMED: self.run.confirmed,
            WITHOUT_ID: self.run.without_id,
            UNDER_WAY: self.run.under_way,
            NOT_BEGUN: self.run.not_begun,
        }
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
