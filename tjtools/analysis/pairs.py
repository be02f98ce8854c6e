"""Native pairs: a rollover and a static banner that belong together by their names."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.behind import SHOWN
from tjtools.analysis.frame import UNKNOWN, on_site
from tjtools.model.creative import Section
from tjtools.model.names import match_key

VIDEO, IMAGE = Section.NATIVE_ROLLOVER.value, Section.NATIVE_STATIC_BANNER.value
NEEDY = ("no image", "no video", "half rejected", "both rejected", UNKNOWN, "in review", "live")  # the states
_BEST = {"approved": 0, "pending": 1, UNKNOWN: 2, "rejected": 3}


def native_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a native pair, complete or not, those that need something first.

    Two halves belong together if their names have the same unique ID, or, without the convention, are the same name.
    `name` (str) is the video's or else the image's; `video` and `image` (str) are the halves' review statuses, `""`
    where there is none; `video_ids` and `image_ids` (str) list the Creative IDs. Of several creatives for one half the
    best status counts. `state` (str) is one of `NEEDY`: `live` if both halves are approved, `in review` if at least
    one is pending and none is rejected.
    """
    native = on_site(frame)
    native = native[native["section"].isin([VIDEO, IMAGE])]
    halves = pd.DataFrame(
        {
            "pair": native["unique_id"].str.upper().where(native["by_convention"], native["filename"].map(match_key)),
            "half": native["section"].map({VIDEO: "video", IMAGE: "image"}).astype(str),
            "filename": native["filename"],
            "creative_id": native["creative_id"],
            "status": native["review_status"].astype(str),
        }
    )
    halves = halves.assign(rank=halves["status"].map(_BEST)).sort_values(["rank", "creative_id"], kind="stable")
    by_half = halves.groupby(["pair", "half"])
    one = by_half[["filename", "status"]].first()
    one["ids"] = by_half["creative_id"].first()
    several = halves[halves.duplicated(["pair", "half"], keep=False)].groupby(["pair", "half"])
    one["ids"] = several["creative_id"].agg(", ".join).reindex(one.index).fillna(one["ids"])
    columns = pd.MultiIndex.from_product([["filename", "status", "ids"], ["video", "image"]])
    wide = pd.DataFrame(one.unstack("half"), columns=columns).astype(object).fillna("")
    table = pd.DataFrame(
        {
            "name": wide["filename", "video"].where(wide["filename", "video"] != "", wide["filename", "image"]),
            "state": "",
            **{half: wide["status", half] for half in ("video", "image")},
            **{f"{half}_ids": wide["ids", half] for half in ("video", "image")},
        }
    ).astype("str")
    table["state"] = [_state(*both) for both in zip(table["video"], table["image"], strict=True)]
    order = table["state"].map({state: place for place, state in enumerate(NEEDY)})
    return table.astype("str").iloc[order.argsort(kind="stable")].reset_index(drop=True)


def behind_pair(frame: pd.DataFrame, pair: pd.Series) -> pd.DataFrame:
    """The creatives of a row of `native_pairs`, with columns as `behind` has them."""
    halves = [creative_id for ids in (pair["video_ids"], pair["image_ids"]) for creative_id in ids.split(", ") if ids]
    return frame.loc[frame["creative_id"].isin(halves), list(SHOWN)].reset_index(drop=True)


def _state(video: str, image: str) -> str:
    """The state of a pair from its halves' statuses."""
    both = {video, image}
    if "" in both:
        return "no image" if video else "no video"
    if "rejected" in both:
        return "both rejected" if len(both) == 1 else "half rejected"
    if both == {"approved"}:
        return "live"
    return "in review" if "pending" in both else UNKNOWN
