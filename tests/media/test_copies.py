"""What looks the same is found, whatever was done to it, and laid on the other; what was known before stays known."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import Coding, Scene, write_still
from PIL import Image, ImageOps

from tjtools.media import Children, Fingerprint, copies, pool
from tjtools.media.alike import Likeness
from tjtools.media.content import Fingerprints, look_at
from tjtools.media.copies import Copies, Copy, hashes, laid
from tjtools.media.look import Frame
from tjtools.media.lying import Lies
from tjtools.media.recipe import Box
from tjtools.media.timeline import Kinship
from tjtools.model.errors import Cancelled
from tjtools.practice import samples
from tjtools.workspace.derived import KINSHIPS, Derived, cache_file
from tjtools.workspace.folder import Workspace

Edit = Callable[[Image.Image], Image.Image]
EDITS: dict[str, Edit] = {
    "re-encoded": lambda one: one,
    "mirrored": ImageOps.mirror,
    "cropped": lambda one: one.crop((40, 20, 600, 340)),
    "framed": lambda one: ImageOps.expand(one, 60, "navy"),
}


def drawn(path: Path, template: int, edit: Edit = lambda one: one, quality: int = 85) -> Path:
    [one] = Scene(template, 0, 0).frames(1)
    edit(one.resize((640, 360))).convert("RGB").save(path, quality=quality)
    return path


def seen(store: Fingerprints, *paths: Path) -> list[Fingerprint]:
    found = look_at(paths, store)
    return [one for path in paths if (one := found[path])]


def of_last(fingerprints: list[Fingerprint], store: Fingerprints) -> list[Copy]:
    return compared(fingerprints, store)[0]


def compared(fingerprints: list[Fingerprint], store: Fingerprints) -> tuple[list[Copy], Copies]:
    """What the last one looks like, of those before it."""
    last = len(fingerprints) - 1
    with Children(cores=1) as room:
        by = Copies(fingerprints, store, room)
        return [*by.of(last, lambda place: place < last)], by


@pytest.fixture
def known(bare_workspace: Workspace) -> tuple[Fingerprints, list[Fingerprint]]:
    """Eight stills that were looked at."""
    store, folder = Fingerprints(bare_workspace), bare_workspace.root / "uploaded"
    return store, seen(store, *(drawn(folder / f"{number}.jpg", number) for number in range(8)))


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_still_is_found(known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path, edit: str) -> None:
    store, fingerprints = known
    again = seen(store, drawn(tmp_path / "again.jpg", 5, EDITS[edit], quality=60))
    [copy] = of_last([*fingerprints, *again], store)
    assert (copy.place, copy.kinship is not None and copy.kinship.likeness.mirrored) == (5, edit == "mirrored")
    assert copy.closeness > 0.8


def test_two_are_compared_once(known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path) -> None:
    store, fingerprints = known
    ones = [*fingerprints, *seen(store, drawn(tmp_path / "again.jpg", 5, ImageOps.mirror))]
    ([copy], _), ([same], again) = compared(ones, store), compared(ones, store)
    assert (copy.told("5"), same.told("5"), again.compared) == ("mirrored", "mirrored", 0)
    assert copy == same


def test_what_another_version_decided_is_decided_again(
    known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, fingerprints = known
    ones = [*fingerprints, *seen(store, drawn(tmp_path / "again.jpg", 5, ImageOps.mirror))]
    first = compared(ones, store)[1].compared
    monkeypatch.setattr(copies, "_version", lambda: "other thresholds")
    found, by = compared(ones, store)
    assert ([one.place for one in found], by.compared) == ([5], first)
    assert len(Derived(store.workspace).load(KINSHIPS, dict)) == first


def test_two_over_which_a_child_dies_are_told_and_asked_again(
    known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, fingerprints = known
    ones = [*fingerprints, *seen(store, drawn(tmp_path / "again.jpg", 5, ImageOps.mirror))]
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.readline()) > 9)"))
    found, ended = compared(ones, store)
    assert (found, ended.compared) == ([], 0)
    assert "could not be compared: it crashed the decoder (exit code 1)" in ended.failed[0]
    monkeypatch.undo()
    assert [one.place for one in compared(ones, store)[0]] == [5]


class Stopped(Children):
    """Children that are stopped when a second pair is to be compared."""

    pairs = 0

    def kin(self, mine: bytes, theirs: bytes, lies: Lies | None = None, *, few: bool = False) -> dict[str, Any]:
        self.pairs += 1
        if self.pairs > 1:
            raise Cancelled("Stopped.")
        return super().kin(mine, theirs, lies, few=few)


def test_what_was_compared_before_a_person_stopped_it_is_kept(
    known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path
) -> None:
    store, fingerprints = known
    edits = (ImageOps.mirror, lambda one: one.crop((20, 10, one.width - 20, one.height - 10)))
    ones = [fingerprints[5], *seen(store, *(drawn(tmp_path / f"{at}.jpg", 5, each) for at, each in enumerate(edits)))]
    with Stopped(cores=1) as room, pytest.raises(Cancelled):
        [*Copies(ones, store, room).of(2, lambda place: place < 2)]
    found, by = compared(ones, store)
    assert (sorted(one.place for one in found), by.compared) == ([0, 1], 1)


def test_what_does_not_go_along_where_its_points_lie_is_looked_at_no_closer(
    known: tuple[Fingerprints, list[Fingerprint]],
) -> None:
    store, [one, *_] = known
    look = store.look(one.checksum) or b""
    with Children(cores=1) as room:
        assert room.kin(look, look, Lies(0, 0, False, [[1, 0, 0], [0, 1, 0]]))["kin"]
        assert room.kin(look, look, Lies(0, 0, False, [[1, 0, 0.3], [0, 1, 0]])) == {"kin": None}


def test_what_is_new_is_compared_with_a_few(known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path) -> None:
    store, fingerprints = known
    found, by = compared([*fingerprints, *seen(store, drawn(tmp_path / "new.jpg", 30))], store)
    assert found == []
    assert by.compared <= 3


def test_a_copy_is_found_when_the_cache_is_gone(
    known: tuple[Fingerprints, list[Fingerprint]], bare_workspace: Workspace, tmp_path: Path
) -> None:
    store, fingerprints = known
    bare_workspace.looks.mkdir()
    (bare_workspace.looks / f"{fingerprints[3].checksum}.look").write_bytes(store.look(fingerprints[3].checksum) or b"")
    cache_file().unlink()
    again = Fingerprints.load(bare_workspace)
    mine = seen(again, drawn(tmp_path / "again.jpg", 3, ImageOps.mirror))
    assert [one.place for one in of_last([*fingerprints, *mine], again)] == [3]


def test_theirs_is_laid_on_mine(known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path) -> None:
    store, fingerprints = known
    mine = seen(store, drawn(tmp_path / "again.jpg", 2, lambda one: ImageOps.mirror(one.crop((60, 30, 600, 340)))))
    [copy] = of_last([*fingerprints, *mine], store)
    assert copy.kinship
    [moment] = laid(copy.kinship, store.frames(mine[0]), store.frames(fingerprints[2]))
    one, other = (np.asarray(Image.open(io.BytesIO(jpg)).convert("L"), float) for jpg in moment[:2])
    assert one.shape == other.shape
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9


def test_a_mirrored_one_is_laid_on_the_other_pixel_on_pixel() -> None:
    noise = np.random.default_rng(4).integers(0, 256, (45, 80, 3), np.uint8)
    theirs = np.asarray(Image.fromarray(noise).resize((320, 180)))
    kin = Kinship(Likeness(1.0, True, ((-1.0, 0.0, 1.0), (0.0, 1.0, 0.0)), Box(0, 0, 1, 1)))
    [moment] = laid(kin, [Frame(0.0, theirs[:, ::-1])], [Frame(0.0, theirs)])
    one, other = (np.asarray(Image.open(io.BytesIO(jpg)).convert("L"), float) for jpg in moment[:2])
    assert abs(one - other).max() < 8


def test_a_clip_is_laid_on_the_other_at_one_moment(bare_workspace: Workspace) -> None:
    store, folder = Fingerprints(bare_workspace), bare_workspace.root / "uploaded"
    for name, (width, height) in {"a.mp4": (640, 360), "b.mp4": (320, 180)}.items():
        samples.write_video(folder / name, width=width, height=height, seconds=5, title="Sports")
    both = seen(store, folder / "a.mp4", folder / "b.mp4")
    [copy] = of_last(both, store)
    assert copy.kinship
    moments = laid(copy.kinship, store.frames(both[1]), store.frames(both[0]))
    assert len(moments) > 3
    assert max(abs(one.at - one.their_at) for one in moments) <= 0.5


def old(one: Fingerprint, store: Fingerprints) -> Fingerprint:
    """What an earlier version kept of it: hashes, and no look."""
    looks = hashes(store.frames(one), one.facts.seconds or 0.0)
    return one._replace(checksum=one.checksum[::-1], looks=looks, looked=False)


def test_what_is_known_by_its_hash_alone_is_compared_by_it(
    known: tuple[Fingerprints, list[Fingerprint]], tmp_path: Path
) -> None:
    store, fingerprints = known
    before = [old(one, store) for one in fingerprints]
    again = seen(store, drawn(tmp_path / "again.jpg", 4, quality=50))
    [copy] = of_last([*before, *again], store)
    assert (copy.place, copy.kinship, copy.told("4")) == (4, None, "")
    assert copy.closeness > 0.89


def test_a_video_is_known_by_its_hashes_too(bare_workspace: Workspace) -> None:
    store, folder = Fingerprints(bare_workspace), bare_workspace.root / "uploaded"
    samples.write_video(folder / "a.mp4", width=640, height=360, seconds=5, title="Sports")
    samples.write_video(folder / "b.mp4", width=320, height=180, seconds=5, title="Sports")
    samples.write_video(folder / "c.mp4", width=320, height=180, seconds=9, title="Sports")
    [one, again, longer] = seen(store, *(folder / f"{name}.mp4" for name in "abc"))
    assert [copy.place for copy in of_last([old(one, store), again], store)] == [0]
    assert of_last([old(one, store), longer], store) == []


def test_a_plain_picture_is_like_nothing(bare_workspace: Workspace) -> None:
    store, folder = Fingerprints(bare_workspace), bare_workspace.root / "uploaded"
    for number in (1, 2):
        Image.new("RGB", (300, 250), (number, 0, 90)).save(folder / f"{number}.png")
    ones = seen(store, folder / "1.png", folder / "2.png")
    assert (of_last(ones, store), of_last([old(ones[0], store), ones[1]], store)) == ([], [])


def test_a_damaged_look_is_no_look(
    known: tuple[Fingerprints, list[Fingerprint]], bare_workspace: Workspace, tmp_path: Path
) -> None:
    store, fingerprints = known
    bare_workspace.looks.mkdir()
    (bare_workspace.looks / f"{fingerprints[0].checksum}.look").write_bytes(b"\xff\xd8 no look")
    assert (store.frames(fingerprints[0]), store.thumbnail(fingerprints[0])) == ([], None)
    assert of_last([fingerprints[0], *seen(store, drawn(tmp_path / "again.jpg", 0))], store) == []


def test_the_kept_strip_of_an_earlier_version_is_shown(bare_workspace: Workspace, tmp_path: Path) -> None:
    one = seen(Fingerprints(bare_workspace), drawn(tmp_path / "a.jpg", 1))[0]
    before = one._replace(checksum="ab" * 32, looks=("0" * 16,) * 5, looked=False)
    bare_workspace.strips.mkdir(parents=True)
    strip = list(Scene(3, 0, 0).frames(1))
    write_still(bare_workspace.strips / f"{before.checksum}.jpg", strip, Coding(".jpg", 85, (128, 360)))
    with Image.open(io.BytesIO(Fingerprints.load(bare_workspace).thumbnail(before) or b"")) as shown:
        assert shown.size == (128, 72)
