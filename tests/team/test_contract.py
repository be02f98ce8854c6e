"""What holds for two who work on one library: two windows on one folder, and two folders that a team shares."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from team.test_copy import history, rows, run
from team.test_upload import ended, with_session
from world import NOW, Truth, content_of, go, image, plan, reading

from tjtools.diff.repeats import Content, Decision, Decisions
from tjtools.model.creative import ReviewStatus
from tjtools.model.errors import TJToolsError
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.scrape.refresh import apply_update
from tjtools.team import Team
from tjtools.upload import FileProgress, UploadReport
from tjtools.upload import run as upload_run
from tjtools.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("site_kind")
LATER = NOW + timedelta(hours=1)


class Two(NamedTuple):
    """Where each of them works."""

    one: Workspace
    other: Workspace

    def meet(self) -> None:
        """What each knows, both know; a folder's two windows always do."""
        for place in (self.one, self.other, self.one):
            if Team.of(place):
                run(place, "pull")


@pytest.fixture(params=["folder", "team"])
def two(request: pytest.FixtureRequest, truth: Truth) -> Two:
    if request.param == "team":
        at_site: Callable[[str], Workspace] = request.getfixturevalue("at_site")
        return Two(at_site("anna"), at_site("ben"))
    place = request.getfixturevalue("folder")("shop")
    bind_to_sandbox(place, truth.origin)
    return Two(place, place)


def with_the_same_session(two: Two, names: dict[str, int]) -> None:
    for place in two:
        with_session(place, names)


def test_a_reading_of_the_site_is_applied_and_one_from_before_it_is_refused_and_changes_nothing(two: Two) -> None:
    run(two.one, "add", "1", "1", "--type", "image")
    two.meet()
    older = plan(two.other, reading(image("1", "1", ReviewStatus.REJECTED)))
    apply_update(plan(two.one, reading(image("1", "1", ReviewStatus.APPROVED))), now=NOW)
    with pytest.raises(TJToolsError, match="nothing was applied"):
        apply_update(older, now=LATER)
    two.meet()
    assert rows(two.one) == rows(two.other) == {"1": "approved"}


def test_what_was_seen_stands_in_the_order_in_which_it_was_told(two: Two) -> None:
    run(two.one, "add", "1", "1", "--type", "image")
    for place, status in ((two.other, ReviewStatus.APPROVED), (two.one, ReviewStatus.REJECTED)):
        two.meet()
        apply_update(plan(place, reading(image("1", "1", status))), now=NOW)
    two.meet()
    assert history(two.one) == history(two.other)
    assert [one["to_status"] for one in history(two.one)] == ["pending", "approved", "rejected"]


def test_the_last_decision_about_two_contents_is_everybodys(two: Two) -> None:
    pair = Content("a" * 64, "a"), Content("b" * 64, "b")
    for place, decision in ((two.one, Decision.SKIP), (two.other, Decision.NOT_THE_SAME)):
        two.meet()
        Decisions.load(place).decide(*pair, decision, now=NOW)
    two.meet()
    assert [Decisions.load(one).of("a" * 64, "b" * 64) for one in two] == [Decision.NOT_THE_SAME] * 2


def test_a_content_that_one_has_uploaded_is_known_to_the_other_under_another_name(two: Two, truth: Truth) -> None:
    with_session(two.one, {"a.png": 1})
    go(two.one)
    two.meet()
    with_session(two.other, {"copy.png": 1})
    [one] = go(two.other, now=LATER).outcomes
    assert (one.status.value, one.creative_id) == ("skipped", truth.named("a")[0])
    assert truth.received() == ["a.png"]


def test_a_file_that_one_is_handing_over_the_other_does_not(two: Two, truth: Truth) -> None:
    with_the_same_session(two, {"a.png": 1})
    others: list[UploadReport] = []

    def the_other_tries(_progress: FileProgress) -> None:
        if not others:
            other = threading.Thread(target=lambda: others.append(go(two.other)))
            other.start()
            other.join()

    assert ended(go(two.one, progress=the_other_tries)) == {"a.png": "success"}
    assert ended(others[0]) == {"a.png": "skipped"}
    assert ended(go(two.other, now=LATER)) == {"a.png": "skipped"}
    assert truth.received() == ["a.png"]


def test_a_file_that_the_site_has_refused_anybody_hands_over_again(two: Two, truth: Truth) -> None:
    with_the_same_session(two, {"a.png": 1})
    truth.script({"a.png": {"outcome": "error", "message": "Too many colours.", "status": 400}})
    assert ended(go(two.one)) == {"a.png": "failed"}
    truth.script({})
    assert ended(go(two.other, now=LATER)) == {"a.png": "success"}
    two.meet()
    assert rows(two.one) == rows(two.other) == {truth.named("a")[0]: "pending"}


def test_a_file_whose_run_was_cut_off_goes_up_once_and_is_known_by_name_and_content_once_that_is_gone_on_with(
    two: Two, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_the_same_session(two, {"a.png": 1})
    content = content_of(two.one, two.one.root / "uploaded" / "a.png")
    hand_over = upload_run.hand_over

    def then_be_cut_off(*given: object) -> None:
        hand_over(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(upload_run, "hand_over", then_be_cut_off)
        with pytest.raises(KeyboardInterrupt):
            go(two.one)
    for place in (two.other, two.one):
        assert ended(go(place, now=LATER)).keys() == {"a.png"}
    two.meet()
    [there] = truth.named("a")
    assert rows(two.one) == rows(two.other) == {there: "pending"}
    assert {place.log.read_text("utf-8").count(f'"checksum": "{content}"') for place in two} == {1}
    with_session(two.other, {"copy.png": 1})
    assert ended(go(two.other, now=LATER + timedelta(hours=1))) == {"copy.png": "skipped"}
    assert truth.received() == ["a.png"]
