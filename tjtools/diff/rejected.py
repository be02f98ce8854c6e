"""Which files of the session repeat a creative that the network has rejected, as far as has been looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from tjtools.cache.history import Observation
from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.diff.decisions import Decisions
from tjtools.diff.known import known_creatives, local_copies
from tjtools.diff.repeats import Known, find_repeats
from tjtools.media.content import Fingerprints
from tjtools.model.creative import ReviewStatus
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("filename", "section", "how", "closeness", "creative_id", "rejected_name", "rejected_at", "decision")


class Repeated(NamedTuple):
    """What was found: `table` has a row for each file and rejected creative, `COLUMNS` are its columns.

    `files` is how many files the session holds, `unseen` how many of them nobody has looked at since they changed.
    """

    table: pd.DataFrame
    files: int
    unseen: int


def repeats_of_rejected(workspace: Workspace, library: Library, history: pd.DataFrame) -> Repeated:
    """Compare the session with the rejected creatives; looks at no file anew, and writes nothing.

    `history` has the columns of `TJ_Review_History.csv`, all text. Rows: `filename` and its `section`, `how` it repeats
    (`same content` or `looks the same`), `closeness` (float64, 0 to 1), the rejected `creative_id`, its name, the day
    on which it was seen rejected (`""`: not known), and what a person decided about the two. Raises as `load_session`
    and `Fingerprints.load` do.
    """
    import pandas as pd

    files = load_session(workspace).files
    fingerprints = Fingerprints.load(workspace)
    seen = {file.path: fingerprints.of(file.path) for file in files}
    rejected: list[Known] = []
    if any(seen.values()):
        copies, observed = local_copies(workspace, library), _observed(history)
        known = known_creatives(workspace, library, fingerprints, copies, history=observed)
        rejected = [one for one in known if one.rejected_at is not None]
    repeats = find_repeats(files, seen, rejected, picture=fingerprints.picture, decisions=Decisions.load(workspace))
    rows = [
        (
            *(file.name, file.section.value, one.kind.value, one.closeness),
            *(one.known.creative.creative_id, one.known.name, (one.known.rejected_at or "")[:10], one.decision.value),
        )
        for file in files
        for one in repeats.get(file.path, ())
        if one.known.creative and one.known.rejected_at is not None
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"closeness": "float64"})
    return Repeated(table, len(files), sum(one is None or not one.looked for one in seen.values()))


def _observed(history: pd.DataFrame) -> Mapping[str, tuple[Observation, ...]]:
    """The observations of the creatives that were rejected once, the oldest first."""
    rejected = history.loc[history["to_status"] == ReviewStatus.REJECTED.value, "creative_id"].unique()
    rows = history[history["creative_id"].isin(rejected)]
    found: dict[str, list[Observation]] = {}
    for texts in zip(*(rows[name].tolist() for name in Observation._fields), strict=True):
        row = Observation(*texts)
        found.setdefault(row.creative_id, []).append(row)
    return {key: tuple(observations) for key, observations in found.items()}
