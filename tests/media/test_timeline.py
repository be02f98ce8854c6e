"""Two clips are one whatever was done to one of them; what they share by chance, or an intro, makes them none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from corpus import WORDS

from tjtools.media import child, look
from tjtools.media.aligned import Both
from tjtools.media.look import Frame
from tjtools.media.lying import Lies
from tjtools.media.timeline import Kinship, Shown, kinship, stirs_so, told
from tjtools.practice import samples

WIDE, TALL, RATE = 320, 180, 20
Clip = list[np.ndarray]
Edit = Callable[[Clip], Clip]


@cache
def texture(seed: int, wide: int = WIDE, tall: int = TALL) -> np.ndarray:
    """Shapes of all sizes."""
    dice = np.random.default_rng(seed)
    made = np.full((tall, wide, 3), dice.integers(60, 200, 3), np.uint8)
    for _ in range(90):
        middle, size = dice.integers(0, (wide, tall)).tolist(), int(dice.integers(3, 26))
        colour = dice.integers(0, 256, 3).tolist()
        if dice.random() < 0.5:
            cv2.circle(made, middle, size, colour, -1)
        else:
            cv2.rectangle(made, middle, [middle[0] + size, middle[1] + 2 * size], colour, -1)
    return made


def scene(background: int, who: int, seconds: float = 3) -> Clip:
    """Somebody walks before a background, there and back, in a way of their own."""
    walks = np.random.default_rng(who).uniform(0.5, 1, 4)
    made = []
    for number in range(round(seconds * RATE)):
        moment, shown = number / RATE, texture(background).copy()
        left = round((WIDE - 100) * (0.5 + 0.5 * np.sin(walks[0] * 2 * moment + 6 * walks[1])))
        top = round((TALL - 80) * (0.5 + 0.5 * np.cos(walks[2] * 2 * moment + 6 * walks[3])))
        shown[top : top + 80, left : left + 100] = texture(1000 + who, 100, 80)
        made.append(shown)
    return made


ONE = [*scene(1, 11), *scene(2, 12)]


def shown(clip: Iterable[np.ndarray]) -> Shown:
    """As it is looked at: some frames a second, encoded."""
    pictures = list(clip)
    step = look.step(len(pictures) / RATE)
    moments = np.arange(0, len(pictures) / RATE - step / 2, step) if len(pictures) > 1 else [0.0]
    frames = [Frame(moment, pictures[min(len(pictures) - 1, int(moment * RATE + 1e-6))]) for moment in moments]
    return Shown(look.frames(look.kept(frames)))


def each(edit: Callable[[np.ndarray], np.ndarray]) -> Edit:
    return lambda clip: [np.ascontiguousarray(edit(one)) for one in clip]


def cropped(pixels: np.ndarray) -> np.ndarray:
    return pixels[10 : TALL - 20, 20 : WIDE - 30]


def bordered(pixels: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(pixels, 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=(30, 160, 220))


def written(words: str) -> Callable[[np.ndarray], np.ndarray]:
    def write(pixels: np.ndarray) -> np.ndarray:
        made = pixels.copy()
        cv2.rectangle(made, (0, 140), (WIDE, TALL), (20, 20, 20), -1)
        return np.asarray(cv2.putText(made, words, (12, 170), cv2.FONT_HERSHEY_DUPLEX, 1, (250, 250, 250), 2))

    return write


def mirrored(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, ::-1]


def framed(pixels: np.ndarray) -> np.ndarray:
    page = texture(77).copy()
    page[30:129, 100:276] = cv2.resize(pixels, (176, 99), interpolation=cv2.INTER_AREA)
    return page


def waving(clip: Clip) -> Clip:
    """In a template with a button that goes to and fro."""
    made = each(framed)(clip)
    for number, page in enumerate(made):
        left = 20 + round(90 * (1 + np.sin(number / 6)))
        cv2.rectangle(page, (left, 140), (left + 60, 170), (40, 200, 90), -1)
    return made


def faster(clip: Clip) -> Clip:
    return [clip[int(number * 1.25)] for number in range(int(len(clip) / 1.25))]


WHOLE = [[1.0, 0, 0], [0, 1, 0]]
CUT = [[WIDE / 270, 0, -20 / 270], [0, TALL / 150, -10 / 150]]  # as `cropped` does
ORIGINAL = cache(lambda: shown(ONE))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda clip: clip, ""),
        (each(lambda pixels: cv2.resize(pixels, (160, 90))), ""),
        (each(mirrored), "mirrored"),
        (each(cropped), "cropped to 70 %"),
        (each(bordered), "a border added"),
        (each(framed), "in a template"),
        (each(written("Play now")), "text added at the bottom"),
        (faster, "about 1.2 times as fast"),
        (lambda clip: clip[40:], "seconds 2 to 6 of 1032530571"),
        (lambda clip: clip[:60], "seconds 0 to 3 of 1032530571"),
        (lambda clip: [*clip, *scene(3, 13)], "as seconds 0 to 6 of this one"),
        (lambda clip: [*scene(3, 13), *clip], "as seconds 3 to 9 of this one"),
        (
            lambda clip: each(mirrored)(each(cropped)(clip[20:])),
            "seconds 1 to 6 of 1032530571, mirrored, cropped to 70 %",
        ),
    ],
)
def test_a_copy_is_found_and_what_was_done_is_told(edit: Edit, words: str) -> None:
    kin = kinship(shown(edit(ONE)), ORIGINAL())
    assert kin is not None
    assert told(kin, "1032530571") == words


SHORT = scene(2, 12, 2.4)


@pytest.mark.parametrize(
    "edit",
    [
        each(mirrored),
        lambda clip: clip[: len(clip) // 2],
        lambda clip: clip[len(clip) // 2 :],
        lambda clip: each(mirrored)(clip[len(clip) // 2 :]),
        lambda clip: clip[3:],
        lambda clip: clip[9:33],
        faster,
        lambda clip: [*clip, *scene(3, 13)],
        lambda clip: [*scene(3, 13), *clip],
        lambda clip: each(written("Play now"))(each(cropped)(each(mirrored)(clip[9:]))),
    ],
)
def test_a_short_clip_is_found_as_a_long_one_is(edit: Edit) -> None:
    one, other = shown(edit(SHORT)), shown(SHORT)
    assert kinship(one, other)
    assert kinship(other, one)


def swaying(who: int, seconds: float = 8) -> Clip:
    """Every other second all there is flies past, so fast that it is elsewhere in each frame that is kept."""
    made = scene(who, 10 + who, seconds)
    for number in range(len(made)):
        if number // RATE % 2:
            made[number] = np.roll(texture(who), 5 * number, 1)
    return made


def turn_about(who: int, every: float) -> Clip:
    """All of it flies past in others, too, half the time; else what is on the left, beside something of its own."""
    made, period, left = [], round(every * RATE), round(0.45 * WIDE)
    for number in range(4 * RATE):
        flies = np.roll(texture(99), 8 * number, 1)
        if number % period >= period // 2:
            flies[:, left:] = np.roll(texture(who), 8 * number, 1)[:, left:]
        made.append(flies)
    return made


@pytest.mark.parametrize("every", [0.8, 1.0, 1.2])
def test_clips_that_have_every_other_scene_in_common_are_none(every: float) -> None:
    several = [shown(turn_about(who, every)) for who in range(1, 4)]
    assert not any(kinship(one, other) for one, other in combinations(several, 2))


def test_what_flashes_over_a_clip_leaves_it_what_it_is() -> None:
    """Each time for a quarter of a second."""
    one, other = shown(turn_about(99, 0.5)), shown(turn_about(1, 0.5))
    assert kinship(one, other)
    assert kinship(other, one)


def test_what_is_asked_for_what_makes_no_difference() -> None:
    one, other = shown(swaying(1)), shown([swaying(1)[number // 3 * 3] for number in range(8 * RATE)])
    asked, turned = kinship(one, other), kinship(other, one)
    assert asked
    assert turned
    assert asked.likeness.closeness == pytest.approx(turned.likeness.closeness, abs=1e-4)


def thrown(who: int, seconds: float = 3) -> Clip:
    """Small things fly before a black ground."""
    dice = np.random.default_rng(who)
    starts, ways = dice.uniform(0.1, 0.8, (4, 2)), dice.uniform(-3, 3, (4, 2))
    made = []
    for number in range(round(seconds * RATE)):
        page = np.zeros((TALL, WIDE, 3), np.uint8)
        for one, (start, way) in enumerate(zip(starts, ways, strict=True)):
            left, top = (np.abs((start + way * number / RATE) % 2 - 1) * (WIDE - 24, TALL - 24)).astype(int)
            page[top : top + 24, left : left + 24] = texture(50 + one, 24, 24)
        made.append(page)
    return made


@pytest.mark.parametrize("edit", [each(mirrored), each(cropped), lambda clip: clip[11:], faster, each(written("Win"))])
def test_what_flies_before_a_plain_ground_is_found(edit: Edit) -> None:
    assert kinship(shown(edit(thrown(1))), shown(thrown(1)))
    assert kinship(shown(edit(thrown(2))), shown(thrown(1))) is None


def drawn(who: int, seconds: float = 3) -> Clip:
    """One thing goes its way before a plain ground that is of a colour, as in a drawn film."""
    made = []
    for shown in scene(1, who, seconds):
        page = np.full((TALL, WIDE, 3), (30, 30, 190), np.uint8)
        differs = (shown != texture(1)).any(2)
        page[differs] = shown[differs]
        made.append(page)
    return made


def test_words_over_a_plain_ground_are_none_of_what_is_compared() -> None:
    edit = each(lambda pixels: written("Play now")(cv2.resize(mirrored(cropped(pixels)), (WIDE, TALL))))
    assert kinship(shown(edit(drawn(11)[20:])), shown(drawn(11)))
    assert kinship(shown(edit(drawn(16)[20:])), shown(drawn(11))) is None


def selling(product: int, left: int, top: int) -> Clip:
    """What goes its way on the left, beside a product that stands still before the plain ground."""
    made, (it, actor) = [], (blurred(product, 80), blurred(5, 50))
    for number in range(RATE * 3):
        page = np.full((TALL, WIDE, 3), (30, 30, 190), np.uint8)
        x, y = int(55 + 55 * np.sin(number / 9)), int(65 + 65 * np.cos(number / 11))
        page[y : y + 50, x : x + 50] = actor
        page[top : top + 80, left : left + 80] = it
        made.append(page)
    return made


def blurred(seed: int, side: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC))


def test_two_products_beside_what_moves_alike_make_two_clips() -> None:
    offers = [shown(selling(number, *place)) for number, place in enumerate(((180, 10), (240, 90), (160, 95)))]
    lies = Lies(0, 0, False, WHOLE)
    assert not [1 for one, other in combinations(offers, 2) if kinship(one, other, lies)]


@pytest.mark.parametrize("lies", [None, Lies(0, 0, False, WHOLE)])
def test_a_clip_that_is_mirrored_within_a_template_that_both_have_is_found(lies: Lies | None) -> None:
    """Nearly all points that they have in common are the template's."""
    one, other = (shown(each(framed)(edit(ONE))) for edit in (each(mirrored), lambda clip: clip))
    kin = kinship(one, other, lies)
    assert kin is not None
    assert kin.likeness.mirrored


