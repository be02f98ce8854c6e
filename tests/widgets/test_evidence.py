"""The evidence of duplicates in the session's panel: both sides, their history, and a person's decision."""

from __future__ import annotations

import io
import shutil
import threading
from pathlib import Path

import ipywidgets as w
import pandas as pd
import pytest
from corpus import Coding, Scene, write_still
from ipywidgets.widgets.widget import _instances
from PIL import Image
from views import inside, pressable, shown, words
from world import NOW, write_inventory

from tjtools.analysis.charts import repeats_chart
from tjtools.diff.repeats import Decision, Decisions, RepeatKind
from tjtools.diff.session import Verdict
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import CreativeType, Section
from tjtools.model.errors import TrackingFileError
from tjtools.practice import samples
from tjtools.widgets.analysis import ReviewOutcomes
from tjtools.widgets.compare import Laid
from tjtools.widgets.review import REJECTED, Group, Review
from tjtools.widgets.review_view import Gallery, review_view
from tjtools.workspace.folder import Workspace

NEAR, COPY, OTHER, VIDEO = "<img src=x onerror=alert(1)>.jpg", "copy.png", "other.png", "again.mp4"
LIBRARY = (
    "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
    "1032530511,old.png,2025-11-01,300x250,png,image,{status}\n"
)
HISTORY = (
    "observed_at,creative_id,filename,from_status,to_status,previous_seen_at,source\n"
    "2025-11-01T10:00:00Z,1032530511,old.png,,pending,,upload\n"
    "2025-11-03T10:00:00Z,1032530511,old.png,pending,rejected,2025-11-02T10:00:00Z,sync\n"
)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rejected banner; the same one re-encoded and renamed, another one, and a video twice."""
    workspace = Workspace(tmp_path_factory.mktemp("pattern"))
    folder = workspace.root / "uploaded"
    folder.mkdir()
    draw(workspace, "old.png", template=1)
    draw(workspace, NEAR, template=1, quality=60)
    draw(workspace, OTHER, template=5)
    workspace.library.parent.mkdir()
    keep_upload(workspace, "old.png")
    (folder / "old.png").rename(folder / COPY)
    workspace.library.write_text(LIBRARY.format(status="rejected"), "utf-8")
    workspace.history.write_text(HISTORY, "utf-8")
    samples.write_video(folder / "first.mp4", width=1280, height=720, seconds=5, title="Sports")
    shutil.copy(folder / "first.mp4", folder / VIDEO)
    rows = [(NEAR, "image"), (COPY, "image"), (OTHER, "image"), ("first.mp4", "video"), (VIDEO, "video")]
    workspace.session.parent.mkdir(exist_ok=True)
    write_inventory(workspace.session, [{"new_filename": name, "creative_type": kind} for name, kind in rows])
    Review(workspace).looked()
    return workspace.root


@pytest.fixture
def session(pattern: Path, tmp_path: Path) -> Workspace:
    """The workspace of `pattern`, for one test alone."""
    return Workspace(Path(shutil.copytree(pattern, tmp_path / "shop")))


def draw(workspace: Workspace, name: str, *, template: int, quality: int = 90) -> None:
    path = workspace.root / "uploaded" / name
    write_still(path, list(Scene(template, 0, 0).frames(1)), Coding(path.suffix, quality, (300, 250)))


def keep_upload(workspace: Workspace, name: str) -> None:
    path, store = workspace.root / "uploaded" / name, Fingerprints.load(workspace)
    seen = look_at([path], store)[path]
    assert seen is not None
    store.keep_uploads([Upload("1032530511", name, CreativeType.IMAGE, seen)], now=NOW)


@pytest.fixture
def review(session: Workspace) -> Review:
    review = Review(session, clock=lambda: NOW)
    assert review.looked()
    return review


def compare(review: Review, name: str) -> None:
    review.compared = next((one.file.section, name) for one in review.reviews if one.file.name == name)


def verdicts(review: Review) -> dict[str, Verdict]:
    return {one.file.name: one.verdict for one in review.reviews}


def children(one: object) -> tuple[w.DOMWidget, ...]:
    return getattr(one, "children", ())


def pictures(view: w.Widget) -> list[w.Image]:
    return [one for one in inside(view) if isinstance(one, w.Image)]


def width(picture: w.Image) -> int:
    with Image.open(io.BytesIO(picture.value)) as shown:
        return shown.width


def test_the_outcomes_list_what_repeats_a_rejected_creative(review: Review, session: Workspace) -> None:
    panel = ReviewOutcomes(session, clock=lambda: NOW)
    table = panel["repeats"].frame
    assert panel["repeats"].draw
    twice = pd.concat([table, table.assign(how="looks the same")])  # a copy looks the same, too
    drawn = repeats_chart(twice).to_dict()
    [rows] = [one for one in drawn["datasets"].values() if "how" in one[0]]
    assert sorted((row["how"], row["files"]) for row in rows) == [("looks the same", 1), ("same content", 1)]
    assert table[["filename", "how", "creative_id", "rejected_at"]].to_numpy().tolist() == [
        [NEAR, "looks the same", "1032530511", "2025-11-03"],
        [COPY, "same content", "1032530511", "2025-11-03"],
    ]
    assert panel["repeats"].finding == "2 of 5 files of the session repeat creatives that were rejected"
    draw(session, OTHER, template=7)  # another content now, which nobody has looked at
    again = ReviewOutcomes(session, clock=lambda: NOW)
    assert again["repeats"].finding.endswith("; 1 file not looked at yet: notebook 01 does")
    session.history.unlink()
    session.library.write_text(LIBRARY.format(status="approved"), "utf-8")
    assert ReviewOutcomes(session, clock=lambda: NOW)["repeats"].frame.empty


def test_the_outcomes_tell_how_far_the_comparing_with_what_was_rejected_is(review: Review) -> None:
    panel, told = ReviewOutcomes(review.workspace, clock=lambda: NOW), list[str]()
    panel.task.observe(lambda change: told.append(change["new"]), "text")
    assert panel.looked()
    assert f"comparing {NEAR}" in told
    assert panel.files.repeats() is panel.files.repeats()  # once


def test_only_what_repeats_something_can_be_compared(review: Review) -> None:
    assert {one.file.name: one.verdict for one in review.comparable} == {
        COPY: Verdict.RENAMED_DUPLICATE,
        NEAR: Verdict.NEAR_DUPLICATE,
        VIDEO: Verdict.IN_SESSION,
    }
    compare(review, OTHER)
    assert review.evidence == ()


def test_the_evidence_is_that_of_the_compared_file(review: Review) -> None:
    compare(review, VIDEO)
    [found] = review.evidence
    assert (found.kind, found.known.name, found.known.fingerprint.facts.seconds) == (
        RepeatKind.SAME_CONTENT,
        "first.mp4",
        5.0,
    )


@pytest.mark.parametrize(
    ("decision", "verdict", "chosen"),
    [(Decision.NOT_THE_SAME, Verdict.NEW, True), (Decision.SKIP, Verdict.SKIPPED, False)],
)
def test_a_decision_changes_the_verdict_and_is_remembered_with_both_checksums(
    review: Review, session: Workspace, decision: Decision, verdict: Verdict, chosen: bool
) -> None:
    compare(review, NEAR)
    found = next(one for one in review.evidence if one.known.creative_id)
    review.decide(found, decision)
    assert review.looked()
    assert verdicts(review)[NEAR] is verdict
    assert ((Section.STATIC_BANNER, NEAR) in review.chosen) is chosen
    decisions = Decisions.load(session)
    assert (len(decisions), decisions.of(found.file.content.checksum, found.known.content.checksum)) == (1, decision)


def test_a_decision_can_be_changed_and_the_file_is_chosen_again(review: Review) -> None:
    compare(review, NEAR)
    for decision in (Decision.SKIP, Decision.NOT_THE_SAME):
        review.decide(review.evidence[0], decision)
        assert review.looked()
    assert review.evidence[0].decision is Decision.NOT_THE_SAME
    assert (Section.STATIC_BANNER, NEAR) in review.chosen


def test_looking_again_keeps_what_a_person_left_out_and_where_they_are(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tjtools.widgets.review.PAGE", 2)
    view = review_view(review)
    review.turn(1)
    review.choose((Section.STATIC_BANNER, OTHER), take=False)
    compare(review, NEAR)
    review.decide(review.evidence[0], Decision.SKIP)
    assert review.looked()
    assert (review.page, {name for _, name in review.chosen}) == (1, {"first.mp4"})
    gallery = next(one for one in inside(view) if isinstance(one, Gallery))
    assert [(card["name"], card["chosen"]) for card in gallery.cards] == [(OTHER, False), ("first.mp4", True)]


def test_a_decision_that_cant_be_written_is_told_and_nothing_changes(review: Review, session: Workspace) -> None:
    (lock := session.private / "locks/log.jsonl.lock").unlink()
    lock.mkdir()  # in the way
    compare(review, NEAR)
    review.decide(review.evidence[0], Decision.SKIP)
    assert isinstance(review.error, TrackingFileError)
    assert verdicts(review)[NEAR] is Verdict.NEAR_DUPLICATE


def test_what_repeats_a_rejected_creative_is_ticked_by_a_persons_own_word_alone(
    review: Review, session: Workspace
) -> None:
    near, rest = (Section.STATIC_BANNER, NEAR), {(Section.STATIC_BANNER, OTHER), (Section.IN_STREAM_VIDEO, "first.mp4")}
    assert (review.chosen, review.wary) == (rest, {near})
    [one] = [one for one in review.reviews if one.file.name == NEAR]
    assert review.marks(one) == (REJECTED,)
    review.choose_found(take=True)
    assert review.chosen == rest
    view = review_view(review)
    assert "1 file not ticked: repeats what was rejected" in words(view)
    pressable(view, "Tick the repeats of rejected ones too (1)").click()
    assert review.chosen == {near, *rest}
    review.save()
    assert Review(session).looked()
    again = Review(session, clock=lambda: NOW)
    assert again.looked()
    assert again.chosen == {near, *rest}  # it was the person's word


def test_a_copy_of_a_rejected_creative_that_is_gone_is_not_ticked(session: Workspace) -> None:
    session.library.write_text(LIBRARY.format(status="removed"), "utf-8")
    review = Review(session, clock=lambda: NOW)
    assert review.looked()
    assert verdicts(review)[COPY] is Verdict.NEAR_DUPLICATE  # of the other copy: it is on no site
    assert {name for _, name in review.chosen} == {OTHER, "first.mp4"}
    assert f"{REJECTED}: {COPY}" in review.summary


def test_what_repeats_a_rejected_creative_that_is_gone_is_skipped_on_a_persons_word(session: Workspace) -> None:
    session.library.write_text(LIBRARY.format(status="removed"), "utf-8")
    review = Review(session, clock=lambda: NOW)
    assert review.looked()
    compare(review, NEAR)
    gone = next(one for one in review.evidence if one.known.creative_id)
    assert gone.known.rejected_at == "2025-11-03T10:00:00Z"
    review.decide(gone, Decision.SKIP)
    assert review.looked()
    assert verdicts(review)[NEAR] is Verdict.SKIPPED


def test_the_view_shows_both_sides_and_says_what_was_rejected(review: Review) -> None:
    view = review_view(review)
    assert pictures(view) == []
    compare(review, NEAR)
    assert len(pictures(view)) == 2
    for picture in pictures(view):
        with Image.open(io.BytesIO(picture.value)) as shown:
            assert shown.format == "JPEG"
    told = words(view)
    found = review.evidence[0]
    assert "✗ REJECTED on 2025-11-03: the network has refused creative 1032530511 before." in told
    assert "2025-11-03 10:00 UTC: pending → rejected" in told
    assert f"≈ Looks {found.closeness:.0%} the same" in told
    for side in (found.file, found.known):
        assert side.content.checksum[:12] in told
        assert f"({side.fingerprint.facts.bytes:,} bytes)" in told
        assert f"'{side.name}'" in told  # a text of its own, never part of any markup


def test_what_repeats_a_rejected_creative_is_compared_first(review: Review) -> None:
    review.reviews = review.reviews[::-1]  # in the session, they are so already
    assert [bool(one.repeats_rejected) for one in review.comparable] == [True, True, False]


def test_the_list_says_what_to_choose_while_no_file_is_compared(review: Review) -> None:
    view = review_view(review)

    def label() -> str:
        return next(one.label for one in inside(view) if getattr(one, "tooltip", "") == "File to compare")

    assert label() == "Choose a file to compare"
    compare(review, VIDEO)
    assert label().endswith(VIDEO)
    review.compared = None
    assert label() == "Choose a file to compare"


def test_a_card_opens_the_evidence_of_its_file(review: Review) -> None:
    view = review_view(review)
    gallery = next(one for one in inside(view) if isinstance(one, Gallery))
    assert [card["name"] for card in gallery.cards if card["comparable"]] == [NEAR]
    review.group = Group.THERE
    assert [card["name"] for card in gallery.cards if card["comparable"]] == [COPY, VIDEO]
    [card] = [card["id"] for card in gallery.cards if card["name"] == VIDEO]
    gallery._hear(gallery, {"what": "compare", "ids": [card]}, None)
    assert review.compared == (Section.IN_STREAM_VIDEO, VIDEO)
    assert "5.0 s" in words(view)
    assert "There is nothing to decide: these are the same." in words(view)


def test_a_click_decides_and_the_whole_view_follows(review: Review) -> None:
    view = review_view(review)
    compare(review, NEAR)
    review.group = Group.LOOK
    pressable(view, "The same: leave it out").click()
    assert review.looked()
    assert "1 skipped by a person" in review.summary
    pressable(view, "✓ The same: leave it out").click()  # a second time
    assert not review.busy
    assert (review.group, review.matching) == (Group.LOOK, ())
    pressable(view, "Different: upload it").click()
    assert review.looked()
    assert verdicts(review)[NEAR] is Verdict.NEW


def test_a_content_that_is_known_twice_is_shown_and_asked_for_once(session: Workspace) -> None:
    rows = [(COPY, "image"), (NEAR, "image")]
    write_inventory(session.session, [{"new_filename": name, "creative_type": kind} for name, kind in rows])
    review = Review(session, clock=lambda: NOW)
    assert review.looked()
    compare(review, NEAR)
    assert [one.known.creative_id for one in review.evidence] == ["1032530511"]  # whose content the copy has, too
    view = review_view(review)
    pressable(view, "The same: leave it out")  # the only one
    assert len(pictures(view)) == 2


def test_one_click_leads_to_what_is_to_be_decided_and_then_to_the_rest(review: Review) -> None:
    view = review_view(review)
    assert "1 to decide" in words(view)
    pressable(view, "Compare them").click()
    assert review.compared == (Section.STATIC_BANNER, NEAR)
    pressable(view, "The same: leave it out").click()
    assert review.looked()
    assert "to decide" not in words(view)
    pressable(view, "Next comparison ›").click()
    assert review.compared != (Section.STATIC_BANNER, NEAR)
    pressable(view, "Close").click()
    assert (review.compared, pictures(view)) == (None, [])


def test_a_decision_goes_on_to_the_next_pair_and_back_leads_to_it_again(review: Review, session: Workspace) -> None:
    with Image.open(session.root / "uploaded" / COPY) as picture:  # a second one to decide
        picture.crop((6, 5, 294, 245)).resize((300, 250)).save(session.root / "uploaded" / OTHER)
    review.come_back()
    assert review.looked()
    view, near, other = review_view(review), (Section.STATIC_BANNER, NEAR), (Section.STATIC_BANNER, OTHER)
    assert review.undecided == [near, other]
    compare(review, NEAR)
    drawn: list[object] = []
    for box in (one for one in inside(view) if any("tj-pair" in each._dom_classes for each in children(one))):
        box.observe(drawn.append, "children")
    pressable(view, "The same: leave it out").click()
    assert review.looked()
    assert (verdicts(review)[NEAR], review.compared, review.undecided) == (Verdict.SKIPPED, other, [other])
    assert len(drawn) == 1
    pressable(view, "‹ Back").click()
    assert review.compared == near
    review.come_back()
    assert review.looked()
    assert review.compared == near  # only a decision goes on
    pressable(view, "Different: upload it").click()
    assert review.looked()
    assert (verdicts(review)[NEAR], review.compared) == (Verdict.NEW, other)


def test_back_leads_to_no_file_that_is_gone_and_stays_where_it_is_once_pressed(
    review: Review, session: Workspace
) -> None:
    """A button that vanishes under the finger sends the keyboard's focus to the next best, which saves the plan."""
    with Image.open(session.root / "uploaded" / COPY) as picture:  # a second one to decide
        picture.crop((6, 5, 294, 245)).resize((300, 250)).save(session.root / "uploaded" / OTHER)
    review.come_back()
    assert review.looked()
    view, near, other = review_view(review), (Section.STATIC_BANNER, NEAR), (Section.STATIC_BANNER, OTHER)
    compare(review, NEAR)
    review.decide(review.evidence[0], Decision.SKIP)
    assert review.looked()
    back = pressable(view, "‹ Back")
    back.click()
    assert (review.compared, back.disabled, back in shown(view)) == (near, True, True)
    review.compared = other
    assert not back.disabled
    (session.root / "uploaded" / NEAR).unlink()
    review.come_back()
    assert review.looked()
    assert (review.compared, back in shown(view)) == (other, False)


