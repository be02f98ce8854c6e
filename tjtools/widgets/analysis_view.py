"""The views of the analysis: the look-up, exhibits to unfold, and the worklist of the review's outcomes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import ipywidgets as w
import pandas as pd

from tjtools.analysis.exhibits import KEPT, Shown
from tjtools.analysis.frame import DIMENSIONS, SECTIONS, readable
from tjtools.analysis.reviews import DECIDED
from tjtools.analysis.worklist import FIGURES
from tjtools.model.words import counted
from tjtools.widgets.analysis import PAGE, Analysis, LibraryAnalysis, LookUp, Pane, ReviewOutcomes
from tjtools.widgets.markup import Markup, Node, Saved, call_node, folded, lines, node, note, picture
from tjtools.widgets.view import (
    Table,
    button,
    call_view,
    choice,
    column,
    error_view,
    follow,
    linked,
    pager,
    row,
    ticked,
    tied,
    told,
    unfolding,
    until_done,
    way_on,
)

NARROW = w.Layout(width="13em")
ACROSS = {name: DIMENSIONS[name] for name in ("section", "language")}
BY = {name: label for name, label in DIMENSIONS.items() if name != "review_status"}
_NONE = -1


def exhibit_view(pane: Pane, *asked: w.Widget, opened: bool = False) -> w.Widget:
    """What an exhibit asks over what it found; chart, table and the rest to unfold. `asked` are controls of its own."""
    heading = unfolding(pane.exhibit.heading, lambda: _inside(pane, *asked), opened=opened)
    finding = told(pane, "shown", lambda: node("p", pane.shown.finding, css="tj-finding"))
    whole = column(heading, finding, heading.room, css="tj-exhibit")
    return tied(pane, "shown", whole, shown=lambda: heading.value or len(pane.shown.frame))


def _inside(pane: Pane, *asked: w.Widget) -> w.Widget:
    exhibit = pane.exhibit

    def places() -> list[tuple[str, int]]:
        return [(text, place) for place, text in enumerate(("choose a row", *pane.shown.rows), _NONE)]

    unfold = w.ToggleButton(description="Table", icon="table", layout=w.Layout(width="auto"))
    of = w.Dropdown(layout=w.Layout(width="16em"))  # the row of the table of which the rows behind are shown
    tied(pane, "shown", of, options=places, value=lambda: _NONE)
    picture = Saved("Save PNG", f"{exhibit.name}.png", lambda: pane.shown.png)
    tools = row(
        unfold,
        told(pane, "shown", lambda: node("copy", pane.shown.copied) if pane.shown.copied else None),
        Saved("Save CSV", f"{exhibit.name}.csv", lambda: pane.shown.csv),
        tied(pane, "shown", picture, shown=lambda: pane.shown.draw),
        tied(pane, "shown", row(Markup("The rows behind"), of), shown=lambda: pane.shown.rows),
        told(pane, "shown", lambda: call_node(pane.shown.code)),
    )

    def table() -> tuple[Table, ...]:
        return (Table(readable(pane.shown.frame), what=exhibit.what),) if unfold.value else ()

    return column(
        *asked,
        tied(pane, "shown", w.VBox(), fresh=lambda: _chart(pane.shown)),
        *([Markup(note(exhibit.explained))] if exhibit.explained else []),
        tied(pane, "shown", tools, shown=lambda: len(pane.shown.frame)),
        tied(unfold, "value", tied(pane, "shown", w.VBox(), fresh=table), fresh=table),
        tied(of, "value", w.VBox(), fresh=lambda: _behind(pane.shown, of.value)),
    )


def _chart(shown: Shown) -> tuple[w.Widget, ...]:
    if shown.draw is None:
        return ()
    from tjtools.analysis.charts import bundle, embedded

    data = bundle(shown.draw(""), shown.finding)
    output = {"output_type": "display_data", "data": data, "metadata": embedded()}
    return (w.Output(outputs=(output,), _dom_classes=("tj-chart",)),)


def _behind(shown: Shown, place: int) -> tuple[Table, ...]:
    return (Table(readable(shown.behind(place))),) if shown.behind and place != _NONE else ()


def _nothing(panes: list[Pane]) -> w.Widget:
    """One line for all the exhibits that have nothing to show, with why to unfold."""

    def said() -> Node | None:
        bare = [one for one in panes if not len(one.shown.frame)]
        titles = " · ".join(one.exhibit.heading for one in bare)
        return folded(f"Nothing to show: {titles}", lines(one.shown.finding for one in bare)) if bare else None

    text = Markup()
    for pane in panes:
        follow(pane, "shown", lambda: text.show(said()))
    return text


def _missing(panel: Analysis) -> w.Widget:
    """What has to be there first, and the way to it; no room where there is something to show."""
    words = told(panel, "files", lambda: node("p", panel.files.missing, css="tj-finding"))
    there = column(words, row(way_on(panel, "sync", "Go to Sync", style="primary")))
    return tied(panel, "files", there, shown=lambda: panel.files.missing)


def _notes(panel: Analysis) -> Markup:
    return told(panel, "files", lambda: note(" · ".join(panel.notes)))


def filter_view(panel: Analysis, *days: w.Widget) -> w.Widget:
    """Section and days to keep, and what is left out; `days` stands before the days and says which they are."""
    sections = [("All sections", ""), *((one, one) for one in SECTIONS)]

    def every_day() -> None:
        panel.since = panel.until = None

    return column(
        row(
            Markup("Keep"),
            choice(panel, "section", lambda: sections, layout=NARROW),
            *days,
            linked(panel, "since", w.DatePicker(layout=NARROW)),
            Markup("to"),
            linked(panel, "until", w.DatePicker(layout=NARROW)),
            button("All days", every_day),
        ),
        told(panel, " ".join(KEPT), lambda: note(panel.left_out, role="status") if panel.left_out else None),
    )


def dimension_view(panel: Analysis, words: str, trait: str, options: dict[str, str]) -> w.Widget:
    """A list of values, each with its label, for a trait of the panel."""
    labels = [(label, one) for one, label in options.items()]
    return row(Markup(words), choice(panel, trait, lambda: labels, layout=NARROW))


def library_view(panel: LibraryAnalysis) -> w.Widget:
    """The filter, and the exhibits one below the other, each with what it is asked for."""
    by = dimension_view(panel, "Count by", "by", DIMENSIONS)
    asked = {"inventory": [by], "gaps": [dimension_view(panel, "Category by", "across", ACROSS)]}
    undated = ticked(panel, "undated", "also those of unknown day")
    tied(panel, "since until", undated, shown=lambda: not panel.asked.every_day)
    panes = panel.open(panel.panes)
    exhibits = column(
        _notes(panel),
        row(filter_view(panel, Markup("added from")), undated),
        *(exhibit_view(one, *asked.get(one.exhibit.name, ()), opened=one is panes[0]) for one in panes),
        _nothing(panes),
    )
    shown = tied(panel, "files", exhibits, shown=lambda: not panel.files.missing)
    return column(_missing(panel), error_view(panel), until_done(panel.task), shown)


def lookup_view(panel: LookUp) -> w.Widget:
    """A small field and its button; below, the answers, to copy or to save."""
    field = w.Textarea(
        placeholder="Names, parts of names or Creative IDs, one a line", rows=3, layout=w.Layout(width="36em")
    )
    ask = button("Look up", panel.ask, style="primary" if len(panel.library) else "", icon="search")

    def copies() -> Node:
        ids = counted(len(panel.ids.split()), "Creative ID")
        alone = (node("span", f"{ids}: "), node("copy", panel.ids)) if panel.ids else ()
        return node("div", *alone, node("span", " All: "), node("copy", panel.answers.copied))

    def history() -> list[w.Widget]:
        heading = unfolding("What was done to them, when and by whom", partial(history_view, panel))
        return [heading, heading.room] if panel.ids else []

    answers = column(
        told(panel, "answers", lambda: node("p", panel.answers.finding, css="tj-finding")),
        tied(panel, "answers", w.VBox(), fresh=lambda: [Table(_told(panel), what="answers")]),
        row(told(panel, "answers", copies), Saved("Save CSV", "look_up.csv", lambda: panel.answers.csv)),
        tied(panel, "answers", w.VBox(), fresh=history),
    )
    shown = tied(panel, "answers", answers, shown=lambda: len(panel.answers.frame))
    return column(row(linked(panel, "text", field), ask), error_view(panel), shown, call_view(panel))


def history_view(panel: LookUp) -> w.Widget:
    """What was done to what is there, the oldest first; and what is missing of it, where the team can't be asked."""
    found, zone = panel.trail, panel.clock().tzinfo
    rows = [(f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}", one.creative_id, one.what, one.who) for one in found.deeds]
    frame = pd.DataFrame(rows, columns=["when", "creative_id", "what", "who"])
    return column(Markup(note(found.missing)), Table(readable(frame.loc[:, (frame != "").any()]), what="entries"))


def _told(panel: LookUp) -> Any:
    """The answers, with what is known of any of them, and what matters first."""
    frame = panel.answers.frame
    first = ["asked", "answer", "creative_id", "review_status"]
    frame = frame[[*first, *frame.columns.difference(first, sort=False)]]
    frame = frame.assign(creative_type=frame["creative_type"].str.replace("_", " "))
    return readable(frame.loc[:, (frame != "").any()])


def outcomes_view(panel: ReviewOutcomes) -> w.Widget:
    """The worklist; how the reviews went is reckoned when a person unfolds it."""
    kind = linked(panel, "day", w.Dropdown(options=["uploaded", "decided"], layout=w.Layout(width="8em")))
    rates = dimension_view(panel, "Rates by", "by", BY)
    asked = {"approval_rates": [rates], "pending": [_ahead(panel)]}

    def statistics() -> w.Widget:
        panes = panel.open([one for one in panel.panes if one != "changes"])
        exhibits = (exhibit_view(one, *asked.get(one.exhibit.name, ())) for one in panes)
        return column(_notes(panel), filter_view(panel, kind, Markup("from")), *exhibits, _nothing(panes))

    how = unfolding("How sure? Rates, times and what rejected ones share", statistics)
    shown = column(_seen(panel), _worklist(panel), how, how.room)
    tied(panel, "files", shown, shown=lambda: not panel.files.missing)
    return column(_missing(panel), error_view(panel), until_done(panel.task), shown)


def _seen(panel: ReviewOutcomes) -> w.Widget:
    """Since when changes are listed, and the word that they were seen."""

    def since() -> date:
        return (panel.last_looked or panel.files.last_looked).astimezone().date()

    def choose(change: dict[str, Any]) -> None:
        if change["new"] not in (None, since()):
            panel.last_looked = datetime.combine(change["new"], time.min).astimezone()

    def said() -> Node:
        seen, zone = panel.files.seen, panel.clock().tzinfo
        told = f"Since you last looked, {seen.until.astimezone(zone):%d %B %Y, %H:%M}" if seen else "The last 7 days"
        return note(f"{told}; or since")

    day = tied(panel, "last_looked files", w.DatePicker(layout=NARROW), value=since)
    seen = button("I have seen this", panel.have_seen, icon="check", style="primary")
    day.observe(choose, "value")
    tied(panel, "figures last_looked", seen, shown=lambda: len(panel["changes"].frame))
    return row(told(panel, "last_looked files", said), day, seen)


def _worklist(panel: ReviewOutcomes) -> w.Widget:
    """Five figures; the creatives of the one that is pressed are listed below, with their pictures."""
    changes = "figures listed page"
    saved = Saved("Save CSV", "worklist.csv", lambda: Shown(panel.figures[panel.listed]).csv)
    tied(panel, changes, saved, shown=lambda: len(panel.on_page))

    def said() -> Node:
        first, few, all_of_them = (panel.page - 1) * PAGE, len(panel.on_page), len(panel.figures[panel.listed])
        which, what = f"{all_of_them:,}", FIGURES[panel.listed][2:]
        if panel.pages > 1:
            which = f"{first + 1:,} to {first + few:,} of {which}"
        none = f"No creative {'was' if panel.listed in DECIDED else 'is'} {what}."
        return node("span", f"{which} {what}" if few else none, role="status", css="tj-count")

    def creatives() -> Node:
        return node("div", *(_creative(panel, *one) for one in panel.on_page.itertuples(index=False)))

    return column(
        row(*(_figure(panel, kind) for kind in FIGURES)),
        row(told(panel, changes, said), *pager(panel, changes), saved),
        told(panel, changes, creatives),
    )


def _figure(panel: ReviewOutcomes, kind: str) -> w.Widget:
    made = button("", partial(panel.choose, kind), title=f"List those that are {FIGURES[kind][2:]}")

    def classes() -> tuple[str, ...]:
        nothing = ("tj-nothing",) * (not len(panel.figures[kind]))
        return ("tj-figure", *nothing, *("tj-pressed",) * (panel.listed == kind))

    def words() -> str:
        return f"{len(panel.figures[kind]):,}\n{FIGURES[kind]}"

    return tied(panel, "figures listed", made, description=words, _dom_classes=classes)


def _creative(panel: ReviewOutcomes, creative_id: str, name: str, section: str, when: str) -> Node:
    shown = picture(panel.evidence.picture(creative_id), css="tj-small")
    repeats = [node("div", f"≈ {one}") for one in panel.evidence.repeats(creative_id)[:2]]
    facts = node("div", "ID ", node("code", creative_id), " ", node("copy", creative_id), f" · {section} · {when}")
    return node("div", shown, node("div", node("strong", name), facts, *repeats), css="tj-creative")


def _ahead(panel: ReviewOutcomes) -> w.Widget:
    def choose(change: dict[str, Any]) -> None:
        if change["new"]:
            panel.within = min(max(1, (change["new"] - panel.clock().date()).days), 365)

    days = linked(panel, "within", w.BoundedIntText(min=1, max=365, layout=w.Layout(width="6em")))
    day = w.DatePicker(layout=NARROW)
    tied(panel, "within", day, value=lambda: panel.clock().date() + timedelta(days=panel.within))
    day.observe(choose, "value")
    return row(Markup("Decided within"), days, Markup("days, by"), day)
