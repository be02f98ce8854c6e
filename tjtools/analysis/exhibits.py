"""What the notebooks of the analysis and `tjtools report` show, each declared once.

An exhibit asks something of the tracking files, and shows a table, its finding in a sentence, a chart, the rows behind
each number, and the Python that makes the table. `LIBRARY` and `OUTCOMES` are the two lists that the faces loop over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from tjtools.analysis import findings
from tjtools.analysis.contents import (
    added_in,
    ages,
    behind_pair,
    copies,
    dry,
    files_of,
    gap_map,
    inventory,
    median_age,
    native_pairs,
    odd_names,
    of_age,
    period_of,
    runs_table,
    uploads,
)
from tjtools.analysis.frame import behind, on_site, readable, spreadsheet, texts, values_of
from tjtools.analysis.rates import approval_rates, compare, comparison_table, overall, rejected_in_common
from tjtools.analysis.reviews import changes_since
from tjtools.analysis.sources import Asked, Files, python
from tjtools.analysis.times import behind_hours, curve_table, naive_mean, time_in_review, waiting
from tjtools.model.errors import TrackingFileError
from tjtools.workspace.csvfile import neutralise

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
        return spreadsheet(self.frame)

    @property
    def copied(self) -> str:
        """The table as a spreadsheet takes it from the clipboard; `""` where it is too long for that."""
        if len(self.frame) > _LONGEST_COPY:
            return ""
        rows = [list(map(str, self.frame.columns)), *texts(self.frame)]
        return "\n".join("\t".join(neutralise(" ".join(cell.split())) for cell in row) for row in rows)

    @property
    def png(self) -> bytes:
        """The chart as a picture with its finding above it, on white, at twice the size of the screen's."""
        import vl_convert

        if self.draw is None:
            return b""
        spec = self.draw(self.finding).to_dict() | {"background": "white", "padding": 12}
        drawn: bytes = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
        return drawn


Make = Callable[[Files, Asked], Shown]
KEPT = ("section", "day", "since", "until", "undated")


class Exhibit(NamedTuple):
    """One question: `what` the rows of its table are, how it is answered, and what is `explained` below it.

    `follows` names the parts of `Asked` that the answer depends on.
    """

    name: str
    heading: str
    what: str
    make: Make = lambda _files, _asked: Shown()
    explained: str = ""
    follows: tuple[str, ...] = KEPT

    def shown(self, files: Files, asked: Asked) -> Shown:
        """The answer; where a file that it needs can't be read, that is what it says."""
        try:
            return self.make(files, asked)
        except TrackingFileError as error:
            return Shown(finding=f"This can't be told. {error}")


def _drawn(chart: str, *of: object, where: object = True) -> Draw | None:
    """Draws a chart of `charts`; None where there is nothing to draw."""

    def draw(title: str) -> alt.TopLevelMixin:
        from tjtools.analysis import charts  # altair takes a second to import

        drawn: alt.TopLevelMixin = getattr(charts, chart)(*of, title)
        return drawn

    return draw if where else None


def _inventory(files: Files, asked: Asked) -> Shown:
    frame, by = asked.keep(files.frame), asked.by
    table = inventory(frame, by)
    return Shown(
        table,
        findings.of_inventory(table, by),
        _drawn("inventory_chart", table, by, where=len(table)),
        python(f"inventory(frame, {by!r})", asked, inventory),
        lambda place: behind(frame, by, table[by].iloc[place]),
    )


def _gaps(files: Files, asked: Asked) -> Shown:
    frame, across = asked.keep(files.frame), asked.across
    table = gap_map(frame, columns=across)
    outside = len(on_site(frame)) - int(table[["live", "pending", "rejected", "unknown"]].to_numpy().sum())
    if asked.section and across == "section":
        table = table[table["section"] == asked.section].reset_index(drop=True)

    def creatives(place: int) -> pd.DataFrame:
        one = table.iloc[place]
        return behind(frame[values_of(frame, across) == one[across]], "category", one["category"])

    return Shown(
        table,
        findings.of_gaps(table, columns=across, outside=outside),
        _drawn("gap_chart", table, "category", across, where=len(table)),
        python(f"gap_map(frame, columns={across!r})", asked, gap_map),
        creatives,
    )


def _pairs(files: Files, _asked: Asked) -> Shown:
    table = native_pairs(files.frame)
    return Shown(
        table,
        findings.of_pairs(table),
        _drawn("pairs_chart", table, where=len(table)),
        python("native_pairs(frame)", Asked(), native_pairs),
        lambda place: behind_pair(files.frame, table.iloc[place]),
    )


def _uploads(files: Files, asked: Asked) -> Shown:
    frame = asked.keep(files.frame)
    every = period_of(frame)
    table = uploads(frame, every)
    return Shown(
        table,
        findings.of_uploads(table, every, int(on_site(frame)["upload_date"].isna().sum())),
        _drawn("uploads_chart", table, every, where=len(table)),
        python(f"uploads(frame, {every!r})", asked, uploads),
        lambda place: added_in(frame, table["period"].iloc[place], table["section"].iloc[place], every),
    )


