"""The library's rows in memory: read in columns, found by name and by ID, one creative per ID."""

from __future__ import annotations

import gc
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import filterfalse
from typing import Generic, NamedTuple, TypeVar, cast

from tjtools.cache.index import Index, NameIndex
from tjtools.cache.rows import COLUMNS, Facts, Record, merge, read_facts, why_bad
from tjtools.model.cells import is_id, read_day, told_id, why_doubtful
from tjtools.model.creative import Creative
from tjtools.model.names import match_key
from tjtools.workspace.csvtext import BadLine, Block, Form, wrong_count

V = TypeVar("V")

_FACTS = 3  # the columns before those that `Facts` holds

_MADE = tuple.__new__
_AT_ONCE = 262_144  # rows that are indexed in one go
_DIGITS = 18  # of an ID that surely fits into 64 bits


class Conflict(NamedTuple):
    """Rows of one ID that contradict each other: the creatives that they tell of, and these rows' line numbers."""

    creative_id: str
    creatives: tuple[Creative, ...]
    lines: tuple[int, ...]


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python's garbage collector from going through what is being loaded, over and over: none of it is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Meanings(dict[str, "V | None"], Generic[V]):
    """What the distinct texts of a column mean, each read once; None for a text that means nothing."""

    def __init__(self, read: Callable[[str], V]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> V | None:
        meaning: V | None
        try:
            meaning = self.read(text)
        except ValueError:
            meaning = None
        self[text] = meaning
        return meaning


def _number(creative_id: str) -> int:
    """A number of 64 bits for an ID; two IDs may share it."""
    return int(creative_id[-_DIGITS:])


def _day(text: str) -> tuple[date | None]:
    return (read_day(text),)


def _facts(text: str) -> Facts:
    return read_facts(text.split(","))


class Catalogue:
    """All creatives of a library. Rows are numbered from 0 in the file's order; one merged away keeps its number."""

    def __init__(self) -> None:
        self.bad: list[BadLine] = []
        self.doubtful: list[BadLine] = []  # lines that were taken in without their day
        self._numbers = array("Q")  # the IDs as numbers take an eighth of the memory of texts
        self._odd_ids: dict[int, str] = {}  # those, by row, that are not the digits of their number
        self._names: list[str] = []
        self._days: list[tuple[date | None]] = []
        self._facts: list[Facts] = []
        self._extras: list[tuple[str, ...]] = []
        self._by_name = NameIndex()
        self._by_number: Index[int] = Index()
        self._indexed = 0
        self._merged: dict[int, Record] = {}
        self._gone: set[int] = set()
        self._renamed: set[int] = set()  # those merged under a name that is found by another key than their own
        self._conflicts: dict[str, Conflict] = {}
        self._line_spans: list[tuple[int, int]] = []  # (row, its line) wherever the lines do not simply go on
        self._meaning_of_day: _Meanings[tuple[date | None]] = _Meanings(_day)
        self._meaning_of_facts: _Meanings[Facts] = _Meanings(_facts)

    def __len__(self) -> int:
        return len(self._numbers) - len(self._gone)

    def __iter__(self) -> Iterator[Record]:
        gone = self._gone
        return (self._record(row) for row in range(len(self._numbers)) if row not in gone)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return tuple(self._conflicts.values())

    def creatives(self) -> Iterator[Creative]:
        """Each creative once, in the file's order."""
        gone = self._gone
        return (self._creative(row) for row in range(len(self._numbers)) if row not in gone)

    def named(self, key: str) -> tuple[Creative, ...]:
        """The creatives whose names have this match key, in the file's order."""
        rows = self._by_name.rows(key)
        if self._renamed:
            rows = [row for row in rows if row not in self._renamed or match_key(self._record(row).filename) == key]
        if len(rows) == 1:
            return () if rows[0] in self._gone else (self._creative(rows[0]),)
        return tuple(map(self._creative, filterfalse(self._gone.__contains__, rows)))

    def numbered(self, creative_id: str) -> list[Record]:
        """The records with this ID: one, or several that contradict each other."""
        gone = self._gone
        return [self._record(row) for row in self._rows_of(creative_id) if row not in gone]

    def _record(self, row: int) -> Record:
        return self._merged.get(row) or self._as_read(row)

    def _as_read(self, row: int) -> Record:
        extra = self._extras[row] if self._extras else ()
        return Record(self._id(row), self._names[row], self._days[row][0], self._facts[row], extra)

    def _creative(self, row: int) -> Creative:
        if row in self._merged:
            return self._merged[row].creative
        creative_id = self._id(row) if self._odd_ids else str(self._numbers[row])
        # A look-up makes one of these: the constructor of tuples takes half the time of the class's own.
        return _MADE(Creative, (creative_id, self._names[row], self._days[row][0], *self._facts[row]))

    def take(self, block: Block, form: Form) -> None:
        """Take in a block of the file; a row whose columns mean nothing becomes a bad line.

        A doubtful day costs no row its ID: the row is taken in without a day, and reported.
        """
        self.bad += block.bad
        texts = _texts(block, form)
        days, facts = self._meanings(texts)
        if not (texts.named and all(days) and all(facts)):
            texts = self._sifted(texts, block, form)
            days, facts = self._meanings(texts)
            days = [day or (None,) for day in days]
        start = len(self._numbers)
        self._line_spans += _spans(texts.lines, start, self._line_spans[-1:])
        self._number(texts.ids, start)
        self._names += texts.names
        self._days += cast("list[tuple[date | None]]", days)
        self._facts += cast("list[Facts]", facts)
        self._extras += texts.extras
        if len(self._numbers) - self._indexed >= _AT_ONCE:
            self.index()

    def ids_in(self, block: Block, form: Form) -> list[str] | None:
        """The IDs of a block that is not to be taken in; None if a row of it needs a closer look."""
        texts = _texts(block, form)
        days, facts = self._meaning_of_day.__getitem__, self._meaning_of_facts.__getitem__
        sound = texts.named and all(map(days, texts.days)) and all(map(facts, texts.facts))
        return texts.ids if sound and not block.bad else None

    def index(self) -> None:
        """Make what was taken in be found, and merge rows of one ID; to be called after the last block."""
        rows = list(range(self._indexed, len(self._numbers)))
        self._indexed = len(self._numbers)
        self._by_name.add(self._names[rows[0] :] if rows else [], rows)
        doubled = self._by_number.add(self._numbers[rows[0] :] if rows else [], rows)
        for number in doubled:
            self._combine(self._by_number.rows(number))

    def _number(self, ids: list[str], start: int) -> None:
        if max(map(len, ids), default=0) <= _DIGITS and "\n0" not in "\n".join(["", *ids]):
            self._numbers.extend(map(int, ids))
            return
        for row, creative_id in enumerate(ids, start):
            self._numbers.append(_number(creative_id))
            if str(self._numbers[-1]) != creative_id:
                self._odd_ids[row] = creative_id

    def _id(self, row: int) -> str:
        return self._odd_ids[row] if row in self._odd_ids else str(self._numbers[row])

    def _rows_of(self, creative_id: str) -> list[int]:
        if not is_id(creative_id):
            return []
        return [row for row in self._by_number.rows(_number(creative_id)) if self._id(row) == creative_id]

    def _meanings(self, texts: _Texts) -> tuple[list[tuple[date | None] | None], list[Facts | None]]:
        days, facts = self._meaning_of_day.__getitem__, self._meaning_of_facts.__getitem__
        return list(map(days, texts.days)), list(map(facts, texts.facts))

    def _sifted(self, texts: _Texts, block: Block, form: Form) -> _Texts:
        """The rows that have a meaning, their IDs as digits; the others are reported, and doubtful days."""
        good: dict[int, str] = {}
        for row, line in enumerate(texts.lines):
            creative_id = told_id(texts.ids[row])
            if not (is_id(creative_id) and texts.names[row] and self._meaning_of_facts[texts.facts[row]]):
                self.bad.append(BadLine(line, _why_bad(block.fields(row), form), block.raw[row]))
                continue
            good[row] = creative_id
            if not self._meaning_of_day[texts.days[row]]:
                self.doubtful.append(BadLine(line, why_doubtful(texts.days[row]), block.raw[row]))
        return texts.only(good)

    def _combine(self, rows: list[int]) -> None:
        """Merge the rows of one number; with several IDs of that number, those of each."""
        if self._odd_ids and len(by_id := {self._id(row): row for row in rows}) > 1:
            for creative_id in by_id:
                self._combine([row for row in rows if self._id(row) == creative_id])
            return
        merged = merge(map(self._as_read, rows))
        stay = {rows[place]: record for place, record in merged.items()}
        self._merged.update(stay)
        self._gone.update(set(rows) - set(stay))
        for row, record in stay.items():
            if match_key(record.filename) != match_key(self._names[row]):
                self._by_name.add([record.filename], [row])
                self._renamed.add(row)
        if len(merged) == 1:
            self._conflicts.pop(merged[0].creative_id, None)
            return
        creatives = tuple(record.creative for record in stay.values())
        conflict = Conflict(merged[0].creative_id, creatives, tuple(map(self._line, stay)))
        self._conflicts[conflict.creative_id] = conflict

    def _line(self, row: int) -> int:
        start, line = self._line_spans[bisect_right(self._line_spans, row, key=lambda span: span[0]) - 1]
        return line + row - start


class _Texts(NamedTuple):
    """The columns of a block as the file has them; `facts` are the last four, joined by commas."""

    ids: list[str]
    names: list[str]
    days: list[str]
    facts: list[str]
    extras: list[tuple[str, ...]]
    lines: Sequence[int]

    @property
    def named(self) -> bool:
        """Whether every row has an ID of digits and a name."""
        digits = "".join(self.ids).encode()  # bytes know no digits but 0 to 9
        return (digits.isdigit() or not digits) and all(self.ids) and all(self.names)

    def only(self, rows: Mapping[int, str]) -> _Texts:
        """Some rows, each with its ID."""
        return _Texts(
            list(rows.values()),
            [self.names[row] for row in rows],
            [self.days[row] for row in rows],
            [self.facts[row] for row in rows],
            [self.extras[row] for row in rows] if self.extras else [],
            [self.lines[row] for row in rows],
        )


def heads_of(form: Form) -> int | None:
    """How many columns `take` wants split off each line: with the usual header, the last four stay one text."""
    return _FACTS if form.header == COLUMNS and form.delimiter == "," else None


def _places(form: Form) -> list[int]:
    return [form.header.index(name) for name in COLUMNS]


def _why_bad(fields: Sequence[str], form: Form) -> str:
    return wrong_count(len(fields), len(form.header)) or why_bad([fields[place] for place in _places(form)])


def _texts(block: Block, form: Form) -> _Texts:
    if heads_of(form):
        ids, names, days, facts = block.columns
        return _Texts(ids, names, days, facts, [], block.lines)
    ids, names, days, *last = (block.columns[place] for place in _places(form))
    others = [block.columns[place] for place, name in enumerate(form.header) if name not in COLUMNS]
    return _Texts(
        ids, names, days, list(map(",".join, zip(*last, strict=True))), list(zip(*others, strict=True)), block.lines
    )


def _spans(lines: Sequence[int], start: int, last: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The rows at which line numbers do not simply go on from the row before, with their lines."""
    places: Iterable[int] = range(min(len(lines), 1)) if isinstance(lines, range) else range(len(lines))
    shift = last[0][1] - last[0][0] if last else None
    for place in places:
        if lines[place] - (start + place) != shift:
            shift = lines[place] - (start + place)
            yield start + place, lines[place]
