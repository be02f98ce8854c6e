"""What the library holds: the model of the analysis's first panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pkgutil import resolve_name
from typing import ClassVar

import pandas as pd
from traitlets import Bool, Instance, Unicode

from tjtools.analysis import findings
from tjtools.analysis import library_findings as told
from tjtools.analysis.ages import ages, median_age, of_age
from tjtools.analysis.behind import behind
from tjtools.analysis.copies import copies
from tjtools.analysis.frame import DIMENSIONS, added_between, library_frame, on_site, values_of, with_history
from tjtools.analysis.inventory import added_in, gap_map, inventory, period_of, uploads
from tjtools.analysis.pairs import behind_pair, native_pairs
from tjtools.analysis.runs import files_of, runs_table
from tjtools.analysis.suggestions import suggested_names
from tjtools.cache.history import History
from tjtools.cache.inventory import inventory_frame
from tjtools.cache.library import Library
from tjtools.diff.duplicates import known_groups
from tjtools.model.errors import TrackingFileError
from tjtools.model.words import counted
from tjtools.upload.status_csv import load_runs
from tjtools.widgets.exhibit import Draw, Exhibit
from tjtools.widgets.library_code import Filter, python
from tjtools.widgets.panel import Panel, now
from tjtools.workspace.folder import Workspace

ACROSS = ("section", "language")
QUICK, QUICK_BYTES = 200_000, 100_000_000  # creatives, bytes of history: beyond, what takes long waits to be asked for
_PUT_OFF = "This takes some seconds in a library of this size: it is reckoned when you ask for it"
_PAIRS = "Of the whole library, whatever is kept above: the halves of a pair stand in two sections."
_RUNS = "Those that started in the days above, and what they uploaded, as it stands in the library now."
_NAMES = (
    "Suggested from the inventory's row of the Creative ID or of the name, else from the name itself where only blanks"
    " and capitals are wrong; {Part} stands for what nobody knows. Nothing is renamed."
)
_COPIES = (
    "One creative of each group is kept: the best by its review, then the oldest. What went into the others are the"
    " reviews that the history saw, and at least one for each that was reviewed. The same content and the same looks"
    " are found among what tjtools uploaded, and what has a local copy that was looked at."
)


class LibraryAnalysis(Panel):
    """Tables and charts of the library; `frame` is `library_frame`'s with the history, `kept` what the filter leaves.

    `section` keeps the creatives of one section (`""`: all), `since` and `until` those added to the site in these days,
    `undated` also those of unknown day; `left_out` says of how many nobody knows it. `by` is the dimension that the
    inventory counts by, `across` the one that the gap map sets against the category.
    """

    title: ClassVar[str] = "The library"
    section = Unicode()
    since = Instance(date, allow_none=True)
    until = Instance(date, allow_none=True)
    undated = Bool(default_value=True)
    left_out = Unicode()
    by = Unicode("section")
    across = Unicode("section")

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self.library, self._history = Library.load(workspace.library), History.of(workspace)
        self._frame = self.kept = library_frame(self.library)
        self._joined = False
        self.notes = notes_on(self.library, self._frame)
        self.inventory = Exhibit("What is there", "inventory.csv", "values")
        self.gaps = Exhibit("Where is a gap?", "gaps.csv", "pairs", "Live: approved, and on the site.")
        self.pairs = Exhibit("Native pairs", "native_pairs.csv", "pairs", _PAIRS)
        self.uploads = Exhibit("When it was added", "uploads.csv", "periods and sections")
        self.ages = Exhibit("How old it is", "ages.csv", "classes of age")
        self.runs = Exhibit("What was uploaded in which run", "runs.csv", "runs and sections", _RUNS)
        self.copies = Exhibit("What is there twice", "copies.csv", "creatives", _COPIES)
        self.names = Exhibit("Names that break the convention", "names.csv", "creatives", _NAMES)
        self._late = {
            self.ages: self._show_ages,
            self.runs: self._show_runs,
            self.copies: self._show_copies,
            self.names: self._show_names,
        }
        for exhibit, make in self._late.items():
            exhibit.put_off(_PUT_OFF, lambda exhibit=exhibit, make=make: self._make(exhibit, make))  # type: ignore[misc]
        self._show_pairs()
        self._filter()
        if self._quick:
            self.press()
        self.observe(lambda _change: self._filter(), ["section", "since", "until", "undated"])
        self.observe(lambda _change: self._show_inventory(), "by")
        self.observe(lambda _change: self._show_gaps(), "across")

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """All that the panel shows, in its order."""
        return (self.inventory, self.gaps, self.pairs, self.uploads, *self._late)

    @property
    def frame(self) -> pd.DataFrame:
        """The one frame for pandas, joined with the history when it is first asked for; raises as `library_frame`."""
        if not self._joined:
            self._frame = with_history(self._frame, self._history)
            self._joined = True
        return self._frame

    @property
    def filter(self) -> Filter:
        """What is kept."""
        return Filter(self.section, self.since, self.until, self.undated)

    @property
    def summary(self) -> str:
        counts = self.inventory.frame
        numbers = ", ".join(
            f"{value} {number:,}" for value, number in zip(counts[self.by], counts["creatives"], strict=True)
        )
        found = [one.finding for one in self.exhibits if one is not self.ages]  # which changes with the day
        return "\n".join((*self.notes, f"{DIMENSIONS[self.by]}: {numbers or 'none'}", *found))

    def press(self) -> None:
        """Ask for everything that was put off."""
        for exhibit in self._late:
            exhibit.ask()

    @property
    def _quick(self) -> bool:
        path = self._history.path
        return len(self._frame) <= QUICK and (path.stat().st_size if path.exists() else 0) <= QUICK_BYTES

    def _make(self, exhibit: Exhibit, make: Callable[[], None]) -> None:
        """Make a table out of other files than the library; where one can't be read, that is what it says."""
        try:
            make()
        except TrackingFileError as error:
            exhibit.put(pd.DataFrame(), f"This can't be told. {error}", None)

    def _filter(self) -> None:
        frame = self._frame[self._frame["section"] == self.section] if self.section else self._frame
        self.kept = added_between(frame, self.since, self.until, undated=self.undated)
        unknown = int(on_site(frame)["upload_date"].isna().sum()) if self.since or self.until else 0
        stays = "Kept too" if self.undated else "Left out"
        self.left_out = f"{stays}: {counted(unknown, 'creative')} of unknown upload date" if unknown else ""
        for show in (self._show_inventory, self._show_gaps, self._show_uploads):
            show()
        for exhibit, make in self._late.items():
            if not exhibit.waits:
                self._make(exhibit, make)

    def _show_inventory(self) -> None:
        table, by, frame = inventory(self.kept, self.by), self.by, self.kept
        code = self._python(f"inventory(frame, {by!r})", "inventory import inventory")
        self.inventory.put(
            table,
            findings.of_inventory(table, by),
            _draw("charts:inventory_chart", table, by),
            code,
            lambda place: behind(frame, by, table[by].iloc[place]),
        )

    def _show_gaps(self) -> None:
        frame, across = self.kept, self.across
        table = gap_map(frame, columns=across)
        if self.section and across == "section":
            table = table[table["section"] == self.section].reset_index(drop=True)
        outside = len(on_site(frame)) - int(table[["live", "pending", "rejected", "unknown"]].to_numpy().sum())

        def creatives(place: int) -> pd.DataFrame:
            one = table.iloc[place]
            return behind(frame[values_of(frame, across) == one[across]], "category", one["category"])

        found = findings.of_gaps(table, columns=across, outside=outside)
        code = self._python(f"gap_map(frame, columns={across!r})", "inventory import gap_map")
        self.gaps.put(table, found, _draw("charts:gap_chart", table, "category", across), code, creatives)

    def _show_pairs(self) -> None:
        """Of the whole library: the halves of a pair stand in two sections, and come on two days."""
        frame = self._frame
        pairs = native_pairs(frame)
        code = python("native_pairs(frame)", "from tjtools.analysis.pairs import native_pairs")
        drawn = _draw("charts:pairs_chart", pairs)
        self.pairs.put(pairs, findings.of_pairs(pairs), drawn, code, lambda at: behind_pair(frame, pairs.iloc[at]))

    def _show_uploads(self) -> None:
        frame, every = self.kept, period_of(self.kept)
        table = uploads(frame, every)
        unknown = int(on_site(frame)["upload_date"].isna().sum())

        def creatives(place: int) -> pd.DataFrame:
            one = table.iloc[place]
            return added_in(frame, one["period"], one["section"], every)

        code = self._python(f"uploads(frame, {every!r})", "inventory import uploads")
        drawn = _draw("library_charts:uploads_chart", table, every)
        self.uploads.put(table, findings.of_uploads(table, every, unknown), drawn, code, creatives)

    def _show_ages(self) -> None:
        frame, today = self._kept_with_history(), self.clock()
        table = ages(frame, today)
        drawn = _draw("library_charts:ages_chart", table) if table["creatives"].any() else None
        code = self._python("ages(frame, datetime.now().astimezone())", "ages import ages", "datetime import datetime")
        found = told.of_ages(table, median_age(frame, today))
        self.ages.put(table, found, drawn, code, lambda place: of_age(frame, today, table["age"].iloc[place]))

    def _show_runs(self) -> None:
        log, frame = load_runs(self.workspace), self._frame
        rows = log.rows[log.rows["section"] == self.section] if self.section else log.rows
        rows = rows[rows["run"] >= pd.Timestamp(self.since)] if self.since else rows
        rows = rows[rows["run"] < pd.Timestamp(self.until) + pd.Timedelta(days=1)] if self.until else rows
        table = runs_table(rows, frame)
        found = told.of_runs(table) + "".join(f"; can't be read: {one}" for one in log.problems[:3])
        handed = bool(table[["success", "duplicate", "failed", "unknown_id"]].to_numpy().sum())
        code = self._python(
            "runs_table(load_runs(workspace).rows, frame)",
            "runs import runs_table",
            "tjtools.upload.status_csv import load_runs",
        )

        def files(place: int) -> pd.DataFrame:
            return files_of(rows, frame, table["run"].iloc[place], table["section"].iloc[place])

        self.runs.put(table, found, _draw("library_charts:runs_chart", table) if handed else None, code, files)

    def _show_copies(self) -> None:
        by_content, known = known_groups(self.workspace, self.library)
        table = copies(self._kept_with_history(), by_content)
        code = self._python("copies(frame, by_content)", "copies import copies", *_CONTENT, before=_BY_CONTENT)
        self.copies.put(table, told.of_copies(table, known), _draw("library_charts:copies_chart", table), code)

    def _show_names(self) -> None:
        table = suggested_names(self.kept, inventory_frame(self.workspace))
        code = self._python(
            "suggested_names(frame, inventory_frame(workspace))",
            "suggestions import suggested_names",
            "tjtools.cache.inventory import inventory_frame",
        )
        found = told.of_names(table, len(on_site(self.kept)))
        self.names.put(table, found, _draw("library_charts:names_chart", table), code)

    def _kept_with_history(self) -> pd.DataFrame:
        frame = self.frame
        return frame if len(self.kept) == len(frame) else frame.loc[self.kept.index]

    def _python(self, call: str, *imported: str, before: str = "") -> str:
        whole = ("datetime", "tjtools")
        lines = [f"from {'' if one.startswith(whole) else 'tjtools.analysis.'}{one}" for one in imported]
        return python(call, *lines, kept=self.filter, before=before)


