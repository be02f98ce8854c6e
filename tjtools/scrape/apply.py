"""From what the site showed to the library: the difference first; then, under the lock, library, history, snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.history import History, Source
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.rows import Record
from tjtools.cache.snapshots import keep_snapshot, newest_snapshot
from tjtools.diff.libraries import LibraryDifference, diff_libraries
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import TJToolsError, TooManyGone
from tjtools.model.names import fuller, is_cut, same_name
from tjtools.scrape.coverage import keep_coverage
from tjtools.scrape.reading import Certificate, SiteReading
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.locks import locked

HARMLESS_GONE = 20  # so many may go without a question
HARMLESS_PERCENT = 10  # or so large a part of what was there


class Begun(NamedTuple):
    """When a reading began, and the newest snapshot that there was then, `""` without one."""

    at: datetime
    snapshot: str

    @classmethod
    def of(cls, workspace: Workspace, now: datetime) -> Begun:
        """A reading that begins now."""
        return cls(now, newest_snapshot(workspace))


@dataclass(frozen=True, slots=True)
class Update:
    """What a reading of the site means for the library; nothing is written yet.

    `full`: everything that the site shows is taken over; else the review status alone, and no creative is added.
    `known` are the IDs that can be gone: those that the library held when the reading began. `there` counts those that
    were there by the library, `difference` is what would change. `begun` says how old the reading is.
    """

    workspace: Workspace
    source: Source
    full: bool
    reading: SiteReading
    known: frozenset[str]
    there: int
    difference: LibraryDifference
    begun: Begun

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """What was read of each section."""
        return self.reading.certificates

    @property
    def stopped(self) -> TJToolsError | None:
        """Why the site was not read to the end: then nothing is applied."""
        return self.reading.stopped

    @property
    def removals_to_allow(self) -> int:
        """How many removals a person has to let through; 0 where so few go without a question."""
        gone = len(self.difference.removed)
        return gone if gone > HARMLESS_GONE and gone * 100 > HARMLESS_PERCENT * self.there else 0

    def check_removals(self, allowed: int) -> None:
        """Raise `TooManyGone` where more is gone than goes without a question, and than `allowed`."""
        if allowed < self.removals_to_allow:
            raise TooManyGone(self.removals_to_allow, self.there)


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What came of an update: what changed, how many rows the history got, and where the snapshot lies."""

    difference: LibraryDifference
    certificates: tuple[Certificate, ...]
    history_rows: int
    snapshot: Path


def plan_update(
    workspace: Workspace,
    library: Library,
    reading: SiteReading,
    source: Source,
    *,
    begun: Begun,
    full: bool,
    removals: bool = True,
) -> Update:
    """Say what a reading means for the library, as it was loaded before the reading began.

    Without `removals`, no creative counts as gone.
    """
    known = frozenset(creative.creative_id for creative in library if removals)
    there = sum(not creative.removed for creative in _one_each(library, {}))
    blank = Update(workspace, source, full, reading, known, there, LibraryDifference(), begun)
    return blank if reading.stopped else replace(blank, difference=_difference(blank, library))


def apply_update(update: Update, *, now: datetime, allow_removals: int = 0) -> UpdateReport:
    """Write it down, with what others have written into the library since; the history says when it was read.

    Raises the error that stopped the reading, `TooManyGone` beyond what `allow_removals` allows, TJToolsError where a
    later reading was applied meanwhile, and TrackingFileError; the library is then as it was, unless the error is of
    the snapshot, which is kept last.
    """
    if update.stopped:
        raise update.stopped
    workspace = update.workspace
    history = History.of(workspace)
    history.check()
    with locked(workspace.library):
        if newest_snapshot(workspace) != update.begun.snapshot:
            raise TJToolsError(
                "The library was brought up to date after this was read: nothing was applied.",
                remedy="Read the site again.",
            )
        library = Library.load(workspace.library)
        update = replace(update, difference=_difference(update, library))
        update.check_removals(allow_removals)
        known = {one.creative_id: one.review_status for one in library}
        creatives = _merged(update, library)
        # the history first: after a failure in between, the next run finds its rows there and the library still old
        rows = history.record(_observed(update, creatives), source=update.source, now=update.begun.at, known=known)
        if update.difference or (update.full and not _is_tidy(library, creatives)):
            library.rewrite(creatives, now=now, keep_bad=not update.full)
        if update.full:
            keep_coverage(workspace, _covered(update.reading))
        snapshot = keep_snapshot(workspace, certificate_of(update), now)
    return UpdateReport(update.difference, update.certificates, rows, snapshot)


