"""The files beside these modules, and new workbooks."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

_CREATED = datetime(2024, 9, 1, tzinfo=UTC)


def sample_text(name: str) -> str:
    """Return the text of a file of this folder."""
    return files("rectiflow.workflows.sample").joinpath(name).read_text("utf-8")


def new_workbook(path: Path | str) -> Any:
    """Open a workbook in which no text is ever taken for a formula, a number or a link.

    It bears a fixed date, so that the same content is the same file.
    """
    import xlsxwriter

    book: Any = xlsxwriter.Workbook(
        str(path), {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    )
    book.set_properties({"created": _CREATED})
    return book
