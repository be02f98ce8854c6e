"""What all panels share, without a front end: tasks, markup, tables, charts, and who may press buttons."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import ipywidgets as w
import pandas as pd
import pytest
from views import inside

from tjtools.model import words
from tjtools.model.errors import Cancelled, SettingsError, TJToolsError, WorkspaceNotFound
from tjtools.widgets.markup import STATIC, Markup, Node, Saved, error_node, node
from tjtools.widgets.panel import Panel, State, Task, make
from tjtools.widgets.view import SITES, Table, banner, column, show, task_node, task_view
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind, load_settings

EVIL = '<img src=x onerror="alert(1)">'
SANDBOX = SiteSettings(kind="sandbox", origin="http://127.0.0.1:8642", account="demo")
LIVE = SiteSettings(kind="live", origin="https://advertiser.trafficjunky.com", account="ana")


class Waiting(Panel):
    """A panel whose task waits until it is told to stop."""

    title = "Waiting"
    ended = False

    @property
    def summary(self) -> str:
        return f"{self.title} in {self.workspace.root.name}"

    def press(self) -> None:
        self.pressed = True

    def begin(self) -> threading.Event:
        at_work = threading.Event()

        def work(run: Task) -> None:
            run.progress("waiting", 3, 9)
            at_work.set()
            while not run.cancelled():
                threading.Event().wait(0.01)
            self.ended = True
            raise Cancelled("Stopped on request.")

        self.task.start(work)
        at_work.wait(10)
        return at_work


class Looking(Panel):
    """A panel that looks until it is let go, and counts how often it began to."""

    title = "Looking"
    looks = True

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.began, self.seen = 0, threading.Event()

    def look(self, _run: Task) -> None:
        self.began += 1
        self.seen.wait(10)


def text(tree: Node | None, *, without: str = "") -> str:
    """What a tree says, without the elements of a role."""
    if not isinstance(tree, list):
        return tree or ""
    _, attributes, *children = tree
    return "" if attributes.get("role") == without else "".join(text(one, without=without) for one in children)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The widgets that cells have shown, one after the other."""
    shown: list[object] = []
    module = import_module("tjtools.widgets.view")  # the package has a function of this name
    monkeypatch.setattr(module, "show_on_screen", lambda box, _instead: shown.append(box))
    return shown


def test_a_click_starts_work_and_returns_at_once() -> None:
    task, go = Task(), threading.Event()
    seen: list[State] = []
    task.observe(lambda change: seen.append(change["new"]), "state")
    assert task.start(lambda _run: go.wait(10))
    assert task.running
    go.set()
    assert task.wait(10)
    assert (task.result, seen) == (True, [State.RUNNING, State.DONE])


def test_a_second_click_while_it_runs_does_nothing() -> None:
    task, go = Task(), threading.Event()
    task.start(lambda _run: go.wait(10) and "first")
    assert not task.start(lambda _run: "second")
    go.set()
    task.wait(10)
    assert task.result == "first"
    assert task.start(lambda _run: "third")
    task.wait(10)
    assert task.result == "third"


def test_a_running_task_gives_a_sign_of_life_without_any_progress() -> None:
    task, alive = Task(), threading.Event()
    task.observe(lambda change: change["new"] and alive.set(), "elapsed")
    task.start(lambda _run: alive.wait(10))
    task.wait(10)
    assert task.result is True


def test_what_the_work_tells_is_shown_as_text() -> None:
    def work(run: Task) -> None:
        run.progress(EVIL, 3, 9)
        run.say(f"looking at {EVIL}")

    task, seen = Task(), list[str]()
    task.observe(lambda _change: seen.append(text(task_node(task))), "text")
    task.start(work)
    task.wait(10)
    assert f"▶ Running · 3 of 9 · 0 s · {EVIL}" == seen[0]
    assert task.log[0].endswith(f"] looking at {EVIL}")


@pytest.mark.parametrize("way", ["done", "failed", "cancelled"])
def test_no_word_of_the_work_is_left_after_its_end(way: str) -> None:
    def work(run: Task) -> None:
        run.progress("opening the site", 7, 7)
        run.waits(words.Waiting(time.monotonic() + 100))
        if way == "failed":
            raise TJToolsError("The site does not answer.")
        if way == "cancelled":
            run.cancel()
            raise Cancelled("Stopped on request.")

    task = Task()
    task.start(work)
    task.wait(10)
    shown = str(task_node(task))
    assert (task.text, task.waiting, "opening" in shown, "Waiting" in shown) == ("", None, False, False)
    assert text(task_node(task)).startswith(f"{task.state.value} · 7 of 7 · 0 s")
    assert ("✗" in shown, "alert" in shown) == (way == "failed", way == "failed")


