"""The session, file by file, and the choice of what to upload: the model of the review's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import ClassVar, TypeAlias

import pandas as pd
from traitlets import Any, Instance, Int, Unicode

from tjtools.diff.repeats import Decision, Decisions, Repeat, RepeatKind
from tjtools.diff.session import FileReview, Verdict, unclear_pairs
from tjtools.media import Fingerprint
from tjtools.model.creative import CreativeType, Key
from tjtools.model.words import counted, in_bytes, in_seconds
from tjtools.upload import Choice, load_choice, prepare, save_choice
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.task import Run
from tjtools.workspace.csvfile import BadLine
from tjtools.workspace.folder import Workspace

PAGE = 24  # files on a page of the gallery
MARKS = {
    Verdict.NEW: "✚",
    Verdict.ALREADY_THERE: "✓",
    Verdict.RENAMED_DUPLICATE: "⧉",
    Verdict.IN_SESSION: "⧉",
    Verdict.NEAR_DUPLICATE: "≈",
    Verdict.SKIPPED: "⊘",
    Verdict.UNREADABLE: "✗",
    Verdict.INVALID: "✗",
    Verdict.MISSING: "?",
    Verdict.HALF_PAIR: "◐",
    Verdict.UNCLEAR_PAIR: "◑",
    Verdict.SAME_NAME: "≡",
    Verdict.UNCLEAR: "≟",
    Verdict.BLOCKED: "⚠",
    Verdict.SOURCE: "○",
}

_Rank: TypeAlias = "Callable[[FileReview], tuple[float, str]]"
ORDERS: dict[str, _Rank] = {
    "as in the session": lambda _one: (0, ""),
    "name": lambda one: (0, one.file.name.casefold()),
    "verdict": lambda one: (list(Verdict).index(one.verdict), ""),
    "type": lambda one: (0, one.file.creative_type.value),
    "longest first": lambda one: (-(one.facts.seconds or 0) if one.facts else 1, ""),
    "largest first": lambda one: (-one.facts.bytes if one.facts else 1, ""),
}


class Review(Panel):
    """Every file of the session with its verdict, and which of the new ones are `chosen`.

    `verdict` and `kind` keep the files of one verdict or creative type (`""`: all), `find` those whose name or reason
    holds all its words; `order` is one of `ORDERS`; `page` counts from 1. `matching` are the reviews that are left, in
    order. `chosen` holds the section and name of each chosen file; `saved` is the plan on disk, None if there is none.
    `compared` is the section and name of the file whose `evidence` is shown, None for none.
    """

    title: ClassVar[str] = "The session"
    looks: ClassVar[bool] = True
    verdict = Unicode()
    kind = Unicode()
    find = Unicode()
    order = Unicode("as in the session")
    page = Int(1)
    reviews = Any(())
    matching = Any(())
    compared = Any(None)
    chosen = Any(frozenset())
    saved = Instance(Choice, allow_none=True)

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self.thumbnail: Callable[[Fingerprint], bytes | None] = lambda _one: None
        self.new: dict[Key, FileReview] = {}
        self._take((), ())
        self.observe(lambda _change: self._filter(), ["verdict", "kind", "find", "order"])
        self.observe(lambda _change: self._tell_call(), "chosen")

    def look(self, run: Run) -> None:
        """Look at each file of the session, and compare it with the library."""
        prepared = prepare(self.workspace, progress=run.looked_at, cancelled=run.cancelled)
        self.thumbnail = prepared.fingerprints.thumbnail
        with self.hold_trait_notifications():  # who follows one of them sees all of them as they are now
            self._take(prepared.reviews, prepared.bad_lines)

    def _take(self, reviews: tuple[FileReview, ...], bad_lines: tuple[BadLine, ...]) -> None:
        """Take what was found; what a person chose or left out since the last look stays so."""
        self.saved = load_choice(self.workspace)
        again, before, page = bool(self.reviews), frozenset(self.new), self.page
        self.reviews, self.bad_lines = reviews, bad_lines
        self.new = {one.file.key: one for one in self.reviews if one.goes_up}
        self._halves = _halves(self.reviews)
        self._unclear = frozenset(unclear_pairs(one.file for one in self.reviews))
        self._together = _together(self.new)
        new = frozenset(self.new)
        if again:
            self.chosen = (self.chosen & new) | (new - before)
        else:
            self.chosen = new & self.saved.files if self.saved else new
        self._filter()
        self.page = min(page, self.pages)
        self._tell_call()

    @property
    def summary(self) -> str:
        if not self.looked():
            return f"{self.title}: {self.looking.error}"
        count = Counter(one.verdict for one in self.reviews)
        told = ", ".join(f"{count[verdict]} {verdict.value}" for verdict in Verdict if count[verdict])
        held = [f"{one.verdict.value}: {one.file.name}" for one in self.reviews if one.verdict is not Verdict.NEW]
        plan = "saved" if self.is_saved else "not saved"
        lines = (f"{counted(len(self.reviews), 'file')}: {told}", f"Plan, {plan}: {self.counted_choice}")
        return "\n".join((*lines, *sorted(held), *(f"line {bad.line} can't be read" for bad in self.bad_lines)))

    @property
    def counted_choice(self) -> str:
        """How many of the new files are chosen."""
        return f"{len(self.chosen):,} of {counted(len(self.new), 'new file')} chosen"

    @property
    def is_saved(self) -> bool:
        """Whether the plan on disk takes just what is chosen here."""
        return self.saved is not None and self.saved.files & frozenset(self.new) == self.chosen

    @property
    def newcomers(self) -> int:
        """How many new files the saved plan does not take."""
        return len(frozenset(self.new) - self.saved.files) if self.saved else 0

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
        few = f" found, {len(self.reviews):,} in the session" if len(self.matching) < len(self.reviews) else ""
        return f"{seen} of {counted(len(self.matching), 'file')}{few}"

    def pair_of(self, one: FileReview) -> str:
        """`complete`, `half` or `unclear` for a half of a native pair, else `""`."""
        if not one.file.pair:
            return ""
        if one.file.pair in self._unclear:
            return "unclear"
        return "complete" if len(self._halves.get(one.file.pair, ())) == 2 else "half"

    @property
    def comparable(self) -> tuple[FileReview, ...]:
        """The files that repeat something, except those that are there under their own name."""
        return tuple(one for one in self.reviews if has_evidence(one))

    @property
    def evidence(self) -> tuple[Repeat, ...]:
        """What the compared file repeats, the same content first; empty where no file is compared."""
        return next((one.repeats for one in self.comparable if one.file.key == self.compared), ())

    def decide(self, one: Repeat, decision: Decision) -> None:
        """Remember a decision about the two sides, and look again; does nothing while it looks."""
        if not self.looking.running:
            self.attempt(lambda: self._decide(one, decision))

    def turn(self, pages: int) -> None:
        """Turn so many pages, as far as there are."""
        self.page = min(max(1, self.page + pages), self.pages)

    def choose(self, key: Key, *, take: bool) -> None:
        """Take a new file into the plan or out of it, and the new other half of its pair with it."""
        keys = self._with_half(key)
        self.chosen = self.chosen | keys if take else self.chosen - keys

    def choose_found(self, *, take: bool) -> None:
        """Take all new files that are found now, or none of them."""
        keys = frozenset().union(*(self._with_half(one.file.key) for one in self.matching if one.file.key in self.new))
        self.chosen = self.chosen | keys if take else self.chosen - keys

    def save(self) -> None:
        """Save the choice as the plan."""
        self.attempt(self._save)

    def press(self) -> None:
        self.save()

    def rows(self, reviews: Iterable[FileReview]) -> pd.DataFrame:
        """The reviews as text: one row a file, with verdict, name, type, facts, pair, plan and reason."""
        rows = [
            (
                f"{MARKS[one.verdict]} {one.verdict.value}",
                one.file.name,
                one.file.creative_type.value,
                one.facts.size if one.facts else "",
                in_seconds(one.facts.seconds) if one.facts else "",
                in_bytes(one.facts.bytes) if one.facts else "",
                self.pair_of(one),
                self._planned(one),
                reason_of(one),
            )
            for one in reviews
        ]
        columns = ["verdict", "name", "type", "dimensions", "duration", "size", "pair", "plan", "reason"]
        return pd.DataFrame(rows, columns=columns)

    def _planned(self, one: FileReview) -> str:
        if not one.goes_up:
            return ""
        return "chosen" if one.file.key in self.chosen else "left out"

    def _decide(self, one: Repeat, decision: Decision) -> None:
        Decisions.load(self.workspace).decide(one.file.content, one.known.content, decision, now=self.clock())
        self.looking.start(self.look)

    def _save(self) -> None:
        self.saved = save_choice(self.workspace, self.chosen, now=self.clock())

    def _with_half(self, key: Key) -> frozenset[Key]:
        """The file, and the new other half of its pair."""
        pair = self.new[key].file.pair if key in self.new else ""
        return self._together.get(pair) or frozenset({key}) & frozenset(self.new)

    def _filter(self) -> None:
        words = self.find.casefold().split()
        found = [
            one
            for one in self.reviews
            if self.verdict in ("", one.verdict.value)
            and self.kind in ("", one.file.creative_type.value)
            and all(word in f"{one.file.name}\n{reason_of(one)}".casefold() for word in words)
        ]
        self.page = 1
        self.matching = tuple(sorted(found, key=ORDERS[self.order]))

    def _tell_call(self) -> None:
        files = sorted((section.name, name) for section, name in self.chosen)
        lines = "".join(f"        (Section.{section}, {name!r}),\n" for section, name in files)
        self.call = (
            "from datetime import UTC, datetime\nfrom pathlib import Path\n\n"
            "from tjtools import Section, Workspace\nfrom tjtools.upload import save_choice\n\n"
            "save_choice(\n    Workspace.find(cwd=Path.cwd()),\n"
            f"    [\n{lines}    ],\n    now=datetime.now(tz=UTC),\n)\n"
        )


def has_evidence(one: FileReview) -> bool:
    """Whether there is something to compare it with; its own upload is worth a look only where that was rejected."""
    return bool(one.repeats_rejected or (one.repeats and one.verdict is not Verdict.ALREADY_THERE))


def can_decide(one: Repeat) -> bool:
    """Whether there is something to decide: what is the same to the last byte is the same."""
    return one.kind is RepeatKind.LOOKS_SAME


def reason_of(one: FileReview) -> str:
    """Why, and what else to know."""
    return "; ".join(filter(None, (one.reason, *one.notes)))


def _halves(reviews: Iterable[FileReview]) -> dict[str, set[CreativeType]]:
    """Of each native pair, the halves that are there or go up."""
    halves: dict[str, set[CreativeType]] = {}
    for one in reviews:
        if one.file.pair and (one.goes_up or one.is_there):
            halves.setdefault(one.file.pair, set()).add(one.file.creative_type)
    return halves


def _together(new: Mapping[Key, FileReview]) -> dict[str, frozenset[Key]]:
    """The new files of each native pair."""
    pairs: dict[str, set[Key]] = {}
    for key, one in new.items():
        pairs.setdefault(one.file.pair, set()).add(key)
    return {pair: frozenset(keys) for pair, keys in pairs.items() if pair}
