"""Every file that a person or another program can write, damaged: random bytes, and changes of valid files.

    pytest tests/fuzz/test_damaged.py --hypothesis-profile long

runs longer. `tests/fuzz/csv_reader.py` drives the CSV reader by coverage.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from world import NOW, UPLOADED

from tjtools.analysis.estimates import time_in_review, waiting
from tjtools.analysis.frame import library_frame
from tjtools.analysis.reviews import observations, reviews
from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.history import History, Seen, Source, acknowledge, acknowledged
from tjtools.cache.inventory import COLUMNS as SESSION_COLUMNS
from tjtools.cache.inventory import load_session, master_ids, rebuild_cache, record_in_master
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.snapshots import read_snapshot, snapshots_of
from tjtools.diff.libraries import diff_libraries
from tjtools.diff.repeats import Content, Decision, Decisions, known_creatives
from tjtools.health.status import overview
from tjtools.health.verify import verify
from tjtools.media import Children
from tjtools.media.content import Fingerprints
from tjtools.media.copies import Copies
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile, UploadStatus
from tjtools.model.errors import TJToolsError, TrackingFileError, UnsafePath
from tjtools.prepare.delivery import AS_IS, look_through
from tjtools.prepare.intake import plan_session
from tjtools.prepare.naming import COLUMNS as DEFAULTS
from tjtools.prepare.naming import Defaults
from tjtools.prepare.remembered import file_of, known_sources, preparations
from tjtools.prepare.session import write_session
from tjtools.scrape.reading import Certificate, SiteReading
from tjtools.scrape.refresh import keep_coverage, read_coverage
from tjtools.site.driver import load_browser_session
from tjtools.site.sitepage import load_selectors
from tjtools.upload.campaign import NATIVE_COLUMNS
from tjtools.upload.journal import Begun, Ended, HandedOver, Journal, Recorded, Settled, entry_of
from tjtools.upload.on_demand import Overrides
from tjtools.upload.plan import load_choice, save_choice
from tjtools.upload.resume import only_live_run, stop_request, watched
from tjtools.upload.run_files import STATUS_COLUMNS, last_live_run, load_runs
from tjtools.workspace.csvfile import BadLine, encoded, quarantine, read_table
from tjtools.workspace.derived import VARIABLE, cache_file
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits
from tjtools.workspace.log import Entry, Log
from tjtools.workspace.settings import load_settings


def _picture() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((300, 250), 40).save(data, "png")
    return data.getvalue()


LIBRARY = (
    f"{','.join(COLUMNS)}\n1032530571,a.mp4,2025-11-13,640x360,mp4,native_video,pending\n"
    '1032530571,a,,,,Native Rollover,Approved\n1032530581,"say ""hi"", ok",,300x250,.PNG,image,removed\n'
    "1.03E+09,b,,,,,\n1032530591,c.png,13/11/2025,,,,rejected"
)
CLEAN = LIBRARY.replace("1.03E+09,b,,,,,\n", "")
INVENTORY = (
    f"{','.join(SESSION_COLUMNS)},tj_creative_id,tj_upload_date\n"
    "99A0D7C3,o.mp4,a.mp4,Ana,EN,Sports,Generic,native_video,4.0,16:9,640,360,1.2,mp4,2025-11-13,x,,p1,1032530571,2025-11-13\n"
    '75BC7B51,,"b, c.png",,,Gaming,,image,,,300,250,0.1,png,,,"two\nlines",,,\n'
)
HISTORY = (
    f"{','.join(HISTORY_COLUMNS)}\n2025-11-13T12:00:00Z,1032530571,a.mp4,,pending,,upload\n"
    "2025-11-14T12:00:00Z,1032530571,a.mp4,pending,approved,2025-11-13T12:00:00Z,sync\n"
)
CAMPAIGN = ",".join(NATIVE_COLUMNS) + '\n"clip","https://example.com/?a=1,2","1","2","Now","Us"\n'
STATUS = (
    f"{','.join(STATUS_COLUMNS)}\n99A0D7C3,a.mp4,uploaded/a.mp4,2025-11-13,12:00:00,TrafficJunky,1032530571,success,,"
    "native_video,p1,0\n,b.png,uploaded/b.png,2025-11-13,12:00:01,TrafficJunky,,failed,too large,image,,1\n"
)
METADATA = (
    f"# for Ana's folders\n{','.join(DEFAULTS)}\nSports,,F,Real,Ana,en,SFW,,\n"
    '"delivery 3/Big Garden",Big Garden,MFT,both,"Bea, and Cleo",ES,nsfw,Generic,12\n# the end\n'
)
_FILES = tuple(SessionFile(Path(f"/w/{name}"), CreativeType.IMAGE, row={"notes": "x"}) for name in ("a.png", "b.png"))
_BECAME = Creative("1032530571", "a.png", NOW.date(), "300x250", "png", CreativeType.IMAGE, ReviewStatus.PENDING)
_NOTED = (
    Begun(at=NOW, run="r", files=_FILES),
    HandedOver(at=NOW, run="r", section=Section.STATIC_BANNER, files=("a.png", "b.png"), newest="1032530561"),
    Settled(at=NOW, run="r", file=_FILES[0], status=UploadStatus.SUCCESS, creative=_BECAME, day=NOW.date()),
    Settled(at=NOW, run="r", file=_FILES[1], status="stalled"),
    Recorded(at=NOW, run="r"),
    Ended(at=NOW, run="r"),
)
_PAIR = {"checksum": "ab" * 32, "other_checksum": "0f" * 32, "name": "a.mp4", "other_name": "b.mp4"}
_PLANNED = {"files": [["Native Rollover", "a.mp4"], ["Static Banner", "b.png"]], "left_out": [], "contents": []}
_SEEN = {"checksum": "ab" * 32, "looks": "0123456789abcdef", "method": "1", "bytes": 1200, "container": "png"}
_PREPARED = {
    "folder": "/w/delivery",
    "files": {"EN_Sports_ID-1.png": "ab" * 32, "Image/IMG_EN_Sports_ID-2.png": "cd" * 32},
    "sources": [
        {"name": "a b.png", "made": [["EN_Sports_ID-1.png", "image", "ab" * 32]], **_SEEN},
        {"name": "c.png", "made": [["IMG_EN_Sports_ID-2.png", "native_image", "cd" * 32]], **_SEEN},
    ],
    "replaced": [],
}
_MENDED = {
    "folder": "the review",
    "files": {"EN_Sports_ID-1.png": "ef" * 32, "ORG_EN_Sports_ID-1.png": "ab" * 32},
    "sources": [{"name": "EN_Sports_ID-1.png", "made": [["EN_Sports_ID-1.png", "image", "ef" * 32]], **_SEEN}],
    "replaced": ["EN_Sports_ID-1.png"],
}
_TOLD = (
    Entry("snapshot", NOW, {"lines": 2, "away": ["7"]}),
    *map(entry_of, _NOTED),
    Entry("prepared", NOW, _PREPARED, "20251113T120000-1a2b3c4d"),
    Entry("prepared", NOW, _PREPARED | {"files": {}}, "20251113T120000-4d3c2b1a"),
    Entry("mended", NOW, _MENDED, "20251113T120001-1a2b3c4d"),
    Entry("unprepared", NOW, {}, "20251113T120000-4d3c2b1a"),
    Entry("decided", NOW, {"decision": "skip", **_PAIR}, "a pair"),
    Entry("planned", NOW, _PLANNED, ""),
    Entry("acknowledged", NOW, {"until": "2025-11-13T12:00:00Z", "rows": 3}, ""),
)
LOG = UPLOADED + "".join(f"{one._replace(id=str(at)).written().raw.decode()}\n" for at, one in enumerate(_TOLD))
JOURNAL = "".join(f'{{"event": "{one.event}", {one.model_dump_json(exclude={"event"})[1:]}\n' for one in _NOTED)
FINGERPRINTS = (
    "seen_at,path,mtime_ns,bytes,checksum,container,width,height,seconds,codec,turned,frames,trouble,looks,method,"
    f"creative_id,filename,creative_type\n2025-11-13T12:00:00Z,a.mp4,1763035200000000000,1200,{'ab' * 32},mp4,640,360,"
    f"4,h264,,100,,{' '.join(['0123456789abcdef'] * 5)},1,1032530571,a.mp4,native_video\n"
)
DECISIONS = (
    "decided_at,decision,checksum,other_checksum,name,other_name\n"
    f"2025-11-13T12:00:00Z,skip,{'ab' * 32},{'0f' * 32},a.mp4,b.mp4\n"
)
OVERRIDES = "name,creative_id,category,target_url,headline\na.mp4,,,https://a.example,Go\n,1032530571,,,Look\n"
PLAN = json.dumps({"saved_at": "2025-11-13T12:00:00+00:00", **_PLANNED})
LAST_SEEN = '{"1032530571": ["pending", "2025-11-13T12:00:00Z"], "1032530581": ["approved", "2025-11-13T12:00:00Z"]}'
COVERED = '{"Native Rollover": ["1032530571", "1032530561"], "Static Banner": []}'
CERTIFICATE = '{"source": "refresh", "sections": [{"section": "Native Rollover", "verdict": "complete", "total": 3}]}'
SIGN_IN = '{"cookies": [{"name": "s", "value": "x", "domain": "127.0.0.1", "path": "/", "expires": -1}], "origins": []}'
SETTINGS = (
    '[site]\nkind = "sandbox"\norigin = "http://127.0.0.1:8642"\naccount = "demo"\n[browser]\nheadless = true\n'
    '[upload]\nbatch_size = 5\ncard_timeout = 7.5\n[reading]\ntabs = 2\n[campaign]\ntarget_url = "https://example.com"\n'
)
DOTENV = "TJTOOLS_UPLOAD__BATCH_SIZE=4\nTJTOOLS_USERNAME=ana\nTJTOOLS_PASSWORD='x y'\nexport OTHER=\"a\\nb\" # c\n"
SELECTORS = "[card]\nname = 'label.creativeName'\n[library]\ntotal = '.dataTables_info'\n"
LIMITS = (
    'checked = 2026-12-01\n[image]\nsizes = ["300x250"]\nmax_bytes = 300_000\n'
    "[video]\nmin_seconds = 5\nmax_seconds = 31.5\n"
)


_PENDING = ReviewStatus.PENDING
PICTURE = _picture()


class Kind(NamedTuple):
    """A file that somebody writes: where it lies, a valid one, and what reads it."""

    path: Callable[[Workspace], Path]
    valid: str
    read: Callable[[Workspace], object]


def read_overrides(workspace: Workspace) -> object:
    return Overrides.load(workspace.overrides, load_limits().campaign)


def read_history(workspace: Workspace) -> object:
    history = History.of(workspace)
    return history.load(), history.rows(), history.last_times()


def analyse_history(workspace: Workspace) -> object:
    history = History.of(workspace)
    stays = reviews(observations(history.load()[0]), history.last_times())
    return time_in_review(stays, repeats=5), waiting(stays, library_frame(Library.load(workspace.library)), NOW)


def read_log(workspace: Workspace) -> object:
    """All that it tells, to all who ask; a plan that can't be read is refused last."""
    journal, kept = Journal(workspace.log), Fingerprints.load(workspace)
    seen = [one.fingerprint for one in kept.uploads()]
    told = (journal.unfinished(), journal.unrecorded(), journal.stalled(), journal.hand_overs(), journal.paces())
    with Children(cores=1) as room:
        copies = Copies(seen, kept, room)
        alike = [[*copies.of(place, lambda _: True)] for place in range(len(seen))]
    looks = (
        alike,
        [kept.thumbnail(one) for one in seen],
        Decisions.load(workspace),
    )
    prepared = preparations(workspace)
    sources = [source for one in prepared for source in one.sources]
    known = known_sources(sources, known_creatives(Library.load(workspace.library), kept), kept)
    for one in prepared:
        one.uploaded(workspace)
        for path in (*one.files, *one.replaced):
            with suppress(UnsafePath):
                file_of(workspace, path)
    return told, looks, prepared, known, acknowledged(workspace), load_choice(workspace)


