"""What was done to a creative: when, by whom, from where; by the team's events, else by what the files here tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tjtools.cache.history import History
from tjtools.cache.rows import fields_of
from tjtools.model.creative import Creative
from tjtools.model.errors import NotAllowed, TeamUnreachable
from tjtools.model.words import counted
from tjtools.team.records import UNKNOWN, Event, Rows, checked, read_rows, time_of, told_of
from tjtools.team.together import Team
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log

_TOLD = (
    "SELECT kind, at, about, data, id, display, by_user, machine, program, noted FROM tjtools.deeds"
    " WHERE account = %(account)s AND about = ANY(%(ids)s) ORDER BY noted"
)


class Deed(NamedTuple):
    """What was done to a creative, in words, and when; who told it, and from where: `""` where nobody knows."""

    at: datetime
    creative_id: str
    what: str
    name: str = ""
    user: str = ""
    machine: str = ""
    program: str = ""

    @property
    def who(self) -> str:
        """Who it was, for a person to read."""
        parts = [] if self.user == self.name else [self.user]
        return f"{self.name} ({', '.join([*parts, self.machine, self.program])})" if self.user else ""


class Trail(NamedTuple):
    """What was done, the oldest first; `missing` says why it isn't all: the team could not be asked."""

    deeds: list[Deed]
    missing: str = ""


def trail(workspace: Workspace, ids: Collection[str]) -> Trail:
    """What was done to these creatives; raises TrackingFileError."""
    team, missing = Team.of(workspace), ""
    if team:
        try:
            with team:
                told = team.store.alone(_TOLD, ids=[*ids])
                return Trail(_deeds((Event(*row[:5]), row[5:]) for row in told))
        except (TeamUnreachable, NotAllowed) as error:
            missing = f"{error.message} What is here is {team.state.age}, and does not say who did it."
    return Trail(_deeds((one, ()) for one in _here(workspace, ids)), missing)


def _here(workspace: Workspace, ids: Collection[str]) -> Iterator[Event]:
    log = Log.at(workspace.log).told(dict.fromkeys(_WORDS, told_of))
    yield from (event for event in log.values() if event.about in ids)
    observed = History.of(workspace).rows()
    for creative_id in ids:
        for row in observed.get(creative_id, ()):
            yield Event("observed", time_of(row.observed_at), creative_id, {"row": row}, "")


def _deeds(told: Iterable[tuple[Event, Sequence[Any]]]) -> list[Deed]:
    """What each event tells, with who told it, and when that was."""
    known: dict[str, Rows] = {}
    found = []
    for one, who in told:
        try:
            what = _what(checked(one), known)
        except ValueError as error:
            what = f"{one.kind}, which can't be understood: {error}"
        if what:
            *teller, noted = who or (one.at,)
            found.append(Deed(noted if one.at == UNKNOWN else one.at, one.about, what, *teller))
    return sorted(found, key=lambda deed: deed.at)


def _what(one: Event, known: dict[str, Rows]) -> str:
    if one.kind != "creative":
        return _WORDS[one.kind](one.data) if one.kind in _WORDS else ""
    before, known[one.about] = known.get(one.about, ()), read_rows(one.data["rows"])
    return _changed(before, known[one.about])


def _changed(before: Rows, rows: Rows) -> str:
    if before == rows:
        return ""
    if not before and len(rows) == 1:
        status = rows[0].review_status
        return f"in the library as {rows[0].filename}, {status.value if status else 'status unknown'}"
    if len(before) != 1 or len(rows) != 1:
        return f"in the library with {counted(len(rows), 'row')} that contradict each other"
    names = (name.replace("_", " ") for name in Creative._fields)
    pairs = zip(names, fields_of(before[0]), fields_of(rows[0]), strict=True)
    return ", ".join(f"{name}: {old or '(unknown)'} → {new}" for name, old, new in pairs if old != new)


def _observed(told: Mapping[str, Any]) -> str:
    _, _, _, before, now, _, source = told["row"]
    return f"seen {now}{f', {before} before' if before else ''} ({source})"


def _settled(told: Mapping[str, Any]) -> str:
    how = {"success": "uploaded as", "duplicate": "found on the site, and not uploaded again:"}
    return f"{how.get(told['status'], told['status'])} {told['name']} ({told['section']})"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "observed": _observed,
    "settled": _settled,
    "uploaded": lambda told: f"its content is known from {told['filename']}",
    "mastered": lambda told: f"in the master as {told['name']} ({told['section']})",
    "claimed": lambda told: f"about to be handed over as {told['name']}" + ", by force" * bool(told["forced"]),
}
