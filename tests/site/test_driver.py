"""The driver on the sandbox: it never takes old cards for new ones, and says what the page did not show."""

from __future__ import annotations

import gc
import json
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from world import Truth

from tjtools.model.creative import Section
from tjtools.model.errors import (
    BrowserNotFound,
    Cancelled,
    IncompleteReading,
    PageChanged,
    PageCovered,
    SettingsError,
    SignInNeeded,
    SiteUnreachable,
)
from tjtools.model.words import Waiting
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.scrape import connection
from tjtools.scrape.connection import connect, sign_in, site_of
from tjtools.scrape.reading import Certificate, read_section
from tjtools.site import Site, driver, sitepage
from tjtools.site.browser import heeding, lacks_display
from tjtools.site.sitepage import load_selectors
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind, load_settings


@pytest.fixture
def site(workspace: Workspace, real_site: None) -> Iterator[Site]:
    site = connect(workspace, load_settings(workspace), say=lambda _: None)
    yield site
    site.close()


def test_a_page_that_takes_long_is_told_with_the_time_that_it_has_left(
    site: Site, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitepage, "LONG", 0.2)
    told: list[Waiting | None] = []
    site._library.waits = told.append
    truth.settings(latency_ms=700)
    site.open_section(Section.STATIC_BANNER)
    words = [one.told.rpartition(",")[0] if one else None for one in told]
    assert words[:2] == words[-2:] == ["Waiting for the site: its answer", None]  # twice on a slow machine
    assert 25 < told[0].until - time.monotonic() < site.patience


@pytest.mark.parametrize("latency", [0, 2000])
def test_the_old_sections_cards_are_never_taken_for_the_new_ones(site: Site, truth: Truth, latency: int) -> None:
    held = truth.creatives()
    truth.settings(latency_ms=latency)
    for section in (
        Section.VIDEO_BANNERS,
        Section.STATIC_BANNER,
        Section.NATIVE_ROLLOVER,
        Section.NATIVE_STATIC_BANNER,
    ):
        site.open_section(section)
        shown = {held[card.creative_id]["section"] for card in site.read_page().cards}
        assert shown == {section.value}


def test_a_section_is_read_to_its_end(site: Site, truth: Truth) -> None:
    held = truth.creatives()
    for section in Section:
        cards = read_section(site, section)
        expected = {one for one, card in held.items() if card["section"] == section.value}
        assert {card.creative_id for card in cards} == expected
        assert {card.creative_id: card.name for card in cards} == {one: held[one]["name"] for one in expected}


def test_a_creative_that_comes_between_two_pages_makes_the_reading_begin_again(site: Site, truth: Truth) -> None:
    turned = []

    def somebody_uploads(section: Section, read: int, total: int) -> None:
        if not turned:
            turned.append(truth.add("Video Banners", "somebody else's"))

    certificate = Certificate(Section.VIDEO_BANNERS)
    cards = read_section(site, Section.VIDEO_BANNERS, somebody_uploads, certificate=certificate)
    held = {one for one, card in truth.creatives().items() if card["section"] == "Video Banners"}
    assert ({card.creative_id for card in cards}, certificate.rereads, certificate.drift) == (held, 1, 1)


def test_a_section_of_more_than_a_thousand_is_read_to_its_end(bare_workspace: Workspace, real_site: None) -> None:
    with Sandbox(creatives=3000) as sandbox:
        bind_to_sandbox(bare_workspace, sandbox.origin)
        held = [one for one in Truth(sandbox.origin).creatives().values() if one["section"] == "Video Banners"]
        with closing(connect(bare_workspace, load_settings(bare_workspace), say=print, pictures=False)) as site:
            certificate = Certificate(Section.VIDEO_BANNERS)
            cards = read_section(site, Section.VIDEO_BANNERS, certificate=certificate)
    assert certificate.complete
    assert (certificate.total, len(cards)) == (len(held), len(held))
    assert len(held) > 1000


