"""The one reader and writer of every tracking CSV: inventories, logs, campaign files and the library.

Reading takes what people and Excel leave behind: UTF-8 with or without BOM, UTF-16, cp1252; LF or CRLF; `,` or `;`;
quotes; blank lines; a missing last newline. Writing gives UTF-8, LF and commas, in whole lines, under one lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tjtools import backups
from tjtools.csvtext import BadLine, Block, Form, blocks, line_of, read_form
from tjtools.errors import TrackingFileError

__all__ = [
    "BadLine",
    "Form",
    "Table",
    "append_rows",
    "encoded",
    "locked",
    "neutralise",
    "quarantine",
    "read_table",
    "replace_file",
    "translated",
    "write_rows",
]

_PATIENCE = 60.0  # seconds to wait for another process that writes


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
    with translated(path, "read"):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return Table(path, tuple(required), (), (), ())
        with file:
            form, source, line = read_form(file, path, required, remedy)
            if form is None:
                return Table(path, tuple(required), (), (), ())
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
    if table.form and not table.form.plain:
        changed = datetime.fromtimestamp(table.path.stat().st_mtime).astimezone()
        records = sorted(
            [(number, line_of(list(row.values()))) for number, row in zip(table.lines, table.rows, strict=True)]
            + [(bad.line, bad.text + "\n") for bad in table.bad]
        )
        text = line_of(table.header) + "".join(line for _, line in records)
        replace_file(table.path, text.encode(), seen=table.size, backup=changed)
    return table.form


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
        if done and file.seek(0, os.SEEK_END) == file.tell():
            file.truncate(file.tell() - done)
        raise


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, quote_all: bool = False) -> None:
    """Replace the whole file, or create it: whoever reads meanwhile sees the old file or the new one.

    Raises TrackingFileError if the disk does not take it; the old file is then as it was.
    """
    data = b"".join(encoded(path, [columns, *rows], quote_all=quote_all))
    with locked(path):
        replace_file(path, data)


def replace_file(path: Path, data: bytes, *, backup: datetime | None = None, seen: int = 0) -> None:
    """Put `data` in the place of the file; the caller has the lock.

    `backup` is the time under which the old file is kept; without it, it is not. Of a file that is kept, `data` takes
    into account the first `seen` bytes: lines that a person has appended since are carried over.
    """
    with translated(path, "written"):
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            _write_synced(temporary, data, like=target)
            kept = backups.keep(target, backup) if backup and target.exists() else None
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        if kept and (late := _late_lines(kept, seen)):
            _append(target, late)


def _late_lines(old: Path, seen: int) -> list[bytes]:
    """What was appended to the old file beyond `seen` until it was replaced; its backup is the same file, if linked."""
    with old.open("rb") as file:
        file.seek(seen)
        return [line + b"\n" for line in file.read().split(b"\n") if line]


def _write_synced(path: Path, data: bytes, *, like: Path) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if like.exists():
        path.chmod(like.stat().st_mode & 0o777)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some network file systems can't; the file itself is on the disk
        os.fsync(descriptor)
    os.close(descriptor)


@contextmanager
def locked(
    path: Path, *, patience: float = _PATIENCE, busy: str = "another process has been writing it for a minute."
) -> Iterator[None]:
    """Keep every other process of ours from writing this file; re-entrant in one thread.

    The lock lies in `tracking/.tjtools/locks/`. A person's `echo >>` does not heed it. Raises TrackingFileError if
    another process holds it for a minute, or if the folder can't be written.
    """
    from filelock import FileLock, Timeout

    folder = backups.private_folder(path.absolute()) / "locks"
    with translated(path, "locked"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{path.name}.lock", timeout=patience, is_singleton=True)
        try:
            lock.acquire(poll_interval=0.005)
        except Timeout as error:
            raise TrackingFileError(busy, path=path, remedy="Wait for it, or end it.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def translated(path: Path, done: str) -> Iterator[None]:
    """Turn an error of the disk into a TrackingFileError that says the file can't be `done`."""
    try:
        yield
    except OSError as error:
        raise TrackingFileError(
            f"can't be {done}: {error.strerror or error}.",
            path=path,
            remedy="Close it in other programs, and look at the folder's rights and the disk's free space.",
        ) from error


def quarantine(path: Path, bad: Iterable[BadLine]) -> None:
    """Append bad lines, as they were, to the file's quarantine (`line,reason,text`), before the file is rewritten.

    The quarantine of `name.csv` is `name.quarantine.csv` beside it.
    """
    rows = [(str(each.line), each.reason, each.text) for each in bad]
    append_rows(path.with_suffix(".quarantine.csv"), ("line", "reason", "text"), rows)


def neutralise(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula: a leading = + - @ tab or carriage return gets a leading '.

    >>> neutralise("=1+1"), neutralise("clip.mp4")
    ("'=1+1", 'clip.mp4')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