def certificate_of(update: Update) -> dict[str, object]:
    """The certificate as it is kept beside the snapshot."""
    difference = update.difference
    return {
        "observed_at": f"{update.begun.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "source": update.source.value,
        "sections": [shown_certificate(one) for one in update.certificates],
        "added": len(difference.added),
        "removed": len(difference.removed),
        "status_changed": len(difference.status_changed),
        "renamed": len(difference.renamed),
        "other": len(difference.other),
    }


def shown_certificate(one: Certificate) -> dict[str, str | int | None]:
    """One section's certificate as plain data."""
    return {
        "section": one.section.value,
        "total": one.total,
        "unique": one.unique,
        "pages": one.pages,
        "rereads": one.rereads,
        "drift": one.drift,
        "verdict": one.verdict,
    }


def _difference(update: Update, library: Library) -> LibraryDifference:
    before = _one_each(library, _shown(update))
    return diff_libraries(before, _merged(update, before))


def _merged(update: Update, creatives: Iterable[Creative]) -> list[Creative]:
    """The creatives as they are after the update; rows of one ID that contradict each other may still be several."""
    shown = _shown(update)
    follow: Callable[[Creative, Creative], Creative] = _followed if update.full else _with_status
    merged, met = [], set()
    for creative in creatives:
        met.add(creative.creative_id)
        found = shown.get(creative.creative_id)
        if found:
            merged.append(follow(creative, found))
        elif _is_gone(update, creative):
            merged.append(creative._replace(review_status=ReviewStatus.REMOVED))
        else:
            merged.append(creative)
    return merged + ([found for key, found in shown.items() if key not in met] if update.full else [])


def _shown(update: Update) -> dict[str, Creative]:
    return {creative.creative_id: creative for creative in update.reading.creatives}


def _one_each(library: Iterable[Creative], shown: dict[str, Creative]) -> list[Creative]:
    """One creative an ID: of rows that contradict each other, the one that agrees with the site, else the first."""
    one: dict[str, Creative] = {}
    for creative in library:
        key = creative.creative_id
        better = key in shown and not same_name(one.get(key, creative).filename, shown[key].filename)
        if key not in one or (better and same_name(creative.filename, shown[key].filename)):
            one[key] = creative
    return list(one.values())


def _followed(known: Creative, shown: Creative) -> Creative:
    """The site's word, and what the library knew and the site doesn't show."""
    name = fuller(known.filename, shown.filename) if same_name(known.filename, shown.filename) else shown.filename
    return _with_status(known, shown)._replace(
        filename=known.filename if is_cut(shown.filename, known.filename) else name,
        dimensions=shown.dimensions or known.dimensions,
        file_type=shown.file_type or known.file_type,
        creative_type=shown.creative_type,
    )


def _with_status(known: Creative, shown: Creative) -> Creative:
    kept = None if known.removed else known.review_status
    return known._replace(review_status=shown.review_status or kept)


def _is_gone(update: Update, creative: Creative) -> bool:
    """Whether it was there when the reading began, and its section was read to its end without it."""
    complete = update.reading.complete
    home = {creative.creative_type.section} if creative.creative_type else set(Section)
    return creative.creative_id in update.known and complete >= home


def _observed(update: Update, library: Iterable[Creative]) -> list[Creative]:
    """What the history is told: what the site showed, and what is gone."""
    shown = _shown(update)
    return [one for one in _one_each(library, shown) if one.creative_id in shown or one.removed]


def _covered(reading: SiteReading) -> dict[Section, list[str]]:
    """The IDs of each section that was read to its end, in the order of its list."""
    ids: dict[Section, list[str]] = {section: [] for section in reading.complete}
    for creative in reading.creatives:
        if creative.creative_type and creative.creative_type.section in ids:
            ids[creative.creative_type.section].append(creative.creative_id)
    return ids


def _is_tidy(library: Library, creatives: list[Creative]) -> bool:
    """Whether the file says already, in the library's own form, what a rewrite would make it say."""
    table = read_table(library.path, COLUMNS)
    written = [tuple(row[column] for column in COLUMNS) for row in table.rows]
    plain = table.form is not None and table.form.plain and not table.bad
    return plain and written == [Record.of(creative).fields for creative in creatives]
