"""What the notebooks of the analysis and `tjtools report` show, each declared once.

An exhibit asks something of the tracking files, and shows a table, its finding in a sentence, a chart, the rows behind
each number, and the Python that makes the table. `LIBRARY` and `OUTCOMES` are the two lists that the faces loop over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from tjtools.analysis import contents, estimates, findings, reviews
from tjtools.analysis.frame import SHOWN, behind, on_site, readable, texts, values_of
from tjtools.analysis.sources import Asked, Files, python
from tjtools.model.errors import TrackingFileError
from tjtools.upload.run_files import load_runs
from tjtools.workspace.csvfile import neutralise, spreadsheet
from tjtools.workspace.settings import load_settings

if TYPE_CHECKING:
    import altair as alt

Draw = Callable[[str], "alt.TopLevelMixin"]
Behind = Callable[[int], pd.DataFrame]  # the rows that the table's row of this place was reckoned from
MOST = 200  # rows to choose from
_LONGEST_COPY = 5_000  # rows; longer tables are saved as a file


class Shown(NamedTuple):
    """What an exhibit shows: `draw`, if there is something to draw, makes the chart of a title, `code` the table."""

    frame: pd.DataFrame = pd.DataFrame()
    finding: str = ""
    draw: Draw | None = None
    code: str = ""
    behind: Behind | None = None

    @property
    def rows(self) -> list[str]:
        """What each row of the table is of, in words; only as many as fit a list to choose from."""
        if self.behind is None:
            return []
        shown = readable(self.frame.head(MOST))
        words = shown.loc[:, ~shown.apply(pd.api.types.is_numeric_dtype)].iloc[:, :2]
        if words.columns.empty:
            return [f"{shown.columns[0]}: {value:,.4g}" for value in self.frame.iloc[:MOST, 0]]
        return [": ".join(map(str, row)) for row in words.itertuples(index=False)]

    @property
    def csv(self) -> str:
        """The whole table, safe to open in a spreadsheet."""
        return spreadsheet(self._cells)

    @property
    def _cells(self) -> list[list[str]]:
        return [list(map(str, self.frame.columns)), *texts(self.frame)]

    @property
    def copied(self) -> str:
        """The table as a spreadsheet takes it from the clipboard; `""` where it is too long for that."""
        if len(self.frame) > _LONGEST_COPY:
            return ""
        return "\n".join("\t".join(neutralise(" ".join(cell.split())) for cell in row) for row in self._cells)

    @property
    def png(self) -> bytes:
        """The chart as a picture with its finding above it, on white, at twice the size of the screen's."""
        import vl_convert

        if self.draw is None:
            return b""
        from tjtools.analysis.charts import drawn_alike

        spec = drawn_alike(self.draw(self.finding)) | {"background": "white", "padding": 12}
        drawn: bytes = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
        return drawn


class Question(NamedTuple):
    """What is asked of which files; `frame` is what is kept of the library's."""

    files: Files
    asked: Asked
    frame: pd.DataFrame


Make = Callable[[Question], Shown]
KEPT = ("section", "day", "since", "until", "undated")


class Exhibit(NamedTuple):
    """One question: `what` the rows of its table are, how it is answered, and what is `explained` below it.

    `follows` names the parts of `Asked` that the answer depends on.
    """

    name: str
    heading: str
    what: str
    make: Make = lambda *_: Shown()
    explained: str = ""
    follows: tuple[str, ...] = KEPT

    def shown(self, files: Files, asked: Asked) -> Shown:
        """The answer; where a file that it needs can't be read, that is what it says."""
        try:
            return self.make(Question(files, asked, asked.keep(files.frame)))
        except TrackingFileError as error:
            return Shown(finding=f"This can't be told. {error}")


def _exhibit(
    heading: str, what: str, explained: str = "", follows: tuple[str, ...] = KEPT
) -> Callable[[Make], Exhibit]:
    return lambda make: Exhibit(make.__name__, heading, what, make, explained, follows)


def _behind(table: pd.DataFrame, rows: pd.DataFrame, **keys: pd.Series) -> Behind:
    """Of `rows` those that a row of the table counts: the ones whose keys are as its columns say."""

    def behind(place: int) -> pd.DataFrame:
        same = np.logical_and.reduce([of == table[name].iloc[place] for name, of in keys.items()])
        return rows.loc[same].reset_index(drop=True)

    return behind


def _drawn(chart: str, *of: Any, where: object = None) -> Draw | None:
    """Draws a chart of `charts`; None where there is nothing to draw, by `where` or else by the first that it is of."""

    def draw(title: str) -> alt.TopLevelMixin:
        from tjtools.analysis import charts  # altair takes a second to import

        return charts.titled(getattr(charts, f"{chart}_chart")(*of), title)

    return draw if (len(of[0]) if where is None else where) else None


