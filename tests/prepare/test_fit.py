"""What makes a file fit: a recipe, what it costs, or why nothing can be made of it that would do."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.diff.refusals import problems
from tjtools.media import MediaFacts
from tjtools.media.recipe import Box
from tjtools.model.creative import CreativeType, Medium
from tjtools.prepare.fit import Fit, Wishes, fit
from tjtools.prepare.intake import named
from tjtools.workspace.limits import Limit, Limits, load_limits

LIMITS = load_limits()
NATIVE, STILL, VIDEO = CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE, CreativeType.VIDEO
PHONE = MediaFacts(20_000_000, "mov", 1080, 1920, 12.0, "hevc", 90, stored="1920x1080")


def _limits(**told: object) -> Limits:
    """The package's limits, but of every type these."""
    return LIMITS.model_copy(update={"by_type": dict.fromkeys(CreativeType, Limit.model_validate(told))})


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (MediaFacts(200_000, "mp4", 640, 360, 4.0, "h264"), NATIVE),
        (MediaFacts(200_000, "mp4", 640, 360, 90.0, "h264"), NATIVE),  # usual is no limit
        (MediaFacts(300_000, "png", 640, 360), STILL),
        (MediaFacts(9_000_000, "mp4", 641, 361, 31.0, "h264"), VIDEO),
        (MediaFacts(9_000_000, "mp4", 640, 360, 31.0, "h264", pixels="yuvj420p"), VIDEO),
    ],
)
def test_what_fits_stays_as_it_is(facts: MediaFacts, kind: CreativeType) -> None:
    assert fit(facts, kind, LIMITS) == Fit(facts)


@pytest.mark.parametrize(
    ("facts", "kind", "mends", "asks"),
    [
        (MediaFacts(310_000, "jpg", 640, 360), STILL, ["310,000 bytes → at most 300,000"], []),
        (MediaFacts(310_000, "png", 640, 360), STILL, ["png → jpg", "310,000 bytes → at most 300,000"], []),
        (MediaFacts(90_000, "png", 1280, 720), STILL, ["1280x720 → 640x360"], []),
        (MediaFacts(90_000, "heic", 640, 360), STILL, ["heic → jpg"], []),
        (MediaFacts(9_000, "webp", 300, 250), CreativeType.IMAGE, ["webp → png"], []),
        (MediaFacts(9_000, "webp", 300, 250, frames=12), CreativeType.IMAGE, ["webp → gif"], []),
        (MediaFacts(9_000, "gif", 640, 360, frames=12), STILL, ["gif → png"], ["one of 12 pictures"]),
        (MediaFacts(9_000, "webm", 640, 360, 4.0, "vp9"), NATIVE, ["webm → mp4", "vp9 → h264"], []),
        (MediaFacts(9_000, "mp4", 640, 360, 4.0, "hevc"), NATIVE, ["hevc → h264"], []),
        *(
            (MediaFacts(9_000, "mp4", 640, 360, 4.0, "h264", pixels=told), NATIVE, [f"{told} → yuv420p"], [])
            for told in ("yuv420p10le", "yuv444p", "yuv420p HDR", "yuv422p")
        ),
        (
            MediaFacts(9_000, "mp4", 640, 480, 4.0, "h264"),
            NATIVE,
            ["640x480 → 640x360"],
            ["crop: 25 % of the height, the centre is kept"],
        ),
        (
            MediaFacts(9_000, "mp4", 853, 360, 4.0, "h264", stored="640x360"),
            NATIVE,
            ["640x360, shown as 853x360 → 640x360, upright and in square pixels"],
            ["crop: 25 % of the width, the centre is kept"],
        ),
        (
            PHONE,
            VIDEO,
            ["mov → mp4", "hevc → h264", "1920x1080, shown as 1080x1920 → 1080x1920, upright and in square pixels"],
            [],
        ),
        (
            MediaFacts(9_000, "mp4", 640, 360, 90.2, "h264"),
            VIDEO,
            ["90.2 s → 30.9 s, from 0 s on"],
            ["cut: 30.9 of 90.2 s"],
        ),
        (
            MediaFacts(9_000, "mp4", 640, 360, 30.9, "h264", longest=31.2),
            VIDEO,
            ["picture, sound and headers → all of 30.9 s"],
            [],
        ),
        (
            MediaFacts(9_000, "mp4", 640, 360, 20.0, "h264", longest=60.0),
            VIDEO,
            ["picture, sound and headers → all of 20 s"],
            ["cut: 20 of 60 s"],
        ),
        (
            MediaFacts(9_000, "mp4", 640, 360, 5.2, "h264", shortest=4.8),
            VIDEO,
            ["picture, sound and headers → all of 5.2 s"],
            [],
        ),
    ],
)
def test_a_mend_is_told_with_before_and_after_and_what_it_loses_is_asked(
    facts: MediaFacts, kind: CreativeType, mends: list[str], asks: list[str]
) -> None:
    found = fit(facts, kind, LIMITS)
    assert ([*found.mends], [*found.asks]) == (mends, asks)


