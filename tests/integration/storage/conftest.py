"""Every test of the store runs on an SQLite file, on SQLite in memory and on PostgreSQL."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from rectiflow._flow import Rectiflow
from rectiflow.storage import organisation, schema
from rectiflow.storage.connect import make_engine
from rectiflow.storage.store import Store
from support.stores import HOME, open_office

DATABASES = ("file", "memory", "postgresql")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with our schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "rectiflow.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """The address of a PostgreSQL database with our schema, to be copied."""
    engine = make_engine(postgres_url)
    schema.migrate(engine)
    engine.dispose()
    return postgres_url


@pytest.fixture
def copied_postgres_url(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    """The address of a PostgreSQL database of this test alone, with our schema."""
    template = psycopg.conninfo.conninfo_to_dict(migrated_postgres.replace("+psycopg", ""))["dbname"]
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.replace("+psycopg", ""), autocommit=True) as admin:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(str(template))))
        yield postgres_server.replace("/postgres?", f"/{name}?")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def file_url(tmp_path: Path, migrated_file: Path) -> str:
    """The address of an SQLite file of this test alone, with our schema."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'rectiflow.db')}"


@pytest.fixture(params=("file", "postgresql"))
def lasting_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with our schema that several engines and processes can open."""
    fixture = "file_url" if request.param == "file" else "copied_postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database with our schema and nothing in it, of every kind."""
    if request.param == "memory":
        made = make_engine("sqlite://")
        schema.migrate(made)
    else:
        fixture = "file_url" if request.param == "file" else "copied_postgres_url"
        made = make_engine(str(request.getfixturevalue(fixture)))
    yield made
    made.dispose()


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    """A store with one district registered."""
    organisation.add_district(engine, HOME)
    store = Store(engine)
    yield store
    store.close()


@pytest.fixture
def flow(engine: Engine) -> Iterator[Rectiflow]:
    """A small office at work, on every kind of database; its clock stands still."""
    flow = open_office(engine)
    yield flow
    flow.close()
