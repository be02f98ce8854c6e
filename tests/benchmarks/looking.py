"""Measure looking at good files beside the same of an earlier version, and write `looking.md` beside this file.

Run as `python tests/benchmarks/looking.py`; it takes some minutes and the repository's history: the peer is commit
4e48571, before files with wrong headers and damaged parts were understood. Both answer the same request in a child
process of their own, in turn, with the same Python and packages; of each file the best of several looks counts.
With the folder of `copies.py`, which has the material, a session of real files is reviewed, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import av
import edits
import numpy as np
from harness import ROOT, head, write
from PIL import Image, ImageOps

from tjtools.media.pool import THRIFT
from tjtools.practice import samples
from tjtools.workspace.folder import Workspace

sys.path.insert(0, str(ROOT / "tests"))
from corpus import FPS, WORDS, Scene

PEER = "4e48571"
FILES, ROUNDS = 12, 15  # of each kind
CHILD = """
import time
import tjtools.media.child as child
plain = child._answer
def answer(*request):
    began = time.process_time()
    told = plain(*request)
    return told | {"took": time.process_time() - began}
child._answer = answer
print(child.__file__, flush=True)
child.main()
"""
REVIEW = """
import json, sys, time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tjtools.upload import prepare
try:
    from tjtools.workspace.folder import Workspace
except ImportError:
    from tjtools.workspace import Workspace
began = time.perf_counter()
told = [sum(bool(one.repeats) for one in prepare(Workspace(Path(sys.argv[1]))).reviews)]
used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
print(json.dumps([time.perf_counter() - began, *(one.ru_utime + one.ru_stime for one in used), *told]))
"""
SESSION = 200  # files, half of them clips, one of ten a copy
PART, SOONER = 4.0, 12.0  # seconds of a real clip; and before it, from where it is decoded
EDITS = ("crop 10 %", "text over", "border", "mirrored", "in a template")


class Kind(NamedTuple):
    """Files of one kind: their size, and seconds of a video, with sound or not."""

    told: str
    suffix: str
    width: int
    height: int
    seconds: float = 0
    sound: bool = False

    def make(self, path: Path, seed: int) -> None:
        """Write one."""
        if not self.seconds:
            samples.write_image(path, width=self.width, height=self.height, title="Sports", seed=seed)
            return
        size = {"width": self.width, "height": self.height}
        samples.write_video(path, **size, seconds=self.seconds, title="Sports", seed=seed, fps=25)
        if self.sound:
            _give_sound(path, self.seconds)


KINDS = (
    Kind("video of 4 s, 640x360", "mp4", 640, 360, 4),
    Kind("video of 8 s with sound, 1280x720", "mp4", 1280, 720, 8, sound=True),
    Kind("photo, 1920x1080", "jpg", 1920, 1080),
    Kind("picture, 640x360", "png", 640, 360),
    Kind("banner, 300x250", "png", 300, 250),
    Kind("gif, 300x250", "gif", 300, 250),
)


def _give_sound(path: Path, seconds: float) -> None:
    silent = path.rename(path.with_name("silent.mp4"))
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        picture = target.add_stream_from_template(source.streams.video[0])
        tone = target.add_stream("aac", rate=8000)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                target.mux(packet)
        for _ in range(round(seconds * 10)):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.float32), "fltp", "mono")
            silence.sample_rate = 8000
            target.mux(tone.encode(silence))
        target.mux(tone.encode())
    silent.unlink()


def child(tree: Path) -> subprocess.Popen[str]:
    """The child process of a tree, which tells with each answer what processor time it took."""
    thrift = THRIFT if tree == ROOT else {"OPENBLAS_NUM_THREADS": "1"}  # as each starts its own
    environment = os.environ | thrift | {"PYTHONPATH": str(tree)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-P", "-c", CHILD], text=True, bufsize=1, env=environment, **pipes)
    assert process.stdout
    assert Path(process.stdout.readline().strip()).is_relative_to(tree)
    return process


def look(process: subprocess.Popen[str], path: Path) -> tuple[float, Any]:
    """The seconds that an answer took, and the facts that both know."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"what": "look", "path": str(path)}) + "\n")
    answer = json.loads(process.stdout.readline())
    facts = answer["facts"]
    return answer["took"], [facts[one] for one in ("container", "width", "height", "seconds", "trouble")]


