"""The driver on the sandbox: it never takes old cards for new ones, and says what the page did not show."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Truth

from tjtools import connection
from tjtools.connection import connect, sign_in, site_of
from tjtools.demo import bind_to_sandbox
from tjtools.errors import IncompleteReading, PageChanged, PageCovered, SettingsError, SignInNeeded
from tjtools.listing import read_section
from tjtools.models import Section
from tjtools.sandbox import Sandbox
from tjtools.settings import load_settings
from tjtools.site import Site
from tjtools.site.selectors import load_selectors
from tjtools.workspace import Workspace


@pytest.fixture
def site(workspace: Workspace, chromium: str) -> Iterator[Site]:
    site = connect(workspace, load_settings(workspace), say=lambda _: None)
    yield site
    site.close()


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
        reading = read_section(site, section)
        expected = {one for one, card in held.items() if card["section"] == section.value}
        assert {card.creative_id for card in reading.cards} == expected
        assert {card.creative_id: card.name for card in reading.cards} == {one: held[one]["name"] for one in expected}


def test_a_creative_that_comes_between_two_pages_makes_the_reading_begin_again(site: Site, truth: Truth) -> None:
    turned = []

    def somebody_uploads(read: int, total: int) -> None:
        if not turned:
            turned.append(truth.add("Video Banners", "somebody else's"))

    reading = read_section(site, Section.VIDEO_BANNERS, somebody_uploads)
    held = {one for one, card in truth.creatives().items() if card["section"] == "Video Banners"}
    assert ({card.creative_id for card in reading.cards}, reading.tally.rereads, reading.tally.drift) == (held, 1, 1)


def test_a_section_of_more_than_a_thousand_is_read_to_its_end(bare_workspace: Workspace, chromium: str) -> None:
    with Sandbox(creatives=3000) as sandbox:
        bind_to_sandbox(bare_workspace, sandbox.origin)
        held = [one for one in Truth(sandbox.origin).creatives().values() if one["section"] == "Video Banners"]
        with closing(connect(bare_workspace, load_settings(bare_workspace), say=print, pictures=False)) as site:
            reading = read_section(site, Section.VIDEO_BANNERS)
    assert reading.whole
    assert (reading.tally.total, len(reading.cards)) == (len(held), len(held))
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


def test_what_others_put_into_the_page_may_fail(site: Site, truth: Truth) -> None:
    async def load() -> None:
        await site._library.page.evaluate(  # type: ignore[union-attr]
            """() => Promise.all(["script", "img"].map(tag => new Promise(ended => {
                const node = document.createElement(tag);
                node.onerror = ended;
                node.src = "http://localhost:1/counter";
                document.body.append(node);
            })))"""
        )

    assert site._thread
    site._thread.run(load())
    site.open_upload_panel()
    assert site.read_page().total is not None


def test_a_list_that_never_keeps_still_is_given_up(site: Site, truth: Truth) -> None:
    with pytest.raises(IncompleteReading, match="never kept still"):
        read_section(site, Section.VIDEO_BANNERS, lambda *_: truth.add("Video Banners", "another") and None)


def test_a_changed_page_is_named_with_element_and_selector(workspace: Workspace, truth: Truth, chromium: str) -> None:
    workspace.selectors_file.write_text('[library]\nstatic_tab = "a#renamed_tab"\n', "utf-8")
    with site_of(workspace, load_settings(workspace), say=lambda _: None) as site:
        site.open_library()
        site._library.patience = 1  # type: ignore[union-attr]
        with pytest.raises(PageChanged) as caught:
            site.open_section(Section.STATIC_BANNER)
    assert (caught.value.element, caught.value.selector) == ("library.static_tab", "a#renamed_tab")


def test_cards_that_are_not_found_where_the_page_counts_some_are_what_has_changed(
    workspace: Workspace, truth: Truth, chromium: str
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
    workspace: Workspace, truth: Truth, chromium: str, caplog: pytest.LogCaptureFixture, fault: str, said: str
) -> None:
    truth.faults(fault)
    with site_of(workspace, load_settings(workspace), say=lambda _: None) as site:
        site.open_library()
        site.open_section(Section.STATIC_BANNER)
    assert caplog.messages == [f"The site showed a box, which was closed: {said}"]


def test_a_box_that_asks_is_left_to_a_person(workspace: Workspace, truth: Truth, chromium: str) -> None:
    truth.faults("page-question")
    unopened = site_of(workspace, load_settings(workspace), say=lambda _: None)
    with unopened as site, pytest.raises(PageCovered, match="asks: 'Our terms have changed"):
        site.open_library()


def test_selectors_that_nobody_looks_for_are_refused(tmp_path: Path) -> None:
    (tmp_path / "selectors.toml").write_text('[library]\nsatic_tab = "a"\n', "utf-8")
    with pytest.raises(SettingsError, match=r"library\.satic_tab is not an element"):
        load_selectors(tmp_path / "selectors.toml")


def test_a_person_signs_in_and_the_session_is_kept_for_its_owner_alone(
    workspace: Workspace, truth: Truth, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test is the person: it ticks the robot box and presses the button, which the driver never does."""
    workspace.browser_session.unlink()
    monkeypatch.setattr(connection, "SIGN_IN_TIMEOUT", 30)
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


def test_without_a_session_and_a_window_the_remedy_is_to_sign_in(
    workspace: Workspace, truth: Truth, chromium: str
) -> None:
    workspace.browser_session.unlink()
    with pytest.raises(SignInNeeded, match="tjtools login"):
        connect(workspace, load_settings(workspace), say=lambda _: None)


def test_the_site_works_where_an_event_loop_already_runs(workspace: Workspace, truth: Truth, chromium: str) -> None:
    import asyncio

    async def cell() -> int | None:
        site = connect(workspace, load_settings(workspace), say=lambda _: None)
        total = site.read_page().total
        site.close()
        return total

    assert asyncio.run(cell())


def test_no_thread_and_no_browser_stays_behind(workspace: Workspace, truth: Truth, chromium: str) -> None:
    connect(workspace, load_settings(workspace), say=lambda _: None).close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "tjtools-browser"] == []
