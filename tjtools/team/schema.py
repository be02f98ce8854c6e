"""The schema of a team's database: made and migrated by `tjtools team init`, looked at by everybody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from tjtools.model.errors import TeamError
from tjtools.team.database import Database

if TYPE_CHECKING:
    from tjtools.team.database import Connection

_MEMBERS = "SELECT account, person, role FROM tjtools.members"
_JOINS = (
    "INSERT INTO tjtools.members VALUES (%s, %s, %s) ON CONFLICT (account, person) DO UPDATE SET role = excluded.role"
)


def migrations() -> dict[int, str]:
    """The statements of each migration, by its number."""
    text = files("tjtools.team").joinpath("schema.sql").read_text("utf-8")
    parts = re.split(r"^-- migration (\d+)$", text, flags=re.MULTILINE)[1:]
    return {int(number): body for number, body in zip(parts[::2], parts[1::2], strict=True)}


def set_up(
    database: Database, accounts: Sequence[str], members: Sequence[tuple[str, str, str]], *, dry_run: bool = False
) -> list[str]:
    """Make or migrate the schema, add accounts, and say who is what there: account, person, role.

    All or nothing, and two at once do it once. What was done, in words, or with `dry_run` what would be.
    """

    def work(connection: Connection) -> list[str]:
        connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # to see what the other has done
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tjtools schema'))")
        version = _version(connection)
        missing = {number: body for number, body in migrations().items() if number > version}
        there = {one for (one,) in connection.execute("SELECT account FROM tjtools.accounts")} if version else set()
        known = set(connection.execute(_MEMBERS)) if version else set()
        new = [one for one in dict.fromkeys(accounts) if one not in there]
        joined = [one for one in dict.fromkeys(members) if one not in known]
        if not dry_run:
            for number, body in missing.items():
                connection.execute(body.encode())
                connection.execute("INSERT INTO tjtools.migrations VALUES (%s)", (number,))
            for account in new:
                connection.execute("INSERT INTO tjtools.accounts VALUES (%s)", (account,))
            for member in joined:
                connection.execute(_JOINS, member)
            for _, person, role in connection.execute(_MEMBERS).fetchall() if missing else joined:
                connection.execute("SELECT tjtools.admit(%s, %s)", (person, role))
        told = [f"make the schema tjtools, version {number}" for number in missing]
        told += [f"add the account {account}" for account in new]
        return told + [f"make {person} a {role} of {account}" for account, person, role in joined]

    return database.ask(work)


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
