"""A bell between processes on PostgreSQL: who has written what is due rings, and workers look at once.

It rings after the commit, never inside a transaction: NOTIFY holds a lock of the whole server until its transaction ends. One
process rings at most five times a second; who hears it waits as long before looking, so that what was written after a ring
is seen with it. A ring that is lost costs nothing but the wait until the next look.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from rectiflow.engine.errors import RectiflowError

from .link import Link

__all__ = ["CHANNEL", "PAUSE_SECONDS", "Bell", "Ear"]

CHANNEL = "rectiflow"
PAUSE_SECONDS = 0.2  #: between two rings of one process, and from hearing one to looking
_LISTEN_SECONDS = 0.5  #: of one wait, and so the longest that closing takes
_ALIVE_SECONDS = 60.0  #: between two signs of life, so that no firewall forgets a quiet connection
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 30.0
#: A ring need not survive the server, so its commit waits for no disk, and holds NOTIFY's lock for a moment only.
_NOTIFY = "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, %s)"
log = logging.getLogger("rectiflow.bell")


class Bell:
    """Rings for one process, on the connection of the thread that has written. Safe to share between threads."""

    def __init__(self, link: Link, owner: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.link = link
        self.owner = owner  #: is told with each ring, so that nobody wakes itself
        self._clock = clock
        self._turn = threading.Lock()
        self._rung = -PAUSE_SECONDS

    def ring(self) -> None:
        """Have every worker look, unless that was said a moment ago; a server that is away is not told."""
        with self._turn:
            now = self._clock()
            if now - self._rung < PAUSE_SECONDS:
                return
            self._rung = now
        try:
            self.link.first(_NOTIFY, [CHANNEL, self.owner])
        except RectiflowError as exc:
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
            if any(owner != self._owner for owner in rings) and not self._closed.wait(PAUSE_SECONDS):
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
