"""The difference of two libraries: what came, what went, and what changed of what stayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tjtools.cache.rows import COLUMNS as FIELDS
from tjtools.cache.rows import fields_of
from tjtools.model.creative import Creative
from tjtools.model.errors import TJToolsError
from tjtools.model.names import same_name

STATUS_WORDS = {"pending": "in review again"}  # where the status alone would not say what has happened
COLUMNS = ("change", "creative_id", "filename", "field", "old", "new")


class FieldChange(NamedTuple):
    """One field of one creative, as text before and after; `filename` is its name after."""

    creative_id: str
    filename: str
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LibraryDifference:
    """What differs between two libraries; a creative can have changed in several ways.

    `added` are as the new library has them, `removed` as the old one had them.
    """

    added: tuple[Creative, ...] = ()
    removed: tuple[Creative, ...] = ()
    status_changed: tuple[FieldChange, ...] = ()
    renamed: tuple[FieldChange, ...] = ()
    other: tuple[FieldChange, ...] = ()

    def __bool__(self) -> bool:
        return any(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many of each, in words."""
        return {
            "added": len(self.added),
            "removed": len(self.removed),
            "status changed": len(self.status_changed),
            "renamed": len(self.renamed),
            "other fields": len(self.other),
        }

    @property
    def told(self) -> str:
        """What differs, what needs a look first: `1 rejected, 3 approved, 2 new, 1 gone`; `""` for nothing."""
        decided = Counter(one.new for one in self.status_changed)
        told = {STATUS_WORDS.get(one, one): decided[one] for one in sorted(decided, key=_look_first)}
        told |= {"new": len(self.added), "gone": len(self.removed), "renamed": len(self.renamed)}
        told |= {"with other fields changed": len({one.creative_id for one in self.other})}
        return ", ".join(f"{count:,} {words}" for words, count in told.items() if count)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """One row a creative that came or went and a field that changed, in the order of `COLUMNS`."""
        for what, creatives in (("added", self.added), ("removed", self.removed)):
            yield from ((what, one.creative_id, one.filename, "", "", "") for one in creatives)
        for what, part in (("status changed", self.status_changed), ("renamed", self.renamed), ("other", self.other)):
            yield from ((what, *one) for one in part)


def diff_libraries(old: Iterable[Creative], new: Iterable[Creative]) -> LibraryDifference:
    """Compare two libraries by Creative ID; the order of their rows does not matter.

    A creative that is marked `removed` is not there. A value that the new library doesn't know is no change, nor is a
    name that merely lacks its extension: the site's pages show no more. Raises TJToolsError for an ID that stands in
    one library twice. `tjtools.cache.snapshots.read_snapshot` reads one of them strictly.

    >>> old = [Creative("1", "a.mp4"), Creative("2", "b.png", dimensions="300x250")]
    >>> difference = diff_libraries(old, [Creative("3", "c"), Creative("1", "a"), Creative("2", "banner")])
    >>> [creative.filename for creative in difference.added], difference.removed
    (['c'], ())
    >>> difference.renamed
    (FieldChange(creative_id='2', filename='banner', field='filename', old='b.png', new='banner'),)
    """
    before, after = _by_id(old, "old"), _by_id(new, "new")
    both = [(before[key], creative) for key, creative in after.items() if key in before]
    changes = [change for one, other in both if one != other for change in _changes(one, other)]
    return LibraryDifference(
        added=tuple(creative for key, creative in after.items() if key not in before),
        removed=tuple(creative for key, creative in before.items() if key not in after),
        status_changed=tuple(change for change in changes if change.field == "review_status"),
        renamed=tuple(change for change in changes if change.field == "filename"),
        other=tuple(change for change in changes if change.field not in ("review_status", "filename")),
    )


def _look_first(status: str) -> int:
    return ("rejected", "approved", "pending").index(status)


def _by_id(creatives: Iterable[Creative], which: str) -> dict[str, Creative]:
    """The creatives that are there."""
    found: dict[str, Creative] = {}
    for creative in creatives:
        if creative.creative_id in found:
            raise TJToolsError(
                f"The {which} library has the Creative ID {creative.creative_id} twice, with rows that contradict each"
                " other.",
                remedy="Delete the wrong one.",
            )
        found[creative.creative_id] = creative
    return {key: creative for key, creative in found.items() if not creative.removed}


def _changes(old: Creative, new: Creative) -> Iterator[FieldChange]:
    if not same_name(old.filename, new.filename):
        yield FieldChange(new.creative_id, new.filename, "filename", old.filename, new.filename)
    before = _told(old)
    for field, after in _told(new).items():
        if after and after != before[field]:
            yield FieldChange(new.creative_id, new.filename, field, before[field], after)


def _told(creative: Creative) -> dict[str, str]:
    """What may have changed beside the name."""
    return dict(zip(FIELDS[2:], fields_of(creative)[2:], strict=True))
