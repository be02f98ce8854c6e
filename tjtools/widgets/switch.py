"""The desk's switch: the workspaces that this user has opened, and of each account what `tjtools status --all` tells.

Nothing is counted before the switch is opened, and the desk does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as w
from traitlets import HasTraits, Tuple

from tjtools.model.errors import SettingsError
from tjtools.widgets.markup import Node, node
from tjtools.widgets.panel import Task
from tjtools.widgets.view import button, column, follow, task_node, tied, told, unfolding
from tjtools.workspace.derived import opened
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import load_settings

if TYPE_CHECKING:
    from tjtools.analysis.worklist import Account
    from tjtools.widgets.desk import Desk


class Accounts(HasTraits):
    """All accounts that a person may see; `found` are those that the task has counted so far."""

    found = Tuple()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk, self.task = desk, Task()

    def count(self) -> None:
        """Count them anew, one after the other."""
        self.task.start(self._count)

    def _count(self, _task: Task) -> None:
        from tjtools.analysis.worklist import accounts  # pandas would slow the desk's start

        self.found = ()
        for one in accounts(self.desk.workspace, self.desk.clock):
            self.found = (*self.found, one)

    @property
    def elsewhere(self) -> list[str]:
        """The accounts that have no workspace on this machine."""
        return [one.name for one in self.found if not one.place]

    def of(self, place: str, name: str = "") -> Account | None:
        """The account of the workspace at a place, or the one of this name that has none; None while it is counted."""
        return next((one for one in self.found if one.place == place and name in ("", one.name)), None)


def switch(desk: Desk) -> w.ToggleButton:
    """The heading of the switch, which has no room where there is nothing else to see; the list is its `room`."""
    rows: dict[tuple[str, str], tuple[w.Widget, w.Widget]] = {}

    def go(root: str) -> None:
        heading.focus()  # what was pressed is folded away
        heading.value = False
        desk.switch(root)

    def row_of(root: str, words: str) -> tuple[w.Widget, w.Widget]:
        if (root, words) not in rows:
            name = button(words, lambda: go(root), title=root or f"No workspace of {words} is on this machine")
            name.disabled = not root
            tied(desk, "turned", name, icon=lambda: "check" if root == str(desk.workspace.root) else "")
            what = told(desk.accounts, "found", lambda: _told(desk.accounts.of(root, "" if root else words)))
            rows[root, words] = name, what
        return rows[root, words]

    def listed() -> Iterator[w.Widget]:
        for words, root in [*offered(desk.workspace), *((name, "") for name in desk.accounts.elsewhere)]:
            yield from row_of(root, words)

    def made() -> w.Widget:
        layout = w.Layout(grid_template_columns="max-content 1fr", grid_gap="6px 16px", align_items="center")
        grid = w.GridBox(layout=layout)
        follow(desk, "turned", lambda: setattr(grid, "children", [*listed()]))
        follow(desk.accounts, "found", lambda: setattr(grid, "children", [*listed()]))
        trouble = told(desk.accounts.task, "state", lambda: task_node(desk.accounts.task))
        return column(grid, tied(desk.accounts.task, "state", trouble, shown=lambda: desk.accounts.task.error))

    def count(change: dict[str, bool]) -> None:
        if change["new"]:
            desk.accounts.count()

    heading = unfolding("", made)
    heading.room.add_class("tj-accounts")
    heading.observe(count, "value")
    return tied(
        desk,
        "turned",
        heading,
        description=lambda: next(offered(desk.workspace))[0],
        tooltip=lambda: "All accounts, and another workspace",
        shown=lambda: switches(desk),
    )


def switches(desk: Desk) -> bool:
    """Whether there is more than this workspace to see."""
    return bool(desk.settings.team) or len(opened()) > 1


def _told(one: Account | None) -> Node:
    if one is None:
        return node("span", "counting …", css="tj-note")
    marks = [node("strong", news, css="tj-loud") for news in one.news]
    what = node("span", f"✗ {one.trouble}" if one.trouble else one.counts)
    missing = "" if one.place else "no workspace of it here: tjtools team join"
    note = " · ".join(filter(None, [one.age, missing]))
    return node("div", what, *marks, *[node("span", note, css="tj-note")] * bool(note), css="tj-account")


def offered(here: Workspace) -> Iterator[tuple[str, str]]:
    """The workspaces that this user has opened before and that are still there, each with its words; this one first.

    Who asks for this one alone has no other one's settings read.
    """
    roots = [str(here.root), *(root for root in opened() if root != str(here.root))]
    names = [Path(root).name for root in roots]
    return ((_words(root, alone=names.count(Path(root).name) == 1), root) for root in roots)


def _words(root: str, *, alone: bool) -> str:
    name = Path(root).name if alone else root
    try:
        settings = load_settings(Workspace(Path(root)))
    except SettingsError:
        return f"{name} · ✗ can't be opened"
    site, account = settings.site, settings.team.account if settings.team else name
    name = name if name == account else f"{name} · {account}"
    if site is None:
        return f"{name} · no site yet"
    return f"{name} · LIVE {site.account}".strip() if site.kind == "live" else f"{name} · practice"