def beside(name: str) -> Callable[[Workspace], Path]:
    return lambda place: place.private / name


def read_library(workspace: Workspace) -> object:
    library = Library.load(workspace.library)
    return [library.find(one.filename, one.creative_type) for one in library], library.bad_lines, library.conflicts


KINDS = {
    "library": Kind(lambda place: place.library, LIBRARY, read_library),
    "library at a glance": Kind(lambda place: place.library, LIBRARY, lambda place: overview(place, now=NOW)),
    "snapshot": Kind(lambda place: place.library, CLEAN, lambda place: read_snapshot(place.library)),
    "two snapshots": Kind(
        lambda place: place.library, CLEAN, lambda place: diff_libraries(*map(read_snapshot, [place.library] * 2))
    ),
    "session": Kind(lambda place: place.session, INVENTORY, load_session),
    "master": Kind(lambda place: place.master, INVENTORY, master_ids),
    "history": Kind(lambda place: place.history, HISTORY, read_history),
    "status CSV": Kind(lambda place: place.status_file(NOW), STATUS, last_live_run),
    "quarantine": Kind(
        lambda place: place.library.with_suffix(".quarantine.csv"),
        "line,reason,text\n7,2 fields instead of 3,1\n",
        lambda place: read_table(place.library.with_suffix(".quarantine.csv"), ("line", "reason", "text")),
    ),
    "log": Kind(lambda place: place.log, LOG, read_log),
    "conflict copy of the log": Kind(beside("log-OFFICE-PC.jsonl"), LOG, read_log),
    "journal of 0.1": Kind(beside("journal.jsonl"), JOURNAL, read_log),
    "fingerprints of 0.1": Kind(beside("fingerprints.csv"), FINGERPRINTS, read_log),
    "decisions of 0.1": Kind(beside("decisions.csv"), DECISIONS, read_log),
    "plan of 0.1": Kind(beside("plan.json"), PLAN, read_log),
    "acknowledged of 0.1": Kind(beside("acknowledged.json"), '{"until": "2025-11-13T12:00:00Z", "rows": 3}', read_log),
    "last seen of 0.1": Kind(beside("last_seen.json"), LAST_SEEN, read_history),
    "coverage of 0.1": Kind(beside("covered.json"), COVERED, read_coverage),
    "certificate": Kind(lambda place: place.snapshots / "20251113T120000.json", CERTIFICATE, snapshots_of),
    "metadata defaults": Kind(lambda place: place.defaults, METADATA, Defaults.load),
    "campaign": Kind(lambda at: at.campaigns / "Batch001_20251113_120000_Native.csv", CAMPAIGN, verify),
    "overrides": Kind(lambda at: at.overrides, OVERRIDES, read_overrides),
    "history, analysed": Kind(lambda at: at.history, HISTORY, analyse_history),
    "all runs": Kind(lambda at: at.status_file(NOW), STATUS, load_runs),
    "sign-in": Kind(lambda place: place.browser_session, SIGN_IN, lambda at: load_browser_session(at.browser_session)),
    "settings": Kind(lambda place: place.settings_file, SETTINGS, load_settings),
    "environment": Kind(lambda place: place.root / ".env", DOTENV, load_settings),
    "selectors": Kind(lambda place: place.selectors_file, SELECTORS, lambda at: load_selectors(at.selectors_file)),
    "limits": Kind(lambda place: place.limits_file, LIMITS, lambda place: load_limits(place.limits_file)),
}  # fmt: skip
CSV = [name for name, kind in KINDS.items() if kind.path(Workspace(Path())).suffix == ".csv"]
JSON = ["log", "conflict copy of the log", "journal of 0.1", "plan of 0.1", "last seen of 0.1", "coverage of 0.1"]
JSON += ["certificate", "acknowledged of 0.1", "sign-in"]
TOML = ["settings", "selectors", "limits"]

