"""Commands for a session of files: `session` makes one out of a folder of media, `review` judges it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tjtools.cli.console import (
    JsonOption,
    TypeOption,
    WorkspaceOption,
    end,
    find_workspace,
    listing,
    looking,
    now,
    out,
    parse_type,
    write_csv,
)
from tjtools.cli.shapes import of_review, print_json, some_of

if TYPE_CHECKING:
    from tjtools.diff.session import FileReview
    from tjtools.upload import Prepared
    from tjtools.workspace.folder import Workspace

FileOption = Annotated[
    list[Path] | None, typer.Option("--file", help="A file instead of the session; may be given several times.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Bypass every duplicate check, and no other.")]
REVIEW_COLUMNS = ("verdict", "file_name", "creative_type", "creative_id", "reason", "notes")


def session(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of media; those in it count too.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what each file would become.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the session inventory from a folder of media, and copy the files to where it expects them.

    Each file is looked at, its name is read, native videos are paired with their images, and what could not be told is
    said. The session that was there is kept as a backup. Exit codes: 0 all well, 1 something needs a person, 2 error,
    130 stopped by Ctrl-C.
    """
    from tjtools.practice.intake import plan_session, write_session

    place = find_workspace(workspace)
    with looking("Stopping: no session is written.") as (progress, cancelled):
        intake = plan_session(place, folder, now=now(), progress=progress, cancelled=cancelled)
    written = bool(intake.taken) and not dry_run
    if written:
        write_session(place, intake, now=now())
    if as_json:
        print_json(
            {
                "files": [some_of(one, "row", "notes") for one in intake.taken],
                "left_out": [{"path": path, "reason": why} for path, why in intake.left_out],
                "written": place.session if written else None,
            }
        )
    else:
        listing(
            f"{len(intake.taken)} files for the session",
            [(one.creative_type.value, one.source.name, "; ".join(one.notes)) for one in intake.taken],
        )
        listing("Left out", [("", str(path), why) for path, why in intake.left_out])
        if written:
            out.print(f"Written: {place.session}; see what it says with: tjtools review")
    end(needs_a_person=intake.needs_a_person or not intake.taken)


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
    prepared = prepare_files(find_workspace(workspace), [*(paths or []), *(file or [])], kind, force=force)
    if csv_file:
        write_csv(csv_file, REVIEW_COLUMNS, map(_row, prepared.reviews))
    if as_json:
        print_json({"files": [of_review(one) for one in prepared.reviews], "bad_lines": prepared.bad_lines})
    else:
        show_reviews(prepared.reviews)
        if prepared.unseen:
            out.print(
                f"Nobody has looked at {prepared.unseen} local copies of known creatives: run tjtools duplicates."
            )
    end(needs_a_person=prepared.needs_a_person)


def prepare_files(workspace: Workspace, paths: list[Path] | None, kind: str | None, *, force: bool) -> Prepared:
    """Judge the session's files, or those named, with a progress bar, and Ctrl-C in good order."""
    from tjtools.upload import named_files, prepare

    files = named_files(workspace, paths, parse_type(kind)) if paths else None
    with looking() as (progress, cancelled):
        return prepare(workspace, files, force=force, progress=progress, cancelled=cancelled)


def show_reviews(reviews: Sequence[FileReview], *, console: Console = out) -> None:
    """The verdicts, and their count."""
    rows = [(one.verdict.value, one.file.name, "; ".join(filter(None, (one.reason, *one.notes)))) for one in reviews]
    listing(f"{len(reviews)} files in the session", rows, console=console)
    count = Counter(one.verdict.value for one in reviews)
    console.print(", ".join(f"{number} {verdict}" for verdict, number in count.items()) or "nothing to review")


def _row(one: FileReview) -> tuple[str, ...]:
    kind, notes = one.file.creative_type.value, "; ".join(one.notes)
    return (one.verdict.value, one.file.name, kind, one.creative_id or "", one.reason, notes)
