"""What deliveries and days have that nobody planned: nothing is lost, doubled, misnamed or taken back too far."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from deliveries import AS_IS, PLAIN, image, media, names, taken, video
from PIL import Image
from world import NOW, read_rows, rejected_before, tjtools, write_inventory

from tjtools.cache.inventory import load_session
from tjtools.cli import prepare as command
from tjtools.media.recipe import Job, Made, make
from tjtools.model.errors import Cancelled
from tjtools.model.names import parse_name
from tjtools.prepare import session
from tjtools.prepare.besides import is_unpacked
from tjtools.prepare.delivery import Wanted, look_through
from tjtools.prepare.fit import Wishes
from tjtools.prepare.incoming import Incoming, Offered, clear_cut_off
from tjtools.prepare.intake import plan_session
from tjtools.prepare.mend import mend
from tjtools.prepare.naming import COLUMNS
from tjtools.prepare.remembered import last_preparation
from tjtools.prepare.session import take_back
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace


def test_a_draft_says_of_files_that_nothing_tells_apart_that_all_of_them_go_in(shop: Workspace, folder: Path) -> None:
    for number in range(3):
        image(folder / "Sports" / f"IMG_{number}.png", seed=number)
    draft = plan_session(shop, look_through(shop, folder, PLAIN), now=NOW, draft=True)
    assert (len(draft.taken), draft.left_out) == (3, ())
    assert all("_ID-XXXX" in one.target.name and parse_name(one.target.name) is None for one in draft.taken)


def test_of_a_pair_of_which_one_half_fails_nothing_is_left_lying_about(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video(folder / "Sports" / "race.mp4", 9)
    image(folder / "Sports" / "goal.png", (1280, 720))

    def no_still_of_a_video(jobs: Sequence[Job], **more: object) -> list[Made]:
        bad = [one for one in jobs if one.source.suffix == ".mp4" and one.recipe.container == "png"]
        return [*make([one for one in jobs if one not in bad]), *(Made(one, trouble="No space left") for one in bad)]

    monkeypatch.setattr(session, "make", no_still_of_a_video)
    intake = taken(shop, folder, Wanted(native=True))
    assert [(path.name, why) for path, why in intake.left_out] == [("race.mp4", "No space left")]
    assert {name.rpartition("_ID-")[0] for name in media(shop)} == {
        "IMG_EN_Sports_F_Real_SFW_Goal_Ana",
        "ORG_EN_Sports_F_Real_SFW_Goal_Ana",
    }
    take_back(shop, now=NOW)
    assert media(shop) == set()


def test_taking_back_leaves_what_was_there_before_it(shop: Workspace, folder: Path) -> None:
    """A file and its row of which a preparation found that they are there already are none of its own."""
    there = image(shop.root / "uploaded" / "same.png")
    row = {"unique_id": "ID-1A2B3C4D", "new_filename": "same.png", "creative_type": "image", "category": "Sports"}
    write_inventory(shop.session, [row])
    image(folder / "new.png", (300, 100), seed=1)
    shutil.copy(there, folder / "same.png")
    taken(shop, folder, AS_IS)
    assert names(shop) == ["same.png", "new.png"]
    take_back(shop, now=NOW)
    assert (media(shop), names(shop)) == ({"same.png"}, ["same.png"])


def test_adding_finished_files_again_keeps_what_a_person_wrote_of_them(shop: Workspace) -> None:
    image(shop.root / "uploaded" / "banner 3 final.png")
    image(shop.root / "uploaded" / "new.png", (300, 100))
    row = {"unique_id": "ID-1A2B3C4D", "new_filename": "banner 3 final.png", "creative_type": "image"}
    told = {"category": "Sports", "creator_name": "Ana", "notes": "Ana's best", "native_pair_id": ""}
    write_inventory(shop.session, [row | told])
    for _ in range(2):
        taken(shop, shop.root / "uploaded", AS_IS)
        first, second = read_rows(shop.session)
        assert {column: first[column] for column in (*row, *told)} == row | told
        assert (first["width_px"], second["new_filename"]) == ("300", "new.png")
    take_back(shop, now=NOW)
    assert (names(shop), media(shop)) == (["banner 3 final.png"], {"banner 3 final.png", "new.png"})


def test_what_repeats_an_upload_under_another_name_is_taken_back_as_any_other(shop: Workspace, folder: Path) -> None:
    path = image(folder / "Sports" / "a.png")
    rejected_before(shop, path)
    taken(shop, folder, Wanted(allow_repeats=True))
    last = last_preparation(shop)
    assert last
    assert last.uploaded(shop) == {}
    take_back(shop, now=NOW)
    assert media(shop) == set()


def test_no_source_takes_the_place_of_another_that_is_kept(shop: Workspace, folder: Path) -> None:
    name = "EN_Music_SFW_Song_Dora_ID-0A0B0C0D.png"
    first = image(folder / name, (600, 500), seed=1).read_bytes()
    taken(shop, folder)
    image(folder / name, (1280, 720), seed=2)
    [(path, why)] = taken(shop, folder, Wanted(native=True)).left_out
    assert (path.name, "ORG_EN_Music_SFW_Song_Dora_ID-0A0B0C0D.png" in why) == (name, True)
    assert (shop.root / "uploaded" / f"ORG_{name}").read_bytes() == first


def test_the_source_of_what_went_up_stays_when_it_is_done_anew(shop: Workspace, folder: Path) -> None:
    path = image(folder / "Sports" / "a.png", (600, 500))
    taken(shop, folder)
    rejected_before(shop, shop.root / "uploaded" / names(shop)[0])
    kept = {name for name in media(shop) if name.startswith("ORG_")}
    log = shop.log.read_text("utf-8").replace('"filename":"old.png"', f'"filename":"{names(shop)[0]}"')
    shop.log.write_text(log.replace('"filename": "old.png"', f'"filename": "{names(shop)[0]}"'), "utf-8")
    taken(shop, folder, Wanted(again=True, allow_repeats=True))
    assert (len(names(shop)), kept <= media(shop), path.exists()) == (2, True, True)


def test_what_can_not_be_done_anew_stays_as_it_was_done_before(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(folder / "Sports" / "a.png", (600, 500))
    image(folder / "Sports" / "b.png", (600, 500), seed=1)
    taken(shop, folder)
    before, rows = media(shop), names(shop)

    def no_a(jobs: Sequence[Job], **more: object) -> list[Made]:
        return [Made(one, trouble="broken") if one.source.name == "a.png" else make([one])[0] for one in jobs]

    monkeypatch.setattr(session, "make", no_a)
    intake = taken(shop, folder, Wanted(again=True))
    assert [(path.name, why) for path, why in intake.left_out] == [("a.png", "broken")]
    assert (len(names(shop)), len(media(shop)), len({*names(shop)} & {*rows})) == (2, 4, 1)
    assert len(media(shop) & before) == 2
    assert names(shop)[0] == rows[0]


def test_of_two_of_one_content_only_the_one_that_is_asked_for_is_done_anew(shop: Workspace, folder: Path) -> None:
    one = image(folder / "Sports" / "beach.png", (600, 500))
    shutil.copy(one, one.with_name("lawn.png"))
    taken(shop, folder, Wanted(allow_repeats=True))
    [kept] = [name for name in names(shop) if "_Lawn_" in name]
    taken(shop, one, Wanted(again=True))
    assert (len(names(shop)), kept in names(shop), len(media(shop))) == (2, True, 4)


def test_of_two_sources_that_would_be_kept_under_one_name_one_is_left_out(shop: Workspace, folder: Path) -> None:
    one = image(folder / "Sports" / "IMG_EN_New_ID-12345678-IMG.png", (1280, 720))
    two = image(folder / "Music" / "b.png", (900, 500), seed=1)
    two.rename(two.with_name("IMG_EN_New_ID-12345678-IMG.PNG"))
    with Image.open(two.with_name("IMG_EN_New_ID-12345678-IMG.PNG")) as picture:
        picture.convert("RGB").save(two.with_name("IMG_EN_New_ID-12345678-IMG.PNG"), "jpeg")
    intake = taken(shop, folder, Wanted(wishes=Wishes(crop=0.5)))
    assert [(path.name, "ORG_EN_New_ID-12345678.png" in why) for path, why in intake.left_out] == [(one.name, True)]
    take_back(shop, now=NOW)
    assert media(shop) == set()


def test_the_source_of_what_was_mended_goes_with_it_when_it_is_done_anew(shop: Workspace, folder: Path) -> None:
    path = image(folder / "EN_Music_SFW_Song_Dora_ID-0A0B0C0E.png", (1280, 720))
    with Image.open(path) as picture:
        picture.convert("RGB").save(path.with_suffix(".webp"), "jpeg")
    path.unlink()
    taken(shop, folder, AS_IS)
    [file] = load_session(shop).files
    [mended] = mend(shop, {file: Wishes(crop=0.5)}, now=NOW)
    assert mended.trouble == ""
    before = media(shop)
    taken(shop, folder, Wanted(native=True, again=True))
    take_back(shop, now=NOW)
    assert media(shop) == before
    take_back(shop, now=NOW)
    assert media(shop) == set()


@pytest.mark.parametrize("more", ["--again", "--undo"])
def test_while_an_upload_may_be_at_its_files_none_is_taken_away(shop: Workspace, folder: Path, more: str) -> None:
    image(folder / "Sports" / "a.png", (600, 500))
    taken(shop, folder)
    [file] = load_session(shop).files
    Journal(shop.log).handed_over([file], section=file.section, run="1", now=NOW)
    before = media(shop)
    place = [] if more == "--undo" else [str(folder)]
    done = tjtools("prepare", *place, more, "--workspace", str(shop.root), cwd=folder)
    assert (done.returncode, media(shop)) == (2, before)
    assert "An upload has not found out yet what became of its files" in done.stderr


def test_what_lies_on_its_way_into_the_session_is_none_of_its_files(shop: Workspace, folder: Path) -> None:
    image(shop.root / "uploaded" / "a.png", seed=1)
    image(shop.incoming / "20251113T120000-1a2b3c4d" / "files" / "b.png", seed=2)
    image(shop.incoming / "20251113T120000-1a2b3c4e" / "0.png", seed=3)
    intake = taken(shop, shop.root / "uploaded", AS_IS)
    assert ([one.source.name for one in intake.taken], intake.left_out) == (["a.png"], ())


def test_a_repeat_of_the_session_is_found_although_nobody_has_looked_at_that_yet(shop: Workspace, folder: Path) -> None:
    there = image(shop.root / "uploaded" / "old.png")
    write_inventory(shop.session, [{"unique_id": "1", "new_filename": "old.png", "creative_type": "image"}])
    (folder / "Sports").mkdir(parents=True)
    shutil.copy(there, folder / "Sports" / "again.png")
    [(path, why)] = taken(shop, folder).left_out
    assert (path.name, why) == ("again.png", "same content as old.png of this session")


@pytest.mark.parametrize(
    ("place", "lacks"),
    [
        ("\U0001f3ac-Anime-Bea", ("category_name",)),
        ("Gaming-Anime-\U0001f3ac", ("creator_name",)),
        ("Gaming - Anime - Bea", ()),
    ],
)
def test_what_no_name_can_be_made_of_is_asked_for(
    bare_workspace: Workspace, folder: Path, place: str, lacks: tuple[str, ...]
) -> None:
    bare_workspace.defaults.write_text(f"{','.join(COLUMNS)}\n,,F,,,EN,SFW,,\n", "utf-8")
    [one] = look_through(bare_workspace, image(folder / place / "a.png"), PLAIN).sources
    assert (one.lacks, one.fields["style"]) == (lacks, "Anime")
    assert {**one.fields}.get("category_name", "Gaming") == "Gaming"


def test_what_is_neither_word_nor_number_in_a_structured_name_is_asked_for(shop: Workspace, folder: Path) -> None:
    shop.defaults.write_text(f"{','.join(COLUMNS)}\n,,F,Real,,EN,SFW,,\n", "utf-8")
    [one] = look_through(shop, image(folder / "Sports" / "EN_Music_F_Real_SFW_Song_++.png"), PLAIN).sources
    assert one.lacks == ("creator_name",)


def test_a_source_is_kept_under_an_ending_that_is_one(shop: Workspace, folder: Path) -> None:
    path = image(folder / "Sports" / "x.png", (600, 500))
    path.rename(folder / "Sports" / f"take 2.the one with the {'very ' * 40}long lawn")
    taken(shop, folder)
    assert sorted(Path(name).suffix for name in media(shop)) == [".png", ".png"]


def test_links_to_folders_and_to_nothing_are_told(shop: Workspace, folder: Path, tmp_path: Path) -> None:
    image(tmp_path / "elsewhere" / "a.png")
    (folder / "Sports").mkdir(parents=True)
    (folder / "Gaming").symlink_to(tmp_path / "elsewhere")
    (folder / "Sports" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "Sports" / "good.png").symlink_to(image(tmp_path / "elsewhere" / "b.png", seed=1))
    intake = taken(shop, folder)
    assert [one.source.name for one in intake.taken] == ["good.png"]
    assert {path.name: why for path, why in intake.left_out} == {
        "Gaming": "this is a link to another folder: prepare that one",
        "gone.png": "this is a link to a file that is gone",
    }


PACKED = "this is packed: unpack it"
COMING = "its download has not ended: wait for it, or fetch it again"


def test_what_is_packed_or_still_coming_is_told_as_left_out(shop: Workspace, folder: Path) -> None:
    """The creatives may all be in it; a first part of a download may even look like a whole file."""
    image(folder / "Sports" / "goal.png")
    for name in ("more.zip", "Sports/rest.RAR", ".cache/own.zip", "race.mp4.part"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"PK")
    shutil.copy(folder / "Sports" / "goal.png", folder / "late.png.crdownload")
    found = look_through(shop, folder, PLAIN)
    assert {path.relative_to(folder).as_posix(): why for path, why in found.left_out} == {
        "more.zip": PACKED,
        "Sports/rest.RAR": PACKED,
        "race.mp4.part": COMING,
        "late.png.crdownload": COMING,
    }
    assert look_through(shop, folder / "more.zip", PLAIN).left_out == ((folder / "more.zip", PACKED),)


def test_what_repeats_another_file_of_its_delivery_is_said_to(shop: Workspace, folder: Path) -> None:
    """There is no session yet of which that could be."""
    one = image(folder / "Sports" / "a.png")
    shutil.copy(one, folder / "Sports" / "b.png")
    [(path, why)] = look_through(shop, folder, PLAIN).left_out
    assert (path.name, why) == ("b.png", "same content as a.png of this delivery")


def test_an_archive_of_which_all_is_beside_it_is_not_told(shop: Workspace, folder: Path) -> None:
    """Else a delivery that was unpacked wants a person for ever; what a Mac adds of its own counts for nothing."""
    goal, race = image(folder / "Sports" / "Tor Müller.png"), image(folder / "Sports" / "race.png", seed=1)
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(goal, "ads/Tor Mu\u0308ller.png")
        archive.write(race, "ads/race.png")
        archive.writestr("__MACOSX/ads/._race.png", b"shadow")
        archive.writestr("brief.pdf", b"%PDF")
    assert look_through(shop, folder, PLAIN).left_out == ()
    race.write_bytes(race.read_bytes()[:-1] + b"x")  # as long, but not what is in the archive
    assert (folder / "all.zip", PACKED) in look_through(shop, folder, PLAIN).left_out
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.write(race, "race.png")
    race.rename(folder / "race.png.bak")  # which nobody takes for a picture
    assert (folder / "all.zip", PACKED) in look_through(shop, folder, PLAIN).left_out
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("brief.pdf", b"%PDF")
    assert (folder / "all.zip", PACKED) in look_through(shop, folder, PLAIN).left_out


def test_who_stops_need_not_wait_until_all_beside_a_large_archive_is_read(folder: Path) -> None:
    race = image(folder / "race.png")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.write(race, "race.png")
    with pytest.raises(Cancelled):
        is_unpacked(folder / "all.zip", [race], cancelled=lambda: True)


def test_what_is_no_image_or_video_is_counted_in_one_line_and_wants_nobody(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "EN_Sports_F_Real_SFW_Generic_Ana_ID-99A0D7C3.png", (300, 250))
    for name in ("a.psd", "Sports/b.PSD", "brief.pdf", "LICENSE", "Thumbs.db", ".DS_Store"):
        (folder / name).write_text("no picture")
    done = tjtools("prepare", str(folder), cwd=shop.root)
    told = "4 files passed over, which are no image or video: 2 .psd, 1 without an ending, 1 .pdf."
    assert (done.returncode, told in done.stdout.splitlines()) == (0, True)
    (folder / "Sports/EN_Sports_F_Real_SFW_Generic_Ana_ID-99A0D7C3.png").unlink()
    assert told in tjtools("prepare", str(folder), cwd=shop.root).stdout.splitlines()
    assert look_through(shop, shop.root.parent, PLAIN).passed_over == {}


def test_of_what_another_window_is_sent_nothing_is_told_as_left_out(shop: Workspace) -> None:
    for place in ("1/b.zip", "1/a.zip"):
        (shop.incoming / place).parent.mkdir(parents=True, exist_ok=True)
        (shop.incoming / place).write_bytes(b"PK")
    assert look_through(shop, shop.root, PLAIN).left_out == ()
    assert [path.name for path, _ in look_through(shop, shop.incoming / "1", PLAIN).left_out] == ["a.zip", "b.zip"]


def test_where_all_is_left_out_there_is_nothing_to_review(shop: Workspace, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "empty.png").touch()
    done = tjtools("prepare", str(folder), cwd=shop.root)
    assert done.stdout.splitlines()[-1] == "1 left out"


def test_the_category_of_one_folder_is_not_proposed_for_the_next(
    bare_workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(folder / "1" / "a.png")
    image(folder / "2" / "b.png", seed=1)
    proposed: list[tuple[str, object]] = []

    def answer(question: str, default: object = None, **_: object) -> str:
        proposed.append((question, default))
        return {"Category": "Sports", "Language": "EN", "Creator": "Ana"}.get(
            question.partition(": ")[2].partition(",")[0], question.partition(": ")[2].partition(": ")[2].split(", ")[0]
        )

    monkeypatch.setattr(typer, "prompt", answer)
    command._answered(look_through(bare_workspace, folder, PLAIN), ask=True)
    assert [default for question, default in proposed if "Category" in question] == [None, None]
    assert [default for question, default in proposed if "Creator" in question] == [None, "Ana"]


def test_two_dropped_files_of_one_path_never_become_one(bare_workspace: Workspace, folder: Path) -> None:
    """A search in the file manager shows files of several folders, and all of them can be dropped at once."""
    coming = Incoming.begin(bare_workspace, [Offered("a.png", 3), Offered("a.png", 4)], now=NOW)
    for (name, one), data in zip(coming.files.items(), (b"one", b"four"), strict=True):
        (coming.folder / name).write_bytes(data[: one.size])
    coming = coming.arrived()
    assert (coming.media / "a.png").read_bytes() == b"one"
    assert [(path.name, why) for path, why in coming.left_out] == [("a.png", "another dropped file has this name")]


def test_a_stray_file_keeps_no_cut_off_transfer(bare_workspace: Workspace) -> None:
    (bare_workspace.incoming / "20251113T120000-1a2b3c4d").mkdir(parents=True)
    (bare_workspace.incoming / ".DS_Store").touch()
    os.utime(bare_workspace.incoming / "20251113T120000-1a2b3c4d", (1, 1))
    assert clear_cut_off(bare_workspace) == 1
