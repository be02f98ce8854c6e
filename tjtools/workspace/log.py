"""The one log of what can't be made again: `tracking/.tjtools/log.jsonl`, one event a line.

    {"v": 1, "id": "5f0c…", "at": "2025-11-13T12:00:00Z", "kind": "decided", "about": "…", "data": {…}}

An event is on the disk before the work goes on. It counts once, by its `id`, wherever it is read; of those of one kind
that are `about` the same, the last counts. What `data` holds is known to the wing that notes the kind.

The file is only appended to. When it has grown long, when a line is damaged, when another program has left a copy
beside it (`log (conflicted copy).jsonl`), or while the files of version 0.1 are there, the next event puts a new file
in its place and keeps the old one as a backup: damaged lines go into `log.quarantine.jsonl`, the others' are merged in
by time. Reading sees all that, and writes nothing. A last line without its end did not happen.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from heapq import merge
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from tjtools.model.errors import NewerVersion, TrackingFileError, translated
from tjtools.model.words import counted
from tjtools.workspace.csvfile import BadLine, read_table
from tjtools.workspace.disk import Seen, append_lines, locked, replace_file

log = logging.getLogger("tjtools")

VERSION = 1
FULL = 5_000  # lines since the last folding; then only what still counts is kept
_SNAPSHOT = "snapshot"
_Told = TypeVar("_Told")


class Entry(NamedTuple):
    """An event: its kind, its local time, what it tells, and what it is about, None where each such event counts.

    `line` is its place in the file, 0 for one that stands in another file; `raw` its line as it was written.
    """

    kind: str
    at: datetime
    data: Mapping[str, Any]
    about: str | None = None
    id: str = ""
    line: int = 0
    raw: bytes = b""

    def written(self) -> Entry:
        """The event with its ID, as a line; raises ValueError for what can't be written as text."""
        chosen = self._replace(id=self.id or os.urandom(8).hex())
        at = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        about = {} if self.about is None else {"about": self.about}
        told = {"v": VERSION, "id": chosen.id, "at": at, "kind": self.kind, **about, "data": dict(self.data)}
        return chosen._replace(raw=json.dumps(told, ensure_ascii=False).encode())


