"""What a session comes to on the terminal: the files that need a person, one line of counts, and what to do next."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tjtools import upload as steps
from tjtools.cli.console import listing, out
from tjtools.diff.session import FileReview, Verdict
from tjtools.health.status import REVIEW, UNCLEAR, Step, next_steps, tally
from tjtools.model.creative import SessionFile, UploadStatus
from tjtools.model.errors import WorkspaceNotFound
from tjtools.model.words import as_typed, counted, now
from tjtools.upload.doubt import TIMED_OUT
from tjtools.upload.journal import NOT_BEGUN
from tjtools.upload.plan import BEYOND
from tjtools.upload.run_files import not_begun
from tjtools.workspace.folder import Workspace

AllOption = Annotated[bool, typer.Option("--all", help="List every file, not only those that need you.")]
_CAME_TO = {
    UploadStatus.SUCCESS: "uploaded",
    UploadStatus.DRY_RUN: "would go up",
    UploadStatus.DUPLICATE: "duplicate",
    UploadStatus.FAILED: "failed",
    UploadStatus.UNKNOWN_ID: "without an ID",
}
_THERE, _MEND, _HELD, _STAYS = "there", "to mend", "held back", "not in this run"


def call(workspace: Workspace, *words: str) -> str:
    """A command as a person can give it from where they are."""
    try:
        here = Workspace.find(None, cwd=Path.cwd())
    except WorkspaceNotFound:
        here = None
    return as_typed("tjtools", *words, *([] if here == workspace else ["--workspace", workspace.root]))


def line(counts: Mapping[str, int], ahead: str = "", *, on: Console = out) -> None:
    """How many of which kind, and the command that comes next."""
    told = " · ".join(f"{number:,} {what}" for what, number in counts.items() if number) or "no files"
    on.print(f"{told} → {ahead}" if ahead else told)


def show_steps(workspace: Workspace, ahead: Sequence[Step]) -> None:
    """What to do next, the first thing first."""
    for word, step in zip(("Next", *["then"] * len(ahead)), ahead, strict=False):
        more = f" ({step.more})" if step.more else ""
        command = from_here(workspace, step)
        style = "yellow" if word == "Next" else "dim"
        out.print(f"{word}: {step.what}{more}" + (f" → {command}" if command else ""), style=style)


def from_here(workspace: Workspace, step: Step) -> str:
    """The command of a step, as a person can give it from where they are."""
    names_it = step.command.startswith(("tjtools init", "tjtools sandbox"))  # the folder, itself
    return step.command if names_it or not step.command else step.command + call(workspace).removeprefix("tjtools")


def show_reviews(
    reviews: Sequence[FileReview], *, everything: bool = False, ahead: str = "", on: Console = out
) -> None:
    """The verdicts that a person has to know of, or all of them, and their count."""
    some = [one for one in reviews if everything or one.needs_a_person or (one.goes_up and one.notes)]
    rows = [(one.verdict.value, one.file.name, "; ".join(filter(None, (one.reason, *one.notes)))) for one in some]
    of = "" if len(some) == len(reviews) else f"{len(some):,} of "
    listing(f"{of}{counted(len(reviews), 'file')}", rows, on=on)
    counts = {what: number for what, number in tally(reviews).items() if number}
    alone = {f"already {_THERE}, nothing new": counts[_THERE]} if counts.keys() == {_THERE} else counts
    line(alone, ahead, on=on)


def after_review(
    workspace: Workspace, prepared: steps.Prepared, paths: Sequence[Path], options: Sequence[str] = ()
) -> str:
    """The command that comes after a review of session or files: what has to be first, or to upload."""
    if not (prepared.reviews or prepared.bad_lines):
        return call(workspace, "prepare", "DIR")
    ahead = [one for one in next_steps(workspace, prepared, now=now()) if one.command != REVIEW]
    first = from_here(workspace, ahead[0]) if ahead else ""
    if not any(one.goes_up for one in prepared.reviews) or (ahead and ahead[0].urgent):
        return "" if paths else first
    plan = steps.make_plan(prepared.reviews)
    if plan.asks and not plan.files:
        return call(workspace, "decide", "FILE", "OTHER", "WORD")
    named = [word for path in paths for word in ("--file", str(path))]
    if paths or not ahead or ahead[0].tab != "upload":  # the saved plan takes none of them
        return call(workspace, "upload", *(named or ["--session"]), *options, "--live")
    return call(workspace, "upload", *options, "--live")


def show_report(workspace: Workspace, report: steps.UploadReport, *, everything: bool = False) -> None:
    """What a run came to: the files that need a person, or all of them, and what was uploaded with its ID."""
    if report.stopped and not report.outcomes:
        return  # nothing could be written down: why is all there is to say
    held = {one.file: _HELD if one.goes_up else _stays(one) for one in report.held_back}
    quiet = {UploadStatus.SKIPPED, UploadStatus.DRY_RUN}
    some = [one for one in report.outcomes if everything or one.file in held or one.status not in quiet]
    rows = [(f"{one.status.value:10}  {one.creative_id:10}", one.file.name, one.message) for one in some]
    listing("Live run" if report.live else "Dry run: nothing was uploaded", rows)
    if any(one.message == TIMED_OUT for one in report.outcomes):
        out.print("What the site timed out on, and you don't find there: tjtools upload --file PATH --live --force")
    for path in (report.status_file, *report.campaign_files):
        if path.exists():
            out.print(f"Written: {path}")
    counts = Counter(_came_to(one, held) for one in report.outcomes)
    order = (*_CAME_TO.values(), NOT_BEGUN, _THERE, _STAYS, _HELD, UNCLEAR, _MEND)
    line({what: counts[what] for what in order}, _after(workspace, report))


def _stays(one: FileReview) -> str:
    return UNCLEAR if one.verdict is Verdict.UNCLEAR else _MEND


def _came_to(one: steps.Outcome, held: Mapping[SessionFile, str]) -> str:
    if one.status is UploadStatus.SKIPPED:
        return _THERE if one.creative_id else NOT_BEGUN if not_begun(one) else held.get(one.file, _STAYS)
    return _CAME_TO[one.status]


def _after(workspace: Workspace, report: steps.UploadReport) -> str:
    """The command that comes after a run: to go on with it, to have files, or to upload what was rehearsed."""
    if steps.watched(workspace):
        return call(workspace, "status")  # what is unfinished is not cut off: another window is at it
    if steps.unfinished_run(workspace):
        return call(workspace, "upload", "--resume")
    if not report.outcomes:
        return call(workspace, "prepare", "DIR")
    ready = not (report.live or report.stopped) and report.count(UploadStatus.DRY_RUN)
    again = [word for word in sys.argv[1:] if word != "--all"]
    if report.live and any(one.message == BEYOND for one in report.outcomes):
        if "--force" in again:
            return ""  # with which those of this run would go up once more
        return as_typed("tjtools", *_without_limit(again))
    return as_typed("tjtools", *again, "--live") if ready else ""


def _without_limit(words: Sequence[str]) -> list[str]:
    return [word for before, word in pairwise(["", *words]) if "--limit" not in (before, word.partition("=")[0])]