SHARP = (
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"[",
    b"{",
    b"}",
    b"=",
    b"'",
    b"\x1b[31m",
    b"\\",
)
pieces = (
    st.binary(max_size=12)
    | st.sampled_from(SHARP)
    | st.text(max_size=6).map(lambda text: text.encode("utf-8", "ignore"))
)


@st.composite
def damaged(draw: st.DrawFn, valid: bytes) -> bytes:
    """A valid file after a few cuts, insertions, copies and changes of encoding; or nothing but random bytes."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=300))
    data = valid
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + draw(st.sampled_from([0, 1, 8, 200])))))
        middle = draw(st.one_of(pieces, st.just(data[start:end] * 2), st.just(b"9" * 5000)))
        data = data[:start] + middle + data[end:]
    if draw(st.integers(0, 9)) == 0:
        data = data.decode("utf-8", "replace").encode(draw(st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le"])))
    return data


values = st.recursive(
    st.one_of(
        st.sampled_from([None, True, 10**400, "\ud800", "2025-13-45"]), st.integers(), st.floats(), st.text(max_size=8)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, told: Any) -> Any:
    """A JSON value with another one somewhere in it."""
    if isinstance(told, dict) and told and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(told)))
        return told | {key: draw(changed(told[key]))}
    if isinstance(told, list) and told and draw(st.booleans()):
        at = draw(st.integers(0, len(told) - 1))
        return [*told[:at], draw(changed(told[at])), *told[at + 1 :]]
    return draw(values)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is damaged here is not what the tests after it read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One workspace for all examples of a test: each writes its file anew."""
    workspace = Workspace(tmp_path_factory.mktemp("fuzz").resolve())
    for folder in (
        workspace.private / "snapshots",
        workspace.upload_logs,
        workspace.campaigns,
        workspace.root / "uploaded",
    ):
        folder.mkdir(parents=True)
    (workspace.snapshots / "20251113T120000.csv").write_text(LIBRARY, "utf-8")
    return workspace


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read(place: Workspace, name: str, data: bytes) -> object:
    """Read a damaged file: it comes back or is refused in words, and nothing on the disk changes."""
    kind = KINDS[name]
    path = kind.path(place)
    path.write_bytes(data)
    before = contents(place.root)
    found, refused = None, None
    try:
        found = kind.read(place)
    except TJToolsError as error:
        refused = error
    assert contents(place.root) == before
    path.unlink()
    if refused:
        assert str(path) in str(refused) or str(place.log) in str(refused)
        assert refused.remedy
    return found


