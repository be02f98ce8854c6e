"""The upload's panel without a front end, on the sandbox: the fake, and a real browser."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from statistics import median

import ipywidgets as w
import psutil
import pytest
from views import looked, words
from world import (
    IN_ITS_OWN_BROWSER,
    NOW,
    ON_BOTH,
    Truth,
    banner,
    checksum,
    go,
    library_ids,
    native_pair,
    read_rows,
    rejected_before,
    session,
)

from tjtools.model.creative import CreativeType, Section, SessionFile, UploadStatus
from tjtools.model.errors import Cancelled, SignInNeeded, TrackingFileError, WorkspaceError
from tjtools.upload import FileProgress, UploadReport, load_choice, save_choice, watched
from tjtools.upload.journal import NOT_BEGUN, UNDER_WAY, Journal
from tjtools.upload.plan import BEGINNING, USUAL
from tjtools.upload.resume import only_live_run
from tjtools.upload.run_files import RecordedFile, RecordedRun
from tjtools.widgets import upload_panel
from tjtools.widgets.panel import State
from tjtools.widgets.upload import Step, Upload
from tjtools.widgets.upload_view import upload_view
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import SiteSettings, bind

pytestmark = pytest.mark.usefixtures("site_kind")
EVIL = "<img src=x onerror=alert(1)>"


def images(workspace: Workspace, names: str) -> None:
    """A session of static banners, one a letter."""
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate(names)])


def do(panel: Upload, *actions: str) -> Upload:
    """Press these buttons, and wait for each."""
    for action in actions:
        getattr(panel, action)()
        assert panel.task.wait(60)
    return panel


def ready(workspace: Workspace, made: Upload | None = None) -> Upload:
    """A panel that has rehearsed."""
    panel = do(made or Upload(workspace), "rehearse")
    assert panel.asks, panel.task.error
    return panel


def shown_buttons(widget: w.Widget) -> list[tuple[str, str]]:
    """The buttons that have room, each with its style."""
    if widget.layout.display == "none":
        return []
    mine = [(widget.description, widget.button_style)] if isinstance(widget, w.Button) else []
    return [*mine, *(one for child in getattr(widget, "children", ()) for one in shown_buttons(child))]


def when(panel: Upload, trait: str, act: Callable[[], object]) -> None:
    """Do something once this trait changes."""
    panel.observe(lambda _change: act(), trait)


@ON_BOTH
def test_one_press_rehearses_and_one_uploads(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "ab")
    panel = Upload(workspace)
    assert (panel.signed_in, panel.checked, panel.asks) == (False, None, False)
    do(panel, "rehearse")
    assert (panel.signed_in, panel.rehearsed, panel.asks) == (True, True, True)
    assert ([file.name for file in panel.files], truth.received()) == (["a.png", "b.png"], [])
    do(panel, "upload")
    assert (panel.asks, panel.checked) == (False, None)
    assert {one.name: one.creative_id for one in panel.recorded.files} == {
        name: truth.named(name.removesuffix(".png"))[0] for name in ("a.png", "b.png")
    }
    assert library_ids(workspace) == {one.name: one.creative_id for one in panel.recorded.files}
    assert (panel.summary, panel.doubt) == ("Last live upload, 2 files: 2 success", ())
    copied = ["copy", {"says": "Copy 2 IDs"}, "\n".join(one.creative_id for one in panel.recorded.files)]
    assert str(copied) in words(upload_view(panel))


def test_going_on_says_for_what_it_waits_and_need_not_wait(workspace: Workspace, truth: Truth) -> None:
    """The site never shows one of the files of a run that was cut off: five minutes, or a word."""
    images(workspace, "abc")
    [a, b, c] = ready(workspace).files
    journal, of_run = Journal(workspace.log), {"run": "20251113_120000", "now": datetime.now(UTC)}
    journal.begun([a, b, c], **of_run)
    journal.handed_over([a, b], section=a.section, newest=max(truth.creatives()), **of_run)
    truth.add("Static Banner", "b")
    panel = Upload(workspace)
    waited: list[str] = []

    def dont_wait() -> None:
        if panel.task.waiting:
            waited.append(panel.under_way)
            panel.task.dont_wait()

    panel.task.observe(lambda _change: dont_wait(), "waiting")
    do(panel, "resume")
    assert re.search(r"Running, . of 3: Waiting for the site: 1 file, at most 5:.. more", waited[0])
    assert (panel.task.state, panel.task.text, panel.task.done, panel.task.total) == (State.DONE, "", 3, 3)
    assert truth.received() == ["c.png"]
    assert set(library_ids(workspace)) == {"b.png", "c.png"}
    assert (panel.doubt, panel.unfinished.told) == ((a.key,), "2 confirmed, 1 under way, 0 not begun")


def test_who_has_no_files_yet_can_sign_in(workspace: Workspace) -> None:
    """Today's list leads here for it, and so does a reading that the site has refused."""
    workspace.browser_session.unlink(missing_ok=True)
    panel = Upload(workspace)
    panel.lead = str  # as on the desk
    view = upload_view(panel)
    assert shown_buttons(view) == [("Go to Review", ""), ("Sign in", "primary")]
    do(panel, "rehearse")
    assert (panel.signed_in, panel.task.state) == (True, State.DONE)
    assert shown_buttons(view) == [("Go to Review", "primary")]


