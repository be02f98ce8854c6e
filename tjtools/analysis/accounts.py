"""All accounts of a person at a glance: the workspaces on this machine, and what else their teams let them see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.analysis.frame import STANDING, on_site
from tjtools.analysis.sources import Files
from tjtools.analysis.worklist import SLOW, worklist
from tjtools.model.errors import NotAllowed, TJToolsError
from tjtools.team import Team, brought_up_to_date, other_accounts
from tjtools.workspace.derived import opened
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings


class Account(NamedTuple):
    """An account: how many creatives are on the site by their status, and how many need a look.

    `rejected` since a person last looked, `slow`: waiting too long. `place` is the workspace, `age` tells how old a
    team's copy is. `trouble`: why nothing can be told.
    """

    name: str
    place: str
    statuses: dict[str, int]
    rejected: int = 0
    slow: int = 0
    age: str = ""
    trouble: str = ""

    @property
    def counts(self) -> str:
        """How many creatives have which status, in words."""
        return ", ".join(f"{number:,} {status}" for status, number in self.statuses.items()) or "no creatives"

    @property
    def news(self) -> list[str]:
        """What needs a look, in words."""
        told = {"newly rejected": self.rejected, "waiting too long": self.slow}
        return [f"{number:,} {what}" for what, number in told.items() if number]


def accounts(workspace: Workspace, clock: Callable[[], datetime]) -> Iterator[Account]:
    """This workspace's account, those of the workspaces that were opened before, and the others of their teams."""
    places = [workspace, *(Workspace(Path(root)) for root in opened() if Path(root) != workspace.root)]
    for one in places:
        yield _account(one, clock)
    known = {(team.settings.url, team.settings.account) for team in _teams(places)}
    for team in {team.settings.url: team for team in _teams(places)}.values():
        there = {account for url, account in known if url == team.settings.url}
        with team, suppress(NotAllowed):  # which the workspace's own line says
            for one in other_accounts(team, there):
                yield _account(one, clock)._replace(place="")


def _teams(places: list[Workspace]) -> Iterator[Team]:
    for one in places:
        try:
            team = Team.of(one)
        except TJToolsError:
            continue  # which its own line says
        if team:
            yield team


def _account(workspace: Workspace, clock: Callable[[], datetime]) -> Account:
    name, place = workspace.root.name, str(workspace.root)
    try:
        settings = load_settings(workspace)
        name = settings.team.account if settings.team else name
        age, files = brought_up_to_date(workspace), Files(workspace, clock)
    except TJToolsError as error:
        return Account(name, place, {}, trouble=str(error))
    counts = on_site(files.frame)["review_status"].value_counts()
    figures = worklist(files, files.changed())
    statuses = {status: int(counts[status]) for status in STANDING if counts[status]}
    return Account(name, place, statuses, len(figures["rejected"]), len(figures[SLOW]), age)