@pytest.mark.parametrize("name", KINDS)
def test_a_valid_file_is_read(place: Workspace, name: str) -> None:
    assert read(place, name, KINDS[name].valid.encode()) is not None


@pytest.mark.parametrize("name", KINDS)
@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_words_and_left_alone(
    place: Workspace, name: str, data: st.DataObject
) -> None:
    read(place, name, data.draw(damaged(KINDS[name].valid.encode())))


@pytest.mark.parametrize("name", JSON)
@settings(deadline=None)
@given(data=st.data())
def test_json_of_another_shape_is_read_or_refused_in_words(place: Workspace, name: str, data: st.DataObject) -> None:
    lines = KINDS[name].valid.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = json.dumps(data.draw(changed(json.loads(lines[at]))))
    read(place, name, "\n".join(lines).encode())


@pytest.mark.parametrize("name", [*JSON, *TOML])
def test_what_is_nested_without_end_is_refused_in_words(place: Workspace, name: str) -> None:
    deep = "[" * 100_000
    read(place, name, f"checked = {deep}".encode() if name in TOML else deep.encode())


FOUND = {
    "an old Mac's line ends": ("library", f"{','.join(COLUMNS)}\r1,a,,,,,\r"),
    "NUL in a header below a blank line": ("library", f"\n{','.join(COLUMNS)},x\0\n1,a,,,,,,\n"),
    "a number of 5,000 digits": ("settings", f"[upload]\nbatch_size = {'9' * 5000}\n"),
    "a limit of 400 digits": ("limits", f"checked = 2026-12-01\n[image]\nmax_bytes = {'9' * 400}\n"),
    "a port that is none": ("settings", '[site]\nkind = "sandbox"\norigin = "http://127.0.0.1:99999"\n'),
    "a selector of nothing": ("selectors", '[sign_in]\naddress = ""\n'),
    "a .env in another encoding": ("environment", "TJTOOLS_USERNAME=caf\udce9"),
    "a session of another kind": ("sign-in", '{"cookies": [1], "origins": []}'),
}


