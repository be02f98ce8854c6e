"""What becomes of real files: session, review and duplicates over media out of packages, beside Pillow and ffprobe.

Run as `python tests/field/check.py [FOLDER]`: it fetches what `packages.csv` names into that folder (or one that goes),
prints a line of CSV for each file, and writes `report.md` beside this. It takes some ten minutes, 2 GB of disk, a
Debian, and ffprobe. Exit code 1 where something is neither as the others say nor in `explained.csv`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from packages import LONGEST, PACKAGES, fetch, unpack
from PIL import Image

from tjtools.diff.duplicates import MEDIA
from tjtools.media import MediaFacts
from tjtools.media.content import Fingerprints
from tjtools.workspace.folder import Workspace

HERE = Path(__file__).parent
EXPLAINED = [*csv.reader((HERE / "explained.csv").read_text("utf-8").splitlines())][1:]
HARDLY = 0.05  # seconds
COLUMNS = "file,verdict,container,size,seconds,compared with,their size,their seconds,difference,why that is right"


class Theirs(NamedTuple):
    """What another program says: the size as shown, the seconds of the picture, and all other seconds that it tells."""

    size: tuple[int, ...] = ()
    seconds: float | None = None
    others: tuple[float, ...] = ()
    trouble: str = ""


def tjtools(*arguments: object) -> tuple[Any, str]:
    """What our command answers, and how it ended; one that breaks or hangs ends the check."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tjtools", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout), f"{arguments[0]}: exit code {done.returncode}, {time.perf_counter() - began:.0f} s"


def by_pillow(path: Path) -> Theirs | None:
    """What Pillow says of an image; None where it is none to it."""
    try:
        image = Image.open(path)
    except Exception:  # noqa: BLE001 (whatever its plugins raise)
        return None
    with image:
        try:
            image.load()
            turned = 5 <= image.getexif().get(0x112, 1) <= 8
        except Exception as error:  # noqa: BLE001
            return None if image.format == "MPEG" else Theirs(image.size, trouble=str(error))
        return Theirs(image.size[::-1] if turned else image.size)


def by_ffprobe(path: Path) -> Theirs:
    """What ffprobe says; the size is as a browser shows it, with the pixels' shape and the turn that it tells."""
    probe = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_packets", path]
    done = subprocess.run(probe, capture_output=True, timeout=LONGEST)
    told = json.loads(done.stdout or b"{}")
    pictures = [one for one in told.get("streams", ()) if one["codec_type"] == "video" and one.get("width")]
    picture = next((one for one in pictures if not one["disposition"]["attached_pic"]), None)
    if not picture:
        return Theirs(trouble="no picture")
    width, height = picture["width"], picture["height"]
    across, down = map(int, picture.get("sample_aspect_ratio", "1:1").split(":"))
    if across > down > 0:
        width = round(width * across / down)
    elif down > across > 0:
        height = round(height * down / across)
    turns = [one["rotation"] for one in picture.get("side_data_list", ()) if "rotation" in one]
    size = (height, width) if turns and turns[0] % 180 == 90 else (width, height)
    mine = [
        one for one in told.get("packets", ()) if one["stream_index"] == picture["index"] and "D" not in one["flags"]
    ]
    times = [(float(one.get("pts_time", one.get("dts_time", 0))), float(one.get("duration_time", 0))) for one in mine]
    if not times:
        return Theirs(size, trouble="no frame")
    others = tuple(float(one["duration"]) for one in (picture, told["format"]) if "duration" in one)
    return Theirs(size, max(map(sum, times)) - min(times)[0], others)


def differences(ours: MediaFacts | None, pillow: Theirs | None, probe: Theirs) -> Iterator[str]:
    """In what we and the others differ: whether it can be read, its size, its seconds."""
    theirs = pillow or probe
    if ours is None:
        yield "we have not looked at it"
        return
    if (not ours.width or bool(ours.trouble)) != bool(theirs.trouble):
        yield f"we: {ours.trouble or 'whole'}; they: {theirs.trouble or 'whole'}"
    if ours.width and theirs.size and (ours.width, ours.height) != theirs.size:
        yield f"size: ours {ours.size}, theirs {'x'.join(map(str, theirs.size))}"
    if ours.seconds is None or pillow or probe.seconds is None:
        return
    if abs(ours.seconds - probe.seconds) > HARDLY:
        yield f"seconds: ours {ours.seconds:g}, its frames {probe.seconds:g}"
    least, most = ours.shortest or ours.seconds, ours.longest or ours.seconds
    for other in probe.others:
        if not least - HARDLY <= other <= most + HARDLY:
            yield f"seconds: we say {least:g} to {most:g}, ffprobe {other:g}"


