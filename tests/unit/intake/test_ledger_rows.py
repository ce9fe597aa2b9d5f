"""The values of ledger rows, and every problem of a bad one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from rectiflow.intake import read_ledger

if TYPE_CHECKING:
    from unit.intake.conftest import ReadRows, Value, WriteXlsx

DAY = dt.date(2024, 12, 5)
BASE = ("学校（单位）", "隐患描述", "排查时间")


def read_one(read_rows: ReadRows, title: str, value: Value, *, today: dt.date | None = None) -> object:
    """Read one row with one more column; give its value, or the message of its one problem, or its warning after it."""
    ledger = read_rows([["示例一中", "灭火器过期", DAY, value]], header=(*BASE, title), year=2024, today=today)
    key = next(key for key, found in ledger.columns.items() if found == title)
    if ledger.problems:
        (problem,) = ledger.problems
        assert (problem.row, problem.column, problem.title) == (2, "D", title)
        return problem.message
    (row,) = ledger.rows
    return (row.values[key], *row.warnings) if row.warnings else row.values[key]


@pytest.mark.parametrize(
    ("title", "value", "expected"),
    [
        ("隐患等级", "一般隐患", "general"),
        ("隐患等级", "一般事故隐患", "general"),
        ("隐患等级", "重大", "major"),
        ("隐患等级", "重大事故隐患", "major"),
        ("隐患等级", None, None),
        ("复查结论", "合格", "pass"),
        ("复查结论", "现场复查，已整改到位。", "pass"),
        ("复查结论", "√", "pass"),
        ("复查结论", "不合格", "fail"),
        ("复查结论", "未整改到位", "fail"),
        ("复查结论", "不同意销号", "fail"),
        ("复查结论", "没有整改到位", "fail"),
        ("复查结论", "仍存在隐患", "fail"),
        ("复查结论", "待复查", None),
        ("复查结论", "/", None),
        ("督办级别", "区级", "district"),
        ("督办级别", "区级挂牌督办", "district"),
        ("督办级别", "镇级", "town"),
        ("督办级别", "村（社区）级", "village"),
        ("督办级别", "园区", "town"),
        ("督办级别", "乡镇级", "town"),
        ("督办级别", "未挂牌", None),
        ("督办级别", "无", None),
        ("整改资金（万元）", 0.5, Decimal("0.5")),
        ("整改资金（万元）", "１．２", Decimal("1.2")),
        ("整改资金（万元）", "约3万元", Decimal(3)),
        ("整改资金（万元）", "5000元", Decimal("0.5")),
        ("整改资金（元）", "12,000", Decimal("1.2")),
        ("整改资金（元）", "2万", Decimal(2)),
        ("整改资金（万元）", "/", None),
        ("整改资金（万元）", "无需资金", Decimal(0)),
        ("联系电话", 13800000000, "13800000000"),
        ("联系电话", "0711-2345678", "0711-2345678"),
        ("排查人", "安全股长、股员", ("安全股长", "股员")),
        ("隐患编号", "ＬＺＨ-2024-000123", "LZH-2024-000123"),
        ("编号", "3", None),
        ("编号", "ZG-3", "ZG-3"),
        ("隐患编号", "3", "3"),
        ("整改情况", "一、已更换\n二、已培训", "一、已更换\n二、已培训"),
        ("隐患部位", "教学楼\n二楼", "教学楼 二楼"),
        ("整改责任单位", "示例\n一中", "示例一中"),
        ("版本", 7, 7),
        ("备注", "—", None),
        ("整改时限", "未定", None),
        ("整改时限", "12月中旬", dt.date(2024, 12, 20)),
        ("完成时间", "未完成", None),
        ("完成时间", "正在整改", None),
        ("销号时间", "未销号", None),
    ],
)
def test_values(read_rows: ReadRows, title: str, value: Value, expected: object) -> None:
    """Columns hold what their title says, in the words offices use."""
    assert read_one(read_rows, title, value) == expected


@pytest.mark.parametrize(
    ("title", "value", "expected", "warning"),
    [
        ("联系电话", "见通讯录", "见通讯录", "不像电话号码"),
        ("整改资金（万元）", 5000, Decimal(5000), "金额偏大"),
        ("复查结论", "部分合格", "fail", "按不合格记"),
        ("整改时限", "11月底", dt.date(2024, 11, 30), "早于排查时间"),
        ("整改时限", "1月10日", dt.date(2025, 1, 10), "按次年"),
        ("完成时间", "已完成", None, "没有写日期"),
        ("完成时间", "2024年12月", dt.date(2024, 12, 31), "只写到月"),
        ("完成时间", "1.10", dt.date(2025, 1, 10), "按次年"),
        ("销号时间", "2024.12.20", dt.date(2024, 12, 20), "没有复查时间"),
    ],
)
def test_warnings(read_rows: ReadRows, title: str, value: Value, expected: object, warning: str) -> None:
    """What is taken with a doubt says its doubt."""
    result = read_one(read_rows, title, value)
    assert isinstance(result, tuple)
    value_read, told = cast("tuple[object, str]", result)
    assert value_read == expected
    assert warning in told


@pytest.mark.parametrize(
    ("title", "value", "reason"),
    [
        ("隐患等级", "较大", "“一般”和“重大”两级"),
        ("复查结论", "见附件", "看不出复查是否合格"),
        ("复查结论", "2项合格，1项不合格", "看不出复查是否合格"),
        ("复查结论", "核查不属实", "看不出复查是否合格"),
        ("复查结论", "未发现问题，合格", "看不出复查是否合格"),
        ("督办级别", "市级", "村级、镇级、区级"),
        ("督办级别", "区级（原镇级）", "村级、镇级、区级"),
        ("整改资金（万元）", "三万", "不是数字"),
        ("整改资金（万元）", "3-5", "不是数字"),
        ("整改资金（万元）", -1, "不能是负数"),
        ("整改时限", "尽快", "立行立改"),
        ("整改时限", "2月30日", "没有这一天"),
        ("完成时间", "2024.11.1", "早于排查时间 2024-12-05"),
        ("完成时间", "11.1", "早于排查时间 2024-12-05"),
        ("完成时间", "上周", "不是日期"),
        ("复查时间", "2024.12.1", "早于排查时间 2024-12-05"),
        ("销号时间", "2024.12.1", "早于排查时间 2024-12-05"),
        ("版本", "七", "请不要改动"),
    ],
)
def test_problems(read_rows: ReadRows, title: str, value: Value, reason: str) -> None:
    """What cannot be taken is a problem at its cell."""
    assert reason in str(read_one(read_rows, title, value))


def test_all_problems_of_a_row_are_told(read_rows: ReadRows) -> None:
    """Not the first one only; and the row is not among the good ones."""
    ledger = read_rows([[1, "尽快", None, None, "较大", "马上办 3", "2024.12.9", "2024.12.8", "见附件", "2024.12.7"]])
    assert ledger.rows == ()
    assert [problem.title for problem in ledger.problems] == [
        "学校（单位）",
        "隐患描述",
        "隐患等级",
        "复查结论",
        "排查时间",
        "整改时限",
        "复查时间",
        "销号时间",
    ]
    assert str(ledger.problems[2]).startswith("第 2 行 E 列（隐患等级）“较大”：")


def test_dates_must_follow_each_other(read_rows: ReadRows) -> None:
    """Completed, verified and closed on one day is fine; each must not lie before the one before it."""
    header = (*BASE, "完成时间", "复查时间", "销号时间")
    ledger = read_rows(
        [
            ["示例一中", "甲", DAY, DAY, DAY, DAY],
            ["示例一中", "乙", DAY, "2024.12.20", "2024.12.19", "2024.12.21"],
            ["示例一中", "丙", DAY, "2024.12.20", "2024.12.21", "2024.12.20"],
            ["示例一中", "丁", DAY, "2024.12.20", None, "2024.12.19"],
            ["示例一中", "戊", "2024-12", "2024.12.2", "2024-12", "2024.12.31"],
        ],
        header=header,
    )
    assert [row.row for row in ledger.rows] == [2, 6]
    assert [(problem.row, problem.column, problem.message[:18]) for problem in ledger.problems] == [
        (3, "E", "复查时间 2024-12-19 早于"),
        (4, "F", "销号时间 2024-12-20 早于"),
        (5, "F", "销号时间 2024-12-19 早于"),
    ]


def test_nothing_has_happened_in_the_future(read_rows: ReadRows) -> None:
    """Dates of what is done may not lie after today, if today is given; deadlines may."""
    header = (*BASE, "整改时限", "完成时间")
    rows: list[list[Value]] = [["示例一中", "甲", "2024.12.7", "2025.6.30", "2024.12.8"]]
    ledger = read_rows(rows, header=header, today=dt.date(2024, 12, 6))
    assert [(problem.column, "之后" in problem.message) for problem in ledger.problems] == [("C", True), ("E", True)]
    assert read_rows(rows, header=header).problems == ()


def test_a_bare_month_does_not_reach_beyond_today(read_rows: ReadRows) -> None:
    """Completed in this month means by today at the latest."""
    result = read_one(read_rows, "完成时间", "2024-12", today=dt.date(2024, 12, 10))
    assert isinstance(result, tuple)
    assert dt.date(2024, 12, 10) in result


def test_closed_although_it_failed(read_rows: ReadRows) -> None:
    """A failed re-inspection and a close-out date contradict each other."""
    (problem,) = read_rows(
        [["示例一中", "甲", DAY, "2024.12.20", "不合格", "2024.12.21"]],
        header=(*BASE, "复查时间", "复查结论", "销号时间"),
    ).problems
    assert "不合格" in problem.message


def test_an_outcome_without_its_day(read_rows: ReadRows) -> None:
    """A result of a re-inspection that has no date is taken with a warning."""
    (row,) = read_rows([["示例一中", "甲", DAY, None, "合格"]], header=(*BASE, "复查时间", "复查结论")).rows
    assert "有复查结论而没有复查时间" in row.warnings[0]


def test_the_year_of_the_finding_serves_the_other_dates(read_rows: ReadRows) -> None:
    """12月底 beside 2024.12.5 needs no title."""
    (row,) = read_rows([["示例一中", "甲", "2024.12.5", "12月底"]], header=(*BASE, "整改时限")).rows
    assert row.values["due_on"] == dt.date(2024, 12, 31)
    assert row.assumed_years == ("due_on",)


def test_a_number_may_stand_only_once(read_rows: ReadRows) -> None:
    """The second row with a hazard's number is the one refused."""
    ledger = read_rows(
        [["示例一中", "甲", DAY, "H-1"], ["示例一中", "乙", DAY, "h-1"], ["示例一中", "丙", DAY, None]],
        header=(*BASE, "隐患编号"),
    )
    assert [row.number for row in ledger.rows] == ["H-1", None]
    assert [(problem.row, problem.message) for problem in ledger.problems] == [(3, "隐患编号与第 2 行重复，请核对")]


def test_a_failed_formula_is_a_problem(write_xlsx: WriteXlsx) -> None:
    """It is never taken for 未定."""
    path = write_xlsx(
        {"台账": [[*BASE, "整改时限"], ["示例一中", "甲", DAY]]}, formulas={"D2": ("=VLOOKUP(1,A:A,2)", "#REF!")}
    )
    (problem,) = read_ledger(path).problems
    assert (problem.column, problem.message) == ("D", "公式出错，没有结果；请改成数值后再导入")


def test_only_columns_of_the_table_have_values(read_rows: ReadRows) -> None:
    """A missing column is not the same as a blank one: an update must not clear what the table does not hold."""
    (row,) = read_rows([["示例一中", "甲", DAY, None]], header=(*BASE, "备注")).rows
    assert dict(row.values) == {
        "unit": "示例一中",
        "description": "甲",
        "found_on": DAY,
        "remarks": None,
        "immediate": False,
    }
