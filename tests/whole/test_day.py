"""A whole day on the desk, as somebody does it who has only a mouse, or only a keyboard."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import PANEL, Lab, free_port, running_lab
from playwright.sync_api import Locator, expect
from world import NOW, Truth, library_ids, read_rows

from tjtools.practice.workspace import make_practice, running_sandbox
from tjtools.widgets.desk import remember
from tjtools.workspace.derived import FINGERPRINTS, KINSHIPS, LOOKS, MARKS, Derived
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

MOST = 10
STOPS = 60  # of the Tab key, until what a person wants has to be reached
FOCUSED = """() => {
    const one = document.activeElement;
    const labels = one.labels?.length ? one.labels[0].textContent : "";
    const said = one.selectedOptions?.[0].text || one.ariaLabel || labels || one.innerText || one.title;
    const words = one === document.body ? "" : said;
    return [words.trim().replaceAll("\u00a0", " "), getComputedStyle(one).outlineStyle];
}"""
SCREEN = {"width": 1440, "height": 900}


class Mouse:
    """Clicks at what is on the screen, without scrolling to it, and counts."""

    def __init__(self, lab: Lab) -> None:
        self.page, self.clicks = lab.page, 0

    def click(self, name: str, role: str = "button") -> None:
        """Press the first button of these words where it is, as soon as it can be pressed."""
        found = self.page.locator(PANEL).get_by_role(role, name=name).locator("visible=true").first  # type: ignore[arg-type]
        found.wait_for()
        expect(found).to_be_enabled()
        expect(found).to_be_in_viewport(ratio=1)
        self._press(found)

    def _press(self, found: Locator) -> None:
        """A click that would scroll is none: it goes to a place of the screen."""
        found.click(trial=True)  # it has come to rest, and nothing lies over it
        box = found.bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= SCREEN["height"]
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.clicks += 1


class Keys:
    """Tab, arrows, Enter and Space, and nothing else: the page says where it is, and so does its look."""

    def __init__(self, lab: Lab) -> None:
        self.page = lab.page

    @property
    def at(self) -> str:
        """What has the focus, in words; each such place has to be seen, and there has to be one."""
        words, outline = self.page.evaluate(FOCUSED)
        assert words, "the focus is lost"
        assert outline != "none", f"nobody sees that {words} has the focus"
        return str(words)

    def wait_for(self, words: str) -> None:
        """Until the focus is there by itself, which may be at the end of an upload."""
        there = f"words => ({FOCUSED})()[0].includes(words)"
        self.page.wait_for_function(there, arg=words, timeout=180_000, polling=100)  # not each time that it is drawn
        assert words in self.at

    def go(self, words: str, *, back: bool = False) -> None:
        """To what bears these words, as soon as it can be pressed."""
        pressable = self.page.locator(f"{PANEL} :is(button, select, [role=tab])", has_text=words)
        found = pressable.or_(self.page.get_by_role("checkbox", name=words))
        expect(found.locator("visible=true").first).to_be_enabled()
        passed = []
        while words not in self.page.evaluate(FOCUSED)[0]:
            passed.append(self.page.evaluate(FOCUSED)[0])
            assert len(passed) < STOPS, f"{words} is not reached: {passed}"
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        assert words in self.at

    def press(self, words: str, *, back: bool = False, key: str = "Enter") -> None:
        """Go there, and press it."""
        self.go(words, back=back)
        self.page.keyboard.press(key)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> list[Workspace]:
    """Two of them, one for each day, which the desk offers both."""
    folder = tmp_path_factory.mktemp("day")
    shop = make_practice(folder / "shop", now=NOW, progress=lambda *_: None)
    second = Workspace(Path(shutil.copytree(shop.root, folder / "second")).resolve())
    site = load_settings(shop).site
    assert site
    settings = second.settings_file.read_text("utf-8")
    second.settings_file.write_text(settings.replace(site.origin, f"http://127.0.0.1:{free_port()}"), "utf-8")
    return [shop, second]


@pytest.fixture(scope="module")
def desk(shops: list[Workspace], chromium: str) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TJTOOLS_PRESS", raising=False)
        for shop in shops:
            remember(shop)
        with running_lab(shops[0].root, shops[0].root.parent / "home", chromium) as lab:
            lab.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
            lab.open_desk()
            yield lab


@pytest.fixture(scope="module")
def truths(shops: list[Workspace]) -> Iterator[list[Truth]]:
    with running_sandbox(shops[0]) as one, running_sandbox(shops[1]) as other:
        yield [Truth(one), Truth(other)]


def test_a_whole_day_takes_at_most_ten_clicks_and_no_scrolling(
    truths: list[Truth], desk: Lab, shops: list[Workspace]
) -> None:
    """Choose, leave a rejected copy out, rehearse, upload, sync, apply, outcomes: the files say what the site does."""
    mouse, shown = Mouse(desk), desk.page.locator(f"{PANEL} .jp-OutputArea")
    mouse.click("21 new files: review them")
    mouse.click("Compare them")
    mouse.click("The same: leave it out")
    shown.get_by_role("button", name="1 needs you").wait_for()
    mouse.click("Save and go to upload")
    mouse.click("Rehearse")
    mouse.click("Upload 22 files")
    shown.get_by_text("✓ uploaded: 22").wait_for()
    mouse.click("Follow the reviews")
    mouse.click("Read the site")
    mouse.click("Apply")
    mouse.click("See the outcomes")
    expect(shown.locator(".tj-figure:visible").filter(has_text="✗ rejected")).to_contain_text("1")
    assert mouse.clicks <= MOST

    assert_as_on_the_site(truths[0], shops[0], 22)


def test_a_whole_day_by_the_keyboard_alone(truths: list[Truth], desk: Lab, shops: list[Workspace]) -> None:
    """The same in the other workspace, by Tab, arrows, Enter and Space: the focus is seen, and goes with the work."""
    keys, shown = Keys(desk), desk.page.locator(f"{PANEL} .jp-OutputArea")
    know_what_was_seen(*shops)
    desk.page.keyboard.press("Tab")
    keys.press("shop · practice")
    keys.press("second · practice")
    expect(desk.page.locator(f"{PANEL} .tj-head button").first).to_contain_text("second · practice")
    keys.wait_for("second · practice")
    keys.press("21 new files: review them")
    keys.wait_for("Review")
    keys.press("Compare them")
    keys.go("The same: leave it out")
    keys.page.keyboard.down("Enter")
    shown.get_by_role("button", name="1 needs you").wait_for()
    keys.wait_for("The same: leave it out")
    keys.page.keyboard.down("Enter")  # held for long, it presses nothing more
    keys.page.keyboard.up("Enter")
    assert not keys.at.startswith("✓")  # it is of the next pair by now
    keys.press("Upload EN_Cooking_F_Real_SFW_Generic_Dora_6sec_ID-82E2E662.mp4", key="Space")
    keys.press("Save and go to upload", back=True)
    keys.wait_for("Upload")
    keys.press("Rehearse")
    keys.press("Upload 21 files")
    keys.wait_for("Follow the reviews")
    keys.press("Follow the reviews")
    keys.wait_for("Sync")
    keys.press("Read the site")
    keys.press("Apply", back=True)
    keys.wait_for("See the outcomes")
    keys.press("See the outcomes")
    keys.wait_for("Outcomes")
    keys.press("✗ rejected")
    keys.press("I have seen this", back=True)
    shown.get_by_role("button", name="I have seen this").wait_for(state="hidden")
    keys.go("Today", back=True)
    keys.page.keyboard.press("ArrowRight")
    keys.press("Review")
    shown.get_by_role("tab", name="Review", selected=True).wait_for()
    assert_as_on_the_site(truths[1], shops[1], 21)


def know_what_was_seen(one: Workspace, other: Workspace) -> None:
    """The other's files are copies: those that the first day has looked at need no second look."""
    seen, known = Derived(one), Derived(other)
    for kind in (FINGERPRINTS, KINSHIPS):
        known.keep(kind, seen.load(kind, lambda told: told))
    for kind in (LOOKS, MARKS):
        for checksum, kept in seen.all_bytes(kind).items():
            known.keep_bytes(kind, checksum, kept)


def assert_as_on_the_site(truth: Truth, shop: Workspace, uploaded: int) -> None:
    """So many files went up, each once; the library has the IDs and statuses that the site has."""
    received, ids = truth.received(), library_ids(shop)
    assert Counter(received).most_common(1)[0][1] == 1
    assert len(received) == uploaded
    assert {name: [ids[name]] for name in received} == {name: truth.named(Path(name).stem) for name in received}
    held = truth.creatives()
    kept = {row["creative_id"]: row["review_status"] for row in read_rows(shop.library)}
    assert {key: kept[key] for key in held} == {key: one["review_status"] for key, one in held.items()}