def measured(kind: Kind, folder: Path, before: subprocess.Popen[str], now: subprocess.Popen[str]) -> str:
    """The row of a kind."""
    paths = [folder / f"{kind.width} {number}.{kind.suffix}" for number in range(FILES)]
    for number, path in enumerate(paths):
        kind.make(path, number)
    best: dict[tuple[Path, int], float] = {}
    same = True
    for turn in range(ROUNDS):
        for path in paths:
            answers = []
            for which in (0, 1) if turn % 2 else (1, 0):
                seconds, told = look((before, now)[which], path)
                best[path, which] = min(seconds, best.get((path, which), seconds))
                answers.append(told)
            same = same and answers[0] == answers[1] and not answers[0][-1]
    ours, theirs = ([best[path, which] for path in paths] for which in (1, 0))
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    return (
        f"| {kind.told} | {sum(theirs) / FILES * 1000:.2f} ms | {sum(ours) / FILES * 1000:.2f} ms | "
        f"{sum(ours) / sum(theirs):.2f} | {ratios[0]:.2f} … {median(ratios):.2f} … {ratios[-1]:.2f} | "
        f"{'yes' if same else 'NO'} |"
    )


def draw_session(folder: Path) -> None:
    """Clips of 4 to 8 s in 1280x720 and stills in 640x360, every other one of a drawn scene; and 20 copies."""
    for number, path in _session(folder):
        copied = _copied(number)
        _draw(path, number - 8 if copied else number, 0.75 if copied else 1)


