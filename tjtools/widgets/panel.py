"""What every panel is: an observable model of one step of the day's work, in one workspace; its work is a task.

A model knows nothing of ipywidgets; `tjtools.widgets.view.show` links it with a view.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, TypeVar, cast

from traitlets import Bool, Float, HasTraits, Instance, Unicode, UseEnum

from tjtools.media.content import LookedAt
from tjtools.model.creative import Key
from tjtools.model.errors import Cancelled, TJToolsError
from tjtools.model.names import printable
from tjtools.model.words import Waiting, now
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

KEPT_LINES = 500
HEARTBEAT = 0.2  # seconds between two changes of the clock
STOPPING = "Stopping: what is confirmed is being recorded."
NOT_WAITING = "Not waiting: what is unknown stays so for now."

logging.getLogger("tjtools").addHandler(logging.NullHandler())  # a panel shows it; the cell's output stays clean


class State(Enum):
    """Where a task is, in words."""

    READY = ""
    RUNNING = "▶ Running"
    DONE = "✓ Done"
    FAILED = "✗ Failed"
    CANCELLED = "■ Stopped"


class Task(HasTraits):
    """One piece of work at a time, which gets the task in hand: to tell how far it is, and to ask whether to stop.

    `done` of `total` are through (`total` 0: nobody knows how many), `text` says with what it is busy, `waiting` for
    what it waits at the site; both are empty when it has ended. `elapsed` is in seconds, `log` holds the last lines.
    `result` is what the work returned; `error` what it raised. All are set in the work's own thread, the state last.
    Who follows `state`, `text` and `elapsed` sees the others a few times a second.

    >>> task = Task()
    >>> task.start(lambda task: 6 * 7), task.wait(), task.result
    (True, True, 42)
    """

    state = UseEnum(State, default_value=State.READY)
    text = Unicode()
    waiting = Instance(Waiting, allow_none=True)
    elapsed = Float()
    error = Instance(Exception, allow_none=True)

    def __init__(self) -> None:
        super().__init__()
        self.done, self.total, self.log = 0.0, 0, tuple[str, ...]()
        self.result: object = None
        self._lock, self._asked_to_stop, self._finished = threading.Lock(), threading.Event(), threading.Event()
        self._finished.set()

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return not self._finished.is_set()

    def start(self, work: Callable[[Task], object]) -> bool:
        """Begin; False, and nothing else, where it is under way already."""
        with self._lock:
            if self.running:
                return False
            self._finished.clear()
        self._asked_to_stop.clear()
        self.done, self.total, self.log, self.result = 0, 0, (), None
        self.text, self.elapsed, self.error, self.state = "", 0.0, None, State.RUNNING
        threading.Thread(target=self._carry_out, args=(work,), name="tjtools-task").start()
        threading.Thread(target=self._beat, args=(time.monotonic(),), name="tjtools-heartbeat", daemon=True).start()
        return True

    def cancel(self) -> None:
        """Ask the work to stop; it does so at its next look, ten times a second while a browser works."""
        if self.running:
            self._asked_to_stop.set()
            self.text, self.waiting = STOPPING, None

    def waits(self, waiting: Waiting | None) -> None:
        """Say for what the work waits at the site, or that it waits no more."""
        self.waiting = None if self._asked_to_stop.is_set() else waiting

    def dont_wait(self) -> None:
        """End the wait, where it can be cut short: what is unknown stays so, and the work goes on."""
        if self.waiting and self.waiting.cut:
            self.waiting.cut()
            self.text, self.waiting = NOT_WAITING, None

    @property
    def busy_with(self) -> str:
        """What it waits for, which counts down, or with what it is busy; at the end, who else has stopped it."""
        if self.state is State.CANCELLED and not self._asked_to_stop.is_set():
            return str(self.error)
        return self.waiting.told if self.waiting else self.text

    def cancelled(self) -> bool:
        """Whether the work has to stop: somebody asked, or the interpreter ends."""
        return self._asked_to_stop.is_set() or not threading.main_thread().is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; False where it still runs."""
        return self._finished.wait(timeout)

    @property
    def ears(self) -> dict[str, Any]:
        """What `connect` and `access_to` want to know of it: who hears, and who says when to stop."""
        return {"say": self.say, "cancelled": self.cancelled, "waits": self.waits}

    def progress(self, text: str, done: float = 0, total: int = 0) -> None:
        """Say with what the work is busy and how far it is."""
        self.done, self.total = done, total
        self.text = STOPPING if self._asked_to_stop.is_set() else text

    def looked_at(self, at: LookedAt) -> None:
        """The progress of looking at files, and of comparing them."""
        self.progress(at.told, at.done, at.total)

    def say(self, text: str) -> None:
        """A line for the log."""
        logging.getLogger("tjtools").info("%s", text)

    def write(self, line: str) -> None:
        """Take a line of the log."""
        self.log = (*self.log, printable(line))[-KEPT_LINES:]

    def _carry_out(self, work: Callable[[Task], object]) -> None:
        logger, handler, mine = logging.getLogger("tjtools"), logging.StreamHandler(self), threading.get_ident()
        handler.addFilter(lambda record: record.thread == mine)
        handler.setFormatter(logging.Formatter("[%(asctime)s] %(message)s", "%H:%M:%S"))
        handler.terminator = ""
        logger.addHandler(handler)
        logger.setLevel(min(logger.level or logging.INFO, logging.INFO))
        state = State.FAILED
        with ExitStack() as ending:  # each of these happens, the last one first, whatever an observer raises
            ending.callback(self._finished.set)
            ending.callback(lambda: setattr(self, "state", state))
            ending.callback(logger.removeHandler, handler)
            ending.callback(lambda: self.set_trait("text", ""))
            ending.callback(lambda: self.set_trait("waiting", None))
            try:
                self.result = work(self)
                state = State.DONE
            except Cancelled as error:
                self.error, state = error, State.CANCELLED
            except Exception as error:  # noqa: BLE001 (the person who clicked has to see whatever went wrong)
                self.error = error

    def _beat(self, began: float) -> None:
        while not self._finished.wait(HEARTBEAT):
            self.elapsed = time.monotonic() - began


