"""The library: read, asked, added to and rewritten, by one process and by many."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.cache.library import COLUMNS, BadLine, Conflict, Library, Match, look_up
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.model.errors import NotText, TrackingFileError, WrongHeader
from tjtools.model.names import meant
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.disk import backups_of

HEADER = ",".join(COLUMNS)
NOON = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
VIDEO, IMAGE = CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tracking" / "TJ_Creative_Library.csv"


def put(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in (header, *lines)).encode())
    return path


def load(path: Path, *lines: str) -> Library:
    return Library.load(put(path, *lines))


def ids(creatives: Iterable[Creative]) -> list[str]:
    return [creative.creative_id for creative in creatives]


def real_rows() -> list[list[str]]:
    """746 rows: 722 creatives, 24 of them twice; 57 names shared; 340 empty dimensions, 510 empty file types.

    Rows 0 to 23 come from uploads and have an extension, rows 722 to 745 are the same creatives read from the site.
    Creatives 100 to 156 are rollovers, and 200 to 256 the static images that bear the same names.
    """
    kinds = ["native_video", "Native Rollover", "In-Stream Video", "video", "image", "Static Banner", "Video Banners"]
    rows = []
    for number in range(722):
        kind, name = kinds[number % 7], f"clip {number}"
        if number < 24:
            kind, name = "native_video", f"VID_EN_Sports_4sec_ID-{number:08X}-VID.mp4"
        elif 100 <= number < 157:
            kind = "Native Rollover"
        elif 200 <= number < 257:
            kind, name = "native_image", f"clip {number - 100}"
        rows.append([str(1032530000 + number), name, "2025-11-13", "640x360", "mp4", kind, "approved"])
    rows += [
        [row[0], row[1].removesuffix(".mp4"), "2025-11-20", "", "", "Native Rollover", "rejected"] for row in rows[:24]
    ]
    for row in rows[-340:]:
        row[3] = ""
    for row in rows[200:686]:
        row[4] = ""
    return rows


@pytest.fixture
def real(path: Path) -> Library:
    return load(path, *(",".join(row) for row in real_rows()))


def test_the_real_library_is_what_its_description_says() -> None:
    rows = real_rows()
    names = [row[1] for row in rows[:722]]
    assert (
        len(rows),
        len({row[0] for row in rows}),
        sum(not row[3] for row in rows),
        sum(not row[4] for row in rows),
        len(names) - len(set(names)),
    ) == (746, 722, 340, 510, 57)


def test_the_real_library_loads_as_one_creative_per_id(real: Library) -> None:
    assert (len(real), len(set(ids(real))), real.bad_lines, real.conflicts) == (722, 722, (), ())
    assert real.merged == 24
    assert real.get("1032530000") == (
        Creative(
            "1032530000",
            "VID_EN_Sports_4sec_ID-00000000-VID.mp4",
            date(2025, 11, 13),
            "640x360",
            "mp4",
            VIDEO,
            ReviewStatus.REJECTED,
        ),
    )


def test_every_session_file_that_is_there_is_found(real: Library) -> None:
    session = [(f"VID_EN_Sports_4sec_ID-{number:08X}-VID.mp4", VIDEO) for number in range(24)]
    session += [(f"clip {number}.mp4", VIDEO) for number in range(100, 157)]
    session += [(f"clip {number}.png", IMAGE) for number in range(100, 157)]
    found = [real.find(name, kind).creative_id for name, kind in session]
    assert found == [str(1032530000 + number) for number in (*range(24), *range(100, 157), *range(200, 257))]


def test_an_image_is_never_taken_for_the_video_of_its_name(real: Library) -> None:
    rollover, image = real.get("1032530100")[0], real.get("1032530200")[0]
    assert real.find("clip 100.mp4").there == (rollover,)
    assert real.find("clip 100.png").there == (image,)
    assert real.find("clip 100").there == (rollover, image)


def test_a_rewrite_of_the_real_library_loses_nothing(real: Library, path: Path) -> None:
    before = list(real)
    real.rewrite(now=NOON)
    lines = path.read_text("utf-8").splitlines()
    assert (len(lines), lines[1]) == (
        723,
        "1032530000,VID_EN_Sports_4sec_ID-00000000-VID.mp4,2025-11-13,640x360,mp4,native_video,rejected",
    )
    assert list(Library.load(path)) == list(real) == before


def test_a_missing_file_is_an_empty_library_and_loading_writes_nothing(path: Path) -> None:
    library = Library.load(path)
    assert (len(library), list(library), "1" in library, library.find("a.mp4")) == (0, [], False, Match())
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("row", "creative"),
    [
        ("1,clip,,,,,", Creative("1", "clip")),
        ("1,a b.mp4,2025-11-13,640x360,mp4,video,pending",
         Creative("1", "a b.mp4", date(2025, 11, 13), "640x360", "mp4", CreativeType.VIDEO, ReviewStatus.PENDING)),
        (" 1 ,clip,2025/11/13 08:00,640 X 360,.JPEG,Native Static Banner,Approved",
         Creative("1", "clip", date(2025, 11, 13), "640x360", "jpg", IMAGE, ReviewStatus.APPROVED)),
        ("007,clip,13.11.2025,,webm,short_video,",
         Creative("007", "clip", date(2025, 11, 13), "", "webm", CreativeType.VIDEO)),
        ("123456789012345678901234567890,clip,,,,,", Creative("123456789012345678901234567890", "clip")),
        ("1032530571.0,clip,13-Nov-2025,,,,", Creative("1032530571", "clip", date(2025, 11, 13))),
        ('"1,032,530,571",clip,13-11-2025,,,,', Creative("1032530571", "clip", date(2025, 11, 13))),
        ('="1032530571",clip,,,,,', Creative("1032530571", "clip")),
    ],
    ids=[
        "only a name",
        "all fields",
        "written by others",
        "leading zeros",
        "a long ID",
        "by pandas",
        "with commas",
        "as a formula",
    ],
)  # fmt: skip
def test_a_row(path: Path, row: str, creative: Creative) -> None:
    library = load(path, row)
    assert (list(library), library.get(creative.creative_id), library.bad_lines) == ([creative], (creative,), ())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1.03E+09,a,,,,,", "Excel turned the ID into 1.03E+09; its digits are lost, look the ID up on the site"),
        ("1032530571.5,a,,,,,", "'1032530571.5' is not a Creative ID, which has digits only"),
        ("١٢٣,a,,,,,", "'١٢٣' is not a Creative ID, which has digits only"),
        (",a,,,,,", "there is no Creative ID"),
        ("1,,,,,,", "there is no file name"),
        ("1,a,,,,Popunder,", "'Popunder' is not a creative type"),
        ("1,a,,,,,in review", "'in review' is not a review status"),
        ("1,a,,,,", "6 fields instead of 7"),
        ("1,a,,,,,,", "8 fields instead of 7"),
        ("1,a", "2 fields instead of 7"),
        ("1,a,,,,,approved2,b,,,,,", "13 fields instead of 7; two lines may have run together"),
        ('1,"a,,,,,', "a quote is opened and never closed"),
        ('1,a,,"640,360",,,', "a comma stands in the dimensions, a type or the status"),
    ],
)
def test_a_line_that_means_nothing_is_reported_and_the_rest_loads(path: Path, row: str, reason: str) -> None:
    library = load(path, "5,first,,,,,", row, "6,last,,,,,")
    assert (ids(library), library.bad_lines) == (["5", "6"], (BadLine(3, reason, row),))


DOUBTFUL = [
    ("11-12-2025", "'11-12-2025' could be 2025-11-12 or 2025-12-11; write the upload date as YYYY-MM-DD"),
    ("2025-02-30", "'2025-02-30' is not a date; write the upload date as YYYY-MM-DD"),
]


@pytest.mark.parametrize(("day", "reason"), DOUBTFUL)
def test_a_doubtful_day_costs_no_creative_its_id(path: Path, day: str, reason: str) -> None:
    library = load(path, "5,first,,,,,", f"1.0,a.mp4,{day},640x360,mp4,native_video,approved", "1.03E+09,b,soon,,,,")
    match = library.find("a.mp4", VIDEO)
    assert (ids(library), match.creative_id, match.there[0].upload_date, match.bad_lines) == (["5", "1"], "1", None, ())
    row = f"1.0,a.mp4,{day},640x360,mp4,native_video,approved"
    assert (library.doubtful_days, [bad.line for bad in library.bad_lines]) == ((BadLine(3, reason, row),), [4])


@pytest.mark.parametrize("keep_bad", [False, True])
@pytest.mark.parametrize(("day", "reason"), DOUBTFUL)
def test_a_rewrite_never_loses_a_doubtful_day(path: Path, day: str, reason: str, keep_bad: bool) -> None:
    library = load(path, f"1.0,a,{day},,,,", "x,b,,,,,")
    library.rewrite(now=NOON, keep_bad=keep_bad)
    assert path.read_text("utf-8").splitlines()[1:] == ["1,a,,,,,", *["x,b,,,,,"] * keep_bad]
    rows = read_table(path.with_suffix(".quarantine.csv"), ("line", "reason", "text")).rows
    assert [(row["line"], row["text"]) for row in rows] == [("2", f"1.0,a,{day},,,,"), *[("3", "x,b,,,,,")][keep_bad:]]
    assert (rows[0]["reason"], library.doubtful_days, len(library.bad_lines)) == (reason, (), int(keep_bad))


def test_what_an_editor_changed_far_above_the_line_that_it_appended_is_read_anew(path: Path) -> None:
    library = load(path, *(f"{number},clip {number}.png,,,,image,approved" for number in range(1000, 1400)))
    text = path.read_text("utf-8").replace("1000,clip 1000.png,", "1000,clip 999a.png,")
    path.write_text(text + "1400,new.png,,,,image,pending\n", "utf-8")
    library.refresh()
    assert [one.filename for one in (*library.get("1000"), *library.get("1400"))] == ["clip 999a.png", "new.png"]


def test_bad_lines_that_behind_one_another_would_be_a_creative_go_to_the_quarantine(path: Path) -> None:
    bad = '1,x,"a', '3,c",,,,'
    load(path, bad[0], '2,"b",,,,,', bad[1]).rewrite(now=NOON, keep_bad=True)
    assert path.read_text("utf-8").splitlines()[1:] == ["2,b,,,,,"]
    rows = read_table(path.with_suffix(".quarantine.csv"), ("line", "reason", "text")).rows
    assert [row["text"] for row in rows] == [*bad]


def test_an_append_leaves_a_doubtful_day_where_it_is(path: Path) -> None:
    library = load(path, "1.0,a,11-12-2025,,,,")
    assert library.add([Creative("1", "a"), Creative("2", "b")]) == (Creative("2", "b"),)
    assert path.read_text("utf-8").splitlines()[1:] == ["1.0,a,11-12-2025,,,,", "2,b,,,,,"]


def test_an_id_that_stands_there_as_text_and_as_a_number_is_one_creative(path: Path) -> None:
    library = load(path, "1032530571.0,a,,,,,", "1032530571,a.mp4,,,,,approved", '"1,032,530,571",a,,640x360,,,')
    merged = Creative("1032530571", "a.mp4", None, "640x360", "", None, ReviewStatus.APPROVED)
    assert (list(library), library.get("1032530571"), library.conflicts) == ([merged], (merged,), ())


def test_bad_lines_come_in_the_files_order(path: Path) -> None:
    library = load(path, "x,a,,,,,", "1,b", "y,c,,,,,", '2,"d')
    assert [bad.line for bad in library.bad_lines] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("header", "error"),
    [("id,name", WrongHeader), ("creative_id;filename", WrongHeader), ("\0\1\2", NotText)],
)
def test_a_file_that_is_no_library_names_the_remedy(path: Path, header: str, error: type[TrackingFileError]) -> None:
    with pytest.raises(error, match="tjtools rebuild-cache") as caught:
        Library.load(put(path, header=header))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("rows", "merged"),
    [
        (["1,a,2025-11-14,,,,", "1,a.mp4,2025-11-13,,,,"], "1,a.mp4,2025-11-13,,,,"),
        (["1,a.mp4,,,,,approved", "1,a,,,,,"], "1,a.mp4,,,,,approved"),
        (["1,a,,,,,pending", "1,a,,,,,rejected"], "1,a,,,,,rejected"),
        (["1,a,,640x360,,,", "1,a,,,mp4,Native Rollover,"], "1,a,,640x360,mp4,native_video,"),
        (['1,"say ""hi"".mp4",,,,,', "1,say %22hi%22,,,,,"], '1,"say ""hi"".mp4",,,,,'),
        (["1,a,,,,,removed", "1,a,,,,,approved"], "1,a,,,,,approved"),
        (["1,a,,,,,", "1,a,,,,,", "1,a,,,,,"], "1,a,,,,,"),
        (["1,a.gif,,,gif,,approved", "1,a.gif.gif,2025-11-13,,,,"], "1,a.gif.gif,2025-11-13,,gif,,approved"),
        (["1,a.png.mp4,,,,,", "1,a.png,,,mp4,,"], "1,a.png.mp4,,,mp4,,"),
        (["1,a,,,,,", "1,a.m4v,,,,,"], "1,a.m4v,,,,,"),
        (["1,a,,,,,", "1,a.gif.gif,,,,,", "1,a.gif,,,,,"], "1,a.gif.gif,,,,,"),
    ],
    ids=[
        "name and date",
        "status",
        "later status",
        "fields",
        "sent name",
        "back again",
        "three times",
        "two extensions",
        "two kinds of extensions",
        "an ending that is not ours",
        "one between two",
    ],
)
def test_rows_of_one_id_become_one(path: Path, rows: list[str], merged: str) -> None:
    library = load(path, *rows)
    library.rewrite(now=NOON)
    assert (path.read_text("utf-8").splitlines()[1:], library.conflicts) == ([merged], ())


def test_the_rows_that_are_merged_are_counted(path: Path) -> None:
    """Whenever they come; each row of the file is a creative's, merged, or bad."""
    library = load(path, "1,a.gif,,,,,", "1,a.gif.gif,,,,,", "1,b,,,,,", "2,c,,,,,", "x,c,,,,,")
    assert (len(library), library.merged, len(library.bad_lines)) == (3, 1, 1)
    library.add([Creative("2", "c", file_type="png")])
    library.refresh()
    assert (len(library), library.merged) == (3, 2)
    put(path, "1,a,,,,,", "1,a,,,,,")
    library.refresh()
    assert (len(library), library.merged) == (1, 1)
    library.rewrite(now=NOON)
    assert (len(library), library.merged) == (1, 0)


