"""Working hours against a plain model that looks at every minute whether the office is open."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rectiflow.engine.calendar import OfficeHours, WorkCalendar
from rectiflow.engine.moments import ZONE
from rectiflow.engine.worktime import open_between, open_day, open_until
from rectiflow.workflows.calendars.cn import china_workdays

YEARS = tuple(china_workdays(2024, 2024).values())
MINUTE = timedelta(minutes=1)
days = st.dates(date(2024, 1, 10), date(2024, 12, 10))
minutes = st.integers(0, 24 * 60 - 1)


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    """Draw office hours in one to three stretches, on the official days of 2024."""
    bounds = sorted(draw(st.sets(minutes, min_size=2, max_size=6)))
    pairs = list(pairwise(bounds))[::2]
    office: OfficeHours = tuple((time(a // 60, a % 60), time(b // 60, b % 60)) for a, b in pairs)
    return WorkCalendar("own", YEARS, office=office)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Draw a full minute of a local day of 2024."""
    return datetime.combine(draw(days), time(), ZONE) + MINUTE * draw(minutes)


def is_open(moment: datetime, calendar: WorkCalendar) -> bool:
    """Tell whether the office is open in the minute that begins here."""
    local = moment.astimezone(ZONE)
    return calendar.is_workday(local.date()) and any(start <= local.time() < end for start, end in calendar.office)


def counted(start: datetime, end: datetime, calendar: WorkCalendar) -> int:
    """Count the open minutes one by one."""
    whole = (end - start) // MINUTE
    return sum(is_open(start + MINUTE * i, calendar) for i in range(whole))


@given(calendar=calendars(), start=moments(), length=st.integers(0, 9 * 24 * 60))
def test_open_between(calendar: WorkCalendar, start: datetime, length: int) -> None:
    """The open seconds between two instants are the minutes counted one by one, and less than nothing backwards."""
    end = start + MINUTE * length
    found = open_between(start, end, calendar, ZONE)
    assert found == 60 * counted(start, end, calendar)
    assert open_between(end, start, calendar, ZONE) == -found


@given(calendar=calendars(), start=moments(), count=st.integers(1, 2000))
def test_open_until(calendar: WorkCalendar, start: datetime, count: int) -> None:
    """So many open minutes have passed at the end found, and its last minute was one of them."""
    count = min(count, 5 * open_day(calendar) // 60)
    end = open_until(start, 60 * count, calendar, ZONE)
    assert end.tzinfo is UTC
    assert open_between(start, end, calendar, ZONE) == 60 * count
    assert is_open(end - MINUTE, calendar)


@given(calendar=calendars(), start=moments(), count=st.integers(1, 2000))
def test_open_until_backwards(calendar: WorkCalendar, start: datetime, count: int) -> None:
    """Before a start lie so many open minutes."""
    count = min(count, 5 * open_day(calendar) // 60)
    before = open_until(start, -60 * count, calendar, ZONE)
    assert open_between(before, start, calendar, ZONE) == 60 * count


@given(calendar=calendars(), start=moments())
def test_nothing_takes_no_time(calendar: WorkCalendar, start: datetime) -> None:
    """No open time at all ends where it began, open or not."""
    assert open_until(start, 0, calendar, ZONE) == start
