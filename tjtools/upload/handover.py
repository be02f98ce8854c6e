"""One batch on the real site: hand the files over, then read off the list which Creative IDs they got.

Which ID a file got is told by name, section and newness, never by position.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from tjtools.model.cells import is_id
from tjtools.model.creative import Key, Section, SessionFile, UploadStatus
from tjtools.model.errors import Cancelled, IncompleteReading, SiteError
from tjtools.model.names import as_sent, as_shown, file_type
from tjtools.model.words import LONG, Waiting
from tjtools.scrape.reading import open_list, pages_of, read_section
from tjtools.site import Card, FileResult, FileState, Site
from tjtools.workspace.settings import UploadSettings

log = logging.getLogger("tjtools.upload")

NOT_WAITED = "not waited for: the site may still come to show it (tjtools upload --resume looks again)"
DUPLICATE_WAIT = 2.0  # seconds in which a new creative may still show beside an old one of its name
LOOK_AGAIN, SELDOM = 3.0, 20.0  # seconds, at first and later: an open list hears nothing of another browser's uploads


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file; `creative_id` is `""` where none is known.

    `card` is the card that told the ID, `candidates` are all cards that came into question. `open`: nobody waited to
    the end, so the site may still come to show it.
    """

    file: SessionFile
    status: UploadStatus
    creative_id: str = ""
    message: str = ""
    card: Card | None = None
    candidates: tuple[Card, ...] = ()
    open: bool = False


def is_newer(creative_id: str, than: str) -> bool:
    """Whether one ID was given after another; IDs are decimal digits and grow.

    >>> is_newer("1032530571", "1032530561"), is_newer("999", "1032530561"), is_newer("7", "")
    (True, False, True)
    """
    return age_of(creative_id) > age_of(than)


def age_of(creative_id: str) -> tuple[int, str]:
    """By what IDs are ordered: their digits, as a number."""
    return len(creative_id), creative_id


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
    began, section, cut = time.monotonic(), files[0].section, Event()
    deadline, last_call = began + card_timeout, began + min(duplicate_wait, card_timeout)
    old: Sequence[Card] | None = None
    pause = LOOK_AGAIN
    try:
        while True:
            site.open_section(section)
            new = new_cards(site, newest_before)
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
    finally:
        site.waits(None)


def _left_open(one: Outcome) -> Outcome:
    """What is unknown because nobody waited for it; a creative that bore its name before is no answer then."""
    return Outcome(one.file, UploadStatus.UNKNOWN_ID, message=NOT_WAITED, open=True)


def new_cards(site: Site, newest_before: str) -> list[Card]:
    """The cards of the open section whose IDs are newer than this, where it shows its first page."""
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


def pair(
    handed: Sequence[SessionFile],
    results: Mapping[str, FileResult],
    new: Sequence[Card],
    old: Sequence[Card] = (),
    sizes: Mapping[Key, str] | None = None,
) -> tuple[Outcome, ...]:
    """Say of each file that was handed over what came of it.

    `results` is the site's word on each, by file name. `new` are the cards of the batch's section that were not there
    before; `old` those that were. `sizes` are the files' true `WIDTHxHEIGHT`: a card that shows another size, or
    another file type, is somebody else's.

    A card bears a file's name if it is called as the file is, less one extension. A file whose one new card bears its
    name has that card's ID. A file without a new card is a duplicate if one old card bears its name. Anything else is
    unknown, and says why.
    """
    shown = {file: as_shown(file.name) for file in handed}
    together = Counter(name for file in handed for name in shown[file])
    return tuple(
        _outcome(
            file,
            results[file.name],
            _bearing(shown[file], new),
            _bearing(shown[file], old),
            (sizes or {}).get(file.key, ""),
        )
        if all(together[name] == 1 for name in shown[file])
        else Outcome(file, UploadStatus.UNKNOWN_ID, message="two files of this batch bear one name on the site")
        for file in handed
    )


def _bearing(names: Iterable[str], cards: Sequence[Card]) -> list[Card]:
    return [card for name in names for card in cards if as_sent(card.name) == name]


def _outcome(file: SessionFile, result: FileResult, new: list[Card], old: list[Card], size: str) -> Outcome:
    if result.state is FileState.REFUSED and not new:
        return Outcome(file, UploadStatus.FAILED, message=result.message or "the site refused it and gave no reason")
    candidates = tuple(new or old)
    if why := _doubt(file, result, candidates, size):
        return Outcome(file, UploadStatus.UNKNOWN_ID, message=why, candidates=candidates)
    card = candidates[0]
    if new:
        return Outcome(file, UploadStatus.SUCCESS, card.creative_id, card=card, candidates=candidates)
    told = f"the section held this name already, as {card.creative_id}: the site dropped the file in silence"
    return Outcome(file, UploadStatus.DUPLICATE, card.creative_id, told, card, candidates)


def _doubt(file: SessionFile, result: FileResult, candidates: tuple[Card, ...], size: str) -> str:
    """Why no ID can be written for the file; `""` where exactly one creative is it."""
    if not candidates:
        return result.message or "the site took it, and no creative of its name has shown in the list"
    card, ids = candidates[0], ", ".join(card.creative_id for card in candidates)
    if result.state is FileState.REFUSED:
        return f"the site said {result.message!r}, yet a new creative bears this name: {ids}"
    if len(candidates) > 1:
        return f"several creatives bear this name: {ids}"
    shown, has = file_type(f"x.{card.file_type.lstrip('.')}"), file_type(file.name)
    contradictions = {
        "its ID on the page is no number": not is_id(card.creative_id),
        f"shows {card.dimensions} where the file has {size}": size and card.dimensions and card.dimensions != size,
        f"shows the type {shown} where the file has {has}": shown and has and shown != has,
    }
    return next((f"creative {ids} bears this name, but {why}" for why, holds in contradictions.items() if holds), "")
