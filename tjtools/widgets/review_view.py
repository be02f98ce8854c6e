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
from tjtools.model.words import counted, in_bytes, in_seconds
from tjtools.widgets.compare import compare_view
from tjtools.widgets.markup import STATIC, Node, node, script
from tjtools.widgets.mend import label_of, mend_view
from tjtools.widgets.prepare_view import add_view
from tjtools.widgets.review import EXCHANGED, LATE, MARKS, Group, Review, group_of, has_evidence
from tjtools.widgets.view import actions, button, column, follow, heading_of, linked, pager, row, tied, told, way_on

HEADS = {Group.NEW: "New", Group.LOOK: "Need you", Group.MEND: "Can't go", Group.THERE: "There, or skipped"}
COLOURS = {Group.NEW: "new", Group.LOOK: "look", Group.MEND: "stop", Group.THERE: "there"}
PLAYABLE = 30_000_000  # bytes: a larger video is not sent to the browser
_HEADS = {"name": "Name", "type": "Type", "dimensions": "Pixels", "duration": "Length", "size": "Size"}
_MANY = 48  # files that are rather shown as rows
_EVERY = 0.3  # seconds between two deliveries of pictures


class Files(AnyWidget):
    """Files of the session by their handles, all text as text; hears of ticks, and of a wish to compare or to mend."""

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._review, self._shown = review, dict[str, FileReview]()
        self.on_msg(self._hear)
        self.show()

    def show(self) -> None:
        """Show what there is now."""
        raise NotImplementedError

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        ids = told.get("ids", ())
        named = {one: self._shown[one] for one in ids if one in self._shown}  # the others were shown before
        keys = [one.file.key for one in named.values()]
        if told["what"] == "tick":
            self._review.choose(*keys, take=bool(told["on"]))
        elif told["what"] == "compare" and keys:
            self._review.compared = keys[0]
        elif told["what"] == "mend" and keys:
            self._review.mending.ask(keys[0])
        else:
            self._hear_more(told, named)

    def _hear_more(self, told: dict[str, Any], named: dict[str, FileReview]) -> None:
        """What only this view of them knows."""


class Gallery(Files):
    """The page's files as cards, with pictures that are made in a thread; one that is pressed plays or is enlarged."""

    _esm = script("gallery.js")
    _css = STATIC / "gallery.css"
    cards: List[Any] = List().tag(sync=True)
    posters: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(self, review: Review) -> None:
        self._paths = dict[str, Path]()
        super().__init__(review)
        review.observe(lambda _change: self.show(), ["page", "matching", "chosen", "saved"])

    def show(self) -> None:
        review = self._review
        self._shown = {review.handle(one): one for one in review.shown}
        paths = {handle: one.file.path for handle, one in self._shown.items() if one.facts}
        fresh, self._paths = paths != self._paths, paths
        with self.hold_sync():
            self.cards = [
                _told(review, handle, one) | {"group": HEADS[group_of(one)], "chosen": one.file.key in review.chosen}
                for handle, one in self._shown.items()
            ]
            if fresh:  # a handle tells the content, too
                self.posters = {handle: made for handle, made in self.posters.items() if handle in paths}
        if fresh:
            threading.Thread(target=self._draw, args=(paths,), name="tjtools-posters").start()

    def _draw(self, paths: dict[str, Path]) -> None:
        made, last = dict(self.posters), time.monotonic()
        with Children(cores=1) as room:
            for key in [one for one in paths if one not in made]:
                made[key] = room.poster(paths[key])
                if self._paths is not paths or not threading.main_thread().is_alive():
                    return  # another page is shown by now, or nobody looks any more
                if time.monotonic() - last > _EVERY or len(made) == len(paths):
                    self.posters, last = dict(made), time.monotonic()

    def _hear_more(self, _told: dict[str, Any], named: dict[str, FileReview]) -> None:
        for handle in named.keys() & self._paths.keys():
            told, data = _media(self._paths[handle])
            self.send({"playing": handle, **told}, data)


def _media(path: Path) -> tuple[dict[str, str], list[bytes]]:
    try:
        if path.stat().st_size <= PLAYABLE:
            return {"type": guess_type(path.name)[0] or ""}, [path.read_bytes()]
    except OSError as error:
        return {"problem": f"It can't be read: {error.strerror}."}, []
    return {"problem": f"Over {PLAYABLE // 1_000_000} MB: open the file itself to watch it."}, []


class Rows(Files):
    """What matches, a row a file; `chosen` are those that are ticked. Rows that come into view get small pictures."""

    _esm = script("rows.js")
    _css = STATIC / "rows.css"
    heads: Dict[str, str] = Dict(_HEADS).tag(sync=True)
    rows: List[Any] = List().tag(sync=True)
    chosen: List[Any] = List().tag(sync=True)

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        review.observe(lambda _change: self.show(), ["matching", "saved"])
        review.observe(lambda _change: self._tick(), "chosen")

    def show(self) -> None:
        review = self._review
        self._shown = {review.handle(one): one for one in review.matching}
        with self.hold_sync():
            self._tick()
            self.rows = [_told(review, handle, one) for handle, one in self._shown.items()]

    def _tick(self) -> None:
        chosen = self._review.chosen
        self.chosen = [handle for handle, one in self._shown.items() if one.file.key in chosen]

    def _hear_more(self, told: dict[str, Any], named: dict[str, FileReview]) -> None:
        if told["what"] == "all":
            self._review.choose_found(take=bool(told["on"]))
        elif told["what"] == "pictures":
            found = ((handle, self._review.small_picture(one)) for handle, one in named.items())
            drawn = {handle: made for handle, made in found if made}
            self.send({"pictures": [*drawn]}, [*drawn.values()])


