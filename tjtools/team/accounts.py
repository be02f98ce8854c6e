"""The accounts of a team's database that a person may see, each as a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tjtools.team.records import digest
from tjtools.team.together import Team, join
from tjtools.workspace.derived import cache_file
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    import psycopg


def other_accounts(team: Team, known: set[str]) -> list[Workspace]:
    """A copy of each account that the person may see and has no workspace for; it is kept among the user's caches.

    Raises TeamUnreachable.
    """

    def look(connection: psycopg.Connection[Any]) -> list[str]:
        return [name for (name,) in connection.execute("SELECT account FROM tjtools.accounts ORDER BY account")]

    wanted = [name for name in team.store.ask(look) if name not in known]
    return [_copy(team, name) for name in wanted]


def _copy(team: Team, account: str) -> Workspace:
    settings = team.settings.model_copy(update={"account": account})
    folder = cache_file().with_name("accounts")
    place = Workspace(folder / digest(settings.url, account))
    if not place.settings_file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.tracking.mkdir(parents=True, exist_ok=True)
        join(place, settings)
    return place
