"""Every mutant of `table.py` still fits the tree: `python tests/mutants/run.py` plays them."""

from __future__ import annotations

from mutants.run import ROOT, drift
from mutants.table import MUTANTS


def test_every_snippet_stands_there_once_and_every_test_exists() -> None:
    assert drift(ROOT, MUTANTS) == []


def test_every_mutant_has_a_name_of_its_own_and_tests() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40
    assert [mutant.name for mutant in MUTANTS if not mutant.tests or not mutant.guarantee.endswith(".")] == []
