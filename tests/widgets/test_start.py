"""Where am I and what is next: the day's list, and its panel."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import ipywidgets as w
import pytest
from PIL import Image
from views import looked, words
from world import NOW, read_rows, rejected_before, write_inventory

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import keep_snapshot
from tjtools.health.status import Step, next_steps, overview
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.practice import samples
from tjtools.upload import prepare, save_choice
from tjtools.upload.journal import Ended, Journal
from tjtools.upload.resume import only_live_run
from tjtools.widgets import start_here
from tjtools.widgets.analysis import ReviewOutcomes
from tjtools.widgets.review import Group
from tjtools.widgets.start import CALL, Start, start_view
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind

SANDBOX = SiteSettings(kind="sandbox", origin="http://127.0.0.1:1", account="demo")  # nobody is there
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
    told = next_steps(workspace, prepare(workspace), now=NOW + timedelta(days=days))
    return [step._replace(urgent=False) for step in told]


def commands(workspace: Workspace) -> list[str]:
    return [" ".join(one.command.split()[:2]) for one in steps(workspace)]


def today(workspace: Workspace, *, days: int = 0) -> Start:
    start = Start(workspace, clock=lambda: NOW + timedelta(days=days))
    assert start.looked()
    return start


def images(workspace: Workspace, *names: str) -> None:
    """A session of banners, each with its own content."""
    for seed, name in enumerate(names):
        samples.write_image(workspace.root / "uploaded" / name, width=300, height=250, title="Travel", seed=seed)
    write_inventory(workspace.session, [{"new_filename": name, "creative_type": "image"} for name in names])


def test_where_nothing_waits_there_is_a_way_in(quiet: Workspace) -> None:
    assert steps(quiet, days=6) == [Step("Add new files", "review", "tjtools prepare DIR", "there is no session yet")]


def test_a_fresh_folder_is_told_one_thing_after_the_other(bare_workspace: Workspace) -> None:
    assert commands(bare_workspace) == ["tjtools init", "tjtools refresh-library", "tjtools prepare"]
    bind(bare_workspace, SANDBOX)
    assert commands(bare_workspace) == ["tjtools login", "tjtools refresh-library", "tjtools prepare"]
    first, *then = (one.command for one in overview(bare_workspace, now=NOW).steps)
    assert first.startswith("tjtools sandbox --port")  # which does not run
    assert then == ["tjtools login", "tjtools refresh-library", "tjtools prepare DIR"]
    cut_off = Journal(bare_workspace.log)
    cut_off.begun([SessionFile(Path("a.png"), CreativeType.IMAGE)], run="20251113_120000", now=NOW)
    assert [one.command.split()[1] for one in overview(bare_workspace, now=NOW).steps[:2]] == ["sandbox", "upload"]


def test_a_refresh_is_due_after_seven_days(quiet: Workspace) -> None:
    keep_snapshot(quiet, certificate("sync"), NOW + timedelta(days=7))  # which looks at no new creatives
    keep_snapshot(quiet, certificate("refresh", "not finished"), NOW + timedelta(days=7, seconds=1))  # with --new
    due = Step("Bring the library up to date: it is 7 days old", "sync", "tjtools refresh-library")
    assert steps(quiet, days=7)[-1] == due


def test_of_a_library_that_never_followed_the_site_nobody_knows_how_old_it_is(bare_workspace: Workspace) -> None:
    """Not even by its file's own time: it may have been copied here today."""
    bind(bare_workspace, SANDBOX)
    Library.load(bare_workspace.library).add([IMAGE])
    keep_snapshot(bare_workspace, certificate("sync"), NOW)
    due = Step("Bring the library up to date: nobody knows how old it is", "sync", "tjtools refresh-library")
    assert steps(bare_workspace)[-1] == due
    assert today(bare_workspace).facts["Library as of"].startswith("unknown")
    assert overview(bare_workspace, now=NOW).facts["library_as_of"] is None


