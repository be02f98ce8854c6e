"""Batches: of at most ten, by type, pairs together."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tjtools.diff.repeats import Decision, Known, Repeat, RepeatKind
from tjtools.diff.session import FileReview, Verdict
from tjtools.media import Fingerprint, MediaFacts
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.model.errors import TrackingFileError
from tjtools.upload import Choice, load_choice, make_plan, save_choice
from tjtools.workspace.folder import Workspace

NOON = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)

V, P, S, B, X = (
    CreativeType.NATIVE_VIDEO,
    CreativeType.NATIVE_IMAGE,
    CreativeType.VIDEO,
    CreativeType.IMAGE,
    CreativeType.VIDEO_BANNER,
)


def review(name: str, kind: CreativeType, pair: str = "", verdict: Verdict = Verdict.NEW) -> FileReview:
    return FileReview(SessionFile(Path(name), kind, native_pair_id=pair), verdict)


def shape(reviews: list[FileReview], **options: int) -> list[tuple[int, str, str]]:
    plan = make_plan(reviews, **options)
    return [(one.number, one.creative_type.value, " ".join(file.name for file in one.files)) for one in plan.batches]


def test_the_types_go_in_their_order() -> None:
    reviews = [review(name, kind) for name, kind in (("x", X), ("b", B), ("s", S), ("i", P), ("v", V))]
    assert shape(reviews) == [
        (1, "native_video", "v"),
        (2, "native_image", "i"),
        (3, "video", "s"),
        (4, "image", "b"),
        (5, "video_banner", "x"),
    ]


def test_short_videos_go_with_the_videos() -> None:
    assert shape([review("a", S), review("b", CreativeType.SHORT_VIDEO)]) == [(1, "video", "a b")]


def test_no_batch_hands_over_more_than_ten_and_known_files_take_no_room() -> None:
    known = [review(f"k{number}", S, verdict=Verdict.ALREADY_THERE) for number in range(5)]
    plan = make_plan([*known, *(review(f"n{number}", S) for number in range(23))])
    assert [(len(batch.files), len(batch.reviews), batch.of_type) for batch in plan.batches] == [
        (10, 15, 28),
        (10, 10, 28),
        (3, 3, 28),
    ]


@pytest.mark.parametrize(
    ("limit", "chosen", "left"),
    [(1, "s", "v1 i1 v2 i2"), (2, "v1 i1", "v2 i2 s"), (3, "v1 i1 s", "v2 i2"), (9, "v1 v2 i1 i2 s", "")],
)
def test_a_limit_keeps_native_pairs_together(limit: int, chosen: str, left: str) -> None:
    reviews = [review("v1", V, "1"), review("i1", P, "1"), review("v2", V, "2"), review("i2", P, "2"), review("s", S)]
    plan = make_plan(reviews, limit=limit)
    assert sorted(file.name for file in plan.files) == sorted(chosen.split())
    assert [one.file.name for one in plan.left] == left.split()


def test_files_that_need_a_person_are_in_no_batch() -> None:
    plan = make_plan([review("a", S, verdict=Verdict.INVALID), review("b", S)])
    assert [one.file.name for one in plan.held_back] == ["a"]
    assert [file.name for file in plan.files] == ["b"]


def chosen(*files: tuple[Section, str]) -> Choice:
    return Choice(NOON, frozenset(files))


def test_a_choice_takes_its_files_alone() -> None:
    reviews = [review("s", S), review("t", S), review("b", B, verdict=Verdict.INVALID)]
    plan = make_plan(reviews, choice=chosen((Section.IN_STREAM_VIDEO, "t"), (Section.STATIC_BANNER, "s")))
    assert [file.name for file in plan.files] == ["t"]
    assert [one.file.name for one in plan.unseen] == ["s"]
    assert [one.file.name for one in plan.held_back] == ["b"]


def test_a_pair_of_which_half_is_chosen_stays() -> None:
    reviews = [review("v1", V, "1"), review("i1", P, "1"), review("v2", V, "2"), review("i2", P, "2")]
    names = ((Section.NATIVE_ROLLOVER, "v1"), (Section.NATIVE_ROLLOVER, "v2"), (Section.NATIVE_STATIC_BANNER, "i2"))
    plan = make_plan(reviews, choice=chosen(*names))
    assert [file.name for file in plan.files] == ["v2", "i2"]
    assert [one.file.name for one in (*plan.not_chosen, *plan.unseen)] == ["v1", "i1"]


def test_what_was_left_out_is_apart_from_what_came_after_the_plan() -> None:
    section = Section.IN_STREAM_VIDEO
    choice = Choice(NOON, frozenset([(section, "a")]), frozenset([(section, "b")]))
    plan = make_plan([review(name, S) for name in "abc"], choice=choice)
    told = [[one.file.name for one in part] for part in (plan.not_chosen, plan.unseen)]
    assert ([file.name for file in plan.files], told) == (["a"], [["b"], ["c"]])


def test_the_limit_counts_what_is_chosen() -> None:
    reviews = [review("a", S), review("b", S), review("c", S)]
    files = [(Section.IN_STREAM_VIDEO, name) for name in "bc"]
    plan = make_plan(reviews, limit=1, choice=chosen(*files))
    assert ([file.name for file in plan.files], [one.file.name for one in plan.left]) == (["b"], ["c"])


def test_a_saved_choice_is_read_back_until_another_one_is_saved(bare_workspace: Workspace) -> None:
    assert load_choice(bare_workspace) is None
    files = [(Section.NATIVE_ROLLOVER, "héé.mp4"), (Section.STATIC_BANNER, '<img src=x>".png')]
    saved = save_choice(bare_workspace, files, now=NOON)
    assert load_choice(bare_workspace) == saved == Choice(NOON, frozenset(files))
    save_choice(bare_workspace, files[:1], left_out=files, now=NOON)
    assert load_choice(bare_workspace) == Choice(NOON, frozenset(files[:1]), frozenset(files[1:]))


def test_a_plan_that_an_earlier_version_forgot_is_none(bare_workspace: Workspace) -> None:
    save_choice(bare_workspace, [], now=NOON)
    text = bare_workspace.log.read_text("utf-8")
    bare_workspace.log.write_text(text.replace('"files": []', '"files": null'), "utf-8")
    assert load_choice(bare_workspace) is None


def test_a_plan_of_before_has_seen_what_it_took(bare_workspace: Workspace) -> None:
    files = [(Section.STATIC_BANNER, "a.png")]
    save_choice(bare_workspace, files, now=NOON)
    text = bare_workspace.log.read_text("utf-8")
    bare_workspace.log.write_text(text.replace(', "left_out": []', ""), "utf-8")
    assert "left_out" not in bare_workspace.log.read_text("utf-8")
    choice = load_choice(bare_workspace)
    assert choice is not None
    assert choice.seen == choice.files == frozenset(files)


@pytest.mark.parametrize("files", ['"files": 3', '"damaged": ""', '"files": [["Nowhere", "a"]]', '"files": [['])
def test_a_plan_that_cant_be_read_is_not_taken_for_none(bare_workspace: Workspace, files: str) -> None:
    save_choice(bare_workspace, [], now=NOON)
    bare_workspace.log.write_text(bare_workspace.log.read_text("utf-8").replace('"files": []', files), "utf-8")
    with pytest.raises(TrackingFileError, match=r"log\.jsonl(:1)?: this is no saved plan"):
        load_choice(bare_workspace)
    saved = save_choice(bare_workspace, [], now=NOON)
    assert load_choice(bare_workspace) == saved


def repeating(name: str, kind: CreativeType, pair: str = "", decision: Decision = Decision.UNDECIDED) -> FileReview:
    """A file that looks like a creative that the network has rejected."""
    mine = Known(Fingerprint(MediaFacts(1, "png"), "c0ffee"), name)
    rejected = Creative("1032530511", "old.png", None, creative_type=B, review_status=ReviewStatus.REJECTED)
    repeat = Repeat(RepeatKind.LOOKS_SAME, mine, mine._replace(creative=rejected), 0.98, decision)
    return replace(review(name, kind, pair), repeats=(repeat,))


def names(reviews: Iterable[FileReview]) -> list[str]:
    return [one.file.name for one in reviews]


def test_what_repeats_a_rejected_creative_stays_until_somebody_allows_it() -> None:
    reviews = [review("a", B), repeating("b", B), repeating("v", V, "1"), review("p", P, "1")]
    plan, allowed = make_plan(reviews), make_plan(reviews, allow_repeats=True)
    assert ([file.name for file in plan.files], names(plan.repeats)) == (["a"], ["b", "v", "p"])
    assert ([file.name for file in allowed.files], names(allowed.repeats)) == (["v", "p", "a", "b"], [])
    told = "looks 98% like ID 1032530511 (v; Static Banner, rejected, day unknown): it was REJECTED"
    assert [one.reason for one in plan.repeats[1:]] == [
        f"repeats a rejected creative: {told}",
        "the other half of its pair repeats a rejected creative",
    ]
    assert (plan.asks, allowed.asks) == ("3 files repeat a rejected creative", "")


def test_it_may_be_allowed_for_some_files_alone() -> None:
    plan = make_plan([repeating("a", B), repeating("b", B)], allow_repeats={(Section.STATIC_BANNER, "b")})
    assert ([file.name for file in plan.files], names(plan.repeats)) == (["b"], ["a"])


def test_a_choice_allows_no_repeat_by_itself_and_what_it_leaves_out_is_not_asked_about() -> None:
    reviews = [repeating("a", B), repeating("b", B)]
    plan = make_plan(reviews, choice=chosen((Section.STATIC_BANNER, "a")))
    assert (plan.files, names(plan.repeats), names(plan.unseen), plan.left) == ((), ["a"], ["b"], ())


def test_what_a_person_said_is_not_the_same_repeats_nothing() -> None:
    assert make_plan([repeating("a", B, decision=Decision.NOT_THE_SAME)]).repeats == ()
    assert make_plan([repeating("a", B)], limit=1).left == ()
