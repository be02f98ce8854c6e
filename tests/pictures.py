"""Take a picture of every state of every panel, on the desk in a real JupyterLab, for a person to look at.

    python tests/pictures.py [--out DIR] [--readme] [STORY…]

A story is a workspace and what a person does in it; each state that it comes to has its picture at 1440x900, and each
tab one in the dark and one at 1100 px. What the browser complains of is told, and so are words that hardly stand out
from what is behind them (WCAG AA); either makes the exit code 1. `--readme` makes the pictures of the README instead.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import reviewed
from lab import Lab, free_port, running_lab
from PIL import Image, ImageDraw
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator
from world import Truth, banner, image, native_pair, rejected_before, session

from tjtools.cache.library import Library
from tjtools.practice import samples
from tjtools.practice.workspace import copy_notebooks, make_practice, running_sandbox
from tjtools.site.browser import ensure_browser
from tjtools.widgets.desk import remember
from tjtools.workspace.folder import FOLDERS, Workspace
from tjtools.workspace.settings import LIVE_ORIGIN, SiteSettings, bind, load_settings

README = Path(__file__).parents[1] / ".readme"
CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")
WIDE, NARROW, DAY = (1440, 900), (1100, 900), (1200, 750)
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
QUIET = """() => new Promise(quiet => {  // nothing is written into the desk for so long
    const done = () => { watch.disconnect(); quiet(); };
    let waits = setTimeout(done, 600);
    const watch = new MutationObserver(() => { clearTimeout(waits); waits = setTimeout(done, 600); });
    const desk = document.querySelector(".tj-desk") ?? document.body;
    watch.observe(desk, { childList: true, subtree: true, characterData: true });
})"""
IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
OPENED = """() => [...document.querySelectorAll(".tj-desk .widget-tab-contents > .widget-vbox")]
    .some(tab => tab.offsetParent && tab.innerText.trim() && !tab.innerText.startsWith("Opening"))"""
BUSY = ".tj-task progress:visible"
LONG = "EN_Travel_SFW_Generic_Ana_" + "a-name-that-somebody-could-not-bring-to-an-end_" * 3
_PROGRESS = (1200, 2600)  # milliseconds that a frame of the moving picture stays: under way, and to be read


class State(NamedTuple):
    """What is to be seen now. `every`: also in the dark and narrow; `moving`: at once, as it won't stay."""

    name: str
    every: bool = False
    moving: bool = False


class Desk:
    """The desk as a person sees it, who takes pictures of it."""

    def __init__(self, lab: Lab, out: Path) -> None:
        self.page, self.lab, self.out = lab.page, lab, out
        self.frames: list[tuple[bytes, tuple[float, float] | None]] = []
        self.filming = False
        self.complaints: list[str] = []
        self.workspace: Workspace

    @property
    def site(self) -> Truth:
        bound = load_settings(self.workspace).site
        assert bound
        return Truth(bound.origin)

    def switch(self, workspace: Workspace) -> None:
        """By the list of workspaces, as a person does."""
        self.workspace = workspace
        self.page.locator(".tj-head button").click()
        self.click(self.page.locator(".tj-accounts button").filter(has_text=f"{workspace.root.name} · "))

    def tab(self, name: str) -> None:
        self.click(self.page.get_by_role("tab", name=re.compile(f"^{name}")))
        self.page.wait_for_function(OPENED, timeout=60_000)

    def press(self, name: str) -> None:
        self.click(self.page.locator("button:visible, a:visible").filter(has_text=re.compile(name)).first)

    def click(self, what: Locator) -> None:
        what.wait_for(timeout=60_000)
        if self.filming:
            box = what.bounding_box()
            assert box
            self.frames.append((self.page.screenshot(), (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)))
        what.click()

    def see(self, name: str) -> None:
        self.page.locator("button:visible").filter(has_text=re.compile(name)).first.wait_for(timeout=60_000)

    def look_up(self, *names: str) -> None:
        self.page.locator("textarea:visible").fill("\n".join(names))
        self.press("^Look up")

    def settle(self) -> None:
        """Until nothing moves any more."""
        for _ in range(2):  # what has ended may begin the next one
            self.page.wait_for_function(IDLE, timeout=90_000)
            self.lab.wait_until(lambda: not self.page.locator(BUSY).count())
            self.page.evaluate(QUIET)

    def look(self, theme: str = "light", size: tuple[int, int] = WIDE) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", THEMES[theme]
        )
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def picture(self, name: str) -> None:
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=self.out / f"{name}.png")
        for ratio, words, colour in self.page.evaluate(CONTRAST):
            self.complaints.append(f"{name}: “{words}” in {colour} stands out by {ratio} to 1 alone")

    def film(self) -> None:
        self.frames.append((self.page.screenshot(), None))


