"""Approval rates and what rejected ones share: by hand, and against another's arithmetic."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.analysis import findings as told
from tjtools.analysis.estimates import (
    approval_rates,
    fisher,
    holm,
    overall,
    rejected_in_common,
    wilson,
)
from tjtools.analysis.frame import behind, library_frame
from tjtools.cache.library import COLUMNS, Library

SMALL = """\
1,EN_Sports_F_Real_SFW_Generic_Ana_9sec_T-7_ID-00000001.mp4,2025-10-30,640x360,mp4,video,approved
2,EN_Sports_9sec_ID-00000002.mp4,2025-11-02,640x360,mp4,video,rejected
3,banner 3 final,,300x250,png,image,approved
4,VID_EN_Sports_4sec_ID-0000000A-VID,2025-11-13,640x360,mp4,native_video,approved
5,IMG_EN_Sports_ID-0000000a-IMG,,640x360,png,native_image,pending
6,summer,,,,native_video,approved
7,summer.png,,,png,native_image,rejected
8,VID_DE_Travel_4sec_ID-0000000B-VID,,,,native_video,
9,old,2025-10-01,,,video,removed
10,nowhere,,,,,pending
"""


def library(path: Path, rows: str) -> pd.DataFrame:
    path.write_text(",".join(COLUMNS) + "\n" + rows, "utf-8")
    return library_frame(Library.load(path))


@pytest.fixture(scope="module")
def stats() -> Any:
    """Another's arithmetic, which takes a second to import: only where it is asked."""
    return importlib.import_module("scipy.stats")


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return library(tmp_path / "library.csv", SMALL)


def test_rates_among_the_decided_and_what_the_pending_leave_open(frame: pd.DataFrame) -> None:
    table = approval_rates(frame, "section").set_index("section")
    one = table.loc["In-Stream Video"]
    assert (one["approved"], one["rejected"], one["decided"], one["pending"], one["rate"]) == (1, 1, 2, 0, 0.5)
    still = table.loc["Native Static Banner"]
    assert (still["rate"], still["if_rejected"], still["if_approved"]) == (0, 0, 0.5)
    assert overall(frame)["decided"].tolist() == [6]
    nobody = table.loc["(unknown)"]
    assert (nobody["decided"], nobody["pending"], nobody["low"], nobody["high"]) == (0, 1, 0, 1)
    assert np.isnan(nobody["rate"])


def test_small_samples_do_not_stand_at_the_top(tmp_path: Path) -> None:
    lucky = [f"{number},EN_Lucky_9sec_ID-{number:08X},,,,video,approved" for number in (1, 2)]
    sure = [f"{n},EN_Sure_9sec_ID-{n:08X},,,,video,{'rejected' if n < 105 else 'approved'}" for n in range(100, 200)]
    table = approval_rates(library(tmp_path / "library.csv", "\n".join(lucky + sure) + "\n"), "category")
    assert table["category"].tolist() == ["Sure", "Lucky"]
    assert table["rate"].tolist() == [0.95, 1.0]


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_agrees_with_scipy(stats: Any, successes: int, failures: int) -> None:
    trials = successes + failures
    low, high = wilson(successes, trials)
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson") if trials else (0, 1)
    assert np.allclose((low, high), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [
        (0, 10, (0.0, 0.27753279986288926)),
        (1, 7, (0.02567962434474355, 0.5131278292743189)),
        (50, 100, (0.4038315303659956, 0.5961684696340044)),
        (343, 388, (0.8483290530251041, 0.9121826113017791)),
    ],
)
def test_wilson_agrees_with_statsmodels(successes: int, trials: int, expected: tuple[float, float]) -> None:
    # made with statsmodels 0.15.0: proportion_confint(successes, trials, method="wilson")
    assert np.ravel(wilson(successes, trials)) == pytest.approx(expected, abs=1e-9)


@given(*[st.integers(0, 60)] * 4)
def test_fisher_agrees_with_scipy(stats: Any, a: int, b: int, c: int, d: int) -> None:
    if a + b + c + d:
        assert fisher(a, b, c, d) == pytest.approx(stats.fisher_exact([[a, b], [c, d]]).pvalue, abs=1e-9)