class Log:
    """The log of one workspace; `path` need not exist yet. It follows what other processes append."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._one = RLock()  # panels read in threads
        self._forget()

    def _forget(self) -> None:
        self._own: dict[str, Entry] = {}
        self._told: dict[tuple[str, object], Any] = {}  # by ID and reader, what was told; a BadLine: it was refused
        self._bad: list[BadLine] = []
        self._line = self._folded = 0
        self._seen = Seen()
        self._torn = b""  # what stands behind the last line end

    @staticmethod
    @lru_cache(8)
    def at(path: Path) -> Log:
        """The log at a path, read once in a process, however many ask for it."""
        return Log(path)

    @property
    def bad_lines(self) -> tuple[BadLine, ...]:
        """The lines that can't be understood, as far as somebody has asked for what they tell."""
        with self._one:
            return tuple(sorted([*self._bad, *self._refused().values()], key=lambda bad: bad.line))

    def _refused(self) -> dict[str, BadLine]:
        return {chosen: one for (chosen, _), one in self._told.items() if isinstance(one, BadLine)}

    def entries(self) -> list[Entry]:
        """All events, in order; raises TrackingFileError, and NewerVersion for what a newer tjtools has written."""
        with self._one:
            self._follow()
            return self._with(self._beside())

    def told(
        self, readers: Mapping[str, Callable[[Entry], _Told]], known: Container[str] = frozenset()
    ) -> dict[str, _Told]:
        """What the events of these kinds tell, by ID, in order, but for the `known` ones.

        An event that its reader refuses joins `bad_lines`.
        """
        found: dict[str, _Told] = {}
        with self._one:
            entries = self.entries()
            there = {one.id for one in entries}
            self._told = {key: one for key, one in self._told.items() if key[0] in there}
            for entry in entries:
                if entry.kind in readers and entry.id not in known:
                    key = entry.id, readers[entry.kind]
                    if key not in self._told:
                        self._told[key] = self._read(entry, readers[entry.kind])
                    if not isinstance(told := self._told[key], BadLine):
                        found[entry.id] = told
        return found

    def _read(self, entry: Entry, reader: Callable[[Entry], _Told]) -> _Told | BadLine:
        try:
            return reader(entry)
        except UNREADABLE as error:
            why = f"{entry.kind}: {' '.join(str(error).split())}"
            return self._bad_line(entry.line, why, entry.raw)

    def append(self, entries: Iterable[Entry]) -> None:
        """Note events, on the disk when this returns.

        Raises TrackingFileError if the disk does not take them, or where a name can't be written as text.
        """
        try:
            new = [entry.written() for entry in entries]
        except ValueError as error:
            raise TrackingFileError(f"a name can't be written as text ({error}).", path=self.path) from error
        if not new:
            return
        with self._one, locked(self.path):
            self._tidy(new[-1].at)
            with translated(self.path, "written"):
                append_lines(self.path, [entry.raw + b"\n" for entry in new])

    def fold(self, now: datetime, still: Callable[[list[Entry]], Iterable[Entry]]) -> None:
        """Where the log has grown long, keep only what counts: the last about each thing, and `still` of the others."""
        with self._one, locked(self.path):
            self._tidy(now)
            entries = self.entries()
            if self._line - self._folded <= FULL:
                return
            each = [entry for entry in entries if entry.about is None and entry.kind != _SNAPSHOT]
            others = {entry.id: entry for entry in still(each)}
            last = {(entry.kind, entry.about): entry.id for entry in entries if entry.about is not None}
            kept = {*others, *last.values()}
            counts = [others.get(entry.id, entry) for entry in entries if entry.id in kept]
            away = [entry.id for entry in entries if entry.id not in kept]
            self._put([Entry(_SNAPSHOT, now, {"lines": len(counts), "away": away}), *counts], now)

    def _tidy(self, now: datetime) -> None:
        """Put a new file in place where something is to be mended or taken in; the caller has the lock."""
        self._follow()
        beside = self._beside()
        if self._torn:
            self._take(self._torn, self._line + 1, "its end is missing")
        if self.bad_lines or self._torn or beside:
            self._put(self._with(beside), now)
        for path in beside:
            _put_away(path)

    def _put(self, entries: Iterable[Entry], now: datetime) -> None:
        refused = self._refused()
        counting = [one for one in entries if one.id not in refused]
        self._quarantine()
        try:
            replace_file(self.path, b"".join((one.raw or one.written().raw) + b"\n" for one in counting), backup=now)
        finally:
            self._forget()

    def _quarantine(self) -> None:
        """Keep the bad lines with their numbers and reasons; what a crash made come again does not come twice."""
        path = self.path.with_suffix(".quarantine.jsonl")
        lines = [json.dumps({"line": bad.line, "reason": bad.reason, "text": bad.text}) for bad in self.bad_lines]
        with translated(path, "written"):
            there = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
            if new := [line for line in lines if line not in there]:
                replace_file(path, "".join(f"{line}\n" for line in [*there, *new]).encode())
                log.warning(
                    "%s: %s that can't be read: in %s now", self.path.name, counted(len(new), "line"), path.name
                )

    def _beside(self) -> dict[Path, list[Entry]]:
        found = _earlier(self.path.parent)
        for path in sorted(self.path.parent.glob(f"{self.path.stem}*.jsonl")):
            if path != self.path and not path.name.endswith(".quarantine.jsonl"):
                copy = Log(path)
                copy._follow()
                found[path] = [entry._replace(line=0) for entry in copy._own.values()]
        return found

    def _with(self, beside: Mapping[Path, list[Entry]]) -> list[Entry]:
        told = [[*self._own.values()], *beside.values()]
        if not beside:
            return told[0]
        snapshots = [entry for each in told for entry in each if entry.kind == _SNAPSHOT]
        met = {str(gone) for entry in snapshots for gone in entry.data["away"]}
        found = []
        for entry in merge(*told, key=lambda entry: entry.at):
            if entry.id not in met:
                met.add(entry.id)
                found.append(entry)
        return found

    def _follow(self) -> None:
        seen, new, anew = self._seen.follow(self.path)
        if anew:
            self._forget()
        new = self._torn + new
        end = new.rfind(b"\n") + 1
        try:
            for line in new[:end].splitlines():
                self._line += 1
                if line.strip():
                    self._take(line, self._line)
        except NewerVersion:
            self._forget()
            raise
        self._seen, self._torn = seen, new[end:]

    def _take(self, line: bytes, number: int, why: str = "") -> None:
        try:
            entry = _entry(line, number, self.path)
        except (ValueError, RecursionError, OverflowError) as error:
            self._bad.append(self._bad_line(number, why or f"this is no event: {error}", line))
            return
        if entry.kind == _SNAPSHOT:
            self._folded = max(self._folded, number + entry.data["lines"])
        self._own.setdefault(entry.id, entry)

    def _bad_line(self, number: int, why: str, line: bytes) -> BadLine:
        log.warning("%s:%d: %s", self.path.name, number, why)
        return BadLine(number, why, line.decode("utf-8", "replace"))


