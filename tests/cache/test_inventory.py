"""The inventories: read into typed records, and the master written without losing anything."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest
from world import NOW, read_rows, write_inventory

from tjtools.cache.inventory import load_session, master_ids, rebuild_cache, record_in_master
from tjtools.cache.library import Library
from tjtools.model.creative import CreativeType, Section, SessionFile
from tjtools.model.errors import WrongHeader
from tjtools.model.names import as_sent
from tjtools.workspace.folder import Workspace

ROW = {"unique_id": "99A0D7C3", "new_filename": "a.mp4", "creative_type": "video", "duration_seconds": "6"}


def test_a_row_becomes_a_session_file(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.session, [ROW | {"width_px": "1280", "height_px": "720", "category": "Sports"}])
    [file] = load_session(bare_workspace).files
    assert file == SessionFile(
        path=bare_workspace.root / "uploaded" / "a.mp4",
        creative_type=CreativeType.VIDEO,
        unique_id="99A0D7C3",
        category="Sports",
        duration=6.0,
        width=1280,
        height=720,
        row=file.row,
    )


@pytest.mark.parametrize(
    ("kind", "folder"),
    [
        ("native_video", "Native/Video"),
        ("native_image", "Native/Image"),
        ("video", ""),
        ("short_video", ""),
        ("image", ""),
        ("video_banner", ""),
    ],
)
def test_where_the_files_lie(bare_workspace: Workspace, kind: str, folder: str) -> None:
    write_inventory(bare_workspace.session, [ROW | {"creative_type": kind}])
    [file] = load_session(bare_workspace).files
    assert file.path == bare_workspace.root / "uploaded" / folder / "a.mp4"


FORMS = (
    "caf\u00e9 1\u212b.mp4",
    "cafe\u0301 1A\u030a.mp4",
    "cafe\u0301 1\u00c5.mp4",
)  # one name: composed, not, in part


@pytest.mark.parametrize("told", FORMS)
@pytest.mark.parametrize("there", FORMS)
def test_a_file_is_found_in_whatever_unicode_form_its_name_is(bare_workspace: Workspace, told: str, there: str) -> None:
    disk = bare_workspace.root / "uploaded"
    (disk / there).touch()
    (disk / "cafe 1A.mp4").touch()
    write_inventory(bare_workspace.session, [ROW | {"new_filename": told}])
    write_inventory(bare_workspace.master, [ROW | {"new_filename": told}])
    [file] = load_session(bare_workspace).files
    assert file.path == disk / there
    record_in_master(bare_workspace, [(file, "111", date(2025, 11, 13))])
    assert [row["tj_creative_id"] for row in read_rows(bare_workspace.master)] == ["111"]
    [(key, creative_id)] = master_ids(bare_workspace).items()
    assert (key, creative_id) == ((Section.IN_STREAM_VIDEO, as_sent(there)), "111")


def test_of_two_files_in_other_unicode_forms_neither_is_taken_for_the_one_asked_for(bare_workspace: Workspace) -> None:
    for form in FORMS[1:]:
        (bare_workspace.root / "uploaded" / form).touch()
    write_inventory(bare_workspace.session, [ROW | {"new_filename": name} for name in FORMS])
    assert [file.path.name for file in load_session(bare_workspace).files] == [*FORMS]


@pytest.mark.parametrize("name", ["cafe\u0301.mp4", "passwd\u00e9"])
def test_another_unicode_form_leads_out_of_the_workspace_no_more_than_the_name_itself(
    bare_workspace: Workspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / "secret").touch()
    (bare_workspace.root / "uploaded" / unicodedata.normalize("NFC", name)).symlink_to(tmp_path / "secret")
    write_inventory(bare_workspace.session, [ROW | {"new_filename": unicodedata.normalize("NFD", name)}])
    assert load_session(bare_workspace).files == ()


@pytest.mark.parametrize("other", ["A.MP4", "A.mp4", "a.Mp4"])
def test_names_that_the_disk_takes_for_one_file_are_for_a_person(bare_workspace: Workspace, other: str) -> None:
    disk = bare_workspace.root / "uploaded"
    (disk / "a.mp4").touch()
    for name in (other, "a.MP4"):
        (disk / name).hardlink_to(disk / "a.mp4")  # as a folder looks that ignores case
    (disk / "b.mp4").touch()
    write_inventory(
        bare_workspace.session, [ROW | {"new_filename": name} for name in ("a.mp4", "b.mp4", other, "a.MP4")]
    )
    session = load_session(bare_workspace)
    assert [file.name for file in session.files] == ["b.mp4"]
    assert [(bad.line, "its file is that of line" in bad.reason) for bad in session.bad_lines] == [
        (2, True),
        (4, True),
        (5, True),
    ]


def test_names_that_differ_in_case_alone_are_two_where_the_disk_tells_them_apart(bare_workspace: Workspace) -> None:
    for name in ("a.mp4", "A.mp4"):
        (bare_workspace.root / "uploaded" / name).touch()
    write_inventory(bare_workspace.session, [ROW | {"new_filename": name} for name in ("a.mp4", "A.mp4", "a.MP4")])
    assert len(load_session(bare_workspace).files) == 3


def test_a_video_in_a_banner_size_is_a_video_banner(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.session, [ROW | {"width_px": "300", "height_px": "250"}])
    assert load_session(bare_workspace).files[0].creative_type is CreativeType.VIDEO_BANNER


def test_no_session_is_an_empty_one(bare_workspace: Workspace) -> None:
    assert load_session(bare_workspace).files == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"new_filename": "../../etc/passwd"}, "is a path, not a file's name"),
        ({"new_filename": "/etc/passwd"}, "is a path, not a file's name"),
        ({"new_filename": "..\\secret.mp4"}, "is a path, not a file's name"),
        ({"new_filename": ".."}, "is a path, not a file's name"),
        ({"new_filename": ""}, "is a path, not a file's name"),
        ({"creative_type": "poster"}, "'poster' is not a creative type"),
        ({"duration_seconds": "long"}, "duration_seconds is 'long'"),
        ({"width_px": "inf"}, "width_px is 'inf'"),
    ],
)
def test_a_line_that_cannot_be_used_is_reported_and_the_rest_loads(
    bare_workspace: Workspace, change: dict[str, str], said: str
) -> None:
    write_inventory(bare_workspace.session, [ROW | change, ROW | {"new_filename": "good.mp4"}])
    session = load_session(bare_workspace)
    assert [file.name for file in session.files] == ["good.mp4"]
    [bad] = session.bad_lines
    assert (bad.line, said in bad.reason) == (2, True)


def test_a_link_out_of_the_workspace_is_refused(bare_workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (bare_workspace.root / "uploaded" / "a.mp4").symlink_to(tmp_path / "secret.mp4")
    write_inventory(bare_workspace.session, [ROW])
    session = load_session(bare_workspace)
    assert (session.files, ["leads out of" in bad.reason for bad in session.bad_lines]) == ((), [True])


def test_a_file_that_is_no_inventory_is_an_error(bare_workspace: Workspace) -> None:
    bare_workspace.session.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(WrongHeader, match=r"creative_inventory_session\.csv:1"):
        load_session(bare_workspace)


def test_ids_are_written_beside_the_files_of_their_name(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.master, [ROW, ROW | {"new_filename": "b.mp4", "notes": "keep, me"}])
    file = SessionFile(bare_workspace.root / "uploaded" / "b.mp4", CreativeType.VIDEO, unique_id="99A0D7C3")
    record_in_master(bare_workspace, [(file, "1032530571", date(2025, 11, 13))])
    assert [(row["new_filename"], row["notes"], row["tj_creative_id"]) for row in read_rows(bare_workspace.master)] == [
        ("a.mp4", "", ""),
        ("b.mp4", "keep, me", "1032530571"),
    ]
    assert master_ids(bare_workspace) == {(Section.IN_STREAM_VIDEO, "b.mp4"): "1032530571"}


def test_two_files_of_one_name_in_two_sections_keep_their_own_ids(bare_workspace: Workspace) -> None:
    native = ROW | {"creative_type": "native_video"}
    write_inventory(bare_workspace.master, [native, ROW])
    files = [SessionFile(Path("a.mp4"), kind) for kind in (CreativeType.NATIVE_VIDEO, CreativeType.VIDEO)]
    record_in_master(bare_workspace, [(files[0], "111", None), (files[1], "222", None)])
    assert [(row["creative_type"], row["tj_creative_id"]) for row in read_rows(bare_workspace.master)] == [
        ("native_video", "111"),
        ("video", "222"),
    ]


@pytest.mark.parametrize(
    ("there", "then"),
    [
        ([("clip", "111")], [("clip", "111"), ("video", "222")]),
        ([("clip", "")], [("clip", "222")]),
        ([("clip", "222")], [("clip", "222")]),
        ([("clip", ""), ("video", "")], [("clip", ""), ("video", "222")]),
    ],
)
def test_a_row_whose_type_is_no_known_word_keeps_its_own_id(
    bare_workspace: Workspace, there: list[tuple[str, str]], then: list[tuple[str, str]]
) -> None:
    rows = [",".join(("1", "a.mp4", kind, creative_id)) for kind, creative_id in there]
    bare_workspace.master.write_text("\n".join(("unique_id,new_filename,creative_type,tj_creative_id", *rows)), "utf-8")
    record_in_master(bare_workspace, [(SessionFile(Path("a.mp4"), CreativeType.VIDEO), "222", None)])
    told = [(row["creative_type"], row["tj_creative_id"]) for row in read_rows(bare_workspace.master)]
    assert told == then


def test_a_known_upload_date_is_not_lost_when_the_id_is_found_again(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.master, [ROW])
    file = SessionFile(Path("a.mp4"), CreativeType.VIDEO)
    record_in_master(bare_workspace, [(file, "111", date(2025, 11, 13))])
    record_in_master(bare_workspace, [(file, "111", None)])
    assert [row["tj_upload_date"] for row in read_rows(bare_workspace.master)] == ["2025-11-13"]


@pytest.mark.parametrize("empty", [b"", b"\n", b"\xff\xfe"])
def test_an_empty_master_gets_all_columns_and_a_rewritten_one_has_a_backup(
    bare_workspace: Workspace, empty: bytes
) -> None:
    bare_workspace.master.write_bytes(empty)
    file = SessionFile(Path("a.mp4"), CreativeType.VIDEO, category="Sports")
    record_in_master(bare_workspace, [(file, "111", None)], backup=NOW)
    assert read_rows(bare_workspace.master)[0]["category"] == "Sports"
    assert len(list((bare_workspace.private / "backups").iterdir())) == 1


def test_a_file_that_the_master_lacks_is_added(bare_workspace: Workspace) -> None:
    file = SessionFile(bare_workspace.root / "uploaded" / "b.mp4", CreativeType.VIDEO, unique_id="1")
    record_in_master(bare_workspace, [(file, "1032530571", None)])
    [row] = read_rows(bare_workspace.master)
    assert (row["new_filename"], row["creative_type"], row["tj_creative_id"], row["tj_upload_date"]) == (
        "b.mp4",
        "video",
        "1032530571",
        "",
    )


def test_a_line_of_the_master_that_cannot_be_read_is_kept_apart_as_it_was(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.master, [ROW])
    with bare_workspace.master.open("a", encoding="utf-8") as file:
        file.write("half,a,line\n")
    record_in_master(
        bare_workspace, [(SessionFile(bare_workspace.root / "uploaded" / "a.mp4", CreativeType.VIDEO), "1", None)]
    )
    assert len(read_rows(bare_workspace.master)) == 1
    kept = (bare_workspace.tracking / "creative_inventory.quarantine.csv").read_text("utf-8")
    assert "half,a,line" in kept


def test_a_rebuilt_library_keeps_every_name_that_the_master_has_beside_one_id(bare_workspace: Workspace) -> None:
    rows = ["1,a.png,image,111,2025-11-13", "2,b.png,image,111,", "3,a.png,image,111,"]
    header = "unique_id,new_filename,creative_type,tj_creative_id,tj_upload_date"
    bare_workspace.master.write_text("\n".join((header, *rows)), "utf-8")
    assert rebuild_cache(bare_workspace, now=NOW).added == 2
    told = [(one.filename, str(one.upload_date)) for one in Library.load(bare_workspace.library).get("111")]
    assert told == [("a.png", "2025-11-13"), ("b.png", "None")]
