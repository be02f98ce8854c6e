"""Runs the real command in forks of a process that has imported everything: each of many runs begins at once.

It reads one JSON object a line, and answers with another how the child ended. What it is started with are names of
modules to import besides.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

MARK = "TJTOOLS_CRASH_ROUND"


class Ended(NamedTuple):
    """How a run ended: `code` is the exit code, negative for a signal; `effects` are those that it came to."""

    code: int
    effects: tuple[str, ...]
    log: str


class Zygote:
    """The process that forks, and how the others speak with it."""

    def __init__(self, *modules: str) -> None:
        self.modules = modules

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self.modules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": _PATHS},
        )  # fmt: skip
        self._tell = threading.Lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(
        self,
        *arguments: str,
        folder: Path,
        log: Path,
        mark: str = "",
        watch: bool = True,
        kill: Any = None,
        after: float | None = None,
        first: tuple[str, ...] = (),
        asleep: float = 0,
    ) -> Ended:
        """Run `tjtools` with these arguments, and end it at an effect, `kill`, or `after` so many seconds.

        `folder` is that of which the effects count, `mark` stands in the environment of all that the run starts.
        `first` is a module and arguments for its function `prepare`. A run that stops itself sleeps so long, `asleep`.
        """
        order = {"arguments": arguments, "folder": str(folder), "log": str(log), "mark": mark}
        order |= {"watch": watch, "kill": kill, "after": after, "first": first, "asleep": asleep}
        assert self._process.stdin
        assert self._process.stdout
        with self._tell:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            code = json.loads(self._process.stdout.readline())["code"]
        effects = log.with_suffix(".effects")
        told = effects.read_text("utf-8").splitlines() if effects.exists() else ()
        return Ended(code, tuple(told), log.read_text("utf-8", "replace"))


_PATHS = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])


def serve() -> None:
    """Fork for each order, until there is no more."""
    from crashes.effects import Effects, Kill

    _import_all()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            effects = None
            _into(Path(order["log"]))
            os.environ[MARK] = order["mark"]
            os.environ["TJTOOLS_CACHE"] = str(Path(order["folder"], "cache"))  # each round begins with the template's
            if order["watch"]:
                told = os.open(Path(order["log"]).with_suffix(".effects"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                kill = Kill(*order["kill"]) if order["kill"] else None
                effects = Effects(Path(order["folder"]), _teller(told), kill)
                effects.watch()
            if order["first"]:
                module, *arguments = order["first"]
                importlib.import_module(module).prepare(*arguments)
            _work(order["arguments"])
        sys.stdout.write(json.dumps({"code": _ended(child, order["after"], order["asleep"])}) + "\n")
        sys.stdout.flush()


def _import_all() -> None:
    import playwright.async_api  # noqa: F401

    import tjtools.cli.app
    import tjtools.scrape.refresh
    import tjtools.upload  # noqa: F401

    for name in sys.argv[1:]:
        importlib.import_module(name)


def _teller(descriptor: int) -> Any:
    write = os.write
    return lambda name: write(descriptor, f"{name}\n".encode())


def _into(log: Path) -> None:
    """Input from nowhere, output into a file."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)


def _work(arguments: list[str]) -> None:
    from tjtools.cli import main

    sys.argv = ["tjtools", *arguments]
    code: Any = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        with suppress(ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _ended(child: int, after: float | None, asleep: float) -> int:
    if asleep:
        while os.WIFSTOPPED(status := os.waitpid(child, os.WUNTRACED)[1]):
            time.sleep(asleep)
            os.kill(child, signal.SIGCONT)
        return os.waitstatus_to_exitcode(status)
    if after is not None:
        watched = os.pidfd_open(child)
        if not select.select([watched], [], [], after)[0]:
            os.kill(child, signal.SIGKILL)  # not yet waited for, so the ID is still its own
        os.close(watched)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    serve()
