"""A PostgreSQL for the tests of the team, a database for each of them, and workspaces that have joined it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from team.server import Server
from world import Truth, tjtools

from tjtools.practice.workspace import bind_to_sandbox
from tjtools.team import Database
from tjtools.team.database import set_up
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

ACCOUNT = "shop"
_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as server:
        server.ask("postgres", "CREATE DATABASE ready")
        database = Database(TeamSettings(url=server.url("ready"), account=ACCOUNT))
        set_up(database, [ACCOUNT], [])
        database.close()
        yield server


@pytest.fixture
def database(server: Server) -> str:
    """The name of a database with the schema and one account."""
    name = f"team_{next(_numbers)}"
    server.ask("postgres", f"CREATE DATABASE {name} TEMPLATE ready STRATEGY file_copy")
    return name


@pytest.fixture
def url(server: Server, database: str) -> str:
    return server.url(database)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Workspace]:
    """Makes a workspace without files that belongs to no site."""

    def make(name: str) -> Workspace:
        for part in ("tracking", "uploaded/Native/Video", "uploaded/Native/Image"):
            (tmp_path / name / part).mkdir(parents=True)
        return Workspace((tmp_path / name).resolve())

    return make


@pytest.fixture
def joined(folder: Callable[[str], Workspace], url: str) -> Callable[[str], Workspace]:
    """Makes a workspace of a person that has joined the team."""

    def make(name: str) -> Workspace:
        workspace = folder(name)
        join(workspace, url, name)
        return workspace

    return make


@pytest.fixture
def at_site(joined: Callable[[str], Workspace], truth: Truth) -> Callable[[str], Workspace]:
    """Makes a workspace that has joined the team, belongs to the sandbox and is signed in there."""

    def make(name: str) -> Workspace:
        workspace = joined(name)
        bind_to_sandbox(workspace, truth.origin)
        return workspace

    return make


def join(workspace: Workspace, url: str, name: str = "Anna") -> None:
    done = tjtools("team", "join", url, "--account", ACCOUNT, "--name", name, "--yes", cwd=workspace.root)
    assert done.returncode == 0, done.stderr
