"""What a row of the library means, and when two rows of one creative become one.

A row is read once, here: the file's texts become an ID, a name, a day and `Facts`, or there is a reason why not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from tjtools.model.cells import read_id
from tjtools.model.creative import Creative, CreativeType, Medium, ReviewStatus
from tjtools.model.names import fuller, medium_of, same_name

COLUMNS = ("creative_id", "filename", "upload_date", "dimensions", "file_type", "creative_type", "review_status")

# Compiled by `re` when they are first needed.
_NO_TYPE = r"^[\s.]+"  # before a file type
_SIZE = r"(\d+)\s*[xX×]\s*(\d+)"


class Facts(NamedTuple):
    """The last four columns of a row, as `Creative` has them."""

    dimensions: str
    file_type: str
    creative_type: CreativeType | None
    review_status: ReviewStatus | None


def read_name(text: str) -> str:
    """Read a file name, exactly as it is; ValueError for none."""
    if not text:
        raise ValueError("there is no file name")
    return text


def read_facts(fields: Sequence[str]) -> Facts:
    """Read the last four columns; ValueError, with the reason, for an unknown type or status.

    >>> read_facts(["640 X 360", "MP4", "Native Rollover", "Approved"])
    Facts(dimensions='640x360', file_type='mp4', creative_type=<CreativeType.NATIVE_VIDEO: 'native_video'>, \
review_status=<ReviewStatus.APPROVED: 'approved'>)
    """
    if any("," in field for field in fields):
        raise ValueError("a comma stands in the dimensions, a type or the status")
    dimensions, file_type, kind, status = (field.strip() for field in fields)
    size = re.fullmatch(_SIZE, dimensions)
    try:
        review_status = ReviewStatus.parse(status) if status else None
    except ValueError as error:
        raise ValueError(f"{status!r} is not a review status") from error
    return Facts(
        "x".join(size.groups()) if size else dimensions,
        re.sub(_NO_TYPE, "", file_type.lower()).replace("jpeg", "jpg"),
        CreativeType.parse(kind).section.creative_type if kind else None,
        review_status,
    )


def why_bad(fields: Sequence[str]) -> str:
    """The reason why a row's seven fields can't be understood, or `""`; a doubtful day is none."""
    try:
        read_id(fields[0])
        read_name(fields[1])
        read_facts(fields[3:])
    except ValueError as error:
        return str(error)
    return ""


class Record(NamedTuple):
    """A row as it was understood; `extra` has the values of the extra columns, or is `()` where none is known."""

    creative_id: str
    filename: str
    upload_date: date | None
    facts: Facts
    extra: tuple[str, ...] = ()

    @classmethod
    def of(cls, creative: Creative, extra: tuple[str, ...] = ()) -> Record:
        """The record that a creative's row will be read as; ValueError if it can't be read."""
        fields = fields_of(creative)
        name = read_name(creative.filename)
        return cls(read_id(fields[0]), name, creative.upload_date, read_facts(fields[3:]), extra)

    @property
    def creative(self) -> Creative:
        """The creative that the row tells of."""
        return Creative(self.creative_id, self.filename, self.upload_date, *self.facts)

    @property
    def fields(self) -> tuple[str, ...]:
        """The seven fields, as the library is written."""
        return fields_of(self.creative)


def fields_of(creative: Creative) -> tuple[str, ...]:
    """A creative's seven fields, as the library is written."""
    return (
        creative.creative_id,
        creative.filename,
        creative.upload_date.isoformat() if creative.upload_date else "",
        creative.dimensions,
        creative.file_type,
        creative.creative_type.section.creative_type.value if creative.creative_type else "",
        creative.review_status.value if creative.review_status else "",
    )


def merge(records: Iterable[Record]) -> dict[int, Record]:
    """Make one record of those of one ID that agree; what contradicts every one before it stays by itself.

    Returns what stays, by the place (from 0) of the first record that went into it.

    The fuller name stands, the earliest day, the last status that is not empty, each other field from the
    record that has it.

    >>> records = [Record.of(Creative("1", name)) for name in ("a", "b", "a.mp4")]
    >>> {place: record.filename for place, record in merge(records).items()}
    {0: 'a.mp4', 1: 'b'}
    """
    merged: dict[int, Record] = {}
    for place, record in enumerate(records):
        # what agrees with one by its name may make that agree with another: a.gif stands between a and a.gif.gif
        while (found := next((at for at, other in merged.items() if agree(other, record)), None)) is not None:
            place, record = min(place, found), joined(merged.pop(found), record)
        merged[place] = record
    return dict(sorted(merged.items()))


def agree(one: Record, other: Record) -> bool:
    """Whether nothing in the two records contradicts: each field is the same, or unknown in one of them."""
    a, b = one.facts, other.facts
    return (
        (one.filename == other.filename or same_name(one.filename, other.filename))
        and (a.dimensions == b.dimensions or not a.dimensions or not b.dimensions)
        and (a.file_type == b.file_type or not a.file_type or not b.file_type)
        and (a.creative_type is b.creative_type or not a.creative_type or not b.creative_type)
        and (one.extra == other.extra or _extras_agree(one.extra, other.extra))
    )


def _extras_agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not (one and other) or all(a == b or not a or not b for a, b in zip(one, other, strict=True))


def joined(one: Record, later: Record) -> Record:
    """What two records that agree tell together."""
    day, other_day = one.upload_date, later.upload_date
    return Record(
        one.creative_id,
        fuller(one.filename, later.filename),
        min(day, other_day) if day and other_day else day or other_day,
        one.facts if one.facts is later.facts else _joined_facts(one.facts, later.facts),
        tuple(a or b for a, b in zip(one.extra, later.extra, strict=True))
        if one.extra and later.extra
        else one.extra or later.extra,
    )


def _joined_facts(one: Facts, later: Facts) -> Facts:
    return Facts(
        one.dimensions or later.dimensions,
        one.file_type or later.file_type,
        one.creative_type or later.creative_type,
        later.review_status or one.review_status,
    )


def moves_alike(medium: Medium | None, creative: Creative) -> bool:
    """Whether a creative is of this medium, or one of the two is unknown."""
    other = medium_of(creative.filename, creative.file_type, creative.creative_type)
    return medium is other or medium is None or other is None
