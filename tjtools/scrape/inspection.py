"""The inspection of the site's pages: its evidence is kept, and a page that has changed is not worked on.

The evidence of an inspection lies in `tracking/.tjtools/inspections/20251113T120000/`, the time in UTC: of each page on
which an element has changed, the redacted page and a picture of that. The last ten are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tjtools.model.errors import PageChanged, translated
from tjtools.site import Evidence, Inspection
from tjtools.workspace.folder import Workspace

KEPT = 10
REMEDY = "Copy its line from tjtools/site/selectors.toml into selectors.toml in your workspace, and correct it there."


def keep_evidence(pages: Sequence[Evidence], workspace: Workspace, now: datetime) -> Path | None:
    """Keep the evidence of an inspection, and drop the oldest beyond `KEPT`; None where there is none.

    Raises TrackingFileError where the folder can't be written.
    """
    if not pages:
        return None
    folder = workspace.inspections / f"{now.astimezone(UTC):%Y%m%dT%H%M%S}"
    with translated(folder, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        for page in pages:
            (folder / f"{page.place}.html").write_text(page.html, "utf-8")
            (folder / f"{page.place}.png").write_bytes(page.picture)
        for old in sorted(workspace.inspections.iterdir())[:-KEPT]:
            shutil.rmtree(old)
    return folder


def demand_unchanged(inspection: Inspection, workspace: Workspace, now: datetime) -> None:
    """Raise `PageChanged` for the first element that has changed, with all of them and the evidence in its message."""
    if not inspection.changed:
        return
    told = "; ".join(f"{one.name} should be {one.expected}, found: {one.found}" for one in inspection.changed)
    first, folder = inspection.changed[0], keep_evidence(inspection.evidence, workspace, now)
    raise PageChanged(
        f"The site's page is not as the driver knows it: {told}. Redacted pages: {folder}",
        element=first.name,
        selector=first.selector,
        remedy=REMEDY,
    )
