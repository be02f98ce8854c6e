"""Runs against the sandbox, on the fake and in a real browser: what the tracking files say is what the site holds."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from world import (
    IN_A_BROWSER,
    IN_ITS_OWN_BROWSER,
    NOW,
    ON_BOTH,
    Truth,
    banner,
    checksum,
    content_of,
    expire,
    go,
    library_ids,
    native_pair,
    read_rows,
    session,
    tjtools,
    write_inventory,
)

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.health.verify import verify
from tjtools.media import Children
from tjtools.media.content import Fingerprints
from tjtools.model.creative import CreativeType, Key, ReviewStatus, Section, UploadStatus
from tjtools.model.errors import (
    Cancelled,
    PageChanged,
    SettingsError,
    SignInNeeded,
    SiteError,
    SiteUnreachable,
    TrackingFileError,
    UnsafePath,
    WorkspaceError,
)
from tjtools.model.words import Waiting
from tjtools.practice import samples
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.scrape.connection import access_to, connect
from tjtools.scrape.refresh import refresh_library
from tjtools.site import Site, inspection
from tjtools.upload import (
    FileProgress,
    UploadReport,
    demand_settled,
    last_live_run,
    make_plan,
    named_files,
    prepare,
    prepare_rest,
    read_run,
    run,
    unfinished_run,
    upload,
)
from tjtools.upload.journal import Journal, Settled
from tjtools.upload.record import Records
from tjtools.upload.resume import only_live_run
from tjtools.workspace.disk import backups_of
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log
from tjtools.workspace.settings import load_settings

pytestmark = pytest.mark.usefixtures("site_kind")


def no_site() -> Site:
    raise AssertionError("the site was opened")


def ended(report: UploadReport) -> dict[str, str]:
    return {one.file.name: one.status.value for one in report.outcomes}


@ON_BOTH
def test_a_session_becomes_ids_in_library_master_status_and_campaign_files(workspace: Workspace, truth: Truth) -> None:
    session(
        workspace, [*native_pair(workspace.root / "uploaded", "99A0D7C3"), banner(workspace.root / "uploaded", "b.png")]
    )
    report = go(workspace)
    [video], [image], [still] = (
        truth.named(name) for name in ("VID_EN_Travel_4sec_ID-99A0D7C3-VID", "IMG_EN_Travel_ID-99A0D7C3-IMG", "b")
    )
    assert read_rows(workspace.library) == [
        row(video, "VID_EN_Travel_4sec_ID-99A0D7C3-VID.mp4", "640x360", "mp4", "native_video"),
        row(image, "IMG_EN_Travel_ID-99A0D7C3-IMG.png", "640x360", "png", "native_image"),
        row(still, "b.png", "300x250", "png", "image"),
    ]
    assert [(one["tj_creative_id"], one["tj_upload_date"]) for one in read_rows(workspace.master)] == [
        (video, "2025-11-13"),
        (image, "2025-11-13"),
        (still, "2025-11-13"),
    ]
    assert report.status_file.name == "upload_status_20251113_120000.csv"
    assert [(one["file_path"], one["status"], one["tj_creative_id"]) for one in read_rows(report.status_file)] == [
        ("uploaded/Native/Video/VID_EN_Travel_4sec_ID-99A0D7C3-VID.mp4", "success", video),
        ("uploaded/Native/Image/IMG_EN_Travel_ID-99A0D7C3-IMG.png", "success", image),
        ("uploaded/b.png", "success", still),
    ]
    assert [path.name for path in report.campaign_files] == [
        "Batch001_20251113_120000_Native.csv",
        "Batch001_20251113_120000_Native_Travel.csv",
    ]
    assert report.campaign_files[0].read_text("utf-8").splitlines() == [
        '"Ad Name","Target URL","Video Creative ID","Thumbnail Creative ID","Headline","Brand Name"',
        f'"VID_EN_Travel_4sec_ID-99A0D7C3-VID","PLACEHOLDER_URL","{video}","{image}","Travel","PLACEHOLDER_BRAND"',
    ]
    assert [tuple(one.values())[:2] + tuple(one.values())[3:] for one in read_rows(workspace.history)] == [
        ("2025-11-13T12:00:00Z", creative_id, "", "pending", "", "upload") for creative_id in (video, image, still)
    ]
    assert not report.needs_a_person


def test_a_history_that_cannot_be_written_stops_no_upload(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    workspace.history.write_text("a,b\n", "utf-8")
    assert ended(go(workspace)) == {"b.png": "success"}
    assert (library_ids(workspace), workspace.history.read_text("utf-8")) == (
        {"b.png": truth.named("b")[0]},
        "a,b\n",
    )


def row(creative_id: str, filename: str, dimensions: str, file_type: str, kind: str) -> dict[str, str]:
    return {
        "creative_id": creative_id,
        "filename": filename,
        "upload_date": "2025-11-13",
        "dimensions": dimensions,
        "file_type": file_type,
        "creative_type": kind,
        "review_status": "pending",
    }


def test_an_upload_under_another_name_is_known_again_and_uploads_nothing(workspace: Workspace, truth: Truth) -> None:
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, "b.png")])
    go(workspace)
    [creative_id] = truth.named("b")
    (folder / "b.png").rename(folder / "another name.png")
    session(workspace, [{"unique_id": "1", "new_filename": "another name.png", "creative_type": "image"}])
    report = go(workspace, open_site=no_site)
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("skipped", creative_id)]
    assert report.outcomes[0].message.startswith(f"renamed duplicate: same content as ID {creative_id} (b.png;")
    go(workspace, force=True)
    assert len(truth.named("another name")) == 1


def test_what_changed_after_it_was_handed_over_is_not_taken_for_what_was_uploaded(
    workspace: Workspace, truth: Truth
) -> None:
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, "b.png")])
    go(workspace, progress=lambda _: samples.write_image(folder / "b.png", width=300, height=250, title="Other"))
    assert list(Fingerprints.load(workspace).uploads()) == []


def test_a_second_run_uploads_nothing_and_opens_no_site(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    go(workspace)
    again = go(workspace, open_site=no_site, now=NOW.replace(hour=13))
    assert [(one.status.value, one.creative_id) for one in again.outcomes] == [("skipped", truth.named("b")[0])]
    assert truth.received() == ["b.png"]


@ON_BOTH
def test_a_dry_run_walks_the_pages_and_hands_nothing_over(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    report = go(workspace, live=False)
    assert ended(report) == {"b.png": "dry_run"}
    assert truth.received() == []
    assert not workspace.library.exists()
    assert sorted(path.name for path in workspace.screenshots.iterdir()) == [
        "20251113_120000_batch01_image_panel.png",
        "20251113_120000_batch01_image_section.png",
    ]


def tracking_files(workspace: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in workspace.tracking.glob("*.csv")}


@pytest.mark.parametrize(
    ("element", "live"),
    [
        ("library.native_tab", True),
        ("card.name", True),
        ("upload.preview_name", True),
        ("card.id_attribute", False),
        ("upload.preview_name", False),
    ],
)
@IN_A_BROWSER
def test_a_page_that_has_changed_is_not_given_any_file(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch, element: str, live: bool
) -> None:
    monkeypatch.setattr(inspection, "SETTLING", 0.2)
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    truth.add("Static Banner", "somebody's", dimensions="300x250", file_type=".png")
    before = tracking_files(workspace)
    workspace.selectors_file.write_text(f'{element} = "renamed"\n', "utf-8")
    report = go(workspace, live=live)
    assert isinstance(report.stopped, PageChanged)
    assert (report.stopped.element, report.stopped.selector) == (element, "renamed")
    assert str(workspace.inspections / "20251113T120000") in str(report.stopped)
    assert (ended(report), truth.received(), tracking_files(workspace)) == ({"b.png": "skipped"}, [], before)
    assert Journal(workspace.log).in_doubt() == set()
    workspace.selectors_file.unlink()
    assert ended(go(workspace, now=NOW.replace(hour=13))) == {"b.png": "success"}


def test_a_section_without_creatives_takes_files_all_the_same(workspace: Workspace, truth: Truth) -> None:
    for creative_id in truth.creatives():
        truth.ask(f"creatives/{creative_id}", "DELETE")
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    assert ended(go(workspace)) == {"b.png": "success"}


@ON_BOTH
def test_a_name_that_the_section_holds_already_is_a_duplicate_with_the_id_found(
    workspace: Workspace, truth: Truth
) -> None:
    there = truth.add("Static Banner", "b", dimensions="300x250", file_type=".png")
    for number in range(14):
        truth.add("Static Banner", f"other {number}")
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    report = go(workspace)
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("duplicate", there)]
    assert [(one["creative_id"], one["upload_date"]) for one in read_rows(workspace.library)] == [(there, "")]
    assert report.campaign_files == ()


def test_the_same_name_in_another_section_is_another_creative(workspace: Workspace, truth: Truth) -> None:
    other = truth.add("Native Static Banner", "b", dimensions="640x360", file_type=".png")
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    report = go(workspace)
    [only] = report.outcomes
    assert (only.status.value, only.creative_id != other) == ("success", True)


def test_a_file_in_doubt_is_found_whatever_size_another_of_its_name_has(workspace: Workspace, truth: Truth) -> None:
    name = native_pair(workspace.root / "uploaded", "99A0D7C3")[1]["new_filename"]
    native = {"new_filename": name, "creative_type": "native_image"}
    session(workspace, [native, banner(workspace.root / "uploaded", name)])
    [file, _] = load_session(workspace).files
    Journal(workspace.log).handed_over([file], section=file.section, run="earlier", now=NOW, newest="1")
    there = truth.add("Native Static Banner", name.removesuffix(".png"), dimensions="640x360", file_type=".png")
    report = go(workspace, now=NOW + timedelta(days=1))
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("success", there), ("skipped", "")]


@ON_BOTH
def test_a_refused_file_fails_alone_with_the_sites_own_reason(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("abc")])
    truth.script({"b.png": {"outcome": "error", "message": "Too many colours.", "status": 400}})
    report = go(workspace)
    assert ended(report) == {"a.png": "success", "b.png": "failed", "c.png": "success"}
    assert [one.message for one in report.outcomes if one.status.value == "failed"] == ["Too many colours."]


def test_a_file_whose_creative_never_shows_has_an_unknown_id(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "0.5")
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    truth.script({"b.png": {"outcome": "drop"}})
    report = go(workspace)
    assert ended(report) == {"b.png": "unknown_id"}
    assert not workspace.library.exists()
    assert read_rows(workspace.master)[0].get("tj_creative_id", "") == ""


def test_a_creative_that_shows_late_is_waited_for(workspace: Workspace, truth: Truth) -> None:
    truth.settings(card_delay_s=1.5)
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    assert ended(go(workspace)) == {"b.png": "success"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Twenty orders of the files in a browser with `--thorough`, else six on the fake and two in a browser."""
    if "seed" in metafunc.fixturenames:
        thorough = metafunc.config.getoption("thorough")
        fake = [] if thorough else [(seed, "fake_site") for seed in range(6)]
        real = [(seed, "real_site") for seed in range(20 if thorough else 2)]
        metafunc.parametrize(("seed", "site_kind"), [*fake, *real], indirect=["site_kind"])


