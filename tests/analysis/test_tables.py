"""Ages, runs, suggested names and copies: each table counted by hand on small tracking files."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import write_inventory

from tjtools.analysis import charts, library_charts
from tjtools.analysis import findings as told_before
from tjtools.analysis import library_findings as told
from tjtools.analysis.ages import ages, median_age
from tjtools.analysis.copies import copies, cost_of
from tjtools.analysis.frame import library_frame
from tjtools.analysis.inventory import gap_map, inventory, period_of, uploads
from tjtools.analysis.pairs import native_pairs
from tjtools.analysis.runs import dry, runs_table
from tjtools.analysis.suggestions import suggested_names, tidied
from tjtools.cache import history
from tjtools.cache.history import History
from tjtools.cache.inventory import inventory_frame
from tjtools.cache.library import COLUMNS, Library
from tjtools.model.names import parse_name
from tjtools.upload.status_csv import STATUS_COLUMNS, load_runs
from tjtools.workspace.folder import Workspace

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)


def frame_of(workspace: Workspace, rows: str, seen: str = "") -> pd.DataFrame:
    workspace.library.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    workspace.history.write_text(",".join(history.COLUMNS) + "\n" + seen, "utf-8")
    return library_frame(Library.load(workspace.library), History.of(workspace))


def rows(table: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in table[list(columns)].itertuples(index=False)]


def test_age_is_since_the_upload_or_at_least_since_the_first_sight(bare_workspace: Workspace) -> None:
    frame = frame_of(
        bare_workspace,
        "1,a,2025-11-13,,,image,approved\n2,b,2025-11-06,,,image,pending\n3,c,2025-11-05,,,image,rejected\n"
        "4,d,,,,image,approved\n5,e,,,,image,approved\n6,gone,2020-01-01,,,image,removed\n7,f,2020-01-01,,,,\n",
        "2025-11-01T12:00:00Z,4,d,,approved,,refresh\n",
    )
    table = ages(frame, NOW)
    assert rows(table, "age", "creatives", "at_least", "approved", "pending", "rejected", "unknown") == [
        ("up to a week", 2, 0, 1, 1, 0, 0),
        ("up to 30 days", 2, 1, 1, 0, 1, 0),
        ("up to 90 days", 0, 0, 0, 0, 0, 0),
        ("up to half a year", 0, 0, 0, 0, 0, 0),
        ("up to a year", 0, 0, 0, 0, 0, 0),
        ("over a year", 1, 0, 0, 0, 0, 1),
        ("unknown", 1, 0, 1, 0, 0, 0),
    ]
    assert median_age(frame, NOW) == 7.5


def status_csv(workspace: Workspace, stamp: str, *lines: tuple[str, str, str, str]) -> None:
    """One run: file name, creative type, ID and status of each file."""
    path = workspace.upload_logs / f"upload_status_{stamp}.csv"
    path.parent.mkdir(exist_ok=True)
    texts = [
        f"u,{name},p,2025-11-13,12:00:00,TrafficJunky,{creative_id},{status},why,{kind},,0"
        for name, kind, creative_id, status in lines
    ]
    path.write_text("\n".join([",".join(STATUS_COLUMNS), *texts]) + "\n", "utf-8")


def test_runs_tell_what_was_uploaded_and_how_it_stands_now(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, "1,a.mp4,,,,video,approved\n2,b.png,,,,image,rejected\n")
    status_csv(
        bare_workspace,
        "20251113_120000",
        ("a.mp4", "video", "1", "success"),
        ("b.png", "image", "", "unknown_id"),
        ("b.png", "image", "2", "success"),  # settled later in the run: the last row counts
        ("c.png", "image", "9", "success"),
        ("d.png", "image", "", "failed"),
    )
    status_csv(bare_workspace, "20251113_110000", ("a.mp4", "short_video", "", "dry_run"))
    bare_workspace.campaigns.mkdir()
    (bare_workspace.campaigns / "Batch007_20251113_120000_Preroll.csv").touch()
    log = load_runs(bare_workspace)
    table = runs_table(log.rows, frame)
    assert log.problems == ()
    columns = ("run", "batch", "section", "files", "success", "failed", "dry_run", "approved", "rejected", "unknown")
    noon, before = pd.Timestamp("2025-11-13 12:00"), pd.Timestamp("2025-11-13 11:00")
    assert rows(table, *columns, "creative_ids") == [
        (noon, "007", "In-Stream Video", 1, 1, 0, 0, 1, 0, 0, "1"),
        (noon, "007", "Static Banner", 3, 2, 1, 0, 0, 1, 1, "2 9"),
        (before, "", "In-Stream Video", 1, 0, 0, 1, 0, 0, 0, ""),
    ]
    assert dry(table).tolist() == [False, False, True]


def test_a_log_that_cannot_be_read_is_told_and_the_others_count(bare_workspace: Workspace) -> None:
    status_csv(bare_workspace, "20251113_120000", ("a.mp4", "video", "1", "done"), ("b.mp4", "video", "2", "success"))
    (bare_workspace.upload_logs / "upload_status_20251113_130000.csv").write_text("a,b\n1,2\n", "utf-8")
    (bare_workspace.upload_logs / "upload_status_old.csv").write_text("a\n", "utf-8")
    log = load_runs(bare_workspace)
    assert log.rows["file_name"].tolist() == ["b.mp4"]
    assert [problem.split(":")[0] for problem in log.problems] == [
        "upload_status_20251113_120000.csv",
        "upload_status_20251113_130000.csv",
        "upload_status_old.csv",
    ]


INVENTORY = {
    "by ID": {"unique_id": "0000000A-VID", "original_filename": "raw a.mp4", "language": "en", "category": "Sports"}
    | {"new_filename": "x.mp4", "creative_type": "native_video", "duration_seconds": "4.04", "creator_name": "Ana"}
    | {"content_type": "SFW", "tj_creative_id": "1"},
    "renamed": {"unique_id": "ID-0000000B", "original_filename": "summer final.png", "creative_type": "image"}
    | {"new_filename": "EN_Travel_ID-0000000B.png", "language": "DE"},
    "little": {"unique_id": "nonsense", "new_filename": "clip.mp4", "creative_type": "video", "category": "Big Games"},
    "one": {"unique_id": "0000000C", "new_filename": "twice.png", "creative_type": "image", "language": "EN"},
    "other": {"unique_id": "0000000D", "new_filename": "twice.png", "creative_type": "image", "language": "EN"},
}


@pytest.fixture
def known_files(bare_workspace: Workspace) -> pd.DataFrame:
    write_inventory(bare_workspace.session, [one for one in INVENTORY.values() if "tj_creative_id" not in one])
    ids = {name: value for name, value in INVENTORY["by ID"].items() if name != "tj_creative_id"}
    write_inventory(bare_workspace.master, [ids])
    text = bare_workspace.master.read_text("utf-8").splitlines()
    bare_workspace.master.write_text(f"{text[0]},tj_creative_id,tj_upload_date\n{text[1]},1,\n", "utf-8")
    return inventory_frame(bare_workspace)


def test_names_are_suggested_from_known_facts_alone(bare_workspace: Workspace, known_files: pd.DataFrame) -> None:
    frame = frame_of(
        bare_workspace,
        "1,banner final,,,,native_video,approved\n2,summer final,,,,image,approved\n3,clip,,,,video,pending\n"
        "4,twice,,,,image,approved\n5,nobody knows,,,,image,approved\n6,clip,,,,image,approved\n"
        "7,vid_en_Sports_4 sec_id-12345678.mp4,,,,video,approved\n8,EN_Sports_ID-00000001,,,,image,approved\n"
        "9,gone,,,,image,removed\n",
    )
    table = suggested_names(frame, known_files)
    assert rows(table, "creative_id", "suggested", "known_from", "unknown") == [
        ("2", "EN_Travel_ID-0000000B.png", "inventory, by name", ""),
        ("7", "VID_EN_Sports_4sec_ID-12345678.mp4", "the name itself", ""),
        ("1", "VID_EN_Sports_SFW_{Type}_Ana_4sec_ID-0000000A-VID.mp4", "inventory, by Creative ID", "Type"),
        (
            "3",
            "{Language}_Big-Games_{Duration}_ID-{UniqueID}.mp4",
            "inventory, by name",
            "Language, Duration, UniqueID",
        ),
        ("4", "", "", "all parts"),
        ("5", "", "", "all parts"),
        ("6", "", "", "all parts"),
    ]
    assert frame["filename"].tolist()[0] == "banner final"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_tidied_name_follows_the_convention_or_is_none(name: str) -> None:
    tidy = tidied(name)
    assert tidy == "" or parse_name(tidy)
    assert tidied(tidy) == tidy


SAME = """\
10,summer.png,2025-11-02,,png,image,rejected
20,summer,2025-11-01,,png,image,approved
30,summer,,,,video_banner,approved
40,EN_Sports_9sec_ID-0000000A.mp4,2025-11-03,,,video,approved
50,EN_Sports_T-2_ID-0000000a.mp4,2025-11-02,,,video,approved
60,other.mp4,,,,video,pending
70,VID_EN_Sports_4sec_ID-0000000A-VID,,,,native_video,approved
80,alone,,,,image,approved
90,alone,,,,image,removed
"""
REVIEWS = """\
2025-11-02T12:00:00Z,10,summer.png,,pending,,upload
2025-11-03T12:00:00Z,10,summer.png,pending,rejected,2025-11-02T12:00:00Z,sync
2025-11-04T12:00:00Z,10,summer.png,rejected,pending,2025-11-03T12:00:00Z,sync
2025-11-05T12:00:00Z,10,summer.png,pending,rejected,2025-11-04T12:00:00Z,sync
"""


def test_copies_are_grouped_and_their_reviews_counted(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, SAME, REVIEWS)
    by_content = [("same content", ["60", "40", "70", "gone"]), ("looks the same", ["30", "80"])]
    table = copies(frame, by_content)
    assert rows(table, "group", "why", "creative_id", "kept", "reviews") == [
        (1, "same name", "20", True, 1),
        (1, "same name", "10", False, 2),  # rejected twice, as the history saw
        (2, "same content and same unique ID", "50", True, 1),
        (2, "same content and same unique ID", "40", False, 1),
        (2, "same content and same unique ID", "60", False, 1),
    ]
    assert rows(cost_of(table), "why", "groups", "copies", "reviews") == [
        ("same content and same unique ID", 1, 2, 2),
        ("same name", 1, 1, 2),
    ]


def test_no_creative_stands_in_two_groups_and_each_group_keeps_one(bare_workspace: Workspace) -> None:
    names = [f"{n},name {n % 7},,,,image,approved" for n in range(1, 60)]
    frame = frame_of(bare_workspace, "\n".join(names) + "\n")
    table = copies(frame, [("looks the same", [str(n) for n in range(1, 4)])])
    assert table["creative_id"].is_unique
    assert table.groupby("group")["kept"].sum().eq(1).all()
    assert table["group"].nunique() == 5  # of seven names, three became one


@pytest.mark.parametrize("lines", ["", "1,a,,,,,\n", "1,夏の_バナー,2025-11-13,,,image,approved\n"])
def test_small_libraries_give_tables(bare_workspace: Workspace, lines: str, known_files: pd.DataFrame) -> None:
    frame = frame_of(bare_workspace, lines)
    assert ages(frame, NOW)["creatives"].sum() == len(frame)
    assert len(suggested_names(frame, known_files)) == len(frame)
    assert copies(frame).empty
    assert cost_of(copies(frame)).empty
    assert runs_table(load_runs(Workspace(Path("nowhere"))).rows, frame).empty


def rows_in(chart: object) -> int:
    """How many rows a chart's specification holds."""
    spec = chart.to_dict()  # type: ignore[attr-defined]
    return sum(len(values) for values in spec.get("datasets", {}).values())


