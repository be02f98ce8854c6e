"""A read-only walk over the site's pages: is every element that the driver relies on there, and as it expects?

Nothing is submitted, and no file is handed over. What a page did not come to show is not seen, which is no verdict.
Where a page does not follow a click, the walk ends.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tjtools.model.creative import ReviewStatus, Section
from tjtools.model.errors import PageChanged, SignInNeeded, translated
from tjtools.site.pages import Card, CardPage, LibraryPage, SignInPage
from tjtools.site.redaction import Evidence, take_evidence
from tjtools.site.sitepage import TABS, SitePage
from tjtools.workspace.folder import Workspace

KEPT = 10
REMEDY = "Copy its line from tjtools/site/selectors.toml into selectors.toml in your workspace, and correct it there."
SETTLING = 5.0  # seconds that an element has to show on a page that has come to rest


class ElementState(Enum):
    """`NOT_SEEN`: nobody knows, since the pages did not come to show it. Of several pages' states the last counts."""

    NOT_SEEN = "not seen"
    OK = "ok"
    CHANGED = "changed"


class Sight(NamedTuple):
    """What a page shows of one element."""

    state: ElementState
    found: str


_STATES = _UNSEEN, _OK, _CHANGED = tuple(ElementState)
_THERE = Sight(_OK, "there")
Sights = dict[str, Sight]  # by the element's name


@dataclass(frozen=True, slots=True)
class Element:
    """An element that the driver relies on, as an inspection found it; `name` is e.g. `card.name`."""

    name: str
    selector: str
    expected: str
    found: str
    state: ElementState


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an inspection found: all elements in the selectors' order, and the pages on which one has changed."""

    elements: tuple[Element, ...]
    evidence: tuple[Evidence, ...]

    @property
    def changed(self) -> tuple[Element, ...]:
        """The elements that are not as the driver expects them."""
        return tuple(one for one in self.elements if one.state is _CHANGED)


class Rule(NamedTuple):
    """What the driver needs an element to be; `fits` is a CSS selector that the element itself must match."""

    expected: str
    fits: str = "*"
    visible: bool = False


_TABS = tuple(f"library.{tab}" for tab in dict.fromkeys(tab for tab, _ in TABS.values()))
_RADIOS = tuple(f"library.{choice}" for _, choice in TABS.values() if choice)
_LABELS = tuple(f"{radio}_label" for radio in _RADIOS)
_NEXT = Rule("the link to the next page, by selector and text")
RULES: Mapping[str, Rule] = {
    "sign_in.cookie_accept": Rule("the cookie banner's button, where there is a banner"),
    "sign_in.username": Rule("a field to write in", "input, textarea"),
    "sign_in.password": Rule("a password field", "input[type=password]"),
    "sign_in.signed_in": Rule("a link that shows once somebody is signed in"),
    "sign_in.signed_in_text": Rule("words that show once somebody is signed in"),
    "sign_in.signed_out": Rule("no form to sign in on a page for who is signed in"),
    "sign_in.missed": Rule("the heading that asks to sign in again, where there is one"),
    "sign_in.missed_text": Rule("what it says"),
    "sign_in.address": Rule("the ends of the sign-in pages' addresses"),
    "library.path": Rule("the address of the Media Library"),
    "library.heading": Rule("the Media Library's heading"),
    **dict.fromkeys(_TABS, Rule("a tab to click on", visible=True)),
    **dict.fromkeys(_RADIOS, Rule("a radio button", "input[type=radio]")),
    **dict.fromkeys(_LABELS, Rule("a label to click on", visible=True)),
    "library.next_page": _NEXT,
    "library.next_text": _NEXT,
    "library.total": Rule("a line with three numbers: first, last and total"),
    "library.overlay": Rule("no box that covers the page"),
    "library.box": Rule("the box, where one covers the page"),
    "library.box_button": Rule("its buttons"),
    "library.box_close": Rule("what is on a button that only closes it"),
    "card.card": Rule("as many cards as the page counts"),
    "card.id_attribute": Rule("a Creative ID, digits alone, on every card"),
    "card.name": Rule("a name on every card"),
    "card.dimensions": Rule("dimensions like 300x250"),
    "card.file_type": Rule("a file type like .mp4"),
    "card.status_attribute": Rule("a review status: pending, approved or rejected"),
    "upload.open": Rule("a button to click on", visible=True),
    "upload.input": Rule("a file input that takes several files", "input[type=file][multiple]"),
    "upload.preview": Rule("a file's preview, in Dropzone's template"),
    "upload.preview_name": Rule("the place of a file's name in Dropzone's template"),
    "upload.preview_error": Rule("the place of a refusal's reason in Dropzone's template"),
}
_STATUSES = "|".join(status.value for status in ReviewStatus if status is not ReviewStatus.REMOVED)
_FIELDS: Mapping[str, tuple[str, str, Set[Section]]] = {
    "card.id_attribute": ("creative_id", r"[0-9]+", set()),
    "card.name": ("name", r"(?s).+", set()),
    "card.dimensions": ("dimensions", r"\d+x\d+", {Section.IN_STREAM_VIDEO}),
    "card.file_type": ("file_type", r"\.\w+", {Section.IN_STREAM_VIDEO, Section.VIDEO_BANNERS}),
    "card.status_attribute": ("review_status", _STATUSES, set()),
}  # which field of a card it gives, how that looks, and the sections whose cards do not show it
_EVERYWHERE = {"card.id_attribute", "card.name"}  # the driver needs it on every card, not only on some