def test_what_a_person_has_skipped_is_no_longer_counted_as_of_a_rejected_creative(review: Review) -> None:
    view = review_view(review)
    assert "✗ Of a REJECTED creative: 2" in words(view)
    compare(review, NEAR)
    review.decide(review.evidence[0], Decision.SKIP)
    assert review.looked()
    assert "✗ Of a REJECTED creative: 1" in words(view)  # the copy


def test_a_pair_that_is_no_longer_compared_is_let_go(review: Review) -> None:
    """What stays open is loaded again with the page, for the rest of the day."""
    view = review_view(review)
    before = set(_instances)
    for name in (NEAR, VIDEO, NEAR):
        compare(review, name)
        assert pictures(view)
    review.compared = None
    assert [one for key, one in _instances.items() if key not in before] == []


def test_the_pictures_become_sharp_where_the_files_are_here(review: Review) -> None:
    view = review_view(review)
    compare(review, VIDEO)
    for picture in pictures(view):
        arrived = threading.Event()
        picture.observe(lambda _change, arrived=arrived: arrived.set(), "value")
        assert width(picture) == 320 or (arrived.wait(30) and width(picture) == 320)


def test_a_near_duplicate_is_laid_on_the_other_one(review: Review) -> None:
    view = review_view(review)
    compare(review, NEAR)
    [laid, *_] = [one for one in inside(view) if isinstance(one, Laid)]
    arrived = threading.Event()
    laid.observe(lambda _change: arrived.set(), "moments")
    assert laid.moments or arrived.wait(30)
    [moment] = laid.moments
    for jpg in (moment["mine"], moment["theirs"]):
        with Image.open(io.BytesIO(jpg)) as shown:
            assert shown.size == (300, 250)
    compare(review, VIDEO)
    assert not any(isinstance(one, Laid) for one in inside(view))  # the same to the last byte


def test_a_file_that_is_missing_is_not_waited_for(session: Workspace) -> None:
    (session.root / "uploaded" / OTHER).unlink()
    review = Review(session, clock=lambda: NOW)
    assert review.looked()
    gallery = next(one for one in inside(review_view(review)) if isinstance(one, Gallery))
    assert [card["name"] for card in gallery.cards if not card["drawable"]] == [OTHER]
