"""Reading a section's list off the site, from its first page on: a reading counts, or it begins again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import IncompleteReading, SiteBusy
from tjtools.site import Card, CardPage, Site

MOST_READINGS = 5
COMPLETE = "complete"
NOT_FINISHED = "not finished: what was looked for is found, nothing counts as gone"

Enough = Callable[[Mapping[str, Card], CardPage], bool]  # from all cards so far and the last page: is it enough?


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


@dataclass(frozen=True, slots=True)
class SectionReading:
    """A section as the site listed it, from its top; `cards` are unique by Creative ID."""

    certificate: Certificate
    cards: tuple[Card, ...]


def read_section(
    site: Site,
    section: Section,
    progress: Callable[[int, int], None] | None = None,
    enough: Enough | None = None,
    certificate: Certificate | None = None,
) -> SectionReading:
    """Read the cards of a section, to its end or until it is `enough`; `progress` hears how many of how many are read.

    Other people work in the same account, so a creative can move from one page to the next between two reads. A reading
    counts only if the stated total stayed the same on all its pages and, at the end, equals the number of unique
    creatives: then nothing that was there throughout was missed. Otherwise it begins again, so that there are
    `MOST_READINGS` at most; so it does where the site asks to come again later.

    Raises `PageChanged` where the page states no total, `IncompleteReading` where the list does not keep still for one
    reading; `certificate` has what was read until then.
    """
    certificate, busy = certificate or Certificate(section), None
    for certificate.rereads in range(MOST_READINGS):
        try:
            cards = _read_once(site, certificate, progress, enough)
        except SiteBusy as error:
            busy = error
            continue
        if cards is not None:
            return SectionReading(certificate, tuple(cards.values()))
    if busy:
        raise busy
    raise IncompleteReading(
        f"{section.value}: in {MOST_READINGS} readings the list never kept still, or its total was never that of its"
        f" creatives (last {certificate.unique} of {certificate.total}).",
        remedy="Somebody is working in this section, or the site miscounts: try again in a few minutes.",
    )


def _read_once(
    site: Site, certificate: Certificate, progress: Callable[[int, int], None] | None, enough: Enough | None
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
            progress(len(cards), page.total)
        if page.total != totals[0] or (page.has_next and enough and enough(cards, page)):
            break
    still, whole = totals[-1] == totals[0], not page.has_next
    missing = abs(totals[-1] - len(cards)) if whole and still else 0
    certificate.drift += max(max(totals) - min(totals), missing, again)
    certificate.verdict = COMPLETE if whole else NOT_FINISHED
    return cards if still and not missing else None


def creative_of(card: Card, section: Section, *, filename: str = "", upload_date: date | None = None) -> Creative:
    """The library's record of a card; `filename` is the full name where an upload of ours is the source.

    A status that is none of the known words is unknown.

    >>> creative = creative_of(Card("1032530571", "a", file_type=".mp4"), Section.NATIVE_ROLLOVER)
    >>> creative.file_type, creative.creative_type, creative.review_status
    ('mp4', <CreativeType.NATIVE_VIDEO: 'native_video'>, None)
    """
    known = {status.value for status in ReviewStatus}
    return Creative(
        creative_id=card.creative_id,
        filename=filename or card.name,
        upload_date=upload_date,
        dimensions=card.dimensions,
        file_type=card.file_type.removeprefix(".").lower(),
        creative_type=section.creative_type,
        review_status=ReviewStatus(card.review_status) if card.review_status in known else None,
    )


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
