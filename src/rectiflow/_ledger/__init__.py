"""Ledgers: what an office keeps in a workbook comes in as stated facts, and goes out as the standard table."""

from __future__ import annotations

from .exporting import export_ledger
from .importing import import_ledger
from .outcome import Difference, LedgerImport, RowNote

__all__ = ["Difference", "LedgerImport", "RowNote", "export_ledger", "import_ledger"]