def test_holm_agrees_with_statsmodels() -> None:
    # made with statsmodels 0.15.0: multipletests(chances, method="holm")
    chances = [0.011, 0.2, 0.0004, 0.04, 0.011, 0.9]
    expected = [0.05499999999999999, 0.4, 0.0024000000000000002, 0.12, 0.05499999999999999, 0.9]
    assert holm(chances) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_a_chance_smaller_nor_changes_the_order(chances: list[float]) -> None:
    corrected = holm(chances)
    assert (corrected >= np.array(chances) - 1e-12).all()
    assert (corrected <= 1).all()
    order = np.argsort(chances, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("decided", [100, 125, 140, 400, 1000])
def test_wilson_covers_the_truth_as_often_as_it_says(stats: Any, decided: int, rate: float) -> None:
    approved = np.arange(decided + 1)
    low, high = wilson(approved, np.full(decided + 1, decided))
    chances = stats.binom.pmf(approved, decided, rate)  # of each library that could be
    assert 0.93 <= chances[(low <= rate) & (rate <= high)].sum() <= 0.97


def test_the_rates_of_a_thousand_libraries_lie_in_their_intervals() -> None:
    names = [f"library {number}" for number in range(1000)]
    approved = np.random.default_rng(7).uniform(size=(1000, 150)) < 0.82
    frame = pd.DataFrame({"category": np.repeat(names, 150), "by_convention": True})
    frame["review_status"] = np.where(approved.ravel(), "approved", "rejected")
    table = approval_rates(frame, "category")
    assert table["decided"].eq(150).all()
    assert 0.93 <= ((table["low"] <= 0.82) & (table["high"] >= 0.82)).mean() <= 0.97


def some(name: str, start: int, approved: int, rejected: int, kind: str = "video") -> list[str]:
    statuses = ["approved"] * approved + ["rejected"] * rejected
    return [f"{n},EN_{name}_9sec_ID-{n:08X},,,,{kind},{status}" for n, status in enumerate(statuses, start)]


def test_a_value_differs_from_the_rest_only_beyond_chance(tmp_path: Path) -> None:
    lines = some("Good", 1000, 90, 10) + some("Bad", 2000, 50, 50) + some("Fair", 3000, 88, 12)
    frame = library(tmp_path / "library.csv", "\n".join(lines) + "\n")
    said = told.of_rates(approval_rates(frame, "category"), overall(frame), "category")
    assert "Good more often (90 %)" in said
    assert "Bad less often (50 %)" in said


def test_what_rejected_creatives_share_is_corrected_for_looking_at_many(tmp_path: Path) -> None:
    lines = some("Good", 1000, 95, 5) + some("Bad", 2000, 60, 40) + some("Fair", 3000, 90, 10, "image")
    frame = library(tmp_path / "library.csv", "\n".join(lines) + "\n")
    table = rejected_in_common(frame)
    first = table.iloc[0]
    assert (first["part"], first["value"], first["rejected"], first["decided"]) == ("category", "Bad", 40, 100)
    assert (first["rate"], first["rest_rate"]) == pytest.approx((0.4, 15 / 200))
    assert first["low"] < 0.4 < first["high"]
    assert (table["rate"] > table["rest_rate"]).all()
    assert "Good" not in table["value"].tolist()
    assert told.of_rejections(table, 55).startswith(
        "Rejected more often than chance allows: category Bad (40 % rejected, 8 % elsewhere)"
    )
    assert behind(frame, "category", "Bad", "rejected")["creative_id"].tolist() == [str(n) for n in range(2060, 2100)]


def test_where_all_are_rejected_nothing_sets_them_apart(tmp_path: Path) -> None:
    table = rejected_in_common(library(tmp_path / "library.csv", "\n".join(some("Bad", 10, 0, 4)) + "\n"))
    assert table.empty
    assert told.of_rejections(table, 4).startswith("Nothing that names tell is more common among the 4 rejected")
    assert told.of_rejections(table, 0) == "No creative is rejected"
