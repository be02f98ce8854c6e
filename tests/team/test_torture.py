"""A short form of `tests/team/torture.py`: while everything breaks, nothing is doubled, lost, mismatched or unequal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from team.server import Server
from team.torture_team import Torture
from world import Truth


@pytest.fixture
def torture(tmp_path: Path, server: Server, database: str, truth: Truth) -> Iterator[Torture]:
    with Torture(tmp_path, server, database, truth.origin, people=3) as torture:
        yield torture


def test_a_team_whose_processes_lines_and_server_break_loses_and_doubles_nothing_and_has_equal_copies(
    torture: Torture,
) -> None:
    assert torture.round("kills", "backends", "server", "lines").wrong == ()
    assert torture.round().wrong == ()


def test_who_sleeps_between_the_last_look_and_the_hand_over_hands_nothing_over(torture: Torture) -> None:
    slept = torture.sleep("noted")
    assert (slept.handed, slept.wrong) == (1, ())
    assert "nothing was handed over" in slept.word
