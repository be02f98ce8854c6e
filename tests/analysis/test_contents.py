"""What the library holds and what is approved: counted by hand on small libraries, and against another's arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, fisher_exact

from tjtools.analysis import charts, findings
from tjtools.analysis.comparison import compare
from tjtools.analysis.frame import DIMENSIONS, library_frame, on_site
from tjtools.analysis.inventory import gap_map, inventory, uploads
from tjtools.analysis.names import PARTS, parse_names
from tjtools.analysis.pairs import IMAGE, VIDEO, behind_pair, native_pairs
from tjtools.analysis.rates import approval_rates, fisher, holm, overall, wilson
from tjtools.analysis.seen import SEEN
from tjtools.cache.library import COLUMNS, Library
from tjtools.model.names import parse_name

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


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return library(tmp_path / "library.csv", SMALL)


def rows(table: pd.DataFrame) -> list[tuple[object, ...]]:
    return [tuple(row) for row in table.itertuples(index=False)]


def test_the_frame_has_what_is_documented(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == [
        *("creative_id", "filename", "section", "upload_date", "dimensions", "file_type", "review_status"),
        *(*PARTS, "by_convention", *SEEN),
    ]
    assert frame["upload_date"].dt.strftime("%Y-%m-%d").fillna("").tolist()[:3] == ["2025-10-30", "2025-11-02", ""]
    assert frame["section"].isna().sum() == 1
    assert (str(frame["duration"].dtype), frame["duration"].sum()) == ("float64", 26.0)
    assert frame["test_id"].dropna().tolist() == ["7"]
    assert len(on_site(frame)) == 9


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(), st.from_regex(r"(VID_)?[A-Z]{2}_\w+_(SFW_a_b_)?(4sec_)?ID-[0-9A-F]{8}"))))
def test_many_names_tell_what_each_alone_tells(names: list[str]) -> None:
    table = parse_names(names)
    told = [None if not row.by_convention else row[: len(PARTS)] for row in table.itertuples(index=False)]
    alone = [parse_name(name) for name in names]
    assert [one is None for one in told] == [one is None for one in alone]
    for one, other in zip(told, alone, strict=True):
        assert other is None or [value if pd.notna(value) else None for value in one or ()] == list(other)


def test_an_inventory_counts_every_creative_on_the_site_once(frame: pd.DataFrame) -> None:
    table = inventory(frame, "category")
    assert rows(table) == [
        ("Sports", 4, 4 / 9, 2, 1, 1, 0),
        ("Travel", 1, 1 / 9, 0, 0, 0, 1),
        ("(no convention)", 4, 4 / 9, 2, 1, 1, 0),
    ]
    for by in DIMENSIONS:
        assert inventory(frame, by)["creatives"].sum() == 9, by
    assert rows(inventory(frame, "rating"))[1:] == [
        ("(no convention)", 4, 4 / 9, 2, 1, 1, 0),
        ("(not in the name)", 4, 4 / 9, 1, 1, 1, 1),
    ]


def test_a_gap_is_a_pair_with_nothing_live(frame: pd.DataFrame) -> None:
    table = gap_map(frame)
    assert len(table) == 10
    found = {(row.category, row.section): row.live for row in table.itertuples()}
    assert {pair for pair, live in found.items() if live} == {
        ("Sports", "In-Stream Video"),
        ("Sports", "Native Rollover"),
    }
    assert findings.of_gaps(table).startswith("Nothing is live in 8 of 10 pairs of category and section: Sports in")


def test_native_pairs_by_unique_id_or_by_one_name(frame: pd.DataFrame) -> None:
    assert rows(native_pairs(frame)) == [
        ("VID_DE_Travel_4sec_ID-0000000B-VID", "no image", "unknown", "", "8", ""),
        ("summer", "half rejected", "approved", "rejected", "6", "7"),
        ("VID_EN_Sports_4sec_ID-0000000A-VID", "in review", "approved", "pending", "4", "5"),
    ]
    said = "2 of 3 native pairs need something: 1 without an image, 1 with one half rejected"
    assert findings.of_pairs(native_pairs(frame)) == said
    for _, pair in native_pairs(frame).iterrows():
        halves = behind_pair(frame, pair).set_index("section")["review_status"].astype(str)
        assert (halves.get(VIDEO, ""), halves.get(IMAGE, "")) == (pair["video"], pair["image"])


def test_of_two_creatives_for_one_half_the_better_counts(tmp_path: Path) -> None:
    twice = "1,a,,,,native_video,rejected\n2,a,,,,native_video,approved\n3,a,,,,native_image,approved\n"
    table = native_pairs(library(tmp_path / "library.csv", twice))
    assert rows(table) == [("a", "live", "approved", "approved", "2, 1", "3")]


def test_uploads_by_month_and_the_unknown_days(frame: pd.DataFrame) -> None:
    table = uploads(frame, "month")
    found = [(f"{row.period:%Y-%m}", row.section, row.added, row.total) for row in table.itertuples()]
    assert found == [
        ("2025-10", "In-Stream Video", 2, 2),
        ("2025-10", "Native Rollover", 0, 0),
        ("2025-11", "In-Stream Video", 1, 3),
        ("2025-11", "Native Rollover", 1, 1),
    ]
    said = "4 creatives were added since 1 October 2025, most in October 2025: 2; the day of 6 more is unknown"
    assert findings.of_uploads(table, "month", 6) == said


def test_a_short_range_is_told_by_the_week(frame: pd.DataFrame) -> None:
    table = uploads(frame)
    assert [f"{day:%a %d %b}" for day in table["period"].drop_duplicates()][:2] == ["Mon 29 Sep", "Mon 06 Oct"]
    assert findings.of_uploads(table, "week", 0).endswith("most in the week of 27 October 2025: 2")


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
def test_wilson_agrees_with_scipy(successes: int, failures: int) -> None:
    trials = successes + failures
    low, high = wilson(successes, trials)
    expected = binomtest(successes, trials).proportion_ci(method="wilson") if trials else (0, 1)
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
def test_fisher_agrees_with_scipy(a: int, b: int, c: int, d: int) -> None:
    if a + b + c + d:
        assert fisher(a, b, c, d) == pytest.approx(fisher_exact([[a, b], [c, d]]).pvalue, abs=1e-9)


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


def test_two_groups_are_told_apart_only_beyond_chance(tmp_path: Path) -> None:
    def some(name: str, start: int, approved: int, rejected: int) -> list[str]:
        statuses = ["approved"] * approved + ["rejected"] * rejected
        return [f"{n},EN_{name}_9sec_ID-{n:08X},,,,video,{status}" for n, status in enumerate(statuses, start)]

    lines = some("Good", 1000, 90, 10) + some("Bad", 2000, 50, 50) + some("Fair", 3000, 88, 12)
    frame = library(tmp_path / "library.csv", "\n".join(lines) + "\n")
    assert compare(frame, "category", "Good", "Bad").told_apart
    assert compare(frame, "category", "Good", "Bad").chance < 1e-6
    assert compare(frame, "category", "Good", "Fair").chance == 1
    with pytest.raises(KeyError):
        compare(frame, "category", "Good", "Unseen")
    told = findings.of_rates(approval_rates(frame, "category"), overall(frame), "category")
    assert "Good more often (90 %)" in told
    assert "Bad less often (50 %)" in told


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("decided", [100, 125, 140, 400, 1000])
def test_wilson_covers_the_truth_as_often_as_it_says(decided: int, rate: float) -> None:
    approved = np.arange(decided + 1)
    low, high = wilson(approved, np.full(decided + 1, decided))
    chances = binom.pmf(approved, decided, rate)  # of each library that could be
    assert 0.93 <= chances[(low <= rate) & (rate <= high)].sum() <= 0.97


def test_the_rates_of_a_thousand_libraries_lie_in_their_intervals() -> None:
    names = [f"library {number}" for number in range(1000)]
    approved = np.random.default_rng(7).uniform(size=(1000, 150)) < 0.82
    frame = pd.DataFrame({"category": np.repeat(names, 150), "by_convention": True})
    frame["review_status"] = np.where(approved.ravel(), "approved", "rejected")
    table = approval_rates(frame, "category")
    assert table["decided"].eq(150).all()
    assert 0.93 <= ((table["low"] <= 0.82) & (table["high"] >= 0.82)).mean() <= 0.97


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "1,a,,,,,\n",
        "1,a,,,,video,pending\n",
        "1,夏の_バナー,2025-11-13,,,image,approved\n",
        "1,gone,,,,video,removed\n",
    ],
    ids=["nothing", "all unknown", "only pending", "another script", "all gone"],
)
def test_small_and_odd_libraries_give_tables_sentences_and_charts(tmp_path: Path, lines: str) -> None:
    frame = library(tmp_path / "library.csv", lines)
    for by in DIMENSIONS:
        table = inventory(frame, by)
        assert findings.of_inventory(table, by)
        if len(table):
            charts.inventory_chart(table, by, "title").to_dict()
        assert findings.of_rates(approval_rates(frame, by), overall(frame), by)
    assert findings.of_gaps(gap_map(frame))
    assert findings.of_pairs(native_pairs(frame))
    assert findings.of_uploads(uploads(frame), "week", 1)


def test_a_chart_says_what_it_shows_and_holds_few_rows(frame: pd.DataFrame) -> None:
    many = pd.concat([frame.assign(creator=f"creator {number}") for number in range(300)], ignore_index=True)
    many["by_convention"] = True
    spec = charts.inventory_chart(inventory(many, "creator"), "creator", "the finding").to_dict()
    assert spec["title"]["text"] == ["the finding"]
    assert sum(len(values) for values in spec["datasets"].values()) <= 120
