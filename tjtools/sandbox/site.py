"""The site itself, as its pages, uploads and control interface share it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from tjtools.sandbox.faults import Faults
from tjtools.sandbox.store import Store
from tjtools.sandbox.words import Script, Settings

COOKIE = "sandbox_session"


@dataclass
class Site:
    """What the site remembers, and how it behaves at the moment."""

    store: Store
    defaults: Settings
    usual_faults: tuple[str, ...] = ()
    settings: Settings = field(init=False)
    faults: Faults = field(init=False)
    scripts: dict[str, Script] = field(default_factory=dict)
    resets: int = 0
    reset_connection: Callable[[tuple[str, int]], None] = lambda _client: None  # the server's

    def __post_init__(self) -> None:
        self.settings, self.faults = self.defaults, Faults(self.usual_faults)

    def reset(self) -> None:
        """As on the first day."""
        self.store.reset()
        self.settings, self.scripts, self.faults = self.defaults, {}, Faults(self.usual_faults)
        self.resets += 1


def site_of(request: Request[Any]) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site


async def wait(seconds: float) -> None:
    """The site's own slowness."""
    if seconds > 0:
        await asyncio.sleep(seconds)