@pytest.mark.parametrize("found", FOUND)
def test_what_fuzzing_found_once_is_refused_in_words(place: Workspace, found: str) -> None:
    name, text = FOUND[found]
    assert read(place, name, text.encode("utf-8", "surrogateescape")) is None


def noted(kind: str) -> str:
    """The last event of a kind in the log."""
    return next(line for line in reversed(LOG.splitlines()) if f'"kind": "{kind}"' in line)


NO_EVENTS = {
    "a hash that is no hash": UPLOADED.replace("0123456789abcdef", "0x23456789abcdef"),
    "an ID that is none": UPLOADED.replace('"1032530571", "filename"', '"1.03E+09", "filename"'),
    "seconds without end": UPLOADED.replace("4.0", "1e999"),
    "a section that is a list": noted("handed_over").replace('"Static Banner"', "[]"),
    "an event without its run": noted("ended").replace('"run"', '"x"'),
    "a decision that is none": noted("decided").replace("skip", "skipp"),
    "a time without a zone": noted("acknowledged").replace("00Z", "00", 1),
    "files that are a list": noted("prepared").replace('"files": {}', '"files": [7]'),
    "a path that is no text": noted("prepared").replace('"files": {}', '"files": {"\\ud800.png": ""}'),
    "looks that are a number": noted("prepared").replace('"looks": "0123456789abcdef"', '"looks": {}'),
    "a type that is none": noted("prepared").replace('"native_image"', "3"),
    "a mend of two files": noted("mended").replace('"sources": [', '"sources": [{}, '),
    "a mend of a file without a content": noted("mended").replace('"checksum"', '"x"'),
    "a word that nobody said": noted("acknowledged").replace('"rows": 3', '"rows": "many"'),
}


@pytest.mark.parametrize("found", NO_EVENTS)
def test_an_event_that_cannot_be_understood_is_reported_and_the_rest_counts(place: Workspace, found: str) -> None:
    place.log.write_text(LOG + NO_EVENTS[found].strip().replace('"id": "', '"id": "again') + "\n", "utf-8")
    assert read_log(place)
    assert [bad.line for bad in Log.at(place.log).bad_lines] == [len(LOG.splitlines()) + 1]
    place.log.unlink()


def test_a_file_among_the_snapshots_that_is_called_otherwise_is_none(place: Workspace) -> None:
    for name in ("20251113T120000 (copy).csv", "2025T1.csv", "99999999T999999.csv"):
        (place.snapshots / name).touch()
    assert [one.name for one in snapshots_of(place)] == ["20251113T120000"]


def test_a_row_of_the_master_without_a_name_costs_no_other(place: Workspace) -> None:
    place.master.write_text(INVENTORY.replace(",a.mp4,", ",,").replace(",,,\n", ",,1032530581,\n"), "utf-8")
    rebuilt = rebuild_cache(place, now=NOW)
    assert (rebuilt.added, [bad.line for bad in rebuilt.bad_lines]) == (1, [2])
    _clear(place.master, place.library)


toml_values = st.one_of(
    st.integers().map(str),
    st.sampled_from(["9" * 400, "9" * 5000, "-1", "nan", "inf", "1e999", "2025-13-01", "2025-11-13T12:00:00", "true"]),
    st.sampled_from(['""', '"x"', "[]", "[[]]", '["300x250", 3]', "{}", "{a = 1}", "''", '"\\u0000"', '"http://["']),
    st.floats().map(repr),
)


@pytest.mark.parametrize("name", TOML)
@settings(deadline=None)
@given(data=st.data())
def test_settings_of_another_kind_are_refused_in_words(place: Workspace, name: str, data: st.DataObject) -> None:
    lines = KINDS[name].valid.splitlines()
    at = data.draw(st.sampled_from([at for at, line in enumerate(lines) if " = " in line]))
    lines[at] = f"{lines[at].partition(' = ')[0]} = {data.draw(toml_values)}"
    read(place, name, "\n".join(lines).encode())


