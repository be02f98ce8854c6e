"""Commands that make the cache follow the site: `refresh-library` and `sync-status`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tjtools.cli.console import (
    EXIT_CODES,
    HeadlessOption,
    JsonOption,
    WorkspaceOption,
    bar,
    end,
    err,
    find_workspace,
    listing,
    now,
    out,
    say,
    stoppable,
)
from tjtools.cli.library import show_difference
from tjtools.cli.shapes import print_json
from tjtools.model.errors import Cancelled, TJToolsError

if TYPE_CHECKING:
    from rich.console import Console

    from tjtools.scrape.reading import Certificate
    from tjtools.scrape.refresh import Update, UpdateReport
    from tjtools.workspace.folder import Workspace

AllowOption = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Let up to N creatives be marked removed; more than 20 and a tenth need it."),
]
Plan = Callable[..., "Update"]  # a workspace and an access, `progress` and `cancelled`


def refresh_library(
    new: Annotated[
        bool, typer.Option("--new", help="Read only what is new, from the top of each section; none is marked removed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking.")] = False,
    allow_removals: AllowOption = 0,
    headless: HeadlessOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    from tjtools.scrape.refresh import plan_refresh

    if not (dry_run or yes or sys.stdin.isatty()):
        raise TJToolsError(
            "There is no terminal to ask on, so nothing was read.",
            remedy="Give --yes to apply the difference, or --dry-run to look at it.",
        )
    update = run_reading(find_workspace(workspace), partial(plan_refresh, new=new), headless=headless)
    conclude(update, allow_removals, ask=not yes, write=not dry_run, as_json=as_json)


refresh_library.__doc__ = f"""Read all five sections off the site, show the difference to the cache, and apply it.

What the cache knew and the site doesn't show is kept; creatives that are gone stay as rows with the status removed.
With --new, each section is read down to creatives that its last complete reading has covered.
{EXIT_CODES}
"""


def sync_status(
    pending: Annotated[
        bool, typer.Option("--pending", help="Read only until the pending ones are found; none is marked removed.")
    ] = False,
    allow_removals: AllowOption = 0,
    headless: HeadlessOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    from tjtools.scrape.refresh import plan_sync

    update = run_reading(find_workspace(workspace), partial(plan_sync, pending=pending), headless=headless)
    conclude(update, allow_removals, ask=False, write=True, as_json=as_json)


sync_status.__doc__ = f"""Bring the review status of the cached creatives up to date, and mark those that are gone as
removed.

Nothing is added to the cache, and nobody is asked: it is made for scheduled runs. With --pending, 1 means that a
pending creative was not found: then run it without. {EXIT_CODES}
"""


def run_reading(workspace: Workspace, plan: Plan, *, headless: bool | None) -> Update:
    """Read the site with a progress bar, and Ctrl-C in good order."""
    from tjtools.scrape.connection import access_to

    with stoppable() as cancelled, bar("Reading", None) as tell:
        return plan(
            workspace,
            access_to(workspace, say=say, headless=headless, cancelled=cancelled),
            progress=lambda section, read, total: tell(f"{section.value}: {read} of {total}", read),
            cancelled=cancelled,
        )


def conclude(update: Update, allow_removals: int, *, ask: bool, write: bool, as_json: bool) -> NoReturn:
    """Show the update, apply it, and end: where it was to be written and was not, something needs a person."""
    show_update(update, console=err if as_json else out)
    stopped, report = apply(update, allow_removals, ask=ask, write=write)
    if as_json:
        print_json(_of_update(update, report, stopped))
    elif report:
        library = update.workspace.library.name
        out.print(f"Applied to {library}; {report.history_rows} rows in the history, snapshot {report.snapshot.name}.")
    elif not stopped:
        out.print("Nothing was written.")
    end(stopped, needs_a_person=(write and not report) or update.reading.not_found)


def apply(
    update: Update, allow_removals: int, *, ask: bool, write: bool
) -> tuple[TJToolsError | None, UpdateReport | None]:
    """Write the update down, or return the error that says why not; a person who is asked may say no."""
    from tjtools.scrape.refresh import apply_update

    try:
        if update.stopped:
            raise update.stopped
        update.check_removals(allow_removals)
        if not write or (ask and update.difference and not typer.confirm("Apply this to the cache?", err=True)):
            return None, None
        return None, apply_update(update, now=now(), allow_removals=allow_removals)
    except TJToolsError as error:
        return error, None
    except typer.Abort:
        return Cancelled("Stopped: nothing was written."), None


def show_update(update: Update, *, console: Console) -> None:
    """What was read, and what it means for the cache."""
    listing("Read off the site", [_certified(one) for one in update.certificates], console=console)
    if not update.stopped:
        show_difference(update.difference, console=console)
    if missing := update.reading.not_found:
        console.print(f"{len(missing)} pending not found: tjtools sync-status says whether they are gone.")


def _certified(one: Certificate) -> tuple[str, str, str]:
    total = "?" if one.total is None else one.total
    read = f"{one.unique} of {total} creatives, {one.pages} pages, {one.rereads} re-reads, {one.drift} moved"
    return one.section.value, read, one.verdict


def _of_update(update: Update, report: UpdateReport | None, stopped: TJToolsError | None) -> dict[str, object]:
    from tjtools.scrape.refresh import shown_certificate

    return {
        "applied": report is not None,
        "certificate": [shown_certificate(one) for one in update.certificates],
        "not_found": update.reading.not_found,
        "difference": report.difference if report else update.difference,
        "history_rows": report.history_rows if report else 0,
        "snapshot": report.snapshot if report else None,
        "stopped": stopped,
    }
