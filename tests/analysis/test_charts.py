"""The charts: few rows, a title that is the finding, axes that say what they count."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import altair as alt
import numpy as np
import pandas as pd

from tjtools.analysis import charts
from tjtools.analysis.contents import ages, copies, gap_map, inventory, native_pairs, odd_names, runs_table, uploads
from tjtools.analysis.frame import library_frame
from tjtools.cache import history
from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.upload.run_files import STATUS_COLUMNS, load_runs
from tjtools.workspace.folder import Workspace

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
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


def frame_of(workspace: Workspace, rows: str, seen: str = "") -> pd.DataFrame:
    workspace.library.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    workspace.history.write_text(",".join(history.COLUMNS) + "\n" + seen, "utf-8")
    return library_frame(Library.load(workspace.library), History.of(workspace))


def status_csv(workspace: Workspace, stamp: str, *lines: tuple[str, str, str, str]) -> None:
    """One run: file name, creative type, ID and status of each file."""
    path = workspace.upload_logs / f"upload_status_{stamp}.csv"
    path.parent.mkdir(exist_ok=True)
    texts = [
        f"u,{name},p,2025-11-13,12:00:00,TrafficJunky,{creative_id},{status},why,{kind},,0"
        for name, kind, creative_id, status in lines
    ]
    path.write_text("\n".join([",".join(STATUS_COLUMNS), *texts]) + "\n", "utf-8")


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
        charts.inventory_chart(inventory(frame, "creator"), "creator"),
        charts.gap_chart(gap_map(frame), "section"),
        charts.gap_chart(gap_map(frame, columns="creator"), "creator"),
        charts.pairs_chart(native_pairs(frame)),
        *(charts.uploads_chart(table, name) for name, table in every.items()),
        charts.ages_chart(ages(frame, NOW)),
        charts.runs_chart(runs),
        charts.copies_chart(copies(frame)),
        charts.odd_names_chart(odd_names(frame)),
    ]
    assert all(0 < rows_in(chart) <= 5_000 for chart in drawn)


def test_each_chart_has_its_finding_as_title_and_says_what_its_axis_counts(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, SAME, REVIEWS)
    status_csv(bare_workspace, "20251113_120000", ("a.mp4", "video", "1", "success"))
    runs = runs_table(load_runs(bare_workspace).rows, frame)
    drawn = {
        "Added": charts.uploads_chart(uploads(frame, "week"), "week"),
        "Creatives": charts.ages_chart(ages(frame, NOW)),
        "Files handed over": charts.runs_chart(runs),
        "Reviews of copies": charts.copies_chart(copies(frame)),
        "Names that break the convention": charts.odd_names_chart(odd_names(frame)),
    }
    for axis, chart in drawn.items():
        spec = charts.titled(chart, "the finding").to_dict()
        assert spec["title"]["text"] == ["the finding"]
        assert f'"title": "{axis}"' in json.dumps(spec)


def test_a_chart_says_what_it_shows_and_holds_few_rows(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, SAME)
    many = pd.concat([frame.assign(creator=f"creator {number}") for number in range(300)], ignore_index=True)
    many["by_convention"] = True
    spec = charts.inventory_chart(inventory(many, "creator"), "creator").to_dict()
    assert sum(len(values) for values in spec["datasets"].values()) <= 120


def test_no_section_has_the_colour_of_a_status(bare_workspace: Workspace) -> None:
    frame = frame_of(bare_workspace, SAME)
    drawn = json.dumps(charts.uploads_chart(uploads(frame, "week"), "week").to_dict()["encoding"])
    colours = {*re.findall(r"#[0-9A-F]{6}", drawn)}
    assert colours
    assert not colours & {charts.GREEN, charts.ORANGE, charts.RED, charts.SKY, charts.GREY}


def test_a_chart_is_as_wide_as_the_panel_its_text_as_large_and_nothing_of_it_is_what_vega_warns_of(
    bare_workspace: Workspace,
) -> None:
    frame = frame_of(bare_workspace, SAME, REVIEWS)
    for chart in (
        charts.inventory_chart(inventory(frame, "section"), "section"),
        charts.gap_chart(gap_map(frame), "section"),
        charts.uploads_chart(uploads(frame, "week"), "week"),
        charts.ages_chart(ages(frame, NOW)),
    ):
        spec = charts.bundle(chart, "words")[charts.MIME]
        assert (spec["width"], spec["autosize"]["type"]) == (860, "fit-x")  # until the room's width is known
        assert isinstance(spec["height"], int)  # a height by steps makes it warn, and so does a concatenation
        assert "containerSize" in json.dumps(charts.embedded())
        assert {spec["config"][part]["labelFontSize"] for part in ("axis", "legend")} == {13}
        assert spec["background"] == "transparent"


def test_the_number_of_the_longest_bar_has_room_within_the_chart_also_in_a_narrow_panel() -> None:
    """What sticks out is cut there: 172 stood as 17."""
    table = pd.DataFrame({"section": ["a"], "approved": [120], "pending": [32], "rejected": [20], "unknown": [0]})
    bars, sums = charts.inventory_chart(table, "section").to_dict()["layer"]
    ends = {layer["encoding"]["x"]["scale"]["domainMax"] for layer in (bars, sums)}
    assert len(ends) == 1
    narrow, number = 400, 5.3 + 3 * 8  # pixels: of the bars at 760 px, and what 172 takes
    assert narrow * (1 - 172 / ends.pop()) > number


def test_a_chart_is_what_jupyterlab_draws_without_the_internet() -> None:
    frame = pd.DataFrame({"verdict": ["new"], "files": [3]})
    made = charts.bundle(alt.Chart(frame).mark_bar().encode(x="files", y="verdict"), "3 new files")
    assert set(made) == {charts.MIME, "text/plain"}
    assert (made["text/plain"], made[charts.MIME]["description"]) == ("3 new files", "3 new files")
