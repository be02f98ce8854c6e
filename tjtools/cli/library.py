"""Commands for the library, here and on the site: `add`, `rebuild-cache`, `diff`, `report`, `refresh-library` …"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from markupsafe import Markup
from rich.console import Console

from tjtools.cache import inventory
from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import read_snapshot
from tjtools.cli import console, some_of
from tjtools.cli.console import Wait, bar, confirmed, end, err, listing, out, say, stoppable
from tjtools.diff.libraries import COLUMNS, LibraryDifference, diff_libraries
from tjtools.model.creative import Creative, ReviewStatus
from tjtools.model.errors import TJToolsError, TrackingFileError, WorkspaceError
from tjtools.model.names import as_sent, as_shown, file_type, fuller, meant, same_name
from tjtools.model.words import counted, now
from tjtools.scrape.connection import access_to
from tjtools.scrape.refresh import NOTHING, Update, apply_update, plan_refresh, plan_sync, shown_certificate
from tjtools.team import turn
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

if TYPE_CHECKING:
    import altair as alt

    from tjtools.analysis.exhibits import Exhibit
    from tjtools.analysis.sources import Asked, Files

LONG = 24  # characters of a cell of the report that may break
FEW = 12  # rows of a table that is shown unfolded
MOST, MOST_SAVED = 200, 5_000  # rows on the page, and in a CSV that is part of it
AllowOption = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Let up to N creatives be marked removed; more than 20 and a tenth need it."),
]


def add(
    workspace: console.WorkspaceOption,
    creative_id: console.IdArgument,
    filename: Annotated[str, typer.Argument(metavar="NAME", help="The file's full name.")],
    kind: console.TypeOption = None,
    status: Annotated[
        Literal["pending", "approved", "rejected"], typer.Option(case_sensitive=False, help="What the site says of it.")
    ] = "pending",
    today: Annotated[bool, typer.Option("--today", help="It was uploaded today; else the day is unknown.")] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Add a creative that was uploaded by hand.

    Or the full name of one that the library cache knows. Exit codes: 0 added, 1 the library has this ID already, 2
    error.
    """
    if (bare := meant(filename)[-1]) != filename:
        raise typer.BadParameter(f"{filename!r} is a path, or in quotes: give the bare name {bare!r}")
    creative = Creative(
        creative_id=creative_id,
        filename=filename,
        upload_date=now().date() if today else None,
        file_type=file_type(filename),
        creative_type=kind.section.creative_type if kind else None,
        review_status=ReviewStatus(status),
    )
    library = Library.load(workspace.library)
    _demand_right(workspace, library, creative_id, filename)
    known = library.get(creative_id)
    if len(known) == 1 and same_name(known[0].filename, filename):
        creative = known[0]._replace(filename=fuller(known[0].filename, filename))
    elif known:
        creative = known[0]
    added = library.add([creative])
    said = f"Added to {library.path.name}: {filename} → {creative_id}"
    if not known:
        try:
            History.of(workspace).record([creative], source=Source.MANUAL, now=now())
        except TrackingFileError as error:
            told = f"{said}. That it was seen could not be noted: {error.message}"
            raise TJToolsError(told, remedy=error.remedy) from error
    elif added:
        said = f"{creative_id} has its full name now: {filename}"
    else:
        said = f"The library has {creative_id} already, as {known[0].filename}: nothing was added."
    end({"added": bool(added), "creative": creative}, said, as_json=as_json, needs_a_person=not added)


def _demand_right(workspace: Workspace, library: Library, creative_id: str, filename: str) -> None:
    """An ID as long as the others, and of no other file: with a wrong one a file would pass for one that is there."""
    digits = {len(one.creative_id) for one in library}
    if digits and len(creative_id) not in digits:
        told = f"{creative_id} has {counted(len(creative_id), 'digit')}, the library's IDs have {max(digits)}"
        raise typer.BadParameter(f"{told}: is it whole? Nothing was added.")
    names = [name for (_, name), known in inventory.master_ids(workspace).items() if known == creative_id]
    if names and not any(as_sent(filename) in (name, *as_shown(name)) for name in names):
        wrong = f"{creative_id} is {names[0]} by {workspace.master.name}, not {filename}: nothing was added"
        raise WorkspaceError(f"{wrong}.", remedy="If its line there is wrong, mend that first.")


