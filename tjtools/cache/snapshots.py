"""Snapshots of the library: strict reading of one, and the dated ones in `tracking/.tjtools/snapshots/`.

`20251113T120000.csv` is the library as a refresh left it, the time in UTC; `20251113T120000.json` beside it is
the certificate: what of the site was read. The last thirty of refreshes and of syncs are kept.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.library import Library
from tjtools.model.cells import from_utc
from tjtools.model.creative import Section
from tjtools.model.errors import TrackingFileError, translated
from tjtools.workspace.disk import bound, replace_file
from tjtools.workspace.folder import Workspace

KEPT = 30
_NAME = "%Y%m%dT%H%M%S"


def read_snapshot(path: Path) -> Library:
    """Read a library of which every line can be compared; an empty file is an empty library.

    Raises WrongHeader, and TrackingFileError for a missing file, or with all lines that are bad or contradict others.
    """
    if not path.is_file():
        raise TrackingFileError("there is no such file.", path=path, remedy="Name a copy of TJ_Creative_Library.csv.")
    library = Library.load(path)
    wrong = [(bad.line, bad.reason) for bad in (*library.bad_lines, *library.doubtful_days)]
    for conflict in library.conflicts:
        names = " and ".join(f"{one.filename!r}" for one in conflict.creatives)
        lines = ", ".join(map(str, conflict.lines))
        twice = f"the Creative ID {conflict.creative_id} stands there twice (lines {lines}: {names})"
        wrong.append((conflict.lines[-1], f"{twice}, and the rows contradict each other"))
    if wrong:
        (first, why), *others = sorted(wrong)
        told = "; ".join([why, *(f"line {line}: {reason}" for line, reason in others)])
        remedy = "Mend the lines, or delete those that are wrong."
        raise TrackingFileError(f"{told}.", path=path, line=first, remedy=remedy)
    return library


def keep_snapshot(workspace: Workspace, certificate: Mapping[str, object], now: datetime) -> Path:
    """Keep the library, whole or not at all, with its certificate, and drop the oldest of its source beyond `KEPT`.

    It bears a later time than the newest, also where the clock was set back: the newest is the last that was kept.
    """
    now = max([now, *(one.at + timedelta(seconds=1) for one in snapshots_of(workspace)[-1:])])
    path = workspace.snapshots / f"{now.astimezone(UTC):{_NAME}}.csv"
    with translated(path, "written"):
        told = json.dumps(certificate, ensure_ascii=False, indent=2) + "\n"
        replace_file(path.with_suffix(".json"), told.encode())
        replace_file(path, workspace.library.read_bytes() if workspace.library.exists() else b"")
        if workspace.library.exists():
            shutil.copymode(workspace.library, path)
        names: dict[str, list[str]] = {}  # by source: many a sync must not cost the refreshes theirs
        for one in snapshots_of(workspace):
            names.setdefault(one.source, []).append(one.name)
        for old in (name for each in names.values() for name in each[:-KEPT]):
            for suffix in (".csv", ".json"):
                (workspace.snapshots / f"{old}{suffix}").unlink(missing_ok=True)
        for cut_off in workspace.snapshots.glob(".*.tmp"):
            cut_off.unlink(missing_ok=True)
        bound(workspace.private)
    return path


class Snapshot(NamedTuple):
    """One of them: when it was taken, after what (`refresh`, `sync`, or `""` where nothing says so any more).

    The reading before it began at `read_at`, and came to the end of these sections (`complete`).
    """

    name: str
    at: datetime
    source: str
    read_at: datetime
    complete: frozenset[Section]

    @property
    def whole(self) -> bool:
        """Whether the reading had come to the end of every section."""
        return self.complete == {*Section}


def snapshots_of(workspace: Workspace) -> tuple[Snapshot, ...]:
    """The snapshots that are kept, oldest first: a copy that a person made there under another name is none."""
    found = []
    for path in sorted(workspace.snapshots.glob("[0-9]*T[0-9]*.csv")):
        with suppress(ValueError):
            at = datetime.strptime(path.stem, _NAME).replace(tzinfo=UTC)
            if f"{at:{_NAME}}" == path.stem:
                found.append(Snapshot(path.stem, at, *_certified(path.with_suffix(".json"), at)))
    return tuple(found)


def newest_snapshot(workspace: Workspace) -> str:
    """The name of the newest, `""` where there is none."""
    return max((one.name for one in snapshots_of(workspace)), default="")


def last_readings(workspace: Workspace) -> dict[Section, datetime]:
    """When each section was last read to its end; one of which nobody knows it is not among them."""
    found: dict[Section, datetime] = {}
    for one in snapshots_of(workspace):
        found |= {section: max(one.read_at, found.get(section, one.read_at)) for section in one.complete}
    return found


def _certified(path: Path, taken: datetime) -> tuple[str, datetime, frozenset[Section]]:
    try:
        told = json.loads(path.read_text("utf-8"))
        complete = frozenset(Section(one["section"]) for one in told["sections"] if one["verdict"] == "complete")
        began = told.get("observed_at")
        return str(told["source"]), from_utc(began) if began else taken, complete
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", taken, frozenset()  # it was lost or damaged
