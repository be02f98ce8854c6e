"""The creatives behind a number."""

from __future__ import annotations

import pandas as pd

from tjtools.analysis.frame import on_site, values_of

SHOWN = ("creative_id", "filename", "section", "review_status", "upload_date")


def behind(frame: pd.DataFrame, by: str, value: str, *statuses: str) -> pd.DataFrame:
    """The creatives that a row of a table by a dimension counts: those on the site that have this value.

    `value` is as the table writes it, also `(unknown)` and the like; `statuses` keep only those. Columns:
    `creative_id`, `filename`, `section`, `review_status`, `upload_date`, as in `library_frame`.

    ::

        behind(frame, "category", "Sports")                  # all of them
        behind(frame, "category", "Sports", "rejected")      # the rejected ones
    """
    there = on_site(frame)
    found = there[values_of(there, by) == value]
    found = found[found["review_status"].isin(statuses)] if statuses else found
    return found[list(SHOWN)].reset_index(drop=True)
