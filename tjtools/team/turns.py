"""What one of a team does for all, once in a while: whoever comes first in an interval has the turn."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tjtools.cache.snapshots import newest_snapshot
from tjtools.model.errors import TeamError
from tjtools.team.together import Team
from tjtools.workspace.folder import Workspace

log = logging.getLogger("tjtools.team")
_TAKE = "SELECT tjtools.take_turn(%(account)s, %(holder)s, %(display)s, %(machine)s, %(seconds)s)"
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
        [whose] = team.store.alone(_TAKE, seconds=60 * minutes).fetchone()
        team.store.close()  # the reading takes minutes
        before = newest_snapshot(workspace)
        try:
            yield whose or ""
        finally:
            if not whose:
                _end(team, applied=newest_snapshot(workspace) != before)


def _end(team: Team, *, applied: bool) -> None:
    try:
        team.store.alone(_END, applied=applied)
    except TeamError as error:
        log.warning("%s", error)
