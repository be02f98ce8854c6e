"""What the steps above ask of the site: the one face that the browser's driver shows them, and the tests' fake too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from tjtools.model.creative import Section
from tjtools.site.inspection import Inspection
from tjtools.site.records import CardPage, FileResult


class Site(Protocol):
    """The network's site, open until it is closed. Any call raises `Cancelled` once the person has stopped the work.

    Where the session has expired, a call that asks the site for something raises `SignInNeeded`.
    """

    def close(self) -> None:
        """End it; safe to call twice."""

    def open_library(self) -> None:
        """Go to the Media Library, afresh; raises `SignInNeeded` where the site does not accept the saved sign-in."""

    def renew(self) -> None:
        """Go on at the Media Library in a new tab: an old one keeps something of all that went by."""

    def sign_in(self, username: str, password: str, *, timeout: float) -> None:
        """Show the sign-in page, fill in what is known, wait for the person to finish, and keep the session."""

    def open_section(self, section: Section) -> None:
        """Show a section's list, from its first page."""

    def read_page(self) -> CardPage:
        """The cards that are shown now."""

    def read_on(self) -> tuple[CardPage, ...]:
        """Turn to the list's next page, and to as many behind it as come at once."""

    def miss_total(self) -> NoReturn:
        """Raise the `PageChanged` of a list that does not say how many creatives it has."""

    def wait_for_names(self, names: Sequence[str], seen: Sequence[str], timeout: float) -> None:
        """Wait until a card of one of these names, and of none of the IDs seen, is shown; or for `timeout` seconds."""

    def open_upload_panel(self) -> None:
        """Open the panel that takes files into the section that is shown."""

    def hand_over(
        self, paths: Sequence[Path], told: Callable[[str, FileResult], None], *, stalled_after: float
    ) -> dict[str, FileResult]:
        """Upload files into the section that is shown, and follow each to its end; the results are by file name.

        `told` hears each change, in whatever thread. A file is `STALLED` after that many seconds without a change.
        """

    def inspect_section(self, section: Section) -> Inspection:
        """Look at the section that is shown, and at the tabs."""

    def inspect_upload_panel(self) -> Inspection:
        """Look at the upload panel, which is open."""

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the page; where the disk does not take it, the log says so, and the work goes on."""