def rows(media: Path, seen: Fingerprints, verdicts: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Of each file what becomes of it, what we and the others say of it, and why that may differ."""
    paths = sorted(media.iterdir())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        others = zip(paths, pool.map(by_pillow, paths), pool.map(by_ffprobe, paths), strict=True)
    for path, pillow, probe in others:
        known, theirs = seen.of(path), pillow or probe
        facts = known.facts if known else MediaFacts(0, "")
        told = [*differences(known and known.facts, pillow, probe)]
        if len(verdicts[path.name]) != 1:
            told.append(f"it is told {len(verdicts[path.name])} times what becomes of it")
        whys = [next((why for one, why in EXPLAINED if re.search(one, f"{path.name}: {what}")), "?") for what in told]
        size = "x".join(map(str, theirs.size))
        yield (
            *(path.name, ", ".join(verdicts[path.name]), facts.container, facts.size, short(facts.seconds)),
            *("Pillow" if pillow else "ffprobe", size, short(theirs.seconds)),
            *("; ".join(told), "; ".join(dict.fromkeys(whys))),
        )


def short(seconds: float | None) -> str:
    """Seconds, if any."""
    return "" if seconds is None else f"{seconds:g}"


def copies(groups: Sequence[Any], media: Path) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """The groups among the files, by kind, and where they are at odds with the files' SHA-256."""
    sum_of = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in media.iterdir() if one.stat().st_size}
    names = [(one["kind"], {Path(two["path"]).name for two in one["members"] if two["path"]}) for one in groups]
    found = [(kind, sorted(ones)) for kind, ones in names if len(ones) > 1]  # each has its copy in uploaded/ beside it
    same = [ones for kind, ones in found if kind == "same content"]
    wrong = [f"not the same: {', '.join(ones)}" for ones in same if len({sum_of[one] for one in ones}) > 1]
    sums = defaultdict[str, set[str]](set)
    for name, told in sum_of.items():
        if Path(name).suffix.lower()[1:] in MEDIA:
            sums[told].add(name)
    missed = [ones for ones in sums.values() if len(ones) > 1 and not any(ones <= {*group} for _, group in found)]
    return found, [*wrong, *(f"the same, and in no group: {', '.join(sorted(ones))}" for ones in missed)]


def report(
    looked: Sequence[tuple[str, ...]], archives: Sequence[Path], counts: Sequence[int], took: str
) -> Iterator[str]:
    """The report's lines, but for the duplicates."""
    probe = subprocess.run(["ffprobe", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    differ = [row for row in looked if row[8]]
    compared, verdicts = Counter(row[5] for row in looked), Counter(row[1] for row in looked)
    videos = sum(row[4] != "" for row in looked)
    yield f"""# Real files, looked at

Made by `python tests/field/check.py` on {datetime.now(UTC):%Y-%m-%d}: Python {sys.version.split()[0]},
av {version("av")}, pillow {version("pillow")}, ffprobe {probe}. `session`, `review` and `duplicates` went over
{len(looked)} files, and what they say was compared: of {compared["Pillow"]} with Pillow, of the rest, {videos} of them
videos, with ffprobe, whose sizes are turned and stretched as its side data says that a player does, and whose seconds
are those of the frames; its other figures for the seconds lie between the least and the most that we tell.

- {took}; no traceback, no hang
- what becomes of each file is told once: {", ".join(f"{count} {one}" for one, count in verdicts.items())}
- we and the others say the same of {len(looked) - len(differ)} of {len(looked)}

| package | file | from | licence | media |
|---|---|---|---|--:|"""
    for (name, source, licence, _), archive, count in zip(PACKAGES, archives, counts, strict=True):
        yield f"| {name} | {archive.name} | {source} | {licence} | {count} |"
    yield "\n## Where we differ\n"
    for why in sorted({row[9] for row in differ}):
        yield f"- {why}:"
        yield from (f"  - `{row[0]}`, {row[1]}: {row[8]}" for row in differ if row[9] == why)


def main() -> int:
    """Fetch, look, compare, and report."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else made).resolve()
        media, place, cache = (folder / name for name in ("media", "workspace", "cache"))
        os.environ["TJTOOLS_CACHE"] = str(cache)
        for old in (media, place, cache):
            shutil.rmtree(old, ignore_errors=True)
        media.mkdir(parents=True)
        archives = [fetch(folder / "packages", *one) for one in PACKAGES]
        counts = [unpack(archive, media, *one) for archive, one in zip(archives, PACKAGES, strict=True)]
        tjtools("init", place)
        session, session_took = tjtools("session", media, "--workspace", place)
        review, review_took = tjtools("review", "--workspace", place)
        groups, groups_took = tjtools("duplicates", media, "--workspace", place)
        verdicts = defaultdict[str, list[str]](list)
        for one in review["files"]:
            verdicts[one["file_name"]].append(one["verdict"])
        for one in session["left_out"]:
            verdicts[Path(one["path"]).name].append("left out")
        looked = list(rows(media, Fingerprints.load(Workspace(place)), verdicts))
        found, wrong = copies(groups["groups"], media)
    csv.writer(sys.stdout).writerows([COLUMNS.split(","), *looked])
    kinds = Counter(kind for kind, _ in found)
    told = f"{', '.join(f'{count} {kind}' for kind, count in kinds.items())}. At odds with SHA-256: {wrong or 'none'}."
    lines = [
        *report(looked, archives, counts, "; ".join((session_took, review_took, groups_took))),
        f"\n## Groups of duplicates\n\n{told}\n",
        *(f"- {kind}: {', '.join(f'`{one}`' for one in members)}" for kind, members in found),
    ]
    (HERE / "report.md").write_text("\n".join(lines) + "\n", "utf-8")
    return int(bool(wrong) or any("?" in row[9] for row in looked))


if __name__ == "__main__":
    sys.exit(main())