def test_what_moves_tells_how_a_clip_lies_in_a_template_without_points() -> None:
    one, other = shown(each(framed)(drawn(11))), shown(drawn(11))
    assert stirs_so(one, other)
    assert kinship(one, other)
    assert not stirs_so(shown(each(framed)(scene(4, 14))), shown(scene(5, 15)))


def test_a_way_that_is_a_little_askew_is_put_straight() -> None:
    across, down = CUT
    askew = np.array([[across[0] * 1.02, 0.05, across[2] - 0.04], [-0.03, down[1] * 1.04, down[2]], [0, 0, 1]])
    both = Both.of(shown(each(cropped)(ONE)).frames, ORIGINAL().frames, askew)
    assert both is not None
    straight = both.straightened(askew)
    assert straight == pytest.approx(np.array([*CUT, [0, 0, 1]]), abs=0.05)
    assert straight[0, 1] == straight[1, 0] == 0


def test_a_clip_of_minutes_is_found() -> None:
    clip = ONE[::3]
    one, other = (Shown([Frame(2.5 * number, each) for number, each in enumerate(made)]) for made in (clip, clip[5:]))
    assert kinship(one, other)


def test_other_words_on_the_same_clip_are_told_as_such() -> None:
    one, other = (shown(each(written(words))(ONE)) for words in ("Play now", "Win a trip"))
    kin = kinship(one, other)
    assert kin is not None
    assert (kin.likeness.other_words, told(kin, "x")) == (True, "the same picture, other words")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ONE, [*scene(4, 14), *scene(5, 15)]),
        ([*scene(1, 11), *scene(4, 14, 4)], [*scene(1, 11), *scene(5, 15, 4)]),  # one intro
        (scene(1, 11, 6), scene(1, 16, 6)),  # another one walks before the same background
        (scene(1, 11, 6)[:60], scene(1, 11, 6)[60:]),  # the same one, later
        (each(framed)(scene(4, 14)), each(framed)(scene(5, 15))),
        (waving([texture(4)] * 60), waving([texture(5)] * 60)),  # all that moves is their template's
        ([np.zeros((TALL, WIDE, 3), np.uint8)] * 60, [np.zeros((TALL, WIDE, 3), np.uint8)] * 80),
    ],
)
def test_what_is_no_copy_is_none(one: Clip, other: Clip) -> None:
    assert kinship(shown(one), shown(other)) is None


