"""From what a run found out about a file to what the journal, and then the tracking files, are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from tjtools.diff.session import FileReview
from tjtools.model.creative import Creative, UploadStatus
from tjtools.model.names import extension, file_type
from tjtools.scrape.section import creative_of
from tjtools.upload.events import Settled
from tjtools.upload.pairing import Outcome

_KNOWN = (UploadStatus.SUCCESS, UploadStatus.DUPLICATE, UploadStatus.FAILED)


def settled_of(
    outcome: Outcome, *, run: str, at: datetime, day: date, sizes: Mapping[str, str], retries: int = 0
) -> Settled | None:
    """The event for an outcome, None where nobody knows yet what came of the file.

    `day` is that of the hand-over, `sizes` the true `WIDTHxHEIGHT` by file name.
    """
    if outcome.status not in _KNOWN:
        return None
    ours = outcome.status is UploadStatus.SUCCESS
    return Settled(
        at=at,
        run=run,
        file=outcome.file,
        status=outcome.status,
        creative=_creative(outcome, day, sizes.get(outcome.file.name, "")),
        message=outcome.message,
        day=day if ours else None,
        retries=retries,
    )


def settled_by_library(one: FileReview, *, why: str, run: str, at: datetime) -> Settled | None:
    """The event for a half of a native pair that is there already: the other one's ad needs its ID."""
    creative = next((each for each in one.known if each.creative_id == one.creative_id), None)
    if creative is None or not one.file.pair:
        return None
    return Settled(at=at, run=run, file=one.file, status=UploadStatus.SKIPPED, creative=creative, message=why)


def _creative(one: Outcome, day: date, size: str) -> Creative | None:
    """An upload of ours has its full name and its day; one that was there before is recorded as the site shows it.

    But where that ends in an extension, it is the name of a file with two: else it would be taken for one with one.
    """
    if one.card is None:
        return None
    if one.status is not UploadStatus.SUCCESS:
        doubled = one.file.name if extension(one.card.name) else ""
        return creative_of(one.card, one.file.section, filename=doubled)
    shown = creative_of(one.card, one.file.section, filename=one.file.name, upload_date=day)
    return shown._replace(
        dimensions=shown.dimensions or size,
        file_type=shown.file_type or file_type(one.file.name),
    )