@pytest.mark.parametrize(
    "rows",
    [
        ["1,a,,,,,", "1,b,,,,,"],
        ["1,a.mp4,,,,,", "1,a.png,,,,,"],
        ["1,a,,,,,", "1,a.gif.gif,,,,,"],
        ["1,a,,640x360,,,", "1,a,,300x250,,,"],
        ["1,a,,,mp4,,", "1,a,,,gif,,"],
        ["1,a,,,,native_video,", "1,a,,,,native_image,"],
    ],
    ids=["names", "extensions", "two extensions", "dimensions", "file types", "creative types"],
)
def test_rows_that_contradict_each_other_both_stay_and_are_reported(path: Path, rows: list[str]) -> None:
    library = load(path, rows[0], "2,other,,,,,", rows[1])
    library.rewrite(now=NOON)
    assert path.read_text("utf-8").splitlines()[1:] == [rows[0], "2,other,,,,,", rows[1]]
    assert library.conflicts == (Conflict("1", library.get("1"), (2, 4)),)


@pytest.mark.parametrize(
    ("row", "name", "kind", "where"),
    [
        ("1,a.mp4,,,,native_video,", "a.mp4", CreativeType.IMAGE, "there"),
        ("1,a,,,,native_video,", "a.mp4", VIDEO, "there"),
        ("1,a,,,,native_video,", "a.mp4", None, "there"),
        ("1,a,,,,,", "a.mp4", VIDEO, "there"),
        ("1,a,,,,video,", "a.mp4", CreativeType.SHORT_VIDEO, "there"),
        ("1,a,,,,video,", "a.mp4", VIDEO, "elsewhere"),
        ("1,a,,,,native_image,", "a.mp4", VIDEO, "nowhere"),
        ("1,a,,,png,,", "a.mp4", VIDEO, "nowhere"),
        ("1,a.jpg,,,,image,", "a.png", CreativeType.IMAGE, "there"),
        ("1,a.JPEG,,,,image,", "a.png", CreativeType.IMAGE, "there"),
        ("1,a.png,,,,,", "a.png.mp4", None, "unclear"),
        ("1,a.mp4,,,mp4,native_video,approved", "a.mp4.mp4", VIDEO, "unclear"),
        ("1,a.mp4,,,mp4,native_video,approved", "a.mp4.mp4", None, "unclear"),
        ("1,a.MP4,,,,,", "a.MP4.mp4", VIDEO, "unclear"),
        ("1,a.mp4,,,,,", "a.MP4.mp4", VIDEO, "nowhere"),
        ("1,cafe\u0301.mp4,,,,,", "caf\u00e9.mp4.mp4", VIDEO, "unclear"),
        ("1,say %22hi%22.mp4,,,,,", 'say "hi".mp4.mp4', VIDEO, "unclear"),
        ("1,a.mp4.mp4,,,,,", "a.mp4.mp4.mp4", VIDEO, "unclear"),
        ("1,a.mp4,,,,,", "a.mp4.mp4.mp4", VIDEO, "nowhere"),
        ("1,a,,,,,", "a.mp4.mp4", VIDEO, "nowhere"),
        ("1,a.mp4,,,,video,", "a.mp4.mp4", VIDEO, "elsewhere"),
        ("1,a.mp4,,,,native_video,removed", "a.mp4.mp4", VIDEO, "removed"),
        ("1,a.png,,,png,,", "a.png.mp4", VIDEO, "nowhere"),
        ("1,a.png,,,,image,", "a.png.mp4", None, "nowhere"),
        ("1,a.png,,,mp4,native_video,", "a.png.mp4", VIDEO, "unclear"),
        ("1,a.mp4.mp4,,,,video,", "a.mp4.mp4", VIDEO, "there"),
        ("1,a.mp4,,,,,", "a.mp4", VIDEO, "there"),
        ("1,a.mp4.mp4,,,,,", "a.mp4", VIDEO, "nowhere"),
        ("1,a,,,,,", "a.m4v", VIDEO, "unclear"),
        ("1,a,,,png,,", "a.m4v", VIDEO, "nowhere"),
        ("1,a.m4v,,,,,", "a.m4v", VIDEO, "there"),
        ("1,a v1,,,,,", "a v1.2", VIDEO, "nowhere"),
        ("1,a.png.mp4,,,,,", "a.png", None, "nowhere"),
        ("1,A,,,,,", "a.mp4", None, "nowhere"),
        ("1,cafe\u0301,,,,,", "caf\u00e9.mp4", None, "there"),
        ("1,say %22hi%22,,,,,", 'say "hi".mp4', None, "there"),
        ("1,two%0Alines,,,,,", "two\nlines.mp4", None, "there"),
        ("1,a,,,,native_video,removed", "a.mp4", VIDEO, "removed"),
        ("1,a.mp4,,,,native_video,removed", "a.mp4", VIDEO, "removed"),
        ("1,a,,,,native_video,rejected", "a.mp4", VIDEO, "there"),
    ],
)
def test_a_file_is_found_where(path: Path, row: str, name: str, kind: CreativeType | None, where: str) -> None:
    library = load(path, row)
    match = library.find(name, kind)
    found = {"there": match.there, "elsewhere": match.elsewhere, "removed": match.removed}
    found["unclear"] = match.unclear
    assert {place: ids(creatives) for place, creatives in found.items() if creatives} == (
        {} if where == "nowhere" else {where: ["1"]}
    )