def test_the_library_is_as_old_as_its_reading_also_where_that_was_applied_later(quiet: Workspace) -> None:
    read = {"observed_at": "2025-11-14T12:00:00Z"} | certificate("refresh")
    keep_snapshot(quiet, read, NOW + timedelta(days=8))
    assert today(quiet, days=9).facts["Library as of"] == "2025-11-14 12:00, 8 days ago"


def test_a_reading_by_a_colleague_whose_clock_is_fast_is_not_in_the_future(quiet: Workspace) -> None:
    read = {"observed_at": f"{NOW + timedelta(minutes=3):%Y-%m-%dT%H:%M:%SZ}"} | certificate("refresh")
    keep_snapshot(quiet, read, NOW)
    assert today(quiet).facts["Library as of"].endswith(", less than a day ago")


def test_a_file_that_looks_like_another_is_no_new_one_but_one_to_compare(quiet: Workspace) -> None:
    images(quiet, "b.png", "c.png")
    folder = quiet.root / "uploaded"
    with Image.open(folder / "b.png") as picture:
        picture.crop((6, 5, 294, 245)).resize((300, 250)).save(folder / "c.png")
    assert (steps(quiet)[0].what, steps(quiet)[0].more) == ("1 new file: review it", "1 to compare")
    assert today(quiet).figures["new"] == 1
    save_choice(quiet, [(Section.STATIC_BANNER, "b.png")], now=NOW)  # and neither is it after a plan
    assert [one.what for one in steps(quiet)] == ["Upload 1 file", "1 file to compare: look at it"]
    write_inventory(quiet.session, [{"new_filename": "gone.png", "creative_type": "image"}, *read_rows(quiet.session)])
    assert steps(quiet)[1].what == "1 file to compare, 1 to mend: look at them"


def test_what_repeats_a_rejected_creative_is_no_new_file_on_any_tab(quiet: Workspace) -> None:
    images(quiet, "b.png", "c.png")
    rejected_before(quiet, quiet.root / "uploaded/c.png")
    review = looked(quiet)
    assert (today(quiet).figures["new"], len(review.grouped[Group.NEW]), len(review.grouped[Group.LOOK])) == (1, 1, 1)
    assert steps(quiet)[0].more == "1 to compare"
    assert "Plan, not saved: 1 of 2 files that can go up" in review.summary


def test_new_files_come_first_and_what_needs_a_person_with_them(quiet: Workspace) -> None:
    images(quiet, "b.png", "c.png", "gone.png")
    (quiet.root / "uploaded" / "gone.png").unlink()
    assert steps(quiet) == [
        Step("2 new files: review them", "review", "tjtools review", "1 to mend"),
        Step("Upload 2 files", "upload", "tjtools upload --live"),
    ]
    b, c = ((Section.STATIC_BANNER, name) for name in ("b.png", "c.png"))
    save_choice(quiet, [b], now=NOW)
    assert [one.what for one in steps(quiet)] == ["1 new file: review it", "Upload 1 file"]
    save_choice(quiet, [b], left_out=[c], now=NOW)
    assert steps(quiet) == [
        Step("Upload 1 file", "upload", "tjtools upload --live", "the saved plan"),
        Step("1 file to mend: look at it", "review", "tjtools review"),
    ]
    save_choice(quiet, [], left_out=[b, c], now=NOW)
    assert [one.what for one in steps(quiet)] == ["1 file to mend: look at it"]


def test_what_may_be_on_the_site_is_one_step_and_no_new_file(quiet: Workspace) -> None:
    images(quiet, "b.png", "c.png")
    b = looked(quiet).reviews[0].file
    run = {"run": "20251113_120000", "now": NOW}
    journal = Journal(quiet.log)
    journal.begun([b], **run)
    journal.handed_over([b], section=b.section, **run)
    journal.note(Ended(run="20251113_120000", at=NOW))
    find = "Find out the Creative ID of 1 file that the site may have taken"
    assert [one.what for one in steps(quiet)] == [find, "1 new file: review it", "Upload 1 file"]
    assert today(quiet).figures["new"] == 1
    write_inventory(quiet.session, [{"new_filename": "b.png", "creative_type": "image"}])
    assert [one.what for one in steps(quiet)] == [find]


