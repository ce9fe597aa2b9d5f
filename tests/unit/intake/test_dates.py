"""Dates in all the forms in which offices write them."""

from __future__ import annotations

import datetime as dt

import pytest

from rectiflow.intake import DateUnreadable, Deadline, ParsedDate, SchoolYear, parse_date, parse_deadline
from rectiflow.intake.dates import YearHint, year_of_title
from rectiflow.intake.text import Cell

DAY = dt.date(2024, 12, 5)
SERIAL = 45631  # what a workbook keeps for 2024-12-05


@pytest.mark.parametrize(
    "value",
    [
        DAY,
        dt.datetime(2024, 12, 5, 9, 30),  # noqa: DTZ001
        SERIAL,
        SERIAL + 0.4,
        str(SERIAL),
        20241205,
        20241205.0,
        "2024.12.5",
        "2024-12-05",
        "2024/12/5",
        "2024年12月5日",
        "2024年12月05号",
        "20241205",
        "24.12.5",
        "241205",
        "２０２４．１２．５",
        "２０２４年１２月５日",
        "2024。12。5",
        "2024—12—5",
        " 2024 年 12 月 5 日 ",
        "2024-12-05 星期四",
        "2024年12月5日（周四）",
        "2024年12月5日上午",
        "2024-12-05 09:30",
        "2024/12/5 9:30:00",
        "2024-12-05T09:30:00+08:00",
        "二〇二四年十二月五日",
        "2024.12.5.",
    ],
)
def test_whole_dates(value: Cell) -> None:
    """Every form of a whole date reads as that day, and no year is assumed."""
    assert parse_date(value) == ParsedDate(date=DAY)


@pytest.mark.parametrize("value", ["12月5日", "12.5", "12-5", "12/5", "１２月５日", "十二月五日", 12.5, "12月5号"])
def test_dates_without_a_year(value: Cell) -> None:
    """The year comes from outside, and the result says so."""
    assert parse_date(value, year=2024) == ParsedDate(date=DAY, assumed_year=True)


@pytest.mark.parametrize("value", ["12月5日", "12.5", "12月底"])
def test_a_missing_year_is_refused(value: str) -> None:
    """No year is guessed; the message says how to give one."""
    with pytest.raises(DateUnreadable, match="--year"):
        parse_date(value)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2024-12", 31),
        ("2024年12月", 31),
        ("2024年12月份", 31),
        ("2024.12", 31),
        (2024.12, 31),
        ("202412", 31),
        ("24年12月", 31),
        ("2024年12月底", 31),
        ("2024年12月末", 31),
        ("2024年12月下旬", 31),
        ("2024年12月中旬", 20),
        ("2024年12月上旬", 10),
        ("2024年底", 31),
    ],
)
def test_months_as_deadlines(value: Cell, day: int) -> None:
    """A month ends on its last day, 上旬 on the 10th, 中旬 on the 20th."""
    assert parse_deadline(value) == ParsedDate(date=dt.date(2024, 12, day), precision="month")


def test_a_month_that_is_no_deadline_begins_on_its_first_day() -> None:
    """Found in December means from the first on."""
    assert parse_date("2024-12") == ParsedDate(date=dt.date(2024, 12, 1), precision="month")


@pytest.mark.parametrize("value", ["12月底", "12月末", "12月底前", "年底前", "十二月底前完成", "12月"])
def test_month_ends_without_a_year(value: str) -> None:
    """12月底 needs its year too."""
    expected = ParsedDate(date=dt.date(2024, 12, 31), precision="month", assumed_year=True)
    assert parse_deadline(value, year=2024) == expected


def test_end_of_february_in_a_leap_year() -> None:
    """The last day is the calendar's."""
    assert parse_deadline("2024年2月底") == ParsedDate(date=dt.date(2024, 2, 29), precision="month")


@pytest.mark.parametrize(
    "value",
    [
        "2024年12月31日前",
        "2024.12.31之前",
        "于2024年12月31日前完成整改",
        "限2024-12-31前整改到位",
        "截至2024年12月31日",
        "2024年12月31日止",
    ],
)
def test_words_around_a_deadline(value: str) -> None:
    """前, 完成整改 and the like do not hide the day."""
    assert parse_deadline(value) == ParsedDate(date=dt.date(2024, 12, 31))


def test_before_a_day_is_no_day_on_which_something_was_found() -> None:
    """前 is for deadlines only."""
    with pytest.raises(DateUnreadable, match="确切"):
        parse_date("2024年12月31日前")


@pytest.mark.parametrize("value", ["立行立改", "立即整改", "当场整改", "已当场整改", "即知即改"])
def test_immediate(value: str) -> None:
    """What is put right at once has no date."""
    assert parse_deadline(value) is Deadline.IMMEDIATE


@pytest.mark.parametrize("value", ["", "  ", "/", "——", "无", "未定", "待定", "长期坚持", "另行通知"])
def test_unset(value: str) -> None:
    """What has no date yet is 未定, not a mistake."""
    assert parse_deadline(value) is Deadline.UNSET


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("尽快", "不是日期"),
        ("12月初", "不是日期"),
        ("5/12/2024", "不是日期"),
        ("2024.12.5-12.6", "不是日期"),
        (12345, "不是日期"),
        (float("inf"), "不是日期"),
        (float("nan"), "不是日期"),
        (True, "不是日期"),
        (dt.time(9, 30), "不是日期"),
        ("5个工作日", "天数"),
        ("15天内", "天数"),
        ("2024", "只写了年份"),
        ("2024年", "只写了年份"),
        ("2月30日", "没有这一天：2024年2月30日"),
        ("2024-11-31", "没有这一天"),
        ("2024-12-00", "没有这一天"),
        ("2023-02-29", "没有这一天"),
        ("2024.13.1", "没有 13 月"),
        ("0月5日", "没有 0 月"),
        ("2204-12-05", "年份 2204"),
        (dt.date(1900, 1, 12), "年份 1900"),
        ("201205", "分不清"),
        (12.1, "分不清是 12.1 还是 12.10"),
        (2024.1, "分不清是 2024.1 还是 2024.10"),
    ],
)
def test_what_is_no_date(value: Cell, reason: str) -> None:
    """Each kind of mistake has its own reason."""
    with pytest.raises(DateUnreadable, match=reason):
        parse_date(value, year=2024, end_of_month=True)


def test_blank_is_no_date() -> None:
    """A blank cell is told apart from a wrong one."""
    with pytest.raises(DateUnreadable, match="没有填写"):
        parse_date(" ")


@pytest.mark.parametrize(("value", "year"), [("9月1日", 2024), ("12.30", 2024), ("1月5日", 2025), ("6.30", 2025)])
def test_school_year(value: str, year: int) -> None:
    """In a school year the months from August on belong to its first year."""
    assert parse_date(value, year=SchoolYear(2024)).date.year == year


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("2024年校园安全隐患排查整改台账", 2024),
        ("２０２４年度隐患台账", 2024),
        ("二〇二四年隐患台账", 2024),
        ("2024校园安全隐患台账", 2024),
        ("填报时间：2024.12.25", 2024),
        ("2024年春季学期隐患台账", 2024),
        ("2024年秋季学期隐患台账", SchoolYear(2024)),
        ("2024—2025学年度隐患台账", SchoolYear(2024)),
        ("2024-25学年", SchoolYear(2024)),
        ("治本攻坚三年行动（2024—2026年）台账", None),
        ("隐患台账", None),
        ("联系电话 02712345", None),
    ],
)
def test_year_of_a_title(title: str, year: YearHint) -> None:
    """One year is taken, several are not; a school year is one."""
    assert year_of_title(title) == year
