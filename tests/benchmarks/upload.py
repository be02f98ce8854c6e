"""Measure uploads and readings against a sandbox in a process of its own, and write `upload.md` beside this file.

Run as `python tests/benchmarks/upload.py`; it takes some five minutes. `MEDIAN_OF` runs each, on a fresh workspace and
a sandbox that was reset. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from harness import browser_version, head, sections, write

from tjtools.cache.inventory import COLUMNS
from tjtools.cache.library import Library
from tjtools.model.creative import Section, UploadStatus
from tjtools.practice import samples
from tjtools.practice.workspace import ask_sandbox, bind_to_sandbox, confirmed
from tjtools.scrape.connection import connect
from tjtools.scrape.reading import creative_of, read_section
from tjtools.site import Site
from tjtools.upload import UploadReport, make_plan, prepare, upload
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

MEDIAN_OF = 3
FIXED_WAITS = 12  # seconds a batch
NATIVE = {"native_video": "Native/Video", "native_image": "Native/Image"}
CLAIMED = {
    "load 100 IDs": (2.5, 0.1),
    "check 1 file": (2.5, 0.0001),
    "check 10 files": (2.5, 0.001),
    "upload 10 files": (32.5, 30.1),
}


@contextmanager
def sandbox(folder: Path, *, creatives: int = 481, latency: int, processing: float) -> Iterator[str]:
    """A sandbox in a process of its own; the address at which it answers."""
    options = {"port": 0, "creatives": creatives, "latency": latency, "processing": processing, "data": folder}
    command = [sys.executable, "-m", "tjtools", "sandbox"]
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[3]  # Sandbox ready at …
        finally:
            process.terminate()


def media(uploaded: Path, pairs: int, videos: int) -> list[dict[str, str]]:
    """Native pairs and in-stream videos on disk, and their rows in the inventory."""
    for part in NATIVE.values():
        (uploaded / part).mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(1, pairs + 1):
        pair = f"{number:08X}"
        rows.append(_row("native_video", f"VID_EN_Travel_4sec_ID-{pair}-VID.mp4", pair, "VID"))
        rows.append(_row("native_image", f"IMG_EN_Travel_ID-{pair}-IMG.png", pair, "IMG"))
    rows += [
        _row("video", f"EN_Travel_6sec_ID-{number:08X}.mp4", f"{number:08X}", "") for number in range(1, videos + 1)
    ]
    for seed, row in enumerate(rows):
        _draw(uploaded / NATIVE.get(row["creative_type"], "") / row["new_filename"], row["creative_type"], seed)
    return rows


def _row(kind: str, name: str, identity: str, half: str) -> dict[str, str]:
    unique = {"unique_id": f"{identity}-{half}" if half else f"{identity}V", "native_pair_id": identity if half else ""}
    return {"new_filename": name, "creative_type": kind, "category": "Travel", **unique}


def _draw(path: Path, kind: str, seed: int) -> None:
    if kind == "native_image":
        samples.write_image(path, width=640, height=360, title=f"Travel {seed}", seed=seed)
    else:
        seconds = 4 if kind == "native_video" else 6
        samples.write_video(path, width=640, height=360, seconds=seconds, title=f"Travel {seed}", seed=seed)


def workspace(folder: Path, uploaded: Path, rows: Sequence[dict[str, str]], origin: str) -> Workspace:
    """A new workspace with these files, signed in to the sandbox."""
    (folder / "tracking").mkdir(parents=True)
    for path in [path for path in uploaded.rglob("*") if path.is_file()]:
        target = folder / "uploaded" / path.relative_to(uploaded)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(path)
    made = Workspace(folder.resolve())
    for inventory in (made.session, made.master):
        write_rows(inventory, COLUMNS, [[row.get(column, "") for column in COLUMNS] for row in rows])
    bind_to_sandbox(made, origin)
    return made


@dataclass
class Timed:
    """A site that notes how long each of its functions takes in all."""

    site: Any
    seconds: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        done = getattr(self.site, name)

        def timed(*args: Any, **more: Any) -> Any:
            start = time.perf_counter()
            try:
                return done(*args, **more)
            finally:
                self.seconds[name] += time.perf_counter() - start  # type: ignore[assignment]

        return timed if callable(done) else done


@dataclass(frozen=True)
class Run:
    """Seconds of one whole run, of the sandbox's own work in it, and of each function of the site."""

    whole: float
    site: float
    spent: dict[str, float]


