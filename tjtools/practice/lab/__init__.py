"""JupyterLab as `tjtools lab` starts it: the desk runs by itself, and what only a kernel can show is never saved.

`config` is a folder of Jupyter's configuration, `labextensions` one of JupyterLab's extensions; both are found through
the environment and the options of this one server: nothing is installed, and a person's own configuration holds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tjtools.workspace.folder import VARIABLE, Workspace

DESK = "00_start_here.ipynb"
VIEW = "application/vnd.jupyter.widget-view+json"
TAG = "tjtools-test"  # of the cell that nbval compares, and that nobody reads
GONE_AFTER = 0.5  # seconds between two looks whether a kernel lives, so that the screen soon says that it doesn't
_HERE = Path(__file__).parent


def options(workspace: Workspace) -> list[str]:
    """What JupyterLab is started with to open the desk of a workspace."""
    return [
        f"--ServerApp.root_dir={workspace.root}",
        f"--LabApp.default_url=/doc/tree/{workspace.notebooks.name}/{DESK}",
        f"--LabApp.extra_labextensions_path={_HERE / 'labextensions'}",
        f"--KernelRestarter.time_to_dead={GONE_AFTER}",
    ]


def environment(workspace: Workspace) -> dict[str, str]:
    """The environment of that JupyterLab, and of its kernels."""
    told = os.environ.get("JUPYTER_CONFIG_PATH")
    path = os.pathsep.join([str(_HERE / "config"), *([told] if told else [])])
    return {**os.environ, "JUPYTER_CONFIG_PATH": path, VARIABLE: str(workspace.root)}


def without_views(model: dict[str, Any], **_told: object) -> None:
    """Take out of a notebook with our panels, before it is saved, what can't be shown without its kernel."""
    notebook = model.get("content")
    if model.get("type") != "notebook" or not isinstance(notebook, dict):
        return
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if not any("tjtools.widgets" in "".join(cell["source"]) for cell in cells):
        return
    notebook["metadata"].pop("widgets", None)
    for cell in cells:
        kept = [one for one in cell["outputs"] if VIEW not in one.get("data", {})]
        cell["outputs"] = [] if TAG in cell["metadata"].get("tags", ()) else kept
        if not cell["outputs"]:
            cell["execution_count"] = None


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(without_views)
