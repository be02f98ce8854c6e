"""Eight processes at once on one workspace: three that add, a refresh, a sync, a review, rebuilds, and `echo … >>`.

Run as `python tests/crashes/crowd.py`; it writes `crowd.md` beside this file. Most rounds read recorded pages, so that
the site takes no time and everybody writes at once; in the last ones a browser reads a sandbox.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

import tjtools.cli.app  # noqa: F401 (before the forks)
from tjtools import cli
from tjtools.cache.history import COLUMNS as HISTORY
from tjtools.cache.inventory import COLUMNS
from tjtools.cache.rows import COLUMNS as LIBRARY
from tjtools.cache.snapshots import read_snapshot
from tjtools.media.content import Fingerprints
from tjtools.model.creative import Section
from tjtools.model.errors import TJToolsError
from tjtools.practice import samples
from tjtools.practice.workspace import ask_sandbox, bind_to_sandbox
from tjtools.scrape.reading import Access
from tjtools.scrape.refresh import refresh_library, sync_status
from tjtools.site import Card, CardPage, Site
from tjtools.workspace.csvfile import read_table, write_rows
from tjtools.workspace.derived import VARIABLE
from tjtools.workspace.folder import Workspace

ROUNDS, WITH_BROWSER, EACH = 50, 4, 5  # EACH: how often everybody does what they do
KNOWN, NEW, IN_MASTER = 60, 10, 10  # creatives that the library has, that the site has too, that the master has too
PAGE = 12
MAGAZINE = [*Section]
REPORT = Path(__file__).with_name("crowd.md")


class Recorded:
    """A site as it was recorded: the same pages for everybody."""

    def __init__(self, cards: dict[Section, list[Card]]) -> None:
        self.cards = cards
        self.open_library = self.close = lambda: None
        self.open_section(Section.STATIC_BANNER)

    def open_section(self, section: Section) -> None:
        self.shown, self.at = self.cards[section], 0

    def read_page(self) -> CardPage:
        page, total = self.shown[self.at : self.at + PAGE], len(self.shown)
        return CardPage(tuple(page), self.at + 1, self.at + len(page), total, self.at + PAGE < total)

    def read_on(self) -> tuple[CardPage, ...]:
        self.at += PAGE
        return (self.read_page(),)


def on_the_site() -> dict[Section, list[Card]]:
    """Every creative that the library has, those that the master knows, and new ones; all of them reviewed."""
    cards: dict[Section, list[Card]] = {section: [] for section in Section}
    for number in range(KNOWN + IN_MASTER + NEW):
        status = ("approved", "rejected")[number % 2]
        cards[MAGAZINE[number % 5]].insert(0, Card(_identity(number), f"creative {number}", review_status=status))
    return cards


def _identity(number: int) -> str:
    return str(1_032_500_011 + 10 * number)


def make_workspace(folder: Path, pictures: Sequence[Path]) -> Workspace:
    """A workspace whose library knows nothing of the reviews, and whose master knows more than the library."""
    place = Workspace(folder.resolve())
    (folder / "uploaded").mkdir(parents=True)
    types = [section.creative_type.value for section in MAGAZINE]
    rows = [(_identity(n), f"creative {n}", "2025-11-13", "", "", types[n % 5], "pending") for n in range(KNOWN)]
    write_rows(place.library, LIBRARY, rows)
    known = [
        {"unique_id": str(n), "new_filename": f"creative {n}", "tj_creative_id": _identity(n)}
        | {"creative_type": types[n % 5]}
        for n in range(KNOWN, KNOWN + IN_MASTER)
    ]  # fmt: skip
    header = (*COLUMNS, "tj_creative_id", "tj_upload_date")
    write_rows(place.master, header, [[row.get(name, "") for name in header] for row in known])
    files = [{"unique_id": path.stem, "new_filename": path.name, "creative_type": "image"} for path in pictures]
    write_rows(place.session, COLUMNS, [[row.get(name, "") for name in COLUMNS] for row in files])
    for path in pictures:
        (folder / "uploaded" / path.name).hardlink_to(path)
    return place


Work = Callable[[], object]


def crowd(place: Workspace, access: Access | None) -> dict[str, Work]:
    """What the eight do."""
    more: list[list[str]] = [[str(2_000_000_000 + 1000 * who + n) for n in range(EACH)] for who in range(4)]
    adding = {f"add {who}": partial(_add, place, more[who]) for who in range(3)}
    return adding | {
        "refresh": partial(_until_applied, lambda: refresh_library(place, access, confirm=lambda _: True)),
        "sync": partial(_until_applied, lambda: sync_status(place, access)),
        "review": partial(_command, place, "review"),
        "rebuild": partial(_often, partial(_command, place, "rebuild-cache")),
        "echo": partial(_echo, place, more[3]),
    }


def _add(place: Workspace, ids: Sequence[str]) -> None:
    for each in ids:
        _command(place, "add", each, f"added {each}.png")


def _until_applied(work: Work) -> None:
    """Read again where another reading was applied meanwhile, as the error says; a crowd is no reason to give up."""
    for _ in range(EACH):
        while True:
            try:
                work()
                break
            except TJToolsError as error:
                if "Read the site again" not in str(error):
                    raise


def _often(work: Work) -> None:
    for _ in range(EACH):
        work()


def _echo(place: Workspace, ids: Sequence[str]) -> None:
    """A person's shell, which knows of no lock."""
    for each in ids:
        line = f"{each},echoed {each}.png,,,png,image,pending"
        subprocess.run(["sh", "-c", 'echo "$1" >> "$2"', "sh", line, place.library], check=True)