def test_no_chart_holds_more_than_5000_rows_however_many_creatives_there_are(bare_workspace: Workspace) -> None:
    dice = np.random.default_rng(1)
    days = pd.Timestamp("1950-01-01") + pd.to_timedelta(dice.integers(0, 28_000, 6_000), unit="D")
    kinds = ["video", "image", "video_banner", "native_video", "native_image"]
    lines = [
        f"{number},EN_Category{number % 300}_SFW_Generic_Creator{number % 400}_9sec_ID-{number % 5900:08X}.mp4,"
        f"{day:%Y-%m-%d},640x360,mp4,{kinds[number % 5]},approved\n"
        for number, day in enumerate(days, 1)
    ]
    odd = [f"{number},odd {number % 50},,,,{kinds[number % 5]},rejected\n" for number in range(6001, 9001)]
    frame = frame_of(bare_workspace, "".join(lines + odd))
    for number in range(60):
        files = [(f"{n}.mp4", "video", str(n), "success") for n in range(1, 4)]
        status_csv(bare_workspace, f"20251113_1200{number:02}", *files)
    runs = runs_table(load_runs(bare_workspace).rows, frame)
    every = {"month": uploads(frame, "month"), "week": uploads(frame, "week")}
    assert len(every["month"]) > 4_000
    assert len(every["week"]) > 5_000
    drawn = [
        charts.inventory_chart(inventory(frame, "creator"), "creator", ""),
        charts.gap_chart(gap_map(frame), "category", "section", ""),
        charts.gap_chart(gap_map(frame, columns="creator"), "category", "creator", ""),
        charts.pairs_chart(native_pairs(frame), ""),
        *(library_charts.uploads_chart(table, name, "") for name, table in every.items()),
        library_charts.ages_chart(ages(frame, NOW), ""),
        library_charts.runs_chart(runs, ""),
        library_charts.copies_chart(copies(frame), ""),
        library_charts.names_chart(suggested_names(frame, inventory_frame(bare_workspace)), ""),
    ]
    assert all(0 < rows_in(chart) <= 5_000 for chart in drawn)


