"""What was handed over is in doubt until it is settled, whatever happens to the program in between."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tjtools.errors import TrackingFileError
from tjtools.journal import STALLED, Journal
from tjtools.models import CreativeType, Section, SessionFile

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
FILES = [SessionFile(Path(name), CreativeType.IMAGE) for name in ("a.png", "b.png")]
SECTION = Section.STATIC_BANNER


def test_handed_over_is_in_doubt_until_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "tracking" / ".tjtools" / "journal.jsonl")
    assert journal.in_doubt() == set()
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    journal.settled([(FILES[0], "success", "1032530571")], section=SECTION, run="1", now=NOW)
    assert journal.in_doubt() == {(SECTION, "b.png")}


def test_a_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.path.write_text('{"x": 1}\n', "utf-8")
    with pytest.raises(TrackingFileError, match=r"journal\.jsonl:1: this is no event"):
        journal.in_doubt()


def test_a_time_out_leaves_the_file_in_doubt_until_it_is_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "tracking" / ".tjtools" / "journal.jsonl")
    journal.handed_over(FILES, section=SECTION, run="1", now=NOW)
    journal.settled([(FILES[0], STALLED, "")], section=SECTION, run="1", now=NOW)
    assert (journal.stalled(), len(journal.in_doubt())) == ({(SECTION, "a.png")}, 2)
    journal.settled([(FILES[0], "duplicate", "1032530571")], section=SECTION, run="2", now=NOW)
    assert (journal.stalled(), journal.in_doubt()) == (set(), {(SECTION, "b.png")})


def test_a_line_that_a_crash_tore_did_not_happen_and_harms_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "tracking" / ".tjtools" / "journal.jsonl")
    journal.handed_over(FILES[:1], section=SECTION, run="1", now=NOW)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + whole[: len(whole) // 2])
    journal.handed_over(FILES[1:], section=SECTION, run="2", now=NOW)
    assert journal.in_doubt() == {(SECTION, "a.png"), (SECTION, "b.png")}
    assert journal.hand_overs() == {(SECTION, "a.png"): 1, (SECTION, "b.png"): 1}


def test_the_pace_of_a_batch_is_its_seconds_a_file_without_the_time_that_a_stalled_one_took(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "tracking" / ".tjtools" / "journal.jsonl")
    assert journal.paces() == {}
    for run, seconds in (("1", 10), ("2", 30)):
        journal.handed_over(FILES, section=SECTION, run=run, now=NOW)
        known = [(file, "success", "1032530571") for file in FILES]
        journal.settled(known, section=SECTION, run=run, now=NOW + timedelta(seconds=seconds))
    journal.handed_over(FILES, section=SECTION, run="3", now=NOW)
    journal.settled([(FILES[0], STALLED, "")], section=SECTION, run="3", now=NOW + timedelta(seconds=300))
    assert journal.paces() == {SECTION: [5.0, 15.0]}