def test_what_may_be_the_files_card_counts_as_one_more_where_another_is_there(path: Path) -> None:
    rows = ["1,a.gif,,,,image,", "2,a.gif.png,,,,image,"]
    match = load(path, *rows).find("a.gif.gif", CreativeType.IMAGE)
    assert (ids(match.there), match.creative_id, match.unclear) == (["2", "1"], None, ())
    match = load(path, *rows, "3,a.gif.gif,,,,image,").find("a.gif.gif", CreativeType.IMAGE)
    assert (ids(match.there), match.creative_id, match.unclear) == (["3"], "3", ())


def test_several_matches_are_all_listed_and_no_id_is_told(path: Path) -> None:
    match = load(path, "1,a,,,,video,", "2,a,,,,,", "3,a,,,,video,removed").find("a.mp4", CreativeType.VIDEO)
    assert (ids(match.there), ids(match.removed), match.creative_id) == (["1", "2"], ["3"], None)


def test_a_creative_of_exactly_the_files_name_is_it(path: Path) -> None:
    match = load(path, "1,a,,,,native_video,", "2,a.mp4,,,,video,").find("a.mp4", VIDEO)
    assert (ids(match.there), ids(match.elsewhere), match.creative_id) == (["2"], ["1"], "2")


@pytest.mark.parametrize(
    ("line", "name", "blocked"),
    [
        ("1.03E+09,a b.mp4,,,,,", "a b.mp4", True),
        ("1.03E+09,a b,,,,,", "a b.mp4", True),
        ("1,a, b.mp4,,,,,", "a, b.mp4", True),
        ('1,"say ""hi"".mp4",,,,,lost', 'say "hi".mp4', True),
        ("1,say %22hi%22,,,,,lost", 'say "hi".mp4', True),
        ("1,cafe\u0301,,,,,lost", "caf\u00e9.mp4", True),
        ('1,"a b.mp4', "a b.mp4", True),
        ("1,a bc.mp4,,,,,lost", "a b.mp4", False),
        ("1,clip 12,,,,,lost", "clip 1.mp4", False),
    ],
)
def test_a_bad_line_blocks_the_file_that_it_mentions(path: Path, line: str, name: str, blocked: bool) -> None:
    library = load(path, line, "7,other,,,,,")
    assert library.find(name).bad_lines == (library.bad_lines if blocked else ())


