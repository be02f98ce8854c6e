"""Making files fit: which can be, what a person says of one before it is made, and the view of both.

What a person says is where the crop lies, where the cut begins, and which frame is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Bool, Dict, Float, HasTraits, Instance, List, Tuple

from tjtools.diff.session import FileReview
from tjtools.media import Children
from tjtools.media.recipe import Making
from tjtools.model.creative import CreativeType, Key, Medium
from tjtools.model.words import counted
from tjtools.prepare.fit import POSTER, Fit, Wishes, fit
from tjtools.prepare.mend import Mended, Offer, mend, offers
from tjtools.widgets.markup import STATIC, Node, node, script
from tjtools.widgets.panel import Panel, Task
from tjtools.widgets.view import button, choice, column, idle, row, tied, told, until_done
from tjtools.workspace.limits import Limits, load_limits

if TYPE_CHECKING:
    from tjtools.widgets.review import Review

_PICTURES = 10  # of a video, side by side
_WISHES = ("crop", "letterbox", "start", "still")


class Asking(HasTraits):
    """Files of which something would be lost, and what a person says of the one that is `asked` about.

    `offers` are by whatever names a file; `asked` is such a key, None for none. `crop` and `letterbox`, and `start` in
    seconds, are what is wished for it; `still` is for the still of a pair, None: within the cut. `at_work`: the panel's
    task does what was asked for, or did so last.
    """

    offers: Any = Dict()
    asked: Any = Instance(object, allow_none=True)
    crop = Float(0.5)
    letterbox = Bool()
    start = Float()
    still = Float(None, allow_none=True)
    at_work = Bool()

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.panel = panel
        self.observe(lambda _change: self._propose(), "asked")

    @property
    def limits(self) -> Limits:
        """What the site accepts, as far as is known now."""
        return load_limits(self.panel.workspace.limits_file)

    def begin(self, work: Callable[[Task], object]) -> bool:
        """Let the panel's task do this; False where it is at something else."""
        self.at_work = True
        return self.panel.task.start(work)

    @property
    def offer(self) -> Offer | None:
        """What the person is asked about."""
        found: Offer | None = self.offers.get(self.asked)
        return found

    def offer_anew(self, offers: Mapping[Hashable, Offer]) -> None:
        """What a person is asked about stays, where it is to be decided and is the same file still."""
        before = self.offer
        with self.hold_trait_notifications():
            self.offers = offers
            if self.asked not in self.choices or (before and self.offer and before.facts != self.offer.facts):
                self.asked = None

    @property
    def questions(self) -> tuple[Hashable, ...]:
        """The files that a person has to decide about."""
        raise NotImplementedError

    @property
    def choices(self) -> tuple[Hashable, ...]:
        """These, and others of which a person may say something all the same."""
        return self.questions

    @property
    def following(self) -> Hashable:
        """The file to decide about next, those after the shown one first; None where there is no other."""
        files = self.questions
        at = files.index(self.asked) + 1 if self.asked in files else 0
        return next((key for key in (*files[at:], *files[:at]) if key != self.asked), None)

    @property
    def wishes(self) -> Wishes:
        """What the person says of the file."""
        if self.offer and self.offer.kind.medium is Medium.STILL:
            return Wishes(self.crop, self.letterbox, still=self.start)
        return Wishes(self.crop, self.letterbox, self.start, still=self.still)

    @property
    def fit(self) -> Fit | None:
        """What would become of the file as things are said now."""
        return self.fitted(self.offer) if self.offer else None

    def fitted(self, offer: Offer) -> Fit:
        """The same of whichever file."""
        raise NotImplementedError

    def ask(self, key: Hashable) -> None:
        """Ask the person about this file."""
        self.asked = key

    def _propose(self) -> None:
        if self.offer:
            recipe = self.offer.fit.recipe
            self.crop, self.letterbox, self.still, self.start = 0.5, False, None, recipe.start if recipe else 0.0

    def agree(self) -> None:
        """The person wants the file as it is said."""
        raise NotImplementedError

    def making(self, task: Task, at: Making) -> None:
        """The progress of making files."""
        task.progress(f"making {counted(at.total, 'file')}", at.done, at.total)


