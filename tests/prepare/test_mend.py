"""Mending a file of the session: what stands in its place, what is kept, what the rows say, what a fault leaves."""

from __future__ import annotations

import errno
import shutil
from contextlib import nullcontext
from pathlib import Path

import av
import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageStat
from world import NOW, drawn, read_rows, write_inventory

from tjtools.cache.inventory import load_session
from tjtools.diff.session import Verdict
from tjtools.media.recipe import Made
from tjtools.model.creative import CreativeType, SessionFile
from tjtools.model.errors import Cancelled, TrackingFileError, WorkspaceError
from tjtools.prepare import session
from tjtools.prepare.delivery import AS_IS, Wanted, look_through
from tjtools.prepare.fit import NOTHING_SAID, Wishes
from tjtools.prepare.intake import plan_session
from tjtools.prepare.mend import Mended, mend, offers
from tjtools.prepare.remembered import preparations
from tjtools.prepare.session import alone, take_back, write_session
from tjtools.upload import prepare
from tjtools.workspace import csvfile, log
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits

VIDEO = "VID_EN_Sports_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4"
STILL = "IMG_EN_Sports_SFW_Generic_Ana_ID-99A0D7C3-IMG.png"
PAIR = "ID-99A0D7C3"
FULL = OSError(errno.ENOSPC, "No space left on device")


def _fails(*_: object, **__: object) -> None:
    raise FULL


def _row(name: str, kind: CreativeType, identity: str = "ID-1A2B3C4D", pair: str = "") -> dict[str, str]:
    told = {"unique_id": identity, "new_filename": name, "creative_type": kind.value, "category": "Sports"}
    return {**told, "native_pair_id": pair, "width_px": "1", "notes": "from Ana"}


def _session(workspace: Workspace, *rows: dict[str, str]) -> None:
    write_inventory(workspace.session, [*rows])
    write_inventory(workspace.master, [*rows])


def _drawn(workspace: Workspace, name: str, kind: CreativeType, width: int, height: int, seconds: float = 0) -> Path:
    path = workspace.media_file(name, kind)
    if seconds:
        path.write_bytes(drawn(".mp4", width, height, "Sports", seconds=seconds, fps=25))
    else:
        path.write_bytes(drawn(path.suffix, width, height, "Sports"))
    return path


def _only(workspace: Workspace) -> SessionFile:
    [file] = load_session(workspace).files
    return file


def _mend(workspace: Workspace, file: SessionFile, wishes: Wishes = NOTHING_SAID) -> Mended:
    [mended] = mend(workspace, {file: wishes}, now=NOW)
    return mended


def _verdicts(workspace: Workspace) -> dict[str, Verdict]:
    return {one.file.name: one.verdict for one in prepare(workspace).reviews}


def _rows(path: Path) -> list[tuple[str, str, str]]:
    return [(row["new_filename"], row["width_px"], row["file_format"]) for row in read_rows(path)]


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def _state(workspace: Workspace) -> dict[str, bytes]:
    """All that a person could miss: the files of the session and the inventories."""
    found = (*(workspace.root / "uploaded").rglob("*"), workspace.session, workspace.master)
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def test_a_picture_of_the_wrong_size_is_made_to_fit_and_its_source_is_kept(bare_workspace: Workspace) -> None:
    path = _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500)
    _session(bare_workspace, _row("banner.png", CreativeType.IMAGE))
    before = path.read_bytes()
    mended = _mend(bare_workspace, _only(bare_workspace))
    assert (mended.name, mended.trouble) == ("banner.png", "")
    assert mended.how.startswith("600x500 → 300x250; png")
    assert path.with_name("ORG_banner.png").read_bytes() == before
    assert _size(path) == (300, 250)
    assert _rows(bare_workspace.session) == _rows(bare_workspace.master) == [("banner.png", "300", "png")]
    [row] = read_rows(bare_workspace.session)
    assert (row["category"], row["notes"]) == ("Sports", f"from Ana; {mended.how}")
    assert _verdicts(bare_workspace) == {"banner.png": Verdict.NEW}


