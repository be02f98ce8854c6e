"""Panels for JupyterLab: the day's work, step by step, each an observable model with a linked view.

Each function shows its panel below the cell and returns the panel's model, of which `summary` says in plain text what
matters. Without `workspace`, they work in the one that the notebook lies in.
"""

from __future__ import annotations

from tjtools.widgets.panel import Panel
from tjtools.widgets.refresh import Refresh
from tjtools.widgets.refresh_view import refresh_view
from tjtools.widgets.review import Review
from tjtools.widgets.review_view import review_view
from tjtools.widgets.show import show
from tjtools.widgets.start import Start
from tjtools.widgets.start_view import start_view
from tjtools.widgets.upload import Upload
from tjtools.widgets.upload_view import upload_view
from tjtools.workspace import Workspace

__all__ = ["refresh_and_sync", "review_session", "start_here", "upload_panel"]


def start_here(workspace: Workspace | None = None) -> Panel:
    """Where am I, and what is to be done next?"""
    return show(Start, start_view, workspace)


def review_session(workspace: Workspace | None = None) -> Panel:
    """The session as a gallery and as a table; choose what to upload, and save the choice as the plan."""
    return show(Review, review_view, workspace)


def upload_panel(workspace: Workspace | None = None) -> Panel:
    """Connect, check the plan, rehearse it, upload it live, look at the results."""
    return show(Upload, upload_view, workspace)


def refresh_and_sync(workspace: Workspace | None = None) -> Panel:
    """Read the site, look at the difference and the certificate, and apply it to the cache or not."""
    return show(Refresh, refresh_view, workspace)
