"""Commands that look after the library cache: `add`, `rebuild-cache` and `diff`."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from tjtools.cli.console import (
    JsonOption,
    TypeOption,
    WorkspaceOption,
    end,
    find_workspace,
    listing,
    now,
    out,
    parse_type,
    write_csv,
)
from tjtools.cli.shapes import print_json, some_of
from tjtools.model.creative import Creative, ReviewStatus

if TYPE_CHECKING:
    from rich.console import Console

    from tjtools.diff.libraries import LibraryDifference


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
    chosen = parse_type(kind)
    creative = Creative(
        creative_id=creative_id,
        filename=filename,
        upload_date=now().date() if today else None,
        file_type=type_of(filename),
        creative_type=chosen.section.creative_type if chosen else None,
        review_status=_shown_status(status),
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
        print_json({"added": bool(added), "creative": creative})
    elif known and added:
        out.print(f"{creative_id} has its full name now: {filename}")
    elif known:
        out.print(f"The library has {creative_id} already, as {known[0].filename}: nothing was added.")
    else:
        out.print(f"Added to {library.path.name}: {filename} → {creative_id}")
    end(needs_a_person=not added)


def _shown_status(text: str) -> ReviewStatus:
    """A review status that the site shows."""
    try:
        status = ReviewStatus.parse(text)
    except ValueError:
        status = ReviewStatus.REMOVED
    if status is ReviewStatus.REMOVED:
        raise typer.BadParameter(f"{text!r} is none of pending, approved, rejected")
    return status


def _called(known: tuple[Creative, ...], filename: str) -> Creative:
    """The creative that is known, by its full name if this is it."""
    from tjtools.model.names import fuller, same_name

    one = known[0]
    is_one = len(known) == 1 and same_name(one.filename, filename)
    return one._replace(filename=fuller(one.filename, filename)) if is_one else one


def rebuild_cache(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Rebuild the library cache from the master inventory, with a backup.

    Rows that can be read stay, with their statuses; IDs that only the master knows become pending, without the day or
    the type where that can't be understood.
    Exit codes: 0 all well, 1 lines of the master could not be understood, 2 error.
    """
    from tjtools.cache import inventory

    place = find_workspace(workspace)
    done = inventory.rebuild_cache(place, now=now())
    if as_json:
        print_json(some_of(done, "kept", "added", "bad_lines", "set_aside"))
    else:
        out.print(f"{place.library.name}: {done.kept} creatives kept, {done.added} added from {place.master.name}.")
        if done.set_aside:
            out.print(f"The old cache could not be read; it is kept as {done.set_aside}.")
        for bad in done.bad_lines:
            out.print(f"{place.master.name}:{bad.line}: {bad.reason}")
    end(needs_a_person=done.bad_lines)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.csv", help="A library, or a snapshot of one.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.csv", help="A later one.")],
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write the difference into a CSV that is safe to open in a spreadsheet."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two libraries: added, removed, status changed, renamed, other fields. Offline.

    Rows marked removed count as gone. Exit codes: 0 they are the same, 1 they differ, 2 error.
    """
    from tjtools.cache.snapshots import read_snapshot
    from tjtools.diff.libraries import COLUMNS, diff_libraries

    difference = diff_libraries(read_snapshot(old), read_snapshot(new))
    if csv_file:
        write_csv(csv_file, COLUMNS, difference.rows())
    if as_json:
        print_json(difference)
    else:
        show_difference(difference)
    end(needs_a_person=difference)  # 1 says here that they differ


def show_difference(difference: LibraryDifference, *, console: Console = out) -> None:
    """What came, what went and what changed, and how many of each."""
    rows = list(difference.rows())
    if not rows:
        console.print("No difference.")
        return
    shown = [
        (f"{what:14}  {creative_id:10}", name, f"{field}: {old or '(unknown)'} → {new}" if field else "")
        for what, creative_id, name, field, old, new in rows
    ]
    count = ", ".join(f"{count} {what}" for what, count in difference.counts.items() if count)
    listing("Difference", shown, console=console)
    console.print(count)
