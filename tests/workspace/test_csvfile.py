"""Tracking files as people, Excel and other programs leave them, read and written."""

from __future__ import annotations

import csv
import errno
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import FileIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import read_rows

from tjtools.model.errors import NotText, TrackingFileError, WrongHeader
from tjtools.workspace import disk
from tjtools.workspace.csvfile import (
    BadLine,
    Table,
    append_rows,
    neutralise,
    quarantine,
    read_table,
    spreadsheet,
    write_rows,
)
from tjtools.workspace.disk import backups_of, keep, locked, replace_file

COLUMNS = ("id", "name", "note")
NOON = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)

HARD_NAMES = [
    "clip, final.mp4",
    'say "hi".mp4',
    "two\nlines.mp4",
    "two\r\nlines.mp4",
    "carriage\rreturn.mp4",
    "\nfirst",
    "%22quoted%22.mp4",
    "café 🎬.mp4",
    "cafe\u0301.mp4",
    "é" * 125 + ".mp4",
    "=1+1.mp4",
    "+1.mp4",
    "-1.mp4",
    "@sum.mp4",
    " spaces around ",
    '"',
    "a;b.mp4",
    "line\u2028separator.mp4",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tracking" / "names.csv"


def put(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def values(table: Table) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in table.rows]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("delimiter", [",", ";"], ids=["comma", "semicolon"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_form_of_a_file_reads_the_same(path: Path, encoding: str, delimiter: str, newline: str) -> None:
    lines = ["id,name,note", "1,café,", '2,"a""b",x']
    put(path, newline.join([line.replace(",", delimiter) for line in lines] + [""]).encode(encoding))
    table = read_table(path, COLUMNS)
    assert (table.header, values(table), table.lines, table.bad) == (
        COLUMNS,
        [("1", "café", ""), ("2", 'a"b', "x")],
        (2, 3),
        (),
    )


@pytest.mark.parametrize(
    ("text", "rows", "bad"),
    [
        ("id,name,note\n1,a,x", [(2, "1", "a", "x")], []),
        ("\n\nid,name,note\n\n1,a,x\n  \n,,\n2,b,y\n", [(5, "1", "a", "x"), (8, "2", "b", "y")], []),
        ('id,name,note\n1,"a\nb",x\n2,c,y\n', [(2, "1", "a\nb", "x"), (4, "2", "c", "y")], []),
        ('"id","name","note"\n"1","a",""\n', [(2, "1", "a", "")], []),
        ("note,id,name\nx,1,a\n", [(2, "x", "1", "a")], []),
        ("id,name,note\n1,a\n2,b,y\n", [(3, "2", "b", "y")], [(2, "2 fields instead of 3", "1,a")]),
        ("id,name,note\n1,a,x,\n", [], [(2, "4 fields instead of 3", "1,a,x,")]),
        (
            "id,name,note\n1,a,x2,b,y\n",
            [],
            [(2, "5 fields instead of 3; two lines may have run together", "1,a,x2,b,y")],
        ),
        (
            'id,name,note\n1,"a,x\n2,b,y\n3,"c, d",z\n',
            [(3, "2", "b", "y"), (4, "3", "c, d", "z")],
            [(2, "a quote is opened and closed in the middle of a field", '1,"a,x')],
        ),
        (
            'id,name,note\n1,"a,x\n2,b,y\n',
            [(3, "2", "b", "y")],
            [(2, "a quote is opened and never closed", '1,"a,x')],
        ),
        ('id,name,note\n1,5" tall,x\n', [(2, "1", '5" tall', "x")], []),
        ("id,name,note,,\n1,a,x,,y\n", [(2, "1", "a", "x", "", "y")], []),
    ],
    ids=[
        "no last newline",
        "blank lines",
        "newline in quotes",
        "all quoted",
        "columns in another order",
        "field missing",
        "field too many",
        "two lines glued",
        "quote never closed, other quotes behind it",
        "quote never closed",
        "quote in the middle of a field",
        "columns without names",
    ],
)
def test_lines(path: Path, text: str, rows: list[tuple[int, str, str, str]], bad: list[tuple[int, str, str]]) -> None:
    table = read_table(put(path, text), COLUMNS)
    found = [(line, *row.values()) for line, row in zip(table.lines, table.rows, strict=True)]
    assert (found, list(table.bad)) == (rows, [BadLine(*each) for each in bad])


def test_a_missing_file_is_an_empty_table(path: Path) -> None:
    assert read_table(path, COLUMNS) == Table(path, COLUMNS, (), (), ())


def test_a_line_in_another_encoding_does_not_garble_the_others(path: Path) -> None:
    put(path, "id,name,note\n1,café 🎬,\n".encode() + "2,naïve,\n".encode("cp1252"))
    assert values(read_table(path, COLUMNS)) == [("1", "café 🎬", ""), ("2", "naïve", "")]


def test_a_line_that_powershell_appended_is_reported(path: Path) -> None:
    put(path, b"id,name,note\n1,a,x\n" + "2,b,y\r\n".encode("utf-16-le"))
    table = read_table(path, COLUMNS)
    assert (values(table), [(bad.line, bad.text) for bad in table.bad]) == ([("1", "a", "x")], [(3, "2,b,y")])


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\3\4\0\0", b"\xff\xfeodd"])
def test_binary_data_is_refused(path: Path, data: bytes) -> None:
    with pytest.raises(NotText):
        read_table(put(path, data), COLUMNS)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,title\n", "the header lacks name, note."),
        (
            "id\r1,2",
            "the header can't be split into columns: lines must end in LF or CRLF, and quotes come in pairs.",
        ),
        ("\ufeff\ufeffid,name,note,id\n", "the header names a column twice."),
        ("id,name,note,name\n", "the header names a column twice."),
    ],
)
def test_a_wrong_header_is_refused_with_what_is_missing(path: Path, header: str, said: str) -> None:
    with pytest.raises(WrongHeader) as caught:
        read_table(put(path, header), COLUMNS, remedy="Run tjtools rebuild-cache.")
    assert str(caught.value) == f"{path}:1: {said} Run tjtools rebuild-cache."


def test_a_folder_in_the_files_place_is_an_error_that_names_it(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(TrackingFileError, match=r"names\.csv: can't be read: Is a directory"):
        read_table(path, COLUMNS)


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_name_survives_appending_and_rewriting(path: Path, name: str) -> None:
    append_rows(path, COLUMNS, [("1", name, "x"), ("2", "other", "y")])
    assert values(read_table(path, COLUMNS)) == [("1", name, "x"), ("2", "other", "y")]
    write_rows(path, COLUMNS, [("1", name, "x")], quote_all=True)
    assert values(read_table(path, COLUMNS)) == [("1", name, "x")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "id,name,note\n9,new,\n"),
        ("", "id,name,note\n9,new,\n"),
        ("\n", "\nid,name,note\n9,new,\n"),
        ("id,name,note\n", "id,name,note\n9,new,\n"),
        ("id,name,note\n1,a,x", "id,name,note\n1,a,x\n9,new,\n"),
        ("note,more,id,name\nx,m,1,a\n", "note,more,id,name\nx,m,1,a\n,,9,new\n"),
        ("id;name;note\n1;a,b;x\n", 'id,name,note\n1,"a,b",x\n9,new,\n'),
        ("id,name,note\r\n1,a,x\r\n", "id,name,note\n1,a,x\n9,new,\n"),
        ("id,name,note\n1,café,x\n".encode("cp1252"), "id,name,note\n1,café,x\n9,new,\n"),
        ("id,name,note\n1,café,x\n".encode("utf-16"), "id,name,note\n1,café,x\n9,new,\n"),
        (b"\xff\xfe", "id,name,note\n9,new,\n"),
        ("\ufeff\r\n".encode("utf-16-be"), "id,name,note\n9,new,\n"),
        ("id;name;note\n1;a\n2;b;y\n", "id,name,note\n1;a\n2,b,y\n9,new,\n"),
        ("id;name;note\n1,a,x\n2;b;y\n", "id,name,note\n2,b,y\n9,new,\n"),
        ("id;name;note\n1;a\0;x\n2;b;y\n", "id,name,note\n1;a;x\n2,b,y\n9,new,\n"),
    ],
    ids=[
        "no file",
        "empty",
        "blank",
        "header only",
        "no last newline",
        "other order and an extra column",
        "semicolons",
        "CRLF",
        "cp1252",
        "UTF-16",
        "UTF-16 without a line",
        "UTF-16, blank",
        "a bad line stays as it was",
        "a bad line that would be read as a good one is moved to quarantine",
        "NUL bytes are left out",
    ],
)
def test_appending(path: Path, before: bytes | str | None, after: str) -> None:
    if before is not None:
        put(path, before)
    append_rows(path, COLUMNS, [("9", "new", "")])
    assert path.read_bytes().decode() == after


