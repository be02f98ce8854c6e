"""The tables as altair charts, of at most 5,000 rows each.

The colours (Okabe and Ito's) can be told apart without red and green, and are named in the legend.
"""

from __future__ import annotations

import json
import sys
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from tjtools.analysis.contents import LOOKS_SAME, OTHER_WORDS, REAL, SAME_CONTENT, UNKNOWN_AGE, cost_of, dry
from tjtools.analysis.estimates import LOOKED_AT, Review, curve_table
from tjtools.analysis.frame import SECTIONS, STANDING
from tjtools.analysis.reviews import KINDS, NOT_KNOWN

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
# JupyterLab draws Vega-Lite 5 itself; altair's 6 says the same for our charts
MIME, SCHEMA = "application/vnd.vegalite.v5+json", "https://vega.github.io/schema/vega-lite/v5.json"
GREEN, ORANGE, RED, GREY, BLUE, SKY = "#009E73", "#E69F00", "#D55E00", "#999999", "#3F8FC4", "#56B4E9"
INK = "#787878"  # it can be read on JupyterLab's light and dark backgrounds
SECTION_COLOURS = ("#4477AA", "#CC79A7", "#8C73C4", "#9A7B66", "#17A6C4")  # none that a status has
SLOW = "longer than 95 % of its section took"
_WIDTH = 860  # where nothing tells how wide the panel is, as on the report's page
_TEXT, _ROW = 13, 26  # pixels: as the panels' own text, and of a bar with its gap (a `Step` makes Vega-Lite 5.6 warn)
# Vega fits a chart into its width until what sticks out on the right, rounded up, stays the same: were that a whole
# number, the last bit of its reckoning would tip it for ever, and hang the page. So no band ends at the edge, either.
_AHEAD = 5.3  # pixels from a mark to its number
_BEYOND = 1.12  # of the longest bar: room for its number, which a narrow panel cuts where it sticks out
_NUMBERS = ("rate", "low", "high", "if_rejected", "if_approved", "rest_rate", "chance")  # of what has an interval
_MARKED = {"approved": "✓ approved", "pending": "… pending", "rejected": "✗ rejected", "unknown": "? unknown"}
_MARKED |= {"success": "✓ success", "duplicate": "= duplicate", "failed": "✗ failed", "unknown_id": "? unknown ID"}
_AGES = {"by its upload date": BLUE, "at least: first seen then": ORANGE, "unknown": GREY}
_COLOURS = (  # of the kinds in a bar, in their order
    dict(zip(_MARKED.values(), (GREEN, ORANGE, RED, GREY, GREEN, SKY, RED, ORANGE), strict=True))
    | dict(zip((*SECTIONS, NOT_KNOWN), (*SECTION_COLOURS, GREY), strict=True))
    | dict(zip(KINDS, (RED, GREEN, BLUE, INK, ORANGE, ORANGE), strict=True))
    | {**_AGES, "needs something": ORANGE, "in order": BLUE, SAME_CONTENT: RED, LOOKS_SAME: BLUE, "": BLUE}
    | {OTHER_WORDS: SKY}
    | {"this age": ORANGE, "at least this age": BLUE, SLOW: RED}
)


def bundle(chart: alt.TopLevelMixin, words: str) -> dict[str, Any]:
    """The chart as what JupyterLab draws without the internet, and in `words`, for who can't see it."""
    spec = drawn_alike(chart) | {"$schema": SCHEMA, "background": "transparent", "description": words}
    spec["config"] |= {"font": "system-ui, sans-serif"}  # JupyterLab's own
    return {MIME: spec, "text/plain": words}


# JupyterLab draws a chart before it is on the page, where its room is 0 wide, and one that is 0 wide again for ever: so
# it has no width "container", which would hang the page, but a signal that looks at the room twice a second
_ROOM = f"isFinite(containerSize()[0]) && containerSize()[0] > 0 ? containerSize()[0] : {_WIDTH}"
_WIDTH_OF_ROOM = {
    "name": "width",
    "init": _ROOM,
    "on": [{"events": {"type": "timer", "throttle": 500}, "update": _ROOM.replace(f": {_WIDTH}", ": width")}],
}
_AS_WIDE_AS_THE_PANEL = [
    {"op": "remove", "path": "/width"},
    {"op": "add", "path": "/signals", "value": [_WIDTH_OF_ROOM]},
]


