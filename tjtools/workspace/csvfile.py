"""The one reader and writer of every tracking CSV: inventories, logs, campaign files and the library.

Reading takes what people and Excel leave behind: UTF-8 with or without BOM, UTF-16, cp1252; LF or CRLF; `,` or `;`;
quotes; blank lines; a missing last newline. Writing gives UTF-8, LF and commas, in whole lines, under one lock.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tjtools.model.errors import TrackingFileError, translated
from tjtools.workspace import backups
from tjtools.workspace.csvtext import UTF16, BadLine, Block, Form, blocks, line_of, read_form
from tjtools.workspace.locks import locked

__all__ = [
    "BadLine",
    "Form",
    "Table",
    "append_rows",
    "bring_over",
    "encoded",
    "neutralise",
    "quarantine",
    "read_table",
    "replace_file",
    "write_rows",
]

log = logging.getLogger("tjtools")

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_QUARANTINE = ("line", "reason", "text")


class Table(NamedTuple):
    """A CSV as text: `rows` are dicts by column name, `lines` their line numbers, `bad` what could not be understood.

    `form` tells how the file is written down, `size` how many bytes were read.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    bad: tuple[BadLine, ...]
    form: Form | None = None
    size: int = 0


def read_table(path: Path, required: Sequence[str], *, remedy: str = "") -> Table:
    """Read a CSV; a file that is missing or has no line is an empty table with `required` as its header.

    Extra columns are kept; one without a name is called `column_8` after its place. Raises WrongHeader if a required
    column is missing, NotText for binary data, TrackingFileError if the disk can't be read.
    """
    bring_over(path)
    with translated(path, "read"):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return Table(path, tuple(required), (), (), ())
        with file:
            form, source, line = read_form(file, path, required, remedy)
            if form is None:
                return Table(path, tuple(required), (), (), (), size=file.tell())
            return _table(path, form, blocks(source, form, line), file)


def _table(path: Path, form: Form, parts: Iterable[Block], file: BinaryIO) -> Table:
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    bad: list[BadLine] = []
    plain = form.plain
    for part in parts:
        rows += (dict(zip(form.header, row, strict=True)) for row in zip(*part.columns, strict=True))
        lines += part.lines
        bad += part.bad
        plain = plain and part.utf8
    return Table(path, form.header, tuple(rows), tuple(lines), tuple(bad), form._replace(plain=plain), file.tell())


def append_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, form: Form | None = None) -> None:
    """Append rows as whole lines in one write, on the disk when this returns; a missing file gets a header first.

    The values stand in the order of `columns`; they are written in the file's own order, extra columns empty. A file
    in another encoding or delimiter is rewritten first, with a backup. `form` is for a caller that has just read the
    whole file under the lock. Raises WrongHeader, and TrackingFileError if the disk does not take it all: then nothing
    is added.
    """
    values = list(rows)
    if not values:
        return
    with locked(path), translated(path, "written"):
        if form is None or not form.plain:
            table = read_table(path, columns)
            form = _made_plain(table)
        header = form.header if form else tuple(columns)
        first = [] if form else encoded(path, [header])
        _append(path, first + encoded(path, _arranged(values, columns, header)))


def _made_plain(table: Table) -> Form | None:
    """Rewrite a file that lines can't be appended to; bad lines stay, unless they would be read otherwise then."""
    if table.form is None and table.size and table.path.read_bytes().startswith(UTF16):
        replace_file(table.path, b"", seen=table.size)  # it has no line, but lines in UTF-8 can't follow
    if table.form and not table.form.plain:
        changed = datetime.fromtimestamp(table.path.stat().st_mtime).astimezone()
        records = [(at, line_of(list(row.values()))) for at, row in zip(table.lines, table.rows, strict=True)]
        bad = [(each.line, each.text + "\n") for each in table.bad]
        data = _as_text(table, records + bad)
        if not _reads_as(data, table):
            quarantine(table.path, table.bad)
            data = _as_text(table, records)
        replace_file(table.path, data, seen=table.size, backup=changed)
    return table.form


def _as_text(table: Table, lines: list[tuple[int, str]]) -> bytes:
    return (line_of(table.header) + "".join(line for _, line in sorted(lines))).encode()


def _reads_as(data: bytes, table: Table) -> bool:
    """Whether the text has the table's records and as many bad lines: a missing delimiter or NUL can change both."""
    form, source, line = read_form(BytesIO(data), table.path, table.header, "")
    found = _table(table.path, form or Form(table.header), blocks(source, form or Form(table.header), line), source)
    return (found.rows, len(found.bad)) == (table.rows, len(table.bad))


def _arranged(rows: Iterable[Sequence[str]], columns: Sequence[str], header: Sequence[str]) -> Iterable[Sequence[str]]:
    if tuple(columns) == tuple(header):
        return rows
    places = [columns.index(name) if name in columns else None for name in header]
    return ([row[place] if place is not None else "" for place in places] for row in rows)


def encoded(path: Path, rows: Iterable[Sequence[str]], *, quote_all: bool = False) -> list[bytes]:
    """Rows as lines in UTF-8; TrackingFileError for a value that can't be written as text."""
    try:
        return [line_of(row, quote_all=quote_all).encode() for row in rows]
    except ValueError as error:
        raise TrackingFileError(f"a value can't be written as text ({error}).", path=path) from error