def today(desk: Desk) -> Iterator[State]:
    yield State("practice", every=True)


def accounts(desk: Desk) -> Iterator[State]:
    desk.page.locator(".tj-head button").click()
    desk.page.get_by_text("counting …").first.wait_for(state="hidden", timeout=60_000)
    yield State("unfolded", every=True)
    desk.page.locator(".tj-head button").click()


def live(desk: Desk) -> Iterator[State]:
    yield State("today")
    desk.tab("Review")
    yield State("review-empty", every=True)
    desk.tab("Upload")
    yield State("upload-empty")
    desk.tab("Sync")
    yield State("sync-nothing-read")
    desk.tab("Library")
    yield State("library-empty")
    desk.tab("Outcomes")
    yield State("outcomes-empty")


def review(desk: Desk) -> Iterator[State]:
    desk.tab("Review")
    yield State("practice", every=True)
    desk.press("need you")
    yield State("needs-you", every=True)
    desk.press("can't go")
    yield State("cant-go")
    desk.press("^Table$")
    yield State("cant-go-table", every=True)
    desk.press("can't go")
    yield State("table")
    desk.press("^Compare")
    yield State("compare", every=True)


def mend(desk: Desk) -> Iterator[State]:
    desk.tab("Review")
    yield State("offered", every=True)
    desk.press("^Decide$")
    desk.page.locator(".tj-mend-side img:visible").nth(1).wait_for()
    yield State("crop", every=True)
    desk.page.get_by_label("All of it, between black bars").check()
    yield State("bars")
    desk.press("^Next to decide")
    desk.page.locator(".tj-mend-strip img:visible").nth(9).wait_for()
    yield State("cut", every=True)
    desk.press("^Next to decide")
    desk.page.get_by_text(re.compile("^The frame at")).wait_for()
    desk.page.locator(".tj-mend-strip img:visible").nth(9).wait_for()
    yield State("half", every=True)
    desk.press("^Make the other half$")
    desk.page.locator(".tj-mend div[role=status] > p").wait_for(timeout=60_000)
    yield State("made", every=True)
    desk.press("^Table$")
    yield State("table", every=True)


def add(desk: Desk) -> Iterator[State]:
    """A delivery by its path: what repeats, what names don't tell, what is lost, native pairs; and back out."""
    desk.tab("Review")
    yield State("way-in", every=True)
    _look_into_the_delivery(desk)
    yield State("asked", every=True)
    _fill_in(desk)
    yield State("filled", every=True)
    desk.press("^Decide$")
    desk.page.locator(".tj-mend-side img:visible").nth(1).wait_for()
    yield State("decide", every=True)
    desk.press("^Decide later")
    desk.press("^All .* as proposed")
    desk.page.get_by_label(re.compile("^Native pairs")).check()
    yield State("native", every=True)
    desk.press("^Add .* file")
    desk.page.get_by_text(re.compile("files added")).wait_for(timeout=120_000)
    yield State("added", every=True)
    desk.press("^Undo")
    desk.page.get_by_text(re.compile("taken back out")).wait_for()
    yield State("undone")


def many(desk: Desk) -> Iterator[State]:
    desk.page.wait_for_selector(BUSY)
    yield State("today-looking", moving=True)
    desk.settle()
    desk.tab("Review")
    yield State("looking", moving=True)
    yield State("300-files", every=True)
    desk.press("^Gallery$")
    yield State("300-files-gallery")
    desk.tab("Upload")
    desk.press("^Rehearse")
    yield State("300-files-confirmation", every=True)


