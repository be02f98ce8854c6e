"""A panel on the screen: its model made, linked with its view, and shown below the banner.

A panel that is taken up in mid-work has its view already: the same is shown again, with all that it tells.
"""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from tjtools.model.errors import TJToolsError
from tjtools.widgets.panel import Broken, Made, Panel, here, make
from tjtools.widgets.task import State
from tjtools.widgets.view import banner, column, error_view, show_on_screen, task_view
from tjtools.workspace.folder import Workspace


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