def sight_of_nodes(misfits: Sequence[str]) -> Sight:
    """The verdict on what a selector finds: for each node, `""` or what is wrong with it; the driver takes the first.

    >>> sight_of_nodes(["", "hidden"]).state, sight_of_nodes([]).found
    (<ElementState.OK: 'ok'>, 'nothing')
    """
    first = next(iter(misfits), "nothing")
    return Sight(_CHANGED, first) if first else _THERE


def sights_of_list(page: CardPage, section: Section) -> Sights:
    """The verdict on the list of a section, from one page of it."""
    total, link = Sight(_OK, f"{page.first} to {page.last} of {page.total}"), _THERE
    if page.total is None:
        total = Sight(_CHANGED, "nothing with three numbers")
    if not page.has_next:
        link = Sight(_UNSEEN, "no further page to turn to")
        if page.total is not None and page.last < page.total:
            link = Sight(_CHANGED, f"none after {page.last} of {page.total}")
    shown, count = page.total and page.last - page.first + 1, len(page.cards)
    stated = count if shown is None else shown
    counted = Sight(_OK if stated == count else _CHANGED, f"{count} of {stated} in {section.value}")
    if not count:
        counted = Sight(_CHANGED, f"none of {shown} in {section.value}") if shown else _no_card(section)
    told = {"library.total": total, "library.next_page": link, "library.next_text": link, "card.card": counted}
    return told | {name: _field(name, page.cards, section) for name in _FIELDS}


def sights_of_previews(template: Mapping[str, bool] | None) -> Sights:
    """The verdict on the previews that files will have; None: the page shows no Dropzone whose template can be read."""
    if template is None:
        unseen = Sight(_UNSEEN, "no Dropzone to ask")
        return dict.fromkeys(("upload.preview", "upload.preview_name", "upload.preview_error"), unseen)
    return {f"upload.{name}": sight_of_nodes([""] * there) for name, there in template.items()}


def _field(name: str, cards: Sequence[Card], section: Section) -> Sight:
    field, pattern, without = _FIELDS[name]
    if not cards:
        return _no_card(section)
    if section in without:
        return Sight(_UNSEEN, f"{section.value} shows none")
    told: list[str] = [getattr(card, field) for card in cards]
    wrong = [text for text in told if not re.fullmatch(pattern, text)]
    fits = not wrong or (len(wrong) < len(told) and name not in _EVERYWHERE)
    odd = "" if fits else next((f", but {text!r}" for text in wrong if text), "")
    found = f"on {len(told) - len(wrong)} of {len(told)} cards in {section.value}{odd}"
    return Sight(_OK if fits else _CHANGED, found)


def _no_card(section: Section) -> Sight:
    return Sight(_UNSEEN, f"no card in {section.value}")


