"""What was done to a creative: when, by whom, from where; by the team's events, else by what the files here tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tjtools.cache.history import History
from tjtools.cache.rows import fields_of
from tjtools.model.creative import Creative
from tjtools.model.errors import NotAllowed, TeamUnreachable
from tjtools.model.words import counted
from tjtools.team.records import (
    CREATIVE,
    OBSERVED,
    UNKNOWN,
    Deed,
    Event,
    Rows,
    checked,
    read_rows,
    time_of,
    told_of,
)
from tjtools.team.together import Team
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log

_ABOUT = (
    "SELECT kind, at, about, data, id, display, by_user, machine, program, noted FROM tjtools.events"
    " WHERE account = %s AND about = ANY(%s) UNION ALL"
    " SELECT 'claimed', made, creative_id, jsonb_build_object('name', name, 'section', section, 'forced', forced), id,"
    " display, by_user, machine, '', made FROM tjtools.claims WHERE account = %s AND creative_id = ANY(%s)"
    " ORDER BY noted"
)


class Trail(NamedTuple):
    """What was done, the oldest first; `missing` says why it isn't all: the team could not be asked."""

    deeds: tuple[Deed, ...]
    missing: str = ""


def trail(workspace: Workspace, ids: Collection[str]) -> Trail:
    """What was done to these creatives; raises TrackingFileError."""
    team, missing = Team.of(workspace), ""
    if team:
        try:
            with team:
                return Trail(_in_order(_told(team, ids)))
        except (TeamUnreachable, NotAllowed) as error:
            missing = f"{error.message} What is here is {team.state.age}, and does not say who did it."
    return Trail(_in_order(Deed(one.at, one.about, what) for one, what in _in_words(_here(workspace, ids))), missing)


def _in_order(deeds: Iterable[Deed]) -> tuple[Deed, ...]:
    return tuple(sorted(deeds, key=lambda one: one.at))


def _told(team: Team, ids: Collection[str]) -> Iterator[Deed]:
    """What was told of them; a hand-over that began is an event `claimed`."""
    of = team.settings.account, [*ids]
    told = team.store.ask(lambda connection: connection.execute(_ABOUT, (*of, *of)).fetchall())
    tellers = {row[4]: row[5:] for row in told}
    for event, what in _in_words(Event(*row[:5]) for row in told):
        *teller, noted = tellers[event.id]
        yield Deed(noted if event.at == UNKNOWN else event.at, event.about, what, *teller)


def _here(workspace: Workspace, ids: Collection[str]) -> Iterator[Event]:
    log = Log.at(workspace.log).told(dict.fromkeys(_WORDS, told_of))
    yield from (event for event in log.values() if event.about in ids)
    observed = History.of(workspace).rows()
    for creative_id in ids:
        for row in observed.get(creative_id, ()):
            yield Event(OBSERVED, time_of(row.observed_at), creative_id, {"row": row}, "")


def _in_words(events: Iterable[Event]) -> Iterator[tuple[Event, str]]:
    """What each event tells; of the rows of a creative, what became otherwise."""
    known: dict[str, Rows] = {}
    for one in events:
        try:
            what = _what(checked(one), known)
        except ValueError as error:
            what = f"{one.kind}, which can't be understood: {error}"
        if what:
            yield one, what


def _what(one: Event, known: dict[str, Rows]) -> str:
    if one.kind != CREATIVE:
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
    OBSERVED: _observed,
    "settled": _settled,
    "uploaded": lambda told: f"its content is known from {told['filename']}",
    "mastered": lambda told: f"in the master as {told['name']} ({told['section']})",
    "claimed": lambda told: f"about to be handed over as {told['name']}" + ", by force" * bool(told["forced"]),
}
