"""What people changed in the rows of an exported ledger, cell by cell, and what they filled in beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from rectiflow.engine.directory import Directory
from rectiflow.engine.ticket import Plain, Ticket
from rectiflow.engine.values import Sense, read_date
from rectiflow.engine.workflow import Workflow

from .columns import FACTS, FIELDS, MASKED, TELLING, same, shown
from .names import Names
from .proof import deadline

if TYPE_CHECKING:
    from rectiflow.intake import LedgerFile, LedgerRow

__all__ = ["FILLED", "STATE", "Cells", "Edit"]

STATE = "state"  #: the column of the state: only an action changes it
FILLED = ("action", "reason", "second_inspector", "more", "files", "whom", "via", "happened_on", "note")
_UNITS = frozenset({"unit", "responsible_unit", "inspecting_unit"})
_SENSES: Mapping[str, Sense] = {"due_on": "ahead", "found_on": "behind", "completed_on": "behind"}
_APOSTROPHE = ("'=", "'+", "'-", "'@", "'＝", "'＋", "'－", "'＠")  #: before what a .csv would run as a formula


class Edit(Struct, frozen=True, kw_only=True):
    """One cell that says something else than the ledger did when it was exported; `now` None: it was emptied."""

    column: str
    was: Plain
    now: Plain


class Cells(Struct, frozen=True, kw_only=True):
    """Reads the cells of one file."""

    file: LedgerFile
    names: Names
    directory: Directory
    today: date

    def filled(self, row: LedgerRow) -> dict[str, str]:
        """Return what was filled in at the right end, by column."""
        said = {column: row.values.get(column) for column in FILLED}
        return {column: value.strip() for column, value in said.items() if isinstance(value, str) and value.strip()}

    def masked(self, row: LedgerRow) -> bool:
        """Tell whether the row was exported without its free text."""
        return row.values.get("description") == MASKED

    def edits(self, row: LedgerRow, base: Mapping[str, Plain], ticket: Ticket, workflow: Workflow) -> Iterator[Edit]:
        """Yield the cells that differ from what the ledger said.

        What was hidden is no change, nor is an empty cell of a restricted hazard: it may have been emptied by the export.

        Args:
            base: what the ledger said when it was exported, by column; `state` holds the state's title.
        """
        for column in self._columns():
            was, text = base.get(column), row.raw.get(self.file.columns[column], "")
            if text and text == shown(column, was, workflow, self.directory):
                continue
            now = self._said(column, row, workflow)
            hidden = self.masked(row) and column == "description"
            if not hidden and not same(column, now, was) and not (now is None and ticket.restricted):
                yield Edit(column=column, was=was, now=now)

    def hidden(self, row: LedgerRow, edit: Edit) -> bool:
        """Tell whether a cell was written by somebody who could not see what stands there."""
        return self.masked(row) and edit.column in TELLING

    def _columns(self) -> Iterator[str]:
        letters = self.file.letters
        for column in (*FIELDS, *FACTS, STATE):
            shared = column == "unit" and letters.get("unit") == letters.get("responsible_unit")
            if column in self.file.columns and not shared:
                yield column

    def _said(self, column: str, row: LedgerRow, workflow: Workflow) -> Plain:
        """Return what a cell says, with ids for the names that are known; others are left for the decision to refuse."""
        if column == STATE:
            return row.raw.get(self.file.columns[column]) or None
        value = deadline(row.values) if column == "due_on" else row.values.get(column)
        if isinstance(value, date):
            return self._day(column, row, value).isoformat()
        if isinstance(value, tuple):
            return "、".join(cast("tuple[str, ...]", value))
        if value is None or isinstance(value, Decimal):
            return None if value is None else format(value, "f")
        text = str(value)
        return self._named(column, text.removeprefix("'") if text.startswith(_APOSTROPHE) else text, row, workflow)

    def _named(self, column: str, text: str, row: LedgerRow, workflow: Workflow) -> Plain:
        if column in _UNITS:
            unit = self.names.unit(text)
            return unit.id if unit else text
        if column == "responsible_person":
            unit = self.names.unit(str(row.values.get("responsible_unit") or row.values.get("unit") or ""))
            return self.names.person(text, unit.id if unit else None) or text
        if column == "category" and "category" in workflow.catalogues:
            return self.names.category(text, workflow.catalogues["category"]) or text
        if column == "method" and "source" in workflow.fields:
            return self.names.source(text, workflow.fields["source"].choices) or text
        return text

    def _day(self, column: str, row: LedgerRow, value: date) -> date:
        """A date without its year was written just now: the year is the one meant today, not the table's."""
        if column not in row.assumed_years:
            return value
        try:
            return read_date(row.raw[self.file.columns[column]], self.today, _SENSES.get(column, "nearest"))
        except (ValueError, KeyError):  # 12月底 and the like, which only the ledger's reader knows
            return value
