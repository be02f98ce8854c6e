"""A team behind a transaction pooler, where nothing that a session remembers is there at the next transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import psycopg
import pytest
from team.conftest import join
from team.pooler import Pooler
from team.server import Server
from team.test_copy import rows, run
from team.test_upload import ended, with_session
from world import Truth, go

from tjtools.practice.workspace import bind_to_sandbox
from tjtools.team import turn
from tjtools.workspace.folder import Workspace

Make = Callable[[str], Workspace]
pytestmark = pytest.mark.usefixtures("site_kind")


@pytest.fixture
def pooler(server: Server) -> Iterator[Pooler]:
    with Pooler(server.port) as pooler:
        yield pooler


@pytest.fixture
def pooled(folder: Make, pooler: Pooler, server: Server, database: str, truth: Truth) -> Make:
    """Makes a workspace that is signed in at the sandbox, and has joined the team by the pooler's address."""

    def make(name: str) -> Workspace:
        workspace = folder(name)
        join(workspace, server.url(database, port=pooler.port), name)
        bind_to_sandbox(workspace, truth.origin)
        return workspace

    return make


def test_the_pooler_of_these_tests_gives_each_transaction_another_session(
    pooler: Pooler, server: Server, database: str
) -> None:
    with psycopg.connect(server.url(database, port=pooler.port), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 1234")
        told = [connection.execute("SHOW statement_timeout").fetchone() for _ in range(2)]
    assert set(told) == {("0",), ("1234ms",)}


def test_all_that_a_team_does_goes_through_a_transaction_pooler(pooled: Make, pooler: Pooler, truth: Truth) -> None:
    anna = with_session(pooled("anna"), {"a.png": 1, "b.png": 2})
    ben = with_session(pooled("ben"), {"b.png": 2, "c.png": 3, "other-a.png": 1})
    assert ended(go(anna)) == {"a.png": "success", "b.png": "success"}
    run(ben, "pull")
    assert ended(go(ben)) == {"b.png": "skipped", "c.png": "success", "other-a.png": "skipped"}
    assert Counter(truth.received()) == {"a.png": 1, "b.png": 1, "c.png": 1}
    for one in (anna, ben):
        run(one, "sync-status")
        run(one, "team", "status")
        assert "anna (owner, " in run(one, "history", truth.named("a")[0])
    with turn(anna, 30) as whose:
        assert whose == ""
    run(anna, "pull")
    assert rows(anna) == rows(ben)
    assert pooler.transactions > 20
