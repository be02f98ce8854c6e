"""A team's database: the one border that psycopg's errors cross, where a password is looked for, and the schema.

A password comes from where libpq looks, `PGPASSWORD` and `~/.pgpass`, else from the system's keyring. Whoever asks
gives a function that is one transaction: it may be asked again, after a conflict or when the connection was cut, so
whatever it writes has an ID of its own and is there once. Nothing here needs a session: a transaction pooler may stand
in between. The schema is made and migrated by `tjtools team init`, and looked at by everybody else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from tjtools.model.errors import NotAllowed, TeamError, TeamUnreachable
from tjtools.workspace.settings import HERE, TeamSettings, kept_password

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

_T = TypeVar("_T")
PATIENCE = 30.0  # seconds in which a transaction that met another is tried again
TRIES = 3  # times that a connection which was cut is made again, and the least that one is tried which met another
_LATER = "Work that only reads goes on with what is here; try again later."
_MEMBERS = "SELECT account, person, role FROM tjtools.members"
_JOINS = (
    "INSERT INTO tjtools.members VALUES (%s, %s, %s) ON CONFLICT (account, person) DO UPDATE SET role = excluded.role"
)


class Database:
    """The database of one team; it is connected to when it is first asked."""

    def __init__(self, team: TeamSettings) -> None:
        self.team = team
        self.address = urlsplit(team.url)
        self._connection: Connection | None = None

    @property
    def place(self) -> str:
        """Where it is, for a person to read."""
        return f"{self.address.hostname}{self.address.path}"

    def ask(self, work: Callable[[Connection], _T]) -> _T:
        """What one serialisable transaction returns; raises TeamUnreachable, and TeamError for what is refused."""
        psycopg = _driver()
        slept = psycopg.errors.IdleInTransactionSessionTimeout
        until, met, cut = monotonic() + PATIENCE, 0, 0
        while True:
            try:
                connection = self._connected()
                with connection.transaction():
                    return work(connection)
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
                met += 1
                if met > TRIES and monotonic() > until:  # one that waited behind a long one is tried again
                    told = f"The team's database {self.place} is too busy: {_gist(error)}."
                    raise TeamUnreachable(told, remedy=_LATER) from error
            except psycopg.errors.InsufficientPrivilege as error:
                raise NotAllowed(
                    f"The team's database {self.place} does not let you do that: {_gist(error)}.",
                    remedy="Ask whoever runs it to make you a buyer: tjtools team init … --buyer NAME",
                ) from error
            except (slept, psycopg.OperationalError, psycopg.InterfaceError) as error:
                cut += 1
                made = self._connection is not None
                self.close()
                if cut == TRIES or not made:
                    told = f"The team's database {self.place} can't be reached: {_gist(error)}."
                    raise TeamUnreachable(told, remedy=self._remedy(error)) from error
            except psycopg.Error as error:
                raise TeamError(f"The team's database {self.place}: {_gist(error)}.") from error

    def close(self) -> None:
        """Let go of the connection; it is made again when somebody asks."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            psycopg = _driver()
            try:
                self._connection = self._connect()
            except psycopg.OperationalError as error:
                if not (error.pgconn and error.pgconn.needs_password):
                    raise
                self._connection = self._connect(password=kept_password(*self._kept))
            self._connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        return self._connection

    def _connect(self, **more: str) -> Connection:
        driver = _driver()
        told = driver.conninfo.conninfo_to_dict(self.team.url)
        options: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 20_000, "application_name": "tjtools"}
        places = {one for name in ("host", "hostaddr") for one in str(told.get(name, HERE[0])).split(",")}
        if not places <= {*HERE} and "PGSSLMODE" not in os.environ:
            options["sslmode"] = "require"
        made: Connection = driver.connect(**options | told | more, autocommit=True, prepare_threshold=None)
        return made

    @property
    def _kept(self) -> tuple[str, str]:
        """Under which names the keyring has the password."""
        return f"tjtools {self.place}", unquote(self.address.username or "")

    def _remedy(self, error: psycopg.Error) -> str:
        if error.pgconn and error.pgconn.needs_password:
            return 'Keep the password: python -m keyring set "{}" {}'.format(*self._kept)
        return _LATER


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        remedy = "Install it: pip install 'tjtools[team]'"
        raise TeamError("A library that a team shares needs psycopg.", remedy=remedy) from error
    return psycopg


def _gist(error: Exception) -> str:
    """The first line of what the database says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


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
