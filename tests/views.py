"""What a person sees of a panel's view, and presses there; and a review that has looked."""

from __future__ import annotations

from typing import Any

import ipywidgets as w
from world import NOW

from tjtools.widgets.markup import Markup
from tjtools.widgets.review import Review
from tjtools.workspace.folder import Workspace


def inside(view: object) -> list[Any]:
    """All that is in it, shown or not."""
    return [view, *(one for child in getattr(view, "children", ()) for one in inside(child))]


def shown(view: w.Widget) -> list[Any]:
    """What has room on the screen."""
    if view.layout.display == "none":
        return []
    return [view, *(one for child in getattr(view, "children", ()) for one in shown(child))]


def words(view: w.Widget) -> str:
    return "\n".join(str(one.tree) for one in shown(view) if isinstance(one, Markup))


def buttons(view: w.Widget, kind: type[w.Widget] = w.Button) -> dict[str, Any]:
    return {one.description: one for one in shown(view) if isinstance(one, kind)}


def pressable(view: w.Widget, label: str) -> w.Button:
    """The one button whose words end so."""
    [found] = [one for one in shown(view) if isinstance(one, w.Button) and one.description.endswith(label)]
    return found


def looked(workspace: Workspace) -> Review:
    review = Review(workspace, clock=lambda: NOW)
    assert review.looked()
    return review