def rebuild_cache(workspace: console.WorkspaceOption, as_json: console.JsonOption = False) -> None:
    """Rebuild the library from the master inventory.

    The old one is kept as a backup. Rows that can be read stay, with their statuses; IDs that only the master knows
    become pending, without the day or the type where that can't be understood. Exit codes: 0 all well, 1 lines of the
    master could not be understood, 2 error.
    """
    done, master = inventory.rebuild_cache(workspace, now=now()), workspace.master.name

    def show() -> None:
        out.print(f"{workspace.library.name}: {counted(done.kept, 'creative')} kept, {done.added} added from {master}.")
        if done.set_aside:
            out.print(f"The old cache could not be read; it is kept as {done.set_aside}.")
        for bad in done.bad_lines:
            out.print(f"{master}:{bad.line}: {bad.reason}")

    told = some_of(done, "kept", "added", "bad_lines", "set_aside")
    end(told, show, as_json=as_json, needs_a_person=done.bad_lines)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.csv", help="A library, or a snapshot of one.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.csv", help="A later one.")],
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the difference into a CSV, safe to open in a spreadsheet."),
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Say what differs between two libraries.

    Added, removed, status changed, renamed, other fields; offline. Rows marked removed count as gone. Exit codes: 0
    they are the same, 1 they differ, 2 error.
    """
    difference = diff_libraries(*_read_both(old, new))
    if csv_file:
        console.write_csv(csv_file, COLUMNS, difference.rows())
    # 1 says here that they differ
    end(difference, lambda: _show_difference(difference, out), as_json=as_json, needs_a_person=difference)


def _read_both(old: Path, new: Path) -> tuple[Library, Library]:
    """Both files; where neither can be compared, what is wrong with each is said."""
    try:
        before = read_snapshot(old)
    except TrackingFileError:
        try:
            read_snapshot(new)
        except TrackingFileError as error:
            say(str(error))
        raise
    return before, read_snapshot(new)


def _show_difference(difference: LibraryDifference, on: Console) -> None:
    shown = [
        (f"{what:14}  {creative_id:10}", name, f"{field}: {old or '(unknown)'} → {new}" if field else "")
        for what, creative_id, name, field, old, new in difference.rows()
    ]
    if shown:
        listing("Difference", shown, on=on)
    on.print(", ".join(f"{count} {what}" for what, count in difference.counts.items() if count) or "No difference.")


def refresh_library(
    workspace: console.WorkspaceOption,
    new: Annotated[
        bool, typer.Option("--new", help="Read only what is new, from the top of each section; none is marked removed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking.")] = False,
    allow_removals: AllowOption = 0,
    headless: console.HeadlessOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Make the library say what the site shows.

    All five sections are read, and the difference is shown before it is applied. What the cache knew and the site
    doesn't show is kept; creatives that are gone stay as rows with the status removed. With --new, each section is read
    down to creatives that its last complete reading has covered. Exit codes: 0 all well, 1 something needs a person, 2
    error, 3 sign-in needed, 130 stopped by Ctrl-C or a signal.
    """
    if not (dry_run or yes or sys.stdin.isatty()):
        raise TJToolsError(
            "There is no terminal to ask on, so nothing was read.",
            remedy="Give --yes to apply the difference, or --dry-run to look at it.",
        )
    update = run_reading(workspace, partial(plan_refresh, new=new), headless=headless)
    _conclude(update, allow_removals, ask=not yes, write=not dry_run, as_json=as_json)