def test_a_plan_that_can_not_be_read_is_to_be_chosen_anew(quiet: Workspace) -> None:
    images(quiet, "b.png")
    save_choice(quiet, [], now=NOW)
    quiet.log.write_text(quiet.log.read_text("utf-8").replace('"files": []', '"files": 3'), "utf-8")
    [step] = steps(quiet)
    assert (step.what, step.tab) == ("Choose the files anew: the saved plan can't be read", "review")


def test_a_first_sight_of_a_rejected_creative_is_no_news_and_there_is_one_number(quiet: Workspace) -> None:
    known = [IMAGE._replace(creative_id=f"103253058{n}", review_status=ReviewStatus.REJECTED) for n in range(5)]
    waited = [IMAGE._replace(creative_id=f"103253059{n}") for n in range(2)]
    Library.load(quiet.library).rewrite([*known, *waited], now=NOW)
    held = {one.creative_id: one.review_status for one in known}
    history = History.of(quiet)
    history.record([*known, *waited], source=Source.REFRESH, now=NOW, known=held)
    assert numbers(quiet) == (0, 0)
    rejected = [one._replace(review_status=ReviewStatus.REJECTED) for one in waited]
    Library.load(quiet.library).rewrite([*known, *rejected], now=NOW)
    history.record([*known, *rejected], source=Source.SYNC, now=NOW + timedelta(hours=1))
    assert numbers(quiet) == (2, 2)
    assert today(quiet).steps[0].what == "2 creatives rejected since you last looked: see which"
    ReviewOutcomes(quiet, clock=lambda: NOW + timedelta(hours=2)).have_seen()
    assert numbers(quiet) == (0, 0)


def numbers(workspace: Workspace) -> tuple[int, int]:
    """How many are newly rejected by the day's list, and by the outcomes."""
    outcomes = ReviewOutcomes(workspace, clock=lambda: NOW + timedelta(hours=2))
    return today(workspace).figures["rejected"], len(outcomes.figures["rejected"])


def test_ids_that_nobody_knows_come_before_the_session(quiet: Workspace) -> None:
    file = SessionFile(quiet.root / "uploaded" / "b.png", CreativeType.IMAGE)
    Journal(quiet.log).handed_over([file], section=Section.STATIC_BANNER, run="r", now=NOW)
    images(quiet, "b.png")
    assert [step.tab for step in steps(quiet)] == ["upload"]
    assert "Creative ID of 1 file" in steps(quiet)[0].what
    Journal(quiet.log).begun([file], run="s", now=NOW)
    first = steps(quiet)[0]
    assert (first.command, first.more) == ("tjtools upload --resume", "0 confirmed, 1 under way, 0 not begun")


def test_what_a_cut_off_upload_did_not_begin_goes_up_with_it_and_is_offered_once(quiet: Workspace) -> None:
    images(quiet, "b.png", "c.png")
    files = [one.file for one in looked(quiet).reviews]
    save_choice(quiet, [one.key for one in files], now=NOW)
    Journal(quiet.log).begun(files, run="20251113_120000", now=NOW)
    [first] = steps(quiet)
    assert (first.command, first.more) == ("tjtools upload --resume", "0 confirmed, 0 under way, 2 not begun")


def test_what_the_plan_has_beside_a_cut_off_upload_is_offered_beside_it(quiet: Workspace) -> None:
    images(quiet, "b.png", "c.png")
    files = [one.file for one in looked(quiet).reviews]
    save_choice(quiet, [one.key for one in files], now=NOW)
    Journal(quiet.log).begun(files[:1], run="20251113_120000", now=NOW)
    assert [one.what for one in steps(quiet)] == ["Go on with the upload that was cut off", "Upload 1 file"]


