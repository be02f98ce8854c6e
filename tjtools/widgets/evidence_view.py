"""The evidence of a duplicate: a file beside what it repeats, and what a person decides about the two."""

from __future__ import annotations

from functools import partial

import ipywidgets as w

from tjtools.diff.repeats import Decision, Known, Repeat, RepeatKind
from tjtools.model.words import counted, in_bytes, in_seconds
from tjtools.widgets.markup import Markup, Node, lines, node
from tjtools.widgets.review import MARKS, Review, can_decide
from tjtools.widgets.task import State
from tjtools.widgets.view import button, column, error_view, follow, row, task_view

_FEW = 6  # observations that need not be folded
_SHORT = 12  # characters of a checksum
_COLUMNS = "98px minmax(0, 1fr) minmax(0, 1fr)"  # as wide as those of .tj-sides
_CLOSED = "Choose a file to compare"


def evidence_view(review: Review) -> w.Widget:
    """A choice of the files that repeat something; of the chosen one, both sides, history and buttons."""
    told, choice, pairs, buttons = Markup(), row(), column(), list[w.Button]()
    again = task_view(review.looking)
    links: list[w.link] = []

    def show_choice() -> None:
        for one in links:
            one.unlink()
        dropdown = w.Dropdown(options=_options(review), tooltip="File to compare")
        dropdown.layout = w.Layout(width="auto", max_width="100%")
        links[:] = [w.link((review, "compared"), (dropdown, "value"))]
        choice.children = (dropdown,) if review.comparable else ()
        whole.layout.display = "" if review.comparable else "none"
        told.show(_told(review))

    def show_pairs() -> None:
        buttons.clear()
        pairs.children = tuple(_pair(review, one, buttons) for one in review.evidence)
        lock()

    def lock() -> None:
        looking = review.looking.state is State.RUNNING
        again.layout.display = "none" if review.looking.state is State.DONE else ""
        for one in buttons:
            one.disabled = looking or one.button_style == "success"

    whole = column(told, choice, again, error_view(review), pairs)
    whole.add_class("tj-evidence")
    follow(review, "reviews", show_choice)
    follow(review, "reviews compared", show_pairs)
    follow(review.looking, "state", lock)
    return whole


def _options(review: Review) -> list[tuple[str, object]]:
    """The files to choose from; one that is compared stays, though it may have nothing to show any more."""
    files = {one.file.key: f"{MARKS[one.verdict]} {one.verdict.value}: {one.file.name}" for one in review.comparable}
    if review.compared is not None:
        files.setdefault(review.compared, review.compared[1])
    return [(_CLOSED, None), *((label, key) for key, label in files.items())]


def _told(review: Review) -> Node:
    rejected = sum(bool(one.repeats_rejected) for one in review.comparable)
    head = node("h3", "Evidence")
    files = f"Files of the session that repeat something: {len(review.comparable):,}. "
    warned = [node("span", f"✗ Of a REJECTED creative: {rejected:,}", css="tj-rejected")] if rejected else []
    return node("div", head, node("p", files, *warned))


def _pair(review: Review, one: Repeat, buttons: list[w.Button]) -> w.Widget:
    """Both sides, what is known of the other one, and the decision."""
    pictures = w.GridBox(
        [*map(Markup, _heads(one)), Markup(node("span", "")), _picture(review, one.file), _picture(review, one.known)],
        layout=w.Layout(grid_template_columns=_COLUMNS, grid_gap="4px 0"),
    )
    pair = column(
        Markup(_head(one)), pictures, Markup(_facts(one)), Markup(_history(one)), _decision(review, one, buttons)
    )
    pair.add_class("tj-pair")
    return pair


def _head(one: Repeat) -> Node:
    same = one.kind is RepeatKind.SAME_CONTENT
    how = "⧉ The same content, to the last byte" if same else f"≈ Looks {one.closeness:.0%} the same"
    rejected = [] if one.known.rejected_at is None else [node("p", _rejected(one), css="tj-rejected", role="note")]
    return node("div", node("strong", how), *rejected)


def _rejected(one: Repeat) -> str:
    rejected = one.known.rejected_at
    when = f"on {rejected[:10]}" if rejected else "nobody knows when"
    return f"✗ REJECTED {when}: the network has refused creative {one.known.creative_id} before."


def _picture(review: Review, side: Known) -> w.Widget:
    made = review.thumbnail(side.fingerprint)
    if made is None:
        return Markup(node("div", "no picture", css="tj-side tj-note"))
    image = w.Image(value=made, format="jpeg")
    image.add_class("tj-side")
    return image


def _facts(one: Repeat) -> Node:
    """Row by row, the two sides next to each other; what differs is strong."""
    mine, theirs = _facts_of(one.file), _facts_of(one.known)
    rows = [_row(what, mine[what], theirs[what]) for what in mine if mine[what] or theirs[what]]
    return node("table", node("tbody", *rows), css="tj-sides")


def _heads(one: Repeat) -> tuple[Node, Node, Node]:
    return node("span", ""), node("strong", "This file"), node("strong", _standing(one.known))


def _row(what: str, mine: str, theirs: str) -> Node:
    tag = "span" if mine == theirs else "strong"
    return node("tr", node("th", what), *(node("td", node(tag, text or "–")) for text in (mine, theirs)))


def _facts_of(side: Known) -> dict[str, str]:
    facts = side.fingerprint.facts
    return {
        "name": side.name,
        "size": f"{in_bytes(facts.bytes)} ({facts.bytes:,} bytes)",
        "checksum": f"{side.fingerprint.checksum[:_SHORT]}…",
        "duration": in_seconds(facts.seconds),
        "dimensions": facts.size,
        "encoding": " ".join(filter(None, (facts.container, facts.codec))),
    }


def _standing(side: Known) -> str:
    return f"ID {side.creative_id}: {side.standing}" if side.creative_id else "Another file of the session"


def _history(one: Repeat) -> Node | None:
    """What was seen of the creative that is there; None for a file of the session."""
    if not one.known.creative_id:
        return None
    if not one.known.history:
        return node("p", f"No review history of ID {one.known.creative_id} is known.", css="tj-note")
    seen = [
        f"{then.observed_at[:16].replace('T', ' ')} UTC: {' → '.join(filter(None, (then.from_status, then.to_status)))}"
        for then in one.known.history
    ]
    title = f"Review history of ID {one.known.creative_id}: {counted(len(seen), 'observation')}"
    return node("details", node("summary", title), lines(seen), css="tj-fold", open=int(len(seen) <= _FEW))


def _decision(review: Review, one: Repeat, buttons: list[w.Button]) -> w.Widget:
    if not can_decide(one):
        return Markup(node("p", "There is nothing to decide: these are the same.", css="tj-note"))
    choices = (
        ("Not the same", Decision.NOT_THE_SAME, "Upload it: these two are different creatives"),
        ("Skip it", Decision.SKIP, "Never upload it while it looks like the other one"),
    )
    made = [
        button(
            ("✓ " if one.decision is decision else "") + label,
            partial(review.decide, one, decision),
            style="success" if one.decision is decision else "",
            title=title,
        )
        for label, decision, title in choices
    ]
    buttons += made
    decided = {Decision.NOT_THE_SAME: "You decided: not the same.", Decision.SKIP: "You decided: skip it."}
    told = decided.get(one.decision, "Is this the same creative? Both contents are remembered with your answer.")
    return row(*made, Markup(node("span", told, css="tj-note")))
