"""What was handed over is in doubt until it is settled, and a run is unfinished until it ended, whatever happens."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile, UploadStatus
from tjtools.upload.journal import STALLED, Ended, Journal, Recorded, Settled, entry_of, event_of
from tjtools.workspace import log as module
from tjtools.workspace.log import Log

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
FILES = [SessionFile(Path(name), CreativeType.IMAGE, row={"new_filename": name}) for name in ("a.png", "b.png")]
SECTION = Section.STATIC_BANNER
SUCCESS = UploadStatus.SUCCESS


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "tracking" / ".tjtools" / "log.jsonl")


def settled(file: SessionFile, run: str = "1", status: object = SUCCESS, at: datetime = NOW) -> Settled:
    creative = Creative("1032530571", file.name) if status is SUCCESS else None
    return Settled(at=at, run=run, file=file, status=status, creative=creative)  # type: ignore[arg-type]


def test_handed_over_is_in_doubt_until_settled(journal: Journal) -> None:
    assert journal.in_doubt() == set()
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    journal.note(settled(FILES[0]))
    assert journal.in_doubt() == {(SECTION, "b.png")}


def test_a_line_that_is_no_event_is_named_and_costs_no_other(journal: Journal) -> None:
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    whole = journal.path.read_text("utf-8")
    journal.path.write_text(whole.replace('"Static Banner"', "3") + whole.replace('"id": "', '"id": "1'), "utf-8")
    assert journal.in_doubt() == {(SECTION, "a.png"), (SECTION, "b.png")}
    [bad] = Log.at(journal.path).bad_lines
    assert (bad.line, "handed_over" in bad.reason) == (1, True)


def test_a_time_out_leaves_the_file_in_doubt_until_it_is_settled(journal: Journal) -> None:
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    journal.note(settled(FILES[0], status=STALLED))
    assert (journal.stalled(), len(journal.in_doubt())) == ({(SECTION, "a.png")}, 2)
    journal.note(settled(FILES[0], "2", UploadStatus.DUPLICATE))
    assert (journal.stalled(), journal.in_doubt()) == (set(), {(SECTION, "b.png")})


def test_a_line_that_a_crash_tore_did_not_happen_and_harms_no_other(journal: Journal) -> None:
    journal.handed_over(FILES[:1], section=SECTION, run="1", now=NOW)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + whole[: len(whole) // 2])
    journal.handed_over(FILES[1:], section=SECTION, run="2", now=NOW)
    assert journal.in_doubt() == {(SECTION, "a.png"), (SECTION, "b.png")}
    found = {key: [one.run for one in each] for key, each in journal.hand_overs().items()}
    assert found == {(SECTION, "a.png"): ["1"], (SECTION, "b.png"): ["2"]}


def test_an_event_seen_half_written_is_whole_at_the_next_look(journal: Journal) -> None:
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[: len(whole) // 2])
    other = Journal(journal.path)
    assert other.in_doubt() == set()
    with journal.path.open("ab") as file:
        file.write(whole[len(whole) // 2 :])
    assert other.in_doubt() == {(SECTION, "a.png"), (SECTION, "b.png")}


def test_it_follows_what_another_process_notes(journal: Journal) -> None:
    other = Journal(journal.path)
    other._log = Log(journal.path)  # as another process has one of its own
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    assert len(other.in_doubt()) == 2
    journal.note(settled(FILES[0]))
    assert other.in_doubt() == {(SECTION, "b.png")}
    journal.path.unlink()
    assert other.in_doubt() == set()


def test_a_file_without_an_id_is_not_told_as_confirmed(journal: Journal) -> None:
    journal.begun(FILES, run="1", now=NOW)
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    journal.note(settled(FILES[0]), settled(FILES[1], status=UploadStatus.FAILED))
    run = journal.unfinished()
    assert run
    assert run.told == "1 confirmed, 1 without an ID, 0 under way, 0 not begun"
    assert run.left == ()


def test_a_run_is_unfinished_until_it_ended_and_says_how_far_it_came(journal: Journal) -> None:
    more = [*FILES, SessionFile(Path("c.png"), CreativeType.IMAGE, row={"new_filename": "c.png"})]
    assert journal.unfinished() is None
    journal.begun(more, run="1", now=NOW)
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    journal.note(settled(FILES[0]))
    run = journal.unfinished()
    assert run
    assert (run.confirmed, run.under_way, run.not_begun) == ((more[0],), (more[1],), (more[2],))
    assert run.told == "1 confirmed, 1 under way, 1 not begun"
    journal.note(Ended(run="1", at=NOW))
    assert journal.unfinished() is None


def test_two_runs_that_began_in_one_second_are_two(journal: Journal) -> None:
    journal.begun(FILES, run="1", now=NOW)
    journal.note(settled(FILES[0]))
    journal.note(Ended(run="1", at=NOW))
    journal.begun(FILES[1:], run="1", now=NOW)
    run = journal.unfinished()
    assert run
    assert (run.confirmed, run.not_begun) == ((), (FILES[1],))
    assert journal.outcomes("1") == []


def test_what_was_settled_waits_until_it_is_recorded(journal: Journal) -> None:
    journal.note(settled(FILES[0]), settled(FILES[1], "2"), settled(FILES[1], status=STALLED))
    assert {run: [one.file for one in waiting] for run, waiting in journal.unrecorded().items()} == {
        "1": [FILES[0]],
        "2": [FILES[1]],
    }
    journal.note(Recorded(run="1", at=NOW))
    assert [*journal.unrecorded()] == ["2"]


def test_old_runs_are_folded_away_unless_something_of_them_is_open(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FULL", 40)
    for number in range(30):
        run, file = f"{number:02}", SessionFile(Path(f"{number}.png"), CreativeType.IMAGE)
        journal.begun([file], run=run, now=NOW)
        journal.handed_over([file], section=SECTION, run=run, now=NOW)
        journal.note(*([settled(file, run)] if number not in (1, 2) else []))
        if number != 3:
            journal.note(Recorded(run=run, at=NOW))
        journal.note(Ended(run=run, at=NOW))
    assert len(journal.path.read_bytes().splitlines()) < 60
    again = Journal(Path(shutil.copy(journal.path, journal.path.parent.parent / "again.jsonl")))
    assert again.in_doubt() == {(SECTION, "1.png"), (SECTION, "2.png")}
    assert [*again.unrecorded()] == ["03"]
    assert (SECTION, "29.png") in again.hand_overs()
    assert (SECTION, "5.png") not in again.hand_overs()


def test_what_a_later_run_settled_is_not_in_doubt_again_when_that_run_is_folded_away(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FULL", 20)
    journal.begun(FILES, run="00", now=NOW)
    journal.handed_over(FILES, section=SECTION, run="00", now=NOW)
    journal.begun(FILES[:1], run="01", now=NOW)
    journal.note(settled(FILES[0], "01"))
    journal.note(Recorded(run="01", at=NOW))
    for number in range(2, 20):
        journal.begun([], run=f"{number:02}", now=NOW)
        journal.note(Ended(run=f"{number:02}", at=NOW))
    assert len(journal.path.read_bytes().splitlines()) < 35
    assert Journal(journal.path).in_doubt() == {(SECTION, "b.png")}


@given(
    st.text(), st.sampled_from(CreativeType), st.dictionaries(st.text(), st.text(), max_size=3),
    st.none() | st.dates(), st.sampled_from([*UploadStatus]), st.none() | st.sampled_from(ReviewStatus),
)  # fmt: skip
def test_what_was_settled_is_read_back_as_it_was(
    name: str, kind: CreativeType, row: dict[str, str], day: date | None, status: UploadStatus,
    review: ReviewStatus | None,
) -> None:  # fmt: skip
    file = SessionFile(Path(name.replace("\0", "")), kind, unique_id=name, duration=1.5, row=row)
    creative = Creative("1", name, day, creative_type=kind, review_status=review)
    one = Settled(at=NOW, run="1", file=file, status=status, creative=creative, message=name, day=day)
    entry = entry_of(one)
    assert event_of(entry._replace(data=json.loads(json.dumps(entry.data)))) == one


def test_the_pace_of_a_batch_is_its_seconds_a_file_without_the_time_that_a_stalled_one_took(journal: Journal) -> None:
    assert journal.paces() == {}
    for run, seconds in (("1", 10), ("2", 30)):
        journal.handed_over(FILES, section=SECTION, run=run, now=NOW)
        journal.note(*(settled(file, run, at=NOW + timedelta(seconds=seconds)) for file in FILES))
    journal.handed_over(FILES, section=SECTION, run="3", now=NOW)
    journal.note(settled(FILES[0], "3", STALLED, NOW + timedelta(seconds=300)))
    assert journal.paces() == {SECTION: [5.0, 15.0]}
