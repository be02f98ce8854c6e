"""Each notebook runs in a fresh workspace on its sandbox, and presses its own buttons there.

`TJTOOLS_WORKSPACE` names another workspace, of which each notebook gets a copy.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tjtools.practice.workspace import make_practice, running_sandbox
from tjtools.workspace import derived
from tjtools.workspace.folder import VARIABLE, Workspace

_SESSION, _NOTEBOOK = ExitStack(), ExitStack()
_PATTERN: list[Workspace] = []
_RUNNING: list[Path] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """The workspace that each notebook gets a copy of."""
    named = os.environ.get(VARIABLE)
    os.environ[derived.VARIABLE] = _SESSION.enter_context(tempfile.TemporaryDirectory(prefix="tjtools-cache-"))
    if named:
        _PATTERN.append(Workspace.find(Path(named), cwd=Path.cwd()))
        return
    folder = Path(_SESSION.enter_context(tempfile.TemporaryDirectory(prefix="tjtools-notebooks-")))
    _PATTERN.append(make_practice(folder / "shop", now=datetime.now(tz=UTC), progress=lambda _name, _done: None))


def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Before a notebook's kernel starts, which inherits the environment; the one before has ended."""
    if [item.path] == _RUNNING:
        return
    _NOTEBOOK.close()
    _RUNNING[:] = [item.path]
    folder = Path(_NOTEBOOK.enter_context(tempfile.TemporaryDirectory(prefix="tjtools-notebook-")))
    workspace = Workspace(Path(shutil.copytree(_PATTERN[0].root, folder / "shop")).resolve())
    _NOTEBOOK.enter_context(running_sandbox(workspace))
    os.environ |= {VARIABLE: str(workspace.root), "TJTOOLS_PRESS": "1"}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Sandboxes and folders go."""
    _NOTEBOOK.close()
    _SESSION.close()
