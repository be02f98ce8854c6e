"""Measure readings of the whole library against a sandbox in a process of its own, and write `refresh.md` beside this.

Run as `python tests/benchmarks/refresh.py`; it takes some ten minutes, most of them in the fixed sleeps of the reader
that is measured beside ours. `MEDIAN_OF` runs count for ours and for the floor, taken in turn; the slow one runs once.
Nothing is asserted, but a reading counts only if it has every creative of the sandbox.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from harness import browser_version, head, sections, write
from playwright.sync_api import Page, sync_playwright
from upload import sandbox

from tjtools.practice.workspace import ask_sandbox, bind_to_sandbox
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import scrape_library
from tjtools.scrape.refresh import refresh_library
from tjtools.site.browser import ensure_browser
from tjtools.workspace.folder import Workspace

MEDIAN_OF = 3
LATENCIES = (0, 50, 200)
SETTLE_TAB, SETTLE_PAGE = 2.0, 1.5  # the fixed sleeps of the reader beside ours, in seconds
LISTS = ("static", "video", "in_stream", "native_static", "native_rollover")
CLICKS = (
    ("#static_tab",),
    ("#video_tab",),
    ("#in_stream_video_tab",),
    ("#native_tab", "label.native_static"),
    ("#native_tab", "label.native_rollover"),
)


def workspace(folder: Path, origin: str) -> Workspace:
    """A new one, signed in to the sandbox."""
    (folder / "tracking").mkdir(parents=True)
    made = Workspace(folder.resolve())
    bind_to_sandbox(made, origin)
    return made


def ours(place: Workspace) -> tuple[float, float, int]:
    """Seconds of a reading from the browser's start to its end, those with an open library, and how many creatives."""
    access = access_to(place)
    opened: list[float] = []

    def connect() -> object:
        site = access.connect()
        opened.append(time.perf_counter())
        return site

    start = time.perf_counter()
    reading = scrape_library(replace(access, connect=connect))  # type: ignore[arg-type]
    end = time.perf_counter()
    return end - start, end - opened[0], len(reading.creatives) * all(one.complete for one in reading.certificates)


def floor(origin: str) -> tuple[float, int]:
    """Seconds in which an HTTP client fetches the library page and every page of every list, and how many creatives."""
    session = ask_sandbox(origin, "session", method="POST")
    headers, line = {"Cookie": f"{session['cookie']}={session['value']}"}, HTTPConnection(urlsplit(origin).netloc)

    def get(path: str) -> bytes:
        line.request("GET", path, headers=headers)
        return line.getresponse().read()

    def read(name: str) -> int:
        count = 0
        while True:
            asked = urlencode({"section": name, "draw": 1, "start": count, "length": 12})
            page = json.loads(get(f"/media-library/list?{asked}"))
            count += len(page["data"])
            if count >= page["recordsTotal"]:
                return count

    start = time.perf_counter()
    get("/media-library")
    creatives = sum(map(read, LISTS))
    return time.perf_counter() - start, creatives


def slow(place: Workspace, origin: str) -> tuple[float, int]:
    """Seconds of a reader with one locator call a field and fixed sleeps, and how many creatives it found."""
    start = time.perf_counter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure_browser(say=print))
        page = browser.new_context(storage_state=place.browser_session).new_page()
        page.goto(f"{origin}/media-library")
        page.get_by_role("button", name="Accept All").click()
        found: set[str] = set()
        for clicks in CLICKS:
            for selector in clicks:
                page.locator(selector).click()
                time.sleep(SETTLE_TAB if selector == clicks[0] else SETTLE_PAGE)
            found |= set(_slow_section(page))
        browser.close()
    return time.perf_counter() - start, len(found)


def _slow_section(page: Page) -> Iterator[str]:
    while True:
        for card in page.locator("div.creativeContainer").all():
            identity = card.get_attribute("data-id") or ""
            card.locator("label.creativeName").inner_text()
            for field in ("span.dimensions", "span.fileType"):
                if card.locator(field).count():
                    card.locator(field).inner_text()
            card.get_attribute("data-review-status")
            yield identity
        after = page.locator("li:not(.disabled) > a.page-link", has_text="Next")
        if not after.count():
            return
        after.click()
        time.sleep(SETTLE_PAGE)


