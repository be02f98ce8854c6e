"""What is looked for on the pages: the package's `selectors.toml`, the workspace's own before it, and a script."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

from tjtools.model.creative import Section
from tjtools.model.errors import SettingsError
from tjtools.workspace.folder import read_toml

Selectors = dict[str, dict[str, str]]

TABS = {
    Section.STATIC_BANNER: ("static_tab", ""),
    Section.VIDEO_BANNERS: ("video_tab", ""),
    Section.IN_STREAM_VIDEO: ("in_stream_tab", ""),
    Section.NATIVE_STATIC_BANNER: ("native_tab", "native_static"),
    Section.NATIVE_ROLLOVER: ("native_tab", "native_rollover"),
}  # the tab that leads to each section, and what is chosen there


def load_selectors(own: Path | None = None) -> Selectors:
    """The selectors by page and element, the user's own file (if there is one) laid over the package's.

    Raises `SettingsError` where the user's file is no TOML, or names an element that the driver does not know.

    >>> load_selectors()["card"]["card"]
    'div.creativeContainer'
    """
    known: Selectors = tomllib.loads(files("tjtools.site").joinpath("selectors.toml").read_text("utf-8"))
    if own is None or not own.is_file():
        return known
    for page, elements in read_toml(own).items():
        for element, selector in elements.items() if isinstance(elements, dict) else [("", elements)]:
            if element not in known.get(page, {}) or not (isinstance(selector, str) and selector.strip()):
                raise SettingsError(
                    f"{own}: {page}.{element} is not an element that the driver looks for, or its selector is no text.",
                    remedy=f"Known in [{page}]: {', '.join(known.get(page, {})) or 'nothing; see the package’s file'}.",
                )
            known[page][element] = selector
    return known


def page_script(selectors: Selectors) -> str:
    """The script that every document gets before its own ones run."""
    source = files("tjtools.site").joinpath("page.js").read_text("utf-8").strip().removesuffix(";")
    return f"({source})({json.dumps(selectors)})"
