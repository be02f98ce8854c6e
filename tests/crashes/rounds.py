"""One round: a fresh workspace and a reset sandbox, a work that is killed, the work gone on with, and a judgement.

The workspace may belong to a team: then its database is judged too, and the copy of a colleague who joins at the end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psutil
from crashes.effects import Kill
from crashes.jobs import UPLOAD, Job, draw_media, unreadable
from crashes.zygote import MARK, Ended, Zygote
from team.server import Server
from team.torture_truth import copies, in_the_database

from tjtools.cache.inventory import COLUMNS
from tjtools.practice.workspace import ask_sandbox, bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.team import Database, join
from tjtools.team.database import set_up
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

CREATIVES = 24
PATIENCE = "[upload]\nprocessing_timeout = 5\ncard_timeout = 1\n"  # how long a resume waits for what was under way


class Site(NamedTuple):
    """How the sandbox behaves in a round."""

    processing_s: float = 0.0
    drops_duplicates: bool = True
    card_delay_s: float = 0.0


SITES = (
    Site(0.3, drops_duplicates=True),
    Site(0.0, drops_duplicates=False),
    Site(0.3, drops_duplicates=False, card_delay_s=0.5),
)


class Round(NamedTuple):
    """What came of a round: was the kill hit, how was it gone on with, what was wrong after the kill and at the end.

    `again` is the command; `twice`: it was killed too, and begun once more. `outlived` counts processes of the killed
    work that were still there when the next one had ended; `left` are names
    of temporary files that stay behind; `first` is how many seconds the first run took.
    """

    job: str
    kill: Kill | None
    after: float | None
    site: Site
    hit: bool
    again: str
    twice: bool
    torn: tuple[str, ...]
    wrong: tuple[str, ...]
    outlived: int
    left: tuple[str, ...]
    first: float
    effects: tuple[str, ...]
    log: str


class TeamBase:
    """A team's database as it was when the template was made, again for each round."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.settings = TeamSettings(url=server.url("round"), account="shop")
        server.ask("postgres", "CREATE DATABASE round")
        with closing(Database(self.settings)) as owner:
            set_up(owner, ["shop"], [])

    def keep(self) -> None:
        """It is now as each round is to find it."""
        self.server.ask("postgres", "CREATE DATABASE ready TEMPLATE round")

    def reset(self) -> None:
        """As the template found it."""
        self.server.ask("postgres", "DROP DATABASE round WITH (FORCE)")
        self.server.ask("postgres", "CREATE DATABASE round TEMPLATE ready STRATEGY file_copy")

    def wrong(self, place: Workspace, other: Path) -> list[str]:
        """What differs between a workspace, the database, and the copy of one who joins now."""
        colleague = Workspace(other)
        shutil.rmtree(other, ignore_errors=True)
        colleague.tracking.mkdir(parents=True)
        join(colleague, self.settings)
        return [*in_the_database(place, self.server, "round"), *copies([place, colleague])]


class Place:
    """A sandbox and a workspace to copy, in which one round after the other is played; with `team`, it is a team's."""

    def __init__(self, *, team: bool = False) -> None:
        self.in_team = team
        self.team: TeamBase | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crashes-"))).resolve()
            self.zygote = stack.enter_context(Zygote())
            self.origin = stack.enter_context(Sandbox(self.folder / "site", creatives=CREATIVES)).origin
            self.ask = partial(ask, self.origin)
            self.team = TeamBase(stack.enter_context(Server())) if self.in_team else None
            self.numbers = count(1)
            self.template = self._made()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _made(self) -> Workspace:
        """A workspace that has read the site and looked at its files, so that a round does what it is about."""
        place = Workspace(self.folder / "round")  # what the cache knows is of that folder
        rows = draw_media(place.root / "uploaded")
        place.tracking.mkdir()
        for inventory in (place.session, place.master):
            write_rows(inventory, COLUMNS, [[row.get(column, "") for column in COLUMNS] for row in rows])
        place.settings_file.write_text(PATIENCE, "utf-8")
        bind_to_sandbox(place, self.origin)
        if self.team:
            join(place, self.team.settings)
        for command in (("refresh-library", "--yes"), ("review",)):
            done = self._run(place, command, "template", watch=False)
            if done.code:
                raise SystemExit(f"{command} ended with {done.code}: {done.log}")
        if self.team:
            self.team.keep()
        return Workspace(place.root.rename(self.folder / "template"))

    def play(
        self, job: Job, site: Site, kill: Kill | None = None, after: float | None = None, second: float | None = None
    ) -> Round:
        """Do a work, end it at `kill` or `after` so many seconds, go on with it, and look at everything.

        What goes on is ended too, `second` seconds after its beginning, and gone on with.
        """
        mark = f"{os.getpid()}-{id(self):x}-{next(self.numbers)}"
        place = self._fresh(job, site)
        start = time.monotonic()
        killed = self._run(place, job.command, mark, kill=kill, after=after)
        took = time.monotonic() - start
        torn = [*unreadable(place, self.ask)]
        again = job.again(place)
        gone_on = self._run(place, again, f"{mark}-again", watch=False, after=second)
        if twice := gone_on.code == -9:
            torn += unreadable(place, self.ask)
            gone_on = self._run(place, job.again(place), f"{mark}-again", watch=False)
        wrong = [*job.wrong(place, self.ask), *(self.team.wrong(place, self.folder / "colleague") if self.team else ())]
        if gone_on.code > 1 or gone_on.code < 0 or "Traceback" in gone_on.log + killed.log:
            wrong.append(f"lost: {' '.join(again)} ended with {gone_on.code}")
        left = tuple(path.name for path in place.tracking.rglob("*.tmp"))
        log = f"{killed.log}\n--- {' '.join(again)}\n{gone_on.log}" if wrong or torn else ""
        shutil.rmtree(place.root)
        hit, outlived = killed.code == -9, ended(mark)
        return Round(
            job.name, kill, after, site, hit, " ".join(again), twice, tuple(torn), tuple(wrong), outlived, left, took,
            killed.effects, log,
        )  # fmt: skip

    def _fresh(self, job: Job, site: Site) -> Workspace:
        self.ask("reset", "POST")
        self.ask("settings", "PUT", site._asdict())
        if self.team:
            self.team.reset()
        place = Workspace(self.folder / "round")
        shutil.rmtree(place.root, ignore_errors=True)
        shutil.copytree(self.template.root, place.root)
        bind_to_sandbox(place, self.origin)
        job.begin(place, self.ask)
        return place

    def _run(
        self, place: Workspace, command: tuple[str, ...], mark: str, *,
        watch: bool = True, kill: Kill | None = None, after: float | None = None,
    ) -> Ended:  # fmt: skip
        words = *(word.replace("ROOT", str(place.root)) for word in command), "--workspace", str(place.root)
        log = self.folder / "log.txt"
        return self.zygote.run(*words, folder=place.root, log=log, mark=mark, watch=watch, kill=kill, after=after)


def ask(origin: str, what: str, method: str = "GET", body: object = None) -> object:
    """Ask the sandbox."""
    return ask_sandbox(origin, what, method=method, body=body)


def ended(mark: str) -> int:
    """End what is left of a killed work, and say how many processes that were."""
    left = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark:
                left += 1
                process.kill()
    return left


__all__ = ["SITES", "UPLOAD", "Kill", "Place", "Round", "Site"]
