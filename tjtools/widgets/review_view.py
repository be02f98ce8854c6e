"""The view of the session: filters, a gallery or a table of what is found, and the plan."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Dict, List

from tjtools.diff.session import FileReview, Verdict
from tjtools.media import Children
from tjtools.model.creative import Key, Medium, Section
from tjtools.model.words import in_bytes, in_seconds
from tjtools.widgets.evidence_view import evidence_view
from tjtools.widgets.markup import STATIC, Markup, Node, node
from tjtools.widgets.review import MARKS, ORDERS, Review, has_evidence, reason_of
from tjtools.widgets.table import Table, rows_view
from tjtools.widgets.view import actions, button, column, follow, row, told

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
        with Children(cores=1) as room:
            for key, path in paths.items():
                if self._paths is not paths or not threading.main_thread().is_alive():
                    return  # another page is shown by now, or nobody looks any more
                made[key] = room.poster(path)
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


_LOOKS = {
    Verdict.NEW: "tj-verdict-new",
    Verdict.ALREADY_THERE: "tj-verdict-there",
    Verdict.RENAMED_DUPLICATE: "tj-verdict-there",
    Verdict.IN_SESSION: "tj-verdict-idle",
    Verdict.SKIPPED: "tj-verdict-idle",
    Verdict.SOURCE: "tj-verdict-idle",
}


def review_view(review: Review) -> w.Widget:
    """Filters and evidence above, the files in the middle, the plan below."""
    return column(_counts(review), evidence_view(review), _filters(review), _files(review), _plan(review))


def _counts(review: Review) -> w.Widget:
    """How many files of each verdict, and the lines that can't be read."""

    def made() -> Node:
        count = Counter(one.verdict for one in review.reviews)
        badges = [_badge(one, f"{count[one]} {one.value}") for one in Verdict if count[one]]
        bad = [node("p", f"⚠ line {one.line} of the session can't be read: {one.reason}") for one in review.bad_lines]
        return node("div", node("div", *badges, css="tj-badges"), *bad)

    return told(review, "reviews", made)


def _badge(verdict: Verdict, text: str) -> Node:
    look = _LOOKS.get(verdict, "tj-verdict-stop")
    return node("span", node("span", MARKS[verdict], css="tj-mark"), text, css=f"tj-verdict {look}")


def _filters(review: Review) -> w.Widget:
    filters, links = row(), list[w.link]()

    def show() -> None:
        for one in links:
            one.unlink()
        choices = _choices(review)
        links[:] = [w.link((review, name), (choice, "value")) for name, choice in choices.items()]
        filters.children = tuple(choices.values())

    follow(review, "reviews", show)
    return filters


def _choices(review: Review) -> dict[str, w.Widget]:
    count = Counter(one.verdict for one in review.reviews)
    kinds = Counter(one.file.creative_type.value for one in review.reviews)
    kept = [one for one in Verdict if count[one] or one.value == review.verdict]
    verdicts = [(f"{MARKS[one]} {one.value} ({count[one]})", one.value) for one in kept]
    return {
        "verdict": _dropdown([("All verdicts", ""), *verdicts], "Verdict"),
        "kind": _dropdown([("All types", ""), *((f"{one} ({kinds[one]})", one) for one in sorted(kinds))], "Type"),
        "order": _dropdown([(f"Order: {one}", one) for one in ORDERS], "Order"),
        "find": w.Text(placeholder="Find in name or reason", layout=w.Layout(width="16em"), continuous_update=False),
    }


def _dropdown(options: list[tuple[str, str]], what: str) -> w.Widget:
    return w.Dropdown(options=options, tooltip=what, layout=w.Layout(width="auto"))


def _files(review: Review) -> w.Widget:
    shapes = w.ToggleButtons(options=["Gallery", "Table"], tooltips=["Pictures", "Rows"])
    shapes.style.button_width = "auto"
    gallery, table = column(_pager(review), _gallery(review), _pager(review)), column(_table(review))

    def show() -> None:
        gallery.layout.display = "" if shapes.value == "Gallery" else "none"
        table.layout.display = "" if shapes.value == "Table" else "none"

    follow(shapes, "value", show)
    return column(shapes, gallery, table)


def _pager(review: Review) -> w.Widget:
    back = button("‹ Back", lambda: review.turn(-1))
    on = button("Next ›", lambda: review.turn(1))
    counted = told(review, "page matching", lambda: node("span", review.counted_page, role="status", css="tj-count"))

    def show() -> None:
        back.disabled, on.disabled = review.page == 1, review.page == review.pages
        back.layout.display = on.layout.display = "none" if review.pages == 1 else ""

    follow(review, "page matching", show)
    return row(back, on, counted)


def _gallery(review: Review) -> w.Widget:
    def compare(card: str) -> None:
        review.compared = _key_on(card)

    gallery = Gallery(lambda card, on: review.choose(_key_on(card), take=on), compare)

    def show() -> None:
        met: Counter[Key] = Counter()
        shown: dict[str, FileReview] = {}
        for one in review.shown:
            section, name = one.file.key
            shown[f"{section.name}/{name}/{met[section, name]}"] = one
            met[section, name] += 1
        cards = [_card(review, card, one) for card, one in shown.items()]
        gallery.show(cards, {card: one.file.path for card, one in shown.items() if one.facts})

    follow(review, "page matching chosen", show)
    return gallery


def _key_on(card: str) -> Key:
    """The file that a card is of, by its section and name: places change when the session is looked at again."""
    section, name = card.rsplit("/", 1)[0].split("/", 1)
    return Section[section], name


def _card(review: Review, card: str, one: FileReview) -> dict[str, Any]:
    facts, pair = one.facts, review.pair_of(one)
    measured = (facts.size, in_seconds(facts.seconds), in_bytes(facts.bytes)) if facts else ()
    return {
        "id": card,
        "name": one.file.name,
        "mark": MARKS[one.verdict],
        "verdict": one.verdict.value,
        "css": _LOOKS.get(one.verdict, "tj-verdict-stop"),
        "facts": [one.file.creative_type.value, *measured, pair and f"pair {pair}"],
        "reason": reason_of(one),
        "choosable": one.goes_up,
        "chosen": one.file.key in review.chosen,
        "comparable": has_evidence(one),
        "moving": one.file.creative_type.medium is Medium.MOVING,
        "drawable": facts is not None,
    }


def _table(review: Review) -> w.Widget:
    table = Table(review.rows(review.matching), what="files")
    counted = Markup()

    def show() -> None:
        table.put(review.rows(review.matching))
        counted.show(node("span", table.counted, role="status", css="tj-count"))

    follow(review, "matching chosen", show)
    return column(counted, rows_view(table))


def _plan(review: Review) -> w.Widget:
    def made() -> Node:
        saved = "✓ This is the saved plan." if review.is_saved else "● Not saved yet."
        lines = [node("p", node("strong", review.counted_choice), f". {saved}")]
        if review.newcomers and review.is_saved:
            lines.append(node("p", f"{review.newcomers} new files are not in the plan: they stay here.", css="tj-note"))
        following = node("p", "Then go on: ", node("a", "02_upload.ipynb", href="02_upload.ipynb"))
        return node("div", *lines, *([following] if review.is_saved else []))

    return column(
        told(review, "chosen saved", made),
        actions(
            review,
            button("Save as the plan", review.save, icon="save", style="primary"),
            button("Choose all found", lambda: review.choose_found(take=True), icon="check-square-o"),
            button("Leave out all found", lambda: review.choose_found(take=False), icon="square-o"),
        ),
    )
