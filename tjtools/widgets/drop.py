"""Where files are dropped: the browser sends them by the lab's own HTTP interface, and they are a delivery then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from traitlets import Bool

from tjtools.model.errors import TJToolsError
from tjtools.prepare.incoming import Incoming, Offered
from tjtools.widgets.markup import STATIC
from tjtools.widgets.review import Review
from tjtools.widgets.view import tied

_ELSEWHERE = "JupyterLab was started in another folder than the workspace: tjtools lab starts it there."
_NOTHING = "There is no image or video in it."


class Drop(AnyWidget):
    """Takes files and folders, by drop or by choice; `whole` where the session is empty and there is nothing else."""

    _esm = STATIC / "drop.js"
    _css = STATIC / "panel.css"
    whole = Bool().tag(sync=True)

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._review, self._coming = review, dict[str, Incoming]()
        self.on_msg(self._hear)
        tied(review, "reviews", self, whole=lambda: is_empty(review))

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        view = str(told["view"])
        if told["what"] == "offer":
            self.send({"view": view, **self._answer(view, told)})
        elif coming := self._coming.pop(view, None):
            if told["what"] == "sent":
                self._review.adding.take(coming)
            else:
                coming.discard()

    def _answer(self, view: str, told: dict[str, Any]) -> dict[str, Any]:
        """Where the files go, each by its place in the offer, or why they can't."""
        review, offered = self._review, [Offered(str(path), int(size)) for path, size in told["files"]]
        try:
            coming = Incoming.begin(review.workspace, offered, now=review.clock())
            to = coming.folder.relative_to(Path(told["root"]).expanduser().resolve()).as_posix()
        except TJToolsError as error:
            return {"problem": error.message}
        except ValueError:
            coming.discard()
            return {"problem": _ELSEWHERE}
        if not coming.files:
            return {"problem": "; ".join(f"{path.name}: {why}" for path, why in coming.left_out) or _NOTHING}
        self._coming[view] = coming
        return {"to": to, "files": [[int(name.partition(".")[0]), name] for name in coming.files]}


def is_empty(review: Review) -> bool:
    """Whether there is nothing in the session."""
    return not (review.reviews or review.bad_lines)
