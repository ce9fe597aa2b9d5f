"""A bell between processes on PostgreSQL: who has written what is due rings, and workers look at once.

It rings after the commit, on a connection of the pool, never inside a transaction: NOTIFY holds a lock of the whole server
until its transaction ends. A ring that is lost costs nothing but the wait until the next look.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text

__all__ = ["CHANNEL", "PAUSE_SECONDS", "Bell", "Ear"]

CHANNEL = "rectiflow"
PAUSE_SECONDS = 0.2  #: between two rings of one process; what is written meanwhile shares the next
IDLE_SECONDS = 30.0  #: without a ring; then the thread ends
_LISTEN_SECONDS = 0.5  #: of one wait, and so the longest that closing takes
_ALIVE_SECONDS = 60.0  #: between two signs of life, so that no firewall forgets a quiet connection
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 30.0
#: A ring need not survive the server, so its commit waits for no disk, and holds NOTIFY's lock for a moment only.
_NOTIFY = text("SELECT set_config('synchronous_commit', 'off', true), pg_notify(:channel, :owner)")
log = logging.getLogger("rectiflow.bell")


class Bell:
    """Rings for one process, from a thread of its own, so that nobody waits for it. Safe to share between threads."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self.engine = engine
        self.owner = owner  #: is told with each ring, so that nobody wakes itself
        self._thread: threading.Thread | None = None
        self._begin()
        _BELLS.add(self)

    def ring(self) -> None:
        """Have every worker look; returns at once."""
        with self._changed:
            self._wanted = True
            if self._thread is None:
                self._closing = False
                self._thread = threading.Thread(target=self._run, name="rectiflow-bell", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Ring once more if that is due, and end the thread; a later ring would begin a new one."""
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def leave(self) -> None:
        """Forget thread and connections without closing them: after a fork they are the parent's."""
        self._begin()
        self.engine.dispose(close=False)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._wanted = self._closing = False
        self._thread = None

    def _run(self) -> None:
        while self._due():
            self._send()
            with self._changed:
                self._changed.wait_for(lambda: self._closing, PAUSE_SECONDS)

    def _due(self) -> bool:
        """Wait for the next ring; False when there is none for a while, or none before the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._closing, IDLE_SECONDS)
            if not self._wanted:
                self._thread = None
                return False
            self._wanted = False
            return True

    def _send(self) -> None:
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(_NOTIFY, {"channel": CHANNEL, "owner": self.owner})
        except Exception as exc:  # noqa: BLE001 whatever it is: the next look finds what was written
            log.debug("not rung: %s", exc)


class Ear:
    """Listens for rings of other processes, in a thread with a connection of its own, and connects again when it is lost."""

    def __init__(self, engine: Engine, owner: str, heard: Callable[[], object]) -> None:
        """Listen until closed.

        Args:
            owner: whose rings are not heard: the own ones.
            heard: is called in the listening thread, once for all rings that have come in, and after each connecting, for
                something may have been missed; it must not raise.
        """
        self._engine = engine
        self._owner = owner
        self._heard = heard
        self._closed = threading.Event()
        self._hearing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="rectiflow-ear", daemon=True)
        self._thread.start()

    def close(self, *, seconds: float = 5) -> None:
        """Stop listening; what was begun because of a ring is waited for, a connecting that hangs is left behind."""
        self._closed.set()
        self._thread.join(seconds)
        with self._hearing:
            pass

    def _run(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        while not self._closed.is_set():
            connection: Any = None
            try:
                connection = _connect(self._engine)
                connection.execute(f"LISTEN {CHANNEL}")
                if wait > _FIRST_WAIT_SECONDS:
                    log.info("又能听到其他进程的通知了")
                wait = _FIRST_WAIT_SECONDS
                self._hear()
                self._listen(connection)
            except Exception as exc:  # noqa: BLE001 whatever it is, another connection is needed
                if wait == _FIRST_WAIT_SECONDS and not self._closed.is_set():
                    log.warning("听不到其他进程的通知，先按固定间隔查看，接通后自动恢复：%s", _first_line(exc))
                self._closed.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
            finally:
                _close(connection)

    def _hear(self) -> None:
        with self._hearing:
            if not self._closed.is_set():
                self._heard()

    def _listen(self, connection: Any) -> None:
        quiet = 0.0
        while not self._closed.is_set():
            rings = [n.payload for n in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1)]
            rings += [n.payload for n in connection.notifies(timeout=0)] if rings else []
            quiet = 0.0 if rings else quiet + _LISTEN_SECONDS
            if any(owner != self._owner for owner in rings):
                self._hear()
            if quiet >= _ALIVE_SECONDS:
                connection.execute("SELECT 1")
                quiet = 0.0


def _connect(engine: Engine) -> Any:
    """Open a connection the way the engine opens its own, in which each statement is a transaction of its own."""
    proxy = engine.raw_connection()
    connection: Any = proxy.driver_connection
    proxy.detach()
    connection.autocommit = True
    return connection


def _close(connection: Any) -> None:
    try:
        if connection is not None:
            connection.close()
    except Exception as exc:  # noqa: BLE001 a connection that breaks while it is closed is closed
        log.debug("connection not closed cleanly: %s", exc)


def _first_line(exc: BaseException) -> str:
    return (str(getattr(exc, "orig", None) or exc).strip().splitlines() or [type(exc).__name__])[0]


_BELLS = weakref.WeakSet[Bell]()


def _leave_to_parent() -> None:
    for bell in list(_BELLS):
        bell.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