class Inspector:
    """One inspection; what it sees of an element on several pages is summed up: changed on one is changed."""

    def __init__(self, library: LibraryPage) -> None:
        self.library = library
        self._sights: Sights = {}
        self._evidence: list[Evidence] = []

    async def walk(self) -> None:
        """Open the Media Library, and look at it, at each of its sections, and at its upload panel."""
        library = self.library
        library.calm()
        answer = await library.go_to_library()
        await library.expect(library.run("quiet()"), "the page did not come to rest", "library.path")
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
                await library.click("upload.open")
                await self.panel()
        except PageChanged as error:
            await self._keep(library, "stuck", {error.element: Sight(_CHANGED, error.message)})

    async def section(self, section: Section) -> Inspection:
        """Look at the section that is shown, and at what leads to all sections."""
        leading = (*_TABS, *_RADIOS, *_LABELS) if TABS[section][1] else _TABS

        async def look() -> Sights:
            page, by_text = await self.library.shown(), await self.library.run("nextByText()")
            sights = await self._sights_of(self.library, leading) | sights_of_list(page, section)
            if page.has_next and not by_text:
                sights["library.next_text"] = Sight(_UNSEEN, "another text; the link was told by its rel or class")
            return sights

        return await self._look(self.library, section.name.lower(), look)

    async def panel(self) -> Inspection:
        """Look at the upload panel, which is open."""

        async def look() -> Sights:
            previews = sights_of_previews(await self.library.run("previewTemplate()"))
            return await self._sights_of(self.library, ["upload.input"]) | previews

        return await self._look(self.library, "upload_panel", look)

    async def sign_in(self, page: SignInPage, url: str) -> Inspection:
        """Look at the sign-in page, as somebody who is not signed in sees it."""
        await page.page.goto(url)

        async def look() -> Sights:
            banners = await page.first("sign_in.cookie_accept").count()
            state = _OK if page.is_sign_in(page.page.url) else _CHANGED
            return {
                "sign_in.cookie_accept": _THERE if banners else Sight(_UNSEEN, "no banner"),
                **await self._sights_of(page, ["sign_in.username", "sign_in.password"]),
                "sign_in.address": Sight(state, urlsplit(page.page.url).path),
            }

        return await self._look(page, "sign_in", look)

    async def _library_sights(self, status: int) -> Sights:
        library, path = self.library, urlsplit(self.library.page.url).path
        if status >= HTTPStatus.BAD_REQUEST or path.rstrip("/") != library.selector("library.path").rstrip("/"):
            return {"library.path": Sight(_CHANGED, f"{path}, which answers with {status}")}
        boxes, said = await library.first("library.overlay").count(), await library.run("accountSaid()")
        return {
            "library.path": Sight(_OK, path),
            "library.overlay": Sight(_CHANGED, "a box covers the page") if boxes else Sight(_UNSEEN, "no box"),
            "sign_in.signed_in_text": _THERE if said else Sight(_UNSEEN, "not on this page"),
            **await self._sights_of(library, ("sign_in.signed_in", "library.heading", *_TABS, "upload.open")),
        }

    async def _walk_to(self, section: Section) -> None:
        (tab, choice), library = TABS[section], self.library
        if self._changed(f"library.{tab}"):
            return
        await library.reload_by(tab, "reloaded()")
        if choice:
            await self._look(library, "native", lambda: self._sights_of(library, (*_RADIOS, *_LABELS)))
            if self._changed(f"library.{choice}", f"library.{choice}_label"):
                return
            await library.choose(choice, "reloaded()")
        await self.section(section)

    async def _look(self, page: SitePage, place: str, look: Callable[[], Awaitable[Sights]]) -> Inspection:
        """Look until nothing new has changed, or for `SETTLING` seconds; all that was found until now."""
        sights = await look()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLING):
                while self._news(sights):
                    await page.run("stirred()")
                    sights = await look()
        if page is self.library:
            await page.demand_session()
        await self._keep(page, place, sights)
        names = [f"{page}.{element}" for page, elements in self.library.selectors.items() for element in elements]
        return Inspection(tuple(map(self._element, names)), tuple(self._evidence))

    async def _keep(self, page: SitePage, place: str, sights: Sights) -> None:
        if self._news(sights):
            self._evidence.append(await take_evidence(page.page, place))
        for name, sight in sights.items():
            known = self._sights.get(name, sight)
            self._sights[name] = max(known, sight, key=lambda one: _STATES.index(one.state))

    async def _sights_of(self, page: SitePage, names: Sequence[str]) -> Sights:
        judged, found = "(nodes, rule) => window.__tjtools.misfit(nodes, ...rule)", page.page.locator
        rules = {name: [RULES[name].fits, RULES[name].visible] for name in names}
        return {
            name: sight_of_nodes(await found(page.selector(name)).evaluate_all(judged, rule))
            for name, rule in rules.items()
        }

    def _changed(self, *names: str) -> bool:
        return any(name in self._sights and self._sights[name].state is _CHANGED for name in names)

    def _news(self, sights: Sights) -> bool:
        return any(sight.state is _CHANGED and not self._changed(name) for name, sight in sights.items())

    def _element(self, name: str) -> Element:
        state, found = self._sights.get(name, Sight(_UNSEEN, "no page came to show it"))
        return Element(name, self.library.selector(name), RULES[name].expected, found, state)


def keep_evidence(pages: Sequence[Evidence], workspace: Workspace, now: datetime) -> Path | None:
    """Keep the evidence of an inspection, and drop the oldest beyond `KEPT`; None where there is none.

    It lies in `tracking/.tjtools/inspections/20251113T120000/`, the time in UTC: of each page on which an element has
    changed, the redacted page and a picture of that. Raises TrackingFileError where the folder can't be written.
    """
    if not pages:
        return None
    folder = workspace.inspections / f"{now.astimezone(UTC):%Y%m%dT%H%M%S}"
    with translated(folder, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        for page in pages:
            (folder / f"{page.place}.html").write_text(page.html, "utf-8")
            (folder / f"{page.place}.png").write_bytes(page.picture)
        for old in sorted(workspace.inspections.iterdir())[:-KEPT]:
            shutil.rmtree(old)
    return folder


def demand_unchanged(inspection: Inspection, workspace: Workspace, now: datetime) -> None:
    """Raise `PageChanged` for the first element that has changed, with all of them and the evidence in its message."""
    if not inspection.changed:
        return
    told = "; ".join(f"{one.name} should be {one.expected}, found: {one.found}" for one in inspection.changed)
    first, folder = inspection.changed[0], keep_evidence(inspection.evidence, workspace, now)
    raise PageChanged(
        f"The site's page is not as the driver knows it: {told}. Redacted pages: {folder}",
        element=first.name,
        selector=first.selector,
        remedy=REMEDY,
    )
