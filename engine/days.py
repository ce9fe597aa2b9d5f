"""What a message says of time: how far off its deadline is on the day it is handed over, not on the day it was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from .moments import ZONE, local_day
from .ticket import ClockRun, Plain
from .workflow import HOURLY, Clock, Span

__all__ = ["ends_of", "left", "occasion_on", "told_on"]

_SHOWN_IN_HOURS = 48  #: beyond these a deadline of hours is spoken of in days


def ends_of(clock: Clock, run: ClockRun) -> str | None:
    """Return when a clock ends, as a message keeps it (`ends`): a day, of a clock in hours an instant, in ISO 8601."""
    hourly = isinstance(clock.within, Span) and clock.within.unit in HOURLY
    if hourly and run.due_at is not None:
        return run.due_at.astimezone(ZONE).isoformat()
    return run.due_on.isoformat() if run.due_on is not None else None


def told_on(params: Mapping[str, Plain], now: datetime) -> Mapping[str, Plain]:
    """Return what a message says when it is handed over at `now`: its days, or hours, are counted anew.

    Args:
        params: of a message; `ends` is the day its deadline ends (2024-09-20), or the instant
            (2024-09-07T00:30:00+08:00); None where none runs.

    Returns:
        `params` themselves where they say what is so, and where they have no `ends`, as what was written by an earlier
        version; else with `until` (9月20日, 9月7日0时30分), and of `days_left`, `days_overdue`, `hours_left` and
        `hours_overdue` the one that is so, the others None. Days count from 0 left, on the day itself; hours are full
        ones: 0 left is less than an hour before, 0 overdue less than an hour after.
    """
    if "ends" not in params:
        return params
    told = {**params, **_NOTHING, **_standing(params["ends"], now)}
    return params if told == params else told


def occasion_on(occasion: str, params: Mapping[str, Plain]) -> str:
    """Return on what occasion a message is told: what was to be said before its deadline is no 临期提醒 after it."""
    late = params.get("days_overdue") or params.get("hours_overdue") is not None
    return "reminder" if occasion == "due_soon" and late else occasion


def left(params: Mapping[str, Plain]) -> str:
    """Say how far off the deadline of a message is: 还有3天, 今天到期, 已逾期2天, 已超过4小时; "" where none is known."""
    hours_over, hours, over, days = (params.get(name) for name in ("hours_overdue", "hours_left", *_DAYS))
    if isinstance(hours_over, int):
        return f"已超过{_long(hours_over)}" if hours_over else "已到期"
    if isinstance(hours, int):
        return f"还有{_long(hours)}" if hours else "还有不到1小时"
    if isinstance(over, int) and over:
        return f"已逾期{over}天"
    if isinstance(days, int):
        return f"还有{days}天" if days else "今天到期"
    return ""


_DAYS = ("days_overdue", "days_left")
_NOTHING: Mapping[str, Plain] = dict.fromkeys((*_DAYS, "hours_overdue", "hours_left", "until"))


def _standing(ends: Plain, now: datetime) -> dict[str, Plain]:
    if not ends:
        return {}
    if "T" not in ends:
        day = date.fromisoformat(ends)
        over = (local_day(now) - day).days
        return {"until": _day(day, now), **({"days_overdue": over} if over > 0 else {"days_left": -over})}
    moment = datetime.fromisoformat(ends).astimezone(ZONE)
    hour = timedelta(hours=1)
    hours = {"hours_overdue": (now - moment) // hour} if now >= moment else {"hours_left": (moment - now) // hour}
    minute = f"{moment.minute}分" if moment.minute else ""
    return {"until": f"{_day(moment.date(), now)}{moment.hour}时{minute}", **hours}


def _day(day: date, now: datetime) -> str:
    """Write a date; the year only where it is another than this one."""
    year = "" if day.year == local_day(now).year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def _long(hours: int) -> str:
    return f"{hours}小时" if hours < _SHOWN_IN_HOURS else f"{hours // 24}天"