def _ages(files: Files, asked: Asked) -> Shown:
    frame, today = asked.keep(files.frame), files.clock()
    table = ages(frame, today)
    return Shown(
        table,
        findings.of_ages(table, median_age(frame, today)),
        _drawn("ages_chart", table, where=table["creatives"].any()),
        python("ages(frame, datetime.now().astimezone())", asked, ages),
        lambda place: of_age(frame, today, table["age"].iloc[place]),
    )


def _runs(files: Files, asked: Asked) -> Shown:
    load = files.others.runs
    every, problems = load(files.workspace)
    rows, frame = asked.keep(every, "run"), files.frame
    table = runs_table(rows, frame)
    return Shown(
        table,
        findings.of_runs(table) + "".join(f"; can't be read: {one}" for one in problems[:3]),
        _drawn("runs_chart", table, where=not dry(table).all()),
        python(
            f"runs_table({files.others.runs.__name__}(workspace).rows, frame)", asked, runs_table, files.others.runs
        ),
        lambda place: files_of(rows, frame, table["run"].iloc[place], table["section"].iloc[place]),
    )


def _copies(files: Files, asked: Asked) -> Shown:
    same = files.others.same
    by_content, known = same(files.workspace, files.library)
    table = copies(asked.keep(files.frame), by_content)
    call = f"by_content, known = {same.__name__}(workspace, library)\ncopies(frame, by_content)"
    drawn = _drawn("copies_chart", table, where=len(table))
    return Shown(table, findings.of_copies(table, known), drawn, python(call, asked, copies, same))


def _odd_names(files: Files, asked: Asked) -> Shown:
    frame = asked.keep(files.frame)
    table = odd_names(frame)
    drawn, code = _drawn("odd_names_chart", table, where=len(table)), python("odd_names(frame)", asked, odd_names)
    return Shown(table, findings.of_odd_names(table, len(on_site(frame))), drawn, code)


def _changes(files: Files, asked: Asked) -> Shown:
    since = asked.last_looked or files.last_looked
    seen = files.seen[1] if files.seen and files.seen[0] == since else None
    table = changes_since(files.observations, files.frame, since, rows_seen=seen)
    more = "" if seen is None else f", rows_seen={seen}"
    call = f"since = datetime.fromisoformat({since.isoformat()!r})\nchanges_since(rows, frame, since{more})"
    drawn, code = _drawn("changes_chart", table, where=len(table)), python(call, Asked(), changes_since)
    return Shown(table, findings.of_changes(table, since), drawn, code)


def _rates(files: Files, asked: Asked) -> Shown:
    frame, by = asked.keep(files.frame), asked.by
    table = approval_rates(frame, by)
    return Shown(
        table,
        findings.of_rates(table, overall(frame), by),
        _drawn("rates_chart", table, by, where=table["decided"].any()),
        python(f"approval_rates(frame, {by!r})", asked, approval_rates),
        lambda place: behind(frame, by, table[by].iloc[place]),
    )


def _comparison(files: Files, asked: Asked) -> Shown:
    """Of the two values that are chosen, or else of the first."""
    frame, by = asked.keep(files.frame), asked.by
    rates = approval_rates(frame, by)
    values = rates.loc[rates["decided"] > 0, by].tolist()
    if len(values) < 2:
        return Shown(finding=findings.of_comparison(None, by))
    one = asked.one if asked.one in values else next(value for value in values if value != asked.other)
    other = asked.other if asked.other in values else next(value for value in values if value != one)
    compared = compare(frame, by, one, other)
    call = f"comparison_table(compare(frame, {by!r}, {one!r}, {other!r}))"
    return Shown(
        comparison_table(compared),
        findings.of_comparison(compared, by),
        _drawn("comparison_chart", compared),
        python(call, asked, comparison_table, compare),
        lambda place: behind(frame, by, (one, other)[place]) if place < 2 else frame.head(0),
    )


def _rejections(files: Files, asked: Asked) -> Shown:
    frame = asked.keep(files.frame)
    table = rejected_in_common(frame)
    return Shown(
        table,
        findings.of_rejections(table, int((frame["review_status"] == "rejected").sum())),
        _drawn("rejections_chart", table, where=len(table)),
        python("rejected_in_common(frame)", asked, rejected_in_common),
        lambda place: behind(frame, table["part"].iloc[place], table["value"].iloc[place], "rejected"),
    )


def _repeats(files: Files, _asked: Asked) -> Shown:
    rejected = files.others.rejected
    table, number, unseen = rejected(files.workspace, files.library, files.rows)
    call = f"{rejected.__name__}(workspace, library, history.load()[0]).table"
    drawn = _drawn("repeats_chart", table, where=len(table))
    return Shown(table, findings.of_repeats(table, number, unseen), drawn, python(call, Asked(), rejected))


