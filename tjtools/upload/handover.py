"""One batch on the real site: hand the files over, then read off the list which Creative IDs they got."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from tjtools.errors import Cancelled, SiteError
from tjtools.models import Section, SessionFile, UploadStatus
from tjtools.naming import match_key, stem
from tjtools.scrape import read_section
from tjtools.settings import UploadSettings
from tjtools.site import Card, FileResult, FileState, Site
from tjtools.upload.pairing import Outcome, is_newer, pair

Told = Callable[[str, FileResult], None]


def newest_id(site: Site) -> str:
    """The highest Creative ID on the section's first page, where new cards come first; `""` if it is empty."""
    newest = ""
    for card in site.read_page().cards:
        newest = card.creative_id if is_newer(card.creative_id, newest) else newest
    return newest


def hand_over(
    site: Site, files: Sequence[SessionFile], settings: UploadSettings, told: Told
) -> tuple[dict[str, FileResult], SiteError | Cancelled | None]:
    """Upload into the open panel; the site's word on each file, and the error that cut the wait short, if one did.

    After such an error, a file without a final word is `STALLED`: the site may hold it.
    """
    heard: dict[str, FileResult] = {}

    def hear(name: str, result: FileResult) -> None:
        heard[name] = result
        told(name, result)

    try:
        paths = [file.path for file in files]
        return site.hand_over(paths, hear, stalled_after=settings.processing_timeout), None
    except (SiteError, Cancelled) as error:
        cut = FileResult(FileState.STALLED, f"the run stopped while the site worked on it: {error.message}")
        results = {file.name: heard.get(file.name, cut) for file in files}
        return {name: result if result.state.final else cut for name, result in results.items()}, error


def settle(
    site: Site,
    files: Sequence[SessionFile],
    results: Mapping[str, FileResult],
    *,
    newest_before: str,
    sizes: Mapping[str, str],
    card_timeout: float,
) -> tuple[Outcome, ...]:
    """Read the section until every file that the site may hold has its creative, or `card_timeout` seconds are over.

    Only when a file has no new card is the whole section read, to see whether it held the name before.
    """
    section = files[0].section
    deadline = time.monotonic() + card_timeout
    old: Sequence[Card] | None = None
    while True:
        site.open_section(section)
        new = _new_cards(site, newest_before)
        outcomes = pair(files, results, new, old or (), sizes)
        missing = [one.file for one in outcomes if _is_missing(one, results)]
        if missing and old is None:
            old = [card for card in read_section(site, section).cards if not is_newer(card.creative_id, newest_before)]
            continue
        left = deadline - time.monotonic()
        if not missing or left <= 0:
            return outcomes
        site.wait_for_names([stem(file.name) for file in missing], min(left, 3))


def look_for(
    site: Site, doubtful: Sequence[SessionFile], stalled: set[tuple[Section, str]], *, force: bool
) -> tuple[Outcome, ...]:
    """Look whether the site holds files that an earlier run handed over without learning what came of them.

    The result has those that are there, and those that must not be handed over again; the rest may go up.
    """
    cards = read_section(site, doubtful[0].section).cards
    taken = {file.name: FileResult(FileState.TAKEN) for file in doubtful}
    held = {match_key(card.name) for card in cards}
    found = [one for one in pair(doubtful, taken, (), cards) if match_key(one.file.name) in held]
    timed_out = [
        Outcome(
            file,
            UploadStatus.UNKNOWN_ID,
            message="the site timed out on it in an earlier run and does not list it: look there, then use --force",
        )
        for file in doubtful
        if match_key(file.name) not in held and (file.section, file.name) in stalled and not force
    ]
    return (*found, *timed_out)


def _new_cards(site: Site, newest_before: str) -> list[Card]:
    """The cards that came since, from the top of the open section down to the first that was there."""
    found: dict[str, Card] = {}
    while True:
        page = site.read_page()
        new = [card for card in page.cards if is_newer(card.creative_id, newest_before)]
        found |= {card.creative_id: card for card in new}
        if len(new) < len(page.cards) or not page.has_next:
            return list(found.values())
        site.turn_page()


def _is_missing(one: Outcome, results: Mapping[str, FileResult]) -> bool:
    """Whether the site may hold the file and no creative bears its name yet."""
    refused = results[one.file.name].state is FileState.REFUSED
    return one.status is UploadStatus.UNKNOWN_ID and not one.candidates and not refused
