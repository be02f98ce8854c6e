"""The site in a real browser, as plain functions. The one border that browser errors cross."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from playwright._impl._errors import Error, TargetClosedError  # the public room takes half a second to import
from pydantic import BaseModel

from tjtools.model.creative import Section
from tjtools.model.errors import (
    BrowserClosed,
    BrowserNotFound,
    PageChanged,
    SignInNeeded,
    SiteError,
    SiteUnreachable,
    TJToolsError,
)
from tjtools.model.words import Waits
from tjtools.site.browser import NO_DISPLAY, BrowserThread, lacks_display, sign_in_without_display, without_window
from tjtools.site.inspection import Inspection, Inspector
from tjtools.site.pages import LibraryPage, SignInPage
from tjtools.site.redaction import Evidence, gist, take_evidence, why_it_died, why_unreachable
from tjtools.site.sitepage import Selectors, page_script
from tjtools.workspace.settings import on_this_machine, start_of_sandbox

if TYPE_CHECKING:
    from playwright.async_api import Playwright

log = logging.getLogger("tjtools.site")

CLOSING = 15.0  # seconds that a browser has to close its pages
Given = ParamSpec("Given")
Result = TypeVar("Result")
_NO_PICTURES = ("--blink-settings=imagesEnabled=false",)
_LAUNCH_ARGUMENTS = ("--no-first-run", "--disable-background-networking", "--disable-component-update")


def _on_the_page(
    method: Callable[Concatenate[LibraryPage, Given], Coroutine[Any, Any, Result]],
) -> Callable[Concatenate[Site, Given], Result]:
    """What the library's page does, for callers in any thread."""

    @wraps(method)
    def call(site: Site, /, *args: Given.args, **named: Given.kwargs) -> Result:
        return site._run(method(site._page(), *args, **named))

    return call