def test_adding_appends_rows_and_returns_them(path: Path) -> None:
    library = load(path, "1,a,,,,,")
    new = [Creative("2", "b.mp4", date(2025, 11, 13), "", "mp4", CreativeType.SHORT_VIDEO, ReviewStatus.PENDING)]
    assert library.add(new) == tuple(new)
    assert path.read_text("utf-8") == f"{HEADER}\n1,a,,,,,\n2,b.mp4,2025-11-13,,mp4,video,pending\n"
    assert library.find("b.mp4").creative_id == "2"


@pytest.mark.parametrize(
    ("creative", "added"),
    [
        (Creative("1", "a.mp4", review_status=ReviewStatus.APPROVED), False),
        (Creative("1", "a", creative_type=VIDEO), False),
        (Creative("1", "a.mp4", review_status=ReviewStatus.REJECTED), True),
        (Creative("1", "a.mp4", dimensions="640x360"), True),
        (Creative("1", "b.mp4"), True),
        (Creative("2", "a.mp4"), True),
    ],
    ids=["the same", "less", "another status", "more", "a contradiction", "another ID"],
)
def test_only_news_is_appended(path: Path, creative: Creative, added: bool) -> None:
    library = load(path, "1,a.mp4,,,,native_video,approved")
    assert library.add([creative, creative]) == ((creative,) if added else ())
    assert library.add([creative]) == ()


