"""Errors of the reports.

ReportError
├── PeriodUnknown   (ValueError)  a reporting period that cannot be read, or a cut-off outside it
├── GlyphMissing    (ValueError)  a chart label with a character the shipped font does not have
├── TooManyRows     (ValueError)  more ledger rows than a worksheet can hold
├── FileUnwritable  (OSError)     an output file of an unknown kind, or one that cannot be written
└── TemplateUnusable (ValueError) a district's own template of a paper that cannot be read or used; carries every problem
"""

from __future__ import annotations

from collections.abc import Sequence

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


class TemplateUnusable(ReportError, ValueError):
    """Refuse a template of a paper, naming the file and everything that is wrong with it."""

    def __init__(self, path: str, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        several = "".join(f"\n  {place}. {text}" for place, text in enumerate(problems, start=1))
        told = problems[0] if len(problems) == 1 else f"有{len(problems)}处问题：{several}"
        super().__init__(f"文书模板“{path}”不能使用：{told}")
