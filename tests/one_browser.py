"""One browser for many tests: each works in a window of its own, as somebody who has just opened it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tjtools.site import Site, driver
from tjtools.site.sitepage import load_selectors

# what it goes without (Playwright's own list is longer): its address bar's popups are a third of the work
UNUSED = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,AimEnabled,MediaRouter"


@contextmanager
def running_browser(executable: str, folder: Path) -> Iterator[Site]:
    nowhere = "http://127.0.0.1:9"
    site = Site(
        nowhere, sign_in_url=nowhere, selectors=load_selectors(), executable=Path(executable),
        browser_session=folder / "nobody.json", pictures=False,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "_LAUNCH_ARGUMENTS", (*driver._LAUNCH_ARGUMENTS, f"--disable-features={UNUSED}"))
        site.open()
    with site:
        yield site


class Visit(Site):
    """What `Site` is, in a browser that runs already and goes on afterwards."""

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
            thread.run(self._context.close(), to_its_end=True)
