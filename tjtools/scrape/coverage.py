"""What the last complete reading of each section has covered: so far down must a reading for what is new go.

`tracking/.tjtools/covered.json` has for each section the Creative IDs that its list held, first to last:

    {"Native Rollover": ["1032530571", "1032530561", ...], ...}

New cards come first on the site, so whatever stands below one of these was there before. An upload of ours covers
nothing: creatives of other people may stand below it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tjtools.model.creative import Section
from tjtools.model.errors import translated
from tjtools.workspace.disk import replace_file
from tjtools.workspace.folder import Workspace


def read_coverage(workspace: Workspace) -> dict[Section, frozenset[str]]:
    """The IDs of each section that was read completely; raises TrackingFileError where the disk fails."""
    return {Section(section): frozenset(ids) for section, ids in _kept(workspace.coverage).items()}


def keep_coverage(workspace: Workspace, covered: Mapping[Section, Sequence[str]]) -> None:
    """Note the IDs of sections that were read completely; what is known of the others stays."""
    lists = {section.value: list(ids) for section, ids in covered.items()}
    replace_file(workspace.coverage, json.dumps(_kept(workspace.coverage) | lists).encode())


def _kept(path: Path) -> dict[str, list[str]]:
    with translated(path, "read"):
        text = path.read_text("utf-8", errors="replace") if path.exists() else "{}"
    try:
        return {Section(section).value: [str(one) for one in ids] for section, ids in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}  # damaged: every section is read to its end
