"""What needs a look today: what changed since a person last looked, what waits, what is known of its content.

And that of all accounts of a person: the workspaces on this machine, and what else their teams let them see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tjtools.analysis.estimates import in_review
from tjtools.analysis.frame import STANDING, on_site
from tjtools.analysis.reviews import REMOVED
from tjtools.analysis.sources import Files
from tjtools.diff.repeats import known_creatives
from tjtools.media.content import Fingerprints
from tjtools.model.errors import NotAllowed, TJToolsError
from tjtools.model.words import counted
from tjtools.team import Team, brought_up_to_date, other_accounts
from tjtools.workspace.derived import opened
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

SLOW, PENDING = "slow", "pending"
FIGURES = {  # in words, with a mark for who sees no colours
    "rejected": "✗ rejected",
    "approved": "✓ approved",
    SLOW: "! waiting too long",
    PENDING: "… pending",
    REMOVED: "– gone",
}
COLUMNS = ("creative_id", "filename", "section", "when")


def worklist(files: Files, changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The creatives of each of the `FIGURES`; `changed` is what `reviews.changes_since` tells.

    One row a creative: `creative_id`, `filename`, `section`, and `when` it was seen so, or how long it waits (str).
    """
    now = files.clock()
    waits = in_review(files.stays, files.frame, now)
    waits["when"] = [_waited(*one) for one in zip(waits["days"], waits["at_least"], strict=True)]
    changed = changed.assign(when=changed["seen_at"].dt.tz_convert(now.tzinfo).dt.strftime("%d %b %Y, %H:%M"))
    found = {kind: changed[changed["change"] == kind] for kind in FIGURES}
    found |= {SLOW: waits[waits["slow"]], PENDING: waits}
    return {kind: rows[list(COLUMNS)].reset_index(drop=True) for kind, rows in found.items()}


def _waited(days: float, at_least: bool) -> str:
    if pd.isna(days):
        return "nobody knows since when"
    since = counted(int(days), "day") if days >= 1 else "less than a day"
    return f"waits for {'at least ' * bool(at_least and days >= 1)}{since}"


class Evidence:
    """What is known of the content of a library's creatives; raises the errors of the tracking files."""

    def __init__(self, files: Files) -> None:
        self._library, self._fingerprints = files.library, Fingerprints.load(files.workspace)
        known = known_creatives(files.library, self._fingerprints, history={})
        self._seen = {one.creative_id: one.fingerprint for one in known}
        self._groups = files.groups()[0]

    def picture(self, creative_id: str) -> bytes | None:
        """A small jpg of it; None where there is none."""
        seen = self._seen.get(creative_id)
        return self._fingerprints.thumbnail(seen) if seen else None

    def repeats(self, creative_id: str) -> list[str]:
        """Which creatives it repeats, in words, each once: the same content before what looks so."""
        found: dict[str, str] = {}
        for how, ids in self._groups:
            if creative_id in ids:
                for other in ids:
                    found.setdefault(other, f"{how} as {other}{self._standing(other)}")
        found.pop(creative_id, None)
        return [*found.values()]

    def _standing(self, creative_id: str) -> str:
        status = next((one.review_status for one in self._library.get(creative_id)), None)
        return f", {status.value}" if status else ""


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
    teams = [*_teams(places)]
    known = {(team.settings.url, team.settings.account) for team in teams}
    for team in {team.settings.url: team for team in teams}.values():
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