@pytest.mark.parametrize(
    ("facts", "kind", "why"),
    [
        (MediaFacts(9_000, "mp4", 640, 360, 2.0, "h264"), VIDEO, "2 s is too short; a video lasts at least 5 s"),
        (MediaFacts(9_000, "png", 640, 360), NATIVE, "a native video can't be made of an image"),
        (MediaFacts(9_000, ""), STILL, "no image or video that can be read"),
        (MediaFacts(9_000, "mp4", 640, 360, trouble="it was cut off"), NATIVE, "it was cut off"),
        (MediaFacts(9_000, "heic"), STILL, "its picture can't be read"),
    ],
)
def test_what_cannot_be_mended_is_said(facts: MediaFacts, kind: CreativeType, why: str) -> None:
    found = fit(facts, kind, LIMITS)
    assert found.recipe is None
    assert why in found.cannot[0]


@pytest.mark.parametrize(
    ("place", "box"),
    [(0.0, Box(height=0.75)), (0.5, Box(top=0.125, height=0.75)), (1.0, Box(top=0.25, height=0.75))],
)
def test_the_kept_part_lies_where_a_person_said(place: float, box: Box) -> None:
    found = fit(MediaFacts(9_000, "png", 640, 480), STILL, LIMITS, Wishes(crop=place))
    assert found.recipe is not None
    assert (found.recipe.box, found.asks) == (box, ())


def test_a_letterbox_loses_nothing() -> None:
    found = fit(MediaFacts(9_000, "png", 640, 480), STILL, LIMITS, Wishes(letterbox=True))
    assert found.recipe is not None
    assert (found.recipe.box, found.losses) == (Box(), ())


@pytest.mark.parametrize(
    ("size", "made"),
    [
        ((600, 500), "300x250"),
        ((1940, 180), "970x90"),
        ((640, 960), "320x480"),
        ((1900, 500), "950x250"),
        ((468, 62), "468x60"),
        ((800, 600), "300x250"),
    ],
)
def test_of_several_sizes_the_one_that_costs_least_is_taken(size: tuple[int, int], made: str) -> None:
    found = fit(MediaFacts(9_000, "mp4", *size, 9.0, "h264"), CreativeType.VIDEO_BANNER, LIMITS)
    assert found.facts.size == made


def test_a_native_is_cut_out_of_a_longer_video_where_a_person_said_so() -> None:
    native = Wishes(start=10.0, seconds=4.0, sound=False)
    found = fit(MediaFacts(9_000_000, "mp4", 1280, 720, 90.0, "h264"), NATIVE, LIMITS, native)
    assert found.recipe is not None
    assert (found.recipe.start, found.recipe.seconds, found.recipe.sound) == (10.0, 4.0, False)
    assert ([one.told for one in found.losses], found.asks) == (["cut: 4 of 90 s"], ())
    late = fit(MediaFacts(9_000_000, "mp4", 1280, 720, 90.0, "h264"), NATIVE, LIMITS, Wishes(start=99, seconds=4.0))
    assert late.recipe is not None
    assert (late.recipe.start, late.recipe.seconds) == (86.0, 4.0)


def test_a_video_about_as_long_as_wished_is_not_encoded_again() -> None:
    as_it_is = MediaFacts(9_000, "mp4", 640, 360, 4.04, "h264")
    assert fit(as_it_is, NATIVE, LIMITS, Wishes(seconds=4.0)) == Fit(as_it_is)


def test_a_still_of_a_video_is_the_frame_that_a_person_chose() -> None:
    video = MediaFacts(9_000_000, "mp4", 640, 360, 10.0, "h264")
    asked, said = fit(video, STILL, LIMITS), fit(video, STILL, LIMITS, Wishes(still=99.0))
    assert asked.recipe is not None
    assert said.recipe is not None
    assert (asked.recipe.container, asked.recipe.start, asked.asks) == (
        "png",
        3.0,
        ("one frame of 10 s of video, at 3 s",),
    )
    assert (said.recipe.start, said.asks) == (9.9, ())


