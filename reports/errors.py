"""Errors of the reports.

ReportError
├── PeriodUnknown   (ValueError)  a reporting period that cannot be read, or a cut-off outside it
├── GlyphMissing    (ValueError)  a chart label with a character the shipped font does not have
├── TooManyRows     (ValueError)  more ledger rows than a worksheet can hold
└── FileUnwritable  (OSError)     an output file of an unknown kind, or one that cannot be written
"""

from __future__ import annotations

from rectiflow.engine.errors import InputUnusable


class ReportError(InputUnusable):
    """Say in Chinese what went wrong with a report, where, and what to do next."""


class PeriodUnknown(ReportError, ValueError):
    """Refuse a reporting period that cannot be read."""


class GlyphMissing(ReportError, ValueError):
    """Refuse a chart label that would be drawn as an empty box."""


class TooManyRows(ReportError, ValueError):
    """Refuse a ledger that would lose rows in a worksheet."""


class FileUnwritable(ReportError, OSError):
    """Refuse an output file that cannot be written."""