def test_what_gets_another_extension_gets_another_name_in_both_inventories(bare_workspace: Workspace) -> None:
    path = _drawn(bare_workspace, "banner.webp", CreativeType.IMAGE, 300, 250)
    _session(bare_workspace, _row("a.png", CreativeType.IMAGE), _row("banner.webp", CreativeType.IMAGE))
    _drawn(bare_workspace, "a.png", CreativeType.IMAGE, 300, 250)
    before = path.read_bytes()
    assert _mend(bare_workspace, load_session(bare_workspace).files[1]).name == "banner.png"
    assert path.with_name("ORG_banner.webp").read_bytes() == before
    assert not path.exists()
    names = [("a.png", "1", ""), ("banner.png", "300", "png")]
    assert _rows(bare_workspace.session) == _rows(bare_workspace.master) == names
    assert _verdicts(bare_workspace)["banner.png"] is not Verdict.INVALID


def test_a_photo_of_a_phone_becomes_a_jpg_that_is_light_enough(bare_workspace: Workspace) -> None:
    path = _drawn(bare_workspace, "IMG_0001.png", CreativeType.NATIVE_IMAGE, 1280, 720)
    with Image.open(path) as picture:
        pillow_heif.from_pillow(picture).save(path.with_suffix(".heic"))  # without any EXIF
    path.unlink()
    _session(bare_workspace, _row("IMG_0001.heic", CreativeType.NATIVE_IMAGE))
    mended = _mend(bare_workspace, _only(bare_workspace))
    assert (mended.name, mended.trouble) == ("IMG_0001.jpg", "")
    assert mended.how.startswith("heic → jpg; 1280x720 → 640x360")
    assert _verdicts(bare_workspace) == {"IMG_0001.jpg": Verdict.NEW}


def test_a_wrong_extension_alone_is_a_new_name_and_nothing_else(bare_workspace: Workspace) -> None:
    path = _drawn(bare_workspace, "banner.jpg", CreativeType.IMAGE, 300, 250)
    path = path.rename(path.with_name("banner.png"))
    _session(bare_workspace, _row("banner.png", CreativeType.IMAGE))
    before = path.read_bytes()
    assert _mend(bare_workspace, _only(bare_workspace)).name == "banner.jpg"
    assert {one.name: one.read_bytes() for one in path.parent.iterdir() if one.is_file()} == {"banner.jpg": before}
    assert _verdicts(bare_workspace) == {"banner.jpg": Verdict.NEW}


@pytest.mark.parametrize(
    ("stored", "light", "told"),
    [
        ("yuv420p10le", 1, "yuv420p10le"),
        ("yuv444p", 1, "yuv444p"),
        ("yuv420p", 16, "yuv420p HDR"),
        ("yuv420p10le", 18, "yuv420p10le HDR"),
    ],
)
def test_pixels_that_not_all_browsers_play_are_told_and_made_usual(
    bare_workspace: Workspace, stored: str, light: int, told: str
) -> None:
    """Ten bits, full colours and HDR: it goes up as it is, and a click makes it what every browser shows."""
    _deep(bare_workspace.media_file("clip.mp4", CreativeType.VIDEO), stored, light)
    _session(bare_workspace, _row("clip.mp4", CreativeType.VIDEO))
    [one] = prepare(bare_workspace).reviews
    assert one.verdict is Verdict.NEW
    assert f"its pixels are {told}; yuv420p is usual, and plays in every browser" in one.notes
    assert [(offer.file, offer.fit.mends) for offer in offers([one], load_limits())] == [
        (one.file, (f"{told} → yuv420p",))
    ]
    assert _mend(bare_workspace, one.file).how.startswith(f"{told} → yuv420p; CRF")
    [after] = prepare(bare_workspace).reviews
    assert (after.facts and after.facts.pixels, [*offers([after], load_limits())]) == ("yuv420p", [])


