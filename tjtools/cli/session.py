"""Commands for a session of files: `review`, `duplicates`, `decide` and `upload`."""

from __future__ import annotations

import base64
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from tjtools import upload as steps
from tjtools.cli import console, some_of
from tjtools.cli.console import Wait, bar, confirmed, end, err, listing, looking, out, say, stoppable
from tjtools.cli.told import AllOption, after_review, show_report, show_reviews
from tjtools.diff.duplicates import Duplicates, Group, decide_about, find_duplicates
from tjtools.diff.repeats import Decision, Known
from tjtools.diff.session import FileReview, Verdict
from tjtools.media.content import Fingerprints
from tjtools.model.creative import CreativeType
from tjtools.model.errors import WorkspaceError
from tjtools.model.words import counted, in_seconds, now
from tjtools.scrape.connection import connect
from tjtools.upload.journal import Journal, Unfinished
from tjtools.upload.plan import exchanged
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

FileOption = Annotated[
    list[Path] | None,
    typer.Option("--file", metavar="PATH", help="A file instead of the session; may be given several times."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Bypass every duplicate check, and no other.")]
REVIEW_COLUMNS = ("verdict", "file_name", "creative_type", "creative_id", "reason", "notes")


def review(
    workspace: console.WorkspaceOption,
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="Files instead of the session.")] = None,
    file: FileOption = None,
    kind: console.TypeOption = None,
    force: ForceOption = False,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the verdicts into a CSV, safe to open in a spreadsheet."),
    ] = None,
    everything: AllOption = False,
    as_json: console.JsonOption = False,
) -> None:
    """Say of each file whether it can go up, and why.

    Of every file of the session, or of those named: new, already there, duplicate, invalid … What needs a person is
    listed, with --all everything.

    Each file is judged by its content, offline. A near duplicate goes up unless you decide otherwise: tjtools decide.

    Exit codes: 0 all well, 1 something needs a person, 2 error.
    """
    named = [*(paths or []), *(file or [])]
    prepared = prepare_files(workspace, named, kind, force=force)
    if csv_file:
        console.write_csv(csv_file, REVIEW_COLUMNS, map(_row, prepared.reviews))
    told = {"files": [of_review(one) for one in prepared.reviews], "bad_lines": prepared.bad_lines}

    def show() -> None:
        options = [*(["--type", kind.value] if kind else []), *["--force"] * force]
        ahead = after_review(workspace, prepared, named, options)
        if number := prepared.unseen:
            out.print(
                f"Nobody has looked at the local copies of {counted(number, 'creative')}: run tjtools duplicates."
            )
        show_reviews(prepared.reviews, everything=everything, ahead=ahead)

    end(told, show, as_json=as_json, needs_a_person=prepared.needs_a_person)


def prepare_files(
    workspace: Workspace, paths: list[Path] | None, kind: CreativeType | None, *, force: bool
) -> steps.Prepared:
    """Judge the session's files, or those named, with a progress bar, and Ctrl-C in good order."""
    if kind and not paths:
        raise typer.BadParameter("--type says what a named file is; of the session's files the inventory says it")
    files = steps.named_files(workspace, paths, kind) if paths else None
    with looking() as (progress, cancelled):
        return steps.prepare(workspace, files, force=force, progress=progress, cancelled=cancelled)


def _row(one: FileReview) -> tuple[str, ...]:
    kind, notes = one.file.creative_type.value, "; ".join(one.notes)
    return (one.verdict.value, one.file.name, kind, one.creative_id or "", one.reason, notes)


