"""The library cache, `TJ_Creative_Library.csv`: every creative known to be on the site.

It is never written by reading. `add` appends and `rewrite` replaces, both under the file's lock and after taking in
what other processes have written. Bad lines are reported and stay until a rewrite moves them to the quarantine file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tjtools.cache.rows import COLUMNS as COLUMNS
from tjtools.cache.rows import Row, agree, as_written, fields_of, joined, merge, moves_alike, read_row
from tjtools.model.cells import LostDigits, read_id, told_id
from tjtools.model.creative import Creative, CreativeType
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import as_sent, as_shown, extension, match_key, meant, medium_of, unquoted
from tjtools.workspace.csvfile import BadLine, Form, Records, append_rows, encoded, quarantine, read_more, read_records
from tjtools.workspace.disk import Seen, locked, replace_file

if TYPE_CHECKING:
    import pandas as pd

_Some: TypeAlias = tuple[Creative, ...]
_REMEDY = "Mend it, or run tjtools rebuild-cache to make it anew from the master inventory."


class Match(NamedTuple):
    """What the library knows of a file's name.

    `there` counts as already there. `elsewhere` has the same name and is not the file: another section's, or another
    beside one of exactly that name. `removed` is gone from the site. `bad_lines` mention the name: nobody should upload
    the file before they are mended. `unclear` are called as the file's card would be, and may be another file of that
    name. `doubt` says what of the question is lost, where it can't be answered.
    """

    there: tuple[Creative, ...] = ()
    elsewhere: tuple[Creative, ...] = ()
    removed: tuple[Creative, ...] = ()
    bad_lines: tuple[BadLine, ...] = ()
    unclear: tuple[Creative, ...] = ()
    doubt: str = ""

    @property
    def is_unclear(self) -> bool:
        """Whether only a person can say if it is there."""
        return bool(self.bad_lines or self.unclear or self.doubt)

    @property
    def creative_id(self) -> str | None:
        """The ID to write down for the file: only if exactly one creative is there."""
        return self.there[0].creative_id if len(self.there) == 1 else None


class Conflict(NamedTuple):
    """Rows of one ID that contradict each other: the creatives that they tell of, and these rows' line numbers."""

    creative_id: str
    creatives: tuple[Creative, ...]
    lines: tuple[int, ...]