def _deep(path: Path, pixels: str, light: int) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=5)
        (stream.width, stream.height), stream.pix_fmt = (320, 180), pixels
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = (1, 1, 1) if light == 1 else (9, 9, light)
        for number in range(30):
            shade = Image.new("RGB", (320, 180), (number * 8, 90, 40))
            file.mux(stream.encode(av.VideoFrame.from_image(shade)))
        file.mux(stream.encode(None))


def test_a_video_that_is_too_long_is_cut_where_a_person_said(bare_workspace: Workspace) -> None:
    name = "EN_Sports_SFW_Generic_Ana_40sec_ID-1A2B3C4D.mp4"
    _drawn(bare_workspace, name, CreativeType.VIDEO, 320, 180, 33)
    _session(bare_workspace, _row(name, CreativeType.VIDEO))
    asked = _mend(bare_workspace, _only(bare_workspace))
    assert asked.trouble == "nobody has agreed to this: cut: 30.9 of 33 s"
    cut = _mend(bare_workspace, _only(bare_workspace), Wishes(start=1.0))
    assert cut.name == "EN_Sports_SFW_Generic_Ana_31sec_ID-1A2B3C4D.mp4"
    assert read_rows(bare_workspace.session)[0]["duration_seconds"].startswith("30.9")
    assert _verdicts(bare_workspace) == {cut.name: Verdict.NEW}


def test_sound_that_is_longer_than_the_picture_ends_with_it(bare_workspace: Workspace) -> None:
    path = bare_workspace.media_file("clip.mp4", CreativeType.VIDEO)
    with av.open(str(path), "w") as file:
        picture, sound = file.add_stream("libx264", rate=5), file.add_stream("aac", rate=48_000, layout="mono")
        picture.width, picture.height, picture.pix_fmt = 320, 180, "yuv420p"
        for number in range(5 * 30):
            shade = Image.new("RGB", (320, 180), (number % 255, 90, 40))
            file.mux(picture.encode(av.VideoFrame.from_image(shade)))
        for number in range(48 * 32):
            silence = av.AudioFrame(format="fltp", layout="mono", samples=1000)
            silence.sample_rate, silence.pts = 48_000, number * 1000
            silence.planes[0].update(bytes(silence.planes[0].buffer_size))
            file.mux(sound.encode(silence))
        file.mux(picture.encode(None))
        file.mux(sound.encode(None))
    _session(bare_workspace, _row("clip.mp4", CreativeType.VIDEO))
    assert _verdicts(bare_workspace) == {"clip.mp4": Verdict.INVALID}
    assert _mend(bare_workspace, _only(bare_workspace), Wishes(start=0.0)).trouble == ""
    assert _verdicts(bare_workspace) == {"clip.mp4": Verdict.NEW}


def test_what_cannot_be_mended_is_said_and_the_others_are_done(bare_workspace: Workspace) -> None:
    _drawn(bare_workspace, "short.mp4", CreativeType.VIDEO, 320, 180, 2)
    _drawn(bare_workspace, "wide.png", CreativeType.IMAGE, 600, 500)
    _drawn(bare_workspace, "fits.png", CreativeType.IMAGE, 300, 250)
    bare_workspace.media_file("torn.png", CreativeType.IMAGE).write_bytes(b"\x89PNG\r\n\x1a\n torn")
    names = {"short.mp4": CreativeType.VIDEO, **dict.fromkeys(("wide.png", "fits.png", "torn.png", "gone.png"))}
    _session(bare_workspace, *(_row(name, kind or CreativeType.IMAGE) for name, kind in names.items()))
    found = mend(bare_workspace, dict.fromkeys(load_session(bare_workspace).files, Wishes()), now=NOW)
    told = {one.file.name: one.trouble for one in found}
    assert "ask for a longer one" in told["short.mp4"]
    assert (told["wide.png"], told["fits.png"], told["gone.png"]) == ("", "it fits as it is", "it is gone")
    assert told["torn.png"]
    assert list((bare_workspace.root / "uploaded").rglob("*incoming*")) == []


