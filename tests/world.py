"""What the tests act on and look at: the sandbox's truth, sessions of files, readings, and the command."""

from __future__ import annotations

import atexit
import csv
import hashlib
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tjtools.cache.history import History, Source
from tjtools.cache.inventory import COLUMNS
from tjtools.cache.library import Library
from tjtools.cache.snapshots import newest_snapshot
from tjtools.cli import main
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.practice import samples
from tjtools.practice.workspace import ask_sandbox
from tjtools.scrape.connection import connect
from tjtools.scrape.reading import Certificate, SiteReading
from tjtools.scrape.refresh import Update, plan_update
from tjtools.site import Site
from tjtools.upload import (
    FileProgress,
    UploadReport,
    make_plan,
    prepare,
    upload,
)
from tjtools.workspace.derived import VARIABLE
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

if VARIABLE not in os.environ:  # what can be made again never goes into the home of whoever tests; children inherit it
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="tjtools-cache-")
    atexit.register(shutil.rmtree, os.environ[VARIABLE], ignore_errors=True)

TYPES = {section.value: section.creative_type.value for section in Section}
NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
UPLOADED = (
    '{"v": 1, "id": "0f0f", "at": "2025-11-13T12:00:00Z", "kind": "uploaded", "about": "1032530571", "data": {'
    '"creative_id": "1032530571", "filename": "a.mp4", "creative_type": "native_video", "bytes": 1200, '
    '"container": "mp4", "width": 640, "height": 360, "seconds": 4.0, "codec": "h264", "turned": 0, "frames": 100, '
    f'"trouble": "", "checksum": "{"ab" * 32}", "looks": "- {" ".join(["0123456789abcdef"] * 4)}", "method": "1"}}}}\n'
)


@cache
def drawn(suffix: str, width: int, height: int, title: str, seed: int = 0, **more: float) -> bytes:
    """What a sample file of the kind holds, drawn once: that takes as long as a test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        if suffix == ".mp4":
            samples.write_video(path, width=width, height=height, title=title, seed=seed, **more)
        else:
            samples.write_image(path, width=width, height=height, title=title, seed=seed, **more)
        return path.read_bytes()


def banner(folder: Path, name: str, seed: int = 0) -> dict[str, str]:
    """A static banner on disk, and its row in the inventory; each seed has its own content."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(drawn(".png", 300, 250, "Sports", seed))
    return {"unique_id": f"{seed:08X}", "new_filename": name, "creative_type": "image", "category": "Sports"}


def native_pair(uploaded: Path, pair: str, seed: int = 0) -> list[dict[str, str]]:
    names = f"VID_EN_Travel_4sec_ID-{pair}-VID.mp4", f"IMG_EN_Travel_ID-{pair}-IMG.png"
    (uploaded / "Native/Video" / names[0]).write_bytes(drawn(".mp4", 640, 360, "x", seed, seconds=4))
    (uploaded / "Native/Image" / names[1]).write_bytes(drawn(".png", 640, 360, "x", seed))
    return [
        {
            "unique_id": f"{pair}-{half}",
            "new_filename": name,
            "creative_type": kind,
            "category": "Travel",
            "native_pair_id": pair,
        }
        for half, name, kind in zip(("VID", "IMG"), names, ("native_video", "native_image"), strict=True)
    ]


def session(workspace: Workspace, rows: list[dict[str, str]]) -> None:
    write_inventory(workspace.session, rows)
    write_inventory(workspace.master, rows)


def rejected_before(workspace: Workspace, path: Path, creative_id: str = "1032530511") -> None:
    """The content of this file was uploaded from here as a creative that was rejected, and is gone from the site."""
    store = Fingerprints.load(workspace)
    seen = look_at([path], store)[path]
    assert seen is not None
    store.keep_uploads([Upload(creative_id, "old.png", CreativeType.IMAGE, seen)], now=NOW)
    gone = Creative(creative_id, "old.png", None, "300x250", "png", CreativeType.IMAGE, ReviewStatus.REJECTED)
    Library.load(workspace.library).add([gone])
    waiting = gone._replace(review_status=ReviewStatus.PENDING)
    History.of(workspace).record([waiting], source=Source.UPLOAD, now=NOW - timedelta(hours=9))
    History.of(workspace).record([gone], source=Source.SYNC, now=NOW)
    workspace.library.write_text(workspace.library.read_text("utf-8").replace("rejected", "removed"), "utf-8")


