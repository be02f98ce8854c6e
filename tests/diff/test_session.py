"""Every file of a session gets one verdict, with its reason, from records alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tjtools.cache.library import Library
from tjtools.diff.refusals import problems
from tjtools.diff.repeats import Known, Repeat, RepeatKind
from tjtools.diff.session import FileReview, Verdict, review_session
from tjtools.media import Fingerprint, MediaFacts
from tjtools.model.creative import Creative, CreativeType, Section, SessionFile

HEADER = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
GOOD = {
    CreativeType.NATIVE_VIDEO: MediaFacts(1000, "mp4", 640, 360, 4.0),
    CreativeType.NATIVE_IMAGE: MediaFacts(1000, "png", 640, 360),
    CreativeType.VIDEO: MediaFacts(1000, "mp4", 640, 360, 8.0),
    CreativeType.IMAGE: MediaFacts(1000, "png", 300, 250),
}


def file(name: str, kind: CreativeType = CreativeType.IMAGE, pair: str = "") -> SessionFile:
    return SessionFile(Path("uploaded") / name, kind, native_pair_id=pair, row={"new_filename": name})


@pytest.fixture
def library(tmp_path: Path) -> Library:
    path = tmp_path / "TJ_Creative_Library.csv"
    path.write_text(
        HEADER
        + "1032530511,there,2025-11-01,300x250,png,image,approved\n"
        + "1032530521,twice,,,,image,approved\n1032530531,twice,,,,image,rejected\n"
        + "1032530541,gone,,,,image,removed\n"
        + "1032530551,elsewhere,,,,native_image,approved\n"
        + "1032530561,moving,,,mp4,,approved\n"
        + "1032530571,doubled.png,,300x250,png,image,approved\n"
        + "1.03E+09,torn.png,,,,image,approved\n",
        "utf-8",
    )
    return Library.load(path)


def review(library: Library, *files: SessionFile, **options: object) -> list[FileReview]:
    facts = {one.path: GOOD[one.creative_type] for one in files}
    return list(review_session(files, library, facts | options.pop("facts", {}), **options))  # type: ignore[arg-type, operator]


@pytest.mark.parametrize(
    ("name", "verdict", "creative_id"),
    [
        ("new.png", Verdict.NEW, None),
        ("there.png", Verdict.ALREADY_THERE, "1032530511"),
        ("twice.png", Verdict.ALREADY_THERE, None),
        ("gone.png", Verdict.NEW, None),
        ("elsewhere.png", Verdict.NEW, None),
        ("moving.png", Verdict.NEW, None),
        ("torn.png", Verdict.BLOCKED, None),
        ("doubled.png.png", Verdict.UNCLEAR, None),
        ("doubled.png", Verdict.ALREADY_THERE, "1032530571"),
        ("ORG_there.png", Verdict.SOURCE, None),
    ],
)
def test_the_verdict_of_one_file(library: Library, name: str, verdict: Verdict, creative_id: str | None) -> None:
    [one] = review(library, file(name))
    assert (one.verdict, one.creative_id) == (verdict, creative_id)


def test_all_creatives_of_the_name_are_listed(library: Library) -> None:
    [one] = review(library, file("twice.png"))
    assert [creative.creative_id for creative in one.known] == ["1032530521", "1032530531"]
    assert "2 creatives bear this name" in one.reason


def test_a_match_in_another_section_is_shown_and_not_skipped(library: Library) -> None:
    [one] = review(library, file("elsewhere.png"))
    assert one.notes == ("also in another section: ID 1032530551 in Native Static Banner, approved, day unknown",)


def test_a_file_of_two_extensions_that_may_be_there_is_shown_and_held_back(library: Library) -> None:
    [one] = review(library, file("doubled.png.png"))
    assert [creative.creative_id for creative in one.known] == ["1032530571"]
    assert (one.goes_up, one.is_settled, one.needs_a_person) == (False, False, True)
    assert one.reason == (
        "ID 1032530571 (doubled.png; Static Banner, approved, day unknown) is this file, or another one of that"
        " name: look on the site. If it is this file: tjtools add 1032530571 doubled.png.png; if not: tjtools"
        " upload --file doubled.png.png --live --force"
    )


def test_the_commands_for_a_file_that_may_be_there_can_be_pasted(tmp_path: Path) -> None:
    path = tmp_path / "TJ_Creative_Library.csv"
    path.write_text(f"{HEADER}7,my clip.png,,300x250,png,image,approved\n", "utf-8")
    [one] = review(Library.load(path), file("my clip.png.png"))
    told = "tjtools add 7 'my clip.png.png'; if not: tjtools upload --file 'my clip.png.png' --live --force"
    assert one.reason.endswith(told)
    [one] = review(Library.load(path), SessionFile(Path("/other/my clip.png.png"), CreativeType.IMAGE))  # by its path
    assert one.reason.endswith("tjtools upload --file '/other/my clip.png.png' --type image --live --force")


def test_force_takes_a_file_that_may_be_there(library: Library) -> None:
    [one] = review(library, file("doubled.png.png"), force=True)
    assert (one.verdict, one.creative_id) == (Verdict.NEW, None)
    assert one.notes == ("forced, although it may be there: ID 1032530571 in Static Banner, approved, day unknown",)


def test_a_file_that_may_be_there_by_its_name_and_is_by_its_content_is_there(library: Library) -> None:
    one = file("doubled.png.png")
    there = Creative("1032530571", "doubled.png", creative_type=CreativeType.IMAGE)
    seen = Fingerprint(GOOD[CreativeType.IMAGE], "00")
    known = Known(seen, "doubled.png.png", there, certain=True)
    [found] = review(library, one, repeats={one.path: [Repeat(RepeatKind.SAME_CONTENT, seen, known)]})
    assert (found.verdict, found.creative_id) == (Verdict.RENAMED_DUPLICATE, "1032530571")


@pytest.mark.parametrize("names", [("a.png", "a.jfif"), ("a.jfif", "a"), ("a.png", "a.PNG")])
def test_names_that_the_site_may_show_alike_are_one_name_twice(library: Library, names: tuple[str, str]) -> None:
    assert [one.verdict for one in review(library, *map(file, names))] == [Verdict.SAME_NAME] * 2


def test_names_that_the_site_tells_apart_are_two(library: Library) -> None:
    assert [one.verdict for one in review(library, file("a.png"), file("a.png.png"))] == [Verdict.NEW] * 2


def test_a_missing_file(library: Library) -> None:
    one = file("new.png")
    [found] = review(library, one, facts={one.path: None})
    assert (found.verdict, found.reason) == (
        Verdict.MISSING,
        "there is no file uploaded/new.png: put it back, or take its line out of the session",
    )


def test_a_known_file_need_not_be_on_this_machine(library: Library) -> None:
    one = file("there.png")
    [found] = review(library, one, facts={one.path: None})
    assert found.verdict is Verdict.ALREADY_THERE


def test_the_same_name_twice_is_for_a_person(library: Library) -> None:
    gif = file("a.gif")
    moving = file("a.mp4", CreativeType.VIDEO)
    found = review(library, file("a.png"), gif, moving, facts={gif.path: MediaFacts(1000, "gif", 300, 250)})
    assert [one.verdict for one in found] == [Verdict.SAME_NAME, Verdict.SAME_NAME, Verdict.NEW]


def test_one_whole_name_in_two_sections_is_for_a_person_too(library: Library) -> None:
    """Once one of them is up, the other would be taken for it."""
    found = review(library, file("a.png", CreativeType.NATIVE_IMAGE), file("b/a.png"), facts={})
    assert [one.verdict for one in found] == [Verdict.SAME_NAME] * 2


def test_half_a_pair_is_held_back_with_the_reason(library: Library) -> None:
    video = file("v.mp4", CreativeType.NATIVE_VIDEO, "99A0D7C3")
    image = file("i.png", CreativeType.NATIVE_IMAGE, "99A0D7C3")
    heavy = MediaFacts(310_000, "png", 640, 360)
    assert [one.verdict for one in review(library, video, image)] == [Verdict.NEW, Verdict.NEW]
    assert [one.verdict for one in review(library, video)] == [Verdict.HALF_PAIR]
    found = review(library, video, image, facts={image.path: heavy})
    assert [one.verdict for one in found] == [Verdict.HALF_PAIR, Verdict.INVALID]
    assert found[0].reason.startswith("its native image is invalid: 310,000 bytes")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("the file is empty", "the file is empty: export it again"),
        (os.strerror(errno.EACCES), "it can't be read (Permission denied): change its rights"),
    ],
)
def test_a_file_that_cannot_be_read_leads_to_what_mends_it(library: Library, trouble: str, reason: str) -> None:
    one = file("new.png")
    [found] = review(library, one, facts={one.path: MediaFacts(9, "", trouble=trouble)})
    assert (found.verdict, found.reason) == (Verdict.UNREADABLE, reason)


def test_a_pair_id_of_several_files_is_for_a_person(library: Library) -> None:
    """Excel makes one `1.23E+14` of several IDs: which video belongs to which image, nobody can tell."""
    kinds = {"v0.mp4": CreativeType.NATIVE_VIDEO, "i1.png": CreativeType.NATIVE_IMAGE} | {
        "v1.mp4": CreativeType.NATIVE_VIDEO,
        "i0.png": CreativeType.NATIVE_IMAGE,
    }
    found = review(library, *(file(name, kind, "1.23E+14") for name, kind in kinds.items()))
    assert [one.verdict for one in found] == [Verdict.UNCLEAR_PAIR] * 4
    assert {one.reason for one in found} == {
        "the pair ID 1.23E+14, which a spreadsheet rounded, is on v0.mp4, i1.png, v1.mp4 and i0.png: write an ID of its"
        " own, such as ID-99A0D7C3, into the two rows of each pair"
    }
    assert all(one.needs_a_person and not one.goes_up for one in found)


@pytest.mark.parametrize(
    ("pair", "verdict"),
    [
        ("1.23E+14", Verdict.UNCLEAR_PAIR),
        ("1,23e+14", Verdict.UNCLEAR_PAIR),
        ("ID-1E+09", Verdict.UNCLEAR_PAIR),
        ("12345E67", Verdict.NEW),
        ("00123456", Verdict.NEW),
    ],
)
def test_one_video_and_one_image_with_a_rounded_pair_id_may_be_two_pairs(
    library: Library, pair: str, verdict: Verdict
) -> None:
    halves = file("v.mp4", CreativeType.NATIVE_VIDEO, pair), file("i.png", CreativeType.NATIVE_IMAGE, pair)
    assert [one.verdict for one in review(library, *halves)] == [verdict, verdict]


def test_two_videos_of_one_pair_are_for_a_person_and_their_source_is_none(library: Library) -> None:
    image, source = file("i.png", CreativeType.NATIVE_IMAGE, "1"), file("ORG_v.mp4", CreativeType.NATIVE_VIDEO, "1")
    v, w = (file(name, CreativeType.NATIVE_VIDEO, "1") for name in ("v.mp4", "w.mp4"))
    assert [one.verdict for one in review(library, v, image, source)] == [Verdict.NEW, Verdict.NEW, Verdict.SOURCE]
    assert [one.verdict for one in review(library, v, w, image)] == [Verdict.UNCLEAR_PAIR] * 3
    assert [one.verdict for one in review(library, v, w, image, force=True)] == [Verdict.UNCLEAR_PAIR] * 3


def test_a_half_of_an_unclear_pair_that_cant_go_up_still_makes_it_unclear(tmp_path: Path) -> None:
    path = tmp_path / "TJ_Creative_Library.csv"
    path.write_text(HEADER + "1032530511,i,,640x360,png,native_image,approved\n", "utf-8")
    v, w, i = (file(name, CreativeType.NATIVE_VIDEO, "1") for name in ("v.mp4", "w.mp4", "i.png"))
    i = i._replace(creative_type=CreativeType.NATIVE_IMAGE)
    found = review(Library.load(path), v, w, i, facts={w.path: None})
    assert [one.verdict for one in found] == [Verdict.UNCLEAR_PAIR, Verdict.MISSING, Verdict.ALREADY_THERE]
    assert found[2].notes == (f"no ad: {found[0].reason}",)


def test_the_halves_of_a_pair_are_matched_with_or_without_the_prefix(library: Library) -> None:
    video = file("v.mp4", CreativeType.NATIVE_VIDEO, "ID-99A0D7C3")
    assert [one.verdict for one in review(library, video, file("i.png", CreativeType.NATIVE_IMAGE, "99a0d7c3 "))] == [
        Verdict.NEW,
        Verdict.NEW,
    ]


def test_a_rounded_unique_id_is_told(library: Library) -> None:
    [one] = review(library, file("a.png")._replace(unique_id="1.23E+14"))
    assert (one.verdict, one.notes) == (
        Verdict.NEW,
        ("the inventory's unique_id 1.23E+14 was rounded by a spreadsheet: write it again, such as ID-99A0D7C3",),
    )


def test_a_half_whose_other_half_is_there_already_goes_up(tmp_path: Path) -> None:
    path = tmp_path / "TJ_Creative_Library.csv"
    path.write_text(HEADER + "1032530511,i,,640x360,png,native_image,approved\n", "utf-8")
    video = file("v.mp4", CreativeType.NATIVE_VIDEO, "1")
    image = file("i.png", CreativeType.NATIVE_IMAGE, "1")
    assert [one.verdict for one in review(Library.load(path), video, image)] == [Verdict.NEW, Verdict.ALREADY_THERE]


CONTENT = Fingerprint(GOOD[CreativeType.NATIVE_VIDEO], "0" * 64)
FILE = Known(CONTENT, "new.mp4", path=Path("new.mp4"))


def known_as(creative_id: str, kind: CreativeType, *, certain: bool = True) -> Repeat:
    creative = Creative(creative_id, "old.mp4", creative_type=kind)
    return Repeat(RepeatKind.SAME_CONTENT, FILE, Known(CONTENT, "old.mp4", creative, certain=certain))


@pytest.mark.parametrize(
    ("certain", "expected"), [([True], "111"), ([False], None), ([True, False], "111"), ([True, True], None)]
)
def test_an_id_is_told_by_content_only_where_one_is_certain(
    library: Library, certain: list[bool], expected: str | None
) -> None:
    one = file("new.mp4", CreativeType.VIDEO)
    repeats = [
        known_as(str(111 * (number + 1)), CreativeType.VIDEO, certain=sure) for number, sure in enumerate(certain)
    ]
    [found] = review(library, one, repeats={one.path: repeats})
    assert (found.verdict, found.creative_id, len(found.known)) == (Verdict.RENAMED_DUPLICATE, expected, len(certain))


def test_a_half_whose_other_half_is_there_under_another_name_goes_up(library: Library) -> None:
    video, image = file("v.mp4", CreativeType.NATIVE_VIDEO, "1"), file("i.png", CreativeType.NATIVE_IMAGE, "1")
    found = review(library, video, image, repeats={video.path: [known_as("111", CreativeType.NATIVE_VIDEO)]})
    assert [one.verdict for one in found] == [Verdict.RENAMED_DUPLICATE, Verdict.NEW]


def test_a_half_whose_other_half_is_another_pairs_video_is_held_back(library: Library) -> None:
    pairs = [
        (file(f"v{pair}.mp4", CreativeType.NATIVE_VIDEO, pair), file(f"i{pair}.png", CreativeType.NATIVE_IMAGE, pair))
        for pair in "12"
    ]
    (first, one), (second, two) = pairs
    twin = Repeat(RepeatKind.SAME_CONTENT, FILE, Known(CONTENT, first.name, path=first.path))
    found = review(library, first, one, second, two, repeats={second.path: [twin]})
    assert [each.verdict for each in found] == [Verdict.NEW, Verdict.NEW, Verdict.IN_SESSION, Verdict.HALF_PAIR]
    assert found[3].reason == (
        "its native video is duplicate within the session: same content as v1.mp4 of this session"
    )


def test_the_master_alone_is_a_warning_and_never_a_skip(library: Library) -> None:
    [one] = review(library, file("new.png"), master_ids={(Section.STATIC_BANNER, "new.png"): "1032530999"})
    assert (one.verdict, "uploaded as 1032530999" in one.notes[0]) == (Verdict.NEW, True)


def test_force_bypasses_the_duplicate_checks_and_no_other(library: Library) -> None:
    known, torn, heavy = file("there.png"), file("torn.png"), file("huge.png")
    found = review(library, known, torn, heavy, force=True, facts={heavy.path: MediaFacts(9, "png", 1, 1)})
    assert [one.verdict for one in found] == [Verdict.NEW, Verdict.BLOCKED, Verdict.INVALID]
    assert found[0].notes == (
        "forced, although it is there: ID 1032530511 in Static Banner, approved, added 2025-11-01",
    )


def test_a_file_whose_name_claims_another_content_is_for_a_person(library: Library) -> None:
    one = file("new.jpg")
    [found] = review(library, one)
    assert (found.verdict, found.reason) == (Verdict.INVALID, "the content is png, the name says .jpg: rename it")


def test_a_photo_of_a_phone_called_jpg_is_to_be_converted_and_not_renamed(library: Library) -> None:
    one = file("new.jpg")
    [found] = review(library, one, facts={one.path: MediaFacts(9, "heic")})
    assert found.reason == "the content is heic; an image is gif, png or jpg: convert it"


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        (CreativeType.NATIVE_IMAGE, MediaFacts(300_000, "png", 640, 360), ()),
        (CreativeType.NATIVE_IMAGE, MediaFacts(300_001, "jpg", 640, 360), ("300,001 bytes",)),
        (CreativeType.NATIVE_IMAGE, MediaFacts(1, "gif", 640, 361), ("the content is gif", "640x361 pixels")),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 5.0), ()),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 31.0), ()),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 4.9), ("4.9 s long",)),
        (CreativeType.SHORT_VIDEO, MediaFacts(1, "mp4", 1, 1, 40.0), ("40.0 s long",)),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 4.96), ("4.96 s long; a video lasts at least 5 s: make",)),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 4.9996), ("4.9996 s long; a video lasts at least 5 s",)),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 31.04), ("31.04 s long; a video lasts at most 31 s: cut",)),
        (CreativeType.VIDEO, MediaFacts(1, "mp4", 1, 1, 0.0), ("0.0 s long; a video lasts at least 5 s",)),
        (CreativeType.VIDEO_BANNER, MediaFacts(1, "mp4", 301, 250, 5.0), ("301x250 pixels",)),
        (CreativeType.NATIVE_IMAGE, MediaFacts(1, "heic"), ("the content is heic; a native image is png or jpg",)),
        (CreativeType.IMAGE, MediaFacts(0, ""), ("no image or video that can be read",)),
    ],
)
def test_the_reason_names_limit_and_value(kind: CreativeType, facts: MediaFacts, expected: tuple[str, ...]) -> None:
    found = problems(facts, kind)
    assert len(found) == len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=True))


LASTING = MediaFacts(1000, "mp4", 640, 360, 8.0, "h264")


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        ((None, 8.0, 30.0), ""),
        ((None, 8.0, 31.0), ""),
        ((None, 8.0, 40.0), "8.0 or 40.0 s long, by its picture or by its sound and headers; a video lasts at most 31"),
        ((None, 31.0, 31.06), "31.0 or 31.06 s long"),
        ((None, 4.96, 5.06), "4.96 or 5.06 s long, by its picture or by its sound and headers; a video lasts at least"),
        ((0.5, 8.0, None), "0.5 or 8.0 s long"),
        ((5.0, 8.0, 9.0), ""),
        ((None, 4.0, 4.5), "4.0 s long; a video lasts at least 5 s: make it longer"),
        ((31.5, 32.0, 40.0), "32.0 s long; a video lasts at most 31 s: cut it"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_length_is_right_by_whatever_is_counted_or_for_a_person(
    library: Library, lengths: tuple[float | None, float, float | None], told: str, force: bool
) -> None:
    one = file("new.mp4", CreativeType.VIDEO)
    facts = LASTING._replace(shortest=lengths[0], seconds=lengths[1], longest=lengths[2])
    [found] = review(library, one, facts={one.path: facts}, force=force)
    assert (found.verdict, found.reason[: len(told)]) == (Verdict.INVALID if told else Verdict.NEW, told)


@pytest.mark.parametrize(
    ("stored", "shown", "told"),
    [
        ("", (640, 360), ""),
        ("360x640", (640, 360), "640x360 pixels as it is shown, 360x640 in the file; a native video has 640x360, and"),
        ("640x360", (360, 640), "360x640 pixels as it is shown, 640x360 in the file"),
        ("640x360", (853, 360), "853x360 pixels as it is shown, 640x360 in the file"),
        ("320x360", (640, 360), "640x360 pixels as it is shown, 320x360 in the file"),
        ("640x480", (853, 480), "853x480 pixels; a native video has 640x360: scale or crop it"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_size_is_right_by_whatever_is_measured_or_for_a_person(
    library: Library, stored: str, shown: tuple[int, int], told: str, force: bool
) -> None:
    one = file("new.mp4", CreativeType.NATIVE_VIDEO)
    facts = LASTING._replace(seconds=4.0, width=shown[0], height=shown[1], stored=stored)
    [found] = review(library, one, facts={one.path: facts}, force=force)
    assert (found.verdict, found.reason[: len(told)]) == (Verdict.INVALID if told else Verdict.NEW, told)
