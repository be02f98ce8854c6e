"""Today: what matters in a few figures, and what to do next. The first notebook's panel, and the desk's first tab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

import ipywidgets as w
from traitlets import Dict, Tuple, Unicode

from tjtools.diff.session import Verdict
from tjtools.health.status import Step, last_refresh, new_files, next_steps
from tjtools.model.creative import ReviewStatus
from tjtools.model.words import ago, counted
from tjtools.upload import Prepared, prepare
from tjtools.upload.journal import Journal
from tjtools.widgets.markup import Markup, Node, node, note
from tjtools.widgets.panel import Panel, Task, python
from tjtools.widgets.view import actions, column, error_view, follow, row, tied, told, way_on

CALL = python(
    "files = Files(workspace, lambda: datetime.now(tz=UTC))\n"
    "found = worklist(files, files.changed())\n"
    'counts = {"rejected": len(found["rejected"]), "slow": len(found["slow"])}\n'
    "next_steps(workspace, prepare(workspace), now=files.clock(), **counts)",
    "tjtools import Workspace",
    "tjtools.analysis.sources import Files",
    "tjtools.analysis.worklist import worklist",
    "tjtools.health.status import next_steps",
    "tjtools.upload import prepare",
)
FIGURES = {  # in words, with a mark for who sees no colours
    "new": "● new files",
    "rejected": "✗ rejected since you last looked",
    "approved": "✓ approved since you last looked",
    "pending": "… pending",
}


class Start(Panel):
    """The workspace at a glance: `figures` of what matters, the next `steps`, and `facts` by name, in words.

    What was rejected and approved is counted as the outcomes do, since the same moment.
    """

    title: ClassVar[str] = "Start here"
    looks: ClassVar[bool] = True
    call = Unicode(CALL)
    figures = Dict()
    facts = Dict()
    steps = Tuple()

    def look(self, task: Task) -> None:
        """Review the session against the library, and see what waits for a person."""
        task.progress("looking through the session")
        from tjtools.analysis.sources import Files  # pandas takes a while, beside the looking
        from tjtools.analysis.worklist import worklist

        moment, prepared = self.clock(), prepare(self.workspace, progress=task.looked_at, cancelled=task.cancelled)
        files = Files(self.workspace, lambda: moment)
        count = {kind: len(rows) for kind, rows in worklist(files, files.changed()).items()}
        self.facts = _facts(self, prepared)
        doubt = Journal(self.workspace.log).in_doubt()
        self.figures = count | {"new": new_files(prepared.reviews, doubt)}
        self.steps = next_steps(self.workspace, prepared, now=moment, rejected=count["rejected"], slow=count["slow"])

    def come_back(self) -> None:
        self.task.start(self.look)

    def told(self) -> Iterable[str]:
        facts = [f"{name}: {self.facts[name]}" for name in ("Library", "Session")]
        return (*facts, "Next:", *(f"- {step.what}" + f" ({step.more})" * bool(step.more) for step in self.steps))


def _facts(start: Start, prepared: Prepared) -> dict[str, str]:
    moment, statuses = start.clock(), Counter(one.review_status for one in prepared.library)
    verdicts = Counter(one.verdict for one in prepared.reviews)
    age, aged = last_refresh(start.workspace), "unknown: the site has not been read as a whole yet"
    if age:
        aged = f"{age.astimezone(moment.tzinfo):%Y-%m-%d %H:%M}, {ago((moment - age).days)}"
    return {
        "Library": _counted(
            "creative", {one.value if one else "unknown": statuses[one] for one in (*ReviewStatus, None)}
        ),
        "Library as of": aged,
        "Session": _counted("file", {_several(one, verdicts[one]): verdicts[one] for one in Verdict}),
    }


def _several(verdict: Verdict, number: int) -> str:
    if number == 1:
        return verdict.value
    return verdict.value.replace("duplicate", "duplicates").replace("half", "halves").replace("r pair", "r pairs")


def _counted(noun: str, kinds: dict[str, int]) -> str:
    told = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number)
    return f"{counted(sum(kinds.values()), noun)}: {told}" if told else f"no {noun}s"


def start_view(start: Start) -> w.Widget:
    """The figures, the steps with the first one large, and the facts below."""
    heading = told(start, "busy", lambda: _heading(start))
    follow(start.task, "text", lambda: heading.show(_heading(start)))
    return column(
        told(start, "figures", lambda: node("div", *(_figure(start, kind) for kind in FIGURES), css="tj-figures")),
        heading,
        tied(start, "steps", column(), fresh=lambda: [_step(start, one) for one in start.steps]),
        error_view(start.task),
        told(start, "facts", lambda: _listed(start.facts)),
        actions(start),
    )


def _heading(start: Start) -> Node:
    """What is shown is of before, while it looks again, of which it says how far that is."""
    far = f" {int(start.task.done):,} of {counted(start.task.total, 'file')}" if start.task.total else ""
    again = [note(f"looking again …{far}", role="status")] if start.busy else []
    return node("div", node("h3", "What to do next"), *again, css="tj-line")


def _figure(start: Start, kind: str) -> Node:
    number, css = start.figures[kind], "tj-figure-card"
    slow = start.figures["slow"] if kind == "pending" else 0
    more = [node("span", f"! {slow:,} waiting too long")] if slow else []
    name = "● new file" if kind == "new" and number == 1 else FIGURES[kind]
    loud = " tj-loud" if kind == "rejected" and number else " tj-nothing" if not number else ""
    return node("div", node("strong", f"{number:,}"), node("span", name), *more, css=css + loud)


def _step(start: Start, step: Step) -> w.Widget:
    first = step is start.steps[0]
    words = [node("code", step.command)] if step.command and not step.tab else []
    more = Markup(node("span", *words, f" {step.more}" if words else step.more, css="tj-note"))
    if not step.tab:
        return row(Markup(node("strong" if first else "span", step.what)), more)
    return row(way_on(start, step.tab, step.what, style="primary" if first else ""), more)


def _listed(facts: dict[str, str]) -> Node:
    return node("div", *(note(f"{name}: {value}") for name, value in facts.items()), css="tj-facts")