def test_a_name_that_is_taken_is_not_written_over(bare_workspace: Workspace) -> None:
    _drawn(bare_workspace, "banner.webp", CreativeType.IMAGE, 300, 250)
    other = _drawn(bare_workspace, "Banner.PNG", CreativeType.IMAGE, 300, 100)
    _session(bare_workspace, _row("banner.webp", CreativeType.IMAGE))
    before = _state(bare_workspace)
    assert "Banner.PNG" not in _mend(bare_workspace, _only(bare_workspace)).name
    assert "is called banner.png" in _mend(bare_workspace, _only(bare_workspace)).trouble
    assert _state(bare_workspace) == before
    assert other.exists()


def test_a_row_of_the_master_that_has_an_id_stays_as_it_is(bare_workspace: Workspace) -> None:
    _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500)
    write_inventory(bare_workspace.session, [_row("banner.png", CreativeType.IMAGE)])
    head, line = "unique_id,new_filename,creative_type,tj_creative_id", "ID-0,banner.png,image,1032530571"
    bare_workspace.master.write_text(f"{head}\n{line}\n", "utf-8")
    assert _mend(bare_workspace, _only(bare_workspace)).trouble == ""
    assert bare_workspace.master.read_text("utf-8") == f"{head}\n{line}\n"


def test_a_native_image_that_goes_up_alone_is_offered_nothing_that_can_not_be_made(bare_workspace: Workspace) -> None:
    name = "IMG_EN_Sports_F_Real_SFW_Generic_Ana_ID-0A0B0C0D-IMG.png"
    path = bare_workspace.media_file(name, CreativeType.NATIVE_IMAGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (640, 360), "navy").save(path)
    _session(bare_workspace, _row(name, CreativeType.NATIVE_IMAGE))
    [one] = prepare(bare_workspace).reviews
    assert (one.goes_up, [*offers([one], load_limits())]) == (True, [])


@pytest.mark.parametrize("name", ["banner.png", "banner.webp"])
def test_the_source_of_what_was_mended_is_known_by_its_content(
    bare_workspace: Workspace, tmp_path: Path, name: str
) -> None:
    path = _drawn(bare_workspace, name, CreativeType.IMAGE, 600, 500)
    (tmp_path / "delivery").mkdir()
    shutil.copy(path, tmp_path / "delivery" / name)
    _session(bare_workspace, _row(name, CreativeType.IMAGE))
    _mend(bare_workspace, _only(bare_workspace))
    delivery = look_through(bare_workspace, tmp_path / "delivery", Wanted())
    assert [one.told for one in delivery.known] == ["prepared on 2025-11-13 as banner.png"]
    with pytest.raises(WorkspaceError, match="Nothing was prepared"):  # it was in the session before
        take_back(bare_workspace, now=NOW)
    assert path.with_name(f"ORG_{name}").exists()


@pytest.mark.parametrize("name", ["banner.png", "banner.jpg"])  # of which the second is a png
def test_a_preparation_is_taken_back_with_what_was_mended_of_it_since(
    bare_workspace: Workspace, tmp_path: Path, name: str
) -> None:
    before = _state(bare_workspace)
    _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500).rename(tmp_path / name)
    _drawn(bare_workspace, VIDEO, CreativeType.NATIVE_VIDEO, 640, 360, 4).rename(tmp_path / VIDEO)
    intake = plan_session(bare_workspace, look_through(bare_workspace, tmp_path, AS_IS), now=NOW)
    write_session(bare_workspace, intake, folder="delivery", now=NOW)
    banner, video = sorted(load_session(bare_workspace).files, key=lambda one: one.creative_type.value)
    assert _mend(bare_workspace, banner).trouble == ""
    [half] = mend(bare_workspace, {video: Wishes(still=1.0)}, half=True, now=NOW)
    assert half.trouble == ""
    [noted] = preparations(bare_workspace)
    assert {one.name: [made.name for made in one.made] for one in noted.sources} == {
        name: ["banner.png"],
        VIDEO: [VIDEO, STILL],
    }
    assert take_back(bare_workspace, now=NOW)[1] == ()
    assert read_rows(bare_workspace.session) == read_rows(bare_workspace.master) == []
    assert {one: data for one, data in _state(bare_workspace).items() if "inventory" not in one} == before


