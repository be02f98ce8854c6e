"""Reading the TOML files that a person writes: settings, selectors and limits."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tjtools.model.errors import SettingsError


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file tells, also one that starts with a byte order mark; a missing file tells nothing.

    Raises `SettingsError`, with the line where there is one, for a file that is no TOML or can't be read.
    """
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        remedy = "Look at its rights, or move it away."
        raise SettingsError(f"{path} can't be read: {error.strerror or error}.", remedy=remedy) from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of thousands of digits, lists in lists
        remedy = "Correct the line that it names." if "line" in str(error) else "Correct it, or move it away."
        raise SettingsError(f"{path} is not valid TOML: {error}.", remedy=remedy) from error
