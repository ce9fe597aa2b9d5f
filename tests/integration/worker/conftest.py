"""Workplaces to keep the time in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rectiflow._workplace import Workplace
from support.workplaces import sample_workplace


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    """Give a workplace on a file, and one on PostgreSQL."""
    url = None if request.param == "sqlite" else str(request.getfixturevalue("fresh_postgres_url"))
    made = sample_workplace(tmp_path / "place", db=url)
    yield made
    made.flow.close()