@dataclass(eq=False)
class Site:
    """The network's site in a browser of our own; open it with `with`, or `open()` and `close()`.

    `browser_session` is the file with the saved sign-in. Without `pictures`, the site is asked for none. `patience` is
    how many seconds a page may take to come to what it must come to. `cancelled` is asked ten times a second whether
    the person has stopped the work: any call raises `Cancelled` then. `waits` hears what takes long. `keep` puts the
    redacted page away on which something was looked for in vain. Where the session has expired, a call that asks the
    site for something raises `SignInNeeded`.
    """

    origin: str
    _: KW_ONLY
    sign_in_url: str
    selectors: Selectors
    executable: Path
    browser_session: Path
    headless: bool = True
    pictures: bool = True
    patience: float = 30
    cancelled: Callable[[], bool] | None = None
    waits: Waits = lambda _: None
    keep: Callable[[Evidence], Path | None] | None = None
    _thread: BrowserThread | None = field(default=None, init=False)
    _starting: asyncio.Future[Playwright] | None = field(default=None, init=False)
    _browser: Any = field(default=None, init=False)
    _context: Any = field(default=None, init=False)
    _library: LibraryPage | None = field(default=None, init=False)

    open_library = _on_the_page(LibraryPage.open_library)
    open_section = _on_the_page(LibraryPage.open_section)
    read_page = _on_the_page(LibraryPage.read_page)
    read_on = _on_the_page(LibraryPage.read_on)
    miss_total = _on_the_page(LibraryPage.miss_total)
    wait_for_names = _on_the_page(LibraryPage.wait_for_names)
    open_upload_panel = _on_the_page(LibraryPage.open_upload_panel)
    hand_over = _on_the_page(LibraryPage.hand_over)
    screenshot = _on_the_page(LibraryPage.screenshot)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start the browser with the saved sign-in; raises `BrowserNotFound` where it does not start."""
        if self._thread:
            return
        self._thread = BrowserThread()
        atexit.register(self.close)
        try:
            self._run(self._start())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it; safe to call twice."""
        thread, self._thread = self._thread, None
        if thread:
            atexit.unregister(self.close)
            try:
                thread.run(self._end(), to_its_end=True)
            finally:
                thread.stop()

    def renew(self) -> None:
        """Go on at the Media Library in a new tab: an old one keeps something of all that went by."""
        old, self._library = self._page(), self._run(self._new_tab())
        self._run(old.page.close())
        self.open_library()

    def sign_in(self, username: str, password: str, *, timeout: float) -> None:
        """Show the sign-in page, fill in what is known, wait for the person to finish, and keep the session."""
        self._run(self._sign_in(username, password, timeout))

    def inspect(self) -> Inspection:
        """Look at every page that the driver works with, and change nothing.

        The browser is then at another page than before: open the library again to go on.
        """
        return self._run(self._inspect())

    def inspect_section(self, section: Section) -> Inspection:
        """Look at the section that is shown, and at the tabs."""
        return self._run(Inspector(self._page()).section(section))

    def inspect_upload_panel(self) -> Inspection:
        """Look at the upload panel, which is open."""
        return self._run(Inspector(self._page()).panel())

    def _page(self) -> LibraryPage:
        if self._library is None:
            raise SiteError("The browser is not open.", remedy="Call open() first, or use `with`.")
        return self._library

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run it in the browser's thread; what Playwright raises becomes one of our errors here, and nowhere else."""
        if self._thread is None:
            work.close()
            raise SiteError("The browser is not open.", remedy="Call open() first, or use `with`.")
        try:
            return self._thread.run(work, self.cancelled)
        except PageChanged as error:
            self._keep_page(error)
            raise
        except Error as error:
            raise self._translated(error) from Error(gist(str(error)))  # its call log quotes the password
        except OSError as error:
            told = f"A file could not be given to the browser: {error}."
            raise SiteError(told, remedy="Is it still there?") from error

    def _keep_page(self, error: PageChanged) -> None:
        """Keep the page as it stands; where that can't be done, what went wrong first is still what counts."""
        if self.keep and self._library and self._thread:
            try:
                page = self._thread.run(take_evidence(self._library.page, error.element), self.cancelled)
                if folder := self.keep(page):
                    error.kept_in(folder)
            except (Error, TJToolsError) as second:
                log.warning("The page could not be kept: %s", second)

    def _translated(self, error: Exception) -> SiteError:
        if self._library and isinstance(self._library.trouble, SignInNeeded):
            return self._library.trouble  # the page went to the sign-in page under our hands
        first = gist(str(error))
        gone = self._browser is not None and not self._browser.is_connected()
        if gone or isinstance(error, TargetClosedError) or "crashed" in first or "Connection closed" in first:
            return BrowserClosed("The browser was closed in the middle of the work.", remedy="Start the command again.")
        if why := why_unreachable(first):
            remedy = "Check the connection, try again."
            if on_this_machine(self.origin):
                start = start_of_sandbox(self.origin, Path())
                remedy = f"The sandbox is not running: tjtools lab starts it, or {start} in the workspace's folder."
            return SiteUnreachable(f"{self.origin} does not answer: {why}.", remedy=remedy)
        return PageChanged(
            f"The browser could not do what was asked: {first}",
            element="page",
            selector=self.origin,
            remedy="Try again; with --headed you see what the page shows.",
        )

    async def _start(self) -> None:
        from playwright.async_api import async_playwright

        arguments = [*_LAUNCH_ARGUMENTS, *(() if self.pictures else _NO_PICTURES)]
        self._starting = asyncio.ensure_future(async_playwright().start())
        playwright = await asyncio.shield(self._starting)  # who stops meanwhile ends it when it is there
        try:
            self._browser = await playwright.chromium.launch(
                executable_path=without_window(self.executable) if self.headless else self.executable,
                headless=self.headless, args=arguments,
                handle_sigint=False, handle_sigterm=False, handle_sighup=False,
            )  # fmt: skip
        except Error as error:
            if not self.headless and lacks_display():
                remedy = sign_in_without_display(self.browser_session, sandbox=on_this_machine(self.origin))
                raise BrowserNotFound(NO_DISPLAY, remedy=remedy) from error
            raise BrowserNotFound(
                f"{self.executable} does not start: {why_it_died(error.message)}", remedy="Run: tjtools doctor"
            ) from error
        await self._enter()

    async def _enter(self) -> None:
        saved = load_browser_session(self.browser_session)
        try:
            self._context = await self._browser.new_context(
                storage_state=saved, viewport={"width": 1280, "height": 800}, locale="en-US"
            )
        except Exception:  # also what checks the arguments before the browser sees them
            if saved is None or not self._browser.is_connected():
                raise
            raise _no_session(self.browser_session) from None  # the words may quote it
        await self._context.add_init_script(page_script(self.selectors))
        self._library = await self._new_tab()

    async def _new_tab(self) -> LibraryPage:
        page = await self._context.new_page()
        library = LibraryPage(page, self.selectors, self.origin, patience=self.patience, waits=self.waits)
        await library.clear_the_way()
        return library

    async def _end(self) -> None:
        with suppress(Error, TimeoutError):  # it was gone already, or hangs: it ends with what drives it
            async with asyncio.timeout(CLOSING):
                if self._browser:
                    await self._browser.close()
        with suppress(Error):  # it did not start, as whoever opened it has heard
            if self._starting:
                await (await self._starting).stop()

    async def _sign_in(self, username: str, password: str, timeout: float) -> None:
        page = await self._context.new_page()
        window = SignInPage(page, self.selectors, self.origin, patience=self.patience)
        kept = await window.sign_in(self.sign_in_url, username, password, timeout)
        save_browser_session(self.browser_session, kept)
        await page.close()

    async def _inspect(self) -> Inspection:
        stranger = await self._browser.new_context(locale="en-US")
        await stranger.add_init_script(page_script(self.selectors))
        page = SignInPage(await stranger.new_page(), self.selectors, self.origin, patience=self.patience)
        inspector = Inspector(self._page())
        try:
            await inspector.walk()
            return await inspector.sign_in(page, self.sign_in_url)
        finally:
            await stranger.close()


class _Saved(BaseModel):
    cookies: list[dict[str, Any]]
    origins: list[dict[str, Any]]


def load_browser_session(path: Path) -> dict[str, Any] | None:
    """The saved cookies and storage, None where nobody has signed in yet.

    Raises `SignInNeeded` for a file that holds none; what it holds is not told.
    """
    try:
        return _Saved.model_validate_json(path.read_bytes()).model_dump()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _no_session(path) from None


def _no_session(path: Path) -> SignInNeeded:
    return SignInNeeded(f"{path} holds no browser session.", remedy="Run: tjtools login")


def save_browser_session(path: Path, state: object) -> None:
    """Keep cookies and storage in a file that its owner alone can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(state, file)
    beside.replace(path)
