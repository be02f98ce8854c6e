"""What is made of media files, beside one process of ffmpeg a file: size, likeness to the source (SSIM) and time.

`python tests/benchmarks/prepare.py` takes some twenty minutes, and needs an ffmpeg on the PATH: Debian's is the peer.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

import av
import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from tests.benchmarks.harness import head, sections, write
from tjtools.media import Box, Job, Recipe, make

VIDEOS, DRAWN, ROUNDS = 100, 12, 1  # so many are drawn, and copied
SECONDS = 10
CURVE = range(20, 30)  # the CRFs of ffmpeg between which its likeness at our size is read off
X264 = ("-c:v", "libx264", "-preset", "medium", "-pix_fmt", "yuv420p")
SOUND = ("-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart")
NATIVE = Recipe("mp4", 640, 360, start=2, seconds=4)
STILL = Recipe("png", 640, 360, start=2, max_bytes=300_000)
CUT = ("-ss", "2", "-t", "4")
# each kind of mend: the source, our recipe, and ffmpeg's filter and cut
MENDS: dict[str, tuple[str, Recipe, str, tuple[str, ...]]] = {
    "scaled and cut (native video)": ("usual.mp4", NATIVE, "scale=640:360", CUT),
    "cut alone": ("usual.mp4", Recipe("mp4", 1280, 720, start=2, seconds=4), "null", CUT),
    "cropped and scaled": (
        "usual.mp4",
        Recipe("mp4", 300, 250, Box(208 / 1280, 0, 864 / 1280, 1), 2, 4),
        "crop=864:720:208:0,scale=300:250",
        CUT,
    ),
    "between bars": (
        "tall.mp4",
        NATIVE,
        "scale=202:360,pad=640:360:(ow-iw)/2:(oh-ih)/2",
        CUT,
    ),
    "from 10 bits HEVC": ("ten.mov", NATIVE, "scale=640:360", CUT),
    "from VP9": ("a.webm", NATIVE, "scale=640:360", CUT),
}


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def source(path: Path, seed: int, *coding: str, size: str = "1280x720") -> Path:
    """Ten seconds of a picture with much detail that moves, with grain and a tone."""
    moving = (
        f"mandelbrot=size={size}:rate=25:start_scale={3 / (1 + seed):.3f}:end_scale={0.01 / (1 + seed):.5f}:end_pts=400"
    )
    ffmpeg(
        *("-f", "lavfi", "-i", f"{moving},noise=alls=6:allf=t:all_seed={seed}"),
        *("-f", "lavfi", "-i", f"sine=frequency={300 + 50 * seed}", "-t", SECONDS),
        *(coding or (*X264, "-crf", "16", *SOUND)),
        path,
    )  # fmt: skip
    return path


def sources(folder: Path) -> None:
    source(folder / "usual.mp4", 1)
    source(folder / "tall.mp4", 2, size="720x1280")
    source(
        folder / "ten.mov",
        3,
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=none",
        "-pix_fmt",
        "yuv420p10le",
        "-crf",
        "16",
        "-c:a",
        "aac",
    )
    source(
        folder / "a.webm",
        4,
        "-c:v",
        "libvpx-vp9",
        "-pix_fmt",
        "yuv420p",
        "-b:v",
        "6M",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-c:a",
        "libopus",
    )


def greys(path: Path, first: float = 0, seconds: float = 99) -> list[Image.Image]:
    """The brightness of every tenth frame as it is stored, in limited range in all of these files.

    PyAV's conversion to grey is no measure: it goes by what a file says of its colours, which ffmpeg's files do not.
    """
    with av.open(str(path)) as file:
        shown = (one for one in file.decode(video=0) if first - 1e-4 <= one.time < first + seconds - 1e-4)
        return [_brightness(one) for at, one in enumerate(shown) if at % 10 == 0]


def _brightness(frame: av.VideoFrame) -> Image.Image:
    assert frame.format.name.startswith("yuv"), f"{frame.format.name}: its first plane is no brightness"
    plane, fine = frame.planes[0], "10le" in frame.format.name
    stored = np.frombuffer(bytes(plane), "<u2" if fine else np.uint8).reshape(plane.height, -1)[:, : plane.width]
    return Image.fromarray((stored / (4 if fine else 1)).round().clip(0, 255).astype(np.uint8))


def framed(whole: Image.Image, recipe: Recipe) -> np.ndarray:
    """What a perfect result would show: Pillow's scaling, which neither contender has."""
    box = recipe.box
    part = (
        box.left * whole.width,
        box.top * whole.height,
        *((box.left + box.width) * whole.width, (box.top + box.height) * whole.height),
    )
    wide, tall = part[2] - part[0], part[3] - part[1]
    scale = min(recipe.width / wide, recipe.height / tall)
    size = tuple(round(one * scale / 2) * 2 for one in (wide, tall))
    made = Image.new("L", (recipe.width, recipe.height), 16)
    made.paste(
        whole.resize(size, Image.Resampling.LANCZOS, box=part),
        ((recipe.width - size[0]) // 2, (recipe.height - size[1]) // 2),
    )
    return np.asarray(made)


def likeness(made: Path, wanted: list[np.ndarray]) -> float:
    shown = greys(made)
    return float(np.mean([structural_similarity(np.asarray(a), b) for a, b in zip(shown, wanted, strict=True)]))


def at_one_size(folder: Path) -> Iterator[str]:
    sources(folder)
    yield (
        "| mend | ffmpeg at CRF 23 | ours within it | SSIM of ffmpeg at that size | our SSIM"
        " | our SSIM and kB by default |"
    )
    yield "|---|---|---|---|---|---|"
    for name, (file, recipe, filters, cut) in MENDS.items():
        wanted = [framed(one, recipe) for one in greys(folder / file, recipe.start, recipe.seconds or 99)]
        curve = []
        for crf in CURVE:
            other = folder / f"ffmpeg{crf}.mp4"
            ffmpeg(*cut[:2], "-i", folder / file, *cut[2:], "-vf", filters, *X264, "-crf", crf, *SOUND, other)
            curve.append((other.stat().st_size, likeness(other, wanted)))
        most = curve[CURVE.index(23)][0]
        jobs = [Job(folder / file, recipe._replace(max_bytes=one), folder / f"ours{one}.mp4") for one in (most, None)]
        within, usual = make(jobs)
        assert within.facts, within.trouble
        assert usual.facts, usual.trouble
        ours, best = (likeness(one.target, wanted) for one in jobs)
        sizes, alike = zip(*sorted(curve), strict=True)
        theirs = float(np.interp(np.log(within.facts.bytes), np.log(sizes), alike))
        yield (
            f"| {name} | {most / 1000:,.0f} kB | {within.facts.bytes / 1000:,.0f} kB ({within.quality}) | {theirs:.4f}"
            f" | **{ours:.4f}** | {best:.4f}, {usual.facts.bytes / 1000:,.0f} kB |"
        )


def processor() -> float:
    """Seconds of processor time of this process and of those that it has ended."""
    used = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    began, used = time.perf_counter(), processor()
    work()
    return time.perf_counter() - began, processor() - used


def pairs(folder: Path) -> Iterator[str]:
    files = [source(folder / f"{seed}.mp4", seed) for seed in range(DRAWN)]
    files += [shutil.copy(files[number % DRAWN], folder / f"{number}.mp4") for number in range(DRAWN, VIDEOS)]

    def ours() -> None:
        jobs = [
            Job(one, recipe, one.with_suffix(f".o.{recipe.container}")) for one in files for recipe in (NATIVE, STILL)
        ]
        assert not [one.trouble for one in make(jobs) if one.trouble]

    def theirs() -> None:
        def pair(file: Path) -> None:
            scale = ("-vf", "scale=640:360")
            ffmpeg(
                "-threads",
                1,
                *CUT[:2],
                "-i",
                file,
                *CUT[2:],
                *scale,
                *X264,
                "-crf",
                20,
                "-threads",
                1,
                *SOUND,
                file.with_suffix(".f.mp4"),
            )
            ffmpeg("-threads", 1, *CUT[:2], "-i", file, *scale, "-frames:v", 1, file.with_suffix(".f.png"))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(pair, files))

    took = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
    yield "| | ours | ffmpeg | ratio |"
    yield "|---|---|---|---|"
    for at, name in enumerate(("seconds", "seconds of processor time")):
        ratio = median(one[at] / other[at] for one, other in took)
        yield (
            f"| {name} for {VIDEOS} pairs | {median(one[at] for one, _ in took):.1f}"
            f" | {median(other[at] for _, other in took):.1f} | **{ratio:.2f}** |"
        )