GOOD = {
    "library": [["1032530601", "good, one.mp4", "", "", "", "", "pending"], ["1032530611", "two.mp4", *[""] * 5]],
    "session": [["1", "", name, *[""] * 4, "image", *[""] * 10] for name in ("good, one.png", "two.png")],
    "history": [["2025-11-13T12:00:00Z", "1", "good, one", "", "pending", "", "sync"], ["", "2", "two", *[""] * 4]],
    "metadata defaults": [[f"{name}, one", "", "F", "Real", "Ana", "EN", "SFW", "", ""] for name in ("good", "two")],
}
HEADERS = {
    "library": COLUMNS,
    "session": SESSION_COLUMNS,
    "history": HISTORY_COLUMNS,
    "metadata defaults": DEFAULTS,
}
rubbish = st.binary(min_size=1, max_size=40).filter(
    lambda data: data.count(b",") < 3 and not set(data) & set(b'\r\n"#')
)


def good_and_bad(place: Workspace, name: str) -> tuple[int, list[int]]:
    """How many records of `GOOD` were read, and the lines that were reported."""
    if name == "library":
        library = Library.load(place.library)
        return sum(bool(library.get(row[0])) for row in GOOD[name]), [bad.line for bad in library.bad_lines]
    if name == "session":
        session = load_session(place)
        names = {file.name for file in session.files}
        return sum(row[2] in names for row in GOOD[name]), [bad.line for bad in session.bad_lines]
    if name == "metadata defaults":
        defaults = Defaults.load(place)
        paths = {row["folder_path"] for row in defaults.rows.values()}
        return sum(row[0] in paths for row in GOOD[name]), [bad.line for bad in defaults.bad]
    frame, bad = History.of(place).load()
    return sum((frame["filename"] == row[2]).any() for row in GOOD[name]), [one.line for one in bad]


@pytest.mark.parametrize("name", GOOD)
@settings(deadline=None)
@given(before=st.lists(rubbish, max_size=4), between=st.lists(rubbish, max_size=4), open_quote=st.booleans())
def test_bad_lines_are_reported_by_number_and_cost_no_good_one(
    place: Workspace, name: str, before: list[bytes], between: list[bytes], open_quote: bool
) -> None:
    path, (one, two) = KINDS[name].path(place), encoded(Path(), GOOD[name])
    header = ",".join(HEADERS[name]).encode()
    bad = [*between, *([b'1,"torn'] if open_quote else [])]
    path.write_bytes(b"\n".join([header, *before, one.rstrip(b"\n"), *bad, two]))
    found, reported = good_and_bad(place, name)
    path.unlink()
    assert found == len(GOOD[name])
    numbered = [*enumerate(before, 2), *enumerate(bad, 3 + len(before))]
    assert {at for at, line in numbered if line.strip(b"\0 \t")} <= set(reported)


@settings(deadline=None)
@given(before=st.lists(rubbish, max_size=4), between=st.lists(rubbish, max_size=4))
def test_bad_lines_of_the_log_are_quarantined_by_number_and_cost_no_event(
    place: Workspace, before: list[bytes], between: list[bytes]
) -> None:
    first, *others = LOG.encode().splitlines()
    lines = [*before, first, *between, *others]
    place.log.write_bytes(b"\n".join(lines) + b"\n")
    events = len(Journal(place.log).events())
    acknowledge(place, Seen(NOW, 4))
    assert (len(Journal(place.log).events()), acknowledged(place)) == (events, Seen(NOW, 4))
    assert (events, len(list(Fingerprints.load(place).uploads()))) == (len(_NOTED), 1)
    aside = place.log.with_suffix(".quarantine.jsonl")
    told = [json.loads(line) for line in aside.read_text("utf-8").splitlines()] if aside.exists() else []
    assert [one["line"] for one in told] == [
        at for at, line in enumerate(lines, 1) if line.strip() and line not in (first, *others)
    ]
    _clear(place.log, aside, place.private / "backups")


@settings(deadline=None)
@given(data=damaged(LIBRARY.encode()))
def test_a_library_that_is_written_anew_holds_the_same_creatives(place: Workspace, data: bytes) -> None:
    place.library.write_bytes(data)
    try:
        before = Library.load(place.library)
    except TrackingFileError:
        return
    creatives, bad = list(before), sorted((*before.bad_lines, *before.doubtful_days))
    before.rewrite(now=NOW)
    after = Library.load(place.library)
    aside = place.library.with_suffix(".quarantine.csv")
    moved = read_table(aside, ("line", "reason", "text")).rows
    assert (list(after), after.bad_lines) == (creatives, ())
    assert [tuple(row.values()) for row in moved] == [(str(one.line), one.reason, one.text) for one in bad]
    _clear(place.private / "backups", aside)


@settings(deadline=None)
@given(data=damaged(LIBRARY.encode()), name=st.text(min_size=1, max_size=12))
def test_a_creative_that_is_added_costs_no_other(place: Workspace, data: bytes, name: str) -> None:
    place.library.write_bytes(data)
    try:
        library = Library.load(place.library)
        before = list(library)
        added = library.add([Creative("5000000001", name)])
    except TrackingFileError:
        return
    after = Library.load(place.library)
    assert list(after)[: len(before)] == before or any(one.creative_id == "5000000001" for one in before)
    assert not added or "5000000001" in after
    _clear(place.private / "backups", place.library.with_suffix(".quarantine.csv"))


