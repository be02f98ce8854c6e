"""What neither names nor folders of a delivery tell: a form with a line a folder, and what a person wrote into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import ipywidgets as w
from traitlets import Any, HasTraits

from tjtools.prepare.naming import NEEDED, OF_ONE_FOLDER, TITLES, WORDS, checked
from tjtools.widgets.markup import Markup, lines, node
from tjtools.widgets.view import column, follow, told

_NARROW = {"language": "6em", **dict.fromkeys(WORDS, "7em")}


class Form(HasTraits):
    """`fields` are those that each folder lacks, `answers` what was written into them, by folder and field."""

    fields = Any({})
    answers = Any({})

    def __init__(self) -> None:
        super().__init__()
        self._own = set[tuple[Path, str]]()

    def clear(self) -> None:
        """Forget it all."""
        self._own.clear()
        with self.hold_trait_notifications():
            self.fields, self.answers = {}, {}

    def ask(self, fields: Mapping[Path, tuple[str, ...]]) -> None:
        """Ask for these; what was said of one folder goes for those that come anew."""
        with self.hold_trait_notifications():
            self.fields = fields
            same = {field: text for (_, field), text in self.answers.items() if field != OF_ONE_FOLDER}
            new = {(one, field): same[field] for one, told in fields.items() for field in told if field in same}
            self.answers = new | self.answers

    def answer(self, folder: Path, field: str, text: str) -> None:
        """What a person wrote; it goes for the other folders, too, into which they have written nothing themselves."""
        told = text.strip() if not text.strip() or _wrong(field, text) else checked(field, text)
        if self.answers.get((folder, field), "") == told:
            return
        self._own.add((folder, field))
        others = [(one, field) for one, fields in self.fields.items() if field in fields]
        same = [] if field == OF_ONE_FOLDER or _wrong(field, told) else [one for one in others if one not in self._own]
        self.answers = {**self.answers, **dict.fromkeys([(folder, field), *same], told)}

    @property
    def told(self) -> dict[Path, dict[str, str]]:
        """What was said of each folder, as far as it can be meant."""
        said = {
            folder: {name: self.answers.get((folder, name), "") for name in told}
            for folder, told in self.fields.items()
        }
        return {
            folder: {name: text for name, text in one.items() if text and not _wrong(name, text)}
            for folder, one in said.items()
        }

    @property
    def wrong(self) -> tuple[str, ...]:
        """What can't be meant, in words."""
        texts = ((field, text) for (_, field), text in self.answers.items() if text)
        return tuple(dict.fromkeys(why for field, text in texts if (why := _wrong(field, text))))


def _wrong(field: str, text: str) -> str:
    try:
        checked(field, text)
    except ValueError as error:
        return str(error)
    return ""


def form_view(
    form: Form, names: Callable[[Path], str], known: Callable[[Path, str], str], words: Mapping[str, Iterable[str]]
) -> w.Widget:
    """A line a folder, called by `names`; what is `known` of it is told, and `words` are offered for the others."""
    columns = [field for field in NEEDED if any(field in fields for fields in form.fields.values())]
    cells = [Markup(node("span", "Folder")), *(Markup(node("span", TITLES[field])) for field in columns)]
    for folder, fields in form.fields.items():
        cells.append(Markup(node("strong", names(folder))))
        for field in columns:
            label = f"{TITLES[field]} of {names(folder)}"
            control = _control(form, folder, field, label, words) if field in fields else None
            cells.append(control or Markup(node("span", known(folder, field), css="tj-note")))
    wide = f"minmax(8em, max-content) {' '.join(_NARROW.get(field, 'minmax(7em, 13em)') for field in columns)}"
    layout = w.Layout(grid_template_columns=wide, grid_gap="4px 12px", align_items="center")
    trouble = told(form, "answers", lambda: node("div", lines(form.wrong), role="alert") if form.wrong else None)
    return column(w.GridBox(cells, layout=layout), trouble)


def _control(form: Form, folder: Path, field: str, label: str, words: Mapping[str, Iterable[str]]) -> w.Widget:
    layout = w.Layout(width="100%")
    if field in WORDS:
        made = w.Dropdown(options=[("choose", ""), *((one, one) for one in WORDS[field])], layout=layout, tooltip=label)
    else:
        hint = "like EN" if field == "language" else ""
        made = w.Combobox(
            options=[*words.get(field, ())], placeholder=hint, continuous_update=False, layout=layout, tooltip=label
        )
    made.observe(lambda change: form.answer(folder, field, change["new"]), "value")
    follow(form, "answers", lambda: made.set_trait("value", form.answers.get((folder, field), "")))
    return made