@pytest.mark.parametrize(
    "creative",
    [Creative("1.03E+09", "a"), Creative("1", ""), Creative("1", "a", file_type="a,b"), Creative("1", "nul\0")],
)
def test_a_creative_that_could_not_be_read_back_is_refused(path: Path, creative: Creative) -> None:
    library = load(path)
    with pytest.raises(TrackingFileError, match=r"TJ_Creative_Library\.csv: .*can't be written"):
        library.add([Creative("7", "good"), creative])
    assert path.read_text("utf-8") == f"{HEADER}\n"


@pytest.mark.parametrize("newline", ["", "\n"], ids=["no last newline", "last newline"])
def test_what_a_person_appends_between_load_and_add_is_taken_in(path: Path, newline: str) -> None:
    library = load(path, "1,a,,,,,")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"2,b,,,,,{newline}")
    assert library.add([Creative("2", "b"), Creative("3", "c")]) == (Creative("3", "c"),)
    assert path.read_text("utf-8") == f"{HEADER}\n1,a,,,,,\n2,b,,,,,\n3,c,,,,,\n"


def test_a_line_seen_half_written_is_whole_after_a_refresh(path: Path) -> None:
    put(path)
    with path.open("a", encoding="utf-8") as file:
        file.write("1,a,,,")
        file.flush()
        library = Library.load(path)
        assert [bad.text for bad in library.bad_lines] == ["1,a,,,"]
        file.write(",,\n2,b,,,,,\n")
    library.refresh()
    assert (ids(library), library.bad_lines) == (["1", "2"], ())


def test_a_quote_that_a_later_line_closes_is_closed_after_a_refresh(path: Path) -> None:
    library = load(path, '1,"two')
    with path.open("a", encoding="utf-8") as file:
        file.write('lines",,,,,\n')
    library.refresh()
    assert (list(library), library.bad_lines) == ([Creative("1", "two\nlines")], ())


@pytest.mark.parametrize("lines", [["2,b,,,,,"], ["2,b,,,,,", "3,c,,,,,", "4,d,,,,,"], []])
def test_a_file_that_was_replaced_or_edited_is_read_anew(path: Path, lines: list[str]) -> None:
    library = load(path, "1,a,,,,,", "9,z,,,,,")
    put(path, *lines)
    library.refresh()
    assert ids(library) == [line[0] for line in lines]


def test_a_file_that_was_removed_is_empty_after_a_refresh(path: Path) -> None:
    library = load(path, "1,a,,,,,")
    path.unlink()
    library.refresh()
    assert (len(library), library.find("a")) == (0, Match())


