"""The tables as altair charts, of at most 5,000 rows each; the title is what they say.

The colours (Okabe and Ito's) can be told apart without red and green, and are named in the legend.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from tjtools.analysis.contents import LOOKS_SAME, NEEDY, REAL, SAME_CONTENT, UNKNOWN_AGE, cost_of, dry, inventory
from tjtools.analysis.frame import SECTIONS, STANDING
from tjtools.analysis.rates import LOOKED_AT, Comparison, comparison_table
from tjtools.analysis.reviews import KINDS, NOT_KNOWN, change_counts
from tjtools.analysis.times import Review, curve_table

# altair checks charts with jsonschema, which on its import takes seconds to make 38 grammars for a format that no
# chart has, if it finds `rfc3987_syntax`, as where JupyterLab is installed: it is told that this is not there
_hidden = "rfc3987_syntax" not in sys.modules
if _hidden:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
try:
    import altair as alt
finally:
    if _hidden:
        del sys.modules["rfc3987_syntax"]

MOST = 20  # values in a chart; all are in its table
ROWS = 4_800  # of the uploads: 80 years of months in all sections
RUNS = 15
MIME = (
    "application/vnd.vegalite.v5+json"  # JupyterLab draws Vega-Lite 5 itself; altair's 6 says the same for our charts
)
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
GREEN, ORANGE, RED, GREY, BLUE, SKY = "#009E73", "#E69F00", "#D55E00", "#999999", "#3F8FC4", "#56B4E9"
INK, DARK = "#787878", "#10293A"  # INK can be read on JupyterLab's light and dark backgrounds
SLOW = "longer than 95 % of its section took"
_WIDTH = 560
_STATUS = {"approved": "✓ approved", "pending": "… pending", "rejected": "✗ rejected", "unknown": "? unknown"}
_OF_STATUS = dict(zip(_STATUS.values(), (GREEN, ORANGE, RED, GREY), strict=True))
_SECTION_COLOURS = ("#0072B2", ORANGE, GREEN, "#CC79A7", SKY, GREY)
_OF_SECTION = dict(zip((*SECTIONS, NOT_KNOWN), _SECTION_COLOURS, strict=True))
_OUTCOMES = dict(zip(REAL, ("✓ success", "= duplicate", "✗ failed", "? unknown ID"), strict=True))
_OF_OUTCOME = dict(zip(_OUTCOMES.values(), (GREEN, SKY, RED, ORANGE), strict=True))
_OF_AGE = {"by its upload date": BLUE, "at least: first seen then": ORANGE, "unknown": GREY}
_OF_PAIR = {"needs something": ORANGE, "in order": BLUE}
_OF_CHANGE = dict.fromkeys(KINDS, ORANGE) | {"approved": GREEN, "rejected": RED, "new": BLUE, "removed": INK}
_OF_REPEAT = {SAME_CONTENT: RED, LOOKS_SAME: BLUE}
_OF_WAIT = {"this age": ORANGE, "at least this age": BLUE, SLOW: RED}


def bundle(chart: alt.TopLevelMixin, words: str) -> dict[str, Any]:
    """The chart as what JupyterLab draws without the internet, and in `words`, for who can't see it."""
    spec = chart.to_dict()
    spec |= {"$schema": SCHEMA, "background": "transparent", "description": words}
    look = {"labelColor": INK, "titleColor": INK, "gridColor": f"{INK}44", "domainColor": INK, "tickColor": INK}
    config = {"axis": look, "legend": {**look, "orient": "top"}, "title": {"color": INK}}
    view = spec.get("config", {}).get("view", {}) | {"stroke": None}
    spec["config"] = config | spec.get("config", {}) | {"view": view}
    return {MIME: spec, "text/plain": words}


def titled(chart: alt.TopLevelMixin, title: str) -> alt.TopLevelMixin:
    """With the finding above it, broken into lines where it is long; without, where it stands elsewhere."""
    words = alt.TitleParams(wrap(title, 88), anchor="start", fontSize=14, offset=10)
    told: alt.TopLevelMixin = chart.properties(title=words) if title else chart
    return told


def _whole(name: str, title: str | None, **more: Any) -> alt.X:
    """An axis that counts."""
    return alt.X(f"{name}:Q", title=title, axis=alt.Axis(tickMinStep=1), **more)


def _colour(name: str, colours: Mapping[str, str], shown: pd.Series, legend: str | None = "") -> alt.Color:
    """The colours of those kinds that there are, in their order; the legend has this title, or is none for None."""
    kept = {kind: colour for kind, colour in colours.items() if (shown == kind).any()}
    scale = alt.Scale(domain=list(kept), range=list(kept.values()))
    return alt.Color(f"{name}:N", scale=scale, legend=None if legend is None else alt.Legend(title=legend or None))


