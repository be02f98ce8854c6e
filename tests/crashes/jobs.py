"""The works that are ended in the middle, an upload, a refresh, a takeover, a preparation, and what must hold after."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.cache.history import COLUMNS as HISTORY
from tjtools.cache.inventory import NEEDED_COLUMNS
from tjtools.cache.rows import COLUMNS as LIBRARY
from tjtools.cache.snapshots import read_snapshot
from tjtools.model.errors import TJToolsError
from tjtools.model.names import same_name
from tjtools.practice import samples
from tjtools.upload import unfinished_run
from tjtools.upload.journal import Journal
from tjtools.upload.run_files import STATUS_COLUMNS
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

TYPES = {
    "Static Banner": "image",
    "Video Banners": "video_banner",
    "In-Stream Video": "video",
    "Native Static Banner": "native_image",
    "Native Rollover": "native_video",
}
TORN = "its end is missing"  # what the log says of a line that a kill tore: it is kept there
BROKEN = "1032599999,a line that somebody broke"  # it goes into the quarantine with the first rewrite
OLD = Path(__file__).parents[1] / "fixtures" / "workspace-0.1" / "tracking" / ".tjtools"
WHEN = datetime(2025, 11, 13, 12, tzinfo=UTC)
EXPECTED = Counter(
    begun=2, handed_over=2, settled=2, recorded=3, ended=1, uploaded=2, planned=1, acknowledged=2, decided=4
)  # what 0.1 left, one decision of the conflict copy, and the one that is made
Ask = Callable[..., Any]  # the sandbox's control endpoints: what, method, body


class Job(NamedTuple):
    """A work: the command, the change before it, how it is gone on with, and what is wrong afterwards.

    `ROOT` in a command is the workspace's folder.
    """

    name: str
    command: tuple[str, ...]
    begin: Callable[[Workspace, Ask], None]
    again: Callable[[Workspace], tuple[str, ...]]
    wrong: Callable[[Workspace, Ask], Iterator[str]]


def draw_media(folder: Path) -> list[dict[str, str]]:
    """Two native pairs and two banners, three batches, and their rows in the inventories."""
    rows = []
    for part in ("Native/Video", "Native/Image"):
        (folder / part).mkdir(parents=True)
    for seed, pair in enumerate(("0A0A0A01", "0A0A0A02")):
        video, image = f"VID_EN_Travel_4sec_ID-{pair}-VID.mp4", f"IMG_EN_Travel_ID-{pair}-IMG.png"
        samples.write_video(folder / "Native/Video" / video, width=640, height=360, seconds=4, title=pair, seed=seed)
        samples.write_image(folder / "Native/Image" / image, width=640, height=360, title=pair, seed=seed)
        rows += [_row(video, "native_video", f"{pair}-VID", pair), _row(image, "native_image", f"{pair}-IMG", pair)]
    for seed in (2, 3):
        name = f"EN_Sports_ID-0B0B0B0{seed}.png"
        samples.write_image(folder / name, width=300, height=250, title=name, seed=seed)
        rows.append(_row(name, "image", f"0B0B0B0{seed}", ""))
    return rows


def _row(name: str, kind: str, unique: str, pair: str) -> dict[str, str]:
    row = {"new_filename": name, "creative_type": kind, "unique_id": unique, "native_pair_id": pair}
    return row | {"category": "Sports"}


def unreadable(workspace: Workspace, ask: Ask) -> Iterator[str]:
    """What of the tracking files can't be read, or says what isn't so, at whatever moment a work was ended."""
    truth = _names(workspace, ask)
    tables = [(workspace.library, LIBRARY), (workspace.master, NEEDED_COLUMNS), (workspace.history, HISTORY)]
    for path, columns in [*tables, *((path, STATUS_COLUMNS) for path in _status_files(workspace))]:
        try:
            table = read_table(path, columns)
        except TJToolsError as error:
            yield f"unreadable: {error}"
            continue
        yield from (f"torn: {path.name}:{bad.line}: {bad.text}" for bad in table.bad if bad.text != BROKEN)
        for row in table.rows if path != workspace.history else ():  # there, a name is as it was
            creative_id = row.get("tj_creative_id", row.get("creative_id", ""))
            name = row.get("new_filename") or row.get("file_name") or row.get("filename", "")
            if creative_id in truth and not any(same_name(name, other) for other in truth[creative_id]):
                yield f"mismatched: {path.name} says {creative_id} of {name}, the site {truth[creative_id]}"
    try:
        Log(workspace.log).entries()
        for path in workspace.snapshots.glob("*.csv"):
            read_snapshot(path)
        for path in workspace.private.rglob("*.json"):
            json.loads(path.read_text("utf-8"))
    except (TJToolsError, ValueError) as error:
        yield f"unreadable: {path}: {error}"


def _names(workspace: Workspace, ask: Ask) -> dict[str, set[str]]:
    """The name of each creative on the site, and the one that it had before the work began."""
    names = {one["creative_id"]: {one["name"]} for one in ask("creatives")}
    for row in _rows(min(workspace.snapshots.glob("*.csv"))):
        names.setdefault(row["creative_id"], set()).add(row["filename"])
    return names


def _status_files(workspace: Workspace) -> list[Path]:
    return sorted(workspace.upload_logs.glob("upload_status_*.csv"))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _library_wrong(workspace: Workspace, ask: Ask, gone: set[str]) -> Iterator[str]:
    truth = {one["creative_id"]: one for one in ask("creatives")}
    rows = read_table(workspace.library, LIBRARY).rows
    for creative_id, count in Counter(row["creative_id"] for row in rows).items():
        if count > 1:
            yield f"doubled: {count} rows of {creative_id} in the library"
    there = {row["creative_id"]: row for row in rows}
    yield from (f"lost: {creative_id} is not in the library" for creative_id in truth.keys() - there.keys())
    yield from (f"mismatched: {creative_id} is not on the site" for creative_id in there.keys() - truth.keys() - gone)
    for creative_id, one in truth.items():
        shown = {
            "creative_type": TYPES[one["section"]],
            "review_status": one["review_status"],
            "file_type": (one["file_type"] or "").removeprefix(".").replace("jpeg", "jpg"),
        }
        row = there.get(creative_id, {})
        if row and not (same_name(row["filename"], one["name"]) and shown.items() <= row.items() | _own(row, one)):
            yield f"mismatched: the library says {row}, the site {one}"


def _own(row: dict[str, str], one: dict[str, Any]) -> set[tuple[str, str]]:
    """What the file itself told where the card shows nothing."""
    return {("file_type", "")} if one["file_type"] is None and row["file_type"] else set()


def _history_wrong(workspace: Workspace) -> Iterator[str]:
    last: dict[str, str] = {}
    for row in read_table(workspace.history, HISTORY).rows:
        if last.get(row["creative_id"], "") != row["from_status"] or row["from_status"] == row["to_status"]:
            yield f"doubled: the history says {row['from_status']} → {row['to_status']} of {row['creative_id']}"
        last[row["creative_id"]] = row["to_status"]
    for row in read_table(workspace.library, LIBRARY).rows:
        if last.get(row["creative_id"], "") != row["review_status"]:
            yield f"lost: the history knows {row['creative_id']} as {last.get(row['creative_id'])}"


def upload_again(workspace: Workspace) -> tuple[str, ...]:
    """What a person does after a crash: go on with the run, or begin it where none was begun or none was left."""
    return ("upload", "--resume") if unfinished_run(workspace) else ("upload", "--session", "--live")


def upload_wrong(workspace: Workspace, ask: Ask) -> Iterator[str]:
    """What of the files that went up is lost, doubled or mismatched, anywhere."""
    truth, received = ask("creatives"), ask("received")
    files, became, arrived = _rows(workspace.session), dict[str, str](), dict[str, list[str]]()
    for one in sorted(received, key=lambda one: one["started_at"]):
        arrived.setdefault(one["file_name"], []).append(one["outcome"])
    for file in files:
        name = file["new_filename"]
        ours = [one["creative_id"] for one in truth if one["file_name"] == name]
        became[name] = ours[0] if ours else ""
        if len(ours) != 1:
            yield f"{'doubled' if ours else 'lost'}: the site has {len(ours)} of {name}"
        if arrived.get(name, []) not in ([], ["accepted"]):
            yield f"doubled: {name} arrived as {arrived[name]}"
    yield from _library_wrong(workspace, ask, set())
    yield from _history_wrong(workspace)
    yield from _master_wrong(workspace, became)
    yield from _status_wrong(workspace, became)
    yield from _campaigns_wrong(workspace, files, became)
    yield from _checksums_wrong(workspace, truth, became)
    journal = Journal(workspace.log)
    if still := (journal.unfinished() or journal.unrecorded() or journal.in_doubt()):
        yield f"lost: in the log, something is open still: {still}"


def _master_wrong(workspace: Workspace, became: dict[str, str]) -> Iterator[str]:
    rows = _rows(workspace.master)
    if Counter(row["new_filename"] for row in rows) != Counter(became.keys()):
        yield f"doubled: the master has {len(rows)} rows of {len(became)} files"
    for row in rows:
        told = row.get("tj_creative_id", ""), bool(row.get("tj_upload_date"))
        if told != (became.get(row["new_filename"]), True):
            yield f"mismatched: the master says {told} of {row['new_filename']}"


def _status_wrong(workspace: Workspace, became: dict[str, str]) -> Iterator[str]:
    rows = [row for path in _status_files(workspace) for row in _rows(path)]
    for name, creative_id in became.items():
        told = [(row["status"], row["tj_creative_id"]) for row in rows if row["file_name"] == name]
        final = [one for one in told if one[0] in ("success", "duplicate", "failed")]
        if final != [("success", creative_id)]:
            yield f"{'doubled' if len(final) > 1 else 'lost'}: the status CSV says {told} of {name}, {creative_id}"


def _campaigns_wrong(workspace: Workspace, files: list[dict[str, str]], became: dict[str, str]) -> Iterator[str]:
    pairs: dict[str, dict[str, str]] = {}
    for file in files:
        if file["native_pair_id"]:
            pairs.setdefault(file["native_pair_id"], {})[file["creative_type"]] = became[file["new_filename"]]
    wanted = sorted((one["native_video"], one["native_image"]) for one in pairs.values())
    ads = [row for path in workspace.campaigns.glob("Batch*_Native.csv") for row in _rows(path)]
    told = sorted((row["Video Creative ID"], row["Thumbnail Creative ID"]) for row in ads)
    if told != wanted:
        yield f"{'doubled' if len(told) > len(wanted) else 'lost'}: the campaign CSVs say {told}, not {wanted}"


def _checksums_wrong(workspace: Workspace, truth: list[dict[str, Any]], became: dict[str, str]) -> Iterator[str]:
    content = {one["creative_id"]: one["sha256"] for one in truth}
    for path in (workspace.root / "uploaded").rglob("*.*"):
        if content.get(became[path.name]) != hashlib.sha256(path.read_bytes()).hexdigest():
            yield f"mismatched: {became[path.name]} is not the content of {path.name}"


def change_site(workspace: Workspace, ask: Ask) -> None:
    """Others have worked on the site: new, reviewed, renamed and removed creatives; and somebody broke a line here."""
    held = ask("creatives")
    for one, status in zip(held[:3], ("rejected", "approved", "pending"), strict=True):
        ask(f"creatives/{one['creative_id']}", "PATCH", {"review_status": status})
    ask(f"creatives/{held[3]['creative_id']}", "PATCH", {"name": "renamed by somebody"})
    ask(f"creatives/{held[4]['creative_id']}", "DELETE")
    for section in ("Static Banner", "Native Rollover"):
        ask("creatives", "POST", {"section": section, "name": f"new in {section}"})
    with workspace.library.open("a", encoding="utf-8") as file:
        file.write(f"{BROKEN}\n")


def refresh_wrong(workspace: Workspace, ask: Ask) -> Iterator[str]:
    """What of the site the library doesn't say, or says wrongly."""
    table = read_table(workspace.library, LIBRARY)
    gone = {row["creative_id"] for row in table.rows if row["review_status"] == "removed"}
    if len(gone) != 1:
        yield f"lost: {len(gone)} creatives are marked removed, not one"
    yield from _library_wrong(workspace, ask, gone)
    yield from _history_wrong(workspace)
    if table.bad:
        yield f"doubled: bad lines are in the library still: {table.bad}"
    quarantined = [row["text"] for row in _rows(workspace.library.with_suffix(".quarantine.csv"))]
    if quarantined != [BROKEN]:
        yield f"{'doubled' if quarantined else 'lost'}: the quarantine has {quarantined}"
    first, *later = (path.read_bytes() for path in sorted(workspace.snapshots.glob("*.csv")))
    if not later or any(one not in (first, workspace.library.read_bytes()) for one in later):
        yield "lost: a snapshot is not a library as a refresh left it"
    with closing(sqlite3.connect(workspace.root / "cache" / "derived.sqlite3")) as cache:
        covered = cache.execute("SELECT value FROM kept WHERE kind = 'coverage'").fetchall()
    if {key for (keys,) in covered for key in json.loads(keys)} != {one["creative_id"] for one in ask("creatives")}:
        yield "lost: the coverage is not what the site lists"


