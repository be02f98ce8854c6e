"""The view of adding files: the way in; what a delivery becomes, what has to be said of it, and the one button."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ipywidgets as w
from anywidget import AnyWidget
from traitlets import Bool

from tjtools.model.creative import Medium
from tjtools.model.errors import TJToolsError
from tjtools.model.words import counted
from tjtools.prepare.besides import told_of
from tjtools.prepare.delivery import Delivered
from tjtools.prepare.incoming import Incoming, Offered
from tjtools.prepare.intake import Taken
from tjtools.prepare.mend import Offer
from tjtools.prepare.naming import NEEDED, TITLES, WORDS
from tjtools.prepare.remembered import Preparation
from tjtools.widgets.markup import Markup, Node, alert, folded, lines, node, note, script
from tjtools.widgets.mend import choosing, question
from tjtools.widgets.panel import State
from tjtools.widgets.prepare import DROPPED, Adding
from tjtools.widgets.review import Review
from tjtools.widgets.view import Table, button, column, follow, idle, row, task_view, ticked, tied, told

_ELSEWHERE = "JupyterLab was started in another folder than the workspace: tjtools lab starts it there."
_NOTHING = "There is no image or video in it."
_NARROW = {"language": "6em", **dict.fromkeys(WORDS, "7em")}
_FEW = 6  # files in a list that need not be folded
_LOSSES = {"crop": "to crop", "cut": "to cut", "still": "of which one picture is kept"}
_CHANGES = "delivery planned note"


class Drop(AnyWidget):
    """Takes files and folders, by drop or by choice; `whole` where the session is empty and there is nothing else."""

    _esm = script("drop.js")
    whole = Bool().tag(sync=True)

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._review, self._coming = review, dict[str, Incoming]()
        self.on_msg(self._hear)
        tied(review, "reviews", self, whole=lambda: review.is_empty)

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        view = str(told["view"])
        if told["what"] == "back":  # the person was in another window, such as a terminal
            self._review.notice()
        elif told["what"] == "offer":
            self.send({"view": view, **self._answer(view, told)})
        elif coming := self._coming.pop(view, None):
            if told["what"] == "sent":
                self._review.adding.take(coming)
            else:
                coming.discard()

    def _answer(self, view: str, told: dict[str, Any]) -> dict[str, Any]:
        """Where the files go, each by its place in the offer, or why they can't."""
        review, offered = self._review, [Offered(str(path), int(size)) for path, size in told["files"]]
        try:
            coming = Incoming.begin(review.workspace, offered, now=review.clock())
            to = coming.folder.relative_to(Path(told["root"]).expanduser().resolve()).as_posix()
        except TJToolsError as error:
            return {"problem": error.message}
        except ValueError:
            coming.discard()
            return {"problem": _ELSEWHERE}
        if not coming.files:
            others = f"{_NOTHING} {told_of(coming.passed_over)}".strip()
            return {"problem": "; ".join(f"{path.name}: {why}" for path, why in coming.left_out) or others}
        self._coming[view] = coming
        return {"to": to, "files": [[int(name.partition(".")[0]), name] for name in coming.files]}


def add_view(review: Review) -> w.Widget:
    """The way in; while a person is asked about a delivery, that; and what became of it."""
    adding = review.adding

    def shown() -> bool:
        """Looking again is told beside what asked for it; what asks for nothing is not told, unless it goes wrong."""
        ended = review.task.state in (State.FAILED, State.CANCELLED)
        mine = adding.at_work and review.task.state is not State.DONE
        return mine or (ended and review.compared is None and not review.mending.at_work)

    task = tied(review, "busy compared", column(task_view(review.task)), shown=shown)
    tied(review.task, "state", task, shown=shown)
    return column(
        tied(adding, "delivery", _way_in(review), shown=lambda: adding.delivery is None),
        tied(adding, "delivery", _bar(review), shown=lambda: adding.delivery),
        task,
        told(adding, "came taken_back cut_off", lambda: _became(adding)),
        tied(adding, "delivery", _asked(review), shown=lambda: adding.delivery),
    )