def embedded() -> dict[str, Any]:
    """How JupyterLab is to draw it: as elements of the page, which the style sheet's colours of the theme reach."""
    return {MIME: {"embed_options": {"renderer": "svg", "actions": False, "patch": _AS_WIDE_AS_THE_PANEL}}}


def drawn_alike(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The chart's specification in the look that all have: the width is that of the whole, with its labels."""
    spec: dict[str, Any] = chart.to_dict()
    ink = {"labelColor": INK, "titleColor": INK, "gridColor": f"{INK}44", "domainColor": INK, "tickColor": INK}
    look = ink | {"labelFontSize": _TEXT, "titleFontSize": _TEXT, "titleFontWeight": "normal"}
    legend = look | {"orient": "top", "symbolType": "square", "labelLimit": 0, "columnPadding": 18}
    config = {"axis": look | {"domain": False}, "axisBand": {"ticks": False}, "axisQuantitative": {"tickCount": 6}}
    config |= {"legend": legend, "text": {"fontSize": _TEXT}, "title": {"color": INK}, "view": {"stroke": None}}
    return spec | {"config": config, "autosize": {"type": "fit-x", "contains": "padding"}}


def titled(chart: alt.TopLevelMixin, title: str) -> alt.TopLevelMixin:
    words = alt.TitleParams(wrap(title, 110), anchor="start", fontSize=15, offset=12)
    told: alt.TopLevelMixin = chart.properties(title=words) if title else chart
    return told


def _sized(chart: alt.TopLevelMixin, height: int) -> alt.TopLevelMixin:
    drawn: alt.TopLevelMixin = chart.properties(width=_WIDTH, height=height)
    return drawn


def _whole(title: str | None) -> dict[str, Any]:
    return {"title": title, "axis": alt.Axis(tickMinStep=1)}


def _coloured(chart: alt.Chart, kind: str, legend: str | None) -> alt.Chart:
    """With the colours of the kinds that there are, in their order, and a legend of this title; none for None."""
    kept = {one: colour for one, colour in _COLOURS.items() if (chart.data[kind] == one).any()}
    scale = alt.Scale(domain=list(kept), range=list(kept.values()))
    shown = None if legend is None else alt.Legend(title=legend or None)
    placed = chart.transform_calculate(place=f"indexof({json.dumps(list(kept))}, datum['{kind}'])")
    return placed.encode(color=alt.Color(f"{kind}:N", scale=scale, legend=shown), order="place:Q")


def _bars(cells: pd.DataFrame, axis: str, legend: str | None = None) -> alt.TopLevelMixin:
    """Stacked bars with their sums at the ends: `cells` names first the bar, then the kind in it, then the number.

    `axis` says what the numbers are; `legend` as in `_coloured`.
    """
    bar, kind, number = cells.columns
    totals = cells.groupby(bar, sort=False)[number].sum().reset_index()
    y = alt.Y(f"{bar}:N", title=None, sort=totals[bar].tolist(), axis=alt.Axis(labelLimit=260))
    room = alt.Scale(domainMax=max(1.0, totals[number].max() * _BEYOND))
    x = alt.X(f"{number}:Q", stack="zero", scale=room, **_whole(axis))
    bars = alt.Chart(cells[cells[number] > 0]).mark_bar().encode(x=x, y=y, tooltip=[bar, kind, number])
    sums = alt.Chart(totals).mark_text(align="left", dx=_AHEAD, color=INK)
    sums = sums.encode(x=alt.X(f"{number}:Q", scale=room), y=y, text=alt.Text(f"{number}:Q", format=","))
    return _sized(_coloured(bars, kind, legend) + sums, _ROW * len(totals))


def _counted(values: pd.Series, number: str) -> pd.DataFrame:
    """How often each value occurs, in the order of their first, as cells of one kind."""
    counts = values.groupby(values, sort=False).size().rename(number).rename_axis("value")
    return counts.reset_index().assign(kind="")[["value", "kind", number]]


def inventory_chart(table: pd.DataFrame, by: str) -> alt.TopLevelMixin:
    top = table.head(MOST)[[by, *STANDING]].rename(columns=_MARKED)
    return _bars(top.melt(by, var_name="status", value_name="creatives"), "Creatives", "")


def odd_names_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    return _bars(_counted(table["section"].sort_values(), "names"), "Names that break the convention")


def ages_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    unknown = table["age"] == UNKNOWN_AGE
    known = (table["creatives"] - table["at_least"]).mask(unknown, 0)
    parts = zip(_AGES, (known, table["at_least"], table["creatives"].where(unknown, 0)), strict=True)
    cells = pd.concat([table[["age"]].assign(known=name, creatives=part) for name, part in parts])
    return _bars(cells, "Creatives", "")


def pairs_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    cells = _counted(table["state"], "pairs")
    cells["kind"] = cells["value"].isin(("live", "in review")).map({True: "in order", False: "needs something"})
    return _bars(cells, "Native pairs", "")


def runs_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    real = table[~dry(table)]
    last = real[real["run"].isin(real["run"].drop_duplicates().nlargest(RUNS))]
    batch = ("  batch " + last["batch"]).where(last["batch"] != "", "")
    runs = last.assign(run=last["run"].dt.strftime("%Y-%m-%d %H:%M:%S") + batch).groupby("run", sort=False)
    cells = runs[list(REAL)].sum().rename(columns=_MARKED).reset_index()
    which = f" (the last {RUNS} runs)" if real["run"].nunique() > RUNS else ""
    cells = cells.melt("run", var_name="outcome", value_name="files")
    return _bars(cells, f"Files handed over{which}", "")


def copies_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    return _bars(cost_of(table).head(MOST).assign(kind="")[["why", "kind", "reviews"]], "Reviews of copies")


def changes_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    return _bars(_counted(table["change"], "creatives").assign(kind=lambda each: each["value"]), "Creatives")


def repeats_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    """The session's files that repeat a rejected creative, by section and how they do; by their content, if both."""
    order = [SAME_CONTENT, LOOKS_SAME, OTHER_WORDS]
    first = table.sort_values("how", key=lambda how: how.map(order.index)).drop_duplicates(["section", "filename"])
    return _bars(first.groupby(["section", "how"]).size().rename("files").reset_index(), "Files of the session", "")


def gap_chart(table: pd.DataFrame, columns: str) -> alt.TopLevelMixin:
    """How many are live for each pair of values; nothing is told by a ring and a word."""
    counts = table.assign(all=table[["live", "pending", "rejected", "unknown"]].sum(axis=1))
    kept, across = (counts.groupby(by)["all"].sum().nlargest(MOST).index.tolist() for by in ("category", columns))
    cells = table[table["category"].isin(kept) & table[columns].isin(across)]
    told = cells["live"].map("{:,}".format).where(cells["live"] > 0, "none")
    order = list(SECTIONS) if columns == "section" else across
    labels = alt.Axis(labelAngle=0, orient="top", labelLimit=140)
    base = alt.Chart(cells.assign(told=told)).encode(
        x=alt.X(f"{columns}:N", title=None, sort=order, axis=labels, scale=alt.Scale(padding=0.03)),
        y=alt.Y("category:N", title=None, sort=kept),
        tooltip=["category", columns, "live", "pending", "rejected"],
    )
    shade = alt.Opacity("live:Q", legend=None, scale=alt.Scale(type="sqrt", range=[0.12, 0.6]))  # on light and on dark
    live = base.transform_filter("datum.live > 0").mark_rect(color=BLUE).encode(opacity=shade)
    gaps = base.transform_filter("datum.live == 0").mark_rect(fillOpacity=0, stroke=RED, strokeWidth=2)
    dark = alt.condition("datum.live == 0", alt.value(RED), alt.value(INK))
    return _sized(live + gaps + base.mark_text(fontWeight="bold").encode(text="told:N", color=dark), _ROW * len(kept))


_PERIODS = {  # how long each is, how it is written, and what the axis says
    "week": (pd.DateOffset(days=7), "%d %b %Y", "Week, by its Monday"),
    "month": (pd.DateOffset(months=1), "%b %Y", "Month"),
    "year": (pd.DateOffset(years=1), "%Y", "Year"),
}


def uploads_chart(table: pd.DataFrame, every: str) -> alt.TopLevelMixin:
    length, form, title = _PERIODS[every]
    shown = table.tail(ROWS).assign(end=lambda each: each["period"] + length)
    days = shown["period"].drop_duplicates()
    ticks = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in days[:: 1 + len(days) // 8]]
    tooltip = [alt.Tooltip("period:T", format=form, title=every), "section", "added", "total"]
    axis = alt.Axis(format=form, labelOverlap=True, values=ticks)  # left to itself, an axis of weeks marks Sundays
    x, y = alt.X("period:T", title=title, axis=axis), alt.Y("added:Q", stack="zero", **_whole("Added"))
    base = alt.Chart(shown).mark_bar(orient="vertical").encode(x=x, x2="end:T", y=y, tooltip=tooltip)
    return _sized(_coloured(base, "section", ""), 200)


def _intervals(table: pd.DataFrame, by: str, word: str, colour: str = BLUE) -> alt.TopLevelMixin:
    """Rates with their intervals, in the table's order, and in words what they rest on (`told`)."""
    table = table if "told" in table else table.assign(told=table["decided"].map("{:,} decided".format))
    share, axis = alt.Scale(domain=[0, 1]), alt.Axis(format="%", title=f"{word}, of the decided creatives (%)")
    numbers = [name for name in _NUMBERS if name in table]
    y = alt.Y(f"{by}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(table[[by, "told", *numbers]])
    base = base.encode(y=y, tooltip=[by, "told", *(alt.Tooltip(f"{name}:Q", format=".1%") for name in numbers)])
    x = {name: alt.X(f"{name}:Q", axis=axis, scale=share) for name in numbers}
    parts = [base.mark_rule(strokeWidth=5, color=colour, opacity=0.6).encode(x=x["low"], x2="high:Q")]
    if "if_approved" in table:
        left_open = base.mark_rule(strokeWidth=1.5, strokeDash=[3, 2], color=INK)
        parts.append(left_open.encode(x=x["if_rejected"], x2="if_approved:Q"))
    if "rest_rate" in table:
        parts.append(base.mark_tick(thickness=2, size=16, color=INK).encode(x=x["rest_rate"]))
    point = base.mark_point(filled=True, size=70, color=colour, opacity=1).encode(x=x["rate"])
    count = base.mark_text(align="left", dx=_AHEAD, color=INK).encode(x=alt.datum(1), text="told:N")
    return _sized(alt.layer(*parts, point, count), _ROW * len(table))


def rates_chart(table: pd.DataFrame, by: str) -> alt.TopLevelMixin:
    return _intervals(table[table["decided"] > 0].head(MOST).drop(columns="chance"), by, "Approved")


def rejections_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    top = table.head(MOST)
    top = top.assign(
        named=[f"{LOOKED_AT[part]}: {value}" for part, value in zip(top["part"], top["value"], strict=True)],
        told=[f"{r:,} of {n:,}" for r, n in zip(top["rejected"], top["decided"], strict=True)],
    )
    return _intervals(top, "named", "Rejected", RED)


def time_chart(review: Review) -> alt.TopLevelMixin:
    table = curve_table(review, 200).assign(days=lambda each: each["hours"] / 24)
    base = alt.Chart(table).encode(x=alt.X("days:Q", title="Days since the upload"))
    y = alt.Y("low:Q", axis=alt.Axis(format="%", title="Decided (%)"), scale={"domain": [0, 1]})
    band = base.mark_area(color=BLUE, opacity=0.25).encode(y=y, y2="high:Q")
    tooltip = [alt.Tooltip("days:Q", format=".1f"), alt.Tooltip("share:Q", format=".0%")]
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(y="share:Q", tooltip=tooltip)
    half = alt.Chart(pd.DataFrame({"share": [0.5]})).mark_rule(strokeDash=[3, 3], color=INK).encode(y="share:Q")
    return _sized(band + half + line, 220)


def waiting_chart(table: pd.DataFrame) -> alt.TopLevelMixin:
    aged = table[table["days"].notna()]
    width = max(1, int(np.ceil(aged["days"].max() / 30)))
    kind = aged["at_least"].map({True: "at least this age", False: "this age"}).mask(aged["slow"], SLOW)
    bins = pd.DataFrame({"days": (aged["days"] // width * width).astype(int), "known": kind})
    counts = bins.value_counts().rename("creatives").reset_index().assign(to=lambda each: each["days"] + width)
    scale = alt.Scale(domain=[0, int(counts["to"].max())])
    x = alt.X("days:Q", bin="binned", scale=scale, **_whole("Waiting (days)"))
    base = alt.Chart(counts).mark_bar().encode(x=x, x2="to:Q", y=alt.Y("creatives:Q", **_whole("Creatives")))
    return _sized(_coloured(base.encode(tooltip=["days", "to", "known", "creatives"]), "known", ""), 180)
