"""The session's files as rows to work with: tick, sort, read why, by mouse or by keys."""

from __future__ import annotations

from typing import Any

from anywidget import AnyWidget
from traitlets import Dict, List

from tjtools.diff.session import FileReview
from tjtools.widgets.markup import STATIC
from tjtools.widgets.review import MARKS, Review, has_evidence

_HEADS = {"name": "Name", "type": "Type", "dimensions": "Pixels", "duration": "Length", "size": "Size"}


class Rows(AnyWidget):
    """Shows what matches, a row a file; hears of ticks, and sends the small pictures of rows that come into view.

    `rows` are the files as text, `chosen` those of them that are ticked, by their handles. All text shows as text.
    """

    _esm = STATIC / "rows.js"
    _css = STATIC / "rows.css"
    heads: Dict[str, str] = Dict(_HEADS).tag(sync=True)
    rows: List[Any] = List().tag(sync=True)
    chosen: List[Any] = List().tag(sync=True)

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._review, self._shown = review, dict[str, FileReview]()
        self.on_msg(self._hear)
        review.observe(lambda _change: self.show(), ["matching", "saved"])
        review.observe(lambda _change: self._tick(), "chosen")
        self.show()

    def show(self) -> None:
        """Show what matches now."""
        review = self._review
        self._shown = {review.handle(one): one for one in review.matching}
        with self.hold_sync():
            self._tick()
            self.rows = [_row(review, handle, one) for handle, one in self._shown.items()]

    def _tick(self) -> None:
        chosen = self._review.chosen
        self.chosen = [handle for handle, one in self._shown.items() if one.file.key in chosen]

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        review, ids = self._review, told.get("ids", ())
        named = {one: self._shown[one] for one in ids if one in self._shown}  # the others were shown before
        if told["what"] == "all":
            review.choose_found(take=bool(told["on"]))
        elif told["what"] == "tick":
            review.choose(*(one.file.key for one in named.values()), take=bool(told["on"]))
        elif told["what"] == "compare" and named:
            review.compared = named[ids[0]].file.key
        elif told["what"] == "mend" and named:
            review.mending.ask(named[ids[0]].file.key)
        elif told["what"] == "pictures":
            found = ((handle, review.small_picture(one)) for handle, one in named.items())
            drawn = {handle: made for handle, made in found if made}
            self.send({"pictures": [*drawn]}, [*drawn.values()])


def _row(review: Review, handle: str, one: FileReview) -> dict[str, Any]:
    told, facts = review.described(one), one.facts
    mark, colour = MARKS[one.verdict]
    order = (facts.width * facts.height, facts.seconds or 0, facts.bytes) if facts else (0, 0, 0)
    return {
        "id": handle,
        "mark": mark,
        "verdict": one.verdict.value,
        "css": f"tj-verdict-{colour}",
        **{name: told[name] for name in _HEADS},
        "pair": told["pair"],
        "order": dict(zip(("dimensions", "duration", "size"), order, strict=True)),
        "reasons": [*review.marks(one), *review.reasons(one)],
        "choosable": one.goes_up,
        "wary": one.file.key in review.wary,
        "comparable": has_evidence(one),
        "mend": review.mend_label(one),
    }
