"""The command: what it prints, and its exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from world import NOW, Truth, banner, go, read_rows, session, tjtools, write_inventory

from tjtools.cache.inventory import load_session, record_in_master
from tjtools.model.creative import CreativeType, Section, SessionFile
from tjtools.practice import samples
from tjtools.upload import UploadReport, save_choice
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace

LIBRARY = """\
creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status
1032530571,VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4,2025-11-13,640x360,mp4,native_video,approved
1032530581,banner 3 final,,300x250,png,Static Banner,pending
"""


@pytest.fixture
def shop(bare_workspace: Workspace) -> Path:
    bare_workspace.library.write_text(LIBRARY, "utf-8")
    return bare_workspace.root


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["new.mp4"], 0, "not there      new.mp4"),
        (
            ["VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4"],
            1,
            "already there  VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4 → 1032530571",
        ),
        (["banner 3 final.png"], 1, "Static Banner, pending, day unknown"),
        (["1032530581"], 1, "already there  1032530581 → 1032530581 (banner 3 final;"),
        (["banner 3 final.png", "--type", "native_image"], 0, "in another section: 1032530581"),
        (["new.mp4", "banner 3 final.png"], 1, "not there      new.mp4"),
        ([], 2, ""),
        (["x", "--type", "poster"], 2, ""),
    ],
)
def test_check_answers_offline(shop: Path, arguments: list[str], code: int, said: str) -> None:
    done = tjtools("check", *arguments, cwd=shop)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


def test_check_answers_unclear_where_a_bad_line_mentions_the_name(shop: Path) -> None:
    with (shop / "tracking" / "TJ_Creative_Library.csv").open("a", encoding="utf-8") as file:
        file.write("1.03E+09,torn.mp4,,,,,\n")
    done = tjtools("check", "torn.mp4", cwd=shop)
    assert (done.returncode, "line 4 mentions it" in done.stdout) == (2, True)
    assert tjtools("check", "new.mp4", cwd=shop).returncode == 0


def test_check_shows_what_may_be_the_file_and_add_settles_it(shop: Path) -> None:
    tjtools("add", "1032530591", "promo.mp4", "--type", "native_video", "--status", "approved", cwd=shop)
    done = tjtools("check", "promo.mp4.mp4", "--type", "native_video", cwd=shop)
    assert (done.returncode, done.stdout) == (
        2,
        "unclear        promo.mp4.mp4: 1032530591 (promo.mp4; Native Rollover, approved, day unknown) is this file,"
        " or another one of that name\n",
    )
    [told] = json.loads(tjtools("check", "promo.mp4.mp4", "--json", cwd=shop).stdout)
    assert (told["there"], [one["creative_id"] for one in told["unclear"]]) == (False, ["1032530591"])
    assert tjtools("check", "promo.mp4.mp4", "--csv", cwd=shop).stdout.splitlines()[1:] == [
        "promo.mp4.mp4,unclear,1032530591,promo.mp4,,,mp4,native_video,approved"
    ]
    done = tjtools("add", "1032530591", "promo.mp4.mp4", cwd=shop)
    assert (done.returncode, done.stdout) == (0, "1032530591 has its full name now: promo.mp4.mp4\n")
    done = tjtools("check", "promo.mp4.mp4", "--type", "native_video", cwd=shop)
    assert (done.returncode, "Native Rollover, approved" in done.stdout) == (1, True)
    assert tjtools("check", "promo.mp4", cwd=shop).returncode == 0


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("1032530572", ["1032530571"]),  # another digit
        ("1032350581", ["1032530581"]),  # two that changed places
        ("103253058", ["1032530581"]),  # one too few
        ("banner 4 final", ["1032530581"]),
        ("Banner_3_finl.png", ["1032530581"]),
        ("ads/vid_en_sports_4sec_id-99A0D7C8-vid.mov", ["1032530571"]),
        ("3_Final", ["1032530581"]),  # a part of its name
        ("banner 34 finale", []),
        ("1032530", []),
        ("file:///ads/banner%004%20final", ["1032530581"]),  # no name has a NUL
    ],
)
def test_check_says_what_may_have_been_meant_by_what_is_not_there(shop: Path, asked: str, meant: list[str]) -> None:
    done = tjtools("check", asked, cwd=shop)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"not there      {asked}")
    assert re.findall(r"did you mean (\d+) \(.+\)\?", done.stdout) == meant
    [told] = json.loads(tjtools("check", asked, "--json", cwd=shop).stdout)
    assert [one["creative_id"] for one in told["near"]] == meant


def test_check_names_few_of_many_that_may_have_been_meant_and_none_for_a_long_list(shop: Path) -> None:
    with (shop / "tracking" / "TJ_Creative_Library.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"10325306{number:02},teaser {number},,,,image,pending\n" for number in range(30))
    done = tjtools("check", "teaser", cwd=shop)
    assert (done.stdout.count("did you mean"), "or one of 25 more" in done.stdout) == (5, True)
    [told] = json.loads(tjtools("check", "teaser", "--json", cwd=shop).stdout)
    assert (len(told["near"]), told["near_more"]) == (25, 5)
    (shop / "list.txt").write_text("".join(f"teaser {number}{number}\n" for number in range(30)), "utf-8")
    assert "did you mean" not in tjtools("check", "--from", "list.txt", cwd=shop).stdout


def test_what_was_added_is_said_although_the_history_can_not_be_written(shop: Path) -> None:
    (shop / "tracking" / "TJ_Review_History.csv").write_bytes(b"\0\1\2")
    done = tjtools("add", "1032530591", "promo.mp4", "--type", "video", cwd=shop)
    assert done.returncode == 2
    assert (
        "Added to TJ_Creative_Library.csv: promo.mp4 → 1032530591. That it was seen could not be noted" in done.stderr
    )
    assert tjtools("check", "promo.mp4", cwd=shop).returncode == 1


def test_check_tells_what_was_made_of_a_delivered_file(shop: Path) -> None:
    rows = "original_filename,new_filename,tj_creative_id\nsummer 1.png,old.png,1032530581\n"
    (shop / "tracking" / "creative_inventory.csv").write_text(rows, "utf-8")
    done = tjtools("check", "summer 1.png", cwd=shop)
    first, second = done.stdout.splitlines()
    assert (done.returncode, first) == (0, "not there      summer 1.png")
    assert second.startswith("               made of a file of that name: 1032530581 (")
    [told] = json.loads(tjtools("check", "summer 1.png", "--json", cwd=shop).stdout)
    assert [one["creative_id"] for one in told["made_of_it"]] == ["1032530581"]


def test_check_takes_a_pasted_list_and_answers_as_json_and_as_a_safe_csv(shop: Path) -> None:
    (shop / "list.txt").write_text("\ufeffbanner 3 final.png\n\n=cmd.mp4\n", "utf-8")
    [there, missing] = json.loads(tjtools("check", "--from", "list.txt", "--json", cwd=shop).stdout)
    assert (there["there"], there["creatives"][0]["creative_id"]) == (True, "1032530581")
    assert (missing["asked"], missing["there"]) == ("=cmd.mp4", False)
    lines = tjtools("check", "--from", "list.txt", "--csv", cwd=shop).stdout.splitlines()
    assert lines[1:] == [
        "banner 3 final.png,already there,1032530581,banner 3 final,,300x250,png,image,pending",
        "'=cmd.mp4,not there,,,,,,,",
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "cp1252", "utf-8 and cp1252", "NFD", "CR"]
)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_check_reads_a_list_in_whatever_encoding_a_tracking_file_may_have(
    shop: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, way: str
) -> None:
    with (shop / "tracking" / "TJ_Creative_Library.csv").open("a", encoding="utf-8") as file:
        file.write("1032530591,Café “Ana”.png,,300x250,png,image,approved\n")
    text = "Café “Ana”.png\r\n\r\n1032530581\r\nnew.png\r\n"
    data = {
        "utf-16-be-bom": b"\xfe\xff" + text.encode("utf-16-be"),
        "utf-8 and cp1252": f"{text}caf€.png\r\n".encode() + "Café “Ana”.png".encode("cp1252"),
        "NFD": unicodedata.normalize("NFD", text).encode(),
        "CR": text.replace("\r\n", "\r").encode(),
    }.get(encoding) or text.encode(encoding)
    (shop / "list.txt").write_bytes(data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
    done = tjtools("check", "--from", "list.txt" if way == "file" else "-", "--json", cwd=shop)
    told = [[one["creative_id"] for one in each["creatives"]] for each in json.loads(done.stdout)]
    assert (done.returncode, told[:3]) == (1, [["1032530591"], ["1032530581"], []]), done.stderr
    assert told[3:] == ([[], ["1032530591"]] if encoding == "utf-8 and cp1252" else [])


@pytest.mark.parametrize(
    "data",
    [
        "new.png\n".encode("utf-16-le"),
        "new.png\n".encode("utf-16")[:-1],
        "new.png\n".encode("utf-32"),
        b"new.png\n" + "new.png\n".encode("utf-16-le"),
        "für.png\n".encode("cp850"),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    ],
)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_a_list_that_can_not_be_read_is_an_error_that_names_it(
    shop: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, way: str
) -> None:
    (shop / "list.txt").write_bytes(data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
    done = tjtools("check", "--from", "list.txt" if way == "file" else "-", cwd=shop)
    assert (done.returncode, done.stdout) == (2, "")
    assert ("list.txt: " if way == "file" else "standard input: ") in done.stderr
    assert "Save it as UTF-8" in done.stderr


@pytest.mark.parametrize("name", [".", "none.txt", "tracking", "x" * 300])
def test_a_list_that_is_not_there_is_named(shop: Path, name: str) -> None:
    done = tjtools("check", "--from", name, cwd=shop)
    assert (done.returncode, name in done.stderr) == (2, True)


@pytest.mark.parametrize("asked", ["1.03E+09", "1,03E+09", "1.03e+09", '"1.03E+09"', "103E+7", "1,234,567,890,123,456"])
def test_an_id_that_lost_digits_is_unclear_and_never_not_there(shop: Path, asked: str) -> None:
    done = tjtools("check", asked, cwd=shop)
    assert (done.returncode, "look the ID up on the site" in done.stdout) == (2, True)
    [told] = json.loads(tjtools("check", asked, "--json", cwd=shop).stdout)
    assert (told["there"], "lost" in told["doubt"]) == (False, True)
    [answer] = csv.DictReader(tjtools("check", asked, "--csv", cwd=shop).stdout.splitlines())
    assert answer["answer"] == f"unclear: {told['doubt']}"
    assert tjtools("check", f"{asked}.mp4", cwd=shop).returncode == 0


def test_a_name_of_the_shell_in_another_encoding_is_read_and_a_lost_letter_is_said(shop: Path) -> None:
    with (shop / "tracking" / "TJ_Creative_Library.csv").open("a", encoding="utf-8") as file:
        file.write("1032530591,café.png,,300x250,png,image,approved\n")
    done = tjtools("check", os.fsdecode(b"caf\xe9.png"), cwd=shop)
    assert (done.returncode, "1032530591" in done.stdout) == (1, True)
    done = tjtools("check", "caf\ufffd.png", cwd=shop)
    assert (done.returncode, "copy the name once more" in done.stdout) == (2, True)


def test_check_loads_neither_pandas_nor_playwright_nor_typer(shop: Path) -> None:
    code = """
