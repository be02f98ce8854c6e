"""Write the outputs that nbval compares into the notebooks: `python tests/record_notebooks.py`. Look at the diff."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tjtools.practice.workspace import make_practice, running_sandbox
from tjtools.workspace.folder import VARIABLE, Workspace

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
KEPT = {"jupyter", "tags", "jp-MarkdownHeadingCollapsed"}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def record(path: Path) -> None:
    """Run a notebook and keep what nbval compares, as text, and nothing that varies or tells of this machine."""
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", store_widget_state=False).execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in KEPT}
        if "nbval-ignore-output" in cell.metadata.get("tags", ()):
            cell.outputs, cell.execution_count = [], None
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = {"text/plain": output["data"]["text/plain"]}
    notebook.metadata = METADATA
    nbformat.write(notebook, path)


def main() -> None:
    """Run each in a fresh workspace on its sandbox, as the test does."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TJTOOLS_CACHE"] = folder
        pattern = make_practice(Path(folder) / "shop", now=datetime.now(tz=UTC), progress=lambda _name, _done: None)
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            workspace = Workspace(Path(shutil.copytree(pattern.root, Path(folder) / path.stem)).resolve())
            with running_sandbox(workspace):
                os.environ |= {VARIABLE: str(workspace.root), "TJTOOLS_PRESS": "1"}
                record(path)


if __name__ == "__main__":
    main()
