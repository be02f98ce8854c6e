"""The write-ahead journal of the live uploads: what was intended, and what came of it, before it is written elsewhere.

`tracking/.tjtools/journal.jsonl`, one JSON line an event, on the disk before the event goes on. A run has `begun`, its
files are `handed_over`, then `settled`, with all that library, master and status CSV are told of them; `recorded` says
that they were told, and `ended` that the run came to its end: one without is unfinished.

A file that was handed over and has not been settled since, or on which the site timed out (`stalled`), is in doubt: the
site may hold it. A line that a crash tore is an event that did not happen, since each event waits for its line.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from datetime import datetime
from itertools import dropwhile
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from tjtools.model.creative import Key, Section, SessionFile
from tjtools.model.errors import TrackingFileError, translated
from tjtools.upload.events import EVENT, STALLED, Begun, Ended, Event, HandedOver, Recorded, Settled
from tjtools.workspace.disk import locked, replace_file

FULL = 5_000  # lines; then the oldest runs are folded away, down to half of it


class Unfinished(NamedTuple):
    """A run that never came to its end: which of its files have an ID, got none, were under way, and were not begun.

    `without_id` were refused by the site, or it does not show which creative they are. `force`: the run was to bypass
    the duplicate checks.
    """

    run: str
    at: datetime
    force: bool
    confirmed: tuple[SessionFile, ...]
    without_id: tuple[SessionFile, ...]
    under_way: tuple[SessionFile, ...]
    not_begun: tuple[SessionFile, ...]

    @property
    def left(self) -> tuple[SessionFile, ...]:
        """The files to go on with."""
        return (*self.under_way, *self.not_begun)

    @property
    def told(self) -> str:
        """What there is of it, in words."""
        without = [f"{len(self.without_id)} without an ID"] if self.without_id else []
        confirmed, under_way, not_begun = map(len, (self.confirmed, self.under_way, self.not_begun))
        return ", ".join([f"{confirmed} confirmed", *without, f"{under_way} under way", f"{not_begun} not begun"])


class Journal:
    """The journal of one workspace; `path` need not exist yet. It follows what other processes append."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: list[Event] = []
        self._inode = self._size = self._line = 0

    def begun(self, files: Iterable[SessionFile], *, run: str, now: datetime, force: bool = False) -> None:
        """Note which files a run is to hand over, and fold old runs away."""
        self._fold()
        self._append([Begun(at=now, run=run, files=tuple(files), force=force)])

    def handed_over(
        self, files: Iterable[SessionFile], *, section: Section, run: str, now: datetime, newest: str = ""
    ) -> None:
        """Note, before it happens, that these files go to the site; `newest` is the section's highest ID till now."""
        names = tuple(file.name for file in files)
        self._append([HandedOver(at=now, run=run, section=section, files=names, newest=newest)])

    def settled(self, outcomes: Iterable[Settled]) -> None:
        """Note what is known of files, before the tracking files are told."""
        self._append([*outcomes])

    def recorded(self, *, run: str, now: datetime) -> None:
        """Note that the tracking files hold all that was settled in this run."""
        self._append([Recorded(at=now, run=run)])

    def ended(self, *, run: str, now: datetime) -> None:
        """Note that a run came to its end."""
        self._append([Ended(at=now, run=run)])

    def unfinished(self) -> Unfinished | None:
        """The last run that never came to its end; None where each did."""
        runs = self._open_runs()
        if not runs:
            return None
        begun = [*runs.values()][-1]
        doubt = self.in_doubt()
        through = {one.key: one for one in self.outcomes(begun.run) if one.key not in doubt}
        handed = {key for event in self._since(begun) if isinstance(event, HandedOver) for key in event.keys}
        parts: dict[str, list[SessionFile]] = {"confirmed": [], "without_id": [], "under_way": [], "not_begun": []}
        for file in begun.files:
            settled = through.get(file.key)
            if settled:
                parts["confirmed" if settled.creative_id else "without_id"].append(file)
            else:
                parts["under_way" if file.key in doubt & handed else "not_begun"].append(file)
        return Unfinished(begun.run, begun.at, begun.force, **{part: tuple(files) for part, files in parts.items()})

    def outcomes(self, run: str) -> list[Settled]:
        """What came of the files of a run since it last began, in order; time-outs are in it."""
        begun = [event for event in self.events() if isinstance(event, Begun) and event.run == run]
        return [event for event in self._since(*begun[-1:]) if isinstance(event, Settled)]

    def _open_runs(self) -> dict[str, Begun]:
        runs: dict[str, Begun] = {}
        for event in self.events():
            if isinstance(event, Begun):
                runs.pop(event.run, None)
                runs[event.run] = event
            elif isinstance(event, Ended):
                runs.pop(event.run, None)
        return runs

    def _since(self, begun: Begun | None = None) -> Iterator[Event]:
        """The events of a run from its beginning on; none where there is no such run."""
        events = iter(self.events())
        if begun is not None:
            yield from (event for event in dropwhile(lambda event: event != begun, events) if event.run == begun.run)

    def unrecorded(self) -> dict[str, list[Settled]]:
        """What was settled and may not stand in the tracking files yet, by run."""
        waiting: dict[str, list[Settled]] = {}
        for event in self.events():
            if isinstance(event, Settled) and event.status != STALLED:
                waiting.setdefault(event.run, []).append(event)
            elif isinstance(event, Recorded):
                waiting.pop(event.run, None)
        return waiting

    def in_doubt(self) -> set[Key]:
        """The files, by section and name, of which nobody knows whether the site holds them."""
        doubt: set[Key] = set()
        for event in self.events():
            if isinstance(event, HandedOver):
                doubt |= set(event.keys)
            elif isinstance(event, Settled) and event.status != STALLED:
                doubt.discard(event.key)
        return doubt

    def stalled(self) -> set[Key]:
        """The files in doubt on which the site timed out: it may still be at work on them."""
        last = {event.key: event.status for event in self.events() if isinstance(event, Settled)}
        return {key for key, status in last.items() if status == STALLED}

    def hand_overs(self) -> Counter[Key]:
        """How often each file of each section was handed over, in the runs that are not folded away."""
        return Counter(key for event in self.events() if isinstance(event, HandedOver) for key in event.keys)

    def last_hand_overs(self) -> dict[Key, HandedOver]:
        """The last hand-over of each file."""
        return {key: event for event in self.events() if isinstance(event, HandedOver) for key in event.keys}

    def paces(self) -> dict[Section, list[float]]:
        """Of each section, how many seconds a file took in each batch that was settled, oldest batch first."""
        begun: dict[tuple[str, Section], HandedOver] = {}
        ended: dict[tuple[str, Section, datetime], tuple[datetime, int]] = {}
        for event in self.events():
            if isinstance(event, HandedOver):
                begun[event.run, event.section] = event
            elif isinstance(event, Settled) and event.status != STALLED:
                start = begun.get((event.run, event.file.section))
                if start and event.file.name in start.files:
                    ended[event.run, start.section, start.at] = event.at, len(start.files)
        paces: dict[Section, list[float]] = {}
        for (_, section, start_at), (end, files) in ended.items():
            paces.setdefault(section, []).append((end - start_at).total_seconds() / files)
        return paces

    def events(self) -> list[Event]:
        """All events, in order.

        Raises `TrackingFileError`, with the line, for a line that is no event.
        """
        with translated(self.path, "read"):
            if not self.path.exists():
                self._forget()
                return []
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())
                if stat.st_ino != self._inode or stat.st_size < self._size:
                    self._forget()
                    self._inode = stat.st_ino
                file.seek(self._size)
                new = file.read()
        end = new.rfind(b"\n") + 1  # what stands behind it is being written, or was torn
        for line in new[:end].splitlines():
            self._line += 1
            self._read += self._event(line)
        self._size += end
        return self._read

    def _forget(self) -> None:
        self._read, self._inode, self._size, self._line = [], 0, 0, 0

    def _event(self, line: bytes) -> list[Event]:
        try:
            return [EVENT.validate_json(line)]
        except (ValidationError, TypeError) as error:  # TypeError: a file lacks fields, whose defaults can't be copied
            if isinstance(error, ValidationError) and error.errors()[0]["type"] == "json_invalid":  # torn by a crash
                return []
            line_number = self._line
            self._forget()
            raise TrackingFileError(
                "this is no event of the journal.", path=self.path, line=line_number, remedy="Remove the line."
            ) from error

    def _append(self, events: Iterable[Event]) -> None:
        try:
            lines = b"".join(event.model_dump_json().encode() + b"\n" for event in events)
        except ValueError as error:
            raise TrackingFileError(f"a name can't be written as text ({error}).", path=self.path) from error
        if not lines:
            return
        with locked(self.path), translated(self.path, "written"), self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                lines = lines if file.read(1) == b"\n" else b"\n" + lines
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def _fold(self) -> None:
        """Drop the oldest runs, but for what is open of them: files in doubt, and what is not recorded."""
        with locked(self.path):
            events = self.events()
            if len(events) <= FULL:
                return
            size, recent, room = Counter(event.run for event in events), set(), FULL // 2
            for run in reversed(size):
                room -= size[run]
                recent |= {run} if room >= 0 else set()
            kept = self._still_open(events, recent)
            lines = [event.model_dump_json().encode() + b"\n" for event in kept]
            replace_file(self.path, b"".join(lines))

    def _still_open(self, events: Iterable[Event], recent: Set[str]) -> Iterator[Event]:
        """The events of recent runs, and of the others what is open.

        A file that a dropped run settled must not be in doubt again: so an old hand-over keeps only its files in doubt.
        """
        doubt, unrecorded = self.in_doubt(), self.unrecorded()
        for event in events:
            if event.run in recent or (event.run in unrecorded and not isinstance(event, HandedOver)):
                yield event
            elif isinstance(event, HandedOver):
                if names := tuple(name for name in event.files if (event.section, name) in doubt):
                    yield event.model_copy(update={"files": names})
            elif isinstance(event, Settled) and event.status == STALLED and event.key in doubt:
                yield event
