"""The library follows the site: a refresh takes over all of it, a sync the review statuses alone.

From what the site showed to the library: the difference first; then, under the lock, library, history, snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tjtools.cache.history import History, Source
from tjtools.cache.library import COLUMNS, Library
from tjtools.cache.rows import as_written, fields_of
from tjtools.cache.snapshots import keep_snapshot, newest_snapshot
from tjtools.diff.libraries import LibraryDifference, diff_libraries
from tjtools.model.cells import in_utc
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import TJToolsError, TooManyGone
from tjtools.model.names import fuller, is_cut, same_name
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import NOT_FINISHED, Access, Certificate, Enough, Progress, SiteReading, read_by
from tjtools.site import Card, CardPage
from tjtools.team import shared
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.derived import COVERAGE, Derived
from tjtools.workspace.folder import Workspace

HARMLESS_GONE = 20  # so many may go without a question
HARMLESS_PERCENT = 10  # or so large a part of what was there
NOTHING = "Nothing was read: the library holds no creative that this looks for."


@dataclass(frozen=True, slots=True)
class Update:
    """What a reading of the site means for the library; nothing is written yet.

    The reading began `at` this time, and `snapshot` was the newest then, `""` without one. `known` are the IDs that can
    be gone: those that were there then, by the library. `difference` is what would change.
    """

    workspace: Workspace
    source: Source
    reading: SiteReading
    at: datetime
    snapshot: str
    known: frozenset[str]
    difference: LibraryDifference

    @property
    def full(self) -> bool:
        """Everything that the site shows is taken over; else the review status alone, and no creative is added."""
        return self.source is Source.REFRESH

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """What was read of each section."""
        return self.reading.certificates

    @property
    def stopped(self) -> TJToolsError | None:
        """Why the site was not read to the end: then nothing is applied."""
        return self.reading.stopped

    @property
    def is_void(self) -> bool:
        """Whether no section was read, since the library holds nothing to look for: there is nothing to apply."""
        return not (self.certificates or self.stopped)

    @property
    def removals_to_allow(self) -> int:
        """How many removals a person has to let through; 0 where so few go without a question."""
        gone = len(self.difference.removed)
        return gone if gone > HARMLESS_GONE and gone * 100 > HARMLESS_PERCENT * len(self.known) else 0

    def check_removals(self, allowed: int) -> None:
        """Raise `TooManyGone` where more is gone than goes without a question, and than `allowed`."""
        if allowed < self.removals_to_allow:
            raise TooManyGone(self.removals_to_allow, len(self.known))


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What came of an update: what changed, how many rows the history got, and where the snapshot lies."""

    difference: LibraryDifference
    certificates: tuple[Certificate, ...]
    history_rows: int
    snapshot: Path


