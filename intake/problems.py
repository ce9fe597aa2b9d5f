"""What is said about single rows: a problem refuses the row, a skipped row was none."""

from __future__ import annotations

from msgspec import Struct


class RowProblem(Struct, frozen=True, kw_only=True):
    """One reason why a row cannot be taken as it stands.

    Attributes:
        sheet: name of the sheet.
        row: the sheet's own row number, from 1.
        column: the column's letter.
        title: the column's header as written; a two-line header reads ``上/下``.
        value: the cell as written; empty when nothing is in it.
        message: what is wrong and what to do.
    """

    sheet: str
    row: int
    column: str
    title: str
    value: str
    message: str

    def __str__(self) -> str:
        """Name the place, the value and the reason in one line."""
        value = f"“{_short(self.value)}”" if self.value else ""
        return f"第 {self.row} 行 {self.column} 列（{self.title}）{value}：{self.message}"


class SkippedRow(Struct, frozen=True, kw_only=True):
    """One row that is not data: a total, a remark, a heading, a repeated header, a zero finding.

    Attributes:
        row: the sheet's own row number, from 1.
        text: the first thing written in it.
        reason: why it was passed over.
    """

    row: int
    text: str
    reason: str


def _short(value: str, limit: int = 40) -> str:
    line = " ".join(value.split())
    return line if len(line) <= limit else f"{line[:limit]}…"
