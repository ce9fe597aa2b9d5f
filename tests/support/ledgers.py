"""A big ledger as offices keep it, made for the sample district: every row different, every stage, every way of writing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from xlsxwriter import Workbook

from rectiflow.workflows.sample.loader import SampleUnit, load_district

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

FIRST_DAY = date(2024, 1, 8)
LAST_DAY = date(2024, 8, 30)  # everything stated lies before the sample's opening day
_HEADS = (
    ("", "序号"),
    ("", "隐患编号"),
    ("排查情况", "排查时间"),
    ("排查情况", "排查单位"),
    ("排查情况", "排查人"),
    ("排查情况", "检查方式"),
    ("隐患情况", "学校（单位）"),
    ("隐患情况", "隐患部位"),
    ("隐患情况", "隐患类别"),
    ("隐患情况", "隐患描述"),
    ("隐患情况", "隐患等级"),
    ("整改责任", "整改措施"),
    ("整改责任", "整改责任单位"),
    ("整改责任", "整改责任人"),
    ("整改责任", "联系电话"),
    ("整改责任", "整改资金（万元）"),
    ("整改责任", "整改时限"),
    ("", "整改情况"),
    ("", "完成时间"),
    ("复查情况", "复查人"),
    ("复查情况", "复查时间"),
    ("复查情况", "复查结论"),
    ("销号情况", "销号时间"),
    ("销号情况", "销号人"),
    ("", "备注"),
)
_FAULTS = (
    ("消防安全", "疏散通道", "疏散通道堆放课桌，净宽不足{n}厘米", "清运杂物，设置禁止堆物标识"),
    ("消防", "教学楼", "{n}号灭火器压力不足，箱内无检查卡", "更换灭火器并逐月检查登记"),
    ("危化品", "实验室", "{n}号试剂柜未落实双人双锁", "更换双锁，补齐领用登记"),
    ("校舍安全", "教学楼", "外墙瓷砖空鼓约{n}平方米", "拉设警戒，铲除空鼓瓷砖"),
    ("校车", "校车", "{n}号校车逃生锤缺失", "配齐逃生锤并列入出车检查"),
    ("食品安全", "食堂", "食堂第{n}日留样不足48小时", "落实专人留样"),
    ("防溺水", "重点水域", "{n}号水塘无警示牌", "设立警示牌和救生器材"),
    ("安防", "校门", "{n}号摄像机无图像", "检修线路并接入平台"),
)
_METHODS = ("区级检查", "自查", "镇级", "联合", "专家", "日常巡查")
_UNIT, _FUNDS = 6, 15  # places of two columns
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
Row = Mapping[str, str]


def write_big_ledger(path: Path, count: int, *, seed: int = 7) -> None:
    """Write a ledger of `count` hazards: title, two-line header, merged units, dates in many ways, a total, remarks."""
    rows = sorted(_rows(count, Random(seed)), key=lambda row: row["学校（单位）"])
    with Workbook(path) as book:
        sheet = book.add_worksheet("隐患台账")
        _head(book, sheet)
        last = _body(book, sheet, rows)
        sheet.write_string(last, 0, "合计")
        sheet.write_string(last, 9, f"共{len(rows)}项")
        sheet.write_string(last + 2, 0, "备注：本表由安全股汇总，数据截至2024年8月30日。")


def _rows(count: int, random: Random) -> Iterator[Row]:
    units = [u for u in load_district().units if u.kind in ("school", "kindergarten")]
    for number in range(1, count + 1):
        yield _row(number, random.choice(units), random)


def _row(number: int, unit: SampleUnit, random: Random) -> Row:
    category, place, fault, measures = random.choice(_FAULTS)
    found = FIRST_DAY + timedelta(days=random.randrange(200))
    due = found + timedelta(days=random.choice((7, 15, 30, 60)))
    row = {
        "排查时间": _written(found, random),
        "排查单位": "安全股",
        "排查人": "安全股股长、安全股干事",
        "检查方式": random.choice(_METHODS),
        "学校（单位）": random.choice((unit.name, *unit.aliases)),
        "隐患部位": place,
        "隐患类别": category,
        "隐患描述": f"{fault.format(n=random.randrange(1, 100))}（第{number}处）",
        "隐患等级": "一般",
        "整改措施": measures,
        "整改资金（万元）": str(random.randrange(1, 300) / 100),
        "备注": random.choice(("", "", "已现场告知")),
    }
    return row | _progress(unit, found, due, random)


def _progress(unit: SampleUnit, found: date, due: date, random: Random) -> dict[str, str]:
    """Tell how far it has come: a fifth each is only reported, being rectified, handed in, passed, struck off."""
    stage = random.randrange(5)
    if stage == 0:
        return {}
    head = "园长" if unit.kind == "kindergarten" else "校长"
    said = {
        "整改责任单位": unit.name,
        "整改责任人": f"{unit.name}{head}",
        "整改时限": _written(due, random),
        "整改情况": "正在整改",
    }
    days = [min(found + timedelta(days=d), LAST_DAY) for d in (5, 9, 12)]
    if stage >= 2:
        said |= {"完成时间": _written(days[0], random), "整改情况": "已整改"}
    if stage >= 3:
        said |= {"复查人": "安全股副股长", "复查时间": days[1].isoformat(), "复查结论": "合格"}
    if stage >= 4:
        said |= {"销号时间": days[2].isoformat(), "销号人": "安全股干事"}
    return said


def _written(day: date, random: Random) -> str:
    """Write a date as one of the office's people would."""
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    ways = (
        day.isoformat(),
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.month}月{day.day}日",
        f"{day.year}.{day.month}.{day.day}".translate(wide),
    )
    return random.choice(ways)


