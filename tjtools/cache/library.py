"""The library cache, `TJ_Creative_Library.csv`: every creative known to be on the site.

It is read without a lock and never written by reading. `add` appends and `rewrite` replaces, both under the file's
lock and after taking in what other processes have written. Bad lines are reported and stay where they are until a
rewrite moves them, as they were, to `TJ_Creative_Library.quarantine.csv` (`line,reason,text`). So are lines with a
doubtful day; their creatives stay, without a day.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tjtools.cache.catalogue import Catalogue, Conflict, heads_of, uncollected
from tjtools.cache.rows import COLUMNS, Record, agree, joined, merge, moves_alike
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.model.errors import TrackingFileError, translated
from tjtools.model.names import as_sent, as_shown, extension, match_key, medium_of
from tjtools.workspace.csvfile import BadLine, Form, append_rows, bring_over, encoded, quarantine, replace_file
from tjtools.workspace.csvtext import blocks, read_form
from tjtools.workspace.locks import locked

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "BadLine", "Conflict", "Library", "Match"]

_REMEDY = "Mend it, or run tjtools rebuild-cache to make it anew from the master inventory."
_TAIL = 4096  # bytes that are compared to tell an appended file from one that was edited in place


class Match(NamedTuple):
    """What the library knows of a file's name.

    `there` counts as already there. `elsewhere` has the same name but is not taken for the file: it stands in another
    section, or a creative of exactly the file's name is there. `removed` has the same name and is gone from the site.
    `bad_lines` mention the name: nobody should upload the file before a person has mended them. `unclear` are called as
    the file's card would be, and may be it, or another file of that name.
    """

    there: tuple[Creative, ...] = ()
    elsewhere: tuple[Creative, ...] = ()
    removed: tuple[Creative, ...] = ()
    bad_lines: tuple[BadLine, ...] = ()
    unclear: tuple[Creative, ...] = ()

    @property
    def is_unclear(self) -> bool:
        """Whether only a person can say if it is there."""
        return bool(self.bad_lines or self.unclear)

    @property
    def creative_id(self) -> str | None:
        """The ID to write down for the file: only if exactly one creative is there."""
        return self.there[0].creative_id if len(self.there) == 1 else None


_NOTHING = Match()
_MADE = tuple.__new__  # half the time of a named tuple's own constructor
_REMOVED = ReviewStatus.REMOVED


class _Seen(NamedTuple):
    """How much of which file has been taken in: `size` bytes, the last of them `tail`, up to before line `line`."""

    device: int
    inode: int
    size: int
    changed: int
    tail: bytes
    line: int
    extendable: bool

    def same(self, stat: os.stat_result) -> bool:
        return self.inhabits(stat) and stat.st_size == self.size and stat.st_mtime_ns == self.changed

    def inhabits(self, stat: os.stat_result) -> bool:
        return (stat.st_dev, stat.st_ino) == (self.device, self.inode)


class Library:
    """The creatives of one library file, one per ID; `Library.load(path)` reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._catalogue = Catalogue()
        self._form: Form | None = None
        self._seen: _Seen | None = None
        self._mentions = ""

    @classmethod
    def load(cls, path: Path) -> Library:
        """Read a library; a missing file is an empty one.

        Raises WrongHeader, NotText, or TrackingFileError if the disk can't be read.
        """
        library = cls(path)
        library.refresh()
        return library

    @property
    def bad_lines(self) -> tuple[BadLine, ...]:
        """The lines that can't be understood, in the file's order."""
        return tuple(sorted(self._catalogue.bad, key=lambda bad: bad.line))

    @property
    def doubtful_days(self) -> tuple[BadLine, ...]:
        """The lines whose day could be several, or none: each is a creative of this library, without a day."""
        return tuple(sorted(self._catalogue.doubtful))

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The IDs whose rows contradict each other; each row stays."""
        return self._catalogue.conflicts

    def __len__(self) -> int:
        return len(self._catalogue)

    def __iter__(self) -> Iterator[Creative]:
        return self._catalogue.creatives()

    def __contains__(self, creative_id: object) -> bool:
        return isinstance(creative_id, str) and bool(self._catalogue.numbered(creative_id))

    def get(self, creative_id: str) -> tuple[Creative, ...]:
        """The creative with this ID; several if the file's rows contradict each other, none if it is unknown."""
        return tuple(record.creative for record in self._catalogue.numbered(creative_id))

    def find(self, filename: str, creative_type: CreativeType | None = None) -> Match:
        """Look a file up by its name; without a creative type, a creative in any section counts.

        >>> Library(Path("TJ_Creative_Library.csv")).find("clip.mp4").there
        ()
        """
        key = match_key(filename)
        named = self._catalogue.named(key)
        cards = self._cards(filename, key) if "." in key[-5:] else []  # else it has no second ending, as is usual
        bad = self._mentioning(filename) if self._catalogue.bad else ()
        if not named and not cards and not bad:
            return _NOTHING
        if len(named) == 1 and not cards and not bad and _alone(named[0], filename, creative_type):
            return _MADE(Match, (named, (), (), (), ()))
        medium = medium_of(filename, creative_type=creative_type)
        alike = [each for each in named if each.filename == filename or moves_alike(medium, each)]
        cards = [each for each in cards if moves_alike(medium, each._replace(filename=""))]  # its ending tells nothing
        removed = tuple(each for each in (*alike, *cards) if each.removed)
        exact = tuple(each for each in alike if each.filename == filename and not each.removed)
        own, other = _by_section((each for each in alike if each.filename != filename), creative_type)
        if exact:
            return Match(exact, own + other, removed, bad)
        maybe, also = _by_section(cards, creative_type)
        return Match(own and own + maybe, other + also, removed, bad, () if own else maybe)

    def _cards(self, filename: str, key: str) -> list[Creative]:
        """The creatives called as a card of the file may be, where that is by its key another file's name."""
        others = [shown for shown in as_shown(filename) if shown != key or extension(key)]
        named = ((shown, each) for shown in others for each in self._catalogue.named(match_key(shown)))
        return [each for shown, each in named if as_sent(each.filename) == shown]

    def _mentioning(self, filename: str) -> tuple[BadLine, ...]:
        if not self._mentions:
            self._mentions = "\n".join(_plain_text(bad.text) for bad in self._catalogue.bad)
        name = _plain_text(match_key(filename))
        if not name or name not in self._mentions:
            return ()
        return tuple(bad for bad in self.bad_lines if _mentions(_plain_text(bad.text), name))

    def refresh(self) -> None:
        """Take in what other processes wrote: what was appended, or the whole file if it is another one now."""
        bring_over(self.path)
        with translated(self.path, "read"), uncollected():
            try:
                file = self.path.open("rb")
            except FileNotFoundError:
                self._forget()
                return
            with file:
                self._take_changes(file)

    def _forget(self) -> None:
        self._catalogue, self._form, self._seen, self._mentions = Catalogue(), None, None, ""

    def _take_changes(self, file: BinaryIO) -> None:
        seen, stat = self._seen, os.fstat(file.fileno())
        if seen and seen.same(stat):
            return
        if seen and self._form and seen.extendable and seen.inhabits(stat) and seen.size <= stat.st_size:
            file.seek(seen.size - len(seen.tail))
            if file.read(len(seen.tail)) == seen.tail and seen.size < stat.st_size:
                self._take(file, file, self._form, seen.line, stat)
                return
        self._forget()
        file.seek(0)
        form, source, line = read_form(file, self.path, COLUMNS, _REMEDY)
        self._take(file, source, form, line, stat)

    def _take(self, file: BinaryIO, source: BinaryIO, form: Form | None, line: int, stat: os.stat_result) -> None:
        utf8, open_quote = True, False
        if form:
            for block in blocks(source, form, line, heads_of(form)):
                self._catalogue.take(block, form)
                utf8, open_quote, line = utf8 and block.utf8, block.open_quote, block.end
            self._catalogue.index()
            form = form._replace(plain=form.plain and utf8)
        self._form, self._mentions = form, ""
        size = file.seek(0, os.SEEK_CUR)
        file.seek(max(size - _TAIL, 0))
        tail = file.read(min(size, _TAIL))
        extendable = source is file and tail.endswith(b"\n") and not open_quote
        self._seen = _Seen(stat.st_dev, stat.st_ino, size, stat.st_mtime_ns, tail, line, extendable)

    def add(self, creatives: Iterable[Creative]) -> tuple[Creative, ...]:
        """Append what the library does not know yet, and return it; it is on the disk when this returns.

        A creative that tells nothing new (each of its fields is known for its ID) is not appended. Raises
        TrackingFileError if one of them can't be written so that it is read back the same; then none is.
        """
        with locked(self.path):
            self.refresh()
            asked = {self._record(creative): creative for creative in creatives}
            news = self._news(asked)
            append_rows(self.path, COLUMNS, [record.fields for record in news], form=self._form)
            self.refresh()
        return tuple(asked[record] for record in news)

    def _news(self, records: Iterable[Record]) -> list[Record]:
        """Those that tell what neither the library nor one before them tells."""
        known: dict[str, list[Record]] = {}
        news = []
        for record in records:
            creative_id = record.creative_id
            others = known.setdefault(creative_id, self._catalogue.numbered(creative_id))
            if not any(agree(other, record) and joined(other, record) == other for other in others):
                known[creative_id] = list(merge([*others, record]).values())
                news.append(record)
        return news

    def _record(self, creative: Creative, extra: tuple[str, ...] = ()) -> Record:
        try:
            return Record.of(creative, extra)
        except ValueError as error:
            raise TrackingFileError(f"{creative.filename!r} can't be written: {error}.", path=self.path) from error

    def rewrite(self, creatives: Iterable[Creative] | None = None, *, now: datetime, keep_bad: bool = False) -> None:
        """Write the file anew: one row per ID, bad lines moved to the quarantine file, the old file kept as a backup.

        A bad line keeps the file that it mentions from going up again: with `keep_bad` it stays, behind the others.
        Only where all that the site holds is written can it go without harm. A line with a doubtful day is quarantined
        as it was, and its creative written without a day.

        With `creatives`, these take the place of those that this object knew when it was called; what other processes
        have appended since is kept. Extra columns keep their values. `now` is for the backup's name. Raises
        TrackingFileError if the disk does not take it; the old file is then as it was.
        """
        with locked(self.path):
            if creatives is None:
                self.refresh()
                records = list(self._catalogue)
            else:
                records = self._replaced(list(creatives))
            header = self._form.header if self._form else COLUMNS
            lines = encoded(self.path, [header, *(_fields(record, header) for record in records)])
            aside = self.doubtful_days
            if keep_bad and self._form and self._form.plain:
                lines += [bad.text.encode() + b"\n" for bad in self.bad_lines]
            else:
                aside = (*self.bad_lines, *aside)
            quarantine(self.path, sorted(aside))
            replace_file(self.path, b"".join(lines), backup=now, seen=self._seen.size if self._seen else 0)
            self.refresh()

    def _replaced(self, creatives: list[Creative]) -> list[Record]:
        before = set(self._catalogue)
        self.refresh()
        since = [record for record in self._catalogue if record not in before]
        by_id: dict[str, list[Record]] = {}
        for record in [*(self._record(creative, self._extra(creative)) for creative in creatives), *since]:
            by_id.setdefault(record.creative_id, []).append(record)
        return [record for records in by_id.values() for record in merge(records).values()]

    def _extra(self, creative: Creative) -> tuple[str, ...]:
        """The values of the extra columns of the row that a creative stands for."""
        known = self._catalogue.numbered(creative.creative_id)
        key = match_key(creative.filename)
        same_name = [record for record in known if match_key(record.filename) == key]
        return (same_name or known)[0].extra if known else ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row a creative, in the file's order: the seven columns and the extra ones, all text, `""` for unknown."""
        import pandas as pd

        header = self._form.header if self._form else COLUMNS
        records = list(self._catalogue)
        others = [name for name in header if name not in COLUMNS]
        extras = zip(*(record.extra or ("",) * len(others) for record in records), strict=True) if records else ()
        columns = dict(zip(COLUMNS, _columns(records), strict=True)) | dict(zip(others, extras, strict=False))
        return pd.DataFrame({name: columns.get(name, ()) for name in header}, dtype=str)


