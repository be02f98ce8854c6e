"""A workspace and its team: joining, leaving, bringing both up to date around what is done here, and other accounts.

What one of a team does for all, once in a while, is here too: whoever comes first in an interval has the turn.
"""

from __future__ import annotations

import getpass
import logging
import platform
import shutil
from collections.abc import Callable, Iterator, Set
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Self, TypeVar

from tjtools.cache.library import Library
from tjtools.cache.snapshots import newest_snapshot
from tjtools.model.errors import TeamError, TeamUnreachable, TJToolsError
from tjtools.model.words import counted
from tjtools.team.copy import State, synced
from tjtools.team.records import digest
from tjtools.team.store import Store
from tjtools.workspace.derived import cache_file
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings, load_settings, put_section

log = logging.getLogger("tjtools.team")
AWAY = 60.0  # seconds
_TAKE = "SELECT tjtools.take_turn(%(account)s, %(holder)s, %(display)s, %(machine)s, %(seconds)s)"
_END = (
    "UPDATE tjtools.turns SET ended = clock_timestamp(), began = CASE WHEN %(applied)s THEN began ELSE '-infinity' END"
    " WHERE account = %(account)s AND what = 'sync' AND holder = %(holder)s AND ended IS NULL"
)
_T = TypeVar("_T")
_unreachable: dict[str, tuple[str, float]] = {}  # by address: what was said then, and until when nobody asks again


class Team:
    """The team of a workspace, as a context: at its end the connection is let go."""

    def __init__(self, workspace: Workspace, settings: TeamSettings) -> None:
        self.workspace, self.settings = workspace, settings
        self.state = State.of(workspace, settings)
        program, holder = f"tjtools {version('tjtools')}", self.state.holder(workspace)
        name = settings.name or getpass.getuser()
        self.store = Store(settings, display=name, machine=platform.node(), program=program, holder=holder)

    @classmethod
    def of(cls, workspace: Workspace) -> Team | None:
        """The team of a workspace, None where it has none."""
        settings = load_settings(workspace).team
        return cls(workspace, settings) if settings else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def exchange(self) -> list[str]:
        """Bring copy and team up to date; what a person should know of it, in words."""
        told = synced(self.workspace, self.store, now=datetime.now(UTC))
        self.state = State.of(self.workspace, self.settings)
        return told

    def sync(self) -> int:
        """The same, with the words in the log; returns the version that both have."""
        for told in self.exchange():
            log.warning("%s", told)
        return self.state.version


def brought_up_to_date(workspace: Workspace) -> str:
    """Exchange with the team before a panel reads the files; how old they are now, in words, `""` without a team."""
    team = None
    try:
        team = Team.of(workspace)
        if team is None:
            return ""
        with team:
            words = _reached(team, team.exchange)
    except TJToolsError as error:  # whoever reads a file that can't be read says so too
        words = [error.message]
    return " ".join([f"{team.settings.account}, {team.state.age}{'.' * bool(words)}", *words] if team else words)


def _reached(team: Team, work: Callable[[], _T]) -> _T:
    """What comes of asking the team; a database that could not be reached is left alone for a while.

    So nobody waits for it at each click, and for each of its accounts.
    """
    told, until = _unreachable.get(team.settings.url, ("", 0.0))
    if monotonic() < until:
        raise TeamUnreachable(told)
    try:
        return work()
    except TeamUnreachable as error:
        _unreachable[team.settings.url] = error.message, monotonic() + AWAY
        raise


@contextmanager
def shared(workspace: Workspace) -> Iterator[None]:
    """The library, locked, for what changes its rows; in a team, as all have it, and shared when this ends.

    Raises TeamUnreachable, and then nothing is changed.
    """
    with locked(workspace.library):
        team = Team.of(workspace)
        if team is None:
            yield
            return
        with team:
            team.sync()
            team.state._replace(ours=True).keep(workspace)  # whatever cuts us off: what was changed is told next time
            try:
                yield
            finally:
                try:
                    team.sync()
                except TeamError as error:  # it is done here all the same
                    log.warning("%s What was changed here is told at the next command.", error)


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
                try:
                    team.store.alone(_END, applied=newest_snapshot(workspace) != before)
                except TeamError as error:
                    log.warning("%s", error)


class Difference(NamedTuple):
    """What joining a team comes to: creatives that only this copy has, that only the team has, and that differ."""

    only_here: int
    only_there: int
    different: int

    @property
    def told(self) -> str:
        """The words for it."""
        return f"{counted(self.only_here, 'creative')} only here, {self.only_there} only there, {self.different} differ"


def compare(workspace: Workspace, settings: TeamSettings) -> Difference:
    """What differs between this library and the team's; nothing is changed."""
    with closing(Store(settings)) as store:
        theirs = store.exchange(0).creatives
    here = Library.load(workspace.library).by_id()
    different = sum(here[key] != theirs[key] for key in here.keys() & theirs.keys())
    return Difference(len(here.keys() - theirs.keys()), len(theirs.keys() - here.keys()), different)


def join(workspace: Workspace, settings: TeamSettings) -> int:
    """Join a team: the settings name it from now on, and both have what each had; returns the account's version."""
    told = load_settings(workspace).team
    if told and (told.url, told.account) != (settings.url, settings.account):
        raise TeamError(
            f"{workspace.root} belongs to the account {told.account} at {told.url}.",
            remedy="Leave it first: tjtools team leave",
        )
    with Team(workspace, settings) as team:
        version = team.sync()
    put_section(workspace.settings_file, "team", settings.model_dump())
    return version


def leave(workspace: Workspace) -> bool:
    """Belong to no team any more; every file stays. False where it belonged to none."""
    told = load_settings(workspace).team
    if told:
        put_section(workspace.settings_file, "team", {})
    shutil.rmtree(workspace.private / "team", ignore_errors=True)
    return told is not None


def other_accounts(team: Team, known: Set[str]) -> list[Workspace]:
    """A copy of each account that the person may see and has no workspace for; it is kept among the user's caches.

    Where the team can't be asked, those that are there from before. Raises NotAllowed.
    """
    folder = cache_file().with_name("accounts")
    seen = "SELECT account FROM tjtools.accounts ORDER BY account"
    try:
        names = [name for (name,) in _reached(team, lambda: team.store.alone(seen))]
    except TeamUnreachable:
        kept = (load_settings(Workspace(place.parent)).team for place in sorted(folder.glob("*/tjtools.toml")))
        names = [one.account for one in kept if one and one.url == team.settings.url]
    return [_copy(team, folder, name) for name in names if name not in known]


def _copy(team: Team, folder: Path, account: str) -> Workspace:
    settings = team.settings.model_copy(update={"account": account})
    place = Workspace(folder / digest(settings.url, account))
    if not place.settings_file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.tracking.mkdir(parents=True, exist_ok=True)
        join(place, settings)
    return place
