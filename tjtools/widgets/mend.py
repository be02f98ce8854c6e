"""What a person says before a file is made to fit: where the crop lies, where the cut begins, which frame is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from traitlets import Any, Bool, Float, HasTraits

from tjtools.diff.session import FileReview
from tjtools.media.recipe import Making
from tjtools.model.creative import CreativeType, Key
from tjtools.model.words import counted
from tjtools.prepare.fit import Fit, Wishes, fit
from tjtools.prepare.mend import Mended, Offer, mend, offers
from tjtools.widgets.panel import Panel, Task
from tjtools.workspace.limits import Limits, load_limits


class Mending(HasTraits):
    """The files of a panel's session that can be made to fit, and what a person says of the one that is `asked` about.

    `offers` are by section and name; `asked` is such a key, None for none. `crop` and `letterbox`, and `start` in
    seconds, are what is wished for it. `at_work`: the panel's task mends, or did so last; `came` is what became of the
    files then.
    """

    offers = Any({})
    asked = Any(None)
    crop = Float(0.5)
    letterbox = Bool()
    start = Float()
    at_work = Bool()
    came = Any(())

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.panel = panel
        self._limits: Limits | None = None

    def renew(self, reviews: Sequence[FileReview]) -> None:
        """Say anew what can be mended; what a person is asked about stays, where it still can."""
        self._limits = load_limits(self.panel.workspace.limits_file)
        self.offers = {one.file.key: one for one in offers(reviews, self._limits)}
        if self.offer is None:
            self.asked = None

    @property
    def offer(self) -> Offer | None:
        """What the person is asked about."""
        found: Offer | None = self.offers.get(self.asked)
        return found

    @property
    def plain(self) -> tuple[Key, ...]:
        """The files that lose nothing by being made to fit."""
        return tuple(key for key, one in self.offers.items() if label_of(one) and not (one.fit.losses or one.half))

    @property
    def questions(self) -> tuple[Key, ...]:
        """The files that a person has to decide about."""
        return tuple(key for key, one in self.offers.items() if label_of(one) and key not in self.plain)

    @property
    def wishes(self) -> Wishes:
        """What the person says of the file."""
        return self._wishes(self.offer and self.offer.kind)._replace(
            crop=self.crop, letterbox=self.letterbox, start=self.start
        )

    @property
    def fit(self) -> Fit | None:
        """What would become of the file as things are said now."""
        if self.offer is None or self._limits is None:
            return None
        return fit(self.offer.facts, self.offer.kind, self._limits, self.wishes)

    def ask(self, key: Key) -> None:
        """A person wants this file mended: it is, where nothing is lost by that; else they are asked how."""
        if key in self.plain:
            self.go(key)
        elif key in self.questions:
            recipe = self.offers[key].fit.recipe
            with self.hold_trait_notifications():
                self.crop, self.letterbox, self.start = 0.5, False, recipe.start if recipe else 0.0
                self.asked = key

    def agree(self) -> None:
        """Mend the file as it is said."""
        if self.asked:
            self.go(self.asked)

    def go(self, *keys: Key) -> None:
        """Mend these files, and look again; does nothing while the panel is at something else."""
        if self.panel.task.running:
            return
        wanted = {key: self.wishes if key == self.asked else self._wishes(self.offers[key].kind) for key in keys}
        self.came, self.at_work = (), True
        self.panel.task.start(partial(self._carry_out, wanted))

    def _wishes(self, kind: CreativeType | None) -> Wishes:
        """What is wished for where nobody says more: by a setting, a native may have no sound."""
        return Wishes(sound=kind is not CreativeType.NATIVE_VIDEO or self.panel.settings.prepare.native_sound)

    def _carry_out(self, wanted: Mapping[Key, Wishes], task: Task) -> None:
        came: list[Mended] = []

        def told(making: Making) -> None:
            task.progress(f"making {counted(making.total, 'file')}", making.done, making.total)

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
