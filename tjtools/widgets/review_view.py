"""The view of the session: the bar with what is ticked, the evidence of duplicates, and the files as cards or rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Dict, List

from tjtools.diff.repeats import Decision, Known, Repeat, RepeatKind
from tjtools.diff.session import FileReview
from tjtools.media import Children
from tjtools.model.creative import Medium
from tjtools.model.words import counted, in_bytes, in_seconds
from tjtools.widgets.drop import drop_view, is_empty
from tjtools.widgets.markup import STATIC, Markup, Node, folded, lines, node, note
from tjtools.widgets.panel import State
from tjtools.widgets.review import MARKS, Group, Review, group_of, has_evidence, marked
from tjtools.widgets.review_table import Rows
from tjtools.widgets.view import (
    actions,
    button,
    choice,
    column,
    error_view,
    follow,
    linked,
    row,
    task_view,
    tied,
    told,
    way_on,
)

HEADS = {Group.NEW: "New", Group.LOOK: "Need you", Group.MEND: "Can't go", Group.THERE: "There already"}
COLOURS = {Group.NEW: "new", Group.LOOK: "look", Group.MEND: "stop", Group.THERE: "there"}
PLAYABLE = 30_000_000  # bytes: a larger video is not sent to the browser
_MANY = 48  # files that are rather shown as rows
_EVERY = 0.3  # seconds between two deliveries of pictures
_FEW = 6  # observations that need not be folded
FACTS: dict[str, Callable[[Known], str]] = {
    "name": lambda side: side.name,
    "size": lambda side: f"{in_bytes(side.fingerprint.facts.bytes)} ({side.fingerprint.facts.bytes:,} bytes)",
    "checksum": lambda side: f"{side.fingerprint.checksum[:12]}…",
    "duration": lambda side: in_seconds(side.fingerprint.facts.seconds),
    "dimensions": lambda side: side.fingerprint.facts.size,
    "encoding": lambda side: " ".join(filter(None, (side.fingerprint.facts.container, side.fingerprint.facts.codec))),
}
_COLUMNS = "98px minmax(0, 1fr) minmax(0, 1fr)"  # as wide as those of .tj-sides


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
        review.observe(lambda _change: self.show(), ["page", "matching", "chosen", "saved"])
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
        "group": HEADS[group_of(one)],
        "marks": [*review.marks(one)],
        "facts": [told["type"], told["dimensions"], told["duration"], told["size"], pair],
        "reason": told["reason"],
        "choosable": one.goes_up,
        "chosen": one.file.key in review.chosen,
        "comparable": has_evidence(one),
        "moving": one.file.creative_type.medium is Medium.MOVING,
        "drawable": one.facts is not None,
    }


def review_view(review: Review) -> w.Widget:
    """The bar, which stays in view, the place to drop files at, the evidence, the files."""

    def some() -> bool:
        return not is_empty(review)

    below = column(_evidence(review), _files(review), actions(review))
    return column(
        tied(review, "reviews", _bar(review), shown=some),
        told(review, "reviews", lambda: _bad_lines(review)),
        drop_view(review),
        tied(review, "reviews", below, shown=some),
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
    bad = [node("p", f"⚠ line {one.line} of the session can't be read: {one.reason}") for one in review.bad_lines]
    return node("div", *bad) if bad else None


def _evidence(review: Review) -> w.Widget:
    again, wide = task_view(review.task), w.Layout(width="auto", max_width="100%")
    files = choice(review, "compared", lambda: _comparable(review), "reviews", tooltip="File to compare", layout=wide)
    whole = column(
        told(review, "reviews", lambda: _found(review)),
        tied(review, "reviews", row(), children=lambda: [files] if review.comparable else []),
        tied(review.task, "state", again, shown=lambda: review.task.state is not State.DONE),
        error_view(review),
        tied(review, "reviews compared", column(), children=lambda: [_pair(review, one) for one in review.evidence]),
        css="tj-evidence",
    )
    return tied(review, "reviews", whole, shown=lambda: review.comparable)


def _comparable(review: Review) -> list[tuple[str, Any]]:
    """The files to choose from; one that is compared stays, though it may have nothing to show any more."""
    files = {one.file.key: f"{marked(one.verdict)}: {one.file.name}" for one in review.comparable}
    if review.compared is not None:
        files.setdefault(review.compared, review.compared[1])
    return [("Choose a file to compare", None), *((label, key) for key, label in files.items())]


def _found(review: Review) -> Node:
    rejected = sum(bool(one.repeats_rejected) for one in review.comparable)
    files = f"Files of the session that repeat something: {len(review.comparable):,}. "
    warned = [node("span", f"✗ Of a REJECTED creative: {rejected:,}", css="tj-rejected")] if rejected else []
    return node("div", node("h3", "Evidence"), node("p", files, *warned))


def _pair(review: Review, one: Repeat) -> w.Widget:
    other = one.known
    standing = f"ID {other.creative_id}: {other.standing}" if other.creative_id else "Another file of the session"
    heads = (node("span", ""), node("strong", "This file"), node("strong", standing), node("span", ""))
    cells = [*map(Markup, heads), _picture(review, one.file), _picture(review, other)]
    pictures = w.GridBox(cells, layout=w.Layout(grid_template_columns=_COLUMNS, grid_gap="4px 0"))
    told = map(Markup, (_facts(one), _history(one)))
    return column(Markup(_head(one)), pictures, *told, _decision(review, one), css="tj-pair")


def _head(one: Repeat) -> Node:
    same = one.kind is RepeatKind.SAME_CONTENT
    how = "⧉ The same content, to the last byte" if same else f"≈ Looks {one.closeness:.0%} the same"
    at = one.known.rejected_at
    if at is None:
        return node("div", node("strong", how))
    when = f"on {at[:10]}" if at else "nobody knows when"
    rejected = f"✗ REJECTED {when}: the network has refused creative {one.known.creative_id} before."
    return node("div", node("strong", how), node("p", rejected, css="tj-rejected", role="note"))


def _picture(review: Review, side: Known) -> w.Widget:
    made = review.thumbnail(side.fingerprint)
    if made is None:
        return Markup(node("div", "no picture", css="tj-side tj-note"))
    image = w.Image(value=made, format="jpeg")
    image.add_class("tj-side")
    return image


def _facts(one: Repeat) -> Node:
    rows = []
    for what, fact in FACTS.items():
        mine, theirs = fact(one.file), fact(one.known)
        tag = "span" if mine == theirs else "strong"
        if mine or theirs:
            rows.append(node("tr", node("th", what), *(node("td", node(tag, text or "–")) for text in (mine, theirs))))
    return node("table", node("tbody", *rows), css="tj-sides")


def _history(one: Repeat) -> Node | None:
    if not one.known.creative_id:
        return None
    if not one.known.history:
        return note(f"No review history of ID {one.known.creative_id} is known.")
    seen = [
        f"{then.observed_at[:16].replace('T', ' ')} UTC: {' → '.join(filter(None, (then.from_status, then.to_status)))}"
        for then in one.known.history
    ]
    title = f"Review history of ID {one.known.creative_id}: {counted(len(seen), 'observation')}"
    return folded(title, lines(seen), open=int(len(seen) <= _FEW))


def _decision(review: Review, one: Repeat) -> w.Widget:
    if one.kind is not RepeatKind.LOOKS_SAME:
        return Markup(note("There is nothing to decide: these are the same."))
    buttons, told = [], "Is this the same creative? Both contents are remembered with your answer."
    for label, decision, title in (
        ("Not the same", Decision.NOT_THE_SAME, "Upload it: these two are different creatives"),
        ("Skip it", Decision.SKIP, "Never upload it while it looks like the other one"),
    ):
        made = button(label, partial(review.decide, one, decision), title=title)
        buttons.append(made)
        if one.decision is decision:
            made.description, made.button_style, made.disabled = f"✓ {label}", "success", True
            told = f"You decided: {label.lower()}."
        else:
            tied(review, "busy", made, disabled=lambda: review.busy)
    return row(*buttons, Markup(node("span", told, css="tj-note")))


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
    wary = tied(
        review,
        "chosen reviews",
        button("", review.choose_wary, style="warning"),
        description=lambda: f"Tick also {len(review.wary - review.chosen):,} that repeat rejected ones",
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