def _command(place: Workspace, *words: str) -> None:
    sys.argv = ["tjtools", *words, "--workspace", str(place.root)]
    try:
        cli.main()
    except SystemExit as end:
        if end.code not in (None, 0, 1):
            raise


def at_once(works: dict[str, Work], log: Path) -> list[str]:
    """Start all of them at the same moment, each in a process of its own; what did not end well."""
    fork = multiprocessing.get_context("fork")  # nothing else runs here that a fork could tear apart
    start = fork.Barrier(len(works))
    processes = {
        name: fork.Process(target=_begin, args=(work, start, log / f"{name}.txt")) for name, work in works.items()
    }
    for process in processes.values():
        process.start()
    for process in processes.values():
        process.join()
    return [
        f"{name} ended with {process.exitcode}: {(log / f'{name}.txt').read_text('utf-8')[-1500:]}"
        for name, process in processes.items()
        if process.exitcode
    ]


def _begin(work: Work, start: Any, log: Path) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    start.wait()
    work()


def lost(place: Workspace, truth: dict[str, str], added: Sequence[str], pictures: Sequence[Path]) -> Iterator[str]:
    """Every update that is not there; `truth` is the status of each creative on the site."""
    table = read_table(place.library, LIBRARY)
    count = Counter(row["creative_id"] for row in table.rows)
    statuses = {row["creative_id"]: row["review_status"] for row in table.rows}
    yield from (f"{each} is not in the library" for each in [*truth, *added] if each not in count)
    yield from (f"{each} has {number} rows" for each, number in count.items() if number > 1)
    yield from (f"line {bad.line} of the library: {bad.text}" for bad in table.bad)
    for each, status in truth.items():
        if statuses.get(each, status) != status:
            yield f"{each} is {statuses[each]} in the library and {status} on the site"
    last: dict[str, str] = {}
    for row in read_table(place.history, HISTORY).rows:
        if row["creative_id"] in truth and row["from_status"] != last.get(row["creative_id"], row["from_status"]):
            yield f"the history of {row['creative_id']} has a gap"
        last[row["creative_id"]] = row["to_status"]
    yield from (f"the history knows {each} as {last.get(each)}" for each in truth if last.get(each) != truth[each])
    yield from (f"the history does not know {each}" for each in added[: 3 * EACH] if each not in last)
    kept = Fingerprints.load(place)
    yield from (
        f"{path.name} was not looked at" for path in pictures if not kept.of(place.root / "uploaded" / path.name)
    )
    if bad := read_table(place.library.with_suffix(".quarantine.csv"), ("line", "reason", "text")).rows:
        yield f"in quarantine: {bad}"
    for path in place.snapshots.glob("*.csv"):
        read_snapshot(path)


