"""What the library holds: counts by a dimension, gaps, days of upload, ages, native pairs, runs, copies, odd names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from tjtools.analysis.frame import LACKING, SECTIONS, SHOWN, STANDING, STATUSES, UNKNOWN, on_site, values_of
from tjtools.analysis.reviews import of_ids
from tjtools.model.creative import Section, UploadStatus
from tjtools.model.names import match_key, pair_keys
from tjtools.upload.run_files import UNBEGUN

AGES = {"up to a week": 7, "up to 30 days": 30, "up to 90 days": 90, "up to half a year": 183, "up to a year": 365}
OLDER, UNKNOWN_AGE = "over a year", "unknown"
VIDEO, IMAGE = Section.NATIVE_ROLLOVER.value, Section.NATIVE_STATIC_BANNER.value
STATES = ("no image", "no video", "half rejected", "both rejected", UNKNOWN, "in review", "live")  # of a native pair
MANY = 20  # creatives of one upload date that are worth a word
REAL = ("success", "duplicate", "failed", "unknown_id")  # what a run that handed nothing over does not have
SAME_CONTENT, LOOKS_SAME = "same content", "looks the same"
OTHER_WORDS = "the same picture, other words"
ALIKE = (SAME_CONTENT, LOOKS_SAME, "same name", "same unique ID")
ByContent = Sequence[tuple[str, Sequence[str]]]  # groups of Creative IDs, each with the kind that makes them the same
_BEST = {"approved": 0, "pending": 1, UNKNOWN: 2, "rejected": 3}
_PERIODS, _STARTS = {"week": "W-SUN", "month": "M", "year": "Y"}, {"week": "W-MON", "month": "MS", "year": "YS"}
_UPLOADS = {"period": "datetime64[us]", "section": "str", "added": "int64", "total": "int64"}


def _by_status(there: pd.DataFrame, *keys: pd.Series[str]) -> pd.DataFrame:
    counts = there.groupby([*keys, there["review_status"].astype(str)]).size().unstack(fill_value=0)
    return counts.reindex(columns=list(STANDING), fill_value=0).astype("int64").rename_axis(columns=None)


def inventory(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Creatives on the site by a dimension, most first, those without a value last.

    One row a value: `by` (str), `creatives` (int64), `share` (float64, 0 to 1), and by review status `approved`,
    `pending`, `rejected`, `unknown` (int64). Every creative on the site is counted in exactly one row.
    """
    there = on_site(frame)
    table = _by_status(there, values_of(there, by))
    table.insert(0, "creatives", table.sum(axis=1))
    table.insert(1, "share", table["creatives"] / max(len(there), 1))
    table = table.rename_axis(by).reset_index().astype({by: "str"}).assign(last=lambda each: each[by].isin(LACKING))
    order = table.sort_values(["last", "creatives", by], ascending=[True, False, True], ignore_index=True)
    return order.drop(columns="last")


def gap_map(frame: pd.DataFrame, columns: str = "section") -> pd.DataFrame:
    """What is live where: every pair of a category and a value of another dimension, also those with nothing.

    One row a pair: `category` and `columns` (str), `live` (approved), `pending`, `rejected`, `unknown` (int64). What
    lacks a value in one of the two is not in it: count it with `inventory`. The sections are all five.
    """
    there = on_site(frame)
    rows, across = values_of(there, "category"), values_of(there, columns)
    told = ~rows.isin(LACKING) & ~across.isin(LACKING)
    axes = [sorted(rows[told].unique()), list(SECTIONS) if columns == "section" else sorted(across[told].unique())]
    every = pd.MultiIndex.from_product(axes, names=["category", columns])
    counts = _by_status(there[told], rows[told], across[told]).reindex(every, fill_value=0)
    return counts.rename(columns={"approved": "live"}).reset_index()