def test_what_somebody_else_has_stopped_says_so() -> None:
    def work(_run: Task) -> None:
        raise Cancelled("Stopped from another window.")

    task = Task()
    task.start(work)
    task.wait(10)
    assert text(task_node(task)) == "■ Stopped · 0 s · Stopped from another window."


@pytest.mark.parametrize("waiting", [None, words.Waiting(100, files=2)])
def test_who_listens_hears_what_changes_and_not_each_second(waiting: words.Waiting | None) -> None:
    """A screen reader reads a status out whenever its words change, and those of a timer when it is asked."""
    task, told, heard = Task(), set[str](), set[str]()
    task.state, task.text, task.waiting = State.RUNNING, "cards", waiting
    for seconds in range(3):
        task.elapsed = float(seconds)
        told.add(text(task_node(task)))
        heard.add(text(task_node(task), without="timer"))
    assert (len(told), len(heard)) == (3, 1)
    assert heard.pop().startswith("▶ Running")


def test_a_wait_counts_down_and_is_cut_short_by_a_person() -> None:
    cut = threading.Event()

    def work(run: Task) -> bool:
        run.progress("looking")
        run.waits(words.Waiting(time.monotonic() + 99.5, files=2, cut=cut.set))
        return cut.wait(10)

    task, seen, ticks = Task(), list[str](), threading.Semaphore(0)
    view = task_view(task)
    button = view.children[1].children[1]
    task.observe(lambda _change: (seen.append(str(task_node(task))), ticks.release()), "elapsed")
    assert button.layout.display == "none"
    task.start(work)
    for _ in range(8):
        assert ticks.acquire(timeout=10)
    assert button.layout.display == ""
    assert task.running
    button.click()
    assert task.wait(10)
    assert (task.result, button.layout.display) == (True, "none")
    told = [f"Waiting for the site: 2 files, at most 1:{left} more" for left in (40, 39)]
    assert all(any(words in one for one in seen) for words in told)


def test_the_log_keeps_the_last_lines() -> None:
    task = Task()
    task.start(lambda run: [run.say(f"line {number}") for number in range(600)])
    task.wait(10)
    assert (len(task.log), task.log[-1][-8:]) == (500, "line 599")


def test_a_busy_work_changes_what_is_shown_a_few_times_a_second_and_the_last_word_counts() -> None:
    def work(run: Task) -> None:
        for number in range(20_000):
            run.progress("cards", number + 1, 20_000)
            run.say(f"card {number}")

    task = Task()
    changes: list[str] = []
    task.observe(lambda change: changes.append(change["name"]))
    task.start(work)
    assert task.wait(60)
    assert (task.text, task.done, len(task.log), task.log[-1][-10:]) == ("", 20_000, 500, "card 19999")
    assert len(changes) < 1000


def test_the_log_is_the_tasks_own() -> None:
    first, second, meet = Task(), Task(), threading.Barrier(2, timeout=10)

    def work(name: str) -> object:
        return lambda run: (meet.wait(), run.say(name), meet.wait())

    first.start(work("one"))  # type: ignore[arg-type]
    second.start(work("two"))  # type: ignore[arg-type]
    first.wait(10)
    second.wait(10)
    assert [line.rpartition("] ")[2] for line in (*first.log, *second.log)] == ["one", "two"]


def test_an_error_is_told_in_plain_words_with_its_remedy() -> None:
    def work(_run: Task) -> None:
        raise TJToolsError("The site does not answer.", remedy="Check the connection.")

    task = Task()
    task.start(work)
    task.wait(10)
    assert task.state is State.FAILED
    shown = str(task_node(task))
    assert "✗ The site does not answer." in shown
    assert "→ Check the connection." in shown
    assert "Traceback" not in shown


def test_an_unforeseen_error_shows_no_traceback_in_the_face() -> None:
    shown = error_node(ZeroDivisionError("division by zero"))
    assert isinstance(shown, list)
    assert "did not foresee" in str(shown[2])
    trace = "ZeroDivisionError: division by zero\n"
    assert shown[-1] == ["details", {"css": "tj-fold"}, ["summary", {}, "Traceback"], ["pre", {}, trace]]


def test_cancel_stops_the_work(bare_workspace: Workspace) -> None:
    panel = Waiting(bare_workspace)
    panel.begin()
    panel.task.cancel()
    assert panel.task.wait(10)
    assert (panel.task.state, panel.ended) == (State.CANCELLED, True)
    assert isinstance(panel.task.error, Cancelled)