@settings(deadline=None)
@given(data=damaged(INVENTORY.encode()))
def test_a_master_that_is_written_anew_holds_the_same_rows(place: Workspace, data: bytes) -> None:
    place.master.write_bytes(data)
    try:
        before = read_table(place.master, ("unique_id", "new_filename", "creative_type"))
    except TrackingFileError:
        return
    record_in_master(place, [])
    after = read_table(place.master, before.header)
    kept = [{column: row[column] for column in before.header} for row in after.rows]
    assert (kept, after.bad) == ([*before.rows], ())
    _clear(place.private / "backups", place.master.with_suffix(".quarantine.csv"))


@settings(deadline=None)
@given(data=damaged(METADATA.encode()), folder=st.text('aé :;,#-"', min_size=1).map(str.strip).filter(bool))
@example(data=b"#", folder="Sports")
def test_an_answer_that_is_kept_costs_no_row_and_no_comment(place: Workspace, data: bytes, folder: str) -> None:
    place.defaults.write_bytes(data)
    try:
        before = Defaults.load(place)
        before.save({folder: {"creator_name": "Ana"}}, now=NOW)
    except TrackingFileError:
        return
    after = Defaults.load(place)
    rows = [dict(row) for row in after.rows.values()]
    kept = [{**dict.fromkeys(after.header, ""), **row} for row in before.rows.values()]
    assert [row for row in kept if row["folder_path"].strip() != folder.strip() and row not in rows] == []
    assert after.of(Path("/w") / folder)["creator_name"] == "Ana"
    assert ([*after.comments.values()], after.bad) == ([*before.comments.values()], ())
    _clear(place.private / "backups", place.defaults, place.defaults.with_suffix(".quarantine.csv"))


@settings(deadline=None)
@given(data=damaged(INVENTORY.encode()))
def test_a_cache_is_rebuilt_from_what_the_master_tells(place: Workspace, data: bytes) -> None:
    """A line of the master that can't be used is reported, and never keeps the others from being used."""
    place.master.write_bytes(data)
    place.library.unlink(missing_ok=True)
    try:
        rebuilt = rebuild_cache(place, now=NOW)
    except TrackingFileError:
        assert not place.library.exists()
        return
    library = Library.load(place.library)
    assert (len(library), library.bad_lines) == (rebuilt.added, ())
    _clear(place.private / "backups", place.library)


@settings(deadline=None)
@given(data=damaged(HISTORY.encode()), last_seen=damaged(LAST_SEEN.encode()))
def test_a_history_that_goes_on_keeps_its_rows(place: Workspace, data: bytes, last_seen: bytes) -> None:
    history, seen = History.of(place), Creative("5000000001", "a", review_status=None)._replace(review_status=_PENDING)
    history.path.write_bytes(data)
    old = place.private / "last_seen.json"
    old.write_bytes(last_seen)
    cache_file().unlink(missing_ok=True)
    try:
        before = history.rows()
        history.record([seen], source=Source.SYNC, now=NOW)
    except TrackingFileError:
        return
    after = history.rows()
    assert {key: rows[: len(before.get(key, ()))] for key, rows in after.items() if key in before} == before
    assert history.last_times()["5000000001"] == ("pending", "2025-11-13T12:00:00Z")
    _clear(place.private / "backups", history.path, old, cache_file(), history.path.with_suffix(".quarantine.csv"))


def covering(creative_id: str) -> SiteReading:
    shown = Creative(creative_id, "a", creative_type=CreativeType.IMAGE)
    return SiteReading((shown,), (Certificate(Section.STATIC_BANNER),))


@settings(deadline=None)
@given(data=damaged(COVERED.encode()))
def test_a_coverage_that_goes_on_keeps_the_other_sections(place: Workspace, data: bytes) -> None:
    old = place.private / "covered.json"
    old.write_bytes(data)
    before = read_coverage(place)
    keep_coverage(place, covering("1"))
    assert read_coverage(place) == before | {Section.STATIC_BANNER: frozenset({"1"})}
    _clear(old, cache_file())


@settings(deadline=None)
@given(at=st.integers(0, 12_000), junk=st.binary(max_size=300), cut=st.booleans())
def test_a_damaged_cache_is_done_without(place: Workspace, at: int, junk: bytes, cut: bool) -> None:
    keep_coverage(place, covering("1"))
    data = cache_file().read_bytes()
    cache_file().write_bytes(data[:at] + junk + (b"" if cut else data[at + len(junk) :]))
    assert read_coverage(place).keys() <= {Section.STATIC_BANNER}
    keep_coverage(place, covering("2"))
    assert read_coverage(place) in ({Section.STATIC_BANNER: frozenset({"2"})}, {})


