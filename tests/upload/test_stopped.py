"""What a stopped run tells of files it did not come to, and what the next takes up of it: no site is needed."""

from __future__ import annotations

from datetime import UTC, datetime

from diff.test_duplicates import again, draw, library, uploaded
from world import write_inventory

from tjtools.model.creative import CreativeType
from tjtools.model.errors import SiteUnreachable
from tjtools.practice import samples
from tjtools.site import Site
from tjtools.upload import make_plan, prepare, prepare_rest, unfinished_run, upload
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

NOW = datetime(2025, 11, 13, 12, tzinfo=UTC)


def test_a_stopped_run_tells_no_id_of_a_file_that_was_exchanged_since(bare_workspace: Workspace) -> None:
    draw(bare_workspace, "old.png", template=1)
    uploaded(bare_workspace, "old.png", "1032530511")
    library(bare_workspace, "1032530511,old.png,2025-11-01,300x250,png,image,approved")
    draw(bare_workspace, "a.png", template=2)
    draw(bare_workspace, "b.png", template=3)
    again(bare_workspace, "renamed.png")
    rows = [{"new_filename": name, "creative_type": "image"} for name in ("a.png", "b.png", "renamed.png")]
    write_inventory(bare_workspace.session, rows)
    prepared = prepare(bare_workspace)
    assert [one.creative_id for one in prepared.reviews] == [None, None, "1032530511"]

    def gone() -> Site:
        draw(bare_workspace, "renamed.png", template=7)
        raise SiteUnreachable("gone")

    plan = make_plan(prepared.reviews, batch_size=1)
    report = upload(plan, bare_workspace, prepared.library, load_settings(bare_workspace), gone, now=lambda: NOW)
    [one] = [one for one in report.outcomes if one.file.name == "renamed.png"]
    assert (one.creative_id, one.message) == ("", "invalid: it changed since the review: review it again")


def test_a_video_in_a_banners_size_is_gone_on_with_whatever_its_row_says(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.session, [{"new_filename": "v.mp4", "creative_type": "video"}])
    path = bare_workspace.media_file("v.mp4", CreativeType.VIDEO)
    samples.write_video(path, width=300, height=250, seconds=10, title="Sports")
    reviews = prepare(bare_workspace).reviews
    plan = make_plan(reviews)
    assert [file.creative_type for file in plan.files] == [CreativeType.VIDEO_BANNER], reviews
    Journal(bare_workspace.log).begun(plan.files, run="20251113_120000", now=NOW)
    run = unfinished_run(bare_workspace)
    assert run
    rest = prepare_rest(bare_workspace, run, load_settings(bare_workspace), now=lambda: NOW)
    assert (rest.notes, rest.plan.files) == ((), plan.files)