def measured_run(place: Workspace, origin: str, files: int) -> Run:
    """Upload everything, from `connect` to the last written file; all IDs must be right, or it does not count."""
    settings, spent = load_settings(place), Counter[str]()
    prepared = prepare(place)
    plan = make_plan(prepared.reviews)

    def connected() -> Any:
        begun = time.perf_counter()
        site = connect(place, settings, say=lambda _: None)
        spent["start"] = time.perf_counter() - begun  # type: ignore[assignment]
        return Timed(site, spent)

    start = time.perf_counter()
    report = upload(plan, place, prepared.library, settings, connected, now=lambda: datetime.now(UTC), live=True)
    whole = time.perf_counter() - start
    _all_right(origin, report, files)
    return Run(whole, worked(origin), dict(spent))


def _all_right(origin: str, report: UploadReport, files: int) -> None:
    if not (report.count(UploadStatus.SUCCESS) == files and confirmed(origin, report) == (files, files)):
        raise SystemExit(f"not all of {files} files went up: {[one.message for one in report.outcomes if one.message]}")


def worked(origin: str) -> float:
    """How long the sandbox was busy with transfer and processing of at least one file."""
    busy, until = 0.0, 0.0
    for one in sorted(ask_sandbox(origin, "received"), key=lambda one: float(one["started_at"])):
        busy += max(0.0, one["ended_at"] - max(until, one["started_at"]))
        until = max(until, one["ended_at"])
    return busy


