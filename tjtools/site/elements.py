"""The elements that the driver relies on, what it expects of each, and the verdict on what a page shows of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from tjtools.model.creative import ReviewStatus, Section
from tjtools.site.evidence import Evidence
from tjtools.site.records import Card, CardPage


class ElementState(Enum):
    """`NOT_SEEN`: nobody knows, since the pages did not come to show it."""

    NOT_SEEN = "not seen"
    OK = "ok"
    CHANGED = "changed"

    @property
    def weight(self) -> int:
        """Which of two states counts where an element shows on several pages: the heavier."""
        return list(ElementState).index(self)


class Sight(NamedTuple):
    """What a page shows of one element."""

    state: ElementState
    found: str


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
        return tuple(one for one in self.elements if one.state is ElementState.CHANGED)


class Rule(NamedTuple):
    """What the driver needs an element to be; `fits` is a CSS selector that the element itself must match."""

    expected: str
    fits: str = "*"
    visible: bool = False


_TAB = Rule("a tab to click on", visible=True)
_RADIO = Rule("a radio button", "input[type=radio]")
_LABEL = Rule("a label to click on", visible=True)
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
    "library.static_tab": _TAB,
    "library.video_tab": _TAB,
    "library.in_stream_tab": _TAB,
    "library.native_tab": _TAB,
    "library.native_static": _RADIO,
    "library.native_static_label": _LABEL,
    "library.native_rollover": _RADIO,
    "library.native_rollover_label": _LABEL,
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
_WITHOUT = {
    "card.dimensions": {Section.IN_STREAM_VIDEO},
    "card.file_type": {Section.IN_STREAM_VIDEO, Section.VIDEO_BANNERS},
}  # sections whose cards do not show it


class _Field(NamedTuple):
    text: Callable[[Card], str]
    pattern: str
    everywhere: bool  # the driver needs it on every card, not only on some


_FIELDS = {
    "card.id_attribute": _Field(lambda card: card.creative_id, r"[0-9]+", everywhere=True),
    "card.name": _Field(lambda card: card.name, r"(?s).+", everywhere=True),
    "card.dimensions": _Field(lambda card: card.dimensions, r"\d+x\d+", everywhere=False),
    "card.file_type": _Field(lambda card: card.file_type, r"\.\w+", everywhere=False),
    "card.status_attribute": _Field(lambda card: card.review_status, _STATUSES, everywhere=False),
}


def sight_of_nodes(misfits: Sequence[str]) -> Sight:
    """The verdict on what a selector finds: for each node, `""` or what is wrong with it; the driver takes the first.

    >>> sight_of_nodes(["", "hidden"]).state, sight_of_nodes([]).found
    (<ElementState.OK: 'ok'>, 'nothing')
    """
    if not misfits:
        return Sight(ElementState.CHANGED, "nothing")
    return Sight(ElementState.CHANGED, misfits[0]) if misfits[0] else Sight(ElementState.OK, "there")


def sights_of_list(page: CardPage, section: Section) -> Sights:
    """The verdict on the list of a section, from one page of it."""
    return {"library.total": _total(page), **_next_link(page), **_cards(page, section)}


def sights_of_previews(template: Mapping[str, bool] | None) -> Sights:
    """The verdict on the previews that files will have; None: the page shows no Dropzone whose template can be read."""
    if template is None:
        unseen = Sight(ElementState.NOT_SEEN, "no Dropzone to ask")
        return dict.fromkeys(("upload.preview", "upload.preview_name", "upload.preview_error"), unseen)
    return {f"upload.{name}": sight_of_nodes([""] * there) for name, there in template.items()}


def _total(page: CardPage) -> Sight:
    if page.total is None:
        return Sight(ElementState.CHANGED, "nothing with three numbers")
    return Sight(ElementState.OK, f"{page.first} to {page.last} of {page.total}")


def _next_link(page: CardPage) -> Sights:
    if page.has_next:
        sight = Sight(ElementState.OK, "there")
    elif page.total is not None and page.last < page.total:
        sight = Sight(ElementState.CHANGED, f"none after {page.last} of {page.total}")
    else:
        sight = Sight(ElementState.NOT_SEEN, "no further page to turn to")
    return {"library.next_page": sight, "library.next_text": sight}


def _cards(page: CardPage, section: Section) -> Sights:
    shown, count = page.total and page.last - page.first + 1, len(page.cards)
    if not count:
        unseen = Sight(ElementState.NOT_SEEN, f"no card in {section.value}")
        lost = Sight(ElementState.CHANGED, f"none of {shown} in {section.value}") if shown else unseen
        return {"card.card": lost, **dict.fromkeys(_FIELDS, unseen)}
    fits = ElementState.OK if shown in (None, count) else ElementState.CHANGED
    card = Sight(fits, f"{count} of {count if shown is None else shown} in {section.value}")
    return {"card.card": card, **{name: _field(name, page.cards, section) for name in _FIELDS}}


def _field(name: str, cards: Sequence[Card], section: Section) -> Sight:
    if section in _WITHOUT.get(name, ()):
        return Sight(ElementState.NOT_SEEN, f"{section.value} shows none")
    told = [_FIELDS[name].text(card) for card in cards]
    wrong = [text for text in told if not re.fullmatch(_FIELDS[name].pattern, text)]
    fits = not wrong or (len(wrong) < len(told) and not _FIELDS[name].everywhere)
    odd = "" if fits else next((f", but {text!r}" for text in wrong if text), "")
    found = f"on {len(told) - len(wrong)} of {len(told)} cards in {section.value}{odd}"
    return Sight(ElementState.OK if fits else ElementState.CHANGED, found)
