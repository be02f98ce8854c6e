"""The library follows the site: read its sections, show the difference, apply it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from tjtools.cache.history import History, Source
from tjtools.cache.library import Library
from tjtools.model.creative import Section
from tjtools.scrape.apply import Begun, Update, UpdateReport, apply_update, plan_update
from tjtools.scrape.connection import access_to
from tjtools.scrape.coverage import read_coverage
from tjtools.scrape.reading import Access, Progress, Reader, read_by
from tjtools.scrape.section import Enough
from tjtools.site import Card, CardPage
from tjtools.workspace.folder import Workspace


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
    library = Library.load(workspace.library)
    History.of(workspace).check()
    covered = {
        section: ids for section, ids in read_coverage(workspace).items() if new and all(key in library for key in ids)
    }
    begun = Begun.of(workspace, now())

    def through(reader: Reader) -> None:
        reader.read({section: _down_to(covered.get(section, ())) for section in Section})

    reading = read_by(access or access_to(workspace, cancelled=cancelled), through, progress, cancelled)
    return plan_update(workspace, library, reading, Source.REFRESH, begun=begun, full=True, removals=not new)


def _down_to(covered: Collection[str]) -> Enough:
    """Enough once a page ends with a creative that was there before; a page may begin with one that was moved up."""

    def enough(_seen: Mapping[str, Card], page: CardPage) -> bool:
        return page.cards[-1].creative_id in covered

    return enough


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
