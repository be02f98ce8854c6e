"""Adding files: what a delivery becomes, what a person says of it, and one yes for all of it; and taking it back.

Where nothing has to be said of a delivery, it goes through without a question.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from traitlets import Bool, Dict, HasTraits, Instance, Int, Unicode

from tjtools.model.creative import Medium, SessionFile
from tjtools.prepare.delivery import Delivered, Delivery, Piece, Wanted, fit_of, lacking, look_through
from tjtools.prepare.fit import Fit, Wishes
from tjtools.prepare.incoming import Incoming, as_dropped, clear_cut_off
from tjtools.prepare.intake import Intake, plan_session
from tjtools.prepare.mend import Offer
from tjtools.prepare.naming import OF_ONE_FOLDER, checked, guessed_by_folder
from tjtools.prepare.remembered import Preparation, last_preparation
from tjtools.prepare.session import TakenBack, alone, take_back, write_session
from tjtools.upload import demand_settled
from tjtools.widgets.mend import Asking
from tjtools.widgets.panel import Panel, Task
from tjtools.workspace.csvfile import read_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("file", "becomes", "type", "how")
CHANGED = "Something of it has changed meanwhile: look at it, and press again."
LATER = "What was dropped meanwhile was not taken: drop it again when this is added."
DROPPED = "the desk"  # the folder of what was dropped, in the log
WORDS = {"category_name": "category", "creator_name": "creator_name", "language": "language"}  # columns of the master
_CHOICES = ("native", "as_is", "again")


class Form(HasTraits):
    """`fields` are those that each folder lacks, `answers` what was written into them, by folder and field.

    `said` counts what a person wrote: it changes when every field shows the answers, also those that go for it, too. A
    person may be at the next field by then, and what comes into it late takes the place of what they write.
    """

    fields: Any = Dict()
    answers: Any = Dict()
    said = Int()

    def __init__(self) -> None:
        super().__init__()
        self._own = set[tuple[Path, str]]()

    def clear(self) -> None:
        """Forget it all."""
        self._own.clear()
        with self.hold_trait_notifications():
            self.fields, self.answers = {}, {}

    def ask(self, fields: Mapping[Path, tuple[str, ...]], said: Mapping[tuple[Path, str], str] = {}) -> None:
        """Ask for these, with what may be `said` of them; what was said of one folder goes for those that come anew."""
        with self.hold_trait_notifications():
            self.fields = fields
            self._own.update(said)
            same = {field: text for (_, field), text in self.answers.items() if field != OF_ONE_FOLDER}
            new = {(one, field): same[field] for one, told in fields.items() for field in told if field in same}
            self.answers = {**new, **said, **self.answers}

    def answer(self, folder: Path, field: str, text: str) -> None:
        """What a person wrote; it goes for the other folders, too, into which they have written nothing themselves."""
        told = text.strip() if not text.strip() or _wrong(field, text) else checked(field, text)
        if self.answers.get((folder, field), "") == told:
            return
        self._own.add((folder, field))
        others = [(one, field) for one, fields in self.fields.items() if field in fields]
        same = [] if field == OF_ONE_FOLDER or _wrong(field, told) else [one for one in others if one not in self._own]
        self.answers = {**self.answers, **dict.fromkeys([(folder, field), *same], told)}
        self.said += 1

    @property
    def told(self) -> dict[Path, dict[str, str]]:
        """What was said of each folder, as far as it can be meant."""
        said = {
            folder: {name: self.answers.get((folder, name), "") for name in told}
            for folder, told in self.fields.items()
        }
        return {
            folder: {name: text for name, text in one.items() if text and not _wrong(name, text)}
            for folder, one in said.items()
        }

    @property
    def wrong(self) -> tuple[str, ...]:
        """What can't be meant, in words."""
        texts = ((field, text) for (_, field), text in self.answers.items() if text)
        return tuple(dict.fromkeys(why for field, text in texts if (why := _wrong(field, text))))


def _wrong(field: str, text: str) -> str:
    try:
        checked(field, text)
    except ValueError as error:
        return str(error)
    return ""


class Place(NamedTuple):
    """Where files come from; `dropped` is their transfer, where a browser has sent them."""

    folder: Path = Path()
    dropped: Incoming | None = None


