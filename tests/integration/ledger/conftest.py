"""The sample district on its opening day, on either database, and the person who keeps its ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from rectiflow import Rectiflow
from rectiflow._clock import SetClock
from rectiflow.workflows.sample.loader import write_opening_ledger
from support.ledgers import write_small_ledger
from support.workplaces import sample_workplace

WriteLedger = Callable[..., Path]


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[Rectiflow]:
    """The sample district on SQLite; its clock stands at nine on the opening day."""
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
def clock(flow: Rectiflow) -> SetClock:
    """The clock of the sample district."""
    assert isinstance(flow.clock, SetClock)
    return flow.clock


@pytest.fixture
def opening(tmp_path: Path) -> Path:
    """The sample's opening ledger as a workbook."""
    path = tmp_path / "期初台账.xlsx"
    write_opening_ledger(path)
    return path


@pytest.fixture
def write(tmp_path: Path) -> WriteLedger:
    """Write a small ledger of these rows; each call replaces the last file of that name."""

    def write_rows(*rows: Mapping[str, object], name: str = "台账.xlsx") -> Path:
        return write_small_ledger(tmp_path / name, rows)

    return write_rows
