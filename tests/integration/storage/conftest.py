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
from rectiflow.storage.tables import METADATA
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


class SharedDatabase:
    """One PostgreSQL database with our schema, emptied after each test; made anew when a test has changed the schema."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self.name = ""
        self.shape: object = None

    @property
    def url(self) -> str:
        """The address, as SQLAlchemy writes it."""
        return self.server_url.replace("/postgres?", f"/{self.name}?")

    def prepare(self) -> str:
        """Have it there and empty; return its address."""
        if not self.name:
            self.name = f"test_{uuid.uuid4().hex}"
            self._admin(sql.SQL("CREATE DATABASE {} TEMPLATE template0"))
            engine = make_engine(self.url)
            try:
                schema.migrate(engine)
            finally:
                engine.dispose()
            self.shape = self._shape()
        return self.url

    def clean(self) -> None:
        """Empty every table; drop the whole when that cannot be done, or when it is no longer what it was."""
        try:
            self._empty()
            changed = self._shape() != self.shape
        except psycopg.Error:
            changed = True
        if changed:
            self.drop()

    def drop(self) -> None:
        """Remove the database with whoever is still connected."""
        if self.name:
            self._admin(sql.SQL("DROP DATABASE {} WITH (FORCE)"))
            self.name = ""

    def _empty(self) -> None:
        tables = ", ".join(t for t in METADATA.tables)
        with _connect(self.url) as connection:
            connection.execute("SET session_replication_role = replica")  # the triggers refuse to empty the history
            connection.execute("SET lock_timeout = '2s'")
            connection.execute(f"TRUNCATE {tables}".encode())

    def _shape(self) -> object:
        with _connect(self.url) as connection:
            triggers = "SELECT tgname, tgenabled FROM pg_trigger ORDER BY 1"
            relations = "SELECT relname FROM pg_class WHERE relname NOT LIKE 'pg_%' ORDER BY 1"
            functions = "SELECT proname FROM pg_proc WHERE oid > 16384 ORDER BY 1"
            version = f"SELECT version_num FROM {schema.VERSION_TABLE}"  # noqa: S608 our own name
            return [connection.execute(q.encode()).fetchall() for q in (triggers, relations, functions, version)]

    def _admin(self, statement: sql.SQL) -> None:
        with _connect(self.server_url) as connection:
            connection.execute(statement.format(sql.Identifier(self.name)))


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: str) -> Iterator[SharedDatabase]:
    """A PostgreSQL database with our schema that the tests of this worker process use one after the other."""
    shared = SharedDatabase(postgres_server)
    yield shared
    shared.drop()


@pytest.fixture
def migrated_postgres_url(shared_postgres: SharedDatabase) -> Iterator[str]:
    """The address of an empty PostgreSQL database with our schema."""
    yield shared_postgres.prepare()
    shared_postgres.clean()


@pytest.fixture
def file_url(tmp_path: Path, migrated_file: Path) -> str:
    """The address of an SQLite file of this test alone, with our schema."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'rectiflow.db')}"


@pytest.fixture(params=("file", "postgresql"))
def lasting_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with our schema that several engines and processes can open."""
    fixture = "file_url" if request.param == "file" else "migrated_postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database with our schema and nothing in it, of every kind."""
    if request.param == "memory":
        made = make_engine("sqlite://")
        schema.migrate(made)
    else:
        fixture = "file_url" if request.param == "file" else "migrated_postgres_url"
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
