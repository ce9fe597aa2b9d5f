"""When a channel may disturb people: the hours of a day, on every day or on working days only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from msgspec import Struct

from rectiflow.engine.moments import ZONE

from .message import CHAT, MAIL, SMS

__all__ = ["ALWAYS", "WINDOWS", "SendWindow", "WorkDays", "read_window"]

_FORM = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})(\s*工作日)?")
_LONGEST_BREAK = 30  #: days; more without a working day does not happen


class WorkDays(Protocol):
    """What is asked of a calendar."""

    def is_workday(self, day: date) -> bool:
        """Tell whether a day works."""
        ...


class SendWindow(Struct, frozen=True):
    """From when until when something may be sent, in local time; the end is not part of it."""

    start: time
    end: time
    workdays: bool = False

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}{'（工作日）' if self.workdays else ''}"

    def opens(self, now: datetime, days: WorkDays) -> datetime:
        """Return the first instant from `now` on at which something may be sent: `now` itself when it may, in UTC."""
        local = now.astimezone(ZONE)
        for ahead in range(_LONGEST_BREAK):
            day = local.date() + timedelta(days=ahead)
            if self.workdays and not days.is_workday(day):
                continue
            begin, end = (datetime.combine(day, at, ZONE) for at in (self.start, self.end))
            if local < end:
                return max(local, begin).astimezone(UTC)
        return now.astimezone(UTC)


ALWAYS: Mapping[str, SendWindow] = {}  #: no channel has hours

#: What holds without settings: samples for the bureau to set. Mail waits to be read; a short message is heard.
WINDOWS: Mapping[str, SendWindow] = {
    MAIL: SendWindow(time(7), time(22)),
    SMS: SendWindow(time(8), time(20)),
    CHAT: SendWindow(time(8), time(20)),
}


def read_window(text: str) -> SendWindow:
    """Read hours as people write them: 08:00-20:00, or 08:00-20:00 工作日.

    Raises:
        ValueError: they cannot be read, or end before they begin.
    """
    match = _FORM.fullmatch(text.strip())
    try:
        start, end = (time.fromisoformat(match[n].zfill(5)) for n in (1, 2)) if match else (None, None)
    except ValueError:
        start = end = None
    if match is None or start is None or end is None or end <= start:
        raise ValueError(f"“{text}”不是一段时间，请写 08:00-20:00，或 08:00-20:00 工作日")
    return SendWindow(start, end, workdays=bool(match[3]))
