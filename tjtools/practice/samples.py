"""Sample media: real, playable, harmless files to practise and to test with.

Drawn with Pillow and encoded with PyAV: no download, no ffmpeg, and the same arguments give the same bytes.

>>> files = demo_session(known=[("VID_EN_Music_4sec_ID-75BC7B51-VID", CreativeType.NATIVE_VIDEO)])
>>> len(files), files[0].name
(25, 'VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-D82C07CD-VID.mp4')
"""

import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

from tjtools.model.creative import CreativeType
from tjtools.model.names import extension

# sky above, sky below, sun, nearest hill
PALETTES: tuple[tuple[tuple[int, int, int], ...], ...] = (
    ((38, 70, 140), (250, 170, 120), (255, 236, 190), (40, 30, 70)),
    ((16, 120, 140), (190, 235, 215), (255, 250, 220), (10, 60, 70)),
    ((110, 40, 120), (255, 140, 130), (255, 220, 150), (50, 15, 60)),
    ((200, 90, 50), (255, 215, 140), (255, 250, 225), (80, 35, 25)),
)
TOPICS = (("Sports", "Ana"), ("Gaming", "Bea"), ("Travel", "Chloe"), ("Cooking", "Dora"), ("Music", "Eva"))
NATIVE_SIZE = (640, 360)
Drawn = tuple[CreativeType, tuple[int, int], int | None, str]  # what it is, its size, seconds and suffix
NATIVE: tuple[Drawn, ...] = (
    (CreativeType.NATIVE_VIDEO, NATIVE_SIZE, 4, ".mp4"),
    (CreativeType.NATIVE_IMAGE, NATIVE_SIZE, None, ".png"),
)
HALVES = {CreativeType.NATIVE_VIDEO: "VID", CreativeType.NATIVE_IMAGE: "IMG"}
# what a demo session holds beside its native pairs; the last one is longer than the site takes
SINGLES: tuple[Drawn, ...] = (
    (CreativeType.VIDEO, (1280, 720), 6, ".mp4"),
    (CreativeType.VIDEO, (640, 360), 8, ".mp4"),
    (CreativeType.VIDEO, (640, 360), 9, ".mp4"),
    (CreativeType.VIDEO_BANNER, (300, 250), 5, ".mp4"),
    (CreativeType.VIDEO_BANNER, (970, 90), 5, ".mp4"),
    (CreativeType.IMAGE, (300, 250), None, ".png"),
    (CreativeType.IMAGE, (300, 100), None, ".jpg"),
    (CreativeType.VIDEO, (640, 360), 40, ".mp4"),
)
_EARLIER = 30  # the seed of the first file that was uploaded before: no other has it
LOOP_SECONDS = 8  # the nearest hill passes once in this time
HILLS = ((0.5, 0.7), (0.375, 0.4), (0.25, 0.0))  # how tall and how misty, from far to near


def write_image(path: Path, *, width: int, height: int, title: str, seed: int = 0, min_bytes: int = 0) -> None:
    """Draw a poster with a title into a png, jpg or gif, with film grain until it has `min_bytes`."""
    poster = _Scene(width, height, title, seed).frame(0)
    grain = Image.frombytes("RGB", poster.size, _dice(seed).randbytes(width * height * 3))
    for strength in (0, 0.1, 0.2, 0.4, 0.7, 1):
        Image.blend(poster, grain, strength).save(path, quality=90)
        if path.stat().st_size >= min_bytes:
            return
    raise ValueError(f"{path.name}: {width}x{height} of pure noise is still under {min_bytes} bytes")


def write_video(
    path: Path, *, width: int, height: int, seconds: float, title: str, seed: int = 0, fps: int = 10
) -> None:
    """Draw passing hills below a title into an H.264 mp4 that browsers play."""
    if width % 2 or height % 2:
        raise ValueError(f"{path.name}: H.264 in yuv420p needs even dimensions, not {width}x{height}")
    scene = _Scene(width, height, title, seed)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        # one thread: the files run beside each other, and the bytes stay the same on every machine
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "26", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(max(1, round(seconds * fps))):
            picture = av.VideoFrame.from_image(scene.frame(number / fps))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


class SampleFile(NamedTuple):
    """One file of a planned session: its name, its type, and what to draw; `seconds` is None for a still image."""

    name: str
    kind: CreativeType
    size: tuple[int, int]
    seconds: int | None
    seed: int
    min_bytes: int = 0


def demo_session(known: Sequence[tuple[str, CreativeType]]) -> tuple[SampleFile, ...]:
    """Plan a session of 24 files, and one more for each `known` (name, type) that the library holds already.

    Seven native pairs, three in-stream videos, two video banners and two static banners fit the site's limits; an
    eighth pair has an image over 300 kB, and one in-stream video lasts 40 s.
    """
    dice = _dice(0)
    identities = [f"{dice.getrandbits(32):08X}" for _ in range(8 + len(SINGLES))]
    plan = [_planned(number, identities[number], *half) for number in range(8) for half in NATIVE]
    plan[-1] = plan[-1]._replace(min_bytes=310_000)
    plan += [_planned(number, identities[number], *single) for number, single in enumerate(SINGLES, start=8)]
    return (*plan, *(_known(number, *one) for number, one in enumerate(known, start=len(plan))))


