"""The views' common parts: the banner, a task with its progress and log, an error, the call in code, buttons.

Each part takes a model, follows its traits, and may be told from any thread.
"""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w
from traitlets import HasTraits

from tjtools.model.errors import TJToolsError
from tjtools.widgets.markup import Markup, Node, node
from tjtools.widgets.panel import Broken, Made, Panel, Place, here, make
from tjtools.widgets.task import State, Task
from tjtools.workspace.folder import Workspace

SITES = {
    "sandbox": ("◇ PRACTICE: the sandbox", "Nothing here reaches the real site.", "tj-sandbox"),
    "live": ("● LIVE account", "What you upload here goes to the real site.", "tj-live"),
    "": ("○ No site yet", "This folder belongs to no site: bind it with tjtools init.", "tj-nosite"),
}
STATES = {
    State.READY: "",
    State.RUNNING: "▶ Running",
    State.DONE: "✓ Done",
    State.FAILED: "✗ Failed",
    State.CANCELLED: "■ Stopped",
}


def follow(model: HasTraits, names: str, show: Callable[[], None]) -> None:
    """Call `show` now, and whenever one of the traits named (with spaces between) changes."""
    model.observe(lambda _change: show(), names.split())
    show()


def watch(panel: Panel, names: str, show: Callable[[], None]) -> None:
    """Follow the panel, and whether its task has come to another state."""
    follow(panel, names, show)
    panel.task.observe(lambda _change: show(), "state")


def told(model: HasTraits, names: str, made: Callable[[], Node | None]) -> Markup:
    """Text that follows the traits named; it takes no room while `made` returns None."""
    shown = Markup()
    follow(model, names, lambda: shown.show(made()))
    return shown


def banner(panel: Panel) -> w.Widget:
    """Where the panel works; sandbox and live differ in colour, words and mark."""
    return Markup(banner_of(panel.place))


def banner_of(place: Place) -> Node:
    """The banner of a place."""
    name, what, css = SITES[place.site]
    facts = [("workspace", str(place.workspace.root))]
    facts += [("site", place.origin)] if place.origin else []
    facts += [("account", place.account or "not named")] if place.site else []
    facts += [("sign-in", "saved" if place.signed_in else "none yet")] if place.site else []
    shown = [node("span", node("em", f"{key} "), node("strong", value)) for key, value in facts]
    return node(
        "div",
        node("div", node("strong", name), node("span", what), css="tj-banner-site"),
        node("div", *shown, css="tj-banner-facts"),
        css=f"tj-banner {css}",
        role="note",
    )


def actions(panel: Panel, *buttons: w.Widget) -> w.Widget:
    """The panel's buttons, with what they lead to below: the task, an error, and the call in Python."""
    return column(row(*buttons), task_view(panel.task), error_view(panel), call_view(panel))


def task_view(task: Task) -> w.Widget:
    """A bar, the seconds, Cancel, and the log to unfold; an error in plain words. Empty before the first start."""
    shown = told(task, "state text done total elapsed error", lambda: task_node(task))
    cancel = button("Cancel", task.cancel, icon="stop", style="warning")

    def show() -> None:
        cancel.layout.display = "" if task.running and task.state is State.RUNNING else "none"

    follow(task, "state", show)
    return column(shown, row(cancel), told(task, "log", lambda: log_node(task)))


def task_node(task: Task) -> Node | None:
    """Where a task is, in words; None before its first start."""
    if task.state is State.READY:
        return None
    counted = f"{task.done:,} of {task.total:,}" if task.total else ""
    words = " · ".join(filter(None, (STATES[task.state], counted, f"{task.elapsed:.0f} s", task.text)))
    progress = {"value": task.done, "max": task.total} if task.total else {}
    bar = [node("progress", label=words, **progress)] if task.state is State.RUNNING else []
    trouble = [error_node(task.error, task.traceback)] if task.error else []
    return node("div", node("div", *bar, node("span", words, role="status")), *trouble, css="tj-task")


