"""What goes up, in which order: batches of at most ten files of one type, native pairs kept together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tjtools.diff import FileReview, Verdict
from tjtools.models import CreativeType, SessionFile

ORDER = (
    CreativeType.NATIVE_VIDEO,
    CreativeType.NATIVE_IMAGE,
    CreativeType.VIDEO,
    CreativeType.IMAGE,
    CreativeType.VIDEO_BANNER,
)


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
        return tuple(one.file for one in self.reviews if one.verdict is Verdict.NEW)


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches of a run; `held_back` are files that need a person first, `left` those beyond the limit."""

    batches: tuple[Batch, ...]
    held_back: tuple[FileReview, ...]
    left: tuple[FileReview, ...]

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """All files to hand over, in order."""
        return tuple(file for batch in self.batches for file in batch.files)


def make_plan(reviews: Sequence[FileReview], *, batch_size: int = 10, limit: int | None = None) -> Plan:
    """Sort a session's reviews into batches: native videos, native images, videos, images, video banners.

    `limit` is the most files to hand over; a native pair goes whole or not at all.
    """
    chosen = _chosen(reviews, limit)
    planned = [one for one in reviews if one.verdict is Verdict.ALREADY_THERE or one.file in chosen]
    batches: list[Batch] = []
    for kind in ORDER:
        of_type = [one for one in planned if one.file.section is kind.section]
        for chunk in _chunks(of_type, batch_size):
            batches.append(Batch(len(batches) + 1, kind, tuple(chunk), len(of_type)))
    return Plan(
        batches=tuple(batches),
        held_back=tuple(one for one in reviews if one.needs_a_person),
        left=tuple(one for one in reviews if one.verdict is Verdict.NEW and one.file not in chosen),
    )


def _chosen(reviews: Iterable[FileReview], limit: int | None) -> set[SessionFile]:
    """The new files within the limit; the halves of a pair count together."""
    new = [one.file for one in reviews if one.verdict is Verdict.NEW]
    if limit is None:
        return set(new)
    groups: dict[str, list[SessionFile]] = {}
    for number, file in enumerate(new):
        groups.setdefault(f"pair {file.native_pair_id}" if file.native_pair_id else f"file {number}", []).append(file)
    chosen: set[SessionFile] = set()
    for group in groups.values():
        if len(chosen) + len(group) <= limit:
            chosen |= set(group)
    return chosen


def _chunks(reviews: Sequence[FileReview], size: int) -> Iterable[list[FileReview]]:
    """Cut where the next new file would be one too many; files that are there already take no room."""
    chunk: list[FileReview] = []
    room = size
    for one in reviews:
        if one.verdict is Verdict.NEW and room == 0:
            yield chunk
            chunk, room = [], size
        chunk.append(one)
        room -= one.verdict is Verdict.NEW
    if chunk:
        yield chunk
