"""How far a live upload is, file by file; and one that runs in another window, with its Stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import ipywidgets as w
from traitlets import Bool, HasTraits, Instance

from tjtools.model.errors import TrackingFileError
from tjtools.site import FileState
from tjtools.upload import Watch, Watched
from tjtools.upload.journal import CONFIRMED, NOT_BEGUN, UNDER_WAY, WITHOUT_ID
from tjtools.widgets.markup import Node, folded, node
from tjtools.widgets.panel import STOPPING, Panel
from tjtools.widgets.view import button, column, row, tied, told
from tjtools.workspace.folder import Workspace

LOOK = 0.4  # seconds between two looks: at one small file, and at what the log has got since
MOST = 200  # names in the list that unfolds
WAITING = "waiting"
STATES = {  # how far a file is: with its mark, and of 3; here, and as the log tells it of another window
    WAITING: ("○", 0),
    FileState.QUEUED.value: ("▶", 1),
    FileState.PROCESSING.value: ("▶", 2),
    FileState.TAKEN.value: ("✓", 3),
    FileState.REFUSED.value: ("✗", 3),
    FileState.LOST.value: ("?", 3),
    FileState.STALLED.value: ("?", 3),
    NOT_BEGUN: ("○", 0),
    UNDER_WAY: ("▶", 1),
    CONFIRMED: ("✓", 3),
    WITHOUT_ID: ("✗", 3),
}
WORDS = {FileState.QUEUED.value: "sending", FileState.LOST.value: "unknown", FileState.STALLED.value: "no answer"}


class Elsewhere(HasTraits):
    """`run` is the upload that another window carries out now, `there` whether there is one; `stopping`: asked to stop.

    `own` says whether the panel itself uploads: that is no other window.
    """

    run = Instance(Watched, allow_none=True)
    there = Bool()
    stopping = Bool()

    def __init__(self, workspace: Workspace, own: Callable[[], bool]) -> None:
        super().__init__()
        self.workspace, self._watch, self._own = workspace, Watch(workspace), own

    def look(self) -> None:
        """See how far it is."""
        try:
            now = None if self._own() else self._watch.look()
        except TrackingFileError:  # who reads more of the log says what is wrong
            now = None
        if now is None or (self.run and now.token != self.run.token):
            self.stopping = False
        self.run = now
        self.there = now is not None

    def stop(self) -> None:
        """Ask it to stop, as its own Cancel does; raises TrackingFileError."""
        if self.run:
            self._watch.stop(self.run)
            self.stopping = True

    def follow(self) -> None:
        """Look a few times a second from now on, until a newer panel of this workspace does."""
        begins = self.workspace not in _newest
        _newest[self.workspace] = self
        if begins:
            threading.Thread(target=_follow, args=(self.workspace,), name="tjtools-watch", daemon=True).start()


_newest: dict[Workspace, Elsewhere] = {}


def _follow(workspace: Workspace) -> None:
    pause = threading.Event()
    try:
        while workspace.tracking.is_dir():
            _newest[workspace].look()
            pause.wait(LOOK)
    finally:  # the next panel begins anew
        del _newest[workspace]


def elsewhere_view(panel: Panel, other: Elsewhere) -> w.Widget:
    """How far the other window's upload is, and a button to stop it; it takes no room while there is none."""

    def stop() -> None:
        with panel.attempt():
            other.stop()

    other.follow()
    press = button("Stop", stop, icon="stop", title="What is confirmed by then is recorded")
    tied(other, "stopping", press, disabled=lambda: other.stopping)
    box = column(told(other, "run stopping", lambda: _told(other) if other.run else None), row(press), css="tj-step")
    return tied(other, "run", box, shown=lambda: other.run)


def _told(other: Elsewhere) -> Node | None:
    run = other.run
    if run is None:
        return None
    bar = {"value": run.done, "max": run.total} if run.total else {}
    head = node("p", node("progress", label=run.told, **bar), " ", node("strong", run.told), role="status")
    files = [(name, state) for (_section, name), state in run.states.items()]
    shown = f"{MOST} of {len(files):,}" if len(files) > MOST else f"{len(files):,}"
    parts = [folded(f"Files, {shown}", files_node(files[:MOST]))] if files else []
    return node("div", head, *([node("p", STOPPING)] if other.stopping else []), *parts, css="tj-task")


def files_node(states: Iterable[tuple[str, str]]) -> Node:
    """Files by their names, each with its state: in words, and as a bar."""
    cells: list[Node] = []
    for name, state in states:
        (mark, value), words = STATES[state], WORDS.get(state, state)
        bar = node("progress", value=value, max=3, label=f"{name}: {mark} {words}")
        cells += [node("span", f"{mark} {words}"), bar, node("span", name)]
    return node("div", *cells, css="tj-files")
