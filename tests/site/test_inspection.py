"""Inspections of the sandbox's pages: what has changed is named, and what is kept of it holds nobody's data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from world import NOW, Truth

from tjtools.health.doctor import examine_site
from tjtools.model.creative import Section
from tjtools.scrape.connection import site_of
from tjtools.site import ElementState, Inspection, Site, redaction
from tjtools.site import inspection as module
from tjtools.site.inspection import KEPT, keep_evidence
from tjtools.site.redaction import Evidence, take_evidence
from tjtools.site.sitepage import load_selectors
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

NAMES = [f"{page}.{element}" for page, elements in load_selectors().items() for element in elements]
# What is changed at a time: what hides others has its own turn, and all the rest comes at once.
TURNS = (
    {"library.path"},
    {"library.static_tab", "library.video_tab", "library.in_stream_tab", "library.native_tab"},
    {"library.total", "upload.open"},
    {"card.card", "library.next_text"},
    {"sign_in.cookie_accept"},  # the banner then covers the page
)
# Nobody can tell that what is not always there has changed; and a next link is known by more than its text.
BOX = {"library.overlay", "library.box", "library.box_button", "library.box_close"}
OUT = {"sign_in.signed_out", "sign_in.missed", "sign_in.missed_text"}
NEVER_CHANGED = {"sign_in.cookie_accept", "sign_in.signed_in_text", "library.next_text", *BOX, *OUT}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLING", 0.2)


@pytest.fixture
def site(workspace: Workspace, real_site: None) -> Iterator[Site]:
    with opened(workspace) as site:
        yield site


def opened(workspace: Workspace) -> Site:
    return site_of(workspace, load_settings(workspace), say=lambda _: None)


def states(inspection: Inspection) -> dict[str, ElementState]:
    return {one.name: one.state for one in inspection.elements}


def changed(name: str) -> str:
    page, element = name.split(".")
    slash = "/" if load_selectors()[page][element].startswith("/") else ""
    return f'{page}.{element} = "{slash}renamed"\n'


@pytest.mark.parametrize("turn", [*TURNS, set(NAMES).difference(*TURNS)], ids=lambda turn: min(turn))
def test_each_element_that_changes_is_named(
    workspace: Workspace, truth: Truth, real_site: None, turn: set[str]
) -> None:
    """The site is the same, its selectors aren't."""
    workspace.selectors_file.write_text("".join(map(changed, sorted(turn))), "utf-8")
    unopened = opened(workspace)
    unopened.patience = 10  # a busy machine loads a page in less
    with unopened as site:
        inspection = site.inspect()
    found = {one.name: one for one in inspection.elements if one.name in turn}
    assert {name: one.state for name, one in found.items()} == {
        name: ElementState.NOT_SEEN if name in NEVER_CHANGED else ElementState.CHANGED for name in turn
    }
    assert inspection.evidence or turn <= NEVER_CHANGED
    assert all(one.selector.endswith("renamed") for one in found.values())


def test_on_the_site_as_it_is_all_is_seen_but_what_is_not_there(site: Site, truth: Truth) -> None:
    held = truth.creatives()
    inspection = site.inspect()
    unseen = dict.fromkeys([*BOX, *OUT], ElementState.NOT_SEEN)
    assert states(inspection) == dict.fromkeys(NAMES, ElementState.OK) | unseen
    assert (inspection.evidence, truth.received(), truth.creatives()) == ((), [], held)


def test_a_slow_site_is_not_a_changed_one(site: Site, truth: Truth) -> None:
    truth.settings(latency_ms=600)
    assert site.inspect().changed == ()


def test_a_section_without_cards_proves_nothing_of_cards(site: Site, truth: Truth) -> None:
    for creative_id in truth.creatives():
        truth.ask(f"creatives/{creative_id}", "DELETE")
    found = states(site.inspect())
    assert {name for name, state in found.items() if state is ElementState.NOT_SEEN} == {
        "library.next_page", "library.next_text", *BOX, *OUT, *(name for name in NAMES if name.startswith("card.")),
    }  # fmt: skip
    assert ElementState.CHANGED not in found.values()


def test_a_box_that_covers_the_page_is_told_and_nothing_behind_it_is_clicked(site: Site, truth: Truth) -> None:
    truth.faults("page-modal")
    inspection = site.inspect()
    assert [one.name for one in inspection.changed] == ["library.overlay"]
    assert states(inspection)["card.card"] is ElementState.NOT_SEEN


def serve_otherwise(site: Site, change: Callable[[str], str]) -> None:
    """From now on the Media Library's page is served as `change` makes it."""

    async def serve(route: Any) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=change(await answer.text()))

    assert site._thread
    site._thread.run(site._context.route("**/media-library", serve))


def test_a_page_that_is_served_otherwise_is_told_with_the_selector(site: Site, truth: Truth) -> None:
    serve_otherwise(site, lambda html: html.replace('id="static_tab"', 'id="still_tab"'))
    inspection = site.inspect()
    assert [(one.name, one.selector, one.found) for one in inspection.changed] == [
        ("library.static_tab", "a#static_tab", "nothing")
    ]
    [page] = inspection.evidence
    assert (page.place, 'id="still_tab"' in page.html) == ("media_library", True)


