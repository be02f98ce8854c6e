"""A person's decision about two files that look the same, by their names or IDs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tjtools.cache.library import Library
from tjtools.diff.decisions import Content, Decision, Decisions
from tjtools.diff.known import known_creatives, local_copies
from tjtools.media.content import Fingerprints
from tjtools.media.looking import look_at
from tjtools.model.cells import is_id, told_id
from tjtools.model.errors import WorkspaceError
from tjtools.workspace.folder import Workspace


def decide_about(
    workspace: Workspace, file: Path, other: str, decision: Decision, *, now: datetime
) -> tuple[Content, Content]:
    """Remember a decision about a file beside a creative (its ID) or another file (its path), and return the two.

    Raises `WorkspaceError` for a file that is not there, and for a creative that nothing is known of to compare with.
    """
    fingerprints = Fingerprints.load(workspace)
    one, two = _of_file(file, fingerprints), _of_other(workspace, other, fingerprints)
    if one.checksum == two.checksum:
        raise WorkspaceError(
            f"{one.name} and {two.name} are the same to the last byte: there is nothing to decide.",
            remedy="--force uploads it all the same.",
        )
    Decisions.load(workspace).decide(one, two, decision, now=now)
    return one, two


def _of_file(path: Path, fingerprints: Fingerprints) -> Content:
    seen = look_at([path], fingerprints)[path]
    if seen is None or not seen.checksum:
        raise WorkspaceError(f"There is no file {path} that can be read.", remedy="Check the path.")
    return Content(seen.checksum, path.name)


def _of_other(workspace: Workspace, other: str, fingerprints: Fingerprints) -> Content:
    creative_id = told_id(other)
    if not is_id(creative_id):
        return _of_file(Path(other), fingerprints)
    library = Library.load(workspace.library)
    known = known_creatives(workspace, library, fingerprints, local_copies(workspace, library))
    for one in known:
        if one.creative and one.creative.creative_id == creative_id:
            return Content(one.fingerprint.checksum, one.name)
    raise WorkspaceError(
        f"Nothing is known of what creative {creative_id} looks like.",
        remedy="Look at its local copy first: tjtools duplicates.",
    )
