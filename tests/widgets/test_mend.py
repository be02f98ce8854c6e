"""Making files fit in the review: what is offered, what is asked, what a yes does, and what the panel shows then."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from views import inside, looked
from world import read_rows, write_inventory

from tjtools.diff.session import Verdict
from tjtools.media import Children
from tjtools.media.recipe import Job, Made
from tjtools.model.creative import CreativeType, Section
from tjtools.practice import samples
from tjtools.prepare import session as writing
from tjtools.widgets.mend import BeforeAfter, shape_of
from tjtools.widgets.panel import State
from tjtools.widgets.review import Review
from tjtools.widgets.review_view import Gallery, Rows, review_view
from tjtools.workspace.folder import Workspace

BANNER, ROLLOVER = Section.STATIC_BANNER, Section.NATIVE_ROLLOVER
LARGE, WIDE, WEBP = (BANNER, "large.png"), (BANNER, "wide.png"), (BANNER, "photo.webp")
LONG, SHORT, ALONE = (
    (Section.IN_STREAM_VIDEO, "long.mp4"),
    (Section.IN_STREAM_VIDEO, "short.mp4"),
    (ROLLOVER, "alone.mp4"),
)


PICTURES = {LARGE: (600, 500), WIDE: (900, 500), WEBP: (300, 100)}
VIDEOS = {LONG: ("video", 33), SHORT: ("video", 2), ALONE: ("native_video", 4)}


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two that lose nothing by being made to fit, one to crop, one to cut, one too short, and half of a native pair."""
    folder = tmp_path_factory.mktemp("drawn")
    for seed, ((_, name), (width, height)) in enumerate(PICTURES.items()):
        samples.write_image(folder / name, width=width, height=height, title=f"Picture {seed}", seed=seed)
    for (_, name), (kind, seconds) in VIDEOS.items():
        width, height = (640, 360) if kind == "native_video" else (160, 90)
        samples.write_video(folder / name, width=width, height=height, seconds=seconds, title=name, seed=seconds)
    return folder


@pytest.fixture
def session(bare_workspace: Workspace, drawn_once: Path) -> Workspace:
    rows = [{"new_filename": name, "creative_type": "image"} for _, name in PICTURES]
    told = [(name, kind) for (_, name), (kind, _) in VIDEOS.items()]
    rows += [{"new_filename": name, "creative_type": kind, "unique_id": "ID-99A0D7C3"} for name, kind in told]
    for row in rows:
        kind = CreativeType(row["creative_type"])
        shutil.copy(drawn_once / row["new_filename"], bare_workspace.media_file(row["new_filename"], kind))
    write_inventory(bare_workspace.session, rows)
    return bare_workspace


@pytest.fixture
def review(session: Workspace) -> Review:
    return looked(session)


def ended(review: Review) -> None:
    assert review.task.wait(60)
    assert review.task.state is State.DONE, review.task.error


def verdicts(review: Review) -> dict[str, Verdict]:
    return {one.file.name: one.verdict for one in review.reviews}


def test_what_loses_nothing_and_what_a_person_decides_are_told_apart(review: Review) -> None:
    assert review.mending.plain == (LARGE, WEBP)
    assert review.mending.questions == (WIDE, LONG, ALONE)


def test_the_buttons_stand_at_the_files_and_what_cannot_be_mended_says_why(review: Review) -> None:
    labels = {card["name"]: card["mend"] for card in Gallery(review).cards}
    fit, half = "Make it fit", "Make the other half"
    both = {"large.png": fit, "wide.png": fit, "photo.webp": fit, "long.mp4": fit, "short.mp4": "", "alone.mp4": half}
    assert labels == both
    assert {row["name"]: row["mend"] for row in Rows(review).rows} == both
    [short] = [card for card in Gallery(review).cards if card["name"] == "short.mp4"]
    assert any("it can't be mended here: 2 s is too short" in one for one in short["reasons"])


def test_what_loses_nothing_is_mended_at_one_click(review: Review) -> None:
    gallery = Gallery(review)
    [card] = [one["id"] for one in gallery.cards if one["name"] == "large.png"]
    gallery._hear(gallery, {"what": "mend", "ids": [card]}, [])
    ended(review)
    assert (verdicts(review)["large.png"], review.mending.asked) == (Verdict.NEW, None)
    assert [one.how.startswith("600x500 → 300x250") for one in review.mending.came] == [True]
    assert LARGE in review.chosen
    assert LARGE not in review.mending.offers


def test_all_that_lose_nothing_are_mended_at_once(review: Review) -> None:
    review.mending.go(*review.mending.plain)
    ended(review)
    assert (verdicts(review)["large.png"], verdicts(review)["photo.png"]) == (Verdict.NEW, Verdict.NEW)
    assert review.mending.plain == ()


def test_a_crop_is_asked_about_and_lies_where_the_person_put_it(review: Review, session: Workspace) -> None:
    mending = review.mending
    mending.ask(WIDE)
    assert (mending.asked, review.task.state) == (WIDE, State.DONE)
    assert mending.fit is not None
    assert [one.told for one in mending.fit.losses] == ["crop: 33 % of the width, the centre is kept"]
    mending.crop = 1.0
    assert [one.told for one in mending.fit.losses] == ["crop: 33 % of the width, the right is kept"]
    mending.letterbox = True
    assert mending.fit.losses == ()
    mending.letterbox = False
    mending.agree()
    ended(review)
    assert (verdicts(review)["wide.png"], mending.asked) == (Verdict.NEW, None)
    assert read_rows(session.session)[1]["width_px"] == "300"


