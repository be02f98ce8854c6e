"""The Python that makes each table of the outcomes, from the files on: to copy into a cell."""

from __future__ import annotations

from tjtools.analysis.period import Period

_IMPORTS = (
    "from pathlib import Path",
    "from tjtools import Library, Workspace",
    "from tjtools.analysis.frame import library_frame",
    "from tjtools.analysis.period import Period, dated, within",
    "from tjtools.analysis.reviewtime import reviews",
    "from tjtools.cache.history import History",
)
_LOAD = """\
workspace = Workspace.find(cwd=Path.cwd())
library, history = Library.load(workspace.library), History.of(workspace)
rows = history.load()[0]
stays = reviews(rows, history.last_times())
frame = dated(library_frame(library), stays)
"""


def python(call: str, *imported: str, section: str = "", period: Period = Period()) -> str:  # noqa: B008 (frozen)
    """The files read, filtered as the panel is, and this call; `imported` are the import lines that it needs."""
    days = period.open
    lines = sorted({*_IMPORTS, *imported, *(() if days else ("from datetime import date",))})
    lines = _merged([line for line in lines if not (days and "analysis.period" in line)] + days * [_DATED])
    ours = [line for line in lines if line.startswith("from tjtools")]
    others = [line for line in lines if line not in ours]
    body = _LOAD
    if section:
        body += f'frame = frame[frame["section"] == {section!r}]\n'
    if not days:
        since, until = (f"date({day.year}, {day.month}, {day.day})" if day else None for day in period[1:])
        body += f"frame = within(frame, Period({period.kind!r}, {since}, {until}))\n"
    if section or not days:
        body += 'stays = stays[stays["creative_id"].isin(frame["creative_id"])]\n'
    return "\n".join((*others, "", *ours, "", body + call)) + "\n"


_DATED = "from tjtools.analysis.period import dated"


def _merged(lines: list[str]) -> list[str]:
    """One line a module."""
    names: dict[str, set[str]] = {}
    for line in lines:
        module, _, words = line.removeprefix("from ").partition(" import ")
        names.setdefault(module, set()).update(words.split(", "))
    return [f"from {module} import {', '.join(sorted(words))}" for module, words in sorted(names.items())]
