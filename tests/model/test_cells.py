"""IDs and days as spreadsheets, pandas and people write them: read where they have one meaning, else refused."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.model.cells import is_id, read_day, read_id, told_id

NOVEMBER_13 = date(2025, 11, 13)


@pytest.mark.parametrize(
    "text",
    [
        *("1032504821", " 1032504821 ", "\u00a01032504821\u00a0", "1032504821.0", "1032504821.00", "1032504821,0"),
        *("1032504821.", "1,032,504,821", "1.032.504.821", "1 032 504 821", "1\u202f032\u202f504\u202f821"),
        *("1'032'504'821", "1,03,25,04,821", "1,032,504,821.00", "1.032.504.821,0", "'1032504821", "=1032504821"),
        *('="1032504821"', '\'="1032504821"', '"1032504821"'),
    ],
)
def test_an_id_of_which_no_digit_is_lost_is_read(text: str) -> None:
    assert read_id(text) == "1032504821"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no Creative ID"),
        (" ' ", "there is no Creative ID"),
        ("1.03E+09", "Excel turned the ID into 1.03E+09"),
        ("1,03e09", "Excel turned the ID into 1,03e09"),
        ("1234567890123456.0", "more than 15 digits"),
        ("1,234,567,890,123,456", "more than 15 digits"),
        ("1032504821.5", "digits only"),
        ("104.000", "digits only"),
        ("1,032", "digits only"),
        ("1,032,504.821", "digits only"),
        ("1,032.504,821", "digits only"),
        ("-1032504821", "digits only"),
        ("1032504821 1032504831", "digits only"),
        ("١٢٣", "digits only"),
        ("١٢٣.0", "digits only"),
        ("nan", "digits only"),
    ],
)
def test_an_id_that_may_have_lost_a_digit_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        read_id(text)
    assert told_id(text) == text.strip()


@given(st.integers(0, 10**15 - 1))
def test_whatever_pandas_and_spreadsheets_make_of_an_id_is_that_id(number: int) -> None:
    grouped = f"{number:,}"
    written = [str(float(number)), f"{number:.1f}", f"{number:.2f}", f'="{number}"', f"'{number}", f" {number}\t"]
    if grouped.count(",") > 1:
        written += [grouped, *(grouped.replace(",", mark) for mark in (".", " ", "'")), f"{grouped}.0"]
    assert {read_id(text) for text in written} == {str(number)}
    assert {told_id(text) for text in written} == {str(number)}


@given(st.integers(10**4, 10**15 - 1))
def test_an_id_that_was_rounded_is_never_read(number: int) -> None:
    for text in (f"{number:.2E}", f"{number:.3e}".replace(".", ",")):
        with pytest.raises(ValueError, match="its digits are lost"):
            read_id(text)


@given(st.text("0123456789.,' E+-\"=", max_size=18))
def test_what_is_read_as_an_id_has_every_digit_that_is_written_but_decimal_zeros(text: str) -> None:
    with suppress(ValueError):
        found = read_id(text)
        digits = re.sub(r"\D", "", text)
        assert is_id(found)
        assert digits.startswith(found)
        assert not digits.removeprefix(found).strip("0")


@pytest.mark.parametrize(
    "text",
    [
        *("2025-11-13", "2025/11/13", "2025.11.13", "2025. 11. 13.", "20251113", "2025-11-13T12:00:00Z"),
        *("2025-11-13 12:00:00.000000+00:00", "2025/11/13 08:00", "13/11/2025", "11/13/2025", "13.11.2025"),
        *("13. 11. 2025", "13.11.2025.", "13-11-2025", "11-13-2025", "13/11/2025 08:00", "11/13/2025 8:00:00 AM"),
        *("13-Nov-2025", "13-Nov-25", "13 nov 2025", "13NOV2025", "13. November 2025", "13th November 2025"),
        *("Nov 13, 2025", "Nov. 13, 2025", "November 13 2025", "Nov 13, 2025 8:00 a.m.", "2025-Nov-13"),
        *(" 2025-11-13 ", "'2025-11-13", '="2025-11-13"'),
    ],
)
def test_a_day_with_one_meaning_only_is_read(text: str) -> None:
    assert read_day(text) == NOVEMBER_13


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("", None),
        (" ", None),
        ("11/11/2025", date(2025, 11, 11)),
        ("11.12.2025", date(2025, 12, 11)),
        ("1-Sept-2025", date(2025, 9, 1)),
        ("3-mrt-2025", date(2025, 3, 3)),
        ("3-mei-25", date(2025, 5, 3)),
        ("3. Mär. 2025", date(2025, 3, 3)),
        ("3 juil. 2025", date(2025, 7, 3)),
        ("3/dic/2025", date(2025, 12, 3)),
    ],
)
def test_another_day(text: str, day: date | None) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("11/12/2025", "could be 2025-11-12 or 2025-12-11"),
        ("11-12-2025", "could be 2025-11-12 or 2025-12-11"),
        ("11-12-2025 08:00", "could be 2025-11-12 or 2025-12-11"),
        *(
            (text, "is not a date")
            for text in (
                *("13/11/25", "25-11-13", "2025-02-30", "2025-13-11", "31-Nov-2025", "13-Nov-99", "Nov 2025", "Nov-25"),
                *("45974", "soon", "13-marras-2025", "13.11.2025 14.11.2025", "13/11/2025 or later", "١٣/11/2025"),
            )
        ),
    ],
)
def test_a_doubtful_day_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"{reason}.*; write the upload date as YYYY-MM-DD"):
        read_day(text)


_TIMES = ("", " 00:00:00", " 8:05", " 8:05 PM", " 23.59")
_UNAMBIGUOUS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d.%m.%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%Y-%b-%d",
)


@given(st.dates(date(2000, 1, 1), date(2068, 12, 31)), st.sampled_from(_UNAMBIGUOUS), st.sampled_from(_TIMES))
def test_every_day_is_read_from_every_spelling_with_one_meaning(day: date, form: str, time: str) -> None:
    assert read_day(f"{day:{form}}{time}") == day


@given(st.dates(date(1000, 1, 1)), st.sampled_from("/- "), st.booleans(), st.sampled_from(_TIMES))
def test_digits_are_a_day_only_where_the_other_order_is_none(day: date, mark: str, us: bool, time: str) -> None:
    first, second = (day.month, day.day) if us else (day.day, day.month)
    text = f"{first:02}{mark}{second}{mark}{day.year}{time}"
    if day.day <= 12 and day.day != day.month:
        with pytest.raises(ValueError, match="could be"):
            read_day(text)
    else:
        assert read_day(text) == day


@given(st.text("0123456789/-. ,:TNovMarch", max_size=14))
def test_a_day_that_was_read_has_its_digits_in_the_text(text: str) -> None:
    with suppress(ValueError):
        if day := read_day(text):
            assert str(day.day) in text
            assert f"{day.year % 100:02}" in text
