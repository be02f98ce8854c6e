"""What the library holds, and how it came there, as altair charts of at most 5,000 rows; the title is what they say."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.ages import UNKNOWN_AGE
from tjtools.analysis.charts import BLUE, COLOURS, INK, MOST, named, titled
from tjtools.analysis.copies import cost_of
from tjtools.analysis.frame import NOT_KNOWN, SECTIONS
from tjtools.analysis.quickaltair import alt
from tjtools.analysis.runs import REAL, dry

ROWS = 4_800  # of the uploads: 80 years of months in all sections
RUNS = 15
_WIDTH = 560
_OF_SECTION = dict(
    zip((*SECTIONS, NOT_KNOWN), ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#999999"), strict=True)
)
_OF_OUTCOME = {
    "success": ("✓ success", COLOURS["approved"]),
    "duplicate": ("= duplicate", "#56B4E9"),
    "unknown_id": ("? unknown ID", COLOURS["pending"]),
    "failed": ("✗ failed", COLOURS["rejected"]),
}
_OF_AGE = {"by its upload date": BLUE, "at least: first seen then": COLOURS["pending"], "unknown": COLOURS["unknown"]}
_OF_NAME = {"complete": COLOURS["approved"], "with gaps": COLOURS["pending"], "none": COLOURS["unknown"]}


def uploads_chart(table: pd.DataFrame, every: str, title: str) -> alt.TopLevelMixin:
    """Creatives added in every `week`, `month` or `year`, and all that were added until its end, stacked by section."""
    shown = table.tail(ROWS)
    shown = shown.assign(end=shown["period"] + _LENGTHS[every], place=shown["section"].map(list(_OF_SECTION).index))
    sections = {one: colour for one, colour in _OF_SECTION.items() if (shown["section"] == one).any()}
    base = (
        alt.Chart(shown)
        .mark_bar(orient="vertical")
        .encode(
            x2="end:T",
            color=alt.Color("section:N", title="Section", scale=_scale(sections)),
            order="place:Q",
            tooltip=[alt.Tooltip("period:T", format=_FORMATS[every], title=every), "section", "added", "total"],
        )
        .properties(width=_WIDTH, height=130)
    )
    axis = alt.Axis(
        format=_FORMATS[every], labelOverlap=True, values=_mondays(shown) if every == "week" else alt.Undefined
    )
    added = base.encode(
        x=alt.X("period:T", title=_AXES[every], axis=axis),
        y=alt.Y("added:Q", title="Added", stack="zero", axis=alt.Axis(tickMinStep=1)),
    )
    if shown["period"].nunique() == 1:
        return named(added, title)
    total = base.encode(
        x=alt.X("period:T", title=None, axis=alt.Axis(labels=False, ticks=False)),
        y=alt.Y("total:Q", title="In all, of known day", stack="zero", axis=alt.Axis(tickMinStep=1)),
    )
    return named(alt.vconcat(total, added, spacing=8), title)


def _mondays(table: pd.DataFrame) -> list[alt.DateTime]:
    """Some of the weeks' first days: an axis left to itself marks Sundays."""
    days = table["period"].drop_duplicates()
    return [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in days[:: 1 + len(days) // 8]]


_FORMATS = {"week": "%d %b %Y", "month": "%b %Y", "year": "%Y"}
_AXES = {"week": "Week, by its Monday", "month": "Month", "year": "Year"}
_LENGTHS = {"week": pd.DateOffset(days=7), "month": pd.DateOffset(months=1), "year": pd.DateOffset(years=1)}


def ages_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Creatives by age; those that may be older are told apart."""
    unknown = table["age"] == UNKNOWN_AGE
    known = table["creatives"] - table["at_least"]
    parts = [known.mask(unknown, 0), table["at_least"], table["creatives"].where(unknown, 0)]
    cells = pd.concat(
        [
            table[["age"]].assign(known=name, number=part, place=place)
            for place, (name, part) in enumerate(zip(_OF_AGE, parts, strict=True))
        ]
    )
    shown = {name: colour for name, colour in _OF_AGE.items() if cells.loc[cells["known"] == name, "number"].any()}
    y = alt.Y("age:N", sort=table["age"].tolist(), title="On the site for")
    bars = (
        alt.Chart(cells[cells["number"] > 0])
        .mark_bar()
        .encode(
            x=alt.X("number:Q", title="Creatives", axis=alt.Axis(tickMinStep=1)),
            y=y,
            color=alt.Color("known:N", title="Age", scale=_scale(shown)),
            order="place:Q",
            tooltip=["age", "known", "number"],
        )
    )
    return titled(bars + _numbers(table, "creatives", y), title, height=alt.Step(24))


def runs_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """What the last runs handed over, by outcome."""
    real = table[~dry(table)]
    which = f" (the last {RUNS} runs)" if real["run"].nunique() > RUNS else ""
    last = real[real["run"].isin(real["run"].drop_duplicates().nlargest(RUNS))]
    batch = ("  batch " + last["batch"]).where(last["batch"] != "", "")
    runs = last.assign(run=last["run"].dt.strftime("%Y-%m-%d %H:%M:%S") + batch)
    cells = runs.groupby("run", sort=False)[list(REAL)].sum().reset_index().melt("run", var_name="outcome")
    cells["place"] = cells["outcome"].map(list(_OF_OUTCOME).index)
    cells["outcome"] = cells["outcome"].map({outcome: mark for outcome, (mark, _) in _OF_OUTCOME.items()})
    shown = {
        mark: colour for mark, colour in _OF_OUTCOME.values() if cells.loc[cells["outcome"] == mark, "value"].any()
    }
    y = alt.Y("run:N", sort=runs["run"].drop_duplicates().tolist(), title=None, axis=alt.Axis(labelLimit=260))
    bars = (
        alt.Chart(cells[cells["value"] > 0])
        .mark_bar()
        .encode(
            x=alt.X("value:Q", title=f"Files handed over{which}", axis=alt.Axis(tickMinStep=1)),
            y=y,
            color=alt.Color("outcome:N", title="Outcome", scale=_scale(shown)),
            order="place:Q",
            tooltip=["run", "outcome", alt.Tooltip("value", title="files")],
        )
    )
    return titled(bars, title, height=alt.Step(24))


def copies_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Reviews that were spent on copies, by why they are copies."""
    costs = cost_of(table).head(MOST)
    costs["told"] = [
        f"{reviews:,} for {number:,} cop{'y' if number == 1 else 'ies'}"
        for reviews, number in zip(costs["reviews"], costs["copies"], strict=True)
    ]
    y = alt.Y("why:N", sort=costs["why"].tolist(), title=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(costs).encode(x=alt.X("reviews:Q", title="Reviews of copies", axis=alt.Axis(tickMinStep=1)), y=y)
    bars = base.mark_bar(color=BLUE).encode(tooltip=["why", "groups", "copies", "reviews"])
    return titled(
        bars + base.mark_text(align="left", dx=4, color=INK).encode(text="told:N"), title, height=alt.Step(26)
    )


def names_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Names that break the convention by section, and for how many a name can be suggested."""
    kinds = list(_OF_NAME)
    suggested = pd.Series(kinds[0], index=table.index)
    suggested = suggested.mask(table["unknown"] != "", kinds[1]).mask(table["suggested"] == "", kinds[2])
    cells = table.assign(suggestion=suggested).groupby(["section", "suggestion"]).size().rename("names").reset_index()
    cells["place"] = cells["suggestion"].map(kinds.index)
    totals = cells.groupby("section")["names"].sum().sort_values(ascending=False).reset_index()
    shown = {kind: colour for kind, colour in _OF_NAME.items() if (cells["suggestion"] == kind).any()}
    y = alt.Y("section:N", sort=totals["section"].tolist(), title=None)
    bars = (
        alt.Chart(cells)
        .mark_bar()
        .encode(
            x=alt.X("names:Q", title="Names that break the convention", axis=alt.Axis(tickMinStep=1)),
            y=y,
            color=alt.Color("suggestion:N", title="Suggested name", scale=_scale(shown)),
            order="place:Q",
            tooltip=["section", "suggestion", "names"],
        )
    )
    return titled(bars + _numbers(totals, "names", y), title, height=alt.Step(26))


def _scale(colours: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(colours), range=list(colours.values()))


def _numbers(table: pd.DataFrame, column: str, y: alt.Y) -> alt.Chart:
    """The totals, at the ends of the bars."""
    text = alt.Text(f"{column}:Q", format=",")
    words: alt.Chart = alt.Chart(table).mark_text(align="left", dx=4, color=INK)
    return words.encode(x=f"{column}:Q", y=y, text=text)
