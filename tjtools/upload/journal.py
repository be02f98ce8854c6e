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
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from tjtools.model.creative import Creative, Key, Section, SessionFile, UploadStatus
from tjtools.workspace import log
from tjtools.workspace.log import Entry, Log

STALLED: Final = "stalled"  # the site timed out on it
CONFIRMED, WITHOUT_ID, UNDER_WAY, NOT_BEGUN = "confirmed", "without an ID", "under way", "not begun"


class _Event(BaseModel):  # in the log, a file and a creative stand as the list of their fields
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    run: str


class Begun(_Event):
    """A live run begins: these are the files that it is to hand over; `force`: also those that are there already.

    `repeats` are those that repeat a rejected creative, which a person has allowed.
    """

    event: Literal["begun"] = "begun"
    files: tuple[SessionFile, ...]
    force: bool = False
    repeats: tuple[Key, ...] = ()


class HandedOver(_Event):
    """Files are about to go to the site; `newest` is the highest Creative ID that the section showed before.

    `contents` are names of the files with their checksums, as far as those are known.
    """

    event: Literal["handed_over"] = "handed_over"
    section: Section
    files: tuple[str, ...]
    newest: str = ""
    contents: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> Iterator[Key]:
        """The files, by section and name."""
        return ((self.section, name) for name in self.files)


class Settled(_Event):
    """What came of a file, with all that the tracking files are told of it.

    `creative` is what the file became, or is already; None where no ID is known. `day` is the day on which it became
    that creative, None where the site held it before. `retries` counts the earlier hand-overs. `content` is the
    checksum of what was handed over, `""` where nobody knows it.
    """

    event: Literal["settled"] = "settled"
    file: SessionFile
    status: UploadStatus | Literal["stalled"]
    creative: Creative | None = None
    message: str = ""
    day: date | None = None
    retries: int = 0
    content: str = ""

    @property
    def creative_id(self) -> str:
        """The Creative ID, `""` where none is known."""
        return self.creative.creative_id if self.creative else ""


class Recorded(_Event):
    """The tracking files hold all that was settled in this run until now."""

    event: Literal["recorded"] = "recorded"


class Ended(_Event):
    """The run came to its end."""

    event: Literal["ended"] = "ended"


Event = Begun | HandedOver | Settled | Recorded | Ended
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def entry_of(event: Event) -> Entry:
    """The event as the log notes it."""
    return Entry(event.event, event.at, event.model_dump(mode="json", exclude={"at", "event"}))


def event_of(entry: Entry) -> Event:
    """An event that the log noted; raises ValueError or TypeError for what is none."""
    return _EVENT.validate_python({**entry.data, "event": entry.kind, "at": entry.at})


_READERS = dict.fromkeys(("begun", "handed_over", "settled", "recorded", "ended"), event_of)


class Unfinished(NamedTuple):
    """A run that never came to its end: which of its files have an ID, got none, were under way, and were not begun.

    `force`: the run was to bypass the duplicate checks. `repeats` are the files that a person let it hand over although
    they repeat a rejected creative.
    """

    run: str
    at: datetime
    force: bool
    confirmed: tuple[SessionFile, ...]
    without_id: tuple[SessionFile, ...]
    under_way: tuple[SessionFile, ...]
    not_begun: tuple[SessionFile, ...]
    repeats: frozenset[Key] = frozenset()

    @property
    def left(self) -> tuple[SessionFile, ...]:
        """The files to go on with."""
        return (*self.under_way, *self.not_begun)

    @property
    def parts(self) -> dict[str, tuple[SessionFile, ...]]:
        """Its files, by how far they are."""
        return dict(zip((CONFIRMED, WITHOUT_ID, UNDER_WAY, NOT_BEGUN), self[3:7], strict=True))

    @property
    def told(self) -> str:
        """What there is of it, in words."""
        return ", ".join(f"{len(files)} {part}" for part, files in self.parts.items() if files or part != WITHOUT_ID)


