"""Workbooks as they lie on office computers, read into plain sheets of cells.

Rows are numbered from 1 as on the sheet, leading blank rows included; columns from 0, with letters for people.
What a file is, is told by its content: an .xls is often an .xlsx, a web page or plain text under a wrong name.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow.engine.errors import os_reason

from . import _compound, _delimited, _package
from .errors import WorkbookUnreadable
from .limits import MEBIBYTE, Corrupt, Encrypted, Limits, TooLarge, check_extent
from .text import Cell, is_blank

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

FORMULA_FAILED = "#公式出错"  # stands in a cell whose formula has no value (#REF!, #DIV/0!, #N/A)

_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".et", ".csv", ".tsv", ".txt"})
_SAVE_AS = "请用 Excel 或 WPS 打开后另存为 .xlsx"
_OTHER_KINDS = (
    (b"%PDF", "这是 PDF 文件，不是表格"),
    (b"\xff\xd8\xff", "这是图片，不是表格"),
    (b"\x89PNG", "这是图片，不是表格"),
    (b"Rar!", "这是压缩包，请先解压"),
    (b"7z\xbc\xaf", "这是压缩包，请先解压"),
)
_OTHER_PACKAGES = (
    ("xl/workbook.bin", f"这是 .xlsb 二进制工作簿；{_SAVE_AS}"),
    ("word/document.xml", "这是 Word 文档，不是表格；请把表格复制到 Excel 中另存为 .xlsx"),
    ("ppt/presentation.xml", "这是演示文稿，不是表格"),
    ("content.xml", f"这是 ODF 文档；{_SAVE_AS}"),
)


class MergedRange(Struct, frozen=True, kw_only=True):
    """A block of merged cells; rows from 1, columns from 0, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class Sheet(Struct, frozen=True, kw_only=True):
    """One sheet.

    Attributes:
        name: its name; that of a text file is the file's.
        cells: all rows from row 1 on, each as wide as it was read; only the first cell of a merged block is filled.
        merged: its merged blocks, cut to the cells; None when the file cannot say (.csv).
        hidden: the sheet is hidden in the workbook.
    """

    name: str
    cells: tuple[tuple[Cell, ...], ...]
    merged: tuple[MergedRange, ...] | None = None
    hidden: bool = False

    def cell(self, row: int, column: int) -> Cell:
        """Give one cell by row (from 1) and column (from 0); beyond the sheet all is blank."""
        cells = self.cells[row - 1] if 0 < row <= len(self.cells) else ()
        return cells[column] if column < len(cells) else ""

    @property
    def blank(self) -> bool:
        """Tell whether nothing is written on it."""
        return all(is_blank(cell) for row in self.cells for cell in row)

    def merges_by_cell(self) -> dict[tuple[int, int], MergedRange]:
        """Map (row, column) of every merged cell to its block."""
        return {
            (row, column): block
            for block in self.merged or ()
            for row in range(block.first_row, block.last_row + 1)
            for column in range(block.first_column, block.last_column + 1)
        }


