"""The one reader and writer of every tracking CSV, which takes what people and Excel leave behind.

That is UTF-8 with or without BOM, UTF-16, cp1252; LF or CRLF; `,` or `;`; quotes; blank lines; a missing last newline;
empty fields at the end of lines, of which Excel writes in each sixteen lines as many as the longest of these needs.
Writing gives UTF-8, LF and commas, in whole lines, under one lock.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from tjtools.model.errors import NotText, TrackingFileError, WrongHeader, translated
from tjtools.model.words import counted
from tjtools.workspace.disk import Seen, append_lines, locked, replace_file

log = logging.getLogger("tjtools")

_LONGEST = 1000  # lines that one record may span; a quote open for longer was never meant to be one
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_AWAY = "Move it away, or copy a backup of it from tracking/.tjtools/backups over it."
_NUL = "holds NUL bytes, as a line has that PowerShell's >> wrote; write it again as plain text"
_QUARANTINE = ("line", "reason", "text")


class BadLine(NamedTuple):
    """A line that can't be understood: its number in the file from 1, why, and the line as it stands there.

    Of a record over several lines, `line` is the first. NUL bytes are left out of `text`.
    """

    line: int
    reason: str
    text: str


class Form(NamedTuple):
    """How a file is written down. `plain` is the form in which lines can be appended: UTF-8, commas, LF.

    `least` is how many fields a line has to have: those behind them are empty where it has no more.
    """

    header: tuple[str, ...]
    delimiter: str = ","
    plain: bool = True
    least: int = 1 << 30


class Records:
    """The records of a CSV, each with the number of its first line, and with as many fields as the header has.

    `form` is None for a file without any line; `end` is the number of the line after the last. When all were read,
    `bad` has the lines that can't be understood, and `open_quote` says whether a line appended later could close one.
    """

    def __init__(self, text: str, form: Form | None, first: int) -> None:
        self.form = form
        self.bad: list[BadLine] = []
        self.open_quote = False
        self._lines = _lines(text)
        self._first, self.end = first, first + len(self._lines)
        self._at = self._next = 0  # the record that was read last, and where the one after it begins
        self._nul = "\0" in text
        # A carriage return that is part of no line end is a character as any other, but the csv module gets a NUL.
        self._readable = _lines(re.sub(r"\r(?!\n|\Z)", "\0", text)) if "\r" in text else self._lines
        self._ended = False

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while self.form and (at := self._next) < len(self._lines):
            begun, width, why = at, len(self.form.header), ""
            reader = csv.reader(self._source(at), delimiter=self.form.delimiter, strict=True)
            try:
                for fields in reader:
                    self._at, self._next = at, begun + reader.line_num
                    if len(fields) != width:
                        fields = self._evened(fields, width, self.form)
                    if len(fields) != width or (self._nul and "\0" in self._raw):
                        if why := self._why_bad(fields, width):
                            break
                    elif any(fields):
                        if self._readable is not self._lines:
                            fields = [field.replace("\0", "\r") for field in fields]
                        yield self._first + at, fields
                    at = self._next
            except csv.Error:
                why = self._why_broken(at)
            if why:
                self.bad.append(BadLine(self._first + at, why, _as_it_stands(self._lines[at])))
                self._next = at + 1

    @property
    def text(self) -> str:
        """The record that was read last, as it stands in the file."""
        return _as_it_stands(self._raw)

    @property
    def _raw(self) -> str:
        return "".join(self._lines[self._at : self._next])

    def _source(self, begun: int) -> Iterator[str]:
        """The lines for the csv module, which gets none where one record has gone on for too long."""
        self._ended = False
        for number in range(begun, len(self._readable)):
            if number - self._next >= _LONGEST:
                break
            yield self._readable[number]
        self._ended = True

    def _evened(self, fields: list[str], width: int, form: Form) -> list[str]:
        """The fields of a line as many as the header's, where those that it lacks or has too many are surely empty.

        Excel writes as many as the longest of each sixteen lines needs, and ends them alike; a line that is odd by
        itself is none of its.
        """
        begun = (self._first + self._at - 1) // 16 * 16 + 1 - self._first
        if not any(fields[width:]) and not form.least <= len(fields) < width:
            lines = self._readable[max(begun, 0) : max(begun + 16, 0)]
            ends = [line[-2:] == "\r\n" if line[-1:] == "\n" else None for line in lines]  # None: the file's end
            end, reached, many = None, 0, 0
            for one in (block := csv.reader(lines, delimiter=form.delimiter)):  # of which a cell may have line breaks
                end = ends[block.line_num - 1] if end is None else end
                if len(one) not in (0, len(fields)) or ends[block.line_num - 1] not in (end, None):  # 0: a comment
                    break
                reached, many = block.line_num, many + bool(one)
            if begun < 0 or reached <= self._at - begun or many < 2:
                return fields
        return fields if any(fields[width:]) else [*fields, *[""] * width][:width]

    def _why_broken(self, at: int) -> str:
        if "\0" in self._lines[at]:
            return _NUL
        if '"' not in self._lines[at]:
            return f"a field has more than {csv.field_size_limit():,} characters"
        if not self._ended:
            return "a quote is opened and closed in the middle of a field"
        self.open_quote |= len(self._lines) - at <= _LONGEST
        return "a quote is opened and never closed"

    def _why_bad(self, fields: Sequence[str], width: int) -> str:
        if not self._raw.strip("\0 \t\r\n"):
            return ""
        if "\0" in self._raw:
            return _NUL
        glued = "; two lines may have run together" if len(fields) >= 2 * width - 1 else ""
        return f"{len(fields)} fields instead of {width}{glued}"


class Table(NamedTuple):
    """A CSV as text: `rows` by column, `lines` their numbers, `form` how it is written, `seen` how much was read."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    bad: tuple[BadLine, ...]
    form: Form | None = None
    seen: Seen = Seen()


