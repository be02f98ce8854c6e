"""The view of the session: the evidence of duplicates, filters, a gallery or a table of what is found, and the plan."""

from __future__ import annotations

import threading
import time
from collections import Counter
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Dict, List

from tjtools.diff.session import FileReview, Verdict
from tjtools.media import Children
from tjtools.model.creative import Medium
from tjtools.widgets.compare import compare_view
from tjtools.widgets.markup import STATIC, Node, node, note
from tjtools.widgets.review import MARKS, ORDERS, Review, has_evidence, marked
from tjtools.widgets.view import Table, actions, button, choice, column, linked, row, tied, told

PLAYABLE = 30_000_000  # bytes: a larger video is not sent to the browser
_EVERY = 0.3  # seconds between two deliveries of pictures


class Gallery(AnyWidget):
    """Shows the page's files as cards; hears of ticks, of a wish to play or to compare. All text shows as text."""

    _esm = STATIC / "gallery.js"
    _css = STATIC / "gallery.css"
    cards: List[Any] = List().tag(sync=True)
    posters: Dict[str, Any] = Dict().tag(sync=True)
    playing: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._review, self._shown, self._paths = review, dict[str, FileReview](), dict[str, Path]()
        self.on_msg(self._hear)
        review.observe(lambda _change: self.show(), ["page", "matching", "chosen"])
        self.show()

    def show(self) -> None:
        """Show the page; the pictures of the files follow, made in a thread."""
        every = enumerate(self._review.shown)  # with its place, as the session may name a file twice
        shown = {f"{place} {one.file.section.name}/{one.file.name}": one for place, one in every}
        paths = {card: one.file.path for card, one in shown.items() if one.facts}
        fresh = paths != self._paths
        self._shown, self._paths = shown, paths
        with self.hold_sync():
            self.cards = [_card(self._review, card, one) for card, one in shown.items()]
            if fresh:
                self.posters, self.playing = {}, {}
        if fresh:
            threading.Thread(target=self._draw, args=(paths,), name="tjtools-posters").start()

    def _draw(self, paths: dict[str, Path]) -> None:
        made, last = dict[str, bytes](), time.monotonic()
        with Children(cores=1) as room:
            for key, path in paths.items():
                if self._paths is not paths or not threading.main_thread().is_alive():
                    return  # another page is shown by now, or nobody looks any more
                made[key] = room.poster(path)
                if time.monotonic() - last > _EVERY or len(made) == len(paths):
                    self.posters, last = dict(made), time.monotonic()

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        card = told["id"]
        if card not in self._shown:  # of a page that was shown before
            return
        key = self._shown[card].file.key
        if told["what"] == "tick":
            self._review.choose(key, take=bool(told["on"]))
        elif told["what"] == "compare":
            self._review.compared = key
        elif card in self._paths:
            self.playing = {"id": card, **_media(self._paths[card])}


def _media(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size <= PLAYABLE:
            return {"type": guess_type(path.name)[0] or "", "data": path.read_bytes()}
    except OSError:
        return {"problem": "The file is gone."}
    return {"problem": f"Over {PLAYABLE // 1_000_000} MB: open the file itself to watch it."}


def _card(review: Review, card: str, one: FileReview) -> dict[str, Any]:
    told = review.described(one)
    pair = told["pair"] and f"pair {told['pair']}"
    mark, colour = MARKS[one.verdict]
    return {
        "id": card,
        "name": one.file.name,
        "mark": mark,
        "verdict": one.verdict.value,
        "css": f"tj-verdict-{colour}",
        "facts": [told["type"], told["dimensions"], told["duration"], told["size"], pair],
        "reason": [text for text in (one.reason, *one.notes) if text],
        "choosable": one.goes_up,
        "chosen": one.file.key in review.chosen,
        "comparable": has_evidence(one),
        "moving": one.file.creative_type.medium is Medium.MOVING,
        "drawable": one.facts is not None,
    }


def review_view(review: Review) -> w.Widget:
    """Evidence and filters above, the files in the middle, the plan below."""
    return column(
        told(review, "reviews", lambda: _counts(review)),
        compare_view(review),
        _filters(review),
        _files(review),
        told(review, "chosen saved", lambda: _plan(review)),
        actions(
            review,
            button("Save as the plan", review.save, icon="save", style="primary"),
            button("Choose all found", lambda: review.choose_found(take=True), icon="check-square-o"),
            button("Leave out all found", lambda: review.choose_found(take=False), icon="square-o"),
        ),
    )


def _counts(review: Review) -> Node:
    badges = []
    for one, count in review.verdicts.items():
        mark, colour = MARKS[one]
        words = (node("span", mark, css="tj-mark"), f"{count} {one.value}")
        badges.append(node("span", *words, css=f"tj-verdict tj-verdict-{colour}"))
    bad = [node("p", f"⚠ line {one.line} of the session can't be read: {one.reason}") for one in review.bad_lines]
    return node("div", node("div", *badges, css="tj-badges"), *bad)


def _filters(review: Review) -> w.Widget:
    def verdicts() -> list[tuple[str, str]]:
        count = review.verdicts
        kept = [one for one in Verdict if one in count or one.value == review.verdict]
        return [("All verdicts", ""), *((f"{marked(one)} ({count.get(one, 0)})", one.value) for one in kept)]

    def kinds() -> list[tuple[str, str]]:
        count = Counter(one.file.creative_type.value for one in review.reviews)
        kept = sorted({*count, review.kind} - {""})
        return [("All types", ""), *((f"{one} ({count[one]})", one) for one in kept)]

    auto, wide = w.Layout(width="auto"), w.Layout(width="16em")
    return row(
        choice(review, "verdict", verdicts, "reviews", tooltip="Verdict", layout=auto),
        choice(review, "kind", kinds, "reviews", tooltip="Type", layout=auto),
        choice(review, "order", lambda: [(f"Order: {one}", one) for one in ORDERS], tooltip="Order", layout=auto),
        linked(review, "find", w.Text(placeholder="Find in name or reason", layout=wide, continuous_update=False)),
    )


def _files(review: Review) -> w.Widget:
    auto = {"button_width": "auto"}
    shapes = w.ToggleButtons(options=["Gallery", "Table"], tooltips=["Pictures", "Rows"], style=auto)
    gallery, table = column(_pager(review), Gallery(review), _pager(review)), Table(review.rows(()), what="files")
    tied(review, "matching chosen", table, frame=lambda: review.rows(review.matching))
    return column(
        shapes,
        tied(shapes, "value", gallery, shown=lambda: shapes.value == "Gallery"),
        tied(shapes, "value", table, shown=lambda: shapes.value == "Table"),
    )


def _pager(review: Review) -> w.Widget:
    changes, several = "page matching", lambda: review.pages > 1
    back, on = button("‹ Back", lambda: review.turn(-1)), button("Next ›", lambda: review.turn(1))
    tied(review, changes, back, disabled=lambda: review.page == 1, shown=several)
    tied(review, changes, on, disabled=lambda: review.page == review.pages, shown=several)
    counted = told(review, changes, lambda: node("span", review.counted_page, role="status", css="tj-count"))
    return row(back, on, counted)


def _plan(review: Review) -> Node:
    saved = "✓ This is the saved plan." if review.is_saved else "● Not saved yet."
    told = [node("p", node("strong", review.counted_choice), f". {saved}")]
    if review.is_saved and review.newcomers:
        told.append(note(f"{review.newcomers} new files are not in the plan: they stay here."))
    if review.is_saved:
        told.append(node("p", "Then go on: ", node("a", "02_upload.ipynb", href="02_upload.ipynb")))
    return node("div", *told)
