"""Measure how long the desk takes to come up, and each of its tabs to be usable, and write `desk.md` beside this file.

Run as `python tests/benchmarks/desk.py`; it takes some minutes. The start is measured from the command to an answered
click, by turns with a peer: plain JupyterLab, with a notebook of one button that a person runs. The tabs are clicked in
a real JupyterLab, in a workspace of 10,000 creatives and in the practice workspace. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from analysis import write_workspace  # which also makes what the tests share importable
from harness import browser_version, head, write
from lab import Lab, plain_lab, running_command, running_lab
from playwright.sync_api import Locator
from world import banner, native_pair, session

from tjtools.cache.history import Seen, acknowledge
from tjtools.practice.workspace import copy_notebooks, make_practice
from tjtools.site.browser import ensure_browser
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind

CREATIVES, OBSERVATIONS, BANNERS, PAIRS = 10_000, 40_000, 270, 15
LOOKED = datetime(2026, 1, 3, tzinfo=UTC)  # two days before the year ends: what came since is the worklist
STARTS, ROUNDS = 3, 2
WANTED_START, WANTED_TAB = 10, 3
FOREVER = 300_000  # ms, on a machine that is busy
STILL, LITTLE = 0.5, 0.02  # so long, and no more than so much processor time in it: the kernel has nothing to do
USABLE = {  # what a person sees where a tab can be worked with: each of these
    "Today": (".tj-figures", "details:has-text('The same in Python')"),
    "Review": ("button:enabled:has-text('go to upload')", "input[type=checkbox]"),
    "Upload": ("button:enabled:has-text('Rehearse')",),
    "Sync": ("button:enabled:has-text('Read the site')",),
    "Library": ("button:enabled:has-text('Look up')", ".tj-chart :is(canvas, svg)", ".tj-finding"),
    "Outcomes": ("button:has-text('I have seen this')", "button:enabled.tj-figure", ".tj-count"),
}
ANSWER = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo()"
PEER = """\
import ipywidgets

button = ipywidgets.Button(description="Press")
button.on_click(lambda _: button.set_trait("description", "Pressed"))
button
"""


class Took(NamedTuple):
    """Seconds until it could be used, and of processor time of server and kernel until they had nothing to do."""

    seconds: float
    processor: float


class Watch:
    """Takes the time of what happens in a lab: since `began`, and of the processor since the server's own start."""

    def __init__(self, lab: Lab, began: float) -> None:
        port = f"--port={lab.address.rpartition(':')[2]}"
        self.lab = lab
        [self._server] = [one for one in psutil.Process().children() if port in one.cmdline()]
        self._began, self._used = began, 0.0

    def start(self) -> None:
        """Anew, from now on."""
        self._began, self._used = time.perf_counter(), self._processor()

    def so_far(self) -> Took:
        """What was taken since."""
        return Took(time.perf_counter() - self._began, self._processor() - self._used)

    def until_still(self) -> Took:
        """The seconds so far, and of the processor what is taken until nothing is done any more."""
        seconds, before = self.so_far()
        while True:
            self.lab.page.wait_for_timeout(STILL * 1000)
            now = self.so_far().processor
            if now - before <= LITTLE:
                return Took(seconds, now)
            before = now

    def _processor(self) -> float:
        """Of the server and all that it has started, also of what has ended."""
        total = 0.0
        for process in (self._server, *self._server.children(recursive=True)):
            try:
                total += sum(process.cpu_times()[:4])
            except psutil.NoSuchProcess:  # its parent counts it, now that it has ended
                continue
        return total


def write_large(root: Path) -> Workspace:
    """A year's history, and a session of so many files; its site answers nobody, and is asked nothing."""
    write_workspace(root, CREATIVES, OBSERVATIONS)
    workspace = Workspace(root)
    rows = [banner(root / "uploaded", f"banner {seed}.png", 100 + seed) for seed in range(BANNERS)]
    for part in ("Native/Video", "Native/Image"):
        (root / "uploaded" / part).mkdir(parents=True)
    for seed in range(PAIRS):
        rows += native_pair(root / "uploaded", f"{0xABC000 + seed:08X}", 1000 + seed)
    session(workspace, rows)
    bind(workspace, SiteSettings(kind="sandbox", origin="http://127.0.0.1:9", account="large"))
    acknowledge(workspace, Seen(LOOKED, OBSERVATIONS))
    copy_notebooks(workspace.notebooks)
    return workspace