def leave_old_files(workspace: Workspace, _ask: Ask) -> None:
    """What 0.1 kept lies there, in the middle of a run, beside a log with a damaged line and a conflict copy of it."""
    pair = {"checksum": "1", "other_checksum": "2", "decision": "skip"}
    word = {"until": "2025-11-13T12:00:00Z", "rows": 3}
    Log(workspace.log).append([Entry("acknowledged", WHEN, word, "")])
    copy = workspace.log.with_name("log-OFFICE-PC.jsonl")
    copy.write_bytes(workspace.log.read_bytes() + Entry("decided", WHEN, pair, "1 2").written().raw + b"\n")
    with workspace.log.open("a", encoding="utf-8") as file:
        file.write(f"{BROKEN}\n")
    for path in old_files():
        shutil.copy(path, workspace.private)


def old_files() -> list[Path]:
    """What 0.1 kept in files of its own."""
    return [path for path in OLD.iterdir() if path.is_file()]


def takeover_wrong(workspace: Workspace, _ask: Ask) -> Iterator[str]:
    """What of all that, or of the decision that was noted after it, the log does not tell, or tells twice."""
    log, kept = Log(workspace.log), workspace.private / "backups"
    there = Counter(kind for kind, _ in {(one.kind, one.about or one.id) for one in log.entries()})
    if there != EXPECTED or log.bad_lines:
        yield f"{'doubled' if there > EXPECTED else 'lost'}: the log tells {there}, and {log.bad_lines}"
    gone = {"log-OFFICE-PC.jsonl", *(one.name for one in old_files())}
    left = gone & {path.name for path in workspace.private.iterdir()}
    yield from (f"doubled: {name} is there still" for name in left)
    for path in old_files():
        if (kept / "before-log" / path.name).read_bytes() != path.read_bytes():
            yield f"lost: {path.name}"
    quarantined = workspace.log.with_suffix(".quarantine.jsonl").read_text("utf-8").splitlines()
    told = [bad["text"] for bad in map(json.loads, quarantined) if bad["reason"] != TORN]
    if told != [BROKEN]:
        yield f"{'doubled' if quarantined else 'lost'}: the log's quarantine has {quarantined}"