def _entry(line: bytes, number: int, path: Path) -> Entry:
    told = json.loads(line)
    if not isinstance(told, dict) or type(told.get("v")) is not int:
        raise ValueError("it has no version")
    if told["v"] > VERSION:
        raise NewerVersion(
            f"a newer tjtools has written this (version {told['v']} of the log, this one knows {VERSION}).",
            path=path,
            line=number,
            remedy="Update tjtools on this machine: pip install --upgrade tjtools",
        )
    kinds = {"id": str, "at": str, "kind": str, "data": dict, "about": str | None}
    if wrong := [name for name, kind in kinds.items() if not isinstance(told.get(name), kind)]:
        raise ValueError(f"{wrong[0]} is missing, or of another kind")
    at, about = datetime.fromisoformat(told["at"]), told.get("about")
    if at.tzinfo is None:
        raise ValueError("its time has no zone")
    entry = Entry(told["kind"], at.astimezone(), told["data"], about, told["id"], number, line)  # people read days
    if entry.kind == _SNAPSHOT and [type(entry.data.get(name)) for name in ("lines", "away")] != [int, list]:
        raise ValueError("it does not say of how many lines it is, and what was folded away")
    return entry


# What tjtools 0.1 kept in files of its own: they are read where they lie until the log is next written, and lie among
# the backups from then on. What they tell has the same IDs each time, so that a process may end in the middle of that.

BEFORE = "before-log"
NO_JSON = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
UNREADABLE = (*NO_JSON, LookupError, ArithmeticError)
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # a time that is damaged: what is told counts all the same, as the oldest
_REMEDY = "Move it away; which content was uploaded under which ID, or what was decided, is then not known any more."
_EARLIER = {  # the kind of its events, what tells the time, and what each is about
    "journal.jsonl": ("", "at", ()),
    "fingerprints.csv": ("uploaded", "seen_at", ("creative_id",)),
    "decisions.csv": ("decided", "decided_at", ("checksum", "other_checksum")),
    "plan.json": ("planned", "saved_at", ()),
    "acknowledged.json": ("acknowledged", "until", ()),
    "covered.json": ("", "", ()),  # the cache reads what these two held
    "last_seen.json": ("", "", ()),
}


def _earlier(private: Path) -> dict[Path, list[Entry]]:
    found: dict[Path, list[Entry]] = {}
    for path in (private / name for name in _EARLIER if (private / name).exists()):
        found[path] = []
        with translated(path, "read"):
            for number, one in enumerate(_events(path)):
                with suppress(ValueError):  # what is no text was never written by us
                    told = [path.name, number, one.kind, str(one.at), one.data]
                    known = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
                    chosen = blake2b(known, digest_size=8).hexdigest()
                    found[path].append(one._replace(id=chosen).written())
    return found


def _events(path: Path) -> Iterator[Entry]:
    kind, time, about = _EARLIER[path.name]
    for told in _records(path, about) if time else ():
        at = None
        with suppress(ValueError, TypeError):
            at = datetime.fromisoformat(told.get(time, ""))
        if not at or not at.tzinfo:
            at = _UNKNOWN
        event, what = told.get("event"), " ".join(told[name] for name in about)
        if kind and (what or not about):
            yield Entry(kind, at, told, what)
        elif not kind and at > _UNKNOWN and isinstance(event, str):  # else it was torn by a crash
            yield Entry(event, at, told)


def _records(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if path.suffix == ".csv":
        yield from read_table(path, needed, remedy=_REMEDY).rows
        return
    data = path.read_bytes()
    for text in data.splitlines() if path.suffix == ".jsonl" else [data]:
        try:
            yield dict(json.loads(text))
        except NO_JSON:
            yield {"damaged": text.decode("utf-8", "replace")}  # is refused: a plan must not be taken for none


def _put_away(path: Path) -> None:
    folder = path.parent / "backups" / (BEFORE if path.name in _EARLIER else "")
    with translated(path, "moved"):
        folder.mkdir(parents=True, exist_ok=True)
        names = (folder / f"{path.stem}{f'-{number}' if number > 1 else ''}{path.suffix}" for number in count(1))
        target = next(name for name in names if not name.exists())
        with suppress(FileNotFoundError):
            path.replace(target)