def _way_in(review: Review) -> w.Widget:
    """The place to drop files at, a folder by its path, and the way back."""
    adding = review.adding
    path = w.Text(
        placeholder="or the path of a folder",
        continuous_update=False,
        layout=w.Layout(width="22em"),
        tooltip="Path of a folder",
    )
    path.observe(lambda change: adding.look_into(change["new"]), "value")  # by Enter
    adding.observe(lambda change: path.set_trait("value", "") if change["new"] else None, "came")
    look = button("Look through it", lambda: adding.look_into(path.value))
    undo = tied(
        adding,
        "last",
        button("", adding.undo, icon="undo", title="What was made of them is removed; the delivery stays as it is"),
        description=lambda: _undoes(adding),
        shown=lambda: adding.last,
    )
    for one in (path, look, undo):
        idle(review, one)
    whole = row(Drop(review), path, look, undo)
    whole.add_class("tj-way-in")
    return whole


def _undoes(adding: Adding) -> str:
    if adding.last is None:
        return ""
    where = "" if adding.last.folder == DROPPED else f" of {Path(adding.last.folder).name}"
    return f"Undo: take {counted(_made_of(adding.last), 'file')}{where} back out"


def _made_of(one: Preparation) -> int:
    return sum(len(source.made) for source in one.sources)


def _bar(review: Review) -> w.Widget:
    """What was looked through, what comes of it, and the one button."""
    adding = review.adding
    add = tied(
        adding,
        _CHANGES,
        button("", adding.add, style="primary"),
        description=lambda: f"Add {counted(len(taken), 'file')}" if (taken := _taken(adding)) else "Add",
    )
    for model, names in ((adding, _CHANGES), (adding.form, "answers fields"), (review, "busy")):
        tied(model, names, add, disabled=lambda: review.busy or not adding.ready)
    close = idle(review, button("Not now", adding.close))
    words = Markup()
    for model, names in ((adding, _CHANGES), (adding.form, "answers fields")):
        follow(model, names, lambda: words.show(_standing(adding)))
    return column(row(words, row(close, add)), css="tj tj-bar")


def _taken(adding: Adding) -> tuple[Taken, ...]:
    return adding.planned.taken if adding.planned else ()


def _standing(adding: Adding) -> Node | None:
    """How many files are in it, and what of them waits for a person."""
    delivery = adding.delivery
    if delivery is None:
        return None
    left = (
        len(adding.not_sent)
        + len(delivery.left_out)
        - len(delivery.undecided)
        - (0 if adding.repeats else len(delivery.repeated))
    )
    counts = {
        "to decide": len(delivery.undecided),
        "there already": len(delivery.repeated),
        "prepared before": len(delivery.known),
        "can't go": left,
    }
    parts = [f"{number:,} {what}" for what, number in counts.items() if number]
    missing = adding.missing
    waits = [node("strong", f"{counted(missing, 'field')} to fill in")] if missing else []
    changed = [node("strong", adding.note)] if adding.note else []
    files = (adding.not_sent, delivery.found, delivery.unusable, delivery.known)
    texts = (counted(sum(map(len, files)), "file"), *parts)
    called = adding.called(delivery.folder)
    more: list[Node] = [f" · {one}" for one in texts]
    more += [part for one in (*waits, *changed) for part in (" · ", one)]
    return node("span", node("strong", called), *more, role="status")


def _asked(review: Review) -> w.Widget:
    """The important things first: repeats, what names don't tell, what would be lost; then what each file becomes."""
    adding = review.adding
    return column(
        _repeats(review),
        tied(adding, "delivery", _choices(review), shown=lambda: adding.delivery and adding.delivery.found),
        tied(adding.form, "fields", column(), fresh=lambda: _form(adding)),
        _losses(review),
        tied(adding, "planned", column(), fresh=lambda: _table(adding)),
        told(adding, "delivery planned", lambda: _others(adding)),
        css="tj-adding",
    )


def _repeats(review: Review) -> w.Widget:
    adding = review.adding
    also = idle(review, ticked(adding, "repeats"))

    def same() -> str:
        files = adding.delivery.repeated if adding.delivery else ()
        one = adding.called(files[0].path) if files else ""
        return f"the {len(files):,} of the same content" if len(files) > 1 else one

    tied(adding, "delivery", also, description=lambda: f"Add {same()} all the same", shown=same)
    words = told(adding, "delivery", lambda: _repeated(adding))
    framed = tied(adding, "delivery", column(words, also, css="tj-repeats"), shown=lambda: words.tree != [""])
    return column(framed, told(adding, "delivery", lambda: _alike(adding)))


