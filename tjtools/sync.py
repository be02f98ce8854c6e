"""The review statuses of the cached creatives follow the site; nothing is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from tjtools.cache import Library
from tjtools.certificate import Certificate, Progress, Reader, SiteReading, shown_creative
from tjtools.history import History, Source
from tjtools.models import Creative, ReviewStatus, Section
from tjtools.scrape import pages_of
from tjtools.site import Card, Site
from tjtools.update import Update, UpdateReport, apply_update, plan_update
from tjtools.workspace import Workspace

NOT_FINISHED = "not finished: what was looked for is found, nothing counts as gone"
READ_ONCE = "read to its end, once: nothing counts as gone"


def plan_sync(
    workspace: Workspace,
    connect: Callable[[], Site],
    *,
    pending: bool = False,
    progress: Progress | None = None,
    sign_in: Callable[[Site], None] | None = None,
) -> Update:
    """Read the sections that have cached creatives, and say which statuses differ; nothing is written.

    Where one is missing, the other sections are read too, before it counts as gone.

    `pending`: read each section only until its pending creatives are found; then none counts as gone. A creative of
    unknown section is looked for in all of them. `connect` is not called where there is nothing to look for.
    """
    library = Library.load(workspace.library)
    History.of(workspace).check()
    wanted = _wanted(library, pending=pending)
    if not wanted:
        return plan_update(workspace, library, SiteReading((), ()), Source.SYNC, full=False)
    site = connect()
    try:
        reading = (_read_pending if pending else _read_whole)(site, wanted, Reader(progress, sign_in))
    finally:
        site.close()
    return plan_update(workspace, library, reading, Source.SYNC, full=False)


def sync_status(
    workspace: Workspace,
    connect: Callable[[], Site],
    *,
    now: Callable[[], datetime],
    pending: bool = False,
    allow_removals: int = 0,
    progress: Progress | None = None,
    sign_in: Callable[[Site], None] | None = None,
) -> UpdateReport:
    """Bring the review status of the cached creatives up to date, and mark those that are gone as `removed`.

    Raises what ended the reading, and `TooManyGone` where more than 20 and more than a tenth are gone and
    `allow_removals` is less; then nothing is written.
    """
    update = plan_sync(workspace, connect, pending=pending, progress=progress, sign_in=sign_in)
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


def _read_whole(site: Site, wanted: dict[Section, set[str]], reader: Reader) -> SiteReading:
    """Read every section wanted; where a creative is missing, the others too: it may be cached under a wrong type."""
    for section in wanted:
        reader.read(site, section)
    if set().union(*wanted.values()) - _found(reader):
        for section in Section:
            if section not in wanted:
                reader.read(site, section)
    return reader.reading()


def _read_pending(site: Site, wanted: dict[Section, set[str]], reader: Reader) -> SiteReading:
    """Read each section until what is wanted there is found."""
    for section, ids in wanted.items():
        missing = ids - _found(reader)
        if missing or reader.stopped:
            reader.attempt(site, section, partial(_until_found, missing, reader))
        else:
            reader.certificates.append(Certificate(section, verdict=NOT_FINISHED))
    return replace(reader.reading(), not_found=tuple(sorted(set().union(*wanted.values()) - _found(reader))))


def _found(reader: Reader) -> set[str]:
    return {creative.creative_id for creative in reader.creatives}


def _until_found(missing: set[str], reader: Reader, site: Site, section: Section) -> Certificate:
    site.open_section(section)
    cards: dict[str, Card] = {}
    pages = 0
    for page in pages_of(site):
        pages += 1
        cards |= {card.creative_id: card for card in page.cards}
        reader.told(section)(len(cards), page.total or len(cards))
        if missing <= cards.keys():
            break
    reader.creatives += [shown_creative(card, section) for card in cards.values()]
    verdict = NOT_FINISHED if page.has_next else READ_ONCE
    return Certificate(section, page.total, len(cards), pages, verdict=verdict)
