"""A table with what it says: the finding in words, a chart, the rows behind it, and the Python that makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
from traitlets import HasTraits, Int, Unicode

from tjtools.widgets.table import MOST, Table
from tjtools.workspace.csvfile import neutralise
from tjtools.workspace.csvtext import line_of

if TYPE_CHECKING:
    import altair as alt

Draw = Callable[[str], "alt.TopLevelMixin"]
Behind = Callable[[int], pd.DataFrame]  # the rows that the table's row of this place was reckoned from
_PERCENT = ("share", "rate", "rest_rate", "low", "high", "if_rejected", "if_approved", "chance", "closeness")
_LONGEST_COPY = 5_000  # rows; longer tables are saved as a file


class Exhibit(HasTraits):
    """One table and its chart; `filename` is what its CSV is called, `what` its rows are.

    `finding` says in a sentence what the table shows, `code` makes the table; `draw`, if there is something to draw,
    makes the chart of that title; `behind` gives the rows that a row of the table was reckoned from. `version` rises
    when `put` gave it another table. What takes long is `put_off` until somebody asks for it; `waits` is true so long.
    """

    finding = Unicode()
    code = Unicode()
    version = Int()

    def __init__(self, heading: str, filename: str, what: str, explained: str = "") -> None:
        super().__init__()
        self.heading, self.filename, self.explained, self.what = heading, filename, explained, what
        self.frame = pd.DataFrame()
        self.draw: Draw | None = None
        self.behind: Behind | None = None
        self._table: Table | None = None
        self._make: Callable[[], None] | None = None

    def put(
        self, frame: pd.DataFrame, finding: str, draw: Draw | None, code: str = "", behind: Behind | None = None
    ) -> None:
        """Show another table."""
        self.frame, self.finding, self.draw, self.code, self.behind = frame, finding, draw, code, behind
        self._table = self._make = None
        self.version += 1

    def put_off(self, why: str, make: Callable[[], None]) -> None:
        """Say `why` there is no table yet; `make` is called when it is asked for, and puts it."""
        self.put(pd.DataFrame(), why, None)
        self._make = make
        self.version += 1

    @property
    def waits(self) -> bool:
        """Whether the table was put off, and nobody has asked for it."""
        return self._make is not None

    def ask(self) -> None:
        """Make a table that was put off."""
        if self._make:
            self._make()

    @property
    def table(self) -> Table:
        """The rows for the screen, made when they are asked for: most tables stay folded."""
        if self._table is None:
            self._table = Table(readable(self.frame), what=self.what)
        return self._table

    @property
    def rows(self) -> list[str]:
        """What each row of the table is of, in words; only as many as fit a list to choose from."""
        if self.behind is None:
            return []
        shown = readable(self.frame.head(MOST))
        words = shown.loc[:, ~shown.apply(pd.api.types.is_numeric_dtype)].iloc[:, :2]
        if words.columns.empty:
            return [f"{shown.columns[0]}: {value:,.4g}" for value in self.frame.iloc[:MOST, 0]]
        return [": ".join(map(str, row)) for row in words.itertuples(index=False)]

    @property
    def csv(self) -> str:
        """The whole table, safe to open in a spreadsheet."""
        rows = [list(map(str, self.frame.columns)), *texts(self.frame)]
        return "".join(line_of([neutralise(cell) for cell in row]) for row in rows)

    @property
    def png(self) -> bytes:
        """The chart as a picture with its finding above it, on white, at twice the size of the screen's."""
        import vl_convert

        if self.draw is None:
            return b""
        spec = self.draw(self.finding).to_dict() | {"background": "white", "padding": 12}
        drawn: bytes = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
        return drawn

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
    """A table for the screen: shares in per cent, one decimal, days without a time, `yes`, nothing where unknown."""
    shown = pd.DataFrame(index=frame.index)
    for name, column in frame.items():
        if name in _PERCENT:
            shown[f"{_words(name)}, %"] = (column * 100).round(1)
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            shown[f"{_words(name)}, {column.dtype.tz}"] = column.dt.strftime("%Y-%m-%d %H:%M").fillna("")
        elif pd.api.types.is_datetime64_any_dtype(column):
            days = (column.dropna() == column.dropna().dt.normalize()).all()
            shown[_words(name)] = column.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M").fillna("")
        elif pd.api.types.is_bool_dtype(column):
            shown[_words(name)] = column.map({True: "yes", False: ""})
        elif pd.api.types.is_float_dtype(column):
            shown[_words(name)] = column.round(1).replace(float("inf"), float("nan"))
        elif pd.api.types.is_numeric_dtype(column):
            shown[_words(name)] = column
        else:
            shown[_words(name)] = column.astype(object).where(column.notna(), "")
    return shown


def _words(name: object) -> str:
    return str(name).replace("_", " ")
