"""Creatives that repeat another one on the site, and what their reviews cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd
from numpy.typing import NDArray

from tjtools.analysis.frame import on_site, values_of
from tjtools.cache.catalogue import uncollected
from tjtools.diff.duplicates import joined
from tjtools.model.names import match_key

SAME_CONTENT, LOOKS_SAME, SAME_NAME, SAME_UNIQUE_ID = KINDS = (
    "same content",
    "looks the same",
    "same name",
    "same unique ID",
)
ByContent: TypeAlias = Sequence[tuple[str, Sequence[str]]]
Places: TypeAlias = Sequence[NDArray[Any]]
_BEST = {"approved": 0, "pending": 1, "unknown": 2, "rejected": 3}


@uncollected()
def copies(frame: pd.DataFrame, by_content: ByContent = ()) -> pd.DataFrame:
    """The creatives on the site that are the same as another one, group by group, the most expensive group first.

    Two creatives of one section are the same if they have one name, or one unique ID; `by_content` adds groups of
    Creative IDs whose content is known: a kind, `same content` or `looks the same`, and the IDs. Groups that share a
    creative are one. Of each group one creative is kept: the best by its review, then the oldest.

    One row a creative: `group` (int64, from 1), `why` (str, the kinds, of `KINDS`), `filename`, `section`,
    `review_status`, `creative_id` (str), `upload_date` (datetime64), `kept` (bool), and `reviews` (int64): those it
    took, at least: what the history saw, and one for any that was reviewed or waits. The reviews of those that are not
    kept are what the group cost.
    """
    there = on_site(frame).reset_index(drop=True)
    section = values_of(there, "section")
    unique_id = there["unique_id"].str.upper().where(there["by_convention"])
    edges = [
        (SAME_NAME, _same(section, there["filename"].map(match_key))),
        (SAME_UNIQUE_ID, _same(section, unique_id)),
        *_listed(section, there["creative_id"], by_content),
    ]
    group, why = _groups(edges)
    found = there.assign(section=section.astype("str")).loc[list(group)]
    found["group"] = pd.Series(group, dtype="int64")
    found["why"] = found["group"].map(why).astype("str")
    status = found["review_status"].astype(str)
    found["reviews"] = found["reviews"].fillna(0).astype("int64").clip(lower=(status != "unknown").astype("int64"))
    found = found.assign(review_status=status, rank=status.map(_BEST), id=found["creative_id"].str.zfill(24))
    found = found.sort_values(["group", "rank", "upload_date", "id"], kind="stable")
    found["kept"] = ~found["group"].duplicated()
    cost = found["reviews"].where(~found["kept"], 0).groupby(found["group"]).transform("sum")
    found = found.assign(cost=cost).sort_values(["cost", "group"], ascending=[False, True], kind="stable")
    found["group"] = (found["group"] != found["group"].shift()).cumsum().astype("int64")
    return found.reset_index(drop=True)[
        ["group", "why", "filename", "section", "review_status", "creative_id", "upload_date", "kept", "reviews"]
    ]


def cost_of(table: pd.DataFrame) -> pd.DataFrame:
    """What the copies cost, by why they are the same, most reviews first.

    One row a reason: `why` (str), `groups`, `copies` (int64: those that are not kept) and `reviews` (int64: theirs).
    """
    extra = table[~table["kept"]]
    grouped = extra.groupby("why")
    counts = {"groups": grouped["group"].nunique(), "copies": grouped.size(), "reviews": grouped["reviews"].sum()}
    costs = pd.DataFrame(counts).astype("int64").reset_index().astype({"why": "str"})
    return costs.sort_values(["reviews", "why"], ascending=[False, True], ignore_index=True)


def _same(section: pd.Series[str], key: pd.Series[str]) -> Places:
    """The places of the creatives that share section and key; a missing key is nobody's."""
    both = pd.DataFrame({"section": section, "key": key.astype("str")})[key.notna()]
    several = both[both.duplicated(keep=False)]
    groups = several.groupby(["section", "key"], sort=False).indices.values()
    return [several.index[places].to_numpy() for places in groups]


def _listed(section: pd.Series[str], ids: pd.Series[str], groups: ByContent) -> list[tuple[str, Places]]:
    """The places of the creatives of each group, section by section."""
    wanted = ids[ids.isin({one for _, members in groups for one in members})]
    places = wanted.index.to_series().groupby(wanted).agg(list).to_dict()
    found: list[tuple[str, Places]] = []
    for kind, members in groups:
        there = section.loc[[place for one in members for place in places.get(one, ())]]
        found.append((kind, [there.index[one].to_numpy() for one in there.groupby(there).indices.values()]))
    return found


def _groups(edges: Iterable[tuple[str, Places]]) -> tuple[dict[int, int], dict[int, str]]:
    """What hangs together: of each place its group, and of each group why it is one."""
    together = [(kind, places.tolist()) for kind, groups in edges for places in groups if len(places) > 1]
    group = joined((places[0], place) for _, places in together for place in places)
    kinds: dict[int, set[str]] = {}
    for kind, places in together:
        kinds.setdefault(group[places[0]], set()).add(kind)
    return group, {one: " and ".join(kind for kind in KINDS if kind in found) for one, found in kinds.items()}
