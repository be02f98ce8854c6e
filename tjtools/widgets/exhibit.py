"""A table with what it says: the finding in words, a chart, the rows behind it, and the Python that makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
from traitlets import HasTraits, Int, Unicode

from tjtools.csvfile import neutralise
from tjtools.csvtext import line_of
from tjtools.widgets.table import Table

if TYPE_CHECKING:
    import altair as alt

Draw = Callable[[str], "alt.TopLevelMixin"]
_PERCENT = ("share", "rate", "low", "high", "if_rejected", "if_approved", "chance")
_LONGEST_COPY = 5_000  # rows; longer tables are saved as a file


class Exhibit(HasTraits):
    """One table and its chart; `filename` is what its CSV is called, `what` its rows are.

    `finding` says in a sentence what the table shows, `code` makes the table; `draw`, if there is something to draw,
    makes the chart of that title. `version` rises when `put` gave it another table.
    """

    finding = Unicode()
    code = Unicode()
    version = Int()

    def __init__(self, heading: str, filename: str, what: str, explained: str = "") -> None:
        super().__init__()
        self.heading, self.filename, self.explained = heading, filename, explained
        self.frame = pd.DataFrame()
        self.draw: Draw | None = None
        self._what = what
        self._table: Table | None = None

    def put(self, frame: pd.DataFrame, finding: str, draw: Draw | None, code: str = "") -> None:
        """Show another table."""
        self.frame, self.finding, self.draw, self.code = frame, finding, draw, code
        self._table = None
        self.version += 1

    @property
    def table(self) -> Table:
        """The rows for the screen, made when they are asked for: most tables stay folded."""
        if self._table is None:
            self._table = Table(readable(self.frame), what=self._what)
        return self._table

    @property
    def csv(self) -> str:
        """The whole table, safe to open in a spreadsheet."""
        rows = [list(map(str, self.frame.columns)), *texts(self.frame)]
        return "".join(line_of([neutralise(cell) for cell in row]) for row in rows)

    @property
    def copied(self) -> str:
        """The table as a spreadsheet takes it from the clipboard; `""` where it is too long for that."""
        if len(self.frame) > _LONGEST_COPY:
            return ""
        rows = [list(map(str, self.frame.columns)), *texts(self.frame)]
        return "\n".join("\t".join(neutralise(" ".join(cell.split())) for cell in row) for row in rows)


def texts(frame: pd.DataFrame) -> list[list[str]]:
    """The cells as text, row by row; what is missing is empty."""
    shown = frame.astype(object).where(frame.notna(), "")
    return [[str(cell) for cell in row] for row in shown.itertuples(index=False)]


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for the screen: shares in per cent, one decimal, days without a time, nothing where all is unknown."""
    shown = pd.DataFrame(index=frame.index)
    for name, column in frame.items():
        if name in _PERCENT:
            shown[f"{_words(name)}, %"] = (column * 100).round(1)
        elif pd.api.types.is_datetime64_any_dtype(column):
            shown[_words(name)] = column.dt.strftime("%Y-%m-%d").fillna("")
        elif pd.api.types.is_float_dtype(column):
            shown[_words(name)] = column.round(1)
        elif pd.api.types.is_numeric_dtype(column):
            shown[_words(name)] = column
        else:
            shown[_words(name)] = column.astype(object).where(column.notna(), "")
    return shown


def _words(name: object) -> str:
    return str(name).replace("_", " ")