def log_node(task: Task) -> Node | None:
    """The log's last lines, folded; None while it is empty."""
    return folded(f"Log, {len(task.log)} lines", node("pre", "\n".join(task.log))) if task.log else None


def error_view(panel: Panel) -> w.Widget:
    """What went wrong outside the task; empty while all is well."""
    return told(panel, "error traceback", lambda: error_node(panel.error, panel.traceback) if panel.error else None)


def error_node(error: Exception, traceback: str = "") -> Node:
    """An error in plain words: what happened, what to do next; the traceback folded."""
    message, remedy = "Something went wrong that tjtools did not foresee.", "Try again; if it stays, report it."
    if isinstance(error, TJToolsError):
        message, remedy = error.message, error.remedy
    parts = [node("strong", f"✗ {message}")]
    parts += [node("p", f"→ {remedy}")] if remedy else []
    parts += [folded("Traceback", node("pre", traceback))] if traceback else []
    return alert(*parts)


def alert(*parts: Node) -> Node:
    """Something that a person should not miss."""
    return node("div", *parts, css="tj-error", role="alert")


def call_view(panel: Panel) -> w.Widget:
    """The panel's action as Python, folded, with a button that copies it."""
    return told(panel, "call", lambda: call_node(panel.call) if panel.call else None)


def call_node(code: str) -> Node:
    """Code to copy."""
    return folded("The same in Python", node("pre", code), node("copy", code))


def folded(title: str, *inside: Node) -> Node:
    """Something to unfold."""
    return node("details", node("summary", title), *inside, css="tj-fold")


def button(label: str, action: Callable[[], object], *, icon: str = "", style: str = "", title: str = "") -> w.Button:
    """A button; `style` is `primary`, `success`, `warning`, `danger` or none."""
    made = w.Button(description=label, icon=icon, button_style=style, tooltip=title or label)
    made.layout.width = "auto"
    made.on_click(lambda _button: action())
    return made


def row(*parts: w.Widget) -> w.Widget:
    """Side by side, wrapping."""
    return w.HBox(parts, layout=w.Layout(flex_flow="row wrap", align_items="center", grid_gap="8px"))


def column(*parts: w.Widget) -> w.Widget:
    """One below the other."""
    return w.VBox(parts, layout=w.Layout(grid_gap="6px"))


def show_on_screen(box: w.Widget, instead: str) -> None:
    """Show a widget in the cell's output; `instead` is the text where no widget can be shown."""
    from IPython.display import display

    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
    display({"text/plain": instead, "application/vnd.jupyter.widget-view+json": view}, raw=True)  # type: ignore[no-untyped-call]


def show(kind: type[Made], view: Callable[[Made], w.Widget], workspace: Workspace | None = None) -> Made | Broken:
    """Show a panel in the cell's output and return its model; where it can't be made, what the person sees is why."""
    try:
        panel = make(kind, workspace or here())
    except TJToolsError as error:
        broken = Broken(kind.title, error)
        _display(broken, error_view(broken))
        return broken
    if panel.on_screen is None:
        panel.on_screen = column(banner(panel), _once_looked(panel, view) if panel.looks else view(panel))
    _display(panel, panel.on_screen)
    if panel.presses and panel.looked():
        panel.press()
    return panel


def _once_looked(panel: Made, view: Callable[[Made], w.Widget]) -> w.Widget:
    """How far the looking is, and then the view; the cell has ended meanwhile."""
    room = column(task_view(panel.looking))

    def put(_change: object) -> None:
        if panel.looking.state is State.DONE:
            panel.looking.unobserve(put, "state")  # once: when it looks again, the view follows its model
            room.children = (view(panel),)

    panel.looking.observe(put, "state")
    panel.looking.start(panel.look)
    return room


def _display(panel: Panel, box: w.Widget) -> None:
    show_on_screen(box, f"{panel.title}: run this notebook in JupyterLab to see it")
