"""`tjtools upload`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tjtools.cli.console import (
    EXIT_CODES,
    HeadlessOption,
    JsonOption,
    TypeOption,
    WorkspaceOption,
    bar,
    end,
    find_workspace,
    listing,
    looking,
    now,
    out,
    say,
    stoppable,
)
from tjtools.cli.session import FileOption, ForceOption, prepare_files
from tjtools.cli.shapes import of_outcome, print_json, some_of

if TYPE_CHECKING:
    from tjtools.upload import Plan, Prepared, UploadReport
    from tjtools.upload.journal import Unfinished
    from tjtools.workspace.folder import Workspace
    from tjtools.workspace.settings import Settings


def upload(
    session: Annotated[
        bool, typer.Option("--session", help="Upload every new file of the session, whatever the saved plan says.")
    ] = False,
    file: FileOption = None,
    kind: TypeOption = None,
    live: Annotated[bool, typer.Option("--live", help="Really upload; without it, a dry run.")] = False,
    force: ForceOption = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Upload at most N files; native pairs stay together.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the live run that was cut off: live, and nothing else.")
    ] = False,
    headless: HeadlessOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    from tjtools.upload import load_choice, make_plan
    from tjtools.workspace.settings import load_settings

    if session and file:
        raise typer.BadParameter("give either --session or --file")
    if resume and (session or file or kind or force or limit):
        raise typer.BadParameter("--resume takes the files of the run that was cut off: give it alone")
    place = find_workspace(workspace)
    settings = load_settings(place)
    if resume:
        prepared, report = _resume(place, settings, headless=headless)
    else:
        _tell_unfinished(place)
        prepared = prepare_files(place, file, kind, force=force)
        _call_out(prepared)
        choice = None if session or file else load_choice(place)
        if choice:
            say(f"Taking the plan that was saved on {choice.saved_at:%Y-%m-%d %H:%M}; --session takes every new file")
        plan = make_plan(prepared.reviews, batch_size=settings.upload.batch_size, limit=limit, choice=choice)
        report = run_plan(place, prepared, plan, live=live, force=force, headless=headless)
    if as_json:
        print_json(_of_report(report))
    else:
        show_report(report)
    end(report.stopped, needs_a_person=report.needs_a_person or prepared.bad_lines)


upload.__doc__ = f"""Upload the session's files, or the files named; a dry run without --live.

Where a plan was saved in the notebook, its files alone, unless --session asks for all.

A dry run walks the real pages up to, and not including, handing files over. A live run that was cut off is gone on
with by --resume: what it had confirmed is recorded, what was under way is looked for on the site, and the rest goes up.

{EXIT_CODES}
"""


def _tell_unfinished(place: Workspace) -> None:
    from tjtools.upload import unfinished_run

    run = unfinished_run(place)
    if run:
        say(f"The live run of {run.at:%Y-%m-%d %H:%M} was not finished: {run.told}.")
        say("tjtools upload --resume goes on with it; another live run takes its place.")


def _resume(place: Workspace, settings: Settings, *, headless: bool | None) -> tuple[Prepared, UploadReport]:
    from tjtools.model.errors import WorkspaceError
    from tjtools.upload import prepare_rest, unfinished_run

    run = unfinished_run(place)
    if run is None:
        raise WorkspaceError("Every live run here came to its end: there is none to go on with.")
    say(f"Going on with the live run of {run.at:%Y-%m-%d %H:%M}: {run.told}")
    with looking() as (progress, cancelled):
        rest = prepare_rest(place, run, settings, progress=progress, cancelled=cancelled)
    for file in rest.cleared:
        say(f"No longer in the session, so it is left alone: {file.name}")
    report = run_plan(place, rest.prepared, rest.plan, live=True, headless=headless, resumed=run)
    return rest.prepared, report


def _call_out(prepared: Prepared) -> None:
    """Say before an upload which of its files may be there already, and what of them was rejected before."""
    from tjtools.diff.session import Verdict

    for one in prepared.reviews:
        told = "; ".join(repeat.told for repeat in one.repeats)
        if one.verdict is Verdict.NEAR_DUPLICATE or (one.goes_up and one.repeats_rejected):
            say(f"{one.verdict.value}: {one.file.name} {told}")


def run_plan(
    workspace: Workspace,
    prepared: Prepared,
    plan: Plan,
    *,
    live: bool,
    force: bool = False,
    headless: bool | None = None,
    resumed: Unfinished | None = None,
) -> UploadReport:
    """Carry out a plan with a progress bar, and Ctrl-C in good order."""
    from tjtools.scrape import connection
    from tjtools.upload import upload as carry_out
    from tjtools.workspace.settings import load_settings

    settings = load_settings(workspace)
    with stoppable() as cancelled, bar("Uploading", len(plan.files)) as progress:
        return carry_out(
            plan,
            workspace,
            prepared.library,
            settings,
            lambda: connection.connect(workspace, settings, say=say, headless=headless, cancelled=cancelled),
            now=now,
            live=live,
            force=force,
            resumed=resumed,
            progress=lambda event: progress(f"{event.state}: {event.name}", event.done),
        )


def show_report(report: UploadReport) -> None:
    """What came of each file, and the files that were written."""
    rows = [(f"{one.status.value:10}  {one.creative_id:10}", one.file.name, one.message) for one in report.outcomes]
    listing("Live run" if report.live else "Dry run: nothing was uploaded", rows)
    for path in (report.status_file, *report.campaign_files):
        if path.exists():
            out.print(f"Written: {path}")


def _of_report(report: UploadReport) -> dict[str, object]:
    files = [of_outcome(one) for one in report.outcomes]
    return {"live": report.live, "files": files} | some_of(report, "status_file", "campaign_files", "stopped")
