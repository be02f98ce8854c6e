"""What a person asks for, the tracking files that tell it, each read once, and the Python that does the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from inspect import isfunction
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import pandas as pd

from tjtools.analysis import contents, estimates, frame
from tjtools.analysis import reviews as of_history
from tjtools.analysis.frame import frame_of, in_days, on_site
from tjtools.analysis.reviews import changes_since, observations, reviews
from tjtools.cache.history import COLUMNS, History, acknowledged
from tjtools.cache.library import Library
from tjtools.diff.duplicates import KnownGroups, Repeated, known_groups, repeats_of_rejected
from tjtools.media.content import Progress
from tjtools.model.errors import TrackingFileError
from tjtools.model.words import counted
from tjtools.upload.run_files import load_runs
from tjtools.workspace.folder import Workspace

NO_HISTORY = "The review history is empty: it begins with the first upload or sync"
AT_FIRST = timedelta(days=7)  # back, where nobody has said yet what they have seen


class Asked(NamedTuple):
    """What a person asks for.

    One `section` is kept (`""`: all), and of it those whose `day`, a column of the frame, lies in a range; `undated`:
    also those of unknown day. `by` is what to count by, `across` what the gap map sets against the category; changes
    are listed since `last_looked`, chances reckoned for `within` days.
    """

    section: str = ""
    day: str = "upload_date"
    since: date | None = None
    until: date | None = None
    undated: bool = True
    by: str = "section"
    across: str = "section"
    within: int = 7
    last_looked: datetime | None = None

    @property
    def every_day(self) -> bool:
        """Whether no day is left out."""
        return self.since is None and self.until is None

    @property
    def begun(self) -> Asked:
        """The same for the times: a choice by the day of the decision would leave out the slow ones."""
        return self._replace(since=None, until=None) if self.day == "decided" else self

    def keep(self, frame: pd.DataFrame, day: str = "") -> pd.DataFrame:
        """What is kept of a frame that has a section and this day."""
        frame = frame[frame["section"] == self.section] if self.section else frame
        return in_days(frame, self.since, self.until, day=day or self.day, undated=self.undated)

    @property
    def code(self) -> str:
        """The Python that keeps the same of the library's frame."""
        lines = f'frame = frame[frame["section"] == {self.section!r}]\n' if self.section else ""
        if self.every_day:
            return lines
        since, until = (f"date({day.year}, {day.month}, {day.day})" if day else "None" for day in self[2:4])
        return f"{lines}frame = in_days(frame, {since}, {until}, day={self.day!r}, undated={self.undated})\n"