def long_names(desk: Desk) -> Iterator[State]:
    desk.tab("Review")
    yield State("gallery", every=True)
    desk.press("^Table$")
    yield State("table", every=True)
    desk.tab("Upload")
    desk.press("^Rehearse")
    desk.see("^Upload .* file")
    yield State("rehearsed")
    desk.press("^Upload .* file")
    desk.see("^Follow the reviews")
    yield State("uploaded", every=True)
    desk.tab("Sync")
    desk.press("^Read the site")
    yield State("difference", every=True)
    desk.tab("Outcomes")
    desk.press("pending")
    yield State("outcomes", every=True)
    desk.tab("Library")
    desk.look_up(f"{LONG}0.png")
    yield State("looked-up", every=True)


def upload(desk: Desk) -> Iterator[State]:
    desk.tab("Upload")
    yield State("ready", every=True)
    desk.site.settings(latency_ms=500)
    desk.press("^Rehearse")
    desk.page.wait_for_selector(BUSY)
    yield State("rehearsing", moving=True)
    desk.site.settings(latency_ms=0)
    desk.page.locator("button:visible").filter(has_text=re.compile("^Upload .* file")).wait_for(timeout=90_000)
    yield State("confirmation", every=True)
    desk.site.settings(processing_s=30)
    desk.press("^Upload .* file")
    desk.page.locator("progress[aria-label*=processing]:visible").first.wait_for(timeout=60_000)
    desk.page.wait_for_timeout(1500)
    yield State("uploading", every=True, moving=True)
    desk.tab("Today")
    desk.see("^An upload runs")
    yield State("seen-from-today", moving=True)
    desk.tab("Upload")
    desk.press("^Cancel")
    desk.settle()
    yield State("cut-off")
    desk.tab("Today")
    yield State("unfinished-today")
    desk.tab("Upload")
    desk.site.settings(processing_s=0)
    desk.press("^Go on")
    desk.page.wait_for_selector(BUSY)
    yield State("done", every=True)
    desk.tab("Today")
    yield State("done-today")
    desk.tab("Review")
    yield State("all-there")


def failures(desk: Desk) -> Iterator[State]:
    """Files that are refused, and one whose answer never comes."""
    desk.tab("Upload")
    desk.press("^Rehearse")
    button = desk.page.locator("button:visible").filter(has_text=re.compile("^Upload .* file"))
    button.wait_for(timeout=90_000)
    desk.site.faults("upload-refused=2", "upload-stuck=1")
    button.click()
    desk.page.get_by_text(re.compile("Waiting for the site")).first.wait_for(timeout=60_000)
    desk.page.wait_for_timeout(1500)
    yield State("waiting", every=True, moving=True)
    yield State("done", every=True)


