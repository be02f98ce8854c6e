"""Measure the notebooks of the analysis against the same tables in plain pandas, and write `analysis.md` beside it.

Run as `python tests/benchmarks/analysis.py`; it takes some minutes. Notebooks 04 and 05 run as they are, each in a
fresh kernel, on 100,000 creatives and 500,000 rows of history, and once on a million creatives; the peer reads the same
files and makes the tables with `groupby`, without intervals, tests, charts or words. They take turns. What is embedded
in the charts is counted in what the kernel would send to a browser. Nothing is asserted.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness import ROOT, alone, head, tell, write

sys.path.insert(0, str(Path(__file__).parent.parent))  # the generator, which the tests use too

NOTEBOOKS = ("04_library_analysis.ipynb", "05_review_outcomes.ipynb")
CREATIVES, OBSERVATIONS, RUNS = 100_000, 500_000, 3
MILLION = 1_000_000
WANTED_SECONDS, WANTED_MB, WANTED_ROWS = 15, 1500, 5000
_PEAK = "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"


class Run(NamedTuple):
    """One run: seconds by the clock and of the processor, the kernel's or process's peak memory (MB), and the rows that
    each chart embeds.
    """

    seconds: float
    processor: float
    megabytes: float
    rows: tuple[int, ...] = ()


def write_workspace(root: Path, creatives: int, observations: int) -> None:
    """A year's tracking files; half of the names follow no convention, a third belongs to native pairs."""
    import reviewed

    from tjtools.workspace.folder import Workspace

    workspace = Workspace(root)
    truth = reviewed.year(creatives, 1)
    reviewed.write(workspace, truth, reviewed.looks(truth, 24, 2))
    header, *lines = workspace.library.read_text("utf-8").splitlines()
    renamed = [_as_in_real_life(number, line.split(",")) for number, line in enumerate(lines)]
    workspace.library.write_text("\n".join([header, *map(",".join, renamed)]) + "\n", "utf-8")
    rows = workspace.history.read_text("utf-8").splitlines()
    lacking, number = observations - len(rows) + 1, 0
    while lacking > 1:  # later stays of the same creatives: reviewed again
        day, one = 1 + number // creatives, lines[number % creatives].split(",")[0]
        rows.append(
            f"2026-01-{2 * day:02}T10:00:00Z,{one},x,approved,pending,2026-01-{2 * day - 1:02}T10:00:00Z,refresh"
        )
        rows.append(f"2026-01-{2 * day:02}T20:00:00Z,{one},x,pending,approved,2026-01-{2 * day:02}T12:00:00Z,refresh")
        lacking, number = lacking - 2, number + 1
    workspace.history.write_text("\n".join(rows) + "\n", "utf-8")


def _as_in_real_life(number: int, fields: list[str]) -> list[str]:
    """The row with another name, and in one of all five sections."""
    pair, creator, test = number // 2, ("Ana", "Bo", "Cleo", "Dan", "Eve", "Fay")[number % 6], number % 400
    if number % 3 == 0:
        fields[5] = ("native_video", "native_image")[number % 2]
        head, tail = (("VID", "VID"), ("IMG", "IMG"))[number % 2]
        fields[1] = f"{head}_{fields[1].rsplit('_', 2)[0]}_4sec_ID-{pair:08X}-{tail}"
    elif number % 2:
        fields[1] = f"banner {number} final"
    else:
        fields[1] = fields[1].replace("_Ana_9sec_", f"_{creator}_9sec_T-{test}_")
    fields[2] = fields[2] if number % 4 else ""
    return fields


def ours(root: Path) -> Run:
    """Both notebooks, each in a kernel of its own, from its start to its end."""
    seconds = processor = 0.0
    megabytes, rows = 0, []
    for name in NOTEBOOKS:
        _, told = alone(__file__, "notebook", root, name)
        seconds, processor = seconds + told["seconds"], processor + told["processor"]
        megabytes, rows = max(megabytes, told["megabytes"]), rows + told["rows"]
    return Run(seconds, processor, megabytes, tuple(rows))


def pandas_alone(root: Path) -> Run:
    """The peer, in a process of its own."""
    used, _ = alone(__file__, "pandas", root)
    return Run(*used)


def run_notebook(root: Path, name: str) -> None:
    """Run one notebook, and tell what it took and what its charts embed."""
    import nbformat
    from nbclient import NotebookClient

    os.environ["TJTOOLS_WORKSPACE"] = str(root)
    notebook = nbformat.read(ROOT / "notebooks" / name, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(_PEAK))
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", store_widget_state=True)
    began = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - began
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    rows = [_embedded(spec) for one in widgets for spec in _charts(one["state"])]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    tell(
        {
            "seconds": seconds,
            "processor": used.ru_utime + used.ru_stime,
            "megabytes": int(notebook.cells[-1].outputs[0]["text"]),
            "rows": rows,
        }
    )


