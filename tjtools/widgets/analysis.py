"""What the two panels of the analysis have in common: their exhibits, which follow what is asked, and the filter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar

import ipywidgets as w
from traitlets import Instance, Unicode

from tjtools.analysis.exhibits import Collection, Shown
from tjtools.analysis.frame import SECTIONS
from tjtools.analysis.sources import Asked, Files, Others
from tjtools.diff.duplicates import known_groups, repeats_of_rejected
from tjtools.health.acknowledged import acknowledged
from tjtools.upload.run_files import load_runs
from tjtools.widgets.exhibit import Pane
from tjtools.widgets.markup import Markup, node
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.view import button, column, follow, row
from tjtools.workspace.folder import Workspace

OTHERS = Others(load_runs, known_groups, repeats_of_rejected, acknowledged)
NARROW = w.Layout(width="13em")


class Analysis(Panel):
    """A collection of exhibits over the tracking files; `panel["gaps"]` is what the exhibit of that name shows.

    Its traits are parts of `Asked`: each exhibit is made again when one that it follows changes. `section` keeps the
    creatives of one section (`""`: all), `since` and `until` those of these days; `left_out` says of how many nobody
    knows the day.
    """

    collection: ClassVar[Collection]
    section = Unicode()
    since = Instance(date, allow_none=True)
    until = Instance(date, allow_none=True)
    left_out = Unicode()

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self.files = Files(workspace, OTHERS, clock)
        self.notes = self.collection.notes(self.files)
        self.panes = {one.name: Pane(one) for one in self.collection.exhibits}
        self._show(*self.panes.values())
        traits = [name for name in Asked._fields if self.has_trait(name)]
        self.observe(lambda change: self._follow(change["name"]), traits)

    def __getitem__(self, name: str) -> Shown:
        return self.panes[name].shown

    @property
    def asked(self) -> Asked:
        """What the panel is asked for."""
        told: dict[str, Any] = {name: getattr(self, name) for name in Asked._fields if self.has_trait(name)}
        return self.collection.asked._replace(**told)

    @property
    def frame(self) -> Any:
        """The one frame for pandas."""
        return self.files.frame

    @property
    def kept(self) -> Any:
        """The creatives that the filter leaves of it."""
        return self.asked.keep(self.frame)

    def _follow(self, name: str) -> None:
        self._show(*(pane for pane in self.panes.values() if name in pane.exhibit.follows))

    def _show(self, *panes: Pane) -> None:
        asked = self.asked
        self.left_out = self._left_out(asked)
        for pane in panes:
            pane.put(pane.exhibit.shown(self.files, asked))

    def _left_out(self, asked: Asked) -> str:
        raise NotImplementedError


def filter_view(panel: Analysis, *days: w.Widget) -> w.Widget:
    """Section and days to keep, and what is left out; `days` stands before the days and says which they are."""
    section = w.Dropdown(options=[("All sections", ""), *((one, one) for one in SECTIONS)], layout=NARROW)
    since, until = w.DatePicker(layout=NARROW), w.DatePicker(layout=NARROW)
    for widget, name in ((section, "section"), (since, "since"), (until, "until")):
        w.link((panel, name), (widget, "value"))
    said = Markup()

    def every_day() -> None:
        since.value = until.value = None

    def show() -> None:
        said.show(node("p", panel.left_out, css="tj-note", role="status") if panel.left_out else None)

    follow(panel, "left_out", show)
    choice = row(Markup("Keep"), section, *days, since, Markup("to"), until, button("All days", every_day))
    return column(choice, said)


def choice_view(panel: Analysis, words: str, trait: str, options: dict[str, str]) -> w.Widget:
    """A list of values, each with its label, for a trait of the panel."""
    chosen = w.Dropdown(options=[(label, value) for value, label in options.items()], layout=NARROW)
    w.link((panel, trait), (chosen, "value"))
    return row(Markup(words), chosen)
