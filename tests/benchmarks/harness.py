"""What the benchmarks share: a report's head, its sections and its file, and a contender in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
LOAD = os.getloadavg()[0]  # before anything is measured
Section = tuple[str, str, Callable[[Path], Iterator[str]]]  # its title, what is wanted and measured, and its lines


class Used(NamedTuple):
    """What a process took: seconds, seconds of processor time on all cores, and peak memory in MB."""

    seconds: float
    processor: float
    peak: float


def head(script: str, title: str, made_with: tuple[str, ...], told: str) -> str:
    """The title, and what the measuring was done with: packages by their names, or other programs as text."""
    named = ", ".join(one if " " in one else f"{one} {version(one)}" for one in made_with)
    return (
        f"# {title}\n\nMade by `python tests/benchmarks/{Path(script).name}` on {datetime.now(UTC):%Y-%m-%d}: Python"
        f" {platform.python_version()}, {named}; {platform.system()}, {os.cpu_count()} cores, load {LOAD:.1f} when it"
        f" began. {told}"
    )


def sections(folder: Path, *parts: Section, apart: bool = True) -> Iterator[str]:
    """The lines of each section, which gets a folder of its own; not `apart`: all the same."""
    for number, (title, told, lines) in enumerate(parts):
        own = folder / str(number) if apart else folder
        own.mkdir(exist_ok=True)
        yield from ("", f"## {title}", "", told, "", *lines(own))


def write(script: str, report: Callable[[Path], Iterator[str]]) -> None:
    """Make the report in a folder and with a cache that go, and write it beside the script."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["TJTOOLS_CACHE"] = temporary
        text = "\n".join(report(Path(temporary).resolve())) + "\n"
    Path(script).with_suffix(".md").write_text(text, "utf-8")
    sys.stdout.write(text)


def alone(script: str, *arguments: object) -> tuple[Used, Any]:
    """What the script takes in a process of its own, from start to end, and what it tells there."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, script, *map(str, arguments)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds = time.perf_counter() - start
    told, processor, peak = json.loads(done.stdout.splitlines()[-1])
    return Used(seconds, processor, peak), told


def tell(told: object) -> None:
    """In the process of its own: what it found, and what it took, for `alone`."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.write(json.dumps([told, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]) + "\n")


def browser_version() -> str:
    """Its own word, without the path."""
    from tjtools.site.browser import ensure_browser

    asked = subprocess.run([ensure_browser(say=print), "--version"], capture_output=True, text=True, check=True)
    return " ".join(asked.stdout.split()[:2])