@pytest.mark.parametrize("action", ["upload", "retry", "resume"])
def test_what_has_not_its_turn_does_nothing(workspace: Workspace, action: str) -> None:
    images(workspace, "a")
    panel = do(Upload(workspace), action)
    assert (panel.task.state, panel.step) == (State.READY, None)


def test_a_rehearsal_is_uploaded_once(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "ab")
    panel = do(ready(workspace), "upload")
    panel.upload()  # the second click of a double click
    assert not panel.task.running
    assert sorted(truth.received()) == ["a.png", "b.png"]


def test_of_each_file_of_the_session_it_is_said_what_becomes_of_it(workspace: Workspace) -> None:
    session(workspace, [banner(workspace.root / "uploaded", name) for name in ("a.png", "same as a.png")])
    view = upload_view(panel := Upload(workspace))
    assert "A rehearsal uploads nothing, and shows what would go." in words(view)
    ready(workspace, panel)
    assert "Of the session: 1 left out." in words(view)


def test_nothing_is_asked_where_nothing_goes_up(workspace: Workspace) -> None:
    session(workspace, [])
    panel = do(Upload(workspace), "rehearse")
    assert (panel.signed_in, panel.task.error, panel.asks, panel.files) == (True, None, False, ())


@pytest.fixture
def with_a_copy(workspace: Workspace) -> Workspace:
    """A session of a new banner, and of a copy of one that was rejected."""
    images(workspace, "ab")
    rejected_before(workspace, workspace.root / "uploaded/b.png")
    return workspace


def test_a_copy_of_a_rejected_creative_stays_without_a_word_of_its_own(with_a_copy: Workspace, truth: Truth) -> None:
    panel = ready(with_a_copy)
    assert [(one.file.name, "REJECTED on 2025-11-13" in one.reason) for one in panel.checked.plan.repeats] == [
        ("b.png", True)
    ]
    assert [file.name for file in panel.files] == ["a.png"]
    do(panel, "upload")
    assert truth.received() == ["a.png"]
    assert "skipped: b.png" in panel.summary


def test_a_copy_of_a_rejected_creative_goes_up_with_a_word_of_its_own(with_a_copy: Workspace, truth: Truth) -> None:
    panel = ready(with_a_copy)
    panel.repeats_too = True
    assert [file.name for file in panel.files] == ["a.png", "b.png"]
    do(panel, "upload")
    assert (sorted(truth.received()), panel.repeats_too) == (["a.png", "b.png"], False)


def test_a_new_rehearsal_takes_the_word_back(with_a_copy: Workspace) -> None:
    save_choice(with_a_copy, [(Section.STATIC_BANNER, "b.png")], now=NOW)
    panel = ready(with_a_copy)
    assert (panel.files, panel.asks) == ((), True)
    panel.upload()
    assert not panel.task.running
    panel.repeats_too = True
    do(panel, "rehearse")
    assert (panel.repeats_too, panel.files) == (False, ())


def test_what_failed_after_a_word_is_tried_again_without_another(with_a_copy: Workspace, truth: Truth) -> None:
    truth.script({"b.png": {"outcome": "error", "message": "Too dark."}})
    panel = ready(with_a_copy)
    panel.repeats_too = True
    do(panel, "upload")
    truth.script({})
    do(panel, "retry")
    assert ([file.name for file in panel.files], panel.checked.plan.repeats) == (["b.png"], ())
    do(panel, "upload")
    assert (panel.retryable, truth.received().count("b.png")) == (0, 2)


def test_another_plan_wants_another_rehearsal(workspace: Workspace) -> None:
    images(workspace, "ab")
    panel = ready(workspace)
    panel.come_back()
    assert panel.asks
    save_choice(workspace, [(Section.STATIC_BANNER, "b.png")], now=NOW)
    panel.come_back()
    assert (panel.asks, panel.saved) == (False, load_choice(workspace))


