"""The refresh panel's model on the sandbox: what a person can do, and when."""

from __future__ import annotations

import ipywidgets as w
import pytest
from views import pressable, shown, words
from world import NOW, ON_BOTH, Truth, by_id, expected, expire, files

from tjtools.cache.library import Library
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.model.errors import SignInNeeded
from tjtools.widgets.panel import State
from tjtools.widgets.refresh import Refresh, Ways, certificates_node, refresh_view
from tjtools.widgets.view import Table
from tjtools.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("site_kind")


def panel_of(workspace: Workspace) -> Refresh:
    return Refresh(workspace, clock=lambda: NOW)


def read(panel: Refresh, way: Ways = Ways.FULL) -> None:
    panel.read(way)
    assert panel.task.wait(60)


def primary(view: w.Widget) -> list[str]:
    buttons = (one for one in shown(view) if isinstance(one, w.Button))
    return [one.description for one in buttons if one.button_style == "primary" and not one.disabled]


@ON_BOTH
def test_nothing_is_written_until_a_person_applies_what_is_shown(workspace: Workspace, truth: Truth) -> None:
    panel, before = panel_of(workspace), files(workspace)
    refresh_view(panel)
    read(panel)
    assert panel.update
    assert (len(panel.update.difference.added), files(workspace)) == (len(truth.creatives()), before)
    panel.discard()
    assert (panel.update, panel.appliable, files(workspace)) == (None, False, before)
    read(panel)
    panel.apply()
    assert panel.task.wait(60)
    assert by_id(workspace.library) == {key: expected(one) for key, one in truth.creatives().items()}
    assert "applied" in panel.summary.splitlines()


def test_where_there_is_nothing_to_look_for_that_is_said_and_nothing_is_to_be_applied(workspace: Workspace) -> None:
    panel = panel_of(workspace)
    view = refresh_view(panel)
    next(one for one in shown(view) if isinstance(one, w.ToggleButton)).value = True  # the other ways
    pressable(view, "Only statuses").click()
    assert panel.task.wait(60)
    assert "Nothing was read: the library holds no creative that this looks for." in words(view)
    assert (panel.appliable, primary(view)) == (False, ["Read the site"])


def test_each_way_reads_what_it_says(workspace: Workspace, truth: Truth) -> None:
    panel = panel_of(workspace)
    panel.press()
    for number in range(13):
        truth.add("Video Banners", f"somebody's {number}", review_status="approved")
    counts = {}
    for way in (Ways.NEW, Ways.SYNC, Ways.PENDING):
        read(panel, way)
        assert panel.update
        counts[way] = (len(panel.update.difference.added), sum(one.pages for one in panel.update.certificates))
    assert [added for added, _ in counts.values()] == [13, 0, 0]
    assert counts[Ways.NEW][1] < counts[Ways.SYNC][1]


def test_a_mass_removal_waits_for_the_number_that_a_person_writes(workspace: Workspace, truth: Truth) -> None:
    gone = [Creative(str(key), f"{key}.png", creative_type=CreativeType.IMAGE) for key in range(1, 26)]
    Library.load(workspace.library).add(gone)
    panel = panel_of(workspace)
    refresh_view(panel)
    read(panel)
    assert (panel.gone, panel.appliable) == (25, False)
    panel.apply()
    assert panel.report is None
    panel.allowed = 25
    panel.apply()
    assert panel.task.wait(60)
    assert panel.report
    assert len(panel.report.difference.removed) == 25


def test_a_reading_that_fails_says_why_and_can_not_be_applied(workspace: Workspace, truth: Truth) -> None:
    expire(truth)
    panel = panel_of(workspace)
    refresh_view(panel)
    read(panel)
    assert (panel.task.state, type(panel.task.error), panel.appliable) == (State.FAILED, SignInNeeded, False)


