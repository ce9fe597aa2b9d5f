"""Dates in all the forms in which offices write them.

Years from 2000 to 2099 are taken: a date outside them is a slip of the hand. A date without a year needs one from
outside; a month without a day is its last day for a deadline and its first day otherwise; 上旬, 中旬 and 下旬 (底, 末)
end on the 10th, the 20th and the last day.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from enum import Enum
from typing import Literal, TypeAlias

from msgspec import Struct

from .errors import DateUnreadable
from .text import Cell, cell_text, narrow

FIRST_YEAR = 2000
LAST_YEAR = 2099
SCHOOL_YEAR_FIRST_MONTH = 8
SERIAL_EPOCH = dt.date(1899, 12, 30)  # day 0 of a workbook's day numbers from March 1900 on

Precision: TypeAlias = Literal["day", "month"]


class Deadline(Enum):
    """A deadline that is no date."""

    IMMEDIATE = "immediate"  # 立行立改, 当场整改
    UNSET = "unset"  # 未定时限


class ParsedDate(Struct, frozen=True, kw_only=True):
    """A date that was read.

    Attributes:
        date: the day.
        precision: ``"month"`` when no day was written (2024-12, 12月底).
        assumed_year: the year was not written but taken from outside.
    """

    date: dt.date
    precision: Precision = "day"
    assumed_year: bool = False


class SchoolYear(Struct, frozen=True):
    """A school year, or a semester of it: its months from August on lie in ``first``, the others in the year after."""

    first: int

    def year_of(self, month: int) -> int:
        """Give the calendar year of a month (1 to 12)."""
        return self.first if month >= SCHOOL_YEAR_FIRST_MONTH else self.first + 1


YearHint: TypeAlias = int | SchoolYear | None

_IMMEDIATE = re.compile(
    "立行立改|即行即改|即知即改|立查立改|即查即改|边查边改|立整立改|立即|马上|即时|当场|现场整改|随查随改|即改"
)
_UNSET = re.compile(
    r"[/\\\-—–_.]+|无|暂无|未定|待定|未定时限|时限待定|未明确|待明确|待确定|另行.*|长期.*|持续.*|常态化.*"
)
_CLOCK = re.compile(r"(?:T|\s+)\d{1,2}[:时]\d{1,2}(?:[:分]?\d{0,2}(?:\.\d+)?秒?)?(?:Z|[+-]\d\d:?\d\d)?$")
_WEEKDAY = re.compile(r"[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?$|(?<=[日号])(?:上午|下午|中午|晚上|凌晨|早上)$")
_LEAD = re.compile(r"^(?:截至到?|截止到?|务必|力争|计划|预计|拟|限期|限|请)*(?:于|在|至|到)?")
_TAIL = re.compile(r"(?:整改|治理)?(?:完成|完毕|到位|落实)*(?:整改|治理)?(?:完成|完毕|到位)?$")
_BEFORE = re.compile(r"(?:之前|以前|前|止|内)$")
_NUMERAL = re.compile("[〇零○一二三四五六七八九十]+(?=[年月日号])")
_DIGITS = {sign: str(value) for value, sign in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}

_Y = r"(?P<year>\d{4}|\d{2})"
_SEP = r"[./\-]"
_FULL = re.compile(rf"{_Y}(?:年|{_SEP})(?P<month>\d{{1,2}})(?:月|{_SEP})(?P<day>\d{{1,2}})[日号]?")
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_MONTH_DAY = re.compile(rf"(?P<month>\d{{1,2}})(?:月|{_SEP})(?P<day>\d{{1,2}})[日号]?")
_YEAR_MONTH = re.compile(
    rf"(?P<year>\d{{4}})(?:年|{_SEP})(?P<month>\d{{1,2}})(?:月份?)?|(?P<short>\d\d)年(?P<m>\d\d?)月份?"
)
_MONTH = re.compile(r"(?P<month>\d{1,2})月份?")
_PART = re.compile(rf"(?:{_Y}(?:年|{_SEP}))?(?P<month>\d{{1,2}})月?份?(?P<part>上旬|中旬|下旬|月底|月末|底|末)")
_YEAR_END = re.compile(r"(?P<year>\d{4})?年{1,2}[底末]")
_SIX = re.compile(r"\d{6}")
_SCHOOL_YEAR = re.compile(r"(?<!\d)(?P<first>20\d\d)年?[-~至/](?:20)?\d\d学年")
_AUTUMN = re.compile(r"(?<!\d)(?P<first>20\d\d)年?(?:下半年)?秋")
_TITLE_YEAR = re.compile(r"(?<!\d)20\d\d(?=年|[./-]\d|[春度学校隐安第])")
_PART_DAYS = {"上旬": 10, "中旬": 20}


def parse_date(value: Cell, *, year: YearHint = None, end_of_month: bool = False) -> ParsedDate:
    """Read one date.

    Args:
        value: a date, a day number of the workbook, or text in any form offices use.
        year: the year of dates written without one; None when it is not known.
        end_of_month: the date is a deadline: a bare month means its last day, and 12月31日前 is accepted.

    Raises:
        DateUnreadable: it is no date, no possible date, ambiguous, or lacks its year; the message says which.
    """
    if isinstance(value, dt.datetime):
        return _checked(value.date())
    if isinstance(value, dt.date):
        return _checked(value)
    if isinstance(value, (bool, dt.time, dt.timedelta)):
        raise DateUnreadable("不是日期，请写成 2024-12-05 的样子")
    if isinstance(value, (int, float)):
        return _from_number(value, year=year, end_of_month=end_of_month)
    return _from_text(value, year=year, end_of_month=end_of_month)


def parse_deadline(value: Cell, *, year: YearHint = None) -> ParsedDate | Deadline:
    """Read a deadline: a date, 立行立改 and its like, or 未定 (a blank cell too).

    Raises:
        DateUnreadable: it is none of them.
    """
    text = narrow(cell_text(value)).strip()
    if not text or _UNSET.fullmatch(text):
        return Deadline.UNSET
    if _IMMEDIATE.search(text) and not re.search(r"\d", text):
        return Deadline.IMMEDIATE
    return parse_date(value, year=year, end_of_month=True)


def year_of_title(text: str) -> YearHint:
    """Take the year out of a title or a line such as 填报时间：2024年12月25日; None when there is none, or several.

    2024-2025学年, 2024年秋季学期 and 2024秋 give a school year.
    """
    plain = _plain(text)
    if school_year := _SCHOOL_YEAR.search(plain) or _AUTUMN.search(plain):
        return SchoolYear(int(school_year["first"]))
    years = {int(found) for found in _TITLE_YEAR.findall(plain)}
    return years.pop() if len(years) == 1 else None


def _from_number(value: float, *, year: YearHint, end_of_month: bool) -> ParsedDate:
    serial = _of_serial(value)
    if serial is not None:
        return _checked(serial)
    text = cell_text(value)
    parsed = _from_text(text, year=year, end_of_month=end_of_month)
    head, _, tail = text.partition(".")
    if len(tail) == 1:  # 12.10 typed as a number is kept as 12.1
        _refuse_lost_zero(text, f"{head}.{tail}0", year=year, end_of_month=end_of_month)
    return parsed


def _of_serial(number: float) -> dt.date | None:
    """Give the day of a workbook's day number, if it lies in the years that are taken."""
    first, last = ((date - SERIAL_EPOCH).days for date in (dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)))
    return SERIAL_EPOCH + dt.timedelta(days=int(number)) if first <= number < last + 1 else None


