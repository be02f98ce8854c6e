"""What several test modules share: a browser, a sandbox that is reset for each test, and workspaces."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tjtools.demo import ask_sandbox, bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.session import COLUMNS
from tjtools.site.browser import ensure_browser, without_window
from tjtools.workspace import Workspace

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
settings.register_profile("long", max_examples=5000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="each fault through each kind of run, more orders of files"
    )


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser that Playwright can drive; on a machine without one, it is installed now."""
    return str(without_window(ensure_browser(say=print)))


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), creatives=60) as sandbox:
        yield sandbox


class Truth:
    """The sandbox as its control endpoints show it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def ask(self, what: str, method: str = "GET", body: object = None) -> Any:
        return ask_sandbox(self.origin, what, method=method, body=body)

    def creatives(self) -> dict[str, dict[str, Any]]:
        return {one["creative_id"]: one for one in self.ask("creatives")}

    def named(self, name: str) -> list[str]:
        return [one["creative_id"] for one in self.ask("creatives") if one["name"] == name]

    def add(self, section: str, name: str, **more: str) -> str:
        return str(self.ask("creatives", "POST", {"section": section, "name": name, **more})["creative_id"])

    def received(self) -> list[str]:
        return [one["file_name"] for one in self.ask("received")]

    def settings(self, **values: object) -> None:
        self.ask("settings", "PUT", values)

    def faults(self, *told: str) -> None:
        self.ask("faults", "PUT", told)

    def script(self, script: dict[str, object]) -> None:
        self.ask("script", "PUT", script)


@pytest.fixture
def truth(running_sandbox: Sandbox) -> Truth:
    ask_sandbox(running_sandbox.origin, "reset", method="POST")
    return Truth(running_sandbox.origin)


@pytest.fixture
def bare_workspace(tmp_path: Path) -> Workspace:
    """A workspace without files that belongs to no site."""
    for part in ("tracking", "uploaded/Native/Video", "uploaded/Native/Image"):
        (tmp_path / "shop" / part).mkdir(parents=True)
    return Workspace((tmp_path / "shop").resolve())


@pytest.fixture
def workspace(bare_workspace: Workspace, truth: Truth) -> Workspace:
    """A workspace that belongs to the sandbox and is signed in there."""
    bind_to_sandbox(bare_workspace, truth.origin)
    return bare_workspace


def write_inventory(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """An inventory with the columns that the rows need, and the others empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
