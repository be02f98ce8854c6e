"""The notebooks run in a fresh workspace on a sandbox, and press their own buttons there.

`TJTOOLS_WORKSPACE` names another workspace, whose sandbox is started too.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tjtools.practice import make_practice, running_sandbox
from tjtools.workspace import VARIABLE, Workspace

_RUNNING = ExitStack()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before the first kernel starts, which inherits the environment."""
    named = os.environ.get(VARIABLE)
    if named:
        workspace = Workspace.find(Path(named), cwd=Path.cwd())
    else:
        folder = Path(_RUNNING.enter_context(tempfile.TemporaryDirectory(prefix="tjtools-notebooks-")))
        workspace = make_practice(folder / "shop", now=datetime.now(tz=UTC), progress=lambda _name, _done: None)
    _RUNNING.enter_context(running_sandbox(workspace))
    os.environ |= {VARIABLE: str(workspace.root), "TJTOOLS_PRESS": "1"}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The sandbox and the folder go."""
    _RUNNING.close()
