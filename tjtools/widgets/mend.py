"""What a person says before a file is made to fit: where the crop lies, where the cut begins, which frame is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial

from traitlets import Any, Bool, Float, HasTraits

from tjtools.diff.session import FileReview
from tjtools.media.recipe import Making
from tjtools.model.creative import CreativeType, Key, Medium
from tjtools.model.words import counted
from tjtools.prepare.fit import Fit, Wishes, fit
from tjtools.prepare.mend import Mended, Offer, mend, offers
from tjtools.widgets.panel import Panel, Task
from tjtools.workspace.limits import Limits, load_limits


class Asking(HasTraits):
    """Files of which something would be lost, and what a person says of the one that is `asked` about.

    `offers` are by whatever names a file; `asked` is such a key, None for none. `crop` and `letterbox`, and `start` in
    seconds, are what is wished for it; `still` is for the still of a pair, None: within the cut. `at_work`: the panel's
    task does what was asked for, or did so last.
    """

    offers = Any({})
    asked = Any(None)
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

    def begin(self, work: Callable[[Task], object]) -> None:
        """Let the panel's task do this."""
        self.at_work = True
        self.panel.task.start(work)

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

    came = Any(())

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
