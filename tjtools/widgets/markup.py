"""Text on the screen, and nothing but text: the one way in which a panel shows words.

A tree of nodes is made into elements by the browser's own `createElement` and `textContent`: no string is ever taken
for HTML or for mathematics.

>>> node("p", node("strong", "1 < 2"), " is true", css="tj-note")
['p', {'css': 'tj-note'}, ['strong', {}, '1 < 2'], ' is true']
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from traceback import format_exception
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from anywidget import AnyWidget
from traitlets import List, Unicode

from tjtools.model.errors import TJToolsError

STATIC = Path(__file__).parent / "static"
TAGS = {
    *("div", "p", "span", "strong", "em", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "a", "code", "pre", "hr"),
    *("details", "summary", "progress", "table", "caption", "thead", "tbody", "tr", "th", "td", "copy", "picture"),
}
Node: TypeAlias = "str | list[str | dict[str, str | int] | Node]"


def script(name: str) -> str:
    """A panel's script, after what all of them share."""
    return "".join((STATIC / one).read_text("utf-8") for one in ("parts.js", name))


def node(tag: str, *children: Node, **attributes: str | int) -> Node:
    """An element with its children: text, or more elements.

    `css` names its classes, `href` a page of this server relative to the notebook, or a part of it; `role`, `title`,
    `label` (for a screen reader), `open`, `value` and `max` are what HTML says. The tag `copy` is a button that copies
    its text, and says what `says` says; `picture` shows a `jpeg` in base64, and nothing from an address. `site` is a
    page of the bound site, for a link that opens in a tab of its own. Raises ValueError for an unknown tag, for another
    address with a scheme, and for a site that is not reached by http or https.
    """
    if tag not in TAGS:
        raise ValueError(f"{tag} is no element that a panel shows")
    href = str(attributes.get("href", ""))
    if ":" in href or href.startswith("/"):
        raise ValueError(f"a panel links to pages beside it, not to {href}")
    site = urlsplit(str(attributes.get("site", "https://x")))
    if site.scheme not in ("http", "https") or not site.hostname or "@" in site.netloc:
        raise ValueError(f"a panel opens pages of a web site, not {attributes['site']}")
    return [tag, dict(attributes), *children]


def note(*children: Node, **attributes: str | int) -> Node:
    """Words that are less important."""
    return node("p", *children, css="tj-note", **attributes)


def lines(texts: Iterable[str]) -> Node:
    """A list with one item a text."""
    return node("ul", *(node("li", text) for text in texts))


def table_node(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> Node:
    """A small table; the columns of the heads in `numbers` hold numbers."""
    looks = [{"css": "tj-number"} if head in numbers else {} for head in heads]
    head, *body = (
        node("tr", *(node(tag, cell, **look) for cell, look in zip(cells, looks, strict=True)))
        for tag, cells in (("th", heads), *(("td", row) for row in rows))
    )
    return node("table", node("thead", head), node("tbody", *body))


def picture(jpeg: bytes | None, *, css: str, **attributes: str | int) -> Node:
    """A small picture; words in its place where there is none."""
    if not jpeg:
        return node("span", "no picture", css=css, **attributes)
    return node("picture", jpeg=b64encode(jpeg).decode(), css=css, **attributes)


def folded(title: str, *inside: Node, **attributes: str | int) -> Node:
    """Something to unfold."""
    return node("details", node("summary", title), *inside, css="tj-fold", **attributes)


def alert(*parts: Node) -> Node:
    """Something that a person should not miss."""
    return node("div", *parts, css="tj-error", role="alert")


def error_node(error: Exception) -> Node:
    """An error in plain words: what happened, what to do next; the traceback folded, where nobody foresaw it."""
    message, remedy = "Something went wrong that tjtools did not foresee.", "Try again; if it stays, report it."
    if isinstance(error, TJToolsError):
        message, remedy = error.message, error.remedy
    ahead = [node("p", f"→ {remedy}")] if remedy else []
    trace = "" if isinstance(error, TJToolsError) else "".join(format_exception(error))
    told = [folded("Traceback", node("pre", trace))] if trace else []
    return alert(node("strong", f"✗ {message}"), *ahead, *told)


def call_node(code: str) -> Node | None:
    """Code to copy; None where there is none."""
    return folded("The same in Python", node("pre", code), node("copy", code)) if code else None


class Markup(AnyWidget):
    """Shows a tree of nodes; set `tree` to change it: what a person has unfolded stays so."""

    _esm = STATIC / "markup.js"
    tree: List[Any] = List().tag(sync=True)

    def __init__(self, tree: Node | None = None) -> None:
        super().__init__()
        self.show(tree)

    def show(self, tree: Node | None) -> None:
        """Show this from now on, or take no room for None; any thread may ask."""
        self.layout.display = "none" if tree is None else ""
        self.tree = tree if isinstance(tree, list) else [tree or ""]


class Looks(Markup):
    """How all that is on a page looks: the browser keeps it from the first one on, so it comes before the rest."""

    _css = STATIC / "panel.css"


class Saved(AnyWidget):
    """A button that saves what `make` returns, text or bytes, in the browser's own way, where it was pressed."""

    _esm = STATIC / "saved.js"
    label = Unicode().tag(sync=True)
    filename = Unicode().tag(sync=True)

    def __init__(self, label: str, filename: str, make: Callable[[], str | bytes]) -> None:
        super().__init__(label=label, filename=filename)
        self._make = make
        self.on_msg(self._hear)

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        try:
            made = self._make()
        except OSError as error:
            self.send({"view": told["view"], "problem": f"It can't be read: {error.strerror or 'it is gone'}."})
            return
        self.send({"view": told["view"]}, [made.encode("utf-8", "backslashreplace") if isinstance(made, str) else made])
