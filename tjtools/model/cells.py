"""What a cell of a tracking file says, however a spreadsheet wrote it down: a Creative ID, a day; and a moment.

A cell that may have lost a digit, or that could be two days, is refused with the reason: nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_KEPT = 15  # digits of a number that spreadsheets and floats keep

# Compiled by `re` when they are first needed.
_ROUNDED_ID = r"[0-9]+(?:[.,][0-9]+E[+-]?|E[+-])[0-9]+"
_WHOLE_NUMBER = r"(?![0-9]{1,3}[.,]000$)([0-9]+)[.,]0*"  # 104.000 may be 104 or 104 thousand
_GROUPED = r"([0-9]{1,3}([,.'’ \u00a0\u202f])(?:(?:[0-9]{3}\2)+|(?:[0-9]{2}\2)+)[0-9]{3})(?:(?!\2)[.,]0*)?"
_TIME = (
    r"(T|,? )[0-9]{1,2}[:.][0-9]{2}([:.][0-9]{2}([.,][0-9]+)?)?"
    r"(?i: ?[ap]\.?m\.?)?( ?(Z|UTC|GMT))?( ?[+-][0-9]{2}:?[0-9]{2})?$"
)
_YEAR_FIRST = r"([0-9]{4})([-/. ])([0-9]{1,2})\2([0-9]{1,2})"
_YEAR_LAST = r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})"
_D, _M, _Y = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?", r"(?P<month>[^\W\d_]{3,})", r"(?P<year>[0-9]{4}|[0-6][0-9])"
_NAMED_MONTH = (
    rf"{_D}[-/., ]*{_M}[-/., ]*{_Y}",
    rf"{_M}[-/., ]*{_D}[-/., ]+{_Y}",
    rf"(?P<year>[0-9]{{4}})[-/., ]*{_M}[-/., ]*{_D}",
)
_MONTHS = (  # in English, whole or cut, and as other countries' spreadsheets cut them
    "january janv ene gen",
    "february févr fév fev",
    "march mars mär mrz mrt",
    "april avr abr",
    "may mai maj mei mag",
    "june juin giu",
    "july juil lug",
    "august août ago",
    "september set",
    "october okt ott out",
    "november",
    "december déc dez dic",
)


class LostDigits(ValueError):
    """What a spreadsheet or a float left of a Creative ID."""


def is_id(text: str) -> bool:
    """Whether the text is a Creative ID as the site writes it: decimal digits and nothing else."""
    return text.isascii() and text.isdigit()


def read_id(text: str) -> str:
    """Read a Creative ID, also where a spreadsheet made a number or a text of it; ValueError for what is none.

    >>> read_id("1032504821.0") == read_id("1,032,504,821") == read_id('="1032504821"') == "1032504821"
    True
    >>> read_id("1.03E+09")
    Traceback (most recent call last):
    tjtools.model.cells.LostDigits: Excel turned the ID into 1.03E+09; its digits are lost, look the ID up on the site
    """
    bare = _bare(text)
    if is_id(bare):
        return bare
    if number := re.fullmatch(_WHOLE_NUMBER, bare) or re.fullmatch(_GROUPED, bare):
        digits = re.sub(r"\D", "", number[1])
        if len(digits) <= _KEPT:
            return digits
        raise LostDigits(f"{bare} is a number of more than {_KEPT} digits; some are lost, look the ID up on the site")
    if re.fullmatch(_ROUNDED_ID, bare, re.IGNORECASE):
        raise LostDigits(f"Excel turned the ID into {bare}; its digits are lost, look the ID up on the site")
    raise ValueError(f"{text!r} is not a Creative ID, which has digits only" if bare else "there is no Creative ID")


def told_id(text: str) -> str:
    """The Creative ID that a cell tells; where it tells none, its text, which is no creative's."""
    try:
        return read_id(text)
    except ValueError:
        return text.strip()


def read_day(text: str) -> date | None:
    """Read a day in any spelling that has one meaning only, also with a time behind it; None for an empty cell.

    Digits with dots are day, month, year; with a month's name, a year may have two digits.

    >>> read_day("2025-11-13 12:00:00") == read_day("13.11.2025") == read_day("11/13/2025") == date(2025, 11, 13)
    True
    >>> read_day("13-Nov-25") == read_day("Nov 13, 2025") == date(2025, 11, 13)
    True
    >>> read_day("11-12-2025")
    Traceback (most recent call last):
    ValueError: '11-12-2025' could be 2025-11-12 or 2025-12-11; write the upload date as YYYY-MM-DD
    """
    bare = _bare(text)
    if not bare:
        return None
    days = sorted(set(_days(bare)))
    if len(days) == 1:
        return days[0]
    if days:
        raise ValueError(f"{text.strip()!r} could be {days[0]} or {days[1]}; write the upload date as YYYY-MM-DD")
    raise ValueError(f"{text.strip()!r} is not a date; write the upload date as YYYY-MM-DD")


def in_utc(at: datetime) -> str:
    """A moment as history, certificates and log write it.

    >>> in_utc(datetime(2025, 11, 13, 12, tzinfo=UTC))
    '2025-11-13T12:00:00Z'
    """
    return f"{at.astimezone(UTC):{_MOMENT}}"


def from_utc(text: str) -> datetime:
    """The moment that `in_utc` wrote; ValueError for any other text."""
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def _bare(text: str) -> str:
    return text.strip().lstrip("'=").strip('"').strip()  # what makes a spreadsheet take it for text


def _days(text: str) -> Iterator[date]:
    plain = re.sub(_TIME, "", " ".join(text.split())).replace(". ", ".").rstrip(".")
    with suppress(ValueError):
        yield date.fromisoformat(plain)
        return
    for year, month, day in _readings(plain):
        with suppress(ValueError):
            yield date(int(year) + (2000 if len(year) == 2 else 0), month, int(day))


def _readings(text: str) -> Iterator[tuple[str, int, str]]:
    if match := re.fullmatch(_YEAR_FIRST, text):
        yield match[1], int(match[3]), match[4]
    elif match := re.fullmatch(_YEAR_LAST, text):
        first, mark, second, year = match.groups()
        yield year, int(second), first
        if mark != ".":
            yield year, int(first), second
    for form in _NAMED_MONTH:
        if match := re.fullmatch(form, text):
            word = match["month"].lower()
            months = [at for at, names in enumerate(_MONTHS, 1) if names.startswith(word) or word in names.split()]
            yield match["year"], (months or [0])[0], match["day"]
