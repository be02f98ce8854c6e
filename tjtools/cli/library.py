"""Commands that look after the library cache: `add` and `rebuild-cache`."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated

import typer

from tjtools.cli.console import (
    NEEDS_A_PERSON,
    OK,
    JsonOption,
    TypeOption,
    WorkspaceOption,
    find_workspace,
    now,
    out,
    parse_type,
)
from tjtools.cli.shapes import of_bad_line, of_creative, print_json
from tjtools.model.creative import Creative, ReviewStatus


def add(
    creative_id: Annotated[str, typer.Argument(metavar="ID", help="The Creative ID as the site shows it.")],
    filename: Annotated[str, typer.Argument(metavar="NAME", help="The file's full name.")],
    kind: TypeOption = None,
    status: Annotated[str, typer.Option(help="pending, approved or rejected.")] = "pending",
    today: Annotated[bool, typer.Option("--today", help="It was uploaded today; else the day is unknown.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a creative that was uploaded by hand to the library cache, or the full name of one that it knows.

    Exit codes: 0 added, 1 the library has this ID already, 2 error.
    """
    from tjtools.cache.history import History, Source
    from tjtools.cache.library import Library
    from tjtools.model.cells import read_id
    from tjtools.model.names import file_type as type_of

    try:
        creative_id = read_id(creative_id)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if PurePath(filename).name != filename:
        raise typer.BadParameter(f"{filename!r} is a path: give the bare name {PurePath(filename).name!r}")
    try:
        review_status = ReviewStatus.parse(status)
    except ValueError:
        review_status = ReviewStatus.REMOVED
    if review_status is ReviewStatus.REMOVED:
        raise typer.BadParameter(f"{status!r} is none of pending, approved, rejected")
    chosen = parse_type(kind)
    creative = Creative(
        creative_id=creative_id,
        filename=filename,
        upload_date=now().date() if today else None,
        file_type=type_of(filename),
        creative_type=chosen.section.creative_type if chosen else None,
        review_status=review_status,
    )
    place = find_workspace(workspace)
    library = Library.load(place.library)
    known = library.get(creative_id)
    if known:
        creative = _called(known, filename)
    added = library.add([creative])
    if not known:
        History.of(place).record([creative], source=Source.MANUAL, now=now())
    if as_json:
        print_json({"added": bool(added), "creative": of_creative(creative)})
    elif known and added:
        out.print(f"{creative_id} has its full name now: {filename}", markup=False)
    elif known:
        out.print(f"The library has {creative_id} already, as {known[0].filename}: nothing was added.", markup=False)
    else:
        out.print(f"Added to {library.path.name}: {filename} → {creative_id}", markup=False)
    raise typer.Exit(OK if added else NEEDS_A_PERSON)


def _called(known: tuple[Creative, ...], filename: str) -> Creative:
    """The creative that is known, by its full name if this is it."""
    from tjtools.model.names import fuller, same_name

    one = known[0]
    is_one = len(known) == 1 and same_name(one.filename, filename)
    return one._replace(filename=fuller(one.filename, filename)) if is_one else one


def rebuild(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Rebuild the library cache from the master inventory, with a backup.

    Rows that can be read stay, with their statuses; IDs that only the master knows become pending, without the day or
    the type where that can't be understood.
    Exit codes: 0 all well, 1 lines of the master could not be understood, 2 error.
    """
    from tjtools.cache.rebuild import rebuild_cache

    place = find_workspace(workspace)
    done = rebuild_cache(place, now=now())
    if as_json:
        print_json(
            {
                "kept": done.kept,
                "added": done.added,
                "bad_lines": [of_bad_line(bad) for bad in done.bad_lines],
                "set_aside": str(done.set_aside) if done.set_aside else None,
            }
        )
    else:
        out.print(f"{place.library.name}: {done.kept} creatives kept, {done.added} added from {place.master.name}.")
        if done.set_aside:
            out.print(f"The old cache could not be read; it is kept as {done.set_aside}.", markup=False)
        for bad in done.bad_lines:
            out.print(f"{place.master.name}:{bad.line}: {bad.reason}", markup=False)
    raise typer.Exit(NEEDS_A_PERSON if done.bad_lines else OK)
