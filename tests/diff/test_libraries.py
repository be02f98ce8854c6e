"""The difference of two libraries: by ID, without taking what the site doesn't show for a change."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from world import tjtools

from tjtools.cache.snapshots import read_snapshot
from tjtools.diff.libraries import FieldChange, LibraryDifference, diff_libraries
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.model.errors import TJToolsError, TrackingFileError, WrongHeader

HEADER = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
KNOWN = Creative(
    "1", "a.mp4", date(2025, 11, 13), "640x360", "mp4", CreativeType.NATIVE_VIDEO, ReviewStatus.PENDING
)  # fmt: skip
NOTHING = LibraryDifference()


def changed(field: str, old: str, new: str, name: str = "a.mp4") -> FieldChange:
    return FieldChange("1", name, field, old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [], NOTHING),
        ([KNOWN], [KNOWN], NOTHING),
        ([KNOWN, Creative("2", "b")], [Creative("2", "b"), KNOWN], NOTHING),
        ([], [KNOWN], LibraryDifference(added=(KNOWN,))),
        ([KNOWN], [], LibraryDifference(removed=(KNOWN,))),
        ([KNOWN], [KNOWN._replace(review_status=ReviewStatus.REMOVED)], LibraryDifference(removed=(KNOWN,))),
        ([KNOWN._replace(review_status=ReviewStatus.REMOVED)], [KNOWN], LibraryDifference(added=(KNOWN,))),
        ([KNOWN._replace(review_status=ReviewStatus.REMOVED)], [], NOTHING),
        ([KNOWN], [Creative("1", "a")], NOTHING),
        ([KNOWN], [Creative("1", "a", creative_type=CreativeType.NATIVE_VIDEO)], NOTHING),
        ([Creative("1", "cafe\u0301.mp4")], [Creative("1", "caf\u00e9")], NOTHING),
        ([Creative("1", "a.png.mp4")], [Creative("1", "a.png")], NOTHING),
        ([Creative("1", "a.gif.gif")], [Creative("1", "a.gif")], NOTHING),
        ([Creative("1", "a.m4v")], [Creative("1", "a")], NOTHING),
        (
            [Creative("1", "a.gif.gif")],
            [Creative("1", "a")],
            LibraryDifference(renamed=(changed("filename", "a.gif.gif", "a", "a"),)),
        ),
        ([KNOWN], [Creative("1", "b")], LibraryDifference(renamed=(changed("filename", "a.mp4", "b", "b"),))),
        (
            [KNOWN],
            [KNOWN._replace(review_status=ReviewStatus.REJECTED, dimensions="1x1")],
            LibraryDifference(
                status_changed=(changed("review_status", "pending", "rejected"),),
                other=(changed("dimensions", "640x360", "1x1"),),
            ),
        ),
        (
            [Creative("1", "a.mp4")],
            [KNOWN],
            LibraryDifference(
                status_changed=(changed("review_status", "", "pending"),),
                other=(
                    changed("upload_date", "", "2025-11-13"),
                    changed("dimensions", "", "640x360"),
                    changed("file_type", "", "mp4"),
                    changed("creative_type", "", "native_video"),
                ),
            ),
        ),
    ],
)
def test_difference(old: list[Creative], new: list[Creative], expected: LibraryDifference) -> None:
    assert diff_libraries(old, new) == expected


def test_an_id_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(TJToolsError, match="new library has the Creative ID 1 twice"):
        diff_libraries([], [KNOWN, KNOWN._replace(filename="b.mp4")])


def test_what_cannot_be_compared_is_refused_by_name_and_line(tmp_path: Path) -> None:
    path = tmp_path / "library.csv"
    with pytest.raises(TrackingFileError, match=r"library\.csv: there is no such file"):
        read_snapshot(path)
    path.write_text("filename,review_status\na,pending\n", "utf-8")
    with pytest.raises(WrongHeader, match="creative_id"):
        read_snapshot(path)
    path.write_text(HEADER + "1,a,,,,,\n1.03E+09,b,,,,,\n", "utf-8")
    with pytest.raises(TrackingFileError, match=r"library\.csv:3: Excel turned the ID"):
        read_snapshot(path)
    path.write_text(HEADER + "1,a,,,,,\n2,x,,,,,\n1,b,,,,,\n", "utf-8")
    with pytest.raises(TrackingFileError, match=r"library\.csv:4: the Creative ID 1 stands there twice \(lines 2, 4:"):
        read_snapshot(path)


def test_every_line_that_cannot_be_compared_is_named(tmp_path: Path) -> None:
    """In the file's order, whatever is wrong with it, and in both files at once."""
    bad = ["1.03E+09,b,,,,,", "2,c,11-12-2025,,,,", "3,d,,,,,maybe", "1,e,,,,,"]
    (tmp_path / "old.csv").write_text(HEADER + "1,a,,,,,\n" + "\n".join(bad), "utf-8")
    (tmp_path / "new.csv").write_text(HEADER + "1.03E+09,b,,,,,\n", "utf-8")
    with pytest.raises(TrackingFileError) as caught:
        read_snapshot(tmp_path / "old.csv")
    assert caught.value.line == 3
    assert [line.partition(": ")[0] for line in caught.value.message.split("; ") if ": " in line] == [
        *(f"{tmp_path / 'old.csv'}:3", "line 4", "line 5", "line 6"),
    ]
    done = tjtools("diff", "old.csv", "new.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert [word in done.stderr for word in ("old.csv:3", "line 4", "line 5", "line 6", "new.csv:2")] == [True] * 5


def test_doubled_rows_that_agree_are_one_creative(tmp_path: Path) -> None:
    path = tmp_path / "library.csv"
    path.write_text(HEADER + "1,a.mp4,2025-11-13,,,,pending\n1,a,,,,Native Rollover,approved\n", "utf-8")
    approved = Creative("1", "a.mp4", date(2025, 11, 13), "", "", CreativeType.NATIVE_VIDEO, ReviewStatus.APPROVED)
    assert diff_libraries([], read_snapshot(path)) == LibraryDifference(added=(approved,))


ROWS = ("1,a.mp4,2025-11-13,,,video,approved", "2,b,,,,image,pending", '3,"c, final",,,,,', "4,é,,,,,removed")


@pytest.mark.parametrize(
    ("end", "encoding"), [("\n", "utf-8-sig"), ("\r\n", "utf-8"), ("\n", "cp1252"), ("\r\n", "utf-16")]
)
def test_rows_that_are_written_in_another_way_are_the_same(tmp_path: Path, end: str, encoding: str) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(HEADER + "\n".join(ROWS), "utf-8")
    new.write_bytes((HEADER + "\n".join(ROWS[::-1])).replace("\n", end).encode(encoding))
    assert diff_libraries(read_snapshot(old), read_snapshot(new)) == NOTHING


def test_other_columns_or_delimiters_are_compared_by_meaning(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("old.csv", "new.csv", "other.csv"))
    old.write_text(HEADER + "1,2,,,,,approved\n", "utf-8")
    new.write_text(HEADER.replace(",", ";") + "1.0;2;;;;;Approved\n", "utf-8")
    other.write_text(HEADER.replace("creative_id,filename", "filename,creative_id") + "1,2,,,,,approved\n", "utf-8")
    assert diff_libraries(read_snapshot(old), read_snapshot(new)) == NOTHING
    difference = diff_libraries(read_snapshot(old), read_snapshot(other))
    assert [each.creative_id for each in (*difference.removed, *difference.added)] == ["1", "2"]


def test_diff_as_a_command(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("", "utf-8")
    (tmp_path / "old.csv").write_text(HEADER + "1,=a,,,,,pending\n2,b,,,,,approved\n", "utf-8")
    (tmp_path / "new.csv").write_text(HEADER + "3,c,,,,,pending\n1,=a,,,,,approved\n", "utf-8")
    (tmp_path / "broken.csv").write_text("a,b\n", "utf-8")
    same = tjtools("diff", "old.csv", "old.csv", cwd=tmp_path)
    assert (same.returncode, same.stdout) == (0, "No difference.\n")
    assert tjtools("diff", "empty.csv", "empty.csv", cwd=tmp_path).returncode == 0
    done = tjtools("diff", "old.csv", "new.csv", "--csv", "out.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 added, 1 removed, 1 status changed")
    assert (tmp_path / "out.csv").read_text("utf-8-sig").splitlines() == [
        "change,creative_id,filename,field,old,new",
        "added,3,c,,,",
        "removed,2,b,,,",
        "status changed,1,'=a,review_status,pending,approved",
    ]
    told = json.loads(tjtools("diff", "old.csv", "new.csv", "--json", cwd=tmp_path).stdout)
    assert [(part, len(changes)) for part, changes in told.items() if changes] == [
        ("added", 1),
        ("removed", 1),
        ("status_changed", 1),
    ]
    broken = tjtools("diff", "old.csv", "broken.csv", cwd=tmp_path)
    assert (broken.returncode, "broken.csv" in broken.stderr) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "broken.csv", "empty.csv", "new.csv", "old.csv", "out.csv",
    ]  # fmt: skip
