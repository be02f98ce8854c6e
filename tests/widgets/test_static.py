"""What the panels' own scripts do in a browser: each on a page of its own, with a model in place of the kernel's."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tjtools.widgets.markup import STATIC
from tjtools.widgets.markup import script as whole

PAGE = """
<!doctype html><html><head><title>Lab</title></head>
<body><div class="jp-OutputArea">
<div class="tj-evidence">Compare</div><div class="tj-mend">Make it fit</div><div style="height: 200vh"></div>
<div id="view"></div></div></body></html>
"""
RENDER = """
async ([source, state]) => {
  const { default: widget } = await import(`data:text/javascript;base64,${source}`);
  const heard = {};
  const tell = (name, ...what) => (heard[name] ?? []).forEach((one) => one(...what));
  window.sent = [];
  window.urls = new Set();
  const [made, freed] = [URL.createObjectURL, URL.revokeObjectURL];
  URL.createObjectURL = (blob) => { const url = made.call(URL, blob); urls.add(url); return url; };
  URL.revokeObjectURL = (url) => { urls.delete(url); freed.call(URL, url); };
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; tell(`change:${name}`); },
    on: (name, one) => { (heard[name] ??= []).push(one); },
    off: (name, one) => { heard[name] = (heard[name] ?? []).filter((other) => other !== one); },
    send: (what) => sent.push(what),
    save_changes: () => {},
  };
  const view = (bytes) => new DataView(Uint8Array.from(bytes).buffer);
  window.hear = (what, buffers) => tell("msg:custom", what, buffers.map(view));
  window.comes = (told) => { Object.assign(state, told); Object.keys(told).forEach((name) => tell(`change:${name}`)); };
  window.end = await widget.render({ model, el: document.getElementById("view") });
}
"""
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class Shown:
    """A script's view on its page: what the kernel tells it, and what it has sent."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def comes(self, **traits: Any) -> None:
        """The kernel sends these traits at once, in this order."""
        self.page.evaluate("comes", traits)

    def hear(self, told: dict[str, Any], *buffers: bytes) -> None:
        self.page.evaluate("([told, buffers]) => hear(told, buffers)", [told, [list(one) for one in buffers]])

    @property
    def sent(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("sent.splice(0)")
        return found

    @property
    def urls(self) -> int:
        """How many pictures and videos the page still holds."""
        return int(self.page.evaluate("urls.size"))

    @property
    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.outerHTML"))


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser.new_page()
        browser.close()


@pytest.fixture
def render(page: Page) -> Iterator[Callable[..., Shown]]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def rendered(script: str, **traits: Any) -> Shown:
        page.set_content(PAGE)
        page.evaluate(RENDER, [base64.b64encode(whole(script).encode()).decode(), traits])
        return Shown(page)

    yield rendered
    assert errors == []


def row(number: int, name: str, **more: Any) -> dict[str, Any]:
    plain = {
        "mark": "✚",
        "verdict": "new",
        "css": "",
        "type": "image",
        "dimensions": "300x250",
        "duration": "",
        "size": "1 kB",
    }
    order = {"dimensions": 1, "duration": 0, "size": number}
    rest = {"pair": "", "order": order, "marks": [], "reasons": [], "choosable": True, "wary": False}
    asks = {"comparable": False, "mend": "", "moving": False, "drawable": True}
    return {"id": str(number), "name": name, **plain, **rest, **asks, **more}


def rows(*names: str) -> dict[str, Any]:
    return {"rows": [row(number, name) for number, name in enumerate(names)], "chosen": [], "heads": {"name": "Name"}}


def card(place: int, name: str, **more: Any) -> dict[str, Any]:
    return row(place, name, group="New", chosen=True, **more)


def test_rows_and_ticks_that_come_at_once_are_both_shown(render: Callable[..., Shown]) -> None:
    shown = render("rows.js", **rows("a.png"))
    both = rows("a.png", "b.png")
    shown.comes(chosen=["1"], rows=both["rows"])
    expect(shown.page.locator("tbody tr")).to_have_count(2)
    expect(shown.page.get_by_label("Upload b.png")).to_be_checked()


@pytest.mark.parametrize(("at", "key"), [("last", "ArrowDown"), ("first", "ArrowUp")])
def test_a_key_at_an_end_of_the_table_stays_in_it(render: Callable[..., Shown], at: str, key: str) -> None:
    shown = render("rows.js", **rows("a.png", "b.png"))
    shown.page.evaluate("window.out = 0; document.addEventListener('keydown', () => { out += 1; })")
    getattr(shown.page.locator("tbody tr"), at).focus()
    shown.page.keyboard.press(key)
    assert shown.page.evaluate("out") == 0  # JupyterLab would go to another cell


PARTS = "all => all.map((one) => [...one.children].map((part) => part.textContent))"
DROPPED = """
window.dropped = (name) => {
  const entry = { createReader: () => ({ readEntries: (done) => done([]) }) };
  const file = { kind: "file", webkitGetAsEntry: () => (name ? null : entry), getAsFile: () => new File(["x"], name) };
  const event = new Event("drop");
  event.dataTransfer = { items: [file] };
  return event;
}
"""
FAMILY = "👩\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧"


@pytest.mark.parametrize("script", ["rows.js", "gallery.js"])
@pytest.mark.parametrize("sign", ["🏖", FAMILY, "e\N{COMBINING ACUTE ACCENT}"])
def test_a_name_is_cut_between_its_signs(render: Callable[..., Shown], sign: str, script: str) -> None:
    names = [f"{'x' * before}{sign}{'y' * (70 - before)}.png" for before in (*range(26, 37), *range(55, 62))]
    cards = {"cards": [card(number, name) for number, name in enumerate(names)], "posters": {}}
    shown = render(script, **rows(*names), **cards)
    if script == "rows.js":
        found = shown.page.locator(".tj-cut").evaluate_all(PARTS)
        assert ["".join(one) for one in found] == names
    else:
        found = [one.split("…") for one in shown.page.locator(".tj-card-name").all_text_contents()]
    assert all(name.startswith(start) and name.endswith(end) for name, (start, end) in zip(names, found, strict=True))
    signs = [name.replace(sign, "*") for name in names]
    cut = [(start.replace(sign, "*"), end.replace(sign, "*")) for start, end in found]
    assert all(name.startswith(start) and name.endswith(end) for name, (start, end) in zip(signs, cut, strict=True))


def test_a_card_plays_as_often_as_it_is_pressed_and_what_is_no_longer_shown_is_let_go(
    render: Callable[..., Shown],
) -> None:
    film = card(0, "a.mp4", moving=True)
    shown = render("gallery.js", cards=[film, card(1, "b.png")], posters={})
    for _ in range(2):
        shown.page.get_by_label("Play a.mp4").click()
        assert shown.sent == [{"what": "play", "ids": ["0"]}]
        shown.hear({"playing": "0", "type": "video/mp4"}, b"film")
        expect(shown.page.locator("video")).to_be_focused()
        shown.comes(cards=[film | {"group": "Need you"}, card(1, "b.png")])
        shown.comes(cards=[film, card(1, "b.png")])
        assert shown.urls == 0


def test_an_enlarged_picture_keeps_the_focus_and_its_name(render: Callable[..., Shown]) -> None:
    shown = render("gallery.js", cards=[card(0, "b.png")], posters={})
    shown.page.get_by_label("Enlarge b.png").press("Enter")
    shown.hear({"playing": "0", "type": "image/gif"}, GIF)
    expect(shown.page.get_by_role("img", name="b.png")).to_be_focused()


def test_what_can_not_be_played_says_so_once(render: Callable[..., Shown]) -> None:
    shown = render("gallery.js", cards=[card(0, "a.mp4", moving=True)], posters={})
    for _ in range(2):
        shown.hear({"playing": "0", "problem": "The file is gone."})
    expect(shown.page.get_by_text("The file is gone.")).to_have_count(1)


@pytest.mark.parametrize("button", ["Compare", "Make it fit"])
def test_the_focus_stays_on_a_cards_button_when_its_words_change(render: Callable[..., Shown], button: str) -> None:
    near = card(0, "a.png", comparable=True, mend="Make it fit")
    shown = render("gallery.js", cards=[near], posters={})
    shown.page.get_by_role("button", name=button).focus()
    shown.comes(cards=[near | {"chosen": False}])
    expect(shown.page.get_by_role("button", name=button)).to_be_focused()


@pytest.mark.parametrize("script", ["rows.js", "gallery.js"])
@pytest.mark.parametrize(("button", "place"), [("Compare", ".tj-evidence"), ("Make it fit", ".tj-mend")])
def test_a_files_button_leads_to_what_it_opens(
    render: Callable[..., Shown], script: str, button: str, place: str
) -> None:
    asks = {"comparable": True, "mend": "Make it fit"}
    one = {"rows": [row(0, "a.png", **asks)], "chosen": [], "heads": {"name": "Name"}}
    shown = render(script, **one, cards=[card(0, "a.png", **asks)], posters={})
    shown.page.get_by_role("button", name=button).click()
    expect(shown.page.locator(place)).to_be_in_viewport()


def test_the_focus_stays_on_a_button_that_saves(render: Callable[..., Shown]) -> None:
    shown = render("saved.js", label="Save CSV", filename="a.csv")
    button = shown.page.get_by_role("button", name="Save CSV")
    for _ in range(2):
        button.press("Enter")
        button.press("Enter")
        shown.page.evaluate("() => new Promise(requestAnimationFrame)")
        [asked] = shown.sent
        with shown.page.expect_download() as saved:
            shown.hear(asked, b"a,b")
        assert saved.value.suggested_filename == "a.csv"
        expect(button).to_be_focused()


def test_what_is_dropped_while_other_files_are_on_their_way_is_not_lost_in_silence(
    render: Callable[..., Shown],
) -> None:
    shown = render("drop.js", whole=True)
    drop = "(name) => document.querySelector('.tj-drop').dispatchEvent(dropped(name))"
    shown.page.evaluate(DROPPED)
    shown.page.evaluate(drop, "a.png")
    shown.page.evaluate("() => new Promise(setTimeout)")
    [offer] = shown.sent
    shown.page.evaluate(drop, "b.png")
    expect(shown.page.get_by_text("drop the others again")).to_be_visible()
    shown.hear({"view": offer["view"], "problem": "There is no image or video in it."})
    expect(shown.page.get_by_text("drop the others again")).to_have_count(0)
    assert shown.sent == []


def test_who_comes_back_from_another_window_is_noticed(render: Callable[..., Shown]) -> None:
    shown = render("drop.js", whole=True)
    shown.page.evaluate("window.dispatchEvent(new Event('focus'))")
    shown.page.evaluate("sent.push({ what: 'click' })")  # which brought them back, on another panel's button
    shown.page.wait_for_function("sent.length > 1")
    assert [one["what"] for one in shown.sent] == ["click", "back"]


def test_an_empty_folder_is_said_to_be_empty(render: Callable[..., Shown]) -> None:
    shown = render("drop.js", whole=True)
    shown.page.evaluate(DROPPED)
    shown.page.evaluate("() => document.querySelector('.tj-drop').dispatchEvent(dropped(''))")
    expect(shown.page.get_by_role("status")).to_have_text("There is no file in it.")


def test_a_button_that_has_copied_says_so_of_that_text_alone(render: Callable[..., Shown]) -> None:
    """As when the next page of a list comes: the Creative ID in its place has not been copied."""
    shown = render("markup.js", tree=["div", {}, ["copy", {}, "1032530571"]])
    button = shown.page.get_by_role("button")
    button.click()
    expect(button).not_to_have_text("Copy")
    shown.comes(tree=["div", {}, ["copy", {}, "1032530572"]])
    assert button.inner_text() == "Copy"


NOTICES = """
window.notices = [];
window.Notification = class { constructor(_title, { tag }) { notices.push(tag); } };
window.Notification.permission = "granted";
"""


def test_two_pages_show_one_notice_of_one_end(render: Callable[..., Shown]) -> None:
    """A browser shows one of those that have the same tag."""
    tags: list[list[str]] = []
    for _page in range(2):
        shown = render("outside.js", heading="shop", notice=[], offers=False, turned=1)
        shown.page.evaluate(NOTICES)
        for number in range(2):
            shown.comes(notice=["✓ 2 uploaded", f"end {number}"])
        tags.append(shown.page.evaluate("notices"))
    assert tags == [["end 0", "end 1"]] * 2


def test_of_thousands_of_rows_some_are_there_at_once_and_more_as_a_person_comes_to_their_end(
    render: Callable[..., Shown],
) -> None:
    names = [f"{number:04}.png" for number in range(1000)]
    shown = render("rows.js", **rows(*names))
    shown.page.add_style_tag(content=(STATIC / "rows.css").read_text("utf-8"))
    lines, room = shown.page.locator("tbody tr"), shown.page.locator(".tj-work-room")
    first = lines.count()
    assert first < 500
    expect(shown.page.get_by_text("of 1,000 shown")).to_be_visible()
    room.evaluate("room => room.scrollTo(0, room.scrollHeight)")
    expect(lines).not_to_have_count(first)
    assert [one.strip() for one in lines.locator(".tj-name").all_text_contents()] == names[: lines.count()]
    shown.page.get_by_role("button", name="Name").click()
    shown.page.get_by_role("button", name="Name").click()
    expect(lines.first.locator(".tj-name")).to_have_text("0999.png")
    for _ in range(10):
        shown.page.locator("tbody tr[tabindex='0']").press("End")
    expect(lines).to_have_count(1000)
    expect(shown.page.get_by_text("of 1,000 shown")).to_have_count(0)
    shown.comes(chosen=["0", "999"])
    expect(shown.page.locator("tbody input:checked")).to_have_count(2)


def test_who_is_in_the_table_stays_there_when_its_rows_change(render: Callable[..., Shown]) -> None:
    told = rows(*(f"{number}.png" for number in range(200)))
    shown = render("rows.js", **told)
    shown.page.add_style_tag(content=(STATIC / "rows.css").read_text("utf-8"))
    line = shown.page.locator("tbody tr").nth(150)
    line.focus()
    place = shown.page.locator(".tj-work-room").evaluate("room => room.scrollTop")
    assert place > 1000
    shown.comes(rows=[one | {"verdict": "already there"} for one in told["rows"]])
    expect(line).to_be_focused()
    expect(line).to_have_attribute("tabindex", "0")
    assert shown.page.locator(".tj-work-room").evaluate("room => room.scrollTop") == place


def test_a_picture_that_another_view_asked_for_too_is_held_once(render: Callable[..., Shown]) -> None:
    shown = render("rows.js", **rows("a.png"))
    for _ in range(2):
        shown.hear({"pictures": ["0"]}, GIF)
    assert shown.urls == 1
    shown.page.evaluate("end()")
    assert shown.urls == 0