def sync_status(
    workspace: console.WorkspaceOption,
    pending: Annotated[
        bool, typer.Option("--pending", help="Read only until the pending ones are found; none is marked removed.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=1, metavar="MINUTES", help="With --pending, in a team: one does it for all so often.")
    ] = 30,
    allow_removals: AllowOption = 0,
    headless: console.HeadlessOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Bring the review statuses up to date.

    Creatives that are gone are marked removed. Nothing is added to the cache, and nobody is asked: it is made for
    scheduled runs. With --pending, 1 means that a pending creative was not found: then run it without. In a team, the
    first with --pending in each half hour reads the site, and the others say who it was. Exit codes: 0 all well, 1
    something needs a person, 2 error, 3 sign-in needed, 130 stopped by Ctrl-C or a signal.
    """
    with turn(workspace, every) if pending else nullcontext("") as whose:
        if whose:
            said = f"Nothing was read: {whose}. Without --pending, the site is read all the same."
            end({"applied": False, "whose_turn": whose}, said, as_json=as_json)
        update = run_reading(workspace, partial(plan_sync, pending=pending), headless=headless)
        _conclude(update, allow_removals, ask=False, write=True, as_json=as_json)


def run_reading(workspace: Workspace, plan: Callable[..., Update], *, headless: bool | None) -> Update:
    """Read the site with a progress bar, and Ctrl-C in good order."""
    wait = Wait()
    with stoppable(wait=wait) as cancelled, bar("Reading", None, wait) as tell:
        return plan(
            workspace,
            access_to(workspace, say=say, headless=headless, cancelled=cancelled, waits=wait),
            progress=lambda section, read, total: tell(f"{section.value}: {read} of {total}", read),
            cancelled=cancelled,
        )


def _conclude(update: Update, allow_removals: int, *, ask: bool, write: bool, as_json: bool) -> NoReturn:
    """Show the update, apply it, and end: where it was to be written and was not, something needs a person."""
    _show_update(update, err if as_json else out)
    stopped, report, nothing = update.stopped, None, update.is_void
    try:
        if not (stopped or nothing):
            update.check_removals(allow_removals)
            if write and not (ask and update.difference and not confirmed("Apply this to the cache?", "written")):
                report = apply_update(update, now=now(), allow_removals=allow_removals)
    except TJToolsError as error:
        stopped = error
    told = {
        "applied": report is not None,
        "certificate": [shown_certificate(one) for one in update.certificates],
        "not_found": update.reading.not_found,
        "difference": report.difference if report else update.difference,
        "history_rows": report.history_rows if report else 0,
        "snapshot": report.snapshot if report else None,
        "stopped": stopped,
    }
    said = "" if stopped else f"{NOTHING} tjtools refresh-library reads all." if nothing else "Nothing was written."
    if report:
        said = f"Applied to {update.workspace.library.name}; {counted(report.history_rows, 'row')} in the history,"
        said += f" snapshot {report.snapshot.name}."
    needs_a_person = (write and not report and not nothing) or update.reading.not_found
    end(told, said, as_json=as_json, needs_a_person=needs_a_person, stopped=stopped)


def _show_update(update: Update, on: Console) -> None:
    rows = [
        (
            one.section.value,
            f"{one.unique} of {'? creatives' if one.total is None else counted(one.total, 'creative')},"
            f" {counted(one.pages, 'page')}, {counted(one.rereads, 're-read')}, {one.drift} moved",
            one.verdict,
        )
        for one in update.certificates
    ]
    listing("Read off the site", rows, on=on)
    if update.certificates and not update.stopped:
        _show_difference(update.difference, on)
    if missing := update.reading.not_found:
        on.print(f"{len(missing)} pending not found: tjtools sync-status says whether they are gone.")


def report(
    workspace: console.WorkspaceOption,
    out_file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write it; an earlier one is replaced.")
    ] = Path("tjtools-report.html"),
    as_json: console.JsonOption = False,
) -> None:
    """Write one page: library, reviews and charts.

    Everything of the notebooks 04 and 05, offline. It needs nothing beside it and no network. Exit codes: 0 written, 2
    error.
    """
    with bar("Reckoning", None):
        page = report_page(workspace, now)
    size = console.write(out_file, page)
    end({"written": str(out_file), "bytes": size}, f"Written: {out_file}", as_json=as_json)


def report_page(workspace: Workspace, clock: Callable[[], datetime]) -> str:
    """The exhibits of both notebooks as one page."""
    from tjtools.analysis.exhibits import LIBRARY, OUTCOMES
    from tjtools.analysis.sources import Files

    read = Files(workspace, clock)
    parts = [
        (part.title, part.notes(read), [_article(one, read, part.asked) for one in part.exhibits])
        for part in (LIBRARY, OUTCOMES)
    ]
    missing = read.missing and f"{read.missing} (tjtools refresh-library)"
    named = {
        "missing": missing,
        "name": workspace.root.name,
        "site": load_settings(workspace).site,
        "version": version("tjtools"),
    }
    return console.template("report.html").render(parts=parts, made=clock(), few=FEW, long=LONG, **named)


def _article(exhibit: Exhibit, read: Files, asked: Asked) -> dict[str, object]:
    """An exhibit as the page shows it; the columns are told with whether they hold numbers."""
    from pandas.api.types import is_numeric_dtype

    from tjtools.analysis.frame import readable, texts

    shown = exhibit.shown(read, asked)
    table = readable(shown.frame.head(MOST))
    csv = shown.csv if len(shown.frame) <= MOST_SAVED else ""
    return {
        "exhibit": exhibit,
        "shown": shown,
        "chart": Markup(_drawn(shown.draw(""), exhibit.name)) if shown.draw else "",  # noqa: S704 (see _drawn)
        "columns": [(str(name), is_numeric_dtype(column)) for name, column in table.items()],
        "rows": texts(table),
        "csv": base64.b64encode(csv.encode("utf-8", "backslashreplace")).decode(),
    }


def _drawn(chart: alt.TopLevelMixin, prefix: str) -> str:
    """The chart as SVG in the page's own colours; its IDs get a prefix, because they hold for the whole page.

    Vega escapes what it writes, and nothing is fetched.
    """
    import vl_convert

    from tjtools.analysis.charts import INK, drawn_alike

    spec = drawn_alike(chart) | {"background": "transparent"}
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', svg).replace("url(#", f"url(#{prefix}-")
    return svg.replace(f"{INK}44", "var(--grid)").replace(INK, "currentColor")
