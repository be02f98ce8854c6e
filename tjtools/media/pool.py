"""Child processes that look at files, one a core: each is ended when it takes too long, and started anew.

A file that crashes a decoder takes its child with it and nothing else; the answer says so.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from tjtools.media.facts import MediaFacts
from tjtools.model.errors import Cancelled

DEADLINE = 60.0  # seconds for looking at one file; and for a checksum, beyond what its bytes take
COMMAND = (sys.executable, "-P", "-m", "tjtools.media.child")  # -P: nothing is imported from the current folder
_SLOWEST = 10_000_000  # bytes a second that the slowest disk gives
_GLANCE = 0.1  # seconds between two looks at whether the work is cancelled

T = TypeVar("T")
J = TypeVar("J")


@dataclass(frozen=True, slots=True)
class Sight:
    """What a child found out about a file: its facts, its looks, and a strip of small copies of its pictures.

    `strip` is a jpg with the pictures below each other, `b""` where nothing is to be seen.

    `lasting`: another try would say the same; not so after a crash or a deadline. `seconds` is how long it took.
    """

    facts: MediaFacts
    looks: tuple[str, ...] = ()
    strip: bytes = b""
    lasting: bool = True
    seconds: float = 0.0


class Unreadable(Exception):
    """A file can't be read at all; the message says why."""


class Children:
    """A room of child processes; use it in a `with`, which ends them. They start when they are first asked."""

    def __init__(self, *, cores: int | None = None, deadline: float = DEADLINE) -> None:
        self.cores = cores or os.cpu_count() or 1
        self.deadline = deadline
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._all = [_Child() for _ in range(self.cores)]
        for child in self._all:
            self._idle.put(child)

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        for child in self._all:
            child.close()

    def _end(self) -> None:
        """End every child, whatever it is at."""
        for child in self._all:
            child.end()

    def checksum(self, path: Path) -> str:
        """The blake3 of a file's content, streamed; raises `Unreadable`."""
        answer = self._ask("checksum", path, self.deadline + _length(path) / _SLOWEST)
        if "checksum" not in answer:
            raise Unreadable(answer["trouble"])
        return str(answer["checksum"])

    def look(self, path: Path) -> Sight:
        """Facts, looks and strip; what is wrong with the file stands in the facts' `trouble`."""
        answer = self._ask("look", path, self.deadline)
        if "facts" not in answer:
            lasting = bool(answer.get("lasting", False))
            return Sight(MediaFacts(_length(path), "", trouble=answer["trouble"]), lasting=lasting)
        return Sight(
            MediaFacts(**answer["facts"]),
            tuple(answer["looks"]),
            base64.b64decode(answer["strip"]),
            seconds=answer["seconds"],
        )

    def each(
        self, jobs: Iterable[J], work: Callable[[J], T], *, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[J, T]]:
        """Do the work for every job, as many at once as there are cores; yield each when it is done.

        Raises `Cancelled` soon after `cancelled` says so, the children ended.
        """
        waiting = list(jobs)[::-1]
        with ThreadPoolExecutor(self.cores) as pool:
            running: dict[Future[T], J] = {}
            try:
                while waiting or running:
                    while waiting and len(running) < 2 * self.cores:
                        job = waiting.pop()
                        running[pool.submit(work, job)] = job
                    done, _ = wait(running, timeout=_GLANCE, return_when=FIRST_COMPLETED)
                    if cancelled():
                        raise Cancelled("Stopped while files were looked at; what was seen is kept.")
                    for one in done:
                        yield running.pop(one), one.result()
            finally:
                if running:
                    for late in running:
                        late.cancel()
                    self._end()

    def _ask(self, what: str, path: Path, deadline: float) -> dict[str, Any]:
        child = self._idle.get()
        try:
            return child.ask({"what": what, "path": str(path.absolute())}, deadline)
        finally:
            self._idle.put(child)


@dataclass
class _Child:
    """One process, started when it is needed."""

    process: subprocess.Popen[str] | None = None
    ended: bool = False
    guard: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: dict[str, str], deadline: float) -> dict[str, Any]:
        process = self._running()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(deadline, give_up)
        timer.start()
        try:
            line = _exchange(process, json.dumps(request))
        finally:
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = process.wait()
        self.close()
        why = f"took more than {deadline:g} s" if late.is_set() else f"crashed the decoder ({_ending(code)})"
        return {"trouble": f"it {why}", "lasting": False}

    def _running(self) -> subprocess.Popen[str]:
        with self.guard:
            if self.ended:
                raise Cancelled("Stopped while files were looked at.")
            if self.process is None:
                self.process = _started()
            return self.process

    def end(self) -> None:
        """Kill it; it is not started again."""
        with self.guard:
            self.ended = True
            if self.process:
                self.process.kill()

    def close(self) -> None:
        """Let go of a process that has ended; nobody is asking it."""
        process, self.process = self.process, None
        if process:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(OSError):
                        pipe.close()


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _started() -> subprocess.Popen[str]:
    """Of its own group, so that Ctrl-C in a terminal is ours alone to heed."""
    return subprocess.Popen(  # noqa: S603 (our own module)
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="ascii",
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    """Ours, without the password: a child decodes what strangers have made."""
    told = {name: value for name, value in os.environ.items() if name.upper() != "TJTOOLS_PASSWORD"}
    return told | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _exchange(process: subprocess.Popen[str], line: str) -> str:
    """The child's answer; `""` where it died over it."""
    if process.stdin is None or process.stdout is None:
        return ""
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except (OSError, ValueError):
        return ""
    return answer if answer.endswith("\n") else ""


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
