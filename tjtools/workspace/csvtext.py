"""Text of a CSV into records and back: encodings, delimiters, quotes, and lines that can't be understood.

Nothing here knows what a column means. A file is read in blocks of whole lines. A block without a quote is split with
a few operations on the whole text; any other goes line by line, through the csv module where a line holds a quote.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain, repeat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tjtools.model.errors import NotText, WrongHeader

_BLOCK = 128 * 1024  # bytes: the pieces of one block stay in the processor's cache
_HEAD = 64 * 1024  # bytes in which the header has to end, behind any blank lines
_LONGEST = 1000  # lines that one quoted field may span; a quote open for longer was never meant to be one
_TO_QUOTE = frozenset('",\r\n')
UTF16 = (b"\xff\xfe", b"\xfe\xff")
_AWAY = "Move it away, or copy a backup of it from tracking/.tjtools/backups over it."
_BOM = b"\xef\xbb\xbf"


class BadLine(NamedTuple):
    """A line that can't be understood: its number in the file from 1, why, and the line as it stands there.

    Of a record over several lines, `line` is the first. NUL bytes are left out of `text`.
    """

    line: int
    reason: str
    text: str


class Form(NamedTuple):
    """How a file is written down. `plain` is the form in which lines can be appended: UTF-8, commas, LF."""

    header: tuple[str, ...]
    delimiter: str = ","
    plain: bool = True


class Block(NamedTuple):
    """Some records as columns of text, all of one length.

    `columns` has one list for each column asked for, and one with the fields after these, joined by the delimiter.
    `lines` has each record's line number; `end` is the number of the line after the block. `raw` has each record as it
    stands in the file, without its line end. `utf8` is false if a line was in another encoding; `open_quote` is true if
    the file ended while a quote was open, which a line appended later could close.
    """

    columns: list[list[str]]
    lines: Sequence[int]
    raw: list[str]
    delimiter: str
    end: int
    bad: tuple[BadLine, ...] = ()
    utf8: bool = True
    open_quote: bool = False

    def fields(self, record: int) -> list[str]:
        """All fields of the record."""
        text = self.raw[record]
        return next(csv.reader([text], delimiter=self.delimiter)) if '"' in text else text.split(self.delimiter)


def line_of(fields: Sequence[str], *, quote_all: bool = False) -> str:
    r"""Write one record as a line that ends in LF; ValueError for a NUL, which no CSV can hold.

    >>> line_of(["1", "clip, final.mp4", 'a "b" c'])
    '1,"clip, final.mp4","a ""b"" c"\n'
    """
    if any("\0" in field for field in fields):
        raise ValueError("a NUL character can't be written")
    return (
        ",".join(_quoted(field) if quote_all or not _TO_QUOTE.isdisjoint(field) else field for field in fields) + "\n"
    )


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def read_form(file: BinaryIO, path: Path, required: Sequence[str], remedy: str) -> tuple[Form | None, BinaryIO, int]:
    """Read the header; return the form, the file to read on from (just after the header) and the next line's number.

    The form is None for a file without any line. A UTF-16 file is decoded as a whole, and the file returned is its
    copy in UTF-8. Raises WrongHeader if a required column is missing or doubled, NotText for binary data.
    """
    head, encoded = _head(file), "utf-8"
    if head.startswith(UTF16):
        encoded, file = "utf-16", BytesIO(_from_utf16(head + file.read(), path, remedy))
        head = _head(file)
    start, line = len(_BOM) if head.startswith(_BOM) else 0, 1
    while True:
        end = head.find(b"\n", start) + 1 or len(head)
        first = _decode(head[start:end])[0]
        if first.strip() or end == len(head):
            break
        start, line = end, line + 1
    if "\0" in first:
        raise NotText("this is not a text file.", path=path, remedy=remedy or _AWAY)
    file.seek(end)
    if not first.strip():
        return None, file, line + 1
    form = _form(first, path, required, remedy, binary=b"\0" in head)
    plain = form.plain and encoded == "utf-8"
    return Form(form.header, form.delimiter, plain), file, line + 1


def _head(file: BinaryIO) -> bytes:
    """The beginning of a file: all the blank lines, and at least `_HEAD` bytes more."""
    parts = [file.read(_HEAD)]
    while parts[-1] and not parts[-1].strip(_BOM + b" \t\r\n"):
        parts.append(file.read(_HEAD))
    return b"".join(parts) + file.read(_HEAD)


def _from_utf16(data: bytes, path: Path, remedy: str) -> bytes:
    try:
        return data.decode("utf-16").encode()
    except UnicodeError as error:
        raise NotText(
            "this starts as UTF-16 and goes on as something else.", path=path, remedy=remedy or _AWAY
        ) from error


def _form(first: str, path: Path, required: Sequence[str], remedy: str, *, binary: bool) -> Form:
    found = {delimiter: _header(first, delimiter) for delimiter in (",", ";")}
    for delimiter, header in found.items():
        if set(required) <= set(header) and len(set(header)) == len(header):
            return Form(header, delimiter, plain=delimiter == "," and not first.endswith("\r\n"))
    if binary:
        raise NotText("this is not a text file.", path=path, remedy=remedy or _AWAY)
    names = max(found.values(), key=len)
    if not names:
        said = "the header can't be split into columns: lines must end in LF or CRLF, and quotes come in pairs."
        raise WrongHeader(said, path=path, line=1, remedy=remedy or "Save it as CSV UTF-8 once more.")
    missing = [column for column in required if column not in names]
    said = f"the header lacks {', '.join(missing)}." if missing else "the header names a column twice."
    raise WrongHeader(said, path=path, line=1, remedy=remedy or f"The first line must name {', '.join(required)}.")


def _header(first: str, delimiter: str) -> tuple[str, ...]:
    try:
        fields = next(csv.reader([first.rstrip("\r\n")], delimiter=delimiter))
    except csv.Error:  # a carriage return within it: an old Mac's line ends
        return ()
    names = (name.replace("\ufeff", "").strip() for name in fields)
    return tuple(name or f"column_{number}" for number, name in enumerate(names, 1))


def _decode(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return "\n".join(map(_decode_line, data.split(b"\n"))), False


def _decode_line(data: bytes) -> str:
    # Line by line: one line that somebody appended in cp1252 must not garble the others.
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")  # the five bytes that cp1252 leaves undefined


def blocks(file: BinaryIO, form: Form, line: int, heads: int | None = None) -> Iterator[Block]:
    """Read records from where the file stands; `line` is the number of the line that begins there.

    The first `heads` columns are split, the fields after them stay joined as one more column, whose number of fields
    nobody has checked; by default every column is split and checked.
    """
    width = len(form.header)
    heads = width - 1 if heads is None else heads
    rest = ""
    for data in _whole_lines(file):
        decoded, utf8 = _decode(data)
        text = rest + decoded
        block = None if rest else _split(text, form.delimiter, line, heads, utf8, whole=heads == width - 1)
        rest = ""
        if block is None:
            block, rest = _parse(text, form, line, heads, utf8, final=False)
        yield block
        line = block.end
    if rest:
        yield _parse(rest, form, line, heads, utf8=True, final=True)[0]


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while data := file.read(_BLOCK):
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end]
        rest = data[end:] if end else rest + data
    if rest:
        yield rest


def _split(text: str, delimiter: str, line: int, heads: int, utf8: bool, *, whole: bool) -> Block | None:
    """The block if its lines are all simple and alike, else None."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if '"' in text or "\0" in text or "\r" in text:
        return None
    lines = text.removesuffix("\n").split("\n")
    split = map(str.split, lines, repeat(delimiter), repeat(heads))
    pieces = list(chain.from_iterable(split)) if heads else lines
    # No line gives more than heads + 1 pieces, so the sum is right only if every line has that many.
    if len(pieces) != len(lines) * (heads + 1):
        return None
    columns = [pieces[column :: heads + 1] for column in range(heads + 1)]
    if (whole and delimiter in "".join(columns[-1])) or not all(columns[0]):
        return None
    return Block(columns, range(line, line + len(lines)), lines, delimiter, line + len(lines), utf8=utf8)


