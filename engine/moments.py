"""Instants and local days: stored in UTC, thought in the workflow's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .calendar import WorkCalendar
from .workflow import Span
from .worktime import open_until

__all__ = [
    "ZONE",
    "at_hour",
    "chinese_date",
    "due_text",
    "end_of",
    "hours_left",
    "local_day",
    "shift_day",
    "shift_moment",
]

ZONE = ZoneInfo("Asia/Shanghai")  #: China keeps one time and no daylight saving


@lru_cache(maxsize=1024)
def local_day(moment: datetime) -> date:
    """Return the local day an instant falls in."""
    return moment.astimezone(ZONE).date()


@lru_cache(maxsize=1024)
def at_hour(day: date, hour: int) -> datetime:
    """Return the instant of a full local hour of `day`, in UTC."""
    return datetime.combine(day, time(hour), ZONE).astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return the instant the local day is over, in UTC: a date deadline is missed from here on."""
    return at_hour(day + timedelta(days=1), 0)


def shift_day(day: date, span: Span, calendar: WorkCalendar) -> date:
    """Move a day by working days or natural days.

    Raises:
        ValueError: the span counts hours, which move instants, not days.
    """
    if span.unit == "workdays":
        return calendar.add(day, span.amount)
    if span.unit == "days":
        return day + timedelta(days=span.amount)
    raise ValueError(f"{span} 以小时计，不能用来推算日期。")


def shift_moment(moment: datetime, span: Span, calendar: WorkCalendar) -> datetime:
    """Move an instant by hours, by hours that the office is open, or by days keeping the local time of day."""
    if span.unit == "hours":
        return moment + timedelta(hours=span.amount)
    if span.unit == "workhours":
        return open_until(moment, span.amount * 3600, calendar, ZONE)
    local = moment.astimezone(ZONE)
    return datetime.combine(shift_day(local.date(), span, calendar), local.timetz()).astimezone(UTC)


def due_text(day: date, moment: datetime | None) -> str:
    """Write a deadline: the day, and the time of day where it does not end with the day."""
    local = moment.astimezone(ZONE) if moment is not None else None
    return f"{day}" if local is None or local.time() == time() else f"{day} {local:%H:%M}"


def hours_left(moment: datetime | None, now: datetime) -> int | None:
    """Return how many hours are left to a deadline within a day, less than none past it; None where it ends with a day."""
    if moment is None or moment.astimezone(ZONE).time() == time():
        return None
    return int((moment - now).total_seconds() // 3600)


def chinese_date(day: date) -> str:
    """Write a date the way official papers do: 2024年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"
