"""Looking up many names or Creative IDs in the library at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from tjtools.cache.library import COLUMNS, Library, Match
from tjtools.cache.rows import fields_of
from tjtools.model.cells import told_id
from tjtools.model.creative import CreativeType

ANSWER_COLUMNS = ("asked", "answer", *COLUMNS)
Answer = tuple[str, Match]


def pasted(text: str) -> list[str]:
    r"""What a pasted list asks for: one name or ID a line; blank lines and spaces around are left out.

    >>> pasted("clip.mp4\n\n  1032530571 \r\n")
    ['clip.mp4', '1032530571']
    """
    return [line.strip() for line in text.splitlines() if line.strip()]


def look_up(library: Library, asked: Iterable[str], creative_type: CreativeType | None = None) -> list[Answer]:
    """What the library knows of each name or ID, in the order asked; with a type, only its own section counts.

    A path stands for its file's name, an ID for its creative.
    """
    return [(one, _look_up(library, one, creative_type)) for one in asked]


def _look_up(library: Library, asked: str, creative_type: CreativeType | None) -> Match:
    match = library.find(PurePath(asked).name, creative_type)
    by_id = library.get(told_id(asked))
    if not by_id or match.there:
        return match
    there, removed = (tuple(one for one in by_id if one.removed is gone) for gone in (False, True))
    return Match(there=there, elsewhere=(), removed=removed, bad_lines=())


def answer_rows(answers: Iterable[Answer]) -> Iterator[tuple[str, ...]]:
    """The answers as rows of `ANSWER_COLUMNS`: one a creative found, and one for each name without a clear answer."""
    for asked, match in answers:
        groups = (
            ("already there", match.there),
            ("unclear", match.unclear),
            ("in another section", match.elsewhere),
            ("removed", match.removed),
        )
        found = [(answer, creative) for answer, creatives in groups for creative in creatives]
        for answer, creative in found:
            yield asked, answer, *fields_of(creative)
        if not found or match.bad_lines:
            answer = f"unclear: bad line {match.bad_lines[0].line}" if match.bad_lines else "not there"
            yield asked, answer, *("" for _ in COLUMNS)
