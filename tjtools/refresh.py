"""The library follows the site: read all five sections, show the difference, apply it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tjtools.cache import Library
from tjtools.certificate import Progress, read_sections
from tjtools.history import History, Source
from tjtools.models import Section
from tjtools.site import Site
from tjtools.update import Update, UpdateReport, apply_update, plan_update
from tjtools.workspace import Workspace


def plan_refresh(
    workspace: Workspace,
    connect: Callable[[], Site],
    *,
    progress: Progress | None = None,
    sign_in: Callable[[Site], None] | None = None,
) -> Update:
    """Read the whole library off the site and compare it with the cache; nothing is written.

    `connect` opens the site at its Media Library; `sign_in` lets a person sign in where the session expires meanwhile.
    An error of the site ends the reading: the update's `stopped` is that error, and it can't be applied.
    """
    library = Library.load(workspace.library)
    History.of(workspace).check()
    site = connect()
    try:
        reading = read_sections(site, Section, progress=progress, sign_in=sign_in)
    finally:
        site.close()
    return plan_update(workspace, library, reading, Source.REFRESH, full=True)


def refresh_library(
    workspace: Workspace,
    connect: Callable[[], Site],
    *,
    now: Callable[[], datetime],
    confirm: Callable[[Update], bool],
    allow_removals: int = 0,
    progress: Progress | None = None,
    sign_in: Callable[[Site], None] | None = None,
) -> UpdateReport | None:
    """Make the cache say what the site shows, once `confirm` has seen the difference; None where it says no.

    Creatives that are gone stay as rows with the status `removed`. Raises what ended the reading, and `TooManyGone`
    where more than 20 and more than a tenth are gone and `allow_removals` is less; then nothing is written.
    """
    update = plan_refresh(workspace, connect, progress=progress, sign_in=sign_in)
    if update.stopped:
        raise update.stopped
    update.check_removals(allow_removals)
    return apply_update(update, now=now(), allow_removals=allow_removals) if confirm(update) else None
