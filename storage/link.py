"""The driver's own connections, one per thread, for the statements that run for every action."""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from .connect import is_shared, turn
from .faults import explain

__all__ = ["Link"]

Values = Sequence[Any] | Mapping[str, Any]
log = logging.getLogger("rectiflow.storage")


class _Seat:
    """One thread's connection; closed when the thread ends, or all together."""

    __slots__ = ("__weakref__", "close", "connection")

    def __init__(self, proxy: Any) -> None:
        self.connection = proxy.driver_connection
        self.close = weakref.finalize(self, _close, proxy)

    def alive(self) -> bool:
        """Tell whether the server still listens. A server that hangs up says so first, so nothing is sent to ask."""
        if self.connection.closed:
            return False
        return not _speaks(self.connection) or _answers(self.connection)


class Link:
    """Runs statements on this thread's own connection; what the driver complains of becomes a WorkplaceError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._shared = is_shared(engine)
        self._postgres = engine.dialect.name == "postgresql"
        self._turn = turn(engine)
        self._local = threading.local()
        self._seats = weakref.WeakSet[_Seat]()
        _LINKS.add(self)

    def first(self, sql: str, values: Values = ()) -> Any:
        """Run one statement by itself and return its first row; None when there is none."""
        with self.alone() as cursor:
            return cursor.execute(sql, values).fetchone()

    def rows(self, sql: str, values: Values = ()) -> list[Any]:
        """Run one statement by itself and return its rows."""
        with self.alone() as cursor:
            return list(cursor.execute(sql, values).fetchall())

    def run(self, sql: str, values: Values = ()) -> int:
        """Run one statement by itself and return how many rows it touched."""
        with self.alone() as cursor:
            return int(cursor.execute(sql, values).rowcount)

    @contextmanager
    def alone(self) -> Generator[Any]:
        """Give a cursor on which each statement is a transaction of its own."""
        with self._turn:
            try:
                yield self._connection().cursor()
            except Exception as exc:
                explain(exc, self.engine.url)
                raise

    @contextmanager
    def transaction(self) -> Generator[Any]:
        """Give a cursor on which all statements are one transaction, begun as a writer."""
        with self._turn:
            try:
                connection = self._connection()
                cursor = connection.cursor()
                try:
                    cursor.execute("BEGIN" if self._postgres else "BEGIN IMMEDIATE")
                    yield cursor
                    cursor.execute("COMMIT")
                except BaseException:
                    self._roll_back(connection)
                    raise
            except Exception as exc:
                explain(exc, self.engine.url)
                raise

    def close(self) -> None:
        """Close every connection; a later statement would open a new one."""
        for seat in list(self._seats):
            seat.close()
        self._seats.clear()
        self._local = threading.local()

    def leave(self) -> None:
        """Forget the connections without closing them: after a fork they are the parent's."""
        for seat in list(self._seats):
            seat.close.detach()
            _LEFT.append(seat)
        self._seats.clear()
        self._local = threading.local()
        if not self._shared:
            self.engine.dispose(close=False)

    def _connection(self) -> Any:
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is None or (self._postgres and not seat.alive()):
            seat = self._take_seat()
        return seat.connection

    def _take_seat(self) -> _Seat:
        proxy = self.engine.raw_connection()
        seat = _Seat(proxy)
        if not self._shared:
            proxy.detach()  # it stays with the thread, and the pool has room for others
        if self._postgres:
            seat.connection.autocommit = True
        self._local.seat = seat
        self._seats.add(seat)
        return seat

    def _roll_back(self, connection: Any) -> None:
        """Undo what was begun; a connection that cannot is given up, which undoes it too."""
        try:
            if self._postgres or connection.in_transaction:
                connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 what went wrong before is what has to be told
            seat: _Seat | None = getattr(self._local, "seat", None)
            if seat is not None and not self._shared:
                self._seats.discard(seat)
                del self._local.seat
                seat.close()


_LINKS = weakref.WeakSet[Link]()
_LEFT: list[_Seat] = []  #: connections of a parent process; closing them here would take them from it


if sys.platform == "win32":

    def _speaks(connection: Any) -> bool:
        return bool(select.select([connection], [], [], 0)[0])

else:

    def _speaks(connection: Any) -> bool:
        """Tell whether something has come in although nothing was asked; of sockets there may be more than select takes."""
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0))


def _answers(connection: Any) -> bool:
    try:
        connection.execute("SELECT 1")
    except Exception:  # noqa: BLE001 whatever it is, another connection is needed
        return False
    return True


def _close(proxy: Any) -> None:
    try:
        proxy.close()
    except Exception as exc:  # noqa: BLE001 a connection that breaks while it is closed is closed
        log.debug("connection not closed cleanly: %s", exc)


def _leave_to_parent() -> None:
    for link in list(_LINKS):
        link.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