def test_stills_are_compared_with_stills_alone() -> None:
    still, same = shown(ONE[:1]), shown(each(mirrored)(ONE[:1]))
    kin = kinship(same, still)
    assert isinstance(kin, Kinship)
    assert (told(kin, "x"), kin.lasting) == ("mirrored", (0.0, 0.0))
    assert kinship(still, ORIGINAL()) is None
    assert kinship(ORIGINAL(), still) is None


def test_a_still_that_was_only_encoded_again_is_known_without_its_points() -> None:
    still, again = shown(ONE[:1]), shown(each(lambda pixels: cv2.resize(pixels, (240, 135)))(ONE[:1]))
    assert kinship(again, still)
    assert "pictures" not in vars(again)  # they take most of the time


def test_either_may_be_the_edited_one() -> None:
    kin = kinship(ORIGINAL(), shown(each(cropped)(ONE[20:])))
    assert kin is not None
    assert kin.mine == pytest.approx((1, 6), abs=0.3)
    assert kin.theirs == pytest.approx((0, 5), abs=0.3)


@pytest.mark.parametrize(
    ("edit", "lies"),
    [
        (each(cropped), Lies(0, 0, False, CUT)),
        (each(mirrored), Lies(0, 0, True, WHOLE)),
        (lambda clip: each(cropped)(each(mirrored)(clip)), Lies(0, 0, True, [[CUT[0][0], 0, -30 / 270], CUT[1]])),
    ],
)
def test_a_clip_that_lies_as_is_thought_is_found_without_its_points(edit: Edit, lies: Lies) -> None:
    one = shown(edit(ONE))
    found = kinship(one, ORIGINAL(), lies)
    assert found
    assert found.likeness.mirrored is lies.mirrored
    assert np.array(found.likeness.matrix) == pytest.approx(lies.whole[:2], abs=1 / WIDE)
    assert "pictures" not in vars(one)