def test_another_session_of_as_many_files_wants_another_rehearsal(workspace: Workspace) -> None:
    """The desk showed the names of the one before."""
    images(workspace, "ab")
    panel = ready(workspace)
    images(workspace, "cd")
    panel.come_back()
    assert (panel.asks, panel.files) == (False, ())


def test_a_file_that_was_exchanged_since_the_plan_is_named(workspace: Workspace) -> None:
    images(workspace, "ab")
    looked(workspace).save()
    panel = ready(workspace)
    assert "exchanged" not in panel.summary
    banner(workspace.root / "uploaded", "b.png", seed=9)
    ready(workspace, panel)
    assert "exchanged since the plan: b.png" in panel.summary
    assert "● Exchanged since you saved your plan, 1" in words(upload_view(panel))
    looked(workspace).save()
    assert "exchanged" not in ready(workspace, panel).summary


def test_clicks_on_a_running_step_do_nothing(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "ab")
    panel = ready(workspace)
    again: list[bool] = []

    def click() -> None:
        for action in (panel.upload, panel.rehearse, panel.resume):
            action()
        again.append(panel.step is Step.UPLOAD)

    when(panel, "states", click)
    do(panel, "upload")
    assert again
    assert all(again)
    assert sorted(truth.received()) == ["a.png", "b.png"]


def test_of_a_plan_only_what_has_no_id_yet_is_told_as_ahead(workspace: Workspace, truth: Truth) -> None:
    """Also in a panel that is opened later, as after a restart of the kernel."""
    truth.script({"b.png": {"outcome": "error"}})
    images(workspace, "ab")
    save_choice(workspace, [(Section.STATIC_BANNER, f"{name}.png") for name in "ab"], now=NOW)
    assert "'Your plan: 2 files'" in words(upload_view(Upload(workspace)))
    do(ready(workspace), "upload")
    assert "'Your plan: 1 of 2 files left'" in words(upload_view(Upload(workspace)))
    truth.script({})
    do(Upload(workspace), "retry", "upload")
    view = upload_view(Upload(workspace))
    assert re.search("Your plan is carried out'.*: each of its 2 files has a Creative ID", words(view))
    assert ("Rehearse", "") in shown_buttons(view)


def test_of_a_plan_that_is_carried_out_in_two_runs_nothing_is_told_as_left(workspace: Workspace, truth: Truth) -> None:
    """The second run, as of the command with `--file`, knows nothing of the first one's files."""
    images(workspace, "ab")
    keys = [(Section.STATIC_BANNER, f"{name}.png") for name in "ab"]
    for minute, key in enumerate(keys):  # runs are called by their second
        save_choice(workspace, [key], now=NOW)
        do(ready(workspace, Upload(workspace, clock=partial(NOW.replace, minute=minute))), "upload")
        session(workspace, [{"new_filename": "b.png", "creative_type": "image"}])
    save_choice(workspace, keys, now=NOW)
    panel = Upload(workspace)
    assert [one.name for one in panel.recorded.files] == ["b.png"]
    assert "'Your plan is carried out'" in words(upload_view(panel))


def test_a_plan_of_no_files_is_not_one_that_is_carried_out(workspace: Workspace) -> None:
    images(workspace, "a")
    save_choice(workspace, [], now=NOW)
    assert "'Your plan: 0 files'" in words(upload_view(Upload(workspace)))


def test_the_saved_plan_is_what_goes(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "abc")
    save_choice(workspace, [(Section.STATIC_BANNER, "b.png")], now=NOW)
    panel = ready(workspace)
    assert [file.name for file in panel.files] == ["b.png"]
    assert panel.checked.choice == load_choice(workspace)
    do(panel, "upload")
    assert truth.received() == ["b.png"]


@pytest.mark.parametrize("what", ["plan", "content"])
def test_what_changed_since_the_rehearsal_is_not_uploaded(workspace: Workspace, truth: Truth, what: str) -> None:
    images(workspace, "ab")
    panel = ready(workspace)
    if what == "plan":
        save_choice(workspace, [(Section.STATIC_BANNER, "b.png")], now=NOW)
    else:
        banner(workspace.root / "uploaded", "b.png", 7)
    do(panel, "upload")
    assert isinstance(panel.task.error, WorkspaceError)
    assert "Rehearse again" in panel.task.error.remedy
    assert (truth.received(), panel.checked, panel.recorded) == ([], None, None)


def test_a_file_that_is_exchanged_after_the_rehearsal_does_not_go_unseen(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "ab")
    panel = ready(workspace)
    banner(workspace.root / "uploaded", "b.png", seed=9)
    do(panel, "upload")
    assert "b.png" in str(panel.task.error)
    assert "Rehearse again" in panel.task.error.remedy
    assert (truth.received(), panel.checked) == ([], None)


