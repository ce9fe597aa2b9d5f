"""What came of taking over a ledger: counts, differences, problems and warnings, each by its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rectiflow.intake import RowProblem, SkippedRow

__all__ = ["Difference", "LedgerImport", "RowNote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One cell that says something else than the record does; `was` is on record, `now` stands in the ledger.

    `applied` tells that the record was corrected; `obstacle` says why it cannot be from a ledger.
    """

    row: int
    column: str  #: the column's letter
    number: str
    field: str
    title: str
    was: str
    now: str
    applied: bool = False
    obstacle: str = ""

    def __str__(self) -> str:
        """Name the place, the hazard and both values in one line."""
        why = f"（{self.obstacle}）" if self.obstacle else ""
        return (
            f"第 {self.row} 行 {self.column} 列（{self.title}）{self.number}：原为“{self.was}”，现为“{self.now}”{why}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNote:
    """Something that was taken, but should be looked at; row 0 is the table as a whole."""

    row: int
    message: str

    def __str__(self) -> str:
        """Name the row and the matter in one line."""
        return f"第 {self.row} 行：{self.message}" if self.row else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerImport:
    """What a ledger brought, or on a dry run would bring; problems, changes and warnings are in the order of rows."""

    created: int = 0
    unchanged: int = 0
    updated: int = 0  #: rows of which something was corrected
    changed: tuple[Difference, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    warnings: tuple[RowNote, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    numbers: Mapping[int, str] = field(default_factory=dict[int, str])  #: the hazard's number by row
