"""Reading the library off the site, section by section, with a certificate for each: what was read, is it complete.

A section's list is read from its first page on: a reading counts, or it begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from tjtools.cache.rows import as_written
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import Cancelled, IncompleteReading, SignInNeeded, SiteBusy, SiteError, TJToolsError
from tjtools.site import Card, CardPage, Site

MOST_READINGS = 5
PAGES_A_TAB = 50  # of a list, after which a section begins in a new tab: a tab keeps something of each
COMPLETE = "complete"
NOT_FINISHED = "not finished: what was looked for is found, nothing counts as gone"

Enough = Callable[[Mapping[str, Card], CardPage], bool]  # from all cards so far and the last page: is it enough?
Progress = Callable[[Section, int, int], None]  # a section, how many of its creatives are read, how many it has


@dataclass(frozen=True, slots=True)
class Access:
    """How the site is reached to be read; `tjtools.scrape.connection.access_to(workspace)` is a workspace's own.

    `connect` opens it at its Media Library. `sign_in` lets a person sign in again where the session expires meanwhile.
    """

    connect: Callable[[], Site]
    sign_in: Callable[[Site], None] | None = None


@dataclass(slots=True)
class Certificate:
    """What was read of one section; a reading keeps it up, also where it fails.

    `total` is the site's own count, None until it is learned; `unique` the creatives read, each once; `pages` the pages
    read in all readings; `rereads` how often the reading began again because the list had changed, and `drift` how many
    creatives were seen to come, go or move meanwhile. `verdict` is `complete`, or says why nothing counts as gone.
    """

    section: Section
    total: int | None = None
    unique: int = 0
    pages: int = 0
    rereads: int = 0
    drift: int = 0
    verdict: str = COMPLETE

    @property
    def complete(self) -> bool:
        """Whether everything that the section holds was read."""
        return self.verdict == COMPLETE


@dataclass(slots=True)
class SiteReading:
    """What the site showed of some sections; `stopped` is the error that ended the reading before its time.

    `creatives` stand section by section, from the top of each list. `not_found` are the IDs that were looked for
    without a complete reading, and not seen.
    """

    creatives: tuple[Creative, ...]
    certificates: tuple[Certificate, ...]
    stopped: TJToolsError | None = None
    not_found: tuple[str, ...] = ()

    @property
    def seen(self) -> set[str]:
        """The IDs of the creatives."""
        return {creative.creative_id for creative in self.creatives}

    @property
    def complete(self) -> frozenset[Section]:
        """The sections of which everything was read."""
        return frozenset(one.section for one in self.certificates if one.complete)


def scrape_library(
    access: Access,
    sections: Iterable[Section] = Section,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SiteReading:
    """Read sections of the site to their ends; nothing is written.

    `progress` hears of each page; `cancelled` is asked at each. After a new sign-in the sections that are read stay.

    The reading has a certificate for each section and, in the order of the sections, their creatives, with `filename`
    as the page shows it. An error of the site or a person who stops it ends the reading; `stopped` says why. Raises
    what `access.connect` raises.

    One section, read without the cache::

        reading = scrape_library(access_to(Workspace.find(cwd=Path.cwd())), [Section.STATIC_BANNER])
        reading.certificates[0].verdict, len(reading.creatives)  # ('complete', 21)
    """
    return read_by(access, lambda _: ((section, None) for section in sections), progress, cancelled)


def read_by(
    access: Access,
    way: Callable[[SiteReading], Iterable[tuple[Section, Enough | None]]],
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> SiteReading:
    """Read the sections of a way, which sees what was read so far: each to its end, or until it is enough.

    Those behind one that failed are not read; the certificates say so.
    """

    def tell(section: Section, read: int, total: int) -> None:
        if progress:
            progress(section, read, total)
        if cancelled and cancelled():
            raise Cancelled("Stopped on request.")

    reading = SiteReading((), ())
    in_tab = 0
    with closing(access.connect()) as site:
        for section, enough in way(reading):
            certificate = Certificate(section, verdict="not applied: not read")
            reading.certificates += (certificate,)
            if reading.stopped:
                continue
            try:
                if in_tab >= PAGES_A_TAB:
                    site.renew()
                    in_tab = 0
                cards = _read_signed_in(site, access, partial(read_section, site, section, tell, enough, certificate))
                reading.creatives += tuple(_shown(card, section) for card in cards)
            except (SiteError, Cancelled) as error:
                reading.stopped = error
                certificate.verdict = f"not applied: {error.message}"
            in_tab += certificate.pages
    return reading


def _read_signed_in(site: Site, access: Access, read: Callable[[], tuple[Card, ...]]) -> tuple[Card, ...]:
    try:
        return read()
    except SignInNeeded:
        if access.sign_in is None:
            raise
    access.sign_in(site)
    site.open_library()
    return read()


def read_section(
    site: Site,
    section: Section,
    progress: Progress | None = None,
    enough: Enough | None = None,
    certificate: Certificate | None = None,
) -> tuple[Card, ...]:
    """The cards of a section, each once, from its top to its end or until it is `enough`; `certificate` is kept up.

    Other people work in the same account, so a creative can move from one page to the next between two reads. A reading
    counts only if the stated total stayed the same on all its pages and, at the end, equals the number of unique
    creatives. Otherwise, and where the site asks to come again later, it begins again, `MOST_READINGS` times at most.

    Raises `PageChanged` where the page states no total, `IncompleteReading` where the list does not keep still.
    """
    certificate, busy = certificate or Certificate(section), None
    for certificate.rereads in range(MOST_READINGS):
        try:
            cards = _read_once(site, certificate, progress, enough)
        except SiteBusy as error:
            busy = error
            continue
        if cards is not None:
            return tuple(cards.values())
    if busy:
        raise busy
    raise IncompleteReading(
        f"{section.value}: in {MOST_READINGS} readings the list never kept still, or its total was never that of its"
        f" creatives (last {certificate.unique} of {certificate.total}).",
        remedy="Somebody is working in this section, or the site miscounts: try again in a few minutes.",
    )


def _read_once(
    site: Site, certificate: Certificate, progress: Progress | None, enough: Enough | None
) -> dict[str, Card] | None:
    """One reading from the top; None where something can have been missed. What moved is noted."""
    cards: dict[str, Card] = {}
    totals: list[int] = []
    again = 0
    for page in pages_of(site, open_list(site, certificate.section)):
        if page.total is None:
            site.miss_total()
        totals.append(page.total)
        again += sum(card.creative_id in cards for card in page.cards)
        cards |= {card.creative_id: card for card in page.cards}
        certificate.total, certificate.unique = page.total, len(cards)
        certificate.pages += 1
        if progress:
            progress(certificate.section, len(cards), page.total)
        if page.total != totals[0] or (page.has_next and enough and enough(cards, page)):
            break
    still, whole = totals[-1] == totals[0], not page.has_next
    missing = abs(totals[-1] - len(cards)) if whole and still else 0
    certificate.drift += max(max(totals) - min(totals), missing, again)
    certificate.verdict = COMPLETE if whole else NOT_FINISHED
    return cards if still and not missing else None


def open_list(site: Site, section: Section) -> CardPage:
    """Show a section's list, and read its first page; a section that says it is empty is asked twice.

    For nothing counts as gone, or as new, because a page was empty for a moment.
    """
    site.open_section(section)
    page = site.read_page()
    if page.total == 0:
        site.open_section(section)
        page = site.read_page()
    return page


def pages_of(site: Site, page: CardPage) -> Iterator[CardPage]:
    """Each page of the list that is shown, from this one on; those behind it are turned to when they are asked for."""
    yield page
    while page.has_next:
        for page in site.read_on():
            yield page


def creative_of(card: Card, section: Section) -> Creative:
    """The library's record of a card, without a day; a status that is none of the known words is unknown.

    >>> creative = creative_of(Card("1032530571", "a", file_type=".mp4"), Section.NATIVE_ROLLOVER)
    >>> creative.file_type, creative.creative_type, creative.review_status
    ('mp4', <CreativeType.NATIVE_VIDEO: 'native_video'>, None)
    """
    return Creative(
        creative_id=card.creative_id,
        filename=card.name,
        dimensions=card.dimensions,
        file_type=card.file_type.removeprefix(".").lower(),
        creative_type=section.creative_type,
        review_status=next((status for status in ReviewStatus if status.value == card.review_status), None),
    )


def _shown(card: Card, section: Section) -> Creative:
    try:
        return as_written(creative_of(card, section))
    except ValueError as error:
        raise IncompleteReading(
            f"{section.value}: the card of {card.creative_id or 'no ID'} can't be read: {error}.",
            remedy="Look at the page with --headed; the selectors are in selectors.toml.",
        ) from error
