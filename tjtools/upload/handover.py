"""One batch on the real site: hand the files over, then read off the list which Creative IDs they got."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Event

from tjtools.model.creative import Key, Section, SessionFile, UploadStatus
from tjtools.model.errors import Cancelled, IncompleteReading, SiteError
from tjtools.model.names import as_shown
from tjtools.model.words import LONG, Waiting, counted
from tjtools.scrape.reading import open_list, pages_of, read_section
from tjtools.site import Card, FileResult, FileState, Site
from tjtools.upload.journal import HandedOver
from tjtools.upload.pairing import Outcome, age_of, is_newer, pair
from tjtools.workspace.settings import UploadSettings

log = logging.getLogger("tjtools.upload")

FOUND = "found on the site, after an earlier run was cut off"
NOT_WAITED = "not waited for: the site may still come to show it (tjtools upload --resume looks again)"
DUPLICATE_WAIT = 2.0  # seconds in which a new creative may still show beside an old one of its name
LOOK_AGAIN, SELDOM = 3.0, 20.0  # seconds, at first and later: an open list hears nothing of another browser's uploads


def newest_id(site: Site, section: Section) -> str:
    """The highest Creative ID on the section's first page, where new cards come first; `""` if it is empty.

    Raises `IncompleteReading` where no card shows and the page does not say that there is none: then nobody could tell
    later which creatives are new.
    """
    page = site.read_page()
    if not page.cards:
        page = open_list(site, section)
    if not page.cards and page.total != 0:
        raise IncompleteReading(
            "The section shows no creative and does not say that it is empty; nothing was handed over.",
            remedy="Look at the page with --headed; the line's selector is library.total in selectors.toml.",
        )
    return max((card.creative_id for card in page.cards), key=age_of, default="")


def hand_over(
    site: Site, files: Sequence[SessionFile], settings: UploadSettings, told: Callable[[str, FileResult], None]
) -> tuple[dict[str, FileResult], SiteError | Cancelled | None]:
    """Upload into the open panel; the site's word on each file, and the error that cut the wait short, if one did.

    A file without a final word is `LOST` then: the site may hold it.
    """
    heard: dict[str, FileResult] = {}

    def hear(name: str, result: FileResult) -> None:
        heard[name] = result
        told(name, result)

    try:
        return site.hand_over([file.path for file in files], hear, stalled_after=settings.processing_timeout), None
    except (SiteError, Cancelled) as error:
        cut = FileResult(FileState.LOST, f"the run stopped while the site worked on it: {error.message}")
        results = {file.name: heard.get(file.name, cut) for file in files}
        return {name: result if result.state.final else cut for name, result in results.items()}, error


def settle(
    site: Site,
    files: Sequence[SessionFile],
    results: Mapping[str, FileResult],
    *,
    newest_before: str,
    sizes: Mapping[Key, str],
    card_timeout: float,
    duplicate_wait: float = DUPLICATE_WAIT,
) -> tuple[Outcome, ...]:
    """Read the section until every file that the site may hold has its creative, or `card_timeout` seconds are over.

    Only when a file has no new card is the whole section read, to see whether it held the name before. Even if it did,
    a new card is waited for `duplicate_wait` seconds: names are not unique on the site.

    Who hears of the site's waits can cut this one short: files that are missing then are left `open`.
    """
    began = time.monotonic()
    deadline, last_call = began + card_timeout, began + min(duplicate_wait, card_timeout)
    try:
        return _settled(site, files, results, newest_before, sizes, deadline, last_call)
    finally:
        site.waits(None)


def _settled(
    site: Site,
    files: Sequence[SessionFile],
    results: Mapping[str, FileResult],
    newest_before: str,
    sizes: Mapping[Key, str],
    deadline: float,
    last_call: float,
) -> tuple[Outcome, ...]:
    section, cut = files[0].section, Event()
    old: Sequence[Card] | None = None
    pause = LOOK_AGAIN
    while True:
        site.open_section(section)
        new = _new_cards(site, newest_before)
        outcomes = pair(files, results, new, old or (), sizes)
        now = time.monotonic()
        missing = [one.file for one in outcomes if _is_missing(one, results, duplicates=now < last_call)]
        if missing and old is None:
            old = [card for card in read_section(site, section) if not is_newer(card.creative_id, newest_before)]
            continue
        if not missing or now >= deadline:
            return outcomes
        if cut.is_set():
            return tuple(_left_open(one) if one.file in missing else one for one in outcomes)
        seen = [card.creative_id for card in (*new, *(old or ()))]
        ahead = last_call if now < last_call else deadline
        if ahead - now > LONG:
            site.waits(Waiting(ahead, len(missing), cut=cut.set))
        names = [name for file in missing for name in as_shown(file.name)]
        site.wait_for_names(names, seen, min(ahead - now, pause), cut.is_set)
        pause = min(1.5 * pause, SELDOM)


def _left_open(one: Outcome) -> Outcome:
    """What is unknown because nobody waited for it; a creative that bore its name before is no answer then."""
    return Outcome(one.file, UploadStatus.UNKNOWN_ID, message=NOT_WAITED, open=True)


def _new_cards(site: Site, newest_before: str) -> list[Card]:
    found: dict[str, Card] = {}
    for page in pages_of(site, site.read_page()):
        new = [card for card in page.cards if is_newer(card.creative_id, newest_before)]
        found |= {card.creative_id: card for card in new}
        if len(new) < len(page.cards):
            break
    return list(found.values())


def _is_missing(one: Outcome, results: Mapping[str, FileResult], *, duplicates: bool) -> bool:
    unseen = one.status is UploadStatus.UNKNOWN_ID and not one.candidates
    waited_for = unseen or (duplicates and one.status is UploadStatus.DUPLICATE)
    return waited_for and results[one.file.name].state is not FileState.REFUSED


def look_for(
    site: Site,
    files: Sequence[SessionFile],
    handed: HandedOver,
    *,
    sizes: Mapping[Key, str],
    patience: float,
    now: datetime,
) -> tuple[Outcome, ...]:
    """Look for files of one hand-over of which nobody heard: somebody may be at work on them for `patience` seconds.

    What isn't there by then has the status unknown and no candidates.
    """
    elapsed = max((now - handed.at).total_seconds(), 0.0)  # negative: the clock was set back
    left = max(patience - elapsed, 0.0)
    log.info("Looking in %s for %s of an earlier run...", handed.section.value, counted(len(files), "file"))
    taken = {file.name: FileResult(FileState.TAKEN) for file in files}
    found = settle(site, files, taken, newest_before=handed.newest, sizes=sizes, card_timeout=left, duplicate_wait=left)
    return tuple(replace(each, message=FOUND) if each.card and not each.message else each for each in found)
