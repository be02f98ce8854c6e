"""Workspaces of one team have the same library, history, master and decisions, whoever of them has changed what."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from team.conftest import ACCOUNT, join
from team.server import Server
from team.torture_team import wait_for
from world import NOW, banner, image, plan, read_rows, reading, session, tjtools, write_inventory

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import keep_snapshot
from tjtools.diff.repeats import Content, Decision, Decisions
from tjtools.model.creative import ReviewStatus
from tjtools.scrape import refresh
from tjtools.scrape.refresh import apply_update
from tjtools.team import Team, store
from tjtools.team import database as team_database
from tjtools.team.store import Store
from tjtools.workspace.folder import Workspace

Make = Callable[[str], Workspace]


def run(workspace: Workspace, *arguments: str, code: int = 0) -> str:
    done = tjtools(*arguments, cwd=workspace.root)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def away(workspace: Workspace, server: Server) -> Iterator[None]:
    """The workspace, for which nobody answers at its team's address meanwhile."""
    files = workspace.settings_file, workspace.private / "team" / "state.json"
    there, gone = f":{server.port}/", ":1/"
    for before, after in ((there, gone), (gone, there)):
        for file in files:
            file.write_text(file.read_text("utf-8").replace(before, after), "utf-8")
        if after == gone:
            yield


def rows(workspace: Workspace) -> dict[str, str]:
    return {row["creative_id"]: row["review_status"] for row in read_rows(workspace.library)}


def history(workspace: Workspace) -> list[dict[str, str]]:
    return read_rows(workspace.history)