import sys
import unicodedata
from tjtools.cli import main
sys.argv = ["tjtools", "check", "x"]
try:
    main()
except SystemExit:
    heavy = ("pandas", "playwright", "typer", "rich", "pydantic", "filelock")
    print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_library_with_a_wrong_header_names_the_command_that_mends_it(shop: Path) -> None:
    (shop / "tracking" / "TJ_Creative_Library.csv").write_text("a,b\n", "utf-8")
    done = tjtools("check", "x.mp4", cwd=shop)
    assert (done.returncode, "rebuild-cache" in done.stderr) == (2, True)


def test_add_appends_once_and_keeps_the_id_as_text(shop: Path) -> None:
    first = tjtools("add", "0032530591", "new.mp4", "--type", "video", "--today", cwd=shop)
    assert (first.returncode, first.stdout) == (0, "Added to TJ_Creative_Library.csv: new.mp4 → 0032530591\n")
    again = tjtools("add", "0032530591", "new.mp4", cwd=shop)
    assert (again.returncode, "nothing was added" in again.stdout) == (1, True)
    rows = read_rows(shop / "tracking" / "TJ_Creative_Library.csv")
    assert [row["creative_id"] for row in rows] == ["1032530571", "1032530581", "0032530591"]
    assert rows[2]["review_status"] == "pending"
    assert tjtools("add", "1.03E+09", "x.mp4", cwd=shop).returncode == 2