class Panel(HasTraits):
    """The model of one panel; raises what the workspace's files raise when they are read.

    `call` is the Python that does the panel's action, for a person to copy; `error` is what went wrong outside the
    task, None while all is well; `busy` says whether the task is under way. `team` tells whose library it is, where a
    team shares it, and how old the copy is. A panel that `looks` is shown when it has
    looked, which is its task then.
    """

    title: ClassVar[str] = ""
    looks: ClassVar[bool] = False
    lasts: ClassVar[bool] = False  # running its cell again shows it as it is, also where no task runs
    call = Unicode()
    error = Instance(Exception, allow_none=True)
    busy = Bool()
    task = Instance(Task)
    team = Unicode()

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(task=Task())
        self.workspace, self.clock = workspace, clock
        self.settings = load_settings(workspace)
        self.on_screen: object = None  # the view that shows it
        self.lead: Callable[[str], object] | None = None  # to another tab, where a desk shows this panel in one
        self.task.observe(lambda change: self.set_trait("busy", change["new"] is State.RUNNING), "state")
        self.set_up()

    def set_up(self) -> None:
        """Read what it shows at first."""

    @property
    def site(self) -> str:
        """What it works on: `sandbox`, `live`, or `""` for a folder that belongs to no site yet."""
        return self.settings.site.kind if self.settings.site else ""

    @property
    def presses(self) -> bool:
        """Whether it presses its own buttons: set by `TJTOOLS_PRESS` for tests, honoured on a sandbox alone."""
        return self.settings.press and self.site == "sandbox"

    @property
    def summary(self) -> str:
        """What matters, in plain text, the same for the same files: a notebook prints it, and its test compares it.

        Raises what went wrong, where the panel has nothing to show: so a notebook that nobody looks at ends there.
        """
        trouble = self.error or (self.task.error if self.looks and not self.looked() else None)
        if trouble:
            raise trouble
        return self.under_way or "\n".join(filter(None, self.told()))

    def told(self) -> Iterable[str]:
        """The lines of the summary."""
        return (self.title,)

    @property
    def under_way(self) -> str:
        """How far the task is, for a `summary` that somebody prints in mid-work; `""` where none runs."""
        if not self.task.running:
            return ""
        counted = f", {int(self.task.done):,} of {self.task.total:,}" if self.task.total else ""
        busy_with = f": {self.task.busy_with}" if self.task.busy_with else ""
        return f"Running{counted}{busy_with}. Run this cell again when it has ended."

    @property
    def news(self) -> str:
        """What a person who looks elsewhere is told when the task has ended; `""` where that is no news."""
        return ""

    def look(self, task: Task) -> None:
        """Look at what the panel shows, where that takes longer than a blink."""

    def come_back(self) -> None:
        """Its tab is shown again: look again at what may have changed meanwhile, and never at the site."""

    def looked(self) -> bool:
        """Wait until it has looked, where it has to; whether it came through."""
        if self.looks and self.task.state is State.READY:
            self.task.start(self.look)
        self.task.wait()
        return self.task.error is None

    def press(self) -> None:
        """Press the panel's buttons as a person would, from first to last, and wait: only a sandbox's test asks."""

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """In here, do what a click asks for at once: what goes wrong is kept in `error` for the view."""
        self.error = None
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a click has no caller to tell: the panel shows it)
            self.error = error


class Broken(Panel):
    """Stands for a panel that could not be made, and says why."""

    def __init__(self, title: str, error: TJToolsError) -> None:
        HasTraits.__init__(self, task=Task(), error=error)
        self.title = title  # type: ignore[misc]


Made = TypeVar("Made", bound=Panel)
_alive: dict[tuple[str, str, Workspace], Panel] = {}  # by the kind's name: a class of a cell is another at each run


def at_work(workspace: Workspace) -> Iterator[type[Panel]]:
    """The kinds of the panels that are at work in this workspace, in this kernel."""
    yield from (type(panel) for (*_, where), panel in _alive.items() if where == workspace and panel.task.running)


def make(kind: type[Made], workspace: Workspace) -> Made:
    """The panel of this kind in this workspace: the one that is at work in this kernel, or lasts, else a new one.

    So running a cell again takes up the work: only a person's word and the kernel's end stop it.
    """
    place = kind.__module__, kind.__qualname__, workspace
    before = _alive.get(place)
    if before is None or not (before.task.running or before.lasts):
        before = _alive[place] = kind(workspace)
    return cast("Made", before)


def keys_code(keys: Iterable[Key]) -> str:
    """The keys of files as lines of Python, inside a list."""
    told = sorted((section.name, name) for section, name in keys)
    return "".join(f"        (Section.{section}, {name!r}),\n" for section, name in told)


def python(body: str, *imports: str) -> str:
    """Code to copy: the body, in the workspace of the cell's folder, after what it imports."""
    dates = ["from datetime import UTC, datetime"] * ("UTC" in body)
    ours = (f"from {one}" for one in imports)
    return "\n".join(
        (*dates, "from pathlib import Path", "", *ours, "", "workspace = Workspace.find(cwd=Path.cwd())", body)
    )