@_exhibit("What is there", "values", follows=(*KEPT, "by"))
def inventory(it: Question) -> Shown:
    by, table = it.asked.by, contents.inventory(it.frame, it.asked.by)
    return Shown(
        table,
        findings.of_inventory(table, by),
        _drawn("inventory", table, by),
        python(f"inventory(frame, {by!r})", it.asked),
        lambda place: behind(it.frame, by, table[by].iloc[place]),
    )


@_exhibit("Where is a gap?", "pairs", "Live: approved, and on the site.", (*KEPT, "across"))
def gaps(it: Question) -> Shown:
    across, there = it.asked.across, on_site(it.frame)
    table = contents.gap_map(there, across)
    outside = len(there) - int(table[["live", "pending", "rejected", "unknown"]].to_numpy().sum())
    if it.asked.section and across == "section":
        table = table[table["section"] == it.asked.section].reset_index(drop=True)
    return Shown(
        table,
        findings.of_gaps(table, across, outside),
        _drawn("gap", table, across),
        python(f"gap_map(frame, columns={across!r})", it.asked),
        _behind(table, there[list(SHOWN)], **{name: values_of(there, name) for name in ("category", across)}),
    )


@_exhibit("Native pairs", "pairs", "Of the whole library: the halves of a pair stand in two sections.", ())
def native_pairs(it: Question) -> Shown:
    suffixes = load_settings(it.files.workspace).names.pair_suffixes
    table = contents.native_pairs(it.files.frame, suffixes)
    return Shown(
        table,
        findings.of_pairs(table),
        _drawn("pairs", table),
        python(f"native_pairs(frame, {suffixes})" if suffixes else "native_pairs(frame)"),
        lambda place: contents.behind_pair(it.files.frame, table.iloc[place]),
    )


@_exhibit("When it was added", "periods and sections")
def uploads(it: Question) -> Shown:
    every, shared = contents.period_of(it.frame), contents.shared_days(it.frame)
    table, days = contents.uploads(it.frame, every), it.frame["upload_date"]
    apart = contents.uploads(it.frame[~days.isin(shared.index)], every)
    said = findings.of_shared_days(shared, int(days.notna().sum()))
    keys = {"period": contents.began(it.frame, every), "section": values_of(it.frame, "section")}
    return Shown(
        table,
        findings.of_uploads(apart, every, int(on_site(it.frame)["upload_date"].isna().sum()), said),
        _drawn("uploads", table, every),
        python(f"uploads(frame, {every!r})", it.asked),
        _behind(table, it.frame[list(SHOWN)], **keys),
    )


@_exhibit("How old it is", "classes of age")
def ages(it: Question) -> Shown:
    there, today = on_site(it.frame), it.files.clock()
    table, aged = contents.ages(there, today), contents.days_on_site(there, today)
    said = findings.of_shared_days(contents.shared_days(there), int(there["upload_date"].notna().sum()))
    return Shown(
        table,
        findings.of_ages(table, aged, said),
        _drawn("ages", table, where=len(there)),
        python("ages(frame, datetime.now().astimezone())", it.asked),
        _behind(table, there[list(SHOWN)].join(aged[["days", "at_least"]]), age=aged["age"]),
    )


@_exhibit("What was uploaded in which run", "runs and sections", "As what they uploaded stands in the library now.")
def runs(it: Question) -> Shown:
    every, problems = load_runs(it.files.workspace)
    rows = it.asked.keep(every, "run")
    table = contents.runs_table(rows, it.files.frame)
    now = reviews.of_ids(it.files.frame, rows["creative_id"], "review_status", "")
    return Shown(
        table,
        findings.of_runs(table) + "".join(f"; can't be read: {one}" for one in problems[:3]),
        _drawn("runs", table, where=not contents.dry(table).all()),
        python("runs_table(load_runs(workspace).rows, frame)", it.asked),
        _behind(
            table,
            rows[["file_name", "creative_id", "status", "message"]].assign(review_status=now),
            run=rows["run"],
            section=rows["section"],
        ),
    )


@_exhibit(
    "What is there twice",
    "creatives",
    "Kept: the best of each group by its review, then the oldest. Content is compared where tjtools uploaded it, or has"
    " looked at a local copy.",
)
def copies(it: Question) -> Shown:
    by_content, known = it.files.groups()
    table = contents.copies(it.frame, by_content)
    call = "by_content, known = known_groups(workspace, library)\ncopies(frame, by_content)"
    return Shown(table, findings.of_copies(table, known), _drawn("copies", table), python(call, it.asked))


