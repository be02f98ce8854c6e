"""All accounts at a glance: the workspaces on this machine, and what else a team lets a person see."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
import views
from team.server import Server
from team.test_copy import away, run
from views import buttons, words
from world import image, plan, reading

from tjtools.model.creative import ReviewStatus
from tjtools.scrape.refresh import apply_update
from tjtools.team import Database, together
from tjtools.widgets import panel as panels
from tjtools.widgets.desk import Desk, desk_view
from tjtools.widgets.markup import Markup
from tjtools.widgets.switch import offered
from tjtools.workspace.derived import VARIABLE as CACHE
from tjtools.workspace.folder import VARIABLE, Workspace

Make = Callable[[str], Workspace]


@pytest.fixture(autouse=True)
def _own_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(panels, "_alive", {})
    monkeypatch.setattr(together, "_unreachable", {})


@pytest.fixture
def other(folder: Make, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """A colleague's workspace, on a machine of theirs, of another account of the same team."""
    workspace = folder("colleague")
    with monkeypatch.context() as machine:
        machine.setenv(CACHE, str(tmp_path / "theirs"))
        run(workspace, "team", "init", url, "--account", "other")
        run(workspace, "team", "join", url, "--account", "other", "--yes")
        for number in (1, 2):
            run(workspace, "add", str(number), f"{number}.png", "--type", "image")
    return workspace


def reject(workspace: Workspace, creative_id: str) -> None:
    now = datetime.now(UTC)
    update = plan(
        workspace, reading(image(creative_id, creative_id, ReviewStatus.REJECTED), image("2", "2")), full=False
    )
    apply_update(replace(update, at=now), now=now)


def shown(workspace: Workspace, *, code: int) -> list[tuple[Any, ...]]:
    told = json.loads(run(workspace, "status", "--all", "--json", code=code))
    return [(one["name"], one["place"], one["statuses"], one["rejected"]) for one in told]


def test_every_account_that_a_person_may_see_is_shown_with_what_needs_a_look(
    joined: Make, other: Workspace, tmp_path: Path
) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "1.png", "--type", "image", "--status", "approved")
    assert shown(anna, code=0) == [("shop", str(anna.root), {"approved": 1}, 0), ("other", "", {"pending": 2}, 0)]
    reject(other, "1")
    assert shown(anna, code=1) == [
        ("shop", str(anna.root), {"approved": 1}, 0),
        ("other", "", {"pending": 1, "rejected": 1}, 1),
    ]
    assert (tmp_path / "cache" / "accounts").stat().st_mode & 0o077 == 0
    told = run(anna, "status", "--all", code=1)
    assert "1 newly rejected" in told
    assert "other, as of 20" in told


def test_an_account_that_a_person_is_no_member_of_is_not_shown(
    other: Workspace, folder: Make, server: Server, database: str
) -> None:
    if not server.ask("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'reader_r'"):
        server.ask("postgres", "CREATE ROLE reader_r LOGIN")
    place = folder("reader")
    run(other, "team", "init", server.url(database), "--account", "shop", "--reader", "reader_r")
    run(place, "team", "join", server.url(database, "reader_r"), "--account", "shop", "--yes")
    assert [name for name, *_ in shown(place, code=0)] == ["shop"]


def switch_of(desk: Desk) -> list[str]:
    """What the desk's switch tells of each account, once it is opened and has counted."""
    [heading] = [one for name, one in buttons(desk_view(desk), w.ToggleButton).items() if name.startswith("anna")]
    heading.value = True
    assert desk.accounts.task.wait(60)
    return [words(one) for one in views.shown(heading.room) if isinstance(one, Markup)]


def test_the_desks_switch_tells_of_each_account_what_status_all_does(joined: Make, other: Workspace) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "1.png", "--type", "image", "--status", "approved")
    reject(other, "1")
    desk = Desk(anna)
    assert not together.cache_file().with_name("accounts").exists(), "nothing is counted before somebody asks"
    mine, theirs = switch_of(desk)
    assert "1 approved" in mine
    assert "shop, as of 20" in mine
    for told in ("other", "1 pending, 1 rejected", "1 newly rejected", "no workspace of it here"):
        assert told in theirs
    assert "rejected" not in mine


def test_without_the_database_every_account_is_told_as_old_as_its_copy_is(
    joined: Make, other: Workspace, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = joined("anna")
    reject(other, "1")
    assert len(shown(anna, code=1)) == 2
    asked: list[object] = []
    connect = Database._connect
    monkeypatch.setattr(Database, "_connect", lambda *told, **more: (asked.append(told), connect(*told, **more))[1])
    server.stop()
    try:
        mine, theirs = switch_of(Desk(anna))
        assert len(asked) == 1, "nobody waits for the same database once more"
        assert "other, as of 20" in run(anna, "status", "--all", code=1)
    finally:
        server.start()
    assert "be reached" in mine
    assert "other, as of 20" in theirs
    assert "1 newly rejected" in theirs


def test_the_desks_switch_offers_what_has_joined_by_its_account(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    assert [*offered(anna)] == [
        ("anna · shop · no site yet", str(anna.root)),
        ("ben · shop · no site yet", str(ben.root)),
    ]


def test_workspaces_without_a_team_or_without_its_database_are_shown_as_they_are(
    joined: Make, bare_workspace: Workspace, server: Server
) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "1.png", "--type", "image")
    with away(anna, server):
        told = json.loads(run(bare_workspace, "status", "--all", "--json"))
    assert [(one["name"], one["statuses"]) for one in told] == [
        (bare_workspace.root.name, {}),
        ("shop", {"pending": 1}),
    ]
    assert told[0]["age"] == ""
    assert "can't be reached" in told[1]["age"]
    assert "as of 20" in told[1]["age"]