def go(
    workspace: Workspace,
    *,
    live: bool = True,
    force: bool = False,
    limit: int | None = None,
    now: datetime = NOW,
    progress: Callable[[FileProgress], None] | None = None,
    open_site: Callable[[], Site] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> UploadReport:
    settings = load_settings(workspace)
    prepared = prepare(workspace, force=force)
    plan = make_plan(prepared.reviews, limit=limit)

    def connected() -> Site:
        return connect(workspace, settings, say=lambda _: None, cancelled=cancelled)

    return upload(
        plan, workspace, prepared.library, settings, open_site or connected,
        now=lambda: now, live=live, force=force, progress=progress,
    )  # fmt: skip


def library_ids(workspace: Workspace) -> dict[str, str]:
    return {row["filename"]: row["creative_id"] for row in read_rows(workspace.library)}


def content_of(workspace: Workspace, path: Path) -> str:
    """The checksum by which the workspace knows what the file holds."""
    seen = look_at([path], Fingerprints.load(workspace))[path]
    assert seen
    return seen.checksum


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def expected(one: dict[str, Any], **known: str) -> dict[str, str]:
    """A creative of the sandbox as its row in the cache."""
    row = {
        "creative_id": one["creative_id"],
        "filename": one["name"],
        "upload_date": "",
        "dimensions": one["dimensions"] or "",
        "file_type": (one["file_type"] or "").removeprefix(".").replace("jpeg", "jpg"),
        "creative_type": TYPES[one["section"]],
        "review_status": one["review_status"],
    }
    return row | known


def by_id(path: Path) -> dict[str, dict[str, str]]:
    rows = read_rows(path)
    found = {row["creative_id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def files(workspace: Workspace) -> dict[Path, bytes]:
    ours = (path for path in workspace.tracking.rglob("*") if path.is_file() and path.parent.name != "locks")
    return {path: path.read_bytes() for path in ours}


def of_section(truth: Truth, section: str) -> list[dict[str, Any]]:
    return [one for one in truth.creatives().values() if one["section"] == section]


def expire(truth: Truth) -> None:
    truth.ask("sessions", "DELETE")


def signed_in(truth: Truth) -> dict[str, object]:
    """The cookie of somebody who has just signed in, as a browser keeps it."""
    session = truth.ask("session", "POST")
    cookie = {"name": session["cookie"], "value": session["value"], "domain": "127.0.0.1", "path": "/"}
    return cookie | {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}


def reading(*creatives: Creative, unread: tuple[Section, ...] = ()) -> SiteReading:
    verdicts = [(section, "not applied: not finished" if section in unread else "complete") for section in Section]
    return SiteReading(creatives, tuple(Certificate(section, verdict=verdict) for section, verdict in verdicts))


def image(creative_id: str, name: str, status: ReviewStatus | None = ReviewStatus.PENDING) -> Creative:
    return Creative(creative_id, name, None, "300x250", "png", CreativeType.IMAGE, status)


def plan(workspace: Workspace, site: SiteReading, *, full: bool = True) -> Update:
    library = Library.load(workspace.library)
    source = Source.REFRESH if full else Source.SYNC
    return plan_update(workspace, library, site, source, at=NOW, snapshot=newest_snapshot(workspace))


def tjtools(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command here, which takes a tenth of what a process of its own takes."""
    shown = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    log = logging.getLogger("tjtools")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown[0]), redirect_stderr(shown[1]), chdir(cwd):
        for name, value in environment.items():
            patch.setenv(name, value)
        for name in ("handlers", "level", "propagate"):
            patch.setattr(log, name, getattr(log, name))
        patch.setattr(sys, "argv", ["tjtools", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    told, complaint = (one.buffer.getvalue().decode() for one in shown)  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(["tjtools", *arguments], code, told, complaint)


# on which site a test runs that connects; where it says nothing, on the fake
IN_A_BROWSER = pytest.mark.parametrize("site_kind", ["real_site"], indirect=True)
IN_ITS_OWN_BROWSER = pytest.mark.parametrize("site_kind", ["chromium"], indirect=True)
ON_BOTH = pytest.mark.parametrize("site_kind", ["fake_site", "real_site"], indirect=True)


class Truth:
    """The sandbox as its control endpoints show it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def ask(self, what: str, method: str = "GET", body: object = None) -> Any:
        return ask_sandbox(self.origin, what, method=method, body=body)

    def creatives(self) -> dict[str, dict[str, Any]]:
        return {one["creative_id"]: one for one in self.ask("creatives")}

    def named(self, name: str) -> list[str]:
        return [one["creative_id"] for one in self.ask("creatives") if one["name"] == name]

    def add(self, section: str, name: str, **more: str) -> str:
        return str(self.ask("creatives", "POST", {"section": section, "name": name, **more})["creative_id"])

    def received(self) -> list[str]:
        return [one["file_name"] for one in self.ask("received")]

    def settings(self, **values: object) -> None:
        self.ask("settings", "PUT", values)

    def faults(self, *told: str) -> None:
        self.ask("faults", "PUT", told)

    def script(self, script: dict[str, object]) -> None:
        self.ask("script", "PUT", script)


def write_inventory(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """An inventory with the columns that the rows need, and the others empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
