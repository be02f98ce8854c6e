"""Reading a section's list off the site, from its first page on: a reading counts, or it begins again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import IncompleteReading, SiteBusy
from tjtools.site import Card, CardPage, Site

MOST_READINGS = 5

Enough = Callable[[Mapping[str, Card], CardPage], bool]  # from all cards so far and the last page: is it enough?


@dataclass(slots=True)
class Tally:
    """What a reading has come to so far, also where it fails.

    `total` is the site's own count, None until it is learned; `unique` the creatives read, each once; `pages` the pages
    read in all readings; `rereads` how often the reading began again; `drift` how many creatives were seen to come, go
    or move meanwhile.
    """

    total: int | None = None
    unique: int = 0
    pages: int = 0
    rereads: int = 0
    drift: int = 0


@dataclass(frozen=True, slots=True)
class SectionReading:
    """A section as the site listed it, from its top; `cards` are unique by Creative ID.

    `whole`: it was read to its end, and the page's own total is the number of the cards.
    """

    section: Section
    cards: tuple[Card, ...]
    whole: bool
    tally: Tally


def read_section(
    site: Site,
    section: Section,
    progress: Callable[[int, int], None] | None = None,
    enough: Enough | None = None,
    tally: Tally | None = None,
) -> SectionReading:
    """Read the cards of a section, to its end or until it is `enough`; `progress` hears how many of how many are read.

    Other people work in the same account, so a creative can move from one page to the next between two reads. A reading
    counts only if the stated total stayed the same on all its pages and, at the end, equals the number of unique
    creatives: then nothing that was there throughout was missed. Otherwise it begins again, so that there are
    `MOST_READINGS` at most; so it does where the site asks to come again later.

    Raises `PageChanged` where the page states no total, `IncompleteReading` where the list does not keep still for one
    reading; `tally` has what was read until then.
    """
    tally, busy = tally or Tally(), None
    for tally.rereads in range(MOST_READINGS):
        one = _Reading(section, tally)
        try:
            for page in pages_of(site, open_list(site, section)):
                if page.total is None:
                    site.miss_total()
                one.take(page, page.total)
                if progress:
                    progress(tally.unique, tally.total or 0)
                if not one.still or (page.has_next and enough and enough(one.cards, page)):
                    break
        except SiteBusy as error:
            busy = error
            continue
        if one.counts(whole=not page.has_next):
            return SectionReading(section, tuple(one.cards.values()), not page.has_next, tally)
    if busy:
        raise busy
    raise IncompleteReading(
        f"{section.value}: in {MOST_READINGS} readings the list never kept still, or its total was never that of its"
        f" creatives (last {tally.unique} of {tally.total}).",
        remedy="Somebody is working in this section, or the site miscounts: try again in a few minutes.",
    )


class _Reading:
    """One reading from the top; what it saw goes into the tally."""

    def __init__(self, section: Section, tally: Tally) -> None:
        self.section = section
        self.tally = tally
        self.cards: dict[str, Card] = {}
        self.totals: list[int] = []
        self.again = 0

    @property
    def still(self) -> bool:
        """Whether the stated total has stayed the same."""
        return len(set(self.totals)) == 1

    def take(self, page: CardPage, total: int) -> None:
        self.totals.append(total)
        self.again += sum(card.creative_id in self.cards for card in page.cards)
        self.cards |= {card.creative_id: card for card in page.cards}
        self.tally.pages += 1
        self.tally.total, self.tally.unique = total, len(self.cards)

    def counts(self, *, whole: bool) -> bool:
        """Whether nothing can have been missed; what moved is noted."""
        came_or_went = max(self.totals) - min(self.totals)
        missing = abs(self.totals[-1] - len(self.cards)) if whole and self.still else 0
        self.tally.drift += max(came_or_went, missing, self.again)
        return self.still and not missing


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
