"""Where am I, and what is to be done next? The first notebook's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

import ipywidgets as w
from traitlets import Unicode

from tjtools.diff.session import Verdict
from tjtools.health.status import Step, last_refresh, next_steps
from tjtools.model.creative import ReviewStatus
from tjtools.model.words import counted
from tjtools.upload import prepare
from tjtools.widgets.markup import Markup, Node, node
from tjtools.widgets.panel import Panel
from tjtools.widgets.task import Run
from tjtools.widgets.view import actions, column

CALL = """\
from datetime import UTC, datetime
from pathlib import Path

from tjtools import Workspace
from tjtools.health.status import next_steps
from tjtools.upload import prepare

workspace = Workspace.find(cwd=Path.cwd())
next_steps(workspace, prepare(workspace), now=datetime.now(tz=UTC))
"""


class Start(Panel):
    """The workspace at a glance: `facts` by name, in words, and the next `steps`."""

    title: ClassVar[str] = "Start here"
    looks: ClassVar[bool] = True
    call = Unicode(CALL)
    steps: tuple[Step, ...] = ()
    facts: Mapping[str, str] = MappingProxyType({})

    def look(self, run: Run) -> None:
        """Review the session against the library, and see what waits for a person."""
        moment, self._prepared = self.clock(), prepare(self.workspace, progress=run.looked_at, cancelled=run.cancelled)
        self.steps = next_steps(self.workspace, self._prepared, now=moment)
        self.age = last_refresh(self.workspace)
        self.facts = {"Library": self._library(), "Library as of": self._aged(moment), "Session": self._session()}

    @property
    def summary(self) -> str:
        if not self.looked():
            return f"{self.title}: {self.looking.error}"
        steps = [f"- {step.what}{f' ({step.notebook})' * bool(step.notebook)}" for step in self.steps]
        facts = [f"{name}: {self.facts[name]}" for name in ("Library", "Session")]
        return "\n".join((*facts, "Next:" if steps else "Next: nothing waits for you", *steps))

    def _library(self) -> str:
        library = self._prepared.library
        statuses = Counter(one.review_status for one in library)
        order: tuple[ReviewStatus | None, ...] = (*ReviewStatus, None)
        told = [f"{statuses[one]:,} {one.value if one else 'unknown'}" for one in order if statuses[one]]
        return f"{counted(len(library), 'creative')}: {', '.join(told)}" if told else "no creatives"

    def _aged(self, moment: datetime) -> str:
        if self.age is None:
            return "never"
        days = (moment - self.age).days
        ago = f"{counted(days, 'day')} ago" if days else "less than a day ago"
        return f"{self.age.astimezone(moment.tzinfo):%Y-%m-%d %H:%M}, {ago}"

    def _session(self) -> str:
        verdicts = Counter(one.verdict for one in self._prepared.reviews)
        told = ", ".join(f"{verdicts[one]:,} {one.value}" for one in Verdict if verdicts[one])
        return f"{counted(len(self._prepared.reviews), 'file')}: {told}" if told else "no files"


def start_view(start: Start) -> w.Widget:
    """Facts, next steps, the call."""
    facts = node(
        "table",
        node("tbody", *(node("tr", node("th", name), node("td", value)) for name, value in start.facts.items())),
    )
    steps = [node("li", *_step(step)) for step in start.steps]
    following = node("ol", *steps) if steps else node("p", "✓ Nothing waits for you.")
    return column(Markup(node("div", facts, node("h3", "What to do next"), following)), actions(start))


def _step(step: Step) -> tuple[Node, ...]:
    if not step.notebook:
        return (step.what,)
    return (f"{step.what} → ", node("a", step.notebook, href=step.notebook))
