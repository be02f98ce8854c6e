"""What the house measures, and its map: `python tests/house/house.py`.

Counts `tjtools/` from its source, goes the three walks and counts the modules on them, and writes `figures.md` beside
this; draws the map of the packages into CONTRIBUTING.md. With `--map` it draws only the map.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tjtools"
HERE = Path(__file__).parent
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
REPORT = HERE / "figures.md"
FRAME = ("__init__", "__main__")
APART = "sandbox"  # shares no code with the driver
BEGIN, END = "<!-- the map: python tests/house/house.py --map -->", "<!-- the end of the map -->"
WALKS = ("inventory row → library row", "card → library row", "bytes → verdict")

Graph = Mapping[str, frozenset[str]]


class Figures(NamedTuple):
    """What is counted from the source of a package."""

    entries: int
    floors: int
    circles: int
    modules: int
    lines: int
    statements: int
    longest_module: tuple[int, str]
    longest_function: tuple[int, str]


def entries(package: Path) -> list[str]:
    """The packages and modules on the top level, by name."""
    found = (path for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return sorted(path.stem for path in found if path.stem not in FRAME)


def imports(package: Path) -> Graph:
    """Which entries each entry imports, anywhere in its modules, also lazily and for types; `FRAME` counts as such."""
    found: dict[str, set[str]] = {entry: set() for entry in (*entries(package), *FRAME)}
    for path in package.rglob("*.py"):
        entry = path.relative_to(package).parts[0].removesuffix(".py")
        others = (other if other in found else "__init__" for other in _imported(path, package.name))
        found[entry].update(other for other in others if other != entry)
    return {entry: frozenset(others) for entry, others in found.items()}


def _imported(path: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            below = (node.module or "").split(".")[1:]
            yield from below[:1] or (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (
                f"{alias.name}.".split(".")[1] for alias in node.names if alias.name.partition(".")[0] == package
            )


def circles(graph: Graph) -> list[frozenset[str]]:
    """The groups of entries of which each imports, directly or not, each other."""
    reached = {entry: _reached(graph, entry) for entry in graph}
    groups = {frozenset(other for other in reached[one] if one in reached[other]) for one in graph}
    return [group for group in groups if group]


def _reached(graph: Graph, entry: str) -> set[str]:
    met: set[str] = set()
    waiting = [entry]
    while waiting:
        new = graph[waiting.pop()] - met
        met |= new
        waiting += new
    return met


def floors(graph: Graph) -> dict[str, int]:
    """The floor of each entry, 1 at the ground: one above the highest that it imports; there must be no circle."""

    @cache
    def floor(entry: str) -> int:
        return 1 + max(map(floor, graph[entry]), default=0)

    return {entry: floor(entry) for entry in graph}


def measured(package: Path) -> Figures:
    """The figures of a package."""
    texts = {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in sorted(package.rglob("*.py"))}
    nodes = [(path, node) for path, text in texts.items() for node in ast.walk(ast.parse(text))]
    lines = {path: len(text.splitlines()) for path, text in texts.items()}
    functions = [
        ((node.end_lineno or 0) - node.lineno + 1, f"{path}: {node.name}")
        for path, node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    graph = imports(package)
    round_ = circles(graph)
    return Figures(
        entries=len(entries(package)),
        floors=0 if round_ else max(floors(graph).values()),
        circles=len(round_),
        modules=len(texts),
        lines=sum(lines.values()),
        statements=sum(isinstance(node, ast.stmt) for _, node in nodes),
        longest_module=max((count, path) for path, count in lines.items()),
        longest_function=max(functions),
    )


def passed(walk: str) -> list[str]:
    """The modules that a walk passes, its child processes too."""
    with tempfile.TemporaryDirectory(prefix="house-") as made:
        folder = Path(made).resolve()
        told = {"HOUSE_PACKAGE": f"{PACKAGE}{os.sep}", "HOUSE_FOLDER": str(folder), "HOUSE_BEGIN": "", "HOUSE_END": ""}
        path = os.pathsep.join(map(str, (HERE / "hook", ROOT, ROOT / "tests")))
        command = [sys.executable, HERE / "walks.py", walk, folder]
        subprocess.run(command, check=True, env=os.environ | told | {"PYTHONPATH": path})
        modules = set((folder / "passed").read_text("utf-8").split())
    return sorted(one for one in modules if not one.startswith(f"{APART}/"))


def drawn(package: Path) -> str:
    """The map: each floor from the top, each package with what it says of itself and which others it imports."""
    graph = imports(package)
    there = floors(graph)
    order = sorted(entries(package), key=lambda entry: (entry == APART, -there[entry], entry))
    rows = [_row(package, graph, "apart" if entry == APART else str(there[entry]), entry) for entry in order]
    return "\n".join(["| floor | package | what is there | imports |", "|---|---|---|---|", *rows])


def _row(package: Path, graph: Graph, floor: str, entry: str) -> str:
    others = ", ".join(f"`{one}`" for one in sorted(graph[entry])) or "nothing of ours"
    return f"| {floor} | `{entry}` | {_sentence(package / entry / '__init__.py')} | {others} |"


def _sentence(path: Path) -> str:
    """The first sentence of a docstring."""
    told = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n\n")[0].split())
    return told.partition(". ")[0].removesuffix(".") + "."


def with_map(text: str, package: Path) -> str:
    """The text of CONTRIBUTING.md with the map as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{drawn(package)}\n\n{END}{rest.partition(END)[2]}"