def test_every_file_has_its_own_progress(workspace: Workspace) -> None:
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    session(workspace, [*pair, banner(workspace.root / "uploaded", "b.png")])
    panel = ready(workspace)
    seen: list[tuple[int, dict[str, str]]] = []
    when(panel, "states", lambda: seen.append((panel.batch, dict(panel.states))))
    do(panel, "upload")
    last = {number: states for number, states in seen if states}
    assert last == {
        1: {pair[0]["new_filename"]: "taken"},
        2: {pair[1]["new_filename"]: "taken"},
        3: {"b.png": "taken"},
    }
    assert (panel.task.done, panel.task.total) == (3, 3)


def test_batches_are_counted_as_the_rehearsal_counts_them(workspace: Workspace) -> None:
    """What is there already makes batches of its own, which hand nothing over."""
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    session(workspace, pair)
    do(ready(workspace), "upload")
    session(workspace, [*pair, banner(workspace.root / "uploaded", "b.png")])
    panel = ready(workspace)
    view, seen = upload_view(panel), set[str]()
    assert "1 file in 1 batch" in words(view)
    when(panel, "states", lambda: seen.update(re.findall("Batch [^']*", words(view))))
    do(panel, "upload")
    assert seen == {"Batch 1 of 1"}


def test_the_clock_moves_at_least_once_a_second_while_a_file_takes_its_time(workspace: Workspace, truth: Truth) -> None:
    truth.settings(processing_s=3)
    images(workspace, "a")
    panel = ready(workspace)
    ticks: list[float] = []
    panel.task.observe(lambda _change: ticks.append(time.monotonic()), "elapsed")
    do(panel, "upload")
    assert median(after - before for before, after in pairwise(ticks)) < 1
    assert len(ticks) > 5


@ON_BOTH
def test_cancel_stops_within_the_file_and_says_what_is_unknown(workspace: Workspace, truth: Truth) -> None:
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    session(workspace, [*pair, *[banner(workspace.root / "uploaded", f"{name}.png", ord(name)) for name in "ab"]])
    panel = ready(workspace)
    asked: list[float] = []

    def cancel_in_the_last_batch() -> None:
        if panel.batch == 2 and set(panel.states.values()) == {"taken"}:
            truth.settings(processing_s=60)
        if panel.batch == 3 and not asked:
            asked.append(time.monotonic())
            panel.task.cancel()

    when(panel, "states", cancel_in_the_last_batch)
    do(panel, "upload")
    assert time.monotonic() - asked[0] < 30
    assert isinstance(panel.task.error, Cancelled)
    assert panel.task.state is State.CANCELLED
    assert panel.doubt == ((Section.STATIC_BANNER, "a.png"), (Section.STATIC_BANNER, "b.png"))
    assert set(library_ids(workspace)) == {row["new_filename"] for row in pair}
    ended = {one.name: one.status.value for one in panel.recorded.files}
    assert ended == {row["new_filename"]: "success" for row in pair} | {"a.png": "unknown_id", "b.png": "unknown_id"}


def test_after_a_restart_it_shows_what_is_recorded_and_what_is_unknown(workspace: Workspace, truth: Truth) -> None:
    truth.script({"b.png": {"outcome": "error", "message": "Too dark."}})
    images(workspace, "abc")
    before = do(ready(workspace), "upload")
    lost = SessionFile(workspace.root / "uploaded/d.png", CreativeType.IMAGE)
    Journal(workspace.log).handed_over([lost], section=Section.STATIC_BANNER, run="cut", now=NOW)
    after = Upload(workspace)
    assert after.recorded == before.recorded
    assert [(one.name, one.status.value, one.message) for one in after.recorded.files if not one.creative_id] == [
        ("b.png", "failed", "Too dark.")
    ]
    assert after.doubt == ((Section.STATIC_BANNER, "d.png"),)
    assert not after.signed_in


def test_the_failed_are_tried_again_after_a_new_word(workspace: Workspace, truth: Truth) -> None:
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    video, image = (row["new_filename"] for row in pair)
    truth.script({image: {"outcome": "error", "message": EVIL}})
    session(workspace, [*pair, banner(workspace.root / "uploaded", "b.png")])
    panel = do(ready(workspace), "upload")
    assert panel.retryable == 1
    truth.script({})
    do(panel, "retry")
    assert [file.name for file in panel.files] == [image]
    assert panel.asks
    do(panel, "upload")
    assert panel.retryable == 0
    assert truth.received().count(video) == 1
    held = truth.creatives()
    assert {held[ID]["sha256"] for ID in library_ids(workspace).values()} == {
        checksum(path) for path in (workspace.root / "uploaded").rglob("*.*") if path.name in {video, image, "b.png"}
    }
    [native] = [path for path in panel.recorded.campaign_files if path.stem.endswith("_Native")]
    ids = library_ids(workspace)
    assert [(one["Video Creative ID"], one["Thumbnail Creative ID"]) for one in read_rows(native)] == [
        (ids[video], ids[image])
    ]


