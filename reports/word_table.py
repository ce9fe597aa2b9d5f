"""Tables of a Word document, built as elements: fixed widths, a header repeated on every page, rows never split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .blocks import Column, Table
from .text import clean

TWIPS_PER_MM = 1440 / 25.4
CELL_MARGIN_TWIPS = 45  # left and right
BORDER_EIGHTHS = 4  # half a point
HEADER_FILL = "E7E6E6"
HEADER_STYLE, CELL_STYLE = "公文表头", "公文表内"


def table_element(table: Table) -> Any:
    """Build the `w:tbl` element of a table."""
    rows = [_row([column.title for column in table.columns], table.columns, header=True)]
    last = len(table.rows) - 1
    rows += [
        _row(texts, table.columns, strong=table.has_total and place == last) for place, texts in enumerate(table.rows)
    ]
    grid = _element("w:tblGrid", *(_element("w:gridCol", w=_twips(column)) for column in table.columns))
    return _element("w:tbl", _properties(table.columns), grid, *rows)


def _element(tag: str, *children: Any, **attributes: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made: Any = OxmlElement(tag, {qn(f"w:{name}"): value for name, value in attributes.items()})
    made.extend(children)
    return made


def _twips(column: Column) -> str:
    return str(round(column.width_mm * TWIPS_PER_MM))


def _properties(columns: Sequence[Column]) -> Any:
    width = str(sum(int(_twips(column)) for column in columns))
    line = {"val": "single", "sz": str(BORDER_EIGHTHS), "space": "0", "color": "000000"}
    sides = ("w:top", "w:left", "w:bottom", "w:right", "w:insideH", "w:insideV")
    margins = (_element(f"w:{side}", w=str(CELL_MARGIN_TWIPS), type="dxa") for side in ("left", "right"))
    return _element(
        "w:tblPr",
        _element("w:tblW", w=width, type="dxa"),
        _element("w:jc", val="center"),
        _element("w:tblBorders", *(_element(side, **line) for side in sides)),
        _element("w:tblLayout", type="fixed"),
        _element("w:tblCellMar", *margins),
    )


def _row(texts: Sequence[str], columns: Sequence[Column], *, header: bool = False, strong: bool = False) -> Any:
    settings = [_element("w:cantSplit"), *([_element("w:tblHeader")] if header else [])]
    cells = [
        _cell(text, column, header=header, strong=strong or header)
        for text, column in zip(texts, columns, strict=True)
    ]
    return _element("w:tr", _element("w:trPr", *settings), *cells)


def _cell(text: str, column: Column, *, header: bool, strong: bool) -> Any:
    shade = [_element("w:shd", val="clear", color="auto", fill=HEADER_FILL)] if header else []
    look = _element("w:tcPr", _element("w:tcW", w=_twips(column), type="dxa"), *shade, _element("w:vAlign", val="center"))
    style = _element("w:pStyle", val=HEADER_STYLE if strong else CELL_STYLE)
    stay = [_element("w:keepNext")] if header else []
    align = _element("w:jc", val="center" if header else column.align)
    return _element("w:tc", look, _element("w:p", _element("w:pPr", style, *stay, align), _run(text)))


def _run(text: str) -> Any:
    """Build a run of text; a line feed in it is a line break."""
    run = _element("w:r")
    for place, line in enumerate(clean(text).split("\n")):
        words = _element("w:t")
        words.text = line
        run.extend([_element("w:br"), words] if place else [words])
    return run
