"""Panels for JupyterLab: the day's work, step by step, each an observable model with a linked view.

Each function shows its panel below the cell and returns the panel's model, of which `summary` says in plain text what
matters. `workspace` is a folder; without one, they work in the one that the notebook lies in.
"""

from __future__ import annotations

from tjtools.widgets.panel import Panel
from tjtools.widgets.view import Place, kind_of, show

__all__ = [
    "campaign_files",
    "library_analysis",
    "look_up",
    "open_desk",
    "refresh_and_sync",
    "review_outcomes",
    "review_session",
    "start_here",
    "upload_panel",
]


def open_desk(workspace: Place = None) -> Panel:
    """The day's work on one screen: every other panel in a tab of its own."""
    return _shown("desk", workspace)


def start_here(workspace: Place = None) -> Panel:
    """Where am I, and what is to be done next?"""
    return _shown("today", workspace)


def review_session(workspace: Place = None) -> Panel:
    """The session as a gallery and as a table; choose what to upload, and save the choice as the plan."""
    return _shown("review", workspace)


def upload_panel(workspace: Place = None) -> Panel:
    """Rehearse the plan, look at what goes, upload it, and look at the results."""
    return _shown("upload", workspace)


def refresh_and_sync(workspace: Place = None) -> Panel:
    """Read the site, look at the difference and the certificate, and apply it to the cache or not."""
    return _shown("sync", workspace)


def look_up(workspace: Place = None) -> Panel:
    """Paste names or Creative IDs, one a line, and get names, IDs and statuses, to copy or as CSV."""
    return _shown("look_up", workspace)


def campaign_files(workspace: Place = None) -> Panel:
    """What is approved, as CSVs for the campaign uploader; what makes no ad, with the reason."""
    return _shown("campaign", workspace)


def library_analysis(workspace: Place = None) -> Panel:
    """What the library holds, where it has gaps, and what its names tell."""
    return _shown("library", workspace)


def review_outcomes(workspace: Place = None) -> Panel:
    """What is approved, how long review takes, and what waits for it."""
    return _shown("outcomes", workspace)


def _shown(name: str, workspace: Place) -> Panel:
    return show(*kind_of(name), workspace)
