"""What a team shares, in PostgreSQL: changes since a version, an exchange of news, and claims on hand-overs.

An account has a version, which each exchange that tells something raises by one. Who writes holds the account's row
until they commit, so versions are in the order of the commits, and what is read behind it is the newest. Whatever is
written has an ID that its writer has chosen: told twice, after a connection was cut, it is there once. What follows
from an event for the creatives and the claims, the schema does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from tjtools.cache.rows import fields_of
from tjtools.model.errors import ClaimLost, NotAllowed, TeamError
from tjtools.team.database import Database, demand_known
from tjtools.team.records import (
    Change,
    Claimed,
    Event,
    Exchanged,
    Kind,
    Left,
    Rows,
    Wanted,
    agreed,
    checked,
    digest,
    observed,
    read_rows,
)
from tjtools.workspace.log import UNREADABLE
from tjtools.workspace.settings import TeamSettings

if TYPE_CHECKING:
    from tjtools.team.database import Connection

_T = TypeVar("_T")
ASLEEP = "2min"  # who holds the account's row and falls asleep is cut off then: the others wait for it
_ODD = "can't be understood, and won't be taken over"
_ON = (
    "SELECT * FROM tjtools.held WHERE account = %(account)s AND section = %(section)s AND (name = %(name)s"
    " OR (content = %(content)s AND content <> '' AND NOT forced AND NOT %(forced)s))"
)
_ANEW = (
    "INSERT INTO tjtools.claims (account, id, section, name, content, forced, newest, holder, run, display, machine,"
    " lease_until) VALUES (%(account)s, %(id)s, %(section)s, %(name)s, %(content)s, %(forced)s, %(newest)s, %(holder)s,"
    " %(run)s, %(display)s, %(machine)s, clock_timestamp() + %(lease)s)"
)
_TAKEN_OVER = (
    "UPDATE tjtools.claims SET holder = %(holder)s, run = %(run)s, doubt = %(doubt)s,"
    " lease_until = clock_timestamp() + %(lease)s WHERE id = %(id)s"
)
_RENEWED = (
    "UPDATE tjtools.claims SET lease_until = clock_timestamp() + %(lease)s WHERE account = %(account)s"
    " AND id = ANY(%(claims)s) AND holder = %(holder)s AND run = %(run)s AND settled IS NULL"
    " AND lease_until > clock_timestamp()"
)
_ENDED = (
    "UPDATE tjtools.claims SET settled = clock_timestamp(), outcome = %(outcome)s WHERE account = %(account)s"
    " AND id = ANY(%(claims)s) AND holder = %(holder)s AND run = %(run)s AND settled IS NULL"
)


class Store(Database):
    """One account of a team's database, for one person at one copy of it.

    `person` says what others read of them, `display`, `machine` and `program`; `holder` is this very copy.
    """

    def __init__(self, team: TeamSettings, **person: str) -> None:
        super().__init__(team)
        unknown = dict.fromkeys(("display", "machine", "program", "holder"), "")
        self.me = {"account": team.account, **unknown, **person}
        self._looked = False

    def ask(self, work: Callable[[Connection], _T]) -> _T:
        """As `Database.ask`, also TeamError for a schema that we don't know."""

        def looked(connection: Connection) -> _T:
            if not self._looked:
                demand_known(connection)
            return work(connection)

        answer = super().ask(looked)
        self._looked = True
        return answer

    def do(self, connection: Connection, statement: str, **told: object) -> Any:
        """The answer to a statement, in which `me` and what is told have their names."""
        return connection.execute(statement.encode(), self.me | told)

    def alone(self, statement: str, **told: object) -> Any:
        """The answer to one statement, as `do`, in a transaction of its own."""
        return self.ask(lambda connection: self.do(connection, statement, **told))

    def exchange(self, since: int, changes: Sequence[Change] = (), events: Sequence[Event] = ()) -> Exchanged:
        """Tell what is new here, and hear what is new since that version, in one transaction.

        Where others have changed the same creative meanwhile, what each has changed stands, and the team's word goes
        before ours in what both have; so what was observed of it here, without knowing theirs, is not told.
        """

        def work(connection: Connection) -> Exchanged:
            version = self._version(connection, hold=bool(changes or events))
            if version < since:
                raise TeamError(
                    f"The team's account {self.team.account} knows less than this copy (version {version}, {since} "
                    "here).",
                    remedy="It was put back from a backup, it seems: tjtools team leave, then tjtools team join",
                )
            heard = self._since(connection, version, since)
            seen, theirs = observed(heard.events), heard.creatives
            told = [one for one in events if one.kind != "observed" or one.about not in seen]
            mine: dict[str, Rows] = {}
            for chosen, change in self._untold(connection, since, changes, theirs).items():
                known = theirs.get(change.creative_id, change.before)
                rows = mine[change.creative_id] = agreed(change, known)
                if rows != known:
                    data = {"rows": [*map(fields_of, rows)]}
                    told.append(Event("creative", datetime.now(UTC), change.creative_id, data, chosen))
            version = self._tell(connection, told) if told else version
            return heard._replace(version=version, creatives=theirs | mine)

        return self.ask(work)

    def _version(self, connection: Connection, *, hold: bool) -> int:
        held = (
            "SELECT version, set_config('idle_in_transaction_session_timeout', %(asleep)s, true),"
            " set_config('tjtools.holder', %(holder)s, true)"
            " FROM tjtools.accounts WHERE account = %(account)s FOR UPDATE"
        )
        seen = "SELECT version FROM tjtools.accounts WHERE account = %(account)s"
        row = self.do(connection, held if hold else seen, asleep=ASLEEP).fetchone()
        if row is None:
            raise NotAllowed(
                f"The team's database has no account {self.team.account} that you may "
                f"{'write into' if hold else 'see'}.",
                remedy="Whoever runs it adds you: tjtools team init URL --account NAME --buyer YOU",
            )
        return int(row[0])

    def _since(self, connection: Connection, version: int, since: int) -> Exchanged:
        heard = Exchanged(version, {}, [], [])
        creatives = (
            "SELECT creative_id, rows FROM tjtools.creatives"
            " WHERE account = %(account)s AND version > %(since)s ORDER BY version"
        )
        for creative_id, rows in self.do(connection, creatives, since=since):
            try:
                heard.creatives[creative_id] = read_rows(rows)
            except UNREADABLE as error:
                heard.odd.append(f"What the team has of the creative {creative_id} {_ODD}: {error}.")
        events = (
            "SELECT kind, at, about, data, id FROM tjtools.events WHERE account = %(account)s"
            " AND version > %(since)s AND kind = ANY(%(kinds)s) ORDER BY version, place"
        )
        kinds = [one for one in get_args(Kind) if one != "creative"]
        for event in map(Event._make, self.do(connection, events, since=since, kinds=kinds)):
            try:
                heard.events.append(checked(event))
            except ValueError as error:
                heard.odd.append(f"The team's event {event.id} ({event.kind}, of {event.about}) {_ODD}: {error}.")
        return heard

    def _untold(
        self, connection: Connection, since: int, changes: Iterable[Change], theirs: Mapping[str, Rows]
    ) -> dict[str, Change]:
        """The changes by the IDs of their events, without those that were told before this copy was cut off."""
        of = self.team.account, self.me["holder"], since
        own = {digest(*of, one.creative_id, *one.after): one for one in changes}
        if doubtful := [chosen for chosen, one in own.items() if one.creative_id in theirs]:
            there = "SELECT id FROM tjtools.events WHERE account = %(account)s AND id = ANY(%(ids)s)"
            for (chosen,) in self.do(connection, there, ids=doubtful):
                del own[chosen]
        return own

    def _tell(self, connection: Connection, events: Iterable[Event]) -> int:
        raised = "UPDATE tjtools.accounts SET version = version + 1 WHERE account = %(account)s RETURNING version"
        (version,) = self.do(connection, raised).fetchone()
        connection.execute(
            "CREATE TEMP TABLE told (place integer, kind text, at timestamptz, about text, data jsonb, id text)"
            " ON COMMIT DROP"
        )
        with connection.cursor().copy("COPY told FROM STDIN") as copy:
            for place, one in enumerate(events):
                data = json.dumps(dict(one.data), ensure_ascii=False)
                copy.write_row((place, one.kind, one.at, one.about, data, one.id))
        self.do(
            connection,
            "INSERT INTO tjtools.events (account, version, id, at, kind, about, data, display, machine, program)"
            " SELECT %(account)s, %(version)s, id, at, kind, about, data, %(display)s, %(machine)s, %(program)s"
            " FROM told ORDER BY place ON CONFLICT DO NOTHING",
            version=version,
        )
        return int(version)

    def claim(self, since: int, run: str, newest: str, wanted: Sequence[Wanted], lease: float) -> Claimed:
        """Ask for files to hand over: of each, that nobody else does so. It is committed when this returns."""

        def work(connection: Connection) -> Claimed:
            if self._version(connection, hold=True) > since:
                return Claimed({}, {}, [], stale=True)
            claimed = Claimed({}, {}, [])
            for one in wanted:
                self._claim(connection, claimed, one, {"run": run, "newest": newest, "lease": timedelta(seconds=lease)})
            return claimed

        return self.ask(work)

    def _claim(self, connection: Connection, claimed: Claimed, one: Wanted, of: dict[str, object]) -> None:
        (section, name), me = one.key, self.me["holder"]
        of |= {"section": section.value, "name": name, "content": one.content, "forced": one.forced}
        found = self._held(connection, _ON, **of)
        own = next((each for each in found if each.name == name and (each.holder == me or not each.alive)), None)
        if other := next((each for each in found if each is not own), None):
            claimed.held[one.key] = _who(other, name)
        elif own and (own.doubt or own.holder != me or own.run != of["run"]):
            self.do(connection, _TAKEN_OVER, id=own.id, doubt=True, **of)
            left = Left(own.id, one.key, own.made, own.newest, own.run, own.stalled, own.content)
            claimed.left.append(left)
        elif own and own.content == one.content:
            self.do(connection, _TAKEN_OVER, id=own.id, doubt=False, **of)
            claimed.granted[one.key] = own.id
        else:
            if own:
                self.do(connection, _ENDED, claims=[own.id], outcome="released", **of)
            self._anew(connection, claimed, one, of)

    def _anew(self, connection: Connection, claimed: Claimed, one: Wanted, of: dict[str, object]) -> None:
        known, kind = "", one.key[0].creative_type.value
        if one.content and not one.forced and not one.knew:
            asked = "SELECT tjtools.known_as(%(account)s, %(section)s, %(kind)s, %(content)s)"
            (known,) = self.do(connection, asked, kind=kind, **of).fetchone()
        if known:
            claimed.held[one.key] = f"its content is on the site already, as {known}"
            return
        moment = datetime.now(UTC).isoformat()
        chosen = digest(self.team.account, self.me["holder"], *map(str, of.values()), moment)
        self.do(connection, _ANEW, id=chosen, **of)
        claimed.granted[one.key] = chosen

    def _held(self, connection: Connection, query: str, **told: object) -> list[Any]:
        from psycopg.rows import namedtuple_row

        return connection.cursor(row_factory=namedtuple_row).execute(query.encode(), self.me | told).fetchall()

    def renew(self, run: str, claims: Sequence[str], lease: float) -> None:
        """Hold on to claims; raises ClaimLost where one has ended, or is another's, or is settled."""
        renewed = self.alone(_RENEWED, run=run, claims=[*claims], lease=timedelta(seconds=lease))
        if renewed.rowcount != len(claims):
            raise ClaimLost(
                "this run gave no sign of life for so long that its files may be another's now: none was handed over.",
                remedy="See with tjtools team status who has them; then run: tjtools upload --resume",
            )

    def end(self, run: str, claims: Iterable[str], outcome: str) -> None:
        """End claims: `released`, since nothing was handed over, or `not there`, since the site has not got the file.

        Whoever claims such a file anew hands it over.
        """
        self.alone(_ENDED, run=run, claims=[*claims], outcome=outcome)

    def standing(self) -> tuple[int, str, list[str]]:
        """The account's version, who has read the site last, and who works on what, in words."""

        def look(connection: Connection) -> tuple[int, str, list[str]]:
            refreshed = self.do(
                connection,
                "SELECT to_char(LEAST(at, noted), 'YYYY-MM-DD HH24:MI TZ') || ', ' || display || ' (' || machine || ')'"
                " FROM tjtools.events WHERE account = %(account)s AND kind = 'refreshed'"
                " ORDER BY LEAST(at, noted) DESC, version DESC LIMIT 1",  # it may be noted long after, by who joins
            ).fetchone()
            held = "SELECT * FROM tjtools.held WHERE account = %(account)s ORDER BY made, name"
            claims = [f"{one.section}: {one.name}: {_who(one, one.name)}" for one in self._held(connection, held)]
            return self._version(connection, hold=False), refreshed[0] if refreshed else "", claims

        return self.ask(look)


def _who(claim: Any, name: str) -> str:
    """Who has a file, in words; `name` is what we call it."""
    who, as_what = f"{claim.display} ({claim.machine})", "" if claim.name == name else f", as {claim.name}"
    if claim.alive:
        return f"{who} is uploading it{as_what}, since {claim.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    doubt = "and nobody knows whether the site has it: look there; if not: tjtools upload --file PATH --live --force"
    return f"{who} began to upload it{as_what}, {doubt}"