def upload_lines(folder: Path) -> Iterator[str]:
    rows = media(folder / "thirty", pairs=10, videos=10)
    runs = {latency: sorted(_runs(folder, rows, latency), key=lambda run: run.whole / run.site) for latency in (0, 100)}
    yield "| latency | whole run | the site's own work | ratio (all runs) | fixed waits alone, for scale |"
    yield "|--:|--:|--:|--:|--:|"
    for latency, found in runs.items():
        run, ratios = found[MEDIAN_OF // 2], ", ".join(f"{one.whole / one.site:.2f}" for one in found)
        yield (
            f"| {latency} ms | {run.whole:.1f} s | {run.site:.1f} s | **{run.whole / run.site:.2f}** ({ratios}) "
            f"| {3 * FIXED_WAITS} s |"
        )
    yield from ("", "Where the time of the median run goes beyond the site's own work:", "")
    yield "| latency | browser and library page | a batch | browser's end | of a batch: what it did |"
    yield "|--:|--:|--:|--:|:--|"
    for latency, found in runs.items():
        yield _breakdown(latency, found[MEDIAN_OF // 2])


def _breakdown(latency: int, run: Run) -> str:
    spent = dict(run.spent)
    start, end = spent.pop("start"), spent.pop("close")
    batch = (run.whole - start - end - run.site) / 3
    spent["hand_over"] -= run.site
    spent["files and comparison"] = run.whole - start - end - run.site - sum(spent.values())
    parts = ", ".join(f"{name} {seconds / 3:.2f} s" for name, seconds in sorted(spent.items(), key=lambda one: -one[1]))
    return f"| {latency} ms | {start:.2f} s | {batch:.2f} s | {end:.2f} s | {parts} |"


def _runs(folder: Path, rows: Sequence[dict[str, str]], latency: int) -> Iterator[Run]:
    with sandbox(folder / f"sandbox-{latency}", latency=latency, processing=0.5) as origin:
        for number in range(MEDIAN_OF):
            ask_sandbox(origin, "reset", method="POST")
            place = workspace(folder / f"run-{latency}-{number}", folder / "thirty", rows, origin)
            yield measured_run(place, origin, len(rows))


def table_lines(folder: Path) -> Iterator[str]:
    rows = media(folder / "ten", pairs=5, videos=0)
    with sandbox(folder / "sandbox", creatives=100, latency=300, processing=3) as origin:
        place = workspace(folder / "reading", folder / "ten", rows, origin)
        read = {"load 100 IDs": (paged_load(place), cached_load(place.library))}
        for count in (1, 10):
            name = f"check {count} file{'s' * (count > 1)}"
            read[name] = (paged_check(place, count), cached_check(place.library, count))
        read["upload 10 files"] = (
            _median(partial(_upload, folder, rows, origin, paging=True)),
            _median(partial(_upload, folder, rows, origin, paging=False)),
        )
    yield "| | by paging: claimed | measured | by the cache: claimed | measured |"
    yield "|:--|--:|--:|--:|--:|"
    for name, ((claimed, cached), (paging, cache)) in ((name, (CLAIMED[name], read[name])) for name in CLAIMED):
        yield f"| {name} | {claimed:g} s | {paging:.1f} s | {cached:g} s | {_shown(cache)} |"


def _shown(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds > 1 else f"{seconds:.6f} s"


def _median(work: Callable[[], float]) -> float:
    return statistics.median(work() for _ in range(MEDIAN_OF))


def paged_load(place: Workspace) -> float:
    """Open the library and read all five sections; the library file is written afterwards, for the cache's turn."""
    with _connected(place) as site:

        def read() -> list[int]:
            site.open_library()
            return [len(read_section(site, section)) for section in Section]

        seconds = statistics.median(timeit.repeat(read, number=1, repeat=MEDIAN_OF))
        _read(site, place)
    return seconds


def _read(site: Site, place: Workspace) -> None:
    read = ((section, read_section(site, section)) for section in Section)
    Library.load(place.library).add(creative_of(card, section) for section, cards in read for card in cards)


def paged_check(place: Workspace, count: int) -> float:
    """Open the library, read the files' section, and look for their names."""
    with _connected(place) as site:

        def check() -> list[bool]:
            site.open_library()
            held = {card.name for card in read_section(site, Section.NATIVE_ROLLOVER)}
            return [f"clip {number}" in held for number in range(count)]

        return statistics.median(timeit.repeat(check, number=1, repeat=MEDIAN_OF))


def _connected(place: Workspace) -> Site:
    return connect(place, load_settings(place), say=lambda _: None)


def cached_load(path: Path) -> float:
    return statistics.median(timeit.repeat(lambda: Library.load(path), number=1, repeat=100))


def cached_check(path: Path, count: int) -> float:
    """Look names up in the loaded library, half of them known."""
    library = Library.load(path)
    known = [(one.filename, one.creative_type) for _, one in zip(range(count), library, strict=False)]
    asked = [(f"clip {number}" if number % 2 else name, kind) for number, (name, kind) in enumerate(known)]
    return statistics.median(timeit.repeat(lambda: [library.find(*one) for one in asked], number=10, repeat=100)) / 10


def _upload(folder: Path, rows: Sequence[dict[str, str]], origin: str, *, paging: bool) -> float:
    """Ten files, compared with a library that is read off the site first, or that is on the disk."""
    ask_sandbox(origin, "reset", method="POST")
    place = workspace(Path(tempfile.mkdtemp(dir=folder)) / "shop", folder / "ten", rows, origin)
    settings, site = load_settings(place), None
    if not paging:
        place.library.write_bytes((folder / "reading" / place.library.relative_to(place.root)).read_bytes())
    start = time.perf_counter()
    if paging:
        site = _connected(place)
        _read(site, place)
    prepared = prepare(place)
    report = upload(
        make_plan(prepared.reviews), place, prepared.library, settings, lambda: site or _connected(place),
        now=lambda: datetime.now(UTC), live=True,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    _all_right(origin, report, len(rows))
    return seconds


def report(folder: Path) -> Iterator[str]:
    """The report's lines, in Markdown."""
    yield head(
        __file__,
        "Uploads and readings, measured",
        (f"{browser_version()} without a window", "playwright"),
        "Browser and sandbox share the cores. The site is the sandbox, in a process of its own; the real one was never"
        f" measured. The median of {MEDIAN_OF} runs counts. Nothing is asserted, but a run counts only if every ID is"
        " the right one, by checksum.",
    )
    yield from sections(
        folder,
        (
            "Thirty files in three batches",
            "Wanted: the whole run takes at most 1.5 times what the site itself needs. Ten native videos, ten native "
            "images and ten in-stream videos of 6 s go up, live; the library of the site holds 481 creatives. The "
            "whole run begins before the browser starts and ends after it has gone and the campaign files are written. "
            "The site's own work is the time in which the sandbox had at least one file in transfer or in processing; "
            "it takes two files at a time, and 0.5 s for each. Latency comes on top of each page, list and file. The "
            "sandbox's own time for a page or a list is not its work in this sense, and counts against us. A "
            "load above the number of cores means that other programs took the processor away: the ratios are then too "
            "high.",
            upload_lines,
        ),
        (
            "The design's table",
            "Claimed beside measured. The site holds 100 creatives and answers each request after 300 ms, at the quick "
            "end of what the real list takes (0.3 to 2 s). By paging: open the Media Library in a browser that runs "
            "already, and read all five sections (load) or the one of the files (check) to the end. By the cache: "
            "`Library.load` and `Library.find`. For the upload the site works 3 s on each file, two at a time: two "
            "batches of five files are 18 s of work, where the design's claim has 30 s. Both uploads include the "
            "browser's start; the one by paging reads the library off the site first.",
            table_lines,
        ),
    )


if __name__ == "__main__":
    write(__file__, report)