def earlier_session(names: Sequence[tuple[str, CreativeType]]) -> tuple[SampleFile, ...]:
    """Plan the files that were uploaded before under these (name, type) of the library."""
    return tuple(_known(number, *one) for number, one in enumerate(names, start=_EARLIER))


def exported_again(file: SampleFile) -> SampleFile:
    """Plan what shows the same under a new name: a video in a larger size, a still in another format."""
    identity = f"{_dice(file.seed).getrandbits(32):08X}"
    size, suffix = (file.size, ".jpg") if file.seconds is None else ((1280, 720), ".mp4")
    return _planned(file.seed, identity, file.kind, size, file.seconds, suffix)


def _planned(
    number: int, identity: str, kind: CreativeType, size: tuple[int, int], seconds: int | None, suffix: str
) -> SampleFile:
    (category, creator), half = TOPICS[number % len(TOPICS)], HALVES.get(kind)
    length = f"_{seconds}sec" if seconds else ""
    stem = f"EN_{category}_F_Real_SFW_Generic_{creator}{length}_ID-{identity}"
    return SampleFile((f"{half}_{stem}-{half}" if half else stem) + suffix, kind, size, seconds, number)


def _known(number: int, name: str, kind: CreativeType) -> SampleFile:
    """A file with a name that the library holds; the library's names may lack the extension."""
    still = kind in {CreativeType.NATIVE_IMAGE, CreativeType.IMAGE}
    seconds = None if still else 4 if kind is CreativeType.NATIVE_VIDEO else 6
    size = (300, 250) if kind in {CreativeType.IMAGE, CreativeType.VIDEO_BANNER} else NATIVE_SIZE
    suffix = "" if extension(name) else ".png" if still else ".mp4"
    return SampleFile(name + suffix, kind, size, seconds, number)


def draw(files: Mapping[Path, SampleFile], progress: Callable[[str, int], None]) -> None:
    """Make every planned file, on all cores; `progress` hears of each, and how many there are, in this thread."""
    longest_first = sorted(files, key=lambda path: -(files[path].seconds or 0) * math.prod(files[path].size))
    # drawing and encoding release the interpreter's lock: measured, processes gain nothing over threads
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(_write, path, files[path]): path for path in longest_first}
        for number, done in enumerate(as_completed(running), start=1):
            done.result()
            progress(running[done].name, number)


def _write(path: Path, file: SampleFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (width, height), title = file.size, " with ".join(TOPICS[file.seed % len(TOPICS)])
    if file.seconds is None:
        write_image(path, width=width, height=height, title=title, seed=file.seed, min_bytes=file.min_bytes)
    else:
        write_video(path, width=width, height=height, seconds=file.seconds, title=title, seed=file.seed)


class _Scene:
    """A sun over three rows of hills that pass by: the far ones misty and slow, the near ones dark and fast."""

    def __init__(self, width: int, height: int, title: str, seed: int) -> None:
        dice = _dice(seed)
        above, below, sun, self.near = PALETTES[seed % len(PALETTES)]
        self.sky = ImageOps.colorize(Image.linear_gradient("L").resize((width, height)), above, below)
        self.sky.paste(sun, (0, 0), _disc(width, height, dice))
        self.hills = [_hills(width, round(height * tall), mist, dice) for tall, mist in HILLS]
        words = _lettering(width, height, title)
        self.spot = words.getbbox()
        self.words = words.crop(self.spot)

    def frame(self, moment: float) -> Image.Image:
        """The picture at a moment in seconds."""
        picture = self.sky.copy()
        for speed, hills in enumerate(self.hills, start=1):
            passed = round(moment * speed * picture.width / (len(self.hills) * LOOP_SECONDS))
            picture.paste(self.near, (0, picture.height - hills.height), ImageChops.offset(hills, -passed, 0))
        picture.paste((255, 255, 255), self.spot, self.words)
        return picture


def _disc(width: int, height: int, dice: random.Random) -> Image.Image:
    """A mask; like the hills it is drawn at double size, then halved: smooth edges."""
    radius, x, y = height * 0.34, width * dice.uniform(1.1, 1.7), height
    mask = Image.new("L", (width * 2, height * 2))
    ImageDraw.Draw(mask).ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return mask.resize((width, height))


def _hills(width: int, tall: int, mist: float, dice: random.Random) -> Image.Image:
    """They end as they begin, so that they can go round."""
    waves = [(turns, dice.uniform(0, math.tau), 1 / turns) for turns in (1, 2, 3)]
    line = []
    for x in range(0, width * 2 + 4, 4):
        wave = sum(share * math.sin(math.pi * turns * x / width + phase) for turns, phase, share in waves)
        line.append((x, tall * (0.8 + 0.35 * wave)))
    mask = Image.new("L", (width * 2, tall * 2))
    ImageDraw.Draw(mask).polygon([(0, tall * 2), *line, (width * 2, tall * 2)], fill=round(255 * (1 - mist)))
    return mask.resize((width, tall))


def _lettering(width: int, height: int, title: str) -> Image.Image:
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    size = max(10.0, height * (0.16 if width < 2.5 * height else 0.3))
    while size > 10 and pen.textlength(title, ImageFont.load_default(size)) > width * 0.88:
        size *= 0.92
    pen.text((width * 0.06, height * 0.1), title, fill=255, font=ImageFont.load_default(size))
    return mask


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 (repeatable pictures, no secrets)