def test_a_second_click_while_it_reads_does_nothing(workspace: Workspace, truth: Truth) -> None:
    truth.settings(latency_ms=200)
    panel = panel_of(workspace)
    panel.read(Ways.FULL)
    panel.read(Ways.NEW)
    panel.apply()
    panel.discard()
    assert panel.call == Ways.FULL.call
    assert panel.summary.startswith("Running")
    panel.task.cancel()
    assert panel.task.wait(60)


def test_cancel_keeps_the_certificates_of_what_was_read(workspace: Workspace, truth: Truth) -> None:
    before = files(workspace)
    panel = panel_of(workspace)
    panel.task.observe(lambda change: change["new"] == Section.VIDEO_BANNERS.value and panel.task.cancel(), "text")
    read(panel)
    assert (panel.task.state, panel.appliable, files(workspace)) == (State.CANCELLED, False, before)
    assert panel.update
    assert [one.complete for one in panel.update.certificates] == [True, False, False, False, False]
    assert "Stopped on request" in str(certificates_node(panel.update.certificates))


def test_one_button_at_a_time_leads_on_and_what_changed_is_told_in_words(workspace: Workspace, truth: Truth) -> None:
    panel, led = panel_of(workspace), list[str]()
    panel.press()
    rows = workspace.library.read_text("utf-8")
    workspace.library.write_text(rows.replace(",approved", ",pending"), "utf-8")
    truth.add("Video Banners", "somebody's", review_status="rejected")
    panel = panel_of(workspace)
    panel.lead = led.append
    view = refresh_view(panel)
    assert primary(view) == ["Read the site"]
    read(panel)
    assert primary(view) == ["Apply"]
    told = f"{rows.count(',approved')} approved, 1 new"
    assert panel.update
    assert panel.update.difference.told == told
    assert panel.update.difference.told in words(view)
    assert "✓ Done" not in words(view)
    panel.apply()
    assert panel.task.wait(60)
    assert f"✓ Applied: {told}" in words(view)
    assert "✓ Done" not in words(view)
    assert primary(view) == ["See the outcomes"]
    next(one for one in shown(view) if getattr(one, "description", "") == "See the outcomes").click()
    assert led == ["outcomes"]


def test_where_nothing_has_changed_it_says_so_and_shows_no_table(workspace: Workspace, truth: Truth) -> None:
    panel = panel_of(workspace)
    panel.press()
    read(panel)
    view = refresh_view(panel)
    assert "✓ Nothing has changed on the site" in words(view)
    assert not [one for one in shown(view) if isinstance(one, Table)]
    panel.discard()
    assert "Discarded: nothing was written." in words(view)
    assert primary(view) == ["Read the site"]


def test_where_the_sign_in_has_run_out_a_button_leads_to_it(workspace: Workspace, truth: Truth) -> None:
    expire(truth)
    panel, led = panel_of(workspace), list[str]()
    panel.lead = led.append
    view = refresh_view(panel)
    read(panel)
    next(one for one in shown(view) if getattr(one, "description", "") == "Sign in").click()
    assert led == ["upload"]


def test_pending_ones_that_were_not_found_are_told(workspace: Workspace, truth: Truth) -> None:
    lost = Creative("77", "lost.png", creative_type=CreativeType.IMAGE, review_status=ReviewStatus.PENDING)
    Library.load(workspace.library).add([lost])
    panel = panel_of(workspace)
    view = refresh_view(panel)
    read(panel, Ways.PENDING)
    assert "1 pending creative not found" in words(view)


def test_a_library_that_never_followed_the_site_is_not_said_to_be_as_the_site_was(workspace: Workspace) -> None:
    panel = panel_of(workspace)
    view = refresh_view(panel)
    Library.load(workspace.library).add([Creative("1032530571", "a", creative_type=CreativeType.IMAGE)])
    panel.discard()
    assert "The site has not been read yet." in words(refresh_view(panel))
    read(panel)
    panel.apply()
    assert panel.task.wait(60)
    assert "The library is as the site was on 13 November 2025" in words(refresh_view(panel_of(workspace)))
    assert "Applied" in words(view)