_CONTENT = ("tjtools.diff.duplicates import known_groups",)
_BY_CONTENT = "by_content, known = known_groups(workspace, library)\n"


def _draw(chart: str, table: pd.DataFrame, *more: object) -> Draw | None:
    """Draws a chart of `tjtools.analysis`, named `module:function`, of these and a title; None without a row."""

    def draw(title: str):  # type: ignore[no-untyped-def]
        return resolve_name(f"tjtools.analysis.{chart}")(table, *more, title)  # altair takes a second to import

    return draw if len(table) else None


def notes_on(library: Library, frame: pd.DataFrame) -> tuple[str, ...]:
    """How many creatives there are, and what the tables leave out or can't know."""
    there = on_site(frame)
    gone = len(frame) - len(there)
    doubled = len(library.conflicts)
    notes = [
        f"{counted(len(there), 'creative')} on the site" + (f"; {gone:,} gone from it are not counted" if gone else ""),
        f"{counted(int((~there['by_convention']).sum()), 'name')} of these follow no convention",
    ]
    notes += [f"{counted(doubled, 'ID')} with rows that contradict each other: each row is counted"] if doubled else []
    bad = len(library.bad_lines) + len(library.doubtful_days)
    notes += [f"{counted(bad, 'line')} of the library can't be read: tjtools doctor lists them"] if bad else []
    return tuple(notes)
