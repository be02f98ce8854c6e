"""Adding files on the desk: what is asked, what a yes does, what goes through without a question, and the way back."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import ipywidgets as w
import pytest
from PIL import Image, ImageOps
from views import buttons, inside, looked, shown, words
from world import NOW, banner, read_rows, rejected_before, session

from tjtools.cache.library import Library
from tjtools.diff.session import Verdict
from tjtools.model.creative import Creative, CreativeType
from tjtools.model.errors import WorkspaceError
from tjtools.practice import samples
from tjtools.prepare.incoming import Incoming, Offered
from tjtools.prepare.naming import COLUMNS, Defaults
from tjtools.prepare.remembered import preparations
from tjtools.widgets.mend import BeforeAfter
from tjtools.widgets.panel import State
from tjtools.widgets.prepare import CHANGED, LATER, Adding, Form
from tjtools.widgets.prepare_view import Drop
from tjtools.widgets.review import Group, Review
from tjtools.widgets.review_view import Gallery, review_view
from tjtools.widgets.view import Table
from tjtools.workspace.folder import Workspace

ALL = f"{','.join(COLUMNS)}\n,,F,Real,Ana,EN,SFW,,\n"
FINISHED = "EN_Music_F_Real_SFW_Song_Dora_ID-0A0B0C0D.png"


def image(path: Path, size: tuple[int, int] = (300, 250), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples.write_image(path, width=size[0], height=size[1], title=path.stem, seed=seed)
    return path


def video(path: Path, seconds: float, seed: int = 0, size: tuple[int, int] = (160, 90)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples.write_video(path, width=size[0], height=size[1], seconds=seconds, title=path.stem, seed=seed, fps=5)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders of a creator's: one picture that fits, one to scale, one to crop, and a video to cut."""
    image(tmp_path / "shoot 3/Sports/IMG_0001.png", seed=1)
    image(tmp_path / "shoot 3/Sports/goal.png", (600, 500), seed=2)
    image(tmp_path / "shoot 3/Big Garden/wide lawn.png", (900, 500), seed=3)
    video(tmp_path / "shoot 3/Big Garden/long story.mp4", 33, seed=4)
    return tmp_path / "shoot 3"


@pytest.fixture
def shop(bare_workspace: Workspace) -> Workspace:
    """A workspace whose defaults tell all but the category."""
    bare_workspace.defaults.write_text(ALL, "utf-8")
    return bare_workspace


def ended(adding: Adding, state: State = State.DONE) -> None:
    assert adding.panel.task.wait(90)
    assert adding.panel.task.state is state, adding.panel.task.error


def asked(workspace: Workspace, folder: Path) -> Review:
    review = looked(workspace)
    review.adding.look_into(str(folder))
    ended(review.adding)
    return review


