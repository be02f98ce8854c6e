"""Where am I and what is next: the day's list, and its panel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import NOW, write_inventory

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import keep_snapshot
from tjtools.health.status import Step, next_steps
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.practice import samples
from tjtools.upload import prepare
from tjtools.upload.journal import Journal
from tjtools.widgets import start_here
from tjtools.widgets.start import Start
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind

SANDBOX = SiteSettings(kind="sandbox", origin="http://127.0.0.1:8642", account="demo")
IMAGE = Creative("1032530571", "a", creative_type=CreativeType.IMAGE, review_status=ReviewStatus.PENDING)


@pytest.fixture
def quiet(bare_workspace: Workspace) -> Workspace:
    """A workspace in which nothing waits for anybody."""
    bind(bare_workspace, SANDBOX)
    bare_workspace.private.mkdir()
    bare_workspace.browser_session.write_text("{}", "utf-8")
    Library.load(bare_workspace.library).add([IMAGE])
    keep_snapshot(bare_workspace, certificate("refresh"), NOW)
    return bare_workspace


def certificate(source: str, verdict: str = "complete") -> dict[str, object]:
    return {"source": source, "sections": [{"section": section.value, "verdict": verdict} for section in Section]}


def steps(workspace: Workspace, *, days: int = 0) -> list[Step]:
    return list(next_steps(workspace, prepare(workspace), now=NOW + timedelta(days=days)))


def test_nothing_waits(quiet: Workspace) -> None:
    assert steps(quiet, days=6) == []


def test_an_empty_folder_is_told_what_to_do_first(bare_workspace: Workspace) -> None:
    first, second = steps(bare_workspace)
    assert "tjtools init" in first.what
    assert second == Step("Read the library off the site: there is none here yet", "03_refresh_and_sync.ipynb")


def test_a_refresh_is_due_after_seven_days(quiet: Workspace) -> None:
    keep_snapshot(quiet, certificate("sync"), NOW + timedelta(days=7))  # which looks at no new creatives
    keep_snapshot(quiet, certificate("refresh", "not finished"), NOW + timedelta(days=7, seconds=1))  # with --new
    due = Step("Refresh the library: the last time was 7 days ago", "03_refresh_and_sync.ipynb")
    assert steps(quiet, days=7) == [due]


def test_nobody_is_signed_in(quiet: Workspace) -> None:
    quiet.browser_session.unlink()
    assert steps(quiet) == [Step("Sign in: no sign-in is saved yet", "02_upload.ipynb")]


def test_newly_rejected_ones_are_those_that_still_are(quiet: Workspace) -> None:
    rejected = [IMAGE._replace(creative_id=f"103253058{n}", review_status=ReviewStatus.REJECTED) for n in (1, 2)]
    library, history = Library.load(quiet.library), History.of(quiet)
    library.add(rejected)
    history.record([IMAGE, *rejected], source=Source.SYNC, now=NOW)
    told = Step("Look at 2 creatives newly rejected in the last seven days", "05_review_outcomes.ipynb")
    assert steps(quiet, days=6) == [told]
    library.rewrite([rejected[0], rejected[1]._replace(review_status=ReviewStatus.APPROVED)], now=NOW)
    assert [step.what[:20] for step in steps(quiet)] == ["Look at 1 creative n"]
    assert [step.notebook for step in steps(quiet, days=8)] == ["03_refresh_and_sync.ipynb"]


def test_ids_that_nobody_knows_come_before_the_session(quiet: Workspace) -> None:
    file = SessionFile(quiet.root / "uploaded" / "b.png", CreativeType.IMAGE)
    Journal(quiet.log).handed_over([file], section=Section.STATIC_BANNER, run="r", now=NOW)
    samples.write_image(file.path, width=300, height=250, title="Travel")
    write_inventory(quiet.session, [{"new_filename": "b.png", "creative_type": "image"}])
    assert [step.notebook for step in steps(quiet)] == ["02_upload.ipynb", "01_review_session.ipynb", "02_upload.ipynb"]
    assert "Creative ID of 1 file" in steps(quiet)[0].what
    Journal(quiet.log).begun([file], run="s", now=NOW)
    told = steps(quiet)[0]
    assert (told.notebook, "not finished: 0 confirmed, 0 under way, 1 not begun" in told.what) == (
        "02_upload.ipynb",
        True,
    )


def test_half_pairs_and_lines_that_cant_be_read_are_told(quiet: Workspace) -> None:
    path = quiet.media_file("IMG_a.png", CreativeType.NATIVE_IMAGE)
    samples.write_image(path, width=640, height=360, title="Travel")
    half = {"new_filename": "IMG_a.png", "creative_type": "native_image", "native_pair_id": "1"}
    write_inventory(quiet.session, [half, {"new_filename": "../../etc", "creative_type": "image"}])
    with quiet.library.open("a", encoding="utf-8") as file:
        file.write("1.03E+09,x,,,,,\n")
    assert [step.what.split(":")[0] for step in steps(quiet)] == [
        "Mend 1 line of TJ_Creative_Library.csv that can't be read",
        "Mend 1 line of creative_inventory_session.csv that can't be read",
        "Complete 1 native pair of which half is missing",
    ]


def test_a_file_that_may_be_there_by_its_name_is_a_question(quiet: Workspace) -> None:
    write_inventory(quiet.session, [{"new_filename": "clip.png.png", "creative_type": "image"}])
    with quiet.library.open("a", encoding="utf-8") as file:
        file.write("7,clip.png,,,png,image,approved\n")
    assert [(step.what, step.notebook) for step in steps(quiet)] == [
        ("Say of 1 file whether the site has it already: unclear by its name", "01_review_session.ipynb")
    ]


def test_the_panel_says_it_in_plain_text(quiet: Workspace) -> None:
    start = Start(quiet, clock=lambda: NOW + timedelta(days=9))
    assert start.looked()
    assert start.facts["Library as of"] == "2025-11-13 12:00, 9 days ago"
    assert start.summary == (
        "Library: 1 creative: 1 pending\nSession: no files\nNext:\n"
        "- Refresh the library: the last time was 9 days ago (03_refresh_and_sync.ipynb)"
    )


def test_the_panel_shows_up_without_a_front_end(quiet: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert start_here(quiet).summary.startswith("Library: 1 creative")
    assert "Start here: run this notebook in JupyterLab to see it" in capsys.readouterr().out
