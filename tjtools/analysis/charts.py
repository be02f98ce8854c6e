"""The tables as altair charts, of at most some hundred rows each; the title is what they say.

The colours (Okabe and Ito's) can be told apart without red and green, and are named in the legend.
"""

from __future__ import annotations

from textwrap import wrap

import numpy as np
import pandas as pd

from tjtools.analysis.frame import SECTIONS, STANDING
from tjtools.analysis.pairs import NEEDY
from tjtools.analysis.quickaltair import alt
from tjtools.analysis.reviewtime import Review, curve_table

MOST = 20  # values in a chart; all are in its table
MARKS = {"approved": "✓ approved", "pending": "… pending", "rejected": "✗ rejected", "unknown": "? unknown"}
COLOURS = {"approved": "#009E73", "pending": "#E69F00", "rejected": "#D55E00", "unknown": "#999999"}
BLUE, INK, DARK = "#3F8FC4", "#787878", "#10293A"
_WIDTH = 560
SLOW = "longer than 95 % of its section took"
_TWO = [COLOURS["pending"], BLUE]
_STATUS = alt.Scale(domain=[MARKS[status] for status in STANDING], range=[COLOURS[status] for status in STANDING])


def inventory_chart(table: pd.DataFrame, by: str, title: str) -> alt.TopLevelMixin:
    """Creatives by a dimension, stacked by review status."""
    top = table.head(MOST)
    parts = top.melt([by, "creatives"], list(STANDING), var_name="status", value_name="number")
    parts["place"] = parts["status"].map({status: place for place, status in enumerate(STANDING)})
    parts["status"] = parts["status"].map(MARKS)
    y = alt.Y(f"{by}:N", sort=top[by].tolist(), title=None)
    bars = (
        alt.Chart(parts[parts["number"] > 0])
        .mark_bar()
        .encode(
            x=alt.X("number:Q", title="Creatives", stack="zero", axis=alt.Axis(tickMinStep=1)),
            y=y,
            color=alt.Color("status:N", scale=_STATUS, title="Review"),
            order="place:Q",
            tooltip=[by, "status", "number"],
        )
    )
    totals = (
        alt.Chart(top[[by, "creatives"]])
        .mark_text(align="left", dx=4, color=INK)
        .encode(x="creatives:Q", y=y, text=alt.Text("creatives:Q", format=","))
    )
    return titled(bars + totals, title)


def gap_chart(table: pd.DataFrame, rows: str, columns: str, title: str) -> alt.TopLevelMixin:
    """How many are live for each pair of values; nothing is told by a ring and a word."""
    counts = table.assign(all=table[["live", "pending", "rejected", "unknown"]].sum(axis=1))
    kept, across = (counts.groupby(by)["all"].sum().nlargest(MOST).index.tolist() for by in (rows, columns))
    cells = table[table[rows].isin(kept) & table[columns].isin(across)].assign(
        told=lambda each: each["live"].map("{:,}".format).where(each["live"] > 0, "none")
    )
    x = alt.X(
        f"{columns}:N",
        title=None,
        sort=list(SECTIONS) if columns == "section" else across,
        axis=alt.Axis(labelAngle=0, orient="top", labelLimit=140),
    )
    y = alt.Y(f"{rows}:N", title=None, sort=kept)
    base = alt.Chart(cells).encode(x=x, y=y, tooltip=[rows, columns, "live", "pending", "rejected"])
    live = base.transform_filter("datum.live > 0").mark_rect()
    live = live.encode(
        color=alt.Color("live:Q", legend=None, scale=alt.Scale(type="sqrt", range=["#DCEBF5", "#6FB1DC"]))
    )
    gaps = base.transform_filter("datum.live == 0").mark_rect(fillOpacity=0, stroke=COLOURS["rejected"], strokeWidth=2)
    words = base.mark_text(fontWeight="bold").encode(
        text="told:N", color=alt.condition("datum.live == 0", alt.value(COLOURS["rejected"]), alt.value(DARK))
    )
    return titled(live + gaps + words, title, height=alt.Step(26))


