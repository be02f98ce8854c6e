"""The desk's model: tabs made when they are first opened, the workspaces that were opened before, what runs where."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets as w
import pytest
from traitlets import HasTraits
from views import buttons, shown, words

from tjtools.cache.library import Library
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, SessionFile
from tjtools.practice.workspace import ask_sandbox
from tjtools.scrape import connection
from tjtools.upload.journal import Journal
from tjtools.upload.resume import only_live_run
from tjtools.widgets import desk as desk_module
from tjtools.widgets import panel as panels
from tjtools.widgets.desk import TABS, Desk, desk_view, remember
from tjtools.widgets.markup import Markup
from tjtools.widgets.panel import Broken, Panel, Task, make
from tjtools.widgets.switch import offered
from tjtools.widgets.view import found
from tjtools.workspace.derived import VARIABLE as CACHE
from tjtools.workspace.folder import VARIABLE, Workspace
from tjtools.workspace.settings import SiteSettings, bind

LIVE = SiteSettings(kind="live", origin="https://advertiser.trafficjunky.com", account="ana")


@pytest.fixture
def shop(bare_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(panels, "_alive", {})
    monkeypatch.setattr(connection, "Site", never)
    bind(bare_workspace, LIVE)
    one = Creative("1032530571", "a", creative_type=CreativeType.IMAGE, review_status=ReviewStatus.PENDING)
    Library.load(bare_workspace.library).add([one])
    return bare_workspace


def never(*_: object, **_more: object) -> object:
    raise AssertionError("opening a tab never contacts the site")


def another(shop: Workspace, name: str) -> Workspace:
    return Workspace(Path(shutil.copytree(shop.root, shop.root.with_name(name))))


def at_work(panel: Panel, *, total: int = 7) -> threading.Event:
    """Start work that ends when the event is set."""
    go, begun = threading.Event(), threading.Event()

    def work(task: Task) -> None:
        task.progress("sending", 3, total)
        begun.set()
        go.wait(10)

    panel.task.start(work)
    begun.wait(10)
    return go


def test_a_tab_is_made_when_it_is_first_opened_and_is_the_same_when_it_is_shown_again(shop: Workspace) -> None:
    desk = Desk(shop)
    assert [bool(desk.panels(step)) for step in TABS] == [True, False, False, False, False, False]
    for step in TABS:
        desk.open(step)
    [review] = desk.panels("review")
    came_back: list[Panel] = []
    review.come_back = lambda: came_back.append(review)  # type: ignore[method-assign]
    desk.open("review")
    assert (desk.tab, desk.panels("review"), came_back) == ("review", (review,), [review])


def test_a_panel_leads_to_another_tab(shop: Workspace) -> None:
    desk = Desk(shop)
    [today] = desk.panels("today")
    assert today.lead
    today.lead("sync")
    assert desk.tab == "sync"


def test_a_tab_that_can_not_be_made_says_why_and_is_tried_again(shop: Workspace) -> None:
    desk, text = Desk(shop), shop.library.read_bytes()
    shop.library.write_bytes(b"\xff\xfe\x00")
    desk.open("library")
    assert [isinstance(one, Broken) for one in desk.panels("library")] == [True, False, True]  # which reads when asked
    [tabs] = desk_view(desk).children[2].children
    assert len(tabs.children[tabs.selected_index].children) == 2  # which says it once
    shop.library.write_bytes(text)
    desk.open("library")
    assert not any(isinstance(one, Broken) for one in desk.panels("library"))


def test_while_an_upload_runs_its_tab_says_so_and_at_its_end_until_it_is_looked_at(shop: Workspace) -> None:
    desk = Desk(shop)
    desk.open("upload")
    [upload] = desk.panels("upload")
    desk.open("review")
    go = at_work(upload)
    wait_for(desk, "standing", {"upload": "▶ 3 of 7"})
    assert desk.heading == "▶ 3 of 7 Upload – tjtools"
    go.set()
    upload.task.wait(10)
    assert desk.standing == {"upload": "✓ Done"}
    desk.open("upload")
    assert desk.standing == {}
    assert desk.heading == "shop – tjtools"


def test_what_ends_in_another_tab_changes_the_days_list(shop: Workspace) -> None:
    desk = Desk(shop)
    desk.open("upload")
    [upload], [today] = desk.panels("upload"), desk.panels("today")
    desk.open("today")
    came_back: list[Panel] = []
    today.come_back = lambda: came_back.append(today)  # type: ignore[method-assign]
    at_work(upload).set()
    upload.task.wait(10)
    assert (came_back, desk.standing) == ([today], {"upload": "✓ Done"})


def test_what_runs_in_the_tab_that_is_looked_at_leaves_nothing_beside_its_label(shop: Workspace) -> None:
    desk = Desk(shop)
    desk.open("upload")
    go = at_work(desk.panels("upload")[0])
    go.set()
    desk.panels("upload")[0].task.wait(10)
    assert desk.standing == {}


def test_the_end_of_an_upload_is_news(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(shop)
    desk.open("upload")
    [upload] = desk.panels("upload")
    monkeypatch.setattr(type(upload), "news", "✓ 12 uploaded")
    at_work(upload).set()
    upload.task.wait(10)
    assert (desk.notice, desk.heading) == ("✓ 12 uploaded", "✓ 12 uploaded – tjtools")


def wait_for(model: HasTraits, trait: str, value: object) -> None:
    there = threading.Event()
    model.observe(lambda change: change["new"] == value and there.set(), trait)
    assert getattr(model, trait) == value or there.wait(10), getattr(model, trait)


def test_the_desk_is_the_same_when_its_cell_is_run_again(shop: Workspace) -> None:
    desk = make(Desk, shop)
    desk.open("review")
    assert make(Desk, shop) is desk


def test_what_is_at_work_in_the_kernel_is_shown_first(shop: Workspace) -> None:
    upload = make(desk_module.kind_of("upload")[0], shop)
    go = at_work(upload)
    desk = Desk(shop)
    assert (desk.tab, desk.panels("upload")) == ("upload", (upload,))
    go.set()
    upload.task.wait(10)


def test_an_upload_that_was_cut_off_or_runs_in_another_window_is_shown_first(shop: Workspace) -> None:
    file = SessionFile(shop.root / "uploaded" / "a.png", CreativeType.IMAGE)
    with only_live_run(shop):
        Journal(shop.log).begun([file], run="20251113_120000", now=datetime.now(UTC))
        assert Desk(shop).tab == "upload"
    desk = Desk(shop)
    [upload] = desk.panels("upload")
    assert (desk.tab, upload.unfinished.told) == ("upload", "0 confirmed, 0 under way, 1 not begun")


def test_the_view_fills_a_tab_when_it_is_opened_and_follows_the_model(shop: Workspace) -> None:
    desk = Desk(shop)
    view = desk_view(desk)
    [tabs] = view.children[2].children
    assert [bool(box.children) for box in tabs.children] == [True, False, False, False, False, False]
    tabs.selected_index = 3  # a click
    assert desk.tab == "sync"
    assert tabs.children[3].children
    desk.open("review")
    assert tabs.selected_index == 1
    assert tabs.titles == ("Today", "Review", "Upload", "Sync", "Library", "Outcomes")
    before = tabs.children[3].children
    tabs.selected_index = 3
    assert tabs.children[3].children is before


def test_the_workspace_is_switched_and_back_and_each_keeps_its_tabs(shop: Workspace) -> None:
    other = another(shop, "other")
    desk = Desk(shop)
    desk.open("review")
    [review] = desk.panels("review")
    desk.switch(str(other.root))
    assert (desk.workspace, desk.tab, os.environ[VARIABLE]) == (other, "today", str(other.root))
    assert desk.panels("review") == ()
    assert desk.panels("today")[0].workspace == other
    desk.switch(str(shop.root))
    desk.open("review")
    assert desk.panels("review") == (review,)


def test_the_switch_counts_each_account_when_it_is_opened_and_a_click_goes_there(shop: Workspace) -> None:
    other, broken = another(shop, "other"), another(shop, "broken")
    two = Creative("1032530572", "b", creative_type=CreativeType.IMAGE, review_status=ReviewStatus.APPROVED)
    Library.load(other.library).add([two])
    broken.settings_file.write_text("no toml", "utf-8")
    for one in (broken, other, shop):
        remember(one)
    desk = Desk(shop)
    view = desk_view(desk)
    heading = buttons(view, w.ToggleButton)["shop · LIVE ana"]
    assert "pending" not in words(view.children[0])
    heading.value = True
    assert desk.accounts.task.wait(60)
    first, second, third = (words(one) for one in shown(heading.room) if isinstance(one, Markup))
    assert "1 pending" in first
    assert "1 approved, 1 pending" in second
    assert "is not valid TOML" in third
    buttons(heading.room)["other · LIVE ana"].click()
    assert (desk.workspace, heading.description, heading.value) == (other, "other · LIVE ana", False)
    assert desk.error is None
    heading.value = True
    buttons(heading.room)["broken · ✗ can't be opened"].click()
    assert (desk.workspace, heading.description) == (other, "other · LIVE ana")
    assert "is not valid TOML" in str(desk.error)


def test_one_workspace_without_a_team_has_no_switch(shop: Workspace) -> None:
    view = desk_view(Desk(shop))
    assert not [one for one in buttons(view, w.ToggleButton) if one.startswith("shop")]


def test_a_practice_workspace_that_is_switched_to_has_its_site(shop: Workspace) -> None:
    other = another(shop, "other")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    other.settings_file.unlink()
    bind(other, SiteSettings(kind="sandbox", origin=origin, account="demo"))
    desk = Desk(shop)
    desk.switch(str(other.root))
    assert ask_sandbox(origin, "home") == {"folder": str(other.root / "sandbox")}


def test_a_workspace_that_is_gone_is_not_offered_and_a_broken_one_says_why(shop: Workspace) -> None:
    gone, broken = another(shop, "gone"), another(shop, "broken")
    for one in (gone, broken, shop):
        remember(one)
    shutil.rmtree(gone.root)
    broken.settings_file.write_text("no toml", "utf-8")
    assert [root for _words, root in offered(shop)] == [str(shop.root), str(broken.root)]
    assert [words for words, _root in offered(shop)] == ["shop · LIVE ana", "broken · ✗ can't be opened"]
    desk = Desk(shop)
    desk.switch(str(broken.root))
    assert (desk.workspace, desk.tab) == (shop, "today")
    assert "is not valid TOML" in str(desk.error)


def test_a_workspace_is_named_by_its_path_or_itself(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.root / "uploaded")
    assert {found(one) for one in (None, shop, shop.root, str(shop.root), "..")} == {shop}


def test_the_summary_tells_todays_list_and_a_line_of_each_tab(shop: Workspace) -> None:
    desk = Desk(shop)
    desk.open("sync")
    lines = desk.summary.splitlines()
    assert lines[0] == "Today: Library: 1 creative: 1 pending"
    assert lines[-1] == "Sync: nothing read"


OPENS_EVERY_TAB = """
import sys, threading
from pathlib import Path
from tjtools.widgets.desk import TABS, Desk, desk_view
from tjtools.widgets.panel import make
from tjtools.workspace.folder import Workspace
desk = make(Desk, Workspace(Path(sys.argv[1])))
view = desk_view(desk)
[warm_up] = [one for one in threading.enumerate() if one.name == "tjtools-warm-up"]
warm_up.join()
before = {name.partition(".")[0] for name in sys.modules}
for step in TABS:
    desk.open(step)
    for panel in desk.panels(step):
        panel.looked()
print(*{name.partition(".")[0] for name in sys.modules} - before)
"""


def test_what_takes_long_to_import_is_there_before_a_person_opens_the_tab_that_needs_it(shop: Workspace) -> None:
    command = [sys.executable, "-c", OPENS_EVERY_TAB, str(shop.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert {"altair", "itables", "pandas", "jsonschema", "vl_convert"}.isdisjoint(done.stdout.split())