def uploads(frame: pd.DataFrame, every: str) -> pd.DataFrame:
    """Creatives by the period in which they were added to the site, as far as that is known.

    `every` is `week` (from Monday), `month` or `year`. One row a period and section, from the first to the last period:
    `period` (datetime64, its first day), `section` (str), `added` (int64), `total` (int64, added until the period's
    end). Creatives that are gone count where they were added.
    """
    added = frame.groupby([began(frame, every), values_of(frame, "section")]).size().unstack(fill_value=0)
    if len(added):  # also the periods in which none was
        added = added.reindex(pd.date_range(added.index[0], added.index[-1], freq=_STARTS[every]), fill_value=0)
    table = pd.DataFrame({"added": added.stack(), "total": added.cumsum().stack()})
    return table.rename_axis(index=["period", "section"]).reset_index().astype(_UPLOADS)


def shared_days(frame: pd.DataFrame) -> pd.Series:
    """How many creatives have each upload date that at least a quarter and 20 of them share, the most first (int64).

    Those that an upload of tjtools began are not counted: that day is theirs.
    """
    days = frame["upload_date"].mask(frame["first_source"] == "upload").value_counts()
    return days[days >= max(MANY, frame["upload_date"].notna().sum() / 4)]


def began(frame: pd.DataFrame, every: str) -> pd.Series:
    """The first day of the period in which each creative was added; missing where its day is not known."""
    first: pd.Series = frame["upload_date"].dt.to_period(_PERIODS[every]).dt.start_time
    return first


def period_of(frame: pd.DataFrame) -> str:
    """The period that suits the days of upload: `week` for up to half a year, `month`, `year` beyond ten."""
    days = (frame["upload_date"].max() - frame["upload_date"].min()) / pd.Timedelta(days=1)
    if days > 3660:
        return "year"
    return "week" if days <= 183 else "month"