def test_what_one_adds_the_other_has_at_the_next_command(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1032530571", "a.png", "--type", "image")
    assert not ben.library.exists()
    run(ben, "verify")
    assert ben.library.read_bytes() == anna.library.read_bytes()
    assert ben.history.read_bytes() == anna.history.read_bytes()


def test_joining_merges_what_each_has_and_shows_the_difference_first(folder: Make, url: str) -> None:
    anna, ben = folder("anna"), folder("ben")
    Library.load(anna.library).add([image("1", "a.png", ReviewStatus.APPROVED), image("2", "b.png")])
    Library.load(ben.library).add([image("1", "a.png"), image("3", "c.png")])
    join(anna, url)
    before = ben.library.read_bytes()
    told = run(ben, "team", "join", url, "--account", ACCOUNT, "--dry-run")
    assert "1 creative only here, 1 only there, 1 differ" in told
    assert ben.library.read_bytes() == before
    join(ben, url, "Ben")
    run(anna, "pull")
    assert rows(anna) == rows(ben) == {"1": "approved", "2": "pending", "3": "pending"}


def test_the_masters_ids_go_to_everybody(folder: Make, url: str) -> None:
    anna, ben = folder("anna"), folder("ben")
    own = banner(anna.root / "uploaded", "a.png")
    write_inventory(anna.master, [own])
    anna.master.write_text(
        f"{anna.master.read_text('utf-8').splitlines()[0]},tj_creative_id,tj_upload_date\n"
        "00000000,,a.png,,,Sports,,image,,,,,,,,,,,1032530571,2025-11-13\n",
        "utf-8",
    )
    join(anna, url)
    join(ben, url)
    [row] = read_rows(ben.master)
    assert (row["new_filename"], row["tj_creative_id"], row["tj_upload_date"], row["category"]) == (
        "a.png",
        "1032530571",
        "2025-11-13",
        "Sports",
    )


def test_decisions_are_everybodys(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    Decisions.load(anna).decide(Content("a" * 64, "a"), Content("b" * 64, "b"), Decision.SKIP, now=NOW)
    run(anna, "pull")
    run(ben, "pull")
    assert Decisions.load(ben).of("a" * 64, "b" * 64) is Decision.SKIP
    before = [one.log.read_bytes() for one in (anna, ben)]
    run(ben, "pull")
    run(anna, "pull")
    assert [one.log.read_bytes() for one in (anna, ben)] == before


def test_a_line_that_a_person_appends_is_taken_to_the_team(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1032530571", "a.png", "--type", "image")
    run(ben, "pull")
    with ben.library.open("a", encoding="utf-8") as file:
        file.write("1032530572,b.png,,300x250,png,image,pending\n1032530571,a.png,,300x250,png,image,approved\n")
    run(ben, "pull")
    run(anna, "pull")
    assert rows(anna) == {"1032530571": "approved", "1032530572": "pending"}
    assert rows(ben)["1032530571"] == "approved"


@pytest.mark.parametrize("how", ["cleared", "a line taken away", "a line changed"])
def test_a_library_that_was_edited_is_put_back_and_said_and_nothing_is_taken_from_the_team(
    how: str, joined: Make
) -> None:
    anna, ben = joined("anna"), joined("ben")
    for number in range(3):
        run(anna, "add", str(1032530571 + number), f"{number}.png", "--type", "image")
    run(ben, "pull")
    whole = ben.library.read_text("utf-8")
    edited = {
        "cleared": "",
        "a line taken away": "".join(whole.splitlines(keepends=True)[:-1]),
        "a line changed": whole.replace("2.png", "another.png"),
    }[how]
    ben.library.write_text(edited + "1032530999,new.png,,,,image,pending\n" * bool(edited), "utf-8")
    told = run(ben, "pull")
    assert "were not as the team has them" in told
    assert "backups" in told
    run(anna, "pull")
    assert rows(anna) == rows(ben)
    assert rows(anna).keys() >= {"1032530571", "1032530572", "1032530573"}
    assert ("1032530999" in rows(anna)) is bool(edited)
    assert Library.load(ben.library).get("1032530573")[0].filename == "2.png"
    assert run(ben, "pull") == f"Up to date with {ACCOUNT}.\n"


def test_what_a_sync_finds_is_everybodys_and_an_older_reading_is_not_applied_over_it(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    for number in (1, 2):
        run(anna, "add", str(number), f"{number}.png", "--type", "image")
    run(ben, "pull")
    older = plan(ben, reading(image("1", "1"), image("2", "2")), full=False)
    apply_update(plan(anna, reading(image("1", "1", ReviewStatus.APPROVED)), full=False), now=NOW)
    with pytest.raises(Exception, match="brought up to date after this was read"):
        apply_update(older, now=NOW)
    assert rows(anna) == rows(ben) == {"1": "approved", "2": "removed"}
    assert history(anna) == history(ben)


def test_two_who_change_the_same_creative_at_once_both_have_their_way(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1", "1", "--type", "image")
    run(ben, "pull")
    with anna.library.open("a", encoding="utf-8") as file:
        file.write("1,1,,,,,approved\n")
    with ben.library.open("a", encoding="utf-8") as file:
        file.write("1,1.png,,300x250,,,\n")
    for one in (anna, ben, anna):
        run(one, "pull")
    [row], [other] = read_rows(anna.library), read_rows(ben.library)
    assert row == other
    assert (row["filename"], row["dimensions"], row["review_status"]) == ("1.png", "300x250", "approved")


def test_a_copy_that_was_cut_off_behind_its_exchange_tells_the_same_once(
    joined: Make, server: Server, database: str
) -> None:
    anna = joined("anna")
    state = anna.private / "team" / "state.json"
    before = state.read_bytes()
    session(anna, [banner(anna.root / "uploaded", "a.png")])
    run(anna, "add", "1", "1.png", "--type", "image")
    events = server.ask(database, "SELECT id, kind FROM tjtools.events ORDER BY place")
    state.write_bytes(before)
    for name in ("TJ_Creative_Library.csv", "TJ_Review_History.csv", "events.txt"):
        (anna.private / "team" / name).unlink(missing_ok=True)
    whole = {path: path.read_bytes() for path in (anna.library, anna.history)}
    run(anna, "pull")
    assert server.ask(database, "SELECT id, kind FROM tjtools.events ORDER BY place") == events
    assert {path: path.read_bytes() for path in whole} == whole


def cut_off(workspace: Workspace, before: Path) -> None:
    """What the copy knows of the team is as it was: a command of ours ended right behind its exchange."""
    shutil.rmtree(workspace.private / "team")
    shutil.copytree(before, workspace.private / "team")
    state = workspace.private / "team" / "state.json"
    state.write_text(state.read_text("utf-8").replace('"ours": false', '"ours": true'), "utf-8")


def kept(workspace: Workspace, folder: Path) -> Path:
    """What the copy knows of the team now."""
    return Path(shutil.copytree(workspace.private / "team", folder / f"team of {workspace.root.name}"))


def saw(workspace: Workspace, status: ReviewStatus, later: int = 0) -> None:
    """Somebody has read on the site what became of the creative 1."""
    now = NOW + timedelta(seconds=later)
    History.of(workspace).record([image("1", "1", status)], source=Source.SYNC, now=now)


def test_two_who_see_the_same_change_at_once_note_it_once(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1", "1", "--type", "image")
    run(ben, "pull")
    saw(anna, ReviewStatus.APPROVED)
    saw(ben, ReviewStatus.APPROVED, later=1)
    for one in (anna, ben, anna):
        run(one, "pull")
    assert [row["to_status"] for row in history(ben)] == ["pending", "approved"]
    assert history(anna) == history(ben)


def test_what_a_copy_had_told_before_it_was_cut_off_stays_behind_what_others_told_since(
    joined: Make, tmp_path: Path
) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1", "1", "--type", "image")
    run(ben, "pull")
    before = kept(anna, tmp_path)
    saw(anna, ReviewStatus.APPROVED)
    Decisions.load(anna).decide(Content("a" * 64, "a"), Content("b" * 64, "b"), Decision.SKIP, now=NOW)
    run(anna, "pull")
    run(ben, "pull")
    saw(ben, ReviewStatus.REJECTED, later=1)
    Decisions.load(ben).decide(Content("a" * 64, "a"), Content("b" * 64, "b"), Decision.NOT_THE_SAME, now=NOW)
    run(ben, "pull")
    cut_off(anna, before)
    run(anna, "pull")
    assert history(anna) == history(ben)
    assert [row["to_status"] for row in history(anna)] == ["pending", "approved", "rejected"]
    assert Decisions.load(anna).of("a" * 64, "b" * 64) is Decision.NOT_THE_SAME


def test_a_change_that_was_told_before_it_was_cut_off_and_taken_back_since_leaves_all_copies_the_same(
    joined: Make, server: Server, database: str, tmp_path: Path
) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1", "1", "--type", "image")
    run(ben, "pull")
    before = kept(anna, tmp_path)
    pending = image("1", "1")
    apply_update(plan(anna, reading(pending._replace(review_status=ReviewStatus.APPROVED)), full=False), now=NOW)
    run(ben, "pull")
    apply_update(plan(ben, reading(pending), full=False), now=NOW + timedelta(hours=1))
    cut_off(anna, before)
    for one in (anna, ben):
        run(one, "pull")
    [[told]] = server.ask(database, "SELECT rows FROM tjtools.creatives")
    assert rows(anna) == rows(ben) == {told[0][0]: told[0][6]}


def test_without_the_database_what_is_here_is_worked_on_with_a_word_about_its_age(
    joined: Make, server: Server, database: str
) -> None:
    anna = joined("anna")
    with away(anna, server):
        told = run(anna, "add", "1", "1.png")
        assert "can't be reached" in told
        assert "What is here is as of 20" in told
        assert "Added to" in told
        assert "can't be reached" in run(anna, "pull", code=2)
    run(anna, "pull")
    assert server.ask(database, "SELECT about FROM tjtools.events WHERE kind = 'creative'") == [("1",)]


def test_what_was_applied_when_the_database_went_away_is_said_to_be_here_and_told_later(
    joined: Make, server: Server, database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1", "1", "--type", "image")
    update = plan(anna, reading(image("1", "1", ReviewStatus.APPROVED)), full=False)
    kept_snapshot = refresh.keep_snapshot

    def then_it_goes_away(*arguments: Any) -> Path:
        closed(server, database)
        return kept_snapshot(*arguments)

    monkeypatch.setattr(refresh, "keep_snapshot", then_it_goes_away)
    assert apply_update(update, now=NOW).difference.status_changed
    assert "What was changed here is told at the next command." in caplog.text
    server.ask("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    for one in (anna, ben):
        run(one, "pull")
    assert rows(anna) == rows(ben) == {"1": "approved"}


def closed(server: Server, database: str) -> None:
    """Nobody gets into the database any more."""
    server.ask("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    server.ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", database)


def test_what_a_person_writes_into_the_master_while_it_is_shared_goes_to_everybody_next_time(
    folder: Make, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = folder("anna"), folder("ben")
    for one in (anna, ben):
        write_inventory(one.master, [banner(one.root / "uploaded", "0.png")])
        join(one, url)
    told = Store.exchange

    def meanwhile(store: Store, *news: Any) -> Any:
        with_id(anna, "2.png", "2")
        return told(store, *news)

    with_id(anna, "1.png", "1")
    with monkeypatch.context() as edited:
        edited.setattr(Store, "exchange", meanwhile)
        run(anna, "pull")
    for one in (anna, ben):
        run(one, "pull")
    named = {row["new_filename"]: row.get("tj_creative_id") for row in read_rows(ben.master)}
    assert (named["1.png"], named["2.png"]) == ("1", "2")


def with_id(workspace: Workspace, name: str, creative_id: str) -> None:
    """A person writes into the master that a banner has an ID."""
    lines = workspace.master.read_text("utf-8").splitlines()
    if "tj_creative_id" not in lines[0]:
        lines = [f"{lines[0]},tj_creative_id", *(f"{line}," for line in lines[1:])]
    told = {"new_filename": name, "creative_type": "image", "tj_creative_id": creative_id}
    lines.append(",".join(told.get(column, "") for column in lines[0].split(",")))
    workspace.master.write_text("\n".join([*lines, ""]), "utf-8")


def test_where_the_library_is_damaged_it_can_be_made_anew_and_is_then_as_the_team_has_it(joined: Make) -> None:
    anna = joined("anna")
    write_inventory(anna.master, [])
    with_id(anna, "1.png", "1")
    run(anna, "add", "2", "2.png", "--type", "image")
    anna.library.write_bytes(b"\xff\xfe\x00")
    assert "TJ_Creative_Library.csv" in run(anna, "pull", code=2)
    run(anna, "rebuild-cache")
    run(anna, "pull")
    assert rows(anna) == {"1": "pending", "2": "pending"}


def test_one_who_falls_asleep_while_they_tell_something_keeps_the_others_waiting_for_a_while_alone(
    joined: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = joined("anna"), joined("ben")
    monkeypatch.setattr(store, "ASLEEP", "200ms")
    asleep, awake = threading.Event(), threading.Event()

    def sleep(connection: Any) -> int:
        version = team.store._version(connection, hold=True)
        asleep.set()
        assert awake.wait(60)
        return version if connection.execute("SELECT 1").fetchone() else 0

    with Team.of(anna) as team:  # type: ignore[union-attr]
        sleeper = threading.Thread(target=lambda: told.append(team.store.ask(sleep)))
        told: list[int] = []
        sleeper.start()
        assert asleep.wait(60)
        run(ben, "add", "1", "1.png", "--type", "image")
        awake.set()
        sleeper.join()
    run(anna, "pull")
    assert rows(anna) == {"1": "pending"}
    assert told == [1]


def test_who_waited_long_for_another_that_tells_much_tells_theirs_then(
    joined: Make, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = joined("anna")
    monkeypatch.setattr(team_database, "PATIENCE", 0.0)
    told: list[str] = []
    with psycopg.connect(server.url(database)) as other:
        other.execute("UPDATE tjtools.accounts SET version = version + 1")
        waiting = threading.Thread(target=lambda: told.append(run(anna, "add", "1", "1.png", "--type", "image")))
        waiting.start()
        wait_for(lambda: server.ask(database, "SELECT 1 FROM pg_locks WHERE NOT granted"))
    waiting.join()
    assert "too busy" not in told[0]
    assert server.ask(database, "SELECT about FROM tjtools.events WHERE kind = 'creative'") == [("1",)]


UPLOADED = {"creative_id": "1", "filename": "1.png", "creative_type": "image", "checksum": "a" * 64, "looks": ""}
UPLOADED |= {"bytes": 9, "container": "png", "width": 9, "height": 9, "seconds": None, "codec": "", "method": "2"}
DECIDED = {"decision": "skip", "checksum": "a" * 64, "other_checksum": "b" * 64, "name": "a", "other_name": "b"}
SETTLED = {
    "run": "20251113_120000",
    "file": ["/home/anna/1.png", "image", "", "", "", None, None, None, {"new_filename": "1.png"}],
    "status": "success",
    "creative": ["1", "1.png", None, "", "png", "image", "pending"],
}


@pytest.mark.parametrize(
    ("kind", "told", "damage"),
    [
        ("uploaded", UPLOADED, {"filename": None}),
        ("uploaded", UPLOADED, {"checksum": "a"}),
        ("uploaded", UPLOADED, {"creative_id": "none"}),
        ("uploaded", UPLOADED, {"filename": "1\0.png"}),
        ("uploaded", UPLOADED, {"filename": "1\ud800.png"}),
        ("uploaded", UPLOADED, {"more": float("inf")}),
        ("decided", DECIDED, {"decision": "perhaps"}),
        ("decided", DECIDED, {"checksum": 7}),
        ("settled", SETTLED, {"status": "so-so"}),
        ("settled", SETTLED, {"file": ["/home/anna/1.png"]}),
        ("settled", SETTLED, {"creative": 1}),
    ],
)
def test_a_line_of_the_log_that_does_not_hold_is_kept_aside_with_its_number_and_all_else_is_told(
    kind: str, told: dict[str, Any], damage: dict[str, Any], joined: Make, server: Server, database: str
) -> None:
    anna, ben = joined("anna"), joined("ben")
    wrong = {name: one for name, one in (told | damage).items() if one is not None or name not in damage}
    lines = [
        json.dumps({"v": 1, "id": str(number), "at": "2025-11-13T12:00:00Z", "kind": kind, "about": "1", "data": data})
        for number, data in enumerate((wrong, told))
    ]
    anna.log.parent.mkdir(exist_ok=True)
    anna.log.write_text("\n".join([*lines, ""]), "utf-8")
    assert "log.jsonl:1: " in run(anna, "pull")
    assert server.ask(database, "SELECT id, kind FROM tjtools.events") == [("1", kind)]
    for one in (ben, anna):
        run(one, "pull")
        run(one, "history", "1", code=1 if kind == "decided" else 0)
    Decisions.load(anna).decide(Content("c" * 64, "c"), Content("d" * 64, "d"), Decision.SKIP, now=NOW)
    [aside] = (anna.log.with_suffix(".quarantine.jsonl")).read_text("utf-8").splitlines()
    assert json.loads(aside)["line"] == 1
    assert lines[1] in anna.log.read_text("utf-8")


def test_what_stands_damaged_in_the_teams_table_is_told_and_the_rest_is_taken_over(
    joined: Make, server: Server, database: str
) -> None:
    anna, ben = joined("anna"), joined("ben")
    for number in (1, 2):
        run(anna, "add", str(number), f"{number}.png", "--type", "image")
    for kind, data in (
        ("creative", '{"rows": [["2", 7]]}'),
        ("decided", "{}"),
        ("mastered", '{"name": "1.png"}'),
        ("observed", '{"row": ["1"]}'),
        ("settled", '{"section": "Attic", "name": "1.png", "status": "success", "creative_id": "1"}'),
        ("uploaded", '{"creative_id": "1"}'),
    ):
        server.ask(
            database,
            "INSERT INTO tjtools.events (account, version, id, at, kind, about, data, display, machine, program)"
            " VALUES ('shop', 2, %s, now(), %s, %s, %s, 'somebody', 'elsewhere', 'else')",
            kind,
            kind,
            "2" if kind == "creative" else "1",
            data,
        )
    told = run(ben, "pull")
    assert told.count("can't be understood") == 6
    assert "uploaded, of 1" in told
    assert rows(ben) == {"1": "pending"}
    assert [row["creative_id"] for row in history(ben)] == ["1", "2"]
    told = run(ben, "history", "1")
    assert told.count("somebody (owner, elsewhere, else)") == 5
    assert "in the library as 1.png, pending" in told
    assert run(ben, "pull") == f"Up to date with {ACCOUNT}.\n"


def test_a_workspace_without_a_team_knows_nothing_of_it(bare_workspace: Workspace) -> None:
    run(bare_workspace, "add", "1", "1.png")
    assert not (bare_workspace.private / "team").exists()
    assert "belongs to no team" in run(bare_workspace, "pull", code=2)


def test_leaving_keeps_every_file(joined: Make) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "1.png")
    before = anna.library.read_bytes()
    run(anna, "team", "leave")
    assert anna.library.read_bytes() == before
    assert "team" not in anna.settings_file.read_text("utf-8")
    assert Path(anna.private / "team").exists() is False


@pytest.mark.parametrize("certificate", ["[1]", "{", '"torn', "\xe9", "[" * 100_000])
def test_a_damaged_certificate_keeps_no_copy_from_its_team(joined: Make, certificate: str) -> None:
    anna = joined("anna")
    anna.snapshots.mkdir(parents=True)
    (anna.snapshots / "20251113T120000.csv").touch()
    (anna.snapshots / "20251113T120000.json").write_bytes(certificate.encode("latin-1"))
    run(anna, "pull")


def test_the_last_reading_of_the_site_is_as_old_as_it_is_whenever_it_was_shared(
    folder: Callable[[str], Workspace], url: str
) -> None:
    """Who joins brings along what was read long before; that stood there as a reading of this minute."""
    for name, day in (("anna", 14), ("ben", 12)):
        workspace = folder(name)
        read = {"observed_at": f"2025-11-{day}T12:00:00Z", "source": "refresh", "sections": []}
        workspace.private.mkdir()
        keep_snapshot(workspace, read, NOW)
        join(workspace, url, name)
    assert "last reading of the site: 2025-11-14 12:00 UTC, anna (" in run(workspace, "team", "status")
