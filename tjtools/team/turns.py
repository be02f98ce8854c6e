"""What one of a team does for all, once in a while: whoever comes first in an interval has the turn."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tjtools.cache.snapshots import newest_snapshot
from tjtools.model.errors import TeamError
from tjtools.team.together import Team
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    from tjtools.team.database import Connection

log = logging.getLogger("tjtools.team")
_TAKE = (  # who was cut off takes it again; the intervals are the same for all, so nobody is put off by another's delay
    "INSERT INTO tjtools.turns AS mine (account, what, holder, display, machine)"
    " VALUES (%(account)s, 'sync', %(holder)s, %(display)s, %(machine)s)"
    " ON CONFLICT (account, what) DO UPDATE SET holder = excluded.holder, display = excluded.display,"
    " machine = excluded.machine, began = excluded.began, ended = NULL"
    " WHERE mine.began < to_timestamp(floor(extract(epoch FROM clock_timestamp()) / %(seconds)s) * %(seconds)s)"
    " OR (mine.holder = excluded.holder AND mine.ended IS NULL) RETURNING began"
)
_WHOSE = (
    "SELECT display || ' (' || machine || ') ' || CASE WHEN ended IS NULL THEN 'is at it since ' ELSE 'did it at ' END"
    " || to_char(coalesce(ended, began), 'YYYY-MM-DD HH24:MI TZ') FROM tjtools.turns"
    " WHERE account = %(account)s AND what = 'sync'"
)
_END = (
    "UPDATE tjtools.turns SET ended = clock_timestamp(), began = CASE WHEN %(applied)s THEN began ELSE '-infinity' END"
    " WHERE account = %(account)s AND what = 'sync' AND holder = %(holder)s AND ended IS NULL"
)


@contextmanager
def turn(workspace: Workspace, minutes: float) -> Iterator[str]:
    """The turn to read the site's statuses for all, once in so many minutes: `""`, or else who has it, in words.

    Where nothing was applied at the end, it is anybody's again; who dies has it until the interval is over. A workspace
    without a team always has its turn. Raises TeamUnreachable and NotAllowed.
    """
    team = Team.of(workspace)
    if team is None:
        yield ""
        return
    with team:
        whose, before = _taken(team, 60 * minutes), newest_snapshot(workspace)
        team.store.close()  # the reading takes minutes
        try:
            yield whose
        finally:
            if not whose:
                _end(team, applied=newest_snapshot(workspace) != before)


def _taken(team: Team, seconds: float) -> str:
    def take(connection: Connection) -> str:
        if team.store.do(connection, _TAKE, seconds=seconds).fetchone():
            return ""
        row = team.store.do(connection, _WHOSE).fetchone()
        return str(row[0]) if row else ""

    return team.store.ask(take)


def _end(team: Team, *, applied: bool) -> None:
    try:
        team.store.ask(lambda connection: team.store.do(connection, _END, applied=applied))
    except TeamError as error:
        log.warning("%s", error)
