"""The session, file by file, and the choice of what to upload: the model of the review's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import partial
from typing import ClassVar

from traitlets import Any, Instance, Int, Unicode, UseEnum

from tjtools.diff.repeats import Decision, Decisions, Repeat, RepeatKind
from tjtools.diff.session import FileReview, Verdict, unclear_pairs
from tjtools.media.pool import stamp
from tjtools.model.creative import Key, SessionFile
from tjtools.model.words import counted
from tjtools.upload import Choice, load_choice, prepare, save_choice
from tjtools.upload.plan import exchanged
from tjtools.widgets.mend import Asking, Mending, why_not
from tjtools.widgets.panel import Panel, State, Task, keys_code, python
from tjtools.widgets.prepare import Adding
from tjtools.workspace.csvfile import BadLine

PAGE = 24  # files on a page of the gallery
MARKS = {  # each with its colour
    Verdict.NEW: ("✚", "new"),
    Verdict.ALREADY_THERE: ("✓", "there"),
    Verdict.RENAMED_DUPLICATE: ("⧉", "there"),
    Verdict.IN_SESSION: ("⧉", "idle"),
    Verdict.NEAR_DUPLICATE: ("≈", "stop"),
    Verdict.SKIPPED: ("⊘", "idle"),
    Verdict.UNREADABLE: ("✗", "stop"),
    Verdict.INVALID: ("✗", "stop"),
    Verdict.MISSING: ("?", "stop"),
    Verdict.HALF_PAIR: ("◐", "stop"),
    Verdict.UNCLEAR_PAIR: ("◑", "stop"),
    Verdict.SAME_NAME: ("≡", "stop"),
    Verdict.UNCLEAR: ("≟", "stop"),
    Verdict.BLOCKED: ("⚠", "stop"),
    Verdict.SOURCE: ("○", "idle"),
}
SAVE = """\
save_choice(
    workspace,
    [
{keys}    ],
    left_out=[
{left}    ],
    contents={{one.file.key: one.content for one in prepare(workspace).reviews}},
    now=datetime.now(tz=UTC),
)
"""
CALL = python(SAVE, "tjtools import Section, Workspace", "tjtools.upload import prepare, save_choice")
LATE, EXCHANGED = "new since your plan", "exchanged since your plan"
REJECTED = "repeats a rejected one"


class Group(Enum):
    """What a file asks of a person, in the order in which they are shown: its value is what a count of them says."""

    NEW = "new"
    LOOK = "need you"
    MEND = "can't go"
    THERE = "there"


class Review(Panel):
    """Every file of the session with its verdict, and which of those that are `able` to go up are `chosen`.

    `group` keeps the files of one `Group` (None: all but those that are there), `find` those whose words hold all its
    words; `page` counts from 1. `matching` are the reviews that are left, by their groups. `chosen` holds the section
    and name of each chosen file; `saved` is the plan on disk, None if there is none. `late` are those that it has
    never seen, `exchanged` those that held something else then, `wary` those that repeat what was rejected, which only
    a person ticks. `compared` is the section and name of the file whose `evidence` is shown, None for none, and
    `decided` the one before it. New files come in by `adding`, those that don't fit are made to by `mending`.
    """

    title: ClassVar[str] = "The session"
    looks: ClassVar[bool] = True
    call = Unicode()
    group = UseEnum(Group, allow_none=True, default_value=None)
    find = Unicode()
    page = Int(1)
    reviews = Any(())
    matching = Any(())
    compared = Any(None)
    decided = Any(None)
    chosen = Any(frozenset())
    saved = Instance(Choice, allow_none=True)

    def set_up(self) -> None:
        self.observe(lambda _change: self._filter(), ["group", "find"])
        self.observe(lambda _change: self.set_trait("call", self._call()), "chosen")
        self.mending, self.adding = Mending(self), Adding(self)
        for one, other in ((self.mending, self.adding), (self.adding, self.mending)):
            one.observe(partial(_alone, other), "at_work")
        self.adding.observe(self._show_all, "came")
        self.able: dict[Key, SessionFile] = {}
        self.grouped: dict[Group, list[FileReview]] = {group: [] for group in Group}
        self.observe(lambda _change: self._see_late(), "saved")  # before any view
        self._see_late()
        self.saved = load_choice(self.workspace)
        self.wary: frozenset[Key] = frozenset()
        self.bad_lines: tuple[BadLine, ...] = ()
        self._deciding: Key | None = None
        self.call = self._call()
        self._seen = self._stamps()

    def look(self, task: Task) -> None:
        """Look at each file of the session, and compare it with the library; a person's choice stays."""
        self.adding.renew()
        self._seen = self._stamps()
        task.progress("looking through the session")
        prepared = prepare(self.workspace, progress=task.looked_at, cancelled=task.cancelled)
        reviews, again, before, page = prepared.reviews, bool(self.reviews), frozenset(self.able), self.page
        with self.hold_trait_notifications():  # who follows one of them sees all of them as they are now
            self.reviews, self.bad_lines, self.saved = reviews, prepared.bad_lines, load_choice(self.workspace)
            self._fingerprints, self.thumbnail = prepared.fingerprints, prepared.fingerprints.thumbnail
            self.frames = prepared.fingerprints.frames
            self._handles = {id(one): self._handle(number, one) for number, one in enumerate(reviews)}
            self.grouped = {group: [one for one in reviews if group_of(one) is group] for group in Group}
            self.able = {one.file.key: one.file for one in reviews if one.goes_up}
            self._see_late()
            repeats, wary = {one.file.key for one in reviews if one.goes_up and one.repeats_rejected}, self.wary
            self.wary = with_halves(self.able.values(), repeats)
            sides = {(one.file.pair, one.file.creative_type) for one in reviews if one.goes_up or one.is_there}
            halves = Counter(pair for pair, _ in sides)
            self._pairs = {pair: "complete" for pair, there in halves.items() if there == 2}
            self._pairs |= dict.fromkeys(unclear_pairs(one.file for one in reviews), "unclear") | {"": ""}
            new = frozenset(self.able)
            fresh = (new - before - self.wary) | (wary - self.wary)  # what came, and what a person told apart
            self.chosen = new & (self.chosen | fresh if again else self._first())
            self.call = self._call()
            self.mending.renew(reviews)
            self._filter()
            self.page = min(page, self.pages)
            self._go_on()

    def come_back(self) -> None:
        if self.task.state is not State.READY:
            self._look_again()

    def notice(self) -> None:
        """Look again where another program has changed session or library; not while new files are asked about."""
        if self.adding.delivery is None and self._seen != self._stamps():
            self.come_back()

    def _stamps(self) -> list[tuple[int, int]]:
        return [stamp(path) for path in (self.workspace.session, self.workspace.library)]

    @property
    def at_other_work(self) -> bool:
        """Whether the task adds files or mends some, or did so last."""
        return self.adding.at_work or self.mending.at_work

    def _see_late(self) -> None:
        """Once, since every file is asked for it."""
        self.late = self.exchanged = frozenset[Key]()
        if self.saved:
            self.late = frozenset(self.able) - self.saved.seen
            self.exchanged = frozenset(one.key for one in exchanged(self.reviews, self.saved.contents))

    def _look_again(self) -> None:
        if not self.task.running:
            self.mending.at_work = self.adding.at_work = False
            self.task.start(self.look)

    def _show_all(self, _change: object) -> None:
        """Of what came in a person sees everything first."""
        self.group, self.find = None, ""

    def _first(self) -> frozenset[Key]:
        """What is ticked at first: what the saved plan takes, and what it has never seen; of a pair no half alone."""
        new = frozenset(self.able)
        if self.saved is None:
            return new - self.wary
        held = with_halves(self.able.values(), self.saved.left_out | self.wary)
        return self.saved.files | (self.late - held)

    def told(self) -> Iterable[str]:
        if self.is_empty:
            return ("The session is empty: drop files in notebook 01, or tjtools prepare DIR",)
        told = ", ".join(f"{count} {verdict.value}" for verdict, count in self.verdicts.items())
        held = [f"{one.verdict.value}: {one.file.name}" for one in self.reviews if one.verdict is not Verdict.NEW]
        plan = "saved" if self.is_saved else "not saved"
        lines = (f"{counted(len(self.reviews), 'file')}: {told}", f"Plan, {plan}: {self.counted_choice}")
        marks = [f"{mark}: {one.file.name}" for one in self.reviews for mark in self.marks(one)]
        return (*lines, *sorted([*held, *marks]), *(f"line {bad.line} can't be read" for bad in self.bad_lines))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in the session."""
        return not (self.reviews or self.bad_lines)

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """How many files have each verdict; only those that a file has."""
        count = Counter(one.verdict for one in self.reviews)
        return {verdict: count[verdict] for verdict in Verdict if count[verdict]}

    @property
    def counted_choice(self) -> str:
        """How many of the files that can go up are chosen."""
        return f"{len(self.chosen):,} of {counted(len(self.able), 'file')} that can go up"

    @property
    def is_saved(self) -> bool:
        """Whether the plan on disk has seen every file that can go up as it is, and takes just what is chosen here."""
        if self.saved is None or self.late or self.exchanged:
            return False
        return bool(self.saved.files & frozenset(self.able) == self.chosen)

    def marks(self, one: FileReview) -> tuple[str, ...]:
        """What a person should know of a file before ticking it."""
        marks = {LATE: one.file.key in self.late, EXCHANGED: one.file.key in self.exchanged}
        marks[REJECTED] = one.goes_up and bool(one.repeats_rejected)
        return tuple(mark for mark, there in marks.items() if there)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self.matching) // PAGE))

    @property
    def shown(self) -> tuple[FileReview, ...]:
        """The reviews of the page."""
        return tuple(self.matching[(self.page - 1) * PAGE : self.page * PAGE])

    @property
    def counted_page(self) -> str:
        """`n of N`, in words."""
        first = (self.page - 1) * PAGE + 1
        seen = f"{first:,}–{first + len(self.shown) - 1:,}" if self.shown else "0"
        few = f" found, {len(self.reviews):,} in the session" if self.find or self.group else ""
        return f"{seen} of {counted(len(self.matching), 'file')}{few}"

    def pair_of(self, one: FileReview) -> str:
        """`complete`, `half` or `unclear` for a half of a native pair, else `""`."""
        return self._pairs.get(one.file.pair, "half")

    @property
    def comparable(self) -> tuple[FileReview, ...]:
        """The files that repeat something, but those there under their own name; what repeats a rejected one first."""
        return tuple(sorted(filter(has_evidence, self.reviews), key=lambda one: not one.repeats_rejected))

    @property
    def evidence(self) -> tuple[Repeat, ...]:
        """What the compared file repeats, the same content first; empty where no file is compared."""
        return next((one.repeats for one in self.comparable if one.file.key == self.compared), ())

    @property
    def undecided(self) -> list[Key]:
        """The files that wait for a decision, what repeats a rejected creative first."""
        return [one.file.key for one in self.comparable if one.needs_a_person and one.goes_up and _is_open(one)]

    @property
    def following(self) -> Key | None:
        """The file to compare next: one to decide before any other, those after the shown one first."""
        files = [one.file.key for one in self.comparable]
        at = files.index(self.compared) + 1 if self.compared in files else 0
        ahead, waiting = [key for key in (*files[at:], *files[:at]) if key != self.compared], set(self.undecided)
        return next((key for key in ahead if key in waiting), next(iter(ahead), None))

    def _go_on(self) -> None:
        """After a decision to the next file that waits for one, unless the person is elsewhere by now."""
        waiting, self._deciding = (self.undecided if self._deciding == self.compared else []), None
        if self.compared and waiting and self.compared not in waiting:
            self.decided, self.compared = self.compared, self.following
        if all(one.file.key != self.decided for one in self.comparable):
            self.decided = None

    def decide(self, one: Repeat, decision: Decision) -> None:
        """Remember a decision about the two sides, and look again; does nothing while it looks, nor the second time."""
        if not self.task.running and one.decision is not decision:
            with self.attempt():
                decisions = Decisions.load(self.workspace)
                decisions.decide(one.file.content, one.known.content, decision, now=self.clock())
                self._deciding = self.compared
                self._look_again()

    def turn(self, pages: int) -> None:
        """Turn so many pages, as far as there are."""
        self.page = min(max(1, self.page + pages), self.pages)

    def choose(self, *keys: Key, take: bool) -> None:
        """Take files into the plan or out of it, and the other halves of their pairs with them."""
        whole = with_halves(self.able.values(), set(keys))
        self.chosen = self.chosen | whole if take else self.chosen - whole

    def choose_found(self, *, take: bool) -> None:
        """Take all that are found now and can go up, but those that repeat what was rejected, or none of them."""
        found = (one.file.key for one in self.matching)
        self.choose(*(key for key in found if not (take and key in self.wary)), take=take)

    def choose_wary(self) -> None:
        """Take also those that repeat what was rejected."""
        self.choose(*self.wary, take=True)

    def save(self) -> None:
        """Save the choice as the plan, with what is left out."""
        with self.attempt():
            left = self.able.keys() - self.chosen
            held = {one.file.key: one.content for one in self.reviews}
            self.saved = save_choice(self.workspace, self.chosen, left_out=left, contents=held, now=self.clock())

    def _call(self) -> str:
        return CALL.format(keys=keys_code(self.chosen), left=keys_code(self.able.keys() - self.chosen))

    def press(self) -> None:
        self.save()

    def reasons(self, one: FileReview) -> list[str]:
        """Why, and what else to know."""
        return [*filter(None, (one.reason, why_not(self.mending.offers.get(one.file.key)), *one.notes))]

    def handle(self, one: FileReview) -> str:
        """What the browser calls a file: another name where it is another file or content, or at another place."""
        return self._handles[id(one)]

    def _handle(self, number: int, one: FileReview) -> str:
        seen = self._fingerprints.of(one.file.path)  # the session may name a file twice
        return f"{number} {seen.checksum[:12] if seen else ''} {one.file.section.name}/{one.file.name}"

    def small_picture(self, one: FileReview) -> bytes | None:
        """A small jpg of the file, None where none is kept."""
        seen = self._fingerprints.of(one.file.path)
        return self._fingerprints.thumbnail(seen) if seen else None

    def _filter(self) -> None:
        words = self.find.casefold().split()
        kept = {self.group} if self.group else set(Group) if words else set(Group) - {Group.THERE}
        found = (one for group, files in self.grouped.items() if group in kept for one in files)
        self.page = 1
        self.matching = tuple(one for one in found if all(word in _words(one) for word in words))


def _alone(other: Asking, change: dict[str, bool]) -> None:
    """One of them has the task."""
    if change["new"]:
        other.at_work = False


def group_of(one: FileReview) -> Group:
    """What the file asks of a person."""
    if one.needs_a_person:
        return Group.LOOK if one.goes_up or one.verdict is Verdict.UNCLEAR else Group.MEND
    return Group.NEW if one.goes_up else Group.THERE


def _words(one: FileReview) -> str:
    told = (one.file.name, one.verdict.value, one.file.creative_type.value, one.reason, *one.notes)
    return "\n".join(told).casefold()


def marked(verdict: Verdict) -> str:
    """A verdict with its mark."""
    return f"{MARKS[verdict][0]} {verdict.value}"


def with_halves(files: Collection[SessionFile], keys: AbstractSet[Key]) -> frozenset[Key]:
    """The keys of those of the files that have one of these, or are the other half of such a one's pair."""
    pairs = {file.pair for file in files if file.key in keys} - {""}
    return frozenset(file.key for file in files if file.key in keys or file.pair in pairs)


def _is_open(one: FileReview) -> bool:
    """Whether it looks like something of which nobody has said whether it is the same."""
    return any(each.kind is not RepeatKind.SAME_CONTENT and each.decision is Decision.UNDECIDED for each in one.repeats)


def has_evidence(one: FileReview) -> bool:
    """Whether there is something to compare it with; its own upload is worth a look only where that was rejected."""
    return bool(one.repeats_rejected or (one.repeats and one.verdict is not Verdict.ALREADY_THERE))
