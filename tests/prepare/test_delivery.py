"""A delivery becomes files of the session: named, fitting, paired, known tomorrow, whole or not at all, taken back."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import typer
from deliveries import NATIVE, PLAIN, contents, image, media, names, taken, video
from PIL import Image
from world import NOW, read_rows, rejected_before, tjtools

from tjtools.cache.library import Library
from tjtools.cli import prepare as command
from tjtools.diff.session import Verdict
from tjtools.health.doctor import examine
from tjtools.health.status import overview
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.model.errors import Cancelled, TJToolsError, WorkspaceError
from tjtools.model.names import parse_name
from tjtools.prepare import session
from tjtools.prepare.delivery import Wanted, look_through
from tjtools.prepare.fit import Wishes
from tjtools.prepare.intake import plan_session
from tjtools.prepare.remembered import Preparation, preparations
from tjtools.prepare.session import cut_off, take_back, write_session
from tjtools.upload import prepare
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace


def left_out_by_the_command(workspace: Workspace, folder: Path) -> dict[str, str]:
    """Prepare, and say what stays out and why, with the option that would help."""
    done = tjtools("prepare", str(folder), "--workspace", str(workspace.root), "--json", cwd=folder)
    return {Path(one["path"]).name: one["reason"] for one in json.loads(done.stdout)["left_out"]}


def test_a_delivery_is_named_by_the_convention_and_written_down(shop: Workspace, folder: Path) -> None:
    video(folder / "Sports" / "beach sunset v2.mp4", seed=1)
    video(folder / "Big Garden" / "beach sunset v2.mp4", seed=2)
    image(folder / "Gaming-Anime-Bea" / "IMG_1234.png", seed=3)
    image(folder / "EN_Cooking_M_Both_NSFW_Soup_Cleo_12.png", (300, 100), seed=4)
    image(folder / "Sports" / "EN_Music_SFW_Song_Dora_ID-0A0B0C0D.png", (300, 100), seed=5)
    before = contents(folder)
    intake = taken(shop, folder)
    rows = {row["original_filename"] + row["category"]: row for row in read_rows(shop.session)}
    told = {key: parse_name(row["new_filename"]) for key, row in rows.items()}
    ids = {key: f"ID-{parsed.unique_id}" for key, parsed in told.items() if parsed}
    assert {key: row["new_filename"].replace(f"_{ids[key]}", "") for key, row in rows.items()} == {
        "beach sunset v2.mp4Sports": "EN_Sports_F_Real_SFW_BeachSunset_Ana_6sec.mp4",
        "beach sunset v2.mp4Big Garden": "EN_BigGarden_F_Real_SFW_BeachSunset_Ana_6sec.mp4",
        "IMG_1234.pngGaming": "EN_Gaming_F_Anime_SFW_Generic_Bea.png",
        "EN_Cooking_M_Both_NSFW_Soup_Cleo_12.pngCooking": "EN_Cooking_M_Both_NSFW_Soup_Cleo_T-12.png",
        "EN_Music_SFW_Song_Dora_ID-0A0B0C0D.pngMusic": "EN_Music_SFW_Song_Dora.png",
    }
    assert ids["EN_Music_SFW_Song_Dora_ID-0A0B0C0D.pngMusic"] == "ID-0A0B0C0D"
    assert {key: row["unique_id"] for key, row in rows.items()} == ids
    assert len(set(ids.values())) == 5
    assert {row["source_path"] for row in rows.values()} == {str(path) for path in before}
    assert read_rows(shop.master) == read_rows(shop.session)
    assert (intake.needs_a_person, contents(folder)) == (False, before)
    assert [one.verdict for one in prepare(shop).reviews] == [Verdict.NEW] * 5
    [noted] = preparations(shop)
    assert (len(noted.sources), set(noted.files)) == (5, set(names(shop)))


def test_what_was_prepared_is_known_by_its_content_and_redone_in_its_place_when_asked(
    shop: Workspace, folder: Path
) -> None:
    path = image(folder / "Sports" / "a.png", (600, 500))
    taken(shop, folder)
    before = contents(shop.root)
    path.rename(path.with_name("another name.png"))
    again = look_through(shop, folder, PLAIN)
    assert again.sources == ()
    assert [one.told for one in again.known] == [f"prepared on 2025-11-13 as {names(shop)[0]}"]
    assert taken(shop, folder).taken == ()
    assert contents(shop.root) == before
    first = set(media(shop))
    taken(shop, folder, NATIVE._replace(again=True, wishes=Wishes(letterbox=True)))
    assert (len(names(shop)), len(read_rows(shop.master)), first & media(shop)) == (1, 1, set())
    assert names(shop)[0].startswith("IMG_EN_Sports_")


def test_nothing_is_written_while_something_is_not_known(bare_workspace: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Gaming-Anime-Bea" / "b.png")
    before = contents(bare_workspace.root)
    words = ("prepare", str(folder), "--workspace", str(bare_workspace.root))
    done = tjtools(*words, "--no-input", cwd=folder)
    assert done.returncode == 2
    assert "delivery/Sports: model_sex, style, creator_name, language, content_type" in done.stderr
    assert "delivery/Gaming-Anime-Bea: model_sex, language, content_type" in done.stderr
    assert contents(bare_workspace.root) == before
    dry = tjtools(*words, "--dry-run", "--json", cwd=folder)
    assert json.loads(dry.stdout)["lacks"]["delivery/Sports"][0] == "model_sex"


def test_what_is_asked_once_a_folder_and_field_is_known_from_then_on(
    bare_workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Sports" / "b.png", (300, 100))
    asked, answers = [], iter(["F", "Cartoon", "real", "Ana", "en", "SFW"])

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(typer, "prompt", answer)
    delivery = command._answered(look_through(bare_workspace, folder, PLAIN), ask=True)
    assert ([one.partition(": ")[0] for one in asked], delivery.lacks) == (["delivery/Sports"] * 6, {})
    assert look_through(bare_workspace, folder, PLAIN).lacks == {}


def test_the_deepest_folder_goes_first(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "Videos" / "a.png")
    with shop.defaults.open("a", encoding="utf-8") as file:
        file.write("delivery,,,,Bea,ES,,,\nSports/Videos,,,,Cleo,,,Race,7\n")
    taken(shop, folder)
    assert names(shop)[0].startswith("ES_Sports_F_Real_SFW_Race_Cleo_T-7_ID-")


def test_a_native_pair_is_made_of_any_video(shop: Workspace, folder: Path) -> None:
    """Two files with one ID that fit, and their source beside them; an image is a still alone, and that is said."""
    video(folder / "Sports" / "race.mov", 9)
    video(folder / "Sports" / "goal_video.mp4", 3.9, (640, 360), seed=2)
    image(folder / "Sports" / "goal_thumb.png", (1280, 720), seed=2)
    image(folder / "Sports" / "alone.png", (1280, 720), seed=3)
    intake = taken(shop, folder, NATIVE)
    rows = read_rows(shop.session)
    pairs: dict[str, list[str]] = {}
    for row in rows:
        pairs.setdefault(row["native_pair_id"], []).append(row["unique_id"])
    [alone_id] = pairs.pop("")
    assert {pair: sorted(ids) for pair, ids in pairs.items()} == {
        pair: [f"{pair}-IMG", f"{pair}-VID"] for pair in pairs
    }
    assert (len(pairs), alone_id.endswith("-IMG")) == (2, True)
    race = next(
        row for row in rows if row["original_filename"] == "race.mov" and row["creative_type"] == "native_video"
    )
    assert (race["duration_seconds"], race["width_px"], race["height_px"]) == ("4", "640", "360")
    assert any(name.startswith("ORG_") and name.endswith(".mov") for name in media(shop))
    noted = {one.source.name: one.notes for one in intake.taken if one.notes}
    assert noted == {"alone.png": ("no video belongs to it by its name",)}
    assert [one.verdict for one in prepare(shop).reviews] == [Verdict.NEW] * 5


def test_a_half_whose_other_half_is_left_out_says_so(shop: Workspace, folder: Path) -> None:
    video(folder / "Sports" / "goal_video.mp4", 3.9, (640, 360), seed=2)
    image(folder / "Sports" / "goal_thumb.png", (400, 400), seed=2)
    [one] = taken(shop, folder, NATIVE).taken
    assert (one.notes, one.row["native_pair_id"]) == (("its other half, goal_thumb.png, is not among them",), "")


def test_whether_natives_have_sound_is_a_setting(shop: Workspace, folder: Path) -> None:
    path = video(folder / "Sports" / "race.mov", 9)
    for told, sound in (("true", True), ("false", False)):
        shop.settings_file.write_text(f"[prepare]\nnative_sound = {told}\n", "utf-8")
        [one] = look_through(shop, path, NATIVE).sources
        assert [piece.fit.recipe and piece.fit.recipe.sound for piece in one.pieces] == [sound, sound]
        assert one.fields["category_name"] == "Sports"


def test_a_name_by_the_convention_with_a_wrong_ending_gets_the_right_one(shop: Workspace, folder: Path) -> None:
    path = video(folder / "x.mp4")
    path.rename(folder / "EN_Sports_SFW_Race_Ana_6sec_ID-0A0B0C0D.mov")
    taken(shop, folder)
    assert (names(shop), media(shop)) == (["EN_Sports_SFW_Race_Ana_6sec_ID-0A0B0C0D.mp4"], {names(shop)[0]})


def test_a_loss_needs_a_word(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "wide.png", (900, 250))
    video(folder / "Sports" / "long.mp4", 40, (96, 54))
    video(folder / "Sports" / "short.mp4", 2, (96, 54), seed=1)
    left_out = left_out_by_the_command(shop, folder)
    assert set(left_out) == {"wide.png", "long.mp4", "short.mp4"}
    assert "--crop centre" in left_out["wide.png"]
    assert "--cut START" in left_out["long.mp4"]
    assert "too short" in left_out["short.mp4"]
    assert not shop.session.exists()
    given = ("--crop", "left", "--cut", "3", "--workspace", str(shop.root))
    done = tjtools("prepare", str(folder), *given, "--json", cwd=folder)
    told = json.loads(done.stdout)
    assert [Path(one["path"]).name for one in told["left_out"]] == ["short.mp4"]
    assert [loss for one in told["files"] for loss in one["losses"]] == [
        "cut: 30.9 of 40 s",
        "crop: 17 % of the width, the left is kept",
    ]
    assert [one.verdict for one in prepare(shop).reviews] == [Verdict.NEW] * 2


@pytest.mark.parametrize(
    ("words", "losses"),
    [
        (("--cut", "0", "--crop", "0", "DIR"), ["cut: 30.9 of 40 s", "crop: 17 % of the width, the left is kept"]),
        (("--cut=2.5", "DIR", "--crop", "20%"), ["cut: 30.9 of 40 s", "crop: 17 % of the width, at 20 %"]),
        (("DIR", "--crop", "100"), ["crop: 17 % of the width, the right is kept"]),
    ],
)
def test_a_cut_takes_a_second_and_a_crop_takes_percents(
    shop: Workspace, folder: Path, words: tuple[str, ...], losses: list[str]
) -> None:
    image(folder / "Sports" / "wide.png", (900, 250))
    video(folder / "Sports" / "long.mp4", 40, (96, 54))
    given = [str(folder) if word == "DIR" else word for word in words]
    done = tjtools("prepare", *given, "--dry-run", "--json", "--workspace", str(shop.root), cwd=folder)
    told = json.loads(done.stdout)["files"]
    assert [loss for one in told for loss in one["losses"]] == losses
    begins = "2.5" if "--cut=2.5" in words else "0"
    assert all(f"from {begins} s on" in one["mends"][0] for one in told if one["creative_type"] == "video")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--crop", "0.5"), "in percent: 50 is the centre"),
        (("--crop", "101"), "'101' is none of left, top, centre"),
        (("--cut", "1:30"), "'1:30' is no number of seconds"),
        (("--cut", "nan"), "'nan' is no number of seconds"),
        (("--still", "-1"), "'-1' is no number of seconds"),
    ],
)
def test_a_place_or_a_second_that_can_not_be_meant_is_refused(
    shop: Workspace, folder: Path, words: tuple[str, ...], said: str
) -> None:
    image(folder / "Sports" / "a.png")
    done = tjtools("prepare", str(folder), *words, "--workspace", str(shop.root), cwd=folder)
    assert (done.returncode, shop.session.exists()) == (2, False)
    assert said in done.stderr


def test_a_wrong_ending_and_another_format_become_right(shop: Workspace, folder: Path) -> None:
    with Image.open(image(folder / "Sports" / "a.png")) as picture:
        picture.convert("RGB").save(folder / "Sports" / "b.webp")
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "Sports" / "c.jpg", "png")
    taken(shop, folder, Wanted(allow_repeats=True))
    assert sorted(Path(name).suffix for name in names(shop)) == [".png", ".png", ".png"]
    assert [one.verdict for one in prepare(shop, force=True).reviews] == [Verdict.NEW] * 3


def test_a_repeat_of_a_rejected_creative_is_told_first_and_left_out(shop: Workspace, folder: Path) -> None:
    path = image(folder / "Sports" / "a.png")
    rejected_before(shop, path)
    twin = folder / "Gaming" / "b.png"
    twin.parent.mkdir()
    shutil.copy(image(folder / "Sports" / "c.png", seed=7), twin)
    left_out = left_out_by_the_command(shop, folder)
    assert ("REJECTED" in left_out["a.png"], "--allow-repeats" in left_out["a.png"]) == (True, True)
    assert "same content as" in left_out["c.png"]
    assert len(names(shop)) == 1
    assert [one.source.name for one in taken(shop, folder, Wanted(allow_repeats=True)).taken] == ["a.png"]


def test_another_rendition_of_a_source_is_known_although_its_mended_copy_went_up(shop: Workspace, folder: Path) -> None:
    """What went up was cropped so far that it looks like neither."""
    source = image(folder / "Sports" / "a.png", (1200, 250), seed=3)
    taken(shop, folder, Wanted(wishes=Wishes(crop=0.0)))
    [name] = names(shop)
    made = shop.media_file(name, CreativeType.IMAGE)
    Library.load(shop.library).add(
        [Creative("1032530571", name, None, "300x250", "png", CreativeType.IMAGE, ReviewStatus.REJECTED)]
    )
    kept = Fingerprints.load(shop)
    look = look_at([made], kept)[made]
    assert look
    kept.keep_uploads([Upload("1032530571", name, CreativeType.IMAGE, look)], now=NOW)
    with Image.open(source) as picture:
        picture.convert("RGB").resize((960, 200)).save(folder / "Sports" / "smaller.jpg", quality=90)
    source.unlink()
    [one] = look_through(shop, folder, Wanted(wishes=Wishes(crop=0.0))).sources
    assert [repeat.known.creative_id for repeat in one.repeats] == ["1032530571"]
    assert "REJECTED" in one.notes[0]


def test_a_preparation_is_taken_back_as_if_it_had_never_been(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "old.png", seed=1)
    taken(shop, folder)
    before, rows = media(shop), read_rows(shop.session)
    video(folder / "Sports" / "new.mp4", seed=2)
    taken(shop, folder, NATIVE)
    last, changed, *_ = take_back(shop, now=NOW)
    assert (len(last.sources), changed) == (1, ())
    assert (media(shop), read_rows(shop.session), read_rows(shop.master)) == (before, rows, rows)
    assert len(taken(shop, folder, NATIVE).taken) == 2


def test_what_was_uploaded_is_not_taken_back(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    taken(shop, folder)
    Library.load(shop.library).add([Creative("1032530571", names(shop)[0], creative_type=CreativeType.IMAGE)])
    before = contents(shop.root)
    with pytest.raises(WorkspaceError, match="1032530571"):
        take_back(shop, now=NOW)
    assert {path: data for path, data in contents(shop.root).items() if path in before} == before


def test_a_file_that_somebody_worked_on_since_stays(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Sports" / "b.png", (300, 100))
    taken(shop, folder)
    path = shop.root / "uploaded" / names(shop)[0]
    path.write_bytes(path.read_bytes() + b"\0")
    assert take_back(shop, now=NOW)[1] == (path,)
    assert (names(shop), media(shop)) == ([], {path.name})
    with pytest.raises(WorkspaceError, match="Nothing was prepared"):
        take_back(shop, now=NOW)


def test_the_command_takes_back(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    place = ("--workspace", str(shop.root))
    assert tjtools("prepare", str(folder), *place, cwd=folder).returncode == 0
    again = tjtools("prepare", str(folder), *place, cwd=folder)
    assert (again.returncode, again.stdout.partition(" →")[0]) == (0, "1 in the session already")
    before = names(shop)
    for more, said in ((folder / "Sports", f"was of {folder}"), ("--dry-run", "no dry run")):
        done = tjtools("prepare", "--undo", str(more), *place, cwd=folder)
        assert (done.returncode, said in " ".join(done.stderr.split()), names(shop)) == (2, True, before), done.stderr
    done = tjtools("prepare", "--undo", str(folder), *place, cwd=folder)
    assert (done.returncode, "Taken back: 1 file of" in done.stdout, media(shop)) == (0, True, set())
    assert tjtools("prepare", "--undo", *place, cwd=folder).returncode == 2


def _fail(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("where", "what", "complete"),
    [
        (shutil, "copy2", False),
        (session, "make", False),
        (session, "_write_plan", False),
        (Preparation, "note", False),
        (session, "_finish", True),
        (session, "drop_rows", True),
        (session, "renew_rows", True),
    ],
)
def test_whatever_ends_it_the_session_is_as_it_was_and_the_next_call_completes_it(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch, where: object, what: str, complete: bool
) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Sports" / "b.png", (600, 500), seed=1)
    delivered = contents(folder)
    with monkeypatch.context() as patch:
        patch.setattr(where, what, _fail)
        with pytest.raises((TJToolsError, OSError), match="No space left"):
            taken(shop, folder)
    assert (shop.session.exists(), contents(folder)) == (what == "drop_rows", delivered)
    assert (shop.root / "uploaded" / ".preparing").exists() is complete
    assert len(taken(shop, folder).taken) == (0 if complete else 2)
    assert shop.session.exists()
    assert (len(names(shop)), len(read_rows(shop.master)), len(media(shop))) == (2, 2, 3)
    assert not (shop.root / "uploaded" / ".preparing").exists()
    assert [one.verdict for one in prepare(shop).reviews] == [Verdict.NEW] * 2


def test_what_was_cut_off_is_told_with_what_to_do_and_finished_by_one_call(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(folder / "Sports" / "a.png")
    place = ("--workspace", str(shop.root))
    with monkeypatch.context() as patch:
        patch.setattr(session, "renew_rows", _fail)
        with pytest.raises(OSError, match="No space left"):
            taken(shop, folder)
    told = f"the preparation of {folder} on 2025-11-13 12:00 was cut off: not all of its 1 file may be in the session"
    [step] = [one for one in overview(shop, now=NOW).steps if "preparation" in one.what]
    assert (step.command, step.more, step.urgent) == ("tjtools prepare", told, True)
    [found] = [one for one in examine(shop.root, cwd=shop.root) if one.what == "preparations"]
    assert (found.well, found.found, found.remedy) == (False, f"{told}.", "Run: tjtools prepare")
    done = tjtools("prepare", *place, cwd=folder)
    assert (done.returncode, done.stdout) == (0, f"Finished: the preparation of {folder} on 2025-11-13 12:00\n")
    assert (len(names(shop)), cut_off(shop)) == (1, None)
    assert all("preparation" not in one.what for one in overview(shop, now=NOW).steps)
    [found] = [one for one in examine(shop.root, cwd=shop.root) if one.what == "preparations"]
    assert (found.well, found.found) == (True, "1, none of them cut off")
    assert "name the folder" in tjtools("prepare", *place, cwd=folder).stderr


@pytest.mark.parametrize("plan", [b"", b"[]", b'{"rows": [{"creative_type": "image"}], "removed": []}', b"\xff"])
def test_a_plan_that_something_has_damaged_is_refused_in_words_and_what_was_made_stays(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch, plan: bytes
) -> None:
    image(folder / "Sports" / "a.png")
    with monkeypatch.context() as patch:
        patch.setattr(session, "renew_rows", _fail)
        with pytest.raises(OSError, match="No space left"):
            taken(shop, folder)
    [path] = (shop.root / "uploaded" / ".preparing").rglob("plan.json")
    path.write_bytes(plan)
    before = contents(shop.root)
    done = tjtools("prepare", "--workspace", str(shop.root), cwd=folder)
    assert (done.returncode, contents(shop.root)) == (2, before)
    assert f"{path}: it can't be read" in done.stderr
    assert f"Remove {path.parent}, and prepare {folder} with --again." in done.stderr
    shutil.rmtree(path.parent)
    assert len(taken(shop, folder, Wanted(again=True)).taken) == 1
    assert (len(names(shop)), media(shop)) == (1, {*names(shop)})


def test_what_was_cut_off_before_it_was_written_down_is_to_be_prepared_again(shop: Workspace, folder: Path) -> None:
    image(shop.root / "uploaded" / ".preparing" / "20251113T170000-1a2b3c4d" / "a.png")
    told = "a preparation was cut off before anything of it was in the session"
    [step] = [one for one in overview(shop, now=NOW).steps if one.urgent and "prepare" in one.command]
    assert (step.command, step.more) == ("tjtools prepare DIR", told)
    done = tjtools("prepare", "--workspace", str(shop.root), cwd=folder.parent)
    assert (done.returncode, "Prepare the delivery again" in done.stdout, cut_off(shop)) == (1, True, None)
    assert not (shop.root / "uploaded" / ".preparing").exists()


def test_a_preparation_that_another_program_is_at_is_not_cut_off(shop: Workspace) -> None:
    image(shop.root / "uploaded" / ".preparing" / "20251113T170000-1a2b3c4d" / "a.png")
    with ThreadPoolExecutor(1) as other, locked(shop.tracking / "prepare"):
        assert other.submit(cut_off, shop).result() is None
    assert cut_off(shop)


def test_a_stop_prepares_nothing(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    delivery = plan_session(shop, look_through(shop, folder, PLAIN), now=NOW)
    with pytest.raises(Cancelled):
        write_session(shop, delivery, folder="x", now=NOW, cancelled=lambda: True)
    assert (shop.session.exists(), media(shop), preparations(shop)) == (False, set(), ())


def test_what_can_not_be_read_is_named_and_the_others_are_done(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Closed" / "b.png", seed=1)
    (folder / "Sports" / "c.mp4").write_bytes(b"nothing")
    access: Callable[..., bool] = os.access
    stat: Callable[..., os.stat_result] = os.stat
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "Closed" and access(path, mode))
    monkeypatch.setattr(
        os, "stat", lambda path, **more: _refused(path) if "Closed/" in str(path) else stat(path, **more)
    )
    found = {path.name: why for path, why in taken(shop, folder).left_out}
    assert "no rights" in found["Closed"]
    assert "no image or video that can be read" in found["c.mp4"]
    assert any(name.startswith("EN_Sports_") for name in names(shop))


def _refused(path: object) -> os.stat_result:
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_no_source_is_overwritten_by_a_name_by_the_convention(shop: Workspace, folder: Path) -> None:
    name = "EN_Music_SFW_Song_Dora_ID-0A0B0C0D.png"
    image(folder / "Music" / name, seed=1)
    image(shop.root / "uploaded" / name, seed=2)
    before = (shop.root / "uploaded" / name).read_bytes()
    [(_, why)] = taken(shop, folder).left_out
    assert ("another file of this name" in why, (shop.root / "uploaded" / name).read_bytes()) == (True, before)
