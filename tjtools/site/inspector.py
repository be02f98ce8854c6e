"""A read-only walk over the site's pages: is every element that the driver relies on there, and as it expects?

Nothing is submitted, and no file is handed over. What a page did not come to show is not seen, which is no verdict.
Where a page does not follow a click, the walk ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from tjtools.model.creative import Section
from tjtools.model.errors import PageChanged, SignInNeeded
from tjtools.site.elements import (
    RULES,
    Element,
    ElementState,
    Inspection,
    Sight,
    Sights,
    sight_of_nodes,
    sights_of_list,
    sights_of_previews,
)
from tjtools.site.evidence import Evidence, take_evidence
from tjtools.site.pages import TABS, LibraryPage, SignInPage
from tjtools.site.sitepage import SitePage

SETTLING = 5.0  # seconds that an element has to show on a page that has come to rest
_TABS = tuple(f"library.{tab}" for tab in dict.fromkeys(tab for tab, _ in TABS.values()))
_NATIVE = tuple(f"library.{choice}{part}" for _, choice in TABS.values() if choice for part in ("", "_label"))
_UNSEEN = ElementState.NOT_SEEN
_OTHER_TEXT = Sight(_UNSEEN, "another text; the link was told by its rel or class")


class Inspector:
    """One inspection; what it sees of an element on several pages is summed up: changed on one is changed."""

    def __init__(self, library: LibraryPage) -> None:
        self.library = library
        self._sights: Sights = {}
        self._evidence: list[Evidence] = []

    def result(self) -> Inspection:
        """What has been found until now."""
        selectors = [
            (f"{page}.{element}", selector)
            for page, elements in self.library.selectors.items()
            for element, selector in elements.items()
        ]
        return Inspection(tuple(self._element(*one) for one in selectors), tuple(self._evidence))

    async def walk(self, origin: str) -> None:
        """Open the Media Library, and look at it, at each of its sections, and at its upload panel."""
        library = self.library
        library.calm()
        answer = await library.go(origin + library.selectors["library"]["path"])
        await library.expect(library.run("quiet()"), "the page did not come to rest", "library", "path")
        try:
            await library.expect_account()
        except SignInNeeded:
            if library.trouble:
                raise  # the site asks for it; else what shows an account may have changed, which is looked at
        await self._look(library, "media_library", lambda: self._library_sights(answer.status if answer else 0))
        if self._changed("library.path", "library.overlay"):
            return
        try:
            for section in Section:
                await self._walk_to(section)
            if not self._changed("upload.open"):
                library.calm()
                await library.click("upload", "open")
                await self.panel()
        except PageChanged as error:
            sights = {error.element: Sight(ElementState.CHANGED, error.message)}
            await self._keep(library, "stuck", sights)

    async def section(self, section: Section) -> None:
        """Look at the section that is shown, and at what leads to all sections."""
        leading = (*_TABS, *_NATIVE) if TABS[section][1] else _TABS

        async def look() -> Sights:
            page, by_text = await self.library.shown(), await self.library.run("nextByText()")
            sights = await self._sights_of(self.library, leading) | sights_of_list(page, section)
            return sights | ({} if by_text or not page.has_next else {"library.next_text": _OTHER_TEXT})

        await self._look(self.library, section.name.lower(), look)

    async def panel(self) -> None:
        """Look at the upload panel, which is open."""

        async def look() -> Sights:
            previews = sights_of_previews(await self.library.run("previewTemplate()"))
            return await self._sights_of(self.library, ["upload.input"]) | previews

        await self._look(self.library, "upload_panel", look)

    async def sign_in(self, page: SignInPage, url: str) -> None:
        """Look at the sign-in page, as somebody who is not signed in sees it."""
        await page.page.goto(url)

        async def look() -> Sights:
            banner = await page.page.locator(page.selectors["sign_in"]["cookie_accept"]).count()
            state = ElementState.OK if page.is_sign_in(page.page.url) else ElementState.CHANGED
            return {
                "sign_in.cookie_accept": Sight(ElementState.OK, "there") if banner else Sight(_UNSEEN, "no banner"),
                **await self._sights_of(page, ["sign_in.username", "sign_in.password"]),
                "sign_in.address": Sight(state, urlsplit(page.page.url).path),
            }

        await self._look(page, "sign_in", look)

    async def _library_sights(self, status: int) -> Sights:
        path, wanted = urlsplit(self.library.page.url).path, self.library.selectors["library"]["path"]
        if status >= HTTPStatus.BAD_REQUEST or path.rstrip("/") != wanted.rstrip("/"):
            return {"library.path": Sight(ElementState.CHANGED, f"{path}, which answers with {status}")}
        boxes = await self.library.page.locator(self.library.selectors["library"]["overlay"]).count()
        covered = Sight(ElementState.CHANGED, "a box covers the page") if boxes else Sight(_UNSEEN, "no box")
        names = ("sign_in.signed_in", "library.heading", *_TABS, "upload.open")
        sights = await self._sights_of(self.library, names)
        said = await self.library.run("accountSaid()")
        words = Sight(ElementState.OK, "there") if said else Sight(_UNSEEN, "not on this page")
        path_sight = Sight(ElementState.OK, path)
        return {"library.path": path_sight, "library.overlay": covered, "sign_in.signed_in_text": words, **sights}

    async def _walk_to(self, section: Section) -> None:
        (tab, choice), library = TABS[section], self.library
        if self._changed(f"library.{tab}"):
            return
        await library.reload_by(tab, "reloaded()")
        if choice:
            await self._look(library, "native", lambda: self._sights_of(library, _NATIVE))
            if self._changed(f"library.{choice}", f"library.{choice}_label"):
                return
            await library.choose(choice, "reloaded()")
        await self.section(section)

    async def _look(self, page: SitePage, place: str, look: Callable[[], Awaitable[Sights]]) -> None:
        """Look until nothing new has changed, or for `SETTLING` seconds, and keep what is seen."""
        sights = await look()
        try:
            async with asyncio.timeout(SETTLING):
                while self._news(sights):
                    await page.run("stirred()")
                    sights = await look()
        except TimeoutError:
            sights = await look()
        if page is self.library:
            await page.demand_session()
        await self._keep(page, place, sights)

    async def _keep(self, page: SitePage, place: str, sights: Sights) -> None:
        if self._news(sights):
            self._evidence.append(await take_evidence(page.page, place))
        for name, sight in sights.items():
            if name not in self._sights or sight.state.weight > self._sights[name].state.weight:
                self._sights[name] = sight

    async def _sights_of(self, page: SitePage, names: Sequence[str]) -> Sights:
        """What the page shows of elements for which a rule says all.

        The page's own script answers for all at once; Playwright, which is slower, is asked for those that it does not
        find: it knows more selectors than CSS has.
        """
        asked = [(page.selector(name), [RULES[name].fits, RULES[name].visible]) for name in names]
        told = await page.run("misfits(argument)", [[selector, *rule] for selector, rule in asked])
        sights = {}
        for name, (selector, rule), misfits in zip(names, asked, told, strict=True):
            nodes = page.page.locator(selector)
            again = misfits or await nodes.evaluate_all(
                "(nodes, rule) => window.__tjtools.misfit(nodes, ...rule)", rule
            )
            sights[name] = sight_of_nodes(again)
        return sights

    def _changed(self, *names: str) -> bool:
        return any(name in self._sights and self._sights[name].state is ElementState.CHANGED for name in names)

    def _news(self, sights: Sights) -> bool:
        """Whether an element has changed that was not known to have."""
        return any(sight.state is ElementState.CHANGED and not self._changed(name) for name, sight in sights.items())

    def _element(self, name: str, selector: str) -> Element:
        state, found = self._sights.get(name, Sight(_UNSEEN, "no page came to show it"))
        return Element(name, selector, RULES[name].expected if name in RULES else "", found, state)
