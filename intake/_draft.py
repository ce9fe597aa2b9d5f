"""One row being read: values, warnings and every problem, gathered before anything is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from ._body import BodyRow
from ._header import HeaderCell
from .contacts import Unfit
from .problems import RowProblem
from .text import Cell, match_key
from .workbook import FORMULA_FAILED

__all__ = ["NOTHING", "Convert", "Draft", "Unfit", "Warn"]

NOTHING = frozenset({"", "/", "\\", "-", "--", "—", "——", "–", "无", "暂无", "没有", "/无"})
_LONGEST_NOTHING = 4  # with a blank inside it

Warn: TypeAlias = Callable[[str], None]
Convert: TypeAlias = Callable[[Cell, Warn], object]


class Draft(Struct):
    """The row so far.

    Attributes:
        sheet: name of the sheet.
        body: the row as it lies in the table.
        columns: the known columns, by id.
        values: what was read, by column id.
        warnings: what was taken, but should be looked at.
        problems: what could not be taken.
    """

    sheet: str
    body: BodyRow
    columns: Mapping[str, HeaderCell]
    values: dict[str, object] = field(default_factory=dict[str, object])
    warnings: list[str] = field(default_factory=list[str])
    problems: list[RowProblem] = field(default_factory=list[RowProblem])

    def text(self, key: str) -> str:
        """Give a column's text, empty when nothing stands there."""
        return self.body.texts.get(key, "")

    def says_nothing(self, key: str) -> bool:
        """Tell whether a column is blank, or holds one of the marks for nothing (/, —, 无)."""
        text = self.text(key)
        return len(text) <= _LONGEST_NOTHING and match_key(text) in NOTHING

    def read(self, key: str, convert: Convert) -> object:
        """Read a column into ``values``; None when it says nothing; a value that does not fit becomes a problem."""
        if key not in self.columns:
            return None
        self.values[key] = None
        if self.text(key) == FORMULA_FAILED:
            self.problem(key, "公式出错，没有结果；请改成数值后再导入")
        elif not self.says_nothing(key):
            self._convert(key, convert)
        return self.values[key]

    def require(self, key: str, title: str) -> None:
        """Make it a problem when a column that must be filled is not."""
        if key in self.columns and self.says_nothing(key):
            self.problem(key, f"没有填写{title}")

    def problem(self, key: str, message: str) -> None:
        """Note a problem at a column."""
        place = self.columns[key]
        self.problems.append(
            RowProblem(
                sheet=self.sheet,
                row=self.body.row,
                column=place.letter,
                title=place.title,
                value=self.text(key),
                message=message,
            )
        )

    def warn(self, key: str, message: str) -> None:
        """Note a warning at a column."""
        place = self.columns[key]
        self.warnings.append(f"{place.letter} 列（{place.title}）：{message}")

    def _convert(self, key: str, convert: Convert) -> None:
        try:
            self.values[key] = convert(self.body.cells[key], lambda message: self.warn(key, message))
        except Unfit as unfit:
            self.problem(key, str(unfit))