def test_every_id_written_belongs_to_its_file_whatever_happens_in_between(
    workspace: Workspace, truth: Truth, seed: int
) -> None:
    """Some of ten files are dropped in silence, some refused, and other people's uploads land among them."""
    dice = random.Random(seed)  # noqa: S311 (repeatable orders, no secrets)
    uploaded = workspace.root / "uploaded"
    rows = [banner(uploaded, f"banner {number}.png", seed * 100 + number) for number in range(10)]
    contents = {one["new_filename"]: checksum(uploaded / one["new_filename"]) for one in rows}
    names = dice.sample(sorted(contents), 10)
    dropped, refused = names[:2], names[2:5]
    for name in dropped:
        truth.add("Static Banner", name.removesuffix(".png"), sha256=contents[name])
    others = [{"section": "Static Banner", "name": f"other {number}"} for number in range(8)]
    script: dict[str, object] = {
        name: {"before": dice.sample(others, 2), "after": dice.sample(others, dice.randrange(3))} for name in names[5:]
    }
    truth.script(script | {name: {"outcome": "error", "message": "No.", "status": 400} for name in refused})
    dice.shuffle(rows)
    session(workspace, rows)
    report = go(workspace)
    held = truth.creatives()
    written = library_ids(workspace)
    for filename, creative_id in written.items():
        name = filename if filename.endswith(".png") else f"{filename}.png"
        assert held[creative_id]["sha256"] == contents[name], filename
    expected = dict.fromkeys(dropped, "duplicate") | dict.fromkeys(refused, "failed")
    assert ended(report) == expected | dict.fromkeys(names[5:], "success")


ODD_NAMES = [
    "a, b; c.png",
    'say "hi".png',
    "line\nbreak.png",
    "100%22 sure.png",
    "snow ❄ 雪 🏔.png",
    "=1+1.png",
    "+49.png",
    "-1.png",
    "@sum.png",
    "x" * 251 + ".png",
    "[red]not markup[bold].png",
    "<img src=x onerror=alert(1)>.png",
]


@ON_BOTH
def test_odd_names_are_kept_exactly_and_paired_rightly(workspace: Workspace, truth: Truth) -> None:
    uploaded = workspace.root / "uploaded"
    session(workspace, [banner(uploaded, name, seed) for seed, name in enumerate(ODD_NAMES)])
    report = go(workspace)
    assert ended(report) == dict.fromkeys(ODD_NAMES, "success")
    held = truth.creatives()
    written = library_ids(workspace)
    assert {name: held[written[name]]["sha256"] for name in ODD_NAMES} == {
        name: checksum(uploaded / name) for name in ODD_NAMES
    }
    assert [one["file_name"] for one in read_rows(report.status_file)] == ODD_NAMES
    again = go(workspace, open_site=no_site, now=NOW.replace(hour=13))
    assert {one.file.name: one.creative_id for one in again.outcomes} == written


def test_names_with_two_extensions_get_their_ids_and_are_there_afterwards(workspace: Workspace, truth: Truth) -> None:
    names = ["x.png", "x.png.png", "x.png.png.png", "y.jpg.png", "z.jfif"]
    uploaded = workspace.root / "uploaded"
    session(workspace, [banner(uploaded, name, seed) for seed, name in enumerate(names)])
    assert ended(go(workspace)) == dict.fromkeys(names, "success")
    held, written = truth.creatives(), library_ids(workspace)
    assert {name: held[written[name]]["sha256"] for name in names} == {
        name: checksum(uploaded / name) for name in names
    }
    again = go(workspace, open_site=no_site, now=NOW.replace(hour=13))
    assert {one.file.name: one.creative_id for one in again.outcomes} == written
    refresh_library(workspace, access_to(workspace), now=lambda: NOW, confirm=lambda _: True)
    assert written.items() <= library_ids(workspace).items()
    again = go(workspace, open_site=no_site, now=NOW.replace(hour=14))
    assert {one.file.name: one.creative_id for one in again.outcomes} == written


def test_a_card_that_holds_the_name_of_a_file_with_two_extensions_already_is_the_file_from_then_on(
    workspace: Workspace, truth: Truth
) -> None:
    there = truth.add("Static Banner", "x.png", dimensions="300x250", file_type=".png")
    session(workspace, [banner(workspace.root / "uploaded", "x.png.png")])
    assert [(one.status.value, one.creative_id) for one in go(workspace).outcomes] == [("duplicate", there)]
    assert library_ids(workspace) == {"x.png.png": there}
    again = go(workspace, open_site=no_site, now=NOW.replace(hour=13))
    assert [(one.status.value, one.creative_id) for one in again.outcomes] == [("skipped", there)]


