"""The demo, as a new user runs it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from world import tjtools

from tjtools.model.errors import WorkspaceError
from tjtools.practice.workspace import fresh_folder


def test_the_demo_does_the_main_job(tmp_path: Path, chromium: str) -> None:
    done = tjtools("demo", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Counter(one["verdict"] for one in told["review"]) == {
        "new": 21,
        "near duplicate": 2,
        "already there": 2,
        "invalid": 2,
        "half of a native pair": 1,
    }
    assert Counter(one["status"] for one in told["files"]) == {"success": 22, "skipped": 6}  # a copy of a rejected one
    assert told["ids_confirmed_by_checksum"] == 22
    assert Counter(one["status"] for one in told["again"]) == {"skipped": 28}
    assert sum(bool(one["creative_id"]) for one in told["again"]) == 24
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tjtools-demo"]


def test_the_demo_clears_its_own_folder_and_no_other(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "precious.csv").write_text("1,2\n", "utf-8")
    with pytest.raises(WorkspaceError, match="did not make"):
        fresh_folder(mine)
    assert (mine / "precious.csv").exists()
    fresh_folder(tmp_path / "demo")
    (tmp_path / "demo" / "tracking" / "old.csv").touch()
    fresh_folder(tmp_path / "demo")
    assert list((tmp_path / "demo" / "tracking").iterdir()) == []
