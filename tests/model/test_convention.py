"""The convention of names and words in all the forms that real files have."""

from __future__ import annotations

import pytest

from tjtools.model.creative import CreativeType, base_id
from tjtools.model.names import parse_name


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Regular Creatives", CreativeType.IMAGE),
        ("regular creative", CreativeType.IMAGE),
        ("Static Banners", CreativeType.IMAGE),
        ("Images", CreativeType.IMAGE),
        ("Native Static Banner", CreativeType.NATIVE_IMAGE),
        ("Native  Static\u00a0Banners", CreativeType.NATIVE_IMAGE),
        ("Native Rollovers", CreativeType.NATIVE_VIDEO),
        ("native video", CreativeType.NATIVE_VIDEO),
        ("Native-Video", CreativeType.NATIVE_VIDEO),
        ("Video Banner", CreativeType.VIDEO_BANNER),
        ("IN_STREAM_VIDEO", CreativeType.VIDEO),
        ("In Stream Videos", CreativeType.VIDEO),
        ("short video", CreativeType.SHORT_VIDEO),
    ],
)
def test_a_type_is_read_in_every_vocabulary(word: str, kind: CreativeType) -> None:
    assert CreativeType.parse(word) is kind


@pytest.mark.parametrize("word", ["", "s", "Regular", "Creatives", "Native", "Banner", "Videoss", "native image video"])
def test_a_word_that_is_no_type_is_none(word: str) -> None:
    with pytest.raises(ValueError, match="is not a creative type"):
        CreativeType.parse(word)


@pytest.mark.parametrize(
    ("name", "category", "content_type", "duration", "unique_id"),
    [
        ("EN_BRAND_GENERAL_30sec_ID-99A0D7C3.mp4", "BRAND", "GENERAL", 30, "99A0D7C3"),
        ("EN_BRAND_GENERAL_30sec_ID-99A0D7C3", "BRAND", "GENERAL", 30, "99A0D7C3"),
        ("DE_My Brand_Sports-Cars_9.5sec_ID-99a0d7c3.mp4", "My Brand", "Sports-Cars", 9.5, "99a0d7c3"),
        ("ORG_EN_BRAND_GENERAL_30sec_ID-99A0D7C3.mp4", "BRAND", "GENERAL", 30, "99A0D7C3"),
        ("EN_BRAND_GENERAL_30sec_T-7_ID-99A0D7C3.mp4", "BRAND", "GENERAL", 30, "99A0D7C3"),
        ("EN_Sports_4sec_ID-99A0D7C3.mp4", "Sports", None, 4, "99A0D7C3"),
        ("EN_Sports_F_Real_4sec_ID-99A0D7C3.mp4", "Sports", None, 4, "99A0D7C3"),
        ("EN_Sports_T-7_ID-99A0D7C3.png", "Sports", None, None, "99A0D7C3"),
    ],
)
def test_older_in_stream_names_are_parsed(
    name: str, category: str, content_type: str | None, duration: float | None, unique_id: str
) -> None:
    parsed = parse_name(name)
    assert parsed
    assert (parsed.category, parsed.content_type, parsed.duration, parsed.unique_id) == (
        *(category, content_type, duration, unique_id),
    )
    assert (parsed.rating, parsed.creator) == (None, None)


@pytest.mark.parametrize(
    "name",
    [
        "EN_BRAND_GENERAL_ID-99A0D7C3.mp4",  # nothing says that it is in-stream
        "EN_BRAND_GENERAL_30sec",
        "EN_Sports_SFW_30sec_ID-99A0D7C3.mp4",
        "EN_Sports_F_30sec_ID-99A0D7C3.mp4",
        "EN_BRAND_GENERAL_SUMMER_30sec_ID-99A0D7C3.mp4",
        "brand general 30sec",
    ],
)
def test_what_is_of_no_known_form_is_kept_as_it_is(name: str) -> None:
    assert parse_name(name) is None


def test_a_rated_name_may_have_any_word_for_its_type() -> None:
    parsed = parse_name("EN_Sports_SFW_M_Ana_Maria_4sec_ID-99A0D7C3.mp4")
    assert parsed
    assert (parsed.rating, parsed.content_type, parsed.creator) == ("SFW", "M", "Ana_Maria")


@pytest.mark.parametrize("told", ["ID-99A0D7C3", "99A0D7C3", " id-99a0d7c3 ", "ID-99A0D7C3-VID", "99a0d7c3-img"])
def test_an_id_is_read_with_or_without_its_prefix(told: str) -> None:
    assert base_id(told) == "99A0D7C3"
