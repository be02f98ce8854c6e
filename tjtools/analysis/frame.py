"""The library as a frame for pandas: the file's columns, the section, what names tell, and what the history saw."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import pandas as pd

from tjtools.analysis.reviews import DECIDED, NOT_KNOWN, SEEN, LastTimes, observations, seen
from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.model.creative import CreativeType, ReviewStatus, Section
from tjtools.model.names import CONVENTION, ParsedName, stem

SECTIONS = tuple(section.value for section in Section)
UNKNOWN = "unknown"
STATUSES = (*(status.value for status in ReviewStatus), UNKNOWN)
STANDING = ("approved", "pending", "rejected", UNKNOWN)  # of what is still on the site
_BY = "section dimensions file_type category creator language rating content_type test_id review_status"
DIMENSIONS = {name: name.replace("_", " ").capitalize().replace(" id", " ID") for name in _BY.split()}
PARTS = ParsedName._fields
NOT_TOLD, NO_CONVENTION = "(not in the name)", "(no convention)"
LACKING = (NOT_TOLD, NO_CONVENTION, NOT_KNOWN)
SHOWN = ("creative_id", "filename", "section", "review_status", "upload_date")  # of a creative behind a number
_SECTION_OF_TYPE = {kind.value: kind.section.value for kind in CreativeType}
_PERCENT = ("share", "rate", "rest_rate", "low", "high", "if_rejected", "if_approved", "chance", "closeness")


def library_frame(library: Library, history: History | None = None) -> pd.DataFrame:
    """The library, what the names of its creatives tell, and what the history saw of each: the one frame for pandas.

    One row a creative, in the file's order; the index counts from 0. What nobody knows is missing, and without
    `history` so is all that it tells. Raises what `History.load` raises.

    | column | dtype | what |
    |---|---|---|
    | creative_id, filename | str | as in the file |
    | section | category of `SECTIONS` | the list of the Media Library that it stands in |
    | upload_date | datetime64 | the day it was added to the site |
    | dimensions, file_type | str | `640x360`; `mp4`, `png`, `jpg` or `gif` |
    | review_status | category of `STATUSES` | `removed`: gone from the site; `unknown`: nobody knows |
    | prefix, language, category, model_sex, style, rating, content_type, creator | str | parts of the name |
    | duration | float64 | seconds, by the name |
    | test_id, unique_id | str | parts of the name |
    | by_convention | bool | whether the name follows the convention; if not, its parts are missing |
    | first_seen, last_seen | datetime64, UTC | the first and the last look at the site that showed it there |
    | first_source | category | what noted it first: `upload`, `refresh`, `sync` or `manual` |
    | first_change, last_change | datetime64, UTC | the looks that showed the first and the last change of its status |
    | decided_after, decided_by | datetime64, UTC | its last decision fell between these two looks |
    | uploaded | datetime64 | the upload date, or else the day (UTC) on which an upload of ours began it |
    | decided | datetime64 | if it is decided, the day (UTC) of the look that saw it; not if it was when first seen |
    | changes | Int64 | changes of its status that were seen, to `removed` included |
    | reviews | Int64 | reviews that it took, at least |
    | extra columns | str | as in the file; one that has a name from above is called `file_` and that name |

    An ID whose rows contradict each other has several rows.
    """
    return frame_of(library, observations(history.load()[0]), history.last_times()) if history else frame_of(library)


def frame_of(library: Library, rows: pd.DataFrame | None = None, last_times: LastTimes | None = None) -> pd.DataFrame:
    """The same of the history's `observations` and the times of the last look."""
    texts = library.frame
    known = texts.mask(texts == "")
    frame = texts[["creative_id", "filename"]].assign(
        section=_category(texts["creative_type"].map(_SECTION_OF_TYPE), SECTIONS),
        upload_date=pd.to_datetime(known["upload_date"], format="%Y-%m-%d", errors="coerce").astype("datetime64[us]"),
        dimensions=known["dimensions"],
        file_type=known["file_type"],
        review_status=_category(known["review_status"].fillna(UNKNOWN), STATUSES),
    )
    told = pd.DataFrame(dict.fromkeys(SEEN), index=frame["creative_id"]).astype(SEEN)
    if rows is not None:
        told = seen(rows, last_times).reindex(frame["creative_id"])[list(SEEN)]
    frame = pd.concat([frame, parse_names(frame["filename"]), told.set_axis(frame.index)], axis=1)
    extra = texts.drop(columns=list(COLUMNS)).rename(columns={name: f"file_{name}" for name in frame.columns})
    frame["uploaded"] = frame["upload_date"].fillna(frame["uploaded"])
    frame["decided"] = frame["decided"].where(frame["review_status"].isin(DECIDED))
    return pd.concat([frame, extra], axis=1)


