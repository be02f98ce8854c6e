"""A team of processes: each has a workspace of its own, all have one account and one sandbox, and they work at once."""

from __future__ import annotations

import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

from crashes.zygote import Ended, Zygote
from PIL import Image
from team.server import Server
from team.torture_cuts import Cuts, Proxy
from team.torture_truth import wrong
from world import Truth, read_rows, write_inventory

from tjtools.practice.workspace import bind_to_sandbox
from tjtools.team import Database
from tjtools.team.database import set_up
from tjtools.upload import unfinished_run
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

ACCOUNT = "shop"
PROCESSING, CARD = 3.0, 1.5  # seconds, of which follows how long a claim lasts without a sign of life
LEASE = 1.5 * (PROCESSING + CARD)
SETTINGS = f"[upload]\nprocessing_timeout = {PROCESSING}\ncard_timeout = {CARD}\nbatch_size = 3\n"
NEW, EACH = 8, 5  # contents that come in a round, and of these in each one's session
LIMIT = 120.0  # seconds after which a command counts as hung
NAMES = ("anna", "ben", "cleo", "dora", "emil", "fay", "gus", "hana")


class Person:
    """One of the team: a workspace, a machine to work on, and how long their commands take."""

    def __init__(self, root: Path, name: str, origin: str) -> None:
        self.name, self.origin = name, origin
        self.workspace = Workspace((root / name).resolve())
        for part in ("tracking", "uploaded"):
            (self.workspace.root / part).mkdir(parents=True)
        self.workspace.settings_file.write_text(SETTINGS, "utf-8")
        bind_to_sandbox(self.workspace, origin)
        self.zygote = Zygote("psycopg", "team.torture_child")
        self.took: dict[str, float] = {}
        self.complaints: list[str] = []
        self.ends: Counter[str] = Counter()
        self.log = root / f"{name}.log"

    def do(self, *words: str, after: float | None = None, falls_asleep: str = "", asleep: float = 0) -> Ended:
        """Run a command; one that is killed after so many seconds may end anyhow, any other with a word."""
        begun, log = time.monotonic(), self.workspace.root / "told.txt"
        done = self.zygote.run(
            *words, "--workspace", str(self.workspace.root), folder=self.workspace.root, log=log, watch=False,
            after=LIMIT if after is None and not asleep else after,
            first=("team.torture_child", self.origin, falls_asleep), asleep=asleep,
        )  # fmt: skip
        took = time.monotonic() - begun
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"\n--- {datetime.now(UTC):%H:%M:%S} {' '.join(words)}: {done.code}, {took:.1f} s\n{done.log}")
        killed = done.code == -9 and after is not None
        self.ends["killed" if killed else f"ended with {done.code}"] += 1
        if not killed:
            self.took[words[0]] = took
            if done.code not in (0, 1, 2) or "Traceback" in done.log:
                self.complaints.append(f"lost: {self.name}'s {' '.join(words)} ended with {done.code}: {done.log}")
        return done

    def upload(self, after: float | None = None) -> Ended:
        """What a person does: begin, or go on with what was cut off."""
        words = ("--resume",) if unfinished_run(self.workspace) else ("--session", "--live")
        return self.do("upload", *words, after=after)

    def give(self, files: Sequence[tuple[str, bytes]]) -> None:
        """A new session; its rows come into the master too."""
        rows = [{"unique_id": name[:-4], "new_filename": name, "creative_type": "image"} for name, _ in files]
        for name, content in files:
            (self.workspace.root / "uploaded" / name).write_bytes(content)
        if not self.workspace.master.exists():
            write_inventory(self.workspace.master, [])
        known = {row["new_filename"] for row in read_rows(self.workspace.master)}
        with self.workspace.master.open("a", encoding="utf-8") as file:
            columns = self.workspace.master.read_text("utf-8").splitlines()[0].split(",")
            new = (row for row in rows if row["new_filename"] not in known)
            file.writelines(f"{','.join(row.get(column, '') for column in columns)}\n" for row in new)
        write_inventory(self.workspace.session, rows)


class Played(NamedTuple):
    """A round: under what, how long everybody worked at once, and what was wrong at its end."""

    kinds: tuple[str, ...]
    seconds: float
    wrong: tuple[str, ...]


class Slept(NamedTuple):
    """Where a run fell asleep, how often its file was handed over, its last word, and what was wrong at the end."""

    point: str
    handed: int
    word: str
    wrong: tuple[str, ...]


