"""Commands for a session of files: `review` and `upload`."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tjtools.cli import exit_code
from tjtools.cli.console import (
    EXIT_CODES,
    NEEDS_A_PERSON,
    OK,
    JsonOption,
    TypeOption,
    WorkspaceOption,
    bar,
    err,
    find_workspace,
    listing,
    now,
    out,
    parse_type,
    say,
    stoppable,
)
from tjtools.cli.shapes import of_bad_line, of_outcome, of_review, print_json
from tjtools.workspace.csvfile import neutralise

if TYPE_CHECKING:
    from tjtools.diff.session import FileReview
    from tjtools.model.creative import SessionFile
    from tjtools.upload import Plan, Prepared, UploadReport
    from tjtools.upload.journal import Unfinished
    from tjtools.workspace.folder import Workspace
    from tjtools.workspace.settings import Settings

FileOption = Annotated[
    list[Path] | None, typer.Option("--file", help="A file instead of the session; may be given several times.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Bypass every duplicate check, and no other.")]


def review(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]…", help="Files instead of the session.")] = None,
    file: FileOption = None,
    kind: TypeOption = None,
    force: ForceOption = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the verdicts into a CSV that is safe to open in a spreadsheet.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say of every file of the session, or of those named, what it is and why: new, already there, duplicate, invalid …

    Each file is judged by its content, offline. A near duplicate goes up unless you decide otherwise: tjtools decide.

    Exit codes: 0 all well, 1 something needs a person, 2 error.
    """
    prepared = _prepare(find_workspace(workspace), [*(paths or []), *(file or [])], kind, force=force)
    if csv_file:
        write_review_csv(csv_file, prepared.reviews)
    if as_json:
        print_json(
            {
                "files": [of_review(one) for one in prepared.reviews],
                "bad_lines": [of_bad_line(bad) for bad in prepared.bad_lines],
            }
        )
    else:
        show_reviews(prepared.reviews)
        if prepared.unseen:
            out.print(
                f"Nobody has looked at {prepared.unseen} local copies of known creatives: run tjtools duplicates."
            )
    raise typer.Exit(NEEDS_A_PERSON if prepared.needs_a_person else OK)


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
    headless: Annotated[bool | None, typer.Option("--headless/--headed", help="Hide or show the browser.")] = None,
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
        prepared = _prepare(place, file, kind, force=force)
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
    if report.stopped:
        err.print(str(report.stopped), style="red", markup=False)
        raise typer.Exit(exit_code(report.stopped))
    raise typer.Exit(NEEDS_A_PERSON if report.needs_a_person or prepared.bad_lines else OK)


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
    with stoppable("Stopping: what was seen is kept.") as cancelled, bar("Looking at files", None) as shown:
        rest = prepare_rest(
            place,
            run,
            settings,
            progress=lambda now: shown(f"{now.done}/{now.total} {now.path.name}", now.done),
            cancelled=cancelled,
        )
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


def _prepare(workspace: Workspace, paths: list[Path] | None, kind: str | None, *, force: bool) -> Prepared:
    from tjtools.upload import named_files, prepare

    files: list[SessionFile] | None = named_files(workspace, paths, parse_type(kind)) if paths else None
    with stoppable("Stopping: what was seen is kept.") as cancelled, bar("Looking at files", None) as shown:
        return prepare(
            workspace,
            files,
            force=force,
            progress=lambda now: shown(f"{now.done}/{now.total} {now.path.name}", now.done),
            cancelled=cancelled,
        )


def show_reviews(reviews: Sequence[FileReview], *, console: Console = out) -> None:
    """The verdicts, and their count."""
    rows = [(one.verdict.value, one.file.name, "; ".join(filter(None, (one.reason, *one.notes)))) for one in reviews]
    listing(f"{len(reviews)} files in the session", rows, console=console)
    count = Counter(one.verdict.value for one in reviews)
    console.print(", ".join(f"{number} {verdict}" for verdict, number in count.items()) or "nothing to review")


def write_review_csv(path: Path, reviews: Sequence[FileReview]) -> None:
    """The verdicts for a spreadsheet: text that it would run is made harmless."""
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["verdict", "file_name", "creative_type", "creative_id", "reason", "notes"])
        for one in reviews:
            kind, notes = one.file.creative_type.value, "; ".join(one.notes)
            row = [one.verdict.value, one.file.name, kind, one.creative_id or "", one.reason, notes]
            writer.writerow(map(neutralise, row))


def show_report(report: UploadReport) -> None:
    """What came of each file, and the files that were written."""
    rows = [(f"{one.status.value:10}  {one.creative_id:10}", one.file.name, one.message) for one in report.outcomes]
    listing("Live run" if report.live else "Dry run: nothing was uploaded", rows)
    for path in (report.status_file, *report.campaign_files):
        if path.exists():
            out.print(f"Written: {path}", markup=False)


def _of_report(report: UploadReport) -> dict[str, object]:
    return {
        "live": report.live,
        "files": [of_outcome(one) for one in report.outcomes],
        "status_file": str(report.status_file),
        "campaign_files": [str(path) for path in report.campaign_files],
        "stopped": str(report.stopped) if report.stopped else None,
    }
