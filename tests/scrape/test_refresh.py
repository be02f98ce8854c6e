"""Refresh on the sandbox: afterwards the cache says what the site holds, or nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from world import (
    IN_A_BROWSER,
    IN_ITS_OWN_BROWSER,
    NOW,
    ON_BOTH,
    Truth,
    by_id,
    expected,
    expire,
    files,
    of_section,
    read_rows,
    tjtools,
)

from tjtools.cache.library import COLUMNS, Library
from tjtools.model.creative import Creative, CreativeType, Section
from tjtools.model.errors import Cancelled, IncompleteReading, SignInNeeded, WrongHeader
from tjtools.scrape import reading as scrape
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import Access, Progress
from tjtools.scrape.refresh import Update, UpdateReport, plan_refresh, refresh_library, sync_status
from tjtools.site import Site
from tjtools.workspace.derived import cache_file
from tjtools.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("site_kind")

HEADER = ",".join(COLUMNS) + "\n"


def access(workspace: Workspace, **more: Any) -> Access:
    return replace(access_to(workspace), **more)


def refresh(
    workspace: Workspace,
    *,
    confirm: Callable[[Update], bool] = lambda _: True,
    new: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    **more: Any,
) -> UpdateReport | None:
    return refresh_library(
        workspace, access(workspace, **more),
        now=lambda: NOW, confirm=confirm, new=new, progress=progress, cancelled=cancelled,
    )  # fmt: skip


@ON_BOTH
def test_the_cache_says_what_the_site_holds_and_keeps_what_it_does_not_show(workspace: Workspace, truth: Truth) -> None:
    rollover, other = of_section(truth, "Native Rollover")[:2]
    stream, renamed = of_section(truth, "In-Stream Video")[:2]
    twins = [truth.add(section, "the same name") for section in ("Native Static Banner", "Native Rollover")]
    twins.append(truth.add("Native Rollover", "the same name"))
    workspace.library.write_text(
        HEADER
        + f"{rollover['creative_id']},{rollover['name']}.mp4,2025-11-01,,,,pending\n"
        + f"{rollover['creative_id']},{rollover['name']},,,,Native Rollover,\n"
        + f"{other['creative_id']},{other['name']}.mp4,2025-11-02,640x360,mp4,Native Rollover,removed\n"
        + f"{stream['creative_id']},{stream['name']}.mp4,2025-11-03,1920x1080,mp4,video,rejected\n"
        + f"{renamed['creative_id']},an older name.mp4,,,mp4,video,{renamed['review_status']}\n"
        + "1000000001,gone.png,2025-11-04,300x250,png,image,approved\n"
        + "1000000002,gone before.png,,,png,image,removed\n"
        + "1.03E+09,torn,,,,,\n",
        "utf-8",
    )
    report = refresh(workspace)
    want = {key: expected(one) for key, one in truth.creatives().items()}
    for one, day in ((rollover, "2025-11-01"), (other, "2025-11-02")):
        want[one["creative_id"]] |= {"filename": f"{one['name']}.mp4", "upload_date": day}
    want[stream["creative_id"]] |= {
        "filename": f"{stream['name']}.mp4", "upload_date": "2025-11-03", "dimensions": "1920x1080", "file_type": "mp4",
    }  # fmt: skip
    want[renamed["creative_id"]] |= {"file_type": "mp4"}
    values = ("1000000001", "gone.png", "2025-11-04", "300x250", "png", "image", "removed")
    want["1000000001"] = dict(zip(COLUMNS, values, strict=True))
    values = ("1000000002", "gone before.png", "", "", "png", "image", "removed")
    want["1000000002"] = dict(zip(COLUMNS, values, strict=True))
    assert by_id(workspace.library) == want
    assert {want[one]["filename"] for one in twins} == {"the same name"}
    assert report
    assert [one.creative_id for one in report.difference.removed] == ["1000000001"]
    assert [(one.old, one.new) for one in report.difference.renamed] == [("an older name.mp4", renamed["name"])]
    assert all(one.complete and one.total == one.unique for one in report.certificates)
    assert len(read_rows(workspace.library.with_suffix(".quarantine.csv"))) == 1
    assert report.snapshot.read_bytes() == workspace.library.read_bytes()
    kept = json.loads(report.snapshot.with_suffix(".json").read_text("utf-8"))
    assert [one["verdict"] for one in kept["sections"]] == ["complete"] * 5


def test_history_has_first_sights_and_changes_and_a_second_refresh_writes_no_row(
    workspace: Workspace, truth: Truth
) -> None:
    first = refresh(workspace)
    assert first
    assert first.history_rows == len(truth.creatives())
    written = workspace.library.stat().st_mtime_ns
    again = refresh(workspace)
    assert again
    assert (bool(again.difference), again.history_rows, workspace.library.stat().st_mtime_ns) == (False, 0, written)
    changed, gone = of_section(truth, "Static Banner")[:2]
    status = "approved" if changed["review_status"] != "approved" else "rejected"
    truth.ask(f"creatives/{changed['creative_id']}", "PATCH", {"review_status": status})
    truth.ask(f"creatives/{gone['creative_id']}", "DELETE")
    assert refresh(workspace)
    last = [list(row.values()) for row in read_rows(workspace.history)[-2:]]
    at = "2025-11-13T12:00:00Z"
    assert sorted(last) == sorted(
        [
            [at, changed["creative_id"], changed["name"], changed["review_status"], status, at, "refresh"],
            [at, gone["creative_id"], gone["name"], gone["review_status"], "removed", at, "refresh"],
        ]
    )


@ON_BOTH
def test_a_creative_that_crosses_a_page_boundary_makes_the_certificate_count_a_reread(
    workspace: Workspace, truth: Truth
) -> None:
    came: list[str] = []

    def somebody_uploads(section: Section, _read: int, _total: int) -> None:
        if section is Section.VIDEO_BANNERS and not came:
            came.append(truth.add("Video Banners", "somebody else's"))

    report = refresh(workspace, progress=somebody_uploads)
    assert report
    assert {one.section: one.rereads for one in report.certificates} == {
        section: int(section is Section.VIDEO_BANNERS) for section in Section
    }
    assert by_id(workspace.library) == {key: expected(one) for key, one in truth.creatives().items()}


def test_nothing_is_written_after_an_error(workspace: Workspace, truth: Truth) -> None:
    Library.load(workspace.library).add([Creative("1000000001", "gone.png", creative_type=CreativeType.IMAGE)])
    before = files(workspace)
    stop: list[Section] = []

    def never_still(section: Section, _read: int, _total: int) -> None:
        if section is Section.VIDEO_BANNERS:
            truth.add("Video Banners", "another")

    with pytest.raises(IncompleteReading):
        refresh(workspace, progress=never_still)
    with pytest.raises(Cancelled):
        refresh(
            workspace,
            cancelled=lambda: Section.IN_STREAM_VIDEO in stop,
            progress=lambda section, *_: stop.append(section),
        )
    assert files(workspace) == before


def test_the_certificate_says_which_section_was_not_read(workspace: Workspace, truth: Truth) -> None:
    update = plan_refresh(workspace, progress=lambda section, *_: section is Section.VIDEO_BANNERS and expire(truth))
    verdicts = [one.verdict.split(":")[0] for one in update.certificates]
    assert verdicts == ["complete", "not applied", "not applied", "not applied", "not applied"]
    assert update.certificates[2].verdict == "not applied: not read"
    assert (isinstance(update.stopped, SignInNeeded), bool(update.difference)) == (True, False)


async def enter(site: Site, truth: Truth) -> None:
    await site._context.pages[0].locator("input[type=password]").wait_for()  # a person is slower than the page
    session = truth.ask("session", "POST")
    cookie = {"name": session["cookie"], "value": session["value"], "url": truth.origin}
    await site._context.add_cookies([cookie])


def sign_in(site: Site, truth: Truth) -> None:
    """The test is the person."""
    if isinstance(site, Site):
        assert site._thread
        site._thread.run(enter(site, truth))
    else:
        site.sign_in("demo", "demo", timeout=1)


@IN_A_BROWSER
@pytest.mark.parametrize("fault", ["list-expired-late=1", "list-expired-form=1"])
def test_after_a_sign_in_that_nothing_redirected_to_the_reading_goes_on(
    workspace: Workspace, truth: Truth, fault: str
) -> None:
    goes_on_after_a_new_sign_in(workspace, truth, fault)


@ON_BOTH
def test_after_a_new_sign_in_the_reading_goes_on(workspace: Workspace, truth: Truth) -> None:
    goes_on_after_a_new_sign_in(workspace, truth)


def goes_on_after_a_new_sign_in(workspace: Workspace, truth: Truth, *fault: str) -> None:
    expired: list[Section] = []
    truth.settings(fault_s=0.5)

    def progress(section: Section, _read: int, _total: int) -> None:
        if section is Section.VIDEO_BANNERS and not expired:
            expired.append(section)
            truth.faults(*fault)
            if not fault:
                expire(truth)

    assert refresh(workspace, progress=progress, sign_in=lambda site: sign_in(site, truth))
    assert by_id(workspace.library).keys() == truth.creatives().keys()


def test_a_person_who_says_no_has_written_nothing(workspace: Workspace, truth: Truth) -> None:
    before = files(workspace)
    assert refresh(workspace, confirm=lambda update: len(update.difference.added) == 0) is None
    assert files(workspace) == before


def test_a_history_that_cannot_be_written_is_told_before_the_site_is_opened(workspace: Workspace) -> None:
    workspace.history.write_text("a,b\n", "utf-8")
    with pytest.raises(WrongHeader):
        plan_refresh(workspace, Access(lambda: pytest.fail("the site was opened")))


@ON_BOTH
def test_refresh_as_a_command(workspace: Workspace, truth: Truth) -> None:
    without = tjtools("refresh-library", cwd=workspace.root)
    assert (without.returncode, "--yes" in without.stderr) == (2, True)
    dry = tjtools("refresh-library", "--dry-run", cwd=workspace.root)
    assert (dry.returncode, workspace.library.exists()) == (0, False), dry.stderr
    assert "Nothing was written." in dry.stdout
    told = json.loads(tjtools("refresh-library", "--yes", "--json", cwd=workspace.root).stdout)
    assert (told["applied"], len(told["difference"]["added"])) == (True, len(truth.creatives()))
    assert [(one["section"], one["verdict"]) for one in told["certificate"]] == [
        (section.value, "complete") for section in Section
    ]
    expire(truth)
    before = files(workspace)
    assert tjtools("refresh-library", "--yes", cwd=workspace.root).returncode == 3
    assert files(workspace) == before


@IN_ITS_OWN_BROWSER
def test_on_a_terminal_the_person_is_asked(workspace: Workspace, truth: Truth) -> None:
    import pty

    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"n\n")
    done = subprocess.run(
        [sys.executable, "-m", "tjtools", "refresh-library"],
        cwd=workspace.root, stdin=terminal, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    os.close(keyboard)
    os.close(terminal)
    assert (done.returncode, workspace.library.exists()) == (1, False)
    assert f"{len(truth.creatives())} added" in done.stdout
    assert "Apply this to the cache? [y/N]" in done.stderr


def uploads(truth: Truth, count: int) -> list[str]:
    return [truth.add("Video Banners", f"somebody's {number}") for number in range(count)]


def test_new_reads_down_to_what_was_read_completely_before(workspace: Workspace, truth: Truth) -> None:
    assert refresh(workspace)
    uploads(truth, 14)
    own = truth.add("Video Banners", "ours")
    Library.load(workspace.library).add([Creative(own, "ours.mp4", creative_type=CreativeType.VIDEO_BANNER)])
    gone = of_section(truth, "Video Banners")[-1]["creative_id"]
    truth.ask(f"creatives/{gone}", "DELETE")
    report = refresh(workspace, new=True)
    assert report
    assert {one.section: one.pages for one in report.certificates} == {
        section: 2 if section is Section.VIDEO_BANNERS else 1 for section in Section
    }
    assert not report.certificates[1].complete
    kept = by_id(workspace.library)
    assert kept.keys() == truth.creatives().keys() | {gone}
    assert (kept[own]["filename"], kept[gone]["review_status"] != "removed") == ("ours.mp4", True)


def test_new_reads_a_section_to_its_end_that_was_never_read_completely(workspace: Workspace, truth: Truth) -> None:
    Library.load(workspace.library).add([Creative("1000000001", "gone.png", creative_type=CreativeType.IMAGE)])
    report = refresh(workspace, new=True)
    assert report
    assert all(one.complete for one in report.certificates)
    assert (len(report.difference.added), report.difference.removed) == (len(truth.creatives()), ())
    cache_file().unlink()
    again = refresh(workspace, new=True)
    assert again
    assert all(one.complete for one in again.certificates)


def test_new_reads_to_the_end_where_the_cache_has_lost_rows(workspace: Workspace, truth: Truth) -> None:
    assert refresh(workspace)
    uploads(truth, 14)
    workspace.library.write_text(HEADER, "utf-8")
    assert refresh(workspace, new=True)
    assert by_id(workspace.library).keys() == truth.creatives().keys()


def test_new_misses_nothing_where_a_creative_goes_while_it_reads(workspace: Workspace, truth: Truth) -> None:
    assert refresh(workspace)
    uploads(truth, 20)
    went: list[str] = []

    def somebody_deletes(section: Section, _read: int, _total: int) -> None:
        if section is Section.VIDEO_BANNERS and not went:
            went.append(truth.named("somebody's 19")[0])
            truth.ask(f"creatives/{went[0]}", "DELETE")

    report = refresh(workspace, new=True, progress=somebody_deletes)
    assert report
    assert {(one.rereads, one.drift) for one in report.certificates if one.section is Section.VIDEO_BANNERS} == {(1, 1)}
    assert by_id(workspace.library).keys() == truth.creatives().keys()


@ON_BOTH
def test_new_misses_nothing_that_crosses_to_a_page_that_was_read(workspace: Workspace, truth: Truth) -> None:
    """The total stays, and no creative is seen twice: that one is missing, the last complete reading tells."""
    assert refresh(workspace)
    uploads(truth, 20)
    truth.faults("list-shifted=1")
    report = refresh(workspace, new=True)
    assert report
    [banners] = [one for one in report.certificates if one.section is Section.VIDEO_BANNERS]
    assert (banners.rereads, banners.drift, banners.complete) == (1, 1, False)
    assert by_id(workspace.library).keys() == truth.creatives().keys()


def test_what_the_library_knows_to_be_gone_hides_none_that_crosses_to_a_page_that_was_read(
    workspace: Workspace, truth: Truth
) -> None:
    """One fewer and one more leave the site's total as it was."""
    assert refresh(workspace)
    truth.ask(f"creatives/{of_section(truth, 'Video Banners')[-1]['creative_id']}", "DELETE")
    report = sync_status(workspace, access_to(workspace))
    assert report
    assert report.difference.removed
    uploads(truth, 20)
    truth.faults("list-shifted=1")
    assert refresh(workspace, new=True)
    assert by_id(workspace.library).keys() >= truth.creatives().keys()


