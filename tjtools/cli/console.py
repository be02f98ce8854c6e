"""What every command shares: options, the log on standard error, listings, progress, and how it ends."""

from __future__ import annotations

import csv
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from jinja2 import Environment, Template
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tjtools.cli import exit_code, print_json
from tjtools.media.content import LookedAt
from tjtools.model.creative import CreativeType
from tjtools.model.errors import TJToolsError
from tjtools.model.names import printable
from tjtools.workspace.csvfile import neutralise
from tjtools.workspace.folder import Workspace

OK, NEEDS_A_PERSON, ERROR = 0, 1, 2


def find_workspace(named: str | Path | None) -> Workspace:
    """The workspace named, or else the one in which the command is called."""
    return Workspace.find(Path(named) if named else None, cwd=Path.cwd())


def parse_type(text: str) -> CreativeType:
    """The value of `--type`; an unknown word is a usage error."""
    try:
        return CreativeType.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; {', '.join(kind.value for kind in CreativeType)}") from error


_WHICH = "The workspace; else $TJTOOLS_WORKSPACE, else the nearest one above."
FolderOption = Annotated[Path | None, typer.Option("--workspace", metavar="DIR", help=_WHICH)]
WorkspaceOption = Annotated[  # of the commands that need one
    Workspace,
    typer.Option(
        "--workspace", parser=find_workspace, default_factory=str, show_default=False, metavar="DIR", help=_WHICH
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")]
TypeOption = Annotated[
    CreativeType | None,
    typer.Option(
        "--type", parser=parse_type, metavar="TYPE", help=f"One of {', '.join(kind.value for kind in CreativeType)}."
    ),
]
HeadlessOption = Annotated[bool | None, typer.Option("--headless/--headed", help="Hide or show the browser.")]


class PlainConsole(Console):
    """Text is text: no markup in it, nothing that a terminal would take for a command."""

    def print(self, *objects: Any, **named: Any) -> None:
        shown = (printable(one) if isinstance(one, str) else one for one in objects)
        super().print(*shown, **{"markup": False, **named})


out = PlainConsole(highlight=False, soft_wrap=True)
err = PlainConsole(stderr=True, highlight=False, soft_wrap=True)


def now() -> datetime:
    """The local time."""
    return datetime.now(tz=UTC).astimezone()


def say(text: str) -> None:
    """A line for the person, beside the answer."""
    logging.getLogger("tjtools").info("%s", text)


class _Lines(logging.Handler):
    """`[HH:MM:SS] message`, on standard error, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        style = "yellow" if record.levelno == logging.WARNING else "red" if record.levelno > logging.WARNING else ""
        clock = datetime.fromtimestamp(record.created).astimezone()
        err.print(f"[{clock:%H:%M:%S}] {record.getMessage()}", style=style)


def start_log(*, debug: bool) -> None:
    """Show what the package logs."""
    logger = logging.getLogger("tjtools")
    logger.handlers = [_Lines()]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False


def listing(title: str, rows: Sequence[tuple[str, str, str]], *, console: Console = out) -> None:
    """Show files one a line, `(what, name, why)`, the reason below its file; a name is never broken or cut.

    Of no file nothing is shown, not even the title.
    """
    if not rows:
        return
    width = max(len(what) for what, _, _ in rows) + 2
    console.print(title, style="bold")
    for what, name, why in rows:
        console.print(f"{what:{width}}{name}")
        if why:
            console.print(f"{'':{width}}{why}", style="dim")


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Callable[[str, int], None]]:
    """A progress bar on standard error, where that is a terminal; call it with the work and the number done.

    `total` None: nobody knows how many there will be.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda text, done: progress.update(task, description=printable(text)[:40], completed=done)


@contextmanager
def stoppable(what: str = "Stopping: what is confirmed is being recorded.") -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C or SIGTERM stop the work in good order; a second one ends it at once."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        # not through the console, which the signal may have interrupted in the middle of a line
        os.write(2, f"{what} Once more to stop at once.\n".encode())

    with handling({signal.SIGINT: ask, signal.SIGTERM: ask}):
        yield asked.is_set


@contextmanager
def handling(signals: Mapping[int, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Let these functions hear of signals meanwhile."""
    before = {number: signal.signal(number, heard) for number, heard in signals.items()}
    try:
        yield
    finally:
        for number, heard in before.items():
            signal.signal(number, heard)


@contextmanager
def looking(
    what: str = "Stopping: what was seen is kept.",
) -> Iterator[tuple[Callable[[LookedAt], None], Callable[[], bool]]]:
    """Look at files with a progress bar, and Ctrl-C in good order: what to tell of each, and whether to stop."""
    with stoppable(what) as cancelled, bar("Looking at files", None) as shown:
        yield lambda at: shown(f"{at.done}/{at.total} {at.path.name}", at.done), cancelled


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for a spreadsheet: text that it would run is made harmless."""
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        csv.writer(file).writerows([columns, *([neutralise(cell) for cell in row] for row in rows)])


def template(name: str) -> Template:
    """A page of ours, on which text of files or site shows as text."""
    text = files("tjtools.cli").joinpath(name).read_text("utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)


def end(
    told: object,
    show: str | Callable[[], object],
    *,
    as_json: bool,
    needs_a_person: object = False,
    stopped: TJToolsError | None = None,
) -> NoReturn:
    """Give the answer, `told` as JSON or `show` for a person, a function or words, and end the command.

    Its exit code is that of the error that stopped the work, or says whether something is left for a person.
    """
    if as_json:
        print_json(told)
    elif callable(show):
        show()
    elif show:
        out.print(show)
    if stopped:
        err.print(str(stopped), style="red")
        raise typer.Exit(exit_code(stopped))
    raise typer.Exit(NEEDS_A_PERSON if needs_a_person else OK)