def test_half_pairs_and_lines_that_cant_be_read_are_told(quiet: Workspace) -> None:
    path = quiet.media_file("IMG_a.png", CreativeType.NATIVE_IMAGE)
    samples.write_image(path, width=640, height=360, title="Travel")
    half = {"new_filename": "IMG_a.png", "creative_type": "native_image", "native_pair_id": "1"}
    write_inventory(quiet.session, [half, {"new_filename": "../../etc", "creative_type": "image"}])
    with quiet.library.open("a", encoding="utf-8") as file:
        file.write("1.03E+09,x,,,,,\n")
    assert [step.what for step in steps(quiet)] == [
        "Mend 1 line of TJ_Creative_Library.csv that can't be read",
        "Mend 1 line of creative_inventory_session.csv that can't be read",
        "1 file to mend: look at it",
    ]


def test_a_file_that_may_be_there_by_its_name_is_a_question(quiet: Workspace) -> None:
    write_inventory(quiet.session, [{"new_filename": "clip.png.png", "creative_type": "image"}])
    with quiet.library.open("a", encoding="utf-8") as file:
        file.write("7,clip.png,,,png,image,approved\n")
    assert [(step.what, step.tab) for step in steps(quiet)] == [("1 file perhaps there: look at it", "review")]


def test_while_an_upload_runs_nobody_is_told_to_upload_the_same_files(quiet: Workspace) -> None:
    images(quiet, "b.png")
    with only_live_run(quiet):
        assert [(step.what, step.tab) for step in steps(quiet)] == [("An upload runs: watch it", "upload")]
    assert [step.tab for step in steps(quiet)] == ["review", "upload"]


def test_the_panel_says_it_in_plain_text(quiet: Workspace) -> None:
    start = today(quiet, days=9)
    assert start.facts["Library as of"] == "2025-11-13 12:00, 9 days ago"
    assert start.summary == (
        "Library: 1 creative: 1 pending\nSession: no files\nNext:\n"
        "- Add new files (there is no session yet)\n"
        "- Bring the library up to date: it is 9 days old"
    )


def test_when_its_tab_is_shown_again_it_looks_again_and_each_step_leads_to_its_tab(quiet: Workspace) -> None:
    start, led = today(quiet), list[str]()
    start.lead = led.append
    view = start_view(start)
    images(quiet, "b.png")
    said: list[bool] = []  # that what is shown is of before
    start.observe(lambda _change: said.append("looking again" in words(view)), "busy")
    far: list[bool] = []
    start.task.observe(lambda _change: far.append("looking again … 1 of 1 file" in words(view)), "text")
    start.come_back()
    assert start.looked()
    assert (said, any(far)) == ([True, False], True)
    buttons = [one for one in widgets_of(view) if isinstance(one, w.Button)]
    assert [(one.description, one.button_style) for one in buttons] == [
        ("1 new file: review it", "primary"),
        ("Upload 1 file", ""),
    ]
    for one in buttons:
        one.click()
    assert led == ["review", "upload"]


def widgets_of(widget: w.Widget) -> list[w.Widget]:
    return [widget, *(one for child in getattr(widget, "children", ()) for one in widgets_of(child))]


def test_the_python_that_it_shows_says_the_same(quiet: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(quiet.root)
    images(quiet, "b.png")
    names: dict[str, object] = {}
    exec(CALL.replace("next_steps(workspace, prep", "steps = next_steps(workspace, prep"), names)  # noqa: S102 (ours)
    start = Start(quiet)
    assert start.looked()
    assert names["steps"] == start.steps


def test_the_panel_shows_up_without_a_front_end(quiet: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert start_here(quiet).summary.startswith("Library: 1 creative")
    assert "Start here: run this notebook in JupyterLab to see it" in capsys.readouterr().out
