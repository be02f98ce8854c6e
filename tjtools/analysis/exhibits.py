"""What the notebooks of the analysis and `tjtools report` show, each declared once.

An exhibit asks something of the tracking files, and shows a table, its finding in a sentence, a chart, the rows behind
each number, and the Python that makes the table. `LIBRARY` and `OUTCOMES` are the two lists that the faces loop over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import isfunction
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from tjtools.analysis import contents, findings, frame, rates, reviews, times
from tjtools.analysis.frame import SHOWN, behind, on_site, readable, spreadsheet, texts, values_of
from tjtools.analysis.sources import Asked, Files
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


def _drawn(chart: str, *of: object, where: object = True) -> Draw | None:
    """Draws a chart of `charts`; None where there is nothing to draw."""

    def draw(title: str) -> alt.TopLevelMixin:
        from tjtools.analysis import charts  # altair takes a second to import

        return charts.titled(getattr(charts, f"{chart}_chart")(*of), title)

    return draw if where else None


_MODULES = {"Path": "pathlib", "date": "datetime", "datetime": "datetime", "Library": "tjtools", "Workspace": "tjtools"}
_MODULES |= {"History": "tjtools.cache.history"}
for _one in (contents, frame, rates, reviews, times):
    _MODULES |= {name: one.__module__ for name, one in vars(_one).items() if isfunction(one)}
_READ = """\
workspace = Workspace.find(cwd=Path.cwd())
library, history = Library.load(workspace.library), History.of(workspace)
frame = library_frame(library, history)
"""
_ROWS = "rows = observations(history.load()[0])\n"
_STAYS = "stays = reviews(rows, history.last_times())\n"
_KEPT = 'stays = stays[stays["creative_id"].isin(frame["creative_id"])]\n'


def _python(call: str, asked: Asked, *others: Callable[..., object]) -> str:
    """The files read and kept as asked, and this call, with the imports, those of `others` too: to copy into a cell."""
    stays, known = "stays" in call, _MODULES | {one.__name__: one.__module__ for one in others}
    body = _READ + _ROWS * (stays or "rows" in call) + _STAYS * stays
    body += asked.code + _KEPT * (stays and asked.code != "") + call
    named = sorted({(known[name], name) for name in re.findall(r"\b\w+(?=[(.])", body) if name in known})
    lines = [
        f"from {module} import {', '.join(name for _, name in names)}"
        for module, names in groupby(named, key=lambda one: one[0])
    ]
    ours = [line for line in lines if line.startswith("from tjtools")]
    return "\n".join([*(line for line in lines if line not in ours), "", *ours, "", body]) + "\n"


@_exhibit("What is there", "values", follows=(*KEPT, "by"))
def inventory(files: Files, asked: Asked) -> Shown:
    frame, by = asked.keep(files.frame), asked.by
    table = contents.inventory(frame, by)
    return Shown(
        table,
        findings.of_inventory(table, by),
        _drawn("inventory", table, by, where=len(table)),
        _python(f"inventory(frame, {by!r})", asked),
        lambda place: behind(frame, by, table[by].iloc[place]),
    )


@_exhibit("Where is a gap?", "pairs", "Live: approved, and on the site.", (*KEPT, "across"))
def gaps(files: Files, asked: Asked) -> Shown:
    frame, across = asked.keep(files.frame), asked.across
    table, there = contents.gap_map(frame, across), on_site(frame)
    outside = len(there) - int(table[["live", "pending", "rejected", "unknown"]].to_numpy().sum())
    if asked.section and across == "section":
        table = table[table["section"] == asked.section].reset_index(drop=True)
    keys = {name: values_of(there, name) for name in ("category", across)}
    return Shown(
        table,
        findings.of_gaps(table, across, outside),
        _drawn("gap", table, across, where=len(table)),
        _python(f"gap_map(frame, columns={across!r})", asked),
        _behind(table, there[list(SHOWN)], **keys),
    )


@_exhibit(
    "Native pairs",
    "pairs",
    "Of the whole library, whatever is kept above: the halves of a pair stand in two sections.",
    (),
)
def native_pairs(files: Files, _asked: Asked) -> Shown:
    table = contents.native_pairs(files.frame)
    return Shown(
        table,
        findings.of_pairs(table),
        _drawn("pairs", table, where=len(table)),
        _python("native_pairs(frame)", Asked()),
        lambda place: contents.behind_pair(files.frame, table.iloc[place]),
    )


@_exhibit("When it was added", "periods and sections")
def uploads(files: Files, asked: Asked) -> Shown:
    frame = asked.keep(files.frame)
    every = contents.period_of(frame)
    table = contents.uploads(frame, every)
    return Shown(
        table,
        findings.of_uploads(table, every, int(on_site(frame)["upload_date"].isna().sum())),
        _drawn("uploads", table, every, where=len(table)),
        _python(f"uploads(frame, {every!r})", asked),
        _behind(table, frame[list(SHOWN)], period=contents.began(frame, every), section=values_of(frame, "section")),
    )


@_exhibit("How old it is", "classes of age")
def ages(files: Files, asked: Asked) -> Shown:
    there, today = on_site(asked.keep(files.frame)), files.clock()
    table, aged = contents.ages(there, today), contents.days_on_site(there, today)
    return Shown(
        table,
        findings.of_ages(table, aged),
        _drawn("ages", table, where=table["creatives"].any()),
        _python("ages(frame, datetime.now().astimezone())", asked),
        _behind(table, there[list(SHOWN)].join(aged[["days", "at_least"]]), age=aged["age"]),
    )


@_exhibit(
    "What was uploaded in which run",
    "runs and sections",
    "Those that started in the days above, and what they uploaded, as it stands in the library now.",
)
def runs(files: Files, asked: Asked) -> Shown:
    load = files.others.runs
    every, problems = load(files.workspace)
    rows = asked.keep(every, "run")
    table = contents.runs_table(rows, files.frame)
    now = reviews.of_ids(files.frame, rows["creative_id"], "review_status", "")
    uploaded = rows[["file_name", "creative_id", "status", "message"]].assign(review_status=now)
    return Shown(
        table,
        findings.of_runs(table) + "".join(f"; can't be read: {one}" for one in problems[:3]),
        _drawn("runs", table, where=not contents.dry(table).all()),
        _python(f"runs_table({load.__name__}(workspace).rows, frame)", asked, load),
        _behind(table, uploaded, run=rows["run"], section=rows["section"]),
    )


@_exhibit(
    "What is there twice",
    "creatives",
    "One creative of each group is kept: the best by its review, then the oldest. What went into the others are the"
    " reviews that the history saw, and at least one for each that was reviewed. The same content and the same looks"
    " are found among what tjtools uploaded, and what has a local copy that was looked at.",
)
def copies(files: Files, asked: Asked) -> Shown:
    same = files.others.same
    by_content, known = same(files.workspace, files.library)
    table = contents.copies(asked.keep(files.frame), by_content)
    call = f"by_content, known = {same.__name__}(workspace, library)\ncopies(frame, by_content)"
    drawn = _drawn("copies", table, where=len(table))
    return Shown(table, findings.of_copies(table, known), drawn, _python(call, asked, same))


@_exhibit("Names that break the convention", "creatives")
def odd_names(files: Files, asked: Asked) -> Shown:
    frame = asked.keep(files.frame)
    table = contents.odd_names(frame)
    drawn = _drawn("odd_names", table, where=len(table))
    return Shown(table, findings.of_odd_names(table, len(on_site(frame))), drawn, _python("odd_names(frame)", asked))


@_exhibit("What changed since you last looked", "creatives", follows=("last_looked",))
def changes(files: Files, asked: Asked) -> Shown:
    since = asked.last_looked or files.last_looked
    seen = files.seen[1] if files.seen and files.seen[0] == since else None
    table = reviews.changes_since(files.observations, files.frame, since, rows_seen=seen)
    more = "" if seen is None else f", rows_seen={seen}"
    call = f"since = datetime.fromisoformat({since.isoformat()!r})\nchanges_since(rows, frame, since{more})"
    drawn = _drawn("changes", table, where=len(table))
    return Shown(table, findings.of_changes(table, since), drawn, _python(call, Asked()))


@_exhibit(
    "What is approved",
    "values",
    "● approved among the decided; thick line: where the true rate lies, with 95 % confidence (Wilson); dashed line:"
    " the rate if all that wait were rejected, or approved. The chance of a difference from all others is corrected for"
    " looking at every value (Fisher, Holm).",
    (*KEPT, "by"),
)
def approval_rates(files: Files, asked: Asked) -> Shown:
    frame, by = asked.keep(files.frame), asked.by
    table = rates.approval_rates(frame, by)
    return Shown(
        table,
        findings.of_rates(table, rates.overall(frame), by),
        _drawn("rates", table, by, where=table["decided"].any()),
        _python(f"approval_rates(frame, {by!r})", asked),
        lambda place: behind(frame, by, table[by].iloc[place]),
    )


@_exhibit(
    "Two groups beside each other",
    "groups",
    "Thick line: where each true rate lies, with 95 % confidence. What is said of the difference (Newcombe's interval,"
    " Fisher's exact test) is corrected for all the pairs that you could have looked at.",
    (*KEPT, "by", "one", "other"),
)
def comparison(files: Files, asked: Asked) -> Shown:
    """Of the two values that are chosen, or else of the first."""
    frame, by = asked.keep(files.frame), asked.by
    table = rates.approval_rates(frame, by)
    values = table.loc[table["decided"] > 0, by].tolist()
    if len(values) < 2:
        return Shown(finding=findings.of_comparison(None, by))
    one = asked.one if asked.one in values else next(value for value in values if value != asked.other)
    other = asked.other if asked.other in values else next(value for value in values if value != one)
    compared = rates.compare(frame, by, one, other)
    return Shown(
        rates.comparison_table(compared),
        findings.of_comparison(compared, by),
        _drawn("comparison", compared),
        _python(f"comparison_table(compare(frame, {by!r}, {one!r}, {other!r}))", asked),
        lambda place: behind(frame, by, (one, other)[place]) if place < 2 else frame.head(0),
    )


@_exhibit(
    "What rejected creatives share",
    "values",
    "● rejected among the decided, with its interval of 95 %; | all other creatives. The chance of such a difference is"
    " corrected for every value of every part that was looked at (Fisher, Holm).",
)
def rejections(files: Files, asked: Asked) -> Shown:
    frame = asked.keep(files.frame)
    table = rates.rejected_in_common(frame)
    return Shown(
        table,
        findings.of_rejections(table, int((frame["review_status"] == "rejected").sum())),
        _drawn("rejections", table, where=len(table)),
        _python("rejected_in_common(frame)", asked),
        lambda place: behind(frame, table["part"].iloc[place], table["value"].iloc[place], "rejected"),
    )


@_exhibit(
    "The session beside what was rejected",
    "repeats",
    "By content and by looks, of the files that were looked at; rejected once counts, also if it is gone since.",
    (),
)
def repeats(files: Files, _asked: Asked) -> Shown:
    rejected = files.others.rejected
    table, number, unseen = rejected(files.workspace, files.library, files.rows)
    call = f"{rejected.__name__}(workspace, library, history.load()[0]).table"
    drawn = _drawn("repeats", table, where=len(table))
    return Shown(table, findings.of_repeats(table, number, unseen), drawn, _python(call, Asked(), rejected))


@_exhibit(
    "Time in review",
    "hours",
    "A decision is seen at the next look at the site, so that each time is known to lie between two looks, or to be"
    " longer than so far (Turnbull's estimate, averaged over samples drawn anew; band: the middle 95 % of these). The"
    " mean of the decided ones alone would be wrong: the slow ones are not in it yet, and it counts the wait for the"
    " next look as review.",
)
def time_in_review(files: Files, asked: Asked) -> Shown:
    stays = files.stays_of(asked.begun.keep(files.frame))
    review = times.time_in_review(stays)
    table, found = times.curve_table(review), findings.of_time(review)
    if review.decided:
        found += f"; the mean of the decided ones alone would say {findings.in_time(times.naive_mean(stays))}"
    return Shown(
        table,
        found,
        _drawn("time", review, where=len(table)),
        _python("curve_table(time_in_review(stays))", asked.begun),
        lambda place: times.behind_hours(stays, table["hours"].iloc[place]),
    )


@_exhibit(
    "What waits for review",
    "creatives",
    "The chance to be decided is reckoned from how long reviews took so far, given how long each has waited.",
    (*KEPT, "within"),
)
def pending(files: Files, asked: Asked) -> Shown:
    frame, days = asked.begun.keep(files.frame), asked.within
    table = times.waiting(files.stays_of(frame), frame, files.clock(), days=days)
    call = f"waiting(stays, frame, datetime.now().astimezone(), days={days})"
    drawn = _drawn("waiting", table, where=table["days"].notna().any())
    return Shown(table, findings.of_waiting(table, days), drawn, _python(call, asked.begun))


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
    (changes, approval_rates, comparison, rejections, repeats, time_in_review, pending),
    lambda files: files.review_notes,
    Asked(day="uploaded", undated=False, by="category"),
)