def refresh_library(
    workspace: Workspace,
    access: Access | None = None,
    *,
    confirm: Callable[[Update], bool],
    new: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    allow_removals: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> UpdateReport | None:
    """Make the cache say what the site shows, once `confirm` has seen the difference; None where it says no.

    `access` is by default the workspace's own; `new`, `progress` and `cancelled` are as in `plan_refresh`.

    Creatives that are gone stay as rows with the status `removed`. Raises what ended the reading, and `TooManyGone`
    where more than 20 and more than a tenth are gone and `allow_removals` is less; then nothing is written.

    Apply what is new and changed, unless something is gone::

        refresh_library(Workspace.find(cwd=Path.cwd()), confirm=lambda update: not update.difference.removed)
    """
    update = plan_refresh(workspace, access, new=new, now=now, progress=progress, cancelled=cancelled)
    if update.stopped:
        raise update.stopped
    update.check_removals(allow_removals)
    return apply_update(update, now=now(), allow_removals=allow_removals) if confirm(update) else None


def plan_refresh(
    workspace: Workspace,
    access: Access | None = None,
    *,
    new: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Update:
    """Read the whole library off the site and compare it with the cache; nothing is written.

    `new`: read each section only from its top down to creatives that its last complete reading has covered; then none
    counts as gone. A section without a complete reading, or of which the cache has lost rows since, is read to its end.

    An error of the site ends the reading: the update's `stopped` is that error, and it can't be applied. Raises what
    opening the site raises, and TrackingFileError for files that can't be read.
    """
    library, at, snapshot = _begin(workspace, now)
    known = read_coverage(workspace) if new else {}
    gone = {one.creative_id for one in library if one.removed}
    covered = {section: ids - gone for section, ids in known.items() if all(key in library for key in ids)}
    way = [(section, partial(_ends_in, covered.get(section, frozenset()))) for section in Section]
    reading = read_by(access or access_to(workspace, cancelled=cancelled), lambda _: way, progress, cancelled)
    return plan_update(workspace, library, reading, Source.REFRESH, at=at, snapshot=snapshot, removals=not new)


def sync_status(
    workspace: Workspace,
    access: Access | None = None,
    *,
    pending: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    allow_removals: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> UpdateReport | None:
    """Bring the review status of the cached creatives up to date, and mark those that are gone as `removed`.

    None where the library holds nothing to look for: nothing is read then, and nothing written.

    `access` is by default the workspace's own; `pending`, `progress` and `cancelled` are as in `plan_sync`. Raises what
    ended the reading, and `TooManyGone` as `refresh_library` does; then nothing is written.

    What was decided since::

        report = sync_status(Workspace.find(cwd=Path.cwd()), pending=True)
        report and report.difference.status_changed
        # (FieldChange('1032530571', 'a.mp4', field='review_status', old='pending', new='approved'),)
    """
    update = plan_sync(workspace, access, pending=pending, now=now, progress=progress, cancelled=cancelled)
    return None if update.is_void else apply_update(update, now=now(), allow_removals=allow_removals)


def plan_sync(
    workspace: Workspace,
    access: Access | None = None,
    *,
    pending: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Update:
    """Read the sections that have cached creatives, and say which statuses differ; nothing is written.

    Where one is missing, the other sections are read too, before it counts as gone.

    `pending`: read each section only until its pending creatives are found; then none counts as gone. A creative of
    unknown section is looked for in all of them. The site is not opened where there is nothing to look for.
    """
    library, at, snapshot = _begin(workspace, now)
    wanted = _wanted(library, pending=pending)
    reading = SiteReading((), ())
    if wanted:
        way = partial(_until_found if pending else _whole, wanted)
        reading = read_by(access or access_to(workspace, cancelled=cancelled), way, progress, cancelled)
    if pending:
        reading.not_found = tuple(sorted(set().union(*wanted.values()) - reading.seen))
    return plan_update(workspace, library, reading, Source.SYNC, at=at, snapshot=snapshot, removals=not pending)


def _ends_in(covered: Set[str], seen: Mapping[str, Card], page: CardPage) -> bool:
    """Whether it ends that far down (it may begin with one that was moved up), and no creative there is unknown.

    Else one may have moved to a page that was read before: then the section is read to its end, which tells.
    """
    known = covered | seen.keys()
    return page.cards[-1].creative_id in covered and page.total is not None and page.total <= len(known)


def _all_seen(missing: Set[str], seen: Mapping[str, Card], _page: CardPage) -> bool:
    return missing <= seen.keys()


def _begin(workspace: Workspace, now: Callable[[], datetime]) -> tuple[Library, datetime, str]:
    """The library, once all that will be written can be; the time, and the newest snapshot."""
    library = Library.load(workspace.library)
    History.of(workspace).check()
    return library, now(), newest_snapshot(workspace)


def _wanted(library: Iterable[Creative], *, pending: bool) -> dict[Section, set[str]]:
    wanted: dict[Section, set[str]] = {section: set() for section in Section}
    for creative in library:
        if not (creative.removed or (pending and creative.review_status is not ReviewStatus.PENDING)):
            for section in _homes(creative):
                wanted[section].add(creative.creative_id)
    return {section: ids for section, ids in wanted.items() if ids}


def _homes(creative: Creative) -> set[Section]:
    """The sections in which a cached creative may be: its own, or all where that is unknown."""
    return {creative.creative_type.section} if creative.creative_type else set(Section)


def _whole(wanted: Mapping[Section, set[str]], reading: SiteReading) -> Iterator[tuple[Section, None]]:
    """Every section wanted; where a creative is missing, the others too: it may be cached under a wrong type."""
    yield from ((section, None) for section in wanted)
    if set().union(*wanted.values()) - reading.seen:
        yield from ((section, None) for section in Section if section not in wanted)


def _until_found(wanted: Mapping[Section, set[str]], reading: SiteReading) -> Iterator[tuple[Section, Enough]]:
    for section, here in wanted.items():
        missing = here - reading.seen
        if missing or reading.stopped:
            yield section, partial(_all_seen, missing)
        else:
            reading.certificates += (Certificate(section, verdict=NOT_FINISHED),)


def plan_update(
    workspace: Workspace,
    library: Library,
    reading: SiteReading,
    source: Source,
    *,
    at: datetime,
    snapshot: str,
    removals: bool = True,
) -> Update:
    """Say what a reading means for the library, as it was loaded before the reading began.

    `at` and `snapshot` are the time and the newest snapshot of then. Without `removals`, no creative counts as gone.
    """
    known = frozenset(creative.creative_id for creative in library if removals and not creative.removed)
    blank = Update(workspace, source, reading, at, snapshot, known, LibraryDifference())
    return blank if reading.stopped else replace(blank, difference=_follow(blank, library)[-1])


def apply_update(update: Update, *, now: datetime, allow_removals: int = 0) -> UpdateReport:
    """Write it down, with what others have written into the library since; the history says when it was read.

    Raises the error that stopped the reading, `TooManyGone` beyond what `allow_removals` allows, TJToolsError where a
    later reading was applied meanwhile, TeamUnreachable, and TrackingFileError; the library is then as it was, unless
    the error is of the snapshot, which is kept last.
    """
    if update.stopped:
        raise update.stopped
    workspace = update.workspace
    history = History.of(workspace)
    history.check()
    with shared(workspace):
        if newest_snapshot(workspace) != update.snapshot:
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
        rows = history.record(observed, source=update.source, now=update.at, known=known)
        if difference or (update.full and not _is_tidy(library, creatives)):
            library.rewrite(creatives, now=now, keep_bad=not update.full)
        if update.full:
            keep_coverage(workspace, update.reading)
        snapshot = keep_snapshot(workspace, _certificate(update), now)
    return UpdateReport(difference, update.certificates, rows, snapshot)


def _certificate(update: Update) -> dict[str, object]:
    changes = {part.name: len(getattr(update.difference, part.name)) for part in fields(update.difference)}
    return {
        "observed_at": in_utc(update.at),
        "source": update.source.value,
        "sections": [shown_certificate(one) for one in update.certificates],
        **changes,
    }


def shown_certificate(one: Certificate) -> dict[str, str | int | None]:
    """One section's certificate as plain data."""
    return asdict(one) | {"section": one.section.value}


def _follow(update: Update, library: Library) -> tuple[list[Creative], list[Creative], LibraryDifference]:
    """What the library becomes, row by row; what the history is told of it; and what differs.

    Asked when the update is planned, and again for the file as it is when it is applied. Rows of one ID that contradict
    each other may still be several in the first; the other two know one each.
    """
    shown = {creative.creative_id: creative for creative in update.reading.creatives}
    after = {one: _after(update, one, shown.get(one.creative_id)) for one in library}
    new = [found for key, found in shown.items() if key not in library] if update.full else []
    before = _one_each(library, shown)
    one_each = [*(after[one] for one in before), *new]
    observed = [one for one in one_each if one.creative_id in shown or one.removed]
    return [*after.values(), *new], observed, diff_libraries(before, one_each)


def _after(update: Update, known: Creative, shown: Creative | None) -> Creative:
    """A cached creative as it is after the update; `shown` is what the site shows of it.

    It is gone where it was there when the reading began, and its section was read to its end without it. What the
    library knew and the site doesn't show is kept.
    """
    if shown is None:
        gone = known.creative_id in update.known and update.reading.complete >= _homes(known)
        return known._replace(review_status=ReviewStatus.REMOVED) if gone else known
    kept = None if known.removed else known.review_status
    known = known._replace(review_status=shown.review_status or kept)
    if not update.full:
        return known
    name = fuller(known.filename, shown.filename) if same_name(known.filename, shown.filename) else shown.filename
    return known._replace(
        filename=known.filename if is_cut(shown.filename, known.filename) else name,
        dimensions=shown.dimensions or known.dimensions,
        file_type=shown.file_type or known.file_type,
        creative_type=shown.creative_type,
    )


def _one_each(library: Iterable[Creative], shown: Mapping[str, Creative]) -> list[Creative]:
    """One creative an ID: of rows that contradict each other, the one that agrees with the site, else the first."""
    rows: dict[str, list[Creative]] = {}
    for creative in library:
        rows.setdefault(creative.creative_id, []).append(creative)
    return [
        next((one for one in each if key in shown and same_name(one.filename, shown[key].filename)), each[0])
        for key, each in rows.items()
    ]


def _is_tidy(library: Library, creatives: list[Creative]) -> bool:
    table = read_table(library.path, COLUMNS)
    written = [tuple(row[column] for column in COLUMNS) for row in table.rows]
    plain = table.form is not None and table.form.plain and not table.bad
    return plain and written == [fields_of(as_written(creative)) for creative in creatives]


def read_coverage(workspace: Workspace) -> dict[Section, frozenset[str]]:
    """The IDs of each section that its last complete reading has covered: so far down must one for what is new go.

    New cards come first on the site, so whatever stands below one of these was there before. An upload of ours covers
    nothing: creatives of other people may stand below it.
    """
    covered = Derived(workspace).load(COVERAGE, lambda ids: frozenset(map(str, ids)))
    return {section: covered[section.value] for section in Section if section.value in covered}


def keep_coverage(workspace: Workspace, reading: SiteReading) -> None:
    """Note the IDs of sections that were read completely; what is known of the others stays."""
    covered = {
        section.value: [one.creative_id for one in reading.creatives if one.creative_type is section.creative_type]
        for section in reading.complete
    }
    Derived(workspace).keep(COVERAGE, covered)