def test_a_file_that_may_be_there_is_held_back_until_a_person_says_so(workspace: Workspace, truth: Truth) -> None:
    there = truth.add("Static Banner", "x.png", dimensions="300x250", file_type=".png")
    refresh_library(workspace, access_to(workspace), now=lambda: NOW, confirm=lambda _: True)
    session(workspace, [banner(workspace.root / "uploaded", "x.png.png")])
    report = go(workspace, open_site=no_site)
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("skipped", "")]
    assert there in report.outcomes[0].message
    assert report.needs_a_person
    forced = go(workspace, force=True, now=NOW.replace(hour=13))
    assert [(one.status.value, one.creative_id) for one in forced.outcomes] == [("duplicate", there)]
    assert library_ids(workspace)["x.png.png"] == there


def test_a_file_that_was_in_doubt_for_its_two_extensions_is_found_and_waited_for_no_more(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "x.png.png")])
    files = named_files(workspace, [workspace.root / "uploaded" / "x.png.png"])
    journal = Journal(workspace.log)
    journal.handed_over(files, section=Section.STATIC_BANNER, run="earlier", now=NOW, newest="1")
    there = truth.add("Static Banner", "x.png", dimensions="300x250", file_type=".png")
    report = go(workspace, now=NOW + timedelta(days=1))
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("success", there)]
    assert (truth.received(), Journal(workspace.log).in_doubt()) == ([], set())
    again = go(workspace, open_site=no_site, now=NOW + timedelta(days=2))
    assert [(one.status.value, one.creative_id) for one in again.outcomes] == [("skipped", there)]


def test_odd_names_are_kept_exactly_in_campaign_files(workspace: Workspace) -> None:
    names = ['=cmd "x", y.mp4', "-1 🏔.mp4"]
    rows = []
    for seed, name in enumerate(names):
        samples.write_video(
            workspace.root / "uploaded" / "v.mp4", width=640, height=360, seconds=6, title="x", seed=seed
        )
        (workspace.root / "uploaded" / "v.mp4").rename(workspace.root / "uploaded" / name)
        rows.append({"new_filename": name, "creative_type": "video", "category": "Music"})
    session(workspace, rows)
    report = go(workspace)
    assert [one["Ad Name"] for one in read_rows(report.campaign_files[0])] == [name[:-4] for name in names]


def test_what_is_handed_over_is_in_the_journal_before(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    doubt: list[set[Key]] = []
    go(workspace, progress=lambda _: doubt.append(Journal(workspace.log).in_doubt()))
    assert doubt[0] == {(Section.STATIC_BANNER, "b.png")}


def test_a_duplicate_whose_content_has_changed_since_the_review_is_for_a_person(
    workspace: Workspace, truth: Truth
) -> None:
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, "b.png")])
    go(workspace)
    (folder / "b.png").rename(folder / "again.png")
    session(workspace, [{"unique_id": "1", "new_filename": "again.png", "creative_type": "image"}])
    prepared = prepare(workspace)
    samples.write_image(folder / "again.png", width=300, height=250, title="Other")
    report = upload(
        make_plan(prepared.reviews), workspace, prepared.library, load_settings(workspace), no_site,
        now=lambda: NOW.replace(hour=13), live=True,
    )  # fmt: skip
    assert [(one.status.value, one.creative_id, "review it again" in one.message) for one in report.outcomes] == [
        ("skipped", "", True)
    ]


@IN_ITS_OWN_BROWSER
def test_a_closed_browser_ends_the_run_with_what_is_confirmed_recorded(workspace: Workspace, truth: Truth) -> None:
    session(
        workspace, [*native_pair(workspace.root / "uploaded", "00000001"), banner(workspace.root / "uploaded", "b.png")]
    )
    settings = load_settings(workspace)
    site = connect(workspace, settings, say=lambda _: None)
    handed: list[str] = []

    def close_at_the_image(event: FileProgress) -> None:
        handed.append(event.name)
        if event.name.startswith("IMG") and event.state == "processing":
            site._thread._loop.create_task(site._browser.close())

    truth.settings(processing_s=0.5)
    report = go(workspace, open_site=lambda: site, progress=close_at_the_image)
    assert type(report.stopped).__name__ == "BrowserClosed"
    assert list(ended(report).values()) == ["success", "unknown_id", "skipped"]
    assert list(library_ids(workspace)) == ["VID_EN_Travel_4sec_ID-00000001-VID.mp4"]


@IN_A_BROWSER
def test_a_site_that_stops_in_the_middle_of_a_batch_leaves_the_files_true(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    workspace = bare_workspace
    with Sandbox(tmp_path / "sandbox", creatives=20, processing_s=0.5) as sandbox:
        bind_to_sandbox(workspace, sandbox.origin)
        rows = [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("abcdef")]
        session(workspace, [*native_pair(workspace.root / "uploaded", "00000001"), *rows])
        stopping: list[threading.Thread] = []

        def stop_after_two_banners(event: FileProgress) -> None:
            if event.done == 4 and not stopping:
                stopping.append(threading.Thread(target=sandbox.stop))
                stopping[0].start()

        report = go(workspace, progress=stop_after_two_banners)
        stopping[0].join()
        assert isinstance(report.stopped, SiteError)
        assert set(library_ids(workspace)) == {
            "VID_EN_Travel_4sec_ID-00000001-VID.mp4",
            "IMG_EN_Travel_ID-00000001-IMG.png",
        }
        assert {one for name, one in ended(report).items() if name in set("abcdef")} <= {"unknown_id", "failed"}
        sandbox.start()
        workspace.settings_file.write_text(
            workspace.settings_file.read_text("utf-8").replace(load_origin(workspace), sandbox.origin), "utf-8"
        )
        again = go(workspace, now=NOW.replace(hour=13))
        held = Truth(sandbox.origin).creatives()
    assert not again.needs_a_person
    for filename, creative_id in library_ids(workspace).items():
        name = filename if "." in filename else f"{filename}.png"
        [path] = (workspace.root / "uploaded").rglob(name)
        assert held[creative_id]["sha256"] == checksum(path)
    names = [one["name"] for one in held.values()]
    assert [names.count(name) for name in "abcdef"] == [1] * 6


def load_origin(workspace: Workspace) -> str:
    site = load_settings(workspace).site
    assert site
    return site.origin


def test_a_run_that_was_cut_off_is_settled_by_looking_before_anything_goes_up_again(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("ab")])
    files = named_files(workspace, [workspace.root / "uploaded" / f"{name}.png" for name in "ab"])
    newest = max(one["creative_id"] for one in truth.ask("creatives?section=Static Banner".replace(" ", "%20")))
    journal = Journal(workspace.log)
    journal.handed_over(files, section=Section.STATIC_BANNER, run="earlier", now=NOW, newest=newest)
    there = truth.add("Static Banner", "a")
    report = go(workspace, now=NOW + timedelta(days=1))
    assert ended(report) == {"a.png": "success", "b.png": "success"}
    rows = {row["filename"]: (row["creative_id"], row["upload_date"]) for row in read_rows(workspace.library)}
    assert rows["a.png"] == (there, "2025-11-13")
    assert truth.received() == ["b.png"]


def known_as(workspace: Workspace) -> dict[str, str]:
    """Which content is known under which Creative ID."""
    return {one.creative_id: one.fingerprint.checksum for one in Fingerprints.load(workspace).uploads()}


