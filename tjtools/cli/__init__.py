"""The `tjtools` command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import date
from enum import Enum
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from tjtools.model.errors import Cancelled, SignInNeeded, TJToolsError
from tjtools.model.names import printable

_NULL_IF_EMPTY = {"dimensions", "file_type", "old"}  # fields whose empty text means that nobody knows


def main() -> None:
    """Run the command; `check` starts without the other commands' imports."""
    arguments = sys.argv[1:]
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if arguments[:1] == ["check"]:
            from tjtools.cli.check import main as check

            code = check(arguments[1:])
            sys.stdout.flush()
            sys.exit(code)
        from tjtools.cli.app import app

        app(prog_name="tjtools")
    except TJToolsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(exit_code(error))
    except BrokenPipeError:  # who read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)
    except (OSError, UnicodeError) as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)


def exit_code(error: TJToolsError) -> int:
    """2 for an error, 3 where a person has to sign in, 130 where one stopped the work."""
    return 130 if isinstance(error, Cancelled) else 3 if isinstance(error, SignInNeeded) else 2


def print_json(value: object) -> None:
    """The answer of a command with `--json`: one JSON value on standard output.

    Letters of all scripts stand as they are, where the output can hold all of them; what it can't hold, or a terminal
    would take for a command, is escaped as JSON escapes it.
    """
    only_ascii = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    lines = json.dumps(plain(value), ensure_ascii=only_ascii, indent=2).split("\n")
    told = ("".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line) for line in lines)
    sys.stdout.write("\n".join(told) + "\n")


def plain(value: object) -> Any:
    """What JSON can hold: a record is its fields, an enum its value; days, paths and errors are text."""
    if fields := getattr(value, "_fields", None) or getattr(value, "__dataclass_fields__", None):
        told = {name: plain(getattr(value, name)) for name in fields}
        return told | {name: None for name in _NULL_IF_EMPTY & told.keys() if not told[name]}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Path | Exception) else value


def some_of(record: object, *names: str) -> dict[str, object]:
    """These fields and properties of a record."""
    return {name: getattr(record, name) for name in names}