def test_add_gives_no_file_the_id_that_another_got_by_an_upload(shop: Path) -> None:
    """Of a name that is unclear: who takes the first of the two ways without a look at the site."""
    tjtools("add", "1032530591", "promo.mp4", "--type", "video", cwd=shop)
    row = {"new_filename": "promo.mp4", "creative_type": "video", "unique_id": "1"}
    write_inventory(shop / "tracking/creative_inventory.csv", [row])
    record_in_master(Workspace(shop), [(SessionFile(shop / "promo.mp4", CreativeType.VIDEO), "1032530591", None)])
    before = (shop / "tracking/TJ_Creative_Library.csv").read_bytes()
    done = tjtools("add", "1032530591", "promo.mp4.mp4", cwd=shop)
    assert (done.returncode, (shop / "tracking/TJ_Creative_Library.csv").read_bytes()) == (2, before)
    assert "1032530591 is promo.mp4 by creative_inventory.csv, not promo.mp4.mp4" in " ".join(done.stderr.split())
    for name in ("promo.mp4", "promo"):  # the site shows it without
        assert tjtools("add", "1032530591", name, cwd=shop).returncode == 1


def test_add_asks_whether_an_id_of_which_digits_may_be_missing_is_whole(shop: Path) -> None:
    """A wrong ID makes a file pass for one that is there, and stands in campaign files."""
    before = (shop / "tracking/TJ_Creative_Library.csv").read_bytes()
    done = tjtools("add", "103253059", "new.png", "--type", "image", cwd=shop)
    assert (done.returncode, (shop / "tracking/TJ_Creative_Library.csv").read_bytes()) == (2, before)
    assert "103253059 has 9 digits, the library's IDs have 10" in " ".join(done.stderr.split())


@pytest.mark.parametrize("name", ["https://host/landing/page", 'say "hi".mp4', "a: b.mp4"])
def test_add_takes_any_name_that_a_creative_may_have(shop: Path, name: str) -> None:
    assert tjtools("add", "1032530591", name, cwd=shop).returncode == 0
    assert tjtools("check", name, cwd=shop).returncode == 1


@pytest.mark.parametrize("name", ["ads/b.mp4", r"C:\ads\b.mp4", '"b.mp4"', "file:///ads/b.mp4"])
def test_add_refuses_a_path_and_tells_the_name(shop: Path, name: str) -> None:
    done = tjtools("add", "1032530591", name, cwd=shop)
    assert (done.returncode, "'b.mp4'" in done.stderr) == (2, True), done.stderr