def _charts(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for output in state.get("outputs", ()):
        for mime, spec in output.get("data", {}).items():
            if "vega" in mime:
                yield spec


def _embedded(part: Any) -> int:
    """The rows of data anywhere in a chart's specification."""
    if isinstance(part, list):
        return sum(map(_embedded, part))
    if not isinstance(part, dict):
        return 0
    here = sum(len(rows) for rows in part.get("datasets", {}).values())
    here += len(part["values"]) if isinstance(part.get("values"), list) and "name" not in part else 0
    return here + sum(_embedded(inner) for key, inner in part.items() if key not in ("datasets", "values"))


def run_pandas(root: Path) -> None:
    """The same tables as counts: read_csv, one regular expression for the names, and groupby."""
    import pandas as pd

    tracking = root / "tracking"
    library = pd.read_csv(tracking / "TJ_Creative_Library.csv", dtype=str, keep_default_na=False)
    history = pd.read_csv(tracking / "TJ_Review_History.csv", dtype=str, keep_default_na=False)
    names = library["filename"].str.extract(
        r"^(?:(?:VID|IMG|ORG)_)?(?P<language>[A-Z]{2})_(?P<category>[^_]+)(?:_(?P<rating>SFW|NSFW)_(?P<content>[^_]+)"
        r"_(?P<creator>[^_]+))?(?:_(?P<duration>\d+)sec)?(?:_T-(?P<test>[^_]+))?_ID-(?P<unique>[0-9A-Fa-f]{8})"
    )
    frame = pd.concat([library, names], axis=1)
    there = frame[frame["review_status"] != "removed"]
    parts = [*("creative_type", "dimensions", "file_type"), *names.columns.drop(["duration", "unique"])]
    tables = [there.groupby([part, "review_status"], dropna=False).size().unstack(fill_value=0) for part in parts]
    tables.append(there.groupby(["category", "creative_type", "review_status"]).size().unstack(fill_value=0))
    native = there[there["creative_type"].str.startswith("native")]
    tables.append(native.pivot_table(index="unique", columns="creative_type", values="review_status", aggfunc="first"))
    days = pd.to_datetime(frame["upload_date"], errors="coerce")
    tables.append(frame.groupby([days.dt.to_period("M"), "creative_type"]).size().unstack(fill_value=0).cumsum())
    tables.append(there[there["category"].isna()])
    history["at"] = pd.to_datetime(history["observed_at"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce")
    history = history.sort_values(["creative_id", "at"])
    ended = history.groupby("creative_id")[["at", "to_status"]].shift(-1)
    waits = history.assign(ended=ended["at"], outcome=ended["to_status"])[history["to_status"] == "pending"]
    waits["hours"] = (waits["ended"] - waits["at"]).dt.total_seconds() / 3600
    waits = waits.merge(frame[["creative_id", "creative_type"]], on="creative_id")
    tables.append(waits.groupby("creative_type")["hours"].agg(["count", "median", "mean"]))
    tables.append(waits.groupby(waits["at"].dt.to_period("W"))["hours"].agg(["count", "median", "mean"]))
    tables.append(waits[waits["outcome"].isna()].sort_values("at"))
    recent = history[history["at"] > history["at"].max() - pd.Timedelta(days=7)]
    tables.append(recent.groupby("creative_id").last().groupby("to_status").size())
    tell(len(tables))


def report(folder: Path) -> Iterator[str]:
    """The report's lines."""
    shop, large = folder / "shop", folder / "large"
    write_workspace(shop, CREATIVES, OBSERVATIONS)
    runs = [(ours(shop), pandas_alone(shop)) for _ in range(RUNS)]
    write_workspace(large, MILLION, 2 * MILLION)
    million = ours(large)
    mine, theirs = ([pair[place] for pair in runs] for place in (0, 1))
    yield head(
        __file__,
        "The analysis, measured",
        ("pandas", "altair", "nbclient", "ipykernel"),
        "Notebooks 04 and 05 run as they are, each in a fresh kernel, from the kernel's start to the last cell, with"
        " every table, interval, chart and sentence; the peer makes tables of the same kind as counts, with `read_csv`"
        f" and `groupby`. The median of {len(runs)} runs each, which took turns.",
    )
    yield ""
    yield f"| {CREATIVES:,} creatives, {OBSERVATIONS:,} rows of history | time | processor | peak memory |"
    yield "|---|--:|--:|--:|"
    yield f"| notebooks 04 and 05 | {_line(mine)} |"
    yield f"| plain pandas | {_line(theirs)} |"
    ratios = (_median(mine, part) / _median(theirs, part) for part in ("seconds", "processor", "megabytes"))
    yield "| ours ÷ pandas | " + " | ".join(f"{ratio:.1f}×" for ratio in ratios) + " |"
    yield ""
    rows = mine[0].rows
    yield (
        f"{len(rows)} charts, counted in what the kernel sends: {max(rows):,} rows in the largest,"
        f" {sum(rows):,} in all."
    )
    yield ""
    yield (
        f"{MILLION:,} creatives with {MILLION * 2:,} rows of history, once: {million.seconds:.0f} s,"
        f" {million.megabytes:,.0f} MB; {max(million.rows):,} rows in the largest chart."
    )
    yield ""
    yield "## Wanted"
    yield ""
    seconds, megabytes = _median(mine, "seconds"), _median(mine, "megabytes")
    yield f"- Under {WANTED_SECONDS} s in all: {_met(seconds < WANTED_SECONDS)} ({seconds:.1f} s)."
    yield f"- Peak memory under {WANTED_MB:,} MB: {_met(megabytes < WANTED_MB)} ({megabytes:,.0f} MB)."
    yield f"- No chart embeds more than {WANTED_ROWS:,} rows: {_met(max(*rows, *million.rows) <= WANTED_ROWS)}."


def _median(runs: list[Run], part: str) -> float:
    return statistics.median(getattr(run, part) for run in runs)


def _line(runs: list[Run]) -> str:
    seconds, processor, megabytes = (_median(runs, part) for part in ("seconds", "processor", "megabytes"))
    return f"{seconds:.1f} s | {processor:.1f} s | {megabytes:,.0f} MB"


def _met(met: bool) -> str:
    return "met" if met else "not met"


if __name__ == "__main__":
    if sys.argv[1:2] == ["notebook"]:
        run_notebook(Path(sys.argv[2]), sys.argv[3])
    elif sys.argv[1:2] == ["pandas"]:
        run_pandas(Path(sys.argv[2]))
    else:
        write(__file__, report)
