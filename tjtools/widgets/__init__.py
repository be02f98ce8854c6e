"""Panels for JupyterLab: the day's work, step by step, each an observable model with a linked view.

Each function shows its panel below the cell and returns the panel's model, of which `summary` says in plain text what
matters. Without `workspace`, they work in the one that the notebook lies in. What a panel needs is imported when it is
shown: pandas would slow the start of every notebook.
"""

from __future__ import annotations

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
    from tjtools.widgets.start import Start, start_view

    return show(Start, start_view, workspace)


def review_session(workspace: Workspace | None = None) -> Panel:
    """The session as a gallery and as a table; choose what to upload, and save the choice as the plan."""
    from tjtools.widgets.review import Review
    from tjtools.widgets.review_view import review_view

    return show(Review, review_view, workspace)


def upload_panel(workspace: Workspace | None = None) -> Panel:
    """Connect, check the plan, rehearse it, upload it live, look at the results."""
    from tjtools.widgets.upload import Upload
    from tjtools.widgets.upload_view import upload_view

    return show(Upload, upload_view, workspace)


def refresh_and_sync(workspace: Workspace | None = None) -> Panel:
    """Read the site, look at the difference and the certificate, and apply it to the cache or not."""
    from tjtools.widgets.refresh import Refresh, refresh_view

    return show(Refresh, refresh_view, workspace)


def look_up(workspace: Workspace | None = None) -> Panel:
    """Paste names or Creative IDs, one a line, and get names, IDs and statuses, to copy or as CSV."""
    from tjtools.widgets.lookup import LookUp, lookup_view

    return show(LookUp, lookup_view, workspace)


def library_analysis(workspace: Workspace | None = None) -> Panel:
    """What the library holds, where it has gaps, and what its names tell."""
    from tjtools.widgets.library import LibraryAnalysis, library_view

    return show(LibraryAnalysis, library_view, workspace)


def review_outcomes(workspace: Workspace | None = None) -> Panel:
    """What is approved, how long review takes, and what waits for it."""
    from tjtools.widgets.outcomes import ReviewOutcomes, outcomes_view

    return show(ReviewOutcomes, outcomes_view, workspace)