def test_line_numbers_go_on_over_appended_lines(path: Path) -> None:
    library = load(path, "1,a,,,,,", "", "x,b,,,,,")
    library.add([Creative("2", "c")])
    with path.open("a", encoding="utf-8") as file:
        file.write("y,d,,,,,\n1,other,,,,,\n")
    library.refresh()
    assert ([bad.line for bad in library.bad_lines], library.conflicts[0].lines) == ([4, 6], (2, 7))


def test_a_rewrite_moves_bad_lines_to_the_quarantine_as_they_were(path: Path) -> None:
    library = load(path, "1,a,,,,,", "1.03E+09,b,,,,,", '3,"c', "4,d,,,,,")
    library.rewrite(now=NOON)
    assert path.read_text("utf-8") == f"{HEADER}\n1,a,,,,,\n4,d,,,,,\n"
    assert path.with_name("TJ_Creative_Library.quarantine.csv").read_text("utf-8") == (
        "line,reason,text\n"
        '3,"Excel turned the ID into 1.03E+09; its digits are lost, look the ID up on the site","1.03E+09,b,,,,,"\n'
        '4,a quote is opened and never closed,"3,""c"\n'
    )
    assert library.bad_lines == ()


def test_a_second_quarantine_is_appended_to_the_first(path: Path) -> None:
    for line in ("x,a,,,,,", "y,b,,,,,"):
        library = load(path, line)
        library.rewrite(now=NOON)
    text = path.with_name("TJ_Creative_Library.quarantine.csv").read_text("utf-8")
    assert text.splitlines()[1:] == [
        '''2,"'x' is not a Creative ID, which has digits only","x,a,,,,,"''',
        '''2,"'y' is not a Creative ID, which has digits only","y,b,,,,,"''',
    ]


def test_a_rewrite_keeps_the_old_file_under_its_time(path: Path) -> None:
    library = load(path, "1,a,,,,,", "1,a.mp4,,,,,")
    old = path.read_bytes()
    library.rewrite(now=NOON)
    assert {each.name: each.read_bytes() for each in backups_of(path)} == {
        "TJ_Creative_Library.20251113T120000.csv": old
    }


def test_extra_columns_keep_their_values(path: Path) -> None:
    header = "note,creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status,owner"
    put(path, "mine,1,a,,,,,,", ",2,b,,,,,,Ana", ",1,a.mp4,,,,,,Ben", header=header)
    library = Library.load(path)
    library.add([Creative("3", "c")])
    library.rewrite([creative._replace(review_status=ReviewStatus.APPROVED) for creative in library], now=NOON)
    assert path.read_text("utf-8").splitlines() == [
        header,
        "mine,1,a.mp4,,,,,approved,Ben",
        ",2,b,,,,,approved,Ana",
        ",3,c,,,,,approved,",
    ]