def test_a_header_is_found_behind_any_number_of_blank_lines(path: Path) -> None:
    put(path, b"\n" * 200_000)
    append_rows(path, COLUMNS, [("9", "new", "")])
    assert values(read_table(path, COLUMNS)) == [("9", "new", "")]
    assert read_table(path, COLUMNS).lines == (200_002,)


@pytest.mark.parametrize("blank", [65_500, 65_530, 65_535, 65_536, 65_537])
def test_a_header_behind_blank_lines_may_begin_anywhere(path: Path, blank: int) -> None:
    put(path, b"\n" * blank + b"id,name,note\n1,a,x\n")
    assert values(read_table(path, COLUMNS)) == [("1", "a", "x")]


def test_a_file_that_is_rewritten_for_an_append_is_backed_up(path: Path) -> None:
    put(path, "id;name;note\n1;a;x\n")
    append_rows(path, COLUMNS, [("9", "new", "")])
    assert [backup.read_text("utf-8") for backup in backups_of(path)] == ["id;name;note\n1;a;x\n"]


def test_appending_nothing_leaves_the_disk_alone(path: Path) -> None:
    append_rows(path, COLUMNS, [])
    assert not path.parent.exists()


def test_a_value_that_no_text_file_can_hold_is_refused_and_nothing_written(path: Path) -> None:
    put(path, "id,name,note\n")
    for name in ("nul\0", "\udcff"):
        with pytest.raises(TrackingFileError, match="can't be written as text"):
            append_rows(path, COLUMNS, [("1", "good", ""), ("2", name, "")])
    assert path.read_text("utf-8") == "id,name,note\n"


