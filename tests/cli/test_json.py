"""The shapes of `--json`: programs read them, so they stay, whatever the records behind them are called."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path

import pytest

from tjtools.cache.history import Observation
from tjtools.cli import plain, print_json
from tjtools.cli.session import of_outcome, of_review
from tjtools.cli.workspace import of_finding
from tjtools.diff.libraries import FieldChange, LibraryDifference
from tjtools.diff.repeats import Known, Repeat, RepeatKind
from tjtools.diff.session import FileReview, Verdict
from tjtools.health.doctor import Finding
from tjtools.media import Fingerprint, MediaFacts
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, SessionFile, UploadStatus
from tjtools.model.errors import TJToolsError
from tjtools.site import Element
from tjtools.site.inspection import ElementState
from tjtools.upload import Outcome
from tjtools.workspace.csvfile import BadLine

KNOWN = Creative("7", "a.mp4", date(2025, 11, 13), "640x360", "mp4", CreativeType.VIDEO, ReviewStatus.PENDING)
TOLD = {
    "creative_id": "7",
    "filename": "a.mp4",
    "upload_date": "2025-11-13",
    "dimensions": "640x360",
    "file_type": "mp4",
    "creative_type": "video",
    "review_status": "pending",
}
UNKNOWN = dict.fromkeys(TOLD) | {"creative_id": "8", "filename": "b"}
FILE = SessionFile(Path("uploaded/a.mp4"), CreativeType.VIDEO)
REPEATED = Known(
    Fingerprint(MediaFacts(3000, "mp4", 640, 360, 4.04), "c0ffee"),
    "a.mp4",
    KNOWN,
    Path("a.mp4"),
    (Observation("2025-11-14T08:00:00Z", "7", "a.mp4", "pending", "rejected", "2025-11-13T08:00:00Z", "sync"),),
)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (KNOWN, TOLD),
        (Creative("8", "b"), UNKNOWN),
        (BadLine(3, "no ID", "x,y"), {"line": 3, "reason": "no ID", "text": "x,y"}),
        (
            LibraryDifference(added=(KNOWN,), renamed=(FieldChange("7", "a.mp4", "filename", "", "a.mp4"),)),
            {
                "added": [TOLD],
                "removed": [],
                "status_changed": [],
                "renamed": [
                    {"creative_id": "7", "filename": "a.mp4", "field": "filename", "old": None, "new": "a.mp4"}
                ],
                "other": [],
            },
        ),
        (
            of_outcome(Outcome(FILE, UploadStatus.UNKNOWN_ID)),
            {
                "file_name": "a.mp4",
                "creative_type": "video",
                "status": "unknown_id",
                "creative_id": None,
                "message": "",
            },
        ),
        (
            of_finding(Finding("Browser", True, "Chromium")),
            {"what": "Browser", "well": True, "found": "Chromium", "remedy": ""},
        ),
        (
            of_finding(Finding("Pages", False, "1", "Mend", (Element("card.name", ".x", "a", "b", ElementState.OK),))),
            {
                "what": "Pages",
                "well": False,
                "found": "1",
                "remedy": "Mend",
                "elements": [{"name": "card.name", "selector": ".x", "expected": "a", "found": "b", "state": "ok"}],
            },
        ),
        (
            of_review(
                FileReview(
                    FILE,
                    Verdict.NEAR_DUPLICATE,
                    "looks like it",
                    known=(KNOWN,),
                    notes=("note",),
                    repeats=(Repeat(RepeatKind.LOOKS_SAME, REPEATED, REPEATED, 0.98765),),
                )
            ),
            {
                "file_name": "a.mp4",
                "creative_type": "video",
                "verdict": "near duplicate",
                "reason": "looks like it",
                "creative_id": None,
                "known": [TOLD],
                "notes": ["note"],
                "repeats": [
                    {
                        "kind": "looks the same",
                        "how": "",
                        "closeness": 0.9877,
                        "decision": "undecided",
                        "creative": TOLD,
                        "name": "a.mp4",
                        "path": "a.mp4",
                        "checksum": "c0ffee",
                        "bytes": 3000,
                        "dimensions": "640x360",
                        "seconds": 4.04,
                        "rejected_at": "2025-11-14T08:00:00Z",
                        "history": [
                            {
                                "observed_at": "2025-11-14T08:00:00Z",
                                "creative_id": "7",
                                "filename": "a.mp4",
                                "from_status": "pending",
                                "to_status": "rejected",
                                "previous_seen_at": "2025-11-13T08:00:00Z",
                                "source": "sync",
                            }
                        ],
                    }
                ],
            },
        ),
        ({"stopped": TJToolsError("It ended.")}, {"stopped": "It ended."}),
    ],
)
def test_a_record_keeps_its_shape(record: object, told: object) -> None:
    shown = plain(record)
    assert shown == told
    assert str(shown) == str(told)  # the order, too


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp1251", "ascii"])
def test_it_is_json_in_whatever_encoding_the_output_has(encoding: str) -> None:
    name = "café 😀 \x1b[2J \udce9.mp4"
    output = io.TextIOWrapper(io.BytesIO(), encoding, errors="backslashreplace")  # as the command sets it
    with redirect_stdout(output):
        print_json([name])
    output.seek(0)
    assert json.loads(output.read()) == [name]
