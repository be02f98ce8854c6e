"""`tjtools demo`: the whole main job on the sandbox, shown step by step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tjtools.cli.console import JsonOption, bar, end, err, listing, now, out, say
from tjtools.cli.session import show_reviews
from tjtools.cli.shapes import of_outcome, of_review, print_json
from tjtools.cli.upload import run_plan
from tjtools.model.creative import UploadStatus
from tjtools.model.errors import TJToolsError

if TYPE_CHECKING:
    from tjtools.upload import Plan, Prepared, UploadReport
    from tjtools.workspace.folder import Workspace


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo's workspace is made.")] = Path("tjtools-demo"),
    headless: Annotated[bool, typer.Option("--headless/--headed", help="Hide or show the browser.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Try everything on a practice site on this machine: review, dry run, live upload, and a second run that skips.

    Makes a workspace of its own and clears it when it runs again. Exit codes: 0 all went as it should, 1 it did not,
    2 error.
    """
    from tjtools.practice.workspace import bind_to_sandbox, confirmed, fresh_folder
    from tjtools.sandbox import Sandbox
    from tjtools.site.browser import ensure_browser
    from tjtools.workspace.settings import Settings

    began = time.monotonic()
    _step(1, "A browser")
    say(f"Using {ensure_browser(Settings().browser.executable, say=say)}")
    _step(2, "A practice site on this machine, with 481 creatives")
    workspace = fresh_folder(folder)
    with Sandbox(workspace.root / "sandbox") as sandbox:
        bind_to_sandbox(workspace, sandbox.origin)
        say(f"The sandbox runs at {sandbox.origin}")
        prepared, plan = _make_and_review(workspace, headless=headless)
        _step(5, "Dry run: the real pages, up to handing files over")
        run_plan(workspace, prepared, plan, live=False, headless=headless)
        _step(6, "Live upload to the sandbox")
        report = run_plan(workspace, prepared, plan, live=True, headless=headless)
        _show_ids(report)
        _step(7, "The same session again: nothing to upload, no browser started")
        again = _run_again(workspace)
        right, written = confirmed(sandbox.origin, report)
    seconds = time.monotonic() - began
    well = not report.stopped and written > 0 and right == written and again.count(UploadStatus.SUCCESS) == 0
    if as_json:
        print_json(
            {
                "well": well,
                "seconds": round(seconds, 1),
                "workspace": workspace.root,
                "review": [of_review(one) for one in prepared.reviews],
                "files": [of_outcome(one) for one in report.outcomes],
                "again": [of_outcome(one) for one in again.outcomes],
                "ids_confirmed_by_checksum": right,
            }
        )
    else:
        _summary(folder, sandbox.origin, workspace, report, again, f"{right} of {written}")
        out.print(f"\nDone in {seconds:.0f} s.")
    end(needs_a_person=not well)


def _step(number: int, what: str) -> None:
    err.print(f"\n{number}  {what}", style="bold cyan")


def _make_and_review(workspace: Workspace, *, headless: bool) -> tuple[Prepared, Plan]:
    from tjtools.practice.workspace import make_session, read_library
    from tjtools.scrape.connection import connect
    from tjtools.upload import load_library, make_plan, prepare
    from tjtools.workspace.settings import load_settings

    _step(3, "Read the library off the site, and draw a session of new files")
    library = load_library(workspace)
    with bar("Reading", 481) as progress:
        site = connect(workspace, load_settings(workspace), say=say, headless=headless)
        try:
            creatives = read_library(site, library, progress)
        finally:
            site.close()
    say(f"Read {len(creatives)} creatives into {workspace.library.name}")
    with bar("Drawing", 26) as progress:
        drawn = make_session(workspace, creatives, now(), progress)
    say(f"Drew {len(drawn)} files (mp4, png, jpg) into {workspace.root / 'uploaded'}")
    _step(4, "Review: what is new, what is there, what the site would refuse")
    prepared = prepare(workspace)
    show_reviews(prepared.reviews, console=err)
    return prepared, make_plan(prepared.reviews)


def _run_again(workspace: Workspace) -> UploadReport:
    from tjtools.site import Site
    from tjtools.upload import make_plan, prepare, upload
    from tjtools.workspace.settings import load_settings

    def no_browser() -> Site:
        raise TJToolsError("The second run wanted a browser: something was not recognised as uploaded.")

    prepared = prepare(workspace)
    plan = make_plan(prepared.reviews)
    return upload(plan, workspace, prepared.library, load_settings(workspace), no_browser, now=now, live=True)


def _show_ids(report: UploadReport) -> None:
    rows = [(one.creative_id, one.file.name, "") for one in report.outcomes if one.card]
    listing(f"{len(rows)} Creative IDs", rows, console=err)


def _summary(
    folder: Path, origin: str, workspace: Workspace, report: UploadReport, again: UploadReport, checked: str
) -> None:
    port = origin.rpartition(":")[2]
    uploaded, skipped = report.count(UploadStatus.SUCCESS), sum(bool(one.creative_id) for one in again.outcomes)
    written = [workspace.library, workspace.master, report.status_file, *report.campaign_files]
    listing("\nHeld back for a person", [("", one.file.name, one.reason) for one in report.held_back])
    listing("\nWritten", [("", str(path), "") for path in (*written, workspace.screenshots)])
    next_steps = [
        ("Is a file there?", f"tjtools check NAME --workspace {folder}", ""),
        ("The workspace at a glance", f"tjtools status --workspace {folder}", ""),
        (
            "Click through the site",
            f"tjtools sandbox --port {port} --data {folder / 'sandbox'}",
            "sign in as demo, password demo",
        ),
        ("Your own account", "tjtools init DIR --site live", "the README has the first live day"),
    ]
    listing("\nWhat to do next", next_steps)
    out.print(
        f"\n{uploaded} files uploaded, {checked} IDs confirmed by checksum; the second run skipped {skipped} files with"
        " the ID that the cache knows."
    )
