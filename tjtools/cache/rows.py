"""What a row of the library means, and when two rows of one creative become one.

A row is read once, here: the file's texts become a creative, or there is a reason why not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from tjtools.model.cells import read_day, read_id
from tjtools.model.creative import Creative, CreativeType, Medium, ReviewStatus
from tjtools.model.names import fuller, medium_of, same_name

COLUMNS = ("creative_id", "filename", "upload_date", "dimensions", "file_type", "creative_type", "review_status")


class Row(NamedTuple):
    """A creative, the values of its extra columns (`()` where none is known), and its line in the file."""

    creative: Creative
    extra: tuple[str, ...] = ()
    line: int = 0


def read_row(fields: Sequence[str], doubts: list[str]) -> Creative:
    """Read a row's seven fields; ValueError, with the reason, where they are no creative.

    A doubtful day costs no creative its ID: it is read without a day, and the reason is added to `doubts`.

    >>> read_row(["7.0", "a", "11-12-2025", "", "", "", "Approved"], doubts := []).creative_id, len(doubts)
    ('7', 1)
    """
    creative_id, name, day, dimensions, file_type, kind, status = fields
    if not (creative_id.isascii() and creative_id.isdigit()):
        creative_id = read_id(creative_id)
    if not name:
        raise ValueError("there is no file name")
    size, medium, section, standing = _facts(dimensions, file_type, kind, status)
    try:
        return Creative(creative_id, name, _day(day), size, medium, section, standing)
    except ValueError as error:
        doubts.append(str(error))
        return Creative(creative_id, name, None, size, medium, section, standing)


# A library has few days, types and statuses: each is read once.


@cache
def _facts(*fields: str) -> tuple[str, str, CreativeType | None, ReviewStatus | None]:
    if any("," in field for field in fields):
        raise ValueError("a comma stands in the dimensions, a type or the status")
    dimensions, file_type, kind, status = (field.strip() for field in fields)
    size = re.fullmatch(r"(\d+)\s*[xX×]\s*(\d+)", dimensions)
    try:
        review_status = ReviewStatus.parse(status) if status else None
    except ValueError as error:
        raise ValueError(f"{status!r} is not a review status") from error
    return (
        "x".join(size.groups()) if size else dimensions,
        re.sub(r"^[\s.]+", "", file_type.lower()).replace("jpeg", "jpg"),
        CreativeType.parse(kind).section.creative_type if kind else None,
        review_status,
    )


@cache
def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return read_day(text)


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


def as_written(creative: Creative) -> Creative:
    """The creative that its row will be read as; ValueError if it can't be read.

    >>> as_written(Creative("7.0", "a", file_type="JPEG"))[:5]
    ('7', 'a', None, '', 'jpg')
    """
    return read_row(fields_of(creative), [])


def merge(rows: Iterable[Row]) -> list[Row]:
    """Make one row of those of one ID that agree; what contradicts every one before it stays by itself.

    Each stays in the place of the first row that went into it. The fuller name stands, the earliest day, the last
    status that is not empty, each other field from the row that has it.

    >>> rows = [Row(Creative("1", name), line=line) for line, name in enumerate(["a", "b", "a.mp4"], 2)]
    >>> [(row.creative.filename, row.line) for row in merge(rows)]
    [('a.mp4', 2), ('b', 3)]
    """
    merged: list[Row] = []
    for row in rows:
        place = len(merged)
        # what agrees with one by its name may make that agree with another: a.gif stands between a and a.gif.gif
        while (found := next((at for at, other in enumerate(merged) if agree(other, row)), None)) is not None:
            place, row = min(place, found), joined(merged.pop(found), row)
        merged.insert(place, row)
    return merged


def agree(one: Row, other: Row) -> bool:
    """Whether nothing in the two rows contradicts: each field is the same, or unknown in one of them."""
    a, b = one.creative, other.creative
    return (
        (a.filename == b.filename or same_name(a.filename, b.filename))
        and (a.dimensions == b.dimensions or not a.dimensions or not b.dimensions)
        and (a.file_type == b.file_type or not a.file_type or not b.file_type)
        and (a.creative_type is b.creative_type or not a.creative_type or not b.creative_type)
        and (
            one.extra == other.extra
            or not any(x and y and x != y for x, y in zip(one.extra, other.extra, strict=False))
        )
    )


def joined(one: Row, later: Row) -> Row:
    """What two rows that agree tell together."""
    a, b = one.creative, later.creative
    creative = Creative(
        a.creative_id,
        fuller(a.filename, b.filename),
        min(a.upload_date, b.upload_date) if a.upload_date and b.upload_date else a.upload_date or b.upload_date,
        a.dimensions or b.dimensions,
        a.file_type or b.file_type,
        a.creative_type or b.creative_type,
        b.review_status or a.review_status,
    )
    both = tuple(x or y for x, y in zip(one.extra, later.extra, strict=False))  # none where one of them knows none
    return Row(creative, both or one.extra or later.extra, min(one.line, later.line))


def moves_alike(medium: Medium | None, creative: Creative) -> bool:
    """Whether a creative is of this medium, or one of the two is unknown."""
    other = medium_of(creative.filename, creative.file_type, creative.creative_type)
    return medium is other or medium is None or other is None
