"""Where am I, and what is to be done next? The first notebook's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

import ipywidgets as w
from traitlets import Unicode

from tjtools.diff.session import Verdict
from tjtools.health.status import Step, last_refresh, next_steps
from tjtools.model.creative import ReviewStatus
from tjtools.model.words import counted
from tjtools.upload import prepare
from tjtools.widgets.markup import Markup, node
from tjtools.widgets.panel import Panel, Task, python
from tjtools.widgets.view import actions, column

CALL = python(
    "next_steps(workspace, prepare(workspace), now=datetime.now(tz=UTC))",
    "tjtools import Workspace",
    "tjtools.health.status import next_steps",
    "tjtools.upload import prepare",
)


class Start(Panel):
    """The workspace at a glance: `facts` by name, in words, and the next `steps`."""

    title: ClassVar[str] = "Start here"
    looks: ClassVar[bool] = True
    call = Unicode(CALL)

    def look(self, task: Task) -> None:
        """Review the session against the library, and see what waits for a person."""
        moment, prepared = self.clock(), prepare(self.workspace, progress=task.looked_at, cancelled=task.cancelled)
        self.steps: tuple[Step, ...] = tuple(next_steps(self.workspace, prepared, now=moment))
        statuses = Counter(one.review_status for one in prepared.library)
        of_library = {one.value if one else "unknown": statuses[one] for one in (*ReviewStatus, None)}
        verdicts = Counter(one.verdict for one in prepared.reviews)
        age, aged = last_refresh(self.workspace), "never"
        if age:
            ago = f"{counted(days, 'day')} ago" if (days := (moment - age).days) else "less than a day ago"
            aged = f"{age.astimezone(moment.tzinfo):%Y-%m-%d %H:%M}, {ago}"
        self.facts = {
            "Library": _counted("creative", of_library),
            "Library as of": aged,
            "Session": _counted("file", {one.value: verdicts[one] for one in Verdict}),
        }

    def told(self) -> Iterable[str]:
        steps = [f"- {step.what}{f' ({step.notebook})' * bool(step.notebook)}" for step in self.steps]
        facts = [f"{name}: {self.facts[name]}" for name in ("Library", "Session")]
        return (*facts, "Next:" if steps else "Next: nothing waits for you", *steps)


def _counted(noun: str, kinds: dict[str, int]) -> str:
    told = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number)
    return f"{counted(sum(kinds.values()), noun)}: {told}" if told else f"no {noun}s"


def start_view(start: Start) -> w.Widget:
    """Facts, next steps, the call."""
    facts = (node("tr", node("th", name), node("td", value)) for name, value in start.facts.items())
    steps = []
    for what, notebook in start.steps:
        steps.append(node("li", what, *([" → ", node("a", notebook, href=notebook)] if notebook else [])))
    ahead = node("ol", *steps) if steps else node("p", "✓ Nothing waits for you.")
    shown = node("div", node("table", node("tbody", *facts)), node("h3", "What to do next"), ahead)
    return column(Markup(shown), actions(start))
