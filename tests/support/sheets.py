"""Exported ledgers as people fill them in: cells named by hazard and column title."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

_HEADER_ROW = 3  #: of an exported workbook


def fill_in(path: Path, cells: Mapping[str, Mapping[str, object]]) -> Path:
    """Write cells into a ledger: number → title → value; None empties a cell."""
    return _fill_csv(path, cells) if path.suffix == ".csv" else _fill_workbook(path, cells)


def row_of(path: Path, number: str) -> int:
    """Return the sheet's row number of a hazard in an exported workbook."""
    sheet: Any = load_workbook(path).active
    return next(row for row in range(_HEADER_ROW + 1, sheet.max_row + 1) if sheet.cell(row, 1).value == number)


def letter_of(path: Path, title: str) -> str:
    """Return the letter of a column of an exported workbook."""
    sheet: Any = load_workbook(path).active
    return next(str(cell.column_letter) for cell in sheet[_HEADER_ROW] if cell.value == title)


def _fill_workbook(path: Path, cells: Mapping[str, Mapping[str, object]]) -> Path:
    book = load_workbook(path)
    sheet: Any = book.active
    columns = {cell.value: cell.column for cell in sheet[_HEADER_ROW]}
    for row in range(_HEADER_ROW + 1, sheet.max_row + 1):
        for title, value in cells.get(str(sheet.cell(row, 1).value), {}).items():
            sheet.cell(row, columns[title]).value = value
    book.save(path)
    return path


def _fill_csv(path: Path, cells: Mapping[str, Mapping[str, object]]) -> Path:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update({t: "" if v is None else str(v) for t, v in cells.get(row["隐患编号"], {}).items()})
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
