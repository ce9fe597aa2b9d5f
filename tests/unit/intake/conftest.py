"""Makes workbooks as offices have them: real .xlsx, .xls and .csv files, locked and damaged ones too."""

from __future__ import annotations

import datetime as dt
import importlib
import io
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pytest
import xlsxwriter

from rectiflow.intake import LedgerFile, read_ledger

Value: TypeAlias = str | int | float | bool | dt.date | None
Grid: TypeAlias = Sequence[Sequence[Value]]

HEADER = (
    "序号",
    "排查时间",
    "学校（单位）",
    "隐患描述",
    "隐患等级",
    "整改时限",
    "完成时间",
    "复查时间",
    "复查结论",
    "销号时间",
)
FILE_PASS = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + bytes(48)  # RC4 with a salt and its verifier


class WriteXlsx(Protocol):
    """Write sheets by name; merged blocks are given as ``A1:B2`` and keep the first cell's value."""

    def __call__(
        self,
        sheets: Mapping[str, Grid],
        *,
        merge: Mapping[str, Sequence[str]] | None = None,
        hide: Sequence[str] = (),
        formulas: Mapping[str, tuple[str, Value]] | None = None,
        name: str = "台账.xlsx",
    ) -> Path:
        """Write the file and give its path."""
        ...


class ReadRows(Protocol):
    """Write one sheet with a header and read it as a ledger."""

    def __call__(
        self,
        rows: Grid,
        *,
        header: Sequence[str] = HEADER,
        merge: Sequence[str] = (),
        title: str = "",
        year: int | None = None,
        today: dt.date | None = None,
    ) -> LedgerFile:
        """Give what was read."""
        ...


def _put(sheet: Any, row: int, column: int, value: Value, day: Any) -> None:
    if isinstance(value, dt.date):
        sheet.write_datetime(row, column, dt.datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    elif value is not None:
        sheet.write(row, column, value)


def _put_formula(sheet: Any, cell: str, formula: str, result: Value) -> None:
    sheet.write_formula(cell, formula, None, result)


@pytest.fixture
def write_xlsx(tmp_path: Path) -> WriteXlsx:
    """Write .xlsx files."""

    def write(
        sheets: Mapping[str, Grid],
        *,
        merge: Mapping[str, Sequence[str]] | None = None,
        hide: Sequence[str] = (),
        formulas: Mapping[str, tuple[str, Value]] | None = None,
        name: str = "台账.xlsx",
    ) -> Path:
        path = tmp_path / name
        with xlsxwriter.Workbook(str(path)) as book:
            day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
            for title, grid in sheets.items():
                sheet = book.add_worksheet(title)
                for block in (merge or {}).get(title, ()):
                    sheet.merge_range(block, "")
                for row, values in enumerate(grid):
                    for column, value in enumerate(values):
                        _put(sheet, row, column, value, day)
                for cell, (formula, result) in (formulas or {}).items():
                    _put_formula(sheet, cell, formula, result)
                if title in hide:
                    sheet.hide()
        return path

    return write


@pytest.fixture
def read_rows(write_xlsx: WriteXlsx) -> ReadRows:
    """Read rows through a real workbook."""

    def read(
        rows: Grid,
        *,
        header: Sequence[str] = HEADER,
        merge: Sequence[str] = (),
        title: str = "",
        year: int | None = None,
        today: dt.date | None = None,
    ) -> LedgerFile:
        above: list[Sequence[Value]] = [[title]] if title else []
        path = write_xlsx({"台账": [*above, header, *rows]}, merge={"台账": merge})
        return read_ledger(path, year=year, today=today)

    return read


@pytest.fixture
def write_xls(tmp_path: Path) -> Callable[..., Path]:
    """Write an .xls (BIFF8) with one sheet; ``merge`` holds (first row, last row, first column, last column)."""
    xlwt: Any = importlib.import_module("xlwt")

    def write(grid: Grid, *, merge: Sequence[tuple[int, int, int, int]] = (), locked: bool = False) -> Path:
        book = xlwt.Workbook()
        sheet = book.add_sheet("台账")
        day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
        for row, values in enumerate(grid):
            for column, value in enumerate(values):
                if value is not None:
                    sheet.write(row, column, value, *([day] if isinstance(value, dt.date) else []))
        for block in merge:
            sheet.merge(*block)
        path = tmp_path / "台账.xls"
        if locked:
            _save_locked(book, path)
        else:
            book.save(str(path))
        return path

    return write


def _save_locked(book: Any, path: Path) -> None:
    """Save with the record that announces encryption, right after the first record."""
    compound: Any = importlib.import_module("xlwt.CompoundDoc")
    stream: bytes = book.get_biff_data()
    first = 4 + struct.unpack_from("<H", stream, 2)[0]
    compound.XlsDoc().save(str(path), stream[:first] + FILE_PASS + stream[first:])


@pytest.fixture
def lock_xlsx() -> Callable[[Path], Path]:
    """Encrypt an .xlsx with a password, as Excel does."""
    ooxml: Any = importlib.import_module("msoffcrypto.format.ooxml")

    def lock(path: Path) -> Path:
        locked = path.with_name("加密.xlsx")
        with path.open("rb") as plain, locked.open("wb") as out:
            ooxml.OOXMLFile(plain).encrypt("secret", out)
        return locked

    return lock


@pytest.fixture
def is_locked() -> Callable[[Path], bool]:
    """Ask an independent reader whether a file needs a password."""
    msoffcrypto: Any = importlib.import_module("msoffcrypto")

    def ask(path: Path) -> bool:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(path.read_bytes())).is_encrypted())

    return ask