@pytest.mark.parametrize("changed", [False, True])
def test_the_content_that_a_run_handed_over_before_it_was_cut_off_is_known_again(
    changed: bool, workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the file is another since: nobody knows which of the two the browser has read."""
    file = cut_off_at(run, "hand_over", workspace, monkeypatch)
    there, content = truth.add("Static Banner", "a"), content_of(workspace, file)
    if changed:
        banner(file.parent, file.name, 7)
    report = go(workspace, now=NOW + timedelta(days=1))
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("success", there)]
    assert known_as(workspace) == ({} if changed else {there: content})


def resume(workspace: Workspace, now: datetime) -> UploadReport:
    """Go on with the run that was cut off."""
    cut, settings = unfinished_run(workspace), load_settings(workspace)
    assert cut
    rest = prepare_rest(workspace, cut, settings, now=lambda: now)
    return upload(
        rest.plan, workspace, rest.prepared.library, settings, lambda: connect(workspace, settings, say=lambda _: None),
        now=lambda: now, live=True, resumed=cut,
    )  # fmt: skip


def cut_off_at(
    owner: object, name: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, now: datetime = NOW
) -> Path:
    """Upload one file, whose run ends there; the file."""
    file = workspace.root / "uploaded" / "a.png"
    session(workspace, [banner(file.parent, file.name)])
    with monkeypatch.context() as killed:
        killed.setattr(owner, name, cut_off)
        with pytest.raises(KeyboardInterrupt):
            go(workspace, now=now)
    return file


def cut_off(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_content_of_a_run_that_was_cut_off_before_all_was_noted_is_known_again_once(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cut_off_at(Records, "remember", workspace, monkeypatch)
    for hour in (13, 14):
        go(workspace, open_site=no_site, now=NOW.replace(hour=hour))
    assert known_as(workspace) == {truth.named("a")[0]: content_of(workspace, file)}
    assert sum(one.kind == "uploaded" for one in Log(workspace.log).entries()) == 1


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("folded", [True, False])
def test_a_file_in_doubt_that_the_session_no_longer_has_is_looked_for_by_the_next_run(
    there: bool, folded: bool, workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cut_off_at(run, "hand_over", workspace, monkeypatch)
    found = truth.add("Static Banner", "a") if there else ""
    if folded:
        lines = workspace.log.read_text("utf-8").splitlines(keepends=True)
        workspace.log.write_text("".join(line for line in lines if '"begun"' not in line), "utf-8")
    write_inventory(workspace.session, [banner(file.parent, "b.png", 1)])
    assert ended(go(workspace, now=NOW + timedelta(days=1))) == {
        "a.png": "success" if there else "failed", "b.png": "success",
    }  # fmt: skip
    demand_settled(workspace)
    assert (read_rows(workspace.master)[0]["tj_creative_id"], truth.received()) == (found, ["b.png"])


@pytest.mark.parametrize("was_there", [False, True])
def test_a_file_that_was_exchanged_after_its_run_was_cut_off_is_not_told_as_what_is_on_the_site(
    was_there: bool, workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = truth.add("Static Banner", "a") if was_there else ""
    file = cut_off_at(run, "hand_over", workspace, monkeypatch)
    found = before or truth.add("Static Banner", "a")
    banner(file.parent, file.name, 7)
    [one] = go(workspace, now=NOW + timedelta(days=1)).outcomes
    status = UploadStatus.DUPLICATE if was_there else UploadStatus.SUCCESS
    assert (one.status, one.creative_id) == (status, found)
    assert "the file holds something else by now, which is not there: upload that under another name" in one.message
    assert known_as(workspace) == {}


@pytest.mark.parametrize("shown", [0, 1, 2])
def test_what_the_session_no_longer_has_is_told_by_a_run_that_is_gone_on_with(
    shown: int, workspace: Workspace, truth: Truth
) -> None:
    """What was under way is looked for on the site, what was not begun stays here; both are in what is written down."""
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, f"{name}.png", seed) for seed, name in enumerate("abc")])
    files, journal = load_session(workspace).files, Journal(workspace.log)
    of_run = {"run": "20251113_120000", "now": NOW}
    journal.begun(files, **of_run)  # type: ignore[arg-type]
    journal.handed_over(files[:1], section=files[0].section, newest=max(truth.creatives()), **of_run)  # type: ignore[arg-type]
    ids = [truth.add("Static Banner", "a") for _ in range(shown)]
    write_inventory(workspace.session, [banner(folder, "c.png", 2)])
    said = prepare_rest(workspace, unfinished_run(workspace), load_settings(workspace), now=lambda: NOW).notes  # type: ignore[arg-type]
    assert said == (
        "No longer in the session, and looked for on the site: a.png",
        "No longer in the session, so it is not uploaded: b.png",
    )
    report = resume(workspace, NOW + timedelta(days=1))
    told = {one["file_name"]: (one["status"], one["error_message"]) for one in read_rows(report.status_file)}
    assert told["b.png"] == ("skipped", "no longer in the session")
    assert told["a.png"] == [
        ("failed", "handed over by an earlier run, and the site does not list it"),
        ("success", "found on the site, after an earlier run was cut off"),
        ("unknown_id", f"several creatives bear this name: {', '.join(reversed(ids))}"),
    ][shown]  # fmt: skip
    assert ended(report) == {name: status for name, (status, _) in told.items()}
    assert (told["c.png"][0], truth.received()) == ("success", ["c.png"])


def test_a_file_in_doubt_is_not_told_as_skipped_by_a_run_that_never_came_to_look_for_it(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_at(run, "hand_over", workspace, monkeypatch)
    expire(truth)
    [one] = go(workspace).outcomes
    assert one.status is UploadStatus.UNKNOWN_ID
    assert one.message.startswith("handed over, and not looked for on the site since: ")


@pytest.mark.parametrize("newest", ["1", "9999999999"])
def test_which_of_several_creatives_a_file_in_doubt_is_a_person_can_say(
    newest: str, workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "0.5")
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    [file] = load_session(workspace).files
    Journal(workspace.log).handed_over([file], section=file.section, run="earlier", now=NOW, newest=newest)
    first, _ = (truth.add("Static Banner", "a", dimensions="300x250", file_type=".png") for _ in range(2))
    assert ended(go(workspace, now=NOW + timedelta(days=1))) == {"a.png": "unknown_id"}
    refresh_library(workspace, access_to(workspace), now=lambda: NOW + timedelta(days=1), confirm=lambda _: True)
    assert tjtools("add", first, "a.png", cwd=workspace.root).returncode == 0
    report = go(workspace, now=NOW + timedelta(days=2))
    status = "success" if newest == "1" else "duplicate"
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [(status, first)]
    assert [one["tj_creative_id"] for one in read_rows(workspace.master)] == [first]
    demand_settled(workspace)


@pytest.mark.parametrize(("owner", "name"), [(run, "hand_over"), (Records, "remember")])
def test_a_file_that_is_called_otherwise_after_its_run_was_cut_off_goes_up_no_second_time(
    owner: object, name: str, workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cut_off_at(owner, name, workspace, monkeypatch)
    [there] = truth.named("a") or [truth.add("Static Banner", "a")]
    before = truth.received()
    file.rename(file.with_name("clip.png"))
    session(workspace, [{"new_filename": "clip.png", "creative_type": "image"}])
    report = go(workspace, now=NOW + timedelta(days=1))
    told = [(one.status.value, one.creative_id) for one in report.outcomes if one.file.name == "clip.png"]
    assert told == [("skipped", there)]
    assert (library_ids(workspace), truth.received()) == ({"a.png": there}, before)


def test_the_backup_of_the_master_bears_the_time_at_which_a_run_is_gone_on_with(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_at(Records, "record", workspace, monkeypatch)
    resume(workspace, NOW + timedelta(days=3))
    assert [path.name for path in backups_of(workspace.master)] == ["creative_inventory.20251116T120000.csv"]


def test_a_status_that_was_learned_since_a_run_was_cut_off_stays_when_that_is_gone_on_with(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_at(Records, "record", workspace, monkeypatch)
    [creative_id] = truth.named("a")
    truth.ask(f"creatives/{creative_id}", "PATCH", {"review_status": "rejected"})
    refresh_library(workspace, access_to(workspace), now=lambda: NOW + timedelta(days=1), confirm=lambda _: True)
    resume(workspace, NOW + timedelta(days=2))
    told = Library.load(workspace.library).get(creative_id)
    assert [(one.filename, str(one.upload_date), one.review_status) for one in told] == [
        ("a.png", "2025-11-13", ReviewStatus.REJECTED)
    ]
    assert [row["to_status"] for row in read_rows(workspace.history) if row["creative_id"] == creative_id] == [
        "rejected"
    ]


@pytest.fixture
def evening_in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """A time at which it is tomorrow already by UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield datetime(2025, 11, 13, 20, 30).astimezone()
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("owner", "name"), [(run, "hand_over"), (Records, "record"), (Records, "remember")])
def test_days_and_times_are_those_of_the_buyer_also_where_a_run_was_cut_off(
    evening_in_new_york: datetime, owner: object, name: str,
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    cut_off_at(owner, name, workspace, monkeypatch, now=evening_in_new_york)
    if not truth.received():
        truth.add("Static Banner", "a")
    unfinished = unfinished_run(workspace)
    assert unfinished
    assert f"{unfinished.at:%Y-%m-%d %H:%M}" == "2025-11-13 20:30"
    report = resume(workspace, evening_in_new_york + timedelta(minutes=20))
    assert read_rows(workspace.library)[0]["upload_date"] == "2025-11-13"
    assert read_rows(workspace.master)[0]["tj_upload_date"] == "2025-11-13"
    assert [one["upload_date"] for one in read_rows(report.status_file)] == ["2025-11-13"]


def test_a_creative_that_was_there_before_the_run_that_was_cut_off_is_not_its_upload(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    there = truth.add("Static Banner", "a")
    files = named_files(workspace, [workspace.root / "uploaded" / "a.png"])
    journal = Journal(workspace.log)
    journal.handed_over(files, section=Section.STATIC_BANNER, run="earlier", now=NOW, newest=there)
    report = go(workspace, now=NOW + timedelta(days=1))
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("duplicate", there)]
    assert truth.received() == []


def test_files_of_a_run_that_was_cut_off_just_now_are_waited_for(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    files = named_files(workspace, [workspace.root / "uploaded" / "a.png"])
    journal = Journal(workspace.log)
    journal.handed_over(files, section=Section.STATIC_BANNER, run="earlier", now=NOW, newest="1")
    site = connect(workspace, load_settings(workspace), say=lambda _: None)
    late: list[str] = []

    def the_site_gets_on_with_it(_names: Sequence[str], _seen: Sequence[str], timeout: float, _cut: object) -> None:
        assert timeout > 0
        late.append(truth.add("Static Banner", "a"))

    site.wait_for_names = the_site_gets_on_with_it  # type: ignore[method-assign]
    report = go(workspace, now=NOW + timedelta(seconds=30), open_site=lambda: site)
    assert [(one.status.value, one.creative_id) for one in report.outcomes] == [("success", late[0])]
    assert truth.received() == []


@ON_BOTH
def test_a_wait_for_an_earlier_runs_files_is_told_and_cut_short_and_what_is_unknown_goes_up_no_second_time(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("abc")])
    [lost, there] = named_files(workspace, [workspace.root / "uploaded" / f"{name}.png" for name in "ab"])
    journal, told = Journal(workspace.log), list[str]()
    newest = max(truth.creatives())
    journal.begun([lost, there], run="earlier", now=NOW)
    journal.handed_over([lost, there], section=Section.STATIC_BANNER, run="earlier", now=NOW, newest=newest)
    truth.add("Static Banner", "b")

    def dont_wait(waiting: Waiting | None) -> None:
        told.append(waiting.told if waiting else "")
        if waiting:
            waiting.cut()

    settings, events = load_settings(workspace), list[FileProgress]()
    report = go(
        workspace, now=NOW + timedelta(seconds=10), progress=events.append,
        open_site=lambda: connect(workspace, settings, say=lambda _: None, waits=dont_wait),
    )  # fmt: skip
    assert re.fullmatch(r"Waiting for the site: 1 file, at most 5:(20|1\d) more", told[0])
    assert told[-1] == ""
    assert ended(report) == {"a.png": "unknown_id", "b.png": "success", "c.png": "success"}
    assert (events[-1].done, events[-1].total) == (3, 3)
    assert truth.received() == ["c.png"]
    assert journal.in_doubt() == {lost.key}
    assert unfinished_run(workspace).told == "2 confirmed, 1 under way, 0 not begun"


def test_a_forced_run_that_was_stopped_is_gone_on_with_as_it_was(
    workspace: Workspace, truth: Truth, caplog: pytest.LogCaptureFixture
) -> None:
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("ab")])
    go(workspace, now=NOW - timedelta(days=1))
    truth.settings(drops_duplicates=False)

    def expired() -> Site:
        raise SignInNeeded("The session has expired.")

    caplog.set_level("INFO", "tjtools")
    first = go(workspace, force=True, open_site=expired)
    assert "0 uploaded, 0 skipped, 2 not begun" in caplog.text
    assert "ALL DUPLICATES" not in caplog.text
    assert ended(first) == {"a.png": "skipped", "b.png": "skipped"}
    run = unfinished_run(workspace)
    assert run
    assert (run.told, run.force) == ("0 confirmed, 0 under way, 2 not begun", True)
    report = resume(workspace, NOW + timedelta(hours=1))
    assert ended(report) == {"a.png": "success", "b.png": "success"}
    assert report.status_file == first.status_file
    assert [one.status.value for one in read_run(workspace, report.status_file).files] == ["success", "success"]
    assert (len(truth.named("a")), unfinished_run(workspace)) == (2, None)


