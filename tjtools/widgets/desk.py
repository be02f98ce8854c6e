"""The desk: the day's work on one screen, each step in a tab that is made when it is first opened, in one kernel."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from itertools import starmap
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Bool, Dict, Int, List, Unicode

from tjtools.model.errors import TJToolsError, TrackingFileError
from tjtools.practice.workspace import need_sandbox
from tjtools.team import brought_up_to_date
from tjtools.upload import unfinished_run, watched
from tjtools.widgets.markup import STATIC, Markup, note
from tjtools.widgets.panel import Broken, Panel, State, at_work, make
from tjtools.widgets.switch import Accounts, switch, switches
from tjtools.widgets.view import KINDS, banner, column, error_view, follow, in_room, kind_of, tied, told
from tjtools.workspace.derived import remember
from tjtools.workspace.folder import VARIABLE, Workspace
from tjtools.workspace.settings import load_settings

NEEDED_LATER = ("tjtools.analysis.charts", "itables.widget")  # for the first chart and table: most of a second


class Tab(NamedTuple):
    """A tab: its words, and the panels in it, one below the other."""

    label: str
    kinds: tuple[str, ...]


TABS = {
    "today": Tab("Today", ("today",)),
    "review": Tab("Review", ("review",)),
    "upload": Tab("Upload", ("upload",)),
    "sync": Tab("Sync", ("sync",)),
    "library": Tab("Library", ("look_up", "campaign", "library")),
    "outcomes": Tab("Outcomes", ("outcomes",)),
}


class Desk(Panel):
    """A tab for each step of the day; `open` shows one, `switch` goes to another workspace.

    `tab` is the one that is shown, `turned` counts how often one was opened. `standing` says of each tab how the work
    in it is, where it runs or has ended unseen; `heading` is the title of the browser's tab, `notice` the last news.
    Opening a tab reads files and nothing else: the site is contacted, and anything applied, by a click alone.
    """

    title: ClassVar[str] = "The desk"
    lasts: ClassVar[bool] = True
    tab = Unicode("today")
    turned = Int()
    standing = Dict()
    heading = Unicode("tjtools")
    notice = Unicode()

    def set_up(self) -> None:
        self._made: dict[tuple[Workspace, str], tuple[Panel, ...]] = {}
        remember(self.workspace)
        self.accounts = Accounts(self)
        running = {f"{kind.__module__.rpartition('.')[2]}:{kind.__qualname__}" for kind in at_work(self.workspace)}
        busy = [step for step, tab in TABS.items() if running.intersection(KINDS[kind][0] for kind in tab.kinds)]
        for step in busy or [self._first()]:
            self.open(step)
        self._tell()

    def _first(self) -> str:
        """The upload's tab where one was cut off or runs in another window, which comes before all else."""
        with suppress(TrackingFileError):  # the panels say what is wrong with the log
            if watched(self.workspace) or unfinished_run(self.workspace):
                return "upload"
        return "today"

    def panels(self, step: str) -> tuple[Panel, ...]:
        """What is in a tab; nothing before it was opened."""
        return self._made.get((self.workspace, step), ())

    def open(self, step: str) -> None:
        """Show a tab: it is made when it is first opened, and looks again when it is shown again."""
        self.team = brought_up_to_date(self.workspace)
        before = self.panels(step)
        if before and not any(isinstance(one, Broken) for one in before):
            self._look_again(step)
        else:
            self._made[self.workspace, step] = tuple(self._make(step, kind) for kind in TABS[step].kinds)
        self.standing = {key: told for key, told in self.standing.items() if key != step}
        self.tab = step
        self.turned += 1
        self._tell()

    def come_back(self) -> None:
        self.open(self.tab)

    def switch(self, root: str) -> None:
        """Go to another workspace, which this kernel's Python works in from now on; one that is broken says why."""
        if root == str(self.workspace.root):
            return
        with self.attempt():
            workspace = Workspace.find(Path(root), cwd=Path.cwd())
            settings = load_settings(workspace)
            if settings.site and settings.site.kind == "sandbox":
                need_sandbox(workspace)  # the lab that was started runs that of its own workspace alone
            self.settings, self.workspace, os.environ[VARIABLE] = settings, workspace, root
            remember(workspace)
            self.standing = {}
            self.open(self._first())

    def told(self) -> Iterable[str]:
        for step, tab in TABS.items():
            for panel in self.panels(step):
                lines = panel.summary.splitlines() or [""]
                yield f"{tab.label}: {lines[0]}"
                yield from lines[1:] if step == "today" else ()

    def press(self) -> None:
        for step in (*TABS, "today"):
            self.open(step)
            for panel in self.panels(step):
                panel.looked()

    def _look_again(self, step: str) -> None:
        for panel in self.panels(step):
            with self.attempt():
                panel.come_back()

    def _make(self, step: str, kind: str) -> Panel:
        model, _view = kind_of(kind)
        try:
            panel = make(model, self.workspace)
        except TJToolsError as error:
            return Broken(model.title, error)
        panel.lead = self.open
        if not panel.looks:  # to look is no work
            workspace = self.workspace
            panel.task.observe(lambda _change: self._follow(workspace, step, panel), ["state", "text", "elapsed"])
        return panel

    def _follow(self, workspace: Workspace, step: str, panel: Panel) -> None:
        """Say beside the tab's label how its work is, for as long as it runs, and at its end until it is looked at."""
        task = panel.task
        if workspace != self.workspace or task.state is State.READY:
            return
        running = task.state is State.RUNNING
        told = f"▶ {int(task.done):,} of {task.total:,}" if running and task.total else str(task.state.value)
        unseen = running or step != self.tab
        others = {key: one for key, one in self.standing.items() if key != step}
        self.standing = {**others, step: told} if unseen else others
        if not running and self.tab == "today" != step:
            self._look_again("today")
        news = "" if running else panel.news
        self.notice = news or ("" if running else self.notice)
        self._tell(news or (f"{told} {TABS[step].label}" if running else ""))

    def _tell(self, what: str = "") -> None:
        self.heading = f"{what or self.workspace.root.name} – tjtools"


