"""The review statuses of the cached creatives follow the site; nothing is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.scrape.apply import Begun, Update, UpdateReport, apply_update, plan_update
from tjtools.scrape.connection import access_to
from tjtools.scrape.reading import NOT_FINISHED, Access, Certificate, Progress, Reader, SiteReading, read_by
from tjtools.site import Card, CardPage
from tjtools.workspace.folder import Workspace


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
    library = Library.load(workspace.library)
    History.of(workspace).check()
    begun = Begun.of(workspace, now())
    wanted = _wanted(library, pending=pending)
    ids = set().union(*wanted.values())
    reading = SiteReading((), ())
    if wanted:
        way = partial(_read_pending if pending else _read_whole, wanted, ids)
        reading = read_by(access or access_to(workspace, cancelled=cancelled), way, progress, cancelled)
    if pending:
        seen = {creative.creative_id for creative in reading.creatives}
        reading = replace(reading, not_found=tuple(sorted(ids - seen)))
    return plan_update(workspace, library, reading, Source.SYNC, begun=begun, full=False, removals=not pending)


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


def _wanted(library: Iterable[Creative], *, pending: bool) -> dict[Section, set[str]]:
    """The sections to read, in the site's order, with the IDs that are looked for there."""
    wanted: dict[Section, set[str]] = {section: set() for section in Section}
    for creative in library:
        if creative.removed or (pending and creative.review_status is not ReviewStatus.PENDING):
            continue
        for section in [creative.creative_type.section] if creative.creative_type else Section:
            wanted[section].add(creative.creative_id)
    return {section: ids for section, ids in wanted.items() if ids}


def _read_whole(wanted: Mapping[Section, set[str]], ids: set[str], reader: Reader) -> None:
    """Read every section wanted; where a creative is missing, the others too: it may be cached under a wrong type."""
    reader.read(dict.fromkeys(wanted))
    if ids - reader.seen:
        reader.read(dict.fromkeys(section for section in Section if section not in wanted))


def _read_pending(wanted: Mapping[Section, set[str]], _ids: set[str], reader: Reader) -> None:
    """Read each section until what is wanted there is found."""
    for section, here in wanted.items():
        missing = here - reader.seen
        if missing or reader.stopped:
            reader.read({section: partial(_all_seen, missing)})
        else:
            reader.certificates.append(Certificate(section, verdict=NOT_FINISHED))


def _all_seen(missing: Set[str], seen: Mapping[str, Card], _page: CardPage) -> bool:
    return missing <= seen.keys()