def gather_session(folder: Path, material: Path) -> None:
    """Parts of real clips, of 4 s for the most, 1280 pixels long, and real stills of at most 640; and 20 edits."""
    known = [*edits.originals(material, "choosing")]
    stills = iter([one.path for one in known if not one.moving])
    films = iter(sorted(_parts(material, {one.origin for one in known}), key=lambda one: one[1] - one[2]))
    for number, path in _session(folder):
        before, moving, edit = path.with_stem(f"{number - 8}"), path.suffix == ".mp4", EDITS[number // 40]
        if _copied(number):
            shown = edits.frames(before) if moving else [Image.open(before).convert("RGB")]
            edits._make(path, edits.File(path.stem, edit, before, "choosing", moving), edit, shown, [])
        elif moving:
            film, start, end = next(films)
            with av.open(str(film)) as file:
                file.seek(int(max(0.0, start - SOONER) * av.time_base))
                frames = ((frame.time or 0.0, frame) for frame in file.decode(video=0))
                large = (ImageOps.contain(one, (1280, 1280)) for one in edits._evenly(frames, start, end))
                edits.write(path, large)
        else:
            shutil.copy(next(stills), path)


def _parts(material: Path, known: Set[str]) -> Iterator[tuple[Path, float, float]]:
    """Films and from when to when a part of each is, one of each film in turn: of scenes, or of the whole."""
    found = dict[tuple[Path, float], list[tuple[Path, float, float]]]()
    named = ((row[0], name, row[4]) for row in edits.ROWS for name in row[3].split("|") if "@" in name)
    for package, name, shared in named:
        tail, _, seconds = name.partition("@")
        if f"{package}_{name}".replace("/", "-") in known:
            film = next(iter(sorted((material / "raw" / package).rglob(f"**/{tail}"))))
            start, end = map(float, seconds.split("-"))
            if shared == "by file":
                with av.open(str(film)) as file:
                    start, end = 0.0, (file.duration or 0) / 1e6
            found[film, start] = [(film, at, min(at + PART, end)) for at in np.arange(start, end, PART)]
    return (part for turn in zip_longest(*found.values()) for part in turn if part)


def _session(folder: Path) -> Iterator[tuple[int, Path]]:
    """Each file's number and the path at which it is to be made."""
    (folder / "uploaded").mkdir(parents=True)
    (folder / "tracking").mkdir()
    names = [f"{number}.{'jpg' if number % 2 else 'mp4'}" for number in range(SESSION)]
    rows = [f"{number},{name},{'image' if number % 2 else 'video'}\n" for number, name in enumerate(names)]
    Workspace(folder).session.write_text("unique_id,new_filename,creative_type\n" + "".join(rows), "utf-8")
    return ((number, folder / "uploaded" / name) for number, name in enumerate(names))


def _copied(number: int) -> bool:
    """Whether it is a copy of the eighth before it."""
    return number % 40 in (10, 13, 16, 19)


def _draw(path: Path, number: int, scale: float) -> None:
    moving, seconds, title = not number % 2, 4 + number % 5, f"{WORDS[number % len(WORDS)]} {number}"
    width, height = (round((1280 if moving else 640) * scale), round((720 if moving else 360) * scale))
    scene = Scene(number, number, number)
    if number % 4 >= 2 and moving:
        samples.write_video(path, width=width, height=height, seconds=seconds, title=title, seed=number, fps=25)
    elif number % 4 >= 2:
        samples.write_image(path, width=width, height=height, title=title, seed=number)
    elif moving:
        shown = (one.resize((width, height)) for one in scene.frames(seconds * FPS))
        edits.write(path, shown, rate=FPS)
    else:
        next(scene.frames(1)).resize((width, height)).save(path, quality=90)


def reviewed(trees: tuple[Path, Path], folder: Path, made: Callable[[Path], None]) -> Iterator[str]:
    """What a session is, which is made so, and the rows of its first review: before, and now."""
    made(folder / "session")
    yield f"{made.__doc__} Comparing them is part of it; the machine had other things to do."
    yield from ("", "| | seconds | processor, parent | children | files that repeat one |", "|:--|--:|--:|--:|--:|")
    for name, tree in zip(("before", "now"), trees, strict=True):
        place = Path(shutil.copytree(folder / "session", folder / name))
        environment = os.environ | {"PYTHONPATH": str(tree), "TJTOOLS_CACHE": str(folder / f"{name} cache")}
        command = [sys.executable, "-P", "-c", REVIEW, str(place)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        seconds, parent, children, repeats = json.loads(done.stdout.splitlines()[-1])
        yield f"| {name} | {seconds:.1f} s | {parent:.1f} s | {children:.1f} s | {repeats} |"


def report(folder: Path) -> Iterator[str]:
    """The report's lines."""
    tree = folder / PEER
    packed = subprocess.run(["git", "archive", PEER, "tjtools"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        tar.extractall(tree, filter="data")
    yield head(
        __file__,
        "Looking at good files, measured",
        ("av", "imagehash", "numpy", "pillow"),
        f"Before is commit {PEER}, with the same packages. {FILES} files of each kind, each looked at {ROUNDS} times "
        "by either in turn; the best of each file counts, in processor time, since the machine had other things to do. "
        "Looking is facts and what is kept of the pictures, the checksum apart: five moments before, a whole clip now.",
    )
    yield from ("", "| | before | now | now ÷ before | least … median … most of a file | they say the same |")
    yield "|:--|--:|--:|--:|--:|:--|"
    with ExitStack() as stack:
        before, now = (stack.enter_context(child(one)) for one in (tree, ROOT))
        for kind in KINDS:
            yield measured(kind, folder, before, now)
        for process in (before, now):
            process.kill()
    yield from ("", f"## The first review of a session of {SESSION} files", "")
    yield from reviewed((tree, ROOT), folder / "drawn", draw_session)
    if sys.argv[1:]:
        yield from ("", "## The same of real files", "")
        real = partial(gather_session, material=Path(sys.argv[1]).resolve())
        real.__doc__ = gather_session.__doc__
        yield from reviewed((tree, ROOT), folder / "real", real)


if __name__ == "__main__":
    write(__file__, report)
