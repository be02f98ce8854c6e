"""The review history: what it tells of each creative, its stays in review, and what changed, counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.analysis import findings
from tjtools.analysis.estimates import time_in_review
from tjtools.analysis.frame import frame_of, in_days
from tjtools.analysis.reviews import SEEN, changes_since, observations, reviews, seen
from tjtools.cache import history
from tjtools.cache.library import COLUMNS, Library

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


def texts_of(rows: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(history.COLUMNS), dtype="str")


def told(row: pd.Series) -> dict[str, object]:
    known = row.drop(["uploaded", "decided"]).dropna()
    return {name: f"{value:%d %H}" if isinstance(value, pd.Timestamp) else value for name, value in known.items()}


@pytest.mark.parametrize("story", STORIES)
def test_what_the_history_tells_of_a_creative(story: str) -> None:
    lines, expected = STORIES[story]
    table = seen(observations(texts_of(rows_of("1", lines))))
    assert told(table.loc["1"]) == expected
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {name: str(kind) for name, kind in SEEN.items()}


@settings(deadline=None)
@given(st.permutations(sorted(STORIES)), st.randoms())
def test_creatives_do_not_mix_whatever_the_order_of_their_rows(names: list[str], dice: object) -> None:
    mixed = sorted(
        (row for number, name in enumerate(names) for row in rows_of(str(number), STORIES[name][0])),
        key=lambda row: (row[0], dice.random()),  # type: ignore[attr-defined]
    )
    table = seen(observations(texts_of(mixed)))
    assert {names[int(number)]: told(row) for number, row in table.iterrows()} == {
        name: expected for name, (_, expected) in STORIES.items()
    }


def test_the_time_of_the_last_look_counts_where_it_was_kept() -> None:
    rows = observations(texts_of(rows_of("1", ["01 06 - pending - upload"])))
    assert told(seen(rows, {"1": ("pending", time("09 06"))}).loc["1"])["last_seen"] == "09 06"


def test_rows_that_cannot_be_read_tell_nothing() -> None:
    rows = texts_of(
        [["someday", "1", "a", "", "pending", "", "upload"], [time("01 06"), "2", "b", "", "rejectd", "", "upload"]]
    )
    assert seen(observations(rows)).empty


STAYS = """\
2025-11-13T00:00:00Z,1,a.mp4,,pending,,upload
2025-11-14T06:00:00Z,1,a.mp4,pending,approved,2025-11-13T18:00:00Z,sync
2025-11-13T00:00:00Z,2,b.mp4,,pending,,upload
2025-11-13T00:00:00Z,3,c.mp4,,pending,,upload
2025-11-15T00:00:00Z,3,c.mp4,pending,removed,2025-11-14T00:00:00Z,refresh
2025-11-13T00:00:00Z,4,d,,pending,,refresh
2025-11-14T00:00:00Z,4,d,pending,rejected,,refresh
2025-11-13T00:00:00Z,5,e,,approved,,refresh
2025-11-13T00:00:00Z,6,f,,pending,,upload
2025-11-15T00:00:00Z,1,a.mp4,approved,pending,2025-11-14T06:00:00Z,sync
yesterday,7,g,,pending,,upload
2025-11-13T00:00:00Z,8,h,,thinking,,upload
2025-11-13T00:00:00Z,9,i.png,,approved,,upload
"""


def read(text: str = "") -> pd.DataFrame:
    return pd.DataFrame([line.split(",") for line in text.splitlines()], columns=list(history.COLUMNS), dtype="str")


def stays_of(text: str) -> list[tuple[object, ...]]:
    seen = {"2": ("pending", "2025-11-13T12:00:00Z"), "1": ("pending", "2025-11-15T03:00:00Z")}
    table = reviews(observations(read(text)), seen)
    return [(row.creative_id, row.start_known, row.low, row.high, row.outcome) for row in table.itertuples()]


def test_each_stay_lies_between_two_looks() -> None:
    assert sorted(stays_of(STAYS), key=str) == [
        ("1", False, 3.0, math.inf, "pending"),  # back in review: since when is not known
        ("1", True, 18.0, 30.0, "approved"),
        ("2", True, 12.0, math.inf, "pending"),
        ("3", True, 24.0, math.inf, "removed"),
        ("4", False, 0.0, 24.0, "rejected"),  # a refresh saw it first
        ("6", False, 0.0, math.inf, "pending"),  # was there before: the upload notes the site's name for it
        ("9", True, 0.0, 0.0, "approved"),
    ]


def test_a_clock_that_was_set_back_leaves_the_time_open_up_to_the_later_look() -> None:
    text = """\
