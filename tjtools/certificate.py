"""Reading sections of the site with a certificate for each: what was read, and whether it is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tjtools.errors import Cancelled, IncompleteReading, SignInNeeded, SiteError, TJToolsError
from tjtools.libraryrow import Record
from tjtools.models import Creative, Section
from tjtools.scrape import creative_of, read_section
from tjtools.site import Card, Site

COMPLETE = "complete"

Progress = Callable[[Section, int, int], None]  # a section, how many of its creatives are read, how many it has


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was read of one section.

    `total` is the site's own count, None where it was not learned; `unique` the creatives read, each once; `pages` the
    pages read for it and `rereads` how often the reading began again because the list had changed. `verdict` is
    `complete`, or says that nothing of it counts as gone and why.
    """

    section: Section
    total: int | None = None
    unique: int = 0
    pages: int = 0
    rereads: int = 0
    verdict: str = COMPLETE

    @property
    def complete(self) -> bool:
        """Whether everything that the section holds was read."""
        return self.verdict == COMPLETE


@dataclass(frozen=True, slots=True)
class SiteReading:
    """What the site showed of some sections; `stopped` is the error that ended the reading before its time.

    `not_found` are the IDs that were looked for without a complete reading, and not seen.
    """

    creatives: tuple[Creative, ...]
    certificates: tuple[Certificate, ...]
    stopped: TJToolsError | None = None
    not_found: tuple[str, ...] = ()

    @property
    def complete(self) -> frozenset[Section]:
        """The sections of which everything was read."""
        return frozenset(one.section for one in self.certificates if one.complete)


def read_sections(
    site: Site,
    sections: Iterable[Section],
    *,
    progress: Progress | None = None,
    sign_in: Callable[[Site], None] | None = None,
) -> SiteReading:
    """Read sections to their ends; an error of the site or a person who stops it ends the reading.

    `sign_in` lets a person sign in again where the session has expired; the section is then read anew.
    """
    reader = Reader(progress, sign_in)
    for section in sections:
        reader.read(site, section)
    return reader.reading()


@dataclass
class Reader:
    """Reads one section after the other, until one fails; the certificates say so."""

    progress: Progress | None = None
    sign_in: Callable[[Site], None] | None = None
    creatives: list[Creative] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    stopped: TJToolsError | None = None
    _last: tuple[int, int | None] = (0, None)

    def reading(self) -> SiteReading:
        """What was read so far."""
        return SiteReading(tuple(self.creatives), tuple(self.certificates), self.stopped)

    def read(self, site: Site, section: Section) -> None:
        """Read a section to its end, unless one before it failed."""
        self.attempt(site, section, self._whole)

    def attempt(self, site: Site, section: Section, way: Callable[[Site, Section], Certificate]) -> None:
        """Read a section in a way that returns its certificate and keeps what it read."""
        if self.stopped:
            self.certificates.append(Certificate(section, verdict="not applied: not read"))
            return
        self._last = (0, None)
        try:
            self.certificates.append(self._signed_in(site, section, way))
        except (SiteError, Cancelled) as error:
            self.stopped = error
            read, total = self._last
            self.certificates.append(Certificate(section, total, read, verdict=f"not applied: {error.message}"))

    def _signed_in(self, site: Site, section: Section, way: Callable[[Site, Section], Certificate]) -> Certificate:
        try:
            return way(site, section)
        except SignInNeeded:
            if self.sign_in is None:
                raise
        self.sign_in(site)
        site.open_library()
        return way(site, section)

    def _whole(self, site: Site, section: Section) -> Certificate:
        found = read_section(site, section, self.told(section))
        self.creatives += [shown_creative(card, section) for card in found.cards]
        return Certificate(section, found.total, len(found.cards), found.pages, found.rereads)

    def told(self, section: Section) -> Callable[[int, int], None]:
        """The progress of one section."""

        def tell(read: int, total: int) -> None:
            self._last = (read, total)
            if self.progress:
                self.progress(section, read, total)

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
