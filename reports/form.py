"""An empty workbook to fill in: headings, choices to pick from, and what to mind."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .files import save

__all__ = ["write_form"]

_ROWS = 300  #: rows that offer the choices
_HEADER = 1  #: the header's row, from 0: under the title


def write_form(
    path: Path,
    *,
    title: str,
    headings: Sequence[tuple[str, float]],
    lists: Mapping[str, Sequence[str]],
    notes: Sequence[str],
) -> Path:
    """Write a form as .xlsx.

    Args:
        headings: each with the width of its column, in characters.
        lists: the choices of some columns, by heading.
        notes: lines on a sheet of their own.

    Raises:
        FileUnwritable: the file cannot be written.
    """
    from xlsxwriter import Workbook

    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    base: dict[str, Any] = {"font_name": "宋体", "font_size": 11, "valign": "vcenter", "text_wrap": True}
    head = book.add_format({**base, "bold": True, "border": 1, "align": "center", "bg_color": "#dde6ee"})
    cell = book.add_format({**base, "num_format": "@"})
    sheet = book.add_worksheet(title)
    sheet.write_string(0, 0, title, book.add_format({**base, "bold": True, "font_size": 16, "text_wrap": False}))
    for column, (heading, width) in enumerate(headings):
        sheet.set_column(column, column, width, cell)
        sheet.write_string(_HEADER, column, heading, head)
        if heading in lists:
            rule = {"validate": "list", "source": list(lists[heading]), "error_type": "warning"}
            sheet.data_validation(_HEADER + 1, column, _HEADER + _ROWS, column, rule)
    sheet.freeze_panes(_HEADER + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    told = book.add_worksheet("填表说明")
    told.set_column(0, 0, 100)
    for row, note in enumerate(notes):
        told.write_string(row, 0, note, book.add_format(base))
    book.close()
    save(path, out.getvalue())
    return path
