"""Panels for JupyterLab: the day's work, step by step, each an observable model with a linked view.

Each function shows its panel below the cell and returns the panel's model, of which `summary` says in plain text what
matters. Without `workspace`, they work in the one that the notebook lies in.
"""

from __future__ import annotations

from pkgutil import resolve_name

from tjtools.widgets.panel import Panel
from tjtools.widgets.view import show
from tjtools.workspace.folder import Workspace

__all__ = [
    "library_analysis",
    "look_up",
    "refresh_and_sync",
    "review_outcomes",
    "review_session",
    "start_here",
    "upload_panel",
]


def start_here(workspace: Workspace | None = None) -> Panel:
    """Where am I, and what is to be done next?"""
    return _shown("start:Start", "start:start_view", workspace)


def review_session(workspace: Workspace | None = None) -> Panel:
    """The session as a gallery and as a table; choose what to upload, and save the choice as the plan."""
    return _shown("review:Review", "review_view:review_view", workspace)


def upload_panel(workspace: Workspace | None = None) -> Panel:
    """Connect, check the plan, rehearse it, upload it live, look at the results."""
    return _shown("upload:Upload", "upload_view:upload_view", workspace)


def refresh_and_sync(workspace: Workspace | None = None) -> Panel:
    """Read the site, look at the difference and the certificate, and apply it to the cache or not."""
    return _shown("refresh:Refresh", "refresh:refresh_view", workspace)


def look_up(workspace: Workspace | None = None) -> Panel:
    """Paste names or Creative IDs, one a line, and get names, IDs and statuses, to copy or as CSV."""
    return _shown("analysis:LookUp", "analysis:lookup_view", workspace)


def library_analysis(workspace: Workspace | None = None) -> Panel:
    """What the library holds, where it has gaps, and what its names tell."""
    return _shown("analysis:LibraryAnalysis", "analysis:library_view", workspace)


def review_outcomes(workspace: Workspace | None = None) -> Panel:
    """What is approved, how long review takes, and what waits for it."""
    return _shown("analysis:ReviewOutcomes", "analysis:outcomes_view", workspace)


def _shown(model: str, view: str, workspace: Workspace | None) -> Panel:
    """What a panel needs is imported when it is shown: pandas would slow the start of every notebook."""
    panel: Panel = show(resolve_name(f"{__name__}.{model}"), resolve_name(f"{__name__}.{view}"), workspace)
    return panel