def _bars(
    cells: pd.DataFrame, colours: Mapping[str, str], counts: str, *, legend: str | None = None, **of_y: Any
) -> alt.LayerChart:
    """Stacked bars with their sums at the ends: `cells` names first the bar, then the kind in it, then the number.

    `legend` is its title, and None where there is none: the axis says what the bars are.
    """
    by, kind, number = cells.columns
    totals = cells.groupby(by, sort=False)[number].sum().reset_index()
    cells = cells[cells[number] > 0]
    cells = cells.assign(place=cells[kind].map({one: place for place, one in enumerate(colours)}))
    y = alt.Y(f"{by}:N", **({"title": None, "sort": totals[by].tolist()} | of_y))
    base = alt.Chart(cells).mark_bar().encode(x=_whole(number, counts, stack="zero"), y=y)
    bars = base.encode(
        color=_colour(kind, colours, cells[kind], legend), order="place:Q", tooltip=[by, kind, alt.Tooltip(number)]
    )
    text = alt.Text(f"{number}:Q", format=",")
    sums = alt.Chart(totals).mark_text(align="left", dx=4, color=INK).encode(x=f"{number}:Q", y=y, text=text)
    drawn: alt.LayerChart = (bars + sums).properties(width=_WIDTH, height=alt.Step(24))
    return drawn


def inventory_chart(table: pd.DataFrame, by: str, title: str) -> alt.TopLevelMixin:
    """Creatives by a dimension, stacked by review status."""
    top = table.head(MOST)
    cells = top[[by, *STANDING]].melt(by, var_name="status", value_name="creatives")
    cells["status"] = cells["status"].map(_STATUS)
    return titled(_bars(cells, _OF_STATUS, "Creatives", legend="Review", sort=top[by].tolist()), title)


def odd_names_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Names that break the convention, by section."""
    counts = inventory(table, "section")
    cells = counts[["section"]].assign(kind="names", names=counts["creatives"])
    return titled(_bars(cells, {"names": BLUE}, "Names that break the convention"), title)


def ages_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Creatives by age; those that may be older are told apart."""
    unknown = table["age"] == UNKNOWN_AGE
    known = (table["creatives"] - table["at_least"]).mask(unknown, 0)
    parts = zip(_OF_AGE, (known, table["at_least"], table["creatives"].where(unknown, 0)), strict=True)
    cells = pd.concat([table[["age"]].assign(known=name, creatives=part) for name, part in parts])
    drawn = _bars(cells, _OF_AGE, "Creatives", legend="Age", sort=table["age"].tolist(), title="On the site for")
    return titled(drawn, title)


def pairs_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Native pairs by their state, what needs something first."""
    cells = table["state"].value_counts().rename("pairs").reset_index()
    in_order = cells["state"].isin(("live", "in review"))
    cells.insert(1, "kind", in_order.map({True: "in order", False: "needs something"}))
    return titled(_bars(cells, _OF_PAIR, "Native pairs", legend="", sort=list(NEEDY)), title)


def runs_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """What the last runs handed over, by outcome."""
    real = table[~dry(table)]
    which = f" (the last {RUNS} runs)" if real["run"].nunique() > RUNS else ""
    last = real[real["run"].isin(real["run"].drop_duplicates().nlargest(RUNS))]
    batch = ("  batch " + last["batch"]).where(last["batch"] != "", "")
    runs = last.assign(run=last["run"].dt.strftime("%Y-%m-%d %H:%M:%S") + batch)
    cells = runs.groupby("run", sort=False)[list(REAL)].sum().reset_index().melt("run", var_name="outcome")
    cells["outcome"] = cells["outcome"].map(_OUTCOMES)
    of_y = {"sort": runs["run"].drop_duplicates().tolist(), "axis": alt.Axis(labelLimit=260)}
    drawn = _bars(
        cells.rename(columns={"value": "files"}), _OF_OUTCOME, f"Files handed over{which}", legend="Outcome", **of_y
    )
    return titled(drawn, title)


def copies_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Reviews that were spent on copies, by why they are copies."""
    costs = cost_of(table).head(MOST)
    cells = costs[["why"]].assign(kind="reviews", reviews=costs["reviews"])
    return titled(_bars(cells, {"reviews": BLUE}, "Reviews of copies", axis=alt.Axis(labelLimit=260)), title)