def _refuse_lost_zero(text: str, longer: str, *, year: YearHint, end_of_month: bool) -> None:
    try:
        _from_text(longer, year=year, end_of_month=end_of_month)
    except DateUnreadable:
        return
    raise DateUnreadable(f"分不清是 {text} 还是 {longer}（数字格式会丢掉末尾的 0），请写成 2024-12-05 的样子")


def _from_text(value: str, *, year: YearHint, end_of_month: bool) -> ParsedDate:
    text = _plain(value)
    if not text:
        raise DateUnreadable("没有填写日期")
    if end_of_month:
        text = _BEFORE.sub("", _TAIL.sub("", _LEAD.sub("", text)))
        text = _WEEKDAY.sub("", text)
    elif _BEFORE.search(text):
        raise DateUnreadable("不是确切的日期，请写明是哪一天")
    if re.fullmatch(r"\d{5}", text) and (serial := _of_serial(int(text))) is not None:
        return _checked(serial)
    found = _six_digits(text) if _SIX.fullmatch(text) else _match(text)
    return _built(found, year=year, end_of_month=end_of_month)


def _plain(value: str) -> str:
    text = unicodedata.normalize("NFKC", narrow(value)).strip().replace("。", ".")
    text = re.sub("[—–―−‐‑]", "-", text)
    text = re.sub(r"\s+", "", _CLOCK.sub("", text))
    text = _NUMERAL.sub(lambda run: _arabic(run[0]), text)
    return _WEEKDAY.sub("", text.rstrip(".,;、"))


