"""`tjtools session`: a session out of a folder of media."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tjtools.cli.console import (
    NEEDS_A_PERSON,
    OK,
    JsonOption,
    WorkspaceOption,
    bar,
    find_workspace,
    listing,
    now,
    out,
    stoppable,
)
from tjtools.cli.shapes import print_json


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
    with stoppable("Stopping: no session is written.") as cancelled, bar("Looking at files", None) as shown:
        intake = plan_session(
            place,
            folder,
            now=now(),
            progress=lambda event: shown(f"{event.done}/{event.total} {event.path.name}", event.done),
            cancelled=cancelled,
        )
    if intake.taken and not dry_run:
        write_session(place, intake, now=now())
    if as_json:
        print_json(
            {
                "files": [{"row": dict(one.row), "notes": list(one.notes)} for one in intake.taken],
                "left_out": [{"path": str(path), "reason": why} for path, why in intake.left_out],
                "written": str(place.session) if intake.taken and not dry_run else None,
            }
        )
    else:
        listing(
            f"{len(intake.taken)} files for the session",
            [(one.creative_type.value, one.source.name, "; ".join(one.notes)) for one in intake.taken],
        )
        listing("Left out", [("", str(path), why) for path, why in intake.left_out])
        if intake.taken and not dry_run:
            out.print(f"Written: {place.session}; see what it says with: tjtools review", markup=False)
    raise typer.Exit(NEEDS_A_PERSON if intake.needs_a_person or not intake.taken else OK)
