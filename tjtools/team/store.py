"""What a team shares, in PostgreSQL: changes since a version, an exchange of news, and claims on hand-overs.

An account has a version, which each exchange that tells something raises by one. Who writes holds the account's row
until they commit, so versions are in the order of the commits, and what is read behind it is the newest. Whatever is
written has an ID that its writer has chosen: told twice, after a connection was cut, it is there once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tjtools.cache.rows import fields_of
from tjtools.model.creative import Key, Section
from tjtools.model.errors import ClaimLost, NotAllowed, TeamError
from tjtools.team.database import Database
from tjtools.team.records import (
    CREATIVE,
    FOLLOWED,
    LANDED,
    OBSERVED,
    Change,
    Claimed,
    Event,
    Exchanged,
    Left,
    Person,
    Rows,
    Standing,
    Wanted,
    agreed,
    checked,
    digest,
    observed,
    read_rows,
)
from tjtools.team.schema import demand_known
from tjtools.workspace.log import UNREADABLE
from tjtools.workspace.settings import TeamSettings

if TYPE_CHECKING:
    import psycopg

_T = TypeVar("_T")
_ODD = "can't be understood, and won't be taken over"
_VERSION = "SELECT version FROM tjtools.accounts WHERE account = %s"
ASLEEP = "2min"  # who holds the account's row and falls asleep is cut off then: the others wait for it
_HELD = (
    "SELECT version, set_config('idle_in_transaction_session_timeout', %s, true) FROM tjtools.accounts"
    " WHERE account = %s FOR UPDATE"
)
_STALLED = (
    "UPDATE tjtools.claims SET stalled = true"
    " WHERE account = %s AND section = %s AND name = %s AND settled IS NULL AND holder = %s"
)
_DONE = (
    "UPDATE tjtools.claims SET settled = clock_timestamp(), outcome = %s, creative_id = %s"
    " WHERE account = %s AND section = %s AND name = %s AND settled IS NULL AND (%s OR holder = %s)"
)
_KNOWN = (  # by what was told of an upload, or by the claim under which one was found that its holder never told of
    "SELECT creative_id FROM tjtools.creatives WHERE account = %s AND rows -> 0 ->> 6 <> 'removed' AND creative_id IN ("
    "SELECT about FROM tjtools.events WHERE account = %s AND kind = 'uploaded' AND data ->> 'checksum' = %s"
    " AND data ->> 'creative_type' = %s UNION ALL SELECT creative_id FROM tjtools.claims"
    " WHERE account = %s AND content = %s AND content <> '' AND section = %s AND outcome = 'success') LIMIT 1"
)
_LOOKED = (
    "UPDATE tjtools.claims SET settled = clock_timestamp(), outcome = 'not there'"
    " WHERE account = %s AND id = ANY(%s) AND holder = %s AND run = %s AND settled IS NULL"
)
_RELEASED = (
    "UPDATE tjtools.claims SET settled = clock_timestamp(), outcome = 'released'"
    " WHERE account = %s AND id = ANY(%s) AND holder = %s AND run = %s AND settled IS NULL"
)


class Store:
    """One account of a team's database, for one person at one copy of it."""

    def __init__(self, team: TeamSettings, person: Person) -> None:
        self.account, self.person = team.account, person
        self.database = Database(team)
        self._looked = False

    def exchange(self, since: int, changes: Sequence[Change] = (), events: Sequence[Event] = ()) -> Exchanged:
        """Tell what is new here, and hear what is new since that version, in one transaction.

        Where others have changed the same creative meanwhile, what each has changed stands, and the team's word goes
        before ours in what both have; so what was observed of it here, without knowing theirs, is not told.
        """

        def do(connection: psycopg.Connection[Any]) -> Exchanged:
            version = self._version(connection, hold=bool(changes or events))
            if version < since:
                raise TeamError(
                    f"The team's account {self.account} knows less than this copy (version {version}, {since} here).",
                    remedy="It was put back from a backup, it seems: tjtools team leave, then tjtools team join",
                )
            theirs, heard, odd = self._since(connection, since)
            mine: dict[str, Rows] = {}
            seen = observed(heard)
            told = [one for one in events if one.kind != OBSERVED or one.about not in seen]
            for chosen, change in self._untold(connection, since, changes, theirs).items():
                known = theirs.get(change.creative_id, change.before)
                rows = mine[change.creative_id] = agreed(change, known)
                if rows != known:
                    told.append(_creative(change, rows, chosen))
            if told:
                version = self._write(connection, told)
            return Exchanged(version, theirs | mine, heard, odd)

        return self.ask(do)

    def claim(self, since: int, run: str, newest: str, wanted: Sequence[Wanted], lease: float) -> Claimed:
        """Ask for files to hand over: of each, that nobody else does so. It is committed when this returns."""

        def do(connection: psycopg.Connection[Any]) -> Claimed:
            if self._version(connection, hold=True) > since:
                return Claimed({}, {}, (), stale=True)
            claimed = Claimed({}, {}, ())
            for one in wanted:
                claimed = self._claim(connection, claimed, one, run, newest, lease)
            return claimed

        return self.ask(do)

    def renew(self, run: str, claims: Sequence[str], lease: float) -> None:
        """Hold on to claims; raises ClaimLost where one has ended, or is another's, or is settled."""

        def do(connection: psycopg.Connection[Any]) -> int:
            return connection.execute(
                "UPDATE tjtools.claims SET lease_until = clock_timestamp() + %s * interval '1 second'"
                " WHERE account = %s AND id = ANY(%s) AND holder = %s AND run = %s AND settled IS NULL"
                " AND lease_until > clock_timestamp()",
                (lease, self.account, list(claims), self.person.holder, run),
            ).rowcount

        if self.ask(do) != len(claims):
            raise ClaimLost(
                "this run gave no sign of life for so long that its files may be another's now: none was handed over.",
                remedy="See with tjtools team status who has them; then run: tjtools upload --resume",
            )

    def release(self, run: str, claims: Sequence[str]) -> None:
        """Give back claims on files that were not handed over."""

        self._of_ours(_RELEASED, run, claims)

    def looked(self, run: str, claims: Sequence[str]) -> None:
        """Say that files which others had left are not on the site: whoever claims them anew hands them over."""
        self._of_ours(_LOOKED, run, claims)

    def _of_ours(self, statement: str, run: str, claims: Sequence[str]) -> None:
        told = self.account, list(claims), self.person.holder, run
        self.ask(lambda connection: connection.execute(statement.encode(), told))

    def standing(self) -> Standing:
        """Who works on what, and who has read the site last."""

        def look(connection: psycopg.Connection[Any]) -> Standing:
            version = self._version(connection, hold=False)
            refreshed = connection.execute(
                "SELECT to_char(noted, 'YYYY-MM-DD HH24:MI TZ') || ', ' || display || ' (' || machine || ')'"
                " FROM tjtools.events WHERE account = %s AND kind = 'refreshed' ORDER BY version DESC LIMIT 1",
                (self.account,),
            ).fetchone()
            claims = connection.execute(
                "SELECT section || ': ' || name || ': ' || display || ' (' || machine || ') '"
                " || CASE WHEN lease_until > clock_timestamp() THEN 'is uploading it' ELSE 'began to upload it, and"
                " nobody knows what came of it' END || ', since ' || to_char(made, 'YYYY-MM-DD HH24:MI TZ')"
                " FROM tjtools.claims WHERE account = %s AND settled IS NULL ORDER BY made, name",
                (self.account,),
            )
            return Standing(version, refreshed[0] if refreshed else "", tuple(one for (one,) in claims))

        return self.ask(look)

    def close(self) -> None:
        """Let go of the connection."""
        self.database.close()

    def ask(self, work: Callable[[psycopg.Connection[Any]], _T]) -> _T:
        """What one transaction returns; raises as `Database.ask`, and TeamError for a schema that we don't know."""

        def looked(connection: psycopg.Connection[Any]) -> _T:
            if not self._looked:
                demand_known(connection)
            return work(connection)

        answer = self.database.ask(looked)
        self._looked = True
        return answer

    def _version(self, connection: psycopg.Connection[Any], *, hold: bool) -> int:
        asked = (_HELD, (ASLEEP, self.account)) if hold else (_VERSION, (self.account,))
        row = connection.execute(*asked).fetchone()
        if row is None:
            raise NotAllowed(
                f"The team's database has no account {self.account} that you may {'write into' if hold else 'see'}.",
                remedy="Whoever runs it adds you: tjtools team init URL --account NAME --buyer YOU",
            )
        return int(row[0])

    def _since(self, connection: psycopg.Connection[Any], since: int) -> tuple[dict[str, Rows], list[Event], list[str]]:
        """The creatives and the events since a version, and in words what of them could not be understood."""
        theirs: dict[str, Rows] = {}
        heard, odd = list[Event](), list[str]()
        creatives = connection.execute(
            "SELECT creative_id, rows FROM tjtools.creatives WHERE account = %s AND version > %s ORDER BY version",
            (self.account, since),
        )
        for creative_id, rows in creatives:
            try:
                theirs[creative_id] = read_rows(rows)
            except UNREADABLE as error:
                odd.append(f"The team's rows of the creative {creative_id} {_ODD}: {error}.")
        events = connection.execute(
            "SELECT kind, at, about, data, id FROM tjtools.events"
            " WHERE account = %s AND version > %s AND kind = ANY(%s) ORDER BY version, place",
            (self.account, since, [*FOLLOWED[1:]]),
        )
        for event in map(Event._make, events):
            try:
                heard.append(checked(event))
            except ValueError as error:
                odd.append(f"The team's event {event.id} ({event.kind}, of {event.about}) {_ODD}: {error}.")
        return theirs, heard, odd

    def _untold(
        self, connection: psycopg.Connection[Any], since: int, changes: Sequence[Change], theirs: Mapping[str, Rows]
    ) -> dict[str, Change]:
        """The changes by the IDs of their events, without those that were told before this copy was cut off."""
        own = {digest(self.account, self.person.holder, since, one.creative_id, *one.after): one for one in changes}
        doubtful = [chosen for chosen, one in own.items() if one.creative_id in theirs]
        if doubtful:
            query = "SELECT id FROM tjtools.events WHERE account = %s AND id = ANY(%s)"
            for (chosen,) in connection.execute(query, (self.account, doubtful)):
                del own[chosen]
        return own

    def _write(self, connection: psycopg.Connection[Any], told: Sequence[Event]) -> int:
        account, person = self.account, self.person
        query = "UPDATE tjtools.accounts SET version = version + 1 WHERE account = %s RETURNING version"
        version: int = connection.execute(query, (account,)).fetchone()[0]  # type: ignore[index]
        connection.execute(
            "CREATE TEMP TABLE told (place integer, kind text, at timestamptz, about text, data jsonb, id text)"
            " ON COMMIT DROP"
        )
        with connection.cursor().copy("COPY told FROM STDIN") as copy:
            for place, one in enumerate(told):
                data = json.dumps(dict(one.data), ensure_ascii=False)
                copy.write_row((place, one.kind, one.at, one.about, data, one.id))
        connection.execute(
            "INSERT INTO tjtools.events (account, version, id, at, kind, about, data, display, machine, program)"
            " SELECT %s, %s, id, at, kind, about, data, %s, %s, %s FROM told ORDER BY place ON CONFLICT DO NOTHING",
            (account, version, person.display, person.machine, person.program),
        )
        connection.execute(
            "INSERT INTO tjtools.creatives (account, creative_id, rows, version)"
            " SELECT %s, about, data -> 'rows', %s FROM tjtools.events"
            " WHERE account = %s AND version = %s AND kind = 'creative'"
            " ON CONFLICT (account, creative_id) DO UPDATE SET rows = excluded.rows, version = excluded.version",
            (account, version, account, version),
        )
        settled = connection.execute(
            "SELECT data FROM tjtools.events WHERE account = %s AND version = %s AND kind = 'settled' ORDER BY place",
            (account, version),
        )
        for (data,) in settled.fetchall():
            self._settle(connection, data)
        return version

    def _settle(self, connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> None:
        """A file that is on the site settles whoever's claim on it; one that failed, or timed out, our own."""
        of, holder = (self.account, told["section"], told["name"]), self.person.holder
        if told["status"] == "stalled":
            connection.execute(_STALLED, (*of, holder))
        else:
            anybody = told["status"] in LANDED
            connection.execute(_DONE, (told["status"], told["creative_id"], *of, anybody, holder))

    def _claim(
        self,
        connection: psycopg.Connection[Any],
        claimed: Claimed,
        one: Wanted,
        run: str,
        newest: str,
        lease: float,
    ) -> Claimed:
        granted, held, left, _ = claimed
        me, found = self.person.holder, self._claims_on(connection, one)
        own = next((each for each in found if each.named and (each.holder == me or not each.alive)), None)
        if other := next((each for each in found if each is not own), None):
            return claimed._replace(held=held | {one.key: other.told})
        if own:
            doubt = own.doubt or own.holder != me or own.run != run
            self._take_over(connection, own.id, run, lease, doubt=doubt)
            if doubt:
                gone = Left(own.id, one.key, own.made, own.newest, own.run, own.stalled, own.content)
                return claimed._replace(left=(*left, gone))
            if own.content == one.content:
                return claimed._replace(granted=granted | {one.key: own.id})
            connection.execute(_RELEASED, (self.account, [own.id], me, run))
        if known := self._known_as(connection, one):
            return claimed._replace(held=held | {one.key: f"its content is on the site already, as {known}"})
        chosen = digest(self.account, me, run, *_words(one.key), newest, datetime.now(UTC).isoformat())
        self._insert(connection, chosen, one, run, newest, lease)
        return claimed._replace(granted=granted | {one.key: chosen})

    def _claims_on(self, connection: psycopg.Connection[Any], one: Wanted) -> list[_Claim]:
        """The claims that are not settled on a file of this name, or with its content."""
        section, name = _words(one.key)
        found = connection.execute(
            "SELECT id, name, content, name = %s, holder, run, lease_until > clock_timestamp(), made, newest, stalled,"
            " doubt, display, machine FROM tjtools.claims WHERE account = %s AND section = %s AND settled IS NULL"
            " AND (name = %s OR (content = %s AND content <> '' AND NOT forced AND NOT %s))",
            (name, self.account, section, name, one.content, one.forced),
        )
        return [_Claim(*row) for row in found]

    def _known_as(self, connection: psycopg.Connection[Any], one: Wanted) -> str:
        """The creative that has this content in its section, unless a person has said that it goes up all the same."""
        if one.forced or one.knew or not one.content:
            return ""
        section, of = one.key[0], (self.account, one.content)
        row = connection.execute(
            _KNOWN, (self.account, *of, section.creative_type.value, *of, section.value)
        ).fetchone()
        return str(row[0]) if row else ""

    def _take_over(
        self, connection: psycopg.Connection[Any], claim: str, run: str, lease: float, *, doubt: bool
    ) -> None:
        connection.execute(
            "UPDATE tjtools.claims SET holder = %s, run = %s, doubt = %s,"
            " lease_until = clock_timestamp() + %s * interval '1 second' WHERE id = %s",
            (self.person.holder, run, doubt, lease, claim),
        )

    def _insert(
        self, connection: psycopg.Connection[Any], claim: str, one: Wanted, run: str, newest: str, lease: float
    ) -> None:
        person = self.person
        told = (self.account, claim, *_words(one.key), one.content, one.forced, newest, person.holder, run)
        connection.execute(
            "INSERT INTO tjtools.claims (account, id, section, name, content, forced, newest, holder, run, lease_until,"
            " display, machine) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " clock_timestamp() + %s * interval '1 second', %s, %s)",
            (*told, lease, person.display, person.machine),
        )


class _Claim(NamedTuple):
    id: str
    name: str
    content: str
    named: bool
    holder: str
    run: str
    alive: bool
    made: datetime
    newest: str
    stalled: bool
    doubt: bool
    display: str
    machine: str

    @property
    def told(self) -> str:
        """Who has the file, in words."""
        who, as_what = f"{self.display} ({self.machine})", "" if self.named else f", as {self.name}"
        if self.alive:
            return f"{who} is uploading it{as_what}, since {self.made:%Y-%m-%d %H:%M} UTC"
        doubt = "and nobody knows whether the site has it: look there, then --file, --force"
        return f"{who} began to upload it{as_what}, {doubt}"


def _creative(change: Change, rows: Rows, chosen: str) -> Event:
    told = {"rows": [fields_of(row) for row in rows]}
    return Event(CREATIVE, datetime.now(UTC), change.creative_id, told, chosen)


def _words(key: Key) -> tuple[str, str]:
    section: Section = key[0]
    return section.value, key[1]