class _Record(NamedTuple):
    """One record over `span` lines: its fields, or why there are none; `open_quote` if later lines could end it."""

    fields: tuple[str, ...]
    span: int = 1
    reason: str = ""
    open_quote: bool = False


def _parse(text: str, form: Form, line: int, heads: int, utf8: bool, *, final: bool) -> tuple[Block, str]:
    """Read line by line; a record that may go on in the next block comes back as the rest."""
    lines = text.removesuffix("\n").split("\n")
    columns: list[list[str]] = [[] for _ in range(heads + 1)]
    numbers: list[int] = []
    raw: list[str] = []
    bad: list[BadLine] = []
    at, open_quote = 0, False
    while at < len(lines):
        record = _record(lines, at, form)
        if record.open_quote and not final:
            break
        open_quote |= record.open_quote
        if record.reason:
            bad.append(BadLine(line + at, record.reason, lines[at].replace("\0", "").removesuffix("\r")))
        elif any(record.fields):
            numbers.append(line + at)
            raw.append("\n".join(lines[at : at + record.span]).removesuffix("\r"))
            for column, value in zip(columns, _headed(record.fields, heads, form.delimiter), strict=True):
                column.append(value)
        at += record.span
    rest = "\n".join(lines[at:]) + ("\n" if text.endswith("\n") else "") if at < len(lines) else ""
    return Block(columns, numbers, raw, form.delimiter, line + at, tuple(bad), utf8, open_quote), rest


def _headed(fields: tuple[str, ...], heads: int, delimiter: str) -> tuple[str, ...]:
    return (*fields[:heads], delimiter.join(fields[heads:]))


def _record(lines: Sequence[str], at: int, form: Form) -> _Record:
    first = lines[at].removesuffix("\r")
    if "\0" in first and first.strip("\0 \r"):
        return _Record(
            (), reason="holds NUL bytes, as a line has that PowerShell's >> wrote; write it again as plain text"
        )
    if not first.strip("\0 \t"):
        return _Record(())
    record = _quoted_record(lines, at, form) if '"' in first else _Record(tuple(first.split(form.delimiter)))
    if not record.reason and (reason := wrong_count(len(record.fields), len(form.header))):
        return _Record((), reason=reason)
    return record


def _quoted_record(lines: Sequence[str], at: int, form: Form) -> _Record:
    ended = []

    def feed() -> Iterator[str]:
        for number in range(at, min(at + _LONGEST, len(lines))):
            yield lines[number] + "\n"
        ended.append(at + _LONGEST >= len(lines))

    reader = csv.reader(feed(), delimiter=form.delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        if ended:
            return _Record((), reason="a quote is opened and never closed", open_quote=ended[0])
        return _Record((), reason="a quote is opened and closed in the middle of a field")
    if any("\0" in field for field in fields):
        return _Record((), reason="holds NUL bytes")
    return _Record(tuple(fields), reader.line_num)


def wrong_count(found: int, wanted: int) -> str:
    """The reason why a line with `found` fields is bad, or `""`.

    >>> wrong_count(13, 7)
    '13 fields instead of 7; two lines may have run together'
    """
    if found == wanted:
        return ""
    glued = "; two lines may have run together" if found >= 2 * wanted - 1 else ""
    return f"{found} fields instead of {wanted}{glued}"
