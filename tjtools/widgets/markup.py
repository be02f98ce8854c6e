"""Text on the screen, and nothing but text: the one way in which a panel shows words.

A tree of nodes is made into elements by the browser's own `createElement` and `textContent`; no string is ever taken
for HTML or for mathematics, so what a file's name or the site says shows as it is. Use it for everything that isn't a
control.

>>> node("p", node("strong", "1 < 2"), " is true", css="tj-note")
['p', {'css': 'tj-note'}, ['strong', {}, '1 < 2'], ' is true']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from anywidget import AnyWidget
from traitlets import List

_NUMBER = {"css": "tj-number"}
STATIC = Path(__file__).parent / "static"
TAGS = {
    *("div", "p", "span", "strong", "em", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "a", "code", "pre", "hr"),
    *("details", "summary", "progress", "table", "caption", "thead", "tbody", "tr", "th", "td", "copy"),
}
Node: TypeAlias = "str | list[str | dict[str, str | int] | Node]"


def node(tag: str, *children: Node, **attributes: str | int) -> Node:
    """An element with its children: text, or more elements.

    `css` names its classes, `href` a page of this server relative to the notebook, or a part of it; `role`, `title`,
    `label` (for a screen reader), `open`, `value` and `max` are what HTML says. The tag `copy` is a button that copies
    its text. Raises ValueError for an unknown tag, and for an address with a scheme.
    """
    if tag not in TAGS:
        msg = f"{tag} is no element that a panel shows"
        raise ValueError(msg)
    href = str(attributes.get("href", ""))
    if ":" in href or href.startswith("/"):
        msg = f"a panel links to pages beside it, not to {href}"
        raise ValueError(msg)
    return [tag, dict(attributes), *children]


def lines(texts: Sequence[str], tag: str = "ul") -> Node:
    """A list with one item a text."""
    return node(tag, *(node("li", text) for text in texts))


def table_node(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> Node:
    """A small table; the columns of the heads in `numbers` hold numbers."""

    def line(tag: str, cells: Sequence[str]) -> Node:
        pairs = zip(heads, cells, strict=True)
        return node("tr", *(node(tag, cell, **_NUMBER if head in numbers else {}) for head, cell in pairs))

    return node("table", node("thead", line("th", heads)), node("tbody", *(line("td", row) for row in rows)))


class Markup(AnyWidget):
    """Shows a tree of nodes; set `tree` to change it: what a person has unfolded stays so."""

    _esm = STATIC / "markup.js"
    _css = STATIC / "panel.css"
    tree: List[Any] = List().tag(sync=True)

    def __init__(self, tree: Node | None = None) -> None:
        super().__init__()
        self.show(tree)

    def show(self, tree: Node | None) -> None:
        """Show this from now on, or take no room for None; any thread may ask."""
        self.layout.display = "none" if tree is None else ""
        self.tree = tree if isinstance(tree, list) else [tree or ""]
