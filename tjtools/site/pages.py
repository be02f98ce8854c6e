"""The site's pages, in the user's words, and what is read off them; nobody else knows what they are made of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from playwright._impl._errors import Error as PlaywrightError
from playwright._impl._errors import TimeoutError as PlaywrightTimeout

from tjtools.model.creative import Section
from tjtools.model.errors import SignInNeeded, SiteBusy, SiteUnreachable
from tjtools.site.sitepage import IF_CHANGED, LATER, SIGN_IN, TABS, SitePage, log, retry_after, site_domain

if TYPE_CHECKING:
    from playwright.async_api import Response


@dataclass(frozen=True, slots=True)
class Card:
    """One creative as the list shows it: text as it stands there, `""` where the card does not show it.

    `name` has no extension, `dimensions` is `WIDTHxHEIGHT` in pixels, `file_type` is e.g. `.mp4`.
    """

    creative_id: str
    name: str
    dimensions: str = ""
    file_type: str = ""
    review_status: str = ""


@dataclass(frozen=True, slots=True)
class CardPage:
    """One page of a section's list. `total` is the section's count as the page states it, None where it does not."""

    cards: tuple[Card, ...]
    first: int
    last: int
    total: int | None
    has_next: bool


class FileState(Enum):
    """How far the site is with one file that was handed over.

    `LOST`: the connection broke while it was sent, or a server answered with an error of its own; `STALLED`: no change
    for too long. The site may hold either. `DEFERRED`: the site wants to get it later; the message is when.
    """

    QUEUED = "queued"
    PROCESSING = "processing"
    TAKEN = "taken"
    REFUSED = "refused"
    LOST = "lost"
    STALLED = "stalled"
    DEFERRED = "deferred"

    @property
    def final(self) -> bool:
        """Whether it stays so."""
        return self in (FileState.TAKEN, FileState.REFUSED, FileState.LOST, FileState.DEFERRED)


@dataclass(frozen=True, slots=True)
class FileResult:
    """What the site says of one file; `message` is its own reason for a refusal."""

    state: FileState
    message: str = ""


QUEUED = FileResult(FileState.QUEUED)
BUSY = "it is asked too much"
GLANCE = 0.2  # seconds between two looks at whether a wait is cut short
READING = 250  # milliseconds between two looks at what was read


class SignInPage(SitePage):
    """The page on which a person signs in: the driver fills in what it knows, and waits."""

    async def sign_in(self, url: str, username: str, password: str, timeout: float) -> dict[str, Any]:
        """Fill in what is known, and wait until this window shows the person's account, whatever pages they came by.

        The rest, the robot check and the button are the person's. Returns the site's own cookies and storage; what
        others keep, as Google its own sign-in, stays out. Raises `SignInNeeded` after `timeout` seconds.
        """
        await self.clear_the_way()
        await self.page.goto(url)
        for name, value in (("sign_in.username", username), ("sign_in.password", password)):
            if value and self.is_sign_in(self.page.url):  # who is signed in already is sent on
                await self.first(name).fill(value)
        try:
            async with asyncio.timeout(timeout):
                while not await self._entered():
                    pass
        except TimeoutError as error:
            raise SignInNeeded(f"Nobody signed in within {timeout:g} s.", remedy=SIGN_IN) from error
        ours = [site_domain(urlsplit(address).hostname) for address in (self.origin, url)]
        state = await self.page.context.storage_state()
        return {
            "cookies": [one for one in state["cookies"] if site_domain(one["domain"]) in ours],
            "origins": [one for one in state["origins"] if site_domain(urlsplit(one["origin"]).hostname) in ours],
        }

    async def _entered(self) -> bool:
        """Wait until the page shows the person's account; False where they go on to another page."""
        try:
            waiting = "origin => window.__tjtools ? window.__tjtools.entered(origin) : new Promise(() => {})"
            return bool(await self.page.evaluate(waiting, self.origin))
        except PlaywrightError as error:
            if "context was destroyed" in error.message:
                return False
            raise


