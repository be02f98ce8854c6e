"""Two snapshots read at once: what both share is left out, and the difference and the refusals are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tjtools.cache.snapshots import read_snapshot
from tjtools.diff import unshared
from tjtools.diff.libraries import LibraryDifference, diff_libraries
from tjtools.diff.unshared import read_unshared
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.model.errors import TJToolsError
from tjtools.workspace import csvtext

HEADER = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status"
ROWS = ("1,a.mp4,2025-11-13,,,video,approved", "2,b,,,,image,pending", '3,"c, final",,,,,', "4,é,,,,,removed")


def put(path: Path, *rows: str, header: str = HEADER, end: str = "\n", encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{row}{end}" for row in (header, *rows)).encode(encoding))
    return path


def left(old: Path, new: Path) -> tuple[list[Creative], list[Creative]]:
    before, after = read_unshared(old, new)
    return list(before), list(after)


def test_only_what_differs_is_made_into_creatives(tmp_path: Path) -> None:
    old = put(tmp_path / "old.csv", *ROWS)
    new = put(tmp_path / "new.csv", "5,e,,,,,", *ROWS[:1:-1], "2,b,,,,image,rejected")
    pending = Creative("2", "b", creative_type=CreativeType.IMAGE, review_status=ReviewStatus.PENDING)
    assert left(old, new) == (
        [Creative("1", "a.mp4", *read_one(old, "1")[2:]), pending],
        [Creative("5", "e"), pending._replace(review_status=ReviewStatus.REJECTED)],
    )


def read_one(path: Path, creative_id: str) -> Creative:
    [creative] = read_snapshot(path).get(creative_id)
    return creative


@pytest.mark.parametrize(
    ("end", "encoding"), [("\n", "utf-8-sig"), ("\r\n", "utf-8"), ("\n", "cp1252"), ("\r\n", "utf-16")]
)
def test_rows_written_in_another_way_are_shared(tmp_path: Path, end: str, encoding: str) -> None:
    old = put(tmp_path / "old.csv", *ROWS)
    assert left(old, put(tmp_path / "new.csv", *ROWS, end=end, encoding=encoding)) == ([], [])


def test_other_columns_or_delimiters_are_compared_by_meaning(tmp_path: Path) -> None:
    old = put(tmp_path / "old.csv", "1,2,,,,,approved")
    semicolons = put(tmp_path / "semicolons.csv", "1;2;;;;;Approved", header=HEADER.replace(",", ";"))
    assert not diff_libraries(*read_unshared(old, semicolons))
    names_first = "filename,creative_id,upload_date,dimensions,file_type,creative_type,review_status"
    other = put(tmp_path / "other.csv", "1,2,,,,,approved", header=names_first)
    difference = diff_libraries(*read_unshared(old, other))
    assert [each.creative_id for each in (*difference.removed, *difference.added)] == ["1", "2"]


def test_a_name_at_the_end_of_the_line_keeps_its_carriage_return(tmp_path: Path) -> None:
    names_last = "creative_id,upload_date,dimensions,file_type,creative_type,review_status,filename"
    old = put(tmp_path / "old.csv", header=names_last)
    new = put(tmp_path / "new.csv", "1,,,,,,a\r", header=names_last, end="\r\n")
    assert left(old, new) == ([], [Creative("1", "a\r")])


def test_files_are_compared_over_many_blocks_and_in_any_order(tmp_path: Path) -> None:
    rows = [f"{number},clip {number},,,,,approved" for number in range(30_000)]
    edited = [*rows[:9_000], "9000,renamed,,,,,approved", *rows[9_001:25_000], *rows[25_001:], "30000,new,,,,,"]
    old = put(tmp_path / "old.csv", *rows)
    for order in (edited, edited[::-1], edited[::2] + edited[1::2]):
        before, after = left(old, put(tmp_path / "new.csv", *order))
        assert [creative.creative_id for creative in before] == ["9000", "25000"]
        assert {creative.filename for creative in after} == {"renamed", "new"}


def outcome(
    read: Callable[[Path, Path], LibraryDifference], old: Path, new: Path
) -> LibraryDifference | tuple[str, str]:
    try:
        return read(old, new)
    except TJToolsError as error:
        return type(error).__name__, str(error)


def plainly(old: Path, new: Path) -> LibraryDifference:
    return diff_libraries(read_snapshot(old), read_snapshot(new))


def at_once(old: Path, new: Path) -> LibraryDifference:
    return diff_libraries(*read_unshared(old, new))


rows = st.tuples(
    st.sampled_from(["1", "2", "3", "4", "5", "6"]),
    st.sampled_from(["a", "a.mp4", "b", '"b, ""c"""', '"two\nlines"', "é"]),
    st.sampled_from(["", "2025-11-13", "13.11.2025"]),
    st.sampled_from(["", "640x360"]),
    st.sampled_from(["", "mp4"]),
    st.sampled_from(["", "video", "Native Rollover"]),
    st.sampled_from(["", "approved", "Pending", "removed"]),
).map(",".join)
odd_lines = st.sampled_from(
    [
        *("", ",,,,,,", "1,a", "x,a,,,,,", " 1 ,a,,,,,", "01,a,,,,,", f"{'9' * 20},a,,,,,", "1.03E+09,a,,,,,"),
        *("1.0,a,,,,,", "2.0,a.mp4,13-Nov-25,,,,", "1,a,11-12-2025,,,,"),
        *("1,,,,,,", '1,"a', "1,a,soon,,,,", "1,a,,,,what,", "1,a,,,,,maybe", "1,a,,,,,approved\r"),
        *("1,a\0,,,,,", "\0", "1,a,,,,,,,,,,,,"),
    ]
)
files = st.lists(rows | rows | rows | odd_lines, max_size=9)
edits = st.lists(st.tuples(st.sampled_from(["drop", "put", "move"]), st.integers(0, 9), rows | odd_lines), max_size=4)


