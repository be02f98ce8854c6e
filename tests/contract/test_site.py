"""What any `Site` does, in the real browser and without one: whoever works on the fake can believe it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from world import Truth, banner, expire

from tjtools.model.creative import Section
from tjtools.model.errors import (
    Cancelled,
    PageChanged,
    SignInNeeded,
    SiteBusy,
    SiteError,
    SiteMismatch,
    SiteUnreachable,
)
from tjtools.scrape.connection import connect, site_of
from tjtools.scrape.reading import Certificate, pages_of, read_section
from tjtools.site import Card, CardPage, FileResult, FileState, Site
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

BANNERS, VIDEOS = Section.STATIC_BANNER, Section.VIDEO_BANNERS
QUEUED, PROCESSING, TAKEN = (FileResult(state) for state in (FileState.QUEUED, FileState.PROCESSING, FileState.TAKEN))
LONG = 60.0


@pytest.fixture(params=["fake_site", "real_site"], autouse=True)
def kind(request: pytest.FixtureRequest) -> str:
    request.getfixturevalue(request.param)
    return str(request.param)


@pytest.fixture
def site(workspace: Workspace) -> Iterator[Site]:
    site = connect(workspace, load_settings(workspace), say=print)
    yield site
    site.close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for seed, name in enumerate("abc"):
        banner(tmp_path / "files", f"{name}.png", seed)
    return [tmp_path / "files" / f"{name}.png" for name in "abc"]


class Heard(dict[str, list[FileResult]]):
    """What was told of each file, in turn."""

    def __call__(self, name: str, result: FileResult) -> None:
        self.setdefault(name, []).append(result)


def hand_over(site: Site, files: list[Path], heard: Heard | None = None, after: float = LONG) -> dict[str, FileResult]:
    site.open_section(BANNERS)
    site.open_upload_panel()
    return site.hand_over(files, Heard() if heard is None else heard, stalled_after=after)


def shown(truth: Truth, section: Section) -> list[Card]:
    """The cards that the sandbox shows of a section, newest first."""
    return [
        Card(one["creative_id"], one["name"], one["dimensions"] or "", one["file_type"] or "", one["review_status"])
        for one in truth.creatives().values()
        if one["section"] == section.value
    ]


def test_each_section_is_shown_as_the_site_lists_it(site: Site, truth: Truth) -> None:
    for section in Section:
        site.open_section(section)
        first = site.read_page()
        pages = list(pages_of(site, first))
        cards, total = [card for page in pages for card in page.cards], len(shown(truth, section))
        assert cards == shown(truth, section)
        assert [(page.first, page.last, page.total, page.has_next) for page in pages] == [
            (start + 1, min(start + 12, total), total, start + 12 < total) for start in range(0, total, 12)
        ]
        site.open_section(section)
        assert site.read_page() == first


def test_odd_names_are_shown_as_they_are(site: Site, truth: Truth) -> None:
    names = ['say "hi"', "a & b; c", "<img src=x onerror=alert(1)>", "snow ❄ 雪", "=1+1", "two  spaces", "&amp;"]
    for name in names:
        truth.add("Static Banner", name)
    site.open_section(BANNERS)
    assert [card.name for card in site.read_page().cards][: len(names)] == names[::-1]


def test_an_empty_section_says_so(site: Site, truth: Truth) -> None:
    for card in shown(truth, BANNERS):
        truth.ask(f"creatives/{card.creative_id}", "DELETE")
    site.open_section(BANNERS)
    page = site.read_page()
    assert (page.cards, page.total, page.has_next) == ((), 0, False)


def test_what_others_upload_shows_when_the_section_is_opened_again(site: Site, truth: Truth) -> None:
    site.open_section(BANNERS)
    before = site.read_page()
    new = truth.add("Static Banner", "somebody's")
    site.wait_for_names(["somebody's"], [], 0.3)
    assert site.read_page() == before
    site.open_section(BANNERS)
    assert site.read_page().cards[0].creative_id == new


def test_a_list_moves_between_two_pages_and_states_another_total(site: Site, truth: Truth) -> None:
    site.open_section(VIDEOS)
    first = site.read_page()
    truth.add("Video Banners", "somebody's")
    second = site.read_on()[0]
    assert second.cards[0] == first.cards[-1]
    assert (first.total or 0) + 1 == second.total


def test_a_list_that_keeps_moving_is_read_to_its_end_all_the_same(site: Site, truth: Truth) -> None:
    for number in range(12):
        truth.add("Video Banners", f"more {number}")
    truth.faults("list-shifted=1")
    cards = read_section(site, VIDEOS, certificate=(certificate := Certificate(VIDEOS)))
    assert (list(cards), certificate.rereads) == (shown(truth, VIDEOS), 1)


def test_a_list_without_a_total_is_named(site: Site) -> None:
    with pytest.raises(PageChanged) as caught:
        site.miss_total()
    assert caught.value.element == "library.total"


@pytest.mark.parametrize(
    ("fault", "element"),
    [("list-nameless", "card.name"), ("list-total-more", "card.card"), ("list-total-less", "card.card")],
)
def test_a_list_that_cannot_be_right_is_named(site: Site, truth: Truth, fault: str, element: str) -> None:
    for card in shown(truth, BANNERS)[5:]:
        truth.ask(f"creatives/{card.creative_id}", "DELETE")
    truth.faults(fault)
    (site._library if isinstance(site, Site) else site).patience = 3  # type: ignore[attr-defined, union-attr]
    with pytest.raises(PageChanged) as caught:
        read(site, BANNERS)
    assert caught.value.element == element


def read(site: Site, section: Section) -> CardPage:
    site.open_section(section)
    return site.read_page()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("list-500", SiteUnreachable),
        ("list-429", SiteBusy),
        ("list-expired", SignInNeeded),
        ("list-expired-form", SignInNeeded),
        ("page-expired-missed", SignInNeeded),
        ("page-502", SiteUnreachable),
        ("page-429", SiteBusy),
    ],
)
def test_a_site_in_trouble_is_named(site: Site, truth: Truth, fault: str, error: type[SiteError]) -> None:
    truth.settings(fault_s=LONG)  # longer than anybody waits for a page
    truth.faults(fault)
    with pytest.raises(SiteError) as caught:
        site.open_library() if fault.startswith("page") else site.open_section(BANNERS)
    assert (type(caught.value), bool(caught.value.remedy)) == (error, True)


@pytest.mark.parametrize("fault", ["page-429=1", "list-429=1", "list-slow=1"])
def test_a_site_that_is_busy_for_a_moment_is_waited_for(site: Site, truth: Truth, fault: str) -> None:
    truth.settings(fault_s=0.2)
    truth.faults(fault)
    site.open_library()
    site.open_section(BANNERS)
    assert list(site.read_page().cards) == shown(truth, BANNERS)[:12]
    assert truth.ask("faults") == {fault.removesuffix("=1"): 1}


def test_files_are_taken_and_their_cards_come_first_and_without_extension(
    site: Site, truth: Truth, files: list[Path]
) -> None:
    heard = Heard()
    assert hand_over(site, files, heard) == {f"{name}.png": TAKEN for name in "abc"}
    assert [(told[-1], {*told[:-1]} <= {PROCESSING}) for told in heard.values()] == [(TAKEN, True)] * 3
    site.wait_for_names(["a"], [], LONG)
    site.open_section(BANNERS)
    assert {card.name for card in site.read_page().cards[:3]} == set("abc")
    assert sorted(truth.received()) == ["a.png", "b.png", "c.png"]


def test_a_card_that_comes_later_is_waited_for_and_comes_by_itself(site: Site, truth: Truth, files: list[Path]) -> None:
    truth.settings(card_delay_s=0.7)
    before = truth.add("Static Banner", "a")
    truth.settings(drops_duplicates=False)
    assert hand_over(site, files[:1]) == {"a.png": TAKEN}
    assert [card.name for card in site.read_page().cards].count("a") == 1
    site.wait_for_names(["a"], [before], LONG)
    assert [card.name for card in site.read_page().cards][:2] == ["a", "a"]


def test_a_wait_for_a_card_is_cut_short(site: Site) -> None:
    site.open_section(BANNERS)
    answers = iter([False, True])  # after which it asks no more
    site.wait_for_names(["nobody's"], [], LONG, lambda: next(answers))
    assert not list(answers)


def test_a_wait_for_a_card_that_never_comes_ends(site: Site) -> None:
    site.open_section(BANNERS)
    site.wait_for_names(["nobody's"], [], 0.3)
    assert "nobody's" not in {card.name for card in site.read_page().cards}


@pytest.mark.parametrize("script", [{"outcome": "drop"}, None])
def test_a_file_that_is_dropped_in_silence_is_said_to_be_taken(
    site: Site, truth: Truth, files: list[Path], script: dict[str, object] | None
) -> None:
    if script:
        truth.script({"a.png": script})
    else:
        truth.add("Static Banner", "a")
    before = truth.named("a")
    assert hand_over(site, files[:1]) == {"a.png": TAKEN}
    assert truth.named("a") == before


def test_a_refused_file_comes_with_the_sites_own_reason_and_spoils_no_other(
    site: Site, truth: Truth, files: list[Path]
) -> None:
    truth.script({"b.png": {"outcome": "error", "message": "Too many <colours>."}})
    heard = Heard()
    refused = FileResult(FileState.REFUSED, "Too many <colours>.")
    assert hand_over(site, files, heard) == {"a.png": TAKEN, "b.png": refused, "c.png": TAKEN}
    assert heard["b.png"][-1] == refused


def test_a_file_that_the_section_does_not_take_is_refused(site: Site, files: list[Path]) -> None:
    site.open_section(Section.NATIVE_STATIC_BANNER)
    site.open_upload_panel()
    told = site.hand_over(files[:1], Heard(), stalled_after=LONG)["a.png"]
    assert told == FileResult(FileState.REFUSED, "The size is 300x250; Native Static Banner takes 640x360.")


@pytest.mark.parametrize(
    ("fault", "late", "outcomes", "state", "message"),
    [
        ("upload-refused-mute=1", 0.4, ["refused"], FileState.REFUSED, ""),
        ("upload-500=1", 0.4, [], FileState.LOST, "the site answered it with the error 500"),
        ("upload-taken-502=1", 0.4, ["accepted"], FileState.LOST, "the site answered it with the error 502"),
        ("upload-stuck=1", 0.4, ["accepted"], FileState.STALLED, "no change within 5 s"),
        ("upload-429=1", 0.4, ["accepted"], FileState.TAKEN, ""),
        ("upload-429", 9, [], FileState.REFUSED, "the site is asked too much (429) and wants no file for 9 s"),
    ],
)
def test_the_sites_word_on_a_file_under_a_fault(
    site: Site,
    truth: Truth,
    files: list[Path],
    fault: str,
    late: float,
    outcomes: list[str],
    state: FileState,
    message: str,
) -> None:
    truth.settings(fault_s=late)
    truth.faults(fault)
    heard, result = Heard(), FileResult(state, message)
    assert hand_over(site, files[:1], heard, after=5) == {"a.png": result}
    assert [one["outcome"] for one in truth.ask("received")] == outcomes
    assert {*heard["a.png"]} <= {QUEUED, PROCESSING, result}


def test_only_the_files_that_show_no_change_are_stalled(site: Site, truth: Truth, files: list[Path]) -> None:
    truth.faults("upload-stuck=1")
    results = hand_over(site, files, after=5)
    assert sorted(one.state.value for one in results.values()) == ["stalled", "taken", "taken"]
    assert sorted(truth.received()) == ["a.png", "b.png", "c.png"]


def test_a_file_that_is_gone_is_named_and_nothing_goes_up(site: Site, truth: Truth, files: list[Path]) -> None:
    files[1].unlink()
    with pytest.raises(SiteError, match=r"b\.png"):
        hand_over(site, files)
    assert truth.received() == []


def test_a_name_that_needs_quoting_arrives_as_a_browser_sends_it(site: Site, truth: Truth, files: list[Path]) -> None:
    odd = files[0].with_name('say "hi"\n100%22 ❄.png')
    files[0].rename(odd)
    assert hand_over(site, [odd]) == {odd.name: TAKEN}
    assert truth.received() == ["say %22hi%22%0A100%22 ❄.png"]


def test_a_session_that_expires_between_two_pages_is_noticed(workspace: Workspace, site: Site, truth: Truth) -> None:
    site.open_section(VIDEOS)
    expire(truth)
    with pytest.raises(SignInNeeded, match="tjtools login"):
        site.read_on()
    with pytest.raises(SignInNeeded, match="tjtools login"):
        connect(workspace, load_settings(workspace), say=print)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda site, _: site.open_section(BANNERS), id="open_section"),
        pytest.param(lambda site, _: site.open_library(), id="open_library"),
        pytest.param(lambda site, _: site.renew(), id="renew"),
        pytest.param(lambda site, files: site.hand_over(files, Heard(), stalled_after=LONG), id="hand_over"),
    ],
)
def test_an_expired_session_ends_what_asks_the_site(
    site: Site, truth: Truth, files: list[Path], ask: Callable[[Site, list[Path]], object]
) -> None:
    site.open_section(BANNERS)
    site.open_upload_panel()
    expire(truth)
    with pytest.raises(SignInNeeded, match="tjtools login"):
        ask(site, files)
    assert truth.received() == []


def test_after_a_new_sign_in_the_work_goes_on(workspace: Workspace, site: Site, truth: Truth) -> None:
    expire(truth)
    with pytest.raises(SignInNeeded):
        site.open_library()
    person = threading.Thread(target=sign_in_by_hand, args=(site,))
    person.start()
    site.sign_in("demo", "demo", timeout=LONG)
    person.join()
    site.open_library()
    connect(workspace, load_settings(workspace), say=print).close()


def sign_in_by_hand(site: Site) -> None:
    """The test is the person where there is a window; the fake brings its own."""

    async def solve() -> None:
        context = site._context  # type: ignore[attr-defined]
        page = context.pages[1] if len(context.pages) > 1 else await context.wait_for_event("page")
        await page.wait_for_function("() => (document.querySelector('input[type=password]') || {}).value")
        await page.locator("input[type=checkbox]").first.check()
        await page.locator("input#submitBtn:not([disabled])").click()

    if isinstance(site, Site):
        assert site._thread
        site._thread.run(solve())


def test_an_unchanged_page_passes_its_inspection(site: Site) -> None:
    for section in (BANNERS, Section.NATIVE_ROLLOVER):
        site.open_section(section)
        assert site.inspect_section(section).changed == ()
    site.open_upload_panel()
    assert site.inspect_upload_panel().changed == ()


def test_a_picture_of_the_page_is_kept(site: Site, tmp_path: Path) -> None:
    site.screenshot(tmp_path / "pictures" / "page.png")
    assert (tmp_path / "pictures" / "page.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_it_goes_on_in_a_new_tab(site: Site, truth: Truth, files: list[Path]) -> None:
    assert hand_over(site, files[:1]) == {"a.png": TAKEN}
    site.renew()
    assert hand_over(site, files[1:]) == {"b.png": TAKEN, "c.png": TAKEN}
    site.open_section(BANNERS)
    assert list(site.read_page().cards) == shown(truth, BANNERS)[:12]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda site, _: site.open_section(VIDEOS), id="open_section"),
        pytest.param(lambda site, _: site.wait_for_names(["nobody's"], [], LONG), id="wait_for_names"),
        pytest.param(lambda site, files: site.hand_over(files, Heard(), stalled_after=LONG), id="hand_over"),
    ],
)
def test_a_person_can_stop_it_in_the_middle(
    workspace: Workspace, truth: Truth, files: list[Path], ask: Callable[[Site, list[Path]], object]
) -> None:
    stop = threading.Event()
    with closing(connect(workspace, load_settings(workspace), say=print, cancelled=stop.is_set)) as site:
        site.open_section(BANNERS)
        site.open_upload_panel()
        truth.settings(latency_ms=60_000)
        person = threading.Timer(0.2, stop.set)
        person.start()
        with pytest.raises(Cancelled):
            ask(site, files)
    person.join()


def test_what_is_closed_says_so(site: Site) -> None:
    site.close()
    site.close()
    with pytest.raises(SiteError, match="not open"):
        site.open_section(BANNERS)
    with pytest.raises(SiteError, match="not open"):
        site.read_page()


def test_without_a_saved_sign_in_it_does_not_open(workspace: Workspace) -> None:
    workspace.browser_session.unlink()
    with pytest.raises(SignInNeeded, match="tjtools login"):
        connect(workspace, load_settings(workspace), say=print)
    workspace.browser_session.write_text("[]", "utf-8")
    with pytest.raises(SignInNeeded, match="holds no browser session"):
        connect(workspace, load_settings(workspace), say=print)


def test_a_workspace_of_no_site_opens_none(bare_workspace: Workspace) -> None:
    with pytest.raises(SiteMismatch, match="does not say which site"):
        site_of(bare_workspace, load_settings(bare_workspace), say=print)