def test_rebuild_cache_keeps_what_can_be_read_and_adds_what_the_master_knows(shop: Path) -> None:
    columns = "unique_id,new_filename,creative_type,width_px,height_px,tj_creative_id,tj_upload_date"
    (shop / "tracking" / "creative_inventory.csv").write_text(
        f"{columns}\n1,m.mp4,short_video,360,640,1032530601,2025-11-12\n"
        "2,VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4,native_video,640,360,1032530571,2025-11-13\n"
        "3,none.mp4,video,,,,\n4,bad.mp4,video,,,1.03E+09,\n",
        "utf-8",
    )
    done = tjtools("rebuild-cache", "--json", cwd=shop)
    told = json.loads(done.stdout)
    assert (done.returncode, told["kept"], told["added"], told["bad_lines"][0]["line"]) == (1, 2, 1, 5)
    assert [tuple(row.values()) for row in read_rows(shop / "tracking" / "TJ_Creative_Library.csv")] == [
        (
            "1032530571",
            "VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4",
            "2025-11-13",
            "640x360",
            "mp4",
            "native_video",
            "approved",
        ),
        ("1032530581", "banner 3 final", "", "300x250", "png", "image", "pending"),
        ("1032530601", "m.mp4", "2025-11-12", "360x640", "mp4", "video", "pending"),
    ]
    assert len(list((shop / "tracking" / ".tjtools" / "backups").iterdir())) == 1


def test_rebuild_cache_sets_an_unreadable_cache_aside(shop: Path) -> None:
    (shop / "tracking" / "TJ_Creative_Library.csv").write_bytes(b"\0\1\2binary")
    (shop / "tracking" / "creative_inventory.csv").write_text(
        "unique_id,new_filename,creative_type,tj_creative_id\n1,m.mp4,video,1032530601\n", "utf-8"
    )
    told = json.loads(tjtools("rebuild-cache", "--json", cwd=shop).stdout)
    assert (told["kept"], told["added"]) == (0, 1)
    assert Path(told["set_aside"]).read_bytes() == b"\0\1\2binary"


def test_init_makes_a_workspace_and_keeps_it_with_its_site(tmp_path: Path) -> None:
    assert tjtools("init", "shop", cwd=tmp_path).returncode == 0
    found = sorted(path.name for path in (tmp_path / "shop").iterdir())
    assert found == ["notebooks", "tjtools.toml", "tracking", "uploaded"]
    assert tjtools("init", "shop", cwd=tmp_path).returncode == 0
    other = tjtools("init", "shop", "--site", "live", cwd=tmp_path)
    assert (other.returncode, "belongs to http://127.0.0.1:8642" in other.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--from", "nope.txt"], "nope.txt: can't be read: No such file or directory. Check the path."),
        (["check", "--from", "."], "Is a directory"),
        (["check", "x", "--type", "poster"], "'poster' is not a creative type; native_video, native_image, video"),
        (["init", "list.txt"], "list.txt"),
        (["sandbox", "--port", "99999"], "'--port': the most is 65535"),
        (["sync-status", "--every", "0"], "'--every': the least is 1"),
        (["sandbox", "--data", "list.txt"], "is a file"),
        (["demo", "--dir", "list.txt"], "list.txt"),
        (["init", "."], "say with --site"),
        (["add", "1032530591", "uploaded/b.png"], "is a path"),
        (["add", "1032530591", "b.png", "--status", "removed"], "not one of 'pending'"),
        (
            ["review", "--csv", "no/such/folder.csv"],
            "no/such/folder.csv: can't be written: No such file or directory. Check the path.",
        ),
        (["campaign", "--section", "Natve"], "'Natve' is no section that makes ads; Native Rollover, In-Stream Video"),
        (["campaign", "--since", "yesterday"], "'--since': 'yesterday' is no day like 2026-11-29"),
        (["init", "x", "--site", "lve"], "'--site': 'lve' is not one of 'sandbox', 'live'"),
        (["lab", "--port", "abc"], "'--port': it takes a whole number"),
        (["upload", "--file", "gone.png"], "gone.png"),
        (["upload", "--type", "image"], "--type says what a named file is"),
        (["review", "--type", "image"], "--type says what a named file is"),
    ],
)
def test_bad_input_is_named_without_a_traceback(shop: Path, arguments: list[str], said: str) -> None:
    (shop / "list.txt").write_text("x", "utf-8")
    done = tjtools(*arguments, cwd=shop)
    assert (done.returncode, said in done.stderr.replace("\n", " "), "Traceback" in done.stderr) == (2, True, False), (
        done.stderr
    )


def test_a_port_that_is_taken_is_an_error_and_no_answer(shop: Path, truth: Truth) -> None:
    done = tjtools("sandbox", "--json", "--port", truth.origin.rpartition(":")[2], cwd=shop)
    assert (done.returncode, done.stdout, "Give another --port" in done.stderr) == (2, "", True)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"TJTOOLS_UPLOAD={bad\n"])
