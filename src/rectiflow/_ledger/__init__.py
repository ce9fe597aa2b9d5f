"""Ledgers: what an office keeps in a workbook comes in as stated facts, goes out as the standard table, and comes back."""

from __future__ import annotations

from .applying import apply_ledger
from .exporting import export_ledger
from .importing import import_ledger
from .outcome import Applied, Difference, LedgerApply, LedgerImport, RowNote
from .rollover import Rollover, roll_over

__all__ = [
    "Applied",
    "Difference",
    "LedgerApply",
    "LedgerImport",
    "Rollover",
    "RowNote",
    "apply_ledger",
    "export_ledger",
    "import_ledger",
    "roll_over",
]
