"""The inventories: the session (files to upload now) and the master (all ever, with the Creative IDs they got).

From the master the library is made anew when the cache is lost or can't be read.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.library import COLUMNS as LIBRARY_COLUMNS
from tjtools.cache.library import Library
from tjtools.cache.rows import Row, fields_of, merge, read_row
from tjtools.model.cells import told_id
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.model.errors import NotText, TrackingFileError, UnsafePath, WrongHeader, translated
from tjtools.model.names import as_sent, file_type, folded
from tjtools.workspace.csvfile import BadLine, quarantine, read_table, write_rows
from tjtools.workspace.disk import keep, locked
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import Limits, load_limits

COLUMNS = (
    "unique_id", "original_filename", "new_filename", "creator_name", "language", "category", "content_type",
    "creative_type", "duration_seconds", "aspect_ratio", "width_px", "height_px", "file_size_mb", "file_format",
    "date_processed", "source_path", "notes", "native_pair_id",
)  # fmt: skip
ID_COLUMNS = ("tj_creative_id", "tj_upload_date")
NEEDED_COLUMNS = ("unique_id", "new_filename", "creative_type")


class Session(NamedTuple):
    """The files to upload now, in the inventory's order, and the lines of it that can't be used."""

    path: Path
    files: tuple[SessionFile, ...]
    bad_lines: tuple[BadLine, ...]


def load_session(workspace: Workspace) -> Session:
    """Read the session inventory; a missing file is an empty session.

    A line that names no file, an unknown type or a path out of the workspace joins `bad_lines`, and so do lines whose
    names differ in case alone where the disk has one file for them. Raises `WrongHeader`
    and `NotText` for a file that is no inventory, `SettingsError` for limits that can't be used.
    """
    limits = load_limits(workspace.limits_file)
    table = read_table(workspace.session, NEEDED_COLUMNS)
    files, bad = dict[int, SessionFile](), list(table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            width, height = _number(row, "width_px"), _number(row, "height_px")
            kind = limits.true_type(CreativeType.parse(row["creative_type"]), size_of(row))
            files[line] = SessionFile(
                path=workspace.media_file(row["new_filename"], kind),
                creative_type=kind,
                unique_id=row["unique_id"],
                category=row.get("category", ""),
                native_pair_id=row.get("native_pair_id", ""),
                duration=_number(row, "duration_seconds"),
                width=None if width is None else int(width),
                height=None if height is None else int(height),
                row=row,
            )
        except (UnsafePath, ValueError, OSError) as error:
            bad.append(BadLine(line, str(error), ",".join(row.values())))
    for line, other in _in_one_file(files).items():
        why = f"its file is that of line {other}: rename it, and copy it again"
        bad.append(BadLine(line, why, ",".join(files.pop(line).row.values())))
    return Session(workspace.session, tuple(files.values()), tuple(sorted(bad, key=lambda item: item.line)))


def named_in_session(files: Iterable[SessionFile], told: Path) -> SessionFile | None:
    """The session's file that a person named, by its path, or by its name alone as a review prints it; None: none is,
    or several are."""
    if os.path.exists(told):  # noqa: PTH110 (a Path raises for a name that is too long)
        found = [file for file in files if file.path.resolve() == told.resolve()]
    else:
        found = [file for file in files if file.name == str(told)]
    return found[0] if len({(file.path, file.creative_type) for file in found}) == 1 else None


def renew_rows(workspace: Workspace, renewed: Mapping[SessionFile, Mapping[str, str]], *, backup: datetime) -> None:
    """Put rows into the master and the session, each in the place of its file's, else at the end.

    What the new rows do not tell stays. A row of the master that has a Creative ID stays as it is, and no other is
    added for its file: the ID is that of what was uploaded. Raises what `read_table` and `write_rows` raise, and the
    session is as it was then.
    """
    limits = load_limits(workspace.limits_file)

    def in_master(file: SessionFile, new: Mapping[str, str], row: Mapping[str, str]) -> bool:
        named = as_sent(row["new_filename"]) in (as_sent(file.name), as_sent(new["new_filename"]))
        return named and section_of(row, limits) is file.section

    def in_session(file: SessionFile, new: Mapping[str, str], row: Mapping[str, str]) -> bool:
        return _file_of(workspace, row) in (file.path, file.path.with_name(new["new_filename"]))

    for path, is_of, lasting in ((workspace.master, in_master, "tj_creative_id"), (workspace.session, in_session, "")):
        _rewrite(path, partial(_renewed, renewed, is_of, lasting), backup)


def drop_rows(workspace: Workspace, files: Collection[Path], *, backup: datetime) -> None:
    """Take the rows of these files out of master and session; a row of the master that has a Creative ID stays."""

    def left(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        return [row for row in rows if told_id(row.get("tj_creative_id", "")) or _file_of(workspace, row) not in files]

    for path in (workspace.session, workspace.master):
        _rewrite(path, left, backup)


def rows_of(workspace: Workspace, files: Collection[Path]) -> dict[str, list[dict[str, str]]]:
    """The rows of these files in session and master, by the inventory's name, for `put_back`."""
    return {
        path.name: [dict(row) for row in read_table(path, NEEDED_COLUMNS).rows if _file_of(workspace, row) in files]
        for path in (workspace.session, workspace.master)
    }