class Library:
    """The creatives of one library file, one per ID; `Library.load(path)` reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        self._rows: dict[str, list[Row]] = {}  # by ID, in the file's order: several where they contradict each other
        self._by_key: dict[str, list[Creative]] = {}  # as far as somebody has asked for a name
        self._bad: list[BadLine] = []
        self._doubtful: list[BadLine] = []
        self.merged = 0  # rows that went into another of their ID
        self._form: Form | None = None
        self._seen = Seen()
        self._more_at = 0  # the number of the line that an appended one has, 0 where the file is to be read anew

    @classmethod
    def load(cls, path: Path) -> Library:
        """Read a library, empty without a file; raises WrongHeader, NotText, or TrackingFileError."""
        library = cls(path)
        library.refresh()
        return library

    @property
    def bad_lines(self) -> tuple[BadLine, ...]:
        """The lines that can't be understood, in the file's order."""
        return tuple(sorted(self._bad, key=lambda bad: bad.line))

    @property
    def doubtful_days(self) -> tuple[BadLine, ...]:
        """The lines whose day could be several, or none: each is a creative of this library, without a day."""
        return tuple(sorted(self._doubtful))

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The IDs whose rows contradict each other; each row stays."""
        several = {key: rows for key, rows in self._rows.items() if len(rows) > 1}
        return tuple(Conflict(key, self.get(key), tuple(row.line for row in rows)) for key, rows in several.items())

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def __iter__(self) -> Iterator[Creative]:
        return (row.creative for row in self._in_order())

    def __contains__(self, creative_id: object) -> bool:
        return creative_id in self._rows

    def by_id(self) -> dict[str, tuple[Creative, ...]]:
        """What `get` says of each ID."""
        return {key: tuple([row.creative for row in rows]) for key, rows in self._rows.items()}

    def get(self, creative_id: str) -> tuple[Creative, ...]:
        """The creative with this ID; several if the file's rows contradict each other, none if it is unknown."""
        return tuple(row.creative for row in self._rows.get(creative_id, ()))

    def _in_order(self) -> list[Row]:
        return sorted((row for rows in self._rows.values() for row in rows), key=attrgetter("line"))

    def find(self, filename: str, creative_type: CreativeType | None = None) -> Match:
        """Look a file up by its name; without a creative type, a creative in any section counts.

        >>> Library(Path("TJ_Creative_Library.csv")).find("clip.mp4").there
        ()
        """
        key = match_key(filename)
        named = self._named(key)
        cards = self._cards(filename, key) if "." in key[-5:] else []  # else it has no second ending, as is usual
        bad = self._mentioning(filename) if self._bad else ()
        if not named and not cards and not bad:
            return Match()
        medium = medium_of(filename, creative_type=creative_type)
        alike = [each for each in named if each.filename == filename or moves_alike(medium, each)]
        cards = [each for each in cards if moves_alike(medium, each._replace(filename=""))]  # its ending tells nothing
        own, other, removed = _by_section(alike, creative_type)
        maybe, also, gone = _by_section(cards, creative_type) if cards else ((), (), ())
        exact = [each for each in own + other if each.filename == filename]
        if exact:
            rest = [each for each in own + other if each.filename != filename]
            return Match(tuple(exact), tuple(rest), removed + gone, bad)
        return Match(own and own + maybe, other + also, removed + gone, bad, () if own else maybe)

    def _named(self, key: str) -> list[Creative]:
        if not self._by_key:  # who asks for no name need not wait for this
            for each in self:
                self._by_key.setdefault(match_key(each.filename), []).append(each)
        return self._by_key.get(key, [])

    def _cards(self, filename: str, key: str) -> list[Creative]:
        """The creatives called as a card of the file may be, where that is by its key another file's name."""
        others = [shown for shown in as_shown(filename) if shown != key or extension(key)]
        named = ((shown, each) for shown in others for each in self._named(match_key(shown)))
        return [each for shown, each in named if as_sent(each.filename) == shown]

    def _mentioning(self, filename: str) -> tuple[BadLine, ...]:
        name = _plain_text(match_key(filename))
        whole = rf"(?<!\w){re.escape(name)}(?!\w)"
        texts = [(bad, _plain_text(bad.text)) for bad in self.bad_lines if name]
        return tuple(bad for bad, text in texts if name in text and re.search(whole, text))

    def refresh(self) -> None:
        """Take in what other processes wrote: what was appended, or the whole file if it is another one now."""
        seen, data, anew = self._seen.follow(self.path)
        if seen is self._seen:
            return
        if not anew and not self._more_at:
            seen, data, anew = Seen().follow(self.path)
        if anew:
            self._forget()
        more = self._form and read_more(data, self._form, self._more_at)
        found = more or read_records(data, self.path, COLUMNS, _REMEDY, suffice=True)
        self._take(found)
        self._seen = seen
        go_on = seen.tail.endswith(b"\n") and not found.open_quote and found.form and found.form.plain
        self._more_at = found.end if go_on else 0

    def _take(self, found: Records) -> None:
        self._form, self._by_key = found.form, {}  # a name may be another now
        header = found.form.header if found.form else COLUMNS
        ours = None if header == COLUMNS else itemgetter(*map(header.index, COLUMNS))
        others = [place for place, name in enumerate(header) if name not in COLUMNS]
        doubts: list[str] = []
        for line, fields in found:
            try:
                creative = read_row(ours(fields) if ours else fields, doubts)
            except ValueError as error:
                self._bad.append(BadLine(line, str(error), found.text))
                continue
            if doubts:
                self._doubtful.append(BadLine(line, doubts.pop(), found.text))
            row = Row(creative, tuple([fields[place] for place in others]) if others else (), line)
            known = self._rows.get(creative.creative_id, [])
            self._rows[creative.creative_id] = rows = merge([*known, row]) if known else [row]
            self.merged += len(known) + 1 - len(rows)
        self._bad += found.bad

    def add(self, creatives: Iterable[Creative]) -> tuple[Creative, ...]:
        """Append what the library does not know yet, and return it; it is on the disk when this returns.

        A creative that tells nothing new (each of its fields is known for its ID) is not appended. Raises
        TrackingFileError if one of them can't be written so that it is read back the same; then none is.
        """
        with locked(self.path):
            self.refresh()
            asked = {Row(self._written(creative)): creative for creative in creatives}
            known: dict[str, list[Row]] = {}
            news = []
            for row in asked:
                others = known.get(row.creative.creative_id) or self._rows.get(row.creative.creative_id, [])
                if not any(agree(other, row) and joined(other, row)[:2] == other[:2] for other in others):
                    known[row.creative.creative_id] = merge([*others, row])
                    news.append(row)
            append_rows(self.path, COLUMNS, [fields_of(row.creative) for row in news], form=self._form)
            self.refresh()
        return tuple(asked[row] for row in news)

    def _written(self, creative: Creative) -> Creative:
        try:
            return as_written(creative)
        except ValueError as error:
            raise TrackingFileError(f"{creative.filename!r} can't be written: {error}.", path=self.path) from error

    def _row(self, creative: Creative) -> Row:
        known = self._rows.get(creative.creative_id)
        if same := next((row for row in known or () if row.creative == creative), None):
            return same  # most are as they were read
        written = self._written(creative)
        known = self._rows.get(written.creative_id)
        key = match_key(creative.filename)
        same_name = [row for row in known or () if match_key(row.creative.filename) == key]
        return Row(written, (same_name or known)[0].extra if known else ())

    def rewrite(self, creatives: Iterable[Creative] | None = None, *, now: datetime, keep_bad: bool = False) -> None:
        """Write the file anew: one row per ID, bad lines moved to the quarantine file, the old file kept as a backup.

        With `creatives`, these take the place of those that this object knew when it was called; what other processes
        have appended since is kept, and so are extra columns. With `keep_bad` bad lines stay, behind the others, if
        they are bad there too: they keep the files that they mention from going up again. A line with a doubtful day
        goes to the quarantine, its creative is written without a day. `now` names the backup. Raises TrackingFileError;
        the old file is then as it was.
        """
        with locked(self.path):
            rows = self._replaced(creatives)
            header = self._form.header if self._form else COLUMNS
            data = b"".join(encoded(self.path, [header, *(_fields(row, header) for row in rows)]))
            aside, bad = self.doubtful_days, self.bad_lines
            whole = data + b"".join(one.text.encode() + b"\n" for one in bad)
            if keep_bad and bad and self._bad_in(whole) == [one.text for one in bad]:
                data = whole
            else:
                aside = (*bad, *aside)
            quarantine(self.path, sorted(aside))
            replace_file(self.path, data, backup=now, seen=self._seen)
            self.refresh()

    def _bad_in(self, data: bytes) -> list[str]:
        """The lines that could not be understood, were this the file."""
        library = Library(self.path)
        library._take(read_records(data, self.path, COLUMNS, suffice=True))
        return [bad.text for bad in library.bad_lines]

    def _replaced(self, creatives: Iterable[Creative] | None) -> list[Row]:
        """The rows of the creatives, and of what others have written since this object was read."""
        before = {row[:2] for row in self._in_order()}
        given = None if creatives is None else list(creatives)
        self.refresh()
        if given is None:
            return self._in_order()
        by_id = defaultdict[str, list[Row]](list)
        since = [row for row in self._in_order() if row[:2] not in before]
        for row in [*map(self._row, given), *since]:
            by_id[row.creative.creative_id].append(row)
        return [row for rows in by_id.values() for row in merge(rows)]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a creative, in the file's order: the seven columns and the extra ones, all text, `""` for unknown."""
        import pandas as pd

        header = self._form.header if self._form else COLUMNS
        return pd.DataFrame([_fields(row, header) for row in self._in_order()], columns=list(header), dtype=str)


