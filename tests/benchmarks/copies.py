"""Measure which edits of real pictures and clips are found, and what is taken for a copy; writes `copies.md`.

Run as `python tests/benchmarks/copies.py FOLDER`: packages are fetched into that folder (1 GB) and stay there, with
what is made of them. It looks at the half for choosing; with `reporting` or `unseen` at another, which no threshold
may see.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import edits
import numpy as np
from edits import File
from harness import head
from PIL import Image, ImageOps

from tjtools.media import Children
from tjtools.media.content import Fingerprints, look_at
from tjtools.media.copies import Copies, Copy
from tjtools.workspace.folder import Workspace

Found = Callable[[Path], set[Path]]  # the known files that a file is taken for a copy of
PEERS_BITS = 31  # of 256, the usual limit of PDQ
PEERS_RATE = 2  # frames a second


class Ours:
    """What the package finds."""

    def __init__(self, known: Sequence[Path], everything: Sequence[Path], folder: Path) -> None:
        store = Fingerprints(Workspace(folder))
        seen = {path: one for path, one in look_at(everything, store).items() if one}
        self.paths, self.known = [*seen], {*known}
        self.places = {path: place for place, path in enumerate(self.paths)}
        self.copies = Copies([*seen.values()], store, Children())  # which end with this process

    def __call__(self, path: Path) -> set[Path]:
        found = self.copies.of(self.places[path], lambda place: self.paths[place] in self.known)
        return {self.paths[one.place] for one in found}

    def alike(self, one: Path, other: Path) -> bool:
        return self.copy(one, other) is not None

    def copy(self, one: Path, other: Path) -> Copy | None:
        return next(self.copies.of(self.places[one], lambda place: self.paths[place] == other), None)


class Peer:
    """Hashes of 256 bits after PDQ: of a picture with or without border, beside a known one, its mirror, 9 crops."""

    def __init__(self, known: Sequence[Path]) -> None:
        self.known, self.hashes = list(known), {path: _hashes(path, known=True) for path in known}

    def __call__(self, path: Path) -> set[Path]:
        mine = _hashes(path, known=False)
        return {other for other, theirs in self.hashes.items() if _same(mine, theirs)}

    def alike(self, one: Path, other: Path) -> bool:
        return _same(_hashes(one, known=False), _hashes(other, known=True))


def _same(mine: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether half of the shorter one's pictures have one that is near."""
    if not len(mine) or not len(theirs):
        return False
    near = np.bitwise_count(mine[:, :, None, None] ^ theirs[None, None]).sum(-1).min((1, 3)) <= PEERS_BITS
    shorter = near.any(1) if len(mine) <= len(theirs) else near.any(0)
    return bool(shorter.mean() >= 0.5)


