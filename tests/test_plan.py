"""Batches: of at most ten, by type, pairs together."""

from pathlib import Path

import pytest

from tjtools.diff import FileReview, Verdict
from tjtools.models import CreativeType, SessionFile
from tjtools.upload import make_plan

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