@pytest.mark.parametrize("separator", [",", ".", "'", " ", "\u00a0", "\u202f"])
def test_the_total_may_have_a_thousands_separator(site: Site, separator: str) -> None:
    async def write() -> None:
        line = "Showing 1,153 to 1,164 of 1,170 entries".replace(",", separator)
        await site._library.page.evaluate("line => $('.dataTables_info').text(line)", line)  # type: ignore[union-attr]

    assert site._thread
    site._thread.run(write())
    page = site.read_page()
    assert (page.first, page.last, page.total) == (1153, 1164, 1170)


def test_a_filtered_list_states_no_total(site: Site) -> None:
    async def write() -> None:
        line = "Showing 1 to 12 of 170 entries (filtered from 191 total entries)"
        await site._library.page.evaluate("line => $('.dataTables_info').text(line)", line)  # type: ignore[union-attr]

    assert site._thread
    site._thread.run(write())
    assert site.read_page().total is None


def test_what_others_put_into_the_page_may_fail(workspace: Workspace, truth: Truth, chromium: str) -> None:
    async def load(site: Site) -> None:
        await site._library.page.evaluate(  # type: ignore[union-attr]
            """address => Promise.all(["script", "img", "iframe"].map(tag => new Promise(ended => {
                const node = document.createElement(tag);
                node.onerror = node.onload = ended;
                node.src = tag === "iframe" ? address : "http://localhost:1/counter";
                document.body.append(node);
            })))""",
            truth.origin.replace("127.0.0.1", "localhost") + "/login",
        )

    with site_of(workspace, load_settings(workspace), say=lambda _: None) as site:  # with pictures
        site.open_library()
        assert site._thread
        site._thread.run(load(site))
        site.open_upload_panel()
        assert site.read_page().total is not None


def test_a_list_that_never_keeps_still_is_given_up(site: Site, truth: Truth) -> None:
    with pytest.raises(IncompleteReading, match="never kept still"):
        read_section(site, Section.VIDEO_BANNERS, lambda *_: truth.add("Video Banners", "another") and None)


def test_a_changed_page_is_named_with_element_and_selector(workspace: Workspace, truth: Truth, real_site: None) -> None:
    workspace.selectors_file.write_text('[library]\nstatic_tab = "a#renamed_tab"\n', "utf-8")
    with site_of(workspace, load_settings(workspace), say=lambda _: None) as site:
        site.open_library()
        site._library.patience = 1  # type: ignore[union-attr]
        with pytest.raises(PageChanged) as caught:
            site.open_section(Section.STATIC_BANNER)
    assert (caught.value.element, caught.value.selector) == ("library.static_tab", "a#renamed_tab")


def test_cards_that_are_not_found_where_the_page_counts_some_are_what_has_changed(
    workspace: Workspace, truth: Truth, real_site: None
) -> None:
    workspace.selectors_file.write_text('card.card = "div.renamed"\n', "utf-8")
    with site_of(workspace, load_settings(workspace), say=lambda _: None) as site:
        site._library.patience = 5  # type: ignore[union-attr]  # the heading comes before, also on a busy machine
        with pytest.raises(PageChanged, match="the list did not come to rest") as caught:
            site.open_library()
    assert (caught.value.element, caught.value.selector) == ("card.card", "div.renamed")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("page-modal", "The library has a new look. Close"),
        ("page-alert", "The library will be down for maintenance tonight. OK"),
    ],
)
def test_a_box_that_only_says_something_is_told_and_closed(
    workspace: Workspace, truth: Truth, real_site: None, caplog: pytest.LogCaptureFixture, fault: str, said: str
) -> None:
    truth.faults(fault)
    with site_of(workspace, load_settings(workspace), say=lambda _: None) as site:
        site.open_library()
        site.open_section(Section.STATIC_BANNER)
    assert caplog.messages == [f"The site showed a box, which was closed: {said}"]


def test_a_box_that_asks_is_left_to_a_person(workspace: Workspace, truth: Truth, real_site: None) -> None:
    truth.faults("page-question")
    unopened = site_of(workspace, load_settings(workspace), say=lambda _: None)
    with unopened as site, pytest.raises(PageCovered, match="asks: 'Our terms have changed"):
        site.open_library()


