"""Check the tracking files against one another and against the site, and mend what is safe to mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tjtools.cache.history import Source
from tjtools.cache.inventory import record_in_master
from tjtools.cache.library import Library
from tjtools.cache.snapshots import newest_snapshot
from tjtools.diff.libraries import FieldChange, LibraryDifference
from tjtools.health.agreement import LOOK, Disagreement, disagreements
from tjtools.model.creative import Creative
from tjtools.model.names import is_cut, same_name
from tjtools.scrape.refresh import Update, apply_update, plan_update
from tjtools.upload.journal import Journal
from tjtools.upload.resume import only_live_run, recover
from tjtools.workspace.folder import Workspace

_SYNC = "Run: tjtools sync-status, or tjtools verify --site --fix"
_REFRESH = "Run: tjtools refresh-library"
_RENAMED = f"If nobody renamed it there, the ID is another file's: look. {_REFRESH} takes over the site's name."


def verify(workspace: Workspace, update: Update | None = None) -> tuple[Disagreement, ...]:
    """Every disagreement among the tracking files; with a reading of the site (`plan_refresh`), also with the site.

    Nothing is written. Raises the error that stopped the reading, and those of a tracking file that can't be read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> verify(Workspace(Path(tempfile.mkdtemp())))
    ()
    """
    if update is None:
        return disagreements(workspace)
    if update.stopped:
        raise update.stopped
    shown = {creative.creative_id: creative for creative in update.reading.creatives}
    confirmed = [one.creative for some in Journal(workspace.log).unrecorded().values() for one in some]
    others = [each for each in confirmed if each and each.creative_id in shown and not _agrees(shown, each)]
    among_files = (_asked(one, shown, others) for one in disagreements(workspace))
    return (*among_files, *_with_site(workspace.library, update.difference))


def mend(
    workspace: Workspace, found: Sequence[Disagreement], update: Update | None = None, *, now: datetime
) -> tuple[Disagreement, ...]:
    """Mend what is safe, each file with a backup, and return what disagrees then.

    What the journal knows is recorded, IDs that a run wrote down are added where library or master lack them, and with
    a reading of the site the review statuses follow it. A name or an ID is never changed. Raises `TrackingFileError`,
    also while a live run is under way, and `TooManyGone` as `sync_status` does.
    """
    library = Library.load(workspace.library)
    with only_live_run(workspace):
        if any(one.replay for one in found):
            recover(workspace, library, Journal(workspace.log), now=lambda: now)
        if workspace.library.exists() and any(one.missing for one in found):
            library.rewrite(now=now, keep_bad=True)  # for its backup
        library.add([one.missing for one in found if one.missing])
        if files := [one.file for one in found if one.file]:
            record_in_master(workspace, files, backup=now)
    if update is None:
        return verify(workspace)
    if any(one.follow for one in found):
        apply_update(replace(update, source=Source.SYNC), now=now)
    library = Library.load(workspace.library)
    snapshot = newest_snapshot(workspace)
    now_read = plan_update(workspace, library, update.reading, update.source, at=update.at, snapshot=snapshot)
    return verify(workspace, now_read)


def _asked(one: Disagreement, shown: Mapping[str, Creative], others: Sequence[Creative]) -> Disagreement:
    """What would be mended, unless the site has no such creative or another name for it; `others` are the journal's."""
    if one.replay and others:
        names = ", ".join(map(_named, others))
        return one._replace(found=f"{one.found}; the site has another name for {names}", remedy=LOOK, replay=False)
    told = one.missing or (Creative(one.file[1], one.file[0].name) if one.file else None)
    if told is None or _agrees(shown, told):
        return one
    there = shown.get(told.creative_id)
    says = f"calls it {there.filename!r}" if there else "has no such creative"
    remedy = LOOK if there else "It was deleted there, or the ID is wrong; no file counts it as there."
    return one._replace(found=f"{one.found}; the site {says}", remedy=remedy, missing=None, file=None)


def _agrees(shown: Mapping[str, Creative], told: Creative) -> bool:
    """Whether the site has the creative, under its name or the beginning of it."""
    there = shown.get(told.creative_id)
    return there is not None and (same_name(there.filename, told.filename) or is_cut(there.filename, told.filename))


def _with_site(path: Path, difference: LibraryDifference) -> Iterator[Disagreement]:
    told = (
        *((f"{_named(one)} is gone from the site", _SYNC) for one in difference.removed),
        *((f"{_named(one)} is on the site, the library lacks it", _REFRESH) for one in difference.added),
        *(
            (f"{_named(one)} is {one.new} on the site, {one.old or 'of unknown status'} here", _SYNC)
            for one in difference.status_changed
        ),
        *(
            (f"{one.creative_id} is called {one.new!r} on the site, {one.old!r} here", _RENAMED)
            for one in difference.renamed
        ),
        *(
            (f"{_named(one)} has the {one.field} {one.new} on the site, {one.old or 'none'} here", _REFRESH)
            for one in difference.other
        ),
    )
    return (Disagreement(path, None, found, remedy, follow=remedy == _SYNC) for found, remedy in told)


def _named(one: Creative | FieldChange) -> str:
    return f"{one.creative_id} ({one.filename})"
