"""The view of the upload: what is open, a button to rehearse it, one confirmation, a button to upload; the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ipywidgets as w
import pandas as pd

from tjtools.diff.session import FileReview, Verdict
from tjtools.health.status import LEFT, THERE, tally
from tjtools.media.content import Fingerprints
from tjtools.model.creative import SessionFile
from tjtools.model.words import counted
from tjtools.upload import RecordedRun
from tjtools.upload.run_files import in_words
from tjtools.widgets.elsewhere import MOST, elsewhere_view, files_node
from tjtools.widgets.markup import Markup, Node, Saved, alert, call_node, folded, lines, node, note, picture
from tjtools.widgets.rehearsal import Checked
from tjtools.widgets.review import marked
from tjtools.widgets.upload import Step, Upload, counted_batches
from tjtools.widgets.view import Table, button, column, error_view, row, ticked, tied, told, until_done, way_on

_REHEARSAL = "A rehearsal uploads nothing, and shows what would go."
_STAYS = {THERE: "there already", LEFT: LEFT}
FEW = 3  # what need not be folded
STRIP = 20  # pictures of a section
MINUTE = 60
CHANGES = (
    "error busy step signed_in checked rehearsed repeats_too once_more uploaded recorded doubt elsewhere unfinished"
    " saved rows retryable"
)


def upload_view(panel: Upload) -> w.Widget:
    """What is open, the plan, what it asks and its one button, how far it is, what goes, the results."""
    bars = told(panel, "batch states busy", lambda: _bars(panel) if panel.busy and panel.states else None)
    return column(
        error_view(panel),
        elsewhere_view(panel, panel.other),
        _open_ends(panel),
        _ahead(panel),
        row(told(panel, CHANGES, lambda: _done(panel)), _rehearse(panel)),
        _confirmation(panel),
        until_done(panel.task),
        bars,
        _going(panel),
        _results(panel),
        told(panel, CHANGES, lambda: call_node(panel.call_for(Step.UPLOAD if panel.rehearsed else Step.REHEARSE))),
    )


def _files(panel: Upload) -> str:
    return counted(len(panel.files), "file")


def _uploads(panel: Upload) -> bool:
    return panel.busy and panel.step is Step.UPLOAD


def _open_ends(panel: Upload) -> w.Widget:
    """What is unknown or was cut off; while an upload runs, its own files are in doubt until they are settled."""
    words = told(panel, CHANGES, lambda: None if _uploads(panel) else _unknown(panel))
    title = "Go on with the upload that was cut off"
    go_on = button("Go on", panel.resume, icon="forward", style="primary", title=title)
    tied(panel, CHANGES, go_on, disabled=lambda: panel.busy)
    way = tied(panel, CHANGES, row(go_on), shown=lambda: panel.unfinished and not (panel.elsewhere or _uploads(panel)))
    return column(words, way)


def _unknown(panel: Upload) -> Node | None:
    asked = {file.key for file in panel.timed_out} if panel.asks else set()
    doubt = [key for key in panel.doubt if key not in asked]
    if panel.elsewhere:
        return None
    if panel.unfinished:
        at, told = panel.unfinished.at, panel.unfinished.told
        head = f"? The upload of {at:%Y-%m-%d %H:%M} was not finished: {told}."
        ahead = "Go on: the site is asked about what was under way, and the rest goes up."
    elif doubt:
        them = "it" if len(doubt) == 1 else "them"
        head = f"? {counted(len(doubt), 'file')} may be on the site: nobody has heard what became of {them}."
        ahead = "The next upload asks the site first."
    else:
        return None
    names = [f"{name} ({section.value})" for section, name in doubt]
    return alert(node("strong", head), node("p", ahead), *([_names(names)] if names else []))


def _ahead(panel: Upload) -> w.Widget:
    """Which plan there is, before a rehearsal, or that nothing of it goes up: then other files are the way on."""

    def shown() -> bool:
        return _nothing(panel) or not (panel.checked or panel.unfinished or panel.elsewhere or panel.uploaded)

    def plan() -> Node:
        if not panel.rows:
            return node("strong", "The session is empty.")
        if _nothing(panel):
            return node("span", node("strong", "Nothing to upload."), " Every file is there already, or stays here.")
        if not panel.saved:
            rule = f" every new file goes, but no copy of a rejected one. {_REHEARSAL}"
            return node("span", node("strong", "No plan is saved:"), rule)
        files, left = len(panel.saved.files), len(panel.left)
        told = counted(files, "file") if left == files else f"{left:,} of {counted(files, 'file')} left"
        done = _carried_out(panel)
        ahead = f": each of its {counted(files, 'file')} has a Creative ID." if done else f". {_REHEARSAL}"
        head = node("strong", "Your plan is carried out" if done else f"Your plan: {told}")
        return node("span", head, f", saved {panel.saved.saved_at.astimezone():%Y-%m-%d %H:%M}{ahead}")

    way = way_on(panel, "review", "Go to Review")
    if isinstance(way, w.Button):
        tied(panel, CHANGES, way, button_style=lambda: "primary" if _nothing(panel) and not _begins(panel) else "")
    there = row(told(panel, CHANGES, plan), way)
    return tied(panel, CHANGES, there, shown=lambda: shown() and not (panel.busy or _unread(panel)))


def _unread(panel: Upload) -> bool:
    """Whether nobody knows what is in the session: the error says why."""
    return bool(panel.error and not panel.rows)


def _nothing(panel: Upload) -> bool:
    if panel.looked_for:
        return False
    return not panel.rows or (panel.checked is not None and not panel.checked.whole.files)


def _carried_out(panel: Upload) -> bool:
    """Whether there is a plan of which nothing is left, and nobody has rehearsed it since."""
    return bool(panel.checked is None and panel.saved and panel.saved.files and not panel.left)


def _begins(panel: Upload) -> bool:
    """Whether there are no files yet, and nobody has ever signed in: then that is the way to the library."""
    return not (panel.rows or panel.workspace.browser_session.exists())


def _done(panel: Upload) -> Node | None:
    """What is behind, in one line."""
    account = panel.settings.site.account if panel.settings.site else ""
    steps = ["✓ Signed in" + f" as {account}" * bool(account)] if panel.signed_in else []
    if panel.plan and panel.plan.files:
        steps.append(f"✓ {counted(len(panel.plan.files), 'file')} in {counted_batches(panel.plan)}")
    steps += ["✓ Rehearsed"] if panel.rehearsed else []
    return node("div", *(node("span", one) for one in steps), css="tj-done", role="status") if steps else None


def _rehearse(panel: Upload) -> w.Widget:
    """The button for it, which stays where it is while it works, and so keeps the focus."""
    press = button("Rehearse", panel.rehearse, icon="play", title="Up to, and not including, the hand-over of files")
    return tied(
        panel,
        CHANGES,
        press,
        description=lambda: "Rehearse again" if panel.rehearsed else "Rehearse" if panel.rows else "Sign in",
        button_style=lambda: "" if panel.busy or _leads_elsewhere(panel) else "primary",
        disabled=lambda: _uploads(panel) or panel.elsewhere,
        shown=lambda: panel.rows or panel.looked_for or not (panel.signed_in or _unread(panel)),
    )


def _leads_elsewhere(panel: Upload) -> bool:
    ended = panel.rehearsed or panel.unfinished or panel.uploaded or panel.elsewhere
    return bool(ended or _carried_out(panel) or (_nothing(panel) and not _begins(panel)))


def _confirmation(panel: Upload) -> w.Widget:
    """What goes where; what wants a word of its own, with its tick; the button.

    That is what repeats a rejected creative, and what the site timed out on.
    """
    tick = tied(panel, CHANGES, ticked(panel, "repeats_too"), description=lambda: _tick(panel))
    repeats = column(told(panel, "checked", lambda: _repeats(panel)), tick, css="tj-repeats")
    again = ticked(panel, "once_more", "Upload again what is not found")
    missed = column(told(panel, CHANGES, lambda: _timed_out(panel)), again, css="tj-missed")
    press, style = button("Upload", panel.upload, icon="upload"), "danger" if panel.site == "live" else "primary"
    tied(
        panel,
        CHANGES,
        press,
        shown=lambda: panel.checked and not _nothing(panel) and (panel.asks or _uploads(panel)),
        description=lambda: _deed(panel),
        icon=lambda: "upload" if panel.files or not panel.looked_for else "search",
        button_style=lambda: "" if panel.busy else style,
        disabled=lambda: not (panel.files or panel.looked_for) or panel.elsewhere,
    )
    return column(
        told(panel, CHANGES, lambda: _question(panel) if not panel.busy else None),
        tied(panel, CHANGES, repeats, shown=lambda: panel.asks and panel.repeats),
        tied(panel, CHANGES, missed, shown=lambda: panel.asks and panel.timed_out),
        row(press),
    )


def _deed(panel: Upload) -> str:
    ing = "ing" * _uploads(panel)
    missed = counted(len(panel.looked_for), "file")
    return f"Upload{ing} {_files(panel)}" if panel.files or not panel.looked_for else f"Look{ing} for {missed}"


def _timed_out(panel: Upload) -> Node:
    """What to know before the tick: what comes to show on the site after all is there twice then."""
    names = [file.name for file in panel.timed_out]
    head = f"? The site timed out on {counted(len(names), 'file')}"
    first = ". Each is looked for there first, and what is found gets its ID."
    library = node("a", "look into the Media Library", site=panel.library_page) if panel.library_page else ""
    twice = "If you upload again what the site is still at work on, it is there twice: ", library, " before."
    return node("div", node("p", node("strong", head), first), node("p", *twice), _names(names))


def _going(panel: Upload) -> w.Widget:
    """What goes, with pictures, and what stays here and why."""
    sections = told(panel, "checked", lambda: _sections(panel.checked) if panel.checked else None)
    notes = told(panel, "checked", lambda: _notes(panel))
    whole = column(sections, notes, css="tj-going")
    return tied(panel, CHANGES, whole, shown=lambda: notes.tree != [""] and not panel.busy)


def _question(panel: Upload) -> Node | None:
    bound, checked = panel.settings.site, panel.checked
    if bound is None or checked is None or not (panel.files or panel.repeats):
        return None
    site = "● LIVE site" if bound.kind == "live" else "practice site"
    goes, where = "goes" if len(panel.files) == 1 else "go", node("strong", bound.origin)
    account = f", account {bound.account}" if bound.account else ""
    what = " again" if checked.retry else ""
    stay = len(checked.plan.held_back)
    held = [node("span", f" ⚠ {counted(stay, 'file')} can't go.")] if stay else []
    told = (node("strong", _files(panel)), f" {goes}{what} to the {site} ", where, f"{account}; {_takes(checked)}.")
    return node("p", *told, *held)


def _takes(checked: Checked) -> str:
    seconds = checked.expected
    return f"about {max(10, round(seconds, -1)):.0f} s" if seconds < 2 * MINUTE else f"about {seconds / MINUTE:.0f} min"


def _sections(checked: Checked) -> Node | None:
    plan, rows = checked.plan, []
    for kind in dict.fromkeys(batch.creative_type for batch in plan.batches if batch.files):
        files = [file for batch in plan.batches if batch.creative_type is kind for file in batch.files]
        strip = (_thumb(checked.prepared.fingerprints, file) for file in files[:STRIP])
        heads = node("strong", kind.section.value), node("span", counted(len(files), "file"))
        rows.append(node("div", *heads, node("div", *strip, css="tj-strip"), css="tj-section"))
    return node("div", *rows) if rows else None


def _thumb(fingerprints: Fingerprints, file: SessionFile) -> Node:
    seen = fingerprints.of(file.path)
    made = fingerprints.thumbnail(seen) if seen else None
    return picture(made, title=file.name, label=file.name, css="tj-thumb")


def _repeats(panel: Upload) -> Node | None:
    if panel.checked is None or not panel.checked.plan.repeats:
        return None
    plan, fingerprints = panel.checked.plan, panel.checked.prepared.fingerprints
    rows = []
    for one in plan.repeats:
        why = "; ".join(repeat.told for repeat in one.repeats_rejected) or one.reason
        words = node("div", node("strong", one.file.name), node("div", why))
        rows.append(node("div", _thumb(fingerprints, one.file), words, css="tj-repeat"))
    more = [folded(f"{len(rows) - FEW} more", *rows[FEW:])] if len(rows) > FEW else []
    return node("div", node("p", node("strong", f"✗ {plan.asks}")), *rows[:FEW], *more)


def _tick(panel: Upload) -> str:
    number = len(panel.repeats)
    return "Upload it all the same" if number == 1 else f"Upload these {number} all the same"


def _notes(panel: Upload) -> Node | None:
    """What stays here, and what to look at, to unfold."""
    noted = [*_noted(panel, panel.checked)] if panel.checked else []
    return node("div", *noted) if noted else None


def _noted(panel: Upload, checked: Checked) -> Iterator[Node]:
    plan, prepared = checked.plan, checked.prepared
    if checked.since_the_plan:
        yield _names(checked.since_the_plan, "● Exchanged since you saved your plan")
    if near := [one for one in plan.reviews if one.verdict is Verdict.NEAR_DUPLICATE]:
        yield _listed(f"≈ {len(near):,} of these may be there already", near)
    if plan.held_back:
        yield _listed(f"⚠ {counted(len(plan.held_back), 'file')} can't go: mend first", plan.held_back)
    if plan.not_chosen:
        yield _names([one.file.name for one in plan.not_chosen], "New, not in your plan")
    if plan.unseen:
        yield _names([one.file.name for one in plan.unseen], "● New since your plan, not in it")
    if plan.files:
        yield _names([file.name for file in plan.files], "Names")
    stays = tally(prepared.reviews)
    if here := [f"{stays[what]:,} {words}" for what, words in _STAYS.items() if what in stays]:
        yield note(f"✓ Of the session: {', '.join(here)}.")
    for bad in prepared.bad_lines:
        yield node("p", f"⚠ Line {bad.line} of the session can't be read and stays here: {bad.reason}")
    if plan.files and panel.settings.campaign.target_url.startswith("PLACEHOLDER"):
        yield note("The campaign CSVs will say PLACEHOLDER_URL: set target_url in tjtools.toml.")


def _names(names: Sequence[str], title: str = "Files") -> Node:
    number = f"{len(names):,}" if len(names) <= MOST else f"{MOST} of {len(names):,}"
    return folded(f"{title}, {number}", lines(names[:MOST]))


def _listed(title: str, reviews: Sequence[FileReview]) -> Node:
    rows = []
    for one in reviews[:MOST]:
        why = node("div", one.reason or "; ".join(repeat.told for repeat in one.repeats), css="tj-note")
        rows.append(node("tr", node("td", marked(one.verdict)), node("td", node("strong", one.file.name), why)))
    shown = f" ({MOST} of {len(reviews):,} shown)" if len(reviews) > MOST else ""
    return folded(title + shown, node("table", node("tbody", *rows)))


def _bars(panel: Upload) -> Node:
    place = f"Batch {panel.batches.index(panel.batch) + 1} of {len(panel.batches)}"
    return node("div", node("p", node("strong", place)), files_node(panel.states.items()))


def _results(panel: Upload) -> w.Widget:
    """What came of the last upload: the counts, what to do with it, and each file, what matters first."""
    again = button("Retry", panel.retry, icon="repeat")
    tied(
        panel,
        CHANGES,
        again,
        shown=lambda: panel.retryable and not panel.unfinished,
        description=lambda: f"Retry {counted(panel.retryable, 'file')}",
        button_style=lambda: "primary" if panel.uploaded and not panel.asks else "",
    )

    follow = way_on(panel, "sync", "Follow the reviews")
    if isinstance(follow, w.Button):
        tied(panel, CHANGES, follow, button_style=lambda: "primary" if _ended_well(panel) else "")

    def parts() -> list[w.Widget]:
        run = panel.recorded
        if run is None:
            return []
        copied = node("copy", "\n".join(panel.ids), says=f"Copy {counted(len(panel.ids), 'ID')}")
        ids = [Markup(copied)] if panel.ids else []
        saved = Saved("Download all (zip)", f"upload_{run.name}.zip", lambda: run.packed(panel.place))
        library = Markup(node("a", "Open the Media Library", site=panel.library_page) if panel.library_page else None)
        return [
            Markup(_counts(run)),
            row(again, *ids, saved, library, follow),
            Table(_frame(run), what="files", most=MOST),
        ]

    box = tied(panel, "recorded", column(css="tj-step"), children=parts)
    return tied(panel, CHANGES, box, shown=lambda: panel.recorded and not _uploads(panel))


def _open(panel: Upload) -> bool:
    """Whether something of the upload, or of the next one, is still to be done."""
    return bool(panel.retryable or panel.unfinished or panel.asks)


def _ended_well(panel: Upload) -> bool:
    """Whether all went up, and what is left to do is to see how it is reviewed."""
    return bool((panel.uploaded or _carried_out(panel)) and not _open(panel))


def _counts(run: RecordedRun) -> Node:
    head = node("h3", "Last upload"), node("strong", run.told, role="status")
    bad = f"⚠ {counted(len(run.bad_lines), 'line')} of {run.status_file.name} can't be read."
    return node("div", node("div", *head, css="tj-step-head"), *([node("p", bad)] if run.bad_lines else []))


def _frame(run: RecordedRun) -> pd.DataFrame:
    rows = [
        (in_words(one), one.name, one.creative_id, one.message, one.creative_type.words)
        for one in run.what_matters_first
    ]
    return pd.DataFrame(rows, columns=["outcome", "file", "Creative ID", "reason", "type"], dtype="str")
