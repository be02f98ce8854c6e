"""Cards of media files: a picture that plays on a click, what a person needs to know, and a box to tick."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from traitlets import Dict, List

from tjtools.media.poster import poster
from tjtools.widgets.markup import STATIC

PLAYABLE = 30_000_000  # bytes: a larger video is not sent to the browser
_EVERY = 0.3  # seconds between two deliveries of pictures
_TYPES = {".mp4": "video/mp4", ".gif": "image/gif", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


class Gallery(AnyWidget):
    """Shows cards; `ticked(id, on)` hears of a tick, `compare(id)` of the wish to compare. All text shows as text.

    A card is a dict of `id`, `name`, `mark`, `verdict`, `css`, `facts`, `reason`, `choosable`, `chosen`, `comparable`
    and `moving`.
    """

    _esm = STATIC / "gallery.js"
    _css = STATIC / "gallery.css"
    cards: List[Any] = List().tag(sync=True)
    posters: Dict[str, Any] = Dict().tag(sync=True)
    playing: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(self, ticked: Callable[[str, bool], None], compare: Callable[[str], None]) -> None:
        super().__init__()
        self._ticked, self._compare = ticked, compare
        self._paths: Mapping[str, Path] = {}
        self.on_msg(self._hear)

    def show(self, cards: list[dict[str, Any]], paths: Mapping[str, Path]) -> None:
        """Show these cards; the pictures of the files follow, made in a thread."""
        fresh = paths != self._paths
        self._paths = paths
        with self.hold_sync():
            self.cards = cards
            if fresh:
                self.posters, self.playing = {}, {}
        if fresh:
            threading.Thread(target=self._draw, args=(paths,), name="tjtools-posters").start()

    def _draw(self, paths: Mapping[str, Path]) -> None:
        made: dict[str, bytes] = {}
        last = time.monotonic()
        for key, path in paths.items():
            if self._paths is not paths or not threading.main_thread().is_alive():
                return  # another page is shown by now, or nobody looks any more
            made[key] = poster(path)
            if time.monotonic() - last > _EVERY:
                self.posters, last = dict(made), time.monotonic()
        if self._paths is paths:
            self.posters = made

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        if told["what"] == "tick":
            self._ticked(told["id"], bool(told["on"]))
        elif told["what"] == "compare":
            self._compare(told["id"])
        elif told["what"] == "play" and told["id"] in self._paths:
            self.playing = self._media(told["id"], self._paths[told["id"]])

    def _media(self, key: str, path: Path) -> dict[str, Any]:
        """The file itself, for the browser to play."""
        try:
            if path.stat().st_size <= PLAYABLE:
                return {"id": key, "type": _TYPES.get(path.suffix.lower(), ""), "data": path.read_bytes()}
        except OSError:
            return {"id": key, "problem": "The file is gone."}
        return {"id": key, "problem": f"Over {PLAYABLE // 1_000_000} MB: open the file itself to watch it."}
