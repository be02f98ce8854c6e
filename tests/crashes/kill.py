"""End an upload, a refresh and a takeover of old files by SIGKILL at every effect and at random times, and go on.

Run as `python tests/crashes/kill.py`: several hours; `report.md` beside this tells what came of it. With `--minutes 60`
it stops then, the report says how far it came, and the next call goes on there, as `--log` has each round. With
`--team` an upload and a refresh alone, of a workspace in a team on a real PostgreSQL, and `team.md` tells. Nothing but
SIGKILL ends the work, and nothing is mended in between: what a person would do next is all that is done.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from crashes.effects import AFTER, BEFORE, TORN, Kill
from crashes.jobs import JOBS, REFRESH, UPLOAD, Job
from crashes.rounds import SITES, Place, Round, Site

HITS = 3
RANDOM = 200
SEED = 7
REPORT = Path(__file__).with_name("report.md")


class Task(NamedTuple):
    """A round to play: the `number`-th hit of an effect's moment, or the `number`-th kill at a random time."""

    job: Job
    site: Site
    kill: Kill | None
    number: int
    share: float = 0.0

    @property
    def key(self) -> str:
        """By what it is known in the log."""
        return json.dumps([self.job.name, self.kill, self.number])


def kills(effects: Sequence[str]) -> Iterator[Kill]:
    """Every effect of a recorded run, before and after; writes into files that are there are torn too."""
    count: Counter[str] = Counter()
    for effect in effects:
        count[effect] += 1
        torn = effect.startswith("write ") and not effect.endswith((".tmp", ".new", ".png"))
        for moment in (BEFORE, TORN, AFTER) if torn else (BEFORE, AFTER):
            yield Kill(effect, count[effect], moment)


def tasks(jobs: Sequence[Job], recorded: dict[str, Round], hits: int, at_random: int) -> list[Task]:
    """All rounds, such that wherever they end, each kind of effect had its share: first one of each name,
    and those at random times."""
    dice, sites = random.Random(SEED), cycle(SITES)  # noqa: S311
    aimed = [(job, kill) for job in jobs for kill in kills(recorded[job.name].effects)]
    dice.shuffle(aimed)
    first = {(job.name, kill.effect, kill.moment): (job, kill) for job, kill in aimed}
    aimed = [*first.values(), *(one for one in aimed if one not in first.values())]
    loose = [Task(jobs[number % len(jobs)], next(sites), None, number, dice.random()) for number in range(at_random)]
    passes = [
        [Task(job, SITES[number % len(SITES)], kill, number) for job, kill in aimed] for number in range(1, hits + 1)
    ]
    mixed = [*passes[0][: len(first)], *loose]
    dice.shuffle(mixed)
    return [*mixed, *passes[0][len(first) :], *(one for each in passes[1:] for one in each)]


class Harness:
    """Plays tasks in several places at the same time, and keeps what came of them."""

    def __init__(self, jobs: Sequence[Job], log: Path, until: float) -> None:
        self.jobs = jobs
        self.log = log
        self.until = until
        self.played: dict[str, Round] = {}
        self.queue: SimpleQueue[Task] = SimpleQueue()
        self.recorded: dict[str, Round] = {}
        self.durations: dict[str, float] = {}
        self._one = threading.Lock()

    def record(self, place: Place) -> None:
        """One run of each work that nobody kills: its effects, and how long it takes."""
        for job in self.jobs:
            done = place.play(job, SITES[0])
            if done.wrong or done.torn:
                raise SystemExit(f"{job.name} is wrong without a kill: {done.wrong} {done.torn}\n{done.log}")
            self.recorded[job.name] = done
            self.durations[job.name] = done.first

    def work(self, place: Place) -> None:
        """Play until nothing is left or the time is over; what was not reached is tried once more."""
        while time.monotonic() < self.until:
            try:
                task = self.queue.get_nowait()
            except Empty:
                return
            for sooner in (1, 0.7, 0.5):  # a run may have come to its end before the time for which its kill was drawn
                after = None if task.kill else sooner * task.share * self.durations[task.job.name]
                played = place.play(task.job, task.site, task.kill, after, self._second(task))._replace(effects=())
                if played.hit or played.wrong:
                    break
            with self._one, self.log.open("a", encoding="utf-8") as file:
                self.played[task.key] = played
                told = played._asdict() | {"key": task.key, "at": f"{datetime.now(UTC):%H:%M:%S}"}
                file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def _second(self, task: Task) -> float | None:
        """Every other work that is ended at a random time is ended once more after it was gone on with."""
        again = not task.kill and task.number // 2 % 2
        return (1 - task.share) * self.durations[task.job.name] if again else None

    def look_back(self) -> None:
        """What an earlier call has played already."""
        for line in self.log.read_text("utf-8").splitlines() if self.log.exists() else ():
            told = json.loads(line)
            kill, site = told["kill"] and Kill(*told["kill"]), Site(*told["site"])
            told |= {
                "twice": told.get("twice", False),
                "kill": kill,
                "site": site,
                "torn": tuple(told["torn"]),
                "wrong": tuple(told["wrong"]),
            }
            self.played[told["key"]] = Round(**{name: told[name] for name in Round._fields})


def play(*, hits: int, at_random: int, workers: int, minutes: float, log: Path, team: bool) -> Harness:
    """Record, then play everything, `workers` rounds at a time."""
    harness = Harness((UPLOAD, REFRESH) if team else JOBS, log, time.monotonic() + minutes * 60)
    harness.look_back()
    with Place(team=team) as place:
        harness.record(place)
        for task in tasks(harness.jobs, harness.recorded, hits, at_random):
            if task.key not in harness.played:
                harness.queue.put(task)
        helpers = [threading.Thread(target=_help, args=(harness, team)) for _ in range(workers - 1)]
        for helper in helpers:
            helper.start()
        harness.work(place)
        for helper in helpers:
            helper.join()
    return harness


