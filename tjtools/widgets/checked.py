"""A plan that a person looked at before it goes up, and the one for what failed."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

from tjtools.diff.session import FileReview
from tjtools.model.creative import Key, UploadStatus
from tjtools.upload import Choice, Expected, Plan, Prepared

FAILED = {UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}


class Checked(NamedTuple):
    """A plan that was looked at: what it was made from, and how long it will take.

    `choice` is the saved plan, None where every new file goes; of a `retry`, the files that failed.
    """

    prepared: Prepared
    plan: Plan
    choice: Choice | None
    expected: Expected
    retry: bool = False


def choice_of_failed(reviews: Sequence[FileReview], failed: AbstractSet[Key], *, now: datetime) -> Choice:
    """The files that failed and still are to go up; a pair of which one half failed goes whole."""
    new = [one.file for one in reviews if one.goes_up]
    pairs = {file.pair for file in new if file.key in failed} - {""}
    return Choice(now, frozenset(file.key for file in new if file.key in failed or file.pair in pairs))


def counted_batches(plan: Plan) -> str:
    """How many of its batches hand files over."""
    number = sum(bool(batch.files) for batch in plan.batches)
    return f"{number:,} batch{'es' * (number != 1)}"