def test_selectors_that_nobody_looks_for_are_refused(tmp_path: Path) -> None:
    (tmp_path / "selectors.toml").write_text('[library]\nsatic_tab = "a"\n', "utf-8")
    with pytest.raises(SettingsError, match=r"library\.satic_tab is not an element"):
        load_selectors(tmp_path / "selectors.toml")


def test_a_person_signs_in_and_the_session_is_kept_for_its_owner_alone(
    workspace: Workspace, truth: Truth, real_site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test is the person: it ticks the robot box and presses the button, which the driver never does."""
    workspace.browser_session.unlink()
    monkeypatch.setattr(connection, "SIGN_IN_TIMEOUT", 120)
    monkeypatch.setenv("TJTOOLS_USERNAME", "demo")
    monkeypatch.setenv("TJTOOLS_PASSWORD", "demo")
    settings = load_settings(workspace)
    with site_of(workspace, settings, say=lambda _: None) as site:
        person = threading.Thread(target=solve_captcha, args=(site,))
        person.start()
        sign_in(site, workspace, settings, say=lambda _: None)
        person.join()
    assert stat.S_IMODE(workspace.browser_session.stat().st_mode) == 0o600
    assert "demo" not in workspace.browser_session.read_text("utf-8").replace("sandbox", "")
    connect(workspace, settings, say=lambda _: None).close()


def solve_captcha(site: Site) -> None:
    async def solve() -> None:
        context = site._context
        page = context.pages[1] if len(context.pages) > 1 else await context.wait_for_event("page")
        await page.wait_for_function("() => (document.querySelector('input[type=password]') || {}).value")
        await page.locator("input[type=checkbox]").first.check()
        await page.locator("input#submitBtn:not([disabled])").click()

    assert site._thread
    site._thread.run(solve())


SHELLS = pytest.mark.parametrize("shown", ["late", "missed", "form"])


@SHELLS
def test_a_page_that_loads_for_nobody_is_not_taken_for_a_session(site: Site, truth: Truth, shown: str) -> None:
    truth.settings(fault_s=0.5)
    truth.faults(f"page-expired-{shown}")
    with pytest.raises(SignInNeeded, match="tjtools login"):
        site.open_library()


def test_a_page_that_shows_no_account_and_says_nothing_is_not_taken_for_a_session(site: Site, truth: Truth) -> None:
    truth.settings(fault_s=600)
    truth.faults("page-expired-late")
    site._library.patience = 5  # type: ignore[union-attr]
    with pytest.raises(SignInNeeded, match=r"Nothing shows that somebody is signed in.*Run: tjtools login"):
        site.open_library()


@pytest.mark.parametrize(
    ("markup", "asked"),
    [
        ("<h1>We <br>missed you!</h1>", True),
        ("<form action='/user/Login'><input name='password'></form>", True),
        ("<h1 hidden>We missed you</h1><form action='/login' hidden><input name='password'></form>", False),
        ("<p>We missed you at the fair</p><form action='/search'><input name='q'></form>", False),
    ],
)
def test_what_asks_to_sign_in_counts_only_where_it_is_seen_and_more_than_an_account(
    site: Site, tmp_path: Path, markup: str, asked: bool
) -> None:
    """And no picture is taken of it: it shows a name."""

    async def show() -> None:
        await site._library.page.evaluate("told => document.body.insertAdjacentHTML('beforeend', told)", markup)  # type: ignore[union-attr]

    assert site._thread
    site._thread.run(show())
    with pytest.raises(SignInNeeded) if asked else nullcontext():
        site.screenshot(tmp_path / "page.png")
    with pytest.raises(SignInNeeded) if asked else nullcontext():
        site.open_section(Section.STATIC_BANNER)
    assert (tmp_path / "page.png").exists() is not asked


def as_person(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, walk: Callable[[Page], Coroutine[Any, Any, None]]
) -> None:
    """Sign in by a walk that the test takes in the sign-in window; the driver knows nothing of it."""
    workspace.browser_session.unlink()
    monkeypatch.setenv("TJTOOLS_USERNAME", "demo")
    monkeypatch.setenv("TJTOOLS_PASSWORD", "demo")
    monkeypatch.setattr(connection, "SIGN_IN_TIMEOUT", 120)
    settings = load_settings(workspace)

    async def go(site: Site) -> None:
        context = site._context
        page = context.pages[1] if len(context.pages) > 1 else await context.wait_for_event("page")
        await page.wait_for_function("() => (document.querySelector('input[type=password]') || {}).value")
        await walk(page)

    with site_of(workspace, settings, say=lambda _: None) as site, ThreadPoolExecutor(1) as pool:
        assert site._thread
        person = pool.submit(site._thread.run, go(site))
        sign_in(site, workspace, settings, say=lambda _: None)
        person.result()


async def by_google(page: Page) -> None:
    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="Google", exact=True).click()
    popup = await opened.value
    async with popup.expect_event("close"):
        with suppress(PlaywrightError):  # it may be gone before the click is through
            await popup.get_by_role("button").click()


async def by_password(page: Page) -> None:
    await page.get_by_placeholder("USERNAME").fill("demo")
    await page.locator("input[type=password]").fill("demo")
    await page.locator("#robot").check()
    await page.locator("input#submitBtn").click()


def test_a_person_may_sign_in_by_googles_popup(
    workspace: Workspace, truth: Truth, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_person(workspace, monkeypatch, by_google)
    connect(workspace, load_settings(workspace), say=lambda _: None).close()


@SHELLS
def test_a_sign_in_ends_when_an_account_is_seen_and_not_before(
    workspace: Workspace, truth: Truth, chromium: str, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    """The person comes by a shell that loads for nobody, at the address where a sign-in lands."""
    truth.settings(fault_s=0.5)
    truth.faults(f"page-expired-{shown}=1")
    saved: list[bool] = []

    async def walk(page: Page) -> None:
        await page.goto(f"{truth.origin}/media-library")
        await page.goto(f"{truth.origin}/campaigns")
        await page.locator("h1").wait_for()
        saved.append(workspace.browser_session.exists())
        await page.goto(f"{truth.origin.replace('127.0.0.1', 'localhost')}/sign-in")  # another site, and back
        await page.goto(f"{truth.origin}/sign-in")
        await by_password(page)

    as_person(workspace, monkeypatch, walk)
    assert saved == [False]
    connect(workspace, load_settings(workspace), say=lambda _: None).close()


def test_what_other_sites_keep_is_no_part_of_the_saved_sign_in(
    workspace: Workspace, truth: Truth, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def walk(page: Page) -> None:
        other = {"name": "SID", "value": "a", "domain": ".google.example", "path": "/"}
        await page.context.add_cookies([other])  # type: ignore[list-item]
        await by_google(page)

    as_person(workspace, monkeypatch, walk)
    told = json.loads(workspace.browser_session.read_text("utf-8"))
    assert {one["domain"] for one in told["cookies"]} == {"127.0.0.1"}


def test_without_a_session_and_a_window_the_remedy_is_to_sign_in(
    workspace: Workspace, truth: Truth, real_site: None
) -> None:
    workspace.browser_session.unlink()
    with pytest.raises(SignInNeeded, match="tjtools login"):
        connect(workspace, load_settings(workspace), say=lambda _: None)


def test_no_picture_is_taken_of_the_sign_in_page(site: Site, truth: Truth, tmp_path: Path) -> None:
    truth.ask("sessions", "DELETE")
    with pytest.raises(SignInNeeded):
        site.open_library()
    with pytest.raises(SignInNeeded):
        site.screenshot(tmp_path / "page.png")
    assert not (tmp_path / "page.png").exists()


def test_the_site_works_where_an_event_loop_already_runs(workspace: Workspace, truth: Truth, chromium: str) -> None:
    import asyncio

    async def cell() -> int | None:
        site = connect(workspace, load_settings(workspace), say=lambda _: None)
        total = site.read_page().total
        site.close()
        return total

    assert asyncio.run(cell())


def test_no_thread_and_no_browser_stays_behind(workspace: Workspace, truth: Truth, chromium: str) -> None:
    before = set(threading.enumerate())
    connect(workspace, load_settings(workspace), say=lambda _: None).close()
    assert [thread.name for thread in set(threading.enumerate()) - before if thread.name == "tjtools-browser"] == []


def test_who_stops_while_the_browser_starts_leaves_nothing_that_runs(workspace: Workspace, chromium: str) -> None:
    before = set(psutil.Process().children(recursive=True))
    site = site_of(workspace, load_settings(workspace), say=lambda _: None)
    with heeding(lambda: bool(set(psutil.Process().children()) - before)), pytest.raises(Cancelled):
        site.open()
    gc.collect()  # a process that was dropped while it ran is warned of, and so is its pipe
    assert set(psutil.Process().children(recursive=True)) == before


@pytest.mark.parametrize(
    ("platform", "variable", "lacks"),
    [
        ("linux", "", True),
        ("linux", "DISPLAY", False),
        ("linux", "WAYLAND_DISPLAY", False),
        ("darwin", "", False),
        ("win32", "", False),
    ],
)
def test_where_no_window_can_open(monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, lacks: bool) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, ":0" if name == variable else "")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", platform)
        assert lacks_display() is lacks


def test_without_a_display_the_cause_is_said_and_where_to_sign_in(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "lacks_display", lambda: True)
    there = site_of(workspace, load_settings(workspace), say=lambda _: None, headless=False)
    site = replace(there, executable=Path(sys.executable))  # which can open no window anywhere
    with pytest.raises(BrowserNotFound) as told:
        site.open()
    assert told.value.message == "There is no display here (DISPLAY is not set): no browser window can open."
    assert told.value.remedy.startswith("The sandbox needs none")
    live = replace(site, origin="https://advertiser.site.invalid")
    with pytest.raises(BrowserNotFound) as told:
        live.open()
    assert f"where there is one, and copy its browser_session.json to {workspace.browser_session}" in told.value.remedy


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A proxy for whatever asks one, as an office has it: what it is asked for, each of which it refuses."""
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            asked.append(self.raw_requestline.decode().strip())
            self.requestline, self.request_version, self.command = asked[-1], "HTTP/1.0", ""
            self.close_connection = True
            self.send_error(403)
            return False

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever).start()
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
        yield asked
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_is_not_asked_for_what_is_on_this_machine(
    bare_workspace: Workspace, running_sandbox: Sandbox, proxy: list[str], host: str
) -> None:
    bind_to_sandbox(bare_workspace, running_sandbox.origin.replace("127.0.0.1", host))
    with site_of(bare_workspace, load_settings(bare_workspace), say=lambda _: None) as site:
        site.open_library()
        assert read_section(site, Section.STATIC_BANNER)
    assert [one for one in proxy if "127.0.0.1" in one or "localhost" in one] == []


def test_a_site_that_is_elsewhere_is_reached_as_the_system_says(bare_workspace: Workspace, proxy: list[str]) -> None:
    bind(bare_workspace, SiteSettings(kind="live", origin="https://advertiser.site.invalid", account="ana"))
    unreachable = pytest.raises(SiteUnreachable, match=r"advertiser\.site\.invalid does not answer: [a-z]")
    with site_of(bare_workspace, load_settings(bare_workspace), say=lambda _: None) as site, unreachable:
        site.open_library()
    assert "CONNECT advertiser.site.invalid:443 HTTP/1.1" in proxy


def test_a_sandbox_that_does_not_run_says_how_to_start_it(bare_workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    bind(bare_workspace, SiteSettings(kind="sandbox", origin=f"http://127.0.0.1:{port}", account="demo"))
    refused = pytest.raises(SiteUnreachable)
    with site_of(bare_workspace, load_settings(bare_workspace), say=lambda _: None) as site, refused as told:
        site.open_library()
    assert f"tjtools sandbox --port {port} --data sandbox" in told.value.remedy
    assert told.value.message == f"http://127.0.0.1:{port} does not answer: the connection was refused."
