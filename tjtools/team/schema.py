"""The schema of a team's database: made and migrated by `tjtools team init`, looked at by everybody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from tjtools.model.errors import TeamError
from tjtools.team.database import Database

if TYPE_CHECKING:
    from tjtools.team.database import Connection

_READER = (
    "GRANT USAGE ON SCHEMA tjtools TO {person}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA tjtools TO {person}",
)
_BUYER = (  # who noted an event, and when, nobody can say for another
    "GRANT UPDATE (version) ON tjtools.accounts TO {person}",
    "GRANT INSERT (account, version, id, at, kind, about, data, display, machine, program) ON tjtools.events"
    " TO {person}",
    "GRANT INSERT, UPDATE (rows, version) ON tjtools.creatives TO {person}",
    "GRANT INSERT (account, id, section, name, content, forced, newest, holder, run, lease_until, display, machine),"
    " UPDATE (holder, run, newest, lease_until, stalled, doubt, settled, outcome, creative_id)"
    " ON tjtools.claims TO {person}",
    "GRANT INSERT, UPDATE ON tjtools.turns TO {person}",
)


def migrations() -> dict[int, str]:
    """The statements of each migration, by its number."""
    text = files("tjtools.team").joinpath("schema.sql").read_text("utf-8")
    parts = re.split(r"^-- migration (\d+)$", text, flags=re.MULTILINE)[1:]
    return {int(number): body for number, body in zip(parts[::2], parts[1::2], strict=True)}


class Setup(NamedTuple):
    """What is to be done to a database: migrations, by number, accounts to add, and who is to be what there."""

    migrations: tuple[int, ...]
    accounts: tuple[str, ...]
    members: tuple[tuple[str, str, str], ...]  # account, person, role

    @property
    def told(self) -> list[str]:
        """The words for it."""
        made = [f"make the schema tjtools, version {number}" for number in self.migrations]
        made += [f"add the account {account}" for account in self.accounts]
        return made + [f"make {person} a {role} of {account}" for account, person, role in self.members]


def plan_setup(database: Database, accounts: Sequence[str], members: Sequence[tuple[str, str, str]]) -> Setup:
    """What `apply_setup` would do; nothing is changed."""

    def look(connection: Connection) -> Setup:
        version = _version(connection)
        missing = tuple(number for number in migrations() if number > version)
        there = {one for (one,) in connection.execute("SELECT account FROM tjtools.accounts")} if version else set()
        known = set(connection.execute("SELECT account, person, role FROM tjtools.members")) if version else set()
        wanted = tuple(one for one in dict.fromkeys(accounts) if one not in there)
        return Setup(missing, wanted, tuple(one for one in dict.fromkeys(members) if one not in known))

    return database.ask(look)


def apply_setup(database: Database, setup: Setup) -> None:
    """Do it, all or nothing; two at once do it once."""
    from psycopg.sql import SQL, Identifier

    def do(connection: Connection) -> None:
        connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # to see what the other has done
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tjtools schema'))")
        version = _version(connection)
        for number, body in migrations().items():
            if number > version:
                connection.execute(body.encode())
                connection.execute("INSERT INTO tjtools.migrations VALUES (%s)", (number,))
        for account in setup.accounts:
            connection.execute("INSERT INTO tjtools.accounts VALUES (%s) ON CONFLICT DO NOTHING", (account,))
        for account, person, role in setup.members:
            connection.execute(
                "INSERT INTO tjtools.members VALUES (%s, %s, %s)"
                " ON CONFLICT (account, person) DO UPDATE SET role = excluded.role",
                (account, person, role),
            )
        everybody = connection.execute("SELECT account, person, role FROM tjtools.members").fetchall()
        for _, person, role in everybody if setup.migrations else setup.members:
            for grant in (*_READER, *(_BUYER if role == "buyer" else ())):
                connection.execute(SQL(grant).format(person=Identifier(person)))

    database.ask(do)


def demand_known(connection: Connection) -> None:
    """Raise TeamError where the schema is not the one that this program knows."""
    version, known = _version(connection), max(migrations())
    if version > known:
        raise TeamError(
            f"A newer tjtools has made the team's schema (version {version}, this one knows {known}).",
            remedy="Update tjtools on this machine: pip install --upgrade tjtools",
        )
    if version < known:
        told = f"version {version} of the schema, this tjtools needs {known}" if version else "no schema of tjtools yet"
        remedy = "Whoever may does this once: tjtools team init URL"
        raise TeamError(f"The team's database has {told}.", remedy=remedy)


def _version(connection: Connection) -> int:
    # not by to_regclass, which says what this session has heard of when it last asked
    there = "SELECT 1 FROM pg_tables WHERE schemaname = 'tjtools' AND tablename = 'migrations'"
    if not connection.execute(there).fetchone():
        return 0
    told = connection.execute("SELECT max(number) FROM tjtools.migrations").fetchone()
    return int(told[0] or 0) if told else 0
