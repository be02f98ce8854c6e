"""A page as it may be shown to others: its structure stays, the texts go; and a picture drawn from that structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from playwright._impl._errors import TimeoutError as PlaywrightTimeout

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

_KEPT = {"class", "id", "name", "type", "for", "role", "rel"}  # what selectors are made of
_TAG = re.compile(r"[a-z][a-z0-9-]*")
_EMPTIED = {"script", "style", "template", "noscript", "iframe", "noembed", "noframes", "textarea", "xmp", "object"}
_LONGEST = 40  # characters that are left of a value
_STYLES = 10_000  # milliseconds for the style sheets


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
    html, browser = await page.content(), cast("Browser", page.context.browser)
    kept, styled = redacted(html), f'<base href="{escape(page.url)}">{redacted(html, styled=True)}'
    context = await browser.new_context(java_script_enabled=False, viewport=page.viewport_size)
    try:
        await context.route("**/*", _style_sheets_only)
        drawn = await context.new_page()
        try:
            await drawn.set_content(styled, timeout=_STYLES)
        except PlaywrightTimeout:
            await drawn.set_content(kept)
        return Evidence(place, kept, await drawn.screenshot(full_page=True, animations="disabled"))
    finally:
        await context.close()


async def _style_sheets_only(route: Route) -> None:
    await (route.continue_() if route.request.resource_type == "stylesheet" else route.abort())


def redacted(html: str, *, styled: bool = False) -> str:
    """The page with each letter an `x` and each digit a `0`, except in tags, attribute names, classes and IDs.

    Names, Creative IDs, addresses, form values and tokens are gone with their texts and attributes; scripts, comments
    and what frames and templates hold are left out; in classes and IDs, long numbers and what looks like a token are
    hidden. With `styled`, style sheets and style attributes stay, for drawing it; such a page is not to be kept.

    >>> redacted('<label class="creativeName" title="Ana 7">Ana 7 &amp; Bo</label><script>token = 1</script>')
    '<label class="creativeName" title="xxx 0">xxx 0 &amp; xx</label><script></script>'
    """
    redactor = _Redactor(styled=styled)
    redactor.feed(html)
    redactor.close()
    return "".join(redactor.parts)


def shown_address(address: str) -> str:
    """An address as an error may show it: without user, query and fragment, and without what looks like a token.

    >>> shown_address("https://ana:pw@example.com:8443/media-library/q8Zr2Lk5Wm9Xt3Yb?token=1#t")
    'https://example.com:8443/media-library/x0xx0xx0xx0xx0xx?…'
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that is none"
    path = "/".join(map(_tidied, parts.path.split("/")))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}{'?…' if parts.query or parts.fragment else ''}"


_UNREACHABLE = {  # by a part of the browser's name for it
    "REFUSED": "the connection was refused",
    "NAME_NOT_RESOLVED": "its name leads to no address (is this machine online?)",
    "INTERNET_DISCONNECTED": "this machine is offline",
    "NETWORK_CHANGED": "the network changed meanwhile",
    "TIMED_OUT": "it took too long",
    "PROXY": "the proxy does not let it through",
    "TUNNEL": "the proxy does not let it through",
    "CERT": "its certificate is not valid",
    "CONNECTION": "the connection was cut off",
    "EMPTY_RESPONSE": "the connection was cut off",
    "UNREACHABLE": "no way leads there",
}


def gist(text: str) -> str:
    r"""The first line of a browser's message, its addresses as they may be shown.

    What follows is the browser's call log, which quotes what was filled in and where it went.

    >>> gist('Locator.fill: Timeout 100ms exceeded.\nCall log:\n  - fill("hunter2")')
    'Locator.fill: Timeout 100ms exceeded.'
    """
    first = next(iter(text.strip().splitlines()), "")
    return re.sub(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", lambda found: shown_address(found[0]), first)


def why_unreachable(text: str) -> str:
    r"""Why a site could not be reached, for a person; "" where the browser's message is about something else.

    >>> why_unreachable("Page.goto: net::ERR_CONNECTION_REFUSED at http://127.0.0.1:8642/media-library\nCall log:")
    'the connection was refused'
    >>> why_unreachable("Page.goto: net::ERR_SSL_PROTOCOL_ERROR at https://site.example/")
    'the browser says ERR_SSL_PROTOCOL_ERROR'
    >>> why_unreachable("Page.goto: net::ERR_HTTP2_PROTOCOL_ERROR at https://site.example/")
    'the browser says ERR_HTTP2_PROTOCOL_ERROR'
    """
    if (said := re.search(r"\b(?:net::|NS_)(ERR(?:OR)?_([A-Z0-9_]+))", gist(text))) is None:
        return ""
    known = (why for part, why in _UNREACHABLE.items() if part in said[2])
    return next(known, f"the browser says {said[1]}")


def why_it_died(text: str) -> str:
    r"""The first line of a browser's message when it did not start, with what it said itself before it died.

    >>> why_it_died("BrowserType.launch: Target closed\n[pid=7][err] [7:7:1124/18:FATAL:a.cc:315] Socket path too long")
    'BrowserType.launch: Target closed (Socket path too long)'
    """
    said = re.search(r":FATAL:[^\]]*\] *(\S.*)", text)
    return gist(text) + (f" ({gist(said[1])})" if said else "")


class _Redactor(HTMLParser):
    def __init__(self, *, styled: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._styled = styled
        self._inside: list[str] = []  # the emptied elements that are open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._inside and _TAG.fullmatch(tag):
            told = [self._attribute(tag, name, value) for name, value in attrs if re.fullmatch(r"[a-z][\w:-]*", name)]
            self.parts.append(f"<{' '.join([tag, *told])}>")
        self._inside += [tag] if tag in _EMPTIED else []

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        if not self._inside and _TAG.fullmatch(tag):
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._styled and self._inside == ["style"]:
            self.parts.append(data)
        elif not self._inside:
            self.parts.append(escape(_shape(data), quote=False))

    def _attribute(self, tag: str, name: str, value: str | None) -> str:
        if value is None:
            return name
        if self._styled and (name == "style" or (tag == "link" and name == "href")):
            return f'{name}="{escape(value)}"'
        told = " ".join(map(_tidied, value.split())) if name in _KEPT else _shape(value)[:_LONGEST]
        return f'{name}="{escape(told)}"'


def _shape(text: str) -> str:
    """Its letters as `x` and its digits as `0`; what else is not ASCII is an `x` too."""
    return "".join("0" if char.isdigit() else "x" if char.isalnum() or not char.isascii() else char for char in text)


def _tidied(word: str) -> str:
    """A word of a class or an ID, unless it looks like a token, an address or a number of the account's.

    >>> [_tidied(word) for word in ("btn-primary", "card_1032530511", "me@example.com", "q8Zr2Lk5Wm9Xt3Yb")]
    ['btn-primary', 'card_0000000000', 'xx@xxxxxxx.xxx', 'x0xx0xx0xx0xx0xx']
    """
    mixed = len(word) >= 16 and re.search(r"\d", word) and re.search(r"[^\W\d_]", word)
    if mixed or len(word) > _LONGEST or not re.fullmatch(r"[A-Za-z0-9_:./-]+", word):
        return _shape(word)[:_LONGEST]
    return re.sub(r"\d{3,}", lambda number: "0" * len(number[0]), word)