def test_what_failed_and_is_gone_is_not_offered_again(workspace: Workspace, truth: Truth) -> None:
    truth.script({name: {"outcome": "error", "message": "Too dark."} for name in ("a.png", "b.png")})
    images(workspace, "abc")
    panel = do(ready(workspace), "upload")
    view = upload_view(panel)
    assert ("Retry 2 files", "primary") in shown_buttons(view)
    (workspace.root / "uploaded/a.png").unlink()
    panel.come_back()
    assert ("Retry 1 file", "primary") in shown_buttons(view)
    images(workspace, "c")
    panel.come_back()
    assert not [name for name, _style in shown_buttons(view) if name.startswith("Retry")]


@pytest.mark.parametrize("comes", [False, True])
def test_what_the_site_timed_out_on_is_looked_for_first_and_goes_up_again_on_a_word_alone(
    comes: bool, workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Button, rows and deed say one thing; what the site comes to list is taken up by its name, whatever was said."""
    monkeypatch.setenv("TJTOOLS_UPLOAD__PROCESSING_TIMEOUT", "0.4")
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "0.4")
    images(workspace, "a")
    truth.faults("upload-endless=1")
    panel = Upload(workspace)
    view = upload_view(panel)
    do(panel, "rehearse", "upload")
    assert [one.message for one in panel.recorded.files] == ["no change within 0.4 s"]
    assert "an upload was cut off" not in words(view)
    do(panel, "retry")
    assert (panel.files, shown_buttons(view)[1:3]) == ((), [("Look for 1 file", "primary"), ("Retry 1 file", "")])
    assert "The site timed out on 1 file" in words(view)
    assert "may be on the site" not in words(view)  # which says the same
    do(panel, "upload")
    assert panel.recorded.files[0].message.endswith("does not list it: it goes up again on your word alone")
    do(panel, "retry")
    assert not panel.once_more
    panel.once_more = True
    assert shown_buttons(view)[1] == ("Upload 1 file", "primary")
    before = [truth.add("Static Banner", "a")] if comes else []
    do(panel, "upload")
    assert truth.received().count("a.png") == 1 - comes  # the first never came to its end
    assert [*library_ids(workspace).items()] == [("a.png", one) for one in before or truth.named("a")]
    assert (len(truth.named("a")), panel.doubt, panel.retryable, panel.once_more) == (1, (), 0, False)


@pytest.fixture
def timed_out(workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The site timed out on `a.png`, the session's one file."""
    monkeypatch.setenv("TJTOOLS_UPLOAD__PROCESSING_TIMEOUT", "0.4")
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "0.4")
    images(workspace, "a")
    truth.faults("upload-endless")
    do(ready(workspace), "upload")
    return workspace


def test_a_word_in_one_window_is_none_of_what_another_has_handed_over_since(timed_out: Workspace, truth: Truth) -> None:
    """Both have the tick; the site times out on the first once more."""
    one, other = (do(Upload(timed_out), "rehearse") for _ in range(2))
    for panel in (one, other):
        panel.once_more = True
    do(one, "upload")
    truth.faults()
    do(other, "upload")
    assert truth.received() == []
    assert other.recorded.files[0].message.endswith("it goes up again on your word alone")


