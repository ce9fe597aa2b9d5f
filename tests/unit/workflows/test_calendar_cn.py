"""The working days of China, against an independent package, and a district's own days on top."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.workflows.calendars.cn import CalendarOverride, YearDays, china_workdays
from rectiflow.workflows.calendars.override import shows_arrangement


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.fixture(scope="module")
def years() -> dict[int, YearDays]:
    """The years that both packages know, and the next one."""
    return china_workdays(2023, 2027)


def test_every_day_agrees_with_chinesecalendar(years: dict[int, YearDays]) -> None:
    """Every day from 2023 to 2026 works, or does not, exactly as the other package says."""
    wrong = [
        day
        for day in _days(date(2023, 1, 1), date(2026, 12, 31))
        if years[day.year].works(day) != chinese_calendar.is_workday(day)
    ]
    assert wrong == []


def test_known_years_are_covered_and_2027_is_not(years: dict[int, YearDays]) -> None:
    """A year without a make-up day has no known arrangement, whatever statutory days it has."""
    assert {year: days.covered for year, days in years.items()} == {
        2023: True,
        2024: True,
        2025: True,
        2026: True,
        2027: False,
    }
    assert date(2027, 10, 1) in years[2027].holidays
    assert years[2027].makeup == frozenset()


def test_holidays_are_weekdays_and_makeup_days_weekends(years: dict[int, YearDays]) -> None:
    """The two sets never overlap, and each holds only days of its own year."""
    for year, days in years.items():
        assert all(d.year == year and d.weekday() < 5 for d in days.holidays)
        assert all(d.year == year and d.weekday() >= 5 for d in days.makeup)


def test_a_last_december_weekend_does_not_cover_a_year() -> None:
    """A Saturday at the year's end that is made up for the next New Year says nothing about the old year."""
    assert not shows_arrangement({date(2028, 12, 30)})
    assert not shows_arrangement({date(2028, 9, 29)})
    assert shows_arrangement({date(2028, 12, 30), date(2028, 2, 19)})


def test_the_engine_takes_the_years_as_they_are(years: dict[int, YearDays]) -> None:
    """A WorkCalendar is built from the values without conversion."""
    calendar = WorkCalendar("cn-workdays", years.values())
    assert calendar.is_workday(date(2024, 10, 12))
    assert calendar.add(date(2024, 9, 30), 1) == date(2024, 10, 8)
    assert not calendar.covers(date(2027, 3, 1))


def test_own_days_are_added_to_the_official_ones() -> None:
    """A district's own day off and own working day change those days only, and cover nothing."""
    own = CalendarOverride(
        holidays=frozenset({date(2027, 3, 1), date(2024, 10, 12)}),
        workdays=frozenset({date(2027, 3, 6), date(2024, 10, 4)}),
    )
    years = china_workdays(2024, 2027, override=own)
    assert not years[2027].works(date(2027, 3, 1))
    assert years[2027].works(date(2027, 3, 6))
    assert not years[2027].covered
    assert not years[2024].works(date(2024, 10, 12))
    assert years[2024].works(date(2024, 10, 4))
    assert not years[2024].works(date(2024, 10, 7))
    assert years[2025] == china_workdays(2025, 2025)[2025]


def test_a_complete_year_replaces_what_the_package_guessed() -> None:
    """An official arrangement entered by the district stands alone and covers its year."""
    own = CalendarOverride(
        holidays=frozenset(_days(date(2027, 10, 1), date(2027, 10, 7))),
        workdays=frozenset({date(2027, 9, 26)}),
        complete=frozenset({2027}),
    )
    days = china_workdays(2027, 2027, override=own)[2027]
    assert days.covered
    assert days.makeup == {date(2027, 9, 26)}
    assert min(days.holidays) == date(2027, 10, 1)
    assert days.works(date(2027, 2, 5))
    assert not days.works(date(2027, 10, 7))
