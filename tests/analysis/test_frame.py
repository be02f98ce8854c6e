"""The one frame for pandas: the library joined with its names and its history, counted by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.analysis.frame import added_between, library_frame
from tjtools.analysis.seen import SEEN, seen
from tjtools.cache import history
from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.workspace.folder import Workspace

# a creative's whole story: rows of the history as `day hour from to previous source`, and what they tell
STORIES = {
    "uploaded, approved at the second look": (
        ["01 06 - pending - upload", "03 06 pending approved 02.06 refresh"],
        {"first_seen": "01 06", "last_seen": "03 06", "first_source": "upload", "changes": 1, "reviews": 1}
        | {"first_change": "03 06", "last_change": "03 06", "decided_after": "02 06", "decided_by": "03 06"},
    ),
    "approved when it was first seen": (
        ["02 06 - approved - refresh"],
        {"first_seen": "02 06", "last_seen": "02 06", "first_source": "refresh", "changes": 0, "reviews": 1}
        | {"decided_by": "02 06"},
    ),
    "still pending": (
        ["02 06 - pending - sync"],
        {"first_seen": "02 06", "last_seen": "02 06", "first_source": "sync", "changes": 0, "reviews": 1},
    ),
    "rejected, reviewed again, approved": (
        [
            "01 06 - pending - upload",
            "02 06 pending rejected 01.06 sync",
            "03 06 rejected pending 02.06 sync",
            "05 06 pending approved 04.06 sync",
        ],
        {"first_seen": "01 06", "last_seen": "05 06", "first_source": "upload", "changes": 3, "reviews": 2}
        | {"first_change": "02 06", "last_change": "05 06", "decided_after": "04 06", "decided_by": "05 06"},
    ),
    "a decision that replaced another": (
        ["01 06 - approved - refresh", "04 06 approved rejected 03.06 refresh"],
        {"first_seen": "01 06", "last_seen": "04 06", "first_source": "refresh", "changes": 1, "reviews": 2}
        | {"first_change": "04 06", "last_change": "04 06", "decided_after": "03 06", "decided_by": "04 06"},
    ),
    "in review again": (
        ["01 06 - approved - refresh", "02 06 approved pending 01.06 refresh"],
        {"first_seen": "01 06", "last_seen": "02 06", "first_source": "refresh", "changes": 1, "reviews": 2}
        | {"first_change": "02 06", "last_change": "02 06"},
    ),
    "gone, and back as it was": (
        ["01 06 - approved - refresh", "03 06 approved removed 02.06 refresh", "04 06 removed approved - refresh"],
        {"first_seen": "01 06", "last_seen": "04 06", "first_source": "refresh", "changes": 2, "reviews": 1}
        | {"first_change": "03 06", "last_change": "04 06", "decided_by": "01 06"},
    ),
    "gone": (
        ["01 06 - pending - upload", "03 06 pending removed 02.06 refresh"],
        {"first_seen": "01 06", "last_seen": "02 06", "first_source": "upload", "changes": 1, "reviews": 1}
        | {"first_change": "03 06", "last_change": "03 06"},
    ),
    "the library knew it before the history did": (
        ["03 06 pending approved 02.06 refresh"],
        {"first_seen": "02 06", "last_seen": "03 06", "first_source": "refresh", "changes": 1, "reviews": 1}
        | {"first_change": "03 06", "last_change": "03 06", "decided_after": "02 06", "decided_by": "03 06"},
    ),
    "known, and gone at the first look": (
        ["03 06 approved removed - refresh"],
        {"first_source": "refresh", "changes": 1, "reviews": 1, "first_change": "03 06", "last_change": "03 06"},
    ),
}


def time(text: str) -> str:
    day, hour = text.replace(".", " ").split()
    return f"2025-11-{day}T{hour}:00:00Z"


def rows_of(creative_id: str, lines: list[str]) -> list[list[str]]:
    found = []
    for line in lines:
        day, hour, *rest = line.split()
        before, status, previous, source = ("" if one == "-" else one for one in rest)
        times = time(f"{day} {hour}"), time(previous) if previous else ""
        found.append([times[0], creative_id, f"name {creative_id}", before, status, times[1], source])
    return found


def frame_of(rows: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(history.COLUMNS), dtype="str")


def told(row: pd.Series) -> dict[str, object]:
    known = row.dropna()
    return {name: f"{value:%d %H}" if isinstance(value, pd.Timestamp) else value for name, value in known.items()}


@pytest.mark.parametrize("story", STORIES)
def test_what_the_history_tells_of_a_creative(story: str) -> None:
    lines, expected = STORIES[story]
    table = seen(frame_of(rows_of("1", lines)))
    assert told(table.loc["1"]) == expected
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {name: str(kind) for name, kind in SEEN.items()}


@settings(deadline=None)
@given(st.permutations(sorted(STORIES)), st.randoms())
def test_creatives_do_not_mix_whatever_the_order_of_their_rows(names: list[str], dice: object) -> None:
    mixed = sorted(
        (row for number, name in enumerate(names) for row in rows_of(str(number), STORIES[name][0])),
        key=lambda row: (row[0], dice.random()),  # type: ignore[attr-defined]
    )
    table = seen(frame_of(mixed))
    assert {names[int(number)]: told(row) for number, row in table.iterrows()} == {
        name: expected for name, (_, expected) in STORIES.items()
    }


def test_the_time_of_the_last_look_counts_where_it_was_kept() -> None:
    rows = frame_of(rows_of("1", ["01 06 - pending - upload"]))
    assert told(seen(rows, {"1": ("pending", time("09 06"))}).loc["1"])["last_seen"] == "09 06"


def test_rows_that_cannot_be_read_tell_nothing() -> None:
    rows = frame_of(
        [["someday", "1", "a", "", "pending", "", "upload"], [time("01 06"), "2", "b", "", "rejectd", "", "upload"]]
    )
    assert seen(rows).empty


@pytest.fixture
def joined(bare_workspace: Workspace) -> pd.DataFrame:
    library = (
        ",".join((*COLUMNS, "reviews", "note"))
        + "\n1,EN_Sports_9sec_ID-00000001.mp4,2025-11-01,640x360,mp4,video,approved,five,mine\n"
        + "2,夏の_バナー,,300x250,png,image,pending,,\n"
    )
    bare_workspace.library.write_text(library, "utf-8")
    rows = rows_of("1", STORIES["uploaded, approved at the second look"][0])
    text = "\n".join(",".join(row) for row in [list(history.COLUMNS), *rows]) + "\n"
    bare_workspace.history.write_text(text, "utf-8")
    return library_frame(Library.load(bare_workspace.library), History.of(bare_workspace))


def test_the_frame_joins_the_history_and_keeps_extra_columns(joined: pd.DataFrame) -> None:
    assert joined["reviews"].tolist() == [1, pd.NA]
    assert joined["first_seen"].dt.day.tolist()[0] == 1
    assert joined.loc[1, list(SEEN)].isna().all()
    assert joined[["file_reviews", "note"]].to_numpy().tolist() == [["five", "mine"], ["", ""]]


def test_without_a_history_the_same_columns_are_there_and_empty(joined: pd.DataFrame, tmp_path: Path) -> None:
    bare = library_frame(Library(tmp_path / "none.csv"))
    assert list(bare.columns) == [name for name in joined.columns if name not in ("file_reviews", "note")]
    assert bare.dtypes.equals(joined.dtypes[bare.columns])


@pytest.mark.parametrize(
    ("since", "until", "undated", "kept"),
    [
        (None, None, False, ["1", "2"]),
        (date(2025, 11, 1), date(2025, 11, 1), False, ["1"]),
        (date(2025, 11, 2), None, True, ["2"]),
        (None, date(2025, 10, 31), False, []),
    ],
)
def test_a_range_of_days_has_both_its_ends_and_the_undated_by_choice(
    joined: pd.DataFrame, since: date | None, until: date | None, undated: bool, kept: list[str]
) -> None:
    assert added_between(joined, since, until, undated=undated)["creative_id"].tolist() == kept