def test_what_a_colleague_was_timed_out_on_asks_for_a_word_also_where_all_is_rehearsed_again(
    timed_out: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal here does not know it: the last run does, which met it."""
    panel = do(Upload(timed_out), "rehearse", "upload")
    monkeypatch.setattr(Journal, "stalled", lambda _: set())
    do(panel, "rehearse")
    assert ([file.name for file in panel.timed_out], panel.files) == (["a.png"], ())


def test_what_may_be_on_the_site_can_be_looked_for_where_nothing_else_is_to_go_up(
    timed_out: Workspace, truth: Truth
) -> None:
    """The session has the file no more."""
    timed_out.session.unlink()
    found = truth.add("Static Banner", "a")
    panel = Upload(timed_out)
    view = upload_view(panel)
    do(panel, "rehearse")
    assert ("Look for 1 file", "primary") in shown_buttons(view)
    do(panel, "upload")
    assert (panel.doubt, panel.error) == ((), None)
    assert library_ids(timed_out) == {"a.png": found}


def test_the_results_begin_with_what_failed_and_can_be_taken_along(workspace: Workspace, truth: Truth) -> None:
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    truth.script({"b.png": {"outcome": "error", "message": EVIL}})
    session(workspace, [*pair, *[banner(workspace.root / "uploaded", f"{name}.png", ord(name)) for name in "ab"]])
    panel = do(ready(workspace), "upload")
    ids, run = library_ids(workspace), panel.recorded
    assert (run.what_matters_first[0].name, run.told) == ("b.png", "✗ failed: 1 · ✓ uploaded: 3")
    assert sorted(panel.ids) == sorted(ids.values())
    with zipfile.ZipFile(io.BytesIO(run.packed(panel.place))) as packed:
        held = {name: packed.read(name).decode() for name in packed.namelist()}
    kept = {path.name: path.read_bytes().decode() for path in (run.status_file, *run.campaign_files)}
    assert (held, len(kept)) == (kept | {"report.txt": run.report(panel.place)}, 3)
    first, told, _, failed, *others = held["report.txt"].splitlines()
    assert (first, told) == (f"Upload {run.name}, {truth.origin}, account demo", run.told)
    assert failed == f"✗ failed          b.png  {EVIL}"
    assert sorted(line.split()[2] for line in others) == sorted(panel.ids)
    assert panel.library_page == f"{truth.origin}/media-library"


def test_the_results_tell_of_the_new_ids_before_what_was_there_already(workspace: Workspace) -> None:
    """A session keeps what went up before: what this upload brought would stand on the last page of the list."""
    rows = [("there", "skipped", "1"), ("new", "success", "2"), ("lost", "unknown_id", ""), ("late", "skipped", "")]
    files = [
        RecordedFile(name, CreativeType.IMAGE, UploadStatus(status), creative_id, "" if creative_id else NOT_BEGUN)
        for name, status, creative_id in rows
    ]
    run = RecordedRun(workspace.upload_logs / "upload_status_20251113_120000.csv", tuple(files), ())
    assert [one.name for one in run.what_matters_first] == ["lost", "new", "late", "there"]


def test_the_sandbox_signs_in_by_itself(workspace: Workspace, truth: Truth) -> None:
    truth.ask("sessions", "DELETE")
    assert do(Upload(workspace), "rehearse").signed_in


def test_a_session_that_expired_meanwhile_is_signed_in_anew(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "a")
    panel = ready(workspace)
    truth.ask("sessions", "DELETE")
    do(panel, "upload")
    assert (panel.task.error, truth.received()) == (None, ["a.png"])


def test_a_session_that_expires_in_mid_upload_names_the_button(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "ab")
    panel = ready(workspace)
    when(panel, "signed_in", lambda: truth.faults("list-expired"))
    panel.signed_in = False  # it connects once more, and after that the site no longer takes the session
    truth.faults()
    do(panel, "upload")
    assert isinstance(panel.task.error, SignInNeeded)
    assert panel.task.error.remedy == "Press Go on: it signs in anew."
    assert (panel.signed_in, panel.unfinished is not None) == (False, True)


def test_on_the_live_site_a_window_opens_where_no_sign_in_is_saved(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(bare_workspace, SiteSettings(kind="live", origin="https://advertiser.trafficjunky.com", account="ana"))
    asked: list[bool | None] = []

    def no_real_site(*_: object, headless: bool | None, **__: object) -> object:
        asked.append(headless)
        if asked == [None]:
            raise SignInNeeded("The site asks to sign in.")
        return _Closed()

    monkeypatch.setattr("tjtools.widgets.upload.connect", no_real_site)
    assert do(Upload(bare_workspace), "rehearse").signed_in
    assert asked == [None, False, None]


class _Closed:
    def close(self) -> None:
        """Nothing is open."""


def test_run_all_on_a_live_workspace_opens_nothing(bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(bare_workspace, SiteSettings(kind="live", origin="https://advertiser.trafficjunky.com", account="ana"))
    monkeypatch.setattr("tjtools.widgets.upload.connect", lambda *_, **__: pytest.fail("the site was opened"))
    panel = upload_panel(bare_workspace)
    assert (panel.task.state, panel.summary) == (State.READY, "Nothing was uploaded yet")


def test_pressing_goes_through_all_steps_on_a_sandbox(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    images(workspace, "ab")
    monkeypatch.setenv("TJTOOLS_PRESS", "1")
    panel = upload_panel(workspace)
    assert panel.summary == "Last live upload, 2 files: 2 success"
    assert sorted(truth.received()) == ["a.png", "b.png"]


def test_one_live_upload_a_workspace(workspace: Workspace, truth: Truth) -> None:
    images(workspace, "a")
    panel = ready(workspace)
    holding, go = threading.Event(), threading.Event()

    def hold() -> None:
        with only_live_run(workspace):
            holding.set()
            go.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    holding.wait(60)
    assert watched(workspace)
    assert Upload(workspace).elsewhere
    do(panel, "upload")
    go.set()
    other.join()
    assert isinstance(panel.task.error, TrackingFileError)
    assert (truth.received(), watched(workspace)) == ([], None)


def test_what_another_window_uploads_is_watched_and_stopped_and_can_be_gone_on_with(
    workspace: Workspace, truth: Truth
) -> None:
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    session(workspace, [*pair, banner(workspace.root / "uploaded", "a.png", 7)])
    panel = Upload(workspace)
    stop = upload_view(panel).children[1].children[1].children[0]  # from now on it watches

    def the_second_takes_long(event: FileProgress) -> None:
        if event.state == "taken":
            truth.settings(processing_s=60)

    reports: list[UploadReport] = []
    other = threading.Thread(target=lambda: reports.append(go(workspace, progress=the_second_takes_long)))
    other.start()
    assert seen(
        panel,
        lambda: panel.elsewhere and "1 of 3 files" in panel.summary and UNDER_WAY in panel.other.run.states.values(),
    )
    assert panel.summary.splitlines()[-1] == "An upload runs in another window: 1 of 3 files"
    assert (panel.elsewhere, panel.unfinished) == (True, None)
    stop.click()
    other.join(60)
    assert str(reports[0].stopped) == "Stopped from another window."
    assert seen(panel, lambda: panel.unfinished)
    assert (panel.elsewhere, panel.other.run, panel.other.stopping) == (False, None, False)
    assert panel.unfinished.told == "1 confirmed, 1 under way, 1 not begun"


def test_a_watched_upload_whose_process_is_killed_is_gone_on_with(workspace: Workspace) -> None:
    images(workspace, "a")
    panel = Upload(workspace)
    upload_view(panel)
    with subprocess.Popen([sys.executable, "-c", BEGUN], cwd=workspace.root) as kernel:
        assert seen(panel, lambda: panel.other.run and panel.other.run.run)
        kernel.kill()
        assert seen(panel, lambda: panel.unfinished)  # within a minute: its lock would hold for two
    assert (panel.unfinished.told, panel.elsewhere) == ("0 confirmed, 0 under way, 1 not begun", False)


def seen(panel: Upload, true: Callable[[], object]) -> bool:
    """Wait until this is true, as the panel watches another window."""
    changed = threading.Condition()

    def wake(_change: object) -> None:
        with changed:
            changed.notify_all()

    panel.observe(wake, ["elsewhere", "unfinished"])
    panel.other.observe(wake, ["run"])
    with changed:
        return bool(changed.wait_for(true, 60))


BEGUN = """
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tjtools.upload import named_files
from tjtools.upload.journal import Journal
from tjtools.upload.resume import only_live_run
from tjtools.workspace.folder import Workspace

workspace = Workspace(Path.cwd())
with only_live_run(workspace):
    files = named_files(workspace, [workspace.root / "uploaded/a.png"])
    Journal(workspace.log).begun(files, run="20251113_120000", now=datetime.now(UTC))
    threading.Event().wait(60)
"""


def test_the_expected_time_comes_from_what_uploads_here_took(workspace: Workspace) -> None:
    images(workspace, "ab")
    panel = ready(workspace)
    assert panel.checked.expected == BEGINNING + 2 * USUAL[Section.STATIC_BANNER]
    do(panel, "upload")
    images(workspace, "abcd")
    do(panel, "rehearse")
    [pace] = Journal(workspace.log).paces()[Section.STATIC_BANNER]
    assert panel.checked.expected == BEGINNING + 2 * pace


@IN_ITS_OWN_BROWSER
def test_the_calls_that_it_shows_do_what_its_buttons_do(workspace: Workspace, truth: Truth) -> None:
    truth.script({"b.png": {"outcome": "error"}})
    images(workspace, "ab")
    panel = do(ready(workspace), "upload", "retry")
    truth.script({})
    for step in Step:
        ran = subprocess.run(
            [sys.executable, "-c", panel.call_for(step)], cwd=workspace.root, capture_output=True, text=True, timeout=60
        )
        assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(truth.received()) == ["a.png", "b.png", "b.png"]
    assert set(library_ids(workspace)) == {"a.png", "b.png"}
    assert [one.status for one in Upload(workspace).recorded.files].count(UploadStatus.SUCCESS) == 1


def in_mid_upload(workspace: Workspace) -> Upload:
    """The notebook's panel, while its files are being processed."""
    panel, processing = ready(workspace, upload_panel(workspace)), threading.Event()
    when(panel, "states", processing.set)
    panel.upload()
    assert processing.wait(60)
    return panel


def test_running_the_cell_again_in_mid_upload_takes_it_up(workspace: Workspace, truth: Truth) -> None:
    truth.settings(processing_s=3)
    images(workspace, "ab")
    panel = in_mid_upload(workspace)
    for _ in range(3):
        assert upload_panel(workspace) is panel
        assert panel.summary.startswith("Upload. Running, 0 of 2: ")
    assert panel.task.wait(60)
    assert (panel.task.state, panel.summary) == (State.DONE, "Last live upload, 2 files: 2 success")
    assert sorted(truth.received()) == ["a.png", "b.png"]
    assert library_ids(workspace) == {f"{name}.png": truth.named(name)[0] for name in "ab"}
    after = upload_panel(workspace)
    assert after is not panel
    assert (after.signed_in, after.recorded, after.doubt) == (False, panel.recorded, ())


def test_what_runs_has_no_button_that_would_start_it(workspace: Workspace, truth: Truth) -> None:
    """What was pressed says what it does; Go on is gone until there is something to go on with."""
    truth.settings(processing_s=60)
    images(workspace, "ab")
    panel = in_mid_upload(workspace)
    view = upload_view(panel)
    assert on_screen(view) >= {"Uploading 2 files", "Cancel"}
    panel.task.cancel()
    assert panel.task.wait(60)
    assert on_screen(view) >= {"Go on", "Rehearse"}
    going_on = threading.Event()
    when(panel, "step", lambda: panel.step is Step.UPLOAD and going_on.set())
    panel.resume()
    assert going_on.wait(60)
    assert "Go on" not in on_screen(view)
    panel.task.dont_wait()
    panel.task.cancel()
    assert panel.task.wait(60)


def on_screen(view: w.Widget) -> set[str]:
    """The words of the buttons that have room."""
    if view.layout.display == "none":
        return set()
    inside = [on_screen(child) for child in getattr(view, "children", ())]
    return set().union(*inside, {view.description} if isinstance(view, w.Button) else set())


@ON_BOTH
def test_what_was_taken_up_is_stopped_by_its_button_alone(workspace: Workspace, truth: Truth) -> None:
    truth.settings(processing_s=60)
    images(workspace, "a")
    in_mid_upload(workspace)
    again = upload_panel(workspace)
    again.task.cancel()
    assert again.task.wait(60)
    assert (again.task.state, again.doubt) == (State.CANCELLED, ((Section.STATIC_BANNER, "a.png"),))


def test_pressing_in_mid_upload_waits_for_it_and_doubles_nothing(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth.settings(processing_s=2)
    images(workspace, "ab")
    panel = in_mid_upload(workspace)
    panel.settings = panel.settings.model_copy(update={"press": True})
    assert upload_panel(workspace) is panel
    assert not panel.task.running
    assert sorted(truth.received()) == ["a.png", "b.png"]
    assert [one.status for one in panel.recorded.files].count(UploadStatus.SUCCESS) == 2


@IN_ITS_OWN_BROWSER
def test_a_kernel_that_is_killed_leaves_no_browser_and_a_run_to_go_on_with(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TJTOOLS_UPLOAD__PROCESSING_TIMEOUT", "8")
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "2")
    truth.settings(processing_s=5)
    images(workspace, "ab")
    save_choice(workspace, [(Section.STATIC_BANNER, "a.png")], now=NOW)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=workspace.root, stdout=subprocess.PIPE, text=True
    ) as kernel:
        assert kernel.stdout
        assert kernel.stdout.readline() == "at work\n"
        started = psutil.Process(kernel.pid).children(recursive=True)
        assert any("chrom" in process.name() for process in started)
        kernel.kill()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == []
    after = Upload(workspace)
    assert (after.doubt, after.recorded, after.elsewhere) == (((Section.STATIC_BANNER, "a.png"),), None, False)
    assert "unknown whether the site holds it: a.png" in after.summary
    assert "Not finished: 0 confirmed, 1 under way, 0 not begun" in after.summary
    do(after, "resume")
    assert (after.task.state, after.unfinished, after.doubt) == (State.DONE, None, ())
    [creative_id] = truth.named("a")
    assert library_ids(workspace) == {"a.png": creative_id}
    assert [one.status for one in after.recorded.files].count(UploadStatus.SUCCESS) == 1
    assert len(truth.received()) <= 1


KILLED = """
from functools import partial
from pathlib import Path
from tjtools.widgets.upload import Upload
from tjtools.workspace.folder import Workspace

panel = Upload(Workspace(Path.cwd()))
panel.rehearse()
panel.task.wait()
panel.observe(lambda change: print("at work", flush=True), "batch")
panel.upload()
panel.task.wait()
"""
