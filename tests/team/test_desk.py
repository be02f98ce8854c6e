"""The desk of a team's workspace: a tab that is opened shows what all have, and does without the database too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from team.server import Server
from team.test_copy import away, run
from world import NOW

from tjtools.diff.repeats import Content, Decision, Decisions
from tjtools.team import Database, together
from tjtools.widgets import look_up
from tjtools.widgets import panel as panels
from tjtools.widgets.analysis import LookUp
from tjtools.widgets.desk import Desk
from tjtools.widgets.view import banner
from tjtools.workspace.derived import VARIABLE as CACHE
from tjtools.workspace.folder import VARIABLE, Workspace

Make = Callable[[str], Workspace]


@pytest.fixture(autouse=True)
def _new_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(panels, "_alive", {})
    monkeypatch.setattr(together, "_unreachable", {})


def found(panel: object, name: str) -> str:
    assert isinstance(panel, LookUp)
    panel.text = name
    panel.ask()
    return panel.ids


def test_a_tab_shows_what_the_others_did_and_shares_what_was_decided_here(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    desk = Desk(anna)
    run(ben, "add", "1", "1.png", "--type", "image")
    Decisions.load(anna).decide(Content("a" * 64, "a"), Content("b" * 64, "b"), Decision.SKIP, now=NOW)
    desk.open("library")
    assert found(desk.panels("library")[0], "1.png") == "1"
    run(ben, "add", "2", "2.png", "--type", "image")
    desk.open("library")
    assert found(desk.panels("library")[0], "2.png") == "2"
    assert Decisions.load(ben).of("a" * 64, "b" * 64) is Decision.SKIP
    assert "shop, as of 20" in str(banner(desk))


def test_a_panel_of_a_notebook_shows_what_the_others_did(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(ben, "add", "1", "1.png", "--type", "image")
    assert found(look_up(anna), "1.png") == "1"


def test_without_the_database_the_desk_opens_and_says_how_old_its_copy_is(
    joined: Make, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "1.png", "--type", "image")
    with away(anna, server):
        desk = Desk(anna)
        assert desk.team.startswith("shop, as of 20")
        assert "can't be reached" in desk.team
        desk.open("library")
        assert found(desk.panels("library")[0], "1.png") == "1"
        with monkeypatch.context() as asked:
            asked.setattr(Database, "_connect", None)  # nobody waits for it at each click
            desk.open("library")
            assert "can't be reached" in desk.team
    monkeypatch.setattr(together, "_unreachable", {})
    desk.open("library")
    assert "can't be reached" not in desk.team


def test_a_desk_without_a_team_says_nothing_of_one(bare_workspace: Workspace) -> None:
    assert Desk(bare_workspace).team == ""
