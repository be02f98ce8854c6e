"""How reviews went: changes, periods, comparisons, times by group, what is likely, and what rejected ones share."""

from __future__ import annotations

import ast
import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ipywidgets as w
import numpy as np
import pandas as pd
import pytest
import reviewed
from hypothesis import given
from hypothesis import strategies as st

from tjtools.analysis import outcome_findings as told
from tjtools.analysis.behind import behind
from tjtools.analysis.changes import change_counts, changes_since, last_observation
from tjtools.analysis.comparison import compare, comparison_table, newcombe
from tjtools.analysis.frame import library_frame
from tjtools.analysis.outlook import outlook
from tjtools.analysis.period import Period, dated, unknown_days, within
from tjtools.analysis.rejections import rejected_in_common
from tjtools.analysis.reviewtime import reviews, time_in_review, waiting
from tjtools.analysis.timegroups import time_by_section, time_by_week
from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.library import COLUMNS, Library
from tjtools.health.acknowledged import Seen, acknowledge, acknowledged
from tjtools.widgets.outcomes import ReviewOutcomes
from tjtools.widgets.outcomes_view import outcomes_view
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


def history(text: str = HISTORY) -> pd.DataFrame:
    return pd.DataFrame([line.split(",") for line in text.splitlines()], columns=list(HISTORY_COLUMNS), dtype="str")


def library(path: Path, rows: str = LIBRARY) -> pd.DataFrame:
    path.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    return library_frame(Library.load(path))


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return library(tmp_path / "library.csv")


@pytest.fixture
def small(bare_workspace: Workspace) -> Workspace:
    bare_workspace.history.write_text(",".join(HISTORY_COLUMNS) + "\n" + HISTORY, "utf-8")
    library(bare_workspace.library)
    return bare_workspace


def test_what_changed_is_listed_once_a_creative_decisions_first(frame: pd.DataFrame) -> None:
    table = changes_since(history(), frame, NOON)
    assert [(row.change, row.creative_id, row.before, row.now, row.section) for row in table.itertuples()] == [
        ("rejected", "3", "", "rejected", "In-Stream Video"),  # uploaded and decided since
        ("approved", "1", "pending", "approved", "In-Stream Video"),
        ("new", "4", "", "pending", "Static Banner"),
        ("new", "5", "", "approved", "Static Banner"),  # nobody saw it waiting
        ("removed", "2", "pending", "removed", "In-Stream Video"),
    ]  # 6 went back into review and came out as before
    assert change_counts(table).to_numpy().tolist() == [["rejected", 1], ["approved", 1], ["new", 2], ["removed", 1]]
    assert told.of_changes(table, None) == (
        "5 creatives changed since then: 1 rejected, 1 approved, 2 new, 1 gone from the site"
    )


def test_a_creative_that_came_back_is_said_to_be_back(frame: pd.DataFrame) -> None:
    gone = "2025-11-12T00:00:00Z,1,a,approved,removed,,refresh\n"
    back = gone + "2025-11-14T00:00:00Z,1,a,removed,approved,,refresh\n"
    assert changes_since(history(back), frame, NOON)["change"].tolist() == ["back on the site"]
    again = "2025-11-14T00:00:00Z,1,a,approved,pending,,sync\n"
    assert changes_since(history(again), frame, NOON)["change"].tolist() == ["in review again"]


def test_without_changes_the_sentence_says_so(frame: pd.DataFrame) -> None:
    table = changes_since(history(""), frame, NOON)
    assert told.of_changes(table, None) == "Nothing has changed since then"
    assert last_observation(history("")) is None
    assert last_observation(history()) == datetime(2025, 11, 16, tzinfo=UTC)


