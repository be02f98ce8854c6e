"""The one room that knows the web site: the browser, the pages, and what to look for on them."""

from tjtools.site.driver import Site
from tjtools.site.inspection import Element, ElementState, Inspection
from tjtools.site.pages import Card, CardPage, FileResult, FileState
from tjtools.site.redaction import Evidence

__all__ = [
    "Card",
    "CardPage",
    "Element",
    "ElementState",
    "Evidence",
    "FileResult",
    "FileState",
    "Inspection",
    "Site",
]
