"""The library made anew from the master inventory, when the cache is lost or can't be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tjtools.cache.inventory import NEEDED_COLUMNS, size_of
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.rows import fields_of, read_name
from tjtools.model.cells import read_day, read_id
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.model.errors import NotText, TrackingFileError, WrongHeader, translated
from tjtools.model.names import file_type
from tjtools.workspace import backups
from tjtools.workspace.csvfile import BadLine, read_table, write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.locks import locked

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild came to: how many creatives the library kept, how many only the master knew.

    `set_aside` is the copy of a cache that could not be read at all; `bad_lines` are the master's lines of which
    something can't be understood: without an ID or a name they are no creative, without a type or a day they are.
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
    found, bad = read_master(workspace)
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


def read_master(workspace: Workspace) -> tuple[list[Creative], tuple[BadLine, ...]]:
    """The creatives that the master knows by their IDs, and its lines of which something can't be understood."""
    table = read_table(workspace.master, NEEDED_COLUMNS)
    found: dict[str, Creative] = {}
    bad = list(table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        if not row.get("tj_creative_id", "").strip():
            continue
        doubts: list[str] = []
        try:
            creative = _creative(row, doubts)
            found[creative.creative_id] = creative
        except ValueError as error:
            doubts = [str(error)]
        bad += [BadLine(line, doubt, ",".join(row.values())) for doubt in doubts]
    return list(found.values()), tuple(bad)


def _creative(row: dict[str, str], doubts: list[str]) -> Creative:
    """A row's creative, without what is added to `doubts`; ValueError where its ID or its name means nothing."""
    name = read_name(row["new_filename"])
    kind = _understood(CreativeType.parse, row["creative_type"], doubts)
    return Creative(
        creative_id=read_id(row["tj_creative_id"]),
        filename=name,
        upload_date=_understood(read_day, row.get("tj_upload_date", ""), doubts),
        dimensions=_dimensions(row),
        file_type=file_type(name),
        creative_type=kind.section.creative_type if kind else None,
        review_status=ReviewStatus.PENDING,
    )


def _understood(read: Callable[[str], T | None], text: str, doubts: list[str]) -> T | None:
    try:
        return read(text)
    except ValueError as error:
        doubts.append(str(error))
        return None


def _dimensions(row: dict[str, str]) -> str:
    try:
        size = size_of(row)
    except ValueError:
        return ""
    return "" if "0" in size.split("x") else size
