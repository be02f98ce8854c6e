"""What a team's store is asked, told and answers: events, changes of creatives, and files that somebody claims."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from tjtools.cache.rows import Row, merge, read_row
from tjtools.media.content import upload_of
from tjtools.model.creative import Creative, Key, Section, SessionFile, UploadStatus
from tjtools.model.names import printable
from tjtools.workspace.log import UNREADABLE, Entry

Rows = tuple[Creative, ...]  # of one ID: several where they contradict each other
Kind = Literal["creative", "observed", "uploaded", "decided", "settled", "mastered", "refreshed"]
UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # a time that nobody knows
LANDED = ("success", "duplicate")  # what came of a file that the site holds
_FILE, _CREATIVE = TypeAdapter(SessionFile), TypeAdapter(Creative)


class Event(NamedTuple):
    """Something that happened; `about` is a Creative ID, or what else it is about."""

    kind: Kind
    at: datetime
    about: str
    data: Mapping[str, Any]
    id: str


class Change(NamedTuple):
    """What a copy makes of a creative: its rows as the team knew them, and as they are here."""

    creative_id: str
    before: Rows
    after: Rows


class Exchanged(NamedTuple):
    """The account's version now, the creatives that are others than the copy had them, and what others have told.

    `odd` says in words of what in the team's tables could not be understood.
    """

    version: int
    creatives: dict[str, Rows]
    events: list[Event]
    odd: list[str]


class Wanted(NamedTuple):
    """A file to hand over: `content` is its checksum, `""` where nobody knows it.

    `forced`: also where its content is there. `knew`: a person knows that it is.
    """

    key: Key
    content: str
    forced: bool
    knew: bool


class Left(NamedTuple):
    """A claim of which nobody knows what came of it: of which file and content, since when, what the site showed then.

    It is ours now; before the file goes up again, somebody has to look for it on the site.
    """

    claim: str
    key: Key
    made: datetime
    newest: str
    run: str
    stalled: bool
    content: str


class Claimed(NamedTuple):
    """What came of asking for files: the IDs of claims that are ours now, who has others, and what others have left.

    `stale`: the account has changed since this copy was brought up to date, so nothing was claimed.
    """

    granted: dict[Key, str]
    held: dict[Key, str]
    left: list[Left]
    stale: bool = False


def agreed(change: Change, theirs: Rows) -> Rows:
    """The rows of a creative that was changed here, and perhaps meanwhile by others too.

    >>> was, here = (Creative("1", "a"),), (Creative("1", "a.mp4"),)
    >>> agreed(Change("1", was, here), (Creative("1", "a", dimensions="300x250"),))[0][:4]
    ('1', 'a.mp4', None, '300x250')
    """
    before, mine = change.before, change.after
    if theirs == before:
        return mine
    if len(before) == len(mine) == len(theirs) == 1:
        fields = zip(before[0], mine[0], theirs[0], strict=True)
        return (Creative._make(b if c == a else c for a, b, c in fields),)
    return tuple(row.creative for row in merge([*map(Row, mine), *map(Row, theirs)]))


def observed(events: Iterable[Event]) -> set[str]:
    """The creatives of which a status was observed."""
    return {one.about for one in events if one.kind == "observed"}


def read_rows(told: Iterable[Sequence[str]]) -> Rows:
    """The creatives that rows tell of, as `fields_of` wrote them; raises one of `UNREADABLE`."""
    return tuple(read_row(fields, []) for fields in told)


class _Mastered(BaseModel):
    section: Section
    name: str
    creative_id: str
    day: str
    row: dict[str, str]


class _Settled(_Mastered):
    status: UploadStatus | Literal["stalled"]


class _Observed(BaseModel):
    row: tuple[str, str, str, str, str, str, str]


class _Decided(BaseModel):
    checksum: str
    other_checksum: str
    decision: Literal["not the same", "skip", "undecided"]


_HOLDS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "creative": lambda told: read_rows(told["rows"]),
    "observed": _Observed.model_validate,
    "uploaded": upload_of,
    "decided": _Decided.model_validate,
    "settled": _Settled.model_validate,
    "mastered": _Mastered.model_validate,
}


def checked(event: Event) -> Event:
    """The event, where all that is read of it holds, and the database can hold it; raises ValueError."""
    try:
        if event.kind in _HOLDS:
            _HOLDS[event.kind](event.data)
        event.at.astimezone(UTC)
        text = json.dumps([event.about, event.id, event.data], ensure_ascii=False, allow_nan=False)
        if "\\u0000" in text or not text.encode():
            raise ValueError("it holds a NUL")
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except UNREADABLE as error:
        raise ValueError(str(error)) from error
    return event


def told_of(entry: Entry) -> Event:
    """An event as the team has it: of a file that was settled, its name and row, and no path of this machine.

    Raises one of `UNREADABLE` for what is none.
    """
    about, told = entry.about or "", entry.data
    if entry.kind == "settled":
        file = _FILE.validate_python(told["file"])
        about = _CREATIVE.validate_python(told["creative"]).creative_id if told.get("creative") else ""
        told = {
            "section": file.section.value,
            "name": file.name,
            "status": told["status"],
            "creative_id": about,
            "day": told.get("day") or "",
            "message": printable(told.get("message", "")),
            "run": told["run"],
            "row": dict(file.row),
        }
    return checked(Event(cast("Kind", entry.kind), entry.at, about, told, entry.id))


def time_of(text: str) -> datetime:
    """The time that a file tells; long ago where it tells none."""
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return UNKNOWN


def digest(*parts: object) -> str:
    """An ID that is the same whenever it is made of the same."""
    return blake2b(json.dumps(parts, default=str, ensure_ascii=False).encode(), digest_size=12).hexdigest()
