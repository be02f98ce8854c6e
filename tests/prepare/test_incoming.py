"""What a browser sends becomes part of the session, whole and by its own names, or nothing of it does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from world import NOW, drawn, read_rows, write_inventory

from tjtools.model.errors import WorkspaceError
from tjtools.prepare.delivery import AS_IS, look_through
from tjtools.prepare.incoming import Incoming, Offered, as_dropped, clear_cut_off
from tjtools.prepare.intake import Intake, plan_session
from tjtools.prepare.session import write_session
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace


def image(path: Path, seed: int = 0, width: int = 300) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn(path.suffix, width, 250, path.stem, seed))
    return path


def send(workspace: Workspace, folder: Path, *, only: int | None = None) -> Incoming:
    """What the browser does with a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    offered = [Offered(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]
    coming = Incoming.begin(workspace, offered, now=NOW)
    for name in [*coming.files][:only]:
        shutil.copy(folder / coming.files[name].path, coming.folder / name)
    return coming


def take_in(workspace: Workspace, coming: Incoming) -> Intake:
    """What the desk does with it where the files are to stay as they are."""
    coming = coming.arrived()
    planned = plan_session(workspace, look_through(workspace, coming.media, AS_IS), now=NOW)
    made = write_session(workspace, as_dropped(planned, coming), folder="the desk", now=NOW)
    coming.discard()
    return made


def left(workspace: Workspace) -> list[Path]:
    return [*(workspace.root / "uploaded").glob("incoming*")]


def test_what_is_packed_or_still_coming_is_told_where_it_is_dropped_too(bare_workspace: Workspace) -> None:
    """It is not sent: nobody heard of the creatives in it."""
    paths = ["in/a.png", "in/all.ZIP", "in/b.mp4.crdownload", "in/.c.zip", "in/notes.txt"]
    coming = Incoming.begin(bare_workspace, [Offered(path, 3) for path in paths], now=NOW)
    assert [one.path for one in coming.files.values()] == ["in/a.png"]
    assert [(path.as_posix(), why.partition(":")[0]) for path, why in coming.left_out] == [
        ("in/all.ZIP", "this is packed"),
        ("in/b.mp4.crdownload", "its download has not ended"),
    ]
    assert coming.passed_over == {"txt": 1}


def test_a_dropped_folder_is_added_to_the_session_with_what_was_left_out(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    write_inventory(bare_workspace.session, [{"new_filename": "old.png", "creative_type": "image"}])
    image(bare_workspace.root / "uploaded/old.png")
    folder = tmp_path / "drop"
    for seed, name in enumerate(("shop/one/a.png", "shop/two/a.png", "shop/two/b.png", "shop/ORG_c.png", "x/.d.png")):
        image(folder / name, seed + 1)
    (folder / "notes.txt").write_text("no picture")
    (folder / "e.svg").write_text("<svg/>")
    coming = send(bare_workspace, folder)
    assert sorted(one.path for one in coming.files.values()) == [
        "e.svg",
        "shop/one/a.png",
        "shop/two/a.png",
        "shop/two/b.png",
    ]
    intake = take_in(bare_workspace, coming)
    assert [(path.as_posix(), why[:30]) for path, why in intake.left_out] == [
        ("shop/ORG_c.png", "ORG_ files are sources that we"),
        ("e.svg", "no format that the site takes "),
        ("shop/two/a.png", "another file of the folder has"),
    ]
    rows = read_rows(bare_workspace.session)
    assert [(row["new_filename"], row.get("source_path", "")) for row in rows] == [
        ("old.png", ""), ("a.png", "shop/one/a.png"), ("b.png", "shop/two/b.png"),
    ]  # fmt: skip
    assert [one.verdict.value for one in prepare(bare_workspace).reviews] == ["new"] * 3
    assert left(bare_workspace) == []


def test_what_is_dropped_again_is_in_the_session_once_and_a_half_finds_its_other(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    name = "VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4"
    (folder / name).write_bytes(drawn(".mp4", 640, 360, "Sports", seconds=4, fps=5))
    take_in(bare_workspace, send(bare_workspace, folder))
    (folder / "IMG_EN_Sports_ID-99A0D7C3-IMG.png").write_bytes(drawn(".png", 640, 360, "Sports"))
    take_in(bare_workspace, send(bare_workspace, folder))
    assert [row["native_pair_id"] for row in read_rows(bare_workspace.session)] == ["ID-99A0D7C3"] * 2
    assert [one.verdict.value for one in prepare(bare_workspace).reviews] == ["new"] * 2


@pytest.mark.parametrize("cut", ["missing", "short"])
def test_what_did_not_come_whole_never_becomes_a_file_of_the_session(
    bare_workspace: Workspace, tmp_path: Path, cut: str
) -> None:
    folder = tmp_path / "drop"
    image(folder / "a.png", 1)
    image(folder / "b.png", 2)
    coming = send(bare_workspace, folder, only=1 if cut == "missing" else None)
    if cut == "short":
        os.truncate(coming.folder / [*coming.files][1], 100)
    with pytest.raises(WorkspaceError, match=r"of [0-9,]+ bytes of b\.png came"):
        take_in(bare_workspace, coming)
    assert (bare_workspace.session.exists(), left(bare_workspace)) == (False, [])
    assert not (bare_workspace.root / "uploaded/a.png").exists()


@pytest.mark.parametrize("path", ["../a.png", "a/../../b.png", "/etc/a.png", "a\\b.png", "a//b.png", "a\0.png"])
def test_no_name_leads_anywhere(bare_workspace: Workspace, path: str) -> None:
    coming = Incoming.begin(bare_workspace, [Offered(path, 3)], now=NOW)
    assert coming.files == {}
    assert left(bare_workspace) == []


def test_what_a_cut_off_transfer_left_is_told_and_removed_and_one_that_goes_on_stays(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    image(tmp_path / "drop/a.png", 1)
    coming = send(bare_workspace, tmp_path / "drop")
    assert clear_cut_off(bare_workspace) == 0
    for one in (*coming.folder.iterdir(), coming.folder):
        os.utime(one, (1, 1))
    assert (clear_cut_off(bare_workspace), left(bare_workspace)) == (1, [])
    assert clear_cut_off(bare_workspace) == 0


def test_a_line_that_cant_be_read_is_kept_aside(bare_workspace: Workspace, tmp_path: Path) -> None:
    bare_workspace.session.write_text("unique_id,new_filename,creative_type\n1,old.png,image\n1,2\n3,x.png,nonsense\n")
    image(tmp_path / "drop/a.png", 1)
    take_in(bare_workspace, send(bare_workspace, tmp_path / "drop"))
    assert [row["new_filename"] for row in read_rows(bare_workspace.session)] == ["old.png", "x.png", "a.png"]
    assert "1,2" in bare_workspace.session.with_suffix(".quarantine.csv").read_text("utf-8")
