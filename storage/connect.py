"""Connections: engines set up for durability, and one driver connection per thread for the hot statements."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from rectiflow.engine.errors import WorkplaceBusy, WorkplaceError

__all__ = ["BUSY_SECONDS", "Link", "make_engine", "prepare_sqlite"]

BUSY_SECONDS = 10  #: how long SQLite waits for another writer
_PRAGMAS = (
    f"busy_timeout={BUSY_SECONDS * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON",
)  # fmt: skip


def make_engine(url: str) -> Engine:
    """Make an engine for a database URL; `sqlite://` is a database in memory.

    Raises:
        WorkplaceError: the URL cannot be understood.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        if backend != "sqlite":
            raise WorkplaceError(f"数据库地址“{parsed.drivername}”不支持，请用 sqlite:///文件 或 postgresql://…")
        memory = parsed.database in (None, "", ":memory:")
        options: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
        engine = create_engine(parsed, connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS}, **options)
    except (ArgumentError, NoSuchModuleError) as exc:
        raise WorkplaceError("数据库地址看不懂，请写成 sqlite:///文件 或 postgresql://用户@主机/库名") from exc
    prepare_sqlite(engine)
    return engine


def prepare_sqlite(engine: Engine) -> None:
    """Make every SQLite connection of an engine durable, strict and append-only where triggers say so; once is enough."""
    if not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        try:
            cursor.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as exc:
            if "readonly" not in str(exc):
                raise
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


class Link:
    """One driver connection per thread, taken from the engine's pool and kept; closed together."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._local = threading.local()
        self._all: list[Any] = []
        self._lock = threading.RLock()
        self._shared = isinstance(engine.pool, StaticPool)

    def execute(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """Run one statement by itself and return its cursor."""
        with self._alone():
            try:
                return self._connection().execute(sql, values)
            except Exception as exc:
                self._translate(exc)
                raise

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Run statements on the yielded cursor as one transaction, begun as a writer."""
        with self._alone():
            connection = self._connection()
            cursor = connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN")
                yield cursor
                cursor.execute("COMMIT")
            except BaseException as exc:
                self._roll_back(connection)
                self._translate(exc)
                raise

    def close(self) -> None:
        """Give every connection back."""
        with self._lock:
            for proxy in self._all:
                proxy.close()
            self._all.clear()
        self._local = threading.local()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._shared:
            yield
            return
        with self._lock:
            yield

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is not None and not getattr(connection, "closed", False):
            return connection
        proxy = self.engine.raw_connection()
        connection = proxy.driver_connection
        if self.dialect == "postgresql":
            proxy.detach()
            connection.autocommit = True
        with self._lock:
            self._all.append(proxy)
        self._local.connection = connection
        return connection

    def _roll_back(self, connection: Any) -> None:
        """Undo what was begun; a connection that is gone has undone it already."""
        in_transaction = connection.in_transaction if self.dialect == "sqlite" else not connection.closed
        if in_transaction:
            connection.execute("ROLLBACK")

    def _translate(self, exc: BaseException) -> None:
        text = str(exc)
        if isinstance(exc, sqlite3.OperationalError):
            if "locked" in text or "busy" in text:
                raise WorkplaceBusy(f"数据库正被其他程序占用（等了 {BUSY_SECONDS} 秒），请稍后再试。") from exc
            if "readonly" in text:
                raise WorkplaceError("数据库文件是只读的，请检查文件和文件夹的写权限。") from exc
            if "full" in text:
                raise WorkplaceError("磁盘已满，什么也没有写入；请清理磁盘后重试。") from exc
