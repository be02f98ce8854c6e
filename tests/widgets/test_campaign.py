"""The panel of the campaign files: one click shows what would be written, one more writes it."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta

import ipywidgets as w
import pytest
from views import buttons, shown, words
from world import NOW, files

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import keep_snapshot
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.widgets.campaign import CampaignFiles, campaign_view
from tjtools.widgets.view import Table
from tjtools.workspace.folder import Workspace

APPROVED, PENDING = ReviewStatus.APPROVED, ReviewStatus.PENDING
V, I, S = CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE, CreativeType.VIDEO  # noqa: E741
CREATIVES = (
    Creative("10", "VID_EN_Travel_4sec_ID-99A0D7C3-VID", creative_type=V, review_status=APPROVED),
    Creative("20", "IMG_EN_Travel_ID-99A0D7C3-IMG", creative_type=I, review_status=APPROVED),
    Creative("30", "EN_Sports_SFW_Generic_Ana_8sec_ID-0000000A", creative_type=S, review_status=APPROVED),
    Creative("31", "EN_Sports_SFW_Generic_Ana_8sec_ID-0000000B", creative_type=S, review_status=PENDING),
    Creative("11", "alone", creative_type=V, review_status=APPROVED),
)


@pytest.fixture
def shop(bare_workspace: Workspace) -> Workspace:
    Library.load(bare_workspace.library).add(CREATIVES)
    bare_workspace.settings_file.write_text('[campaign]\ntarget_url = "https://example.com"\n', "utf-8")
    read(bare_workspace, NOW)
    return bare_workspace


def read(workspace: Workspace, at: datetime) -> None:
    complete = [{"section": section.value, "verdict": "complete"} for section in Section]
    keep_snapshot(workspace, {"source": "refresh", "sections": complete}, at)


def panel_of(workspace: Workspace, *, days: int = 1) -> CampaignFiles:
    return CampaignFiles(workspace, clock=lambda: NOW + timedelta(days=days))


def opened(panel: CampaignFiles) -> w.Widget:
    view = campaign_view(panel)
    [heading] = [one for one in shown(view) if isinstance(one, w.ToggleButton)]
    assert panel.found is None  # nothing is reckoned before somebody asks
    heading.value = True
    return view


def test_a_click_shows_what_would_be_written_and_one_more_writes_it(shop: Workspace) -> None:
    panel, before = panel_of(shop), files(shop)
    view = opened(panel)
    assert "2 ads: 1 Native, 1 Preroll" in words(view)
    assert "as of 2025-11-13 12:00, 1 day ago" in words(view)
    assert "⚠ PLACEHOLDER_BRAND in 1 ad, PLACEHOLDER_CTA in 1 ad" in words(view)
    [table] = [one for one in shown(view) if isinstance(one, Table)]
    assert [*table.frame["Creative IDs"]] == ["10 + 20", "30"]
    assert files(shop) == before
    [heading] = [one for one in shown(view) if isinstance(one, w.ToggleButton)][1:]
    assert heading.description == "Left out: 1 half of a pair, 1 pending"
    buttons(view)["Write 4 files"].click()
    assert not buttons(view)
    assert "Batch001_20251114_120000_Native_Travel.csv" in words(view)
    assert len(list(shop.campaigns.iterdir())) == 4
    with zipfile.ZipFile(io.BytesIO(panel.packed())) as archive:
        assert len(archive.namelist()) == 4
    assert panel.summary.splitlines() == [
        "2 ads: 1 Native, 1 Preroll",
        "1 half of a pair",
        "1 pending",
        "4 files written",
    ]


def test_what_is_asked_for_changes_what_is_shown_at_once(shop: Workspace) -> None:
    panel = panel_of(shop)
    view = opened(panel)
    panel.section = Section.IN_STREAM_VIDEO
    assert [*panel.ads["ad"]] == ["EN_Sports_SFW_Generic_Ana_8sec_ID-0000000A"]
    assert [*panel.left_out["why"]] == ["pending"]
    panel.section, panel.category = None, "Travel"
    assert [*panel.ads["kind"]] == ["Native"]
    History.of(shop).record(CREATIVES[:2], source=Source.MANUAL, now=NOW)
    panel.since = date(2025, 11, 14)
    assert "Nothing is approved that makes an ad" in words(view)
    assert not buttons(view)
    panel.since = date(2025, 11, 13)
    assert "Write 2 files" in buttons(view)


def test_statuses_that_are_too_old_lead_to_the_sync_and_write_nothing(shop: Workspace) -> None:
    panel, led = panel_of(shop, days=8), list[str]()
    panel.lead = led.append
    view = opened(panel)
    assert "may be older than 7 days" in words(view)
    [button] = buttons(view).values()
    button.click()
    assert led == ["sync"]
    panel.write()
    assert (panel.written, shop.campaigns.exists(), words(view).count("Statuses of Native Rollover")) == ((), False, 1)
    assert "may be older" not in str(panel.error)
    read(shop, NOW + timedelta(days=7))
    panel.come_back()
    assert "Write 4 files" in buttons(view)


def test_what_has_changed_since_it_was_shown_is_shown_before_it_is_written(shop: Workspace) -> None:
    panel = panel_of(shop)
    view = opened(panel)
    Library.load(shop.library).rewrite(CREATIVES[2:], now=NOW)
    buttons(view)["Write 4 files"].click()
    assert "has changed meanwhile" in words(view)
    assert not shop.campaigns.exists()
    buttons(view)["Write 2 files"].click()
    assert len(list(shop.campaigns.iterdir())) == 2


def test_lines_of_the_overrides_that_can_not_be_used_are_shown(shop: Workspace) -> None:
    shop.overrides.write_text("name,target_url\nnobody,https://a.example\nalone,none\n", "utf-8")
    said = words(opened(panel_of(shop)))
    assert "campaign_overrides.csv:3: 'none' is no address like https://example.com/page" in said
    assert "campaign_overrides.csv:2: nothing is called so" in said


def test_a_file_that_can_not_be_read_is_an_error_in_words(shop: Workspace) -> None:
    shop.master.write_text("no,header\n1,2\n", "utf-8")
    view = opened(panel_of(shop))
    assert "the header lacks" in words(view)
    assert not buttons(view)
