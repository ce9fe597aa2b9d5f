"""Tables of a Word document, built as elements: fixed widths, a header repeated on every page, rows never split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .blocks import Column, Table
from .text import clean
from .word_element import element

TWIPS_PER_MM = 1440 / 25.4
CELL_MARGINS = {"top": 20, "left": 45, "bottom": 20, "right": 45}  # in twips, twentieths of a point
BORDER_EIGHTHS = 4  # half a point
KEPT_ROWS = 2  # that never leave the last row, mostly the total, alone on a page
HEADER_FILL = "E7E6E6"
HEADER_STYLE, CELL_STYLE = "公文表头", "公文表内"


def table_element(
    table: Table, *, kept: int = KEPT_ROWS, header_style: str = HEADER_STYLE, cell_style: str = CELL_STYLE
) -> Any:
    """Build the `w:tbl` element of a table; the `kept` rows before the last one stay on its page."""
    look = _Look(table.columns, header_style, cell_style)
    rows = [_row([column.title for column in table.columns], look, header=True)]
    last = len(table.rows) - 1
    for place, texts in enumerate(table.rows):
        strong = table.has_total and place == last
        rows.append(_row(texts, look, strong=strong, stay=last - kept <= place < last))
    grid = element("w:tblGrid", *(element("w:gridCol", w=_twips(column)) for column in table.columns))
    return element("w:tbl", _properties(table.columns), grid, *rows)


class _Look(NamedTuple):
    columns: Sequence[Column]
    header_style: str
    cell_style: str


def _twips(column: Column) -> str:
    return str(round(column.width_mm * TWIPS_PER_MM))


def _properties(columns: Sequence[Column]) -> Any:
    return table_properties(sum(int(_twips(column)) for column in columns))


def table_properties(full: int, *, side: int = CELL_MARGINS["left"]) -> Any:
    """Build the properties of a table: width and the cells' inner side margins in twips, all lines drawn."""
    line = {"val": "single", "sz": str(BORDER_EIGHTHS), "space": "0", "color": "000000"}
    sides = ("w:top", "w:left", "w:bottom", "w:right", "w:insideH", "w:insideV")
    widths = {**CELL_MARGINS, "left": side, "right": side}
    margins = (element(f"w:{name}", w=str(width), type="dxa") for name, width in widths.items())
    return element(
        "w:tblPr",
        element("w:tblW", w=str(full), type="dxa"),
        element("w:jc", val="center"),
        element("w:tblBorders", *(element(name, **line) for name in sides)),
        element("w:tblLayout", type="fixed"),
        element("w:tblCellMar", *margins),
    )


def _row(texts: Sequence[str], look: _Look, *, header: bool = False, strong: bool = False, stay: bool = False) -> Any:
    """Build a row; `strong` is set like the header, `stay` keeps it on the page of the next row."""
    settings = [element("w:cantSplit"), *([element("w:tblHeader")] if header else [])]
    cells = [
        _cell(
            text, column, look.header_style if strong or header else look.cell_style, header=header, stay=stay or header
        )
        for text, column in zip(texts, look.columns, strict=True)
    ]
    return element("w:tr", element("w:trPr", *settings), *cells)


def _cell(text: str, column: Column, style: str, *, header: bool, stay: bool) -> Any:
    shade = [element("w:shd", val="clear", color="auto", fill=HEADER_FILL)] if header else []
    look = element("w:tcPr", element("w:tcW", w=_twips(column), type="dxa"), *shade, element("w:vAlign", val="center"))
    named = element("w:pStyle", val=style)
    keep = [element("w:keepNext")] if stay else []
    align = element("w:jc", val="center" if header else column.align)
    return element("w:tc", look, element("w:p", element("w:pPr", named, *keep, align), run_element(text)))


def run_element(text: str) -> Any:
    """Build a run of text; a line feed in it is a line break."""
    run = element("w:r")
    for place, line in enumerate(clean(text).split("\n")):
        words = element("w:t", text=line)
        run.extend([element("w:br"), words] if place else [words])
    return run
