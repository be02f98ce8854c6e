"""Looking at files costs what it must: nothing for an unchanged file, a checksum for a known content, else decoding."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from world import NOW

from tjtools.media import Children, Fingerprint, MediaFacts, Sight, content
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.creative import CreativeType
from tjtools.model.errors import Cancelled
from tjtools.practice import samples
from tjtools.workspace.derived import FINGERPRINTS, LOOKS, STRIPS, VARIABLE, Derived, cache_file
from tjtools.workspace.folder import Workspace


class Counting(Children):
    """Children that note what they are asked."""

    def __init__(self) -> None:
        super().__init__(cores=1)
        self.asked: list[tuple[str, str]] = []

    def checksum(self, path: Path) -> tuple[str, str]:
        self.asked.append(("checksum", path.name))
        return super().checksum(path)

    def look(self, path: Path) -> Sight:
        self.asked.append(("look", path.name))
        return super().look(path)


@pytest.fixture
def image(bare_workspace: Workspace) -> Path:
    path = bare_workspace.root / "uploaded" / "a.png"
    samples.write_image(path, width=320, height=180, title="Sports")
    return path


@pytest.fixture
def counting() -> Iterator[Counting]:
    with Counting() as room:
        yield room


def test_a_new_file_is_decoded_and_its_fingerprint_kept(bare_workspace: Workspace, image: Path) -> None:
    seen = look_at([image], Fingerprints(bare_workspace))[image]
    assert seen is not None
    assert (seen.facts.size, len(seen.checksum), seen.looked) == ("320x180", 64, True)
    kept = Fingerprints.load(bare_workspace)
    assert kept.of(image) == seen
    with Image.open(io.BytesIO(kept.look(seen.checksum) or b"")) as look:
        assert look.size == (320, 180)


def test_an_unchanged_file_is_never_read_again(bare_workspace: Workspace, image: Path, counting: Counting) -> None:
    first = look_at([image], Fingerprints(bare_workspace))
    assert look_at([image], Fingerprints.load(bare_workspace), children=counting) == first
    assert counting.asked == []


def test_what_an_earlier_version_did_not_ask_is_asked_now(
    bare_workspace: Workspace, image: Path, counting: Counting
) -> None:
    first = look_at([image], kept := Fingerprints(bare_workspace))
    told = Derived(bare_workspace).load(FINGERPRINTS, dict)
    earlier = {name: {key: one for key, one in each.items() if key != "longest"} for name, each in told.items()}
    Derived(bare_workspace).keep(FINGERPRINTS, earlier)
    assert look_at([image], Fingerprints.load(bare_workspace), children=counting) == first
    assert (("look", "a.png") in counting.asked, kept.of(image)) == (True, first[image])


def test_a_changed_file_is_read_again(bare_workspace: Workspace, image: Path) -> None:
    first = look_at([image], Fingerprints(bare_workspace))
    samples.write_image(image, width=640, height=360, title="Music")
    second = look_at([image], kept := Fingerprints.load(bare_workspace))
    assert (second[image], second == first) == (kept.of(image), False)
    os.utime(image, ns=(1, 1))
    assert kept.of(image) is None


def test_a_content_that_is_known_is_not_decoded(bare_workspace: Workspace, image: Path, counting: Counting) -> None:
    look_at([image], Fingerprints(bare_workspace))
    renamed = shutil.copy(image, image.with_name("b.png"))
    seen = look_at([image, renamed], Fingerprints.load(bare_workspace), children=counting)
    assert (counting.asked, seen[renamed]) == ([("checksum", "b.png")], seen[image])


def test_checksums_alone_where_nobody_needs_more(bare_workspace: Workspace, image: Path, counting: Counting) -> None:
    kept = Fingerprints(bare_workspace)
    seen = look_at([image], kept, decode=False, children=counting)[image]
    assert (counting.asked, seen and seen.looked) == ([("checksum", "a.png")], False)
    looked = look_at([image], Fingerprints.load(bare_workspace), children=counting)[image]
    assert (counting.asked[1:], looked and looked.looked) == ([("look", "a.png")], True)


def test_a_missing_file_has_none(bare_workspace: Workspace) -> None:
    missing = bare_workspace.root / "uploaded" / "none.png"
    assert look_at([missing], Fingerprints(bare_workspace)) == {missing: None}


def test_what_was_seen_before_a_person_stopped_is_kept(bare_workspace: Workspace, image: Path) -> None:
    others = [Path(shutil.copy(image, image.with_name(f"{number}.png"))) for number in range(3)]
    done: list[Path] = []
    with Children(cores=1) as room, pytest.raises(Cancelled):
        look_at(
            [image, *others],
            Fingerprints(bare_workspace),
            children=room,
            progress=lambda now: done.append(now.path),
            cancelled=lambda: bool(done),
        )
    assert len(Fingerprints.load(bare_workspace)) == len(done) == 1


def test_an_upload_is_known_again(bare_workspace: Workspace, image: Path) -> None:
    kept = Fingerprints(bare_workspace)
    seen = look_at([image], kept)[image]
    assert seen is not None
    upload = Upload("1032530571", image.name, CreativeType.IMAGE, seen)
    kept.keep_uploads([upload], now=NOW)
    again = Fingerprints.load(bare_workspace)
    assert (list(again.uploads()), again.of(image)) == ([upload], seen)


def test_what_a_killed_process_left_of_a_look_goes_with_the_next_look(bare_workspace: Workspace, image: Path) -> None:
    bare_workspace.looks.mkdir(parents=True)
    (bare_workspace.looks / f".{'ab' * 32}.look.tmp").write_bytes(b"half a look")
    seen = look_at([image], kept := Fingerprints(bare_workspace))[image]
    assert seen is not None
    kept.keep_uploads([Upload("1032530571", image.name, CreativeType.IMAGE, seen)], now=NOW)
    assert [path.name for path in bare_workspace.looks.iterdir()] == [f"{seen.checksum}.look"]


def test_an_upload_is_known_again_and_shown_when_its_file_and_the_cache_are_gone(
    bare_workspace: Workspace, image: Path
) -> None:
    seen = look_at([image], kept := Fingerprints(bare_workspace))[image]
    assert seen is not None
    kept.keep_uploads([upload := Upload("1032530571", image.name, CreativeType.IMAGE, seen)], now=NOW)
    image.unlink()
    cache_file().unlink()
    again = Fingerprints.load(bare_workspace)
    assert (list(again.uploads()), again.with_checksum(seen.checksum), len(again)) == ([upload], seen, 0)
    with Image.open(bare_workspace.looks / f"{seen.checksum}.look") as look:
        assert look.size == (320, 180)


def test_without_a_cache_that_can_be_written_files_are_looked_at_and_shown(
    bare_workspace: Workspace, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(image))  # a file, no folder
    seen = look_at([image], kept := Fingerprints.load(bare_workspace))[image]
    assert seen is not None
    assert (kept.of(image), bool(kept.thumbnail(seen))) == (seen, True)


REFUSE = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"


def test_a_file_whose_look_was_not_kept_is_looked_at_again(
    bare_workspace: Workspace, image: Path, counting: Counting
) -> None:
    assert Derived(bare_workspace).keep_bytes(STRIPS, "of before", b"")
    with closing(sqlite3.connect(cache_file())) as base:
        base.execute(f"CREATE TRIGGER full BEFORE INSERT ON kept WHEN NEW.kind = '{LOOKS}' {REFUSE}")
        first = Fingerprints(bare_workspace)
        seen = look_at([image], first)[image]
        assert seen
        assert first.look(seen.checksum)  # for as long as this one lasts
        base.execute("DROP TRIGGER full")
    seen = look_at([image], kept := Fingerprints.load(bare_workspace), children=counting)[image]
    assert seen
    assert (("look", "a.png") in counting.asked, bool(kept.look(seen.checksum))) == (True, True)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
DIGITS = st.integers(0, 2**64 - 1).map("{:016x}".format)
FACTS = st.builds(
    MediaFacts,
    st.integers(0, 2**40),
    st.sampled_from(["mp4", "png", ""]),
    st.integers(0, 99_999),
    st.integers(0, 99_999),
    st.none() | st.integers(0, 999_999).map(lambda number: number / 1000),
    st.sampled_from(["", "h264"]),
    st.sampled_from([0, 90, 180, 270]),
    st.integers(0, 9999),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(["", "360x640"]),
    *[st.none() | st.integers(0, 999_999).map(lambda number: number / 1000)] * 2,
    st.sampled_from(["", "yuv420p10le HDR"]),
)
SEEN = st.builds(
    Fingerprint,
    FACTS,
    st.integers(0, 2**256 - 1).map("{:064x}".format),
    st.lists(DIGITS | st.just(""), max_size=5).map(tuple),
    st.booleans(),
)


@settings(deadline=None)  # it waits for the disk
@given(NAMES.filter(lambda name: name not in {".", ".."}), SEEN)
def test_what_is_written_is_read_back_the_same(name: str, seen: Fingerprint) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace(Path(folder).resolve())
        upload = Upload("1032530571", name, CreativeType.IMAGE, seen)
        Fingerprints(place).keep_uploads([upload], now=NOW)
        kept = Fingerprints.load(place)
        assert list(kept.uploads()) == [upload]
        assert kept.with_checksum(seen.checksum) == (seen if seen.looked else None)


def test_looks_by_another_method_are_not_taken(
    bare_workspace: Workspace, image: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at([image], Fingerprints(bare_workspace))
    monkeypatch.setattr(content, "METHOD", "3")
    look_at([image], Fingerprints.load(bare_workspace), children=counting)
    assert ("look", "a.png") in counting.asked


def test_a_name_that_is_no_text_is_looked_at_each_time(bare_workspace: Workspace, image: Path) -> None:
    odd = Path(shutil.copy(image, os.fsdecode(os.fsencode(image.parent) + b"/\xff.png")))
    seen = look_at([odd], kept := Fingerprints(bare_workspace))[odd]
    assert seen == Fingerprint(MediaFacts(image.stat().st_size, "png", 320, 180), seen.checksum, seen.looks)  # type: ignore[union-attr]
    assert (kept.of(odd), len(Fingerprints.load(bare_workspace))) == (seen, 0)
