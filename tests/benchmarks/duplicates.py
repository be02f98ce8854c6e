"""Measure how fast duplicates are found, and write `duplicates.md` beside this file; what is found, `copies.py` tells.

Run as `python tests/benchmarks/duplicates.py FOLDER`, with the folder of `copies.py`; it takes some ten minutes, 4 GB
of disk, and ffprobe as a peer.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
import timeit
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path

import av
import cv2
import edits
import numpy as np
from harness import head, write

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus import Scene

from tjtools.cache.library import Library
from tjtools.media import Children, Fingerprint, MediaFacts
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.media.index import Index
from tjtools.media.look import Frame
from tjtools.media.marks import of_frames, read
from tjtools.model.creative import Creative, CreativeType
from tjtools.practice import samples
from tjtools.upload import prepare
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.derived import MARKS, Derived
from tjtools.workspace.folder import Workspace


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest time of several, in seconds."""
    return min(timeit.repeat(work, number=1, repeat=times))


def checksums(folder: Path) -> Iterator[str]:
    chance = random.Random(1)  # noqa: S311 (the same bytes each time)
    paths = [folder / f"{number}.bin" for number in range(20)]
    for path in paths:
        path.write_bytes(chance.randbytes(25_000_000))
    theirs = best(lambda: subprocess.run(["sha256sum", *map(str, paths)], check=True, capture_output=True))
    yield "## Checksums"
    yield ""
    yield f"{len(paths)} files of 25 MB, in the page cache; the children run already."
    yield ""
    yield "| | time | MB/s | sha256sum ÷ ours |"
    yield "|:--|--:|--:|--:|"
    yield f"| sha256sum, one process for all | {theirs:.2f} s | {500 / theirs:,.0f} | 1.00 |"
    for cores in (1, os.cpu_count() or 1):
        with Children(cores=cores) as room:
            list(room.each(paths[:cores], room.checksum))
            ours = best(lambda room=room: list(room.each(paths, room.checksum)))  # type: ignore[misc]
        yield f"| ours (blake3), {cores} children | {ours:.2f} s | {500 / ours:,.0f} | {theirs / ours:.2f} |"
    for path in paths:
        path.unlink()


def probing(folder: Path) -> Iterator[str]:
    if not shutil.which("ffprobe"):
        raise SystemExit("ffprobe is not on this machine: install ffmpeg for this comparison.")
    paths = [folder / f"{number}.mp4" for number in range(40)]
    for number, path in enumerate(paths):
        samples.write_video(path, width=640, height=360, seconds=4, title="Sports", seed=number)
    probe = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json"]

    def theirs() -> None:
        for path in paths:
            subprocess.run([*probe, str(path)], check=True, capture_output=True)

    with Children() as room:
        list(room.each(paths[: room.cores], room.look))
        ours, other = best(lambda: list(room.each(paths, room.look))), best(theirs)
    yield "## Looking at a file"
    yield ""
    yield (
        f"{len(paths)} videos of 4 s. ffprobe reads the head alone; ours reads it, decodes the video, "
        "and keeps its look and its marks, in children that run already."
    )
    yield ""
    yield "| | a file | ffprobe ÷ ours |"
    yield "|:--|--:|--:|"
    yield f"| one ffprobe process a file | {other / len(paths) * 1000:.1f} ms | 1.00 |"
    yield f"| ours, {os.cpu_count()} children | {ours / len(paths) * 1000:.1f} ms | {other / ours:.2f} |"


def searching(folder: Path) -> Iterator[str]:
    """Marks of real pictures and of their edits, each many times with other signs turned over, as edits do."""
    known, originals = _stills(), _of_originals()
    asked = [(one.origin, _marks(each.path)) for one in known[::4] for each in edits.edited(one, known)]
    chance = np.random.default_rng(2)
    yield "## Searching among 100,000 creatives"
    yield ""
    yield (
        f"The originals are {len(known)} real pictures; the other creatives are mixed of their points, each with some "
        f"signs turned over. {len(asked)} edits are asked about. An index is built once a review, out of what is kept."
    )
    yield ""
    yield "| creatives | built in | a question, processor time | bytes a creative | the original among the first 8 |"
    yield "|--:|--:|--:|--:|--:|"
    for count in (1_000, 10_000, 100_000):
        crowd = originals | dict(_mixed([*originals.values()], count - len(originals), chance))
        began = time.process_time()
        index = Index(crowd)
        built = time.process_time() - began
        began = time.process_time()
        hits = [origin in dict(islice(index.like(one), 8)) for origin, one in asked]
        spent = (time.process_time() - began) / len(asked)
        size = sum(map(len, crowd.values())) / count
        yield f"| {count:,} | {built:.2f} s | {spent * 1000:.1f} ms | {size:,.0f} | {sum(hits) / len(hits):.3f} |"


def _stills() -> list[edits.File]:
    return [one for one in edits.originals(Path(sys.argv[1]), "choosing") if not one.moving]


@cache
def _of_originals() -> dict[str, bytes]:
    return {one.origin: _marks(one.path) for one in _stills()}


def _marks(path: Path) -> bytes:
    return of_frames([Frame(0.0, cv2.imread(str(path)))])