def test_what_a_person_appends_while_a_file_is_rewritten_is_brought_over(path: Path) -> None:
    put(path, "id,name,note\n1,a,x")
    with locked(path):
        table = read_table(path, COLUMNS)
        with path.open("a", encoding="utf-8") as file:
            file.write("2,b,y\n3,no newline,")
        replace_file(path, b"id,name,note\n1,a,x\n", seen=table.seen)
    assert path.read_text("utf-8") == "id,name,note\n1,a,x\n2,b,y\n3,no newline,\n"
    assert backups_of(path) == []


def test_what_a_person_appends_in_the_moment_of_the_replace_is_brought_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, "id,name,note\n1,a,\n")
    rename = Path.rename
    with path.open("a", encoding="utf-8", buffering=1) as person, locked(path):

        def replace(old: Path, new: Path) -> Path:
            person.write("2,before,\n")
            done = rename(old, new)
            person.write("3,after,\n")
            return done

        table = read_table(path, COLUMNS)
        monkeypatch.setattr(Path, "replace", replace)
        replace_file(path, b"id,name,note\n1,b,\n", seen=table.seen)
    assert values(read_table(path, COLUMNS)) == [("1", "b", ""), ("2", "before", ""), ("3", "after", "")]


def test_what_a_person_appended_is_there_also_if_the_power_fails_right_after_the_replace(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_table(put(path, "id,name,note\n1,a,\n"), COLUMNS)
    with path.open("a", encoding="utf-8") as person:
        person.write("2,late,\n")

    def power_fails(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "sync", power_fails)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, b"id,name,note\n1,b,\n", seen=table.seen)
    assert values(read_table(path, COLUMNS)) == [("1", "b", ""), ("2", "late", "")]


@pytest.mark.parametrize("how", ["edited in place", "replaced", "made", "cut"])
def test_a_file_that_another_program_changed_meanwhile_is_kept_as_a_backup(path: Path, how: str) -> None:
    if how != "made":
        put(path, "id,name,note\n1,a,\n2,b,\n")
    theirs = "id,name,note\n" if how == "cut" else "id,name,note\n1,theirs,\n2,b,\n9,more,\n"
    with locked(path):
        table = read_table(path, COLUMNS)
        if how == "replaced":
            put(path.with_name("other"), theirs).replace(path)
        else:
            put(path, theirs)
        replace_file(path, b"id,name,note\n1,ours,\n", seen=table.seen)
    assert values(read_table(path, COLUMNS)) == [("1", "ours", "")]
    assert [backup.read_text("utf-8") for backup in backups_of(path)] == [theirs]


def test_replacing_keeps_the_files_rights_and_leaves_nothing_beside_it(path: Path) -> None:
    put(path, "id,name,note\n").chmod(0o640)
    write_rows(path, COLUMNS, [("1", "a", "x")])
    assert (path.stat().st_mode & 0o777, sorted(each.name for each in path.parent.iterdir())) == (
        0o640,
        [".tjtools", "names.csv"],
    )