class Journal:
    """The journal in the log at `path`, which need not exist yet. It follows what other processes note."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = Log.at(path)

    def begun(
        self, files: Iterable[SessionFile], *, run: str, now: datetime, force: bool = False, repeats: Iterable[Key] = ()
    ) -> None:
        """Note which files a run is to hand over, and fold old runs away."""
        self._log.fold(now, self._still_open)
        self.note(Begun(at=now, run=run, files=tuple(files), force=force, repeats=tuple(repeats)))

    def handed_over(
        self,
        files: Iterable[SessionFile],
        *,
        section: Section,
        run: str,
        now: datetime,
        newest: str = "",
        contents: Iterable[tuple[str, str]] = (),
    ) -> HandedOver:
        """Note, before it happens, that these files go to the site; `newest` is the section's highest ID till now."""
        names, known = tuple(one.name for one in files), tuple(contents)
        one = HandedOver(at=now, run=run, section=section, files=names, newest=newest, contents=known)
        self.note(one)
        return one

    def note(self, *events: Event) -> None:
        """Note what came of files, before the tracking files are told; that they were; that a run came to its end."""
        self._log.append(map(entry_of, events))

    def unfinished(self) -> Unfinished | None:
        """The last run that never came to its end; None where each did."""
        runs = [run for run in self._runs().values() if not any(isinstance(event, Ended) for event in run[1])]
        if not runs:
            return None
        begun, since = runs[-1]
        doubt = self.in_doubt()
        ids = {one.file.key: one.creative_id for one in since if isinstance(one, Settled) and one.file.key not in doubt}
        return Unfinished(
            begun.run,
            begun.at,
            begun.force,
            confirmed=tuple(file for file in begun.files if ids.get(file.key)),
            without_id=tuple(file for file in begun.files if ids.get(file.key) == ""),
            under_way=tuple(file for file in begun.files if file.key in doubt),
            not_begun=tuple(file for file in begun.files if file.key not in doubt and file.key not in ids),
            repeats=frozenset(begun.repeats),
        )

    def files(self) -> dict[Key, SessionFile]:
        """The files that runs were to hand over, by section and name, as far as no run was folded away."""
        return {file.key: file for one in self.events() if isinstance(one, Begun) for file in one.files}

    def outcomes(self, run: str) -> list[Settled]:
        """What came of the files of a run since it last began, in order; time-outs are in it."""
        _, since = self._runs().get(run, (None, []))
        return [event for event in since if isinstance(event, Settled)]

    def _runs(self) -> dict[str, tuple[Begun, list[Event]]]:
        """Each run's last beginning, and its events since; the run that began last comes last."""
        runs: dict[str, tuple[Begun, list[Event]]] = {}
        for event in self.events():
            if isinstance(event, Begun):
                runs.pop(event.run, None)
                runs[event.run] = event, []
            elif event.run in runs:
                runs[event.run][1].append(event)
        return runs

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
                doubt.discard(event.file.key)
        return doubt

    def stalled(self) -> set[Key]:
        """The files in doubt on which the site timed out: it may still be at work on them."""
        last = {event.file.key: event.status for event in self.events() if isinstance(event, Settled)}
        return {key for key, status in last.items() if status == STALLED}

    def hand_overs(self) -> dict[Key, list[HandedOver]]:
        """The hand-overs of each file of each section, oldest first, in the runs that are not folded away."""
        found: dict[Key, list[HandedOver]] = {}
        for event in (event for event in self.events() if isinstance(event, HandedOver)):
            for key in event.keys:
                found.setdefault(key, []).append(event)
        return found

    def paces(self) -> dict[Section, list[float]]:
        """Of each section, how many seconds a file took in each batch that was settled, oldest batch first."""
        begun: dict[tuple[str, Section], HandedOver] = {}
        paces: dict[Section, dict[tuple[str, datetime], float]] = {}
        for event in self.events():
            if isinstance(event, HandedOver):
                begun[event.run, event.section] = event
            elif isinstance(event, Settled) and event.status != STALLED:
                start = begun.get((event.run, event.file.section))
                if start and event.file.name in start.files:
                    pace = (event.at - start.at).total_seconds() / len(start.files)
                    paces.setdefault(start.section, {})[start.run, start.at] = pace
        return {section: [*each.values()] for section, each in paces.items()}

    def events(self) -> list[Event]:
        """All events, in order; those that can't be understood are among the log's bad lines."""
        return [*self._log.told(_READERS).values()]

    def _still_open(self, entries: list[Entry]) -> Iterator[Entry]:
        """The events of the latest runs, and of the others what is open: files in doubt, and what is not recorded.

        A file that a dropped run settled must not be in doubt again: so an old hand-over keeps only its files in doubt.
        """
        told, doubt, unrecorded = self._log.told(_READERS), self.in_doubt(), self.unrecorded()
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
                isinstance(event, Settled) and event.status == STALLED and event.file.key in doubt
            ):
                yield entry
