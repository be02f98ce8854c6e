"""The library as a frame that pandas can work with: the file's columns, the section, and what the names tell."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.names import PARTS, parse_names
from tjtools.cache import Library
from tjtools.models import CreativeType, ReviewStatus, Section

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


def library_frame(library: Library) -> pd.DataFrame:
    """One row a creative, in the file's order; the index counts from 0.

    | column | dtype | what |
    |---|---|---|
    | creative_id, filename | str | as in the file |
    | section | category of `SECTIONS` | missing if unknown |
    | upload_date | datetime64 | the day it was added to the site; missing if nobody knows |
    | dimensions, file_type | str | missing if unknown |
    | review_status | category of `STATUSES` | `removed`: gone from the site |
    | prefix … unique_id | str; `duration` float64, in s | parts of the name; missing where it lacks them |
    | by_convention | bool | whether the name follows the convention |
    | extra columns | str | as in the file |

    An ID whose rows contradict each other has several rows.
    """
    texts = library.frame
    extra = [name for name in texts if name not in _OURS and name not in (*PARTS, "by_convention", "section")]
    frame = texts[["creative_id", "filename"]].copy()
    frame["section"] = _category(texts["creative_type"].map(_SECTION_OF_TYPE), SECTIONS)
    frame["upload_date"] = pd.to_datetime(texts["upload_date"].replace("", None), format="%Y-%m-%d", errors="coerce")
    for name in ("dimensions", "file_type"):
        frame[name] = texts[name].mask(texts[name] == "")
    frame["review_status"] = _category(texts["review_status"].mask(texts["review_status"] == "", UNKNOWN), STATUSES)
    return pd.concat([frame, parse_names(frame["filename"]), texts[extra]], axis=1)


_OURS = ("creative_id", "filename", "upload_date", "dimensions", "file_type", "creative_type", "review_status")


def _category(values: pd.Series[str], known: tuple[str, ...]) -> pd.Series:
    return values.astype(pd.CategoricalDtype(list(known)))


def on_site(frame: pd.DataFrame) -> pd.DataFrame:
    """The creatives that are not gone from the site."""
    return frame[frame["review_status"] != ReviewStatus.REMOVED.value]


def values_of(frame: pd.DataFrame, by: str) -> pd.Series[str]:
    """Each creative's value in one of the `DIMENSIONS`, as text; in words where it has none.

    A part that is missing is `(not in the name)` where the name follows the convention, and `(no convention)` where it
    does not; any other unknown value is `(unknown)`.
    """
    if by in PARTS:
        told = frame[by].astype(object)
        return told.where(told.notna(), frame["by_convention"].map({True: NOT_TOLD, False: NO_CONVENTION})).astype(str)
    return frame[by].astype(object).fillna(NOT_KNOWN).astype(str)
