"""What must hold when a team has come to rest: nothing doubled, lost or mismatched, and all copies the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from team.server import Server
from world import Truth, read_rows

from tjtools.cache.history import COLUMNS as HISTORY
from tjtools.cache.inventory import master_ids
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.rows import fields_of
from tjtools.model.names import same_name
from tjtools.upload.journal import Journal
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log


def wrong(team: Sequence[Workspace], truth: Truth, server: Server, database: str) -> list[str]:
    """Everything that is not as it must be; each line begins with `doubled`, `lost`, `mismatched` or `unequal`."""
    found = [*_at_the_site(team, truth), *copies(team), *in_the_database(team[0], server, database)]
    for one in team:
        found += (f"{each} [{one.root.name}]" for each in (*_open(one), *_library(one, truth), *_own_files(one, truth)))
    return found


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(one: Workspace) -> dict[str, str]:
    """The names of a workspace's files, with their contents."""
    return {path.name: _sum(path) for path in (one.root / "uploaded").glob("*.png")}


def _at_the_site(team: Sequence[Workspace], truth: Truth) -> Iterator[str]:
    received = [one for one in truth.ask("received") if one["outcome"] != "refused"]
    for what in ("file_name", "sha256"):
        for key, times in Counter(one[what] for one in received).items():
            if times > 1:
                who = [(one["file_name"], one["outcome"], one["started_at"]) for one in received if one[what] == key]
                yield f"doubled: {times} hand-overs of one {what}: {who}"
    there = {one["sha256"] for one in received}
    for name, content in {item for one in team for item in _files(one).items()}:
        if content not in there:
            yield f"lost: the content of {name} is not on the site"


def copies(team: Sequence[Workspace]) -> Iterator[str]:
    """Where copies differ."""
    first = team[0]
    for one in team[1:]:
        for what, told in (("library", _rows), ("history", _history), ("master", master_ids), ("log", _shared)):
            here, there = told(first), told(one)
            if here != there:
                yield f"unequal: the {what} of {one.root.name} and of {first.root.name}: {_difference(here, there)}"


def _rows(one: Workspace) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in Library.load(one.library):
        found.setdefault(row.creative_id, []).append(fields_of(row))
    return found


def _history(one: Workspace) -> dict[str, list[tuple[str, ...]]]:
    """The observations of each creative, in their order."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in read_table(one.history, HISTORY).rows:
        found.setdefault(row["creative_id"], []).append(tuple(row[name] for name in HISTORY))
    return found


def _shared(one: Workspace) -> dict[tuple[str, str], object]:
    """The last word about each pair of contents, and the content of each creative."""
    told = (each for each in Log(one.log).entries() if each.kind in ("decided", "uploaded"))
    return {(each.kind, each.about or ""): each.data.get("decision", each.data.get("checksum")) for each in told}


def _difference(here: dict, there: dict) -> str:  # type: ignore[type-arg]
    keys = [key for key in {**here, **there} if here.get(key) != there.get(key)]
    return f"{len(keys)} differ: {[(key, here.get(key), there.get(key)) for key in keys[:3]]}"


def in_the_database(one: Workspace, server: Server, database: str) -> Iterator[str]:
    """Where the database tells another library than a copy, and claims that are not settled."""
    for claim in server.ask(database, "SELECT name, display, holder FROM tjtools.claims WHERE settled IS NULL"):
        yield f"lost: nobody has settled the claim {claim}"
    theirs = {
        key: [tuple(row) for row in rows]
        for key, rows in server.ask(database, "SELECT creative_id, rows FROM tjtools.creatives")
    }
    if theirs != (ours := _rows(one)):
        yield f"unequal: the team's database and {one.root.name}: {_difference(theirs, ours)}"


def _open(one: Workspace) -> Iterator[str]:
    journal = Journal(one.log)
    if still := (journal.unfinished() or journal.unrecorded() or journal.in_doubt()):
        yield f"lost: something is open still in the log: {still}"
    if bad := [*Log(one.log).bad_lines, *read_table(one.library, COLUMNS).bad, *read_table(one.history, HISTORY).bad]:
        yield f"lost: bad lines: {bad}"


def _library(one: Workspace, truth: Truth) -> Iterator[str]:
    site, rows = truth.creatives(), _rows(one)
    yield from (f"lost: {key} is not in the library" for key in site.keys() - rows.keys())
    yield from (f"mismatched: {key} is not on the site" for key in rows.keys() - site.keys())
    last = {key: told[-1][4] for key, told in _history(one).items()}
    for key, told in rows.items():
        if len(told) > 1:
            yield f"doubled: {len(told)} rows of {key}"
        row, shown = dict(zip(COLUMNS, told[0], strict=True)), site.get(key)
        if shown and not same_name(row["filename"], shown["name"]):
            yield f"mismatched: {key} is {row['filename']} in the library, and {shown['name']} on the site"
        if shown and row["review_status"] != shown["review_status"]:
            yield f"lost: {key} is {row['review_status']} in the library, and {shown['review_status']} on the site"
        if last.get(key) != row["review_status"]:
            yield f"lost: the history knows {key} as {last.get(key)}, the library as {row['review_status']}"
    for key, told in _history(one).items():
        statuses = [row[4] for row in told]
        if any(a == b for a, b in pairwise(statuses)):
            yield f"doubled: the history of {key}: {told}"


def _own_files(one: Workspace, truth: Truth) -> Iterator[str]:
    site = truth.creatives()
    ids = {name: key for (_, name), key in master_ids(one).items()}
    contents = _files(one)
    named = {each["file_name"]: key for key, each in site.items() if each["file_name"]}
    for name, content in contents.items():
        if name in named and ids.get(name) != named[name]:
            yield f"lost: the master says {ids.get(name)} of {name}, the site {named[name]}"
        if name in ids and site[ids[name]]["sha256"] != content:
            yield f"mismatched: the master says {ids[name]} of {name}, which has another content"
    for path in one.upload_logs.glob("upload_status_*.csv"):
        for row in read_rows(path):
            key, name = row["tj_creative_id"], row["file_name"]
            if key and row["status"] in ("success", "duplicate") and site[key]["sha256"] != contents.get(name):
                yield f"mismatched: {path.name} says {key} of {name}, which has another content"
