"""What several tests of faults ask for: databases of either kind, an office or a workplace on them, the command line."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rectiflow._flow import Rectiflow
from rectiflow._workplace import Workplace
from rectiflow.storage import schema
from rectiflow.storage.connect import make_engine
from support.broken import KEEPER, Cli, Keep
from support.stores import open_office
from support.workplaces import sample_workplace


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with our schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "rectiflow.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def path(tmp_path: Path, migrated_file: Path) -> Path:
    """An SQLite file with our schema."""
    return Path(shutil.copy(migrated_file, tmp_path / "rectiflow.db"))


@pytest.fixture
def postgres(fresh_postgres_url: str) -> str:
    """The address of a PostgreSQL database with our schema."""
    engine = make_engine(fresh_postgres_url)
    schema.migrate(engine)
    engine.dispose()
    return fresh_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a database with our schema, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('path')}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def flow(url: str) -> Iterator[Rectiflow]:
    """A small office at work; its clock stands still."""
    made = open_office(make_engine(url))
    yield made
    made.close()


@pytest.fixture
def untroubled() -> Iterator[Rectiflow]:
    """An office in which nothing ever breaks, to compare with."""
    engine = make_engine("sqlite://")
    schema.migrate(engine)
    made = open_office(engine)
    yield made
    made.close()


@pytest.fixture
def kept() -> Iterator[Keep]:
    """Close what a test has opened, however it ends."""
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Workplace]:
    """Give a workplace on a database of either kind."""
    made = sample_workplace(tmp_path / "place", db=url)
    yield made
    made.flow.close()


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line at 80 columns, by the head of the Safety Section."""
    from rectiflow.cli import main

    monkeypatch.setenv("COLUMNS", "80")

    def call(place: Workplace, *words: str, now: str = "2024-09-02T10:00") -> tuple[int, str]:
        monkeypatch.chdir(place.folder)
        monkeypatch.setattr(sys, "argv", ["rectiflow", "--as", KEEPER, "--now", now, *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = "".join(capsys.readouterr())
        assert "Traceback" not in said
        assert "程序出错" not in said
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, said

    return call
