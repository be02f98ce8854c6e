"""This workspace's copy of what its team shares: what is new in the files here, and the files as the team has them.

In `tracking/.tjtools/team/` lies each file as it was when both were last the same: what the file here has beyond that
is news. Rows that were added are told; what was changed or taken away otherwise is put back, and said, unless a command
of ours has changed it (`ours`). A process may end anywhere: what it had told is told again, and counts once.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.cache.history import COLUMNS as OBSERVATION
from tjtools.cache.inventory import NEEDED_COLUMNS, record_in_master, section_of
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.rows import fields_of
from tjtools.cache.snapshots import keep_snapshot, newest_snapshot
from tjtools.model.cells import in_utc, told_id
from tjtools.model.creative import CreativeType, Section, SessionFile
from tjtools.model.errors import TeamError
from tjtools.model.names import as_sent
from tjtools.model.words import counted
from tjtools.team.records import LANDED, Change, Event, Exchanged, Kind, Rows, digest, observed, time_of, told_of
from tjtools.team.store import Store
from tjtools.workspace.csvfile import Table, append_rows, quarantine, read_table, write_rows
from tjtools.workspace.disk import append_lines, locked, replace_file
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits
from tjtools.workspace.log import NO_JSON, Entry, Log
from tjtools.workspace.settings import TeamSettings


class State(NamedTuple):
    """Where a copy is: whose it is, the version that it has, and since when; `ours`: a command of ours is at work."""

    url: str
    account: str
    copy: str
    version: int = 0
    at: str = ""
    snapshot: str = ""
    ours: bool = False

    @classmethod
    def of(cls, workspace: Workspace, team: TeamSettings) -> State:
        """What is known of this team's copy; a new one where there is none yet, or where that is damaged.

        Raises TeamError for the copy of another account.
        """
        with suppress(OSError, *NO_JSON):
            state = cls(**json.loads(_file(workspace).read_text("utf-8")))
            if (state.url, state.account) != (team.url, team.account):
                raise TeamError(
                    f"This copy is of the account {state.account} at {state.url}, and {workspace.settings_file} names "
                    f"{team.account} at {team.url}.",
                    remedy="Leave the one first, with tjtools team leave, and then join the other.",
                )
            return state
        return cls(team.url, team.account, os.urandom(6).hex()).keep(workspace)

    def keep(self, workspace: Workspace) -> State:
        """Write it down."""
        replace_file(_file(workspace), json.dumps(self._asdict(), indent=1).encode() + b"\n")
        return self

    def holder(self, workspace: Workspace) -> str:
        """The name of this very copy: a folder that was copied is another one."""
        return f"{self.copy}@{platform.node()}:{workspace.root}"

    def event(self, kind: Kind, at: datetime, about: str, told: Mapping[str, Any], *of: object) -> Event:
        """Something that is told of this account; what it is `of` makes its ID."""
        return Event(kind, at, about, told, digest(self.account, kind, *of))

    @property
    def age(self) -> str:
        """When both were last the same, in words."""
        return f"as of {self.at[:16].replace('T', ' ')} UTC" if self.at else "never brought up to date"


def _file(workspace: Workspace) -> Path:
    return workspace.private / "team" / "state.json"


def synced(workspace: Workspace, store: Store, *, now: datetime) -> list[str]:
    """Tell the team what is new here, and take over what is new there; what a person should know of it, in words.

    Raises TeamUnreachable and TeamError; the files are then as they were.
    """
    with locked(workspace.library):
        state = State.of(workspace, store.team)
        log, library = _Log(workspace), _Library(workspace, state)
        history, master = _History(workspace, state), _Master(workspace, state)
        news = [*log.news(), *history.news(), *master.news(log.own), *_reading(workspace, state)]
        heard = store.exchange(state.version, library.changes, news)
        for part in (library, history, master, log):
            part.take(heard, now)
        for one in [one for one in heard.events if one.kind == "refreshed"][-1:]:  # it is the newest here too
            keep_snapshot(workspace, one.data, now)
        state = state._replace(version=heard.version, at=in_utc(now), snapshot=newest_snapshot(workspace), ours=False)
        state.keep(workspace)
        return [*heard.odd, *library.told, *history.told]


def _reading(workspace: Workspace, state: State) -> Iterator[Event]:
    """A refresh or sync that was applied here since both were the same."""
    name, told = newest_snapshot(workspace), dict[str, Any]()
    if name and name != state.snapshot:
        with suppress(OSError, *NO_JSON):
            told = dict(json.loads((workspace.snapshots / f"{name}.json").read_text("utf-8")))
        at = time_of(str(told.get("observed_at", "")))
        yield state.event("refreshed", at, "", told, state.holder(workspace), name)


class _Base:
    """A file here beside its copy of when both were the same."""

    def __init__(self, workspace: Workspace, path: Path, state: State) -> None:
        self.workspace, self.path, self.state = workspace, path, state
        self.base = workspace.private / "team" / path.name
        self.told: list[str] = []

    @cached_property
    def bytes(self) -> tuple[bytes, bytes]:
        """The file as it was, and as it is."""
        return _content(self.base), _content(self.path)

    @property
    def same(self) -> bool:
        """Whether nothing is new here."""
        before, here = self.bytes
        return before == here and self.base.exists()

    @property
    def still(self) -> bool:
        """Whether the file is as it was when it was asked for news."""
        return _content(self.path) == self.bytes[1]

    def renew(self) -> None:
        """Both are the same now."""
        replace_file(self.base, _content(self.path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


class _Library(_Base):
    def __init__(self, workspace: Workspace, state: State) -> None:
        super().__init__(workspace, workspace.library, state)
        self.restores = False

    @cached_property
    def before(self) -> dict[str, Rows]:
        here = self.here  # read before it is asked whether the file is still the same
        return (here if self.same and self.still else Library.load(self.base)).by_id()

    @cached_property
    def here(self) -> Library:
        return Library.load(self.path)

    @cached_property
    def changes(self) -> list[Change]:
        if self.same:
            return []
        was, now = self.bytes
        trusted = self.state.ours or now.startswith(was)
        found, edited = [], 0
        here = self.here.by_id()
        for key, rows in here.items():
            if rows != (before := self.before.get(key, ())):
                if before and not trusted:
                    edited += 1
                else:
                    found.append(Change(key, before, rows))
        missing = len(self.before.keys() - here.keys())
        self._tell(edited, missing)
        return found

    def _tell(self, edited: int, missing: int) -> None:
        what = [f"{number} {word}" for number, word in ((edited, "changed"), (missing, "gone")) if number]
        self.restores = bool(what)
        if what:
            number = counted(edited + missing, "creative")
            self.told.append(
                f"{self.path.name}: {number} were not as the team has them ({', '.join(what)}), and are so again; "
                "the file as it was is among the backups. Who wants to remove a creative does so on the site."
            )

    def take(self, heard: Exchanged, now: datetime) -> None:
        if self.same and not heard.creatives:
            return
        wanted = self.before | heard.creatives
        self.here.refresh()
        here = self.here.by_id()
        if self.restores or any(here[key] != rows for key, rows in wanted.items() if key in here):
            whole = here | wanted
            self.here.rewrite([row for rows in whole.values() for row in rows], now=now, keep_bad=True)
        else:
            self.here.add(row for key, rows in wanted.items() if key not in here for row in rows)
        self.renew()
        self.here.refresh()
        if self.here.by_id() != wanted:  # a person has appended a line meanwhile: it is news next time
            write_rows(self.base, COLUMNS, [fields_of(row) for rows in wanted.values() for row in rows])


class _History(_Base):
    def __init__(self, workspace: Workspace, state: State) -> None:
        super().__init__(workspace, workspace.history, state)
        self.own: list[tuple[str, ...]] = []

    def news(self) -> Iterator[Event]:
        if self.same:
            return
        known = {*_observed(self.base)}
        self.own = [row for row in _observed(self.path) if row not in known]
        for row in self.own:
            yield self.state.event("observed", time_of(row[0]), told_id(row[1]), {"row": row}, row)

    def take(self, heard: Exchanged, now: datetime) -> None:
        theirs = [tuple(map(str, one.data["row"])) for one in heard.events if one.kind == "observed"]
        if self.same and not theirs:
            return
        about = observed(heard.events)
        own = (row for row in self.own if told_id(row[1]) not in about)  # without knowing theirs: nobody has it
        with locked(self.path):
            table = read_table(self.path, OBSERVATION)
            here = [*map(_fields, table.rows)]
            before = here if self.same and self.still else [*_observed(self.base)]
            told = [*dict.fromkeys([*before, *theirs, *own])]
            if gone := set(before) - set(here):
                self.told.append(f"{self.path.name}: {counted(len(gone), 'row')} were gone, and are there again.")
            known = {*told, *self.own}
            meanwhile = [row for row in here if row not in known]  # it is news next time
            rows = [*told, *meanwhile]
            if here != rows[: len(here)]:
                self._rewrite(table, rows, now)
            elif new := rows[len(here) :]:
                append_rows(self.path, OBSERVATION, new, form=table.form)
        write_rows(self.base, OBSERVATION, told) if meanwhile else self.renew()

    def _rewrite(self, table: Table, rows: Iterable[tuple[str, ...]], now: datetime) -> None:
        """All rows in the team's order, with what else stands in the file."""
        extra = {_fields(row): row for row in table.rows}
        told = [extra.get(row) or dict(zip(OBSERVATION, row, strict=True)) for row in rows]
        quarantine(self.path, table.bad)
        lines = [[row.get(name, "") for name in table.header] for row in told]
        write_rows(self.path, table.header, lines, backup=now, seen=table.seen)


