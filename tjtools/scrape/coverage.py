"""What the last complete reading of each section has covered: so far down must a reading for what is new go.

The cache has for each section the Creative IDs that its list held, first to last. New cards come first on the site, so
whatever stands below one of these was there before. An upload of ours covers nothing: creatives of other people may
stand below it. Where nothing is known, every section is read to its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tjtools.model.creative import Section
from tjtools.workspace.derived import COVERAGE, Derived
from tjtools.workspace.folder import Workspace


def read_coverage(workspace: Workspace) -> dict[Section, frozenset[str]]:
    """The IDs of each section that was read completely."""
    covered = Derived(workspace).load(COVERAGE, lambda ids: frozenset(map(str, ids)))
    return {section: covered[section.value] for section in Section if section.value in covered}


def keep_coverage(workspace: Workspace, covered: Mapping[Section, Sequence[str]]) -> None:
    """Note the IDs of sections that were read completely; what is known of the others stays."""
    Derived(workspace).keep(COVERAGE, {section.value: list(ids) for section, ids in covered.items()})
