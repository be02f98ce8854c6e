"""Panels for JupyterLab: the day's work, step by step, each an observable model with a linked view.

Each function shows its panel below the cell and returns the panel's model, of which `summary` says in plain text what
matters. Without `workspace`, they work in the one that the notebook lies in.
"""

from __future__ import annotations

from tjtools.widgets.panel import Panel
from tjtools.widgets.refresh import Refresh
from tjtools.widgets.refresh_view import refresh_view
from tjtools.widgets.show import show
from tjtools.workspace import Workspace

__all__ = ["refresh_and_sync"]


def refresh_and_sync(workspace: Workspace | None = None) -> Panel:
    """Read the site, look at the difference and the certificate, and apply it to the cache or not."""
    return show(Refresh, refresh_view, workspace)
