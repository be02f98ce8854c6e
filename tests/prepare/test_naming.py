"""The words of a creative's name: what names and folders of a delivery tell, and names that can be read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.model.names import ParsedName, made_name, parse_name
from tjtools.prepare.naming import (
    FIELDS,
    NEEDED,
    WORDS,
    checked,
    cleaned,
    description_of,
    new_id,
    parts_of,
    told_by_folder,
    told_by_name,
)

words = st.text(max_size=60).filter(cleaned) | st.sampled_from(
    [
        "Big Garden",
        "José_María",
        "SFW",
        "M",
        "MFT",
        "Anime",
        "T-5",
        "4sec",
        "ID-99A0D7C3",
        "hip - hop",
        "a_b",
        "日本",
        "ß",
        "EN",
    ]
)
fields = st.fixed_dictionaries(
    {
        "category_name": words,
        "creator_name": words,
        "language": st.sampled_from(["EN", "ES", "POR"]),
        **{field: st.sampled_from(known) for field, known in WORDS.items()},
    },
    optional={"creative_description": words, "test_id": words},
)


@given(
    fields=fields,
    prefix=st.sampled_from([None, "VID", "IMG", "ORG"]),
    seconds=st.none() | st.floats(0, 5000),
    unique_id=st.from_regex("[0-9A-F]{8}", fullmatch=True),
)
def test_a_name_reads_back_to_the_parts_that_it_was_made_of(
    fields: dict[str, str], prefix: str | None, seconds: float | None, unique_id: str
) -> None:
    parts = parts_of(fields, unique_id, prefix, seconds)
    name = made_name(parts, "mp4")
    assert parse_name(name) == parts
    assert len(name.encode()) <= 255
    assert not set(name) & set('<>:"/\\|?* \0')


@given(text=st.text())
def test_what_is_clean_stays_so(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)


@pytest.mark.parametrize(
    ("stem", "told"),
    [
        ("beach sunset v2", "BeachSunset"),
        ("Beach_Sunset_FINAL (3)", "BeachSunset"),
        ("beachSunset-640x360", "BeachSunset"),
        ("Café del Mar 1080p 30fps", "CafeDelMar"),
        ("Top10 goals", "Top10Goals"),
        *((stem, "") for stem in ("IMG_1234", "DSC00042", "PXL_20251113_120000123", "VID-20251113-WA0001", "GOPR0042")),
        *(
            (stem, "")
            for stem in ("WhatsApp Image 2025-11-13 at 12.00.00 PM", "Screenshot 2025-11-13", "video-97551c12")
        ),
        *(
            (stem, "")
            for stem in ("0b0f1d3c-7a52-4e1a-9a3e-2f6f0c5d8e11", "20251113_120000", "deadbeef", "final v3", "7")
        ),
    ],
)
def test_what_a_name_says_of_its_picture(stem: str, told: str) -> None:
    assert description_of(stem) == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "EN_Sports_F_Real_SFW_Beach_Ana_12.mov",
            ("Sports", "F", "Real", "Ana", "EN", "SFW", "Beach", "12"),
        ),
        ("EN_Sports_F_Real_SFW_Beach_Ana.mp4", ("Sports", "F", "Real", "Ana", "EN", "SFW", "Beach", "")),
        ("EN_Sports_SFW_Beach_Ana.png", ("Sports", "", "", "Ana", "EN", "SFW", "Beach", "")),
        ("EN_Sports_NSFW_Beach_Ana_8sec_T-7.mp4", ("Sports", "", "", "Ana", "EN", "NSFW", "Beach", "7")),
        ("EN_Sports_8sec.mp4", ("Sports", "", "", "", "EN", "", "", "")),
        ("VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4", ("Sports", "", "", "", "EN", "", "", "")),
        ("IMG_1234.jpg", ("", "", "", "", "", "", "", "")),
        ("IMG_1234_8sec.mp4", ("", "", "", "", "", "", "", "")),
        ("beach sunset.mp4", ("", "", "", "", "", "", "BeachSunset", "")),
    ],
)
def test_what_a_structured_name_tells(name: str, told: tuple[str, ...]) -> None:
    assert told_by_name(name) == {field: text for field, text in zip(FIELDS, told, strict=True) if text}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Sports", ("Sports", "", "")),
        ("Big  Garden", ("Big Garden", "", "")),
        ("Gaming-Anime-Bea", ("Gaming", "Anime", "Bea")),
        ("Hip-Hop-real-Bea K", ("Hip-Hop", "Real", "Bea K")),
        *(
            (name, ("", "", ""))
            for name in ("delivery 3", "2025-11-13", "Videos", "source_files", "new", "Bea delivery")
        ),
        ("Video Games", ("Video Games", "", "")),
    ],
)
def test_what_a_folder_tells(name: str, told: tuple[str, ...]) -> None:
    fields = zip(("category_name", "style", "creator_name"), told, strict=True)
    assert told_by_folder(name) == {field: text for field, text in fields if text}


@pytest.mark.parametrize(
    ("field", "text"), [("style", "Cartoon"), ("language", "English"), ("language", "IMG"), ("creator_name", " _ ")]
)
def test_a_word_that_can_not_be_meant_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is"):
        checked(field, text)


def test_a_new_id_is_one_that_nobody_knows_and_no_spreadsheet_takes_for_a_number() -> None:
    known: set[str] = set()
    for _ in range(200):
        found = new_id(known)
        assert found not in known
        assert parse_name(made_name(_named(found), "png")) == _named(found)
        assert not found.replace("E", "").isdigit()
        known.add(found)


def _named(unique_id: str) -> ParsedName:
    told = dict(zip(NEEDED, ("Sports", "F", "Real", "Ana", "EN", "SFW"), strict=True))
    return parts_of(told, unique_id, None, None)
