"""What the library holds: the model of the analysis's first panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import ClassVar

import pandas as pd
from traitlets import Unicode

from tjtools.analysis import findings
from tjtools.analysis.frame import DIMENSIONS, library_frame, on_site
from tjtools.analysis.inventory import gap_map, inventory, names_without_convention, uploads
from tjtools.analysis.pairs import native_pairs
from tjtools.cache import Library
from tjtools.widgets.exhibit import Exhibit
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.words import counted
from tjtools.workspace import Workspace

LOAD = """\
from pathlib import Path

from tjtools import Library, Workspace
from tjtools.analysis.frame import library_frame

frame = library_frame(Library.load(Workspace.find(cwd=Path.cwd()).library))
"""


class LibraryAnalysis(Panel):
    """Tables and charts of the library: `frame` is `library_frame`'s, `kept` what the filter leaves of it.

    `section` keeps the creatives of one section (`""`: all), `by` is the dimension that the inventory counts by.
    """

    title: ClassVar[str] = "The library"
    section = Unicode()
    by = Unicode("section")

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        library = Library.load(workspace.library)
        self.frame = self.kept = library_frame(library)
        self.notes = notes_on(library, self.frame)
        self.inventory = Exhibit("What is there", "inventory.csv", "values")
        self.gaps = Exhibit("Where is a gap?", "gaps.csv", "pairs", "Live: approved, and on the site.")
        self.pairs = Exhibit("Native pairs", "native_pairs.csv", "pairs")
        self.uploads = Exhibit("When it was added", "uploads_by_month.csv", "months and sections")
        self.names = Exhibit("Names that follow no convention", "names.csv", "creatives")
        self.observe(lambda _change: self._filter(), "section")
        self.observe(lambda _change: self._count(), "by")
        self._filter()

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """All that the panel shows, in its order."""
        return self.inventory, self.gaps, self.pairs, self.uploads, self.names

    @property
    def summary(self) -> str:
        counts = self.inventory.frame
        told = ", ".join(
            f"{value} {number:,}" for value, number in zip(counts[self.by], counts["creatives"], strict=True)
        )
        return "\n".join((*self.notes, f"{DIMENSIONS[self.by]}: {told}", *(one.finding for one in self.exhibits)))

    def _filter(self) -> None:
        self.kept = self.frame[self.frame["section"] == self.section] if self.section else self.frame
        self._count()
        gaps = gap_map(self.kept)
        gaps = gaps[gaps["section"] == self.section] if self.section else gaps
        self._put(self.gaps, gaps, findings.of_gaps(gaps), "gap_chart", "inventory import gap_map", "gap_map(frame)")
        pairs = native_pairs(self.frame)
        drawn = partial(_draw, "pairs_chart", pairs) if len(pairs) else None
        code = _code("pairs import native_pairs", "native_pairs(frame)")
        self.pairs.put(pairs, findings.of_pairs(pairs), drawn, code)
        months, unknown = uploads(self.kept), int(on_site(self.kept)["upload_date"].isna().sum())
        found = findings.of_uploads(months, unknown)
        self._put(self.uploads, months, found, "uploads_chart", "inventory import uploads", "uploads(frame)")
        names = names_without_convention(self.kept)
        said = f"{len(names):,} of {counted(len(on_site(self.kept)), 'name')} tell no category, language or creator"
        code = _code("inventory import names_without_convention", "names_without_convention(frame)", self.section)
        self.names.put(names, said, None, code)

    def _count(self) -> None:
        table, by = inventory(self.kept, self.by), self.by
        found = findings.of_inventory(table, by)
        self._put(
            self.inventory,
            table,
            found,
            "inventory_chart",
            "inventory import inventory",
            f'inventory(frame, "{by}")',
            by,
        )

    def _put(
        self, exhibit: Exhibit, table: pd.DataFrame, finding: str, chart: str, imported: str, call: str, *by: str
    ) -> None:
        draw = partial(_draw, chart, table, *by) if len(table) else None
        exhibit.put(table, finding, draw, _code(imported, call, self.section))


def _draw(chart: str, table: pd.DataFrame, *more: str):  # type: ignore[no-untyped-def]
    from tjtools.analysis import charts  # altair takes a second to import: only when something is drawn

    return getattr(charts, chart)(table, *more)


def _code(imported: str, call: str, section: str = "") -> str:
    kept = f'frame = frame[frame["section"] == "{section}"]\n' if section else ""
    return LOAD.replace("\nframe", f"from tjtools.analysis.{imported}\n\nframe", 1) + kept + call + "\n"


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
    bad = len(library.bad_lines)
    notes += [f"{counted(bad, 'line')} of the library can't be read: tjtools doctor lists them"] if bad else []
    return tuple(notes)