def _hashes(path: Path, *, known: bool) -> np.ndarray:
    """Of each picture those of its versions, four words of 64 bits each."""
    moving = path.suffix == ".mp4"
    shown = edits.frames(path)[:: edits.RATE // PEERS_RATE] if moving else [Image.open(path)]
    grey = [one.convert("L") for one in shown]
    found = [[_hash(version) for version in _versions(one, known)] for one in grey if np.asarray(one).std() > 5]
    return np.array(found, dtype=np.uint64) if found else np.empty((0, 1, 4), dtype=np.uint64)


def _versions(picture: Image.Image, known: bool) -> Iterator[Image.Image]:
    """Of a known picture its mirror and nine crops too, of another one what is within its border."""
    yield picture
    if not known:
        values = np.asarray(picture, dtype=float)
        rows, columns = (np.flatnonzero(values.std(axis) > 8) for axis in (1, 0))
        if not len(rows) or not len(columns):
            rows, columns = np.arange(picture.height), np.arange(picture.width)
        yield picture.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
        return
    yield ImageOps.mirror(picture)
    wide, tall = picture.size
    for left, top in ((left, top) for left in (0, 0.05, 0.1) for top in (0, 0.05, 0.1)):
        yield picture.crop((int(left * wide), int(top * tall), int((left + 0.9) * wide), int((top + 0.9) * tall)))


_WAVES = np.cos(np.pi / 64 * np.outer(np.arange(1, 17), np.arange(64) + 0.5))


def _hash(picture: Image.Image) -> np.ndarray:
    values = np.asarray(picture.resize((64, 64), Image.Resampling.BOX), dtype=float)
    told = _WAVES @ values @ _WAVES.T
    return np.packbits(told > np.median(told)).view(np.uint64)


def recall(files: Sequence[File], known: Sequence[File], find: Found) -> tuple[Counter[str], Counter[str], set[str]]:
    """How many of each edit there are, and were found; and the pairs that aren't one of copy and original."""
    total, found, wrong = Counter[str](), Counter[str](), set[str]()
    paths = {one.path: one.origin for one in known}
    for one in files:
        hits, row = {paths[path] for path in find(one.path)}, f"{'clips' if one.moving else 'stills'}: {one.edit}"
        total[row] += 1
        found[row] += one.origin in hits
        if one.edit != "other clip after it":  # which is there too
            wrong |= {f"{one.origin}, {one.edit} ~ {other}" for other in hits - {one.origin}}
    return total, found, wrong


def words(ours: Ours, known: Sequence[File], files: Sequence[File]) -> Iterator[str]:
    """What is told of banners with other words on one still, and of true copies."""
    stills = [one for one in known if not one.moving]
    paths = {one.origin: one.path for one in stills}
    pairs = defaultdict[str, list[tuple[Path, Path]]](list)
    for kind, one, other in (each for still in stills for each in edits.reworded(still)):
        pairs[f"other words: {kind}"].append((one, other))
    pairs["true copies"] = [(one.path, paths[one.origin]) for one in files if one.origin in paths]
    yield from ("| stills | pairs | found | called other words |", "|:--|--:|--:|--:|")
    for kind, ones in ((kind, ones) for kind, ones in pairs.items() if ones):
        found = [copy for pair in ones if (copy := ours.copy(*pair))]
        called = sum(one.other_words for one in found)
        yield f"| {kind} | {len(ones)} | {len(found) / len(ones):.2f} | {called / len(ones):.2f} |"


def report(folder: Path, half: str) -> Iterator[str]:
    """The report's lines."""
    known = [*edits.originals(folder, half)]
    files = [each for one in known for each in edits.edited(one, known)]
    groups = list(edits.hard(folder / f"hard-{half}", known))
    banners = [path for one in known if not one.moving for _, *paths in edits.reworded(one) for path in paths]
    looked = [*(one.path for one in (*known, *files)), *(path for _, paths in groups for path in paths), *banners]
    ours = Ours([one.path for one in known], looked, folder)
    ways = {"ours": ours, "PDQ-like": Peer([one.path for one in known])}
    stills = sum(not one.moving for one in known)
    yield head(
        __file__,
        "Copies that survive an edit, measured",
        ("av", "faiss-cpu", "numpy", "pillow"),
        f"The half for {half}: {stills} stills and {len(known) - stills} clips of `edits.csv`, and their edits.",
    )
    yield from ("", "## What must not match", "", f"| the hard set | pairs | {' | '.join(ways)} |", "|:--|--:|--:|--:|")
    pairs = defaultdict[str, list[tuple[Path, Path]]](list)
    for kind, paths in groups:
        pairs[kind] += combinations(paths, 2)
    for kind, ones in pairs.items():
        cells = [sum(way.alike(*pair) for pair in ones) for way in ways.values()]
        yield f"| {kind} | {len(ones)} | {' | '.join(map(str, cells))} |"
    told = [recall(files, known, way) for way in ways.values()]
    yield from ("", "## What is found", "", f"| edit | files | {' | '.join(ways)} |", "|:--|--:|--:|--:|")
    for row, count in told[0][0].items():
        yield f"| {row} | {count} | {' | '.join(f'{found[row] / count:.2f}' for _, found, _ in told)} |"
    yield f"| wrong pairs | | {' | '.join(str(len(wrong)) for *_, wrong in told)} |"
    for name, (*_, wrong) in zip(ways, told, strict=True):
        yield from ("", f"Wrong pairs, {name}:", "", *(f"- {one}" for one in sorted(wrong)[:20] or ["none"]))
    yield from ("", "## Other words on the same picture", "", *words(ours, known, files))
    yield from ("", "## The packages", "", "| package | from | licence | files |", "|:--|:--|:--|--:|")
    yield from (
        f"| {name} | {source} | {licence} | {len(ones.split('|'))} |" for name, source, licence, ones, _ in edits.ROWS
    )


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    os.environ["TJTOOLS_CACHE"] = str(folder / "cache")
    text = "\n".join(report(folder, *(sys.argv[2:] or ["choosing"]))) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