def test_a_rewrite_from_a_european_excel_is_plain_again(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(f"{HEADER}\r\n1,café,,,,Static Banner,\r\n".replace(",", ";").encode("cp1252"))
    Library.load(path).rewrite(now=NOON)
    assert path.read_bytes() == f"{HEADER}\n1,café,,,,image,\n".encode()


def test_a_rewrite_with_creatives_keeps_what_others_appended_since(path: Path) -> None:
    library = load(path, "1,a,,,,,", "2,b,,,,,pending", "3,c,,,,,")
    Library.load(path).add([Creative("4", "d"), Creative("2", "b", review_status=ReviewStatus.APPROVED)])
    library.rewrite([creative for creative in library if creative.creative_id != "3"], now=NOON)
    assert path.read_text("utf-8").splitlines()[1:] == ["1,a,,,,,", "2,b,,,,,approved", "4,d,,,,,"]


def test_a_rewrite_of_a_missing_library_makes_one(path: Path) -> None:
    Library.load(path).rewrite([Creative("1", "a")], now=NOON)
    assert path.read_text("utf-8") == f"{HEADER}\n1,a,,,,,\n"


def test_a_rewrite_that_the_disk_refuses_leaves_the_old_file(path: Path) -> None:
    library = load(path, "1,a,,,,,", "x,b,,,,,")
    before = path.read_bytes()
    (path.parent / ".tjtools").mkdir()
    (path.parent / ".tjtools" / "backups").write_text("in the way", "utf-8")
    with pytest.raises(TrackingFileError, match=r"TJ_Creative_Library\.csv: can't be written: File exists"):
        library.rewrite(now=NOON)
    assert path.read_bytes() == before


def test_the_frame_is_text_in_every_column(path: Path) -> None:
    frame = load(path, "007,a,2025-11-13,,,Native Rollover,Approved", "1234567890123456789012,b,,,,,").frame
    assert frame.to_dict("split", index=False) == {
        "columns": list(COLUMNS),
        "data": [
            ["007", "a", "2025-11-13", "", "", "native_video", "approved"],
            ["1234567890123456789012", "b", "", "", "", "", ""],
        ],
    }


# --- many processes -------------------------------------------------------------------------------------------------

PROCESSES, EACH = 8, 120
# in words, since a process that imported this module would import hypothesis and a browser's driver too
ADD_ONE_BY_ONE = f"""
library = Library.load(path)
for number in range({EACH}):
    assert library.add([Creative(str(10_000 * (process + 1) + number), f"clip {{process}}, {{number}}.mp4")])
    if number in (40, 80):
        library.rewrite(now=datetime(2025, 11, 13, 12, 0, tzinfo=UTC))
"""
ADD_ALL = """
library = Library.load(path)
for number in range(200):
    library.add([Creative(str(number + 1), f"clip {number}", dimensions="", file_type="mp4")])
"""
START = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tjtools.cache.library import Library
from tjtools.model.creative import Creative
path, process = Path(sys.argv[1]), int(sys.argv[2])
"""


def run_at_once(work: str, path: Path) -> list[int | None]:
    command = [sys.executable, "-c", START + work, path]
    workers = [subprocess.Popen([*command, str(process)]) for process in range(PROCESSES)]
    return [worker.wait() for worker in workers]


def test_eight_processes_that_add_and_rewrite_at_once_lose_and_tear_nothing(path: Path) -> None:
    put(path)
    assert run_at_once(ADD_ONE_BY_ONE, path) == [0] * PROCESSES
    library = Library.load(path)
    expected = {str(10_000 * (process + 1) + number) for process in range(PROCESSES) for number in range(EACH)}
    assert (library.bad_lines, set(ids(library))) == ((), expected)
    assert len(path.read_bytes().splitlines()) == len(expected) + 1


def test_a_creative_that_eight_processes_add_at_once_stands_there_once(path: Path) -> None:
    put(path)
    assert run_at_once(ADD_ALL, path) == [0] * PROCESSES
    assert len(path.read_bytes().splitlines()) == 201


# --- properties -----------------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12) | st.builds(
    str.__add__,
    st.text(st.sampled_from('ab.é\u0301"%2,\n\r '), min_size=1, max_size=4),
    st.sampled_from(["", ".mp4", ".PNG", ".jpeg", ".JpeG", ".gif", ".png.mp4"]),
)
creatives = st.builds(
    Creative,
    st.from_regex(r"[0-9]{1,3}|[0-9]{20,22}", fullmatch=True),
    names,
    st.none() | st.dates(),
    st.sampled_from(["", "640x360"]),
    st.sampled_from(["", "mp4", "png"]),
    st.sampled_from([None, VIDEO, IMAGE, CreativeType.VIDEO]),
    st.sampled_from([None, *ReviewStatus]),
)


ENDINGS = [".mp4", ".MP4", ".jpg", ".jpeg", ".gif", ".m4v", ".2", " v.1 a"]
chains = st.builds(str.__add__, st.sampled_from("ab"), st.lists(st.sampled_from(ENDINGS), max_size=3).map("".join))


def less_one(name: str) -> str:
    """The name without one final extension of ours, in other words than the package's."""
    return re.sub(r"\.(mp4|png|jpe?g|gif)\Z", "", name, flags=re.IGNORECASE)


@settings(deadline=None, max_examples=300)
@given(asked=chains, entered=st.lists(chains, min_size=1, max_size=6))
def test_a_file_is_found_by_its_exact_name_else_by_its_name_less_one_extension_else_is_unclear(
    tmp_path_factory: pytest.TempPathFactory, asked: str, entered: list[str]
) -> None:
    path = put(tmp_path_factory.getbasetemp() / "asked" / "TJ_Creative_Library.csv")
    library = load(path, *(f"{number},{name},,,,native_video," for number, name in enumerate(entered, 1)))
    still = re.compile(r"\.(png|jpe?g|gif)\Z", re.IGNORECASE)
    found = {
        "exact": {number for number, name in enumerate(entered, 1) if name == asked},
        "alike": {
            number
            for number, name in enumerate(entered, 1)
            if less_one(name) == less_one(asked) and bool(still.search(name)) == bool(still.search(asked))
        },
        "cards": {
            number
            for number, name in enumerate(entered, 1)
            if not still.search(asked)
            and name == (re.sub(r"\.m4v\Z", "", asked) if asked.endswith(".m4v") else less_one(asked))
        },
    }
    there = found["exact"] or (found["alike"] and found["alike"] | found["cards"])
    match = library.find(asked, VIDEO)
    assert (set(map(int, ids(match.there))), set(map(int, ids(match.unclear)))) == (
        there,
        set() if there else found["cards"],
    )


@settings(deadline=None, max_examples=100)
@given(names=st.lists(chains, min_size=1, max_size=6), data=st.data())
def test_rows_of_one_id_are_found_by_the_names_that_stay_in_whatever_pieces_they_were_read(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    path = put(tmp_path_factory.getbasetemp() / "pieces" / "TJ_Creative_Library.csv")
    first = data.draw(st.integers(0, len(names)))
    library = load(path, *(f"1,{name},,,,," for name in names[:first]))
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"1,{name},,,,,\n" for name in names[first:])
    library.refresh()
    kept = [creative.filename for creative in library]
    assert (set(kept) <= set(names), len(library.conflicts)) == (True, len(kept) > 1)
    for name in {*names, *kept}:
        exact = [one.filename for one in library.find(name).there if one.filename == name]
        assert exact == [name] * kept.count(name)
    library.rewrite(now=NOON)
    assert [creative.filename for creative in Library.load(path)] == kept


@settings(deadline=None, max_examples=100)
@given(st.lists(creatives, unique_by=lambda creative: creative.creative_id, max_size=8))
def test_whatever_was_added_loads_the_same(tmp_path_factory: pytest.TempPathFactory, new: list[Creative]) -> None:
    path = put(tmp_path_factory.getbasetemp() / "added" / "TJ_Creative_Library.csv")
    library = Library.load(path)
    library.add(new)
    assert list(library) == list(Library.load(path)) == new
    library.rewrite(now=NOON)
    assert list(Library.load(path)) == new


fields = [
    st.sampled_from(["1", "2", "007", " 3 ", "1.0", "1.03E+09", "", "x", "9" * 20]),
    st.sampled_from(["a", "a.mp4", "b.PNG", "", "é"]),
    st.sampled_from(["", "2025-11-13", "13.11.2025", "13-Nov-25", "11/12/2025", "soon"]),
    st.sampled_from(["", "640x360", "640 x 360", "wide"]),
    st.sampled_from(["", "mp4", "JPEG"]),
    st.sampled_from(["", "video", "Native Rollover", "short_video", "what"]),
    st.sampled_from(["", "approved", "Pending", "maybe"]),
]
lines = st.tuples(*fields).map(list) | st.lists(st.sampled_from(["", "1", "a"]), min_size=2, max_size=9)


@settings(deadline=None, max_examples=300)
@given(st.lists(lines, max_size=8))
def test_lines_read_at_once_and_one_by_one_mean_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "paths"
    quoted = [[f'"{field}"' for field in row] for row in rows]
    at_once = Library.load(put(folder / "at_once.csv", *map(",".join, rows)))
    one_by_one = Library.load(put(folder / "one_by_one.csv", *map(",".join, quoted)))
    semicolons = Library.load(put(folder / "semicolons.csv", *map(";".join, quoted), header=HEADER.replace(",", ";")))
    assert read(at_once) == read(one_by_one) == read(semicolons)


def read(library: Library) -> tuple[object, ...]:
    return (
        list(library),
        [(conflict.creative_id, conflict.creatives, conflict.lines) for conflict in library.conflicts],
        [(bad.line, bad.reason) for bad in library.bad_lines],
        [(bad.line, bad.reason) for bad in library.doubtful_days],
        [library.find(name, VIDEO).there for name in ("a.mp4", "b", "é")],
    )


NAMES = ("clip 1.mp4", "café (2).png", "https://host/landing/page.mp4", "page", 'say "hi".gif', "it's.gif")


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        *((quoted, "clip 1.mp4") for quoted in ('"clip 1.mp4"', "'clip 1.mp4'", "“clip 1.mp4”", "„clip 1.mp4“")),
        *((quoted, "clip 1.mp4") for quoted in ("«clip 1.mp4»", "`clip 1.mp4`", '"clip 1.mp4",', " \u00a0clip 1.mp4 ")),
        ("\u202aC:\\Users\\Ana\\clip 1.mp4", "clip 1.mp4"),
        ('"C:\\Users\\Ana\\clip 1.mp4"', "clip 1.mp4"),
        (r"\\server\share\café (2).png", "café (2).png"),
        (r"uploaded\Native\Video\clip 1.mp4", "clip 1.mp4"),
        ("C:/ads/clip 1.mp4", "clip 1.mp4"),
        ("/Volumes/Ads/cafe\u0301 (2).png", "café (2).png"),
        (r"/Users/ana/clip\ 1.mp4", "clip 1.mp4"),
        (r"café\ \(2\).png", "café (2).png"),
        ("'/home/ana/it's.gif'", "it's.gif"),
        ("./clip 1.mp4", "clip 1.mp4"),
        ("~/ads/clip 1.mp4/", "clip 1.mp4"),
        ("file:///home/ana/clip%201.mp4", "clip 1.mp4"),
        ("FILE:///C:/ads/caf%C3%A9%20(2).png", "café (2).png"),
        ("https://host/landing/page.mp4", "https://host/landing/page.mp4"),
        ("https://host/landing/page", "https://host/landing/page.mp4"),
        (' "https://host/landing/page.mp4" ', "https://host/landing/page.mp4"),
        ("/ads/page", "page"),
        ('say "hi".gif', 'say "hi".gif'),
        ("say %22hi%22", 'say "hi".gif'),
        ('"say "hi".gif"', 'say "hi".gif'),
    ],
)
def test_what_a_person_pastes_is_the_name_that_was_meant(tmp_path: Path, asked: str, name: str) -> None:
    library = Library(tmp_path / "TJ_Creative_Library.csv")
    library.add(Creative(f"10325305{number}1", one) for number, one in enumerate(NAMES))
    [(told, match)] = look_up(library, [asked])
    assert (told, [one.filename for one in match.there]) == (asked, [name])


@pytest.mark.parametrize(
    "asked",
    [
        "https://host/page",  # an address is one name, whatever stands behind its last slash
        "https://other/landing/page.mp4",
        "landing/page.mp4",
        "ads/clip 1.mp4/other.mp4",
        '"clip',
        *("/", "\\", '""', "'", "file:", "file:///", " "),
    ],
)
def test_what_is_another_name_is_not_there(tmp_path: Path, asked: str) -> None:
    library = Library(tmp_path / "TJ_Creative_Library.csv")
    library.add(Creative(f"10325305{number}1", one) for number, one in enumerate(NAMES) if one != "page")
    assert look_up(library, [asked]) == [(asked, Match())]


@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1))
def test_a_name_is_found_behind_any_folder_as_it_is_alone(name: str) -> None:
    assert {name} <= {*meant(name)} & {*meant(f"/home/ana/{name}")}
    if "\\" not in name:
        assert name in meant(f"C:\\ads\\{name}")