def days_on_site(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The age of each creative: `days` (float64) since its upload date, or else since it was first seen, if that is
    known; `at_least` (bool): it was seen so long ago, and may be older; `age` (str), the class."""
    today = pd.Timestamp(now).tz_localize(None).normalize()
    first_seen = frame["first_seen"].dt.tz_convert(now.tzinfo).dt.tz_localize(None).dt.normalize()
    days = (today - frame["upload_date"].fillna(first_seen)).dt.days.astype("float64").clip(lower=0)
    classes = pd.cut(days, [-1, *AGES.values(), np.inf], labels=[*AGES, OLDER]).cat.add_categories(UNKNOWN_AGE)
    at_least = frame["upload_date"].isna() & first_seen.notna()
    return pd.DataFrame({"days": days, "at_least": at_least, "age": classes.fillna(UNKNOWN_AGE)})


def ages(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Creatives on the site by age, the youngest first, those of unknown age last.

    One row a class of age, also those without a creative, none where nothing is on the site: `age` (str), `creatives`,
    of these `at_least` (as in `days_on_site`), and by review status `approved`, `pending`, `rejected`, `unknown`
    (int64).
    """
    there = on_site(frame)
    aged = days_on_site(there, now).assign(creatives=1, **{one: there["review_status"] == one for one in STANDING})
    table = aged.groupby("age", observed=there.empty)[["creatives", "at_least", *STANDING]].sum()
    return table.astype("int64").reset_index().astype({"age": "str"})


def native_pairs(frame: pd.DataFrame, suffixes: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row a native pair, complete or not, those that need something first.

    Two halves belong together if their names have the same unique ID, or else are the same name, or differ in a suffix
    alone, as `a` and `a_horizontal` do: one that is known, or one of these `suffixes`. `name` (str) is the video's or
    else the image's; `video` and `image` (str) are the halves' review statuses, `""` where there is none; `video_ids`
    and `image_ids` (str) list the Creative IDs. Of several creatives for one half the best status counts. `state` (str)
    is one of `STATES`: `live` if both halves are approved, `in review` if at least one is pending and none is rejected.
    """
    there = on_site(frame)
    there = there[there["section"].isin([VIDEO, IMAGE])]
    halves = there[["filename", "creative_id", "section"]].assign(
        pair=pair_keys([*zip(there["filename"], there["section"], strict=True)], suffixes),
        status=there["review_status"].astype(str),
        rank=there["review_status"].astype(str).map(_BEST),
    )
    halves = halves.sort_values(["rank", "creative_id"], kind="stable")
    videos, images = (halves[halves["section"] == section].groupby("pair") for section in (VIDEO, IMAGE))
    parts = {
        "name": videos["filename"].first().combine_first(images["filename"].first()),
        "video": videos["status"].first(),
        "image": images["status"].first(),
        "video_ids": _listed(halves[halves["section"] == VIDEO]),
        "image_ids": _listed(halves[halves["section"] == IMAGE]),
    }
    table = pd.DataFrame(parts).astype(object).fillna("").astype("str").reset_index(drop=True)
    both = table[["video", "image"]]
    rejected, waits = (both == "rejected").sum(axis=1), (both == "pending").any(axis=1)
    live = (both == "approved").all(axis=1)
    cases = [both["image"] == "", both["video"] == "", rejected == 1, rejected == 2, ~waits & ~live, waits, live]
    table.insert(1, "state", pd.Series(np.select(cases, STATES, ""), dtype="str"))
    return table.sort_values("state", key=lambda state: state.map(STATES.index), kind="stable", ignore_index=True)


def _listed(halves: pd.DataFrame) -> pd.Series[str]:
    """The Creative IDs of each pair, in their order; joined here: pandas takes a tenth of a millisecond a pair."""
    found: dict[str, list[str]] = {}
    for pair, creative_id in zip(halves["pair"], halves["creative_id"], strict=True):
        found.setdefault(pair, []).append(creative_id)
    return pd.Series({pair: ", ".join(ids) for pair, ids in found.items()}, dtype="str")


def behind_pair(frame: pd.DataFrame, pair: pd.Series) -> pd.DataFrame:
    """The creatives of a row of `native_pairs`, with columns as `behind` has them."""
    halves = [*pair["video_ids"].split(", "), *pair["image_ids"].split(", ")]
    return frame.loc[frame["creative_id"].isin(halves), list(SHOWN)].reset_index(drop=True)


def runs_table(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """One row a run and section, the latest first, of `load_runs(…).rows` and the library's frame.

    `run` (datetime64, local time), `batch`, `section` (str), `files` (int64), of these by outcome `success`,
    `duplicate`, `failed`, `skipped`, `dry_run`, `unknown_id`, `not_begun` (int64); of those uploaded as they stand in
    the library now `approved`, `pending`, `rejected`, `removed`, `unknown` (int64), and their `creative_ids` (str).
    """
    keys = ["run", "batch", "section"]
    uploaded = rows[(rows["status"] == "success") & (rows["creative_id"] != "")]
    now = of_ids(frame, uploaded["creative_id"], "review_status", UNKNOWN)
    table = rows.groupby(keys).size().rename("files").to_frame()
    for values, names in ((rows["status"], [*(one.value for one in UploadStatus), UNBEGUN]), (now, list(STATUSES))):
        counts = rows.loc[values.index].assign(value=values).groupby([*keys, "value"]).size().unstack("value")
        table = table.join(counts.reindex(columns=names))
    table = table.fillna(0).astype("int64").join(uploaded.groupby(keys)["creative_id"].agg(" ".join))
    table = table.rename(columns={"creative_id": "creative_ids"}).fillna("").astype({"creative_ids": "str"})
    return table.reset_index().sort_values(["run", "section"], ascending=[False, True], ignore_index=True)


def dry(table: pd.DataFrame) -> pd.Series[bool]:
    """Whether the run of each row handed nothing over."""
    handed: pd.Series[int] = table[list(REAL)].sum(axis=1)
    return handed.groupby(table["run"]).transform("sum") == 0


def odd_names(frame: pd.DataFrame) -> pd.DataFrame:
    """The creatives on the site whose name breaks the convention: `filename`, `section`, `review_status` and
    `creative_id` (str)."""
    there = on_site(frame)
    found = there.loc[~there["by_convention"], ["filename", "section", "review_status", "creative_id"]]
    return found.assign(section=values_of(found, "section")).astype("str").reset_index(drop=True)


def copies(frame: pd.DataFrame, by_content: ByContent = ()) -> pd.DataFrame:
    """The creatives on the site that are the same as another one, group by group, the most expensive group first.

    Two creatives of one section are the same if they have one name, or one unique ID; `by_content` adds groups of
    Creative IDs whose content is known: a kind, `same content` or `looks the same`, and the IDs. Groups that share a
    creative are one. Of each group one creative is kept: the best by its review, then the oldest.

    One row a creative: `group` (int64, from 1), `why` (str, the kinds), `filename`, `section`, `review_status`,
    `creative_id` (str), `upload_date` (datetime64), `kept` (bool), and `reviews` (int64) that it took, at least: those
    of the copies that are not kept are what the group cost.
    """
    there = on_site(frame).reset_index(drop=True)
    there = there.assign(section=values_of(there, "section"), review_status=there["review_status"].astype("str"))
    same = _same(there, by_content).join(there["section"], on="place")
    same = same[same.duplicated(["why", "section", "key"], keep=False)]
    same["group"] = _joined(same["place"], same.groupby(["why", "section", "key"]).ngroup())
    kinds = same.drop_duplicates(["group", "why"]).sort_values("why", key=lambda why: why.map(ALIKE.index))
    found = there.join(same.drop_duplicates("place").set_index("place")["group"], how="inner")
    reviewed = (found["review_status"] != UNKNOWN).astype("int64")
    found = found.assign(
        why=found["group"].map(kinds.groupby("group")["why"].agg(" and ".join)).astype("str"),
        reviews=found["reviews"].fillna(0).astype("int64").clip(lower=reviewed),
        rank=found["review_status"].map(_BEST),
        id=found["creative_id"].str.zfill(24),
    )
    found = found.sort_values(["group", "rank", "upload_date", "id"], kind="stable")
    found["kept"] = ~found["group"].duplicated()
    found["cost"] = found["reviews"].where(~found["kept"], 0).groupby(found["group"]).transform("sum")
    found = found.sort_values(["cost", "group"], ascending=[False, True], kind="stable")
    found["group"] = (found["group"] != found["group"].shift()).cumsum().astype("int64")
    columns = ["group", "why", "filename", "section", "review_status", "creative_id", "upload_date", "kept", "reviews"]
    return found.reset_index(drop=True)[columns].astype({"section": "str"})


def _same(there: pd.DataFrame, by_content: ByContent) -> pd.DataFrame:
    """What may make creatives the same: `place` in the frame, `why` (one of `ALIKE`) and `key`."""
    unique_id = there["unique_id"].str.upper().where(there["by_convention"])
    keys = dict(zip(ALIKE[2:], (there["filename"].map(match_key), unique_id.dropna()), strict=True))
    by_name = pd.concat(keys, names=["why", "place"]).rename("key").reset_index()
    members = [(one, why, str(number)) for number, (why, ids) in enumerate(by_content) for one in ids]
    listed = pd.DataFrame(members, columns=["creative_id", "why", "key"], dtype="str")
    listed = there[["creative_id"]].reset_index(names="place").merge(listed, on="creative_id")
    same: pd.DataFrame = pd.concat([by_name, listed.drop(columns="creative_id")], ignore_index=True)
    return same


def _joined(places: pd.Series[int], keys: pd.Series[int]) -> pd.Series[int]:
    """Of each place the lowest place that hangs together with it, by keys that they share."""
    group, before = places, places - 1
    while not group.equals(before):
        before, group = group, group.groupby(keys).transform("min").groupby(places).transform("min")
    return group


def cost_of(table: pd.DataFrame) -> pd.DataFrame:
    """What the copies cost, by why they are the same, most reviews first.

    One row a reason: `why` (str), `groups`, `copies` (int64: those that are not kept) and `reviews` (int64: theirs).
    """
    extra = table[~table["kept"]].groupby("why")
    costs = extra.agg(groups=("group", "nunique"), copies=("group", "size"), reviews=("reviews", "sum")).astype("int64")
    return costs.reset_index().sort_values(["reviews", "why"], ascending=[False, True], ignore_index=True)