def _mixed(ones: Sequence[bytes], count: int, chance: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    read_ones = [read(one) for one in ones]
    points = np.concatenate([one.signs.view(np.uint8) for one in read_ones])
    spots = np.concatenate([one.spots for one in read_ones])
    head = np.array([1, 256, 144], np.uint16).tobytes() + bytes([200, 0])
    for number in range(count):
        chosen = chance.integers(0, len(points), 200)
        signs = points[chosen] ^ np.packbits(chance.random((200, 128)) < 0.12, axis=1)
        hashes = chance.integers(0, 256, (2, 32), dtype=np.uint8)
        yield str(number), head + signs.tobytes() + spots[chosen].tobytes() + hashes.tobytes()


def whole_session(folder: Path) -> Iterator[str]:
    place = Workspace(folder.resolve())
    (folder / "tracking").mkdir(parents=True)
    (folder / "uploaded").mkdir()
    _write_library(place, 10_000)
    with ProcessPoolExecutor() as pool:
        sizes = list(
            pool.map(_write_large, [folder / "uploaded" / f"{number}.mp4" for number in range(200)], range(200))
        )
    header = ("unique_id", "new_filename", "creative_type")
    write_rows(place.session, header, [(str(number), f"{number}.mp4", "video") for number in range(200)])
    paths = [folder / "uploaded" / f"{number}.mp4" for number in range(200)]
    alone = Fingerprints(Workspace(folder / "elsewhere"))
    began = time.perf_counter()
    look_at(paths, alone, decode=False)
    read = time.perf_counter() - began
    began = time.perf_counter()
    prepare(place)
    first = time.perf_counter() - began
    began = time.perf_counter()
    prepared = prepare(place)
    again = time.perf_counter() - began
    count = Counter(one.verdict.value for one in prepared.reviews)
    told = ", ".join(f"{number} {verdict}" for verdict, number in count.items())
    yield "## A session of 200 files beside 10,000 fingerprints"
    yield ""
    yield (
        f"Videos of {min(sizes) / 1e6:.0f} to {max(sizes) / 1e6:.0f} MB (1 to 25 MB were wanted), "
        f"{sum(sizes) / 1e9:.1f} GB in all, in the page cache: {told}. Decoding is what is left of the "
        "first review without checksums and without what the second one, of unchanged files, takes."
    )
    yield ""
    yield "| | time | share of the first review |"
    yield "|:--|--:|--:|"
    yield f"| first review | {first:.1f} s | |"
    yield f"| of it: checksums | {read:.1f} s | {read / first:.0%} |"
    yield f"| of it: decoding | {first - read - again:.1f} s | {(first - read - again) / first:.0%} |"
    yield f"| second review, nothing has changed | {again:.2f} s | {again / first:.1%} |"


def _write_library(place: Workspace, rows: int) -> None:
    chance = random.Random(3)  # noqa: S311 (the same each time)
    facts = MediaFacts(5_000_000, "mp4", 640, 360, 8.0, "h264", frames=200)
    creatives = [
        Creative(str(1032530511 + 10 * number), f"known {number}.mp4", None, "640x360", "mp4", CreativeType.VIDEO)
        for number in range(rows)
    ]
    Library.load(place.library).add(creatives)
    uploads = []
    for one in creatives:
        looks = tuple(f"{chance.getrandbits(64):016x}" for _ in range(5))
        seen = Fingerprint(facts, f"{chance.getrandbits(256):064x}", looks)
        uploads.append(Upload(one.creative_id, one.filename, CreativeType.VIDEO, seen))
    Fingerprints(place).keep_uploads(uploads, now=datetime.now(tz=UTC))
    checksums = [one.fingerprint.checksum for one in uploads]
    marks = _mixed([*_of_originals().values()], rows, np.random.default_rng(3))
    Derived(place).keep_together(
        {}, {(MARKS, checksum): one for checksum, (_, one) in zip(checksums, marks, strict=True)}
    )


def _write_large(path: Path, number: int) -> int:
    """A video of 8 s whose grain makes it 1 to 25 MB large."""
    chance = np.random.default_rng(number)
    grain = chance.normal(0, 3 + 22 * (number % 25) / 24, (400, 700, 1))
    scene = next(Scene(number, 0, 0).frames(1)).resize((640, 360))
    back = np.asarray(scene, dtype=np.float64)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": str(30 - number % 25 // 2), "threads": "1"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for _ in range(200):
            top, left = chance.integers(0, 40), chance.integers(0, 60)
            noisy = np.clip(back + grain[top : top + 360, left : left + 640], 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode())
    return path.stat().st_size


def report(folder: Path, *parts: Callable[[Path], Iterator[str]]) -> Iterator[str]:
    """The report's lines."""
    yield head(
        __file__,
        "Duplicates, measured",
        ("av", "blake3", "faiss-cpu", "numpy", "opencv-python-headless"),
        "The best of three runs; ratios move with what else the machine does. Nothing is asserted.",
    )
    for part in parts:
        (folder / part.__name__).mkdir()
        yield from ("", *part(folder / part.__name__))


def main() -> None:
    write(__file__, lambda folder: report(folder, whole_session, checksums, probing, searching))


if __name__ == "__main__":
    main()
