"""The view of the upload: four steps that unlock one another, the plan, and the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import ipywidgets as w
import pandas as pd

from tjtools.diff.session import FileReview, Verdict
from tjtools.model.creative import UploadStatus
from tjtools.model.words import counted
from tjtools.site import FileState
from tjtools.upload import Plan, RecordedRun
from tjtools.widgets.markup import Markup, Node, Saved, alert, call_node, folded, lines, node, note, table_node
from tjtools.widgets.panel import State
from tjtools.widgets.review import marked
from tjtools.widgets.upload import FAILED, WAITING, Checked, Step, Upload, counted_batches
from tjtools.widgets.view import Table, button, column, error_view, linked, row, task_view, tied, told

PROGRESS = {
    WAITING: ("○ waiting", 0),
    FileState.QUEUED.value: ("▶ sending", 1),
    FileState.PROCESSING.value: ("▶ processing", 2),
    FileState.TAKEN.value: ("✓ taken", 3),
    FileState.REFUSED.value: ("✗ refused", 3),
    FileState.LOST.value: ("? unknown", 3),
    FileState.STALLED.value: ("? no answer", 3),
}
OUTCOMES = {
    UploadStatus.SUCCESS: "✓ uploaded",
    UploadStatus.DUPLICATE: "≡ was on the site",
    UploadStatus.FAILED: "✗ failed",
    UploadStatus.UNKNOWN_ID: "? ID unknown",
    UploadStatus.SKIPPED: "○ skipped",
    UploadStatus.DRY_RUN: "○ dry run",
}
MOST = 200  # names in a list that unfolds, rows of the results
FEW = 10  # what need not be folded
MINUTE = 60
CHANGES = "busy step connected checked rehearsed confirmed uploaded recorded"


def upload_view(panel: Upload) -> w.Widget:
    """What is unknown, the steps, the results."""
    walks = Markup(note("Walks the site's real pages up to, and not including, the hand-over: nothing is uploaded."))
    plan = told(panel, "checked", lambda: node("div", *_plan(panel)))
    where = told(panel, CHANGES, lambda: _where(panel))
    pictures = "Pictures of the pages: tracking/upload_logs/screenshots."
    rehearsed = told(
        panel, CHANGES, lambda: node("p", f"✓ {_files(panel)} ready. {pictures}") if panel.done(Step.REHEARSE) else None
    )
    files = told(panel, "batch states busy", lambda: _bars(panel) if panel.busy and panel.states else None)
    return column(
        error_view(panel),
        _doubt(panel),
        _step(panel, Step.CONNECT, where, _press(panel, Step.CONNECT, panel.connect)),
        _step(panel, Step.CHECK, _press(panel, Step.CHECK, panel.check), after=plan),
        _step(panel, Step.REHEARSE, walks, _press(panel, Step.REHEARSE, panel.rehearse), after=rehearsed),
        _step(panel, Step.UPLOAD, told(panel, CHANGES, lambda: _question(panel)), _confirming(panel), after=files),
        _results(panel),
    )


def _files(panel: Upload) -> str:
    return counted(len(panel.files), "file")


def _step(panel: Upload, step: Step, *inside: w.Widget, after: w.Widget | None = None) -> w.Widget:
    """A step: its head, its controls, the task while it is its own, what came of it, and its call."""
    body = column(
        *inside,
        tied(panel, CHANGES, task_view(panel.task), shown=lambda: panel.step is step),
        *([after] if after else []),
        told(panel, CHANGES, lambda: call_node(panel.call_for(step))),
    )
    tied(panel, CHANGES, body, shown=lambda: panel.unlocked(step) or panel.step is step)

    def head() -> Node:
        title, standing = f"{step.place + 1} · {step.label}", node("span", _standing(panel, step), role="status")
        return node("div", node("h3", title), standing, css="tj-step-head")

    def looks() -> tuple[str, ...]:
        if panel.unlocked(step):
            return ("tj", "tj-step") if panel.done(step) else ("tj", "tj-step", "tj-current")
        return ("tj", "tj-step") if panel.step is step else ("tj", "tj-step", "tj-locked")

    return tied(panel, CHANGES, column(told(panel, CHANGES, head), body), _dom_classes=looks)


def _standing(panel: Upload, step: Step) -> str:
    if panel.step is step and panel.task.state in (State.RUNNING, State.FAILED, State.CANCELLED):
        return str(panel.task.state.value)
    if panel.done(step):
        return "✓ Done"
    if panel.unlocked(step):
        return "● Next"
    return "○ Nothing to upload" if panel.checked and not panel.files else f"○ After step {step.place}"


def _press(panel: Upload, step: Step, action: Callable[[], None]) -> w.Widget:
    press = tied(
        panel,
        CHANGES,
        button(step.label, action, icon=step.icon),
        disabled=lambda: panel.busy or not panel.unlocked(step),
        description=lambda: step.again if panel.done(step) else step.label,
        button_style=lambda: "" if panel.done(step) else "primary",
    )
    return row(press)


def _where(panel: Upload) -> Node:
    site = node("strong", panel.settings.site.origin if panel.settings.site else "no site")
    if panel.connected:
        return node("p", "✓ ", site, " takes the sign-in. The browser is closed between the steps.")
    if panel.site == "sandbox":
        return note("The practice account on ", site, " signs in by itself.")
    how = " Your saved sign-in is tried; without one, a browser window opens: you solve the captcha there."
    return note(site, ".", how)


def _plan(panel: Upload) -> Iterator[Node]:
    if panel.checked is None:
        return
    plan, prepared = panel.checked.plan, panel.checked.prepared
    yield node("p", *_from(panel.checked))
    if plan.files:
        told = f"{_files(panel)} in {counted_batches(plan)}"
        yield node("p", node("strong", told), f", {_takes(panel.checked)}.")
        yield _batches(plan)
        yield _names([file.name for file in plan.files])
    else:
        yield node("p", node("strong", "Nothing to upload."), " Every file is there already, or stays here.")
    if there := sum(one.is_there for one in prepared.reviews):
        yield node("p", f"✓ {counted(there, 'file')} of the session: in the library already.")
    going = (one for batch in plan.batches for one in batch.reviews if one.goes_up)
    if doubtful := [one for one in going if one.verdict is Verdict.NEAR_DUPLICATE or one.repeats_rejected]:
        yield _listed(f"≈ Look first: {counted(len(doubtful), 'file')} of these may be there already", doubtful)
    if held := plan.held_back:
        them = "it" if len(held) == 1 else "them"
        yield _listed(f"⚠ {counted(len(held), 'file')} held back: mend {them} first", held)
    for bad in prepared.bad_lines:
        yield node("p", f"⚠ Line {bad.line} of the session can't be read and stays here: {bad.reason}")
    if panel.settings.campaign.target_url.startswith("PLACEHOLDER"):
        yield note("The campaign CSVs will say PLACEHOLDER_URL: set target_url in tjtools.toml to have your own there.")


def _from(checked: Checked) -> tuple[Node, ...]:
    review = node("a", "01_review_session", href="01_review_session.ipynb")
    if checked.retry:
        return ("Only the files that failed, with the other halves of their pairs.",)
    if checked.choice is None:
        return ("No plan is saved: every new file of the session goes. Choose in ", review, ".")
    left = len(checked.plan.not_chosen)
    more = f"; {counted(left, 'new file')} {'is' if left == 1 else 'are'} not chosen and stay{'s' * (left == 1)} here"
    saved = checked.choice.saved_at.astimezone()
    told = f"The plan saved on {saved:%Y-%m-%d at %H:%M}{more * bool(left)}."
    if unseen := len(checked.plan.unseen):
        late = f"{counted(unseen, 'new file')} came after the plan and {'is' if unseen == 1 else 'are'} not in it."
        return (f"{told} ", node("strong", f"● {late}"), " Choose in ", review, ".")
    return (f"{told} Change it in ", review, ".")


def _takes(checked: Checked) -> str:
    seconds, measured = checked.expected.seconds, checked.expected.measured
    about = f"{max(10, round(seconds, -1)):.0f} s" if seconds < 2 * MINUTE else f"{seconds / MINUTE:.0f} min"
    return f"about {about}" + (", as the last uploads here went" if measured else " at the site's usual pace")


def _batches(plan: Plan) -> Node:
    rows = []
    for kind in dict.fromkeys(batch.creative_type for batch in plan.batches if batch.files):
        sizes = [len(batch.files) for batch in plan.batches if batch.creative_type is kind and batch.files]
        told = " + ".join(map(str, sizes[:12])) + " + …" * (len(sizes) > 12)
        rows.append((kind.section.value, kind.value, str(sum(sizes)), told))
    heads = ("Section", "Type", "Files", "In batches of")
    return table_node(heads, rows, numbers=heads[2:])


def _names(names: Sequence[str]) -> Node:
    number = f"{len(names):,}" if len(names) <= MOST else f"{MOST} of {len(names):,}"
    return folded(f"Files, {number}", lines(names[:MOST]))


def _listed(title: str, reviews: Sequence[FileReview]) -> Node:
    rows = []
    for one in reviews[:MOST]:
        why = node("div", one.reason or "; ".join(repeat.told for repeat in one.repeats), css="tj-note")
        file = node("div", node("strong", one.file.name))
        rows.append(node("tr", node("td", marked(one.verdict)), node("td", file, why)))
    table = node("table", node("tbody", *rows))
    if len(reviews) <= FEW:
        return node("div", node("p", node("strong", title)), table)
    return folded(title + f" ({MOST} of {len(reviews):,} shown)" * (len(reviews) > MOST), table)


def _confirming(panel: Upload) -> w.Widget:
    def ready() -> bool:
        return panel.unlocked(Step.UPLOAD) and not panel.busy

    tick = linked(panel, "confirmed", w.Checkbox(indent=False, layout=w.Layout(width="auto")))
    style = "danger" if panel.site == "live" else "success"
    press = button("Upload live", panel.upload, icon="upload", style=style)
    tied(panel, CHANGES, tick, description=lambda: f"Yes, upload {_files(panel)}")
    tied(panel, CHANGES, press, description=lambda: f"Upload {_files(panel)} live")
    tied(panel, "confirmed", press, disabled=lambda: not panel.confirmed)
    return tied(panel, CHANGES, row(tick, press), shown=ready)


def _question(panel: Upload) -> Node | None:
    bound = panel.settings.site
    if bound is None or panel.busy or not panel.unlocked(Step.UPLOAD):
        return None
    account = node("strong", bound.account or "an account that is not named")
    site = "⚠ LIVE site" if bound.kind == "live" else "practice site"
    goes, where = "goes" if len(panel.files) == 1 else "go", node("strong", bound.origin)
    told = (node("strong", _files(panel)), f" {goes} to the {site} ", where, ", into the account ", account, ".")
    return node("div", node("p", *told), note("What was handed over can't be taken back from here."), css="tj-confirm")


def _bars(panel: Upload) -> Node:
    cells: list[Node] = []
    for name, state in panel.states.items():
        words, value = PROGRESS[state]
        bar = node("progress", value=value, max=3, label=f"{name}: {words}")
        cells += [node("span", words), bar, node("span", name)]
    return node("div", node("p", node("strong", f"Batch {panel.batch}")), node("div", *cells, css="tj-files"))


def _doubt(panel: Upload) -> w.Widget:
    changes = "doubt elsewhere step unfinished connected busy"

    def quiet() -> bool:
        return panel.busy and panel.step is Step.UPLOAD  # its own files are in doubt until they are settled

    go_on = button("Go on with it", panel.resume, style="primary", icon="forward")
    tied(panel, changes, go_on, disabled=lambda: panel.busy or not panel.connected)
    return column(
        told(panel, changes, lambda: None if quiet() else _unknown(panel)),
        tied(panel, changes, row(go_on), shown=lambda: panel.unfinished and not quiet()),
    )


def _unknown(panel: Upload) -> Node | None:
    if panel.elsewhere:
        text = "▶ Another notebook or command uploads in this workspace now. Run this cell again when it is through."
        return alert(node("p", text))
    if panel.unfinished:
        at, told = panel.unfinished.at, panel.unfinished.told
        first = "" if panel.connected else " Connect first, in step 1."
        head = f"? The live upload of {at:%Y-%m-%d %H:%M} was not finished: {told}."
        ahead = "Going on asks the site about what was under way, records it, and uploads the rest."
        ahead += f"{first} Another live upload takes its place."
    elif panel.doubt:
        number = counted(len(panel.doubt), "file")
        head = f"? {number} may be on the site: an upload was cut off after handing over."
        ahead = "The next live upload asks the site first, and hands over only what it does not find there."
    else:
        return None
    names = [f"{name} ({section.value})" for section, name in panel.doubt]
    return alert(node("strong", head), node("p", ahead), *([_names(names)] if names else []))


def _results(panel: Upload) -> w.Widget:
    again = button("Retry the failed", panel.retry, icon="repeat", style="warning")
    tied(
        panel,
        "connected recorded busy",
        again,
        shown=lambda: panel.retryable,
        description=lambda: f"Retry {counted(panel.retryable, 'file')} that failed",
        disabled=lambda: panel.busy or not panel.connected,
    )
    counts = told(panel, "connected recorded", lambda: _counts(panel, panel.recorded) if panel.recorded else None)

    def parts() -> list[w.Widget]:
        if panel.recorded is None:
            return []
        paths = (panel.recorded.status_file, *panel.recorded.campaign_files)
        saved = [Saved(f"⬇ {path.name}", path.name, path.read_bytes) for path in paths]
        table = Table(_frame(panel.recorded), what="files", most=MOST)
        return [counts, table, row(again), column(Markup(node("h3", "Download")), row(*saved))]

    return tied(panel, "recorded", column(css="tj-step"), children=parts, shown=lambda: panel.recorded)


def _counts(panel: Upload, run: RecordedRun) -> Node:
    count = panel.outcomes
    told = " · ".join(f"{words}: {count[status]}" for status, words in OUTCOMES.items() if count[status])
    head = (node("h3", "5 · Results"), node("span", "the last live upload, as recorded"))
    lines = [node("div", *head, css="tj-step-head"), node("p", node("strong", told), role="status")]
    if run.bad_lines:
        lines.append(node("p", f"⚠ {counted(len(run.bad_lines), 'line')} of {run.status_file.name} can't be read."))
    if count[UploadStatus.SUCCESS]:
        after = node("a", "03_refresh_and_sync", href="03_refresh_and_sync.ipynb")
        lines.append(note("The site reviews what is new: follow it in ", after, "."))
    if panel.retryable and not panel.connected:
        lines.append(note("Connect in step 1 to retry what failed."))
    return node("div", *lines)


def _frame(run: RecordedRun) -> pd.DataFrame:
    files = sorted(run.files, key=lambda one: one.status not in FAILED)
    rows = [(OUTCOMES[one.status], one.name, one.creative_id, one.message, one.creative_type.value) for one in files]
    return pd.DataFrame(rows, columns=["outcome", "file", "Creative ID", "reason", "type"], dtype="str")
