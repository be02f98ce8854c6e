"""Commands that can write a page of HTML which needs nothing beside it: `duplicates` with `decide`, and `report`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tjtools.cli.console import JsonOption, WorkspaceOption, bar, end, find_workspace, listing, looking, now, out
from tjtools.cli.shapes import of_known, some_of
from tjtools.model.words import in_seconds

if TYPE_CHECKING:
    import altair as alt
    import jinja2

    from tjtools.analysis.exhibits import Exhibit
    from tjtools.analysis.sources import Asked, Files
    from tjtools.diff.duplicates import Duplicates, Group
    from tjtools.diff.repeats import Known
    from tjtools.media.content import Fingerprints
    from tjtools.workspace.folder import Workspace

NAME = "tjtools-report.html"
LONG = 24  # characters of a cell that may break
FEW = 12  # rows of a table that is shown unfolded
MOST, MOST_SAVED = 200, 5_000  # rows on the page, and in a CSV that is part of it


def duplicates(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help="Files or folders: only what repeats one of them; else everything."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page with pictures.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Group what is the same, or looks so, among files, session and library. Offline.

    What was not seen yet is looked at first; that may take a while. Exit codes: 0 no duplicates, 1 some, 2 error, 130
    stopped by Ctrl-C.
    """
    from tjtools.diff.duplicates import find_duplicates
    from tjtools.media.content import Fingerprints

    place = find_workspace(workspace)
    with looking() as (progress, cancelled):
        found = find_duplicates(place, paths or [], progress=progress, cancelled=cancelled)
    if html:
        text = duplicates_page(found, Fingerprints.load(place))
        html.write_text(text, "utf-8", errors="backslashreplace")
    told = {
        "groups": [
            {
                "kind": group.kind,
                "closeness": round(group.closeness, 4),
                "members": [of_known(one) for one in group.members],
            }
            for group in found.groups
        ],
        **some_of(found, "files", "compared"),
        "unreadable": [{"path": path, "reason": why} for path, why in found.unreadable],
        "without_copy": found.without_copy,
    }
    end(told, lambda: _show_duplicates(found, html), as_json=as_json, needs_a_person=found.groups)


def decide(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that looks like a creative or another file.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="That creative's ID, or the other file.")],
    decision: Annotated[
        Literal["not-the-same", "skip", "undecided"], typer.Argument(help="undecided takes an earlier word back.")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remember what you decided about two files that look the same; reviews and uploads go by it.

    It holds for the two contents, under whatever names they come again. Exit codes: 0 remembered, 2 error.
    """
    from tjtools.diff.decisions import Decision
    from tjtools.diff.duplicates import decide_about

    made = Decision(decision.replace("-", " "))
    one, two = decide_about(find_workspace(workspace), file, other, made, now=now())
    told = {"decision": made, "file": one, "other": two}
    end(told, f"Remembered: {one.name} beside {two.name}: {made.value}", as_json=as_json)


def _show_duplicates(found: Duplicates, html: Path | None) -> None:
    for group in found.groups:
        listing(_title(group), [("", _told(one), _facts(one)) for one in group.members])
    if found.unreadable:
        listing("Can't be compared by their looks", [("", str(path), why) for path, why in found.unreadable])
    out.print(f"{len(found.groups)} groups of duplicates among {found.files} files and the library")
    if count := len(found.without_copy):
        out.print(f"Of {count} known creatives there is no local copy to look at; --json and --html name them.")
    if html:
        out.print(f"Written: {html}")


def _title(group: Group) -> str:
    return group.kind.value if group.closeness == 1 else f"{group.kind.value}, {group.closeness:.0%}"


def _told(one: Known) -> str:
    name = f"{one.creative.creative_id} {one.name}; {one.creative.standing}" if one.creative else str(one.path)
    if one.rejected_at is None:
        return name
    return f"{name}; REJECTED on {one.rejected_at[:10]}" if one.rejected_at else f"{name}; REJECTED"


def _facts(one: Known) -> str:
    facts = one.fingerprint.facts
    parts = (facts.container, facts.codec, facts.size, in_seconds(facts.seconds), f"{facts.bytes:,} bytes")
    return " ".join(filter(None, (*parts, f"blake3 {one.fingerprint.checksum[:12]}")))


def duplicates_page(found: Duplicates, fingerprints: Fingerprints) -> str:
    """What was found, with pictures, as one page."""
    from tjtools.diff.evidence import side

    def picture(one: Known) -> str:
        shown = side(one.name, one.fingerprint, fingerprints.picture)
        return base64.b64encode(shown.thumbnail() or b"").decode()

    return _template("duplicates.html").render(found=found, title=_title, facts=_facts, picture=picture)


def _template(name: str) -> jinja2.Template:
    """Text of files or site shows as text on it."""
    from importlib.resources import files

    from jinja2 import Environment

    text = files("tjtools.cli").joinpath(name).read_text("utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)


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
        data = report_page(place, now).encode("utf-8", "backslashreplace")  # a file's name need not be proper text
    with translated(out_file, "written"):
        out_file.write_bytes(data)
    end({"written": str(out_file), "bytes": len(data)}, f"Written: {out_file}", as_json=as_json)


def report_page(workspace: Workspace, clock: Callable[[], datetime]) -> str:
    """The exhibits of both notebooks as one page."""
    from importlib.metadata import version

    from tjtools.analysis.exhibits import LIBRARY, OUTCOMES
    from tjtools.analysis.sources import Files, Others
    from tjtools.diff.duplicates import known_groups, repeats_of_rejected
    from tjtools.health.acknowledged import acknowledged
    from tjtools.upload.status_csv import load_runs
    from tjtools.workspace.settings import load_settings

    read = Files(workspace, Others(load_runs, known_groups, repeats_of_rejected, acknowledged), clock)
    parts = [
        (part.title, part.notes(read), [_article(one, read, part.asked) for one in part.exhibits])
        for part in (LIBRARY, OUTCOMES)
    ]
    named = {"name": workspace.root.name, "site": load_settings(workspace).site, "version": version("tjtools")}
    return _template("report.html").render(parts=parts, made=clock(), few=FEW, long=LONG, **named)


def _article(exhibit: Exhibit, read: Files, asked: Asked) -> dict[str, object]:
    """An exhibit as the page shows it; the columns are told with whether they hold numbers."""
    from markupsafe import Markup
    from pandas.api.types import is_numeric_dtype

    from tjtools.analysis.frame import readable, texts

    shown = exhibit.shown(read, asked)
    table = readable(shown.frame.head(MOST))
    small = len(shown.frame) <= MOST_SAVED
    return {
        "exhibit": exhibit,
        "shown": shown,
        "chart": Markup(_drawn(shown.draw(""), exhibit.name)) if shown.draw else "",  # noqa: S704 (see _drawn)
        "columns": [(str(name), is_numeric_dtype(column)) for name, column in table.items()],
        "rows": texts(table),
        "csv": base64.b64encode(shown.csv.encode("utf-8", "backslashreplace")).decode() if small else "",
    }


def _drawn(chart: alt.TopLevelMixin, prefix: str) -> str:
    """The chart as SVG in the page's own colours; its IDs get a prefix, because they hold for the whole page.

    Vega escapes what it writes, and nothing is fetched.
    """
    import vl_convert

    from tjtools.analysis.charts import INK, MIME, bundle

    svg = vl_convert.vegalite_to_svg(bundle(chart, "")[MIME], allowed_base_urls=[])
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', svg).replace("url(#", f"url(#{prefix}-")
    return svg.replace(f"{INK}44", "var(--grid)").replace(INK, "currentColor")