def names(workspace: Workspace) -> list[str]:
    return [row["new_filename"] for row in read_rows(workspace.session)] if workspace.session.exists() else []


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def dropped(workspace: Workspace, folder: Path, *paths: Path) -> Incoming:
    """What a browser does with these files."""
    offered = [Offered(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]
    coming = Incoming.begin(workspace, offered, now=NOW)
    for name, one in coming.files.items():
        shutil.copy(folder / one.path, coming.folder / name)
    return coming


def test_a_folder_is_looked_through_asked_about_and_added_with_one_button(
    bare_workspace: Workspace, folder: Path
) -> None:
    before, review = contents(folder), asked(bare_workspace, folder)
    adding = review.adding
    view = review_view(review)
    assert (names(bare_workspace), adding.ready) == ([], False)
    assert "4 files" in words(view)
    assert "2 to decide" in words(view)
    assert "5 fields to fill in" in words(view)
    sports = folder / "Sports"
    for field, text in {"model_sex": "F", "style": "real", "creator_name": "Ana", "language": "en"}.items():
        adding.form.answer(sports, field, text)
    assert "1 field to fill in" in words(view)
    assert buttons(view)["Add 2 files"].disabled
    adding.form.answer(sports, "content_type", "SFW")
    buttons(view)["All 2 as proposed"].click()
    buttons(view)["Add 4 files"].click()
    ended(adding)
    assert contents(folder) == before
    assert (adding.delivery, [one.verdict for one in review.reviews]) == (None, [Verdict.NEW] * 4)
    assert {row["category"] for row in read_rows(bare_workspace.session)} == {"Sports", "Big Garden"}
    assert "✓ 4 files added." in words(view)
    assert len(review.chosen) == 4


def test_what_was_said_of_a_folder_is_kept_and_goes_for_the_others_until_they_have_their_own(
    bare_workspace: Workspace, folder: Path
) -> None:
    adding = asked(bare_workspace, folder).adding
    sports, garden = folder / "Sports", folder / "Big Garden"
    for field, text in {"model_sex": "F", "style": "Real", "content_type": "SFW", "language": "EN"}.items():
        adding.form.answer(garden, field, text)
    adding.form.answer(garden, "creator_name", "Bea")
    adding.form.answer(sports, "creator_name", "Ana")
    adding.form.answer(garden, "creator_name", "Cleo")
    assert {one.name: told["creator_name"] for one, told in adding.form.told.items()} == {
        "Sports": "Ana",
        "Big Garden": "Cleo",
    }
    assert adding.planned is not None
    assert {one.row["creator_name"] for one in adding.planned.taken} == {"Ana"}  # the others wait for a yes
    adding.add()
    ended(adding)
    rows = {row["folder_path"]: row["creator_name"] for row in read_rows(bare_workspace.defaults)}
    assert rows == {garden.as_posix(): "Cleo", sports.as_posix(): "Ana"}
    image(folder / "Sports/another.png", seed=9)
    adding.look_into(str(folder))
    ended(adding)
    assert (adding.missing, len(adding.delivery.known) if adding.delivery else 0) == (0, 2)


def test_what_goes_for_other_folders_is_shown_before_anything_that_takes_time(
    bare_workspace: Workspace, folder: Path
) -> None:
    """Who is at the next folder's field by then would have what they write there replaced: EN for the DE they typed."""
    review = asked(bare_workspace, folder)
    view, order = review_view(review), list[str]()
    garden, sports = (
        next(one for one in shown(view) if getattr(one, "tooltip", "") == f"Language of {name}")
        for name in ("Big Garden", "Sports")
    )
    review.adding.observe(lambda _change: order.append("planned"), "planned")
    sports.observe(lambda _change: order.append("shown"), "value")
    garden.value = "EN"
    assert (sports.value, order) == ("EN", ["shown", "planned"])


def test_what_can_not_be_meant_is_told_at_the_form_and_is_no_answer(bare_workspace: Workspace, folder: Path) -> None:
    review = asked(bare_workspace, folder)
    view = review_view(review)
    [language, *_] = [one for one in shown(view) if getattr(one, "tooltip", "") == "Language of Sports"]
    language.value = "english"
    assert "language is 'english'; it is a code like EN" in words(view)
    assert review.adding.missing == 5
    language.value = "es"
    assert (language.value, review.adding.missing) == ("ES", 4)
    assert "it is a code" not in words(view)


def test_names_that_were_written_before_are_offered(bare_workspace: Workspace, folder: Path) -> None:
    session(bare_workspace, [{"new_filename": "old.png", "creative_type": "image", "creator_name": "Zoe"}])
    view = review_view(asked(bare_workspace, folder))
    [creator] = [one for one in shown(view) if getattr(one, "tooltip", "") == "Creator of Sports"]
    assert creator.options == ("Zoe",)


def test_finished_files_go_through_without_a_question(bare_workspace: Workspace, tmp_path: Path) -> None:
    image(tmp_path / "finished" / FINISHED)
    review = asked(bare_workspace, tmp_path / "finished")
    assert (names(bare_workspace), review.adding.delivery) == ([FINISHED], None)
    assert [one.file.name for one in review.reviews] == [FINISHED]


def test_finished_files_that_are_dropped_do_so_too_and_nothing_of_the_transfer_stays(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    review = looked(bare_workspace)
    review.adding.take(dropped(bare_workspace, tmp_path, image(tmp_path / "drop" / FINISHED)))
    ended(review.adding)
    assert [(row["new_filename"], row["source_path"]) for row in read_rows(bare_workspace.session)] == [
        (FINISHED, f"drop/{FINISHED}")
    ]
    assert not bare_workspace.incoming.exists()
    assert [one.folder for one in preparations(bare_workspace)] == ["the desk"]


def test_other_files_that_are_dropped_are_asked_about_and_stay_until_then(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    paths = [image(tmp_path / "a.png", seed=1), image(tmp_path / "shoot/Travel/b.png", seed=2)]
    review = looked(bare_workspace)
    adding = review.adding
    adding.take(dropped(bare_workspace, tmp_path, *paths))
    ended(adding)
    assert [adding.called(one) for one in adding.form.fields] == ["the dropped files", "shoot/Travel"]
    loose, travel = adding.form.fields
    adding.form.answer(loose, "category_name", "Cooking")
    for field in ("model_sex", "style", "creator_name", "language", "content_type"):
        adding.form.answer(travel, field, {"model_sex": "M", "style": "Both", "content_type": "SFW"}.get(field, "Es"))
    review.look(review.task)  # as another tab may ask for meanwhile
    assert bare_workspace.incoming.exists()
    adding.add()
    ended(adding)
    assert {(row["category"], row["source_path"]) for row in read_rows(bare_workspace.session)} == {
        ("Cooking", "a.png"),
        ("Travel", "shoot/Travel/b.png"),
    }
    assert not bare_workspace.incoming.exists()
    kept = [row["folder_path"] for row in read_rows(bare_workspace.defaults)]
    assert kept == ["the desk/shoot/Travel"]  # where they lay while they were asked about is no folder of anybody's


def test_an_archive_that_is_dropped_with_others_is_told_while_they_are_asked_about(
    shop: Workspace, folder: Path
) -> None:
    (folder / "rest.zip").write_bytes(b"PK")
    review = looked(shop)
    view = review_view(review)
    review.adding.take(dropped(shop, folder, folder / "Sports/goal.png", folder / "rest.zip"))
    ended(review.adding)
    assert "rest.zip: this is packed: unpack it" in words(view)
    assert "2 files" in words(view)
    assert "1 can't go" in words(view)


def test_not_now_removes_what_was_dropped_and_leaves_a_folder_alone(shop: Workspace, folder: Path) -> None:
    before, review = contents(folder), asked(shop, folder)
    view = review_view(review)
    buttons(view)["Not now"].click()
    assert (review.adding.delivery, contents(folder), names(shop)) == (None, before, [])
    review.adding.take(dropped(shop, folder, folder / "Sports/IMG_0001.png"))
    ended(review.adding)
    assert review.adding.delivery is not None
    buttons(view)["Not now"].click()
    assert not shop.incoming.exists()


def test_while_a_person_is_asked_about_a_delivery_the_session_is_one_press_away(shop: Workspace, folder: Path) -> None:
    session(shop, [banner(shop.root / "uploaded", "a.png")])
    review = asked(shop, folder)
    view = review_view(review)
    heading = buttons(view, w.ToggleButton)["The session, 1 file"]
    assert [one for one in shown(view) if isinstance(one, Gallery)] == []
    heading.value = True
    assert [one for one in shown(view) if isinstance(one, Gallery)]
    assert {"Save as the plan", "Not now"} < buttons(view).keys()
    review.adding.form.answer(folder / "Sports", "content_type", "SFW")
    buttons(view)["All 2 as proposed"].click()
    assert heading.value
    buttons(view)["Not now"].click()
    assert "The session, 1 file" not in buttons(view, w.ToggleButton)
    assert [one for one in shown(view) if isinstance(one, Gallery)]


def test_what_repeats_a_known_creative_is_told_first_and_added_on_a_persons_word(shop: Workspace, folder: Path) -> None:
    rejected_before(shop, folder / "Sports/IMG_0001.png")
    review = asked(shop, folder)
    view = review_view(review)
    assert "⚠ 1 file repeats what is known" in words(view)
    assert "Sports/IMG_0001.png: same content as ID 1032530511" in words(view)
    assert "it was REJECTED on 2025-11-13" in words(view)
    assert "Add 1 file" in buttons(view)
    [also] = [one for one in shown(view) if isinstance(one, w.Checkbox) and one.description.endswith("all the same")]
    assert also.description == "Add Sports/IMG_0001.png all the same"
    also.value = True
    assert "Add 2 files" in buttons(view)
    also.value = False
    assert "--" not in words(view)  # nobody here gives options
    buttons(view)["Add 1 file"].click()
    ended(review.adding)
    assert len(names(shop)) == 1


def test_what_looks_like_another_is_told_and_added_with_the_same_button(shop: Workspace, tmp_path: Path) -> None:
    original = image(tmp_path / "shoot 4/Travel/harbour.png", seed=5)
    ImageOps.mirror(Image.open(original)).save(original.with_name("harbour again.png"))
    review = asked(shop, tmp_path / "shoot 4")
    told = words(review_view(review))
    assert "mirrored" in told
    assert "≈ 1 file looks like what is known" in told
    assert "⚠" not in told  # nothing is left out
    review.adding.add()
    ended(review.adding)
    assert len(names(shop)) == 2


def test_what_would_be_lost_is_decided_one_by_one(shop: Workspace, folder: Path) -> None:
    review = asked(shop, folder)
    adding, view = review.adding, review_view(review)
    [shape] = [one for one in inside(view) if isinstance(one, BeforeAfter) and one._asking is adding]
    assert "2 to decide: 1 to cut, 1 to crop" in words(view)
    buttons(view)["Decide"].click()
    assert shape.shape["name"] == "long story.mp4"
    adding.start = 2.0
    assert "33 s → 30.9 s, from 2 s on" in words(view)
    buttons(view)["Take it so"].click()
    assert (shape.shape["name"], adding.start) == ("wide lawn.png", 0.0)
    adding.crop = 1.0
    buttons(view)["Take it so"].click()
    assert (adding.asked, "Add 4 files" in buttons(view)) == (None, True)
    [table] = [one for one in shown(view) if isinstance(one, Table) and one.what == "files"]
    told = dict(zip(table.frame["file"], table.frame["how"], strict=True))
    assert "from 2 s on" in told["Big Garden/long story.mp4"]
    assert "the right is kept" in told["Big Garden/wide lawn.png"]
    adding.ask(folder / "Big Garden/wide lawn.png")  # a person may change their mind
    adding.crop = 0.0
    adding.agree()
    buttons(view)["Add 4 files"].click()
    ended(adding)
    notes = {row["original_filename"]: row["notes"] for row in read_rows(shop.session)}
    assert "from 2 s on" in notes["long story.mp4"]
    assert [one.verdict for one in review.reviews] == [Verdict.NEW] * 4


def test_native_pairs_at_a_tick_each_from_where_the_person_says(shop: Workspace, tmp_path: Path) -> None:
    video(tmp_path / "shoot/Travel/road trip.mp4", 9, size=(640, 360))
    review = asked(shop, tmp_path / "shoot")
    adding = review.adding
    adding.native = True
    ended(adding)
    assert (adding.questions, len(adding.choices)) == ((), 1)
    adding.ask(adding.choices[0])
    adding.start = 4.0
    adding.agree()
    assert adding.planned is not None
    assert [one.creative_type.value for one in adding.planned.taken] == ["native_video", "native_image"]
    assert "from 4 s on" in "; ".join(adding.planned.taken[0].fit.mends)
    adding.native = False
    ended(adding)
    assert [one.creative_type.value for one in adding.planned.taken] == ["video"]
    adding.native = True
    ended(adding)
    adding.add()
    ended(adding)
    assert len({row["native_pair_id"] for row in read_rows(shop.session)}) == 1
    assert [one.verdict for one in review.reviews] == [Verdict.NEW] * 2


def test_the_still_of_a_pair_is_chosen_apart_from_its_cut(shop: Workspace, tmp_path: Path) -> None:
    """Of a video that fits as it is, too."""
    video(tmp_path / "shoot/Travel/road trip.mp4", 9, size=(640, 360))
    video(tmp_path / "shoot/Travel/short trip.mp4", 4, size=(640, 360), seed=1)
    review = asked(shop, tmp_path / "shoot")
    adding, view = review.adding, review_view(review)
    adding.native = True
    ended(adding)
    [shape] = [one for one in inside(view) if isinstance(one, BeforeAfter) and one._asking is adding]
    road, short = sorted(adding.choices, key=str)
    adding.ask(road)
    assert (shape.shape["length"], shape.shape["still"], shape.still) == (4.0, 0.3, None)
    shape.start, shape.still = 4.0, 1.5
    adding.agree()
    adding.ask(short)
    assert (shape.shape["length"], shape.shape["still"]) == (0.0, 0.0)
    shape.start = 2.5
    adding.agree()
    assert adding.planned is not None
    told = {(one.source, one.creative_type.value): one.fit.recipe for one in adding.planned.taken}
    assert {key: recipe and recipe.start for key, recipe in told.items()} == {
        (road, "native_video"): 4.0,
        (road, "native_image"): 1.5,
        (short, "native_video"): None,
        (short, "native_image"): 2.5,
    }


@pytest.mark.parametrize("at_once", [True, False])
def test_a_yes_to_one_picture_of_an_animation_is_heard(shop: Workspace, tmp_path: Path, at_once: bool) -> None:
    path = tmp_path / "shoot/Travel/a.gif"
    path.parent.mkdir(parents=True)
    first, *others = (Image.new("RGB", (640, 360), (90 * number, 40, 40)) for number in range(3))
    first.save(path, save_all=True, append_images=others)
    adding = asked(shop, tmp_path / "shoot").adding
    assert adding.questions == (path,)
    adding.ask(path)
    adding.agree_to_all() if at_once else adding.agree()
    assert (adding.questions, adding.ready) == ((), True)


def test_folders_that_are_dropped_together_are_known_by_their_own_names(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    paths = [image(tmp_path / "Travel/a.png", seed=1), image(tmp_path / "Cooking/b.png", (300, 100), seed=2)]
    adding = looked(bare_workspace).adding
    adding.take(dropped(bare_workspace, tmp_path, *paths))
    ended(adding)
    answers = {"model_sex": "M", "style": "Both", "creator_name": "Ana", "language": "EN", "content_type": "SFW"}
    for field, text in answers.items():
        adding.form.answer(next(iter(adding.form.fields)), field, text)
    adding.add()
    ended(adding)
    kept = [row["folder_path"] for row in read_rows(bare_workspace.defaults)]
    assert sorted(kept) == ["the desk/Cooking", "the desk/Travel"]
    assert Defaults.load(bare_workspace).of(tmp_path / "Travel") == {}


def test_what_was_said_of_a_dropped_folder_is_proposed_for_another_of_its_name_and_never_taken_unasked(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    """A browser does not say where a folder lies: it may be another creator's."""
    answers = {"model_sex": "M", "style": "Both", "creator_name": "Ana", "language": "EN", "content_type": "SFW"}
    Defaults.load(bare_workspace).save({"the desk/Sports": answers}, now=NOW)
    adding = looked(bare_workspace).adding
    adding.take(dropped(bare_workspace, tmp_path, image(tmp_path / "Sports/a.png"), image(tmp_path / "Beach/b.png")))
    ended(adding)
    sports, beach = sorted(adding.form.fields, key=lambda one: one.name, reverse=True)
    assert adding.form.told == {sports: answers, beach: {}}
    adding.form.answer(beach, "creator_name", "Bea")
    assert adding.form.told == {sports: answers, beach: {"creator_name": "Bea"}}


def test_a_path_of_nobodys_home_is_told_in_words(bare_workspace: Workspace) -> None:
    review = looked(bare_workspace)
    review.adding.look_into("~nobody-of-this-name/shoot")
    ended(review.adding, State.FAILED)
    assert isinstance(review.task.error, WorkspaceError)


def test_what_the_command_line_adds_is_seen_when_the_person_comes_back(shop: Workspace, folder: Path) -> None:
    """From the terminal, where no tab is changed; but what is asked about new files stays as it is."""
    review = looked(shop)
    [drop] = [one for one in inside(review_view(review)) if isinstance(one, Drop)]
    drop._hear(drop, {"what": "back", "view": "1"}, ())
    assert not review.task.running  # nothing has changed
    session(shop, [banner(shop.root / "uploaded", "a.png")])
    drop._hear(drop, {"what": "back", "view": "1"}, ())
    ended(review.adding)
    assert [one.file.name for one in review.reviews] == ["a.png"]
    review.adding.look_into(str(folder))
    ended(review.adding)
    session(shop, [banner(shop.root / "uploaded", name, seed) for seed, name in enumerate(("a.png", "b.png"))])
    drop._hear(drop, {"what": "back", "view": "1"}, ())
    assert not review.task.running


def test_names_and_files_can_stay_as_they_are(bare_workspace: Workspace, folder: Path) -> None:
    review = asked(bare_workspace, folder)
    review.adding.as_is = True
    ended(review.adding)
    assert (review.adding.form.fields, review.adding.ready) == ({}, True)
    review.adding.add()
    ended(review.adding)
    assert sorted(names(bare_workspace)) == ["IMG_0001.png", "goal.png", "long story.mp4", "wide lawn.png"]


def test_what_was_added_is_taken_back_by_a_button_and_then_not_known_any_more(shop: Workspace, folder: Path) -> None:
    before, review = contents(shop.root / "uploaded"), asked(shop, folder)
    view = review_view(review)
    buttons(view)["Add 2 files"].click()
    ended(review.adding)
    buttons(view)["Undo: take 2 files of shoot 3 back out"].click()
    ended(review.adding)
    assert (names(shop), contents(shop.root / "uploaded"), review.adding.last) == ([], before, None)
    assert "✓ 2 files taken back out." in words(view)
    review.adding.look_into(str(folder))
    ended(review.adding)
    assert review.adding.delivery is not None
    assert review.adding.delivery.known == ()


def test_what_was_added_is_told_until_something_else_is(shop: Workspace, folder: Path, tmp_path: Path) -> None:
    """“27 files added” stood beside “Undo: take 30 files of …” of another delivery, and after the upload."""
    review = asked(shop, folder)
    view = review_view(review)
    review.adding.add()
    ended(review.adding)
    assert "✓ 2 files added." in words(view)
    review.come_back()
    ended(review.adding)
    assert "✓ 2 files added." in words(view)
    image(tmp_path / "more/Sports/more.png", seed=9)
    other = asked(shop, tmp_path / "more")
    other.adding.add()
    ended(other.adding)
    review.come_back()
    ended(review.adding)
    assert "Undo: take 1 file of more back out" in buttons(view)
    assert "added." not in words(view)


def test_what_was_added_is_told_also_where_a_file_is_called_as_one_on_the_site(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    there = Creative("1032530511", "there.png", creative_type=CreativeType.IMAGE)
    Library.load(bare_workspace.library).add([there])
    for seed, name in enumerate(("there.png", "new.png")):
        image(tmp_path / "own" / name, seed=seed)
    review = asked(bare_workspace, tmp_path / "own")
    review.adding.as_is = True
    ended(review.adding)
    review.adding.add()
    ended(review.adding)
    assert sorted(names(bare_workspace)) == ["new.png", "there.png"]
    assert "✓ 2 files added." in words(review_view(review))


def test_what_was_prepared_before_is_done_anew_in_its_place_when_asked(shop: Workspace, folder: Path) -> None:
    adding = asked(shop, folder).adding
    adding.add()
    ended(adding)
    first = names(shop)
    adding.look_into(str(folder))
    ended(adding)
    assert adding.ready is False
    adding.again = True
    ended(adding)
    adding.add()
    ended(adding)
    assert (len(names(shop)), set(names(shop)) & set(first)) == (2, set())


def test_a_delivery_that_changed_while_it_was_asked_about_is_shown_again_first(shop: Workspace, folder: Path) -> None:
    review = asked(shop, folder)
    image(folder / "Sports/late.png", seed=8)
    review.adding.add()
    ended(review.adding)
    view = review_view(review)
    assert (names(shop), CHANGED in words(view)) == ([], True)
    buttons(view)["Add 3 files"].click()
    ended(review.adding)
    assert len(names(shop)) == 3


def test_a_stop_leaves_everything_as_it_was_and_what_was_said_too(shop: Workspace, folder: Path) -> None:
    review = asked(shop, folder)
    adding, go = review.adding, threading.Event()
    review.task.observe(lambda _change: (review.task.cancel(), go.set()), "text")
    adding.agree_to_all()
    adding.add()
    ended(adding, State.CANCELLED)
    assert (names(shop), adding.delivery is not None, adding.questions) == ([], True, ())
    assert contents(shop.root / "uploaded") == {}


def test_a_folder_that_is_not_there_is_told_in_words(bare_workspace: Workspace) -> None:
    review = looked(bare_workspace)
    view = review_view(review)
    review.adding.look_into("no such folder")
    ended(review.adding, State.FAILED)
    assert isinstance(review.task.error, WorkspaceError)
    assert "There is no file or folder" in words(view)
    assert review.adding.delivery is None


def test_what_is_no_image_or_video_is_told_in_a_line_also_where_it_is_dropped(shop: Workspace, folder: Path) -> None:
    (folder / "brief.pdf").touch()
    (folder / "Sports" / "layers.psd").touch()
    told = "2 files passed over, which are no image or video: 1 .pdf, 1 .psd."
    view = review_view(asked(shop, folder))
    assert told in words(view)
    finished = image(folder / FINISHED)
    review = looked(shop)
    view = review_view(review)
    review.adding.take(dropped(shop, folder, finished, folder / "brief.pdf", folder / "Sports" / "layers.psd"))
    ended(review.adding)
    assert names(shop) == [FINISHED]
    assert told in words(view)


def test_a_folder_without_media_says_so(shop: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/notes.txt").write_text("nothing")
    view = review_view(asked(shop, tmp_path / "empty"))
    assert "There is no image or video in empty." in words(view)
    assert buttons(view)["Add"].disabled  # there is nothing of which to say how much


def test_files_that_can_not_go_are_told_with_the_reason_and_the_others_go(shop: Workspace, folder: Path) -> None:
    (folder / "Sports/torn.png").write_bytes((folder / "Sports/IMG_0001.png").read_bytes()[:900])
    shop.defaults.write_text(f"{ALL}Sports,,X,,,,,,\n", "utf-8")
    review = asked(shop, folder)
    view = review_view(review)
    assert "Sports/torn.png: " in words(view)
    assert "metadata_defaults.csv:3: model_sex is 'X'" in words(view)
    buttons(view)["Add 2 files"].click()
    ended(review.adding)
    assert len(names(shop)) == 2


def test_what_is_dropped_while_another_delivery_is_asked_about_leaves_that_alone(shop: Workspace, folder: Path) -> None:
    """As when two folders are dropped one after the other, and the first one comes up while the second one arrives."""
    review = looked(shop)
    for name in ("Sports/IMG_0001.png", "Sports/goal.png"):
        review.adding.take(dropped(shop, folder, folder / name))
        ended(review.adding)
    assert review.adding.delivery is not None
    assert [one.path.name for one in review.adding.delivery.found] == ["IMG_0001.png"]
    assert LATER in words(review_view(review))
    assert len([*shop.incoming.iterdir()]) == 1


def test_what_is_dropped_waits_on_where_another_click_is_quicker(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, came, goes_on = looked(shop), threading.Event(), threading.Event()
    review.adding.observe(lambda change: change["new"] and came.set(), "delivery")
    wait, other, clicked = review.task.wait, threading.Event(), list[bool]()

    def quicker(timeout: float | None = None) -> bool:
        dropping = threading.current_thread().name == "tjtools-dropped"
        if dropping and clicked:
            other.set()
        ended = wait(timeout)
        if dropping and not clicked:
            clicked.append(review.task.start(lambda _task: other.wait(20)))
        return ended

    monkeypatch.setattr(review.task, "wait", quicker)
    review.task.start(lambda _task: goes_on.wait(60))
    review.adding.take(dropped(shop, folder, folder / "Sports/IMG_0001.png"))
    goes_on.set()
    assert came.wait(60)


def test_what_is_dropped_while_the_panel_works_waits_and_leaves_its_buttons_alive(
    shop: Workspace, folder: Path
) -> None:
    review, go, told = looked(shop), threading.Event(), threading.Event()
    review.adding.observe(lambda change: change["new"] == LATER and told.set(), "note")
    review.task.start(lambda _: go.wait(60))
    for name in ("Sports/IMG_0001.png", "Sports/goal.png"):
        review.adding.take(dropped(shop, folder, folder / name))
    assert not review.adding.at_work
    go.set()
    assert told.wait(60)
    assert review.adding.delivery is not None
    assert len([*shop.incoming.iterdir()]) == len(review.adding.delivery.found) == 1


def test_while_the_panel_is_at_something_else_nothing_is_begun(shop: Workspace, folder: Path) -> None:
    review, go = looked(shop), threading.Event()
    review.task.start(lambda _: go.wait(60))
    review.adding.look_into(str(folder))
    review.adding.undo()
    assert not review.adding.at_work
    go.set()
    review.task.wait()
    assert review.adding.delivery is None


def test_what_came_in_is_seen_whatever_was_filtered_before(bare_workspace: Workspace, tmp_path: Path) -> None:
    image(tmp_path / "finished" / FINISHED)
    review = looked(bare_workspace)
    review.group, review.find = Group.THERE, "nothing"
    review.adding.look_into(str(tmp_path / "finished"))
    ended(review.adding)
    assert [one.file.name for one in review.matching] == [FINISHED]


def test_the_form_knows_what_is_said_twice_from_what_is_meant_for_one() -> None:
    form = Form()
    form.ask({Path("a"): ("category_name", "style"), Path("b"): ("category_name", "style")})
    form.answer(Path("a"), "category_name", " Big  Garden ")
    form.answer(Path("a"), "style", "anime")
    assert form.told == {Path("a"): {"category_name": "Big Garden", "style": "Anime"}, Path("b"): {"style": "Anime"}}
    form.ask({Path("c"): ("style",)})
    assert form.told == {Path("c"): {"style": "Anime"}}
    form.clear()
    assert (form.fields, form.answers) == ({}, {})
