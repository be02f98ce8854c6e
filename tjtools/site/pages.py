"""The site's pages, in the user's words; nobody else knows what they are made of. Everything here is async."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.async_api import TimeoutError as PlaywrightTimeout

from tjtools.errors import PageChanged, SignInNeeded, SiteError, SiteUnreachable
from tjtools.models import Section
from tjtools.site.records import Card, CardPage, FileResult, FileState
from tjtools.site.selectors import Selectors

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Response

SIGN_IN = "Run: tjtools login"
_NEEDED = {"document", "xhr", "fetch", "script"}
LATER = "Check the connection, and try again in a few minutes."
TABS = {
    Section.STATIC_BANNER: ("static_tab", ""),
    Section.VIDEO_BANNERS: ("video_tab", ""),
    Section.IN_STREAM_VIDEO: ("in_stream_tab", ""),
    Section.NATIVE_STATIC_BANNER: ("native_tab", "native_static"),
    Section.NATIVE_ROLLOVER: ("native_tab", "native_rollover"),
}


def page_script(selectors: Selectors) -> str:
    """The script that every document gets before its own ones run."""
    source = files("tjtools.site").joinpath("page.js").read_text("utf-8").strip().removesuffix(";")
    return f"({source})({json.dumps(selectors)})"


class SitePage:
    """What all pages have in common: a wait that ends, and a look at whether the site has sent us to sign in."""

    def __init__(self, page: Page, selectors: Selectors, *, patience: float) -> None:
        self.page = page
        self.selectors = selectors
        self.patience = patience
        self.trouble: SiteError | None = None
        self._troubled = asyncio.Event()
        page.on("response", self._note_response)
        page.on("requestfailed", self._note_failure)

    def _note_response(self, response: Response) -> None:
        """A request in the background that ends at the sign-in page means that the session has expired."""
        if self.is_sign_in(response.url):
            self._note(
                SignInNeeded("The site asks to sign in: there is no session, or it has expired.", remedy=SIGN_IN)
            )
        elif response.status >= HTTPStatus.INTERNAL_SERVER_ERROR and self._matters(response.request):
            self._note(SiteUnreachable(f"{response.url} answers with the error {response.status}.", remedy=LATER))

    def _note_failure(self, request: Request) -> None:
        if request.failure and "ERR_ABORTED" not in request.failure and self._matters(request):
            self._note(SiteUnreachable(f"{request.url} does not answer: {request.failure}.", remedy=LATER))

    def _matters(self, request: Request) -> bool:
        """Whether the page needs it: it is of the site itself, and no picture; what others count visits with is not."""
        ours, asked = (_domain(urlsplit(url).hostname) for url in (self.page.url, request.url))
        return request.is_navigation_request() or (ours == asked and request.resource_type in _NEEDED)

    def _note(self, trouble: SiteError) -> None:
        self.trouble = self.trouble or trouble
        self._troubled.set()

    def is_sign_in(self, url: str) -> bool:
        """Whether an address is that of the sign-in page."""
        return urlsplit(url).path.rstrip("/").endswith(self.selectors["sign_in"]["address"])

    def selector(self, name: str) -> str:
        """What is looked for, by the element's name with its page: `library.total`."""
        page, _, element = name.partition(".")
        return self.selectors[page][element]

    def calm(self) -> None:
        """Forget troubles that belong to what was done before; an expired session stays expired."""
        if not isinstance(self.trouble, SignInNeeded):
            self.trouble = None
            self._troubled.clear()

    async def accept_cookies(self) -> None:
        """Answer the cookie banner whenever it comes to cover something that is to be clicked on."""
        banner = self.page.locator(self.selectors["sign_in"]["cookie_accept"]).first
        await self.page.add_locator_handler(banner, lambda: banner.click(), no_wait_after=True)

    async def run(self, expression: str, argument: object = None) -> Any:
        """Evaluate a function of the page script."""
        return await self.page.evaluate(f"argument => window.__tjtools.{expression}", argument)

    async def expect(self, waiting: Awaitable[Any], what: str, page: str, element: str) -> None:
        """Wait for something that the page must come to.

        Raises the site's own trouble (an expired session, no answer) as soon as it shows, and `PageChanged` when what
        is waited for does not come in time.
        """
        wait, trouble = asyncio.ensure_future(waiting), asyncio.ensure_future(self._troubled.wait())
        try:
            await asyncio.wait({wait, trouble}, timeout=self.patience, return_when=asyncio.FIRST_COMPLETED)
            if self.trouble:
                raise self.trouble
            if wait.done() and not isinstance(wait.exception(), PlaywrightTimeout):
                wait.result()
                return
        finally:
            for task in (wait, trouble):
                task.cancel()
            await asyncio.gather(wait, trouble, return_exceptions=True)
        if page == "library" and not await self.run("complete()"):
            page, element = "card", "card"  # the list came, and its cards are not found
        box = await self._covering_box()
        raise PageChanged(
            f"{self.page.url}: {what} within {self.patience:g} s.{f' A box covers the page: {box!r}.' if box else ''}",
            element=f"{page}.{element}",
            selector=self.selectors[page][element],
            remedy="If the site has changed, tjtools doctor --site tells what, and selectors.toml is where to mend it.",
        )

    async def _covering_box(self) -> str:
        overlay = self.page.locator(self.selectors["library"]["overlay"]).first
        return " ".join((await overlay.inner_text(timeout=500)).split()) if await overlay.count() else ""

    async def click(self, page: str, element: str) -> None:
        """Click an element, as a person would."""
        target = self.page.locator(self.selectors[page][element]).first
        waiting = target.click(timeout=self.patience * 1000)
        await self.expect(waiting, "nothing to click on came", page, element)