def _fields(row: Row, header: tuple[str, ...]) -> Sequence[str]:
    if header == COLUMNS:
        return fields_of(row.creative)
    others = [name for name in header if name not in COLUMNS]
    values = dict(zip(COLUMNS, fields_of(row.creative), strict=True)) | dict(zip(others, row.extra, strict=False))
    return [values.get(name, "") for name in header]


def _by_section(creatives: Iterable[Creative], creative_type: CreativeType | None) -> tuple[_Some, _Some, _Some]:
    """Those of the type's own section or an unknown one, those of others, and those that are gone from the site."""
    found: tuple[list[Creative], ...] = [], [], []
    for each in creatives:
        kind = each.creative_type
        own = kind is None or creative_type is None or kind.section is creative_type.section
        found[2 if each.removed else 0 if own else 1].append(each)
    return tuple(found[0]), tuple(found[1]), tuple(found[2])


def _plain_text(text: str) -> str:
    """Text in which a name can be looked for, however it was quoted, sent or composed."""
    plain = text.replace('""', '"').replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
    return unicodedata.normalize("NFC", plain)


ANSWER_COLUMNS = ("asked", "answer", *COLUMNS)
Answer = tuple[str, Match]


def pasted(text: str) -> list[str]:
    r"""What a pasted list asks for: one name or ID a line; blank lines and spaces around are left out.

    >>> pasted("clip.mp4\n\n  1032530571 \r\n")
    ['clip.mp4', '1032530571']
    """
    return [line for line in map(str.strip, re.split(r"[\r\n]", text.replace("\ufeff", ""))) if line]


