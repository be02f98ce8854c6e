"""Measure the difference of two snapshots against csv-diff, datacompy and pandas, and write `diff.md`.

Used as `python tests/benchmarks/diff.py`; it takes some minutes. Each contender starts in a
process of its own from two CSV files and ends with the rows added, the rows removed and the fields changed; all must
find the same. They take turns, and the median counts, because the machine has other things to do. Nothing else is
asserted.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import Used, alone, head, tell, write

SIZES = {10_000: 7, 100_000: 5}  # rows, and how often each contender runs
ORDERS = ("same", "other")
KEY = "creative_id"
OURS = "tjtools"

Found = Counter[str]  # how many rows were added and removed, and how often each field changed


def pair(folder: Path, rows: int, order: str) -> tuple[Path, Path]:
    """Two snapshots, written by a process of its own: what this one holds would count as its children's peak."""
    paths = folder / f"old_{rows}_{order}.csv", folder / f"new_{rows}_{order}.csv"
    subprocess.run([sys.executable, __file__, "write", *map(str, paths), str(rows), order], check=True)
    return paths


def write_pair(old_path: Path, new_path: Path, rows: int, order: str) -> None:
    """Write two snapshots: 1 % of the rows are added, 1 % removed, 1 % renamed, and the status of 1 % changed."""
    from library import COLUMNS, _row

    chance = random.Random(rows)  # noqa: S311  # the same rows each time
    ids = [str(1_030_000_000 + 5 * number + chance.randint(0, 4)) for number in range(rows + rows // 100)]
    every = [_row(chance, creative_id, name) for name, creative_id in enumerate(ids)]
    old, added = every[:rows], every[rows:]
    touched = chance.sample(range(rows), 3 * rows // 100)
    removed, renamed, reviewed = (set(touched[part::3]) for part in range(3))
    new = [
        [
            *row[:1],
            f"renamed {row[1]}" if number in renamed else row[1],
            *row[2:6],
            reviewed_as(row[6], number in reviewed),
        ]
        for number, row in enumerate(old)
        if number not in removed
    ] + added
    if order == "other":
        chance.shuffle(new)
    for path, lines in ((old_path, old), (new_path, new)):
        text = "".join(",".join(line) + "\n" for line in [COLUMNS, *lines])
        path.write_text(text, encoding="utf-8", newline="\n")


def reviewed_as(status: str, changed: bool) -> str:
    return status if not changed else "approved" if status != "approved" else "rejected"


def ours(old: Path, new: Path) -> Found:
    from tjtools.cache.snapshots import read_snapshot
    from tjtools.diff.libraries import diff_libraries

    difference = diff_libraries(read_snapshot(old), read_snapshot(new))
    changes = (*difference.status_changed, *difference.renamed, *difference.other)
    fields = Counter(change.field for change in changes)
    return fields + Counter(added=len(difference.added), removed=len(difference.removed))


def merge(old: Path, new: Path) -> Found:
    import pandas as pd

    before, after = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (old, new))
    merged = before.merge(after, on=KEY, how="outer", suffixes=("", " after"), indicator=True)
    both = merged[merged["_merge"] == "both"]
    changes = {
        name: both.loc[both[name] != both[f"{name} after"], [KEY, name, f"{name} after"]]
        for name in before.columns
        if name != KEY
    }
    added, removed = (merged[merged["_merge"] == side] for side in ("right_only", "left_only"))
    return counted(len(added), len(removed), {name: len(rows) for name, rows in changes.items()})


def csv_diff(old: Path, new: Path) -> Found:
    from csv_diff import compare, load_csv

    with old.open(encoding="utf-8", newline="") as before, new.open(encoding="utf-8", newline="") as after:
        found = compare(load_csv(before, key=KEY), load_csv(after, key=KEY))
    fields = Counter(name for row in found["changed"] for name in row["changes"])
    return counted(len(found["added"]), len(found["removed"]), fields)


def datacompy(old: Path, new: Path) -> Found:
    import pandas as pd
    from datacompy import PandasCompare

    before, after = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (old, new))
    found = PandasCompare(before, after, join_columns=KEY)
    fields = {column["column"]: int(column["unequal_cnt"]) for column in found.column_stats}
    return counted(len(found.df2_unq_rows), len(found.df1_unq_rows), fields)


CONTENDERS: dict[str, Callable[[Path, Path], Found]] = {
    OURS: ours,
    "merge": merge,
    "csv-diff": csv_diff,
    "datacompy": datacompy,
}


def counted(added: int, removed: int, fields: dict[str, int]) -> Found:
    return +Counter(fields, added=added, removed=removed)


def child(contender: str, old: Path, new: Path) -> None:
    """In a process of its own: what was found."""
    tell(CONTENDERS[contender](old, new))


def compared(old: Path, new: Path, runs: int) -> dict[str, Used]:
    """The median of each contender's runs; they take turns."""
    results: dict[str, list[Used]] = {contender: [] for contender in CONTENDERS}
    rows = sum(1 for _ in old.open("rb")) - 1
    share = rows // 100
    for _ in range(runs):
        for contender, each in results.items():
            run, found = alone(__file__, contender, old, new)
            assert Counter(found) == Counter(added=share, removed=share, filename=share, review_status=share), (
                contender,
                found,
            )
            each.append(run)
    return {contender: Used(*map(statistics.median, zip(*each, strict=True))) for contender, each in results.items()}


def table(results: dict[tuple[int, str], dict[str, Used]]) -> Iterator[str]:
    names = list(CONTENDERS)
    yield f"| rows | order | {' | '.join(names)} |"
    yield f"|--:|---|{'--:|' * len(names)}"
    for (rows, order), each in results.items():
        cells = [f"{run.seconds:.2f} s ({run.processor:.2f}), {run.peak:,.0f} MB" for run in each.values()]
        yield f"| {rows:,} | {order} | {' | '.join(cells)} |"


def ratios(results: dict[tuple[int, str], dict[str, Used]]) -> Iterator[str]:
    others = [name for name in CONTENDERS if name != OURS]
    yield f"| rows | order | {' | '.join(f'{name} ÷ ours' for name in others)} |"
    yield f"|--:|---|{'--:|' * len(others)}"
    for (rows, order), each in results.items():
        us = each[OURS]
        cells = [f"{each[name].seconds / us.seconds:.1f}×, {each[name].peak / us.peak:.1f}×" for name in others]
        yield f"| {rows:,} | {order} | {' | '.join(cells)} |"


def verdicts(results: dict[tuple[int, str], dict[str, Used]]) -> Iterator[str]:
    others = [name for name in CONTENDERS if name != OURS]
    for what, place in (("by the clock", 0), ("by processor time", 1)):
        worse = [
            f"{name} at {rows:,} rows, {order} order"
            for (rows, order), each in results.items()
            for name in others
            if each[OURS][place] >= each[name][place]
        ]
        met = f"not than {'; '.join(worse)}" if worse else "met at every size"
        yield f"- Faster than {', '.join(others)}, {what}: {met}."


def report(folder: Path) -> Iterator[str]:
    """The report's lines, in Markdown."""
    yield head(
        __file__,
        "The difference of two snapshots, measured",
        ("pandas", "csv-diff", "datacompy"),
        "Each contender runs in a process of its own, from two CSV files to the rows added, the rows removed and the"
        " fields changed, and the runs of all take turns; the median of"
        f" {' or '.join(map(str, sorted(set(SIZES.values()))))} counts. A run counts only if it found what was put"
        " there: 1 % added, 1 % removed, 1 % renamed and the status of 1 % changed. Nothing else is asserted.",
    )
    yield ""
    yield (
        "Each cell: the time of the whole process, in brackets its processor time on both cores, and its peak memory. "
        "Ours is what `tjtools diff` does before it shows anything: it checks every line, refuses what can't be "
        "compared by name and line, and knows which values are no change; the others compare text. In the other order, "
        "the new file's rows are shuffled. Merge is `pandas.merge(indicator=True)`."
    )
    yield ""
    results = {
        (rows, order): compared(*pair(folder, rows, order), runs) for rows, runs in SIZES.items() for order in ORDERS
    }
    yield from table(results)
    yield from ("", "Time, and memory:", "", *ratios(results), "", "## Wanted", "", *verdicts(results))


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write_pair(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    elif len(sys.argv) == 4:
        child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        write(__file__, report)
