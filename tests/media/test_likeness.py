"""Near duplicates: the index finds what brute force finds, and the pictures tell what is the same from what is not."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest
from corpus import Item, write_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.media import Fingerprint, MediaFacts
from tjtools.media.content import Fingerprints, look_at
from tjtools.media.likeness import LEAST_LIKENESS, MOST_BITS, LooksIndex, bits_apart, closeness
from tjtools.workspace.folder import Workspace

Seen = tuple[list[Item], dict[Path, Fingerprint], Fingerprints]

VIDEO = MediaFacts(1000, "mp4", 640, 360, 4.0, "h264", frames=40)
STILL = MediaFacts(1000, "png", 640, 360)


def looking(*looks: str, facts: MediaFacts = STILL, checksum: str = "0") -> Fingerprint:
    return Fingerprint(facts, checksum.rjust(64, "0"), looks)


def flipped(look: str, *bits: int) -> str:
    return f"{int(look, 16) ^ sum(1 << bit for bit in set(bits)):016x}"


def no_picture(_checksum: str) -> None:
    """Where none is kept."""


A, B = "f0e1d2c3b4a59687", "0123456789abcdef"


@st.composite
def crowds(draw: st.DrawFn) -> list[Fingerprint]:
    """Stills and videos around a few looks, some of their pictures plain."""
    look = st.builds(
        lambda base, bits: flipped(base, *bits), st.sampled_from([A, B]), st.lists(st.integers(0, 63), max_size=12)
    )
    still = st.builds(looking, look | st.just(""))
    looks = st.lists(look | st.just(""), min_size=5, max_size=5)
    seconds = st.sampled_from([VIDEO, VIDEO._replace(seconds=30.0), VIDEO._replace(width=300)])
    video = st.builds(lambda looks, facts: looking(*looks, facts=facts), looks, seconds)
    return draw(st.lists(still | video, max_size=20))


@settings(deadline=None)  # the first one loads faiss
@given(crowds())
def test_the_index_finds_what_brute_force_finds(crowd: list[Fingerprint]) -> None:
    expected = {
        (one, other)
        for one, other in combinations(range(len(crowd)), 2)
        if (bits := bits_apart(crowd[one], crowd[other])) is not None and bits <= MOST_BITS
    }
    index = LooksIndex(crowd, no_picture)
    near = [(place, {other for other, _ in index.near(one)}) for place, one in enumerate(crowd)]
    assert {(one, other) for one, others in near for other in others if other > one} == expected


def test_the_index_compares_a_small_part_of_all() -> None:
    chance = random.Random(1)  # noqa: S311 (repeatable)
    crowd = [looking(f"{chance.getrandbits(64):016x}") for _ in range(20_000)]
    index = LooksIndex(crowd, no_picture)
    wanted = range(0, 20_000, 200)
    for place in wanted:
        asked = looking(flipped(crowd[place].looks[0], 3, 17, 20, 33, 40, 59, 63))
        assert [found for found, _ in index.near(asked)] == [place]
    assert index.compared < len(wanted) * len(crowd) / 100


@pytest.mark.parametrize(
    ("one", "other", "bits"),
    [
        (looking(A), looking(A), 0),
        (looking(A), looking(flipped(A, 1, 2)), 2),
        (looking(A, A, A, A, A, facts=VIDEO), looking(A, A, A, A, flipped(A, *range(5)), facts=VIDEO), 1),
        (looking(A, A, A, "", "", facts=VIDEO), looking(A, A, A, A, A, facts=VIDEO), 0),
        (looking(A, A, "", "", "", facts=VIDEO), looking(A, A, A, A, A, facts=VIDEO), None),
        (looking(""), looking(""), None),
        (looking(A), looking(A, facts=VIDEO), None),
        (looking(A), looking(A, facts=STILL._replace(width=1280, height=720)), 0),
        (looking(A), looking(A, facts=STILL._replace(width=300, height=250)), None),
        (looking(*[A] * 5, facts=VIDEO), looking(*[A] * 5, facts=VIDEO._replace(seconds=4.4)), 0),
        (looking(*[A] * 5, facts=VIDEO), looking(*[A] * 5, facts=VIDEO._replace(seconds=5.5)), None),
    ],
)
def test_what_can_be_compared(one: Fingerprint, other: Fingerprint, bits: float | None) -> None:
    assert bits_apart(one, other) == bits_apart(other, one) == bits


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory,
) -> Seen:
    folder = tmp_path_factory.mktemp("corpus")
    items = write_corpus(folder / "files", seed="tests", videos=3, stills=5)
    store = Fingerprints(Workspace(folder))
    fingerprints = {path: one for path, one in look_at([item.path for item in items], store).items() if one}
    return items, fingerprints, store


def near(seen: Seen, versions: tuple[str, ...]) -> dict[str, bool]:
    """Of each file of these versions, whether it is found to look like its original."""
    items, fingerprints, store = seen
    originals = {item.original: fingerprints[item.path] for item in items if item.version == "original"}
    found = {}
    for item in items:
        if item.version.startswith(versions):
            mine, original = fingerprints[item.path], originals[item.original]
            bits = bits_apart(mine, original)
            index = LooksIndex([original], store.picture)
            close = index.confirmed(mine, 0, bits) if bits is not None and bits <= MOST_BITS else None
            found[f"{item.original} {item.version}"] = close is not None
    return found


def test_what_is_still_the_same_is_found(seen: Seen) -> None:
    found = near(seen, ("re-encoded", "resized", "other container", "one frame cut"))
    assert (len(found), [name for name, yes in found.items() if not yes]) == (51, [])


def test_what_is_another_creative_is_not(seen: Seen) -> None:
    found = near(seen, ("other text", "another take", "plain", "dark"))
    assert (len(found), [name for name, yes in found.items() if yes]) == (32, [])


@pytest.mark.parametrize("kept", [None, b"", b"no jpg"])
def test_without_pictures_the_hashes_alone_count(kept: bytes | None) -> None:
    index = LooksIndex([looking(flipped(A, 1, 2))], lambda _: kept)
    assert index.confirmed(looking(A), 0, 2.0) == pytest.approx(62 / 64)


def test_the_same_picture_is_wholly_alike(seen: Seen) -> None:
    _, fingerprints, store = seen
    one = next(iter(fingerprints.values()))
    strip = store.picture(one.checksum)
    assert strip is not None
    assert closeness(strip, strip, len(one.looks)) == pytest.approx(1.0)
    assert LEAST_LIKENESS < 1