def test_a_cut_begins_where_the_person_said(review: Review) -> None:
    mending = review.mending
    mending.ask(LONG)
    mending.start = 2.0
    assert mending.fit is not None
    assert [one.told for one in mending.fit.losses] == ["cut: 30.9 of 33 s"]
    assert mending.fit.mends == ("33 s → 30.9 s, from 2 s on",)
    mending.agree()
    ended(review)
    assert verdicts(review)["long.mp4"] is Verdict.NEW


def test_the_other_half_is_the_frame_that_the_person_chose(review: Review, session: Workspace) -> None:
    review.mending.ask(ALONE)
    assert review.mending.start == pytest.approx(1.2)
    review.mending.agree()
    ended(review)
    assert (verdicts(review)["alone.mp4"], verdicts(review)["alone.png"]) == (Verdict.NEW, Verdict.NEW)
    pairs = {row["new_filename"]: row["native_pair_id"] for row in read_rows(session.session)}
    assert (pairs["alone.mp4"], pairs["alone.png"]) == ("ID-99A0D7C3", "ID-99A0D7C3")


def test_while_the_panel_is_at_something_else_nothing_is_begun(review: Review) -> None:
    go = threading.Event()
    review.task.start(lambda _: go.wait(60))
    review.mending.ask(LARGE)
    assert not review.mending.at_work
    go.set()
    review.task.wait()


@pytest.mark.parametrize("size", [None, (300, 250), (600, 500), (800, 500)])
def test_of_a_file_that_has_changed_nobody_is_asked_as_if_it_were_the_one_before(
    review: Review, session: Workspace, size: tuple[int, int] | None
) -> None:
    """It is gone, fits by now, loses nothing any more, or is to be cropped out of another picture."""
    view = review_view(review)
    review.mending.ask(WIDE)
    review.come_back()
    ended(review)
    assert review.mending.asked == WIDE
    path = session.media_file("wide.png", CreativeType.IMAGE)
    path.unlink()
    if size:
        samples.write_image(path, width=size[0], height=size[1], title="Again", seed=9)
    review.come_back()
    ended(review)
    [shown] = {one for one in inside(view) if isinstance(one, BeforeAfter) and one._asking is review.mending}
    assert (shown.shape, review.mending.asked) == ({}, None)
    review.mending.ask(WIDE)
    assert shown.shape.get("before") == ([800, 500] if size == (800, 500) else None)
    review.task.wait()


def test_what_went_wrong_is_told_and_the_file_stays(
    review: Review, session: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(jobs: list[Job], **_: object) -> list[Made]:
        return [Made(one, trouble="No space") for one in jobs]

    monkeypatch.setattr(writing, "make", spoilt)
    before = session.media_file("large.png", CreativeType.IMAGE).read_bytes()
    review.mending.ask(LARGE)
    ended(review)
    assert [(one.name, one.trouble) for one in review.mending.came] == [("", "No space")]
    assert session.media_file("large.png", CreativeType.IMAGE).read_bytes() == before
    assert verdicts(review)["large.png"] is Verdict.INVALID


def test_stopped_means_that_nothing_is_mended(review: Review, session: Workspace) -> None:
    before = {path.name: path.read_bytes() for path in (session.root / "uploaded").iterdir() if path.is_file()}
    review.mending.go(*review.mending.plain)
    review.task.cancel()
    assert review.task.wait(60)
    assert review.task.state is State.CANCELLED
    assert {path.name: path.read_bytes() for path in (session.root / "uploaded").iterdir() if path.is_file()} == before


def test_before_and_after_are_drawn_for_the_browser(review: Review) -> None:
    shape = shape_of(review.mending.offers[WIDE])
    assert (shape["before"], shape["after"], shape["side"]) == ([900, 500], [300, 250], "width")
    assert (round(shape["kept"], 3), shape["lasts"]) == (0.667, 0.0)
    long = shape_of(review.mending.offers[LONG])
    assert (long["kept"], long["lasts"], long["length"]) == (1.0, 33.0, 30.9)
    alone = shape_of(review.mending.offers[ALONE])
    assert (alone["lasts"], alone["length"]) == (4.0, 0.0)


def test_of_a_slider_that_is_held_down_the_frame_where_it_stops_is_drawn(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each picture takes a process of its own: one for each step on the way would take the machine."""
    asked, pictures = list[object](), Children.pictures

    def counted(room: Children, path: Path, seconds: list[float] | int) -> list[bytes]:
        asked.append(seconds)
        return pictures(room, path, seconds)

    monkeypatch.setattr(Children, "pictures", counted)
    review.mending.ask(LONG)
    shown = BeforeAfter(review.mending)
    for tenth in range(1, 31):
        shown.start = tenth / 10
    drawn()
    assert (shown.frame["at"], len(shown.pictures)) == (3.0, 10)
    assert len(asked) < 6, asked


def test_the_sliders_are_the_models(review: Review) -> None:
    shown = BeforeAfter(review.mending)
    assert shown.shape == {}
    review.mending.ask(LONG)
    assert shown.shape["name"] == "long.mp4"
    drawn()
    assert len(shown.pictures) == 10
    assert shown.frame["data"].startswith(b"\xff\xd8")
    shown.start = 1.5
    assert review.mending.start == 1.5
    review.mending.asked = None
    assert shown.shape == {}


def drawn() -> None:
    """Wait for the pictures."""
    for one in threading.enumerate():
        if one.name == "tjtools-pictures":
            one.join(60)


def test_the_view_has_room_for_it_only_where_something_can_be_mended(review: Review) -> None:
    [room] = [one for one in inside(review_view(review)) if "tj-mend" in one._dom_classes]
    assert room.layout.display == ""
    review.mending.offers = {}
    assert room.layout.display == "none"
