from __future__ import annotations

import subprocess
import sys

import pytest

from rectiflow import reports


def test_public_names_are_all_there() -> None:
    """Every name of `__all__` can be had, stands there once, and is seen by `dir`."""
    assert len(reports.__all__) == len(set(reports.__all__))
    assert all(getattr(reports, name) is not None for name in reports.__all__)
    assert set(reports.__all__) <= set(dir(reports))


def test_an_unknown_name_is_refused() -> None:
    """Asking for a name that does not exist is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = reports.no_such_thing


def test_importing_loads_no_heavy_library() -> None:
    """Neither the package nor the data model of a report loads matplotlib, python-docx, xlsxwriter or Jinja2."""
    heavy = "{'matplotlib', 'docx', 'xlsxwriter', 'jinja2', 'numpy', 'lxml', 'docxtpl'}"
    names = "monthly_report, measure, write_ledger, render_word, render_html, bar_chart, render_paper_word, render_paper_html"
    code = f"import sys; from rectiflow.reports import {names}; sys.exit(', '.join(sorted({heavy} & set(sys.modules))) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
