"""The curated notebooks: where they lie, and a workspace's own copies of them."""

from __future__ import annotations

import json
from pathlib import Path

FIRST = "00_start_here.ipynb"


def shipped() -> tuple[Path, ...]:
    """The notebooks that came with tjtools, in their order: an installed copy's, or those of the checkout."""
    here = Path(__file__).parents[1]
    folder = here / "_notebooks"
    return tuple(sorted((folder if folder.is_dir() else here.parent / "notebooks").glob("*.ipynb")))


def copy_notebooks(folder: Path) -> tuple[Path, ...]:
    """Put the notebooks that are missing into a folder, without outputs, and return them; others stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [path for path in shipped() if not (folder / path.name).exists()]
    for path in missing:
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        (folder / path.name).write_text(text, "utf-8")
    return tuple(folder / path.name for path in missing)
