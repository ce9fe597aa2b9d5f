"""What the folder raises when it cannot go on.

IntakeError
├── WorkbookUnreadable    the file cannot be read as a workbook at all
├── LedgerUnusable        it can, but no ledger table is found in it, or a needed column is missing
├── OrganisationUnusable  the same for the workbook of units, posts and persons
└── DateUnreadable        one value is not a date (also a ``ValueError``)

What is wrong with single rows is not raised: it is returned, all at once, as ``RowProblem``.
"""

from __future__ import annotations

from pathlib import Path

from rectiflow.engine.errors import InputUnusable


class IntakeError(InputUnusable):
    """Say, in Chinese, what was wrong, where, and what to do next."""


class WorkbookUnreadable(IntakeError):
    """Refuse a file as a whole.

    Attributes:
        path: the file.
        reason: what is wrong and what to do, without the file's name.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Keep the file and the reason; the message names both."""
        super().__init__(f"无法读取 {path.name}：{reason}")
        self.path = path
        self.reason = reason


class LedgerUnusable(IntakeError):
    """Refuse a workbook in which no complete ledger table stands.

    Attributes:
        path: the file.
        missing: titles of the needed columns that were not found; empty when there is another reason.
        found: the headers that were found, as written.
    """

    def __init__(self, path: Path, reason: str, *, missing: tuple[str, ...] = (), found: tuple[str, ...] = ()) -> None:
        """Keep the parts; the message names the file."""
        super().__init__(f"{path.name} 不能作为隐患台账导入：{reason}")
        self.path = path
        self.missing = missing
        self.found = found


class OrganisationUnusable(IntakeError):
    """Refuse a workbook that lacks the sheets or columns of the organisation.

    Attributes:
        path: the file.
        reasons: every reason, one a line.
    """

    def __init__(self, path: Path, reasons: tuple[str, ...]) -> None:
        """Keep every reason; the message lists them all."""
        super().__init__("\n".join((f"{path.name} 不能作为单位人员表导入：", *reasons)))
        self.path = path
        self.reasons = reasons


class DateUnreadable(IntakeError, ValueError):
    """Say why a value is not a date."""


class InspectionUnusable(IntakeError):
    """Refuse a workbook that lacks the columns of visits and findings.

    Attributes:
        path: the file.
        reasons: every reason, one a line.
    """

    def __init__(self, path: Path, reasons: tuple[str, ...]) -> None:
        """Keep every reason; the message lists them all."""
        super().__init__("\n".join((f"{path.name} 不能作为检查记录导入：", *reasons)))
        self.path = path
        self.reasons = reasons