def desk_view(desk: Desk) -> w.Widget:
    """The banner, the switch of the workspace, and the tabs."""
    rooms: dict[Workspace, w.Widget] = {}

    def room() -> tuple[w.Widget]:
        if desk.workspace not in rooms:
            rooms[desk.workspace] = _tabs(desk, desk.workspace)
        return (rooms[desk.workspace],)

    threading.Thread(target=_warm_up, args=(desk,), name="tjtools-warm-up", daemon=True).start()
    return column(
        _head(desk),
        error_view(desk),
        tied(desk, "turned", column(), children=room),
        tied(desk, "turned", Outside(desk), offers=lambda: desk.tab == "upload"),
        css="tj-desk",
    )


def _warm_up(desk: Desk) -> None:
    """Import what the other tabs need, once the first one is there: they open at once then."""
    for panel in desk.panels(desk.tab):
        panel.looked()
    for name in KINDS:
        kind_of(name)
    for module in NEEDED_LATER:
        import_module(module)


def _head(desk: Desk) -> w.Widget:
    """The banner, beside it the switch, and below them what the switch unfolds."""
    heading = switch(desk)
    where = told(desk, "turned standing", lambda: banner(desk, named=not switches(desk)))
    return column(w.HBox([where, heading], _dom_classes=("tj-head",)), heading.room)


def _tabs(desk: Desk, workspace: Workspace) -> w.Widget:
    """The tabs of a workspace, each filled when it is first opened."""
    steps = list(TABS)
    boxes = {step: column() for step in steps}
    shown: dict[str, tuple[Panel, ...]] = {}
    tabs = w.Tab(tuple(boxes.values()))

    def turn() -> None:
        if desk.workspace != workspace:
            return
        for step in steps:  # also those that are at work when the desk is made
            if (panels := desk.panels(step)) and shown.get(step) != panels:
                shown[step] = panels
                boxes[step].children = [*starmap(_in_tab, _each_once(zip(panels, TABS[step].kinds, strict=True)))]
        tabs.selected_index = steps.index(desk.tab)

    def label() -> None:
        if desk.workspace == workspace:
            tabs.titles = tuple(f"{tab.label} {desk.standing.get(step, '')}".strip() for step, tab in TABS.items())

    def opened(change: dict[str, Any]) -> None:
        step = desk.tab if change["new"] is None else steps[change["new"]]
        if step != desk.tab:
            if not boxes[step].children:
                boxes[step].children = (Markup(note(f"Opening {TABS[step].label} …")),)
            desk.open(step)

    follow(desk, "turned", turn)
    follow(desk, "standing", label)
    tabs.observe(opened, "selected_index")
    return tabs


def _each_once(panels: Iterable[tuple[Panel, str]]) -> Iterable[tuple[Panel, str]]:
    """The panels with their kinds, of which those that can't be made for the same reason are one."""
    told = set[str]()
    for panel, kind in panels:
        if not isinstance(panel, Broken) or str(panel.error) not in told:
            yield panel, kind
        told.add(str(panel.error))


def _in_tab(panel: Panel, kind: str) -> w.Widget:
    if isinstance(panel, Broken):
        return error_view(panel)
    if panel.on_screen is None:
        panel.on_screen = in_room(panel, kind_of(kind)[1])
    return panel.on_screen


class Outside(AnyWidget):
    """What the desk tells outside its page: the browser tab's title, and notices where the person allows them."""

    _esm = STATIC / "outside.js"
    heading = Unicode().tag(sync=True)
    notice: List[str] = List(Unicode()).tag(sync=True)  # and a name for it
    turned = Int().tag(sync=True)
    offers = Bool().tag(sync=True)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        for name in ("heading", "turned"):
            w.dlink((desk, name), (self, name))
        w.dlink((desk, "notice"), (self, "notice"), lambda told: [told, uuid4().hex])
