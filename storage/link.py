"""The driver's own connections, one per thread (a database in memory has one for all), for the statements that run for every action.

Threads that write to one SQLite file share commits: who comes first leads and takes along what waits, each behind a savepoint.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from .connect import is_shared, shared, turn
from .faults import explain

__all__ = ["Link", "Work", "savepoint"]

T = TypeVar("T")
Values = Sequence[Any] | Mapping[str, Any]
_End = tuple[Any, BaseException | None]  #: what a work returned, or raised
MOST_IN_COMMIT = 64  #: works of other threads that one leader takes along
_SAVEPOINT = "rectiflow_work"
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


class Work:
    """What one thread wants written: done once, with a result or an error."""

    __slots__ = ("done", "error", "result", "write")

    def __init__(self, write: Callable[[Any], Any]) -> None:
        self.write = write
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def ended(self, result: Any = None, error: BaseException | None = None) -> None:
        """Note how it ended."""
        self.result, self.error, self.done = result, error, True


class Link:
    """Runs statements on this thread's own connection; what the driver complains of becomes a WorkplaceError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._shared = is_shared(engine)
        self._postgres = engine.dialect.name == "postgresql"
        self._turn = turn(engine)
        self._local = threading.local()
        self._seats = weakref.WeakSet[_Seat]()
        self._spare = deque[_Seat](maxlen=1)  #: left by a thread that rests, for the next one; a further one is closed
        self.waiting = deque[Work]()  #: what threads want written, in their order
        self._leading = threading.Lock()
        _LINKS.add(self)

    def first(self, sql: str, values: Values = ()) -> Any:
        """Run one statement by itself and return its first row; None when there is none."""
        host = self._host()
        if host is not None:
            return host.cursor().execute(sql, values).fetchone()
        try:  # as `alone`, without what a context manager costs: every action reads its ticket by this
            with self._turn:
                return self._connection().execute(sql, values).fetchone()
        except Exception as exc:
            explain(exc, self.engine.url)
            raise

    def rows(self, sql: str, values: Values = ()) -> list[Any]:
        """Run one statement by itself and return its rows."""
        with self.alone() as cursor:
            return list(cursor.execute(sql, values).fetchall())

    def run(self, sql: str, values: Values = ()) -> int:
        """Run one statement by itself and return how many rows it touched."""
        with self.alone() as cursor:
            return int(cursor.execute(sql, values).rowcount)

    def write(self, work: Callable[[Any], T]) -> T:
        """Run what writes in one transaction and return its result; an error undoes this work alone.

        On an SQLite file the commit is shared with other threads that write at the same moment.
        """
        if self._postgres or self._shared or self._host() is not None:
            with self.transaction() as cursor:
                return work(cursor)
        mine = Work(work)
        self.waiting.append(mine)
        with self._leading:
            if not mine.done:
                self._lead()
        if mine.error is not None:
            raise mine.error
        return cast("T", mine.result)

    @contextmanager
    def joined(self, connection: Any, enlist: Callable[[], object] = lambda: None) -> Generator[None]:
        """Let this thread's statements run on a host's own connection, inside its transaction, until the block ends.

        Args:
            enlist: called before anything is run; a host that sets savepoints lazily sets them then.
        """
        if self._host() is not None:
            raise RuntimeError("this thread has joined a host's transaction already")
        self._local.host, self._local.enlist = connection, enlist
        try:
            yield
        finally:
            self._local.host = None

    @contextmanager
    def alone(self) -> Generator[Any]:
        """Give a cursor on which each statement is a transaction of its own; joined, a part of the host's."""
        host = self._host()
        if host is not None:
            yield host.cursor()
            return
        with self._turn:
            try:
                yield self._connection().cursor()
            except Exception as exc:
                explain(exc, self.engine.url)
                raise

    @contextmanager
    def transaction(self) -> Generator[Any]:
        """Give a cursor on which all statements are one transaction, begun as a writer; joined, a savepoint in the host's."""
        host = self._host()
        if host is not None:
            cursor = host.cursor()
            with savepoint(cursor):
                yield cursor
            return
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

    def _host(self) -> Any:
        host = getattr(self._local, "host", None)
        if host is not None:
            self._local.enlist()
        return host

    def _lead(self) -> None:
        """Do what waits in one transaction.

        Works seldom fail, so at first they are done without a savepoint each. When one does fail, all are undone and done
        again with them, and only that one fails.
        """
        works = [self.waiting.popleft() for _ in range(min(len(self.waiting), MOST_IN_COMMIT))]
        ends: list[_End] = []
        try:
            with self.transaction() as cursor:
                ends = [(work.write(cursor), None) for work in works]
        except Exception as exc:  # noqa: BLE001 whoever failed is told, in its own thread
            ends = [(None, exc)] if len(works) == 1 else self._again(works)
        except BaseException as exc:  # noqa: BLE001 this thread is to end; each is told, in its own
            ends = [(None, exc) for _ in works]
        for work, (result, error) in zip(works, ends, strict=True):
            work.ended(result, error)

    def _again(self, works: Sequence[Work]) -> list[_End]:
        """Do works in one transaction, each by itself; when that fails as a whole, nothing of any of them is written."""
        try:
            with self.transaction() as cursor:
                return [self._done_in(cursor, work) for work in works]
        except BaseException as exc:  # noqa: BLE001 each of them is told, in its own thread
            return [(None, exc) for _ in works]

    def _done_in(self, cursor: Any, work: Work) -> _End:
        try:
            with savepoint(cursor):
                return work.write(cursor), None
        except Exception as exc:
            if not cursor.connection.in_transaction:  # the file itself failed, so all of it is undone
                raise
            return None, exc

    def rest(self) -> None:
        """Leave this thread's connection to the others: for one that has nothing to do for a while, between transactions."""
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is not None:
            del self._local.seat
            self._spare.append(seat)

    def close(self) -> None:
        """Close every connection; a later statement would open a new one."""
        for seat in list(self._seats):
            seat.close()
        self._seats.clear()
        self._spare.clear()
        self._local = threading.local()

    def leave(self) -> None:
        """Forget the connections without closing them: after a fork they are the parent's."""
        for seat in list(self._seats):
            seat.close.detach()
            _LEFT.append(seat)
        self._seats.clear()
        self._spare.clear()
        self._local = threading.local()
        self.waiting.clear()
        self._leading = threading.Lock()
        if not self._shared:
            self.engine.dispose(close=False)

    def _connection(self) -> Any:
        if self._shared:
            return shared(self.engine)
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is None or (self._postgres and not seat.alive()):
            seat = self._take_seat()
        return seat.connection

    def _take_seat(self) -> _Seat:
        seat = self._spare_seat() or self._new_seat()
        self._local.seat = seat
        return seat

    def _spare_seat(self) -> _Seat | None:
        try:
            seat = self._spare.pop()
        except IndexError:
            return None
        return seat if not self._postgres or seat.alive() else None

    def _new_seat(self) -> _Seat:
        proxy = self.engine.raw_connection()
        seat = _Seat(proxy)
        proxy.detach()  # it stays with the thread, and the pool has room for others
        if self._postgres:
            seat.connection.autocommit = True
        self._seats.add(seat)
        return seat

    def _roll_back(self, connection: Any) -> None:
        """Undo what was begun; a connection that cannot is given up, which undoes it too."""
        try:
            if self._postgres or connection.in_transaction:
                connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 what went wrong before is what has to be told
            seat: _Seat | None = getattr(self._local, "seat", None)
            if seat is not None:
                self._seats.discard(seat)
                del self._local.seat
                seat.close()


@contextmanager
def savepoint(cursor: Any) -> Generator[None]:
    """Undo what is done inside when it fails, and nothing else."""
    cursor.execute(f"SAVEPOINT {_SAVEPOINT}")
    try:
        yield
    except BaseException:
        with suppress(Exception):  # what went wrong before is what has to be told
            cursor.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            cursor.execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        raise
    cursor.execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")


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
