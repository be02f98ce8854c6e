"""A whole day on the desk, as somebody does it who only has a mouse: at most ten clicks after `tjtools lab`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import PANEL, Lab, running_lab
from playwright.sync_api import Locator, expect
from world import NOW, Truth, library_ids, read_rows

from tjtools.practice.workspace import make_practice, running_sandbox
from tjtools.workspace.folder import Workspace

MOST = 10
SCREEN = {"width": 1440, "height": 900}


class Mouse:
    """Clicks at what is on the screen, without scrolling to it, and counts."""

    def __init__(self, lab: Lab) -> None:
        self.page, self.clicks = lab.page, 0

    def click(self, name: str, role: str = "button") -> None:
        """Press the first button of these words where it is, as soon as it can be pressed."""
        found = self.page.locator(PANEL).get_by_role(role, name=name).locator("visible=true").first  # type: ignore[arg-type]
        expect(found).to_be_enabled(timeout=60_000)
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


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return make_practice(tmp_path / "shop", now=NOW, progress=lambda *_: None)


@pytest.fixture
def lab(shop: Workspace, chromium: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Lab, Truth]]:
    monkeypatch.delenv("TJTOOLS_PRESS", raising=False)
    with running_sandbox(shop) as origin, running_lab(shop.root, tmp_path / "home", chromium) as lab:
        lab.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
        yield lab, Truth(origin)


def test_a_whole_day_takes_at_most_ten_clicks_and_no_scrolling(lab: tuple[Lab, Truth], shop: Workspace) -> None:
    """Choose, decide a near duplicate, rehearse, upload, sync, apply, outcomes: the files say what the site does."""
    (desk, truth), mouse = lab, Mouse(lab[0])
    shown = desk.page.locator(f"{PANEL} .jp-OutputArea")
    desk.open_desk()
    mouse.click("23 new files: review them")
    mouse.click("Compare them")
    mouse.click("The same: leave it out")
    expect(shown.get_by_role("button", name="1 needs you")).to_be_visible(timeout=30_000)
    mouse.click("Save and go to upload")
    mouse.click("Rehearse")
    mouse.click("Upload 21 files")
    expect(shown.get_by_text("✓ uploaded: 21")).to_be_visible(timeout=120_000)
    mouse.click("Follow the reviews")
    mouse.click("Read the site")
    mouse.click("Apply")
    mouse.click("See the outcomes")
    expect(shown.locator(".tj-figure:visible").filter(has_text="✗ rejected")).to_contain_text("1", timeout=30_000)
    assert mouse.clicks <= MOST

    received, ids = truth.received(), library_ids(shop)
    assert Counter(received).most_common(1)[0][1] == 1
    assert len(received) == 21
    assert {name: [ids[name]] for name in received} == {name: truth.named(Path(name).stem) for name in received}
    held = truth.creatives()
    kept = {row["creative_id"]: row["review_status"] for row in read_rows(shop.library)}
    assert {key: kept[key] for key in held} == {key: one["review_status"] for key, one in held.items()}
