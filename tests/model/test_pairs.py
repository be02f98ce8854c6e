"""Which natives are halves of one pair, as far as names tell."""

from __future__ import annotations

import time

import pytest

from tjtools.model.names import pair_keys

V, I = "video", "image"  # noqa: E741


def paired(*halves: tuple[str, str], more: tuple[str, ...] = ()) -> list[set[str]]:
    """The names that stand together, in the order of the first of each."""
    groups: dict[str, set[str]] = {}
    for (name, _), key in zip(halves, pair_keys(halves, more), strict=True):
        groups.setdefault(key, set()).add(name)
    return list(groups.values())


@pytest.mark.parametrize(
    ("video", "image"),
    [
        ("summer", "summer_horizontal"),
        ("summer_horizontal", "summer"),
        ("summer.mp4", "summer_horizontal.png"),
        ("Summer Games", "summer games HORIZONTAL"),
        ("summer", "summer-thumb"),
        ("summer", "summer_image.jpg"),
        ("summer", "summer thumbnail"),
        ("summer", "summer-poster"),
        ("summer", "summer (static)"),
        ("summer", "summer_thumb_thumbnail_"),
        ("summer_rollover", "summer_static"),
        ("summer_video", "summer_thumb_horizontal"),
        ("summer_4sec", "summer_horizontal"),
        ("caf\u00e9", "cafe\u0301_horizontal"),
        ("VID_EN_Sports_4sec_ID-99A0D7C3-VID", "IMG_EN_Sports_ID-99a0d7c3-IMG"),
        ("VID_EN_Sports_4sec_ID-99A0D7C3-VID", "IMG_EN_Sports_ID-99A0D7C3-IMG_horizontal.png"),
        ("VID_EN_Sports_Ana_4sec_ID-99A0D7C3-VID", "IMG_EN_Sports_Ana_ID-99A0D7C3-IMG"),
        ("summer sale_ID-99A0D7C3", "winter sale_ID-99A0D7C3"),
        ("vid_summer", "img_summer"),
        ("\u0130stanbul", "\u0130stanbul_horizontal"),
        ("summer 1.5sec", "summer_thumb"),
    ],
)
def test_names_that_differ_in_a_known_suffix_are_one_pair(video: str, image: str) -> None:
    assert paired((video, V), (image, I)) == [{video, image}]


@pytest.mark.parametrize(
    ("video", "image"),
    [
        ("summer", "winter_horizontal"),
        ("summer", "summer_2"),
        ("summer", "summerhorizontal"),
        ("summer", "horizontal_summer"),
        ("summer", "summer_horizontal_2"),
        ("summer", "horizontal"),
        ("video", "image"),
        ("_thumb", "_horizontal"),
        ("\U0001f3ac", "\U0001f3a5"),
        ("EN_Sports_ID-99A0D7C3", "EN_Sports_ID-99A0D7C4"),
        ("summer", "summer_backdrop"),
    ],
)
def test_names_that_differ_otherwise_are_two(video: str, image: str) -> None:
    assert paired((video, V), (image, I)) == [{video}, {image}]


def test_a_half_of_exactly_the_name_goes_before_one_with_a_suffix() -> None:
    assert paired(("a", V), ("a_horizontal", I), ("a.png", I)) == [{"a", "a.png"}, {"a_horizontal"}]
    both = ("a", V), ("a", I), ("a_horizontal", V), ("a_horizontal", I)
    assert paired(*both) == [{"a"}, {"a_horizontal"}]


def test_where_several_names_would_fit_none_is_taken() -> None:
    assert paired(("a", V), ("a_horizontal", V), ("a_thumb", I)) == [{"a"}, {"a_horizontal"}, {"a_thumb"}]
    assert paired(("a", V), ("a_thumb", I), ("a_horizontal", I)) == [{"a"}, {"a_thumb"}, {"a_horizontal"}]
    assert paired(("a", V), ("a_thumb", V)) == [{"a"}, {"a_thumb"}]
    assert paired(("a 4sec", V), ("a 8sec", V), ("a", I)) == [{"a 4sec"}, {"a 8sec"}, {"a"}]


def test_several_creatives_of_one_name_are_one_half() -> None:
    assert paired(("a", V), ("a.mp4", V), ("a_horizontal", I)) == [{"a", "a.mp4", "a_horizontal"}]


@pytest.mark.parametrize("suffix", ["backdrop", "_backdrop", "-Backdrop", " (backdrop) "])
def test_a_user_adds_suffixes(suffix: str) -> None:
    for image in ("summer_backdrop", "summer-BACKDROP.png", "summer_horizontal_backdrop"):
        assert paired(("summer", V), (image, I), more=(suffix,)) == [{"summer", image}]
    assert paired(("summer", V), ("summer_horizontal", I), more=(suffix,)) == [{"summer", "summer_horizontal"}]


@pytest.mark.parametrize("odd", ["_" * 20_000 + "x", "_thumb" * 4_000 + "x", "thumb" * 4_000, "1" * 20_000])
def test_a_name_of_any_length_is_told_at_once(odd: str) -> None:
    """As a cell may hold it: at a cost that grows with the square it took a minute."""
    begun = time.process_time()
    assert paired((odd, V), (f"{odd}_horizontal", I)) == [{odd, f"{odd}_horizontal"}]
    assert time.process_time() - begun < 10


def test_a_suffix_is_text_and_no_pattern() -> None:
    assert paired(("summer", V), ("summer_xby", I), more=("x.y",)) == [{"summer"}, {"summer_xby"}]
    assert paired(("summer", V), ("summer_x.y", I), more=("x.y",)) == [{"summer", "summer_x.y"}]
