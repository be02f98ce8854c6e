"""What can be made again is a help and no need: it is thrown away where it is odd, and done without where it is not."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tjtools.workspace import derived as module
from tjtools.workspace.derived import COVERAGE, LAST_SEEN, LOOKS, VARIABLE, Derived, cache_file, opened, remember
from tjtools.workspace.folder import Workspace


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def place(bare_workspace: Workspace) -> Derived:
    return Derived(bare_workspace)


def covered(place: Derived) -> dict[str, list[str]]:
    return place.load(COVERAGE, list)


def test_each_workspace_has_its_own_and_what_is_known_of_others_stays(place: Derived, tmp_path: Path) -> None:
    other = Derived(Workspace(tmp_path / "other"))
    assert covered(place) == {}
    assert not cache_file().exists()  # looking writes nothing
    place.keep(COVERAGE, {"Static Banner": ["1"], "Native Rollover": ["2"]})
    place.keep(COVERAGE, {"Static Banner": ["3"]})
    other.keep(COVERAGE, {"Static Banner": ["4"]})
    assert covered(place) == {"Static Banner": ["3"], "Native Rollover": ["2"]}
    assert covered(other) == {"Static Banner": ["4"]}
    shutil.rmtree(other.workspace.root)
    assert covered(other) == {}
    other.keep(COVERAGE, {"Native Rollover": ["5"]})
    assert covered(other) == {"Native Rollover": ["5"]}  # another workspace in its place
    assert place.keep_bytes(LOOKS, "ab", b"a jpg")
    assert (place.bytes_of(LOOKS, "ab"), other.bytes_of(LOOKS, "ab"), place.bytes_of(LOOKS, "cd")) == (
        b"a jpg",
        None,
        None,
    )


def test_values_and_bytes_are_kept_together(place: Derived) -> None:
    assert place.keep_together({COVERAGE: {"Static Banner": ["1"]}}, {(LOOKS, "ab"): b"a jpg"})
    assert (covered(place), place.bytes_of(LOOKS, "ab")) == ({"Static Banner": ["1"]}, b"a jpg")
    with closing(sqlite3.connect(cache_file())) as base:
        base.execute("CREATE TRIGGER full BEFORE INSERT ON kept WHEN NEW.key = 'b' BEGIN SELECT RAISE(ABORT, ''); END")
    assert not place.keep_together({COVERAGE: {"a": ["2"], "b": ["3"]}}, {(LOOKS, "cd"): b"another"})
    assert (covered(place), place.bytes_of(LOOKS, "cd")) == ({"Static Banner": ["1"]}, None)


def test_it_lies_in_the_users_cache_directory_readable_by_nobody_else(
    place: Derived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    place.keep(COVERAGE, {"Static Banner": ["1"]})
    assert covered(place) == {"Static Banner": ["1"]}
    if os.name == "posix":
        assert cache_file() == tmp_path / "home" / "tjtools" / "derived.sqlite3"
        assert cache_file().parent.stat().st_mode & 0o077 == 0


def _another_version() -> None:
    with closing(sqlite3.connect(cache_file())) as base:
        base.execute("PRAGMA user_version = 7")


def _another_table() -> None:
    with closing(sqlite3.connect(cache_file())) as base:
        base.execute("ALTER TABLE kept RENAME TO others")


def _no_json() -> None:
    with closing(sqlite3.connect(cache_file())) as base:
        base.execute("UPDATE kept SET value = '{'")
        base.commit()


def _torn(what: bytes, by: bytes) -> None:
    cache_file().write_bytes(cache_file().read_bytes().replace(what, by))


def _written_by_a_later_sqlite() -> None:
    data = cache_file().read_bytes()
    cache_file().write_bytes(data[:18] + b"\xff" + data[19:])


ODD = {
    "rubbish": lambda: cache_file().write_bytes(b"rubbish" * 1000),
    "cut": lambda: os.truncate(cache_file(), 5000),
    "empty": lambda: os.truncate(cache_file(), 0),
    "another version": _another_version,
    "another table": _another_table,
    "no JSON": _no_json,
    "a name that is no text": lambda: _torn(b"tablekept", b"tablek\xdbpt"),
    "a statement that is no text": lambda: _torn(b"CREATE TABLE kept (place", b"CREATE TABLE kept (pl\xdbce"),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_thrown_away_and_made_again(place: Derived, odd: str) -> None:
    place.keep(COVERAGE, {"Static Banner": ["1"]})
    ODD[odd]()
    assert covered(place) == {}
    place.keep(COVERAGE, {"Static Banner": ["2"]})
    assert covered(place) == {"Static Banner": ["2"]}


def test_what_says_that_it_cant_be_written_is_made_again(place: Derived) -> None:
    place.keep(COVERAGE, {"Static Banner": ["1"]})
    _written_by_a_later_sqlite()
    place.keep(COVERAGE, {"Static Banner": ["2"]})
    assert covered(place) == {"Static Banner": ["2"]}


def _locked_by_another() -> Iterator[None]:
    with closing(sqlite3.connect(cache_file())) as base:
        base.execute("BEGIN EXCLUSIVE")
        yield


def _a_folder_in_its_place() -> Iterator[None]:
    cache_file().unlink()
    cache_file().mkdir()
    yield


@pytest.mark.parametrize("hindered", [_locked_by_another, _a_folder_in_its_place])
def test_where_it_cant_be_used_the_work_goes_on_without(
    place: Derived, hindered: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    place.keep(COVERAGE, {"Static Banner": ["1"]})
    for _ in hindered():  # type: ignore[operator]
        assert covered(place) == {}
        place.keep(COVERAGE, {"Static Banner": ["2"]})
        assert not place.keep_bytes(LOOKS, "ab", b"a jpg")


def test_what_the_version_before_held_is_taken_over_once(place: Derived) -> None:
    old = place.workspace.private / "last_seen.json"
    old.parent.mkdir(exist_ok=True)
    old.write_text(json.dumps({"1": ["pending", "2025-11-13T12:00:00Z"], "2": ["approved", "…"]}), "utf-8")
    assert place.load(LAST_SEEN, tuple)["1"] == ("pending", "2025-11-13T12:00:00Z")
    place.keep(LAST_SEEN, {"1": ["approved", "2025-11-14T12:00:00Z"]})
    assert place.load(LAST_SEEN, lambda told: told[0]) == {"1": "approved", "2": "approved"}


def test_a_workspace_whose_name_is_no_text_is_worked_in_all_the_same(bare_workspace: Workspace, tmp_path: Path) -> None:
    remember(bare_workspace)
    odd = Workspace(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    (odd.root / "tracking").mkdir(parents=True)
    remember(odd)
    assert opened() == [str(bare_workspace.root)]


def test_a_place_of_which_the_disk_tells_nothing_is_not_among_the_opened(bare_workspace: Workspace) -> None:
    """As one to which another user's rights, or a share that is gone, bar the way."""
    remember(Workspace(bare_workspace.root / ("x" * 300)))
    remember(bare_workspace)
    assert opened() == [str(bare_workspace.root)]
