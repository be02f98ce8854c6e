"""The saved plan: which of the session's files a person chose to upload.

`tracking/.tjtools/plan.json`, for tjtools only::

    {"saved_at": "2025-11-13T12:00:00+00:00", "files": [["Native Rollover", "a.mp4"], ["Static Banner", "b.png"]]}

It holds until another one is saved or it is forgotten: a file that comes into the session later is not chosen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tjtools.model.creative import Section, SessionFile
from tjtools.model.errors import TrackingFileError, translated
from tjtools.workspace.folder import Workspace


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
    path = workspace.saved_plan
    text = json.dumps({"saved_at": now.isoformat(), "files": told}, ensure_ascii=False, indent=1)
    with translated(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(text, "utf-8")
        beside.replace(path)
    return choice


def load_choice(workspace: Workspace) -> Choice | None:
    """The saved choice; None: every new file of the session goes up.

    Raises TrackingFileError for a file that can't be read.
    """
    path = workspace.saved_plan
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text("utf-8"))
        files = frozenset((Section(section), str(name)) for section, name in told["files"])
        return Choice(datetime.fromisoformat(told["saved_at"]), files)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        remedy = "Remove it, or choose anew: tjtools upload --session takes every new file."
        raise TrackingFileError(f"this is no saved plan: {error}.", path=path, remedy=remedy) from error


def forget_choice(workspace: Workspace) -> None:
    """From now on every new file of the session goes up again."""
    workspace.saved_plan.unlink(missing_ok=True)