class Files:
    """The tracking files of a workspace, read once; raises what `Library.load` raises."""

    def __init__(self, workspace: Workspace, clock: Callable[[], datetime]) -> None:
        self.workspace, self.clock = workspace, clock
        self.library, history = Library.load(workspace.library), History.of(workspace)
        self.seen = acknowledged(workspace)
        self.rows, self.bad, self.trouble = pd.DataFrame(columns=list(COLUMNS), dtype="str"), 0, ""
        try:
            self.rows, bad = history.load()
            self.bad = len(bad)
        except TrackingFileError as error:
            self.trouble = str(error)
        self.observations, times = observations(self.rows), history.last_times()
        self._estimated: dict[Asked, estimates.Review] = {}
        self._groups: KnownGroups | None = None
        self._repeats: Repeated | None = None
        self.frame, self.stays = frame_of(self.library, self.observations, times), reviews(self.observations, times)

    @property
    def missing(self) -> str:
        """What has to be there before anything can be told; `""` where something is."""
        return "" if len(self.frame) else "The library is empty: read it off the site first."

    @property
    def last_looked(self) -> datetime:
        """Since when changes are listed, where nobody asks for another day."""
        return self.seen.until if self.seen else self.clock() - AT_FIRST

    def changed(self, since: datetime | None = None) -> pd.DataFrame:
        """What is otherwise than at that moment, or than when a person last looked, as `changes_since` tells it.

        There is one count of what was rejected since: who shows it asks here.
        """
        since = since or self.last_looked
        return changes_since(self.observations, self.frame, since, rows_seen=self.rows_seen(since))

    def rows_seen(self, since: datetime) -> int | None:
        """How many rows of the history a person had seen when they last looked, if that was then."""
        return self.seen.rows if self.seen and self.seen.until == since else None

    def groups(self, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False) -> KnownGroups:
        """What is there twice, as `known_groups` tells it; compared once: with thousands that takes long."""
        if self._groups is None:
            self._groups = known_groups(self.workspace, self.library, progress=progress, cancelled=cancelled)
        return self._groups

    def repeats(self, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False) -> Repeated:
        """What of the session repeats what was rejected, as `repeats_of_rejected` tells it; compared once."""
        if self._repeats is None:
            self._repeats = repeats_of_rejected(
                self.workspace, self.library, self.rows, progress=progress, cancelled=cancelled
            )
        return self._repeats

    def stays_of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The stays in review of these creatives."""
        known = self.stays
        return known[known["creative_id"].isin(frame["creative_id"])] if len(frame) < len(self.frame) else known

    def time_in_review(self, asked: Asked) -> estimates.Review:
        """What the stays of these creatives tell; estimated once, since with ten thousand that takes seconds."""
        kept = Asked(*asked.begun[:5])
        if kept not in self._estimated:
            self._estimated[kept] = estimates.time_in_review(self.stays_of(kept.keep(self.frame)))
        return self._estimated[kept]

    @property
    def notes(self) -> tuple[str, ...]:
        """How many creatives there are, and what the tables leave out or can't know."""
        there, doubled = on_site(self.frame), len(self.library.conflicts)
        bad = len(self.library.bad_lines) + len(self.library.doubtful_days)
        gone, odd = len(self.frame) - len(there), int((~there["by_convention"]).sum())
        contradict = f"{counted(doubled, 'ID')} with rows that contradict each other: each row is counted"
        unread = f"{counted(bad, 'line')} of the library can't be read: tjtools doctor lists them"
        return (
            f"{counted(len(there), 'creative')} on the site"
            + (f"; {gone:,} gone from it {'is' if gone == 1 else 'are'} not counted" if gone else ""),
            *[f"{counted(odd, 'name')} of these follow{'s' * (odd == 1)} no convention"] * bool(odd),
            *[contradict] * bool(doubled),
            *[unread] * bool(bad),
            *[f"The review history tells nothing: {self.trouble}"] * bool(self.trouble),
        )

    @property
    def review_notes(self) -> tuple[str, ...]:
        """The same, what the history holds, and what in it tells nothing of the time in review."""
        if self.trouble:
            return self.notes
        if self.rows.empty and not self.bad:
            return (*self.notes, NO_HISTORY)
        told = f"{counted(len(self.rows), 'row')} of review history: {counted(len(self.stays), 'stay')} in review,"
        known, lost = int(self.stays["start_known"].sum()), self.bad + len(self.rows) - len(self.observations)
        unread = f"{counted(lost, 'row')} of the history can't be read"
        return (*self.notes, f"{told} the start of {known:,} is known", *[unread] * bool(lost))


_MODULES = {"Path": "pathlib", "date": "datetime", "datetime": "datetime", "Library": "tjtools", "Workspace": "tjtools"}
_MODULES |= {"History": "tjtools.cache.history"}
_MODULES |= {one.__name__: one.__module__ for one in (load_runs, known_groups, repeats_of_rejected)}
_MODULES |= {
    name: one.__module__
    for module in (contents, estimates, frame, of_history)
    for name, one in vars(module).items()
    if isfunction(one)
}
_READ = """\
workspace = Workspace.find(cwd=Path.cwd())
library, history = Library.load(workspace.library), History.of(workspace)
frame = library_frame(library, history)
"""
_ROWS = "rows = observations(history.load()[0])\n"
_STAYS = "stays = reviews(rows, history.last_times())\n"
_KEPT = 'stays = stays[stays["creative_id"].isin(frame["creative_id"])]\n'


def python(call: str, asked: Asked = Asked()) -> str:  # noqa: B008 (it is frozen)
    """The files read and kept as asked, and this call, with the imports: to copy into a cell."""
    stays = "stays" in call
    body = _READ + _ROWS * (stays or "rows" in call) + _STAYS * stays + asked.code
    body += _KEPT * (stays and asked.code != "") + call
    named = sorted({(_MODULES[name], name) for name in re.findall(r"\b\w+(?=[(.])", body) if name in _MODULES})
    imports: dict[bool, list[str]] = {False: [], True: []}
    for module, names in groupby(named, key=itemgetter(0)):
        imports["tjtools" in module].append(f"from {module} import {', '.join(name for _, name in names)}")
    return "\n".join([*imports[False], "", *imports[True], "", body]) + "\n"