def closing() -> Clip:
    """A target becomes smaller and larger, slowly, before a plain ground."""
    made = []
    for number in range(3 * RATE):
        made.append(page := np.full((TALL, WIDE, 3), 128, np.uint8))
        for part, colour in ((1.0, (20, 20, 20)), (0.6, (240, 240, 240)), (0.3, (20, 20, 200))):
            size = round((18 + 12 * np.cos(number / 9)) * part)
            cv2.circle(page, (WIDE // 2, TALL // 2), size, colour, -1, cv2.LINE_AA)
    return made


@pytest.mark.parametrize("larger", [0.8, 0.9, 1.0, 1.1])
def test_a_way_by_which_much_goes_along_but_no_picture_is_one_is_not_the_last_that_is_tried(larger: float) -> None:
    wide, tall = 176 / WIDE, 99 / TALL
    off, down = 100 / WIDE + wide / 2 * (1 - larger), 30 / TALL + tall / 2 * (1 - larger)
    beside = Lies(0, 0, False, [[wide * larger, 0, off], [0, tall * larger, down]])
    assert kinship(shown(each(framed)(closing())), shown(closing()), beside)


def test_a_clip_that_lies_a_little_otherwise_is_found_all_the_same() -> None:
    across, down = CUT
    assert kinship(shown(each(cropped)(ONE)), ORIGINAL(), Lies(0, 0, False, [[*across[:2], across[2] + 0.02], down]))


def test_a_short_clip_that_is_thought_to_lie_beside_is_put_right_before_it_is_judged_what_of_it_is_covered() -> None:
    """It lies seven pixels off, so that too little seems to go along at first."""
    one, (across, down) = shown(each(mirrored)(each(cropped)(SHORT[9:]))), CUT
    beside = Lies(0, 0, True, [[*across[:2], -20 / 270 + 0.025], down])
    assert kinship(one, shown(SHORT), beside)
    assert "pictures" not in vars(one)


@pytest.mark.parametrize(("edit", "length"), [(each(framed), 60), (each(written("Play now")), 1)])
def test_what_has_a_template_or_words_alone_in_common_is_refused_without_its_points(edit: Edit, length: int) -> None:
    one, other = (shown(edit(scene(*who))[:length]) for who in ((4, 14), (5, 15)))
    assert kinship(one, other, Lies(0, 0, False, WHOLE)) is None
    assert "pictures" not in vars(one)


def test_a_clip_that_nothing_but_a_few_points_speaks_for_is_refused_without_its_points() -> None:
    one, other = (shown(each(bordered)(scene(*who))[:60]) for who in ((4, 14), (5, 15)))
    assert kinship(one, other, Lies(0, 0, False, WHOLE), few=True) is None
    assert "pictures" not in vars(one)
    assert kinship(shown(each(cropped)(ONE)[:60]), shown(ONE[:60]), Lies(0, 0, False, CUT), few=True)


def test_a_still_that_a_few_points_lay_otherwise_is_found_by_its_own() -> None:
    (across, down), one = CUT, shown(each(cropped)(ONE[:1]))
    assert kinship(one, shown(ONE[:1]), Lies(0, 0, False, [[*across[:2], across[2] + 0.12], down]), few=True)


def test_clips_that_look_like_one_from_afar_alone_are_refused_without_their_points() -> None:
    one, other = (shown(scene(*who)[:60]) for who in ((4, 14), (4, 15)))
    assert kinship(one, other, few=True) is None
    assert "pictures" not in vars(one)
    assert kinship(shown(each(mirrored)(ONE)), ORIGINAL(), few=True)


@pytest.mark.parametrize("edit", [cropped, mirrored, bordered, written("Play now")])
def test_a_still_is_found_wherever_it_is_thought_to_lie(edit: Callable[[np.ndarray], np.ndarray]) -> None:
    one, other, way = shown(each(edit)(ONE[:1])), shown(ONE[:1]), CUT if edit is cropped else WHOLE
    assert kinship(one, other, Lies(0, 0, edit is mirrored, way))


def bands(seed: int) -> np.ndarray:
    """Broad ones of one colour each, whose edges are all that is to be seen, and everywhere alike."""
    dice = np.random.default_rng(seed)
    made = np.full((300, 400, 3), dice.integers(0, 255, 3), np.uint8)
    for left in range(-260, 550, 90):
        corners = np.array([(left, 0), (left + 75, 0), (left + 375, 300), (left + 300, 300)])
        cv2.fillPoly(made, [corners], dice.integers(0, 255, 3).tolist())
    return made


@pytest.mark.parametrize("seed", [2, 3, 4, 6])
def test_a_still_whose_own_points_tell_nothing_is_found_where_it_is_thought_to_lie(seed: int) -> None:
    """And another one is not."""
    part = np.s_[10:235, 30:330]
    about = Lies(0, 0, False, [[4 / 3 + 0.01, 0.01, -0.1], [-0.01, 4 / 3, -0.045]])
    assert kinship(shown([bands(seed)[part]]), shown([bands(seed)]), about)
    assert kinship(shown([bands(seed + 20)[part]]), shown([bands(seed)]), about) is None


def test_two_drawn_clips_whose_hills_pass_alike_are_two(tmp_path: Path) -> None:
    both = []
    for number, seconds in ((94, 8), (30, 4)):
        path, title = tmp_path / f"{number}.mp4", f"{WORDS[number % len(WORDS)]} {number}"
        samples.write_video(path, width=1280, height=720, seconds=seconds, title=title, seed=number, fps=25)
        both.append(Shown(look.frames(look.kept(child._seen(path)[1]))))
    assert kinship(*both) is None


@pytest.mark.filterwarnings("error")
def test_where_nothing_is_wholly_on_both_nothing_goes_along() -> None:
    frames = ORIGINAL().frames
    both = Both.of(frames, frames, np.array([[0.05, 0.03, 0.4], [0.1, 0.1, 0.5], [0, 0, 1]]))
    assert both is not None
    assert not both.there.any()
    assert both.line() is None
