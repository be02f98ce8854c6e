"""The log keeps every event once, whatever happens to its file: cut off, damaged, copied by a cloud, or long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tjtools.model.errors import NewerVersion, TrackingFileError
from tjtools.workspace import log as module
from tjtools.workspace.log import Entry, Log

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "tracking" / ".tjtools").mkdir(parents=True)
    return tmp_path / "tracking" / ".tjtools" / "log.jsonl"


def note(path: Path, *names: str, about: str | None = None, minutes: int = 0) -> None:
    Log(path).append(Entry("said", NOW + timedelta(minutes=minutes), {"name": name}, about) for name in names)


def names(path: Path) -> list[str]:
    return [entry.data["name"] for entry in Log(path).entries()]


def quarantined(path: Path) -> list[tuple[int, str]]:
    told = path.with_suffix(".quarantine.jsonl").read_text("utf-8").splitlines()
    return [(one["line"], one["text"]) for one in map(json.loads, told)]


def test_an_event_is_a_line_that_a_person_can_read(path: Path) -> None:
    note(path, "héé <b>.mp4")
    told = json.loads(path.read_text("utf-8"))
    assert len(told.pop("id")) == 16
    assert told == {"v": 1, "at": "2025-11-13T12:00:00Z", "kind": "said", "data": {"name": "héé <b>.mp4"}}
    assert "héé <b>.mp4" in path.read_text("utf-8")


def test_it_follows_what_another_process_notes_and_what_takes_its_place(path: Path) -> None:
    one, other = Log(path), Log(path)
    one.append([Entry("said", NOW, {"name": "a"})])
    assert other.entries() == one.entries()
    one.append([Entry("said", NOW, {"name": "b"})])
    assert [entry.data["name"] for entry in other.entries()] == ["a", "b"]
    path.write_text(path.read_text("utf-8").replace('"b"', '"another b"').replace('"id": "', '"id": "1'), "utf-8")
    assert [entry.data["name"] for entry in other.entries()] == ["a", "another b"]
    path.unlink()
    assert other.entries() == []


def test_a_name_that_is_no_text_is_refused_and_nothing_is_written(path: Path) -> None:
    with pytest.raises(TrackingFileError, match="can't be written as text"):
        note(path, "a", os.fsdecode(b"\xff"))
    assert not path.exists()


def test_a_torn_last_line_did_not_happen_and_the_next_event_keeps_it_aside(path: Path) -> None:
    note(path, "a", "b")
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert (names(path), Log(path).bad_lines) == (["a"], ())
    note(path, "c")
    assert (names(path), [line for line, _ in quarantined(path)]) == (["a", "c"], [2])


def test_a_last_line_that_only_lacks_its_end_is_an_event_once_more_is_noted(path: Path) -> None:
    note(path, "a", "b")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    note(path, "c")
    assert names(path) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "damaged",
    [
        "rubbish", "[]", '{"v": "1"}', '{"v": 1}', '{"v": 1, "id": 1, "at": "2025-11-13T12:00:00Z"}', "[" * 100_000,
        '{"v": 1, "id": "1", "at": "2025-11-13T12:00:00", "kind": "said", "data": {}}',
        '{"v": 1, "id": "1", "at": "2025-11-13T12:00:00Z", "kind": "snapshot", "data": {"lines": "3"}}',
    ],
)  # fmt: skip
def test_a_damaged_line_is_named_then_quarantined_with_its_number_and_the_rest_counts(path: Path, damaged: str) -> None:
    note(path, "a", "b")
    first, second = path.read_text("utf-8").splitlines()
    path.write_text(f"{first}\n{damaged}\n\n{second}\n", "utf-8")
    before = sorted(path.parent.iterdir())
    log = Log(path)
    assert ([entry.data["name"] for entry in log.entries()], [bad.line for bad in log.bad_lines]) == (["a", "b"], [2])
    assert sorted(path.parent.iterdir()) == before
    for name in "cd":
        note(path, name)
    assert (names(path), quarantined(path)) == (["a", "b", "c", "d"], [(2, damaged)])
    [backup] = (path.parent / "backups").iterdir()
    assert damaged in backup.read_text("utf-8")


def test_an_event_that_its_reader_refuses_is_a_bad_line_of_its_own(path: Path) -> None:
    note(path, "1", "x", "3")
    log = Log(path)
    assert list(log.told({"said": lambda entry: int(entry.data["name"])}).values()) == [1, 3]
    assert [(bad.line, bad.reason[:12]) for bad in log.bad_lines] == [(2, "said: invali")]
    log.append([Entry("said", NOW, {"name": "4"})])
    assert names(path) == ["1", "3", "4"]
    assert [line for line, _ in quarantined(path)] == [2]


@pytest.mark.parametrize("name", ["log.jsonl", "log-OFFICE-PC.jsonl"])
def test_what_a_newer_version_has_written_is_refused_and_left_alone(path: Path, name: str) -> None:
    note(path, "a")
    newer = path.read_text("utf-8").replace('"v": 1', '"v": 2').replace("data", "new form of data")
    path.with_name(name).write_text(newer, "utf-8")
    for work in (Log(path).entries, lambda: note(path, "b")):
        with pytest.raises(NewerVersion, match=rf"{name}:1: a newer tjtools has written this .* Update tjtools"):
            work()
    assert path.with_name(name).read_text("utf-8") == newer


@pytest.mark.parametrize("name", ["log (Ana's conflicted copy 2025-11-13).jsonl", "log-OFFICE-PC.jsonl", "log 2.jsonl"])
def test_a_conflict_copy_is_merged_by_time_each_event_once_and_moved_aside(path: Path, name: str) -> None:
    note(path, "both")
    elsewhere, copy = path.parent / "another machine" / "log.jsonl", path.with_name(name)
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(path.read_bytes())
    note(path, "ours", minutes=2)
    note(elsewhere, "theirs", minutes=1)
    theirs = elsewhere.read_bytes()
    copy.write_bytes(theirs)
    assert names(path) == ["both", "theirs", "ours"]
    assert copy.exists()  # looking writes nothing
    note(path, "later", minutes=3)
    assert names(path) == ["both", "theirs", "ours", "later"]
    assert not copy.exists()
    assert (path.parent / "backups" / name).read_bytes() == theirs


def test_a_long_log_is_folded_to_what_counts_with_a_backup(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL", 10)
    for number in range(6):
        note(path, f"plan {number}", about="plan")
        note(path, f"run {number}")
    note(path, "decision", about="a pair")
    copy, before = path.with_name("log-OFFICE-PC.jsonl"), path.read_bytes()
    Log(path).fold(NOW, lambda entries: entries[-2:])
    assert json.loads(path.read_text("utf-8").splitlines()[0])["data"]["lines"] == 4
    kept = ["run 4", "plan 5", "run 5", "decision"]
    assert [entry.data.get("name") for entry in Log(path).entries()][1:] == kept
    [backup] = (path.parent / "backups").iterdir()
    assert backup.read_bytes() == before
    folded = path.read_bytes()
    Log(path).fold(NOW, lambda _: ())
    assert path.read_bytes() == folded  # it has to grow again first
    copy.write_bytes(before)
    note(path, "later", minutes=1)
    assert [entry.data.get("name") for entry in Log(path).entries()][1:] == [*kept, "later"]  # folded away for good


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tjtools.workspace.log import Entry, Log
for number in range(20):
    Log(Path(sys.argv[1])).append([Entry("said", datetime.now(UTC), {"name": f"{sys.argv[2]} {number}"})])
"""


def test_several_processes_lose_no_event(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, name]) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted(names(path)) == sorted(f"{name} {number}" for name in "abc" for number in range(20))
    assert Log(path).bad_lines == ()