def test_taking_back_keeps_the_source_of_what_lay_in_its_place_before(bare_workspace: Workspace) -> None:
    path = _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500)
    before = path.read_bytes()
    intake = plan_session(bare_workspace, look_through(bare_workspace, path.parent, AS_IS), now=NOW)
    write_session(bare_workspace, intake, folder="uploaded", now=NOW)
    _mend(bare_workspace, _only(bare_workspace))
    take_back(bare_workspace, now=NOW)
    assert read_rows(bare_workspace.session) == []
    assert _state(bare_workspace).get("ORG_banner.png") == before
    assert _size(path) == (300, 250)


def test_nothing_is_mended_that_can_not_be_written_down(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500)
    _session(bare_workspace, _row("banner.png", CreativeType.IMAGE))
    before = _state(bare_workspace)
    monkeypatch.setattr(log, "append_lines", _fails)
    with pytest.raises(TrackingFileError, match="No space left"):
        _mend(bare_workspace, _only(bare_workspace))
    assert (_state(bare_workspace), _size(path)) == (before, (600, 500))


def test_two_that_would_get_one_name_never_become_one(bare_workspace: Workspace) -> None:
    long = f"{'a' * 210}"
    for number, name in enumerate(("banner.webp", "banner.jpg", f"{long}1.png", f"{long}2.png")):
        path = bare_workspace.media_file(name, CreativeType.IMAGE)
        path.write_bytes(drawn(".webp" if "webp" in name else ".png", 600, 500, "Sports", number))
    names = sorted(path.name for path in (bare_workspace.root / "uploaded").iterdir() if path.is_file())
    _session(bare_workspace, *(_row(name, CreativeType.IMAGE) for name in names))
    before = {path.read_bytes() for path in (bare_workspace.root / "uploaded").iterdir() if path.is_file()}
    found = mend(bare_workspace, dict.fromkeys(load_session(bare_workspace).files, Wishes()), now=NOW)
    assert [one.trouble for one in found if one.trouble] == [
        "another file of the session's is called banner.png: rename one"
    ]
    after = [path.read_bytes() for path in (bare_workspace.root / "uploaded").iterdir() if path.is_file()]
    assert (before <= {*after}, len(after)) == (True, 7)


def test_when_it_is_mended_twice_both_sources_are_kept(bare_workspace: Workspace) -> None:
    path = _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500)
    _session(bare_workspace, _row("banner.png", CreativeType.IMAGE))
    _mend(bare_workspace, _only(bare_workspace))
    _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 900, 750)
    _mend(bare_workspace, _only(bare_workspace))
    assert [_size(path.with_name(name)) for name in ("ORG_banner.png", "ORG_banner-1.png")] == [(600, 500), (900, 750)]


def test_cancelled_means_that_nothing_has_changed(bare_workspace: Workspace) -> None:
    _drawn(bare_workspace, "banner.png", CreativeType.IMAGE, 600, 500)
    _session(bare_workspace, _row("banner.png", CreativeType.IMAGE))
    before = _state(bare_workspace)
    with pytest.raises(Cancelled):
        mend(bare_workspace, {_only(bare_workspace): Wishes()}, now=NOW, cancelled=lambda: True)
    assert _state(bare_workspace) == before


