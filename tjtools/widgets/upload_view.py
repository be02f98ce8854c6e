"""The view of the upload: four steps that unlock one another, and the results."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from tjtools.model.words import counted
from tjtools.site import FileState
from tjtools.widgets.markup import Markup, Node, node
from tjtools.widgets.task import State
from tjtools.widgets.upload import WAITING, Step, Upload
from tjtools.widgets.upload_plan import files_node, plan_node
from tjtools.widgets.upload_results import results_view
from tjtools.widgets.view import (
    STATES,
    alert,
    button,
    call_node,
    column,
    error_view,
    row,
    task_view,
    told,
    watch,
)

PROGRESS = {
    WAITING: ("○ waiting", 0),
    FileState.QUEUED.value: ("▶ sending", 1),
    FileState.PROCESSING.value: ("▶ processing", 2),
    FileState.TAKEN.value: ("✓ taken", 3),
    FileState.REFUSED.value: ("✗ refused", 3),
    FileState.LOST.value: ("? unknown", 3),
    FileState.STALLED.value: ("? no answer", 3),
}


def upload_view(panel: Upload) -> w.Widget:
    """What is unknown, the steps, the results."""
    return column(
        error_view(panel),
        _doubt(panel),
        _step(panel, Step.CONNECT, _connecting(panel)),
        _step(panel, Step.CHECK, _press(panel, Step.CHECK, "Check", panel.check, "search"), after=_plan(panel)),
        _step(panel, Step.REHEARSE, _rehearsing(panel), after=_rehearsed(panel)),
        _step(panel, Step.UPLOAD, _uploading(panel), after=_files(panel)),
        results_view(panel),
    )


def _step(panel: Upload, step: Step, *inside: w.Widget, after: w.Widget | None = None) -> w.Widget:
    """A step: its head, its controls, the task while it is its own, what came of it, and its call."""
    head, code, work = Markup(), Markup(), task_view(panel.task)
    body = column(*inside, work, *([after] if after else []), code)
    box = column(head, body)

    def show() -> None:
        head.show(_head(panel, step))
        code.show(call_node(panel.call_for(step)))
        body.layout.display = "" if panel.unlocked(step) or panel.step is step else "none"
        work.layout.display = "" if panel.step is step else "none"
        current = panel.unlocked(step) and not panel.done(step)
        box._dom_classes = ("tj", "tj-step", *(["tj-current"] if current else []), *_locked_look(panel, step))

    _watch(panel, show)
    return box


def _locked_look(panel: Upload, step: Step) -> tuple[str, ...]:
    return () if panel.unlocked(step) or panel.step is step else ("tj-locked",)


def _head(panel: Upload, step: Step) -> Node:
    number = list(Step).index(step) + 1
    return node(
        "div",
        node("h3", f"{number} · {step.value}"),
        node("span", _standing(panel, step), role="status"),
        css="tj-step-head",
    )


def _standing(panel: Upload, step: Step) -> str:
    """Where the step is, in words."""
    if panel.step is step and panel.task.state in (State.RUNNING, State.FAILED, State.CANCELLED):
        return STATES[panel.task.state]
    if panel.done(step):
        return "✓ Done"
    if not panel.unlocked(step):
        number = list(Step).index(step)
        return "○ Nothing to upload" if panel.checked and not panel.files else f"○ After step {number}"
    return "● Next"


def _press(panel: Upload, step: Step, word: str, action: Callable[[], None], icon: str) -> w.Widget:
    """The button of a step that may be done again."""
    press = button(step.value, action, icon=icon)

    def show() -> None:
        press.disabled = panel.busy or not panel.unlocked(step)
        press.description = f"{word} again" if panel.done(step) else step.value
        press.button_style = "" if panel.done(step) else "primary"

    _watch(panel, show)
    return row(press)


def _connecting(panel: Upload) -> w.Widget:
    where = Markup()
    _watch(panel, lambda: where.show(_where(panel)))
    return column(where, _press(panel, Step.CONNECT, "Connect", panel.connect, "plug"))


def _where(panel: Upload) -> Node:
    """The site, and how one gets into it."""
    site = node("strong", panel.place.origin or "no site")
    if panel.connected:
        return node("p", "✓ ", site, " takes the sign-in. The browser is closed between the steps.")
    if panel.place.site == "sandbox":
        return node("p", "The practice account on ", site, " signs in by itself.", css="tj-note")
    how = " Your saved sign-in is tried; without one, a browser window opens: you solve the captcha there."
    return node("p", site, ".", how, css="tj-note")


def _plan(panel: Upload) -> w.Widget:
    campaign = panel.settings.campaign
    return told(panel, "checked", lambda: plan_node(panel.checked, campaign) if panel.checked else node("div"))


def _rehearsing(panel: Upload) -> w.Widget:
    what = "Walks the site's real pages up to, and not including, the hand-over: nothing is uploaded."
    press = _press(panel, Step.REHEARSE, "Dry run", panel.rehearse, "play")
    return column(Markup(node("p", what, css="tj-note")), press)


def _rehearsed(panel: Upload) -> w.Widget:
    def made() -> Node:
        ready = f"✓ {counted(len(panel.files), 'file')} ready. Pictures of the pages: tracking/upload_logs/screenshots."
        return node("p", ready) if panel.done(Step.REHEARSE) else node("div")

    return told(panel, "checked connected rehearsed", made)


def _uploading(panel: Upload) -> w.Widget:
    question, tick = Markup(), w.Checkbox(description="Yes, upload them", indent=False, layout=w.Layout(width="auto"))
    press = button("Upload live", panel.upload, icon="upload")
    w.link((panel, "confirmed"), (tick, "value"))
    both = row(tick, press)

    def show() -> None:
        ready = panel.unlocked(Step.UPLOAD) and not panel.busy
        question.show(_question(panel) if ready else node("div"))
        both.layout.display = "" if ready else "none"
        number = counted(len(panel.files), "file")
        tick.description, press.description = f"Yes, upload {number}", f"Upload {number} live"
        press.disabled = not (ready and panel.confirmed)
        press.button_style = "danger" if panel.place.site == "live" else "success"

    _watch(panel, show)
    return column(question, both)


def _question(panel: Upload) -> Node:
    """What the person is about to confirm."""
    place = panel.place
    account = node("strong", place.account) if place.account else node("strong", "an account that is not named")
    site = "⚠ LIVE site" if place.site == "live" else "practice site"
    files, where = counted(len(panel.files), "file"), node("strong", place.origin)
    goes = "goes" if len(panel.files) == 1 else "go"
    return node(
        "div",
        node("p", node("strong", files), f" {goes} to the {site} ", where, ", into the account ", account, "."),
        node("p", "What was handed over can't be taken back from here.", css="tj-note"),
        css="tj-confirm",
    )


def _files(panel: Upload) -> w.Widget:
    """Of the batch that runs, each file with a bar of its own."""
    shown = Markup()

    def show() -> None:
        shown.show(_bars(panel.batch, panel.states) if panel.busy and panel.states else node("div"))

    watch(panel, "batch states", show)
    return shown


def _bars(batch: int, states: dict[str, str]) -> Node:
    cells: list[Node] = []
    for name, state in states.items():
        words, value = PROGRESS[state]
        cells += [
            node("span", words),
            node("progress", value=value, max=3, label=f"{name}: {words}"),
            node("span", name),
        ]
    return node("div", node("p", node("strong", f"Batch {batch}")), node("div", *cells, css="tj-files"))


def _doubt(panel: Upload) -> w.Widget:
    """What nobody knows, what was not finished, and what is going on elsewhere; empty while all is known."""
    shown = Markup()
    go_on = button("Go on with it", panel.resume, style="primary", icon="forward")
    controls = row(go_on)
    box = column(shown, controls)

    def show() -> None:
        quiet = panel.busy and panel.step is Step.UPLOAD  # its own files are in doubt until they are settled
        shown.show(node("div") if quiet else _unknown(panel))
        controls.layout.display = "none" if quiet or not panel.unfinished else ""
        go_on.disabled = panel.busy or not panel.connected

    watch(panel, "doubt elsewhere step unfinished connected", show)
    return box


def _unknown(panel: Upload) -> Node:
    if panel.elsewhere:
        text = "▶ Another notebook or command uploads in this workspace now. Run this cell again when it is through."
        return alert(node("p", text))
    if panel.unfinished:
        cut_off = (
            f"? The live upload of {panel.unfinished.at:%Y-%m-%d %H:%M} was not finished: {panel.unfinished.told}."
        )
        what = "Going on asks the site about what was under way, records it, and uploads the rest."
        first = "" if panel.connected else " Connect first, in step 1."
        ahead = node("p", f"{what}{first} Another live upload takes its place.")
        return alert(node("strong", cut_off), ahead, *_doubtful(panel))
    if not panel.doubt:
        return node("div")
    number = counted(len(panel.doubt), "file")
    return alert(
        node("strong", f"? {number} may be on the site: an upload was cut off after handing over."),
        node("p", "The next live upload asks the site first, and hands over only what it does not find there."),
        *_doubtful(panel),
    )


def _doubtful(panel: Upload) -> tuple[Node, ...]:
    """The files of which nobody knows whether the site holds them, folded."""
    names = [f"{name} ({section.value})" for section, name in panel.doubt]
    return (files_node(names),) if names else ()


def _watch(panel: Upload, show: Callable[[], None]) -> None:
    """Call `show` now, and whenever the panel or its task comes to another state."""
    watch(panel, "step connected checked rehearsed confirmed uploaded recorded", show)
