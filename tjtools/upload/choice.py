"""The saved plan: which of the session's files a person chose to upload, as the last event `planned` of the log tells.

Its `files` are `[["Native Rollover", "a.mp4"], ["Static Banner", "b.png"]]`, or null where the plan was forgotten. It
holds until then, or until another one is saved: a file that comes into the session later is not chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from tjtools.model.creative import Section, SessionFile
from tjtools.model.errors import TrackingFileError
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

_PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Choice:
    """The files chosen, by section and name, and when that was saved."""

    saved_at: datetime
    files: frozenset[tuple[Section, str]]

    def takes(self, file: SessionFile) -> bool:
        """Whether the file is chosen."""
        return file.key in self.files


def save_choice(workspace: Workspace, files: Iterable[tuple[Section, str]], *, now: datetime) -> Choice:
    """Keep a choice of files, each by its section and name, in place of the one before.

    Raises TrackingFileError where the disk does not take it.
    """
    choice = Choice(now, frozenset(files))
    told = sorted([section.value, name] for section, name in choice.files)
    Log.at(workspace.log).append([Entry(_PLANNED, now, {"files": told}, "")])
    return choice


def load_choice(workspace: Workspace) -> Choice | None:
    """The saved choice; None: every new file of the session goes up.

    Raises TrackingFileError for one that can't be read: it is not taken for none.
    """
    last = next((one for one in reversed(Log.at(workspace.log).entries()) if one.kind == _PLANNED), None)
    try:
        if last is None or last.data["files"] is None:
            return None
        files = frozenset((Section(section), str(name)) for section, name in last.data["files"])
    except (ValueError, LookupError, TypeError) as error:
        remedy = "Choose anew, or forget it: tjtools upload --session takes every new file."
        raise TrackingFileError(
            f"this is no saved plan: {error}.", path=workspace.log, line=last and last.line, remedy=remedy
        ) from error
    return Choice(last.at, files)


def forget_choice(workspace: Workspace) -> None:
    """From now on every new file of the session goes up again."""
    if any(one.kind == _PLANNED for one in Log.at(workspace.log).entries()):
        Log.at(workspace.log).append([Entry(_PLANNED, datetime.now(UTC), {"files": None}, "")])
