"""What needs a look: the five figures, what is listed of them, and what is known of the creatives' content."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import ipywidgets as w
import pytest
from ipywidgets.widgets.widget import _instances
from PIL import Image
from views import inside, words

from tjtools.analysis import sources
from tjtools.analysis.worklist import FIGURES
from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.library import COLUMNS
from tjtools.diff.duplicates import find_duplicates
from tjtools.model.creative import CreativeType
from tjtools.widgets.analysis import PAGE, LibraryAnalysis, ReviewOutcomes
from tjtools.widgets.analysis_view import library_view, outcomes_view
from tjtools.widgets.view import in_room
from tjtools.workspace.folder import Workspace

NOW = datetime(2025, 11, 16, 12, tzinfo=UTC)
LIBRARY = """\
1,first.png,,300x250,png,image,rejected
2,copy.png,,300x250,png,image,rejected
3,good.png,,300x250,png,image,approved
4,waits.png,,300x250,png,image,pending
5,went.png,,300x250,png,image,removed
6,known.png,,300x250,png,image,rejected
"""
HISTORY = """\
2025-10-01T00:00:00Z,6,known,,rejected,,refresh
2025-10-01T00:00:00Z,3,good.png,,pending,,upload
2025-11-12T00:00:00Z,1,first.png,,pending,,upload
2025-11-12T00:00:00Z,2,copy.png,,pending,,upload
2025-11-12T00:00:00Z,4,waits.png,,pending,,upload
2025-11-12T00:00:00Z,5,went.png,,pending,,upload
2025-11-14T09:30:00Z,3,good.png,pending,approved,2025-11-14T00:00:00Z,sync
2025-11-14T09:30:00Z,5,went.png,pending,removed,2025-11-14T00:00:00Z,refresh
2025-11-15T09:30:00Z,1,first.png,pending,rejected,2025-11-15T00:00:00Z,sync
2025-11-15T09:30:00Z,2,copy.png,pending,rejected,2025-11-15T00:00:00Z,sync
"""


@pytest.fixture
def small(bare_workspace: Workspace) -> Workspace:
    bare_workspace.library.write_text(",".join(COLUMNS) + "\n" + LIBRARY, "utf-8")
    bare_workspace.history.write_text(",".join(HISTORY_COLUMNS) + "\n" + HISTORY, "utf-8")
    return bare_workspace


def panel_of(workspace: Workspace) -> ReviewOutcomes:
    return ReviewOutcomes(workspace, clock=lambda: NOW)


def numbers(panel: ReviewOutcomes) -> dict[str, int]:
    return {kind: len(rows) for kind, rows in panel.figures.items()}


def test_the_figures_count_what_changed_and_what_waits_and_a_first_sight_is_no_news(small: Workspace) -> None:
    panel = panel_of(small)
    assert numbers(panel) == {"rejected": 2, "approved": 1, "slow": 0, "pending": 1, "removed": 1}
    assert panel.figures["rejected"].to_numpy().tolist() == [
        ["1", "first.png", "Static Banner", "15 Nov 2025, 09:30"],
        ["2", "copy.png", "Static Banner", "15 Nov 2025, 09:30"],
    ]
    assert panel.figures["pending"]["when"].tolist() == ["waits for 4 days"]


def test_what_was_seen_is_no_news_any_more_and_what_waits_still_waits(small: Workspace) -> None:
    panel = panel_of(small)
    panel.have_seen()
    assert numbers(panel) == {"rejected": 0, "approved": 0, "slow": 0, "pending": 1, "removed": 0}
    with small.history.open("a", encoding="utf-8") as file:
        file.write("2025-11-16T09:30:00Z,4,waits.png,pending,rejected,2025-11-16T00:00:00Z,sync\n")
    panel.come_back()
    assert panel.task.wait(30)
    assert panel.figures["rejected"]["creative_id"].tolist() == ["4"]


def test_what_waits_longer_than_its_section_usually_does_waits_too_long(small: Workspace) -> None:
    with small.library.open("a", encoding="utf-8") as library, small.history.open("a", encoding="utf-8") as history:
        for number in range(100, 160):
            library.write(f"{number},n{number}.png,,300x250,png,image,approved\n")
            history.write(f"2025-11-01T00:00:00Z,{number},n{number}.png,,pending,,upload\n")
            history.write(f"2025-11-01T20:00:00Z,{number},n{number}.png,pending,approved,2025-11-01T10:00:00Z,sync\n")
    panel = panel_of(small)
    assert (panel.figures["slow"]["creative_id"].tolist(), panel.listed) == (["4"], "rejected")
    panel.have_seen()
    assert panel_of(small).listed == "slow"  # nothing was rejected since


def test_the_day_since_which_it_lists_is_the_one_that_it_shows(small: Workspace) -> None:
    panel = panel_of(small)
    [day, *_] = [one for one in inside(outcomes_view(panel)) if isinstance(one, w.DatePicker)]
    assert day.value == panel.files.last_looked.astimezone().date()
    panel.have_seen()
    assert (day.value, panel.last_looked) == (panel.files.seen.until.astimezone().date(), panel.files.seen.until)
    day.value = date(2025, 11, 2)
    assert panel.last_looked.astimezone().date() == day.value


@pytest.mark.parametrize(("kind", "view"), [(ReviewOutcomes, outcomes_view), (LibraryAnalysis, library_view)])
def test_how_far_the_comparing_of_contents_is_is_told_before_the_tables_are_shown(
    small: Workspace, kind: type[Any], view: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With thousands of creatives it takes a while, in which the whole desk stood still."""
    for much, name in ((5, "first.png"), (60, "waits.png")):
        path = small.media_file(name, CreativeType.IMAGE)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_mandelbrot((300, 250), (-2.0, -1.0, 1.0, 1.0), much).save(path)
    find_duplicates(small)
    panel, said = kind(small, clock=lambda: NOW), list[str]()
    panel.task.observe(lambda change: said.append(change["new"]), "text")
    room = in_room(panel, view)
    assert panel.task.wait(30)
    assert {one for one in said if one.startswith("comparing")} == {"comparing first.png", "comparing waits.png"}
    monkeypatch.setattr(sources, "known_groups", lambda *_, **__: pytest.fail("compared a second time"))
    assert (panel.files.groups()[1], len(room.children)) == (2, 1)