def column_letter(column: int) -> str:
    """Give the letter of a column counted from 0: A, B, …, Z, AA."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def open_sheets(path: str | Path, *, limits: Limits | None = None) -> tuple[Sheet, ...]:
    """Read all sheets of an .xlsx, .xls or .csv (UTF-8 or GB18030, commas or tabs); chart sheets are left out.

    Args:
        path: the file.
        limits: bounds of size; 20 MB and 50,000 rows unless told otherwise.

    Raises:
        WorkbookUnreadable: it is not there, empty, corrupt, needs a password, is of another kind, or is too large.
    """
    file = Path(path)
    limits = limits or Limits()
    data = _read_bytes(file, limits)
    try:
        sheets = _read_sheets(file, data, limits)
    except TooLarge as problem:
        raise WorkbookUnreadable(file, f"内容过大：{problem}") from problem
    except Encrypted as problem:
        raise WorkbookUnreadable(file, "文件设有打开密码；请取消密码后另存，再导入") from problem
    except Corrupt as problem:
        raise WorkbookUnreadable(file, _corrupt_reason(file, problem)) from problem
    if all(sheet.blank for sheet in sheets):
        raise WorkbookUnreadable(file, "里面没有任何内容")
    return sheets


def _read_bytes(file: Path, limits: Limits) -> bytes:
    if file.is_file() and file.suffix.lower() not in _SUFFIXES:
        kind = file.suffix or "没有扩展名"
        raise WorkbookUnreadable(file, f"不认识这种文件（{kind}），只能读取 .xlsx、.xls 和 .csv")
    try:
        with file.open("rb") as stream:
            data = stream.read(limits.file_bytes + 1)
    except FileNotFoundError as problem:
        raise WorkbookUnreadable(file, f"找不到文件 {file}，请核对文件名和所在文件夹") from problem
    except IsADirectoryError as problem:
        raise WorkbookUnreadable(file, "这是文件夹，请指明其中的表格文件") from problem
    except OSError as problem:
        raise WorkbookUnreadable(
            file, f"打不开文件（{os_reason(problem)}）；请关闭正在使用它的程序，核对读取权限"
        ) from problem
    if not data:
        raise WorkbookUnreadable(file, "文件是空的（0 字节），请核对是否保存成功")
    if len(data) > limits.file_bytes:
        size = f"{limits.file_bytes / MEBIBYTE:g} MB"
        raise WorkbookUnreadable(file, f"文件超过 {size}；请删去图片和无关的工作表，或拆分成几个文件")
    return data


def _corrupt_reason(file: Path, problem: Corrupt) -> str:
    if file.suffix.lower() in {".csv", ".tsv", ".txt"} and not str(problem).isascii():
        return f"{problem}；{_SAVE_AS}"
    return "文件已损坏或不完整；请重新取得这个文件，或用 Excel、WPS 打开修复后另存为 .xlsx"


def _read_sheets(file: Path, data: bytes, limits: Limits) -> tuple[Sheet, ...]:
    for mark, reason in _OTHER_KINDS:
        if data.startswith(mark):
            raise WorkbookUnreadable(file, reason)
    if data.startswith(b"PK"):
        return _read_package(file, data, limits)
    if data.startswith(_compound.SIGNATURE):
        return _read_compound(file, data, limits)
    if _looks_binary(data) or file.suffix.lower() in {".xlsx", ".xlsm"}:
        raise Corrupt("neither zip nor compound file")
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise WorkbookUnreadable(file, f"这其实是网页或 XML 文件，不是工作簿；{_SAVE_AS}")
    return (Sheet(name=file.stem, cells=_delimited.read_delimited(data, limits)),)


def _looks_binary(data: bytes) -> bool:
    return b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff"))


def _read_package(file: Path, data: bytes, limits: Limits) -> tuple[Sheet, ...]:
    names = _package.part_names(data)
    for part, reason in _OTHER_PACKAGES:
        if part in names:
            raise WorkbookUnreadable(file, reason)
    if "xl/workbook.xml" not in names:
        raise WorkbookUnreadable(file, f"这是压缩包，不是工作簿；请解压后选择其中的表格，或{_SAVE_AS[1:]}")
    extents = _package.inspect_package(data, limits)
    sheets = _calamine_sheets(data, limits)
    return tuple(_mark_failed(sheet, extents.get(sheet.name)) for sheet in sheets)


def _mark_failed(sheet: Sheet, extent: _package.SheetExtent | None) -> Sheet:
    if extent is None or not extent.failed:
        return sheet
    rows = [list(row) for row in sheet.cells]
    for row, column in extent.failed:
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = FORMULA_FAILED
    cells = tuple(tuple(row) for row in rows)
    return Sheet(name=sheet.name, cells=cells, merged=sheet.merged, hidden=sheet.hidden)


def _read_compound(file: Path, data: bytes, limits: Limits) -> tuple[Sheet, ...]:
    streams = _compound.read_streams(data)
    if "WordDocument" in streams:
        raise WorkbookUnreadable(file, "这是 Word 文档，不是表格；请把表格复制到 Excel 中另存为 .xlsx")
    _compound.inspect_workbook_stream(streams, limits)
    with _silent_stderr():
        return _calamine_sheets(data, limits)


def _calamine_sheets(data: bytes, limits: Limits) -> tuple[Sheet, ...]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            return tuple(_sheets(workbook, limits))
    except PasswordError as problem:
        raise Encrypted from problem
    except (CalamineError, OSError, ValueError, OverflowError) as problem:
        raise Corrupt(str(problem)) from problem
    except BaseException as problem:  # a panic of the Rust reader is a BaseException without a public name
        if type(problem).__name__ != "PanicException":
            raise
        raise Corrupt(str(problem)) from problem


def _sheets(workbook: CalamineWorkbook, limits: Limits) -> Iterator[Sheet]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    for index, about in enumerate(workbook.sheets_metadata):
        if about.typ == SheetTypeEnum.WorkSheet:
            sheet = workbook.get_sheet_by_index(index)
            yield _sheet(sheet, hidden=about.visible != SheetVisibleEnum.Visible, limits=limits)


def _sheet(sheet: CalamineSheet, *, hidden: bool, limits: Limits) -> Sheet:
    check_extent(sheet.name, sheet.total_height, sheet.total_width, limits)
    cells: tuple[tuple[Cell, ...], ...] = tuple(tuple(row) for row in sheet.to_python(skip_empty_area=False))
    return Sheet(name=sheet.name, cells=cells, merged=_merged(sheet, cells), hidden=hidden)


def _merged(sheet: CalamineSheet, cells: tuple[tuple[Cell, ...], ...]) -> tuple[MergedRange, ...]:
    """Cut merged blocks to the cells there are; blocks cannot overlap, so together they are no more than these."""
    rows, columns = len(cells), max((len(row) for row in cells), default=0)
    blocks = tuple(
        MergedRange(
            first_row=top + 1,
            first_column=left,
            last_row=min(bottom + 1, rows),
            last_column=min(right, columns - 1),
        )
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        if top < rows and left < columns
    )
    area = sum((b.last_row - b.first_row + 1) * (b.last_column - b.first_column + 1) for b in blocks)
    if area > rows * columns:
        raise Corrupt("merged cells overlap")
    return blocks


@contextlib.contextmanager
def _silent_stderr() -> Generator[None]:
    """Keep the panic text of the Rust reader off the terminal; a damaged .xls makes it panic.

    The text is written to the file descriptor itself, for the whole process, so this lasts only for one reading.
    """
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all, as in a service
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
