"""A file of the session beside what it repeats, for a person to decide: one pair at a time, and then the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import List

from tjtools.diff.repeats import Decision, Known, Repeat, RepeatKind
from tjtools.diff.session import Verdict
from tjtools.media import Children
from tjtools.model.words import counted, in_bytes, in_seconds
from tjtools.widgets.markup import STATIC, Markup, Node, folded, lines, node, note, script
from tjtools.widgets.panel import State
from tjtools.widgets.review import Review, marked
from tjtools.widgets.view import button, choice, column, error_view, idle, row, task_view, tied, told

if TYPE_CHECKING:
    from tjtools.media.timeline import Kinship

ANSWERS = {  # what each decision means for the file, with and without "undecided"
    Decision.NOT_THE_SAME: ("Different: upload it", "These two are different creatives"),
    Decision.SKIP: ("The same: leave it out", "It stays here for as long as it looks like the other one"),
}
FACTS: dict[str, Callable[[Known], str]] = {
    "name": lambda side: side.name,
    "size": lambda side: f"{in_bytes(side.fingerprint.facts.bytes)} ({side.fingerprint.facts.bytes:,} bytes)",
    "checksum": lambda side: f"{side.fingerprint.checksum[:12]}…",
    "duration": lambda side: in_seconds(side.fingerprint.facts.seconds),
    "dimensions": lambda side: side.fingerprint.facts.size,
    "encoding": lambda side: " ".join(filter(None, (side.fingerprint.facts.container, side.fingerprint.facts.codec))),
}
_COLUMNS = "98px minmax(0, 1fr) minmax(0, 1fr)"  # as wide as those of .tj-sides
_FEW = 6  # observations that need not be folded


class Laid(AnyWidget):
    """A file and the other one laid on it, with a slider between them; `changed` are the places that differ.

    `moments` are pairs of jpgs, one of a still; they are set when they are made.
    """

    _esm = script("laid.js")
    _css = STATIC / "laid.css"
    moments: List[Any] = List().tag(sync=True)
    changed: List[Any] = List().tag(sync=True)


def compare_view(review: Review) -> w.Widget:
    """How many files repeat something, and the one that a person looks at beside it; nothing where none does."""
    whole = column(
        row(told(review, "reviews compared", lambda: _found(review)), _turning(review)),
        tied(
            review,
            "compared busy",
            task_view(review.task),
            shown=lambda: review.compared and not (review.task.state is State.DONE or review.at_other_work),
        ),
        error_view(review),
        tied(review, "reviews compared", column(), fresh=_anew(review)),
        css="tj-evidence",
    )
    return tied(review, "reviews", whole, shown=lambda: review.comparable)


def by_content(evidence: Iterable[Repeat]) -> list[list[Repeat]]:
    """What is repeated, each content once: its creatives first, then the files of the session that hold it too."""
    found: dict[str, list[Repeat]] = {}
    for one in sorted(evidence, key=lambda one: not one.known.creative_id):
        found.setdefault(one.known.fingerprint.checksum, []).append(one)
    return sorted(found.values(), key=lambda same: -same[0].closeness)


def _found(review: Review) -> Node:
    waiting, unsettled = len(review.undecided), (one for one in review.comparable if one.verdict is not Verdict.SKIPPED)
    rejected = sum(bool(one.repeats_rejected) for one in unsettled)
    repeats = "repeats" if len(review.comparable) == 1 else "repeat"
    parts: list[Node] = [f"{counted(len(review.comparable), 'file')} {repeats} something known. "]
    parts += [node("strong", f"{waiting:,} to decide. ")] if waiting else []
    parts += [node("span", f"✗ Of a REJECTED creative: {rejected:,}", css="tj-rejected")] if rejected else []
    return node("div", node("h3", "Compare"), node("p", *parts), css="tj-line")


def _turning(review: Review) -> w.Widget:
    """The way to the next one, which is one to decide while there is one; a list to choose from, once one is shown."""
    changes, wide = "reviews compared", w.Layout(width="auto", max_width="100%")
    following = tied(
        review,
        changes,
        button("", lambda: review.set_trait("compared", review.following)),
        description=lambda: _words(review),
        shown=lambda: review.following is not None,
    )
    files = choice(review, "compared", lambda: _listed(review), "reviews", tooltip="File to compare", layout=wide)
    close = button("Close", lambda: review.set_trait("compared", None))
    back = button("‹ Back", lambda: review.set_trait("compared", review.decided), title="To what was decided last")
    tied(
        review,
        changes,
        back,
        shown=lambda: review.compared and review.decided,
        disabled=lambda: review.decided == review.compared,  # and not gone, with the keyboard's focus
    )
    files, close = (tied(review, changes, one, shown=lambda: review.compared) for one in (files, close))
    return row(files, back, close, following)


def _listed(review: Review) -> list[tuple[str, Any]]:
    files = {one.file.key: f"{marked(one.verdict)}: {one.file.name}" for one in review.comparable}
    if review.compared is not None:
        files.setdefault(review.compared, review.compared[1])  # it may have nothing to show any more
    return [("Choose a file to compare", None), *((label, key) for key, label in files.items())]


def _words(review: Review) -> str:
    if review.compared is None:
        return "Compare them" if len(review.comparable) > 1 else "Compare"
    return "Next to decide ›" if {*review.undecided} - {review.compared} else "Next comparison ›"


def _anew(review: Review) -> Callable[[], list[w.Widget] | None]:
    """Its pairs, None where they are drawn already: after a decision the reviews and the compared file both change."""
    drawn: list[object] = [None, None]

    def pairs() -> list[w.Widget] | None:
        before, drawn[:] = drawn[:], [review.compared, review.reviews]
        return None if before[0] == drawn[0] and before[1] is drawn[1] else _pairs(review)

    return pairs


def _pairs(review: Review) -> list[w.Widget]:
    pairs = [
        (same, _sides(review, same[0]), Laid() if same[0].kinship else None) for same in by_content(review.evidence)
    ]
    if pairs:
        told = (review, review.compared, [(same[0], sides, laid) for same, sides, laid in pairs])
        threading.Thread(target=_drawn, args=told, name="tjtools-pictures").start()
    return [_pair(review, *pair) for pair in pairs]


def _pair(review: Review, same: Sequence[Repeat], sides: Sequence[w.Widget], laid: Laid | None) -> w.Widget:
    one, *others = same
    known = one.known
    standing = f"ID {known.creative_id}: {known.standing}" if known.creative_id else "Another file of the session"
    heads = (node("span", ""), node("strong", "This file"), node("strong", standing), node("span", ""))
    pictures = w.GridBox(
        [*map(Markup, heads), *sides], layout=w.Layout(grid_template_columns=_COLUMNS, grid_gap="4px 0")
    )
    also = [note("The same content: ", "; ".join(other.known.told for other in others))] if others else []
    return column(
        Markup(node("div", _head(one), *also)),
        _decision(review, one),  # above the pictures, however tall these are
        pictures,
        *([laid] if laid else []),
        *map(Markup, (_facts(one), *map(_history, same))),
        css="tj-pair",
    )


def _head(one: Repeat) -> Node:
    like = f"≈ Looks {one.closeness:.0%} the same" + (f": {one.how}" if one.how else "")
    how = "The same content, to the last byte" if one.kind is RepeatKind.SAME_CONTENT else like
    at = one.known.rejected_at
    if at is None:
        return node("div", node("strong", how))
    when = f" on {at[:10]}" if at else ""
    rejected = f"✗ REJECTED{when}: the network has refused creative {one.known.creative_id} before."
    return node("div", node("strong", how), node("p", rejected, css="tj-rejected", role="note"))


def _sides(review: Review, one: Repeat) -> list[w.Widget]:
    return [_picture(review, side) for side in (one.file, one.known)]


def _picture(review: Review, side: Known) -> w.Widget:
    made = review.thumbnail(side.fingerprint)
    if made is None and side.path is None:
        return Markup(node("div", "no picture", css="tj-side tj-note"))
    image = w.Image(value=made or b"", format="jpeg")
    image.add_class("tj-side")
    return image


def _drawn(review: Review, compared: Any, pairs: Iterable[tuple[Repeat, Sequence[w.Widget], Laid | None]]) -> None:
    """Lay each on the other, and show larger pictures than the kept ones where the files are still here."""
    shown = (pair for pair in pairs if review.compared == compared and threading.main_thread().is_alive())
    with Children(cores=1) as room:
        for one, sides, laid in shown:  # for as long as somebody looks
            if laid and one.kinship:
                _lay(review, one, one.kinship, laid)
            for side, image in zip((one.file, one.known), sides, strict=True):
                if side.path and isinstance(image, w.Image) and (made := room.poster(side.path)):
                    image.value = made


def _lay(review: Review, one: Repeat, kin: Kinship, laid: Laid) -> None:
    from tjtools.media import copies

    mine, theirs = (review.frames(side.fingerprint) for side in (one.file, one.known))
    made = copies.laid(kin, mine, theirs) if mine and theirs else []
    laid.changed = [list(box) for box in kin.likeness.changed]
    laid.moments = [
        {"mine": each.mine, "theirs": each.theirs, "told": f"{each.at:.1f} s, the other one at {each.their_at:.1f} s"}
        for each in made
    ]


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
    if one.kind is RepeatKind.SAME_CONTENT:
        return Markup(note("There is nothing to decide: these are the same."))
    buttons = []
    for decision, (label, title) in ANSWERS.items():
        made = button(label, partial(review.decide, one, decision), title=title)
        buttons.append(made)
        if one.decision is decision:
            made.description, made.button_style = f"✓ {label}", "success"
        idle(review, made)
    return row(*buttons)
