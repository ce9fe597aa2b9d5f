"""Delimited text: .csv as offices save it, in UTF-8 or GB18030, with commas or tabs."""

from __future__ import annotations

import codecs
import csv
import io
import re

from .limits import Corrupt, Limits, check_extent
from .text import Cell

_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_LINES = 50
_AS_TEXT = re.compile(r'^="(.*)"$')  # how some systems write a number that shall stay text


def read_delimited(data: bytes, limits: Limits) -> tuple[tuple[Cell, ...], ...]:
    """Read delimited text as rows of texts; blank lines stay, so that row numbers are those Excel shows.

    Raises:
        Corrupt: the encoding is neither UTF-8 nor GB18030, or a quotation mark is never closed.
        TooLarge: there are too many rows or columns.
    """
    text = _decode(data)
    rows: list[tuple[Cell, ...]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for number, row in enumerate(reader, start=1):
            check_extent("", number, len(row), limits)
            rows.append(tuple(_AS_TEXT.sub(r"\1", cell) for cell in row))
    except csv.Error as problem:
        raise Corrupt(f"第 {reader.line_num} 行附近的引号不成对") from problem
    return tuple(rows)


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKED:
        if data.startswith(mark):
            return _strictly(data, encoding)
    try:
        return _strictly(data, "utf-8")
    except Corrupt:
        return _strictly(data, "gb18030")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise Corrupt("文字编码既不是 UTF-8 也不是 GB18030（GBK）") from problem


def _delimiter(text: str) -> str:
    head = "\n".join(text.splitlines()[:_SAMPLE_LINES])
    return "\t" if head.count("\t") > head.count(",") else ","
