"""The panel of the review's outcomes: what it is asked for, the word that changes were seen, and its view."""

from __future__ import annotations

import ast
import json
import threading
from datetime import UTC, date, datetime
from typing import Any

import ipywidgets as w
import pandas as pd
import pytest
from views import inside

from tjtools.analysis.estimates import time_in_review
from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.history import Seen, acknowledge, acknowledged
from tjtools.cache.library import COLUMNS
from tjtools.widgets.analysis import ReviewOutcomes
from tjtools.widgets.analysis_view import outcomes_view
from tjtools.workspace.folder import Workspace

NOON = datetime(2025, 11, 13, 12, tzinfo=UTC)


HISTORY = """\
2025-11-12T00:00:00Z,1,EN_Sports_9sec_ID-00000001.mp4,,pending,,upload
2025-11-12T00:00:00Z,2,EN_Sports_9sec_ID-00000002.mp4,,pending,,upload
2025-11-12T00:00:00Z,6,f,,approved,,refresh
2025-11-14T00:00:00Z,1,EN_Sports_9sec_ID-00000001.mp4,pending,approved,2025-11-13T18:00:00Z,sync
2025-11-14T00:00:00Z,2,EN_Sports_9sec_ID-00000002.mp4,pending,removed,2025-11-13T18:00:00Z,refresh
2025-11-14T00:00:00Z,3,EN_Travel_9sec_ID-00000003.mp4,,pending,,upload
2025-11-15T00:00:00Z,3,EN_Travel_9sec_ID-00000003.mp4,pending,rejected,2025-11-14T12:00:00Z,sync
2025-11-15T00:00:00Z,4,夏の,,pending,,upload
2025-11-15T00:00:00Z,5,e,,approved,,refresh
2025-11-15T00:00:00Z,6,f,approved,pending,2025-11-12T00:00:00Z,refresh
2025-11-16T00:00:00Z,6,f,pending,approved,2025-11-15T00:00:00Z,refresh
no time,7,g,,pending,,upload
"""


LIBRARY = """\
1,EN_Sports_9sec_ID-00000001.mp4,2025-11-12,,mp4,video,approved
2,EN_Sports_9sec_ID-00000002.mp4,2025-11-12,,mp4,video,removed
3,EN_Travel_9sec_ID-00000003.mp4,,,mp4,video,rejected
4,夏の,,,,image,pending
5,e,,,,image,approved
6,f,,,,image,approved
"""


@pytest.fixture
def small(bare_workspace: Workspace) -> Workspace:
    bare_workspace.history.write_text(",".join(HISTORY_COLUMNS) + "\n" + HISTORY, "utf-8")
    bare_workspace.library.write_text(",".join(COLUMNS) + "\n" + LIBRARY, "utf-8")
    return bare_workspace