def edited(lines: list[str], how: list[tuple[str, int, str]]) -> list[str]:
    lines = list(lines)
    for what, place, line in how:
        at = place % (len(lines) + 1)
        if what == "put":
            lines.insert(at, line)
        elif at < len(lines):
            gone = lines.pop(at)
            lines += [gone] if what == "move" else []
    return lines


@settings(deadline=None, max_examples=1000)
@given(files, edits, st.sampled_from([40, 200, 128 * 1024]), st.sampled_from([0, 2]), st.sampled_from(["\n", "\r\n"]))
@example(["1,a,,,,,approved", "1,a,,,,,removed"], [("move", 0, "")], 200, 0, "\n")  # merged: the last status counts
@example(["1,a,,,,,", "1,b,,,,,"], [], 200, 0, "\n")  # a contradiction that stands in both files
@example(["1,a,,,,,"], [("put", 0, "1,b,,,,,")], 200, 0, "\n")  # one in the new file, with a row that both share
@example(["1,a,,,,,"], [("put", 1, "1,a.mp4,,,,,")], 200, 0, "\n")
@example(["1.03E+09,a,,,,,"], [], 200, 0, "\n")  # a bad line that stands in both files
@example(["1,a,11-12-2025,,,,"], [], 200, 0, "\n")  # a doubtful day that stands in both files
@example(["1,a,,,,,"], [("put", 1, "1.0,a.mp4,,,,,")], 200, 0, "\n")  # one ID, written in two ways
def test_the_difference_and_the_refusals_are_those_of_the_whole_libraries(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    how: list[tuple[str, int, str]],
    block: int,
    few: int,
    end: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "unshared"
    old, new = put(folder / "old.csv", *lines), put(folder / "new.csv", *edited(lines, how), end=end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvtext, "_BLOCK", block)
        patch.setattr(unshared, "_FEW", few)
        assert outcome(at_once, old, new) == outcome(plainly, old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, "a,b", r"old\.csv: there is no such file"),
        (HEADER, "a,b", r"new\.csv:1: the header lacks creative_id"),
        (f"{HEADER}\n1,a", "a,b", r"old\.csv:2: 2 fields instead of 7"),
        (
            f"{HEADER}\n1,a,,,,,",
            f"{HEADER}\n2,b,,,,,\n1,a,,,,,\n1,b,,,,,",
            r"new\.csv:4: the Creative ID 1 .* \(lines 3, 4:",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name_and_line(
    tmp_path: Path, old: str | None, new: str, said: str
) -> None:
    for name, text in (("old.csv", old), ("new.csv", new)):
        if text is not None:
            (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(TJToolsError, match=said):
        read_unshared(tmp_path / "old.csv", tmp_path / "new.csv")
