"""A folder of media becomes a session: what each file is, which natives belong together, and what could not be told."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import av
import pytest
from PIL import Image
from world import NOW, drawn, read_rows, tjtools

from tjtools.diff.session import Verdict
from tjtools.media import MediaFacts
from tjtools.model.creative import CreativeType
from tjtools.model.errors import TrackingFileError, WorkspaceError
from tjtools.prepare.delivery import AS_IS, look_through
from tjtools.prepare.fit import told_type
from tjtools.prepare.intake import Intake, plan_session
from tjtools.prepare.session import write_session
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits


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
    assert (kind, notes) == (CreativeType.IMAGE, ("301x250 pixels; an image has 300x250 or 300x100: scale or crop it",))


@pytest.mark.parametrize(
    ("facts", "kind", "note"),
    [
        (MediaFacts(1, "mp4", 853, 360, 4.0, stored="640x360"), CreativeType.NATIVE_VIDEO, "853x360 pixels as it is"),
        (MediaFacts(1, "mp4", 640, 360, 4.0, stored="320x360"), CreativeType.NATIVE_VIDEO, "640x360 pixels as it is"),
        (MediaFacts(1, "png", 640, 360, stored="360x640"), CreativeType.NATIVE_IMAGE, "640x360 pixels as it is"),
        (MediaFacts(1, "mp4", 960, 540, 8.0, longest=40.0), CreativeType.VIDEO, "8.0 or 40.0 s long"),
        (MediaFacts(1, "mp4", 1080, 1920, 8.0, stored="1920x1080"), CreativeType.SHORT_VIDEO, ""),
    ],
)
def test_what_fits_by_one_reading_alone_is_taken_for_that_with_its_doubt(
    facts: MediaFacts, kind: CreativeType, note: str
) -> None:
    found, notes = told_type("b", facts, load_limits())
    assert (found, " ".join(notes)[: len(note) or None]) == (kind, note)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "media"
    (place / "deep").mkdir(parents=True)
    return place


def video(path: Path, seconds: float, size: tuple[int, int] = (640, 360), seed: int = 0) -> None:
    path.write_bytes(drawn(".mp4", *size, path.stem, seed, seconds=seconds, fps=5))


def image(path: Path, size: tuple[int, int] = (640, 360), seed: int = 0) -> None:
    path.write_bytes(drawn(path.suffix, *size, path.stem, seed))


def plan(workspace: Workspace, folder: Path) -> Intake:
    return plan_session(workspace, look_through(workspace, folder, AS_IS), now=NOW)


def write(workspace: Workspace, intake: Intake) -> Intake:
    return write_session(workspace, intake, folder="a test's", now=NOW)


def test_a_folder_becomes_a_session_that_can_go_up(bare_workspace: Workspace, folder: Path) -> None:
    video(folder / "VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4", 4)
    image(folder / "deep" / "IMG_EN_Sports_F_Real_SFW_Generic_Ana_ID-99A0D7C3-IMG.png")
    video(folder / "summer vid 4sec.mp4", 4, seed=1)
    image(folder / "summer_img.png", seed=1)
    image(folder / "banner.jpg", (300, 250), seed=2)
    intake = plan(bare_workspace, folder)
    write(bare_workspace, intake)
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


RENAME = "its content is {0}, and its name does not say so: let it end in .{0}"
NO_FORMAT = "{} is no format that the site takes: convert it"


@pytest.mark.parametrize(
    ("name", "form", "why"),
    [
        ("photo.jfif", "jpeg", RENAME.format("jpg")),
        ("photo.JPE", "jpeg", RENAME.format("jpg")),
        ("photo.jpg ", "jpeg", RENAME.format("jpg")),
        ("photo.png.", "png", RENAME.format("png")),
        ("photo", "png", RENAME.format("png")),
        ("photo.jpg.part", "jpeg", "its download has not ended: wait for it, or fetch it again"),
        ("a.heic", "jpeg", RENAME.format("jpg")),
        ("photo.bmp", "bmp", NO_FORMAT.format("bmp")),
        ("photo.TIFF", "tiff", NO_FORMAT.format("tiff")),
        ("scan", "tiff", NO_FORMAT.format("tiff")),
        ("photo.avif", "avif", NO_FORMAT.format("avif")),
        ("photo.webp", "webp", NO_FORMAT.format("webp")),
        ("logo.svg", "", "no format that the site takes (no image or video that can be read): convert it"),
        ("photo.heif", "", "no format that the site takes (no image or video that can be read): convert it"),
        ("photo.jpg ", "", "no image or video that can be read"),
    ],
)
def test_an_image_that_is_left_out_is_named(
    bare_workspace: Workspace, folder: Path, name: str, form: str, why: str
) -> None:
    image(folder / "good.png", (300, 250))
    (folder / name).write_text("<svg/>")
    if form:
        with Image.open(folder / "good.png") as picture:
            picture.save(folder / name, form)
    intake = plan(bare_workspace, folder)
    assert ([one.source.name for one in intake.taken], intake.needs_a_person) == (["good.png"], True)
    assert [(path.name, said) for path, said in intake.left_out] == [(name, why)]


@pytest.mark.parametrize(
    ("name", "form", "why"),
    [
        ("a.3gp", "3gp", NO_FORMAT.format("3gp")),
        ("a.wmv", "asf", NO_FORMAT.format("asf")),
        ("a.flv", "flv", NO_FORMAT.format("flv")),
        ("a.mpg", "mpeg", NO_FORMAT.format("mpeg")),
        ("a.m2ts", "mpegts", NO_FORMAT.format("mpegts")),
        ("a.3gp", "mp4", RENAME.format("mp4")),
        ("a.mp4.crdownload", "mp4", "its download has not ended: wait for it, or fetch it again"),
        ("clip", "matroska", NO_FORMAT.format("matroska")),
    ],
)
def test_a_video_that_is_left_out_is_named(
    bare_workspace: Workspace, folder: Path, name: str, form: str, why: str
) -> None:
    codec = (
        "h263" if form == "3gp" else "mpeg2video" if form.startswith("mpeg") else "flv" if form == "flv" else "mpeg4"
    )
    with av.open(str(folder / name), "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        (stream.width, stream.height), stream.pix_fmt = (176, 144), "yuv420p"
        for seed in range(3):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (176, 144), (seed, 99, 9)))))
        container.mux(stream.encode())
    assert [(path.name, said) for path, said in plan(bare_workspace, folder).left_out] == [(name, why)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"GIF files and JPEGs are due on Monday"),
        ("prices.txt", b"BMW and others, more than ten bytes of text"),
        ("types.ts", b"Go " * 200),
        ("song.m4a", b"\0\0\0 ftypM4A " + bytes(40)),
        ("Thumbs.db", bytes(512)),
        (".hidden.jfif", b"\xff\xd8\xff"),
        ("empty", b""),
    ],
)
def test_what_is_no_picture_is_passed_over(bare_workspace: Workspace, folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    assert plan(bare_workspace, folder)[:2] == ((), ())


def test_a_heading_of_nothing_is_not_shown(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "b.png", (300, 250))
    good = tjtools("session", str(folder), "--workspace", str(bare_workspace.root), cwd=folder)
    assert ("1 file for the session" in good.stdout, "Left out" in good.stdout, good.returncode) == (True, False, 0)
    image(folder / "b.png", (300, 250), 1)
    (folder / "b.png").rename(folder / "b.jfif")
    bad = tjtools("session", str(folder), "--workspace", str(bare_workspace.root), cwd=folder)
    assert ("files for" in bad.stdout, "Left out" in bad.stdout, bad.returncode) == (False, True, 1)
    (folder / "b.jfif").unlink()
    none = tjtools("session", str(folder), "--workspace", str(bare_workspace.root), cwd=folder)
    assert (none.stdout, none.returncode) == (f"There is no image or video below {folder}.\n", 1)


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
    write(bare_workspace, intake)
    assert ([one.source.name for one in intake.taken], (there / "b.png").read_bytes()) == (["same.png"], before)
    assert "another file of this name lies in" in intake.left_out[0][1]


def test_the_workspaces_own_files_stay_where_they_are(bare_workspace: Workspace) -> None:
    there = bare_workspace.root / "uploaded"
    image(there / "b.png", (300, 250))
    image(there / "Native" / "Image" / "n.png")
    write(bare_workspace, plan(bare_workspace, there))
    files = sorted(path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file())
    assert files == ["Native/Image/n.png", "b.png"]
    assert [row["new_filename"] for row in read_rows(bare_workspace.session)] == ["n.png", "b.png"]


def test_what_was_in_the_session_stays_in_it_and_the_old_file_is_a_backup(
    bare_workspace: Workspace, folder: Path
) -> None:
    bare_workspace.session.write_text("unique_id,new_filename,creative_type\n1,old.png,image\n", "utf-8")
    image(folder / "b.png", (300, 250))
    write(bare_workspace, plan(bare_workspace, folder))
    [backup] = (bare_workspace.private / "backups").iterdir()
    assert ("old.png" in backup.read_text("utf-8"), len(read_rows(bare_workspace.session))) == (True, 2)


def test_a_folder_that_is_not_there_is_named(bare_workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="There is no file or folder"):
        plan(bare_workspace, tmp_path / "none")


def test_the_command(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "b.png", (300, 250))
    command = ("session", str(folder), "--workspace", str(bare_workspace.root))
    done = tjtools(*command, "--dry-run", "--json", cwd=folder)
    assert (done.returncode, json.loads(done.stdout)["written"], bare_workspace.session.exists()) == (0, None, False)
    done = tjtools(*command, cwd=folder)
    assert (done.returncode, "1 file for the session" in done.stdout) == (0, True)
    assert len(read_rows(bare_workspace.session)) == 1


def test_a_name_that_is_no_text_costs_the_others_nothing(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "good.png", (300, 250))
    image(folder / "bad.png", (300, 250), 3)
    os.rename(folder / "bad.png", os.fsencode(folder) + b"/caf\xe9.png")  # noqa: PTH104 (as from an old zip)
    intake = plan(bare_workspace, folder)
    assert [one.source.name for one in intake.taken] == ["good.png"]
    [(_, why)] = intake.left_out
    assert why == "its name, or that of its folder, can't be written as text: rename it"
    write(bare_workspace, intake)


@pytest.mark.parametrize("length", [244, 245, 250, 251, 254, 255])
@pytest.mark.parametrize("letter", ["a", "あ"])
def test_a_name_as_long_as_the_disk_takes_is_one_as_any_other(
    bare_workspace: Workspace, folder: Path, letter: str, length: int
) -> None:
    count, rest = divmod(length - len(".png"), len(letter.encode()))
    long = f"{letter * count}{'b' * rest}.png"
    image(folder / long, (300, 250))
    image(folder / "good.png", (300, 250), 3)
    intake = write(bare_workspace, plan(bare_workspace, folder))
    assert ({one.source.name for one in intake.taken}, intake.left_out) == ({long, "good.png"}, ())
    assert [one.verdict for one in prepare(bare_workspace).reviews] == [Verdict.NEW] * 2
    copies = [path.name for path in (bare_workspace.root / "uploaded").rglob("*") if path.is_file()]
    assert sorted(copies) == sorted([long, "good.png"])


def test_a_file_that_can_not_be_copied_costs_the_others_nothing(bare_workspace: Workspace, folder: Path) -> None:
    deep = bare_workspace.root
    while len(str(deep)) < 3500:
        deep /= "d" * 200
    for seed, name in enumerate((f"{'n' * 245}.png", "gone.png", "good.png")):
        image(folder / name, (300, 250), seed)
    # the whole path of the long name is longer than the system takes
    place = Workspace(deep / ("e" * (4096 - 249 - len("/uploaded//") - len(str(deep)))))
    (place.root / "tracking").mkdir(parents=True)
    intake = plan(place, folder)
    (folder / "gone.png").unlink()
    intake = write(place, intake)
    assert [one.source.name for one in intake.taken] == ["good.png"]
    assert [(path.name[0], why) for path, why in intake.left_out] == [
        ("g", "can't be copied: No such file or directory"),
        ("n", "can't be copied: File name too long"),
    ]
    assert [row["new_filename"] for row in read_rows(place.session)] == ["good.png"]


def test_a_session_of_which_nothing_can_be_copied_leaves_the_old_one(bare_workspace: Workspace, folder: Path) -> None:
    bare_workspace.session.write_text("unique_id,new_filename,creative_type\n1,old.png,image\n", "utf-8")
    image(folder / "gone.png", (300, 250))
    intake = plan(bare_workspace, folder)
    (folder / "gone.png").unlink()
    assert write(bare_workspace, intake).taken == ()
    assert [row["new_filename"] for row in read_rows(bare_workspace.session)] == ["old.png"]


@pytest.mark.parametrize(
    "name",
    [
        *("CON.png", "aux.png", "nul.a.png", "Com1.png", "lpt9 .png", "com¹.png", "conin$.png"),
        *("a:b.png", "what?.png", "a*.png", 'say "hi".png', "a<b.png", "a|b.png", "a\tb.png"),
    ],
)
def test_a_name_that_windows_can_not_hold_is_said_and_taken(bare_workspace: Workspace, folder: Path, name: str) -> None:
    image(folder / "x.png", (300, 250))
    (folder / "x.png").rename(folder / name)
    intake = write(bare_workspace, plan(bare_workspace, folder / name))
    [one] = intake.taken
    assert "Windows can't hold" in one.notes[0]
    assert (bare_workspace.root / "uploaded" / name).is_file()


@pytest.mark.parametrize("name", ["a.png ", "a.png.", ". "])
def test_a_name_whose_end_does_not_say_what_it_is_is_left_out_with_what_to_do(
    bare_workspace: Workspace, folder: Path, name: str
) -> None:
    image(folder / "x.png", (300, 250))
    (folder / "x.png").rename(folder / name)
    [(path, why)] = plan(bare_workspace, folder / name).left_out
    assert (path.name, "let it end in .png" in why) == (name, True)


@pytest.mark.parametrize(
    "name", ["CONE.png", "a.con.png", "com0.png", "com10.png", "aux_1.png", " a.png", "a .png", "é.png"]
)
def test_a_name_that_every_system_can_hold_is_taken_without_a_word(
    bare_workspace: Workspace, folder: Path, name: str
) -> None:
    image(folder / name, (300, 250))
    assert [one.notes for one in plan(bare_workspace, folder).taken] == [()]


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.png", "A.png"), ("a.png", "a.PNG"), ("É.png", "é.png"), ("caf\u00e9.png", "cafe\u0301.png")],
)
@pytest.mark.parametrize("earlier", [True, False])
def test_names_that_some_disks_take_for_one_never_become_one_creative(
    bare_workspace: Workspace, folder: Path, one: str, other: str, earlier: bool
) -> None:
    image(folder / one, (300, 250), 1)
    if earlier:
        write(bare_workspace, plan(bare_workspace, folder))
        (folder / one).unlink()
    image(folder / other, (300, 250), 2)
    intake = write(bare_workspace, plan(bare_workspace, folder))
    assert [each.source.name for each in intake.taken] == ([] if earlier else [min(one, other)])
    assert [path.name for path, _ in intake.left_out] == [other if earlier else max(one, other)]
    assert "rename" in intake.left_out[0][1]
    assert len([path for path in (bare_workspace.root / "uploaded").iterdir() if path.is_file()]) == 1


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
        write(bare_workspace, intake)
    assert [path for path in (bare_workspace.root / "uploaded").rglob("*") if path.is_file()] == []