def speed_lines(folder: Path) -> Iterator[str]:
    yield "| latency | ours, whole | open library | floor | whole / floor | open / floor | slow / whole |"
    yield "|--:|--:|--:|--:|--:|--:|--:|"
    with sandbox(folder / "sandbox", latency=0, processing=0) as origin:
        held = len(ask_sandbox(origin, "creatives"))
        place = workspace(folder / "place", origin)
        for latency in LATENCIES:
            ask_sandbox(origin, "settings", method="PUT", body={"latency_ms": latency})
            beside, count = slow(place, origin)
            _all(count, held)
            runs, floors = [], []
            for _ in range(MEDIAN_OF):
                *seconds, count = ours(place)
                _all(count, held)
                runs.append(seconds)
                least, count = floor(origin)
                _all(count, held)
                floors.append(least)
            whole, read = (statistics.median(one) for one in zip(*runs, strict=True))
            least = statistics.median(floors)
            yield (
                f"| {latency} ms | {whole:.2f} s | {read:.2f} s | {least:.2f} s | {whole / least:.2f} "
                f"| **{read / least:.2f}** | **{beside / whole:.1f}** ({beside:.0f} s) |"
            )


def _all(count: int, held: int) -> None:
    if count != held:
        raise SystemExit(f"{count} creatives were read, of {held}")


def growth_lines(folder: Path) -> Iterator[str]:
    yield "| creatives | pages | a page, open library | our process, peak | library.csv | a second refresh |"
    yield "|--:|--:|--:|--:|--:|--:|"
    for creatives in (481, 10_000):
        with sandbox(folder / f"sandbox-{creatives}", creatives=creatives, latency=0, processing=0) as origin:
            place = workspace(folder / f"place-{creatives}", origin)
            with multiprocessing.get_context("spawn").Pool(1) as pool:  # each in a process of its own, for its peak
                pages, seconds, peak, again = pool.apply(_measured_refresh, (place.root, creatives))
        size = place.library.stat().st_size / 1e6
        yield (
            f"| {creatives:,} | {pages} | {1000 * seconds / pages:.1f} ms | {peak / 1000:.0f} MB | {size:.1f} MB "
            f"| {again:.1f} s |"
        )


def _measured_refresh(root: Path, creatives: int) -> tuple[int, float, int, float]:
    place = Workspace(root)
    _, read, count = ours(place)
    _all(count, creatives)
    refresh = partial(refresh_library, place, confirm=lambda _: True)
    report = refresh()
    assert report
    start = time.perf_counter()
    refresh()
    again = time.perf_counter() - start
    pages = sum(one.pages for one in report.certificates)
    return pages, read, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, again


def report(folder: Path) -> Iterator[str]:
    """The report's lines, in Markdown."""
    yield head(
        __file__,
        "Readings of the whole library, measured",
        (f"{browser_version()} without a window", "playwright"),
        "Browser and sandbox share the cores. The site is the sandbox, in a process of its own; the real one was never"
        " measured. Nothing is asserted, but a reading counts only if it has every creative.",
    )
    yield from sections(
        folder,
        (
            "481 creatives on 43 pages",
            "`slow` is a reader that does the same with one locator call for each field and fixed sleeps, 2 s a tab "
            "and 1.5 s a page; it runs once. `floor` is an HTTP client that knows the list's address, which the real "
            "site has not told: it fetches the library page and the same 43 pages of lists, over one connection, and "
            f"looks at nothing. Of ours and the floor the median of {MEDIAN_OF} counts, taken in "
            "turn. `whole` is from before the browser starts until it has gone; `open library` leaves out the "
            "browser's start. Wanted: at least 20 times faster than `slow` at 0 and 50 ms, at most 2.5 times the "
            "floor. A request for a list costs a browser some 10 ms of its own and its table some 5 ms to draw, where "
            "the HTTP client needs 1 ms in all: without latency the floor is out of its reach.",
            speed_lines,
        ),
        (
            "10,000 creatives",
            "No latency. Wanted: time grows with the pages, and memory not beyond the records. The peak is "
            "that of our process over one reading and two refreshes, without the browser; a page's time is of the "
            "reading.",
            growth_lines,
        ),
    )


if __name__ == "__main__":
    write(__file__, report)
