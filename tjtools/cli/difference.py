"""`tjtools diff`, and how a difference is shown."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tjtools.cli.console import OK, JsonOption, listing, out
from tjtools.cli.shapes import of_difference, print_json
from tjtools.workspace.csvfile import neutralise

if TYPE_CHECKING:
    from rich.console import Console

    from tjtools.diff.libraries import LibraryDifference

DIFFERENT = 1


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
    from tjtools.diff.libraries import diff_libraries
    from tjtools.diff.unshared import read_unshared

    difference = diff_libraries(*read_unshared(old, new))
    if csv_file:
        write_difference_csv(csv_file, difference)
    if as_json:
        print_json(of_difference(difference))
    else:
        show_difference(difference)
    raise typer.Exit(DIFFERENT if difference else OK)


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


def write_difference_csv(path: Path, difference: LibraryDifference) -> None:
    """The difference for a spreadsheet: text that it would run is made harmless."""
    from tjtools.diff.libraries import COLUMNS

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([neutralise(value) for value in row] for row in difference.rows())