def look_up(library: Library, asked: Iterable[str], creative_type: CreativeType | None = None) -> list[Answer]:
    """What the library knows of each name or ID, in the order asked; with a type, only its own section counts.

    A path stands for its file's name, an ID for its creative; quotes around either don't count.
    """
    return [(one, _look_up(library, one, creative_type)) for one in asked]


def _look_up(library: Library, asked: str, creative_type: CreativeType | None) -> Match:
    found = [library.find(name, creative_type) for name in meant(asked)]
    match = next((one for one in found if one.there or one.is_unclear), next(filter(any, found), Match()))
    there, _, removed = _by_section(library.get(told_id(unquoted(asked))), None)
    if there + removed and not match.there:
        return Match(there, removed=removed)
    return match if any(match) else Match(doubt=_doubt(asked))


def _doubt(asked: str) -> str:
    try:
        read_id(unquoted(asked))
    except LostDigits as error:
        return str(error)
    except ValueError:
        pass
    return "a letter of it is lost (\ufffd); copy the name once more" if "\ufffd" in asked else ""


def answer_rows(answers: Iterable[Answer]) -> Iterator[tuple[str, ...]]:
    """The answers as rows of `ANSWER_COLUMNS`: one a creative found, and one for each name without a clear answer."""
    for asked, match in answers:
        groups = (
            ("already there", match.there),
            ("unclear", match.unclear),
            ("in another section", match.elsewhere),
            ("removed", match.removed),
        )
        found = [(answer, creative) for answer, creatives in groups for creative in creatives]
        for answer, creative in found:
            yield asked, answer, *fields_of(creative)
        if not found or match.bad_lines:
            doubt = f"bad line {match.bad_lines[0].line}" if match.bad_lines else match.doubt
            answer = f"unclear: {doubt}" if doubt else "not there"
            yield asked, answer, *("" for _ in COLUMNS)