def bring_delivery(workspace: Workspace, _ask: Ask) -> None:
    """A creator's folder: one picture is called as another in another folder, and one is too large."""
    for seed, (name, width) in enumerate((("Sports/a b.png", 300), ("Gaming/a b.png", 300), ("Gaming/big.png", 600))):
        path = workspace.root / "delivery" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples.write_image(path, width=width, height=width * 5 // 6, title=name, seed=seed + 20)
    defaults = "folder_path,model_sex,style,creator_name,language,content_type\n,F,Real,Ana,EN,SFW\n"
    workspace.defaults.write_text(defaults, "utf-8")


def prepare_wrong(workspace: Workspace, _ask: Ask) -> Iterator[str]:
    """What of the delivery is not in the session, or twice, and what lies there that belongs to nothing."""
    rows = {path: _rows(path) for path in (workspace.session, workspace.master)}
    delivered = {str(path): path.stat().st_size for path in (workspace.root / "delivery").rglob("*.png")}
    for path, told in rows.items():
        count = Counter(row["source_path"] for row in told if row["source_path"])
        if count != Counter(delivered.keys()):
            yield f"{'doubled' if count > Counter(delivered.keys()) else 'lost'}: {path.name} has {count}"
    named = {row["new_filename"]: row for row in rows[workspace.session]}
    there = {path.name: path for path in (workspace.root / "uploaded").rglob("*") if path.is_file()}
    if lost := named.keys() - there.keys():
        yield f"lost: {lost}"
    if doubled := {name for name in there.keys() - named.keys() if not name.startswith("ORG_")}:
        yield f"doubled: {doubled} are of no row"
    kept = [path.stat().st_size for name, path in there.items() if name.startswith("ORG_")]
    if kept != [size for path, size in delivered.items() if path.endswith("big.png")]:
        yield f"lost: the sources that are kept are {kept}"
    for name, row in named.items():
        if row["source_path"].endswith("a b.png") and there[name].read_bytes() != Path(row["source_path"]).read_bytes():
            yield f"mismatched: {name} is not {row['source_path']}"
    events = [one for one in Log(workspace.log).entries() if one.kind == "prepared"]
    if len(events) != 1 or (workspace.root / "uploaded" / ".preparing").exists():
        yield f"doubled: {len(events)} preparations, {[*(workspace.root / 'uploaded').glob('.preparing/*')]}"


BANNERS = ("ROOT/uploaded/EN_Sports_ID-0B0B0B02.png", "ROOT/uploaded/EN_Sports_ID-0B0B0B03.png")
UPLOAD = Job("upload", ("upload", "--session", "--live"), lambda _place, _ask: None, upload_again, upload_wrong)
REFRESH = Job("refresh", ("refresh-library", "--yes"), change_site, lambda _place: REFRESH.command, refresh_wrong)
TAKEOVER = Job(
    "takeover", ("decide", *BANNERS, "skip"), leave_old_files, lambda _place: TAKEOVER.command, takeover_wrong
)
PREPARE = Job(
    "prepare",
    ("prepare", "ROOT/delivery", "--no-input", "--crop", "centre"),
    bring_delivery,
    lambda _place: PREPARE.command,
    prepare_wrong,
)
JOBS = (UPLOAD, REFRESH, TAKEOVER, PREPARE)
