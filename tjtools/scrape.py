"""Reading the library off the site, section by section, complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from tjtools.errors import IncompleteReading
from tjtools.models import Creative, ReviewStatus, Section
from tjtools.site import Card, CardPage, Site

MOST_READINGS = 5


@dataclass(frozen=True, slots=True)
class SectionReading:
    """A section as the site listed it from its first page to its last.

    `cards` are unique by Creative ID, `total` is the page's own count, which they agree with. `pages` counts the pages
    that were read, `rereads` how often the reading began again because the list had changed meanwhile.
    """

    section: Section
    cards: tuple[Card, ...]
    total: int
    pages: int
    rereads: int


def read_section(site: Site, section: Section, progress: Callable[[int, int], None] | None = None) -> SectionReading:
    """Read all cards of a section; `progress` hears how many of how many are read.

    Other people work in the same account, so a creative can move from one page to the next between two reads. A reading
    counts only if the stated total stayed the same on all its pages and equals the number of unique creatives: then
    nothing that was there throughout was missed. Otherwise it begins again, `MOST_READINGS` times at most.

    Raises `IncompleteReading` where the page states no total, or the list does not keep still for one reading.
    """
    pages = 0
    for reread in range(MOST_READINGS):
        seen: dict[str, Card] = {}
        totals = set()
        site.open_section(section)
        for page in pages_of(site):
            pages += 1
            seen |= {card.creative_id: card for card in page.cards}
            totals.add(_stated_total(page, section))
            if progress:
                progress(len(seen), max(totals))
            if len(totals) > 1:
                break
        if totals == {len(seen)}:
            return SectionReading(section, tuple(seen.values()), len(seen), pages, reread)
    raise IncompleteReading(
        f"{section.value}: in {MOST_READINGS} readings the list never kept still (last {len(seen)} of {totals}).",
        remedy="Somebody is working in this section: try again in a few minutes.",
    )


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


def pages_of(site: Site) -> Iterator[CardPage]:
    """Each page of the list that is shown, from this one on; the next is turned to when it is asked for."""
    page = site.read_page()
    yield page
    while page.has_next:
        site.turn_page()
        page = site.read_page()
        yield page


def _stated_total(page: CardPage, section: Section) -> int:
    if page.total is None:
        raise IncompleteReading(
            f"{section.value}: the page does not say how many creatives there are: no reading can be known complete.",
            remedy="Look at the page with --headed; the line's selector is library.total in selectors.toml.",
        )
    return page.total
