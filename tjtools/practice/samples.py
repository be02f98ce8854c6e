"""Sample media: real, playable, harmless files to practise and to test with.

Drawn with Pillow and encoded with PyAV: no download, no ffmpeg, and the same arguments give the same bytes.

>>> files = demo_session(known=[("VID_EN_Music_4sec_ID-75BC7B51-VID", "native_video")])
>>> len(files), files[0].new_filename
(25, 'VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-D82C07CD-VID.mp4')
"""

import math
import os
import random
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

import av
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

__all__ = ["SampleFile", "demo_session", "inventory_rows", "write_image", "write_session", "write_video"]

# sky above, sky below, sun, nearest hill
PALETTES: tuple[tuple[tuple[int, int, int], ...], ...] = (
    ((38, 70, 140), (250, 170, 120), (255, 236, 190), (40, 30, 70)),
    ((16, 120, 140), (190, 235, 215), (255, 250, 220), (10, 60, 70)),
    ((110, 40, 120), (255, 140, 130), (255, 220, 150), (50, 15, 60)),
    ((200, 90, 50), (255, 215, 140), (255, 250, 225), (80, 35, 25)),
)
TOPICS = (("Sports", "Ana"), ("Gaming", "Bea"), ("Travel", "Chloe"), ("Cooking", "Dora"), ("Music", "Eva"))
NATIVE: tuple[tuple[str, int | None], ...] = (("native_video", 4), ("native_image", None))
NATIVE_SIZE = (640, 360)
# what a demo session holds beside its native pairs; the last one is longer than the site takes
SINGLES: tuple[tuple[str, tuple[int, int], int | None, str], ...] = (
    ("video", (1280, 720), 6, ".mp4"),
    ("video", (640, 360), 8, ".mp4"),
    ("video", (640, 360), 9, ".mp4"),
    ("video_banner", (300, 250), 5, ".mp4"),
    ("video_banner", (970, 90), 5, ".mp4"),
    ("image", (300, 250), None, ".png"),
    ("image", (300, 100), None, ".jpg"),
    ("video", (640, 360), 40, ".mp4"),
)
FOLDERS = {"native_video": PurePosixPath("Native/Video"), "native_image": PurePosixPath("Native/Image")}
SUFFIXES = {".mp4", ".png", ".jpg", ".jpeg", ".gif"}
ID_IN_NAME = re.compile(r"ID-([0-9A-Fa-f]{8})")
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


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """One file of a planned session: its row in the inventory, column by column, and what to draw."""

    unique_id: str
    original_filename: str
    new_filename: str
    creator_name: str
    language: str = "EN"
    category: str
    content_type: str = "SFW"
    creative_type: str
    duration_seconds: int | None  # None: a still image
    aspect_ratio: str
    width_px: int
    height_px: int
    file_size_mb: str = ""  # known when the file is written
    file_format: str
    date_processed: str = ""
    source_path: str
    notes: str = ""
    native_pair_id: str = ""
    seed: int
    min_bytes: int = 0

    @property
    def folder(self) -> PurePosixPath:
        """Where it lies below `uploaded/`."""
        return FOLDERS.get(self.creative_type, PurePosixPath())


def demo_session(known: Sequence[tuple[str, str]] = (), *, seed: int = 0) -> tuple[SampleFile, ...]:
    """Plan a session of 24 files, and one more for each `known` (name, type) that the library holds already.

    Seven native pairs, three in-stream videos, two video banners and two static banners fit the site's limits; an
    eighth pair has an image over 300 kB, and one in-stream video lasts 40 s.
    """
    dice = _dice(seed)
    pairs = [(number, f"{dice.getrandbits(32):08X}") for number in range(8)]
    plan = [_planned(*pair, kind, NATIVE_SIZE, length) for pair in pairs for kind, length in NATIVE]
    plan[-1] = replace(plan[-1], min_bytes=310_000, notes="sample: over 300 kB")
    plan += [_planned(number, f"{dice.getrandbits(32):08X}", *single) for number, single in enumerate(SINGLES, start=8)]
    plan[-1] = replace(plan[-1], notes="sample: too long for in-stream")
    plan += [
        _known(number, f"{dice.getrandbits(32):08X}", name, kind)
        for number, (name, kind) in enumerate(known, start=len(plan))
    ]
    return tuple(plan)


def write_session(
    uploaded: Path, files: Sequence[SampleFile], progress: Callable[[SampleFile], None] | None = None
) -> None:
    """Make every planned file below `uploaded`, on all cores; `progress` is called after each, in this thread."""
    for folder in {file.folder for file in files}:
        (uploaded / folder).mkdir(parents=True, exist_ok=True)
    longest_first = sorted(files, key=lambda file: -(file.duration_seconds or 0) * file.width_px * file.height_px)
    # drawing and encoding release the interpreter's lock: measured, processes gain nothing over threads
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(_write, uploaded / file.folder, file): file for file in longest_first}
        for done in as_completed(running):
            done.result()
            if progress:
                progress(running[done])


