"""Tracking files that went through pandas or a spreadsheet: `1032504821.0` for an ID, days of other countries."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from world import NOW, read_rows, tjtools

from tjtools.analysis.sources import Files
from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.history import History, Source
from tjtools.cache.inventory import COLUMNS as INVENTORY_COLUMNS
from tjtools.cache.inventory import load_session, master_ids, rebuild_cache, record_in_master
from tjtools.cache.library import COLUMNS as LIBRARY_COLUMNS
from tjtools.cache.library import Library, look_up
from tjtools.health.doctor import Finding, examine
from tjtools.health.verify import mend, verify
from tjtools.media.content import Fingerprints
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.upload.campaign import NATIVE_COLUMNS
from tjtools.upload.run_files import STATUS_COLUMNS, last_live_run, load_runs
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace

MASTER_COLUMNS = (
    *("unique_id", "new_filename", "creative_type", "width_px", "height_px"),
    *("native_pair_id", "tj_creative_id", "tj_upload_date"),
)
IDS = [str(1032504821 + 10 * number) for number in range(20)]


def master(workspace: Workspace, *rows: tuple[str, str, str]) -> None:
    """A master of native videos: name, ID, day."""
    told = [("", name, "native_video", "640.0", "360.0", "", creative_id, day) for name, creative_id, day in rows]
    write_rows(workspace.master, MASTER_COLUMNS, told)


def status(workspace: Workspace, *rows: tuple[str, str, str]) -> None:
    """A status CSV of native videos that went up: name, ID, day."""
    told = [
        ("", name, f"uploaded/{name}", day, "12:00:00", "TrafficJunky", ID, "success", "", "native_video", "", "0")
        for name, ID, day in rows
    ]
    write_rows(workspace.status_file("20251113_120000"), STATUS_COLUMNS, told)


@pytest.fixture
def by_pandas(bare_workspace: Workspace) -> Workspace:
    """A master as the predecessor leaves it: 15 of its 20 IDs are floats, and its days are of several countries."""
    days = ["2025-11-13", "13/11/2025", "13.11.2025", "13-Nov-25"]
    ids = [f"{one}.0" if number % 4 else one for number, one in enumerate(IDS)]
    rows = [(f"{number}.mp4", ids[number], days[number % 4]) for number in range(20)]
    master(bare_workspace, *rows)
    status(bare_workspace, *rows)
    return bare_workspace


def disagreements(workspace: Workspace) -> list[str]:
    return [f"{one.where}: {one.found}" for one in verify(workspace)]


def finding(workspace: Workspace, what: str) -> Finding:
    return next(one for one in examine(workspace.root, cwd=workspace.root) if one.what == what)


def test_rebuild_adds_every_creative_whose_id_lost_no_digit(by_pandas: Workspace) -> None:
    rebuilt = rebuild_cache(by_pandas, now=NOW)
    assert (rebuilt.kept, rebuilt.added, rebuilt.bad_lines) == (0, 20, ())
    rows = [(row["creative_id"], row["upload_date"], row["dimensions"]) for row in read_rows(by_pandas.library)]
    assert rows == [(one, "2025-11-13", "640x360") for one in IDS]
    assert rebuild_cache(by_pandas, now=NOW).added == 0


def test_verify_compares_ids_and_not_how_they_are_written(by_pandas: Workspace) -> None:
    rebuild_cache(by_pandas, now=NOW)
    video, image = "VID_EN_Sports_4sec_ID-0000000A-VID", "IMG_EN_Sports_ID-0000000A-IMG"
    halves = [(video, "5", CreativeType.NATIVE_VIDEO), (image, "7", CreativeType.NATIVE_IMAGE)]
    Library.load(by_pandas.library).add([Creative(one, name, creative_type=kind) for name, one, kind in halves])
    ads = [(video, "u", "5.0", "7.0", "h", "b"), (video, "u", "5", "7", "h", "b")]
    write_rows(by_pandas.campaigns / "Batch001_20251113_120000_Native.csv", NATIVE_COLUMNS, ads, quote_all=True)
    seen = [("2025-11-13T12:00:00Z", f"{one}.0", f"{at}.mp4", "", "pending", "", "sync") for at, one in enumerate(IDS)]
    write_rows(by_pandas.history, HISTORY_COLUMNS, seen)
    assert disagreements(by_pandas) == []


def test_verify_brings_back_what_a_spoilt_status_csv_knows(bare_workspace: Workspace) -> None:
    master(bare_workspace, ("a.mp4", "", ""))
    status(bare_workspace, ("a.mp4", "1032504821.0", "13-Nov-2025"))
    assert mend(bare_workspace, verify(bare_workspace), now=NOW) == ()
    [row], [known] = read_rows(bare_workspace.master), read_rows(bare_workspace.library)
    assert (row["tj_creative_id"], row["tj_upload_date"]) == ("1032504821", "2025-11-13")
    assert (known["creative_id"], known["upload_date"]) == ("1032504821", "2025-11-13")


def test_a_doubtful_day_or_type_in_the_master_costs_no_id_and_is_reported(bare_workspace: Workspace) -> None:
    master(bare_workspace, ("a.mp4", "1032504821.0", "11-12-2025"), ("b.mp4", "1.03E+09", "2025-11-13"))
    with bare_workspace.master.open("a", encoding="utf-8") as file:
        file.write(",c.mp4,Popunder,640,360,,1032504831,soon\n")
    rebuilt = rebuild_cache(bare_workspace, now=NOW)
    day = "'11-12-2025' could be 2025-11-12 or 2025-12-11; write the upload date as YYYY-MM-DD"
    lost = "Excel turned the ID into 1.03E+09; its digits are lost, look the ID up on the site"
    soon = "'soon' is not a date; write the upload date as YYYY-MM-DD"
    assert [(bad.line, bad.reason) for bad in rebuilt.bad_lines] == [
        (2, day),
        (3, lost),
        (4, "'Popunder' is not a creative type"),
        (4, soon),
    ]
    rows = [(row["creative_id"], row["upload_date"], row["creative_type"]) for row in read_rows(bare_workspace.library)]
    assert rows == [("1032504821", "", "native_video"), ("1032504831", "", "")]
    assert disagreements(bare_workspace) == [
        f"creative_inventory.csv:2: has a doubtful day: {day}",
        f"creative_inventory.csv:3: can't be understood: {lost}",
        f"creative_inventory.csv:4: has a doubtful day: {soon}",
    ]
    found = finding(bare_workspace, "master")
    assert (found.well, f"line 3: {lost}" in found.found, f"line 2: {day}" in found.found) == (False, True, True)


def test_a_doubtful_day_in_the_library_is_reported_and_the_creative_is_there(bare_workspace: Workspace) -> None:
    bare_workspace.library.write_text(
        "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
        "1032504821,a.mp4,11-12-2025,640x360,mp4,native_video,approved\n",
        "utf-8",
    )
    day = "'11-12-2025' could be 2025-11-12 or 2025-12-11; write the upload date as YYYY-MM-DD"
    assert disagreements(bare_workspace) == [f"TJ_Creative_Library.csv:2: has a doubtful day: {day}"]
    found = finding(bare_workspace, "library")
    assert (found.well, found.found) == (False, f"1 creative; line 2: {day}")
    checked, compared = (
        tjtools("check", "a.mp4", cwd=bare_workspace.root),
        tjtools("diff", *[str(bare_workspace.library)] * 2, cwd=bare_workspace.root),
    )
    assert (checked.returncode, "already there  a.mp4 → 1032504821" in checked.stdout) == (1, True)
    assert (compared.returncode, f"TJ_Creative_Library.csv:2: {day}" in compared.stderr) == (2, True)


def test_doctor_says_what_it_read_otherwise_than_it_is_written(by_pandas: Workspace) -> None:
    rebuild_cache(by_pandas, now=NOW)
    found = finding(by_pandas, "master")
    assert found.well
    assert found.found == (
        "20 files with a Creative ID; IDs that a spreadsheet rewrote: 15 (1032504831.0 is 1032504831)"
        "; days that a spreadsheet rewrote: 15 (13/11/2025 is 2025-11-13)"
    )
    assert finding(by_pandas, "library").found == "20 creatives"


def test_an_id_that_is_recorded_again_keeps_its_day(by_pandas: Workspace) -> None:
    file = SessionFile(by_pandas.root / "uploaded/Native/Video/1.mp4", CreativeType.NATIVE_VIDEO)
    record_in_master(by_pandas, [(file, IDS[1], None)])
    rows = [(row["tj_creative_id"], row["tj_upload_date"]) for row in read_rows(by_pandas.master)]
    assert rows[1:3] == [(IDS[1], "13/11/2025"), (f"{IDS[2]}.0", "13.11.2025")]


def test_every_reader_of_ids_tells_the_same_id(by_pandas: Workspace) -> None:
    assert list(master_ids(by_pandas).items())[1] == ((Section.NATIVE_ROLLOVER, "1.mp4"), IDS[1])
    assert list(load_runs(by_pandas).rows["creative_id"]) == IDS
    run = last_live_run(by_pandas)
    assert [one.creative_id for one in run.files] == IDS if run else False
    by_pandas.private.mkdir(parents=True, exist_ok=True)
    (by_pandas.private / "fingerprints.csv").write_text(
        "seen_at,path,mtime_ns,bytes,checksum,container,width,height,seconds,codec,turned,frames,trouble,looks,method,"
        f"creative_id,filename,creative_type\n,a.mp4,1,1200,{'ab' * 32},mp4,,,4,h264,,100,,-,1,1032530571.0,a.mp4,\n",
        "utf-8",
    )
    assert [one.creative_id for one in Fingerprints.load(by_pandas).uploads()] == ["1032530571"]


def test_the_history_knows_a_creative_again(bare_workspace: Workspace) -> None:
    rejected = Creative("1032504821", "a.mp4", review_status=ReviewStatus.REJECTED)
    rows = [("2025-11-13T12:00:00Z", "1032504821.0", "a.mp4", "pending", "rejected", "2025-11-12T12:00:00Z", "sync")]
    write_rows(bare_workspace.history, HISTORY_COLUMNS, rows)
    Library.load(bare_workspace.library).add([rejected])
    history = History.of(bare_workspace)
    assert history.record([rejected], source=Source.SYNC, now=NOW) == 0
    assert [one.creative_id for one in history.rows()["1032504821"]] == ["1032504821"]
    assert list(history.load()[0]["creative_id"]) == ["1032504821"]
    changed = Files(bare_workspace, lambda: NOW).changed()
    assert changed[["creative_id", "change"]].to_numpy().tolist() == [["1032504821", "rejected"]]


@pytest.mark.parametrize("asked", ["1032504821", "1032504821.0", "1,032,504,821", '="1032504821"'])
def test_an_id_is_looked_up_however_it_was_copied(bare_workspace: Workspace, asked: str) -> None:
    library = Library.load(bare_workspace.library)
    library.add([Creative("1032504821", "a.mp4")])
    [(_, match)] = look_up(library, [asked])
    assert match.creative_id == "1032504821"


def test_add_takes_an_id_as_a_spreadsheet_shows_it(bare_workspace: Workspace) -> None:
    done = tjtools("add", "1032504821.0", "a.mp4", cwd=bare_workspace.root)
    assert (done.returncode, done.stdout) == (0, "Added to TJ_Creative_Library.csv: a.mp4 → 1032504821\n")
    lost = tjtools("add", "1.03E+09", "b.mp4", cwd=bare_workspace.root)
    assert (lost.returncode, "digits are lost" in lost.stderr) == (2, True)


def as_excel_saves(rows: Sequence[Sequence[str]]) -> bytes:
    """A CSV whose lines have, in each sixteen rows, as many fields as the widest of these: empty ends are cut off."""
    lines = []
    for at in range(0, len(rows), 16):
        block = rows[at : at + 16]
        width = max(number for row in block for number, cell in enumerate(row, 1) if cell)
        lines += [",".join([*row, *[""] * width][:width]) for row in block]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def test_a_library_that_excel_saved_keeps_every_creative(bare_workspace: Workspace) -> None:
    rows = [[one, f"{one}.mp4", "", "", "", "", "approved" if int(one) < 1032504900 else ""] for one in IDS * 2]
    rows = [[f"{at}{row[0]}", *row[1:], *["Ana's"] * (at < 3)] for at, row in enumerate(rows)]
    bare_workspace.library.write_bytes(as_excel_saves([[*LIBRARY_COLUMNS, "note"], *rows]))
    library = Library.load(bare_workspace.library)
    assert (library.bad_lines, [one.creative_id for one in library]) == ((), [row[0] for row in rows])
    library.add([Creative("7", "new.mp4")])
    library.rewrite(now=NOW)
    told = [(row["creative_id"], row["note"]) for row in read_rows(bare_workspace.library)]
    assert told == [*((row[0], "Ana's" * (at < 3)) for at, row in enumerate(rows)), ("7", "")]


def test_a_remark_beside_the_table_costs_its_own_row_alone(bare_workspace: Workspace) -> None:
    rows = [[f"1032{at}", f"{at}.mp4", "", "", "", "", "pending", *["", "look"] * (at == 20)] for at in range(40)]
    bare_workspace.library.write_bytes(as_excel_saves([LIBRARY_COLUMNS, *rows]))
    library = Library.load(bare_workspace.library)
    assert [(one.line, one.reason) for one in library.bad_lines] == [(22, "9 fields instead of 7")]
    assert [one.creative_id for one in library] == [f"1032{at}" for at in range(40) if at != 20]


def test_a_session_that_excel_saved_keeps_every_file(bare_workspace: Workspace) -> None:
    told = {"creative_type": "video", "width_px": "1920", "height_px": "1080"}
    rows = [[(told | {"new_filename": f"{at}.mp4"}).get(name, "") for name in INVENTORY_COLUMNS] for at in range(40)]
    bare_workspace.session.write_bytes(as_excel_saves([INVENTORY_COLUMNS, *rows]))
    session = load_session(bare_workspace)
    assert (session.bad_lines, [file.name for file in session.files]) == ((), [f"{at}.mp4" for at in range(40)])


@pytest.mark.parametrize("at", [3, 17, 18, 32, 40])
@pytest.mark.parametrize("row", ["1,clip, final.mp4,,,,,", "1,clip.mp4,,,,"])
def test_a_line_by_itself_that_has_not_all_fields_is_none_of_excels(
    bare_workspace: Workspace, at: int, row: str
) -> None:
    lines = [",".join(LIBRARY_COLUMNS), *(f"{at}7,{at}.mp4,,,,,pending" for at in range(40))]
    lines.insert(at - 1, row)
    bare_workspace.library.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    library = Library.load(bare_workspace.library)
    assert ([(one.line, one.text) for one in library.bad_lines], len(library)) == ([(at, row)], 40)


def test_records_that_a_bare_line_break_has_halved_are_no_lines_of_excels(bare_workspace: Workspace) -> None:
    """Two of them, where sixteen rows begin, have lines of one width as what Excel cuts off."""
    lines = [",".join(LIBRARY_COLUMNS), *(f"{at}7,{at}.mp4,,,,,pending" for at in range(40))]
    lines[16:16] = ["1,a.mp4,,640\n360,mp4,video,approved", "2,b.mp4,,640\n360,mp4,video,approved"]
    bare_workspace.library.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    library = Library.load(bare_workspace.library)
    assert ([one.line for one in library.bad_lines], len(library)) == ([17, 18, 19, 20], 40)


def test_a_cell_of_two_lines_where_sixteen_rows_begin_costs_no_row(bare_workspace: Workspace) -> None:
    rows = [[f"1032{at}", f"{at}.mp4", "", "", "", "", "pending" * (at < 15)] for at in range(25)]
    rows[15][1] = '"15\n.mp4"'
    bare_workspace.library.write_bytes(as_excel_saves([LIBRARY_COLUMNS, *rows]))
    library = Library.load(bare_workspace.library)
    assert ([one.line for one in library.bad_lines], len(library)) == ([], 25)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_line_of_the_seven_columns_is_read_where_there_are_more(bare_workspace: Workspace, delimiter: str) -> None:
    lines = [
        ",".join([*LIBRARY_COLUMNS, "note", "owner"]),
        "1,a.mp4,,,,,pending,x,Ana",
        "2,b.mp4,,,,,approved",
        "3,c,,,,",
    ]
    bare_workspace.library.write_text("\n".join(lines).replace(",", delimiter), "utf-8")
    library = Library.load(bare_workspace.library)
    library.add([Creative("4", "d.mp4")])
    assert [one.line for one in library.bad_lines] == [4]
    assert library.frame[["creative_id", "review_status", "owner"]].to_numpy().tolist() == [
        ["1", "pending", "Ana"],
        ["2", "approved", ""],
        ["4", "", ""],
    ]