class Torture:
    """A team, its server behind a proxy, and its sandbox."""

    def __init__(self, root: Path, server: Server, database: str, origin: str, people: int, seed: int = 11) -> None:
        self.server, self.database, self.truth = server, database, Truth(origin)
        self.dice = random.Random(seed)  # noqa: S311
        self.proxy = Proxy(server.port)
        self.cuts = Cuts(server, database, self.proxy)
        self.people = [Person(root, name, origin) for name in NAMES[:people]]
        self.numbers = iter(range(10_000))
        self.told: set[str] = set()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # the tests' server forgets what it has just committed when it is stopped at once: this database must not
            self.server.ask(self.database, f"ALTER DATABASE {self.database} SET synchronous_commit = on")
            self._let_in()
            stack.enter_context(self.proxy)
            self.truth.settings(processing_s=0.2, card_delay_s=0.3, drops_duplicates=False)
            for one in self.people:
                stack.enter_context(one.zygote)
            for one in self.people:
                url = self.server.url(self.database, one.name, self.proxy.port)
                told = one.do("team", "join", url, "--account", ACCOUNT, "--name", one.name, "--yes")
                assert told.code == 0, told.log
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _let_in(self) -> None:
        """Everybody is a buyer, with no other rights."""
        known = self.server.ask("postgres", "SELECT rolname FROM pg_roles")
        names = [one.name for one in self.people]
        for one in names:
            if (one,) not in known:
                self.server.ask("postgres", f"CREATE ROLE {one} LOGIN")
        with closing(Database(TeamSettings(url=self.server.url(self.database), account=ACCOUNT))) as owner:
            set_up(owner, [ACCOUNT], [(ACCOUNT, one, "buyer") for one in names])

    def round(self, *kinds: str) -> Played:
        """Everybody at once, then everybody to the end."""
        self._hand_out()
        away = self.dice.sample(self.people, 1) if kinds == ("kills",) else []  # killed, and gone home
        plans = [_plan(one, self._dice(), kills="kills" in kinds) for one in self.people if one not in away]
        plans += [[(one, ("upload",), self.dice.uniform(0.5, 1) * one.took["upload"])] for one in away]
        begun = time.monotonic()
        with self.cuts.during(*kinds):
            at_once([partial(_work, plan) for plan in plans])
        seconds = time.monotonic() - begun
        if away:
            self.go_on([one for one in self.people if one not in away])
        self.go_on(self.people)
        return Played(kinds, seconds, tuple(self._wrong()))

    def _wrong(self) -> list[str]:
        """What is wrong now and was not told yet."""
        found = wrong([one.workspace for one in self.people], self.truth, self.server, self.database)
        found = [*found, *(each for one in self.people for each in one.complaints)]
        new = [one for one in found if one not in self.told]
        self.told |= {*new}
        return new

    def _dice(self) -> random.Random:
        return random.Random(self.dice.random())  # noqa: S311

    def _hand_out(self) -> None:
        """New contents, some of them under another name here and there, and news on the site."""
        contents = [(f"{number:04}.png", picture(number)) for number in (next(self.numbers) for _ in range(NEW))]
        for one in self.people:
            mine = self.dice.sample(contents, EACH)
            one.give([(_renamed(self.dice, one, name), content) for name, content in mine])
        held = self.truth.ask("creatives")
        for one in self.dice.sample(held, 4):
            status = self.dice.choice(("approved", "rejected", "pending"))
            self.truth.ask(f"creatives/{one['creative_id']}", "PATCH", {"review_status": status})
        self.truth.add("Static Banner", f"somebody's {next(self.numbers)}")

    def go_on(self, people: Sequence[Person]) -> None:
        """They go on until nothing is left; one reads the site; all pull."""
        for _ in range(12):
            ends: list[int] = []
            at_once([partial(_note_end, ends, one) for one in people])
            if not self.open_claims() and set(ends) == {0}:
                break
            time.sleep(LEASE / 2)  # the claim of one who was killed lasts so long
        people[0].do("refresh-library", "--yes")
        for one in people:
            one.do("pull")

    def open_claims(self) -> list[tuple[str, str]]:
        """The files that somebody may be handing over, and who that is."""
        query = "SELECT name, display FROM tjtools.claims WHERE settled IS NULL"
        return self.server.ask(self.database, query)  # type: ignore[return-value]

    def sleep(self, point: str) -> Slept:
        """One falls asleep in an upload, behind `point`, and wakes when the lease is over and another has the file."""
        anna, ben = self.people[:2]
        name, content = f"{point}-{next(self.numbers):04}.png", picture(next(self.numbers))
        for one in (anna, ben):
            one.give([(name, content)])
        told: list[Ended] = []
        words = ("upload", "--session", "--live")
        sleeper = threading.Thread(target=lambda: told.append(anna.do(*words, falls_asleep=point, asleep=LEASE + 2)))
        sleeper.start()
        wait_for(self.open_claims)
        while self.open_claims() and sleeper.is_alive():
            ben.upload()
        sleeper.join()
        self.go_on(self.people)
        handed = [one for one in self.truth.received() if one == name]
        return Slept(point, len(handed), told[0].log.strip().splitlines()[-1], tuple(self._wrong()))


def _plan(one: Person, dice: random.Random, *, kills: bool) -> list[tuple[Person, tuple[str, ...], float | None]]:
    """What one of them does in a round, in which order, and what of it is killed when."""
    files = [row["new_filename"] for row in read_rows(one.workspace.session)]
    pair = [str(one.workspace.root / "uploaded" / name) for name in sorted(files)[:2]]
    works: list[tuple[str, ...]] = [
        ("upload",), ("upload",), ("refresh-library", "--yes"), ("sync-status", "--pending"), ("sync-status",),
        ("decide", *pair, dice.choice(("not-the-same", "undecided"))), ("pull",),
    ]  # fmt: skip
    dice.shuffle(works)
    if kills:
        works += [("upload",)]
    return [
        (one, work, dice.uniform(0.05, one.took.get(work[0], 1.0)) if kills and dice.random() < 0.6 else None)
        for work in works
    ]


def _work(works: Sequence[tuple[Person, tuple[str, ...], float | None]]) -> None:
    for one, words, after in works:
        if words == ("upload",):
            one.upload(after)
        else:
            one.do(*words, after=after)


def _renamed(dice: random.Random, one: Person, name: str) -> str:
    return f"{one.name}-{name}" if dice.random() < 0.15 else name


def picture(number: int) -> bytes:
    """A picture that looks like no other."""
    dice = random.Random(number)  # noqa: S311
    drawn = Image.frombytes("RGB", (10, 8), dice.randbytes(240)).resize((300, 250), Image.Resampling.NEAREST)
    target = io.BytesIO()
    drawn.save(target, "PNG")
    return target.getvalue()


def _note_end(ends: list[int], one: Person) -> None:
    ends.append(one.upload().code)


def at_once(works: Sequence[Callable[[], object]]) -> None:
    """Each in a thread of its own, until all are done."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait_for(what: Callable[[], object]) -> None:
    """Ask until there is something."""
    until = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)