def test_running_the_cell_again_takes_up_the_work_and_its_view(bare_workspace: Workspace, screen: list[object]) -> None:
    first = show(Waiting, lambda one: column(task_view(one.task)), bare_workspace)
    first.begin()
    again = show(Waiting, lambda _one: pytest.fail("a second view follows the same work"), bare_workspace)
    assert again is first
    assert screen[0] is screen[1]
    assert (first.task.running, first.ended) == (True, False)
    again.task.cancel()
    assert again.task.wait(10)
    assert again.task.state is State.CANCELLED


def test_how_all_looks_is_sent_once_with_each_panel(bare_workspace: Workspace, screen: list[Any]) -> None:
    sheet = (STATIC / "panel.css").read_text("utf-8")

    def many(_one: Waiting) -> w.Widget:
        return column(*(Markup("words") for _ in range(3)), Saved("Save", "a.csv", lambda: ""))

    show(Waiting, many, bare_workspace)
    show(Waiting, many, bare_workspace.root / "none")  # of which is said why it can't be made
    for view in screen:
        assert [getattr(one, "_css", "") for one in inside(view)].count(sheet) == 1


def test_a_panel_whose_work_has_ended_is_made_anew(bare_workspace: Workspace, screen: list[object]) -> None:
    def view(one: Waiting) -> w.Widget:
        return column(task_view(one.task))

    first = show(Waiting, view, bare_workspace)
    first.begin()
    first.task.cancel()
    assert first.task.wait(10)
    after = show(Waiting, view, bare_workspace)
    assert after is not first
    assert screen[0] is not screen[1]
    assert after.task.state is State.READY