def duplicates(
    workspace: console.WorkspaceOption,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Files or folders: only what repeats one of them; else everything."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one page with pictures.")] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Find what is there twice, or looks so.

    Among files, session and library, offline. What was not seen yet is looked at first; that may take a while. Exit
    codes: 0 no duplicates, 1 some, 2 error, 130 stopped by Ctrl-C.
    """
    with looking() as (progress, cancelled):
        found = find_duplicates(workspace, paths or [], progress=progress, cancelled=cancelled)
    if html:
        console.write(html, duplicates_page(found, Fingerprints.load(workspace)))
    told = {
        "groups": [
            {
                "kind": group.kind,
                "closeness": round(group.closeness, 4),
                "members": [_of_known(one) | {"how": group.how(one)} for one in group.members],
            }
            for group in found.groups
        ],
        **some_of(found, "files", "compared"),
        "unreadable": [{"path": path, "reason": why} for path, why in found.unreadable],
        "without_copy": found.without_copy,
    }
    end(told, lambda: _show_duplicates(found, html), as_json=as_json, needs_a_person=found.groups)


def decide(
    workspace: console.WorkspaceOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that looks like a creative or another file.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="That creative's ID, or the other file.")],
    decision: Annotated[
        Literal["not-the-same", "skip", "undecided"], typer.Argument(help="undecided takes an earlier word back.")
    ],
    as_json: console.JsonOption = False,
) -> None:
    """Remember that two are the same, or are not.

    What you decided about two files that look the same: reviews and uploads go by it. It holds for the two contents,
    under whatever names they come again. Exit codes: 0 remembered, 2 error.
    """
    made = Decision(decision.replace("-", " "))
    one, two = decide_about(workspace, file, other, made, now=now())
    told = {"decision": made, "file": one, "other": two}
    end(told, f"Remembered: {one.name} beside {two.name}: {made.value}", as_json=as_json)


def _show_duplicates(found: Duplicates, html: Path | None) -> None:
    for group in found.groups:
        how = [(one, "; ".join(filter(None, (group.how(one), _facts(one))))) for one in group.members]
        listing(_title(group), [("", _told(one), told) for one, told in how])
    listing("Can't be compared by their looks", [("", str(path), why) for path, why in found.unreadable])
    out.print(
        f"{counted(len(found.groups), 'group')} of duplicates among {counted(found.files, 'file')} and the library"
    )
    if count := len(found.without_copy):
        out.print(f"Of {counted(count, 'creative')} there is no local copy to look at; --json and --html name them.")
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

    def picture(one: Known) -> str:
        return base64.b64encode(fingerprints.thumbnail(one.fingerprint) or b"").decode()

    page = console.template("duplicates.html")
    return page.render(found=found, title=_title, facts=_facts, picture=picture, counted=counted)


def of_review(one: FileReview) -> dict[str, object]:
    """A file's verdict, as JSON has it."""
    repeats = [
        some_of(repeat, "kind", "how")
        | {"closeness": round(repeat.closeness, 4), "decision": repeat.decision}
        | _of_known(repeat.known)
        for repeat in one.repeats
    ]
    told = some_of(one, "verdict", "reason", "creative_id", "known", "notes")
    return {"file_name": one.file.name, "creative_type": one.file.creative_type} | told | {"repeats": repeats}


def _of_known(one: Known) -> dict[str, object]:
    facts = one.fingerprint.facts
    return some_of(one, "creative", "name", "path") | {
        "checksum": one.fingerprint.checksum,
        "bytes": facts.bytes,
        "dimensions": facts.size or None,
        "seconds": facts.seconds,
        "rejected_at": one.rejected_at,
        "history": one.history,
    }


def of_outcome(one: steps.Outcome) -> dict[str, object]:
    """What came of a file, as JSON has it."""
    told = {"status": one.status, "creative_id": one.creative_id or None, "message": one.message}
    return {"file_name": one.file.name, "creative_type": one.file.creative_type} | told


def upload(
    workspace: console.WorkspaceOption,
    session: Annotated[
        bool, typer.Option("--session", help="Upload every new file of the session, whatever the saved plan says.")
    ] = False,
    file: FileOption = None,
    kind: console.TypeOption = None,
    live: Annotated[bool, typer.Option("--live", help="Really upload; without it, a dry run.")] = False,
    force: ForceOption = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N files; native pairs stay together.")
    ] = None,
    allow_repeats: Annotated[bool, typer.Option("--allow-repeats", help="Also copies of rejected ones.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the live run that was cut off.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the upload that runs in another window.")] = False,
    headless: console.HeadlessOption = None,
    everything: AllOption = False,
    as_json: console.JsonOption = False,
) -> None:
    """Upload what is new; without --live, rehearse it.

    The session's files, or those named. If a plan was saved in the notebook: its files, unless --session asks for all.

    A dry run walks the real pages up to handing files over. --resume goes on with a run that was cut off: what was
    under way is looked for on the site, and the rest goes up. What repeats a creative that was rejected goes up only
    if you say so: --live asks; without a terminal, give --allow-repeats.

    Exit codes: 0 all well, 1 something needs a person, 2 error, 3 sign-in needed, 130 stopped by Ctrl-C or a signal.
    """
    if session and file:
        raise typer.BadParameter("give either --session or --file")
    if resume and (session or file or kind or force or limit or allow_repeats):
        raise typer.BadParameter("--resume takes the files of the run that was cut off: give it alone")
    if stop:
        _stop(workspace, as_json=as_json)
    if resume:
        prepared, report = _resume(workspace, headless=headless)
    else:
        prepared = prepare_files(workspace, file, kind, force=force)
        made = _planned(workspace, prepared, limit, saved=not (session or file))
        plan = _with_repeats(workspace, made, allow=allow_repeats, ask=live)
        report = run_plan(workspace, prepared, plan, live=live, force=force, headless=headless)
    told = {"live": report.live, "files": [of_outcome(one) for one in report.outcomes]}
    end(
        told | some_of(report, "status_file", "campaign_files", "stopped"),
        lambda: show_report(workspace, report, everything=everything),
        as_json=as_json,
        needs_a_person=report.needs_a_person or prepared.bad_lines,
        stopped=report.stopped,
    )


