"""Reading the library off the site, section by section, with a certificate for each: what was read, is it complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from tjtools.cache.rows import as_written
from tjtools.model.creative import Creative, Section
from tjtools.model.errors import Cancelled, IncompleteReading, SignInNeeded, SiteError, TJToolsError
from tjtools.scrape.section import Certificate, Enough, SectionReading, creative_of, read_section
from tjtools.site import Card, Site

PAGES_A_TAB = 50  # of a list, after which a section begins in a new tab: a tab keeps something of each

Progress = Callable[[Section, int, int], None]  # a section, how many of its creatives are read, how many it has


@dataclass(frozen=True, slots=True)
class Access:
    """How the site is reached to be read; `tjtools.scrape.connection.access_to(workspace)` is a workspace's own.

    `connect` opens it at its Media Library. `sign_in` lets a person sign in again where the session expires meanwhile.
    """

    connect: Callable[[], Site]
    sign_in: Callable[[Site], None] | None = None


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

    `progress` hears of each page; `cancelled` is asked at each. After a new sign-in the sections that are read stay,
    and the one under way is paged through again: the site knows no other way to a page.

    The reading has a certificate for each section and, in the order of the sections, their creatives, with `filename`
    as the page shows it. An error of the site or a person who stops it ends the reading; `stopped` says why. Raises
    what `access.connect` raises.

    One section, read without the cache::

        reading = scrape_library(access_to(Workspace.find(cwd=Path.cwd())), [Section.STATIC_BANNER])
        reading.certificates[0].verdict, len(reading.creatives)  # ('complete', 21)
    """
    return read_by(access, lambda reader: reader.read(*sections), progress, cancelled)


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
        return SiteReading(tuple(reader.creatives), tuple(reader.certificates), reader.stopped)
    finally:
        site.close()


class Reader:
    """Reads one section after the other, until one fails; the certificates say so."""

    def __init__(
        self, site: Site, access: Access, progress: Progress | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self.creatives: list[Creative] = []
        self.certificates: list[Certificate] = []
        self.stopped: TJToolsError | None = None
        self._site = site
        self._access = access
        self._progress = progress
        self._cancelled = cancelled
        self._paged = 0  # pages read in this tab

    @property
    def seen(self) -> set[str]:
        """The IDs of the creatives read so far."""
        return {creative.creative_id for creative in self.creatives}

    def read(self, *sections: Section, enough: Enough | None = None) -> None:
        """Read each section to its end, or until it is `enough`, unless one before it failed."""
        for section in sections:
            certificate = Certificate(section, verdict="not applied: not read")
            self.certificates.append(certificate)
            if not self.stopped:
                self._read(certificate, enough)

    def _read(self, certificate: Certificate, enough: Enough | None) -> None:
        try:
            reading = self._read_signed_in(certificate, enough)
            self.creatives += [shown_creative(card, certificate.section) for card in reading.cards]
        except (SiteError, Cancelled) as error:
            self.stopped = error
            certificate.verdict = f"not applied: {error.message}"

    def _read_signed_in(self, certificate: Certificate, enough: Enough | None) -> SectionReading:
        """Read it once more where a person can sign in again."""
        try:
            return self._read_in_tab(certificate, enough)
        except SignInNeeded:
            if self._access.sign_in is None:
                raise
        self._access.sign_in(self._site)
        self._site.open_library()
        return self._read_in_tab(certificate, enough)

    def _read_in_tab(self, certificate: Certificate, enough: Enough | None) -> SectionReading:
        if self._paged >= PAGES_A_TAB:
            self._site.renew()
            self._paged = 0
        try:
            tell = partial(self._tell, certificate.section)
            return read_section(self._site, certificate.section, tell, enough, certificate)
        finally:
            self._paged += certificate.pages

    def _tell(self, section: Section, read: int, total: int) -> None:
        """The progress of one section, and the place where it can be stopped."""
        if self._progress:
            self._progress(section, read, total)
        if self._cancelled and self._cancelled():
            raise Cancelled("Stopped on request.")


def shown_creative(card: Card, section: Section) -> Creative:
    """A card as the library will have it; raises `IncompleteReading` for one without an ID or a name."""
    try:
        return as_written(creative_of(card, section))
    except ValueError as error:
        raise IncompleteReading(
            f"{section.value}: the card of {card.creative_id or 'no ID'} can't be read: {error}.",
            remedy="Look at the page with --headed; the selectors are in selectors.toml.",
        ) from error