class Played(NamedTuple):
    """A round: how it read the site, how long it took, and which updates were lost."""

    browser: bool
    seconds: float
    lost: tuple[str, ...]


def play(folder: Path, number: int, pictures: Sequence[Path], origin: str = "") -> Played:
    """One round; with the address of a sandbox, a browser reads it."""
    place = make_workspace(folder / f"round-{number}", pictures)
    if origin:
        truth, recorded = _as_sandbox(place, origin), None  # the workspace's own access
    else:
        cards = on_the_site()
        truth = {card.creative_id: card.review_status for each in cards.values() for card in each}
        recorded = Access(connect=lambda: cast(Site, Recorded(cards)))
    works = crowd(place, recorded)
    added = [str(2_000_000_000 + 1000 * who + n) for who in range(4) for n in range(EACH)]
    logs = folder / f"logs-{number}"
    logs.mkdir()
    begun = time.monotonic()
    wrong = at_once(works, logs)
    seconds = time.monotonic() - begun
    return Played(bool(origin), seconds, (*wrong, *lost(place, truth, added, pictures)))


def _as_sandbox(place: Workspace, origin: str) -> dict[str, str]:
    """The sandbox's creatives in the library, all of them taken for pending."""
    bind_to_sandbox(place, origin)
    truth = {one["creative_id"]: one for one in ask_sandbox(origin, "creatives")}
    types = {section.value: section.creative_type.value for section in Section}
    write_rows(
        place.library,
        LIBRARY,
        [(key, one["name"], "", "", "", types[one["section"]], "pending") for key, one in [*truth.items()][5:]],
    )
    write_rows(place.master, COLUMNS, ())
    return {key: one["review_status"] for key, one in truth.items()}


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """A sandbox in a process of its own; its address."""
    command = [sys.executable, "-m", "tjtools", "sandbox", "--port", "0", "--creatives", "30", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[3]  # Sandbox ready at …
        finally:
            process.terminate()


def play_all(rounds: int, with_browser: int) -> list[Played]:
    """The rounds on recorded pages, then those with a browser."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crowd-"))).resolve()
        os.environ[VARIABLE] = str(folder / "cache")
        pictures = [folder / f"EN_Sports_ID-0C0C0C0{number}.png" for number in range(3)]
        for seed, path in enumerate(pictures):
            samples.write_image(path, width=300, height=250, title=path.stem, seed=seed)
        played = [play(folder, number, pictures) for number in range(rounds - with_browser)]
        if with_browser:
            origin = stack.enter_context(sandbox(folder / "site"))
            played += [play(folder, rounds - number, pictures, origin) for number in range(with_browser)]
    return played


def report(played: Sequence[Played]) -> Iterator[str]:
    """What was lost."""
    browser = sum(one.browser for one in played)
    yield "# Eight processes at once on one workspace\n"
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d} with `tests/crashes/crowd.py`: Python {platform.python_version()},"
    yield f"{os.cpu_count()} cores, {platform.system()}.\n"
    lost, seconds = sum(len(one.lost) for one in played), statistics.median(one.seconds for one in played)
    yield f"{len(played)} rounds, {browser} of them with a browser: **{lost} lost updates**. In each, three processes"
    yield f"add {EACH} creatives one by one, a refresh and a sync are applied {EACH} times, the library is rebuilt"
    yield f"{EACH} times, the session is reviewed, and a shell appends {EACH} lines with `echo … >>`."
    yield f"A round took {seconds:.1f} s in the median.\n"
    yield from (f"- {what.splitlines()[0]}" for one in played for what in one.lost)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--browser", type=int, default=WITH_BROWSER, help="how many of them with a browser")
    options.add_argument("--report", type=Path, default=REPORT)
    given = options.parse_args()
    played = play_all(given.rounds, given.browser)
    given.report.write_text("\n".join(report(played)) + "\n", "utf-8")
    if wrong := [what for one in played for what in one.lost]:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