def _columns(records: Sequence[Record]) -> Iterator[Sequence[str]]:
    """The seven columns of many records: creatives have few days and facts, and each is written once."""
    yield [record.creative_id for record in records]
    yield [record.filename for record in records]
    days = {day: day.isoformat() if day else "" for day in {record.upload_date for record in records}}
    yield [days[record.upload_date] for record in records]
    distinct = {id(record.facts): record for record in records}
    facts = {key: record.fields[3:] for key, record in distinct.items()}
    yield from zip(*(facts[id(record.facts)] for record in records), strict=True) if records else ((),) * 4


def _fields(record: Record, header: tuple[str, ...]) -> list[str]:
    """A record's fields in the order of the file's header."""
    others = [name for name in header if name not in COLUMNS]
    values = dict(zip(COLUMNS, record.fields, strict=True)) | dict(zip(others, record.extra, strict=False))
    return [values.get(name, "") for name in header]


def _alone(one: Creative, filename: str, creative_type: CreativeType | None) -> bool:
    """Whether a creative of the file's name counts as there if it is the only one: the usual case, so it is fast."""
    if one.review_status is _REMOVED:
        return False
    if one.filename == filename:
        return True
    return _in_section(one, creative_type) and moves_alike(medium_of(filename, "", creative_type), one)


def _by_section(
    creatives: Iterable[Creative], creative_type: CreativeType | None
) -> tuple[tuple[Creative, ...], tuple[Creative, ...]]:
    """Those on the site that stand in the type's own section or in an unknown one, and those in others."""
    there = [each for each in creatives if not each.removed]
    own = tuple(each for each in there if _in_section(each, creative_type))
    return own, tuple(each for each in there if not _in_section(each, creative_type))


def _in_section(creative: Creative, creative_type: CreativeType | None) -> bool:
    kind = creative.creative_type
    if kind is creative_type or kind is None or creative_type is None:
        return True
    return kind.section is creative_type.section


def _plain_text(text: str) -> str:
    """Text in which a name can be looked for, however it was quoted, sent or composed."""
    plain = text.replace('""', '"').replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
    return unicodedata.normalize("NFC", plain)


def _mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text as a whole, not as a part of a longer word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
