"""What an earlier run handed over without learning what came of it: looked for on the site, and what is said of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, eq=False)
class Doubt:
    """Files of one hand-over of which nobody heard what came of them.

    `sizes` and `contents`, their checksums, are those of the files as they are now: what was handed over may have been
    another.
    """

    handed: HandedOver
    files: Sequence[SessionFile]
    sizes: Mapping[Key, str]
    contents: Mapping[Key, str]
    library: Library

    def look_for(self, site: Site, *, patience: float, now: datetime) -> tuple[Outcome, ...]:
        """Look for them, for somebody may be at work on them for `patience` seconds.

        What isn't there by then has the status unknown and no candidates.
        """
        elapsed = max((now - self.handed.at).total_seconds(), 0.0)  # negative: the clock was set back
        left, newest = max(patience - elapsed, 0.0), self.handed.newest
        log.info(
            "Looking in %s for %s of an earlier run...", self.handed.section.value, counted(len(self.files), "file")
        )
        waits = {"card_timeout": left, "duplicate_wait": left}
        return self._told(settle(site, self.files, self._taken, newest_before=newest, sizes=self.sizes, **waits))

    def shown_since(self, site: Site) -> tuple[Outcome, ...]:
        """Look once more, among the new creatives alone: those of which one bears the name."""
        found = pair(self.files, self._taken, new_cards(site, self.handed.newest), (), self.sizes)
        return self._told(one for one in found if one.candidates)

    def allowed(self, words: Mapping[Key, datetime]) -> set[Key]:
        """Those that a person's word, at its moment, lets go up again: it is of what was handed over before it."""
        return {key for key in self._same if key in words and self.handed.at <= words[key]}

    def timed_out(self, unseen: Iterable[Outcome], stalled: Container[Key]) -> list[Outcome]:
        """What is said of those on which the site timed out; other content would pass for what it may come to show."""
        same = self._same
        held = (one for one in unseen if one.file.key in stalled)
        return [replace(one, message=TIMED_OUT if one.file.key in same else OTHERWISE) for one in held]

    @property
    def _same(self) -> set[Key]:
        """Those that still hold what was handed over, as far as that is known."""
        then, now = dict(self.handed.contents), self.contents
        return {one.key for one in self.files if not (was := then.get(one.name)) or now.get(one.key, was) == was}

    @property
    def _taken(self) -> dict[str, FileResult]:
        return {file.name: FileResult(FileState.TAKEN) for file in self.files}

    def _told(self, found: Iterable[Outcome]) -> tuple[Outcome, ...]:
        same = self._same
        told = (
            replace(one, message=(one.message or FOUND) + EXCHANGED * (one.file.key not in same)) if one.card else one
            for one in found
        )
        return tuple(_as_told(one, self.library, self.handed.newest) for one in told)


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
