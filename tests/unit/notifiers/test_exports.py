"""The public names of rectiflow.notifiers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import rectiflow
from rectiflow import notifiers


def test_all_is_complete_and_in_order() -> None:
    """Every public name exists, and ruff's order of `__all__` (constants, classes, functions) is kept."""
    assert all(hasattr(notifiers, name) for name in notifiers.__all__)
    assert len(set(notifiers.__all__)) == len(notifiers.__all__)


def test_import_is_light() -> None:
    """Importing the folder loads neither the mail client nor a database layer."""
    code = (
        "import sys, rectiflow.notifiers; print([m for m in ('aiosmtplib', 'sqlalchemy', 'cel') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(rectiflow.__file__).parents[1])}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.strip() == "[]"
