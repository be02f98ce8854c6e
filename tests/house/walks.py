"""One of the three walks through the package, on the sandbox in a real browser: `python tests/house/walks.py NAME`.

`house.py` starts it, and counts the modules that `hook/sitecustomize.py` notes between the walk's two ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import sitecustomize  # ours: hook/ stands first on PYTHONPATH
from world import NOW, banner, go, session

from tjtools.practice.workspace import bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.scrape import access_to, refresh_library
from tjtools.site import Site
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace


def inventory_row_to_library_row(workspace: Workspace) -> None:
    """From the session inventory that is opened to the library that holds a row of it."""
    go(workspace)


def card_to_library_row(workspace: Workspace) -> None:
    """From the Media Library that is open in the browser to the library that holds its cards."""
    access = access_to(workspace)

    def connect() -> Site:
        site = access.connect()
        sitecustomize.begin()
        return site

    refresh_library(workspace, replace(access, connect=connect), confirm=lambda _: True, now=lambda: NOW)


def bytes_to_verdict(workspace: Workspace) -> None:
    """From a media file that is opened, by the child process that reads it, to the session's verdicts."""
    prepare(workspace)
    sitecustomize.end()


WALKS: dict[str, tuple[Callable[[Workspace], None], str, str]] = {
    "inventory row → library row": (
        inventory_row_to_library_row,
        "tracking/creative_inventory_session.csv",
        "tracking/TJ_Creative_Library.csv",
    ),
    "card → library row": (card_to_library_row, "", "tracking/TJ_Creative_Library.csv"),
    "bytes → verdict": (bytes_to_verdict, "uploaded/b.png", ""),
}


def main(name: str, folder: Path) -> None:
    """Make a workspace in the folder, and go the walk."""
    walk, begins, ends = WALKS[name]
    workspace = Workspace(folder / "shop")
    for part in ("tracking", "uploaded"):
        (workspace.root / part).mkdir(parents=True)
    session(workspace, [banner(workspace.root / "uploaded", "b.png")])
    with Sandbox(folder / "sandbox", creatives=20) as sandbox:
        bind_to_sandbox(workspace, sandbox.origin)
        os.environ["HOUSE_BEGIN"] = str(workspace.root / begins) if begins else ""
        os.environ["HOUSE_END"] = str(workspace.root / ends) if ends else ""
        walk(workspace)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
