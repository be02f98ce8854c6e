"""Many names or IDs at once: the model of the look-up's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import pandas as pd
from traitlets import Int, Unicode

from tjtools.cache.library import Library
from tjtools.cache.lookup import ANSWER_COLUMNS, answer_rows, look_up, pasted
from tjtools.model.words import counted
from tjtools.widgets.exhibit import Exhibit
from tjtools.widgets.panel import Panel, now
from tjtools.workspace.folder import Workspace

_CODE = """\
from pathlib import Path

from tjtools import Library, Workspace
from tjtools.cache.lookup import answer_rows, look_up, pasted

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
        self.answers = Exhibit("", "look_up.csv", "answers")
        self.answers.put(pd.DataFrame(columns=list(ANSWER_COLUMNS), dtype="str"), "", None)
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
        self.answers.put(table, f"{told}; {unclear:,} unclear" if unclear else told, None)

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
