"""What the library holds: counts by a dimension, gaps, days of upload, ages, native pairs, runs, copies, odd names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from tjtools.analysis.frame import LACKING, SECTIONS, SHOWN, STANDING, STATUSES, UNKNOWN, on_site, values_of
from tjtools.analysis.reviews import of_ids
from tjtools.model.creative import Section, UploadStatus
from tjtools.model.names import match_key

AGES = {"up to a week": 7, "up to 30 days": 30, "up to 90 days": 90, "up to half a year": 183, "up to a year": 365}
OLDER, UNKNOWN_AGE = "over a year", "unknown"
VIDEO, IMAGE = Section.NATIVE_ROLLOVER.value, Section.NATIVE_STATIC_BANNER.value
NEEDY = ("no image", "no video", "half rejected", "both rejected", UNKNOWN, "in review", "live")  # the states
REAL = ("success", "duplicate", "failed", "unknown_id")  # what a run that handed nothing over does not have
SAME_CONTENT, LOOKS_SAME, SAME_NAME, SAME_UNIQUE_ID = ("same content", "looks the same", "same name", "same unique ID")
ByContent = Sequence[tuple[str, Sequence[str]]]  # groups of Creative IDs, each with the kind that makes them the same
_BEST = {"approved": 0, "pending": 1, UNKNOWN: 2, "rejected": 3}
_PERIODS = {"week": "W-SUN", "month": "M", "year": "Y"}
_UPLOADS = {"period": "datetime64[us]", "section": "str", "added": "int64", "total": "int64"}


def inventory(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Creatives on the site by a dimension, most first, those without a value last.

    One row a value: `by` (str), `creatives` (int64), `share` (float64, 0 to 1), and of these `approved`, `pending`,
    `rejected` and `unknown` (int64). Every creative on the site is counted in exactly one row.
    """
    there = on_site(frame)
    table = pd.crosstab(values_of(there, by).rename(by), there["review_status"].astype(str))
    table = table.reindex(columns=list(STANDING), fill_value=0).astype("int64")
    table.insert(0, "creatives", table.sum(axis=1))
    table.insert(1, "share", table["creatives"] / max(len(there), 1))
    table = table.rename_axis(index=by, columns=None).reset_index().astype({by: "str"})
    order = table.assign(last=table[by].isin(LACKING)).sort_values(
        ["last", "creatives", by], ascending=[True, False, True], ignore_index=True
    )
    return order.drop(columns="last")


def gap_map(frame: pd.DataFrame, rows: str = "category", columns: str = "section") -> pd.DataFrame:
    """What is live where: every pair of values of two dimensions, also those with nothing.

    One row a pair: `rows` and `columns` (str), `live` (int64, approved), `pending`, `rejected` and `unknown` (int64).
    Creatives without a value in one of the two are not in it: count them with `inventory`. The sections are all five.
    """
    there = on_site(frame)
    values = pd.DataFrame({name: values_of(there, name) for name in (rows, columns)})
    values["status"] = there["review_status"].astype(str)
    told = values[~values[rows].isin(LACKING) & ~values[columns].isin(LACKING)]
    axes = [sorted(told[rows].unique()), list(SECTIONS) if columns == "section" else sorted(told[columns].unique())]
    every = pd.MultiIndex.from_product(axes, names=[rows, columns])
    counts = told.groupby([rows, columns, "status"]).size().unstack("status", fill_value=0)
    counts = counts.reindex(index=every, columns=list(STANDING), fill_value=0).astype("int64")
    return counts.rename(columns={"approved": "live"}).rename_axis(columns=None).reset_index()


