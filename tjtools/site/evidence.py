"""A page as it may be shown to others: its structure, and a picture drawn from that structure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tjtools.site.redaction import redacted

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

_LONGEST = 10_000  # milliseconds for the style sheets


@dataclass(frozen=True, slots=True)
class Evidence:
    """A redacted page and its picture (PNG); `place` says which page it is, e.g. `upload_panel`."""

    place: str
    html: str
    picture: bytes


async def take_evidence(page: Page, place: str) -> Evidence:
    """Redact the page as it stands, and draw it without what was redacted.

    The picture is not taken of the page: it shows the redacted one, without scripts, cookies and images, so that no
    text can get into it. Only style sheets are loaded for it; where they do not come, it is drawn without.
    """
    from playwright.async_api import TimeoutError as PlaywrightTimeout

    html, browser = await page.content(), page.context.browser
    if browser is None:
        return Evidence(place, redacted(html), b"")
    context = await browser.new_context(java_script_enabled=False, viewport=page.viewport_size)
    try:
        await context.route("**/*", _style_sheets_only)
        drawn = await context.new_page()
        base = f'<base href="{escape(page.url)}">'
        try:
            await drawn.set_content(base + redacted(html, styled=True), timeout=_LONGEST)
        except PlaywrightTimeout:
            await drawn.set_content(redacted(html))
        return Evidence(place, redacted(html), await drawn.screenshot(full_page=True, animations="disabled"))
    finally:
        await context.close()


async def _style_sheets_only(route: Route) -> None:
    if route.request.resource_type == "stylesheet":
        await route.continue_()
    else:
        await route.abort()
