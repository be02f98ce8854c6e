"""The write-ahead journal of the live uploads: what was intended, and what came of it, before it is written elsewhere.

Its events stand in the workspace's log, on the disk before the work goes on. A run has `begun`, its files are
`handed_over`, then `settled`, with all that library, master and status CSV are told of them; `recorded` says that they
were told, and `ended` that the run came to its end: one without is unfinished.

A file that was handed over and has not been settled since, or on which the site timed out (`stalled`), is in doubt: the
site may hold it. An event that a crash tore did not happen, since each waits for its line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import dropwhile
from pathlib import Path
from typing import NamedTuple

from tjtools.model.creative import Key, Section, SessionFile
from tjtools.upload.events import KINDS, STALLED, Begun, Ended, Event, HandedOver, Recorded, Settled, entry_of, event_of
from tjtools.workspace import log
from tjtools.workspace.log import Entry, Log


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
    """The journal in the log at `path`, which need not exist yet. It follows what other processes note."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = Log.at(path)

    def begun(self, files: Iterable[SessionFile], *, run: str, now: datetime, force: bool = False) -> None:
        """Note which files a run is to hand over, and fold old runs away."""
        self._log.fold(now, self._still_open)
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
        """All events, in order; those that can't be understood are among the log's bad lines."""
        return [*self._told().values()]

    def _told(self) -> dict[str, Event]:
        return self._log.told(dict.fromkeys(KINDS, event_of))

    def _append(self, events: Iterable[Event]) -> None:
        self._log.append(map(entry_of, events))

    def _still_open(self, entries: list[Entry]) -> Iterator[Entry]:
        """The events of the latest runs, and of the others what is open: files in doubt, and what is not recorded.

        A file that a dropped run settled must not be in doubt again: so an old hand-over keeps only its files in doubt.
        """
        told, doubt, unrecorded = self._told(), self.in_doubt(), self.unrecorded()
        size, recent, room = Counter(event.run for event in told.values()), set(), log.FULL // 2
        for run in reversed(size):
            room -= size[run]
            recent |= {run} if room >= 0 else set()
        for entry in entries:
            event = told.get(entry.id)
            if event is None or event.run in recent:
                yield entry
            elif isinstance(event, HandedOver):
                if names := tuple(name for name in event.files if (event.section, name) in doubt):
                    yield entry_of(event.model_copy(update={"files": names}))._replace(id=entry.id)
            elif event.run in unrecorded or (
                isinstance(event, Settled) and event.status == STALLED and event.key in doubt
            ):
                yield entry
