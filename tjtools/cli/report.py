"""`tjtools report`: what the notebooks of the analysis show, as one page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tjtools.cli.console import OK, JsonOption, WorkspaceOption, bar, find_workspace, now, out
from tjtools.cli.shapes import print_json

if TYPE_CHECKING:
    import altair as alt

    from tjtools.widgets.exhibit import Exhibit
    from tjtools.widgets.library import LibraryAnalysis
    from tjtools.widgets.outcomes import ReviewOutcomes
    from tjtools.workspace.folder import Workspace

NAME = "tjtools-report.html"
LONG = 24  # characters of a cell that may break
FEW = 12  # rows of a table that is shown unfolded
MOST, MOST_SAVED = 200, 5_000  # rows on the page, and in a CSV that is part of it


def report(
    out_file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write it; a file that is there is replaced.")
    ] = Path(NAME),
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one page with everything of the notebooks 04 and 05: findings, charts, tables. Offline.

    It needs nothing beside it and no network. Exit codes: 0 written, 2 error.
    """
    from tjtools.model.errors import translated
    from tjtools.widgets.library import LibraryAnalysis
    from tjtools.widgets.outcomes import ReviewOutcomes

    place = find_workspace(workspace)
    with bar("Reckoning", None):
        text = page(place, (LibraryAnalysis(place), ReviewOutcomes(place)), now())
    with translated(out_file, "written"):
        out_file.write_bytes(text.encode("utf-8", "backslashreplace"))  # a file's name need not be proper text
    if as_json:
        print_json({"written": str(out_file), "bytes": out_file.stat().st_size})
    else:
        out.print(f"Written: {out_file}", markup=False)
    raise typer.Exit(OK)


class Shown(NamedTuple):
    """An exhibit as the page shows it: `chart` is drawn, `rows` are those on the page, `csv` is its file or `""`."""

    anchor: str
    exhibit: Exhibit
    chart: str
    columns: tuple[tuple[str, bool], ...]  # each with whether it holds numbers
    rows: list[list[str]]
    csv: str

    @property
    def total(self) -> int:
        """How many rows the table has."""
        return len(self.exhibit.frame)


def page(workspace: Workspace, panels: tuple[LibraryAnalysis | ReviewOutcomes, ...], made: datetime) -> str:
    """The panels' exhibits as one page of HTML; every text of files or site shows as text."""
    from importlib.metadata import version
    from importlib.resources import files

    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("tjtools.cli").joinpath("report.html").read_text("utf-8")
    )
    for panel in panels:
        panel.press()  # what takes long in a large library waits for that
    parts = [(panel, list(_shown(panel, f"p{number}"))) for number, panel in enumerate(panels, 1)]
    site = panels[0].place
    return template.render(
        parts=parts, name=workspace.root.name, place=site, made=made, version=version("tjtools"), few=FEW, long=LONG
    )


def _shown(panel: LibraryAnalysis | ReviewOutcomes, prefix: str) -> Iterator[Shown]:
    from markupsafe import Markup
    from pandas.api.types import is_numeric_dtype

    from tjtools.widgets.exhibit import readable, texts

    for number, exhibit in enumerate(panel.exhibits, 1):
        exhibit.ask()  # what the notebook puts off, too
        anchor = f"{prefix}-{number}"
        chart = Markup(drawn(exhibit.draw(""), anchor)) if exhibit.draw else ""  # noqa: S704 (see drawn)
        table = readable(exhibit.frame.head(MOST))
        columns = tuple((str(name), is_numeric_dtype(column)) for name, column in table.items())
        small = len(exhibit.frame) <= MOST_SAVED
        csv = base64.b64encode(exhibit.csv.encode("utf-8", "backslashreplace")).decode() if small else ""
        yield Shown(anchor, exhibit, chart, columns, texts(table), csv)


def drawn(chart: alt.TopLevelMixin, prefix: str) -> str:
    """The chart as SVG in the page's own colours; its IDs get a prefix, because they hold for the whole page.

    Vega escapes what it writes, and nothing is fetched.
    """
    import vl_convert

    from tjtools.widgets.chart import INK, MIME, bundle

    svg = vl_convert.vegalite_to_svg(bundle(chart, "")[MIME], allowed_base_urls=[])
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', svg).replace("url(#", f"url(#{prefix}-")
    return svg.replace(f"{INK}44", "var(--grid)").replace(INK, "currentColor")
