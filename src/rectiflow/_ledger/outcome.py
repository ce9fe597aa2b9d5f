"""What came of taking over a ledger: counts, differences, problems and warnings, each by its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from rectiflow.engine.decision import Decision
from rectiflow.engine.ticket import Snapshot, Ticket

if TYPE_CHECKING:
    from rectiflow.intake import LedgerFile, LedgerRow, RowProblem, SkippedRow

__all__ = ["Applied", "Difference", "LedgerApply", "LedgerImport", "RowNote", "cell_problem"]


class Difference(Struct, frozen=True, kw_only=True):
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


class RowNote(Struct, frozen=True, kw_only=True):
    """Something that was taken, but should be looked at; row 0 is the table as a whole."""

    row: int
    message: str

    def __str__(self) -> str:
        """Name the row and the matter in one line."""
        return f"第 {self.row} 行：{self.message}" if self.row else self.message


class LedgerImport(Struct, frozen=True, kw_only=True):
    """What a ledger brought, or on a dry run would bring; problems, changes and warnings are in the order of rows."""

    created: int = 0
    unchanged: int = 0
    updated: int = 0  #: rows of which something was corrected
    changed: tuple[Difference, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    warnings: tuple[RowNote, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    numbers: Mapping[int, str] = field(default_factory=dict[int, str])  #: the hazard's number by row


class Applied(Struct, frozen=True, kw_only=True):
    """One row that was carried out, or on a dry run would be: the hazard before, the decision, the hazard after."""

    row: int
    number: str
    action: str
    before: Snapshot
    decision: Decision
    ticket: Ticket


class LedgerApply(Struct, frozen=True, kw_only=True):
    """What a filled-in ledger did, or on a dry run would do; everything is in the order of rows."""

    applied: tuple[Applied, ...] = ()
    untouched: int = 0
    problems: tuple[RowProblem, ...] = ()
    warnings: tuple[RowNote, ...] = ()

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        return len({p.row for p in self.problems})


def cell_problem(file: LedgerFile, row: LedgerRow, column: str, message: str) -> RowProblem:
    """Say why a row cannot be taken, at its cell."""
    from rectiflow.intake import RowProblem

    title = file.columns.get(column, "")
    return RowProblem(
        sheet=file.sheet,
        row=row.row,
        column=file.letters.get(column, "—"),
        title=title,
        value=row.raw.get(title, ""),
        message=message,
    )
