"""The view of the session: the bar with what is ticked, the evidence of duplicates, and the files as cards or rows."""

from __future__ import annotations

import threading
import time
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Dict, List

from tjtools.diff.session import FileReview
from tjtools.media import Children
from tjtools.model.creative import Medium
from tjtools.model.words import counted
from tjtools.widgets.compare import compare_view
from tjtools.widgets.drop import is_empty
from tjtools.widgets.markup import STATIC, Node, node
from tjtools.widgets.mend_view import mend_view
from tjtools.widgets.prepare_view import add_view
from tjtools.widgets.review import MARKS, Group, Review, group_of, has_evidence
from tjtools.widgets.review_table import Rows
from tjtools.widgets.view import actions, button, column, follow, linked, row, tied, told, way_on

HEADS = {Group.NEW: "New", Group.LOOK: "Need you", Group.MEND: "Can't go", Group.THERE: "There already"}
COLOURS = {Group.NEW: "new", Group.LOOK: "look", Group.MEND: "stop", Group.THERE: "there"}
PLAYABLE = 30_000_000  # bytes: a larger video is not sent to the browser
_MANY = 48  # files that are rather shown as rows
_EVERY = 0.3  # seconds between two deliveries of pictures


class Gallery(AnyWidget):
    """Shows the page's files as cards; hears of ticks, of a wish to play or to compare. All text shows as text."""

    _esm = STATIC / "gallery.js"
    _css = STATIC / "gallery.css"
    cards: List[Any] = List().tag(sync=True)
    posters: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._review, self._shown, self._paths = review, dict[str, FileReview](), dict[str, Path]()
        self.on_msg(self._hear)
        review.observe(lambda _change: self.show(), ["page", "matching", "chosen", "saved"])
        self.show()

    def show(self) -> None:
        """Show the page; the pictures of the files follow, made in a thread."""
        shown = {self._review.handle(one): one for one in self._review.shown}
        paths = {card: one.file.path for card, one in shown.items() if one.facts}
        fresh = paths != self._paths
        self._shown, self._paths = shown, paths
        with self.hold_sync():
            self.cards = [_card(self._review, card, one) for card, one in shown.items()]
            if fresh:
                self.posters = {}
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
        elif told["what"] == "mend":
            self._review.mending.ask(key)
        elif card in self._paths:
            told, data = _media(self._paths[card])
            self.send({"playing": card, **told}, data)


def _media(path: Path) -> tuple[dict[str, str], list[bytes]]:
    try:
        if path.stat().st_size <= PLAYABLE:
            return {"type": guess_type(path.name)[0] or ""}, [path.read_bytes()]
    except OSError as error:
        return {"problem": f"It can't be read: {error.strerror}."}, []
    return {"problem": f"Over {PLAYABLE // 1_000_000} MB: open the file itself to watch it."}, []


def _card(review: Review, card: str, one: FileReview) -> dict[str, Any]:
    told = review.described(one)
    pair = told["pair"] and f"pair: {told['pair']}"
    mark, colour = MARKS[one.verdict]
    return {
        "id": card,
        "name": one.file.name,
        "mark": mark,
        "verdict": one.verdict.value,
        "css": f"tj-verdict-{colour}",
        "group": HEADS[group_of(one)],
        "marks": [*review.marks(one)],
        "facts": [told["type"], told["dimensions"], told["duration"], told["size"], pair],
        "reason": review.reasons(one),
        "choosable": one.goes_up,
        "chosen": one.file.key in review.chosen,
        "comparable": has_evidence(one),
        "mend": review.mend_label(one),
        "moving": one.file.creative_type.medium is Medium.MOVING,
        "drawable": one.facts is not None,
    }


def review_view(review: Review) -> w.Widget:
    """The bar, which stays in view, the way in for new files, what repeats something, the files.

    As long as a person is asked about new files, they are all there is.
    """

    def usual(made: w.Widget) -> w.Widget:
        def shown() -> bool:
            return not is_empty(review) and review.adding.delivery is None

        return tied(review.adding, "delivery", tied(review, "reviews", made, shown=shown), shown=shown)

    return column(
        usual(_bar(review)),
        told(review, "reviews", lambda: _bad_lines(review)),
        add_view(review),
        usual(column(compare_view(review), mend_view(review), _files(review), actions(review))),
    )


def _bar(review: Review) -> w.Widget:
    """How many files are in each group, which are the filters; and the one button."""
    after = "Go to upload" if review.lead else "Saved"
    before = "Save and go to upload" if review.lead else "Save as the plan"
    save = tied(
        review,
        "chosen saved reviews",
        button(before, partial(_go_on, review), style="primary"),
        description=lambda: after if review.is_saved else before,
        disabled=lambda: not (review.new or review.lead) or (review.is_saved and not review.lead),
    )
    on = (
        []
        if review.lead
        else [tied(review, "chosen saved", way_on(review, "upload", "Go to upload"), shown=lambda: review.is_saved)]
    )
    words = told(review, "chosen saved reviews", lambda: _standing(review))
    badges = row(*(_badge(review, group) for group in Group), words)
    return column(row(badges, row(save, *on)), css="tj tj-bar")


