"""`tjtools campaign`: what it says and writes, and its exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from world import Truth, read_rows, tjtools

from tjtools.cache.snapshots import keep_snapshot
from tjtools.model.creative import Section
from tjtools.workspace.folder import Workspace

LIBRARY = """\
creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status
10,VID_EN_Travel_4sec_ID-99A0D7C3-VID.mp4,,,,native_video,approved
20,IMG_EN_Travel_ID-99A0D7C3-IMG.png,,,,native_image,approved
30,EN_Sports_SFW_Generic_Ana_8sec_ID-0000000A.mp4,,,,video,approved
31,wait.mp4,,,,video,pending
40,banner.png,,,,image,approved
"""


@pytest.fixture
def shop(bare_workspace: Workspace) -> Workspace:
    bare_workspace.library.write_text(LIBRARY, "utf-8")
    bare_workspace.settings_file.write_text('[campaign]\ntarget_url = "https://example.com"\n', "utf-8")
    read(bare_workspace, days=1)
    return bare_workspace


def read(workspace: Workspace, *, days: int) -> None:
    complete = [{"section": section.value, "verdict": "complete"} for section in Section]
    keep_snapshot(workspace, {"source": "sync", "sections": complete}, datetime.now(UTC) - timedelta(days=days))


def test_it_writes_what_is_approved_and_says_what_is_left_out_and_how_old_it_is(shop: Workspace) -> None:
    would = tjtools("campaign", "--dry-run", cwd=shop.root)
    assert (would.returncode, shop.campaigns.exists()) == (0, False)
    assert "To be written: " in would.stdout
    done = tjtools("campaign", cwd=shop.root)
    assert done.returncode == 0, done.stderr
    written = sorted(path.stem[:9] + path.stem[25:] for path in shop.campaigns.iterdir())
    assert written == [f"Batch001_{one}" for one in ("Native", "Native_Travel", "Preroll", "Preroll_Sports")]
    assert done.stdout.count("Written: ") == 4
    assert done.stdout.endswith("2 ads · 1 pending · 1 no kind of ad\n")
    assert ", 1 day ago" in done.stdout
    assert done.stdout.startswith("⚠ PLACEHOLDER_BRAND in 1 ad, PLACEHOLDER_CTA in 1 ad: set them in [campaign]")
    assert "wait.mp4" not in done.stdout
    assert "wait.mp4" in tjtools("campaign", "--all", "--dry-run", cwd=shop.root).stdout


def test_where_nothing_is_approved_it_says_so_and_writes_nothing(shop: Workspace) -> None:
    done = tjtools("campaign", "--category", "Gaming", cwd=shop.root)
    assert (done.returncode, shop.campaigns.exists()) == (1, False)
    assert "Nothing is approved that makes an ad: no file was written.\n" in done.stdout
    assert "There is no Gaming; there is: Sports, Travel\n" in done.stdout
    shop.library.unlink()
    done = tjtools("campaign", "--category", "Gaming", cwd=shop.root)
    assert "There is no Gaming; there is: no category yet\n" in done.stdout


def test_a_section_that_makes_no_ads_has_none(shop: Workspace) -> None:
    only = tjtools("campaign", "--section", "Static Banner", cwd=shop.root)
    assert (only.returncode, shop.campaigns.exists()) == (1, False)
    assert only.stdout.endswith("\n1 no kind of ad\n")


def test_old_statuses_are_refused_with_what_to_do(shop: Workspace) -> None:
    for path in shop.snapshots.iterdir():
        path.unlink()
    read(shop, days=8)
    for more in ((), ("--dry-run",)):
        done = tjtools("campaign", *more, cwd=shop.root)
        assert (done.returncode, shop.campaigns.exists()) == (2, False)
        assert "older than 7 days" in done.stderr
        assert "tjtools sync-status, or with --sync" in done.stderr


def test_it_answers_programs_as_json(shop: Workspace) -> None:
    shop.overrides.write_text("name,headline\nwait,x\nVID_EN_Travel_4sec_ID-99A0D7C3-VID,Go\n,y\n", "utf-8")
    done = tjtools("campaign", "--json", "--section", "native_image", "--since", "2025-11-01", cwd=shop.root)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["left_out"] == [
        {
            "name": "VID_EN_Travel_4sec_ID-99A0D7C3-VID.mp4",
            "creative_id": "10",
            "category": "Travel",
            "section": "Native Rollover",
            "reason": "not newly approved",
            "more": "nobody knows since when it is",
        }
    ]
    told = json.loads(tjtools("campaign", "--json", "--section", "Native Rollover", cwd=shop.root).stdout)
    [ad] = told["ads"]
    assert (ad["kind"], ad["category"], ad["values"]["Headline"], ad["notes"]) == ("Native", "Travel", "Go", [])
    assert [one["line"] for one in told["bad_lines"]] == [4]
    assert (told["written"], [one["ads"] for one in told["files"]], told["stopped"]) == (True, [1, 1], None)
    assert [*told["statuses_as_of"]] == ["Native Rollover", "Native Static Banner"]
    assert read_rows(shop.campaigns / told["files"][0]["path"])[0]["Headline"] == "Go"


def test_a_sync_before_makes_the_statuses_fresh(workspace: Workspace, truth: Truth) -> None:
    key = truth.add("In-Stream Video", "EN_Sports_SFW_Generic_Ana_8sec_ID-0000000A", review_status="approved")
    workspace.library.write_text(f"{LIBRARY.splitlines()[0]}\n{key},EN_Sports.mp4,,,,video,pending\n", "utf-8")
    assert tjtools("campaign", cwd=workspace.root).returncode == 2
    done = tjtools("campaign", "--sync", cwd=workspace.root)
    assert done.returncode == 0, done.stderr
    assert "1 approved" in done.stderr
    [path] = [path for path in workspace.campaigns.iterdir() if path.stem.endswith("_Preroll")]
    assert read_rows(path)[0]["Creative ID"] == key
