"""Watch a long upload and a long refresh: memory, threads, open files and pages; write `long_runs.md` beside this.

Run as `python tests/benchmarks/long_runs.py`: 1,000 files in one upload and 10,000 creatives in one refresh, each with
a session that expires in the middle. It takes some ten minutes. Nothing is asserted, but a run counts only if every
file and creative is where it belongs.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil
from harness import browser_version, head, write
from PIL import Image
from upload import sandbox

from tjtools.cache.inventory import COLUMNS, master_ids
from tjtools.cache.library import Library
from tjtools.model.errors import SignInNeeded
from tjtools.practice.workspace import ask_sandbox, bind_to_sandbox
from tjtools.scrape.connection import access_to, connect
from tjtools.scrape.refresh import refresh_library
from tjtools.site import Site
from tjtools.upload import Plan, make_plan, prepare, prepare_rest, unfinished_run, upload
from tjtools.upload.journal import Unfinished
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

FILES, CREATIVES = 1_000, 10_000
ROWS = 10  # of each table
SETTLED = 10  # the part of the work, one in so many, after which nothing should grow any more
now = lambda: datetime.now(UTC)  # noqa: E731


class Sample(NamedTuple):
    """What the run takes at one moment; memory in MB, that of the browser's processes without what they share.

    `blocks` are the thousands of pieces of memory that Python holds, its memory also has free room.
    """

    done: int
    python: float
    browser: float
    processes: int
    pages: int
    threads: int
    files: int
    blocks: float


@dataclass
class Watch:
    """Takes a sample each time that another tenth of the work is done."""

    total: int
    taken: list[Sample] = field(default_factory=list)
    site: Site | None = None
    begun: float = field(default_factory=time.monotonic)

    def saw(self, done: int) -> None:
        """So much is done."""
        if done >= (len(self.taken) + 1) * self.total // ROWS:
            self.taken.append(self._sample(done))

    def _sample(self, done: int) -> Sample:
        own = psutil.Process()
        browser = [process for process in own.children(recursive=True) if "chrom" in process.name()]
        pages = self.site._context.pages if self.site and self.site._context else ()
        return Sample(
            done,
            own.memory_info().rss / 1e6,
            sum(map(_unshared, browser)),
            len(browser),
            len(pages),
            own.num_threads(),
            own.num_fds(),
            (gc.collect(), sys.getallocatedblocks())[1] / 1e3,
        )


def _unshared(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return process.memory_full_info().uss / 1e6
    return 0.0


def draw(folder: Path, count: int) -> list[dict[str, str]]:
    """Small banners of which no two look alike, and their rows in the inventory."""
    folder.mkdir(parents=True)
    dice, rows = random.Random(1), []  # noqa: S311
    for number in range(count):
        blocks = Image.frombytes("RGB", (12, 10), dice.randbytes(360))
        name = f"EN_Sports_ID-{number:08X}.png"
        blocks.resize((300, 250), Image.Resampling.NEAREST).save(folder / name)
        rows.append({"new_filename": name, "creative_type": "image", "unique_id": f"{number:08X}"})
    return rows


def long_upload(folder: Path, origin: str, count: int) -> tuple[Watch, str]:
    """Upload everything; the session expires when half is through, a person signs in again, and the run is resumed."""
    place = Workspace((folder / "upload").resolve())
    rows = draw(place.root / "uploaded", count)
    for inventory in (place.session, place.master):
        write_rows(inventory, COLUMNS, [[row.get(column, "") for column in COLUMNS] for row in rows])
    bind_to_sandbox(place, origin)
    watch, settings = Watch(count), load_settings(place)
    first = _upload(place, *_planned(place), watch, _expiring(origin, count // 2))
    if not isinstance(first, SignInNeeded):
        raise SystemExit(f"the session expired, and the upload ended with {first!r}")
    del first  # its traceback holds the whole run: a person would go on in another process
    bind_to_sandbox(place, origin)  # the person signs in again
    unfinished = unfinished_run(place)
    assert unfinished
    rest = prepare_rest(place, unfinished, settings, now=now)
    second = _upload(place, rest.plan, rest.prepared.library, watch, lambda _: None, unfinished)
    if second:
        raise SystemExit(f"going on ended with {second!r}")
    _all_there(place, origin, count)
    return watch, unfinished.told


def _planned(place: Workspace) -> tuple[Plan, Library]:
    prepared = prepare(place)
    return make_plan(prepared.reviews), prepared.library


def _expiring(origin: str, at: int) -> Callable[[int], None]:
    expired: list[int] = []

    def expire(done: int) -> None:
        if done >= at and not expired:
            expired.append(done)
            ask_sandbox(origin, "sessions", method="DELETE")

    return expire


def _upload(
    place: Workspace,
    plan: Plan,
    library: Library,
    watch: Watch,
    told: Callable[[int], None],
    resumed: Unfinished | None = None,
) -> Exception | None:
    settings, before = load_settings(place), watch.total - len(resumed.not_begun) if resumed else 0

    def connected() -> Site:
        watch.site = connect(place, settings, say=lambda _: None)
        return watch.site

    def progress(done: int) -> None:
        told(done)
        watch.saw(before + done)

    return upload(
        plan, place, library, settings, connected, now=now, live=True, resumed=resumed,
        progress=lambda event: progress(event.done),
    ).stopped  # fmt: skip


def _all_there(place: Workspace, origin: str, count: int) -> None:
    truth = {one["creative_id"]: one["file_name"] for one in ask_sandbox(origin, "creatives")}
    library = {one.creative_id: one.filename for one in Library.load(place.library)}
    master = {creative_id: name for (_, name), creative_id in master_ids(place).items()}
    received = [one["file_name"] for one in ask_sandbox(origin, "received")]
    if not (truth == library == master and len(truth) == len(received) == len({*received}) == count):
        raise SystemExit(f"of {count} files, the site has {len(truth)}, library {len(library)}, master {len(master)}")


def long_refresh(folder: Path, origin: str, count: int) -> tuple[Watch, str]:
    """Read everything; the session expires when half is read, and a person signs in in the open window."""
    place = Workspace((folder / "refresh").resolve())
    place.tracking.mkdir(parents=True)
    bind_to_sandbox(place, origin)
    watch, sign_ins, access = Watch(count), [], access_to(place)
    expire, read = _expiring(origin, count // 2), dict[object, int]()

    def connected() -> Site:
        watch.site = access.connect()
        return watch.site

    def progress(section: object, done: int, _total: int) -> None:
        read[section] = done
        expire(sum(read.values()))
        watch.saw(sum(read.values()))

    def person(site: Site) -> None:
        sign_ins.append(site)
        assert site._thread
        site._thread.run(_enter(site, origin))

    refresh_library(
        place, replace(access, connect=connected, sign_in=person), confirm=lambda _: True, progress=progress
    )
    truth = {one["creative_id"] for one in ask_sandbox(origin, "creatives")}
    if {one.creative_id for one in Library.load(place.library)} != truth or len(truth) != count:
        raise SystemExit("the library is not what the site holds")
    return watch, f"{len(sign_ins)} sign-in asked for, and the reading went on"


async def _enter(site: Site, origin: str) -> None:
    await site._context.pages[0].wait_for_url("**/sign-in")
    session = ask_sandbox(origin, "session", method="POST")
    await site._context.add_cookies([{"name": session["cookie"], "value": session["value"], "url": origin}])


def lines(watch: Watch, what: str, told: str) -> Iterator[str]:
    """The samples, and what grew after the first tenth."""
    seconds = time.monotonic() - watch.begun
    yield f"\n## {what}\n\nThe session expired in the middle: {told}. It took {seconds:.0f} s in all.\n"
    yield "| done | our process | Python's blocks | browser | its processes | pages | threads | open files |"
    yield "|--:|--:|--:|--:|--:|--:|--:|--:|"
    for one in watch.taken:
        yield (
            f"| {one.done:,} | {one.python:.0f} MB | {one.blocks:.0f} k | {one.browser:.0f} MB | {one.processes} "
            f"| {one.pages} | {one.threads} | {one.files} |"
        )
    first, last = watch.taken[ROWS // SETTLED - 1], watch.taken[-1]
    grown = (last.python - first.python, last.browser - first.browser)
    blocks = f"(the blocks that Python holds {last.blocks / first.blocks - 1:+.0%})"
    yield f"\nFrom {first.done:,} to {last.done:,}: our process {grown[0]:+.0f} MB {blocks},"
    yield f"the browser {grown[1]:+.0f} MB,"
    yield f"pages {last.pages - first.pages:+d}, threads {last.threads - first.threads:+d}, open files"
    yield f"{last.files - first.files:+d}."


def report(folder: Path) -> Iterator[str]:
    """The report's lines."""
    yield head(
        __file__,
        "Long runs, watched",
        (f"{browser_version()} without a window",),
        "Memory is that of our process, and that of the browser's processes without what they share. Nothing is"
        " asserted, but every file and creative was where it belongs in the end, and no file had arrived twice.",
    )
    for what, creatives, run, count in (
        (f"{FILES:,} files in one upload", 0, long_upload, FILES),
        (f"{CREATIVES:,} creatives in one refresh", CREATIVES, long_refresh, CREATIVES),
    ):
        with sandbox(folder / f"site-{creatives}", creatives=creatives, latency=0, processing=0) as origin:
            watch, how = run(folder, origin, count)
            yield from lines(watch, what, how)


if __name__ == "__main__":
    write(__file__, report)
