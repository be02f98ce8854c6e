"""Numbers and units as a person reads them."""

from __future__ import annotations

from tjtools.diff.session import Verdict

MARKS = {
    Verdict.NEW: "✚",
    Verdict.ALREADY_THERE: "✓",
    Verdict.RENAMED_DUPLICATE: "⧉",
    Verdict.IN_SESSION: "⧉",
    Verdict.NEAR_DUPLICATE: "≈",
    Verdict.SKIPPED: "⊘",
    Verdict.UNREADABLE: "✗",
    Verdict.INVALID: "✗",
    Verdict.MISSING: "?",
    Verdict.HALF_PAIR: "◐",
    Verdict.UNCLEAR_PAIR: "◑",
    Verdict.SAME_NAME: "≡",
    Verdict.UNCLEAR: "≟",
    Verdict.BLOCKED: "⚠",
    Verdict.SOURCE: "○",
}


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


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
