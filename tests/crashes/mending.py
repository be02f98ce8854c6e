"""End the mending of a session's file by SIGKILL at each effect, look, and mend it again as a person would.

Run as `python tests/crashes/mending.py`: two minutes. It prints what is wrong; with `--every 7` it plays each seventh.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

sys.path.insert(0, str(Path(__file__).parents[1]))

import kept_children
from crashes.effects import AFTER, BEFORE, Effects, Kill
from world import NOW, read_rows, write_inventory

from tjtools.cache.inventory import load_session
from tjtools.diff.session import Verdict
from tjtools.model.creative import CreativeType
from tjtools.practice import samples
from tjtools.prepare.fit import Wishes
from tjtools.prepare.mend import mend
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace

NAMES = ("banner.png", "banner.webp")  # one keeps its name, one gets another


def made(folder: Path, name: str) -> Workspace:
    """A session with one picture that is too large."""
    workspace = Workspace(folder.resolve())
    for place in ("tracking", "uploaded"):
        (folder / place).mkdir(parents=True)
    samples.write_image(workspace.media_file(name, CreativeType.IMAGE), width=600, height=500, title="Sports")
    for inventory in (workspace.session, workspace.master):
        write_inventory(inventory, [{"unique_id": "ID-1A2B3C4D", "new_filename": name, "creative_type": "image"}])
    return workspace


def mended(workspace: Workspace, kill: Kill | None = None) -> list[str]:
    """Mend in a process of its own, which may be ended; its effects."""
    told = workspace.root / "effects.txt"
    if not (child := os.fork()):
        kept_children.stock = SimpleQueue()  # those of before are the other process's
        with told.open("a", encoding="utf-8") as log:
            effects = Effects(workspace.root, _teller(log.fileno()), kill)
            effects.watch()
            mend(workspace, dict.fromkeys(load_session(workspace).files, Wishes()), now=NOW)
            os._exit(0)
    os.waitpid(child, 0)
    return told.read_text("utf-8").splitlines()


def _teller(descriptor: int):  # type: ignore[no-untyped-def]
    write = os.write
    return lambda name: write(descriptor, f"{name}\n".encode())


def kills(effects: list[str]) -> Iterator[Kill]:
    """Before and after each effect on the files that a person has."""
    count: Counter[str] = Counter()
    for effect in effects:
        count[effect] += 1
        if "banner" in effect or "creative_inventory" in effect:
            yield from (Kill(effect, count[effect], moment) for moment in (BEFORE, AFTER))


def wrong(workspace: Workspace, name: str, source: bytes) -> Iterator[str]:
    """What is not as it should be after the kill, and after the next try."""
    uploaded = workspace.root / "uploaded"
    if source not in [path.read_bytes() for path in uploaded.iterdir() if path.is_file()]:
        yield "the source is gone"
    [one] = prepare(workspace).reviews
    if one.verdict not in (Verdict.INVALID, Verdict.NEW):
        yield f"after the kill it is {one.verdict.value}: {one.reason}"
    if one.verdict is Verdict.INVALID:
        mended(workspace)
    [one] = prepare(workspace).reviews
    right = "banner.png"
    if (one.verdict, one.file.name) != (Verdict.NEW, right):
        yield f"mended again, {one.file.name} is {one.verdict.value}: {one.reason}"
    if not (kept := uploaded / f"ORG_{name}").exists() or kept.read_bytes() != source:
        yield "the source is not kept"
    for inventory in (workspace.session, workspace.master):
        rows = [(row["new_filename"], row.get("width_px")) for row in read_rows(inventory)]
        if rows != [(right, "300")]:
            yield f"{inventory.name} says {rows}"


def played(name: str, kill: Kill | None = None) -> list[str]:
    """What is wrong after one kill."""
    with tempfile.TemporaryDirectory(prefix="mending-") as room:
        workspace = made(Path(room) / "shop", name)
        source = workspace.media_file(name, CreativeType.IMAGE).read_bytes()
        mended(workspace, kill)
        return [*wrong(workspace, name, source)]


def effects_of(name: str) -> list[str]:
    """The effects of a mending that nobody ends."""
    with tempfile.TemporaryDirectory(prefix="mending-") as room:
        return mended(made(Path(room) / "shop", name))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--every", type=int, default=1)
    every, count, bad = arguments.parse_args().every, 0, 0
    for name in NAMES:
        for kill in [*kills(effects_of(name))][::every]:
            found, count = played(name, kill), count + 1
            bad += bool(found)
            sys.stdout.write("".join(f"✗ {name}, {' '.join(map(str, kill))}: {one}\n" for one in found))
            sys.stdout.flush()
    sys.stdout.write(f"{count} kills, {bad} wrong\n")
    return bool(bad)


if __name__ == "__main__":
    os.environ.setdefault("TJTOOLS_CACHE", tempfile.mkdtemp(prefix="mending-cache-"))
    with kept_children.children_that_stay():
        sys.exit(main())