def _head(book: Workbook, sheet: Worksheet) -> None:
    bold = book.add_format({"bold": True, "border": 1, "align": "center"})
    sheet.merge_range(0, 0, 0, len(_HEADS) - 1, "2024年梁子湖区教育系统校园安全隐患排查整改台账", bold)
    for group, run in groupby(enumerate(_HEADS), key=lambda column: column[1][0]):
        places = [(column, title) for column, (_, title) in run]
        if group:
            sheet.merge_range(1, places[0][0], 1, places[-1][0], group, bold)
        for column, title in places:
            if group:
                sheet.write_string(2, column, title, bold)
            else:
                sheet.merge_range(1, column, 2, column, title, bold)


def _body(book: Workbook, sheet: Worksheet, rows: list[Row]) -> int:
    """Write the rows, each unit in one merged cell, a blank row in the middle; return the row after the last."""
    plain, day = book.add_format({"border": 1}), book.add_format({"num_format": "yyyy-m-d"})
    at, serial = 3, 0
    for unit, run in groupby(rows, key=lambda row: row["学校（单位）"]):
        first = at
        for row in run:
            serial += 1
            sheet.write_number(at, 0, serial)
            for column, (_, title) in enumerate(_HEADS[1:], start=1):
                _cell(sheet, at, column, row.get(title, ""), day)
            at += 1
        if at - first > 1:
            sheet.merge_range(first, _UNIT, at - 1, _UNIT, unit, plain)
        at += first == 3  # a blank row under the first unit
    return at


def _cell(sheet: Worksheet, row: int, column: int, text: str, day: Format) -> None:
    if column == _FUNDS and text:
        sheet.write_number(row, column, float(text))
    elif _DAY.fullmatch(text):
        sheet.write_datetime(row, column, datetime.fromisoformat(text), day)
    elif text:
        sheet.write_string(row, column, text)


def write_small_ledger(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write a ledger of these rows, titles to values, under a title; the header is row 2, the first hazard row 3."""
    titles = list(dict.fromkeys(title for row in rows for title in row))
    with Workbook(path) as book:
        sheet, day = book.add_worksheet("台账"), book.add_format({"num_format": "yyyy-m-d"})
        sheet.write_string(0, 0, "2024年校园安全隐患排查整改台账")
        sheet.write_row(1, 0, titles)
        for at, row in enumerate(rows, start=2):
            for column, title in enumerate(titles):
                value = row.get(title, "")
                if isinstance(value, date):
                    sheet.write_datetime(at, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
                elif value != "":
                    sheet.write(at, column, value)
    return path


def hazard_row(**changes: object) -> dict[str, object]:
    """Return a row of a small ledger that only reports a hazard, with some cells changed."""
    plain: dict[str, object] = {
        "排查日期": date(2024, 8, 20),
        "排查单位": "安全股",
        "检查方式": "区级检查",
        "学校（单位）": "示例一镇第一小学",
        "隐患类别": "消防安全",
        "隐患描述": "一楼疏散通道堆放课桌",
        "隐患等级": "一般",
    }
    return plain | changes