def test_a_broken_dotenv_is_named_without_a_traceback(shop: Path, text: bytes) -> None:
    (shop / ".env").write_bytes(text)
    done = tjtools("status", cwd=shop)
    assert (done.returncode, ".env" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_a_removed_creative_is_not_there_by_its_id_either(shop: Path) -> None:
    with (shop / "tracking" / "TJ_Creative_Library.csv").open("a", encoding="utf-8") as file:
        file.write("1032530999,old.png,,,,image,removed\n")
    done = tjtools("check", "1032530999", cwd=shop)
    assert (done.returncode, "gone from the site: 1032530999" in done.stdout) == (0, True)


def test_a_path_stands_for_its_files_name(shop: Path) -> None:
    assert tjtools("check", "uploaded/banner 3 final.png", cwd=shop).returncode == 1


def test_rebuild_cache_never_makes_an_empty_library_of_an_unreadable_one(shop: Path) -> None:
    (shop / "tracking" / "TJ_Creative_Library.csv").write_text("a,b\n1,2\n", "utf-8")
    done = tjtools("rebuild-cache", cwd=shop)
    assert (done.returncode, "no Creative IDs to rebuild" in done.stderr) == (2, True)
    assert (shop / "tracking" / "TJ_Creative_Library.csv").read_text("utf-8") == "a,b\n1,2\n"


def test_init_adopts_an_existing_folder_with_all_its_files(shop: Path) -> None:
    assert tjtools("check", "new.mp4", cwd=shop).returncode == 0
    assert tjtools("init", ".", "--site", "live", "--account", "ana", cwd=shop).returncode == 0
    assert (shop / "tracking" / "TJ_Creative_Library.csv").read_text("utf-8") == LIBRARY


def test_a_live_upload_from_a_folder_without_a_site_is_refused(shop: Path) -> None:
    samples.write_image(shop / "uploaded" / "b.png", width=300, height=250, title="x")
    write_inventory(
        shop / "tracking" / "creative_inventory_session.csv", [{"new_filename": "b.png", "creative_type": "image"}]
    )
    done = tjtools("upload", "--live", cwd=shop)
    assert (done.returncode, "tjtools init" in done.stderr) == (2, True)


def test_upload_takes_the_saved_plan_and_says_so(shop: Path) -> None:
    tjtools("init", ".", "--site", "sandbox", "--origin", "http://127.0.0.1:9", cwd=shop)
    rows = [{"new_filename": f"{name}.png", "creative_type": "image"} for name in ("late", "left")]
    write_inventory(shop / "tracking" / "creative_inventory_session.csv", rows)
    for seed, name in enumerate(("late", "left")):
        samples.write_image(shop / "uploaded" / f"{name}.png", width=300, height=250, title=name, seed=seed)
    save_choice(Workspace(shop), [], left_out=[(Section.STATIC_BANNER, "left.png")], now=NOW)
    done = tjtools("upload", "--json", cwd=shop)
    assert "Taking the plan that was saved on 2025-11-13 12:00" in done.stderr
    assert "1 file came after the plan, which says nothing of it: choose in notebook 01" in done.stderr
    assert [(one["file_name"], one["status"], one["message"]) for one in json.loads(done.stdout)["files"]] == [
        ("left.png", "skipped", "not chosen in the saved plan"),
        ("late.png", "skipped", "new since the saved plan"),
    ]
    assert done.returncode == 1
    assert tjtools("upload", "--session", cwd=shop).returncode == 2  # it wants the site, for the file
    left = (Section.STATIC_BANNER, "left.png")
    save_choice(Workspace(shop), [left], contents={left: "0" * 64}, now=NOW)
    assert "Exchanged since then: left.png" in tjtools("upload", cwd=shop).stderr


def test_a_session_that_is_fully_known_ends_well_with_the_site_down(shop: Path) -> None:
    tjtools("init", ".", "--site", "sandbox", "--origin", "http://127.0.0.1:9", cwd=shop)
    rows = [{"new_filename": "VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4", "creative_type": "native_video"}]
    write_inventory(shop / "tracking" / "creative_inventory_session.csv", rows)
    done = tjtools("upload", "--session", "--live", cwd=shop)
    assert done.returncode == 0, done.stderr
    for line in (
        "✓ Loaded 2 Creative IDs from TJ Library cache",
        "Loading files from session CSV...",
        "Looked at 1 file",
        "=" * 60,
        "BATCH 1: NATIVE_VIDEO (1/1 file)",
        "Skipping VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4: Already exists on TJ (ID: 1032530571 from cache)",
        "No files to upload in this batch (all skipped)",
        "[NO UPLOADS ATTEMPTED - ALL DUPLICATES DETECTED INSTANTLY]",
        "Total: 0 uploaded, 1 skipped",
    ):
        assert f"] {line}\n" in done.stderr


def test_review_says_why_and_writes_a_safe_csv(shop: Path) -> None:
    samples.write_image(shop / "uploaded" / "=1.png", width=300, height=250, title="x")
    rows = [{"new_filename": name, "creative_type": "image"} for name in ("=1.png", "gone.png")]
    write_inventory(shop / "tracking" / "creative_inventory_session.csv", rows)
    done = tjtools("review", "--json", "--csv", "out.csv", cwd=shop)
    told = {one["file_name"]: one["verdict"] for one in json.loads(done.stdout)["files"]}
    assert (done.returncode, told) == (1, {"=1.png": "new", "gone.png": "missing"})
    assert (shop / "out.csv").read_text("utf-8-sig").splitlines()[1].startswith("new,'=1.png,image")


@pytest.mark.parametrize(
    ("command", "option"), [("review", "--csv"), ("duplicates", "--html"), ("report", "--out"), ("diff", "--csv")]
)
def test_a_file_is_written_over_only_where_it_is_an_earlier_one_of_its_kind(
    shop: Path, command: str, option: str
) -> None:
    """Who takes `--csv` for a word alone, as `check` has it, names their own file behind it."""
    samples.write_image(shop / "uploaded" / "b.png", width=300, height=250, title="x")
    (shop / "later.csv").write_text(LIBRARY.replace("pending", "approved"), "utf-8")
    (shop / "mine.html").write_text("<!doctype html>\n<p>Mine</p>\n", "utf-8")
    both = ["tracking/TJ_Creative_Library.csv", "later.csv"] if command == "diff" else []
    for place in ("uploaded/b.png", "tracking/TJ_Creative_Library.csv", "mine.html"):
        before = (shop / place).read_bytes()
        done = tjtools(command, *both, option, place, cwd=shop)
        assert (done.returncode, (shop / place).read_bytes() == before) == (2, True), done.stderr
        assert "Name another file" in done.stderr
    for _ in range(2):
        assert tjtools(command, *both, option, "new", cwd=shop).returncode < 2
    assert (shop / "new").stat().st_size


def test_a_table_to_which_a_person_has_added_a_column_is_not_written_over(shop: Path) -> None:
    """Their notes on a review, saved by the spreadsheet in which they were written; with CRLF, as earlier ones have."""
    assert tjtools("review", "--csv", "out.csv", cwd=shop).returncode < 2
    first, *lines = (shop / "out.csv").read_text("utf-8-sig").splitlines()
    mine = "\r\n".join((f"{first},my notes", *(f"{line},why?" for line in lines), ""))
    (shop / "out.csv").write_text(mine, "utf-8-sig", newline="")
    assert tjtools("review", "--csv", "out.csv", cwd=shop).returncode == 2
    assert (shop / "out.csv").read_text("utf-8-sig").startswith(f"{first},my notes")
    (shop / "out.csv").write_text(f"{first}\r\n", "utf-8-sig", newline="")
    assert tjtools("review", "--csv", "out.csv", cwd=shop).returncode < 2


def test_upload_live_against_the_sandbox(workspace: Workspace, truth: Truth, real_site: None) -> None:
    path = workspace.root / "b.png"
    samples.write_image(path, width=300, height=250, title="x")
    done = tjtools("upload", "--file", str(path), "--live", "--json", cwd=workspace.root)
    told = json.loads(done.stdout)
    assert (done.returncode, told["files"][0]["creative_id"]) == (0, truth.named("b")[0])
    assert "✓ Batch upload successful! 1 Creative ID extracted" in done.stderr
    assert "[CACHE UPDATED: 1 new ID added to TJ_Creative_Library.csv]" in done.stderr


@pytest.mark.parametrize("fault", [(), ("page-expired-late",), ("page-expired-missed",), ("page-expired-form",)])
def test_an_expired_session_has_an_exit_code_of_its_own(
    workspace: Workspace, truth: Truth, real_site: None, fault: tuple[str, ...]
) -> None:
    truth.settings(fault_s=0.5)
    truth.faults(*fault)
    path = workspace.root / "b.png"
    samples.write_image(path, width=300, height=250, title="x")
    truth.ask("sessions", "DELETE")
    done = tjtools("upload", "--file", str(path), "--live", cwd=workspace.root)
    assert (done.returncode, "tjtools login" in done.stderr) == (3, True)


def test_ctrl_c_stops_in_good_order(workspace: Workspace, truth: Truth, chromium: str) -> None:
    path = workspace.root / "b.png"
    samples.write_image(path, width=300, height=250, title="x")
    truth.settings(processing_s=60)
    command = [sys.executable, "-m", "tjtools", "upload", "--file", str(path), "--live"]
    with subprocess.Popen(command, cwd=workspace.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if "Processing upload..." in line:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, "".join(said)
    status_files = list(workspace.upload_logs.glob("upload_status_*.csv"))
    assert len(status_files) == 1, "".join(said)
    assert [row["status"] for row in read_rows(status_files[0])] == ["unknown_id"]


def test_ctrl_c_in_a_long_wait_means_not_to_wait_and_the_run_goes_on(
    workspace: Workspace, truth: Truth, chromium: str
) -> None:
    """A run was cut off, and the site never shows its file: that is five minutes, or one Ctrl-C."""
    for seed, name in enumerate("ab"):
        samples.write_image(workspace.root / "uploaded" / f"{name}.png", width=300, height=250, title="x", seed=seed)
    write_inventory(workspace.session, [{"new_filename": f"{name}.png", "creative_type": "image"} for name in "ab"])
    files, journal = load_session(workspace).files, Journal(workspace.log)
    of_run = {"run": "20251113_120000", "now": datetime.now(UTC)}
    journal.begun(files, **of_run)
    journal.handed_over(files[:1], section=files[0].section, newest=max(truth.creatives()), **of_run)
    command = [sys.executable, "-m", "tjtools", "upload", "--resume"]
    with subprocess.Popen(command, cwd=workspace.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if "Waiting for the site: 1 file, at most " in line:
                process.send_signal(signal.SIGINT)
    told = "".join(said)
    assert (process.returncode, "(Ctrl-C: don't wait)" in told, "Not waiting: " in told) == (1, True, True), told
    assert truth.received() == ["b.png"]
    assert journal.unfinished().told == "1 confirmed, 1 under way, 0 not begun"


def test_a_run_that_was_killed_is_told_and_gone_on_with(workspace: Workspace, truth: Truth, chromium: str) -> None:
    times = {"TJTOOLS_UPLOAD__PROCESSING_TIMEOUT": "8", "TJTOOLS_UPLOAD__CARD_TIMEOUT": "2"}
    names = [f"{name}.png" for name in "abc"]
    for seed, name in enumerate(names):
        samples.write_image(workspace.root / "uploaded" / name, width=300, height=250, title="x", seed=seed)
    write_inventory(workspace.session, [{"new_filename": name, "creative_type": "image"} for name in names])
    truth.settings(processing_s=2)
    command = [sys.executable, "-m", "tjtools", "upload", "--session", "--live"]
    environment = os.environ | {"TJTOOLS_UPLOAD__BATCH_SIZE": "1"}
    with subprocess.Popen(command, cwd=workspace.root, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        begun = 0
        for line in process.stderr:
            begun += "Processing upload..." in line
            if begun == 2:
                break
        process.kill()
    told = "1 confirmed, 1 under way, 1 not begun"
    assert f"was not finished: {told}" in tjtools("upload", "--session", cwd=workspace.root).stderr
    write_inventory(workspace.session, [{"new_filename": name, "creative_type": "image"} for name in names[:2]])
    done = tjtools("upload", "--resume", cwd=workspace.root, **times)
    assert (done.returncode, told in done.stderr) == (0, True), done.stderr
    assert "No longer in the session, so it is not uploaded: c.png" in done.stderr
    assert "1 not in this run" in done.stdout
    ids = {row["filename"]: row["creative_id"] for row in read_rows(workspace.library)}
    assert [ids] == [{name: truth.named(name[0])[0] for name in names[:2]}]
    assert truth.received().count("a.png") == 1
    [path] = [path for path in workspace.upload_logs.glob("*.csv") if "success" in path.read_text("utf-8")]
    assert {row["file_name"] for row in read_rows(path) if row["status"] == "success"} == set(names[:2])
    done = tjtools("upload", "--resume", cwd=workspace.root)
    assert (done.returncode, "none to go on with" in done.stderr) == (2, True)
    assert tjtools("upload", "--resume", "--force", cwd=workspace.root).returncode == 2


def test_another_terminal_sees_the_upload_that_runs_and_stops_it(
    workspace: Workspace, truth: Truth, fake_site: None
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("ab")])
    truth.settings(processing_s=60)
    reports: list[UploadReport] = []
    processing = threading.Event()
    run = threading.Thread(target=lambda: reports.append(go(workspace, progress=lambda _: processing.set())))
    run.start()
    assert processing.wait(30)
    told = json.loads(tjtools("status", "--json", cwd=workspace.root).stdout)["upload"]
    assert told == "runs: 0 of 2 files (tjtools upload --stop ends it)"
    assert "--resume" not in tjtools("status", cwd=workspace.root).stdout
    refused = tjtools("upload", "--live", cwd=workspace.root)
    assert (refused.returncode, "tjtools upload --stop" in refused.stderr) == (2, True)
    stopped = tjtools("upload", "--stop", cwd=workspace.root)
    assert (stopped.returncode, stopped.stdout) == (
        0,
        "Stopped: 0 confirmed, 2 under way, 0 not begun. To go on: tjtools upload --resume\n",
    )
    run.join()
    assert str(reports[0].stopped) == "Stopped from another window."
    again = tjtools("upload", "--stop", cwd=workspace.root)
    assert (again.returncode, "No upload runs here" in again.stderr) == (2, True)


def test_status_and_doctor_say_what_waits(
    shop: Path, chromium: str, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    status = tjtools("status", cwd=shop)
    assert (status.returncode, "tjtools init" in status.stdout) == (1, True)
    tjtools("init", ".", "--site", "sandbox", "--origin", truth.origin, cwd=shop)
    told = json.loads(tjtools("status", "--json", cwd=shop).stdout)
    assert (told["site"], told["library"], told["review"]) == ("sandbox", 2, "1 approved, 1 pending")
    assert (told["merged_rows"], "merged" in tjtools("doctor", cwd=shop).stdout) == (0, False)
    findings = {one["what"]: one for one in json.loads(tjtools("doctor", "--json", cwd=shop).stdout)}
    assert {what: one["well"] for what, one in findings.items()} == dict.fromkeys(
        (
            *("browser", "workspace", "settings", "selectors", "limits", "library", "session", "master"),
            *("history", "log", "fingerprints", "preparations", "decisions", "browser session", "locks"),
        ),
        True,
    )
    (shop / "tracking" / ".tjtools").mkdir(exist_ok=True)
    (shop / "tracking" / ".tjtools" / "browser_session.json").write_text("{}", "utf-8")
    (shop / "tracking" / ".tjtools" / "browser_session.json").chmod(0o644)
    with (shop / "tracking" / "TJ_Creative_Library.csv").open("a") as library:
        library.write("1032530581,banner 3 final.png,,,,,\n" * 2)
    assert json.loads(tjtools("status", "--json", cwd=shop).stdout)["merged_rows"] == 2
    done = tjtools("doctor", cwd=shop)
    assert (done.returncode, "chmod 600" in done.stdout) == (1, True)
    assert "rows: 2 merged with others of their ID" in done.stdout


def test_status_and_doctor_say_that_the_sandbox_does_not_run_and_how_it_is_started(shop: Path, chromium: str) -> None:
    tjtools("init", ".", "--site", "sandbox", "--origin", "http://127.0.0.1:9", cwd=shop)
    start = f"tjtools sandbox --port 9 --data {shop / 'sandbox'}"
    status = tjtools("status", cwd=shop)
    assert (status.returncode, f"Next: Start the sandbox, in another window → {start}\n" in status.stdout) == (0, True)
    assert json.loads(tjtools("status", "--json", cwd=shop).stdout)["sandbox"] == "does not run"
    doctor = tjtools("doctor", cwd=shop)
    assert (doctor.returncode, "✗ settings: the sandbox at http://127.0.0.1:9 does not run" in doctor.stdout) == (
        1,
        True,
    )
    assert f"Next: Run in another window: {start}" in doctor.stdout


def test_where_no_window_can_be_shown_doctor_does_not_send_a_person_to_sign_in(
    workspace: Workspace, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert tjtools("doctor", cwd=workspace.root).returncode == 0  # who is signed in needs no window
    workspace.browser_session.unlink()
    assert "tjtools lab" in tjtools("doctor", cwd=workspace.root).stdout
    workspace.settings_file.unlink()
    tjtools("init", ".", "--site", "live", cwd=workspace.root)
    [told] = [one for one in json.loads(tjtools("doctor", "--json", cwd=workspace.root).stdout) if not one["well"]]
    assert (told["what"], "no display" in told["found"]) == ("browser session", True)
    assert str(workspace.browser_session) in told["remedy"]
    monkeypatch.setenv("DISPLAY", ":0")
    assert "✓ browser session: none saved: tjtools login makes one" in tjtools("doctor", cwd=workspace.root).stdout


def test_doctor_looks_at_the_site(workspace: Workspace, truth: Truth, real_site: None) -> None:
    well = tjtools("doctor", "--site", cwd=workspace.root)
    assert (well.returncode, "  card.name                      ✓ on" in well.stdout) == (0, True), well.stdout
    workspace.selectors_file.write_text('upload.input = "input.renamed"\n', "utf-8")
    changed = tjtools("doctor", "--site", cwd=workspace.root)
    assert (changed.returncode, "looked for input.renamed" in changed.stdout) == (1, True), changed.stdout
    [*_, site] = json.loads(tjtools("doctor", "--site", "--json", cwd=workspace.root).stdout)
    assert (site["what"], site["well"]) == ("site", False)
    assert [one for one in site["elements"] if one["state"] == "changed"] == [
        {
            "name": "upload.input",
            "selector": "input.renamed",
            "expected": "a file input that takes several files",
            "found": "nothing",
            "state": "changed",
        }
    ]


def test_an_upload_to_a_site_that_has_changed_is_an_error(workspace: Workspace, truth: Truth, real_site: None) -> None:
    samples.write_image(workspace.root / "uploaded" / "b.png", width=300, height=250, title="Sports")
    write_inventory(workspace.session, [{"new_filename": "b.png", "creative_type": "image"}])
    workspace.selectors_file.write_text('upload.preview = "div.renamed"\n', "utf-8")
    done = tjtools("upload", "--live", cwd=workspace.root)
    assert (done.returncode, "looked for upload.preview: div.renamed" in done.stderr) == (2, True), done.stderr
    assert truth.received() == []


def test_terminal_commands_in_names_are_shown_and_not_run(shop: Path) -> None:
    rows = [{"new_filename": "a\x1b[31mred.png", "creative_type": "image"}]
    write_inventory(shop / "tracking" / "creative_inventory_session.csv", rows)
    done = tjtools("review", cwd=shop)
    assert "\x1b" not in done.stdout + done.stderr
    assert "a\\x1b[31mred.png" in done.stdout.replace("\n", "")


def test_who_would_sign_in_where_no_window_is_shown_is_told_so_at_once(workspace: Workspace) -> None:
    done = tjtools("login", "--headless", cwd=workspace.root)
    assert (done.returncode, "nobody can sign in who sees no window" in " ".join(done.stderr.split())) == (2, True)


def test_help_names_every_command(tmp_path: Path) -> None:
    told = tjtools("--help", cwd=tmp_path).stdout
    commands = [
        "demo",
        "sandbox",
        "init",
        "login",
        "check",
        "review",
        "upload",
        "add",
        "rebuild-cache",
        "status",
        "doctor",
    ]
    assert [name for name in commands if f"\n  {name}" not in told] == []
