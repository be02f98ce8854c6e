"""What an earlier run handed over without learning what came of it: looked for on the site, and what is said of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tjtools.cache.library import Library
from tjtools.model.creative import Key, SessionFile, UploadStatus
from tjtools.model.words import counted
from tjtools.site import FileResult, FileState, Site
from tjtools.team import Left
from tjtools.upload.handover import Outcome, is_newer, log, new_cards, pair, settle
from tjtools.upload.journal import HandedOver

FOUND = "found on the site, after an earlier run was cut off"
EXCHANGED = "; the file holds something else by now, which is not there: upload that under another name"
TOLD = "the library has it under this whole name"
TIMED_OUT = "the site timed out on it in an earlier run and does not list it: it goes up again on your word alone"
OTHERWISE = "the site timed out on what it held before: upload this one under another name"
IN_DOUBT = "handed over, and not looked for on the site since"
GONE = "handed over by an earlier run, and the site does not list it"


def look_for(
    site: Site,
    files: Sequence[SessionFile],
    handed: HandedOver,
    sizes: Mapping[Key, str],
    contents: Mapping[Key, str],
    library: Library,
    *,
    patience: float,
    now: datetime,
) -> tuple[Outcome, ...]:
    """Look for files of one hand-over of which nobody heard: somebody may be at work on them for `patience` seconds.

    What isn't there by then has the status unknown and no candidates. `contents` are the checksums of the files as they
    are now: what was handed over may have been another.
    """
    elapsed = max((now - handed.at).total_seconds(), 0.0)  # negative: the clock was set back
    left = max(patience - elapsed, 0.0)
    log.info("Looking in %s for %s of an earlier run...", handed.section.value, counted(len(files), "file"))
    taken = {file.name: FileResult(FileState.TAKEN) for file in files}
    found = settle(site, files, taken, newest_before=handed.newest, sizes=sizes, card_timeout=left, duplicate_wait=left)
    return _as_found(found, held_then(files, handed, contents), library, handed.newest)


def shown_since(
    site: Site,
    files: Sequence[SessionFile],
    handed: HandedOver,
    sizes: Mapping[Key, str],
    contents: Mapping[Key, str],
    library: Library,
) -> tuple[Outcome, ...]:
    """Look once more among the new creatives alone, and return the files that bear one's name; others are not there."""
    taken = {file.name: FileResult(FileState.TAKEN) for file in files}
    found = pair(files, taken, new_cards(site, handed.newest), (), sizes)
    there = [one for one in found if one.candidates]
    return _as_found(there, held_then(files, handed, contents), library, handed.newest)


def held_then(files: Iterable[SessionFile], handed: HandedOver, contents: Mapping[Key, str]) -> set[Key]:
    """The files that hold what was handed over, as far as that is known; `contents` are their checksums now."""
    before = dict(handed.contents)
    return {one.key for one in files if not (was := before.get(one.name)) or contents.get(one.key, was) == was}


def _as_found(
    found: Iterable[Outcome], same: Container[Key], library: Library, newest_before: str
) -> tuple[Outcome, ...]:
    told = (
        replace(one, message=(one.message or FOUND) + EXCHANGED * (one.file.key not in same)) if one.card else one
        for one in found
    )
    return tuple(_as_told(one, library, newest_before) for one in told)


def _as_told(one: Outcome, library: Library, newest_before: str) -> Outcome:
    """The same; of several candidates the one that the library has under the file's whole name is it.

    For so a person has said (`tjtools add`): a name that was read off the site has no extension.
    """
    mine = [card for card in one.candidates if one.file.name in [row.filename for row in library.get(card.creative_id)]]
    if one.status is not UploadStatus.UNKNOWN_ID or len(mine) != 1 or len(one.candidates) == 1:
        return one
    new = is_newer(mine[0].creative_id, newest_before)
    status = UploadStatus.SUCCESS if new else UploadStatus.DUPLICATE
    return replace(one, status=status, creative_id=mine[0].creative_id, message=TOLD, card=mine[0])


def hand_over_of(left: Left) -> HandedOver:
    """What somebody of the team began to hand over, as far as their claim tells."""
    section, name = left.key
    contents = ((name, left.content),)
    return HandedOver(at=left.made, run=left.run, section=section, files=(name,), newest=left.newest, contents=contents)


def unseen(found: Iterable[Outcome]) -> Iterator[Outcome]:
    """Those that the site does not list, though it was waited for them: what nobody waited for is none of them."""
    return (one for one in found if one.status is UploadStatus.UNKNOWN_ID and not (one.candidates or one.open))


def gone(unseen: Iterable[Outcome]) -> list[Outcome]:
    """What is said of those that the session has no more."""
    return [Outcome(one.file, UploadStatus.FAILED, message=GONE) for one in unseen]


def timed_out(unseen: Iterable[Outcome], stalled: Container[Key], same: Container[Key]) -> list[Outcome]:
    """What is said of those on which the site timed out; another content would pass for what it may come to show."""
    held = (one for one in unseen if one.file.key in stalled)
    return [replace(one, message=TIMED_OUT if one.file.key in same else OTHERWISE) for one in held]