def stills(folder: Path) -> Iterator[str]:
    """Of photos that are too heavy; ffmpeg has no such search: its own quality is what its size is compared at."""
    source(folder / "a.mp4", 5)
    ffmpeg("-ss", 3, "-i", folder / "a.mp4", "-frames:v", 1, folder / "a.png")
    wanted = framed(Image.open(folder / "a.png").convert("L"), Recipe("png", 640, 360))
    yield "| still of at most | quality | kB | the next better | SSIM |"
    yield "|---|---|---|---|---|"
    for kind, most in [("png", 300_000), ("png", 150_000), ("jpg", 300_000), ("jpg", 100_000), ("jpg", 50_000)]:
        [made] = make([Job(folder / "a.png", Recipe(kind, 640, 360, max_bytes=most), folder / f"b.{kind}")])
        if not made.facts:
            yield f"| {kind}, {most // 1000} kB | {made.trouble} | | | |"
            continue
        shown = np.asarray(Image.open(io.BytesIO((folder / f"b.{kind}").read_bytes())).convert("L"))
        better = f"{made.next_bytes / 1000:,.1f} kB" if made.next_bytes else "none"
        yield (
            f"| {kind}, {most // 1000} kB | {made.quality} | {made.facts.bytes / 1000:,.1f} | {better}"
            f" | {structural_similarity(shown, wanted):.4f} |"
        )


def report(folder: Path) -> Iterator[str]:
    asked = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[:3]
    yield head(
        __file__,
        "Files made to fit, beside ffmpeg",
        ("av", "pillow", "scikit-image", " ".join(asked)),
        f"Sources: {SECONDS} s of 1280x720 with much moving detail and grain, drawn by ffmpeg.",
    )
    yield from sections(
        folder,
        (
            "Likeness at one size",
            "Wanted: an SSIM no worse than that of ffmpeg `-crf 23` at the same size. Ours is the best quality within"
            " ffmpeg's size; ffmpeg's SSIM at our size is read off its own at CRF 20 to 29.",
            at_one_size,
        ),
        (
            "Time for native pairs",
            "Wanted: at most 1.3 times ffmpeg's, one process a file and as many at once as cores, at the same CRF and"
            f" preset. {VIDEOS} videos, of which {DRAWN} are drawn and the others copies. Ours looks at each result"
            " again, takes its checksum and keeps stills within 300,000 bytes.",
            pairs,
        ),
        ("Stills within a weight", "The best quality that fits, and what the next better one weighs.", stills),
    )


if __name__ == "__main__":
    write(__file__, report)
