"""The sample district with a few hazards on their way, on either database, and a folder for reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from rectiflow import Rectiflow
from rectiflow._clock import SetClock
from rectiflow.engine.moments import at_hour
from support.workplaces import sample_workplace

GoTo = Callable[..., None]


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[Rectiflow]:
    """The sample district on SQLite; its clock stands at nine on Monday 2 September 2024."""
    flow = sample_workplace(tmp_path).flow
    yield flow
    flow.close()


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rectiflow]:
    """The sample district on SQLite and on PostgreSQL."""
    url = request.getfixturevalue("fresh_postgres_url") if request.param == "postgres" else None
    flow = sample_workplace(tmp_path, db=url).flow
    yield flow
    flow.close()


@pytest.fixture
def go_to() -> GoTo:
    """Set the clock of a flow to a day, at nine unless told otherwise."""

    def go(flow: Rectiflow, day: date, hour: int = 9) -> None:
        assert isinstance(flow.clock, SetClock)
        flow.clock.set(at_hour(day, hour))

    return go


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where reports go; not made yet."""
    return tmp_path / "报表"
