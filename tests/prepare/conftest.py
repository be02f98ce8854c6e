"""What several test modules share: a workspace that knows what names don't tell, and the folder of a delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from tjtools.prepare.naming import COLUMNS
from tjtools.workspace.folder import Workspace


@pytest.fixture
def shop(bare_workspace: Workspace) -> Workspace:
    """A workspace whose defaults tell all that a folder's name does not."""
    bare_workspace.defaults.write_text(f"{','.join(COLUMNS)}\n,,F,Real,Ana,EN,SFW,,\n", "utf-8")
    return bare_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "delivery"
