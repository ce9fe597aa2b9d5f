"""The hazard ledger as a workbook or a CSV file: standard columns, safe cells.

The columns are those of the usual ledger of hazard inspection and rectification, plus the state and the
version, so that a ledger that people filled in can be read back row by row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import FileUnwritable, TooManyRows
from .files import save
from .ledger_columns import COLUMNS, LedgerColumn, Pick
from .text import clean, cn_time
from .zone import local

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

Row = Mapping[str, object]
#: What a cell can hold once it is written.
Cell = str | int | float | Decimal | date | datetime | None


SHEET_NAME = "隐患台账"
HEADER_ROW = 2  # of the worksheet, from 0: under the title and the line on cut-off and filters
MAX_SHEET_ROWS = 1_048_576  # Excel's limit
MAX_CELL_CHARS = 32_767  # Excel's limit
A4_PAPER = 9  # Excel's number for it
CELL_POINTS = 9
LINE_POINTS = 12.0  # of a line in a cell
PADDING_POINTS = 6
MAX_ROW_POINTS = 408.75  # Excel's limit of 409, in whole pixels
_CUT = "…（后略）"
#: A cell that begins so would be run as a formula by a spreadsheet; also in full width.
_FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r")
_CENTERED = frozenset(
    {"number", "found_on", "method", "severity", "due_on", "completed_on", "verified_on", "verdict"}
    | {"overdue", "listed_level", "closed_on", "rev"}
)


def write_ledger(
    rows: Iterable[Row],
    path: Path | str,
    *,
    title: str,
    cutoff: datetime,
    filters_text: str,
    zone: tzinfo | None = None,
    columns: Sequence[LedgerColumn] = COLUMNS,
    label: str = "筛选",
    sheet_name: str = SHEET_NAME,
) -> int:
    """Write the rows under the standard columns, and return how many there were.

    The ending of `path` chooses: .xlsx is for people (title, cut-off and filters above a frozen header with
    filters, A4 landscape, overdue rows tinted); .csv is for programs and Excel alike (UTF-8 with BOM, the header
    first, a cell that looks like a formula gets an apostrophe in front). An existing file is replaced as a whole.

    Args:
        rows: a mapping by the columns' keys; a missing key or None is an empty cell. `overdue` is a bool or text;
            a row is tinted if it is True, or begins with 是 or 逾期. A Pick is a blank cell with what can be picked.
        cutoff: aware; printed in `zone` (Asia/Shanghai by default), as are datetimes in cells.
        filters_text: what was selected, in words; 全部 if empty.
        label: what stands before `filters_text`.

    Raises:
        FileUnwritable: the ending is neither .xlsx nor .csv, or the file cannot be written.
        TooManyRows: more rows than a worksheet can hold.
    """
    target = Path(path)
    kept = list(rows)
    note = f"截至{cn_time(local(cutoff, zone))}　{label}：{clean(filters_text) or '全部'}　共{len(kept)}条"
    match target.suffix.lower():
        case ".xlsx":
            made = local(cutoff, zone)
            data = _workbook(kept, columns, title=clean(title), note=note, made=made, zone=zone, sheet_name=sheet_name)
        case ".csv":
            data = _csv(kept, columns, zone)
        case other:
            raise FileUnwritable(f"台账只能写成 .xlsx 或 .csv，不是“{other}”：请改文件名“{target.name}”的结尾")
    save(target, data)
    return len(kept)


def cell_value(value: object, zone: tzinfo | None) -> Cell:
    """Turn any value into one that a spreadsheet has; an aware time becomes the district's wall time."""
    match value:
        case None | "" | Pick():
            return None
        case bool():
            return "是" if value else "否"
        case datetime():
            return (local(value, zone) if value.tzinfo else value).replace(tzinfo=None)
        case date() | int() | float() | Decimal():
            return value
        case _:
            text = clean(str(value))
            return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - len(_CUT)] + _CUT


def is_overdue(value: object) -> bool:
    """Tell whether the cell under 是否逾期 says yes."""
    return value is True or (isinstance(value, str) and value.strip().startswith(("是", "逾期")))