def start_desk(folder: Path, home: Path, browser: str) -> Took:
    """From `tjtools lab` to the answer to a click."""
    began = time.perf_counter()
    with running_command(folder, home, browser) as lab:
        lab.open_desk()
        lab.page.get_by_role("tab", name="Sync").click()
        _seen(lab, "button:enabled:has-text('Read the site')")
        return Watch(lab, began).until_still()


def start_peer(folder: Path, home: Path, browser: str) -> Took:
    """From `jupyter lab` to the answer to a click on the one button of a notebook, which a person runs."""
    began = time.perf_counter()
    with plain_lab(folder, home, browser) as lab:
        lab.page.goto(f"{lab.address}/lab/tree/peer.ipynb?token={lab.token}")
        lab.ready("peer.ipynb")
        lab.page.get_by_role("menuitem", name="Run", exact=True).click()
        lab.page.get_by_text("Run All Cells", exact=True).click()
        lab.button("Press").click(timeout=FOREVER)
        _seen(lab, "button:has-text('Pressed')")
        return Watch(lab, began).until_still()


def day(lab: Lab, *, backwards: bool) -> Iterator[tuple[str, Took]]:
    """In a kernel of its own: until the desk is there, each tab for the first time, and each again."""
    watch = Watch(lab, time.perf_counter())
    lab.restart_kernel()
    go_on = lab.page.get_by_role("button", name="Go on")
    go_on.wait_for(timeout=FOREVER)
    watch.until_still()
    watch.start()
    go_on.click()
    _tab(lab, "Today").wait_for(timeout=FOREVER)
    shown = watch.so_far()
    _usable(lab, "Today")
    whole = watch.until_still()
    yield "The desk's tabs", shown
    yield "Today, first", Took(whole.seconds - shown.seconds, whole.processor - shown.processor)
    steps = [*USABLE][1:]
    for step in reversed(steps) if backwards else steps:
        yield f"{step}, first", click(watch, step)
    for step in ("Today", *steps):
        yield f"{step}, again", click(watch, step)


def click(watch: Watch, step: str) -> Took:
    """A click on a tab: until what it is for is on the screen, and the kernel would answer the next click."""
    watch.start()
    _tab(watch.lab, step).click()
    _usable(watch.lab, step)
    return watch.until_still()


def _tab(lab: Lab, step: str) -> Locator:
    return lab.page.get_by_role("tab", name=step)


def _usable(lab: Lab, step: str) -> None:
    for what in USABLE[step]:
        _seen(lab, what)
    lab.page.evaluate(ANSWER)


def _seen(lab: Lab, what: str) -> None:
    lab.page.locator(f".jp-OutputArea :is({what}):visible").first.wait_for(timeout=FOREVER)


def days(workspace: Workspace, home: Path, browser: str) -> dict[str, list[Took]]:
    """The same in each round; before that once, with files that nobody has looked at yet."""
    found: dict[str, list[Took]] = {}
    with running_lab(workspace.root, home, browser) as lab:
        lab.open_desk()
        watch = Watch(lab, time.perf_counter())
        watch.start()
        _usable(lab, "Today")
        found["Today, files never looked at"] = [watch.until_still()]
        for number in range(ROUNDS):
            for what, took in day(lab, backwards=bool(number % 2)):
                found.setdefault(what, []).append(took)
    return found