def _go_on(review: Review) -> None:
    if not review.is_saved:
        review.save()
    if review.lead and review.error is None:
        review.lead("upload")


def _badge(review: Review, group: Group) -> w.Widget:
    badge = w.ToggleButton(tooltip=f"Show these alone: {HEADS[group].lower()}", layout=w.Layout(width="auto"))
    badge.add_class("tj-badge")
    badge.add_class(f"tj-badge-{COLOURS[group]}")

    def press(change: dict[str, Any]) -> None:
        if change["new"]:
            review.group = group
        elif review.group is group:
            review.group = None

    badge.observe(press, "value")
    follow(review, "group", lambda: badge.set_trait("value", review.group is group))
    words = partial(_counted, review, group)
    return tied(review, "chosen reviews", badge, description=words, shown=lambda: review.groups[group])


def _counted(review: Review, group: Group) -> str:
    """A badge: so many of a group, and how many of them are ticked."""
    count = review.groups[group]
    ticked = sum(one.file.key in review.chosen for one in review.reviews if group_of(one) is group)
    if group is Group.NEW:
        return f"{ticked:,} new ticked" if ticked == count else f"{ticked:,} of {count:,} new ticked"
    if group is Group.LOOK:
        return f"{count:,} need{'s' * (count == 1)} you" + (f", {ticked:,} ticked" if ticked else "")
    away = any(not one.is_there for one in review.reviews if group_of(one) is group)
    return f"{count:,} there or skipped" if group is Group.THERE and away else f"{count:,} {group.value}"


def _standing(review: Review) -> Node:
    """Whether the plan is saved, and what came after it."""
    words = ["✓ Saved"] if review.is_saved else ["● Not saved"]
    words += [f"{len(review.late):,} new since your plan"] if review.late else []
    left = len(review.wary - review.chosen)
    words += [f"{counted(left, 'file')} not ticked: repeats what was rejected"] if left else []
    return node("span", " · ".join(words), role="status", css="tj-count")


def _bad_lines(review: Review) -> Node | None:
    mend = f"mend it in {review.workspace.session.name}"
    bad = [
        node("p", f"⚠ Line {one.line} can't be read, and its file stays here: {one.reason}; {mend}.")
        for one in review.bad_lines
    ]
    return node("div", *bad) if bad else None


def _files(review: Review) -> w.Widget:
    auto = {"button_width": "auto"}
    shapes = w.ToggleButtons(options=["Gallery", "Table"], tooltips=["Pictures", "Rows"], style=auto)

    def fit(change: Any) -> None:
        if not change["old"]:  # later it is the person's
            shapes.value = "Table" if len(change["new"]) > _MANY else "Gallery"

    review.observe(fit, "reviews")
    fit({"old": (), "new": review.reviews})
    wide = w.Layout(width="16em")
    find = linked(
        review, "find", w.Text(placeholder="Find in name, type, reason", layout=wide, continuous_update=False)
    )
    every = button("Tick all found", lambda: review.choose_found(take=True))
    none = button("Untick all found", lambda: review.choose_found(take=False))
    for made in (every, none):  # the table has a box of its own for it
        tied(shapes, "value", made, shown=lambda: shapes.value == "Gallery")
    wary = tied(
        review,
        "chosen reviews",
        button("", review.choose_wary),
        description=lambda: f"Tick the repeats of rejected ones too ({len(review.wary - review.chosen):,})",
        shown=lambda: review.wary - review.chosen,
    )
    there = tied(
        review,
        "reviews matching",
        button("", lambda: review.set_trait("group", Group.THERE), icon="caret-right"),
        description=lambda: f"Show {_counted(review, Group.THERE)}",
        shown=lambda: review.groups[Group.THERE] and not (review.group or review.find),
    )
    gallery, table = column(_pager(review), Gallery(review), _pager(review)), Rows(review)
    return column(
        row(shapes, find, every, none, wary),
        tied(shapes, "value", gallery, shown=lambda: shapes.value == "Gallery"),
        tied(shapes, "value", table, shown=lambda: shapes.value == "Table"),
        there,
    )


def _pager(review: Review) -> w.Widget:
    changes = "page matching"

    def several() -> bool:
        return review.pages > 1

    back, on = button("‹ Back", lambda: review.turn(-1)), button("Next ›", lambda: review.turn(1))
    tied(review, changes, back, disabled=lambda: review.page == 1, shown=several)
    tied(review, changes, on, disabled=lambda: review.page == review.pages, shown=several)

    def words() -> Node | None:
        shown = several() or review.find
        return node("span", review.counted_page, role="status", css="tj-count") if shown else None

    return row(back, on, told(review, changes, words))