def test_what_comes_a_moment_after_the_page_has_come_to_rest_is_waited_for(
    site: Site, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLING", 10)
    late = "<script>setTimeout(() => { document.getElementById('still_tab').id = 'static_tab'; }, 1000);</script>"
    serve_otherwise(site, lambda html: html.replace('id="static_tab"', 'id="still_tab"').replace("</body>", late))
    assert site.inspect().changed == ()


SECRETS = """
<p>Account NAME, NAME@example.com</p><!-- NAME --><a href="/campaigns?token=NAME">NAME</a>
<input type="hidden" name="csrf" value="NAME"><input value="NAME" placeholder="NAME"><textarea>NAME</textarea>
<script>window.session = "NAME";</script><div data-account="NAME" title="NAME" style="--account: NAME"></div>
<style>.NAME::after { content: "NAME" }</style><iframe srcdoc="<p>NAME</p>"></iframe><img src="/cdn/NAME" alt="NAME">
<svg width="200" height="20"><text y="15">NAME</text></svg><button>NAME</button><select><option>NAME</option></select>
"""


def evidence_with(site: Site, name: str) -> Evidence:
    """What is kept of a library's page that shows this name all over."""
    serve_otherwise(site, lambda html: html.replace("<main>", "<main>" + SECRETS.replace("NAME", name)))
    site.open_library()
    assert site._thread
    assert site._library
    return site._thread.run(take_evidence(site._library.page, "page"))


def test_no_secret_of_the_page_is_in_what_is_kept(site: Site, workspace: Workspace, truth: Truth) -> None:
    ids, names = truth.creatives().keys(), {one["name"] for one in truth.creatives().values()}
    [session] = json.loads(workspace.browser_session.read_text("utf-8"))["cookies"]
    kept = evidence_with(site, "Kd7QuietHarbour")
    assert 'class="creativeContainer' in kept.html
    told = {"Kd7QuietHarbour", session["value"], "1,250", *ids, *names}
    assert [secret for secret in told if secret in kept.html] == []


def test_the_picture_does_not_depend_on_what_the_texts_say(site: Site, truth: Truth) -> None:
    site.open_library()
    site.open_section(Section.STATIC_BANNER)  # which answers the cookie banner
    one, other = (evidence_with(site, name) for name in ("Kd7QuietHarbour", "Wm4LoudMountain"))
    assert one.picture == other.picture
    assert one.picture != evidence_with(site, "K7").picture  # shorter texts are drawn shorter
    assert one.html == other.html


def test_a_page_whose_style_sheets_do_not_come_is_drawn_without(
    site: Site, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    styled = evidence_with(site, "K7").picture
    monkeypatch.setattr(redaction, "_STYLES", 1)
    assert evidence_with(site, "K7").picture not in (styled, b"")


def test_a_selector_that_is_more_than_css_is_understood(workspace: Workspace, truth: Truth, real_site: None) -> None:
    workspace.selectors_file.write_text("library.static_tab = \"a:text('Static Banner')\"\n", "utf-8")
    with opened(workspace) as site:
        assert states(site.inspect())["library.static_tab"] is ElementState.OK


def test_evidence_of_the_last_ten_inspections_is_kept(workspace: Workspace) -> None:
    page = Evidence("sign_in", "<p>xxx</p>", b"png")
    for number in range(KEPT + 2):
        keep_evidence([page], workspace, NOW + timedelta(minutes=number))
    folders = sorted(workspace.inspections.iterdir())
    assert [folder.name for folder in folders] == [f"20251113T12{number:02}00" for number in range(2, KEPT + 2)]
    assert [(path.name, path.read_bytes()) for path in sorted(folders[0].iterdir())] == [
        ("sign_in.html", b"<p>xxx</p>"),
        ("sign_in.png", b"png"),
    ]


def doctor(workspace: Workspace) -> Any:
    return examine_site(workspace.root, cwd=Path("/"), now=NOW, say=lambda _: None)


def test_doctor_names_what_has_changed_and_where_the_redacted_pages_are(workspace: Workspace, real_site: None) -> None:
    workspace.selectors_file.write_text('card.name = "label.renamed"\n', "utf-8")
    finding = doctor(workspace)
    folder = workspace.inspections / "20251113T120000"
    assert finding.found == f"changed: card.name; redacted pages: {folder}"
    assert sorted(path.name for path in folder.iterdir()) == ["static_banner.html", "static_banner.png"]
    assert [one.selector for one in finding.elements if one.state is ElementState.CHANGED] == ["label.renamed"]


def test_without_a_sign_in_doctor_says_how_to_make_one(workspace: Workspace, truth: Truth, real_site: None) -> None:
    truth.ask("sessions", "DELETE")
    expired = doctor(workspace)
    workspace.browser_session.unlink()
    missing = doctor(workspace)
    assert [(one.well, one.remedy, one.elements) for one in (expired, missing)] == [
        (False, "Run: tjtools login", ())
    ] * 2


@pytest.mark.parametrize("shown", ["late", "missed", "form"])
def test_a_shell_that_loads_for_nobody_is_no_changed_page_to_doctor(
    workspace: Workspace, truth: Truth, real_site: None, shown: str
) -> None:
    truth.settings(fault_s=1.5)  # later than the page comes to rest and is looked at
    truth.faults(f"page-expired-{shown}")
    finding = doctor(workspace)
    assert (finding.well, finding.remedy, finding.elements) == (False, "Run: tjtools login", ())


def test_where_nothing_shows_an_account_doctor_says_to_sign_in_first(
    workspace: Workspace, truth: Truth, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.selectors_file.write_text('sign_in.signed_in = "a.no"\nsign_in.signed_in_text = "no"\n', "utf-8")
    monkeypatch.setattr(Site.__init__, "__kwdefaults__", Site.__init__.__kwdefaults__ | {"patience": 10})
    finding = doctor(workspace)
    assert ("changed: sign_in.signed_in;" in finding.found, "first run tjtools login" in finding.remedy) == (True, True)
