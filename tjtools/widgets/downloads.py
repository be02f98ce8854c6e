"""Buttons that download files of the workspace, wherever JupyterLab's own folder is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from traitlets import List

from tjtools.widgets.markup import STATIC


class Downloads(AnyWidget):
    """One button a file; what it holds is read when the button is pressed."""

    _esm = STATIC / "downloads.js"
    _css = STATIC / "panel.css"
    names: List[Any] = List().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._paths: tuple[Path, ...] = ()
        self.on_msg(self._hear)

    def offer(self, paths: Sequence[Path]) -> None:
        """Offer these files from now on."""
        self._paths = tuple(paths)
        self.names = [path.name for path in self._paths]

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        path = next((one for one in self._paths if one.name == told["name"]), None)
        answer = {"name": told["name"], "view": told["view"]}
        try:
            if path is None:
                raise FileNotFoundError
            self.send(answer, [path.read_bytes()])
        except OSError as error:
            self.send(answer | {"problem": f"It can't be read: {error.strerror or 'it is gone'}."})
