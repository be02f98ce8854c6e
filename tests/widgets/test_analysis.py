"""The panels of the library, the look-up and the review's outcomes, without a front end."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import reviewed
from PIL import Image
from views import inside

from tjtools.analysis.charts import MIME, bundle
from tjtools.analysis.exhibits import Question, Shown
from tjtools.cache.history import History, Source
from tjtools.widgets import library_analysis, look_up, review_outcomes
from tjtools.widgets.analysis import LibraryAnalysis, LookUp, ReviewOutcomes
from tjtools.widgets.analysis_view import history_view, library_view, lookup_view, outcomes_view
from tjtools.widgets.markup import Markup, Saved
from tjtools.widgets.view import Table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind

HEADER = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EVIL = "<img src=x onerror=alert(1)>"
ROWS = f"""\
1,EN_Sports_9sec_ID-00000001.mp4,2025-11-13,640x360,mp4,video,approved
2,EN_Sports_9sec_ID-00000002.mp4,,,,video,rejected
3,=1+1,,300x250,png,image,pending
4,{EVIL},,300x250,png,image,approved
5,gone,,,,image,removed
6,EN_Travel_ID-00000003.png,,300x250,png,image,approved
broken
"""


@pytest.fixture
def small(bare_workspace: Workspace) -> Workspace:
    bare_workspace.library.write_text(HEADER + ROWS, "utf-8")
    bind(bare_workspace, SiteSettings(kind="sandbox", origin="http://127.0.0.1:8642", account="demo"))
    return bare_workspace


def parts(view: Any) -> Iterator[Any]:
    yield view
    for one in getattr(view, "children", ()):
        yield from parts(one)


def drawn(exhibit: Shown) -> dict[str, Any]:
    assert exhibit.draw
    spec: dict[str, Any] = bundle(exhibit.draw(exhibit.finding), exhibit.finding)[MIME]
    return spec


def test_the_summary_says_what_is_there_and_what_is_not_counted(small: Workspace) -> None:
    assert LibraryAnalysis(small).summary.splitlines() == [
        "5 creatives on the site; 1 gone from it is not counted",
        "2 names of these follow no convention",
        "1 line of the library can't be read: tjtools doctor lists them",
        "Section: Static Banner 3, In-Stream Video 2",
        "Static Banner holds the most: 3 of 5 creatives",
        "Nothing is live in 8 of 10 pairs of category and section: Sports in Static Banner, Sports in Video Banners,"
        " Sports in Native Static Banner and 5 more; 2 creatives not counted: the category or section can't be told",
        "The library holds no native creatives",
        "1 creative was added since 10 November 2025; the day of 4 more is unknown",
        "No run of tjtools has uploaded anything here yet: there is no status CSV in upload_logs",
        "No creative repeats another one of its section; the content of none is known: only names were compared",
        "2 of 5 names break the convention",
    ]


def test_another_status_is_another_summary(small: Workspace) -> None:
    before = ReviewOutcomes(small).summary
    small.library.write_text(HEADER + ROWS.replace("video,rejected", "video,approved"), "utf-8")
    assert ReviewOutcomes(small).summary != before


def test_a_filter_keeps_one_section_in_all_that_follows_it(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    panel.by, panel.section = "category", "In-Stream Video"
    assert panel["inventory"].frame.to_numpy()[:, :2].tolist() == [["Sports", 2]]
    assert set(panel["gaps"].frame["section"]) == {"In-Stream Video"}
    assert "frame = frame[frame[\"section\"] == 'In-Stream Video']" in panel["inventory"].code


def test_days_of_upload_keep_what_was_added_then_and_the_undated_by_choice(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    panel.since = date(2025, 11, 14)
    assert (panel["inventory"].frame["creatives"].sum(), panel.left_out) == (
        4,
        "Kept too: 4 creatives of unknown upload date",
    )
    panel.undated = False
    assert panel.left_out == "Left out: 4 creatives of unknown upload date"
    assert panel["inventory"].finding == "There is no creative to count"
    panel.until, panel.since = date(2025, 11, 13), None
    assert panel["inventory"].frame["creatives"].sum() == 1
    assert "in_days(frame, None, date(2025, 11, 13), day='upload_date', undated=False)" in panel["uploads"].code


def test_the_gap_map_sets_category_against_section_or_language(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    panel.across = "language"
    assert panel["gaps"].frame[["category", "language", "live"]].to_numpy().tolist() == [
        ["Sports", "EN", 1],
        ["Travel", "EN", 1],
    ]
    assert panel["gaps"].finding.endswith("2 creatives not counted: the category or language can't be told")
    assert panel["gaps"].behind is not None
    assert panel["gaps"].behind(1)["creative_id"].tolist() == ["6"]


def test_the_frame_of_the_panel_has_the_history(small: Workspace) -> None:
    small.history.write_text(
        "observed_at,creative_id,filename,from_status,to_status,previous_seen_at,source\n"
        "2025-11-13T12:00:00Z,1,a,,pending,,upload\n",
        "utf-8",
    )
    frame = LibraryAnalysis(small).frame
    assert frame["reviews"].tolist()[:2] == [1, pd.NA]


def test_a_history_that_cannot_be_read_costs_only_what_it_would_tell(small: Workspace) -> None:
    small.history.write_text("no,header\n", "utf-8")
    panel = LibraryAnalysis(small)
    assert panel.notes[-1].startswith("The review history tells nothing: ")
    assert "TJ_Review_History.csv" in panel.notes[-1]
    assert panel["inventory"].frame["creatives"].sum() == 5


def test_the_rows_behind_each_number_are_as_many_as_it_says(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    for exhibit, column in (
        (panel["inventory"], "creatives"),
        (panel["uploads"], "added"),
        (panel["ages"], "creatives"),
    ):
        assert exhibit.behind
        numbers = [len(exhibit.behind(place)) for place in range(len(exhibit.frame))]
        assert numbers == exhibit.frame[column].tolist()


def test_each_call_that_a_panel_shows_runs(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.root)
    panel, outcomes = LibraryAnalysis(small), ReviewOutcomes(small)
    panel.section = "Static Banner"
    for shown in (*map(panel.__getitem__, panel.panes), *map(outcomes.__getitem__, outcomes.panes)):
        exec(shown.code, {})  # noqa: S102 (the panel's own text, which people copy)
    exec(LookUp(small).call, {})  # noqa: S102 (the same)


def test_the_charts_have_titles_units_and_words(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    for exhibit in (panel["inventory"], panel["gaps"], panel["uploads"], ReviewOutcomes(small)["approval_rates"]):
        spec = drawn(exhibit)
        assert " ".join(spec["title"]["text"]) == exhibit.finding
        assert spec["description"] == exhibit.finding


def test_names_and_ids_are_looked_up_in_the_order_asked(small: Workspace) -> None:
    panel = LookUp(small)
    panel.text = f"6\nEN_Sports_9sec_ID-00000001\n\nno such\n{EVIL}\n5\n"
    panel.ask()
    frame = panel.answers.frame
    assert frame[["asked", "answer", "creative_id"]].to_numpy().tolist() == [
        ["6", "already there", "6"],
        ["EN_Sports_9sec_ID-00000001", "already there", "1"],
        ["no such", "not there", ""],
        [EVIL, "already there", "4"],
        ["5", "removed", "5"],
    ]
    assert panel.ids == "6\n1\n4"
    assert panel.answers.finding == "5 lines asked: 3 in the library, 2 not"


def test_a_name_that_may_be_there_is_unclear_and_has_no_id(small: Workspace) -> None:
    panel = LookUp(small)
    with small.library.open("a", encoding="utf-8") as file:
        file.write("7,clip.mp4,,,mp4,native_video,pending\n")
    panel.text = "clip.mp4.mp4\nclip.mp4\nno such"
    panel.ask()
    assert panel.answers.frame[["asked", "answer", "creative_id"]].to_numpy().tolist() == [
        ["clip.mp4.mp4", "unclear", "7"],
        ["clip.mp4", "already there", "7"],
        ["no such", "not there", ""],
    ]
    assert panel.ids == "7"
    assert panel.answers.finding == "3 lines asked: 1 in the library, 1 not; 1 unclear"
    [table] = [one for one in inside(lookup_view(panel)) if isinstance(one, Table)]
    assert table.frame[["Creative ID", "creative type"]].to_numpy().tolist() == [["7", "native video"]] * 2 + [["", ""]]


def test_a_filter_that_is_changed_while_an_exhibit_is_made_holds(small: Workspace) -> None:
    """As by a click, while the panel looks again in its thread: the table was of all sections then."""
    panel = LibraryAnalysis(small)
    [pane] = panel.open(["inventory"])
    made = pane.exhibit

    def meanwhile(asked: Question) -> Shown:
        panel.section = "Static Banner"
        return made.make(asked)

    panel.by = "review_status"
    pane.exhibit, pane.stale = made._replace(make=meanwhile), True
    assert panel["inventory"].frame["creatives"].sum() == 3
    assert pane.shown.frame["creatives"].sum() == 3


def test_a_part_of_a_name_and_a_wrong_letter_find_what_is_like_it(small: Workspace) -> None:
    panel = LookUp(small)
    panel.text = "sports 9sec\nEN_Travel_ID-00000004.png\nsuch as none"
    panel.ask()
    assert panel.answers.frame[["asked", "answer", "creative_id"]].to_numpy().tolist() == [
        ["sports 9sec", "not there", ""],
        ["sports 9sec", "like it", "1"],
        ["sports 9sec", "like it", "2"],
        ["EN_Travel_ID-00000004.png", "not there", ""],
        ["EN_Travel_ID-00000004.png", "like it", "6"],
        ["such as none", "not there", ""],
    ]
    assert (panel.answers.finding, panel.ids) == ("3 lines asked: 0 in the library, 3 not", "")


def test_of_many_that_are_like_it_it_says_how_many_are_not_shown(small: Workspace) -> None:
    with small.library.open("a", encoding="utf-8") as file:
        file.writelines(f"{number},winter {number}.mp4,,,mp4,native_video,pending\n" for number in range(100, 127))
    panel = LookUp(small)
    panel.text = "winter"
    panel.ask()
    assert len(panel.answers.frame) == 1 + 25
    assert panel.answers.finding == "1 line asked: 0 in the library, 1 not; 27 are like it, 25 of them shown"


def test_a_look_up_knows_a_file_by_the_name_under_which_it_was_delivered(small: Workspace) -> None:
    rows = "original_filename,new_filename,tj_creative_id\nsummer 1.png,x.png,6\n"
    small.master.write_text(rows, "utf-8")
    panel = LookUp(small)
    panel.text = "summer 1.png"
    panel.ask()
    told = panel.answers.frame[["answer", "creative_id"]].to_numpy().tolist()
    assert told == [["not there", ""], ["made of it", "6"]]


def test_a_look_up_sees_what_was_added_meanwhile(small: Workspace) -> None:
    panel = LookUp(small)
    with small.library.open("a", encoding="utf-8") as file:
        file.write("7,fresh.png,,,png,image,pending\n")
    panel.text = "fresh.png"
    panel.ask()
    assert panel.ids == "7"


def test_the_look_up_tells_what_was_done_to_what_it_found(small: Workspace) -> None:
    panel = LookUp(small)
    panel.text = "6"
    panel.ask()
    History.of(small).record(panel.library.get("6"), source=Source.SYNC, now=datetime(2025, 11, 13, tzinfo=UTC))
    assert [(one.creative_id, one.what) for one in panel.trail.deeds] == [("6", "seen approved (sync)")]
    [table] = (one for one in parts(history_view(panel)) if isinstance(one, Table))
    assert [*table.frame["what"]] == ["seen approved (sync)"]


def test_copies_are_safe_in_a_spreadsheet(small: Workspace) -> None:
    panel = LookUp(small)
    panel.text = "=1+1"
    panel.ask()
    assert next(csv.DictReader(io.StringIO(panel.answers.csv)))["filename"] == "'=1+1"
    assert panel.answers.copied.splitlines()[1].split("\t")[:4] == ["'=1+1", "already there", "3", "'=1+1"]


def test_a_saved_file_holds_all_rows_and_goes_to_the_view_that_asked(
    small: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = LibraryAnalysis(small)
    sent: list[object] = []
    saved = Saved("Save CSV", "inventory.csv", lambda: panel["inventory"].csv)
    monkeypatch.setattr(saved, "send", lambda *told: sent.append(told))
    saved._hear(saved, {"view": "one"}, [])
    assert sent == [({"view": "one"}, [panel["inventory"].csv.encode()])]
    assert panel["inventory"].csv.splitlines()[1] == "Static Banner,3,0.6,2,1,0,0"


def test_without_a_history_the_rates_are_there_and_the_rest_is_said_to_be_missing(small: Workspace) -> None:
    panel = ReviewOutcomes(small)
    assert panel["approval_rates"].finding.startswith(
        "75 % of 4 decided creatives are approved (95 % sure: 30 % to 95 %)"
    )
    assert panel["time_in_review"].finding.startswith("How long review takes can't be told yet")
    assert panel["pending"].finding == "1 creative waits for review; since when, the history does not tell"
    assert panel["time_in_review"].draw is panel["pending"].draw is None


def test_with_a_history_time_in_review_and_what_waits_are_told(bare_workspace: Workspace) -> None:
    truth = reviewed.year(120, 3)
    reviewed.write(bare_workspace, truth, reviewed.looks(truth, 24, 4))
    panel = ReviewOutcomes(bare_workspace, clock=lambda: datetime(2026, 1, 5, tzinfo=UTC))
    assert (
        panel.notes[-1] == f"{len(panel.stays) * 2 - len(panel['pending'].frame)} rows of review history:"
        " 120 stays in review, the start of 120 is known"
    )
    assert panel["time_in_review"].finding.startswith("Half of the creatives are decided within ")
    assert len(drawn(panel["time_in_review"])["datasets"]) == 2


def test_the_views_follow_their_models(small: Workspace) -> None:
    panel, outcomes, asked = LibraryAnalysis(small), ReviewOutcomes(small), LookUp(small)
    views = [library_view(panel), outcomes_view(outcomes), lookup_view(asked)]
    section = next(one for one in parts(views[0]) if ("Static Banner",) * 2 in getattr(one, "options", ()))
    section.value = "Static Banner"
    assert panel.section == "Static Banner"
    asked.text = "1"
    asked.ask()
    assert asked.answers.finding.startswith("1 line asked")


def test_the_faces_show_their_panels(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TJTOOLS_PRESS", "1")
    assert look_up(small).summary == "3 lines asked: 2 in the library, 1 not\n2 × already there\n1 × not there"
    assert library_analysis(small).summary.startswith("5 creatives on the site")
    assert review_outcomes(small).summary.startswith("5 creatives on the site")


def test_a_chart_is_saved_as_a_picture_with_its_finding(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    with Image.open(io.BytesIO(panel["inventory"].png)) as picture:
        assert (picture.format, picture.width > 1200) == ("PNG", True)
        assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
    assert panel["native_pairs"].png == b""


@pytest.mark.parametrize(
    ("rows", "drawn"),
    [("", 0), ("1,gone,,,,video,removed\n", 0), ("1,夏の_バナー,2025-11-13,,png,image,approved\n", 4)],
    ids=["nothing", "all gone", "another script"],
)
def test_a_library_with_little_in_it_says_so_in_sentences(bare_workspace: Workspace, rows: str, drawn: int) -> None:
    bare_workspace.library.write_text(HEADER + rows, "utf-8")
    panel = LibraryAnalysis(bare_workspace)
    library_view(panel)
    shown = [panel[name] for name in panel.panes]
    assert all(one.finding for one in shown)
    assert sum(one.draw is not None for one in shown) == drawn
    assert panel["inventory"].finding.startswith(
        "There is no creative" if not drawn else "Static Banner is the only section"
    )


@pytest.mark.parametrize("rows", ["", "1,foo,,,,,\n2,bar bar,,,,,approved\n"], ids=["empty", "names that tell nothing"])
@pytest.mark.parametrize("name", ["04_library_analysis", "05_review_outcomes"])
def test_the_notebooks_examples_run_where_there_is_little_too(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str, rows: str
) -> None:
    bare_workspace.library.write_text(HEADER + rows, "utf-8")
    monkeypatch.chdir(bare_workspace.root)
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))
    names: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)  # noqa: S102 (our own notebook)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_exhibit_of_few_creatives_is_drawn_saved_and_has_its_rows_behind(
    bare_workspace: Workspace, count: int
) -> None:
    rows = (
        "1,EN_Sports_9sec_ID-00000001.mp4,2025-11-13,640x360,mp4,video,approved\n",
        "2,x,,,,native_video,rejected\n",
    )
    bare_workspace.library.write_text(HEADER + "".join(rows[:count]), "utf-8")
    for panel in (LibraryAnalysis(bare_workspace), ReviewOutcomes(bare_workspace)):
        for name in panel.panes:
            shown = panel[name]
            assert shown.finding
            assert shown.csv
            assert not shown.draw or drawn(shown)["width"]
            assert not (shown.behind and len(shown.frame)) or "filename" in shown.behind(0)


def test_what_changed_on_the_disk_is_read_when_the_panel_comes_back(small: Workspace) -> None:
    panel = LibraryAnalysis(small)
    library_view(panel)
    read = panel.files
    panel.come_back()
    assert panel.files is read
    with small.library.open("a", encoding="utf-8") as file:
        file.write("7,fresh.png,,,png,image,pending\n")
    panel.come_back()
    assert panel.task.wait(30)
    assert panel["inventory"].frame["creatives"].sum() == 6


def test_exhibits_without_data_are_one_line_in_all(small: Workspace) -> None:
    view = library_view(LibraryAnalysis(small))
    said = [str(one.tree) for one in parts(view) if isinstance(one, Markup) and "Nothing to show" in str(one.tree)]
    assert len(said) == 1
    assert "Nothing to show: Native pairs · What was uploaded in which run · What is there twice" in said[0]
