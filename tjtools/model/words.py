"""Numbers and units as a person reads them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "file"), counted(1200, "file"), counted(2, "batch")
    ('1 file', '1,200 files', '2 batches')
    """
    ending = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}{ending}"


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
