"""Working hours: the part of working days during which an office is open, and the arithmetic on it.

Every working day has the same office hours, so a moment has a place on one long line of open time; lengths are
differences on that line. Nothing is open between.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .calendar import WorkCalendar

__all__ = ["open_between", "open_day", "open_until"]

_DAY = timedelta(days=1)


def open_day(calendar: WorkCalendar) -> int:
    """Return how many seconds an office is open on a working day."""
    return sum(_seconds(end) - _seconds(start) for start, end in calendar.office)


def open_between(start: datetime, end: datetime, calendar: WorkCalendar, zone: ZoneInfo) -> int:
    """Count the open seconds from one instant to a later one; negative when `end` is before `start`."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    days = calendar.between(first.date() - _DAY, last.date() - _DAY)
    return days * open_day(calendar) + _open_before(last, calendar) - _open_before(first, calendar)


def open_until(start: datetime, seconds: int, calendar: WorkCalendar, zone: ZoneInfo) -> datetime:
    """Return the instant by which so many open seconds have passed; before `start` when negative, in UTC.

    What ends with the office's day ends there, not when the next one begins; so does a start outside of the open hours.
    """
    if seconds == 0:
        return start.astimezone(UTC)
    local = start.astimezone(zone)
    day = local.date()
    base = day if calendar.is_workday(day) else calendar.add(day, 1)
    days, rest = divmod(_open_before(local, calendar) + seconds, open_day(calendar))
    if rest == 0 and seconds > 0:
        days, rest = days - 1, open_day(calendar)
    return datetime.combine(calendar.add(base, days), _at(rest, calendar), zone).astimezone(UTC)


def _open_before(local: datetime, calendar: WorkCalendar) -> int:
    """Return the open seconds of a local day that have passed at its time; none on a day off."""
    if not calendar.is_workday(local.date()):
        return 0
    now = _seconds(local.time())
    return sum(max(0, min(now, _seconds(end)) - _seconds(start)) for start, end in calendar.office)


def _at(passed: int, calendar: WorkCalendar) -> time:
    """Return the time of day at which so many open seconds have passed; at a break, when it begins."""
    for start, end in calendar.office:
        length = _seconds(end) - _seconds(start)
        if passed <= length:
            return (datetime.combine(date.min, start) + timedelta(seconds=passed)).time()
        passed -= length
    return calendar.office[-1][1]


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