def _help(harness: Harness, team: bool) -> None:
    with Place(team=team) as place:
        harness.work(place)


def report(harness: Harness, hits: int, at_random: int, *, team: bool) -> Iterator[str]:
    """The histogram, effect by effect."""
    rounds = [*harness.played.values()]
    loose = [one for one in rounds if not one.kill]
    wanted = sum(1 for job in harness.jobs for _ in kills(harness.recorded[job.name].effects)) * hits
    yield f"# Killed at every effect, and gone on with{', in a team' if team else ''}\n"
    script = f"tests/crashes/kill.py{' --team' if team else ''}"
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d} with `{script}`: Python {platform.python_version()},"
    yield f"{os.cpu_count()} cores, {platform.system()}. {_totals(rounds)}\n"
    hit = sum(one.hit for one in rounds if one.kill)
    yield f"Aimed kills: {hit} hit of {wanted} wanted ({hits} for each effect and moment). At random times:"
    yield f"{len(loose)} of {at_random}, of which {sum(one.hit for one in loose)} came before the run's own end;"
    yield f"{sum(one.twice for one in loose)} of them were killed once more while they were gone on with."
    yield from _by_again(rounds)
    for job in harness.jobs:
        yield f"\n## {job.name}\n"
        yield "| effect | of them | killed before | torn | after | fewest hits | true after the kill | at the end |"
        yield "|:--|--:|--:|--:|--:|--:|--:|--:|"
        yield from _lines(harness.recorded[job.name].effects, [one for one in rounds if one.job == job.name])
        at = [one for one in loose if one.job == job.name]
        yield f"| *at a random time* | | {sum(one.hit for one in at)} | | | | {_true(at)} | {_well(at)} |"
    if wrong := [one for one in rounds if one.wrong or one.torn]:
        yield "\n## What was not in order\n"
        yield "`torn` is a line that the kill left half-written: it is told with its number, and its row comes whole.\n"
        for what, times in Counter((*_place(one), *one.torn, *one.wrong) for one in wrong).items():
            yield f"- {times} ×: {'; '.join(what)}"


def _totals(rounds: Sequence[Round]) -> str:
    counts = Counter(kind.partition(":")[0] for one in rounds for kind in one.wrong)
    kinds = ", ".join(f"**{counts[kind]} {kind}**" for kind in ("lost", "doubled", "mismatched", "unequal"))
    outlived = sum(one.outlived > 0 for one in rounds)
    left = sum(bool(one.left) for one in rounds)
    return (
        f"{len(rounds)} rounds: {kinds}; after {outlived} of them a process of the killed run was still there when the"
        f" next had ended; {left} left a temporary file behind."
    )


def _by_again(rounds: Sequence[Round]) -> Iterator[str]:
    yield "\n| gone on with | silent drop | rounds | lost, doubled or mismatched |\n|:--|:--|--:|--:|"
    found = Counter((one.again, one.site.drops_duplicates) for one in rounds)
    for (again, drops), number in sorted(found.items()):
        wrong = sum(bool(o.wrong) for o in rounds if (o.again, o.site.drops_duplicates) == (again, drops))
        yield f"| `tjtools {again}` | {'on' if drops else 'off'} | {number} | {wrong} |"


def _lines(effects: Sequence[str], played: Sequence[Round]) -> Iterator[str]:
    for effect, number in Counter(effects).items():
        rounds = [one for one in played if one.kill and one.kill.effect == effect]
        hits = Counter(one.kill for one in rounds if one.hit)
        moments = Counter(one.kill.moment for one in rounds if one.hit and one.kill)
        fewest = min(hits[kill] for kill in kills(effects) if kill.effect == effect)
        shown = [str(moments[moment] or "") for moment in (BEFORE, TORN, AFTER)]
        yield f"| {effect} | {number} | {' | '.join(shown)} | {fewest} | {_true(rounds)} | {_well(rounds)} |"


def _true(rounds: Sequence[Round]) -> str:
    return f"{sum(not one.torn for one in rounds)} of {len(rounds)}"


def _well(rounds: Sequence[Round]) -> str:
    return f"{sum(not one.wrong for one in rounds)} of {len(rounds)}"


def _place(one: Round) -> tuple[str, str]:
    return one.job, " ".join(map(str, one.kill)) if one.kill else "at random"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hits", type=int, default=HITS, help="of each effect and moment")
    options.add_argument("--random", type=int, default=RANDOM, help="kills at random times")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--minutes", type=float, default=600)
    options.add_argument("--team", action="store_true", help="the workspace belongs to a team on PostgreSQL")
    options.add_argument("--log", type=Path, help="one JSON line a round; by default rounds.jsonl, or team.jsonl")
    options.add_argument("--report", type=Path, help="by default report.md, or team.md")
    given = options.parse_args()
    written = given.report or (REPORT.with_name("team.md") if given.team else REPORT)
    log = given.log or REPORT.with_name("team.jsonl" if given.team else "rounds.jsonl")
    harness = play(
        hits=given.hits, at_random=given.random, workers=given.workers, minutes=given.minutes, log=log, team=given.team
    )
    written.write_text("\n".join(report(harness, given.hits, given.random, team=given.team)) + "\n", "utf-8")
    if wrong := sum(bool(one.wrong) for one in harness.played.values()):
        raise SystemExit(f"{wrong} rounds ended with something lost, doubled or mismatched: see {written}")


if __name__ == "__main__":
    main()