def test_a_disk_that_refuses_is_an_error_that_names_the_file(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(
        TrackingFileError, match=r"names\.csv: can't be written: Is a directory\. Check the path"
    ) as caught:
        write_rows(path, COLUMNS, [("1", "a", "x")])
    assert isinstance(caught.value.__cause__, OSError)
    assert sorted(each.name for each in path.parent.iterdir()) == [".tjtools", "names.csv"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tjtools.workspace.csvfile import append_rows, write_rows
from tjtools.model.errors import TrackingFileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
append_rows(path, ("id", "name"), [("1", "a")])
resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
for write in (append_rows, write_rows):
    try:
        write(path, ("id", "name"), [(str(number), "b") for number in range(100)])
    except TrackingFileError as error:
        print(error.remedy)
"""


def test_a_full_disk_tears_nothing(path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.count("free space") == 2
    assert path.read_text("utf-8") == "id,name\n1,a\n"
    assert sorted(each.name for each in path.parent.iterdir()) == [".tjtools", "names.csv"]


def test_the_lock_lies_with_what_only_programs_read_and_can_be_taken_twice(path: Path) -> None:
    with locked(path), locked(path):
        assert [each.relative_to(path.parent).as_posix() for each in path.parent.rglob("*.lock")] == [
            ".tjtools/locks/names.csv.lock"
        ]


def test_a_file_in_a_folder_of_tracking_has_its_lock_with_the_others(path: Path) -> None:
    log = path.parent / "upload_logs" / "log.csv"
    append_rows(log, COLUMNS, [("1", "a", "x")])
    assert sorted(each.name for each in log.parent.iterdir()) == ["log.csv"]
    assert (path.parent / ".tjtools/locks/log.csv.lock").exists()


def test_a_replacement_that_was_cut_off_doubles_no_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(path, "id,name,note\n1,a,\n")

    def cut_off(old: Path, new: Path) -> Path:
        if new == path:
            raise OSError("the power failed")
        return rename(old, new)

    with monkeypatch.context() as patch:
        rename = Path.rename
        patch.setattr(Path, "replace", cut_off)
        with pytest.raises(TrackingFileError, match="the power failed"):
            replace_file(path, b"id,name,note\n", backup=NOON, seen=read_table(path, COLUMNS).seen)
    append_rows(path, COLUMNS, [("2", "b", "")])
    assert len(read_table(path, COLUMNS).rows) == 2
    table = read_table(path, COLUMNS)
    replace_file(path, b"id,name,note\n9,x,\n", backup=NOON, seen=table.seen)
    assert values(read_table(path, COLUMNS)) == [("9", "x", "")]


def test_backups_and_snapshots_together_stay_within_their_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "ROOM", 100)
    other, snapshots = path.with_name("other.csv"), path.parent / ".tjtools" / "snapshots"
    put(path, "x" * 40)
    put(other, "y" * 40)
    snapshots.mkdir(parents=True, exist_ok=True)
    for second in range(3):
        (snapshots / f"2025111{second}T000000.csv").write_text("z" * 40)
        (snapshots / f"2025111{second}T000000.json").write_text("{}")
    keep(other, NOON - timedelta(days=30))
    kept = [keep(path, NOON + timedelta(seconds=second)) for second in range(3)]
    assert backups_of(path) == kept[2:]
    assert len(backups_of(other)) == 1
    assert sorted(found.name for found in snapshots.iterdir()) == ["20251112T000000.csv", "20251112T000000.json"]


def test_only_the_last_twenty_backups_are_kept(path: Path) -> None:
    put(path, "id,name,note\n")
    kept = [keep(path, NOON + timedelta(seconds=second)) for second in range(23)]
    assert backups_of(path) == kept[3:]


def test_two_backups_in_one_second_are_two_files(path: Path) -> None:
    put(path, "id,name,note\n")
    assert [keep(path, NOON).name for _ in range(2)] == [
        "names.20251113T120000.csv",
        "names.20251113T120000-001.csv",
    ]


def test_a_line_that_is_in_quarantine_already_does_not_come_twice(path: Path) -> None:
    bad = [BadLine(7, "2 fields instead of 3", '1,"a'), BadLine(8, "2 fields instead of 3", "two\r\nlines")]
    quarantine(path, bad)
    quarantine(path, [*bad, BadLine(9, "2 fields instead of 3", '1,"a')])  # as after a crash before the rewrite
    table = read_table(path.with_name("names.quarantine.csv"), ("line", "reason", "text"))
    assert [(row["line"], row["text"]) for row in table.rows] == [("7", '1,"a'), ("8", "two\r\nlines"), ("9", '1,"a')]


def test_what_a_killed_rewrite_left_behind_is_gone_after_the_next(path: Path) -> None:
    killed = "import os, sys, pathlib, tjtools.workspace.disk as c; os.replace = lambda *_: os._exit(9); "
    killed += "c.replace_file(pathlib.Path(sys.argv[1]), b'never')"
    assert subprocess.run([sys.executable, "-c", killed, str(path)], check=False).returncode == 9
    assert (path.exists(), len([*path.parent.glob(".names*")])) == (False, 1)
    replace_file(path, b"whole")
    assert (path.read_bytes(), [*path.parent.glob(".names*")]) == (b"whole", [])


def test_what_a_person_wrote_behind_a_row_that_the_full_disk_cut_off_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(FileIO):
        """Takes half of a row, then a person's line, and is full."""

        def write(self, data: Any) -> int:
            done = super().write(data[: len(data) // 2])
            with path.open("ab") as other:
                other.write(b"\n9,their,line\n")
            monkeypatch.setattr(Full, "write", full)
            return done

    def full(_file: FileIO, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    append_rows(path, COLUMNS, [("1", "a", "")])
    monkeypatch.setattr(disk, "FileIO", Full)
    with pytest.raises(TrackingFileError, match="No space left"):
        append_rows(path, COLUMNS, [("2", "b", "")])
    assert path.read_bytes().endswith(b"\n9,their,line\n")


def test_a_crash_in_the_middle_of_the_first_write_leaves_no_half_of_a_quarantine(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [BadLine(7, "2 fields instead of 3", "1,a")]
    with monkeypatch.context() as crash:

        def half(descriptor: int) -> None:
            os.truncate(descriptor, os.fstat(descriptor).st_size // 2)
            raise KeyboardInterrupt

        crash.setattr(os, "fsync", half)
        with pytest.raises(KeyboardInterrupt):
            quarantine(path, bad)
    quarantine(path, bad)
    assert read_rows(path.with_name("names.quarantine.csv")) == [
        {"line": "7", "reason": "2 fields instead of 3", "text": "1,a"}
    ]


def test_the_quarantine_holds_the_line_its_number_and_the_reason(path: Path) -> None:
    quarantine(path, [BadLine(7, "2 fields instead of 3", '1,"a')])
    assert path.with_name("names.quarantine.csv").read_text("utf-8") == (
        'line,reason,text\n7,2 fields instead of 3,"1,""a"\n'
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_a_spreadsheet_takes_no_exported_text_for_a_formula(text: str) -> None:
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("cell", ["a\rb", "a\nb", "a\r\nb", "a,b", 'a"b'])
def test_an_exported_table_has_each_cell_where_it_was(cell: str) -> None:
    """Also a name with a carriage return in it, which Python 3.11 does not quote by itself."""
    rows = [["name", "why"], [cell, "new"], ["next", cell]]
    assert list(csv.reader(StringIO(spreadsheet(rows), newline=""))) == rows


def test_text_that_is_no_formula_is_exported_as_it_is() -> None:
    assert [neutralise(text) for text in ("", "a=1", "1-2")] == ["", "a=1", "1-2"]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
sharp_texts = st.text(st.sampled_from('ab,;"\r\n \té🎬%='), max_size=12)
rows_of_texts = st.lists(st.tuples(st.sampled_from("123"), texts | sharp_texts, texts | sharp_texts), max_size=8)


@settings(deadline=None, max_examples=200)
@given(rows_of_texts, st.booleans())
def test_whatever_was_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], quote_all: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "tracking" / "written.csv"
    write_rows(path, COLUMNS, rows, quote_all=quote_all)
    append_rows(path, COLUMNS, rows)
    table = read_table(path, COLUMNS)
    assert (values(table), table.bad) == (rows + rows, ())


@settings(deadline=None, max_examples=200)
@given(rows_of_texts, st.sampled_from([",", ";"]), st.sampled_from(["\n", "\r\n"]))
def test_what_another_program_wrote_reads_as_the_csv_module_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str, newline: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "other.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([COLUMNS, *rows])
    table = read_table(path, COLUMNS)
    assert (values(table), table.bad) == (rows, ())


def test_a_short_file_does_not_wait_for_pandas() -> None:
    code = "import sys, tjtools.cache.library; print([m for m in ('pandas', 'filelock', 'numpy') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert run.stdout == "[]\n"
