"""Shows: statistics, ledgers and documents from rows handed in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .blocks import Chart, Column, Heading, Paragraph, Table
    from .case import Case
    from .charts import Series, bar_chart
    from .definitions import DEFINITIONS
    from .errors import FileUnwritable, GlyphMissing, PeriodUnknown, ReportError, TemplateUnusable, TooManyRows
    from .figures import Figures, measure
    from .form import write_form
    from .handover import write_handover_page
    from .html import render_html
    from .ledger import write_ledger
    from .ledger_columns import COLUMNS, FILL_COLUMNS, LedgerColumn, Pick
    from .monthly import MonthlyReport, monthly_report
    from .paper import FORM_KINDS, PAPER_KINDS, Paper, PaperItem
    from .paper_fields import PAPER_FIELDS, PAPER_LISTS
    from .paper_files import write_paper_template
    from .paper_html import render_paper_html
    from .paper_word import render_paper_word
    from .period import Period
    from .register import Standing, standing
    from .tables import Line, Tabulation, by_category, by_town, by_unit, reconcile, tabulate
    from .word import render_word

__all__ = [
    "COLUMNS",
    "DEFINITIONS",
    "FILL_COLUMNS",
    "FORM_KINDS",
    "PAPER_FIELDS",
    "PAPER_KINDS",
    "PAPER_LISTS",
    "Case",
    "Chart",
    "Column",
    "Figures",
    "FileUnwritable",
    "GlyphMissing",
    "Heading",
    "LedgerColumn",
    "Line",
    "MonthlyReport",
    "Paper",
    "PaperItem",
    "Paragraph",
    "Period",
    "PeriodUnknown",
    "Pick",
    "ReportError",
    "Series",
    "Standing",
    "Table",
    "Tabulation",
    "TemplateUnusable",
    "TooManyRows",
    "bar_chart",
    "by_category",
    "by_town",
    "by_unit",
    "measure",
    "monthly_report",
    "reconcile",
    "render_html",
    "render_paper_html",
    "render_paper_word",
    "render_word",
    "standing",
    "tabulate",
    "write_form",
    "write_handover_page",
    "write_ledger",
    "write_paper_template",
]

_HOMES = {
    "blocks": ("Chart", "Column", "Heading", "Paragraph", "Table"),
    "case": ("Case",),
    "charts": ("Series", "bar_chart"),
    "definitions": ("DEFINITIONS",),
    "errors": ("FileUnwritable", "GlyphMissing", "PeriodUnknown", "ReportError", "TemplateUnusable", "TooManyRows"),
    "figures": ("Figures", "measure"),
    "form": ("write_form",),
    "handover": ("write_handover_page",),
    "html": ("render_html",),
    "ledger": ("write_ledger",),
    "ledger_columns": ("COLUMNS", "FILL_COLUMNS", "LedgerColumn", "Pick"),
    "monthly": ("MonthlyReport", "monthly_report"),
    "paper": ("FORM_KINDS", "PAPER_KINDS", "Paper", "PaperItem"),
    "paper_fields": ("PAPER_FIELDS", "PAPER_LISTS"),
    "paper_files": ("write_paper_template",),
    "paper_html": ("render_paper_html",),
    "paper_word": ("render_paper_word",),
    "period": ("Period",),
    "register": ("Standing", "standing"),
    "tables": ("Line", "Tabulation", "by_category", "by_town", "by_unit", "reconcile", "tabulate"),
    "word": ("render_word",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import the module that holds `name` when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, also those not yet imported."""
    return sorted({*globals(), *__all__})
