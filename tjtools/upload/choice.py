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
    log = Log.at(workspace.log)
    last = next((one for one in reversed(log.entries()) if one.kind == _PLANNED), None)
    line = last.line if last else 0
    later = [bad for bad in log.bad_lines if bad.line > line and _PLANNED in bad.text]
    try:
        if not later:
            return last and _choice_of(last)
        line, why = later[-1].line, later[-1].reason
    except (ValueError, LookupError, TypeError) as error:
        why = str(error)
    remedy = "Choose anew, or forget it: tjtools upload --session takes every new file."
    raise TrackingFileError(f"this is no saved plan: {why}.", path=workspace.log, line=line or None, remedy=remedy)


def forget_choice(workspace: Workspace) -> None:
    """From now on every new file of the session goes up again."""
    if workspace.private.exists():
        Log.at(workspace.log).append([Entry(_PLANNED, datetime.now(UTC), {"files": None}, "")])


def _choice_of(entry: Entry) -> Choice | None:
    files = entry.data["files"]
    return None if files is None else Choice(entry.at, frozenset((Section(place), str(name)) for place, name in files))
