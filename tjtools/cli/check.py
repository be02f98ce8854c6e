"""`tjtools check`: is this file in the library? Offline, and without the other commands' imports."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from tjtools.cache import COLUMNS, Library, Match
from tjtools.cli.shapes import of_bad_line, of_creative, print_json
from tjtools.csvfile import neutralise
from tjtools.models import Creative, CreativeType
from tjtools.workspace import Workspace

NONE_THERE, SOME_THERE, ERROR = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Answer, and return the exit code: 0 none is in the library, 1 at least one is, 2 error or no clear answer."""
    options = _parser().parse_args(arguments)
    workspace = Workspace.find(options.workspace, cwd=Path.cwd())
    library = Library.load(workspace.library)
    names = [*options.name, *(_pasted(options.from_file) if options.from_file else [])]
    if not names:
        sys.stderr.write("Name at least one file or ID, or give a list with --from.\n")
        return ERROR
    answers = [(name, _look_up(library, name, options.type)) for name in names]
    show = _show_json if options.json else _show_csv if options.csv else _show_text
    show(answers)
    if not workspace.library.exists():
        sys.stderr.write("TJ Creative Library cache not found (will be created on first upload)\n")
    if any(match.bad_lines for _, match in answers):
        return ERROR
    return SOME_THERE if any(match.there for _, match in answers) else NONE_THERE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tjtools check",
        description="Say whether files or Creative IDs are in the library; offline.",
        epilog="exit codes: 0 none is in the library, 1 at least one is, 2 error, or a bad line mentions the name",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help="a file's name, or a Creative ID")
    parser.add_argument(
        "--from", dest="from_file", metavar="FILE", help="a list, one name or ID a line; - reads standard input"
    )
    parser.add_argument(
        "--type", type=CreativeType.parse, metavar="TYPE", help="the file's type: only its own section counts"
    )
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the workspace; else the nearest one above")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="answer as JSON")
    shape.add_argument("--csv", action="store_true", help="answer as CSV, safe to open in a spreadsheet")
    return parser


def _pasted(source: str) -> list[str]:
    text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8-sig")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _look_up(library: Library, asked: str, creative_type: CreativeType | None) -> Match:
    """A path stands for its file's name; an ID for its creative."""
    match = library.find(PurePath(asked).name, creative_type)
    by_id = library.get(asked)
    if not by_id or match.there:
        return match
    there, removed = (tuple(one for one in by_id if one.removed is gone) for gone in (False, True))
    return Match(there=there, elsewhere=(), removed=removed, bad_lines=())


def _show_text(answers: Iterable[tuple[str, Match]]) -> None:
    for asked, match in answers:
        for creative in match.there:
            sys.stdout.write(f"already there  {asked} → {_told(creative)}\n")
        for bad in match.bad_lines:
            sys.stdout.write(f"unclear        {asked}: line {bad.line} mentions it and can't be read: {bad.reason}\n")
        if not match.there and not match.bad_lines:
            sys.stdout.write(f"not there      {asked}\n")
        for creative in match.elsewhere:
            sys.stdout.write(f"               in another section: {_told(creative)}\n")
        for creative in match.removed:
            sys.stdout.write(f"               gone from the site: {_told(creative)}\n")


def _told(creative: Creative) -> str:
    return f"{creative.creative_id} ({creative.filename}; {creative.standing})"


def _show_csv(answers: Iterable[tuple[str, Match]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["asked", "answer", *COLUMNS])
    for asked, match in answers:
        groups = (("already there", match.there), ("in another section", match.elsewhere), ("removed", match.removed))
        found = [(answer, creative) for answer, creatives in groups for creative in creatives]
        for answer, creative in found:
            writer.writerow(
                map(neutralise, [asked, answer, *(value or "" for value in of_creative(creative).values())])
            )
        if not found or match.bad_lines:
            answer = f"unclear: bad line {match.bad_lines[0].line}" if match.bad_lines else "not there"
            writer.writerow(map(neutralise, [asked, answer, *("" for _ in COLUMNS)]))


def _show_json(answers: Iterable[tuple[str, Match]]) -> None:
    print_json(
        [
            {
                "asked": asked,
                "there": bool(match.there),
                "creatives": [of_creative(creative) for creative in match.there],
                "elsewhere": [of_creative(creative) for creative in match.elsewhere],
                "removed": [of_creative(creative) for creative in match.removed],
                "bad_lines": [of_bad_line(bad) for bad in match.bad_lines],
            }
            for asked, match in answers
        ]
    )
