"""What goes up: batches of at most ten files of one type, native pairs kept together; and how long that will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tjtools.diff.session import FileReview
from tjtools.model.creative import CreativeType, Section, SessionFile
from tjtools.upload.choice import Choice
from tjtools.upload.journal import Journal

ORDER = (
    CreativeType.NATIVE_VIDEO,
    CreativeType.NATIVE_IMAGE,
    CreativeType.VIDEO,
    CreativeType.IMAGE,
    CreativeType.VIDEO_BANNER,
)
BEGINNING = 5.0  # seconds for the browser to start and show the Media Library
LATELY = 20  # batches of a section that tell its pace
USUAL = dict.fromkeys(Section, 6.0) | {
    Section.IN_STREAM_VIDEO: 30.0
}  # seconds a file, until the workspace knows better


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one section that are handed over together, and those of it that the library knows already.

    `of_type` counts the files of this type in the whole plan.
    """

    number: int
    creative_type: CreativeType
    reviews: tuple[FileReview, ...]
    of_type: int

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """The files to hand over."""
        return tuple(one.file for one in self.reviews if one.goes_up)


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches of a run; `held_back` are files that need a person first, `left` those beyond the limit.

    `not_chosen` are new files that the saved plan does not take.
    """

    batches: tuple[Batch, ...]
    held_back: tuple[FileReview, ...]
    left: tuple[FileReview, ...]
    not_chosen: tuple[FileReview, ...] = ()

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """All files to hand over, in order."""
        return tuple(file for batch in self.batches for file in batch.files)


def make_plan(
    reviews: Sequence[FileReview], *, batch_size: int = 10, limit: int | None = None, choice: Choice | None = None
) -> Plan:
    """Sort a session's reviews into batches: native videos, native images, videos, images, video banners.

    `limit` is the most files to hand over, `choice` the only ones; a native pair goes whole or not at all.
    """
    groups = [group for group in _groups(reviews) if not choice or all(map(choice.takes, group))]
    wanted, chosen = _within(groups, None), _within(groups, limit)
    planned = [one for one in reviews if one.is_settled or one.file in chosen]
    batches: list[Batch] = []
    for kind in ORDER:
        of_type = [one for one in planned if one.file.section is kind.section]
        for chunk in _chunks(of_type, batch_size):
            batches.append(Batch(len(batches) + 1, kind, tuple(chunk), len(of_type)))
    return Plan(
        batches=tuple(batches),
        held_back=tuple(one for one in reviews if one.needs_a_person and not one.goes_up),
        left=tuple(one for one in reviews if one.file in wanted and one.file not in chosen),
        not_chosen=tuple(one for one in reviews if one.goes_up and one.file not in wanted),
    )


class Expected(NamedTuple):
    """How many `seconds` a plan will take; `measured` where every section's pace was measured in this workspace."""

    seconds: float
    measured: bool


def expected_time(plan: Plan, journal: Journal) -> Expected:
    """The median pace of each section's last batches, times the files that the plan has for it.

    Raises `TrackingFileError` for a journal that can't be read.
    """
    files = Counter(file.section for file in plan.files)
    if not files:
        return Expected(0.0, measured=True)
    paces = {section: median(told[-LATELY:]) for section, told in journal.paces().items()}
    seconds = sum(number * paces.get(section, USUAL[section]) for section, number in files.items())
    return Expected(BEGINNING + seconds, measured=files.keys() <= paces.keys())


def _groups(reviews: Iterable[FileReview]) -> list[list[SessionFile]]:
    """The new files; the halves of a pair together."""
    groups: dict[str, list[SessionFile]] = {}
    for number, one in enumerate(reviews):
        if one.goes_up:
            pair = one.file.pair
            groups.setdefault(f"pair {pair}" if pair else f"file {number}", []).append(one.file)
    return list(groups.values())


def _within(groups: Iterable[list[SessionFile]], limit: int | None) -> set[SessionFile]:
    """The files of the first groups that fit within the limit."""
    chosen: set[SessionFile] = set()
    for group in groups:
        if limit is None or len(chosen) + len(group) <= limit:
            chosen |= set(group)
    return chosen


def _chunks(reviews: Sequence[FileReview], size: int) -> Iterable[list[FileReview]]:
    """Cut where the next new file would be one too many; files that are there already take no room."""
    chunk: list[FileReview] = []
    room = size
    for one in reviews:
        if one.goes_up and room == 0:
            yield chunk
            chunk, room = [], size
        chunk.append(one)
        room -= one.goes_up
    if chunk:
        yield chunk
