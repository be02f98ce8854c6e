"""`tjtools report`: what the notebooks of the analysis show, as one page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tjtools.cli.console import OK, JsonOption, WorkspaceOption, bar, find_workspace, now, out
from tjtools.cli.shapes import print_json

if TYPE_CHECKING:
    import altair as alt

    from tjtools.analysis.exhibits import Collection, Exhibit, Shown
    from tjtools.analysis.sources import Files
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

    place = find_workspace(workspace)
    with bar("Reckoning", None):
        text = page(place, now)
    with translated(out_file, "written"):
        out_file.write_bytes(text.encode("utf-8", "backslashreplace"))  # a file's name need not be proper text
    if as_json:
        print_json({"written": str(out_file), "bytes": out_file.stat().st_size})
    else:
        out.print(f"Written: {out_file}", markup=False)
    raise typer.Exit(OK)


class Article(NamedTuple):
    """An exhibit as the page shows it: `chart` is drawn, `rows` are those on the page, `csv` is its file or `""`."""

    anchor: str
    exhibit: Exhibit
    shown: Shown
    chart: str
    columns: tuple[tuple[str, bool], ...]  # each with whether it holds numbers
    rows: list[list[str]]
    csv: str


def page(workspace: Workspace, clock: Callable[[], datetime]) -> str:
    """The exhibits of both notebooks as one page of HTML; every text of files or site shows as text."""
    from importlib.metadata import version
    from importlib.resources import files

    from jinja2 import Environment

    from tjtools.analysis.exhibits import LIBRARY, OUTCOMES
    from tjtools.analysis.sources import Files, Others
    from tjtools.diff.duplicates import known_groups, repeats_of_rejected
    from tjtools.health.status import acknowledged
    from tjtools.upload.run_files import load_runs
    from tjtools.workspace.settings import load_settings

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("tjtools.cli").joinpath("report.html").read_text("utf-8")
    )
    read = Files(workspace, Others(load_runs, known_groups, repeats_of_rejected, acknowledged), clock)
    parts = [(one, one.notes(read), list(_articles(one, read))) for one in (LIBRARY, OUTCOMES)]
    named = {"name": workspace.root.name, "site": load_settings(workspace).site, "version": version("tjtools")}
    return template.render(parts=parts, made=clock(), few=FEW, long=LONG, **named)


def _articles(collection: Collection, read: Files) -> Iterator[Article]:
    from markupsafe import Markup
    from pandas.api.types import is_numeric_dtype

    from tjtools.analysis.frame import readable, texts

    for exhibit in collection.exhibits:
        shown, anchor = exhibit.shown(read, collection.asked), exhibit.name
        chart = Markup(drawn(shown.draw(""), anchor)) if shown.draw else ""  # noqa: S704 (see drawn)
        table = readable(shown.frame.head(MOST))
        columns = tuple((str(name), is_numeric_dtype(column)) for name, column in table.items())
        small = len(shown.frame) <= MOST_SAVED
        csv = base64.b64encode(shown.csv.encode("utf-8", "backslashreplace")).decode() if small else ""
        yield Article(anchor, exhibit, shown, chart, columns, texts(table), csv)


def drawn(chart: alt.TopLevelMixin, prefix: str) -> str:
    """The chart as SVG in the page's own colours; its IDs get a prefix, because they hold for the whole page.

    Vega escapes what it writes, and nothing is fetched.
    """
    import vl_convert

    from tjtools.analysis.charts import INK, MIME, bundle

    svg = vl_convert.vegalite_to_svg(bundle(chart, "")[MIME], allowed_base_urls=[])
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', svg).replace("url(#", f"url(#{prefix}-")
    return svg.replace(f"{INK}44", "var(--grid)").replace(INK, "currentColor")