def changes_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """How many creatives changed in each way."""
    counts = change_counts(table)
    counts.insert(1, "kind", counts["change"])
    return titled(_bars(counts, _OF_CHANGE, "Creatives", sort=list(KINDS)), title)


def repeats_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """The session's files that repeat a rejected creative, by section and how they do; by their content, if both."""
    one_each = table.sort_values("how", key=lambda how: how.map([*_OF_REPEAT].index))
    one_each = one_each.drop_duplicates(["section", "filename"])
    cells = one_each.groupby(["section", "how"]).size().rename("files").reset_index()
    return titled(_bars(cells, _OF_REPEAT, "Files of the session", legend=""), title)


def gap_chart(table: pd.DataFrame, rows: str, columns: str, title: str) -> alt.TopLevelMixin:
    """How many are live for each pair of values; nothing is told by a ring and a word."""
    counts = table.assign(all=table[["live", "pending", "rejected", "unknown"]].sum(axis=1))
    kept, across = (counts.groupby(by)["all"].sum().nlargest(MOST).index.tolist() for by in (rows, columns))
    cells = table[table[rows].isin(kept) & table[columns].isin(across)].assign(
        told=lambda each: each["live"].map("{:,}".format).where(each["live"] > 0, "none")
    )
    labels = alt.Axis(labelAngle=0, orient="top", labelLimit=140)
    x = alt.X(f"{columns}:N", title=None, sort=list(SECTIONS) if columns == "section" else across, axis=labels)
    y = alt.Y(f"{rows}:N", title=None, sort=kept)
    base = alt.Chart(cells).encode(x=x, y=y, tooltip=[rows, columns, "live", "pending", "rejected"])
    blues = alt.Scale(type="sqrt", range=["#DCEBF5", "#6FB1DC"])
    live = (
        base.transform_filter("datum.live > 0").mark_rect().encode(color=alt.Color("live:Q", legend=None, scale=blues))
    )
    gaps = base.transform_filter("datum.live == 0").mark_rect(fillOpacity=0, stroke=RED, strokeWidth=2)
    words = base.mark_text(fontWeight="bold").encode(
        text="told:N", color=alt.condition("datum.live == 0", alt.value(RED), alt.value(DARK))
    )
    return titled((live + gaps + words).properties(width=_WIDTH, height=alt.Step(26)), title)


_FORMATS = {"week": "%d %b %Y", "month": "%b %Y", "year": "%Y"}
_LENGTHS = {"week": pd.DateOffset(days=7), "month": pd.DateOffset(months=1), "year": pd.DateOffset(years=1)}
_AXES = {"week": "Week, by its Monday", "month": "Month", "year": "Year"}