def _repeated(adding: Adding) -> Node | None:
    """What has the content of a known creative, and stays out, and whatever repeats a rejected one."""
    found = [one for one in _repeating(adding) if one.same or _rejected(one)]
    count = f"⚠ {counted(len(found), 'file')} repeat{'s' if len(found) == 1 else ''} what is known"
    return node("div", *_some(count, _like(adding, found))) if found else None


def _alike(adding: Adding) -> Node | None:
    """What only looks like a known creative, and goes in."""
    found = [one for one in _repeating(adding) if not (one.same or _rejected(one))]
    count = f"≈ {counted(len(found), 'file')} look{'s' if len(found) == 1 else ''} like what is known"
    return folded(count, lines(_like(adding, found))) if found else None


def _repeating(adding: Adding) -> list[Delivered]:
    return [one for one in adding.delivery.found if one.repeats] if adding.delivery else []


def _rejected(one: Delivered) -> bool:
    return any(each.known.rejected_at is not None for each in one.repeats)


def _like(adding: Adding, found: Iterable[Delivered]) -> list[str]:
    return [f"{adding.called(one.path)}: {one.repeats[0].told}" for one in sorted(found, key=lambda one: not one.same)]


def _some(title: str, told: Iterable[str]) -> list[Node]:
    """A list, folded where it is long."""
    texts = [*told]
    return [folded(title, lines(texts))] if len(texts) > _FEW else [node("strong", title), lines(texts)]


def _form(adding: Adding) -> list[w.Widget]:
    """A line a folder: what is known of it is told, and the others are asked for, with the words that may be meant."""
    form = adding.form
    if not form.fields or adding.delivery is None:
        return []
    more = note("What you say of a folder is kept for its next delivery, in metadata_defaults.csv.")
    head = node("div", node("h3", "What the names don't tell"), more, css="tj-line")
    columns = [field for field in NEEDED if any(field in fields for fields in form.fields.values())]
    cells = [Markup(node("span", "Folder")), *(Markup(node("span", TITLES[field])) for field in columns)]
    for folder, fields in form.fields.items():
        cells.append(Markup(node("strong", adding.called(folder))))
        found = [one.fields for one in adding.delivery.found if one.path.parent == folder]
        for field in columns:
            known = " · ".join(sorted({one.get(field, "") for one in found} - {""}))
            control = _control(adding, folder, field) if field in fields else None
            cells.append(control or Markup(node("span", known, css="tj-note")))
    wide = f"minmax(6em, max-content) {' '.join(_NARROW.get(field, 'minmax(7em, 13em)') for field in columns)}"
    layout = w.Layout(grid_template_columns=wide, grid_gap="4px 12px", align_items="center")
    trouble = told(form, "answers", lambda: node("div", lines(form.wrong), role="alert") if form.wrong else None)
    return [Markup(head), column(w.GridBox(cells, layout=layout), trouble)]


def _control(adding: Adding, folder: Path, field: str) -> w.Widget:
    form, label = adding.form, f"{TITLES[field]} of {adding.called(folder)}"
    looks = {"layout": w.Layout(width="100%"), "tooltip": label}
    if field in WORDS:
        made = w.Dropdown(options=[("choose", ""), *((one, one) for one in WORDS[field])], **looks)
    else:
        hint, words = "like EN" if field == "language" else "", [*adding.words.get(field, ())]
        made = w.Combobox(options=words, placeholder=hint, continuous_update=False, **looks)
    made.observe(lambda change: form.answer(folder, field, change["new"]), "value")
    follow(form, "answers", lambda: made.set_trait("value", form.answers.get((folder, field), "")))
    return made


def _losses(review: Review) -> w.Widget:
    """What would lose something: as it is proposed, or one by one."""
    adding = review.adding
    files, following, close = choosing(review, adding, lambda offer: _lost(offer))
    every = tied(
        adding,
        "offers",
        button("", adding.agree_to_all, title="Pictures keep their centre, videos their start"),
        description=lambda: f"All {len(adding.questions):,} as proposed",
        shown=lambda: len(adding.questions) > 1,
    )
    idle(review, every)
    whole = column(
        told(adding, "offers", lambda: _to_decide(adding)),
        row(every, files, close, following),
        question(review, adding, lambda: "Take it so"),
    )
    return tied(adding, "offers", whole, shown=lambda: adding.offers)