@_exhibit("Names that break the convention", "creatives")
def odd_names(it: Question) -> Shown:
    table = contents.odd_names(it.frame)
    finding = findings.of_odd_names(table, len(on_site(it.frame)))
    return Shown(table, finding, _drawn("odd_names", table), python("odd_names(frame)", it.asked))


@_exhibit("What changed since you last looked", "creatives", follows=("last_looked",))
def changes(it: Question) -> Shown:
    since = it.asked.last_looked or it.files.last_looked
    seen, table = it.files.rows_seen(since), it.files.changed(since)
    more = "" if seen is None else f", rows_seen={seen}"
    call = f"since = datetime.fromisoformat({since.isoformat()!r})\nchanges_since(rows, frame, since{more})"
    return Shown(table, findings.of_changes(table, since), _drawn("changes", table), python(call))


@_exhibit(
    "What is approved",
    "values",
    "● approved of the decided. Thick line: where the true rate lies, 95 % sure. Dashed line: if all that wait were"
    " rejected, or approved.",
    (*KEPT, "by"),
)
def approval_rates(it: Question) -> Shown:
    by, table = it.asked.by, estimates.approval_rates(it.frame, it.asked.by)
    return Shown(
        table,
        findings.of_rates(table, estimates.overall(it.frame), by),
        _drawn("rates", table, by, where=table["decided"].any()),
        python(f"approval_rates(frame, {by!r})", it.asked),
        lambda place: behind(it.frame, by, table[by].iloc[place]),
    )


@_exhibit(
    "What rejected creatives share",
    "values",
    "● rejected of the decided. Thick line: where the true rate lies, 95 % sure. | all other creatives.",
)
def rejections(it: Question) -> Shown:
    table = estimates.rejected_in_common(it.frame)
    return Shown(
        table,
        findings.of_rejections(table, int((it.frame["review_status"] == "rejected").sum())),
        _drawn("rejections", table),
        python("rejected_in_common(frame)", it.asked),
        lambda place: behind(it.frame, table["part"].iloc[place], table["value"].iloc[place], "rejected"),
    )


@_exhibit("The session beside what was rejected", "repeats", "Rejected once counts, also if it is gone since.", ())
def repeats(it: Question) -> Shown:
    table, number, unseen = it.files.repeats()
    code = python("repeats_of_rejected(workspace, library, history.load()[0]).table")
    return Shown(table, findings.of_repeats(table, number, unseen), _drawn("repeats", table), code)


@_exhibit(
    "Time in review",
    "hours",
    "Band: where the truth lies, 95 % sure. A decision is seen at the next look at the site; those that still wait"
    " count as longer than so far.",
)
def time_in_review(it: Question) -> Shown:
    stays, review = it.files.stays_of(it.asked.begun.keep(it.files.frame)), it.files.time_in_review(it.asked)
    table = estimates.curve_table(review)
    return Shown(
        table,
        findings.of_time(review),
        _drawn("time", review, where=len(table)),
        python("curve_table(time_in_review(stays))", it.asked.begun),
        lambda place: estimates.behind_hours(stays, table["hours"].iloc[place]),
    )


@_exhibit(
    "What waits for review",
    "creatives",
    "Chance: from how long reviews took so far, and how long each has waited.",
    (*KEPT, "within"),
)
def pending(it: Question) -> Shown:
    begun, days = it.asked.begun.keep(it.files.frame), it.asked.within
    review = it.files.time_in_review(it.asked)
    table = estimates.waiting(it.files.stays_of(begun), begun, it.files.clock(), review, days)
    drawn = _drawn("waiting", table, where=table["days"].notna().any())
    code = python(f"waiting(stays, frame, datetime.now().astimezone(), days={days})", it.asked.begun)
    return Shown(table, findings.of_waiting(table, days), drawn, code)


class Collection(NamedTuple):
    """The exhibits of one notebook, what is said above them, and what they show where nobody asks for anything else."""

    title: str
    exhibits: tuple[Exhibit, ...]
    notes: Callable[[Files], tuple[str, ...]]
    asked: Asked


LIBRARY = Collection(
    "The library",
    (inventory, gaps, native_pairs, uploads, ages, runs, copies, odd_names),
    lambda files: files.notes,
    Asked(),
)
OUTCOMES = Collection(
    "Review outcomes",
    (changes, approval_rates, rejections, repeats, time_in_review, pending),
    lambda files: files.review_notes,
    Asked(day="uploaded", undated=False, by="category"),
)
