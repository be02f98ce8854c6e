"""What every panel is: an observable model of one step of the day's work, in one workspace.

A model knows nothing of ipywidgets; `tjtools.widgets.show` links it with a view. Making a panel again,
as re-running a cell does, takes up the work of the one before that still runs in this kernel: only a person's word and
the kernel's end stop it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, NamedTuple, TypeVar, cast

from traitlets import HasTraits, Instance, Unicode

from tjtools.model.errors import TJToolsError
from tjtools.widgets.task import Run, State, Task
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import Settings, load_settings


def now() -> datetime:
    """The local time."""
    return datetime.now(tz=UTC).astimezone()


class Place(NamedTuple):
    """Where a panel works: `site` is `sandbox`, `live`, or `""` for a folder that belongs to no site yet."""

    workspace: Workspace
    site: str
    origin: str
    account: str
    signed_in: bool  # a sign-in is saved; whether the site still takes it, only the site can say

    @classmethod
    def of(cls, workspace: Workspace, settings: Settings) -> Place:
        """What the settings say of it."""
        bound, saved = settings.site, workspace.browser_session.exists()
        if bound is None:
            return cls(workspace, "", "", "", saved)
        return cls(workspace, bound.kind, bound.origin, bound.account, saved)


class Panel(HasTraits):
    """The model of one panel.

    `call` is the Python that does the panel's action, for a person to copy; `error` is what went wrong outside the
    task, None while all is well. Raises what the workspace's files raise when they are read.
    """

    title: ClassVar[str] = ""
    looks: ClassVar[bool] = False
    call = Unicode()
    error = Instance(Exception, allow_none=True)
    traceback = Unicode()
    task = Instance(Task)
    looking = Instance(Task)

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(task=Task(), looking=Task())
        self.workspace = workspace
        self.clock = clock
        self.settings = load_settings(workspace)
        self.on_screen: object = None  # the view that shows it

    @property
    def place(self) -> Place:
        """Where it works, as it is now."""
        return Place.of(self.workspace, self.settings)

    @property
    def presses(self) -> bool:
        """Whether it presses its own buttons: set by `TJTOOLS_PRESS` for tests, honoured on a sandbox alone."""
        return self.settings.press and self.place.site == "sandbox"

    @property
    def summary(self) -> str:
        """What matters, in plain text, the same for the same files: a notebook prints it, and its test compares it."""
        return self.title

    @property
    def busy(self) -> bool:
        """Whether its task is under way, as a view sees it."""
        return self.task.state is State.RUNNING

    @property
    def at_work(self) -> bool:
        """Whether it does or looks at something."""
        return self.task.running or self.looking.running

    @property
    def under_way(self) -> str:
        """How far the task is, for a `summary` that somebody prints in mid-work; `""` where none runs."""
        if not self.task.running:
            return ""
        counted = f", {self.task.done:,} of {self.task.total:,}" if self.task.total else ""
        busy_with = f": {self.task.text}" if self.task.text else ""
        return f"Running{counted}{busy_with}. Run this cell again when it has ended."

    def look(self, run: Run) -> None:
        """Look at what the panel shows, where that takes longer than a blink; the task is `looking`."""

    def looked(self) -> bool:
        """Wait until it has looked, where it has to; whether it came through."""
        if self.looks and self.looking.state is State.READY:
            self.looking.start(self.look)
        self.looking.wait()
        return self.looking.error is None

    def press(self) -> None:
        """Press the panel's buttons as a person would, from first to last, and wait: only a sandbox's test asks."""

    def attempt(self, action: Callable[[], object]) -> None:
        """Do what a click asks for at once; what goes wrong is kept in `error` for the view."""
        self.error, self.traceback = None, ""
        try:
            action()
        except Exception as error:  # noqa: BLE001 (a click has no caller to tell: the panel shows it)
            self.traceback = "" if isinstance(error, TJToolsError) else traceback.format_exc()
            self.error = error


class Broken(Panel):
    """Stands for a panel that could not be made, and says why."""

    def __init__(self, title: str, error: TJToolsError) -> None:
        HasTraits.__init__(self, task=Task(), looking=Task(), error=error, traceback="")
        self.title = title  # type: ignore[misc]

    @property
    def presses(self) -> bool:
        return False

    @property
    def summary(self) -> str:
        return f"{self.title}: {self.error}"


Made = TypeVar("Made", bound=Panel)
_alive: dict[tuple[str, str, Workspace], Panel] = {}  # by the kind's name: a class of a cell is another at each run


def make(kind: type[Made], workspace: Workspace) -> Made:
    """The panel of this kind in this workspace: the one that is at work in this kernel, else a new one."""
    place = kind.__module__, kind.__qualname__, workspace
    before = _alive.get(place)
    if before and before.at_work:
        return cast("Made", before)
    _alive[place] = panel = kind(workspace)
    return panel


def here() -> Workspace:
    """The workspace of this notebook: named by `TJTOOLS_WORKSPACE`, or the nearest one at or above its folder."""
    return Workspace.find(cwd=Path.cwd())