def uploads_chart(table: pd.DataFrame, every: str, title: str) -> alt.TopLevelMixin:
    """Creatives added in every `week`, `month` or `year`, and all that were added until its end, stacked by section."""
    shown = table.tail(ROWS)
    shown = shown.assign(end=shown["period"] + _LENGTHS[every], place=shown["section"].map(list(_OF_SECTION).index))
    days = shown["period"].drop_duplicates()
    mondays = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in days[:: 1 + len(days) // 8]]
    axis = alt.Axis(  # an axis of weeks left to itself marks Sundays
        format=_FORMATS[every], labelOverlap=True, values=mondays if every == "week" else alt.Undefined
    )
    bare = alt.Axis(labels=False, ticks=False)
    base = alt.Chart(shown).mark_bar(orient="vertical").properties(width=_WIDTH, height=130)
    base = base.encode(
        x2="end:T",
        color=_colour("section", _OF_SECTION, shown["section"], "Section"),
        order="place:Q",
        tooltip=[alt.Tooltip("period:T", format=_FORMATS[every], title=every), "section", "added", "total"],
    )
    counts = alt.Axis(tickMinStep=1)
    added = base.encode(
        x=alt.X("period:T", title=_AXES[every], axis=axis), y=alt.Y("added:Q", title="Added", stack="zero", axis=counts)
    )
    total = base.encode(
        x=alt.X("period:T", title=None, axis=bare),
        y=alt.Y("total:Q", title="In all, of known day", stack="zero", axis=counts),
    )
    return titled(added if len(days) == 1 else alt.vconcat(total, added, spacing=8), title)


def _intervals(table: pd.DataFrame, by: str, axis: str, title: str, colour: str = BLUE) -> alt.TopLevelMixin:
    """Rates with their intervals, in the table's order, and in words what they rest on (`told`)."""
    share = alt.Scale(domain=[0, 1])
    numbers = [name for name in table if name not in (by, "told")]
    base = alt.Chart(table).encode(
        y=alt.Y(f"{by}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=[by, "told", *(alt.Tooltip(f"{name}:Q", format=".1%") for name in numbers)],
    )
    x = alt.X("low:Q", axis=alt.Axis(format="%", title=axis), scale=share)
    parts = [base.mark_rule(strokeWidth=5, color=colour, opacity=0.6).encode(x=x, x2="high:Q")]
    if "if_approved" in table:
        left_open = base.mark_rule(strokeWidth=1.5, strokeDash=[3, 2], color=INK)
        parts.append(left_open.encode(x=alt.X("if_rejected:Q", scale=share), x2="if_approved:Q"))
    if "rest_rate" in table:
        parts.append(base.mark_tick(thickness=2, size=16, color=INK).encode(x=alt.X("rest_rate:Q", scale=share)))
    point = base.mark_point(filled=True, size=70, color=colour, opacity=1).encode(x=alt.X("rate:Q", scale=share))
    count = base.mark_text(align="left", dx=6, color=INK).encode(x=alt.datum(1), text="told:N")
    return titled(alt.layer(*parts, point, count).properties(width=_WIDTH, height=alt.Step(24)), title)


_APPROVED, _REJECTED = (f"{word}, of the decided creatives (%)" for word in ("Approved", "Rejected"))


def rates_chart(table: pd.DataFrame, by: str, title: str) -> alt.TopLevelMixin:
    """Approval rates: a point, its interval as a thick line, and what the pending leave open as a thin one."""
    top = table[table["decided"] > 0].head(MOST).assign(told=lambda each: each["decided"].map("{:,} decided".format))
    return _intervals(top[[by, "told", "rate", "low", "high", "if_rejected", "if_approved"]], by, _APPROVED, title)


def comparison_chart(comparison: Comparison, title: str) -> alt.TopLevelMixin:
    """The two rates with their intervals."""
    table = comparison_table(comparison).head(2)
    table = table.assign(told=table["decided"].map("{:,} decided".format))
    return _intervals(table[["group", "told", "rate", "low", "high"]], "group", _APPROVED, title)


def rejections_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """How often each value is rejected, with its interval, beside how often all others are."""
    top = table.head(MOST)
    top = top.assign(
        named=[f"{LOOKED_AT[part]}: {value}" for part, value in zip(top["part"], top["value"], strict=True)],
        told=[f"{r:,} of {n:,}" for r, n in zip(top["rejected"], top["decided"], strict=True)],
    )
    numbers = ["rate", "low", "high", "rest_rate", "chance"]
    return _intervals(top[["named", "told", *numbers]], "named", _REJECTED, title, RED)


def time_chart(review: Review, title: str) -> alt.TopLevelMixin:
    """The share decided by each day, with what it could be by chance."""
    table = curve_table(review, 200).assign(days=lambda each: each["hours"] / 24)
    base = alt.Chart(table).encode(x=alt.X("days:Q", title="Days since the upload"))
    y = alt.Y("low:Q", axis=alt.Axis(format="%", title="Decided (%)"), scale={"domain": [0, 1]})
    band = base.mark_area(color=BLUE, opacity=0.25).encode(y=y, y2="high:Q")
    tooltip = [alt.Tooltip("days:Q", format=".1f"), alt.Tooltip("share:Q", format=".0%")]
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(y="share:Q", tooltip=tooltip)
    half = alt.Chart(pd.DataFrame({"share": [0.5]})).mark_rule(strokeDash=[3, 3], color=INK).encode(y="share:Q")
    return titled((band + half + line).properties(width=_WIDTH, height=220), title)


def waiting_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Pending creatives by age; those that wait unusually long, and those that may wait longer, are told apart."""
    aged = table[table["days"].notna()]
    width = max(1, int(np.ceil(aged["days"].max() / 30)))
    kind = aged["at_least"].map({True: "at least this age", False: "this age"}).mask(aged["slow"], SLOW)
    bins = pd.DataFrame({"days": (aged["days"] // width * width).astype(int), "known": kind})
    counts = bins.value_counts().rename("creatives").reset_index().assign(to=lambda each: each["days"] + width)
    from_zero = alt.Scale(domain=[0, int(bins["days"].max()) + width])
    x = _whole("days", "Waiting (days)", bin="binned", scale=from_zero)
    base = alt.Chart(counts).mark_bar().encode(x=x, x2="to:Q", tooltip=["days", "to", "known", "creatives"])
    y = alt.Y("creatives:Q", title="Creatives", axis=alt.Axis(tickMinStep=1))
    bars = base.encode(y=y, color=_colour("known", _OF_WAIT, counts["known"]))
    return titled(bars.properties(width=_WIDTH, height=180), title)