def test_each_chart_has_its_finding_as_title_and_says_what_its_axis_counts(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, SAME, REVIEWS)
    status_csv(bare_workspace, "20251113_120000", ("a.mp4", "video", "1", "success"))
    runs = runs_table(load_runs(bare_workspace).rows, frame)
    drawn = {
        "Added": library_charts.uploads_chart(uploads(frame), "week", "the finding"),
        "Creatives": library_charts.ages_chart(ages(frame, NOW), "the finding"),
        "Files handed over": library_charts.runs_chart(runs, "the finding"),
        "Reviews of copies": library_charts.copies_chart(copies(frame), "the finding"),
        "Names that break the convention": library_charts.names_chart(
            suggested_names(frame, inventory_frame(bare_workspace)), "the finding"
        ),
    }
    for axis, chart in drawn.items():
        spec = chart.to_dict()
        assert spec["title"]["text"] == ["the finding"]
        assert f'"title": "{axis}"' in json.dumps(spec)


def test_the_findings_count_as_the_tables_do(bare_workspace: Workspace, known_files: pd.DataFrame) -> None:
    frame = frame_of(bare_workspace, SAME, REVIEWS)
    assert told.of_copies(copies(frame, [("same content", ["60", "40"])]), 2) == (
        "3 creatives repeat another one of the section (same content and same unique ID 2, same name 1):"
        " at least 4 reviews went into them; the content of 2 creatives was compared"
    )
    assert told.of_names(suggested_names(frame, known_files), 8) == (
        "5 of 8 names break the convention; of none is enough known to suggest another"
    )
    assert told.of_ages(ages(frame, NOW), median_age(frame, NOW)) == (
        "The median of 4 known upload dates is 11 days ago; the age of 4 is unknown"
    )
    status_csv(bare_workspace, "20251113_120000", ("a.mp4", "video", "40", "success"), ("b.mp4", "video", "", "failed"))
    status_csv(bare_workspace, "20251113_110000", ("a.mp4", "video", "", "dry_run"))
    assert told.of_runs(runs_table(load_runs(bare_workspace).rows, frame)) == (
        "1 file uploaded in 1 run: now 1 approved; 1 failed; 1 run handed nothing over"
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.dates(), min_size=1, max_size=5))
def test_any_days_can_be_told_and_drawn(days: list[date]) -> None:
    frame = pd.DataFrame(
        {"upload_date": pd.to_datetime([f"{day}" for day in days], format="%Y-%m-%d").astype("M8[us]")}
    )
    frame = frame.assign(section=None, creative_id="1", filename="a")
    table = uploads(frame)
    assert table["added"].sum() == len(days)
    assert told_before.of_uploads(table, period_of(frame), 0)
    assert 0 < rows_in(library_charts.uploads_chart(table, period_of(frame), "")) <= 5_000
