"""A picture is found again whatever an advertiser did to it, what was done is told, and another one is another one."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from corpus import Scene
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from tjtools.media import Children
from tjtools.media.alike import likeness, told
from tjtools.media.look import frames
from tjtools.media.points import Picture, picture
from tjtools.practice import samples

WIDE, TALL = 400, 260


def photo(seed: int) -> Image.Image:
    """Something as uneven as a photo."""
    dice = random.Random(seed)  # noqa: S311 (the same each time)
    ground = Image.frombytes("RGB", (6, 4), dice.randbytes(72)).resize((WIDE, TALL), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(ground)
    for _ in range(60):
        x, y, size = dice.randint(-20, WIDE), dice.randint(-20, TALL), dice.randint(8, 50)
        corners = [(x + dice.randint(0, size), y + dice.randint(0, size)) for _ in range(5)]
        pen.polygon(corners, fill=(dice.randint(0, 255), dice.randint(0, 255), dice.randint(0, 255)))
    return ground


def look(image: Image.Image) -> Picture:
    return picture(np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1]))


def words(said: str, top: int = 210) -> Callable[[Image.Image], Image.Image]:
    def write(image: Image.Image) -> Image.Image:
        image = image.copy()
        pen = ImageDraw.Draw(image)
        pen.rectangle([0, top, WIDE, top + 38], fill="black")
        pen.text((20, top + 4), said, "white", ImageFont.load_default(26))
        return image

    return write


def button(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).rounded_rectangle([30, 20, 120, 60], 10, "gold")
    return image


def in_template(image: Image.Image) -> Image.Image:
    page, inside = photo(1000), image.copy()
    inside.thumbnail((220, 160))
    page.paste(inside, (90, 50))
    return page


def cropped(image: Image.Image) -> Image.Image:
    return image.crop((20, 13, 380, 247))


EDITS: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "smaller": (lambda image: image.resize((200, 130)), ""),
    "graded": (lambda image: ImageEnhance.Brightness(ImageEnhance.Color(image).enhance(0.8)).enhance(0.85), ""),
    "mirrored": (ImageOps.mirror, "mirrored"),
    "cropped": (cropped, "cropped to 81 %"),
    "words": (words("Play now"), "text added at the bottom"),
    "words above": (words("Play now", 5), "text added at the top"),
    "button": (button, "something added at the top"),
    "border": (lambda image: ImageOps.expand(image, 16, "navy"), "a border added"),
    "bars": (lambda image: ImageOps.pad(image, (400, 400)), "put between bars"),
    "bars beside it": (lambda image: ImageOps.pad(image, (640, 260), color="white"), "put between bars"),
    "turned": (
        lambda image: image.rotate(2, Image.Resampling.BICUBIC).crop((8, 8, 392, 252)),
        "cropped to 90 %, turned by 2°",
    ),
    "template": (in_template, "in a template"),
    "disguised": (
        lambda image: words("Travel", 180)(cropped(ImageOps.mirror(image))),
        "mirrored, cropped to 81 %, text added at the bottom",
    ),
}


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_edited_picture_is_found_and_what_was_done_is_said(name: str, seed: int) -> None:
    edit, said = EDITS[name]
    found = likeness(look(edit(photo(seed))), look(photo(seed)))
    assert found is not None
    assert told(found) == said
    assert not found.other_words


def striped(seed: int) -> Image.Image:
    """Something uneven with lighter stripes."""
    pen = ImageDraw.Draw(made := Image.new("L", (WIDE, TALL), 0))
    for left in range(0, WIDE, 24):
        pen.rectangle([left, 0, left + 11, TALL], fill=150)
    return Image.composite(Image.new("RGB", (WIDE, TALL), "white"), photo(seed), made)


def shaded(seed: int) -> Image.Image:
    """Something uneven that is dark but for some places."""
    pen = ImageDraw.Draw(made := Image.new("L", (WIDE, TALL), 235))
    for left in range(20, WIDE, 260):
        pen.polygon([(left, 0), (left + 120, 0), (left + 160, TALL), (left + 40, TALL)], fill=0)
    soft = made.filter(ImageFilter.GaussianBlur(6))
    return Image.composite(Image.new("RGB", (WIDE, TALL), "black"), photo(seed), soft)


def behind_a_bar(image: Image.Image) -> Image.Image:
    """Words on a bar that one can half see through."""
    image = image.copy()
    pen = ImageDraw.Draw(image, "RGBA")
    pen.rectangle([0, 10, WIDE, 55], fill=(0, 0, 0, 150))
    pen.text((24, 14), "Learn to cook", "tomato", ImageFont.load_default(30), stroke_width=1)
    return image


def written(image: Image.Image) -> Image.Image:
    """Words without a bar."""
    image = image.copy()
    font = ImageFont.load_default(32)
    ImageDraw.Draw(image).text((24, 14), "Play now", "yellow", font, stroke_width=1)
    return image


@pytest.mark.parametrize(
    ("edit", "drawn", "seed"),
    [(behind_a_bar, shaded, 1), (behind_a_bar, shaded, 3), (written, striped, 4), (written, striped, 7)],
)
def test_words_that_are_seen_in_parts_are_words(
    edit: Callable[[Image.Image], Image.Image], drawn: Callable[[int], Image.Image], seed: int
) -> None:
    """Where what is under them is as dark, or as bright, they don't differ: the rest looks like several things that
    were put in the place of others."""
    assert likeness(look(edit(drawn(seed))), look(drawn(seed)))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_mirrored_pictures_points_are_where_those_of_its_mirror_are(seed: int) -> None:
    """Half a pixel beside it, fine lines don't lie on one another."""
    one, other = look(photo(seed)).mirrored(), look(ImageOps.mirror(photo(seed)))
    alike = (one.points.astype(int) @ other.points.T.astype(int)).argmax(1)
    off = one.places - other.places[alike]
    assert np.abs(np.median(off[np.abs(off).max(1) < 2], 0)).max() < 0.1


