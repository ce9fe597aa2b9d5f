"""Working days of China, make-up days included, and the arithmetic on them.

A day works when it is a make-up day (调休上班), or a Monday to Friday that is no holiday, as the State Council's yearly
notice says. The days themselves are handed in; nothing here reads a file or a clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Protocol

__all__ = ["OFFICE", "OfficeHours", "WorkCalendar", "YearOfDays"]

OfficeHours = tuple[tuple[time, time], ...]  #: stretches of a day, in order

_DAY = timedelta(days=1)
OFFICE: OfficeHours = ((time(8, 30), time(12)), (time(14), time(17, 30)))  #: a sample, for the bureau to set


class YearOfDays(Protocol):
    """What a calendar knows of one year; `covered` is False when the year's notice is not known."""

    @property
    def year(self) -> int:
        """The year."""
        ...

    @property
    def holidays(self) -> frozenset[date]:
        """Mondays to Fridays that do not work."""
        ...

    @property
    def makeup(self) -> frozenset[date]:
        """Saturdays and Sundays that do."""
        ...

    @property
    def covered(self) -> bool:
        """Whether the year's notice is known."""
        ...


class WorkCalendar:
    """Which days work, over the years handed in; years beyond them count Monday to Friday and are provisional.

    `terms` are the school terms, first and last day, both included; `office` is when an office is open on a working day.
    `edition` says by which calendar a date was counted: the name, the last year known, and `own`, which stands for the
    days and hours of the district's own: cn-workdays@2026, cn-workdays@2026+3f2a.
    """

    def __init__(
        self,
        name: str,
        years: Iterable[YearOfDays],
        /,
        *,
        terms: Iterable[tuple[date, date]] = (),
        office: OfficeHours = OFFICE,
        own: str = "",
    ) -> None:
        known = sorted(years, key=lambda y: y.year)
        if not known or [y.year for y in known] != list(range(known[0].year, known[-1].year + 1)):
            raise ValueError(f"工作日历 {name} 的年份须连续且不为空。")
        self.name = name
        self.office = office
        self._terms = tuple(sorted(terms))
        self._covered = frozenset(y.year for y in known if y.covered)
        self.edition = f"{name}@{max(self._covered, default=0)}{f'+{own}' if own else ''}"
        first, last = date(known[0].year, 1, 1), date(known[-1].year, 12, 31)
        self._first, self._last = first.toordinal(), last.toordinal()
        holidays = frozenset[date]().union(*(y.holidays for y in known))
        makeup = frozenset[date]().union(*(y.makeup for y in known))
        days = (first + _DAY * i for i in range(self._last - self._first + 1))
        self._work = [d.toordinal() for d in days if d in makeup or (d.weekday() < 5 and d not in holidays)]

    def __repr__(self) -> str:
        return f"WorkCalendar({self.edition!r})"

    def covers(self, day: date) -> bool:
        """Tell whether the official arrangement of that day's year is known."""
        return day.year in self._covered

    def in_term(self, day: date) -> bool:
        """Tell whether a day lies in a school term; outside of all years whose terms are known it counts as one.

        Terms steer who hears of things and whether schools report, never a hazard's deadline.
        """
        if not self._terms or not self._terms[0][0] <= day <= self._terms[-1][1]:
            return True
        return any(first <= day <= last for first, last in self._terms)

    def is_workday(self, day: date) -> bool:
        """Tell whether `day` works."""
        o = day.toordinal()
        if not self._first <= o <= self._last:
            return day.weekday() < 5
        i = bisect_left(self._work, o)
        return i < len(self._work) and self._work[i] == o

    def add(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day` (before it when negative, `day` itself for 0)."""
        if count == 0:
            return day
        if self._first <= day.toordinal() <= self._last:
            i = (
                bisect_right(self._work, day.toordinal()) - 1 + count
                if count > 0
                else (bisect_left(self._work, day.toordinal()) + count)
            )
            if 0 <= i < len(self._work):
                return date.fromordinal(self._work[i])
        return self._walk(day, count)

    def between(self, start: date, end: date) -> int:
        """Count the working days in the half-open stretch (start, end]; negative when end is before start."""
        if end < start:
            return -self.between(end, start)
        lo, hi = start.toordinal(), end.toordinal()
        if self._first <= lo and hi <= self._last:
            return bisect_right(self._work, hi) - bisect_right(self._work, lo)
        return sum(self.is_workday(date.fromordinal(o)) for o in range(lo + 1, hi + 1))

    def _walk(self, day: date, count: int) -> date:
        step = _DAY if count > 0 else -_DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_workday(day)
        return day