def _category(values: pd.Series[str], known: tuple[str, ...]) -> pd.Series:
    return values.astype(pd.CategoricalDtype(list(known)))


def parse_names(names: Iterable[str]) -> pd.DataFrame:
    """One row a name, in their order, with the parts of `names.ParsedName`; missing where a name lacks the part.

    `duration` is float64, in seconds; the other parts are str. `by_convention` (bool) tells whether the name follows
    the convention at all.

    >>> parse_names(["VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4", "banner 3 final"])[["category", "by_convention"]]
      category  by_convention
    0   Sports           True
    1      NaN          False
    """
    read = re.compile(CONVENTION, re.VERBOSE | re.DOTALL).fullmatch
    # every name by the convention holds "ID-": the others, about half, need no closer look
    found = [read(stem(name)) if "ID-" in name else None for name in names]
    parts = [match.groups() if match else (None,) * len(PARTS) for match in found]
    frame = pd.DataFrame(parts, columns=list(PARTS), dtype=object).astype(dict.fromkeys(PARTS, "str"))
    frame["duration"] = pd.to_numeric(frame["duration"]).astype("float64")
    frame["by_convention"] = [match is not None for match in found]
    return frame.astype({"by_convention": bool})


def on_site(frame: pd.DataFrame) -> pd.DataFrame:
    """The creatives that are not gone from the site."""
    return frame[frame["review_status"] != ReviewStatus.REMOVED.value]


def values_of(frame: pd.DataFrame, by: str) -> pd.Series[str]:
    """Each creative's value in one of the `DIMENSIONS`, as text: `(not in the name)` for a part that is missing,
    `(no convention)` where the name follows none, `(unknown)` for any other."""
    if by in PARTS:
        told = frame[by].astype(object)
        return told.where(told.notna(), frame["by_convention"].map({True: NOT_TOLD, False: NO_CONVENTION})).astype(str)
    return frame[by].astype(object).fillna(NOT_KNOWN).astype(str)


def behind(frame: pd.DataFrame, by: str, value: str, *statuses: str) -> pd.DataFrame:
    """The creatives on the site that have a value, as a table by the dimension writes it, and one of these statuses.

    Columns: `creative_id`, `filename`, `section`, `review_status`, `upload_date`, as in `library_frame`.

    ::

        behind(frame, "category", "Sports")                  # all of them
        behind(frame, "category", "Sports", "rejected")      # the rejected ones
    """
    there = on_site(frame)
    found = (values_of(there, by) == value) & (there["review_status"].isin(statuses) if statuses else True)
    return there.loc[found, list(SHOWN)].reset_index(drop=True)


def in_days(
    frame: pd.DataFrame,
    since: date | None = None,
    until: date | None = None,
    *,
    day: str = "upload_date",
    undated: bool = True,
) -> pd.DataFrame:
    """The creatives whose `day`, a column, lies from `since` to `until`, both days included; None: no bound.

    With a bound, `undated` says whether those of unknown day stay; without one, all stay.
    """
    if since is None and until is None:
        return frame
    days: pd.Series = frame[day].dt.normalize()  # a run has a time
    kept = days.between(pd.Timestamp(since or days.min()), pd.Timestamp(until or days.max()))
    return frame[kept | (days.isna() & undated)]


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for the screen: shares in per cent, one decimal, days without a time, `yes`, nothing where unknown."""
    return pd.DataFrame(dict(_readable(str(name), column) for name, column in frame.items()), index=frame.index)


def _readable(name: str, column: pd.Series) -> tuple[str, pd.Series]:
    words, types = name.replace("_", " ").replace("creative id", "Creative ID"), pd.api.types
    if name in _PERCENT:
        return f"{words}, %", (column * 100).round(1)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return f"{words}, {column.dtype.tz}", column.dt.strftime("%Y-%m-%d %H:%M").fillna("")
    if types.is_datetime64_any_dtype(column):
        days = (column.dropna() == column.dropna().dt.normalize()).all()
        return words, column.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M").fillna("")
    if types.is_bool_dtype(column):
        return words, column.map({True: "yes", False: ""})
    if types.is_float_dtype(column):
        return words, column.round(1).replace(float("inf"), float("nan"))
    return words, column if types.is_numeric_dtype(column) else column.astype(object).where(column.notna(), "")


def texts(frame: pd.DataFrame) -> list[list[str]]:
    """The cells as text, row by row; what is missing is empty."""
    return frame.astype(object).where(frame.notna(), "").astype(str).to_numpy().tolist()
