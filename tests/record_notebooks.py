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
KEPT = ("text/plain", "text/html")  # a table is seen as one where the notebook is read without a kernel
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def record(path: Path) -> None:
    """Run a notebook and keep its outputs as text and tables, and nothing else that varies or tells of this machine."""
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", store_widget_state=False).execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
        for output in cell.get("outputs", []):
            if "data" in output:
                kept = KEPT if output.output_type == "execute_result" else KEPT[:1]
                output["data"] = {kind: output["data"][kind] for kind in kept if kind in output["data"]}
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