def put_back(
    workspace: Workspace,
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    files: Collection[Path],
    *,
    backup: datetime,
) -> None:
    """Add what `rows_of` had read of these files; one that has a row again keeps that."""

    def with_these(name: str, there: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        wanted = {*files} - {_file_of(workspace, row) for row in there}
        return [*there, *(row for row in rows.get(name, ()) if _file_of(workspace, row) in wanted)]

    for path in (workspace.session, workspace.master):
        _rewrite(path, partial(with_these, path.name), backup)


def _renewed(
    renewed: Mapping[SessionFile, Mapping[str, str]],
    is_of: Callable[[SessionFile, Mapping[str, str], Mapping[str, str]], bool],
    lasting: str,
    rows: Sequence[Mapping[str, str]],
) -> list[Mapping[str, str]]:
    result = [*rows]
    for file, new in renewed.items():
        at = [number for number, row in enumerate(result) if is_of(file, new, row)]
        if any(result[number].get(lasting, "").strip() for number in at):
            continue
        first = at[0] if at else len(result)
        result[first : first + 1] = [{**(result[first] if at else {}), **new}]
        result = [row for number, row in enumerate(result) if number not in at[1:]]
    return result


def _rewrite(
    path: Path, change: Callable[[Sequence[Mapping[str, str]]], list[Mapping[str, str]]], backup: datetime
) -> None:
    with locked(path):
        table = read_table(path, NEEDED_COLUMNS)
        header = table.header if table.form else COLUMNS
        header = (*header, *(column for column in COLUMNS if column not in header))
        rows = change(table.rows)
        if rows != [*table.rows]:
            quarantine(path, table.bad)
            told = [[row.get(column, "") for column in header] for row in rows]
            write_rows(path, header, told, backup=backup, seen=table.seen)


def _file_of(workspace: Workspace, row: Mapping[str, str]) -> Path | None:
    """Where a row's file lies, None where that can't be told."""
    with suppress(UnsafePath, ValueError, OSError):
        return workspace.media_file(row["new_filename"], CreativeType.parse(row["creative_type"]))
    return None


def _in_one_file(files: Mapping[int, SessionFile]) -> dict[int, int]:
    """The lines whose names differ in case alone and have one file, each with another of these: whose, who knows."""
    alike = defaultdict[Path, list[int]](list)
    for line, file in files.items():
        alike[file.path.with_name(folded(file.name))].append(line)
    return {
        line: other
        for lines in alike.values()
        for line in lines
        for other in lines
        if files[line].name != files[other].name and _is_one_file(files[line].path, files[other].path)
    }


def _is_one_file(one: Path, other: Path) -> bool:
    return os.path.exists(one) and os.path.exists(other) and one.samefile(other)  # noqa: PTH110 (of any name)


def master_ids(workspace: Workspace) -> dict[tuple[Section | None, str], str]:
    """The Creative IDs that the master inventory knows, by section (None: unknown) and the name as it is sent."""
    limits = load_limits(workspace.limits_file)
    table = read_table(workspace.master, NEEDED_COLUMNS)
    return {
        (section_of(row, limits), as_sent(row["new_filename"])): creative_id
        for row in table.rows
        if (creative_id := told_id(row.get("tj_creative_id", "")))
    }


def record_in_master(
    workspace: Workspace, found: Iterable[tuple[SessionFile, str, date | None]], *, backup: datetime | None = None
) -> tuple[BadLine, ...]:
    """Write Creative IDs into the master: of each file, its ID and the day of its upload (None: not known).

    A file is found by its name and section, else in a row of unknown section that has no other ID; one that the master
    lacks is added. Lines that can't be understood are moved to the quarantine file, as they were, and returned.
    `backup` is the time under which the old file is kept.
    """
    limits = load_limits(workspace.limits_file)
    with locked(workspace.master):
        table = read_table(workspace.master, NEEDED_COLUMNS)
        header = table.header if table.form else COLUMNS
        header = (*header, *(column for column in ID_COLUMNS if column not in header))
        rows = [dict(row) for row in table.rows]
        named = defaultdict[str, list[dict[str, str]]](list)
        for row in rows:
            named[as_sent(row["new_filename"])].append(row)
        for file, creative_id, day in found:
            same = named[as_sent(file.name)]
            own = [row for row in same if section_of(row, limits) is file.section]
            unknown = [row for row in same if section_of(row, limits) is None]
            own = own or [row for row in unknown if told_id(row.get("tj_creative_id", "")) in ("", creative_id)]
            if not own:
                own = [_row_of(file)]
                rows += own
                same += own
            for row in own:
                if day or told_id(row.get("tj_creative_id", "")) != creative_id:
                    row["tj_upload_date"] = day.isoformat() if day else ""
                row["tj_creative_id"] = creative_id
        quarantine(workspace.master, table.bad)
        told = [[row.get(column, "") for column in header] for row in rows]
        write_rows(workspace.master, header, told, backup=backup, seen=table.seen)
    return table.bad


def _row_of(file: SessionFile) -> dict[str, str]:
    told = {
        "unique_id": file.unique_id,
        "new_filename": file.name,
        "category": file.category,
        "creative_type": file.creative_type.value,
        "native_pair_id": file.native_pair_id,
    }
    return told | dict(file.row)


def section_of(row: Mapping[str, str], limits: Limits) -> Section | None:
    """The section of an inventory's row; None where its type is no known word."""
    try:
        return limits.true_type(CreativeType.parse(row["creative_type"]), size_of(row)).section
    except ValueError:
        return None


def size_of(row: Mapping[str, str]) -> str:
    """`WIDTHxHEIGHT` as an inventory's row claims it, `0` for what it does not; ValueError for what is no number."""
    return f"{_number(row, 'width_px') or 0:.0f}x{_number(row, 'height_px') or 0:.0f}"


def _number(row: Mapping[str, str], column: str) -> float | None:
    text, number = row.get(column, "").strip(), math.nan
    if not text:
        return None
    with suppress(ValueError):
        number = float(text.replace(",", "."))
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{column} is {text!r}, which is no number of its kind")
    return number


class Rebuilt(NamedTuple):
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

    Rows that can be read stay; IDs that only the master knows become `pending`. Raises `WrongHeader` or `NotText` where
    the master can't be read, and `TrackingFileError`, with nothing changed, where neither file tells an ID.
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
                set_aside = keep(workspace.library, now)
            write_rows(workspace.library, LIBRARY_COLUMNS, map(fields_of, found))
            return Rebuilt(0, len(found), bad, set_aside)
        present = list(library)
        added = [creative for creative in found if creative.creative_id not in library]
        library.rewrite([*present, *added], now=now)
    return Rebuilt(len(present), len(added), bad)


def read_master(workspace: Workspace) -> tuple[list[Creative], tuple[BadLine, ...]]:
    """The creatives that the master knows by their IDs, and its lines of which something can't be understood."""
    table = read_table(workspace.master, NEEDED_COLUMNS)
    found: dict[str, list[Row]] = {}  # several where one ID stands beside several names: nobody knows which is it
    bad = list(table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        if not row.get("tj_creative_id", "").strip():
            continue
        doubts: list[str] = []
        try:
            creative = _creative(row, doubts)
            found.setdefault(creative.creative_id, []).append(Row(creative, line=line))
        except ValueError as error:
            doubts = [str(error)]
        bad += [BadLine(line, doubt, ",".join(row.values())) for doubt in doubts]
    return [row.creative for rows in found.values() for row in merge(rows)], tuple(bad)


def _creative(row: dict[str, str], doubts: list[str]) -> Creative:
    """A row's creative, without what is added to `doubts`; ValueError where its ID or its name means nothing."""
    name, kind, size = row["new_filename"], row["creative_type"], ""
    try:
        CreativeType.parse(kind)
    except ValueError as error:
        doubts.append(str(error))
        kind = ""
    with suppress(ValueError):
        size = size_of(row)
    if "0" in size.split("x"):
        size = ""
    day, status = row.get("tj_upload_date", ""), ReviewStatus.PENDING.value
    return read_row((row["tj_creative_id"], name, day, size, file_type(name), kind, status), doubts)
