"""The library made anew from the master inventory, when the cache is lost or can't be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from tjtools import backups
from tjtools.cache import COLUMNS, Library
from tjtools.csvfile import BadLine, read_table, write_rows
from tjtools.errors import NotText, TrackingFileError, WrongHeader, translated
from tjtools.libraryrow import fields_of, read_name
from tjtools.locks import locked
from tjtools.models import Creative, CreativeType, ReviewStatus
from tjtools.naming import file_type
from tjtools.session import NEEDED_COLUMNS
from tjtools.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild came to: how many creatives the library kept, how many only the master knew.

    `set_aside` is the copy of a cache that could not be read at all; `bad_lines` are the master's lines without a
    usable ID, type or day.
    """

    kept: int
    added: int
    bad_lines: tuple[BadLine, ...]
    set_aside: Path | None = None


def rebuild_cache(workspace: Workspace, *, now: datetime) -> Rebuilt:
    """Rebuild the library from the master, with a backup.

    Rows that can be read stay, with their statuses, also those that the master lacks; IDs that only the master knows
    become `pending`. Raises `WrongHeader` or `NotText` where the master can't be read, and `TrackingFileError` where
    the library can't be read and the master has no IDs: then nothing is changed.
    """
    found, bad = _from_master(workspace)
    with locked(workspace.library):
        try:
            library = Library.load(workspace.library)
        except (WrongHeader, NotText) as error:
            if not found:
                raise TrackingFileError(
                    "the master has no Creative IDs to rebuild the library from, so nothing was changed.",
                    path=workspace.master,
                    remedy=f"Look at {workspace.library} in a text editor, or take a backup from {workspace.private}.",
                ) from error
            with translated(workspace.library, "set aside"):
                set_aside = backups.keep(workspace.library, now)
            write_rows(workspace.library, COLUMNS, map(fields_of, found))
            return Rebuilt(0, len(found), bad, set_aside)
        present = list(library)
        added = [creative for creative in found if creative.creative_id not in library]
        library.rewrite([*present, *added], now=now)
    return Rebuilt(len(present), len(added), bad)


def _from_master(workspace: Workspace) -> tuple[list[Creative], tuple[BadLine, ...]]:
    table = read_table(workspace.master, NEEDED_COLUMNS)
    found: dict[str, Creative] = {}
    bad = list(table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        creative_id = row.get("tj_creative_id", "").strip()
        if not creative_id:
            continue
        try:
            found[creative_id] = _creative(creative_id, row)
        except ValueError as error:
            bad.append(BadLine(line, str(error), ",".join(row.values())))
    return list(found.values()), tuple(bad)


def _creative(creative_id: str, row: dict[str, str]) -> Creative:
    if not (creative_id.isascii() and creative_id.isdigit()):
        msg = f"tj_creative_id is {creative_id!r}, which is no Creative ID"
        raise ValueError(msg)
    width, height, day = (row.get(column, "").strip() for column in ("width_px", "height_px", "tj_upload_date"))
    name = read_name(row["new_filename"])
    return Creative(
        creative_id=creative_id,
        filename=name,
        upload_date=date.fromisoformat(day) if day else None,
        dimensions=f"{width}x{height}" if width.isdecimal() and height.isdecimal() else "",
        file_type=file_type(name),
        creative_type=CreativeType.parse(row["creative_type"]).section.creative_type,
        review_status=ReviewStatus.PENDING,
    )
