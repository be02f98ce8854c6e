"""Pictures that are drawn: scenes, the same for the same numbers, with words and actors of their own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (320, 180)
FPS = 10
WORDS = (
    *("Summer", "Winter", "Sale", "Final", "Cup", "Match", "Level", "Quest", "Boss", "Beach", "Island", "Flight"),
    *("Hotel", "Recipe", "Pasta", "Chef", "Kitchen", "Guitar", "Concert", "Album", "Live", "Stream", "Play", "Now"),
    *("Free", "Trial", "Join", "Team", "Goal", "Race", "Run", "Ride", "Cook", "Bake", "Learn", "Dance", "Travel"),
)
COLOURS = ("gold", "white", "tomato", "skyblue", "black", "limegreen", "orchid", "navy", "orange", "teal", "salmon")


@dataclass(frozen=True)
class Scene:
    """What is drawn: `template` gives background and layout, `text` the words, `take` how the actors move."""

    template: int
    text: int
    take: int
    dark: float = 1.0

    def frames(self, count: int) -> Iterator[Image.Image]:
        """The pictures of a video; the first one is the still."""
        back, actors, words = self._background(), self._actors(), self._lettering()
        for number in range(count):
            picture = back.copy()
            pen = ImageDraw.Draw(picture)
            for actor in actors:
                actor(pen, number / max(FPS, 1))
            picture.paste(words[0], (0, 0), words[1])
            yield picture.point(lambda value: round(value * self.dark)) if self.dark != 1 else picture

    def _background(self) -> Image.Image:
        dice = _dice("back", self.template)
        cells = (dice.randint(3, 9), dice.randint(2, 6))
        noise = Image.frombytes("RGB", cells, dice.randbytes(cells[0] * cells[1] * 3))
        back = noise.resize(SIZE, Image.Resampling.BICUBIC)
        pen = ImageDraw.Draw(back)
        for _ in range(dice.randint(3, 9)):
            x, y = dice.randint(0, SIZE[0]), dice.randint(0, SIZE[1])
            w, h = dice.randint(15, 120), dice.randint(10, 90)
            draw = dice.choice((pen.ellipse, pen.rectangle))
            draw([x, y, x + w, y + h], fill=dice.choice(COLOURS))
        return back.filter(ImageFilter.GaussianBlur(dice.choice((0, 0.7, 1.5))))

    def _actors(self) -> list[Callable[[ImageDraw.ImageDraw, float], None]]:
        looks, motion = _dice("actors", self.template), _dice("take", self.template, self.take)
        return [_actor(looks, motion) for _ in range(looks.randint(2, 3))]

    def _lettering(self) -> tuple[Image.Image, Image.Image]:
        layout, words = _dice("layout", self.template), _dice("text", self.template, self.text)
        said = " ".join(words.sample(WORDS, layout.randint(2, 3)))
        font = ImageFont.load_default(layout.randint(22, 34))
        mask = Image.new("L", SIZE)
        spot = (layout.randint(8, 60), layout.choice((12, 70, 132)))
        ImageDraw.Draw(mask).text(spot, said, fill=255, font=font)
        return Image.new("RGB", SIZE, layout.choice(("white", "yellow", "black"))), mask


def _actor(looks: random.Random, motion: random.Random) -> Callable[[ImageDraw.ImageDraw, float], None]:
    wide, tall, colour = looks.randint(30, 80), looks.randint(40, 100), looks.choice(COLOURS)
    x, y = motion.randint(0, SIZE[0] - wide), motion.randint(0, SIZE[1] - tall // 2)
    across, down = motion.uniform(-40, 40), motion.uniform(-15, 15)

    def draw(pen: ImageDraw.ImageDraw, moment: float) -> None:
        left, top = x + across * moment, y + down * moment
        pen.rounded_rectangle([left, top + tall * 0.35, left + wide, top + tall], 8, fill=colour)
        pen.ellipse([left + wide * 0.2, top, left + wide * 0.8, top + tall * 0.4], fill=colour, outline="black")

    return draw


@dataclass(frozen=True)
class Coding:
    """How a file is written."""

    suffix: str
    quality: int = 23
    size: tuple[int, int] = SIZE


def write_still(path: Path, pictures: Sequence[Image.Image], coding: Coding) -> None:
    """One picture into a png, jpg or gif."""
    pictures[0].resize(coding.size).save(path, **({"quality": coding.quality} if path.suffix == ".jpg" else {}))


def _dice(*what: object) -> random.Random:
    return random.Random(repr(what))  # noqa: S311 (repeatable pictures, no secrets)
