"""The connection to a team's database: the one border that psycopg's errors cross, and where a password is looked for.

A password comes from where libpq looks, `PGPASSWORD` and `~/.pgpass`, else from the system's keyring. Whoever asks
gives a function that is one transaction: it may be asked again, after a conflict or when the connection was cut, so
whatever it writes has an ID of its own and is there once. Nothing here needs a session: a transaction pooler may stand
in between.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from tjtools.model.errors import NotAllowed, TeamError, TeamUnreachable
from tjtools.workspace.settings import TeamSettings, kept_password

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

_T = TypeVar("_T")
HERE = ("localhost", "127.0.0.1", "::1")
PATIENCE = 30.0  # seconds in which a transaction that met another is tried again
TRIES = 3  # times that a connection which was cut is made again, and the least that one is tried which met another
_LATER = "Work that only reads goes on with what is here; try again later."


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
