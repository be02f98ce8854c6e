"""Among many creatives the index proposes those that share pictures with one, however they were cut or mirrored."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from corpus import Scene
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tjtools.media import lying
from tjtools.media.index import Index, few
from tjtools.media.look import Frame
from tjtools.media.lying import Lies, Points, Ways, goes_along
from tjtools.media.marks import marks, of_frames, read
from tjtools.media.points import picture


def drawn(template: int, text: int = 0) -> Image.Image:
    [one] = Scene(template, text, 0).frames(1)
    return one.resize((400, 225))


def written(one: Image.Image) -> Image.Image:
    made = one.copy()
    ImageDraw.Draw(made).text((20, 12), "Play now and win a trip", "white", ImageFont.load_default(24))
    return made


def marked(*ones: Image.Image) -> bytes:
    return marks([picture(cv2.cvtColor(np.asarray(one.convert("RGB")), cv2.COLOR_RGB2BGR)) for one in ones])


def marks_of(still: Image.Image) -> bytes:
    return of_frames([Frame(0.0, cv2.cvtColor(np.asarray(still.convert("RGB")), cv2.COLOR_RGB2BGR))])


@pytest.fixture(scope="module")
def known() -> dict[str, bytes]:
    return {f"{number}": marked(drawn(number)) for number in range(40)}


EDITS = {
    "itself": lambda one: one,
    "mirrored": ImageOps.mirror,
    "cropped": lambda one: one.crop((40, 20, 380, 210)),
    "framed": lambda one: ImageOps.expand(one.resize((300, 169)), 40, "navy"),
    "mirrored and cropped": lambda one: ImageOps.mirror(one.crop((20, 10, 390, 220))),
}


TOLD = (1.1 + 0j, 12 + 7j), (1.1 + 0.02j, 13 + 5j)  # how one lies on another, and how it is thought to


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_one_leads_to_the_original(known: dict[str, bytes], edit: str) -> None:
    index = Index(known)
    for number in range(0, 40, 4):
        assert next(index.like(marked(EDITS[edit](drawn(number)))), (None,))[0] == f"{number}"


def test_of_a_still_full_of_fine_things_coarse_points_are_kept_too() -> None:
    """Where it is a small part of a template, that has nothing else of it."""
    fine = Image.fromarray(np.random.default_rng(1).integers(0, 256, (225, 400, 3), np.uint8))
    told = read(marks_of(Image.blend(drawn(8).convert("RGB"), fine, 0.5)))
    pixels = 2 ** (told.spots[:, 2] / 16)
    assert len(pixels) == 200
    assert (pixels > 5.5).sum() > 40


def soft(number: int) -> Image.Image:
    colours = np.random.default_rng(number).integers(60, 200, (9, 16, 3), np.uint8)
    return Image.fromarray(colours).resize((400, 225), Image.Resampling.BICUBIC)


def test_an_upright_part_of_a_soft_picture_leads_to_it() -> None:
    """Little stands out in colours that flow into one another, and hardly anything in a third of them."""
    index = Index({f"{number}": marks_of(soft(number)) for number in range(8)})
    parts = [soft(number).crop((150, 0, 276, 225)).resize((224, 400)) for number in range(8)]
    found = [[one for one, _ in index.like(marks_of(part))] for part in parts]
    assert sum(each == [f"{number}"] for number, each in enumerate(found)) >= 7
    assert all(each in ([], [f"{number}"]) for number, each in enumerate(found))


def test_where_a_part_lies_in_the_whole_is_told(known: dict[str, bytes]) -> None:
    """A third is cut off on the left, and a fifth at the bottom, of the mirrored picture."""
    cut = ImageOps.mirror(drawn(8)).crop((133, 0, 400, 180))
    [lies] = [lies for name, lies in Index(known).like(marked(cut)) if name == "8"]
    assert lies is not None
    assert lies[:3] == (0, 0, True)
    np.testing.assert_allclose(lies.matrix, [[400 / 267, 0, 0], [0, 225 / 180, 0]], atol=0.03)


def test_how_one_lies_on_another_is_put_right_by_all_points_that_both_have() -> None:
    """Where they lie is thought to be some pixels off, and turned."""
    dice = np.random.default_rng(1)
    theirs = Points(dice.uniform(0, 250, 40) + 1j * dice.uniform(0, 140, 40), np.full(40, 3.0), np.zeros(40))
    signs = dice.integers(0, 2**64, (40, 2), np.uint64)
    true, thought = (Ways(np.array(along), np.array(0j), np.array(moved), np.array(4)) for along, moved in TOLD)
    mine = theirs._replace(places=true.onto(theirs.places))
    both = lying.common(mine, theirs, (signs, signs), thought)
    off = [
        abs(mine.places - way.onto(theirs.places)).max() for way in (thought, lying.exact(mine, theirs, both, thought))
    ]
    assert off[0] > 2 > 0.5 > off[1]


def test_what_comes_again_a_little_lower_does_not_draw_a_picture_down() -> None:
    """As in a pattern: half of the points are there twice, three pixels apart."""
    dice = np.random.default_rng(2)
    places = dice.uniform(0, 250, 40) + 1j * dice.uniform(0, 140, 40)
    signs = dice.integers(0, 2**64, (40, 2), np.uint64)
    mine = Points(places, np.full(40, 3.0), np.zeros(40))
    theirs = Points(np.concatenate([places, places[:20] + 3j]), np.full(60, 3.0), np.zeros(60))
    true = Ways(np.array(1 + 0j), np.array(0j), np.array(0j), np.array(40))
    both = lying.common(mine, theirs, (signs, np.concatenate([signs, signs[:20]])), true)
    assert len(both[0]) == 60
    assert abs(lying.exact(mine, theirs, both, true).onto(places) - places).max() < 0.3


def test_what_has_no_more_than_the_words_in_common_is_hardly_ever_proposed() -> None:
    words = {f"{number}": marked(written(drawn(number))) for number in range(12)}
    asked = marked(written(drawn(30)))
    assert len([*Index(words).like(asked)]) < 3
    cropped = marked(written(drawn(30)).crop((30, 20, 370, 215)))
    assert next(Index(words | {"copy": asked}).like(cropped))[0] == "copy"


def test_what_alone_has_points_in_common_is_looked_at_closer_however_they_lie(known: dict[str, bytes]) -> None:
    turned_out = Image.fromarray(np.roll(np.asarray(drawn(8)), (112, 200), (0, 1)))  # what was in the middle is outside
    asked, others = marked(turned_out), {name: one for name, one in known.items() if name != "8"}
    assert [*Index(others | {"8": known["8"]}).like(asked)] == [("8", None)]
    assert [*Index(others | {"8": known["8"], "again": known["8"]}).like(asked)] == []


def test_a_still_is_looked_at_closer_however_few_points_speak_for_it(known: dict[str, bytes]) -> None:
    found = [*Index(known).like(marked(drawn(1).crop((30, 20, 370, 215))))]
    assert len(found) > 1
    assert not any(lies and lies.few for _, lies in found)


def test_a_clip_has_but_few_points_in_common_with_one_that_shows_another_picture(known: dict[str, bytes]) -> None:
    clip, copy = (marked(*(drawn(number) for number in numbers)) for numbers in ((200, 201, 7, 202), (210, 7, 211)))
    contents = known | {"copy": copy}
    assert [name for name in ("copy", "7", "3", "4", "5") if few(clip, contents[name])] == ["3", "4", "5"]


def test_what_is_not_wanted_is_passed_over(known: dict[str, bytes]) -> None:
    asked, index = marked(drawn(3)), Index(known)
    assert "3" not in [name for name, _ in index.like(asked, lambda name: name != "3")]


def test_frames_go_along_where_they_are_one() -> None:
    one, other = ([Frame(0.0, np.asarray(drawn(number).convert("RGB")))] for number in (1, 2))
    lies = Lies(0, 0, False, [[1, 0, 0], [0, 1, 0]])
    assert (goes_along(one, one, lies), goes_along(one, other, lies)) == (True, False)


def test_frames_of_clips_go_along_where_they_lie_roughly_so() -> None:
    fine = (np.random.default_rng(each).integers(0, 256, (30, 53, 3), dtype=np.uint8) for each in (3, 4))
    one, other = ([Frame(0.0, cv2.resize(each, (400, 225), interpolation=cv2.INTER_CUBIC))] * 2 for each in fine)
    beside = Lies(0, 0, False, [[1.0, 0.0, 0.012], [0.0, 1.0, 0.015]])
    assert (goes_along(one, one, beside), goes_along(one, other, beside)) == (True, False)
    assert not goes_along(one[:1], one[:1], beside)


def test_one_picture_of_several_is_enough(known: dict[str, bytes]) -> None:
    clip = marked(*(drawn(number) for number in (200, 201, 7, 202)))
    assert next(Index(known).like(clip))[0] == "7"
    assert {"7", "clip"} <= {name for name, _ in Index(known | {"clip": clip}).like(known["7"])}


def passing(number: int, start: float) -> bytes:
    """Marks of a clip of two seconds, without its start, in which all passes by in a third of a second."""
    wide = np.hstack([cv2.cvtColor(np.asarray(drawn(50 * number + each)), cv2.COLOR_RGB2BGR) for each in range(8)])
    moments = np.arange(start, 2.2, (2.2 - start) / 32)
    places = [round(moment / 0.3 * 400) for moment in moments]
    return of_frames(
        [
            Frame(float(moment - start), np.ascontiguousarray(wide[:, place : place + 400]))
            for moment, place in zip(moments, places, strict=True)
            if place + 400 <= wide.shape[1]
        ]
    )


def test_of_a_short_clip_that_changes_fast_enough_is_kept_to_find_it_by_where_its_start_is_cut() -> None:
    kept = {f"{number}": passing(number, 0) for number in range(4)}
    for number in range(4):
        assert next(Index(kept).like(passing(number, 0.4)), (None,))[0] == f"{number}"


def panning(number: int, start: float, within: np.ndarray | None = None) -> bytes:
    """Marks of a clip of two seconds that pans over a picture four times as wide, or has that small within a page."""
    wide = np.hstack([cv2.cvtColor(np.asarray(drawn(50 * number + each)), cv2.COLOR_RGB2BGR) for each in range(4)])
    moments, pages = np.linspace(start, 2.1, 32), []
    for place in (round(moment / 2.2 * 1200) for moment in moments):
        shown = np.ascontiguousarray(wide[:, place : place + 400])
        if within is not None:
            page = within.copy()
            page[60:127, 120:240] = cv2.resize(shown, (120, 67), interpolation=cv2.INTER_AREA)
            shown = page
        pages.append(shown)
    return of_frames([Frame(float(each - start), page) for each, page in zip(moments, pages, strict=True)])


def test_a_clip_that_is_small_within_a_page_is_found_by_all_its_pictures_together() -> None:
    """Each of them has few points beside those of the page."""
    dice = np.random.default_rng(5)
    page = np.full((225, 400, 3), 90, np.uint8)
    for left, top, side in dice.integers(0, (400, 225, 14), (260, 3)).tolist():
        cv2.rectangle(page, (left, top), (left + side, top + side // 2 + 3), dice.integers(0, 256, 3).tolist(), -1)
    index = Index({f"{number}": panning(number, 0) for number in range(4)})
    for number in range(4):
        [(name, lies)] = index.like(panning(number, 0.03, page))
        assert name == f"{number}"
        assert lies is not None
        np.testing.assert_allclose(np.diag(np.array(lies.matrix)), (120 / 400, 67 / 225), atol=0.03)


def test_a_plain_picture_is_like_nothing(known: dict[str, bytes]) -> None:
    plain = marked(Image.new("RGB", (300, 250), "navy"))
    assert [*Index(known | {"plain": plain}).like(plain)] == []


def test_without_contents_nothing_is_found() -> None:
    assert [*Index({}).like(marked(drawn(1)))] == []


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_an_index_that_nobody_needs_is_gone_at_once(known: dict[str, bytes]) -> None:
    """It takes some 100 MB where there are many contents."""
    index = Index(known)
    assert [*index.like(marked(drawn(1)))]
    there = weakref.ref(index)
    del index
    assert there() is None


@pytest.mark.parametrize("kept", [b"", b"\xff" * 10, b"\1\0\7\0\7\0" + b"1" * 17])
def test_damaged_marks_are_no_marks(kept: bytes) -> None:
    with pytest.raises(ValueError, match=r"marks|reshape|unpack"):
        Index({"a": kept})