def test_a_rejected_creative_is_listed_with_its_picture_and_what_it_repeats(small: Workspace) -> None:
    for name in ("first.png", "copy.png"):
        picture = Image.effect_mandelbrot((300, 250), (-2.0, -1.0, 1.0, 1.0), 60)
        path = small.media_file(name, CreativeType.IMAGE)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    find_duplicates(small)
    panel = panel_of(small)
    assert panel.evidence.picture("1")
    assert panel.evidence.picture("3") is None
    assert panel.evidence.repeats("2") == ["same content as 1, rejected"]
    shown = outcomes_view(panel)
    assert words(shown).count("'jpeg'") == 2
    assert "same content as 1, rejected" in words(shown)
    assert "Static Banner · 15 Nov 2025, 09:30" in words(shown)


def test_a_figure_that_is_pressed_lists_its_creatives_a_page_at_a_time(small: Workspace) -> None:
    with small.library.open("a", encoding="utf-8") as file:
        file.writelines(f"{number},p{number}.png,,,png,image,pending\n" for number in range(100, 100 + 2 * PAGE))
    panel = panel_of(small)
    view = outcomes_view(panel)
    [pending] = [one for one in inside(view) if isinstance(one, w.Button) and "pending" in one.description]
    assert pending.description == f"{2 * PAGE + 1}\n{FIGURES['pending']}"
    pending.click()
    assert (panel.listed, panel.page, panel.pages, len(panel.on_page)) == ("pending", 1, 3, PAGE)
    assert "p119.png" not in words(view)
    open_now = len(_instances)
    panel.turn(1)
    panel.turn(1)
    panel.turn(1)
    assert len(_instances) == open_now  # each would be loaded again with the page for the rest of the day
    assert (panel.page, len(panel.on_page)) == (3, 1)
    assert f"21 to 21 of {2 * PAGE + 1} pending" in words(view)


def test_the_statistics_are_reckoned_when_they_are_unfolded(small: Workspace) -> None:
    panel = panel_of(small)
    view = outcomes_view(panel)
    assert [name for name, pane in panel.panes.items() if not pane.stale] == ["changes"]
    [how] = [one for one in inside(view) if isinstance(one, w.ToggleButton)]
    how.value = True
    assert not any(pane.stale for pane in panel.panes.values())
    for name in ("Turnbull", "Wilson", "Fisher", "Holm", "Kaplan"):
        assert name not in words(view)


LITTLE = {
    "no file": None,
    "an empty file": "",
    "no rows": ",".join(COLUMNS) + "\n",
    "lines that can't be read": ",".join(COLUMNS) + "\nx\ny\n",
}


@pytest.mark.parametrize("text", LITTLE.values(), ids=LITTLE)
def test_an_empty_library_says_in_one_line_what_to_do_and_leads_there(
    bare_workspace: Workspace, text: str | None
) -> None:
    bare_workspace.library.unlink(missing_ok=True)
    if text is not None:
        bare_workspace.library.write_text(text, "utf-8")
    panel, led = panel_of(bare_workspace), list[str]()
    panel.lead = led.append
    view = outcomes_view(panel)
    assert panel.summary == "The library is empty: read it off the site first."
    shown = [one for one in view.children if one.layout.display != "none"]
    assert panel.summary in words(shown[0])
    [button] = [one for one in inside(shown[0]) if isinstance(one, w.Button)]
    button.click()
    assert led == ["sync"]
    bare_workspace.library.write_text(",".join(COLUMNS) + "\n1,a.png,,,png,image,pending\n", "utf-8")
    panel.come_back()
    assert panel.task.wait(30)
    assert [one.layout.display != "none" for one in view.children] == [False, False, False, True]
    assert numbers(panel)["pending"] == 1