def test_a_reading_that_is_written_down_after_the_word_is_not_hidden_by_its_earlier_time(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    panel.have_seen()
    seen = panel.files.rows.iloc[-1]
    with small.history.open("a", encoding="utf-8") as file:  # its reading began before the last one that was seen
        file.write(f"2025-11-13T09:00:00Z,{seen['creative_id']},x,approved,rejected,2025-11-12T09:00:00Z,refresh\n")
    again = ReviewOutcomes(small, clock=lambda: NOON)
    assert again["changes"].frame["creative_id"].tolist() == [seen["creative_id"]]
    assert "rows_seen=" in again["changes"].code


def test_only_a_word_is_remembered_as_seen(small: Workspace) -> None:
    before = sorted(small.root.rglob("*"))
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    assert sorted(small.root.rglob("*")) == before
    assert acknowledged(small) is None
    assert len(panel["changes"].frame) == 6  # of the last seven days
    panel.have_seen()
    until = datetime(2025, 11, 16, tzinfo=UTC)  # the last that was shown, not the clock
    assert acknowledged(small) == (until, len(panel.files.rows))
    assert panel["changes"].finding.startswith("Nothing has changed since")
    again = ReviewOutcomes(small, clock=lambda: NOON)
    assert again["changes"].frame.empty
    again.last_looked = datetime(2025, 11, 13).astimezone()
    assert len(again["changes"].frame) == 5


@pytest.mark.parametrize("damage", ["3", '"yesterday"', "null"])
def test_a_damaged_word_says_nothing(bare_workspace: Workspace, damage: str) -> None:
    acknowledge(bare_workspace, Seen(NOON, 3))
    told = bare_workspace.log.read_text("utf-8")
    assert json.loads(told)["data"] == {"until": "2025-11-13T12:00:00Z", "rows": 3}
    bare_workspace.log.write_text(told.replace('"2025-11-13T12:00:00Z", "rows"', f'{damage}, "rows"'), "utf-8")
    assert acknowledged(bare_workspace) is None


def test_what_is_shown_may_be_followed_by_what_asks_for_another_exhibit(small: Workspace) -> None:
    """Also in the thread that has just made it: nobody waits for themselves."""
    panel = ReviewOutcomes(small)
    panel.panes["changes"].observe(lambda _change: panel["approval_rates"], "shown")
    asked = threading.Thread(target=panel._ask_again, daemon=True)
    asked.start()
    asked.join(20)
    assert not asked.is_alive()


def test_the_filter_keeps_days_and_counts_what_it_does_not_know(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    panel.since = date(2025, 11, 14)
    assert panel["approval_rates"].frame[["category", "decided"]].to_numpy().tolist() == [["Travel", 1]]
    assert panel.left_out == "3 creatives without a known day of upload are left out."
    assert in_review(panel) == 1
    panel.day = "decided"
    assert "Times and what waits are of all days" in panel.left_out
    assert in_review(panel) == 3
    panel.since = None
    assert panel.left_out == ""


def in_review(panel: ReviewOutcomes) -> int:
    """Of how many creatives the stays in review tell the time."""
    return time_in_review(panel.files.stays_of(panel.asked.begun.keep(panel.files.frame))).creatives


def result_of(code: str) -> Any:
    """What the last line of a panel's code is."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(tree, "code", "exec"), names)  # noqa: S102 (the panel's own text, which people copy)
    return eval(compile(ast.Expression(last.value), "code", "eval"), names)  # noqa: S307 (the same)


@pytest.mark.parametrize("section", ["", "In-Stream Video"])
@pytest.mark.parametrize("days", [("uploaded", None), ("uploaded", date(2025, 11, 13)), ("decided", date(2025, 11, 1))])
def test_each_table_is_what_its_code_makes(
    small: Workspace, monkeypatch: pytest.MonkeyPatch, section: str, days: tuple[str, date | None]
) -> None:
    monkeypatch.chdir(small.root)
    panel = ReviewOutcomes(small)
    panel.section, panel.day, panel.since = section, *days
    for name in panel.panes:
        made, shown = result_of(panel[name].code) if panel[name].code else pd.DataFrame(), panel[name].frame
        moving = {"days", "chance", "low", "high"} & {*made} if name == "pending" else set()  # ages go on
        pd.testing.assert_frame_equal(made.drop(columns=moving), shown.drop(columns=moving), obj=name)


def test_the_rows_behind_a_number_are_as_many_as_it_says(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    counts = {"approval_rates": ["decided", "pending"], "rejections": ["rejected"]}
    for name, columns in counts.items():
        shown = panel[name]
        assert shown.behind
        for place in range(len(shown.frame.dropna())):
            assert len(shown.behind(place)) == shown.frame[columns].iloc[place].sum(), name
    assert panel["rejections"].rows[0] == "category: Travel"
    decided = int(panel.stays["start_known"].sum()) - int((panel.stays["outcome"] == "pending").sum())
    assert panel["time_in_review"].behind
    by_hour = [len(panel["time_in_review"].behind(place)) for place in range(len(panel["time_in_review"].frame))]
    assert by_hour == sorted(by_hour)
    assert 0 < by_hour[-1] <= decided
    assert panel["time_in_review"].rows[0] == "hours: 0"


def unfold(view: w.Widget, *titles: str) -> None:
    for title in titles:
        [heading] = [
            one for one in inside(view) if isinstance(one, w.ToggleButton) and one.description.startswith(title)
        ]
        heading.value = True


def choices(view: w.Widget, *among: str) -> list[w.Dropdown]:
    """The view's lists that offer these."""
    lists = [one for one in inside(view) if isinstance(one, w.Dropdown)]
    return [one for one in lists if {*among} <= {str(label) for label in one._options_labels}]


def test_the_view_s_lists_show_what_the_model_has(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    view = outcomes_view(panel)
    unfold(view, "How sure?", "What is approved")
    [by] = choices(view, "Category", "Section")
    by.value = "section"
    rows = choices(view, "choose a row", *panel["approval_rates"].frame["section"])
    assert [each.value for each in rows] == [-1] * len(rows)
    before = len(inside(view))
    rows[0].value = 0
    assert len(inside(view)) > before  # the table of the rows behind


def test_i_have_seen_this_and_the_days_are_pressed_in_the_view(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    view = outcomes_view(panel)
    [seen] = [one for one in inside(view) if isinstance(one, w.Button) and one.description == "I have seen this"]
    seen.click()
    assert panel["changes"].frame.empty
    assert seen.layout.display == "none"
    unfold(view, "How sure?", "What waits for review")
    since, earliest, *_, by = (one for one in inside(view) if isinstance(one, w.DatePicker))
    since.value = date(2025, 11, 13)
    assert len(panel["changes"].frame) == 5
    earliest.value = date(2025, 11, 14)
    assert panel.since == date(2025, 11, 14)
    by.value = date(2025, 11, 23)
    assert panel.within == 10


def test_a_word_that_cant_be_kept_is_an_error_on_the_screen(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    small.log.mkdir(parents=True)  # something else is in its place
    panel.have_seen()
    assert "log.jsonl: can't be read" in str(panel.error)
