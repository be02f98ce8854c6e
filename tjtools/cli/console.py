"""What every command shares: options, the log on standard error, listings, progress, and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, BinaryIO, NoReturn

import typer
from jinja2 import Environment, Template
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from tjtools.cli import exit_code, print_json
from tjtools.media.content import LookedAt
from tjtools.model.cells import read_id
from tjtools.model.creative import CreativeType
from tjtools.model.errors import Cancelled, TJToolsError, translated
from tjtools.model.names import printable
from tjtools.model.words import Waiting
from tjtools.workspace.csvfile import spreadsheet
from tjtools.workspace.folder import Workspace

OK, NEEDS_A_PERSON = 0, 1


def find_workspace(named: str | Path | None) -> Workspace:
    """The workspace named, or else the one in which the command is called."""
    return Workspace.find(Path(named) if named else None, cwd=Path.cwd())


def parse_type(text: str) -> CreativeType:
    """The value of `--type`; an unknown word is a usage error."""
    try:
        return CreativeType.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; {', '.join(kind.value for kind in CreativeType)}") from error


def parse_id(text: str) -> str:
    """The argument that is a Creative ID."""
    try:
        return read_id(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


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
IdArgument = Annotated[
    str, typer.Argument(parser=parse_id, metavar="ID", help="The Creative ID, as the site shows it.")
]
HeadlessOption = Annotated[bool | None, typer.Option("--headless/--headed", help="Hide or show the browser.")]


def confirmed(question: str, left: str) -> bool:
    """Ask a person; who ends the question ends the command: nothing was `left` then."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort as error:
        raise Cancelled(f"Stopped: nothing was {left}.") from error


class PlainConsole(Console):
    """Text is text: no markup in it, nothing that a terminal would take for a command."""

    def print(self, *objects: Any, **named: Any) -> None:
        shown = (printable(one) if isinstance(one, str) else one for one in objects)
        super().print(*shown, **{"markup": False, **named})


out = PlainConsole(highlight=False, soft_wrap=True)
err = PlainConsole(stderr=True, highlight=False, soft_wrap=True)


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


def listing(title: str, rows: Sequence[tuple[str, str, str]], *, on: Console = out) -> None:
    """Show files one a line, `(what, name, why)`, the reason below its file; a name is never broken or cut.

    Of no file nothing is shown, not even the title.
    """
    if not rows:
        return
    width = max(len(what) for what, _, _ in rows) + 2
    on.print(title, style="bold")
    for what, name, why in rows:
        on.print(f"{what:{width}}{name}")
        if why:
            on.print(f"{'':{width}}{why}", style="dim")


class Wait:
    """What the site is waited for now, None while it isn't: the bar counts it down, and a first Ctrl-C ends it."""

    def __init__(self) -> None:
        self.now: Waiting | None = None

    def __call__(self, waiting: Waiting | None) -> None:
        before, self.now = self.now, waiting
        if waiting and not before and not err.is_terminal:
            say(self.told(waiting))

    def told(self, waiting: Waiting) -> str:
        """The words, with what a person can do."""
        return waiting.told + " (Ctrl-C: don't wait)" * bool(waiting.cut)

    def cut(self) -> bool:
        """Wait no more; False where nothing is waited for that can be cut short."""
        before, self.now = self.now, None
        if before and before.cut:
            before.cut()
            return True
        return False


class _Busy(TextColumn):
    """With what the work is busy, or for what it waits."""

    def __init__(self, wait: Wait) -> None:
        super().__init__("{task.description}", markup=False)
        self.wait = wait

    def render(self, task: Task) -> Text:
        waiting = self.wait.now
        return Text(self.wait.told(waiting)) if waiting else super().render(task)


@contextmanager
def bar(what: str, total: int | None, wait: Wait | None = None) -> Iterator[Callable[..., None]]:
    """A progress bar on standard error, where that is a terminal; call it with the work, the number through.

    `total` None: nobody knows how many there will be.
    """
    columns = (_Busy(wait or Wait()), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda text, done, total=total: progress.update(
            task, description=printable(text)[:40], completed=done, total=total
        )


@contextmanager
def stoppable(
    what: str = "Stopping: what is confirmed is being recorded.", wait: Wait | None = None
) -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C or SIGTERM stop the work in good order; a second one ends it at once.

    While a `wait` can be cut short, Ctrl-C does that, and the next one stops the work.
    """
    asked = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        # not through the console, which the signal may have interrupted in the middle of a line
        if number == signal.SIGINT and wait and wait.cut():
            os.write(2, b"Not waiting: what is unknown stays so for now. Once more to stop.\n")
            return
        asked.set()
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
        yield lambda at: shown(at.told, at.done, at.total), cancelled


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for a spreadsheet: text that it would run is made harmless."""
    write(path, "\ufeff" + spreadsheet([columns, *rows]))


def write(path: Path, text: str) -> int:
    """Write a file that a person named, over an earlier one of the same first line and no other; its size."""
    data = text.encode("utf-8", "backslashreplace")  # a file's name need not be proper text
    first = _first_line(BytesIO(data))
    with translated(path, "written"):
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as there:
                if _first_line(there, len(first) + 3) != first:
                    raise TJToolsError(f"{path} is another file: it was left as it is.", remedy="Name another file.")
        return path.write_bytes(data)


def _first_line(file: BinaryIO, most: int = -1) -> bytes:
    return file.readline(most).rstrip(b"\r\n")  # CRLF are of a spreadsheet, and of earlier versions


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
        err.print(str(stopped), style="" if isinstance(stopped, Cancelled) else "red")
        raise typer.Exit(exit_code(stopped))
    raise typer.Exit(NEEDS_A_PERSON if needs_a_person else OK)