@IN_A_BROWSER
def test_a_reading_asks_the_site_for_one_thing_at_a_time(workspace: Workspace, truth: Truth) -> None:
    under_way: set[object] = set()
    most: list[int] = []

    async def watch(site: Site) -> None:
        def asked(request: object) -> None:
            under_way.add(request)
            most.append(len(under_way))

        site._context.on("request", asked)
        for ended in ("requestfinished", "requestfailed"):
            site._context.on(ended, lambda request: under_way.discard(request))

    def connect() -> Site:
        site = access(workspace).connect()  # the page itself loads before the counting begins
        assert isinstance(site, Site)
        assert site._thread
        site._thread.run(watch(site))
        return site

    assert refresh(workspace, connect=connect)
    assert max(most) == 1


def test_a_section_that_fails_is_certified_with_what_was_read_of_it(workspace: Workspace, truth: Truth) -> None:
    def never_still(section: Section, _read: int, _total: int) -> None:
        if section is Section.VIDEO_BANNERS:
            truth.add("Video Banners", "another")

    certificates = plan_refresh(workspace, progress=never_still).reading.certificates
    [failed] = [one for one in certificates if one.section is Section.VIDEO_BANNERS]
    assert (failed.rereads, failed.pages, failed.drift, failed.complete) == (4, 10, 5, False)


def test_new_as_a_command(workspace: Workspace, truth: Truth) -> None:
    assert tjtools("refresh-library", "--yes", cwd=workspace.root).returncode == 0
    new = truth.add("Static Banner", "new")
    told = json.loads(tjtools("refresh-library", "--new", "--yes", "--json", cwd=workspace.root).stdout)
    assert [one["creative_id"] for one in told["difference"]["added"]] == [new]
    assert {one["pages"] for one in told["certificate"]} == {1}


@IN_A_BROWSER
def test_a_long_reading_goes_on_in_new_tabs_and_leaves_none_open(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrape, "PAGES_A_TAB", 1)
    site = access(workspace).connect()
    seen: list[list[object]] = []
    assert refresh(workspace, connect=lambda: site, progress=lambda *_: seen.append(site._context.pages))
    assert ({len(pages) for pages in seen}, len({id(pages[0]) for pages in seen})) == ({1}, len(Section))
    assert by_id(workspace.library).keys() == truth.creatives().keys()