def _arabic(numeral: str) -> str:
    if "十" not in numeral:
        return "".join(_DIGITS[sign] for sign in numeral)
    tens, _, ones = numeral.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return numeral
    return f"{_DIGITS.get(tens, '1')}{_DIGITS.get(ones, '0')}"


class _Parts(Struct, frozen=True, kw_only=True):
    """What was written: a year of two or four digits, a month, and a day or a part of the month."""

    year: str | None
    month: int
    day: int | None = None
    last_day: bool = False
    precision: Precision = "day"


def _match(text: str) -> _Parts:
    if whole := _FULL.fullmatch(text) or _COMPACT.fullmatch(text):
        return _Parts(year=whole["year"], month=int(whole["month"]), day=int(whole["day"]))
    if short := _MONTH_DAY.fullmatch(text):
        return _Parts(year=None, month=int(short["month"]), day=int(short["day"]))
    if month := _YEAR_MONTH.fullmatch(text):
        return _Parts(year=month["year"] or month["short"], month=int(month["month"] or month["m"]), precision="month")
    if bare := _MONTH.fullmatch(text):
        return _Parts(year=None, month=int(bare["month"]), precision="month")
    if part := _PART.fullmatch(text):
        day = _PART_DAYS.get(part["part"])
        return _Parts(year=part["year"], month=int(part["month"]), day=day, last_day=day is None, precision="month")
    if end := _YEAR_END.fullmatch(text):
        return _Parts(year=end["year"], month=12, last_day=True, precision="month")
    raise DateUnreadable(_why_none(text))


def _why_none(text: str) -> str:
    if re.search(r"\d(?:天|个?工作日|日内|周|个?月)$", text):
        return "写的是天数而不是日期，请写成具体日期，如 2024-12-31"
    if re.fullmatch(r"20\d\d年?", text):
        return "只写了年份，请写明月、日"
    return "不是日期，请写成 2024-12-05 的样子"


def _six_digits(text: str) -> _Parts:
    """Tell 202412 from 241205; refuse what could be both, such as 201205."""
    month = _Parts(year=text[:4], month=int(text[4:]), precision="month")
    day = _Parts(year=text[:2], month=int(text[2:4]), day=int(text[4:]))
    fits = [parts for parts in (month, day) if _possible(parts)]
    if len(fits) == 1:
        return fits[0]
    raise DateUnreadable(f"{'分不清是哪一天' if fits else '不是日期'}，请写成 2024-12-05 的样子")


def _possible(parts: _Parts) -> bool:
    try:
        _built(parts, year=None, end_of_month=False)
    except DateUnreadable:
        return False
    return True


def _built(parts: _Parts, *, year: YearHint, end_of_month: bool) -> ParsedDate:
    if not 1 <= parts.month <= 12:
        raise DateUnreadable(f"没有 {parts.month} 月，请写成 2024-12-05 的样子")
    full_year = _year(parts, year)
    day = parts.day or (_last_day(full_year, parts.month) if parts.last_day or end_of_month else 1)
    if parts.day == 0 or day > _last_day(full_year, parts.month):
        raise DateUnreadable(f"没有这一天：{full_year}年{parts.month}月{parts.day}日")
    date = dt.date(full_year, parts.month, day)
    return _checked(date, precision=parts.precision, assumed_year=parts.year is None)


def _year(parts: _Parts, hint: YearHint) -> int:
    if parts.year is not None:
        year = int(parts.year) + (2000 if len(parts.year) == 2 else 0)
        _check_year(year)
        return year
    if hint is None:
        raise DateUnreadable("没有写年份，标题里也看不出年份；请写全年月日，或在导入时指明年份（--year）")
    return hint.year_of(parts.month) if isinstance(hint, SchoolYear) else hint


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _checked(date: dt.date, *, precision: Precision = "day", assumed_year: bool = False) -> ParsedDate:
    _check_year(date.year)
    return ParsedDate(date=date, precision=precision, assumed_year=assumed_year)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise DateUnreadable(f"年份 {year} 不合常理，请核对")
