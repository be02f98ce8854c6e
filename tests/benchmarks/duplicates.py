"""Measure how well near duplicates are found, and how fast, and write `duplicates.md` beside this file.

Run as `python tests/benchmarks/duplicates.py`; it takes some ten minutes and 2 GB of disk. `--found` measures precision
and recall alone, `--sweep` shows them on seed A over a range of thresholds, for choosing them.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus import Item, write_corpus_on_all_cores

from tjtools import likeness
from tjtools.fingerprints import Fingerprints
from tjtools.looking import look_at
from tjtools.media import Fingerprint
from tjtools.workspace import Workspace

ORIGINALS = 120  # of each medium
MUST_FIND = ("re-encoded", "resized")
KNOWN = ("original", "other text", "another take", "plain", "dark")  # what the library holds


@dataclass
class Tally:
    """What was found: of how many files of a version their original, and which other pairs were taken for the same."""

    files: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def recall(self, *versions: str) -> float:
        chosen = [version for version in self.files if version.startswith(versions)]
        return sum(self.found[one] for one in chosen) / max(1, sum(self.files[one] for one in chosen))

    def precision(self, *versions: str) -> float:
        right = sum(count for version, count in self.found.items() if version.startswith(versions))
        return right / max(1, right + sum(self.wrong.values()))


@dataclass(frozen=True)
class Seen:
    """A corpus that was looked at."""

    items: tuple[Item, ...]
    fingerprints: tuple[Fingerprint, ...]
    pictures: dict[str, bytes]


def seen_of(items: Sequence[Item], folder: Path) -> Seen:
    """Fingerprint every file as the command does."""
    store = Fingerprints(Workspace(folder))
    seen = look_at([item.path for item in items], store)
    found = [seen[item.path] for item in items]
    fingerprints = tuple(one for one in found if one)
    pictures = {one.checksum: store.picture(one.checksum) or b"" for one in fingerprints}
    return Seen(tuple(items), fingerprints, pictures)


def candidates(seen: Seen) -> Iterator[tuple[Item, Item, float, float]]:
    """Every file and known creative that the hashes take for the same: by how many bits, and how close in the end.

    Two known creatives come once.
    """
    known = [place for place, item in enumerate(seen.items) if item.version in KNOWN]
    index = likeness.LooksIndex([seen.fingerprints[place] for place in known])
    for place, item in enumerate(seen.items):
        mine = seen.fingerprints[place]
        for number, bits in index.near(mine):
            other = known[number]
            if other == place or (item.version in KNOWN and other > place):
                continue
            strips = (seen.pictures[mine.checksum], seen.pictures[seen.fingerprints[other].checksum])
            yield item, seen.items[other], bits, likeness.closeness(*strips, len(mine.looks))


def tally(seen: Seen, pairs: Sequence[tuple[Item, Item, float, float]], bits: float, least: float) -> Tally:
    """Count what these thresholds find."""
    result = Tally(files=Counter(item.version for item in seen.items if item.same and item.version != "original"))
    for item, other, apart, close in pairs:
        if apart > bits or close < least:
            continue
        if item.same and other.version == "original" and item.original == other.original:
            result.found[item.version] += 1
        else:
            version = other.version if item.version == "original" else item.version
            result.wrong[version if item.original == other.original else "another original"] += 1
    return result


def sweep(seen: Seen, pairs: Sequence[tuple[Item, Item, float, float]]) -> None:
    for bits in (4, 6, 8, 10):
        for least in (0.6, 0.66, 0.7, 0.72, 0.74, 0.76, 0.78, 0.8, 0.82, 0.85):
            one = tally(seen, pairs, bits, least)
            row = [f"{one.recall(version):.3f}" for version in (*MUST_FIND, "other", "water", "one", "cropped")]
            sys.stdout.write(f"{bits} {least}: {one.precision(*MUST_FIND):.4f} {' '.join(row)} {dict(one.wrong)}\n")


def corpus(seed: str, folder: Path) -> Seen:
    items = write_corpus_on_all_cores(folder / seed, seed=seed, videos=ORIGINALS, stills=ORIGINALS)
    return seen_of(items, folder)


def table(tallies: dict[str, Tally]) -> Iterator[str]:
    yield "| what was done to the original | " + " | ".join(f"files, seed {seed} | found" for seed in tallies) + " |"
    yield "|:--|" + "--:|--:|" * len(tallies)
    for version in sorted({version for one in tallies.values() for version in one.files}):
        cells = [f"{one.files[version]} | {one.recall(version):.3f}" for one in tallies.values()]
        yield f"| {version} | {' | '.join(cells)} |"


def wrongs(tallies: dict[str, Tally]) -> Iterator[str]:
    count: defaultdict[str, list[int]] = defaultdict(list)
    for version in (*KNOWN[1:], "another original"):
        count[version] = [one.wrong[version] for one in tallies.values()]
    yield "| must not match | " + " | ".join(f"taken for the same, seed {seed}" for seed in tallies) + " |"
    yield "|:--|" + "--:|" * len(tallies)
    for version, numbers in count.items():
        yield f"| {version} | {' | '.join(map(str, numbers))} |"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if "--sweep" in sys.argv:
            seen = corpus("A", Path(folder))
            sweep(seen, list(candidates(seen)))
            return
        tallies = {}
        for seed in "AB":
            seen = corpus(seed, Path(folder) / seed)
            pairs = list(candidates(seen))
            tallies[seed] = tally(seen, pairs, likeness.MOST_BITS, likeness.LEAST_LIKENESS)
    sys.stdout.write("\n".join([*table(tallies), "", *wrongs(tallies)]) + "\n")


if __name__ == "__main__":
    main()
