"""Work in a thread of its own, as an observable: state, progress, log, error. Knows nothing of any front end.

A click starts it and returns at once; the kernel stays free. What happens is set on the task's traits, in the work's
own thread; counts and log at most five times a second, since a front end has to follow. A heartbeat moves `elapsed`
twice a second for as long as it runs.

The thread is no daemon: an interpreter that ends waits for it, and the work is told to stop. So restarting a kernel
closes the browser in good order and what is confirmed is written down.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum

from traitlets import Any as AnyTrait
from traitlets import Float, HasTraits, Instance, Int, Tuple, Unicode, UseEnum

from tjtools.media.content import LookedAt
from tjtools.model.errors import Cancelled
from tjtools.model.names import printable

KEPT_LINES = 500
HEARTBEAT = 0.5  # seconds
PACE = 0.2  # seconds between two changes of the counts or the log; a new text is told at once

logging.getLogger("tjtools").addHandler(logging.NullHandler())  # a panel shows it; the cell's output stays clean


class State(Enum):
    """Where a task is."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Task(HasTraits):
    """One piece of work at a time; a start while it runs does nothing.

    `done` of `total` are through (`total` 0: nobody knows how many), `text` says with what it is busy, `elapsed` is in
    seconds, `log` holds the last lines. `result` is what the work returned; `error` what it raised, with the
    `traceback` as text. The state changes last, when all the rest is set.

    >>> task = Task()
    >>> task.start(lambda run: 6 * 7), task.wait(), task.result
    (True, True, 42)
    """

    state = UseEnum(State, default_value=State.READY)
    text = Unicode()
    done = Int()
    total = Int()
    elapsed = Float()
    log = Tuple()
    result = AnyTrait()
    error = Instance(Exception, allow_none=True)
    traceback = Unicode()

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._telling = threading.RLock()
        self._told = 0.0
        self._pending = ("", 0, 0)
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._asked_to_stop = threading.Event()
        self._finished = threading.Event()
        self._finished.set()

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return not self._finished.is_set()

    def start(self, work: Callable[[Run], object]) -> bool:
        """Begin; False, and nothing else, where it is under way already."""
        with self._lock:
            if self.running:
                return False
            self._finished.clear()
        self._asked_to_stop.clear()
        self._pending, self.elapsed = ("", 0, 0), 0.0
        self._lines.clear()
        self._tell(now=True)
        self.result, self.error, self.traceback = None, None, ""
        self.state = State.RUNNING
        threading.Thread(target=self._carry_out, args=(work,), name="tjtools-task").start()
        threading.Thread(target=self._beat, args=(time.monotonic(),), name="tjtools-heartbeat", daemon=True).start()
        return True

    def cancel(self) -> None:
        """Ask the work to stop; it does so at its next look, ten times a second while a browser works."""
        if self.running:
            self._asked_to_stop.set()
            self.tell("Stopping: what is confirmed is being recorded.", *self._pending[1:])
            self._tell(now=True)

    def cancelled(self) -> bool:
        """Whether the work has to stop: somebody asked, or the interpreter ends."""
        return self._asked_to_stop.is_set() or not threading.main_thread().is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; False where it still runs."""
        return self._finished.wait(timeout)

    def tell(self, text: str, done: int, total: int) -> None:
        """Say with what the work is busy and how far it is."""
        fresh = text != self._pending[0]
        self._pending = (text, done, total)
        self._tell(now=fresh)

    def note(self, line: str) -> None:
        """A line for the log."""
        self._lines.append(line)
        self._tell()

    def _tell(self, *, now: bool = False) -> None:
        """Set the traits to what is known, at their pace."""
        with self._telling:
            if now or time.monotonic() - self._told >= PACE:
                self._told = time.monotonic()
                self.text, self.done, self.total = self._pending
                self.log = tuple(self._lines)

    def _carry_out(self, work: Callable[[Run], object]) -> None:
        logger, handler = logging.getLogger("tjtools"), _Lines(self)
        logger.addHandler(handler)
        logger.setLevel(min(logger.level or logging.INFO, logging.INFO))
        state = State.FAILED
        try:
            self.result = work(Run(self))
            state = State.DONE
        except Cancelled as error:
            self.error, state = error, State.CANCELLED
        except Exception as error:  # noqa: BLE001 (the person who clicked has to see whatever went wrong)
            self.traceback = traceback.format_exc()
            self.error = error
        finally:
            logger.removeHandler(handler)
            try:
                self._tell(now=True)
            finally:
                self._end(state)

    def _end(self, state: State) -> None:
        try:
            self.state = state
        finally:
            self._finished.set()

    def _beat(self, began: float) -> None:
        while not self._finished.wait(HEARTBEAT):
            self._tell(now=True)
            self.elapsed = time.monotonic() - began


class Run:
    """What the work gets in hand: it tells how far it is, and asks whether to go on."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.cancelled = task.cancelled

    def progress(self, text: str, done: int, total: int = 0) -> None:
        """Say with what the work is busy and how far it is; any thread may."""
        self._task.tell(self._task.text if self.cancelled() else text, done, total)

    def looked_at(self, at: LookedAt) -> None:
        """The progress of looking at files."""
        self.progress(f"looking at {at.path.name}", at.done, at.total)

    def say(self, text: str) -> None:
        """A line for the log."""
        logging.getLogger("tjtools").info("%s", text)

    def check(self) -> None:
        """Raise `Cancelled` where the work has to stop."""
        if self.cancelled():
            raise Cancelled("Stopped on request.")


class _Lines(logging.Handler):
    """What the package logs in the task's own thread, as lines of its log."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            clock = datetime.fromtimestamp(record.created, tz=UTC).astimezone()
            self._task.note(f"[{clock:%H:%M:%S}] {printable(record.getMessage())}")