class SignInPage(SitePage):
    """The page on which a person signs in: the driver fills in what it knows, and waits."""

    async def open(self, url: str) -> None:
        """Go there."""
        await self.accept_cookies()
        await self.page.goto(url)

    async def fill(self, username: str, password: str) -> None:
        """Fill in what is known; the rest, the robot check and the button are the person's."""
        for element, value in (("username", username), ("password", password)):
            if value:
                await self.page.locator(self.selectors["sign_in"][element]).first.fill(value)

    async def wait_for_person(self, timeout: float) -> None:
        """Wait until the person has signed in; raises `SignInNeeded` after `timeout` seconds."""
        signed_in = self.page.locator(self.selectors["sign_in"]["signed_in"]).first
        try:
            await self.page.wait_for_url(lambda url: not self.is_sign_in(url), timeout=timeout * 1000)
            await signed_in.wait_for(state="attached", timeout=self.patience * 1000)
        except PlaywrightTimeout as error:
            raise SignInNeeded(f"Nobody signed in within {timeout:g} s.", remedy=SIGN_IN) from error


class LibraryPage(SitePage):
    """The Media Library: sections, pages of cards, and the upload panel."""

    async def open(self, origin: str) -> None:
        """Go there; raises `SignInNeeded` where the site sends us to its sign-in page."""
        self.trouble = None
        self._troubled.clear()
        await self.page.goto(origin + self.selectors["library"]["path"])
        if self.trouble:
            raise self.trouble
        heading = self.page.locator(self.selectors["library"]["heading"]).first
        waiting = heading.wait_for(state="attached", timeout=self.patience * 1000)
        await self.expect(waiting, "the heading did not come", "library", "heading")
        await self.expect(self.run("atRest()"), "the list did not come to rest", "library", "total")

    async def open_section(self, section: Section) -> None:
        """Choose a section's tab and sub-tab, and wait until its own list stands there."""
        tab, choice = TABS[section]
        await self.reload_by(tab)
        if choice:
            await self.choose(choice)

    async def choose(self, choice: str, until: str = "settled()") -> None:
        """Choose a sub-tab, unless it is chosen already."""
        if not await self.run("checked(argument)", self.selectors["library"][choice]):
            await self.reload_by(f"{choice}_label", until)

    async def reload_by(self, element: str, until: str = "settled()") -> None:
        """Click what reloads the list, and wait for it; `reloaded()` waits without a look at the cards."""
        self.calm()
        await self.run("arm()")
        await self.click("library", element)
        await self.expect(self.run(until), "the list did not load again", "library", element)

    async def shown(self) -> CardPage:
        """What is shown, whatever it is, in one evaluation."""
        return _page_of(await self.run("readPage()"))

    async def read(self) -> CardPage:
        """The cards that are shown; raises `PageChanged` where one lacks its ID or its name."""
        return self._checked(await self.shown())

    async def read_on(self, seconds: float) -> tuple[CardPage, ...]:
        """Turn to the next page of the list, and to those behind it for so many seconds."""
        self.calm()
        reading = asyncio.ensure_future(self.run("readOn(argument)", seconds * 1000))
        await self.expect(reading, "the next page did not come", "library", "next_page")
        return tuple(self._checked(_page_of(told)) for told in reading.result())

    def _checked(self, shown: CardPage) -> CardPage:
        for element, missing in (("id_attribute", "creative_id"), ("name", "name")):
            if not all(getattr(card, missing) for card in shown.cards):
                raise PageChanged(
                    f"{self.page.url}: a card shows no {missing.replace('_', ' ')}",
                    element=f"card.{element}",
                    selector=self.selectors["card"][element],
                    remedy="Nothing was concluded from it. If the site has changed, mend it in selectors.toml.",
                )
        return shown

    async def open_upload_panel(self) -> None:
        """Open the panel that takes files, up to its file input."""
        upload = self.selectors["upload"]
        field = self.page.locator(upload["input"]).first
        self.calm()
        await self.click("upload", "open")
        waiting = field.wait_for(state="attached", timeout=self.patience * 1000)
        await self.expect(waiting, "the file input did not come", "upload", "input")

    async def wait_for_names(self, names: Sequence[str], seen: Sequence[str], timeout: float) -> None:
        """Wait until a card of one of these names, and of none of the IDs seen, is shown; or for so many seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self.run("namesShown(argument)", {"names": [*names], "seen": [*seen]})
        except TimeoutError:
            return

    async def hand_over(
        self, paths: Sequence[Path], told: Callable[[str, FileResult], None], *, stalled_after: float
    ) -> dict[str, FileResult]:
        """Give files to the open panel and follow each to its end; the results are by file name.

        A file whose batch shows no change for `stalled_after` seconds is `STALLED`: nobody knows what became of it.
        """
        field = self.page.locator(self.selectors["upload"]["input"]).first
        await self.run("armUpload()")
        await field.set_input_files([str(path) for path in paths])
        results = {path.name: FileResult(FileState.QUEUED) for path in paths}
        known = "[]"
        while not all(result.state.final for result in results.values()):
            try:
                async with asyncio.timeout(stalled_after):
                    states = await self.run("changedPreviews(argument)", known)
            except TimeoutError:
                return _stalled(results, stalled_after)
            # the same separators as JSON.stringify in the page
            known = json.dumps(states, ensure_ascii=False, separators=(",", ":"))
            for name, result in _changes(results, states):
                results[name] = result
                told(name, result)
        return results


def _domain(host: str | None) -> list[str]:
    """The last two parts of a host's name, which its services share."""
    return (host or "").split(".")[-2:]


def _page_of(told: Mapping[str, Any]) -> CardPage:
    cards = tuple(Card(**card) for card in told["cards"])
    return CardPage(cards, told["first"], told["last"], told["total"], told["next"])


def _changes(known: Mapping[str, FileResult], states: Sequence[Mapping[str, str]]) -> list[tuple[str, FileResult]]:
    seen = {state["name"]: FileResult(FileState(state["state"]), state["message"]) for state in states}
    return [(name, result) for name, result in seen.items() if name in known and known[name] != result]


def _stalled(results: Mapping[str, FileResult], after: float) -> dict[str, FileResult]:
    stuck = FileResult(FileState.STALLED, f"no change within {after:g} s")
    return {name: result if result.state.final else stuck for name, result in results.items()}