def _observed(path: Path) -> Iterator[tuple[str, ...]]:
    return map(_fields, read_table(path, OBSERVATION).rows)


def _fields(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in OBSERVATION)


class _Master(_Base):
    """Which file of which section got which ID: what a run has settled, and what a person has written in."""

    def __init__(self, workspace: Workspace, state: State) -> None:
        super().__init__(workspace, workspace.master, state)
        self.limits = load_limits(workspace.limits_file)
        self.own: set[tuple[str, str]] = set()

    def news(self, settled: Iterable[Event]) -> Iterator[Event]:
        self.own = {(one.data["section"], as_sent(one.data["name"])) for one in settled if one.kind == "settled"}
        if self.same:
            return
        before, here = self._ids(self.base), self._ids(self.path)
        for key in here.keys() - before.keys() - self.own:
            row, day = here[key], here[key].get("tj_upload_date", "")
            creative_id = told_id(row["tj_creative_id"])
            told = {"section": key[0], "name": row["new_filename"], "creative_id": creative_id, "row": row, "day": day}
            yield self.state.event("mastered", time_of(""), creative_id, told, key, creative_id)

    def take(self, heard: Exchanged, now: datetime) -> None:
        told = [one for one in heard.events if one.kind in ("settled", "mastered")]
        if self.same and not told:
            return
        with locked(self.path):
            still, here, found = self.still, self._ids(self.path), []
            for one in told:
                key = one.data["section"], as_sent(one.data["name"])
                landed = one.data.get("status") in LANDED and one.data["creative_id"]
                if (landed and key not in self.own) or (one.kind == "mastered" and key not in here):
                    found.append((_session_file(one.data), one.data["creative_id"], _day(one.data["day"])))
            if found:
                record_in_master(self.workspace, found, backup=now)
            if still and (found or not self.same):  # else what came meanwhile is news next time
                self.renew()

    def _ids(self, path: Path) -> dict[tuple[str, str], dict[str, str]]:
        rows = (row for row in read_table(path, NEEDED_COLUMNS).rows if told_id(row.get("tj_creative_id", "")))
        named = ((section_of(row, self.limits), row) for row in rows)
        return {(section.value, as_sent(row["new_filename"])): row for section, row in named if section}