def test_a_panel_of_another_workspace_is_another_and_neither_ends_the_other(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    here, there = (make(Waiting, one) for one in (bare_workspace, Workspace((tmp_path / "other").resolve())))
    here.begin()
    there.begin()
    assert here is not there
    for panel in (here, there):
        assert make(Waiting, panel.workspace) is panel
        assert panel.task.running
        panel.task.cancel()
        assert panel.task.wait(10)


def test_a_class_that_its_cell_defined_again_takes_up_the_work_too(bare_workspace: Workspace) -> None:
    before = make(Waiting, bare_workspace)
    before.begin()
    again = type("Waiting", (Waiting,), {"__module__": Waiting.__module__, "__qualname__": Waiting.__qualname__})
    assert make(again, bare_workspace) is before
    before.task.cancel()
    assert before.task.wait(10)


def test_a_panel_that_looks_at_files_looks_once_however_often_its_cell_runs(
    bare_workspace: Workspace, screen: list[object]
) -> None:
    views: list[Looking] = []

    def view(one: Looking) -> w.Widget:
        views.append(one)
        return column()

    panels = [show(Looking, view, bare_workspace) for _ in range(3)]
    assert not views
    panels[0].seen.set()
    assert panels[0].looked()
    assert (panels[0].began, views, len({id(one) for one in screen})) == (1, [panels[0]], 1)
    assert all(one is panels[0] for one in panels)
    assert show(Looking, view, bare_workspace) is not panels[0]


def test_a_look_that_a_person_stopped_can_be_begun_again(bare_workspace: Workspace, screen: list[object]) -> None:
    class Stopped(Looking):
        def look(self, run: Task) -> None:
            super().look(run)
            if run.cancelled():
                raise Cancelled("Stopped while files were looked at.")

    panel = show(Stopped, lambda _one: w.Label("seen"), bare_workspace)
    room = screen[0].children[-1]
    again = room.children[1].children[0]
    assert again.layout.display == "none"
    panel.task.cancel()
    panel.seen.set()
    assert panel.task.wait(10)
    assert (panel.task.state, again.layout.display) == (State.CANCELLED, "")
    again.click()
    assert panel.task.wait(10)
    assert [one.value for one in room.children] == ["seen"]


def test_what_runs_is_told_to_who_asks_in_mid_work(bare_workspace: Workspace) -> None:
    panel = Waiting(bare_workspace)
    assert panel.under_way == ""
    panel.begin()
    assert panel.under_way == "Running, 3 of 9: waiting. Run this cell again when it has ended."
    panel.task.cancel()
    assert panel.task.wait(10)
    assert panel.under_way == ""


def test_an_interpreter_that_ends_stops_the_work_first() -> None:
    code = """
from tjtools.widgets.panel import Task
import threading
began = threading.Event()
def work(run):
    began.set()
    while not run.cancelled():
        threading.Event().wait(0.01)
    print("stopped in good order")
Task().start(work)
began.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("stopped in good order\n", 0)


@pytest.mark.parametrize("tag", ["script", "img", "object", "iframe", "style"])
def test_markup_knows_harmless_elements_only(tag: str) -> None:
    with pytest.raises(ValueError, match="no element"):
        node(tag)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://example.com", "//example.com"])
def test_markup_links_to_pages_beside_it_only(address: str) -> None:
    with pytest.raises(ValueError, match="links to pages beside it"):
        node("a", "click", href=address)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//example.com", "/x", "https://", "https://a@b.example", "file:///x"],
)
def test_markup_opens_pages_of_a_web_site_only(address: str) -> None:
    with pytest.raises(ValueError, match="opens pages of a web site"):
        node("a", "click", site=address)


def test_sandbox_and_live_differ_in_words_mark_and_colour(bare_workspace: Workspace) -> None:
    for told in zip(SITES["sandbox"], SITES["live"], SITES[""], strict=True):
        assert len(set(told)) == 3
    bind(bare_workspace, LIVE.model_copy(update={"account": EVIL}))
    shown = str(banner(Waiting(bare_workspace)))
    for word in ("LIVE", LIVE.origin, EVIL, str(bare_workspace.root)):
        assert word in shown


def test_a_workspace_below_home_is_told_from_there_and_its_whole_path_where_one_points(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(bare_workspace.root.parent))
    told = str(banner(Waiting(bare_workspace)))
    assert told.count("~/shop") == told.count(str(bare_workspace.root)) == 1
    assert f"'title': {str(bare_workspace.root)!r}" in told


@pytest.mark.parametrize(
    ("rows", "sent", "told"),
    [(3, 3, "3 creatives"), (1, 1, "1 creative"), (100_000, 10_000, "the first 10,000 of 100,000 creatives")],
)
def test_a_table_sends_no_more_than_its_bound_and_says_how_many_there_are(rows: int, sent: int, told: str) -> None:
    table = Table(pd.DataFrame({"name": [f"clip {number}" for number in range(rows)]}), what="creatives")
    assert (len(table.children[1]._df), table.counted) == (sent, told)
    table.frame = pd.DataFrame({"name": []})
    assert (len(table.children[1]._df), table.counted) == (0, "0 creatives")


@pytest.mark.parametrize(("rows", "shown"), [(3, True), (26, False), (10_001, True)])
def test_a_table_in_pages_counts_its_rows_once(rows: int, shown: bool) -> None:
    """The pages have a line of their own, in the same words; what was cut is told above."""
    table = Table(pd.DataFrame({"name": map(str, range(rows))}), what="creatives")
    assert (table.children[0].layout.display != "none") is shown


def test_pressing_is_honoured_by_a_sandbox_and_refused_on_a_live_workspace(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(bare_workspace, SANDBOX)
    assert not Waiting(bare_workspace).presses
    monkeypatch.setenv("TJTOOLS_PRESS", "1")
    assert Waiting(bare_workspace).presses
    bare_workspace.settings_file.unlink()
    assert not Waiting(bare_workspace).presses
    monkeypatch.delenv("TJTOOLS_PRESS")
    bind(bare_workspace, LIVE)
    monkeypatch.setenv("TJTOOLS_PRESS", "1")
    with pytest.raises(SettingsError, match="only a person"):
        load_settings(bare_workspace)


def test_run_all_presses_nothing_by_itself(bare_workspace: Workspace) -> None:
    bind(bare_workspace, LIVE)
    panel = show(Waiting, lambda one: column(task_view(one.task)), bare_workspace)
    assert panel.task.state is State.READY
    assert not hasattr(panel, "pressed")


def test_a_panel_that_cant_be_made_says_why(bare_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    bare_workspace.settings_file.write_text("[sight]\n", "utf-8")
    panel = show(Waiting, lambda one: column(task_view(one.task)), bare_workspace)
    assert "unknown section" in str(panel.error)
    assert "Known: [site]" in str(panel.error)


def test_its_summary_ends_the_run_of_a_notebook_that_nobody_looks_at(bare_workspace: Workspace) -> None:
    """As papermill runs one for each account: a workspace that is none must not pass for one where all is well."""
    panel = show(Waiting, lambda one: column(task_view(one.task)), bare_workspace.root / "none")
    with pytest.raises(WorkspaceNotFound, match="none is no workspace"):
        panel.summary  # noqa: B018 (a notebook prints it)


def test_what_goes_wrong_on_a_click_is_kept_for_the_view(bare_workspace: Workspace) -> None:
    panel = Waiting(bare_workspace)
    with panel.attempt():
        Path(bare_workspace.root / "none").read_text("utf-8")
    assert isinstance(panel.error, FileNotFoundError)
    with panel.attempt():
        pass
    assert panel.error is None
