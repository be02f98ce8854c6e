"""From what the site showed to the library: the difference first; then, under the lock, library, history, snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.history import History, Source
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.rows import as_written, fields_of
from tjtools.cache.snapshots import keep_snapshot, newest_snapshot
from tjtools.diff.libraries import LibraryDifference, diff_libraries
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import TJToolsError, TooManyGone
from tjtools.model.names import fuller, is_cut, same_name
from tjtools.scrape.coverage import keep_coverage
from tjtools.scrape.reading import SiteReading
from tjtools.scrape.section import Certificate
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace

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
    there = len({creative.creative_id for creative in library if not creative.removed})
    blank = Update(workspace, source, full, reading, known, there, LibraryDifference(), begun)
    return blank if reading.stopped else replace(blank, difference=_follow(blank, library).difference)


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
        creatives, observed, difference = _follow(update, library)
        update = replace(update, difference=difference)
        update.check_removals(allow_removals)
        known = {one.creative_id: one.review_status for one in library}
        # the history first: after a failure in between, the next run finds its rows there and the library still old
        rows = history.record(observed, source=update.source, now=update.begun.at, known=known)
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
    return asdict(one) | {"section": one.section.value}


class _Followed(NamedTuple):
    """What the library becomes, row by row; what the history is told of it; and what differs.

    Rows of one ID that contradict each other may still be several in `creatives`; the other two know one each.
    """

    creatives: list[Creative]
    observed: list[Creative]
    difference: LibraryDifference


def _follow(update: Update, library: Library) -> _Followed:
    """Let the library follow the site: asked when the update is planned, and again for the file as it is then."""
    shown = {creative.creative_id: creative for creative in update.reading.creatives}
    after = {one: _after(update, one, shown.get(one.creative_id)) for one in library}
    new = [found for key, found in shown.items() if key not in library] if update.full else []
    before = _one_each(library, shown)
    one_each = [*(after[one] for one in before), *new]
    observed = [one for one in one_each if one.creative_id in shown or one.removed]
    return _Followed([*after.values(), *new], observed, diff_libraries(before, one_each))


def _after(update: Update, creative: Creative, shown: Creative | None) -> Creative:
    """A cached creative as it is after the update; `shown` is what the site shows of it."""
    if shown:
        return _followed(creative, shown) if update.full else _with_status(creative, shown)
    return creative._replace(review_status=ReviewStatus.REMOVED) if _is_gone(update, creative) else creative


def _one_each(library: Iterable[Creative], shown: Mapping[str, Creative]) -> list[Creative]:
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


def _covered(reading: SiteReading) -> dict[Section, list[str]]:
    """The IDs of each section that was read to its end, in the order of its list."""
    kinds = {section: section.creative_type for section in reading.complete}
    return {
        section: [one.creative_id for one in reading.creatives if one.creative_type is kind]
        for section, kind in kinds.items()
    }


def _is_tidy(library: Library, creatives: list[Creative]) -> bool:
    """Whether the file says already, in the library's own form, what a rewrite would make it say."""
    table = read_table(library.path, COLUMNS)
    written = [tuple(row[column] for column in COLUMNS) for row in table.rows]
    plain = table.form is not None and table.form.plain and not table.bad
    return plain and written == [fields_of(as_written(creative)) for creative in creatives]
