"""Time in review: whether the estimate finds a truth that it does not see, and what waits."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import reviewed
from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.analysis import charts, findings
from tjtools.analysis.estimates import Times, curve_table, time_in_review, waiting
from tjtools.analysis.frame import library_frame
from tjtools.analysis.reviews import observations, reviews
from tjtools.analysis.sources import Asked, Files
from tjtools.cache.history import COLUMNS, History
from tjtools.cache.library import COLUMNS as LIBRARY
from tjtools.cache.library import Library
from tjtools.workspace.folder import Workspace

NOON = datetime(2025, 11, 13, 12, tzinfo=UTC)
HISTORY = """\
2025-11-13T00:00:00Z,1,a.mp4,,pending,,upload
2025-11-14T06:00:00Z,1,a.mp4,pending,approved,2025-11-13T18:00:00Z,sync
2025-11-13T00:00:00Z,2,b.mp4,,pending,,upload
2025-11-13T00:00:00Z,3,c.mp4,,pending,,upload
2025-11-15T00:00:00Z,3,c.mp4,pending,removed,2025-11-14T00:00:00Z,refresh
2025-11-13T00:00:00Z,4,d,,pending,,refresh
2025-11-14T00:00:00Z,4,d,pending,rejected,,refresh
2025-11-13T00:00:00Z,5,e,,approved,,refresh
2025-11-13T00:00:00Z,6,f,,pending,,upload
2025-11-15T00:00:00Z,1,a.mp4,approved,pending,2025-11-14T06:00:00Z,sync
yesterday,7,g,,pending,,upload
2025-11-13T00:00:00Z,8,h,,thinking,,upload
2025-11-13T00:00:00Z,9,i.png,,approved,,upload
"""


def history(text: str) -> pd.DataFrame:
    return pd.DataFrame([line.split(",") for line in text.splitlines()], columns=list(COLUMNS), dtype="str")


def test_without_a_history_the_sentence_says_what_is_missing() -> None:
    review = time_in_review(reviews(observations(history(""))))
    assert findings.of_time(review).startswith("How long review takes can't be told yet")
    assert curve_table(review).empty


def test_only_pending_ones_tell_that_half_take_longer() -> None:
    review = time_in_review(reviews(observations(history(HISTORY.splitlines()[2]))))
    assert findings.of_time(review) == (
        "Half of the creatives take longer than can be seen yet: 0 of 1 uploads are decided"
    )


def test_turnbull_of_exact_and_right_censored_times_is_kaplan_meier() -> None:
    curve = Times([1, 2, 2, 3], [1, 2, math.inf, 3]).curve(close=1e-13)
    assert curve.at([0.5, 1, 2, 3]) == pytest.approx([0, 0.25, 0.5, 1], abs=1e-9)
    assert np.isnan(curve.at(4))


# made with lifelines 0.30.3: npmle(left, right, tol=1e-16), the share decided by the end of each interval
LIFELINES_TIMES = [
    (96.493, 117.947),
    (0, 22.077),
    (6.463, 31.977),
    (0, 15.727),
    (0, 23.977),
    (11.203, 38.177),
    (0, 7.567),
    (0, 26.257),
    (9.353, 24.207),
    (275.183, 292.187),
    (20.963, 29.627),
    (1.943, 24.417),
    (7.833, math.inf),
    (0, 26.787),
    (2.433, 14.327),
    (4.193, 23.247),
    (26.633, math.inf),
    (6.593, math.inf),
    (42.013, 51.937),
    (12.613, 22.127),
    (7.873, 31.557),
    (50.773, 74.587),
    (23.563, math.inf),
    (12.903, 40.937),
    (12.053, 22.207),
    (25.653, math.inf),
    (87.643, 96.877),
    (4.883, 33.997),
    (8.723, 29.327),
    (26.483, 46.667),
    (0, 29.277),
    (7.303, math.inf),
    (32.093, 56.847),
    (28.953, 35.317),
    (20.313, 34.557),
    (30.533, 37.667),
    (0, math.inf),
    (39.663, 50.017),
    (0, 26.477),
    (0, math.inf),
]


LIFELINES_SHARES = [
    (7.567, 0.07378434301679683),
    (14.327, 0.33363727780881647),
    (22.077, 0.5907485985514666),
    (29.277, 0.6107582740657187),
    (33.997, 0.7527484239165535),
    (46.667, 0.8317602111690044),
    (51.937, 0.8912644795107388),
    (96.877, 0.96375482650358),
    (292.187, 1.0),
]


def test_turnbull_agrees_with_lifelines() -> None:
    curve = Times(*zip(*LIFELINES_TIMES, strict=True)).curve(close=1e-13)
    hours, shares = zip(*LIFELINES_SHARES, strict=True)
    assert curve.at(hours) == pytest.approx(shares, abs=1e-9)


def test_exact_and_right_censored_times_agree_with_lifelines() -> None:
    # made with lifelines 0.30.3: 1 - KaplanMeierFitter().fit(hours, observed).survival_function_
    hours = [1.5, 2.5, 2.5, 4, 5.25, 6, 6, 7.5, 9, 9, 12, 15]
    observed = [1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0]
    ends = [hour if seen else math.inf for hour, seen in zip(hours, observed, strict=True)]
    curve = Times(hours, ends).curve(close=1e-13)
    expected = {1.5: 1 / 12, 2.5: 1 / 6, 4: 0.2592592592592594, 5.25: 0.35185185185185186, 6: 0.44444444444444453}
    expected |= {9: 0.7222222222222223, 12: 0.8611111111111112}
    assert curve.at(list(expected)) == pytest.approx(list(expected.values()), abs=1e-9)


def test_turnbull_shares_out_what_intervals_leave_open() -> None:
    # one before 1, one between 1 and 3, one between 0 and 2, one after 2: worked out by hand
    curve = Times([0, 1, 0, 2], [1, 3, 2, math.inf]).curve(close=1e-13)
    assert curve.at([1, 2]) == pytest.approx([0.5, 0.5], abs=1e-6)


@settings(deadline=None)  # some take a hundred rounds more than others
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.booleans()), min_size=1, max_size=30))
def test_an_estimate_is_a_distribution_in_which_each_time_has_its_part(
    given_times: list[tuple[int, int, bool]],
) -> None:
    low = [start for start, _, _ in given_times]
    high = [math.inf if censored else start + length for start, length, censored in given_times]
    curve = Times(low, high).curve(close=1e-13)
    assert (np.diff(curve.hours) >= 0).all()
    assert (np.diff(curve.share) >= 0).all()
    assert 0 <= curve.share[-1] <= 1
    for begin, end in zip(low, high, strict=True):
        until = curve.share[-1] if math.isinf(end) else np.nan_to_num(curve.at(end), nan=curve.share[-1])
        inside = (1 if math.isinf(end) else until) - np.nan_to_num(curve.at(begin), nan=curve.share[-1])
        assert inside > -1e-9


@settings(deadline=None)  # a busy machine is slow
@given(st.lists(st.integers(0, 200), min_size=2, max_size=20, unique=True), st.sampled_from([0.1, 0.3, 0.7, 1.1]))
def test_times_that_touch_when_they_are_rounded_still_share_nothing(bounds: list[int], step: float) -> None:
    bounds = sorted(bounds)
    times = Times([begin * step for begin in bounds[:-1]], [end * step for end in bounds[1:]], step)
    shares = times.curve(close=1e-13).at([end * step for end in bounds[1:-1]])
    assert shares == pytest.approx([number / (len(bounds) - 1) for number in range(1, len(bounds) - 1)], abs=1e-6)


def test_a_sample_may_need_hours_that_all_the_data_together_do_without() -> None:
    # together: half by 1, half after 2. In a sample without the first two, one is decided by 2 and nobody by 1
    times = Times([0, 0, 0, 1, 2, 2], [1, 1, 2, 3, 3, 3])
    assert times.curve(close=1e-13).at([1, 2]) == pytest.approx([0.5, 0.5], abs=1e-6)
    by = [tuple(curve.at([1, 2])) for curve in times.resampled(200)]
    assert any(one < 0.01 and 0.1 < two < 0.9 for one, two in by)


def test_what_waits_is_listed_by_age(bare_workspace: Workspace) -> None:
    bare_workspace.library.write_text(
        "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
        "2,b.mp4,,,,video,pending\n4,d,,,,video,approved\n6,f,,,,image,pending\n77,new,,,,image,pending\n",
        "utf-8",
    )
    frame = library_frame(Library.load(bare_workspace.library))
    table = waiting(reviews(observations(history(HISTORY))), frame, datetime(2025, 11, 15, tzinfo=UTC))
    assert table[["creative_id", "at_least"]].to_numpy().tolist() == [["2", False], ["6", True], ["77", True]]
    assert table["days"].tolist()[:2] == [2, 2]
    assert findings.of_waiting(table) == (
        "3 creatives wait for review, the longest 2.0 days; since when, is unknown of 1. How many will be decided"
        " within 7 days can't be told: of none is the age known, or the time that it takes"
    )
    charts.waiting_chart(table).to_dict()


def seen_by(workspace: Workspace, truth: reviewed.Truth, period: float, seed: int) -> pd.DataFrame:
    """What tjtools reads from the files that looks at the site left."""
    reviewed.write(workspace, truth, reviewed.looks(truth, period, seed))
    rows, bad = History.of(workspace).load()
    assert not bad
    return reviews(observations(rows), History.of(workspace).last_times())


def test_the_generator_tells_the_estimators_no_more_than_looks_can(bare_workspace: Workspace) -> None:
    truth = reviewed.year(300, 5)
    stays = seen_by(bare_workspace, truth, 24, 6)
    hours = truth.decided - truth.uploaded
    assert stays["start_known"].all()
    assert ((stays["low"] - 0.001 <= hours) & (hours <= stays["high"] + 0.001)).all()
    assert (stays["outcome"] == "pending").sum() == np.isinf(stays["high"]).sum()


@pytest.mark.parametrize("period", [24, 168], ids=["daily", "weekly"])
def test_the_median_is_found_where_the_mean_of_the_decided_is_wrong(bare_workspace: Workspace, period: float) -> None:
    found, naive = [], []
    for seed in range(40):
        truth = reviewed.year(400, seed)
        stays = reviewed.stays(truth, reviewed.looks(truth, period, seed))
        found.append(time_in_review(stays, repeats=30).median)
        naive.append(reviewed.naive_mean(stays))
    assert np.mean(found) == pytest.approx(truth.median, rel=0.05)
    assert abs(np.mean(naive) - truth.mean) > 0.05 * truth.mean


def test_a_year_with_its_interval_and_the_chance_to_be_decided(bare_workspace: Workspace) -> None:
    truth = reviewed.year(1500, 1)
    review = time_in_review(seen_by(bare_workspace, truth, 24, 2))
    assert review.low <= truth.median <= review.high
    [chance], [low], [high] = review.chances([24], 24)
    hours = truth.decided - truth.uploaded
    really = ((hours > 24) & (hours <= 48)).sum() / (hours > 24).sum()
    assert low - 0.05 <= really <= high + 0.05
    assert abs(chance - really) < 0.1
    charts.time_chart(review).to_dict()


@pytest.fixture(scope="module")
def year() -> tuple[reviewed.Truth, pd.DataFrame]:
    truth = reviewed.year(900, 1)
    stays = reviewed.stays(truth, reviewed.looks(truth, 24, 2))
    ids = [str(number) for number in range(900)]
    began = reviewed.FIRST_DAY + pd.to_timedelta(truth.uploaded, unit="h")
    return truth, stays.assign(creative_id=ids, filename=ids, began=began)


def test_the_chance_to_be_decided_is_what_really_happens(year: tuple[reviewed.Truth, pd.DataFrame]) -> None:
    truth, stays = year
    chances, lows, highs = time_in_review(stays).chances([24, 48], 24)
    hours = truth.decided - truth.uploaded
    for age, chance, low, high in zip((24, 48), chances, lows, highs, strict=True):
        really = ((hours > age) & (hours <= age + 24)).sum() / (hours > age).sum()
        assert low - 0.05 <= really <= high + 0.05
        assert low <= chance <= high


def pending(path: Path, *ids: str) -> pd.DataFrame:
    path.write_text(",".join(LIBRARY) + "\n" + "".join(f"{one},a{one},,,,video,pending\n" for one in ids), "utf-8")
    return library_frame(Library.load(path))


def test_a_chance_is_told_only_of_those_whose_age_is_known_and_was_seen(
    year: tuple[reviewed.Truth, pd.DataFrame], tmp_path: Path
) -> None:
    frame = pending(tmp_path / "library.csv", "1", "2", "3", "4", "5")
    began = [NOON - timedelta(days=days) for days in (1, 2, 3, 400)]
    stays = pd.DataFrame({"creative_id": ["1", "2", "3", "4"], "filename": "x", "began": began})
    stays = stays.assign(start_known=[True, True, False, True], low=0.0, high=math.inf, outcome="pending")
    review = time_in_review(year[1])
    table = waiting(stays, frame, NOON, review, 1).set_index("creative_id")
    assert table.loc[["1", "2"], "chance"].tolist() == pytest.approx(review.chances([24, 48], 24)[0].tolist())
    assert (table["low"].dropna() <= table["chance"].dropna()).all()
    # of 3 only a smaller age is sure, nobody waited as long as 4, and nobody has seen 5
    assert table.loc[["3", "4", "5"], ["chance", "low", "high"]].isna().all(axis=None)
    said = findings.of_waiting(table.reset_index(), 1)
    assert said.startswith("5 creatives wait for review, the longest 400.0 days; ")
    assert said.endswith("nothing can be said of 3, whose age is not known or beyond what was seen")


def test_only_pending_ones_give_no_chance(tmp_path: Path) -> None:
    stays = reviews(observations(history("2025-11-12T00:00:00Z,1,a.mp4,,pending,,upload\n")))
    table = waiting(stays, pending(tmp_path / "library.csv", "1"), NOON)
    assert table["chance"].isna().all()
    assert ". How many will be decided within 1 day can't be told" in findings.of_waiting(table, 1)


def test_what_is_asked_of_the_same_stays_is_estimated_once(bare_workspace: Workspace) -> None:
    bare_workspace.history.write_text(f"{','.join(COLUMNS)}\n{HISTORY}", "utf-8")
    files, asked = Files(bare_workspace, lambda: NOON), Asked(day="uploaded", by="category")
    review = files.time_in_review(asked)
    assert files.time_in_review(asked._replace(within=30, by="language")) is review
    assert files.time_in_review(asked._replace(day="decided", since=NOON.date())).creatives == review.creatives
    assert files.time_in_review(asked._replace(section="Video")) is not review
