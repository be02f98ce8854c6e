"""`tjtools check`: is this file in the library? Offline, and without the other commands' imports."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from tjtools.cache.library import ANSWER_COLUMNS, Answer, Library, Match, answer_rows, look_up, pasted
from tjtools.cache.near import made_of, near
from tjtools.cli import print_json, some_of
from tjtools.model.creative import Creative, CreativeType
from tjtools.model.errors import NotText, translated
from tjtools.model.names import printable
from tjtools.workspace.csvfile import spreadsheet, text_of
from tjtools.workspace.folder import Workspace

Hints: TypeAlias = Mapping[str, Sequence[Creative]]  # what may have been meant by what was asked in vain
_AS_UTF8 = "Save it as UTF-8."
NONE_THERE, SOME_THERE, ERROR = 0, 1, 2
MOST_HINTS, MOST_NEAR = 5, 25  # creatives that may have been meant, in lines and as JSON


def main(arguments: Sequence[str]) -> int:
    """Answer, and return the exit code: 0 none is in the library, 1 at least one is, 2 error or no clear answer."""
    options = _parser().parse_args(arguments)
    workspace = Workspace.find(options.workspace, cwd=Path.cwd())
    library = Library.load(workspace.library)
    names = [*map(_typed, options.name), *(_listed(options.from_file) if options.from_file else [])]
    if not names:
        sys.stderr.write("Name at least one file or ID, or give a list with --from.\n")
        return ERROR
    answers = look_up(library, names, options.type)
    if options.csv:
        _show_csv(answers)
    else:
        (_show_json if options.json else _show_text)(
            answers, near(library, answers), made_of(library, answers, workspace)
        )
    if not workspace.library.exists():
        sys.stderr.write("TJ Creative Library cache not found (will be created on first upload)\n")
    if any(match.is_unclear for _, match in answers):
        return ERROR
    return SOME_THERE if any(match.there for _, match in answers) else NONE_THERE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tjtools check",
        description="Say whether files or Creative IDs are in the library; offline.",
        epilog="exit codes: 0 none is in the library, 1 at least one is, 2 error, or no clear answer",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help="a file's name, or a Creative ID")
    parser.add_argument(
        "--from", dest="from_file", metavar="FILE", help="a list, one name or ID a line; - reads standard input"
    )
    parser.add_argument("--type", type=_kind, metavar="TYPE", help="the file's type: only its own section counts")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the workspace; else the nearest one above")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="answer as JSON")
    shape.add_argument("--csv", action="store_true", help="answer as CSV, safe to open in a spreadsheet")
    return parser


def _kind(text: str) -> CreativeType:
    try:
        return CreativeType.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; {', '.join(kind.value for kind in CreativeType)}") from error


def _listed(source: str) -> list[str]:
    """The lines of a list, in any encoding in which a tracking file is read."""
    path = Path("standard input" if source == "-" else source)
    with translated(path, "read"):
        data = sys.stdin.buffer.read() if source == "-" else path.read_bytes()
    text, _ = text_of(data, path, _AS_UTF8)
    if re.search(r"[\0\x80-\x9f]", text):  # no encoding that we know has these in a name
        raise NotText("this is no list of names in UTF-8, UTF-16 or cp1252.", path=path, remedy=_AS_UTF8)
    return pasted(text)


def _typed(name: str) -> str:
    """A name that is no text in the terminal's encoding, as `ls | xargs` hands it on from an old disk."""
    lost = re.search(r"[\ud800-\udfff]", name)
    return text_of(os.fsencode(name), Path("command line"), _AS_UTF8)[0] if lost else name


def _show_text(answers: Iterable[Answer], hints: Hints, made: Hints) -> None:
    lines = (
        line
        for asked, match in answers
        for line in (*_lines(asked, match), *_hints(made.get(asked, ()), hints.get(asked, ())))
    )
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def _lines(asked: str, match: Match) -> Iterator[str]:
    yield from (f"already there  {asked} → {_told(one)}" for one in match.there)
    for bad in match.bad_lines:
        yield f"unclear        {asked}: line {bad.line} mentions it and can't be read: {bad.reason}"
    if match.doubt:
        yield f"unclear        {asked}: {match.doubt}"
    for one in match.unclear:
        yield f"unclear        {asked}: {_told(one)} is this file, or another one of that name"
    if not match.there and not match.is_unclear:
        yield f"not there      {asked}"
    yield from (f"               in another section: {_told(one)}" for one in match.elsewhere)
    yield from (f"               gone from the site: {_told(one)}" for one in match.removed)


def _hints(made: Sequence[Creative], hints: Sequence[Creative]) -> Iterator[str]:
    """What was made of a delivered file of that name, and what may have been meant."""
    yield from (f"               made of a file of that name: {_told(one)}" for one in made[:MOST_HINTS])
    if len(made) > MOST_HINTS:
        yield f"               and {len(made) - MOST_HINTS:,} more, made of files of that name"
    yield from (f"               did you mean {_told(one)}?" for one in hints[:MOST_HINTS])
    if len(hints) > MOST_HINTS:
        yield f"               or one of {len(hints) - MOST_HINTS:,} more like it?"


def _told(creative: Creative) -> str:
    return f"{creative.creative_id} ({creative.filename}; {creative.standing})"


def _show_csv(answers: Iterable[Answer]) -> None:
    """Names as they are for a file or a pipe; a terminal gets none of their commands."""
    shown = printable if sys.stdout.isatty() else str
    rows = ([shown(cell) for cell in row] for row in answer_rows(answers))
    sys.stdout.write(spreadsheet([ANSWER_COLUMNS, *rows]))


def _show_json(answers: Iterable[Answer], hints: Hints, made: Hints) -> None:
    more = ("elsewhere", "removed", "unclear", "bad_lines", "doubt")
    print_json(
        [
            {"asked": asked, "there": bool(match.there), "creatives": match.there}
            | some_of(match, *more)
            | {"near": like[:MOST_NEAR], "near_more": max(0, len(like) - MOST_NEAR), "made_of_it": made.get(asked, ())}
            for asked, match in answers
            for like in [hints.get(asked, ())]
        ]
    )
