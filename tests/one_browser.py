"""One browser for many tests: each works in a tab of its own, as somebody who has just opened it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error

from tjtools.site import Site, driver
from tjtools.site.driver import load_browser_session
from tjtools.site.sitepage import load_selectors, page_script

# what it goes without (Playwright's own list is longer): its address bar's popups are a third of the work
UNUSED = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,AimEnabled,MediaRouter"
LEAVING = 5.0  # seconds in which a tab lets go of its page, else all is closed
kept: dict[tuple[int, str], Any] = {}  # windows without a page, by browser and by the script that their pages get


@contextmanager
def running_browser(executable: str, folder: Path) -> Iterator[Site]:
    nowhere = "http://127.0.0.1:9"
    site = Site(
        nowhere, sign_in_url=nowhere, selectors=load_selectors(), executable=Path(executable),
        browser_session=folder / "nobody.json", pictures=False,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        arguments = f"--disable-features={UNUSED}", "--renderer-process-limit=1"  # a new tab in a process that is warm
        patch.setattr(driver, "_LAUNCH_ARGUMENTS", (*driver._LAUNCH_ARGUMENTS, *arguments))
        site.open()
    with site:
        yield site


class Visit(Site):
    """What `Site` is, in a browser that runs already and goes on afterwards.

    It takes over the window that an earlier visit has left, with a new tab and without anything that it knew: a start
    of the process that shows a page takes longer than most tests.
    """

    def __init__(self, browser: Site, origin: str, **values: Any) -> None:
        super().__init__(origin, **values)
        self._shared = browser

    def open(self) -> None:
        if self._thread is None:
            self._thread, self._browser = self._shared._thread, self._shared._browser
            self._run(self._enter())

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread and self._context:
            thread.run(self._leave(), to_its_end=True)

    @property
    def _like(self) -> tuple[int, str]:
        return id(self._shared), page_script(self.selectors)

    async def _enter(self) -> None:
        """Where there is a window, and a session that fits any; else as the driver does it."""
        saved = load_browser_session(self.browser_session) or {"cookies": [], "origins": []}
        window = None if saved["origins"] else kept.pop(self._like, None)
        if window is None:
            return await super()._enter()
        try:
            [before] = window.pages
            await window.add_cookies(saved["cookies"])
            self._context = window
            self._library = await self._new_tab()
            await before.close()
        except (Error, TypeError, ValueError):  # the driver says what is wrong
            await window.close()
            await super()._enter()

    async def _leave(self) -> None:
        window = self._context
        try:
            async with asyncio.timeout(LEAVING):
                last, *others = window.pages
                for page in others:
                    await page.close()
                await last.unroute_all()
                await last.goto("about:blank")
                await window.unroute_all()
                await window.clear_cookies()
            for event in ("request", "requestfinished", "requestfailed", "page"):
                window._impl_obj.remove_all_listeners(event)
        except (Error, TimeoutError, ValueError):  # it is stuck, or was closed by the test
            await window.close()
        else:
            if kept.setdefault(self._like, window) is not window:
                await window.close()