def test_another_picture_is_another_one() -> None:
    pictures = [look(photo(seed)) for seed in range(8)]
    assert not [1 for one, other in combinations(pictures, 2) if likeness(one, other)]


def test_one_template_does_not_make_one_picture_of_two() -> None:
    pages = [look(in_template(photo(seed))) for seed in range(6)]
    assert not [1 for one, other in combinations(pages, 2) if likeness(one, other)]


def offer(seed: int) -> Image.Image:
    """A shop's template with one of its products, of few colours, and the price."""
    dice = random.Random(seed)  # noqa: S311 (the same each time)
    page, product = photo(1000), Image.new("RGB", (120, 90), ("black", "navy", "white", "maroon")[seed % 4])
    pen = ImageDraw.Draw(product)
    pen.ellipse([dice.randint(5, 50), 10, dice.randint(70, 115), 80], ("gold", "teal", "tomato")[seed % 3])
    page.paste(product, (260, 80))
    ImageDraw.Draw(page).text((30, 190), f"{dice.randint(10, 99)}.99", "yellow", ImageFont.load_default(40))
    return page


def test_another_product_and_price_in_a_shops_template_is_another_picture() -> None:
    pages = [look(offer(seed)) for seed in range(8)]
    assert not [1 for one, other in combinations(pages, 2) if likeness(one, other)]


@pytest.mark.parametrize(("one", "other"), [("Play online now", "Let's play"), ("Travel today", "Win a trip")])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_words_on_one_picture_are_a_kind_of_their_own(one: str, other: str, seed: int) -> None:
    found = likeness(look(words(one)(photo(seed))), look(words(other)(photo(seed))))
    assert found is not None
    assert found.other_words
    assert told(found) == "the same picture, other words"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_that_stand_elsewhere_are_other_words(seed: int) -> None:
    def said(what: str, size: int, where: tuple[int, int]) -> Picture:
        image = photo(seed)
        ImageDraw.Draw(image).text(where, what, "white", ImageFont.load_default(size), stroke_width=1)
        return look(image)

    found = likeness(said("Play now", 30, (20, 20)), said("Win", 26, (30, 215)))
    assert found is not None
    assert found.other_words


def banner(seed: int, said: str, colour: str, bar: str = "") -> Picture:
    """Words at the foot of a picture, on a bar that one can see through, or on none."""
    image = photo(seed)
    pen = ImageDraw.Draw(image, "RGBA")
    if bar:
        pen.rectangle([0, 205, WIDE, 250], fill=bar)
    pen.text((24, 208), said, colour, ImageFont.load_default(31), stroke_width=1)
    return look(image)


