"""What a team's store is asked, told and answers: events, changes of creatives, and files that somebody claims."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.cache.rows import Row, merge, read_row
from tjtools.model.creative import Creative, CreativeType, Key, SessionFile
from tjtools.workspace.log import Entry

Rows = tuple[Creative, ...]  # of one ID: several where they contradict each other
CREATIVE, OBSERVED, UPLOADED, DECIDED, SETTLED, MASTERED, REFRESHED = FOLLOWED = (
    "creative", "observed", "uploaded", "decided", "settled", "mastered", "refreshed",
)  # fmt: skip
UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # a time that nobody knows
LANDED = ("success", "duplicate")  # what came of a file that the site holds


class Person(NamedTuple):
    """Who writes: the name that others read, the machine, the program; `holder` is this very copy of the library."""

    display: str
    machine: str
    program: str
    holder: str


class Event(NamedTuple):
    """Something that happened; `about` is a Creative ID, or what else it is about."""

    kind: str
    at: datetime
    about: str
    data: Mapping[str, Any]
    id: str


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


class Change(NamedTuple):
    """What a copy makes of a creative: its rows as the team knew them, and as they are here."""

    creative_id: str
    before: Rows
    after: Rows


class Exchanged(NamedTuple):
    """The account's version now, the creatives that are others than the copy had them, and what others have told."""

    version: int
    creatives: dict[str, Rows]
    events: tuple[Event, ...]


class Wanted(NamedTuple):
    """A file to hand over: `content` is its checksum, `""` where nobody knows it.

    `forced`: also where its content is there. `knew`: a person knows that it is.
    """

    key: Key
    content: str
    forced: bool
    knew: bool


class Left(NamedTuple):
    """A claim of which nobody knows what came of it: of which file, since when, and what the site showed then.

    It is ours now; before the file goes up again, somebody has to look for it on the site.
    """

    claim: str
    key: Key
    made: datetime
    newest: str
    run: str
    stalled: bool


class Claimed(NamedTuple):
    """What came of asking for files: the IDs of claims that are ours now, who has others, and what others have left.

    `stale`: the account has changed since this copy was brought up to date, so nothing was claimed.
    """

    granted: dict[Key, str]
    held: dict[Key, str]
    left: tuple[Left, ...]
    stale: bool = False


class Standing(NamedTuple):
    """Where an account is: its version, the last reading of the site, and each claim that is not settled, in words."""

    version: int
    refreshed: str
    claims: tuple[str, ...]


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
    return {one.about for one in events if one.kind == OBSERVED}


def read_rows(told: Iterable[Sequence[str]]) -> Rows:
    """The creatives that rows tell of, as `fields_of` wrote them."""
    return tuple(read_row(fields, []) for fields in told)


def told_of(entry: Entry) -> Event | None:
    """An event as the team has it: of a file that was settled, its name and row, and no path of this machine."""
    if entry.kind != SETTLED:
        return Event(entry.kind, entry.at, entry.about or "", entry.data, entry.id)
    with suppress(LookupError, TypeError, ValueError):  # what can't be understood is among the log's bad lines
        file = dict(zip(SessionFile._fields, entry.data["file"], strict=True))
        creative = entry.data.get("creative") or [""]
        told = {
            "section": CreativeType(file["creative_type"]).section.value,
            "name": Path(file["path"]).name,
            "status": entry.data["status"],
            "creative_id": creative[0],
            "day": entry.data.get("day") or "",
            "message": entry.data.get("message", ""),
            "run": entry.data["run"],
            "row": file["row"],
        }
        return Event(SETTLED, entry.at, str(creative[0]), told, entry.id)
    return None


def time_of(text: str) -> datetime:
    """The time that a file tells; long ago where it tells none."""
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return UNKNOWN


def digest(*parts: object) -> str:
    """An ID that is the same whenever it is made of the same."""
    return blake2b(json.dumps(parts, default=str, ensure_ascii=False).encode(), digest_size=12).hexdigest()