def _append(path: Path, lines: list[bytes]) -> None:
    created = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileIO(path, "ab+") as file:
        _write_whole(file, _fresh_line(file) + b"".join(lines))
        # A person's printf can have slipped in between, without a newline: then our first line is glued to it.
        while (at := file.tell() - sum(map(len, lines))) and not _newline_before(file, at):
            lines = lines[:1]
            _write_whole(file, b"\n" + lines[0])
        os.fsync(file.fileno())
    if created:
        _sync_folder(path.parent)


def _fresh_line(file: FileIO) -> bytes:
    end = file.seek(0, os.SEEK_END)
    return b"" if end == 0 or _newline_before(file, end) else b"\n"


def _newline_before(file: FileIO, at: int) -> bool:
    here = file.tell()
    file.seek(at - 1)
    found = file.read(1) == b"\n"
    file.seek(here)
    return found


def _write_whole(file: FileIO, data: bytes) -> None:
    """Write all of it or nothing: what a full disk took is cut off again, unless somebody wrote behind it."""
    done = 0
    try:
        while done < len(data):
            done += file.write(data[done:])
    except OSError:
        end = file.tell()
        if done and file.seek(0, os.SEEK_END) == end:
            file.truncate(end - done)
        raise


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, quote_all: bool = False) -> None:
    """Replace the whole file, or create it: whoever reads meanwhile sees the old file or the new one.

    Raises TrackingFileError if the disk does not take it; the old file is then as it was.
    """
    data = b"".join(encoded(path, [columns, *rows], quote_all=quote_all))
    with locked(path):
        replace_file(path, data)


def replace_file(path: Path, data: bytes, *, backup: datetime | None = None, seen: int | None = None) -> None:
    """Put `data` in the place of the file; the caller has the lock.

    `backup` is the time under which the old file is kept; without it, it is not. With `seen`, people may append to the
    file at any time: `data` takes its first `seen` bytes into account, and lines that come later are carried over, now
    or when the file is next read.
    """
    with translated(path, "written"):
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.tmp")  # one name: what a killed process left is written over
        try:
            _write_synced(temporary, data, like=target)
            old = backups.keep(target, backup) if target.exists() and (backup or seen is not None) else None
            if old and seen is not None:
                backups.note_length(target, old, seen)
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        if old and seen is not None:
            _bring_over(target, old, seen)


def bring_over(path: Path) -> None:
    """Append to the file what a person wrote into an earlier one, which they had open when it was replaced.

    Where that can't be done now (a folder that can't be written), it waits for the next time.
    """
    with suppress(OSError, TrackingFileError):
        target = Path(os.path.realpath(path))
        if backups.late(target):
            with locked(target):
                for old, known in backups.late(target):
                    _bring_over(target, old, known)


def _bring_over(target: Path, old: Path, known: int) -> None:
    """Carry over the lines behind the first `known` bytes of an earlier file, unless a crash left them carried over."""
    with old.open("rb") as file:
        file.seek(known)
        late = file.read()
    lines = [line + b"\n" for line in late.split(b"\n") if line]
    if lines and b"\n" + b"".join(lines) not in b"\n" + target.read_bytes():
        _append(target, lines)
    backups.note_length(target, old, known + len(late))


def _write_synced(path: Path, data: bytes, *, like: Path) -> None:
    """Write a file with the rights of another, if there is one, from its first byte."""
    rights = like.stat().st_mode & 0o777 if like.exists() else None
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, _NEW, 0o666 if rights is None else rights & 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if rights is not None:
        path.chmod(rights)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some network file systems can't; the file itself is on the disk
        os.fsync(descriptor)
    os.close(descriptor)


def quarantine(path: Path, bad: Iterable[BadLine]) -> None:
    """Append bad lines, as they were, to the file's quarantine (`line,reason,text`), before the file is rewritten.

    The quarantine of `name.csv` is `name.quarantine.csv` beside it. What it holds does not come twice: a rewrite
    that a crash cut off begins again. So a new quarantine is there as a whole or not at all.
    """
    rows, target = [(str(each.line), each.reason, each.text) for each in bad], path.with_suffix(".quarantine.csv")
    if rows:
        with locked(target):
            there = {tuple(row[name] for name in _QUARANTINE) for row in read_table(target, _QUARANTINE).rows}
            put = append_rows if target.exists() else write_rows
            put(target, _QUARANTINE, [row for row in rows if row not in there])
        log.warning("%s: %d lines that can't be read are in %s now", path.name, len(rows), target.name)


def neutralise(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula: a leading = + - @ tab or carriage return gets a leading '.

    So does one behind a semicolon, a tab or a line break, where a spreadsheet of another country begins a new cell.

    >>> neutralise("=1+1"), neutralise("a;=1+1"), neutralise("clip.mp4")
    ("'=1+1", "a;'=1+1", 'clip.mp4')
    """
    return re.sub(r"(?:^|(?<=[;\t\r\n]))(?=\"*[=+\-@\t\r])", "'", text)
