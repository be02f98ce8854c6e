"""A team at work on one account, while everything around it breaks: what is doubled, lost, mismatched, unequal?

Run as `python tests/team/torture.py`; it takes half an hour and writes `torture.md` beside this file. In each round
everybody gets a session that overlaps with the others', and uploads, refreshes, syncs, decides and pulls in an order of
their own, all at once; then everybody goes on until nothing is left, as a person would, and all files are compared with
the sandbox's own truth. The commands are real, in processes of their own; the site is asked without a browser.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

sys.path.insert(0, str(Path(__file__).parents[1]))

from crashes.zygote import Ended, Zygote
from PIL import Image
from team.server import Server
from team.torture_cuts import Cuts, Proxy
from team.torture_truth import wrong
from world import Truth, read_rows, write_inventory

from tjtools.practice.workspace import bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.team import Database
from tjtools.team.schema import apply_setup, plan_setup
from tjtools.upload import unfinished_run
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

ACCOUNT = "shop"
PATIENCE = "\n[upload]\nprocessing_timeout = 3\ncard_timeout = 1.5\nbatch_size = 3\n"
NEW, EACH = 8, 5  # contents that come in a round, and of these in each one's session
LIMIT = 120.0  # seconds after which a command counts as hung
NAMES = ("anna", "ben", "cleo", "dora", "emil", "fay", "gus", "hana")
CALM, KILLS, BACKENDS, SERVER, LINES, ALL = KINDS = (
    ("nothing",), ("kills",), ("backends",), ("server",), ("lines",), ("kills", "backends", "server", "lines"),
)  # fmt: skip
REPORT = Path(__file__).with_suffix(".md")


class Person:
    """One of the team: a workspace, a machine to work on, and how long their commands take."""

    def __init__(self, root: Path, name: str, origin: str) -> None:
        self.name, self.origin = name, origin
        self.workspace = Workspace((root / name).resolve())
        for part in ("tracking", "uploaded"):
            (self.workspace.root / part).mkdir(parents=True)
        self.workspace.settings_file.write_text(PATIENCE, "utf-8")
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
    new: int
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

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # the tests' server forgets what it has just committed when it is stopped at once: this database must not
            self.server.ask(self.database, f"ALTER DATABASE {self.database} SET synchronous_commit = on")
            stack.enter_context(self.proxy)
            self.truth.settings(processing_s=0.2, card_delay_s=0.3, drops_duplicates=False)
            for one in self.people:
                stack.enter_context(one.zygote)
            for one in self.people:
                url = self.server.url(self.database, port=self.proxy.port)
                told = one.do("team", "join", url, "--account", ACCOUNT, "--name", one.name, "--yes")
                assert told.code == 0, told.log
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def round(self, *kinds: str) -> Played:
        """Everybody at once, then everybody to the end."""
        self._hand_out()
        begun = time.monotonic()
        with self.cuts.during(*kinds):
            self._at_once(*(_plan(one, self._dice(), kills="kills" in kinds) for one in self.people))
        seconds = time.monotonic() - begun
        self.settle()
        found = wrong([one.workspace for one in self.people], self.truth, self.server, self.database)
        for one in self.people:
            found += one.complaints
            one.complaints = []
        return Played(kinds, seconds, NEW, tuple(found))

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

    def _at_once(self, *works: Sequence[tuple[Person, tuple[str, ...], float | None]]) -> None:
        threads = [threading.Thread(target=_work, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def settle(self) -> None:
        """Everybody goes on until nothing is left; one reads the site; everybody pulls."""
        lease = 1.5 * (3 + 1.5)
        for _ in range(4):
            done: list[Ended] = []
            threads = [threading.Thread(target=lambda one=one: done.append(one.upload())) for one in self.people]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            open_claims = self.server.ask(self.database, "SELECT 1 FROM tjtools.claims WHERE settled IS NULL")
            if not open_claims and all(one.code == 0 for one in done):
                break
            time.sleep(lease / 2)
        self.people[0].do("refresh-library", "--yes")
        for one in self.people:
            one.do("pull")


def _plan(
    one: Person, dice: random.Random, *, kills: bool
) -> list[tuple[Person, tuple[str, ...], float | None]]:
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
    path = Path(tempfile.gettempdir()) / f"torture-{os.getpid()}-{number}.png"
    drawn.save(path)
    content = path.read_bytes()
    path.unlink()
    return content


def make_team(server: Server, database: str) -> None:
    """A database with the schema and the account."""
    server.ask("postgres", f"CREATE DATABASE {database}")
    connected = Database(TeamSettings(url=server.url(database), account=ACCOUNT))
    apply_setup(connected, plan_setup(connected, [ACCOUNT], []))
    connected.close()


def play(rounds: Sequence[tuple[str, ...]], people: int, folder: Path) -> tuple[list[Played], Torture]:
    """All rounds, one behind the other, on one account whose library grows."""
    with (
        Server() as server,
        Sandbox(folder / "site", creatives=40) as sandbox,
    ):
        make_team(server, "torture")
        with Torture(folder, server, "torture", sandbox.origin, people) as torture:
            played = []
            for number, kinds in enumerate(rounds):
                played.append(torture.round(*kinds))
                one = played[-1]
                sys.stdout.write(f"{number} {' '.join(kinds)}: {one.seconds:.0f} s, {len(one.wrong)} wrong\n")
                sys.stdout.write("".join(f"  {each[:600]}\n" for each in one.wrong[:12]))
                sys.stdout.flush()
            return played, torture


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--people", type=int, default=8)
    options.add_argument("--only", choices=["nothing", "kills", "backends", "server", "lines", "all"])
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    kinds = {"nothing": CALM, "kills": KILLS, "backends": BACKENDS, "server": SERVER, "lines": LINES, "all": ALL}
    rounds = [kinds[given.only] if given.only else KINDS[number % len(KINDS)] for number in range(given.rounds)]
    with tempfile.TemporaryDirectory(prefix="torture-") as made:
        folder = given.folder or Path(made)
        played, torture = play(rounds, given.people, folder.resolve())
        print(torture.cuts.count, torture.proxy.cuts)
        for one in torture.people: print(one.name, dict(one.ends))

if __name__ == "__main__":
    main()