def uploads(frame: pd.DataFrame, every: str = "") -> pd.DataFrame:
    """Creatives by the week, month or year in which they were added to the site, as far as that is known.

    `every` is `week` (from Monday), `month` or `year`; `""` takes weeks for up to half a year and years beyond ten.
    One row a period and section, from the first to the last period: `period` (datetime64, its first day), `section`
    (str), `added` (int64), `total` (int64, added until the period's end). Creatives that are gone count where they were
    added.
    """
    dated = frame[frame["upload_date"].notna()]
    if dated.empty:
        return pd.DataFrame(dict.fromkeys(_UPLOADS, ())).astype(_UPLOADS)
    period = dated["upload_date"].dt.to_period(_PERIODS[every or period_of(dated)])
    added = dated.groupby([period, values_of(dated, "section")]).size().unstack(fill_value=0)
    added = added.reindex(pd.period_range(period.min(), period.max()), fill_value=0)
    table = pd.DataFrame({"added": added.stack(), "total": added.cumsum().stack()})
    table = table.rename_axis(index=["period", "section"]).reset_index()
    return table.assign(period=table["period"].dt.to_timestamp()).astype(_UPLOADS)


def added_in(frame: pd.DataFrame, period: pd.Timestamp, section: str, every: str = "") -> pd.DataFrame:
    """The creatives behind a row of `uploads`: `creative_id`, `filename`, `section`, `review_status`, `upload_date`."""
    dated = frame[frame["upload_date"].notna()]
    begins = dated["upload_date"].dt.to_period(_PERIODS[every or period_of(dated)]).dt.start_time
    found: pd.DataFrame = dated[(begins == period) & (values_of(dated, "section") == section)]
    return found[list(SHOWN)].reset_index(drop=True)


def period_of(frame: pd.DataFrame) -> str:
    """The period that suits the days of upload: `week`, `month` or `year`."""
    if frame["upload_date"].isna().all():
        return "month"
    days = (frame["upload_date"].max() - frame["upload_date"].min()).days
    return "week" if days <= 183 else "month" if days <= 3660 else "year"


