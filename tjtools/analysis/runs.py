"""What was uploaded in which run, what came of it, and how it stands now."""

from __future__ import annotations

import pandas as pd

from tjtools.model.creative import ReviewStatus, UploadStatus

OUTCOMES = tuple(status.value for status in UploadStatus)
STANDS = (*(status.value for status in ReviewStatus), "unknown")
REAL = ("success", "duplicate", "failed", "unknown_id")  # what a run that handed nothing over does not have


def runs_table(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """One row a run and section, the latest first, of `runlog.load_runs(…).rows` and the library's frame.

    `run` (datetime64, local time), `batch` and `section` (str), `files` (int64), of these by outcome `success`,
    `duplicate`, `failed`, `skipped`, `dry_run` and `unknown_id` (int64); of those uploaded by how they stand in the
    library now `approved`, `pending`, `rejected`, `removed` and `unknown` (int64; `unknown` also where the library
    does not have the ID); `creative_ids` (str) of those uploaded, separated by a blank.
    """
    keys = ["run", "batch", "section"]
    uploaded = rows[(rows["status"] == "success") & (rows["creative_id"] != "")]
    stands = frame.drop_duplicates("creative_id").set_index("creative_id")["review_status"].astype(str)
    now = uploaded["creative_id"].map(stands).fillna("unknown")
    table = rows.groupby(keys).size().rename("files").to_frame()
    for column, values, names in ((rows, rows["status"], OUTCOMES), (uploaded, now, STANDS)):
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
    stands = frame.drop_duplicates("creative_id").set_index("creative_id")["review_status"].astype(str)
    now = found["creative_id"].map(stands).fillna("").astype("str")
    return found[["file_name", "creative_id", "status", "message"]].assign(review_status=now).reset_index(drop=True)