@settings(deadline=None)
@given(
    files=st.sets(st.tuples(st.sampled_from(Section), st.text(max_size=12))), at=st.datetimes(timezones=st.just(UTC))
)
def test_a_saved_plan_holds_what_was_chosen(place: Workspace, files: set[tuple[Section, str]], at: datetime) -> None:
    choice = save_choice(place, files, now=at)
    assert load_choice(place) == choice
    place.log.unlink()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(deadline=None)
@given(bad=st.lists(st.builds(BadLine, st.integers(1, 10**9), texts, texts), max_size=4))
def test_the_quarantine_keeps_every_line_as_it_was(place: Workspace, bad: list[BadLine]) -> None:
    path = place.tracking / "some.csv"
    quarantine(path, bad)
    rows = read_table(path.with_suffix(".quarantine.csv"), ("line", "reason", "text")).rows
    assert [(row["line"], row["reason"], row["text"]) for row in rows] == [
        (str(one.line), one.reason, one.text) for one in bad
    ]
    _clear(path.with_suffix(".quarantine.csv"))


@settings(deadline=None)
@given(data=damaged(DECISIONS.encode()), name=texts)
def test_a_decision_is_kept_beside_damaged_ones(place: Workspace, data: bytes, name: str) -> None:
    old = place.private / "decisions.csv"
    old.write_bytes(data)
    try:
        Decisions.load(place).decide(Content("a", name), Content("b", name), Decision.SKIP, now=NOW)
        assert Decisions.load(place).of("a", "b") is Decision.SKIP
    except TrackingFileError:
        assert old.read_bytes() == data
    _clear(old, place.log, place.log.with_suffix(".quarantine.jsonl"))
    shutil.rmtree(place.private / "backups", ignore_errors=True)


@given(
    name=st.text(max_size=30)
    | st.sampled_from(["../a.mp4", "a/../b", "..\\a", "C:\\a", "C:a", "//host/a", "%2e%2e/a", "~", "."])
)
def test_a_name_of_a_file_is_refused_or_lies_in_the_sections_folder(place: Workspace, name: str) -> None:
    for kind, folder in ((CreativeType.NATIVE_VIDEO, "Native/Video"), (CreativeType.IMAGE, ".")):
        try:
            path = place.media_file(name, kind)
        except (UnsafePath, ValueError):
            continue
        assert (path.parent, path.name) == (place.root / "uploaded" / folder, name)


@settings(deadline=None)
@given(junk=st.binary(max_size=200))
def test_what_somebody_writes_into_a_lock_does_not_matter(place: Workspace, junk: bytes) -> None:
    lock = place.private / "locks" / "names.csv.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_bytes(junk)
    with locked(place.tracking / "names.csv", patience=1):
        pass


@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_lease_of_a_live_run_keeps_one_out_in_words_or_not_at_all(
    place: Workspace, data: st.DataObject
) -> None:
    lease = place.private / "locks" / "live-run.lease"
    with only_live_run(place):
        valid = lease.read_bytes()
    host = data.draw(st.sampled_from([socket.gethostname(), "another-machine"]))
    lease.write_bytes(data.draw(damaged(valid.replace(socket.gethostname().encode(), host.encode()))))
    watched(place)
    try:
        with only_live_run(place):
            pass
    except TrackingFileError as error:
        refused = str(error)
        lease.unlink()
    else:
        refused = ""
    assert not refused or "another live upload is running here" in refused
    assert watched(place) is None


@settings(deadline=None)
@given(junk=st.binary(max_size=200))
def test_what_somebody_writes_as_a_request_to_stop_stops_no_run(place: Workspace, junk: bytes) -> None:
    with only_live_run(place) as alone:
        stop_request(place).write_bytes(junk)
        assert not alone.asked_to_stop()
        stop_request(place).write_text(alone.lease.token, "utf-8")
        assert alone.asked_to_stop()


names_on_disk = st.binary(min_size=1, max_size=40).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)


@settings(deadline=None, max_examples=3)
@given(names=st.sets(names_on_disk.map(lambda name: name + b".png"), min_size=20, max_size=40))
def test_media_under_any_name_become_a_session_or_are_left_out_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, names: set[bytes]
) -> None:
    place = Workspace(tmp_path_factory.mktemp("names").resolve())
    place.tracking.mkdir()
    source = place.root / "source"
    source.mkdir()
    for name in names:
        Path(os.fsdecode(os.fsencode(source) + b"/" + name)).write_bytes(PICTURE)
    intake = plan_session(place, look_through(place, source, AS_IS), now=NOW)
    write_session(place, intake, folder="source", now=NOW)
    session = load_session(place)
    hidden = {name for name in names if name.startswith(b".")}
    assert (len(intake.taken) + len(intake.left_out), session.bad_lines) == (len(names - hidden), ())
    assert [file.name for file in session.files] == [one.target.name for one in intake.taken]
    assert all(file.path.read_bytes() == PICTURE for file in session.files)
    assert all(reason for _, reason in intake.left_out)


def _clear(*paths: Path) -> None:
    for path in paths:
        for one in path.iterdir() if path.is_dir() else [path]:
            one.unlink(missing_ok=True)
