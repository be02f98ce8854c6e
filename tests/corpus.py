"""A corpus of creatives with what becomes of them: real mp4 and png files, the same for the same seed.

Of each original there are versions that are the same creative (renamed, re-encoded, resized, in another container,
cropped by 2 %, watermarked, one frame cut, mirrored), and others that are not: the same template with other text, and
the same scene in another take. Plain and dark pictures come beside them.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

SIZE = (320, 180)
FPS, SECONDS = 10, 3
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
class Item:
    """One file of the corpus: which original it comes from, what was done, and whether it still is that creative."""

    original: int
    version: str
    same: bool
    path: Path


@dataclass(frozen=True)
class Coding:
    """How a file is written."""

    suffix: str
    quality: int = 23
    size: tuple[int, int] = SIZE


def write_corpus(folder: Path, *, seed: str, videos: int, stills: int) -> list[Item]:
    """Write a corpus and return its files; `videos` and `stills` are the numbers of originals."""
    return [item for number in range(videos + stills) for item in _family(folder, seed, number, number < videos)]


def write_corpus_on_all_cores(folder: Path, *, seed: str, videos: int, stills: int) -> list[Item]:
    """The same, with a process a core."""
    numbers = range(videos + stills)
    with ProcessPoolExecutor() as pool:
        families = pool.map(_whole_family, repeat(folder), repeat(seed), numbers, [one < videos for one in numbers])
        return [item for family in families for item in family]


def _whole_family(folder: Path, seed: str, number: int, moving: bool) -> list[Item]:
    return list(_family(folder, seed, number, moving))


def _family(folder: Path, seed: str, number: int, moving: bool) -> Iterator[Item]:
    folder.mkdir(parents=True, exist_ok=True)
    template = _dice(seed, number).getrandbits(40)
    scene = Scene(template, text=0, take=0)
    usual = Coding(".mp4") if moving else Coding(".png")
    pictures = list(scene.frames(FPS * SECONDS if moving else 1))

    def item(version: str, same: bool, shown: Sequence[Image.Image], coding: Coding) -> Item:
        path = folder / f"{seed}{number:04}_{version.replace(' ', '-')}{coding.suffix}"
        (write_video if moving else write_still)(path, shown, coding)
        return Item(number, version, same, path)

    original = item("original", True, pictures, usual)
    yield original
    renamed = folder / f"copy of {number:04} {seed}{usual.suffix}"
    shutil.copyfile(original.path, renamed)
    yield Item(number, "renamed", True, renamed)
    for version, changed, coding in _same(pictures, usual, moving=moving):
        yield item(version, True, changed, coding)
    for version, other in _others(scene):
        yield item(version, False, list(other.frames(len(pictures))), usual)
    plain = _dice("plain", seed, number).choice(COLOURS)
    yield item("plain", False, [Image.new("RGB", SIZE, plain)] * len(pictures), usual)
    yield item("dark", False, list(replace(scene, dark=0.06, text=9, take=9).frames(len(pictures))), usual)


def _same(
    pictures: Sequence[Image.Image], usual: Coding, *, moving: bool
) -> Iterator[tuple[str, Sequence[Image.Image], Coding]]:
    jpg = usual if moving else Coding(".jpg")
    for name, quality in (
        ("high", 20 if moving else 92),
        ("middle", 28 if moving else 70),
        ("low", 36 if moving else 35),
    ):
        yield f"re-encoded {name}", pictures, replace(jpg, quality=quality)
    yield "resized half", pictures, replace(usual, size=(160, 90))
    yield "resized double", pictures, replace(usual, size=(640, 360))
    yield "other container", pictures, replace(usual, suffix=".mkv" if moving else ".gif")
    edge = (round(SIZE[0] * 0.02), round(SIZE[1] * 0.02))
    box = (edge[0], edge[1], SIZE[0] - edge[0], SIZE[1] - edge[1])
    yield "cropped 2 %", [one.crop(box).resize(SIZE) for one in pictures], usual
    yield "watermarked", [_marked(one) for one in pictures], usual
    yield "mirrored", [ImageOps.mirror(one) for one in pictures], usual
    if moving:
        yield "one frame cut", pictures[1:], usual


def _others(scene: Scene) -> Iterator[tuple[str, Scene]]:
    yield "other text", replace(scene, text=1)
    yield "another take", replace(scene, take=1)


def _marked(picture: Image.Image) -> Image.Image:
    marked = picture.copy()
    ImageDraw.Draw(marked).text(
        (SIZE[0] - 70, SIZE[1] - 18), "(c) Ana 2025", fill="white", font=ImageFont.load_default(10)
    )
    return marked


def write_still(path: Path, pictures: Sequence[Image.Image], coding: Coding) -> None:
    """One picture into a png, jpg or gif."""
    pictures[0].resize(coding.size).save(path, **({"quality": coding.quality} if path.suffix == ".jpg" else {}))


def write_video(path: Path, pictures: Sequence[Image.Image], coding: Coding) -> None:
    """Pictures into H.264."""
    options = {"preset": "ultrafast", "crf": str(coding.quality), "threads": "1"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        (stream.width, stream.height), stream.pix_fmt = coding.size, "yuv420p"
        for picture in pictures:
            shown = picture if picture.size == coding.size else picture.resize(coding.size)
            container.mux(stream.encode(av.VideoFrame.from_image(shown)))
        container.mux(stream.encode())


def _dice(*what: object) -> random.Random:
    return random.Random(repr(what))  # noqa: S311 (repeatable pictures, no secrets)
