"""The scheduled sync of a team's account: one reads the site for all, once in an interval."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from team.server import Server
from team.test_copy import away, rows, run
from world import Truth, expire

from tjtools.team import turn
from tjtools.workspace.folder import Workspace

Make = Callable[[str], Workspace]
pytestmark = pytest.mark.usefixtures("site_kind")
SYNC = ("sync-status", "--pending", "--every", "10000000")  # an interval that does not end during a test


def two_who_wait(at_site: Make, truth: Truth) -> tuple[Workspace, Workspace]:
    """Two workspaces with a creative that is pending in them, and approved on the site."""
    creative_id = truth.add("Static Banner", "a.png", review_status="approved")
    anna, ben = at_site("anna"), at_site("ben")
    run(anna, "add", creative_id, "a.png", "--type", "image")
    run(ben, "pull")
    return anna, ben


def test_one_syncs_for_all_and_the_others_say_who_it_was(at_site: Make, truth: Truth) -> None:
    anna, ben = two_who_wait(at_site, truth)
    run(anna, *SYNC)
    told = run(ben, *SYNC)
    assert "Nothing was read: anna (" in told
    assert "did it at 20" in told
    assert [*rows(ben).values()] == [*rows(anna).values()] == ["approved"]
    assert "Applied to" in run(ben, "sync-status")


def test_a_sync_that_failed_is_anybodys_again(at_site: Make, truth: Truth) -> None:
    anna, ben = two_who_wait(at_site, truth)
    expire(truth)
    run(anna, *SYNC, code=3)
    anna.browser_session.unlink()
    assert "did it" not in run(ben, *SYNC, code=3)


def test_who_died_has_the_turn_until_the_interval_is_over(
    at_site: Make, truth: Truth, server: Server, database: str
) -> None:
    anna, ben = two_who_wait(at_site, truth)
    run(anna, *SYNC)
    server.ask(database, "UPDATE tjtools.turns SET ended = NULL")
    assert "anna (" in (told := run(ben, *SYNC))
    assert "is at it since 20" in told
    server.ask(database, "UPDATE tjtools.turns SET began = '1999-01-01'")
    assert "the library holds no creative that this looks for" in run(ben, *SYNC)  # so it was his turn


def test_without_the_database_the_site_is_not_read(at_site: Make, truth: Truth, server: Server) -> None:
    anna, _ = two_who_wait(at_site, truth)
    with away(anna, server):
        assert "can't be reached" in run(anna, *SYNC, code=2)
    assert [*rows(anna).values()] == ["pending"]


def test_of_many_who_ask_at_once_one_has_the_turn(joined: Make) -> None:
    people = [joined(name) for name in ("anna", "ben", "carla", "dora")]
    begin, asked, told = threading.Barrier(4), threading.Barrier(4), list[str]()

    def ask(one: Workspace) -> None:
        begin.wait(30)
        with turn(one, 10_000_000) as whose:
            told.append(whose)
            asked.wait(30)  # who has it gives it back at the end, since nothing is applied

    threads = [threading.Thread(target=ask, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, told)) == [False, True, True, True]
    assert all("is at it since" in one for one in told if one)
