"""What a reading of the site does to the library, without a browser: the merge, the guard, and what others write."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from world import NOW, image, plan, read_rows, reading

from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.snapshots import KEPT, snapshots_of
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.model.errors import SiteUnreachable, TJToolsError, TooManyGone
from tjtools.scrape.reading import SiteReading
from tjtools.scrape.refresh import UpdateReport, apply_update
from tjtools.workspace.folder import Workspace

HEADER = ",".join(COLUMNS) + "\n"
IMAGE, VIDEO = CreativeType.IMAGE, CreativeType.VIDEO
PENDING, APPROVED, REMOVED = ReviewStatus.PENDING, ReviewStatus.APPROVED, ReviewStatus.REMOVED


def follow(workspace: Workspace, site: SiteReading, *, full: bool = True) -> UpdateReport:
    return apply_update(plan(workspace, site, full=full), now=NOW)


def rows(workspace: Workspace) -> list[str]:
    return workspace.library.read_text("utf-8").splitlines()[1:]


@pytest.mark.parametrize(
    ("cached", "shown", "full", "expected"),
    [
        ("1,a.png,2025-11-01,,,,", image("1", "a"), True, "1,a.png,2025-11-01,300x250,png,image,pending"),
        ("1,a.mp4,,9x9,mp4,video,pending", Creative("1", "a", creative_type=VIDEO), True,
         "1,a.mp4,,9x9,mp4,video,pending"),
        ("1,a.png.png,2025-11-01,,,image,pending", image("1", "a.png"), True,
         "1,a.png.png,2025-11-01,300x250,png,image,pending"),
        ("1,a.jfif,2025-11-01,,,image,pending", image("1", "a"), True,
         "1,a.jfif,2025-11-01,300x250,png,image,pending"),
        ("1,a,,,,image,pending", image("1", "a.png"), True, "1,a.png,,300x250,png,image,pending"),
        ("1,a v1.2,,,,image,pending", image("1", "a v1"), True, "1,a v1,,300x250,png,image,pending"),
        ("1,a.png,,,,image,pending", image("1", "b"), True, "1,b,,300x250,png,image,pending"),
        ("1,a.png,,,,image,pending", image("1", "b", APPROVED), False, "1,a.png,,,,image,approved"),
        ("1,a.png,,,,image,removed", image("1", "a", None), False, "1,a.png,,,,image,"),
        ("1,a.png,,,,image,pending", image("1", "a", None), False, "1,a.png,,,,image,pending"),
    ],
)  # fmt: skip
def test_one_row_follows_the_site(
    bare_workspace: Workspace, cached: str, shown: Creative, full: bool, expected: str
) -> None:
    bare_workspace.library.write_text(HEADER + cached + "\n", "utf-8")
    follow(bare_workspace, reading(shown), full=full)
    assert rows(bare_workspace) == [expected]


def test_a_creative_is_gone_only_if_its_section_was_read_to_the_end(bare_workspace: Workspace) -> None:
    kinds = {"1": IMAGE, "2": VIDEO, "3": None}
    Library.load(bare_workspace.library).add(Creative(key, "a", creative_type=kind) for key, kind in kinds.items())
    follow(bare_workspace, reading(unread=(Section.IN_STREAM_VIDEO,)), full=False)
    assert [row.rpartition(",")[2] for row in rows(bare_workspace)] == ["removed", "", ""]


def test_a_status_alone_adds_nothing(bare_workspace: Workspace) -> None:
    Library.load(bare_workspace.library).add([image("1", "a.png")])
    report = follow(bare_workspace, reading(image("1", "a", APPROVED), image("2", "b")), full=False)
    assert rows(bare_workspace) == ["1,a.png,,300x250,png,image,approved"]
    assert (report.difference.added, [one.new for one in report.difference.status_changed]) == ((), ["approved"])
    [row] = read_rows(bare_workspace.history)
    assert (row["from_status"], row["to_status"], row["source"]) == ("pending", "approved", "sync")


def test_what_others_write_meanwhile_is_neither_lost_nor_gone(bare_workspace: Workspace) -> None:
    Library.load(bare_workspace.library).add([image("1", "gone.png")])
    update = plan(bare_workspace, reading(image("2", "there")))
    Library.load(bare_workspace.library).add([image("8", "uploaded.png")])
    with bare_workspace.library.open("a", encoding="utf-8") as file:
        file.write("2,there.png,2025-11-12,,,,\n9,by hand,,,,,pending")
    apply_update(update, now=NOW)
    assert rows(bare_workspace) == [
        "1,gone.png,,300x250,png,image,removed",
        "8,uploaded.png,,300x250,png,image,pending",
        "2,there.png,2025-11-12,300x250,png,image,pending",
        "9,by hand,,,,,pending",
    ]


@pytest.mark.parametrize(
    ("there", "gone", "away", "needed"),
    [(30, 20, 0, 0), (30, 21, 0, 21), (210, 21, 0, 0), (209, 21, 0, 21), (209, 21, 500, 21)],
)
def test_many_removals_need_a_person_s_word(
    bare_workspace: Workspace, there: int, gone: int, away: int, needed: int
) -> None:
    known = [image(str(number), f"{number}.png") for number in range(1, there + 1)]
    removed = [image(str(number), f"{number}.png", REMOVED) for number in range(1000, 1000 + away)]
    Library.load(bare_workspace.library).add([*known, *removed])
    update, before = plan(bare_workspace, reading(*known[gone:])), bare_workspace.library.read_bytes()
    if needed:
        with pytest.raises(TooManyGone, match=f"{gone} of {there} .* --allow-removals {needed}"):
            apply_update(update, now=NOW, allow_removals=needed - 1)
        assert (bare_workspace.library.read_bytes(), bare_workspace.history.exists()) == (before, False)
    apply_update(update, now=NOW, allow_removals=needed)
    assert sum(row.endswith(",removed") for row in rows(bare_workspace)) == gone + away


def test_rows_that_contradict_each_other_are_settled_by_the_site_or_stay(bare_workspace: Workspace) -> None:
    bare_workspace.library.write_text(
        HEADER + "1,another name,,,,video,\n1,a.png,,,,image,\n2,b.mp4,,,,video,\n2,b.png,,,,video,\n", "utf-8"
    )
    report = follow(bare_workspace, reading(image("1", "a"), Creative("2", "b", creative_type=VIDEO)))
    assert rows(bare_workspace) == [
        "1,a.png,,300x250,png,image,pending",
        "2,b.mp4,,,,video,",
        "2,b.png,,,,video,",
    ]
    assert report.difference.renamed == ()


def test_an_old_file_is_made_tidy_though_nothing_differs(bare_workspace: Workspace) -> None:
    bare_workspace.library.write_text(
        HEADER + "1,a,2025-11-02,,,Static Banner,pending\n1,a.png,2025-11-01,300X250,PNG,,\n", "utf-8"
    )
    report = follow(bare_workspace, reading(image("1", "a")))
    assert rows(bare_workspace) == ["1,a.png,2025-11-01,300x250,png,image,pending"]
    assert not report.difference
    assert len(list((bare_workspace.private / "backups").iterdir())) == 1
    [one] = Library.load(bare_workspace.library)
    assert one.upload_date == date(2025, 11, 1)


def test_a_reading_that_was_stopped_cannot_be_applied(bare_workspace: Workspace) -> None:
    Library.load(bare_workspace.library).add([image("1", "a.png")])
    update = plan(bare_workspace, replace(reading(), stopped=SiteUnreachable("The site does not answer.")))
    assert not update.difference
    with pytest.raises(SiteUnreachable):
        apply_update(update, now=NOW)
    assert rows(bare_workspace) == ["1,a.png,,300x250,png,image,pending"]


def test_what_a_killed_refresh_left_of_a_snapshot_goes_with_the_next(bare_workspace: Workspace) -> None:
    bare_workspace.snapshots.mkdir(parents=True)
    torn = bare_workspace.snapshots / ".20251113T115900.csv.tmp"
    torn.write_text("creative_id,fil", "utf-8")
    report = follow(bare_workspace, reading(image("1", "a")))
    assert {path.suffix for path in bare_workspace.snapshots.iterdir()} == {".csv", ".json"}
    assert report.snapshot.exists()


def test_the_last_snapshots_are_kept(bare_workspace: Workspace) -> None:
    for second in range(KEPT + 2):
        report = apply_update(plan(bare_workspace, reading()), now=NOW.replace(second=second))
    kept = sorted(path.name for path in bare_workspace.snapshots.iterdir())
    assert (len(kept), kept[0], kept[-1]) == (2 * KEPT, "20251113T120002.csv", "20251113T120031.json")
    assert report.snapshot.name == "20251113T120031.csv"


def test_what_was_read_before_the_last_update_is_not_applied(bare_workspace: Workspace) -> None:
    follow(bare_workspace, reading(image("1", "a")))
    old = plan(bare_workspace, reading(image("1", "a")))
    later = NOW.replace(hour=15)
    apply_update(plan(bare_workspace, reading(image("1", "a", APPROVED))), now=later)
    before = rows(bare_workspace)
    with pytest.raises(TJToolsError, match="brought up to date after this was read"):
        apply_update(old, now=NOW.replace(hour=17))
    assert rows(bare_workspace) == before == ["1,a,,300x250,png,image,approved"]


def test_the_history_says_when_the_site_was_read_not_when_it_was_applied(bare_workspace: Workspace) -> None:
    update = plan(bare_workspace, reading(image("1", "a")))
    report = apply_update(update, now=NOW.replace(hour=17))
    assert [row["observed_at"] for row in read_rows(bare_workspace.history)] == ["2025-11-13T12:00:00Z"]
    assert report.snapshot.name == "20251113T170000.csv"


@pytest.mark.parametrize(("store", "write"), [(History, "record"), (Library, "rewrite")])
def test_a_file_that_cant_be_written_loses_no_change_of_status(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, store: type, write: str
) -> None:
    def full(*_args: object, **_more: object) -> None:
        raise OSError("the disk is full")

    Library.load(bare_workspace.library).add([image("1", "a")])
    update = plan(bare_workspace, reading(image("1", "a", APPROVED)))
    with monkeypatch.context() as broken:
        broken.setattr(store, write, full)
        with pytest.raises(OSError, match="full"):
            apply_update(update, now=NOW)
    apply_update(update, now=NOW)
    told = [(row["from_status"], row["to_status"]) for row in read_rows(bare_workspace.history)]
    assert told == [("pending", "approved")]


def test_many_syncs_do_not_cost_the_refreshes_their_snapshots(bare_workspace: Workspace) -> None:
    follow(bare_workspace, reading())
    for minute in range(KEPT + 5):
        apply_update(plan(bare_workspace, reading(), full=False), now=NOW.replace(hour=13, minute=minute))
    kept = snapshots_of(bare_workspace)
    assert [(one.name, one.whole) for one in kept if one.source == "refresh"] == [("20251113T120000", True)]
    assert sum(one.source == "sync" for one in kept) == KEPT


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), (";", "\r\n")])
def test_a_bad_line_goes_into_quarantine_only_where_all_that_the_site_holds_took_its_place(
    bare_workspace: Workspace, full: bool, delimiter: str, end: str
) -> None:
    """Also in a file as Excel has written it."""
    follow(bare_workspace, reading(image("1", "a")))
    whole = bare_workspace.library.read_text("utf-8") + "1.03E+09,clip.png,,image,,,pending\n"
    bare_workspace.library.write_bytes(whole.replace(",", delimiter).replace("\n", end).encode())
    follow(bare_workspace, reading(image("1", "a", APPROVED), image("2", "clip")), full=full)
    found = Library.load(bare_workspace.library).find("clip.png", IMAGE)
    assert (bool(found.there), bool(found.bad_lines)) == (full, not full)
    assert bare_workspace.library.with_suffix(".quarantine.csv").exists() is full