def report(folder: Path) -> Iterator[str]:
    """The report's lines."""
    began, browser = time.perf_counter(), str(ensure_browser(say=print))
    small = make_practice(folder / "tjtools-practice", now=datetime.now(UTC), progress=lambda *_: None)
    large = write_large(folder / "large")
    (folder / "peer").mkdir()
    cell = nbformat.v4.new_code_cell(PEER)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), folder / "peer" / "peer.ipynb")
    starts = [
        (start_desk(folder, folder / f"home {turn}", browser), start_peer(folder / "peer", folder / f"{turn}", browser))
        for turn in range(STARTS)
    ]
    practice, year = (days(one, folder / f"home of {one.root.name}", browser) for one in (small, large))
    yield head(
        __file__,
        "The desk, measured",
        ("jupyterlab", "ipykernel", "ipywidgets", browser_version()),
        f"The load was {os.getloadavg()[0]:.1f} when it ended, after {time.perf_counter() - began:.0f} s. Processor"
        " seconds are those of JupyterLab's server, its kernels and what they start, until nothing is done any more: on"
        " a busy machine these are what counts, and the seconds by the clock are longer than they would be.",
    )
    yield from ("", "## From the command to an answered click", "")
    yield from _starts(*zip(*starts, strict=True))
    yield from ("", "## From a click on a tab until it can be used", "")
    yield from _tabs(practice, year)
    yield from ("", "## Wanted", "")
    yield from _wanted([desk for desk, _ in starts], year)


def _starts(desks: Sequence[Took], peers: Sequence[Took]) -> Iterator[str]:
    ours, theirs = _median(desks), _median(peers)
    yield (
        "`tjtools lab` where the practice workspace is there, until a click on the tab Sync has shown what is in it;"
        " beside it plain `jupyter lab` with a notebook of one button, opened by its address, run by Run All, until"
        f" the button has answered a click. The median of {STARTS} turns each, the start of a browser included."
    )
    yield from ("", "| | seconds | processor |", "|---|--:|--:|")
    yield f"| `tjtools lab` | {ours.seconds:.1f} | {ours.processor:.1f} |"
    yield f"| plain `jupyter lab` | {theirs.seconds:.1f} | {theirs.processor:.1f} |"
    yield f"| ours ÷ plain | {ours.seconds / theirs.seconds:.2f}× | {ours.processor / theirs.processor:.2f}× |"


def _tabs(practice: dict[str, list[Took]], year: dict[str, list[Took]]) -> Iterator[str]:
    yield (
        f"The year: {CREATIVES:,} creatives, {OBSERVATIONS:,} rows of history, {BANNERS + 2 * PAIRS} files in the"
        " session. Practice: the workspace that `tjtools lab` makes, 481 creatives and 26 files. The median of"
        f" {ROUNDS} rounds, each in a kernel of its own, with the tabs opened in their order and in the reverse, each"
        " once the one before has nothing to do any more. A tab can be used when its figures, rows or chart and its"
        " first button are on the screen and the kernel answers. The desk's tabs are timed from “Go on” after the"
        " kernel was restarted, so with a kernel's start; Today from there on. A tab that is come back to is as it was"
        " left; that it looks again meanwhile is in the processor seconds."
    )
    yield from ("", "| | practice | processor | a year | processor |", "|---|--:|--:|--:|--:|")
    for what, tooks in year.items():
        here, there = _median(practice[what]), _median(tooks)
        yield f"| {what} | {here.seconds:.1f} | {here.processor:.1f} | {there.seconds:.1f} | {there.processor:.1f} |"


def _wanted(desks: Sequence[Took], year: dict[str, list[Took]]) -> Iterator[str]:
    start = _median(desks).seconds
    slow = {what: _median(tooks).seconds for what, tooks in year.items() if what.startswith(tuple(USABLE))}
    late = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in slow.items() if seconds > WANTED_TAB)
    met = "met" if start <= WANTED_START else "not met"
    yield f"- From the command to an answered click at most {WANTED_START} s: {met} ({start:.1f} s)."
    yield f"- Each tab within {WANTED_TAB} s with a year of history: {f'not met by {late}' if late else 'met'}."


def _median(tooks: Sequence[Took]) -> Took:
    return Took(*map(statistics.median, zip(*tooks, strict=True)))


if __name__ == "__main__":
    write(__file__, report)
