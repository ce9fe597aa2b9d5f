"""Text as people type it, brought to one form for keeping, for matching and for identity."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta
"""What one cell of a workbook holds; a blank cell is the empty string."""

_WIDE_MARKS = "．／－＋％＠＿＃＆"
_NARROW = {
    **{code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))},
    **{ord(mark): ord(mark) - 0xFEE0 for mark in _WIDE_MARKS},
    **dict.fromkeys((0x3000, 0x00A0, 0x2002, 0x2003, 0x2007, 0x202F), " "),
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF), None),
}
_BLANKS = " \t\n\r\v\f\u3000\u00a0\u2002\u2003\u2007\u202f\u200b\u200c\u200d\u2060\ufeff\u2028\u2029"
_LINE_END = re.compile(r"_x000D_\n?|\r\n?|[\u2028\u2029\v]")
_NAME_BREAK = re.compile(r"[、，,;；/\n]+|(?<=\S\S)\s+(?=\S\S)")
_WHOLE_NUMBER_LIMIT = 10**15  # beyond it a float no longer tells whole numbers apart


def narrow(text: str) -> str:
    """Make full-width digits, letters and spaces half-width; Chinese punctuation (，。：（）) and ①㎡ stay."""
    return text.translate(_NARROW)


def tidy(text: str) -> str:
    """Give a text the form it is kept in: narrow, one kind of line end, no blanks around lines or blank lines."""
    plain = narrow(text)
    if plain.isprintable() and "_x" not in plain:  # one line
        return plain.strip()
    lines = (line.strip() for line in _LINE_END.sub("\n", plain).split("\n"))
    return "\n".join(line for line in lines if line)


def cell_text(cell: Cell) -> str:
    """Write a cell as its author sees it: 13800000000 without ``.0``, dates as 2024-12-05, booleans as 是 and 否."""
    if isinstance(cell, str):
        return tidy(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return _number_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ", "minutes")
    return str(cell)


def is_blank(cell: Cell) -> bool:
    """Tell whether nothing that can be read is in the cell."""
    return isinstance(cell, str) and not cell.strip(_BLANKS)


def match_key(text: str) -> str:
    """Give the form in which names and headers are compared: width, case and all blanks taken out."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", narrow(text)).casefold())


def normalise_description(text: str) -> str:
    """Give the form of a description that tells hazards apart (with unit and date).

    Width, case, blanks and punctuation do not count; letters, figures and marks of letters do.
    """
    kept = "".join(sign for sign in match_key(text) if unicodedata.category(sign)[0] in "LNM")
    return unicodedata.normalize("NFKC", kept)  # what was taken out may have kept two signs apart


def split_names(text: str) -> tuple[str, ...]:
    """Split names written in one cell by 、 ， ； / a line break, or by a blank between whole names; repeats go."""
    return tuple(dict.fromkeys(name for part in _NAME_BREAK.split(tidy(text)) if (name := part.strip())))


def _number_text(number: float) -> str:
    if number.is_integer() and abs(number) < _WHOLE_NUMBER_LIMIT:
        return str(int(number))
    return f"{number:.15g}"