def _planned(workspace: Workspace, prepared: steps.Prepared, limit: int | None, *, saved: bool) -> partial[steps.Plan]:
    """How to plan what to upload, by the saved plan if that counts and there is one; says what to know before."""
    size = load_settings(workspace).upload.batch_size
    if running := steps.watched(workspace):
        say(f"{running.told}. tjtools upload --stop ends it.")
    elif run := steps.unfinished_run(workspace):
        say(f"The live run of {run.at:%Y-%m-%d %H:%M} was not finished: {run.told}.")
        say("tjtools upload --resume goes on with it; another live run takes its workspace.")
    for one in prepared.reviews:
        if one.verdict is Verdict.NEAR_DUPLICATE and not one.repeats_rejected:
            say(f"{one.verdict.value}: {one.file.name} {'; '.join(repeat.told for repeat in one.repeats)}")
    choice = steps.load_choice(workspace) if saved else None
    if choice:
        say(f"Taking the plan that was saved on {choice.saved_at:%Y-%m-%d %H:%M}; --session takes every new file")
        for file in exchanged(prepared.reviews, choice.contents):
            say(f"Exchanged since then: {file.name}")
    return partial(steps.make_plan, prepared.reviews, batch_size=size, limit=limit, choice=choice)


def _with_repeats(workspace: Workspace, made: partial[steps.Plan], *, allow: bool, ask: bool) -> steps.Plan:
    """The plan, with what repeats a rejected creative where a person says so, or it was handed over before.

    Says which files it does not know.
    """
    plan = made(allow_repeats=allow or Journal(workspace.log).in_doubt())
    plan = made(allow_repeats=True) if plan.repeats and ask and _repeats_too(plan) else plan
    if late := len(plan.unseen):
        them = "it" if late == 1 else "them"
        say(f"{counted(late, 'file')} came after the plan, which says nothing of {them}: choose in notebook 01,")
        say("or take every new file with --session")
    return plan


def _repeats_too(plan: steps.Plan) -> bool:
    """Name what repeats a rejected creative, and ask whether it goes up; where nobody can be asked, it does not."""
    listing(plan.asks, [("", one.file.name, one.reason) for one in plan.repeats], on=err)
    if not sys.stdin.isatty():
        say("Held back, as there is no terminal to ask on: --allow-repeats uploads them too")
        return False
    return confirmed("Upload them all the same?", "uploaded")


def _stop(workspace: Workspace, *, as_json: bool) -> NoReturn:
    """Ask the upload in another window to stop, and wait until it has."""
    last = steps.stop_run(workspace)
    run = steps.unfinished_run(workspace)
    told = run.told if run else last.how_far
    said = f"Stopped: {told}." + " To go on: tjtools upload --resume" * bool(run)
    end({"stopped": told, "unfinished": run is not None}, said, as_json=as_json)


def _resume(workspace: Workspace, *, headless: bool | None) -> tuple[steps.Prepared, steps.UploadReport]:
    run = steps.unfinished_run(workspace)
    if run is None:
        raise WorkspaceError("Every live run here came to its end: there is none to go on with.")
    say(f"Going on with the live run of {run.at:%Y-%m-%d %H:%M}: {run.told}")
    settings = load_settings(workspace)
    with looking() as (progress, cancelled):
        rest = steps.prepare_rest(workspace, run, settings, now=now, progress=progress, cancelled=cancelled)
    for words in rest.notes:
        say(words)
    return rest.prepared, run_plan(workspace, rest.prepared, rest.plan, live=True, headless=headless, resumed=run)


def run_plan(
    workspace: Workspace,
    prepared: steps.Prepared,
    plan: steps.Plan,
    *,
    live: bool,
    force: bool = False,
    headless: bool | None = None,
    resumed: Unfinished | None = None,
) -> steps.UploadReport:
    """Carry out a plan with a progress bar, and Ctrl-C in good order."""
    settings, wait = load_settings(workspace), Wait()
    begun = "Opening the site" if plan.files else "Nothing to upload"
    with stoppable(wait=wait) as cancelled, bar(begun, len(plan.files), wait) as progress:
        return steps.upload(
            plan,
            workspace,
            prepared.library,
            settings,
            lambda: connect(workspace, settings, say=say, headless=headless, cancelled=cancelled, waits=wait),
            now=now,
            live=live,
            force=force,
            resumed=resumed,
            progress=lambda event: progress(event.told, event.done, event.total),
        )
