"""A live upload is watched from another window, and stopped from there; only the run that was meant stops."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from world import IN_ITS_OWN_BROWSER, NOW, ON_BOTH, Truth, banner, go, library_ids, native_pair, session

from tjtools.model.creative import Section
from tjtools.model.errors import Cancelled
from tjtools.scrape.connection import sign_in, site_of
from tjtools.site import Site
from tjtools.upload import FileProgress, UploadReport, Watch, Watched, stop_run, unfinished_run, watched
from tjtools.upload.resume import only_live_run
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

pytestmark = pytest.mark.usefixtures("site_kind")
RUN = """
import sys
from pathlib import Path
from tjtools.upload import named_files
from tjtools.upload.journal import Journal
from tjtools.upload.resume import only_live_run
from tjtools.workspace.folder import Workspace
from datetime import UTC, datetime

workspace = Workspace(Path.cwd())
with only_live_run(workspace):
    Journal(workspace.log).begun(named_files(workspace, [Path("uploaded/a.png")]), run="1", now=datetime.now(UTC))
    print("at work", flush=True)
    sys.stdin.read()
"""


@ON_BOTH
def test_a_run_is_watched_file_by_file_and_stops_when_another_window_asks(workspace: Workspace, truth: Truth) -> None:
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    session(workspace, [*pair, banner(workspace.root / "uploaded", "a.png", 7)])
    video, image = (row["new_filename"] for row in pair)
    watch, seen = Watch(workspace), list[Watched]()
    assert watch.look() is None

    def watch_and_stop(event: FileProgress) -> None:
        if event.name == image and event.state == "processing" and not seen:
            seen.append(watch.look())
            watch.stop(seen[0])

    truth.settings(processing_s=2)
    report = go(workspace, progress=watch_and_stop)
    assert str(report.stopped) == "Stopped from another window."
    assert isinstance(report.stopped, Cancelled)
    assert (seen[0].how_far, seen[0].states) == (
        "1 of 3 files",
        {
            (Section.NATIVE_ROLLOVER, video): "confirmed",
            (Section.NATIVE_STATIC_BANNER, image): "under way",
            (Section.STATIC_BANNER, "a.png"): "not begun",
        },
    )
    assert watch.look() is None
    assert unfinished_run(workspace).told == "1 confirmed, 1 under way, 1 not begun"
    truth.settings(processing_s=0)
    later = go(workspace, now=NOW + timedelta(days=1))  # what was asked of the first one is still there
    assert (later.stopped, unfinished_run(workspace)) == (None, None)
    assert {video, "a.png"} <= library_ids(workspace).keys()


def test_who_watches_writes_nothing_and_keeps_nobody_out(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    ended, go_on, watch = threading.Event(), threading.Event(), Watch(workspace)

    def look_all_the_time() -> None:
        while not ended.is_set():
            watch.look()
            go_on.set()

    watcher = threading.Thread(target=look_all_the_time)
    watcher.start()
    go_on.wait(10)
    report = go(workspace)
    ended.set()
    watcher.join()
    assert report.stopped is None
    with only_live_run(workspace):
        before = {path: path.stat().st_mtime_ns for path in workspace.tracking.rglob("*")}
        assert watch.look().run is None  # it has noted nothing yet, and the one before has ended
        assert {path: path.stat().st_mtime_ns for path in workspace.tracking.rglob("*")} == before


def test_a_run_whose_process_was_killed_is_known_at_once_to_be_no_more(workspace: Workspace) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(
        command, cwd=workspace.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "at work\n"
        watch = Watch(workspace)
        assert watch.look().told == "An upload runs in another window: 0 of 1 file"
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its parent has not noticed
        assert watch.look() is None
        with only_live_run(workspace):
            pass
    assert watched(workspace) is None
    assert unfinished_run(workspace).told == "0 confirmed, 0 under way, 1 not begun"


def test_an_empty_folder_has_no_run_and_gets_no_file_by_looking(tmp_path: Path) -> None:
    assert watched(Workspace(tmp_path)) is None
    assert [*tmp_path.iterdir()] == []


@IN_ITS_OWN_BROWSER
def test_a_run_that_waits_for_a_person_to_sign_in_stops_when_another_window_asks(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    workspace.browser_session.unlink()
    settings, asked = load_settings(workspace), threading.Event()

    def nobody_signs_in() -> Site:
        site = site_of(workspace, settings, say=lambda _: None)
        with site:
            sign_in(site, workspace, settings, say=lambda _: asked.set())
        return site

    reports: list[UploadReport] = []
    at_work = threading.Thread(target=lambda: reports.append(go(workspace, open_site=nobody_signs_in)))
    at_work.start()
    assert asked.wait(30)
    stop_run(workspace)
    at_work.join()
    assert str(reports[0].stopped) == "Stopped from another window."
