"""Commands to begin with: `demo` shows everything, `sandbox` is the practice site, `lab` opens the notebooks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Annotated

import typer

from tjtools.cli import console, print_json
from tjtools.cli.console import bar, end, err, find_workspace, handling, listing, out, say
from tjtools.cli.library import run_reading
from tjtools.cli.session import of_outcome, of_review, run_plan
from tjtools.cli.told import show_reviews
from tjtools.model.creative import UploadStatus
from tjtools.model.errors import WorkspaceError, WorkspaceNotFound
from tjtools.model.words import as_typed, counted, now
from tjtools.practice import lab as starting
from tjtools.practice import workspace as practising
from tjtools.sandbox import Sandbox, serve
from tjtools.sandbox.faults import Faults
from tjtools.scrape.refresh import apply_update, plan_refresh
from tjtools.site.browser import ensure_browser
from tjtools.upload import Plan, Prepared, UploadReport, make_plan, prepare
from tjtools.workspace.folder import VARIABLE, Workspace
from tjtools.workspace.settings import Settings, load_settings, start_of_sandbox

PRACTICE = Path("tjtools-practice")


def demo(
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where the demo's workspace is made.")] = Path(
        "tjtools-demo"
    ),
    headless: Annotated[bool, typer.Option("--headless/--headed", help="Hide or show the browser.")] = True,
    as_json: console.JsonOption = False,
) -> None:
    """Try everything on a practice site.

    It runs on this machine: review, dry run, live upload, and a second run that skips. Makes a workspace of its own and
    clears it when it runs again. Exit codes: 0 all went as it should, 1 it did not, 2 error, 130 stopped by Ctrl-C.
    """
    began = time.monotonic()
    _step(1, "A browser")
    say(f"Using {ensure_browser(Settings().browser.executable, say=say)}")
    _step(2, "A practice site on this machine, with 481 creatives")
    workspace = practising.fresh_folder(folder)
    with Sandbox(workspace.root / "sandbox") as sandbox:
        practising.bind_to_sandbox(workspace, sandbox.origin)
        say(f"The sandbox runs at {sandbox.origin}")
        prepared, plan = _make_and_review(workspace, headless=headless)
        _step(5, "Dry run: the real pages, up to handing files over")
        carried_out(workspace, prepared, plan, live=False, headless=headless)
        _step(6, "Live upload to the sandbox")
        report = carried_out(workspace, prepared, plan, live=True, headless=headless)
        ids = [(one.creative_id, one.file.name, "") for one in report.outcomes if one.card]
        listing(f"{len(ids)} Creative IDs", ids, on=err)
        _step(7, "The same session again: nothing to upload, no browser started")
        known = prepare(workspace)
        again = carried_out(workspace, known, rest := make_plan(known.reviews), live=True, headless=headless)
        right, written = practising.confirmed(sandbox.origin, report)
        start = start_of_sandbox(sandbox.origin, folder)
    seconds = time.monotonic() - began
    well = written > 0 and right == written and not rest.files
    told = {
        "well": well,
        "seconds": round(seconds, 1),
        "workspace": workspace.root,
        "review": [of_review(one) for one in prepared.reviews],
        "files": [of_outcome(one) for one in report.outcomes],
        "again": [of_outcome(one) for one in again.outcomes],
        "ids_confirmed_by_checksum": right,
    }

    def show() -> None:
        _show_summary(folder, start, workspace, report)
        out.print(summed_up(report, again, right, written))
        out.print(f"{'All went' if well else 'It did not go'} as it should. Done in {seconds:.0f} s.")

    end(told, show, as_json=as_json, needs_a_person=not well)


def carried_out(
    workspace: Workspace, prepared: Prepared, plan: Plan, *, live: bool, headless: bool | None
) -> UploadReport:
    """A run of the demo, which ends where one of its runs is stopped: nothing that follows would be true."""
    report = run_plan(workspace, prepared, plan, live=live, headless=headless)
    if report.stopped:
        raise report.stopped
    return report


def summed_up(report: UploadReport, again: UploadReport, right: int, written: int) -> str:
    """What both live runs of the demo came to: of how many IDs that were `written` the site confirms the file."""
    uploaded, more = (counted(one.count(UploadStatus.SUCCESS), "file") for one in (report, again))
    there = sum(bool(one.creative_id) for one in again.outcomes)
    left = len(again.outcomes) - there
    first = f"{uploaded} uploaded, {right} of {written} IDs confirmed by checksum."
    return f"{first} The second run: {more} uploaded, {there} there already, {left} held back."


def _step(number: int, what: str) -> None:
    err.print()
    err.print(f"{number}  {what}", style="bold cyan")


def _make_and_review(workspace: Workspace, *, headless: bool) -> tuple[Prepared, Plan]:
    _step(3, "Read the library off the site, and draw a session of new files")
    update = run_reading(workspace, plan_refresh, headless=headless)
    apply_update(update, now=now())
    creatives = update.reading.creatives
    say(f"Read {counted(len(creatives), 'creative')} into {workspace.library.name}")
    with bar("Drawing", 30) as progress:
        drawn = practising.make_session(workspace, creatives, now(), progress)
    say(f"Drew {counted(len(drawn), 'file')} (mp4, png, jpg) into {workspace.root / 'uploaded'}")
    _step(4, "Review: what is new, what is there, what the site would refuse")
    prepared = prepare(workspace)
    show_reviews(prepared.reviews, on=err)
    return prepared, make_plan(prepared.reviews)


def _show_summary(folder: Path, start: str, workspace: Workspace, report: UploadReport) -> None:
    written = [workspace.library, workspace.master, report.status_file, *report.campaign_files, workspace.screenshots]
    here = as_typed(folder)
    next_steps = [
        ("Is a file there?", f"tjtools check NAME --workspace {here}", ""),
        ("The workspace at a glance", f"tjtools status --workspace {here}", ""),
        ("Click through the site", start, "sign in as demo, password demo"),
        ("Your own account", "tjtools init DIR --site live", "the README has the first live day"),
    ]
    shown = {
        "Held back for a person": [("", one.file.name, one.reason) for one in report.held_back],
        "Written": [("", str(path), "") for path in written],
        "What to do next": next_steps,
    }
    for title, rows in shown.items():
        if rows:
            out.print()
        listing(title, rows)
    out.print()


def lab(
    workspace: console.FolderOption = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="JupyterLab's; the next free one if it is taken.")
    ] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
) -> None:
    """Open the day's work in JupyterLab, until Ctrl-C.

    Where no account is configured it runs on the practice site, in a folder of its own, tjtools-practice.
    Exit codes: 0 ended by Ctrl-C, 2 error.
    """
    place = _configured(workspace)
    if place is None:
        with bar("Drawing sample files", None) as progress:
            place = practising.make_practice(PRACTICE, now=now(), progress=progress)
    practising.copy_notebooks(place.notebooks)
    site = load_settings(place).site
    on_sandbox = site is not None and site.kind == "sandbox"
    with practising.running_sandbox(place) if on_sandbox else nullcontext(site.origin if site else "") as origin:
        if on_sandbox:
            out.print(f"PRACTICE: the notebooks run on the sandbox at {origin}; nothing reaches the real site.")
            out.print("Your own account: tjtools init DIR --site live --account NAME, then tjtools lab in DIR.")
        else:
            account = f", account {site.account or 'not named'}" if site else ""
            out.print(f"{'LIVE: ' + origin if site else 'This folder belongs to no site yet'}{account}.")
        out.print(f"Workspace: {place.root}; Ctrl-C ends JupyterLab.")
        if not practising.as_shipped(desk := place.notebooks / starting.DESK):
            out.print(f"{desk} was changed, so it does not run by itself: delete it to get the desk again.")
        out.file.flush()
        raise typer.Exit(_serve(place, port, browser=browser))


def _configured(named: Path | None) -> Workspace | None:
    """The workspace named, or the nearest one that belongs to a site; None where nobody has configured one."""
    if named or os.environ.get(VARIABLE):
        return find_workspace(named)
    with suppress(WorkspaceNotFound):
        found = find_workspace(None)
        return found if load_settings(found).site else None
    return None


def _serve(place: Workspace, port: int, *, browser: bool) -> int:
    """Run JupyterLab until it ends: it decides on Ctrl-C, which the terminal sends to both; SIGTERM is handed on."""
    options = [
        *starting.options(place),
        "--ServerApp.ip=127.0.0.1",  # whatever the person's own configuration says
        f"--ServerApp.port={port}",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with (
        subprocess.Popen(command, env=starting.environment(place)) as server,  # noqa: S603
        handling({signal.SIGINT: lambda _number, _frame: None, signal.SIGTERM: lambda *_: server.terminate()}),
    ):
        code = server.wait()
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else 2


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes a free one.")] = 8642,
    creatives: Annotated[int, typer.Option(min=0, metavar="N", help="How many creatives a new sandbox holds.")] = 481,
    latency: Annotated[int, typer.Option(min=0, metavar="N", help="Milliseconds added to each request.")] = 0,
    processing: Annotated[
        float, typer.Option(min=0, metavar="N", help="Seconds that the site works on each upload.")
    ] = 0.0,
    data: Annotated[
        Path | None,
        typer.Option(file_okay=False, metavar="DIR", help="Where its state is kept; else it is forgotten at the end."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=TIMES][@FROM]", help="What it does wrong, e.g. list-500=1; may be repeated."),
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Run the practice site alone, until Ctrl-C.

    Sign in as demo with the password demo. Exit codes: 0 ended by Ctrl-C, 2 error.
    """

    def ready(origin: str) -> None:
        if as_json:
            print_json({"origin": origin})
        else:
            out.print(f"Sandbox ready at {origin} (demo / demo); Ctrl-C ends it")
        out.file.flush()

    try:
        Faults(fault or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        site = Sandbox(
            data, port=port, creatives=creatives, latency_ms=latency, processing_s=processing, faults=fault or ()
        )
        serve(site, ready)
    except OSError as error:
        remedy = "Give another --port; 0 takes a free one."
        raise WorkspaceError(f"The sandbox can't start on port {port}: {error.strerror}.", remedy=remedy) from error
