"""A sample of what `tests/crashes/kill.py` and `tests/crashes/crowd.py` do in full: kills, and eight at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from crashes.effects import AFTER, BEFORE, TORN, Kill
from crashes.jobs import PREPARE, REFRESH, TAKEOVER, UPLOAD, Job
from crashes.rounds import SITES, Place, Site

DROPPING, KEEPING = SITES[0], SITES[2]  # a name that the site holds: dropped in silence, or taken once more


@pytest.fixture(scope="module")
def place(chromium: str) -> Iterator[Place]:
    with Place() as place:
        yield place


@pytest.mark.parametrize(
    ("job", "site", "kill"),
    [
        (UPLOAD, KEEPING, Kill("hand over files", 2, AFTER)),
        (UPLOAD, DROPPING, Kill("hear taken", 3, AFTER)),
        (UPLOAD, DROPPING, Kill("write TJ_Creative_Library.csv", 1, AFTER)),
        (UPLOAD, KEEPING, Kill("replace creative_inventory.csv", 3, BEFORE)),
        (UPLOAD, KEEPING, Kill("write log.jsonl", 3, TORN)),
        (REFRESH, DROPPING, Kill("replace TJ_Creative_Library.csv", 1, BEFORE)),
        (REFRESH, DROPPING, Kill("commit cache", 2, BEFORE)),
        (TAKEOVER, DROPPING, Kill("replace fingerprints.csv", 1, BEFORE)),
        (PREPARE, DROPPING, Kill("replace plan.json", 1, AFTER)),
        (PREPARE, DROPPING, Kill("write log.jsonl", 1, TORN)),
        (PREPARE, DROPPING, Kill("replace EN_Sports_F_Real_SFW_Generic_Ana_ID-ID.png", 1, AFTER)),
        (PREPARE, DROPPING, Kill("replace creative_inventory_session.csv", 1, BEFORE)),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, Kill) else getattr(value, "name", ""),
)
def test_killed_at_an_effect_and_gone_on_with_nothing_is_lost_or_doubled(
    place: Place, job: Job, site: Site, kill: Kill
) -> None:
    played = place.play(job, site, kill)
    assert (played.hit, played.torn, played.wrong, played.outlived) == (True, (), (), 0), played.log


def test_eight_processes_at_once_lose_no_update(tmp_path: Path) -> None:
    crowd = Path(__file__).parents[1] / "crashes" / "crowd.py"
    report = tmp_path / "crowd.md"
    command = [sys.executable, crowd, "--rounds", "1", "--browser", "0", "--report", report]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "**0 lost updates**" in report.read_text("utf-8")


def test_a_mending_that_is_killed_loses_no_source_and_is_completed_by_the_next() -> None:
    mending = Path(__file__).parents[1] / "crashes" / "mending.py"
    command = [sys.executable, mending, "--every", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("kills, 0 wrong\n")
