"""The Python that makes each table of the library, from the files on: to copy into a cell."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Filter(NamedTuple):
    """What the panel keeps: one section (`""`: all), and days of upload; `undated`: also those of unknown day."""

    section: str = ""
    since: date | None = None
    until: date | None = None
    undated: bool = True


def python(call: str, *imported: str, kept: Filter = Filter(), before: str = "") -> str:  # noqa: B008 (frozen)
    """The files read, filtered as the panel is, and this call.

    `imported` are the import lines that it needs, `before` what has to be there.
    """
    days = kept.since or kept.until
    frames = "added_between, library_frame" if days else "library_frame"
    ours = {
        "from tjtools import Library, Workspace",
        f"from tjtools.analysis.frame import {frames}",
        "from tjtools.cache.history import History",
        *(line for line in imported if line.startswith("from tjtools")),
    }
    others = {"from pathlib import Path", *(line for line in imported if not line.startswith("from tjtools"))}
    others |= {"from datetime import date"} if days else set()
    lines = [*sorted(others), "", *sorted(ours), "", _LOAD + before]
    if kept.section:
        lines[-1] += f'frame = frame[frame["section"] == {kept.section!r}]\n'
    if days:
        lines[-1] += f"frame = added_between(frame, {_day(kept.since)}, {_day(kept.until)}, undated={kept.undated})\n"
    return "\n".join(lines) + call + "\n"


_LOAD = """\
workspace = Workspace.find(cwd=Path.cwd())
library = Library.load(workspace.library)
frame = library_frame(library, History.of(workspace))
"""


def _day(day: date | None) -> str:
    return f"date({day.year}, {day.month}, {day.day})" if day else "None"
