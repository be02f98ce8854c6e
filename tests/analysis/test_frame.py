"""The one frame for pandas: the library joined with its names and its history, and what is kept of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.analysis.frame import PARTS, in_days, library_frame, on_site, parse_names
from tjtools.analysis.reviews import SEEN
from tjtools.cache import history
from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.model.names import parse_name
from tjtools.workspace.folder import Workspace

SMALL = """\
1,EN_Sports_F_Real_SFW_Generic_Ana_9sec_T-7_ID-00000001.mp4,2025-10-30,640x360,mp4,video,approved
2,EN_Sports_9sec_ID-00000002.mp4,2025-11-02,640x360,mp4,video,rejected
3,banner 3 final,,300x250,png,image,approved
9,old,2025-10-01,,,video,removed
10,nowhere,,,,,pending
"""


@pytest.fixture
def joined(bare_workspace: Workspace) -> pd.DataFrame:
    library = (
        ",".join((*COLUMNS, "reviews", "note"))
        + "\n1,EN_Sports_9sec_ID-00000001.mp4,2025-11-01,640x360,mp4,video,approved,five,mine\n"
        + "2,夏の_バナー,,300x250,png,image,pending,,\n"
    )
    bare_workspace.library.write_text(library, "utf-8")
    rows = [
        ["2025-11-01T06:00:00Z", "1", "a.mp4", "", "pending", "", "upload"],
        ["2025-11-03T06:00:00Z", "1", "a.mp4", "pending", "approved", "2025-11-02T06:00:00Z", "refresh"],
    ]
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
    assert in_days(joined, since, until, undated=undated)["creative_id"].tolist() == kept


def test_the_frame_has_what_is_documented(tmp_path: Path) -> None:
    (tmp_path / "library.csv").write_text(",".join(COLUMNS) + "\n" + SMALL, "utf-8")
    frame = library_frame(Library.load(tmp_path / "library.csv"))
    assert list(frame.columns) == [
        *("creative_id", "filename", "section", "upload_date", "dimensions", "file_type", "review_status"),
        *(*PARTS, "by_convention", *SEEN),
    ]
    assert frame["upload_date"].dt.strftime("%Y-%m-%d").fillna("").tolist()[:3] == ["2025-10-30", "2025-11-02", ""]
    assert frame["section"].isna().sum() == 1
    assert (str(frame["duration"].dtype), frame["duration"].sum()) == ("float64", 18.0)
    assert frame["test_id"].dropna().tolist() == ["7"]
    assert len(on_site(frame)) == 4


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(), st.from_regex(r"(VID_)?[A-Z]{2}_\w+_(SFW_a_b_)?(4sec_)?ID-[0-9A-F]{8}"))))
def test_many_names_tell_what_each_alone_tells(names: list[str]) -> None:
    table = parse_names(names)
    told = [None if not row.by_convention else row[: len(PARTS)] for row in table.itertuples(index=False)]
    alone = [parse_name(name) for name in names]
    assert [one is None for one in told] == [one is None for one in alone]
    for one, other in zip(told, alone, strict=True):
        assert other is None or [value if pd.notna(value) else None for value in one or ()] == list(other)
