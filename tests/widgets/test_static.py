"""What the panels' own scripts do in a browser: each on a page of its own, with a model in place of the kernel's."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tjtools.widgets.markup import STATIC

PAGE = """
<!doctype html><html><head><title>Lab</title></head>
<body><div class="jp-OutputArea"><div class="tj-evidence"></div><div id="view"></div></div></body></html>
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
  window.end = widget.render({ model, el: document.getElementById("view") });
}
"""
JPEG = base64.b64decode(
    "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"  # any picture does
)


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
        page.evaluate(RENDER, [base64.b64encode((STATIC / script).read_bytes()).decode(), traits])
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
    rest = {
        "pair": "",
        "order": order,
        "reasons": [],
        "choosable": True,
        "wary": False,
        "comparable": False,
        "mend": "",
    }
    return {"id": str(number), "name": name, **plain, **rest, **more}


def rows(*names: str) -> dict[str, Any]:
    return {"rows": [row(number, name) for number, name in enumerate(names)], "chosen": [], "heads": {"name": "Name"}}


def card(place: int, name: str, **more: Any) -> dict[str, Any]:
    plain = {"mark": "✚", "verdict": "new", "css": "", "group": "New", "marks": [], "facts": ["image"], "reason": []}
    rest = {"choosable": True, "chosen": True, "comparable": False, "mend": "", "moving": False, "drawable": True}
    return {"id": str(place), "name": name, **plain, **rest, **more}


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


FAMILY = "👩\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧"


@pytest.mark.parametrize("sign", ["🏖", FAMILY, "e\N{COMBINING ACUTE ACCENT}"])
def test_a_name_is_cut_between_its_signs(render: Callable[..., Shown], sign: str) -> None:
    names = [f"{'x' * 40}{sign}{'y' * after}.png" for after in range(16)]
    shown = render("rows.js", **rows(*names))
    parts = shown.page.locator(".tj-cut").evaluate_all(
        "all => all.map((one) => [...one.children].map((part) => part.textContent))"
    )
    assert ["".join(one) for one in parts] == names
    assert all(sign in start or sign in end for start, end in parts)