class LibraryPage(SitePage):
    """The Media Library: sections, pages of cards, and the upload panel."""

    async def open_library(self) -> None:
        """Go to the Media Library, afresh; raises `SignInNeeded` where the site does not accept the saved sign-in."""
        await self._patiently(self._load)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it; where the site is asked too much, come again to a fresh page when it says, if that is soon enough."""
        busy, waited = self.trouble if isinstance(self.trouble, SiteBusy) else None, 0.0
        while True:
            if busy:
                waited += busy.seconds
                if waited > self.patience:
                    raise busy
                log.warning("%s", busy)
                with self.waiting(busy.seconds, what=BUSY):
                    await asyncio.sleep(busy.seconds)
            try:
                if busy:
                    await self._load()
                return await work()
            except SiteBusy as error:
                busy = error

    async def _load(self) -> None:
        self.calm(afresh=True)
        await self.go_to_library()
        await self.expect_account()
        await self.attached("library.heading", "the heading did not come")
        await self.expect(self.run("atRest()"), "the list did not come to rest", "library.total")

    async def go_to_library(self) -> Response | None:
        """Load the page, whatever it shows; raises `SiteUnreachable` where none comes, or what else the site says."""
        address = self.origin + self.selector("library.path")
        try:
            with self.waiting(self.patience):
                answer = await self.page.goto(address, timeout=self.patience * 1000)
        except PlaywrightTimeout as error:
            raise SiteUnreachable(f"{address} did not come within {self.patience:g} s.", remedy=LATER) from error
        if self.trouble:
            raise self.trouble
        return answer

    async def expect_account(self) -> None:
        """Wait for what only somebody who is signed in sees; raises `SignInNeeded`."""
        await self.expect(self.run("accountShown()"), "no sign of an account came", "sign_in.signed_in")

    async def open_section(self, section: Section) -> None:
        """Choose a section's tab and sub-tab, and wait until its own list stands there."""
        tab, choice = TABS[section]

        async def choose() -> None:
            await self.reload_by(tab)
            if choice:
                await self.choose(choice)

        await self._patiently(choose)

    async def choose(self, choice: str, until: str = "settled()") -> None:
        """Choose a sub-tab, unless it is chosen already."""
        if not await self.run("checked(argument)", self.selector(f"library.{choice}")):
            await self.reload_by(f"{choice}_label", until)

    async def reload_by(self, element: str, until: str = "settled()") -> None:
        """Click what reloads the list, and wait for it; `reloaded()` waits without a look at the cards."""
        self.calm()
        await self.run("arm()")
        await self.click(f"library.{element}")
        await self.expect(self.run(until), "the list did not load again", f"library.{element}")

    async def screenshot(self, path: Path) -> None:
        """Keep a picture of the page; where the disk does not take it, the log says so, and the work goes on.

        Raises `SignInNeeded` rather than show a sign-in form, with somebody's name in it.
        """
        picture = await self.page.screenshot()
        await self.demand_session()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture)
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            log.warning("%s can't be written: %s", path, error.strerror or error)

    async def shown(self) -> CardPage:
        """What is shown, whatever it is, in one evaluation."""
        return _page_of(await self.run("readPage()"))

    async def read_page(self) -> CardPage:
        """The cards that are shown; raises `PageChanged` where one lacks its ID or name, or the list its next link."""
        return self._checked(await self.shown())

    async def read_on(self) -> tuple[CardPage, ...]:
        """Turn to the list's next page, and to as many behind it as come within `READING` milliseconds."""
        self.calm()
        reading = asyncio.ensure_future(self.run("readOn(argument)", READING))
        await self.expect(reading, "the next page did not come", "library.next_page")
        return tuple(self._checked(_page_of(told)) for told in reading.result())

    def _checked(self, shown: CardPage) -> CardPage:
        remedy = "Nothing was concluded from it. If the site has changed, mend it in selectors.toml."
        if not all(card.creative_id for card in shown.cards):
            raise self.changed("a card shows no creative id", "card.id_attribute", remedy)
        if not all(card.name for card in shown.cards):
            raise self.changed("a card shows no name", "card.name", remedy)
        if shown.total is not None and shown.last < shown.total and not shown.has_next:
            what = f"no link leads on after {shown.last} of {shown.total}"
            raise self.changed(what, "library.next_page", f"{IF_CHANGED}; mend it in selectors.toml.")
        return shown

    async def miss_total(self) -> NoReturn:
        """Raise the `PageChanged` of a list that does not say how many creatives it has; `SignInNeeded` goes before."""
        await self.expect_account()
        what = "the page does not say how many creatives there are: no reading can be known complete"
        raise self.changed(what, "library.total", f"Is the list filtered? {IF_CHANGED}.")

    async def open_upload_panel(self) -> None:
        """Open the panel that takes files, up to its file input."""
        self.calm()
        await self.click("upload.open")
        await self.attached("upload.input", "the file input did not come")

    async def wait_for_names(
        self, names: Sequence[str], seen: Sequence[str], timeout: float, cut: Callable[[], bool] = lambda: False
    ) -> None:
        """Wait until a card of one of these names, and of none of the IDs seen, is shown; or for so many seconds.

        It ends before when `cut` says so, which is asked a few times a second.
        """
        shown = asyncio.ensure_future(self.run("namesShown(argument)", {"names": [*names], "seen": [*seen]}))
        deadline = time.monotonic() + timeout
        try:
            while not shown.done() and not cut() and (left := deadline - time.monotonic()) > 0:
                await asyncio.wait({shown}, timeout=min(left, GLANCE))
            if shown.done():
                shown.result()
        finally:
            shown.cancel()

    async def hand_over(
        self, paths: Sequence[Path], told: Callable[[str, FileResult], None], *, stalled_after: float
    ) -> dict[str, FileResult]:
        """Give files to the open panel and follow each to its end; the results are by file name.

        A file whose batch shows no change for `stalled_after` seconds is `STALLED`: nobody knows what became of it. One
        that the site wants to get later is handed over again then, unless that is more than `stalled_after` seconds.
        """
        results, waited = await self._follow(paths, told, stalled_after), 0.0
        while deferred := [path for path in paths if results[path.name].state is FileState.DEFERRED]:
            seconds = max(retry_after({"retry-after": results[path.name].message}) for path in deferred)
            waited += seconds
            if waited > stalled_after:
                why = f"the site is asked too much (429) and wants no file for {seconds:g} s"
                return results | {path.name: FileResult(FileState.REFUSED, why) for path in deferred}
            with self.waiting(seconds, what=BUSY):
                await asyncio.sleep(seconds)
            results |= await self._follow(deferred, told, stalled_after)
        return results

    async def _follow(
        self, paths: Sequence[Path], told: Callable[[str, FileResult], None], stalled_after: float
    ) -> dict[str, FileResult]:
        await self.run("armUpload()")
        await self.first("upload.input").set_input_files([str(path) for path in paths])
        results, known = {path.name: QUEUED for path in paths}, list[dict[str, str]]()
        while not all(result.state.final for result in results.values()):
            try:
                left = sum(not result.state.final for result in results.values())
                with self.waiting(stalled_after, files=left):
                    async with asyncio.timeout(stalled_after):
                        known = await self.run("changedPreviews(argument)", known)
            except TimeoutError:
                stuck = FileResult(FileState.STALLED, f"no change within {stalled_after:g} s")
                return {name: result if result.state.final else stuck for name, result in results.items()}
            seen = {one["name"]: FileResult(FileState(one["state"]), one["message"]) for one in known}
            for name, result in seen.items():
                if name in results and results[name] != result:
                    results[name] = result
                    told(name, QUEUED if result.state is FileState.DEFERRED else result)
        return results


def _page_of(told: Mapping[str, Any]) -> CardPage:
    return CardPage(**{**told, "cards": tuple(Card(**card) for card in told["cards"])})
