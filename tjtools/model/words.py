"""Numbers, units, times and waits as a person reads them."""

from __future__ import annotations

import math
import os
import re
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

LONG = 5.0  # seconds: who waits longer than that is told so


class Waiting(NamedTuple):
    """The site is waited for: for how many files or for what else, until when by `time.monotonic` at the latest.

    `cut` ends the wait before, so that what is unknown stays so for now; None where it can't be cut short.

    >>> Waiting(until=time.monotonic() + 252, files=1).told, Waiting(until=0).told
    ('Waiting for the site: 1 file, at most 4:12 more', 'Waiting for the site: its answer, at most 0:00 more')
    """

    until: float
    files: int = 0
    what: str = "its answer"
    cut: Callable[[], None] | None = None

    @property
    def told(self) -> str:
        """The words for now: they count down."""
        minutes, seconds = divmod(max(0, math.ceil(self.until - time.monotonic())), 60)
        what = counted(self.files, "file") if self.files else self.what
        return f"Waiting for the site: {what}, at most {minutes}:{seconds:02} more"


def now() -> datetime:
    """The local time."""
    return datetime.now(tz=UTC).astimezone()


Waits = Callable[[Waiting | None], None]  # hears what is waited for, and None when that is over


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "file"), counted(1200, "file"), counted(2, "batch")
    ('1 file', '1,200 files', '2 batches')
    """
    ending = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}{ending}"


def as_typed(*words: object, windows: bool = os.name == "nt") -> str:
    """A command, or a part of it, as a person types it: for cmd and PowerShell on Windows, else for a POSIX shell.

    >>> as_typed("tjtools", "check", "a b.png", "c&d.png", windows=False)
    "tjtools check 'a b.png' 'c&d.png'"
    >>> print(as_typed("tjtools", "check", "a b.png", "c&d.png", "C:/shop", "@e", "C:\\\\R&D\\\\", windows=True))
    tjtools check "a b.png" "c&d.png" C:/shop "@e" "C:\\R&D\\\\"
    """
    return " ".join(_for_windows(str(word)) if windows else shlex.quote(str(word)) for word in words)


def _for_windows(word: str) -> str:
    import subprocess  # slow to load, and for Windows alone

    plain = subprocess.list2cmdline([word])
    if plain.startswith('"') or re.fullmatch(r"(?!@)[\w@%+=:./\\-]+", word):
        return plain
    ends = plain[len(plain.rstrip("\\")) :]  # of which a quote behind it would be part of the word
    return f'"{plain}{ends}"'


def ago(days: float) -> str:
    """So many days before now; a clock that was set back makes no future.

    >>> ago(-1), ago(1.5), ago(2)
    ('less than a day ago', '1 day ago', '2 days ago')
    """
    return f"{counted(int(days), 'day')} ago" if days >= 1 else "less than a day ago"


def in_bytes(number: int) -> str:
    """A size.

    >>> in_bytes(310_000), in_bytes(4_200_000)
    ('310 kB', '4.2 MB')
    """
    return f"{number / 1_000_000:.1f} MB" if number >= 1_000_000 else f"{number / 1000:.0f} kB"


def in_seconds(number: float | None) -> str:
    """A length; nothing for a still image.

    >>> in_seconds(4.04), in_seconds(None)
    ('4.0 s', '')
    """
    return "" if number is None else f"{number:.1f} s"
