"""Sync on the sandbox: the cached creatives' statuses are the site's, and nothing is added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from world import NOW, ON_BOTH, Truth, by_id, expire, files, of_section, read_rows, signed_in, tjtools

from tjtools.cache.library import Library
from tjtools.cache.snapshots import newest_snapshot
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.model.errors import SignInNeeded, TooManyGone
from tjtools.scrape.reading import Access
from tjtools.scrape.refresh import UpdateReport, plan_sync, sync_status
from tjtools.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("site_kind")

PENDING = ReviewStatus.PENDING


def cache(workspace: Workspace, shown: Sequence[dict[str, Any]], status: ReviewStatus | None = PENDING) -> None:
    Library.load(workspace.library).add(
        Creative(
            one["creative_id"], f"{one['name']}.ours", creative_type=CreativeType.parse(one["section"]),
            review_status=status,
        )
        for one in shown
    )  # fmt: skip


def sync(workspace: Workspace, access: Access | None = None, **how: Any) -> UpdateReport:
    report = sync_status(workspace, access, now=lambda: NOW, **how)
    assert report
    return report


def statuses(workspace: Workspace) -> dict[str, str]:
    return {key: row["review_status"] for key, row in by_id(workspace.library).items()}


def test_only_sections_with_cached_creatives_are_read_while_none_is_missing(workspace: Workspace, truth: Truth) -> None:
    cache(workspace, of_section(truth, "Static Banner"))
    report = sync(workspace)
    assert [(one.section, one.verdict) for one in report.certificates] == [(Section.STATIC_BANNER, "complete")]


def test_a_creative_cached_under_a_wrong_type_is_not_taken_for_gone(workspace: Workspace, truth: Truth) -> None:
    [stream, *_] = of_section(truth, "In-Stream Video")
    wrong = Creative(stream["creative_id"], stream["name"], creative_type=CreativeType.IMAGE, review_status=PENDING)
    Library.load(workspace.library).add([wrong])
    sync(workspace)
    assert statuses(workspace) == {stream["creative_id"]: stream["review_status"]}


@ON_BOTH
def test_cached_statuses_become_the_site_s(workspace: Workspace, truth: Truth) -> None:
    banners, streams = of_section(truth, "Static Banner"), of_section(truth, "In-Stream Video")
    cache(workspace, banners[1:])
    cache(workspace, streams[:1], ReviewStatus.REMOVED)
    away = Creative("1000000001", "gone.png", creative_type=CreativeType.IMAGE, review_status=PENDING)
    Library.load(workspace.library).add([away])
    report = sync(workspace)
    held = {one["creative_id"]: one["review_status"] for one in banners[1:]}
    back = {streams[0]["creative_id"]: streams[0]["review_status"]}
    assert statuses(workspace) == held | back | {"1000000001": "removed"}
    assert {(one.section, one.verdict) for one in report.certificates} == {(one, "complete") for one in Section}
    assert {row["filename"] for row in read_rows(workspace.library)} >= {f"{one['name']}.ours" for one in banners[1:]}
    assert {row["source"] for row in read_rows(workspace.history)} == {"sync"}
    changed = {one.creative_id for one in report.difference.status_changed}
    assert changed == {key for key, status in held.items() if status != "pending"}


@ON_BOTH
def test_pending_reads_no_further_than_the_pending_ones(workspace: Workspace, truth: Truth) -> None:
    banners = of_section(truth, "Video Banners")
    new = truth.add("Video Banners", "new", review_status="approved")
    last = truth.add("Static Banner", "other")
    cache(workspace, [truth.creatives()[new], truth.creatives()[last]])
    cache(workspace, banners, ReviewStatus.APPROVED)
    away = Creative("1000000001", "gone.png", creative_type=CreativeType.IMAGE, review_status=PENDING)
    Library.load(workspace.library).add([away])
    update = plan_sync(workspace, pending=True)
    assert {one.section: (one.pages, one.verdict.split(":")[0]) for one in update.certificates} == {
        Section.STATIC_BANNER: (1, "complete"),
        Section.VIDEO_BANNERS: (1, "not finished"),
    }
    assert (update.reading.not_found, update.difference.removed) == (("1000000001",), ())
    assert (new, "pending", "approved") in {
        (one.creative_id, one.old, one.new) for one in update.difference.status_changed
    }


def test_a_pending_creative_of_unknown_section_is_looked_for_until_it_is_found(
    workspace: Workspace, truth: Truth
) -> None:
    new = truth.add("Video Banners", "new", review_status="rejected")
    Library.load(workspace.library).add([Creative(new, "new.mp4", review_status=PENDING)])
    report = sync(workspace, pending=True)
    assert statuses(workspace) == {new: "rejected"}
    assert [one.pages > 0 for one in report.certificates] == [True, True, False, False, False]


def test_nothing_is_written_after_an_error_or_beyond_the_guard(workspace: Workspace, truth: Truth) -> None:
    gone = [Creative(str(key), f"{key}.png", creative_type=CreativeType.IMAGE) for key in range(1, 22)]
    Library.load(workspace.library).add(gone)
    cache(workspace, of_section(truth, "Video Banners"))
    before = files(workspace)
    with pytest.raises(TooManyGone):
        sync(workspace)
    for pending in (False, True):
        with pytest.raises(SignInNeeded):
            sync(workspace, pending=pending, progress=lambda *_: expire(truth))
        assert files(workspace) == before
        workspace.browser_session.write_text(json.dumps({"cookies": [signed_in(truth)], "origins": []}), "utf-8")
        before = files(workspace)


def test_an_empty_cache_needs_no_site(workspace: Workspace) -> None:
    assert sync_status(workspace, Access(lambda: pytest.fail("the site was opened"))) is None
    assert (workspace.library.exists(), newest_snapshot(workspace)) == (False, "")
    told = tjtools("sync-status", cwd=workspace.root)
    assert (told.returncode, "Applied" in told.stdout, "Nothing was read" in told.stdout) == (0, False, True)
    told = tjtools("campaign", "--sync", cwd=workspace.root)
    assert (told.returncode, "brought up to date" in told.stderr) == (2, False)
    assert "tjtools refresh-library reads all" in told.stderr
    assert newest_snapshot(workspace) == ""


def test_sync_as_a_command(workspace: Workspace, truth: Truth) -> None:
    new = truth.add("Static Banner", "new", review_status="approved")
    cache(workspace, [truth.creatives()[new]])
    Library.load(workspace.library).add(
        [Creative("1000000001", "gone.png", creative_type=CreativeType.IMAGE, review_status=PENDING)]
    )
    first = tjtools("sync-status", "--pending", "--json", cwd=workspace.root)
    told = json.loads(first.stdout)
    assert (first.returncode, told["applied"], told["not_found"]) == (1, True, ["1000000001"]), first.stderr
    second = tjtools("sync-status", cwd=workspace.root)
    assert (second.returncode, "1 removed" in second.stdout) == (0, True), second.stderr
    assert statuses(workspace) == {new: "approved", "1000000001": "removed"}