def read_table(path: Path, required: Sequence[str], *, remedy: str = "", suffice: bool = False) -> Table:
    """Read a CSV; a file that is missing or has no line is an empty table with `required` as its header.

    Extra columns are kept; one without a name is called `column_8` after its place. With `suffice`, a line need not
    have more than the required columns, where these are the first. Raises WrongHeader if a required column is missing,
    NotText for binary data, TrackingFileError if the disk can't be read.
    """
    seen, data, _ = Seen().follow(path)
    found = read_records(data, path, required, remedy, suffice=suffice)
    header = found.form.header if found.form else tuple(required)
    numbered = [(line, dict(zip(header, fields, strict=True))) for line, fields in found]
    rows, lines = tuple(row for _, row in numbered), tuple(line for line, _ in numbered)
    return Table(path, header, rows, lines, tuple(found.bad), found.form, seen)


def read_records(
    data: bytes, path: Path, required: Sequence[str], remedy: str = "", *, suffice: bool = False
) -> Records:
    """The records of a whole file, whose `path` is for the errors; raises as `read_table`, which tells the rest."""
    text, utf8 = text_of(data, path, remedy or _AWAY)
    begin = text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1  # behind any blank lines
    end = text.find("\n", begin) + 1 or len(text)
    first, line = text[begin:end], text.count("\n", 0, begin) + 1
    if not first.strip():
        return Records("", None, line + 1)
    headers = {delimiter: _header(first, delimiter) for delimiter in (",", ";")}
    for delimiter, header in headers.items():
        if set(required) <= set(header) and len(set(header)) == len(header) and "\0" not in first:
            plain = utf8 and delimiter == "," and not first.endswith("\r\n")
            least = len(required) if suffice and header[: len(required)] == tuple(required) else len(header)
            return Records(text[end:], Form(header, delimiter, plain, least), line + 1)
    if "\0" in text:
        raise NotText("this is not a text file.", path=path, remedy=remedy or _AWAY)
    names = max(headers.values(), key=len)
    missing = [column for column in required if column not in names]
    mend = f"The first line must name {', '.join(required)}."
    said = f"the header lacks {', '.join(missing)}." if missing else "the header names a column twice."
    if not names:
        said = "the header can't be split into columns: lines must end in LF or CRLF, and quotes come in pairs."
        mend = "Save it as CSV UTF-8 once more."
    raise WrongHeader(said, path=path, line=1, remedy=remedy or mend)


def text_of(data: bytes, path: Path, remedy: str) -> tuple[str, bool]:
    """A file's text, and whether it is all UTF-8, else it is UTF-16 or has lines in cp1252; raises NotText."""
    try:
        text, utf8 = (data.decode("utf-16"), False) if data.startswith(_UTF16) else _decoded(data)
    except UnicodeError as error:
        raise NotText("this starts as UTF-16 and goes on as something else.", path=path, remedy=remedy) from error
    return text.removeprefix("\ufeff"), utf8


def read_more(data: bytes, form: Form, line: int) -> Records:
    """The records of what was appended to a file of this form; `line` is the number of its first line."""
    text, utf8 = _decoded(data)
    return Records(text, form._replace(plain=form.plain and utf8), line)


def _as_it_stands(text: str) -> str:
    return text.replace("\0", "").removesuffix("\n").removesuffix("\r")


def _lines(text: str) -> list[str]:
    return list(StringIO(text, newline="\n"))  # LF ends a line: CR does not, nor what Unicode takes for an end


def _decoded(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        if b"\n" in data:  # line by line: one that somebody appended in cp1252 must not garble the others
            return "\n".join(_decoded(line)[0] for line in data.split(b"\n")), False
        with suppress(UnicodeDecodeError):
            return data.decode("cp1252"), False
        return data.decode("latin-1"), False  # the five bytes that cp1252 leaves undefined


def _header(first: str, delimiter: str) -> tuple[str, ...]:
    try:
        fields = next(csv.reader([first.rstrip("\r\n")], delimiter=delimiter))
    except csv.Error:  # a carriage return within it: an old Mac's line ends
        return ()
    names = (name.replace("\ufeff", "").strip() for name in fields)
    return tuple(name or f"column_{number}" for number, name in enumerate(names, 1))


def append_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, form: Form | None = None) -> None:
    """Append rows, their values in the order of `columns`, as whole lines in one write, on the disk when this returns.

    A missing file gets a header first, and one in another encoding or delimiter is rewritten, with a backup. `form` is
    for a caller that has just read the whole file under the lock. Raises WrongHeader, and TrackingFileError if the disk
    does not take it all: then nothing is added.
    """
    values = list(rows)
    if not values:
        return
    with locked(path), translated(path, "written"):
        if form is None or not form.plain:
            form = _made_plain(read_table(path, columns, suffice=True))
        header = form.header if form else tuple(columns)
        first = [] if form else encoded(path, [header])
        told = (dict(zip(columns, row, strict=True)) for row in values)
        append_lines(path, first + encoded(path, [[row.get(name, "") for name in header] for row in told]))


