"""The library as a frame for pandas: the file's columns, the section, what names tell, and what the history saw."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from tjtools.analysis.names import PARTS, parse_names
from tjtools.analysis.seen import SEEN, seen
from tjtools.cache.catalogue import uncollected
from tjtools.cache.history import History
from tjtools.cache.library import COLUMNS, Library
from tjtools.model.creative import CreativeType, ReviewStatus, Section

SECTIONS = tuple(section.value for section in Section)
STATUSES = (*(status.value for status in ReviewStatus), "unknown")
STANDING = ("approved", "pending", "rejected", "unknown")  # of what is still on the site
DIMENSIONS = {
    "section": "Section",
    "dimensions": "Dimensions",
    "file_type": "File type",
    "category": "Category",
    "creator": "Creator",
    "language": "Language",
    "rating": "Rating",
    "content_type": "Content type",
    "test_id": "Test ID",
    "review_status": "Review status",
}
UNKNOWN = "unknown"
LACKING = NOT_TOLD, NO_CONVENTION, NOT_KNOWN = ("(not in the name)", "(no convention)", "(unknown)")
_SECTION_OF_TYPE = {kind.value: kind.section.value for kind in CreativeType}


@uncollected()
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
    | changes | Int64 | changes of its status that were seen, to `removed` included |
    | reviews | Int64 | reviews that it took, at least |
    | extra columns | str | as in the file; one that has a name from above is called `file_` and that name |

    An ID whose rows contradict each other has several rows. `analysis.seen.seen` says how the history is understood.
    """
    texts = library.frame
    frame = texts[["creative_id", "filename"]].copy()
    frame["section"] = _category(texts["creative_type"].map(_SECTION_OF_TYPE), SECTIONS)
    days = pd.to_datetime(texts["upload_date"].replace("", None), format="%Y-%m-%d", errors="coerce")
    frame["upload_date"] = days.astype("datetime64[us]")
    for name in ("dimensions", "file_type"):
        frame[name] = texts[name].mask(texts[name] == "")
    frame["review_status"] = _category(texts["review_status"].mask(texts["review_status"] == "", UNKNOWN), STATUSES)
    unseen = pd.DataFrame(dict.fromkeys(SEEN), index=frame.index).astype(SEEN)
    frame = pd.concat([frame, parse_names(frame["filename"]), unseen], axis=1)
    extra = texts.drop(columns=list(COLUMNS))
    frame = pd.concat([frame, extra.rename(columns={name: f"file_{name}" for name in frame.columns})], axis=1)
    return with_history(frame, history) if history else frame


@uncollected()
def with_history(frame: pd.DataFrame, history: History) -> pd.DataFrame:
    """A frame that was made without the history, and what the history tells; raises what `History.load` raises."""
    told = seen(history.load()[0], history.last_times()).reindex(frame["creative_id"]).set_axis(frame.index)
    return frame.assign(**{name: told[name] for name in SEEN})


def _category(values: pd.Series[str], known: tuple[str, ...]) -> pd.Series:
    return values.astype(pd.CategoricalDtype(list(known)))


def on_site(frame: pd.DataFrame) -> pd.DataFrame:
    """The creatives that are not gone from the site."""
    return frame[frame["review_status"] != ReviewStatus.REMOVED.value]


def added_between(
    frame: pd.DataFrame, since: date | None = None, until: date | None = None, *, undated: bool = True
) -> pd.DataFrame:
    """The creatives added to the site from `since` to `until`, both days included; None: no bound.

    With a bound, `undated` says whether those of unknown day stay; without one, all stay.
    """
    if since is None and until is None:
        return frame
    day = frame["upload_date"]
    kept = day.notna()
    if since is not None:
        kept &= day >= np.datetime64(since)
    if until is not None:
        kept &= day <= np.datetime64(until)
    return frame[kept | day.isna()] if undated else frame[kept]


def values_of(frame: pd.DataFrame, by: str) -> pd.Series[str]:
    """Each creative's value in one of the `DIMENSIONS`, as text; in words where it has none.

    A part that is missing is `(not in the name)` where the name follows the convention, and `(no convention)` where it
    does not; any other unknown value is `(unknown)`.
    """
    if by in PARTS:
        told = frame[by].astype(object)
        return told.where(told.notna(), frame["by_convention"].map({True: NOT_TOLD, False: NO_CONVENTION})).astype(str)
    return frame[by].astype(object).fillna(NOT_KNOWN).astype(str)
