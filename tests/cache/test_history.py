"""The review history: first sights and changes, with the time that the old status was last seen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from world import NOW, read_rows, tjtools

from tjtools.cache.history import COLUMNS, History, Source
from tjtools.model.creative import Creative, ReviewStatus
from tjtools.model.errors import WrongHeader
from tjtools.workspace.derived import LAST_SEEN
from tjtools.workspace.folder import Workspace

PENDING, APPROVED, REMOVED = ReviewStatus.PENDING, ReviewStatus.APPROVED, ReviewStatus.REMOVED


def at(hour: int) -> datetime:
    return NOW.replace(hour=hour)


def a(status: ReviewStatus | None) -> Creative:
    return Creative("1", "a.mp4", review_status=status)


def rows(workspace: Workspace) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in COLUMNS) for row in read_rows(workspace.history)]


def test_a_change_tells_when_the_old_status_was_last_seen(bare_workspace: Workspace) -> None:
    history = History.of(bare_workspace)
    for hour, status in ((1, PENDING), (2, PENDING), (3, APPROVED), (4, REMOVED), (5, APPROVED)):
        history.record([a(status)], source=Source.REFRESH, now=at(hour))
    assert rows(bare_workspace) == [
        ("2025-11-13T01:00:00Z", "1", "a.mp4", "", "pending", "", "refresh"),
        ("2025-11-13T03:00:00Z", "1", "a.mp4", "pending", "approved", "2025-11-13T02:00:00Z", "refresh"),
        ("2025-11-13T04:00:00Z", "1", "a.mp4", "approved", "removed", "2025-11-13T03:00:00Z", "refresh"),
        ("2025-11-13T05:00:00Z", "1", "a.mp4", "removed", "approved", "2025-11-13T04:00:00Z", "refresh"),
    ]


@pytest.mark.parametrize("damage", [None, [], 3, ["pending"]])
def test_without_the_times_the_history_s_own_stand_in(bare_workspace: Workspace, damage: object) -> None:
    history = History.of(bare_workspace)
    history.record([a(PENDING)], source=Source.UPLOAD, now=at(1))
    history.record([a(PENDING)], source=Source.SYNC, now=at(2))
    history.cache.keep(LAST_SEEN, {"1": damage})
    history.record([a(APPROVED)], source=Source.SYNC, now=at(3))
    assert rows(bare_workspace)[1][3:] == ("pending", "approved", "2025-11-13T01:00:00Z", "sync")


@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (PENDING, APPROVED, [("pending", "approved", "")]),
        (PENDING, PENDING, [("", "pending", "")]),
        (None, PENDING, [("", "pending", "")]),
        (PENDING, None, []),
    ],
)
def test_a_creative_from_before_the_history(
    bare_workspace: Workspace,
    known: ReviewStatus | None,
    seen: ReviewStatus | None,
    expected: list[tuple[str, str, str]],
) -> None:
    History.of(bare_workspace).record([a(seen)], source=Source.REFRESH, now=NOW, known={"1": known})
    found = rows(bare_workspace) if bare_workspace.history.exists() else []
    assert [row[3:6] for row in found] == expected


def test_times_are_in_utc(bare_workspace: Workspace) -> None:
    from datetime import timedelta, timezone

    east = datetime(2025, 11, 13, 1, tzinfo=timezone(timedelta(hours=2)))
    History.of(bare_workspace).record([a(PENDING)], source=Source.REFRESH, now=east)
    assert rows(bare_workspace)[0][0] == "2025-11-12T23:00:00Z"


def test_a_file_that_is_no_history_is_not_touched(bare_workspace: Workspace) -> None:
    bare_workspace.history.write_text("a,b\n", "utf-8")
    with pytest.raises(WrongHeader):
        History.of(bare_workspace).record([a(PENDING)], source=Source.REFRESH, now=NOW)
    assert bare_workspace.history.read_text("utf-8") == "a,b\n"


def test_adding_by_hand_is_a_first_sight(bare_workspace: Workspace) -> None:
    began = f"{datetime.now(tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
    tjtools("add", "1032530591", "a.mp4", cwd=bare_workspace.root)
    tjtools("add", "1032530591", "a.mp4", cwd=bare_workspace.root)
    [(observed, *rest)] = rows(bare_workspace)
    assert (observed >= began, rest) == (True, ["1032530591", "a.mp4", "", "pending", "", "manual"])