def _session_file(told: Mapping[str, Any]) -> SessionFile:
    row, kind = told["row"], Section(told["section"]).creative_type
    with suppress(ValueError, KeyError):
        kind = CreativeType.parse(row["creative_type"])
    unique_id, category, pair = (row.get(name, "") for name in ("unique_id", "category", "native_pair_id"))
    return SessionFile(Path(told["name"]), kind, unique_id, category, pair, row=row)


def _day(text: str) -> date | None:
    with suppress(ValueError, TypeError):
        return date.fromisoformat(text)
    return None


class _Log:
    """The events that all share: which content got which ID, what was decided, and what came of a run's files."""

    def __init__(self, workspace: Workspace) -> None:
        self.log, self.known_file = Log.at(workspace.log), workspace.private / "team" / "events.txt"
        self.known = set(_content(self.known_file).decode("ascii", "replace").split())
        self.own: list[Event] = []

    def news(self) -> list[Event]:
        readers = dict.fromkeys(("uploaded", "decided", "settled"), told_of)
        self.own = [*self.log.told(readers, self.known).values()]
        return self.own

    def take(self, heard: Exchanged, _now: datetime) -> None:
        theirs = [one for one in heard.events if one.kind in ("uploaded", "decided")]
        told_before = {one.id for one in heard.events}
        own = (one for one in self.own if one.id not in told_before)
        last = {*{(one.kind, one.about): one.id for one in (*theirs, *own)}.values()}  # the team's order counts
        known = self.known | {one.id for one in self.own}
        news = [one for one in theirs if one.id not in known]
        self.log.append(Entry(one.kind, one.at, one.data, one.about, one.id) for one in news if one.id in last)
        if new := [one.id for one in (*self.own, *news)]:
            append_lines(self.known_file, [f"{one}\n".encode() for one in new])