def losing_its_place(workspace: Workspace) -> Callable[[FileProgress], None]:
    """Another machine takes its place while it uploads, as it does with a laptop that slept too long."""
    lease = workspace.private / "locks" / "live-run.lease"
    return lambda _: lease.write_text(re.sub("token=.*", "token=of-another-machine", lease.read_text("utf-8")), "utf-8")


def test_a_run_whose_place_another_machine_took_stops_before_the_next_hand_over(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, native_pair(workspace.root / "uploaded", "99A0D7C3"))
    report = go(workspace, progress=losing_its_place(workspace))
    assert "another one has taken its place" in str(report.stopped)
    assert [name.endswith("-VID.mp4") for name in truth.received()] == [True]


def test_a_forced_run_that_is_gone_on_with_hands_over_no_confirmed_half_again(
    workspace: Workspace, truth: Truth
) -> None:
    session(workspace, native_pair(workspace.root / "uploaded", "99A0D7C3"))
    go(workspace, now=NOW - timedelta(days=1))
    truth.settings(drops_duplicates=False)
    go(workspace, force=True, progress=losing_its_place(workspace))
    (workspace.private / "locks" / "live-run.lease").unlink(missing_ok=True)
    run = unfinished_run(workspace)
    assert run
    assert (run.told, run.force) == ("1 confirmed, 0 under way, 1 not begun", True)
    rest = prepare_rest(workspace, run, load_settings(workspace), now=lambda: NOW)
    assert rest.plan.files == run.not_begun
    assert all(one.facts and one.content for one in rest.prepared.reviews)


@ON_BOTH
def test_a_cancelled_run_says_so_and_leaves_the_files_true(workspace: Workspace, truth: Truth) -> None:
    truth.settings(processing_s=30)
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("abc")])
    begun: list[str] = []
    report = go(workspace, progress=lambda event: begun.append(event.name), cancelled=lambda: bool(begun))
    assert isinstance(report.stopped, Cancelled)
    assert set(ended(report).values()) == {"unknown_id"}
    assert Journal(workspace.log).in_doubt() == {(Section.STATIC_BANNER, f"{name}.png") for name in "abc"}


