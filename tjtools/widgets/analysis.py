"""The panels of the analysis: exhibits that follow what is asked, the look-up of names or IDs, how the reviews went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime
from threading import RLock
from typing import Any, ClassVar

import pandas as pd
from traitlets import Bool, Dict, HasTraits, Instance, Int, Unicode

from tjtools.analysis import findings
from tjtools.analysis.exhibits import LIBRARY, OUTCOMES, Collection, Exhibit, Shown
from tjtools.analysis.frame import DIMENSIONS, on_site
from tjtools.analysis.sources import Asked, Files
from tjtools.analysis.worklist import SLOW, Evidence, worklist
from tjtools.cache.history import Seen, acknowledge
from tjtools.cache.library import ANSWER_COLUMNS, Library, answer_rows, look_up, pasted
from tjtools.cache.near import made_of, near
from tjtools.cache.rows import fields_of
from tjtools.model.errors import TrackingFileError
from tjtools.model.words import counted
from tjtools.team import Trail, trail
from tjtools.widgets.panel import Panel, Task, python

LOOK = """\
library = Library.load(workspace.library)
answers = look_up(library, pasted(\"\"\"
clip.mp4
1032530571
\"\"\"))
list(answer_rows(answers)), near(library, answers), made_of(library, answers, workspace)
"""
CALL = python(
    LOOK,
    "tjtools import Library, Workspace",
    "tjtools.cache.library import answer_rows, look_up, pasted",
    "tjtools.cache.near import made_of, near",
)
PAGE = 10  # creatives of the worklist
MADE, LIKE, MOST_LIKE = "made of it", "like it", 25  # creatives that may have been meant by what is not there
TRAILS = 100  # creatives of which the look-up tells what was done


class Pane(HasTraits):
    """An exhibit and what it shows now; `stale` until it is asked for, `open` while it is on the screen."""

    exhibit = Instance(Exhibit)
    shown = Instance(Shown, ())
    stale, open = True, False


class Analysis(Panel):
    """A collection of exhibits over the tracking files; `panel["gaps"]` is what the exhibit of that name shows.

    Its traits are parts of `Asked`: each exhibit that is open is made again when one that it follows changes, the
    others when they are next asked for. `files` are read again when the panel comes back and one has changed.
    """

    looks: ClassVar[bool] = True
    collection: ClassVar[Collection]
    compared: ClassVar[tuple[Callable[..., object], ...]] = (Files.groups,)
    files = Instance(Files)
    section = Unicode()
    since = Instance(date, allow_none=True)
    until = Instance(date, allow_none=True)

    def set_up(self) -> None:
        self.panes, self._lock = {one.name: Pane(exhibit=one) for one in self.collection.exhibits}, RLock()
        self._as_read, self.files = self._on_disk(), Files(self.workspace, self.clock)
        self.observe(lambda change: self._ask_again(change["name"]), list(Asked._fields))

    def look(self, task: Task) -> None:
        """Compare what is known of the contents; read the files anew where one has changed."""
        there = self._on_disk()
        files = self.files if there == self._as_read else Files(self.workspace, self.clock)
        for compare in self.compared:
            with suppress(TrackingFileError):  # which the exhibit says
                compare(files, task.looked_at, task.cancelled)
        if files is not self.files:
            self._as_read, self.files = there, files
            self._ask_again()

    def come_back(self) -> None:
        with self.attempt():
            if self._on_disk() != self._as_read:
                self.task.start(self.look)

    def __getitem__(self, name: str) -> Shown:
        pane = self.panes[name]
        while pane.stale:
            files, asked = self.files, self.asked
            shown = pane.exhibit.shown(files, asked)
            with self._lock:
                pane.stale = files is not self.files or asked != self.asked  # something else is asked for by now
                if not pane.stale:
                    pane.shown = shown
        return pane.shown

    def open(self, names: Iterable[str]) -> list[Pane]:
        """Make these exhibits, and keep them up to date from now on."""
        panes = [self.panes[name] for name in names]
        for pane in panes:
            pane.open = True
            self[pane.exhibit.name]
        return panes

    @property
    def notes(self) -> tuple[str, ...]:
        """How many creatives there are, and what can't be told."""
        return self.collection.notes(self.files)

    @property
    def asked(self) -> Asked:
        """What the panel is asked for."""
        return self.collection.asked._replace(
            **{name: getattr(self, name) for name in Asked._fields if self.has_trait(name)}
        )

    @property
    def left_out(self) -> str:
        """Of how many creatives nobody knows the day, and what becomes of them; nothing where every day counts."""
        return ""

    @property
    def frame(self) -> Any:
        """The one frame for pandas."""
        return self.files.frame

    @property
    def kept(self) -> Any:
        """The creatives that the filter leaves of it."""
        return self.asked.keep(self.frame)

    def _on_disk(self) -> list[tuple[int, int]]:
        """Size and time of what the exhibits are made of."""
        of = self.workspace
        there = [one for one in (of.library, of.history, of.log, of.session, of.upload_logs) if one.exists()]
        return [(one.stat().st_size, one.stat().st_mtime_ns) for one in there]

    def _ask_again(self, changed: str = "") -> None:
        for name, pane in self.panes.items():
            if not changed or changed in pane.exhibit.follows:
                with self._lock:
                    pane.stale = True
                if pane.open:
                    self[name]


class LibraryAnalysis(Analysis):
    """Tables and charts of the library; `frame` is `library_frame`'s with the history, `kept` what the filter leaves.

    `since` and `until` keep what was added to the site in these days, `undated` also what is of unknown day. `by` is
    the dimension that the inventory counts by, `across` the one that the gap map sets against the category.
    """

    title: ClassVar[str] = LIBRARY.title
    collection: ClassVar[Collection] = LIBRARY
    undated = Bool(default_value=True)
    by = Unicode("section")
    across = Unicode("section")

    def told(self) -> Iterable[str]:
        if self.files.missing:
            return (self.files.missing,)
        counts = self["inventory"].frame
        pairs = zip(counts[self.by], counts["creatives"], strict=True)
        numbers = ", ".join(f"{value} {number:,}" for value, number in pairs)
        found = [self[name].finding for name in self.panes if name != "ages"]  # which changes with the day
        return (*self.notes, f"{DIMENSIONS[self.by]}: {numbers or 'none'}", *found)

    @property
    def left_out(self) -> str:
        there = on_site(Asked(self.section).keep(self.frame))
        unknown = 0 if self.asked.every_day else int(there["upload_date"].isna().sum())
        stays = "Kept too" if self.undated else "Left out"
        return f"{stays}: {counted(unknown, 'creative')} of unknown upload date" if unknown else ""


class ReviewOutcomes(Analysis):
    """What needs a look: `figures` are the creatives of each of `worklist.FIGURES`, of which those of `listed` are
    shown, a `page` at a time; and how the reviews went.

    `since` and `until` keep the creatives that were `uploaded` or `decided` (`day`) in these days; `by` splits the
    rates. `within` is the days from now by which what waits may be decided; changes are listed since `last_looked`.
    """

    title: ClassVar[str] = OUTCOMES.title
    collection: ClassVar[Collection] = OUTCOMES
    compared = (Files.groups, Files.repeats)
    figures = Dict()
    listed = Unicode("rejected")
    page = Int(1)
    day = Unicode("uploaded")
    by = Unicode("category")
    within = Int(7)
    last_looked = Instance(datetime, allow_none=True)
    _evidence: tuple[Files, Evidence] | None = None

    def set_up(self) -> None:
        super().set_up()
        [changes] = self.open(["changes"])
        changes.observe(lambda _change: self._list(), "shown")
        self._list()
        if not len(self.figures["rejected"]) and len(self.figures[SLOW]):
            self.listed = SLOW

    def _list(self) -> None:
        self.figures, self.page = worklist(self.files, self["changes"].frame), 1

    def choose(self, kind: str) -> None:
        """List the creatives of this figure."""
        self.page, self.listed = 1, kind

    def turn(self, by: int) -> None:
        """Go on or back by so many pages."""
        self.page = min(max(self.page + by, 1), self.pages)

    @property
    def pages(self) -> int:
        """How many pages the list has."""
        return max(1, -(-len(self.figures[self.listed]) // PAGE))

    @property
    def on_page(self) -> Any:
        """The creatives that are shown."""
        return self.figures[self.listed].iloc[(self.page - 1) * PAGE : self.page * PAGE]

    @property
    def evidence(self) -> Evidence:
        """What is known of the creatives' content."""
        files, evidence = self._evidence or (None, None)
        if evidence is None or files is not self.files:
            evidence = Evidence(self.files)
            self._evidence = self.files, evidence
        return evidence

    @property
    def stays(self) -> Any:
        """What the history tells of each stay in review, as `analysis.reviews.reviews` has it."""
        return self.files.stays

    def told(self) -> Iterable[str]:
        if self.files.missing:
            yield self.files.missing
            return
        table = self["approval_rates"].frame
        columns = (table[name] for name in (self.by, "approved", "decided", "pending"))
        changed = "" if self.files.rows.empty else findings.of_changes(self["changes"].frame, None)
        yield from (*self.notes, changed, self["approval_rates"].finding)
        for value, approved, decided, pending in zip(*columns, strict=True):
            yield f"- {value}: {approved:,} of {decided:,} decided, {pending:,} pending"
        yield from (self[name].finding for name in self.panes if name not in ("changes", "approval_rates", "pending"))
        yield f"{counted(len(self['pending'].frame), 'creative')} pending"

    def have_seen(self) -> None:
        """Remember that everything shown was seen: from now on, what comes later is new."""
        latest = self.files.observations["at"].max()
        seen = Seen(self.clock() if pd.isna(latest) else latest.to_pydatetime(), len(self.files.rows))
        with self.attempt():
            acknowledge(self.workspace, seen)
            self.files.seen = seen
            self.last_looked = seen.until

    @property
    def left_out(self) -> str:
        if self.asked.every_day:
            return ""
        unknown, decided = int(Asked(self.section).keep(self.frame)[self.day].isna().sum()), self.day == "decided"
        day, are = "decision" if decided else "upload", "is" if unknown == 1 else "are"
        more = " Times and what waits are of all days: those decided in some days are not all that waited then."
        return f"{counted(unknown, 'creative')} without a known day of {day} {are} left out.{more * decided}"


class LookUp(Panel):
    """`text` is what a person pastes, one name or ID a line; `ask` fills `answers`, with what is like those in vain."""

    title: ClassVar[str] = "Look up"
    call = Unicode(CALL)
    text = Unicode()
    answers = Instance(Shown)

    def set_up(self) -> None:
        self.library = Library.load(self.workspace.library)
        self.answers = Shown(pd.DataFrame(columns=list(ANSWER_COLUMNS), dtype="str"))

    def ask(self) -> None:
        """Look up what stands in `text`, in the library as it is now."""
        with self.attempt():
            self.library.refresh()
            found = look_up(self.library, pasted(self.text))
            hints, made = near(self.library, found), made_of(self.library, found, self.workspace)
            rows = list[tuple[str, ...]]()
            for one in found:
                asked = one[0]
                more = ((MADE, made.get(asked, ())), (LIKE, hints.get(asked, ())[:MOST_LIKE]))
                rows += answer_rows([one])
                rows += ((asked, what, *fields_of(each)) for what, each_of_it in more for each in each_of_it)
            table = pd.DataFrame(rows, columns=list(ANSWER_COLUMNS), dtype="str")
            there = sum(bool(one.there) for _, one in found)
            unclear = sum(one.is_unclear for _, one in found)
            missing = sum(not one.there and not one.is_unclear for _, one in found)
            told = [f"{counted(len(found), 'line')} asked: {there:,} in the library, {missing:,} not"]
            told += [f"{unclear:,} unclear"] if unclear else []
            every = sum(map(len, hints.values()))
            if every > (shown := sum(what == LIKE for _, what, *_ in rows)):
                told.append(f"{every:,} are like {'it' if missing == 1 else 'them'}, {shown:,} of them shown")
            self.answers = Shown(table, "; ".join(told))

    @property
    def ids(self) -> str:
        """The Creative IDs of what is there, one a line, each once."""
        frame = self.answers.frame
        return "\n".join(frame.loc[frame["answer"] == "already there", "creative_id"].unique())

    @property
    def trail(self) -> Trail:
        """What was done to the creatives that were found, `TRAILS` of them at most."""
        return trail(self.workspace, self.ids.split()[:TRAILS])

    def told(self) -> Iterable[str]:
        if self.answers.frame.empty:
            return (f"Nothing asked yet; the library holds {counted(len(self.library), 'creative')}",)
        counts = Counter(self.answers.frame["answer"])
        return (self.answers.finding, *(f"{number:,} × {answer}" for answer, number in counts.items()))

    def press(self) -> None:
        names, ids = [one.filename for one in self.library], [one.creative_id for one in self.library]
        self.text = "\n".join([*names[:1], *ids[1:2], "no such"])
        self.ask()
