"""The session's panel: what is found, what is chosen, and the plan that is saved."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
from PIL import Image
from views import buttons, inside, looked, pressable, shown, words
from world import NOW, banner, drawn, write_inventory

from tjtools.cache.library import Library
from tjtools.media import Children
from tjtools.model.creative import Creative, CreativeType, Key, Section, SessionFile
from tjtools.model.errors import TrackingFileError, WrongHeader
from tjtools.upload import load_choice, make_plan, prepare, save_choice
from tjtools.widgets import review_view as view_module
from tjtools.widgets.markup import Markup
from tjtools.widgets.prepare_view import Drop
from tjtools.widgets.review import EXCHANGED, LATE, Group, Review
from tjtools.widgets.review_view import Gallery, Rows, review_view
from tjtools.workspace.folder import Workspace

NAMED = "EN_Travel_F_Real_SFW_Beach_Ana_ID-0A0B0C0D.png"
EVIL = "<img src=x onerror=alert(1)>.png"
VIDEO, IMAGE = (Section.NATIVE_ROLLOVER, "VID_a.mp4"), (Section.NATIVE_STATIC_BANNER, "IMG_a.png")
BANNER = (Section.STATIC_BANNER, EVIL)


@pytest.fixture
def session(bare_workspace: Workspace) -> Workspace:
    """A native pair, a banner with an evil name, one that is there, one of a wrong size, and one that is missing."""
    video = bare_workspace.media_file("VID_a.mp4", CreativeType.NATIVE_VIDEO)
    video.write_bytes(drawn(".mp4", 640, 360, "Sports", seconds=4))
    image = bare_workspace.media_file("IMG_a.png", CreativeType.NATIVE_IMAGE)
    image.write_bytes(drawn(".png", 640, 360, "Sports"))
    for seed, (name, width) in enumerate(((EVIL, 300), ("there.png", 300), ("wide.png", 301)), start=1):
        path = bare_workspace.media_file(name, CreativeType.IMAGE)
        path.write_bytes(drawn(".png", width, 250, f"Picture {seed}", seed))
    Library.load(bare_workspace.library).add([Creative("1032530571", "there", creative_type=CreativeType.IMAGE)])
    pair = [("VID_a.mp4", "native_video"), ("IMG_a.png", "native_image")]
    rows = [{"new_filename": name, "creative_type": kind, "native_pair_id": "A"} for name, kind in pair]
    names = (EVIL, "there.png", "wide.png", "none.png")
    rows += [{"new_filename": name, "creative_type": "image"} for name in names]
    write_inventory(bare_workspace.session, rows)
    return bare_workspace


@pytest.fixture
def review(session: Workspace) -> Review:
    return looked(session)


def names(review: Review) -> list[str]:
    return [one.file.name for one in review.matching]


def test_what_matters_is_said_in_plain_text(review: Review) -> None:
    assert review.summary == (
        "6 files: 3 new, 1 already there, 1 invalid, 1 missing\nPlan, not saved: 3 of 3 files that can go up\n"
        "already there: there.png\ninvalid: wide.png\nmissing: none.png"
    )


def test_what_is_there_is_folded_until_a_person_asks(review: Review) -> None:
    assert names(review) == ["VID_a.mp4", "IMG_a.png", EVIL, "wide.png", "none.png"]
    review.group = Group.THERE
    assert names(review) == ["there.png"]
    review.group = None
    assert "there.png" not in names(review)


def test_filters_keep_what_fits_all_of_them(review: Review) -> None:
    review.group = Group.NEW
    assert names(review) == ["VID_a.mp4", "IMG_a.png", EVIL]
    review.find = "native"
    assert names(review) == ["VID_a.mp4", "IMG_a.png"]
    review.group, review.find = None, "PIXELS 301"  # of the reason
    assert names(review) == ["wide.png"]
    assert review.counted_page == "1–1 of 1 file found, 6 in the session"
    review.find = "there.png"  # what is found is shown, also where it is folded
    assert names(review) == ["there.png"]
    review.find = "nowhere"
    assert (names(review), review.counted_page) == ([], "0 of 0 files found, 6 in the session")


def test_pages_are_bounded_and_turn_as_far_as_there_are(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tjtools.widgets.review.PAGE", 4)
    review.turn(1)
    assert (review.page, review.pages, review.counted_page) == (2, 2, "5–5 of 5 files")
    review.turn(1)
    assert review.page == 2
    review.find = "a"
    assert review.page == 1


def test_the_halves_of_a_pair_are_chosen_together(review: Review) -> None:
    review.choose(VIDEO, take=False)
    assert review.chosen == {BANNER}
    review.choose(IMAGE, take=True)
    assert review.chosen == {BANNER, VIDEO, IMAGE}
    assert {one.file.name: review.pair_of(one) for one in review.reviews[:3]} == {
        "VID_a.mp4": "complete",
        "IMG_a.png": "complete",
        EVIL: "",
    }


def test_a_pair_whose_id_was_rounded_is_unclear_and_not_chosen(session: Workspace) -> None:
    text = session.session.read_text("utf-8")
    session.session.write_text(text.replace(",A\n", ",1.23E+14\n"), "utf-8")
    review = looked(session)
    assert ([review.pair_of(one) for one in review.reviews[:3]], review.chosen) == (
        ["unclear", "unclear", ""],
        {BANNER},
    )
    assert "unclear pair: IMG_a.png\nunclear pair: VID_a.mp4" in review.summary
    assert "the pair ID 1.23E+14" in "; ".join(review.reasons(review.reviews[0]))


def test_only_new_files_can_be_chosen(review: Review) -> None:
    review.choose((Section.STATIC_BANNER, "there.png"), take=True)
    review.choose_found(take=True)
    assert review.chosen == {VIDEO, IMAGE, BANNER}


def test_choosing_what_is_found_leaves_the_rest_alone(review: Review) -> None:
    review.find = "IMG_a"
    review.choose_found(take=False)
    assert review.chosen == {BANNER}


def test_a_saved_plan_is_what_the_upload_takes(review: Review, session: Workspace) -> None:
    review.choose(BANNER, take=False)
    assert not review.is_saved
    review.save()
    assert (review.error, review.is_saved) == (None, True)
    plan = make_plan(prepare(session).reviews, choice=load_choice(session))
    assert [file.name for file in plan.files] == ["VID_a.mp4", "IMG_a.png"]
    assert looked(session).chosen == {VIDEO, IMAGE}


def test_a_file_that_came_after_the_plan_is_ticked_and_marked_and_the_plan_no_longer_saved(session: Workspace) -> None:
    save_choice(session, [VIDEO, IMAGE], now=NOW)
    review = looked(session)
    assert (review.chosen, review.late, review.is_saved) == ({VIDEO, IMAGE, BANNER}, {BANNER}, False)
    assert [review.marks(one) for one in review.reviews[:3]] == [(), (), (LATE,)]
    assert f"Plan, not saved: 3 of 3 files that can go up\nalready there: there.png\n{'in'}valid" in review.summary
    assert f"{LATE}: {EVIL}" in review.summary
    review.save()
    assert (review.late, review.is_saved, looked(session).is_saved) == (set(), True, True)


def test_what_a_person_left_out_stays_so_when_other_files_come(session: Workspace) -> None:
    save_choice(session, [], left_out=[BANNER], now=NOW)
    review = looked(session)
    assert (review.chosen, review.late) == ({VIDEO, IMAGE}, {VIDEO, IMAGE})


def test_a_half_that_comes_later_stays_with_the_other(session: Workspace) -> None:
    save_choice(session, [], left_out=[VIDEO], now=NOW)
    assert looked(session).chosen == {BANNER}
    save_choice(session, [VIDEO], now=NOW)
    assert looked(session).chosen == {VIDEO, IMAGE, BANNER}


def test_the_bar_counts_the_groups_and_its_badges_are_the_filters(review: Review) -> None:
    view = review_view(review)
    assert [one.description for one in badges(view)] == ["3 new ticked", "2 can't go", "1 there"]
    review.choose(BANNER, take=False)
    new, mend, there = badges(view)
    assert (new.description, "● Not saved" in words(view)) == ("2 of 3 new ticked", True)
    mend.value = True
    assert (names(review), new.value) == (["wide.png", "none.png"], False)
    there.value = True
    assert (names(review), mend.value) == (["there.png"], False)
    there.value = False
    assert (review.group, len(names(review))) == (None, 5)


def test_in_a_notebook_the_button_saves_and_the_way_on_shows(review: Review, session: Workspace) -> None:
    view = review_view(review)
    assert links(view) == []
    pressable(view, "Save as the plan").click()
    assert load_choice(session) == review.saved
    assert links(view) == ["02_upload.ipynb"]
    assert pressable(view, "Saved").disabled
    review.choose(BANNER, take=False)
    assert (links(view), pressable(view, "Save as the plan").disabled) == ([], False)


def test_where_nothing_can_go_up_no_empty_plan_is_saved(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.session, [banner(bare_workspace.root / "uploaded", "there.png")])
    Library.load(bare_workspace.library).add([Creative("1032530571", "there.png", creative_type=CreativeType.IMAGE)])
    review, led = looked(bare_workspace), list[str]()
    review.lead = led.append
    view = review_view(review)
    assert "Not saved" not in words(view)
    pressable(view, "Go to upload").click()
    assert (led, load_choice(bare_workspace)) == (["upload"], None)


def test_on_the_desk_the_button_saves_and_leads_on(review: Review, session: Workspace) -> None:
    led: list[str] = []
    review.lead = led.append
    press = pressable(review_view(review), "Save and go to upload")
    press.click()
    assert (load_choice(session), led) == (review.saved, ["upload"])
    log = session.log.read_bytes()
    assert press.description == "Go to upload"
    press.click()
    assert (led, session.log.read_bytes()) == (["upload", "upload"], log)


def test_a_plan_that_is_not_saved_leads_nowhere(review: Review, session: Workspace) -> None:
    (session.private / "locks/log.jsonl.lock").mkdir(parents=True)  # in the way
    led: list[str] = []
    review.lead = led.append
    pressable(review_view(review), "Save and go to upload").click()
    assert (led, isinstance(review.error, TrackingFileError)) == ([], True)


def test_a_file_that_was_exchanged_since_the_plan_is_marked_until_the_plan_is_saved_again(
    review: Review, session: Workspace
) -> None:
    """The upload names it, and the button that settles it said that all is saved."""
    review.save()
    view, path = review_view(review), session.root / "uploaded" / EVIL
    [way] = [one for one in shown(view) if isinstance(one, Markup) and "Go to upload" in str(one.tree)]
    assert (review.is_saved, buttons(view)["Saved"].disabled) == (True, True)
    path.write_bytes(drawn(".png", 300, 250, "another one"))
    review.come_back()
    assert review.looked()
    assert f"{EXCHANGED}: {EVIL}" in review.summary
    assert (review.is_saved, f"1 {EXCHANGED}" in words(view), way in shown(view)) == (False, True, False)
    buttons(view)["Save as the plan"].click()
    assert (review.is_saved, EXCHANGED in review.summary, EXCHANGED in words(view)) == (True, False, False)


def test_coming_back_looks_again(review: Review, session: Workspace) -> None:
    write_inventory(session.session, [{"new_filename": EVIL, "creative_type": "image"}])
    review.come_back()
    assert review.looked()
    assert [one.file.name for one in review.reviews] == [EVIL]


def test_while_it_looks_again_it_says_that_what_is_shown_is_of_before(review: Review) -> None:
    view, told = review_view(review), list[bool]()
    review.task.observe(lambda _change: told.append("looking again …" in words(view)), "text")
    review.come_back()
    assert review.looked()
    assert (any(told), "looking again …" in words(view)) == (True, False)


def test_the_call_that_is_shown_does_the_same(
    review: Review, session: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    review.choose(BANNER, take=False)
    monkeypatch.chdir(session.root)
    exec(compile(review.call, "call", "exec"), {})  # noqa: S102 (this is what an analyst does with it)
    made = load_choice(session)
    review.save()
    assert made
    assert review.saved == replace(made, saved_at=NOW)
    assert looked(session).chosen == {*made.contents} == {VIDEO, IMAGE}


def test_a_plan_that_cant_be_written_is_told_and_the_choice_stays(review: Review, session: Workspace) -> None:
    (session.private / "locks/log.jsonl.lock").mkdir(parents=True)  # in the way
    review.save()
    assert isinstance(review.error, TrackingFileError)
    assert len(review.chosen) == 3


def test_pressing_saves_the_plan(review: Review, session: Workspace) -> None:
    review.press()
    assert load_choice(session) == review.saved


def test_the_view_follows_the_model(review: Review) -> None:
    view = review_view(review)
    gallery = next(one for one in inside(view) if isinstance(one, Gallery))
    assert [card["name"] for card in gallery.cards] == ["VID_a.mp4", "IMG_a.png", EVIL, "wide.png", "none.png"]
    assert [card["group"] for card in gallery.cards] == ["New"] * 3 + ["Can't go"] * 2
    assert [card["chosen"] for card in gallery.cards] == [True, True, True, False, False]
    gallery._hear(gallery, {"what": "tick", "ids": [gallery.cards[0]["id"]], "on": False}, None)
    assert [card["chosen"] for card in gallery.cards] == [False, False, True, False, False]
    review.group = Group.MEND
    assert [card["name"] for card in gallery.cards] == ["wide.png", "none.png"]


def test_the_rows_follow_the_model_and_tick_it(review: Review) -> None:
    table = next(one for one in inside(review_view(review)) if isinstance(one, Rows))
    assert [(one["name"], one["dimensions"], one["choosable"]) for one in table.rows] == [
        ("VID_a.mp4", "640x360", True), ("IMG_a.png", "640x360", True), (EVIL, "300x250", True),
        ("wide.png", "301x250", False), ("none.png", "", False),
    ]  # fmt: skip
    assert [bool(one["reasons"]) for one in table.rows] == [False, False, False, True, True]
    new = [one["id"] for one in table.rows[:3]]
    assert table.chosen == new
    table._hear(table, {"what": "tick", "ids": new[:1], "on": False}, None)
    assert table.chosen == new[2:]
    table._hear(table, {"what": "all", "on": True}, None)
    assert table.chosen == new
    review.group = Group.THERE
    assert [one["name"] for one in table.rows] == ["there.png"]


class Counted(dict[Key, SessionFile]):
    """Counts how often all of it is gone through."""

    walks = 0

    def __iter__(self) -> Iterator[Key]:
        self.walks += 1
        return super().__iter__()


def test_what_is_told_of_each_file_goes_through_no_list_of_all(review: Review) -> None:
    """Ten thousand files with a saved plan took some twenty seconds."""
    review.save()
    review.able = Counted(review.able)
    assert (len(Rows(review).rows), review.able.walks) == (5, 0)


def test_what_the_browser_asks_about_a_file_that_has_changed_meanwhile_meets_no_other(
    review: Review, session: Workspace
) -> None:
    """A tick, a picture: of a file whose content is another now, or in whose place another file is."""
    table, gallery = Rows(review), Gallery(review)
    before = {one["name"]: one["id"] for one in table.rows}
    assert {one["name"]: one["id"] for one in gallery.cards} == before
    session.media_file("IMG_a.png", CreativeType.NATIVE_IMAGE).write_bytes(drawn(".png", 640, 360, "Gaming", 7))
    lines = session.session.read_text("utf-8").splitlines(keepends=True)
    session.session.write_text("".join(line for line in lines if EVIL not in line), "utf-8")
    review.come_back()
    assert review.looked()
    after = {one["name"]: one["id"] for one in table.rows}
    assert {one["name"]: one["id"] for one in gallery.cards} == after
    assert [name for name, one in before.items() if one in after.values()] == ["VID_a.mp4"]
    sent: list[tuple[dict[str, list[str]], list[bytes]]] = []
    table.send = lambda content, buffers=None: sent.append((content, buffers))  # type: ignore[method-assign]
    late = [one for name, one in before.items() if name != "VID_a.mp4"]
    table._hear(table, {"what": "tick", "ids": late, "on": False}, None)
    table._hear(table, {"what": "pictures", "ids": late}, None)
    assert review.chosen == {VIDEO, IMAGE}
    assert sent == [({"pictures": []}, [])]


def test_all_that_is_found_is_ticked_and_not_a_page_of_it(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tjtools.widgets.review.PAGE", 1)
    table = next(one for one in inside(review_view(review)) if isinstance(one, Rows))
    table._hear(table, {"what": "all", "on": False}, None)
    assert review.chosen == frozenset()
    table._hear(table, {"what": "all", "on": True}, None)
    assert len(review.chosen) == 3


def test_a_row_that_comes_into_view_gets_its_small_picture(review: Review) -> None:
    table = next(one for one in inside(review_view(review)) if isinstance(one, Rows))
    sent: list[tuple[dict[str, list[str]], list[bytes]]] = []
    table.send = lambda content, buffers=None: sent.append((content, buffers))  # type: ignore[method-assign]
    video, *_, wide, missing = [one["id"] for one in table.rows]
    table._hear(table, {"what": "pictures", "ids": [video, wide, missing]}, None)
    [(told, pictures)] = sent
    assert told == {"pictures": [video, wide]}
    for made in pictures:
        with Image.open(io.BytesIO(made)) as shown:
            assert shown.format == "JPEG"


def test_a_click_sends_the_file_that_is_shown_and_no_other(review: Review) -> None:
    view = review_view(review)
    gallery = next(one for one in inside(view) if isinstance(one, Gallery))
    sent: list[object] = []
    gallery.send = lambda content, buffers=None: sent.append((content, buffers))  # type: ignore[method-assign]
    card, film = gallery.cards[0]["id"], review.reviews[0].file.path
    for asked in (card, card, "../../etc/passwd"):
        gallery._hear(gallery, {"what": "play", "ids": [asked]}, None)
    assert sent == [({"playing": card, "type": "video/mp4"}, [film.read_bytes()])] * 2
    film.unlink()
    gallery._hear(gallery, {"what": "play", "ids": [card]}, None)
    assert sent[2:] == [({"playing": card, "problem": "It can't be read: No such file or directory."}, [])]


def test_the_gallery_shows_a_small_jpeg_of_each_file(review: Review) -> None:
    view = review_view(review)
    gallery = next(one for one in inside(view) if isinstance(one, Gallery))
    for thread in threading.enumerate():
        if thread.name == "tjtools-posters":
            thread.join()
    assert len(gallery.posters) == sum(one.facts is not None for one in review.matching) == 4
    for made in gallery.posters.values():
        with Image.open(io.BytesIO(made)) as shown:
            assert (shown.format, shown.height) == ("JPEG", 180)


def test_a_picture_that_is_there_stays_when_other_files_are_shown_beside_it(review: Review) -> None:
    """As when one of them is mended: the others were drawn anew, one after the other."""
    gallery = Gallery(review)
    for thread in threading.enumerate():
        if thread.name == "tjtools-posters":
            thread.join()
    before = dict(gallery.posters)
    review.group = Group.NEW
    assert {card["id"] for card in gallery.cards} == gallery.posters.keys()
    assert gallery.posters.items() < before.items()


def test_a_picture_that_comes_late_takes_no_place_of_those_of_the_files_that_are_shown_by_then(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    class Slow(Children):
        def poster(self, path: Path) -> bytes:
            if not begun.is_set():
                begun.set()
                assert goes_on.wait(60)
            return super().poster(path)

    monkeypatch.setattr(view_module, "Children", Slow)
    monkeypatch.setattr(view_module, "_EVERY", 0.0)
    gallery = Gallery(review)
    assert begun.wait(60)
    [late] = [one for one in threading.enumerate() if one.name == "tjtools-posters"]
    review.group = Group.MEND
    [newer] = [one for one in threading.enumerate() if one.name == "tjtools-posters" and one is not late]
    newer.join()
    shown = dict(gallery.posters)
    goes_on.set()
    late.join()
    assert shown
    assert gallery.posters == shown


def test_an_empty_session_shows_the_place_to_drop_files_and_nothing_else(bare_workspace: Workspace) -> None:
    view = review_view(looked(bare_workspace))
    assert [*buttons(view)] == ["Look through it"]  # for a folder by its path
    [place] = [one for one in shown(view) if isinstance(one, Drop)]
    assert place.whole


def test_what_is_dropped_comes_into_the_session_and_the_view_follows(bare_workspace: Workspace, tmp_path: Path) -> None:
    review = looked(bare_workspace)
    view = review_view(review)
    (tmp_path / NAMED).write_bytes(drawn(".png", 300, 250, "Travel"))
    answer = drop(view, "offer", root=str(bare_workspace.root), files=[["notes.txt", 3], *offered(tmp_path / NAMED)])
    [[at, name]] = answer["files"]
    assert (at, answer["to"].startswith("uploaded/incoming/")) == (1, True)
    (tmp_path / NAMED).rename(bare_workspace.root / answer["to"] / name)
    drop(view, "sent")
    assert review.looked()
    assert (names(review), review.chosen) == ([NAMED], {(Section.STATIC_BANNER, NAMED)})
    assert "✓ 1 file added." in words(view)
    assert [one.description for one in badges(view)] == ["1 new ticked"]


def test_a_transfer_that_broke_leaves_nothing(bare_workspace: Workspace, tmp_path: Path) -> None:
    view = review_view(looked(bare_workspace))
    answer = drop(view, "offer", root=str(bare_workspace.root), files=[["a.png", 3]])
    assert (bare_workspace.root / answer["to"]).is_dir()
    drop(view, "broken")
    assert not (bare_workspace.root / "uploaded/incoming").exists()
    drop(view, "sent")  # of a transfer that is not there any more
    assert not bare_workspace.session.exists()


@pytest.mark.parametrize(
    ("root", "name", "problem"),
    [
        ("", "a.txt", "There is no image or video in it."),
        ("", "ORG_a.mp4", "ORG_a.mp4: ORG_ files are sources that were converted"),
        ("/elsewhere", "a.png", "JupyterLab was started in another folder"),
    ],
)
def test_what_can_not_be_taken_is_told_before_it_is_sent(
    bare_workspace: Workspace, root: str, name: str, problem: str
) -> None:
    view = review_view(looked(bare_workspace))
    answer = drop(view, "offer", root=root or str(bare_workspace.root), files=[[name, 3]])
    assert answer["problem"].startswith(problem)
    assert not (bare_workspace.root / "uploaded/incoming").exists()


def offered(*paths: Path) -> list[list[Any]]:
    return [[path.name, path.stat().st_size] for path in paths]


def drop(view: w.Widget, what: str, **told: Any) -> dict[str, Any]:
    """What the browser says, and the last answer."""
    place = next(one for one in inside(view) if isinstance(one, Drop))
    answers: list[dict[str, Any]] = [{}]
    place.send = lambda content, _buffers=None: answers.append(content)  # type: ignore[method-assign]
    place._hear(place, {"view": "1", "what": what, **told}, None)
    return answers[-1]


def badges(view: w.Widget) -> list[w.ToggleButton]:
    return [one for one in inside(view) if isinstance(one, w.ToggleButton) and one.layout.display != "none"]


def links(view: w.Widget) -> list[str]:
    """Where the links lead that are shown."""
    shown = [one for one in inside(view) if isinstance(one, Markup) and one.layout.display != "none"]
    return [one.tree[1]["href"] for one in shown if one.tree[0] == "a"]


def test_the_cell_does_not_wait_for_the_look_at_the_files(session: Workspace) -> None:
    review = Review(session)
    seen: list[str] = []
    review.task.observe(lambda change: seen.append(change["new"]), "text")
    assert (review.reviews, review.task.running) == ((), False)
    assert review.summary.startswith("6 files: ")
    assert "looking at VID_a.mp4" in seen


def test_a_look_that_fails_is_told(session: Workspace) -> None:
    session.library.write_text("a,b\n", "utf-8")
    with pytest.raises(WrongHeader, match=re.escape(str(session.library))):
        Review(session).summary  # noqa: B018 (the notebook's run ends here, with these words)
