"""A team at work on one account, while everything around it breaks: what is doubled, lost, mismatched, unequal?

Run as `python tests/team/torture.py`; it takes half an hour and writes `torture.md` beside this file. In each round
everybody gets a session that overlaps with the others', and uploads, refreshes, syncs, decides and pulls in an order of
their own, all at once; then everybody goes on until nothing is left, as a person would, and all files are compared with
the sandbox's own truth. The commands are real, in processes of their own; the site is asked without a browser.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from team.server import Server
from team.torture_child import POINTS
from team.torture_team import EACH, LEASE, NEW, Played, Slept, Torture

from tjtools.sandbox import Sandbox

KINDS = {
    "nothing": (),
    "kills": ("kills",),
    "backends": ("backends",),
    "server": ("server",),
    "lines": ("lines",),
    "all": ("kills", "backends", "server", "lines"),
}
TOLD = {
    "nothing": "nothing breaks",
    "kills": "SIGKILL at random",
    "backends": "`pg_terminate_backend`",
    "server": "the server stopped at once and started",
    "lines": "lines cut before and after COMMIT",
    "all": "all of that at once",
}
ASLEEP = {
    "claimed": "the last look at the claims",
    "noted": "the word in the log that they are handed over",
    "awake": "the last look at the clock",
}
WRONG = ("doubled", "lost", "mismatched", "unequal")
REPORT = Path(__file__).with_suffix(".md")


class Report:
    """What came of all rounds and sleeps."""

    def __init__(self, torture: Torture) -> None:
        self.torture = torture
        self.played: list[tuple[str, Played]] = []
        self.slept: list[Slept] = []
        self.begun = time.monotonic()

    def play(self, kinds: Sequence[str], sleeps: int) -> Iterator[None]:
        """All of it, each told when it is over."""
        for point in [*POINTS] * sleeps:
            slept = self.torture.sleep(point)
            self.slept.append(slept)
            _say(f"asleep behind {point}: {slept.handed} handed over: {slept.word}", slept.wrong)
            yield
        for kind in kinds:
            one = self.torture.round(*KINDS[kind])
            self.played.append((kind, one))
            _say(f"{len(self.played)} {kind}: {one.seconds:.0f} s", one.wrong)
            yield

    @property
    def wrong(self) -> list[str]:
        """Everything that should not be; what a sleep behind the last look doubles is stated apart."""
        found = [each for _, one in self.played for each in one.wrong]
        return found + [each for one in self.slept if one.point != "awake" for each in one.wrong]

    def lines(self) -> Iterator[str]:
        """The report, in Markdown."""
        torture, played = self.torture, self.played
        minutes = (time.monotonic() - self.begun) / 60
        yield "# A team under torture\n"
        yield f"Made by `python tests/team/torture.py` on {datetime.now(UTC):%Y-%m-%d}: Python"
        yield f"{platform.python_version()}, {os.cpu_count()} cores, {platform.system()}, {minutes:.0f} minutes."
        yield f"{len(torture.people)} processes with {len(torture.people)} workspaces on one account, one PostgreSQL"
        yield f"and one sandbox. In each of {len(played)} rounds come {NEW} new files, each has {EACH} of them in a"
        yield "session, some under another name; everybody uploads twice, refreshes, syncs twice, decides and pulls in"
        yield "an order of their own, all at once; where one is killed and goes home, the others have theirs done"
        yield "before that one comes back. Then everybody goes on until nothing is left, and each file of each"
        yield "workspace is compared with the sandbox and with the others'.\n"
        counted = _counted(self.wrong)
        files = len(torture.truth.received())
        yield f"{files} files handed over: {', '.join(f'**{counted[kind]} {kind}**' for kind in WRONG)}.\n"
        yield "| round | of them | it took, median | doubled | lost | mismatched | copies unequal |"
        yield "|:--|--:|--:|--:|--:|--:|--:|"
        for kind in dict.fromkeys(kind for kind, _ in played):
            of_kind = [one for name, one in played if name == kind]
            found = _counted([each for one in of_kind for each in one.wrong])
            cells = " | ".join(str(found[what]) for what in WRONG)
            seconds = statistics.median(one.seconds for one in of_kind)
            yield f"| {TOLD[kind]} | {len(of_kind)} | {seconds:.0f} s | {cells} |"
        ends = sum((one.ends for one in torture.people), Counter[str]())
        done = torture.cuts.count + torture.proxy.cuts
        yield f"\nWhat broke: {_told(done)}. How the commands ended: {_told(ends)}; each that was not killed ended"
        yield "with a word, none with a traceback, none hung.\n"
        yield from self._sleeps()
        if self.wrong:
            yield "\n## What was not in order\n"
            yield from (f"- {one}" for one in self.wrong)

    def _sleeps(self) -> Iterator[str]:
        yield "## Asleep on the way to the hand-over\n"
        yield f"A run is stopped (SIGSTOP) for longer than its claim lasts ({LEASE:g} s here), while a colleague, who"
        yield "finds nothing on the site, takes the file over and uploads it. Then it wakes.\n"
        yield "| asleep behind | times | files handed over twice | what it says |\n|:--|--:|--:|:--|"
        for point in POINTS:
            of_point = [one for one in self.slept if one.point == point]
            twice = sum(one.handed > 1 for one in of_point)
            if of_point:
                yield f"| {ASLEEP[point]} | {len(of_point)} | {twice} | {of_point[0].word} |"
        yield "\nThe last line is the window that remains: nothing can close it, since the site takes no key."


def _counted(wrong: Sequence[str]) -> Counter[str]:
    return Counter(one.partition(":")[0] for one in wrong)


def _told(count: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(count.items()))


def _say(line: str, wrong: Sequence[str]) -> None:
    sys.stdout.write("\n".join([f"{line}, {len(wrong)} wrong", *(f"  {one[:700]}" for one in wrong[:12]), ""]))
    sys.stdout.flush()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--people", type=int, default=8)
    options.add_argument("--only", choices=[*KINDS])
    options.add_argument("--sleeps", type=int, default=3, help="behind each point")
    options.add_argument("--report", type=Path, default=REPORT)
    options.add_argument("--folder", type=Path, help="where the workspaces stay; by default they go")
    given = options.parse_args()
    names = [given.only] if given.only else [*KINDS]
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="torture-")))
        server = stack.enter_context(Server())
        sandbox = stack.enter_context(Sandbox(folder / "site", creatives=40))
        server.ask("postgres", "CREATE DATABASE torture")
        torture = Torture(folder.resolve(), server, "torture", sandbox.origin, given.people)
        report = Report(stack.enter_context(torture))
        for _ in report.play([names[number % len(names)] for number in range(given.rounds)], given.sleeps):
            given.report.write_text("\n".join(report.lines()) + "\n", "utf-8")  # as far as it has come
    if report.wrong:
        raise SystemExit(f"{len(report.wrong)} things are not in order: see {given.report}")


if __name__ == "__main__":
    main()