def test_a_file_on_which_the_site_timed_out_is_not_handed_over_again(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TJTOOLS_UPLOAD__PROCESSING_TIMEOUT", "0.5")
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "0.5")
    truth.settings(processing_s=30)
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    assert ended(go(workspace)) == {"b.png": "unknown_id"}
    truth.ask("reset", "POST")
    sign_in_again(workspace, truth)
    assert ended(go(workspace, now=NOW.replace(hour=13))) == {"b.png": "unknown_id"}
    assert truth.received() == []
    assert ended(go(workspace, now=NOW.replace(hour=14), force=True)) == {"b.png": "success"}


@pytest.fixture
def timed_out(workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The site timed out on `a.png`, and does not list it; `b.png` goes before it in a batch of its own."""
    monkeypatch.setenv("TJTOOLS_UPLOAD__PROCESSING_TIMEOUT", "0.4")
    monkeypatch.setenv("TJTOOLS_UPLOAD__CARD_TIMEOUT", "0.4")
    monkeypatch.setenv("TJTOOLS_UPLOAD__BATCH_SIZE", "1")
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, "a.png", 1)])
    truth.faults("upload-endless=1")
    assert ended(go(workspace)) == {"a.png": "unknown_id"}
    session(workspace, [banner(folder, "b.png", 2), banner(folder, "a.png", 1)])
    return workspace


def again(workspace: Workspace, said: datetime, *, now: datetime, open_site: Callable[[], Site] | None = None) -> Any:
    """A live run with a person's word of this moment on `a.png`."""
    settings, prepared = load_settings(workspace), prepare(workspace)
    return upload(
        make_plan(prepared.reviews, batch_size=settings.upload.batch_size), workspace, prepared.library, settings,
        open_site or (lambda: connect(workspace, settings, say=lambda _: None)),
        now=lambda: now, live=True, once_more={(Section.STATIC_BANNER, "a.png"): said},
    )  # fmt: skip


def test_what_the_site_comes_to_list_after_the_look_is_not_handed_over_once_more(
    timed_out: Workspace, truth: Truth
) -> None:
    """While other files go up, the site gets on with the one on which it timed out."""
    site = connect(timed_out, load_settings(timed_out), say=lambda _: None)
    opened, late = site.open_upload_panel, list[str]()

    def open_and_list() -> None:
        late.extend([truth.add("Static Banner", "a")] if not late else [])
        opened()

    site.open_upload_panel = open_and_list  # type: ignore[method-assign]
    later = NOW + timedelta(hours=1)
    report = again(timed_out, later, now=later, open_site=lambda: site)
    assert ended(report) == {"b.png": "success", "a.png": "success"}
    assert truth.received() == ["b.png"]
    assert library_ids(timed_out)["a.png"] == late[0]
    assert (Journal(timed_out.log).in_doubt(), verify(timed_out)) == (set(), ())


def test_a_word_is_of_what_was_handed_over_before_it(timed_out: Workspace, truth: Truth) -> None:
    """What another window has handed over since, and the site timed out on too, wants a word of its own."""
    before, later = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
    truth.faults("upload-endless=1@2")
    assert ended(again(timed_out, before, now=later)) == {"b.png": "success", "a.png": "unknown_id"}
    truth.faults()
    report = again(timed_out, before, now=later + timedelta(hours=1))
    assert ended(report) == {"a.png": "unknown_id", "b.png": "skipped"}
    assert truth.received() == ["b.png"]
    now = later + timedelta(hours=2)
    assert ended(again(timed_out, now, now=now))["a.png"] == "success"


def test_another_content_under_a_name_on_which_the_site_timed_out_does_not_go_up_once_more(
    timed_out: Workspace, truth: Truth
) -> None:
    """The site may still come to show the first: its ID would pass for that of the other."""
    banner(timed_out.root / "uploaded", "a.png", 7)
    later = NOW + timedelta(hours=1)
    report = again(timed_out, later, now=later)
    assert ended(report) == {"b.png": "success", "a.png": "unknown_id"}
    [why] = [one.message for one in report.outcomes if one.status is UploadStatus.UNKNOWN_ID]
    assert why.endswith("upload this one under another name")
    assert truth.received() == ["b.png"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_with_a_word_that_is_cut_off_is_gone_on_with_without_it(
    when: str, timed_out: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The word was of one hand-over: who goes on looks, and asks again."""
    later, noted = NOW + timedelta(hours=1), Journal.handed_over

    def cut_off(journal: Journal, files: Sequence[Any], **named: Any) -> Any:
        if files[0].name == "b.png":
            return noted(journal, files, **named)
        if when == "after":
            noted(journal, files, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "handed_over", cut_off)
    with pytest.raises(KeyboardInterrupt):
        again(timed_out, later, now=later)
    monkeypatch.setattr(Journal, "handed_over", noted)
    run = unfinished_run(timed_out)
    assert run
    assert run.told == "1 confirmed, 1 under way, 0 not begun"
    settings = load_settings(timed_out)
    rest = prepare_rest(timed_out, run, settings, now=lambda: NOW)
    report = upload(
        rest.plan, timed_out, rest.prepared.library, settings,
        lambda: connect(timed_out, settings, say=lambda _: None),
        now=lambda: later + timedelta(hours=1), live=True, resumed=run,
    )  # fmt: skip
    assert (ended(report)["a.png"], truth.received()) == ("unknown_id", ["b.png"])
    assert {one.name: one.message for one in last_live_run(timed_out).files}["a.png"].endswith("your word alone")  # type: ignore[union-attr]


def sign_in_again(workspace: Workspace, truth: Truth) -> None:
    bind_to_sandbox(workspace, truth.origin)


def test_an_expired_session_ends_the_run_before_anything_is_handed_over(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    truth.ask("sessions", "DELETE")
    report = go(workspace)
    assert isinstance(report.stopped, SignInNeeded)
    assert ended(report) == {"b.png": "skipped"}


@ON_BOTH
def test_a_session_that_expires_during_the_upload_leaves_the_files_unknown(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    settings = load_settings(workspace)
    site = connect(workspace, settings, say=lambda _: None)
    opened = site.open_upload_panel

    def open_then_expire() -> None:
        opened()
        truth.ask("sessions", "DELETE")

    site.open_upload_panel = open_then_expire  # type: ignore[method-assign]
    report = go(workspace, open_site=lambda: site)
    assert isinstance(report.stopped, SignInNeeded)
    assert ended(report) == {"b.png": "unknown_id"}


@IN_A_BROWSER
def test_a_site_that_is_down_is_named(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    toml = workspace.settings_file.read_text("utf-8")
    origin = load_settings(workspace).site.origin  # type: ignore[union-attr]
    workspace.settings_file.write_text(toml.replace(origin, "http://127.0.0.1:9"), "utf-8")
    report = go(workspace)
    assert isinstance(report.stopped, SiteError)
    assert isinstance(report.stopped, SiteUnreachable)
    assert "http://127.0.0.1:9" in str(report.stopped)


def test_a_link_out_of_the_workspace_that_appears_after_the_review_is_not_uploaded(
    workspace: Workspace, truth: Truth, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    banner(tmp_path, "secret.png")
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    prepared = prepare(workspace)
    (workspace.root / "uploaded" / "b.png").unlink()
    (workspace.root / "uploaded" / "b.png").symlink_to(secret)
    settings = load_settings(workspace)
    report = upload(
        make_plan(prepared.reviews), workspace, prepared.library, settings,
        lambda: connect(workspace, settings, say=lambda _: None), now=lambda: NOW, live=True,
    )  # fmt: skip
    assert isinstance(report.stopped, UnsafePath)
    assert (ended(report), truth.received()) == ({"b.png": "skipped"}, [])


def test_a_file_that_is_gone_since_the_review_fails_alone(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", f"{name}.png", seed) for seed, name in enumerate("ab")])
    settings = load_settings(workspace)

    def connect_and_lose_a_file() -> Site:
        (workspace.root / "uploaded" / "a.png").unlink()
        return connect(workspace, settings, say=lambda _: None)

    report = go(workspace, open_site=connect_and_lose_a_file)
    assert ended(report) == {"a.png": "failed", "b.png": "success"}
    assert Journal(workspace.log).in_doubt() == set()


@pytest.mark.parametrize("when", ["the site opens", "the panel is open"])
def test_a_file_that_holds_something_else_than_was_reviewed_is_not_handed_over(
    workspace: Workspace, truth: Truth, when: str
) -> None:
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, f"{name}.png", seed) for seed, name in enumerate("abc")])

    def exchange() -> None:
        banner(folder, "a.png", 7)
        (folder / "b.png").touch()  # another time, and the same content

    def connected() -> Site:
        site = connect(workspace, load_settings(workspace), say=lambda _: None)
        open_panel = site.open_upload_panel
        if when == "the site opens":
            exchange()
        else:
            site.open_upload_panel = lambda: (exchange(), open_panel())  # type: ignore[method-assign]
        return site

    report = go(workspace, open_site=connected)
    assert ended(report) == {"a.png": "failed", "b.png": "success", "c.png": "success"}
    [why] = [one.message for one in report.outcomes if one.file.name == "a.png"]
    assert why == "it holds something else than what was reviewed: review it again"
    assert sorted(truth.received()) == ["b.png", "c.png"]
    assert library_ids(workspace).keys() == {"b.png", "c.png"}
    assert Journal(workspace.log).in_doubt() == set()


def test_of_a_file_that_can_not_be_read_at_the_hand_over_that_is_said(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may keep it to itself just then: nobody knows that it holds something else."""
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, f"{name}.png", seed) for seed, name in enumerate("ab")])

    def shut() -> Site:
        (folder / "a.png").touch()
        monkeypatch.setattr(Children, "checksum", lambda *_: ("", "it can't be read (in use)"))
        return connect(workspace, load_settings(workspace), say=lambda _: None)

    report = go(workspace, open_site=shut)
    whys = {one.file.name: one.message for one in report.outcomes}
    assert whys == {"a.png": "it can't be read (in use): upload it again", "b.png": ""}
    assert truth.received() == ["b.png"]


