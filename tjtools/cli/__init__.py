"""The `tjtools` command."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from tjtools.model.errors import Cancelled, SignInNeeded, TJToolsError
from tjtools.model.names import printable


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
