"""The charts of how reviews went, beside those in `charts`: of at most some hundred rows each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tjtools.analysis.changes import KINDS, change_counts
from tjtools.analysis.charts import BLUE, COLOURS, INK, MOST, titled
from tjtools.analysis.comparison import Comparison, comparison_table
from tjtools.analysis.outlook import chance_by_age
from tjtools.analysis.quickaltair import alt
from tjtools.analysis.rejections import PARTS
from tjtools.analysis.reviewtime import Review
from tjtools.diff.repeats import RepeatKind

_CHANGED = {"approved": COLOURS["approved"], "rejected": COLOURS["rejected"], "new": BLUE, "removed": INK}
_HOW = {RepeatKind.SAME_CONTENT.value: COLOURS["rejected"], RepeatKind.LOOKS_SAME.value: BLUE}
_FEW, _MANY = "fewer than 20 decided", "20 decided or more"
_WEEKS = 110  # that a chart shows: two years


def changes_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """How many creatives changed in each way."""
    counts = change_counts(table)
    base = alt.Chart(counts).encode(
        x=alt.X("creatives:Q", title="Creatives", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("change:N", title=None, sort=list(KINDS)),
    )
    colours = [_CHANGED.get(kind, COLOURS["pending"]) for kind in KINDS]
    bars = base.mark_bar().encode(
        color=alt.Color("change:N", legend=None, scale=alt.Scale(domain=list(KINDS), range=colours)),
        tooltip=["change", "creatives"],
    )
    words = base.mark_text(align="left", dx=4, color=INK).encode(text=alt.Text("creatives:Q", format=","))
    return titled(bars + words, title, height=alt.Step(24))


def comparison_chart(comparison: Comparison, title: str) -> alt.TopLevelMixin:
    """The two rates with their intervals."""
    table = comparison_table(comparison).head(2)
    table = table.assign(told=table["decided"].map("{:,} decided".format))
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="%", title="Approved, of the decided creatives (%)")
    base = alt.Chart(table[["group", "rate", "low", "high", "told"]]).encode(
        y=alt.Y("group:N", sort=None, title=None),
        tooltip=["group", "told", *(alt.Tooltip(f"{one}:Q", format=".1%") for one in ("rate", "low", "high"))],
    )
    interval = base.mark_rule(strokeWidth=5, color=BLUE, opacity=0.6).encode(
        x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x=alt.X("rate:Q", scale=scale))
    count = base.mark_text(align="left", dx=6, color=INK).encode(x=alt.datum(1), text="told:N")
    return titled(interval + point + count, title, height=alt.Step(28))


def repeats_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """The session's files that repeat a rejected creative, by section and how they do; by their content, if both."""
    one_each = table.sort_values("how", key=lambda how: how.map([*_HOW].index)).drop_duplicates(["section", "filename"])
    counts = one_each.groupby(["section", "how"]).size().rename("files").reset_index()
    bars = (
        alt.Chart(counts)
        .mark_bar()
        .encode(
            x=alt.X("files:Q", title="Files of the session", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("section:N", title=None, sort="-x"),
            color=alt.Color("how:N", title=None, scale=alt.Scale(domain=[*_HOW], range=[*_HOW.values()])),
            tooltip=["section", "how", "files"],
        )
    )
    return titled(bars, title, height=alt.Step(26))


def section_times_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """The median time in review of each section, with its interval."""
    drawn = _in_days(table)
    x, y = alt.X("median:Q", title="Median time in review (days)"), alt.Y("section:N", title=None, sort=None)
    base = alt.Chart(drawn).encode(y=y, tooltip=["section", "uploads", "decided", *_DAYS])
    interval = base.mark_rule(strokeWidth=5, opacity=0.6).encode(
        x=alt.X("low:Q", scale=alt.Scale(zero=True)), x2="high:Q", color=_BY_COUNT
    )
    point = base.mark_point(filled=True, size=70, opacity=1).encode(x=x, color=_BY_COUNT)
    return titled(interval + point, title, height=alt.Step(26))


def week_times_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """The median time in review of each week's uploads, with its interval; weeks with few are told apart."""
    drawn = _in_days(table.tail(_WEEKS))
    base = alt.Chart(drawn).encode(
        x=alt.X(
            "week:T", title="Week of the upload (its Monday)", axis=alt.Axis(format="%b %Y", labelOverlap="greedy")
        ),
        tooltip=[alt.Tooltip("week:T", format="%Y-%m-%d"), "uploads", "decided", *_DAYS],
    )
    interval = base.mark_rule(strokeWidth=3, opacity=0.5).encode(
        y=alt.Y("low:Q", scale=alt.Scale(zero=True)), y2="high:Q", color=_BY_COUNT
    )
    point = base.mark_point(filled=True, size=45, opacity=1).encode(
        y=alt.Y("median:Q", title="Median time in review (days)"), color=_BY_COUNT, shape=_BY_SHAPE
    )
    return titled(interval + point, title, height=220)


_DAYS = [alt.Tooltip(f"{name}:Q", format=".1f", title=f"{name} (days)") for name in ("median", "low", "high")]
_BY_COUNT = alt.Color("told:N", title=None, scale=alt.Scale(domain=[_MANY, _FEW], range=[BLUE, COLOURS["pending"]]))
_BY_SHAPE = alt.Shape("told:N", title=None, scale=alt.Scale(domain=[_MANY, _FEW], range=["circle", "diamond"]))


def _in_days(table: pd.DataFrame) -> pd.DataFrame:
    """Hours in days; an end that is not known is left open at the largest value that is."""
    drawn: pd.DataFrame = table[np.isfinite(table["median_hours"])].rename(
        columns=lambda name: name.removesuffix("_hours")
    )
    times = ["median", "low", "high"]
    drawn[times] /= 24
    largest = drawn[times].where(np.isfinite(drawn[times])).max().max()
    drawn["low"], drawn["high"] = drawn["low"].fillna(drawn["median"]), drawn["high"].fillna(drawn["median"])
    drawn["high"] = drawn["high"].replace(np.inf, largest)
    drawn["told"] = drawn["few"].map({True: _FEW, False: _MANY})
    told: pd.DataFrame = drawn.drop(columns="few")
    return told


def outlook_chart(table: pd.DataFrame, review: Review, more: float, title: str) -> alt.TopLevelMixin:
    """The chance to be decided in time by age, with its interval, and where the pending ones stand."""
    ages = table.loc[table["chance"].notna(), "days"]
    curve = chance_by_age(review, more, float(ages.max()) * 24 * 1.05 + 1)
    width = max(1.0, float(np.ceil(ages.max() / 60)))
    waits = ages.floordiv(width).mul(width).value_counts().rename("creatives").rename_axis("age").reset_index()
    waits["days"] = waits["age"] + width / 2
    waits["chance"] = np.interp(waits["days"], curve["days"], curve["chance"])
    x, most = alt.X("days:Q", title="Waiting now (days)"), int(waits["creatives"].max())
    sizes = alt.Legend(values=sorted({1, (most + 1) // 2, most}), symbolFillColor=COLOURS["pending"], format=",d")
    axis = alt.Axis(format="%", title="Decided in time (%)")
    band = (
        alt.Chart(curve)
        .mark_area(color=BLUE, opacity=0.25)
        .encode(x=x, y=alt.Y("low:Q", axis=axis, scale=alt.Scale(domain=[0, 1])), y2="high:Q")
    )
    line = alt.Chart(curve).mark_line(color=BLUE, strokeWidth=2.5).encode(x=x, y="chance:Q")
    points = (
        alt.Chart(waits)
        .mark_point(filled=True, color=COLOURS["pending"], opacity=0.9)
        .encode(
            x=x,
            y="chance:Q",
            size=alt.Size("creatives:Q", title="Creatives of this age", legend=sizes),
            tooltip=[alt.Tooltip("age:Q", title="days, from"), "creatives", alt.Tooltip("chance:Q", format=".0%")],
        )
    )
    return titled(band + line + points, title, height=220)


def rejections_chart(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    """How often each value is rejected, with its interval, beside how often all others are."""
    top = table.head(MOST)
    top = top.assign(
        named=[f"{PARTS[part]}: {value}" for part, value in zip(top["part"], top["value"], strict=True)],
        told=[f"{r:,} of {n:,}" for r, n in zip(top["rejected"], top["decided"], strict=True)],
    )
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="%", title="Rejected, of the decided creatives (%)")
    numbers = ("rate", "low", "high", "rest_rate", "chance")
    base = alt.Chart(top[["named", "told", *numbers]]).encode(
        y=alt.Y("named:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=["named", "told", *(alt.Tooltip(f"{one}:Q", format=".1%") for one in numbers)],
    )
    red = COLOURS["rejected"]
    interval = base.mark_rule(strokeWidth=5, color=red, opacity=0.5).encode(
        x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=70, color=red, opacity=1).encode(x=alt.X("rate:Q", scale=scale))
    others = base.mark_tick(thickness=2, size=16, color=INK).encode(x=alt.X("rest_rate:Q", scale=scale))
    count = base.mark_text(align="left", dx=6, color=INK).encode(x=alt.datum(1), text="told:N")
    return titled(interval + others + point + count, title, height=alt.Step(24))