def test_what_a_stopped_run_did_not_come_to_is_there_all_the_same(workspace: Workspace, truth: Truth) -> None:
    """The files that the library knows are counted with their IDs, whether their batch was begun or not."""
    folder = workspace.root / "uploaded"
    session(workspace, [banner(folder, "there.png")])
    there = go(workspace).outcomes[0].creative_id
    session(workspace, [*native_pair(folder, "99A0D7C3"), banner(folder, "there.png"), banner(folder, "new.png", 1)])
    truth.settings(processing_s=30)
    asked: list[FileProgress] = []
    report = go(workspace, now=NOW + timedelta(hours=1), progress=asked.append, cancelled=lambda: len(asked) > 0)
    told = {one.file.name: (one.status.value, one.creative_id, one.message) for one in report.outcomes}
    assert told["there.png"] == ("skipped", there, f"ID {there} in Static Banner, pending, added 2025-11-13")
    assert told["new.png"] == ("skipped", "", "not begun: Stopped on request.")
    assert last_live_run(workspace).told == "? ID unknown: 1 · ○ skipped: 1 · ○ not begun: 2"


def test_a_run_cut_off_between_library_and_master_is_completed_by_the_next(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    master = workspace.master.read_bytes()
    settings = load_settings(workspace)

    def connect_and_break_the_master() -> Site:
        workspace.master.unlink()
        workspace.master.mkdir()
        return connect(workspace, settings, say=lambda _: None)

    first = go(workspace, open_site=connect_and_break_the_master)
    assert (ended(first), type(first.stopped)) == ({"b.png": "success"}, TrackingFileError)
    workspace.master.rmdir()
    workspace.master.write_bytes(master)
    again = go(workspace, open_site=no_site, now=NOW.replace(hour=13))
    assert again.stopped is None
    assert [one.get("tj_creative_id") for one in read_rows(workspace.master)] == truth.named("b")
    assert Journal(workspace.log).in_doubt() == set()


def test_limits_that_are_damaged_while_it_uploads_cost_no_report(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    report = go(workspace, progress=lambda _: workspace.limits_file.write_text("[", "utf-8") and None)
    assert (ended(report), type(report.stopped)) == ({"b.png": "success"}, SettingsError)
    workspace.limits_file.unlink()
    assert unfinished_run(workspace)


def test_a_second_live_run_in_the_same_workspace_is_refused(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    others: list[UploadReport] = []

    def run_another(event: FileProgress) -> None:
        if not others:
            other = threading.Thread(target=lambda: others.append(go(workspace, open_site=no_site)))
            other.start()
            other.join()

    report = go(workspace, progress=run_another, now=NOW.replace(hour=13))
    assert ended(report) == {"b.png": "success"}
    assert "another live upload is running here" in str(others[0].stopped)
    assert truth.received() == ["b.png"]


def test_a_video_in_a_banner_size_goes_to_the_banners_whatever_the_inventory_says(
    workspace: Workspace, truth: Truth
) -> None:
    samples.write_video(workspace.root / "uploaded" / "b.mp4", width=300, height=250, seconds=6, title="x")
    session(workspace, [{"new_filename": "b.mp4", "creative_type": "video"}])
    report = go(workspace)
    assert [truth.creatives()[one.creative_id]["section"] for one in report.outcomes] == ["Video Banners"]


def test_the_types_of_named_files_are_told_by_name_and_content(bare_workspace: Workspace, tmp_path: Path) -> None:
    samples.write_image(tmp_path / "IMG_EN_Travel_ID-99A0D7C3-IMG.png", width=640, height=360, title="x")
    samples.write_image(tmp_path / "banner.gif", width=300, height=250, title="x")
    samples.write_video(tmp_path / "clip.mp4", width=640, height=360, seconds=1, title="x")
    samples.write_video(tmp_path / "banner.mp4", width=300, height=250, seconds=1, title="x")
    paths = [path for path in tmp_path.iterdir() if path.is_file()]
    files = named_files(bare_workspace, paths)
    kinds = {file.name: file.creative_type for file in files}
    assert kinds == {
        "IMG_EN_Travel_ID-99A0D7C3-IMG.png": CreativeType.NATIVE_IMAGE,
        "banner.gif": CreativeType.IMAGE,
        "clip.mp4": CreativeType.VIDEO,
        "banner.mp4": CreativeType.VIDEO_BANNER,
    }
    assert {file.unique_id for file in files} == {"ID-99A0D7C3-IMG", ""}


def test_a_run_that_another_of_the_same_second_keeps_out_does_not_write_into_its_files(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two jobs of one schedule: the other takes the workspace when this one has its name already."""
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    quicker: list[UploadReport] = []

    def is_taken(place: Workspace) -> NoReturn:
        monkeypatch.setattr("tjtools.upload.run.only_live_run", only_live_run)
        quicker.append(go(place))
        raise WorkspaceError("another live upload is running here.")

    monkeypatch.setattr("tjtools.upload.run.only_live_run", is_taken)
    late = go(workspace)
    assert [one["status"] for one in read_rows(quicker[0].status_file)] == ["success"]
    assert [one["status"] for one in read_rows(late.status_file)] == ["skipped"]


def test_a_run_that_finds_its_pairs_there_leaves_nothing_to_record(workspace: Workspace, truth: Truth) -> None:
    session(workspace, native_pair(workspace.root / "uploaded", "0A0A0A03"))
    go(workspace)
    second = go(workspace, now=NOW + timedelta(hours=1), open_site=no_site)
    told = read_rows(second.status_file)
    assert Journal(workspace.log).unrecorded() == {}
    go(workspace, now=NOW + timedelta(hours=2), open_site=no_site)
    assert read_rows(second.status_file) == told


def test_two_runs_of_one_second_do_not_share_their_files(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    first = go(workspace)
    session(workspace, [banner(workspace.root / "uploaded", "b.png", 1)])
    second = go(workspace)
    assert second.status_file.name == "upload_status_20251113_120001.csv"
    assert [[one["file_name"] for one in read_rows(run.status_file)] for run in (first, second)] == [
        ["a.png"],
        ["b.png"],
    ]


def test_pairs_whose_id_was_rounded_wait_until_it_is_mended_and_then_make_their_ads(
    workspace: Workspace, truth: Truth
) -> None:
    """Uploaded at once they would be there already once their IDs are mended, and no run would make their ads."""
    pairs = [
        native_pair(workspace.root / "uploaded", identity, seed)
        for seed, identity in enumerate(("12345E10", "12349E10"))
    ]
    clear = native_pair(workspace.root / "uploaded", "99A0D7C3", 2)
    clear[0] |= {"native_pair_id": "ID-99A0D7C3"}
    rounded = [row | {"native_pair_id": "1.23E+14"} for pair in pairs for row in pair]
    session(workspace, [*rounded, *clear])
    first = go(workspace)
    assert (first.needs_a_person, len(first.held_back), len(truth.received())) == (True, 4, 2)
    assert ads_of(first) == [("99A0D7C3", "99A0D7C3")]
    told = [row["error_message"] for row in read_rows(first.status_file) if row["native_pair_id"] == "1.23E+14"]
    assert (len(told), all(one.startswith("unclear pair: the pair ID 1.23E+14") for one in told)) == (4, True)
    session(workspace, [row for pair in pairs for row in pair])
    second = go(workspace, now=NOW + timedelta(hours=1))
    assert ads_of(second) == [("12345E10", "12345E10"), ("12349E10", "12349E10")]
    assert [one.found for one in verify(workspace)] == []


def test_names_too_long_for_an_ad_are_cut_and_review_run_and_verify_agree(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    """The files keep their names on the site and in every tracking file."""
    pair = native_pair(workspace.root / "uploaded", "99A0D7C3")
    for row, folder, end in zip(pair, ("Video", "Image"), (".mp4", ".png"), strict=True):
        whole = f"summer {'and winter ' * 8}{folder.lower()}{end}"
        (workspace.root / "uploaded/Native" / folder / row["new_filename"]).rename(
            workspace.root / "uploaded/Native" / folder / whole
        )
        row |= {"new_filename": whole, "unique_id": f"ID-{row['unique_id']}"}
    session(workspace, pair)
    told = [note for one in prepare(workspace).reviews for note in one.notes]
    assert told == ["its ad's name has 100 characters and is cut to 65, ID-99A0D7C3-VID at the end"]
    report = go(workspace)
    [ad] = read_rows(report.campaign_files[0])
    assert ad["Ad Name"] == "summer and winter and winter and winter and winte_ID-99A0D7C3-VID"
    assert f"the Ad Name of {pair[0]['new_filename']} is cut to 65 characters: {ad['Ad Name']}" in caplog.text
    assert {row["new_filename"] for row in read_rows(workspace.master) if row["tj_creative_id"]} == {
        row["new_filename"] for row in pair
    }
    assert [one.found for one in verify(workspace)] == []


def ads_of(report: UploadReport) -> list[tuple[str, str]]:
    """The IDs in the names of each native ad's video and thumbnail."""
    names = {one.creative_id: one.file.name.partition("_ID-")[2][:8] for one in report.outcomes}
    [path] = [path for path in report.campaign_files if path.name.endswith("_Native.csv")]
    return [(names[row["Video Creative ID"]], names[row["Thumbnail Creative ID"]]) for row in read_rows(path)]


def test_files_of_a_shared_pair_id_that_an_earlier_run_left_in_doubt_get_their_ids_and_no_ad(
    workspace: Workspace, truth: Truth
) -> None:
    pair, other = (native_pair(workspace.root / "uploaded", f"0000000{seed}", seed) for seed in range(2))
    session(workspace, [row | {"native_pair_id": "P"} for row in (*pair, *other)])
    files, journal = load_session(workspace).files, Journal(workspace.log)
    journal.begun(files, run="20251112_120000", now=NOW)
    sections = ("Native Rollover", "Native Static Banner")
    for file, section in zip((files[0], files[3]), sections, strict=True):
        journal.handed_over([file], section=file.section, run="20251112_120000", now=NOW)
        truth.add(section, file.name.rpartition(".")[0])
    report = go(workspace, now=NOW + timedelta(hours=1))
    assert (report.count(UploadStatus.SUCCESS), truth.received(), report.campaign_files) == (2, [], ())


def test_a_half_of_a_pair_is_gone_on_with_where_the_other_was_confirmed_and_not_yet_recorded(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(workspace, native_pair(workspace.root / "uploaded", "0A0A0A04"))

    def cut_off(_records: Records, settled: list[Settled], *_unknown: object) -> int:
        if settled:
            raise KeyboardInterrupt  # between the journal and the library
        return 0

    with monkeypatch.context() as cut:
        cut.setattr(Records, "record", cut_off)
        with pytest.raises(KeyboardInterrupt):
            go(workspace)
    unfinished = unfinished_run(workspace)
    assert unfinished
    assert unfinished.told == "1 confirmed, 0 under way, 1 not begun"
    rest = prepare_rest(workspace, unfinished, load_settings(workspace), now=lambda: NOW)
    assert [file.name for file in rest.plan.files] == ["IMG_EN_Travel_ID-0A0A0A04-IMG.png"]


def test_a_half_that_the_site_refused_is_gone_on_with_together_with_the_other(
    workspace: Workspace, truth: Truth
) -> None:
    pair = native_pair(workspace.root / "uploaded", "0A0A0A06")
    video, image = (row["new_filename"] for row in pair)
    session(workspace, pair)
    journal, files = Journal(workspace.log), load_session(workspace).files
    journal.begun(files, run="20251113_120000", now=NOW)
    refused = Settled(at=NOW, run="20251113_120000", file=files[0], status=UploadStatus.FAILED, message="Too dark.")
    journal.note(refused)
    unfinished = unfinished_run(workspace)
    assert unfinished
    assert unfinished.told == "0 confirmed, 1 without an ID, 0 under way, 1 not begun"
    rest = prepare_rest(workspace, unfinished, load_settings(workspace), now=lambda: NOW)
    assert ([file.name for file in rest.plan.files], rest.plan.not_chosen) == ([video, image], ())


def test_a_half_that_a_run_uploaded_before_it_was_cut_off_stays_its_upload(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the other half turns out to have been there before: the two are an ad of this run."""
    hand_over, handed = run.hand_over, list[object]()

    def cut_off_at_the_image(*told: Any) -> Any:
        handed.append(told)
        return hand_over(*told) if len(handed) == 1 else cut_off()

    session(workspace, native_pair(workspace.root / "uploaded", "0A0A0A04"))
    truth.add("Native Static Banner", "IMG_EN_Travel_ID-0A0A0A04-IMG", dimensions="640x360", file_type=".png")
    with monkeypatch.context() as cut:
        cut.setattr(run, "hand_over", cut_off_at_the_image)
        with pytest.raises(KeyboardInterrupt):
            go(workspace)
    report = resume(workspace, NOW + timedelta(days=1))
    told = [(one.creative_type.value, one.status.value) for one in read_run(workspace, report.status_file).files]
    assert told == [("native_video", "success"), ("native_image", "duplicate")]
    assert len(report.campaign_files) == 2


@IN_A_BROWSER
def test_a_long_upload_goes_on_in_a_new_tab_and_leaves_none_open(
    workspace: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "A_TAB", 1)
    session(workspace, native_pair(workspace.root / "uploaded", "0A0A0A05"))
    site = connect(workspace, load_settings(workspace), say=lambda _: None)
    seen: list[list[object]] = []
    report = go(workspace, open_site=lambda: site, progress=lambda _: seen.append(site._context.pages))
    assert [*ended(report).values()] == ["success", "success"]
    assert ({len(pages) for pages in seen}, len({id(pages[0]) for pages in seen})) == ({1}, 2)