def test_what_is_aimed_at_is_what_the_limits_say() -> None:
    facts = MediaFacts(900_000, "mp4", 1280, 720, 10.0, "h264")
    found = fit(facts, NATIVE, _limits(formats=["mp4"], sizes=["320x180"], max_bytes=70_000, max_seconds=6))
    assert found.recipe is not None
    assert (found.recipe.width, found.recipe.max_bytes, found.recipe.seconds) == (320, 70_000, 5.9)
    assert fit(facts, NATIVE, _limits(formats=["webm"])).cannot == ("a native video is webm: these are not made here",)
    assert fit(facts, NATIVE, _limits(codecs=["av1"])).cannot == ("a native video has av1: only h264 is made here",)
    assert "even numbers" in fit(facts, NATIVE, _limits(sizes=["301x251"])).cannot[0]


@pytest.mark.parametrize(
    ("name", "container", "becomes"),
    [("a.mov", "mp4", "a.mp4"), ("a", "png", "a.png"), ("a.JPEG", "jpg", "a.JPEG"), ("a.b.png", "jpg", "a.b.jpg")],
)
def test_a_name_gets_the_extension_of_its_content(name: str, container: str, becomes: str) -> None:
    assert named(name, container) == becomes


SIZES = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
SECONDS = st.floats(0, 200, allow_nan=False)
WORDS = st.sampled_from(["mp4", "png", "jpg", "gif", "webm", "mov"])


@st.composite
def _any_facts(draw: st.DrawFn) -> MediaFacts:
    moving, (width, height) = draw(st.booleans()), draw(SIZES)
    told = {"stored": draw(st.sampled_from(["", f"{height}x{width}"])), "frames": draw(st.integers(1, 9))}
    if not moving:
        still = draw(st.sampled_from(["png", "jpg", "gif", "webp", "heic", "avif", ""]))
        return MediaFacts(draw(st.integers(1, 10**8)), still, width, height)._replace(**told)
    seconds = draw(SECONDS)
    told |= {"shortest": draw(st.none() | st.floats(0, seconds)), "longest": draw(st.none() | st.floats(seconds, 300))}
    video, codec = draw(st.sampled_from(["mp4", "mov", "webm"])), draw(st.sampled_from(["h264", "hevc", "vp9"]))
    told["pixels"] = draw(st.sampled_from(["", "yuv420p", "yuv444p"]))
    return MediaFacts(draw(st.integers(1, 10**8)), video, width, height, seconds, codec)._replace(**told)


@st.composite
def _any_limit(draw: st.DrawFn) -> Limit:
    least, most = sorted((draw(st.floats(0.01, 100)), draw(st.floats(0.01, 100))))
    return Limit(
        formats=tuple(draw(st.lists(WORDS, max_size=3))),
        codecs=tuple(draw(st.lists(st.sampled_from(["h264", "hevc"]), max_size=2))),
        sizes=tuple(f"{width}x{height}" for width, height in draw(st.lists(SIZES, max_size=4))),
        max_bytes=draw(st.none() | st.integers(1, 10**7)),
        min_seconds=draw(st.sampled_from([None, least])),
        max_seconds=draw(st.sampled_from([None, most])),
        usual_codecs=tuple(draw(st.lists(st.sampled_from(["h264", "hevc"]), max_size=2))),
        usual_pixels=tuple(draw(st.lists(st.sampled_from(["yuv420p", "yuv444p"]), max_size=2))),
    )


WISHES = st.builds(
    Wishes,
    crop=st.none() | st.floats(0, 1),
    letterbox=st.booleans(),
    start=st.none() | SECONDS,
    seconds=st.none() | SECONDS,
    sound=st.booleans(),
    still=st.none() | SECONDS,
)


@given(_any_facts(), st.sampled_from(CreativeType), _any_limit(), WISHES)
def test_whatever_the_limits_say_what_is_promised_passes_or_is_said_to_be_impossible(
    facts: MediaFacts, kind: CreativeType, limit: Limit, wishes: Wishes
) -> None:
    limits = Limits(checked=date(2026, 11, 29), by_type=dict.fromkeys(CreativeType, limit), campaign=LIMITS.campaign)
    found = fit(facts, kind, limits, wishes)
    assert found.cannot or not problems(found.facts, kind, limits)
    assert found.recipe is None if found.cannot else (found.recipe is None) == (found.mends == ())
    if recipe := found.recipe:
        box = recipe.box
        assert 0 <= box.left <= 1 - box.width + 1e-9
        assert 0 <= box.top <= 1 - box.height + 1e-9
        assert 0 <= recipe.start <= max(facts.seconds or 0.0, 0.0)
        assert all("→" in one for one in found.mends)
        moving = kind.medium is Medium.MOVING
        assert recipe.container == "mp4" if moving else re.fullmatch("png|jpg|gif", recipe.container)