def _csv(rows: Sequence[Row], columns: Sequence[LedgerColumn], zone: tzinfo | None) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.title for column in columns])
    writer.writerows([_plain(cell_value(row.get(column.key), zone)) for column in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Cell) -> str:
    """Print a cell for CSV; text that would be run as a formula is kept from it by an apostrophe."""
    match value:
        case None:
            return ""
        case str():
            return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
        case datetime():
            return value.isoformat(" ", "minutes")
        case _:
            return str(value)


def _workbook(
    rows: Sequence[Row],
    columns: Sequence[LedgerColumn],
    *,
    title: str,
    note: str,
    made: datetime,
    zone: tzinfo | None,
    sheet_name: str,
) -> bytes:
    if len(rows) > MAX_SHEET_ROWS - HEADER_ROW - 1:
        raise TooManyRows(f"台账有{len(rows)}条，超过工作表的行数上限：请按单位或时间分开导出，或改用 .csv")
    from xlsxwriter import Workbook

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(out, options)
    book.set_properties({"title": title, "comments": note, "created": made.replace(tzinfo=None)})
    sheet = book.add_worksheet(sheet_name)
    formats = _Formats(book)
    _head(sheet, formats, columns, title, note)
    for number, row in enumerate(rows, start=HEADER_ROW + 1):
        _write_row(sheet, formats, number, row, columns, zone)
    last = HEADER_ROW + max(1, len(rows))
    _offer(sheet, rows, columns)
    _hints(sheet, columns)
    _print_setup(sheet, columns, last=last)
    book.close()
    return out.getvalue()


class _Formats:
    """The cell formats of one workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        base: dict[str, Any] = {"font_name": "宋体", "font_size": CELL_POINTS, "valign": "vcenter", "text_wrap": True}
        framed = base | {"border": 1, "border_color": "#7f7f7f"}
        self.title: Format = book.add_format(base | {"bold": True, "font_size": 16, "text_wrap": False})
        self.note: Format = book.add_format(base | {"font_color": "#444444", "text_wrap": False})
        bold = framed | {"bold": True, "align": "center"}
        self.header: Format = book.add_format(bold | {"bg_color": "#dde6ee"})
        self.fill: Format = book.add_format(bold | {"bg_color": "#fff2cc"})
        self._make: Callable[[dict[str, Any]], Format] = book.add_format
        self._framed = framed
        self._made: dict[tuple[str, str, bool], Format] = {}

    def cell(self, number_format: str, align: str, *, tinted: bool) -> Format:
        """Return the format of a data cell."""
        key = (number_format, align, tinted)
        if key not in self._made:
            look = self._framed | {"num_format": number_format, "align": align}
            self._made[key] = self._make(look | ({"bg_color": "#fbe3df"} if tinted else {}))
        return self._made[key]


def _head(sheet: Worksheet, formats: _Formats, columns: Sequence[LedgerColumn], title: str, note: str) -> None:
    sheet.set_row(0, 30)
    sheet.set_row(1, 18)
    sheet.set_row(HEADER_ROW, 32)
    sheet.write_string(0, 0, title, formats.title)
    sheet.write_string(1, 0, note, formats.note)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(HEADER_ROW, place, column.title, formats.fill if column.hint else formats.header)


def _write_row(
    sheet: Worksheet,
    formats: _Formats,
    number: int,
    row: Row,
    columns: Sequence[LedgerColumn],
    zone: tzinfo | None,
) -> None:
    tinted = is_overdue(row.get("overdue"))
    values = [cell_value(row.get(column.key), zone) for column in columns]
    sheet.set_row(number, row_points(values, columns))
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        _write_cell(sheet, formats, number, place, value, "center" if column.key in _CENTERED else "left", tinted)


def row_points(values: Sequence[Cell], columns: Sequence[LedgerColumn]) -> float:
    """Return how high a row must be for its wrapped texts; not every program finds that out by itself."""
    pairs = zip(values, columns, strict=True)
    lines = max((_lines(value, column.width) for value, column in pairs if isinstance(value, str)), default=1)
    return min(MAX_ROW_POINTS, lines * LINE_POINTS + PADDING_POINTS)


def _lines(text: str, width: float) -> int:
    """Return how many lines a text takes in a column; a Chinese character is as wide as two digits."""
    room = max(1.0, width - 1) * 11 / CELL_POINTS  # the width counts digits of 11 points
    widths = (sum(1 if char.isascii() else 2 for char in line) for line in text.split("\n"))
    return sum(max(1, ceil(taken / room)) for taken in widths)


def _write_cell(
    sheet: Worksheet, formats: _Formats, row: int, column: int, value: Cell, align: str, tinted: bool
) -> None:
    match value:
        case None:
            sheet.write_blank(row, column, None, formats.cell("@", align, tinted=tinted))
        case str():
            sheet.write_string(row, column, value, formats.cell("@", align, tinted=tinted))
        case datetime():
            sheet.write_datetime(row, column, value, formats.cell("yyyy-mm-dd hh:mm", align, tinted=tinted))
        case date():
            sheet.write_datetime(
                row, column, datetime.combine(value, time()), formats.cell("yyyy-mm-dd", align, tinted=tinted)
            )
        case _:
            sheet.write_number(row, column, float(value), formats.cell("General", "center", tinted=tinted))


def _offer(sheet: Worksheet, rows: Sequence[Row], columns: Sequence[LedgerColumn]) -> None:
    """Put lists to pick from into the cells, one for each run of rows that offers the same."""
    for place, column in enumerate(columns):
        first = HEADER_ROW + 1
        for options, run in groupby(_listed(row.get(column.key)) for row in rows):
            last = first + sum(1 for _ in run) - 1
            if options:
                rule = {"validate": "list", "source": list(options), "error_type": "warning"}
                sheet.data_validation(first, place, last, place, rule | _said(column))
            first = last + 1


def _hints(sheet: Worksheet, columns: Sequence[LedgerColumn]) -> None:
    """Say beside the header's cells what is to be filled in below them."""
    for place, column in enumerate(columns):
        if column.hint:
            sheet.data_validation(HEADER_ROW, place, HEADER_ROW, place, {"validate": "any"} | _said(column))


def _listed(value: object) -> tuple[str, ...]:
    return value.listed if isinstance(value, Pick) else ()


def _said(column: LedgerColumn) -> dict[str, Any]:
    words = {"error_title": column.title, "error_message": "不在可选项内，仍可写入，办理时再核对。"}
    return {"input_title": column.title, "input_message": column.hint} | words if column.hint else words


def _print_setup(sheet: Worksheet, columns: Sequence[LedgerColumn], *, last: int) -> None:
    """Freeze and filter the header, and print it on every A4 page in landscape, all columns on one page's width.

    What is only to be filled in is not printed.
    """
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.autofilter(HEADER_ROW, 0, last, len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(A4_PAPER)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    printed = sum(not column.hint for column in columns)
    if printed < len(columns):
        sheet.print_area(0, 0, last, printed - 1)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.5)
    sheet.center_horizontally()
    sheet.set_footer("&C&9第 &P 页，共 &N 页")