@pytest.mark.parametrize("name", ["banner.png", "banner.webp"])
@pytest.mark.parametrize("step", ["make", "copy", "plan", "rows", "replace"])
def test_a_full_disk_leaves_the_session_as_it_was_or_the_next_call_completes_it(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str, step: str
) -> None:
    path = _drawn(bare_workspace, name, CreativeType.IMAGE, 600, 500)
    _session(bare_workspace, _row(name, CreativeType.IMAGE))
    file, before, replace = _only(bare_workspace), _state(bare_workspace), Path.replace
    with monkeypatch.context() as patch:
        if step == "make":
            patch.setattr(session, "make", lambda jobs, **_: [Made(one, trouble=FULL.strerror) for one in jobs])
        elif step == "copy":
            patch.setattr(shutil, "copy2", _fails)
        elif step == "replace":
            patch.setattr(
                Path, "replace", lambda one, to: _fails() if to == path.with_name("banner.png") else replace(one, to)
            )
        else:
            patch.setattr(csvfile if step == "rows" else session, "replace_file", _fails)
        with nullcontext() if step == "make" else pytest.raises((TrackingFileError, OSError), match="No space left"):
            assert "No space left on device" in _mend(bare_workspace, file).trouble
        noted = bool(preparations(bare_workspace))
        assert noted is (step in ("rows", "replace"))
        assert noted or _state(bare_workspace) == before
    with alone(bare_workspace, now=NOW):
        pass
    if noted:
        assert _verdicts(bare_workspace) == {"banner.png": Verdict.NEW}
        assert _state(bare_workspace)[f"ORG_{name}"] == before[name]
    assert not (bare_workspace.root / "uploaded" / ".preparing").exists()


def _half(workspace: Workspace, **wishes: float) -> Mended:
    [mended] = mend(workspace, {load_session(workspace).files[0]: Wishes(**wishes)}, half=True, now=NOW)
    return mended


@pytest.mark.parametrize("pair", [PAIR, ""])
def test_the_image_of_a_native_video_is_the_frame_that_a_person_chose(bare_workspace: Workspace, pair: str) -> None:
    path = _drawn(bare_workspace, VIDEO, CreativeType.NATIVE_VIDEO, 640, 360, 4)
    _session(bare_workspace, _row(VIDEO, CreativeType.NATIVE_VIDEO, f"{PAIR}-VID", pair))
    before = path.read_bytes()
    assert (_half(bare_workspace, still=2.0).name, path.read_bytes()) == (STILL, before)
    assert not path.with_name(f"ORG_{VIDEO}").exists()
    for inventory in (bare_workspace.session, bare_workspace.master):
        video, image = read_rows(inventory)
        assert (video["new_filename"], video["native_pair_id"], video["width_px"]) == (VIDEO, PAIR, "1")
        assert (image["new_filename"], image["native_pair_id"], image["width_px"]) == (STILL, PAIR, "640")
        assert (image["unique_id"], image["creative_type"], image["category"]) == (
            f"{PAIR}-IMG",
            "native_image",
            "Sports",
        )
    assert _verdicts(bare_workspace) == {VIDEO: Verdict.NEW, STILL: Verdict.NEW}
    with av.open(str(path)) as file:
        frames = [frame.to_image() for frame in file.decode(video=0)]
    with Image.open(bare_workspace.media_file(STILL, CreativeType.NATIVE_IMAGE)) as still:
        apart = [ImageStat.Stat(ImageChops.difference(still.convert("RGB"), one)).sum[0] for one in frames]
    assert apart.index(min(apart)) == 50


def test_no_video_is_made_of_an_image(bare_workspace: Workspace) -> None:
    _drawn(bare_workspace, STILL, CreativeType.NATIVE_IMAGE, 640, 360)
    _session(bare_workspace, _row(STILL, CreativeType.NATIVE_IMAGE, f"{PAIR}-IMG", PAIR))
    before = _state(bare_workspace)
    assert _half(bare_workspace).trouble == "a native video can't be made of an image"
    assert _state(bare_workspace) == before