class Mending(Asking):
    """The files of a panel's session that can be made to fit, by section and name; `came` is what became of them."""

    came: Any = Tuple()

    def renew(self, reviews: Sequence[FileReview]) -> None:
        """Say anew what can be mended; what a person is asked about stays, where it still can."""
        self.offer_anew({one.file.key: one for one in offers(reviews, self.limits)})

    @property
    def plain(self) -> tuple[Key, ...]:
        """The files that lose nothing by being made to fit."""
        return tuple(key for key, one in self.offers.items() if label_of(one) and not (one.fit.losses or one.half))

    @property
    def questions(self) -> tuple[Key, ...]:
        return tuple(key for key, one in self.offers.items() if label_of(one) and key not in self.plain)

    @property
    def wishes(self) -> Wishes:
        return super().wishes._replace(sound=self._wishes(self.offer and self.offer.kind).sound)

    def fitted(self, offer: Offer) -> Fit:
        return fit(offer.facts, offer.kind, self.limits, self.wishes)

    def ask(self, key: Hashable) -> None:
        """A person wants this file mended: it is, where nothing is lost by that; else they are asked how."""
        if key in self.plain:
            self.go(key)
        elif key in self.questions:
            super().ask(key)

    def agree(self) -> None:
        if self.asked:
            self.go(self.asked)

    def go(self, *keys: Key) -> None:
        """Mend these files, and look again; does nothing while the panel is at something else."""
        if self.panel.task.running:
            return
        wanted = {key: self.wishes if key == self.asked else self._wishes(self.offers[key].kind) for key in keys}
        self.came = ()
        self.begin(partial(self._carry_out, wanted))

    def _wishes(self, kind: CreativeType | None) -> Wishes:
        """What is wished for where nobody says more: by a setting, a native may have no sound."""
        return Wishes(sound=kind is not CreativeType.NATIVE_VIDEO or self.panel.settings.prepare.native_sound)

    def _carry_out(self, wanted: Mapping[Key, Wishes], task: Task) -> None:
        came, told = list[Mended](), partial(self.making, task)
        for half in (False, True):
            files = {self.offers[key].file: one for key, one in wanted.items() if self.offers[key].half is half}
            if files:
                now, workspace = self.panel.clock(), self.panel.workspace
                came += mend(workspace, files, half=half, now=now, progress=told, cancelled=task.cancelled)
        self.came, self.asked = tuple(came), None
        self.panel.look(task)


def label_of(offer: Offer | None) -> str:
    """What the button for it says; `""` where nothing can be made."""
    if offer is None or offer.fit.cannot:
        return ""
    return "Make the other half" if offer.half else "Make it fit"


def why_not(offer: Offer | None) -> str:
    """Why nothing can be made that would do; `""` where it can."""
    return f"it can't be mended here: {'; '.join(offer.fit.cannot)}" if offer and offer.fit.cannot else ""


class BeforeAfter(AnyWidget):
    """A file as it is and as it would be; its sliders say where the crop lies and where the cut begins.

    `shape` tells what there is to choose: the sizes of both, how much of which side is kept, how long the video and the
    cut are, where in the cut of a pair its still is. `pictures` are jpgs evenly over its length, `frame` the one
    at `start`, or at `still` where that was chosen last.
    """

    _esm = script("mend.js")
    _css = STATIC / "mend.css"
    shape: Dict[str, Any] = Dict().tag(sync=True)
    pictures: List[Any] = List().tag(sync=True)
    frame: Dict[str, Any] = Dict().tag(sync=True)
    crop = Float(0.5).tag(sync=True)
    letterbox = Bool().tag(sync=True)
    start = Float().tag(sync=True)
    still = Float(None, allow_none=True).tag(sync=True)

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
    idle(review, plain)
    whole = column(
        row(told(mending, "offers", lambda: _found(mending)), plain, files, close, following),
        tied(mending, "at_work", column(until_done(review.task)), shown=lambda: mending.at_work),
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
    plain = len(mending.plain)
    parts: list[Node] = [f"{counted(whole, 'file')} can be mended here"]
    parts += [(f", {plain:,} of them" if plain < whole else ",") + " without any loss"] if plain else []
    parts += [". "]
    parts += [node("strong", f"{len(mending.questions):,} to decide. ")] if mending.questions else []
    return node("div", node("h3", "Make it fit"), node("p", *parts), css="tj-line")


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
    idle(panel, following)
    return files, following, close


def question(panel: Panel, asking: Asking, label: Callable[[], str]) -> w.Widget:
    """The one file that a person is asked about, and the yes."""
    yes = tied(asking, "asked offers", button("", asking.agree, style="primary"), description=label)
    idle(panel, yes)
    words = told(asking, "asked offers crop letterbox start still", lambda: _words(asking))
    whole = column(words, BeforeAfter(asking), row(yes), css="tj-pair tj-mending")
    return tied(asking, "asked offers", whole, shown=lambda: asking.offer)


def _words(asking: Asking) -> Node | None:
    fit = asking.fit
    if fit is None:
        return None
    lost = [node("p", f"⚠ {one.told}", css="tj-loss") for one in fit.losses]
    return node("div", node("ul", *(node("li", one) for one in fit.mends)), *lost)
