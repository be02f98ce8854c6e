"""A button that saves a file in the browser's own way; what it holds is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anywidget import AnyWidget
from traitlets import Unicode

from tjtools.widgets.markup import STATIC


class Saved(AnyWidget):
    """Saves what `make` returns, text or bytes, as `filename`, where the button was pressed."""

    _esm = STATIC / "saved.js"
    _css = STATIC / "panel.css"
    label = Unicode().tag(sync=True)
    filename = Unicode().tag(sync=True)

    def __init__(self, label: str, filename: str, make: Callable[[], str | bytes]) -> None:
        super().__init__(label=label, filename=filename)
        self._make = make
        self.on_msg(self._hear)

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        made = self._make()
        data = made.encode("utf-8", "backslashreplace") if isinstance(made, str) else made
        self.send({"view": told["view"]}, [data])