def days_on_site(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The age of each creative, one row each with the frame's index.

    `days` (float64) since its upload date, or else since it was first seen, missing if neither is known; `at_least`
    (bool): it was seen so long ago, and may be older; `age` (str), the class.
    """
    today = pd.Timestamp(now).tz_localize(None).normalize()
    first_seen = frame["first_seen"].dt.tz_convert(now.tzinfo).dt.tz_localize(None).dt.normalize()
    days = (today - frame["upload_date"].fillna(first_seen)).dt.days.astype("float64").clip(lower=0)
    classes = pd.cut(days, [-1, *AGES.values(), np.inf], labels=[*AGES, OLDER]).cat.add_categories(UNKNOWN_AGE)
    at_least = frame["upload_date"].isna() & first_seen.notna()
    return pd.DataFrame({"days": days, "at_least": at_least, "age": classes.fillna(UNKNOWN_AGE)})


def ages(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Creatives on the site by age, the youngest first, those of unknown age last.

    One row a class of age, also those without a creative: `age` (str), `creatives` (int64), `at_least` (int64: of
    these, those that were seen so long ago and may be older), and by review status `approved`, `pending`, `rejected`
    and `unknown` (int64). Every creative on the site is counted in exactly one row.
    """
    there = on_site(frame)
    aged = days_on_site(there, now).assign(creatives=1)
    for status in STANDING:
        aged[status] = there["review_status"] == status
    table = aged.groupby("age", observed=False)[["creatives", "at_least", *STANDING]].sum()
    return table.astype("int64").reset_index().astype({"age": "str"})


def of_age(frame: pd.DataFrame, now: datetime, age: str) -> pd.DataFrame:
    """The creatives behind a row of `ages`: `creative_id`, `filename`, `section`, `review_status`, `upload_date`, and
    `days` and `at_least` as `days_on_site` has them."""
    there = on_site(frame)
    aged = days_on_site(there, now)
    return there[list(SHOWN)].join(aged[["days", "at_least"]])[aged["age"] == age].reset_index(drop=True)


def median_age(frame: pd.DataFrame, now: datetime) -> float:
    """The age in days that half of the creatives of known upload date are older than; missing where none is known."""
    there = on_site(frame)
    return float(days_on_site(there[there["upload_date"].notna()], now)["days"].median())


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
    halves = native[["filename", "creative_id"]].assign(
        pair=native["unique_id"].str.upper().where(native["by_convention"], native["filename"].map(match_key)),
        half=native["section"].astype(object).map({VIDEO: "video", IMAGE: "image"}),
        status=native["review_status"].astype(str),
    )
    halves = halves.assign(rank=halves["status"].map(_BEST)).sort_values(["rank", "creative_id"], kind="stable")
    by_half = halves.groupby(["pair", "half"])
    one = by_half[["filename", "status", "creative_id"]].first()
    several = halves[halves.duplicated(["pair", "half"], keep=False)].groupby(["pair", "half"])  # few, and slow to join
    one["creative_id"] = several["creative_id"].agg(", ".join).reindex(one.index).fillna(one["creative_id"])
    columns = pd.MultiIndex.from_product([["filename", "status", "creative_id"], ["video", "image"]])
    wide = pd.DataFrame(one.unstack("half"), columns=columns).astype(object).fillna("")
    video, image = (wide.xs(half, axis=1, level=1) for half in ("video", "image"))
    table = pd.DataFrame({"name": video["filename"].where(video["filename"] != "", image["filename"])})
    table["state"] = [_state(*both) for both in zip(video["status"], image["status"], strict=True)]
    table["video"], table["image"] = video["status"], image["status"]
    table["video_ids"], table["image_ids"] = video["creative_id"], image["creative_id"]
    order = table["state"].map({state: place for place, state in enumerate(NEEDY)})
    return table.astype("str").iloc[order.argsort(kind="stable")].reset_index(drop=True)


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


def behind_pair(frame: pd.DataFrame, pair: pd.Series) -> pd.DataFrame:
    """The creatives of a row of `native_pairs`, with columns as `behind` has them."""
    halves = [creative_id for ids in (pair["video_ids"], pair["image_ids"]) for creative_id in ids.split(", ") if ids]
    return frame.loc[frame["creative_id"].isin(halves), list(SHOWN)].reset_index(drop=True)


def runs_table(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """One row a run and section, the latest first, of `load_runs(…).rows` and the library's frame.

    `run` (datetime64, local time), `batch` and `section` (str), `files` (int64), of these by outcome `success`,
    `duplicate`, `failed`, `skipped`, `dry_run` and `unknown_id` (int64); of those uploaded by how they stand in the
    library now `approved`, `pending`, `rejected`, `removed` and `unknown` (int64; `unknown` also where the library
    does not have the ID); `creative_ids` (str) of those uploaded, separated by a blank.
    """
    keys = ["run", "batch", "section"]
    uploaded = rows[(rows["status"] == "success") & (rows["creative_id"] != "")]
    now = of_ids(frame, uploaded["creative_id"], "review_status", UNKNOWN)
    outcomes = [status.value for status in UploadStatus]
    table = rows.groupby(keys).size().rename("files").to_frame()
    for column, values, names in ((rows, rows["status"], outcomes), (uploaded, now, STATUSES)):
        counts = column.assign(value=values).groupby([*keys, "value"]).size().unstack("value")
        table = table.join(counts.reindex(columns=list(names)))
    table = table.fillna(0).astype("int64")
    table["creative_ids"] = uploaded.groupby(keys)["creative_id"].agg(" ".join)
    table["creative_ids"] = table["creative_ids"].fillna("").astype("str")
    return table.reset_index().sort_values(["run", "section"], ascending=[False, True], ignore_index=True)


def dry(table: pd.DataFrame) -> pd.Series[bool]:
    """Whether the run of each row handed nothing over."""
    handed = table.groupby("run")[list(REAL)].sum().sum(axis=1)
    return table["run"].map(handed == 0).astype(bool)


def files_of(rows: pd.DataFrame, frame: pd.DataFrame, run: pd.Timestamp, section: str) -> pd.DataFrame:
    """The files behind a row of `runs_table`: `file_name`, `creative_id`, `status`, `message`, and `review_status` now
    (all str; `""` where the library does not have the ID)."""
    found = rows[(rows["run"] == run) & (rows["section"] == section)]
    now = of_ids(frame, found["creative_id"], "review_status", "")
    return found[["file_name", "creative_id", "status", "message"]].assign(review_status=now).reset_index(drop=True)


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
    `creative_id` (str), `upload_date` (datetime64), `kept` (bool), and `reviews` (int64): those it took, at least: what
    the history saw, and one for any that was reviewed or waits. The reviews of those that are not kept are what the
    group cost.
    """
    there = on_site(frame).reset_index(drop=True)
    there = there.assign(section=values_of(there, "section"), review_status=there["review_status"].astype("str"))
    same = pd.concat(_same(there, by_content), ignore_index=True)
    same = same[same.duplicated(["kind", "section", "key"], keep=False)]
    group = _joined(same["place"].to_numpy(), same.groupby(["kind", "section", "key"]).ngroup().to_numpy(), len(there))
    same = same.assign(group=group[same["place"]])
    why = same.drop_duplicates(["group", "kind"]).sort_values("kind").groupby("group")["why"].agg(" and ".join)
    found = there.loc[sorted(same["place"].unique())].assign(group=lambda each: group[each.index])
    found["why"] = found["group"].map(why).astype("str")
    reviewed = (found["review_status"] != UNKNOWN).astype("int64")
    found["reviews"] = found["reviews"].fillna(0).astype("int64").clip(lower=reviewed)
    found = found.assign(rank=found["review_status"].map(_BEST), id=found["creative_id"].str.zfill(24))
    found = found.sort_values(["group", "rank", "upload_date", "id"], kind="stable")
    found["kept"] = ~found["group"].duplicated()
    cost = found["reviews"].where(~found["kept"], 0).groupby(found["group"]).transform("sum")
    found = found.assign(cost=cost).sort_values(["cost", "group"], ascending=[False, True], kind="stable")
    found["group"] = (found["group"] != found["group"].shift()).cumsum().astype("int64")
    columns = ["group", "why", "filename", "section", "review_status", "creative_id", "upload_date", "kept", "reviews"]
    return found.reset_index(drop=True)[columns].astype({"section": "str"})


def _same(there: pd.DataFrame, by_content: ByContent) -> Iterator[pd.DataFrame]:
    """What makes creatives the same: `place` in the frame, `kind` (in the words' order), `why`, `section` and `key`."""
    kinds = (SAME_CONTENT, LOOKS_SAME, SAME_NAME, SAME_UNIQUE_ID)
    names, unique_id = there["filename"].map(match_key), there["unique_id"].str.upper().where(there["by_convention"])
    for why, keys in ((SAME_NAME, names), (SAME_UNIQUE_ID, unique_id.dropna())):
        told = pd.DataFrame({"place": keys.index, "section": there["section"].loc[keys.index], "key": keys.astype(str)})
        yield told.assign(kind=kinds.index(why), why=why)
    members = [(one, number, why) for number, (why, ids) in enumerate(by_content) for one in ids]
    listed = pd.DataFrame(members, columns=["creative_id", "key", "why"]).astype({"creative_id": "str", "key": "str"})
    listed = listed.merge(there[["creative_id", "section"]].assign(place=there.index), on="creative_id")
    yield listed.assign(kind=listed["why"].map(kinds.index)).drop(columns="creative_id")


def _joined(places: np.ndarray, keys: np.ndarray, count: int) -> np.ndarray:
    """Of each place the lowest place that hangs together with it, by keys that they share."""
    group, before = np.arange(count), np.arange(0)
    while not np.array_equal(group, before):
        before = group.copy()
        lowest = np.full(keys.max(initial=-1) + 1, count)
        np.minimum.at(lowest, keys, group[places])
        np.minimum.at(group, places, lowest[keys])
    return group


def cost_of(table: pd.DataFrame) -> pd.DataFrame:
    """What the copies cost, by why they are the same, most reviews first.

    One row a reason: `why` (str), `groups`, `copies` (int64: those that are not kept) and `reviews` (int64: theirs).
    """
    grouped = table[~table["kept"]].groupby("why")
    counts = {"groups": grouped["group"].nunique(), "copies": grouped.size(), "reviews": grouped["reviews"].sum()}
    costs = pd.DataFrame(counts).astype("int64").reset_index().astype({"why": "str"})
    return costs.sort_values(["reviews", "why"], ascending=[False, True], ignore_index=True)
