"""Lists for other programs: CSV that Excel opens rightly and that carries no formulas."""

from __future__ import annotations

import csv
import io
import os
import stat
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._views import TicketLine

__all__ = ["print_csv", "window"]

_COLUMNS = (
    *(
        "编号",
        "责任单位",
        "类别",
        "隐患部位",
        "隐患描述",
        "等级",
        "环节",
        "轮到",
        "排查日期",
        "整改时限",
        "剩余天数",
        "逾期",
    ),
    "挂牌",
)
_SEVERITIES = {"major": "重大", "general": "一般"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def print_csv(lines: Iterable[TicketLine]) -> None:
    """Write a list as CSV to standard output; into a file with the mark by which Excel knows UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(c) for c in _row(entry)] for entry in lines)
    mark = "\ufeff" if _is_file() else ""
    sys.stdout.write(mark + text.getvalue())


def window(flow: Rectiflow, after: str) -> str:
    """Return the cursor for a number written short or in full; it need not exist any more."""
    from rectiflow.engine.errors import NotFound

    try:
        return flow.find(after) if after else ""
    except NotFound:
        return after


def _row(entry: TicketLine) -> tuple[object, ...]:
    return (
        entry.number,
        entry.unit,
        entry.category,
        entry.place,
        entry.description,
        _SEVERITIES.get(entry.severity, entry.severity),
        entry.state_title,
        "、".join(entry.turn),
        entry.found_on,
        entry.due_on,
        entry.days_left,
        "是" if entry.overdue else "否",
        entry.listed,
    )


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _is_file() -> bool:
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # no real file behind it
        return False
