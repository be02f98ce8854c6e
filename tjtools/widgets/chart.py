"""An altair chart that JupyterLab draws with what it has on board: no internet connection is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as w

if TYPE_CHECKING:
    import altair as alt

# JupyterLab draws Vega-Lite 5 itself; altair writes 6, which says the same for every chart that we draw
MIME = "application/vnd.vegalite.v5+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
INK = "#787878"  # can be read on JupyterLab's light and dark backgrounds


def chart_view(chart: alt.TopLevelMixin, words: str) -> w.Widget:
    """Show a chart; `words` say the same in a sentence, for who can't see it."""
    return w.Output(outputs=({"output_type": "display_data", "data": bundle(chart, words), "metadata": {}},))


def bundle(chart: alt.TopLevelMixin, words: str) -> dict[str, Any]:
    """The chart as what JupyterLab draws, and in words."""
    spec = chart.to_dict()
    spec |= {"$schema": SCHEMA, "background": "transparent", "description": words}
    look = {"labelColor": INK, "titleColor": INK, "gridColor": f"{INK}44", "domainColor": INK, "tickColor": INK}
    config = {"axis": look, "legend": {**look, "orient": "top"}, "title": {"color": INK}, "view": {"stroke": None}}
    spec["config"] = {
        **config,
        **spec.get("config", {}),
        "view": {"stroke": None, **spec.get("config", {}).get("view", {})},
    }
    return {MIME: spec, "text/plain": words}