HEAD = """\
# The house in figures

Written by `python tests/house/house.py`; before is commit 4e48571, counted in the same way, wanted is what issue 15
asks for.

| | before | now | wanted |
|---|---|---|---|"""
METHOD = f"""\
## How it is counted

Entries are packages and modules. `__init__` and `__main__` are on floors of their own; what imports another, anywhere,
lazily or for types, is above it. Lines are those of the files. A function is from its `def` to its last line.

The modules passed are those of which a function is called, or comes back, between the two ends of a real run on the
sandbox with a real browser, in all threads and child processes; `{APART}/` is left out, and so is what runs only
because a module is imported. An inventory row's walk begins when the session inventory is opened, and ends when the
library file holds its row. A card's begins when the Media Library is open in the browser, and ends when the library
file holds it. That of bytes begins when the child process opens the media file, and ends with the verdict."""

BEFORE = {
    "entries on the top level of `tjtools/`": "63",
    "import floors · circles": "13 · 0",
    "modules": "183",
    "lines · AST statements": "23,273 · 14,297",
    "longest module · longest function": "370 · 50",
    "modules passed: inventory row → library row · card → library row · bytes → verdict": (
        "51 · 23 · 27 (by the issue's own count 38 · 18 · 15)"
    ),
}
WANTED = ("≤ 14", "≤ 9 · 0", "≤ 115", "≤ 17,500 · 11,000", "≤ 400 · 50", "half of it")


def report(figures: Figures, walks: Mapping[str, list[str]]) -> str:
    """The report, as Markdown."""
    (module, where), (function, which) = figures.longest_module, figures.longest_function
    now = (
        str(figures.entries),
        f"{figures.floors} · {figures.circles}",
        str(figures.modules),
        f"{figures.lines:,} · {figures.statements:,}",
        f"{module} · {function}",
        " · ".join(str(len(walks[walk])) for walk in WALKS),
    )
    rows = [f"| {' | '.join(row)} |" for row in zip(BEFORE, BEFORE.values(), now, WANTED, strict=True)]
    told = [f"- {walk}, {len(walks[walk])}: {', '.join(f'`{one}`' for one in walks[walk])}" for walk in WALKS]
    longest = f"Longest module: `{where}`, {module} lines. Longest function: `{which}`, {function} lines."
    return "\n".join([HEAD, *rows, "", longest, "", METHOD, "", *told, ""])


def main(arguments: Sequence[str]) -> None:
    """Draw the map; and, unless that is all that is asked for, count, walk and write the report."""
    CONTRIBUTING.write_text(with_map(CONTRIBUTING.read_text("utf-8"), PACKAGE), "utf-8")
    if "--map" not in arguments:
        REPORT.write_text(report(measured(PACKAGE), {walk: passed(walk) for walk in WALKS}), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
