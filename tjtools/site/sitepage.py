"""What all pages have in common: what is looked for on them, waits that end, and an eye on the site's troubles."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import tomllib
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright._impl._errors import Error as PlaywrightError
from playwright._impl._errors import TimeoutError as PlaywrightTimeout

from tjtools.model.creative import Section
from tjtools.model.errors import (
    PageChanged,
    PageCovered,
    SettingsError,
    SignInNeeded,
    SiteBusy,
    SiteError,
    SiteUnreachable,
)
from tjtools.model.words import LONG, Waiting, Waits
from tjtools.site.redaction import shown_address
from tjtools.workspace.folder import read_toml

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page, Request, Response

log = logging.getLogger("tjtools.site")
Selectors = dict[str, dict[str, str]]

SIGN_IN = "Run: tjtools login"
LATER = "Check the connection, and try again in a few minutes."
ANSWER = "Sign in to the site in a browser of your own, answer it there, and start the command again."
IF_CHANGED = "If the site has changed, tjtools doctor --site tells what"
SIGNED_OUT = "tjtools: signed out"  # the page script's word that the page asks to sign in
UNTOLD_WAIT = 5.0  # seconds, where the site does not say after how many to come again
_NEEDED = {"document", "xhr", "fetch", "script"}
TABS = {
    Section.STATIC_BANNER: ("static_tab", ""),
    Section.VIDEO_BANNERS: ("video_tab", ""),
    Section.IN_STREAM_VIDEO: ("in_stream_tab", ""),
    Section.NATIVE_STATIC_BANNER: ("native_tab", "native_static"),
    Section.NATIVE_ROLLOVER: ("native_tab", "native_rollover"),
}  # the tab that leads to each section, and what is chosen there


def load_selectors(own: Path | None = None) -> Selectors:
    """The selectors by page and element, the user's own file (if there is one) laid over the package's.

    Raises `SettingsError` where the user's file is no TOML, or names an element that the driver does not know.

    >>> load_selectors()["card"]["card"]
    'div.creativeContainer'
    """
    known: Selectors = tomllib.loads(files("tjtools.site").joinpath("selectors.toml").read_text("utf-8"))
    if own is None or not own.is_file():
        return known
    for page, elements in read_toml(own).items():
        for element, selector in elements.items() if isinstance(elements, dict) else [("", elements)]:
            if element not in known.get(page, {}) or not (isinstance(selector, str) and selector.strip()):
                raise SettingsError(
                    f"{own}: {page}.{element} is not an element that the driver looks for, or its selector is no text.",
                    remedy=f"Known in [{page}]: {', '.join(known.get(page, {})) or 'nothing; see the package’s file'}.",
                )
            known[page][element] = selector
    return known


def page_script(selectors: Selectors) -> str:
    """The script that every document gets before its own ones run."""
    source = files("tjtools.site").joinpath("page.js").read_text("utf-8").strip().removesuffix(";")
    return f"({source})({json.dumps(selectors)})"


class SitePage:
    """A page in a tab; an element goes by its name with its page, as `library.total`."""

    def __init__(
        self, page: Page, selectors: Selectors, origin: str, *, patience: float, waits: Waits = lambda _: None
    ) -> None:
        self.page = page
        self.selectors = selectors
        self.origin = origin
        self.patience = patience
        self.waits = waits
        self.trouble: SiteError | None = None
        self._troubled = asyncio.Event()
        page.on("response", self._note_response)
        page.on("requestfailed", self._note_failure)

    def _note_response(self, response: Response) -> None:
        if not self._matters(response.request):
            return
        if self.is_sign_in(response.url):  # also of a request in the background: the session has expired
            self.expired()
        elif response.status == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(response.headers)
            where = shown_address(response.url)
            told = f"{where} is asked too much (429) and wants to be left alone for {seconds:g} s."
            self._note(SiteBusy(told, seconds=seconds, remedy="Try again then."))
        elif response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            told = f"{shown_address(response.url)} answers with the error {response.status}."
            self._note(SiteUnreachable(told, remedy=LATER))

    def _note_failure(self, request: Request) -> None:
        if request.failure and "ERR_ABORTED" not in request.failure and self._matters(request):
            told = f"{shown_address(request.url)} does not answer: {request.failure}."
            self._note(SiteUnreachable(told, remedy=LATER))

    def _matters(self, request: Request) -> bool:
        """Whether the page needs it: it is of the site itself, and no picture; what others count visits with is not."""
        ours, asked = (site_domain(urlsplit(url).hostname) for url in (self.page.url, request.url))
        itself = request.is_navigation_request() and request.frame == self.page.main_frame
        return itself or (ours == asked and request.resource_type in _NEEDED)

    def _note(self, trouble: SiteError) -> None:
        """The first counts, but an expired session before any other."""
        if not self.trouble or isinstance(trouble, SignInNeeded):
            self.trouble = trouble
        self._troubled.set()

    def expired(self) -> SignInNeeded:
        asked = SignInNeeded("The site asks to sign in: there is no session, or it has expired.", remedy=SIGN_IN)
        self._note(asked)
        return asked

    def calm(self, *, afresh: bool = False) -> None:
        """Forget troubles that belong to what was done before; an expired session only where one begins `afresh`."""
        if afresh or not isinstance(self.trouble, SignInNeeded):
            self.trouble = None
            self._troubled.clear()

    def is_sign_in(self, url: str) -> bool:
        ends = self.selector("sign_in.address").replace(" ", "").split(",")
        return urlsplit(url).path.rstrip("/").endswith(tuple(ends))

    def selector(self, name: str) -> str:
        page, _, element = name.partition(".")
        return self.selectors[page][element]

    def first(self, name: str) -> Locator:
        return self.page.locator(self.selector(name)).first

    async def clear_the_way(self) -> None:
        """Answer the cookie banner, and close boxes, whenever they come to cover something that is to be clicked on."""
        banner, overlay = self.first("sign_in.cookie_accept"), self.first("library.overlay")
        await self.page.add_locator_handler(banner, self._accept_cookies, no_wait_after=True)
        await self.page.add_locator_handler(overlay, self._meet_box, no_wait_after=True)

    async def _accept_cookies(self, banner: Locator) -> None:
        with suppress(PlaywrightError):  # the page may go meanwhile; whoever works on it hears of that
            await banner.click()

    async def _meet_box(self, _overlay: Locator) -> None:
        """Close a box that only says something; one that asks is a person's to answer."""
        with suppress(PlaywrightError):
            met = await self.run("meetBox()")
            said = " ".join(met["text"].split())
            if met["closed"]:
                log.warning("The site showed a box, which was closed: %s", said)
            else:
                told = f"{shown_address(self.page.url)}: a box covers the page and asks: {said!r}."
                self._note(PageCovered(told, remedy=ANSWER))

    async def run(self, expression: str, argument: object = None) -> Any:
        """Evaluate a function of the page script; one that waits raises `SignInNeeded` where the page asks for it."""
        try:
            return await self.page.evaluate(f"argument => window.__tjtools.{expression}", argument)
        except PlaywrightError as error:
            if SIGNED_OUT in error.message:
                raise self.expired() from None
            raise

    async def demand_session(self) -> None:
        """Raise `SignInNeeded` where the page asks to sign in, at whatever address."""
        if isinstance(self.trouble, SignInNeeded) or await self.run("signedOut()"):
            raise self.expired()

    @contextmanager
    def waiting(self, seconds: float, *, files: int = 0, what: str = "its answer") -> Iterator[None]:
        """In here the site is waited for, at most so many seconds; who asked to hear of it hears once it takes long."""
        told: list[Waiting] = []

        def tell() -> None:
            told.append(one)
            self.waits(one)

        one = Waiting(time.monotonic() + seconds, files, what)
        timer = asyncio.get_running_loop().call_later(LONG, tell)
        try:
            yield
        finally:
            timer.cancel()
            if told:
                self.waits(None)

    async def expect(self, waiting: Awaitable[Any], what: str, name: str) -> None:
        """Wait for something that the page must come to; `what` says what is missing where it does not.

        Raises the site's own trouble (an expired session, no answer) as soon as it shows. When what is waited for does
        not come in time: `SignInNeeded` where nothing shows that somebody is signed in, else `PageChanged`.
        """
        wait, trouble = asyncio.ensure_future(waiting), asyncio.ensure_future(self._troubled.wait())
        try:
            with self.waiting(self.patience):
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
        raise await self._missed(f"{what} within {self.patience:g} s.", name)

    async def _missed(self, what: str, name: str) -> SiteError:
        missed, told = await self.run("missed()"), f"{shown_address(self.page.url)}: {what}"
        if missed["waiting"]:
            return SiteUnreachable(f"{told} The site has not answered.", remedy=LATER)
        if not missed["signed_in"]:
            looked_for = f"looked for sign_in.signed_in: {self.selector('sign_in.signed_in')}"
            return SignInNeeded(
                f"{told} Nothing shows that somebody is signed in ({looked_for}).",
                remedy=f"{SIGN_IN}. If you are signed in, the site has changed: tjtools doctor --site tells what.",
            )
        if name.startswith("library.") and missed["cards"]:
            name = "card.card"
            what += f" The line below the list counts {missed['cards']} here; {missed['found']} cards are found."
        return self.changed(what, name, f"{IF_CHANGED}, and selectors.toml is where to mend it.")

    def changed(self, what: str, name: str, remedy: str) -> PageChanged:
        """The error that says that the page is not as the driver knows it."""
        told = f"{shown_address(self.page.url)}: {what}"
        return PageChanged(told, element=name, selector=self.selector(name), remedy=remedy)

    async def click(self, name: str) -> None:
        await self.expect(self.first(name).click(timeout=self.patience * 1000), "nothing to click on came", name)

    async def attached(self, name: str, what: str) -> None:
        """Wait until an element is there, seen or not."""
        await self.expect(self.first(name).wait_for(state="attached", timeout=self.patience * 1000), what, name)


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that an answer wants to be waited for: a number, or the time until a date from its own.

    >>> told = {"date": "Thu, 13 Nov 2025 12:00:00 GMT", "retry-after": "Thu, 13 Nov 2025 12:01:30 GMT"}
    >>> retry_after({"retry-after": "7"}), retry_after(told), retry_after({})
    (7.0, 90.0, 5.0)
    """
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        until, now = (parsedate_to_datetime(when) for when in (told, headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return UNTOLD_WAIT


def site_domain(host: str | None) -> list[str]:
    """The last two parts of a host's name, which its services share."""
    return (host or "").split(".")[-2:]
