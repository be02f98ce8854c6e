"""Reading the library off the site, section by section, with a certificate for each: what was read, is it complete."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from tjtools.cache.rows import Record
from tjtools.model.creative import Creative, Section
from tjtools.model.errors import Cancelled, IncompleteReading, SignInNeeded, SiteError, TJToolsError
from tjtools.scrape.section import Enough, SectionReading, Tally, creative_of, read_section
from tjtools.site import Card, Site

COMPLETE = "complete"
PAGES_A_TAB = 50  # of a list, after which a section begins in a new tab: a tab keeps something of each
NOT_FINISHED = "not finished: what was looked for is found, nothing counts as gone"

Progress = Callable[[Section, int, int], None]  # a section, how many of its creatives are read, how many it has


@dataclass(frozen=True, slots=True)
class Access:
    """How the site is reached to be read; `tjtools.scrape.connection.access_to(workspace)` is a workspace's own.

    `connect` opens it at its Media Library. `sign_in` lets a person sign in again where the session expires meanwhile.
    `tabs` sections are read at the same time, so that no more lists than that are asked for at once.
    """

    connect: Callable[[], Site]
    sign_in: Callable[[Site], None] | None = None
    tabs: int = 1


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was read of one section.

    `total` is the site's own count, None where it was not learned; `unique` the creatives read, each once; `pages` the
    pages read for it; `rereads` how often the reading began again because the list had changed, and `drift` how many
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

    @classmethod
    def of(cls, section: Section, tally: Tally, verdict: str = COMPLETE) -> Certificate:
        """The certificate of a reading that came so far."""
        return cls(section, tally.total, tally.unique, tally.pages, tally.rereads, tally.drift, verdict)


@dataclass(frozen=True, slots=True)
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

    `progress` hears of each page, one call at a time and in a thread of ours; `cancelled` is asked at each. After a new
    sign-in the sections that are read stay, and the one under way is paged through again: the site knows no other way
    to a page.

    The reading has a certificate for each section and, in the order of the sections, their creatives, with `filename`
    as the page shows it. An error of the site or a person who stops it ends the reading; `stopped` says why. Raises
    what `access.connect` raises.

    One section, read without the cache::

        reading = scrape_library(access_to(Workspace.find(cwd=Path.cwd())), [Section.STATIC_BANNER])
        reading.certificates[0].verdict, len(reading.creatives)  # ('complete', 21)
    """
    return read_by(access, lambda reader: reader.read(dict.fromkeys(sections)), progress, cancelled)


def read_by(
    access: Access,
    way: Callable[[Reader], None],
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> SiteReading:
    """Open the site, let a reader go through it in a way of the caller's, and close it."""
    site = access.connect()
    try:
        reader = Reader(site, access, progress, cancelled)
        way(reader)
        return reader.reading()
    finally:
        site.close()


class Reader:
    """Reads sections, some at the same time, until one fails; the certificates say so."""

    def __init__(
        self, site: Site, access: Access, progress: Progress | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self.creatives: list[Creative] = []
        self.certificates: list[Certificate] = []
        self.stopped: TJToolsError | None = None
        self._access = access
        self._progress = progress
        self._cancelled = cancelled
        self._in_turn = threading.Lock()
        self._sign_ins = 0
        self._paged: Counter[Site] = Counter()  # pages read in each tab
        self._open = [site]
        self._idle: SimpleQueue[Site] = SimpleQueue()
        self._idle.put(site)

    @property
    def seen(self) -> set[str]:
        """The IDs of the creatives read so far."""
        return {creative.creative_id for creative in self.creatives}

    def reading(self) -> SiteReading:
        """What was read so far."""
        return SiteReading(tuple(self.creatives), tuple(self.certificates), self.stopped)

    def read(self, sections: Mapping[Section, Enough | None]) -> None:
        """Read each section to its end, or until it is enough, unless one before it failed."""
        try:
            while len(self._open) < min(self._access.tabs, len(sections)):
                self._open.append(self._open[0].beside())
                self._idle.put(self._open[-1])
        except SiteError as error:
            self.stopped = self.stopped or error
        with ThreadPoolExecutor(len(self._open), "tjtools-reader") as pool:
            for certificate, creatives in pool.map(self._read, sections, sections.values()):
                self.certificates.append(certificate)
                self.creatives += creatives

    def _read(self, section: Section, enough: Enough | None) -> tuple[Certificate, list[Creative]]:
        if self.stopped:
            return Certificate(section, verdict="not applied: not read"), []
        tab, tally = self._idle.get(), Tally()
        try:
            reading = self._signed_in(tab, lambda: self._read_in(tab, section, enough, tally))
            creatives = [shown_creative(card, section) for card in reading.cards]
        except (SiteError, Cancelled) as error:
            self.stopped = self.stopped or error
            return Certificate.of(section, tally, f"not applied: {error.message}"), []
        finally:
            self._idle.put(tab)
        return Certificate.of(section, tally, COMPLETE if reading.whole else NOT_FINISHED), creatives

    def _read_in(self, tab: Site, section: Section, enough: Enough | None, tally: Tally) -> SectionReading:
        if self._paged[tab] >= PAGES_A_TAB:
            tab.renew()
            self._paged[tab] = 0
        try:
            return read_section(tab, section, self._told(section), enough, tally)
        finally:
            self._paged[tab] += tally.pages

    def _signed_in(self, tab: Site, read: Callable[[], SectionReading]) -> SectionReading:
        sign_ins = self._sign_ins
        try:
            return read()
        except SignInNeeded:
            if self._access.sign_in is None:
                raise
        with self._in_turn:
            if self._sign_ins == sign_ins:  # nobody has signed in meanwhile, in another tab
                self._access.sign_in(self._open[0])
                self._sign_ins += 1
        tab.open_library()
        return read()

    def _told(self, section: Section) -> Callable[[int, int], None]:
        """The progress of one section, and the place where it can be stopped."""

        def tell(read: int, total: int) -> None:
            with self._in_turn:
                if self._progress:
                    self._progress(section, read, total)
            if self.stopped:
                raise Cancelled("Stopped, as another section could not be read.")
            if self._cancelled and self._cancelled():
                raise Cancelled("Stopped on request.")

        return tell


def shown_creative(card: Card, section: Section) -> Creative:
    """A card as the library will have it; raises `IncompleteReading` for one without an ID or a name."""
    try:
        return Record.of(creative_of(card, section)).creative
    except ValueError as error:
        raise IncompleteReading(
            f"{section.value}: the card of {card.creative_id or 'no ID'} can't be read: {error}.",
            remedy="Look at the page with --headed; the selectors are in selectors.toml.",
        ) from error
