"""Measure how well near duplicates are found, and how fast, and write `duplicates.md` beside this file.

Run as `python tests/benchmarks/duplicates.py`; it takes some twenty minutes, 4 GB of disk, and ffprobe as a peer.
`--found` measures precision and recall alone, without writing; `--sweep` shows them on seed A over a range of
thresholds, for choosing them.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import timeit
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from harness import head, write

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus import Item, Scene, write_corpus_on_all_cores

from tjtools.cache.library import Library
from tjtools.media import Children, Fingerprint, MediaFacts, likeness
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import Creative, CreativeType
from tjtools.practice import samples
from tjtools.upload import prepare
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace

ORIGINALS = 120  # of each medium
MUST_FIND = ("re-encoded", "resized")
KNOWN = ("original", "other text", "another take", "plain", "dark")  # what the library holds


@dataclass
class Tally:
    """What was found: of how many files of a version their original, and which other pairs were taken for the same."""

    files: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def recall(self, *versions: str) -> float:
        chosen = [version for version in self.files if version.startswith(versions)]
        return sum(self.found[one] for one in chosen) / max(1, sum(self.files[one] for one in chosen))

    def precision(self, *versions: str) -> float:
        right = sum(count for version, count in self.found.items() if version.startswith(versions))
        return right / max(1, right + sum(self.wrong.values()))


@dataclass(frozen=True)
class Seen:
    """A corpus that was looked at."""

    items: tuple[Item, ...]
    fingerprints: tuple[Fingerprint, ...]
    pictures: dict[str, bytes]


def seen_of(items: Sequence[Item], folder: Path) -> Seen:
    """Fingerprint every file as the command does."""
    store = Fingerprints(Workspace(folder))
    seen = look_at([item.path for item in items], store)
    found = [seen[item.path] for item in items]
    fingerprints = tuple(one for one in found if one)
    pictures = {one.checksum: store.picture(one.checksum) or b"" for one in fingerprints}
    return Seen(tuple(items), fingerprints, pictures)


def candidates(seen: Seen) -> Iterator[tuple[Item, Item, float, float]]:
    """Every file and known creative that the hashes take for the same: by how many bits, and how close in the end.

    Two known creatives come once.
    """
    known = [place for place, item in enumerate(seen.items) if item.version in KNOWN]
    index = likeness.LooksIndex([seen.fingerprints[place] for place in known], seen.pictures.get)
    for place, item in enumerate(seen.items):
        mine = seen.fingerprints[place]
        for number, bits in index.near(mine):
            other = known[number]
            if other == place or (item.version in KNOWN and other > place):
                continue
            strips = (seen.pictures[mine.checksum], seen.pictures[seen.fingerprints[other].checksum])
            yield item, seen.items[other], bits, likeness.closeness(*strips, len(mine.looks))


def tally(seen: Seen, pairs: Sequence[tuple[Item, Item, float, float]], bits: float, least: float) -> Tally:
    """Count what these thresholds find."""
    result = Tally(files=Counter(item.version for item in seen.items if item.same and item.version != "original"))
    for item, other, apart, close in pairs:
        if apart > bits or close < least:
            continue
        if item.same and other.version == "original" and item.original == other.original:
            result.found[item.version] += 1
        else:
            version = other.version if item.same else item.version
            result.wrong[version if item.original == other.original else "another original"] += 1
    return result


def sweep(seen: Seen, pairs: Sequence[tuple[Item, Item, float, float]]) -> None:
    for bits in (4, 6, 8, 10):
        for least in (0.6, 0.66, 0.7, 0.72, 0.74, 0.76, 0.78, 0.8, 0.82, 0.85):
            one = tally(seen, pairs, bits, least)
            row = [f"{one.recall(version):.3f}" for version in (*MUST_FIND, "other", "water", "one", "cropped")]
            sys.stdout.write(f"{bits} {least}: {one.precision(*MUST_FIND):.4f} {' '.join(row)} {dict(one.wrong)}\n")


def corpus(seed: str, folder: Path) -> Seen:
    items = write_corpus_on_all_cores(folder / seed, seed=seed, videos=ORIGINALS, stills=ORIGINALS)
    return seen_of(items, folder)


def table(tallies: dict[str, Tally]) -> Iterator[str]:
    yield "| what was done to the original | " + " | ".join(f"files, seed {seed} | found" for seed in tallies) + " |"
    yield "|:--|" + "--:|--:|" * len(tallies)
    for version in sorted({version for one in tallies.values() for version in one.files}):
        cells = [f"{one.files[version]} | {one.recall(version):.3f}" for one in tallies.values()]
        yield f"| {version} | {' | '.join(cells)} |"


def wrongs(tallies: dict[str, Tally]) -> Iterator[str]:
    count: defaultdict[str, list[int]] = defaultdict(list)
    for version in (*KNOWN[1:], "another original"):
        count[version] = [one.wrong[version] for one in tallies.values()]
    yield "| must not match | " + " | ".join(f"pairs taken for the same, seed {seed}" for seed in tallies) + " |"
    yield "|:--|" + "--:|" * len(tallies)
    for version, numbers in count.items():
        yield f"| {version} | {' | '.join(map(str, numbers))} |"


def found(folder: Path) -> Iterator[str]:
    """Precision and recall on both seeds."""
    tallies = {}
    for seed in "AB":
        seen = corpus(seed, folder / seed)
        tallies[seed] = tally(seen, list(candidates(seen)), likeness.MOST_BITS, likeness.LEAST_LIKENESS)
    yield "## What is found"
    yield ""
    yield (
        f"{ORIGINALS} videos and {ORIGINALS} stills a seed (tests/corpus.py), each with versions and look-alikes. "
        f"The thresholds, at most {likeness.MOST_BITS:g} of 64 bits and at least {likeness.LEAST_LIKENESS:g} alike, "
        "were chosen on seed A. The library has the originals and everything that must not match; all other files are "
        "asked about. Wanted on seed B: renamed 1.00/1.00, re-encoded and resized at least 0.98/0.98 "
        "(precision/recall). "
        "Every wrong pair of the whole seed counts against each precision. A renamed file is found by its checksum "
        "too; here its looks alone had to do."
    )
    yield ""
    yield "| | precision, seed A | recall | precision, seed B | recall |"
    yield "|:--|--:|--:|--:|--:|"
    for name, versions in (("renamed", ("renamed",)), ("re-encoded and resized", MUST_FIND)):
        cells = [f"{one.precision(*versions):.3f} | {one.recall(*versions):.3f}" for one in tallies.values()]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield from table(tallies)
    yield ""
    yield from wrongs(tallies)
    yield ""
    yield (
        "Not found: what was cropped, even by 2 %, or mirrored; what is framed or letterboxed (another shape); another "
        "cut or another length; a plain picture, which has nothing to be known by. Not told apart: what differs in "
        "colour alone and not in brightness."
    )


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
        f"{len(paths)} videos of 4 s. ffprobe reads the head alone; ours reads it, decodes the video to its five "
        "moments, hashes them and draws the strip, in children that run already."
    )
    yield ""
    yield "| | a file | ffprobe ÷ ours |"
    yield "|:--|--:|--:|"
    yield f"| one ffprobe process a file | {other / len(paths) * 1000:.1f} ms | 1.00 |"
    yield f"| ours, {os.cpu_count()} children | {ours / len(paths) * 1000:.1f} ms | {other / ours:.2f} |"


def searching(_: Path) -> Iterator[str]:
    chance = random.Random(2)  # noqa: S311 (the same looks each time)
    facts = MediaFacts(1, "mp4", 640, 360, 4.0)
    crowd = [
        Fingerprint(facts, f"{number:064x}", tuple(f"{chance.getrandbits(64):016x}" for _ in range(5)))
        for number in range(100_000)
    ]
    asked = [_altered(crowd[number], chance) for number in range(0, 100_000, 500)]
    began = time.perf_counter()
    index = likeness.LooksIndex(crowd, dict[str, bytes]().get)
    built = time.perf_counter() - began
    found = [index.near(one) for one in asked]
    ours = best(lambda: [index.near(one) for one in asked]) / len(asked)
    few = asked[:3]
    brute = best(lambda: [_brute(one, crowd) for one in few], 1) / len(few)
    same = all(index.near(one) == _brute(one, crowd) for one in few)
    hashes = np.frombuffer(bytes.fromhex("".join("".join(one.looks) for one in crowd)), dtype=np.uint64).reshape(-1, 5)
    queries = [np.frombuffer(bytes.fromhex("".join(one.looks)), dtype=np.uint64) for one in asked]
    passes = [np.flatnonzero(np.bitwise_count(hashes ^ one).sum(1) <= 5 * likeness.MOST_BITS) for one in queries]
    one_pass = best(lambda: [np.bitwise_count(hashes ^ one).sum(1) for one in queries]) / len(queries)
    agree = same and all({place for place, _ in a} == set(b.tolist()) for a, b in zip(found, passes, strict=True))
    compared = index.compared / (4 * len(asked) + len(few))
    yield "## Searching 100,000 creatives"
    yield ""
    yield (
        f"Videos with five random hashes each; {len(asked)} near duplicates are asked about. The index answers as "
        f"brute force does: {'yes' if agree else 'NO'}. It is built in {built:.2f} s, once a review."
    )
    yield ""
    yield "| | a question | hashes compared | brute force ÷ it |"
    yield "|:--|--:|--:|--:|"
    yield f"| brute force, creative by creative | {brute * 1000:,.1f} ms | 500,000 | 1 |"
    yield f"| one vectorised pass (numpy) | {one_pass * 1000:,.2f} ms | 500,000 | {brute / one_pass:,.0f} |"
    yield f"| ours: an index of faiss | {ours * 1000:,.2f} ms | {compared:,.0f} | {brute / ours:,.0f} |"


def _altered(one: Fingerprint, chance: random.Random) -> Fingerprint:
    looks = tuple(f"{int(look, 16) ^ sum(1 << bit for bit in chance.sample(range(64), 4)):016x}" for look in one.looks)
    return one._replace(looks=looks)


def _brute(one: Fingerprint, crowd: Sequence[Fingerprint]) -> list[tuple[int, float]]:
    apart = ((place, likeness.bits_apart(one, other)) for place, other in enumerate(crowd))
    near = [(place, bits) for place, bits in apart if bits is not None and bits <= likeness.MOST_BITS]
    return sorted(near, key=lambda found: (found[1], found[0]))


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
        ("av", "blake3", "faiss-cpu", "imagehash", "pillow"),
        "The best of three runs; ratios move with what else the machine does. Nothing is asserted.",
    )
    for part in parts:
        (folder / part.__name__).mkdir()
        yield from ("", *part(folder / part.__name__))


def main() -> None:
    if not {"--sweep", "--found"} & {*sys.argv}:
        write(__file__, lambda folder: report(folder, whole_session, checksums, probing, found, searching))
        return
    with tempfile.TemporaryDirectory() as name:
        os.environ["TJTOOLS_CACHE"] = name
        if "--found" in sys.argv:
            sys.stdout.write("\n".join(found(Path(name))) + "\n")
        else:
            seen = corpus("A", Path(name))
            sweep(seen, list(candidates(seen)))


if __name__ == "__main__":
    main()