def inventory_rows(files: Sequence[SampleFile], uploaded: Path, day: str = "2025-11-13") -> list[dict[str, str]]:
    """The session inventory's rows, with the real size of each written file (1 MB = 1,000,000 bytes)."""
    rows = []
    for file in files:
        size = f"{(uploaded / file.folder / file.new_filename).stat().st_size / 1_000_000:.3f}"
        row = asdict(replace(file, file_size_mb=size, date_processed=day))
        del row["seed"], row["min_bytes"]
        rows.append({column: "" if value is None else str(value) for column, value in row.items()})
    return rows


def _write(folder: Path, file: SampleFile) -> None:
    path, title = folder / file.new_filename, f"{file.category} with {file.creator_name}"
    width, height, seed = file.width_px, file.height_px, file.seed
    if file.duration_seconds is None:
        write_image(path, width=width, height=height, title=title, seed=seed, min_bytes=file.min_bytes)
    else:
        write_video(path, width=width, height=height, seconds=file.duration_seconds, title=title, seed=seed)


def _planned(
    number: int, identity: str, kind: str, size: tuple[int, int], seconds: int | None, suffix: str = "", name: str = ""
) -> SampleFile:
    """A file of the naming convention, unless it has a name."""
    category, creator = TOPICS[number % len(TOPICS)]
    suffix = suffix or (".mp4" if seconds else ".png")
    half = {"native_video": "VID", "native_image": "IMG"}.get(kind)
    unique_id = f"{identity}-{half}" if half else identity
    length = f"_{seconds}sec" if seconds else ""
    stem = f"{half}_" * bool(half) + f"EN_{category}_F_Real_SFW_Generic_{creator}{length}_ID-{unique_id}"
    original = f"{category.lower()} {number:02}{suffix}"
    (width, height), common = size, math.gcd(*size)
    return SampleFile(
        unique_id=unique_id, original_filename=original, new_filename=name or stem + suffix,
        creator_name=creator, category=category, creative_type=kind, duration_seconds=seconds,
        aspect_ratio=f"{width // common}:{height // common}", width_px=width, height_px=height,
        file_format=suffix[1:], source_path=f"source_files/{creator}/{original}",
        native_pair_id=identity if half else "", seed=number,
    )  # fmt: skip


def _known(number: int, identity: str, name: str, kind: str) -> SampleFile:
    """A file with a name that the library holds; the library's names may lack the extension."""
    seconds = {"native_image": None, "image": None, "native_video": 4}.get(kind, 6)
    size = (300, 250) if kind in {"image", "video_banner"} else NATIVE_SIZE
    if Path(name).suffix.lower() not in SUFFIXES:
        name += ".mp4" if seconds else ".png"
    identity = found[1].upper() if (found := ID_IN_NAME.search(name)) else identity
    return _planned(number, identity, kind, size, seconds, Path(name).suffix.lower(), name)


class _Scene:
    """A sun over three rows of hills that pass by: the far ones misty and slow, the near ones dark and fast."""

    def __init__(self, width: int, height: int, title: str, seed: int) -> None:
        dice = _dice(seed)
        above, below, sun, self.near = PALETTES[seed % len(PALETTES)]
        self.sky = ImageOps.colorize(Image.linear_gradient("L").resize((width, height)), above, below)
        self.sky.paste(sun, (0, 0), _disc(width, height, dice))
        self.hills = [_hills(width, round(height * tall), mist, dice) for tall, mist in HILLS]
        self.words = _lettering(width, height, title)

    def frame(self, moment: float) -> Image.Image:
        """The picture at a moment in seconds."""
        picture = self.sky.copy()
        for speed, hills in enumerate(self.hills, start=1):
            passed = round(moment * speed * picture.width / (len(self.hills) * LOOP_SECONDS))
            picture.paste(self.near, (0, picture.height - hills.height), ImageChops.offset(hills, -passed, 0))
        picture.paste((255, 255, 255), (0, 0), self.words)
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
    """The title, as large as fits."""
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    size = max(10.0, height * (0.16 if width < 2.5 * height else 0.3))
    while size > 10 and pen.textlength(title, ImageFont.load_default(size)) > width * 0.88:
        size *= 0.92
    pen.text((width * 0.06, height * 0.1), title, fill=255, font=ImageFont.load_default(size))
    return mask


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 (repeatable pictures, no secrets)