def _made_plain(table: Table) -> Form | None:
    """Rewrite a file that lines can't be appended to; bad lines stay, unless they would be read otherwise then."""
    form = table.form
    if form is None and table.seen.size and table.path.read_bytes().startswith(_UTF16):
        replace_file(table.path, b"", seen=table.seen)  # it has no line, but lines in UTF-8 can't follow
    if form and not form.plain:
        changed = datetime.fromtimestamp(table.path.stat().st_mtime).astimezone()
        rows = zip(table.lines, table.rows, strict=True)
        lines = [(0, line_of(form.header)), *((at, line_of(list(row.values()))) for at, row in rows)]
        whole = sorted([*lines, *((bad.line, f"{bad.text}\n") for bad in table.bad)])
        found = read_records("".join(line for _, line in whole).encode(), table.path, form.header)
        told = [dict(zip(form.header, fields, strict=True)) for _, fields in found]
        if (told, len(found.bad)) != ([*table.rows], len(table.bad)):
            quarantine(table.path, table.bad)
            whole = lines
        data = "".join(line for _, line in whole).encode()
        replace_file(table.path, data, seen=table.seen, backup=changed)
    return form


def encoded(path: Path, rows: Iterable[Sequence[str]], *, quote_all: bool = False) -> list[bytes]:
    """Rows as lines in UTF-8; TrackingFileError for a value that can't be written as text."""
    try:
        return [line_of(row, quote_all=quote_all).encode() for row in rows]
    except ValueError as error:
        raise TrackingFileError(f"a value can't be written as text ({error}).", path=path) from error


def line_of(fields: Sequence[str], *, quote_all: bool = False) -> str:
    r"""Write one record as a line that ends in LF; ValueError for a NUL, which no CSV can hold.

    >>> line_of(["1", "clip, final.mp4", 'a "b" c'])
    '1,"clip, final.mp4","a ""b"" c"\n'
    """
    line = ",".join(fields)
    if not quote_all and line.count(",") == len(fields) - 1 and not re.search(r'["\r\n\0]', line):
        return line + "\n"
    if "\0" in line:
        raise ValueError("a NUL character can't be written")
    fields = [_quoted(field) if quote_all or re.search(r'[",\r\n]', field) else field for field in fields]
    return ",".join(fields) + "\n"


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def write_rows(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    quote_all: bool = False,
    backup: datetime | None = None,
    seen: Seen | None = None,
) -> None:
    """Replace the whole file, or create it, as `replace_file` does; raises TrackingFileError as that does."""
    with locked(path):
        replace_file(path, b"".join(encoded(path, [columns, *rows], quote_all=quote_all)), backup=backup, seen=seen)


def quarantine(path: Path, bad: Iterable[BadLine]) -> None:
    """Append bad lines, as they were, to `name.quarantine.csv` (`line,reason,text`), before the file is rewritten.

    What it holds does not come twice: a rewrite that a crash cut off begins again. A new one is there whole or not at
    all.
    """
    rows, target = [(str(each.line), each.reason, each.text) for each in bad], path.with_suffix(".quarantine.csv")
    if rows:
        with locked(target):
            there = {tuple(row[name] for name in _QUARANTINE) for row in read_table(target, _QUARANTINE).rows}
            put = append_rows if target.exists() else write_rows
            put(target, _QUARANTINE, [row for row in rows if row not in there])
        log.warning("%s: %s that can't be read: in %s now", path.name, counted(len(rows), "line"), target.name)


def spreadsheet(rows: Iterable[Sequence[str]]) -> str:
    r"""A table as CSV that is safe to open in a spreadsheet.

    >>> spreadsheet([["name", "why"], ["=1+1", "a, b"]])
    'name,why\n\'=1+1,"a, b"\n'
    """
    return "".join(
        line_of([neutralise(cell.replace("\0", "\N{REPLACEMENT CHARACTER}")) for cell in row]) for row in rows
    )


def neutralise(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula: a leading = + - @ tab or carriage return gets a leading '.

    So does one behind a semicolon, a tab or a line break, where a spreadsheet of another country begins a new cell.

    >>> neutralise("=1+1"), neutralise("a;=1+1"), neutralise("clip.mp4")
    ("'=1+1", "a;'=1+1", 'clip.mp4')
    """
    return re.sub(r"(?:^|(?<=[;\t\r\n]))(?=\"*[=+\-@\t\r])", "'", text)
