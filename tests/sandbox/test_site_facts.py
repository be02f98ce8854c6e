"""The referee: each known fact of the site is one case here, tried on the sandbox with plain Playwright.

Nothing of the driver or of the sandbox is imported. What passes here is what a client that somebody else wrote for
the real site finds on the sandbox, with nothing changed but the address.
"""

import base64
import json
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    StorageState,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Request as PlaywrightRequest

from tjtools.practice.samples import write_image, write_video


class Section(NamedTuple):
    """How a section is chosen, and how many creatives the account held there."""

    tab: str
    sub_tab: str | None
    held: int


SECTIONS = {
    "Static Banner": Section('a#static_tab[href="#static"]', None, 21),
    "Video Banners": Section('a#video_tab[href="#video"]', None, 170),
    "In-Stream Video": Section('a#in_stream_video_tab[href="#in_stream_video"]', None, 99),
    "Native Static Banner": Section('a#native_tab[href="#native"]', "label.native_static", 99),
    "Native Rollover": Section('a#native_tab[href="#native"]', "label.native_rollover", 92),
}
FITTING = {
    "Static Banner": "300x250 png",
    "Video Banners": "300x250 mp4 5 s",
    "In-Stream Video": "640x360 mp4 6 s",
    "Native Static Banner": "640x360 png",
    "Native Rollover": "640x360 mp4 4 s",
}
WITHIN = [
    ("Native Static Banner", "640x360 png"),
    ("Native Static Banner", "640x360 jpg"),
    ("Native Static Banner", "640x360 png 300000 bytes"),
    ("Native Rollover", "640x360 mp4 4 s"),
    ("Native Rollover", "640x360 mp4 6 s"),  # 4 s is a convention, not a limit
    ("In-Stream Video", "640x360 mp4 5 s"),
    ("In-Stream Video", "640x360 mp4 31 s"),
    ("Static Banner", "300x250 gif"),
    ("Static Banner", "300x250 png"),
    ("Static Banner", "300x250 jpg"),
    ("Static Banner", "300x100 gif"),
    ("Static Banner", "300x100 png"),
    ("Static Banner", "300x100 jpg"),
    ("Video Banners", "300x250 mp4 5 s"),
    ("Video Banners", "320x480 mp4 5 s"),
    ("Video Banners", "950x250 mp4 5 s"),
    ("Video Banners", "300x100 mp4 5 s"),
    ("Video Banners", "970x90 mp4 5 s"),
    ("Video Banners", "468x60 mp4 5 s"),
]
OUTSIDE = [
    ("Native Static Banner", "300x250 png"),
    ("Native Static Banner", "642x360 png"),
    ("Native Static Banner", "640x362 jpg"),
    ("Native Static Banner", "640x360 png 300001 bytes"),
    ("Native Static Banner", "640x360 jpg 300001 bytes"),
    ("Native Static Banner", "640x360 gif"),
    ("Native Static Banner", "640x360 mp4 4 s"),
    ("Native Rollover", "300x250 mp4 4 s"),
    ("Native Rollover", "642x360 mp4 4 s"),
    ("Native Rollover", "640x360 png"),
    ("In-Stream Video", "640x360 mp4 4.5 s"),
    ("In-Stream Video", "640x360 mp4 31.5 s"),
    ("In-Stream Video", "640x360 png"),
    ("Static Banner", "124x78 png"),
    ("Static Banner", "300x250 mp4 5 s"),
    ("Video Banners", "124x78 mp4 5 s"),
    ("Video Banners", "300x250 gif"),
]
CARD = "div.creativeContainer.globalCreativeContainer"
FILE_INPUT = "input[type=file]"
SUCCESS = "div.dz-preview.dz-success.dz-complete"
ERROR = "div.dz-preview.dz-error.dz-complete"
SIGN_IN = re.compile(r"/sign-in([?#].*)?$")
EXTENSION = re.compile(r"\.(png|jpe?g|gif|mp4)$", re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d\d|\d+/\d+/\d+|\d+\.\d+\.\d{4}|\b20[0-3]\d\b|:\d\d|\bago\b|upload", re.IGNORECASE)
IDS_ARE_SHOWN = """ids => {
    const shown = [...document.querySelectorAll(".creativeContainer")].map(card => card.dataset.id);
    return shown.length === Math.min(12, ids.length) && shown.every(id => ids.includes(id));
}"""

every_section = pytest.mark.parametrize("section", SECTIONS)


class Control:
    """The sandbox's control endpoints: what a test sets up and looks up behind the site's back."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.opener = build_opener(ProxyHandler({}))

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self.origin}/_sandbox/{path}", data, headers, method=method)  # noqa: S310 (loopback)
        with self.opener.open(request, timeout=20) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def creatives(self, section: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"creatives?section={section.replace(' ', '%20')}")
        return found

    def ids(self, section: str) -> list[str]:
        return [creative["creative_id"] for creative in self.creatives(section)]

    def names(self, section: str) -> list[str]:
        return [creative["name"] for creative in self.creatives(section)]

    def add(self, section: str, name: str, **more: str) -> str:
        added: str = self.call("POST", "creatives", {"section": section, "name": name, **more})["creative_id"]
        return added

    def remove(self, identity: str) -> None:
        self.call("DELETE", f"creatives/{identity}")

    def set(self, **settings: object) -> None:
        self.call("PUT", "settings", settings)

    def expire_sessions(self) -> None:
        self.call("DELETE", "sessions")


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    command = [sys.executable, "-m", "tjtools", "sandbox", "--port", "0", "--data"]
    with (
        tempfile.TemporaryDirectory() as data,
        subprocess.Popen([*command, data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        assert process.stdout
        said = ""
        while not (ready := re.search(r"http://127\.0\.0\.1:\d+", said)):
            line = process.stdout.readline()
            assert line, f"the sandbox ended: {said}"
            said += line
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        yield ready[0]
        process.terminate()
        drain.join()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # the thumbnails are no part of any fact, and decoding them takes long
        # the second: a new page is shown by a process that is warm, where its window has one
        arguments = ["--blink-settings=imagesEnabled=false", "--renderer-process-limit=1"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def control(origin: str) -> Control:
    control = Control(origin)
    control.call("POST", "reset")
    return control


@pytest.fixture
def stranger(browser: Browser, control: Control) -> Iterator[Page]:
    """A page of somebody who was never here."""
    with browser.new_context(base_url=control.origin) as context:
        context.set_default_timeout(10_000)
        yield context.new_page()


@pytest.fixture(scope="module")
def acquaintance(browser: Browser, origin: str) -> StorageState:
    """What a browser keeps that has answered the cookie banner."""
    with browser.new_context(base_url=origin) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_role("button", name="Accept All").click()
        return context.storage_state()


@contextmanager
def signed_in(browser: Browser, control: Control, state: StorageState) -> Iterator[Page]:
    """A new page of somebody who is signed in."""
    session = control.call("POST", "session")
    with browser.new_context(base_url=control.origin, storage_state=state) as context:
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": session["cookie"], "value": session["value"], "url": control.origin}])
        yield context.new_page()


@pytest.fixture(scope="module")
def window(browser: Browser, origin: str, acquaintance: StorageState) -> Iterator[BrowserContext]:
    """Where one after the other works: its first page stays, and with it the process that shows the others."""
    assert not acquaintance["origins"]
    with browser.new_context(base_url=origin) as context:
        context.set_default_timeout(10_000)
        context.new_page()
        yield context


@pytest.fixture
def page(window: BrowserContext, control: Control, acquaintance: StorageState) -> Iterator[Page]:
    """A new page of somebody who has just signed in."""
    session = control.call("POST", "session")
    window.clear_cookies()
    window.add_cookies(acquaintance["cookies"])  # type: ignore[arg-type]
    window.add_cookies([{"name": session["cookie"], "value": session["value"], "url": control.origin}])
    yield window.new_page()
    for opened in window.pages[1:]:
        opened.close()


@pytest.fixture
def library(page: Page) -> Page:
    page.goto("/media-library")
    return page


def choose(page: Page, section: str) -> None:
    tab, sub_tab, _ = SECTIONS[section]
    page.click(tab)
    if sub_tab:
        page.click(sub_tab)


def open_section(page: Page, control: Control, section: str) -> None:
    choose(page, section)
    page.wait_for_function(IDS_ARE_SHOWN, arg=control.ids(section))


def ids(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(CARD, "cards => cards.map(card => card.dataset.id)")
    return found


def turn(page: Page) -> list[str]:
    """Turn to the next page; the creatives that it shows."""
    before = ids(page)
    page.locator("a.page-link", has_text="Next").click()
    page.wait_for_function(
        """before => {
            const shown = [...document.querySelectorAll(".creativeContainer")].map(card => card.dataset.id);
            return shown.length && shown.join() !== before.join();
        }""",
        arg=before,
    )
    return ids(page)


def next_item(page: Page) -> Locator:
    """The list item around the link to the next page."""
    return page.locator("li", has=page.locator("a.page-link", has_text="Next"))


def card_named(page: Page, name: str) -> Locator:
    return page.locator(CARD, has=page.locator(f'label.creativeName[title="{name}"]'))


@cache
def media(description: str) -> bytes:
    """A real file such as `300x250 png`, `640x360 png 300000 bytes` or `640x360 mp4 5 s`."""
    size, suffix, *more = description.split()
    width, height = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        if suffix == "mp4":
            write_video(path, width=width, height=height, seconds=float(more[0]), title="Sports", fps=2)
        else:
            write_image(path, width=width, height=height, title="Sports")
        content = path.read_bytes()
    return content.ljust(int(more[0]), b"\0") if "bytes" in more else content


def file(name: str, description: str) -> FilePayload:
    """A file to upload; the name gets the extension of the description."""
    suffix = description.split()[1]
    kind = {"jpg": "image/jpeg", "mp4": "video/mp4"}.get(suffix, f"image/{suffix}")
    return {"name": f"{name}.{suffix}", "mimeType": kind, "buffer": media(description)}


def upload(page: Page, *files: FilePayload) -> None:
    page.click("button#newImage")
    page.locator(FILE_INPUT).set_input_files(files)


def solve_captcha(page: Page) -> None:
    """What the person does."""
    page.get_by_role("checkbox", name="not a robot").click()


def sign_in(page: Page, user: str = "demo", password: str = "demo") -> None:  # noqa: S107 (the sandbox's own)
    page.goto("/sign-in")
    page.get_by_role("button", name="Accept All").click()
    page.locator('input[placeholder*="USERNAME"]').fill(user)
    page.locator("input[type=password]").fill(password)
    solve_captcha(page)
    page.locator("input#submitBtn").click()


@pytest.fixture(scope="module")
def door(browser: Browser, origin: str) -> Iterator[Page]:
    """The sign-in page, only to be looked at."""
    with browser.new_context(base_url=origin) as context:
        page = context.new_page()
        page.goto("/sign-in")
        yield page


@pytest.fixture(scope="module")
def still(browser: Browser, origin: str, acquaintance: StorageState) -> Iterator[Page]:
    """The Media Library with a known creative first in Native Rollover, only to be looked at."""
    control = Control(origin)
    control.call("POST", "reset")
    known = {"dimensions": "640x360", "file_type": ".mp4", "review_status": "approved"}
    control.add("Native Rollover", "VID_EN_Music_ID-75BC7B51-VID", **known)
    with signed_in(browser, control, acquaintance) as page:
        page.goto("/media-library")
        open_section(page, control, "Native Rollover")
        yield page


class Seen(NamedTuple):
    """The first page of a section, and what the section holds."""

    cards: list[dict[str, Any]]
    containers: int
    info: list[str]
    held: dict[str, str]

    def all(self, part: str) -> list[Any]:
        return [card[part] for card in self.cards]


READ = """cards => cards.map(card => {
    const read = (part, what) => [...card.querySelectorAll(part)].map(what).filter(Boolean);
    const text = part => read(part, found => found.textContent.trim());
    return {
        id: card.dataset.id, status: card.dataset.reviewStatus, text: card.textContent, times: read("time", () => 1),
        name: text("label.creativeName"), title: read("label.creativeName", label => label.title),
        bannerId: text("span.bannerId"), dimensions: text("span.dimensions"), fileType: text("span.fileType"),
        reviewStatus: read("span.reviewStatus", span => span.dataset.reviewStatus),
    };
})"""


@pytest.fixture(scope="module")
def tour(browser: Browser, origin: str, acquaintance: StorageState) -> dict[str, Seen]:
    """One look at each section of the untouched library."""
    control, seen = Control(origin), {}
    control.call("POST", "reset")
    with signed_in(browser, control, acquaintance) as page:
        page.goto("/media-library")
        for section in SECTIONS:
            open_section(page, control, section)
            info = page.get_by_text(re.compile(r"^Showing \d+ to \d+ of \d+ entries$")).filter(visible=True)
            seen[section] = Seen(
                cards=page.eval_on_selector_all(CARD, READ),
                containers=page.locator(".creativeContainer").count(),
                info=info.all_text_contents(),
                held={creative["creative_id"]: creative["name"] for creative in control.creatives(section)},
            )
    return seen


class Arrival(NamedTuple):
    """What came of an upload into a section."""

    first_name: str | None
    reloaded: bool
    holders: list[str]


@pytest.fixture(scope="module")
def arrivals(browser: Browser, origin: str, acquaintance: StorageState) -> dict[str, Arrival]:
    """One upload into each section, under a name of its own."""
    control, seen = Control(origin), {}
    control.call("POST", "reset")
    with signed_in(browser, control, acquaintance) as page:
        page.goto("/media-library")
        page.evaluate("window.stayed = true")
        for section, description in FITTING.items():
            name = f"Clip v1.2 for {section}"
            open_section(page, control, section)
            upload(page, file(name, description))
            card_named(page, name).wait_for()
            seen[section] = Arrival(
                first_name=page.locator(f"{CARD} label.creativeName").first.text_content(),
                reloaded=not page.evaluate("window.stayed"),
                holders=[holder for holder in SECTIONS if name in control.names(holder)],
            )
    return seen


class Verdict(NamedTuple):
    """What the site made of a file: the reason where it refused it, and whether a creative came of it."""

    classes: set[str]
    reason: str
    made: bool


Verdicts = dict[tuple[str, str], Verdict]


@pytest.fixture(scope="module")
def verdicts(browser: Browser, origin: str, acquaintance: StorageState) -> Verdicts:
    """Each file within and outside the limits, sent to its section in batches of at most 10."""
    control, seen = Control(origin), {}
    control.call("POST", "reset")
    with signed_in(browser, control, acquaintance) as page:
        for section in SECTIONS:
            tried = [description for holder, description in WITHIN + OUTSIDE if holder == section]
            page.goto("/media-library")
            open_section(page, control, section)
            upload(page, *(file(f"limits {description}", description) for description in tried))
            expect(page.locator("div.dz-preview.dz-complete")).to_have_count(len(tried))
            names = control.names(section)
            for description, preview in zip(tried, page.locator("div.dz-preview").all(), strict=True):
                seen[section, description] = Verdict(
                    classes=set((preview.get_attribute("class") or "").split()) & {"dz-success", "dz-error"},
                    reason=preview.locator("div.dz-error-message").text_content() or "",
                    made=f"limits {description}" in names,
                )
    return seen


# Addresses


def test_the_sign_in_page_stands_at_its_address(stranger: Page) -> None:
    reply = stranger.goto("/sign-in")
    assert reply
    assert reply.status == 200
    expect(stranger).to_have_url(SIGN_IN)
    expect(stranger.locator("input#submitBtn")).to_be_visible()


def test_sign_in_lands_on_campaigns(stranger: Page) -> None:
    sign_in(stranger)
    expect(stranger).to_have_url(re.compile(r"/campaigns$"))


def test_the_media_library_stands_at_its_address(page: Page) -> None:
    reply = page.goto("/media-library")
    assert reply
    assert reply.status == 200
    expect(page).to_have_url(re.compile(r"/media-library$"))


@pytest.mark.parametrize("address", ["/media-library", "/campaigns"])
def test_without_a_session_a_signed_in_address_redirects_to_sign_in(stranger: Page, address: str) -> None:
    stranger.goto(address)
    expect(stranger).to_have_url(SIGN_IN)


@pytest.mark.parametrize("address", ["/media-library", "/campaigns"])
def test_an_expired_session_redirects_to_sign_in(page: Page, control: Control, address: str) -> None:
    page.goto(address)
    expect(page).to_have_url(re.compile(f"{address}$"))
    control.expire_sessions()
    page.goto(address)
    expect(page).to_have_url(SIGN_IN)


# Sign-in


def test_a_cookie_banner_with_accept_all_covers_the_sign_in_page(stranger: Page) -> None:
    stranger.goto("/sign-in")
    accept = stranger.get_by_role("button", name="Accept All")
    expect(accept).to_be_visible()
    accept.click()
    expect(accept).to_be_hidden()


@pytest.mark.parametrize("selector", ['input[placeholder*="USERNAME"]', "input[type=password]"])
def test_sign_in_has_the_field(door: Page, selector: str) -> None:
    expect(door.locator(selector)).to_have_count(1)
    expect(door.locator(selector)).to_be_editable()


def test_sign_in_has_two_fields(door: Page) -> None:
    others = ("hidden", "submit", "checkbox", "button")
    expect(door.locator("input" + "".join(f":not([type={other}])" for other in others))).to_have_count(2)


@pytest.mark.parametrize(("attribute", "value"), [("type", "submit"), ("value", "LOG IN")])
def test_the_submit_button_has_its_attributes(door: Page, attribute: str, value: str) -> None:
    expect(door.locator("input#submitBtn")).to_have_attribute(attribute, value)


def test_the_submit_button_has_the_attribute_disabled(door: Page) -> None:
    expect(door.locator("input#submitBtn[disabled]")).to_have_count(1)


def test_credentials_alone_do_not_enable_the_submit_button(stranger: Page) -> None:
    stranger.goto("/sign-in")
    stranger.get_by_role("button", name="Accept All").click()
    stranger.locator('input[placeholder*="USERNAME"]').fill("demo")
    stranger.locator("input[type=password]").fill("demo")
    stranger.locator("input[type=password]").blur()
    expect(stranger.locator("input#submitBtn[disabled]")).to_have_count(1)


def test_the_solved_captcha_enables_the_submit_button(stranger: Page) -> None:
    stranger.goto("/sign-in")
    stranger.get_by_role("button", name="Accept All").click()
    solve_captcha(stranger)
    expect(stranger.locator("input#submitBtn:not([disabled])")).to_have_count(1)


@pytest.mark.parametrize(("user", "password"), [("demo", "wrong"), ("nobody", "demo")])
def test_wrong_credentials_say_so(stranger: Page, user: str, password: str) -> None:
    sign_in(stranger, user, password)
    expect(stranger.get_by_text("don't recognize these credentials", exact=True)).to_be_visible()


def test_wrong_credentials_give_no_session(stranger: Page) -> None:
    sign_in(stranger, "demo", "wrong")
    expect(stranger.get_by_text("don't recognize these credentials")).to_be_visible()
    stranger.goto("/media-library")
    expect(stranger).to_have_url(SIGN_IN)


def test_google_opens_a_popup_which_closes_and_the_first_window_is_signed_in(stranger: Page) -> None:
    stranger.goto("/sign-in")
    stranger.get_by_role("button", name="Accept All").click()
    with stranger.expect_popup() as opened:
        stranger.get_by_role("link", name="Google", exact=True).click()
    with opened.value.expect_event("close"), suppress(PlaywrightError):  # it may be gone before the click is through
        opened.value.get_by_role("button").click()
    expect(stranger).to_have_url(re.compile(r"/campaigns$"))
    expect(stranger.get_by_text("Account Balance")).to_be_visible()


def test_a_kept_session_is_used_again(browser: Browser, stranger: Page, tmp_path: Path, origin: str) -> None:
    sign_in(stranger)
    expect(stranger).to_have_url(re.compile(r"/campaigns$"))
    stranger.context.storage_state(path=tmp_path / "state.json")
    with browser.new_context(base_url=origin, storage_state=tmp_path / "state.json") as later:
        again = later.new_page()
        again.goto("/media-library")
        expect(again).to_have_url(re.compile(r"/media-library$"))


@pytest.mark.parametrize("address", ["/campaigns", "/media-library"])
def test_signed_in_the_page_shows_the_account_balance(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("Account Balance").first).to_be_visible()


@pytest.mark.parametrize("address", ["/campaigns", "/media-library"])
def test_signed_in_the_page_links_to_campaigns(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator('a[href*="/campaigns"]').first).to_be_visible()


def test_the_campaigns_page_shows_all_campaigns(page: Page) -> None:
    page.goto("/campaigns")
    expect(page.get_by_text("ALL CAMPAIGNS")).to_be_visible()


@pytest.mark.parametrize("sign", ["text=Account Balance", 'a[href*="/campaigns"]'])
def test_signed_out_the_page_shows_no_sign_of_an_account(door: Page, sign: str) -> None:
    expect(door.locator("input#submitBtn")).to_be_visible()
    expect(door.locator(sign)).to_have_count(0)


# Signed out, as seen in 2026


STAYING = {"missed": "h1:has-text('We missed you')", "form": "form[action*='login'] input[name=password]"}
LATE = 1500  # milliseconds; a page loads in much less
LOADED_AND_LEFT = re.compile(r"/(sign-in|login)$")


def show_no_account(page: Page) -> None:
    for sign in ("text=Account Balance", 'a[href*="/campaigns"]', CARD):
        expect(page.locator(sign)).to_have_count(0)


def expire(control: Control, place: str, shown: str) -> None:
    control.set(fault_s=LATE / 1000)
    control.call("PUT", "faults", [f"{place}-expired-{shown}"])


@pytest.mark.parametrize("address", ["/media-library", "/campaigns"])
@pytest.mark.parametrize("shown", ["late", *STAYING])
def test_signed_out_the_shell_loads_at_its_own_address(page: Page, control: Control, shown: str, address: str) -> None:
    expire(control, "page", shown)
    page.goto("/media-library")
    reply = page.goto(address)
    assert reply
    assert reply.status == 200
    expect(page).to_have_url(re.compile(f"{address}$"))
    show_no_account(page)


def test_signed_out_the_shell_may_leave_for_a_sign_in_page_late(page: Page, control: Control) -> None:
    expire(control, "page", "late")
    page.goto("/media-library")
    began = page.evaluate("performance.now()")
    assert began < LATE
    page.wait_for_url(LOADED_AND_LEFT)
    show_no_account(page)
    expect(page.locator("input[type=password]")).to_be_visible()


@pytest.mark.parametrize("shown", STAYING)
def test_signed_out_the_shell_may_stay_and_show_it_in_place(page: Page, control: Control, shown: str) -> None:
    expire(control, "page", shown)
    page.goto("/media-library")
    expect(page.locator(STAYING[shown])).to_be_visible()
    expect(page).to_have_url(re.compile("/media-library$"))


@pytest.mark.parametrize("shown", STAYING)
def test_a_session_that_expires_between_two_clicks_may_show_it_in_place(
    library: Page, control: Control, shown: str
) -> None:
    open_section(library, control, "Static Banner")
    expire(control, "list", shown)
    library.click("a#video_tab")
    expect(library.locator(STAYING[shown])).to_be_visible()
    expect(library).to_have_url(re.compile("/media-library$"))
    show_no_account(library)


def test_a_session_that_expires_between_two_clicks_may_show_it_late(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    expire(control, "list", "late")
    with library.expect_response("**/media-library/list*"):
        library.click("a#video_tab")
    expect(library).to_have_url(re.compile("/media-library$"))
    library.wait_for_url(LOADED_AND_LEFT)


def test_after_a_session_expired_an_upload_makes_no_creative_whatever_is_shown(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    library.click("button#newImage")
    expire(control, "upload", "form")
    library.locator(FILE_INPUT).set_input_files([file("too late", "300x250 png")])
    expect(library.locator(STAYING["form"])).to_be_visible()
    assert "too late" not in control.names("Static Banner")


def test_in_the_form_in_place_a_person_signs_in_again(page: Page, control: Control) -> None:
    expire(control, "page", "form")
    page.goto("/media-library")
    page.locator('input[placeholder*="USERNAME"]').fill("demo")
    page.locator("form[action*='login'] input[name=password]").fill("demo")
    solve_captcha(page)
    page.locator("input#submitBtn").click()
    expect(page.get_by_text("Account Balance")).to_be_visible()


# The Media Library page


def test_the_heading_contains_media_library(still: Page) -> None:
    heading = still.get_by_role("heading").filter(has_text="MEDIA LIBRARY").first
    expect(heading).to_be_visible()
    expect(heading).to_contain_text("MEDIA LIBRARY")


@pytest.mark.parametrize("tab", dict.fromkeys(section.tab for section in SECTIONS.values()))
def test_the_tab_is_a_link_with_class_tab(still: Page, tab: str) -> None:
    expect(still.locator(tab)).to_have_count(1)
    expect(still.locator(tab)).to_have_class(re.compile(r"\btab\b"))
    expect(still.locator(tab)).to_be_visible()


def test_there_are_four_tabs(still: Page) -> None:
    expect(still.locator("a.tab")).to_have_count(4)


@pytest.mark.parametrize(("name", "value"), [("native_static", "0"), ("native_rollover", "1")])
def test_the_native_sub_tab_is_a_radio_button_inside_its_label(still: Page, name: str, value: str) -> None:
    expect(still.locator(f"label.{name}")).to_be_visible()
    radio = still.locator(f"label.{name} input#{name}[type=radio][name=native_type]")
    expect(radio).to_have_attribute("value", value)


def test_native_has_two_sub_tabs(still: Page) -> None:
    expect(still.locator("input[type=radio][name=native_type]")).to_have_count(2)


@every_section
def test_choosing_its_tab_shows_the_section(library: Page, control: Control, section: str) -> None:
    choose(library, section)
    library.wait_for_function(IDS_ARE_SHOWN, arg=control.ids(section))


@pytest.mark.parametrize(
    ("radio", "section"),
    [("input#native_rollover", "Native Rollover"), ("input#native_static", "Native Static Banner")],
)
def test_the_radio_button_itself_chooses_the_sub_tab(library: Page, control: Control, radio: str, section: str) -> None:
    other = ({"Native Rollover", "Native Static Banner"} - {section}).pop()
    open_section(library, control, other)
    library.eval_on_selector(radio, "radio => radio.click()")
    library.wait_for_function(IDS_ARE_SHOWN, arg=control.ids(section))
    expect(library.locator(radio)).to_be_checked()


WATCH_A_CHOICE = """async ([selector, ids]) => {
    const shown = () => [...document.querySelectorAll(".creativeContainer")].map(card => card.dataset.id);
    const before = shown();
    const start = performance.now();
    document.querySelector(selector).click();
    const after = shown();
    await new Promise(done => new MutationObserver((_, watch) => {
        if (!shown().some(id => ids.includes(id))) return;
        watch.disconnect();
        done();
    }).observe(document.body, {childList: true, subtree: true}));
    return {before, after, lag: performance.now() - start};
}"""
CHOICES = pytest.mark.parametrize(
    ("chosen", "first", "selector"),
    [
        ("Video Banners", "Static Banner", "a#video_tab"),
        ("Native Rollover", "Native Static Banner", "label.native_rollover"),
    ],
)


@CHOICES
def test_just_after_a_choice_the_old_cards_or_none_are_there(
    library: Page, control: Control, chosen: str, first: str, selector: str
) -> None:
    open_section(library, control, first)
    seen = library.evaluate(WATCH_A_CHOICE, [selector, control.ids(chosen)])
    assert seen["before"]
    assert seen["after"] in ([], seen["before"])


@CHOICES
def test_the_list_can_take_its_time_to_reload(
    library: Page, control: Control, chosen: str, first: str, selector: str
) -> None:
    open_section(library, control, first)
    control.set(latency_ms=300)
    assert library.evaluate(WATCH_A_CHOICE, [selector, control.ids(chosen)])["lag"] >= 300


@every_section
def test_any_section_can_be_the_one_shown_at_first(page: Page, control: Control, section: str) -> None:
    control.set(first_section=section)
    page.goto("/media-library")
    page.wait_for_function(IDS_ARE_SHOWN, arg=control.ids(section.replace("Native Rollover", "Native Static Banner")))


def test_after_a_load_of_the_page_the_native_tab_shows_its_static_banners(library: Page, control: Control) -> None:
    open_section(library, control, "Native Rollover")
    library.reload()
    library.wait_for_function(IDS_ARE_SHOWN, arg=control.ids("Native Static Banner"))
    open_section(library, control, "Static Banner")
    library.click(SECTIONS["Native Static Banner"].tab)
    library.wait_for_function(IDS_ARE_SHOWN, arg=control.ids("Native Static Banner"))


@every_section
def test_only_the_open_sections_cards_are_in_the_page(tour: dict[str, Seen], section: str) -> None:
    assert tour[section].containers == len(tour[section].cards)
    assert set(tour[section].all("id")) <= set(tour[section].held)


@pytest.mark.parametrize("name", ["jQuery", "$"])
def test_the_page_has_jquery(still: Page, name: str) -> None:
    assert still.evaluate("name => window[name]('a.tab').length", name) == 4


def test_the_list_is_a_datatable(still: Page) -> None:
    assert still.evaluate("jQuery.fn.dataTable.tables().length") == 1


def test_the_page_comes_to_rest(page: Page) -> None:
    begun: list[PlaywrightRequest] = []
    ended: list[PlaywrightRequest] = []
    page.on("request", lambda request: begun.append(request))
    page.on("requestfinished", lambda request: ended.append(request))
    page.goto("/media-library", wait_until="networkidle")
    assert {request.url for request in begun} == {request.url for request in ended}


def test_the_page_opens_no_stream(page: Page) -> None:
    streams: list[str] = []
    page.on("websocket", lambda stream: streams.append(stream.url))
    page.on("request", lambda request: streams.extend([request.url] * (request.resource_type == "eventsource")))
    page.goto("/media-library", wait_until="networkidle")
    assert streams == []


@every_section
def test_a_page_shows_12_creatives(tour: dict[str, Seen], section: str) -> None:
    assert len(tour[section].cards) == 12


def test_next_turns_the_page(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    first = ids(library)
    second = turn(library)
    assert len(second) == 9
    assert sorted(first + second) == sorted(control.ids("Static Banner"))


def test_before_the_last_page_next_is_not_disabled(still: Page) -> None:
    expect(next_item(still)).not_to_have_class(re.compile(r"\bdisabled\b"))


def test_on_the_last_page_nexts_list_item_is_disabled(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    turn(library)
    expect(next_item(library)).to_have_class(re.compile(r"\bdisabled\b"))


def test_nexts_list_item_is_its_parent(still: Page) -> None:
    expect(still.locator("li > a.page-link", has_text=re.compile("^Next$"))).to_have_count(1)


def test_on_an_only_page_nexts_list_item_is_disabled(page: Page, control: Control) -> None:
    for identity in control.ids("Static Banner")[12:]:
        control.remove(identity)
    page.goto("/media-library")
    open_section(page, control, "Static Banner")
    expect(next_item(page)).to_have_class(re.compile(r"\bdisabled\b"))


def test_next_leads_to_every_creative_once(library: Page, control: Control) -> None:
    open_section(library, control, "Native Rollover")
    pages = [ids(library)]
    while "disabled" not in (next_item(library).get_attribute("class") or "").split():
        pages.append(turn(library))
    assert [len(page) for page in pages] == [12] * 7 + [8]
    assert sorted(identity for page in pages for identity in page) == sorted(control.ids("Native Rollover"))


@every_section
def test_the_info_line_tells_the_total(tour: dict[str, Seen], section: str) -> None:
    assert tour[section].info == [f"Showing 1 to 12 of {SECTIONS[section].held} entries"]


def test_the_info_line_follows_the_page(library: Page, control: Control) -> None:
    open_section(library, control, "Video Banners")
    turn(library)
    expect(library.get_by_text("Showing 13 to 24 of 170 entries")).to_be_visible()


# A card


@pytest.mark.parametrize(
    ("part", "attributes", "text"),
    [
        (":scope", {"data-review-status": "approved"}, None),
        (
            "label.creativeName.checkboxLabel.mb-0",
            {"title": "VID_EN_Music_ID-75BC7B51-VID"},
            "VID_EN_Music_ID-75BC7B51-VID",
        ),
        ("span.bannerId", {}, "ID"),
        ("span.dimensions", {}, "640x360"),
        ("span.fileType", {}, ".mp4"),
        ("span.reviewStatus", {"data-review-status": "approved"}, None),
    ],
)
def test_a_card_has_the_part(still: Page, part: str, attributes: dict[str, str], text: str | None) -> None:
    card = still.locator(CARD).first
    found = card if part == ":scope" else card.locator(f"> {part}")
    expect(found).to_have_count(1)
    for attribute, value in attributes.items():
        expect(found).to_have_attribute(attribute, value)
    if text:
        assert found.text_content() == (card.get_attribute("data-id") if text == "ID" else text)


@every_section
def test_a_cards_label_is_its_name(tour: dict[str, Seen], section: str) -> None:
    assert tour[section].all("name") == [[tour[section].held[identity]] for identity in tour[section].all("id")]


@every_section
def test_a_cards_title_is_its_label(tour: dict[str, Seen], section: str) -> None:
    assert tour[section].all("title") == tour[section].all("name")


@every_section
def test_the_name_on_a_card_has_no_file_extension(tour: dict[str, Seen], section: str) -> None:
    assert [name for [name] in tour[section].all("name") if EXTENSION.search(name)] == []


@every_section
def test_a_new_card_comes_first_and_its_name_lacks_the_files_extension(
    arrivals: dict[str, Arrival], section: str
) -> None:
    assert arrivals[section].first_name == f"Clip v1.2 for {section}"


@pytest.mark.parametrize(
    ("section", "dimensions", "file_type"),
    [
        ("Static Banner", True, True),
        ("Video Banners", True, False),
        ("In-Stream Video", False, False),
        ("Native Static Banner", True, True),
        ("Native Rollover", True, True),
    ],
)
def test_the_section_decides_what_its_cards_show(
    tour: dict[str, Seen], section: str, dimensions: bool, file_type: bool
) -> None:
    assert [len(found) for found in tour[section].all("dimensions")] == [dimensions] * 12
    assert [len(found) for found in tour[section].all("fileType")] == [file_type] * 12


@every_section
def test_dimensions_are_width_x_height(tour: dict[str, Seen], section: str) -> None:
    assert all(re.fullmatch(r"\d+x\d+", size) for sizes in tour[section].all("dimensions") for size in sizes)


@every_section
def test_a_file_type_is_an_extension(tour: dict[str, Seen], section: str) -> None:
    assert all(EXTENSION.fullmatch(kind) for kinds in tour[section].all("fileType") for kind in kinds)


def test_names_are_not_unique_in_the_library(control: Control) -> None:
    names = Counter(name for section in SECTIONS for name in control.names(section))
    assert max(names.values()) > 1


def test_a_name_can_stand_in_several_sections(control: Control) -> None:
    holders = Counter(name for section in SECTIONS for name in set(control.names(section)))
    assert max(holders.values()) > 1


def test_a_section_can_hold_a_name_twice(page: Page, control: Control) -> None:
    for _ in range(2):
        control.add("Static Banner", "banner 3 final")
    page.goto("/media-library")
    open_section(page, control, "Static Banner")
    expect(card_named(page, "banner 3 final")).to_have_count(2)


@every_section
def test_creative_ids_are_10_digits(tour: dict[str, Seen], section: str) -> None:
    assert [identity for identity in tour[section].all("id") if not re.fullmatch(r"\d{10}", identity)] == []


@every_section
def test_a_cards_banner_id_is_its_data_id(tour: dict[str, Seen], section: str) -> None:
    assert tour[section].all("bannerId") == [[identity] for identity in tour[section].all("id")]


def test_creative_ids_grow_by_10(library: Page, control: Control) -> None:
    last = max(int(identity) for section in SECTIONS for identity in control.ids(section))
    open_section(library, control, "Static Banner")
    upload(library, *(file(f"brand new {number}", "300x100 png") for number in range(3)))
    expect(library.locator(f"{CARD} label.creativeName", has_text="brand new ")).to_have_count(3)
    new = sorted(int(identity) for identity in ids(library) if int(identity) > last)
    assert new == [last + 10, last + 20, last + 30]


@pytest.mark.parametrize("status", ["pending", "approved", "rejected"])
def test_a_review_status_stands_on_the_card(page: Page, control: Control, status: str) -> None:
    identity = control.add("Static Banner", "banner 3 final", review_status=status)
    page.goto("/media-library")
    open_section(page, control, "Static Banner")
    expect(page.locator(f'{CARD}[data-id="{identity}"]')).to_have_attribute("data-review-status", status)


@every_section
def test_a_review_status_is_one_of_three(tour: dict[str, Seen], section: str) -> None:
    assert set(tour[section].all("status")) <= {"pending", "approved", "rejected"}


@every_section
def test_both_review_statuses_of_a_card_are_the_same(tour: dict[str, Seen], section: str) -> None:
    assert tour[section].all("reviewStatus") == [[status] for status in tour[section].all("status")]


@every_section
def test_the_cards_show_no_upload_date(tour: dict[str, Seen], section: str) -> None:
    for card in tour[section].cards:
        assert not DATE.search(card["text"].replace(card["name"][0], ""))
        assert card["times"] == []


# Other people in the account


def test_a_creative_that_appears_moves_an_item_to_the_next_page(library: Page, control: Control) -> None:
    open_section(library, control, "Video Banners")
    first = ids(library)
    control.add("Video Banners", "somebody else's")
    assert turn(library)[0] == first[-1]


def test_a_creative_that_goes_moves_an_item_to_the_page_before(library: Page, control: Control) -> None:
    open_section(library, control, "Video Banners")
    first = ids(library)
    second = turn(library)
    library.reload()
    open_section(library, control, "Video Banners")
    control.remove(first[0])
    assert turn(library)[:11] == second[1:]


# Uploading


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("data-gtm-index", "uploadCreativesMediaLibrary"), ("class", re.compile(r"\bgreenButton\b"))],
)
def test_the_upload_button_has_its_attributes(still: Page, attribute: str, value: str) -> None:
    expect(still.locator("button#newImage")).to_have_attribute(attribute, value)


def test_the_upload_button_has_its_text(still: Page) -> None:
    expect(still.locator("button#newImage.greenButton")).to_contain_text("Upload New Creatives")


def test_the_upload_button_opens_a_panel_with_a_browse_button(library: Page) -> None:
    browse = library.locator("span.smallButton.greyButton", has_text="Browse your computer")
    expect(browse).to_be_hidden()
    library.click("button#newImage.greenButton")
    expect(browse).to_be_visible()


def test_the_panel_has_a_dropzone(library: Page) -> None:
    library.click("button#newImage.greenButton")
    expect(library.locator(".dropzone")).to_be_visible()
    assert library.evaluate("typeof Dropzone") == "function"


def test_the_browse_button_asks_for_several_files(library: Page) -> None:
    library.click("button#newImage.greenButton")
    with library.expect_file_chooser() as chooser:
        library.get_by_text("Browse your computer").click()
    assert chooser.value.is_multiple()


def test_a_file_dropped_on_the_dropzone_is_uploaded(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    library.click("button#newImage.greenButton")
    dropped = library.evaluate_handle(
        """content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dropped.png", {type: "image/png"}));
            return transfer;
        }""",
        base64.b64encode(media("300x250 png")).decode(),
    )
    library.dispatch_event(".dropzone", "drop", {"dataTransfer": dropped})
    expect(library.locator(SUCCESS)).to_have_count(1)


def test_the_file_input_is_hidden_and_takes_several(library: Page) -> None:
    library.click("button#newImage.greenButton")
    expect(library.locator(f"{FILE_INPUT}[multiple]")).to_have_count(1)
    expect(library.locator(FILE_INPUT)).to_be_hidden()


def test_several_files_can_be_set_at_once(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    upload(library, *(file(f"banner {number}", "300x250 png") for number in range(3)))
    expect(library.locator(SUCCESS)).to_have_count(3)
    expect(library.locator("div.dz-preview")).to_have_count(3)


@every_section
def test_an_upload_goes_into_the_open_section(arrivals: dict[str, Arrival], section: str) -> None:
    assert arrivals[section].holders == [section]


def test_a_file_is_processing_first(library: Page, control: Control) -> None:
    control.set(processing_s=5)
    open_section(library, control, "Static Banner")
    upload(library, file("banner", "300x250 png"))
    expect(library.locator("div.dz-preview.dz-processing:not(.dz-complete)")).to_have_count(1)


def test_while_the_site_works_it_says_so(library: Page, control: Control) -> None:
    control.set(processing_s=5)
    open_section(library, control, "Static Banner")
    upload(library, file("banner", "300x250 png"))
    expect(library.locator("div.processingMessage.customMessage").first).to_be_visible()


def test_when_the_site_is_done_its_message_goes(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    upload(library, file("banner", "300x250 png"))
    expect(library.locator(SUCCESS)).to_have_count(1)
    expect(library.locator("div.processingMessage.customMessage").filter(visible=True)).to_have_count(0)


def test_a_good_file_is_a_complete_success(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    upload(library, file("banner", "300x250 png"))
    expect(library.locator(SUCCESS)).to_have_count(1)
    expect(library.locator("div.dz-preview.dz-error")).to_have_count(0)


def test_a_bad_file_is_a_complete_error_with_the_reason(library: Page, control: Control) -> None:
    open_section(library, control, "In-Stream Video")
    upload(library, file("too long", "640x360 mp4 32 s"))
    expect(library.locator(ERROR)).to_have_count(1)
    expect(library.locator(f"{ERROR} div.dz-error-message")).to_have_text(re.compile(r"\w"))
    expect(library.locator("div.dz-preview.dz-success")).to_have_count(0)


def test_a_bad_file_does_not_spoil_its_neighbours(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    upload(library, file("a", "300x250 png"), file("b", "124x78 png"), file("c", "300x100 png"))
    expect(library.locator(SUCCESS)).to_have_count(2)
    expect(library.locator(ERROR)).to_have_count(1)


@pytest.mark.parametrize("seconds", [0.5, 1.5])
def test_processing_takes_its_time(library: Page, control: Control, seconds: float) -> None:
    control.set(processing_s=seconds)
    open_section(library, control, "In-Stream Video")
    library.evaluate(NOTE_WHEN, {"started": ".dz-processing", "done": ".dz-success"})
    upload(library, file("large", "640x360 mp4 6 s"))
    expect(library.locator(SUCCESS)).to_have_count(1)
    when = library.evaluate("window.when")
    assert when["done"] - when["started"] >= seconds * 1000


NOTE_WHEN = """selectors => {
    window.when = {};
    const look = () => Object.entries(selectors).forEach(([name, selector]) => {
        if (!(name in window.when) && document.querySelector(selector)) window.when[name] = performance.now();
    });
    new MutationObserver(look).observe(document.body, {attributes: true, childList: true, subtree: true});
}"""


@every_section
def test_a_new_card_comes_without_a_reload(arrivals: dict[str, Arrival], section: str) -> None:
    assert not arrivals[section].reloaded


def test_a_new_card_comes_a_moment_after_the_upload(library: Page, control: Control) -> None:
    control.set(card_delay_s=0.5)
    open_section(library, control, "Static Banner")
    library.evaluate(NOTE_WHEN, {"done": ".dz-success", "shown": 'label.creativeName[title="brand new"]'})
    upload(library, file("brand new", "300x250 png"))
    expect(card_named(library, "brand new")).to_have_count(1)
    when = library.evaluate("window.when")
    assert when["shown"] - when["done"] >= 400


def test_a_name_that_the_section_holds_is_reported_as_a_success(library: Page, control: Control) -> None:
    control.add("Static Banner", "banner 3 final")
    open_section(library, control, "Static Banner")
    upload(library, file("banner 3 final", "300x250 png"))
    expect(library.locator(SUCCESS)).to_have_count(1)
    expect(library.locator("div.dz-preview.dz-error")).to_have_count(0)


def test_a_name_that_the_section_holds_makes_no_creative(library: Page, control: Control) -> None:
    control.add("Static Banner", "banner 3 final")
    open_section(library, control, "Static Banner")
    upload(library, file("banner 3 final", "300x250 png"), file("brand new", "300x250 png"))
    expect(library.locator(SUCCESS)).to_have_count(2)
    expect(card_named(library, "brand new")).to_have_count(1)
    library.reload()
    open_section(library, control, "Static Banner")
    expect(library.get_by_text("Showing 1 to 12 of 23 entries")).to_be_visible()
    expect(card_named(library, "banner 3 final")).to_have_count(1)


def test_a_name_that_another_section_holds_makes_a_creative(library: Page, control: Control) -> None:
    control.add("Native Static Banner", "shared")
    open_section(library, control, "Static Banner")
    upload(library, file("shared", "300x250 png"))
    expect(card_named(library, "shared")).to_have_count(1)


def test_after_a_session_expired_a_click_shows_no_other_section(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    control.expire_sessions()
    library.click("a#video_tab")
    expect(library).to_have_url(SIGN_IN)


def test_after_a_session_expired_an_upload_makes_no_creative(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    library.click("button#newImage")
    control.expire_sessions()
    with library.expect_response(lambda reply: reply.request.method == "POST"):
        library.locator(FILE_INPUT).set_input_files([file("too late", "300x250 png")])
    assert "too late" not in control.names("Static Banner")


@pytest.mark.parametrize(
    ("kind", "box", "around"),
    [("modal", ".modal.show", ".modal.show"), ("alert", ".customAlertBox", ".customAlertBox, .customAlertBoxBG")],
)
def test_a_box_can_cover_the_page(page: Page, control: Control, kind: str, box: str, around: str) -> None:
    control.call("PUT", "faults", [f"page-{kind}"])
    page.goto("/media-library")
    expect(page.locator(box)).to_contain_text("The library ")
    for covered in ("a#video_tab", "button#newImage", box):
        assert page.locator(covered).evaluate(ON_TOP, around), covered


ON_TOP = """(covered, around) => {
    const {x, y, width, height} = covered.getBoundingClientRect();
    return !!document.elementFromPoint(x + width / 2, y + height / 2).closest(around);
}"""


def test_a_batch_of_10_files_arrives_whole(library: Page, control: Control) -> None:
    open_section(library, control, "Static Banner")
    names = [f"brand new {number:02}" for number in range(10)]
    upload(library, *(file(name, "300x100 png") for name in names))
    expect(library.locator(SUCCESS)).to_have_count(10)
    expect(library.locator(f"{CARD} label.creativeName", has_text=re.compile(r"^brand new \d\d$"))).to_have_count(10)


# Limits


@pytest.mark.parametrize(("section", "description"), WITHIN)
def test_a_file_within_the_limits_is_accepted(verdicts: Verdicts, section: str, description: str) -> None:
    assert verdicts[section, description] == Verdict(classes={"dz-success"}, reason="", made=True)


@pytest.mark.parametrize(("section", "description"), OUTSIDE)
def test_a_file_outside_the_limits_is_refused(verdicts: Verdicts, section: str, description: str) -> None:
    verdict = verdicts[section, description]
    assert verdict == Verdict(classes={"dz-error"}, reason=verdict.reason, made=False)
    assert verdict.reason


@every_section
def test_the_account_holds_as_many_creatives_as_the_real_one(tour: dict[str, Seen], section: str) -> None:
    assert len(tour[section].held) == SECTIONS[section].held
