"""Measure the library against the csv module and pandas, and write `library.md` beside this file.

Run as `python tests/benchmarks/library.py`; it takes some minutes. Each load runs in a process of its
own, so that memory can be compared; the best of several runs counts, because the machine has other things to do.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from harness import alone, head, sections, tell, write

from tjtools.cache.library import COLUMNS, Library
from tjtools.model.creative import Creative, CreativeType

SIZES = (1_000, 10_000, 100_000)
RUNS = 9
KINDS = ("native_video", "native_image", "video", "image", "video_banner", "Native Rollover", "In-Stream Video", "")


def write_library(path: Path, rows: int) -> None:
    """A library of this many rows, much like a real one: half of the names by the convention, 3 % of the IDs twice."""
    chance = random.Random(rows)  # noqa: S311  # the same rows each time
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(",".join(COLUMNS) + "\n")
        number = 1_030_000_000
        for row in range(rows):
            number += chance.randint(1, 9) if row % 32 else 0
            file.write(",".join(_row(chance, str(number), row - (row % 32 == 0))) + "\n")


def _row(chance: random.Random, creative_id: str, name: int) -> list[str]:
    stem = f"VID_EN_Sports_4sec_ID-{name:08X}-VID" if name % 2 else f"banner {name} final"
    return [
        creative_id,
        f"{stem}{'.mp4' if chance.random() < 0.3 else ''}",
        f"20{chance.randint(20, 25)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "640x360" if chance.random() < 0.5 else "",
        "mp4" if chance.random() < 0.3 else "",
        KINDS[name % len(KINDS)],
        chance.choice(("approved", "pending", "rejected", "")),
    ]


def load_csv(path: Path) -> object:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def load_library(path: Path) -> object:
    return Library.load(path)


def load_pandas(path: Path) -> object:
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return {row["creative_id"]: row["filename"] for _, row in frame.iterrows()}


LOADERS: dict[str, Callable[[Path], object]] = {
    "csv": load_csv,
    "library": load_library,
    "pandas": load_pandas,
}


def child(loader: str, path: Path) -> None:
    """In a process of its own: load once, and tell the seconds and the MB that it took at most."""
    if loader == "pandas":
        __import__(loader)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    loaded = LOADERS[loader](path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    tell([seconds, peak / 1024, loaded is not None])


def measured(loader: str, path: Path) -> tuple[float, float]:
    """The time (s) and the peak memory (MB) of a process that loads the file once."""
    _, (seconds, peak, _) = alone(__file__, loader, path)
    return seconds, peak


def load_lines(folder: Path) -> Iterator[str]:
    yield "| rows | file | csv.reader alone | Library.load | pandas, iterrows | ours ÷ csv.reader | pandas ÷ ours |"
    yield "|--:|--:|--:|--:|--:|--:|--:|"
    for rows in SIZES:
        path = folder / str(rows) / "tracking" / "TJ_Creative_Library.csv"
        write_library(path, rows)
        found: dict[str, list[tuple[float, float]]] = {loader: [] for loader in LOADERS}
        for run in range(RUNS):
            for loader, each in found.items():  # they take turns, because the machine has other things to do
                if run == 0 or loader != "pandas" or rows < SIZES[-1]:
                    each.append(measured(loader, path))
        best = {loader: min(each) for loader, each in found.items()}
        cells = [f"{seconds * 1000:,.1f} ms, {peak:,.0f} MB" for seconds, peak in best.values()]
        reader, ours, pandas = (seconds for seconds, _ in best.values())
        size = f"{path.stat().st_size / 1e6:.1f} MB"
        yield f"| {rows:,} | {size} | {' | '.join(cells)} | {ours / reader:.1f}× | {pandas / ours:.0f}× |"


def find_lines(folder: Path) -> Iterator[str]:
    yield "| rows | hit, exact name | hit, name without extension | miss |"
    yield "|--:|--:|--:|--:|"
    for rows in SIZES:
        library = Library.load(folder / str(rows) / "tracking" / "TJ_Creative_Library.csv")
        known = [creative for _, creative in zip(range(5_000), library, strict=False)][::5]
        exact = [(each.filename, each.creative_type) for each in known]
        sent = [(each.filename.removesuffix(".mp4") + ".mp4", each.creative_type) for each in known]
        misses = [("x" + name, kind) for name, kind in exact]
        cells = [f"{each * 1e6:.2f} µs" for each in (per_look_up(library, asked) for asked in (exact, sent, misses))]
        yield f"| {rows:,} | {' | '.join(cells)} |"


def per_look_up(library: Library, asked: list[tuple[str, CreativeType | None]]) -> float:
    best = min(timeit.repeat(lambda: [library.find(*each) for each in asked], number=5, repeat=9))
    return best / 5 / len(asked)


def append_lines(folder: Path) -> Iterator[str]:
    """Rows appended to 100,000: each call of `add` looks them up, locks, writes, and waits for the disk."""
    import pandas as pd

    path = folder / "100000" / "tracking" / "TJ_Creative_Library.csv"
    library = Library.load(path)
    numbers = iter(range(2_000_000_000, 3_000_000_000))

    def ours(count: int) -> None:
        library.add(
            [Creative(str(next(numbers)), f"clip {count}", creative_type=CreativeType.VIDEO) for _ in range(count)]
        )

    def theirs(count: int) -> None:
        for _ in range(count):
            frame = pd.DataFrame([[str(next(numbers)), f"clip {count}", "", "", "", "video", ""]])
            frame.to_csv(path.with_name("other.csv"), mode="a", header=False, index=False)

    yield "| rows | Library.add, on the disk | one-row to_csv each, not on the disk | ratio |"
    yield "|--:|--:|--:|--:|"
    for count in (1, 10):
        us, they = (min(timeit.repeat(partial(write, count), number=1, repeat=100)) for write in (ours, theirs))
        yield f"| {count} | {us * 1000:.2f} ms | {they * 1000:.2f} ms | {they / us:.1f}× |"


def command_lines(folder: Path) -> Iterator[str]:
    workspace = folder / "10000"
    check = [sys.executable, "-m", "tjtools", "check", "no such clip.mp4", "--workspace", str(workspace)]
    others = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = others | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    bare, ours = (best_of(20, command, compiled) for command in ([sys.executable, "-c", "pass"], check))
    yield "| `python -c pass` | `tjtools check NAME`, 10,000 rows | difference |"
    yield "|--:|--:|--:|"
    yield f"| {bare * 1000:.0f} ms | {ours * 1000:.0f} ms | {(ours - bare) * 1000:.0f} ms |"


def best_of(runs: int, command: list[str], environment: dict[str, str]) -> float:
    def run() -> None:
        subprocess.run(command, capture_output=True, check=False, env=environment)

    return min(timeit.repeat(run, number=1, repeat=runs))


def report(folder: Path) -> Iterator[str]:
    """The report's lines, in Markdown."""
    yield head(
        __file__,
        "The library, measured",
        ("pandas", "filelock"),
        "The best of several runs, but pandas only once at 100,000 rows; ratios move by a third with what else the"
        " machine does. Nothing is asserted.",
    )
    yield from sections(
        folder,
        (
            "Loading",
            "Wanted: at most 4× the time of `csv.reader` alone up to 10,000 rows; above that linear, and at least 5× "
            "faster than pandas with iterrows. Each cell: time, and peak memory beyond the process's own. Ours checks "
            "every field and merges doubled IDs; `csv.reader` gives lists of texts, pandas a dict from ID to name.",
            load_lines,
        ),
        ("One look-up", "Wanted: below 5 µs at every size. A thousand names in turn, after the first.", find_lines),
        ("Appending", "Wanted: ten rows, on the disk, in less than 1 ms. The library holds 100,000.", append_lines),
        (
            "The command, cold",
            "Wanted: at most 80 ms above bare Python, once compiled.",
            command_lines,
        ),
        apart=False,
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        write(__file__, report)