def pairs_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Native pairs by their state, what needs something first."""
    counts = (
        table["state"].value_counts().reindex(list(NEEDY)).dropna().rename("pairs").rename_axis("state").reset_index()
    )
    counts["kind"] = counts["state"].map(dict.fromkeys(("live", "in review"), "in order")).fillna("needs something")
    base = alt.Chart(counts).encode(
        x=alt.X("pairs:Q", title="Native pairs", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("state:N", sort=list(NEEDY), title=None),
    )
    bars = base.mark_bar().encode(
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=["needs something", "in order"], range=_TWO))
    )
    return titled(bars + base.mark_text(align="left", dx=4, color=INK).encode(text="pairs:Q"), title)


def rates_chart(table: pd.DataFrame, by: str, title: str) -> alt.TopLevelMixin:
    """Approval rates: a point, its interval as a thick line, and what the pending leave open as a thin one."""
    top = table[table["decided"] > 0].head(MOST).assign(told=lambda each: each["decided"].map("{:,} decided".format))
    y = alt.Y(f"{by}:N", sort=top[by].tolist(), title=None)
    axis = alt.Axis(format="%", title="Approved, of the decided creatives (%)")
    base = alt.Chart(top[[by, "rate", "low", "high", "if_rejected", "if_approved", "told"]]).encode(
        y=y,
        tooltip=[
            by,
            "told",
            *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("rate", "low", "high", "if_rejected", "if_approved")),
        ],
    )
    scale = alt.Scale(domain=[0, 1])
    left_open = base.mark_rule(strokeWidth=1.5, strokeDash=[3, 2], color=INK).encode(
        x=alt.X("if_rejected:Q", axis=axis, scale=scale), x2="if_approved:Q"
    )
    interval = base.mark_rule(strokeWidth=5, color=BLUE, opacity=0.6).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    point = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x=alt.X("rate:Q", scale=scale))
    count = base.mark_text(align="left", dx=6, color=INK).encode(x=alt.datum(1), text="told:N")
    return titled(left_open + interval + point + count, title, height=alt.Step(24))


def time_chart(review: Review, title: str) -> alt.TopLevelMixin:
    """The share decided by each day, with what it could be by chance."""
    table = curve_table(review, 200).assign(days=lambda each: each["hours"] / 24)
    base = alt.Chart(table).encode(x=alt.X("days:Q", title="Days since the upload"))
    axis = alt.Axis(format="%", title="Decided (%)")
    band = base.mark_area(color=BLUE, opacity=0.25).encode(
        y=alt.Y("low:Q", axis=axis, scale={"domain": [0, 1]}), y2="high:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(
        y="share:Q", tooltip=[alt.Tooltip("days:Q", format=".1f"), alt.Tooltip("share:Q", format=".0%")]
    )
    half = alt.Chart(pd.DataFrame({"share": [0.5]})).mark_rule(strokeDash=[3, 3], color=INK).encode(y="share:Q")
    return titled(band + half + line, title, height=220)


def waiting_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """Pending creatives by age; those that wait unusually long, and those that may wait longer, are told apart."""
    aged = table[table["days"].notna()]
    width = max(1, int(np.ceil(aged["days"].max() / 30)))
    bins = aged.assign(
        days=(aged["days"] // width * width).astype(int),
        known=aged["at_least"].map({True: "at least this age", False: "this age"}).mask(aged["slow"], SLOW),
    )
    kinds = [kind for kind in ("this age", "at least this age", SLOW) if (bins["known"] == kind).any()]
    colours = [{SLOW: COLOURS["rejected"], "this age": COLOURS["pending"]}.get(kind, BLUE) for kind in kinds]
    from_zero = alt.Scale(domain=[0, int(bins["days"].max()) + width])
    counts = (
        bins.groupby(["days", "known"])
        .size()
        .rename("creatives")
        .reset_index()
        .assign(to=lambda each: each["days"] + width)
    )
    bars = (
        alt.Chart(counts)
        .mark_bar()
        .encode(
            x=alt.X("days:Q", bin="binned", title="Waiting (days)", axis=alt.Axis(tickMinStep=1), scale=from_zero),
            x2="to:Q",
            y=alt.Y("creatives:Q", title="Creatives", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("known:N", title=None, scale=alt.Scale(domain=kinds, range=colours)),
            tooltip=["days", "to", "known", "creatives"],
        )
    )
    return titled(bars, title, height=180)


def titled(chart: alt.Chart | alt.LayerChart, title: str, **size: object) -> alt.TopLevelMixin:
    """With the finding above it, broken into lines where it is long; without, where it stands elsewhere."""
    drawn: alt.TopLevelMixin = chart.properties(width=_WIDTH, **size)
    return named(drawn, title)


def named(chart: alt.TopLevelMixin, title: str) -> alt.TopLevelMixin:
    """With the finding above it, broken into lines where it is long."""
    if not title:
        return chart
    words = alt.TitleParams(wrap(title, 88), anchor="start", fontSize=14, offset=10)
    told: alt.TopLevelMixin = chart.properties(title=words)
    return told
