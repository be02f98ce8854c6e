"""Who may do what in a team's database, which schema is taken, and what an address may hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest
from team.conftest import ACCOUNT
from team.server import Server
from team.test_copy import rows, run
from team.torture_team import wait_for
from world import NOW, image, plan, reading, tjtools

from tjtools.model.errors import NotAllowed, TeamUnreachable
from tjtools.scrape.refresh import apply_update
from tjtools.team import Database, turn
from tjtools.team.database import migrations, set_up
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

Make = Callable[[str], Workspace]


@pytest.fixture
def people(server: Server, database: str, folder: Make) -> dict[str, Workspace]:
    """Workspaces of a buyer and a reader of the account, and of a buyer of another one."""
    for one in ("buyer_b", "reader_r", "other_o"):
        if not server.ask("postgres", "SELECT 1 FROM pg_roles WHERE rolname = %s", one):
            server.ask("postgres", f"CREATE ROLE {one} LOGIN")
    made = {one: folder(one) for one in ("buyer_b", "reader_r", "other_o")}
    place, url = made["buyer_b"], server.url(database)
    run(place, "team", "init", url, "--account", ACCOUNT, "--buyer", "buyer_b", "--reader", "reader_r")
    run(place, "team", "init", url, "--account", "other", "--buyer", "other_o")
    for one, workspace in made.items():
        account = "other" if one == "other_o" else ACCOUNT
        run(workspace, "team", "join", server.url(database, one), "--account", account, "--yes")
    return made


def test_a_buyer_writes_a_reader_reads_and_another_accounts_buyer_sees_nothing(
    people: dict[str, Workspace], server: Server, database: str
) -> None:
    run(people["buyer_b"], "add", "1", "a.png", "--type", "image")
    for one in people.values():
        run(one, "pull")
    assert [rows(people[one]) if people[one].library.exists() else {} for one in people] == [
        {"1": "pending"},
        {"1": "pending"},
        {},
    ]
    assert "does not let you do that" in run(people["reader_r"], "add", "2", "b.png")
    assert server.ask(database, "SELECT DISTINCT by_user FROM tjtools.events") == [("buyer_b",)]


@pytest.mark.parametrize(
    ("person", "statement"),
    [
        ("buyer_b", "UPDATE tjtools.events SET kind = 'nothing'"),
        ("buyer_b", "DELETE FROM tjtools.events"),
        ("buyer_b", "DELETE FROM tjtools.creatives"),
        ("buyer_b", "DELETE FROM tjtools.claims"),
        ("buyer_b", "UPDATE tjtools.members SET role = 'buyer'"),
        ("buyer_b", "INSERT INTO tjtools.accounts VALUES ('mine', 0)"),
        (
            "buyer_b",
            "INSERT INTO tjtools.events (account, version, id, at, kind, about, data, display, machine, program,"
            " by_user) VALUES ('shop', 1, 'x', now(), 'a', '', '{}', '', '', '', 'reader_r')",
        ),
        (
            "other_o",
            "INSERT INTO tjtools.creatives (account, creative_id, rows, version) VALUES ('shop', '9', '[]', 9)",
        ),
        (
            "reader_r",
            "INSERT INTO tjtools.creatives (account, creative_id, rows, version) VALUES ('shop', '9', '[]', 9)",
        ),
        ("reader_r", "UPDATE tjtools.accounts SET version = 9"),
        ("reader_r", "INSERT INTO tjtools.turns VALUES ('shop', 'sync', 'x', '', '')"),
        ("other_o", "INSERT INTO tjtools.turns VALUES ('shop', 'sync', 'x', '', '')"),
        ("buyer_b", "DELETE FROM tjtools.turns"),
    ],
)
def test_what_each_must_not_do_the_database_refuses(
    person: str, statement: str, people: dict[str, Workspace], server: Server, database: str
) -> None:
    with (
        psycopg.connect(server.url(database, person), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_a_schema_that_a_newer_tjtools_has_made_is_refused_in_words(
    joined: Make, server: Server, database: str
) -> None:
    anna = joined("anna")
    server.ask(database, "INSERT INTO tjtools.migrations VALUES (99)")
    assert "Update tjtools on this machine" in run(anna, "pull", code=2)


def test_a_dry_run_of_init_says_what_it_would_do_and_does_nothing(server: Server, folder: Make) -> None:
    server.ask("postgres", "DROP DATABASE IF EXISTS bare")
    server.ask("postgres", "CREATE DATABASE bare")
    told = run(folder("anna"), "team", "init", server.url("bare"), "--account", "shop", "--dry-run")
    made = [f"Would: make the schema tjtools, version {number}\n" for number in migrations()]
    assert told == "".join(made) + "Would: add the account shop\n"
    assert server.ask("bare", "SELECT to_regclass('tjtools.events')") == [(None,)]


def test_who_was_a_buyer_before_a_migration_may_do_what_it_brings(
    server: Server, database: str, folder: Make, people: dict[str, Workspace]
) -> None:
    server.ask(database, "DROP TABLE tjtools.turns")
    server.ask(database, "DROP INDEX tjtools.claims_went")
    server.ask(database, "DROP VIEW tjtools.held, tjtools.deeds")
    server.ask(database, "DROP FUNCTION tjtools.follow, tjtools.known_as, tjtools.admit, tjtools.take_turn CASCADE")
    server.ask(database, "DELETE FROM tjtools.migrations WHERE number > 1")
    assert "tjtools team init" in run(people["buyer_b"], "pull", code=2)
    did = "".join(f"Did: make the schema tjtools, version {number}\n" for number in (2, 3, 4))
    assert run(folder("owner"), "team", "init", server.url(database)) == did
    with turn(people["buyer_b"], 30) as whose:
        assert whose == ""
    with pytest.raises(NotAllowed), turn(people["reader_r"], 30):
        pytest.fail("a reader must not take the turn")


def test_two_who_make_the_schema_at_once_make_it_once(server: Server) -> None:
    server.ask("postgres", "DROP DATABASE IF EXISTS twice")
    server.ask("postgres", "CREATE DATABASE twice")
    told: list[str] = []

    def make() -> None:
        with closing(Database(TeamSettings(url=server.url("twice"), account=ACCOUNT))) as database:
            set_up(database, [ACCOUNT], [])
        told.append("made")

    threads = [threading.Thread(target=make) for _ in range(2)]
    with psycopg.connect(server.url("twice"), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('tjtools schema'))")
        for thread in threads:
            thread.start()
        wait_for(lambda: server.ask("twice", "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(2,)])
    for thread in threads:
        thread.join()
    assert told == ["made", "made"]


def test_a_password_in_an_address_is_refused_and_stands_nowhere(folder: Make, server: Server, database: str) -> None:
    anna = folder("anna")
    for url in (
        server.url(database).replace("owner@", "owner:hunter2@"),
        f"{server.url(database)}?password=hunter2",
    ):
        done = tjtools("team", "join", url, "--account", ACCOUNT, "--yes", cwd=anna.root)
        assert done.returncode == 2
        assert "leave the password out" in " ".join(done.stderr.replace("│", " ").split())
        assert "hunter2" not in done.stdout + done.stderr
    assert not anna.settings_file.exists()


def test_without_the_database_a_sync_changes_nothing(joined: Make, server: Server) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "a.png", "--type", "image")
    update, before = plan(anna, reading(image("1", "a")), full=False), anna.library.read_bytes()
    for file in (anna.settings_file, anna.private / "team" / "state.json"):
        file.write_text(file.read_text("utf-8").replace(f":{server.port}/", ":1/"), "utf-8")
    with pytest.raises(TeamUnreachable):
        apply_update(update, now=NOW)
    assert anna.library.read_bytes() == before


def test_the_password_comes_from_the_keyring_where_the_server_asks_for_one(
    folder: Make, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, rights = folder("anna"), server.data / "pg_hba.conf"
    server.ask("postgres", "CREATE ROLE locked LOGIN PASSWORD 'hunter2'")
    rights.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{rights.read_text('utf-8')}", "utf-8")
    server.ask("postgres", "SELECT pg_reload_conf()")
    run(anna, "team", "init", server.url(database), "--account", ACCOUNT, "--buyer", "locked")
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr("keyring.get_password", lambda *where: kept.get(where))
    join = ("team", "join", server.url(database, "locked"), "--account", ACCOUNT, "--yes")
    told = run(anna, *join, code=2)
    assert "no password supplied" in told
    assert f'keyring set "tjtools 127.0.0.1/{database}" locked' in told
    kept[f"tjtools 127.0.0.1/{database}", "locked"] = "hunter2"
    run(anna, *join)
    run(anna, "pull")
    assert "hunter2" not in "".join(path.read_text("utf-8") for path in anna.root.rglob("*.*") if path.is_file())


@pytest.mark.parametrize(
    ("address", "more", "encrypted"),
    [
        ("db.example.com", "", True),
        ("127.0.0.1", "&host=db.example.com", True),
        ("db.example.com", "&sslmode=disable", False),
        ("127.0.0.1", "", False),
    ],
)
def test_another_host_is_spoken_to_under_tls_unless_somebody_says_otherwise(
    address: str, more: str, encrypted: bool, folder: Make, server: Server, database: str
) -> None:
    url = f"postgresql://owner@{address}:{server.port}/{database}?hostaddr=127.0.0.1{more}"
    told = run(folder("anna"), "team", "join", url, "--account", ACCOUNT, "--yes", code=2 if encrypted else 0)
    assert ("SSL was required" in told) is encrypted