def test_a_reading_that_is_written_down_after_the_word_is_not_hidden_by_its_earlier_time(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    panel.have_seen()
    seen = panel.rows.iloc[-1]
    with small.history.open("a", encoding="utf-8") as file:  # its reading began before the last one that was seen
        file.write(f"2025-11-13T09:00:00Z,{seen['creative_id']},x,approved,rejected,2025-11-12T09:00:00Z,refresh\n")
    again = ReviewOutcomes(small, clock=lambda: NOON)
    assert again.changes.frame["creative_id"].tolist() == [seen["creative_id"]]
    assert "rows_seen=" in again.changes.code


def test_only_a_word_is_remembered_as_seen(small: Workspace) -> None:
    before = sorted(small.root.rglob("*"))
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    assert sorted(small.root.rglob("*")) == before
    assert acknowledged(small) is None
    assert len(panel.changes.frame) == 6  # of the last seven days
    panel.have_seen()
    until = datetime(2025, 11, 16, tzinfo=UTC)  # the last that was shown, not the clock
    assert acknowledged(small) == (until, len(panel.rows))
    assert panel.changes.finding.startswith("Nothing has changed since")
    again = ReviewOutcomes(small, clock=lambda: NOON)
    assert again.changes.frame.empty
    again.since_day(date(2025, 11, 13))
    assert len(again.changes.frame) == 5


@pytest.mark.parametrize("damage", ["", "[1]", '{"until": 3}', '{"until": "yesterday"}'])
def test_a_damaged_word_says_nothing(bare_workspace: Workspace, damage: str) -> None:
    acknowledge(bare_workspace, Seen(NOON, 3))
    assert json.loads(bare_workspace.acknowledged.read_text("utf-8")) == {"until": "2025-11-13T12:00:00Z", "rows": 3}
    bare_workspace.acknowledged.write_text(damage, "utf-8")
    assert acknowledged(bare_workspace) is None


def test_days_of_upload_and_decision_are_known_from_library_or_history(frame: pd.DataFrame) -> None:
    table = dated(frame, reviews(history()))
    days = {name: table[name].dt.strftime("%m-%d").fillna("").tolist() for name in ("uploaded", "decided")}
    assert days == {
        "uploaded": ["11-12", "11-12", "11-14", "", "", ""],  # an upload notes the file's whole name
        "decided": ["11-14", "", "11-15", "", "", "11-16"],
    }
    kept = within(table, Period("uploaded", date(2025, 11, 13), None))
    assert kept["creative_id"].tolist() == ["3"]
    assert unknown_days(table, Period("uploaded", date(2025, 11, 13), None)) == 3
    assert within(table, Period("decided", None, date(2025, 11, 15)))["creative_id"].tolist() == ["1", "3"]
    assert within(table, Period()) is table
    assert unknown_days(table, Period()) == 0


def test_the_filter_keeps_days_and_counts_what_it_does_not_know(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    panel.since = date(2025, 11, 14)
    assert panel.rates.frame[["category", "decided"]].to_numpy().tolist() == [["Travel", 1]]
    assert panel.left_out == "3 creatives without a known day of upload are left out."
    assert panel.by_section.frame["uploads"].tolist() == [1]
    panel.kind = "decided"
    assert "Times and what waits are of all days" in panel.left_out
    assert panel.by_section.frame["uploads"].sum() == 3
    panel.since = None
    assert panel.left_out == ""


@pytest.mark.parametrize(
    ("counts", "confidence", "expected"),
    [
        ((56, 70, 48, 80), 0.95, (0.05243147240236498, 0.33387265403690614)),
        ((9, 10, 3, 10), 0.95, (0.1705227239345029, 0.809017973535488)),
        ((0, 12, 5, 9), 0.95, (-0.8112214789023355, -0.17836990378685252)),
        ((90, 100, 50, 100), 1 - 0.05 / 3, (0.24986266638192053, 0.5272733129523058)),
    ],
)
def test_newcombe_agrees_with_statsmodels(
    counts: tuple[int, int, int, int], confidence: float, expected: tuple[float, float]
) -> None:
    # made with statsmodels 0.15.0: confint_proportions_2indep(*counts, method="newcomb", compare="diff", alpha=…)
    assert newcombe(*counts, confidence) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_a_difference_lies_in_its_interval_and_turns_with_the_groups(m: int, n: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    low, high = newcombe(a, m, b, n)
    assert -1 - 1e-9 <= low <= a / m - b / n + 1e-12
    assert a / m - b / n - 1e-12 <= high <= 1 + 1e-9
    assert newcombe(b, n, a, m) == pytest.approx((-high, -low))


def some(name: str, start: int, approved: int, rejected: int, kind: str = "video") -> list[str]:
    statuses = ["approved"] * approved + ["rejected"] * rejected
    return [f"{n},EN_{name}_9sec_ID-{n:08X},,,,{kind},{status}" for n, status in enumerate(statuses, start)]


def test_where_interval_and_test_disagree_the_words_say_that_too_few_are_decided(tmp_path: Path) -> None:
    frame = library(tmp_path / "library.csv", "\n".join(some("Good", 1000, 7, 0) + some("Bad", 2000, 3, 4)) + "\n")
    compared = compare(frame, "category", "Good", "Bad")
    assert (compared.low > 0, compared.told_apart) == (True, False)
    assert told.of_comparison(compared, "category").endswith("but too few are decided to be sure")


def test_two_groups_are_compared_in_words_and_numbers(tmp_path: Path) -> None:
    lines = some("Good", 1000, 90, 10) + some("Bad", 2000, 50, 50) + some("Fair", 3000, 88, 12)
    frame = library(tmp_path / "library.csv", "\n".join([*lines, "1,EN_New_9sec_ID-00000009,,,,video,pending"]) + "\n")
    compared = compare(frame, "category", "Good", "Bad")
    assert compared.pairs == 3
    assert told.of_comparison(compared, "category") == (
        "Good is approved 40 points more often than Bad (90 % and 50 %; 95 % sure: +25 to +53 points),"
        " which chance alone would hardly do"
    )
    assert told.of_comparison(compare(frame, "category", "Fair", "Good"), "category").endswith(
        "which chance alone can do"
    )
    table = comparison_table(compared)
    assert table["rate"].tolist() == pytest.approx([0.9, 0.5, 0.4])
    assert table["decided"].isna().tolist() == [False, False, True]
    assert told.of_comparison(compare(frame, "category", "New", "Good"), "category") == (
        "New and Good can't be compared: nothing of New has been decided yet"
    )
    assert told.of_comparison(None, "category").startswith("Nothing to compare")


def test_what_rejected_creatives_share_is_corrected_for_looking_at_many(tmp_path: Path) -> None:
    lines = some("Good", 1000, 95, 5) + some("Bad", 2000, 60, 40) + some("Fair", 3000, 90, 10, "image")
    frame = library(tmp_path / "library.csv", "\n".join(lines) + "\n")
    table = rejected_in_common(frame)
    first = table.iloc[0]
    assert (first["part"], first["value"], first["rejected"], first["decided"]) == ("category", "Bad", 40, 100)
    assert (first["rate"], first["rest_rate"]) == pytest.approx((0.4, 15 / 200))
    assert first["low"] < 0.4 < first["high"]
    assert (table["rate"] > table["rest_rate"]).all()
    assert "Good" not in table["value"].tolist()
    assert told.of_rejections(table, 55).startswith(
        "Rejected more often than chance allows: category Bad (40 % rejected, 8 % elsewhere)"
    )
    assert behind(frame, "category", "Bad", "rejected")["creative_id"].tolist() == [str(n) for n in range(2060, 2100)]


def test_where_all_are_rejected_nothing_sets_them_apart(tmp_path: Path) -> None:
    table = rejected_in_common(library(tmp_path / "library.csv", "\n".join(some("Bad", 10, 0, 4)) + "\n"))
    assert table.empty
    assert told.of_rejections(table, 4).startswith("Nothing that names tell is more common among the 4 rejected")
    assert told.of_rejections(table, 0) == "No creative is rejected"


@pytest.fixture(scope="module")
def year() -> tuple[reviewed.Truth, pd.DataFrame]:
    truth = reviewed.year(900, 1)
    stays = reviewed.stays(truth, reviewed.looks(truth, 24, 2))
    ids = [str(number) for number in range(900)]
    began = reviewed.FIRST_DAY + pd.to_timedelta(truth.uploaded, unit="h")
    return truth, stays.assign(creative_id=ids, filename=ids, began=began)


def test_weeks_with_few_decided_are_said_to_be_few(year: tuple[reviewed.Truth, pd.DataFrame]) -> None:
    truth, stays = year
    table = time_by_week(stays, repeats=20)
    weeks = np.floor(truth.uploaded / 168)
    assert table["week"].dt.day_of_week.eq(0).all()
    assert table["uploads"].tolist() == [int((weeks == week).sum()) for week in np.unique(weeks)]
    assert (table["few"] == (table["decided"] < 20)).all()
    assert table["few"].any()
    assert (table["low_hours"] <= table["median_hours"]).all()
    assert "fewer than 20 decided" in told.of_times(table, "week")


def test_a_slower_section_is_told_from_a_faster_one(tmp_path: Path) -> None:
    fast, slow = reviewed.year(400, 1, median=20), reviewed.year(400, 2, median=60)
    parts = []
    for start, truth in ((0, fast), (400, slow)):
        stays = reviewed.stays(truth, reviewed.looks(truth, 24, 3))
        parts.append(stays.assign(creative_id=[str(start + n) for n in range(400)], filename="x"))
    rows = [f"{n},a{n},,,,{'image' if n < 400 else 'video'},approved" for n in range(800)]
    stays = pd.concat(parts, ignore_index=True).assign(began=reviewed.FIRST_DAY)
    table = time_by_section(stays, library(tmp_path / "library.csv", "\n".join(rows) + "\n"), repeats=20)
    assert set(table["section"]) == {"Static Banner", "In-Stream Video"}
    said = told.of_times(table, "section")
    assert said.startswith("Review took between")
    assert said.index("Static Banner") < said.index("In-Stream Video")
    assert "chance" not in said


def test_the_chance_to_be_decided_is_what_really_happens(year: tuple[reviewed.Truth, pd.DataFrame]) -> None:
    truth, stays = year
    review = time_in_review(stays)
    waits = pd.DataFrame({"creative_id": ["1", "2", "3", "4"], "filename": "x", "section": "s"})
    waits["days"], waits["at_least"] = [1.0, 2.0, 3.0, math.nan], [False, False, True, True]
    table = outlook(waits, review, 24).set_index("creative_id")
    hours = truth.decided - truth.uploaded
    for creative_id, age in (("1", 24), ("2", 48)):
        really = ((hours > age) & (hours <= age + 24)).sum() / (hours > age).sum()
        row = table.loc[creative_id]
        assert row["low"] - 0.05 <= really <= row["high"] + 0.05
        assert row["low"] <= row["chance"] <= row["high"]
        assert review.chance(age, 24)[0] == pytest.approx(row["chance"])
    assert table.loc[["3", "4"], "chance"].isna().all()  # their age is not known
    assert told.of_outlook(outlook(waits, review, 24), 1).endswith(
        "nothing can be said of 2, whose age is not known or beyond what was seen"
    )


def test_who_waits_longer_than_anybody_did_has_no_chance_told(year: tuple[reviewed.Truth, pd.DataFrame]) -> None:
    waits = pd.DataFrame({"creative_id": ["1"], "filename": "x", "section": "s", "days": 400.0, "at_least": False})
    assert outlook(waits, time_in_review(year[1]), 24)[["chance", "low", "high"]].isna().all(axis=None)


def test_only_pending_ones_give_no_chance(tmp_path: Path) -> None:
    frame = library(tmp_path / "library.csv", "1,a.mp4,,,,video,pending\n")
    stays = reviews(history("2025-11-12T00:00:00Z,1,a.mp4,,pending,,upload\n"))
    waits = waiting(stays, frame, NOON)
    table = outlook(waits, time_in_review(stays), 24)
    assert table["chance"].isna().all()
    assert told.of_outlook(table, 1).startswith("How many will be decided within 1 day can't be told")


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
    panel.section, panel.kind, panel.since = section, *days
    for exhibit in panel.exhibits:
        made = result_of(exhibit.code) if exhibit.code else pd.DataFrame()
        if {"days"} <= set(made):  # ages go on
            made, shown = made.drop(columns="days"), exhibit.frame.drop(columns="days")
        else:
            shown = exhibit.frame
        pd.testing.assert_frame_equal(made, shown, obj=exhibit.heading)


def test_the_rows_behind_a_number_are_as_many_as_it_says(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    counts = {
        panel.rates: ["decided", "pending"],
        panel.comparison: ["decided"],
        panel.rejections: ["rejected"],
        panel.by_section: ["uploads"],
        panel.by_week: ["uploads"],
    }
    for exhibit, columns in counts.items():
        assert exhibit.behind
        for place in range(len(exhibit.frame.dropna())):
            assert len(exhibit.behind(place)) == exhibit.frame[columns].iloc[place].sum(), exhibit.heading
    assert panel.rejections.rows[0] == "category: Travel"
    decided = int(panel.stays["start_known"].sum()) - int((panel.stays["outcome"] == "pending").sum())
    assert panel.time.behind
    by_hour = [len(panel.time.behind(place)) for place in range(len(panel.time.frame))]
    assert by_hour == sorted(by_hour)
    assert 0 < by_hour[-1] <= decided
    assert panel.time.rows[0] == "hours: 0"


def test_what_can_be_compared_follows_the_dimension(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    assert {panel.one, panel.other} <= {*panel.values}
    panel.by = "section"
    assert set(panel.values) == {"In-Stream Video", "Static Banner"}
    panel.one, panel.other = "Static Banner", "In-Stream Video"
    assert panel.comparison.frame["group"].tolist()[:2] == ["Static Banner", "In-Stream Video"]
    panel.section = "Static Banner"
    assert panel.comparison.finding.startswith("Nothing to compare")


def inside(widget: w.Widget) -> list[w.Widget]:
    return [widget, *(one for child in getattr(widget, "children", ()) for one in inside(child))]


def choices(view: w.Widget, *among: str) -> list[w.Dropdown]:
    """The view's lists that offer these."""
    lists = [one for one in inside(view) if isinstance(one, w.Dropdown)]
    return [one for one in lists if {*among} <= {str(label) for label in one._options_labels}]


def test_the_view_s_lists_show_what_the_model_has(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    view = outcomes_view(panel)
    [by] = choices(view, "Category", "Section")
    by.value = "section"
    one, other = (each for each in choices(view, *panel.values) if each._options_labels == panel.values)
    assert (one.value, other.value) == (panel.one, panel.other)
    other.value = panel.one
    assert panel.comparison.finding.endswith("can't be compared with itself")
    rows = choices(view, "choose a row", *panel.values)
    assert [each.value for each in rows] == [-1] * len(rows)
    before = len(inside(view))
    rows[0].value = 0
    assert len(inside(view)) > before  # the table of the rows behind


def test_i_have_seen_this_and_the_days_are_pressed_in_the_view(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    view = outcomes_view(panel)
    [seen] = [one for one in inside(view) if isinstance(one, w.Button) and one.description == "I have seen this"]
    seen.click()
    assert panel.changes.frame.empty
    since, earliest, *_, by = (one for one in inside(view) if isinstance(one, w.DatePicker))
    since.value = date(2025, 11, 13)
    assert len(panel.changes.frame) == 5
    earliest.value = date(2025, 11, 14)
    assert panel.period.since == date(2025, 11, 14)
    by.value = date(2025, 11, 23)
    assert panel.within == 10


def test_a_word_that_cant_be_kept_is_an_error_on_the_screen(small: Workspace) -> None:
    panel = ReviewOutcomes(small, clock=lambda: NOON)
    small.acknowledged.mkdir(parents=True)  # something else is in its place
    panel.attempt(panel.have_seen)
    assert "can't be written" in str(panel.error)
