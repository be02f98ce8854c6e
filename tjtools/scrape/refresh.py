"""The library follows the site: a refresh takes over all of it, a sync the review statuses alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.scrape.apply import Begun, Update, UpdateReport, apply_update, plan_update
from tjtools.scrape.connection import access_to
from tjtools.scrape.coverage import read_coverage
from tjtools.scrape.reading import Access, Progress, Reader, SiteReading, read_by
from tjtools.scrape.section import NOT_FINISHED, Certificate
from tjtools.site import Card, CardPage
from tjtools.workspace.folder import Workspace


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
    library = _load(workspace)
    covered = {
        section: ids for section, ids in read_coverage(workspace).items() if new and all(key in library for key in ids)
    }
    begun = Begun.of(workspace, now())

    def down_to_covered(reader: Reader) -> None:
        for section in Section:
            reader.read(section, enough=partial(_has_come_to, covered.get(section, ())))

    reading = read_by(access or access_to(workspace, cancelled=cancelled), down_to_covered, progress, cancelled)
    return plan_update(workspace, library, reading, Source.REFRESH, begun=begun, full=True, removals=not new)


def sync_status(
    workspace: Workspace,
    access: Access | None = None,
    *,
    pending: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    allow_removals: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> UpdateReport:
    """Bring the review status of the cached creatives up to date, and mark those that are gone as `removed`.

    `access` is by default the workspace's own; `pending`, `progress` and `cancelled` are as in `plan_sync`. Raises what
    ended the reading, and `TooManyGone` where more than 20 and more than a tenth are gone and `allow_removals` is less;
    then nothing is written.

    What was decided since::

        report = sync_status(Workspace.find(cwd=Path.cwd()), pending=True)
        report.difference.status_changed
        # (FieldChange('1032530571', 'a.mp4', field='review_status', old='pending', new='approved'),)
    """
    update = plan_sync(workspace, access, pending=pending, now=now, progress=progress, cancelled=cancelled)
    return apply_update(update, now=now(), allow_removals=allow_removals)


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
    library = _load(workspace)
    begun = Begun.of(workspace, now())
    wanted = _wanted(library, pending=pending)
    reading = SiteReading((), ())
    if wanted:
        way = partial(_read_pending if pending else _read_whole, wanted)
        reading = read_by(access or access_to(workspace, cancelled=cancelled), way, progress, cancelled)
    if pending:
        not_found = set().union(*wanted.values()) - {creative.creative_id for creative in reading.creatives}
        reading = replace(reading, not_found=tuple(sorted(not_found)))
    return plan_update(workspace, library, reading, Source.SYNC, begun=begun, full=False, removals=not pending)


def _load(workspace: Workspace) -> Library:
    """The library, once all that will be written can be."""
    library = Library.load(workspace.library)
    History.of(workspace).check()
    return library


def _has_come_to(covered: Collection[str], _seen: Mapping[str, Card], page: CardPage) -> bool:
    """Whether a page ends with a creative that was there before; it may begin with one that was moved up."""
    return page.cards[-1].creative_id in covered


def _wanted(library: Iterable[Creative], *, pending: bool) -> dict[Section, set[str]]:
    """The sections to read, in the site's order, with the IDs that are looked for there."""
    wanted: dict[Section, set[str]] = {section: set() for section in Section}
    for creative in library:
        if creative.removed or (pending and creative.review_status is not ReviewStatus.PENDING):
            continue
        for section in [creative.creative_type.section] if creative.creative_type else Section:
            wanted[section].add(creative.creative_id)
    return {section: ids for section, ids in wanted.items() if ids}


def _read_whole(wanted: Mapping[Section, set[str]], reader: Reader) -> None:
    """Read every section wanted; where a creative is missing, the others too: it may be cached under a wrong type."""
    reader.read(*wanted)
    if set().union(*wanted.values()) - reader.seen:
        reader.read(*(section for section in Section if section not in wanted))


def _read_pending(wanted: Mapping[Section, set[str]], reader: Reader) -> None:
    """Read each section until what is wanted there is found."""
    for section, here in wanted.items():
        missing = here - reader.seen
        if missing or reader.stopped:
            reader.read(section, enough=partial(_all_seen, missing))
        else:
            reader.certificates.append(Certificate(section, verdict=NOT_FINISHED))


def _all_seen(missing: Set[str], seen: Mapping[str, Card], _page: CardPage) -> bool:
    return missing <= seen.keys()
