"""A table of any length, of which only a bounded part travels to the browser; finding and sorting see all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as w
from traitlets import Bool, HasTraits, Int, Unicode

from tjtools.widgets.markup import Markup, node
from tjtools.widgets.view import column, follow, row

if TYPE_CHECKING:
    import pandas as pd

MOST = 200  # rows on the screen


class Table(HasTraits):
    """The model of a table over a frame, of which every cell is shown as text.

    `find` keeps the rows in which some column holds all its words, in any case; `sort` names a column, `""` is the
    frame's own order. `matching` counts the rows found, `shown` is the frame of the first `most` of them.
    """

    find = Unicode()
    sort = Unicode()
    descending = Bool()
    matching = Int()
    version = Int()  # rises when `shown` has changed

    def __init__(self, frame: pd.DataFrame, *, what: str = "rows", most: int = MOST) -> None:
        super().__init__()
        self.what = what
        self.most = most
        self.frame = self.shown = frame
        self.observe(lambda _change: self._update(), ["find", "sort", "descending"])
        self.put(frame)

    def put(self, frame: pd.DataFrame) -> None:
        """Take another frame."""
        self.frame = frame
        text = frame.astype(str)
        joined = text.iloc[:, 0] if len(text.columns) else text.sum(axis=1)
        for name in text.columns[1:]:
            joined = joined + "\n" + text[name]
        self._words = joined.str.casefold()
        self._update()

    @property
    def counted(self) -> str:
        """`n of N`, in words."""
        seen = f"{len(self.shown):,} of {len(self.frame):,} {self.what}"
        hidden = self.matching - len(self.shown)
        return f"{seen}; {hidden:,} more match: find fewer" if hidden else seen

    def _update(self) -> None:
        found, words = self.frame, self.find.casefold().split()
        for word in words:
            found = found[self._words.loc[found.index].str.contains(word, regex=False)]
        if self.sort in found.columns:
            found = found.sort_values(self.sort, ascending=not self.descending, kind="stable")
        self.matching, self.shown = len(found), found.head(self.most)
        self.version += 1


def table_view(table: Table) -> w.Widget:
    """A search field, the order, `n of N`, and the rows."""
    find = w.Text(placeholder="Find in all columns", layout=w.Layout(width="18em"), continuous_update=False)
    sort = w.Dropdown(options=[("As in the file", ""), *((str(one), str(one)) for one in table.frame.columns)])
    sort.layout.width = "12em"
    down = w.ToggleButton(description="↓ descending", layout=w.Layout(width="auto"))
    w.link((table, "find"), (find, "value"))
    w.link((table, "sort"), (sort, "value"))
    w.link((table, "descending"), (down, "value"))
    counted = Markup()
    follow(table, "version", lambda: counted.show(node("span", table.counted, role="status", css="tj-count")))
    return column(row(find, Markup("Order"), sort, down, counted), rows_view(table))


def rows_view(table: Table) -> w.Widget:
    """The rows alone."""
    from itables.widget import ITable

    # all rows that are sent are shown; order and search are ours: those of the browser would see these rows only
    rows = ITable(
        table.shown.reset_index(drop=True),
        maxBytes=0,
        maxRows=0,
        showIndex=False,
        paging=False,
        ordering=False,
        scrollY="26em",
        scrollCollapse=True,
        classes="display compact tj-rows",
        style="width:100%",
        columnDefs=_wrapping(table),
        layout=_BARE,
    )

    def show() -> None:
        rows.update(table.shown.reset_index(drop=True), columnDefs=_wrapping(table), layout=_BARE)

    table.observe(lambda _change: show(), "version")
    return rows


def _wrapping(table: Table) -> list[dict[str, str | list[int]]]:
    """Long texts break anywhere, so that every column is seen; short ones stay whole."""
    longest = [table.shown[name].astype(str).str.len().max() for name in table.shown.columns]
    return [{"targets": [at for at, length in enumerate(longest) if length > _LONG], "className": "tj-long"}]


_LONG = 24  # characters
_BARE = dict.fromkeys(("topStart", "topEnd", "bottomStart", "bottomEnd"))
