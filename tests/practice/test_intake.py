"""A folder of media becomes a session: what each file is, which natives belong together, and what could not be told."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from world import NOW, read_rows

from tjtools.diff.session import Verdict
from tjtools.media import MediaFacts
from tjtools.model.creative import CreativeType
from tjtools.model.errors import TrackingFileError, WorkspaceError
from tjtools.practice import samples
from tjtools.practice.intake import Intake, plan_session, told_type, write_session
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_limits


@pytest.mark.parametrize(
    ("name", "facts", "kind"),
    [
        ("VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4", MediaFacts(1, "mp4", 640, 360, 4.0), CreativeType.NATIVE_VIDEO),
        ("IMG_EN_Sports_ID-99A0D7C3-IMG.png", MediaFacts(1, "png", 640, 360), CreativeType.NATIVE_IMAGE),
        ("clip 1.mp4", MediaFacts(1, "mp4", 640, 360, 4.0), CreativeType.NATIVE_VIDEO),
        ("clip 1.png", MediaFacts(1, "png", 640, 360), CreativeType.NATIVE_IMAGE),
        ("clip 2.mp4", MediaFacts(1, "mp4", 640, 360, 8.0), CreativeType.VIDEO),
        ("tall.mp4", MediaFacts(1, "mp4", 1080, 1920, 15.0), CreativeType.SHORT_VIDEO),
        ("tall.mp4", MediaFacts(1, "mp4", 1080, 1920, 25.0), CreativeType.VIDEO),
        ("b.mp4", MediaFacts(1, "mp4", 300, 250, 8.0), CreativeType.VIDEO_BANNER),
        ("b.gif", MediaFacts(1, "gif", 300, 250), CreativeType.IMAGE),
        ("b.webm", MediaFacts(1, "matroska", 300, 250, 8.0), None),
    ],
)
def test_what_tells_the_type(name: str, facts: MediaFacts, kind: CreativeType | None) -> None:
    assert told_type(name, facts, load_limits()) == (kind, ())


def test_what_fits_no_limit_is_taken_for_the_likeliest_and_says_why() -> None:
    kind, notes = told_type("b.png", MediaFacts(1, "png", 301, 250), load_limits())
    assert (kind, notes) == (CreativeType.IMAGE, ("301x250 pixels; a image has 300x250 or 300x100: scale or crop it",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "media"
    (place / "deep").mkdir(parents=True)
    return place


def video(path: Path, seconds: float, size: tuple[int, int] = (640, 360), seed: int = 0) -> None:
    samples.write_video(path, width=size[0], height=size[1], seconds=seconds, title=path.stem, seed=seed, fps=5)


def image(path: Path, size: tuple[int, int] = (640, 360), seed: int = 0) -> None:
    samples.write_image(path, width=size[0], height=size[1], title=path.stem, seed=seed)


def plan(workspace: Workspace, folder: Path) -> Intake:
    return plan_session(workspace, folder, now=NOW)


def test_a_folder_becomes_a_session_that_can_go_up(bare_workspace: Workspace, folder: Path) -> None:
    video(folder / "VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4", 4)
    image(folder / "deep" / "IMG_EN_Sports_F_Real_SFW_Generic_Ana_ID-99A0D7C3-IMG.png")
    video(folder / "summer vid 4sec.mp4", 4, seed=1)
    image(folder / "summer_img.png", seed=1)
    image(folder / "banner.jpg", (300, 250), seed=2)
    intake = plan(bare_workspace, folder)
    write_session(bare_workspace, intake, now=NOW)
    assert (intake.needs_a_person, len(intake.taken)) == (False, 5)
    rows = {row["new_filename"]: row for row in read_rows(bare_workspace.session)}
    first = rows["VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4"]
    assert {column: value for column, value in first.items() if column not in ("source_path", "file_size_mb")} == {
        "unique_id": "ID-99A0D7C3-VID",
        "original_filename": "VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4",
        "new_filename": "VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4",
        "creator_name": "Ana",
        "language": "EN",
        "category": "Sports",
        "content_type": "SFW",
        "creative_type": "native_video",
        "duration_seconds": "4",
        "aspect_ratio": "16:9",
        "width_px": "640",
        "height_px": "360",
        "file_format": "mp4",
        "date_processed": "2025-11-13",
        "notes": "",
        "native_pair_id": "ID-99A0D7C3",
    }
    pairs = {name: row["native_pair_id"] for name, row in rows.items()}
    assert pairs["IMG_EN_Sports_F_Real_SFW_Generic_Ana_ID-99A0D7C3-IMG.png"] == "ID-99A0D7C3"
    assert pairs["summer vid 4sec.mp4"] == pairs["summer_img.png"] != ""
    assert pairs["banner.jpg"] == ""
    assert [one.verdict for one in prepare(bare_workspace).reviews] == [Verdict.NEW] * 5


def test_what_could_not_be_told_is_said(bare_workspace: Workspace, folder: Path) -> None:
    video(folder / "alone.mp4", 4)
    image(folder / "ORG_EN_Sports_ID-99A0D7C3.png")
    image(folder / "twice.png", (300, 250), seed=1)
    image(folder / "deep" / "twice.png", (300, 250), seed=2)
    (folder / "empty.mp4").touch()
    (folder / "notes.txt").write_text("no media", "utf-8")
    intake = plan(bare_workspace, folder)
    assert {one.source.name: one.notes for one in intake.taken} == {
        "alone.mp4": ("no image belongs to it by its name",),
        "twice.png": (),
    }
    assert {(path.name, why) for path, why in intake.left_out} == {
        ("ORG_EN_Sports_ID-99A0D7C3.png", "ORG_ files are sources that were converted"),
        ("twice.png", "another file of the folder has this name"),
        ("empty.mp4", "the file is empty"),
    }


def test_halves_may_differ_in_a_suffix_that_is_known_or_a_users(bare_workspace: Workspace, folder: Path) -> None:
    """A half of exactly the name goes before; where two would fit, a person is asked."""
    bare_workspace.settings_file.write_text('[names]\npair_suffixes = ["_backdrop"]\n', "utf-8")
    for number, name in enumerate(("summer", "winter", "autumn", "spring", "spring_video")):
        video(folder / f"{name}.mp4", 4, seed=number)
    images = "summer_horizontal.png", "winter-backdrop.png", "autumn.png", "autumn_thumb.png", "spring_thumb.png"
    for number, name in enumerate(images):
        image(folder / name, seed=number)
    intake = plan(bare_workspace, folder)
    pairs: dict[str, set[str]] = {}
    for one in intake.taken:
        if one.row.get("native_pair_id"):
            pairs.setdefault(one.row["native_pair_id"], set()).add(one.source.stem)
    assert sorted(map(sorted, pairs.values())) == [
        ["autumn"],
        ["summer", "summer_horizontal"],
        ["winter", "winter-backdrop"],
    ]
    told = {one.source.stem: one.notes[0] for one in intake.taken if one.notes}
    assert sorted(told) == ["autumn_thumb", "spring", "spring_thumb", "spring_video"]
    assert all("it can't be told which native belongs to it" in why for why in told.values())


def test_an_id_at_the_end_of_any_name_is_the_files(bare_workspace: Workspace, folder: Path) -> None:
    video(folder / "summer sale ID-99a0d7c3.mp4", 4)
    image(folder / "winter sale_ID-99A0D7C3_horizontal.png")
    image(folder / "banner ID-0000000A.png", (300, 250))
    told = {
        (one.row["unique_id"].upper(), one.row.get("native_pair_id", "")) for one in plan(bare_workspace, folder).taken
    }
    pair = "ID-99a0d7c3"
    assert ("ID-99A0D7C3-VID", pair) in told
    assert ("ID-0000000A", "") in told
    assert len({one for _, one in told}) == 2


def test_two_images_for_one_video_are_for_a_person(bare_workspace: Workspace, folder: Path) -> None:
    video(folder / "a vid.mp4", 4)
    image(folder / "a img.png", seed=1)
    image(folder / "a-img.jpg", seed=2)
    intake = plan(bare_workspace, folder)
    assert all("it can't be told which native belongs to it" in one.notes[0] for one in intake.taken)
    assert {one.row.get("native_pair_id", "") for one in intake.taken} == {""}


def test_no_file_of_the_workspace_is_replaced(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "b.png", (300, 250), seed=1)
    image(folder / "same.png", (300, 250), seed=2)
    there = bare_workspace.root / "uploaded"
    image(there / "b.png", (300, 250), seed=3)
    shutil.copy(folder / "same.png", there / "same.png")
    before = (there / "b.png").read_bytes()
    intake = plan(bare_workspace, folder)
    write_session(bare_workspace, intake, now=NOW)
    assert ([one.source.name for one in intake.taken], (there / "b.png").read_bytes()) == (["same.png"], before)
    assert "another file of this name lies in" in intake.left_out[0][1]


def test_the_workspaces_own_files_stay_where_they_are(bare_workspace: Workspace) -> None:
    there = bare_workspace.root / "uploaded"
    image(there / "b.png", (300, 250))
    image(there / "Native" / "Image" / "n.png")
    write_session(bare_workspace, plan(bare_workspace, there), now=NOW)
    files = sorted(path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file())
    assert files == ["Native/Image/n.png", "b.png"]
    assert [row["new_filename"] for row in read_rows(bare_workspace.session)] == ["n.png", "b.png"]


def test_the_session_that_was_there_is_kept_as_a_backup(bare_workspace: Workspace, folder: Path) -> None:
    bare_workspace.session.write_text("unique_id,new_filename,creative_type\n1,old.png,image\n", "utf-8")
    image(folder / "b.png", (300, 250))
    write_session(bare_workspace, plan(bare_workspace, folder), now=NOW)
    [backup] = (bare_workspace.private / "backups").iterdir()
    assert ("old.png" in backup.read_text("utf-8"), len(read_rows(bare_workspace.session))) == (True, 1)


def test_a_folder_that_is_not_there_is_named(bare_workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="There is no file or folder"):
        plan(bare_workspace, tmp_path / "none")


def test_the_command(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "b.png", (300, 250))
    command = [sys.executable, "-m", "tjtools", "session", str(folder), "--workspace", str(bare_workspace.root)]
    done = subprocess.run([*command, "--dry-run", "--json"], capture_output=True, text=True, check=True)
    assert (json.loads(done.stdout)["written"], bare_workspace.session.exists()) == (None, False)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ("1 files for the session" in done.stdout, len(read_rows(bare_workspace.session))) == (True, 1)


def test_a_name_that_is_no_text_costs_the_others_nothing(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "good.png", (300, 250))
    image(folder / "bad.png", (300, 250), 3)
    os.rename(folder / "bad.png", os.fsencode(folder) + b"/caf\xe9.png")  # noqa: PTH104 (as from an old zip)
    intake = plan(bare_workspace, folder)
    assert [one.source.name for one in intake.taken] == ["good.png"]
    [(_, why)] = intake.left_out
    assert why == "its name, or that of its folder, can't be written as text: rename it"
    write_session(bare_workspace, intake, now=NOW)


def test_a_file_that_was_copied_in_part_does_not_stand_under_its_name(
    bare_workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, target: Path) -> None:
        target.write_bytes(b"a part")
        raise OSError(errno.ENOSPC, "No space left on device")

    image(folder / "good.png", (300, 250))
    intake = plan(bare_workspace, folder)
    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(TrackingFileError):
        write_session(bare_workspace, intake, now=NOW)
    assert [path for path in (bare_workspace.root / "uploaded").rglob("*") if path.is_file()] == []