2025-11-01T12:00:00Z,1,a.png,,pending,,upload
2025-11-02T12:00:00Z,1,a.png,pending,approved,2025-11-11T12:00:00Z,sync
"""
    stays = reviews(observations(read(text)))
    assert stays[["low", "high"]].to_numpy().tolist() == [[0.0, 240.0]]
    assert time_in_review(stays).decided == 1


def test_rows_that_cant_be_read_are_left_out() -> None:
    rows = read(STAYS)
    assert {*rows["creative_id"]} - {*observations(rows)["creative_id"]} == {"7", "8"}


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


def library(path: Path, rows: str = LIBRARY) -> pd.DataFrame:
    path.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    return frame_of(Library.load(path), observations(read(HISTORY)))


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return library(tmp_path / "library.csv")


def test_what_changed_is_listed_once_a_creative_decisions_first(frame: pd.DataFrame) -> None:
    table = changes_since(observations(read(HISTORY)), frame, NOON)
    assert [(row.change, row.creative_id, row.before, row.now, row.section) for row in table.itertuples()] == [
        ("rejected", "3", "", "rejected", "In-Stream Video"),  # uploaded and decided since
        ("approved", "1", "pending", "approved", "In-Stream Video"),
        ("new", "4", "", "pending", "Static Banner"),
        ("new", "5", "", "approved", "Static Banner"),  # nobody saw it waiting
        ("removed", "2", "pending", "removed", "In-Stream Video"),
    ]  # 6 went back into review and came out as before
    assert findings.of_changes(table, None) == (
        "5 creatives changed since then: 1 rejected, 1 approved, 2 new, 1 gone from the site"
    )


def test_a_creative_that_came_back_is_said_to_be_back(frame: pd.DataFrame) -> None:
    gone = "2025-11-12T00:00:00Z,1,a,approved,removed,,refresh\n"
    back = gone + "2025-11-14T00:00:00Z,1,a,removed,approved,,refresh\n"
    assert changes_since(observations(read(back)), frame, NOON)["change"].tolist() == ["back on the site"]
    again = "2025-11-14T00:00:00Z,1,a,approved,pending,,sync\n"
    assert changes_since(observations(read(again)), frame, NOON)["change"].tolist() == ["in review again"]


def test_without_changes_the_sentence_says_so(frame: pd.DataFrame) -> None:
    table = changes_since(observations(read("")), frame, NOON)
    assert findings.of_changes(table, None) == "Nothing has changed since then"


def test_days_of_upload_and_decision_are_known_from_library_or_history(frame: pd.DataFrame) -> None:
    days = {name: frame[name].dt.strftime("%m-%d").fillna("").tolist() for name in ("uploaded", "decided")}
    assert days == {
        "uploaded": ["11-12", "11-12", "11-14", "", "", ""],  # an upload notes the file's whole name
        "decided": ["11-14", "", "11-15", "", "", "11-16"],
    }
    kept = in_days(frame, date(2025, 11, 13), day="uploaded", undated=False)
    assert kept["creative_id"].tolist() == ["3"]
    kept = in_days(frame, None, date(2025, 11, 15), day="decided", undated=False)
    assert kept["creative_id"].tolist() == ["1", "3"]
    assert in_days(frame, day="decided", undated=False) is frame
