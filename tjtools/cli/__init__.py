"""The `tjtools` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; `check` starts without the other commands' imports."""
    from tjtools.cli.app import app

    sys.exit(app())
