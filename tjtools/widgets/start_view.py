"""The view of where I am and what is next: facts, and a list of steps that link to their notebooks."""

from __future__ import annotations

import ipywidgets as w

from tjtools.health.status import Step
from tjtools.widgets.markup import Markup, Node, node
from tjtools.widgets.start import Start
from tjtools.widgets.view import actions, column


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