def watched(desk: Desk) -> Iterator[State]:
    desk.tab("Upload")
    desk.site.settings(processing_s=60)
    command = [sys.executable, "-m", "tjtools", "upload", "--session", "--live"]
    command += ["--workspace", str(desk.workspace.root)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as other:
        desk.page.get_by_text(re.compile("An upload runs in another window")).first.wait_for(timeout=60_000)
        desk.page.wait_for_timeout(4000)
        yield State("elsewhere", every=True, moving=True)
        desk.press("^Stop")
        yield State("stopping", moving=True)
        desk.site.settings(processing_s=0)
        other.wait(90)


def sign_in(desk: Desk) -> Iterator[State]:
    desk.tab("Upload")
    desk.site.faults("page-expired")
    desk.press("^Rehearse")
    yield State("upload")
    desk.tab("Sync")
    desk.press("^Read the site")
    yield State("sync")


def sync(desk: Desk) -> Iterator[State]:
    desk.tab("Sync")
    yield State("nothing-read", every=True)
    desk.site.settings(latency_ms=400)
    desk.press("^Read the site")
    desk.page.wait_for_selector(BUSY)
    yield State("reading", moving=True)
    desk.site.settings(latency_ms=0)
    yield State("difference", every=True)
    desk.press("^Apply")
    desk.see("See the outcomes")
    yield State("applied")
    desk.tab("Outcomes")
    yield State("outcomes-with-news", every=True)
    desk.press("I have seen this")
    yield State("outcomes-none")
    desk.tab("Library")
    yield State("library", every=True)
    desk.tab("Sync")
    desk.site.faults("list-500")
    desk.press("^Read the site")
    yield State("error")


def gone(desk: Desk) -> Iterator[State]:
    desk.tab("Sync")
    desk.press("^Read the site")
    yield State("many", every=True)


def year(desk: Desk) -> Iterator[State]:
    yield State("today")
    desk.click(desk.page.get_by_role("tab", name="Library"))
    yield State("opening", moving=True)
    yield State("library", every=True)
    desk.press("^Table$")
    desk.page.locator("select:visible").filter(has_text="choose a row").first.select_option(index=1)
    yield State("rows-behind", every=True)
    desk.look_up("no such name", "1000000000")
    yield State("looked-up", every=True)
    desk.tab("Outcomes")
    yield State("outcomes", every=True)
    desk.press("^How sure")
    yield State("how-sure", every=True)
    desk.press("^What is approved")
    desk.press("^Time in review")
    yield State("unfolded", every=True)


def no_site(desk: Desk) -> Iterator[State]:
    yield State("today", every=True)


def damaged(desk: Desk) -> Iterator[State]:
    """The library and the session can't be read: each tab says so by itself."""
    yield State("today", every=True)
    for name in ("Review", "Upload", "Sync", "Library", "Outcomes"):
        desk.tab(name)
        yield State(name.lower())


def campaign(desk: Desk) -> Iterator[State]:
    desk.tab("Library")
    desk.press("^Campaign files")
    yield State("never-read", every=True)
    desk.press("^Bring the statuses up to date")
    desk.press("^Read the site")
    desk.settle()
    desk.press("^Apply")
    desk.see("See the outcomes")
    desk.tab("Library")
    desk.see("^Write .* file")
    yield State("to-write", every=True)
    desk.press("^Left out")
    yield State("left-out")
    desk.press("^Write .* file")
    desk.page.get_by_text(re.compile("^✓ Written")).wait_for()
    yield State("written", every=True)


def bad_line(desk: Desk) -> Iterator[State]:
    desk.tab("Review")
    yield State("review")


def broken(desk: Desk) -> Iterator[State]:
    yield State("workspace", every=True)


def kernel(desk: Desk) -> Iterator[State]:
    desk.lab.restart_kernel()
    desk.page.get_by_role("alert").filter(has_text="The kernel was restarted").wait_for()
    yield State("gone", every=True, moving=True)
    desk.press("^Go on")
    desk.page.get_by_role("alert").filter(has_text="The kernel was restarted").wait_for(state="hidden")
    desk.page.wait_for_function(OPENED, timeout=60_000)
    yield State("back")


def the_day(desk: Desk) -> None:
    """A day for the README, filmed: each click with a ring around it."""
    desk.page.set_viewport_size({"width": DAY[0], "height": DAY[1]})
    desk.settle()
    desk.filming = True
    desk.tab("Review")
    desk.see("Compare them$")
    desk.settle()
    desk.page.mouse.move(0, 0)
    _small(desk.page.screenshot()).save(README / "desk.png", optimize=True)
    desk.press("^Compare")
    desk.see("^The same: leave it out")
    desk.settle()
    desk.press("^The same: leave it out")
    desk.see("1 needs you")  # and the next pair is there
    desk.settle()
    desk.press("go to upload$")
    desk.see("^Rehearse$")
    desk.press("^Rehearse$")
    upload = desk.page.locator("button:visible").filter(has_text=re.compile("^Upload .* file"))
    upload.wait_for(timeout=90_000)
    desk.settle()
    desk.site.settings(processing_s=3)
    desk.click(upload)
    desk.page.locator(".tj-files progress:visible").first.wait_for(timeout=60_000)
    desk.page.wait_for_timeout(2000)
    desk.film()
    desk.site.settings(processing_s=0)
    desk.see("^Follow the reviews")
    desk.settle()
    desk.press("^Follow the reviews")
    desk.see("^Read the site")
    desk.press("^Read the site")
    desk.see("^Apply$")
    desk.settle()
    desk.press("^Apply$")
    desk.see("^See the outcomes")
    desk.settle()
    desk.press("^See the outcomes")
    desk.see("I have seen this")
    desk.settle()
    desk.film()
    _save(desk.frames, README / "day.webp")


def the_delivery(desk: Desk, folder: Path) -> None:
    """What a delivery becomes, for the README: one picture."""
    workspace = _delivered(folder)
    remember(workspace)
    desk.tab("Sync")  # the list of workspaces is read anew when a tab is opened
    desk.switch(workspace)
    desk.settle()
    desk.tab("Review")
    _look_into_the_delivery(desk)
    _fill_in(desk)
    desk.settle()
    desk.page.mouse.move(0, 0)
    _small(desk.page.screenshot()).save(README / "add.png", optimize=True)


def _look_into_the_delivery(desk: Desk) -> None:
    desk.page.get_by_placeholder("or the path of a folder").fill(str(_delivery_of(desk.workspace)))
    desk.page.keyboard.press("Enter")
    desk.settle()
    desk.see("^Not now")


def _fill_in(desk: Desk) -> None:
    """The fields of the first folder, which go for the others."""
    for title, answer in (("Creator", "Ana"), ("Language", "EN")):
        desk.page.locator(f'input[title^="{title} of "]:visible').first.fill(answer)
        desk.page.keyboard.press("Enter")
    for title, answer in (("Model", "F"), ("Style", "Real"), ("Rating", "SFW")):
        desk.page.locator(f'select[title^="{title} of "]:visible').first.select_option(label=answer)


def _small(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def _save(frames: Sequence[tuple[bytes, tuple[float, float] | None]], path: Path) -> None:
    """The moving picture; where somebody clicks next, there is a ring."""
    drawn = []
    for png, at in frames:
        frame = Image.open(io.BytesIO(png)).convert("RGB")
        if at:
            x, y = at
            ImageDraw.Draw(frame).ellipse((x - 18, y - 18, x + 18, y + 18), outline="#d6336c", width=4)
        drawn.append(frame)
    stays = [_PROGRESS[at is not None] for _png, at in frames[:-1]] + [4000]
    drawn[0].save(
        path, save_all=True, append_images=drawn[1:], duration=stays, loop=0, quality=72, method=4, kmin=0, kmax=1
    )


def _empty(folder: Path, site: SiteSettings) -> Workspace:
    workspace = Workspace(folder.resolve())
    for part in FOLDERS:
        (workspace.root / part).mkdir(parents=True, exist_ok=True)
    bind(workspace, site)
    return workspace


def _practice(folder: Path) -> Workspace:
    """A practice workspace with a site of its own: drawn once, then copied."""
    drawn = make_practice(folder.parent / "tjtools-practice", now=datetime.now(UTC), progress=lambda *_: None)
    if folder != drawn.root:
        shutil.copytree(drawn.root, folder, dirs_exist_ok=True)
        copied = Workspace(folder.resolve())
        settings = copied.settings_file.read_text("utf-8")
        site = load_settings(drawn).site
        assert site
        copied.settings_file.write_text(settings.replace(site.origin, f"http://127.0.0.1:{free_port()}"), "utf-8")
        return copied
    return drawn


def _bare(folder: Path) -> Workspace:
    """No library, and a sandbox to be filled."""
    return _empty(folder, SiteSettings(kind="sandbox", origin=f"http://127.0.0.1:{free_port()}", account="demo"))


def _live(folder: Path) -> Workspace:
    return _empty(folder, SiteSettings(kind="live", origin=LIVE_ORIGIN, account="shop-of-ours"))


def _named(folder: Path, *names: str) -> Workspace:
    workspace = _bare(folder)
    uploaded = workspace.root / "uploaded"
    session(workspace, [*native_pair(uploaded, "99A0D7C3"), *(banner(uploaded, one, n) for n, one in enumerate(names))])
    return workspace


def _misfits(folder: Path) -> Workspace:
    """Files that don't fit: a picture to scale, one to crop, a video to cut, one too short, half of a native pair."""
    workspace = _bare(folder)
    uploaded = workspace.root / "uploaded"
    rows = [banner(uploaded, "EN_Sports_SFW_Generic_Ana_ID-1A2B3C4D.png", 9)]
    for seed, (name, *size) in enumerate((("large.png", 900, 750), ("beach sunset v2.webp", 1080, 1350))):
        samples.write_image(uploaded / name, width=size[0], height=size[1], title="Travel", seed=seed)
        rows.append({"new_filename": name, "creative_type": "image", "unique_id": f"ID-{seed:08X}"})
    alone = "VID_EN_Travel_F_Real_SFW_Generic_Chloe_4sec_ID-99A0D7C3-VID.mp4"
    for kind, place, name, seconds in (
        ("video", "", "EN_Gaming_M_Anime_SFW_Generic_Bea_90sec_ID-5E6F7A8B.mp4", 90),
        ("video", "", "teaser.mp4", 2),
        ("native_video", "Native/Video", alone, 4),
    ):
        samples.write_video(
            uploaded / place / name, width=640, height=360, seconds=seconds, title="Gaming", seed=seconds
        )
        rows.append({"new_filename": name, "creative_type": kind, "unique_id": f"ID-{seconds:02}A0D7C3"})
    session(workspace, rows)
    return workspace


def _delivery_of(workspace: Workspace) -> Path:
    return workspace.root.parent / "October shoot"


def _delivered(folder: Path) -> Workspace:
    """A workspace that waits for a delivery of eight files in three folders beside it, one of which is known."""
    workspace = _bare(folder)
    delivery = _delivery_of(workspace)
    stills = (
        ("Sports/IMG_0001.png", 300, 250),
        ("Big Garden/lawn in spring.png", 1080, 1350),
        ("Travel/beach.png", 900, 750),
    )
    for seed, (name, width, height) in enumerate((*stills, ("Travel/old banner.png", 300, 100))):
        (delivery / name).parent.mkdir(parents=True, exist_ok=True)
        samples.write_image(delivery / name, width=width, height=height, title="Travel", seed=seed)
    for seed, (name, seconds) in enumerate(
        (("Sports/goal.mp4", 12), ("Big Garden/a whole day.mp4", 90), ("Travel/wave.mp4", 2))
    ):
        samples.write_video(delivery / name, width=640, height=360, seconds=seconds, title="Sports", seed=seed + 9)
    (delivery / "Sports/torn.png").write_bytes((delivery / "Sports/IMG_0001.png").read_bytes()[:900])
    rejected_before(workspace, delivery / "Travel/old banner.png")
    return workspace


def _many(folder: Path) -> Workspace:
    return _named(folder, *(f"EN_Sports_SFW_Generic_Ana_ID-{number:08X}.png" for number in range(300)))


def _long(folder: Path) -> Workspace:
    return _named(folder, *(f"{LONG}{number}.png" for number in range(5)), f"{'unbroken' * 20}.png")


def _never_read(folder: Path) -> Workspace:
    workspace = _practice(folder)
    shutil.rmtree(workspace.snapshots)
    return workspace


def _gone(folder: Path) -> Workspace:
    workspace = _practice(folder)
    lost = (image(str(1_999_000_000 + number), f"EN_Sports_ID-{number:08X}") for number in range(200))
    Library.load(workspace.library).add(list(lost))
    return workspace


def _year(folder: Path) -> Workspace:
    workspace, truth = _bare(folder), reviewed.year(3000, seed=1)
    reviewed.write(workspace, truth, reviewed.looks(truth, 24, seed=2))
    return workspace


def _bad_line(folder: Path) -> Workspace:
    workspace = _named(folder, "a.png", "b.png")
    workspace.session.write_text(workspace.session.read_text("utf-8") + "a,line,cut\n", "utf-8")
    return workspace


def _damaged(folder: Path) -> Workspace:
    workspace = _practice(folder)
    for path in (workspace.library, workspace.session):
        path.write_text("a,b\n", "utf-8")
    return workspace


def _no_site(folder: Path) -> Workspace:
    workspace = _practice(folder)
    workspace.settings_file.unlink()
    return workspace


def _broken(folder: Path) -> Workspace:
    workspace = _practice(folder)
    workspace.settings_file.write_text("[site\nkind = sandbox\n", "utf-8")
    return workspace


STORIES: dict[str, tuple[Callable[[Path], Workspace], Callable[[Desk], Iterator[State]]]] = {
    "today": (_practice, today),
    "live": (_live, live),
    "accounts": (_year, accounts),
    "review": (_practice, review),
    "mend": (_misfits, mend),
    "add": (_delivered, add),
    "many": (_many, many),
    "long": (_long, long_names),
    "campaign": (_never_read, campaign),
    "bad-line": (_bad_line, bad_line),
    "upload": (_practice, upload),
    "failures": (_practice, failures),
    "watched": (_practice, watched),
    "sign-in": (_practice, sign_in),
    "sync": (_practice, sync),
    "many-gone": (_gone, gone),
    "year": (_year, year),
    "no-site": (_no_site, no_site),
    "damaged": (_damaged, damaged),
    "broken": (_broken, broken),
    "kernel": (_practice, kernel),  # the last one: what was open is gone
}


def take(desk: Desk, name: str, story: Callable[[Desk], Iterator[State]]) -> None:
    for state in story(desk):
        if not state.moving:
            desk.settle()
        desk.picture(f"{name}-{state.name}")
        if state.every:
            desk.look("dark")
            desk.page.wait_for_timeout(300)  # a chart is drawn anew
            desk.picture(f"{name}-{state.name}-dark")
            desk.look(size=NARROW)
            desk.page.wait_for_timeout(300)
            desk.picture(f"{name}-{state.name}-1100")
            desk.look()


@contextmanager
def opened(first: Workspace, others: Sequence[Workspace], home: Path, out: Path) -> Iterator[Desk]:
    """The desk on one workspace, with the others to switch to; what the browser complains of is noted."""
    for workspace in (*others, first):
        remember(workspace)
    copy_notebooks(first.notebooks)
    browser = str(ensure_browser(say=sys.stdout.write))
    settings = {"HOME": str(home.parent), "TJTOOLS_UPLOAD__PROCESSING_TIMEOUT": "20"}  # no path of this machine is seen
    lab_of = running_lab(first.root, home, browser, **settings)
    with running_sandbox(first), lab_of as lab:
        desk = Desk(lab, out)
        told = desk.complaints.append
        lab.page.on("pageerror", lambda error: told(str(error)))
        lab.page.on("console", lambda line: told(line.text) if _complains(line.type, line.text) else None)
        lab.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        lab.open_desk()
        desk.settle()
        try:
            yield desk
        except (PlaywrightError, TimeoutError):
            desk.picture("stopped-here")
            raise


def _complains(kind: str, text: str) -> bool:
    if text.startswith("Could not restore the debugger state"):  # JupyterLab itself, of a kernel that is restarted
        return False
    return kind == "error" or (kind == "warning" and "WARN" in text)  # as Vega writes them


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--readme", action="store_true")
    arguments.add_argument("stories", nargs="*", metavar="STORY", help=", ".join(STORIES))
    asked = arguments.parse_args()
    room, out = Path(tempfile.mkdtemp(prefix="pictures-")), asked.out or Path(tempfile.mkdtemp(prefix="pictures-of-"))
    out.mkdir(parents=True, exist_ok=True)
    first = _practice(room / "tjtools-practice")
    wanted = () if asked.readme else asked.stories or tuple(STORIES)
    places = {name: STORIES[name][0](room / name) for name in wanted}
    with opened(first, list(places.values()), room / "home", out) as desk:
        desk.workspace = first
        if asked.readme:
            the_day(desk)
            the_delivery(desk, room / "shop")
        for name in wanted:
            began = time.monotonic()
            desk.switch(places[name])
            if name != "many":  # whose first state is that it looks
                desk.settle()
            take(desk, name, STORIES[name][1])
            sys.stdout.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    shutil.rmtree(room, ignore_errors=True)
    for one in sorted(set(desk.complaints)):
        sys.stdout.write(f"✗ {one}\n")
    sys.stdout.write(f"The pictures are in {README if asked.readme else out}\n")
    return bool(desk.complaints)


if __name__ == "__main__":
    sys.exit(main())
