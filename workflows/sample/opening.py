"""The ledger with which the sample district opens its books, as values and as the workbook offices keep."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import Struct

from ._files import new_workbook, sample_text

__all__ = ["OPENING_DAY", "OpeningLedger", "load_opening", "write_opening_ledger"]

OPENING_DAY = date(2024, 9, 2)  #: the Monday on which the books open

_UNIT, _FUNDS = "学校(单位)", "整改资金(万元)"
_GROUPS = (
    ("排查情况", "排查时间", "检查方式"),
    ("隐患情况", _UNIT, "隐患等级"),
    ("整改责任", "整改责任单位", "督办领导"),
    ("复查情况", "复查人", "复查结论"),
    ("销号情况", "销号时间", "销号人"),
)
_WIDE = {"隐患描述": 42, "整改措施": 34, "整改情况": 26, "临时防控措施": 24, "判定依据": 24, "排查人": 20}
_BRACKETS = str.maketrans("()", "（）")
_NUMBERS = ("序号", _FUNDS)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
_FIRST_ROW = 3  # below the title and the two lines of the header, counted from 0
_REMARKS = (
    "备注：1.“整改时限”填“未定”的，由安全股会同责任单位另行商定；2.受限类别的隐患不写学生姓名，不对外公开。",
    "填报单位：区教育局安全股（盖章）        填报时间：2024年9月2日",
)


class OpeningLedger(Struct, frozen=True, kw_only=True):
    """The ledger as it stood before the opening day; every row maps the standard columns to what was written."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


def load_opening() -> OpeningLedger:
    """Return the opening ledger, cells as written."""
    lines = list(csv.reader(io.StringIO(sample_text("opening.csv"))))
    columns = tuple(lines[1])
    return OpeningLedger(
        title=lines[0][0],
        columns=columns,
        rows=tuple(dict(zip(columns, line, strict=True)) for line in lines[2:]),
    )


def write_opening_ledger(path: Path | str, /) -> None:
    """Write the opening ledger as offices keep it.

    A title above a two-line header with merged cells, merged units down the column, dates partly as dates (those
    written 2024-06-18) and partly as text, a blank row, a total and remarks below.
    """
    ledger = load_opening()
    with new_workbook(path) as book:
        sheet = book.add_worksheet("隐患台账")
        _Ledger(book, sheet, ledger).write()


class _Ledger:
    """Lays the opening ledger out on one sheet."""

    def __init__(self, book: Any, sheet: Any, ledger: OpeningLedger) -> None:
        plain = {"border": 1, "valign": "vcenter", "text_wrap": True, "font_size": 9}
        self.sheet, self.ledger = sheet, ledger
        self.title = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "font_size": 18})
        self.head = book.add_format({**plain, "bold": True, "align": "center"})
        self.cell = book.add_format(plain)
        self.day = book.add_format({**plain, "num_format": "yyyy-m-d"})

    def write(self) -> None:
        self._page()
        self._head()
        self._foot(self._rows())

    def _page(self) -> None:
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(0, _FIRST_ROW - 1)
        self.sheet.freeze_panes(_FIRST_ROW, 0)
        for column, name in enumerate(self.ledger.columns):
            self.sheet.set_column(column, column, _WIDE.get(name, 12))

    def _head(self) -> None:
        columns = self.ledger.columns
        self.sheet.set_row(0, 30)
        self.sheet.merge_range(0, 0, 0, len(columns) - 1, self.ledger.title, self.title)
        grouped: set[int] = set()
        for title, first, last in _GROUPS:
            start, end = columns.index(first), columns.index(last)
            grouped |= set(range(start, end + 1))
            self.sheet.merge_range(1, start, 1, end, title, self.head)
        for column, name in enumerate(columns):
            if column in grouped:
                self.sheet.write_string(2, column, name.translate(_BRACKETS), self.head)
            else:
                self.sheet.merge_range(1, column, 2, column, name.translate(_BRACKETS), self.head)

    def _rows(self) -> int:
        """Write every run of rows of one unit, with one blank row in the middle; return the row after the last."""
        row, blank_after = _FIRST_ROW, _FIRST_ROW + len(self.ledger.rows) // 2
        for unit, run in groupby(self.ledger.rows, key=lambda r: r[_UNIT]):
            first = row
            for cells in run:
                self._row(row, cells)
                row += 1
            self._unit(first, row - 1, unit)
            if first < blank_after <= row:
                row += 1
        return row

    def _row(self, row: int, cells: Mapping[str, str]) -> None:
        for column, name in enumerate(self.ledger.columns):
            text = cells[name]
            if name in _NUMBERS and _AMOUNT.fullmatch(text):
                self.sheet.write_number(row, column, float(text), self.cell)
            elif _DAY.fullmatch(text):
                self.sheet.write_datetime(row, column, date.fromisoformat(text), self.day)
            elif name != _UNIT:
                self.sheet.write_string(row, column, text, self.cell)

    def _unit(self, first: int, last: int, unit: str) -> None:
        column = self.ledger.columns.index(_UNIT)
        if first == last:
            self.sheet.write_string(first, column, unit, self.cell)
        else:
            self.sheet.merge_range(first, column, last, column, unit, self.cell)

    def _foot(self, row: int) -> None:
        """Write the total, a blank row and the remarks."""
        closed = sum(bool(r["销号时间"]) for r in self.ledger.rows)
        funds = sum(float(r[_FUNDS]) for r in self.ledger.rows if r[_FUNDS])
        self.sheet.write_string(row, 0, "合计", self.head)
        column = self.ledger.columns.index
        self.sheet.write_string(row, column("隐患描述"), f"共{len(self.ledger.rows)}项，已销号{closed}项", self.head)
        self.sheet.write_number(row, column(_FUNDS), round(funds, 2), self.head)
        for number, remark in enumerate(_REMARKS, row + 2):
            self.sheet.write_string(number, 0, remark)
