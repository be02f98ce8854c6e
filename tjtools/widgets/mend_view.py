"""The view of mending: what can be made to fit, and of one file before and after, with the sliders that say how."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Bool, Dict, Float, List, Unicode

from tjtools.media import Children
from tjtools.model.creative import Medium
from tjtools.model.words import counted
from tjtools.prepare.fit import POSTER
from tjtools.prepare.mend import Offer
from tjtools.widgets.markup import STATIC, Node, node
from tjtools.widgets.mend import Asking, Mending, label_of
from tjtools.widgets.panel import Panel, State
from tjtools.widgets.review import Review
from tjtools.widgets.view import button, choice, column, row, task_view, tied, told

_PICTURES = 10  # of a video, side by side
_WISHES = ("crop", "letterbox", "start", "still")


class BeforeAfter(AnyWidget):
    """A file as it is and as it would be; its sliders say where the crop lies and where the cut begins.

    `shape` tells what there is to choose: the sizes of both, how much of which side is kept, how long the video and the
    cut are, where in the cut of a pair its still is. `pictures` are jpgs evenly over its length, `frame` the one
    at `start`, or at `still` where that was chosen last.
    """

    _esm = STATIC / "mend.js"
    _css = STATIC / "mend.css"
    shape: Dict[str, Any] = Dict().tag(sync=True)
    pictures: List[Any] = List().tag(sync=True)
    frame: Dict[str, Any] = Dict().tag(sync=True)
    crop = Float(0.5).tag(sync=True)
    letterbox = Bool().tag(sync=True)
    start = Float().tag(sync=True)
    still = Float(None, allow_none=True).tag(sync=True)
    label = Unicode().tag(sync=True)

    def __init__(self, asking: Asking) -> None:
        super().__init__()
        self._asking, self._shown, self._one_by_one = asking, object(), threading.Lock()
        for name in _WISHES:
            w.link((asking, name), (self, name))
        asking.observe(lambda _change: self.show(), "asked")
        asking.observe(lambda change: self._draw([] if change["new"] is None else [change["new"]]), ["start", "still"])
        self.show()

    def show(self) -> None:
        """Show what the person is asked about; its pictures follow, made in a thread."""
        offer = self._asking.offer
        with self.hold_sync():
            self.shape, self.pictures, self.frame = shape_of(offer) if offer else {}, [], {}
        self._shown = object()
        if offer:
            self._draw([self.start] if offer.facts.medium is Medium.STILL else _PICTURES)

    def _draw(self, wanted: Sequence[float] | int) -> None:
        if wanted and (offer := self._asking.offer):
            told = (offer, wanted, self._shown)
            threading.Thread(target=self._drawn, args=told, name="tjtools-pictures").start()

    def _drawn(self, offer: Offer, wanted: Sequence[float] | int, shown: object) -> None:
        with self._one_by_one, Children(cores=1) as room:
            for seconds in (wanted, [self.start]) if isinstance(wanted, int) else (wanted,):
                if not isinstance(seconds, int) and seconds[0] not in (self.start, self.still):
                    continue  # the slider has gone on
                made = room.pictures(offer.file.path, seconds)
                if self._shown is not shown or not threading.main_thread().is_alive():
                    return  # another file is shown by now, or nobody looks any more
                if isinstance(seconds, int):
                    self.pictures = made
                elif made:
                    self.frame = {"data": made[0], "at": seconds[0]}


def shape_of(offer: Offer) -> dict[str, Any]:
    """What there is to choose for a file, for the browser."""
    facts, recipe = offer.facts, offer.fit.recipe
    if recipe is None:
        return {}
    losses = {one.what for one in offer.fit.losses}
    lasts = facts.seconds or 0.0
    cut = {"cut": recipe.seconds or lasts, "still": 0.0}.get(next(iter(losses - {"crop"}), ""), lasts)
    return {
        "name": offer.file.name,
        "before": [facts.width, facts.height],
        "after": [recipe.width, recipe.height],
        "side": "width" if recipe.box.width < recipe.box.height else "height",
        "kept": min(recipe.box.width, recipe.box.height) if "crop" in losses else 1.0,
        "lasts": lasts if "cut" in losses or ("still" in losses and lasts) else 0.0,
        "length": cut,
        "still": POSTER if offer.pair else 0.0,
    }


def mend_view(review: Review) -> w.Widget:
    """What can be made to fit, and what became of it; nothing where all fits."""
    mending = review.mending
    plain = tied(
        mending,
        "offers",
        button("", lambda: mending.go(*mending.plain), icon="wrench"),
        description=lambda: f"Make {counted(len(mending.plain), 'file')} fit",
        shown=lambda: mending.plain,
    )
    files, following, close = choosing(review, mending, label_of)
    tied(review, "busy", plain, disabled=lambda: review.busy)
    whole = column(
        row(told(mending, "offers", lambda: _found(mending)), plain, files, close, following),
        tied(mending, "at_work", _task(review), shown=lambda: mending.at_work),
        told(mending, "came", lambda: _became(mending)),
        question(review, mending, lambda: label_of(mending.offer)),
        css="tj-mend",
    )
    return tied(mending, "offers came at_work", whole, shown=lambda: _some(mending) or mending.came or mending.at_work)


def _some(mending: Mending) -> bool:
    return bool(mending.plain or mending.questions)


def _found(mending: Mending) -> Node | None:
    if not _some(mending):
        return None
    whole = len(mending.plain) + len(mending.questions)
    parts: list[Node] = [f"{counted(whole, 'file')} can be mended here. "]
    parts += [f"{len(mending.plain):,} without any loss. "] if mending.plain else []
    parts += [node("strong", f"{len(mending.questions):,} to decide. ")] if mending.questions else []
    return node("div", node("h3", "Make it fit"), node("p", *parts))


def _task(review: Review) -> w.Widget:
    shown = tied(review.task, "state", task_view(review.task), shown=lambda: review.task.state is not State.DONE)
    return column(shown)


def _became(mending: Mending) -> Node | None:
    if not mending.came:
        return None
    told = (f"✓ {one.name}: {one.how}" if one.name else f"✗ {one.file.name}: {one.trouble}" for one in mending.came)
    return node("div", *(node("p", one) for one in told), role="status")


def choosing(panel: Panel, asking: Asking, label: Callable[[Offer], str]) -> tuple[w.Widget, w.Widget, w.Widget]:
    """Which file a person is asked about: the list of them with their labels, the next one, and none for now."""

    def listed() -> list[tuple[str, Any]]:
        named = ((key, asking.offers[key]) for key in asking.choices)
        return [("Choose a file", None), *((f"{label(one)}: {one.file.name}", key) for key, one in named)]

    narrow = w.Layout(width="auto", max_width="26em")
    files = choice(asking, "asked", listed, "offers", tooltip="File to decide about", layout=narrow)
    following = tied(
        asking,
        "offers asked",
        button("", lambda: asking.ask(asking.following)),
        description=lambda: "Next to decide ›" if asking.asked else "Decide",
        shown=lambda: asking.following is not None,
    )
    close = button("Decide later", lambda: asking.set_trait("asked", None))
    tied(asking, "offers asked", files, shown=lambda: asking.asked or asking.choices != asking.questions)
    tied(asking, "offers asked", close, shown=lambda: asking.asked)
    tied(panel, "busy", following, disabled=lambda: panel.busy)
    return files, following, close


def question(panel: Panel, asking: Asking, label: Callable[[], str]) -> w.Widget:
    """The one file that a person is asked about, and the yes."""
    yes = tied(asking, "asked offers", button("", asking.agree, style="primary"), description=label)
    tied(panel, "busy", yes, disabled=lambda: panel.busy)
    words = told(asking, "asked offers crop letterbox start still", lambda: _words(asking))
    whole = column(words, BeforeAfter(asking), row(yes), css="tj-pair tj-mending")
    return tied(asking, "asked offers", whole, shown=lambda: asking.offer)


def _words(asking: Asking) -> Node | None:
    fit = asking.fit
    if fit is None:
        return None
    lost = [node("p", f"⚠ {one.told}", css="tj-loss") for one in fit.losses]
    return node("div", node("ul", *(node("li", one) for one in fit.mends)), *lost)
