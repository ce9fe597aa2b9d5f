"""Reporting periods: a month, half-year, year, run of years or semester."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from .errors import PeriodUnknown

Kind = Literal["month", "half", "year", "years", "semester", "to_date"]

#: Autumn semester: September to January; spring semester: February to August, the vacation in which repairs
#: are made included, so that two semesters leave no day out.
AUTUMN, SPRING = (9, 5), (2, 7)  # first month, number of months
FIRST_YEAR, LAST_YEAR = 2000, 2099

_MONTH = re.compile(r"(\d{4})[-年.](\d{1,2})月?")
_HALF = re.compile(r"(\d{4})-?[Hh]([12])")
_YEAR = re.compile(r"(\d{4})年?")
_YEARS = re.compile(r"(\d{4})\.\.(\d{4})")
_SEMESTER = re.compile(r"(\d{4})([春秋])")

_HELP = "请写成 2024-11（月）、2024-H2（半年）、2024（年）、2024..2026（多年）、2024秋 或 2025春（学期）"


class Period(Struct, frozen=True, kw_only=True):
    """A span of whole months for which figures are given; `start` and `end` both belong to it.

    With a `closing_day` a month runs from the day after the closing day of the month before to its own:
    25 makes 2024-11 the days from 26 October to 25 November. None is the calendar month. Semesters always
    keep calendar months.
    """

    kind: Kind
    #: What `parse` reads back, "2024-11"; "2024-01..2024-11" for a year to date.
    key: str
    #: As printed, 2024年11月.
    title: str
    start: date
    end: date
    #: Months since year 0 of the first month, and how many months.
    first: int
    months: int
    closing_day: int | None = None

    @classmethod
    def parse(cls, text: str, *, closing_day: int | None = None) -> Period:
        """Read a period as people write it.

        Raises:
            PeriodUnknown: the text is no period, or its year or month does not exist.
        """
        known = unicodedata.normalize("NFKC", text).strip()
        try:
            return _read(known, closing_day)
        except ValueError as problem:
            raise PeriodUnknown(f"看不懂报告期“{text}”：{problem}。{_HELP}") from problem

    @classmethod
    def containing(cls, day: date, *, closing_day: int | None = None) -> Period:
        """Return the month that `day` is counted in."""
        index = day.year * 12 + day.month - 1
        return _make("month", index + (day > _closing(index, closing_day)), 1, closing_day)

    def previous(self) -> Period:
        """Return the period of the same kind that ends the day before this one starts."""
        return _make(self.kind, self.first - self._other_months(), self._other_months(), self.closing_day)

    def next(self) -> Period:
        """Return the period of the same kind that starts the day after this one ends."""
        return _make(self.kind, self.first + self.months, self._other_months(), self.closing_day)

    def year_to_date(self) -> Period:
        """Return the year up to the end of this month or half-year; any other period is itself."""
        if self.kind not in ("month", "half"):
            return self
        january = self.first // 12 * 12
        return _make("to_date", january, self.first + self.months - january, self.closing_day)

    def __contains__(self, day: date) -> bool:
        """Tell whether `day` lies in the period."""
        return self.start <= day <= self.end

    def _other_months(self) -> int:
        return 12 - self.months if self.kind == "semester" else self.months


def _read(text: str, closing_day: int | None) -> Period:
    if closing_day is not None and not 1 <= closing_day <= 31:
        raise ValueError(f"月结日应为1至31，不是{closing_day}")
    if found := _MONTH.fullmatch(text):
        return _make("month", _index(found[1], int(found[2])), 1, closing_day)
    if found := _HALF.fullmatch(text):
        return _make("half", _index(found[1], 1 if found[2] == "1" else 7), 6, closing_day)
    if found := _SEMESTER.fullmatch(text):
        month, months = AUTUMN if found[2] == "秋" else SPRING
        return _make("semester", _index(found[1], month), months, closing_day)
    if found := _YEARS.fullmatch(text):
        return _years(_index(found[1], 1), _index(found[2], 1), closing_day)
    if found := _YEAR.fullmatch(text):
        return _make("year", _index(found[1], 1), 12, closing_day)
    raise ValueError("格式不对")


def _years(first: int, last: int, closing_day: int | None) -> Period:
    if last < first:
        raise ValueError("起始年份晚于结束年份")
    return _make("years" if last > first else "year", first, last - first + 12, closing_day)


def _index(year: str, month: int) -> int:
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise ValueError(f"年份应在{FIRST_YEAR}至{LAST_YEAR}之间")
    if not 1 <= month <= 12:
        raise ValueError(f"没有{month}月")
    return int(year) * 12 + month - 1


def _closing(index: int, closing_day: int | None) -> date:
    year, month = index // 12, index % 12 + 1
    last = monthrange(year, month)[1]
    return date(year, month, last if closing_day is None else min(closing_day, last))


def _make(kind: Kind, first: int, months: int, closing_day: int | None) -> Period:
    closing = None if kind == "semester" else closing_day
    last = first + months - 1
    key, title = _names(kind, first, last)
    return Period(
        kind=kind,
        key=key,
        title=title,
        start=_closing(first - 1, closing) + timedelta(days=1),
        end=_closing(last, closing),
        first=first,
        months=months,
        closing_day=closing,
    )


def _names(kind: Kind, first: int, last: int) -> tuple[str, str]:
    year, month, end = first // 12, first % 12 + 1, last % 12 + 1
    match kind:
        case "month":
            return f"{year}-{month:02}", f"{year}年{month}月"
        case "half":
            return f"{year}-H{1 if month == 1 else 2}", f"{year}年{'上' if month == 1 else '下'}半年"
        case "semester":
            return (f"{year}秋", f"{year}年秋季学期") if month == AUTUMN[0] else (f"{year}春", f"{year}年春季学期")
        case "year":
            return str(year), f"{year}年"
        case "years":
            return f"{year}..{last // 12}", f"{year}—{last // 12}年"
        case "to_date":
            months = f"{month}月" if month == end else f"{month}—{end}月"
            return f"{year}-{month:02}..{year}-{end:02}", f"{year}年{months}"
