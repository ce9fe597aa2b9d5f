from __future__ import annotations

from datetime import date, timedelta

import pytest

from rectiflow.reports.errors import PeriodUnknown, ReportError
from rectiflow.reports.period import Period


@pytest.mark.parametrize(
    ("text", "start", "end", "title"),
    [
        ("2024-11", date(2024, 11, 1), date(2024, 11, 30), "2024年11月"),
        ("2024-2", date(2024, 2, 1), date(2024, 2, 29), "2024年2月"),
        ("2024-H1", date(2024, 1, 1), date(2024, 6, 30), "2024年上半年"),
        ("2024-H2", date(2024, 7, 1), date(2024, 12, 31), "2024年下半年"),
        ("2024", date(2024, 1, 1), date(2024, 12, 31), "2024年"),
        ("2024..2026", date(2024, 1, 1), date(2026, 12, 31), "2024—2026年"),
        ("2024秋", date(2024, 9, 1), date(2025, 1, 31), "2024年秋季学期"),
        ("2025春", date(2025, 2, 1), date(2025, 8, 31), "2025年春季学期"),
    ],
)
def test_parse(text: str, start: date, end: date, title: str) -> None:
    """Each way of writing a period gives its first and last day and its title."""
    period = Period.parse(text)
    assert (period.start, period.end, period.title) == (start, end, title)


@pytest.mark.parametrize("text", ["2024年11月", "２０２４－１１", " 2024.11 ", "2024-11"])
def test_parse_forgives_how_it_is_typed(text: str) -> None:
    """The title, full-width digits and blanks are read as well, and the key is the plain form."""
    assert Period.parse(text).key == "2024-11"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-13", "没有13月"),
        ("1890", "年份应在2000至2099之间"),
        ("2026..2024", "起始年份晚于结束年份"),
        ("上个月", "格式不对"),
        ("", "格式不对"),
    ],
)
def test_parse_refuses(text: str, reason: str) -> None:
    """What is no period is refused with the text, the reason and the ways to write one."""
    with pytest.raises(PeriodUnknown) as refused:
        Period.parse(text)
    assert f"“{text}”：{reason}" in str(refused.value)
    assert "2024-H2" in str(refused.value)
    assert isinstance(refused.value, ReportError)
    assert isinstance(refused.value, ValueError)


def test_closing_day() -> None:
    """A month closed on the 25th runs from the 26th of the month before; so do half-years and years."""
    month = Period.parse("2024-11", closing_day=25)
    assert (month.start, month.end) == (date(2024, 10, 26), date(2024, 11, 25))
    year = Period.parse("2024", closing_day=25)
    assert (year.start, year.end) == (date(2023, 12, 26), date(2024, 12, 25))
    assert Period.parse("2024秋", closing_day=25).start == date(2024, 9, 1)


def test_closing_day_that_a_month_does_not_have() -> None:
    """The 30th closes February on its last day, and March begins the day after."""
    assert Period.parse("2025-02", closing_day=30).end == date(2025, 2, 28)
    assert Period.parse("2025-03", closing_day=30).start == date(2025, 3, 1)
    with pytest.raises(PeriodUnknown, match="月结日应为1至31，不是32"):
        Period.parse("2025-02", closing_day=32)


@pytest.mark.parametrize("text", ["2024-11", "2024-01", "2024-H2", "2024", "2024..2026", "2024秋", "2025春"])
def test_neighbours(text: str) -> None:
    """The next period begins the day after this one ends, and its previous one is this one again."""
    period = Period.parse(text)
    following = period.next()
    assert following.start == period.end + timedelta(days=1)
    assert following.previous() == period
    assert following.kind == period.kind


@pytest.mark.parametrize("text", ["2024-11", "2024-H2", "2024", "2024..2026", "2024秋", "2025春"])
def test_key_is_read_back(text: str) -> None:
    """The key of a period parses to the same period."""
    period = Period.parse(text)
    assert Period.parse(period.key) == period


def test_year_to_date() -> None:
    """A month's year to date begins in January and ends with the month; a year is its own."""
    to_date = Period.parse("2024-11", closing_day=25).year_to_date()
    assert (to_date.start, to_date.end) == (date(2023, 12, 26), date(2024, 11, 25))
    assert (to_date.title, to_date.key) == ("2024年1—11月", "2024-01..2024-11")
    assert Period.parse("2024-01").year_to_date().title == "2024年1月"
    assert Period.parse("2024-H2").year_to_date().end == date(2024, 12, 31)
    assert Period.parse("2024").year_to_date() == Period.parse("2024")


def test_containing() -> None:
    """A day is found in the month that counts it, also across the closing day and the year."""
    assert Period.containing(date(2024, 11, 25), closing_day=25).key == "2024-11"
    assert Period.containing(date(2024, 12, 26), closing_day=25).key == "2025-01"
    assert Period.containing(date(2024, 12, 31)).key == "2024-12"
    assert date(2024, 11, 30) in Period.parse("2024-11")
    assert date(2024, 12, 1) not in Period.parse("2024-11")
