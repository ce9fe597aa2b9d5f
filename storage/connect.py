"""Engines set up for durability, and the two ways to ask one: reading and writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from rectiflow.engine.errors import WorkplaceError

from .faults import database_errors

__all__ = [
    "BUSY_SECONDS",
    "CONNECT_SECONDS",
    "POOLED",
    "engine_beside",
    "is_shared",
    "make_engine",
    "reading",
    "shared",
    "turn",
    "writing",
]

BUSY_SECONDS = 10  #: how long SQLite waits for another writer, unless the URL says `?timeout=`
CONNECT_SECONDS = 10  #: how long PostgreSQL may take to answer, unless the URL says `?connect_timeout=`
POOLED = 5  #: connections to PostgreSQL that an engine keeps open for reading, whoever reads next
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON")
_TURN = "rectiflow_turn"  #: execution option of an engine whose one connection all threads share: a lock
_HELD = "rectiflow_held"  #: execution option of such an engine: its connection, taken from the pool for good
_WRITES = "rectiflow_writes"  #: execution option of a connection that is going to write
_ADDRESS = "数据库地址看不懂，请写成 sqlite:///文件 或 postgresql://用户@主机/库名"


def make_engine(url: str, *, pooled: int = POOLED) -> Engine:
    """Make an engine for a database URL.

    Args:
        url: `sqlite:///file` (waits `?timeout=` seconds for another writer), `sqlite://` for a database in memory, or
            `postgresql://user@host/name`, where `?options=-csearch_path%3Dname` chooses a schema.
        pooled: connections to PostgreSQL that stay open between uses; ten more are opened when so many are needed at once.

    Raises:
        WorkplaceError: the URL cannot be understood.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as exc:
        raise WorkplaceError(f"{_ADDRESS}。") from exc
    if backend == "sqlite":
        return _make_sqlite(parsed)
    if backend == "postgresql":
        return _make_postgres(parsed, pooled)
    raise WorkplaceError(f"不支持 {backend} 数据库，地址请写成 sqlite:///文件 或 postgresql://用户@主机/库名。")


def engine_beside(host: Engine) -> Engine:
    """Return an engine for our own connections to a host's database; the host's connections stay as they are.

    On SQLite ours are opened the way the host opens its own, and set up besides: durable, and append-only where the
    triggers say so. A database in memory has one connection only, which is shared.

    Raises:
        WorkplaceError: a database in memory that every thread would see another one of, or another kind of database.
    """
    if host.dialect.name == "postgresql":
        return host
    if host.dialect.name != "sqlite":
        raise WorkplaceError(f"不支持 {host.dialect.name} 数据库，请用 SQLite 或 PostgreSQL。")
    if _is_memory(host.url):
        return _share(host)
    engine = create_engine(host.url, pool=host.pool.recreate())
    _set_up(engine)
    return engine


@contextmanager
def reading(engine: Engine) -> Generator[Connection]:
    """Give a connection on which everything that is read is of one moment.

    Raises:
        WorkplaceError: the database cannot be used.
    """
    with turn(engine), database_errors(engine.url), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


@contextmanager
def writing(engine: Engine) -> Generator[Connection]:
    """Give a connection in one transaction, begun as a writer; committed at the end, undone by an exception.

    Raises:
        WorkplaceError: the database cannot be used; nothing is written.
    """
    with turn(engine), database_errors(engine.url), engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def is_shared(engine: Engine) -> bool:
    """Tell whether all threads share one connection: a database in memory."""
    return _TURN in engine.get_execution_options()


def shared(engine: Engine) -> Any:
    """Return the driver's connection that all threads share.

    It never goes back to the pool, which would roll back what another thread is about to write.
    """
    return engine.get_execution_options()[_HELD].driver_connection


def turn(engine: Engine) -> AbstractContextManager[object]:
    """Return what to hold while using a connection: the lock of a shared one, nothing else."""
    lock: AbstractContextManager[object] | None = engine.get_execution_options().get(_TURN)
    return nullcontext() if lock is None else lock


def _make_sqlite(url: URL) -> Engine:
    arguments: dict[str, Any] = {"check_same_thread": False}
    if "timeout" not in url.query:
        arguments["timeout"] = BUSY_SECONDS
    if _is_memory(url):
        return _share(create_engine(url, connect_args=arguments, poolclass=StaticPool))
    engine = create_engine(url, connect_args=arguments)
    _set_up(engine)
    return engine


def _make_postgres(url: URL, pooled: int) -> Engine:
    ours = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "rectiflow"}
    known = url.set(drivername="postgresql+psycopg").update_query_dict({**ours, **url.query})
    return create_engine(known, pool_pre_ping=True, pool_size=pooled)


def _share(engine: Engine) -> Engine:
    """Let all threads take turns on the one connection of a database in memory."""
    if not isinstance(engine.pool, StaticPool):
        raise WorkplaceError("内存数据库须用 poolclass=StaticPool 打开，否则每个线程各是一个空库。")
    if not is_shared(engine):
        engine.update_execution_options(**{_TURN: RLock()})
        _set_up(engine)
        with database_errors(engine.url):
            engine.update_execution_options(**{_HELD: engine.raw_connection()})
            _on_connect(shared(engine), None)  # it may have been open before
    return engine


def _set_up(engine: Engine) -> None:
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        try:
            connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:  # a read-only file can still be read
                raise


def _on_begin(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:  # a host may have begun on the connection of its database in memory
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


def _is_memory(url: URL) -> bool:
    return (url.database or "").removeprefix("file:") in ("", ":memory:") or url.query.get("mode") == "memory"