class Adding(Asking):
    """Files on their way into a panel's session: a delivery that was looked through, and what a person says of it.

    `delivery` is None where nobody is asked anything; `planned` is what becomes of it as things are said now. `native`,
    `as_is`, `again` and `repeats` are what is asked for, as `Wanted` has them; the `form` has what names don't tell.
    `came` is what was added last, `taken_back` what was taken back, `last` the preparation that can be. `cut_off` says
    how many transfers were cut off, of which nothing is used; `note` is a word beside the button.
    """

    native = Bool()
    as_is = Bool()
    again = Bool()
    repeats = Bool()
    delivery = Instance(Delivery, allow_none=True)
    planned = Instance(Intake, allow_none=True)
    came = Instance(Intake, allow_none=True)
    last = Instance(Preparation, allow_none=True)
    taken_back = Instance(TakenBack, allow_none=True)
    cut_off = Int()
    note = Unicode()

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._place, self.form, self.words = Place(), Form(), dict[str, set[str]]()
        self._one_by_one, self._came_by = threading.Lock(), cast("Preparation | None", None)
        self.form.observe(lambda _change: self._plan(), "said")
        self.observe(lambda _change: self._choose(), [*_CHOICES])
        self.observe(lambda _change: self._allow({}), "repeats")

    def renew(self) -> None:
        """See what was cut off, and which preparation can be taken back."""
        workspace = self.panel.workspace
        self.cut_off, last = clear_cut_off(workspace), last_preparation(workspace)
        self.last = last if last and not last.uploaded(workspace) else None
        just_added, self._came_by = self._came_by is None, self._came_by or last
        another = last and self._came_by and last.name != self._came_by.name and not last.is_mend
        if self.came and self.came.taken and not just_added and (another or not self.last):
            self.came = None  # what was added last is something else, or has gone up

    def look_into(self, path: str) -> None:
        """Look through a folder that a person named; what has to be said of it is asked then."""
        if named := path.strip().strip("\"'"):
            home = os.path.expanduser(named)  # noqa: PTH111 (a Path raises for a user that there is not)
            place = Place(self.panel.workspace.root / home)
            self._enter(lambda: place)

    def take(self, incoming: Incoming) -> None:
        """The same with what a browser has sent, when the panel is through with what it is at."""

        def arrived() -> Place:
            whole = incoming.arrived()
            return Place(whole.media, whole)

        def enter() -> None:
            with self._one_by_one:
                while self.panel.task.wait() and not self.delivery:
                    if self._enter(arrived):  # else a click was quicker
                        return
                incoming.discard()
                self.note = LATER  # a person is asked about another one

        if self.panel.task.running:  # whose Cancel has to be heard
            threading.Thread(target=enter, name="tjtools-dropped").start()
        else:
            enter()

    def _enter(self, arrived: Callable[[], Place]) -> bool:
        """Begin with it; False while the panel is at something else."""
        if self.panel.task.running:
            return False
        self.close()
        self.came = self.taken_back = None
        return self.begin(partial(self._first_look, arrived))

    def _first_look(self, arrived: Callable[[], Place], task: Task) -> None:
        self._place = arrived()
        self._look(Wanted(), task)

    def close(self) -> None:
        """Leave the delivery alone; what a browser sent is removed."""
        if self._place.dropped:
            self._place.dropped.discard()
        self._place = Place()
        with self.hold_trait_notifications():
            self.delivery, self.planned, self.asked, self.offers, self.note = None, None, None, {}, ""
            self.native = self.as_is = self.again = self.repeats = False
        self.form.clear()

    def _choose(self) -> None:
        """What is asked for has changed: what becomes of the files is told anew."""
        if self.delivery and not self.panel.task.running:
            told, choice = self.delivery.wanted, {name: getattr(self, name) for name in _CHOICES}
            if any(getattr(told, name) != chosen for name, chosen in choice.items()):
                self.begin(partial(self._look, told._replace(**choice, wishes=Wishes())))

    def _look(self, wanted: Wanted, task: Task) -> None:
        try:
            with alone(self.panel.workspace, now=self.panel.clock()):
                delivery = self._looked_through(wanted, task)
                if delivery.is_finished and self.delivery is None:
                    self._write(delivery, task)
                    return
            self.words = self._known_words(delivery)
            self._show(delivery)
        except BaseException:
            if self.delivery is None:
                self.close()
            else:
                self._show(self.delivery)
            raise

    def _looked_through(self, wanted: Wanted, task: Task) -> Delivery:
        workspace, folder = self.panel.workspace, self._place.folder
        return look_through(workspace, folder, wanted, progress=task.looked_at, cancelled=task.cancelled)

    def _known_words(self, delivery: Delivery) -> dict[str, set[str]]:
        """What was written into a field before, or may be meant by a folder's name, for a person to choose from."""
        rows = [*delivery.defaults.rows.values(), *(guessed_by_folder(one.path.parent.name) for one in delivery.found)]
        master = read_table(self.panel.workspace.master, ("new_filename",)).rows
        told = {field: {row.get(column, "").strip() for row in master} for field, column in WORDS.items()}
        return {field: (words | {row.get(field, "") for row in rows}) - {""} for field, words in told.items()}

    def _show(self, delivery: Delivery) -> None:
        wanted = delivery.wanted
        with self.hold_trait_notifications():
            self.delivery = delivery
            lacks = lacking((*delivery.sources, *delivery.undecided))
            self.form.ask(lacks, self._said_before(delivery, lacks))
            self.native, self.as_is, self.again, self.repeats = wanted[:4]
            chosen = ((one, _choice(one, delivery)) for one in delivery.found)
            self.offer_anew({one.path: _offer(one, piece) for one, piece in chosen if piece})
            self._plan()

    def _name(self, folder: Path) -> str:
        """As what a folder is known later: where a dropped one lies nobody knows, and what holds only files is none."""
        if (dropped := self._place.dropped) is None:
            return folder.as_posix()
        return "" if folder == dropped.whole else f"{DROPPED}/{dropped.place(folder)}"

    def _said_before(self, delivery: Delivery, lacks: Mapping[Path, tuple[str, ...]]) -> dict[tuple[Path, str], str]:
        """What was said when folders of these names were dropped before."""
        before = {one: delivery.defaults.of(Path(self._name(one))) for one in lacks if self._place.dropped}
        return {(one, field): told[field] for one, told in before.items() for field in lacks[one] if field in told}

    def _plan(self) -> None:
        if self.delivery:
            with self.panel.attempt():
                told = self.delivery.answered(self.form.told)
                self.planned = plan_session(self.panel.workspace, told, now=self.panel.clock(), draft=True)

    @property
    def missing(self) -> int:
        """How many fields that the names need have no answer yet that can be meant."""
        told, lacks = self.form.told, self.delivery.lacks if self.delivery else {}
        return sum(field not in told.get(folder, {}) for folder, fields in lacks.items() for field in fields)

    @property
    def ready(self) -> bool:
        """Whether there is something to add, and nothing left that has to be said."""
        return bool(self.planned and self.planned.taken and not self.missing)

    @property
    def not_sent(self) -> tuple[tuple[Path, str], ...]:
        """What was dropped and is not even sent, with the reason: archives, downloads that have not ended."""
        return self._place.dropped.left_out if self._place.dropped else ()

    @property
    def passed_over(self) -> Mapping[str, int]:
        """How many files are no image or video, by their names' endings: what is dropped so is not sent."""
        dropped = self._place.dropped
        return dropped.passed_over if dropped else self.delivery.passed_over if self.delivery else {}

    def called(self, path: Path) -> str:
        """What a person calls a file or a folder of the delivery."""
        root = self.delivery.folder if self.delivery else Path()
        if path == root:
            return "the dropped files" if self._place.dropped and root == self._place.dropped.whole else root.name
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    @property
    def questions(self) -> tuple[Path, ...]:
        return tuple(one.path for one in self.delivery.undecided) if self.delivery else ()

    @property
    def choices(self) -> tuple[Path, ...]:
        first = self.questions
        return (*first, *(path for path in self.offers if path not in first))

    def fitted(self, offer: Offer) -> Fit:
        if self.delivery is None:
            return offer.fit
        [one] = [one for one in self.delivery.found if one.path == offer.file.path]
        return fit_of(one, offer.kind, self.delivery.wanted._replace(said={one.path: self.wishes}), self.limits)

    def agree(self) -> None:
        following = self.following
        self._allow({self.asked: self.wishes} if self.asked else {})
        self.asked = following if following in self.offers else None

    def agree_to_all(self) -> None:
        """All as it is proposed: the centre of each picture, each video from its start."""
        recipes = {path: self.offers[path].fit.recipe for path in self.questions}
        starts = {path: recipe.start if recipe else 0.0 for path, recipe in recipes.items()}
        stills = {path: start for path, start in starts.items() if self.offers[path].kind.medium is Medium.STILL}
        self._allow({path: Wishes(0.5, start=start, still=stills.get(path)) for path, start in starts.items()})
        self.asked = None

    def _allow(self, said: Mapping[Path, Wishes]) -> None:
        if self.delivery and not self.panel.task.running:
            wanted = self.delivery.wanted._replace(allow_repeats=self.repeats)
            wanted = wanted._replace(said={**wanted.said, **said})
            if wanted != self.delivery.wanted:
                self._show(self.delivery.allowed(wanted, self.limits))

    def add(self) -> None:
        """Make the files of the session; what has changed since it was shown is shown first."""
        if self.ready and not self.panel.task.running:
            self.begin(self._add)

    def _add(self, task: Task) -> None:
        shown, told = self.delivery, self.form.told
        if shown is None:
            return
        with alone(self.panel.workspace, now=self.panel.clock()):
            if shown.wanted.again:  # an upload may still be at the files in whose place others are to come
                demand_settled(self.panel.workspace)
            delivery = self._looked_through(shown.wanted, task)
            if (delivery.found, delivery.unusable) != (shown.found, shown.unusable):
                self._show(delivery)
                self.note = CHANGED
                return
            if kept := {name: said for one, said in told.items() if said and (name := self._name(one))}:
                delivery.defaults.save(kept, now=self.panel.clock())
            self._write(delivery.answered(told), task)

    def _write(self, delivery: Delivery, task: Task) -> None:
        workspace, dropped, now = self.panel.workspace, self._place.dropped, self.panel.clock()
        intake, root = plan_session(workspace, delivery, now=now), delivery.folder
        intake = as_dropped(intake, dropped) if dropped else intake
        folder, told = DROPPED if dropped else str(delivery.folder), partial(self.making, task)
        came = write_session(workspace, intake, folder=folder, now=now, progress=told, cancelled=task.cancelled)
        left_out = [(path.relative_to(root) if path.is_relative_to(root) else path, why) for path, why in came.left_out]
        self.close()
        self.came, self._came_by = came._replace(left_out=tuple(left_out)), None
        self.panel.look(task)

    def undo(self) -> None:
        """Take the last preparation back."""
        if not self.panel.task.running:
            self.begin(self._undo)

    def _undo(self, task: Task) -> None:
        demand_settled(self.panel.workspace)
        self.came, self.taken_back = None, take_back(self.panel.workspace, now=self.panel.clock())
        self.panel.look(task)

    def frame(self) -> pd.DataFrame:
        """What becomes of the files, one a row."""
        import pandas as pd  # takes a while, and a review without new files needs none

        taken = self.planned.taken if self.planned else ()
        rows = [(self.called(one.source), one.target.name, one.creative_type.words, one.how) for one in taken]
        return pd.DataFrame(rows, columns=[*COLUMNS], dtype="str")


def _choice(one: Delivered, delivery: Delivery) -> Piece | None:
    """That of which there is something to choose: which part of the picture, or of its time, is kept."""
    pieces = one.pieces if delivery.wanted.allow_repeats or not one.same else ()
    return next((piece for piece in pieces if piece.fit.losses and piece.fit.recipe), None)


def _offer(one: Delivered, piece: Piece) -> Offer:
    pair = len(one.pieces) > 1 and piece is one.pieces[0]
    return Offer(SessionFile(one.path, piece.kind), one.seen.facts, piece.kind, piece.fit, pair=pair)