@pytest.mark.parametrize("bar", ["#00000096", "#ffffff80"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_on_a_bar_and_others_without_one_are_other_words(seed: int, bar: str) -> None:
    both = banner(seed, "Play now", "tomato", bar), banner(seed, "Free entry", "yellow")
    for pair in (both, both[::-1]):
        found = likeness(*pair)
        assert found is not None
        assert told(found) == "the same picture, other words"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_on_a_bar_that_one_can_see_through_were_added(seed: int) -> None:
    found = likeness(banner(seed, "Play now", "tomato", "#00000096"), look(photo(seed)))
    assert found is not None
    assert told(found) == "text added at the bottom"


@pytest.mark.parametrize("seed", range(5))
def test_what_resampling_leaves_of_words_is_no_other_words(seed: int) -> None:
    """A letter that is blurred has less within its edge and more around it."""
    image = next(Scene(seed, seed, 0).frames(1))
    for shrunk in (image.filter(ImageFilter.GaussianBlur(1)), image.resize((106, 60), Image.Resampling.BICUBIC)):
        for pair in ((shrunk, image), (image, shrunk)):
            found = likeness(*map(look, pair))
            assert found is not None
            assert not found.other_words


@pytest.mark.parametrize("seed", [1, 2])
def test_what_theirs_alone_has_was_taken_away(seed: int) -> None:
    for edit, said in (
        (words("Play now"), "text taken away at the bottom"),
        (button, "something taken away at the top"),
    ):
        found = likeness(look(photo(seed)), look(edit(photo(seed))))
        assert found is not None
        assert told(found) == said


@pytest.mark.parametrize("seed", [1, 2])
def test_colours_that_were_changed_are_nothing_added(seed: int) -> None:
    image = photo(seed)
    graded = ImageEnhance.Color(ImageEnhance.Contrast(image).enhance(0.8)).enhance(1.25)
    for pair in ((graded, image), (image, graded)):
        found = likeness(*map(look, pair))
        assert found is not None
        assert told(found) == ""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_words_on_a_button_of_one_colour_are_told(seed: int) -> None:
    def labelled(said: str) -> Picture:
        image = button(photo(seed))
        ImageDraw.Draw(image).text((36, 30), said, "grey", ImageFont.load_default(16))
        return look(image)

    found = likeness(labelled("Play now"), labelled("Join us"))
    assert found is not None
    assert found.other_words


def test_what_moved_in_the_dark_makes_another_picture() -> None:
    def in_a_hole(left: int) -> Picture:
        image = photo(1)
        pen = ImageDraw.Draw(image)
        pen.ellipse([120, 60, 300, 220], (12, 12, 12))
        pen.ellipse([left, 110, left + 60, 180], (24, 24, 24))
        return look(image)

    assert likeness(in_a_hole(140), in_a_hole(141)) is not None
    assert likeness(in_a_hole(140), in_a_hole(200)) is None


def test_the_same_words_are_no_other_words() -> None:
    both = look(words("Play now")(photo(1))), look(words("Play now")(photo(1)).resize((300, 195)))
    found = likeness(*both)
    assert found is not None
    assert told(found) == ""


def test_gradients_that_differ_in_colour_alone_are_not_one_picture() -> None:
    shade = Image.linear_gradient("L").resize((WIDE, TALL))
    red, green = (look(ImageOps.colorize(shade, "black", colour)) for colour in ("red", "green"))
    assert likeness(red, green) is None


def test_the_matrix_takes_a_place_of_theirs_to_mine() -> None:
    found = likeness(look(cropped(ImageOps.mirror(photo(3)))), look(photo(3)))
    assert found is not None
    x, y = np.array(found.matrix) @ (0.25, 0.5, 1)  # mirrored: at 0.75 of 400, of which 20 went
    assert (x, y) == pytest.approx(((300 - 20) / 360, (130 - 13) / 234), abs=0.01)
    assert found.shown == pytest.approx((0.05, 0.05, 0.9, 0.9), abs=0.01)


def test_the_points_of_a_mirrored_picture_are_known_without_looking() -> None:
    turned, seen = look(photo(5)).mirrored(), look(ImageOps.mirror(photo(5)))
    places = {tuple(place) for place in seen.places.round(-1).astype(int).tolist()}
    assert sum(tuple(place) in places for place in turned.places.round(-1).astype(int).tolist()) > 0.8 * len(places)
    found = likeness(turned, seen)
    assert found is not None
    assert not found.mirrored


def test_a_plain_picture_is_like_nothing() -> None:
    plain = look(Image.new("RGB", (WIDE, TALL), "navy"))
    assert likeness(plain, plain) is None
    assert not len(plain.hashes)


def test_other_hills_under_one_sky_are_no_other_words(tmp_path: Path) -> None:
    for seed in (108, 412):
        samples.write_image(tmp_path / f"{seed}.png", width=300, height=250, title=f"{seed}", seed=seed)
    with Children(cores=1) as room:
        one, other = (picture(frames(room.look(tmp_path / f"{seed}.png").look)[0].pixels) for seed in (108, 412))
    assert (likeness(one, other), likeness(other, one)) == (None, None)
