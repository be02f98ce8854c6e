"""A table on the screen, with search, sort and pages in the browser; of a very long one, a bounded part goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as w
from traitlets import HasTraits, Int

from tjtools.widgets.markup import Markup, node
from tjtools.widgets.view import column, follow

if TYPE_CHECKING:
    import pandas as pd

MOST = 10_000  # rows in the browser
_LONG = 24  # characters
_PAGE = 25  # rows


class Table(HasTraits):
    """The model of a table over a frame; `shown` are the rows in the browser, `version` rises when there are others."""

    version = Int()

    def __init__(self, frame: pd.DataFrame, *, what: str = "rows", most: int = MOST) -> None:
        super().__init__()
        self.what, self.most = what, most
        self.put(frame)

    def put(self, frame: pd.DataFrame) -> None:
        """Take another frame."""
        self.frame, self.shown = frame, frame.head(self.most).reset_index(drop=True)
        self.version += 1

    @property
    def counted(self) -> str:
        """How many rows there are, and how many of them are shown, if not all."""
        first = f"the first {len(self.shown):,} of " if len(self.shown) < len(self.frame) else ""
        return f"{first}{len(self.frame):,} {self.what}"


def table_view(table: Table) -> w.Widget:
    """How many there are, and the rows."""
    counted = Markup()
    follow(table, "version", lambda: counted.show(node("span", table.counted, role="status", css="tj-count")))
    return column(counted, rows_view(table))


def rows_view(table: Table) -> w.Widget:
    """The rows alone, in the frame's order at first."""
    from itables.widget import ITable

    rows = ITable(
        table.shown,
        maxBytes=0,
        maxRows=0,
        showIndex=False,
        order=[],
        pageLength=_PAGE,
        scrollY="26em",
        scrollCollapse=True,
        classes="display compact tj-rows",
        style="width:100%",
        columnDefs=_wrapping(table),
        layout=_around(table),
    )

    def show() -> None:
        rows.update(table.shown, columnDefs=_wrapping(table), layout=_around(table))

    table.observe(lambda _change: show(), "version")
    return rows


def _around(table: Table) -> dict[str, str | None]:
    """What stands around the rows: nothing to turn pages where all of them are on one."""
    pages: dict[str, str | None] = {"topEnd": "info", "bottomStart": "pageLength", "bottomEnd": "paging"}
    return {"topStart": "search"} | (pages if len(table.shown) > _PAGE else dict.fromkeys(pages))


def _wrapping(table: Table) -> list[dict[str, str | list[int]]]:
    """Long texts break anywhere, so that every column is seen; short ones stay whole."""
    longest = [table.shown[name].astype(str).str.len().max() for name in table.shown.columns]
    return [{"targets": [at for at, length in enumerate(longest) if length > _LONG], "className": "tj-long"}]
