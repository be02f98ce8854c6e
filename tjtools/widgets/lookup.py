"""Many names or IDs at once: the look-up's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Int, Unicode

from tjtools.analysis.exhibits import Exhibit, Shown
from tjtools.cache.library import ANSWER_COLUMNS, Library, answer_rows, look_up, pasted
from tjtools.model.words import counted
from tjtools.widgets.exhibit import Pane, exhibit_view
from tjtools.widgets.markup import Markup, node
from tjtools.widgets.panel import Panel, now
from tjtools.widgets.view import actions, button, column, follow, row
from tjtools.workspace.folder import Workspace

_CODE = """\
from pathlib import Path

from tjtools import Library, Workspace
from tjtools.cache.library import answer_rows, look_up, pasted

library = Library.load(Workspace.find(cwd=Path.cwd()).library)
list(answer_rows(look_up(library, pasted(\"\"\"
clip.mp4
1032530571
\"\"\"))))
"""


class LookUp(Panel):
    """`text` is what a person pastes, one name or ID a line; `ask` fills `answers`, `asked` counts the lines."""

    title: ClassVar[str] = "Look up"
    text = Unicode()
    asked = Int()

    def __init__(self, workspace: Workspace, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(workspace, clock=clock)
        self.library = Library.load(workspace.library)
        self.pane = Pane(Exhibit("look_up", "", "answers"))
        self.pane.put(Shown(pd.DataFrame(columns=list(ANSWER_COLUMNS), dtype="str")))
        self.call = _CODE

    def ask(self) -> None:
        """Look up what stands in `text`, in the library as it is now."""
        self.attempt(self._ask)

    def _ask(self) -> None:
        self.library.refresh()
        names = pasted(self.text)
        found = look_up(self.library, names)
        table = pd.DataFrame(list(answer_rows(found)), columns=list(ANSWER_COLUMNS), dtype="str")
        there = sum(bool(one.there) for _, one in found)
        unclear = sum(one.is_unclear for _, one in found)
        missing = sum(not one.there and not one.is_unclear for _, one in found)
        told = f"{counted(len(names), 'line')} asked: {there:,} in the library, {missing:,} not"
        self.asked = len(names)
        self.pane.put(Shown(table, f"{told}; {unclear:,} unclear" if unclear else told))

    @property
    def answers(self) -> Shown:
        """What was answered."""
        return self.pane.shown

    @property
    def ids(self) -> str:
        """The Creative IDs of what is there, one a line, each once."""
        frame = self.answers.frame
        return "\n".join(frame.loc[frame["answer"] == "already there", "creative_id"].unique()) if len(frame) else ""

    @property
    def summary(self) -> str:
        if not self.asked:
            return f"Nothing asked yet; the library holds {counted(len(self.library), 'creative')}"
        counts = Counter(self.answers.frame["answer"])
        return "\n".join((self.answers.finding, *(f"{number:,} × {answer}" for answer, number in counts.items())))

    def press(self) -> None:
        first = [one for one, _ in zip(self.library, range(2), strict=False)]
        self.text = "\n".join(
            (*(one.filename for one in first[:1]), *(one.creative_id for one in first[1:]), "no such")
        )
        self.ask()


def lookup_view(panel: LookUp) -> w.Widget:
    """Field, button, answers with copy and CSV."""
    field = w.Textarea(placeholder="Paste names or Creative IDs, one a line", rows=6, layout=w.Layout(width="44em"))
    w.link((panel, "text"), (field, "value"))
    answers = exhibit_view(panel.pane, unfolded=True)
    ids = Markup()

    def show() -> None:
        answers.layout.display = "" if panel.asked else "none"
        found = panel.ids
        number = found.count("\n") + 1
        label = f"{number:,} Creative ID{'s' * (number != 1)} alone, one a line: "
        ids.show(node("div", node("span", label), node("copy", found)) if found else node("div"))

    follow(panel.pane, "version", show)
    return column(
        field, actions(panel, row(button("Look up", panel.ask, style="primary", icon="search"))), answers, ids
    )
