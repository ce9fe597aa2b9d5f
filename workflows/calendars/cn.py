"""Working days of China by year, from the `holidays` package and a district's own file.

A day works when it is a make-up day (调休上班), or a Monday to Friday that is no holiday. The State Council's General
Office arranges each year anew; until its notice is known a year has only the statutory days and is not covered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from .override import CalendarOverride, SchoolTerm, is_weekday, load_override, shows_arrangement

__all__ = ["CalendarOverride", "SchoolTerm", "YearDays", "china_workdays", "load_override"]


class YearDays(Struct, frozen=True, kw_only=True):
    """What is known of one year; `covered` is False while the year's official arrangement is not known.

    `holidays` holds the Mondays to Fridays that do not work, `makeup` the Saturdays and Sundays that do.
    """

    year: int
    holidays: frozenset[date]
    makeup: frozenset[date]
    covered: bool

    def works(self, day: date) -> bool:
        """Tell whether a day of this year works."""
        return day in self.makeup or (is_weekday(day) and day not in self.holidays)


def china_workdays(
    first_year: int, last_year: int, /, *, override: CalendarOverride | None = None
) -> dict[int, YearDays]:
    """Return the days of every year from `first_year` to `last_year`, both included, by year.

    A year is covered only when the package knows a make-up day of it, or the override holds its whole arrangement.
    """
    import holidays

    china = holidays.country_holidays("CN", years=range(first_year, last_year + 1))
    off, work = list(china), list(china.weekend_workdays)
    years = (_official(y, off, work) for y in range(first_year, last_year + 1))
    return {y.year: _merged(y, override or CalendarOverride()) for y in years}


def _official(year: int, off: Iterable[date], work: Iterable[date]) -> YearDays:
    makeup = frozenset(d for d in work if d.year == year)
    return YearDays(
        year=year,
        holidays=frozenset(d for d in off if d.year == year and is_weekday(d)),
        makeup=makeup,
        covered=shows_arrangement(makeup),
    )


def _merged(days: YearDays, own: CalendarOverride) -> YearDays:
    off = frozenset(d for d in own.holidays if d.year == days.year)
    work = frozenset(d for d in own.workdays if d.year == days.year)
    complete = days.year in own.complete
    nothing = frozenset[date]()
    return YearDays(
        year=days.year,
        holidays=((nothing if complete else days.holidays) - work) | {d for d in off if is_weekday(d)},
        makeup=((nothing if complete else days.makeup) - off) | {d for d in work if not is_weekday(d)},
        covered=complete or days.covered,
    )