def _time(files: Files, asked: Asked) -> Shown:
    review, stays = files.review(asked.begun), files.stays_of(asked.begun.keep(files.frame))
    table, found = curve_table(review), findings.of_time(review)
    if review.decided:
        found += f"; the mean of the decided ones alone would say {findings.in_time(naive_mean(stays))}"
    return Shown(
        table,
        found,
        _drawn("time_chart", review, where=len(table)),
        python("curve_table(time_in_review(stays))", asked.begun, curve_table, time_in_review),
        lambda place: behind_hours(stays, table["hours"].iloc[place]),
    )


def _waiting(files: Files, asked: Asked) -> Shown:
    frame = asked.begun.keep(files.frame)
    table = waiting(files.stays_of(frame), frame, files.clock(), files.review(asked.begun), asked.within)
    call = f"waiting(stays, frame, datetime.now().astimezone(), days={asked.within})"
    drawn, code = _drawn("waiting_chart", table, where=table["days"].notna().any()), python(call, asked.begun, waiting)
    return Shown(table, findings.of_waiting(table, asked.within), drawn, code)


class Collection(NamedTuple):
    """The exhibits of one notebook, what is said above them, and what they show where nobody asks for anything else."""

    title: str
    exhibits: tuple[Exhibit, ...]
    notes: Callable[[Files], tuple[str, ...]]
    asked: Asked


_PAIRS = "Of the whole library, whatever is kept above: the halves of a pair stand in two sections."
_RUNS = "Those that started in the days above, and what they uploaded, as it stands in the library now."
_COPIES = (
    "One creative of each group is kept: the best by its review, then the oldest. What went into the others are the"
    " reviews that the history saw, and at least one for each that was reviewed. The same content and the same looks"
    " are found among what tjtools uploaded, and what has a local copy that was looked at."
)
_RATES = (
    "● approved among the decided; thick line: where the true rate lies, with 95 % confidence (Wilson); dashed line:"
    " the rate if all that wait were rejected, or approved. The chance of a difference from all others is corrected for"
    " looking at every value (Fisher, Holm)."
)
_COMPARISON = (
    "Thick line: where each true rate lies, with 95 % confidence. What is said of the difference (Newcombe's interval,"
    " Fisher's exact test) is corrected for all the pairs that you could have looked at."
)
_REJECTIONS = (
    "● rejected among the decided, with its interval of 95 %; | all other creatives. The chance of such a difference is"
    " corrected for every value of every part that was looked at (Fisher, Holm)."
)
_REPEATS = "By content and by looks, of the files that were looked at; rejected once counts, also if it is gone since."
_TIME = (
    "A decision is seen at the next look at the site, so that each time is known to lie between two looks, or to be"
    " longer than so far (Turnbull's estimate, averaged over samples drawn anew; band: the middle 95 % of these). The"
    " mean of the decided ones alone would be wrong: the slow ones are not in it yet, and it counts the wait for the"
    " next look as review."
)
_WAITING = "The chance to be decided is reckoned from how long reviews took so far, given how long each has waited."
LIBRARY = Collection(
    "The library",
    (
        Exhibit("inventory", "What is there", "values", _inventory, follows=(*KEPT, "by")),
        Exhibit("gaps", "Where is a gap?", "pairs", _gaps, "Live: approved, and on the site.", (*KEPT, "across")),
        Exhibit("native_pairs", "Native pairs", "pairs", _pairs, _PAIRS, ()),
        Exhibit("uploads", "When it was added", "periods and sections", _uploads),
        Exhibit("ages", "How old it is", "classes of age", _ages),
        Exhibit("runs", "What was uploaded in which run", "runs and sections", _runs, _RUNS),
        Exhibit("copies", "What is there twice", "creatives", _copies, _COPIES),
        Exhibit("odd_names", "Names that break the convention", "creatives", _odd_names),
    ),
    lambda files: files.notes,
    Asked(),
)
OUTCOMES = Collection(
    "Review outcomes",
    (
        Exhibit("changes", "What changed since you last looked", "creatives", _changes, follows=("last_looked",)),
        Exhibit("approval_rates", "What is approved", "values", _rates, _RATES, (*KEPT, "by")),
        Exhibit(
            "comparison",
            "Two groups beside each other",
            "groups",
            _comparison,
            _COMPARISON,
            (*KEPT, "by", "one", "other"),
        ),
        Exhibit("rejections", "What rejected creatives share", "values", _rejections, _REJECTIONS),
        Exhibit("repeats", "The session beside what was rejected", "repeats", _repeats, _REPEATS, ()),
        Exhibit("time_in_review", "Time in review", "hours", _time, _TIME),
        Exhibit("pending", "What waits for review", "creatives", _waiting, _WAITING, (*KEPT, "within")),
    ),
    lambda files: files.review_notes,
    Asked(day="uploaded", undated=False, by="category"),
)