def _lost(offer: Offer) -> str:
    return ", ".join(dict.fromkeys(one.what for one in offer.fit.losses))


def _to_decide(adding: Adding) -> Node:
    count = Counter(loss.what for path in adding.questions for loss in adding.offers[path].fit.losses)
    kinds = ", ".join(f"{number:,} {_LOSSES[what]}" for what, number in count.items())
    agreed = len(adding.offers) - len(adding.questions)
    parts: list[Node] = [node("strong", f"{len(adding.questions):,} to decide: {kinds}. ")] if count else []
    parts += [f"{counted(agreed, 'file')} as agreed, which can be changed."] if agreed else []
    return node("div", node("h3", "What would be lost"), node("p", *parts), css="tj-line")


def _choices(review: Review) -> w.Widget:
    """What is wished for all files at once."""
    adding = review.adding
    native = idle(review, ticked(adding, "native", "Native pairs: a short video and its still"))
    again = idle(review, ticked(adding, "again"))
    as_is = idle(review, ticked(adding, "as_is", "Keep names and files as they are"))

    def moving() -> bool:
        found = adding.delivery.found if adding.delivery else ()
        return adding.native or any(one.seen.facts.medium is Medium.MOVING for one in found)

    def known() -> int:
        return len(adding.delivery.known) if adding.delivery else 0

    tied(adding, "delivery", native, shown=lambda: moving() and not adding.as_is)
    tied(
        adding,
        "delivery",
        again,
        description=lambda: (
            "In place of what was prepared before" if adding.again else f"Also {known():,} prepared before"
        ),
        shown=lambda: known() or adding.again,
    )
    tied(adding, "delivery", as_is, shown=lambda: not adding.native)
    return row(native, as_is, again)


def _table(adding: Adding) -> list[w.Widget]:
    if not (adding.planned and adding.planned.taken):
        return []
    return [Markup(node("h3", "What they become")), Table(adding.frame(), what="files")]


def _others(adding: Adding) -> Node | None:
    """What stays out, with the reason, and what of the defaults can't be used."""
    if adding.delivery is None:
        return None
    known, bad, name = adding.delivery.known, adding.delivery.defaults.bad, adding.delivery.defaults.path.name
    waiting = {one.path for one in (*adding.delivery.undecided, *adding.delivery.repeated)}
    planned = adding.planned.left_out if adding.planned else ()
    left = [*adding.not_sent, *(one for one in planned if one[0] not in waiting)]
    parts = (
        [alert(*_some("Lines that can't be used", (f"{name}:{one.line}: {one.reason}" for one in bad)))] if bad else []
    )
    for title, files in (("can't go", left), ("prepared before", [one[:2] for one in known])):
        if files:
            told = (f"{adding.called(path)}: {why}" for path, why in files)
            parts.append(node("div", *_some(f"{counted(len(files), 'file')} {title}", told)))
    if others := told_of(adding.passed_over):
        parts.append(note(f"{others}."))
    if not (adding.delivery.found or left or known):
        parts.append(node("p", f"There is no image or video in {adding.called(adding.delivery.folder)}."))
    return node("div", *parts) if parts else None


def _became(adding: Adding) -> Node | None:
    cut_off = counted(adding.cut_off, "transfer")
    parts = [node("p", f"⚠ {cut_off} was cut off before; nothing of it is used.")] if adding.cut_off else []
    if adding.came:
        taken, left_out, passed_over = adding.came
        parts.append(node("p", f"{'✓' if taken else '✗'} {counted(len(taken), 'file')} added.", role="status"))
        if left_out:
            texts = [f"{path.as_posix()}: {why}" for path, why in left_out]
            title = f"{counted(len(left_out), 'file')} left out"
            parts.append(folded(title, lines(texts), open=int(len(left_out) <= _FEW)))
        if others := told_of(passed_over):
            parts.append(note(f"{others}."))
    if adding.taken_back:
        many, back = counted(_made_of(adding.taken_back.last), "file"), adding.taken_back.told
        parts.append(node("p", f"✓ {many} taken back out{back}.", role="status"))
    return node("div", *parts) if parts else None
