"""Reads office workbooks: hazard ledgers and the organisation, into located, typed, plain rows and problems.

It knows no database and looks nothing up: names of units, persons and categories come out as they were written.
"""

from __future__ import annotations

from .contacts import Unfit, read_email, read_phone
from .dates import Deadline, ParsedDate, SchoolYear, parse_date, parse_deadline
from .errors import (
    DateUnreadable,
    InspectionUnusable,
    IntakeError,
    LedgerUnusable,
    OrganisationUnusable,
    WorkbookUnreadable,
)
from .inspection import FindingRow, InspectionFile, read_inspections
from .ledger import LedgerFile, LedgerRow, read_ledger
from .limits import Limits
from .organisation import OrganisationFile, PersonRow, PostRow, Recorded, UnitRow, read_organisation
from .problems import RowProblem, SkippedRow
from .text import match_key, normalise_description, split_names
from .workbook import MergedRange, Sheet, open_sheets

__all__ = [
    "DateUnreadable",
    "Deadline",
    "FindingRow",
    "InspectionFile",
    "InspectionUnusable",
    "IntakeError",
    "LedgerFile",
    "LedgerRow",
    "LedgerUnusable",
    "Limits",
    "MergedRange",
    "OrganisationFile",
    "OrganisationUnusable",
    "ParsedDate",
    "PersonRow",
    "PostRow",
    "Recorded",
    "RowProblem",
    "SchoolYear",
    "Sheet",
    "SkippedRow",
    "Unfit",
    "UnitRow",
    "WorkbookUnreadable",
    "match_key",
    "normalise_description",
    "open_sheets",
    "parse_date",
    "parse_deadline",
    "read_email",
    "read_inspections",
    "read_ledger",
    "read_organisation",
    "read_phone",
    "split_names",
]