def _told(review: Review, handle: str, one: FileReview) -> dict[str, Any]:
    """A file for the browser; `order` is what its columns of numbers are sorted by."""
    facts, (mark, colour) = one.facts, MARKS[one.verdict]
    numbers = (facts.width * facts.height, facts.seconds or 0, facts.bytes) if facts else (0, 0, 0)
    return {
        "id": handle,
        "name": one.file.name,
        "mark": mark,
        "verdict": one.verdict.value,
        "css": f"tj-verdict-{colour}",
        "type": one.file.creative_type.words,
        "dimensions": facts.size if facts else "",
        "duration": in_seconds(facts.seconds) if facts else "",
        "size": in_bytes(facts.bytes) if facts else "",
        "order": dict(zip(("dimensions", "duration", "size"), numbers, strict=True)),
        "pair": review.pair_of(one),
        "marks": [*review.marks(one)],
        "reasons": review.reasons(one),
        "choosable": one.goes_up,
        "wary": one.file.key in review.wary,
        "comparable": has_evidence(one),
        "mend": label_of(review.mending.offers.get(one.file.key)),
        "moving": one.file.creative_type.medium is Medium.MOVING,
        "drawable": facts is not None,
    }


def review_view(review: Review) -> w.Widget:
    """The bar, which stays in view, the way in for new files, what repeats something, the files.

    As long as a person is asked about new files, they come first, and the session is folded below them.
    """
    adding, add, heading = review.adding, add_view(review), heading_of("The session", opened=True)

    def turn() -> None:
        before, order = add.layout.order, "-1" if adding.delivery else "0"
        if before != order:
            heading.value = adding.delivery is None
        for one in (add, heading):  # children in another order would be drawn anew
            one.layout.order = order

    def usual(made: w.Widget) -> w.Widget:
        def shown() -> bool:
            return not review.is_empty and heading.value

        return tied(heading, "value", tied(review, "reviews", made, shown=shown), shown=shown)

    follow(adding, "delivery", turn)
    tied(
        adding,
        "delivery",
        heading,
        description=lambda: f"The session, {counted(len(review.reviews), 'file')}",
        shown=lambda: adding.delivery and not review.is_empty,
    )
    return column(
        usual(_bar(review)),
        told(review, "reviews", lambda: _bad_lines(review)),
        add,
        heading,
        usual(column(compare_view(review), mend_view(review), _files(review), actions(review))),
    )


def _bar(review: Review) -> w.Widget:
    """How many files are in each group, which are the filters; and the one button."""
    changes, after = "chosen saved reviews", "Go to upload" if review.lead else "Saved"
    before = "Save and go to upload" if review.lead else "Save as the plan"
    save = tied(
        review,
        changes,
        button(before, partial(_go_on, review), style="primary"),
        description=lambda: after if review.is_saved or (review.lead and not review.able) else before,
        disabled=lambda: not (review.able or review.lead) or (review.is_saved and not review.lead),
    )
    words = told(review, f"{changes} busy", lambda: _standing(review))
    badges = row(*(_badge(review, group) for group in Group), words)
    if review.lead:
        return column(row(badges, row(save)), css="tj tj-bar")
    on = tied(review, changes, way_on(review, "upload", "Go to upload"), shown=lambda: review.is_saved)
    return column(row(badges, row(save, on)), css="tj tj-bar")


def _go_on(review: Review) -> None:
    if review.able and not review.is_saved:
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
    return tied(review, "chosen reviews", badge, description=words, shown=lambda: review.grouped[group])


def _counted(review: Review, group: Group) -> str:
    """A badge: so many of a group, and how many of them are ticked."""
    count = len(review.grouped[group])
    ticked = sum(one.file.key in review.chosen for one in review.grouped[group])
    if group is Group.NEW:
        return f"{ticked:,} new ticked" if ticked == count else f"{ticked:,} of {count:,} new ticked"
    if group is Group.LOOK:
        return f"{count:,} need{'s' * (count == 1)} you" + (f", {ticked:,} ticked" if ticked else "")
    away = any(not one.is_there for one in review.grouped[group])
    return f"{count:,} there or skipped" if group is Group.THERE and away else f"{count:,} {group.value}"


def _standing(review: Review) -> Node:
    """Whether the plan is saved, and what came after it."""
    words = [] if not review.able else ["✓ Saved"] if review.is_saved else ["● Not saved"]
    since = {LATE: len(review.late), EXCHANGED: len(review.exchanged)}
    words += [f"{count:,} {mark}" for mark, count in since.items() if count]
    left = len(review.wary - review.chosen)
    words += [f"{counted(left, 'file')} not ticked: repeats what was rejected"] if left else []
    words += ["looking again …"] if review.busy and not review.at_other_work else []  # what is shown is of before
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
        shown=lambda: review.grouped[Group.THERE] and not (review.group or review.find),
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

    def words() -> Node | None:
        shown = review.pages > 1 or review.find
        return node("span", review.counted_page, role="status", css="tj-count") if shown else None

    return row(*pager(review, changes), told(review, changes, words))
