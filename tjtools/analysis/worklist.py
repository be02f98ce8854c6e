"""What needs a look today: what changed since a person last looked, what waits, and what is known of its content."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.estimates import in_review
from tjtools.analysis.reviews import REMOVED
from tjtools.analysis.sources import Files
from tjtools.cache.library import Library
from tjtools.diff.duplicates import known_groups
from tjtools.diff.repeats import known_creatives
from tjtools.media.content import Fingerprints
from tjtools.model.words import counted
from tjtools.workspace.folder import Workspace

SLOW, PENDING = "slow", "pending"
FIGURES = {  # in words, with a mark for who sees no colours
    "rejected": "✗ rejected",
    "approved": "✓ approved",
    SLOW: "! waiting too long",
    PENDING: "… pending",
    REMOVED: "– gone",
}
COLUMNS = ("creative_id", "filename", "section", "when")


def worklist(files: Files, changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The creatives of each of the `FIGURES`; `changed` is what `reviews.changes_since` tells.

    One row a creative: `creative_id`, `filename`, `section`, and `when` it was seen so, or how long it waits (str).
    """
    now = files.clock()
    waits = in_review(files.stays, files.frame, now)
    waits["when"] = [_waited(*one) for one in zip(waits["days"], waits["at_least"], strict=True)]
    changed = changed.assign(when=changed["seen_at"].dt.tz_convert(now.tzinfo).dt.strftime("%d %b %Y, %H:%M"))
    found = {kind: changed[changed["change"] == kind] for kind in FIGURES}
    found |= {SLOW: waits[waits["slow"]], PENDING: waits}
    return {kind: rows[list(COLUMNS)].reset_index(drop=True) for kind, rows in found.items()}


def _waited(days: float, at_least: bool) -> str:
    if pd.isna(days):
        return "nobody knows since when"
    since = counted(int(days), "day") if days >= 1 else "less than a day"
    return f"waits for {'at least ' * bool(at_least and days >= 1)}{since}"


class Evidence:
    """What is known of the content of a library's creatives; raises the errors of the tracking files."""

    def __init__(self, workspace: Workspace, library: Library) -> None:
        self._library, self._fingerprints = library, Fingerprints.load(workspace)
        known = known_creatives(library, self._fingerprints, history={})
        self._seen = {one.creative_id: one.fingerprint for one in known}
        self._groups = known_groups(workspace, library)[0]

    def picture(self, creative_id: str) -> bytes | None:
        """A small jpg of it; None where there is none."""
        seen = self._seen.get(creative_id)
        return self._fingerprints.thumbnail(seen) if seen else None

    def repeats(self, creative_id: str) -> list[str]:
        """Which creatives it repeats, in words, each once: the same content before what looks so."""
        found: dict[str, str] = {}
        for how, ids in self._groups:
            if creative_id in ids:
                for other in ids:
                    found.setdefault(other, f"{how} as {other}{self._standing(other)}")
        found.pop(creative_id, None)
        return [*found.values()]

    def _standing(self, creative_id: str) -> str:
        status = next((one.review_status for one in self._library.get(creative_id)), None)
        return f", {status.value}" if status else ""
