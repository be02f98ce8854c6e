"""What the library holds: each table counted by hand on small tracking files, and said in a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import tjtools

from tjtools.analysis import charts, exhibits, findings
from tjtools.analysis.contents import (
    IMAGE,
    VIDEO,
    ages,
    behind_pair,
    copies,
    cost_of,
    days_on_site,
    dry,
    gap_map,
    inventory,
    native_pairs,
    odd_names,
    period_of,
    runs_table,
    uploads,
)
from tjtools.analysis.estimates import approval_rates, overall
from tjtools.analysis.frame import DIMENSIONS, in_days, library_frame, on_site
from tjtools.analysis.sources import Asked, Files
from tjtools.cache import history
from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.upload.run_files import STATUS_COLUMNS, load_runs
from tjtools.workspace.folder import Workspace

SMALL = """\
1,EN_Sports_F_Real_SFW_Generic_Ana_9sec_T-7_ID-00000001.mp4,2025-10-30,640x360,mp4,video,approved
2,EN_Sports_9sec_ID-00000002.mp4,2025-11-02,640x360,mp4,video,rejected
3,banner 3 final,,300x250,png,image,approved
4,VID_EN_Sports_4sec_ID-0000000A-VID,2025-11-13,640x360,mp4,native_video,approved
5,IMG_EN_Sports_ID-0000000a-IMG,,640x360,png,native_image,pending
6,summer,,,,native_video,approved
7,summer.png,,,png,native_image,rejected
8,VID_DE_Travel_4sec_ID-0000000B-VID,,,,native_video,
9,old,2025-10-01,,,video,removed
10,nowhere,,,,,pending
"""


NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)


def frame_of(workspace: Workspace, rows: str, seen: str = "") -> pd.DataFrame:
    workspace.library.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    workspace.history.write_text(",".join(history.COLUMNS) + "\n" + seen, "utf-8")
    return library_frame(Library.load(workspace.library), History.of(workspace))


def library(path: Path, rows: str) -> pd.DataFrame:
    path.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    return library_frame(Library.load(path))


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return library(tmp_path / "library.csv", SMALL)


def rows(table: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in table[list(columns or table.columns)].itertuples(index=False)]


def test_an_inventory_counts_every_creative_on_the_site_once(frame: pd.DataFrame) -> None:
    table = inventory(frame, "category")
    assert rows(table) == [
        ("Sports", 4, 4 / 9, 2, 1, 1, 0),
        ("Travel", 1, 1 / 9, 0, 0, 0, 1),
        ("(no convention)", 4, 4 / 9, 2, 1, 1, 0),
    ]
    for by in DIMENSIONS:
        assert inventory(frame, by)["creatives"].sum() == 9, by
    assert rows(inventory(frame, "rating"))[1:] == [
        ("(no convention)", 4, 4 / 9, 2, 1, 1, 0),
        ("(not in the name)", 4, 4 / 9, 1, 1, 1, 1),
    ]


def test_a_gap_is_a_pair_with_nothing_live(frame: pd.DataFrame) -> None:
    table = gap_map(frame)
    assert len(table) == 10
    found = {(row.category, row.section): row.live for row in table.itertuples()}
    assert {pair for pair, live in found.items() if live} == {
        ("Sports", "In-Stream Video"),
        ("Sports", "Native Rollover"),
    }
    assert findings.of_gaps(table).startswith("Nothing is live in 8 of 10 pairs of category and section: Sports in")


def test_native_pairs_by_unique_id_or_by_one_name(frame: pd.DataFrame) -> None:
    assert rows(native_pairs(frame)) == [
        ("VID_DE_Travel_4sec_ID-0000000B-VID", "no image", "unknown", "", "8", ""),
        ("summer", "half rejected", "approved", "rejected", "6", "7"),
        ("VID_EN_Sports_4sec_ID-0000000A-VID", "in review", "approved", "pending", "4", "5"),
    ]
    said = "2 of 3 native pairs need something: 1 without an image, 1 with one half rejected"
    assert findings.of_pairs(native_pairs(frame)) == said
    for _, pair in native_pairs(frame).iterrows():
        halves = behind_pair(frame, pair).set_index("section")["review_status"].astype(str)
        assert (halves.get(VIDEO, ""), halves.get(IMAGE, "")) == (pair["video"], pair["image"])


def test_natives_that_differ_in_a_suffix_are_one_pair(tmp_path: Path) -> None:
    """A library of an older naming: 33 pairs called so need nothing."""
    halves = "".join(
        f"{n}1,clip {n},,,,Native Rollover,approved\n{n}2,clip {n}_horizontal,,,,Native Static Banner,approved\n"
        for n in range(1, 34)
    )
    odd = "901,a,,,,native_video,approved\n902,a_backdrop,,,,native_image,approved\n"
    frame = library(tmp_path / "library.csv", halves + odd)
    said = "2 of 35 native pairs need something: 1 without an image, 1 without a video"
    assert findings.of_pairs(native_pairs(frame)) == said
    assert findings.of_pairs(native_pairs(frame, ("_backdrop",))) == "No native pair needs anything: 34 of 34 are live"


def test_the_suffixes_that_a_user_knows_hold_in_the_notebook(bare_workspace: Workspace) -> None:
    frame_of(bare_workspace, "1,a,,,,native_video,approved\n2,a_backdrop,,,,native_image,approved\n")
    bare_workspace.settings_file.write_text('[names]\npair_suffixes = ["_backdrop"]\n', "utf-8")
    told = tjtools("report", "--out", "r.html", cwd=bare_workspace.root)
    page = (bare_workspace.root / "r.html").read_text("utf-8")
    assert (told.returncode, "No native pair needs anything: 1 of 1 are live" in page) == (0, True), told.stderr
    assert "native_pairs(frame, ('_backdrop',))" in page.replace("&#39;", "'").replace("&quot;", '"')


def test_of_two_creatives_for_one_half_the_better_counts(tmp_path: Path) -> None:
    twice = "1,a,,,,native_video,rejected\n2,a,,,,native_video,approved\n3,a,,,,native_image,approved\n"
    table = native_pairs(library(tmp_path / "library.csv", twice))
    assert rows(table) == [("a", "live", "approved", "approved", "2, 1", "3")]


def test_uploads_by_month_and_the_unknown_days(frame: pd.DataFrame) -> None:
    table = uploads(frame, "month")
    found = [(f"{row.period:%Y-%m}", row.section, row.added, row.total) for row in table.itertuples()]
    assert found == [
        ("2025-10", "In-Stream Video", 2, 2),
        ("2025-10", "Native Rollover", 0, 0),
        ("2025-11", "In-Stream Video", 1, 3),
        ("2025-11", "Native Rollover", 1, 1),
    ]
    said = "4 creatives were added since 1 October 2025, most in October 2025: 2; the day of 6 more is unknown"
    assert findings.of_uploads(table, "month", 6) == said


def on_days(workspace: Workspace, seen: str = "", **days: int) -> pd.DataFrame:
    """A library of so many creatives of each day, `_2025_11_05=3`; "_" for those of unknown day."""
    told = [day.strip("_").replace("_", "-") for day, number in days.items() for _ in range(number)]
    return frame_of(workspace, "".join(f"{n},a{n},{day},,,image,approved\n" for n, day in enumerate(told, 1)), seen)


def finding_of(workspace: Workspace, name: str) -> str:
    exhibit: exhibits.Exhibit = getattr(exhibits, name)
    return exhibit.shown(Files(workspace, lambda: NOW), Asked()).finding


REFRESHED = "a refresh by another tool may have written its own day there"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (
            {"_2025_11_05": 481, "_2025_10_01": 121, "_2025_10_20": 120},
            "481 of 722 known upload dates are 5 November 2025: REFRESHED; of the others, 241 creatives were added"
            " since 29 September 2025, most in the week of 29 September 2025: 121",
        ),
        (
            {"_2025_11_05": 30, "_": 2},
            "all 30 known upload dates are 5 November 2025: REFRESHED; the day of 2 more is unknown",
        ),
        (
            {"_2025_11_05": 30, "_2025_11_06": 20, "_2025_10_01": 1},
            "50 of 51 known upload dates are 5 November 2025 (30) or 6 November 2025 (20): REFRESHED; of the others,"
            " 1 creative was added since 29 September 2025",
        ),
        (
            {"_2025_11_05": 19, "_2025_11_06": 1},
            "20 creatives were added since 3 November 2025",
        ),
        (
            {f"_2025_10_{day:02}": 20 for day in range(6, 11)},
            "100 creatives were added since 6 October 2025",
        ),
    ],
)
def test_days_that_many_creatives_share_are_said_to_be_shared(
    bare_workspace: Workspace, days: dict[str, int], said: str
) -> None:
    """Two thirds of a real library have one day: that of a refresh of the predecessor, which wrote its own."""
    on_days(bare_workspace, **days)
    told = said.replace("REFRESHED", REFRESHED)
    assert finding_of(bare_workspace, "uploads") == told
    assert (REFRESHED in finding_of(bare_workspace, "ages")) == ("REFRESHED" in said)


def test_a_day_on_which_tjtools_uploaded_many_is_theirs(bare_workspace: Workspace) -> None:
    seen = "".join(f"2025-11-05T12:00:00Z,{n},a{n},,pending,,upload\n" for n in range(1, 31))
    on_days(bare_workspace, seen, _2025_11_05=30, _2025_10_01=30)
    assert finding_of(bare_workspace, "uploads").startswith("30 of 60 known upload dates are 1 October 2025: ")


def test_a_short_range_is_told_by_the_week(frame: pd.DataFrame) -> None:
    table = uploads(frame, period_of(frame))
    assert [f"{day:%a %d %b}" for day in table["period"].drop_duplicates()][:2] == ["Mon 29 Sep", "Mon 06 Oct"]
    assert findings.of_uploads(table, "week", 0).endswith("most in the week of 27 October 2025: 2")


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
    days = days_on_site(on_site(frame), NOW)
    assert days["days"].fillna(-1).tolist() == [0, 7, 8, 12, -1, 2143]
    assert days["at_least"].tolist() == [False, False, False, True, False, False]
    assert findings.of_ages(table, days).startswith("The median of 4 known upload dates is 8 days ago; 1 are at least")


def status_csv(workspace: Workspace, stamp: str, *lines: tuple[str, ...]) -> None:
    """One run: file name, creative type, ID, status and, where it matters, the message of each file."""
    path = workspace.upload_logs / f"upload_status_{stamp}.csv"
    path.parent.mkdir(exist_ok=True)
    texts = [
        f"u,{name},p,2025-11-13,12:00:00,TrafficJunky,{creative_id},{status},{(*why, 'why')[0]},{kind},,0"
        for name, kind, creative_id, status, *why in lines
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
        ("e.png", "image", "", "skipped"),
        ("f.png", "image", "", "skipped", "not begun: Stopped on request."),
    )
    status_csv(bare_workspace, "20251113_110000", ("a.mp4", "short_video", "", "dry_run"))
    bare_workspace.campaigns.mkdir()
    (bare_workspace.campaigns / "Batch007_20251113_120000_Preroll.csv").touch()
    log = load_runs(bare_workspace)
    table = runs_table(log.rows, frame)
    assert log.problems == ()
    columns = ("run", "batch", "section", "files", "success", "failed", "skipped", "not_begun", "dry_run")
    columns += ("approved", "rejected", "unknown")
    noon, before = pd.Timestamp("2025-11-13 12:00"), pd.Timestamp("2025-11-13 11:00")
    assert rows(table, *columns, "creative_ids") == [
        (noon, "007", "In-Stream Video", 1, 1, 0, 0, 0, 0, 1, 0, 0, "1"),
        (noon, "007", "Static Banner", 5, 2, 1, 1, 1, 0, 0, 1, 1, "2 9"),
        (before, "", "In-Stream Video", 1, 0, 0, 0, 0, 1, 0, 0, 0, ""),
    ]
    assert dry(table).tolist() == [False, False, True]


def test_the_runs_of_a_day_are_those_of_its_whole_day(bare_workspace: Workspace) -> None:
    for run in ("20251112_235900", "20251113_000000", "20251113_235900", "20251114_000000"):
        status_csv(bare_workspace, run, ("a.mp4", "video", "1", "success"))
    kept = in_days(load_runs(bare_workspace).rows, date(2025, 11, 13), date(2025, 11, 13), day="run")
    assert kept["run"].dt.strftime("%d %H:%M").unique().tolist() == ["13 00:00", "13 23:59"]


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
def test_small_libraries_give_tables(bare_workspace: Workspace, lines: str) -> None:
    frame = frame_of(bare_workspace, lines)
    assert ages(frame, NOW)["creatives"].sum() == len(frame)
    assert len(odd_names(frame)) == len(frame)
    assert copies(frame).empty
    assert cost_of(copies(frame)).empty
    assert runs_table(load_runs(Workspace(Path("nowhere"))).rows, frame).empty


def test_the_findings_count_as_the_tables_do(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, SAME, REVIEWS)
    assert findings.of_copies(copies(frame, [("same content", ["60", "40"])]), 2) == (
        "3 creatives repeat another one of the section (same content and same unique ID 2, same name 1):"
        " at least 4 reviews went into them; the content of 2 creatives was compared"
    )
    assert findings.of_odd_names(odd_names(frame), 8) == "5 of 8 names break the convention"
    assert findings.of_ages(ages(frame, NOW), days_on_site(on_site(frame), NOW)) == (
        "The median of 4 known upload dates is 11 days ago; the age of 4 is unknown"
    )
    status_csv(bare_workspace, "20251113_120000", ("a.mp4", "video", "40", "success"), ("b.mp4", "video", "", "failed"))
    status_csv(bare_workspace, "20251113_110000", ("a.mp4", "video", "", "dry_run"))
    assert findings.of_runs(runs_table(load_runs(bare_workspace).rows, frame)) == (
        "1 file uploaded in 1 run: now 1 approved; 1 failed; 1 run handed nothing over"
    )


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "1,a,,,,,\n",
        "1,a,,,,video,pending\n",
        "1,夏の_バナー,2025-11-13,,,image,approved\n",
        "1,gone,,,,video,removed\n",
    ],
    ids=["nothing", "all unknown", "only pending", "another script", "all gone"],
)
def test_small_and_odd_libraries_give_tables_sentences_and_charts(tmp_path: Path, lines: str) -> None:
    frame = library(tmp_path / "library.csv", lines)
    for by in DIMENSIONS:
        table = inventory(frame, by)
        assert findings.of_inventory(table, by)
        if len(table):
            charts.inventory_chart(table, by).to_dict()
        assert findings.of_rates(approval_rates(frame, by), overall(frame), by)
    assert findings.of_gaps(gap_map(frame))
    assert findings.of_pairs(native_pairs(frame))
    assert findings.of_uploads(uploads(frame, "week"), "week", 1)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.dates(), min_size=1, max_size=5))
def test_any_days_can_be_told_and_drawn(days: list[date]) -> None:
    frame = pd.DataFrame(
        {"upload_date": pd.to_datetime([f"{day}" for day in days], format="%Y-%m-%d").astype("M8[us]")}
    )
    frame = frame.assign(section=None, creative_id="1", filename="a")
    table = uploads(frame, period_of(frame))
    assert table["added"].sum() == len(days)
    assert findings.of_uploads(table, period_of(frame), 0)
    spec = charts.uploads_chart(table, period_of(frame)).to_dict()
    assert 0 < sum(len(values) for values in spec["datasets"].values()) <= 5_000
